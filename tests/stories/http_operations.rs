//! What the operator and every caller see besides the data: health, metrics, headers, odd requests.

use crate::{
    callers::{House, text},
    story,
};
use axum::http::Method;
use serde_json::json;
use tocsin::{domain::people::Role, server::config::Config};

story! {
    async fn health_and_metrics_are_open_unless_a_token_is_set(fresh) {
        let house = House::of(&fresh);
        let nobody = house.nobody();
        for (path, words) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
            let answer = nobody.get(path).await;
            assert_eq!((answer.status, answer.text().as_str(), answer.header("cache-control")), (200, words, "no-store"));
        }
        tocsin::server::telemetry::metrics();
        let (_, token) = house.integration(json!({"source": "generic", "name": "x"})).await;
        nobody.post(&format!("/hooks/generic/{token}"), &json!({"title": "x"})).await.is(200);
        let answer = nobody.get("/metrics").await;
        assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"));
        let metrics = answer.text();
        for name in ["tocsin_http_requests_total", "tocsin_http_request_duration_seconds", "tocsin_intake_deliveries_total", "tocsin_intake_signals_total", "tocsin_store_duration_seconds"] {
            assert!(metrics.contains(name), "{name} is missing");
        }
        assert!(metrics.contains("route=\"/hooks/{source}/{token}\"") && !metrics.contains(&token), "a key is in the metrics");

        let guarded = House::over(fresh.store.clone(), Config { metrics_token: Some("let me see".to_owned()), ..Config::default() });
        assert_eq!(guarded.nobody().get("/metrics").await.refused(401), "unauthenticated");
        assert_eq!(guarded.nobody().saying("authorization", "Bearer let me").get("/metrics").await.status, 401);
        assert_eq!(guarded.nobody().saying("authorization", "Bearer let me see").get("/metrics").await.status, 200);
        assert_eq!(guarded.nobody().get("/healthz").await.status, 200);
    }
}

story! {
    async fn every_answer_says_what_browsers_have_to_keep_to(fresh) {
        let house = House::of(&fresh);
        let ci = house.program(Role::Responder).await;
        let (_, token) = house.integration(json!({"source": "generic", "name": "x"})).await;
        for (method, path) in [(Method::GET, "/api/v1/me".to_owned()), (Method::GET, "/api/v1/nothing".to_owned()), (Method::GET, "/healthz".to_owned()), (Method::POST, format!("/hooks/generic/{token}")), (Method::POST, "/v2/enqueue".to_owned()), (Method::GET, "/".to_owned())] {
            let answer = ci.send(method, &path, "").await;
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
            assert!(answer.header("content-security-policy").contains("default-src 'self'"), "{path}");
            assert_eq!(answer.header("x-request-id").len(), 32, "{path}");
        }
        for path in ["/api/v1/me", "/api/v1/incidents", "/api/v1/alerts"] {
            assert!(ci.get(path).await.header("cache-control").contains("no-store"), "{path} holds data: {:?}", ci.get(path).await.headers);
        }
        assert_eq!(ci.saying("x-request-id", "from-the-proxy-1").get("/api/v1/me").await.header("x-request-id"), "from-the-proxy-1");
    }
}

story! {
    async fn the_document_is_public_and_every_example_of_it_exists(fresh) {
        let house = House::of(&fresh);
        let document = house.nobody().get("/api/openapi.json").await.is(200);
        assert!(text(&document["openapi"]).starts_with("3.1"));
        for path in document["paths"].as_object().expect("it has paths").keys() {
            let answer = house.nobody().get(&path.replace("{id}", "x")).await;
            assert!([401, 405].contains(&answer.status), "{path}: {}", answer.status);
        }
    }
}

