//! Alerts through the doors and back out of the REST door: episodes, grouping, and what alerts do
//! to incidents, sentence by sentence.

use crate::{
    callers::{Caller, House, alertmanager, labelled, text},
    databases::Fresh,
    story,
};
use serde_json::{Value, json};
use tocsin::domain::people::Role;

/// A sender with its key, and a program that reads what became of what it sent.
struct Setting {
    program: Caller,
    hook: String,
}

impl Setting {
    async fn of(fresh: &Fresh, source: &str, more: Value) -> Self {
        let house = House::of(fresh);
        let mut draft = json!({ "source": source, "name": "sender" });
        draft.as_object_mut().expect("it is an object").extend(more.as_object().cloned().unwrap_or_default());
        let (_, token) = house.integration(draft).await;
        Self { program: house.program(Role::Responder).await, hook: format!("/hooks/{source}/{token}") }
    }

    async fn alertmanager(fresh: &Fresh) -> Self {
        Self::of(fresh, "alertmanager", json!({})).await
    }

    async fn send(&self, body: &Value) -> Value {
        self.program.house.nobody().post(&self.hook, body).await.is(200)
    }

    /// Alerts of Alertmanager, as one delivery.
    async fn deliver(&self, alerts: &[Value]) -> Value {
        self.send(&alertmanager(alerts)).await
    }

    async fn alerts(&self) -> Vec<Value> {
        self.program.items("/api/v1/alerts").await
    }

    /// The incidents, the oldest first.
    async fn incidents(&self) -> Vec<Value> {
        let mut incidents = self.program.items("/api/v1/incidents").await;
        incidents.reverse();
        incidents
    }

    async fn command(&self, incident: &Value, command: Value) -> Value {
        self.program.command(&text(&incident["id"]), command).await.is(200)
    }
}

fn at(minute: u32, second: u32) -> String {
    format!("2026-08-11T12:{minute:02}:{second:02}Z")
}

/// A critical alert of a service that began at a minute after noon.
fn fires(fingerprint: &str, service: &str, minute: u32) -> Value {
    labelled(fingerprint, service, "critical", &at(minute, 0), None)
}

fn ends(fingerprint: &str, service: &str, from: u32, to: u32) -> Value {
    labelled(fingerprint, service, "critical", &at(from, 0), Some(&at(to, 0)))
}

