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
    let mut last = (from_s, stood(from_s));
    while last.0 < to_s {
        let next_s = (last.0 + step_s).min(to_s);
        let next = (next_s, stood(next_s));
        between(last, next, slice_s, &stood, &mut turns);
        last = next;
    }
    turns
}

/// The turns between two instants at which it stood differently, down to one slice: also those to
/// what lies between the two.
fn between(low: (i64, Standing), high: (i64, Standing), slice_s: i64, stood: &impl Fn(i64) -> Standing, turns: &mut Vec<Turn>) {
    if low.1 == high.1 {
        return;
    }
    if high.0 - low.0 <= slice_s {
        return turns.push(Turn { at: at(high.0), before: low.1, after: high.1 });
    }
    let middle_s = low.0 + (high.0 - low.0) / 2;
    let middle = (middle_s, stood(middle_s));
    between(low, middle, slice_s, stood, turns);
    between(middle, high, slice_s, stood, turns);
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
