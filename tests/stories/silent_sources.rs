//! A data source that dies is one thing: one alert and one incident, however many objectives wait
//! for its readings, and nobody's downtime. What never counted anything is not missed at all.

use crate::{
    callers::{Caller, House, text},
    databases::{Fresh, NOON},
    story,
};
use axum::http::Method;
use serde_json::{Value, json};
use tocsin::{
    domain::{people::Role, slo::series::Slice},
    server::store::Lease,
};

/// RFC 3339, so many seconds from noon.
fn at(secs: i64) -> String {
    NOON.plus_secs(secs).to_string()
}

struct Shop {
    fresh: Fresh,
    house: House,
    caller: Caller,
}

impl Shop {
    async fn new(fresh: Fresh) -> Self {
        let house = House::of(&fresh);
        let caller = house.program(Role::Admin).await;
        // Nobody listens there.
        caller.post("/api/v1/data-sources", &json!({"name": "prod", "url": "http://127.0.0.1:1", "timeout_s": 1})).await.is(201);
        Self { fresh, house, caller }
    }

    async fn asks(&self, name: &str, service: Option<&str>, source: &str) {
        let indicator = json!({"kind": "ratio", "bad": "bad_total", "total": "all_total"});
        let draft = json!({"name": name, "service": service, "target": "99.9 %", "window": "30d", "source": source, "indicator": indicator});
        self.caller.post("/api/v1/slos", &draft).await.is(201);
    }

    /// What its source said of an objective, minute by minute.
    async fn counts(&self, name: &str, from: i64, to: i64, bad: f64, total: f64) {
        let held = self.house.app.levels.current(&self.house.app).await.expect("the store works");
        let objective = held.find(name).expect("it is there").objective();
        let slice = |n: i64| Slice { start_s: NOON.epoch_secs() + n * 60, width_s: 60, good: total - bad, total };
        let slices: Vec<Slice> = (from..to).map(slice).collect();
        self.house.app.levels.record(&self.house.app, objective.id, objective.generation, &slices).await.expect("the store works");
    }

    /// Asks the sources, and decides, as the server's jobs do.
    async fn works_at(&self, secs: i64) {
        self.fresh.at(secs);
        let lease = Lease::new(([127, 0, 0, 1], 1).into());
        self.house.app.store.renew_lease(&lease).await.expect("the store works");
        self.house.app.measure.pass(&self.house.app, &lease).await.expect("the store works");
        self.looks(&self.house).await;
        self.house.app.store.drop_lease(&lease).await.expect("the store works");
    }

    async fn looks(&self, house: &House) {
        house.app.burning.look(&house.app).await.expect("the store works");
    }

    async fn open(&self) -> Vec<Value> {
        self.caller.items("/api/v1/alerts?state=triggered").await
    }
}

story! {
    async fn a_dead_source_is_one_incident_and_nobodys_downtime(fresh) {
        let shop = Shop::new(fresh).await;
        let names: Vec<String> = (0..12).map(|n| format!("objective-{n:02}")).collect();
        for name in &names {
            shop.asks(name, Some(name), "prod").await;
            shop.counts(name, -180, 0, 0.0, 100.0).await;
        }
        shop.asks("all", None, "prod").await;
        shop.counts("all", -180, 0, 0.0, 100.0).await;
        for secs in [0, 60, 200, 400] {
            shop.works_at(secs).await;
            assert_eq!(shop.open().await.len(), 0, "{secs}");
        }
        shop.works_at(620).await;
        let open = shop.open().await;
        assert_eq!(open.len(), 1, "{open:?}");
        assert_eq!((&open[0]["severity"], &open[0]["labels"]["data_source"]), (&json!("error"), &json!("prod")));
        assert!(text(&open[0]["title"]).contains("prod: 13 objectives wait"), "{}", open[0]);
        assert!(text(&open[0]["annotations"]["description"]).starts_with("It does not answer: it cannot be reached"), "{}", open[0]);
        let id = text(&open[0]["incident_id"]);
        let incident = shop.caller.get(&format!("/api/v1/incidents/{id}")).await.is(200);
        assert_eq!((&incident["services"], &incident["impact"]), (&json!([]), &json!([])));
        // Neither another look, nor a restart, nor another server tells it again.
        for house in [shop.house.clone(), House::of(&shop.fresh)] {
            shop.fresh.at(900);
            shop.looks(&house).await;
        }
        assert_eq!((shop.open().await, shop.caller.items("/api/v1/incidents").await.len()), (open, 1));

        // Readings come again, also of the time in between: errors of that time are not charged to it.
        for name in names.iter().map(String::as_str).chain(["all"]).filter(|name| *name != "objective-03") {
            shop.counts(name, 0, 20, 30.0, 100.0).await;
        }
        shop.fresh.at(1_200);
        shop.looks(&shop.house).await;
        let ended = shop.caller.get(&format!("/api/v1/incidents/{id}")).await.is(200);
        assert_eq!((&ended["state"], &ended["resolved_by"]), (&json!("resolved"), &json!("signal")));
        let silences = async || shop.open().await.into_iter().filter(|alert| alert["labels"]["alertname"] == "NoReadings").collect::<Vec<_>>();
        assert_eq!(silences().await, [] as [Value; 0], "the last of them has the time to catch up");
        assert_eq!(shop.caller.items(&format!("/api/v1/incidents/{id}/cost")).await, [] as [Value; 0]);
        let availability = shop.caller.get(&format!("/api/v1/availability?from={}&to={}&service=objective-03", at(-3_600), at(1_200))).await.is(200);
        assert_eq!(availability["downtime_s"], 0.0, "{availability}");
        let explained = shop.caller.get("/api/v1/slos/all/explain").await.is(200);
        assert!(!explained["incidents"].to_string().contains("No readings"), "{explained}");
    }
}

