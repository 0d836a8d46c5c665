//! People at work on incidents, through the store.

use crate::{callers::House, databases::NOON, people_at_work::*, story};
use tocsin::{
    domain::{
        incident::{Command, State},
        people::{PersonRef, Role},
    },
    server::store::{AlertFilter, IncidentFilter, Outcome},
};

story! {
    async fn a_command_sent_twice_is_done_once(fresh) {
        let store = &fresh.store;
        let declared = declared(store, "Card payments fail", &mara()).await;
        let first = store.command(declared.id, note("once"), &jonas(), "key-1", None).await.unwrap();
        let second = store.command(declared.id, note("once"), &jonas(), "key-1", None).await.unwrap();
        assert_eq!(first, second);
        assert_eq!(store.command(declared.id, note("other"), &jonas(), "key-1", None).await.unwrap(), Outcome::KeyReused);
        assert!(matches!(store.command(declared.id, note("once"), &mara(), "key-1", None).await.unwrap(), Outcome::Done(_)));
        assert_eq!(store.events(declared.id).await.unwrap().len(), 3);
    }
}

story! {
    async fn a_stale_version_changes_nothing(fresh) {
        let store = &fresh.store;
        let declared = declared(store, "Card payments fail", &mara()).await;
        done(told(store, declared.id, note("newer"), &jonas()).await);
        assert_eq!(store.command(declared.id, ack(), &jonas(), "k", Some(declared.version)).await.unwrap(), Outcome::Stale { version: 2 });
    }
}

story! {
    async fn two_people_acknowledge_at_once_and_one_is_told_who_has_it(fresh) {
        let store = &fresh.store;
        let declared = declared(store, "Card payments fail", &mara()).await;
        done(told(store, declared.id, ack(), &jonas()).await);
        assert_eq!(refused(told(store, declared.id, ack(), &mara()).await), "already_acknowledged");
        fresh.at(1801);
        done(told(store, declared.id, ack(), &mara()).await);
    }
}

story! {
    async fn merging_moves_alerts_services_and_impact(fresh) {
        let store = &fresh.store;
        let receipt = store.intake(delivery(NOON, vec![fire("a", "checkout", NOON)])).await.unwrap();
        let source = store.alert(receipt.alerts[0]).await.unwrap().unwrap().incident_id.unwrap();
        let target = declared(store, "Provider B is down", &mara()).await;
        let merged = done(told(store, source, Command::Merge { into: target.id, reason: None }, &mara()).await);
        assert_eq!((merged.state, merged.merged_into), (State::Merged, Some(target.id)));
        let grown = incident(store, target.id).await;
        assert_eq!((grown.total_alerts(), grown.services.as_slice()), (1, ["checkout".to_owned()].as_slice()));
        assert_eq!(store.alert(receipt.alerts[0]).await.unwrap().unwrap().incident_id, Some(target.id));
        // Further alerts of the group, and the resolve, go to where the incident went.
        let more = store.intake(delivery(NOON.plus_secs(20), vec![fire("b", "checkout", NOON.plus_secs(20))])).await.unwrap();
        assert_eq!(more.incidents_opened, 0);
        store.intake(delivery(NOON.plus_secs(60), vec![quiet("a", "checkout", NOON.plus_secs(50)), quiet("b", "checkout", NOON.plus_secs(50))])).await.unwrap();
        let grown = incident(store, target.id).await;
        assert_eq!((grown.total_alerts(), grown.firing_alerts()), (2, 0));
        assert!(store.verify(true).await.unwrap().faults.is_empty());
    }
}

story! {
    async fn an_incident_that_burns_and_is_merged_into_a_resolved_one_reopens_it(fresh) {
        let store = &fresh.store;
        let target = declared(store, "Provider B is down", &mara()).await;
        fresh.at(60);
        let resolve = Command::Resolve { reason: None, happened_at: None };
        assert_eq!(done(told(store, target.id, resolve, &mara()).await).state, State::Resolved);
        let early = NOON.plus_secs(-600);
        let receipt = store.intake(delivery(NOON.plus_secs(70), vec![fire("a", "checkout", early)])).await.unwrap();
        let source = store.alert(receipt.alerts[0]).await.unwrap().unwrap().incident_id.unwrap();
        fresh.at(120);
        done(told(store, source, Command::Merge { into: target.id, reason: None }, &mara()).await);
        let whole = incident(store, target.id).await;
        assert_eq!((whole.state, whole.firing_alerts(), whole.resolved_at), (State::Active, 1, None), "nothing fires in what is over");
        assert_eq!((whole.started_at, whole.detected_at), (early, Some(NOON)));
        let words = tocsin::domain::timeline::of(&whole, &store.events(whole.id).await.unwrap()).pop().expect("it has entries").text;
        assert_eq!(words, "Reopened: INC-2 was merged into it and is not over");
        assert!(store.verify(true).await.unwrap().faults.is_empty());
    }
}

