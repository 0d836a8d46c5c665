//! The past, brought over: imported incidents, imported alerts, and the figures made from them.

use crate::{databases::NOON, people_at_work::*, story};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::Request,
};
use serde_json::{Value, json};
use tocsin::{
    domain::{
        import::{self, Draft},
        incident::{Command, State},
        metrics::{Facts, Filter, GroupBy, Range, availability::Availability, figures},
        people::Role,
        timeline,
    },
    server::{
        config::Config,
        router,
        state::App,
        store::{Imported, IncidentFilter, Store},
        usecases::tokens,
    },
};
use tower::ServiceExt;

fn draft(line: &Value) -> Draft {
    import::parse(line, NOON).expect("the line is whole")
}

/// Resolved an hour after it started, `hours` after noon.
fn a_line(id: u32, hours: i64) -> Value {
    let at = |hours: i64| NOON.plus_secs(hours * 3600).to_string();
    json!({
        "origin": "statusfeed", "id": id.to_string(), "title": format!("Outage {id}"), "severity": "SEV2", "services": ["checkout"],
        "started_at": at(hours), "detected_at": NOON.plus_secs(hours * 3600 + 60).to_string(), "resolved_at": at(hours + 1),
        "timeline": [{"at": at(hours + 1), "text": "it is over"}, {"at": at(hours), "status": "investigating", "text": "we look"}],
    })
}

fn counts(created: u64, updated: u64, unchanged: u64) -> Imported {
    Imported { created, updated, unchanged, ..Imported::default() }
}

async fn import(store: &Store, lines: &[Value]) -> Imported {
    store.import_incidents(lines.iter().map(draft).collect(), &admin()).await.expect("the store works")
}

async fn facts(store: &Store, from: i64, to: i64) -> Vec<Facts> {
    store.facts(&Range { from: NOON.plus_secs(from * 3600), to: NOON.plus_secs(to * 3600) }, &admin()).await.expect("the store works")
}

story! {
    async fn importing_twice_changes_nothing_and_a_longer_version_adds_what_is_new(fresh) {
        let store = &fresh.store;
        let mut lines: Vec<Value> = (0..150).map(|n| a_line(n, i64::from(n) * 2 - 400)).collect();
        lines[7]["resolved_at"] = Value::Null;
        assert_eq!(import(store, &lines).await, counts(150, 0, 0));
        let seq = store.latest_seq().await.unwrap();
        assert_eq!(import(store, &lines).await, counts(0, 0, 150));
        assert_eq!(store.latest_seq().await.unwrap(), seq);
        lines[7] = a_line(7, -386);
        let started_at = lines[8]["started_at"].clone();
        lines[8]["timeline"].as_array_mut().unwrap().push(json!({"at": started_at, "text": "a second look"}));
        assert_eq!(import(store, &lines).await, counts(0, 2, 148));
        let all = store.incidents(&IncidentFilter { origin: Some("statusfeed".to_owned()), ..IncidentFilter::for_actor(admin()) }, None, 500).await.unwrap();
        assert_eq!(all.items.len(), 150);
        assert!(all.items.iter().all(|incident| incident.state == State::Resolved));
        let eighth = all.items.iter().find(|incident| incident.title == "Outage 8").unwrap();
        let entries = timeline::of(eighth, &store.events(eighth.id).await.unwrap());
        let notes: Vec<_> = entries.iter().filter(|entry| entry.kind == "note").map(|entry| entry.text.as_str()).collect();
        assert_eq!(notes, ["we look", "a second look", "it is over"]);
        assert_eq!(store.services(&mara()).await.unwrap(), ["checkout"]);
        assert!(store.verify(true).await.unwrap().faults.is_empty());
    }
}

story! {
    async fn the_board_shows_what_is_open_and_not_what_was_over_long_ago(fresh) {
        let mut lines = vec![a_line(1, -100), a_line(2, -10), a_line(3, -400)];
        lines[2]["resolved_at"] = Value::Null;
        import(&fresh.store, &lines).await;
        let (_, board) = fresh.store.board(&admin()).await.unwrap();
        let mut titles: Vec<_> = board.iter().map(|incident| incident.title.as_str()).collect();
        titles.sort_unstable();
        assert_eq!(titles, ["Outage 2", "Outage 3"]);
    }
}

