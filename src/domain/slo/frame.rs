//! Where an objective's window lies at an instant, and what was counted in it.
//!
//! A window ends where measuring ends, so that the minute that is not read yet is not taken for a
//! gap. When readings stay away for long it goes on to now: what is missing then counts as missing.

use super::{
    calendar::Window,
    objective::{Basis, COVERAGE_FLOOR, Objective},
    report::{BudgetReport, Flag, Tally},
    series::{Series, Sum},
    zone::Zone,
};
use crate::domain::time::Timestamp;

/// Readings are late when none came for this long, or for [`STALE_SLICES`] if that is longer.
pub const STALE_S: i64 = 600;
const STALE_SLICES: i64 = 3;

/// What windows are called in reports.
pub const ROLLING: &str = "rolling";
pub const CALENDAR: &str = "calendar";

/// An instant from whole seconds since 1970.
pub const fn at(secs: i64) -> Timestamp {
    Timestamp::from_micros(secs.saturating_mul(1_000_000))
}

/// How long no reading has to come before readings are late.
pub fn stale_after_s(slice_s: i64) -> i64 {
    STALE_S.max(STALE_SLICES * slice_s)
}

/// One window at an instant, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    pub from_s: i64,
    /// Up to here it is counted; with a calendar window often before its end.
    pub until_s: i64,
    pub to_s: i64,
    /// The end of the last measured slice.
    pub watermark_s: Option<i64>,
    /// No reading came for some time.
    pub stale: bool,
    pub rolling: bool,
    /// What a fixed period is expected to count in all; absent where only what was counted counts.
    pub reference: Option<f64>,
}

impl Frame {
    pub fn of(objective: &Objective, series: &Series, window: &Window, now: Timestamp, zone: &dyn Zone) -> Self {
        let now_s = now.epoch_secs();
        let watermark_s = series.watermark(now_s);
        let stale = watermark_s.is_none_or(|watermark| now_s - watermark > stale_after_s(objective.draft.slice_s));
        let measured_until = watermark_s.filter(|_| !stale).unwrap_or(now_s);
        // The last measured slice belongs to the period in which it began.
        let bounds = match window {
            Window::Rolling { .. } => window.bounds(at(measured_until), zone),
            Window::Calendar { .. } => window.bounds(at(measured_until - 1), zone),
        };
        let rolling = matches!(window, Window::Rolling { .. });
        let (from_s, to_s) = (bounds.from.epoch_secs(), bounds.to.epoch_secs());
        let mut frame = Self { from_s, until_s: to_s.min(measured_until), to_s, watermark_s, stale, rolling, reference: None };
        if !rolling {
            frame.reference = reference(objective, series, window, &frame, zone);
        }
        frame
    }

    /// The frame that a report was made of, wherever it is read: the browser knows no zone but
    /// universal time, and need not.
    pub fn of_report(report: &BudgetReport, budget: f64) -> Self {
        let rolling = report.window.kind == ROLLING;
        let (from_s, to_s) = (report.window.from.epoch_secs(), report.window.to.epoch_secs());
        let stale = report.watermark.is_none() || report.flags.contains(&Flag::Stale);
        let measured_until = report.watermark.filter(|_| !stale).unwrap_or(report.at).epoch_secs();
        let counted = (!rolling && budget > 0.0).then(|| report.tally.allowed_bad / budget);
        Self {
            from_s,
            until_s: to_s.min(measured_until),
            to_s,
            watermark_s: report.watermark.map(Timestamp::epoch_secs),
            stale,
            rolling,
            reference: counted.filter(|counted| *counted > report.tally.total),
        }
    }

    pub fn length_s(&self) -> i64 {
        self.to_s - self.from_s
    }
}