story! {
    async fn an_alert_moves_between_incidents_and_both_say_so(fresh) {
        let store = &fresh.store;
        let receipt = store.intake(delivery(NOON, vec![fire("a", "checkout", NOON)])).await.unwrap();
        let home = store.alert(receipt.alerts[0]).await.unwrap().unwrap().incident_id.unwrap();
        let other = declared(store, "Something else", &mara()).await;
        done(told(store, other.id, Command::AttachAlert { alert: receipt.alerts[0] }, &mara()).await);
        assert_eq!(incident(store, home).await.total_alerts(), 0);
        assert_eq!(incident(store, other.id).await.firing_alerts(), 1);
        assert_eq!(refused(told(store, other.id, Command::AttachAlert { alert: receipt.alerts[0] }, &mara()).await), "already_attached");
        done(told(store, other.id, Command::DetachAlert { alert: receipt.alerts[0], reason: None }, &mara()).await);
        assert_eq!(store.alert(receipt.alerts[0]).await.unwrap().unwrap().incident_id, None);
        assert!(store.verify(true).await.unwrap().faults.is_empty());
    }
}

story! {
    async fn a_private_incident_does_not_exist_for_others(fresh) {
        let store = &fresh.store;
        let receipt = store.intake(delivery(NOON, vec![fire("a", "checkout", NOON)])).await.unwrap();
        let id = store.alert(receipt.alerts[0]).await.unwrap().unwrap().incident_id.unwrap();
        done(told(store, id, ack(), &jonas()).await);
        done(told(store, id, Command::SetPrivate { private: true }, &mara()).await);
        let outsider = actor("Noor", Role::Responder);
        let seen_by = async |actor| store.incidents(&IncidentFilter::for_actor(actor), None, 10).await.unwrap().items.len();
        assert_eq!((seen_by(outsider.clone()).await, seen_by(jonas()).await, seen_by(admin()).await), (0, 1, 1));
        assert_eq!(told(store, id, note("hello"), &outsider).await, Outcome::NotFound);
        assert_eq!(store.alerts(&AlertFilter::for_actor(outsider.clone()), None, 10).await.unwrap().items.len(), 0);
        assert_eq!(store.board(&outsider).await.unwrap().1.len(), 0);
        // Being asked to take a role is being let in.
        let person = PersonRef { id: Some(outsider.who.id.clone()), name: outsider.who.name.clone() };
        done(told(store, id, Command::AssignRole { role: tocsin::domain::incident::IncidentRole::Scribe, person, reason: None }, &jonas()).await);
        assert_eq!(seen_by(outsider).await, 1);
    }
}

story! {
    async fn the_list_filters_and_pages(fresh) {
        let store = &fresh.store;
        for n in 0..7 {
            declared(store, &format!("Incident {n}"), &mara()).await;
        }
        let mut filter = IncidentFilter::for_actor(admin());
        let first = store.incidents(&filter, None, 3).await.unwrap();
        assert_eq!(first.items.iter().map(|incident| incident.reference.0).collect::<Vec<_>>(), [7, 6, 5]);
        let second = store.incidents(&filter, first.next_cursor.as_deref(), 3).await.unwrap();
        assert_eq!(second.items.iter().map(|incident| incident.reference.0).collect::<Vec<_>>(), [4, 3, 2]);
        let third = store.incidents(&filter, second.next_cursor.as_deref(), 3).await.unwrap();
        assert_eq!((third.items.len(), third.next_cursor), (1, None));
        filter.states = vec![State::Triage];
        assert_eq!(store.incidents(&filter, None, 3).await.unwrap().items.len(), 0);
        filter.states = vec![State::Active, State::Triage];
        filter.severity = vec![tocsin::domain::severity::Severity::Sev2];
        assert_eq!(store.incidents(&filter, None, 30).await.unwrap().items.len(), 7);
    }
}

story! {
    async fn verify_names_the_first_entry_that_was_changed(fresh) {
        let store = &fresh.store;
        let declared = declared(store, "Card payments fail", &mara()).await;
        done(told(store, declared.id, note("the provider times out"), &jonas()).await);
        done(told(store, declared.id, note("rolled back"), &jonas()).await);
        assert!(store.verify(true).await.unwrap().faults.is_empty());
        sqlx::any::install_default_drivers();
        let pool = sqlx::AnyPool::connect(&fresh.url).await.unwrap();
        sqlx::query("UPDATE events SET data = '{\"text\":\"nothing happened\"}' WHERE seq = 2").execute(&pool).await.unwrap();
        let verified = store.verify(false).await.unwrap();
        assert_eq!(verified.faults.len(), 1);
        assert_eq!((verified.faults[0].seq, verified.faults[0].incident.to_string()), (2, "INC-1".to_owned()));
        sqlx::query("DELETE FROM events WHERE seq = 3").execute(&pool).await.unwrap();
        sqlx::query("UPDATE events SET data = '{\"text\":\"the provider times out\"}' WHERE seq = 2").execute(&pool).await.unwrap();
        let verified = store.verify(false).await.unwrap();
        assert_eq!(verified.faults.iter().map(|fault| fault.seq).collect::<Vec<_>>(), [3]);
    }
}

