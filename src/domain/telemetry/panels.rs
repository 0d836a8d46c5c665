//! What the panels of the debug board show, and programs read under `/api/v1/telemetry`: calls by
//! service, operation and caller, latency over time, the graph of services, traces and logs.
//! Shapes only; who fills them is the server's telemetry store.
//!
//! Durations are seconds, ratios stand beside their n, and what was not measured is absent.

use super::origin::ReadFrom;
use crate::domain::{
    change::ChangeCard,
    reading::{Readable, Reader},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// A half-open range of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    pub from: Timestamp,
    pub to: Timestamp,
}

impl Range {
    pub fn seconds(self) -> f64 {
        self.to.micros_since(self.from) as f64 / 1e6
    }
}

/// What a panel is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Question {
    pub range: Range,
    /// What the range is compared with.
    #[serde(default)]
    pub baseline: Option<Range>,
    #[serde(default)]
    pub service: Option<String>,
    #[serde(default)]
    pub operation: Option<String>,
    /// How wide a column is; absent: chosen so that there are at most 240.
    #[serde(default)]
    pub step_s: Option<u32>,
    /// The data source that is asked; absent: what was sent to this server.
    #[serde(default)]
    pub source: Option<String>,
}

/// How often something was called, and how that went.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    pub requests: u64,
    pub errors: u64,
    /// Of `requests`; `None` where there are none.
    pub error_ratio: Option<f64>,
    pub p50_s: Option<f64>,
    pub p95_s: Option<f64>,
    pub p99_s: Option<f64>,
}

/// One service, one operation of it, or one caller of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
    pub service: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Of the list of callers; absent there: the calls came from outside, or from what sends no spans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    #[serde(flatten)]
    pub now: Figures,
    /// When the last of them ended.
    pub last_seen: Option<Timestamp>,
    /// The same in the baseline, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Figures>,
}

/// One column of a picture over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LatencyColumn {
    /// Where it begins.
    pub at: Timestamp,
    /// How many calls took how long: one more than there are bounds. The first holds what is at
    /// most the first bound, the last what is over the last.
    pub counts: Vec<u64>,
    pub requests: u64,
    pub errors: u64,
    pub p50_s: Option<f64>,
    pub p95_s: Option<f64>,
    pub p99_s: Option<f64>,
}

/// How long calls took, over time and in all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Upper bounds in seconds, rising, each its own.
    pub bounds_s: Vec<f64>,
    pub step_s: u32,
    pub columns: Vec<LatencyColumn>,
    /// All columns together.
    pub counts: Vec<u64>,
    #[serde(flatten)]
    pub now: Figures,
    /// The baseline's counts and figures, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<LatencyBefore>,
}

/// How long calls took in the baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LatencyBefore {
    pub counts: Vec<u64>,
    #[serde(flatten)]
    pub figures: Figures,
}

/// Requests and errors in one column of one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorCell {
    pub requests: u64,
    pub errors: u64,
}

/// One row of the picture of errors over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorRow {
    pub service: String,
    /// Where the rows are operations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    pub requests: u64,
    pub errors: u64,
    /// One for each of the columns; without requests nothing was measured there.
    pub cells: Vec<ErrorCell>,
    pub last_seen: Option<Timestamp>,
}

/// Errors over time, by service or, where a service was asked for, by its operations; the row with
/// the most errors first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorMap {
    pub step_s: u32,
    /// Where each column begins.
    pub columns: Vec<Timestamp>,
    pub rows: Vec<ErrorRow>,
}

/// A service, or what only its callers tell of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    pub service: String,
    #[serde(flatten)]
    pub now: Figures,
    /// It sends spans itself; otherwise it is known from its callers only.
    pub seen: bool,
    /// Somebody described it here.
    pub declared: bool,
    pub last_seen: Option<Timestamp>,
}

/// Calls from one service to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edge {
    pub from: String,
    pub to: String,
    #[serde(flatten)]
    pub now: Figures,
    /// Calls were measured.
    pub seen: bool,
    /// Somebody said that the one depends on the other.
    pub declared: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Figures>,
}

/// Who calls whom.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Graph {
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
}

