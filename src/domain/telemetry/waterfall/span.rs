//! A span as the waterfall reads it, and the trace as its page gets it.
//!
//! A time that is missing stays missing: nothing here stands for "zero" or "now".

use crate::domain::{
    reading::{Readable, Reader},
    telemetry::panels::{Attribute, LogRow, SpanEvent, SpanRow, TraceView},
};
use serde::{Deserialize, Serialize};

/// Everything that the page of a trace shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WholeTrace {
    pub view: TraceView,
    /// Log lines with this trace's id, the earliest first.
    pub logs: Vec<LogRow>,
    /// There are more lines than these.
    pub more_logs: bool,
    /// What half of the calls of the root's operation take at most, lately.
    pub usual_s: Option<f64>,
    /// What is not here, each in a sentence.
    pub gaps: Vec<String>,
}

/// One span, as it was received.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TraceSpan {
    pub id: String,
    pub parent: Option<String>,
    pub service: String,
    pub operation: String,
    pub kind: SpanKind,
    /// After the first span of the trace began; `None` where the sender gave no time, or zero.
    pub start_ns: Option<i64>,
    /// `None` where it has no end.
    pub duration_ns: Option<i64>,
    pub error: bool,
    /// What the sender says of how it ended.
    pub status: Option<String>,
    /// Which process of the service.
    pub instance: Option<String>,
    pub attributes: Vec<Attribute>,
    pub events: Vec<SpanEvent>,
    /// Traces that it is linked to.
    pub links: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpanKind {
    /// Calls, and waits.
    Client,
    /// Sends, and goes on.
    Producer,
    #[default]
    Internal,
    /// Answers a call.
    Server,
    /// Takes what was sent.
    Consumer,
}

impl From<SpanRow> for TraceSpan {
    fn from(row: SpanRow) -> Self {
        let is_dated = row.started_at.micros() > 0;
        let said = |text: String| Some(text).filter(|text| !text.is_empty());
        Self {
            id: row.span_id,
            parent: said(row.parent_id),
            service: row.service,
            operation: row.operation,
            kind: SpanKind::from_word(&row.kind),
            start_ns: is_dated.then(|| nanos(row.offset_s)),
            duration_ns: is_dated.then(|| nanos(row.duration_s.max(0.0))),
            error: row.error,
            status: said(row.status),
            instance: said(row.instance),
            attributes: row.attributes,
            events: row.events,
            links: row.links,
        }
    }
}

#[allow(clippy::cast_possible_truncation)] // saturates, and no trace lasts a hundred years
fn nanos(secs: f64) -> i64 {
    const LONGEST: f64 = 1e18;
    (secs * 1e9).round().clamp(-LONGEST, LONGEST) as i64
}

impl SpanKind {
    pub fn word(self) -> &'static str {
        match self {
            SpanKind::Client => "client",
            SpanKind::Producer => "producer",
            SpanKind::Internal => "internal",
            SpanKind::Server => "server",
            SpanKind::Consumer => "consumer",
        }
    }

    fn from_word(word: &str) -> Self {
        [SpanKind::Client, SpanKind::Producer, SpanKind::Server, SpanKind::Consumer].into_iter().find(|kind| kind.word() == word).unwrap_or_default()
    }

    /// Whether it is the side that was called or sent to.
    pub fn is_receiving(self) -> bool {
        matches!(self, SpanKind::Server | SpanKind::Consumer)
    }

    /// Whether it is the side that calls or sends.
    pub fn is_sending(self) -> bool {
        matches!(self, SpanKind::Client | SpanKind::Producer)
    }
}

impl TraceSpan {
    pub fn end_ns(&self) -> Option<i64> {
        Some(self.start_ns?.saturating_add(self.duration_ns?))
    }

    /// The value of the first of these attributes that is there.
    pub fn attribute(&self, keys: &[&str]) -> Option<&str> {
        let of = |key: &&str| self.attributes.iter().find(|attribute| attribute.name == **key);
        keys.iter().find_map(of).map(|attribute| attribute.value.as_str())
    }

    /// Who is called, where only the caller's own words tell: a database or a queue answers no
    /// questions of its own and stays what its caller does.
    pub fn peer(&self) -> Option<&str> {
        const STORES: [&str; 4] = ["db.system", "db.system.name", "messaging.system", "cache.system"];
        const PEERS: [&str; 5] = ["peer.service", "service.peer.name", "server.address", "net.peer.name", "http.host"];
        let calls = self.kind == SpanKind::Client && self.attribute(&STORES).is_none();
        self.attribute(&PEERS).filter(|peer| calls && !peer.is_empty() && *peer != self.service)
    }

    /// Whom it says it calls, a database or a queue too.
    pub fn addressee(&self) -> Option<&str> {
        self.attribute(&["peer.service", "server.address", "net.peer.name", "db.system.name", "db.system", "messaging.system"])
    }

    /// The status that the call was answered with, by HTTP.
    pub fn http_status(&self) -> Option<&str> {
        self.attribute(&["http.response.status_code", "http.status_code"])
    }