story! {
    async fn an_alert_is_one_episode_with_every_field_of_the_contract(fresh) {
        let sender = Setting::alertmanager(&fresh).await;
        fresh.at(60);
        let receipt = sender.deliver(&[fires("f1", "checkout", 0)]).await;
        assert_eq!((&receipt["opened"], &receipt["incidents_opened"]), (&json!(1), &json!(1)));
        let alert = sender.alerts().await.remove(0);
        let incident = sender.incidents().await.remove(0);
        for field in ["id", "source", "integration_id", "dedupe_key", "state", "severity", "title", "labels", "annotations", "started_at", "resolved_at", "deliveries", "incident_id", "stale", "links"] {
            assert!(alert.get(field).is_some(), "{field} is missing in {alert}");
        }
        assert_eq!((&alert["source"], &alert["dedupe_key"], &alert["state"], &alert["severity"]), (&json!("alertmanager"), &json!("f1"), &json!("triggered"), &json!("critical")));
        assert_eq!((&alert["title"], &alert["started_at"], &alert["resolved_at"], &alert["stale"]), (&json!("checkout is down"), &json!(at(0, 0)), &Value::Null, &json!(false)));
        assert_eq!(alert["incident_id"], incident["id"]);
        assert_eq!(alert["links"], json!([{"href": "http://prometheus.example/graph", "text": "Source"}]));
        assert_eq!(sender.program.get(&format!("/api/v1/alerts/{}", text(&alert["id"]))).await.is(200), alert);

        // Repeats are counted; the start stays, even if the sender's moved.
        sender.deliver(&[fires("f1", "checkout", 1)]).await;
        let repeated = sender.alerts().await.remove(0);
        assert_eq!((&repeated["deliveries"], &repeated["started_at"], &repeated["id"]), (&json!(2), &json!(at(0, 0)), &alert["id"]));

        // Resolved, then firing later: another alert with the same key.
        fresh.at(180);
        sender.deliver(&[ends("f1", "checkout", 0, 2)]).await;
        let over = sender.alerts().await.remove(0);
        assert_eq!((&over["state"], &over["resolved_at"]), (&json!("resolved"), &json!(at(2, 0))));
        let receipt = sender.deliver(&[fires("f1", "checkout", 1)]).await;
        assert_eq!(sender.alerts().await.len(), 1, "a late firing reopens nothing");
        assert_eq!(receipt["warnings"], json!(["1 ignored: it is older than what is known of this key, so it changes nothing"]));
        sender.deliver(&[fires("f1", "checkout", 3)]).await;
        let alerts = sender.alerts().await;
        assert_eq!(alerts.len(), 2);
        assert_ne!(alerts[0]["id"], alerts[1]["id"]);
        assert_eq!((&alerts[0]["dedupe_key"], &alerts[0]["deliveries"]), (&alerts[1]["dedupe_key"], &json!(1)));
        assert_eq!(alerts[1]["resolved_at"], json!(at(2, 0)), "what is over stays as it was");
        // A resolve for a key that nobody knows is accepted and changes nothing.
        let receipt = sender.deliver(&[ends("unknown", "checkout", 0, 2)]).await;
        assert_eq!((&receipt["ignored"], &receipt["resolved"]), (&json!(1), &json!(0)));
        assert_eq!(receipt["warnings"], json!(["1 ignored: nothing with this key is open, so it changes nothing"]));
        assert_eq!(sender.alerts().await.len(), 2);
    }
}

story! {
    async fn identity_is_the_integration_and_the_key_byte_by_byte(fresh) {
        let (one, two) = (Setting::of(&fresh, "generic", json!({})).await, Setting::of(&fresh, "generic", json!({})).await);
        for key in ["k", "K", "k ", "ḱ", "k\u{301}", "ｋ"] {
            one.send(&json!({"title": "the same", "dedup_key": key})).await;
        }
        two.send(&json!({"title": "the same", "dedup_key": "k"})).await;
        one.send(&json!({"title": "another title", "dedup_key": "k"})).await;
        let alerts = one.alerts().await;
        assert_eq!(alerts.len(), 7);
        assert_eq!(alerts.iter().map(|alert| alert["deliveries"].as_i64().unwrap_or_default()).sum::<i64>(), 8);
        // Numbers are keys too, and one above 2^53 stays what it is.
        one.send(&json!({"title": "big", "id": 9_007_199_254_740_993_u64})).await;
        one.send(&json!({"title": "big", "id": 9_007_199_254_740_992_u64})).await;
        let keys: Vec<_> = one.alerts().await.iter().take(2).map(|alert| text(&alert["dedupe_key"])).collect();
        assert_eq!(keys, ["9007199254740992", "9007199254740993"]);
        // Longer than 1024 characters it is its hash; two that differ at the end stay apart.
        for end in ["a", "b", "a"] {
            one.send(&json!({"title": "long", "key": format!("{}{end}", "x".repeat(1_024))})).await;
        }
        let long: Vec<_> = one.alerts().await.into_iter().filter(|alert| alert["title"] == "long").collect();
        assert_eq!(long.len(), 2);
        assert!(long.iter().all(|alert| text(&alert["dedupe_key"]).len() == 64));
    }
}