/// In which order traces are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TraceOrder {
    /// The last to begin first.
    #[default]
    Recent,
    /// The longest first.
    Slowest,
    /// Those with errors first that no later try made good, in both halves the longest first.
    Errors,
}

impl TraceOrder {
    pub const ALL: [TraceOrder; 3] = [TraceOrder::Recent, TraceOrder::Slowest, TraceOrder::Errors];

    pub fn slug(self) -> &'static str {
        match self {
            TraceOrder::Recent => "recent",
            TraceOrder::Slowest => "slowest",
            TraceOrder::Errors => "errors",
        }
    }

    pub fn from_slug(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|order| order.slug() == text)
    }
}

/// Which traces are wanted. One span has to fit service, operation and attributes together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceQuestion {
    /// In which the trace's root begins.
    pub range: Range,
    #[serde(default)]
    pub service: Option<String>,
    #[serde(default)]
    pub operation: Option<String>,
    #[serde(default)]
    pub attributes: Vec<Attribute>,
    /// How long the root takes at least, and at most.
    #[serde(default)]
    pub min_s: Option<f64>,
    #[serde(default)]
    pub max_s: Option<f64>,
    /// Only those with an error.
    #[serde(default)]
    pub errors: bool,
    #[serde(default)]
    pub order: TraceOrder,
    /// The data source that is asked; absent: what was sent to this server.
    #[serde(default)]
    pub source: Option<String>,
}

/// Where a trace begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceRoot {
    pub service: String,
    pub operation: String,
}

/// A trace in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceCard {
    /// 32 hexadecimal digits.
    pub trace_id: String,
    pub root: TraceRoot,
    pub started_at: Timestamp,
    /// The root's.
    pub duration_s: f64,
    pub spans: u64,
    pub errors: u64,
    /// All that failed was tried again and then succeeded.
    #[serde(default)]
    pub retried: bool,
    /// The services in it, by name.
    pub services: Vec<String>,
}

/// A page of traces.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TracePage {
    pub items: Vec<TraceCard>,
    pub next_cursor: Option<String>,
    /// Where a data source was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_from: Option<ReadFrom>,
}

/// What was said of something, as text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Attribute {
    pub name: String,
    pub value: String,
}

/// Something that happened within a span.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpanEvent {
    pub at: Timestamp,
    pub name: String,
    pub attributes: Vec<Attribute>,
}

/// One span of a trace, as it was received.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpanRow {
    /// 16 hexadecimal digits.
    pub span_id: String,
    /// Empty: it is a root.
    pub parent_id: String,
    pub service: String,
    pub operation: String,
    /// `server`, `client`, `producer`, `consumer`, `internal` or empty.
    pub kind: String,
    pub instance: String,
    pub started_at: Timestamp,
    /// After the first span of the trace began; exact to the nanosecond.
    pub offset_s: f64,
    pub duration_s: f64,
    pub error: bool,
    /// What it said about its error.
    pub status: String,
    pub attributes: Vec<Attribute>,
    pub events: Vec<SpanEvent>,
    /// Trace ids of what it is linked to.
    pub links: Vec<String>,
}

/// A whole trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceView {
    pub trace_id: String,
    /// By their start.
    pub spans: Vec<SpanRow>,
    /// Attributes of the resources, by service and instance.
    pub resources: Vec<ResourceRow>,
}

/// What a process said of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResourceRow {
    pub service: String,
    pub instance: String,
    pub attributes: Vec<Attribute>,
}

/// Which log records are wanted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogQuestion {
    pub range: Range,
    #[serde(default)]
    pub service: Option<String>,
    #[serde(default)]
    pub trace_id: Option<String>,
    #[serde(default)]
    pub span_id: Option<String>,
    /// Of this severity or worse: 1 to 24 as OpenTelemetry numbers them.
    #[serde(default)]
    pub min_severity: Option<u32>,
}

/// One log record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogRow {
    pub at: Timestamp,
    /// As its sender wrote it, else by its number: `TRACE`, `DEBUG`, `INFO`, `WARN`, `ERROR`, `FATAL`; empty: none.
    pub severity: String,
    /// As OpenTelemetry numbers them; 0: none.
    pub severity_number: u32,
    pub service: String,
    pub instance: Option<String>,
    pub text: String,
    pub trace_id: Option<String>,
    pub span_id: Option<String>,
    pub attributes: Vec<Attribute>,
}

