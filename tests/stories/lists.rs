//! Long lists: all incidents in columns, filters of the REST door, search, services, storms, and
//! the views people keep.

use crate::{
    callers::{Caller, House, text},
    story,
};
use serde_json::{Value, json};
use tocsin::domain::{lists::RowPage, people::Role};

/// The references of a list, in its order.
fn references(list: &Value) -> Vec<String> {
    list["items"].as_array().expect("a list has items").iter().map(|item| text(&item["ref"])).collect()
}

async fn rows(caller: &Caller) -> RowPage {
    let answer = caller.post("/api/fn/incidents/list", &json!({"before": null})).await.is(200);
    serde_json::from_value(answer).expect("it is a page of rows")
}

/// Posts alerts of the generic source, each as its service and key.
async fn fire(house: &House, token: &str, alerts: &[(&str, &str)]) {
    let alert = |(service, key): &(&str, &str)| json!({"title": format!("{service} is down"), "key": key, "severity": "error", "labels": {"service": service, "region": "eu"}});
    house.nobody().post(&format!("/hooks/generic/{token}"), &Value::Array(alerts.iter().map(alert).collect())).await.is(200);
}

async fn found(caller: &Caller, words: &str) -> Vec<String> {
    let found = caller.get(&format!("/api/v1/search?q={words}")).await.is(200);
    found["incidents"].as_array().expect("incidents").iter().map(|hit| format!("{} {}", text(&hit["ref"]), text(&hit["by"]))).collect()
}

story! {
    async fn all_incidents_travel_in_columns_and_only_to_those_who_may_see_them(fresh) {
        let house = House::of(&fresh);
        let (owner, viewer) = (house.program_called("owner", Role::Responder).await, house.program(Role::Viewer).await);
        owner.declared(json!({"title": "Checkout is slow", "severity": "SEV2", "services": ["checkout"], "labels": {"team": "shop"}})).await;
        let secret = text(&owner.declared(json!({"title": "Secret", "severity": "SEV1", "private": true})).await["id"]);
        owner.command(&secret, json!({"command": "acknowledge", "for_s": 600})).await.is(200);
        let (mine, theirs) = (rows(&owner).await.rows(), rows(&viewer).await.rows());
        assert_eq!((mine.len(), theirs.len()), (2, 1));
        assert!(mine[0].private && mine[0].acknowledged.as_ref().is_some_and(|(by, _)| **by == *"owner"));
        assert_eq!((theirs[0].title.as_str(), &*theirs[0].services[0], &*theirs[0].labels[0].1), ("Checkout is slow", "checkout", "shop"));
        assert_eq!(viewer.post("/api/fn/incidents/several", &json!({"ids": [secret]})).await.is(200), json!([]));
        let many: Vec<&str> = vec!["0198e000-0000-7000-8000-000000000000"; 201];
        assert_eq!(viewer.post("/api/fn/incidents/several", &json!({"ids": many})).await.status, 400);
    }
}

story! {
    async fn lists_can_be_asked_for_what_they_should_not_hold(fresh) {
        let house = House::of(&fresh);
        let caller = house.program(Role::Responder).await;
        for (title, severity, service, team) in [("a", "SEV1", "pay", "x"), ("b", "SEV5", "pay", "x_y"), ("c", "SEV2", "search", "x")] {
            caller.declared(json!({"title": title, "severity": severity, "services": [service], "labels": {"team": team, "share": "100%"}})).await;
        }
        caller.declared(json!({"title": "d", "kind": "drill"})).await;
        let list = async |query: &str| references(&caller.get(&format!("/api/v1/incidents?{query}")).await.is(200));
        assert_eq!(list("severity=!SEV5").await, ["INC-4", "INC-3", "INC-1"]);
        assert_eq!(list("severity=!SEV5,SEV1&kind=!drill").await, ["INC-3"]);
        assert_eq!(list("service=!pay").await, ["INC-4", "INC-3"]);
        assert_eq!(list("state=!triage").await, ["INC-3", "INC-2", "INC-1"]);
        assert_eq!(list("label.team=x").await, ["INC-3", "INC-1"]);
        assert_eq!(list("label.team=x&label.team=x_y").await, Vec::<String>::new());
        assert_eq!(list("label.team=!x").await, ["INC-4", "INC-2"]);
        assert_eq!(list("label.share=100%25").await, ["INC-3", "INC-2", "INC-1"]);
        // A page is as long as was asked for, however many were left out on the way.
        let first = caller.get("/api/v1/incidents?label.team=x&limit=1").await.is(200);
        assert_eq!(references(&first), ["INC-3"]);
        let next = text(&first["next_cursor"]);
        assert_eq!(references(&caller.get(&format!("/api/v1/incidents?label.team=x&limit=1&cursor={next}")).await.is(200)), ["INC-1"]);
        assert_eq!(caller.get("/api/v1/incidents?severity=!SEV9").await.refused(400), "bad_parameter");
    }
}

