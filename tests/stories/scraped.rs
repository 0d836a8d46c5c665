//! A real Prometheus scrapes a shop in which errors are injected. Their burn opens an incident, is
//! charged to it, and clears when they stop. Then Prometheus is killed in the middle: the gap stays
//! a gap, alerts keep their level, silence is told of, and afterwards it catches up.
//!
//! Thirty hours pass within seconds: the shop says with every scrape, by explicit timestamps, what
//! it had counted every quarter of a minute since the one before, up to where the story is. The
//! time in which Prometheus was gone it never tells of, as with any real scrape.

use crate::{
    callers::{Caller, House, text},
    databases::Fresh,
    measured::make_blocks,
    prometheus_read::start_prometheus,
    story,
};
use axum::{Router, routing::get};
use serde_json::{Value, json};
use std::{
    fmt::Write as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
    time::Duration,
};
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
    process::Child,
    time::{sleep, timeout},
};

const WITHIN: Duration = Duration::from_secs(60);
const EVERY_S: i64 = 15;
/// Requests of one step, and how many of them fail while some do.
const PER_STEP: i64 = 150;
const FAILED_PER_STEP: i64 = 6;
const PER_MINUTE: f64 = 600.0;
/// How many minutes of a past without errors Prometheus has from before.
const PAST: i64 = 30 * 60;
/// How long before now the story begins, in hours: it must not run into the future.
const BEGAN_AGO_H: i64 = 28;
const DAY: i64 = 1_440;

// Minutes of the story.
const ERRORS: (i64, i64) = (30, 40);
const CALM: i64 = 50;
const MEASURED: i64 = 70;
const KILLED: i64 = 75;
/// Errors that nobody sees, because Prometheus is gone.
const UNSEEN_ERRORS: (i64, i64) = (100, 200);
const RESTARTED: i64 = 240;
const BACK: i64 = 260;
/// An hour and more after the restart: the pair of an hour is measured again.
const AN_HOUR_ON: i64 = 305;
/// Enough of the gap has left the window of a day.
const NEXT_DAY: i64 = 120 + DAY;

/// What the shop has counted and up to where it told.
struct Shop {
    zero_s: i64,
    told_s: AtomicI64,
    until_s: AtomicI64,
}

impl Shop {
    fn at(&self, minute: i64) -> i64 {
        self.zero_s + minute * 60
    }

    /// Good and failed requests since the past began.
    fn counts(&self, at_s: i64) -> [i64; 2] {
        let steps = |from_s: i64, to_s: i64| (at_s.clamp(from_s, to_s) - from_s) / EVERY_S;
        let failed: i64 = [ERRORS, UNSEEN_ERRORS].into_iter().map(|(from, to)| steps(self.at(from), self.at(to)) * FAILED_PER_STEP).sum();
        [steps(self.at(-PAST), i64::MAX) * PER_STEP - failed, failed]
    }

    /// Everything counted after one instant up to another; `stamp` writes an instant down.
    fn samples(&self, labels: &str, from_s: i64, to_s: i64, stamp: impl Fn(i64) -> i64) -> String {
        let mut samples = String::new();
        for (place, code) in ["200", "500"].into_iter().enumerate() {
            for at_s in (from_s + EVERY_S..=to_s).step_by(EVERY_S as usize) {
                let _ = writeln!(samples, "shop_requests_total{{code=\"{code}\"{labels}}} {} {}", self.counts(at_s)[place], stamp(at_s));
            }
        }
        samples
    }

    fn scrape(&self) -> String {
        let until_s = self.until_s.load(SeqCst);
        let from_s = self.told_s.swap(until_s, SeqCst);
        format!("# TYPE shop_requests_total counter\n{}", self.samples("", from_s, until_s, |at_s| at_s * 1_000))
    }
}

/// The shop, its Prometheus, and the house that asks it.
struct Street {
    shop: Arc<Shop>,
    house: House,
    clock: Clock,
    lease: Lease,
    caller: Caller,
    prometheus: Client,
}

impl Street {
    /// Lets the shop go on to a minute, and waits until Prometheus has scraped that.
    async fn scraped_until(&self, minute: i64) {
        let at_s = self.shop.at(minute);
        self.shop.until_s.store(at_s, SeqCst);
        let query = format!("shop_requests_total{{code=\"200\"}} == {}", self.shop.counts(at_s)[0]);
        let scraped = async {
            while !self.prometheus.query(&query, at_s).await.is_ok_and(|found| !found.is_empty()) {
                sleep(Duration::from_millis(100)).await;
            }
        };
        timeout(WITHIN, scraped).await.unwrap_or_else(|_| panic!("minute {minute} is not scraped in time"));
    }