    /// Whether it failed because nothing came in time, as its sender says.
    pub fn is_timed_out(&self) -> bool {
        const SAID: [&str; 7] = ["timeout", "time-out", "timed out", "time out", "deadline", "etimedout", "no answer in"];
        if !self.error {
            return false;
        }
        let says = |text: &str| {
            let text = text.to_lowercase();
            SAID.iter().any(|said| text.contains(said))
        };
        self.status.as_deref().is_some_and(says)
            || self.attribute(&["error.type"]).is_some_and(says)
            || self.attribute(&["exception.type"]).is_some_and(says)
            || matches!(self.http_status(), Some("408" | "504"))
            || matches!(self.attribute(&["rpc.grpc.status_code"]), Some("4" | "DEADLINE_EXCEEDED"))
            || self.events.iter().any(|event| says(&event.name))
    }

    /// How it ended: `answered 502`, `deadline exceeded`, `failed`, `ok`.
    pub fn outcome(&self) -> String {
        let said = self.status.as_deref().map(str::trim).filter(|said| !said.is_empty());
        match (self.http_status(), said, self.error) {
            (Some(status), None, _) => format!("answered {status}"),
            (Some(status), Some(said), true) => format!("answered {status}, {said}"),
            (None, Some(said), true) => said.to_owned(),
            (None, None, true) => self.attribute(&["error.type", "exception.type"]).map_or_else(|| "failed".to_owned(), str::to_owned),
            (Some(status), Some(_), false) => format!("answered {status}"),
            (None, _, false) => "ok".to_owned(),
        }
    }
}

impl Readable for WholeTrace {
    fn read(from: Reader<'_>) -> Self {
        Self { view: from.get("view"), logs: from.get("logs"), more_logs: from.get("more_logs"), usual_s: from.get("usual_s"), gaps: from.get("gaps") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{reading, time::Timestamp};

    fn with(pairs: &[(&str, &str)]) -> Vec<Attribute> {
        pairs.iter().map(|(name, value)| Attribute { name: (*name).to_owned(), value: (*value).to_owned() }).collect()
    }

    fn a_row(started_at: Timestamp) -> SpanRow {
        SpanRow {
            span_id: "e127".to_owned(),
            parent_id: String::new(),
            service: "checkout".to_owned(),
            operation: "POST /pay".to_owned(),
            kind: "server".to_owned(),
            instance: String::new(),
            started_at,
            offset_s: 0.183,
            duration_s: 0.000_123,
            error: true,
            status: "gone".to_owned(),
            attributes: with(&[("a", "1")]),
            events: vec![],
            links: vec![],
        }
    }

    #[test]
    fn the_browser_reads_a_trace_as_serde_wrote_it() {
        let at = Timestamp::from_micros(1_786_450_000_000_001);
        let view = TraceView { trace_id: "83a9".to_owned(), spans: vec![a_row(at)], resources: vec![] };
        let page = WholeTrace { view, logs: vec![], more_logs: true, usual_s: Some(0.24), gaps: vec!["Half of it is gone.".to_owned()] };
        let text = serde_json::to_vec(&page).expect("it can be written");
        assert_eq!(reading::read::<WholeTrace>(&text), Some(page));
    }

    #[test]
    fn a_time_of_zero_is_no_time() {
        let at = |micros| TraceSpan::from(a_row(Timestamp::from_micros(micros)));
        let dated = at(1_786_450_000_000_001);
        assert_eq!((dated.start_ns, dated.duration_ns, dated.kind, dated.parent), (Some(183_000_000), Some(123_000), SpanKind::Server, None));
        assert_eq!((at(0).start_ns, at(0).duration_ns), (None, None));
    }

    #[test]
    fn how_a_span_ended_is_said_with_its_senders_words() {
        let span = |error, status: Option<&str>, pairs: &[(&str, &str)]| TraceSpan {
            error,
            status: status.map(str::to_owned),
            attributes: with(pairs),
            ..TraceSpan::default()
        };
        assert_eq!(span(false, None, &[]).outcome(), "ok");
        assert_eq!(span(true, None, &[]).outcome(), "failed");
        assert_eq!(span(true, Some("db gone"), &[]).outcome(), "db gone");
        assert_eq!(span(true, None, &[("http.status_code", "502")]).outcome(), "answered 502");
        assert_eq!(span(true, Some("bad gateway"), &[("http.response.status_code", "502")]).outcome(), "answered 502, bad gateway");
        assert!(span(true, Some("context deadline exceeded"), &[]).is_timed_out());
        assert!(span(true, None, &[("error.type", "java.net.SocketTimeoutException")]).is_timed_out());
        assert!(!span(false, Some("timeout handled"), &[]).is_timed_out());
        assert!(!span(true, Some("card declined"), &[]).is_timed_out());
    }

    #[test]
    fn a_database_is_no_service_of_its_own() {
        let call = |pairs: &[(&str, &str)]| TraceSpan { kind: SpanKind::Client, service: "pay".to_owned(), attributes: with(pairs), ..TraceSpan::default() };
        assert_eq!(call(&[("server.address", "eu.example"), ("peer.service", "provider-b")]).peer(), Some("provider-b"));
        assert_eq!(call(&[("server.address", "db"), ("db.system", "postgresql")]).peer(), None);
        assert_eq!(call(&[("peer.service", "pay")]).peer(), None, "itself");
        assert_eq!(TraceSpan { kind: SpanKind::Server, ..call(&[("peer.service", "x")]) }.peer(), None);
    }
}
