//! Objectives as people write them by hand, and readings as programs send them without having been
//! told how long a slice is.

use crate::{
    callers::{Caller, House},
    databases::NOON,
    story,
};
use axum::http::Method;
use serde_json::{Value, json};
use tocsin::domain::people::Role;

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
