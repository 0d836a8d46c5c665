//! Objectives as people write them by hand, and readings as programs send them without having been
//! told how long a slice is.

use crate::{
    callers::{Caller, House},
    databases::NOON,
    story,
};
use axum::{Router, http::Method};
use serde_json::{Value, json};
use tocsin::domain::{audit::By, people::Role, slo::exclusion::ExclusionDraft};
use tokio::net::TcpListener;

const DAY: i64 = 86_400;

fn at(secs: i64) -> String {
    NOON.plus_secs(secs).to_string()
}

#[track_caller]
fn near(value: &Value, expected: f64) {
    let number = value.as_f64().unwrap_or_else(|| panic!("{value} is a number, {expected} was expected"));
    assert!((number - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{number} is not {expected}");
}

/// Seven days before noon, one reading of a thousand events every `step_s`, two of them bad.
async fn week(caller: &Caller, objective: &str, step_s: i64) {
    let line = |n: i64| json!({"objective": objective, "at": at(n * step_s - 7 * DAY), "bad": 2, "total": 1000}).to_string() + "\n";
    let sent: String = (0..7 * DAY / step_s).map(line).collect();
    let report = caller.send(Method::POST, "/api/v1/sli", sent).await.is(200);
    assert_eq!((report["accepted"].as_i64(), &report["rejected"]), (Some(7 * DAY / step_s), &json!([])));
}

story! {
    async fn the_first_readings_say_how_long_a_slice_is(fresh) {
        let house = House::of(&fresh);
        let caller = house.program(Role::Commander).await;
        for (name, step_s) in [("minutes", 60), ("fives", 300), ("hours", 3_600)] {
            let draft = json!({"name": name, "service": name, "target": "99.9 %", "window": "7d"});
            assert_eq!(caller.post("/api/v1/slos", &draft).await.is(201)["slice_s"], 60);
            week(&caller, name, step_s).await;
            let objective = caller.get(&format!("/api/v1/slos/{name}")).await.is(200);
            assert_eq!((&objective["slice_s"], &objective["revision"]), (&json!(step_s), &json!(if step_s == 60 { 1 } else { 2 })));
            let budget = caller.get(&format!("/api/v1/slos/{name}/budget")).await.is(200);
            near(&budget["coverage"], 1.0);
            near(&budget["consumed_ratio"], 2.0);
            assert_eq!(budget["state"], "overspent");
            let gate = caller.get(&format!("/api/v1/release-gate?service={name}")).await.is(200);
            assert_eq!((&gate["level"], &gate["may_release"]), (&json!("FROZEN"), &json!(false)));
        }
        // What somebody chose stays, and so does what was measured already.
        caller.post("/api/v1/slos", &json!({"name": "chosen", "target": "99.9 %", "window": "7d", "slice_s": 600})).await.is(201);
        week(&caller, "chosen", 300).await;
        assert_eq!(caller.get("/api/v1/slos/chosen").await.is(200)["slice_s"], 600);
        caller.post("/api/v1/slos", &json!({"name": "begun", "target": "99.9 %", "window": "7d"})).await.is(201);
        let one = async |objective: &str, secs: i64| {
            let reading = json!({"objective": objective, "at": at(secs), "good": 1, "total": 1});
            assert_eq!(caller.send(Method::POST, "/api/v1/sli", reading.to_string()).await.is(200)["accepted"], 1);
        };
        for nth in 1..=12 {
            one("begun", nth * 60 - 8 * DAY).await;
        }
        week(&caller, "begun", 300).await;
        assert_eq!(caller.get("/api/v1/slos/begun").await.is(200)["slice_s"], 60);
        // Who sends one reading a request tells it after some of them, and none is lost.
        caller.post("/api/v1/slos", &json!({"name": "single", "target": "99.9 %", "window": "1h"})).await.is(201);
        for nth in 0..12 {
            one("single", nth * 300 - 3_600).await;
        }
        assert_eq!(caller.get("/api/v1/slos/single").await.is(200)["slice_s"], 300);
        let budget = caller.get("/api/v1/slos/single/budget").await.is(200);
        near(&budget["coverage"], 1.0);
        near(&budget["total"], 12.0);
    }
}

story! {
    async fn a_wild_reading_is_refused_and_more_bad_than_all_is_told(fresh) {
        let house = House::of(&fresh);
        let caller = house.program(Role::Commander).await;
        caller.post("/api/v1/slos", &json!({"name": "pay", "target": "99 %", "window": "1h"})).await.is(201);
        let line = |secs: i64, bad: f64, total: f64| json!({"objective": "pay", "at": at(secs), "bad": bad, "total": total}).to_string() + "\n";
        let mut sent: String = (1..=60).map(|n| line(-60 * n, 1.0, 100.0)).collect();
        sent += &line(-7_200, 0.0, 1e17);
        sent += &line(-7_260, 0.0, 1e308);
        let report = caller.send(Method::POST, "/api/v1/sli", sent).await.is(200);
        assert_eq!((report["accepted"].as_i64(), report["rejected"].as_array().map(Vec::len)), (Some(60), Some(2)), "{report}");
        assert_eq!(report["rejected"][0]["code"], "bad_counts");
        let budget = caller.get("/api/v1/slos/pay/budget").await.is(200);
        near(&budget["total"], 6_000.0);
        near(&budget["bad"], 60.0);
        assert!(!budget["flags"].as_array().is_some_and(|flags| flags.contains(&json!("good_over_total"))), "{budget}");
        caller.send(Method::POST, "/api/v1/sli", line(-60, 101.0, 100.0)).await.is(200);
        let budget = caller.get("/api/v1/slos/pay/budget").await.is(200);
        near(&budget["bad"], 159.0);
        assert!(budget["flags"].as_array().is_some_and(|flags| flags.contains(&json!("good_over_total"))), "{budget}");
    }
}

story! {
    async fn every_list_comes_in_pages(fresh) {
        let house = House::of(&fresh);
        let caller = house.program(Role::Admin).await;
        caller.post("/api/v1/slos", &json!({"name": "pay", "target": "99 %", "window": "7d"})).await.is(201);
        for n in 1..=3 {
            fresh.at(n * 60);
            let changed = caller.send(Method::PATCH, "/api/v1/slos/pay", json!({"title": format!("Pay {n}")}).to_string()).await;
            changed.is(200);
            caller.post("/api/v1/exclusions", &json!({"objective": "pay", "from": at(-n * DAY), "to": at(3_600 - n * DAY), "reason": format!("r{n}")})).await.is(201);
            house.integration(json!({"source": "generic", "name": format!("sender {n}")})).await;
            let source = json!({"name": format!("source-{n}"), "url": "http://127.0.0.1:9"});
            caller.post("/api/v1/data-sources", &source).await.is(201);
        }
        for (path, field) in [
            ("/api/v1/exclusions?objective=pay", "reason"),
            ("/api/v1/slos/pay/revisions?", "revision"),
            ("/api/v1/integrations?", "name"),
            ("/api/v1/data-sources?", "name"),
        ] {
            let whole: Vec<Value> = caller.items(path).await.iter().map(|item| item[field].clone()).collect();
            assert!(whole.len() >= 3, "{path}: {whole:?}");
            let (mut told, mut cursor) = (vec![], String::new());
            while told.len() < whole.len() {
                let page = caller.get(&format!("{path}&limit=2&cursor={cursor}")).await.is(200);
                let items = page["items"].as_array().expect("a page has items");
                assert!((1..=2).contains(&items.len()), "{path}: {page}");
                told.extend(items.iter().map(|item| item[field].clone()));
                cursor = page["next_cursor"].as_str().unwrap_or_default().to_owned();
                assert_eq!(cursor.is_empty(), told.len() == whole.len(), "{path}: {page}");
            }
            assert_eq!(told, whole, "{path}");
            assert_eq!(caller.get(&format!("{path}&cursor=x")).await.status, 400, "{path}");
            assert_eq!(caller.get(&format!("{path}&limit=0")).await.status, 400, "{path}");
        }
    }
}

story! {
    async fn a_query_that_cannot_be_asked_is_refused_before_it_is_kept(fresh) {
        let house = House::of(&fresh);
        let caller = house.program(Role::Commander).await;
        let draft = |indicator: Value| json!({"name": "shop", "target": "99 %", "window": "7d", "source": "p", "indicator": indicator});
        for (indicator, word) in [
            (json!({"kind": "ratio", "good": "sum(", "total": "x"}), "PromQL"),
            (json!({"kind": "ratio", "bad": "rate(x[5m])", "total": "x"}), "time range"),
            (json!({"kind": "ratio", "bad": "x:increase5m", "total": "y:increase5m"}), "does not fit"),
            (json!({"kind": "latency", "histogram": "d_count", "threshold_s": 0.5}), "histogram itself"),
            (json!({"kind": "probe", "query": "up{"}), "PromQL"),
        ] {
            let answer = caller.post("/api/v1/slos", &draft(indicator.clone())).await;
            assert_eq!(answer.refused(422), "invalid_objective", "{indicator}");
            assert!(answer.text().contains(word), "{indicator}: {}", answer.text());
        }
        caller.post("/api/v1/slos", &draft(json!({"kind": "ratio", "bad": "x{code=~\"5..\"}", "total": "x"}))).await.is(201);
        let broken = json!({"indicator": {"kind": "ratio", "bad": "x{", "total": "x"}});
        let changed = async |body: &Value| caller.saying("content-type", "application/json").send(Method::PATCH, "/api/v1/slos/shop", body.to_string()).await;
        assert_eq!(changed(&broken).await.refused(422), "invalid_objective");

        // What a file of another tool brought along stays as it is while something else is changed.
        let file = json!({"apiVersion": "tocsin/v1", "kind": "Objective", "metadata": {"name": "shop"},
            "spec": {"target": "99 %", "windows": ["7d"], "source": "p", "indicator": {"kind": "ratio", "bad": "x{", "total": "x"}}});
        caller.post("/api/v1/definitions", &file).await.is(200);
        assert_eq!(changed(&json!({"title": "The shop"})).await.is(200)["indicator"]["bad"], "x{");
    }
}

story! {
    async fn silence_that_is_bad_is_kept_where_slices_are_counted(fresh) {
        let house = House::of(&fresh);
        let caller = house.program(Role::Commander).await;
        let draft = |name: &str, indicator: Value, method: &str| json!({"name": name, "target": "99 %", "window": "7d", "source": "to-come", "method": method, "indicator": indicator});
        let probe = |absent_is_bad: bool| json!({"kind": "probe", "query": "up", "absent_is_bad": absent_is_bad});
        let refused = caller.post("/api/v1/slos", &draft("a", probe(true), "occurrences")).await;
        assert_eq!(refused.refused(422), "invalid_objective");
        assert!(refused.text().contains("timeslices"), "{}", refused.text());
        let made = caller.post("/api/v1/slos", &draft("b", probe(true), "timeslices")).await.is(201);
        assert_eq!(made["indicator"], json!({"kind": "probe", "query": "up", "absent_is_bad": true}));
        let made = caller.post("/api/v1/slos", &draft("c", probe(false), "occurrences")).await.is(201);
        assert_eq!(made["indicator"], json!({"kind": "probe", "query": "up"}), "what is off is not written");
        let backup = json!({"kind": "threshold", "query": "backup_age_seconds", "op": "lte", "value": 86_400.0, "absent_is_bad": true});
        caller.post("/api/v1/slos", &draft("d", backup, "timeslices")).await.is(201);
        // Written down and applied again, nothing changes; another value is a new generation.
        let written = caller.get("/api/v1/definitions").await.text();
        assert_eq!(written.matches("absent_is_bad: true").count(), 2, "{written}");
        let plain = json!({"indicator": {"kind": "probe", "query": "up", "absent_is_bad": false}});
        let changed = caller.send(Method::PATCH, "/api/v1/slos/b", plain.to_string()).await.is(200);
        assert_eq!((&changed["generation"], &changed["indicator"]), (&json!(2), &json!({"kind": "probe", "query": "up"})));
    }
}

/// A source whose histogram has one edge below infinity, at half a second.
async fn a_source() -> String {
    let edge = |le: &str| json!({"metric": {"le": le}, "value": [1, "2"]});
    let answer = json!({"status": "success", "data": {"resultType": "vector", "result": [edge("0.5"), edge("+Inf")]}}).to_string();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let url = format!("http://{}", listener.local_addr().expect("it has an address"));
    let router = Router::new().fallback(move || std::future::ready(answer.clone()));
    tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
    url
}

story! {
    async fn a_threshold_that_is_no_edge_of_a_bucket_is_refused_where_the_source_says_so(fresh) {
        let house = House::of(&fresh);
        let caller = house.program(Role::Admin).await;
        for (name, url) in [("prod", a_source().await), ("down", "http://127.0.0.1:1".to_owned())] {
            caller.post("/api/v1/data-sources", &json!({"name": name, "url": url})).await.is(201);
        }
        let latency = |threshold_s: f64| json!({"kind": "latency", "histogram": "d_seconds", "threshold_s": threshold_s});
        let draft = |name: &str, source: &str, threshold_s: f64| json!({"name": name, "target": "99 %", "window": "7d", "source": source, "indicator": latency(threshold_s)});
        let refused = caller.post("/api/v1/slos", &draft("slow", "prod", 0.4)).await;
        assert_eq!(refused.refused(422), "invalid_objective");
        assert!(refused.text().contains("0.4 is no edge of a bucket; there are 0.5, +Inf"), "{}", refused.text());
        caller.post("/api/v1/slos", &draft("pay", "prod", 0.5)).await.is(201);
        let changed = async |fields: Value| caller.send(Method::PATCH, "/api/v1/slos/pay", fields.to_string()).await;
        assert_eq!(changed(json!({"indicator": latency(0.3)})).await.refused(422), "invalid_objective");
        // A source that does not answer says nothing against it, nor does one that is not there yet.
        caller.post("/api/v1/slos", &draft("a", "down", 0.4)).await.is(201);
        caller.post("/api/v1/slos", &draft("b", "to-come", 0.4)).await.is(201);
        // A file is applied with a warning.
        let file = json!({"apiVersion": "tocsin/v1", "kind": "Objective", "metadata": {"name": "filed"},
            "spec": {"target": "99 %", "windows": ["7d"], "source": "prod", "indicator": latency(0.4)}});
        let report = caller.post("/api/v1/definitions", &file).await.is(200);
        assert!(report["warnings"].to_string().contains("0.4 is no edge of a bucket"), "{report}");
        // What is kept so stays while something else is changed.
        let retitled = caller.send(Method::PATCH, "/api/v1/slos/filed", json!({"title": "Filed"}).to_string()).await;
        assert_eq!(retitled.is(200)["title"], "Filed");
    }
}

story! {
    async fn an_exclusion_says_as_little_as_it_can_and_never_leaves_out_nothing(fresh) {
        let house = House::of(&fresh);
        let caller = house.program(Role::Commander).await;
        caller.post("/api/v1/slos", &json!({"name": "pay", "service": "pay", "target": "99.9 %", "window": {"days": 7}, "slice_s": 300})).await.is(201);
        week(&caller, "pay", 300).await;
        let hour = |more: Value| {
            let mut draft = json!({"service": "pay", "from": at(-6 * DAY), "to": at(-6 * DAY + 3_600), "reason": "maintenance"});
            draft.as_object_mut().expect("a mapping").extend(more.as_object().expect("a mapping").clone());
            draft
        };
        let made = caller.post("/api/v1/exclusions", &hour(json!({"recurrence": "FREQ=DAILY"}))).await.is(201);
        assert_eq!((&made["recurrence"]["zone"], &made["recurrence"]["duration_s"]), (&json!("UTC"), &json!(3_600)));
        // Six hours of the seven days are left out: one each day from the second on.
        near(&caller.get("/api/v1/slos/pay/budget").await.is(200)["total"], (7 * 288 - 6 * 12) as f64 * 1_000.0);
        let nowhere = hour(json!({"recurrence": {"rule": "FREQ=DAILY", "zone": "Nowhere/Zone"}}));
        assert_eq!(caller.post("/api/v1/exclusions", &nowhere).await.refused(422), "invalid_exclusion");
        assert_eq!(caller.post("/api/v1/exclusions", &hour(json!({"service": "nobody"}))).await.refused(404), "unknown_service");
        assert_eq!(caller.post("/api/v1/exclusions", &hour(json!({"recurrence": "every day"}))).await.refused(422), "invalid_body");
    }
}

story! {
    async fn an_exclusion_of_before_is_applied_with_another_reason(fresh) {
        let house = House::of(&fresh);
        let caller = house.program(Role::Admin).await;
        let spec = |for_s: i64, reason: &str| json!({"from": at(-6 * DAY), "to": at(for_s - 6 * DAY), "reason": reason,
            "recurrence": {"rule": "FREQ=DAILY", "start": "2026-01-01T02:00:00", "zone": "UTC", "duration_s": 3_600}});
        let file = |spec: Value| json!({"apiVersion": "tocsin/v1", "kind": "Exclusion", "spec": spec});
        // As it was kept before its times and its rule had to agree.
        let kept = serde_json::from_value::<ExclusionDraft>(spec(3_600, "backup")).expect("it is a draft");
        house.app.store.create_exclusion(&kept, &By::console()).await.expect("it is written");
        let refused = caller.post("/api/v1/definitions", &file(spec(7_200, "backup"))).await;
        assert!(refused.text().contains("the first time of its rule"), "{}", refused.text());
        caller.post("/api/v1/definitions", &file(spec(3_600, "nightly backup"))).await.is(200);
        let all = caller.items("/api/v1/exclusions").await;
        assert_eq!((all.len(), &all[0]["reason"]), (1, &json!("nightly backup")), "{all:?}");
    }
}
