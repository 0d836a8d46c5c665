//! How long a failing endpoint is left alone: twice as long after every failure, never the same
//! for everybody, and as long as it asks for.

use super::PromError;
use crate::domain::time::Timestamp;
use serde::Serialize;

const FIRST_WAIT_SECS: f64 = 5.0;
const LONGEST_WAIT_SECS: f64 = 300.0;
/// What an endpoint may ask for at most, so that a wrong header does not silence us for a year.
const LONGEST_ASKED_SECS: u64 = 3_600;

/// How an endpoint has been doing.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Backoff {
    /// When the first of the failures in a row was; `None` while it answers.
    pub failing_since: Option<Timestamp>,
    /// How many in a row.
    pub failures: u32,
    /// What it said, or we about it, the last time.
    pub last_words: Option<String>,
    /// Before this instant it is better left alone.
    pub next_try_at: Option<Timestamp>,
    pub answered_at: Option<Timestamp>,
}

impl Backoff {
    pub fn may_try(&self, now: Timestamp) -> bool {
        self.next_try_at.is_none_or(|at| now >= at)
    }

    pub fn answered(&mut self, now: Timestamp) {
        *self = Self { answered_at: Some(now), ..Self::default() };
    }

    /// `jitter` is from 0 to 1; the wait is between a half of what is due and all of it. Queries
    /// that were under way together and fail together are one failure.
    pub fn failed(&mut self, error: &PromError, now: Timestamp, jitter: f64) {
        self.failing_since.get_or_insert(now);
        self.last_words = Some(error.to_string());
        if self.may_try(now) {
            self.failures = self.failures.saturating_add(1);
            let due_secs = (FIRST_WAIT_SECS * 2f64.powi((self.failures - 1).min(16) as i32)).min(LONGEST_WAIT_SECS);
            let wait_secs = due_secs * (0.5 + 0.5 * jitter.clamp(0.0, 1.0));
            self.wait_until(now.plus_secs(wait_secs.ceil() as i64));
        }
        if let Some(secs) = error.retry_after_secs() {
            self.wait_until(now.plus_secs(secs.min(LONGEST_ASKED_SECS) as i64));
        }
    }

    fn wait_until(&mut self, at: Timestamp) {
        self.next_try_at = Some(self.next_try_at.map_or(at, |known| known.max(at)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_micros(1_786_449_600_000_000);

    fn down() -> PromError {
        PromError::Unreachable("connection refused".to_owned())
    }

    fn waited_secs(backoff: &Backoff, since: Timestamp) -> i64 {
        backoff.next_try_at.map_or(0, |at| at.secs_since(since))
    }

    #[test]
    fn waits_double_up_to_five_minutes_and_end_with_an_answer() {
        let mut backoff = Backoff::default();
        let mut now = NOON;
        let mut waits = Vec::new();
        for _ in 0..9 {
            assert!(backoff.may_try(now));
            backoff.failed(&down(), now, 1.0);
            assert!(!backoff.may_try(now));
            waits.push(waited_secs(&backoff, now));
            now = backoff.next_try_at.unwrap();
        }
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
        assert_eq!((backoff.failing_since, backoff.failures), (Some(NOON), 9));
        assert_eq!(backoff.last_words.as_deref(), Some("it cannot be reached: connection refused"));
        backoff.answered(now);
        assert_eq!(backoff, Backoff { answered_at: Some(now), ..Backoff::default() });
    }

    #[test]
    fn nobody_waits_less_than_a_half() {
        let mut backoff = Backoff::default();
        backoff.failed(&down(), NOON, 0.0);
        assert_eq!(waited_secs(&backoff, NOON), 3);
    }

    #[test]
    fn what_it_asks_for_counts_but_not_for_ever() {
        let busy = |secs| PromError::TooBusy { status: 429, retry_after_secs: Some(secs) };
        let mut backoff = Backoff::default();
        backoff.failed(&busy(90), NOON, 1.0);
        assert_eq!(waited_secs(&backoff, NOON), 90);
        backoff.failed(&busy(1), NOON, 1.0);
        assert_eq!(waited_secs(&backoff, NOON), 90, "an earlier, longer wish still counts");
        backoff.failed(&busy(u64::MAX), NOON, 1.0);
        assert_eq!(waited_secs(&backoff, NOON), 3_600);
    }

    #[test]
    fn what_fails_together_is_one_failure() {
        let mut backoff = Backoff::default();
        for _ in 0..4 {
            backoff.failed(&down(), NOON, 1.0);
        }
        assert_eq!((backoff.failures, waited_secs(&backoff, NOON)), (1, 5));
    }
}
