//! Incidents through the REST door: declaring, commanding, reading.

use crate::{
    callers::{Caller, House, text},
    story,
};
use serde_json::{Value, json};
use tocsin::domain::people::Role;

/// Every field that the contract names, at top level.
const FIELDS: [&str; 22] = [
    "id",
    "ref",
    "origin",
    "title",
    "kind",
    "state",
    "severity",
    "proposed_severity",
    "acknowledged",
    "services",
    "roles",
    "labels",
    "impact",
    "started_at",
    "detected_at",
    "acknowledged_at",
    "mitigated_at",
    "resolved_at",
    "version",
    "private",
    "closed_at",
    "merged_into",
];

fn has_every_field(incident: &Value) {
    for field in FIELDS {
        assert!(incident.get(field).is_some(), "{field} is missing in {incident}");
    }
}

/// A declared incident of SEV2, and its id.
async fn active(caller: &Caller) -> String {
    text(&caller.declared(json!({"title": "Card payments fail", "severity": "SEV2"})).await["id"])
}

/// The kinds of its timeline.
async fn kinds(caller: &Caller, incident: &str) -> Vec<String> {
    caller.items(&format!("/api/v1/incidents/{incident}/timeline")).await.iter().map(|entry| text(&entry["kind"])).collect()
}

story! {
    async fn with_a_severity_it_is_active_and_without_one_in_triage(fresh) {
        let ci = House::of(&fresh).program(Role::Responder).await;
        let answer = ci.post("/api/v1/incidents", &json!({
            "title": "  Card payments\n fail ", "severity": "SEV2", "services": ["checkout", "checkout", " "], "labels": {"region": "eu"},
            "impact": [{"service": "payments", "from": "2026-08-11T11:50:00Z"}],
        })).await;
        let incident = answer.is(201);
        has_every_field(&incident);
        assert_eq!(answer.header("location"), format!("/api/v1/incidents/{}", text(&incident["id"])));
        assert_eq!(answer.header("etag"), "\"1\"");
        assert_eq!(incident["title"], "Card payments fail");
        assert_eq!((&incident["ref"], &incident["state"], &incident["severity"], &incident["kind"]), (&json!("INC-1"), &json!("active"), &json!("SEV2"), &json!("incident")));
        assert_eq!(incident["services"], json!(["checkout", "payments"]));
        assert_eq!(incident["impact"], json!([{"service": "payments", "from": "2026-08-11T11:50:00Z", "to": null}]));
        assert_eq!((&incident["started_at"], &incident["detected_at"]), (&json!("2026-08-11T11:50:00Z"), &json!("2026-08-11T12:00:00Z")));
        for unclear in [json!({"title": "Odd"}), json!({"title": "Odd", "severity": null})] {
            let incident = ci.declared(unclear).await;
            assert_eq!((&incident["state"], &incident["severity"]), (&json!("triage"), &Value::Null));
        }
        // Severities read in lower case too; fields that nobody knows are passed over and grant nothing.
        let incident = ci.declared(json!({"title": "x", "severity": "sev1", "version": 70, "acknowledged": {"by": "me"}, "state": "closed", "from_a_newer_client": 1})).await;
        assert_eq!((&incident["severity"], &incident["version"], &incident["state"], &incident["acknowledged"]), (&json!("SEV1"), &json!(1), &json!("active"), &Value::Null));
    }
}

