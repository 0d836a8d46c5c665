//! The executive board: what it says of objectives and incidents, what its figures are to be, and
//! who sees and sets what.

use crate::{
    callers::{Caller, House},
    databases::NOON,
    story,
};
use axum::http::Method;
use serde_json::{Value, json};
use tocsin::{
    domain::{
        executive::{Executive, Measure, Question},
        people::Role,
        severity::Severity,
        slo::{gate::Level, report::Standing},
    },
    server::usecases::executive,
};

const DAY: i64 = 86_400;

/// RFC 3339, so many seconds from noon.
fn at(secs: i64) -> String {
    NOON.plus_secs(secs).to_string()
}

/// An objective of a service, with a month of readings of which some are bad. It opens no incidents
/// of its own, so that those of the story are all there are.
async fn objective(caller: &Caller, name: &str, service: &str, bad: i64) {
    let draft = json!({"name": name, "title": format!("The {name}"), "service": service, "target": 0.99, "window": "30d", "slice_s": 300, "alerting": {"enabled": false}});
    caller.post("/api/v1/slos", &draft).await.is(201);
    let line = |n: i64| json!({"objective": name, "at": at(n * 300 - 30 * DAY), "bad": if n > 8_000 { bad } else { 0 }, "total": 1000}).to_string() + "\n";
    caller.send(Method::POST, "/api/v1/sli", (0..8_640).map(line).collect::<String>()).await.is(200);
}

async fn incident(caller: &Caller, n: i64, severity: &str, service: &str) {
    let started = -n * DAY;
    let line = json!([{
        "origin": "past", "id": format!("{service}{n}"), "title": format!("Outage {n}"), "severity": severity, "services": [service],
        "started_at": at(started), "detected_at": at(started + 60 * n), "mitigated_at": at(started + 1200), "resolved_at": at(started + 1800 + n),
    }]);
    caller.post("/api/v1/import/incidents", &line).await.is(200);
}

async fn board(caller: &Caller, question: Value) -> Executive {
    let answer = caller.saying("x-tocsin", "1").post("/api/fn/executive/board", &json!({ "question": question })).await.is(200);
    serde_json::from_value(answer).expect("it is a board")
}

fn names(board: &Executive) -> Vec<&str> {
    board.rows.iter().map(|row| row.report.objective.name.as_str()).collect()
}

story! {
    async fn the_list_of_services_names_the_objective_that_stands_worst(fresh) {
        let house = House::of(&fresh);
        let maker = house.program(Role::Commander).await;
        for name in ["pay", "search"] {
            maker.send(Method::PUT, &format!("/api/v1/services/{name}"), json!({"owner": "Shop"}).to_string()).await.is(200);
        }
        objective(&maker, "fine", "pay", 0).await;
        objective(&maker, "spent", "pay", 200).await;
        let list = maker.get("/api/v1/services").await.is(200);
        let worst = |name: &str| list["items"].as_array().expect("items").iter().find(|item| item["name"] == name).expect("it is listed")["worst_objective"].clone();
        let pay = worst("pay");
        assert_eq!((&pay["name"], &pay["state"]), (&json!("spent"), &json!("overspent")));
        assert!(pay["remaining_ratio"].as_f64().is_some_and(|left| left < 0.0), "{pay}");
        assert_eq!(worst("search"), Value::Null);
    }
}

