//! When a budget runs out, and when one that is spent comes back.
//!
//! Three answers are in use for the first question and they differ: a full budget at this pace,
//! what is left at this pace, and the forecast that knows that old errors leave a rolling window
//! while new ones enter. Each is named, none stands for another. Nothing is forecast from less than
//! three days of readings, or while too little is measured to say how things stand.

use super::{
    frame::{Frame, at},
    objective::{COARSE_S, FINE_S},
    report::{BudgetReport, Exhaustion, Left, Standing},
    series::{Cursor, Series, Sum},
};
use crate::domain::time::Timestamp;

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
const WEEK: i64 = 7 * DAY;
/// The pace of a forecast, and the two that say how sure it is.
const PACE_S: i64 = 6 * HOUR;
const QUICK_PACE_S: i64 = HOUR;
const SLOW_PACE_S: i64 = 3 * DAY;
/// From less nobody can tell what is usual.
pub const LEAST_S: i64 = 3 * DAY;
/// How finely the future is looked at: an hour for 30 days.
const STEPS: i64 = 720;

/// The coming time in even steps: what leaves the window, and how much traffic is expected. It is
/// made once and walked at any pace.
pub struct Ahead {
    /// The end of what is measured.
    from_s: i64,
    step_s: i64,
    /// Bad and all that will have left after each step; empty for a fixed period.
    left: Vec<(f64, f64)>,
    /// Traffic that will have come after each step.
    came: Vec<f64>,
    /// All of a fixed period.
    reference: Option<f64>,
}

impl Ahead {
    /// `None` where there is nothing ahead, or nothing to tell it from.
    #[allow(clippy::cast_precision_loss)] // seconds and steps
    pub fn of(series: &Series, frame: &Frame) -> Option<Self> {
        let from_s = frame.watermark_s?;
        if series.until(from_s).measured_s < LEAST_S {
            return None;
        }
        let horizon = if frame.rolling { frame.length_s() } else { frame.to_s - from_s };
        if horizon <= 0 {
            return None;
        }
        let step_s = step_of(horizon, series.slice_s());
        let steps = horizon / step_s;
        let mut came = Vec::with_capacity(usize::try_from(steps).unwrap_or(0));
        let mut left = Vec::with_capacity(if frame.rolling { came.capacity() } else { 0 });
        let usual = Usual::of(series, from_s);
        let first = series.until(frame.from_s);
        let mut traffic = 0.0;
        // Both go through the past step by step, each at a place of its own.
        let (mut usually, mut leaving) = (series.cursor(), series.cursor());
        for step in 0..steps {
            traffic += usual.traffic(&mut usually, from_s + step * step_s, step_s);
            came.push(traffic);
            if frame.rolling {
                let gone = leaving.until(frame.from_s + (step + 1) * step_s).minus(first);
                left.push((gone.bad, gone.total));
            }
        }
        Some(Self { from_s, step_s, left, came, reference: frame.reference })
    }

    /// What will be left after each step when this share of the traffic is bad. `changed` are
    /// corrections of what is in the window: when they leave it, and how much bad and all.
    fn walk<'a>(
        &'a self,
        now: &'a Sum,
        budget: f64,
        error_ratio: f64,
        changed: &'a [(i64, f64, f64)],
        frame: &'a Frame,
    ) -> impl Iterator<Item = (i64, f64)> + 'a {
        let mut changes = changed.iter().peekable();
        let (mut changed_bad, mut changed_total) = (0.0, 0.0);
        let steps = (1..).zip(&self.came).enumerate();
        steps.map(move |(place, (step, came))| {
            let mut bad = now.bad + came * error_ratio;
            let mut total = now.total + came;
            if let Some((gone_bad, gone_total)) = self.left.get(place) {
                bad -= gone_bad;
                total -= gone_total;
                let edge = frame.from_s + step * self.step_s;
                while let Some((_, bad, total)) = changes.next_if(|(start, ..)| *start < edge) {
                    changed_bad += bad;
                    changed_total += total;
                }
                bad -= changed_bad;
                total -= changed_total;
            }
            (self.from_s + step * self.step_s, remaining(bad.max(0.0), budget * self.reference.unwrap_or(total)))
        })
    }

    /// The first instant at which what is left crosses zero: downwards while something is left,
    /// upwards otherwise.
    #[allow(clippy::cast_possible_truncation)] // within a step
    pub fn crosses(&self, now: &Sum, budget: f64, error_ratio: f64, changed: &[(i64, f64, f64)], frame: &Frame) -> Option<i64> {
        let mut before = remaining(now.bad, budget * self.reference.unwrap_or(now.total));
        let falls = before > 0.0;
        for (at_s, after) in self.walk(now, budget, error_ratio, changed, frame) {
            if (after > 0.0) != falls {
                // Within a step it is taken to be straight; both ends are finite or it is the end.
                let part = before / (before - after);
                let part = if part.is_finite() { part.clamp(0.0, 1.0) } else { 1.0 };
                #[allow(clippy::cast_precision_loss)]
                return Some(at_s - self.step_s + (part * self.step_s as f64).ceil() as i64);
            }
            before = after;
        }
        None
    }

    /// What will be left if this share of the traffic is bad, in at most about `points` steps,
    /// until `horizon_s` after what is measured.
    pub fn line(&self, now: &Sum, budget: f64, error_ratio: f64, frame: &Frame, horizon_s: i64, points: usize) -> Vec<Left> {
        let steps = usize::try_from(horizon_s / self.step_s).unwrap_or(0).min(self.came.len());
        let every = steps.div_ceil(points.max(1)).max(1);
        let start = Left { at: at(self.from_s), ratio: Some(remaining(now.bad, budget * self.reference.unwrap_or(now.total))) };
        let ahead = self.walk(now, budget, error_ratio, &[], frame).take(steps).enumerate();
        let ahead = ahead.filter(|(place, _)| (place + 1) % every == 0 || place + 1 == steps);
        std::iter::once(start).chain(ahead.map(|(_, (at_s, ratio))| Left { at: at(at_s), ratio: Some(ratio) })).collect()
    }
}