story! {
    async fn the_list_filters_pages_and_refuses_bad_cursors(fresh) {
        let sender = Setting::alertmanager(&fresh).await;
        for (n, severity) in ["critical", "error", "warning", "info", "purple"].iter().enumerate() {
            sender.deliver(&[labelled(&format!("f{n}"), &format!("s{n}"), severity, &at(0, 0), None)]).await;
        }
        sender.deliver(&[labelled("f4", "s4", "purple", &at(0, 0), Some(&at(0, 0)))]).await;
        let keys = async |query: &str| sender.program.items(&format!("/api/v1/alerts{query}")).await.iter().map(|alert| text(&alert["dedupe_key"])).collect::<Vec<_>>();
        assert_eq!(keys("").await, ["f4", "f3", "f2", "f1", "f0"]);
        assert_eq!(keys("?state=triggered").await, ["f3", "f2", "f1", "f0"]);
        assert_eq!(keys("?state=resolved").await, ["f4"]);
        assert_eq!(keys("?state=open").await.len(), 4);
        assert_eq!(keys("?state=acknowledged").await.len(), 0);
        assert_eq!(keys("?severity=error").await, ["f1"]);
        assert_eq!(keys("?service=s2").await, ["f2"]);
        assert_eq!((keys("?source=alertmanager").await.len(), keys("?source=grafana").await.len()), (5, 0));
        assert_eq!(keys("?dedupe_key=f3").await, ["f3"]);
        assert_eq!(keys("?incident=INC-1").await, ["f0"]);
        let integration = text(&sender.alerts().await[0]["integration_id"]);
        assert_eq!(keys(&format!("?integration={integration}")).await.len(), 5);
        let first = sender.program.get("/api/v1/alerts?limit=3").await.is(200);
        let rest = sender.program.get(&format!("/api/v1/alerts?limit=3&cursor={}", text(&first["next_cursor"]))).await.is(200);
        assert_eq!((rest["items"].as_array().map(Vec::len), &rest["next_cursor"]), (Some(2), &Value::Null));
        for bad in ["limit=0", "cursor=x", "cursor=%27%20OR%201%3D1", "state=lost", "severity=purple", "integration=x"] {
            assert_eq!(sender.program.get(&format!("/api/v1/alerts?{bad}")).await.refused(400), "bad_parameter", "{bad}");
        }
        assert_eq!(sender.program.get("/api/v1/alerts?incident=INC-99").await.refused(404), "unknown_incident");
        assert_eq!(sender.program.get("/api/v1/alerts/x").await.refused(404), "unknown_alert");
        assert_eq!(sender.program.get("/api/v1/alerts/0198e000-0000-7000-8000-000000000000").await.refused(404), "unknown_alert");
        assert_eq!(keys("?limit=501").await.len(), 5);
    }
}

story! {
    async fn programs_send_alerts_with_their_token(fresh) {
        let house = House::of(&fresh);
        let (ci, viewer) = (house.program(Role::Responder).await, house.program(Role::Viewer).await);
        let receipt = ci.post("/api/v1/alerts", &json!([{"title": "a", "service": "s", "severity": "critical"}, {"title": "b", "severity": "info"}])).await.is(200);
        assert_eq!((&receipt["opened"], &receipt["incidents_opened"], receipt["alerts"].as_array().map(Vec::len)), (&json!(2), &json!(1), Some(2)));
        let receipt = ci.post("/api/v1/alerts", &json!({"title": "a", "status": "ack"})).await.is(200);
        assert_eq!(receipt["acknowledged"], 1);
        assert_eq!(ci.items("/api/v1/alerts?state=acknowledged").await.len(), 1);
        assert_eq!(ci.post("/api/v1/alerts", &json!([{"title": "fine"}, {"no": "title"}])).await.refused(422), "invalid_alert");
        assert_eq!(ci.post("/api/v1/alerts", &json!({})).await.refused(422), "no_title");
        assert_eq!(ci.post("/api/v1/alerts", &json!("x")).await.refused(422), "no_object");
        assert_eq!(ci.items("/api/v1/alerts").await.len(), 2, "all or nothing");
        assert_eq!(viewer.post("/api/v1/alerts", &json!({"title": "x"})).await.refused(403), "forbidden");
        assert_eq!(house.nobody().post("/api/v1/alerts", &json!({"title": "x"})).await.refused(401), "signed_out");
    }
}

