//! The audit log: who did what, in one chain; and what retention removes from the house.

use crate::{
    callers::{House, text},
    cli::{err, out, run},
    databases::{Fresh, NOON},
    people_at_work::{admin, declared, delivery, done, fire, mara, note, quiet, told},
    story,
};
use axum::{body::Body, extract::ConnectInfo, http::Request};
use serde_json::{Value, json};
use std::net::SocketAddr;
use tocsin::{
    domain::{
        audit::By,
        incident::{Command, Incident},
        people::Role,
    },
    server::{
        auth::{ClientAddress, sessions},
        store::{AuditFilter, Store},
        usecases::tokens,
    },
};

const DAY: i64 = 86_400;

async fn tamper(fresh: &Fresh, sql: &'static str) {
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(&fresh.url).await.expect("the database opens");
    sqlx::query(sql).execute(&pool).await.expect("it can be changed");
    pool.close().await;
}

/// The actions of the log, the oldest first.
async fn actions(store: &Store) -> Vec<String> {
    let page = store.audit(&AuditFilter::default(), None, 500).await.expect("the store works");
    page.items.into_iter().rev().map(|entry| entry.action).collect()
}

story! {
    /// Every kind of change leaves one entry, with who, what and to whom, and never a secret.
    async fn everything_that_is_no_incident_event_is_noted_once(fresh) {
        let house = House::of(&fresh);
        let elif = house.browser("elif", Role::Admin).await.saying("x-tocsin", "1").saying("origin", "http://localhost:3000").saying("host", "localhost:3000").saying("sec-fetch-site", "same-origin");
        let mut secrets: Vec<String> = vec![];
        let call = async |path: &str, body: Value| elif.post(path, &body).await.is(200);
        let made = call("/api/fn/people/create", json!({"name": "Jonas", "login": "jonas", "role": "viewer"})).await;
        secrets.push(text(&made["token"]));
        let jonas = text(&made["id"]);
        call("/api/fn/people/set-role", json!({"person": jonas, "role": "responder"})).await;
        call("/api/fn/people/set-role", json!({"person": jonas, "role": "responder"})).await;
        call("/api/fn/people/set-disabled", json!({"person": jonas, "disabled": true})).await;
        call("/api/fn/people/set-disabled", json!({"person": jonas, "disabled": false})).await;
        secrets.push(text(&call("/api/fn/people/reset-password", json!({"person": jonas})).await["token"]));
        let token = call("/api/fn/tokens/create", json!({"name": "ci", "role": "viewer"})).await;
        secrets.push(text(&token["token"]));
        call("/api/fn/tokens/revoke", json!({"token": token["id"]})).await;
        let made = elif.post("/api/v1/integrations", &json!({"source": "generic", "name": "x"})).await.is(201);
        secrets.push(text(&made["token"]));
        let path = format!("/api/v1/integrations/{}", text(&made["id"]));
        let signing = "a-signing-secret-of-ours";
        secrets.push(signing.to_owned());
        elif.patch(&path, &json!({"name": "y", "add_signing_secrets": [signing]})).await.is(200);
        elif.patch(&path, &json!({"name": "y"})).await.is(200);
        secrets.push(text(&elif.post(&format!("{path}/token"), &json!({})).await.is(200)["token"]));
        elif.patch(&path, &json!({"disabled": true})).await.is(200);
        elif.post("/api/v1/import/incidents", &json!([{"origin": "old", "id": 1, "title": "The past", "started_at": "2026-01-02T03:04:05Z"}])).await.is(200);
        elif.post("/api/v1/import/incidents", &json!([])).await.is(200);
        call("/api/fn/session/sign-out", json!({})).await;
        assert_eq!(actions(&fresh.store).await, [
            "person.created", "session.signed_in", "person.created", "person.role_changed", "person.disabled", "person.enabled", "person.password_reset",
            "token.created", "token.revoked", "integration.created", "integration.changed", "integration.secret_added", "integration.token_rotated",
            "integration.disabled", "import.finished", "session.signed_out",
        ]);
        let log = fresh.store.audit(&AuditFilter::default(), None, 500).await.expect("the store works").items;
        let whole = serde_json::to_string(&log).expect("it is JSON");
        for secret in &secrets {
            assert!(secret.len() > 8 && !whole.contains(secret.as_str()), "{secret} is in the log");
        }
        let role = log.iter().find(|entry| entry.action == "person.role_changed").expect("it is there");
        assert_eq!((role.actor.name.as_str(), role.data["from"].as_str(), role.data["to"].as_str()), ("elif", "viewer", "responder"));
        assert_eq!(role.subject.as_ref().map(|subject| (subject.kind.as_str(), subject.name.as_str())), Some(("person", "Jonas")));
        assert_eq!(log.last().map(|entry| entry.actor.name.as_str()), Some("Operator at the console"));
        let state = fresh.store.audit_state().await.expect("the store works");
        assert_eq!(state.words, "The audit log holds: 16 entries, unbroken.");
    }
}

