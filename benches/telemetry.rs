//! How many spans a second are taken apart, kept on disk and rolled up, beside taking them apart
//! alone: the same requests, the same machine, in turns; then how long the panels of the debug
//! board take over a day of fifty services. Prints one line of JSON for `run.mjs`.

use axum::body::Bytes;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span, Status},
};
use prost::Message;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tocsin::{
    domain::{
        telemetry::panels::{Question, Range},
        time::Timestamp,
    },
    server::{
        clock::Clock,
        observed::{Keep, Observed, panels::By},
        otlp::{Encoding, Received, Sent, Signal},
        store::Store,
    },
};

/// A collector's batch as it comes by default is a little larger.
const SPANS_PER_REQUEST: u64 = 5_000;
const SPANS_PER_TRACE: u64 = 10;
const REQUESTS: u64 = 60;
const ROUNDS: usize = 3;
/// What all of it may take in memory: half of it has to leave.
const MEMORY_MB: u32 = 256;
/// A day of a board.
const DAY_MINUTES: u64 = 1_440;
const SERVICES: u64 = 50;
const ASKED: usize = 7;

fn text(key: &str, value: String) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(Value::StringValue(value)) }), ..KeyValue::default() }
}

/// One request of a shop of ten services: each trace goes through all of them.
fn request(number: u64, start_ns: u64) -> Bytes {
    let traces = SPANS_PER_REQUEST / SPANS_PER_TRACE;
    let span = |service: u64, trace: u64| {
        let n = number * traces + trace;
        let from = start_ns + trace * 60_000_000_000 / traces + service * 1_000_000;
        let id = |service: u64| (n * SPANS_PER_TRACE + service + 1).to_be_bytes().to_vec();
        Span {
            trace_id: (u128::from(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)) << 64 | u128::from(n + 1)).to_be_bytes().to_vec(),
            span_id: id(service),
            parent_span_id: if service == 0 { vec![] } else { id(service - 1) },
            name: format!("POST /step/{}", n % 8),
            kind: 2,
            start_time_unix_nano: from,
            end_time_unix_nano: from + 500_000 + n.wrapping_mul(7_919) % 40_000_000,
            attributes: vec![
                text("http.request.method", "POST".to_owned()),
                text("http.route", format!("/step/{}", n % 8)),
                KeyValue {
                    key: "http.response.status_code".to_owned(),
                    value: Some(AnyValue { value: Some(Value::IntValue(if n.is_multiple_of(50) { 500 } else { 200 })) }),
                    ..KeyValue::default()
                },
                text("server.address", format!("service-{service}")),
                text("user_agent.original", "shop/1.0".to_owned()),
                text("session.id", format!("{:016x}", n.wrapping_mul(0xd6e8_feb8_6659_fd93))),
            ],
            status: Some(Status { code: if n.is_multiple_of(50) { 2 } else { 0 }, ..Status::default() }),
            ..Span::default()
        }
    };
    let group = |service: u64| ResourceSpans {
        resource: Some(Resource {
            attributes: vec![
                text("service.name", format!("service-{service}")),
                text("service.version", "1.4.2".to_owned()),
                text("k8s.pod.name", format!("service-{service}-{}", number % 3)),
            ],
            ..Resource::default()
        }),
        scope_spans: vec![ScopeSpans { spans: (0..traces).map(|trace| span(service, trace)).collect(), ..ScopeSpans::default() }],
        ..ResourceSpans::default()
    };
    ExportTraceServiceRequest { resource_spans: (0..SPANS_PER_TRACE).map(group).collect() }.encode_to_vec().into()
}

