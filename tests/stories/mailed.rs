//! The brief by mail, handed to a real mail server: what arrives, and what is said when it is not
//! taken.
//!
//! The server is aiosmtpd, which `./dev test` installs. Alone, a story finds it where that put it,
//! or under the path that `AIOSMTPD` names.

use crate::{
    callers::House,
    cli::{err, out, run, tocsin},
    databases::Fresh,
    story,
};
use axum::http::Method;
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tocsin::{
    domain::people::Role,
    server::{
        briefs::{self, BriefMail},
        clock::Clock,
        config::Config,
        mail::{Security, Smtp},
        store::Store,
    },
};
use tokio::{
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    time::{sleep, timeout},
};

const WITHIN: Duration = Duration::from_secs(30);
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/authority.pem");
/// Mail programs cut what is longer.
const LARGEST_BYTES: u64 = 60_000;

/// The program, and the Python beside it.
fn aiosmtpd() -> (PathBuf, PathBuf) {
    let cache = || {
        let folder = std::env::var("XDG_CACHE_HOME").map(PathBuf::from).or_else(|_| std::env::var("HOME").map(|home| PathBuf::from(home).join(".cache")));
        let tools = folder.ok()?.join("tocsin/tools");
        let mut homes: Vec<PathBuf> = std::fs::read_dir(tools).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
        homes.sort();
        homes.into_iter().map(|home| home.join("bin/aiosmtpd")).rfind(|program| program.is_file())
    };
    let program = std::env::var("AIOSMTPD").map(PathBuf::from).ok().or_else(cache);
    let program = program.expect("the mail server of the tests is missing: ./dev test installs aiosmtpd, or name one: AIOSMTPD=/path/to/aiosmtpd");
    let python = program.with_file_name("python3");
    (program, python)
}

/// A mail server on a free port; it ends with the story.
struct Post {
    port: u16,
    folder: tempfile::TempDir,
    running: Child,
}

impl Post {
    /// One that keeps what it is given, and speaks TLS if it is told to.
    async fn that_keeps(with_tls: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let port = free_port().await;
        let mut command = Command::new(aiosmtpd().0);
        command.args(["--nosetuid", "--listen", &format!("127.0.0.1:{port}")]);
        if with_tls {
            command.args(["--tlscert", &format!("{FIXTURES}/tls/server.pem"), "--tlskey", &format!("{FIXTURES}/tls/server.key")]);
        }
        command.args(["--class", "aiosmtpd.handlers.Mailbox"]).arg(folder.path().join("mail"));
        Self::running(command, port, folder).await
    }

    async fn that_refuses() -> Self {
        let port = free_port().await;
        let mut command = Command::new(aiosmtpd().1);
        command.arg(format!("{FIXTURES}/smtp/refuses.py")).arg(port.to_string());
        Self::running(command, port, tempfile::tempdir().expect("a folder can be made")).await
    }

    async fn running(mut command: Command, port: u16, folder: tempfile::TempDir) -> Self {
        let program = command.as_std().get_program().to_owned();
        let running = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn();
        let running = running.unwrap_or_else(|error| panic!("{} cannot be started: {error}", program.display()));
        let listens = async {
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(WITHIN, listens).await.unwrap_or_else(|_| panic!("{} does not listen", program.display()));
        Self { port, folder, running }
    }

    /// Everything that it was given, by whom it is for.
    async fn mails(&self) -> Vec<Value> {
        let read =
            Command::new(aiosmtpd().1).arg(format!("{FIXTURES}/smtp/read.py")).arg(self.folder.path().join("mail")).output().await.expect("python starts");
        assert!(read.status.success(), "{}", err(&read));
        serde_json::from_str(&out(&read)).expect("it prints a list")
    }

    /// A configuration file that names it.
    fn config(&self, name: &str, more: &str) -> String {
        let file = self.folder.path().join(name);
        let text = format!(
            "[smtp]\nhost = \"127.0.0.1\"\nport = {}\nfrom = \"Tocsin <tocsin@example.com>\"\n{more}\n\
             [brief]\nto = [\"Zoë <zoe@example.com>\", \"boss@example.com\"]\n",
            self.port
        );
        std::fs::write(&file, text).expect("it can be written");
        file.display().to_string()
    }
}

async fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.and_then(|free| free.local_addr()).expect("a port is free").port()
}

