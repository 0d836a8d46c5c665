//! Telemetry through the whole house: sent by OTLP, kept, and asked for again.

use crate::{
    callers::{Answer, Caller, House, text},
    databases::{Fresh, NOON},
    story,
};
use axum::{body::Body, http::Method};
use serde_json::{Value, json};
use tocsin::{
    domain::{people::Role, time::Timestamp},
    server::{config::Config, observed::Keep, store::Store},
};

const KEY: &str = "0123456789abcdef-otlp";
const TRACE: &str = "5b8efff798038103d269b633813fc60c";

/// A sender with its key.
async fn collector(house: &House) -> Caller {
    house.integration(json!({"source": "otlp", "name": "collector", "token": KEY})).await;
    house.nobody().saying("authorization", &format!("Bearer {KEY}"))
}

/// So many milliseconds after noon, in nanoseconds, as JSON writes it.
fn at(ms: i64) -> String {
    ((NOON.micros() + ms * 1_000) * 1_000).to_string()
}

fn attributes(pairs: &[(&str, &str)]) -> Value {
    pairs.iter().map(|(key, value)| json!({"key": key, "value": {"stringValue": value}})).collect()
}

/// One span, in milliseconds after noon.
struct Made {
    trace: String,
    id: u64,
    parent: u64,
    service: &'static str,
    name: &'static str,
    kind: u8,
    from: i64,
    took: i64,
    error: bool,
}

impl Made {
    fn json(&self) -> Value {
        let parent = if self.parent == 0 { String::new() } else { format!("{:016x}", self.parent) };
        json!({
            "traceId": self.trace, "spanId": format!("{:016X}", self.id), "parentSpanId": parent, "name": self.name, "kind": self.kind,
            "startTimeUnixNano": at(self.from), "endTimeUnixNano": at(self.from + self.took),
            "status": {"code": if self.error { 2 } else { 0 }},
            "attributes": attributes(&[("http.route", "/pay"), ("user", &self.trace)])
        })
    }
}

/// An export with one resource for each service.
fn export(spans: &[Made]) -> Value {
    let group = |span: &Made| {
        let resource = attributes(&[("service.name", span.service), ("k8s.pod.name", &format!("{}-1", span.service)), ("service.version", "1.2")]);
        json!({"resource": {"attributes": resource}, "scopeSpans": [{"spans": [span.json()]}]})
    };
    json!({"resourceSpans": spans.iter().map(group).collect::<Vec<_>>()})
}

/// A request through a shop: the web calls pay, pay asks its database.
fn request(n: u64, from: i64, error: bool) -> Vec<Made> {
    let trace = format!("{:032x}", 0xabc0_0000_u64 + n);
    let span = |id, parent, service, name, kind, after: i64, took: i64| Made {
        trace: trace.clone(),
        id: n * 10 + id,
        parent: if parent == 0 { 0 } else { n * 10 + parent },
        service,
        name,
        kind,
        from: from + after,
        took,
        error: error && id > 1,
    };
    vec![
        span(1, 0, "web", "GET /", 2, 0, 100),
        span(2, 1, "web", "POST", 3, 10, 80),
        span(3, 2, "pay", "POST /pay", 2, 15, 70),
        span(4, 3, "pay", "SELECT orders", 3, 20, 30),
    ]
}

async fn send(caller: &Caller, path: &str, body: &Value) -> Answer {
    caller.saying("content-type", "application/json").send(Method::POST, path, body.to_string()).await
}

fn range(from_s: i64, to_s: i64) -> String {
    format!("from={}&to={}", NOON.plus_secs(from_s), NOON.plus_secs(to_s))
}

fn named<'a>(items: &'a [Value], field: &str, name: &str) -> &'a Value {
    items.iter().find(|item| item[field] == name).unwrap_or_else(|| panic!("{name} in {items:?}"))
}