story! {
    async fn a_search_finds_by_number_title_service_label_and_words(fresh) {
        let house = House::of(&fresh);
        let (owner, viewer) = (house.program_called("owner", Role::Responder).await, house.program(Role::Viewer).await);
        let first = text(&owner.declared(json!({"title": "Card payments fail", "severity": "SEV1", "services": ["checkout-eu"], "labels": {"team": "Moneyflow"}})).await["id"]);
        owner.command(&first, json!({"command": "note", "text": "Provider B times out, 100 % of \"3DS\" calls"})).await.is(200);
        let hidden = text(&owner.declared(json!({"title": "Payroll leak", "private": true, "services": ["payroll"], "labels": {"team": "Moneyflow"}})).await["id"]);
        owner.command(&hidden, json!({"command": "note", "text": "Provider B knows"})).await.is(200);
        let hits = [
            ("INC-1", "INC-1 ref"),
            ("1", "INC-1 ref"),
            ("PAYMENTS%20FAIL", "INC-1 title"),
            ("checkout-e", "INC-1 service"),
            ("moneyfl", "INC-1 label"),
            ("provider%20b", "INC-1 timeline"),
            ("%223ds%22", "INC-1 timeline"),
        ];
        for (words, hit) in hits {
            assert_eq!(found(&viewer, words).await, [hit], "{words}");
        }
        assert_eq!(found(&owner, "provider%20b").await.len(), 2);
        for words in ["inc-2", "payroll%20leak", "%27%20OR%201=1", "_", "!"] {
            assert_eq!(found(&viewer, words).await, Vec::<String>::new(), "{words}");
        }
        assert_eq!(viewer.get("/api/v1/search").await.is(200), json!({"incidents": [], "services": [], "alerts": []}));
        assert_eq!(viewer.get("/api/v1/search?q=checkout").await.is(200)["services"], json!(["checkout-eu"]));
    }
}

story! {
    /// SQLite's own `LOWER` knows ASCII only, and PostgreSQL's depends on where it was made.
    async fn a_search_finds_every_script_in_any_case(fresh) {
        let house = House::of(&fresh);
        let (owner, viewer) = (house.program_called("owner", Role::Responder).await, house.program(Role::Viewer).await);
        let first = text(&owner.declared(json!({"title": "Überlast im Zahlungsweg", "severity": "SEV1", "services": ["Größe-Ärger"], "labels": {"team": "Zürich Öffentlich"}})).await["id"]);
        owner.command(&first, json!({"command": "note", "text": "ОШИБКА am Gerät: Ναός 過負荷"})).await.is(200);
        for n in 0..3 {
            owner.declared(json!({"title": format!("Uberlast without dots {n}"), "services": ["other"]})).await;
        }
        owner.declared(json!({"title": "İstanbul is slow"})).await;
        for words in ["İstanbul", "İSTANBUL"] {
            let query: String = words.bytes().map(|byte| format!("%{byte:02X}")).collect();
            assert_eq!(found(&viewer, &query).await, ["INC-5 title"], "{words}");
        }
        owner.post("/api/v1/alerts", &json!({"title": "ÉTEINT", "severity": "info", "labels": {"site": "Évry"}})).await.is(200);
        for words in ["überlast", "ÜBERLAST", "Überlast", "zahlungsWEG", "GRÖSSE-ÄRGER".replace("SS", "ß").as_str(), "öffentlich", "ÖFFENTLICH", "ошибка", "ΝΑΌΣ", "過負荷", "gerät: ν"] {
            let query: String = words.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let hits = found(&viewer, &query).await;
            assert!(hits.len() == 1 && hits[0].starts_with("INC-1 "), "{words}: {hits:?}");
        }
        let of = async |query: &str, kind: &str| viewer.get(&format!("/api/v1/search?q={query}")).await.is(200)[kind].as_array().map_or(0, Vec::len);
        assert_eq!((of("%C3%A4RGER", "services").await, of("%C3%84rger", "services").await, of("arger", "services").await), (1, 1, 0));
        assert_eq!((of("%C3%A9teint", "alerts").await, of("%C3%89VRY", "alerts").await, of("%C3%A9t%C3%A9", "alerts").await), (1, 1, 0));
    }
}

