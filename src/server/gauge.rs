//! How much one key may send and how much it sent: a limit, and counts beside it. In memory and
//! per process; a restart begins anew.

use crate::domain::{integration::Rate, time::Timestamp};
use governor::{
    DefaultDirectRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use std::{
    num::NonZeroU32,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// One key's limit with its counts.
pub struct Gauge {
    limit: u32,
    burst: u32,
    /// `None` where the limit is switched off.
    limiter: Option<DefaultDirectRateLimiter>,
    counted: Mutex<Counted>,
}

/// How many seconds are counted one by one.
const SECONDS: i64 = 60;

#[derive(Clone, Copy)]
struct Counted {
    /// The newest second that was counted, since 1970.
    second: i64,
    /// By second modulo [`SECONDS`].
    per_second: [u32; SECONDS as usize],
    limited: u32,
    limited_at: Option<Timestamp>,
}

impl Gauge {
    /// `limit` requests per second, `burst` at once; a limit of 0 is none.
    pub fn new(limit: u32, burst: u32) -> Self {
        let quota = NonZeroU32::new(limit).zip(NonZeroU32::new(burst)).map(|(limit, burst)| Quota::per_second(limit).allow_burst(burst));
        let counted = Counted { second: 0, per_second: [0; SECONDS as usize], limited: 0, limited_at: None };
        Self { limit, burst, limiter: quota.map(RateLimiter::direct), counted: Mutex::new(counted) }
    }

    /// Whether this is still the limit that is wanted.
    pub fn has_limit(&self, limit: u32, burst: u32) -> bool {
        (self.limit, self.burst) == (limit, burst)
    }

    /// The same counts under another limit.
    pub fn with_limit(&self, limit: u32, burst: u32) -> Self {
        let other = Self::new(limit, burst);
        *other.counted() = *self.counted();
        other
    }

    /// Counts a request; over the limit it says how long to wait.
    pub fn pass(&self, now: Timestamp) -> Result<(), Duration> {
        let wait = self.limiter.as_ref().and_then(|limiter| limiter.check().err()).map(|until| until.wait_time_from(DefaultClock::default().now()));
        let mut counted = self.counted();
        counted.count(now.epoch_secs());
        let Some(wait) = wait else { return Ok(()) };
        counted.limited = counted.limited.saturating_add(1);
        counted.limited_at = counted.limited_at.max(Some(now));
        Err(wait)
    }

    /// How it stands now.
    pub fn read(&self, now: Timestamp) -> Rate {
        let mut counted = *self.counted();
        counted.forget_before(now.epoch_secs());
        let last_minute = counted.per_second.iter().fold(0_u32, |sum, count| sum.saturating_add(*count));
        Rate { limit: self.limit, burst: self.burst, last_minute, limited: counted.limited, limited_at: counted.limited_at }
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    fn count(&mut self, second: i64) {
        self.forget_before(second);
        // A clock that was set back counts into the newest second it knew.
        let of = &mut self.per_second[Self::place(self.second)];
        *of = of.saturating_add(1);
    }

    /// Goes on to `second`; what is a minute before it is forgotten.
    fn forget_before(&mut self, second: i64) {
        let passed = (second - self.second).clamp(0, SECONDS);
        for n in 1..=passed {
            self.per_second[Self::place(second - passed + n)] = 0;
        }
        self.second = self.second.max(second);
    }

    fn place(second: i64) -> usize {
        usize::try_from(second.rem_euclid(SECONDS)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_micros(1_786_450_000_000_000);

    #[test]
    fn the_last_minute_is_counted_second_by_second() {
        let gauge = Gauge::new(0, 0);
        for (second, times) in [(0, 3), (1, 2), (59, 1)] {
            for _ in 0..times {
                gauge.pass(NOON.plus_secs(second)).expect("there is no limit");
            }
        }
        let last_minute = |second| gauge.read(NOON.plus_secs(second)).last_minute;
        assert_eq!([59, 60, 61, 118, 119, 100_000].map(last_minute), [6, 3, 1, 1, 0, 0]);
        gauge.pass(NOON.plus_secs(-3_600)).expect("there is no limit");
        assert_eq!(last_minute(59), 7, "a clock that was set back loses nothing");
    }

    #[test]
    fn what_is_over_the_limit_is_counted_and_says_how_long_to_wait() {
        let gauge = Gauge::new(1, 2);
        assert!(gauge.pass(NOON).is_ok() && gauge.pass(NOON).is_ok());
        assert!(gauge.pass(NOON).is_err_and(|wait| wait <= Duration::from_secs(1)));
        let rate = Rate { limit: 1, burst: 2, last_minute: 3, limited: 1, limited_at: Some(NOON) };
        assert_eq!(gauge.read(NOON), rate);
        assert!(gauge.has_limit(1, 2) && !gauge.has_limit(1, 1));
        let wider = gauge.with_limit(5, 5);
        assert!(wider.pass(NOON).is_ok());
        assert_eq!(wider.read(NOON), Rate { limit: 5, burst: 5, last_minute: 4, ..rate });
    }
}
