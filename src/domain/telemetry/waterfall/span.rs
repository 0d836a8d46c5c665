//! A trace as its page gets it: spans with what was written on them, and the log lines with its id.
//!
//! A time that is missing stays missing: nothing here stands for "zero" or "now".

use crate::domain::{
    reading::{Readable, Reader},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// Everything that the page of a trace shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TracePage {
    /// In hex, as senders print it.
    pub trace_id: String,
    pub spans: Vec<TraceSpan>,
    /// What is said of whole processes; a span names its own by number.
    pub resources: Vec<Vec<Attribute>>,
    /// Log lines with this trace's id, the earliest first.
    pub logs: Vec<TraceLog>,
    /// So many more lines are there.
    pub more_logs: u32,
    /// What half of the calls of the root's operation take at most, lately.
    pub usual_ns: Option<i64>,
    /// What is not here, each in a sentence.
    pub gaps: Vec<String>,
}

/// One span, as it was received.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TraceSpan {
    pub id: String,
    pub parent: Option<String>,
    pub service: String,
    pub operation: String,
    pub kind: SpanKind,
    /// Since 1970; `None` where the sender gave none or zero.
    pub start_ns: Option<i64>,
    /// `None` where there is no end, or one before the start.
    pub duration_ns: Option<i64>,
    pub error: bool,
    /// What the sender says of how it ended.
    pub status: Option<String>,
    /// Which process of the service.
    pub instance: Option<String>,
    /// Its place among the page's resources.
    pub resource: u32,
    pub attributes: Vec<Attribute>,
    pub events: Vec<SpanEvent>,
    /// Traces and spans that it names beside its parent.
    pub links: Vec<SpanLink>,
    /// Attributes and events were too large to be brought along.
    pub is_cut: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

    /// Whether it is the side that was called or sent to.
    pub fn is_receiving(self) -> bool {
        matches!(self, SpanKind::Server | SpanKind::Consumer)
    }

    /// Whether it is the side that calls or sends.
    pub fn is_sending(self) -> bool {
        matches!(self, SpanKind::Client | SpanKind::Producer)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    pub key: String,
    pub value: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpanEvent {
    pub at_ns: Option<i64>,
    pub name: String,
    pub attributes: Vec<Attribute>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpanLink {
    pub trace_id: String,
    pub span_id: String,
}

/// A log line that names the trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceLog {
    pub at: Timestamp,
    /// As its sender writes it: `WARN`.
    pub severity: String,
    /// Whether that is an error or worse.
    pub error: bool,
    pub service: String,
    pub text: String,
    pub span_id: Option<String>,
}

impl TraceSpan {
    pub fn end_ns(&self) -> Option<i64> {
        Some(self.start_ns?.saturating_add(self.duration_ns?))
    }

    /// The value of the first of these attributes that is there.
    pub fn attribute(&self, keys: &[&str]) -> Option<&str> {
        let of = |key: &&str| self.attributes.iter().find(|attribute| attribute.key == **key);
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

impl Readable for SpanKind {
    fn read(from: Reader<'_>) -> Self {
        const _: fn(SpanKind) = |known| match known {
            SpanKind::Client | SpanKind::Producer | SpanKind::Internal | SpanKind::Server | SpanKind::Consumer => (),
        };
        from.word(&[
            ("internal", SpanKind::Internal),
            ("client", SpanKind::Client),
            ("producer", SpanKind::Producer),
            ("server", SpanKind::Server),
            ("consumer", SpanKind::Consumer),
        ])
    }
}

/// The fields of records by their names.
macro_rules! records {
    ($($name:ident { $($field:ident),+ })+) => {$(
        impl Readable for $name {
            fn read(from: Reader<'_>) -> Self {
                Self { $($field: from.get(stringify!($field))),+ }
            }
        }
    )+};
}

records! {
    TracePage { trace_id, spans, resources, logs, more_logs, usual_ns, gaps }
    TraceSpan {
        id, parent, service, operation, kind, start_ns, duration_ns, error, status, instance, resource, attributes, events, links, is_cut
    }
    Attribute { key, value }
    SpanEvent { at_ns, name, attributes }
    SpanLink { trace_id, span_id }
    TraceLog { at, severity, error, service, text, span_id }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reading;

    fn with(pairs: &[(&str, &str)]) -> Vec<Attribute> {
        pairs.iter().map(|(key, value)| Attribute { key: (*key).to_owned(), value: (*value).to_owned() }).collect()
    }

    #[test]
    fn the_browser_reads_a_page_as_serde_wrote_it() {
        let span = TraceSpan {
            id: "e127".to_owned(),
            parent: Some("9095".to_owned()),
            service: "checkout".to_owned(),
            operation: "POST /pay".to_owned(),
            kind: SpanKind::Server,
            start_ns: Some(1_706_678_909_209_712_000),
            duration_ns: Some(123_000),
            error: true,
            status: Some("gone".to_owned()),
            instance: Some("pod-1".to_owned()),
            resource: 1,
            attributes: with(&[("a", "1")]),
            events: vec![SpanEvent { at_ns: Some(7), name: "sent".to_owned(), attributes: with(&[("bytes", "12")]) }],
            links: vec![SpanLink { trace_id: "83".to_owned(), span_id: "e1".to_owned() }],
            is_cut: true,
        };
        let at = Timestamp::parse("2026-11-20T02:30:53.391Z").expect("it is RFC 3339");
        let log = TraceLog { at, severity: "WARN".to_owned(), error: false, service: "mail".to_owned(), text: "gave up".to_owned(), span_id: None };
        for kind in [SpanKind::Client, SpanKind::Producer, SpanKind::Internal, SpanKind::Server, SpanKind::Consumer] {
            let page = TracePage {
                trace_id: "83a9".to_owned(),
                spans: vec![TraceSpan { kind, ..span.clone() }, TraceSpan::default()],
                resources: vec![vec![], with(&[("host.name", "n1")])],
                logs: vec![log.clone()],
                more_logs: 3,
                usual_ns: Some(240_000_000),
                gaps: vec!["Tempo is silent.".to_owned()],
            };
            let text = serde_json::to_vec(&page).expect("it can be written");
            assert_eq!(reading::read::<TracePage>(&text), Some(page));
        }
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