story! {
    /// The database finds more than such words: a page is full for all that, or has nothing behind it.
    async fn alerts_are_found_by_letters_beyond_ascii_behind_many_others(fresh) {
        let house = House::of(&fresh);
        let caller = house.program(Role::Responder).await;
        let info = |title: String| json!({"title": title, "severity": "info"});
        for (titles, many) in [("Überlast", 60), ("Uberlast", 560), ("Überlauf", 3)] {
            let alerts: Vec<Value> = (0..many).map(|n| info(format!("{titles} {n}"))).collect();
            caller.post("/api/v1/alerts", &json!(alerts)).await.is(200);
        }
        let page = async |cursor: Value| {
            let query = json!({"text": "ÜBERLA", "standing": "firing", "service": "", "severity": null, "source": "", "grouped": null});
            let page = caller.post("/api/fn/alerts/list", &json!({"query": query, "cursor": cursor})).await.is(200);
            let titles: Vec<String> = page["items"].as_array().expect("items").iter().map(|item| text(&item["alert"]["title"])).collect();
            assert!(titles.iter().all(|title| title.starts_with("Über")), "{titles:?}");
            (titles, page["next_cursor"].clone())
        };
        let (first, next) = page(Value::Null).await;
        assert_eq!((first.len(), first[0].as_str(), first[3].as_str()), (50, "Überlauf 2", "Überlast 59"));
        let (second, end) = page(next).await;
        assert_eq!((second.len(), second[0].as_str(), end), (13, "Überlast 12", Value::Null));
    }
}

story! {
    async fn a_service_is_described_by_people_and_labels_only_fill_what_is_empty(fresh) {
        let house = House::of(&fresh);
        let (commander, responder) = (house.program(Role::Commander).await, house.program(Role::Responder).await);
        responder.declared(json!({"title": "a", "severity": "SEV2", "services": ["pay"], "labels": {"team": "Payments", "tier": "2"}})).await;
        let first = responder.get("/api/v1/services/pay").await.is(200);
        assert_eq!((&first["owner"], &first["tier"], &first["open"][0]["ref"]), (&json!("Payments"), &json!(2), &json!("INC-1")));
        let runbook = json!([{"href": "https://runbook", "text": "Runbook"}]);
        commander.send(axum::http::Method::PUT, "/api/v1/services/pay", json!({"owner": "Money", "tier": 1, "links": runbook}).to_string()).await.is(200);
        responder.declared(json!({"title": "b", "services": ["pay"], "labels": {"team": "Others", "tier": "3"}})).await;
        let described = commander.patch("/api/v1/services/pay", &json!({"description": "Takes money."})).await.is(200);
        assert_eq!((&described["owner"], &described["tier"], &described["links"]), (&json!("Money"), &json!(1), &runbook));
        assert_eq!(commander.patch("/api/v1/services/pay", &json!({"links": [{"href": "javascript:x", "text": ""}]})).await.refused(422), "invalid_service");
        assert_eq!(commander.patch("/api/v1/services/nobody", &json!({})).await.refused(404), "unknown_service");
        // Two services under one label: nobody can say whose it is.
        responder.declared(json!({"title": "c", "services": ["ledger", "risk"], "labels": {"team": "Both"}})).await;
        let list = responder.get("/api/v1/services").await.is(200);
        let names: Vec<String> = list["items"].as_array().expect("items").iter().map(|item| text(&item["name"])).collect();
        assert_eq!(names, ["pay", "ledger", "risk"]);
        assert_eq!(list["items"][1]["owner"], Value::Null);
        let next = text(&responder.get("/api/v1/services?limit=2").await.is(200)["next_cursor"]);
        assert_eq!(responder.get(&format!("/api/v1/services?cursor={next}")).await.is(200)["items"][0]["name"], "risk");
    }
}