story! {
    async fn what_cannot_be_declared_is_told_with_a_code(fresh) {
        let house = House::of(&fresh);
        let ci = house.program(Role::Responder).await;
        for (draft, code) in [
            (json!({"title": " \n "}), "empty"),
            (json!({"title": "x".repeat(301)}), "too_long"),
            (json!({"title": "\u{0}"}), "empty"),
            (json!({}), "invalid_body"),
            (json!({"title": 7}), "invalid_body"),
            (json!({"title": "x", "severity": "SEV9"}), "invalid_body"),
            (json!({"title": "x", "services": "checkout"}), "invalid_body"),
            (json!({"title": "x", "started_at": "yesterday"}), "invalid_body"),
            (json!({"title": "x", "started_at": "2027-01-01T00:00:00Z"}), "in_the_future"),
            (json!({"title": "x", "impact": [{"from": "2026-08-11T11:00:00Z", "to": "2026-08-11T10:00:00Z"}]}), "window_backwards"),
            (json!([]), "invalid_body"),
            (json!(["a title without its name"]), "invalid_body"),
            (json!("x"), "invalid_body"),
            (Value::Null, "invalid_body"),
        ] {
            assert_eq!(ci.post("/api/v1/incidents", &draft).await.refused(422), code, "{draft}");
        }
        for nonsense in ["", "{", "{\"title\": \"x\"} y", "\u{feff}{}"] {
            let answer = ci.send(axum::http::Method::POST, "/api/v1/incidents", nonsense).await;
            assert_eq!(answer.refused(400), "malformed_json", "{nonsense}");
        }
        // What is absent may be spelled out.
        let spelled = json!({"title": "x", "severity": null, "services": null, "impact": null, "labels": null, "kind": null, "private": null, "started_at": null});
        assert_eq!(ci.post("/api/v1/incidents", &spelled).await.is(201)["services"], json!([]));
        // Nobody hears what would be wrong with it before they say who they are.
        let nobody = house.nobody();
        assert_eq!(nobody.send(axum::http::Method::POST, "/api/v1/incidents", "{").await.refused(401), "signed_out");
        assert_eq!(nobody.saying("authorization", "Bearer toc_wrong").post("/api/v1/incidents", &json!({})).await.refused(401), "signed_out");
        assert_eq!(nobody.get("/api/v1/incidents?limit=x").await.refused(401), "signed_out");
        assert_eq!(nobody.get("/api/v1/incidents").await.header("www-authenticate"), "Bearer");
        assert_eq!(ci.items("/api/v1/incidents").await.len(), 1, "nothing else was declared");
    }
}

