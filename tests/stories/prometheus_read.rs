//! A real Prometheus that scrapes a small shop: what is read from it is what was done to the shop,
//! and what is not known is not made up.

use axum::{Router, routing::get};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::Path,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};
use tocsin::server::{
    clock::Clock,
    prometheus::{
        Client, Endpoint, PromError,
        asking::{Ask, AskError, Comparison, Counted},
        readings,
        trying::{Doubt, try_ask},
    },
};
use tokio::{
    net::TcpListener,
    process::{Child, Command},
    time::{sleep, timeout},
};

const WITHIN: Duration = Duration::from_secs(20);
const SLICE_SECS: i64 = 3;
const SLICES: usize = 4;

/// What the shop has done, as it counts it itself.
#[derive(Default)]
struct Shop {
    good: AtomicU64,
    bad: AtomicU64,
    fast: AtomicU64,
    bad_per_tick: AtomicU64,
}

impl Shop {
    fn metrics(&self) -> String {
        let (good, bad, fast) = (self.good.load(SeqCst), self.bad.load(SeqCst), self.fast.load(SeqCst));
        let all = good + bad;
        let mut text = format!("# TYPE shop_requests_total counter\nshop_requests_total{{code=\"200\"}} {good}\n");
        // As in real services, the series comes to be with the first error.
        if bad > 0 {
            let _ = writeln!(text, "shop_requests_total{{code=\"500\"}} {bad}");
        }
        let _ = write!(
            text,
            "# TYPE shop_seconds histogram\nshop_seconds_bucket{{le=\"0.10\"}} 0\nshop_seconds_bucket{{le=\"0.50\"}} {fast}\n\
             shop_seconds_bucket{{le=\"+Inf\"}} {all}\nshop_seconds_sum 1\nshop_seconds_count {all}\n\
             # TYPE shop_dead_total counter\nshop_dead_total 0\n# TYPE shop_lag_seconds gauge\nshop_lag_seconds 7\n"
        );
        text
    }

    /// Works evenly for as long as it is let: good requests, all of them fast, and as many bad ones
    /// per tick as it is told to.
    async fn work(&self) {
        loop {
            self.good.fetch_add(6, SeqCst);
            self.fast.fetch_add(6, SeqCst);
            self.bad.fetch_add(self.bad_per_tick.load(SeqCst), SeqCst);
            sleep(Duration::from_millis(50)).await;
        }
    }

    fn counts(&self) -> [f64; 3] {
        [&self.good, &self.bad, &self.fast].map(|count| count.load(SeqCst) as f64)
    }
}

pub async fn start_prometheus(folder: &Path, address: &str) -> Child {
    start_prometheus_with(folder, address, &[]).await
}

pub async fn start_prometheus_with(folder: &Path, address: &str, more: &[&str]) -> Child {
    let program = std::env::var("PROMETHEUS").unwrap_or_else(|_| "/usr/bin/prometheus".to_owned());
    Command::new(&program)
        .arg(format!("--config.file={}", folder.join("prometheus.yml").display()))
        .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
        .arg(format!("--web.listen-address={address}"))
        .args(more)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("{program} cannot be started (the package `prometheus`): {error}"))
}

async fn answers(client: &Client) -> String {
    let asked = async {
        loop {
            match client.buildinfo().await {
                Ok(info) => return info.version,
                Err(_) => sleep(Duration::from_millis(100)).await,
            }
        }
    };
    timeout(WITHIN, asked).await.expect("prometheus answers in time")
}

