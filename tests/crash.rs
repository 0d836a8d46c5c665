//! The real server is killed at random moments while alerts and commands pour in. Whatever it
//! answered with a 2xx is there once after the restart, the chains hold, and the projection equals
//! a rebuild.
//!
//! `TOCSIN_CRASH_KILLS` sets how often it is killed on each database; 15 unless said otherwise.

use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    process::Stdio,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

const BINARY: &str = env!("CARGO_BIN_EXE_tocsin");

/// How long a start may take on a busy machine before the test gives up.
const START: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_accepted_is_lost_on_sqlite() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    survive(&format!("sqlite://{}", folder.path().join("tocsin.sqlite").display())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_accepted_is_lost_on_postgres() {
    use sqlx::{Connection, Executor};
    let server = std::env::var("TOCSIN_TEST_POSTGRES_URL").expect("TOCSIN_TEST_POSTGRES_URL names the server to test on; `./dev test` starts one and sets it");
    let name = format!("crash_{}", std::process::id());
    let mut connection = sqlx::PgConnection::connect(&server).await.expect("the test server answers");
    connection.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.expect("a database can be made");
    let (base, _) = server.rsplit_once('/').expect("the address names a database");
    survive(&format!("{base}/{name}")).await;
}

/// What was answered with a 2xx, and what was sent without an answer.
#[derive(Default)]
struct Ledger {
    /// Dedupe key → whether it was answered.
    alerts: BTreeMap<String, bool>,
    /// Idempotency key → (text, whether it was answered).
    notes: BTreeMap<String, (String, bool)>,
}

struct World {
    database: String,
    token: String,
    hook: String,
    /// Where the server answers now; empty while it is down.
    address: Mutex<String>,
    ledger: Mutex<Ledger>,
    stop: AtomicBool,
    next: AtomicU64,
}

async fn survive(database: &str) {
    tocsin::server::tls::install_crypto();
    let kills: usize = std::env::var("TOCSIN_CRASH_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(15);
    let token = tool(database, &["token", "create", "--name", "crash", "--role", "admin"]).await;
    let (mut server, address) = start(database).await;
    let client = reqwest::Client::new();
    let hook = "crash-test-routing-key".to_owned();
    let made = client
        .post(format!("{address}/api/v1/integrations"))
        .bearer_auth(&token)
        .json(&json!({ "source": "generic", "name": "crash", "token": hook, "settings": { "rate_limit": 0 } }))
        .send()
        .await
        .expect("the server answers");
    assert_eq!(made.status(), 201, "{}", made.text().await.unwrap_or_default());
    let declared: Value = client
        .post(format!("{address}/api/v1/incidents"))
        .bearer_auth(&token)
        .json(&json!({ "title": "Something is wrong", "severity": "SEV3" }))
        .send()
        .await
        .expect("the server answers")
        .json()
        .await
        .expect("the answer is JSON");
    let incident = declared["id"].as_str().expect("an incident has an id").to_owned();

    let world = Arc::new(World {
        database: database.to_owned(),
        token,
        hook,
        address: Mutex::new(address),
        ledger: Mutex::default(),
        stop: AtomicBool::new(false),
        next: AtomicU64::new(0),
    });
    let mut workers = Vec::new();
    for worker in 0..6 {
        let (world, incident) = (world.clone(), incident.clone());
        workers.push(tokio::spawn(async move { if worker < 4 { pour_alerts(&world).await } else { pour_notes(&world, &incident).await } }));
    }
    // Which moments are hit differs from run to run on purpose; the seed is printed to say which.
    let mut seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(1, |since| since.subsec_nanos() | 1);
    println!("seed {seed}");
    for _ in 0..kills {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        sleep(Duration::from_millis(u64::from(30 + seed % 400))).await;
        world.address.lock().expect("no worker panics").clear();
        server.kill().await.expect("it runs until it is killed");
        let (next, address) = start(&world.database).await;
        server = next;
        *world.address.lock().expect("no worker panics") = address;
    }
    sleep(Duration::from_millis(200)).await;
    world.stop.store(true, Ordering::SeqCst);
    for worker in workers {
        worker.await.expect("a worker ends by itself");
    }
    check(&world, &client, &incident).await;
    server.kill().await.expect("it runs until it is killed");
    let seen = tool(database, &["verify", "--rebuild"]).await;
    println!("{seen}");
}

impl World {
    fn address(&self) -> Option<String> {
        Some(self.address.lock().expect("no worker panics").clone()).filter(|address| !address.is_empty())
    }

    fn running(&self) -> bool {
        !self.stop.load(Ordering::SeqCst)
    }
}

async fn pour_alerts(world: &World) {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().expect("a client can be made");
    while world.running() {
        let Some(address) = world.address() else {
            sleep(Duration::from_millis(5)).await;
            continue;
        };
        let n = world.next.fetch_add(1, Ordering::SeqCst);
        let key = format!("alert-{n}");
        world.ledger.lock().expect("no worker panics").alerts.insert(key.clone(), false);
        let body = json!({ "title": format!("alert {n}"), "dedup_key": key, "severity": "critical", "labels": { "service": format!("service-{}", n % 7) } });
        let sent = client.post(format!("{address}/hooks/generic/{}", world.hook)).json(&body).send().await;
        if sent.is_ok_and(|answer| answer.status().is_success()) {
            world.ledger.lock().expect("no worker panics").alerts.insert(key, true);
        }
    }
}

async fn pour_notes(world: &World, incident: &str) {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().expect("a client can be made");
    while world.running() {
        let n = world.next.fetch_add(1, Ordering::SeqCst);
        let (key, text) = (format!("note-{n}"), format!("note number {n}"));
        world.ledger.lock().expect("no worker panics").notes.insert(key.clone(), (text.clone(), false));
        // Sent again with the same key until it is answered, as a phone would.
        while world.running() {
            let Some(address) = world.address() else {
                sleep(Duration::from_millis(5)).await;
                continue;
            };
            let sent = client
                .post(format!("{address}/api/v1/incidents/{incident}/commands"))
                .bearer_auth(&world.token)
                .header("Idempotency-Key", &key)
                .json(&json!({ "command": "note", "text": text }))
                .send()
                .await;
            if sent.is_ok_and(|answer| answer.status().is_success()) {
                world.ledger.lock().expect("no worker panics").notes.insert(key, (text, true));
                break;
            }
        }
    }
}

async fn check(world: &World, client: &reqwest::Client, incident: &str) {
    let address = world.address().expect("the server is up");
    let mut stored: HashMap<String, i64> = HashMap::new();
    for alert in all(world, client, &format!("{address}/api/v1/alerts")).await {
        *stored.entry(alert["dedupe_key"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    let mut notes: HashMap<String, i64> = HashMap::new();
    for entry in all(world, client, &format!("{address}/api/v1/incidents/{incident}/timeline")).await {
        if entry["kind"] == "note" {
            *notes.entry(entry["text"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
    }
    let ledger = world.ledger.lock().expect("no worker panics");
    let answered = ledger.alerts.values().filter(|answered| **answered).count();
    let confirmed = ledger.notes.values().filter(|(_, answered)| *answered).count();
    println!("{answered} of {} alerts and {confirmed} of {} notes were answered", ledger.alerts.len(), ledger.notes.len());
    assert!(answered > 50 && confirmed > 10, "the load was too small to mean anything");
    for (key, answered) in &ledger.alerts {
        let times = stored.get(key).copied().unwrap_or(0);
        assert!(times == 1 || (times == 0 && !answered), "alert {key} (answered: {answered}) is there {times} times");
    }
    for (text, answered) in ledger.notes.values() {
        let times = notes.get(text).copied().unwrap_or(0);
        assert!(times == 1 || (times == 0 && !answered), "“{text}” (answered: {answered}) is there {times} times");
    }
}

/// Every item of a list, page by page.
async fn all(world: &World, client: &reqwest::Client, list: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let sent = client.get(format!("{list}?limit=500{cursor}")).bearer_auth(&world.token).send().await.expect("the server answers");
        let page: Value = sent.json().await.expect("the answer is JSON");
        items.extend(page["items"].as_array().expect("a list has items").iter().cloned());
        let Some(next) = page["next_cursor"].as_str() else { return items };
        cursor = format!("&cursor={next}");
    }
}

/// Starts the server and waits until it says where it listens.
async fn start(database: &str) -> (Child, String) {
    let mut server = Command::new(BINARY)
        .args(["serve", "--listen", "127.0.0.1:0", "--database-url", database])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the binary was built");
    let begun = Instant::now();
    let mut lines = BufReader::new(server.stderr.take().expect("it is piped")).lines();
    let mut said = Vec::new();
    while let Ok(Ok(Some(line))) = timeout(START.saturating_sub(begun.elapsed()), lines.next_line()).await {
        if let Some((_, address)) = line.split_once("ready at ") {
            let address = address.trim().to_owned();
            // Its log goes on being read, so that it never waits for a full pipe.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return (server, address);
        }
        said.push(line);
    }
    panic!("the server did not start:\n{}", said.join("\n"));
}

/// Runs a subcommand beside the server and answers what it printed.
async fn tool(database: &str, arguments: &[&str]) -> String {
    let output = Command::new(BINARY).args(arguments).args(["--database-url", database]).output().await.expect("the binary was built");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
