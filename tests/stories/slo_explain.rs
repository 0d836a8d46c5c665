//! `tocsin slo explain`: the real binary computes a figure anew from what a server took in.

use crate::{
    cli::{Running, err, out, run, token},
    story,
};
use serde_json::Value;
use tocsin::{domain::time::Timestamp, server::clock::Clock};

const DAY: i64 = 86_400;

/// 8,640 readings of a thousand events; ten of them with four hundred bad ones: 4,000 of 8,640,000.
fn month(now: Timestamp) -> String {
    let begin = now.epoch_secs() / 300 * 300 - 30 * DAY;
    let line = |n: i64| {
        let at = Timestamp::from_micros((begin + n * 300) * 1_000_000);
        let bad = if (4_000..4_010).contains(&n) { 400 } else { 0 };
        serde_json::json!({"objective": "pay", "at": at.to_string(), "bad": bad, "total": 1000}).to_string() + "\n"
    };
    (0..8_640).map(line).collect()
}

story! {
    async fn a_figure_is_explained_on_the_command_line(fresh) {
        let server = Running::on(&fresh.url).await;
        let token = token(&fresh.url, "commander").await;
        let draft = r#"{"name": "pay", "title": "Payments", "service": "pay", "target": "99.9 %", "window": "30d", "slice_s": 300}"#;
        assert_eq!(server.post("/api/v1/slos", &token, draft).await.status(), 201);
        assert_eq!(server.post("/api/v1/sli", &token, &month(Clock::system().now())).await.status(), 200);

        let told = run(&["slo", "explain", "pay", "--database-url", &fresh.url]).await;
        assert!(told.status.success(), "{}", err(&told));
        for part in ["Payments (pay)", "54 %", "allowed = total × (1 − 0.999)", "bad events", "4,000", "8,640", "Everything was measured.", "tocsin slo explain pay --at "] {
            assert!(out(&told).contains(part), "{part} is not in\n{}", out(&told));
        }
        // The command it names tells the same.
        let check = out(&told).lines().find_map(|line| line.trim().strip_prefix("tocsin slo explain pay --at ").map(str::to_owned)).expect("it names itself");
        let again = run(&["slo", "explain", "pay", "--at", &check, "--database-url", &fresh.url, "--json"]).await;
        let derivation: Value = serde_json::from_str(&out(&again)).expect("it is JSON");
        assert_eq!((&derivation["figure"], &derivation["objective"]["name"]), (&"54 %".into(), &"pay".into()));
        // Over REST it is the same derivation.
        let rest: Value = server.get("/api/v1/slos/pay/explain", &token).await.json().await.expect("it is JSON");
        assert_eq!((&rest["figure"], &rest["inputs"]), (&derivation["figure"], &derivation["inputs"]));

        for (arguments, words) in [
            (vec!["slo", "explain", "nobody"], "no such objective"),
            (vec!["slo", "explain", "pay", "--at", "soon"], "“soon” is no time"),
            (vec!["slo", "explain", "pay", "--at", "2099-01-01T00:00:00Z"], "nobody knows yet"),
            (vec!["slo", "explain", "pay", "--window", "7d"], "this objective has 30d"),
        ] {
            let refused = run(&[arguments.as_slice(), &["--database-url", &fresh.url]].concat()).await;
            assert!(!refused.status.success() && err(&refused).contains(words), "{arguments:?}: {}", err(&refused));
        }
        server.stop().await;
    }
}
