//! The command line: the real binary, beside a running server and alone.

use crate::story;
use serde_json::Value;
use std::{
    process::{Output, Stdio},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

/// How long anything may take on a busy machine.
pub const WITHIN: Duration = Duration::from_secs(60);

pub fn tocsin(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tocsin"));
    command.args(arguments).kill_on_drop(true).stdin(Stdio::null());
    // What the test's own surroundings say must not reach it.
    for name in ["DATABASE_URL", "TOCSIN_LISTEN", "TOCSIN_CONFIG", "TOCSIN_PUBLIC_URL", "TOCSIN_METRICS_TOKEN", "RUST_LOG"] {
        command.env_remove(name);
    }
    command
}

pub async fn run(arguments: &[&str]) -> Output {
    timeout(WITHIN, tocsin(arguments).output()).await.expect("it ends").expect("it starts")
}

pub fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A running server that ends with the test.
pub struct Running {
    pub address: String,
    client: reqwest::Client,
    child: Child,
}

impl Running {
    pub async fn on(database: &str) -> Self {
        Self::with(database, &[]).await
    }

    pub async fn with(database: &str, more: &[&str]) -> Self {
        let mut child =
            tocsin(&[&["serve", "--listen", "127.0.0.1:0", "--database-url", database], more].concat()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        let address = timeout(WITHIN, async {
            loop {
                let line = lines.next_line().await.expect("it can be read").expect("it runs");
                if let Some(address) = line.strip_prefix("Tocsin is ready at ") {
                    return address.to_owned();
                }
            }
        })
        .await
        .expect("it is ready in time");
        // A pipe that nobody empties would stop it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        tocsin::server::tls::install_crypto();
        Self { address, client: reqwest::Client::new(), child }
    }

    /// Asks it to stop and waits until it has.
    pub async fn stop(mut self) {
        let pid = self.child.id().expect("it runs").to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status().await.expect("kill starts");
        assert!(asked.success());
        timeout(WITHIN, self.child.wait()).await.expect("it stops in time").expect("it can be waited for");
    }

    pub async fn get(&self, path: &str, token: &str) -> reqwest::Response {
        self.client.get(format!("{}{path}", self.address)).bearer_auth(token).send().await.expect("it answers")
    }

    pub async fn post(&self, path: &str, token: &str, body: &str) -> reqwest::Response {
        self.client.post(format!("{}{path}", self.address)).bearer_auth(token).body(body.to_owned()).send().await.expect("it answers")
    }
}

/// Makes a token; nothing else may stand on standard output.
pub async fn token(database: &str, role: &str) -> String {
    let made = run(&["token", "create", "--name", role, "--role", role, "--database-url", database]).await;
    assert!(made.status.success(), "{}", err(&made));
    let token = out(&made).trim_end_matches('\n').to_owned();
    assert!(token.starts_with("toc_") && token.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{token:?}");
    assert!(!err(&made).is_empty() && !err(&made).contains(&token), "what it did is on standard error, the secret is not");
    token
}

story! {
    async fn a_token_made_beside_a_running_server_works_at_once(fresh) {
        let server = Running::on(&fresh.url).await;
        assert_eq!(server.get("/api/v1/me", "toc_not-a-token").await.status(), 401);
        let token = token(&fresh.url, "admin").await;
        let me: Value = server.get("/api/v1/me", &token).await.json().await.expect("it is JSON");
        assert_eq!((&me["kind"], &me["role"], &me["name"]), (&"token".into(), &"admin".into(), &"admin".into()));
        // So does an integration.
        let made = run(&["integration", "create", "--source", "generic", "--name", "x", "--database-url", &fresh.url]).await;
        let key = out(&made).trim().to_owned();
        assert_eq!(server.post(&format!("/hooks/generic/{key}"), "", "{\"title\": \"x\"}").await.status(), 200);
    }
}

story! {
    /// The stream of one server shows within a second what another process wrote.
    async fn what_another_process_writes_is_on_the_stream_within_a_second(fresh) {
        let (server, other) = (Running::on(&fresh.url).await, Running::on(&fresh.url).await);
        let token = token(&fresh.url, "responder").await;
        let mut stream = server.get("/api/v1/stream", &token).await;
        let mut text = String::new();
        let wanted = async |stream: &mut reqwest::Response, text: &mut String, word: &str| {
            while !text.contains(word) {
                text.push_str(&String::from_utf8_lossy(&stream.chunk().await.expect("it goes on").expect("it goes on")));
            }
        };
        timeout(WITHIN, wanted(&mut stream, &mut text, "hello")).await.expect("it begins");
        for n in 0..3 {
            let answer = other.post("/api/v1/incidents", &token, &format!("{{\"title\": \"from elsewhere {n}\"}}")).await;
            assert_eq!(answer.status(), 201);
            timeout(Duration::from_millis(1_500), wanted(&mut stream, &mut text, &format!("from elsewhere {n}"))).await.expect("it is there within a second, and a little for a busy machine");
            let read = server.get("/api/v1/incidents", &token).await.text().await.expect("it is text");
            assert!(read.contains(&format!("from elsewhere {n}")));
        }
    }
}

story! {
    async fn the_past_is_imported_beside_a_running_server_and_again_without_effect(fresh) {
        let server = Running::on(&fresh.url).await;
        let token = token(&fresh.url, "viewer").await;
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let file = folder.path().join("past.jsonl");
        let lines = "{\"origin\": \"old\", \"id\": 1, \"title\": \"The past\", \"started_at\": \"2026-01-02T03:04:05Z\", \"resolved_at\": \"2026-01-02T04:04:05Z\"}\n{}\n";
        std::fs::write(&file, lines).expect("it can be written");
        let import = async |more: &[&str]| run(&[&["import", "--database-url", &fresh.url, "--json"], more].concat()).await;
        let path = file.to_str().expect("it is text");
        let report = |output: &Output| serde_json::from_str::<Value>(&out(output)).expect("it is JSON");
        let first = import(&[path]).await;
        assert_eq!((&report(&first)["created"], &report(&first)["rejected"][0]["line"]), (&1.into(), &2.into()));
        assert!(!first.status.success() && err(&first).contains("not imported, line 2"), "a line was rejected: {}", err(&first));
        assert!(server.get("/api/v1/incidents", &token).await.text().await.expect("it is text").contains("The past"));
        assert_eq!(report(&import(&[path]).await)["unchanged"], 1);

        let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
        let page = import(&["--format", "statuspage", &format!("{fixtures}/statuspage/incidents_resolved.json")]).await;
        assert!(page.status.success(), "{}", err(&page));
        assert_eq!(report(&page)["created"], 1);
        let log = import(&["--format", "alerts", &format!("{fixtures}/outage-log.jsonl")]).await;
        assert_eq!((&report(&log)["alerts_opened"], &report(&log)["alerts_resolved"]), (&47.into(), &47.into()));
        assert!(!import(&["/no/such/file"]).await.status.success());
    }
}

story! {
    async fn verify_says_what_holds_and_names_what_does_not(fresh) {
        let verify = async |more: &[&str]| run(&[&["verify", "--database-url", &fresh.url], more].concat()).await;
        let whole = verify(&[]).await;
        assert!(whole.status.success() && err(&whole).contains("Every chain holds: 0 incidents"), "{}", err(&whole));
        use crate::people_at_work::{declared, done, jonas, mara, note, told};
        let incident = declared(&fresh.store, "Card payments fail", &mara()).await;
        done(told(&fresh.store, incident.id, note("the provider times out"), &jonas()).await);
        declared(&fresh.store, "Another", &mara()).await;
        let whole = verify(&["--rebuild", "--json"]).await;
        let said: Value = serde_json::from_str(&out(&whole)).expect("it is JSON");
        assert_eq!((&said["incidents"], &said["events"], &said["faults"]), (&2.into(), &3.into(), &serde_json::json!([])));

        sqlx::any::install_default_drivers();
        let pool = sqlx::AnyPool::connect(&fresh.url).await.expect("the database opens");
        let change = async |sql: &'static str| sqlx::query(sql).execute(&pool).await.expect("it can be changed");
        // What is derived differs from the record: only a rebuild sees it.
        change("UPDATE incidents SET title = 'Something else' WHERE ref = 2").await;
        assert!(verify(&[]).await.status.success());
        let changed = verify(&["--rebuild"]).await;
        assert_eq!(changed.status.code(), Some(1), "{}", err(&changed));
        assert!(err(&changed).contains("INC-2"), "{}", err(&changed));
        change("UPDATE incidents SET title = 'Another' WHERE ref = 2").await;
        change("INSERT INTO incident_services (incident_id, service) SELECT id, 'elsewhere' FROM incidents WHERE ref = 1").await;
        assert!(err(&verify(&["--rebuild"]).await).contains("INC-1"));
        change("DELETE FROM incident_services").await;
        assert!(verify(&["--rebuild"]).await.status.success());
        // The record itself was changed.
        change("UPDATE events SET data = '{\"text\":\"nothing happened\"}' WHERE seq = 2").await;
        let broken = verify(&["--json"]).await;
        assert_eq!(broken.status.code(), Some(1));
        assert!(err(&broken).contains("First: INC-1, entry 2"), "{}", err(&broken));
        let said: Value = serde_json::from_str(&out(&broken)).expect("it is JSON");
        assert_eq!((&said["faults"][0]["incident"], &said["faults"][0]["seq"]), (&"INC-1".into(), &2.into()));
        // An event that is gone, also the last one.
        change("DELETE FROM events WHERE seq = 2").await;
        let gone = verify(&[]).await;
        assert_eq!(gone.status.code(), Some(1), "{}", err(&gone));
        assert!(err(&gone).contains("First: INC-1, entry 2"), "{}", err(&gone));
        // A whole incident that is gone.
        change("DELETE FROM events WHERE hash NOT IN (SELECT hash FROM events WHERE incident_id IN (SELECT id FROM incidents WHERE ref = 2))").await;
        let gone = verify(&[]).await;
        assert_eq!(gone.status.code(), Some(1), "{}", err(&gone));
        assert!(err(&gone).contains("INC-1"), "{}", err(&gone));
    }
}

#[tokio::test]
async fn the_database_is_named_anywhere_on_the_line_in_the_surroundings_or_a_file() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = |name: &str| folder.path().join(name);
    let url = |name: &str| format!("sqlite://{}", file(name).display());
    let create = ["token", "create", "--name", "x", "--role", "viewer"];
    for (n, line) in [
        [&["--database-url", &url("0")], &create[..]].concat(),
        [&["token", "--database-url", &url("1")], &create[1..]].concat(),
        [&create[..], &["--database-url", &url("2")]].concat(),
        [&create[..], &[&format!("--database-url={}", url("3"))]].concat(),
    ]
    .iter()
    .enumerate()
    {
        let made = run(line).await;
        assert!(made.status.success(), "{line:?}: {}", err(&made));
        assert!(file(&n.to_string()).exists(), "a missing file is made: {line:?}");
    }
    let made = tocsin(&create).env("DATABASE_URL", url("4")).output().await.expect("it starts");
    assert!(made.status.success() && file("4").exists(), "{}", err(&made));
    std::fs::write(file("tocsin.toml"), format!("database_url = \"{}\"\n", url("5"))).expect("it can be written");
    let made = run(&[&create[..], &["--config", &file("tocsin.toml").display().to_string()]].concat()).await;
    assert!(made.status.success() && file("5").exists(), "{}", err(&made));
    let made = run(&[&create[..], &["--json", "--database-url", &url("6")]].concat()).await;
    let said: Value = serde_json::from_str(&out(&made)).expect("it is JSON");
    assert_eq!((&said["name"], &said["role"]), (&"x".into(), &"viewer".into()));
}

#[tokio::test]
async fn what_cannot_be_is_refused_in_words() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite://{}", folder.path().join("tocsin.sqlite").display());
    for (line, words) in [
        (vec!["token", "create", "--name", "x", "--role", "king"], "roles are viewer, responder, commander and admin"),
        (vec!["token", "create", "--name", " ", "--role", "viewer"], "a name is missing"),
        (vec!["token", "create", "--role", "viewer"], "--name"),
        (vec!["integration", "create", "--source", "nagios", "--name", "x"], "there is no source of that name"),
        (vec!["explode"], "explode"),
        (vec!["serve", "--listen", "0.0.0.0:0"], "--public-url https://"),
        (vec!["serve", "--listen", "0.0.0.0:0", "--public-url", "http://tocsin.example"], "--public-url https://"),
        (vec!["serve", "--listen", "[::]:0", "--demo"], "loopback"),
        (vec!["serve", "--listen", "0.0.0.0:0", "--demo", "--public-url", "https://tocsin.example"], "loopback"),
        (vec!["serve", "--listen", "localhost"], "--listen"),
        (vec!["serve", "--config", "/nowhere/tocsin.toml"], "/nowhere/tocsin.toml"),
    ] {
        let refused = run(&[&line[..], &["--database-url", &url]].concat()).await;
        assert!(!refused.status.success(), "{line:?}");
        assert!(err(&refused).contains(words), "{line:?}: {}", err(&refused));
        assert_eq!(out(&refused), "", "{line:?}");
        assert!(!err(&refused).contains("panicked"), "{}", err(&refused));
    }
    for (database, words) in [
        ("mysql://x", "database_url"),
        ("sqlite:///nowhere/at/all/tocsin.sqlite", "/nowhere/at/all/tocsin.sqlite"),
        ("sqlite:///proc/version", "/proc/version"),
    ] {
        for line in [&["verify"][..], &["serve", "--listen", "127.0.0.1:0"]] {
            let refused = run(&[line, &["--database-url", database]].concat()).await;
            assert!(!refused.status.success(), "{database}");
            assert!(err(&refused).contains(words), "{database}: {}", err(&refused));
        }
    }
    // A password in an address stays there.
    let refused = run(&["verify", "--database-url", "postgres://tocsin:hunter2hunter2@127.0.0.1:1/nothing"]).await;
    assert!(!refused.status.success());
    assert!(!err(&refused).contains("hunter2") && !out(&refused).contains("hunter2"), "{}", err(&refused));
    for line in [&["--help"][..], &["--version"], &["serve", "--help"], &["token", "create", "--help"]] {
        assert!(run(line).await.status.success(), "{line:?}");
    }
}

/// Nothing that is no database, or not ours any more, is worked on.
#[tokio::test]
async fn a_damaged_or_foreign_file_is_refused_with_its_name() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("notes.txt");
    let url = format!("sqlite://{}", path.display());
    std::fs::write(&path, "these are my notes, not a database\n".repeat(200)).expect("it can be written");
    for line in [&["verify"][..], &["serve", "--listen", "127.0.0.1:0"], &["token", "create", "--name", "x", "--role", "viewer"]] {
        let refused = run(&[line, &["--database-url", &url]].concat()).await;
        assert!(!refused.status.success() && err(&refused).contains("notes.txt"), "{line:?}: {}", err(&refused));
        assert!(err(&refused).contains("tocsin restore --replace"), "{line:?}: {}", err(&refused));
    }
    assert!(std::fs::read_to_string(&path).expect("it is text").starts_with("these are my notes"), "it is left as it was");
}