async fn over(fresh: &Fresh, keep: Keep) -> House {
    House::over(Store::open(&fresh.url, fresh.clock.clone()).await.expect("it opens"), Config { telemetry: keep, ..Config::default() })
}

story! {
    async fn what_is_sent_can_be_asked_for_at_once(fresh) {
        let house = House::of(&fresh);
        let sender = collector(&house).await;
        fresh.at(600);
        let mut spans = vec![];
        for n in 0..10 {
            spans.extend(request(n, i64::try_from(n).expect("it is small") * 20_000, n == 3));
        }
        assert_eq!(send(&sender, "/v1/traces", &export(&spans)).await.text(), "{}");
        // Sent again, as senders do that heard no answer: counted once.
        send(&sender, "/v1/traces", &export(&spans)).await.is(200);
        let reader = house.program(Role::Viewer).await;
        let all = range(0, 600);
        let services = reader.items(&format!("/api/v1/telemetry/services?{all}")).await;
        let (web, pay) = (named(&services, "service", "web"), named(&services, "service", "pay"));
        assert_eq!((&web["requests"], &web["errors"], &web["error_ratio"]), (&json!(10), &json!(0), &json!(0.0)));
        assert_eq!((&pay["requests"], &pay["errors"], &pay["error_ratio"]), (&json!(10), &json!(1), &json!(0.1)));
        assert!((pay["p95_s"].as_f64().expect("it is a number") - 0.07).abs() < 0.07 * 0.012, "{pay}");
        assert_eq!(pay["last_seen"], NOON.plus_secs(180).to_string().replace("Z", ".085Z"));
        let operations = reader.items(&format!("/api/v1/telemetry/operations?service=pay&{all}")).await;
        assert_eq!(named(&operations, "operation", "SELECT orders")["requests"], 10);
        let callers = reader.items(&format!("/api/v1/telemetry/callers?service=pay&operation=POST%20%2Fpay&{all}")).await;
        assert_eq!((callers.len(), &callers[0]["caller"], &callers[0]["operation"], &callers[0]["requests"]), (1, &json!("web"), &json!("POST /pay"), &json!(10)));
        let callers = reader.items(&format!("/api/v1/telemetry/callers?service=web&{all}")).await;
        assert_eq!(callers[0].get("caller"), None);
        // The first two minutes hold six, the baseline the others.
        let half = format!("{}&baseline_{}", range(0, 120), range(120, 600).replace("&to", "&baseline_to"));
        let services = reader.items(&format!("/api/v1/telemetry/services?{half}")).await;
        let pay = named(&services, "service", "pay");
        assert_eq!((&pay["requests"], &pay["before"]["requests"], &pay["errors"], &pay["before"]["errors"]), (&json!(6), &json!(4), &json!(1), &json!(0)));
        // A range need not begin with a minute.
        let services = reader.items(&format!("/api/v1/telemetry/services?{}", range(19, 41))).await;
        assert_eq!(named(&services, "service", "pay")["requests"], 2);
        let latency = reader.get(&format!("/api/v1/telemetry/latency?service=pay&step_s=60&{all}")).await.is(200);
        let columns = latency["columns"].as_array().expect("they are a list");
        assert_eq!((columns.len(), &columns[0]["requests"], &columns[1]["at"]), (10, &json!(3), &json!(NOON.plus_secs(60).to_string())));
        let sum: u64 = latency["counts"].as_array().expect("they are a list").iter().filter_map(Value::as_u64).sum();
        assert_eq!((sum, latency["counts"].as_array().map(Vec::len)), (10, latency["bounds_s"].as_array().map(|bounds| bounds.len() + 1)));
        let graph = reader.get(&format!("/api/v1/telemetry/graph?{all}")).await.is(200);
        let edge = &graph["edges"][0];
        assert_eq!((&edge["from"], &edge["to"], &edge["requests"], &edge["errors"], &edge["seen"]), (&json!("web"), &json!("pay"), &json!(10), &json!(1), &json!(true)));
        assert_eq!(graph["nodes"].as_array().map(Vec::len), Some(2));
        let errors = reader.get(&format!("/api/v1/telemetry/errors?step_s=60&{all}")).await.is(200);
        assert_eq!((&errors["rows"][0]["service"], &errors["rows"][0]["cells"][1]), (&json!("pay"), &json!({"requests": 3, "errors": 1})));
        assert_eq!(reader.items(&format!("/api/v1/telemetry/differences?{all}")).await, Vec::<Value>::new());
        let held = reader.get("/api/v1/telemetry").await.is(200);
        assert_eq!((&held["spans"], &held["duplicates"], &held["empty"]), (&json!(40), &json!(40), &json!(false)));
    }
}