    /// Does at a minute what the server's jobs do all the time.
    async fn works_at(&self, minute: i64) {
        // The slice that ends with the minute has closed, and what came late to it is in.
        self.clock.set(instant(self.shop.at(minute) + 25));
        let app = &self.house.app;
        for _ in 0..10 {
            app.store.renew_lease(&self.lease).await.expect("the store works");
            app.measure.pass(app, &self.lease).await.expect("the store works");
            let held = app.levels.current(app).await.expect("the store works");
            if held.find("shop").expect("it is held").backfilled().is_none() {
                break;
            }
        }
        app.burning.look(app).await.expect("the store works");
    }

    async fn budget(&self) -> Value {
        self.caller.get("/api/v1/slos/shop/budget").await.is(200)
    }

    /// The alert that pages, as the budget tells of it.
    async fn page_alert(&self) -> Value {
        let budget = self.budget().await;
        let alert = budget["alerts"].as_array().and_then(|alerts| alerts.iter().find(|alert| alert["severity"] == "page"));
        alert.unwrap_or_else(|| panic!("there is one that pages: {budget}")).clone()
    }

    /// What was counted in every minute of a span; `None` where nothing was measured.
    async fn minutes(&self, from: i64, to: i64) -> Vec<Option<(f64, f64)>> {
        let path = format!("/api/v1/slos/shop/slices?step=60&from={}&to={}", instant(self.shop.at(from)), instant(self.shop.at(to)));
        let items = self.caller.items(&path).await;
        assert_eq!(items.len() as i64, to - from);
        items.iter().map(|slice| slice["total"].as_f64().zip(slice["bad"].as_f64())).collect()
    }

    /// Alerts in this state, by name.
    async fn alerts(&self, state: &str) -> Vec<String> {
        let mut names: Vec<String> =
            self.caller.items(&format!("/api/v1/alerts?state={state}")).await.iter().map(|alert| text(&alert["labels"]["alertname"])).collect();
        names.sort();
        names
    }
}

fn instant(secs: i64) -> Timestamp {
    Timestamp::from_micros(secs * 1_000_000)
}

