//! A real Prometheus keeps native histograms of a shop: what is read of them is what the shop
//! counted, also where it counted nothing.
//!
//! The shop speaks the protobuf form of Prometheus' exposition, the only one in which native
//! histograms are told, and tells two hours at once by explicit timestamps.

use crate::{callers::House, databases::Fresh, prometheus_read::start_prometheus_with, story};
use axum::{Router, http::header, routing::get};
use prost::Message;
use serde_json::{Value, json};
use std::{path::Path, time::Duration};
use tocsin::{
    domain::{people::Role, time::Timestamp},
    server::{
        clock::Clock,
        prometheus::{Client, Endpoint},
        store::Lease,
    },
};
use tokio::{
    net::TcpListener,
    time::{sleep, timeout},
};

const WITHIN: Duration = Duration::from_secs(30);
const EVERY_S: i64 = 15;
/// Minutes of the two hours in which some are slow, and in which nobody asks anything.
const SLOW: std::ops::Range<i64> = 90..100;
const IDLE: std::ops::Range<i64> = 110..115;
const TOLD: i64 = 120;
/// Requests of one step within a quarter of a second, and beyond it while some are slow.
const FAST_PER_STEP: i64 = 45;
const SLOW_PER_STEP: i64 = 5;
const DELIMITED: &str = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

// ---------------------------------------------------------------- the exposition, as far as it is needed

#[derive(Clone, PartialEq, Message)]
struct Family {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(int32, tag = "3")]
    kind: i32,
    #[prost(message, repeated, tag = "4")]
    metrics: Vec<Metric>,
}

#[derive(Clone, PartialEq, Message)]
struct Metric {
    #[prost(int64, tag = "6")]
    timestamp_ms: i64,
    #[prost(message, optional, tag = "7")]
    histogram: Option<Histogram>,
}

#[derive(Clone, PartialEq, Message)]
struct Histogram {
    #[prost(uint64, tag = "1")]
    count: u64,
    #[prost(double, tag = "2")]
    sum: f64,
    #[prost(sint32, tag = "5")]
    schema: i32,
    #[prost(double, tag = "6")]
    zero_threshold: f64,
    #[prost(message, repeated, tag = "12")]
    positive_spans: Vec<Span>,
    #[prost(sint64, repeated, tag = "13")]
    positive_deltas: Vec<i64>,
}

#[derive(Clone, PartialEq, Message)]
struct Span {
    #[prost(sint32, tag = "1")]
    offset: i32,
    #[prost(uint32, tag = "2")]
    length: u32,
}

const HISTOGRAM: i32 = 4;

/// Fast and slow requests by the end of a step.
fn counted(step: i64) -> [i64; 2] {
    let steps = |minutes: std::ops::Range<i64>| (step * EVERY_S).clamp(minutes.start * 60, minutes.end * 60) / EVERY_S - minutes.start * 60 / EVERY_S;
    [(step - steps(IDLE)) * FAST_PER_STEP, steps(SLOW) * SLOW_PER_STEP]
}

/// Buckets of powers of two: the fast ones in (⅛, ¼], the slow ones in (1, 2].
fn exposition(zero_s: i64) -> Vec<u8> {
    let histogram = |[fast, slow]: [i64; 2]| Histogram {
        count: u64::try_from(fast + slow).expect("a count"),
        sum: fast as f64 / 5.0 + slow as f64 * 1.5,
        schema: 0,
        zero_threshold: 1e-128,
        positive_spans: vec![Span { offset: -2, length: 1 }, Span { offset: 2, length: 1 }],
        positive_deltas: vec![fast, slow - fast],
    };
    let metric = |step: i64| Metric { timestamp_ms: (zero_s + step * EVERY_S) * 1_000, histogram: Some(histogram(counted(step))) };
    let steps = 0..=TOLD * 60 / EVERY_S;
    Family { name: "shop_seconds".to_owned(), kind: HISTOGRAM, metrics: steps.map(metric).collect() }.encode_length_delimited_to_vec()
}

/// Serves the shop on a free port; answers its address.
async fn open(zero_s: i64) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound").to_string();
    let router = Router::new().route("/metrics", get(move || async move { ([(header::CONTENT_TYPE, DELIMITED)], exposition(zero_s)) }));
    tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
    address
}