story! {
    async fn the_board_says_how_things_stand_the_worst_first(fresh) {
        let house = House::of(&fresh);
        let maker = house.program(Role::Commander).await;
        for (name, owner) in [("pay", "Payments"), ("search", "Search")] {
            maker.send(Method::PUT, &format!("/api/v1/services/{name}"), json!({"owner": owner}).to_string()).await.is(200);
        }
        objective(&maker, "fine", "search", 0).await;
        objective(&maker, "spent", "pay", 200).await;
        objective(&maker, "low", "pay", 14).await;
        for n in 1..8 {
            incident(&maker, n, if n == 1 { "SEV1" } else { "SEV3" }, "pay").await;
        }
        let reader = house.program(Role::Viewer).await;
        let all = board(&reader, json!({})).await;
        assert_eq!(names(&all), ["spent", "low", "fine"]);
        assert_eq!(all.rows.iter().map(|row| row.report.state).collect::<Vec<_>>(), [Standing::Overspent, Standing::Low, Standing::Within]);
        assert_eq!((all.headline.words.as_str(), all.headline.worst.as_deref()), ("2 of 3 objectives need attention.", Some("The spent is over budget.")));
        let gates: Vec<_> = all.gates.iter().map(|gate| (gate.service.as_str(), gate.level, gate.may_release)).collect();
        assert_eq!(gates, [("pay", Level::Frozen, false), ("search", Level::Ok, true)]);
        assert_eq!((all.incidents, all.without_a_time, all.weeks.len()), (7, 7, 12));
        let spent = all.spent.as_ref().expect("something was spent");
        assert_eq!(spent.objective.name, "spent");
        let line = |measure, severity| all.lines.iter().find(|line| line.measure == measure && line.severity == severity).expect("the line is there");
        let detect = line(Measure::Detect, None);
        assert_eq!((detect.n, detect.value, detect.target), (7, Some(240.0), None));
        let worst = line(Measure::Detect, Some(Severity::Sev1));
        assert_eq!((worst.values.as_slice(), worst.target, worst.missed), ([60.0].as_slice(), Some(300.0), false));
        let often = line(Measure::Frequency, None);
        assert_eq!((often.values.as_slice(), often.missed), ([0.0, 7.0].as_slice(), true));

        // Narrowed to a service or an owner, everything is about those alone.
        let search = board(&reader, json!({"service": "search"})).await;
        assert_eq!((names(&search), search.incidents, search.headline.words.as_str()), (vec!["fine"], 0, "The only objective is within budget."));
        let payments = board(&reader, json!({"owner": "Payments", "span": "week"})).await;
        assert_eq!((names(&payments), payments.incidents, payments.of.as_slice()), (vec!["spent", "low"], 7, ["pay".to_owned()].as_slice()));
        let nobody = board(&reader, json!({"service": "unheard of"})).await;
        assert_eq!((nobody.rows.len(), nobody.incidents, nobody.gates.len()), (0, 0, 0));
    }
}

story! {
    async fn open_majors_say_when_something_is_next_to_be_said(fresh) {
        let house = House::of(&fresh);
        let maker = house.program(Role::Commander).await;
        maker.declared(json!({"title": "Cards fail", "severity": "SEV1"})).await;
        maker.declared(json!({"title": "Slow", "severity": "SEV3"})).await;
        let secret = maker.declared(json!({"title": "Secret", "severity": "SEV1", "private": true})).await;
        let seen = board(&maker, json!({})).await;
        assert_eq!(seen.updates.len(), 2);
        assert!(seen.updates.iter().all(|due| due.at == NOON.plus_secs(15 * 60)), "{:?}", seen.updates);
        let other = board(&house.program(Role::Viewer).await, json!({})).await;
        assert!(other.updates.iter().all(|due| due.reference.to_string() != secret["ref"]), "{:?}", other.updates);
        assert_eq!(other.updates.len(), 1);
    }
}

