//! A series as it travels: slices of one length side by side are one run.

use super::{Series, Slice};
use crate::domain::{
    reading::{Readable, Reader},
    slo::objective::Method,
};
use serde::{Deserialize, Serialize};

/// A series on its way to the browser, which computes what-if from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Packed {
    pub method: Method,
    pub slice_s: i64,
    pub runs: Vec<Run>,
    pub exclusions: Vec<Vec<i64>>,
    /// Nothing was ever counted since the objective was made.
    #[serde(default)]
    pub never_counted: bool,
}

/// Slices of one length without a gap between them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub start_s: i64,
    pub width_s: i64,
    /// Mostly zero, which travels well.
    pub bad: Vec<f64>,
    pub total: Vec<f64>,
}

impl Series {
    /// What lies between two instants, ready to be sent.
    pub fn packed(&self, from_s: i64, to_s: i64) -> Packed {
        let mut runs: Vec<Run> = Vec::new();
        let (from, to) = (self.place(from_s), self.place(to_s));
        for entry in &self.entries[from..to.max(from)] {
            let run = match runs.last_mut() {
                Some(run) if run.width_s == entry.width() && run.end_s() == entry.start() => run,
                _ => {
                    runs.push(Run { start_s: entry.start(), width_s: entry.width(), bad: vec![], total: vec![] });
                    runs.last_mut().expect("it was just pushed")
                }
            };
            run.bad.push(entry.bad);
            run.total.push(entry.total);
        }
        let exclusions = self.exclusions.iter().filter(|(from, to)| *to > from_s && *from < to_s).map(|(from, to)| vec![*from, *to]).collect();
        Packed { method: self.method, slice_s: self.slice_s, runs, exclusions, never_counted: self.never_counted }
    }
}

impl Packed {
    /// The series as it was packed; only which slices were odd is lost.
    pub fn series(&self) -> Series {
        let mut series = Series::new(self.method, self.slice_s);
        let slices: Vec<Slice> = self.runs.iter().flat_map(Run::slices).collect();
        series.upsert(&slices);
        let spans: Vec<(i64, i64)> = self.exclusions.iter().filter_map(|span| Some((*span.first()?, *span.get(1)?))).collect();
        series.exclude(&spans);
        series.never_counted = self.never_counted;
        series
    }
}

impl Run {
    fn end_s(&self) -> i64 {
        self.start_s + self.width_s * i64::try_from(self.bad.len()).unwrap_or(0)
    }

    fn slices(&self) -> impl Iterator<Item = Slice> + '_ {
        let starts = (0..).map(|n| self.start_s + n * self.width_s);
        let counts = self.bad.iter().zip(&self.total);
        starts.zip(counts).map(|(start_s, (bad, total))| Slice { start_s, width_s: self.width_s, good: total - bad, total: *total })
    }
}

impl Readable for Packed {
    fn read(from: Reader<'_>) -> Self {
        Self {
            method: from.get("method"),
            slice_s: from.get("slice_s"),
            runs: from.get("runs"),
            exclusions: from.get("exclusions"),
            never_counted: from.get("never_counted"),
        }
    }
}

impl Readable for Run {
    fn read(from: Reader<'_>) -> Self {
        Self { start_s: from.get("start_s"), width_s: from.get("width_s"), bad: from.get("bad"), total: from.get("total") }
    }
}