/// Waits until it has scraped the shop; it takes up a target only some seconds after its start.
async fn scrapes(client: &Client) {
    let scraped = async {
        loop {
            let seen = client.query("count_over_time(shop_seconds_count[10s]) >= 2", Clock::system().now().epoch_secs()).await;
            if seen.is_ok_and(|seen| !seen.is_empty()) {
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(WITHIN, scraped).await.expect("it scrapes in time");
}

/// Waits until a slice begins; the answer is its first second.
async fn next_slice() -> i64 {
    let now = Clock::system().now();
    let start_s = (now.epoch_secs().div_euclid(SLICE_SECS) + 1) * SLICE_SECS;
    let left_micros = u64::try_from(start_s * 1_000_000 - now.micros()).expect("it is ahead");
    // Never a moment too early: the clock that sleeps is not the one that was read.
    sleep(Duration::from_micros(left_micros + 5_000)).await;
    start_s
}

fn near(what: &str, measured: f64, injected: f64, tolerance: f64) {
    assert!((measured - injected).abs() <= injected * tolerance, "{what}: measured {measured}, injected {injected}");
}

fn no_labels() -> BTreeMap<String, String> {
    BTreeMap::new()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_done_to_the_shop_is_what_is_read() {
    let shop = Arc::new(Shop::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let target = listener.local_addr().expect("it is bound");
    let scraped = shop.clone();
    let serving = tokio::spawn(async move {
        let router = Router::new().route("/metrics", get(move || async move { scraped.metrics() }));
        axum::serve(listener, router).await.expect("it serves");
    });

    let folder = tempfile::tempdir().expect("a folder can be made");
    let config = format!(
        "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\nscrape_configs:\n  - job_name: shop\n    static_configs:\n      - targets: [\"{target}\"]\n"
    );
    std::fs::write(folder.path().join("prometheus.yml"), config).expect("it can be written");
    let address = TcpListener::bind("127.0.0.1:0").await.and_then(|free| free.local_addr()).expect("a port is free").to_string();
    let mut prometheus = start_prometheus(folder.path(), &address).await;
    let endpoint = Endpoint { timeout_secs: 5, ..Endpoint::new(format!("http://{address}")) };
    let client = Client::new(&endpoint, Clock::system()).expect("it is a good endpoint");
    assert!(!answers(&client).await.is_empty());

    let worker = shop.clone();
    let working = tokio::spawn(async move { worker.work().await });
    scrapes(&client).await;

    // A slice without errors, then three in which one request of four fails.
    let from_s = next_slice().await;
    let [good_before, _, fast_before] = shop.counts();
    let errors_from_s = next_slice().await;
    shop.bad_per_tick.store(2, SeqCst);
    for _ in 2..SLICES {
        next_slice().await;
    }
    let to_s = next_slice().await;
    let [good, bad, fast] = shop.counts();
    let (good, fast) = (good - good_before, fast - fast_before);
    assert_eq!((to_s - from_s) / SLICE_SECS, SLICES as i64);
    // The last scrape before the end has been written by then.
    sleep(Duration::from_millis(1_200)).await;

    let errors = Ask::Ratio { numerator: Counted::Bad(r#"shop_requests_total{code=~"5.."}"#.to_owned()), total: "shop_requests_total".to_owned() };
    let plan = errors.prepare(&client, &no_labels(), SLICE_SECS, to_s).await.expect("it can be asked");
    let before = readings::read(&client, &plan, from_s, errors_from_s).await.expect("it is read");
    assert!(before.readings.iter().all(|reading| reading.good == reading.total && reading.total > 0.0), "{before:?}");
    let measured = readings::read(&client, &plan, from_s, to_s).await.expect("it is read");
    assert_eq!(measured.readings.len(), measured.expected, "{measured:?}");
    near("total", measured.total(), good + bad, 0.15);
    // What the series of errors already counted when it came to be is nobody's increase.
    near("bad", measured.total() - measured.good(), bad, 0.25);
    assert!(!measured.is_good_over_total() && !measured.is_suspect_zero, "{measured:?}");

    let rates = Ask::Ratio {
        numerator: Counted::Bad(r#"sum(rate(shop_requests_total{code=~"5.."}[$window]))"#.to_owned()),
        total: "sum(rate(shop_requests_total[$window]))".to_owned(),
    };
    let plan = rates.prepare(&client, &no_labels(), SLICE_SECS, to_s).await.expect("it can be asked");
    let by_rate = readings::read(&client, &plan, from_s, to_s).await.expect("it is read");
    near("by rate", by_rate.total(), measured.total(), 0.001);
    near("by rate", by_rate.good(), measured.good(), 0.001);

    let latency = Ask::Latency { histogram: "shop_seconds".to_owned(), threshold: 0.5 };
    let plan = latency.prepare(&client, &no_labels(), SLICE_SECS, to_s).await.expect("0.50 is an edge");
    let measured = readings::read(&client, &plan, from_s, to_s).await.expect("it is read");
    near("fast", measured.good(), fast, 0.15);
    near("all", measured.total(), good + bad, 0.15);
    let no_edge = Ask::Latency { histogram: "shop_seconds".to_owned(), threshold: 0.3 }.prepare(&client, &no_labels(), SLICE_SECS, to_s).await;
    assert_eq!(no_edge, Err(AskError::NoEdge { threshold: 0.3, edges: ["0.10", "0.50", "+Inf"].map(str::to_owned).to_vec() }));

    let up = Ask::Boolean { selector: "up{job=\"shop\"}".to_owned() }.prepare(&client, &no_labels(), SLICE_SECS, to_s).await.expect("it can be asked");
    let measured = readings::read(&client, &up, from_s, to_s).await.expect("it is read");
    assert!(measured.total() > 0.0 && measured.good() == measured.total(), "{measured:?}");

    let lag = Ask::Value { expr: "max(shop_lag_seconds)".to_owned(), op: Comparison::Less, threshold: 7.0 };
    let measured = readings::read(&client, &lag.prepare(&client, &no_labels(), SLICE_SECS, to_s).await.expect("it can be asked"), from_s, to_s).await;
    assert_eq!(measured.map(|measured| (measured.good(), measured.total())), Ok((0.0, SLICES as f64)));

    let dead = Ask::Ratio { numerator: Counted::Good("shop_dead_total".to_owned()), total: "shop_requests_total".to_owned() };
    let plan = dead.prepare(&client, &no_labels(), SLICE_SECS, to_s).await.expect("it can be asked");
    let measured = readings::read(&client, &plan, from_s, to_s).await.expect("it is read");
    assert!(measured.is_suspect_zero && measured.good() == 0.0 && measured.total() > 0.0, "{measured:?}");

    // Native histograms are off here; the query is one that this server understands.
    let native = Ask::NativeLatency { histogram: "shop_seconds".to_owned(), threshold: 0.5 };
    let plan = native.prepare(&client, &no_labels(), SLICE_SECS, to_s).await.expect("it can be asked");
    assert_eq!(readings::read(&client, &plan, from_s, to_s).await.map(|measured| measured.readings.len()), Ok(0));

    let now = Clock::system().now();
    let tried = try_ask(&client, &errors, &no_labels(), now).await.expect("it can be tried");
    let side = tried.sides.iter().find(|side| side.field == "total").expect("there is a total");
    assert_eq!((side.count, side.series.len()), (2, 2));
    assert!(side.series.iter().all(|found| found.labels["__name__"] == "shop_requests_total" && found.value > 0.0), "{side:?}");
    assert!(!tried.doubts.iter().any(|doubt| matches!(doubt, Doubt::NoSeries { .. } | Doubt::ErrorsAbsent | Doubt::NeverChanged { .. })), "{:?}", tried.doubts);

    let unknown = Ask::Ratio { numerator: Counted::Bad("nobody_errors_total".to_owned()), total: "nobody_total".to_owned() };
    let tried = try_ask(&client, &unknown, &no_labels(), now).await.expect("it can be tried");
    assert!(tried.doubts.contains(&Doubt::NoSeries { field: "total" }) && tried.doubts.contains(&Doubt::ErrorsAbsent), "{:?}", tried.doubts);
    let plan = unknown.prepare(&client, &no_labels(), SLICE_SECS, to_s).await.expect("it can be asked");
    let nothing = readings::read(&client, &plan, from_s, to_s).await.expect("it is read");
    assert_eq!((nothing.readings.len(), nothing.expected), (0, SLICES), "errors alone are no reading");

    let words = client.query("sum(up", to_s).await.expect_err("it is not PromQL");
    assert!(matches!(&words, PromError::BadQuery(words) if words.contains("parse error")), "{words}");

    prometheus.kill().await.expect("it can be ended");
    let gone = readings::read(&client, &plan, from_s, to_s).await.expect_err("nobody answers");
    assert!(matches!(gone, AskError::Prom(PromError::Unreachable(_))), "{gone}");
    let standing = client.standing();
    assert!(standing.failing_since.is_some() && standing.last_words.is_some() && !standing.may_try(Clock::system().now()), "{standing:?}");

    let mut prometheus = start_prometheus(folder.path(), &address).await;
    answers(&client).await;
    let plan = errors.prepare(&client, &no_labels(), SLICE_SECS, to_s).await.expect("it can be asked");
    let again = timeout(WITHIN, async {
        loop {
            match readings::read(&client, &plan, from_s, to_s).await {
                Ok(measured) => return measured,
                Err(_) => sleep(Duration::from_millis(200)).await,
            }
        }
    });
    near("after the restart", again.await.expect("it answers").total(), good + bad, 0.15);
    assert_eq!(client.standing().failing_since, None);
    prometheus.kill().await.expect("it can be ended");
    working.abort();
    serving.abort();
}
