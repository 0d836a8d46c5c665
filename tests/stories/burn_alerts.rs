//! An objective's burn alerts beside each other: one thing gets one flag, the ticket is held back
//! while the page burns, and what fired in the past is told of the past.

use crate::{
    callers::{Caller, House, text},
    databases::{Fresh, NOON},
    story,
};
use axum::http::Method;
use serde_json::{Value, json};
use tocsin::domain::people::Role;

/// RFC 3339, so many minutes from noon.
fn at(minute: i64) -> String {
    NOON.plus_secs(minute * 60).to_string()
}

struct Pay {
    fresh: Fresh,
    house: House,
    caller: Caller,
}

impl Pay {
    /// An objective of 99.9 % with a page and a ticket, and two good hours before the last one.
    async fn new(fresh: Fresh) -> Self {
        let house = House::of(&fresh);
        let caller = house.program(Role::Commander).await;
        let pairs = json!([
            {"severity": "page", "factor": 14.4, "long_s": 3_600, "short_s": 300},
            {"severity": "ticket", "factor": 3.0, "long_s": 7_200, "short_s": 1_800},
        ]);
        let draft = json!({"name": "pay", "service": "pay", "target": "99.9 %", "window": "30d", "alerting": {"pairs": pairs}});
        caller.post("/api/v1/slos", &draft).await.is(201);
        let pay = Self { fresh, house, caller };
        pay.counts(-180, -60, 0).await;
        pay
    }

    /// A hundred requests a minute, of which so many are bad; it is the end of the last one.
    async fn counts(&self, from: i64, to: i64, bad: i64) {
        self.fresh.at(to.max(0) * 60);
        let line = |minute: i64| json!({"objective": "pay", "at": at(minute), "bad": bad, "total": 100}).to_string() + "\n";
        let lines: String = (from..to).map(line).collect();
        self.caller.send(Method::POST, "/api/v1/sli", lines).await.is(200);
    }

    /// The alerts that are open, by severity.
    async fn open(&self) -> Vec<Value> {
        let mut alerts = self.caller.items("/api/v1/alerts?state=triggered").await;
        alerts.sort_by_key(|alert| text(&alert["severity"]));
        alerts
    }

    async fn incident(&self, alert: &Value) -> Value {
        self.caller.get(&format!("/api/v1/incidents/{}", text(&alert["incident_id"]))).await.is(200)
    }

    /// The page and the ticket as the budget tells of them: firing, frozen, held back.
    async fn told(&self, of: &str) -> [[bool; 3]; 2] {
        let budget = self.caller.get(&format!("/api/v1/slos/pay/budget{of}")).await.is(200);
        let one = |severity: &str| {
            let alert = budget["alerts"].as_array().and_then(|alerts| alerts.iter().find(|alert| alert["severity"] == severity)).expect("there is one");
            ["firing", "frozen", "held_back"].map(|field| alert[field].as_bool().expect("it is true or false"))
        };
        [one("page"), one("ticket")]
    }
}

fn severities(alerts: &[Value]) -> Vec<String> {
    alerts.iter().map(|alert| text(&alert["severity"])).collect()
}