story! {
    async fn traces_are_found_and_come_back_as_they_were_sent(fresh) {
        let house = House::of(&fresh);
        let sender = collector(&house).await;
        fresh.at(600);
        for n in 0..7 {
            let mut spans = request(n, i64::try_from(n).expect("it is small") * 30_000, n == 3);
            spans[0].took += i64::try_from(n).expect("it is small") * 100;
            send(&sender, "/v1/traces", &export(&spans)).await.is(200);
        }
        let reader = house.program(Role::Viewer).await;
        let traces = |more: &str| {
            let path = format!("/api/v1/telemetry/traces?{}{more}", range(0, 600));
            let reader = reader.clone();
            async move { reader.items(&path).await }
        };
        let all = traces("").await;
        assert_eq!((all.len(), &all[0]["root"], &all[0]["spans"]), (7, &json!({"service": "web", "operation": "GET /"}), &json!(4)));
        assert_eq!((&all[0]["duration_s"], &all[0]["started_at"]), (&json!(0.7), &json!(NOON.plus_secs(180).to_string())));
        assert_eq!(traces("&errors=true").await.len(), 1);
        assert_eq!(traces("&min_s=0.55").await.len(), 2);
        assert_eq!(traces("&service=pay&operation=SELECT%20orders").await.len(), 7);
        assert_eq!(traces("&service=web&operation=SELECT%20orders").await.len(), 0);
        let one = text(&all[4]["trace_id"]);
        assert_eq!(traces(&format!("&attribute.user={one}")).await.len(), 1);
        assert_eq!(traces("&attribute.service.version=1.2&attribute.http.route=%2Fpay").await.len(), 7);
        assert_eq!(traces("&attribute.service.version=1.3").await.len(), 0);
        assert_eq!(traces("&order=slowest").await[0]["trace_id"], all[0]["trace_id"]);
        assert_eq!(traces("&order=errors").await[0]["errors"], 3);
        let pages = reader.get(&format!("/api/v1/telemetry/traces?{}&limit=5", range(0, 600))).await.is(200);
        let next = reader.get(&format!("/api/v1/telemetry/traces?{}&limit=5&cursor={}", range(0, 600), text(&pages["next_cursor"]))).await.is(200);
        assert_eq!((next["items"].as_array().map(Vec::len), &next["next_cursor"], &next["items"][0]), (Some(2), &Value::Null, &all[5]));
        // A trace belongs to the range in which its root begins.
        assert_eq!(reader.items(&format!("/api/v1/telemetry/traces?{}", range(1, 31))).await.len(), 1);
        let trace = reader.get(&format!("/api/v1/telemetry/traces/{}", one.to_uppercase())).await.is(200);
        let names: Vec<&str> = trace["resourceSpans"].as_array().expect("it is a list").iter().filter_map(|group| group["scopeSpans"][0]["spans"][0]["name"].as_str()).collect();
        assert_eq!(names, ["GET /", "POST", "POST /pay", "SELECT orders"]);
        let span = &trace["resourceSpans"][2]["scopeSpans"][0]["spans"][0];
        assert_eq!((&span["traceId"], &span["kind"], &span["startTimeUnixNano"]), (&json!(one), &json!(2), &json!(at(60_015))));
        for (path, status, code) in [
            ("/api/v1/telemetry/traces/00000000000000000000000000000001", 404, "unknown_trace"),
            ("/api/v1/telemetry/traces/xyz", 404, "unknown_trace"),
            ("/api/v1/telemetry/traces?min_s=much", 400, "bad_parameter"),
            ("/api/v1/telemetry/traces?cursor=x", 400, "bad_parameter"),
            ("/api/v1/telemetry/services?from=2026-08-11T12:00:00Z&to=2026-08-11T12:00:00Z", 400, "bad_parameter"),
            ("/api/v1/telemetry/services?baseline_from=2026-08-11T12:00:00Z", 400, "bad_parameter"),
            ("/api/v1/telemetry/latency?step_s=0", 400, "bad_parameter"),
            ("/api/v1/telemetry/logs?trace_id=xyz", 400, "bad_parameter"),
        ] {
            assert_eq!(reader.get(path).await.refused(status), code, "{path}");
        }
    }
}