story! {
    async fn odd_requests_get_an_answer_and_never_a_500(fresh) {
        let house = House::of(&fresh);
        let callers = [house.nobody(), house.program(Role::Admin).await];
        let methods = [Method::GET, Method::HEAD, Method::OPTIONS, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::TRACE, "PROPFIND".parse().expect("a method")];
        let paths = [
            "/api/v1", "/api/v1/", "/api/v1/incidents/", "/api/v1/incidents//timeline", "/api/v1/incidents/%00", "/api/v1/incidents/%ff%fe", "/api/v1/incidents/INC-1/commands", "/api/v1/incidents?limit=%ff",
            "/api/v1/incidents?limit=1&limit=2", "/api/v1/incidents?=&&&", "/api/v1/incidents?service=%00", "/api/v1/alerts?dedupe_key=%00", "/api/v1/alerts?cursor=%00", "/api/v1/alerts/%00", "/api/v1/stream?after=%ff", "/api/v1/stream?after=x",
            "/api/fn", "/api/fn/", "/api/fn/nothing", "/api/fn/board/snapshot", "/api/fn/%00", "/hooks", "/hooks/", "/hooks/generic", "/hooks/generic/%00", "/hooks/generic/%ff", "/hooks/%ff", "/hooks/%00/%00",
            "/v2/enqueue", "/v2/change/enqueue", "/api/v2/alerts", "/api/v2/status", "/api/v2/silences", "/-/ready", "/healthz", "/metrics", "/api/openapi.json", "/..%2f..%2fetc/passwd", "/%00", "/%ff", "/a/../../etc/passwd",
        ];
        for caller in &callers {
            for path in paths {
                for method in &methods {
                    // A stream has no end to wait for.
                    if *method == Method::GET && path.starts_with("/api/v1/stream") && !path.contains("after=x") {
                        continue;
                    }
                    for body in ["", "{}", "[]", "\u{0}"] {
                        let answer = caller.saying("x-tocsin", "1").send(method.clone(), path, body).await;
                        assert!(answer.status < 500, "{method} {path} {body:?}: {} {}", answer.status, answer.text());
                        if answer.status >= 400 && *method != Method::HEAD && path.starts_with("/api/v1") {
                            answer.refused(answer.status);
                        }
                    }
                }
            }
        }
    }
}

story! {
    /// Texts that a database cannot even be asked for.
    async fn control_characters_are_nobodys_login_and_no_trouble_of_ours(fresh) {
        let house = House::of(&fresh);
        let (nobody, admin) = (house.nobody().saying("x-tocsin", "1"), house.program(Role::Admin).await);
        for text in ["\u{0}", "a\u{0}b", "\u{1b}[31m"] {
            assert_eq!(nobody.post("/api/fn/session/sign-in", &json!({"login": text, "password": text})).await.status, 401);
            assert_eq!(nobody.post("/api/fn/session/first-admin", &json!({"key": text, "name": text, "login": text, "password": text})).await.status, 422);
            assert_eq!(admin.post("/api/fn/people/create", &json!({"name": text, "login": text, "role": "viewer"})).await.status, 422);
            assert_eq!(admin.post("/api/fn/tokens/create", &json!({"name": text, "role": "viewer"})).await.status, 422);
            assert_eq!(admin.post("/api/fn/incidents/page", &json!({"incident": text})).await.status, 404);
            let draft = json!({"source": "generic", "name": format!("x{text}"), "grouping": {"by": [format!("y{text}")]}, "settings": {"header": text}});
            assert_eq!(admin.post("/api/v1/integrations", &draft).await.refused(422), "bad_header");
            let told = json!({"title": format!("x{text}"), "services": [text], "labels": {text: text}, "reason": text, "origin": {"name": text, "id": text}});
            let id = crate::callers::text(&admin.declared(told).await["id"]);
            for command in [
                json!({"command": "assign_role", "role": "scribe", "person": format!("x{text}")}),
                json!({"command": "set_services", "services": [text, "ok"]}),
                json!({"command": "tag", "labels": {format!("x{text}"): text}}),
                json!({"command": "set_impact", "impact": [{"service": text, "from": "2026-08-11T11:00:00Z"}]}),
                json!({"command": "link", "url": format!("https://x/{text}"), "text": text}),
                json!({"command": "resolve", "reason": text}),
            ] {
                let answer = admin.command(&id, command.clone()).await;
                assert_eq!(answer.status, 200, "{command}: {}", answer.text());
                assert!(!answer.text().contains("\\u0000"), "{}", answer.text());
            }
        }
        assert!(fresh.store.verify(true).await.expect("the store works").faults.is_empty());
    }
}