fn configure(folder: &Path, target: &str) {
    let config = format!(
        "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\nscrape_configs:\n  - job_name: shop\n    static_configs:\n      - targets: [\"{target}\"]\n"
    );
    std::fs::write(folder.join("prometheus.yml"), config).expect("it can be written");
}

#[track_caller]
fn near(value: &Value, expected: f64) {
    let number = value.as_f64().unwrap_or_else(|| panic!("{value} is a number, {expected} was expected"));
    assert!((number - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{number} is not {expected}");
}

/// Measures as the server's jobs do, until the past is read.
async fn measure(house: &House, fresh: &Fresh, at_s: i64) {
    fresh.clock.set(Timestamp::from_micros(at_s * 1_000_000));
    let (app, lease) = (&house.app, Lease::new(([127, 0, 0, 1], 1).into()));
    for _ in 0..10 {
        app.store.renew_lease(&lease).await.expect("the store works");
        app.measure.pass(app, &lease).await.expect("the store works");
        if app.levels.current(app).await.expect("the store works").find("fast").expect("it is held").backfilled().is_none() {
            return;
        }
    }
}

story! {
    async fn native_histograms_say_how_many_were_fast(fresh) {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let until_s = Clock::system().now().epoch_secs() / 60 * 60 - 60;
        let zero_s = until_s - TOLD * 60;
        configure(folder.path(), &open(zero_s).await);
        let address = TcpListener::bind("127.0.0.1:0").await.and_then(|free| free.local_addr()).expect("a port is free").to_string();
        let mut prometheus = start_prometheus_with(folder.path(), &address, &["--enable-feature=native-histograms"]).await;
        let endpoint = Endpoint { timeout_secs: 5, ..Endpoint::new(format!("http://{address}")) };
        let client = Client::new(&endpoint, Clock::system()).expect("it is a good endpoint");
        let scraped = async {
            while !client.query("histogram_count(shop_seconds)", until_s).await.is_ok_and(|found| !found.is_empty()) {
                sleep(Duration::from_millis(100)).await;
            }
        };
        timeout(WITHIN, scraped).await.expect("it is scraped in time");

        fresh.clock.set(Timestamp::from_micros((until_s + 25) * 1_000_000));
        let house = House::of(&fresh);
        let caller = house.program(Role::Admin).await;
        caller.post("/api/v1/data-sources", &json!({"name": "shop", "url": format!("http://{address}")})).await.is(201);
        let indicator = json!({"kind": "latency", "histogram": "shop_seconds", "threshold_s": 0.25, "native": true});
        let tried = caller.post("/api/v1/slos/try", &json!({"indicator": indicator, "source": "shop"})).await.is(200);
        assert_eq!((&tried["sides"][0]["count"], tried["sides"][0]["series"].as_array().map(Vec::len)), (&json!(1), Some(1)), "{tried}");

        let objective = json!({"name": "fast", "service": "shop", "target": "99 %", "window": "1h", "source": "shop", "indicator": indicator});
        caller.post("/api/v1/slos", &objective).await.is(201);
        measure(&house, &fresh, until_s + 25).await;
        let budget = caller.get("/api/v1/slos/fast/budget").await.is(200);
        let (fast, slow) = (FAST_PER_STEP * 4 * (60 - 5), SLOW_PER_STEP * 4 * 10);
        near(&budget["total"], (fast + slow) as f64);
        near(&budget["bad"], slow as f64);
        near(&budget["remaining_ratio"], 1.0 - slow as f64 / (fast + slow) as f64 / 0.01);
        // Nobody asked anything for five minutes, and that is known: 0 of 0, and no gap.
        near(&budget["coverage"], 1.0);
        let idle = format!("/api/v1/slos/fast/slices?step=60&from={}&to={}", at(zero_s, IDLE.start), at(zero_s, IDLE.end));
        for slice in caller.items(&idle).await {
            assert_eq!((slice["total"].as_f64(), slice["bad"].as_f64()), (Some(0.0), Some(0.0)), "{slice}");
        }
        prometheus.kill().await.expect("it can be ended");
    }
}

fn at(zero_s: i64, minute: i64) -> Timestamp {
    Timestamp::from_micros((zero_s + minute * 60) * 1_000_000)
}
