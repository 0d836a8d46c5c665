//! Jaeger's JSON as OTLP's spans. What its senders may leave out or write differently is taken as
//! it is meant; ids without leading zeros, parents that are not there and circles stay as they are.

use crate::server::otlp::{
    ids,
    json_any::{number, or_default},
};
use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, KeyValue, any_value::Value},
    resource::v1::Resource,
    trace::v1::{
        ResourceSpans, ScopeSpans, Span, Status,
        span::{Event, Link, SpanKind},
    },
};
use serde::Deserialize;
use std::collections::{BTreeMap, HashSet};

/// What a span says of its error by itself.
const ERROR: i32 = 2;

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Trace {
    #[serde(rename = "traceID", deserialize_with = "or_default")]
    trace_id: String,
    #[serde(deserialize_with = "or_default")]
    spans: Vec<SpanWire>,
    #[serde(deserialize_with = "or_default")]
    processes: BTreeMap<String, Process>,
}

#[derive(Clone, Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Process {
    #[serde(deserialize_with = "or_default")]
    service_name: String,
    #[serde(deserialize_with = "or_default")]
    tags: Vec<Tag>,
}

#[derive(Clone, Deserialize, Default)]
#[serde(default)]
struct Tag {
    #[serde(deserialize_with = "or_default")]
    key: String,
    #[serde(rename = "type", deserialize_with = "or_default")]
    kind: String,
    value: serde_json::Value,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct SpanWire {
    #[serde(rename = "traceID", deserialize_with = "or_default")]
    trace_id: String,
    #[serde(rename = "spanID", deserialize_with = "or_default")]
    span_id: String,
    /// Only very old ones have it.
    #[serde(rename = "parentSpanID", deserialize_with = "or_default")]
    parent_span_id: String,
    #[serde(deserialize_with = "or_default")]
    operation_name: String,
    #[serde(deserialize_with = "or_default")]
    references: Vec<Reference>,
    #[serde(deserialize_with = "number")]
    start_time: u64,
    #[serde(deserialize_with = "number")]
    duration: u64,
    #[serde(deserialize_with = "or_default")]
    tags: Vec<Tag>,
    #[serde(deserialize_with = "or_default")]
    logs: Vec<LogWire>,
    #[serde(rename = "processID", deserialize_with = "or_default")]
    process_id: String,
    process: Option<Process>,
    #[serde(deserialize_with = "or_default")]
    warnings: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Reference {
    #[serde(deserialize_with = "or_default")]
    ref_type: String,
    #[serde(rename = "traceID", deserialize_with = "or_default")]
    trace_id: String,
    #[serde(rename = "spanID", deserialize_with = "or_default")]
    span_id: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct LogWire {
    #[serde(deserialize_with = "number")]
    timestamp: u64,
    #[serde(deserialize_with = "or_default")]
    fields: Vec<Tag>,
}

impl Trace {
    pub fn id(&self) -> Option<u128> {
        let of_span = || self.spans.first().and_then(|span| ids::parse_trace(&span.trace_id));
        ids::parse_trace(&self.trace_id).or_else(of_span)
    }

    /// Its spans by the process that sent them. What came twice, word for word, is there once.
    pub fn into_groups(self) -> Vec<ResourceSpans> {
        let Some(trace) = self.id() else { return vec![] };
        let mut processes = self.processes;
        let mut by_process = BTreeMap::<String, Vec<Span>>::new();
        let mut seen = HashSet::new();
        for (at, span) in self.spans.into_iter().enumerate() {
            let key = match &span.process {
                Some(process) => {
                    // One that stands in the span itself has no name of its own.
                    let key = format!("{at}.{}", process.service_name);
                    processes.insert(key.clone(), process.clone());
                    key
                }
                None => span.process_id.clone(),
            };
            let Some(id) = ids::parse_span(&span.span_id) else { continue };
            if seen.insert((id, span.process_id.clone(), span.operation_name.clone(), span.start_time, span.duration)) {
                by_process.entry(key).or_default().push(span.into_span(trace, id));
            }
        }
        let group = |(key, spans): (String, Vec<Span>)| ResourceSpans {
            resource: Some(processes.get(&key).cloned().unwrap_or_default().into_resource()),
            scope_spans: vec![ScopeSpans { spans, ..ScopeSpans::default() }],
            ..ResourceSpans::default()
        };
        by_process.into_iter().map(group).collect()
    }
}

impl Process {
    fn into_resource(self) -> Resource {
        let mut attributes = vec![];
        if !self.service_name.is_empty() {
            attributes.push(text("service.name", &self.service_name));
        }
        // What its own clients call the machine.
        if let Some(host) = self.tags.iter().find(|tag| tag.key == "hostname").filter(|_| !self.tags.iter().any(|tag| tag.key == "host.name")) {
            attributes.push(KeyValue { key: "host.name".to_owned(), ..host.clone().into_pair() });
        }
        attributes.extend(self.tags.into_iter().filter(|tag| tag.key != "service.name").map(Tag::into_pair));
        Resource { attributes, ..Resource::default() }
    }
}

impl SpanWire {
    fn into_span(self, trace: u128, id: u64) -> Span {
        let (parent, links) = self.relations(trace);
        let says = |key: &str| self.tags.iter().find(|tag| tag.key == key).map(Tag::text);
        let is_error = says("error").is_some_and(|text| text.eq_ignore_ascii_case("true"))
            || says("otel.status_code").is_some_and(|text| text.eq_ignore_ascii_case("error"));
        let status = is_error.then(|| Status { code: ERROR, message: says("otel.status_description").unwrap_or_default() });
        let kind = kind(says("span.kind").as_deref());
        let start_ns = self.start_time.saturating_mul(1_000);
        let mut attributes: Vec<KeyValue> = self.tags.iter().filter(|tag| !tag.is_told_otherwise()).cloned().map(Tag::into_pair).collect();
        attributes.extend(self.warnings.iter().map(|words| text("jaeger.warning", words)));
        Span {
            trace_id: trace.to_be_bytes().to_vec(),
            span_id: id.to_be_bytes().to_vec(),
            parent_span_id: if parent == 0 { vec![] } else { parent.to_be_bytes().to_vec() },
            name: self.operation_name,
            kind: kind.into(),
            start_time_unix_nano: start_ns,
            end_time_unix_nano: start_ns.saturating_add(self.duration.saturating_mul(1_000)),
            attributes,
            events: self.logs.into_iter().map(LogWire::into_event).collect(),
            links,
            status,
            ..Span::default()
        }
    }

    /// Its parent: the span of this trace that it is a child of, else the one that it follows from.
    /// All other references are links.
    fn relations(&self, trace: u128) -> (u64, Vec<Link>) {
        let read = |reference: &Reference| {
            let of = if reference.trace_id.is_empty() { trace } else { ids::parse_trace(&reference.trace_id)? };
            Some((reference.ref_type == "CHILD_OF", of, ids::parse_span(&reference.span_id)?))
        };
        let known: Vec<(bool, u128, u64)> = self.references.iter().filter_map(read).collect();
        let here = |wanted: bool| known.iter().position(|(is_child, of, _)| *is_child == wanted && *of == trace);
        let chosen = here(true).or_else(|| here(false));
        let parent = chosen.and_then(|at| known.get(at)).map(|(.., span)| *span);
        let link = |(_, (_, of, span)): (usize, &(bool, u128, u64))| Link {
            trace_id: of.to_be_bytes().to_vec(),
            span_id: span.to_be_bytes().to_vec(),
            ..Link::default()
        };
        let links = known.iter().enumerate().filter(|(at, _)| Some(*at) != chosen).map(link).collect();
        (parent.or_else(|| ids::parse_span(&self.parent_span_id)).unwrap_or(0), links)
    }
}

impl LogWire {
    fn into_event(mut self) -> Event {
        let named = ["event", "message"].iter().find_map(|key| self.fields.iter().position(|field| field.key == *key));
        let name = named.map_or_else(|| "log".to_owned(), |at| self.fields.remove(at).text());
        let attributes = self.fields.into_iter().map(Tag::into_pair).collect();
        Event { time_unix_nano: self.timestamp.saturating_mul(1_000), name, attributes, ..Event::default() }
    }
}

impl Tag {
    fn text(&self) -> String {
        match &self.value {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Null => String::new(),
            other => other.to_string(),
        }
    }

    /// What stands in the span itself.
    fn is_told_otherwise(&self) -> bool {
        matches!(self.key.as_str(), "span.kind" | "error" | "otel.status_code" | "otel.status_description" | "internal.span.format")
    }

    /// Some stores give every value as text, with its type beside it.
    fn into_pair(self) -> KeyValue {
        let written = self.text();
        let value = match (&self.value, self.kind.as_str()) {
            (serde_json::Value::Bool(value), _) => Some(Value::BoolValue(*value)),
            (_, "bool") => written.parse().ok().map(Value::BoolValue),
            (serde_json::Value::Number(_), "float64") | (serde_json::Value::String(_), "float64") => written.parse().ok().map(Value::DoubleValue),
            (serde_json::Value::Number(_), _) => written.parse().map(Value::IntValue).or_else(|_| written.parse().map(Value::DoubleValue)).ok(),
            (_, "int64") => written.parse().ok().map(Value::IntValue),
            _ => None,
        };
        KeyValue { key: self.key, value: Some(AnyValue { value: Some(value.unwrap_or(Value::StringValue(written))) }), ..KeyValue::default() }
    }
}

fn text(key: &str, value: &str) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(Value::StringValue(value.to_owned())) }), ..KeyValue::default() }
}

