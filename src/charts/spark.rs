//! The budget that is left as a line of the size of a word, on the scale of the bar beside it.

use super::{
    Mark, Role, Scene, Shape, Standing,
    bar::{LEAST, MOST},
    thin::Series,
};
use crate::domain::time::Timestamp;

/// Beside each other on a desk; a little smaller on a phone.
pub const DESK: (f64, f64) = (88.0, 26.0);
pub const PHONE: (f64, f64) = (84.0, 20.0);

/// Room for the dot at the end and for thick lines at the edges.
const EDGE: f64 = 4.0;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spark {
    pub left: Series,
    pub standing: Standing,
}

/// The picture from one instant to another, of a size in pixels. Its title says the first, the
/// lowest and the last value.
pub fn scene(spark: &Spark, from: Timestamp, until: Timestamp, (width, height): (f64, f64)) -> Scene {
    let mut scene = Scene { width, height, title: title(spark, from, until), ..Scene::default() };
    let axis = super::time_axis::TimeAxis { from, until, left: 0.0, right: width - EDGE };
    let y = |share: f64| height - EDGE - (height - 2.0 * EDGE) * (share.clamp(LEAST, MOST) - LEAST) / (MOST - LEAST);
    scene.line(Role::Base, (0.0, y(0.0)), (axis.right, y(0.0)));
    for run in spark.left.thinned(from, until, axis.columns()) {
        let line: Vec<(f64, f64)> = run.into_iter().map(|(at, share)| (axis.x(at), y(share))).collect();
        if line.len() > 1 {
            scene.marks.push(Mark { shape: Shape::Path(line), role: Role::Budget(spark.standing) });
        }
    }
    let last = spark.left.last_at(until).filter(|(at, _)| *at >= from);
    // A line that ended before the picture does ends in a hatch: what came since was not measured.
    let ends = last.map_or(0.0, |(at, _)| axis.x(at));
    if axis.right - ends >= 3.0 {
        scene.bar(Role::Gap, super::place::Rect { left: ends, top: EDGE, right: axis.right, bottom: height - EDGE });
    }
    if let Some((at, share)) = last {
        scene.marks.push(Mark { shape: Shape::Dot { x: axis.x(at), y: y(share) }, role: Role::Budget(spark.standing) });
    }
    scene
}

fn title(spark: &Spark, from: Timestamp, until: Timestamp) -> String {
    let first = spark.left.iter().find(|(at, share)| *at >= from && *at <= until && share.is_some()).and_then(|(_, share)| share);
    let (lowest, last) = (spark.left.extremes(from, until).map(|(low, _)| low), spark.left.last_at(until).map(|(_, share)| share));
    match (first, lowest, last) {
        (Some(first), Some(lowest), Some(last)) => {
            let said = super::burn_down::said;
            format!("First {}, lowest {}, last {}.", said(first), said(lowest), said(last))
        }
        _ => "Nothing was measured.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::wall::tests::at;

    const DAY: i64 = 86_400;

    #[test]
    fn it_keeps_the_scale_of_the_bar_and_says_three_values() {
        let from = at("2026-10-21T00:00:00Z");
        let left = Series::new(vec![(from, Some(1.0)), (from.plus_secs(10 * DAY), Some(-3.0)), (from.plus_secs(30 * DAY), Some(0.25))]);
        let picture = scene(&Spark { left, standing: Standing::Low }, from, from.plus_secs(30 * DAY), DESK);
        assert_eq!(picture.title, "First 100 percent left, lowest 300 percent over budget, last 25 percent left.");
        let lowest = picture.marks.iter().filter_map(|mark| if let Shape::Path(line) = &mark.shape { Some(line) } else { None }).flatten();
        assert!(lowest.clone().all(|(x, y)| (0.0..=88.0).contains(x) && (4.0..=22.0).contains(y)), "{lowest:?}");
        assert!(!picture.marks.iter().any(|mark| mark.role == Role::Gap));
    }

    #[test]
    fn without_readings_it_is_a_hatch_above_zero() {
        let from = at("2026-10-21T00:00:00Z");
        let picture = scene(&Spark::default(), from, from.plus_secs(DAY), PHONE);
        assert_eq!(picture.marks.iter().map(|mark| mark.role).collect::<Vec<_>>(), [Role::Base, Role::Gap]);
        assert_eq!(picture.title, "Nothing was measured.");
        let early = Spark { left: Series::new(vec![(from, Some(0.9))]), ..Spark::default() };
        assert!(scene(&early, from, from.plus_secs(DAY), PHONE).marks.iter().any(|mark| mark.role == Role::Gap), "it ended long ago");
    }
}
