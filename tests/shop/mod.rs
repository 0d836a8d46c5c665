//! Made-up telemetry of made-up systems: what services that call each other would send in a stretch
//! of time, with or without something wrong with one of them. Seeded: the same seed says the same.
//!
//! It knows nothing of how telemetry is kept or judged; whoever uses it turns the records into what
//! their test needs.

pub mod fault;
pub mod plans;
mod random;
mod run;

pub use fault::Fault;
pub use plans::System;
pub use random::Random;
pub use run::{Ground, applies, said};

use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Internal,
    Server,
    Client,
}

#[derive(Clone, Debug)]
pub struct Span {
    pub trace: u64,
    pub id: u64,
    pub parent: Option<u64>,
    pub service: Arc<str>,
    pub instance: Arc<str>,
    pub operation: Arc<str>,
    pub kind: Kind,
    pub error: bool,
    pub start_micros: i64,
    pub duration_micros: i64,
    pub version: &'static str,
}

#[derive(Clone, Debug)]
pub struct Log {
    pub at_micros: i64,
    /// Trace and span.
    pub within: Option<(u64, u64)>,
    pub service: Arc<str>,
    pub instance: Arc<str>,
    /// OpenTelemetry's number; 0 where the sender says it in the text only.
    pub severity: i32,
    pub text: String,
}

#[derive(Clone, Debug)]
pub struct Reading {
    pub at_micros: i64,
    pub service: Arc<str>,
    pub instance: Arc<str>,
    pub metric: &'static str,
    pub value: f64,
}

/// What was sent.
#[derive(Clone, Debug, Default)]
pub struct Said {
    pub spans: Vec<Span>,
    pub logs: Vec<Log>,
    pub readings: Vec<Reading>,
}

/// How senders speak.
#[derive(Clone, Copy, Debug)]
pub struct Habits {
    /// Spans say whether they serve or call.
    pub kinds: bool,
    /// Records name their span.
    pub logs_name_spans: bool,
    /// Severity in its own field, not only in the text.
    pub severities: bool,
    /// Callers write an error record of their own when what they call fails.
    pub callers_log: bool,
}

impl Habits {
    pub const TIDY: Habits = Habits { kinds: true, logs_name_spans: true, severities: true, callers_log: true };
    pub const ALL: [Habits; 4] = [
        Habits::TIDY,
        Habits { kinds: false, ..Habits::TIDY },
        Habits { severities: false, callers_log: false, ..Habits::TIDY },
        Habits { kinds: false, logs_name_spans: false, severities: false, callers_log: false },
    ];
}