story! {
    async fn a_restart_keeps_everything(fresh) {
        let house = House::of(&fresh);
        let sender = collector(&house).await;
        fresh.at(600);
        send(&sender, "/v1/traces", &export(&request(1, 0, true))).await.is(200);
        send(&sender, "/v1/logs", &logs()).await.is(200);
        send(&sender, "/v1/metrics", &metrics()).await.is(200);
        let reader = house.program(Role::Viewer).await;
        let paths = ["services", "operations", "callers", "latency", "graph", "errors", "traces", "logs", "gauges", "differences"];
        let again = over(&fresh, Keep::default()).await;
        let reader_again = reader.at(&again);
        for path in paths {
            let path = format!("/api/v1/telemetry/{path}?{}", range(0, 600));
            let (before, after) = (reader.get(&path).await.is(200), reader_again.get(&path).await.is(200));
            assert_eq!(before, after, "{path}");
        }
        assert!(!reader.items(&format!("/api/v1/telemetry/logs?{}", range(0, 600))).await.is_empty());
        // Another server on the same database sees what is sent to this one at the next question.
        send(&sender, "/v1/traces", &export(&request(2, 1_000, false))).await.is(200);
        assert_eq!(reader_again.items(&format!("/api/v1/telemetry/traces?{}", range(0, 600))).await.len(), 2);
    }
}

fn logs() -> Value {
    let record = |ms: i64, number: u8, words: &str, trace: &str| json!({"timeUnixNano": at(ms), "severityNumber": number, "body": {"stringValue": words}, "traceId": trace, "spanId": if trace.is_empty() { "" } else { "000000000000000d" }});
    let trace = format!("{:032X}", 0xabc0_0001_u64);
    let records = json!([record(20, 9, "charging 12 EUR", &trace), record(30, 17, "charge refused for 12", &trace), record(90_000, 0, "quiet", "")]);
    json!({"resourceLogs": [{"resource": {"attributes": attributes(&[("service.name", "pay"), ("host.name", "node-1")])}, "scopeLogs": [{"logRecords": records}]}]})
}

fn metrics() -> Value {
    let point = |ms: i64, value: Value| json!({"timeUnixNano": at(ms), "asDouble": value, "attributes": []});
    let gauge = json!({"name": "cpu", "unit": "1", "gauge": {"dataPoints": [point(1_000, json!(0.25)), point(2_000, json!(0.75)), point(2_000, json!(0.75)), point(61_000, json!("NaN"))]}});
    let counter = json!({"name": "cpu.time", "unit": "s", "sum": {"isMonotonic": true, "aggregationTemporality": 2, "dataPoints": [point(0, json!(10)), point(60_000, json!(40))]}});
    let bucket = |ms: i64, count: u32| json!({"timeUnixNano": at(ms), "count": count.to_string(), "sum": f64::from(count) / 4.0, "bucketCounts": [count, 0], "explicitBounds": [1]});
    let histogram = json!({"name": "took", "unit": "s", "histogram": {"aggregationTemporality": 2, "dataPoints": [bucket(0, 0), bucket(60_000, 120)]}});
    json!({"resourceMetrics": [{"resource": {"attributes": attributes(&[("service.name", "pay"), ("service.instance.id", "i-1")])}, "scopeMetrics": [{"metrics": [gauge, counter, histogram]}]}]})
}

