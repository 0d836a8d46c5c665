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
    time::{Duration, Instant},
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

/// What the shop has done, as it counts it itself.
#[derive(Default)]
struct Shop {
    good: AtomicU64,
    bad: AtomicU64,
    fast: AtomicU64,
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

    /// Works for a while, evenly: good and bad requests per tick, all of the good ones fast.
    async fn work(&self, for_: Duration, good: u64, bad: u64) {
        const TICK: Duration = Duration::from_millis(50);
        let until = Instant::now() + for_;
        while Instant::now() < until {
            self.good.fetch_add(good, SeqCst);
            self.bad.fetch_add(bad, SeqCst);
            self.fast.fetch_add(good, SeqCst);
            sleep(TICK).await;
        }
    }
}

async fn start_prometheus(folder: &Path, address: &str) -> Child {
    let program = std::env::var("PROMETHEUS").unwrap_or_else(|_| "/usr/bin/prometheus".to_owned());
    Command::new(&program)
        .arg(format!("--config.file={}", folder.join("prometheus.yml").display()))
        .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
        .arg(format!("--web.listen-address={address}"))
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

/// Waits until a whole slice begins; the answer is its first second.
async fn slice_begins() -> i64 {
    loop {
        let now = Clock::system().now();
        let start_s = now.epoch_secs() - now.epoch_secs().rem_euclid(SLICE_SECS);
        if now.epoch_secs() == start_s && now.micros() - start_s * 1_000_000 < 200_000 {
            return start_s;
        }
        sleep(Duration::from_millis(20)).await;
    }
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

    // Two slices without errors, then three with one request in four that fails.
    shop.work(Duration::from_secs(2), 6, 0).await;
    let from_s = slice_begins().await;
    let (good_before, fast_before) = (shop.good.load(SeqCst), shop.fast.load(SeqCst));
    shop.work(Duration::from_secs(2 * SLICE_SECS as u64), 6, 0).await;
    let errors_from_s = slice_begins().await;
    shop.work(Duration::from_secs(3 * SLICE_SECS as u64), 6, 2).await;
    let to_s = slice_begins().await;
    let (good, bad, fast) = (shop.good.load(SeqCst) - good_before, shop.bad.load(SeqCst), shop.fast.load(SeqCst) - fast_before);
    // The last scrape before the end has been written by then.
    shop.work(Duration::from_millis(1_200), 6, 2).await;

    let errors = Ask::Ratio { numerator: Counted::Bad(r#"shop_requests_total{code=~"5.."}"#.to_owned()), total: "shop_requests_total".to_owned() };
    let plan = errors.prepare(&client, &no_labels(), SLICE_SECS, to_s).await.expect("it can be asked");
    let before = readings::read(&client, &plan, from_s, errors_from_s).await.expect("it is read");
    assert!(before.readings.iter().all(|reading| reading.good == reading.total && reading.total > 0.0), "{before:?}");
    let measured = readings::read(&client, &plan, from_s, to_s).await.expect("it is read");
    assert_eq!(measured.readings.len(), measured.expected, "{measured:?}");
    near("total", measured.total(), (good + bad) as f64, 0.1);
    // What the series of errors already counted when it came to be is nobody's increase.
    near("bad", measured.total() - measured.good(), bad as f64, 0.25);
    assert!(!measured.is_good_over_total() && !measured.is_suspect_zero, "{measured:?}");

    let rates = Ask::Ratio {
        numerator: Counted::Bad(r#"sum(rate(shop_requests_total{code=~"5.."}[$window]))"#.to_owned()),
        total: "sum(rate(shop_requests_total[$window]))".to_owned(),
    };
    let plan = rates.prepare(&client, &no_labels(), SLICE_SECS, to_s).await.expect("it can be asked");
    let by_rate = readings::read(&client, &plan, from_s, to_s).await.expect("it is read");
    near("by rate", by_rate.total(), measured.total(), 0.001);
    near("by rate", by_rate.good(), measured.good(), 0.001);

    let latency = Ask::Latency { bucket: "shop_seconds_bucket".to_owned(), threshold: 0.5 };
    let plan = latency.prepare(&client, &no_labels(), SLICE_SECS, to_s).await.expect("0.50 is an edge");
    let measured = readings::read(&client, &plan, from_s, to_s).await.expect("it is read");
    near("fast", measured.good(), fast as f64, 0.1);
    near("all", measured.total(), (good + bad) as f64, 0.1);
    let no_edge = Ask::Latency { bucket: "shop_seconds_bucket".to_owned(), threshold: 0.3 }.prepare(&client, &no_labels(), SLICE_SECS, to_s).await;
    assert_eq!(no_edge, Err(AskError::NoEdge { threshold: 0.3, edges: ["0.10", "0.50", "+Inf"].map(str::to_owned).to_vec() }));

    let up = Ask::Boolean { selector: "up{job=\"shop\"}".to_owned() }.prepare(&client, &no_labels(), SLICE_SECS, to_s).await.expect("it can be asked");
    let measured = readings::read(&client, &up, from_s, to_s).await.expect("it is read");
    assert!(measured.total() > 0.0 && measured.good() == measured.total(), "{measured:?}");

    let lag = Ask::Value { expr: "max(shop_lag_seconds)".to_owned(), op: Comparison::Less, threshold: 7.0 };
    let measured = readings::read(&client, &lag.prepare(&client, &no_labels(), SLICE_SECS, to_s).await.expect("it can be asked"), from_s, to_s).await;
    assert_eq!(measured.map(|measured| (measured.good(), measured.total())), Ok((0.0, 5.0)));

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
    assert_eq!((nothing.readings.len(), nothing.expected), (0, 5), "errors alone are no reading");

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
    near("after the restart", again.await.expect("it answers").total(), (good + bad) as f64, 0.1);
    assert_eq!(client.standing().failing_since, None);
    prometheus.kill().await.expect("it can be ended");
    serving.abort();
}
