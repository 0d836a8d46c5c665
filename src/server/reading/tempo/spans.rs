//! Tempo's traces as OTLP's spans. As protobuf they are OTLP's own messages under other names; as
//! JSON their ids are base64, their enums names, and the list is called `batches` by older servers.

use super::super::Whole;
use crate::server::otlp::{ids, json};
use base64::{Engine, prelude::BASE64_STANDARD};
use opentelemetry_proto::tonic::trace::v1::TracesData;
use prost::Message;
use serde_json::Value;

/// What is asked for. Servers compare the whole text.
pub const PROTOBUF: &str = "application/protobuf";
const PARTIAL: i32 = 1;
/// How deep a JSON answer is looked into for ids: list, group, scope, span, link.
const ID_FIELDS: [&str; 3] = ["traceId", "spanId", "parentSpanId"];

/// The newer answer to one trace.
#[derive(Clone, PartialEq, Message)]
struct Newer {
    #[prost(message, optional, tag = "1")]
    trace: Option<TracesData>,
    #[prost(int32, tag = "3")]
    status: i32,
    #[prost(string, tag = "4")]
    message: String,
}

/// Reads the answer of the newer path; `None`: it is none.
pub fn newer(media: &str, body: &[u8]) -> Option<Whole> {
    if is_json(media, body) {
        let mut answer: Value = serde_json::from_slice(body).ok()?;
        if !answer.is_object() {
            return None;
        }
        let is_partial = answer.get("status").is_some_and(|status| status == "PARTIAL" || status == PARTIAL);
        let message = answer.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
        let trace = answer.get_mut("trace").map(Value::take).unwrap_or_default();
        let mut whole = if trace.is_null() { Whole { groups: vec![], gap: None } } else { from_json(trace)? };
        whole.gap = is_partial.then(|| partial(&message));
        return Some(whole);
    }
    let Newer { trace, status, message } = Newer::decode(body).ok()?;
    Some(Whole { groups: trace.unwrap_or_default().resource_spans, gap: (status == PARTIAL).then(|| partial(&message)) })
}

/// Reads the answer of the older path.
pub fn older(media: &str, body: &[u8]) -> Option<Whole> {
    if is_json(media, body) {
        return from_json(serde_json::from_slice(body).ok()?);
    }
    Some(Whole { groups: TracesData::decode(body).ok()?.resource_spans, gap: None })
}

fn partial(message: &str) -> String {
    let words = crate::server::prometheus::line::inert(message);
    if words.trim().is_empty() { "it says that the trace is not whole".to_owned() } else { format!("it says that the trace is not whole: {words}") }
}

/// Some answer in JSON whatever they are asked for, and proxies lose content types.
fn is_json(media: &str, body: &[u8]) -> bool {
    media.contains("json") || !media.contains("protobuf") && body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
}

fn from_json(mut trace: Value) -> Option<Whole> {
    let members = trace.as_object_mut()?;
    let groups = ["resourceSpans", "batches"].into_iter().find_map(|name| members.remove(name)).unwrap_or_else(|| Value::Array(vec![]));
    let mut export = serde_json::json!({ "resourceSpans": groups });
    for span in each(&mut export, "resourceSpans").flat_map(scopes).flat_map(|scope| each(scope, "spans")) {
        with_hex(span);
        each(span, "links").for_each(with_hex);
    }
    let groups = json::traces(&serde_json::to_vec(&export).ok()?).ok()?;
    Some(Whole { groups, gap: None })
}

fn each<'a>(of: &'a mut Value, name: &str) -> impl Iterator<Item = &'a mut Value> + use<'a> {
    of.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten()
}

fn scopes(group: &mut Value) -> impl Iterator<Item = &mut Value> {
    each(group, "scopeSpans")
}

/// Writes the ids as OTLP's JSON has them.
fn with_hex(holder: &mut Value) {
    for name in ID_FIELDS {
        let Some(Value::String(id)) = holder.get_mut(name) else { continue };
        let is_hex = matches!(id.len(), 16 | 32) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_hex && let Ok(bytes) = BASE64_STANDARD.decode(id.as_bytes()) {
            *id = ids::to_hex(&bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::otlp::values;
    use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span, span::SpanKind};

    const OLDER: &[u8] = include_bytes!("../../../../tests/fixtures/tempo/trace_v1.json");

    fn only_span(groups: &[ResourceSpans]) -> &Span {
        &groups[0].scope_spans[0].spans[0]
    }

    #[test]
    fn ids_in_base64_and_enums_by_name_are_read() {
        let whole = older("application/json", OLDER).expect("it is a trace");
        let span = only_span(&whole.groups);
        assert_eq!(ids::trace_text(ids::trace(&span.trace_id)), "2f3e0cee77ae5dc9c17ade3689eb2e54");
        assert_eq!((ids::span_text(ids::span(&span.span_id)).as_str(), ids::span(&span.parent_span_id)), ("563d623c76514f8e", 0));
        assert_eq!((span.kind, span.status.as_ref().map(|status| (status.code, status.message.as_str()))), (SpanKind::Server.into(), Some((2, "db timeout"))));
        let resource = whole.groups[0].resource.as_ref().expect("it has one");
        assert_eq!(values::find(&resource.attributes, "service.name").as_deref(), Some("checkout"));
    }

    #[test]
    fn protobuf_and_json_come_to_the_same() {
        let groups = older("application/json", OLDER).expect("it is a trace").groups;
        let data = TracesData { resource_spans: groups.clone() };
        assert_eq!(older(PROTOBUF, &data.encode_to_vec()).map(|whole| whole.groups), Some(groups.clone()));
        let answer = Newer { trace: Some(data), status: PARTIAL, message: "too large".to_owned() };
        let whole = newer(PROTOBUF, &answer.encode_to_vec()).expect("it is a trace");
        assert_eq!((whole.groups, whole.gap.as_deref()), (groups.clone(), Some("it says that the trace is not whole: too large")));
        let text = String::from_utf8_lossy(OLDER).replace("batches", "resourceSpans");
        let json = newer("application/json", format!(r#"{{"trace": {text}, "status": "PARTIAL"}}"#).as_bytes()).expect("it is a trace");
        assert_eq!((json.groups, json.gap.as_deref()), (groups, Some("it says that the trace is not whole")));
    }

    #[test]
    fn what_is_no_trace_is_said_to_be_none() {
        assert!(older("text/html", b"<html>").is_none() && newer("application/json", b"[]").is_none() && older("application/json", b"{").is_none());
        assert!(newer("application/json", br#"{"status":"COMPLETE"}"#).is_some_and(|whole| whole.groups.is_empty()));
        assert!(older("application/json", br#"{"batches":null}"#).is_some_and(|whole| whole.groups.is_empty()));
    }
}
