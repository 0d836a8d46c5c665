//! Moments on a strip of time: deploys as triangles, beginnings of incidents as lines. Those that
//! would lie upon each other share one mark.

use super::{Label, time_axis::TimeAxis, wall::Wall};
use crate::domain::time::Timestamp;

/// Marks nearer than this become one.
const APART: f64 = 14.0;
/// Where the base line of the axis' words is.
const WORDS_AT: f64 = 46.0;
pub const HEIGHT: f64 = 52.0;

/// What stands at one place: the numbers of what happened there, in the order they came.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    pub x: f64,
    pub members: Vec<usize>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moments {
    pub marks: Vec<Moment>,
    /// Beginnings of incidents.
    pub lines: Vec<Moment>,
    pub labels: Vec<Label>,
}

/// Where `changes` and `incidents` stand between two edges; what lies outside is left out.
pub fn moments(axis: TimeAxis, changes: &[Timestamp], incidents: &[Timestamp], wall: &Wall) -> Moments {
    let gathered = |of: &[Timestamp]| {
        let mut places: Vec<(f64, usize)> = of.iter().enumerate().filter(|(_, at)| axis.holds(**at)).map(|(n, at)| (axis.x(*at), n)).collect();
        places.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut marks: Vec<Moment> = vec![];
        for (x, n) in places {
            match marks.last_mut().filter(|last| x - last.x < APART) {
                Some(last) => last.members.push(n),
                None => marks.push(Moment { x, members: vec![n] }),
            }
        }
        marks
    };
    Moments { marks: gathered(changes), lines: gathered(incidents), labels: axis.labels(wall, None, WORDS_AT) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_close_shares_a_mark_and_what_lies_outside_has_none() {
        let at = |minute: i64| Timestamp::from_micros(1_786_450_000_000_000).plus_secs(minute * 60);
        let axis = TimeAxis { from: at(0), until: at(60), left: 0.0, right: 600.0 };
        let made = moments(axis, &[at(30), at(5), at(31), at(90)], &[at(40)], &Wall::utc());
        assert_eq!(made.marks, [Moment { x: 50.0, members: vec![1] }, Moment { x: 300.0, members: vec![0, 2] }]);
        assert_eq!(made.lines, [Moment { x: 400.0, members: vec![0] }]);
        assert!(!made.labels.is_empty());
    }
}