story! {
    async fn logs_and_gauges_are_told_with_whom_they_belong_to(fresh) {
        let house = House::of(&fresh);
        let sender = collector(&house).await;
        fresh.at(600);
        send(&sender, "/v1/traces", &export(&request(1, 0, true))).await.is(200);
        send(&sender, "/v1/logs", &logs()).await.is(200);
        send(&sender, "/v1/metrics", &metrics()).await.is(200);
        let reader = house.program(Role::Viewer).await;
        let trace = format!("{:032x}", 0xabc0_0001_u64);
        let of_trace = reader.items(&format!("/api/v1/telemetry/logs?trace_id={trace}")).await;
        assert_eq!(of_trace.len(), 2);
        let last = &of_trace[0];
        assert_eq!((&last["text"], &last["severity"], &last["service"], &last["instance"]), (&json!("charge refused for 12"), &json!("ERROR"), &json!("pay"), &json!("node-1")));
        assert_eq!((&last["at"], &last["trace_id"], &last["span_id"]), (&json!(NOON.to_string().replace('Z', ".030Z")), &json!(trace), &json!("000000000000000d")));
        assert_eq!(reader.items(&format!("/api/v1/telemetry/logs?{}", range(0, 600))).await.len(), 3);
        assert_eq!(reader.items(&format!("/api/v1/telemetry/logs?min_severity=17&{}", range(0, 600))).await.len(), 1);
        assert_eq!(reader.items(&format!("/api/v1/telemetry/logs?service=web&{}", range(0, 600))).await.len(), 0);
        let first = reader.get(&format!("/api/v1/telemetry/logs?limit=2&{}", range(0, 600))).await.is(200);
        let rest = reader.get(&format!("/api/v1/telemetry/logs?limit=2&{}&cursor={}", range(0, 600), text(&first["next_cursor"]))).await.is(200);
        assert_eq!((&rest["items"][0]["text"], &rest["next_cursor"]), (&json!("charging 12 EUR"), &Value::Null));
        let gauges = reader.get(&format!("/api/v1/telemetry/gauges?service=pay&step_s=60&{}", range(0, 180))).await.is(200);
        let rows = gauges["rows"].as_array().expect("they are a list");
        assert_eq!((&named(rows, "metric", "cpu")["values"], &named(rows, "metric", "cpu")["instance"]), (&json!([0.5, null, null]), &json!("i-1")));
        assert_eq!(named(rows, "metric", "cpu.time")["values"], json!([null, 0.5, null]));
        // Of a histogram it is told how often something was measured and what it came to.
        let of_took = |ending: &str| named(rows, "metric", &format!("took_{ending}"))["values"].clone();
        assert_eq!((of_took("count"), of_took("sum")), (json!([null, 2.0, null]), json!([null, 0.5, null])));
    }
}

