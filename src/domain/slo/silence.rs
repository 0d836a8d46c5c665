//! Whether a data source has gone silent: one thing, however many objectives wait for its readings.
//!
//! It is silent when it does not answer, or when it answers and nobody who asks it learns anything.
//! Where others learn something, an objective that does not is silent on its own.

use super::{
    frame::STALE_S,
    objective::{COARSE_S, COVERAGE_FLOOR},
    series::Series,
};

const DAY_S: i64 = 86_400;

/// An objective has missed a slice when none came for so many of them.
const OVERDUE_SLICES: i64 = 2;

/// Whether whoever sends readings kept sending them until this one: then more are expected. Who
/// sends some now and then is missed by nobody.
pub fn kept_coming(series: &Series, until_s: i64) -> bool {
    series.coverage(until_s - DAY_S, until_s) >= COVERAGE_FLOOR
}

/// How long nothing came at most on the day before this reading, and then came again: an hour of
/// the night in which nobody calls is no silence.
pub fn longest_pause_s(series: &Series, until_s: i64) -> i64 {
    let from_s = series.first_s().unwrap_or(until_s).max(until_s - DAY_S);
    series.gaps(from_s, until_s).into_iter().map(|(from_s, to_s)| to_s - from_s).max().unwrap_or(0)
}

/// How long a sender takes from one delivery to the next, when the last reading was taken at `until_s`
/// and `late_s` later it would be late: who sends a quarter of an hour at once is not missed after
/// ten minutes. `None` of who sent what was over for long by then: that is the past, and ends with
/// itself. One delivery is no habit either, a day of readings at once, or one of which nothing is
/// known any more; unless an alert waits for what comes next. The instants are seconds since 1970, in
/// order, each once.
pub fn pause_of_sender_s(arrived_s: &[i64], until_s: i64, late_s: i64, is_awaited: bool) -> Option<i64> {
    let pause_s = usual_pause_s(arrived_s);
    let is_past = arrived_s.last().is_some_and(|last_s| last_s - until_s > late_s + pause_s);
    let is_habit = arrived_s.len() > 1;
    (!is_past && (is_habit || is_awaited)).then_some(pause_s)
}

/// The pause that nine of ten keep.
fn usual_pause_s(arrived_s: &[i64]) -> i64 {
    let mut pauses: Vec<i64> = arrived_s.windows(2).map(|two| two[1] - two[0]).collect();
    pauses.sort_unstable();
    let place = (pauses.len() * 9 / 10).min(pauses.len().saturating_sub(1));
    pauses.get(place).copied().unwrap_or(0)
}

/// An objective that asks the source and has had a reading of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Where its last slice ended, in seconds since 1970.
    pub watermark_s: i64,
    /// How long its slices are.
    pub slice_s: i64,
    /// Its readings are late.
    pub is_stale: bool,
    /// So late that it is told, unless it was told of it alone already.
    pub is_dead: bool,
}

/// What is told of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// It is as it was: nobody is missing it.
    None,
    /// Nothing came of it since this second.
    Begins { last_s: i64 },
    /// Somebody misses it, and it is not yet the turn of others who may have been cut off with
    /// them: within a slice of theirs it is known whose silence it is.
    Nears,
    /// It was told, and still holds.
    GoesOn,
    /// Readings come again, or nobody waits for them any more.
    Ends,
}

impl Silence {
    /// `told_s` is where the last slice of all ended when the silence was told, while it is.
    /// `is_asked` says whether anybody asks the source, with a reading of it or without: what is
    /// described anew has none, and yet waits.
    pub fn of(is_down: bool, told_s: Option<i64>, is_asked: bool, waiting: &[Waiting], now_s: i64) -> Self {
        let last_s = waiting.iter().map(|one| one.watermark_s).max();
        match (told_s, last_s) {
            (None, None) => Silence::None,
            (None, Some(last_s)) => {
                if !waiting.iter().any(|one| one.is_dead) {
                    return Silence::None;
                }
                // Not every slice ends at the same second; what is this close went silent together.
                let together = waiting.iter().filter(|one| one.is_stale && last_s - one.watermark_s <= STALE_S).count();
                if is_down || (now_s - last_s > STALE_S && together > 1) {
                    return Silence::Begins { last_s };
                }
                Silence::cut_off(waiting, last_s, now_s)
            }
            (Some(told_s), Some(last_s)) if last_s <= told_s && waiting.iter().any(|one| one.is_stale) => Silence::GoesOn,
            (Some(_), None) if is_asked => Silence::GoesOn,
            (Some(_), _) => Silence::Ends,
        }
    }

