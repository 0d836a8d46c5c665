//! How other tools choose the spans of their alerts, so that people who come from them find what
//! they knew.
//!
//! Ours keep the spans and change the factor ([`super::burn::pairs_for`]); these keep the factor
//! and scale the spans with the window. Both round to whole minutes.

use super::{
    burn::{Pair, Urgency, pairs_for, threshold},
    target::Target,
};

const MINUTE: i64 = 60;
const DAY: i64 = 86_400;

/// A pair of Pyrra's, with how long it has to hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PyrraPair {
    pub pair: Pair,
    pub for_s: i64,
}

/// Pyrra's four alerts. Over 28 days they are 1 h / 5 m / 2 m at 14, 6 h / 30 m / 15 m at 7,
/// 1 d / 2 h / 1 h at 2 and 4 d / 6 h / 3 h at 1, spending 2.1, 6.25, 7.1 and 14.3 % of the budget
/// and not the Workbook's shares; over other windows every span scales.
pub fn pyrra_pairs(window_s: i64) -> [PyrraPair; 4] {
    // How many of each span there are in 28 days.
    let day = 28;
    let scaled = |factor: f64, urgency: Urgency, long: i64, short: i64, hold: i64| PyrraPair {
        pair: Pair { long_s: part(window_s, 1, long), short_s: part(window_s, 1, short), factor, urgency },
        for_s: part(window_s, 1, hold),
    };
    [
        scaled(14.0, Urgency::Page, day * 24, day * 24 * 12, day * 24 * 30),
        scaled(7.0, Urgency::Page, day * 4, day * 24 * 2, day * 24 * 4),
        scaled(2.0, Urgency::Ticket, day, day * 12, day * 24),
        scaled(1.0, Urgency::Ticket, 7, day * 4, day * 8),
    ]
}

/// How long Pyrra waits before missing metrics alert: as long as a total outage takes to fire its
/// fastest pair, `f b L + for`, in whole minutes.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)] // spans; whole seconds are meant
pub fn pyrra_absent_for_s(target: Target, window_s: i64) -> i64 {
    let [PyrraPair { pair, for_s }, ..] = pyrra_pairs(window_s);
    // The last digits of the product may hide a whole second.
    let fires_after = (threshold(target, pair.factor) * pair.long_s as f64 + 1e-9).floor() as i64;
    part(fires_after + for_s, 1, 1)
}

/// slokit's alerts: the Workbook's four pairs of 30 days, their spans scaled to the window and
/// never below a minute.
pub fn slokit_pairs(window_s: i64) -> Vec<Pair> {
    let scale = |span_s: i64| part(window_s, span_s, 30 * DAY).max(MINUTE);
    pairs_for(30 * DAY).into_iter().map(|pair| Pair { long_s: scale(pair.long_s), short_s: scale(pair.short_s), ..pair }).collect()
}

/// `seconds × times ÷ by`, rounded to whole minutes, halves upwards.
fn part(seconds: i64, times: i64, by: i64) -> i64 {
    let twice_the_minutes = i128::from(seconds) * i128::from(times) * 2 + i128::from(by) * i128::from(MINUTE);
    i64::try_from(twice_the_minutes / (i128::from(by) * i128::from(MINUTE) * 2)).unwrap_or(i64::MAX / MINUTE) * MINUTE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Target {
        Target::parse(text).expect("it is a target")
    }

    #[test]
    fn pyrra_over_four_weeks_is_as_its_documentation_says() {
        let spans: Vec<[i64; 3]> = pyrra_pairs(28 * DAY).iter().map(|it| [it.pair.long_s / 60, it.pair.short_s / 60, it.for_s / 60]).collect();
        assert_eq!(spans, [[60, 5, 2], [360, 30, 15], [1440, 120, 60], [5760, 360, 180]]);
        let shares: Vec<f64> = pyrra_pairs(28 * DAY).iter().map(|it| (it.pair.share(28 * DAY) * 1e4).round() / 1e4).collect();
        assert_eq!(shares, [0.0208, 0.0625, 0.0714, 0.1429]);
    }

    #[test]
    fn missing_metrics_wait_as_long_as_an_outage_would() {
        for (text, minutes) in [("0.99", 10), ("0.995", 6), ("0.999", 3), ("0.9", 86)] {
            assert_eq!(pyrra_absent_for_s(target(text), 28 * DAY), minutes * 60, "{text}");
        }
    }

    #[test]
    fn scaling_to_thirty_days_changes_nothing_and_a_day_keeps_a_minute() {
        assert_eq!(slokit_pairs(30 * DAY), pairs_for(30 * DAY));
        assert!(slokit_pairs(DAY).iter().all(|pair| pair.short_s >= MINUTE && pair.long_s % MINUTE == 0));
        assert_eq!(slokit_pairs(90 * DAY)[0].short_s, 15 * MINUTE);
    }
}
