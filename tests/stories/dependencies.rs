//! What services are said to need, beside what their calls show; and everything that changed in a
//! range on one strip.

use crate::{
    callers::{Caller, House, alertmanager, labelled, text},
    databases::NOON,
    story,
};
use axum::http::Method;
use serde_json::{Value, json};
use tocsin::domain::people::Role;

/// RFC 3339, so many minutes from noon.
fn at(minute: i64) -> String {
    NOON.plus_secs(minute * 60).to_string()
}

/// Pay calls its ledger once a minute before noon, and some calls fail.
async fn calls(house: &House) {
    let (_, token) = house.integration(json!({"source": "otlp", "name": "collector"})).await;
    let service = |name: &str| json!({"attributes": [{"key": "service.name", "value": {"stringValue": name}}]});
    let nanos = |secs: i64| (NOON.plus_secs(secs).micros() * 1_000).to_string();
    for n in 1..=30_i64 {
        let (trace, client, server) = (format!("{:032x}", 0xabc_0000 + n), format!("{:016x}", n * 10 + 1), format!("{:016x}", n * 10 + 2));
        let span = |id: &str, parent: &str, name: &str, kind: u8| {
            json!({"traceId": trace, "spanId": id, "parentSpanId": parent, "name": name, "kind": kind, "startTimeUnixNano": nanos(-60 * n), "endTimeUnixNano": nanos(1 - 60 * n),
                   "status": {"code": if n % 3 == 0 { 2 } else { 0 }}})
        };
        let body = json!({"resourceSpans": [
            {"resource": service("pay"), "scopeSpans": [{"spans": [span(&client, "", "POST", 3)]}]},
            {"resource": service("ledger"), "scopeSpans": [{"spans": [span(&server, &client, "POST /book", 2)]}]},
        ]});
        let caller = house.nobody().saying("authorization", &format!("Bearer {token}")).saying("content-type", "application/json");
        caller.send(Method::POST, "/v1/traces", body.to_string()).await.is(200);
    }
}

async fn put(caller: &Caller, name: &str, draft: Value) -> Value {
    caller.send(Method::PUT, &format!("/api/v1/services/{name}"), draft.to_string()).await.is(200)
}

fn edges(graph: &Value) -> Vec<Value> {
    graph["edges"].as_array().into_iter().flatten().map(|edge| json!([edge["from"], edge["to"], edge["seen"], edge["declared"]])).collect()
}