story! {
    /// Each command in the shape that the contract gives it, from an incident in which it is possible.
    async fn every_command_is_understood(fresh) {
        let house = House::of(&fresh);
        let (ci, lead) = (house.program(Role::Responder).await, house.program(Role::Commander).await);
        let alert = text(&ci.post("/api/v1/alerts", &json!({"title": "Down", "key": "a", "severity": "info"})).await.is(200)["alerts"][0]);
        let other = active(&ci).await;
        let me = ci.get("/api/v1/me").await.is(200);
        // What comes before; the command; the kind of entry it makes; a field of the incident, and what it says then.
        let cases: Vec<(Vec<Value>, Value, &str, &str, Value)> = vec![
            (vec![], json!({"command": "acknowledge"}), "acknowledged", "/acknowledged/by", json!("responder")),
            (vec![], json!({"command": "acknowledge", "for_s": 1800}), "acknowledged", "/acknowledged/until", json!("2026-08-11T12:30:00Z")),
            (vec![json!({"command": "acknowledge"})], json!({"command": "unacknowledge"}), "unacknowledged", "/acknowledged", Value::Null),
            (vec![], json!({"command": "set_severity", "severity": "SEV1", "reason": "all customers"}), "severity_set", "/severity", json!("SEV1")),
            (vec![], json!({"command": "set_severity", "severity": "sev4", "reason": "few"}), "severity_set", "/severity", json!("SEV4")),
            (vec![], json!({"command": "set_severity", "severity": null, "reason": "not sure any more"}), "severity_set", "/severity", Value::Null),
            (vec![], json!({"command": "mitigate"}), "mitigated", "/state", json!("mitigated")),
            (vec![json!({"command": "mitigate"})], json!({"command": "activate", "reason": "it is back"}), "activated", "/state", json!("active")),
            (vec![], json!({"command": "resolve"}), "resolved", "/resolved_at", json!("2026-08-11T12:00:00Z")),
            (vec![], json!({"command": "resolve", "reason": "rolled back"}), "resolved", "/state", json!("resolved")),
            (vec![json!({"command": "resolve"})], json!({"command": "close"}), "closed", "/state", json!("closed")),
            (vec![json!({"command": "resolve"})], json!({"command": "reopen", "reason": "it is back"}), "reopened", "/state", json!("active")),
            (vec![], json!({"command": "cancel", "reason": "a test"}), "cancelled", "/state", json!("cancelled")),
            (vec![], json!({"command": "merge", "into": other}), "merged_into", "/state", json!("merged")),
            (vec![], json!({"command": "merge", "into": "INC-1"}), "merged_into", "/merged_into", json!(other)),
            (vec![], json!({"command": "merge", "into": "inc-1", "reason": "the same"}), "merged_into", "/merged_into", json!(other)),
            (vec![], json!({"command": "assign_role", "role": "commander", "person": "A vendor"}), "role_assigned", "/roles/commander/holder/person/name", json!("A vendor")),
            (vec![], json!({"command": "assign_role", "role": "comms", "person": {"name": "A vendor"}}), "role_assigned", "/roles/communications/holder/person/id", Value::Null),
            (vec![], json!({"command": "assign_role", "role": "scribe", "person": {"id": me["id"], "name": "x"}}), "role_assigned", "/roles/scribe/holder/person/name", json!("responder")),
            (vec![json!({"command": "assign_role", "role": "scribe", "person": "responder"})], json!({"command": "release_role", "role": "scribe"}), "role_released", "/roles", json!({})),
            (vec![], json!({"command": "note", "text": "looking"}), "note", "/version", json!(2)),
            (vec![], json!({"command": "decision", "text": "roll back"}), "decision", "/version", json!(2)),
            (vec![], json!({"command": "link", "url": "https://grafana.example/d/1", "text": "Dashboard"}), "linked", "/version", json!(2)),
            (vec![], json!({"command": "pin", "seq": 1}), "pinned", "/pinned", json!([1])),
            (vec![json!({"command": "pin", "seq": 1})], json!({"command": "unpin", "seq": 1}), "unpinned", "/pinned", json!([])),
            (vec![], json!({"command": "correct_time", "seq": 1, "happened_at": "2026-08-11T11:40:00Z", "reason": "seen earlier"}), "time_corrected", "/detected_at", json!("2026-08-11T11:40:00Z")),
            (vec![], json!({"command": "set_title", "title": "Card payments fail in the EU"}), "title_set", "/title", json!("Card payments fail in the EU")),
            (vec![], json!({"command": "set_services", "services": ["checkout", "payments"]}), "services_set", "/services", json!(["checkout", "payments"])),
            (vec![], json!({"command": "set_impact", "impact": [{"service": "checkout", "from": "2026-08-11T11:00:00Z", "to": "2026-08-11T11:30:00Z"}]}), "impact_set", "/impact/0/to", json!("2026-08-11T11:30:00Z")),
            (vec![], json!({"command": "set_impact", "impact": []}), "impact_set", "/impact", json!([])),
            (vec![], json!({"command": "tag", "labels": {"region": "eu"}}), "tagged", "/labels", json!({"region": "eu"})),
            (vec![], json!({"command": "tag", "tags": {"region": "eu"}}), "tagged", "/labels", json!({"region": "eu"})),
            (vec![], json!({"command": "tag", "tags": ["eu", "team:payments", " a : b:c "]}), "tagged", "/labels", json!({"eu": "true", "team": "payments", "a": "b:c"})),
            (vec![json!({"command": "tag", "labels": {"region": "eu", "x": "y"}})], json!({"command": "tag", "labels": {"region": ""}}), "tagged", "/labels", json!({"x": "y"})),
            (vec![], json!({"command": "set_private", "private": true}), "privacy_set", "/private", json!(true)),
            (vec![], json!({"command": "postpone_update", "for_s": 3600, "reason": "the provider answers at one"}), "update_postponed", "/update_postponed_to", json!("2026-08-11T13:00:00Z")),
            (vec![], json!({"command": "attach_alert", "alert": alert}), "alerts_attached", "/signals//total", json!(1)),
            (vec![json!({"command": "attach_alert", "alert": alert})], json!({"command": "detach_alert", "alert": alert}), "alert_detached", "/signals", json!({})),
        ];
        for (before, command, kind, pointer, expected) in cases {
            let incident = active(&ci).await;
            for before in before {
                ci.command(&incident, before).await.is(200);
            }
            let answer = ci.command(&incident, command.clone()).await;
            let after = answer.is(200);
            has_every_field(&after);
            assert_eq!(after["id"], json!(incident), "{command}");
            assert_eq!(after.pointer(pointer), Some(&expected), "{command}: {after}");
            assert_eq!(answer.header("etag"), format!("\"{}\"", after["version"]), "{command}");
            assert!(kinds(&ci, &incident).await.contains(&kind.to_owned()), "{command}");
            assert_eq!(ci.get(&format!("/api/v1/incidents/{incident}")).await.is(200), after, "{command}");
            ci.command(&incident, json!({"command": "detach_alert", "alert": alert})).await;
        }
        // Asked by somebody else, one accepts for oneself.
        let incident = active(&ci).await;
        let asked = lead.command(&incident, json!({"command": "assign_role", "role": "commander", "person": {"id": me["id"]}})).await;
        assert_eq!(asked.status, 422, "an API token is no person with an account: {}", asked.text());
        let mara = house.browser("mara", Role::Responder).await.saying("x-tocsin", "1");
        let asked = ci.command(&incident, json!({"command": "assign_role", "role": "commander", "person": "Mara"})).await.is(200);
        assert_eq!((&asked["roles"]["commander"]["holder"], &asked["roles"]["commander"]["asked"]["person"]["name"]), (&Value::Null, &json!("mara")));
        let accepted = mara.command(&incident, json!({"command": "accept_role", "role": "commander"})).await.is(200);
        assert_eq!((&accepted["roles"]["commander"]["holder"]["person"]["name"], &accepted["roles"]["commander"]["asked"]), (&json!("mara"), &Value::Null));
    }
}

