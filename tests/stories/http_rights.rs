//! Who may call what: every route of the REST door and every call of the app, by everybody. The
//! lists come from the server itself, so that a new route without a line here fails.

use crate::{
    callers::{Caller, House, text},
    databases::NOON,
    story,
};
use axum::http::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tocsin::domain::people::Role;

/// Nobody, then everybody by role.
const LEAST: [Option<Role>; 5] = [None, Some(Role::Viewer), Some(Role::Responder), Some(Role::Commander), Some(Role::Admin)];

/// One route: what is sent, the least role it takes (`None`: nobody has to be anybody), and what
/// that role is answered.
struct Line {
    method: Method,
    path: &'static str,
    body: Value,
    least: Option<Role>,
    status: u16,
}

fn line(method: Method, path: &'static str, body: Value, least: impl Into<Option<Role>>, status: u16) -> Line {
    Line { method, path, body, least: least.into(), status }
}

/// Every route of `/api/openapi.json`. `{incident}`, `{alert}`, `{integration}`, `{objective}`
/// and `{source}` name what exists, `{nothing}` nothing.
fn rest() -> Vec<Line> {
    use Role::{Admin, Commander, Responder, Viewer};
    vec![
        line(Method::GET, "/api/v1/me", Value::Null, Viewer, 200),
        line(Method::GET, "/api/v1/incidents", Value::Null, Viewer, 200),
        line(Method::POST, "/api/v1/incidents", json!({"title": "x"}), Responder, 201),
        line(Method::GET, "/api/v1/incidents/{incident}", Value::Null, Viewer, 200),
        line(Method::GET, "/api/v1/incidents/{incident}/timeline", Value::Null, Viewer, 200),
        line(Method::GET, "/api/v1/incidents/{incident}/export", Value::Null, Viewer, 200),
        line(Method::GET, "/api/v1/incidents/{incident}/verification", Value::Null, Viewer, 200),
        line(Method::POST, "/api/v1/incidents/{incident}/commands", json!({"command": "note", "text": "x"}), Responder, 200),
        line(Method::GET, "/api/v1/incidents/{incident}/alerts/summary", Value::Null, Viewer, 200),
        line(Method::GET, "/api/v1/services", Value::Null, Viewer, 200),
        line(Method::PUT, "/api/v1/services/{name}", json!({"owner": "x"}), Commander, 200),
        line(Method::GET, "/api/v1/services/{name}", Value::Null, Viewer, 200),
        line(Method::PATCH, "/api/v1/services/{name}", json!({"tier": 1}), Commander, 200),
        line(Method::GET, "/api/v1/search", Value::Null, Viewer, 200),
        line(Method::GET, "/api/v1/alerts", Value::Null, Viewer, 200),
        line(Method::POST, "/api/v1/alerts", json!({"title": "x"}), Responder, 200),
        line(Method::GET, "/api/v1/alerts/{alert}", Value::Null, Viewer, 200),
        line(Method::GET, "/api/v1/integrations", Value::Null, Responder, 200),
        line(Method::POST, "/api/v1/integrations", json!({"source": "generic", "name": "x"}), Admin, 201),
        line(Method::GET, "/api/v1/integrations/{integration}", Value::Null, Responder, 200),
        line(Method::PATCH, "/api/v1/integrations/{integration}", json!({"name": "y"}), Admin, 200),
        line(Method::DELETE, "/api/v1/integrations/{integration}", Value::Null, Admin, 200),
        line(Method::POST, "/api/v1/integrations/test", json!({"source": "generic", "body": "{}"}), Admin, 200),
        line(Method::POST, "/api/v1/integrations/{integration}/token", Value::Null, Admin, 200),
        line(Method::DELETE, "/api/v1/integrations/{integration}/token/previous", Value::Null, Admin, 200),
        line(Method::GET, "/api/v1/integrations/{integration}/deliveries", Value::Null, Responder, 200),
        line(Method::GET, "/api/v1/deliveries", Value::Null, Responder, 200),
        line(Method::GET, "/api/v1/changes", Value::Null, Viewer, 200),
        line(Method::POST, "/api/v1/import/statuspage", json!({"incidents": []}), Responder, 200),
        line(Method::POST, "/api/v1/import/incidents", json!([]), Responder, 200),
        line(Method::POST, "/api/v1/import/alerts", json!([]), Responder, 200),
        line(Method::GET, "/api/v1/metrics/incidents", Value::Null, Viewer, 200),
        line(Method::GET, "/api/v1/metrics/incidents/behind?metric=mtta", Value::Null, Viewer, 200),
        line(Method::GET, "/api/v1/metrics/incidents/series", Value::Null, Viewer, 200),
        line(Method::GET, "/api/v1/availability", Value::Null, Viewer, 200),
        line(Method::GET, "/api/v1/incidents/{incident}/cost", Value::Null, Viewer, 200),
        line(Method::GET, "/api/v1/targets", Value::Null, Viewer, 200),
        line(Method::PUT, "/api/v1/targets", json!({"items": [{"metric": "M4", "severity": "SEV1", "value": 240}]}), Commander, 200),
        line(Method::GET, "/api/v1/slos", Value::Null, Viewer, 200),
        line(Method::POST, "/api/v1/slos", json!({"name": "no name", "target": 0.99, "window": "7d"}), Commander, 422),
        line(Method::GET, "/api/v1/slos/{objective}", Value::Null, Viewer, 200),
        line(Method::PUT, "/api/v1/slos/{objective}", json!({"name": "pay", "service": "pay", "target": 0.99, "window": "7d"}), Commander, 200),
        line(Method::PATCH, "/api/v1/slos/{objective}", json!({"target": 0.98}), Commander, 200),
        line(Method::DELETE, "/api/v1/slos/{nothing}", Value::Null, Commander, 404),
        line(Method::GET, "/api/v1/slos/{objective}/budget", Value::Null, Viewer, 200),
        line(Method::GET, "/api/v1/slos/{objective}/explain", Value::Null, Viewer, 200),
        line(Method::GET, "/api/v1/slos/{objective}/slices", Value::Null, Viewer, 200),
        line(Method::GET, "/api/v1/slos/{objective}/revisions", Value::Null, Viewer, 200),
        line(Method::POST, "/api/v1/slos/try", json!({"indicator": {"kind": "probe", "query": "up"}, "source": "nobody"}), Commander, 404),
        line(Method::GET, "/api/v1/objectives/board", Value::Null, Viewer, 200),
        line(Method::POST, "/api/v1/sli", json!([]), Responder, 200),
        line(Method::GET, "/api/v1/definitions", Value::Null, Commander, 200),
        line(
            Method::POST,
            "/api/v1/definitions",
            json!({"apiVersion": "tocsin/v1", "kind": "Service", "metadata": {"name": "pay"}, "spec": {}}),
            Commander,
            200,
        ),
        line(Method::GET, "/api/v1/exclusions", Value::Null, Viewer, 200),
        line(Method::POST, "/api/v1/exclusions", json!({"from": "2026-08-01T00:00:00Z", "to": "2026-08-01T01:00:00Z", "reason": "x"}), Commander, 201),
        line(Method::PATCH, "/api/v1/exclusions/{nothing}", json!({"ends_at": "2026-08-01T00:30:00Z"}), Commander, 404),
        line(Method::DELETE, "/api/v1/exclusions/{nothing}", Value::Null, Commander, 404),
        line(Method::GET, "/api/v1/data-sources", Value::Null, Commander, 200),
        line(Method::POST, "/api/v1/data-sources", json!({"name": "x", "url": "http://127.0.0.1:1"}), Admin, 201),
        line(Method::GET, "/api/v1/data-sources/{source}", Value::Null, Commander, 200),
        line(Method::PATCH, "/api/v1/data-sources/{source}", json!({"timeout_s": 1}), Admin, 200),
        line(Method::DELETE, "/api/v1/data-sources/{nothing}", Value::Null, Admin, 404),
        line(Method::POST, "/api/v1/data-sources/{source}/test", Value::Null, Admin, 200),
        line(Method::GET, "/api/v1/release-gate", Value::Null, Viewer, 200),
        line(Method::GET, "/api/v1/release-gate/overrides", Value::Null, Viewer, 200),
        line(Method::POST, "/api/v1/release-gate/overrides", json!({"service": "pay", "reason": "x", "until": "2026-08-12T00:00:00Z"}), Commander, 201),
        line(Method::DELETE, "/api/v1/release-gate/overrides/{nothing}", Value::Null, Commander, 404),
        line(Method::GET, "/api/v1/telemetry", Value::Null, Viewer, 200),
        line(Method::GET, "/api/v1/telemetry/services", Value::Null, Viewer, 200),
        line(Method::GET, "/api/v1/telemetry/operations", Value::Null, Viewer, 200),
        line(Method::GET, "/api/v1/telemetry/callers", Value::Null, Viewer, 200),
        line(Method::GET, "/api/v1/telemetry/latency", Value::Null, Viewer, 200),
        line(Method::GET, "/api/v1/telemetry/errors", Value::Null, Viewer, 200),
        line(Method::GET, "/api/v1/telemetry/graph", Value::Null, Viewer, 200),
        line(Method::GET, "/api/v1/telemetry/differences", Value::Null, Viewer, 200),
        line(Method::GET, "/api/v1/telemetry/changed", Value::Null, Viewer, 200),
        line(Method::GET, "/api/v1/telemetry/gauges", Value::Null, Viewer, 200),
        line(Method::GET, "/api/v1/telemetry/traces", Value::Null, Viewer, 200),
        line(Method::GET, "/api/v1/telemetry/sources", Value::Null, Viewer, 200),
        line(Method::GET, "/api/v1/telemetry/logs", Value::Null, Viewer, 200),
        line(Method::GET, "/api/v1/telemetry/traces/{nothing}", Value::Null, Viewer, 404),
        line(Method::GET, "/api/v1/audit", Value::Null, Admin, 200),
        line(Method::GET, "/api/v1/audit/export", Value::Null, Admin, 200),
        line(Method::GET, "/api/v1/stream", Value::Null, Viewer, 200),
    ]
}

