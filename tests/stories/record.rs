//! The record leaves the house: exported and verified elsewhere, backed up and restored into the
//! other kind of database.

use crate::{
    callers::{House, alertmanager, labelled, text},
    cli::{Running, err, out, run, tocsin, token},
    databases::{Fresh, fresh},
    people_at_work::{declared, done, mara, note, told},
    story,
};
use serde_json::{Value, json};
use std::{fs, path::Path, sync::Arc};
use tocsin::{
    domain::people::Role,
    server::{
        config::Config,
        store::{Backend, Store},
    },
};

fn path(file: &Path) -> &str {
    file.to_str().expect("it is text")
}

async fn on(database: &str, arguments: &[&str]) -> std::process::Output {
    run(&[arguments, &["--database-url", database]].concat()).await
}

story! {
    async fn the_record_of_an_incident_is_a_file_in_four_forms(fresh) {
        let house = House::of(&fresh);
        let responder = house.program(Role::Responder).await;
        let id = text(&responder.declared(json!({"title": "=cmd|'/c calc'!A1 <script>alert(1)</script>", "severity": "SEV2", "services": ["checkout"]})).await["id"]);
        responder.command(&id, json!({"command": "note", "text": "remembered\nlater", "happened_at": "2026-08-11T11:00:00Z"})).await.is(200);
        responder.command(&id, json!({"command": "pin", "seq": 2})).await.is(200);
        responder.command(&id, json!({"command": "correct_time", "seq": 2, "happened_at": "2026-08-11T10:30:00Z"})).await.is(200);
        let (_, hook) = house.integration(json!({"source": "alertmanager", "name": "am"})).await;
        let viewer = house.program(Role::Viewer).await;
        for (format, extension, content_type) in [
            ("", "md", "text/markdown; charset=utf-8"),
            ("?format=markdown", "md", "text/markdown; charset=utf-8"),
            ("?format=csv", "csv", "text/csv; charset=utf-8; header=present"),
            ("?format=json", "json", "application/json"),
            ("?format=bundle", "bundle.json", "application/json"),
        ] {
            let answer = viewer.get(&format!("/api/v1/incidents/inc-1/export{format}")).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            assert_eq!(answer.header("content-type"), content_type);
            assert_eq!(answer.header("content-disposition"), format!("attachment; filename=\"INC-1.{extension}\""));
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            assert!(answer.text().contains("2026-08-11T10:30:00Z") && answer.text().contains("2026-08-11T12:00:00Z"), "{format}: {}", answer.text());
        }
        assert_eq!(viewer.get("/api/v1/incidents/INC-1/export?format=pdf").await.refused(400), "bad_parameter");
        assert_eq!(viewer.get("/api/v1/incidents/INC-9/export").await.refused(404), "unknown_incident");
        let report = viewer.get("/api/v1/incidents/INC-1/export").await.text();
        assert!(!report.contains("<script") && report.contains("pinned") && report.contains("late"), "{report}");
        let json = viewer.get("/api/v1/incidents/INC-1/export?format=json").await.is(200);
        assert_eq!(json["incident"], viewer.get("/api/v1/incidents/INC-1").await.is(200));
        assert_eq!(json["timeline"], viewer.get("/api/v1/incidents/INC-1/timeline").await.is(200)["items"]);
        // Its alerts go with it, the oldest first.
        house.nobody().post(&format!("/hooks/alertmanager/{hook}"), &alertmanager(&[labelled("f1", "search", "critical", "2026-08-11T11:50:00Z", None)])).await.is(200);
        let bundle = viewer.get("/api/v1/incidents/INC-2/export?format=bundle").await.is(200);
        assert_eq!((&bundle["format"], &bundle["alerts"][0]["title"]), (&"tocsin/bundle/v1".into(), &"search is down".into()));
    }
}

