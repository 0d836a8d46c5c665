//! The budget of one objective as a bar in a row: −20 to 100 % on one scale for all rows, so that
//! they can be compared down the page.

use super::{Mark, Role, Scene, Shape, Standing, place::Rect};
use crate::domain::slo::{
    report::{self, BudgetReport},
    words,
};

/// The scale that bars and sparklines share.
pub const LEAST: f64 = -0.2;
pub const MOST: f64 = 1.0;

const HIGH: f64 = 10.0;
/// Zero stands out above and below the bar.
const OUT: f64 = 4.0;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bar {
    /// `Checkout availability: 3.1 min over budget`.
    pub title: String,
    /// The share that is left; nothing where it is not known at all.
    pub left: Option<f64>,
    /// Least and most that may be left, where a gap could matter.
    pub range: Option<(f64, f64)>,
    pub standing: Standing,
}

impl Bar {
    /// What is left of an objective's budget, with its range where too little was measured.
    pub fn of(report: &BudgetReport) -> Self {
        let range = report.worst_remaining_ratio.zip(report.best_remaining_ratio).filter(|_| report.state == report::Standing::NotMeasured);
        Self { title: format!("{}: {}", report.objective.title, words::left(report)), left: report.tally.remaining_ratio, range, standing: Standing::of(report.state) }
    }
}

/// The picture at a width in pixels.
pub fn scene(bar: &Bar, width: f64) -> Scene {
    let height = HIGH + 2.0 * OUT;
    let mut scene = Scene { width, height, title: bar.title.clone(), ..Scene::default() };
    let (left, right) = (1.0, (width - 1.0).max(2.0));
    let x = |share: f64| left + (right - left) * (share.clamp(LEAST, MOST) - LEAST) / (MOST - LEAST);
    let across = |from: f64, to: f64| Rect { left: from.min(to), top: OUT, right: from.max(to), bottom: OUT + HIGH };
    let zero = x(0.0);
    scene.bar(Role::Track, across(zero, right));
    let (low, high) = bar.range.or_else(|| bar.left.map(|left| (left, left))).map_or((0.0, 0.0), |(a, b)| (a.min(b), a.max(b)));
    if low < 0.0 {
        scene.bar(Role::Fill(Standing::Overspent), across(x(low), x(high.min(0.0))));
        if high < 0.0 {
            scene.bar(Role::Fill(Standing::Overspent), across(x(high), zero));
        }
    }
    if high > 0.0 {
        let sure = low.max(0.0);
        if sure > 0.0 {
            scene.bar(Role::Budget(bar.standing), across(zero, x(sure)));
        }
        if high > sure {
            scene.bar(Role::Gap, across(x(sure), x(high)));
        }
    }
    if bar.left.is_none() && bar.range.is_none() {
        scene.bar(Role::Gap, across(zero, right));
    }
    if low < LEAST {
        // Two strokes say that the bar goes on; how far, the number says.
        for at in [4.0, 8.0] {
            let (top, bottom) = ((left + at + 2.0, OUT - 1.0), (left + at - 2.0, OUT + HIGH + 1.0));
            scene.marks.push(Mark { shape: Shape::Line { from: top, to: bottom }, role: Role::Notch });
        }
    }
    scene.line(Role::Zero, (zero, 0.0), (zero, height));
    scene
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(bar: &Bar) -> Vec<(Role, f64, f64)> {
        let of = |mark: &Mark| if let Shape::Bar { x, width, .. } = mark.shape { Some((mark.role, x.round(), (x + width).round())) } else { None };
        scene(bar, 122.0).marks.iter().filter_map(of).collect()
    }

    #[test]
    fn all_bars_share_one_scale_and_never_leave_it() {
        let track = (Role::Track, 21.0, 121.0);
        let left = |left| Bar { left: Some(left), ..Bar::default() };
        assert_eq!(bars(&left(0.5)), [track, (Role::Budget(Standing::Within), 21.0, 71.0)]);
        assert_eq!(bars(&left(0.0)), [track]);
        let over =
            |share| bars(&left(share)).into_iter().filter(|(role, ..)| *role == Role::Fill(Standing::Overspent)).map(|(_, from, _)| from).fold(99.0, f64::min);
        assert_eq!((over(-0.07), over(-3.0)), (14.0, 1.0));
        let notches = |share| scene(&left(share), 122.0).marks.iter().filter(|mark| mark.role == Role::Notch).count();
        assert_eq!((notches(-0.2), notches(-0.21)), (0, 2), "what is cut says so");
    }

    #[test]
    fn what_is_not_known_is_hatched() {
        let range = Bar { left: None, range: Some((0.46, 0.52)), ..Bar::default() };
        assert_eq!(bars(&range)[1..], [(Role::Budget(Standing::Within), 21.0, 67.0), (Role::Gap, 67.0, 73.0)]);
        assert_eq!(bars(&Bar::default())[1..], [(Role::Gap, 21.0, 121.0)]);
        let across = Bar { range: Some((-0.1, 0.1)), ..Bar::default() };
        assert_eq!(bars(&across)[1..], [(Role::Fill(Standing::Overspent), 11.0, 21.0), (Role::Gap, 21.0, 31.0)]);
    }

    #[test]
    fn zero_is_always_there() {
        for left in [None, Some(-9.0), Some(0.0), Some(1.0)] {
            assert!(scene(&Bar { left, ..Bar::default() }, 90.0).marks.iter().any(|mark| mark.role == Role::Zero));
        }
    }
}
