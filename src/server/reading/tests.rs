//! One contract for everybody who can be read: the same twelve requests through a shop, and one
//! strange trace, are held by the embedded store, a Jaeger and two Tempos; panels and traces made
//! from them are the same. What goes wrong is said alike.

use super::{
    Ask, Calls, Narrow, ReadError, TraceReader,
    counted::Counter,
    jaeger::Jaeger,
    sources::{Read, Sources},
    tempo::Tempo,
};
use crate::{
    domain::{
        ids::DataSourceId,
        telemetry::{
            panels::{Attribute, Question, Range, TraceOrder, TraceQuestion},
            waterfall::{Oddities, TraceSpan, Waterfall},
        },
        time::Timestamp,
    },
    server::{
        clock::Clock,
        error::ServerError,
        observed::{Keep, Observed, Snapshot, details, panels::By},
        otlp::{Encoding, Sent, Signal, ids},
        prometheus::{
            Endpoint,
            testing::{Asked, Fake, NOON, field},
        },
        store::{KeptSource, testing::empty_store},
    },
};
use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

const JAEGER: &str = include_str!("../../../tests/fixtures/jaeger/shop.json");
const TEMPO: &str = include_str!("../../../tests/fixtures/tempo/shop.json");
const OTLP: &[u8] = include_bytes!("../../../tests/fixtures/otlp/shop.json");
/// The fourth request fails.
const FAILING: u128 = 0xabc0_0003;
/// With an orphan, a circle and two roots, two hours before.
const STRANGE: u128 = 0xdef;

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("it is JSON")
}