/// Every call of the app.
fn calls() -> Vec<Line> {
    use Role::{Admin, Commander, Responder, Viewer};
    let id = "0198e000-0000-7000-8000-000000000000";
    let objective = json!({"name": "x", "target": 0.99, "windows": [{"type": "rolling", "seconds": 604_800}], "indicator": {"kind": "pushed"}});
    let call = |path, body, least, status| line(Method::POST, path, body, least, status);
    vec![
        call("/api/fn/board/snapshot", json!({}), Some(Viewer), 200),
        call("/api/fn/incidents/list", json!({"before": null}), Some(Viewer), 200),
        call("/api/fn/incidents/several", json!({"ids": [id]}), Some(Viewer), 200),
        call("/api/fn/incidents/storm", json!({"incident": "{incident}"}), Some(Viewer), 200),
        call("/api/fn/incidents/alerts", json!({"incident": "{incident}", "service": null, "cursor": null}), Some(Viewer), 200),
        call("/api/fn/views/list", json!({}), Some(Viewer), 200),
        call("/api/fn/views/save", json!({"name": "x", "query": "state=open"}), Some(Viewer), 200),
        call("/api/fn/views/forget", json!({"name": "x"}), Some(Viewer), 200),
        call("/api/fn/services/list", json!({}), Some(Viewer), 200),
        call("/api/fn/services/describe", json!({"name": "pay", "draft": {}}), Some(Commander), 200),
        call("/api/fn/services/page", json!({"name": "pay"}), Some(Viewer), 200),
        call("/api/fn/executive/board", json!({"question": {}}), Some(Viewer), 200),
        call("/api/fn/executive/targets", json!({}), Some(Viewer), 200),
        call("/api/fn/executive/set-targets", json!({"drafts": [{"metric": "M8", "value": 3}]}), Some(Commander), 200),
        call("/api/fn/search/find", json!({"text": "x"}), Some(Viewer), 200),
        call("/api/fn/incidents/page", json!({"incident": "INC-1"}), Some(Viewer), 200),
        call("/api/fn/incidents/verification", json!({"incident": "INC-1"}), Some(Viewer), 200),
        call("/api/fn/incidents/costs", json!({"ids": [id]}), Some(Viewer), 200),
        call("/api/fn/alerts/list", json!({"query": {}, "cursor": null}), Some(Viewer), 200),
        call("/api/fn/incidents/declare", json!({"command": id, "draft": {"title": "x"}}), Some(Responder), 200),
        call(
            "/api/fn/incidents/command",
            json!({"command": "0198e000-0000-7000-8000-000000000001", "id": "{incident}", "what": {"command": "note", "text": "x"}}),
            Some(Responder),
            200,
        ),
        call(
            "/api/fn/figures/incidents",
            json!({"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z", "filter": {}, "by": "service"}),
            Some(Viewer),
            200,
        ),
        call(
            "/api/fn/figures/behind",
            json!({"metric": "mtta", "key": null, "which": "all", "from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z", "filter": {}, "by": "none", "cursor": null}),
            Some(Viewer),
            200,
        ),
        call("/api/fn/integrations/page", json!({}), Some(Responder), 200),
        call("/api/fn/integrations/create", json!({"draft": {"source": "generic", "name": "x"}}), Some(Admin), 200),
        call("/api/fn/integrations/change", json!({"id": "{integration}", "name": "x", "settings": {}, "grouping": {}}), Some(Admin), 200),
        call("/api/fn/integrations/set-disabled", json!({"id": "{integration}", "disabled": true}), Some(Admin), 200),
        call("/api/fn/integrations/change-secrets", json!({"id": "{integration}", "add": ["0123456789abcdef"], "remove": []}), Some(Admin), 200),
        call("/api/fn/integrations/make-secret", json!({"id": "{integration}"}), Some(Admin), 200),
        call("/api/fn/integrations/replace-token", json!({"id": "{integration}", "draft": {}}), Some(Admin), 200),
        call("/api/fn/integrations/remove-previous-token", json!({"id": "{integration}"}), Some(Admin), 200),
        call("/api/fn/integrations/test", json!({"trial": {"source": "generic", "body": "{}"}}), Some(Admin), 200),
        call("/api/fn/deliveries/list", json!({"integration": "{integration}", "unrecognised": false}), Some(Responder), 200),
        call("/api/fn/changes/list", json!({}), Some(Viewer), 200),
        call("/api/fn/changes/between", json!({"range": {"from": "2026-08-11T11:00:00Z", "to": "2026-08-11T12:00:00Z"}}), Some(Viewer), 200),
        call("/api/fn/traces/whole", json!({"trace_id": "5b8efff798038103d269b633813fc60c"}), Some(Viewer), 404),
        call("/api/fn/traces/list", json!({"question": {"range": {"from": "2026-08-11T00:00:00Z", "to": "2026-08-12T00:00:00Z"}}}), Some(Viewer), 200),
        call("/api/fn/traces/graph", json!({"question": {"range": {"from": "2026-08-11T00:00:00Z", "to": "2026-08-12T00:00:00Z"}}}), Some(Viewer), 200),
        call("/api/fn/traces/around", json!({"question": {"range": {"from": "2026-08-11T00:00:00Z", "to": "2026-08-12T00:00:00Z"}}}), Some(Viewer), 200),
        call(
            "/api/fn/traces/alike",
            json!({"question": {"at": "2026-08-11T00:00:00Z", "service": "a", "operation": "b", "failed": true, "attributes": []}}),
            Some(Viewer),
            200,
        ),
        call("/api/fn/traces/naming", json!({"trace_id": "5b8efff798038103d269b633813fc60c"}), Some(Viewer), 200),
        call(
            "/api/fn/telemetry/board",
            json!({"question": {"range": {"from": "2026-08-11T00:00:00Z", "to": "2026-08-11T01:00:00Z"}, "compared": {"from": "2026-08-11T00:30:00Z", "to": "2026-08-11T01:00:00Z"}, "step_s": 60}}),
            Some(Viewer),
            200,
        ),
        call(
            "/api/fn/telemetry/differences",
            json!({"question": {"range": {"from": "2026-08-11T00:00:00Z", "to": "2026-08-11T01:00:00Z"}, "compared": {"from": "2026-08-11T00:30:00Z", "to": "2026-08-11T01:00:00Z"}, "step_s": 60}}),
            Some(Viewer),
            200,
        ),
        call("/api/fn/telemetry/callers", json!({"question": {"range": {"from": "2026-08-11T00:00:00Z", "to": "2026-08-12T00:00:00Z"}}}), Some(Viewer), 200),
        call("/api/fn/telemetry/suspects", json!({"question": {"range": {"from": "2026-08-11T00:00:00Z", "to": "2026-08-12T00:00:00Z"}}}), Some(Viewer), 200),
        call("/api/fn/audit/list", json!({}), Some(Admin), 200),
        call("/api/fn/audit/state", json!({}), Some(Admin), 200),
        call("/api/fn/objectives/board", json!({}), Some(Viewer), 200),
        call("/api/fn/objectives/page", json!({"objective": "pay", "window": null}), Some(Viewer), 200),
        call("/api/fn/objectives/derivation", json!({"objective": "pay", "window": null, "at": null}), Some(Viewer), 200),
        call("/api/fn/objectives/ground", json!({"objective": "pay"}), Some(Viewer), 200),
        call("/api/fn/objectives/costs", json!({"incident": "INC-1"}), Some(Viewer), 200),
        call("/api/fn/objectives/save", json!({"id": id, "draft": objective, "revision": null}), Some(Commander), 404),
        call("/api/fn/objectives/remove", json!({"id": id, "revision": null}), Some(Commander), 404),
        call("/api/fn/objectives/try", json!({"draft": {"indicator": {"kind": "probe", "query": "up"}, "source": "nobody"}}), Some(Commander), 404),
        call("/api/fn/exclusions/list", json!({"objective": null}), Some(Viewer), 200),
        call(
            "/api/fn/exclusions/create",
            json!({"draft": {"from": "2026-08-01T00:00:00Z", "to": "2026-08-01T01:00:00Z", "reason": "x"}}),
            Some(Commander),
            200,
        ),
        call("/api/fn/exclusions/end", json!({"id": id, "ends_at": "2026-08-01T00:30:00Z"}), Some(Commander), 404),
        call("/api/fn/exclusions/remove", json!({"id": id}), Some(Commander), 404),
        call("/api/fn/data-sources/list", json!({}), Some(Commander), 200),
        call("/api/fn/data-sources/save", json!({"id": null, "draft": {"name": "x", "url": "http://127.0.0.1:1"}}), Some(Admin), 200),
        call("/api/fn/data-sources/remove", json!({"id": id}), Some(Admin), 404),
        call("/api/fn/data-sources/test", json!({"id": id}), Some(Admin), 404),
        call("/api/fn/release-gate/read", json!({"service": "pay"}), Some(Viewer), 200),
        call("/api/fn/release-gate/overrides", json!({"service": null}), Some(Viewer), 200),
        call("/api/fn/release-gate/override", json!({"service": "pay", "draft": {"reason": "x", "until": "2026-08-12T00:00:00Z"}}), Some(Commander), 200),
        call("/api/fn/release-gate/end-override", json!({"id": id}), Some(Commander), 404),
        call("/api/fn/people/list", json!({}), Some(Admin), 200),
        call("/api/fn/people/create", json!({"name": "New", "login": "new", "role": "viewer"}), Some(Admin), 200),
        call("/api/fn/people/reset-password", json!({"person": id}), Some(Admin), 404),
        call("/api/fn/people/set-role", json!({"person": id, "role": "admin"}), Some(Admin), 404),
        call("/api/fn/people/set-disabled", json!({"person": id, "disabled": true}), Some(Admin), 404),
        call("/api/fn/tokens/list", json!({}), Some(Admin), 200),
        call("/api/fn/tokens/create", json!({"name": "x", "role": "admin"}), Some(Admin), 200),
        call("/api/fn/tokens/revoke", json!({"token": id}), Some(Admin), 404),
        call("/api/fn/session/doorstep", json!({}), None, 200),
        call("/api/fn/session/sign-in", json!({"login": "nobody", "password": "wrong"}), None, 401),
        call("/api/fn/session/demo-sign-in", json!({"person": id}), None, 403),
        call("/api/fn/session/sign-out", json!({}), None, 200),
        call("/api/fn/session/first-admin", json!({"key": "wrong", "name": "X", "login": "x", "password": "correct horse battery"}), None, 409),
        // These two are about oneself; a program has neither a name to change nor a password.
        call("/api/fn/session/rename", json!({"name": "x"}), Some(Viewer), 404),
        call("/api/fn/session/change-password", json!({"old": "a", "new": "b"}), Some(Viewer), 403),
    ]
}

