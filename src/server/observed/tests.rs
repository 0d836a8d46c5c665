//! The store of telemetry under a flood, against counts that are known.

use super::*;
use crate::{
    domain::telemetry::{
        alike::AlikeQuestion,
        panels::{Attribute, Question, Range, TraceOrder, TraceQuestion},
        suspects::Doubt,
    },
    server::{
        otlp::{Encoding, Signal},
        store::testing::{NOON, empty_store},
    },
};
use panels::By;

/// So many requests in one minute: the web calls pay. Every hundredth fails, durations rise.
fn a_minute(minute: i64, requests: i64) -> Sent {
    let start = NOON.plus_secs(minute * 60).micros() * 1_000;
    let span = |n: i64, id: &str, parent: &str, name: &str, from: i64, took: i64, error: bool| {
        serde_json::json!({
            "traceId": format!("{:032x}", (minute + 1) * 1_000_000 + n), "spanId": id, "parentSpanId": parent, "name": name, "kind": 2,
            "startTimeUnixNano": (start + from).to_string(), "endTimeUnixNano": (start + from + took).to_string(),
            "status": {"code": if error { 2 } else { 0 }},
            "attributes": [{"key": "request.id", "value": {"stringValue": format!("{minute}-{n}")}}]
        })
    };
    let (mut web, mut pay) = (vec![], vec![]);
    for n in 0..requests {
        let from = n * (50_000_000_000 / requests);
        web.push(span(n, "0000000000000001", "", "GET /", from, 2_000_000 + n * 1_000, false));
        pay.push(span(n, "0000000000000002", "0000000000000001", "POST /pay", from + 1_000, 1_000_000 + n * 1_000, n % 100 == 7));
    }
    let group = |service: &str, spans: Vec<serde_json::Value>| serde_json::json!({"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}, "scopeSpans": [{"spans": spans}]});
    let export = serde_json::json!({"resourceSpans": [group("web", web), group("pay", pay)]}).to_string();
    Sent::read(Signal::Traces, Encoding::Json, export.as_bytes()).expect("it is an export")
}

fn question(from_minute: i64, to_minute: i64) -> Question {
    let range = Range { from: NOON.plus_secs(from_minute * 60), to: NOON.plus_secs(to_minute * 60) };
    Question { range, baseline: None, service: None, operation: None, step_s: None, source: None }
}

async fn services(observed: &Arc<Observed>, question: &Question) -> Vec<(String, u64, u64, Option<f64>)> {
    let snapshot = observed.snapshot(question.range.from, question.range.to).await.expect("the store answers");
    snapshot.traffic(question, None, By::Service).into_iter().map(|row| (row.service, row.now.requests, row.now.errors, row.now.p99_s)).collect()
}

#[tokio::test]
async fn a_flood_keeps_errors_the_slowest_and_a_sample_and_counts_everything() {
    let (store, _folder) = empty_store().await;
    store.clock().set(NOON.plus_secs(1_800));
    let keep = Keep { memory_mb: 4, ..Keep::default() };
    let observed = Observed::new(store.clone(), keep);
    let roomy = Observed::new(store.clone(), Keep::default());
    for minute in 0..20 {
        let taken = observed.take(a_minute(minute, 1_000), None).await.expect("it is kept");
        assert_eq!(taken.screened.taken, 2_000);
    }
    let held = observed.holdings();
    assert!(held.memory_bytes <= held.memory_limit_bytes, "{held:?}");
    assert!(held.spans_let_go > 10_000 && held.spans + held.spans_let_go == 40_000, "{held:?}");
    // Every figure is as if nothing had left.
    let all = question(0, 20);
    let figures = services(&observed, &all).await;
    assert_eq!(figures, services(&roomy, &all).await);
    assert_eq!(figures.iter().map(|row| (row.0.as_str(), row.1, row.2)).collect::<Vec<_>>(), [("pay", 20_000, 200), ("web", 20_000, 0)]);
    let snapshot = observed.snapshot(all.range.from, all.range.to).await.expect("the store answers");
    let whole = roomy.snapshot(all.range.from, all.range.to).await.expect("the store answers");
    let (facts, of_all) = (snapshot.facts(all.range), whole.facts(all.range));
    assert_eq!((facts.traces, facts.operations.values().map(|facts| facts.errors).sum::<u64>()), (of_all.traces, 200));
    // All with errors are there, whole, and the slowest of every minute.
    let mut wanted = TraceQuestion {
        range: all.range,
        service: None,
        operation: None,
        attributes: vec![],
        min_s: None,
        max_s: None,
        errors: true,
        order: TraceOrder::Recent,
        source: None,
    };
    let failed = snapshot.traces(&wanted, None, 1_000).items;
    assert_eq!((failed.len(), failed.iter().all(|card| card.spans == 2)), (200, true));
    wanted.errors = false;
    for minute in 0..20 {
        wanted.range = question(minute, minute + 1).range;
        wanted.order = TraceOrder::Slowest;
        let slowest = snapshot.traces(&wanted, None, 1).items;
        assert_eq!(slowest.first().map(|card| (card.duration_s * 1e6).round()), Some(2_999.0), "{minute}");
    }
    // What is new is counted beside what left.
    observed.take(a_minute(25, 10), None).await.expect("it is kept");
    assert_eq!(services(&observed, &question(25, 26)).await.iter().map(|row| row.1).collect::<Vec<_>>(), [10, 10]);
}

#[tokio::test]
async fn ten_minutes_at_once_say_what_each_of_them_says() {
    let (store, _folder) = empty_store().await;
    store.clock().set(NOON.plus_secs(3_600));
    let observed = Observed::new(store, Keep { retention_hours: 2, ..Keep::default() });
    for minute in 0..35 {
        // Enough for several threads.
        observed.take(a_minute(minute, 400), None).await.expect("it is kept");
    }
    // Noon is the first of ten minutes; these begin and end within ten, and with them.
    for (from, to) in [(0, 35), (3, 35), (0, 30), (7, 9), (9, 21), (10, 20)] {
        let whole = services(&observed, &question(from, to)).await;
        let minutes = u64::try_from(to - from).expect("it is positive");
        assert_eq!(whole.iter().map(|row| (row.1, row.2)).collect::<Vec<_>>(), [(400 * minutes, 4 * minutes), (400 * minutes, 0)], "{from} to {to}");
    }
    let latency = |step_s| Question { step_s: Some(step_s), ..question(0, 30) };
    let snapshot = observed.snapshot(NOON, NOON.plus_secs(1_800)).await.expect("the store answers");
    let (by_one, by_ten) = (snapshot.latency(&latency(60), None), snapshot.latency(&latency(600), None));
    assert_eq!((by_one.columns.len(), by_ten.columns.len(), by_one.counts), (30, 3, by_ten.counts));
    assert!(by_ten.columns.iter().all(|column| column.requests == 8_000));
    // What comes later into one of them counts in the ten.
    let late = of_service("pay", vec![a_span(7, 1, 0, 2, (15 * 60_000, 3), true, &[])]);
    observed.take(export(serde_json::json!([late])), None).await.expect("it is kept");
    assert_eq!(services(&observed, &question(10, 20)).await.iter().map(|row| (row.1, row.2)).collect::<Vec<_>>(), [(4_001, 41), (4_000, 0)]);
    // And what is forgotten does not.
    observed.store.clock().set(NOON.plus_secs(7_200 + 15 * 60));
    observed.forget().await.expect("the store works");
    let left = services(&observed, &question(10, 20)).await;
    assert_eq!(left.iter().map(|row| row.1).collect::<Vec<_>>(), [2_001, 2_000]);
}

#[tokio::test]
async fn what_is_kept_ends_by_age_and_by_room() {
    let (store, _folder) = empty_store().await;
    store.clock().set(NOON.plus_secs(600));
    let observed = Observed::new(store.clone(), Keep { retention_hours: 1, ..Keep::default() });
    observed.take(a_minute(0, 100), None).await.expect("it is kept");
    assert_eq!(services(&observed, &question(0, 10)).await.len(), 2);
    store.clock().set(NOON.plus_secs(3_600 + 120));
    let late = observed.take(a_minute(0, 100), None).await.expect("it is answered");
    assert_eq!((late.screened.taken, late.screened.too_old), (0, 200));
    observed.forget().await.expect("the store works");
    assert_eq!((observed.holdings().spans, store.telemetry_after(0, 10).await.expect("it answers").len()), (0, 0));
    for minute in 10..14 {
        observed.take(a_minute(minute, 500), None).await.expect("it is kept");
    }
    let held = store.forget_telemetry_over(i64::MAX).await.expect("the store works");
    let left = store.forget_telemetry_over(held.bytes / 2).await.expect("the store works");
    assert!(left.bytes <= held.bytes / 2 && left.blocks > 0, "{held:?} {left:?}");
    let again = Observed::new(store, Keep { retention_hours: 1, ..Keep::default() });
    again.load().await.expect("it loads");
    let (spans, is_loading) = (again.holdings().spans, again.holdings().loading);
    assert!(spans > 0 && spans < 4_000 && !is_loading, "{spans}");
}

/// What an SDK would send: groups of spans by service, and gauges by instance.
fn export(groups: serde_json::Value) -> Sent {
    Sent::read(Signal::Traces, Encoding::Json, serde_json::json!({ "resourceSpans": groups }).to_string().as_bytes()).expect("it is an export")
}

/// One span of a trace: id, parent, kind, start and duration in milliseconds after noon.
fn a_span(trace: i64, id: u64, parent: u64, kind: u8, (at, took): (i64, i64), error: bool, attributes: &[(&str, &str)]) -> serde_json::Value {
    let start = NOON.micros() * 1_000 + at * 1_000_000;
    let attributes: Vec<_> = attributes.iter().map(|(key, value)| serde_json::json!({"key": key, "value": {"stringValue": value}})).collect();
    let parent = if parent == 0 { String::new() } else { format!("{parent:016x}") };
    serde_json::json!({
        "traceId": format!("{trace:032x}"), "spanId": format!("{id:016x}"), "parentSpanId": parent, "name": format!("step {kind}"), "kind": kind,
        "startTimeUnixNano": start.to_string(), "endTimeUnixNano": (start + took * 1_000_000).to_string(),
        "status": {"code": if error { 2 } else { 0 }}, "attributes": attributes
    })
}

fn of_service(service: &str, spans: Vec<serde_json::Value>) -> serde_json::Value {
    serde_json::json!({"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}, "scopeSpans": [{"spans": spans}]})
}

async fn observed() -> (Arc<Observed>, tempfile::TempDir) {
    let (store, folder) = empty_store().await;
    store.clock().set(NOON.plus_secs(3_600));
    (Observed::new(store, Keep::default()), folder)
}

#[tokio::test]
async fn names_that_are_almost_all_in_use_are_not_looked_through_again_at_once() {
    let (observed, _folder) = observed().await;
    let span = |n: i64| {
        let mut span = a_span(n + 1, 1, 0, 2, (0, 1), false, &[]);
        span["name"] = serde_json::json!(format!("GET /orders/{n}"));
        span
    };
    observed.take(export(serde_json::json!([of_service("pay", (0..1_900).map(span).collect())])), None).await.expect("it is kept");
    assert!(read(&observed.words).is_crowded());
    for (secs, left) in [(0, false), (30, true), (600, false)] {
        write(&observed.words).service("nobody's");
        observed.store.clock().set(NOON.plus_secs(3_600 + secs));
        observed.forget().await.expect("the store works");
        assert_eq!(read(&observed.words).known("nobody's").is_some(), left, "after {secs} s");
    }
}

#[tokio::test]
async fn what_a_later_try_made_good_is_listed_behind_what_failed() {
    let (observed, _folder) = observed().await;
    let call = |trace, id, at, error, peer| a_span(trace, id, 1, 3, (at, 100), error, &[("peer.service", peer)]);
    let spans = vec![
        a_span(1, 1, 0, 2, (0, 900), false, &[]),
        call(1, 2, 10, true, "provider-b"),
        call(1, 3, 120, false, "provider-b"),
        a_span(2, 1, 0, 2, (0, 300), false, &[]),
        call(2, 2, 10, true, "provider-b"),
        call(2, 3, 120, false, "provider-a"),
    ];
    observed.take(export(serde_json::json!([of_service("pay", spans)])), None).await.expect("it is kept");
    let range = question(0, 1).range;
    let asked = TraceQuestion {
        range,
        service: None,
        operation: None,
        attributes: vec![],
        min_s: None,
        max_s: None,
        errors: true,
        order: TraceOrder::Errors,
        source: None,
    };
    let snapshot = observed.snapshot(range.from, range.to).await.expect("the store answers");
    let first = snapshot.traces(&asked, None, 1);
    let place = first.next_cursor.as_deref().and_then(traces::Place::parse).expect("there is another");
    let second = snapshot.traces(&asked, Some(place), 1);
    let told: Vec<(f64, u64, bool)> = first.items.iter().chain(&second.items).map(|card| (card.duration_s, card.errors, card.retried)).collect();
    assert_eq!(told, [(0.3, 1, false), (0.9, 1, true)]);
}

#[tokio::test]
async fn calls_like_one_are_counted_by_how_they_ended_and_what_they_carry() {
    let (observed, _folder) = observed().await;
    let call = |n: i64| {
        let (failed, region) = (n < 20, if n < 20 || n % 10 == 0 { "EU" } else { "US" });
        a_span(n + 1, 1, 0, 2, (n * 10, n + 1), failed, &[("card.region", region), ("request.id", "same")])
    };
    observed.take(export(serde_json::json!([of_service("pay", (0..100).map(call).collect())])), None).await.expect("it is kept");
    let pair = |name: &str, value: &str| Attribute { name: name.to_owned(), value: value.to_owned() };
    let asked = |failed| AlikeQuestion {
        at: NOON,
        service: "pay".to_owned(),
        operation: "step 2".to_owned(),
        failed,
        attributes: vec![pair("request.id", "same"), pair("card.region", "EU"), pair("never", "seen"), pair("service.name", "pay")],
    };
    let range = question(0, 2).range;
    let snapshot = observed.snapshot(range.from, range.to).await.expect("the store answers");
    let alike = snapshot.alike(&asked(true), range).judged();
    assert_eq!((alike.marked, alike.rest, alike.partial, alike.slow_from_s), (20, 80, false, None));
    let told: Vec<(&str, u64, u64, bool)> = alike.shares.iter().map(|share| (share.name.as_str(), share.marked, share.rest, share.over)).collect();
    assert_eq!(told, [("card.region", 20, 8, true), ("request.id", 20, 80, false), ("never", 0, 0, false), ("service.name", 20, 80, false)]);
    let slow = snapshot.alike(&asked(false), range);
    assert_eq!((slow.marked, slow.rest, slow.slow_from_s), (5, 95, Some(0.096)));
    let unknown = snapshot.alike(&AlikeQuestion { service: "nobody".to_owned(), ..asked(true) }, range);
    assert_eq!((unknown.marked, unknown.rest), (0, 0));
}

#[tokio::test]
async fn clocks_and_sources_that_cannot_be_right_are_suspect() {
    let (observed, _folder) = observed().await;
    let (mut web, mut pay, mut cron) = (vec![], vec![], vec![]);
    for minute in 0..30 {
        for n in 0..3 {
            let (trace, at) = (minute * 10 + n + 1, minute * 60_000 + n * 1_000);
            web.push(a_span(trace, 1, 0, 3, (at, 50), false, &[]));
            // Begins before it was called.
            pay.push(a_span(trace, 2, 1, 2, (at - 14, 40), false, &[]));
        }
        if minute < 12 {
            cron.push(a_span(10_000 + minute, 1, 0, 2, (minute * 60_000, 5), false, &[]));
        }
    }
    let groups = serde_json::json!([of_service("web", web), of_service("pay", pay), of_service("cron", cron)]);
    observed.take(export(groups), None).await.expect("it is kept");
    let points = |minutes: i64, value: f64| -> Vec<serde_json::Value> {
        let at = |minute: i64| (NOON.plus_secs(minute * 60).micros() * 1_000).to_string();
        (0..minutes).map(|minute| serde_json::json!({"timeUnixNano": at(minute), "asDouble": value})).collect()
    };
    let gauge = |name: &str, minutes: i64, value: f64| serde_json::json!({"name": name, "gauge": {"dataPoints": points(minutes, value)}});
    let of_instance = |instance: &str, metrics: Vec<serde_json::Value>| {
        let pair = |key: &str, value: &str| serde_json::json!({"key": key, "value": {"stringValue": value}});
        serde_json::json!({"resource": {"attributes": [pair("service.name", "pay"), pair("service.instance.id", instance)]}, "scopeMetrics": [{"metrics": metrics}]})
    };
    let metrics = serde_json::json!({"resourceMetrics": [
        of_instance("pay-1", vec![gauge("cpu", 30, 0.0), gauge("memory", 30, 3e8), gauge("queue", 30, 0.0), gauge("threads", 10, 4.0)]),
        of_instance("pay-2", vec![gauge("cpu", 10, 0.4), gauge("memory", 10, 3e8)]),
    ]});
    let sent = Sent::read(Signal::Metrics, Encoding::Json, metrics.to_string().as_bytes()).expect("it is an export");
    observed.take(sent, None).await.expect("it is kept");
    let range = question(0, 30).range;
    let snapshot = observed.snapshot(range.from, range.to).await.expect("the store answers");
    let told: Vec<(Doubt, String, Option<String>, Option<String>)> =
        snapshot.suspects(range, None).into_iter().map(|suspect| (suspect.doubt, suspect.service, suspect.instance, suspect.metric)).collect();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        told,
        [
            (Doubt::ClockOff, "pay".to_owned(), None, None),
            (Doubt::Silent, "cron".to_owned(), None, None),
            (Doubt::Stopped, "pay".to_owned(), text("pay-1"), text("threads")),
            (Doubt::Stopped, "pay".to_owned(), text("pay-2"), None),
            (Doubt::ConstantZero, "pay".to_owned(), text("pay-1"), text("cpu")),
        ]
    );
    let clocks = &snapshot.suspects(range, Some("web"))[0];
    assert_eq!((clocks.peer.as_deref(), clocks.off_s.map(|off| (off * 1e3).round())), (Some("web"), Some(14.0)));
    assert_eq!(snapshot.suspects(range, Some("cron")).len(), 1);
}

fn text(value: &str) -> serde_json::Value {
    serde_json::json!({"stringValue": value})
}

fn resource(service: &str) -> serde_json::Value {
    serde_json::json!({"attributes": [{"key": "service.name", "value": text(service)}, {"key": "k8s.pod.name", "value": text(&format!("{service}-1"))}]})
}

fn nanos_of(ms: i64) -> String {
    ((NOON.micros() + ms * 1_000) * 1_000).to_string()
}

fn sent(signal: Signal, export: &serde_json::Value) -> Sent {
    Sent::read(signal, Encoding::Json, export.to_string().as_bytes()).expect("it is an export")
}

/// One span of a trace, so many milliseconds after noon; its peer is what its client calls.
fn a_call(service: &str, id: u64, parent: u64, name: &str, kind: u8, from_ms: i64, peer: &str) -> serde_json::Value {
    let span = serde_json::json!({
        "traceId": format!("{:032x}", 7), "spanId": format!("{id:016x}"), "parentSpanId": if parent == 0 { String::new() } else { format!("{parent:016x}") },
        "name": name, "kind": kind, "startTimeUnixNano": nanos_of(from_ms), "endTimeUnixNano": nanos_of(from_ms + 5),
        "attributes": [{"key": "server.address", "value": text(peer)}]
    });
    serde_json::json!({"resource": resource(service), "scopeSpans": [{"spans": [span]}]})
}

/// Log records of a service: instant, trace, text.
fn records(service: &str, records: &[(i64, u128, &str)]) -> Sent {
    let record = |(ms, trace, body): &(i64, u128, &str)| {
        let trace = if *trace == 0 { String::new() } else { format!("{trace:032x}") };
        serde_json::json!({"timeUnixNano": nanos_of(*ms), "severityNumber": 17, "traceId": trace, "body": text(body)})
    };
    let records: Vec<serde_json::Value> = records.iter().map(record).collect();
    sent(Signal::Logs, &serde_json::json!({"resourceLogs": [{"resource": resource(service), "scopeLogs": [{"logRecords": records}]}]}))
}

/// Sums of what was added since the reading before: series, instant.
fn readings(points: &[(usize, i64)]) -> Sent {
    let point = |(series, ms): &(usize, i64)| serde_json::json!({"timeUnixNano": nanos_of(*ms), "asDouble": 3.0, "attributes": [{"key": "series", "value": text(&series.to_string())}]});
    let sum = serde_json::json!({"aggregationTemporality": 1, "isMonotonic": true, "dataPoints": points.iter().map(point).collect::<Vec<_>>()});
    let metric = serde_json::json!({"name": "jobs", "unit": "1", "sum": sum});
    sent(Signal::Metrics, &serde_json::json!({"resourceMetrics": [{"resource": resource("pay"), "scopeMetrics": [{"metrics": [metric]}]}]}))
}

#[tokio::test]
async fn whoever_reads_minutes_as_they_stood_leaves_no_figures_to_those_who_come_later() {
    let (observed, _folder) = observed().await;
    let spans = |group: serde_json::Value| sent(Signal::Traces, &serde_json::json!({"resourceSpans": [group]}));
    observed.take(spans(a_call("other", 1, 0, "tick", 2, 59_000, "")), None).await.expect("it is kept");
    observed.take(spans(a_call("pay", 3, 2, "POST /pay", 2, 60_500, "")), None).await.expect("it is kept");
    let question = Question { service: Some("pay".to_owned()), ..question(0, 5) };
    let before = observed.snapshot(question.range.from, question.range.to).await.expect("the store answers");
    // The caller comes last, in the minute before.
    observed.take(spans(a_call("web", 2, 0, "GET /", 2, 59_900, "")), None).await.expect("it is kept");
    assert_eq!(before.traffic(&question, None, By::Caller)[0].caller, None);
    let after = observed.snapshot(question.range.from, question.range.to).await.expect("the store answers");
    let callers: Vec<Option<String>> = after.traffic(&question, None, By::Caller).into_iter().map(|row| row.caller).collect();
    assert_eq!(callers, [Some("web".to_owned())]);
}

#[tokio::test]
async fn records_of_traces_that_nobody_sent_are_counted_once_however_often_a_minute_is_thinned() {
    let (store, _folder) = empty_store().await;
    store.clock().set(NOON.plus_secs(1_800));
    let observed = Observed::new(store, Keep { memory_mb: 2, ..Keep::default() });
    let texts: Vec<(i64, u128, &str)> = (0..50_u32).map(|n| (i64::from(n), 0xffff_0000 + u128::from(n), "no stock")).collect();
    observed.take(records("pay", &texts), None).await.expect("it is kept");
    for minute in 0..20 {
        observed.take(a_minute(minute, 1_000), None).await.expect("it is kept");
    }
    let first = minute_of(snapshot::nanos(NOON));
    let level = read(&observed.memory).minutes.get(&first).and_then(|minute| minute.frozen.as_ref().map(|frozen| frozen.level));
    assert!(level.is_some_and(|level| level >= 2), "{level:?}");
    let range = question(0, 1).range;
    let facts = observed.snapshot(range.from, range.to).await.expect("the store answers").facts(range);
    assert_eq!(facts.statements.values().map(|facts| facts.n).collect::<Vec<_>>(), [50]);
}

#[tokio::test]
async fn what_is_sent_again_is_counted_once() {
    let (observed, _folder) = observed().await;
    // A clock that knows milliseconds gives two records of one statement the same instant.
    let logs = records("pay", &[(10, 0, "no stock"), (10, 0, "no stock"), (20, 5, "no stock")]);
    // A series may have several readings a minute, and they may come in any order.
    let points = readings(&[(1, 1_000), (1, 11_000), (1, 6_000), (2, 1_000)]);
    for _ in 0..3 {
        observed.take(logs.clone(), None).await.expect("it is kept");
        observed.take(points.clone(), None).await.expect("it is kept");
    }
    let held = observed.holdings();
    assert_eq!((held.logs, held.points, held.duplicates), (3, 4, 14));
    observed.take(records("web", &[(10, 0, "no stock")]), None).await.expect("it is kept");
    observed.take(readings(&[(1, 21_000)]), None).await.expect("it is kept");
    let held = observed.holdings();
    assert_eq!((held.logs, held.points, held.duplicates), (4, 5, 14));
    let rows = observed.snapshot(NOON, NOON.plus_secs(60)).await.expect("the store answers").gauges(&question(0, 1)).rows;
    assert_eq!(rows.iter().map(|row| row.values[0]).collect::<Vec<_>>(), [Some(12.0 / 60.0), Some(3.0 / 60.0)]);
}

#[tokio::test]
async fn readings_give_way_before_traces_do() {
    let (store, _folder) = empty_store().await;
    store.clock().set(NOON.plus_secs(1_800));
    let observed = Observed::new(store, Keep { memory_mb: 1, ..Keep::default() });
    observed.take(a_minute(0, 100), None).await.expect("it is kept");
    for minute in 0..12 {
        let points: Vec<(usize, i64)> = (0..2_000).map(|series| (series, minute * 60_000)).collect();
        observed.take(readings(&points), None).await.expect("it is kept");
    }
    let held = observed.holdings();
    assert_eq!((held.spans, held.spans_let_go, held.points + held.points_let_go), (200, 0, 24_000), "{held:?}");
    let newest = observed.snapshot(NOON.plus_secs(660), NOON.plus_secs(720)).await.expect("the store answers");
    assert!(held.points_let_go > 0 && !newest.gauges(&question(11, 12)).rows.is_empty(), "{held:?}");
}

#[tokio::test]
async fn a_service_is_known_by_its_own_name_and_not_by_its_address() {
    let (observed, _folder) = observed().await;
    let groups = [
        a_call("web", 1, 0, "GET /", 2, 0, ""),
        a_call("web", 2, 1, "POST", 3, 1, "pay.prod.svc"),
        a_call("pay", 3, 2, "POST /pay", 2, 2, ""),
        a_call("pay", 4, 3, "SELECT", 3, 3, "orders-db"),
    ];
    observed.take(sent(Signal::Traces, &serde_json::json!({"resourceSpans": groups})), None).await.expect("it is kept");
    let snapshot = observed.snapshot(NOON, NOON.plus_secs(60)).await.expect("the store answers");
    let graph = snapshot.graph(&question(0, 1), None);
    let edges: Vec<(&str, &str)> = graph.edges.iter().map(|edge| (edge.from.as_str(), edge.to.as_str())).collect();
    assert_eq!(edges, [("pay", "orders-db"), ("web", "pay")]);
}

#[tokio::test]
async fn names_are_asked_for_as_they_are_shown() {
    let (observed, _folder) = observed().await;
    let group = a_call("pay", 1, 0, "POST\u{7} /pay", 2, 0, "");
    observed.take(sent(Signal::Traces, &serde_json::json!({"resourceSpans": [group]})), None).await.expect("it is kept");
    let question = Question { operation: Some("POST /pay".to_owned()), ..question(0, 1) };
    let snapshot = observed.snapshot(NOON, NOON.plus_secs(60)).await.expect("the store answers");
    assert_eq!(snapshot.traffic(&question, None, By::Operation).len(), 1);
}

/// A name and a value for each attribute.
type Attributes = Vec<(&'static str, String)>;

fn attributes(pairs: &Attributes) -> serde_json::Value {
    pairs.iter().map(|(key, value)| serde_json::json!({"key": key, "value": text(value)})).collect()
}

/// What eight services report of themselves for twenty minutes: from the tenth on the first instance
/// of the fourth is several times as busy. `spelled` says what stands at the resource and at each
/// of the points, which are told apart by what they are multiplied with.
async fn busy_since_the_tenth(
    metric: &str,
    spelled: impl Fn(usize, usize) -> (Attributes, Vec<(Attributes, f64)>),
) -> Vec<crate::domain::telemetry::differences::Difference> {
    let (observed, _folder) = observed().await;
    let mut groups = vec![];
    for (service, instance) in (0..8).flat_map(|service| [(service, 0), (service, 1)]) {
        let (resource, series) = spelled(service, instance);
        let mut points = vec![];
        for minute in 0..20 {
            let wave = 1.0 + 0.03 * ((minute * 7 + service * 3 + instance) % 5) as f64;
            let busy = if minute >= 10 && (service, instance) == (3, 0) { 3.0 } else { 1.0 };
            for (attributes_of_point, share) in &series {
                // What is left falls as the rest rises.
                let value = if *share < 0.0 { 1.0 + share * wave * busy } else { share * wave * busy };
                points.push(serde_json::json!({"timeUnixNano": nanos_of(minute as i64 * 60_000 + 500), "asDouble": value, "attributes": attributes(attributes_of_point)}));
            }
        }
        let metric = serde_json::json!({"name": metric, "gauge": {"dataPoints": points}});
        groups.push(serde_json::json!({"resource": {"attributes": attributes(&resource)}, "scopeMetrics": [{"metrics": [metric]}]}));
    }
    observed.take(sent(Signal::Metrics, &serde_json::json!({"resourceMetrics": groups})), None).await.expect("it is kept");
    let snapshot = observed.snapshot(NOON, NOON.plus_secs(1_200)).await.expect("the store answers");
    let part = |from: i64, to: i64| Range { from: NOON.plus_secs(from * 60), to: NOON.plus_secs(to * 60) };
    snapshot.compare(part(10, 20), &snapshot, part(0, 10)).items
}

#[tokio::test]
async fn gauges_are_compared_however_their_senders_name_whose_they_are() {
    let pod = |service: usize, instance: usize| format!("s{service}-{instance}");
    let whole = |attributes: Attributes| vec![(attributes, 1.0)];
    let named = |service: usize| ("service.name", format!("s{service}"));
    for (spelling, metric, instance, items) in [
        ("by its pod", "mem", Some("s3-0"), busy_since_the_tenth("mem", |s, i| (vec![named(s), ("k8s.pod.name", pod(s, i))], whole(vec![]))).await),
        ("by nothing", "cpu", None, busy_since_the_tenth("cpu", |s, i| (vec![named(if i == 0 { s } else { s + 20 })], whole(vec![]))).await),
        ("by its container", "cpu", Some("s3-0"), busy_since_the_tenth("cpu", |s, i| (vec![named(s), ("container.name", pod(s, i))], whole(vec![]))).await),
        ("by its point", "cpu", Some("s3-0"), busy_since_the_tenth("cpu", |s, i| (vec![named(s)], whole(vec![("pod", pod(s, i))]))).await),
        (
            "by what was deployed",
            "k8s.pod.cpu.usage",
            Some("s3-0"),
            busy_since_the_tenth("k8s.pod.cpu.usage", |s, i| (vec![("k8s.deployment.name", format!("s{s}")), ("k8s.pod.name", pod(s, i))], whole(vec![])))
                .await,
        ),
        (
            "with what is idle",
            "process.cpu.utilization",
            Some("s3-0"),
            busy_since_the_tenth("process.cpu.utilization", |s, i| {
                let states = vec![(vec![("cpu.mode", "user".to_owned())], 0.1), (vec![("cpu.mode", "idle".to_owned())], -0.1)];
                (vec![named(s), ("k8s.pod.name", pod(s, i))], states)
            })
            .await,
        ),
    ] {
        let told: Vec<_> = items.iter().map(|item| (item.service.as_str(), item.measure.as_str(), item.instance.as_deref())).collect();
        assert_eq!(told, [("s3", metric, instance)], "{spelling}");
    }
}

#[tokio::test]
async fn histograms_are_shown_by_their_count_and_sum_and_not_compared() {
    let (observed, _folder) = observed().await;
    let point = |minute: i64| {
        let count = if minute < 10 { minute * 60 } else { 600 + (minute - 10) * 6_000 };
        serde_json::json!({"timeUnixNano": nanos_of(minute * 60_000), "count": count.to_string(), "sum": count as f64 / 10.0, "bucketCounts": ["0", "1"], "explicitBounds": [1]})
    };
    let histogram = serde_json::json!({"aggregationTemporality": 2, "dataPoints": (0..20).map(point).collect::<Vec<_>>()});
    let metric = serde_json::json!({"name": "cpu.bursts", "unit": "s", "histogram": histogram});
    let export = serde_json::json!({"resourceMetrics": [{"resource": resource("pay"), "scopeMetrics": [{"metrics": [metric]}]}]});
    assert_eq!(observed.take(sent(Signal::Metrics, &export), None).await.expect("it is kept").screened.taken, 20);
    let snapshot = observed.snapshot(NOON, NOON.plus_secs(1_200)).await.expect("the store answers");
    let rows = snapshot.gauges(&question(5, 7)).rows;
    let told: Vec<_> = rows.iter().map(|row| (row.metric.as_str(), row.unit.as_str(), row.values.clone())).collect();
    assert_eq!(told, [("cpu.bursts_count", "1", vec![Some(1.0), Some(1.0)]), ("cpu.bursts_sum", "s", vec![Some(0.1), Some(0.1)])]);
    let part = |from: i64, to: i64| Range { from: NOON.plus_secs(from * 60), to: NOON.plus_secs(to * 60) };
    assert!(snapshot.compare(part(12, 20), &snapshot, part(0, 10)).items.is_empty());
}

#[tokio::test]
async fn a_reading_of_the_instant_between_two_ranges_is_of_the_one_before() {
    let (observed, _folder) = observed().await;
    let point = |minute: i64| serde_json::json!({"timeUnixNano": nanos_of(minute * 60_000), "asDouble": minute as f64});
    let metric = serde_json::json!({"name": "cpu", "gauge": {"dataPoints": (1..10).map(point).collect::<Vec<_>>()}});
    let export = serde_json::json!({"resourceMetrics": [{"resource": resource("pay"), "scopeMetrics": [{"metrics": [metric]}]}]});
    observed.take(sent(Signal::Metrics, &export), None).await.expect("it is kept");
    let snapshot = observed.snapshot(NOON, NOON.plus_secs(600)).await.expect("the store answers");
    let told = |from: i64, to: i64| {
        let facts = snapshot.facts(question(from, to).range);
        facts.gauges.values().map(|gauge| (gauge.readings, gauge.min, gauge.max)).next()
    };
    assert_eq!((told(0, 5), told(5, 8)), (Some((5, 1.0, 5.0)), Some((3, 6.0, 8.0))));
}

#[tokio::test]
async fn a_record_without_a_severity_has_the_one_that_its_text_says() {
    let (observed, _folder) = observed().await;
    let record = |(nth, body): (usize, &str)| serde_json::json!({"timeUnixNano": nanos_of(nth as i64), "body": text(body)});
    let bodies = [r#"{"level":50,"msg":"no stock"}"#, r#"{"level":30,"msg":"in stock"}"#, "12:00:01 ERROR no stock", "E0129 08:50:11.1 main.go:88] no stock"];
    let logs: Vec<serde_json::Value> = bodies.into_iter().enumerate().map(record).collect();
    let export = serde_json::json!({"resourceLogs": [{"resource": resource("pay"), "scopeLogs": [{"logRecords": logs}]}]});
    observed.take(sent(Signal::Logs, &export), None).await.expect("it is kept");
    let severities: Vec<u8> = read(&observed.memory).minutes.values().flat_map(|minute| &minute.logs).map(|log| log.severity).collect();
    assert_eq!(severities, [17, 0, 17, 17]);
}