fn answer(body: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

fn part(asked: &Asked) -> (&str, &str) {
    asked.uri.split_once('?').unwrap_or((&asked.uri, ""))
}

/// Answers as Jaeger does: traces with a span of the service that fits everything.
async fn a_jaeger() -> Fake {
    Fake::start(|asked: Asked| async move {
        let (path, query) = part(&asked);
        let all = json(JAEGER);
        let traces = all["data"].as_array().expect("a list");
        let answered = |data: Value| answer(&json!({"data": data, "total": 0, "limit": 0, "offset": 0, "errors": null}));
        if path == "/api/services" {
            return answered(json!(["jaeger-all-in-one", "pay", "web", "cron", "ring"]));
        }
        if let Some(id) = path.strip_prefix("/api/traces/") {
            let found = traces.iter().find(|trace| ids::parse_trace(trace["traceID"].as_str().unwrap_or("")) == ids::parse_trace(id));
            return match found {
                Some(trace) => answered(json!([trace])),
                None => (StatusCode::NOT_FOUND, include_str!("../../../tests/fixtures/jaeger/not_found.json")).into_response(),
            };
        }
        let Some(service) = field(query, "service") else {
            return (StatusCode::BAD_REQUEST, r#"{"data":null,"errors":[{"code":400,"msg":"parameter 'service' is required"}]}"#).into_response();
        };
        let number = |name: &str| field(query, name).and_then(|text| text.trim_end_matches("us").parse::<i64>().ok());
        let tags = field(query, "tags").map_or(json!({}), |text| json(&text));
        let fits = |trace: &Value, span: &Value| {
            let at = span["startTime"].as_i64().unwrap_or(0);
            let has = |(name, value): (&String, &Value)| {
                let written = |tag: &Value| tag["value"].as_str().map_or_else(|| tag["value"].to_string(), str::to_owned);
                span["tags"].as_array().is_some_and(|tags| tags.iter().any(|tag| tag["key"] == **name && Some(written(tag).as_str()) == value.as_str()))
            };
            trace["processes"][span["processID"].as_str().unwrap_or("")]["serviceName"] == *service
                && number("start").is_none_or(|start| start <= at)
                && number("end").is_none_or(|end| at <= end)
                && number("minDuration").is_none_or(|least| span["duration"].as_i64().unwrap_or(0) >= least)
                && field(query, "operation").is_none_or(|name| span["operationName"] == *name)
                && tags.as_object().is_some_and(|tags| tags.iter().all(has))
        };
        let found = traces.iter().filter(|trace| trace["spans"].as_array().is_some_and(|spans| spans.iter().any(|span| fits(trace, span))));
        answered(found.take(usize::try_from(number("limit").unwrap_or(20)).unwrap_or(0)).cloned().collect())
    })
    .await
}

/// Answers as Tempo does. Of TraceQL it knows the time alone, which is less than is asked for: what
/// does not fit is left out by whoever asks.
async fn a_tempo(is_newer: bool) -> Fake {
    Fake::start(move |asked: Asked| async move {
        let (path, query) = part(&asked);
        let all = json(TEMPO);
        let traces = all.as_array().expect("a list");
        let unknown = || (StatusCode::NOT_FOUND, "trace not found").into_response();
        let whole = |id: &str| {
            traces.iter().find(|one| ids::parse_trace(one["search"]["traceID"].as_str().unwrap_or("")) == ids::parse_trace(id)).map(|one| one["trace"].clone())
        };
        if let Some(id) = path.strip_prefix("/api/v2/traces/") {
            return match whole(id).filter(|_| is_newer) {
                Some(trace) => answer(&json!({"trace": {"resourceSpans": trace["batches"]}, "metrics": {}})),
                None => unknown(),
            };
        }
        if let Some(id) = path.strip_prefix("/api/traces/") {
            return whole(id).map_or_else(unknown, |trace| answer(&trace));
        }
        match path {
            "/api/v2/search/tag/resource.service.name/values" if is_newer => {
                let typed = |name: &str| json!({"type": "string", "value": name});
                let typed = ["web", "pay", "cron", "ring"].map(typed);
                answer(&json!({ "tagValues": typed }))
            }
            "/api/search/tag/service.name/values" => answer(&json!({"tagValues": ["web", "pay", "cron", "ring"]})),
            "/api/search" => {
                let number = |name: &str| field(query, name).and_then(|text| text.parse::<i64>().ok()).expect("a number");
                let at = |one: &Value| one["search"]["startTimeUnixNano"].as_str().and_then(|ns| ns.parse::<i64>().ok()).unwrap_or(0) / 1_000_000_000;
                let found = traces.iter().filter(|one| (number("start")..number("end")).contains(&at(one)));
                let found: Vec<Value> = found.take(usize::try_from(number("limit")).unwrap_or(0)).map(|one| one["search"].clone()).collect();
                answer(&json!({"traces": found, "metrics": {"totalBlocks": 13}}))
            }
            _ => (StatusCode::NOT_FOUND, "404 page not found").into_response(),
        }
    })
    .await
}

fn endpoint(fake: &Fake) -> Endpoint {
    Endpoint { timeout_secs: 1, ..Endpoint::new(&fake.url) }
}

fn jaeger(fake: &Fake) -> Jaeger {
    Jaeger::new(&endpoint(fake), Clock::fixed(NOON)).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn tempo(fake: &Fake) -> Tempo {
    Tempo::new(&endpoint(fake), Clock::fixed(NOON)).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn last_minutes(n: i64) -> Range {
    Range { from: NOON.plus_secs(-60 * n), to: NOON }
}

fn ask(service: Option<&str>, narrow: Option<Narrow>) -> Ask {
    Ask { range: last_minutes(10), service: service.map(str::to_owned), operation: None, step_s: 0, narrow }
}

async fn snapshot(reader: &dyn TraceReader, ask: Ask) -> Snapshot {
    match reader.calls(&ask).await.expect("it answers") {
        Calls::Held(snapshot) => snapshot,
        Calls::Sampled(sample) => {
            assert_eq!(sample.gaps, Vec::<String>::new());
            Snapshot::of_others(sample.groups.iter(), [].iter())
        }
        Calls::Counted(counted, _) => Snapshot::of_others([].iter(), counted.iter()),
    }
}

/// Everything that holds whoever is asked.
async fn keeps_the_contract(name: &str, reader: &dyn TraceReader) {
    services_and_figures(name, reader).await;
    lists(name, reader).await;
    one_trace(name, reader).await;
}

async fn services_and_figures(name: &str, reader: &dyn TraceReader) {
    let services = reader.services(last_minutes(10)).await.expect("it answers");
    assert!(["pay", "web"].iter().all(|known| services.iter().any(|service| service == known)), "{name}: {services:?}");
    let question = |service: Option<&str>| Question {
        range: last_minutes(10),
        baseline: None,
        service: service.map(str::to_owned),
        operation: None,
        step_s: Some(60),
        source: None,
    };
    for service in [None, Some("pay")] {
        let snapshot = snapshot(reader, ask(service, None)).await;
        let rows = snapshot.traffic(&question(service), None, By::Service);
        let rows: Vec<_> = rows.iter().map(|row| (row.service.as_str(), row.now.requests, row.now.errors)).collect();
        let both = [("pay", 12, 3), ("web", 12, 0)];
        assert_eq!(rows, if service.is_some() { &both[..1] } else { &both[..] }, "{name}");
        let latency = snapshot.latency(&question(Some("pay")), None);
        assert_eq!((latency.now.requests, latency.columns.len()), (12, 10), "{name}");
        assert!(latency.now.p50_s.is_some_and(|p50_s| (p50_s / 0.18 - 1.0).abs() < 0.02), "{name}: {:?}", latency.now);
        let errors = snapshot.errors(&question(Some("pay")));
        let row = &errors.rows[0];
        assert_eq!((row.operation.as_deref(), row.requests, row.errors), (Some("POST /pay"), 12, 3), "{name}");
        let callers = snapshot.traffic(&question(Some("pay")), None, By::Caller);
        assert_eq!(callers.iter().map(|row| (row.caller.as_deref(), row.now.requests)).collect::<Vec<_>>(), [(Some("web"), 12)], "{name}");
        let graph = snapshot.graph(&question(None), None);
        let edges: Vec<_> = graph.edges.iter().map(|edge| (edge.from.as_str(), edge.to.as_str(), edge.now.requests, edge.now.errors)).collect();
        assert_eq!(edges, [("pay", "postgresql", 12, 0), ("web", "pay", 12, 3)], "{name}");
    }
}

async fn lists(name: &str, reader: &dyn TraceReader) {
    let everything = TraceQuestion {
        range: last_minutes(10),
        service: None,
        operation: None,
        attributes: vec![],
        min_s: None,
        max_s: None,
        errors: false,
        order: TraceOrder::Errors,
        source: None,
    };
    let list = |question: TraceQuestion| async move {
        let narrow = Narrow { attributes: question.attributes.clone(), min_s: question.min_s, errors: true };
        let ask = Ask { operation: question.operation.clone(), ..ask(question.service.as_deref(), Some(narrow)) };
        snapshot(reader, ask).await.traces(&question, None, 100).items
    };
    let all = list(everything.clone()).await;
    assert_eq!((all.len(), all.iter().take_while(|card| card.errors > 0).count()), (12, 3), "{name}");
    let first = &all[0];
    assert_eq!((first.trace_id.as_str(), first.spans, first.errors), ("000000000000000000000000abc0000b", 4, 2), "{name}");
    assert_eq!((first.root.service.as_str(), first.root.operation.as_str(), first.duration_s), ("web", "GET /checkout", 0.41), "{name}");
    assert_eq!(first.services, ["pay", "web"], "{name}");
    let failing = TraceQuestion { errors: true, service: Some("pay".to_owned()), operation: Some("POST /pay".to_owned()), ..everything.clone() };
    assert_eq!(list(failing).await.len(), 3, "{name}");
    let of_eu = vec![Attribute { name: "region".to_owned(), value: "eu".to_owned() }];
    assert_eq!(list(TraceQuestion { attributes: of_eu, service: Some("web".to_owned()), ..everything.clone() }).await.len(), 6, "{name}");
    assert_eq!(list(TraceQuestion { min_s: Some(0.4), service: Some("pay".to_owned()), ..everything.clone() }).await.len(), 2, "{name}");
    assert_eq!(list(TraceQuestion { service: Some("nobody".to_owned()), ..everything }).await, [], "{name}");
}

async fn one_trace(name: &str, reader: &dyn TraceReader) {
    let whole = reader.trace(FAILING).await.expect("it answers").expect("it is there");
    assert_eq!(whole.gap, None, "{name}");
    let view = details::view(FAILING, &whole.groups);
    let rows: Vec<_> =
        view.spans.iter().map(|row| (row.service.as_str(), row.operation.as_str(), row.kind.as_str(), row.error, row.parent_id.as_str())).collect();
    let expected = [
        ("web", "GET /checkout", "server", false, ""),
        ("web", "POST pay", "client", true, "0000000000000031"),
        ("pay", "POST /pay", "server", true, "0000000000000032"),
        ("pay", "SELECT", "client", false, "0000000000000033"),
    ];
    assert_eq!(rows, expected, "{name}");
    let pay = &view.spans[2];
    assert_eq!((pay.started_at, pay.offset_s, pay.duration_s), (Timestamp::from_micros(NOON.micros() - 450_000_000 + 25_000), 0.025, 0.18), "{name}");
    assert_eq!((pay.status.as_str(), pay.instance.as_str()), ("db timeout", "pay-1"), "{name}");
    assert_eq!(pay.attributes, [Attribute { name: "http.status_code".to_owned(), value: "500".to_owned() }], "{name}");
    assert_eq!((pay.events.len(), pay.events[0].name.as_str(), pay.events[0].attributes[0].value.as_str()), (1, "exception", "db timeout"), "{name}");
    let version = Attribute { name: "service.version".to_owned(), value: "1.2".to_owned() };
    assert!(view.resources.iter().all(|resource| resource.attributes.contains(&version)), "{name}");

    let strange = reader.trace(STRANGE).await.expect("it answers").expect("it is there");
    let view = details::view(STRANGE, &strange.groups);
    let spans: Vec<TraceSpan> = view.spans.into_iter().map(TraceSpan::from).collect();
    let Oddities { roots, orphans, circles, .. } = Waterfall::new(&spans).oddities;
    assert_eq!((spans.len(), roots, orphans, circles), (5, 2, 1, 1), "{name}");
    assert!(reader.trace(0x404).await.expect("it answers").is_none(), "{name}");
}

#[tokio::test]
async fn whoever_is_read_shows_the_same() {
    let (store, _folder) = empty_store().await;
    let observed = Observed::new(store, Keep::default());
    observed.take(Sent::read(Signal::Traces, Encoding::Json, OTLP).expect("it is an export"), None).await.expect("it is kept");
    keeps_the_contract("embedded", &observed).await;
    let fake = a_jaeger().await;
    keeps_the_contract("Jaeger", &jaeger(&fake)).await;
    assert!(fake.most_at_once() <= 4);
    for (name, is_newer) in [("Tempo", true), ("older Tempo", false)] {
        let fake = a_tempo(is_newer).await;
        keeps_the_contract(name, &tempo(&fake)).await;
        assert!(fake.most_at_once() <= 4);
    }
}

#[tokio::test]
async fn what_goes_wrong_is_said_alike_and_counts_against_the_source() {
    let elsewhere = Fake::start(|_| async { "{}" }).await;
    let to = elsewhere.url.clone();
    type Wrong = Box<dyn Fn() -> Response + Send + Sync>;
    let wrong: Vec<(&str, bool, Wrong)> = vec![
        ("it does not know us (status 401): check the credentials", true, Box::new(|| StatusCode::UNAUTHORIZED.into_response())),
        ("it refuses with status 500", true, Box::new(|| (StatusCode::INTERNAL_SERVER_ERROR, "boom").into_response())),
        ("it is too busy (status 429)", true, Box::new(|| (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "70")]).into_response())),
        ("it sends text/html that cannot be read", true, Box::new(|| ([(header::CONTENT_TYPE, "text/html")], "<h1>Sign in</h1>").into_response())),
        ("it redirects to ", true, Box::new(move || (StatusCode::FOUND, [(header::LOCATION, to.clone())]).into_response())),
        ("its answer is larger than 16 MiB", false, Box::new(|| vec![b' '; 17 * 1024 * 1024].into_response())),
    ];
    for (words, is_of_endpoint, wrong) in wrong {
        let wrong = Arc::new(wrong);
        let fake = Fake::start(move |_| {
            let wrong = wrong.clone();
            async move { wrong() }
        })
        .await;
        let readers: [Box<dyn TraceReader>; 2] = [Box::new(jaeger(&fake)), Box::new(tempo(&fake))];
        for reader in readers {
            let says = |error: Option<ReadError>| error.map(|error| error.to_string()).unwrap_or_default();
            let said = [
                says(reader.calls(&ask(Some("pay"), None)).await.err()),
                says(reader.trace(7).await.err()),
                says(reader.services(last_minutes(1)).await.err()),
            ];
            assert!(said.iter().all(|said| said.contains(words)), "{words}: {said:?}");
            assert_eq!(reader.standing().failing_since.is_some(), is_of_endpoint, "{words}");
        }
    }
    assert_eq!(elsewhere.asked().len(), 0);
    let slow = Fake::start(|_| async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        "{}"
    })
    .await;
    for reader in [Box::new(jaeger(&slow)) as Box<dyn TraceReader>, Box::new(tempo(&slow))] {
        assert_eq!(reader.trace(7).await.err().map(|error| error.to_string()).as_deref(), Some("it did not answer within 1 s"));
    }
}

#[tokio::test]
async fn a_jaeger_that_says_it_failed_inside_a_good_answer_is_heard() {
    let told = |body: &'static str| Fake::start(move |_| async move { body });
    let failed = told(r#"{"data":null,"errors":[{"code":500,"msg":"storage\nis down"}]}"#).await;
    assert_eq!(jaeger(&failed).trace(7).await.err().map(|error| error.to_string()).as_deref(), Some("it refuses the query: storage is down"));
    let partial = told(r#"{"data":[{"traceID":"7","spans":[{"traceID":"7","spanID":"1"}],"processes":{}}],"errors":[{"msg":"one shard is missing"}]}"#).await;
    let whole = jaeger(&partial).trace(7).await.expect("it answers").expect("it is there");
    assert_eq!(whole.gap.as_deref(), Some("one shard is missing"));
    let unknown = told(include_str!("../../../tests/fixtures/jaeger/not_found.json")).await;
    assert!(jaeger(&unknown).trace(7).await.expect("it answers").is_none());
    let other = told(r#"{"hello":"world"}"#).await;
    let said = jaeger(&other).trace(7).await.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(said.starts_with("what answers there is no Jaeger API"), "{said}");
}

#[tokio::test]
async fn what_came_is_shown_and_what_did_not_is_said() {
    let fake = Fake::start(|asked: Asked| async move {
        // The first half of the range is not there.
        let is_early = field(part(&asked).1, "start").and_then(|start| start.parse::<i64>().ok()).is_some_and(|start| start < (NOON.micros() - 300_000_000));
        if is_early { StatusCode::INTERNAL_SERVER_ERROR.into_response() } else { answer(&json(JAEGER)) }
    })
    .await;
    let Ok(Calls::Sampled(sample)) = jaeger(&fake).calls(&ask(Some("pay"), None)).await else { panic!("a half is there") };
    assert_eq!((sample.traces, sample.gaps), (13, vec!["5 queries of 10 had no answer: it refuses with status 500.".to_owned()]));
}

fn a_source(n: u128, kind: &str, fake: &Fake) -> KeptSource {
    let (name, kind, endpoint) = (format!("{kind}-{n}"), kind.to_owned(), endpoint(fake));
    KeptSource { id: DataSourceId(Uuid::from_u128(n)), name, kind, endpoint, created_at: NOON, updated_at: NOON }
}

#[tokio::test]
async fn all_panels_of_a_range_come_of_one_reading_and_nobody_reads_without_end() {
    let fake = a_jaeger().await;
    let (sources, source, clock) = (Sources::default(), a_source(1, "jaeger", &fake), Clock::fixed(NOON));
    let read = |who: &'static str, range: Range, baseline| {
        let (sources, source, clock) = (&sources, &source, &clock);
        async move { sources.read(source, clock, who, Ask { range, ..ask(Some("pay"), None) }, baseline).await }
    };
    let before = Range { from: NOON.plus_secs(-1_200), to: NOON.plus_secs(-600) };
    let (one, other) = tokio::join!(read("anna", last_minutes(10), Some(before)), read("ben", last_minutes(10), None));
    let asked = fake.asked().len();
    assert_eq!(asked, 20);
    let Ok(Read { from: Some(from), .. }) = one else { panic!("it was read") };
    assert_eq!(from.words, "From 12 traces of jaeger-1 (Jaeger) and 0 of the baseline, not all calls.");
    let Ok(Read { from: Some(from), .. }) = other else { panic!("it was read") };
    assert_eq!((from.words.as_str(), from.traces), ("From 12 traces of jaeger-1 (Jaeger), not all calls.", Some(12)));
    assert_eq!(fake.asked().len(), asked);
    let mut limited = None;
    for n in 0..60 {
        let range = Range { from: NOON.plus_secs(-60), to: NOON.plus_secs(n) };
        limited = limited.or(read("anna", range, None).await.err());
    }
    let Some(ServerError::Failure(failure)) = limited else { panic!("there is a limit") };
    assert_eq!((failure.code.as_str(), failure.kind.status()), ("reads_limited", 429));
    assert!(read("ben", last_minutes(3), None).await.is_ok(), "each has a limit of their own");
}

#[tokio::test]
async fn a_trace_is_looked_for_in_every_source_and_a_silent_one_is_named() {
    let (empty, full) = (Fake::start(|_| async { (StatusCode::NOT_FOUND, "trace not found") }).await, a_jaeger().await);
    let all = [a_source(1, "prometheus", &empty), a_source(2, "tempo", &empty), a_source(3, "jaeger", &full)];
    let (sources, clock) = (Sources::default(), Clock::fixed(NOON));
    let found = sources.trace_of_any(&all, &clock, "anna", FAILING).await.expect("they answer").expect("one has it");
    assert_eq!(found.source.map(|source| source.name).as_deref(), Some("jaeger-3"));
    assert!(sources.trace_of_any(&all, &clock, "anna", 0x404).await.is_ok_and(|found| found.is_none()));
    let broken = Fake::start(|_| async { StatusCode::BAD_GATEWAY }).await;
    let all = [a_source(4, "tempo", &broken), a_source(3, "jaeger", &full)];
    assert!(sources.trace_of_any(&all, &clock, "anna", FAILING).await.is_ok_and(|found| found.is_some()));
    let asked = broken.asked().len();
    let said = sources.trace_of_any(&all, &clock, "anna", 0x404).await.err().map(|error| error.to_string());
    assert_eq!(said.as_deref(), Some("tempo-4 did not answer: it refuses with status 502"));
    assert_eq!(broken.asked().len(), asked, "one that failed just now is left alone");
    assert!(sources.try_out(&all[1], &clock).await.answers);
}

#[tokio::test]
async fn a_prometheus_that_counts_calls_fills_the_same_panels() {
    let fake = Fake::start(|asked: Asked| async move {
        let query = field(&asked.form, "query").unwrap_or_default();
        let at = field(&asked.form, "start").and_then(|start| start.parse::<i64>().ok()).unwrap_or(0);
        let series = |labels: Value, value: f64| json!({"metric": labels, "values": [[at, value.to_string()], [at + 60, "NaN"]]});
        let result = if query.starts_with("group by (__name__)") {
            let named = |name: &str| json!({"metric": {"__name__": name}, "value": [at, "1"]});
            return answer(&json!({"status": "success", "data": {"resultType": "vector",
                "result": [named("traces_span_metrics_calls_total"), named("traces_span_metrics_duration_milliseconds_bucket")]}}));
        } else if query.contains("calls_total") {
            let calls = |code: &str| json!({"service_name": "pay", "span_name": "POST /pay", "status_code": code});
            vec![series(calls("STATUS_CODE_UNSET"), 90.2), series(calls("STATUS_CODE_ERROR"), 10.0)]
        } else {
            let bucket = |le: &str| json!({"service_name": "pay", "span_name": "POST /pay", "le": le});
            vec![series(bucket("+Inf"), 100.0), series(bucket("100"), 50.0), series(bucket("400"), 98.0)]
        };
        answer(&json!({"status": "success", "data": {"resultType": "matrix", "result": result}}))
    })
    .await;
    let counter = Counter::new(&endpoint(&fake), None, Clock::fixed(NOON)).unwrap_or_else(|faults| panic!("{faults:?}"));
    let question = Question { range: last_minutes(10), baseline: None, service: Some("pay".to_owned()), operation: None, step_s: Some(60), source: None };
    let snapshot = snapshot(&counter, Ask { step_s: 60, ..ask(Some("pay"), None) }).await;
    let latency = snapshot.latency(&question, None);
    let counted: Vec<(u64, u64)> = latency.columns.iter().map(|column| (column.requests, column.errors)).collect();
    assert_eq!((counted.len(), counted[0], counted[1]), (10, (100, 10), (0, 0)));
    // The bounds of its buckets are all that is known: the middle of 100 to 400 ms by ratio.
    assert!(latency.now.p95_s.is_some_and(|p95_s| (p95_s / 0.2 - 1.0).abs() < 0.02), "{:?}", latency.now);
    let errors = snapshot.errors(&question);
    assert_eq!((errors.rows.len(), errors.rows[0].operation.as_deref(), errors.rows[0].errors), (1, Some("POST /pay"), 10));
    assert_eq!(snapshot.traffic(&question, None, By::Operation).len(), 1);
    let none = Fake::start(|_| async { r#"{"status":"success","data":{"resultType":"vector","result":[]}}"# }).await;
    let counter = Counter::new(&endpoint(&none), None, Clock::fixed(NOON)).unwrap_or_else(|faults| panic!("{faults:?}"));
    let Ok(Calls::Counted(counted, gaps)) = counter.calls(&ask(None, None)).await else { panic!("it answers") };
    assert!(counted.is_empty() && gaps[0].contains("traces_span_metrics_calls_total"), "{gaps:?}");
}
