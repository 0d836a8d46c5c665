//! Moments on a strip of time: deploys as triangles and beginnings of incidents as lines above, and
//! beneath them a lane for each other kind of change that there is. Those that would lie upon each
//! other share one mark; what lasts is a band.

use super::{Label, time_axis::TimeAxis, wall::Wall};
use crate::domain::time::Timestamp;

/// Marks nearer than this become one.
const APART: f64 = 14.0;
/// From the middle of a mark that stands for several to its number, how wide a digit of it is, and
/// how far the next mark's own left side is from its middle.
const TO_NUMBER: f64 = 8.0;
const DIGIT: f64 = 7.0;
const HALF: f64 = 7.0;
/// The middle of the first lane, and how far the next is from it.
const FIRST_AT: f64 = 11.0;
const LANE: f64 = 16.0;
/// From the middle of the last lane to the line on which everything stands.
const TO_BASE: f64 = 19.0;
/// From there to the base line of the axis' words, and to the end.
const TO_WORDS: f64 = 16.0;
const TO_END: f64 = 22.0;
/// What lasts shorter than this many pixels is drawn as long.
const NARROWEST: f64 = 3.0;

/// What stands at one place: the numbers of what happened there, in the order they came.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    pub x: f64,
    pub members: Vec<usize>,
}

/// Something that lasts.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    pub left: f64,
    pub right: f64,
    /// Its number among those that last.
    pub member: usize,
}

/// One kind of change on a height of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Lane {
    /// Its number among the kinds.
    pub kind: usize,
    /// Its middle.
    pub y: f64,
    pub marks: Vec<Moment>,
}

/// From when until when; without an end it goes on.
pub type Span = (Timestamp, Option<Timestamp>);

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moments {
    pub marks: Vec<Moment>,
    /// Beginnings of incidents.
    pub lines: Vec<Moment>,
    /// The other kinds, as far as there is anything of them.
    pub lanes: Vec<Lane>,
    pub bands: Vec<Band>,
    /// The middle of the bands.
    pub bands_at: f64,
    pub labels: Vec<Label>,
    /// On which everything stands.
    pub base: f64,
    pub height: f64,
}

/// Where `changes`, `incidents`, the other `kinds` and what lasts stand between two edges; what lies
/// outside is left out.
pub fn moments(axis: TimeAxis, changes: &[Timestamp], incidents: &[Timestamp], kinds: &[Vec<Timestamp>], lasting: &[Span], wall: &Wall) -> Moments {
    let gathered = |of: &[Timestamp]| {
        let mut places: Vec<(f64, usize)> = of.iter().enumerate().filter(|(_, at)| axis.holds(**at)).map(|(n, at)| (axis.x(*at), n)).collect();
        places.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut marks: Vec<Moment> = vec![];
        for (x, n) in places {
            match marks.last_mut().filter(|last| x - last.x < reach(last.members.len())) {
                Some(last) => last.members.push(n),
                None => marks.push(Moment { x, members: vec![n] }),
            }
        }
        marks
    };
    let mut y = FIRST_AT;
    let mut lanes = vec![];
    for (kind, of) in kinds.iter().enumerate() {
        let marks = gathered(of);
        if !marks.is_empty() {
            y += LANE;
            lanes.push(Lane { kind, y, marks });
        }
    }
    let touches = |(from, until): &Span| *from <= axis.until && until.is_none_or(|until| until >= axis.from);
    let bands: Vec<Band> = lasting
        .iter()
        .enumerate()
        .filter(|(_, span)| touches(span))
        .map(|(member, (from, until))| {
            let (left, right) = (axis.x(*from), until.map_or(axis.right, |until| axis.x(until)));
            Band { left: left.min(axis.right - NARROWEST).max(axis.left), right: right.max(left + NARROWEST).min(axis.right), member }
        })
        .collect();
    if !bands.is_empty() {
        y += LANE;
    }
    let base = y + TO_BASE;
    Moments {
        marks: gathered(changes),
        lines: gathered(incidents),
        lanes,
        bands,
        bands_at: y,
        labels: axis.labels(wall, None, base + TO_WORDS),
        base,
        height: base + TO_END,
    }
}

/// How far to the right of a mark the next one may stand: the number of what it stands for finds room between.
fn reach(members: usize) -> f64 {
    match members {
        ..=1 => APART,
        several => TO_NUMBER + DIGIT * f64::from(several.ilog10() + 1) + HALF,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_close_shares_a_mark_and_what_lies_outside_has_none() {
        let at = |minute: i64| Timestamp::from_micros(1_786_450_000_000_000).plus_secs(minute * 60);
        let axis = TimeAxis { from: at(0), until: at(60), left: 0.0, right: 600.0 };
        let made = moments(axis, &[at(30), at(5), at(31), at(90)], &[at(40)], &[], &[], &Wall::utc());
        assert_eq!((made.base, made.height), (30.0, 52.0), "with deploys alone it is as low as can be");
        assert_eq!(made.marks, [Moment { x: 50.0, members: vec![1] }, Moment { x: 300.0, members: vec![0, 2] }]);
        assert_eq!(made.lines, [Moment { x: 400.0, members: vec![0] }]);
        assert!(!made.labels.is_empty());
    }

    #[test]
    fn no_number_is_written_over_the_next_mark() {
        let at = |secs: i64| Timestamp::from_micros(1_786_450_000_000_000).plus_secs(secs);
        let axis = TimeAxis { from: at(0), until: at(600), left: 0.0, right: 600.0 };
        // Two share a mark and need room for one digit, twelve for two.
        let few = moments(axis, &[at(100), at(105), at(121), at(145)], &[], &[], &[], &Wall::utc());
        assert_eq!(few.marks.iter().map(|mark| (mark.x.round(), mark.members.len())).collect::<Vec<_>>(), [(100.0, 3), (145.0, 1)]);
        let twelve: Vec<Timestamp> = (0..12).map(|n| at(100 + n)).chain([at(128), at(158)]).collect();
        let many = moments(axis, &twelve, &[], &[], &[], &Wall::utc());
        assert_eq!(many.marks.iter().map(|mark| (mark.x.round(), mark.members.len())).collect::<Vec<_>>(), [(100.0, 13), (158.0, 1)]);
    }

    #[test]
    fn a_kind_has_a_lane_where_there_is_any_of_it_and_what_lasts_is_a_band() {
        let at = |minute: i64| Timestamp::from_micros(1_786_450_000_000_000).plus_secs(minute * 60);
        let axis = TimeAxis { from: at(0), until: at(60), left: 10.0, right: 610.0 };
        let kinds = [vec![at(10)], vec![], vec![at(20), at(90)]];
        let lasting = [(at(-30), Some(at(6))), (at(54), None), (at(70), None), (at(30), Some(at(30)))];
        let made = moments(axis, &[], &[], &kinds, &lasting, &Wall::utc());
        assert_eq!(made.lanes.iter().map(|lane| (lane.kind, lane.y, lane.marks.len())).collect::<Vec<_>>(), [(0, 27.0, 1), (2, 43.0, 1)]);
        let bands: Vec<(f64, f64, usize)> = made.bands.iter().map(|band| (band.left, band.right, band.member)).collect();
        assert_eq!(bands, [(10.0, 70.0, 0), (550.0, 610.0, 1), (310.0, 313.0, 3)]);
        assert_eq!((made.bands_at, made.base), (59.0, 78.0));
    }
}