story! {
    async fn a_bundle_proves_itself_without_a_database_and_names_what_was_changed(fresh) {
        let incident = declared(&fresh.store, "Card payments fail", &mara()).await;
        for text in ["the provider times out", "we switched to the other one", "it recovers"] {
            done(told(&fresh.store, incident.id, note(text), &mara()).await);
        }
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let file = folder.path().join("INC-1.bundle.json");
        let exported = on(&fresh.url, &["export", "--incident", "inc-1", "--format", "bundle", "-o", path(&file), "--json"]).await;
        assert!(exported.status.success(), "{}", err(&exported));
        let said: Value = serde_json::from_str(&out(&exported)).expect("it is JSON");
        assert_eq!((&said["incident"], &said["events"]), (&"INC-1".into(), &4.into()));

        // Verified where there is no database: none is asked for, none is made.
        let elsewhere = tempfile::tempdir().expect("a temporary folder can be made");
        let verify = async |arguments: &[&str]| {
            let mut command = tocsin(&[&["verify"], arguments].concat());
            command.current_dir(elsewhere.path()).output().await.expect("it starts")
        };
        let whole = verify(&[path(&file), "--json"]).await;
        assert!(whole.status.success(), "{}", err(&whole));
        let said: Value = serde_json::from_str(&out(&whole)).expect("it is JSON");
        assert_eq!((&said["holds"], &said["fault"], &said["ref"], &said["events"]), (&true.into(), &Value::Null, &"INC-1".into(), &4.into()));
        assert_eq!(said["head_hash"], House::of(&fresh).program(Role::Viewer).await.get("/api/v1/incidents/INC-1/verification").await.is(200)["head_hash"]);
        let broken = async |changed: String, words: &[&str]| {
            let changed_file = elsewhere.path().join("changed.json");
            fs::write(&changed_file, changed).expect("it can be written");
            let found = verify(&[path(&changed_file), "--json"]).await;
            assert_eq!(found.status.code(), Some(1), "{}", err(&found));
            assert!(words.iter().all(|word| err(&found).contains(word)), "{words:?}: {}", err(&found));
            fs::remove_file(changed_file).expect("it is there");
            out(&found)
        };
        let bundle = fs::read_to_string(&file).expect("it is text");
        let said = broken(bundle.replace("the provider times out", "nothing happened"), &["entry 2", "was changed"]).await;
        assert_eq!(serde_json::from_str::<Value>(&said).expect("it is JSON")["fault"]["seq"], 2);
        let line = bundle.lines().find(|line| line.contains("we switched")).expect("every event has a line").to_owned() + "\n";
        broken(bundle.replace(&line, ""), &["entry 3", "missing"]).await;
        broken(bundle.replace("it recovers", "it\nrecovers"), &["entry 4"]).await;
        broken(bundle.replace("\"title\":\"Card payments fail\",\"told_at\"", "\"title\":\"All is well\",\"told_at\""), &["title"]).await;
        broken("{}".to_owned(), &["no bundle"]).await;
        assert!(!verify(&["/no/such/file"]).await.status.success());
        assert_eq!(fs::read_dir(elsewhere.path()).expect("it is a folder").count(), 0, "no database was made");

        let missing = on(&fresh.url, &["export", "--incident", "INC-9", "--format", "csv"]).await;
        assert!(!missing.status.success() && out(&missing).is_empty() && err(&missing).contains("no such incident"), "{}", err(&missing));
        let table = on(&fresh.url, &["export", "--incident", "INC-1", "--format", "csv", "-o", "-"]).await;
        assert!(out(&table).starts_with("seq,kind,") && out(&table).contains("the provider times out"), "{}", out(&table));
    }
}

story! {
    async fn a_screen_can_say_whether_a_record_holds(fresh) {
        let house = House::of(&fresh);
        let incident = declared(&fresh.store, "Card payments fail", &mara()).await;
        done(told(&fresh.store, incident.id, note("the provider times out"), &mara()).await);
        let viewer = house.program(Role::Viewer).await;
        let state = async || viewer.get("/api/v1/incidents/INC-1/verification").await.is(200);
        let whole = state().await;
        assert_eq!((&whole["holds"], &whole["events"], &whole["fault"], &whole["incident_id"]), (&true.into(), &2.into(), &Value::Null, &incident.id.to_string().into()));
        assert_eq!(whole["head_hash"].as_str().map(str::len), Some(64));
        assert_eq!(viewer.get("/api/v1/incidents/INC-9/verification").await.refused(404), "unknown_incident");
        let pool = sqlx::AnyPool::connect(&fresh.url).await.expect("the database opens");
        let change = async |sql: &'static str| sqlx::query(sql).execute(&pool).await.expect("it can be changed");
        change("UPDATE events SET recorded_at = recorded_at - 1 WHERE seq = 2").await;
        let broken = state().await;
        assert_eq!((&broken["holds"], &broken["fault"]["seq"]), (&false.into(), &2.into()));
        assert!(text(&broken["words"]).contains("entry 2") && text(&broken["fault"]["what"]).contains("times"), "{broken}");
        // The export of it is as broken, and says so wherever it goes.
        let report = viewer.get("/api/v1/incidents/INC-1/export").await.text();
        assert!(report.contains("The chain of hashes is broken"), "{report}");
        change("UPDATE events SET recorded_at = recorded_at + 1 WHERE seq = 2").await;
        change("UPDATE incidents SET title = 'All is well'").await;
        assert_eq!(state().await["holds"], false, "what lists show is not what the record says");
    }
}

/// A fresh database of the other kind.
async fn other_kind(this: &Fresh) -> Fresh {
    let other = fresh(match this.store.backend() {
        Backend::Sqlite => Backend::Postgres,
        Backend::Postgres => Backend::Sqlite,
    })
    .await;
    other.store.close().await;
    other
}

