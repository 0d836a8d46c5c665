//! Deploys that GitHub, GitLab and Argo CD report: who may, what is recorded, and what is not
//! recorded twice.

use crate::{
    callers::{Answer, Caller, House, text},
    story,
};
use axum::http::Method;
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use tocsin::domain::people::Role;

const STATUS: &str = include_str!("../fixtures/github/deployment_status.json");
const DEPLOYMENT: &str = include_str!("../fixtures/github/deployment.json");
const RUN: &str = include_str!("../fixtures/github/workflow_run_completed.json");
const PING: &str = include_str!("../fixtures/github/ping.json");
const GITLAB: &str = include_str!("../fixtures/gitlab/deployment_success.json");
const DEGRADED: &str = include_str!("../fixtures/argocd/health_degraded.json");
const SYNCED: &str = include_str!("../fixtures/argocd/sync_succeeded.json");

fn mac(key: &[u8], signed: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(signed);
    mac.finalize().into_bytes().to_vec()
}

fn hub_signature(secret: &str, body: &str) -> String {
    format!("sha256={}", mac(secret.as_bytes(), body.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

async fn post(caller: &Caller, path: &str, body: &str) -> Answer {
    caller.send(Method::POST, path, body.to_owned()).await
}

fn with(body: &str, changes: &[(&str, Value)]) -> String {
    let mut body: Value = serde_json::from_str(body).expect("the fixture is JSON");
    for (pointer, value) in changes {
        *body.pointer_mut(pointer).expect("the fixture has this field") = value.clone();
    }
    body.to_string()
}

story! {
    async fn github_reports_deploys_that_are_signed(fresh) {
        let house = House::of(&fresh);
        let (reader, secret) = (house.program(Role::Viewer).await, "test-only-github");
        let (id, token) = house.integration(json!({"source": "github", "name": "github", "signing_secrets": [secret]})).await;
        let (hook, nobody) = (format!("/hooks/github/{token}"), house.nobody());
        let send = async |event: &str, delivery: &str, body: &str| {
            let caller = nobody.saying("x-hub-signature-256", &hub_signature(secret, body)).saying("x-github-event", event).saying("x-github-delivery", delivery);
            post(&caller, &hook, body).await
        };
        assert_eq!(send("ping", "d0", PING).await.is(200)["changes"], 0);
        assert_eq!(send("deployment", "d1", DEPLOYMENT).await.is(200)["changes"], 1);
        let running = with(STATUS, &[("/deployment_status/state", json!("in_progress")), ("/deployment_status/updated_at", json!("2019-05-15T15:20:54Z"))]);
        send("deployment_status", "d2", &running).await.is(200);
        send("deployment_status", "d3", STATUS).await.is(200);
        send("workflow_run", "d4", RUN).await.is(200);
        let changes = async || reader.items("/api/v1/changes?service=Hello-World").await;
        let done = changes().await;
        assert_eq!(done.len(), 1, "all that is said of a deployment is one change");
        assert_eq!((&done[0]["status"], &done[0]["happened_at"], &done[0]["source"]), (&json!("success"), &json!("2019-05-15T15:20:55Z"), &json!("github")));
        assert_eq!(done[0]["links"][0]["text"], "Commit");
        assert_eq!(reader.items("/api/v1/changes").await.len(), 2);

        // The same delivery again, and an older word under a new name: both are accepted and change nothing.
        fresh.at(100);
        let replay = send("deployment_status", "d2", &running).await.is(200);
        assert_eq!((&replay["changes"], &replay["warnings"][0]), (&json!(0), &json!("this delivery was recorded before: it changed nothing")));
        send("deployment_status", "d2-again", &running).await.is(200);
        send("deployment_status", "d3", &with(STATUS, &[("/deployment_status/state", json!("failure"))])).await.is(200);
        assert_eq!(changes().await, done);
        // A failure is a change marked as failed, and what was superseded stays where it happened.
        let failed = with(STATUS, &[("/deployment/id", json!(7)), ("/deployment_status/state", json!("failure"))]);
        send("deployment_status", "d5", &failed).await.is(200);
        let inactive = with(STATUS, &[("/deployment_status/state", json!("inactive")), ("/deployment_status/updated_at", json!("2019-05-20T00:00:00Z"))]);
        send("deployment_status", "d6", &inactive).await.is(200);
        let statuses: Vec<Value> = changes().await.iter().map(|change| json!([change["key"], change["status"], change["happened_at"]])).collect();
        assert_eq!(statuses.len(), 2);
        assert!(statuses.contains(&json!(["Codertocat/Hello-World|7", "failure", "2019-05-15T15:20:55Z"])), "{statuses:?}");
        assert!(statuses.contains(&json!(["Codertocat/Hello-World|145988746", "superseded", "2019-05-15T15:20:55Z"])), "{statuses:?}");
        assert!(reader.items("/api/v1/alerts").await.is_empty() && reader.items("/api/v1/incidents").await.is_empty(), "nobody is paged");

        // Unsigned, signed by somebody else, or changed on the way: refused, and nothing is kept.
        let other = with(STATUS, &[("/deployment/id", json!(8))]);
        for caller in [
            nobody.clone(),
            nobody.saying("x-hub-signature-256", &hub_signature("another-secret-01", &other)),
            nobody.saying("x-hub-signature-256", &hub_signature(secret, STATUS)),
            nobody.saying("x-hub-signature", "sha1=da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ] {
            let caller = caller.saying("x-github-event", "deployment_status");
            assert_eq!(post(&caller, &hook, &other).await.refused(401), "bad_signature");
        }
        assert_eq!(post(&nobody.saying("x-hub-signature-256", &hub_signature(secret, &other)), "/hooks/github/some-other-key-0123", &other).await.refused(401), "unknown_key");
        assert_eq!(changes().await.len(), 2);
        let admin = house.program(Role::Admin).await;
        let notes = admin.items(&format!("/api/v1/integrations/{id}/deliveries")).await;
        let verdicts: Vec<String> = notes.iter().map(|note| text(&note["verdict"])).collect();
        assert_eq!(verdicts.iter().filter(|verdict| *verdict == "bad_signature").count(), 4);
        assert!(notes.iter().any(|note| text(&note["words"]).contains("recorded before")));
    }
}

story! {
    /// The form is what is signed, and what is not read is accepted.
    async fn github_may_send_a_form(fresh) {
        let house = House::of(&fresh);
        let (reader, secret) = (house.program(Role::Viewer).await, "test-only-github");
        let (_, token) = house.integration(json!({"source": "github", "name": "github", "signing_secrets": [secret]})).await;
        let escaped: String = STATUS.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let form = format!("payload={escaped}");
        let hook = format!("/hooks/github/{token}");
        let caller = house.nobody().saying("content-type", "application/x-www-form-urlencoded").saying("x-github-event", "deployment_status");
        post(&caller.saying("x-hub-signature-256", &hub_signature(secret, &form)), &hook, &form).await.is(200);
        assert_eq!(post(&caller.saying("x-hub-signature-256", &hub_signature(secret, STATUS)), &hook, &form).await.refused(401), "bad_signature");
        assert_eq!(reader.items("/api/v1/changes").await[0]["status"], "success");
        let push = post(&house.nobody().saying("x-github-event", "push").saying("x-hub-signature-256", &hub_signature(secret, "{}")), &hook, "{}").await.is(200);
        assert_eq!((&push["changes"], push["warnings"].as_array().map(Vec::len)), (&json!(0), Some(1)));
    }
}

story! {
    async fn gitlab_shows_its_token_or_signs(fresh) {
        let house = House::of(&fresh);
        let reader = house.program(Role::Viewer).await;
        let signing = format!("whsec_{}", BASE64_STANDARD.encode("test-only-gitlab-signing-key"));
        let (_, token) = house.integration(json!({"source": "gitlab", "name": "gitlab", "signing_secrets": ["test-only-gitlab", signing]})).await;
        let (hook, nobody) = (format!("/hooks/gitlab/{token}"), house.nobody().saying("x-gitlab-event", "Deployment Hook"));
        let signed = |id: &str, at: i64, body: &str| {
            let signature = BASE64_STANDARD.encode(mac(b"test-only-gitlab-signing-key", format!("{id}.{at}.{body}").as_bytes()));
            nobody.saying("webhook-id", id).saying("webhook-timestamp", &at.to_string()).saying("webhook-signature", &format!("v1,{signature}"))
        };
        let now = 1_786_449_600;
        let running = with(GITLAB, &[("/status", json!("running")), ("/status_changed_at", json!("2025-03-14 10:54:00 +0100"))]);
        post(&nobody.saying("x-gitlab-token", "test-only-gitlab"), &hook, &running).await.is(200);
        assert_eq!(post(&signed("id-1", now, GITLAB), &hook, GITLAB).await.is(200)["changes"], 1);
        let changes = reader.items("/api/v1/changes?service=checkout").await;
        assert_eq!((changes.len(), &changes[0]["status"], &changes[0]["happened_at"]), (1, &json!("success"), &json!("2025-03-14T09:55:00Z")));
        // What was told late, and what is told again.
        post(&nobody.saying("x-gitlab-token", "test-only-gitlab"), &hook, &running).await.is(200);
        assert_eq!(post(&signed("id-1", now, GITLAB), &hook, GITLAB).await.is(200)["changes"], 0);
        assert_eq!(reader.items("/api/v1/changes?service=checkout").await, changes);
        // Four refusals would switch the hook off: what is not read is accepted.
        for body in ["{\"object_kind\": \"push\"}", "{\"object_kind\": \"deployment\"}", "{}"] {
            let answer = post(&nobody.saying("x-gitlab-token", "test-only-gitlab"), &hook, body).await.is(200);
            assert_eq!((&answer["changes"], answer["warnings"].as_array().map(Vec::len)), (&json!(0), Some(1)), "{body}");
        }
        for caller in [
            nobody.clone(),
            nobody.saying("x-gitlab-token", "test-only-gitlaB"),
            nobody.saying("x-gitlab-token", &signing),
            signed("id-2", now - 301, GITLAB),
            signed("id-2", now, "{}"),
            signed("id-2", now, GITLAB).saying("webhook-id", "id-3"),
        ] {
            assert_eq!(post(&caller, &hook, GITLAB).await.refused(401), "bad_signature");
        }
        // Without a secret its key is enough.
        let (_, plain) = house.integration(json!({"source": "gitlab", "name": "plain"})).await;
        post(&house.nobody(), &format!("/hooks/gitlab/{plain}"), GITLAB).await.is(200);
        assert_eq!(reader.items("/api/v1/changes").await.len(), 2, "each integration has changes of its own");
        let trial = json!({"source": "gitlab", "body": GITLAB, "headers": {"X-Gitlab-Token": "test-only-gitlab"}});
        let tried = house.program(Role::Admin).await.post("/api/v1/integrations/test", &trial).await.is(200);
        assert_eq!((&tried["changes"][0]["status"], &tried["signature"]["header"]), (&json!("success"), &json!("X-Gitlab-Token")));
    }
}

story! {
    /// It sends GET without a content type unless it is told otherwise.
    async fn argo_cds_health_is_an_alert_and_its_syncs_are_changes(fresh) {
        let house = House::of(&fresh);
        let reader = house.program(Role::Viewer).await;
        let (_, token) = house.integration(json!({"source": "argocd", "name": "argo"})).await;
        let hook = format!("/hooks/argocd/{token}");
        let in_header = house.nobody().saying("authorization", &format!("Bearer {token}"));
        let degraded = house.nobody().send(Method::GET, &hook, DEGRADED).await.is(200);
        assert_eq!((&degraded["opened"], &degraded["changes"], &degraded["incidents_opened"]), (&json!(1), &json!(1), &json!(1)));
        let alert = async || reader.items("/api/v1/alerts").await.remove(0);
        let opened = alert().await;
        assert_eq!((&opened["dedupe_key"], &opened["state"], &opened["title"], &opened["labels"]["service"]), (&json!("argocd/checkout"), &json!("triggered"), &json!("checkout is degraded"), &json!("checkout")));
        let failed = reader.items("/api/v1/changes").await;
        assert_eq!((failed.len(), &failed[0]["status"]), (1, &json!("failure")));
        for method in [Method::PUT, Method::PATCH, Method::DELETE, Method::POST] {
            in_header.send(method, "/hooks/argocd", DEGRADED).await.is(200);
        }
        assert_eq!((alert().await["deliveries"].clone(), reader.items("/api/v1/changes").await.len()), (json!(5), 1));
        fresh.at(60);
        in_header.send(Method::GET, "/hooks/argocd", with(SYNCED, &[("/health", json!("Progressing"))])).await.is(200);
        assert_eq!(alert().await["state"], "triggered");
        fresh.at(120);
        in_header.send(Method::GET, "/hooks/argocd", SYNCED).await.is(200);
        assert_eq!(alert().await["state"], "resolved");
        assert_eq!(reader.items("/api/v1/changes?service=checkout").await.len(), 2);
        // Somebody who only follows the address changes nothing, and no other source answers to GET.
        assert_eq!(house.nobody().get(&hook).await.refused(400), "empty_body");
        let (_, generic) = house.integration(json!({"source": "generic", "name": "x"})).await;
        assert_eq!(house.nobody().send(Method::GET, &format!("/hooks/generic/{generic}"), "{\"title\": \"x\"}").await.refused(405), "method_not_allowed");
        assert_eq!(house.nobody().get("/hooks/nagios/x").await.refused(405), "method_not_allowed");
        assert_eq!(post(&house.nobody(), &hook, "{\"app\": checkout}").await.refused(400), "not_json");
    }
}

story! {
    /// Any pipeline: what is told again with its key goes on, and nothing opens.
    async fn anybodys_json_may_say_that_it_is_a_change(fresh) {
        const DEPLOY: &str = include_str!("../fixtures/generic/change.json");
        let house = House::of(&fresh);
        let reader = house.program(Role::Viewer).await;
        let (_, token) = house.integration(json!({"source": "generic", "name": "ci"})).await;
        let hook = format!("/hooks/generic/{token}");
        let started = with(DEPLOY, &[("/status", json!("started")), ("/timestamp", json!("2025-03-14T09:50:00Z"))]);
        for (body, status) in [(started.clone(), "running"), (DEPLOY.to_owned(), "success"), (started, "success")] {
            let taken = post(&house.nobody(), &hook, &body).await.is(200);
            assert_eq!((&taken["opened"], &taken["changes"]), (&json!(0), &json!(1)));
            let changes = reader.items("/api/v1/changes?service=checkout").await;
            assert_eq!((changes.len(), &changes[0]["key"], &changes[0]["status"]), (1, &json!("ci/checkout/512"), &json!(status)));
        }
        assert!(reader.items("/api/v1/alerts").await.is_empty());
    }
}