story! {
    /// Every refusal by its code: what comes before, the command, the code.
    async fn every_refusal_has_its_code(fresh) {
        let house = House::of(&fresh);
        let (ci, lead, viewer) = (house.program(Role::Responder).await, house.program(Role::Commander).await, house.program(Role::Viewer).await);
        let resolve = || json!({"command": "resolve"});
        let cases: Vec<(Vec<Value>, Value, &str)> = vec![
            (vec![resolve(), json!({"command": "close"})], json!({"command": "close"}), "already_closed"),
            (vec![], json!({"command": "close"}), "not_resolved_yet"),
            (vec![resolve(), json!({"command": "close"})], json!({"command": "set_title", "title": "x"}), "closed"),
            (vec![json!({"command": "cancel", "reason": "x"})], json!({"command": "acknowledge"}), "cancelled"),
            (vec![], json!({"command": "cancel"}), "reason_needed"),
            (vec![json!({"command": "mitigate"})], json!({"command": "mitigate"}), "already_mitigated"),
            (vec![resolve()], resolve(), "already_resolved"),
            (vec![resolve()], json!({"command": "mitigate"}), "already_resolved"),
            (vec![], json!({"command": "activate"}), "already_active"),
            (vec![json!({"command": "mitigate"})], json!({"command": "activate"}), "reason_needed"),
            (vec![], json!({"command": "reopen", "reason": "x"}), "still_open"),
            (vec![resolve()], json!({"command": "reopen"}), "reason_needed"),
            (vec![resolve()], json!({"command": "acknowledge"}), "not_now"),
            (vec![], json!({"command": "acknowledge", "for_s": 0}), "bad_period"),
            (vec![], json!({"command": "acknowledge", "for_s": -5}), "bad_period"),
            (vec![], json!({"command": "acknowledge", "for_s": 604_801}), "bad_period"),
            (vec![], json!({"command": "unacknowledge"}), "not_acknowledged"),
            (vec![], json!({"command": "postpone_update", "for_s": 3600}), "reason_needed"),
            (vec![], json!({"command": "postpone_update", "for_s": 7201, "reason": "x"}), "bad_postponement"),
            (vec![], json!({"command": "postpone_update", "for_s": 600, "reason": "x"}), "not_postponed"),
            (vec![json!({"command": "set_severity", "severity": "SEV4", "reason": "few"})], json!({"command": "postpone_update", "for_s": 600, "reason": "x"}), "no_update_due"),
            (vec![resolve()], json!({"command": "postpone_update", "for_s": 3600, "reason": "x"}), "not_now"),
            (vec![], json!({"command": "set_severity", "severity": "SEV2", "reason": "x"}), "same_severity"),
            (vec![], json!({"command": "set_severity", "severity": "SEV1"}), "reason_needed"),
            (vec![], json!({"command": "note", "text": " "}), "empty"),
            (vec![], json!({"command": "note", "text": "x".repeat(20_001)}), "too_long"),
            (vec![], json!({"command": "note", "text": "x", "happened_at": "2026-08-11T12:03:00Z"}), "in_the_future"),
            (vec![], json!({"command": "link", "url": "javascript:alert(1)"}), "unsafe_link"),
            (vec![], json!({"command": "pin", "seq": 2}), "unknown_entry"),
            (vec![json!({"command": "pin", "seq": 1})], json!({"command": "pin", "seq": 1}), "already_pinned"),
            (vec![], json!({"command": "unpin", "seq": 1}), "not_pinned"),
            (vec![], json!({"command": "correct_time", "seq": 9, "happened_at": "2026-08-11T11:00:00Z"}), "unknown_entry"),
            (vec![], json!({"command": "release_role", "role": "scribe"}), "not_held"),
            (vec![], json!({"command": "accept_role", "role": "scribe"}), "not_asked"),
            (vec![json!({"command": "assign_role", "role": "scribe", "person": "V"})], json!({"command": "assign_role", "role": "scribe", "person": "V"}), "already_held"),
            (vec![], json!({"command": "assign_role", "role": "scribe", "person": " "}), "empty"),
            (vec![], json!({"command": "tag", "labels": {}}), "empty"),
            (vec![], json!({"command": "tag", "tags": [" "]}), "empty"),
            (vec![], json!({"command": "set_impact", "impact": [{"service": null, "from": "2026-08-11T11:00:00Z", "to": "2026-08-11T10:59:59Z"}]}), "window_backwards"),
            (vec![], json!({"command": "note", "text": "x", "happened_at": "0001-01-01T00:00:00Z"}), "before_clocks"),
            (vec![], json!({"command": "correct_time", "seq": 1, "happened_at": "1970-01-01T00:00:00Z"}), "before_clocks"),
            (vec![], json!({"command": "set_impact", "impact": [{"service": null, "from": "0001-01-01T00:00:00Z", "to": null}]}), "before_clocks"),
        ];
        for (before, command, code) in cases {
            let incident = active(&ci).await;
            for before in before {
                ci.command(&incident, before).await.is(200);
            }
            let version = ci.get(&format!("/api/v1/incidents/{incident}")).await.is(200)["version"].clone();
            assert_eq!(ci.command(&incident, command.clone()).await.refused(409), code, "{command}");
            assert_eq!(ci.get(&format!("/api/v1/incidents/{incident}")).await.is(200)["version"], version, "{command} changed nothing");
        }
        let (one, two) = (active(&ci).await, active(&ci).await);
        assert_eq!(ci.command(&one, json!({"command": "merge", "into": one})).await.refused(409), "merge_into_itself");
        // What is private does not become public by going on elsewhere.
        let secret = text(&ci.declared(json!({"title": "Secret", "severity": "SEV2", "private": true})).await["id"]);
        let other_secret = text(&ci.declared(json!({"title": "Secret too", "severity": "SEV2", "private": true})).await["id"]);
        assert_eq!(ci.command(&secret, json!({"command": "merge", "into": one})).await.refused(409), "private_into_public");
        let timeline = ci.get(&format!("/api/v1/incidents/{one}/timeline")).await.is(200).to_string();
        assert!(!timeline.contains("Secret"), "{timeline}");
        ci.command(&secret, json!({"command": "merge", "into": other_secret})).await.is(200);
        ci.command(&one, json!({"command": "acknowledge"})).await.is(200);
        assert_eq!(lead.command(&one, json!({"command": "acknowledge"})).await.refused(409), "already_acknowledged");
        ci.command(&two, json!({"command": "merge", "into": one})).await.is(200);
        assert_eq!(ci.command(&two, json!({"command": "acknowledge"})).await.refused(409), "merged");
        assert_eq!(ci.command(&one, json!({"command": "merge", "into": two})).await.refused(409), "merge_into_over");
        ci.command(&one, json!({"command": "assign_role", "role": "commander", "person": "Somebody else"})).await.is(200);
        assert_eq!(ci.command(&one, json!({"command": "cancel", "reason": "x"})).await.refused(403), "needs_lead");
        assert_eq!(viewer.command(&one, json!({"command": "note", "text": "x"})).await.refused(403), "needs_responder");
        lead.command(&one, json!({"command": "cancel", "reason": "x"})).await.is(200);

        for (command, code, status) in [
            (json!({"command": "explode"}), "unknown_command", 422),
            (json!({"command": "declare", "title": "x"}), "unknown_command", 422),
            (json!({"command": 7}), "invalid_body", 422),
            (json!({"note": "x"}), "invalid_body", 422),
            (json!([]), "invalid_body", 422),
            (json!({"command": "note"}), "invalid_body", 422),
            (json!({"command": "merge"}), "invalid_body", 422),
            (json!({"command": "merge", "into": "INC-999"}), "unknown_incident", 404),
            (json!({"command": "merge", "into": "0198e000-0000-7000-8000-000000000000"}), "unknown_incident", 404),
            (json!({"command": "merge", "into": "nonsense"}), "invalid_body", 422),
            (json!({"command": "attach_alert", "alert": "0198e000-0000-7000-8000-000000000000"}), "unknown_alert", 404),
            (json!({"command": "assign_role", "role": "chef", "person": "x"}), "invalid_body", 422),
            (json!({"command": "assign_role", "role": "scribe", "person": {"id": "nobody"}}), "unknown_person", 422),
        ] {
            assert_eq!(ci.command(&one, command.clone()).await.refused(status), code, "{command}");
        }
    }
}