const READ: [&str; 7] = [
    "/api/v1/me",
    "/api/v1/incidents?limit=500",
    "/api/v1/alerts?limit=500",
    "/api/v1/integrations",
    "/api/v1/metrics/incidents?from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z",
    "/api/v1/availability?from=2026-01-01T00:00:00Z&to=2026-08-11T12:00:00Z",
    "/api/v1/incidents/INC-1/export?format=json",
];

story! {
    /// The whole house moves to the other kind of database, while people work in it.
    async fn a_house_moves_to_the_other_kind_of_database(fresh) {
        let house = House::of(&fresh);
        let admin = house.program(Role::Admin).await;
        house.browser("mara", Role::Commander).await;
        let (_, hook) = house.integration(json!({"source": "alertmanager", "name": "am", "signing_secrets": [], "settings": {"heartbeat_s": 60}})).await;
        let alerts: Vec<Value> = (0..40).map(|n| labelled(&format!("f{n}"), &format!("service {}", n % 7), "critical", "2026-08-11T11:50:00Z", (n % 3 == 0).then_some("2026-08-11T11:55:00Z"))).collect();
        house.nobody().post(&format!("/hooks/alertmanager/{hook}"), &alertmanager(&alerts)).await.is(200);
        let id = text(&admin.declared(json!({"title": "“Zürich” fails 🔥", "severity": "SEV1", "private": true, "labels": {"a": "b"}})).await["id"]);
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let (during, after) = (folder.path().join("during.backup"), folder.path().join("after.backup"));

        // While commands are written.
        let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let writing = tokio::spawn({
            let (stop, admin, id) = (stop.clone(), admin.clone(), id.clone());
            async move {
                let mut written = 0;
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    admin.command(&id, json!({"command": "note", "text": format!("note {written}")})).await.is(200);
                    admin.declared(json!({"title": format!("incident {written}"), "severity": "SEV4"})).await;
                    written += 1;
                }
                written
            }
        });
        while fresh.store.latest_seq().await.expect("the store works") < 150 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let backed_up = on(&fresh.url, &["backup", path(&during), "--json"]).await;
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        let written = writing.await.expect("every write was answered");
        assert!(backed_up.status.success(), "{}", err(&backed_up));
        let said: Value = serde_json::from_str(&out(&backed_up)).expect("it is JSON");
        assert!(written > 10 && said["tables"]["events"].as_i64().is_some_and(|events| events > 50), "{written} {said}");
        assert_eq!(fs::read_dir(folder.path()).expect("it is a folder").count(), 1, "nothing half is left");

        let other = other_kind(&fresh).await;
        let restored = on(&other.url, &["restore", path(&during), "--json"]).await;
        assert!(restored.status.success(), "{}", err(&restored));
        let said_there: Value = serde_json::from_str(&out(&restored)).expect("it is JSON");
        assert_eq!((&said_there["tables"], &said_there["sha256"]), (&said["tables"], &said["sha256"]));
        assert_eq!(said_there["verified"]["faults"], json!([]));
        assert!(on(&other.url, &["verify", "--rebuild"]).await.status.success());
        let moved = Store::open(&other.url, fresh.clock.clone()).await.expect("it opens");
        let there = admin.at(&House::over(moved.clone(), Config::default()));
        // One moment was backed up: every log there is the beginning of the one here.
        let (shorter, longer) = (there.items(&format!("/api/v1/incidents/{id}/timeline?limit=500")).await, admin.items(&format!("/api/v1/incidents/{id}/timeline?limit=500")).await);
        assert!(shorter.len() > 1 && longer.starts_with(&shorter));
        moved.close().await;

        // In peace: the same answers, for the same tokens. What a server still has in memory is written first.
        house.app.senders.write_heard(&fresh.store).await.expect("the store works");
        on(&fresh.url, &["backup", path(&after)]).await;
        let refused = on(&other.url, &["restore", path(&after)]).await;
        assert!(!refused.status.success() && err(&refused).contains("--replace"), "{}", err(&refused));
        let replaced = on(&other.url, &["restore", path(&after), "--replace"]).await;
        assert!(replaced.status.success() && err(&replaced).contains("Every chain holds"), "{}", err(&replaced));
        let moved = Store::open(&other.url, fresh.clock.clone()).await.expect("it opens");
        let moved_house = House::over(moved.clone(), Config::default());
        let there = admin.at(&moved_house);
        // What a server has counted itself is no part of the house.
        let answer = async |caller: &crate::callers::Caller, path: &str| {
            let mut answer = caller.get(path).await.is(200);
            for item in answer["items"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
                item.remove("rate");
            }
            answer
        };
        for path in READ {
            assert_eq!(answer(&there, path).await, answer(&admin, path).await, "{path}");
        }
        let people = async |caller: &crate::callers::Caller| caller.post("/api/fn/people/list", &json!({})).await.is(200);
        assert_eq!(people(&there).await, people(&admin).await);
        // Work goes on there: a sender with its old key, a command with the next number.
        let answer = moved_house.nobody().post(&format!("/hooks/alertmanager/{hook}"), &alertmanager(&alerts[1..3])).await.is(200);
        assert!(answer.to_string().contains("2"), "{answer}");
        let next = there.declared(json!({"title": "next"})).await;
        assert!(text(&next["ref"]) == text(&admin.declared(json!({"title": "next"})).await["ref"]), "the next number is the same");
        assert_eq!(moved.verify(true).await.expect("the store works").faults, vec![]);
        moved.close().await;
    }
}