story! {
    async fn an_alert_is_taken_in_the_shape_in_which_it_is_answered(fresh) {
        let ci = House::of(&fresh).program(Role::Responder).await;
        let mut alert = json!({
            "dedupe_key": "k", "state": "triggered", "severity": "critical", "title": "Checkout fails", "labels": {"service": "checkout"},
            "annotations": {"summary": "half of them"}, "started_at": "2026-08-11T11:50:00Z", "resolved_at": null,
            "links": [{"href": "https://a.example/1", "text": "Graph"}, {"href": "javascript:alert(1)", "text": "Trap"}]
        });
        let mut send = async |state: &str| {
            alert["state"] = json!(state);
            ci.post("/api/v1/alerts", &alert).await.is(200);
            ci.items("/api/v1/alerts").await.remove(0)
        };
        let fired = send("triggered").await;
        assert_eq!((&fired["started_at"], &fired["severity"], &fired["labels"]), (&json!("2026-08-11T11:50:00Z"), &json!("critical"), &json!({"service": "checkout"})));
        assert_eq!(fired["links"], json!([{"href": "https://a.example/1", "text": "Graph"}]), "what may not be clicked is no link");
        assert_eq!(fired["annotations"], json!({"summary": "half of them", "Trap": "javascript:alert(1)"}));
        assert_eq!(send("acknowledged").await["state"], "acknowledged");
        // It ended before the acknowledgement reached us, by its sender's clock.
        alert["state"] = json!("resolved");
        alert["resolved_at"] = json!("2026-08-11T11:58:00Z");
        ci.post("/api/v1/alerts", &alert).await.is(200);
        let ended = ci.items("/api/v1/alerts").await.remove(0);
        assert_eq!((&ended["state"], &ended["resolved_at"], &ended["id"]), (&json!("resolved"), &json!("2026-08-11T11:58:00Z"), &fired["id"]));
        let incident = ci.get(&format!("/api/v1/incidents/{}", text(&ended["incident_id"]))).await.is(200);
        assert_eq!(incident["impact"], json!([{"service": "checkout", "from": "2026-08-11T11:50:00Z", "to": "2026-08-11T11:58:00Z"}]));
    }
}

story! {
    async fn severities_open_incidents_in_triage_with_a_proposal_and_information_opens_none(fresh) {
        let sender = Setting::alertmanager(&fresh).await;
        for (n, (severity, proposed)) in [("critical", json!("SEV1")), ("error", json!("SEV2")), ("warning", json!("SEV3")), ("purple", Value::Null)].iter().enumerate() {
            sender.deliver(&[labelled(&format!("f{n}"), "checkout", severity, &at(0, 0), None)]).await;
            let incidents = sender.incidents().await;
            assert_eq!(incidents.len(), n + 1, "one integration, one service, another severity: {severity}");
            assert_eq!((&incidents[n]["state"], &incidents[n]["severity"], &incidents[n]["proposed_severity"]), (&json!("triage"), &Value::Null, proposed));
        }
        for word in ["info", "none", "low", "debug"] {
            let receipt = sender.deliver(&[labelled(word, "checkout", word, &at(0, 0), None)]).await;
            assert_eq!((&receipt["opened"], &receipt["incidents_opened"]), (&json!(1), &json!(0)), "{word}");
        }
        for alert in sender.alerts().await {
            let why = (alert["severity"] == "info").then_some("information is recorded and opens no incident");
            assert_eq!((alert["incident_id"].is_null(), &alert["no_incident_because"]), (why.is_some(), &json!(why)), "{alert}");
        }
        // A watchdog is no alert that opens anything.
        let watchdog = json!({"status": "firing", "labels": {"alertname": "Watchdog", "severity": "none"}, "annotations": {}, "startsAt": at(0, 0), "endsAt": "0001-01-01T00:00:00Z", "fingerprint": "w"});
        assert_eq!(sender.deliver(&[watchdog]).await["incidents_opened"], 0);
        assert_eq!(sender.incidents().await.len(), 4);
    }
}