story! {
    async fn a_key_sent_again_answers_what_it_answered_first(fresh) {
        let house = House::of(&fresh);
        let (ci, other) = (house.program(Role::Responder).await, house.program_called("other", Role::Responder).await);
        let keyed = ci.saying("idempotency-key", "deploy 12");
        let first = keyed.post("/api/v1/incidents", &json!({"title": "One", "severity": "SEV3"})).await.is(201);
        let id = text(&first["id"]);
        ci.command(&id, json!({"command": "note", "text": "meanwhile"})).await.is(200);
        // The order of fields, and defaults spelled out, are no other body.
        assert_eq!(keyed.post("/api/v1/incidents", &json!({"severity": "SEV3", "title": "One", "services": []})).await.is(201), first);
        assert_eq!(keyed.post("/api/v1/incidents", &json!({"title": "Two", "severity": "SEV3"})).await.refused(422), "idempotency_key_reused");
        assert_eq!(keyed.command(&id, json!({"command": "note", "text": "x"})).await.refused(422), "idempotency_key_reused");
        assert_ne!(other.saying("idempotency-key", "deploy 12").post("/api/v1/incidents", &json!({"title": "One", "severity": "SEV3"})).await.is(201)["id"], first["id"]);

        let keyed = ci.saying("idempotency-key", "3f0c7c0e-3b11-4a7c-8a83-0d6a6b0f8f00");
        let first = keyed.command(&id, json!({"command": "note", "text": "once"})).await.is(200);
        ci.command(&id, json!({"command": "mitigate"})).await.is(200);
        assert_eq!(keyed.command(&id, json!({"command": "note", "text": "once"})).await.is(200), first);
        assert_eq!(keyed.command("INC-1", json!({"command": "note", "text": "once"})).await.is(200), first);
        assert_eq!(keyed.command(&id, json!({"command": "note", "text": "twice"})).await.refused(422), "idempotency_key_reused");
        let entries = ci.items("/api/v1/incidents/INC-1/timeline").await;
        let once: Vec<_> = entries.iter().filter(|entry| entry["data"]["text"] == "once").collect();
        assert_eq!(once.len(), 1);
        assert_eq!(once[0]["command"], "3f0c7c0e-3b11-4a7c-8a83-0d6a6b0f8f00");

        // A refusal changed nothing, so the same key may be tried again when things stand otherwise.
        let keyed = ci.saying("idempotency-key", "close it");
        assert_eq!(keyed.command(&id, json!({"command": "close"})).await.refused(409), "not_resolved_yet");
        ci.command(&id, json!({"command": "resolve"})).await.is(200);
        assert_eq!(keyed.command(&id, json!({"command": "close"})).await.is(200)["state"], "closed");

        // Without a key nothing is a repetition.
        let count = ci.items("/api/v1/incidents").await.len();
        for _ in 0..2 {
            ci.declared(json!({"title": "The same"})).await;
        }
        assert_eq!(ci.items("/api/v1/incidents").await.len(), count + 2);
        for bad in [" ".to_owned(), "x".repeat(256)] {
            assert_eq!(ci.saying("idempotency-key", &bad).post("/api/v1/incidents", &json!({"title": "x"})).await.refused(400), "bad_idempotency_key");
        }
    }
}

