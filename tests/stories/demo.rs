//! The demo drives a real server through its doors: what it sets stands in the record, twice adds
//! nothing, and it goes on until it is asked to stop.

use crate::{
    cli::{Running, WITHIN, err, out, run, tocsin, token},
    story,
};
use serde_json::Value;
use std::{process::Stdio, time::Duration};
use tokio::time::timeout;

async fn items(server: &Running, path: &str, token: &str) -> Vec<Value> {
    let page: Value = server.get(path, token).await.json().await.expect("it is JSON");
    page["items"].as_array().unwrap_or_else(|| panic!("{path}: {page}")).clone()
}

async fn demo(server: &Running, more: &[&str]) -> std::process::Output {
    run(&[&["demo", "--server", &server.address, "--days", "10", "--once", "--json"], more].concat()).await
}

fn said(output: &std::process::Output) -> Value {
    assert!(output.status.success(), "{}", err(output));
    serde_json::from_str(&out(output)).unwrap_or_else(|error| panic!("{error}: {}", out(output)))
}

story! {
    async fn a_demo_has_a_past_and_a_present_and_twice_adds_nothing(fresh) {
        let server = Running::with(&fresh.url, &["--demo"]).await;
        let first = said(&demo(&server, &[]).await);
        assert_eq!((&first["imported"]["created"], &first["scenes"]), (&26.into(), &10.into()), "{first}");
        let admin = token(&fresh.url, "admin").await;

        let past = items(&server, "/api/v1/incidents?origin=Pagerbook&limit=500", &admin).await;
        assert_eq!(past.len(), 26);
        assert!(past.iter().all(|incident| incident["state"] == "resolved"));
        let open = items(&server, "/api/v1/incidents?state=open&limit=500", &admin).await;
        let kinds = |kind: &str| open.iter().filter(|incident| incident["kind"] == kind).count();
        assert_eq!((kinds("incident"), kinds("maintenance"), kinds("drill")), (6, 1, 1), "{open:?}");
        let titled = |title: &str| open.iter().find(|incident| incident["title"].as_str().is_some_and(|words| words.starts_with(title))).unwrap_or_else(|| panic!("{title}"));
        let story = titled("Card payments fail");
        assert_eq!((&story["roles"]["commander"]["holder"]["person"]["name"], &story["severity"]), (&"Mara".into(), &"SEV1".into()));
        assert_eq!(story["roles"]["operations"]["holder"]["person"]["name"], "Tomas");
        assert_eq!(titled("Gateway lost its link")["services"].as_array().map(Vec::len), Some(9), "a storm is one incident");
        assert_eq!((&titled("Thumbnails")["acknowledged"], &titled("Thumbnails")["state"]), (&Value::Null, &"triage".into()));
        assert_eq!(titled("Password-reset")["acknowledged"]["by"], "Jonas");
        assert_eq!(titled("Search index")["state"], "mitigated");
        let resolved = items(&server, "/api/v1/incidents?state=resolved&limit=10", &admin).await;
        let by = |title: &str| resolved.iter().find(|incident| incident["title"].as_str().is_some_and(|words| words.starts_with(title))).map(|incident| incident["resolved_by"].clone());
        assert!(by("Checkout answers 500").is_some() && by("Gateway p95").is_some(), "{resolved:?}");

        let timeline = items(&server, &format!("/api/v1/incidents/{}/timeline", story["id"].as_str().expect("it has an id")), &admin).await;
        for name in ["Mara", "Tomas", "Jonas", "Elif"] {
            assert!(timeline.iter().any(|entry| entry["actor"]["name"] == name && entry["actor"]["kind"] == "person"), "{name} wrote nothing: {timeline:?}");
        }
        let alerts = items(&server, "/api/v1/alerts?limit=500", &admin).await;
        for source in ["alertmanager", "generic"] {
            assert!(alerts.iter().any(|alert| alert["source"] == source), "{source}");
        }

        let again = demo(&server, &[]).await;
        assert!(err(&again).contains("The history is there already (26 incidents)"), "{}", err(&again));
        assert_eq!((&said(&again)["imported"]["created"], &said(&again)["scenes"]), (&0.into(), &0.into()));
        assert_eq!(items(&server, "/api/v1/alerts?limit=500", &admin).await.len(), alerts.len());
        let other = demo(&server, &["--seed", "8", "--incidents", "40"]).await;
        assert!(err(&other).contains("Another history is there already"), "{}", err(&other));

        let verified = run(&["verify", "--rebuild", "--database-url", &fresh.url]).await;
        assert!(verified.status.success(), "{}", err(&verified));
    }
}