story! {
    async fn failed_sign_ins_are_noted_once_and_counted_after(fresh) {
        let house = House::of(&fresh);
        house.browser("mara", Role::Responder).await;
        let (here, there) = (ClientAddress([203, 0, 113, 7].into()), ClientAddress([198, 51, 100, 7].into()));
        for (login, from) in [("mara", here), ("mara", here), ("nobody-secret", here), ("mara", there), ("mara", here)] {
            assert!(sessions::sign_in(&house.app, login, "wrong wrong wrong", from, None).await.is_err());
        }
        let filter = AuditFilter { action: Some("session.failed".to_owned()), ..AuditFilter::default() };
        let failed = fresh.store.audit(&filter, None, 100).await.expect("the store works").items;
        let seen: Vec<_> = failed.iter().map(|entry| (entry.subject.as_ref().map(|subject| subject.name.as_str()), entry.address.as_deref())).collect();
        assert_eq!(seen, [(Some("mara"), Some("198.51.100.7")), (None, Some("203.0.113.7")), (Some("mara"), Some("203.0.113.7"))]);
        assert!(!format!("{failed:?}").contains("secret"), "what was typed as a login may be a password");
        let due = house.app.failures.due(None);
        assert_eq!(due.iter().map(|note| note.data["more"].as_str()).collect::<Vec<_>>(), ["2"]);
    }
}

story! {
    async fn the_log_is_listed_filtered_and_exported_for_admins(fresh) {
        let house = House::of(&fresh);
        let admin = house.program(Role::Admin).await;
        fresh.at(60);
        let made = admin.post("/api/v1/integrations", &json!({"source": "generic", "name": "=cmd()|x"})).await.is(201);
        fresh.at(120);
        admin.patch(&format!("/api/v1/integrations/{}", text(&made["id"])), &json!({"disabled": true})).await.is(200);
        let seqs = async |query: &str| admin.items(&format!("/api/v1/audit{query}")).await.iter().map(|entry| entry["seq"].as_i64()).collect::<Vec<_>>();
        assert_eq!(seqs("").await, [Some(3), Some(2), Some(1)]);
        assert_eq!(seqs("?action=integration").await, [Some(3), Some(2)]);
        assert_eq!(seqs("?action=integration.created").await, [Some(2)]);
        assert_eq!(seqs("?actor=admin").await, [Some(3), Some(2)]);
        assert_eq!(seqs("?actor=console").await, [Some(1)]);
        assert_eq!(seqs("?from=2026-08-11T12:01:00Z&to=2026-08-11T12:02:00Z").await, [Some(2)]);
        let first = admin.get("/api/v1/audit?limit=2").await.is(200);
        assert_eq!(first["next_cursor"], "2");
        assert_eq!(seqs("?limit=2&cursor=2").await, [Some(1)]);
        for bad in ["action=everything", "action=%25", "from=yesterday", "cursor=x", "limit=0"] {
            assert_eq!(admin.get(&format!("/api/v1/audit?{bad}")).await.refused(400), "bad_parameter", "{bad}");
        }
        let table = admin.get("/api/v1/audit/export").await;
        assert!(table.headers["content-type"].to_str().is_ok_and(|kind| kind.starts_with("text/csv")));
        let table = table.text();
        assert_eq!(table.lines().count(), 4);
        assert!(table.contains(",'=cmd()|x,"), "{table}");
        let whole = admin.get("/api/v1/audit/export?format=json&action=token").await.is(200);
        assert_eq!((&whole["verification"]["holds"], &whole["verification"]["entries"], whole["entries"].as_array().map(Vec::len)), (&json!(true), &json!(3), Some(1)));
        assert_eq!(whole["verification"]["head_hash"], admin.items("/api/v1/audit?limit=1").await[0]["hash"]);
        assert_eq!(admin.get("/api/v1/audit/export?format=xml").await.refused(400), "bad_parameter");
    }
}

