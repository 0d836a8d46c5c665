//! A real Prometheus that has one value a minute: of a single minute nobody can say how much was
//! counted, so slices become longer by themselves where nobody chose them.

use crate::{callers::House, measured::make_blocks, prometheus_read::start_prometheus, story};
use serde_json::{Value, json};
use std::{fmt::Write as _, time::Duration};
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
const PER_MINUTE: i64 = 600;
const MINUTES: i64 = 300;

#[track_caller]
fn near(value: &Value, expected: f64) {
    let number = value.as_f64().unwrap_or_else(|| panic!("{value} is a number, {expected} was expected"));
    assert!((number - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{number} is not {expected}");
}

story! {
    async fn a_source_with_one_value_a_minute_is_measured_in_longer_slices(fresh) {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let until_s = Clock::system().now().epoch_secs() / 3_600 * 3_600 - 3_600;
        let mut past = "# TYPE shop_requests counter\n".to_owned();
        for minute in 0..=MINUTES {
            let _ = writeln!(past, "shop_requests_total {} {}", minute * PER_MINUTE, until_s + 20 - (MINUTES - minute) * 60);
        }
        let _ = writeln!(past, "# TYPE late_requests counter");
        for minute in MINUTES - 60..=MINUTES {
            let _ = writeln!(past, "late_requests_total {} {}", minute * PER_MINUTE, until_s + 20 - (MINUTES - minute) * 60);
        }
        make_blocks(folder.path(), &format!("{past}# EOF\n")).await;
        std::fs::write(folder.path().join("prometheus.yml"), "global: {}\n").expect("it can be written");
        let address = TcpListener::bind("127.0.0.1:0").await.and_then(|free| free.local_addr()).expect("a port is free").to_string();
        let mut prometheus = start_prometheus(folder.path(), &address).await;
        let endpoint = Endpoint { timeout_secs: 5, ..Endpoint::new(format!("http://{address}")) };
        let client = Client::new(&endpoint, Clock::system()).expect("it is a good endpoint");
        let answers = async {
            while client.buildinfo().await.is_err() {
                sleep(Duration::from_millis(100)).await;
            }
        };
        timeout(WITHIN, answers).await.expect("it answers in time");

        let set_clock = |ago_s: i64| fresh.clock.set(Timestamp::from_micros((until_s + 25 - ago_s) * 1_000_000));
        set_clock(7_200);
        let house = House::of(&fresh);
        let caller = house.program(Role::Admin).await;
        caller.post("/api/v1/data-sources", &json!({"name": "shop", "url": format!("http://{address}")})).await.is(201);
        let indicator = |of: &str| json!({"kind": "ratio", "bad": format!("{of}_requests_total{{code=\"500\"}}"), "total": format!("{of}_requests_total")});
        let objective = |name: &str| json!({"name": name, "service": "shop", "target": "99 %", "window": "4h", "source": "shop", "indicator": indicator(name)});
        let (app, lease) = (&house.app, Lease::new(([127, 0, 0, 1], 1).into()));
        let pass = async |times: usize| {
            for _ in 0..times {
                app.store.renew_lease(&lease).await.expect("the store works");
                app.measure.pass(app, &lease).await.expect("the store works");
            }
        };
        // What is counted here begins only an hour after the objective was made.
        caller.post("/api/v1/slos", &objective("late")).await.is(201);
        pass(3).await;
        assert_eq!(caller.get("/api/v1/slos/late").await.is(200)["slice_s"], 60);
        set_clock(0);
        caller.post("/api/v1/slos", &objective("shop")).await.is(201);
        pass(10).await;
        let late = caller.get("/api/v1/slos/late").await.is(200);
        assert_eq!((&late["slice_s"], &late["updated_by"]), (&json!(300), &json!("Tocsin")));
        let budget = caller.get("/api/v1/slos/late/budget").await.is(200);
        near(&budget["coverage"], 0.25);
        near(&budget["total"], (60 * PER_MINUTE) as f64);
        let made = caller.get("/api/v1/slos/shop").await.is(200);
        assert_eq!((&made["slice_s"], &made["updated_by"]), (&json!(300), &json!("Tocsin")));
        let budget = caller.get("/api/v1/slos/shop/budget").await.is(200);
        near(&budget["coverage"], 1.0);
        near(&budget["total"], (240 * PER_MINUTE) as f64);
        near(&budget["remaining_ratio"], 1.0);
        prometheus.kill().await.expect("it can be ended");
    }
}