/// A file that lost its end is refused with the way back, and that way leads back.
#[tokio::test]
async fn a_file_that_was_cut_is_refused_with_the_way_back() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (path, backup) = (folder.path().join("tocsin.sqlite"), folder.path().join("house.backup").display().to_string());
    let url = format!("sqlite://{}", path.display());
    token(&url, "viewer").await;
    let backed_up = run(&["backup", &backup, "--database-url", &url]).await;
    assert!(backed_up.status.success(), "{}", err(&backed_up));
    let file = std::fs::OpenOptions::new().write(true).open(&path).expect("it is there");
    let whole = file.metadata().expect("it is there").len();
    file.set_len(whole / 2).expect("it can be cut");
    drop(file);
    for line in [&["verify"][..], &["serve", "--listen", "127.0.0.1:0"], &["token", "create", "--name", "x", "--role", "viewer"]] {
        let refused = run(&[line, &["--database-url", &url]].concat()).await;
        let said = err(&refused);
        assert!(!refused.status.success() && said.contains("tocsin.sqlite") && said.contains("tocsin restore --replace"), "{line:?}: {said}");
    }
    for of in ["", "-wal", "-shm"] {
        // The last two may be gone already.
        let _ = std::fs::rename(format!("{}{of}", path.display()), folder.path().join(format!("damaged{of}")));
    }
    let restored = run(&["restore", "--replace", &backup, "--database-url", &url]).await;
    assert!(restored.status.success() && err(&restored).contains("Every chain holds"), "{}", err(&restored));
}

/// A database that can only be read is refused at the start, not at the first alert.
#[tokio::test]
async fn a_file_that_cannot_be_written_is_refused_with_its_name() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("tocsin.sqlite");
    let url = format!("sqlite://{}", path.display());
    token(&url, "viewer").await;
    let read_only = run(&["serve", "--listen", "127.0.0.1:0", "--database-url", &format!("{url}?mode=ro")]).await;
    assert!(!read_only.status.success() && err(&read_only).contains("tocsin.sqlite"), "{}", err(&read_only));
    let allow = |path: &std::path::Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("it is ours");
    allow(&path, 0o444);
    allow(folder.path(), 0o555);
    let mut serve = tocsin(&["serve", "--listen", "127.0.0.1:0", "--database-url", &url]);
    if std::fs::write(folder.path().join("probe"), "").is_ok() {
        // Whoever may do everything may write there all the same: somebody else tries.
        serve.uid(65_534).gid(65_534);
    }
    let refused = timeout(WITHIN, serve.output()).await.expect("it ends");
    allow(folder.path(), 0o755);
    let Ok(refused) = refused else { return };
    assert!(!refused.status.success() && err(&refused).contains("tocsin.sqlite"), "{}", err(&refused));
}
