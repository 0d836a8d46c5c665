//! From a delivery to an incident and back to quiet.

use crate::{databases::NOON, people_at_work::*, story};
use tocsin::{
    domain::{
        alert::{AlertState, Ignored, Signal, SignalAction},
        incident::{EventKind, IncidentRole, ResolvedBy, SignalState, State},
        severity::{AlertSeverity, Severity},
    },
    server::store::{AlertFilter, IncidentFilter, Store},
};

story! {
    async fn a_firing_alert_opens_an_incident_and_its_resolve_ends_it(fresh) {
        let store = &fresh.store;
        let receipt = store.intake(delivery(NOON, vec![fire("a", "checkout", NOON.plus_secs(-90))])).await.unwrap();
        assert_eq!((receipt.opened, receipt.incidents_opened), (1, 1));
        let alert = store.alert(receipt.alerts[0]).await.unwrap().unwrap();
        let opened = incident(store, alert.incident_id.unwrap()).await;
        assert_eq!(opened.state, State::Triage);
        assert_eq!(opened.severity, None);
        assert_eq!(opened.proposed_severity, Some(Severity::Sev1));
        assert_eq!(opened.services, ["checkout"]);
        assert_eq!(opened.started_at, NOON.plus_secs(-90));
        assert_eq!(opened.detected_at, Some(NOON));
        assert_eq!(opened.impact.len(), 1);
        assert_eq!(opened.impact[0].from, NOON.plus_secs(-90));
        assert_eq!(opened.signal_state(), SignalState::Firing);

        let again = store.intake(delivery(NOON.plus_secs(60), vec![fire("a", "checkout", NOON.plus_secs(-90))])).await.unwrap();
        assert_eq!((again.repeated, again.incidents_opened), (1, 0));
        let over = store.intake(delivery(NOON.plus_secs(120), vec![quiet("a", "checkout", NOON.plus_secs(100))])).await.unwrap();
        assert_eq!((over.resolved, over.incidents_resolved), (1, 1));
        let alert = store.alert(receipt.alerts[0]).await.unwrap().unwrap();
        assert_eq!((alert.state, alert.deliveries, alert.resolved_at), (AlertState::Resolved, 3, Some(NOON.plus_secs(100))));
        let resolved = incident(store, opened.id).await;
        assert_eq!((resolved.state, resolved.resolved_by), (State::Resolved, Some(ResolvedBy::Signal)));
        assert_eq!(resolved.resolved_at, Some(NOON.plus_secs(100)));
        assert_eq!(resolved.impact[0].to, Some(NOON.plus_secs(100)));
        assert!(store.verify(true).await.unwrap().faults.is_empty());
    }
}

story! {
    async fn an_incident_that_people_work_on_stays_open_when_its_signal_is_back(fresh) {
        let store = &fresh.store;
        let receipt = store.intake(delivery(NOON, vec![fire("a", "checkout", NOON)])).await.unwrap();
        let id = store.alert(receipt.alerts[0]).await.unwrap().unwrap().incident_id.unwrap();
        done(told(store, id, note("looking"), &jonas()).await);
        store.intake(delivery(NOON.plus_secs(60), vec![quiet("a", "checkout", NOON.plus_secs(50))])).await.unwrap();
        let kept = incident(store, id).await;
        assert_eq!((kept.state, kept.signal_state()), (State::Triage, SignalState::Quiet));
    }
}

story! {
    async fn a_new_alert_of_the_group_within_the_quiet_time_reopens_and_a_later_one_does_not(fresh) {
        let store = &fresh.store;
        let first = store.intake(delivery(NOON, vec![fire("a", "checkout", NOON)])).await.unwrap();
        store.intake(delivery(NOON.plus_secs(60), vec![quiet("a", "checkout", NOON.plus_secs(60))])).await.unwrap();
        let second = store.intake(delivery(NOON.plus_secs(200), vec![fire("a", "checkout", NOON.plus_secs(200))])).await.unwrap();
        assert_eq!((second.opened, second.incidents_opened), (1, 0));
        assert_ne!(first.alerts, second.alerts);
        let id = store.alert(first.alerts[0]).await.unwrap().unwrap().incident_id.unwrap();
        let reopened = incident(store, id).await;
        assert_eq!((reopened.state, reopened.resolved_at), (State::Triage, None));
        assert_eq!(reopened.impact.len(), 2);
        store.intake(delivery(NOON.plus_secs(260), vec![quiet("a", "checkout", NOON.plus_secs(260))])).await.unwrap();
        let third = store.intake(delivery(NOON.plus_secs(600), vec![fire("a", "checkout", NOON.plus_secs(600))])).await.unwrap();
        assert_eq!(third.incidents_opened, 1);
    }
}