/// What an executive has to hear of: an objective that is over budget, an incident, and one that is
/// nobody's business.
async fn trouble(fresh: &Fresh) {
    let store = Store::open(&fresh.url, Clock::system()).await.expect("the database opens");
    let house = House::over(store, Config::default());
    let caller = house.program(Role::Admin).await;
    caller
        .post("/api/v1/slos", &json!({"name": "pay", "title": "Zahlungen & Überweisungen", "target": "99.9 %", "window": "7d", "slice_s": 3_600}))
        .await
        .is(201);
    let hour = Clock::system().now().epoch_secs() / 3_600;
    let at = |n: i64| tocsin::domain::time::Timestamp::from_micros((hour - n) * 3_600_000_000);
    let lines: String = (1..=7 * 24).map(|n| json!({"objective": "pay", "at": at(n), "bad": 5, "total": 1_000}).to_string() + "\n").collect();
    caller.send(Method::POST, "/api/v1/sli", lines).await.is(200);
    caller.declared(json!({"title": "Nobody can pay — <b>äöü</b> 支払い", "severity": "SEV1"})).await;
    caller.declared(json!({"title": "a breach that few know of", "severity": "SEV1", "private": true})).await;
}

async fn brief(fresh: &Fresh, more: &[&str]) -> std::process::Output {
    run(&[&["brief", "--database-url", &fresh.url], more].concat()).await
}

fn part<'a>(mail: &'a Value, kind: &str) -> &'a str {
    let parts = mail["parts"].as_array().expect("it has parts");
    parts.iter().find(|part| part["type"] == kind).and_then(|part| part["text"].as_str()).unwrap_or_else(|| panic!("{kind} is in it: {mail}"))
}

story! {
    async fn the_brief_arrives_in_both_its_forms_at_everybody_who_is_named(fresh) {
        trouble(&fresh).await;
        let post = Post::that_keeps(false).await;
        let config = post.config("open.toml", "security = \"none\"");
        let printed = out(&brief(&fresh, &["--config", &config]).await);
        let sent = brief(&fresh, &["--config", &config, "--mail", "--json"]).await;
        assert!(sent.status.success(), "{}", err(&sent));
        assert_eq!(serde_json::from_str::<Value>(&out(&sent)).expect("it is JSON")["sent"], 2);

        let mails = post.mails().await;
        assert_eq!(mails.len(), 2, "each gets their own");
        for (mail, (to, address)) in mails.iter().zip([("Zoë <zoe@example.com>", "zoe@example.com"), ("boss@example.com", "boss@example.com")]) {
            assert_eq!((&mail["to"], &mail["handed_over_to"], &mail["handed_over_from"]), (&json!(to), &json!(address), &json!("tocsin@example.com")));
            assert_eq!((&mail["from"], &mail["type"], mail["date"].is_string()), (&json!("Tocsin <tocsin@example.com>"), &json!("multipart/alternative"), true));
            let subject = mail["subject"].as_str().unwrap_or_default();
            assert!(subject.contains("Zahlungen & Überweisungen is over budget"), "{subject}");
            // The same words as on the command line, but for what ages meanwhile.
            let (text, html) = (part(mail, "text/plain").replace("\r\n", "\n"), part(mail, "text/html"));
            assert_eq!(text.lines().next(), Some(subject));
            assert_eq!(text.lines().count(), printed.lines().count(), "{text}\n{printed}");
            assert!(text.contains("Nobody can pay — <b>äöü</b> 支払い") && html.contains("Nobody can pay — &lt;b&gt;äöü&lt;/b&gt; 支払い"), "{text}\n{html}");
            assert!(!text.contains("few know of") && !html.contains("few know of"), "a mail can be passed on");
            assert!(html.starts_with("<!doctype html>") && !html.contains("<script"), "{html}");
            assert!(mail["bytes"].as_u64().is_some_and(|bytes| bytes < LARGEST_BYTES), "{}", mail["bytes"]);
        }

        let named = brief(&fresh, &["--config", &config, "--mail", "ops@example.com"]).await;
        assert!(named.status.success() && err(&named).contains("ops@example.com"), "{}", err(&named));
        assert_eq!(post.mails().await.len(), 3, "those on the command line instead");
    }
}