/// Names of what exists, put into a line.
struct Existing {
    incident: String,
    alert: String,
    integration: String,
    source: String,
}

impl Existing {
    async fn of(house: &House) -> Self {
        let admin = house.program_called("maker", Role::Admin).await;
        let incident = text(&admin.declared(json!({"title": "x", "severity": "SEV3"})).await["id"]);
        let alert = text(&admin.post("/api/v1/alerts", &json!({"title": "An alert"})).await.is(200)["alerts"][0]);
        let (integration, _) = house.integration(json!({"source": "generic", "name": "x"})).await;
        admin.post("/api/v1/slos", &json!({"name": "pay", "service": "pay", "target": 0.99, "window": "7d"})).await.is(201);
        let source = admin.post("/api/v1/data-sources", &json!({"name": "prod", "url": "http://127.0.0.1:1", "timeout_s": 1})).await.is(201);
        Self { incident, alert, integration, source: text(&source["id"]) }
    }

    fn named(&self, text: &str) -> String {
        text.replace("{incident}", &self.incident)
            .replace("{alert}", &self.alert)
            .replace("{integration}", &self.integration)
            .replace("{name}", "pay")
            .replace("{objective}", "pay")
            .replace("{source}", &self.source)
            .replace("{nothing}", "0198e000-0000-7000-8000-000000000000")
    }
}