story! {
    async fn equal_labels_within_the_quiet_time_are_one_incident(fresh) {
        let sender = Setting::alertmanager(&fresh).await;
        let other = Setting::alertmanager(&fresh).await;
        fresh.at(3000);
        sender.deliver(&[fires("a", "checkout", 0), fires("b", "checkout", 4), fires("c", "checkout", 9), fires("d", "search", 9)]).await;
        other.deliver(&[fires("a", "checkout", 0)]).await;
        let incidents = sender.incidents().await;
        let services: Vec<_> = incidents.iter().map(|incident| incident["services"].clone()).collect();
        assert_eq!(services, [json!(["checkout"]), json!(["search"]), json!(["checkout"])], "each start lies within five minutes of the one before");
        assert_eq!(incidents[0]["signals"]["checkout"]["total"], 3);
        // Exactly five minutes still joins; a second more does not.
        sender.deliver(&[labelled("e", "checkout", "critical", &at(14, 0), None)]).await;
        assert_eq!(sender.incidents().await.len(), 3);
        sender.deliver(&[labelled("f", "checkout", "critical", &at(19, 1), None)]).await;
        assert_eq!(sender.incidents().await.len(), 4);
    }
}

story! {
    async fn grouping_is_by_the_labels_that_are_set_then_the_senders_then_the_name(fresh) {
        let sender = Setting::of(&fresh, "alertmanager", json!({"grouping": {"by": ["cluster", "team"], "quiet_s": 60}})).await;
        let alert = |fingerprint: &str, labels: Value| json!({"status": "firing", "labels": labels, "annotations": {}, "startsAt": at(0, 0), "endsAt": "0001-01-01T00:00:00Z", "fingerprint": fingerprint});
        sender.deliver(&[
            alert("1", json!({"alertname": "A", "severity": "critical", "cluster": "x", "team": "t"})),
            alert("2", json!({"alertname": "B", "severity": "critical", "cluster": "x", "team": "t", "service": "elsewhere"})),
            alert("3", json!({"alertname": "A", "severity": "critical", "cluster": "x"})),
            alert("4", json!({"alertname": "A", "severity": "critical", "cluster": "y", "team": "t"})),
        ]).await;
        let incident_of = async |key: &str| sender.program.items(&format!("/api/v1/alerts?dedupe_key={key}")).await.remove(0)["incident_id"].clone();
        assert_eq!(incident_of("1").await, incident_of("2").await);
        assert_eq!(sender.incidents().await.len(), 3);
        // Without those labels: the sender's own group labels, whatever the alerts are called.
        let mut grouped = alertmanager(&[alert("5", json!({"alertname": "A", "severity": "critical"})), alert("6", json!({"alertname": "B", "severity": "critical"}))]);
        grouped["groupLabels"] = json!({"job": "node"});
        sender.send(&grouped).await;
        assert_eq!(incident_of("5").await, incident_of("6").await);
        // And without any of it: by name.
        sender.deliver(&[alert("7", json!({"alertname": "A", "severity": "critical"})), alert("8", json!({"alertname": "B", "severity": "critical"})), alert("9", json!({"alertname": "A", "severity": "critical"}))]).await;
        assert_eq!(incident_of("7").await, incident_of("9").await);
        assert_ne!(incident_of("7").await, incident_of("8").await);
        assert_ne!(incident_of("7").await, incident_of("5").await);
    }
}

story! {
    async fn a_storm_joins_the_first_incident_of_its_severity(fresh) {
        let sender = Setting::of(&fresh, "alertmanager", json!({"grouping": {"storm_at": 3}})).await;
        fresh.at(600);
        for n in 0..6 {
            sender.deliver(&[fires(&format!("c{n}"), &format!("s{n}"), 0), labelled(&format!("w{n}"), &format!("s{n}"), "warning", &at(0, 0), None)]).await;
        }
        let incidents = sender.incidents().await;
        assert_eq!(incidents.len(), 6, "three of each severity");
        let storms: Vec<_> = incidents.iter().filter(|incident| incident["services"].as_array().is_some_and(|services| services.len() == 4)).collect();
        assert_eq!(storms.iter().map(|incident| incident["services"].clone()).collect::<Vec<_>>(), vec![json!(["s0", "s3", "s4", "s5"]); 2]);
        assert_ne!(storms[0]["proposed_severity"], storms[1]["proposed_severity"], "no incident holds alerts of two severities by itself");
        // After the quiet time it is a new story.
        sender.deliver(&[fires("later", "s9", 6)]).await;
        assert_eq!(sender.incidents().await.len(), 7);
    }
}