story! {
    async fn the_same_key_at_the_same_moment_is_done_once(fresh) {
        let ci = House::of(&fresh).program(Role::Responder).await;
        let tasks: Vec<_> = (0..30)
            .map(|_| {
                let keyed = ci.saying("idempotency-key", "once");
                tokio::spawn(async move { keyed.post("/api/v1/incidents", &json!({"title": "Once"})).await.is(201) })
            })
            .collect();
        let mut ids = std::collections::HashSet::new();
        for task in tasks {
            ids.insert(text(&task.await.expect("it does not panic")["id"]));
        }
        assert_eq!(ids.len(), 1);
        assert_eq!(ci.items("/api/v1/incidents").await.len(), 1);
    }
}

story! {
    async fn a_stale_version_is_told_and_changes_nothing(fresh) {
        let ci = House::of(&fresh).program(Role::Responder).await;
        let id = active(&ci).await;
        let keyed = ci.saying("if-match", "\"1\"").saying("idempotency-key", "k");
        let first = keyed.command(&id, json!({"command": "note", "text": "a"})).await.is(200);
        assert_eq!(ci.saying("if-match", "\"1\"").command(&id, json!({"command": "note", "text": "b"})).await.refused(412), "stale");
        assert_eq!(ci.saying("if-match", "99").command(&id, json!({"command": "note", "text": "b"})).await.refused(412), "stale");
        assert_eq!(ci.saying("if-match", "seven").command(&id, json!({"command": "note", "text": "b"})).await.refused(400), "bad_if_match");
        // What was done already is answered again, whatever the version is by now.
        assert_eq!(keyed.command(&id, json!({"command": "note", "text": "a"})).await.is(200), first);
        for fine in ["2", "*", "W/\"4\""] {
            ci.saying("if-match", fine).command(&id, json!({"command": "note", "text": fine})).await.is(200);
        }
    }
}