story! {
    async fn the_same_incident_twice_in_one_import_is_one_incident(fresh) {
        let mut longer = a_line(1, -10);
        longer["mitigated_at"] = json!(NOON.plus_secs(-9 * 3600 - 1800).to_string());
        let imported = import(&fresh.store, &[a_line(1, -10), longer, a_line(2, -5)]).await;
        assert_eq!(imported, counts(2, 1, 0));
        assert!(fresh.store.verify(true).await.unwrap().faults.is_empty());
    }
}

story! {
    async fn figures_are_those_worked_out_by_hand(fresh) {
        let store = &fresh.store;
        let mut lines: Vec<Value> = vec![a_line(1, -100), a_line(2, -90), a_line(3, -80), a_line(4, -70), a_line(5, -60)];
        lines[1]["services"] = json!(["checkout", "gateway"]);
        lines[1]["started_at"] = json!(NOON.plus_secs(-90 * 3600 - 1800).to_string());
        lines[2]["detected_at"] = json!(NOON.plus_secs(-81 * 3600).to_string());
        lines[3]["kind"] = json!("drill");
        lines[4]["resolved_at"] = Value::Null;
        import(store, &lines).await;
        let range = Range { from: NOON.plus_secs(-100 * 3600), to: NOON.plus_secs(-60 * 3600) };
        let known = facts(store, -100 - 720, -60).await;
        let all = figures(&known, &range, &Filter::default(), GroupBy::None, NOON).remove(0);
        assert_eq!(all.incidents, 3, "the drill is out, and the fifth starts at the end");
        let mttd = &all.metrics["mttd"];
        assert_eq!((mttd.n, mttd.mean, mttd.excluded[0].reason.as_str()), (2, Some(960.0), "detected before start"));
        let mttr = all.metrics["mttr"].clone();
        assert_eq!((mttr.n, mttr.mean, mttr.spread.unwrap().median), (3, Some(4200.0), Some(3600.0)));
        assert_eq!(all.metrics["mtbf"].mean, Some((40.0 * 3600.0 - 3.5 * 3600.0) / 3.0));
        let by_service = figures(&known, &range, &Filter::default(), GroupBy::Service, NOON);
        assert_eq!(by_service.iter().map(|group| (group.key.as_deref(), group.incidents)).collect::<Vec<_>>(), [(Some("checkout"), 3), (Some("gateway"), 1)]);
        // Up to now the fifth, which is still open, takes all of the last sixty hours.
        let range = Range { from: NOON.plus_secs(-100 * 3600), to: NOON.plus_secs(20 * 3600) };
        let known = facts(store, -100, 20).await;
        let counted: Vec<&Facts> = known.iter().filter(|facts| Filter::default().matches(facts)).collect();
        let seen = Availability::of(&counted, &range, None, NOON);
        assert_eq!((seen.incidents, seen.downtime_s), (4, 63.5 * 3600.0));
        assert_eq!(Availability::of(&counted, &range, Some("gateway"), NOON).downtime_s, 1.5 * 3600.0);
    }
}

story! {
    async fn what_is_cancelled_merged_or_corrected_is_so_in_the_figures(fresh) {
        let store = &fresh.store;
        import(store, &[a_line(1, -10), a_line(2, -8), a_line(3, -6), a_line(4, -4)]).await;
        assert_eq!(facts(store, -12, 0).await.len(), 4);
        let all = store.incidents(&IncidentFilter::for_actor(admin()), None, 10).await.unwrap().items;
        let id_of = |title: &str| all.iter().find(|incident| incident.title == title).unwrap().id;
        done(told(store, id_of("Outage 1"), Command::Merge { into: id_of("Outage 2"), reason: None }, &mara()).await);
        done(told(store, id_of("Outage 3"), Command::Reopen { reason: Some("no".into()), recovered: None }, &mara()).await);
        done(told(store, id_of("Outage 3"), Command::Cancel { reason: Some("a false alarm".into()) }, &mara()).await);
        let left = facts(store, -12, 0).await;
        assert_eq!(left.len(), 2);
        let merged = left.iter().find(|facts| facts.started_at == NOON.plus_secs(-10 * 3600)).expect("the second took over the first's impact");
        assert_eq!(merged.impact.len(), 2);
        // A private incident counts only for those who may see it.
        done(told(store, id_of("Outage 4"), Command::SetPrivate { private: true }, &mara()).await);
        let range = Range { from: NOON.plus_secs(-12 * 3600), to: NOON };
        assert_eq!(store.facts(&range, &actor("Noor", Role::Viewer)).await.unwrap().len(), 1);
        assert_eq!(store.facts(&range, &admin()).await.unwrap().len(), 2);
    }
}