/// About [`STEPS`] of them, each as long as some whole slices, fine and merged ones: a step that
/// cuts through slices holds now one more of them and now one less than its time is worth.
fn step_of(horizon_s: i64, slice_s: i64) -> i64 {
    let whole = (1..=COARSE_S).map(|times| slice_s.max(1) * times).find(|whole| whole % COARSE_S == 0).unwrap_or(COARSE_S);
    // A horizon shorter than that is looked at slice by slice.
    let whole = if whole > horizon_s { slice_s.max(FINE_S) } else { whole };
    ((horizon_s / STEPS).max(1) + whole - 1) / whole * whole
}

fn remaining(bad: f64, allowed: f64) -> f64 {
    if allowed > 0.0 {
        1.0 - bad / allowed
    } else if bad > 0.0 {
        f64::NEG_INFINITY
    } else {
        1.0
    }
}

/// Traffic as it was a week before.
struct Usual {
    from_s: i64,
    /// In the unit of the method, each second, where that hour was not measured.
    rate: f64,
    /// With methods that count time, every second has the same.
    even: bool,
}

impl Usual {
    #[allow(clippy::cast_precision_loss)] // seconds
    fn of(series: &Series, from_s: i64) -> Self {
        if series.method().counts_time() {
            return Self { from_s, rate: 1.0 / series.slice_s() as f64, even: true };
        }
        let week = series.sum(from_s - WEEK, from_s);
        let rate = if week.measured_s > 0 { week.total_raw / week.measured_s as f64 } else { 0.0 };
        Self { from_s, rate, even: false }
    }

    #[allow(clippy::cast_precision_loss)] // seconds
    fn traffic(&self, series: &mut Cursor<'_>, from_s: i64, for_s: i64) -> f64 {
        let even = self.rate * for_s as f64;
        if self.even {
            return even;
        }
        // The latest time of the same weekday that is wholly past.
        let weeks = (from_s + for_s - self.from_s + WEEK - 1).div_euclid(WEEK).max(1);
        let then = series.sum(from_s - weeks * WEEK, from_s - weeks * WEEK + for_s);
        // What was left out then comes again like any other time: the raw count is what is usual.
        if then.measured_s * 10 >= for_s * 9 { then.total_raw } else { even }
    }
}

/// The pace that a forecast takes, as a sum; corrections of it may be added.
pub fn steady(series: &Series, frame: &Frame) -> (i64, Sum) {
    let until = frame.watermark_s.unwrap_or(frame.until_s);
    (until - PACE_S, series.sum(until - PACE_S, until))
}

/// The traffic that is expected in the next `for_s` seconds.
pub fn expected(series: &Series, frame: &Frame, for_s: i64) -> f64 {
    let from_s = frame.watermark_s.unwrap_or(frame.until_s);
    Usual::of(series, from_s).traffic(&mut series.cursor(), from_s, for_s)
}

/// The pace of the last span before what is measured ends; `None` where it counted nothing.
fn pace(series: &Series, frame: &Frame, for_s: i64) -> Option<f64> {
    let until = frame.watermark_s?;
    series.sum(until - for_s, until).error_ratio()
}

