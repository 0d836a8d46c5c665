//! The tester cannot lie: what it predicts of a delivery is what the delivery then does.

use crate::{
    callers::{Caller, House, alertmanager, labelled, text},
    story,
};
use axum::http::Method;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use std::collections::HashMap;
use tocsin::domain::people::Role;

/// One sender that is tried out.
struct Sender {
    house: House,
    admin: Caller,
    source: &'static str,
    id: String,
    token: String,
}

impl Sender {
    async fn of(house: &House, source: &'static str, more: Value) -> Self {
        let mut draft = json!({"source": source, "name": source});
        draft.as_object_mut().expect("it is an object").extend(more.as_object().cloned().unwrap_or_default());
        let (id, token) = house.integration(draft).await;
        Self { house: house.clone(), admin: house.program(Role::Admin).await, source, id, token }
    }

    async fn predict(&self, body: &str) -> Value {
        self.admin.post("/api/v1/integrations/test", &json!({"source": self.source, "body": body, "integration_id": self.id})).await.is(200)
    }

    async fn alert(&self, key: &str) -> Option<Value> {
        let found = self.admin.items(&format!("/api/v1/alerts?integration={}&limit=500", self.id)).await;
        found.into_iter().find(|alert| alert["dedupe_key"] == key)
    }

    /// Predicts, sends, and compares.
    async fn holds(&self, body: &str) -> Value {
        let body = body.replace("ROUTING_KEY", &self.token);
        let before = self.admin.items("/api/v1/incidents?limit=500").await.len();
        let alerts_before = self.admin.items("/api/v1/alerts?limit=500").await;
        let predicted = self.predict(&body).await;
        assert_eq!(self.admin.items("/api/v1/alerts?limit=500").await, alerts_before, "a trial stores nothing");
        assert_eq!(self.admin.items("/api/v1/incidents?limit=500").await.len(), before, "a trial stores nothing");
        let change = self.source == "pagerduty_events" && predicted["changes"].as_array().is_some_and(|changes| !changes.is_empty());
        let path = if change { "/v2/change/enqueue".to_owned() } else { format!("/hooks/{}/{}", self.source, self.token) };
        self.house.nobody().send(Method::POST, &path, body.clone()).await;
        let note = self.admin.items(&format!("/api/v1/integrations/{}/deliveries?limit=1", self.id)).await.remove(0);
        let counts = &note["counts"];
        let signals = predicted["signals"].as_array().cloned().unwrap_or_default();
        let of = |verdicts: &[&str]| signals.iter().filter(|signal| verdicts.iter().any(|verdict| signal["verdict"] == *verdict)).count();
        for (verdicts, count) in [
            (&["open"][..], "opened"),
            (&["repeat"], "repeated"),
            (&["acknowledge"], "acknowledged"),
            (&["resolve"], "resolved"),
            (&["ignore_late", "ignore_unknown"], "ignored"),
        ] {
            assert_eq!(counts[count], of(verdicts), "{count}: {body}\n{predicted}\n{note}");
        }
        assert_eq!(counts["incidents_opened"], predicted["incidents_opened"], "{body}\n{predicted}");
        assert_eq!(counts["changes"].as_u64(), predicted["changes"].as_array().map(|list| list.len() as u64), "{body}");
        assert_eq!(counts["rejected"].as_u64(), predicted["rejected"].as_array().map(|list| list.len() as u64), "{body}");
        match &predicted["refused"] {
            Value::Null => assert!(text(&note["verdict"]).ends_with("accepted"), "{note}"),
            refused => {
                assert!(note["verdict"] == refused["code"] || (self.source == "pagerduty_events" && note["verdict"] == "invalid_event"), "{refused} {note}")
            }
        }
        self.incidents_are_as_predicted(&signals, before).await;
        predicted
    }

