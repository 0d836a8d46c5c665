//! A real Prometheus with a past is asked for an objective's readings: what it counted is what the
//! budget says, an outage in it opens an incident and is charged to it, and while it is gone
//! nothing is made up.

use crate::{
    cli::{Running, token},
    prometheus_read::start_prometheus,
    story,
};
use serde_json::{Value, json};
use std::{fmt::Write as _, path::Path, time::Duration};
use tocsin::server::clock::Clock;
use tokio::{net::TcpListener, process::Command, time::sleep};

const HOURS: i64 = 6;
const EVERY_S: i64 = 15;
const PER_STEP: i64 = 150;
/// How long half of all requests have failed by now.
const OUTAGE_S: i64 = 80 * 60;
const WITHIN: Duration = Duration::from_secs(60);

/// Writes blocks of samples that a Prometheus of the last hours would hold.
async fn write_past(folder: &Path, now_s: i64) {
    let mut text = "# TYPE shop_requests counter\n".to_owned();
    let steps = || (0..HOURS * 3_600 / EVERY_S).map(|n| (n, now_s - HOURS * 3_600 + n * EVERY_S));
    let failed = |at_s: i64| (at_s - (now_s - OUTAGE_S)).max(0) / EVERY_S * PER_STEP / 2;
    for (n, at_s) in steps() {
        let _ = writeln!(text, "shop_requests_total{{code=\"200\"}} {} {at_s}", n * PER_STEP - failed(at_s));
    }
    for (_, at_s) in steps() {
        let _ = writeln!(text, "shop_requests_total{{code=\"500\"}} {} {at_s}", failed(at_s));
    }
    text += "# EOF\n";
    std::fs::write(folder.join("prometheus.yml"), "global: {}\n").expect("it can be written");
    make_blocks(folder, &text).await;
}

/// Makes of samples in the text form what a Prometheus keeps in its folder.
pub async fn make_blocks(folder: &Path, text: &str) {
    let (file, data) = (folder.join("past.txt"), folder.join("data"));
    std::fs::write(&file, text).expect("it can be written");
    let program = std::env::var("PROMTOOL").unwrap_or_else(|_| "/usr/bin/promtool".to_owned());
    let made = Command::new(&program).args(["tsdb", "create-blocks-from", "openmetrics"]).arg(&file).arg(&data).output().await;
    let made = made.unwrap_or_else(|error| panic!("{program} cannot be started (the package `prometheus`): {error}"));
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

async fn json_of(answer: reqwest::Response) -> Value {
    let status = answer.status();
    let body: Value = answer.json().await.unwrap_or_default();
    assert!(status.is_success(), "{status}: {body}");
    body
}

/// Asks until the answer is as wanted.
async fn until(server: &Running, path: &str, token: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    let asked = async {
        loop {
            last = json_of(server.get(path, token).await).await;
            if wanted(&last) {
                return;
            }
            sleep(Duration::from_millis(500)).await;
        }
    };
    if tokio::time::timeout(WITHIN, asked).await.is_err() {
        panic!("{path} stays {last}");
    }
    last
}

/// Waits until the data source gives a sign of life.
async fn until_answers(server: &Running, test: &str, token: &str) {
    let answers = async {
        while json_of(server.post(test, token, "{}").await).await["answers"] != true {
            sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(WITHIN, answers).await.expect("prometheus answers in time");
}

story! {
    async fn an_outage_in_a_real_source_opens_an_incident_and_is_charged_to_it(fresh) {
        let folder = tempfile::tempdir().expect("a folder can be made");
        write_past(folder.path(), Clock::system().now().epoch_secs()).await;
        let address = TcpListener::bind("127.0.0.1:0").await.and_then(|free| free.local_addr()).expect("a port is free").to_string();
        let mut prometheus = start_prometheus(folder.path(), &address).await;

        let server = Running::on(&fresh.url).await;
        let admin = token(&fresh.url, "admin").await;
        let source = json!({"name": "shop", "url": format!("http://{address}")});
        let source = json_of(server.post("/api/v1/data-sources", &admin, &source.to_string()).await).await;
        let test = format!("/api/v1/data-sources/{}/test", source["id"].as_str().expect("it has an id"));
        until_answers(&server, &test, &admin).await;
        let objective = json!({
            "name": "shop", "service": "shop", "target": "99.9 %", "window": "30d", "source": "shop",
            "indicator": {"kind": "ratio", "bad": "shop_requests_total{code=~\"5..\"}", "total": "shop_requests_total"},
        });
        json_of(server.post("/api/v1/slos", &admin, &objective.to_string()).await).await;

        let budget = "/api/v1/slos/shop/budget";
        let found = until(&server, "/api/v1/incidents?service=shop", &admin, |page| page["items"].as_array().is_some_and(|items| !items.is_empty())).await;
        let incident = &found["items"][0];
        assert_eq!((&incident["state"], &incident["services"]), (&json!("triage"), &json!(["shop"])), "{incident}");
        // All that it counted, less what no slice of ours holds: the first minute and the last.
        let all = (HOURS * 3_600 / EVERY_S * PER_STEP) as f64;
        let filled = until(&server, budget, &admin, |report| report["total"].as_f64().is_some_and(|total| total > all * 0.97)).await;
        let (total, bad) = (filled["total"].as_f64().expect("a number"), filled["bad"].as_f64().expect("a number"));
        assert!(total <= all * 1.01, "{total} of {all}");
        let failed = (OUTAGE_S / EVERY_S * PER_STEP / 2) as f64;
        assert!((bad - failed).abs() <= failed * 0.05, "{bad} of {failed}");
        assert_eq!(filled["state"], "not_measured", "six hours of thirty days: {filled}");
        assert!(filled["alerts"].as_array().expect("a list").iter().any(|alert| alert["firing"] == true), "{filled}");
        let cost = json_of(server.get(&format!("/api/v1/incidents/{}/cost", incident["id"].as_str().expect("it has an id")), &admin).await).await;
        assert!(cost["items"][0]["bad"].as_f64().is_some_and(|bad| bad > 0.0), "{cost}");

        prometheus.kill().await.expect("it can be ended");
        assert_eq!(json_of(server.post(&test, &admin, "{}").await).await["answers"], false);
        let later = json_of(server.get(budget, &admin).await).await;
        assert!(later["total"].as_f64().is_some_and(|total| total >= all * 0.97 && total <= all * 1.01), "nothing is made up: {later}");
        let mut prometheus = start_prometheus(folder.path(), &address).await;
        until_answers(&server, &test, &admin).await;
        prometheus.kill().await.expect("it can be ended");
        server.stop().await;
    }
}
