//! What an objective measures: events, latencies, a gauge, what is sent to us, other objectives.

use crate::domain::reading::{Readable, Reader};
use serde::{Deserialize, Serialize};

/// What is measured, and how the source is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Indicator {
    /// Good or bad events, and all of them: selectors of counters, or expressions with `[$window]`.
    Ratio {
        #[serde(default)]
        good: Option<String>,
        #[serde(default)]
        bad: Option<String>,
        total: String,
    },
    /// Requests that were answered within `threshold_s`, by a histogram.
    Latency {
        /// The selector of the histogram without `_bucket`, `_count`: `http_request_duration_seconds{job="x"}`.
        histogram: String,
        threshold_s: f64,
        /// Whether it is a native histogram.
        #[serde(default)]
        native: bool,
    },
    /// A gauge that is 1 while all is well, and 0 otherwise.
    Probe {
        query: String,
        /// Whether a slice is bad for which the source answered and had no sample of it.
        #[serde(default, skip_serializing_if = "is_off")]
        absent_is_bad: bool,
    },
    /// A value that has to stand on the right side of a threshold; time slices only.
    Threshold {
        query: String,
        op: Op,
        value: f64,
        /// As of a probe: the last success of what has never succeeded is as old as can be.
        #[serde(default, skip_serializing_if = "is_off")]
        absent_is_bad: bool,
    },
    /// Calls as the traces tell of them that are sent to us: those without an error, or with a
    /// threshold those that took at most so long.
    Telemetry {
        service: String,
        /// Absent: all operations with which the service is entered.
        #[serde(default)]
        operation: Option<String>,
        #[serde(default)]
        threshold_s: Option<f64>,
    },
    /// Readings are sent to `POST /api/v1/sli`.
    Pushed,
    /// Made from other objectives.
    Composite { how: Together, of: Vec<Part> },
}

impl Indicator {
    pub fn slug(&self) -> &'static str {
        match self {
            Indicator::Ratio { .. } => "ratio",
            Indicator::Latency { .. } => "latency",
            Indicator::Probe { .. } => "probe",
            Indicator::Threshold { .. } => "threshold",
            Indicator::Telemetry { .. } => "telemetry",
            Indicator::Pushed => "pushed",
            Indicator::Composite { .. } => "composite",
        }
    }

    /// Whether silence counts as bad while its source has something to say of others.
    pub fn absent_is_bad(&self) -> bool {
        matches!(self, Indicator::Probe { absent_is_bad: true, .. } | Indicator::Threshold { absent_is_bad: true, .. })
    }

    /// Whether a data source is asked for it.
    pub fn is_asked(&self) -> bool {
        !matches!(self, Indicator::Telemetry { .. } | Indicator::Pushed | Indicator::Composite { .. })
    }
}

/// A flag that is not written when it is off, which is how it was before there was one.
pub const ABSENT_IS_BAD: &str = "absent_is_bad";

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
fn is_off(flag: &bool) -> bool {
    !*flag
}

/// What a value has to be, compared with a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    Lt,
    Lte,
    Gt,
    Gte,
}

impl Op {
    pub const ALL: [Op; 4] = [Op::Lt, Op::Lte, Op::Gt, Op::Gte];

    pub fn slug(self) -> &'static str {
        match self {
            Op::Lt => "lt",
            Op::Lte => "lte",
            Op::Gt => "gt",
            Op::Gte => "gte",
        }
    }

    /// As a sentence says it.
    pub fn words(self) -> &'static str {
        match self {
            Op::Lt => "below",
            Op::Lte => "at most",
            Op::Gt => "above",
            Op::Gte => "at least",
        }
    }

    pub fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Op::Lt => value < threshold,
            Op::Lte => value <= threshold,
            Op::Gt => value > threshold,
            Op::Gte => value >= threshold,
        }
    }
}

/// How objectives make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Together {
    /// All are needed in a row: the ratios of each slice are multiplied.
    Series,
    /// A slice is bad as soon as one of them is.
    AnyDown,
    /// Each counts as much as its weight.
    Weighted,
}

/// One objective of a composite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Its name.
    pub objective: String,
    #[serde(default = "one")]
    pub weight: f64,
}

fn one() -> f64 {
    1.0
}

impl Readable for Op {
    fn read(from: Reader<'_>) -> Self {
        from.word(&Op::ALL.map(|op| (op.slug(), op)))
    }
}

impl Readable for Together {
    fn read(from: Reader<'_>) -> Self {
        from.word(&[("series", Together::Series), ("any_down", Together::AnyDown), ("weighted", Together::Weighted)])
    }
}

impl Readable for Part {
    fn read(from: Reader<'_>) -> Self {
        Self { objective: from.get("objective"), weight: from.get("weight") }
    }
}

impl Readable for Indicator {
    fn read(from: Reader<'_>) -> Self {
        match from.child("kind").map(Reader::text) {
            Some("ratio") => Indicator::Ratio { good: from.get("good"), bad: from.get("bad"), total: from.get("total") },
            Some("latency") => Indicator::Latency { histogram: from.get("histogram"), threshold_s: from.get("threshold_s"), native: from.get("native") },
            Some("probe") => Indicator::Probe { query: from.get("query"), absent_is_bad: from.get(ABSENT_IS_BAD) },
            Some("threshold") => {
                Indicator::Threshold { query: from.get("query"), op: from.get("op"), value: from.get("value"), absent_is_bad: from.get(ABSENT_IS_BAD) }
            }
            Some("telemetry") => Indicator::Telemetry { service: from.get("service"), operation: from.get("operation"), threshold_s: from.get("threshold_s") },
            Some("pushed") => Indicator::Pushed,
            Some("composite") => Indicator::Composite { how: from.get("how"), of: from.get("of") },
            _ => from.fault(Indicator::Pushed),
        }
    }
}