story! {
    async fn a_page_takes_the_place_of_the_ticket_and_gives_it_back(fresh) {
        let pay = Pay::new(fresh).await;
        // An hour of one per cent is a burn of 10: a ticket.
        pay.counts(-60, 0, 1).await;
        let ticket = pay.open().await;
        assert_eq!(severities(&ticket), ["warning"]);
        assert_eq!(pay.told("").await, [[false, false, false], [true, false, false]]);

        // Ten minutes of thirty per cent: a page. Nobody works on the ticket's incident.
        pay.counts(0, 10, 30).await;
        let page = pay.open().await;
        assert_eq!(severities(&page), ["critical"]);
        assert_eq!(pay.told("").await, [[true, false, false], [true, false, true]], "it still burns, and is held back");
        let superseded = pay.incident(&ticket[0]).await;
        assert_eq!((&superseded["state"], &superseded["resolved_by"]), (&json!("resolved"), &json!("signal")));
        assert_ne!(page[0]["incident_id"], ticket[0]["incident_id"]);
        // Deciding again tells nothing twice, and neither does a restart: what is remembered is enough.
        pay.fresh.at(615);
        let restarted = House::of(&pay.fresh);
        restarted.app.burning.look(&restarted.app).await.expect("the store works");
        pay.house.app.burning.look(&pay.house.app).await.expect("the store works");
        assert_eq!(pay.open().await, page);

        // The errors stop: the page clears first, and the ticket is there again, from now on.
        pay.counts(10, 20, 0).await;
        let again = pay.open().await;
        assert_eq!(severities(&again), ["warning"]);
        assert_eq!(pay.told("").await, [[false, false, false], [true, false, false]]);
        assert_eq!(text(&again[0]["started_at"]), at(20), "what burned before is the page's");
        assert_eq!(pay.incident(&page[0]).await["state"], "resolved");
        // The hour in which both were open is shared, and nothing is charged a third time.
        let mut costs = vec![];
        for alert in [&ticket[0], &page[0], &again[0]] {
            let items = pay.caller.items(&format!("/api/v1/incidents/{}/cost", text(&alert["incident_id"]))).await;
            costs.push(items.first().and_then(|cost| cost["bad"].as_f64()).unwrap_or_default());
        }
        assert!(costs[0] > 150.0 && costs[1] > 150.0 && costs[0] + costs[1] <= 360.0 + 1e-9 && costs[2] == 0.0, "{costs:?}");

        pay.counts(20, 60, 0).await;
        assert_eq!(pay.open().await, [] as [Value; 0]);
        assert_eq!(pay.told("").await, [[false, false, false], [false, false, false]]);
        assert_eq!(pay.incident(&again[0]).await["state"], "resolved");
    }
}

story! {
    async fn one_outage_is_one_incident(fresh) {
        let pay = Pay::new(fresh).await;
        pay.counts(-60, 0, 0).await;
        pay.counts(0, 10, 30).await;
        assert_eq!(pay.told("").await, [[true, false, false], [true, false, true]]);
        assert_eq!(severities(&pay.open().await), ["critical"]);
        assert_eq!(pay.caller.items("/api/v1/incidents").await.len(), 1);
        // Both end at once when the objective is removed.
        pay.caller.send(Method::DELETE, "/api/v1/slos/pay", "").await.is(200);
        assert_eq!(pay.open().await, [] as [Value; 0]);
    }
}

story! {
    async fn a_ticket_that_somebody_works_on_stays_theirs(fresh) {
        let pay = Pay::new(fresh).await;
        pay.counts(-60, 0, 1).await;
        let ticket = pay.open().await;
        pay.caller.command(&text(&ticket[0]["incident_id"]), json!({"command": "acknowledge"})).await.is(200);
        pay.counts(0, 10, 30).await;
        assert_eq!(severities(&pay.open().await), ["critical"]);
        let kept = pay.incident(&ticket[0]).await;
        assert!(kept["state"] != "resolved" && kept["resolved_at"].is_null(), "{kept}");
    }
}

story! {
    async fn what_was_frozen_in_the_past_is_told_as_it_was(fresh) {
        let pay = Pay::new(fresh).await;
        pay.counts(-60, 0, 0).await;
        pay.counts(0, 10, 30).await;
        // Silence: both keep their level.
        pay.fresh.at(40 * 60);
        pay.house.app.burning.look(&pay.house.app).await.expect("the store works");
        let silent = [[true, true, false], [true, true, true]];
        assert_eq!(pay.told("").await, silent);
        // Hours later neither fires, and yet they did then.
        pay.counts(40, 240, 0).await;
        assert_eq!(pay.told("").await, [[false, false, false], [false, false, false]]);
        assert_eq!(pay.told(&format!("?at={}", at(40))).await, silent);
        assert_eq!(pay.told(&format!("?at={}", at(-1))).await, [[false, false, false], [false, false, false]]);
        // Before an hour was measured nothing could fire.
        assert_eq!(pay.told(&format!("?at={}", at(-150))).await, [[false, true, false], [false, true, false]]);
    }
}