story! {
    async fn the_doors_say_what_senders_need_to_hear(fresh) {
        let house = House::of(&fresh);
        let sender = collector(&house).await;
        let json_sender = sender.saying("content-type", "application/json");
        let nobody = house.nobody();
        for path in ["/v1/traces", "/v1/metrics", "/v1/logs"] {
            // Nobody is told what is wrong with a request who may not make one.
            let answer = nobody.saying("content-type", "application/json").saying("content-encoding", "deflate").send(Method::POST, path, "{").await;
            assert_eq!((answer.status, answer.header("content-type")), (401, "application/json"), "{path}");
            assert_eq!(serde_json::from_str::<Value>(&answer.text()).expect("it is JSON")["code"], 16);
            let answer = nobody.saying("content-type", "application/x-protobuf").send(Method::POST, path, "").await;
            assert_eq!((answer.status, answer.header("content-type")), (401, "application/x-protobuf"));
            let answer = sender.saying("content-type", "application/x-protobuf").send(Method::POST, path, "").await;
            assert_eq!((answer.status, answer.text().as_str(), answer.header("content-type")), (200, "", "application/x-protobuf"), "{path}");
            let answer = json_sender.send(Method::POST, path, "{}").await;
            assert_eq!((answer.status, answer.text().as_str(), answer.header("content-type")), (200, "{}", "application/json"));
            for broken in ["{", "[]", ""] {
                let answer = json_sender.send(Method::POST, path, broken).await;
                assert_eq!((answer.status, answer.header("content-type")), (400, "application/json"), "{path} {broken}");
            }
            assert_eq!(sender.saying("content-type", "application/x-protobuf").send(Method::POST, path, "xyz").await.status, 400);
            assert_eq!(sender.saying("content-type", "text/plain").send(Method::POST, path, "{}").await.status, 415);
            assert_eq!(sender.send(Method::POST, path, "{}").await.status, 415);
            assert_eq!(json_sender.saying("content-encoding", "br").send(Method::POST, path, "{}").await.status, 415);
            assert_eq!(json_sender.saying("content-encoding", "gzip").send(Method::POST, path, "{}").await.status, 400);
            assert_eq!(sender.get(path).await.status, 405);
        }
        // What is too old is counted, and the rest is kept.
        let mut spans = request(1, 0, false);
        spans[3].from = -49 * 3_600_000;
        fresh.at(60);
        let answer = send(&sender, "/v1/traces", &export(&spans)).await.is(200);
        assert_eq!(answer["partialSuccess"]["rejectedSpans"], "1");
        assert!(text(&answer["partialSuccess"]["errorMessage"]).contains("48 hours"), "{answer}");
        let reader = house.program(Role::Viewer).await;
        assert_eq!(reader.items(&format!("/api/v1/telemetry/traces?{}", range(0, 60))).await[0]["spans"], 3);
        // Ten kilobytes that unpack to more than is allowed.
        let bomb = zstd::bulk::compress(&vec![b' '; 70 * 1024 * 1024], 1).expect("it packs");
        let answer = json_sender.saying("content-encoding", "zstd").send(Method::POST, "/v1/logs", bomb).await;
        assert_eq!((answer.status, answer.header("content-type")), (413, "application/json"));
        let packed = zstd::bulk::compress(export(&request(2, 1_000, false)).to_string().as_bytes(), 3).expect("it packs");
        assert_eq!(json_sender.saying("content-encoding", "zstd").send(Method::POST, "/v1/traces", Body::from(packed)).await.status, 200);
        // Who sends too much is told when to come back.
        house.integration(json!({"source": "otlp", "name": "slow", "token": "0123456789abcdef-slow", "settings": {"rate_limit": 1}})).await;
        let slow = house.nobody().saying("authorization", "Bearer 0123456789abcdef-slow").saying("content-type", "application/json");
        assert_eq!(slow.send(Method::POST, "/v1/logs", "{}").await.status, 200);
        let answer = slow.send(Method::POST, "/v1/logs", "{}").await;
        assert_eq!((answer.status, answer.header("retry-after").is_empty()), (429, false));
        // Keys of those who send alerts do not open here, and the other way round.
        house.integration(json!({"source": "generic", "name": "g", "token": "0123456789abcdef-generic"})).await;
        let other = house.nobody().saying("authorization", "Bearer 0123456789abcdef-generic").saying("content-type", "application/json");
        assert_eq!(other.send(Method::POST, "/v1/logs", "{}").await.status, 401);
    }
}