story! {
    async fn severities_under_one_name_stay_apart(fresh) {
        let store = &fresh.store;
        let signals = vec![fire("a", "checkout", NOON), signal(SignalAction::Fire, "b", "checkout", AlertSeverity::Warning, NOON)];
        let receipt = store.intake(delivery(NOON, signals)).await.unwrap();
        assert_eq!(receipt.incidents_opened, 2);
    }
}

story! {
    async fn a_storm_becomes_few_incidents_that_name_every_service(fresh) {
        let store = &fresh.store;
        let mut opened = 0;
        for n in 0..50 {
            let at = NOON.plus_secs(n);
            opened += store.intake(delivery(at, vec![fire(&format!("k{n}"), &format!("service-{n}"), at)])).await.unwrap().incidents_opened;
        }
        assert_eq!(opened, 10);
        let page = store.incidents(&IncidentFilter::for_actor(admin()), None, 100).await.unwrap();
        let storm = page.items.iter().max_by_key(|incident| incident.services.len()).unwrap();
        assert_eq!(storm.services.len(), 41);
        assert_eq!(storm.reference.to_string(), "INC-1");
        let named: std::collections::HashSet<_> = page.items.iter().flat_map(|incident| &incident.services).collect();
        assert_eq!(named.len(), 50);
    }
}

story! {
    async fn a_thousand_alerts_of_one_group_are_one_incident_and_few_entries(fresh) {
        let store = &fresh.store;
        let signals = (0..1000).map(|n| fire(&format!("k{n}"), "checkout", NOON)).collect();
        let receipt = store.intake(delivery(NOON, signals)).await.unwrap();
        assert_eq!((receipt.opened, receipt.incidents_opened), (1000, 1));
        let id = store.alert(receipt.alerts[999]).await.unwrap().unwrap().incident_id.unwrap();
        assert_eq!(incident(store, id).await.total_alerts(), 1000);
        assert!(store.events(id).await.unwrap().len() <= 3);
        let quieted = (0..1000).map(|n| quiet(&format!("k{n}"), "checkout", NOON.plus_secs(5))).collect();
        assert_eq!(store.intake(delivery(NOON.plus_secs(6), quieted)).await.unwrap().incidents_resolved, 1);
        let mut seen = 0;
        let mut cursor = None;
        loop {
            let page = store.alerts(&AlertFilter::for_actor(admin()), cursor.as_deref(), 300).await.unwrap();
            seen += page.items.len();
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, 1000);
    }
}

story! {
    async fn an_alert_that_is_not_refreshed_runs_out(fresh) {
        let store = &fresh.store;
        let mut signal = fire("a", "checkout", NOON);
        signal.expires_at = Some(NOON.plus_secs(300));
        let receipt = store.intake(delivery(NOON, vec![signal])).await.unwrap();
        fresh.at(299);
        assert_eq!(store.expire_alerts().await.unwrap(), 0);
        store.extend_expiries(60).await.unwrap();
        fresh.at(301);
        assert_eq!(store.expire_alerts().await.unwrap(), 0);
        fresh.at(361);
        assert_eq!(store.expire_alerts().await.unwrap(), 1);
        let alert = store.alert(receipt.alerts[0]).await.unwrap().unwrap();
        assert_eq!((alert.resolved_at, alert.deliveries), (Some(NOON.plus_secs(360)), 1));
        let resolved = incident(store, alert.incident_id.unwrap()).await;
        assert_eq!(resolved.state, State::Resolved);
    }
}