story! {
    /// By whichever door: an entry says from where it was asked.
    async fn an_entry_says_from_where_it_was_asked(fresh) {
        let house = House::of(&fresh);
        let token = tokens::create_from_cli(&fresh.store, "ci", Role::Admin).await.expect("the store works");
        for (path, body) in [("/api/fn/tokens/create", json!({"name": "x", "role": "viewer"})), ("/api/v1/integrations", json!({"source": "generic", "name": "x"}))] {
            let request = Request::post(path)
                .header("authorization", format!("Bearer {token}"))
                .header("content-type", "application/json")
                .extension(ConnectInfo(SocketAddr::from(([203, 0, 113, 7], 4711))))
                .body(Body::from(body.to_string()))
                .expect("it is a request");
            let answer = house.answer(request).await;
            assert!(answer.status < 300, "{path}: {}", answer.text());
        }
        let log = fresh.store.audit(&AuditFilter::default(), None, 10).await.expect("the store works").items;
        let addresses: Vec<_> = log.iter().map(|entry| (entry.action.as_str(), entry.address.as_deref())).collect();
        assert_eq!(addresses, [("integration.created", Some("203.0.113.7")), ("token.created", Some("203.0.113.7")), ("token.created", None)]);
    }
}

story! {
    /// Two processes that note at once make one chain.
    async fn the_chain_does_not_fork(fresh) {
        let other = Store::open(&fresh.url, fresh.clock.clone()).await.expect("it opens");
        let noting = |store: Store| async move {
            for n in 0..20 {
                let note = By::console().did(tocsin::domain::audit::Action::BackupWritten, None).with("n", n);
                store.note(&note).await.expect("the store works");
            }
        };
        for one in [noting(fresh.store.clone()), noting(fresh.store.clone()), noting(other)].map(tokio::spawn) {
            one.await.expect("it ends");
        }
        assert_eq!(fresh.store.audit_state().await.expect("the store works").words, "The audit log holds: 60 entries, unbroken.");
    }
}

story! {
    async fn verify_names_the_first_entry_of_the_log_that_was_tampered_with(fresh) {
        let house = House::of(&fresh);
        for name in ["one", "two", "three", "four"] {
            house.program_called(name, Role::Viewer).await;
        }
        let verify = async || run(&["verify", "--database-url", &fresh.url]).await;
        let whole = verify().await;
        assert!(whole.status.success() && err(&whole).contains("The audit log holds: 4 entries, unbroken."), "{}", err(&whole));
        tamper(&fresh, "UPDATE audit SET data = '{\"role\":\"admin\"}' WHERE seq = 2").await;
        let broken = verify().await;
        assert_eq!(broken.status.code(), Some(1));
        assert!(err(&broken).contains("First: the audit log, entry 2"), "{}", err(&broken));
        tamper(&fresh, "UPDATE audit SET data = '{\"role\":\"viewer\"}' WHERE seq = 2").await;
        assert!(verify().await.status.success());
        // What no longer reads is named too, and so is a number that is none.
        tamper(&fresh, "UPDATE audit SET actor_kind = 'ghost' WHERE seq = 3").await;
        assert!(err(&verify().await).contains("the audit log, entry 3"));
        tamper(&fresh, "UPDATE audit SET actor_kind = 'system' WHERE seq = 3").await;
        // The last one is cut off; what is appended then does not hide it.
        tamper(&fresh, "DELETE FROM audit WHERE seq = 4").await;
        assert!(err(&verify().await).contains("the audit log, entry 4"));
        house.program_called("five", Role::Viewer).await;
        let broken = run(&["verify", "--json", "--database-url", &fresh.url]).await;
        let said: Value = serde_json::from_str(&out(&broken)).expect("it is JSON");
        assert_eq!((&said["audit"]["holds"], &said["audit"]["fault"]["seq"]), (&json!(false), &json!(4)));
    }
}

/// An incident that is over, `secs` after the story began.
async fn closed(fresh: &Fresh, title: &str, secs: i64) -> Incident {
    fresh.at(secs);
    let incident = declared(&fresh.store, title, &mara()).await;
    done(told(&fresh.store, incident.id, note("something"), &mara()).await);
    for command in [json!({"command": "resolve", "reason": "x"}), json!({"command": "close", "reason": "x"})] {
        let command: Command = serde_json::from_value(command).expect("it is a command");
        done(told(&fresh.store, incident.id, command, &admin()).await);
    }
    crate::people_at_work::incident(&fresh.store, incident.id).await
}

