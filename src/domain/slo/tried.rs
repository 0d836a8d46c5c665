//! An indicator tried before it is saved, as people see what was found.

use super::objective::Indicator;
use crate::domain::reading::{Readable, Reader};
use serde::{Deserialize, Serialize};

/// What is to be tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TryDraft {
    pub indicator: Indicator,
    /// The name of the data source.
    pub source: String,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TriedIndicator {
    pub sides: Vec<TriedSide>,
    /// What the last hour holds; absent where it could not be asked.
    pub last_hour: Option<TriedHour>,
    /// The edges of a classic histogram, in seconds.
    pub edges: Vec<f64>,
    /// What is asked for one slice.
    pub queries: Vec<String>,
    /// What may be wrong though the query is fine, in sentences.
    pub doubts: Vec<String>,
}

/// The series behind one field of an indicator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TriedSide {
    pub field: String,
    pub selector: String,
    /// How many there are; only some are named.
    pub count: u64,
    pub series: Vec<TriedSeries>,
}

/// One series with its last value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TriedSeries {
    /// `{job="api", zone="a"}`.
    pub labels: String,
    pub value: f64,
}

/// What would have been measured within the last hour.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TriedHour {
    pub good: f64,
    pub total: f64,
    /// Slices with a reading, and all there are.
    pub measured: u64,
    pub expected: u64,
}

impl Readable for TriedIndicator {
    fn read(from: Reader<'_>) -> Self {
        Self { sides: from.get("sides"), last_hour: from.get("last_hour"), edges: from.get("edges"), queries: from.get("queries"), doubts: from.get("doubts") }
    }
}

impl Readable for TriedSide {
    fn read(from: Reader<'_>) -> Self {
        Self { field: from.get("field"), selector: from.get("selector"), count: from.get("count"), series: from.get("series") }
    }
}

impl Readable for TriedSeries {
    fn read(from: Reader<'_>) -> Self {
        Self { labels: from.get("labels"), value: from.get("value") }
    }
}

impl Readable for TriedHour {
    fn read(from: Reader<'_>) -> Self {
        Self { good: from.get("good"), total: from.get("total"), measured: from.get("measured"), expected: from.get("expected") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_reads_back_as_it_was_written() {
        let tried = TriedIndicator {
            sides: vec![TriedSide { field: "total".into(), selector: "a".into(), count: 1, series: vec![TriedSeries { labels: "{}".into(), value: 2.0 }] }],
            last_hour: Some(TriedHour { good: 1.0, total: 2.0, measured: 11, expected: 12 }),
            edges: vec![0.1],
            queries: vec!["q".into()],
            doubts: vec!["d".into()],
        };
        assert_eq!(crate::domain::reading::read(serde_json::to_string(&tried).expect("it serialises").as_bytes()), Some(tried));
    }
}
