//! OpenTelemetry: traces, metrics and logs by OTLP. It sends no alerts, so it is in no table of
//! those who do; its doors are `/v1/traces`, `/v1/metrics` and `/v1/logs`.

use super::{Parsed, Rejected, Request, Source};

/// The longest request, in bytes and after decompression.
pub const MAX_BODY: usize = 64 * 1024 * 1024;

pub const SOURCE: Source = Source {
    setup: "# otel-collector.yaml: sends to {url}/v1/traces, {url}/v1/metrics and {url}/v1/logs\nexporters:\n  otlphttp/tocsin:\n    endpoint: {url}\n    compression: zstd\n    headers:\n      Authorization: 'Bearer {token}'\nservice:\n  pipelines:\n    traces:\n      receivers: [otlp]\n      exporters: [otlphttp/tocsin]\n    metrics:\n      receivers: [otlp]\n      exporters: [otlphttp/tocsin]\n    logs:\n      receivers: [otlp]\n      exporters: [otlphttp/tocsin]\n\n# Without a collector, in the environment of a program that uses an OpenTelemetry SDK:\n#   OTEL_EXPORTER_OTLP_ENDPOINT={url}\n#   OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf\n#   OTEL_EXPORTER_OTLP_HEADERS='Authorization=Bearer%20{token}'\n",
    docs: "https://opentelemetry.io/docs/specs/otlp/",
    max_body: MAX_BODY,
    ..Source::new("otlp", "OpenTelemetry (OTLP)", no_alerts)
};

/// Nothing that comes here is read as an alert.
fn no_alerts(_: &Request) -> Result<Parsed, Rejected> {
    Err(Rejected::new("no_alerts", "telemetry is sent to /v1/traces, /v1/metrics and /v1/logs"))
}
