//! Made-up telemetry of made-up systems: what services that call each other would send in a stretch
//! of time, with or without something wrong with one of them. Seeded: the same seed says the same.
//!
//! It knows nothing of how telemetry is kept or judged; whoever uses it turns the records into what
//! their test needs.

pub mod fault;
mod gauges;
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
    /// Logger and line.
    pub place: Option<(String, String)>,
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
    /// Calls have a span of their caller's.
    pub clients: bool,
    /// Entries have one inner span around all they do.
    pub wrapped: bool,
    /// Spans say that they failed.
    pub statuses: bool,
    /// Records name their span.
    pub logs_name_spans: bool,
    /// Severity in its own field, not only in the text.
    pub severities: bool,
    /// Records say their logger and line.
    pub lines: bool,
    /// Callers write an error record of their own when what they call fails.
    pub callers_log: bool,
    /// Seconds between two readings of a gauge.
    pub readings_s: i64,
    /// At which second of that each is taken, over what came since the one before.
    pub readings_at_s: i64,
    /// Which of the usual names gauges have.
    pub gauges: usize,
}

impl Habits {
    pub const TIDY: Habits = Habits {
        kinds: true,
        clients: true,
        wrapped: false,
        statuses: true,
        logs_name_spans: true,
        severities: true,
        lines: false,
        callers_log: true,
        readings_s: 60,
        readings_at_s: 5,
        gauges: 0,
    };
    pub const ALL: [Habits; 4] = [
        Habits::TIDY,
        Habits { kinds: false, ..Habits::TIDY },
        Habits { severities: false, callers_log: false, ..Habits::TIDY },
        Habits { kinds: false, logs_name_spans: false, severities: false, callers_log: false, ..Habits::TIDY },
    ];

    /// As systems were recorded that nobody tidied up for us.
    pub fn drawn(random: &mut Random) -> Self {
        Self {
            kinds: random.chance(0.4),
            clients: true,
            wrapped: random.chance(0.5),
            statuses: random.chance(0.4),
            logs_name_spans: random.chance(0.7),
            severities: random.chance(0.4),
            lines: random.chance(0.3),
            callers_log: random.chance(0.5),
            readings_s: [15, 30, 60, 60][(random.bits() % 4) as usize],
            readings_at_s: 5,
            gauges: (random.bits() % gauges::NAMES as u64) as usize,
        }
    }

    /// As published recordings of such systems are: spans of no kind and no status, readings once a
    /// minute with the node's figures and latencies beside them.
    pub fn recorded(random: &mut Random) -> Self {
        Self {
            kinds: false,
            clients: true,
            wrapped: random.chance(0.3),
            statuses: false,
            logs_name_spans: random.chance(0.7),
            severities: false,
            lines: false,
            callers_log: random.chance(0.5),
            readings_s: 60,
            readings_at_s: 19,
            gauges: 2,
        }
    }
}