story! {
    async fn an_incident_goes_by_its_id_and_its_reference(fresh) {
        let ci = House::of(&fresh).program(Role::Responder).await;
        let id = active(&ci).await;
        let by_id = ci.get(&format!("/api/v1/incidents/{id}")).await.is(200);
        for name in ["INC-1", "inc-1", "Inc-1", &id.to_uppercase()] {
            assert_eq!(ci.get(&format!("/api/v1/incidents/{name}")).await.is(200), by_id, "{name}");
            ci.get(&format!("/api/v1/incidents/{name}/timeline")).await.is(200);
        }
        for name in ["INC-2", "INC-0", "INC--1", "1", "INC-1x", "INC-99999999999999999999", "0198e000-0000-7000-8000-000000000000", "%00", "%ff", "INC-1%00", "..%2f", "%F0%9F%94%A5"] {
            for path in [format!("/api/v1/incidents/{name}"), format!("/api/v1/incidents/{name}/timeline")] {
                ci.get(&path).await.refused(404);
            }
            ci.command(name, json!({"command": "note", "text": "x"})).await.refused(404);
        }
    }
}

story! {
    async fn an_acknowledgement_that_was_held_up_becomes_a_note(fresh) {
        let ci = House::of(&fresh).program(Role::Responder).await;
        let id = active(&ci).await;
        fresh.at(300);
        ci.command(&id, json!({"command": "resolve"})).await.is(200);
        fresh.at(600);
        // Which severity must be said, even if it is none.
        assert_eq!(ci.command(&id, json!({"command": "set_severity", "reason": "x"})).await.refused(422), "invalid_body");
        let late = json!({"command": "acknowledge", "for_s": 1800, "happened_at": "2026-08-11T12:03:00Z"});
        let incident = ci.command(&id, late).await.is(200);
        assert_eq!((&incident["state"], &incident["acknowledged_at"], &incident["resolved_at"]), (&json!("resolved"), &Value::Null, &json!("2026-08-11T12:05:00Z")));
        let entries = ci.items(&format!("/api/v1/incidents/{id}/timeline")).await;
        let note = entries.iter().find(|entry| entry["kind"] == "note").expect("it is kept");
        assert_eq!((&note["happened_at"], &note["recorded_at"]), (&json!("2026-08-11T12:03:00Z"), &json!("2026-08-11T12:10:00Z")));
        assert!(text(&note["text"]).starts_with("Late acknowledgement"), "{note}");
        assert_eq!(ci.command(&id, json!({"command": "acknowledge"})).await.refused(409), "not_now");
    }
}

