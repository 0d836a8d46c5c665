//! Integrations, deliveries and upkeep, through the doors.

use crate::{
    databases::{Fresh, NOON},
    story,
};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Method, Request},
};
use serde_json::{Value, json};
use std::sync::Arc;
use tocsin::{
    domain::people::Role,
    server::{config::Config, router, state::App, usecases::tokens},
};
use tower::ServiceExt;

/// A second server on the same database shares nothing else with the first.
fn a_server(fresh: &Fresh) -> (Arc<App>, Router) {
    let app = App::new(fresh.store.clone(), Config::default());
    (app.clone(), router::build(app))
}

async fn ask(router: &Router, method: Method, path: &str, token: &str, body: Value) -> (u16, Value) {
    let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {token}"));
    let answer = router.clone().oneshot(request.body(Body::from(body.to_string())).expect("a request")).await.expect("an answer");
    let status = answer.status().as_u16();
    let bytes = to_bytes(answer.into_body(), 10_000_000).await.expect("the answer ends");
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

const KEY: &str = "0123456789abcdef-key";

story! {
    async fn an_integration_made_at_one_server_opens_the_other_at_once(fresh) {
        let ((app, one), (_, other)) = (a_server(&fresh), a_server(&fresh));
        let admin = tokens::create_from_cli(&app.store, "admin", Role::Admin).await.expect("the store works");
        let refused = ask(&other, Method::POST, "/hooks/generic", KEY, json!({ "title": "x" })).await;
        assert_eq!(refused.0, 401);
        let draft = json!({ "source": "generic", "name": "cron", "token": KEY, "signing_secrets": [], "settings": { "rate_limit": 0 }, "grouping": { "by": ["team"], "quiet_s": 60, "storm_at": 3 } });
        let (status, made) = ask(&one, Method::POST, "/api/v1/integrations", &admin, draft).await;
        assert_eq!((status, &made["token"], &made["grouping"]["by"]), (201, &json!(KEY), &json!(["team"])));
        let (status, receipt) = ask(&other, Method::POST, "/hooks/generic", KEY, json!({ "title": "x", "severity": "error" })).await;
        assert_eq!((status, &receipt["opened"]), (200, &json!(1)));
        let twice = ask(&one, Method::POST, "/api/v1/integrations", &admin, json!({ "source": "generic", "name": "again", "token": KEY })).await;
        assert_eq!((twice.0, twice.1["code"].clone()), (409, json!("token_in_use")));

        let path = format!("/api/v1/integrations/{}", made["id"].as_str().expect("an id"));
        let (status, off) = ask(&one, Method::PATCH, &path, &admin, json!({ "disabled": true, "name": "nightly" })).await;
        assert_eq!((status, &off["disabled"], &off["name"], &off["settings"]["rate_limit"]), (200, &json!(true), &json!("nightly"), &json!(0)));
        assert_eq!(ask(&one, Method::POST, "/hooks/generic", KEY, json!({ "title": "x" })).await.0, 403);
        let (_, listed) = ask(&other, Method::GET, "/api/v1/integrations", &admin, Value::Null).await;
        assert_eq!((listed["items"].as_array().map(Vec::len), &listed["items"][0]["last_received_at"]), (Some(1), &json!(NOON.to_string())));
    }
}

story! {
    async fn a_change_that_is_told_again_is_the_same_change(fresh) {
        let (app, router) = a_server(&fresh);
        let admin = tokens::create_from_cli(&app.store, "admin", Role::Admin).await.expect("the store works");
        assert_eq!(ask(&router, Method::POST, "/api/v1/integrations", &admin, json!({ "source": "pagerduty_events", "name": "ci", "token": KEY })).await.0, 201);
        let change = json!({ "routing_key": KEY, "payload": { "summary": "Deployed 4.2.1\u{0}", "timestamp": "2026-08-11T11:59:00Z" } });
        for _ in 0..2 {
            assert_eq!(ask(&router, Method::POST, "/v2/change/enqueue", "", change.clone()).await, (202, json!({ "status": "success", "message": "Change event processed" })));
        }
    }
}

story! {
    async fn what_has_outlived_its_use_is_forgotten_and_the_rest_stays(fresh) {
        let (app, router) = a_server(&fresh);
        let token = tokens::create_from_cli(&app.store, "ci", Role::Responder).await.expect("the store works");
        for n in 0..30 {
            assert_eq!(ask(&router, Method::POST, "/api/v1/incidents", &token, json!({ "title": format!("number {n}") })).await.0, 201);
        }
        let latest = app.store.latest_seq().await.expect("the store works");
        assert_eq!(app.store.prune_changes(10).await.expect("the store works"), u64::try_from(latest - 10).expect("more than ten"));
        assert_eq!(app.store.prune_changes(10).await.expect("the store works"), 0);
        assert_eq!(app.store.prune_commands(NOON).await.expect("the store works"), 0);
        assert_eq!(app.store.prune_commands(NOON.plus_secs(1)).await.expect("the store works"), 30);
        assert_eq!(app.store.prune_sessions(NOON).await.expect("the store works"), 0);
        assert!(app.store.verify(true).await.expect("the store works").faults.is_empty());

        assert_eq!(app.store.alive_at().await.expect("the store works"), None);
        for secs in [0, 10] {
            app.store.note_alive(NOON.plus_secs(secs)).await.expect("the store works");
            assert_eq!(app.store.alive_at().await.expect("the store works"), Some(NOON.plus_secs(secs)));
        }
    }
}