story! {
    async fn a_storm_is_added_up_by_service_with_the_reason_of_each_alert(fresh) {
        let house = House::of(&fresh);
        let viewer = house.program(Role::Viewer).await;
        let (_, token) = house.integration(json!({"source": "generic", "name": "x", "grouping": {"by": ["region"], "quiet_s": 600, "storm_at": 10}})).await;
        fire(&house, &token, &[("gateway", "g1")]).await;
        fire(&house, &token, &[("gateway", "g2"), ("identity", "i1"), ("gateway", "g1")]).await;
        let summary = viewer.get("/api/v1/incidents/INC-1/alerts/summary").await.is(200);
        assert_eq!((&summary["alerts"], &summary["firing"]), (&json!(3), &json!(3)));
        assert_eq!(summary["why"], json!({"first": 1, "same_group": 2, "storm": 0, "attached": 0, "merged": 0}));
        let gateway = &summary["services"][0];
        assert_eq!((&gateway["service"], &gateway["alerts"], &gateway["opened"], &gateway["repeats"]), (&json!("gateway"), &json!(2), &json!(1), &json!(1)));
        assert_eq!(gateway["bars"].as_array().expect("bars").iter().filter_map(Value::as_i64).sum::<i64>(), 2);
        let id = text(&viewer.get("/api/v1/incidents/INC-1").await.is(200)["id"]);
        let alerts = viewer.post("/api/fn/incidents/alerts", &json!({"incident": id, "service": "gateway", "cursor": null})).await.is(200);
        let why: Vec<String> = alerts["items"].as_array().expect("items").iter().map(|item| text(&item["why"])).collect();
        assert_eq!(why, ["first", "same_group"]);
        assert_eq!(viewer.get("/api/v1/incidents/INC-9/alerts/summary").await.refused(404), "unknown_incident");
    }
}

story! {
    async fn everybody_keeps_their_own_views(fresh) {
        let house = House::of(&fresh);
        let (mara, ivo) = (house.program_called("mara", Role::Viewer).await, house.program_called("ivo", Role::Viewer).await);
        let save = async |caller: &Caller, name: &str, query: &str| caller.post("/api/fn/views/save", &json!({"name": name, "query": query})).await;
        save(&mara, "Mine", "lead=@me").await.is(200);
        let kept = save(&mara, " Mine ", "lead=@me&state=open").await.is(200);
        assert_eq!(kept, json!([{"name": "Mine", "query": "lead=@me&state=open"}]));
        assert_eq!(ivo.post("/api/fn/views/list", &json!({})).await.is(200), json!([]));
        assert_eq!(save(&mara, "", "x").await.status, 422);
        assert_eq!(mara.post("/api/fn/views/forget", &json!({"name": "Mine"})).await.is(200), json!([]));
    }
}

