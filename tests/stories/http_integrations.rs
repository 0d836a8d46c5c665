//! Integrations through the REST door: made, read, changed, switched off.

use crate::{
    callers::{House, text},
    story,
};
use axum::http::Method;
use serde_json::{Value, json};
use tocsin::domain::people::Role;

story! {
    async fn an_integration_is_made_with_defaults_and_its_token_is_shown_once(fresh) {
        let house = House::of(&fresh);
        let admin = house.program(Role::Admin).await;
        let answer = admin.post("/api/v1/integrations", &json!({"source": "alertmanager", "name": " Cluster A "})).await;
        let made = answer.is(201);
        let id = text(&made["id"]);
        assert_eq!(answer.header("location"), format!("/api/v1/integrations/{id}"));
        assert_eq!((&made["source"], &made["name"], &made["disabled"], &made["settings"]), (&json!("alertmanager"), &json!("Cluster A"), &json!(false), &json!({})));
        assert_eq!(made["grouping"], json!({"by": ["service"], "quiet_s": 300, "storm_at": 10}));
        assert!(text(&made["token"]).len() >= 32);
        let read = admin.get(&format!("/api/v1/integrations/{id}")).await.is(200);
        assert_eq!(read.get("token"), None);
        assert_eq!(admin.items("/api/v1/integrations").await, [read]);
        let everything = admin.get("/api/v1/integrations").await.text();
        assert!(!everything.contains(&text(&made["token"])));
        let spelled = json!({"source": "generic", "name": "y", "token": null, "signing_secrets": null, "settings": null, "grouping": null});
        assert_eq!(admin.post("/api/v1/integrations", &spelled).await.is(201)["grouping"], made["grouping"], "what is absent may be spelled out");
        // Part of a grouping leaves the rest as it is by default.
        let grouped = admin.post("/api/v1/integrations", &json!({"source": "generic", "name": "x", "grouping": {"by": ["team"]}, "settings": {"rate_limit": 5, "heartbeat_s": 60}})).await.is(201);
        assert_eq!(grouped["grouping"], json!({"by": ["team"], "quiet_s": 300, "storm_at": 10}));
        assert_eq!(grouped["settings"], json!({"rate_limit": 5, "heartbeat_s": 60}));
    }
}

story! {
    async fn callers_bring_their_own_keys_and_secrets(fresh) {
        let house = House::of(&fresh);
        let admin = house.program(Role::Admin).await;
        let draft = |token: &str| json!({"source": "pagerduty_events", "name": "x", "token": token});
        let made = admin.post("/api/v1/integrations", &draft("0123456789abcdef")).await.is(201);
        assert_eq!(made["token"], "0123456789abcdef");
        for (token, code) in [("0123456789abcde", "bad_token"), ("0123456789 abcdef", "bad_token"), ("0123456789abcdef\n", "bad_token"), ("", "bad_token")] {
            assert_eq!(admin.post("/api/v1/integrations", &draft(token)).await.refused(422), code, "{token:?}");
        }
        assert_eq!(admin.post("/api/v1/integrations", &draft("0123456789abcdef")).await.refused(409), "token_in_use");
        let secrets = |secrets: Value| json!({"source": "generic", "name": "x", "signing_secrets": secrets});
        let made = admin.post("/api/v1/integrations", &secrets(json!(["0123456789abcdef", "ghijklmnopqrstuv"]))).await;
        assert_eq!(made.is(201)["signing_secrets"], 2);
        assert!(!made.text().contains("ghijklmnopqrstuv"));
        assert_eq!(admin.post("/api/v1/integrations", &secrets(json!(["short"]))).await.refused(422), "bad_secret");
        assert_eq!(admin.post("/api/v1/integrations", &secrets(json!([""]))).await.refused(422), "bad_secret");
        assert_eq!(admin.post("/api/v1/integrations", &secrets(json!("0123456789abcdef"))).await.refused(422), "invalid_body");
        // What is in the database opens nothing.
        sqlx::any::install_default_drivers();
        let pool = sqlx::AnyPool::connect(&fresh.url).await.expect("the database opens");
        let rows: Vec<(String,)> = sqlx::query_as("SELECT token_hash FROM integrations").fetch_all(&pool).await.expect("it can be read");
        assert!(rows.iter().all(|(hash,)| hash.len() == 64 && !hash.contains("0123456789abcdef")), "{rows:?}");
    }
}

