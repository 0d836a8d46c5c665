//! Answers, as good and total per slice.
//!
//! What is missing stays missing: a slice without a sample, or with one that is no number, has no
//! reading. A slice in which nothing happened has one of 0 of 0.

use super::{
    Client,
    answer::{Point, Series},
    asking::{AskError, Meaning, Plan},
};
use std::collections::BTreeMap;

/// What one closed slice `[start_s, start_s + width_s)` holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Seconds since 1970.
    pub start_s: i64,
    pub width_s: i64,
    /// From 0 to `total`.
    pub good: f64,
    pub total: f64,
    /// More good than there were, or less than none: cut to what can be.
    pub is_good_over_total: bool,
}

/// The readings of a range, oldest first, without the gaps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    pub readings: Vec<Reading>,
    /// How many slices were asked for.
    pub expected: usize,
    /// The source has been at zero for a day: it may never have counted anything, so that nothing
    /// good is no outage.
    pub is_suspect_zero: bool,
}

impl Measured {
    pub fn good(&self) -> f64 {
        self.readings.iter().map(|reading| reading.good).sum()
    }

    pub fn total(&self) -> f64 {
        self.readings.iter().map(|reading| reading.total).sum()
    }

    pub fn is_good_over_total(&self) -> bool {
        self.readings.iter().any(|reading| reading.is_good_over_total)
    }
}

/// Estimates of one and the same thing differ in their last digits; more than this is a difference.
const TOLERANCE: f64 = 1e-6;

/// Reads the whole slices between `from_s` and `to_s`; slices begin at multiples of their width.
pub async fn read(client: &Client, plan: &Plan, from_s: i64, to_s: i64) -> Result<Measured, AskError> {
    let width = plan.width_secs;
    let (from_s, to_s) = (from_s + (-from_s).rem_euclid(width), to_s - to_s.rem_euclid(width));
    if to_s <= from_s {
        return Ok(Measured::default());
    }
    let asked = |expr: String| async move { client.query_range(&expr, from_s + plan.step_secs, to_s, plan.step_secs).await };
    let (numerator, total) = match &plan.meaning {
        Meaning::Good { total } | Meaning::Bad { total } => {
            let (numerator, total) = tokio::try_join!(asked(plan.numerator.clone()), asked(total.clone()))?;
            (numerator, total)
        }
        Meaning::Compared { .. } => (asked(plan.numerator.clone()).await?, Vec::new()),
    };
    let mut measured = fold(plan, &numerator, &total, from_s, to_s)?;
    if looks_dead(plan, &measured, &numerator)
        && let Some(ever) = &plan.ever
    {
        let yielded = client.query(ever, to_s).await?;
        measured.is_suspect_zero = yielded.first().and_then(|sample| sample.point).is_some_and(|point| point.value == 0.0);
    }
    Ok(measured)
}

/// Whether it is worth asking if the source ever counted.
fn looks_dead(plan: &Plan, measured: &Measured, numerator: &[Series]) -> bool {
    let has_no_good = !measured.readings.is_empty() && measured.readings.iter().all(|reading| reading.good == 0.0);
    match plan.meaning {
        Meaning::Good { .. } | Meaning::Bad { .. } => has_no_good,
        // A value of zero is suspect only where zero is bad.
        Meaning::Compared { .. } => has_no_good && numerator.iter().flat_map(|series| &series.points).all(|point| point.value == 0.0),
    }
}

/// Makes readings of the slices between `from_s` and `to_s` out of what was answered.
pub fn fold(plan: &Plan, numerator: &[Series], total: &[Series], from_s: i64, to_s: i64) -> Result<Measured, AskError> {
    let numerator = by_instant(numerator)?;
    let total = by_instant(total)?;
    let slices = (from_s..to_s).step_by(plan.width_secs.max(1) as usize);
    let expected = slices.clone().count();
    let readings = slices.filter_map(|start_s| {
        // The instants whose values make up this slice; several where a rule records shorter windows.
        let ends = (1..=plan.width_secs / plan.step_secs).map(|step| start_s + step * plan.step_secs);
        let reading = |good, total, is_good_over_total| Reading { start_s, width_s: plan.width_secs, good, total, is_good_over_total };
        match plan.meaning {
            Meaning::Compared { op, threshold } => {
                let value = *numerator.get(&(start_s + plan.width_secs))?;
                (!value.is_nan()).then(|| reading(if op.holds(value, threshold) { 1.0 } else { 0.0 }, 1.0, false))
            }
            Meaning::Good { .. } | Meaning::Bad { .. } => {
                let all = sum(&total, ends.clone())?;
                // Of nothing nothing is good, also where a fraction of nothing is no number.
                let part = if all == 0.0 { sum(&numerator, ends).unwrap_or(0.0) } else { sum(&numerator, ends)? };
                let good = if matches!(plan.meaning, Meaning::Bad { .. }) { all - part } else { part };
                let (kept_total, kept_good) = (all.max(0.0), good.clamp(0.0, all.max(0.0)));
                let is_over = all < 0.0 || (good - kept_good).abs() > TOLERANCE * kept_total.max(1.0);
                Some(reading(kept_good, kept_total, is_over))
            }
        }
    });
    Ok(Measured { readings: readings.collect(), expected, is_suspect_zero: false })
}

/// The sum over all instants; `None` when one is missing or cannot be counted.
fn sum(values: &BTreeMap<i64, f64>, ends: impl Iterator<Item = i64>) -> Option<f64> {
    ends.map(|end| values.get(&end).copied().filter(|value| value.is_finite())).sum()
}

/// The values of the one series there may be.
fn by_instant(series: &[Series]) -> Result<BTreeMap<i64, f64>, AskError> {
    match series {
        [] => Ok(BTreeMap::new()),
        [only] => Ok(only.points.iter().map(|Point { at_ms, value }| (at_ms.div_euclid(1_000), *value)).collect()),
        several => Err(AskError::ManySeries(several.len())),
    }
}