/// All three answers, and when it comes back.
#[allow(clippy::cast_precision_loss)] // seconds
pub fn exhaustion(series: &Series, frame: &Frame, budget: f64, now: Timestamp) -> Exhaustion {
    let sum = series.sum(frame.from_s, frame.until_s);
    let mut said = Exhaustion::default();
    if budget <= 0.0 || sum.total <= 0.0 {
        return said;
    }
    let left = remaining(sum.bad, budget * frame.reference.unwrap_or(sum.total));
    let length = frame.length_s() as f64;
    let steady = pace(series, frame, PACE_S);
    if let Some(burn) = steady.map(|errors| errors / budget).filter(|burn| *burn > 0.0) {
        said.full_budget_s = Some(length / burn);
        said.remaining_budget_s = Some((left * length / burn).max(0.0));
    }
    if !frame.rolling && series.until(frame.until_s).measured_s >= LEAST_S {
        let elapsed = (frame.until_s - frame.from_s) as f64;
        // Where nobody knows how much a whole period counts, what is allowed grows with what is spent.
        let grows = if frame.reference.is_some() { length / elapsed } else { 1.0 };
        said.projected_end_ratio = (elapsed > 0.0).then_some(1.0 - (1.0 - left) * grows);
    }
    let Some(ahead) = Ahead::of(series, frame) else { return said };
    // What lies before now has not happened, or it would have been measured.
    let instant = |secs: i64| at(secs).max(now);
    if left <= 0.0 {
        said.recovers_at = ahead.crosses(&sum, budget, 0.0, &[], frame).map(instant);
        return said;
    }
    let crosses = |for_s: i64| pace(series, frame, for_s).and_then(|errors| ahead.crosses(&sum, budget, errors, &[], frame)).map(instant);
    said.forecast_at = crosses(PACE_S);
    let others = [said.forecast_at, crosses(QUICK_PACE_S), crosses(SLOW_PACE_S)];
    said.earliest_at = others.iter().flatten().min().copied();
    said.latest_at = if others.iter().all(Option::is_some) { others.iter().flatten().max().copied() } else { None };
    said
}

/// What will be left from now on: at this pace, or for what is spent if no more errors came.
/// Empty where nothing can be forecast.
pub fn line(report: &BudgetReport, series: &Series, frame: &Frame, budget: f64, horizon_s: i64, points: usize) -> Vec<Left> {
    let sum = series.sum(frame.from_s, frame.until_s);
    if budget <= 0.0 || sum.total <= 0.0 || report.state == Standing::NotMeasured {
        return vec![];
    }
    let left = remaining(sum.bad, budget * frame.reference.unwrap_or(sum.total));
    let errors = if left > 0.0 { pace(series, frame, PACE_S).unwrap_or(0.0) } else { 0.0 };
    Ahead::of(series, frame).map_or_else(Vec::new, |ahead| ahead.line(&sum, budget, errors, frame, horizon_s, points))
}

#[cfg(test)]
mod tests {
    use super::super::{
        calendar::Window,
        report::Standing,
        series::Slice,
        tests::*,
        tests::{DAY, HOUR},
    };

    #[test]
    fn burning_through_makes_a_budget_low_however_much_is_left() {
        // Nothing was bad until six hours ago; since then 8 of 2,000, which is four times the budget.
        let series = with_outage(NOW_S - 6 * HOUR, NOW_S, 8.0);
        let report = report_of(&an_objective(), &series);
        // 72 slices spent 576 of 17,280; 16,704 are left. Each hour spends 96 and old hours leave
        // nothing, so after 174 hours it is gone: seven days and six hours.
        let gone = report.exhaustion.forecast_at.expect("it runs out").epoch_secs();
        assert!((gone - NOW_S - 174 * HOUR).abs() < 5, "{}", (gone - NOW_S) as f64 / 3_600.0);
        assert_eq!(report.state, Standing::Low);
        near(report.exhaustion.full_budget_s.expect("it burns"), 30.0 * 86_400.0 / 4.0);
        near(report.exhaustion.remaining_budget_s.expect("it burns"), 30.0 * 86_400.0 / 4.0 * (16_704.0 / 17_280.0));
        // Over three days it burned a twelfth of that, which lasts.
        assert_eq!((report.exhaustion.earliest_at, report.exhaustion.latest_at), (report.exhaustion.forecast_at, None));
        assert_eq!(report.words, "42 min left; runs out on 27 November at this pace.");
    }

