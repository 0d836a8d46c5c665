//! A made-up shop sends what it does by OTLP, something is wrong with one of its services, and
//! whoever asks what differs is told of that one first.

#[path = "../shop/mod.rs"]
#[allow(dead_code, unused_imports)] // The shop serves other tests as well.
mod shop;

use crate::{
    callers::{Caller, House},
    databases::NOON,
    story,
};
use axum::http::Method;
use serde_json::{Value, json};
use shop::{Fault, Ground, Habits, Kind, Said, plans};
use std::{collections::BTreeMap, sync::Arc};
use tocsin::domain::people::Role;

const KEY: &str = "0123456789abcdef-shop";

fn attributes(pairs: &[(&str, &str)]) -> Value {
    pairs.iter().map(|(key, value)| json!({"key": key, "value": {"stringValue": value}})).collect()
}

fn ns(micros: i64) -> String {
    (micros * 1_000).to_string()
}

type Sender = (Arc<str>, Arc<str>);

/// Puts what instances sent under their resources.
fn grouped(records: impl Iterator<Item = (Sender, Value)>, groups: &str, scopes: &str, of_scope: &str) -> Value {
    let mut senders = BTreeMap::<Sender, Vec<Value>>::new();
    records.for_each(|(sender, record)| senders.entry(sender).or_default().push(record));
    let group = |((service, pod), records): (Sender, Vec<Value>)| {
        let resource = attributes(&[("service.name", &service), ("k8s.pod.name", &pod)]);
        json!({"resource": {"attributes": resource}, scopes: [{of_scope: records}]})
    };
    json!({groups: senders.into_iter().map(group).collect::<Vec<_>>()})
}

async fn send(sender: &Caller, said: &Said) {
    let spans = said.spans.iter().map(|span| {
        let kind = match span.kind {
            Kind::Internal => 1,
            Kind::Server => 2,
            Kind::Client => 3,
        };
        let parent = span.parent.map_or(String::new(), |parent| format!("{parent:016x}"));
        let made = json!({
            "traceId": format!("{:032x}", span.trace), "spanId": format!("{:016x}", span.id), "parentSpanId": parent, "name": &*span.operation, "kind": kind,
            "startTimeUnixNano": ns(span.start_micros), "endTimeUnixNano": ns(span.start_micros + span.duration_micros), "status": {"code": if span.error { 2 } else { 0 }}
        });
        ((span.service.clone(), span.instance.clone()), made)
    });
    let logs = said.logs.iter().map(|log| {
        let (trace, span) = log.within.map_or((String::new(), String::new()), |(trace, span)| (format!("{trace:032x}"), format!("{span:016x}")));
        let made =
            json!({"timeUnixNano": ns(log.at_micros), "severityNumber": log.severity, "body": {"stringValue": log.text}, "traceId": trace, "spanId": span});
        ((log.service.clone(), log.instance.clone()), made)
    });
    let readings = said.readings.iter().map(|reading| {
        let point = json!({"timeUnixNano": ns(reading.at_micros), "asDouble": reading.value});
        ((reading.service.clone(), reading.instance.clone()), json!({"name": reading.metric, "gauge": {"dataPoints": [point]}}))
    });
    for (path, body) in [
        ("/v1/traces", grouped(spans, "resourceSpans", "scopeSpans", "spans")),
        ("/v1/logs", grouped(logs, "resourceLogs", "scopeLogs", "logRecords")),
        ("/v1/metrics", grouped(readings, "resourceMetrics", "scopeMetrics", "metrics")),
    ] {
        sender.saying("content-type", "application/json").send(Method::POST, path, body.to_string()).await.is(200);
    }
}

story! {
    async fn whoever_is_disturbed_is_named_first(fresh) {
        let house = House::of(&fresh);
        house.integration(json!({"source": "otlp", "name": "shop", "token": KEY})).await;
        let sender = house.nobody().saying("authorization", &format!("Bearer {KEY}"));
        fresh.at(1_800);
        // Three quiet minutes, one in which nothing of the processor is left to one service, and a quiet one.
        let habits = Habits { kinds: false, statuses: false, severities: false, ..Habits::TIDY };
        for (minute, minutes, fault, seed) in [(0, 3, None, 1), (3, 1, Some((Fault::ProcessorTaken, "currency")), 2), (4, 1, None, 3)] {
            let (from_micros, secs) = (NOON.plus_secs(minute * 60).micros(), f64::from(minutes) * 60.0);
            send(&sender, &shop::said(&Ground { system: &plans::SHOP, habits, fault, seed, fault_seed: 5, from_micros, secs, per_sec: 2.0, restless: false })).await;
        }
        let reader = house.program(Role::Viewer).await;
        let at = |minute: i64| NOON.plus_secs(minute * 60);
        let asked = |range: (i64, i64), baseline: (i64, i64)| {
            format!("/api/v1/telemetry/differences?from={}&to={}&baseline_from={}&baseline_to={}", at(range.0), at(range.1), at(baseline.0), at(baseline.1))
        };
        let found = reader.items(&asked((3, 4), (0, 3))).await;
        assert!(found.first().is_some_and(|first| first["service"] == "currency"), "{found:#?}");
        let processor = found.iter().find(|item| item["measure"] == "cpu_usage_percent").unwrap_or_else(|| panic!("{found:#?}"));
        assert_eq!((&processor["kind"], &processor["service"]), (&json!("resource"), &json!("currency")));
        assert!(processor["instance"].as_str().is_some_and(|pod| pod.starts_with("currency-")), "{processor}");
        // The same again, also where the baseline reaches over the range; what is in both tells nothing.
        assert_eq!(reader.items(&asked((3, 4), (0, 3))).await, found);
        let around = reader.items(&asked((3, 4), (0, 5))).await;
        assert!(around.first().is_some_and(|first| first["service"] == "currency"), "{around:#?}");
        for (range, baseline) in [((3, 4), (3, 4)), ((3, 4), (10, 12)), ((10, 12), (0, 3)), ((1, 2), (0, 1))] {
            assert_eq!(reader.items(&asked(range, baseline)).await, Vec::<Value>::new(), "{range:?} {baseline:?}");
        }
        assert_eq!(reader.get(&asked((4, 3), (0, 3))).await.refused(400), "bad_parameter");
    }
}
