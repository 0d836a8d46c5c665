//! Service levels as programs see them: made, fed with readings, reckoned, guarded. The numbers
//! are computed by hand from the readings that are sent.

use crate::{
    callers::{Caller, House, text},
    databases::{Fresh, NOON},
    story,
};
use axum::http::Method;
use serde_json::{Value, json};
use tocsin::domain::people::Role;

const DAY: i64 = 86_400;

/// RFC 3339, so many seconds from noon.
fn at(secs: i64) -> String {
    NOON.plus_secs(secs).to_string()
}

#[track_caller]
fn near(value: &Value, expected: f64) {
    let number = value.as_f64().unwrap_or_else(|| panic!("{value} is a number, {expected} was expected"));
    assert!((number - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{number} is not {expected}");
}

async fn send(caller: &Caller, method: Method, path: &str, body: &Value) -> crate::callers::Answer {
    caller.saying("content-type", "application/json").send(method, path, body.to_string()).await
}

/// Readings every five minutes over the thirty days before noon, each of a thousand events; in
/// those whose place is in `bad`, so many are bad.
fn month(objective: &str, bad: impl Fn(i64) -> i64) -> String {
    let line = |n: i64| json!({"objective": objective, "at": at(n * 300 - 30 * DAY), "bad": bad(n), "total": 1000}).to_string() + "\n";
    (0..8_640).map(line).collect()
}

/// Ten slices of forty per cent bad.
fn an_outage(n: i64) -> i64 {
    if (4_000..4_010).contains(&n) { 400 } else { 0 }
}

async fn push(caller: &Caller, lines: impl Into<String>) -> Value {
    caller.send(Method::POST, "/api/v1/sli", lines.into()).await.is(200)
}

/// An objective of 99.9 % over thirty days in slices of five minutes, and its month.
async fn measured(fresh: &Fresh) -> (House, Caller) {
    let house = House::of(fresh);
    let caller = house.program(Role::Commander).await;
    let draft = json!({"name": "pay", "title": "Payments", "service": "pay", "target": "99.9 %", "window": "30d", "slice_s": 300});
    let made = caller.post("/api/v1/slos", &draft).await.is(201);
    assert_eq!((&made["name"], &made["target"], &made["indicator"]["kind"], &made["revision"]), (&json!("pay"), &json!(0.999), &json!("pushed"), &json!(1)));
    let report = push(&caller, month("pay", an_outage)).await;
    assert_eq!(report, json!({"accepted": 8_640, "unchanged": 0, "rejected": []}));
    (house, caller)
}

story! {
    async fn a_month_of_readings_is_a_budget(fresh) {
        let (_house, caller) = measured(&fresh).await;
        let budget = caller.get("/api/v1/slos/pay/budget").await.is(200);
        // 8,640 slices of 1,000 events allow 8,640 bad ones; ten of 400 are 4,000.
        for (field, expected) in [("total", 8_640_000.0), ("bad", 4_000.0), ("good", 8_636_000.0), ("allowed_bad", 8_640.0)] {
            near(&budget[field], expected);
        }
        near(&budget["consumed_ratio"], 4_000.0 / 8_640.0);
        near(&budget["remaining_ratio"], 1.0 - 4_000.0 / 8_640.0);
        near(&budget["budget_minutes"], 43.2);
        near(&budget["coverage"], 1.0);
        assert_eq!((text(&budget["watermark"]), text(&budget["window"]["from"]), text(&budget["window"]["to"])), (at(0), at(-30 * DAY), at(0)));
        assert_eq!((&budget["objective"]["name"], &budget["unit"]), (&json!("pay"), &json!("events")));

        // Sending all of it again changes nothing, and neither does the order.
        let backwards: Vec<String> = month("pay", an_outage).lines().rev().map(str::to_owned).collect();
        assert_eq!(push(&caller, backwards.join("\n")).await, json!({"accepted": 0, "unchanged": 8_640, "rejected": []}));
        assert_eq!(caller.get("/api/v1/slos/pay/budget").await.is(200), budget);

        // A late word on one slice is counted from then on: 640 bad ones where none were.
        let late = json!({"objective": "pay", "at": at(5_000 * 300 - 30 * DAY), "good": 360, "total": 1000});
        assert_eq!(push(&caller, late.to_string()).await["accepted"], 1);
        near(&caller.get("/api/v1/slos/pay/budget").await.is(200)["consumed_ratio"], 4_640.0 / 8_640.0);

        // Twice in one slice: a slice is the sum of its readings.
        let second = json!([{"objective": "pay", "at": at(5_000 * 300 - 30 * DAY + 60), "good": 1000, "total": 1000}]);
        assert_eq!(push(&caller, second.to_string()).await["accepted"], 1);
        let budget = caller.get("/api/v1/slos/pay/budget").await.is(200);
        near(&budget["total"], 8_641_000.0);

        // What was known of another instant: half an hour into the outage.
        let then = caller.get(&format!("/api/v1/slos/pay/budget?at={}", at(4_006 * 300 - 30 * DAY))).await.is(200);
        near(&then["bad"], 2_400.0);
        assert_eq!(caller.get(&format!("/api/v1/slos/pay/budget?at={}", at(60))).await.refused(422), "in_the_future");
        let steps = caller.get(&format!("/api/v1/slos/pay/slices?from={}&to={}&step=3000", at(4_000 * 300 - 30 * DAY), at(4_020 * 300 - 30 * DAY))).await.is(200);
        assert_eq!(steps["items"].as_array().map(Vec::len), Some(2));
        near(&steps["items"][0]["bad"], 4_000.0);
        near(&steps["items"][1]["bad"], 0.0);
        assert_eq!(caller.get("/api/v1/slos/pay/slices?step=7").await.refused(422), "invalid_range");
        let explained = caller.get("/api/v1/slos/pay/explain").await.is(200);
        assert!(explained["formula"].as_array().is_some_and(|lines| !lines.is_empty()), "{explained}");
    }
}

story! {
    async fn what_is_left_out_changes_what_counts_and_stays_visible(fresh) {
        let (house, caller) = measured(&fresh).await;
        let outage = json!({"objective": "pay", "from": at(4_000 * 300 - 30 * DAY), "to": at(4_010 * 300 - 30 * DAY), "reason": "the provider's outage", "category": "outside cause"});
        let made = caller.post("/api/v1/exclusions", &outage).await.is(201);
        let budget = caller.get("/api/v1/slos/pay/budget").await.is(200);
        near(&budget["bad"], 0.0);
        near(&budget["total"], 8_630_000.0);
        near(&budget["raw"]["bad"], 4_000.0);
        near(&budget["raw"]["total"], 8_640_000.0);
        assert_eq!(caller.items("/api/v1/exclusions?objective=pay").await.len(), 1);
        let removed = caller.send(Method::DELETE, &format!("/api/v1/exclusions/{}", text(&made["id"])), "").await.is(200);
        assert_eq!(removed["reason"], "the provider's outage");
        near(&caller.get("/api/v1/slos/pay/budget").await.is(200)["bad"], 4_000.0);
        // One that comes back: every Sunday from two to three, for the whole service.
        let mut weekly = json!({"service": "pay", "from": at(0), "to": at(3_600), "reason": "maintenance", "category": "maintenance",
            "recurrence": {"rule": "FREQ=WEEKLY;BYDAY=SU", "start": "2026-07-05T02:00:00", "zone": "UTC", "duration_s": 3600}});
        let contradicts = caller.post("/api/v1/exclusions", &weekly).await;
        assert_eq!(contradicts.refused(422), "invalid_exclusion", "from and to are not the first time of its rule");
        assert!(contradicts.text().contains("2026-07-05T02:00:00Z"), "{}", contradicts.text());
        (weekly["from"], weekly["to"]) = (json!("2026-07-05T02:00:00Z"), json!("2026-07-05T03:00:00Z"));
        caller.post("/api/v1/exclusions", &weekly).await.is(201);
        // Four Sundays lie between 12 July noon and 11 August noon: 19 and 26 July, 2 and 9 August.
        near(&caller.get("/api/v1/slos/pay/budget").await.is(200)["total"], 8_640_000.0 - 4.0 * 12_000.0);
        let without_reason = json!({"from": at(0), "to": at(-1), "reason": " "});
        assert_eq!(caller.post("/api/v1/exclusions", &without_reason).await.refused(422), "invalid_exclusion");
        let admin = house.program(Role::Admin).await;
        let noted = admin.items("/api/v1/audit?action=exclusion.created").await;
        let of = |reason: &str| noted.iter().find(|entry| entry["data"]["reason"] == reason).map(|entry| entry["data"].clone()).unwrap_or_default();
        let weekly = of("maintenance");
        for (name, value) in
            [("rule", "FREQ=WEEKLY;BYDAY=SU"), ("zone", "UTC"), ("duration_s", "3600"), ("category", "maintenance"), ("service", "pay"), ("start", "2026-07-05T02:00:00")]
        {
            assert_eq!(weekly[name], value, "{weekly}");
        }
        assert_eq!(of("the provider's outage")["objective"], "pay");
        for (action, count) in [("exclusion.created", 2), ("exclusion.removed", 1), ("objective.created", 1)] {
            assert_eq!(admin.items(&format!("/api/v1/audit?action={action}")).await.len(), count, "{action}");
        }
    }
}

story! {
    async fn what_is_left_out_can_be_ended_and_counts_from_then_on(fresh) {
        let (house, caller) = measured(&fresh).await;
        let end = async |made: &Value, ends_at: String| caller.send(Method::PATCH, &format!("/api/v1/exclusions/{}", text(&made["id"])), json!({"ends_at": ends_at}).to_string()).await;
        // It began an hour ago and would last another.
        let running = caller.post("/api/v1/exclusions", &json!({"objective": "pay", "from": at(-3_600), "to": at(3_600), "reason": "maintenance"})).await.is(201);
        assert_eq!(end(&running, at(7_200)).await.refused(409), "not_shorter");
        assert_eq!(end(&running, at(-3_600)).await.refused(409), "before_it_begins");
        let ended = end(&running, at(0)).await.is(200);
        assert_eq!((text(&ended["to"]), text(&ended["from"])), (at(0), at(-3_600)));
        assert_eq!(end(&running, at(-60)).await.refused(409), "already_over", "the past stays as it was said");
        near(&caller.get("/api/v1/slos/pay/budget").await.is(200)["total"], 8_640_000.0 - 12_000.0);
        // One that comes every day is left out no more; what it was left out before stays so.
        let daily = json!({"service": "pay", "from": at(-2 * DAY), "to": at(-2 * DAY + 3_600), "reason": "backup", "recurrence": "FREQ=DAILY"});
        let daily = caller.post("/api/v1/exclusions", &daily).await.is(201);
        assert_eq!(end(&daily, at(-DAY + 1_800)).await.refused(409), "in_the_past");
        let ended = end(&daily, at(0)).await.is(200);
        assert_eq!((text(&ended["ends_at"]), text(&ended["recurrence"]["rule"])), (at(0), "FREQ=DAILY".to_owned()));
        near(&caller.get("/api/v1/slos/pay/budget").await.is(200)["total"], 8_640_000.0 - 12_000.0 - 12_000.0 - 12_000.0);
        assert_eq!(end(&daily, at(0)).await.refused(409), "already_over");
        assert_eq!(caller.send(Method::PATCH, &format!("/api/v1/exclusions/{}", text(&daily["id"])), json!({"to": at(0)}).to_string()).await.status, 422);
        let noted = house.program(Role::Admin).await.items("/api/v1/audit?action=exclusion.ended").await;
        assert_eq!(noted.len(), 2, "what was refused is nothing that was done");
        assert_eq!(text(&noted[1]["data"]["ends_at"]), at(0));
        let viewer = house.program(Role::Viewer).await;
        assert_eq!(viewer.send(Method::PATCH, &format!("/api/v1/exclusions/{}", text(&running["id"])), json!({"ends_at": at(0)}).to_string()).await.status, 403);
    }
}

story! {
    async fn an_objective_is_changed_by_whoever_saw_it_last(fresh) {
        let (_house, caller) = measured(&fresh).await;
        let taken = json!({"name": "pay", "target": 0.99, "window": "7d"});
        assert_eq!(caller.post("/api/v1/slos", &taken).await.refused(409), "name_taken");
        let stale = caller.saying("if-match", "\"7\"");
        assert_eq!(send(&stale, Method::PATCH, "/api/v1/slos/pay", &json!({"target": 0.99})).await.refused(412), "stale_revision");
        let changed = send(&caller.saying("if-match", "\"1\""), Method::PATCH, "/api/v1/slos/pay", &json!({"target": "99 %"})).await.is(200);
        assert_eq!((&changed["revision"], &changed["generation"], &changed["target"], &changed["service"]), (&json!(2), &json!(1), &json!(0.99), &json!("pay")));
        near(&caller.get("/api/v1/slos/pay/budget").await.is(200)["consumed_ratio"], 4_000.0 / 86_400.0);

        // Another first window begins a new generation; what was sent is cut into its slices anew.
        let changed = send(&caller, Method::PATCH, "/api/v1/slos/pay", &json!({"windows": ["7d", "calendar month in Europe/Berlin"]})).await.is(200);
        assert_eq!((&changed["revision"], &changed["generation"]), (&json!(3), &json!(2)));
        let week = caller.get("/api/v1/slos/pay/budget").await.is(200);
        near(&week["total"], 2_016_000.0);
        near(&week["bad"], 0.0);
        let month = caller.get("/api/v1/slos/pay/budget?window=calendar%20month%20in%20Europe/Berlin").await.is(200);
        assert_eq!((text(&month["window"]["from"]), text(&month["window"]["to"])), ("2026-07-31T22:00:00Z".to_owned(), "2026-08-31T22:00:00Z".to_owned()));
        // Ten days and fourteen hours of August, in slices of a thousand.
        near(&month["total"], (10.0 * 288.0 + 14.0 * 12.0) * 1_000.0);
        assert_eq!(caller.get("/api/v1/slos/pay/budget?window=90d").await.refused(422), "unknown_window");
        let revisions = caller.items("/api/v1/slos/pay/revisions").await;
        assert_eq!(revisions.iter().map(|revision| revision["revision"].as_i64()).collect::<Vec<_>>(), [Some(3), Some(2), Some(1)]);

        // By its id as well, whole, and under another name.
        let id = text(&changed["id"]);
        let whole = json!({"name": "pay/availability", "target": 0.995, "window": "7d", "slice_s": 300});
        let renamed = send(&caller, Method::PUT, &format!("/api/v1/slos/{id}"), &whole).await.is(200);
        assert_eq!((&renamed["name"], &renamed["service"], &renamed["generation"]), (&json!("pay/availability"), &Value::Null, &json!(2)));
        caller.get("/api/v1/slos/pay%2Favailability").await.is(200);
        assert_eq!(caller.get("/api/v1/slos/pay").await.refused(404), "unknown_objective");
        caller.send(Method::DELETE, &format!("/api/v1/slos/{id}"), "").await.is(200);
        assert_eq!(caller.get(&format!("/api/v1/slos/{id}/budget")).await.refused(404), "unknown_objective");
        assert_eq!(caller.items("/api/v1/slos").await, [] as [Value; 0]);
    }
}

story! {
    async fn what_cannot_be_an_objective_is_refused_in_words(fresh) {
        let house = House::of(&fresh);
        let caller = house.program(Role::Commander).await;
        for (draft, word) in [
            (json!({}), "name"),
            (json!({"name": "x", "target": 1.0, "window": "30d"}), "100 %"),
            (json!({"name": "x", "target": 99.9, "window": "30d"}), "99.9 %"),
            (json!({"name": "x", "target": 0.99, "window": "30x"}), "30x"),
            (json!({"name": "x", "target": 0.99, "window": "calendar month in Mitte"}), "Mitte"),
            (json!({"name": "x y", "target": 0.99, "window": "30d"}), "name"),
            (json!({"name": "x", "target": 0.99, "window": "30d", "slice_s": 7}), "slice"),
            (json!({"name": "x", "target": 0.99, "window": "30d", "indicator": {"kind": "ratio", "total": "a"}}), "good or bad"),
            (json!({"name": "x", "target": 0.99, "window": "30d", "indicator": {"kind": "composite", "how": "series", "of": [{"objective": "y"}]}}), "“y”"),
            (json!({"name": "x", "target": 0.9, "window": "30d", "alerting": {"pairs": [{"severity": "page", "factor": 14.4, "long_s": 3600, "short_s": 300}]}}), "14.4"),
        ] {
            let answer = caller.post("/api/v1/slos", &draft).await;
            assert_eq!(answer.refused(422), "invalid_objective", "{draft}");
            assert!(answer.text().contains(word), "{draft}: {}", answer.text());
        }
    }
}

story! {
    async fn what_is_wrong_with_a_line_is_told_and_the_others_are_kept(fresh) {
        let house = House::of(&fresh);
        let caller = house.program(Role::Commander).await;
        caller.post("/api/v1/slos", &json!({"name": "pay", "target": 0.99, "window": "7d"})).await.is(201);
        let asked = json!({"name": "asked", "target": 0.99, "window": "7d", "source": "prod", "indicator": {"kind": "probe", "query": "up"}});
        caller.post("/api/v1/slos", &asked).await.is(201);
        let line = |fields: Value| fields.to_string();
        let lines = [
            line(json!({"objective": "pay", "at": at(-60), "good": 9, "total": 10})),
            "nonsense".to_owned(),
            line(json!({"objective": "nobody", "at": at(-60), "good": 9, "total": 10})),
            line(json!({"objective": "pay", "at": "yesterday", "good": 9, "total": 10})),
            line(json!({"objective": "pay", "at": at(601), "good": 9, "total": 10})),
            line(json!({"objective": "pay", "at": at(-400 * DAY), "good": 9, "total": 10})),
            line(json!({"objective": "pay", "at": at(-60), "good": "many", "total": 10})),
            line(json!({"objective": "asked", "at": at(-60), "good": 9, "total": 10})),
            line(json!({"objective": "pay", "at": at(-120), "good": 11, "total": 10})),
        ];
        let report = push(&caller, lines.join("\n")).await;
        let codes: Vec<(u64, String)> =
            report["rejected"].as_array().expect("a list").iter().map(|line| (line["line"].as_u64().unwrap_or_default(), text(&line["code"]))).collect();
        let expected = ["not_json", "unknown_objective", "bad_time", "in_the_future", "too_old", "bad_counts", "not_pushed"];
        assert_eq!(codes, (2..).zip(expected).map(|(line, code)| (line, code.to_owned())).collect::<Vec<_>>());
        assert_eq!(report["accepted"], 2);
        let budget = caller.get("/api/v1/slos/pay/budget").await.is(200);
        near(&budget["total"], 20.0);
        near(&budget["bad"], 1.0);
        assert!(budget["flags"].as_array().is_some_and(|flags| flags.contains(&json!("good_over_total"))), "{budget}");
        // Two of seven days' minutes say nothing.
        assert_eq!(budget["state"], "not_measured");
        assert_eq!(push(&caller, "").await, json!({"accepted": 0, "unchanged": 0, "rejected": []}));
        // The key of an integration is enough; a stranger's is not.
        let (_, key) = house.integration(json!({"source": "generic", "name": "sender"})).await;
        let sender = house.nobody().saying("authorization", &format!("Bearer {key}"));
        let pretty = format!("{:#}", json!({"objective": "pay", "at": at(-180), "good": 9, "total": 10}));
        assert_eq!(push(&sender, pretty).await["accepted"], 1);
        assert_eq!(house.nobody().saying("authorization", "Bearer toi_wrong").send(Method::POST, "/api/v1/sli", "").await.status, 401);
    }
}

/// One reading a minute from so many minutes before noon up to another, with so many bad of a hundred.
fn minutes(objective: &str, from: i64, to: i64, bad: i64) -> String {
    let line = |n: i64| json!({"objective": objective, "at": at(n * 60), "bad": bad, "total": 100}).to_string() + "\n";
    (from..to).map(line).collect()
}

story! {
    async fn a_fast_burn_opens_an_incident_and_resolves_it(fresh) {
        let house = House::of(&fresh);
        let caller = house.program(Role::Commander).await;
        caller.post("/api/v1/slos", &json!({"name": "pay", "title": "Payments", "service": "pay", "target": "99.9 %", "window": "30d"})).await.is(201);
        push(&caller, minutes("pay", -120, -30, 0)).await;
        assert_eq!(caller.items("/api/v1/alerts").await.len(), 0);
        // Half an hour of five per cent: 2.5 % of the hour is a burn of 25, 5 % of five minutes one of 50.
        push(&caller, minutes("pay", -30, 0, 5)).await;
        let budget = caller.get("/api/v1/slos/pay/budget").await.is(200);
        let page = budget["alerts"].as_array().and_then(|alerts| alerts.iter().find(|alert| alert["long_s"] == 3_600)).cloned().expect("there is a pair of an hour");
        assert_eq!((&page["firing"], &page["frozen"], &page["state"]), (&json!(true), &json!(false), &json!("CRITICAL")));
        near(&page["governing_burn"], 25.0);
        // The pair of six hours is not measured enough, and keeps its level.
        let six = budget["alerts"].as_array().and_then(|alerts| alerts.iter().find(|alert| alert["long_s"] == 21_600)).cloned().expect("there is a pair of six hours");
        assert_eq!((&six["firing"], &six["frozen"]), (&json!(false), &json!(true)));
        let alerts = caller.items("/api/v1/alerts").await;
        assert_eq!(alerts.len(), 1, "{alerts:?}");
        let alert = &alerts[0];
        assert_eq!((&alert["source"], &alert["severity"], &alert["state"]), (&json!("slo"), &json!("critical"), &json!("triggered")));
        assert_eq!((&alert["labels"]["service"], &alert["labels"]["objective"]), (&json!("pay"), &json!("pay")));
        let incident = caller.get(&format!("/api/v1/incidents/{}", text(&alert["incident_id"]))).await.is(200);
        assert_eq!((&incident["state"], &incident["services"]), (&json!("triage"), &json!(["pay"])));
        // It pages, and yet few are affected.
        let because = "it burns its budget 50 times as fast as it may over the last 5 min, with 5 % of what was counted affected, and SEV1 is for more than half";
        assert_eq!((&incident["proposed_severity"], &incident["severity_reason"]), (&json!("SEV2"), &json!(because)));
        // Deciding again tells nothing twice.
        fresh.at(15);
        house.app.burning.look(&house.app).await.expect("the store works");
        assert_eq!(caller.items("/api/v1/alerts").await[0]["deliveries"], 1);

        // Five good minutes and the short window is quiet.
        fresh.at(360);
        push(&caller, minutes("pay", 0, 6, 0)).await;
        let alerts = caller.items("/api/v1/alerts").await;
        assert_eq!((&alerts[0]["state"], alerts.len()), (&json!("resolved"), 1));
        let incident = caller.get(&format!("/api/v1/incidents/{}", text(&alert["incident_id"]))).await.is(200);
        assert_eq!(incident["state"], "resolved");

        // It burns again, then nothing is heard: the level stays as it was.
        fresh.at(1_200);
        push(&caller, minutes("pay", 6, 20, 30)).await;
        assert_eq!(caller.items("/api/v1/alerts?state=triggered").await.len(), 1);
        fresh.at(7_200);
        house.app.burning.look(&house.app).await.expect("the store works");
        let mut kinds: Vec<String> = caller.items("/api/v1/alerts?state=triggered").await.iter().map(|alert| text(&alert["labels"]["alertname"])).collect();
        kinds.sort_unstable();
        assert_eq!(kinds, ["BurnRate", "NoReadings"], "nothing else would ever end it");
        // Whoever removes the objective ends its alerts.
        caller.send(Method::DELETE, "/api/v1/slos/pay", "").await.is(200);
        assert_eq!(caller.items("/api/v1/alerts?state=triggered").await.len(), 0);
    }
}

story! {
    async fn the_gate_says_no_when_the_budget_is_spent_unless_somebody_decides(fresh) {
        let house = House::of(&fresh);
        let caller = house.program(Role::Commander).await;
        caller.post("/api/v1/slos", &json!({"name": "pay", "service": "pay", "target": "99.9 %", "window": "30d", "slice_s": 300, "gate_fails_closed": true})).await.is(201);
        let unknown = caller.get("/api/v1/release-gate?service=pay").await.is(200);
        assert_eq!((&unknown["level"], &unknown["may_release"]), (&json!("UNKNOWN"), &json!(false)), "it fails closed");
        push(&caller, month("pay", an_outage)).await;
        let open = caller.get("/api/v1/release-gate?service=pay&fail=true").await.is(200);
        assert_eq!((&open["level"], &open["may_release"]), (&json!("OK"), &json!(true)));
        push(&caller, month("pay", |n| if n < 8_000 { an_outage(n) } else { 10 })).await;
        // 4,000 and 640 times 10 are more than 8,640.
        let frozen = caller.get("/api/v1/release-gate?service=pay").await.is(200);
        assert_eq!((&frozen["level"], &frozen["may_release"], &frozen["override"]), (&json!("FROZEN"), &json!(false), &Value::Null));
        assert!(!text(&frozen["words"]).is_empty() && frozen["reasons"].as_array().is_some_and(|reasons| reasons.len() == 1));
        caller.get("/api/v1/release-gate?service=pay&fail=true").await.is(409);
        let decision = json!({"service": "pay", "reason": "the fix itself", "until": at(3_600)});
        let made = caller.post("/api/v1/release-gate/overrides", &decision).await.is(201);
        let overridden = caller.get("/api/v1/release-gate?service=pay&fail=true").await.is(200);
        assert_eq!((&overridden["level"], &overridden["may_release"], &overridden["override"]["reason"]), (&json!("FROZEN"), &json!(true), &json!("the fix itself")));
        assert_eq!(caller.items("/api/v1/release-gate/overrides?service=pay").await, std::slice::from_ref(&made));
        caller.send(Method::DELETE, &format!("/api/v1/release-gate/overrides/{}", text(&made["id"])), "").await.is(200);
        caller.get("/api/v1/release-gate?service=pay&fail=true").await.is(409);
        // It also ends by itself.
        caller.post("/api/v1/release-gate/overrides", &decision).await.is(201);
        fresh.at(3_601);
        assert_eq!(caller.get("/api/v1/release-gate?service=pay").await.is(200)["may_release"], false);
        for (wrong, code) in [
            (json!({"service": "pay", "reason": "", "until": at(7_200)}), "invalid_override"),
            (json!({"service": "pay", "reason": "x", "until": at(0)}), "invalid_override"),
        ] {
            assert_eq!(caller.post("/api/v1/release-gate/overrides", &wrong).await.refused(422), code);
        }
        assert_eq!(caller.get("/api/v1/release-gate?service=nobody").await.refused(404), "unknown_service");
        let admin = house.program(Role::Admin).await;
        assert_eq!(admin.items("/api/v1/audit?action=release_gate").await.len(), 3);
        let board = caller.get("/api/v1/objectives/board").await.is(200);
        assert_eq!((&board["rows"][0]["objective"]["name"], board["rows"].as_array().map(Vec::len)), (&json!("pay"), Some(1)));
        assert!(board["headline"]["words"].as_str().is_some_and(|words| !words.is_empty()));
    }
}

story! {
    async fn an_incident_says_what_it_costs_and_a_private_one_only_to_its_people(fresh) {
        let (house, caller) = measured(&fresh).await;
        let (owner, viewer) = (house.program_called("owner", Role::Responder).await, house.program(Role::Viewer).await);
        let (from, to) = (at(4_000 * 300 - 30 * DAY), at(4_010 * 300 - 30 * DAY));
        let draft = json!({"title": "Secret outage", "severity": "SEV2", "private": true, "services": ["pay"], "started_at": from,
            "impact": [{"service": "pay", "from": from, "to": to}]});
        let incident = owner.declared(draft).await;
        let (id, reference) = (text(&incident["id"]), text(&incident["ref"]));
        let costs = owner.items(&format!("/api/v1/incidents/{id}/cost")).await;
        assert_eq!((costs.len(), &costs[0]["objective"]["name"]), (1, &json!("pay")));
        near(&costs[0]["bad"], 4_000.0);
        near(&costs[0]["ratio"], 4_000.0 / 8_640.0);
        near(&costs[0]["minutes"], 43.2 * 4_000.0 / 8_640.0);
        assert_eq!(viewer.get(&format!("/api/v1/incidents/{id}/cost")).await.refused(404), viewer.get("/api/v1/incidents/INC-999/cost").await.refused(404));
        let page = async |caller: &Caller| caller.saying("x-tocsin", "1").post("/api/fn/objectives/page", &json!({"objective": "pay", "window": null})).await;
        let (seen, unseen) = (page(&owner).await, page(&viewer).await);
        assert_eq!((seen.status, unseen.status), (200, 200), "{}", unseen.text());
        assert!(seen.text().contains(&reference) && seen.text().contains("Secret"));
        for path in ["/api/v1/slos/pay/budget", "/api/v1/slos/pay/explain", "/api/v1/release-gate?service=pay", "/api/v1/objectives/board"] {
            let told = viewer.get(path).await;
            assert!(told.status == 200 && !told.text().contains("Secret") && !told.text().contains(&reference), "{path}: {}", told.text());
        }
        let told = unseen.text();
        assert!(!told.contains("Secret") && !told.contains(&reference), "{told}");
        let ground = viewer.saying("x-tocsin", "1").post("/api/fn/objectives/ground", &json!({"objective": "pay"})).await;
        assert!(ground.status == 200 && !ground.text().contains("Secret"), "{}", ground.text());
        // Two at the same time share, as far as somebody sees both.
        let public = json!({"title": "Outage", "severity": "SEV2", "services": ["pay"], "started_at": from, "impact": [{"service": "pay", "from": from, "to": to}]});
        let public = text(&caller.declared(public).await["id"]);
        let shared = owner.items(&format!("/api/v1/incidents/{public}/cost")).await;
        let alone = viewer.items(&format!("/api/v1/incidents/{public}/cost")).await;
        near(&shared[0]["bad"], 2_000.0);
        assert_eq!((&shared[0]["shared"], &alone[0]["shared"]), (&json!(true), &json!(false)));
        near(&alone[0]["bad"], 4_000.0);
        // The list of incidents tells the same of several, and nothing of those that are hidden.
        let several = async |caller: &Caller| caller.saying("x-tocsin", "1").post("/api/fn/incidents/costs", &json!({"ids": [id, public]})).await.is(200);
        let (both, one) = (several(&owner).await, several(&viewer).await);
        assert_eq!(both.as_array().map(Vec::len), Some(2));
        assert_eq!((one.as_array().map(Vec::len), &one[0]["id"], &one[0]["costs"]), (Some(1), &json!(public), &json!(alone)));
        let listed = both.as_array().into_iter().flatten().find(|costs| costs["id"] == json!(public)).expect("it is among them");
        assert_eq!(listed["costs"], json!(shared), "as on its own page");
        // One that is over is told as of its end, also next to those that go on.
        let over = json!({"origin": "old", "id": "1", "title": "Long over", "severity": "SEV2", "services": ["pay"], "started_at": from, "resolved_at": to});
        assert_eq!(caller.post("/api/v1/import/incidents", &over).await.is(200)["created"], 1);
        let over = text(&caller.items("/api/v1/incidents?q=Long%20over").await[0]["id"]);
        let three = caller.saying("x-tocsin", "1").post("/api/fn/incidents/costs", &json!({"ids": [id, public, over]})).await.is(200);
        for incident in [&public, &over] {
            let own = caller.items(&format!("/api/v1/incidents/{incident}/cost")).await;
            let listed = three.as_array().into_iter().flatten().find(|costs| costs["id"] == json!(incident)).expect("it is among them");
            assert!(!own.is_empty() && listed["costs"] == json!(own), "{own:?} {listed}");
        }
        let many = caller.saying("x-tocsin", "1").post("/api/fn/incidents/costs", &json!({"ids": vec![id; 61]})).await;
        assert_eq!(many.status, 400, "no more than a screen shows");
    }
}

story! {
    async fn a_data_source_never_gives_its_secrets_back(fresh) {
        let house = House::of(&fresh);
        let admin = house.program(Role::Admin).await;
        let draft = json!({"name": "prod", "kind": "prometheus", "url": "http://127.0.0.1:1/prometheus", "auth": {"kind": "bearer", "token": "hunter2"}, "timeout_s": 2});
        let made = admin.post("/api/v1/data-sources", &draft).await;
        assert!(made.status == 201 && !made.text().contains("hunter2"), "{}", made.text());
        let id = text(&made.is(201)["id"]);
        assert_eq!(admin.post("/api/v1/data-sources", &draft).await.refused(409), "name_taken");
        let changed = admin.patch(&format!("/api/v1/data-sources/{id}"), &json!({"timeout_s": 1})).await.is(200);
        assert_eq!((&changed["auth"], &changed["timeout_s"], &changed["name"]), (&json!("bearer"), &json!(1), &json!("prod")));
        let elsewhere = json!({"url": "http://127.0.0.1:2"});
        assert_eq!(admin.patch(&format!("/api/v1/data-sources/{id}"), &elsewhere).await.refused(422), "invalid_data_source");
        let tried = admin.post(&format!("/api/v1/data-sources/{id}/test"), &Value::Null).await.is(200);
        assert_eq!(tried["answers"], false, "{tried}");
        let asked = json!({"name": "asked", "target": 0.99, "window": "7d", "source": "prod", "indicator": {"kind": "probe", "query": "up"}});
        admin.post("/api/v1/slos", &asked).await.is(201);
        assert_eq!(admin.send(Method::DELETE, &format!("/api/v1/data-sources/{id}"), "").await.refused(409), "in_use");
        admin.send(Method::DELETE, "/api/v1/slos/asked", "").await.is(200);
        assert_eq!(admin.send(Method::DELETE, &format!("/api/v1/data-sources/{id}"), "").await.status, 204);
        for path in ["/api/v1/data-sources", "/api/v1/audit"] {
            assert!(!admin.get(path).await.text().contains("hunter2"), "{path}");
        }
        assert_eq!(admin.items("/api/v1/audit?action=data_source").await.len(), 3);
    }
}

story! {
    /// Another process on the same database: what it writes counts with the next question.
    async fn what_another_server_takes_in_is_seen_at_once(fresh) {
        let (_house, caller) = measured(&fresh).await;
        let before = caller.get("/api/v1/slos/pay/budget").await.is(200);
        let other = tocsin::server::store::Store::open(&fresh.url, fresh.clock.clone()).await.expect("the database opens twice");
        let other = House::over(other, tocsin::server::config::Config::default());
        let there = caller.at(&other);
        assert_eq!(there.get("/api/v1/slos/pay/budget").await.is(200), before);
        let late = json!({"objective": "pay", "at": at(5_000 * 300 - 30 * DAY), "good": 0, "total": 1000});
        push(&there, late.to_string()).await;
        near(&caller.get("/api/v1/slos/pay/budget").await.is(200)["bad"], 5_000.0);
        send(&there, Method::PATCH, "/api/v1/slos/pay", &json!({"target": 0.99})).await.is(200);
        near(&caller.get("/api/v1/slos/pay/budget").await.is(200)["allowed_bad"], 86_400.0);
    }
}

story! {
    /// Old slices are merged and the figures stay; what was merged can still be corrected.
    async fn old_slices_are_merged_without_a_trace_in_the_figures(fresh) {
        let house = House::of(&fresh);
        let caller = house.program(Role::Commander).await;
        caller.post("/api/v1/slos", &json!({"name": "pay", "target": "99.9 %", "window": "10d"})).await.is(201);
        // Ten days of minutes, with an hour that was not measured.
        let lines: String = (-14_400..0)
            .filter(|n| !(-9_000..-8_940).contains(n))
            .map(|n: i64| json!({"objective": "pay", "at": at(n * 60), "bad": i64::from(n % 1_000 == 0), "total": 100}).to_string() + "\n")
            .collect();
        assert_eq!(push(&caller, lines.clone()).await["accepted"], 14_340);
        let before = caller.get("/api/v1/slos/pay/budget").await.is(200);
        let kept = house.app.store.objectives().await.expect("the store works");
        assert!(house.app.store.compact_slices(&kept[0], &[]).await.expect("the store works"));
        assert!(!house.app.store.compact_slices(&kept[0], &[]).await.expect("the store works"), "once");
        let after = caller.get("/api/v1/slos/pay/budget").await.is(200);
        for field in ["good", "bad", "total", "coverage", "remaining_ratio"] {
            near(&after[field], before[field].as_f64().expect("a number"));
        }
        assert_eq!(push(&caller, lines).await["unchanged"], 14_340);
        let late = json!({"objective": "pay", "at": at(-12_001 * 60), "bad": 50, "total": 100});
        assert_eq!(push(&caller, late.to_string()).await["accepted"], 1);
        near(&caller.get("/api/v1/slos/pay/budget").await.is(200)["bad"], before["bad"].as_f64().expect("a number") + 50.0);
    }
}

story! {
    /// A server that starts begins with what is packed and says what the slices say, also of what
    /// came after it was packed.
    async fn a_server_that_starts_says_what_the_slices_say(fresh) {
        let (house, caller) = measured(&fresh).await;
        let same = async |what: &str| {
            let started = House::of(&fresh).program_called(what, Role::Viewer).await;
            let path = "/api/v1/slos/pay/budget";
            assert_eq!(started.get(path).await.is(200), caller.get(path).await.is(200), "{what}");
        };
        house.app.levels.pack(&house.app).await.expect("the store works");
        let packed = fresh.store.slice_packs().await.expect("the store works");
        assert_eq!(packed.len(), 1);
        same("packed").await;
        // One late reading that changes a slice, and one that is new.
        push(&caller, json!({"objective": "pay", "at": at(6_000 * 300 - 30 * DAY + 7), "bad": 90, "total": 90}).to_string()).await;
        push(&caller, json!({"objective": "pay", "at": at(0), "bad": 7, "total": 1000}).to_string()).await;
        same("after it").await;
        // What is merged, and what is left out.
        let kept = fresh.store.objectives().await.expect("the store works");
        fresh.store.compact_slices(&kept[0], &[]).await.expect("the store works");
        let outage = json!({"objective": "pay", "from": at(4_000 * 300 - 30 * DAY), "to": at(4_010 * 300 - 30 * DAY), "reason": "a drill", "category": "maintenance"});
        caller.post("/api/v1/exclusions", &outage).await.is(201);
        same("less").await;
        // What was packed long ago is packed anew; what is damaged is left aside.
        house.app.levels.pack(&house.app).await.expect("the store works");
        let (number, head) = fresh.store.slice_packs().await.expect("the store works").into_iter().next().expect("it is packed");
        fresh.store.keep_slice_pack(number, &head, "!".to_owned()).await.expect("the store works");
        same("damaged").await;
        // Another generation has nothing of the one before.
        caller.patch("/api/v1/slos/pay", &json!({"windows": ["7d"]})).await.is(200);
        same("anew").await;
        caller.send(Method::DELETE, "/api/v1/slos/pay", "").await.is(200);
        assert!(fresh.store.slice_packs().await.expect("the store works").is_empty());
    }
}

story! {
    async fn objectives_are_made_from_others(fresh) {
        let (_house, caller) = measured(&fresh).await;
        caller.post("/api/v1/slos", &json!({"name": "search", "target": "99.9 %", "window": "30d", "slice_s": 300})).await.is(201);
        push(&caller, month("search", |_| 0)).await;
        let shop = |how: &str| {
            let parts = json!([{"objective": "pay"}, {"objective": "search", "weight": 3}]);
            json!({"name": how, "target": "99.9 %", "window": "30d", "slice_s": 300, "indicator": {"kind": "composite", "how": how, "of": parts}})
        };
        // Ten slices of 40 %: a tenth of each by weight, all of each where one is down, 40 % in a row.
        for (how, bad) in [("weighted", 1.0), ("any_down", 10.0), ("series", 4.0)] {
            let made = caller.post("/api/v1/slos", &shop(how)).await.is(201);
            assert_eq!(made["method"], "ratio_timeslices");
            let budget = caller.get(&format!("/api/v1/slos/{how}/budget")).await.is(200);
            near(&budget["bad"], bad);
            near(&budget["total"], 8_640.0);
            near(&budget["consumed_ratio"], bad / 8.64);
            assert_eq!(budget["unit"], "slices");
        }
        // What changes in a part changes in the whole.
        let late = json!({"objective": "search", "at": at(5_000 * 300 - 30 * DAY), "good": 0, "total": 1000});
        push(&caller, late.to_string()).await;
        near(&caller.get("/api/v1/slos/any_down/budget").await.is(200)["bad"], 11.0);
        assert_eq!(caller.send(Method::DELETE, "/api/v1/slos/search", "").await.refused(409), "in_use");
        let round = json!({"indicator": {"kind": "composite", "how": "series", "of": [{"objective": "series"}]}});
        assert_eq!(send(&caller, Method::PATCH, "/api/v1/slos/any_down", &round).await.status, 200, "a composite of composites");
        let back = json!({"indicator": {"kind": "composite", "how": "series", "of": [{"objective": "any_down"}]}});
        assert_eq!(send(&caller, Method::PATCH, "/api/v1/slos/series", &back).await.refused(422), "invalid_objective");
    }
}

story! {
    async fn a_source_that_gives_nothing_is_missed_once(fresh) {
        use tocsin::domain::slo::series::Slice;
        let house = House::of(&fresh);
        let caller = house.program(Role::Commander).await;
        let draft = json!({"name": "up", "service": "pay", "target": "99.9 %", "window": "7d", "source": "prod", "indicator": {"kind": "probe", "query": "up"}});
        let made = caller.post("/api/v1/slos", &draft).await.is(201);
        let id = text(&made["id"]).parse().expect("it is an id");
        let measure = async |from: i64, to: i64, generation: i64| {
            let readings: Vec<Slice> =
                (from..to).map(|n| Slice { start_s: NOON.epoch_secs() + n * 60, width_s: 60, good: 4.0, total: 4.0 }).collect();
            house.app.levels.record(&house.app, id, generation, &readings).await.expect("the store works")
        };
        assert!(measure(-120, 0, 1).await);
        assert!(!measure(-120, 0, 1).await, "measured again, and nothing is new");
        assert!(!measure(0, 1, 2).await, "there is no such generation");
        let look = async || house.app.burning.look(&house.app).await.expect("the store works");
        look().await;
        assert_eq!(caller.items("/api/v1/alerts").await.len(), 0);
        fresh.at(601);
        for _ in 0..2 {
            look().await;
        }
        let alerts = caller.items("/api/v1/alerts").await;
        assert_eq!((alerts.len(), &alerts[0]["labels"]["alertname"], &alerts[0]["severity"]), (1, &json!("NoReadings"), &json!("error")));
        assert_eq!(caller.get("/api/v1/slos/up/budget").await.is(200)["state"], "not_measured");
        assert!(measure(0, 10, 1).await);
        look().await;
        assert_eq!(caller.items("/api/v1/alerts").await[0]["state"], "resolved");
        // The integration of these alerts is ours: it is not switched off.
        let admin = house.program(Role::Admin).await;
        let ours = admin.items("/api/v1/integrations").await.into_iter().find(|integration| integration["source"] == "slo").expect("it was made");
        let path = format!("/api/v1/integrations/{}", text(&ours["id"]));
        assert_eq!(admin.send(Method::DELETE, &path, "").await.refused(409), "built_in");
        assert_eq!(caller.send(Method::POST, "/api/v1/sli", json!({"objective": "up", "at": at(0), "good": 1, "total": 1}).to_string()).await.is(200)["rejected"][0]["code"], "not_pushed");
    }
}