#[track_caller]
fn near(value: &Value, expected: f64) {
    let number = value.as_f64().unwrap_or_else(|| panic!("{value} is a number, {expected} was expected"));
    // Prometheus estimates what lies between two scrapes.
    assert!((number - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{number} is not {expected}");
}

/// Serves the shop's counts on a free port; answers its address.
async fn open(shop: Arc<Shop>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound").to_string();
    let router = Router::new().route("/metrics", get(move || async move { shop.scrape() }));
    tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
    address
}

fn configure(folder: &Path, target: &str) {
    let config = format!(
        "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\nstorage:\n  tsdb:\n    out_of_order_time_window: 48h\n\
         scrape_configs:\n  - job_name: shop\n    static_configs:\n      - targets: [\"{target}\"]\n"
    );
    std::fs::write(folder.join("prometheus.yml"), config).expect("it can be written");
}

/// A shop with a past, a Prometheus that scrapes it, and an objective of 99.9 % over a day.
async fn street(fresh: &Fresh, folder: &Path) -> (Street, String, Child) {
    let zero_s = (Clock::system().now().epoch_secs() / 3_600 - BEGAN_AGO_H) * 3_600;
    let shop = Arc::new(Shop { zero_s, told_s: AtomicI64::new(zero_s), until_s: AtomicI64::new(zero_s) });
    let target = open(shop.clone()).await;
    let past = shop.samples(&format!(",instance=\"{target}\",job=\"shop\""), shop.at(-PAST), zero_s, |at_s| at_s);
    make_blocks(folder, &format!("# TYPE shop_requests counter\n{past}# EOF\n")).await;
    configure(folder, &target);
    let address = TcpListener::bind("127.0.0.1:0").await.and_then(|free| free.local_addr()).expect("a port is free").to_string();
    let running = start_prometheus(folder, &address).await;

    fresh.clock.set(instant(zero_s));
    let house = House::of(fresh);
    let caller = house.program(Role::Admin).await;
    let endpoint = Endpoint { timeout_secs: 5, ..Endpoint::new(format!("http://{address}")) };
    let prometheus = Client::new(&endpoint, Clock::system()).expect("it is a good endpoint");
    let lease = Lease::new(([127, 0, 0, 1], 1).into());
    let street = Street { shop, house, clock: fresh.clock.clone(), lease, caller, prometheus };
    street.caller.post("/api/v1/data-sources", &json!({"name": "shop", "url": format!("http://{address}")})).await.is(201);
    let objective = json!({
        "name": "shop", "service": "shop", "target": "99.9 %", "window": "1d", "source": "shop",
        "indicator": {"kind": "ratio", "bad": "shop_requests_total{code=~\"5..\"}", "total": "shop_requests_total"},
    });
    street.caller.post("/api/v1/slos", &objective).await.is(201);
    (street, address, running)
}

/// Injected errors open an incident, cost it what they cost, and end it when they stop.
async fn burns_and_calms_down(street: &Street) {
    street.scraped_until(ERRORS.0).await;
    street.works_at(ERRORS.0).await;
    let budget = street.budget().await;
    near(&budget["total"], DAY as f64 * PER_MINUTE);
    near(&budget["coverage"], 1.0);
    near(&budget["remaining_ratio"], 1.0);
    assert_eq!((&budget["state"], street.alerts("triggered").await.len()), (&json!("within"), 0), "{budget}");

    street.scraped_until(ERRORS.1).await;
    street.works_at(ERRORS.1).await;
    let bad = (ERRORS.1 - ERRORS.0) as f64 * 60.0 / EVERY_S as f64 * FAILED_PER_STEP as f64;
    let page = street.page_alert().await;
    assert_eq!((&page["firing"], &page["frozen"], &page["state"]), (&json!(true), &json!(false), &json!("CRITICAL")));
    near(&page["short_burn"], 40.0);
    let alerts = street.caller.items("/api/v1/alerts?state=triggered").await;
    assert_eq!((alerts.len(), &alerts[0]["severity"], &alerts[0]["source"]), (1, &json!("critical"), &json!("slo")), "{alerts:?}");
    let incident = format!("/api/v1/incidents/{}", text(&alerts[0]["incident_id"]));
    let opened = street.caller.get(&incident).await.is(200);
    assert_eq!((&opened["state"], &opened["services"]), (&json!("triage"), &json!(["shop"])));
    assert_eq!(text(&opened["started_at"]), instant(street.shop.at(ERRORS.0)).to_string(), "from the first slice that burned: {opened}");
    let cost = street.caller.items(&format!("{incident}/cost")).await;
    near(&cost[0]["bad"], bad);
    near(&cost[0]["ratio"], bad / (DAY as f64 * PER_MINUTE * 0.001));
    // 4 % of 600 a minute, an hour long, of a day's 864.
    near(&cost[0]["points_per_hour"], 100.0 * 24.0 * 60.0 / 864.0);

    // Five good minutes, and a few for the last of the errors to leave the short window.
    street.scraped_until(CALM).await;
    street.works_at(CALM).await;
    let page = street.page_alert().await;
    assert_eq!((&page["firing"], &page["state"]), (&json!(false), &json!("RECOVERING")));
    assert_eq!((street.alerts("triggered").await, street.alerts("resolved").await), (vec![], vec!["BurnRate".to_owned()]));
    let ended = street.caller.get(&incident).await.is(200);
    assert_eq!((&ended["state"], &ended["resolved_by"]), (&json!("resolved"), &json!("signal")), "{ended}");
    let cost = street.caller.items(&format!("{incident}/cost")).await;
    near(&cost[0]["bad"], bad);
    assert_eq!(cost[0]["points_per_hour"], Value::Null);
    near(&street.budget().await["remaining_ratio"], 1.0 - bad / 864.0);
}

/// Nobody is asked in vain for long, nothing is made up, and whoever is on call is told.
async fn knows_nothing(street: &Street) {
    let before = street.budget().await;
    for minute in [72, 80, 90, 120, 180, RESTARTED - 5] {
        street.works_at(minute).await;
    }
    let budget = street.budget().await;
    assert_eq!((&budget["state"], &budget["watermark"]), (&json!("not_measured"), &json!(instant(street.shop.at(MEASURED)).to_string())), "{budget}");
    assert!(budget["flags"].as_array().is_some_and(|flags| flags.contains(&json!("stale"))), "{budget}");
    // The window goes on to now, which is in the midst of a minute: the first slice in it is a whole one.
    let measured = (DAY - (RESTARTED - 5 - MEASURED) - 1) as f64;
    near(&budget["coverage"], measured / DAY as f64);
    assert_eq!(budget["bad"], before["bad"], "what was bad stays, and nothing is added");
    near(&budget["sli"], 1.0 - budget["bad"].as_f64().unwrap_or_default() / budget["total"].as_f64().unwrap_or_default());
    near(&budget["total"], measured * PER_MINUTE);
    assert!(street.minutes(MEASURED, RESTARTED - 5).await.iter().all(Option::is_none));
    let alerts = budget["alerts"].as_array().expect("a list");
    assert!(!alerts.is_empty() && alerts.iter().all(|alert| alert["frozen"] == true && alert["firing"] == false), "{alerts:?}");
    assert_eq!(street.alerts("triggered").await, ["NoReadings"]);
    // Programs are told why, and of the past nothing that is of now.
    let trouble = &street.caller.items("/api/v1/slos").await[0]["trouble"];
    assert!(text(&trouble["words"]).starts_with("shop: ") && trouble["since"].is_string(), "{trouble}");
    assert_eq!(budget["trouble"], *trouble);
    let past = street.caller.get(&format!("/api/v1/slos/shop/budget?at={}", instant(street.shop.at(ERRORS.1)))).await.is(200);
    assert_eq!((&past["trouble"], &past["alerts"][0]["firing"]), (&Value::Null, &json!(true)));
}

/// What it had recorded before it was killed is read now; the gap stays one.
async fn catches_up(street: &Street) {
    street.scraped_until(BACK).await;
    street.works_at(BACK).await;
    let budget = street.budget().await;
    assert_eq!(budget["watermark"], json!(instant(street.shop.at(BACK)).to_string()), "{budget}");
    let whole =
        |minutes: Vec<Option<(f64, f64)>>| minutes.iter().all(|minute| minute.is_some_and(|(total, bad)| (total - PER_MINUTE).abs() < 1e-6 && bad == 0.0));
    assert!(whole(street.minutes(MEASURED, KILLED).await), "what was recorded before and never read");
    assert!(street.minutes(KILLED, RESTARTED).await.iter().all(Option::is_none), "the gap");
    assert!(whole(street.minutes(RESTARTED, BACK).await), "what failed meanwhile is nobody's");
    near(&budget["coverage"], 1.0 - (RESTARTED - KILLED) as f64 / DAY as f64);
    assert_eq!((&budget["state"], &budget["trouble"]), (&json!("not_measured"), &Value::Null), "under nine tenths: {budget}");
    assert_eq!(
        (&street.page_alert().await["frozen"], street.alerts("triggered").await.len()),
        (&json!(true), 0),
        "readings come again, an hour is not measured yet"
    );

    street.scraped_until(AN_HOUR_ON).await;
    street.works_at(AN_HOUR_ON).await;
    let page = street.page_alert().await;
    assert_eq!((&page["frozen"], &page["firing"]), (&json!(false), &json!(false)));

    street.scraped_until(NEXT_DAY).await;
    street.works_at(NEXT_DAY).await;
    let budget = street.budget().await;
    near(&budget["coverage"], 1.0 - (RESTARTED - NEXT_DAY + DAY) as f64 / DAY as f64);
    near(&budget["remaining_ratio"], 1.0);
    assert_eq!((&budget["state"], &budget["flags"]), (&json!("within"), &json!([])), "{budget}");
    assert!(street.minutes(KILLED, RESTARTED).await.iter().all(Option::is_none), "no later look fills the gap");
}

story! {
    async fn errors_in_a_scraped_shop_are_an_incident_and_a_killed_source_is_a_gap(fresh) {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let (street, address, mut prometheus) = street(&fresh, folder.path()).await;
        burns_and_calms_down(&street).await;

        street.scraped_until(MEASURED).await;
        street.works_at(MEASURED).await;
        street.scraped_until(KILLED).await;
        prometheus.kill().await.expect("it can be ended");
        knows_nothing(&street).await;

        // Whoever is asked only says what is, not what was while nobody asked.
        street.shop.told_s.store(street.shop.at(RESTARTED) - EVERY_S, SeqCst);
        street.shop.until_s.store(street.shop.at(RESTARTED), SeqCst);
        let mut prometheus = start_prometheus(folder.path(), &address).await;
        catches_up(&street).await;
        prometheus.kill().await.expect("it can be ended");
    }
}