story! {
    async fn an_untouched_incident_resolves_with_its_last_alert_and_at_its_time(fresh) {
        let sender = Setting::alertmanager(&fresh).await;
        fresh.at(120);
        sender.deliver(&[fires("a", "checkout", 0), fires("b", "checkout", 1)]).await;
        let opened = sender.incidents().await.remove(0);
        assert_eq!(opened["impact"], json!([{"service": "checkout", "from": at(0, 0), "to": null}]));
        fresh.at(600);
        sender.deliver(&[ends("a", "checkout", 0, 4)]).await;
        assert_eq!(sender.incidents().await[0]["state"], "triage", "one still fires");
        sender.deliver(&[ends("b", "checkout", 1, 7)]).await;
        let over = sender.incidents().await.remove(0);
        assert_eq!((&over["state"], &over["resolved_at"], &over["resolved_by"]), (&json!("resolved"), &json!(at(7, 0)), &json!("signal")));
        assert_eq!(over["impact"], json!([{"service": "checkout", "from": at(0, 0), "to": at(7, 0)}]));
        // A new one of the group within the quiet time rejoins and reopens it.
        sender.deliver(&[fires("c", "checkout", 10)]).await;
        let back = sender.incidents().await;
        assert_eq!((back.len(), &back[0]["state"], &back[0]["resolved_at"]), (1, &json!("triage"), &Value::Null));
        assert_eq!(back[0]["impact"].as_array().map(Vec::len), Some(2));
        assert!(fresh.store.verify(true).await.expect("the store works").faults.is_empty());
    }
}

story! {
    /// Alerts that ended in another order than they were told: it is over when the last one was.
    async fn it_is_over_when_the_last_of_its_alerts_was(fresh) {
        let sender = Setting::alertmanager(&fresh).await;
        fresh.at(900);
        sender.deliver(&[fires("a", "checkout", 0), fires("b", "checkout", 0)]).await;
        sender.deliver(&[ends("a", "checkout", 0, 9)]).await;
        sender.deliver(&[ends("b", "checkout", 0, 5)]).await;
        let over = sender.incidents().await.remove(0);
        assert_eq!((&over["state"], &over["resolved_at"]), (&json!("resolved"), &json!(at(9, 0))));
        assert_eq!(over["impact"], json!([{"service": "checkout", "from": at(0, 0), "to": at(9, 0)}]));
    }
}

story! {
    async fn what_people_touched_stays_open_and_shows_that_the_signal_is_back(fresh) {
        let sender = Setting::alertmanager(&fresh).await;
        let touches = [json!({"command": "acknowledge"}), json!({"command": "mitigate"}), json!({"command": "note", "text": "looking"}), json!({"command": "decision", "text": "wait"}), json!({"command": "set_severity", "severity": "SEV1"})];
        fresh.at(300);
        for (n, touch) in touches.iter().enumerate() {
            let (key, service) = (format!("k{n}"), format!("s{n}"));
            sender.deliver(&[fires(&key, &service, 0)]).await;
            let incident = sender.incidents().await.pop().expect("it opened");
            let touched = sender.command(&incident, touch.clone()).await;
            sender.deliver(&[ends(&key, &service, 0, 4)]).await;
            let after = sender.program.get(&format!("/api/v1/incidents/{}", text(&incident["id"]))).await.is(200);
            assert_eq!((&after["state"], &after["resolved_at"]), (&touched["state"], &Value::Null), "{touch}");
            assert_eq!(after["signals"][&service]["firing"], 0);
            assert_eq!(after["impact"][0]["to"], json!(at(4, 0)));
        }
    }
}

