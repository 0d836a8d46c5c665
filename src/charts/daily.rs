//! What each day spent, as bars from zero over the same time as the budget above. Blue and not red:
//! a bad day is not yet an overspent budget.

use super::{Anchor, Role, Scene, Tone, place, time_axis::TimeAxis};
use crate::domain::{metrics::words::two_digits, time::Timestamp};

/// What each day spent, in the objective's own unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Daily {
    /// `Spent each day, minutes`.
    pub heading: String,
    /// The title of the column: `Spent, minutes`.
    pub column: &'static str,
    pub days: Vec<Day>,
    /// What an even pace spends in a day.
    pub pace: f64,
    /// `even: 1.4 a day`.
    pub pace_words: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Day {
    pub from: Timestamp,
    pub to: Timestamp,
    /// Nothing where the day was not measured.
    pub spent: Option<f64>,
}

impl Daily {
    /// What the day of an instant spent.
    pub fn on(&self, at: Timestamp) -> Option<f64> {
        self.days.iter().find(|day| (day.from..day.to).contains(&at))?.spent
    }
}

const HEADING: f64 = 20.0;
/// Room for the figures above the highest bar.
const FIGURES: f64 = 16.0;
const HEIGHT: f64 = 70.0;
/// Figures stand on what is this much above the even pace.
const NOTABLE: f64 = 3.0;

/// Draws the bars beneath `top` and returns how high they are.
pub fn beneath(scene: &mut Scene, daily: &Daily, axis: &TimeAxis, top: f64) -> f64 {
    scene.words(axis.left, top + 14.0, Anchor::Start, daily.heading.clone(), Tone::Strong);
    let base = top + HEADING + FIGURES + HEIGHT;
    let shown: Vec<&Day> = daily.days.iter().filter(|day| day.to > axis.from && day.from < axis.until && day.from < day.to).collect();
    let most = shown.iter().filter_map(|day| day.spent).filter(|spent| spent.is_finite()).fold(daily.pace.max(0.0), f64::max);
    let tick = tick(most);
    let scale = if most > 0.0 { HEIGHT / most } else { 0.0 };
    let y = |spent: f64| base - (spent.max(0.0) * scale).min(HEIGHT);
    scene.words(axis.left - 8.0, base + 4.0, Anchor::End, "0", Tone::Axis);
    if tick > 0.0 {
        scene.line(Role::Grid, (axis.left, y(tick)), (axis.right, y(tick)));
        scene.words(axis.left - 8.0, y(tick) + 4.0, Anchor::End, two_digits(tick), Tone::Axis);
    }
    let mut figures: Vec<(f64, f64, f64)> = vec![];
    for day in &shown {
        let (from, to) = (axis.x(day.from), axis.x(day.to));
        let gap = if to - from > 8.0 { 2.0 } else { (to - from) * 0.15 };
        let (left, right) = (from + gap / 2.0, (to - gap / 2.0).max(from + gap / 2.0 + 0.5).min(axis.right));
        match day.spent.filter(|spent| spent.is_finite()) {
            None => scene.bar(Role::Gap, place::Rect { left, top: base - 14.0, right, bottom: base }),
            Some(spent) if spent > 0.0 => {
                let top = y(spent).min(base - 1.0);
                scene.bar(Role::Spent, place::Rect { left, top, right, bottom: base });
                if spent > daily.pace * NOTABLE {
                    figures.push((spent, f64::midpoint(left, right), top));
                }
            }
            Some(_) => {}
        }
    }
    scene.line(Role::Base, (axis.left, base), (axis.right, base));
    let mut taken = vec![];
    // The largest first, should two stand too close.
    figures.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (spent, x, top) in figures {
        let words = two_digits(spent);
        let wide = place::width(&words, Tone::Strong);
        let rect = place::Rect::new(x - wide / 2.0, top - 16.0, wide, 13.0).between(axis.left, scene.width);
        if !taken.iter().any(|other: &place::Rect| other.grown(place::APART).touches(&rect)) {
            scene.words(rect.left, top - 5.0, Anchor::Start, words, Tone::Strong);
            taken.push(rect);
        }
    }
    if daily.pace > 0.0 {
        scene.line(Role::Threshold, (axis.left, y(daily.pace)), (axis.right, y(daily.pace)));
        let wide = place::width(&daily.pace_words, Tone::Note);
        let places = [axis.right - wide, axis.left + 4.0, f64::midpoint(axis.left, axis.right) - wide / 2.0];
        let bars: Vec<_> =
            shown.iter().filter_map(|day| Some(place::Rect { left: axis.x(day.from), top: y(day.spent?), right: axis.x(day.to), bottom: base })).collect();
        let free = |left: &&f64| {
            let rect = place::Rect::new(**left, y(daily.pace) - 17.0, wide, 13.0);
            !taken.iter().chain(&bars).any(|other| other.touches(&rect))
        };
        if let Some(left) = places.iter().find(free) {
            scene.words(*left, y(daily.pace) - 6.0, Anchor::Start, daily.pace_words.clone(), Tone::Note);
        }
    }
    base - top + 2.0
}

/// A round value that leaves the figure of the highest bar alone.
fn tick(most: f64) -> f64 {
    if most <= 0.0 {
        return 0.0;
    }
    let size = 10_f64.powf(most.log10().floor());
    [10.0, 5.0, 2.0, 1.0, 0.5].into_iter().map(|part| part * size).find(|tick| *tick <= most * 0.9).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::{Shape, wall::tests::at};

    fn drawn(spent: &[Option<f64>]) -> (Scene, f64) {
        let axis = TimeAxis { from: at("2026-10-21T00:00:00Z"), until: at("2026-10-31T00:00:00Z"), left: 40.0, right: 440.0 };
        let day = |(n, spent): (usize, &Option<f64>)| {
            let from = axis.from.plus_secs(n as i64 * 86_400);
            Day { from, to: from.plus_secs(86_400), spent: *spent }
        };
        let days = spent.iter().enumerate().map(day).collect();
        let daily =
            Daily { heading: "Spent each day, minutes".to_owned(), column: "Spent, minutes", days, pace: 1.4, pace_words: "even: 1.4 a day".to_owned() };
        let mut scene = Scene { width: 448.0, ..Scene::default() };
        let height = beneath(&mut scene, &daily, &axis, 0.0);
        (scene, height)
    }

    #[test]
    fn bars_rise_from_zero_and_the_smallest_is_still_seen() {
        let (scene, _) = drawn(&[Some(11.0), Some(0.001), Some(0.0), None, Some(6.5)]);
        let heights: Vec<f64> = scene
            .marks
            .iter()
            .filter_map(|mark| if let (Role::Spent, Shape::Bar { height, .. }) = (mark.role, &mark.shape) { Some(height.round()) } else { None })
            .collect();
        assert_eq!(heights, [70.0, 1.0, 41.0]);
        assert_eq!(scene.marks.iter().filter(|mark| mark.role == Role::Gap).count(), 1);
        let figures: Vec<&str> = scene.labels.iter().skip(1).filter(|label| label.tone == Tone::Strong).map(|label| label.words.as_str()).collect();
        assert_eq!(figures, ["11", "6.5"], "only what is far above the even pace has a figure");
    }

    #[test]
    fn nothing_spent_and_nothing_known_are_drawn_too() {
        for spent in [&[][..], &[None, None], &[Some(0.0)], &[Some(f64::NAN)]] {
            let (scene, height) = drawn(spent);
            assert!(height > HEIGHT && scene.labels.iter().all(|label| label.y.is_finite()));
        }
    }
}