story! {
    async fn all_alerts_are_listed_with_their_incidents_or_why_they_have_none(fresh) {
        let house = House::of(&fresh);
        let (_, token) = house.integration(json!({"source": "generic", "name": "sender"})).await;
        let send = async |title: &str, severity: &str, service: &str, status: &str| {
            let alert = json!({"title": title, "key": title, "severity": severity, "status": status, "labels": {"service": service, "host": "Web_1"}});
            house.nobody().post(&format!("/hooks/generic/{token}"), &alert).await.is(200);
        };
        send("Disk full", "error", "store", "firing").await;
        send("Night job is done", "info", "store", "firing").await;
        send("Cards fail", "critical", "pay", "firing").await;
        send("Mail waits", "warning", "mail", "firing").await;
        send("Mail waits", "warning", "mail", "resolved").await;
        let reader = house.program(Role::Viewer).await.saying("x-tocsin", "1");
        let list = async |query: Value| {
            let page = reader.post("/api/fn/alerts/list", &json!({"query": query, "cursor": null})).await.is(200);
            let titles: Vec<String> = page["items"].as_array().expect("a page has items").iter().map(|item| text(&item["alert"]["title"])).collect();
            (titles, page)
        };
        let (firing, page) = list(json!({})).await;
        assert_eq!(firing, ["Cards fail", "Night job is done", "Disk full"]);
        assert_eq!((text(&page["items"][0]["incident"]), &page["items"][1]["incident"]), ("INC-2".to_owned(), &Value::Null));
        assert!(page["sources"].as_array().is_some_and(|sources| sources.contains(&json!({"slug": "generic", "title": "Generic JSON"}))), "{page}");
        let alone: tocsin::domain::lists::alerts::ListedAlert = serde_json::from_value(page["items"][1].clone()).expect("it is an alert");
        assert_eq!(alone.alert.no_incident_because(), Some("information is recorded and opens no incident"));
        for (query, titles) in [
            (json!({"standing": "resolved"}), &["Mail waits"][..]),
            (json!({"standing": "any"}), &["Mail waits", "Cards fail", "Night job is done", "Disk full"]),
            (json!({"standing": "stale"}), &[]),
            (json!({"grouped": false}), &["Night job is done"]),
            (json!({"grouped": true, "service": "pay"}), &["Cards fail"]),
            (json!({"severity": "error"}), &["Disk full"]),
            (json!({"source": "grafana"}), &[]),
            (json!({"text": "DISK"}), &["Disk full"]),
            (json!({"text": "web_1", "service": "pay"}), &["Cards fail"]),
            // What is looked for is taken as it stands.
            (json!({"text": "webx1"}), &[]),
            (json!({"text": "100%\u{0}"}), &[]),
        ] {
            assert_eq!(list(query.clone()).await.0, titles, "{query}");
        }
        assert_eq!(references(&house.program(Role::Admin).await.get("/api/v1/incidents").await.is(200)).len(), 3);
        let rest = async |query: &str| reader.items(&format!("/api/v1/alerts?{query}")).await.len();
        assert_eq!((rest("has_incident=false").await, rest("q=mail").await, rest("q=mail&state=open").await), (1, 1, 0));
        // An alert that was taken out of its incident says so, and one of a private incident is not there.
        let worker = house.program(Role::Responder).await;
        let disk = reader.items("/api/v1/alerts?q=disk").await.remove(0);
        worker.command("INC-1", json!({"command": "detach_alert", "alert": disk["id"]})).await.is(200);
        house.program(Role::Admin).await.command("INC-2", json!({"command": "set_private", "private": true})).await.is(200);
        let (titles, page) = list(json!({})).await;
        assert_eq!(titles, ["Night job is done", "Disk full"]);
        let taken: tocsin::domain::lists::alerts::ListedAlert = serde_json::from_value(page["items"][1].clone()).expect("it is an alert");
        assert_eq!(taken.alert.no_incident_because(), Some("somebody took it out of its incident"));
        assert_eq!(reader.post("/api/fn/alerts/list", &json!({"query": {}, "cursor": "x"})).await.status, 400);
    }
}

story! {
    async fn alerts_come_page_by_page(fresh) {
        let house = House::of(&fresh);
        let (_, token) = house.integration(json!({"source": "generic", "name": "sender"})).await;
        let keys: Vec<String> = (0..120).map(|n| format!("k{n}")).collect();
        let alerts: Vec<(&str, &str)> = keys.iter().map(|key| ("pay", key.as_str())).collect();
        fire(&house, &token, &alerts).await;
        let reader = house.program(Role::Viewer).await.saying("x-tocsin", "1");
        let (mut cursor, mut seen) = (Value::Null, Vec::new());
        for expected in [50, 50, 20] {
            let page = reader.post("/api/fn/alerts/list", &json!({"query": {}, "cursor": cursor})).await.is(200);
            let items = page["items"].as_array().expect("a page has items");
            assert_eq!(items.len(), expected);
            seen.extend(items.iter().map(|item| text(&item["alert"]["id"])));
            cursor = page["next_cursor"].clone();
        }
        assert_eq!(cursor, Value::Null);
        assert!(seen.is_sorted_by(|a, b| a > b), "the last received first, each once");
    }
}
