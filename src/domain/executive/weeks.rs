//! Incidents by week: whether there are more or fewer of them now than before, or whether that
//! cannot be said.

use crate::domain::metrics::{Bucket, Range, words::two_digits};
use crate::domain::time::Timestamp;

/// How many weeks are told, with the one that goes on.
pub const WEEKS: i64 = 12;
/// How many whole weeks are "now".
const LATELY: usize = 4;
const WEEK_SECS: i64 = 7 * 86_400;
/// 1970 began on a Thursday.
const FIRST_MONDAY_SECS: i64 = 4 * 86_400;

/// The weeks up to `now`, from a Monday of UTC.
pub fn range(now: Timestamp) -> Range {
    let since_monday = (now.epoch_secs() - FIRST_MONDAY_SECS).rem_euclid(WEEK_SECS);
    let monday = now.epoch_secs() - since_monday;
    Range { from: Timestamp::from_micros((monday - (WEEKS - 1) * WEEK_SECS) * 1_000_000), to: now.max(Timestamp::from_micros(monday * 1_000_000 + 1)) }
}

/// `No clear change.`, or which way it went. The weeks are the oldest first; unfinished ones do
/// not count. Two rates of a Poisson process are compared by the exact test: of all incidents so
/// many fall into the last weeks as a coin with the weeks' share would throw.
pub fn change(weeks: &[Bucket]) -> Option<String> {
    let whole: Vec<u64> = weeks.iter().filter(|week| !week.partial).map(Bucket::incidents).collect();
    let (before, lately) = whole.split_at_checked(whole.len().checked_sub(LATELY)?).filter(|(before, _)| before.len() >= LATELY)?;
    let (then, now): (u64, u64) = (before.iter().sum(), lately.iter().sum());
    #[allow(clippy::cast_precision_loss)] // a handful of weeks
    let share = lately.len() as f64 / whole.len() as f64;
    let all = then + now;
    let (at_most, at_least) = (cumulated(now, all, share), 1.0 - now.checked_sub(1).map_or(0.0, |less| cumulated(less, all, share)));
    if at_most.min(at_least) > 0.025 {
        return Some("No clear change.".to_owned());
    }
    #[allow(clippy::cast_precision_loss)] // counts of incidents
    let a_week = |n: u64, weeks: &[u64]| two_digits(n as f64 / weeks.len() as f64);
    let word = if at_most < at_least { "Fewer" } else { "More" };
    Some(format!("{word} in the last {LATELY} whole weeks: {} a week, {} before (95 %).", a_week(now, lately), a_week(then, before)))
}

/// The chance of at most `k` of `n` when each has the chance `p`.
#[allow(clippy::cast_precision_loss)] // counts of incidents
fn cumulated(k: u64, n: u64, p: f64) -> f64 {
    // In logarithms, because many incidents make each single chance very small.
    let mut log = n as f64 * (1.0 - p).ln();
    let mut sum = log.exp();
    for i in 0..k {
        log += ((n - i) as f64).ln() - ((i + 1) as f64).ln() + p.ln() - (1.0 - p).ln();
        sum += log.exp();
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weeks(counts: &[u64]) -> Vec<Bucket> {
        let at = Timestamp::from_micros(0);
        let bucket = |(place, n): (usize, &u64)| Bucket {
            from: at,
            to: at,
            partial: place == counts.len() - 1,
            by_severity: vec![0, *n],
            n: 0,
            median_s: None,
            low_s: None,
            high_s: None,
            values_s: vec![],
            excluded: vec![],
        };
        counts.iter().enumerate().map(bucket).collect()
    }

    #[test]
    fn a_change_is_said_only_where_chance_hardly_makes_it() {
        assert_eq!(change(&weeks(&[10, 10, 11, 8, 14, 13, 12, 10, 12, 13, 12, 3])).as_deref(), Some("No clear change."));
        assert_eq!(
            change(&weeks(&[10, 10, 11, 8, 14, 13, 12, 3, 2, 4, 3, 0])).as_deref(),
            Some("Fewer in the last 4 whole weeks: 3 a week, 11 before (95 %).")
        );
        assert_eq!(
            change(&weeks(&[1, 0, 2, 1, 1, 0, 1, 9, 8, 7, 9, 99])).as_deref(),
            Some("More in the last 4 whole weeks: 8.2 a week, 0.9 before (95 %).")
        );
        assert_eq!(change(&weeks(&[0; 12])).as_deref(), Some("No clear change."));
        assert_eq!(change(&weeks(&[1, 2, 3])), None);
    }

    #[test]
    fn weeks_begin_on_mondays() {
        let range = range(Timestamp::parse("2026-11-20T02:31:00Z").expect("it is a time"));
        assert_eq!((range.from.to_string().as_str(), range.to.to_string().as_str()), ("2026-08-31T00:00:00Z", "2026-11-20T02:31:00Z"));
        let monday = Timestamp::parse("2026-11-16T00:00:00Z").expect("it is a time");
        assert_eq!(super::range(monday).from.to_string(), "2026-08-31T00:00:00Z");
    }
}