story! {
    async fn only_critical_and_error_alerts_with_a_service_open_impact(fresh) {
        let sender = Setting::alertmanager(&fresh).await;
        let alert = |fingerprint: &str, labels: Value| json!({"status": "firing", "labels": labels, "annotations": {}, "startsAt": at(0, 0), "endsAt": "0001-01-01T00:00:00Z", "fingerprint": fingerprint});
        sender.deliver(&[alert("e", json!({"alertname": "E", "severity": "error", "service": "a"}))]).await;
        sender.deliver(&[alert("w", json!({"alertname": "W", "severity": "warning", "service": "a"}))]).await;
        sender.deliver(&[alert("c", json!({"alertname": "C", "severity": "critical"}))]).await;
        let impacts: Vec<_> = sender.incidents().await.iter().map(|incident| incident["impact"].clone()).collect();
        assert_eq!(impacts, [json!([{"service": "a", "from": at(0, 0), "to": null}]), json!([]), json!([])]);
        // What a person says about the impact is what holds from then on.
        let incident = sender.incidents().await.remove(0);
        let said = json!([{"service": "b", "from": "2026-08-11T11:00:00Z", "to": "2026-08-11T11:30:00Z"}]);
        sender.command(&incident, json!({"command": "set_impact", "impact": said})).await;
        sender.deliver(&[alert("e2", json!({"alertname": "E", "severity": "error", "service": "a", "instance": "2"}))]).await;
        let now = sender.incidents().await.remove(0);
        assert_eq!((&now["impact"], &now["signals"]["a"]["total"], &now["started_at"]), (&said, &json!(2), &json!("2026-08-11T11:00:00Z")));
    }
}

story! {
    /// The same body two hundred times at once, as a sender's retries in a storm.
    async fn one_body_delivered_two_hundred_times_at_once_is_one_episode(fresh) {
        let sender = Setting::alertmanager(&fresh).await;
        let body = alertmanager(&[fires("a", "checkout", 0)]);
        let tasks: Vec<_> = (0..200)
            .map(|_| {
                let (nobody, hook, body) = (sender.program.house.nobody(), sender.hook.clone(), body.clone());
                tokio::spawn(async move { nobody.post(&hook, &body).await.is(200) })
            })
            .collect();
        let mut opened = 0;
        for task in tasks {
            opened += task.await.expect("it does not panic")["opened"].as_i64().unwrap_or_default();
        }
        let alerts = sender.alerts().await;
        assert_eq!((opened, alerts.len(), &alerts[0]["deliveries"]), (1, 1, &json!(200)));
        assert_eq!(sender.incidents().await.len(), 1);
        let id = text(&sender.incidents().await[0]["id"]);
        assert!(sender.program.items(&format!("/api/v1/incidents/{id}/timeline")).await.len() <= 2, "repeats are counted, not told");
    }
}

story! {
    /// An alert that comes and goes every second for two minutes is one incident.
    async fn flapping_is_one_incident(fresh) {
        let sender = Setting::alertmanager(&fresh).await;
        for second in 0..60 {
            fresh.at(i64::from(second) * 2 + 1);
            let from = at(second * 2 / 60, second * 2 % 60);
            let to = at((second * 2 + 1) / 60, (second * 2 + 1) % 60);
            sender.deliver(&[labelled("a", "checkout", "critical", &from, None)]).await;
            sender.deliver(&[labelled("a", "checkout", "critical", &from, Some(&to))]).await;
        }
        assert_eq!(sender.incidents().await.len(), 1);
        assert_eq!(sender.alerts().await.len(), 60);
        assert_eq!(sender.incidents().await[0]["state"], "resolved");
    }
}