story! {
    async fn an_alert_runs_out_when_its_last_repeat_says(fresh) {
        let store = &fresh.store;
        let until = |key: &str, at: i64, expires_at: Option<i64>| Signal {
            expires_at: expires_at.map(|at| NOON.plus_secs(at)),
            event_at: Some(NOON.plus_secs(at)),
            ..fire(key, "checkout", NOON)
        };
        let sent = |at: i64, signals: Vec<Signal>| {
            fresh.at(at);
            store.intake(delivery(NOON.plus_secs(at), signals))
        };
        let ids = sent(0, vec![until("later", 0, Some(100)), until("sooner", 0, Some(1000)), until("never", 0, Some(100)), until("ever", 0, None)]).await.unwrap().alerts;
        sent(10, vec![until("later", 10, Some(300)), until("sooner", 10, Some(200)), until("never", 10, None), until("ever", 10, Some(400))]).await.unwrap();
        sent(20, vec![until("later", 20, Some(300)), until("later", 21, Some(300))]).await.unwrap();
        let seen = |at: i64| {
            fresh.at(at);
            let ids = ids.clone();
            async move {
                let expired = store.expire_alerts().await.unwrap();
                let mut ends = vec![];
                for id in ids {
                    ends.push(store.alert(id).await.unwrap().unwrap().resolved_at.map(|at| at.secs_since(NOON)));
                }
                assert!(store.verify(true).await.unwrap().faults.is_empty());
                (expired, ends)
            }
        };
        assert_eq!(seen(150).await, (0, vec![None, None, None, None]));
        assert_eq!(seen(250).await, (1, vec![None, Some(200), None, None]));
        store.extend_expiries(10).await.unwrap();
        assert_eq!(seen(305).await, (0, vec![None, Some(200), None, None]));
        assert_eq!(seen(10_000).await, (2, vec![Some(310), Some(200), None, Some(410)]));
        let mut deliveries = vec![];
        for id in &ids {
            deliveries.push(store.alert(*id).await.unwrap().unwrap().deliveries);
        }
        assert_eq!(deliveries, [4, 2, 2, 2]);
        // It merely ran out: whoever sends it again says that it still holds.
        let again = sent(10_001, vec![until("later", 10_001, Some(20_000))]).await.unwrap();
        assert_eq!((again.opened, again.repeated), (1, 0));
    }
}