    /// Whether somebody is missed because nobody learns anything: whoever read a slice that began
    /// after another's last one ended, and a slice of that later, has learnt something since.
    fn cut_off(waiting: &[Waiting], last_s: i64, now_s: i64) -> Self {
        let learnt_s = waiting.iter().map(|one| one.watermark_s - one.slice_s).max().unwrap_or(last_s);
        let near: Vec<&Waiting> = waiting.iter().filter(|one| learnt_s - one.watermark_s <= one.slice_s).collect();
        let is_overdue = |one: &Waiting| now_s - one.watermark_s > OVERDUE_SLICES * one.slice_s;
        if near.len() < 2 || !near.iter().any(|one| one.is_dead) {
            return Silence::None;
        }
        // Slices of an hour are not waited for.
        if near.iter().any(|one| !is_overdue(one) && one.slice_s <= COARSE_S) {
            return Silence::Nears;
        }
        if near.iter().filter(|one| is_overdue(one)).count() > 1 { Silence::Begins { last_s } } else { Silence::None }
    }

    /// Whether it stands for its objectives, or soon may: none of them is told of alone.
    pub fn stands_for_all(self) -> bool {
        matches!(self, Silence::Begins { .. } | Silence::Nears | Silence::GoesOn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::slo::{
        frame::stale_after_s,
        tests::{NOW_S as NOW, a_series, an_objective, slices},
    };

    const NOW_S: i64 = 1_000_000;

    /// Objectives whose last slice ended so many seconds ago.
    fn waiting(ages: &[i64]) -> Vec<Waiting> {
        ages.iter().map(|age| one(60, *age)).collect()
    }

    fn one(slice_s: i64, age: i64) -> Waiting {
        let is_late = age > stale_after_s(slice_s);
        Waiting { watermark_s: NOW_S - age, slice_s, is_stale: is_late, is_dead: is_late }
    }

    fn begins(ages: &[i64]) -> Silence {
        Silence::of(false, None, true, &waiting(ages), NOW_S)
    }

    #[test]
    fn who_kept_sending_is_expected_to_go_on_and_who_sends_now_and_then_is_not() {
        let objective = an_objective();
        let sent = |every_s: i64| {
            let readings: Vec<_> = slices(NOW - DAY_S, NOW, |_| 0.0).into_iter().filter(|slice| slice.start_s % every_s == 0).collect();
            a_series(&objective, &readings)
        };
        assert!(kept_coming(&sent(300), NOW) && !kept_coming(&sent(3_600), NOW));
        assert_eq!((longest_pause_s(&sent(300), NOW), longest_pause_s(&sent(3_600), NOW)), (0, 3_300));
        let young = a_series(&objective, &slices(NOW - 3_600, NOW, |_| 0.0));
        assert_eq!((kept_coming(&young, NOW), longest_pause_s(&young, NOW)), (false, 0));
    }

    #[test]
    fn a_sender_is_given_as_long_as_it_usually_takes() {
        assert_eq!((usual_pause_s(&[]), usual_pause_s(&[NOW_S])), (0, 0), "one delivery tells nothing");
        let quarters: Vec<i64> = (0..40).map(|n| n * 900).collect();
        assert_eq!(usual_pause_s(&quarters), 900);
        // One outage of its own is no habit.
        let late: Vec<i64> = quarters.iter().map(|at| if *at < 18_000 { *at } else { at + 7_200 }).collect();
        assert_eq!(usual_pause_s(&late), 900);
        assert_eq!(usual_pause_s(&[0, DAY_S]), DAY_S);
        // A week that ended ten days ago, in two parts, and one that ended just now.
        let pause = |ended_s: i64| pause_of_sender_s(&[NOW, NOW + 5], NOW - ended_s, 600, false);
        assert_eq!((pause(10 * DAY_S), pause(300)), (None, Some(5)));
        // Once, or so long ago that it was added up for good: nobody knows when the next one is due.
        let alone = |arrived_s: &[i64], is_awaited: bool| pause_of_sender_s(arrived_s, NOW - 60, 600, is_awaited);
        assert_eq!((alone(&[NOW], false), alone(&[], false)), (None, None));
        assert_eq!((alone(&[NOW], true), alone(&[], true)), (Some(0), Some(0)), "a page waits for it");
    }

    #[test]
    fn a_source_that_does_not_answer_is_told_of_once_its_first_objective_is_missed() {
        assert_eq!(Silence::of(true, None, true, &waiting(&[300, 300]), NOW_S), Silence::None, "nobody misses it yet");
        assert_eq!(Silence::of(true, None, true, &waiting(&[601, 300]), NOW_S), Silence::Begins { last_s: NOW_S - 300 });
        assert_eq!(Silence::of(true, None, true, &waiting(&[601]), NOW_S), Silence::Begins { last_s: NOW_S - 601 });
        assert_eq!(Silence::of(true, None, true, &[], NOW_S), Silence::None);
    }

    #[test]
    fn one_query_alone_is_not_its_source() {
        assert_eq!(Silence::of(false, None, true, &waiting(&[700]), NOW_S), Silence::None);
        assert_eq!(Silence::of(false, None, true, &waiting(&[700, 30, 30]), NOW_S), Silence::None, "others learn something");
        assert_eq!(Silence::of(false, None, true, &waiting(&[700, 5_000]), NOW_S), Silence::None, "they went silent one after the other");
        assert_eq!(
            Silence::of(false, None, true, &waiting(&[700, 720]), NOW_S),
            Silence::Begins { last_s: NOW_S - 700 },
            "it answers, and says nothing to anybody"
        );
    }

    #[test]
    fn it_ends_with_the_first_reading() {
        let told = Some(NOW_S - 700);
        assert_eq!(Silence::of(false, told, true, &waiting(&[700, 720]), NOW_S), Silence::GoesOn, "it answers again, and nothing came yet");
        assert_eq!(Silence::of(true, told, true, &waiting(&[700, 720]), NOW_S), Silence::GoesOn);
        assert_eq!(Silence::of(false, told, true, &waiting(&[700, 60]), NOW_S), Silence::Ends);
        assert_eq!(Silence::of(true, told, false, &[], NOW_S), Silence::Ends, "nobody asks it any more");
    }

    #[test]
    fn it_outlasts_the_readings_of_those_who_wait_for_it() {
        let told = Some(NOW_S - 700);
        for is_down in [true, false] {
            assert_eq!(Silence::of(is_down, told, true, &[], NOW_S), Silence::GoesOn, "they were described anew, and nothing came of it");
        }
    }

    #[test]
    fn those_who_were_cut_off_a_slice_apart_are_one_silence() {
        assert_eq!(begins(&[601, 601, 541, 541]), Silence::Begins { last_s: NOW_S - 541 });
        assert_eq!(begins(&[601, 480]), Silence::None, "it learnt something since");
        assert_eq!(begins(&[601, 601, 30]), Silence::None);
        // Of longer slices the last one may have begun before the others were cut off.
        let mixed = |age: i64| Silence::of(false, None, true, &[one(60, 601), one(60, 601), one(300, age)], NOW_S);
        assert_eq!(mixed(541), Silence::Nears, "its next slice has not been missed yet");
        assert!(mixed(541).stands_for_all());
        assert_eq!(mixed(841), Silence::Begins { last_s: NOW_S - 601 });
        assert_eq!(mixed(200), Silence::None, "it read a slice of the time in which they did not");
        // One of an hour may be silent, or not: it is not waited for.
        let hourly = |minutes: &[i64]| {
            let all: Vec<Waiting> = minutes.iter().map(|age| one(60, *age)).chain([one(3_600, 800)]).collect();
            Silence::of(false, None, true, &all, NOW_S)
        };
        assert_eq!(hourly(&[601]), Silence::None);
        assert_eq!(hourly(&[601, 601]), Silence::Begins { last_s: NOW_S - 601 });
    }
}