story! {
    /// Retention removes what is over, all of it and nothing else, and the record still holds.
    async fn a_purge_keeps_the_chain_verifiable(fresh) {
        let old = closed(&fresh, "Long ago", 0).await;
        let open = declared(&fresh.store, "Still open", &mara()).await;
        // A closed one whose alert still fires stays; one whose alert is over leaves with it.
        fresh.store.intake(delivery(NOON, vec![fire("a", "web", NOON)])).await.expect("the store works");
        fresh.at(10 * DAY);
        let young = closed(&fresh, "Lately", 10 * DAY).await;
        fresh.store.intake(delivery(NOON.plus_secs(10 * DAY), vec![quiet("a", "web", NOON.plus_secs(10 * DAY))])).await.expect("the store works");
        fresh.at(20 * DAY);
        let before = NOON.plus_secs(5 * DAY);
        let mut live = fresh.store.subscribe();
        let would = fresh.store.would_purge(before).await.expect("the store works");
        let purged = fresh.store.purge(before, &By::system(), |_| {}).await.expect("the store works");
        assert_eq!(would, purged, "what is foretold is what happens");
        assert_eq!((purged.incidents, purged.events), (1, u64::try_from(old.version).expect("it counts")));
        let gone = fresh.store.incident(old.id).await.expect("the store works");
        assert_eq!((gone, fresh.store.events(old.id).await.expect("the store works")), (None, vec![]));
        for kept in [open.id, young.id] {
            assert!(fresh.store.incident(kept).await.expect("the store works").is_some());
        }
        let verified = fresh.store.verify(true).await.expect("the store works");
        assert_eq!((verified.broken(), verified.purged), (None, 1));
        let entry = fresh.store.audit(&AuditFilter::default(), None, 1).await.expect("the store works").items.remove(0);
        assert_eq!((entry.action.as_str(), entry.data["head_hash"].len(), entry.data["last_entry"].clone()), ("purge.incident", 64, old.version.to_string()));
        assert_eq!(entry.subject.map(|subject| (subject.id, subject.name)), Some((old.id.to_string(), old.reference.to_string())));
        assert!(!format!("{:?}", entry.data).contains("Long ago"), "what was removed is not kept here");
        // The writer and those who listen go on.
        let next = declared(&fresh.store, "And on", &mara()).await;
        assert_eq!(next.reference.0, 5);
        assert_eq!(live.recv().await.map(|changes| changes.len()), Ok(1));
        fresh.store.intake(delivery(NOON.plus_secs(20 * DAY), vec![fire("a", "web", NOON.plus_secs(20 * DAY))])).await.expect("the store works");
        assert_eq!(fresh.store.purge(before, &By::system(), |_| {}).await.expect("the store works").incidents, 0, "nothing is removed twice");
        assert_eq!(fresh.store.verify(true).await.expect("the store works").broken(), None);
        // Somebody who removes an incident by hand is found, however cleanly they do it.
        for sql in ["DELETE FROM events WHERE incident_id IN (SELECT id FROM incidents WHERE title = 'Lately')", "DELETE FROM incidents WHERE title = 'Lately'"] {
            tamper(&fresh, sql).await;
        }
        let (first, others) = fresh.store.verify(false).await.expect("the store works").broken().expect("it is broken");
        assert!(first.starts_with(&format!("{}, entry 0: it is gone", young.reference)), "{first}");
        assert_eq!(others, 0);
        // So is a tombstone without a chain, and an incident that came back.
        tamper(&fresh, "DELETE FROM audit WHERE action = 'purge.incident'").await;
        let broken = fresh.store.verify(false).await.expect("the store works");
        assert!(!broken.audit.holds && broken.faults.len() == 2, "{:?}", broken.faults);
    }
}

story! {
    async fn the_command_line_purges_beside_a_running_server(fresh) {
        let old = closed(&fresh, "Long ago", -400 * DAY).await;
        fresh.at(0);
        let purge = async |more: &[&str]| run(&[&["purge", "--database-url", &fresh.url], more].concat()).await;
        for refused in [&[][..], &["--older-than", "1"], &["--before", "tomorrow"], &["--before", "2999-01-01"], &["--before", "2025-01-01", "--older-than", "5"]] {
            assert!(!purge(refused).await.status.success(), "{refused:?}");
        }
        let would = purge(&["--before", "2026-01-01", "--dry-run", "--json"]).await;
        let said: Value = serde_json::from_str(&out(&would)).expect("it is JSON");
        assert_eq!((&said["incidents"], &said["dry_run"]), (&json!(1), &json!(true)));
        assert!(fresh.store.incident(old.id).await.expect("the store works").is_some());
        let done = purge(&["--before", "2026-01-01"]).await;
        assert!(done.status.success() && err(&done).contains("Removed 1 incidents"), "{}", err(&done));
        assert_eq!(fresh.store.incident(old.id).await.expect("the store works"), None);
        let verified = run(&["verify", "--rebuild", "--database-url", &fresh.url]).await;
        assert!(verified.status.success() && err(&verified).contains("1 more were removed by retention"), "{}", err(&verified));
    }
}