story! {
    async fn repeats_and_other_news_of_an_alert_may_come_together(fresh) {
        let store = &fresh.store;
        let at = |secs: i64| Some(NOON.plus_secs(secs));
        let first = store.intake(delivery(NOON, vec![Signal { expires_at: at(300), ..fire("a", "checkout", NOON) }, fire("a", "checkout", NOON)])).await.unwrap();
        assert_eq!((first.opened, first.repeated, first.alerts[0] == first.alerts[1]), (1, 1, true));
        let repeat = |secs: i64| Signal { event_at: at(secs), expires_at: at(secs + 300), ..fire("a", "checkout", NOON) };
        let seen = Signal { action: SignalAction::Acknowledge, ..repeat(20) };
        store.intake(delivery(NOON.plus_secs(20), vec![repeat(10), seen, repeat(15)])).await.unwrap();
        let alert = store.alert(first.alerts[0]).await.unwrap().unwrap();
        assert_eq!((alert.deliveries, alert.state), (5, AlertState::Acknowledged));
        // The newest event time counts, whichever of the signals said it, also for who reads it anew.
        let other = Store::open(&fresh.url, fresh.clock.clone()).await.unwrap();
        assert_eq!(other.intake(delivery(NOON.plus_secs(30), vec![quiet("a", "checkout", NOON.plus_secs(19))])).await.unwrap().ignored, 1);
        assert_eq!(other.intake(delivery(NOON.plus_secs(30), vec![quiet("a", "checkout", NOON.plus_secs(21))])).await.unwrap().resolved, 1);
        let alert = store.alert(first.alerts[0]).await.unwrap().unwrap();
        assert_eq!((alert.deliveries, alert.resolved_at), (6, at(21)));
        assert!(store.verify(true).await.unwrap().faults.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_another_process_keeps_the_file_everybody_is_told_so_at_once() {
    use sqlx::Executor;
    let fresh = crate::databases::fresh(tocsin::server::store::Backend::Sqlite).await;
    let store = &fresh.store;
    store.intake(delivery(NOON, vec![fire("a", "checkout", NOON)])).await.unwrap();
    let mut other = <sqlx::SqliteConnection as sqlx::Connection>::connect(&fresh.url).await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let began = std::time::Instant::now();
    let refused = futures::future::join_all((0..20).map(|n| store.intake(delivery(NOON, vec![fire(&format!("k{n}"), "checkout", NOON)])))).await;
    assert!(refused.iter().all(|answer| matches!(answer, Err(tocsin::server::store::StoreError::Busy))), "{refused:?}");
    assert!(began.elapsed() < std::time::Duration::from_secs(4), "{:?}", began.elapsed());
    other.execute("ROLLBACK").await.unwrap();
    // What was refused is not done later; what comes now is.
    store.intake(delivery(NOON, vec![fire("b", "checkout", NOON)])).await.unwrap();
    let alerts = store.alerts(&AlertFilter::for_actor(admin()), None, 100).await.unwrap().items;
    assert_eq!(alerts.iter().map(|alert| alert.dedupe_key.as_str()).collect::<Vec<_>>(), ["b", "a"]);
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_said_so_at_once() {
    use std::time::{Duration, Instant};
    let (began, clock) = (Instant::now(), tocsin::server::clock::Clock::fixed(NOON));
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let open = |port: u16| Store::open(Box::leak(format!("postgres://tocsin:secret@127.0.0.1:{port}/tocsin").into_boxed_str()), clock.clone());
    let error = open(port).await.err().expect("it never answers").to_string();
    assert_eq!(error, format!("the database postgres://…@127.0.0.1:{port}/tocsin does not answer within 3 seconds"));
    drop(silent);
    let error = open(port).await.err().expect("nobody listens");
    assert!(std::error::Error::source(&error).is_some_and(|cause| cause.to_string().contains("refused")), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_servers_tell_each_other_of_their_changes() {
    let fresh = crate::databases::fresh(tocsin::server::store::Backend::Postgres).await;
    let other = Store::open(&fresh.url, fresh.clock.clone()).await.unwrap();
    let mut listener = fresh.store.subscribe();
    let store = fresh.store.clone();
    let following = tokio::spawn(async move { store.follow_other_servers().await });
    // Sent until it is heard: when the other one has begun to listen is not said.
    let heard = async {
        for n in 0.. {
            other.intake(delivery(NOON, vec![fire(&format!("k{n}"), "checkout", NOON)])).await.unwrap();
            if tokio::time::timeout(std::time::Duration::from_millis(200), listener.recv()).await.is_ok() {
                break;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), heard).await.expect("nobody looked, and yet it is heard");
    following.abort();
}

story! {
    async fn many_deliveries_at_once_are_each_counted_once(fresh) {
        let sends = (0..200).map(|n| {
            let store = fresh.store.clone();
            async move { store.intake(delivery(NOON, vec![fire(&format!("k{}", n % 20), "checkout", NOON)])).await.unwrap() }
        });
        let receipts = futures_all(sends).await;
        assert_eq!(receipts.iter().map(|receipt| receipt.opened).sum::<u32>(), 20);
        assert_eq!(receipts.iter().map(|receipt| receipt.repeated).sum::<u32>(), 180);
        let page = fresh.store.alerts(&AlertFilter::for_actor(admin()), None, 100).await.unwrap();
        assert_eq!(page.items.iter().map(|alert| alert.deliveries).sum::<i64>(), 200);
        assert!(page.items.iter().all(|alert| alert.deliveries == 10));
    }
}

async fn futures_all<T: Send + 'static>(work: impl Iterator<Item = impl Future<Output = T> + Send + 'static>) -> Vec<T> {
    let tasks: Vec<_> = work.map(tokio::spawn).collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

story! {
    async fn alerts_of_a_closed_incident_open_a_new_one(fresh) {
        let store = &fresh.store;
        let receipt = store.intake(delivery(NOON, vec![fire("a", "checkout", NOON)])).await.unwrap();
        let id = store.alert(receipt.alerts[0]).await.unwrap().unwrap().incident_id.unwrap();
        done(told(store, id, tocsin::domain::incident::Command::Cancel { reason: Some("a test".into()) }, &mara()).await);
        let next = store.intake(delivery(NOON.plus_secs(10), vec![fire("b", "checkout", NOON.plus_secs(10))])).await.unwrap();
        assert_eq!(next.incidents_opened, 1);
        assert!(incident(store, id).await.holder(IncidentRole::Commander).is_none());
    }
}

story! {
    /// FAULTS F36: the resolve overtakes its firing, which had to be sent again.
    async fn a_firing_that_its_end_has_overtaken_opens_nothing_and_the_next_one_does(fresh) {
        let store = &fresh.store;
        let early = store.intake(delivery(NOON, vec![quiet("a", "checkout", NOON.plus_secs(-10))])).await.unwrap();
        assert_eq!(early.ignored_because.into_iter().collect::<Vec<_>>(), [(Ignored::Unknown, 1)]);
        // What other jobs write meanwhile does not take it away.
        declared(store, "something else", &mara()).await;
        let late = store.intake(delivery(NOON.plus_secs(10), vec![fire("a", "checkout", NOON.plus_secs(-90))])).await.unwrap();
        assert_eq!((late.opened, late.incidents_opened), (0, 0));
        assert_eq!(late.ignored_because.into_iter().collect::<Vec<_>>(), [(Ignored::Overtaken, 1)]);
        assert!(store.alerts(&AlertFilter::for_actor(admin()), None, 10).await.unwrap().items.is_empty());
        let anew = store.intake(delivery(NOON.plus_secs(20), vec![fire("a", "checkout", NOON.plus_secs(15))])).await.unwrap();
        assert_eq!((anew.opened, anew.ignored), (1, 0));
        // Another key, another integration, and after an hour this one, were told nothing of it.
        let other = store.intake(delivery(NOON.plus_secs(20), vec![fire("b", "checkout", NOON.plus_secs(-90))])).await.unwrap();
        assert_eq!(other.opened, 1);
        store.intake(delivery(NOON.plus_secs(30), vec![quiet("c", "checkout", NOON.plus_secs(25))])).await.unwrap();
        let forgotten = store.intake(delivery(NOON.plus_secs(30 + 3_601), vec![fire("c", "checkout", NOON.plus_secs(20))])).await.unwrap();
        assert_eq!(forgotten.opened, 1);
        assert!(store.verify(true).await.unwrap().faults.is_empty());
    }
}

story! {
    async fn an_end_that_was_told_holds_after_a_restart_and_is_known_to_other_servers(fresh) {
        fresh.store.intake(delivery(NOON, vec![quiet("a", "checkout", NOON.plus_secs(-10)), quiet("b", "search", NOON.plus_secs(-10))])).await.unwrap();
        let next = Store::open(&fresh.url, fresh.clock.clone()).await.unwrap();
        let late = |secs| delivery(NOON.plus_secs(secs), vec![fire("a", "checkout", NOON.plus_secs(-90))]);
        let receipt = next.intake(late(10)).await.unwrap();
        assert_eq!((receipt.opened, receipt.ignored_because.into_iter().collect::<Vec<_>>()), (0, vec![(Ignored::Overtaken, 1)]));
        // The server that was there first hears of what the other was told.
        next.intake(delivery(NOON.plus_secs(11), vec![quiet("c", "search", NOON.plus_secs(5))])).await.unwrap();
        let receipt = fresh.store.intake(delivery(NOON.plus_secs(12), vec![fire("c", "search", NOON)])).await.unwrap();
        assert_eq!((receipt.opened, receipt.ignored), (0, 1));
        // After an hour nothing is left of it.
        fresh.at(3_600 + 5);
        assert_eq!(fresh.store.prune_told_ends(fresh.clock.now()).await.unwrap(), 2);
        let last = Store::open(&fresh.url, fresh.clock.clone()).await.unwrap();
        assert_eq!(last.intake(late(3_606)).await.unwrap().opened, 1);
        assert!(last.verify(true).await.unwrap().faults.is_empty());
    }
}

story! {
    async fn an_acknowledgement_at_the_source_is_told_with_the_alerts_title(fresh) {
        let store = &fresh.store;
        let receipt = store.intake(delivery(NOON, vec![fire("routing-key", "checkout", NOON)])).await.unwrap();
        let id = store.alert(receipt.alerts[0]).await.unwrap().unwrap().incident_id.unwrap();
        // It has no payload, so the adapter takes its key for the title.
        let acknowledge = Signal { title: "routing-key".to_owned(), ..signal(SignalAction::Acknowledge, "routing-key", "checkout", AlertSeverity::Critical, NOON.plus_secs(5)) };
        store.intake(delivery(NOON.plus_secs(5), vec![acknowledge.clone()])).await.unwrap();
        // The same where the alert is of the same delivery.
        let both = vec![fire("k2", "search", NOON.plus_secs(4)), Signal { dedupe_key: "k2".to_owned(), ..acknowledge }];
        let receipt = store.intake(delivery(NOON.plus_secs(6), both)).await.unwrap();
        let second = store.alert(receipt.alerts[0]).await.unwrap().unwrap().incident_id.unwrap();
        for (id, title) in [(id, "checkout is down"), (second, "search is down")] {
            let events = store.events(id).await.unwrap();
            let told: Vec<_> = events.iter().filter_map(|event| if let EventKind::AlertAcknowledged { title, .. } = &event.kind { Some(title.as_str()) } else { None }).collect();
            assert_eq!(told, [title]);
            assert!(incident(store, id).await.is_acknowledged_by_program_only());
        }
        assert!(store.verify(true).await.unwrap().faults.is_empty());
    }
}