story! {
    async fn the_protocols_own_example_is_read(fresh) {
        use base64::Engine;
        let house = House::of(&fresh);
        let sender = collector(&house).await;
        let fixture: Value = serde_json::from_str(include_str!("../fixtures/otlp/traces.pb.json")).expect("it is JSON");
        let bytes = base64::prelude::BASE64_STANDARD.decode(text(&fixture["base64"])).expect("it is base64");
        fresh.clock.set(Timestamp::parse("2018-12-13T15:00:00Z").expect("it is a time"));
        sender.saying("content-type", "application/x-protobuf").send(Method::POST, "/v1/traces", bytes).await;
        let reader = house.program(Role::Viewer).await;
        let traces = reader.items("/api/v1/telemetry/traces?from=2018-12-13T00:00:00Z").await;
        if let Some(trace) = traces.first() {
            assert_eq!((&trace["trace_id"], &trace["root"]["service"], &trace["errors"]), (&json!(TRACE), &json!("checkout"), &json!(1)));
        }
        sender.saying("content-type", "application/json").send(Method::POST, "/v1/traces", include_str!("../fixtures/otlp/trace.json")).await;
        let whole = reader.get(&format!("/api/v1/telemetry/traces/{TRACE}")).await.is(200);
        let names: Vec<&str> = whole["resourceSpans"].as_array().expect("it is a list").iter().filter_map(|group| group["scopeSpans"][0]["spans"][0]["name"].as_str()).collect();
        assert!(names.contains(&"I'm a server span"), "{names:?}");
    }
}

/// The incidents that name a trace, with the entry that does.
async fn naming(caller: &Caller, trace: &str) -> Vec<(String, Value)> {
    let answer = caller.post("/api/fn/traces/naming", &json!({"trace_id": trace})).await.is(200);
    let mut named: Vec<(String, Value)> = answer.as_array().expect("a list").iter().map(|named| (text(&named["ref"]), named["seq"].clone())).collect();
    named.sort_by(|a, b| a.0.cmp(&b.0));
    named
}

story! {
    async fn a_trace_leads_back_to_the_incidents_that_name_it(fresh) {
        const OTHER: &str = "7f3a9c1e52d04b8fa61e0c93d7b2f418";
        let house = House::of(&fresh);
        let (owner, viewer) = (house.program_called("owner", Role::Responder).await, house.program(Role::Viewer).await);
        assert!(naming(&viewer, TRACE).await.is_empty());
        let open = text(&owner.declared(json!({"title": "Payments time out", "severity": "SEV1"})).await["id"]);
        let evidence = format!("https://tocsin.example/debug/traces/{TRACE}?span=1");
        owner.command(&open, json!({"command": "link", "url": evidence, "text": "Two tries time out"})).await.is(200);
        let hidden = text(&owner.declared(json!({"title": "Payroll leak", "private": true})).await["id"]);
        owner.command(&hidden, json!({"command": "note", "text": format!("trace_id={TRACE}")})).await.is(200);
        assert_eq!(naming(&viewer, TRACE).await, [("INC-1".to_owned(), json!(2))]);
        assert_eq!(naming(&owner, &TRACE.to_uppercase()).await, [("INC-1".to_owned(), json!(2)), ("INC-2".to_owned(), json!(2))]);
        let (_, token) = house.integration(json!({"source": "generic", "name": "alarms"})).await;
        let alert = json!([{"title": "Checkout is slow", "key": "slow", "severity": "error", "labels": {"service": "checkout", "trace_id": OTHER}}]);
        house.nobody().post(&format!("/hooks/generic/{token}"), &alert).await.is(200);
        assert_eq!(naming(&viewer, OTHER).await, [("INC-3".to_owned(), Value::Null)]);
        assert!(naming(&viewer, "%").await.is_empty());
    }
}