story! {
    async fn what_cannot_be_set_is_told_with_a_code(fresh) {
        let admin = House::of(&fresh).program(Role::Admin).await;
        for (change, code) in [
            (json!({"source": "nagios"}), "unknown_source"),
            (json!({"name": " "}), "empty_name"),
            (json!({"name": "x".repeat(201)}), "name_too_long"),
            (json!({"settings": {"header": "x y"}}), "bad_header"),
            (json!({"settings": {"heartbeat_s": 604_801}}), "bad_heartbeat"),
            (json!({"settings": {"rate_limit": -1}}), "invalid_body"),
            (json!({"settings": {"ratelimit": 1}}), "invalid_body"),
            (json!({"grouping": {"quiet_s": 0}}), "bad_grouping"),
            (json!({"grouping": {"storm_at": 1}}), "bad_grouping"),
            (json!({"grouping": {"by": [""]}}), "bad_grouping"),
            (json!({"grouping": {"by": "service"}}), "invalid_body"),
            (json!({"unknown": 1}), "invalid_body"),
        ] {
            let mut draft = json!({"source": "generic", "name": "x"});
            draft.as_object_mut().expect("it is an object").extend(change.as_object().cloned().unwrap_or_default());
            assert_eq!(admin.post("/api/v1/integrations", &draft).await.refused(422), code, "{draft}");
        }
        assert!(admin.items("/api/v1/integrations").await.is_empty());
        for path in ["/api/v1/integrations/x", "/api/v1/integrations/0198e000-0000-7000-8000-000000000000", "/api/v1/integrations/%00"] {
            assert_eq!(admin.get(path).await.refused(404), "unknown_integration", "{path}");
            assert_eq!(admin.patch(path, &json!({"name": "x"})).await.refused(404), "unknown_integration", "{path}");
            assert_eq!(admin.send(Method::DELETE, path, "").await.refused(404), "unknown_integration", "{path}");
        }
    }
}

story! {
    async fn changes_hold_for_the_next_delivery_and_a_disabled_one_is_turned_away(fresh) {
        let house = House::of(&fresh);
        let admin = house.program(Role::Admin).await;
        let (id, token) = house.integration(json!({"source": "generic", "name": "x"})).await;
        let (path, hook) = (format!("/api/v1/integrations/{id}"), format!("/hooks/generic/{token}"));
        let send = async |title: &str| house.nobody().post(&hook, &json!({"title": title, "severity": "critical", "labels": {"team": "a"}})).await;
        send("one").await.is(200);
        assert!(admin.get(&path).await.is(200)["last_received_at"].is_string());
        let changed = admin.patch(&path, &json!({"name": "y", "grouping": {"by": ["team"]}})).await.is(200);
        assert_eq!((&changed["name"], &changed["grouping"]["by"]), (&json!("y"), &json!(["team"])));
        send("two").await.is(200);
        send("three").await.is(200);
        assert_eq!(admin.items("/api/v1/incidents").await.len(), 2, "two and three are one team's");
        assert_eq!(admin.send(Method::DELETE, &path, "").await.is(200)["disabled"], true);
        assert_eq!(send("four").await.refused(403), "integration_disabled");
        assert_eq!(admin.patch(&path, &json!({"disabled": false})).await.is(200)["disabled"], false);
        send("four").await.is(200);
        assert_eq!(admin.patch(&path, &json!({"source": "prometheus"})).await.refused(422), "invalid_body");
    }
}