story! {
    async fn the_timeline_reads_by_when_things_happened(fresh) {
        let ci = House::of(&fresh).program(Role::Responder).await;
        let id = active(&ci).await;
        fresh.at(600);
        ci.command(&id, json!({"command": "note", "text": "now"})).await.is(200);
        ci.command(&id, json!({"command": "note", "text": "late", "happened_at": "2026-08-11T12:05:00Z"})).await.is(200);
        ci.command(&id, json!({"command": "decision", "text": "also at ten past"})).await.is(200);
        ci.command(&id, json!({"command": "mitigate", "happened_at": "2026-08-11T12:08:00+00:00"})).await.is(200);
        let path = format!("/api/v1/incidents/{id}/timeline");
        let seqs = async || ci.items(&path).await.iter().map(|entry| entry["seq"].as_i64().unwrap_or_default()).collect::<Vec<_>>();
        assert_eq!(seqs().await, [1, 3, 5, 2, 4]);
        let entries = ci.items(&path).await;
        for entry in &entries {
            for field in ["seq", "kind", "happened_at", "recorded_at", "actor", "text", "data", "pinned", "hash", "prev_hash"] {
                assert!(entry.get(field).is_some(), "{field} is missing in {entry}");
            }
        }
        assert_eq!((&entries[1]["happened_at"], &entries[1]["recorded_at"]), (&json!("2026-08-11T12:05:00Z"), &json!("2026-08-11T12:10:00Z")));
        assert_eq!((&entries[1]["actor"]["kind"], &entries[1]["actor"]["name"]), (&json!("token"), &json!("responder")));

        // A correction moves the entry and is an entry itself; the chain still holds.
        let corrected = ci.command(&id, json!({"command": "correct_time", "seq": 5, "happened_at": "2026-08-11T12:01:00Z"})).await.is(200);
        assert_eq!(corrected["mitigated_at"], "2026-08-11T12:01:00Z");
        assert_eq!(seqs().await, [1, 5, 3, 2, 4, 6]);
        ci.command(&id, json!({"command": "pin", "seq": 3})).await.is(200);
        let entries = ci.items(&path).await;
        assert_eq!(entries.iter().filter(|entry| entry["pinned"] == true).map(|entry| entry["seq"].clone()).collect::<Vec<_>>(), [json!(3)]);
        assert_eq!((&entries[1]["happened_at"], &entries[1]["corrected_from"]), (&json!("2026-08-11T12:01:00Z"), &json!("2026-08-11T12:08:00Z")));
        let mut by_seq = entries.clone();
        by_seq.sort_by_key(|entry| entry["seq"].as_i64());
        assert!(by_seq.windows(2).all(|pair| pair[1]["prev_hash"] == pair[0]["hash"]));
        assert!(fresh.store.verify(true).await.expect("the store works").faults.is_empty());

        // Paged, it is the same.
        let mut paged = vec![];
        let mut cursor = String::new();
        loop {
            let page = ci.get(&format!("{path}?limit=2{cursor}")).await.is(200);
            paged.extend(page["items"].as_array().expect("it has items").clone());
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(paged, entries);
        for bad in ["cursor=x", "cursor=1", "limit=0", "limit=-1", "limit=1e3", "cursor=99999999999999999999.1"] {
            assert_eq!(ci.get(&format!("{path}?{bad}")).await.refused(400), "bad_parameter", "{bad}");
        }
    }
}

story! {
    async fn the_list_filters_pages_and_holds_everything(fresh) {
        let ci = House::of(&fresh).program(Role::Responder).await;
        let endings = [None, Some(json!({"command": "mitigate"})), Some(json!({"command": "resolve"})), Some(json!({"command": "cancel", "reason": "x"}))];
        for (n, ending) in endings.iter().enumerate() {
            let id = text(&ci.declared(json!({"title": format!("{n}"), "severity": format!("SEV{}", n + 1), "services": [format!("s{n}")]})).await["id"]);
            if let Some(ending) = ending {
                ci.command(&id, ending.clone()).await.is(200);
            }
        }
        ci.declared(json!({"title": "drill", "kind": "drill"})).await;
        ci.declared(json!({"title": "maintenance", "kind": "maintenance"})).await;
        let titles = async |query: &str| ci.items(&format!("/api/v1/incidents{query}")).await.iter().map(|incident| text(&incident["title"])).collect::<Vec<_>>();
        assert_eq!(titles("").await, ["maintenance", "drill", "3", "2", "1", "0"]);
        assert_eq!(titles("?nobody=knows&utm=1").await.len(), 6);
        assert_eq!(titles("?state=active").await, ["0"]);
        assert_eq!(titles("?state=open").await, ["maintenance", "drill", "1", "0"]);
        assert_eq!(titles("?state=resolved,cancelled").await, ["3", "2"]);
        assert_eq!(titles("?severity=SEV1,sev3").await, ["2", "0"]);
        assert_eq!(titles("?service=s1").await, ["1"]);
        assert_eq!(titles("?service=%25").await, Vec::<String>::new());
        assert_eq!(titles("?kind=drill").await, ["drill"]);
        assert_eq!(titles("?origin=elsewhere").await, Vec::<String>::new());
        assert_eq!(titles("?updated_since=2026-08-11T12:00:01Z").await, Vec::<String>::new());
        assert_eq!(titles("?resolved_since=2026-08-11T12:00:00Z").await, ["2"]);
        let first = ci.get("/api/v1/incidents?limit=4").await.is(200);
        let next = text(&first["next_cursor"]);
        assert_eq!(titles(&format!("?limit=4&cursor={next}")).await, ["1", "0"]);
        assert_eq!(ci.get("/api/v1/incidents?limit=6").await.is(200)["next_cursor"], Value::Null);
        assert_eq!(titles("?limit=500").await.len(), 6);
        for bad in ["limit=0", "limit=x", "cursor=x", "cursor=-1", "state=lost", "severity=SEV9", "kind=party", "updated_since=yesterday"] {
            assert_eq!(ci.get(&format!("/api/v1/incidents?{bad}")).await.refused(400), "bad_parameter", "{bad}");
        }
    }
}

story! {
    async fn an_origin_has_one_incident_under_each_id(fresh) {
        let house = House::of(&fresh);
        let caller = house.program(Role::Responder).await;
        let draft = |title: &str| json!({"title": title, "severity": "SEV2", "origin": {"name": "statuspage", "id": "7"}});
        caller.post("/api/v1/incidents", &draft("first")).await.is(201);
        assert_eq!(caller.post("/api/v1/incidents", &draft("second")).await.refused(409), "origin_taken");
        assert_eq!(caller.items("/api/v1/incidents").await.len(), 1);
    }
}