story! {
    async fn what_the_mail_server_refuses_is_said_in_its_words(fresh) {
        trouble(&fresh).await;
        let post = Post::that_keeps(false).await;
        let refused = async |config: &str, words: &[&str]| {
            let refused = brief(&fresh, &["--config", config, "--mail"]).await;
            assert!(!refused.status.success() && out(&refused).is_empty(), "{}", out(&refused));
            let said = err(&refused);
            assert!(words.iter().all(|word| said.contains(word)) && !said.contains("hunter2") && !said.contains("panicked"), "{said}");
        };
        // TLS is wanted, by default, and this server knows none: the mail is not sent in the open.
        refused(&post.config("starttls.toml", ""), &["the mail server 127.0.0.1 did not take it", "STARTTLS"]).await;
        assert_eq!(post.mails().await.len(), 0);
        let strict = Post::that_refuses().await;
        refused(&strict.config("user.toml", "security = \"none\"\nuser = \"tocsin\"\npassword = \"hunter2\""), &["did not take it", "535"]).await;
        refused(&strict.config("anonymous.toml", "security = \"none\""), &["did not take it", "530"]).await;
        let mut gone = strict;
        gone.running.kill().await.expect("it can be ended");
        refused(&gone.config("gone.toml", "security = \"none\""), &["did not take it", "onnection"]).await;
    }
}

story! {
    async fn a_mail_server_with_tls_gets_it_once_its_authority_is_known(fresh) {
        trouble(&fresh).await;
        let post = Post::that_keeps(true).await;
        let config = post.config("tls.toml", "");
        let arguments = ["brief", "--database-url", &fresh.url, "--config", &config, "--mail"];
        let stranger = brief(&fresh, &arguments[3..]).await;
        assert!(!stranger.status.success() && err(&stranger).contains("certificate"), "{}", err(&stranger));
        assert_eq!(post.mails().await.len(), 0);
        let known = timeout(WITHIN, tocsin(&arguments).env("SSL_CERT_FILE", AUTHORITY).output()).await.expect("it ends").expect("it starts");
        assert!(known.status.success(), "{}", err(&known));
        assert_eq!(post.mails().await.len(), 2);
    }
}

story! {
    async fn the_brief_comes_once_a_day_at_its_hour(fresh) {
        let post = Post::that_keeps(false).await;
        let smtp = |port: u16| Smtp {
            host: "127.0.0.1".into(), port: Some(port), security: Security::None, user: None, password: None, from: "Tocsin <tocsin@example.com>".into(),
        };
        let brief = BriefMail { to: vec!["boss@example.com".into()], at: "12:30".into(), zone: "UTC".into(), days: vec![] };
        let house = |port: u16| House::over(fresh.store.clone(), Config { smtp: Some(smtp(port)), brief: Some(brief.clone()), ..Config::default() });
        let (one, other) = (house(post.port), house(post.port));
        let caller = one.program(Role::Admin).await;
        caller.declared(json!({"title": "Nobody can pay", "severity": "SEV1"})).await;
        let looks = async |of: &House| briefs::mail_if_due(&of.app).await.expect("the store works");

        looks(&one).await;
        assert!(!Path::new(&post.folder.path().join("mail/new")).exists() || post.mails().await.is_empty(), "it is noon, half an hour early");
        fresh.at(1_800);
        // Two servers and many looks: one mail.
        for house in [&one, &other, &one, &other] {
            looks(house).await;
        }
        let mails = post.mails().await;
        assert_eq!(mails.len(), 1, "{mails:?}");
        assert!(part(&mails[0], "text/plain").contains("Nobody can pay, for 30 min, nobody has it"), "{}", mails[0]);

        // A server that refuses is not asked again and again; the next day it is.
        let day = 86_400;
        fresh.at(day + 1_800);
        looks(&house(free_port().await)).await;
        looks(&one).await;
        assert_eq!(post.mails().await.len(), 1);
        fresh.at(2 * day + 1_800);
        looks(&one).await;
        assert_eq!(post.mails().await.len(), 2);
        // Too late is not sent at all.
        fresh.at(3 * day + 8 * 3_600);
        looks(&one).await;
        assert_eq!(post.mails().await.len(), 2);
    }
}