story! {
    async fn figures_that_were_tampered_with_are_found(fresh) {
        import(&fresh.store, &[a_line(1, -10), a_line(2, -8)]).await;
        sqlx::any::install_default_drivers();
        let pool = sqlx::AnyPool::connect(&fresh.url).await.unwrap();
        sqlx::query("UPDATE incident_facts SET facts = (SELECT MAX(facts) FROM incident_facts)").execute(&pool).await.unwrap();
        assert!(fresh.store.verify(false).await.unwrap().faults.is_empty());
        let faults = fresh.store.verify(true).await.unwrap().faults;
        assert_eq!((faults.len(), faults[0].incident.to_string()), (1, "INC-1".to_owned()));
    }
}

story! {
    async fn every_length_of_incident_is_found_by_every_range_it_touches(fresh) {
        let store = &fresh.store;
        let hours = [0, 1, 3, 4, 5, 16, 100, 300, 2_000, 5_000, 20_000, 70_000, 100_000];
        let mut lines: Vec<Value> = hours.iter().zip(0..).map(|(lasts, id)| {
            let mut line = a_line(id, -*lasts);
            line["resolved_at"] = json!(NOON.to_string());
            line
        }).collect();
        lines[0]["resolved_at"] = json!(NOON.plus_secs(1).to_string());
        import(store, &lines).await;
        // The last second before noon touches all but the one that starts at noon; the second after it only that.
        let touching = |known: Vec<Facts>, range: Range| known.iter().filter(|facts| Availability::of(&[*facts], &range, None, NOON.plus_secs(9)).incidents == 1).count();
        let before = Range { from: NOON.plus_secs(-1), to: NOON };
        let after = Range { from: NOON, to: NOON.plus_secs(1) };
        assert_eq!(touching(store.facts(&before, &admin()).await.unwrap(), before), hours.len() - 1);
        assert_eq!(touching(store.facts(&after, &admin()).await.unwrap(), after), 1);
        let old = Range { from: NOON.plus_secs(-100_000 * 3600), to: NOON.plus_secs(-99_999 * 3600) };
        assert_eq!(store.facts(&old, &admin()).await.unwrap().len(), 1, "what lies outside the range is not even read");
    }
}

story! {
    async fn an_import_beside_live_alerts_is_heard_on_the_stream(fresh) {
        let store = &fresh.store;
        let mut listener = store.subscribe();
        store.intake(delivery(NOON, vec![fire("a", "checkout", NOON)])).await.unwrap();
        import(store, &[a_line(1, -10)]).await;
        let mut heard = vec![];
        while let Ok(batch) = listener.try_recv() {
            heard.extend(batch.iter().map(|change| change.seq));
        }
        assert_eq!(heard, (1..=store.latest_seq().await.unwrap()).collect::<Vec<_>>());
    }
}

story! {
    async fn replaying_lets_alerts_run_out_as_they_did_then(fresh) {
        use tocsin::domain::alert::Signal;
        let store = &fresh.store;
        let start = NOON.plus_secs(-86_400);
        let refreshed = |at: i64| Signal { expires_at: Some(start.plus_secs(at + 240)), event_at: Some(start.plus_secs(at)), ..fire("a", "checkout", start.plus_secs(at)) };
        let at = |secs: i64| delivery(start.plus_secs(secs), vec![refreshed(secs)]);
        // Refreshed once, then silent for longer than it holds, then firing anew.
        let replay = store.begin_replay(&admin());
        let receipt = store.replay(&replay, vec![at(0), at(120), at(1000), at(1100)]).await.unwrap();
        assert_eq!((receipt.opened, receipt.repeated, receipt.resolved), (2, 2, 1));
        // The job that lets live alerts run out leaves them alone until the replay has ended.
        assert_eq!(store.expire_alerts().await.unwrap(), 0);
        assert_eq!(store.replay(&replay, vec![at(1200)]).await.unwrap().repeated, 1);
        drop(replay);
        assert_eq!(store.expire_alerts().await.unwrap(), 1);
        assert_eq!(receipt.incidents_opened, 2);
        assert_eq!(receipt.incidents_resolved, 1);
        assert!(store.verify(true).await.unwrap().faults.is_empty());
    }
}