story! {
    async fn a_told_silence_outlasts_a_new_description(fresh) {
        let shop = Shop::new(fresh).await;
        shop.asks("a", Some("pay"), "prod").await;
        shop.counts("a", -180, 0, 0.0, 100.0).await;
        for secs in [0, 60, 200, 400, 620] {
            shop.works_at(secs).await;
        }
        let open = shop.open().await;
        assert_eq!((open.len(), &open[0]["labels"]["data_source"]), (1, &json!("prod")));
        let indicator = json!({"kind": "ratio", "bad": "bad_total", "total": "every_total"});
        let change = json!({"indicator": indicator}).to_string();
        shop.caller.saying("content-type", "application/json").send(Method::PATCH, "/api/v1/slos/a", change).await.is(200);
        shop.fresh.at(700);
        shop.looks(&shop.house).await;
        assert_eq!(shop.open().await, open, "nothing came");
        shop.counts("a", 0, 12, 0.0, 100.0).await;
        shop.fresh.at(740);
        shop.looks(&shop.house).await;
        assert_eq!(shop.open().await, [] as [Value; 0]);
    }
}

story! {
    async fn a_query_that_falls_silent_alone_is_told_of_alone(fresh) {
        let shop = Shop::new(fresh).await;
        // Of this source nothing is known but what it says to its objectives.
        for name in ["a", "b", "c"] {
            shop.asks(name, Some("pay"), "other").await;
            shop.counts(name, -180, 0, 0.0, 100.0).await;
        }
        shop.looks(&shop.house).await;
        shop.counts("a", 0, 11, 0.0, 100.0).await;
        shop.counts("b", 0, 11, 0.0, 100.0).await;
        shop.fresh.at(661);
        shop.looks(&shop.house).await;
        let open = shop.open().await;
        assert_eq!((open.len(), &open[0]["labels"]["objective"], &open[0]["labels"]["service"]), (1, &json!("c"), &json!("pay")));
        // Then the source answers, and says nothing to anybody: that is one more, and not two.
        shop.fresh.at(1_300);
        shop.looks(&shop.house).await;
        let open = shop.open().await;
        assert_eq!(open.len(), 2, "{open:?}");
        let of_source = open.iter().find(|alert| alert["labels"]["data_source"] == "other").expect("it is told of the source");
        assert!(text(&of_source["annotations"]["description"]).starts_with("It answers, and gives none"), "{of_source}");
        // What nobody asks any more nobody misses.
        for name in ["a", "b", "c"] {
            shop.caller.send(Method::DELETE, &format!("/api/v1/slos/{name}"), "").await.is(200);
        }
        shop.looks(&shop.house).await;
        assert_eq!(shop.open().await, [] as [Value; 0]);
    }
}

story! {
    async fn our_own_downtime_is_nobodys_silence(fresh) {
        let shop = Shop::new(fresh).await;
        shop.asks("a", Some("pay"), "other").await;
        shop.counts("a", -180, 0, 0.0, 100.0).await;
        // A server that starts two hours later has asked nobody yet.
        shop.fresh.at(7_200);
        shop.looks(&shop.house).await;
        assert_eq!(shop.open().await, [] as [Value; 0]);
        shop.fresh.at(7_810);
        shop.looks(&shop.house).await;
        assert_eq!(shop.open().await.len(), 1);
        let restarted = House::of(&shop.fresh);
        shop.fresh.at(7_900);
        shop.looks(&restarted).await;
        assert_eq!(shop.open().await.len(), 1, "it stays open over a restart");
    }
}

