//! Whether a median really moved, or only wobbled.
//!
//! The interval is that of Price and Bonett, "Distribution-free confidence intervals for
//! difference and ratio of medians", Journal of Statistical Computation and Simulation 72 (2002):
//! each median's variance comes from two order statistics around it, so that nothing is assumed
//! about how times are spread, and nothing is drawn at random.

use super::summary::{median, secs};
use serde::{Deserialize, Serialize};

/// Below this many values there is no comparison, as there is no median on screen.
pub const FEWEST: usize = 5;

/// The two-sided 95 % point of the normal distribution.
const Z: f64 = 1.959_963_985;
/// The two-sided 90 % point.
const Z_90: f64 = 1.644_853_627;

/// How a median, or a rate, differs from the one of the range before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// How many values the earlier figure is made from.
    pub n: u64,
    /// The earlier figure.
    pub median: f64,
    /// The 95 % interval of (figure − earlier figure), in its unit.
    pub low: f64,
    pub high: f64,
}

impl Change {
    /// Whether the interval leaves out zero: only then may anything be called better or worse.
    pub fn is_clear(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// Compares two sorted lists of microseconds. `None` where one of them is too short to say.
pub fn difference_of_medians(sorted: &[i64], before: &[i64]) -> Option<Change> {
    if sorted.len() < FEWEST || before.len() < FEWEST {
        return None;
    }
    let (now, then) = (median(sorted)?, median(before)?);
    let half = Z * error_of_median(sorted)?.hypot(error_of_median(before)?);
    Some(Change { n: before.len() as u64, median: then, low: now - then - half, high: now - then + half })
}

/// Half the width of the 90 % interval of a difference between two means, from their standard
/// deviations and how many values each is made of: `1.645 √(s₁² ÷ n₁ + s₂² ÷ n₂)`. It is how large
/// a change of mean time to restore has to be before it is one (Davidovič, "Incident Metrics in
/// SRE", 2021: with a hundred incidents, an hour and a half). `None` without values.
pub fn half_width_of_means_90(first: (f64, f64), second: (f64, f64)) -> Option<f64> {
    let variance_of_mean = |(deviation, n): (f64, f64)| (n > 0.0).then(|| deviation * deviation / n);
    Some(Z_90 * (variance_of_mean(first)? + variance_of_mean(second)?).sqrt())
}

/// The order statistics between which a median lies with at least 95 %, for values drawn
/// independently (the sign test turned around). `None` for fewer than six.
pub fn interval_of_median(sorted: &[i64]) -> Option<(i64, i64)> {
    let n = sorted.len();
    let rank = (1..=n / 2).take_while(|rank| outside(n, *rank) <= 0.025).last()?;
    Some((*sorted.get(rank - 1)?, *sorted.get(n - rank)?))
}

/// The standard error of a median, in seconds: two order statistics lie as far apart as an
/// interval of known level around the median is wide.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a count, its root, and a rank of it
fn error_of_median(sorted: &[i64]) -> Option<f64> {
    let n = sorted.len();
    let rank = (((n + 1) as f64 / 2.0 - (n as f64).sqrt()).round() as usize).max(1);
    let (low, high) = (sorted.get(rank - 1)?, sorted.get(n - rank)?);
    let width = secs(high - low);
    Some(width / (2.0 * upper_point(outside(n, rank))))
}

/// The chance that the median lies below the value of this rank: fewer than `rank` of `n` coins.
#[allow(clippy::cast_precision_loss)] // counts
fn outside(n: usize, rank: usize) -> f64 {
    // In logarithms, because half to the n-th is nothing at all for a thousand incidents.
    let mut term = -(n as f64) * std::f64::consts::LN_2;
    let mut sum = 0.0;
    for heads in 0..rank {
        sum += term.exp();
        term += ((n - heads) as f64).ln() - ((heads + 1) as f64).ln();
    }
    sum
}

/// The point that a normal value exceeds with this chance, for chances below one half
/// (Abramowitz and Stegun, 26.2.23; off by at most 0.00045).
fn upper_point(chance: f64) -> f64 {
    let t = (-2.0 * chance.ln()).sqrt();
    t - (2.515_517 + t * (0.802_853 + t * 0.010_328)) / (1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn seconds(values: &[i64]) -> Vec<i64> {
        let mut sorted: Vec<i64> = values.iter().map(|value| value * SECOND).collect();
        sorted.sort_unstable();
        sorted
    }

    /// Numbers between 0 and 1 that are always the same ones.
    struct Drawn(u64);

    impl Drawn {
        fn next(&mut self) -> f64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((self.0 >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
        }

        /// A time as they come: most short, some very long (log-normal, median `median` seconds).
        fn time(&mut self, median: f64) -> i64 {
            let normal = (-2.0 * self.next().ln()).sqrt() * (std::f64::consts::TAU * self.next()).cos();
            (median * normal.exp() * 1e6) as i64
        }

        fn times(&mut self, n: usize, median: f64) -> Vec<i64> {
            let mut times: Vec<i64> = (0..n).map(|_| self.time(median)).collect();
            times.sort_unstable();
            times
        }
    }

    #[test]
    fn the_normal_points_are_those_of_the_tables() {
        for (chance, point) in [(0.025, 1.959_964), (0.05, 1.644_854), (0.005, 2.575_829), (0.03125, 1.862_732)] {
            assert!((upper_point(chance) - point).abs() < 5e-4, "{chance}");
        }
        assert!((outside(5, 1) - 0.03125).abs() < 1e-12 && (outside(10, 2) - 11.0 / 1024.0).abs() < 1e-12);
    }

    #[test]
    fn a_worked_example() {
        // n = 9: the ranks are 2 and 8, two coins of nine at most fall on one side with chance 10/512.
        let now = seconds(&[10, 20, 30, 40, 50, 60, 70, 80, 90]);
        let before = seconds(&[110, 120, 130, 140, 150, 160, 170, 180, 190]);
        let change = difference_of_medians(&now, &before).expect("both are long enough");
        let error = 60.0 / (2.0 * upper_point(10.0 / 512.0));
        assert_eq!((change.n, change.median), (9, 150.0));
        assert!((change.low - (-100.0 - Z * error * 2.0_f64.sqrt())).abs() < 1e-6);
        assert!((change.high - (-100.0 + Z * error * 2.0_f64.sqrt())).abs() < 1e-6);
        assert!(change.is_clear());
    }

    #[test]
    fn a_hundred_incidents_do_not_show_an_hour() {
        // Fifty before and fifty after, as in table 2 of the report: minutes.
        let half = half_width_of_means_90((316.0, 50.0), (316.0, 50.0)).expect("there are values");
        assert!((half - 104.0).abs() < 0.5);
        assert_eq!(half_width_of_means_90((316.0, 0.0), (316.0, 50.0)), None);
    }

    #[test]
    fn few_values_are_not_compared_and_equal_ones_did_not_change() {
        let five = seconds(&[1, 2, 3, 4, 5]);
        assert_eq!(difference_of_medians(&five, &five[..4]), None);
        assert_eq!(difference_of_medians(&[], &five), None);
        assert!(!difference_of_medians(&five, &five).expect("five are enough").is_clear());
    }

    #[test]
    fn the_interval_of_a_median_is_that_of_the_tables() {
        // n = 6: the smallest and the largest; n = 10: the 2nd and the 9th; n = 20: the 6th and the 15th.
        for (n, low, high) in [(6, 1, 6), (10, 2, 9), (20, 6, 15)] {
            let values: Vec<i64> = (1..=n).collect();
            assert_eq!(interval_of_median(&values), Some((low, high)), "{n}");
        }
        assert_eq!(interval_of_median(&[1, 2, 3, 4, 5]), None);
    }

    #[test]
    fn what_is_the_same_is_called_different_about_one_time_in_twenty() {
        for (n, m) in [(8, 8), (20, 12), (60, 60), (400, 90)] {
            let mut drawn = Drawn(n as u64 * 31 + m as u64);
            let rounds = 2000;
            let wrong = (0..rounds).filter(|_| difference_of_medians(&drawn.times(n, 300.0), &drawn.times(m, 300.0)).is_some_and(|change| change.is_clear()));
            let share = wrong.count() as f64 / f64::from(rounds);
            assert!(share < 0.065, "{n} against {m}: {share}");
        }
    }

    #[test]
    fn what_really_moved_is_seen() {
        let mut drawn = Drawn(5);
        let seen = (0..500).filter(|_| difference_of_medians(&drawn.times(80, 300.0), &drawn.times(80, 900.0)).is_some_and(|change| change.high < 0.0));
        assert!(seen.count() > 450);
    }

    #[test]
    fn a_thousand_values_are_no_trouble() {
        let many: Vec<i64> = (0..100_000).map(|at| at * SECOND).collect();
        let change = difference_of_medians(&many, &many).expect("they are enough");
        assert!(change.low.is_finite() && change.low < 0.0 && change.high > 0.0);
    }
}