fn a_server(fresh: &crate::databases::Fresh) -> Router {
    router::build(App::new(fresh.store.clone(), Config::default()))
}

async fn ask(router: &Router, method: &str, path: &str, token: &str, body: Body) -> (u16, Value) {
    let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {token}")).body(body).expect("a request");
    let answer = router.clone().oneshot(request).await.expect("an answer");
    let status = answer.status().as_u16();
    let bytes = to_bytes(answer.into_body(), 10_000_000).await.expect("the answer ends");
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

story! {
    async fn programs_import_arrays_and_lines_and_read_the_figures(fresh) {
        let router = a_server(&fresh);
        let token = tokens::create_from_cli(&fresh.store, "etl", Role::Responder).await.unwrap();
        let viewer = tokens::create_from_cli(&fresh.store, "wall", Role::Viewer).await.unwrap();
        let lines = [a_line(1, -30), a_line(2, -20), a_line(3, -10)];
        let path = "/api/v1/import/incidents";
        assert_eq!(ask(&router, "POST", path, "nobody's", Body::from("[")).await.0, 401);
        assert_eq!(ask(&router, "POST", path, &viewer, Body::from("[]")).await.0, 403);
        let (status, report) = ask(&router, "POST", path, &token, Body::from(json!(lines).to_string())).await;
        assert_eq!((status, report), (200, json!({"created": 3, "updated": 0, "unchanged": 0, "rejected": []})));
        let mut text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        text.push_str("\n{\"origin\": \"statusfeed\", \"id\": 9}\nnot json\n");
        let chunks: Vec<Result<Vec<u8>, std::io::Error>> = text.as_bytes().chunks(7).map(|chunk| Ok(chunk.to_vec())).collect();
        let (status, report) = ask(&router, "POST", path, &token, Body::from_stream(futures::stream::iter(chunks))).await;
        assert_eq!((status, &report["unchanged"], &report["created"]), (200, &json!(3), &json!(0)));
        let rejected: Vec<_> = report["rejected"].as_array().unwrap().iter().map(|line| (line["line"].as_u64().unwrap(), line["code"].as_str().unwrap())).collect();
        assert_eq!(rejected, [(5, "no_title"), (6, "not_json")]);
        assert!(report["rejected"][0]["detail"].as_str().unwrap().contains("started_at is missing"));

        let (from, to) = (NOON.plus_secs(-30 * 3600), NOON.plus_secs(-10 * 3600));
        let (status, figures) = ask(&router, "GET", &format!("/api/v1/metrics/incidents?from={from}&to={to}&group_by=severity&origin=statusfeed"), &viewer, Body::empty()).await;
        let group = &figures["groups"][0];
        assert_eq!((status, &group["key"], &group["incidents"], &figures["from"]), (200, &json!("SEV2"), &json!(2), &json!(from.to_string())));
        let mttr = &group["metrics"]["mttr"];
        assert_eq!((&mttr["n"], &mttr["median"], &mttr["p95"], &mttr["unit"]), (&json!(2), &json!(3600.0), &json!(3600.0), &json!("s")));
        assert_eq!(group["metrics"]["mtta"]["excluded"], json!([{"reason": "not acknowledged", "n": 2}]));
        assert_eq!(group["metrics"]["mtbf"]["mean"], json!(9.0 * 3600.0));
        assert!(group["metrics"]["mtbf"].get("median").is_none());
        let (_, none) = ask(&router, "GET", &format!("/api/v1/metrics/incidents?from={from}&to={to}&label.team=payments"), &viewer, Body::empty()).await;
        assert_eq!((&none["groups"][0]["incidents"], &none["groups"][0]["metrics"]["mttd"]["median"]), (&json!(0), &Value::Null));
        let (status, seen) = ask(&router, "GET", &format!("/api/v1/availability?from={from}&to={to}&service=checkout"), &viewer, Body::empty()).await;
        assert_eq!((status, seen), (200, json!({"incidents": 2, "downtime_s": 7200.0, "total_s": 72000.0, "availability": 0.9})));
        for bad in ["from=yesterday", "group_by=mood", "severity=SEV9", "kind=party", "from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z"] {
            assert_eq!(ask(&router, "GET", &format!("/api/v1/metrics/incidents?{bad}"), &viewer, Body::empty()).await.0, 400, "{bad}");
        }
    }
}

story! {
    async fn an_outage_log_is_imported_with_the_clock_at_each_receipt(fresh) {
        const LOG: &str = include_str!("../fixtures/outage-log.jsonl");
        // Eleven days of it, all of which are over.
        fresh.at(11 * 86_400);
        let router = a_server(&fresh);
        let token = tokens::create_from_cli(&fresh.store, "etl", Role::Responder).await.unwrap();
        let (status, report) = ask(&router, "POST", "/api/v1/import/alerts", &token, Body::from(LOG)).await;
        assert_eq!((status, &report["lines"], &report["alerts_opened"], &report["alerts_resolved"]), (200, &json!(314), &json!(47), &json!(47)));
        assert_eq!((&report["rejected"], &report["incidents_opened"]), (&json!([]), &report["incidents_resolved"]));
        let all = fresh.store.incidents(&IncidentFilter::for_actor(admin()), None, 500).await.unwrap().items;
        assert_eq!(json!(all.len()), report["incidents_opened"]);
        assert!(all.iter().all(|incident| incident.updated_at > NOON.plus_secs(-86_400) && incident.state == State::Resolved));
        let (_, again) = ask(&router, "POST", "/api/v1/import/alerts", &token, Body::from(LOG)).await;
        assert_eq!((&again["alerts_opened"], &again["alerts_resolved"]), (&json!(0), &json!(0)));
        assert!(fresh.store.verify(true).await.unwrap().faults.is_empty());
        let (_, seen) = ask(&router, "GET", "/api/v1/metrics/incidents?from=2026-08-11T00:00:00Z&to=2026-08-22T00:00:00Z", &token, Body::empty()).await;
        assert_eq!((&seen["groups"][0]["incidents"], &seen["groups"][0]["metrics"]["mttr"]["n"]), (&report["incidents_opened"], &report["incidents_opened"]));
    }
}

story! {
    /// Nobody will ever resolve what was imported without an integration of its own.
    async fn what_an_import_leaves_open_is_stale_unless_an_integration_may_still_send_it(fresh) {
        let router = a_server(&fresh);
        let token = tokens::create_from_cli(&fresh.store, "etl", Role::Admin).await.unwrap();
        let line = |title: &str, status: &str, secs: i64| {
            json!({"received_at": NOON.plus_secs(secs).to_string(), "source": "generic", "body": {"title": title, "key": title, "severity": "error", "status": status}}).to_string()
        };
        let import = async |lines: String| ask(&router, "POST", "/api/v1/import/alerts", &token, Body::from(lines)).await.1;
        let stale = async || {
            let (_, alerts) = ask(&router, "GET", "/api/v1/alerts?limit=100", &token, Body::empty()).await;
            let mut stale: Vec<_> = alerts["items"].as_array().unwrap().iter().map(|alert| (alert["title"].as_str().unwrap().to_owned(), alert["stale"] == true)).collect();
            stale.sort();
            stale
        };
        import([line("a", "firing", -600), line("b", "firing", -600), line("b", "resolved", -500)].join("\n")).await;
        assert_eq!(stale().await, [("a".to_owned(), true), ("b".to_owned(), false)]);
        // What a later file resolves is over.
        let report = import(line("a", "resolved", -400)).await;
        assert_eq!((&report["alerts_resolved"], stale().await), (&json!(1), vec![("a".to_owned(), false), ("b".to_owned(), false)]));
        let draft = json!({"source": "generic", "name": "cron"}).to_string();
        ask(&router, "POST", "/api/v1/integrations", &token, Body::from(draft)).await;
        import(line("c", "firing", -300)).await;
        assert_eq!(stale().await.last(), Some(&("c".to_owned(), false)));
        assert!(fresh.store.verify(true).await.unwrap().faults.is_empty());
    }
}

story! {
    async fn alerts_are_imported_under_the_settings_that_are_named(fresh) {
        let router = a_server(&fresh);
        let token = tokens::create_from_cli(&fresh.store, "etl", Role::Admin).await.unwrap();
        let line = |source: &str, title: &str| {
            json!({"received_at": NOON.plus_secs(-600).to_string(), "source": source, "body": {"title": title, "severity": "error", "labels": {"service": "checkout"}}}).to_string()
        };
        let draft = |name: &str, by: &str| json!({"source": "generic", "name": name, "grouping": {"by": [by], "quiet_s": 60, "storm_at": 3}}).to_string();
        let (_, one) = ask(&router, "POST", "/api/v1/integrations", &token, Body::from(draft("cron", "team"))).await;
        // The only integration of the source.
        let (_, report) = ask(&router, "POST", "/api/v1/import/alerts", &token, Body::from(line("generic", "a"))).await;
        assert_eq!((&report["alerts_opened"], &report["incidents_opened"]), (&json!(1), &json!(1)));
        let (_, alerts) = ask(&router, "GET", "/api/v1/alerts", &token, Body::empty()).await;
        assert_eq!(alerts["items"][0]["integration_id"], one["id"]);
        let (_, two) = ask(&router, "POST", "/api/v1/integrations", &token, Body::from(draft("other", "service"))).await;
        let path = format!("/api/v1/import/alerts?integration={}", two["id"].as_str().unwrap());
        let (_, report) = ask(&router, "POST", &path, &token, Body::from(format!("{}\n{}\n{}", line("generic", "a"), line("alertmanager", "b"), line("carrier pigeon", "c")))).await;
        let codes: Vec<_> = report["rejected"].as_array().unwrap().iter().map(|line| (line["line"].as_u64().unwrap(), line["code"].as_str().unwrap())).collect();
        assert_eq!((&report["lines"], &report["alerts_opened"], codes.len(), codes[1]), (&json!(3), &json!(1), 2, (3, "unknown_source")));
        let (status, _) = ask(&router, "POST", "/api/v1/import/alerts?integration=x", &token, Body::from("{}")).await;
        assert_eq!(status, 404);
    }
}

/// Imports and reads 100,000 incidents: `cargo test --release --test stories history::measured -- --ignored --nocapture`.
mod measured {
    use super::*;
    use std::time::Instant;

    async fn measure(fresh: crate::databases::Fresh) {
        let store = &fresh.store;
        let begin = Instant::now();
        for chunk in 0..500_u32 {
            let lines: Vec<Value> = (0..200)
                .map(|n| {
                    let id = chunk * 200 + n;
                    let mut line = a_line(id, -i64::from(id) / 5);
                    line["services"] = json!([format!("service-{}", id % 50)]);
                    line
                })
                .collect();
            import(store, &lines).await;
        }
        println!("imported 100,000 in {:?}", begin.elapsed());
        for (what, from, to) in [("a week", -1000_i64, -832_i64), ("a month", -1000, -280), ("a quarter", -3000, -840), ("everything", -30_000, 1)] {
            let mut times: Vec<_> = Vec::new();
            let mut n = 0;
            for _ in 0..20 {
                let begin = Instant::now();
                let known = facts(store, from, to).await;
                let read = begin.elapsed();
                let range = Range { from: NOON.plus_secs(from * 3600), to: NOON.plus_secs(to * 3600) };
                n = figures(&known, &range, &Filter::default(), GroupBy::Service, NOON).iter().map(|group| group.incidents).sum::<u64>();
                times.push((begin.elapsed(), read));
            }
            times.sort();
            println!("{what}: {n} incidents, median {:?} (of it reading {:?}), worst {:?}", times[10].0, times[10].1, times[19].0);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "a measurement"]
    async fn on_sqlite() {
        measure(crate::databases::fresh(tocsin::server::store::Backend::Sqlite).await).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "a measurement"]
    async fn on_postgres() {
        measure(crate::databases::fresh(tocsin::server::store::Backend::Postgres).await).await;
    }
}
