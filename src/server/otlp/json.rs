//! OTLP's JSON into the messages that protobuf gives, so that whoever reads them sees one shape;
//! and traces back into JSON.
//!
//! The types of the protobuf crate read JSON too, but refuse what senders may write: members
//! that nobody knows in a value, `null`, `"NaN"`, a request without its list. These pass.

use super::{
    ids,
    json_any::{Any, Pair, attributes, hex, named, number, or_default, parent},
    json_metrics::MetricWire,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value},
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    metrics::v1::{ResourceMetrics, ScopeMetrics},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span},
};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, json};

const KINDS: [&str; 6] = ["unspecified", "internal", "server", "client", "producer", "consumer"];
const CODES: [&str; 3] = ["unset", "ok", "error"];

/// A list that may be absent or `null`, of items that become others.
pub(super) fn all<From, To>(items: Vec<From>, into: impl Fn(From) -> To) -> Vec<To> {
    items.into_iter().map(into).collect()
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Request {
    #[serde(deserialize_with = "or_default")]
    resource_spans: Vec<Group>,
    #[serde(deserialize_with = "or_default")]
    resource_metrics: Vec<Group>,
    #[serde(deserialize_with = "or_default")]
    resource_logs: Vec<Group>,
}

/// What one resource sent.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Group {
    #[serde(deserialize_with = "or_default")]
    resource: ResourceWire,
    #[serde(deserialize_with = "or_default")]
    scope_spans: Vec<Scoped>,
    #[serde(deserialize_with = "or_default")]
    scope_metrics: Vec<Scoped>,
    #[serde(deserialize_with = "or_default")]
    scope_logs: Vec<Scoped>,
    #[serde(deserialize_with = "or_default")]
    schema_url: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ResourceWire {
    #[serde(deserialize_with = "or_default")]
    attributes: Vec<Pair>,
}

impl From<ResourceWire> for Option<Resource> {
    fn from(wire: ResourceWire) -> Self {
        Some(Resource { attributes: attributes(wire.attributes), ..Resource::default() })
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Scoped {
    scope: Option<ScopeWire>,
    #[serde(deserialize_with = "or_default")]
    spans: Vec<SpanWire>,
    #[serde(deserialize_with = "or_default")]
    metrics: Vec<MetricWire>,
    #[serde(deserialize_with = "or_default")]
    log_records: Vec<LogWire>,
    #[serde(deserialize_with = "or_default")]
    schema_url: String,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ScopeWire {
    #[serde(deserialize_with = "or_default")]
    name: String,
    #[serde(deserialize_with = "or_default")]
    version: String,
    #[serde(deserialize_with = "or_default")]
    attributes: Vec<Pair>,
}

impl From<ScopeWire> for InstrumentationScope {
    fn from(wire: ScopeWire) -> Self {
        Self { name: wire.name, version: wire.version, attributes: attributes(wire.attributes), ..Self::default() }
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct SpanWire {
    #[serde(deserialize_with = "hex")]
    trace_id: Vec<u8>,
    #[serde(deserialize_with = "hex")]
    span_id: Vec<u8>,
    #[serde(deserialize_with = "parent")]
    parent_span_id: Vec<u8>,
    #[serde(deserialize_with = "or_default")]
    trace_state: String,
    #[serde(deserialize_with = "number")]
    flags: u32,
    #[serde(deserialize_with = "or_default")]
    name: String,
    #[serde(deserialize_with = "kind")]
    kind: i32,
    #[serde(deserialize_with = "number")]
    start_time_unix_nano: u64,
    #[serde(deserialize_with = "number")]
    end_time_unix_nano: u64,
    #[serde(deserialize_with = "or_default")]
    attributes: Vec<Pair>,
    #[serde(deserialize_with = "or_default")]
    events: Vec<EventWire>,
    #[serde(deserialize_with = "or_default")]
    links: Vec<LinkWire>,
    status: Option<StatusWire>,
}

fn kind<'de, D: Deserializer<'de>>(from: D) -> Result<i32, D::Error> {
    named(from, &KINDS)
}

fn code<'de, D: Deserializer<'de>>(from: D) -> Result<i32, D::Error> {
    named(from, &CODES)
}

/// Severities are numbers with steps in between; names (`SEVERITY_NUMBER_WARN2`) are rare.
fn severity<'de, D: Deserializer<'de>>(from: D) -> Result<i32, D::Error> {
    const NAMES: [&str; 25] = [
        "unspecified",
        "trace",
        "trace2",
        "trace3",
        "trace4",
        "debug",
        "debug2",
        "debug3",
        "debug4",
        "info",
        "info2",
        "info3",
        "info4",
        "warn",
        "warn2",
        "warn3",
        "warn4",
        "error",
        "error2",
        "error3",
        "error4",
        "fatal",
        "fatal2",
        "fatal3",
        "fatal4",
    ];
    named(from, &NAMES)
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct EventWire {
    #[serde(deserialize_with = "number")]
    time_unix_nano: u64,
    #[serde(deserialize_with = "or_default")]
    name: String,
    #[serde(deserialize_with = "or_default")]
    attributes: Vec<Pair>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct LinkWire {
    #[serde(deserialize_with = "hex")]
    trace_id: Vec<u8>,
    #[serde(deserialize_with = "hex")]
    span_id: Vec<u8>,
    #[serde(deserialize_with = "or_default")]
    trace_state: String,
    #[serde(deserialize_with = "or_default")]
    attributes: Vec<Pair>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct StatusWire {
    #[serde(deserialize_with = "code")]
    code: i32,
    #[serde(deserialize_with = "or_default")]
    message: String,
}

impl From<SpanWire> for Span {
    fn from(wire: SpanWire) -> Self {
        Self {
            trace_id: wire.trace_id,
            span_id: wire.span_id,
            parent_span_id: wire.parent_span_id,
            trace_state: wire.trace_state,
            flags: wire.flags,
            name: wire.name,
            kind: wire.kind,
            start_time_unix_nano: wire.start_time_unix_nano,
            end_time_unix_nano: wire.end_time_unix_nano,
            attributes: attributes(wire.attributes),
            events: all(wire.events, |event| span::Event {
                time_unix_nano: event.time_unix_nano,
                name: event.name,
                attributes: attributes(event.attributes),
                ..span::Event::default()
            }),
            links: all(wire.links, |link| span::Link {
                trace_id: link.trace_id,
                span_id: link.span_id,
                trace_state: link.trace_state,
                attributes: attributes(link.attributes),
                ..span::Link::default()
            }),
            status: wire.status.map(|status| Status { code: status.code, message: status.message }),
            ..Self::default()
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct LogWire {
    #[serde(deserialize_with = "number")]
    time_unix_nano: u64,
    #[serde(deserialize_with = "number")]
    observed_time_unix_nano: u64,
    #[serde(deserialize_with = "severity")]
    severity_number: i32,
    #[serde(deserialize_with = "or_default")]
    severity_text: String,
    body: Option<Any>,
    #[serde(deserialize_with = "or_default")]
    attributes: Vec<Pair>,
    #[serde(deserialize_with = "number")]
    flags: u32,
    #[serde(deserialize_with = "hex")]
    trace_id: Vec<u8>,
    #[serde(deserialize_with = "hex")]
    span_id: Vec<u8>,
    #[serde(deserialize_with = "or_default")]
    event_name: String,
}

impl From<LogWire> for LogRecord {
    fn from(wire: LogWire) -> Self {
        Self {
            time_unix_nano: wire.time_unix_nano,
            observed_time_unix_nano: wire.observed_time_unix_nano,
            severity_number: wire.severity_number,
            severity_text: wire.severity_text,
            body: wire.body.map(|any| any.0),
            attributes: attributes(wire.attributes),
            flags: wire.flags,
            trace_id: wire.trace_id,
            span_id: wire.span_id,
            event_name: wire.event_name,
            ..Self::default()
        }
    }
}

/// Reads a request. Lists would be read as objects without names, and are refused.
fn request(body: &[u8]) -> Result<Request, serde_json::Error> {
    match body.trim_ascii_start().first() {
        Some(b'[') => Err(serde::de::Error::invalid_type(serde::de::Unexpected::Seq, &"an object")),
        _ => serde_json::from_slice(body),
    }
}

/// Reads an export of traces.
pub fn traces(body: &[u8]) -> Result<Vec<ResourceSpans>, serde_json::Error> {
    let scoped = |scoped: Scoped| ScopeSpans { scope: scoped.scope.map(Into::into), spans: all(scoped.spans, Into::into), schema_url: scoped.schema_url };
    let group = |group: Group| ResourceSpans { resource: group.resource.into(), scope_spans: all(group.scope_spans, scoped), schema_url: group.schema_url };
    Ok(all(request(body)?.resource_spans, group))
}

/// Reads an export of metrics.
pub fn metrics(body: &[u8]) -> Result<Vec<ResourceMetrics>, serde_json::Error> {
    let scoped = |scoped: Scoped| ScopeMetrics { scope: scoped.scope.map(Into::into), metrics: all(scoped.metrics, Into::into), schema_url: scoped.schema_url };
    let group =
        |group: Group| ResourceMetrics { resource: group.resource.into(), scope_metrics: all(group.scope_metrics, scoped), schema_url: group.schema_url };
    Ok(all(request(body)?.resource_metrics, group))
}

/// Reads an export of logs.
pub fn logs(body: &[u8]) -> Result<Vec<ResourceLogs>, serde_json::Error> {
    let scoped =
        |scoped: Scoped| ScopeLogs { scope: scoped.scope.map(Into::into), log_records: all(scoped.log_records, Into::into), schema_url: scoped.schema_url };
    let group = |group: Group| ResourceLogs { resource: group.resource.into(), scope_logs: all(group.scope_logs, scoped), schema_url: group.schema_url };
    Ok(all(request(body)?.resource_logs, group))
}

/// Traces as OTLP's JSON: `{"resourceSpans": […]}`.
pub fn write_traces(groups: &[ResourceSpans]) -> serde_json::Value {
    json!({ "resourceSpans": groups.iter().map(write_group).collect::<Vec<_>>() })
}

fn write_group(group: &ResourceSpans) -> serde_json::Value {
    let scoped = |scoped: &ScopeSpans| {
        let mut out = json!({ "spans": scoped.spans.iter().map(write_span).collect::<Vec<_>>() });
        if let Some(scope) = &scoped.scope {
            out["scope"] = json!({ "name": scope.name, "version": scope.version, "attributes": write_attributes(&scope.attributes) });
        }
        if !scoped.schema_url.is_empty() {
            out["schemaUrl"] = scoped.schema_url.as_str().into();
        }
        out
    };
    let resource = group.resource.as_ref().map_or_else(Vec::new, |resource| write_attributes(&resource.attributes));
    let mut out = json!({ "resource": { "attributes": resource }, "scopeSpans": group.scope_spans.iter().map(scoped).collect::<Vec<_>>() });
    if !group.schema_url.is_empty() {
        out["schemaUrl"] = group.schema_url.as_str().into();
    }
    out
}

fn write_span(span: &Span) -> serde_json::Value {
    let mut out = Map::from_iter([
        ("traceId".to_owned(), ids::trace_text(ids::trace(&span.trace_id)).into()),
        ("spanId".to_owned(), ids::span_text(ids::span(&span.span_id)).into()),
        ("name".to_owned(), span.name.as_str().into()),
        ("kind".to_owned(), span.kind.into()),
        // 64-bit numbers are strings in protobuf's JSON.
        ("startTimeUnixNano".to_owned(), span.start_time_unix_nano.to_string().into()),
        ("endTimeUnixNano".to_owned(), span.end_time_unix_nano.to_string().into()),
        ("attributes".to_owned(), write_attributes(&span.attributes).into()),
    ]);
    let mut add = |name: &str, value: serde_json::Value, is_there: bool| {
        if is_there {
            out.insert(name.to_owned(), value);
        }
    };
    add("parentSpanId", ids::span_text(ids::span(&span.parent_span_id)).into(), ids::span(&span.parent_span_id) != 0);
    add("traceState", span.trace_state.as_str().into(), !span.trace_state.is_empty());
    add("flags", span.flags.into(), span.flags != 0);
    let events = span
        .events
        .iter()
        .map(|event| json!({ "timeUnixNano": event.time_unix_nano.to_string(), "name": event.name, "attributes": write_attributes(&event.attributes) }));
    add("events", events.collect::<Vec<_>>().into(), !span.events.is_empty());
    let links = span.links.iter().map(|link| {
        let (trace, span) = (ids::trace_text(ids::trace(&link.trace_id)), ids::span_text(ids::span(&link.span_id)));
        json!({ "traceId": trace, "spanId": span, "attributes": write_attributes(&link.attributes) })
    });
    add("links", links.collect::<Vec<_>>().into(), !span.links.is_empty());
    if let Some(status) = &span.status {
        let mut written = json!({ "code": status.code });
        if !status.message.is_empty() {
            written["message"] = status.message.as_str().into();
        }
        add("status", written, true);
    }
    out.into()
}

fn write_attributes(attributes: &[KeyValue]) -> Vec<serde_json::Value> {
    attributes.iter().map(|attribute| json!({ "key": attribute.key, "value": write_any(attribute.value.as_ref()) })).collect()
}

fn write_any(any: Option<&AnyValue>) -> serde_json::Value {
    match any.and_then(|any| any.value.as_ref()) {
        Some(Value::StringValue(text)) => json!({ "stringValue": text }),
        Some(Value::BoolValue(value)) => json!({ "boolValue": value }),
        Some(Value::IntValue(value)) => json!({ "intValue": value.to_string() }),
        Some(Value::DoubleValue(value)) if value.is_finite() => json!({ "doubleValue": value }),
        Some(Value::DoubleValue(value)) if value.is_nan() => json!({ "doubleValue": "NaN" }),
        Some(Value::DoubleValue(value)) => json!({ "doubleValue": if *value > 0.0 { "Infinity" } else { "-Infinity" } }),
        Some(Value::ArrayValue(array)) => json!({ "arrayValue": { "values": array.values.iter().map(|item| write_any(Some(item))).collect::<Vec<_>>() } }),
        Some(Value::KvlistValue(list)) => json!({ "kvlistValue": { "values": write_attributes(&list.values) } }),
        Some(Value::BytesValue(bytes)) => json!({ "bytesValue": BASE64_STANDARD.encode(bytes) }),
        Some(Value::StringValueStrindex(_)) | None => json!({}),
    }
}