story! {
    async fn what_never_counted_anything_is_not_missed(fresh) {
        let shop = Shop::new(fresh).await;
        shop.asks("new", Some("pay"), "other").await;
        shop.counts("new", -180, 0, 0.0, 0.0).await;
        shop.looks(&shop.house).await;
        shop.fresh.at(1_300);
        shop.looks(&shop.house).await;
        assert_eq!(shop.open().await, [] as [Value; 0]);
        let budget = shop.caller.get("/api/v1/slos/new/budget").await.is(200);
        assert_eq!(budget["state"], "not_measured");
        assert!(budget["flags"].as_array().is_some_and(|flags| flags.contains(&json!("never_counted"))), "{budget}");
        assert!(text(&budget["words"]).starts_with("Nothing was counted since it was made"), "{budget}");
        let ground = async || shop.caller.saying("x-tocsin", "1").post("/api/fn/objectives/ground", &json!({"objective": "new"})).await.text();
        assert!(ground().await.contains("\"never_counted\":true"));
        // Once something was counted, silence is one, whatever was left of it when it fell silent.
        shop.counts("new", 22, 23, 0.0, 5.0).await;
        shop.counts("new", 23, 30, 0.0, 0.0).await;
        assert!(ground().await.contains("\"never_counted\":false"));
        let restarted = House::of(&shop.fresh);
        shop.fresh.at(1_900);
        shop.looks(&restarted).await;
        shop.fresh.at(2_520);
        shop.looks(&restarted).await;
        let open = shop.open().await;
        assert_eq!((open.len(), &open[0]["labels"]["objective"]), (1, &json!("new")));
    }
}

story! {
    async fn senders_that_stop_are_one_silence_and_who_sends_now_and_then_is_none(fresh) {
        let shop = Shop::new(fresh).await;
        let caller = &shop.caller;
        for name in ["a", "b", "now-and-then", "once", "past", "never"] {
            caller.post("/api/v1/slos", &json!({"name": name, "service": name, "target": "99.9 %", "window": "30d", "slice_s": 60})).await.is(201);
        }
        let sends = async |name: &str, minutes: Vec<i64>| {
            let line = |minute: i64| json!({"objective": name, "at": at(minute * 60), "bad": 0, "total": 100}).to_string() + "\n";
            caller.send(Method::POST, "/api/v1/sli", minutes.into_iter().map(line).collect::<String>()).await.is(200);
        };
        sends("a", (-1_500..0).collect()).await;
        sends("b", (-1_500..0).collect()).await;
        sends("now-and-then", vec![-1_400, -1_000, -995, -500, -7]).await;
        // A day in one go is no habit: nobody knows when the next one is due.
        sends("once", (-1_500..0).collect()).await;
        sends("past", (-12_000..-10_000).collect()).await;
        shop.looks(&shop.house).await;
        for minute in 0..3 {
            shop.fresh.at(minute * 60 + 60);
            sends("a", vec![minute]).await;
            sends("b", vec![minute]).await;
        }
        shop.fresh.at(700);
        shop.looks(&shop.house).await;
        assert_eq!(shop.open().await, [] as [Value; 0], "nobody is missed yet");
        shop.fresh.at(180 + 601 + 60);
        for _ in 0..2 {
            shop.looks(&shop.house).await;
        }
        let open = shop.open().await;
        assert_eq!(open.len(), 1, "{open:?}");
        assert_eq!(text(&open[0]["title"]), "No readings from POST /api/v1/sli: 2 objectives wait");
        assert_eq!((&open[0]["annotations"]["objectives"], caller.items("/api/v1/incidents").await.len()), (&json!("a, b"), 1));

        // One of them is there again: the other one is missed alone, once it had the time.
        shop.fresh.at(900);
        sends("a", (3..15).collect()).await;
        assert_eq!(shop.open().await, [] as [Value; 0]);
        shop.fresh.at(1_300);
        sends("a", (15..21).collect()).await;
        shop.fresh.at(1_620);
        sends("a", (21..27).collect()).await;
        shop.looks(&shop.house).await;
        let open = shop.open().await;
        assert_eq!((open.len(), &open[0]["title"], &open[0]["severity"]), (1, &json!("No readings for b"), &json!("error")));
        sends("b", (3..27).collect()).await;
        assert_eq!(shop.open().await, [] as [Value; 0]);
    }
}

story! {
    async fn a_page_whose_sender_stopped_is_told_of(fresh) {
        let shop = Shop::new(fresh).await;
        shop.caller.post("/api/v1/slos", &json!({"name": "pay", "service": "pay", "target": "99.9 %", "window": "30d"})).await.is(201);
        let line = |minute: i64| json!({"objective": "pay", "at": at(minute * 60), "bad": 20, "total": 100}).to_string() + "\n";
        shop.caller.send(Method::POST, "/api/v1/sli", (-70..0).map(line).collect::<String>()).await.is(200);
        let kinds = async || {
            shop.looks(&shop.house).await;
            let mut kinds: Vec<String> = shop.open().await.iter().map(|alert| text(&alert["labels"]["alertname"])).collect();
            kinds.sort_unstable();
            kinds
        };
        shop.fresh.at(600);
        assert_eq!(kinds().await, ["BurnRate"]);
        shop.fresh.at(601);
        assert_eq!(kinds().await, ["BurnRate", "NoReadings"], "an hour of readings is no habit, and yet a page waits for more");
    }
}