story! {
    async fn verify_names_an_alert_that_is_not_what_the_record_says(fresh) {
        let store = &fresh.store;
        // Everything that may happen to alerts: over by a signal, attached by hand, taken out, merged, fired again.
        let signals = ["a", "b", "c", "d"].map(|service| fire(service, service, NOON)).to_vec();
        let alerts = store.intake(delivery(NOON, signals)).await.unwrap().alerts;
        let mut homes = vec![];
        for alert in &alerts {
            homes.push(store.alert(*alert).await.unwrap().unwrap().incident_id.unwrap());
        }
        fresh.at(60);
        store.intake(delivery(NOON.plus_secs(60), vec![quiet("a", "a", NOON.plus_secs(50))])).await.unwrap();
        let declared = declared(store, "Card payments fail", &mara()).await;
        done(told(store, declared.id, Command::AttachAlert { alert: alerts[1] }, &mara()).await);
        done(told(store, homes[2], Command::Merge { into: declared.id, reason: None }, &mara()).await);
        done(told(store, declared.id, Command::DetachAlert { alert: alerts[1], reason: None }, &mara()).await);
        done(told(store, declared.id, Command::Resolve { reason: Some("rolled back".to_owned()), happened_at: None }, &mara()).await);
        store.intake(delivery(NOON.plus_secs(70), vec![quiet("c", "c", NOON.plus_secs(65))])).await.unwrap();
        store.intake(delivery(NOON.plus_secs(90), vec![fire("a", "a", NOON.plus_secs(90))])).await.unwrap();
        assert_eq!(store.verify(true).await.unwrap().faults, vec![]);

        sqlx::any::install_default_drivers();
        let pool = sqlx::AnyPool::connect(&fresh.url).await.unwrap();
        let change = async |sql: &'static str, alert: usize, to: Option<usize>| {
            let home = to.map(|to| homes[to].to_string());
            sqlx::query(sql).bind(alerts[alert].to_string()).bind(home.unwrap_or_default()).execute(&pool).await.unwrap()
        };
        let named = async |words: &str| {
            for rebuild in [false, true] {
                let faults = store.verify(rebuild).await.unwrap().faults;
                assert!(faults.iter().any(|fault| fault.what.contains(words)), "{words}: {faults:?}");
            }
        };
        // The second placeholder stands in every text, for PostgreSQL wants every value used.
        change("UPDATE alerts SET title = 'Nothing happened' WHERE id = $1 AND $2 = ''", 0, None).await;
        named("its title is “Nothing happened”, and entry 2 says “a is down”").await;
        change("UPDATE alerts SET title = 'a is down', severity = 'info' WHERE id = $1 AND $2 = ''", 0, None).await;
        named("its severity is “info”, and entry 2 says “critical”").await;
        change("UPDATE alerts SET severity = 'critical', started_at = started_at + 3600000000 WHERE id = $1 AND $2 = ''", 0, None).await;
        named("its start is “2026-08-11T13:00:00Z”, and entry 2 says “2026-08-11T12:00:00Z”").await;
        change("UPDATE alerts SET started_at = started_at - 3600000000, resolved_at = resolved_at + 1 WHERE id = $1 AND $2 = ''", 0, None).await;
        named("its end is").await;
        change("UPDATE alerts SET resolved_at = resolved_at - 1 WHERE id = $1 AND $2 = ''", 0, None).await;
        // What came with a merge is told by the log of what was merged.
        change("UPDATE alerts SET title = 'Nothing happened' WHERE id = $1 AND $2 = ''", 2, None).await;
        named("says “c is down”").await;
        change("UPDATE alerts SET title = 'c is down' WHERE id = $1 AND $2 = ''", 2, None).await;
        assert_eq!(store.verify(true).await.unwrap().faults, vec![]);
        change("UPDATE alerts SET incident_id = $2 WHERE id = $1", 0, Some(3)).await;
        named("does not stand in it any more").await;
        named("stands in it, and no entry says that it was attached").await;

        // The bundle of where it was moved to says so, too, wherever it is looked at.
        let export = House::of(&fresh).program(Role::Viewer).await.get(&format!("/api/v1/incidents/{}/export?format=bundle", homes[3])).await;
        let verification = tocsin::domain::export::verify(&export.bytes).unwrap();
        assert!(!verification.holds && verification.words.contains("no entry says that it was attached"), "{}", verification.words);
        change("UPDATE alerts SET incident_id = $2 WHERE id = $1", 0, Some(0)).await;
        assert_eq!(store.verify(true).await.unwrap().faults, vec![]);
    }
}
