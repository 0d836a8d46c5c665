//! Objectives that are described anew while their alerts are open, and descriptions that make no
//! sense.

use crate::{
    callers::{Caller, House, text},
    databases::{Fresh, NOON},
    story,
};
use axum::http::Method;
use serde_json::{Value, json};
use tocsin::{
    domain::{people::Role, slo::series::Slice},
    server::{config::Config, store::Store},
};

/// RFC 3339, so many minutes from noon.
fn at(minute: i64) -> String {
    NOON.plus_secs(minute * 60).to_string()
}

#[track_caller]
fn near(value: &Value, expected: f64) {
    let number = value.as_f64().unwrap_or_else(|| panic!("{value} is a number, {expected} was expected"));
    assert!((number - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{number} is not {expected}");
}

struct Pay {
    fresh: Fresh,
    house: House,
    caller: Caller,
}

impl Pay {
    async fn new(fresh: Fresh) -> Self {
        let house = House::of(&fresh);
        let caller = house.program(Role::Commander).await;
        Self { fresh, house, caller }
    }

    async fn changes(&self, fields: Value) -> Value {
        self.caller.saying("content-type", "application/json").send(Method::PATCH, "/api/v1/slos/pay", fields.to_string()).await.is(200)
    }

    /// A hundred requests a minute that are sent to us, of which so many are bad.
    async fn sends(&self, objective: &str, from: i64, to: i64, bad: i64) {
        let line = |minute: i64| json!({"objective": objective, "at": at(minute), "bad": bad, "total": 100}).to_string() + "\n";
        let lines: String = (from..to).map(line).collect();
        self.caller.send(Method::POST, "/api/v1/sli", lines).await.is(200);
    }

    /// The same of an objective whose source is asked.
    async fn measures(&self, from: i64, to: i64, bad: f64) {
        let held = self.house.app.levels.current(&self.house.app).await.expect("the store works");
        let objective = held.find("pay").expect("it is there").objective();
        let slice = |n: i64| Slice { start_s: NOON.epoch_secs() + n * 60, width_s: 60, good: 100.0 - bad, total: 100.0 };
        let slices: Vec<Slice> = (from..to).map(slice).collect();
        self.house.app.levels.record(&self.house.app, objective.id, objective.generation, &slices).await.expect("the store works");
    }

    async fn looks(&self) {
        self.house.app.burning.look(&self.house.app).await.expect("the store works");
    }

    async fn open(&self) -> Vec<Value> {
        self.caller.items("/api/v1/alerts?state=triggered").await
    }

    async fn incidents(&self) -> usize {
        self.caller.items("/api/v1/incidents").await.len()
    }
}

story! {
    async fn an_alert_stays_while_it_burns_by_the_new_description(fresh) {
        let pay = Pay::new(fresh).await;
        let indicator = |total: &str| json!({"kind": "ratio", "bad": "bad_total", "total": total});
        let draft = json!({"name": "pay", "service": "pay", "target": "99.9 %", "window": "30d", "source": "prod", "indicator": indicator("all_total")});
        pay.caller.post("/api/v1/slos", &draft).await.is(201);
        pay.measures(-180, -30, 0.0).await;
        pay.measures(-30, 0, 20.0).await;
        pay.looks().await;
        let page = pay.open().await;
        assert_eq!((page.len(), &page[0]["severity"]), (1, &json!("critical")));

        // Words, target and owner change nothing; another window and another query begin anew, and
        // until something is known of them it stays as it was, also over a restart.
        for fields in [
            json!({"title": "Payments", "description": "All of them"}),
            json!({"target": "99.8 %"}),
            json!({"windows": ["28d"]}),
            json!({"indicator": indicator("every_total")}),
            json!({"alerting": {"pairs": [{"severity": "page", "factor": 10.0, "long_s": 7_200, "short_s": 600}]}}),
        ] {
            pay.changes(fields.clone()).await;
            pay.looks().await;
            let restarted = House::of(&pay.fresh);
            restarted.app.burning.look(&restarted.app).await.expect("the store works");
            assert_eq!(pay.open().await, page, "{fields}");
        }
        let budget = pay.caller.get("/api/v1/slos/pay/budget").await.is(200);
        assert_eq!((&budget["watermark"], &budget["alerts"][0]["firing"], &budget["alerts"][0]["frozen"]), (&Value::Null, &json!(true), &json!(true)));

        // By the new query it burns as well.
        pay.measures(-180, -30, 0.0).await;
        pay.measures(-30, 0, 20.0).await;
        pay.looks().await;
        assert_eq!((pay.open().await, pay.incidents().await), (page.clone(), 1));
        assert_eq!(pay.caller.get("/api/v1/slos/pay/budget").await.is(200)["alerts"][0]["frozen"], false);
        // By another one it does not.
        pay.changes(json!({"target": "90 %", "alerting": {"pairs": [{"severity": "page", "factor": 5.0, "long_s": 7_200, "short_s": 600}]}})).await;
        pay.looks().await;
        assert_eq!((pay.open().await.len(), pay.incidents().await), (0, 1));
        assert_eq!(pay.caller.get(&format!("/api/v1/incidents/{}", text(&page[0]["incident_id"]))).await.is(200)["state"], "resolved");
    }
}

story! {
    async fn a_new_query_that_finds_nothing_is_told_of(fresh) {
        let pay = Pay::new(fresh).await;
        let indicator = |total: &str| json!({"kind": "ratio", "bad": "bad_total", "total": total});
        let draft = json!({"name": "pay", "service": "pay", "target": "99.9 %", "window": "30d", "source": "prod", "indicator": indicator("all_total")});
        pay.caller.post("/api/v1/slos", &draft).await.is(201);
        pay.measures(-180, 0, 20.0).await;
        pay.looks().await;
        pay.changes(json!({"indicator": indicator("misspelt_total")})).await;
        let kinds = async || {
            pay.looks().await;
            let mut kinds: Vec<String> = pay.open().await.iter().map(|alert| text(&alert["labels"]["alertname"])).collect();
            kinds.sort_unstable();
            kinds
        };
        pay.fresh.at(300);
        assert_eq!(kinds().await, ["BurnRate"]);
        pay.fresh.at(661);
        assert_eq!(kinds().await, ["BurnRate", "NoReadings"], "its page stays, and nothing would ever end it");
        pay.measures(0, 11, 0.0).await;
        assert_eq!(kinds().await, ["BurnRate"], "it has readings, and not enough yet to decide");
    }
}

story! {
    async fn what_is_switched_off_ends_at_once(fresh) {
        let pay = Pay::new(fresh).await;
        let draft = json!({"name": "pay", "target": "99.9 %", "window": "30d", "source": "prod", "indicator": {"kind": "probe", "query": "up"}});
        pay.caller.post("/api/v1/slos", &draft).await.is(201);
        pay.measures(-180, 0, 20.0).await;
        pay.looks().await;
        assert_eq!(pay.open().await.len(), 1);
        pay.changes(json!({"windows": ["7d"], "alerting": {"enabled": false}})).await;
        pay.looks().await;
        assert_eq!(pay.open().await, [] as [Value; 0]);
    }
}

story! {
    async fn a_ticket_that_was_held_back_is_raised_by_whichever_server_sees_the_page_end(fresh) {
        let pay = Pay::new(fresh).await;
        let pairs = |factor: f64| json!([
            {"severity": "page", "factor": factor, "long_s": 3_600, "short_s": 300},
            {"severity": "ticket", "factor": 3.0, "long_s": 7_200, "short_s": 1_800},
        ]);
        let draft = json!({"name": "pay", "service": "pay", "target": "99.9 %", "window": "30d", "alerting": {"pairs": pairs(14.4)}});
        let id = text(&pay.caller.post("/api/v1/slos", &draft).await.is(201)["id"]);
        pay.sends("pay", -180, -10, 0).await;
        pay.sends("pay", -10, 0, 30).await;
        let page = pay.open().await;
        assert_eq!((page.len(), &page[0]["dedupe_key"]), (1, &json!(format!("slo/{id}/page"))));
        // Described anew while the ticket is held back, in words and by another window.
        pay.changes(json!({"title": "Payments"})).await;
        pay.changes(json!({"windows": ["28d"]})).await;
        pay.looks().await;
        assert_eq!(pay.open().await, page);

        // The page ends because somebody asks for more of it: the ticket is there, from now on.
        pay.fresh.at(30);
        pay.changes(json!({"alerting": {"pairs": pairs(600.0)}})).await;
        let other = House::over(Store::open(&pay.fresh.url, pay.fresh.clock.clone()).await.expect("the database opens twice"), Config::default());
        let (here, there) = tokio::join!(pay.house.app.burning.look(&pay.house.app), other.app.burning.look(&other.app));
        here.and(there).expect("the store works");
        let restarted = House::of(&pay.fresh);
        restarted.app.burning.look(&restarted.app).await.expect("the store works");
        let ticket = pay.open().await;
        assert_eq!((ticket.len(), &ticket[0]["dedupe_key"], &ticket[0]["severity"]), (1, &json!(format!("slo/{id}/ticket")), &json!("warning")));
        assert_eq!(text(&ticket[0]["started_at"]), NOON.plus_secs(30).to_string());
        assert_ne!(ticket[0]["incident_id"], page[0]["incident_id"]);
        assert_eq!((pay.incidents().await, pay.caller.items("/api/v1/alerts").await.len()), (2, 2));
        let resolved = pay.caller.get(&format!("/api/v1/incidents/{}", text(&page[0]["incident_id"]))).await.is(200);
        assert_eq!(resolved["state"], "resolved");
    }
}

story! {
    async fn slices_that_are_too_long_lengthen_a_pair_and_lose_none(fresh) {
        let pay = Pay::new(fresh).await;
        pay.caller.post("/api/v1/slos", &json!({"name": "pay", "service": "pay", "target": "99.9 %", "window": "30d", "slice_s": 300})).await.is(201);
        let fives = async |from: i64, to: i64, bad: i64| {
            let line = |n: i64| json!({"objective": "pay", "at": at(n * 5), "bad": bad, "total": 100}).to_string() + "\n";
            pay.caller.send(Method::POST, "/api/v1/sli", (from..to).map(line).collect::<String>()).await.is(200);
        };
        fives(-36, -4, 0).await;
        assert_eq!(pay.open().await.len(), 0);
        // Twenty minutes of a tenth: 1.67 % of two hours is a burn of 16.7.
        fives(-4, 0, 10).await;
        let open = pay.open().await;
        assert_eq!((open.len(), &open[0]["severity"]), (1, &json!("critical")));
        let budget = pay.caller.get("/api/v1/slos/pay/budget").await.is(200);
        let page = &budget["alerts"][0];
        assert_eq!((&page["long_s"], &page["short_s"], &page["firing"]), (&json!(7_200), &json!(600), &json!(true)));
        near(&page["factor"], 7.2);
        near(&page["spent_at_firing"], 0.02);
        assert_eq!(page["lengthened_from"], json!({"factor": 14.4, "long_s": 3_600, "short_s": 300}));
        assert_eq!(budget["alerts"][1]["lengthened_from"], Value::Null);
        let explained = pay.caller.get("/api/v1/slos/pay/explain").await.is(200);
        let words = "Slices of 5 min are too long to alert by 1 h and 5 min above 14×: it pages by 2 h and 10 min above 7.2×, when the same 2 % of the budget is spent.";
        assert_eq!(explained["alerts"], json!([words]));

        // Pairs of somebody's own go with the slices, whoever finds out how long they are, and can be said again.
        let own = json!({"name": "own", "target": "99.9 %", "window": "30d", "alerting": {"pairs": [{"severity": "page", "factor": 14.4, "long_s": 3_600, "short_s": 300}]}});
        pay.caller.post("/api/v1/slos", &own).await.is(201);
        let lines: String = (-36..0).map(|n: i64| json!({"objective": "own", "at": at(n * 5), "bad": 0, "total": 100}).to_string() + "\n").collect();
        pay.caller.send(Method::POST, "/api/v1/sli", lines).await.is(200);
        let again = pay.caller.saying("content-type", "application/json").send(Method::PUT, "/api/v1/slos/own", own.to_string()).await.is(200);
        assert_eq!((&again["slice_s"], &again["alerting"]["pairs"][0]["long_s"]), (&json!(300), &json!(3_600)));
        assert_eq!(pay.caller.get("/api/v1/slos/own/budget").await.is(200)["alerts"][0]["long_s"], 7_200);
    }
}

story! {
    async fn windows_pairs_and_fields_that_make_no_sense_are_refused_in_words(fresh) {
        let pay = Pay::new(fresh).await;
        pay.caller.post("/api/v1/slos", &json!({"name": "pay", "target": "99.9 %", "window": "30d"})).await.is(201);
        let rolling = |seconds: i64| json!([{"type": "rolling", "seconds": seconds}]);
        let calendar = |unit: &str, count: i64, zone: &str| json!([{"type": "calendar", "unit": unit, "count": count, "zone": zone}]);
        let pair = |severity: &str, factor: f64| json!({"severity": severity, "factor": factor, "long_s": 3_600, "short_s": 300});
        for (field, value, word) in [
            ("windows", rolling(0), "holds nothing"),
            ("windows", rolling(-86_400), "holds nothing"),
            ("windows", rolling(60), "at least an hour"),
            ("windows", rolling(400 * 86_400), "at most 366 days"),
            ("windows", json!([{"days": 1e300}]), "at most 366 days"),
            ("windows", json!(["14 months"]), "at most 366 days"),
            ("windows", json!(["30d", "7d", {"days": 30}]), "30d is there twice"),
            ("windows", json!(["30d", "720h"]), "30d is there twice"),
            ("windows", json!([]), "1 to 5 windows"),
            ("windows", calendar("fortnight", 1, "UTC"), "fortnight"),
            ("windows", calendar("month", 0, "UTC"), "holds nothing"),
            ("windows", calendar("month", 1, "Mitte/Berlin"), "Mitte/Berlin"),
            ("windows", calendar("month", 1, "not a zone"), "not a zone"),
            ("alerting", json!({"pairs": [pair("page", 14.4), pair("page", 10.0)]}), "two pairs of windows are both a page over 3600 s and 300 s"),
            ("slice_secs", json!(300), "slice_secs"),
            ("alerting", json!({"min_bd": 3}), "alerting.min_bd"),
        ] {
            let mut draft = json!({"name": "x", "target": "99.9 %", "windows": ["30d"]});
            draft[field] = value.clone();
            for (method, path) in [(Method::POST, "/api/v1/slos"), (Method::PUT, "/api/v1/slos/pay")] {
                let answer = pay.caller.saying("content-type", "application/json").send(method.clone(), path, draft.to_string()).await;
                assert_eq!(answer.refused(422), "invalid_objective", "{method} {draft}");
                assert!(answer.text().contains(word), "{draft}: {}", answer.text());
            }
            let answer = pay.caller.saying("content-type", "application/json").send(Method::PATCH, "/api/v1/slos/pay", json!({field: value}).to_string()).await;
            assert_eq!(answer.refused(422), "invalid_objective", "{field} {value}");
        }
        // A page and a ticket may look at the same windows; and what is told can be said again.
        pay.changes(json!({"alerting": {"pairs": [pair("page", 14.4), pair("ticket", 3.0)]}})).await;
        let told = pay.caller.items("/api/v1/slos").await[0].clone();
        pay.caller.saying("content-type", "application/json").send(Method::PUT, "/api/v1/slos/pay", told.to_string()).await.is(200);
    }
}

story! {
    async fn a_part_that_lags_hides_no_outage_of_another(fresh) {
        let pay = Pay::new(fresh).await;
        for name in ["a", "b"] {
            pay.caller.post("/api/v1/slos", &json!({"name": name, "target": "99 %", "window": "1d"})).await.is(201);
        }
        let parts = json!([{"objective": "a"}, {"objective": "b"}]);
        let whole = json!({"name": "shop", "target": "99 %", "window": "1d", "indicator": {"kind": "composite", "how": "any_down", "of": parts}});
        pay.caller.post("/api/v1/slos", &whole).await.is(201);
        pay.sends("a", -180, -4, 0).await;
        pay.sends("b", -180, -4, 0).await;
        // One is down, and the other has not said anything yet of these minutes.
        pay.sends("a", -4, 0, 50).await;
        let budget = pay.caller.get("/api/v1/slos/shop/budget").await.is(200);
        assert_eq!((text(&budget["watermark"]), &budget["bad"]), (at(0), &json!(4.0)));
        // Up again, of which it is not known whether all is well.
        pay.fresh.at(120);
        pay.sends("a", 0, 2, 0).await;
        let budget = pay.caller.get("/api/v1/slos/shop/budget").await.is(200);
        assert_eq!((text(&budget["watermark"]), &budget["total"], &budget["bad"]), (at(0), &json!(180.0), &json!(4.0)));
        pay.sends("b", -4, 2, 0).await;
        let budget = pay.caller.get("/api/v1/slos/shop/budget").await.is(200);
        assert_eq!((text(&budget["watermark"]), &budget["total"], &budget["bad"]), (at(2), &json!(182.0), &json!(4.0)));
    }
}

story! {
    async fn what_is_left_out_stays_exact_when_slices_are_merged(fresh) {
        let pay = Pay::new(fresh).await;
        pay.caller.post("/api/v1/slos", &json!({"name": "pay", "target": "99.9 %", "window": "30d"})).await.is(201);
        let day = -10 * 1_440;
        pay.sends("pay", day, day + 1_440, 0).await;
        // Errors of seven minutes across the edges of two groups, and of an hour that comes again each day.
        pay.sends("pay", day + 63, day + 70, 90).await;
        pay.sends("pay", day + 731, day + 742, 80).await;
        pay.sends("pay", day + 742, day + 745, 1).await;
        for (from, to) in [(63, 70), (731, 742)] {
            let exclusion = json!({"objective": "pay", "from": at(day + from), "to": at(day + to), "reason": "the provider's outage"});
            pay.caller.post("/api/v1/exclusions", &exclusion).await.is(201);
        }
        let counted = async || {
            let budget = pay.caller.get("/api/v1/slos/pay/budget").await.is(200);
            (budget["bad"].clone(), budget["total"].clone(), budget["raw"]["bad"].clone())
        };
        let before = counted().await;
        near(&before.0, 3.0);
        near(&before.1, (1_440.0 - 18.0) * 100.0);
        let compact = async || {
            let held = pay.house.app.levels.current(&pay.house.app).await.expect("the store works");
            let one = held.find("pay").expect("it is held");
            let left_out = held.left_out_of(one, pay.fresh.clock.now());
            pay.house.app.store.compact_slices(one.kept(), &left_out).await.expect("the store works")
        };
        assert!(compact().await);
        assert_eq!(counted().await, before);
        let held = pay.house.app.levels.current(&pay.house.app).await.expect("the store works");
        let slices = held.find("pay").expect("it is held").series().len();
        // Four groups are cut, at 63 and 742 minutes by one edge each, at 70 by none: it lies between two.
        assert_eq!(slices, 288 + 3 * 4, "all others are merged");
        // What is sent again, or late, is cut in the same way.
        pay.sends("pay", day + 733, day + 734, 70).await;
        let after = counted().await;
        assert_eq!((&after.0, &after.1), (&before.0, &before.1));
        near(&after.2, before.2.as_f64().expect("a number") - 10.0);
        compact().await;
        assert_eq!(counted().await, after);
    }
}