    #[test]
    fn the_forecast_takes_last_weeks_traffic() {
        // By day 3,000 events a slice, at night 1,000; one bad in two hundred for six hours of day.
        let traffic = |start: i64| if start.rem_euclid(DAY) < 12 * HOUR { 1_000.0 } else { 3_000.0 };
        let noon = NOW_S - NOW_S.rem_euclid(DAY) - 6 * HOUR;
        let bad = |start: i64| if start >= noon { traffic(start) / 200.0 } else { 0.0 };
        let all: Vec<Slice> = slices(NOW_S - 30 * DAY, NOW_S, |_| 0.0)
            .into_iter()
            .map(|slice| Slice { good: traffic(slice.start_s) - bad(slice.start_s), total: traffic(slice.start_s), ..slice })
            .collect();
        let report = report_of(&an_objective(), &a_series(&an_objective(), &all));
        // Step by step with the same rule: what is left after hour h, every hour counted alone.
        let spent: f64 = all.iter().map(|slice| slice.total - slice.good).sum();
        let (mut bad_by, mut total) = (spent, all.iter().map(|slice| slice.total).sum::<f64>());
        let mut hours = 0;
        while 1.0 - bad_by / (0.001 * total) > 0.0 {
            let hour = |from: i64| (0..12).map(|n| traffic(from + n * 300)).sum::<f64>();
            let came = hour(NOW_S + hours * HOUR);
            bad_by += came / 200.0;
            total += came - hour(NOW_S - 30 * DAY + hours * HOUR);
            hours += 1;
        }
        let found = report.exhaustion.forecast_at.expect("it runs out").epoch_secs();
        assert!(found > NOW_S + (hours - 1) * HOUR && found <= NOW_S + hours * HOUR, "{} and {hours}", (found - NOW_S) / HOUR);
    }

    #[test]
    fn a_forecast_takes_whole_slices_whatever_the_window() {
        for days in [1, 7, 14, 28, 30, 90] {
            for slice_s in [60, 120, 300, 3_600] {
                let step_s = super::step_of(days * DAY, slice_s);
                assert!(step_s % 300 == 0 && step_s % slice_s == 0 && days * DAY / step_s <= 720, "{days} days in slices of {slice_s}: {step_s}");
            }
        }
        assert_eq!((super::step_of(600, 60), super::step_of(120, 60), super::step_of(30 * DAY, 300)), (300, 60, HOUR));
        // Seven days of even traffic, a fifth of the budget spent at once, and from then on twice the
        // pace at which it lasts: four fifths are gone after four fifths of half a window.
        let objective = with(|draft| draft.windows = vec![Window::Rolling { seconds: 7 * DAY }]);
        let spent = |start: i64| match start - NOW_S {
            -259_200..-255_600 => 0.2 * 2_016.0 * 2.0 / 12.0,
            -21_600..0 => 4.0,
            _ => 0.0,
        };
        let report = report_of(&objective, &a_series(&objective, &slices(NOW_S - 21 * DAY, NOW_S, spent)));
        let left = 1.0 - report.tally.consumed_ratio.expect("it is counted");
        let gone = report.exhaustion.forecast_at.expect("it runs out").epoch_secs() - NOW_S;
        // Nothing bad leaves before then, so every second spends two budgets of a week's seconds.
        assert!((gone as f64 - left * 3.5 * DAY as f64).abs() < 2.0, "{gone} s with {left} left");
    }

    #[test]
    fn a_first_period_is_not_projected_by_the_clock() {
        // Half of what is allowed, evenly: after a tenth of the period and at its end half is left.
        let objective = with(|draft| draft.windows = vec![Window::calendar(crate::domain::slo::calendar::Unit::Month, 1, "UTC")]);
        let begins = report_of(&objective, &a_series(&objective, &slices(NOW_S - 300, NOW_S, |_| 0.0))).window.from.epoch_secs();
        let report = report_of(&objective, &a_series(&objective, &slices(begins, NOW_S, |_| 1.0)));
        near(report.exhaustion.projected_end_ratio.expect("it is old enough"), report.tally.remaining_ratio.expect("it is counted"));
        assert_eq!(report.state, Standing::Within);
    }

    #[test]
    fn nothing_is_forecast_from_less_than_three_days() {
        let objective = with(|draft| draft.windows = vec![Window::Rolling { seconds: 2 * DAY }]);
        let series = a_series(&objective, &slices(NOW_S - 2 * DAY, NOW_S, |_| 4.0));
        let report = report_of(&objective, &series);
        assert_eq!((report.state, report.exhaustion.forecast_at, report.exhaustion.recovers_at), (Standing::Overspent, None, None));
        assert_eq!(report.words, "2.9 min over.");
    }
}