/// A page of log records, the last first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LogPage {
    pub items: Vec<LogRow>,
    pub next_cursor: Option<String>,
}

/// A gauge of one instance over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GaugeRow {
    pub service: String,
    pub instance: Option<String>,
    pub metric: String,
    pub unit: String,
    /// Apart from those that name the instance.
    pub attributes: Vec<Attribute>,
    /// By column: the mean of what was reported; `None`: nothing was.
    pub values: Vec<Option<f64>>,
    /// It reported the same value all the time, or fell silent.
    pub suspect: Option<String>,
}

/// Gauges over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GaugeMap {
    pub step_s: u32,
    pub columns: Vec<Timestamp>,
    pub rows: Vec<GaugeRow>,
}

/// What happened beside the calls, for one strip on the board.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Beside {
    pub changes: Vec<ChangeCard>,
}

/// What the store holds, and what it does not any more.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Holdings {
    /// Nothing was ever sent.
    pub empty: bool,
    /// What was kept before this server started is still being read; figures grow until it is.
    pub loading: bool,
    pub spans: u64,
    pub logs: u64,
    pub points: u64,
    /// When the oldest span that is kept began.
    pub oldest: Option<Timestamp>,
    pub newest: Option<Timestamp>,
    pub retention_s: u64,
    pub memory_bytes: u64,
    pub memory_limit_bytes: u64,
    pub table_bytes: u64,
    pub table_limit_bytes: u64,
    /// Spans that were let go because of the size; their counts stay in the figures.
    pub spans_let_go: u64,
    pub logs_let_go: u64,
    /// Readings that were, or that came when more series were there than are told apart.
    pub points_let_go: u64,
    /// Sent again and counted once.
    pub duplicates: u64,
    /// Older than the retention when they arrived, or from a clock far ahead.
    pub rejected: u64,
}

/// The fields of records, by name; in brackets the one whose fields stand among the record's own.
macro_rules! fields {
    ($($name:ident $([$inner:ident])? { $($field:ident),+ })+) => {$(
        impl Readable for $name {
            fn read(from: Reader<'_>) -> Self {
                Self { $($field: from.get(stringify!($field)),)+ $($inner: Readable::read(from))? }
            }
        }
    )+};
}

