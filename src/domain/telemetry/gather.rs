//! Whole traces, loose records and readings in, [`Facts`] out: the one place that decides what an
//! entry, a call, an own error and a self time are. It keeps nothing but the sums.

use super::facts::{
    AttributeKey, CallKey, CallerKey, Clustered, Facts, GaugeFacts, GaugeKey, InstanceKey, Name, OperationKey, ShareFacts, StatementKey, Step, StepKey,
};
use std::collections::{BTreeMap, HashMap};

/// What a span says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanKind {
    /// Not said, or said to be internal: many senders say nothing else.
    Internal,
    Server,
    Client,
    Producer,
    Consumer,
}

/// A span as far as facts need it.
#[derive(Clone, Copy, Debug)]
pub struct SpanView<'a> {
    /// Unique within its trace.
    pub id: u64,
    /// `None` for a root; one that is not in the trace makes the span an orphan.
    pub parent: Option<u64>,
    pub service: Name,
    pub operation: Name,
    pub instance: Option<Name>,
    pub kind: SpanKind,
    /// The status is an error.
    pub error: bool,
    pub start_micros: i64,
    pub duration_micros: i64,
    /// Whom it says it calls.
    pub peer: Option<Name>,
    pub attributes: &'a [(Name, Name)],
}

/// A log record as far as facts need it.
#[derive(Clone, Copy, Debug)]
pub struct LogView {
    /// The span it names.
    pub span: Option<u64>,
    pub service: Name,
    pub statement: Name,
    /// Of severity ERROR or above.
    pub error: bool,
}

/// Facts in the making.
#[derive(Debug, Default)]
pub struct Gathering {
    facts: Facts,
}

