//! The clocks of one incident: when the next update is due, and how long customers have been hurt.

pub use crate::domain::updates::{Due, inside, public};
use crate::domain::{incident::ImpactWindow, time::Timestamp};

/// How long customers have been hurt, from the first window's start to the last one's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hurt {
    pub since: Timestamp,
    /// `None` while it lasts.
    pub until: Option<Timestamp>,
}

impl Hurt {
    pub fn of(impact: &[ImpactWindow]) -> Option<Self> {
        let since = impact.iter().map(|window| window.from).min()?;
        let ends: Option<Vec<Timestamp>> = impact.iter().map(|window| window.to).collect();
        Some(Self { since, until: ends.and_then(|ends| ends.into_iter().max()) })
    }

    pub fn secs(self, now: Timestamp) -> i64 {
        self.until.unwrap_or(now).secs_since(self.since).max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_micros(1_786_450_000_000_000);

    #[test]
    fn impact_lasts_while_one_window_is_open() {
        let window = |from: i64, to: Option<i64>| ImpactWindow { service: None, from: NOON.plus_secs(from), to: to.map(|to| NOON.plus_secs(to)) };
        let open = Hurt::of(&[window(5, Some(9)), window(0, None)]).expect("there is impact");
        assert_eq!((open.since, open.until, open.secs(NOON.plus_secs(30))), (NOON, None, 30));
        let over = Hurt::of(&[window(5, Some(9)), window(0, Some(7))]).expect("there is impact");
        assert_eq!((over.until, over.secs(NOON.plus_secs(30))), (Some(NOON.plus_secs(9)), 9));
        assert_eq!(Hurt::of(&[]), None);
    }
}