/// Everybody, from nobody to the admin; with the header that the app's own pages send.
async fn everybody(house: &House) -> Vec<Caller> {
    let mut callers = vec![house.nobody().saying("x-tocsin", "1")];
    for role in Role::ALL {
        callers.push(house.program(role).await);
    }
    callers
}

async fn status_of(caller: &Caller, line: &Line, existing: &Existing) -> u16 {
    let (path, body) = (existing.named(line.path), existing.named(&line.body.to_string()));
    if path == "/api/v1/stream" && caller.get("/api/v1/me").await.status == 200 {
        caller.stream(&path).await;
        return 200;
    }
    caller.saying("content-type", "application/json").send(line.method.clone(), &path, if line.body.is_null() { String::new() } else { body }).await.status
}

async fn walk(house: &House, lines: &[Line]) {
    let existing = Existing::of(house).await;
    let callers = everybody(house).await;
    for line in lines {
        for (caller, role) in callers.iter().zip(LEAST) {
            let expected = match role {
                _ if role >= line.least => line.status,
                None => 401,
                Some(_) => 403,
            };
            assert_eq!(status_of(caller, line, &existing).await, expected, "{} {} by {role:?}", line.method, line.path);
        }
    }
}

story! {
    async fn every_rest_route_asks_for_its_role(fresh) {
        let house = House::of(&fresh);
        let document = house.nobody().get("/api/openapi.json").await.is(200);
        let paths = document["paths"].as_object().expect("it has paths");
        let served: BTreeSet<String> = paths
            .iter()
            .flat_map(|(path, methods)| methods.as_object().expect("a path has methods").keys().map(move |method| format!("{} {path}", method.to_uppercase())))
            .collect();
        let lines = rest();
        let named = |line: &Line| {
            let kinds = ["{incident}", "{alert}", "{integration}", "{objective}", "{source}", "{nothing}"];
            let path = kinds.iter().fold(line.path.split('?').next().unwrap_or_default().to_owned(), |path, kind| path.replace(kind, "{id}"));
            format!("{} {path}", line.method)
        };
        assert_eq!(served, lines.iter().map(named).collect(), "the document and this table name the same routes");
        walk(&house, &lines).await;
    }
}

