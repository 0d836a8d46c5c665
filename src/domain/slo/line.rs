//! A budget over time: what was left at each instant, what each day spent, where nothing is known.

use super::{
    frame::{Frame, at},
    objective::Objective,
    report::{Day, Gap, Left},
    series::{Series, Sum},
    zone::{LocalTime, Zone},
};
use chrono::NaiveTime;

const DAY: i64 = 86_400;

/// How the budget is reckoned at any instant of a window.
struct Measure<'a> {
    frame: &'a Frame,
    budget: f64,
    /// All that may be bad at the end of the line; before, where the series is younger than the
    /// window then was, too.
    allowed: f64,
    first_s: i64,
}

impl<'a> Measure<'a> {
    /// `None` where there is no budget or nothing was counted.
    fn of(objective: &Objective, series: &Series, frame: &'a Frame) -> Option<Self> {
        let budget = objective.draft.target.budget();
        let sum = series.sum(frame.from_s, frame.until_s);
        let allowed = budget * frame.reference.unwrap_or(sum.total);
        (allowed > 0.0 && sum.total > 0.0).then(|| Self { frame, budget, allowed, first_s: series.first_s().unwrap_or(frame.from_s) })
    }

    /// What was left at an instant, from what was counted until then and until its window began.
    fn left(&self, at_s: i64, until: &Sum, begun: &Sum) -> f64 {
        let counted = until.minus(*begun);
        let is_whole = self.frame.rolling && self.first_s <= at_s - self.frame.length_s();
        let allowed = if is_whole { self.budget * counted.total } else { self.allowed };
        if allowed > 0.0 { 1.0 - counted.bad / allowed } else { 1.0 }
    }

    fn begins(&self, at_s: i64) -> i64 {
        if self.frame.rolling { at_s - self.frame.length_s() } else { self.frame.from_s }
    }
}

/// What was left over a window, with every step's edges and both extremes of each part: at most
/// about `points` points. Absent in gaps. Its last point is what the report says.
///
/// With a rolling window it rises when old errors leave; with a calendar window it only falls,
/// unless the objective's basis is what was observed so far.
pub fn left_line(objective: &Objective, series: &Series, frame: &Frame, points: usize) -> Vec<Left> {
    left_between(objective, series, frame, (frame.from_s, frame.until_s), points)
}

/// The same line over a part of its window, for a closer look.
pub fn left_between(objective: &Objective, series: &Series, frame: &Frame, (from_s, until_s): (i64, i64), points: usize) -> Vec<Left> {
    let (from_s, until_s) = (from_s.max(frame.from_s), until_s.min(frame.until_s));
    let Some(measure) = Measure::of(objective, series, frame).filter(|_| from_s < until_s) else { return vec![] };
    let mut thin = Thin::new(from_s, until_s, points);
    let mut known_until = from_s;
    let slack = objective.draft.slice_s;
    for piece in series.pieces(from_s, until_s) {
        if piece.start_s - known_until >= slack {
            thin.gap(known_until);
        }
        let at_s = piece.end_s().min(until_s);
        known_until = at_s;
        thin.point(at_s, measure.left(at_s, &series.until(piece.start_s + 1), &series.until(measure.begins(at_s))));
    }
    if until_s - known_until >= slack {
        thin.gap(known_until);
    }
    thin.finish()
}

/// What was left at even steps over a window; absent where the step before was not measured.
pub fn spark(objective: &Objective, series: &Series, frame: &Frame, points: usize) -> Vec<Option<f64>> {
    let Some(measure) = Measure::of(objective, series, frame) else { return vec![None; points] };
    let count = i64::try_from(points.max(1)).unwrap_or(1);
    let span = frame.to_s - frame.from_s;
    let step = |n: i64| frame.from_s + span * n / count;
    (1..=count)
        .map(|n| {
            let (from_s, to_s) = (step(n - 1), step(n));
            let measured = from_s < frame.until_s && series.sum(from_s, to_s.min(frame.until_s)).measured_s > 0;
            let at_s = to_s.min(frame.until_s);
            measured.then(|| measure.left(at_s, &series.until(at_s), &series.until(measure.begins(at_s))))
        })
        .collect()
}

