//! The doors from outside: requests in, answers out, on an empty store.

use super::*;
use crate::{
    domain::{
        integration::{NewIntegration, Settings},
        people::{Actor, ActorRef, Role},
    },
    server::{
        auth::testing::an_app,
        config::Config,
        usecases::{integrations, tokens},
    },
};
use axum::http::{header, request::Builder};
use futures::StreamExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

/// A server on an empty store, with a token of each role.
struct House {
    app: Arc<App>,
    router: Router,
    _folder: TempDir,
}

/// What came back.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{} is JSON", self.text))
    }

    fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

async fn a_house() -> House {
    let (app, folder) = an_app(Config::default()).await;
    House { router: build(app.clone()), app, _folder: folder }
}

impl House {
    async fn ask(&self, request: Builder, body: impl Into<Body>) -> Answer {
        let request = request.body(body.into()).expect("a request");
        let answer = self.router.clone().oneshot(request).await.expect("the router always answers");
        let (parts, body) = answer.into_parts();
        let bytes = axum::body::to_bytes(body, 10_000_000).await.expect("the answer ends");
        Answer { status: parts.status, headers: parts.headers, text: String::from_utf8_lossy(&bytes).into_owned() }
    }

    async fn token(&self, role: Role) -> String {
        tokens::create_from_cli(&self.app.store, role.slug(), role).await.expect("the store answers")
    }

    async fn get(&self, token: &str, path: &str) -> Answer {
        self.ask(Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}")), "").await
    }

    async fn post(&self, token: &str, path: &str, body: Value) -> Answer {
        self.ask(Request::post(path).header(header::AUTHORIZATION, format!("Bearer {token}")), body.to_string()).await
    }

    /// An integration with this key.
    async fn integration(&self, source: &str, key: &str, settings: Settings, signing_secrets: &[&str]) {
        let admin = Actor { who: ActorRef::system(), role: Role::Admin };
        let signing_secrets = signing_secrets.iter().map(|secret| (*secret).to_owned()).collect();
        let draft =
            NewIntegration { source: source.into(), name: source.into(), token: Some(key.into()), signing_secrets, settings, ..NewIntegration::default() };
        integrations::create(&self.app, &admin, draft).await.expect("it can be made");
    }
}

const KEY: &str = "0123456789abcdef-key";

#[tokio::test]
async fn every_documented_address_exists_and_asks_who_is_calling_first() {
    let house = a_house().await;
    let document = house.ask(Request::get("/api/openapi.json"), "").await;
    assert_eq!(document.status, StatusCode::OK);
    let document = document.json();
    let paths = document["paths"].as_object().expect("it has paths");
    assert!(paths.len() >= 10, "{}", paths.len());
    for (path, methods) in paths {
        for method in methods.as_object().expect("each path has methods").keys() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            let answer = house.ask(Request::builder().method(&method).uri(path.replace("{id}", "x")), "{not json").await;
            assert_eq!(
                (answer.status, answer.headers[header::CONTENT_TYPE].to_str().ok()),
                (StatusCode::UNAUTHORIZED, Some("application/problem+json")),
                "{method} {path}"
            );
        }
    }
}