story! {
    async fn every_call_of_the_app_asks_for_its_role(fresh) {
        let house = House::of(&fresh);
        let served: BTreeSet<&str> = server_fn::axum::server_fn_paths().map(|(path, _)| path).collect();
        let lines = calls();
        assert_eq!(served, lines.iter().map(|line| line.path).collect(), "this table names every call");
        walk(&house, &lines).await;
        // No call changes anything by GET.
        let admin = house.program_called("getter", Role::Admin).await;
        for path in served {
            assert!([404, 405].contains(&admin.get(path).await.status), "{path}");
        }
    }
}

story! {
    /// For everybody who is not in it, a private incident does not exist: by no route, in no list,
    /// and not to be told from one that was never there.
    async fn somebody_elses_private_incident_does_not_exist(fresh) {
        let house = House::of(&fresh);
        let (owner, admin) = (house.program_called("owner", Role::Responder).await, house.program(Role::Admin).await);
        let others = [house.program(Role::Viewer).await, house.program(Role::Responder).await, house.program(Role::Commander).await];
        let id = text(&owner.declared(json!({"title": "Secret", "severity": "SEV1", "private": true, "services": ["hidden"]})).await["id"]);
        let alert = text(&owner.post("/api/v1/alerts", &json!({"title": "Secret alert", "key": "s", "severity": "info"})).await.is(200)["alerts"][0]);
        owner.command(&id, json!({"command": "attach_alert", "alert": alert})).await.is(200);
        let open = text(&owner.declared(json!({"title": "Open", "severity": "SEV2"})).await["id"]);
        let never = "0198e000-0000-7000-8000-000000000000";
        // Every route of an incident that there is, and every list that can be asked for one's.
        let document = house.nobody().get("/api/openapi.json").await.is(200);
        let paths = document["paths"].as_object().expect("it has paths");
        let by_incident = |methods: &Value| methods["get"]["parameters"].as_array().is_some_and(|all| all.iter().any(|parameter| parameter["name"] == "incident"));
        let lists: Vec<&str> = paths.iter().filter(|(_, methods)| by_incident(methods)).map(|(path, _)| path.as_str()).collect();
        let (mut of_incident, mut writes) = (vec![], vec![]);
        for (path, methods) in paths.iter().filter_map(|(path, methods)| Some((path.strip_prefix("/api/v1/incidents/{id}")?, methods))) {
            for method in methods.as_object().expect("a path has methods").keys() {
                if method == "get" { &mut of_incident } else { &mut writes }.push(path.to_owned());
            }
        }
        assert!(["", "/timeline", "/export", "/verification"].iter().all(|path| of_incident.iter().any(|known| known == path)), "{of_incident:?}");
        assert_eq!(writes, ["/commands"], "what else changes an incident belongs into the walk below");
        for other in &others {
            let secret_ref = text(&owner.get(&format!("/api/v1/incidents/{id}")).await.is(200)["ref"]);
            for (name, unknown) in [(id.as_str(), never), (secret_ref.as_str(), "INC-99")] {
                for path in of_incident.iter().map(String::as_str).chain(["/export?format=bundle"]) {
                    let (hidden, missing) = (other.get(&format!("/api/v1/incidents/{name}{path}")).await, other.get(&format!("/api/v1/incidents/{unknown}{path}")).await);
                    assert_eq!((hidden.refused(404), hidden.text()), (missing.refused(404), missing.text()));
                }
                for command in [json!({"command": "note", "text": "x"}), json!({"command": "set_private", "private": false}), json!({"command": "assign_role", "role": "scribe", "person": {"id": "x"}}), json!({"command": "attach_alert", "alert": never})] {
                    let (hidden, missing) = (other.command(name, command.clone()).await, other.command(unknown, command).await);
                    assert_eq!((hidden.status, hidden.text()), (missing.status, missing.text()));
                    assert_eq!(hidden.status, 404);
                }
                for list in &lists {
                    assert_eq!(other.get(&format!("{list}?incident={name}")).await.refused(404), "unknown_incident", "{list}");
                }
                let page = other.post("/api/fn/incidents/page", &json!({"incident": name})).await;
                assert_eq!(page.status, 404, "{}", page.text());
            }
            assert_eq!(other.get(&format!("/api/v1/alerts/{alert}")).await.refused(404), "unknown_alert");
            let call = other.post("/api/fn/incidents/command", &json!({"command": never, "id": id, "what": {"command": "note", "text": "x"}})).await;
            assert_eq!(call.status, 404);
            for list in ["/api/v1/incidents", "/api/v1/incidents?state=!closed", "/api/v1/search?q=secret", "/api/v1/search?q=INC-1", "/api/v1/search?q=hidden", "/api/v1/services", "/api/v1/incidents?service=hidden", "/api/v1/alerts", "/api/v1/alerts?dedupe_key=s"] {
                let text = other.get(list).await.is(200).to_string();
                assert!(!text.contains("Secret") && !text.contains(&id), "{list}: {text}");
            }
            // The service that only it names does not exist either.
            for path in ["/api/v1/services/", "/api/v1/release-gate?service=", "/api/v1/release-gate/overrides?service="] {
                let (hidden, missing) = (other.get(&format!("{path}hidden")).await, other.get(&format!("{path}nobody")).await);
                assert_eq!((hidden.status, hidden.text()), (missing.status, missing.text()), "{path}");
            }
            for list in ["/api/v1/services", "/api/v1/search?q=hidd"] {
                let text = other.get(list).await.is(200).to_string();
                assert!(!text.contains("hidden"), "{list}: {text}");
            }
            let snapshot = other.post("/api/fn/board/snapshot", &json!({})).await.is(200);
            assert_eq!(snapshot["services"], json!([]));
            for (call, body) in [("incidents/list", json!({"before": null})), ("incidents/several", json!({"ids": [id]})), ("search/find", json!({"text": "secret"}))] {
                let answer = other.post(&format!("/api/fn/{call}"), &body).await.is(200).to_string();
                assert!(!answer.contains("Secret") && !answer.contains(&id) && !answer.contains(&id.replace('-', "")), "{call}: {answer}");
            }
            for call in ["incidents/storm", "incidents/alerts"] {
                assert_eq!(other.post(&format!("/api/fn/{call}"), &json!({"incident": id, "service": null, "cursor": null})).await.status, 404);
            }
            let board = other.post("/api/fn/board/snapshot", &json!({})).await.is(200)["incidents"].to_string();
            assert!(!board.contains("Secret"), "{board}");
        }
        // Nobody gets at it by merging into it or by taking its alert.
        for other in &others[1..] {
            assert_eq!(other.command(&open, json!({"command": "merge", "into": id})).await.refused(404), "unknown_incident");
            assert_eq!(other.command(&open, json!({"command": "attach_alert", "alert": alert})).await.refused(404), "unknown_alert");
        }
        // Nor by importing: what is known under its origin is not compared, said or changed.
        let at = |secs: i64| NOON.plus_secs(secs).to_string();
        let file = |title: &str| json!([{"origin": "old", "id": "7", "title": title, "severity": "SEV3", "started_at": at(-7200), "resolved_at": at(-3600)}]);
        let page = |title: &str| json!({"page": {"id": "p"}, "incidents": [{"id": "x", "name": title, "impact": "major", "started_at": at(-7200), "resolved_at": at(-3600)}]});
        let counted = |report: &Value| ["created", "updated", "unchanged"].map(|count| report[count].as_u64());
        let not_allowed = |report: &Value| {
            let lines = report["rejected"].as_array().expect("it names them");
            assert!(!lines.is_empty() && lines.iter().all(|line| line["code"] == "not_allowed"), "{report}");
            assert!(!report.to_string().contains("Secret"), "{report}");
        };
        for (path, known, changed) in [
            ("/api/v1/import/incidents", file("Secret past"), file("Secret past, rewritten")),
            ("/api/v1/import/statuspage", page("Secret page"), page("Secret page, rewritten")),
        ] {
            admin.post(path, &known).await.is(200);
            let imported = text(&admin.items("/api/v1/incidents?limit=1").await[0]["id"]);
            admin.command(&imported, json!({"command": "set_private", "private": true})).await.is(200);
            let before = admin.get(&format!("/api/v1/incidents/{imported}")).await.is(200);
            for other in &others[1..] {
                for sent in [&known, &changed] {
                    for mode in ["?dry_run=true", ""] {
                        let report = other.post(&format!("{path}{mode}"), sent).await.is(200);
                        assert_eq!(counted(&report), [Some(0); 3], "{path}{mode}: {report}");
                        not_allowed(&report);
                    }
                }
            }
            assert_eq!(admin.get(&format!("/api/v1/incidents/{imported}")).await.is(200), before);
            for mode in ["?dry_run=true", ""] {
                assert_eq!(counted(&admin.post(&format!("{path}{mode}"), &changed).await.is(200)), [Some(0), Some(1), Some(0)]);
            }
        }
        let told = |key: &str, status: &str, secs: i64| {
            let body = json!({"title": "Secret cellar", "severity": "error", "key": key, "status": status, "labels": {"service": "cellar"}});
            json!({"received_at": at(secs), "source": "generic", "body": body}).to_string()
        };
        let send = async |caller: &Caller, line: String| caller.send(Method::POST, "/api/v1/import/alerts", line).await.is(200);
        assert_eq!(send(&admin, told("c", "firing", -600)).await["incidents_opened"], 1);
        let alert_of = async || admin.items("/api/v1/alerts?dedupe_key=c").await[0].clone();
        let cellar = text(&alert_of().await["incident_id"]);
        admin.command(&cellar, json!({"command": "set_private", "private": true})).await.is(200);
        let before = (admin.get(&format!("/api/v1/incidents/{cellar}")).await.is(200), alert_of().await);
        for other in &others[1..] {
            // Once more, another of its group, one that would take the group over, and its end.
            for line in [told("c", "firing", -590), told("d", "firing", -580), told("e", "firing", -7200), told("c", "resolved", -570)] {
                let report = send(other, line).await;
                assert_eq!(["alerts_opened", "alerts_repeated", "alerts_resolved", "incidents_opened"].map(|count| report[count].as_u64()), [Some(0); 4], "{report}");
                not_allowed(&report);
            }
        }
        assert_eq!((admin.get(&format!("/api/v1/incidents/{cellar}")).await.is(200), alert_of().await), before);
        assert_eq!(send(&admin, told("c", "resolved", -570)).await["alerts_resolved"], 1);
        // Those who are in it, and admins, see all of it.
        for insider in [&owner, &admin] {
            insider.get(&format!("/api/v1/incidents/{id}")).await.is(200);
            insider.get(&format!("/api/v1/alerts/{alert}")).await.is(200);
            assert!(insider.get("/api/v1/incidents").await.is(200).to_string().contains("Secret"));
            assert!(insider.get("/api/v1/services").await.is(200).to_string().contains("hidden"));
            insider.get("/api/v1/services/hidden").await.is(200);
        }
        // Named in public, by an incident or by people, a service is everybody's.
        owner.declared(json!({"title": "Known", "services": ["hidden"]})).await;
        for other in &others {
            assert_eq!(other.get("/api/v1/services/hidden").await.is(200)["open"].as_array().map(Vec::len), Some(1));
        }
        owner.declared(json!({"title": "Secret too", "private": true, "services": ["vault"], "labels": {"team": "Spies"}})).await;
        assert_eq!(others[0].get("/api/v1/services/vault").await.refused(404), "unknown_service");
        admin.send(axum::http::Method::PUT, "/api/v1/services/vault", json!({}).to_string()).await.is(200);
        assert_eq!(others[0].get("/api/v1/services/vault").await.is(200)["owner"], Value::Null);
    }
}