story! {
    async fn targets_are_dated_and_the_past_keeps_its_own(fresh) {
        let house = House::of(&fresh);
        let commander = house.program(Role::Commander).await;
        let of = |list: &Value, metric: &str| list["items"].as_array().expect("a list").iter().filter(|target| target["metric"] == metric).cloned().collect::<Vec<_>>();
        let before = commander.get("/api/v1/targets").await.is(200);
        assert_eq!(of(&before, "M4"), [json!({"metric": "M4", "severity": "SEV1", "value": 300.0, "valid_from": null, "set_by": null, "set_at": null})]);
        let put = |body: Value| { let commander = &commander; async move { commander.send(Method::PUT, "/api/v1/targets", body.to_string()).await } };
        let set = put(json!({"items": [
            {"metric": "M4", "severity": "SEV1", "value": 240, "valid_from": at(-DAY)},
            {"metric": "M4", "severity": "SEV1", "value": 120, "valid_from": at(DAY)},
            {"metric": "M7", "value": null},
        ]})).await.is(200);
        let detect = of(&set, "M4");
        assert_eq!(detect.iter().map(|target| target["value"].clone()).collect::<Vec<_>>(), [json!(300.0), json!(240.0), json!(120.0)]);
        assert_eq!((&detect[1]["valid_from"], &detect[1]["set_at"]), (&json!(at(-DAY)), &json!(at(0))));
        let now = board(&commander, json!({})).await;
        let target = |measure, severity| now.lines.iter().find(|line| line.measure == measure && line.severity == severity).and_then(|line| line.target);
        assert_eq!((target(Measure::Detect, Some(Severity::Sev1)), target(Measure::Frequency, None)), (Some(240.0), None));
        // All or none, and every fault is named.
        let refused = put(json!({"items": [{"metric": "M4", "value": 60}, {"metric": "M1", "value": 99.9}, {"metric": "M8", "severity": "SEV1", "value": 1}]})).await;
        let (status, words) = (refused.status, refused.text());
        assert!(status == 422 && words.contains("invalid_target") && words.contains("M1") && words.contains("M8"), "{status} {words}");
        assert_eq!(put(json!({"items": []})).await.refused(422), "invalid_target");
        assert_eq!(put(json!({"items": [{"metric": "M13", "value": 1}]})).await.refused(422), "invalid_body");
        assert_eq!(of(&commander.get("/api/v1/targets?metric=M4").await.is(200), "M4").len(), 3);
        // A list is paged, and a cursor of another list is none of this one.
        let whole = commander.get("/api/v1/targets").await.is(200)["items"].as_array().map_or(0, Vec::len);
        let first = commander.get("/api/v1/targets?limit=12").await.is(200);
        let next = first["next_cursor"].as_str().expect("there is more");
        assert_eq!(commander.get(&format!("/api/v1/targets?cursor={next}")).await.is(200)["items"].as_array().map(Vec::len), Some(whole - 12));
        assert_eq!(commander.get("/api/v1/targets?cursor=after:99").await.refused(400), "bad_parameter");
        // Each is noted, with who set it.
        let notes = house.program(Role::Admin).await.get("/api/v1/audit?action=target.set").await.is(200);
        assert_eq!(notes["items"].as_array().map(Vec::len), Some(3));
        assert_eq!(notes["items"][2]["data"], json!({"value": "240", "valid_from": at(-DAY)}));
    }
}

story! {
    async fn whoever_may_not_read_sees_no_board(fresh) {
        let house = House::of(&fresh);
        assert_eq!(house.nobody().saying("x-tocsin", "1").post("/api/fn/executive/board", &json!({"question": {}})).await.status, 401);
        let app = house.app.clone();
        let viewer = house.program(Role::Viewer).await;
        // An empty house has a board that says so.
        let empty = board(&viewer, json!({})).await;
        assert!(empty.headline.words.starts_with("No objective is set yet"), "{:?}", empty.headline);
        let actor = tocsin::domain::people::Actor { who: tocsin::domain::people::ActorRef::system(), role: Role::Viewer };
        let same = executive::board(&app, &actor, &Question::default()).await.expect("the board is there");
        assert_eq!((same.rows.len(), same.gates.len(), same.spent.is_none()), (0, 0, true));
    }
}

story! {
    /// It can be read before the app is there, and the app goes on from what stands in it.
    async fn the_board_stands_in_the_page(fresh) {
        let house = House::of(&fresh);
        let maker = house.program(Role::Commander).await;
        objective(&maker, "spent", "pay", 200).await;
        maker.declared(json!({"title": "Cards fail", "severity": "SEV1"})).await;
        let noor = house.browser("noor", Role::Viewer).await.saying("host", "localhost:3000").saying("accept", "text/html");
        let page = noor.get("/executive?range=7d").await;
        assert_eq!((page.status, page.header("cache-control")), (200, "no-store, private"));
        let page = page.text();
        let screen = page.split("<script type=\"application/json\"").next().unwrap_or_default();
        for words in ["<title>Executive · Tocsin</title>", "The only objective needs attention.", "The spent is over budget.", "The spent", "Overspent", "Cards fail", "May we release?", "7 days"] {
            assert!(screen.contains(words), "{words} is missing in {screen}");
        }
        assert!(!screen.contains(" style="), "the policy allows none");
        let (_, island) = page.split_once("id=\"executive\">").expect("the data is there");
        let (island, _) = island.split_once("</script>").expect("it ends");
        let seen: Executive = serde_json::from_str(island).expect("it is a board");
        assert_eq!((names(&seen), seen.to.secs_since(seen.from)), (vec!["spent"], 7 * DAY));
        assert!(!noor.get("/").await.text().contains("id=\"executive\""), "other pages carry none of it");
    }
}