/// What a calendar window's whole period is taken to count: never less than it did already.
#[allow(clippy::cast_precision_loss)] // seconds
fn reference(objective: &Objective, series: &Series, window: &Window, frame: &Frame, zone: &dyn Zone) -> Option<f64> {
    if objective.draft.basis == Basis::Observed {
        return None;
    }
    let observed = series.sum(frame.from_s, frame.until_s).total;
    if objective.draft.method.counts_time() {
        return Some((frame.length_s() as f64 / objective.draft.slice_s as f64).max(observed));
    }
    let before = window.before(at(frame.from_s), zone)?;
    let (from_s, to_s) = (before.from.epoch_secs(), before.to.epoch_secs());
    if series.coverage(from_s, to_s) < COVERAGE_FLOOR {
        return None;
    }
    // A short month and a long one are compared by the second.
    let last = series.sum(from_s, to_s).total * frame.length_s() as f64 / (to_s - from_s) as f64;
    (last > 0.0).then(|| last.max(observed))
}

/// The budget that a count leaves. `reference` is what is expected in all, where that is known.
pub fn tally(bad: f64, total: f64, budget: f64, reference: Option<f64>) -> Tally {
    let allowed_bad = budget * reference.unwrap_or(total);
    let consumed = (total > 0.0 && allowed_bad > 0.0).then(|| bad / allowed_bad);
    Tally {
        good: total - bad,
        bad,
        total,
        sli: (total > 0.0).then(|| (total - bad) / total),
        allowed_bad,
        consumed_ratio: consumed,
        remaining_ratio: consumed.map(|consumed| 1.0 - consumed),
    }
}

/// What would be left if everything unmeasured had been bad, and if it had been good.
#[allow(clippy::cast_precision_loss)] // seconds
pub fn bounds(objective: &Objective, series: &Series, frame: &Frame, sum: &Sum, budget: f64) -> (Option<f64>, Option<f64>) {
    let measured = sum.measured_s - sum.excluded_s;
    if measured <= 0 || sum.total <= 0.0 || budget <= 0.0 {
        return (None, None);
    }
    let missing = missing(objective, series, frame, sum);
    let counted = frame.reference.unwrap_or(sum.total + missing);
    let left = |bad: f64| Some(1.0 - bad / (budget * counted));
    (left(sum.bad + missing), left(sum.bad))
}

/// How many the unmeasured time of a window would have counted. With events it is taken to have
/// been as busy as the measured.
#[allow(clippy::cast_precision_loss)] // seconds
fn missing(objective: &Objective, series: &Series, frame: &Frame, sum: &Sum) -> f64 {
    let measured = sum.measured_s - sum.excluded_s;
    let span = frame.until_s - frame.from_s - series.excluded_s(frame.from_s, frame.until_s);
    let missing_s = (span - measured).max(0) as f64;
    if objective.draft.method.counts_time() {
        return missing_s / objective.draft.slice_s as f64;
    }
    if measured > 0 { missing_s * (sum.total / measured as f64) } else { 0.0 }
}

/// Whether so much of a rolling window is missing that what was measured cannot stand for it. A
/// fixed period that goes on counts what it has so far.
pub fn is_part(frame: &Frame, coverage: f64) -> bool {
    frame.rolling && coverage < COVERAGE_FLOOR
}

/// How many may be bad in the whole window, which is what a single outage is held against: of a
/// window of which only a part is measured, the rest is taken to count as that part does. Above
/// the floor it is what is allowed of what was counted, so that it agrees with what is left.
pub fn allowed_in_all(objective: &Objective, series: &Series, frame: &Frame, budget: f64) -> f64 {
    let sum = series.sum(frame.from_s, frame.until_s);
    let is_part = is_part(frame, series.coverage(frame.from_s, frame.until_s));
    let missing = if is_part { missing(objective, series, frame, &sum) } else { 0.0 };
    budget * frame.reference.unwrap_or(sum.total + missing)
}

/// A budget as time. For events it is an analogy: minutes in which everything failed.
#[allow(clippy::cast_precision_loss)] // seconds
pub fn budget_minutes(objective: &Objective, frame: &Frame, budget: f64, allowed_bad: f64) -> f64 {
    if objective.draft.method.counts_time() { allowed_bad * objective.draft.slice_s as f64 / 60.0 } else { budget * frame.length_s() as f64 / 60.0 }
}
