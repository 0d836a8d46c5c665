//! OTLP, the protocol of OpenTelemetry: what collectors and SDKs send, read from protobuf or JSON,
//! and what they are answered. Bytes in, messages out; nothing here knows of the store or a clock.

pub mod answer;
pub mod ids;
pub mod json;
pub mod json_any;
mod json_metrics;
pub mod spans;
pub mod values;

pub use super::sources::otlp::MAX_BODY;

use axum::body::Bytes;
use opentelemetry_proto::tonic::{
    collector::{logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest},
    logs::v1::ResourceLogs,
    metrics::v1::ResourceMetrics,
    trace::v1::ResourceSpans,
};
use prost::Message;
use spans::RawSpans;

/// What a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    Traces,
    Metrics,
    Logs,
}

impl Signal {
    pub const ALL: [Signal; 3] = [Signal::Traces, Signal::Metrics, Signal::Logs];

    pub fn slug(self) -> &'static str {
        match self {
            Signal::Traces => "traces",
            Signal::Metrics => "metrics",
            Signal::Logs => "logs",
        }
    }

    /// Where it is sent to.
    pub fn path(self) -> &'static str {
        match self {
            Signal::Traces => "/v1/traces",
            Signal::Metrics => "/v1/metrics",
            Signal::Logs => "/v1/logs",
        }
    }
}

/// How a request is written, and so its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Protobuf,
    Json,
}

impl Encoding {
    /// Of a `Content-Type`; `None`: neither of the two.
    pub fn of(content_type: &str) -> Option<Self> {
        match content_type.split(';').next()?.trim().to_ascii_lowercase().as_str() {
            "application/x-protobuf" => Some(Encoding::Protobuf),
            "application/json" => Some(Encoding::Json),
            _ => None,
        }
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Encoding::Protobuf => "application/x-protobuf",
            Encoding::Json => "application/json",
        }
    }
}

/// Why a request cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Undecodable {
    #[error("the body is not the protobuf message that belongs here: {0}")]
    Protobuf(#[from] prost::DecodeError),
    #[error("the body is not the JSON that belongs here: {0}")]
    Json(#[from] serde_json::Error),
}

/// A request that was read.
#[derive(Clone, Debug, PartialEq)]
pub enum Sent {
    Traces(Vec<ResourceSpans>),
    Metrics(Vec<ResourceMetrics>),
    Logs(Vec<ResourceLogs>),
}

impl Sent {
    /// Reads a request. Never panics, whatever it is given.
    pub fn read(signal: Signal, encoding: Encoding, body: &[u8]) -> Result<Self, Undecodable> {
        match encoding {
            Encoding::Protobuf => Self::decode(signal, body),
            Encoding::Json => Ok(match signal {
                Signal::Traces => Sent::Traces(json::traces(body)?),
                Signal::Metrics => Sent::Metrics(json::metrics(body)?),
                Signal::Logs => Sent::Logs(json::logs(body)?),
            }),
        }
    }

    /// Reads protobuf, also what [`Sent::encoded`] wrote.
    pub fn decode(signal: Signal, body: &[u8]) -> Result<Self, Undecodable> {
        Ok(match signal {
            Signal::Traces => Sent::Traces(ExportTraceServiceRequest::decode(body)?.resource_spans),
            Signal::Metrics => Sent::Metrics(ExportMetricsServiceRequest::decode(body)?.resource_metrics),
            Signal::Logs => Sent::Logs(ExportLogsServiceRequest::decode(body)?.resource_logs),
        })
    }

    /// As protobuf, in the shape in which it is sent. Gives itself back: a copy of it could be large.
    pub fn encoded(self) -> (Self, Vec<u8>) {
        match self {
            Sent::Traces(resource_spans) => {
                let request = ExportTraceServiceRequest { resource_spans };
                let bytes = request.encode_to_vec();
                (Sent::Traces(request.resource_spans), bytes)
            }
            Sent::Metrics(resource_metrics) => {
                let request = ExportMetricsServiceRequest { resource_metrics };
                let bytes = request.encode_to_vec();
                (Sent::Metrics(request.resource_metrics), bytes)
            }
            Sent::Logs(resource_logs) => {
                let request = ExportLogsServiceRequest { resource_logs };
                let bytes = request.encode_to_vec();
                (Sent::Logs(request.resource_logs), bytes)
            }
        }
    }

    pub fn signal(&self) -> Signal {
        match self {
            Sent::Traces(_) => Signal::Traces,
            Sent::Metrics(_) => Signal::Metrics,
            Sent::Logs(_) => Signal::Logs,
        }
    }
}

/// A request on its way into the store.
#[derive(Clone, Debug)]
pub enum Received {
    /// Spans in the usual shape, as they lie.
    Raw(RawSpans),
    /// All others, with their protobuf where that is what was sent.
    Read(Sent, Option<Bytes>),
}

impl Received {
    /// Reads a request. Never panics, whatever it is given.
    pub fn read(signal: Signal, encoding: Encoding, body: Bytes) -> Result<Self, Undecodable> {
        let is_usual = (signal, encoding) == (Signal::Traces, Encoding::Protobuf);
        if let Some(raw) = is_usual.then(|| RawSpans::of(&body)).flatten() {
            return Ok(Received::Raw(raw));
        }
        let sent = Sent::read(signal, encoding, &body)?;
        Ok(Received::Read(sent, (encoding == Encoding::Protobuf).then_some(body)))
    }

    pub fn signal(&self) -> Signal {
        match self {
            Received::Raw(_) => Signal::Traces,
            Received::Read(sent, _) => sent.signal(),
        }
    }
}

#[cfg(test)]
mod tests;