story! {
    /// What another site could make a signed-in browser send changes nothing.
    async fn a_foreign_page_changes_nothing_with_somebodys_cookie(fresh) {
        let house = House::of(&fresh);
        let mara = house.browser("mara", Role::Admin).await.saying("host", "localhost:3000");
        let ours = mara.saying("x-tocsin", "1").saying("origin", "http://localhost:3000").saying("sec-fetch-site", "same-origin");
        let foreign = [
            mara.clone(),
            mara.saying("origin", "http://localhost:3000"),
            mara.saying("x-tocsin", "0"),
            ours.saying("origin", "https://evil.example"),
            ours.saying("origin", "null"),
            ours.saying("origin", "http://localhost:3001"),
            ours.saying("sec-fetch-site", "cross-site"),
            ours.saying("sec-fetch-site", "same-site"),
        ];
        for line in rest().iter().chain(&calls()).filter(|line| line.method != Method::GET) {
            for caller in &foreign {
                let answer = caller.send(line.method.clone(), line.path, line.body.to_string()).await;
                assert_eq!(answer.status, 403, "{} {}: {}", line.method, line.path, answer.text());
                assert!(answer.text().contains("cross_site"), "{}", answer.text());
            }
        }
        assert_eq!(ours.get("/api/v1/incidents").await.is(200)["items"], json!([]));
        ours.declared(json!({"title": "from our own page"})).await;
        // Reading with a cookie is fine from an address bar; the stream is for our own pages.
        mara.get("/api/v1/incidents").await.is(200);
        for caller in [mara.saying("origin", "https://evil.example"), mara.saying("sec-fetch-site", "cross-site")] {
            assert_eq!(caller.get("/api/v1/stream").await.refused(403), "cross_site");
        }
        // On loopback a foreign name that points here is refused, for everybody.
        assert_eq!(house.program(Role::Admin).await.saying("host", "evil.example").get("/api/v1/me").await.refused(403), "unknown_host");
    }
}