story! {
    async fn nothing_is_restored_under_a_running_server(fresh) {
        declared(&fresh.store, "Card payments fail", &mara()).await;
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let file = folder.path().join("house.backup");
        let server = Running::on(&fresh.url).await;
        let admin = token(&fresh.url, "admin").await;
        let backed_up = on(&fresh.url, &["backup", path(&file)]).await;
        assert!(backed_up.status.success(), "{}", err(&backed_up));
        let refused = on(&fresh.url, &["restore", path(&file), "--replace"]).await;
        assert!(!refused.status.success() && err(&refused).contains("a server runs on this database"), "{}", err(&refused));
        assert_eq!(server.get("/api/v1/incidents/INC-1", &admin).await.status(), 200, "it goes on");
        server.stop().await;
        let restored = on(&fresh.url, &["restore", path(&file), "--replace"]).await;
        assert!(restored.status.success(), "{}", err(&restored));
        // A lease that a killed server left behind ends.
        let pool = sqlx::AnyPool::connect(&fresh.url).await.expect("the database opens");
        sqlx::query("INSERT INTO leases (id, address, started_at, renewed_at) VALUES ('gone', '127.0.0.1:1', 0, 0)").execute(&pool).await.expect("it can be written");
        pool.close().await;
        assert!(on(&fresh.url, &["restore", path(&file), "--replace"]).await.status.success());
        // A server that starts on what was restored has everything, for the same token.
        let server = Running::on(&fresh.url).await;
        assert_eq!(server.get("/api/v1/incidents/INC-1", &admin).await.status(), 200);
        server.stop().await;
    }
}

#[tokio::test]
async fn what_cannot_be_backed_up_or_restored_is_refused_in_words() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (database, notes) = (folder.path().join("tocsin.sqlite"), folder.path().join("notes.txt"));
    fs::write(&notes, "these are my notes").expect("it can be written");
    let url = format!("sqlite://{}", database.display());
    for (line, words) in [
        (&["backup", path(&folder.path().join("house.backup"))][..], "there is no database"),
        (&["export", "--incident", "INC-1"], "there is no database"),
        (&["restore", "/no/such/file"], "/no/such/file"),
        (&["restore", path(&notes)], "no backup"),
        (&["verify", path(&notes)], "no bundle"),
        (&["verify", path(&notes), "--rebuild"], "--rebuild"),
        (&["export"], "there is no database"),
        (&["verify"], "there is no database"),
        (&["verify", "--rebuild"], "there is no database"),
        (&["purge", "--older-than", "30"], "there is no database"),
        (&["brief"], "there is no database"),
        (&["slo", "explain", "checkout"], "there is no database"),
    ] {
        let refused = on(&url, line).await;
        assert!(!refused.status.success() && err(&refused).contains(words), "{line:?}: {}", err(&refused));
        assert_eq!(out(&refused), "", "{line:?}");
        assert!(!database.exists(), "{line:?} made a database");
    }
    // Nor is a file that is empty, or one whose name is written otherwise in the address.
    fs::write(&database, "").expect("it can be written");
    let empty = on(&url, &["verify"]).await;
    assert!(!empty.status.success() && err(&empty).contains("is empty"), "{}", err(&empty));
    assert_eq!(fs::metadata(&database).expect("it is there").len(), 0);
    fs::remove_file(&database).expect("it is there");
    let spelled = format!("sqlite://{}", folder.path().join("a%20house.sqlite").display());
    let refused = on(&spelled, &["verify"]).await;
    assert!(!refused.status.success() && err(&refused).contains("a house.sqlite"), "{}", err(&refused));
    assert!(!folder.path().join("a house.sqlite").exists());
    token(&url, "viewer").await;
    assert!(on(&url, &["verify"]).await.status.success());
    let nowhere = on(&url, &["backup", "/nowhere/at/all/house.backup"]).await;
    assert!(!nowhere.status.success() && err(&nowhere).contains("/nowhere/at/all"), "{}", err(&nowhere));
}
