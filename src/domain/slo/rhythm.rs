//! How far apart the readings are that somebody sends, so that a slice is as long as what one
//! reading stands for. Slices shorter than that would be gaps most of the time.

use super::objective::{FINE_S, is_slice};

/// How much later than its rhythm a reading may come.
const JITTER_S: i64 = 5;
/// From fewer readings nobody can tell.
const FEWEST: usize = 6;

/// The distance that nine of ten neighbours keep, in minutes rounded up, where a slice can be as long.
/// `instants` are seconds since 1970, in order, each once.
pub fn rhythm_s(instants: &[i64]) -> Option<i64> {
    if instants.len() < FEWEST {
        return None;
    }
    // A slice that is shorter than the gap would miss a reading now and then.
    let minutes = |gap: i64| if gap < FINE_S / 2 { 0 } else { (gap - JITTER_S + FINE_S - 1).div_euclid(FINE_S) * FINE_S };
    let mut gaps: Vec<i64> = instants.windows(2).map(|pair| minutes(pair[1] - pair[0])).collect();
    gaps.sort_unstable();
    let usual = gaps[gaps.len() / 2];
    let keep = gaps.iter().filter(|gap| **gap == usual).count();
    (is_slice(usual) && keep * 10 >= gaps.len() * 9).then_some(usual)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every(secs: i64, n: i64) -> Vec<i64> {
        (0..n).map(|place| 1_786_449_600 + place * secs).collect()
    }

    #[test]
    fn readings_tell_how_far_apart_they_are() {
        for secs in [60, 120, 300, 900, 3_600] {
            assert_eq!(rhythm_s(&every(secs, 50)), Some(secs));
        }
        // A clock that is not quite even, and an hour in which nobody sent anything.
        let mut uneven: Vec<i64> = every(300, 50).into_iter().enumerate().map(|(place, at)| at + [0, 2, 1, 4][place % 4]).collect();
        uneven.drain(20..32);
        assert_eq!(rhythm_s(&uneven), Some(300));
        assert_eq!((rhythm_s(&every(80, 50)), rhythm_s(&every(140, 50))), (Some(120), Some(180)));
    }

    #[test]
    fn what_keeps_no_rhythm_tells_nothing() {
        assert_eq!(rhythm_s(&every(300, 5)), None, "too few");
        assert_eq!(rhythm_s(&every(86_400, 30)), None, "no slice is as long");
        assert_eq!(rhythm_s(&every(420, 30)), None, "seven minutes do not divide a day");
        assert_eq!(rhythm_s(&every(10, 30)), None, "several in a minute");
        let mixed: Vec<i64> = (0..60_i64)
            .scan(0, |at, place| {
                *at += if place % 3 == 0 { 60 } else { 300 };
                Some(*at)
            })
            .collect();
        assert_eq!(rhythm_s(&mixed), None);
        assert_eq!(rhythm_s(&[]), None);
    }

    #[test]
    fn the_usual_slice_leaves_what_was_found() {
        let in_slices = |slice_s: i64| crate::domain::slo::tests::with(|draft| draft.slice_s = slice_s).draft;
        assert_eq!(in_slices(60).in_slices_of(&in_slices(300)), in_slices(300));
        assert_eq!(in_slices(600).in_slices_of(&in_slices(300)), in_slices(600));
    }
}