story! {
    async fn what_is_declared_stands_beside_what_calls_show(fresh) {
        let house = House::of(&fresh);
        let (commander, viewer, admin) = (house.program(Role::Commander).await, house.program(Role::Viewer).await, house.program(Role::Admin).await);
        calls(&house).await;
        fresh.at(60);
        let graph = async |more: &str| viewer.get(&format!("/api/v1/telemetry/graph?from={}&to={}{more}", at(-60), at(1))).await.is(200);
        assert_eq!(edges(&graph("").await), [json!(["pay", "ledger", true, false])], "nothing is declared yet");

        let made = put(&commander, "pay", json!({"owner": "Payments", "depends_on": [" provider-a", "fx", "fx", ""]})).await;
        assert_eq!((&made["depends_on"], &made["unknown_dependencies"]), (&json!(["provider-a", "fx"]), &json!(["provider-a", "fx"])));
        put(&commander, "fx", json!({})).await;
        assert_eq!(viewer.get("/api/v1/services/pay").await.is(200)["unknown_dependencies"], json!(["provider-a"]));
        let told = graph("").await;
        assert_eq!(edges(&told), [json!(["pay", "fx", false, true]), json!(["pay", "ledger", true, false]), json!(["pay", "provider-a", false, true])]);
        let node = |name: &str| told["nodes"].as_array().into_iter().flatten().find(|node| node["service"] == name).cloned().unwrap_or_default();
        assert_eq!((&node("fx")["seen"], &node("fx")["declared"], &node("provider-a")["declared"]), (&json!(false), &json!(true), &json!(false)));
        assert_eq!(edges(&graph("&service=fx").await), [json!(["pay", "fx", false, true])], "of one service what touches it");
        // What calls show and somebody says is both.
        commander.patch("/api/v1/services/pay", &json!({"depends_on": ["ledger", "fx"]})).await.is(200);
        assert_eq!(edges(&graph("").await), [json!(["pay", "fx", false, true]), json!(["pay", "ledger", true, true])]);
        assert_eq!(viewer.get("/api/v1/services/pay").await.is(200)["owner"], "Payments", "what is absent stays");

        // The page of a service has both sides, with what they disagree in.
        let page = viewer.post("/api/fn/services/page", &json!({"name": "pay"})).await.is(200);
        assert_eq!((&page["needs"][0]["service"], &page["needs"][0]["calls"]), (&json!("ledger"), &json!({"requests": 30, "errors": 10})));
        assert_eq!((&page["needs"][1]["service"], &page["needs"][1]["calls"], &page["needs"][1]["declared"]), (&json!("fx"), &Value::Null, &json!(true)));
        let other = viewer.post("/api/fn/services/page", &json!({"name": "fx"})).await.is(200);
        assert_eq!((&other["used_by"][0]["service"], other["needs"].as_array().map(Vec::len)), (&json!("pay"), Some(0)));

        // Not itself, no odd names, and not by everybody.
        for wrong in [json!(["pay"]), json!(["a\nb"]), json!(["x".repeat(201)])] {
            let refused = commander.patch("/api/v1/services/pay", &json!({"depends_on": wrong})).await;
            assert_eq!(refused.refused(422), "invalid_service");
        }
        assert_eq!(house.program(Role::Responder).await.patch("/api/v1/services/pay", &json!({"depends_on": []})).await.status, 403);
        // Who said so is in the record, once for each time that something changed.
        put(&commander, "fx", json!({})).await;
        let noted = admin.items("/api/v1/audit?action=service").await;
        let said: Vec<Value> = noted.iter().map(|entry| json!([entry["subject"]["name"], entry["data"]["changed"], entry["data"]["depends_on"]])).collect();
        assert_eq!(said, [json!(["pay", "depends_on", "ledger, fx"]), json!(["fx", "", ""]), json!(["pay", "owner, depends_on", "provider-a, fx"])]);
    }
}

story! {
    async fn dependencies_are_kept_as_code(fresh) {
        let house = House::of(&fresh);
        let commander = house.program(Role::Commander).await;
        let file = "apiVersion: tocsin/v1\nkind: Service\nmetadata: {name: pay}\nspec:\n  owner: Payments\n  depends_on: [ledger, fx]\n---\napiVersion: tocsin/v1\nkind: Service\nmetadata: {name: ledger}\nspec: {}\n";
        let apply = async |text: &str| commander.send(Method::POST, "/api/v1/definitions", text.to_owned()).await;
        let applied = apply(file).await.is(200);
        assert_eq!((&applied["created"], applied["warnings"].as_array().map(Vec::len)), (&json!(2), Some(1)), "{applied}");
        assert!(applied["warnings"][0].to_string().contains("fx") && applied["warnings"][0].to_string().contains("depends_on"), "{applied}");
        let exported = commander.get("/api/v1/definitions").await.text();
        assert!(exported.contains("depends_on:") && exported.contains("- fx"), "{exported}");
        assert_eq!(apply(&exported).await.is(200)["unchanged"], 2);
        let changed = apply(&file.replace("[ledger, fx]", "[ledger]")).await.is(200);
        assert_eq!((&changed["changed"], &changed["objects"][0]["fields"]), (&json!(1), &json!(["depends_on"])));
        assert_eq!(apply(&file.replace("[ledger, fx]", "[pay]")).await.refused(422), "invalid_definitions");
    }
}

