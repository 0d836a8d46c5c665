//! The rows of latency: eight to a decade, the same for the picture over time and for the histogram
//! beside it, so that a band and its bar lie at one height.

use crate::domain::telemetry::panels::Latency;
use std::ops::Range;

/// Shown unless too much lies outside.
const USUAL: (i32, i32) = (-2, 1);
/// At least this much lies inside.
const INSIDE: f64 = 0.99;
/// Rows are whole pixels high; more decades make them lower, down to the lowest.
const TALLEST: f64 = 7.0;
const LOWEST: f64 = 4.0;
/// More than this, and rows get lower.
const WANTED: f64 = 176.0;
/// The rows at both ends, for what lies outside.
const END: f64 = 9.0;
const END_APART: f64 = 2.0;

/// One row, from below.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// `None`: everything below what is shown, or above.
    pub from_s: Option<f64>,
    pub to_s: Option<f64>,
    /// Which of the counts belong to it.
    pub counts: Range<usize>,
    pub top: f64,
    pub bottom: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// From the fastest, at the bottom, to the slowest.
    pub rows: Vec<Row>,
    pub top: f64,
    pub bottom: f64,
    /// Where the decades begin and end, with their durations; without those of the end rows.
    pub decades: Vec<(f64, f64)>,
    low: f64,
    high: f64,
    inner_top: f64,
    inner_bottom: f64,
}

impl Rows {
    /// The rows of what was measured. Empty where there are no bounds.
    pub fn of(latency: &Latency, top: f64) -> Self {
        let bounds = &latency.bounds_s;
        let mut all = latency.counts.clone();
        if let Some(before) = &latency.before {
            all.iter_mut().zip(&before.counts).for_each(|(to, from)| *to += from);
        }
        all.resize(bounds.len() + 1, 0);
        let (Some(first), Some(last)) = (bounds.first(), bounds.last()) else {
            return Self { rows: vec![], top, bottom: top, decades: vec![], low: 0.01, high: 10.0, inner_top: top, inner_bottom: top };
        };
        let known = |decade: i32| bounds.iter().position(|bound| (bound.log10() - f64::from(decade)).abs() < 1e-6);
        let (low, high) = window(&all, bounds.len(), &known);
        // Bounds that follow no decades are all shown as they are.
        let (from, to) = (known(low).unwrap_or(0), known(high).unwrap_or(bounds.len() - 1));
        let (low_s, high_s) = (bounds.get(from).unwrap_or(first), bounds.get(to).unwrap_or(last));
        let below: u64 = all.iter().take(from + 1).sum();
        let above: u64 = all.iter().skip(to + 1).sum();
        let inner = to.saturating_sub(from);
        let height = (WANTED / inner.max(1) as f64).floor().clamp(LOWEST, TALLEST);
        let inner_top = top + if above > 0 { END + END_APART } else { 0.0 };
        let inner_bottom = inner_top + height * inner as f64;
        let mut rows = vec![];
        if below > 0 {
            let top = inner_bottom + END_APART;
            rows.push(Row { from_s: None, to_s: Some(*low_s), counts: 0..from + 1, top, bottom: top + END });
        }
        for (at, pair) in bounds.windows(2).enumerate().skip(from).take(inner) {
            let bottom = inner_bottom - height * (at - from) as f64;
            rows.push(Row { from_s: Some(pair[0]), to_s: Some(pair[1]), counts: at + 1..at + 2, top: bottom - height, bottom });
        }
        if above > 0 {
            rows.push(Row { from_s: Some(*high_s), to_s: None, counts: to + 1..bounds.len() + 1, top, bottom: top + END });
        }
        let bottom = inner_bottom + if below > 0 { END_APART + END } else { 0.0 };
        let mut rows = Self { rows, top, bottom, decades: vec![], low: *low_s, high: *high_s, inner_top, inner_bottom };
        rows.decades =
            (low..=high).map(|decade| 10_f64.powi(decade)).filter(|s| *s >= rows.low * 0.999 && *s <= rows.high * 1.001).map(|s| (s, rows.y(s))).collect();
        rows
    }

    /// Where a duration lies, by its logarithm.
    pub fn y(&self, seconds: f64) -> f64 {
        let share = (seconds.max(1e-9) / self.low).ln() / (self.high / self.low).ln().max(f64::MIN_POSITIVE);
        self.inner_bottom - (self.inner_bottom - self.inner_top) * share.clamp(0.0, 1.0)
    }

    /// Whether a duration lies among the rows and not in those of the ends.
    pub fn shows(&self, seconds: f64) -> bool {
        (self.low..=self.high).contains(&seconds)
    }

    /// The row beneath a pixel; outside, and between the ends, it is the nearest.
    pub fn at(&self, y: f64) -> usize {
        let away = |row: &Row| if y < row.top { row.top - y } else { (y - row.bottom).max(0.0) };
        let nearest = self.rows.iter().enumerate().min_by(|a, b| away(a.1).total_cmp(&away(b.1)));
        nearest.map_or(0, |(at, _)| at)
    }

    /// How many of `counts` a row holds.
    pub fn count(&self, row: &Row, counts: &[u64]) -> u64 {
        counts.get(row.counts.start..row.counts.end.min(counts.len())).map_or(0, |counts| counts.iter().sum())
    }
}

/// The decades that are shown: the usual ones, and one more at the side with more outside while
/// too little lies inside and there are bounds for it.
fn window(all: &[u64], bounds: usize, known: &impl Fn(i32) -> Option<usize>) -> (i32, i32) {
    let (mut low, mut high) = USUAL;
    // Bounds may begin later or end earlier than what is usual.
    while known(low).is_none() && low < high - 1 {
        low += 1;
    }
    while known(high).is_none() && high > low + 1 {
        high -= 1;
    }
    let total: u64 = all.iter().sum();
    loop {
        let (from, to) = (known(low).unwrap_or(0), known(high).unwrap_or(bounds.saturating_sub(1)));
        let below: u64 = all.iter().take(from + 1).sum();
        let above: u64 = all.iter().skip(to + 1).sum();
        if (below + above) as f64 <= (1.0 - INSIDE) * total as f64 {
            return (low, high);
        }
        let (down, up) = (known(low - 1).is_some() && below > 0, known(high + 1).is_some() && above > 0);
        match (down, up) {
            (true, true) if below > above => low -= 1,
            (true, false) => low -= 1,
            (_, true) => high += 1,
            (false, false) => return (low, high),
        }
    }
}