#[tokio::test]
async fn every_call_of_the_app_asks_who_is_calling_except_signing_in() {
    let house = a_house().await;
    let paths: Vec<_> = server_fn::axum::server_fn_paths().collect();
    assert!(paths.len() >= 15, "{}", paths.len());
    for (path, method) in paths.into_iter().filter(|(path, _)| !path.starts_with("/api/fn/session/")) {
        let request = Request::builder().method(method).uri(path).header("x-tocsin", "1").header(header::CONTENT_TYPE, "application/json");
        let answer = house.ask(request, "{}").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}: {}", answer.text);
    }
    let token = house.token(Role::Viewer).await;
    let malformed = house.post(&token, "/api/fn/incidents/page", json!({})).await;
    assert_eq!((malformed.status, malformed.code().as_str()), (StatusCode::BAD_REQUEST, "malformed"));
    let page = house.post(&token, "/api/fn/incidents/page", json!({ "incident": "INC-1" })).await;
    assert_eq!((page.status, page.code().as_str()), (StatusCode::NOT_FOUND, "unknown_incident"));
    let unknown = house.ask(Request::post("/api/fn/board/explode").header("x-tocsin", "1"), "{}").await;
    assert_eq!((unknown.status, unknown.code().as_str()), (StatusCode::NOT_FOUND, "unknown_route"));
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_told_as_problems() {
    let house = a_house().await;
    let unknown = house.ask(Request::get("/api/v1/nothing").header(header::ACCEPT, "text/html"), "").await;
    assert_eq!((unknown.status, unknown.code().as_str()), (StatusCode::NOT_FOUND, "unknown_route"));
    let method = house.ask(Request::delete("/api/v1/incidents"), "").await;
    assert_eq!((method.status, method.code().as_str()), (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"));
    let asset = house.ask(Request::get("/nothing.js"), "").await;
    assert_eq!(asset.status, StatusCode::NOT_FOUND);
    assert!(asset.headers.contains_key("x-request-id") && asset.headers.contains_key(header::CONTENT_SECURITY_POLICY));
}

#[tokio::test]
async fn an_alert_goes_from_the_webhook_to_the_list_and_opens_an_incident() {
    let house = a_house().await;
    house.integration("generic", KEY, Settings::default(), &[]).await;
    let reader = house.token(Role::Viewer).await;
    let body = json!({ "title": "Disk full", "severity": "critical", "service": "db", "dedupe_key": "k" }).to_string();
    let first = house.ask(Request::post(format!("/hooks/generic/{KEY}")), body.clone()).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text);
    let receipt = first.json();
    assert_eq!((&receipt["status"], &receipt["opened"], &receipt["incidents_opened"]), (&json!("ok"), &json!(1), &json!(1)));
    for request in [
        Request::put("/hooks/generic").header("x-tocsin-token", KEY),
        Request::post("/hooks/generic").header(header::AUTHORIZATION, format!("Bearer {KEY}")).header(header::CONTENT_TYPE, "text/plain"),
    ] {
        assert_eq!(house.ask(request, body.clone()).await.json()["repeated"], 1);
    }
    let alerts = house.get(&reader, "/api/v1/alerts").await.json();
    assert_eq!((alerts["items"][0]["id"].clone(), alerts["items"][0]["deliveries"].clone()), (receipt["alerts"][0].clone(), json!(3)));
    let incident = house.get(&reader, "/api/v1/incidents/INC-1").await;
    assert_eq!(incident.json()["id"], alerts["items"][0]["incident_id"]);
    assert_eq!(incident.headers[header::ETAG], format!("\"{}\"", incident.json()["version"]).as_str());
    assert_eq!(house.get(&reader, "/api/v1/alerts?incident=INC-1&state=open").await.json()["items"].as_array().map(Vec::len), Some(1));
    let one = house.get(&reader, &format!("/api/v1/alerts/{}", receipt["alerts"][0].as_str().unwrap_or_default())).await;
    assert_eq!(one.json()["dedupe_key"], "k");
}

#[tokio::test]
async fn a_delivery_without_its_key_is_refused_and_a_switched_off_one_too() {
    let house = a_house().await;
    house.integration("generic", KEY, Settings::default(), &[]).await;
    for path in ["/hooks/generic", "/hooks/generic/wrong", &format!("/hooks/alertmanager/{KEY}")] {
        let answer = house.ask(Request::post(path), r#"{"title":"x"}"#).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::UNAUTHORIZED, "unknown_key"), "{path}");
    }
    assert_eq!(house.ask(Request::post(format!("/hooks/nagios/{KEY}")), "{}").await.status, StatusCode::NOT_FOUND);
    let admin = Actor { who: ActorRef::system(), role: Role::Admin };
    let id = integrations::list(&house.app, &admin).await.expect("the store answers")[0].id;
    integrations::set_disabled(&house.app, &admin, id, true).await.expect("the store answers");
    let off = house.ask(Request::post(format!("/hooks/generic/{KEY}")), r#"{"title":"x"}"#).await;
    assert_eq!((off.status, off.code().as_str()), (StatusCode::FORBIDDEN, "integration_disabled"));
}

#[tokio::test]
async fn a_key_may_come_in_the_header_that_the_integration_names() {
    let house = a_house().await;
    let settings = Settings { header: Some("X-My-Key".to_owned()), ..Settings::default() };
    house.integration("generic", KEY, settings, &[]).await;
    let answer = house.ask(Request::post("/hooks/generic").header("x-my-key", KEY), r#"{"title":"x"}"#).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
}

#[tokio::test]
async fn with_a_secret_the_key_alone_is_not_enough() {
    let house = a_house().await;
    house.integration("generic", KEY, Settings::default(), &["a-signing-secret"]).await;
    let body = r#"{"title":"x"}"#;
    let path = format!("/hooks/generic/{KEY}");
    let unsigned = house.ask(Request::post(&path), body).await;
    assert_eq!((unsigned.status, unsigned.code().as_str()), (StatusCode::UNAUTHORIZED, "bad_signature"));
    let signature = {
        use hmac::{Hmac, KeyInit, Mac};
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"a-signing-secret").expect("any length");
        mac.update(body.as_bytes());
        crate::domain::timeline::hex(&mac.finalize().into_bytes())
    };
    let signed = house.ask(Request::post(&path).header("x-tocsin-signature", format!("sha256={signature}")), body).await;
    assert_eq!(signed.status, StatusCode::OK, "{}", signed.text);
}

#[tokio::test]
async fn over_its_rate_a_sender_hears_429_unless_that_would_lose_its_alerts() {
    let house = a_house().await;
    let slow = Settings { rate_limit: Some(1), ..Settings::default() };
    house.integration("generic", KEY, slow.clone(), &[]).await;
    house.integration("alertmanager", "another-key-of-16", slow, &[]).await;
    for (path, body, status) in [
        (format!("/hooks/generic/{KEY}"), r#"{"title":"x"}"#, StatusCode::TOO_MANY_REQUESTS),
        ("/hooks/alertmanager/another-key-of-16".to_owned(), r#"{"alerts":[]}"#, StatusCode::SERVICE_UNAVAILABLE),
    ] {
        assert_eq!(house.ask(Request::post(&path), body).await.status, StatusCode::OK, "{path}");
        let limited = house.ask(Request::post(&path), body).await;
        assert_eq!((limited.status, limited.headers.contains_key(header::RETRY_AFTER)), (status, true), "{path}");
    }
}

#[tokio::test]
async fn what_is_too_large_too_deep_or_no_json_is_refused_in_words() {
    let house = a_house().await;
    house.integration("generic", KEY, Settings::default(), &[]).await;
    let path = format!("/hooks/generic/{KEY}");
    let large = house.ask(Request::post(&path), vec![b' '; 1024 * 1024 + 1]).await;
    assert_eq!((large.status, large.code().as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "too_large"));
    let deep = format!(r#"{{"title":"x","labels":{}{}}}"#, "[".repeat(129), "]".repeat(129));
    let deep = house.ask(Request::post(&path), deep).await;
    assert_eq!((deep.status, deep.code().as_str()), (StatusCode::BAD_REQUEST, "too_deep"));
    let broken = house.ask(Request::post(&path), "{").await;
    assert_eq!((broken.status, broken.code().as_str()), (StatusCode::BAD_REQUEST, "not_json"));
}

/// 64 MiB of zeros, packed by gzip into 64 KiB.
const BOMB: &[u8] = include_bytes!("../../../tests/fixtures/doors/zeros_64_mib.gz");

#[tokio::test]
async fn packed_bodies_are_unpacked_and_a_bomb_is_stopped_at_the_limit() {
    let house = a_house().await;
    house.integration("generic", KEY, Settings::default(), &[]).await;
    let packed = |kind: &'static str| Request::post(format!("/hooks/generic/{KEY}")).header(header::CONTENT_ENCODING, kind);
    let bomb = house.ask(packed("gzip"), BOMB).await;
    assert_eq!((bomb.status, bomb.code().as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "too_large"));
    let not_gzip = house.ask(packed("gzip"), r#"{"title":"x"}"#).await;
    assert_eq!((not_gzip.status, not_gzip.code().as_str()), (StatusCode::BAD_REQUEST, "broken_body"));
    let good = house.ask(packed("gzip"), &include_bytes!("../../../tests/fixtures/doors/generic_firing.json.gz")[..]).await;
    assert_eq!(good.status, StatusCode::OK, "{}", good.text);
}

#[tokio::test]
async fn prometheus_hears_what_an_alertmanager_would_say() {
    let house = a_house().await;
    house.integration("prometheus", KEY, Settings::default(), &[]).await;
    let post = |path: &str| Request::post(path).header(header::AUTHORIZATION, format!("Bearer {KEY}"));
    let good = house.ask(post("/api/v2/alerts"), r#"[{"labels":{"alertname":"Down","severity":"critical"}}]"#).await;
    assert_eq!((good.status, good.text.as_str()), (StatusCode::OK, ""));
    let mixed = house.ask(post("/api/v2/alerts"), r#"[{"labels":{}},{"labels":{"alertname":"Up"}}]"#).await;
    assert_eq!(mixed.status, StatusCode::BAD_REQUEST);
    assert!(mixed.json().is_string(), "{}", mixed.text);
    let reader = house.token(Role::Viewer).await;
    assert_eq!(house.get(&reader, "/api/v1/alerts").await.json()["items"].as_array().map(Vec::len), Some(2), "the valid ones are stored");
    let in_path = house.ask(Request::post(format!("/hooks/prometheus/{KEY}/api/v2/alerts")), "[]").await;
    assert_eq!((in_path.status, in_path.text.as_str()), (StatusCode::OK, ""));
    let unknown = house.ask(Request::post("/api/v2/alerts"), "[]").await;
    assert_eq!((unknown.status, unknown.json().is_string()), (StatusCode::UNAUTHORIZED, true));
    assert_eq!(house.ask(Request::get("/-/healthy"), "").await.status, StatusCode::OK);
    assert_eq!(house.ask(Request::get("/api/v2/status"), "").await.json()["cluster"]["status"], "disabled");
}

#[tokio::test]
async fn pagerduty_clients_hear_what_pagerduty_would_say() {
    let house = a_house().await;
    house.integration("pagerduty_events", "0123456789abcdef0123456789abcdef", Settings::default(), &[]).await;
    let event = |key: &str| {
        json!({ "routing_key": key, "event_action": "trigger", "dedup_key": "a/b", "payload": { "summary": "s", "source": "h", "severity": "error" } })
            .to_string()
    };
    let good = house.ask(Request::post("/v2/enqueue"), event("0123456789abcdef0123456789abcdef")).await;
    assert_eq!((good.status, good.json()), (StatusCode::ACCEPTED, json!({ "status": "success", "message": "Event processed", "dedup_key": "a/b" })));
    let unknown = house.ask(Request::post("/v2/enqueue"), event("nobody")).await;
    assert_eq!((unknown.status, unknown.json()["status"].clone()), (StatusCode::BAD_REQUEST, json!("invalid event")));
    let bad = house.ask(Request::post("/v2/enqueue"), r#"{"routing_key":"0123456789abcdef0123456789abcdef","event_action":"trigger"}"#).await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
    assert!(bad.json()["errors"].as_array().is_some_and(|errors| !errors.is_empty()), "{}", bad.text);
    let change = json!({ "routing_key": "0123456789abcdef0123456789abcdef", "payload": { "summary": "Deployed 4.2.1" } }).to_string();
    let change = house.ask(Request::post("/v2/change/enqueue"), change).await;
    assert_eq!((change.status, change.json()["status"].clone()), (StatusCode::ACCEPTED, json!("success")));
}

#[tokio::test]
async fn programs_declare_and_command_and_repeat_themselves_without_harm() {
    let house = a_house().await;
    let token = house.token(Role::Responder).await;
    let keyed = |key: &str| Request::post("/api/v1/incidents").header(header::AUTHORIZATION, format!("Bearer {token}")).header("idempotency-key", key);
    let body = json!({ "title": "Checkout\u{0} fails", "severity": "SEV2" }).to_string();
    let first = house.ask(keyed("deploy 12"), body.clone()).await;
    assert_eq!((first.status, first.json()["title"].clone(), first.json()["state"].clone()), (StatusCode::CREATED, json!("Checkout fails"), json!("active")));
    assert_eq!(house.ask(keyed("deploy 12"), body).await.json()["id"], first.json()["id"]);
    let reused = house.ask(keyed("deploy 12"), r#"{"title":"another"}"#).await;
    assert_eq!((reused.status, reused.code().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused"));

    let commands = "/api/v1/incidents/INC-1/commands";
    let noted = house.post(&token, commands, json!({ "command": "note", "text": "looking" })).await;
    assert_eq!((noted.status, noted.json()["version"].clone()), (StatusCode::OK, json!(2)));
    let stale = Request::post(commands).header(header::AUTHORIZATION, format!("Bearer {token}")).header(header::IF_MATCH, "\"1\"");
    let stale = house.ask(stale, r#"{"command":"mitigate"}"#).await;
    assert_eq!((stale.status, stale.code().as_str()), (StatusCode::PRECONDITION_FAILED, "stale"));
    let refused = house.post(&token, commands, json!({ "command": "close" })).await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::CONFLICT, "not_resolved_yet"));
    let unknown = house.post(&token, commands, json!({ "command": "explode" })).await;
    assert_eq!((unknown.status, unknown.code().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "unknown_command"));
    let malformed = house.ask(Request::post(commands).header(header::AUTHORIZATION, format!("Bearer {token}")), "{\n\"command\": ").await;
    assert_eq!((malformed.status, malformed.code().as_str()), (StatusCode::BAD_REQUEST, "malformed_json"));

    let viewer = house.token(Role::Viewer).await;
    let forbidden = house.post(&viewer, commands, json!({ "command": "note", "text": "x" })).await;
    assert_eq!(forbidden.status, StatusCode::FORBIDDEN, "{}", forbidden.text);
    let page = house.get(&viewer, "/api/v1/incidents/inc-1/timeline?limit=1").await.json();
    assert_eq!((page["items"][0]["seq"].clone(), page["items"].as_array().map(Vec::len)), (json!(1), Some(1)));
    let cursor = page["next_cursor"].as_str().expect("there is more");
    let rest = house.get(&viewer, &format!("/api/v1/incidents/INC-1/timeline?cursor={cursor}")).await.json();
    assert_eq!((rest["items"][0]["text"].clone(), rest["next_cursor"].clone()), (json!("looking"), Value::Null));
}

#[tokio::test]
async fn lists_keep_to_their_bounds_and_what_is_unknown_is_not_found() {
    let house = a_house().await;
    let token = house.token(Role::Viewer).await;
    for query in ["limit=0", "limit=x", "cursor=x", "state=burning", "severity=SEV9", "updated_since=yesterday"] {
        let answer = house.get(&token, &format!("/api/v1/incidents?{query}")).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_REQUEST, "bad_parameter"), "{query}");
    }
    assert_eq!(house.get(&token, "/api/v1/incidents").await.json(), json!({ "items": [], "next_cursor": null }));
    for path in ["incidents/INC-9", "incidents/x", "incidents/%ff", "alerts/x", "alerts/00000000-0000-0000-0000-000000000000"] {
        assert_eq!(house.get(&token, &format!("/api/v1/{path}")).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_private_incident_and_its_alerts_do_not_exist_for_others() {
    let house = a_house().await;
    house.integration("generic", KEY, Settings::default(), &[]).await;
    let (commander, other) = (house.token(Role::Commander).await, house.token(Role::Responder).await);
    let alert = house.ask(Request::post(format!("/hooks/generic/{KEY}")), r#"{"title":"Leak","severity":"critical"}"#).await.json();
    let alert = format!("/api/v1/alerts/{}", alert["alerts"][0].as_str().unwrap_or_default());
    // Whoever acknowledged it is one of its people.
    for command in [json!({ "command": "acknowledge" }), json!({ "command": "set_private", "private": true })] {
        let answer = house.post(&commander, "/api/v1/incidents/INC-1/commands", command).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    }
    for (token, status) in [(&commander, StatusCode::OK), (&other, StatusCode::NOT_FOUND)] {
        assert_eq!(house.get(token, "/api/v1/incidents/INC-1").await.status, status);
        assert_eq!(house.get(token, "/api/v1/incidents/INC-1/timeline").await.status, status);
        assert_eq!(house.get(token, &alert).await.status, status);
    }
    assert_eq!(house.post(&other, "/api/v1/incidents/INC-1/commands", json!({ "command": "note", "text": "x" })).await.status, StatusCode::NOT_FOUND);
    assert_eq!(house.get(&other, "/api/v1/alerts").await.json()["items"], json!([]));
}

#[tokio::test]
async fn integrations_are_made_shown_once_changed_and_switched_off() {
    let house = a_house().await;
    let (admin, responder, viewer) = (house.token(Role::Admin).await, house.token(Role::Responder).await, house.token(Role::Viewer).await);
    let made = house.post(&admin, "/api/v1/integrations", json!({ "source": "generic", "name": "cron" })).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let (id, token) = (made.json()["id"].clone(), made.json()["token"].clone());
    let one = format!("/api/v1/integrations/{}", id.as_str().unwrap_or_default());
    let read = house.get(&responder, &one).await;
    assert!(read.json()["name"] == "cron" && !read.text.contains(token.as_str().unwrap_or("?")), "{}", read.text);
    assert_eq!(house.get(&viewer, &one).await.status, StatusCode::FORBIDDEN);
    assert_eq!(house.post(&responder, "/api/v1/integrations", json!({ "source": "generic", "name": "x" })).await.status, StatusCode::FORBIDDEN);
    for (draft, status, code) in [
        (json!({ "source": "nagios", "name": "x" }), StatusCode::UNPROCESSABLE_ENTITY, "unknown_source"),
        (json!({ "source": "generic", "name": "x", "token": "short" }), StatusCode::UNPROCESSABLE_ENTITY, "bad_token"),
        (json!({ "source": "generic", "name": "x", "token": token }), StatusCode::CONFLICT, "token_in_use"),
        (json!({ "source": "generic", "name": "x", "grouping": { "storm_at": 1 } }), StatusCode::UNPROCESSABLE_ENTITY, "bad_grouping"),
        (json!({ "source": "generic", "name": "x", "admin": true }), StatusCode::UNPROCESSABLE_ENTITY, "invalid_body"),
    ] {
        let answer = house.post(&admin, "/api/v1/integrations", draft.clone()).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{draft}");
    }
    let authorized = |method: &str| Request::builder().method(method).uri(&one).header(header::AUTHORIZATION, format!("Bearer {admin}"));
    let changed = house.ask(authorized("PATCH"), r#"{"name":"nightly","settings":{"heartbeat_s":60}}"#).await;
    assert_eq!((changed.json()["name"].clone(), changed.json()["settings"].clone()), (json!("nightly"), json!({ "heartbeat_s": 60 })));
    assert_eq!(house.ask(authorized("DELETE"), "").await.json()["disabled"], true);
}

#[tokio::test]
async fn programs_send_alerts_with_their_own_token() {
    let house = a_house().await;
    let (responder, viewer) = (house.token(Role::Responder).await, house.token(Role::Viewer).await);
    let sent = house.post(&responder, "/api/v1/alerts", json!([{ "title": "a", "dedupe_key": "a" }, { "title": "b", "dedupe_key": "b" }])).await;
    assert_eq!((sent.status, sent.json()["opened"].clone()), (StatusCode::OK, json!(2)), "{}", sent.text);
    let bad = house.post(&responder, "/api/v1/alerts", json!([{ "title": "c" }, {}])).await;
    assert_eq!((bad.status, bad.code().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "invalid_alert"));
    assert_eq!(house.get(&viewer, "/api/v1/alerts").await.json()["items"].as_array().map(Vec::len), Some(2), "of a bad list nothing is stored");
    assert_eq!(house.post(&viewer, "/api/v1/alerts", json!({ "title": "c" })).await.status, StatusCode::FORBIDDEN);

    // What a list answers can be sent again.
    let whole = json!({ "title": "d", "dedupe_key": "d", "state": "triggered", "started_at": "2026-08-11T11:00:00Z", "annotations": { "runbook": "r" }, "labels": { "team": "db" } });
    assert_eq!(house.post(&responder, "/api/v1/alerts", whole).await.json()["opened"], 1);
    let over = json!({ "title": "d", "dedupe_key": "d", "state": "resolved", "started_at": "2026-08-11T11:00:00Z", "resolved_at": "2026-08-11T11:30:00Z" });
    assert_eq!(house.post(&responder, "/api/v1/alerts", over).await.json()["resolved"], 1);
    let alert = house.get(&viewer, "/api/v1/alerts?dedupe_key=d").await.json()["items"][0].clone();
    assert_eq!((&alert["started_at"], &alert["resolved_at"]), (&json!("2026-08-11T11:00:00Z"), &json!("2026-08-11T11:30:00Z")), "{alert}");
    assert_eq!((&alert["annotations"]["runbook"], &alert["labels"]["team"]), (&json!("r"), &json!("db")), "{alert}");
}

/// The frames of a stream, as text, until `enough` says so.
async fn frames(house: &House, request: Builder, enough: impl Fn(&str) -> bool) -> String {
    let answer = house.router.clone().oneshot(request.body(Body::empty()).expect("a request")).await.expect("the router always answers");
    assert_eq!(answer.status(), StatusCode::OK);
    let mut chunks = answer.into_body().into_data_stream();
    let mut text = String::new();
    while !enough(&text) {
        let next = tokio::time::timeout(Duration::from_secs(10), chunks.next()).await.unwrap_or_else(|_| panic!("the stream stands still after {text}"));
        text += &String::from_utf8_lossy(&next.expect("the stream goes on").expect("the stream holds"));
    }
    text
}

#[tokio::test]
async fn the_stream_goes_on_after_any_number_and_says_reset_where_it_cannot() {
    let house = a_house().await;
    let token = house.token(Role::Responder).await;
    for title in ["one", "two"] {
        assert_eq!(house.post(&token, "/api/v1/incidents", json!({ "title": title })).await.status, StatusCode::CREATED);
    }
    let latest = house.app.store.latest_seq().await.expect("the store answers");
    let follow = |path: &str| Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
    let all = frames(&house, follow("/api/v1/stream?after=0"), |text| text.contains(&format!("id: {latest}\n"))).await;
    assert!(all.contains("\"one\"") && all.contains("\"two\"") && all.contains("event: incident"), "{all}");
    let resumed = frames(&house, follow("/api/v1/stream?after=0").header("last-event-id", (latest - 1).to_string()), |text| text.contains("\"two\"")).await;
    assert!(!resumed.contains("\"one\""), "{resumed}");
    let now = frames(&house, follow("/api/v1/stream"), |text| text.contains("hello")).await;
    assert!(now.contains(&format!("data: {{\"seq\":{latest}}}")), "{now}");
    for lost in [follow("/api/v1/stream?after=999"), follow("/api/v1/stream").header("last-event-id", "x")] {
        let reset = frames(&house, lost, |text| text.contains("reset")).await;
        assert!(reset.contains(&format!("data: {{\"latest\":{latest}}}")), "{reset}");
    }
    let foreign = house.ask(follow("/api/v1/stream").header(header::ORIGIN, "https://elsewhere.example"), "").await;
    assert_eq!((foreign.status, foreign.code().as_str()), (StatusCode::FORBIDDEN, "cross_site"));
}

#[tokio::test]
async fn a_listener_follows_what_is_committed_and_hears_nothing_of_private_incidents() {
    let house = a_house().await;
    let (commander, listener) = (house.token(Role::Commander).await, house.token(Role::Responder).await);
    let request = Request::get("/api/v1/stream?after=0").header(header::AUTHORIZATION, format!("Bearer {listener}"));
    let heard = frames(&house, request, |text| text.contains("\"afterwards\""));
    let happen = async {
        assert_eq!(house.post(&commander, "/api/v1/incidents", json!({ "title": "secret", "private": true })).await.status, StatusCode::CREATED);
        assert_eq!(house.post(&commander, "/api/v1/incidents", json!({ "title": "open to all" })).await.status, StatusCode::CREATED);
        let path = "/api/v1/incidents/INC-2/commands";
        assert_eq!(house.post(&commander, path, json!({ "command": "set_private", "private": true })).await.status, StatusCode::OK);
        assert_eq!(house.post(&commander, path, json!({ "command": "note", "text": "hidden note" })).await.status, StatusCode::OK);
        assert_eq!(house.post(&commander, "/api/v1/incidents", json!({ "title": "afterwards" })).await.status, StatusCode::CREATED);
    };
    let (heard, ()) = tokio::join!(heard, happen);
    assert!(!heard.contains("secret") && !heard.contains("hidden note"), "{heard}");
}

#[tokio::test]
async fn the_operator_sees_whether_it_lives_and_works() {
    let house = a_house().await;
    assert_eq!(house.ask(Request::get("/healthz"), "").await.text, "ok\n");
    assert_eq!(house.ask(Request::get("/readyz"), "").await.status, StatusCode::OK);
    assert!(house.ask(Request::get("/metrics"), "").await.text.contains("tocsin_http_requests_total{"));
    house.app.closing.cancel();
    assert_eq!(house.ask(Request::get("/readyz"), "").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn metrics_ask_for_their_token_where_one_is_set() {
    let (app, _folder) = an_app(Config { metrics_token: Some("scrape-me".to_owned()), ..Config::default() }).await;
    let house = House { router: build(app.clone()), app, _folder };
    for (token, status) in [("Bearer scrape-me", StatusCode::OK), ("Bearer scrape", StatusCode::UNAUTHORIZED), ("", StatusCode::UNAUTHORIZED)] {
        assert_eq!(house.ask(Request::get("/metrics").header(header::AUTHORIZATION, token), "").await.status, status, "{token}");
    }
}