story! {
    /// What a private incident names is nobody's business, and what is named in public is everybody's.
    async fn a_file_and_an_objective_make_a_service_known_that_only_private_incidents_named(fresh) {
        let house = House::of(&fresh);
        let (owner, commander, viewer) = (house.program_called("owner", Role::Responder).await, house.program(Role::Commander).await, house.program(Role::Viewer).await);
        owner.declared(json!({"title": "Secret", "private": true, "services": ["vault", "safe"], "labels": {"team": "Spies"}})).await;
        owner.declared(json!({"title": "Known", "services": ["shelf"]})).await;
        assert_eq!(viewer.get("/api/v1/services/vault").await.refused(404), "unknown_service");
        // A file that says nothing but its name is told the same as of any new service.
        let file = |name: &str| format!("apiVersion: tocsin/v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{}}\n");
        for name in ["vault", "shelf"] {
            let tried = commander.send(Method::POST, "/api/v1/definitions?dry_run=true", file(name)).await.is(200);
            let applied = commander.send(Method::POST, "/api/v1/definitions", file(name)).await.is(200);
            let again = commander.send(Method::POST, "/api/v1/definitions", file(name)).await.is(200);
            assert_eq!((&tried["created"], &applied["created"], &again["unchanged"]), (&json!(1), &json!(1), &json!(1)), "{name}: {tried} {applied} {again}");
        }
        assert_eq!(viewer.get("/api/v1/services/vault").await.is(200)["owner"], Value::Null);
        // An objective that is gone again has named its service all the same.
        commander.post("/api/v1/slos", &json!({"name": "safe", "service": "safe", "target": "99 %", "window": "1d"})).await.is(201);
        commander.send(Method::DELETE, "/api/v1/slos/safe", "").await.is(200);
        viewer.get("/api/v1/services/safe").await.is(200);
    }
}