/// What each day of a window spent. Days are those of the zone, so one may have 23 or 25 hours;
/// the first and the last are cut by the window. Together they spend what the report says.
pub fn days(objective: &Objective, series: &Series, frame: &Frame, zone: &dyn Zone) -> Vec<Day> {
    let measure = Measure::of(objective, series, frame);
    let mut days = Vec::new();
    let mut from_s = frame.from_s;
    while from_s < frame.until_s {
        let to_s = next_midnight(from_s, zone).min(frame.until_s);
        let sum = series.sum(from_s, to_s);
        let spent_ratio = measure.as_ref().filter(|_| sum.measured_s > 0).map(|measure| sum.bad / measure.allowed);
        days.push(Day { from: at(from_s), to: at(to_s), spent_ratio, coverage: series.coverage(from_s, to_s) });
        from_s = to_s;
    }
    days
}

fn next_midnight(from_s: i64, zone: &dyn Zone) -> i64 {
    let tomorrow = LocalTime::new(zone.local(at(from_s)).day(), NaiveTime::MIN).plus_days(1);
    let next = tomorrow.map_or(from_s + DAY, |midnight| zone.utc(midnight).epoch_secs());
    if next > from_s { next } else { from_s + DAY }
}

/// Where nothing was measured, leaving out what is shorter than a slice.
pub fn gaps(series: &Series, frame: &Frame) -> Vec<Gap> {
    let gaps = series.gaps(frame.from_s, frame.until_s).into_iter();
    gaps.filter(|(from, to)| to - from >= series.slice_s()).map(|(from, to)| Gap { from: at(from), to: at(to) }).collect()
}

/// Keeps of each part of a line its first, lowest, highest and last point.
struct Thin {
    from_s: i64,
    span_s: i64,
    parts: i64,
    part: i64,
    kept: [Option<(i64, f64)>; 4],
    line: Vec<Left>,
}

impl Thin {
    fn new(from_s: i64, until_s: i64, points: usize) -> Self {
        let parts = i64::try_from(points / 4).unwrap_or(1).max(1);
        Self { from_s, span_s: (until_s - from_s).max(1), parts, part: 0, kept: [None; 4], line: vec![] }
    }

    fn point(&mut self, at_s: i64, ratio: f64) {
        let part = (at_s - self.from_s) * self.parts / self.span_s;
        if part != self.part {
            self.flush();
            self.part = part;
        }
        let [first, lowest, highest, last] = &mut self.kept;
        let point = Some((at_s, ratio));
        *first = first.or(point);
        *lowest = lowest.filter(|known| known.1 <= ratio).or(point);
        *highest = highest.filter(|known| known.1 >= ratio).or(point);
        *last = point;
    }

    fn flush(&mut self) {
        let mut kept: Vec<(i64, f64)> = std::mem::take(&mut self.kept).into_iter().flatten().collect();
        kept.sort_by_key(|(at_s, _)| *at_s);
        kept.dedup_by_key(|(at_s, _)| *at_s);
        self.line.extend(kept.into_iter().map(|(at_s, ratio)| Left { at: at(at_s), ratio: Some(ratio) }));
    }

    fn gap(&mut self, from_s: i64) {
        self.flush();
        self.line.push(Left { at: at(from_s), ratio: None });
    }

    fn finish(mut self) -> Vec<Left> {
        self.flush();
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{calendar::Window, tests::DAY, tests::*},
        *,
    };

    #[test]
    fn the_line_rises_when_an_old_incident_leaves() {
        let objective = with(|draft| draft.windows = vec![Window::rolling_days(7)]);
        // 4,032 are allowed in a week. 2,016 were bad ten days ago, so they left three days ago.
        let bad = |start: i64| if (NOW_S - 10 * DAY..NOW_S - 10 * DAY + 300).contains(&start) { 2_000.0 } else { 0.0 };
        let series = a_series(&objective, &slices(NOW_S - 30 * DAY, NOW_S, bad));
        let line = left_line(&objective, &series, &frame_of(&objective, &series), 4_000);
        let left = |at_s: i64| line.iter().rev().find(|left| left.at <= at(at_s)).and_then(|left| left.ratio).expect("it was measured");
        near(left(NOW_S - 4 * DAY), 1.0 - 2_000.0 / 4_032.0);
        near(left(NOW_S - 2 * DAY), 1.0);
        // A closer look at a part is the same line with more of its points.
        let frame = frame_of(&objective, &series);
        let near_by = left_between(&objective, &series, &frame, (NOW_S - 4 * DAY, NOW_S - 4 * DAY + 3_600), 4_000);
        assert_eq!(near_by.len(), 12);
        near(near_by[11].ratio.expect("it was measured"), left(NOW_S - 4 * DAY + 3_600));
        assert!(left_between(&objective, &series, &frame, (NOW_S + 1, NOW_S + DAY), 100).is_empty());
    }
}