fn kind(said: Option<&str>) -> SpanKind {
    match said {
        Some("server") => SpanKind::Server,
        Some("client") => SpanKind::Client,
        Some("producer") => SpanKind::Producer,
        Some("consumer") => SpanKind::Consumer,
        Some("internal") => SpanKind::Internal,
        Some(_) | None => SpanKind::Unspecified,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::otlp::values;

    fn trace(json: serde_json::Value) -> Trace {
        serde_json::from_value(json).expect("it is a trace")
    }

    #[test]
    fn a_recorded_answer_is_read_and_what_came_twice_is_there_once() {
        let answer: serde_json::Value = serde_json::from_str(include_str!("../../../../tests/fixtures/jaeger/trace_response.json")).expect("it is JSON");
        let trace = trace(answer["data"][0].clone());
        assert_eq!(trace.id().map(ids::trace_text).as_deref(), Some("83a9efd15c1c98a977e0711cc93ee28b"));
        let groups = trace.into_groups();
        let spans: Vec<&Span> = groups.iter().flat_map(|group| &group.scope_spans).flat_map(|scope| &scope.spans).collect();
        let [span] = spans.as_slice() else { panic!("{spans:?}") };
        assert_eq!((ids::span(&span.span_id), ids::span(&span.parent_span_id)), (0xe127_af99_e3b3_e074, 0x9095_41b9_2cf0_5311));
        assert_eq!((span.start_time_unix_nano, span.end_time_unix_nano), (1_706_678_909_209_712_000, 1_706_678_909_209_835_000));
        assert_eq!((span.kind, span.status.is_none()), (SpanKind::Server.into(), true));
        assert_eq!(values::find(&span.attributes, "peer.service").as_deref(), Some("telemetrygen-client"));
        let resource = groups[0].resource.as_ref().expect("it has one");
        assert_eq!(values::find(&resource.attributes, "service.name").as_deref(), Some("telemetrygen"));
    }

    #[test]
    fn what_is_written_loosely_is_taken_as_meant() {
        let groups = trace(serde_json::json!({
            "traceID": "abc",
            "spans": [
                {"traceID": "abc", "spanID": "1", "operationName": "a", "references": null, "startTime": 0, "duration": 0, "processID": "p1",
                 "tags": [{"key": "error", "type": "string", "value": "true"}, {"key": "n", "type": "int64", "value": "7"}, {"key": "f", "type": "float64", "value": 1}],
                 "logs": [{"timestamp": 5, "fields": [{"key": "level", "value": "warn"}, {"key": "event", "value": "retry"}]}]},
                {"traceID": "0000000000000abc", "spanID": "02", "operationName": "b", "startTime": 9, "duration": 1, "processID": "gone",
                 "references": [{"refType": "FOLLOWS_FROM", "traceID": "abc", "spanID": "9"}, {"refType": "CHILD_OF", "traceID": "abc", "spanID": "0001"},
                                {"refType": "CHILD_OF", "traceID": "def", "spanID": "3"}], "warnings": ["clock skew"]},
                {"spanID": "3", "parentSpanID": "2", "operationName": "c", "process": {"serviceName": "own", "tags": [{"key": "hostname", "value": "h1"}]}},
                {"spanID": "not an id"}
            ],
            "processes": {"p1": {"serviceName": "web"}}
        }))
        .into_groups();
        let all: Vec<(&ResourceSpans, &Span)> = groups.iter().flat_map(|group| group.scope_spans[0].spans.iter().map(move |span| (group, span))).collect();
        let find = |id: u64| *all.iter().find(|(_, span)| ids::span(&span.span_id) == id).expect("it is there");
        assert_eq!(all.len(), 3);
        let (_, first) = find(1);
        assert_eq!((first.start_time_unix_nano, first.status.as_ref().map(|status| status.code)), (0, Some(ERROR)));
        assert_eq!(first.attributes.iter().map(|pair| pair.key.as_str()).collect::<Vec<_>>(), ["n", "f"]);
        assert_eq!(first.attributes[0].value.as_ref().and_then(|value| value.value.clone()), Some(Value::IntValue(7)));
        assert_eq!((first.events[0].name.as_str(), first.events[0].time_unix_nano), ("retry", 5_000));
        let (_, second) = find(2);
        assert_eq!((ids::span(&second.parent_span_id), second.links.len()), (1, 2));
        assert_eq!(values::find(&second.attributes, "jaeger.warning").as_deref(), Some("clock skew"));
        let (group, third) = find(3);
        assert_eq!(ids::span(&third.parent_span_id), 2);
        let resource = &group.resource.as_ref().expect("it has one").attributes;
        assert_eq!((values::find(resource, "service.name").as_deref(), values::find(resource, "host.name").as_deref()), (Some("own"), Some("h1")));
    }
}