story! {
    async fn what_changed_is_told_of_every_kind_and_leaves_out_what_is_private(fresh) {
        let house = House::of(&fresh);
        let (commander, viewer) = (house.program(Role::Commander).await, house.program(Role::Viewer).await);
        // An objective of 99.9 % that loses its budget in the last hour.
        fresh.at(-7_200);
        commander.post("/api/v1/slos", &json!({"name": "pay/availability", "service": "pay", "target": "99 %", "window": "1d"})).await.is(201);
        fresh.at(0);
        let line = |minute: i64| json!({"objective": "pay/availability", "at": at(minute), "bad": if minute > -20 { 100 } else { 0 }, "total": 100}).to_string() + "\n";
        commander.send(Method::POST, "/api/v1/sli", (-1_440..0).map(line).collect::<String>()).await.is(200);
        // Deploys, of which one fails.
        let (_, github) = house.integration(json!({"source": "github", "name": "github"})).await;
        let mut deploy: Value = serde_json::from_str(include_str!("../fixtures/github/deployment_status.json")).expect("the fixture is JSON");
        for (minute, id, service, state) in [(-30, 1, "pay", "success"), (-25, 2, "search", "failure")] {
            deploy["deployment"]["id"] = json!(id);
            deploy["deployment"]["payload"] = json!({"service": service});
            deploy["deployment_status"]["state"] = json!(state);
            deploy["deployment_status"]["updated_at"] = json!(at(minute));
            house.nobody().post(&format!("/hooks/github/{github}"), &deploy).await.is(200);
        }
        // Alerts: one that ended, one that is private.
        let (_, sender) = house.integration(json!({"source": "alertmanager", "name": "am"})).await;
        let hook = format!("/hooks/alertmanager/{sender}");
        house.nobody().post(&hook, &alertmanager(&[labelled("open", "pay", "critical", &at(-15), None)])).await.is(200);
        house.nobody().post(&hook, &alertmanager(&[labelled("open", "pay", "critical", &at(-15), Some(&at(-5)))])).await.is(200);
        house.nobody().post(&hook, &alertmanager(&[labelled("hidden", "pay", "warning", &at(-10), None)])).await.is(200);
        let hidden = commander.items("/api/v1/alerts?dedupe_key=hidden").await.remove(0);
        house.program(Role::Admin).await.command(&text(&hidden["incident_id"]), json!({"command": "set_private", "private": true})).await.is(200);
        // Maintenance, time that is left out, and what was defined.
        commander.declared(json!({"title": "Switch the database", "kind": "maintenance", "services": ["pay"], "started_at": at(-40)})).await;
        commander.post("/api/v1/exclusions", &json!({"service": "pay", "from": at(-180), "to": at(-170), "reason": "Planned", "category": "maintenance"})).await.is(201);
        put(&commander, "pay", json!({"owner": "Payments"})).await;
        // However much was defined elsewhere since, what concerns the service is told.
        for nth in 0..=100 {
            put(&commander, "search", json!({"owner": format!("Search {nth}")})).await;
        }

        let between = async |caller: &Caller, from: i64, service: Value| {
            let asked = json!({"range": {"from": at(from), "to": at(1)}, "service": service});
            caller.post("/api/fn/changes/between", &asked).await.is(200)
        };
        let told = between(&viewer, -240, json!("pay")).await;
        let items: Vec<Value> = told["items"].as_array().cloned().unwrap_or_default();
        let of = |kind: &str| items.iter().filter(|item| item["kind"] == kind).map(|item| text(&item["words"])).collect::<Vec<_>>();
        assert_eq!(of("deploy"), ["success"]);
        assert_eq!(of("alert"), ["resolved", "opened, critical"], "the private one is left out");
        assert!(of("objective").iter().any(|words| words.ends_with("→ overspent")), "{:?}", of("objective"));
        assert_eq!((of("maintenance"), of("exclusion")), (vec!["maintenance".to_owned()], vec!["left out of the objectives of pay".to_owned()]));
        let definitions = of("definition");
        assert_eq!(told["cut"], json!([]));
        assert!(definitions.iter().any(|words| words.starts_with("said what a service is, by commander")), "{definitions:?}");
        assert!(definitions.iter().any(|words| words.starts_with("left time out of objectives")), "{definitions:?}");
        assert!(items.iter().all(|item| item["service"] != "search"));
        let times: Vec<String> = items.iter().map(|item| text(&item["at"])).collect();
        assert!(times.is_sorted_by(|a, b| a >= b), "the last first: {times:?}");
        let leads: Vec<&Value> = items.iter().filter(|item| item["kind"] != "deploy").map(|item| &item["leads_to"]["page"]).collect();
        assert!(leads.iter().all(|page| page.is_string()), "each leads somewhere: {items:?}");
        // Programs read the same.
        let read = viewer.get(&format!("/api/v1/telemetry/changed?from={}&to={}&service=pay", at(-240), at(1))).await.is(200);
        assert_eq!((&read["items"], &read["cut"], &read["next_cursor"]), (&told["items"], &told["cut"], &Value::Null));
        let refused = viewer.get(&format!("/api/v1/telemetry/changed?from={}&to={}", at(1), at(1))).await.is(400);
        assert_eq!(refused["code"], "bad_parameter");
        // Whoever may see the private incident sees its alert; without a service everything is told.
        let all = between(&house.program(Role::Admin).await, -240, Value::Null).await;
        let alerts = all["items"].as_array().into_iter().flatten().filter(|item| item["kind"] == "alert").count();
        assert_eq!((alerts, all["cut"].clone()), (3, json!(["definition"])), "more than a hundred things were defined");
        assert!(all["items"].to_string().contains("Search") || all["items"].to_string().contains("search"));
        assert_eq!(viewer.post("/api/fn/changes/between", &json!({"range": {"from": at(1), "to": at(1)}})).await.status, 400);
    }
}
