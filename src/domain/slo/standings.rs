//! When an objective stood how, within a range: each instant at which that changed.

use super::{
    assess,
    calendar::Window,
    frame::{Frame, at},
    objective::Objective,
    report::Standing,
    series::Series,
    zone::Zone,
};
use crate::domain::time::Timestamp;

/// So many instants of a range are looked at first; what changes between two of them is looked for
/// more closely. What changes and changes back between two is not found.
const SAMPLES: i64 = 96;

/// From one standing to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    pub at: Timestamp,
    pub before: Standing,
    pub after: Standing,
}

/// The turns of an objective's first window in a range, as far as slices tell them apart. What is
/// known now counts, also of the past; a forecast does not.
pub fn turns(objective: &Objective, series: &Series, (from, to): (Timestamp, Timestamp), zone: &dyn Zone) -> Vec<Turn> {
    let window: &Window = objective.window();
    let stood = |secs: i64| assess::standing(objective, series, &Frame::of(objective, series, window, at(secs), zone));
    let (from_s, to_s) = (from.epoch_secs(), to.epoch_secs());
    let slice_s = objective.draft.slice_s.max(1);
    let step_s = ((to_s - from_s) / SAMPLES).max(slice_s);
    let mut turns = vec![];
    let (mut last_s, mut last) = (from_s, stood(from_s));
    while last_s < to_s {
        let next_s = (last_s + step_s).min(to_s);
        let next = stood(next_s);
        if next != last {
            // Between these two: the first instant from which on it is as it is then.
            let (mut low, mut high) = (last_s, next_s);
            while high - low > slice_s {
                let middle = low + (high - low) / 2;
                if stood(middle) == next { high = middle } else { low = middle }
            }
            turns.push(Turn { at: at(high), before: last, after: next });
        }
        (last_s, last) = (next_s, next);
    }
    turns
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            tests::{DAY, HOUR, NOW_S, a_series, an_objective, slices, with_outage},
            zone::Utc,
        },
        *,
    };

    fn of(series: &Series, from_s: i64, to_s: i64) -> Vec<(i64, Standing, Standing)> {
        turns(&an_objective(), series, (at(from_s), at(to_s)), &Utc).iter().map(|turn| (turn.at.epoch_secs(), turn.before, turn.after)).collect()
    }

    #[test]
    fn an_outage_takes_a_budget_from_within_over_low_to_overspent() {
        // Every call fails from three hours before now on: a budget of 43.2 minutes is gone in that time.
        let began = NOW_S - 3 * HOUR;
        let found = of(&with_outage(began, NOW_S, 2_000.0), NOW_S - DAY, NOW_S);
        let words: Vec<(Standing, Standing)> = found.iter().map(|(_, before, after)| (*before, *after)).collect();
        assert_eq!(words, [(Standing::Within, Standing::Low), (Standing::Low, Standing::Overspent)]);
        let minutes: Vec<i64> = found.iter().map(|(at, ..)| (at - began) / 60).collect();
        // Under a fifth is left after four fifths of 43.2 minutes.
        assert!((33..=37).contains(&minutes[0]) && (42..=46).contains(&minutes[1]), "{minutes:?}");
    }

    #[test]
    fn where_nothing_changes_nothing_is_told() {
        assert_eq!(of(&with_outage(0, 0, 0.0), NOW_S - DAY, NOW_S), []);
        assert_eq!(of(&a_series(&an_objective(), &[]), NOW_S - DAY, NOW_S), []);
    }

    #[test]
    fn readings_that_stay_away_are_a_turn() {
        let until = NOW_S - 4 * DAY;
        let series = a_series(&an_objective(), &slices(NOW_S - 60 * DAY, until, |_| 0.0));
        let found = of(&series, NOW_S - 5 * DAY, NOW_S);
        assert_eq!(found.last().map(|(_, _, after)| *after), Some(Standing::NotMeasured), "{found:?}");
    }
}
