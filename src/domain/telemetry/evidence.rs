//! Where traces and incidents meet: which incidents name a trace, and which trace a text names.

use crate::domain::{
    ids::IncidentRef,
    reading::{Readable, Reader},
    severity::Severity,
};
use serde::{Deserialize, Serialize};

/// An incident that names a trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Naming {
    #[serde(rename = "ref")]
    pub reference: IncidentRef,
    pub title: String,
    pub severity: Option<Severity>,
    /// The entry of its timeline that names it; `None`: one of its alerts does.
    pub seq: Option<i64>,
}

impl Readable for Naming {
    fn read(from: Reader<'_>) -> Self {
        Self { reference: from.get("ref"), title: from.get("title"), severity: from.get("severity"), seq: from.get("seq") }
    }
}

/// The digits of a trace's id, and of a span's.
const DIGITS: usize = 32;
const SPAN_DIGITS: usize = 16;
/// The word stands at most so many letters before the id: `trace_id="`, `"traceId": "`.
const REACH: usize = 8;

/// The trace that a text names: 32 hexadecimal digits that stand alone, right behind the word
/// `trace`, as log lines and addresses of traces have it. Other long numbers are none.
pub fn trace_in(text: &str) -> Option<&str> {
    id_in(text, "trace", DIGITS)
}

/// The span that a text names: 16 hexadecimal digits right behind the word `span`.
pub fn span_in(text: &str) -> Option<&str> {
    id_in(text, "span", SPAN_DIGITS)
}

fn id_in<'a>(text: &'a str, named: &str, digits: usize) -> Option<&'a str> {
    let bytes = text.as_bytes();
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric();
    let mut from = 0;
    while let Some(start) = bytes.get(from..)?.iter().position(is_word).map(|at| from + at) {
        let end = bytes[start..].iter().position(|byte| !is_word(byte)).map_or(bytes.len(), |at| start + at);
        let word = &bytes[start..end];
        let is_id = word.len() == digits && word.iter().all(u8::is_ascii_hexdigit) && word.iter().any(|digit| *digit != b'0');
        if is_id && is_announced(&bytes[..start], named) {
            return text.get(start..end);
        }
        from = end;
    }
    None
}

/// Whether `trace`, `traces`, `traceid` or `trace id` is the last that was said; so with `span`.
fn is_announced(before: &[u8], named: &str) -> bool {
    let near = &before[before.len().saturating_sub(REACH + DIGITS)..];
    let near = String::from_utf8_lossy(near).to_ascii_lowercase();
    let Some(at) = near.rfind(named) else { return false };
    let between = near[at + named.len()..].trim_start_matches(['_', '-', '.', ' ']);
    let between = between.strip_prefix("id").or_else(|| between.strip_prefix('s')).unwrap_or(between);
    between.len() <= REACH && between.chars().all(|letter| !letter.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reading::read;

    const ID: &str = "7f3a9c1e52d04b8fa61e0c93d7b2f418";

    #[test]
    fn a_trace_is_found_as_log_lines_and_addresses_name_it() {
        for text in [
            format!("level=error trace_id={ID} span_id=00f067aa0ba902b7 msg=gave up"),
            format!(r#"{{"traceId": "{ID}"}}"#),
            format!("Trace {ID}: it times out"),
            format!("https://tocsin.example/debug/traces/{ID}?span=1"),
            format!("https://jaeger.example/trace/{ID}"),
            format!("traceID:{ID}"),
            format!("trace.id => {ID}"),
            format!("ünïcode trace id {ID}"),
        ] {
            assert_eq!(trace_in(&text), Some(ID), "{text}");
        }
    }

    #[test]
    fn a_span_is_found_beside_its_trace() {
        for text in [
            format!("16:43:08.462 INFO t.s.TravelServiceImpl#372 TraceID: {ID} SpanID: 00f067aa0ba902b7 [from: Shang Hai]"),
            format!(r#"{{"log":"{{\"TraceID\":\"{ID}\",\"SpanID\":\"00f067aa0ba902b7\",\"message\":\"charged\"}}\n"}}"#),
            format!("trace_id={ID} span_id=00f067aa0ba902b7"),
        ] {
            assert_eq!((trace_in(&text), span_in(&text)), (Some(ID), Some("00f067aa0ba902b7")), "{text}");
        }
        for text in ["order 00f067aa0ba902b7", "span_id=0000000000000000", "spanning 00f067aa0ba902b7", "span_id=00f067aa0ba902b"] {
            assert_eq!(span_in(text), None, "{text}");
        }
    }

    #[test]
    fn other_long_numbers_are_no_traces() {
        for text in [
            format!("md5 {ID}"),
            format!("commit {ID}"),
            format!("the trace was lost, see {ID}"),
            format!("trace_id={ID}0"),
            format!("trace_id={}", &ID[1..]),
            format!("trace_id={}", "0".repeat(32)),
            "trace_id=".to_owned(),
            String::new(),
        ] {
            assert_eq!(trace_in(&text), None, "{text}");
        }
    }

    #[test]
    fn the_browser_reads_it_as_serde_wrote_it() {
        let naming = |seq| Naming { reference: IncidentRef(418), title: "Payments time out".to_owned(), severity: Some(Severity::Sev1), seq };
        let known = vec![naming(Some(7)), naming(None)];
        assert_eq!(read(serde_json::to_string(&known).expect("it serialises").as_bytes()), Some(known));
    }
}
