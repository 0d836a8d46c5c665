//! The store of telemetry under a flood, against counts that are known.

use super::*;
use crate::{
    domain::telemetry::panels::{Question, Range, TraceOrder, TraceQuestion},
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

#[test]
fn blocks_are_put_in_once_whatever_their_order() {
    let mut applied = Applied::default();
    assert!(applied.begin(1) && applied.begin(3) && !applied.begin(1) && !applied.begin(3));
    assert_eq!(applied.through, 1);
    assert!(applied.begin(2));
    assert_eq!((applied.through, applied.beyond.len()), (3, 0));
    applied.pass(7);
    assert!(!applied.begin(6) && applied.begin(8));
    assert_eq!(applied.through, 8);
}