/// Hands every request to one of as many workers as there are processors.
async fn by_all<F: Future<Output = ()> + Send + 'static>(requests: &[Bytes], work: impl Fn(Bytes) -> F + Clone + Send + 'static) -> Duration {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let began = Instant::now();
    let tasks: Vec<_> = (0..workers * 2)
        .map(|worker| {
            let own: Vec<Bytes> = requests.iter().skip(worker).step_by(workers * 2).cloned().collect();
            let work = work.clone();
            tokio::spawn(async move {
                for request in own {
                    work(request).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no worker panics");
    }
    began.elapsed()
}

async fn decode(request: Bytes) {
    let sent = Sent::decode(Signal::Traces, &request).expect("it is a request");
    std::hint::black_box(sent);
}

#[tokio::main]
async fn main() {
    let noon = Timestamp::from_micros(1_786_449_600_000_000);
    let start_ns = |minute: u64| (noon.micros() as u64) * 1_000 + minute * 60_000_000_000;
    let requests: Vec<Bytes> = (0..REQUESTS).map(|n| request(n, start_ns(n / 6))).collect();
    let spans = (REQUESTS * SPANS_PER_REQUEST) as f64;
    let (mut alone, mut kept) = (vec![], vec![]);
    let mut held = 0;
    for _ in 0..ROUNDS {
        alone.push(spans / by_all(&requests, decode).await.as_secs_f64());
        let folder = tempfile::tempdir().expect("a folder can be made");
        let store =
            Store::open(&format!("sqlite://{}", folder.path().join("bench.sqlite").display()), Clock::fixed(noon.plus_secs(3_600))).await.expect("it opens");
        let observed = Observed::new(store, Keep { memory_mb: MEMORY_MB, ..Keep::default() });
        let began = Instant::now();
        let taking = observed.clone();
        by_all(&requests, move |request| take(taking.clone(), request)).await;
        let range = Range { from: noon, to: noon.plus_secs(3_600) };
        let question = Question { range, baseline: None, service: None, operation: None, step_s: None, source: None };
        let snapshot = observed.snapshot(range.from, range.to).await.expect("the store answers");
        let rolled: u64 = snapshot.traffic(&question, None, By::Service).iter().map(|row| row.now.requests).sum();
        kept.push(spans / began.elapsed().as_secs_f64());
        assert_eq!(rolled as f64, spans, "every span is rolled up");
        held = observed.holdings().memory_bytes / 1_048_576;
    }
    let median = |mut rates: Vec<f64>| {
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    };
    let (first_ms, board_ms) = board().await;
    println!(
        "{{\"alone\": {:.0}, \"kept\": {:.0}, \"held_mb\": {held}, \"limit_mb\": {MEMORY_MB}, \"board_first_ms\": {first_ms:.1}, \"board_ms\": {board_ms:.1}}}",
        median(alone),
        median(kept)
    );
}

/// Each minute every service is called four times, in two operations, by two others.
fn quiet_minute(minute: u64, start_ns: u64) -> Bytes {
    let group = |service: u64| {
        let spans = (0..4).map(|n| {
            let id = (minute * SERVICES + service) * 4 + n + 1;
            let trace = (u128::from(id / 4 * 4).wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1 + u128::from(n)).to_be_bytes().to_vec();
            let caller = Span {
                trace_id: trace.clone(),
                span_id: (id * 2).to_be_bytes().to_vec(),
                name: format!("GET /{}", n % 2),
                kind: 3,
                start_time_unix_nano: start_ns + n * 1_000_000_000,
                end_time_unix_nano: start_ns + n * 1_000_000_000 + 30_000_000,
                ..Span::default()
            };
            let took = 500_000 + id.wrapping_mul(7_919) % 20_000_000;
            let called = Span {
                span_id: (id * 2 + 1).to_be_bytes().to_vec(),
                parent_span_id: caller.span_id.clone(),
                kind: 2,
                end_time_unix_nano: caller.start_time_unix_nano + took,
                ..caller.clone()
            };
            ((service + 1 + n % 2) % SERVICES, caller, called)
        });
        let resource = |service: u64| Some(Resource { attributes: vec![text("service.name", format!("service-{service}"))], ..Resource::default() });
        let one = |service: u64, span: Span| ResourceSpans {
            resource: resource(service),
            scope_spans: vec![ScopeSpans { spans: vec![span], ..ScopeSpans::default() }],
            ..ResourceSpans::default()
        };
        spans.flat_map(move |(by, caller, called)| [one(by, caller), one(service, called)]).collect::<Vec<_>>()
    };
    ExportTraceServiceRequest { resource_spans: (0..SERVICES).flat_map(group).collect() }.encode_to_vec().into()
}

/// How long the panels take that the board draws at once, in milliseconds: asked for the first
/// time, when minutes are rolled up, and from then on (the middle of some).
async fn board() -> (f64, f64) {
    let noon = Timestamp::from_micros(1_786_449_600_000_000);
    let folder = tempfile::tempdir().expect("a folder can be made");
    let end = noon.plus_secs(DAY_MINUTES as i64 * 60);
    let store = Store::open(&format!("sqlite://{}", folder.path().join("day.sqlite").display()), Clock::fixed(end)).await.expect("it opens");
    let observed = Observed::new(store, Keep::default());
    let requests: Vec<Bytes> = (0..DAY_MINUTES).map(|minute| quiet_minute(minute, (noon.micros() as u64) * 1_000 + minute * 60_000_000_000)).collect();
    let taking = observed.clone();
    by_all(&requests, move |request| take(taking.clone(), request)).await;
    let range = Range { from: noon, to: end };
    let hour = Range { from: end.plus_secs(-3_600), to: end };
    let drawn = Question {
        range,
        baseline: Some(Range { from: hour.from.plus_secs(-3_600), to: hour.from }),
        service: None,
        operation: None,
        step_s: None,
        source: None,
    };
    let mut took = vec![];
    for _ in 0..=ASKED {
        let began = Instant::now();
        let before = observed.snapshot(noon, hour.from).await.expect("the store answers");
        let now = observed.snapshot(range.from, range.to).await.expect("the store answers");
        let compared = Question { range: hour, ..drawn.clone() };
        let services = now.traffic(&Question { baseline: None, ..drawn.clone() }, None, By::Service).len();
        let panels = (now.latency(&drawn, Some(&before)), now.errors(&drawn), now.traffic(&compared, Some(&before), By::Caller));
        took.push(began.elapsed().as_secs_f64() * 1e3);
        assert_eq!((services as u64, panels.0.now.requests > 0), (SERVICES, true));
    }
    let first = took.remove(0);
    took.sort_by(f64::total_cmp);
    (first, took[took.len() / 2])
}

async fn take(observed: Arc<Observed>, request: Bytes) {
    let received = Received::read(Signal::Traces, Encoding::Protobuf, request).expect("it is a request");
    observed.take_received(received).await.expect("it is kept");
}
