//! A small shop that tells of itself by Rust's OpenTelemetry SDK, as `tests/fixtures/otlp/shop.py`
//! does by Python's.

use opentelemetry::{
    Context, KeyValue,
    logs::{LogRecord, Logger, LoggerProvider, Severity},
    metrics::MeterProvider,
    trace::{SpanKind, Status, TraceContextExt, Tracer, TracerProvider},
};
use opentelemetry_otlp::{Compression, LogExporter, MetricExporter, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{Resource, logs::SdkLoggerProvider, metrics::SdkMeterProvider, trace::SdkTracerProvider};
use std::collections::HashMap;

/// Where it tells it, and how.
pub struct Door {
    pub url: String,
    pub key: &'static str,
    pub protocol: Protocol,
    pub compression: Option<Compression>,
}

impl Door {
    fn of<Builder: WithExportConfig + WithHttpConfig>(&self, builder: Builder, path: &str) -> Builder {
        let builder = builder
            .with_endpoint(format!("{}{path}", self.url))
            .with_protocol(self.protocol)
            .with_headers(HashMap::from([("Authorization".to_owned(), format!("Bearer {}", self.key))]));
        match self.compression {
            Some(compression) => builder.with_compression(compression),
            None => builder,
        }
    }
}

/// What one service says of itself.
struct Telling {
    spans: SdkTracerProvider,
    readings: SdkMeterProvider,
    records: SdkLoggerProvider,
}

impl Telling {
    fn new(door: &Door, service: &'static str) -> Self {
        let resource = || {
            let instance = KeyValue::new("service.instance.id", format!("{service}-1"));
            Resource::builder().with_service_name(service).with_attributes([instance, KeyValue::new("service.version", "7")]).build()
        };
        let spans = door.of(SpanExporter::builder().with_http(), "/v1/traces").build().expect("it is a good exporter");
        let readings = door.of(MetricExporter::builder().with_http(), "/v1/metrics").build().expect("it is a good exporter");
        let records = door.of(LogExporter::builder().with_http(), "/v1/logs").build().expect("it is a good exporter");
        Self {
            spans: SdkTracerProvider::builder().with_batch_exporter(spans).with_resource(resource()).build(),
            readings: SdkMeterProvider::builder().with_periodic_exporter(readings).with_resource(resource()).build(),
            records: SdkLoggerProvider::builder().with_batch_exporter(records).with_resource(resource()).build(),
        }
    }

    /// A span within another.
    fn span(&self, name: &'static str, kind: SpanKind, attributes: Vec<KeyValue>, within: &Context) -> Context {
        let tracer = self.spans.tracer("shop");
        within.with_span(tracer.build_with_context(tracer.span_builder(name).with_kind(kind).with_attributes(attributes), within))
    }

    /// Sends what is left.
    fn end(self) {
        self.spans.shutdown().expect("the spans are taken");
        self.readings.shutdown().expect("the readings are taken");
        self.records.shutdown().expect("the records are taken");
    }
}

/// Five people look at their carts, and the last of them cannot pay.
pub fn tell(door: &Door) {
    let (web, pay) = (Telling::new(door, "web"), Telling::new(door, "pay"));
    let meter = web.readings.meter("shop");
    meter.u64_gauge("queue.length").build().record(3, &[]);
    meter.u64_counter("orders").build().add(5, &[]);
    for order in 0..5 {
        let cart = web.span("GET /cart", SpanKind::Server, vec![], &Context::new());
        let call = web.span("POST", SpanKind::Client, vec![KeyValue::new("order", order), KeyValue::new("ratio", 0.5)], &cart);
        let paying = pay.span("POST /pay", SpanKind::Server, vec![], &call);
        if order == 4 {
            refuse(&pay, &paying, order);
        }
        for context in [paying, call, cart] {
            context.span().end();
        }
    }
    web.end();
    pay.end();
}

fn refuse(pay: &Telling, paying: &Context, order: i64) {
    let logger = pay.records.logger("pay");
    let mut record = logger.create_log_record();
    record.set_severity_number(Severity::Error);
    record.set_severity_text("ERROR");
    record.set_body(format!("order {order} was refused").into());
    let within = paying.span().span_context().clone();
    record.set_trace_context(within.trace_id(), within.span_id(), Some(within.trace_flags()));
    logger.emit(record);
    paying.span().record_error(&std::io::Error::other("no money"));
    paying.span().set_status(Status::error("refused"));
}
