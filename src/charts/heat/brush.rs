//! The selection: a time and a band of durations, snapped to cells, the same in every panel.

use super::{Frame, latency::band_words, rows::Rows};
use crate::{
    charts::{place::Rect, wall::Wall},
    domain::{
        telemetry::panels::{Latency, Range},
        time::Timestamp,
    },
};

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Brush {
    pub from: Timestamp,
    pub to: Timestamp,
    /// `None`: down to the fastest, up to the slowest.
    pub min_s: Option<f64>,
    pub max_s: Option<f64>,
}

impl Brush {
    pub fn range(&self) -> Range {
        Range { from: self.from, to: self.to }
    }

    /// What two corners enclose, each by column and row; both cells belong to it.
    pub fn between(frame: &Frame, rows: &Rows, a: (usize, usize), b: (usize, usize)) -> Option<Self> {
        let (low, high) = (rows.rows.get(a.1.min(b.1))?, rows.rows.get(a.1.max(b.1))?);
        Some(Self { min_s: low.from_s, max_s: high.to_s, ..Self::of_columns(frame, a.0, b.0) })
    }

    /// Some columns, whatever the duration.
    pub fn of_columns(frame: &Frame, a: usize, b: usize) -> Self {
        Self { from: frame.start(a.min(b)), to: frame.start(a.max(b) + 1), min_s: None, max_s: None }
    }

    /// The columns it covers, if it lies in the frame: the first, and one after the last.
    pub fn columns(&self, frame: &Frame) -> Option<(usize, usize)> {
        if self.to <= frame.from || self.from >= frame.until() {
            return None;
        }
        let from = frame.column_of(self.from).unwrap_or(0);
        let to = frame.column_of(Timestamp::from_micros(self.to.micros() - 1)).map_or(frame.columns, |last| last + 1);
        Some((from, to))
    }

    /// The rows it covers: the lowest, and one after the highest; none where its band is not drawn.
    pub fn rows(&self, rows: &Rows) -> (usize, usize) {
        let from = self.min_s.map_or(0, |min| rows.rows.iter().position(|row| row.to_s.is_none_or(|to| to > min * 1.001)).unwrap_or(rows.rows.len()));
        let to =
            self.max_s.map_or(rows.rows.len(), |max| rows.rows.iter().rposition(|row| row.from_s.is_none_or(|from| from < max * 0.999)).map_or(0, |at| at + 1));
        (from, to.max(from))
    }

    /// Its frame over the latency.
    pub fn rect(&self, frame: &Frame, rows: &Rows) -> Option<Rect> {
        let (from, to) = self.columns(frame)?;
        let (low, high) = self.rows(rows);
        let (low, high) = (rows.rows.get(low)?, rows.rows.get(high.checked_sub(1)?)?);
        Some(Rect { left: frame.edge(from), right: frame.edge(to), top: high.top, bottom: low.bottom })
    }

    /// How many calls it holds.
    pub fn count(&self, latency: &Latency, frame: &Frame, rows: &Rows) -> u64 {
        let Some((from, to)) = self.columns(frame) else { return 0 };
        let (low, high) = self.rows(rows);
        let columns = latency.columns.iter().filter(|column| frame.column_of(column.at).is_some_and(|at| (from..to).contains(&at)));
        let rows_of = |counts: &[u64]| rows.rows.get(low..high).unwrap_or_default().iter().map(|row| rows.count(row, counts)).sum::<u64>();
        columns.map(|column| rows_of(&column.counts)).sum()
    }

    /// `02:04–02:31 · 1.3–3.2 s`.
    pub fn words(&self, wall: &Wall) -> String {
        let time = format!("{}–{}", wall.hour_minute(self.from), wall.hour_minute(self.to));
        if self.min_s.is_none() && self.max_s.is_none() { time } else { format!("{time} · {}", band_words(self.min_s, self.max_s)) }
    }
}