    async fn incidents_are_as_predicted(&self, signals: &[Value], before: usize) {
        // Those that the delivery opened, by the number that the trial gave them.
        let mut new: HashMap<i64, String> = HashMap::new();
        for (place, signal) in signals.iter().enumerate() {
            let key = text(&signal["dedupe_key"]);
            if signal["verdict"] == "ignore_unknown" || signals[place + 1..].iter().any(|later| later["dedupe_key"] == signal["dedupe_key"]) {
                continue;
            }
            let alert = self.alert(&key).await.expect("an alert of this key is known");
            if signal["verdict"] == "open" {
                assert_eq!(
                    (&alert["title"], &alert["severity"], &alert["started_at"], &alert["labels"]),
                    (&signal["title"], &signal["severity"], &signal["started_at"], &signal["labels"])
                );
            } else {
                assert!(signal["alert_id"].is_null() || alert["id"] == signal["alert_id"], "{signal}");
            }
            let predicted = &signal["incident"];
            let Some(incident_id) = alert["incident_id"].as_str() else {
                assert_eq!(*predicted, Value::Null, "{signal}");
                continue;
            };
            match predicted["new"].as_i64() {
                None => assert_eq!(predicted["id"], incident_id, "{signal}"),
                Some(number) => {
                    let known = new.entry(number).or_insert_with(|| incident_id.to_owned());
                    assert_eq!(known, incident_id, "{signal}");
                    let incident = self.admin.get(&format!("/api/v1/incidents/{incident_id}")).await.is(200);
                    assert_eq!((&incident["title"], &incident["proposed_severity"]), (&predicted["title"], &predicted["proposed_severity"]));
                }
            }
        }
        let different: std::collections::BTreeSet<&String> = new.values().collect();
        assert_eq!(different.len(), new.len(), "each number is an incident of its own");
        assert!(self.admin.items("/api/v1/incidents?limit=500").await.len() >= before + new.len());
    }
}