fields! {
    Range { from, to }
    Question { range, baseline, service, operation, step_s, source }
    Figures { requests, errors, error_ratio, p50_s, p95_s, p99_s }
    Traffic [now] { service, operation, caller, last_seen, before }
    LatencyColumn { at, counts, requests, errors, p50_s, p95_s, p99_s }
    Latency [now] { bounds_s, step_s, columns, counts, before }
    LatencyBefore [figures] { counts }
    ErrorCell { requests, errors }
    ErrorRow { service, operation, requests, errors, cells, last_seen }
    ErrorMap { step_s, columns, rows }
    Node [now] { service, seen, declared, last_seen }
    Edge [now] { from, to, seen, declared, before }
    Graph { nodes, edges }
    TraceRoot { service, operation }
    TraceCard { trace_id, root, started_at, duration_s, spans, errors, retried, services }
    TracePage { items, next_cursor, read_from }
    Attribute { name, value }
    SpanEvent { at, name, attributes }
    SpanRow {
        span_id, parent_id, service, operation, kind, instance, started_at, offset_s, duration_s, error, status, attributes, events, links
    }
    TraceView { trace_id, spans, resources }
    ResourceRow { service, instance, attributes }
    LogRow { at, severity, severity_number, service, instance, text, trace_id, span_id, attributes }
    LogPage { items, next_cursor }
    GaugeRow { service, instance, metric, unit, attributes, values, suspect }
    GaugeMap { step_s, columns, rows }
    Beside { changes }
    Holdings {
        empty, loading, spans, logs, points, oldest, newest, retention_s, memory_bytes, memory_limit_bytes, table_bytes, table_limit_bytes,
        spans_let_go, logs_let_go, points_let_go, duplicates, rejected
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reading::read;
    use std::fmt::Debug;

    fn reads_back<T: Serialize + Readable + PartialEq + Debug>(known: &T) {
        assert_eq!(read::<T>(serde_json::to_string(known).expect("it serialises").as_bytes()).as_ref(), Some(known));
    }

    #[test]
    fn panels_are_those_that_serde_writes() {
        let at = Timestamp::from_micros(1_786_450_000_000_001);
        let (range, text, pairs) =
            (Range { from: at, to: at.plus_secs(60) }, |text: &str| text.to_owned(), vec![Attribute { name: "k".to_owned(), value: "v".to_owned() }]);
        let figures = Figures { requests: 4, errors: 1, error_ratio: Some(0.25), p50_s: Some(0.1), p95_s: None, p99_s: Some(2.0) };
        let before = Some(figures.clone());
        reads_back(&Question { range, baseline: Some(range), service: Some(text("a")), operation: None, step_s: Some(60), source: Some(text("prod")) });
        let (service, now) = (text("pay"), figures.clone());
        reads_back(&Traffic { service, operation: Some(text("GET /")), caller: None, now, last_seen: Some(at), before: before.clone() });
        let column = LatencyColumn { at, counts: vec![1, 0, 3], requests: 4, errors: 1, p50_s: Some(0.1), p95_s: None, p99_s: None };
        let counts = vec![1, 0, 3];
        let latency_before = Some(LatencyBefore { counts: counts.clone(), figures: figures.clone() });
        let (bounds_s, columns, now) = (vec![0.1, 0.2], vec![column], figures.clone());
        reads_back(&Latency { bounds_s, step_s: 60, columns, counts, now, before: latency_before });
        let cells = vec![ErrorCell { requests: 2, errors: 1 }];
        let row = ErrorRow { service: text("a"), operation: Some(text("b")), requests: 2, errors: 1, cells, last_seen: None };
        reads_back(&ErrorMap { step_s: 60, columns: vec![at], rows: vec![row] });
        let node = Node { service: text("a"), now: figures.clone(), seen: true, declared: false, last_seen: Some(at) };
        let edge = Edge { from: text("a"), to: text("b"), now: figures, seen: true, declared: false, before };
        reads_back(&Graph { nodes: vec![node], edges: vec![edge] });
        let root = TraceRoot { service: text("a"), operation: text("b") };
        let card = TraceCard { trace_id: text("5b"), root, started_at: at, duration_s: 1.5, spans: 3, errors: 1, retried: true, services: vec![text("a")] };
        reads_back(&TracePage { items: vec![card], next_cursor: Some(text("c")), read_from: Some(ReadFrom { words: text("d"), ..ReadFrom::default() }) });
        let span = SpanRow {
            span_id: text("ee"),
            parent_id: String::new(),
            service: text("a"),
            operation: text("b"),
            kind: text("server"),
            instance: text("pod-1"),
            started_at: at,
            offset_s: 0.000_000_001,
            duration_s: 0.25,
            error: true,
            status: text("db timeout"),
            attributes: pairs.clone(),
            events: vec![SpanEvent { at, name: text("exception"), attributes: pairs.clone() }],
            links: vec![text("5b")],
        };
        let resource = ResourceRow { service: text("a"), instance: text("pod-1"), attributes: pairs.clone() };
        reads_back(&TraceView { trace_id: text("5b"), spans: vec![span], resources: vec![resource] });
        let log = LogRow {
            at,
            severity: text("ERROR"),
            severity_number: 17,
            service: text("a"),
            instance: None,
            text: text("no"),
            trace_id: Some(text("5b")),
            span_id: None,
            attributes: pairs.clone(),
        };
        reads_back(&LogPage { items: vec![log], next_cursor: None });
        let (values, suspect) = (vec![Some(0.5), None], Some(text("constant zero")));
        let row = GaugeRow { service: text("a"), instance: Some(text("pod-1")), metric: text("cpu"), unit: text("1"), attributes: pairs, values, suspect };
        reads_back(&GaugeMap { step_s: 60, columns: vec![at, at], rows: vec![row] });
        reads_back(&Holdings { empty: true, loading: true, spans: 3, oldest: Some(at), duplicates: 7, ..Holdings::default() });
        reads_back(&Beside::default());
    }
}
