//! Traces and panels read from a Jaeger beside the house: by REST, by the app, by a deep link, and
//! what is said where it does not answer.

use crate::{
    callers::{House, text},
    story,
};
use axum::{
    Router,
    extract::Request,
    http::{StatusCode, header::AUTHORIZATION},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tocsin::domain::people::Role;
use tokio::{net::TcpListener, task::JoinHandle};

const SHOP: &str = include_str!("../fixtures/jaeger/shop.json");
const SECRET: &str = "hunter2-of-jaeger";
const FAILING: &str = "000000000000000000000000abc00003";

/// A Jaeger that has the same traces for every search. It ends with the test.
struct Beside {
    url: String,
    /// What it was shown as authorization.
    shown: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Beside {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it has an address"));
        let shown = Arc::<Mutex<Vec<String>>>::default();
        let noted = shown.clone();
        let router = Router::new().fallback(move |request: Request| {
            let said = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
            noted.lock().expect("nobody panics").push(said);
            let path = request.uri().path().to_owned();
            async move { answer(&path) }
        });
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { url, shown, task }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn answer(path: &str) -> Response {
    let all: Value = serde_json::from_str(SHOP).expect("it is JSON");
    if path == "/api/services" {
        return r#"{"data":["pay","web"],"errors":null}"#.into_response();
    }
    let Some(id) = path.strip_prefix("/api/traces/") else { return SHOP.into_response() };
    let found = all["data"].as_array().and_then(|traces| traces.iter().find(|trace| trace["traceID"].as_str() == Some(id.trim_start_matches('0'))));
    match found {
        Some(trace) => json!({"data": [trace], "errors": null}).to_string().into_response(),
        None => (StatusCode::NOT_FOUND, r#"{"data":null,"errors":[{"code":404,"msg":"trace not found"}]}"#).into_response(),
    }
}

/// The ten minutes in which they are.
const RANGE: &str = "from=2026-08-11T11:50:00Z&to=2026-08-11T12:00:00Z";

async fn with_jaeger(house: &House, url: &str) {
    let admin = house.program(Role::Admin).await;
    let draft = json!({"name": "shop traces", "kind": "jaeger", "url": url, "timeout_s": 2, "auth": {"kind": "bearer", "token": SECRET}});
    let made = admin.post("/api/v1/data-sources", &draft).await.is(201);
    assert_eq!(made["kind"], "jaeger");
}

story! {
    async fn traces_of_a_jaeger_are_read_by_whoever_may_read(fresh) {
        let (house, beside) = (House::of(&fresh), Beside::start().await);
        with_jaeger(&house, &beside.url).await;
        let viewer = house.program(Role::Viewer).await;
        let sources = viewer.items("/api/v1/telemetry/sources").await;
        assert_eq!(sources, [json!({"name": "shop traces", "kind": "jaeger", "has_traces": true})]);
        let asked = format!("/api/v1/telemetry/traces?{RANGE}&order=errors");
        assert_eq!(viewer.items(&asked).await, [] as [Value; 0]);
        let page = viewer.get(&format!("{asked}&source=shop%20traces&limit=5")).await.is(200);
        let items = page["items"].as_array().expect("a list");
        assert_eq!((items.len(), items.iter().filter(|item| item["errors"] == 2).count()), (5, 3));
        assert_eq!(page["read_from"]["source"], "shop traces");
        assert!(text(&page["read_from"]["words"]).starts_with("From 13 traces of shop traces (Jaeger)"), "{page}");
        let cursor = text(&page["next_cursor"]);
        assert_eq!(viewer.get(&format!("{asked}&source=shop%20traces&cursor={cursor}")).await.is(200)["items"].as_array().map(Vec::len), Some(7));
        // A link leads there without a word of where it is.
        for of in ["", "?source=shop%20traces"] {
            let trace = viewer.get(&format!("/api/v1/telemetry/traces/{FAILING}{of}")).await.is(200);
            let spans: usize = trace["resourceSpans"].as_array().expect("a list").iter().map(|group| group["scopeSpans"][0]["spans"].as_array().map_or(0, Vec::len)).sum();
            assert_eq!(spans, 4);
        }
        assert_eq!(viewer.get("/api/v1/telemetry/traces/404").await.refused(404), "unknown_trace");
        assert_eq!(viewer.get(&format!("{asked}&source=nobody")).await.refused(404), "unknown_data_source");
        // The figures are read from it as well, and say of how much they are.
        for panel in ["services", "operations", "callers", "latency", "errors", "graph", "differences"] {
            let of = format!("/api/v1/telemetry/{panel}?{RANGE}");
            assert_eq!(viewer.get(&of).await.is(200)["read_from"], Value::Null, "{panel}");
            let answer = viewer.get(&format!("{of}&source=shop%20traces")).await.is(200);
            assert_eq!(answer["read_from"]["source"], "shop traces", "{panel}");
            assert_eq!(viewer.get(&format!("{of}&source=nobody")).await.refused(404), "unknown_data_source");
        }
        let services = viewer.items(&format!("/api/v1/telemetry/services?{RANGE}&source=shop%20traces")).await;
        assert!(services.iter().any(|row| row["requests"].as_u64() > Some(0)), "{services:?}");
        // What it knows us by reaches it, and nobody else.
        let shown = beside.shown.lock().expect("nobody panics").clone();
        assert!(!shown.is_empty() && shown.iter().all(|said| said == &format!("Bearer {SECRET}")), "{shown:?}");
        for path in ["/api/v1/telemetry/sources", &format!("{asked}&source=shop%20traces")] {
            let said = viewer.get(path).await.text();
            assert!(!said.contains(SECRET) && !said.contains("127.0.0.1"), "{said}");
        }
    }
}

story! {
    async fn the_board_is_drawn_from_a_jaeger(fresh) {
        let (house, beside) = (House::of(&fresh), Beside::start().await);
        with_jaeger(&house, &beside.url).await;
        let viewer = house.program(Role::Viewer).await;
        let range = json!({"from": "2026-08-11T11:50:00Z", "to": "2026-08-11T12:00:00Z"});
        let baseline = json!({"from": "2026-08-11T11:40:00Z", "to": "2026-08-11T11:50:00Z"});
        let question = json!({"question": {"range": range, "compared": range, "baseline": baseline, "step_s": 60, "source": "shop traces"}});
        let page = viewer.post("/api/fn/telemetry/board", &question).await.is(200);
        assert_eq!((&page["services"], &page["latency"]["requests"]), (&json!(["pay", "web"]), &json!(24)));
        assert_eq!((&page["errors"]["rows"][0]["service"], &page["errors"]["rows"][0]["errors"]), (&json!("pay"), &json!(3)));
        assert!(text(&page["read_from"]["words"]).contains("not all calls"), "{page}");
        let told = viewer.post("/api/fn/telemetry/differences", &question).await.is(200);
        let measures: Vec<String> = told["items"].as_array().expect("a list").iter().map(|item| text(&item["measure"])).collect();
        assert!(!measures.iter().any(|measure| ["traffic", "missing", "log"].contains(&measure.as_str())), "{measures:?}");
        let graph = viewer.post("/api/fn/traces/graph", &json!({"question": {"range": range, "source": "shop traces"}})).await.is(200);
        assert_eq!(graph["edges"].as_array().map(Vec::len), Some(2));
        let whole = viewer.post("/api/fn/traces/whole", &json!({"trace_id": FAILING})).await.is(200);
        assert_eq!(whole["gaps"][0], "It was read from shop traces. Log lines are those that were sent here.");
    }
}

story! {
    async fn a_source_that_does_not_answer_is_named_and_left_alone(fresh) {
        let house = House::of(&fresh);
        let admin = house.program(Role::Admin).await;
        let nobody = TcpListener::bind("127.0.0.1:0").await.and_then(|free| free.local_addr()).expect("a port is free");
        for kind in ["tempo", "jaeger"] {
            let made = admin.post("/api/v1/data-sources", &json!({"name": kind, "kind": kind, "url": format!("http://{nobody}"), "timeout_s": 1})).await.is(201);
            let tried = admin.post(&format!("/api/v1/data-sources/{}/test", text(&made["id"])), &Value::Null).await.is(200);
            assert_eq!(tried["answers"], false);
            assert_eq!(admin.patch(&format!("/api/v1/data-sources/{kind}"), &json!({"kind": "prometheus"})).await.refused(422), "invalid_data_source");
        }
        let viewer = house.program(Role::Viewer).await;
        for _ in 0..2 {
            let answer = viewer.get(&format!("/api/v1/telemetry/traces?{RANGE}&source=tempo")).await;
            assert_eq!((answer.header("retry-after"), answer.header("content-type")), ("5", "application/problem+json"));
            assert_eq!(answer.refused(503), "source_failed");
        }
        assert_eq!(viewer.get(&format!("/api/v1/telemetry/traces/{FAILING}")).await.refused(503), "source_failed");
        assert_eq!(admin.post("/api/v1/data-sources", &json!({"name": "x", "kind": "zipkin", "url": "http://x"})).await.refused(422), "invalid_data_source");
        // What it is stands in files too, and stays.
        let file = admin.get("/api/v1/definitions").await.text();
        assert!(file.contains("tempo") && file.contains("jaeger"), "{file}");
        let other = "apiVersion: tocsin/v1\nkind: DataSource\nmetadata:\n  name: tempo\nspec:\n  type: jaeger\n  url: http://127.0.0.1:1\n";
        let refused = admin.saying("content-type", "application/yaml").send(axum::http::Method::POST, "/api/v1/definitions", other).await;
        assert!(refused.status == 422 && refused.text().contains("the kind of a data source stays"), "{} {}", refused.status, refused.text());
        // Nobody measures by what keeps traces.
        let tried = admin.post("/api/v1/slos/try", &json!({"indicator": {"kind": "probe", "query": "up"}, "source": "tempo"})).await;
        assert_eq!(tried.refused(422), "invalid_indicator");
    }
}

story! {
    async fn one_person_reads_only_so_much(fresh) {
        let (house, beside) = (House::of(&fresh), Beside::start().await);
        with_jaeger(&house, &beside.url).await;
        let viewer = house.program(Role::Viewer).await;
        let mut limited = None;
        for second in 0..59 {
            let answer = viewer.get(&format!("/api/v1/telemetry/traces?from=2026-08-11T11:59:00Z&to=2026-08-11T12:00:{second:02}Z&source=shop%20traces")).await;
            if answer.status != 200 {
                limited = Some(answer);
                break;
            }
        }
        let limited = limited.expect("there is a limit");
        assert!(!limited.header("retry-after").is_empty());
        assert_eq!(limited.refused(429), "reads_limited");
    }
}