story! {
    async fn alerts_are_found_by_their_labels(fresh) {
        let sender = Setting::alertmanager(&fresh).await;
        for (key, zone, team) in [("f1", "a", "pay"), ("f2", "b", "pay"), ("f3", "a", "Pay"), ("f4", "a%", "p\"y")] {
            let mut alert = fires(key, "checkout", 0);
            (alert["labels"]["zone"], alert["labels"]["team"]) = (json!(zone), json!(team));
            sender.deliver(&[alert]).await;
        }
        let list = async |query: &str| {
            let found = sender.program.items(&format!("/api/v1/alerts?{query}")).await;
            let mut keys: Vec<String> = found.iter().map(|alert| text(&alert["dedupe_key"])).collect();
            keys.sort();
            keys
        };
        assert_eq!(list("label.team=pay").await, ["f1", "f2"]);
        assert_eq!(list("label.team=pay&label.zone=a").await, ["f1"]);
        assert_eq!(list("label.zone=!a").await, ["f2", "f4"]);
        assert_eq!(list("label.zone=a&label.team=!pay&state=open").await, ["f3"]);
        assert_eq!(list("label.zone=a%25").await, ["f4"]);
        assert_eq!(list("label.team=p%22y").await, ["f4"]);
        assert_eq!(list("label.nothing=x").await, Vec::<String>::new());
        let first = sender.program.get("/api/v1/alerts?label.zone=a&limit=1").await.is(200);
        assert_eq!(first["items"].as_array().map(Vec::len), Some(1));
        let second = sender.program.get(&format!("/api/v1/alerts?label.zone=a&limit=1&cursor={}", text(&first["next_cursor"]))).await.is(200);
        assert_ne!(first["items"][0]["id"], second["items"][0]["id"]);
        assert_eq!((second["items"].as_array().map(Vec::len), &second["next_cursor"]), (Some(1), &Value::Null));
    }
}

story! {
    async fn odd_times_are_neither_refused_nor_believed(fresh) {
        let sender = Setting::alertmanager(&fresh).await;
        for (n, start) in ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-08-11 12:00:00", "2026-08-11T12:00:00.123456789Z", "2026-08-11T12:00:00", "tomorrow", "", "1786449600", "2026-08-11T14:00:00+0200", "-5000-01-01T00:00:00Z"].iter().enumerate() {
            sender.deliver(&[labelled(&format!("f{n}"), &format!("s{n}"), "critical", start, None)]).await;
        }
        let alerts = sender.alerts().await;
        assert_eq!(alerts.len(), 10);
        for alert in alerts {
            assert!(text(&alert["started_at"]).starts_with("2026-08-11T12:00:00"), "{alert}");
        }
        for incident in sender.incidents().await {
            assert!(text(&incident["started_at"]).starts_with("2026-08-11T12:00:00"), "{incident}");
        }
    }
}

story! {
    async fn a_prometheus_that_stops_refreshing_is_not_refreshed(fresh) {
        let sender = Setting::of(&fresh, "prometheus", json!({})).await;
        let alert = |ends_at: Option<String>| json!([{"labels": {"alertname": "Down", "service": "checkout", "severity": "critical"}, "startsAt": at(0, 0), "endsAt": ends_at}]);
        sender.send(&alert(Some(at(4, 0)))).await;
        assert_eq!(sender.incidents().await[0]["state"], "triage", "an end in the future is no end");
        fresh.at(200);
        sender.send(&alert(Some(at(8, 0)))).await;
        fresh.at(479);
        assert_eq!(fresh.store.expire_alerts().await.expect("the store works"), 0);
        fresh.at(481);
        assert_eq!(fresh.store.expire_alerts().await.expect("the store works"), 1);
        let over = sender.alerts().await.remove(0);
        assert_eq!((&over["state"], &over["resolved_at"], &over["deliveries"]), (&json!("resolved"), &json!(at(8, 0)), &json!(2)));
        // Without an end it holds for five minutes; with one in the past it is over.
        fresh.at(1200);
        sender.send(&json!([{"labels": {"alertname": "Other", "service": "search", "severity": "critical"}}])).await;
        fresh.at(1499);
        assert_eq!(fresh.store.expire_alerts().await.expect("the store works"), 0);
        sender.send(&json!([{"labels": {"alertname": "Other", "service": "search", "severity": "critical"}, "endsAt": at(24, 30)}])).await;
        assert_eq!(sender.alerts().await[0]["resolved_at"], json!(at(24, 30)));
    }
}