story! {
    /// Everything that senders are known to send, in an order in which it means something, twice.
    async fn a_prediction_is_what_then_happens_for_every_source(fresh) {
        let house = House::of(&fresh);
        let pagerduty = |text: &str| {
            let mut event: Value = serde_json::from_str(text).expect("the fixture is JSON");
            event["routing_key"] = json!("ROUTING_KEY");
            event.to_string()
        };
        let of_source: [(&'static str, Vec<String>); 8] = [
            ("alertmanager", [include_str!("../fixtures/alertmanager/firing_single.json"), include_str!("../fixtures/alertmanager/firing_group_two_one_resolved.json"), include_str!("../fixtures/alertmanager/firing_unicode_minimal.json"), include_str!("../fixtures/alertmanager/resolved_group.json"), "{}", "not json"].map(str::to_owned).to_vec()),
            ("prometheus", [include_str!("../fixtures/prometheus/alerts_firing.json"), include_str!("../fixtures/prometheus/alerts_resolved.json"), "[7, {\"labels\": {\"alertname\": \"Watchdog\"}}, {\"labels\": {\"a\": \"\"}}]", "{}"].map(str::to_owned).to_vec()),
            ("grafana", [include_str!("../fixtures/grafana/firing.json"), include_str!("../fixtures/grafana/resolved.json"), "{\"title\": \"from a template\", \"severity\": \"error\"}", "{}"].map(str::to_owned).to_vec()),
            ("pagerduty_events", [include_str!("../fixtures/pagerduty_events/trigger.json"), include_str!("../fixtures/pagerduty_events/acknowledge.json"), include_str!("../fixtures/pagerduty_events/resolve.json"), include_str!("../fixtures/pagerduty_events/change.json"), "{\"event_action\": \"trigger\"}"].map(pagerduty).to_vec()),
            ("github", [include_str!("../fixtures/github/deployment.json"), include_str!("../fixtures/github/deployment_status.json"), include_str!("../fixtures/github/workflow_run_completed.json"), include_str!("../fixtures/github/ping.json"), "{}", "[]"].map(str::to_owned).to_vec()),
            ("gitlab", [include_str!("../fixtures/gitlab/deployment_success.json"), include_str!("../fixtures/gitlab/pipeline_success.json"), "{\"object_kind\": \"push\"}", "not json"].map(str::to_owned).to_vec()),
            ("argocd", [include_str!("../fixtures/argocd/health_degraded.json"), include_str!("../fixtures/argocd/sync_succeeded.json"), "{\"app\": \"pay\", \"health\": \"Progressing\"}", "{}"].map(str::to_owned).to_vec()),
            ("generic", [include_str!("../fixtures/generic/firing.json"), include_str!("../fixtures/generic/resolved_aliases.json"), "[{\"title\": \"info only\", \"severity\": \"info\"}, {\"x\": 1}, {\"title\": \"unset\"}, {\"title\": \"unset\"}, {\"title\": \"unset\", \"status\": \"ok\"}]", "[]", "7"].map(str::to_owned).to_vec()),
        ];
        let mut seen = std::collections::BTreeSet::new();
        for (source, bodies) in &of_source {
            let sender = Sender::of(&house, source, json!({})).await;
            for body in bodies.iter().chain(bodies) {
                for signal in sender.holds(body).await["signals"].as_array().into_iter().flatten() {
                    seen.insert(text(&signal["verdict"]));
                    assert!(!text(&signal["why"]).is_empty() && signal["incident"].get("proposed_severity").is_none_or(|severity| severity.is_null() || severity.is_string()));
                }
            }
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["acknowledge", "ignore_late", "ignore_unknown", "open", "repeat", "resolve"]);
    }
}

story! {
    /// Groups, storms, merged and cancelled incidents, quiet times.
    async fn a_prediction_knows_groups_storms_and_what_people_did(fresh) {
        let house = House::of(&fresh);
        let sender = Sender::of(&house, "alertmanager", json!({"grouping": {"storm_at": 3, "quiet_s": 120}})).await;
        let at = |minute: u32| format!("2026-08-11T12:{minute:02}:00Z");
        let fires = |key: &str, service: &str, minute: u32| labelled(key, service, "critical", &at(minute), None);
        let ends = |key: &str, service: &str, from: u32, to: u32| labelled(key, service, "critical", &at(from), Some(&at(to)));
        let holds = async |alerts: &[Value]| sender.holds(&alertmanager(alerts).to_string()).await;
        fresh.at(3_000);
        let command = async |reference: &str, command: Value| sender.admin.command(reference, command).await.is(200);
        // A storm in one delivery: three incidents, and the rest in the first.
        let many: Vec<Value> = (0..8).map(|n| fires(&format!("s{n}"), &format!("service-{n}"), 0)).collect();
        let storm = holds(&many).await;
        assert_eq!(storm["incidents_opened"], 3);
        assert!(text(&storm["signals"][7]["why"]).contains("storm"), "{storm}");
        assert_eq!(storm["signals"][7]["incident"]["new"], 1);
        // The same group within the quiet time, at its edge, and after it.
        for (key, minute) in [("a", 10), ("b", 12), ("c", 15), ("d", 17)] {
            holds(&[fires(key, "checkout", minute)]).await;
        }
        // A resolve makes its group active; a late one does not; a firing after it opens again.
        holds(&[ends("d", "checkout", 17, 20), fires("e", "checkout", 22), ends("e", "checkout", 22, 21)]).await;
        holds(&[ends("e", "checkout", 22, 23), fires("e", "checkout", 22), fires("e", "checkout", 24)]).await;
        // Where an incident was merged into another, alerts follow; what was cancelled takes none.
        let (one, two) = (holds(&[fires("m1", "search", 30)]).await, holds(&[fires("m2", "mail", 30)]).await);
        assert_eq!((&one["signals"][0]["incident"]["new"], &two["signals"][0]["incident"]["new"]), (&json!(1), &json!(1)));
        let reference = async |key: &str| {
            let incident = sender.alert(key).await.expect("it is known")["incident_id"].clone();
            text(&incident)
        };
        command(&reference("m1").await, json!({"command": "merge", "into": reference("m2").await})).await;
        assert_eq!(holds(&[fires("m3", "search", 31)]).await["signals"][0]["incident"]["id"], json!(reference("m2").await));
        command(&reference("m2").await, json!({"command": "cancel", "reason": "a test"})).await;
        let after = holds(&[fires("m4", "mail", 31), fires("m5", "mail", 31)]).await;
        assert!(text(&after["signals"][0]["why"]).contains("over for good"), "{after}");
        assert_eq!(after["incidents_opened"], 1);
        // Another severity is another group; information opens nothing.
        holds(&[labelled("w", "mail", "warning", &at(31), None), labelled("i", "mail", "info", &at(31), None), json!({"status": "firing", "labels": {"alertname": "Watchdog", "severity": "none"}, "fingerprint": "dog"})]).await;
    }
}

story! {
    async fn a_trial_says_what_the_door_would_say(fresh) {
        let house = House::of(&fresh);
        let admin = house.program(Role::Admin).await;
        let secret = "a-signing-secret-0123";
        let (id, _) = house.integration(json!({"source": "grafana", "name": "signed", "signing_secrets": [secret]})).await;
        let body = "{\"title\": \"x\", \"severity\": \"critical\"}";
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
        mac.update(body.as_bytes());
        let good: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let with = async |headers: Value| admin.post("/api/v1/integrations/test", &json!({"source": "grafana", "body": body, "headers": headers, "integration_id": id})).await.is(200);
        let signed = with(json!({"X-Grafana-Alerting-Signature": good})).await;
        assert_eq!((&signed["refused"], &signed["signature"]["holds"], &signed["signature"]["required"]), (&Value::Null, &json!(true), &json!(true)));
        assert_eq!(signed["integration"], json!({"id": id, "name": "signed"}));
        for (headers, holds) in [(json!({}), Value::Null), (json!({"x-grafana-alerting-signature": "00"}), json!(false)), (json!({"x-grafana-alerting-signature": good.replace('a', "b")}), json!(false))] {
            let said = with(headers).await;
            assert_eq!((&said["refused"]["code"], &said["signature"]["holds"]), (&json!("bad_signature"), &holds));
            assert_eq!(said["signals"][0]["verdict"], "open", "what it would become is told all the same");
        }
        // Without an integration of its own it is tried with the source's only one; else with a new one.
        let alone = async |source: &str, body: &str| admin.post("/api/v1/integrations/test", &json!({"source": source, "body": body})).await.is(200);
        assert_eq!(alone("grafana", body).await["integration"]["id"], json!(id));
        let new = alone("generic", "{\"title\": \"x\", \"severity\": \"critical\"}").await;
        assert_eq!((&new["integration"], &new["incidents_opened"], &new["signals"][0]["incident"]["proposed_severity"]), (&Value::Null, &json!(1), &json!("SEV1")));
        assert_eq!(alone("generic", "{").await["refused"]["code"], "not_json");
        let change = alone("pagerduty_events", "{\"routing_key\": \"x\", \"payload\": {\"summary\": \"Build 12\"}}").await;
        assert_eq!((&change["changes"][0]["title"], &change["refused"]), (&json!("Build 12"), &Value::Null));
        assert!(text(&change["warnings"][0]).contains("/v2/change/enqueue"));
        admin.patch(&format!("/api/v1/integrations/{id}"), &json!({"disabled": true})).await.is(200);
        assert_eq!(with(json!({})).await["refused"]["code"], "integration_disabled");
        for (trial, status, code) in [
            (json!({"source": "nagios", "body": ""}), 422, "unknown_source"),
            (json!({"source": "generic", "body": "", "integration_id": id}), 422, "other_source"),
            (json!({"source": "generic", "body": "", "integration_id": "0198e000-0000-7000-8000-000000000000"}), 404, "unknown_integration"),
            (json!({"source": "generic", "body": "", "headers": {"a b": "c"}}), 422, "bad_header"),
            (json!({"source": "generic", "body": "", "headers": {"a": "\n"}}), 200, ""),
            (json!({"source": "generic", "body": 7}), 422, "invalid_body"),
            (json!({"source": "generic"}), 422, "invalid_body"),
        ] {
            let answer = admin.post("/api/v1/integrations/test", &trial).await;
            assert!(if status == 200 { answer.status == 200 } else { answer.refused(status) == code }, "{trial}: {}", answer.text());
        }
    }
}