story! {
    async fn a_demo_goes_on_until_it_is_asked_to_stop(fresh) {
        let server = Running::with(&fresh.url, &["--demo"]).await;
        let admin = token(&fresh.url, "admin").await;
        let mut command = tocsin(&["demo", "--server", &server.address, "--incidents", "0", "--speed", "100"]);
        let child = command.stderr(Stdio::piped()).spawn().expect("it starts");
        let pid = child.id().expect("it runs").to_string();
        // The present holds eleven; more is life.
        timeout(WITHIN, async {
            while items(&server, "/api/v1/incidents?limit=500", &admin).await.len() < 13 {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        })
        .await
        .expect("something happens");
        let stopped = tokio::process::Command::new("kill").args(["-TERM", &pid]).status().await.expect("there is kill");
        assert!(stopped.success());
        let ended = timeout(WITHIN, child.wait_with_output()).await.expect("it ends").expect("it ran");
        assert!(ended.status.success() && err(&ended).contains("The demo stops"), "{}", err(&ended));
        assert!(!err(&ended).contains("Not done"), "{}", err(&ended));
        let verified = run(&["verify", "--rebuild", "--database-url", &fresh.url]).await;
        assert!(verified.status.success(), "{}", err(&verified));
    }
}

story! {
    async fn a_server_that_is_no_demo_is_left_alone_unless_somebody_really_means_it(fresh) {
        let server = Running::on(&fresh.url).await;
        let refused = demo(&server, &[]).await;
        assert!(!refused.status.success() && err(&refused).contains("is no demo"), "{}", err(&refused));
        let refused = demo(&server, &["--really"]).await;
        assert!(!refused.status.success() && err(&refused).contains("--really needs"), "{}", err(&refused));
        let admin = token(&fresh.url, "admin").await;
        assert_eq!(items(&server, "/api/v1/incidents", &admin).await, Vec::<Value>::new());
        assert_eq!(items(&server, "/api/v1/integrations", &admin).await, Vec::<Value>::new());
        let meant = said(&demo(&server, &["--really", "--token", &admin]).await);
        assert_eq!((&meant["imported"]["created"], &meant["scenes"]), (&26.into(), &10.into()));
    }
}

#[tokio::test]
async fn an_address_that_cannot_be_a_server_is_refused_in_words() {
    for (server, words) in [("https://tocsin.example", "no TLS"), ("localhost:3000", "http://")] {
        let refused = run(&["demo", "--server", server]).await;
        assert!(!refused.status.success() && err(&refused).contains(words), "{server}: {}", err(&refused));
    }
}

/// A demo that is started before its server waits for it and says so.
#[tokio::test]
async fn a_server_that_is_not_there_yet_is_waited_for() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port is free");
    let mut child = tocsin(&["demo", "--server", &format!("http://{nobody}")]).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut lines = tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(child.stderr.take().expect("it is piped")));
    let first = timeout(WITHIN, lines.next_line()).await.expect("it says so").expect("it can be read").unwrap_or_default();
    assert!(first.contains("does not answer") && first.contains("Waiting"), "{first}");
    assert_eq!(child.try_wait().expect("it can be asked"), None, "it still waits");
    child.kill().await.expect("it runs until then");
}
