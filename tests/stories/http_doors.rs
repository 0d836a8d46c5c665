//! The doors for senders: where keys stand, in which order a delivery is judged, and what is
//! thrown at them.

use crate::{
    callers::{Answer, Caller, House, alertmanager, labelled, text},
    story,
};
use axum::{
    body::{Body, Bytes},
    http::Method,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use tocsin::domain::people::Role;

const KEY: &str = "0123456789abcdef-my-own-key";

fn signature(secret: &str, signed: &[u8]) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(signed);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One integration of each source, all with keys that the callers brought.
async fn with_senders(house: &House) {
    for source in ["alertmanager", "prometheus", "grafana", "pagerduty_events", "github", "gitlab", "argocd", "generic"] {
        house.integration(json!({"source": source, "name": source, "token": format!("{KEY}-{source}")})).await;
    }
}

fn prometheus_alert() -> Value {
    json!([{"labels": {"alertname": "Down", "service": "checkout", "severity": "critical"}}])
}

fn grafana_alert() -> Value {
    serde_json::from_str(include_str!("../fixtures/grafana/firing.json")).expect("the fixture is JSON")
}

fn trigger(key: &str) -> Value {
    json!({"routing_key": format!("{KEY}-pagerduty_events"), "event_action": "trigger", "dedup_key": key,
           "payload": {"summary": "Down", "source": "db-1", "severity": "critical"}})
}

async fn alerts(house: &House) -> usize {
    house.program(Role::Viewer).await.items("/api/v1/alerts?limit=500").await.len()
}

async fn post(caller: &Caller, path: &str, body: impl Into<Body>) -> Answer {
    caller.send(Method::POST, path, body).await
}

story! {
    async fn a_key_opens_from_the_path_and_from_every_header(fresh) {
        let house = House::of(&fresh);
        with_senders(&house).await;
        let nobody = house.nobody();
        let (generic, prometheus) = (format!("{KEY}-generic"), format!("{KEY}-prometheus"));
        let basic = |key: &str| format!("Basic {}", BASE64_STANDARD.encode(format!("any one:{key}")));
        let body = |n: usize| json!({"title": format!("alert {n}")});
        nobody.post(&format!("/hooks/generic/{generic}"), &body(1)).await.is(200);
        nobody.saying("authorization", &format!("Bearer {generic}")).post("/hooks/generic", &body(2)).await.is(200);
        nobody.saying("authorization", &format!("bearer {generic}")).post("/hooks/generic", &body(3)).await.is(200);
        nobody.saying("authorization", &basic(&generic)).post("/hooks/generic", &body(4)).await.is(200);
        nobody.saying("x-tocsin-token", &generic).post("/hooks/generic", &body(5)).await.is(200);
        nobody.send(Method::PUT, &format!("/hooks/generic/{generic}"), body(6).to_string()).await.is(200);
        assert_eq!(alerts(&house).await, 6);
        // Prometheus finds its fixed path, at the root and behind a prefix; 200 and nothing else.
        for (caller, path) in [
            (nobody.saying("authorization", &format!("Bearer {prometheus}")), "/api/v2/alerts".to_owned()),
            (nobody.saying("authorization", &basic(&prometheus)), "/api/v2/alerts".to_owned()),
            (nobody.clone(), format!("/hooks/prometheus/{prometheus}/api/v2/alerts")),
            (nobody.clone(), format!("/hooks/prometheus/{prometheus}")),
        ] {
            let answer = caller.post(&path, &prometheus_alert()).await;
            assert_eq!((answer.status, answer.text().as_str()), (200, ""), "{path}");
        }
        for path in ["/api/v2/status", "/-/healthy", "/-/ready"] {
            assert_eq!(nobody.get(path).await.status, 200, "{path}");
        }
        // The key of one source opens no other, and neither does an API token.
        for (path, key) in [("/hooks/alertmanager", &generic), ("/hooks/generic", &prometheus), ("/api/v2/alerts", &generic)] {
            assert_eq!(nobody.saying("authorization", &format!("Bearer {key}")).post(path, &json!([])).await.status, 401, "{path}");
        }
        assert_eq!(house.program(Role::Admin).await.post("/hooks/generic", &body(7)).await.refused(401), "unknown_key");
        assert_eq!(nobody.post("/hooks/generic", &body(7)).await.refused(401), "unknown_key");
        assert_eq!(nobody.post("/hooks/generic/", &body(7)).await.status, 404);
        assert_eq!(nobody.post(&format!("/hooks/elsewhere/{generic}"), &body(7)).await.refused(404), "unknown_source");
        assert_eq!(nobody.post("/hooks/%ff/%ff", &body(7)).await.refused(404), "unknown_source");
        assert_eq!(nobody.get(&format!("/hooks/generic/{generic}")).await.refused(405), "method_not_allowed");
        assert_eq!(nobody.saying("authorization", &format!("Bearer {generic}")).get("/api/v1/incidents").await.refused(401), "signed_out", "a sender reads nothing");
    }
}

story! {
    /// SNS says text/plain, curl a form, some say nothing at all.
    async fn the_content_type_is_not_asked(fresh) {
        let house = House::of(&fresh);
        with_senders(&house).await;
        let hooks = [
            (format!("/hooks/generic/{KEY}-generic"), json!({"title": "x"}), 200),
            (format!("/hooks/alertmanager/{KEY}-alertmanager"), alertmanager(&[labelled("f", "s", "critical", "2026-08-11T12:00:00Z", None)]), 200),
            (format!("/hooks/prometheus/{KEY}-prometheus"), prometheus_alert(), 200),
            (format!("/hooks/grafana/{KEY}-grafana"), grafana_alert(), 200),
            ("/v2/enqueue".to_owned(), trigger("k"), 202),
        ];
        for content_type in ["", "text/plain; charset=UTF-8", "application/x-www-form-urlencoded", "application/json; charset=utf-16", "multipart/form-data", "nonsense"] {
            let caller = if content_type.is_empty() { house.nobody() } else { house.nobody().saying("content-type", content_type) };
            for (path, body, status) in &hooks {
                assert_eq!(post(&caller, path, body.to_string()).await.status, *status, "{content_type} {path}");
            }
            if !content_type.is_empty() {
                assert_eq!(post(&house.program(Role::Responder).await.saying("content-type", content_type), "/api/v1/incidents", "{\"title\": \"x\"}").await.status, 201);
            }
        }
    }
}

story! {
    async fn pagerduty_senders_are_answered_as_they_are_used_to(fresh) {
        let house = House::of(&fresh);
        with_senders(&house).await;
        let nobody = house.nobody();
        let send = async |event: &Value| nobody.post("/v2/enqueue", event).await;
        let said = send(&trigger("k1")).await.is(202);
        assert_eq!(said, json!({"status": "success", "message": "Event processed", "dedup_key": "k1"}));
        let mut without_key = trigger("");
        without_key.as_object_mut().expect("it is an object").remove("dedup_key");
        let (one, two) = (text(&send(&without_key).await.is(202)["dedup_key"]), text(&send(&without_key).await.is(202)["dedup_key"]));
        assert_ne!(one, two, "without a key each is an alert of its own");
        assert_eq!(alerts(&house).await, 3);

        let act = |action: &str, key: &str| json!({"routing_key": format!("{KEY}-pagerduty_events"), "event_action": action, "dedup_key": key, "payload": null});
        send(&act("acknowledge", "k1")).await.is(202);
        let reader = house.program(Role::Viewer).await;
        let alert = async || reader.items("/api/v1/alerts?dedupe_key=k1").await.remove(0);
        assert_eq!(alert().await["state"], "acknowledged");
        send(&trigger("k1")).await.is(202);
        assert_eq!((&alert().await["state"], &alert().await["deliveries"]), (&json!("acknowledged"), &json!(3)), "an update of an open alert takes nothing back");
        fresh.at(10);
        send(&act("resolve", "k1")).await.is(202);
        assert_eq!(alert().await["state"], "resolved");
        // Acknowledging what is over, or what nobody knows: accepted and dropped.
        for dropped in [act("acknowledge", "k1"), act("resolve", "k1"), act("acknowledge", "nobody"), act("resolve", "nobody")] {
            send(&dropped).await.is(202);
        }
        assert_eq!((alert().await["state"].clone(), alerts(&house).await), (json!("resolved"), 3));
        fresh.at(20);
        send(&trigger("k1")).await.is(202);
        assert_eq!(reader.items("/api/v1/alerts?dedupe_key=k1").await.len(), 2, "after its resolve a trigger is a new alert");

        let change = json!({"routing_key": format!("{KEY}-pagerduty_events"), "payload": {"summary": "Build 12 deployed"}});
        assert_eq!(nobody.post("/v2/change/enqueue", &change).await.is(202)["status"], "success");

        for (path, event, word) in [
            ("/v2/enqueue", json!({}), "routing_key"),
            ("/v2/enqueue", json!({"routing_key": "wrong wrong wrong wrong", "event_action": "trigger"}), "routing_key"),
            ("/v2/enqueue", json!({"routing_key": format!("{KEY}-pagerduty_events"), "event_action": "explode"}), "event_action"),
            ("/v2/enqueue", json!({"routing_key": format!("{KEY}-pagerduty_events"), "event_action": "trigger"}), "payload.summary"),
            ("/v2/enqueue", act("resolve", ""), "dedup_key"),
            ("/v2/enqueue", act("resolve", &"ü".repeat(256)), "dedup_key"),
            ("/v2/enqueue", json!([]), "routing_key"),
            ("/v2/change/enqueue", json!({"routing_key": format!("{KEY}-pagerduty_events")}), "payload.summary"),
        ] {
            let said = nobody.post(path, &event).await.is(400);
            assert_eq!((&said["status"], &said["message"]), (&json!("invalid event"), &json!("Event object is invalid")), "{event}");
            assert!(said["errors"][0].as_str().is_some_and(|error| error.contains(word)), "{said}");
        }
        send(&act("acknowledge", &"ü".repeat(255))).await.is(202);
        let mut long = trigger("long");
        long["payload"]["summary"] = json!("ü".repeat(1_024));
        send(&long).await.is(202);
        long["payload"]["summary"] = json!("ü".repeat(1_025));
        send(&long).await.is(400);
    }
}

story! {
    async fn a_batch_with_a_bad_alert_keeps_the_good_ones_and_says_so(fresh) {
        let house = House::of(&fresh);
        with_senders(&house).await;
        let caller = house.nobody().saying("authorization", &format!("Bearer {KEY}-prometheus"));
        let answer = caller.post("/api/v2/alerts", &json!([{"labels": {"alertname": "A"}}, {"labels": {"a": ""}}, 7, {"labels": {"alertname": "B"}}])).await;
        let words = answer.is(400);
        assert!(words.as_str().is_some_and(|words| words.contains("alert 1") && words.contains("alert 2")), "{words}");
        assert_eq!(alerts(&house).await, 2);
        assert!(caller.post("/api/v2/alerts", &json!({})).await.is(400).is_string());
        assert_eq!(caller.post("/api/v2/alerts", &json!([])).await.status, 200);
    }
}

story! {
    /// What no sender sends by mistake: every one of these is 4xx, and the server goes on.
    async fn what_is_thrown_at_the_doors_is_refused_or_kept_as_text(fresh) {
        let house = House::of(&fresh);
        with_senders(&house).await;
        let hooks = [format!("/hooks/generic/{KEY}-generic"), format!("/hooks/alertmanager/{KEY}-alertmanager"), format!("/hooks/prometheus/{KEY}-prometheus"), format!("/hooks/grafana/{KEY}-grafana"), format!("/hooks/github/{KEY}-github"), format!("/hooks/gitlab/{KEY}-gitlab"), format!("/hooks/argocd/{KEY}-argocd"), "/v2/enqueue".to_owned(), "/v2/change/enqueue".to_owned()];
        let mut bodies: Vec<Vec<u8>> = vec![b"".to_vec(), b" ".to_vec(), b"{".to_vec(), b"null".to_vec(), b"nul".to_vec(), b"\xff\xfe{\0}\0".to_vec(), b"{\"title\": \"\xff\"}".to_vec(), b"\xed\xa0\x80".to_vec(), b"7".to_vec(), b"\"x\"".to_vec(), b"{\"title\":NaN}".to_vec()];
        bodies.push(format!("{{\"title\":{}{}}}", "[".repeat(128), "]".repeat(128)).into_bytes());
        bodies.push("[".repeat(500_000).into_bytes());
        bodies.push(format!("{{\"routing_key\":{}1{}}}", "{\"a\":".repeat(10_000), "}".repeat(10_000)).into_bytes());
        for hook in &hooks {
            for body in &bodies {
                let answer = post(&house.nobody(), hook, body.clone()).await;
                assert!((400..500).contains(&answer.status), "{hook} {:?} answered {}", String::from_utf8_lossy(&body[..body.len().min(40)]), answer.status);
            }
        }
        assert_eq!(alerts(&house).await, 0);
        // 128 levels are read, NUL and other control characters are taken out, the rest stays as it came.
        let generic = &hooks[0];
        let deep = format!("{{\"title\":\"deep\",\"more\":{}{}}}", "[".repeat(126), "]".repeat(126));
        assert_eq!(post(&house.nobody(), generic, deep).await.status, 200);
        let odd = "{\"title\":\"a\\u0000b\\u001b[31m \\u202eRTL Z\u{35b}\u{321}\u{34b} <script>alert(1)</script>\",\"id\":\"\\u0000\\u0007k\",\"labels\":{\"a\\u0000\":\"b\\u0000\",\"n\":9223372036854775807,\"f\":1e400},\"url\":\"javascript:alert(1)\"}";
        let odd = post(&house.nobody(), generic, odd).await;
        assert!(odd.status == 200 || odd.status == 400, "{}", odd.text());
        let odd = "{\"title\":\"a\\u0000b\\u001b[31m \\u202eRTL <script>\",\"id\":\"\\u0000\\u0007k\",\"labels\":{\"a\\u0000\":\"b\\u0000\",\"n\":9223372036854775807},\"url\":\"javascript:alert(1)\"}";
        post(&house.nobody(), generic, odd).await.is(200);
        let half = "{\"title\":\"half an emoji \\ud83d\"}";
        post(&house.nobody(), generic, half).await.is(200);
        let newest = house.program(Role::Viewer).await.items("/api/v1/alerts").await;
        let kept = newest.iter().find(|alert| alert["title"].as_str().is_some_and(|title| title.contains("<script>"))).expect("it is kept");
        assert!(!kept.to_string().contains("\\u0000") && !kept.to_string().contains("\\u001b"), "{kept}");
        assert_eq!(kept["labels"]["n"], "9223372036854775807");
        assert_eq!(house.nobody().get("/readyz").await.status, 200);
    }
}

story! {
    async fn too_much_is_refused_as_soon_as_it_is_too_much(fresh) {
        let house = House::of(&fresh);
        with_senders(&house).await;
        let hook = format!("/hooks/generic/{KEY}-generic");
        let of_size = |size: usize| format!("{{\"title\":\"x\",\"pad\":\"{}\"}}", "x".repeat(size - 22));
        assert_eq!(post(&house.nobody(), &hook, of_size(1024 * 1024)).await.status, 200);
        assert_eq!(post(&house.nobody(), &hook, of_size(1024 * 1024 + 1)).await.refused(413), "too_large");
        assert_eq!(post(&house.nobody(), "/v2/enqueue", of_size(512 * 1024 + 1)).await.status, 413);
        assert_eq!(post(&house.program(Role::Responder).await, "/api/v1/incidents", of_size(1024 * 1024 + 1)).await.refused(413), "too_large");
        // Announced is enough; endless is cut off where the limit is.
        let announced = house.nobody().saying("content-length", "104857600");
        assert_eq!(post(&announced, &hook, Body::empty()).await.refused(413), "too_large");
        let endless = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 65_536])));
        assert_eq!(post(&house.nobody(), &hook, Body::from_stream(endless)).await.refused(413), "too_large");
        let broken = futures::stream::iter([Ok(Bytes::from_static(b"{\"title\"")), Err(std::io::Error::other("gone"))]);
        assert_eq!(post(&house.nobody(), &hook, Body::from_stream(broken)).await.refused(400), "broken_body");
        // A hundred thousand labels fit into the limit, and are cut to what is kept or refused.
        let labels: String = (0..60_000).map(|n| format!("\"l{n}\":\"v\",")).collect();
        let answer = post(&house.nobody(), &hook, format!("{{\"title\":\"many\",\"labels\":{{{}\"z\":\"z\"}}}}", labels)).await;
        assert!(answer.status == 200 || (400..500).contains(&answer.status), "{}", answer.status);
    }
}

/// A file of 8 kB that unpacks to eight mebibytes (made by `gzip -9`).
fn bomb() -> Vec<u8> {
    let packed: String = include_str!("../fixtures/gzip/eight_mebibytes_of_blanks.base64").split_whitespace().collect();
    BASE64_STANDARD.decode(packed).expect("the fixture is base64")
}

/// One gzip member (RFC 1952) that stores `text` without compressing it.
fn gzip_stored(text: &[u8]) -> Vec<u8> {
    let crc =
        !text.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }));
    let length = u16::try_from(text.len()).expect("it is short");
    let mut member = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 1];
    member.extend(length.to_le_bytes());
    member.extend((!length).to_le_bytes());
    member.extend(text);
    member.extend(crc.to_le_bytes());
    member.extend(u32::from(length).to_le_bytes());
    member
}

story! {
    async fn compressed_bodies_are_read_and_bombs_are_not(fresh) {
        let house = House::of(&fresh);
        with_senders(&house).await;
        let hook = format!("/hooks/generic/{KEY}-generic");
        let gzip = house.nobody().saying("content-encoding", "gzip");
        let small = BASE64_STANDARD.decode(include_str!("../fixtures/gzip/alert.base64").trim()).expect("the fixture is base64");
        post(&gzip, &hook, small.clone()).await.is(200);
        post(&house.nobody().saying("content-encoding", "identity"), &hook, "{\"title\":\"plain\"}").await.is(200);
        assert_eq!(alerts(&house).await, 2);
        assert_eq!(post(&gzip, &hook, bomb()).await.refused(413), "too_large");
        assert_eq!(post(&gzip, "/v2/enqueue", bomb()).await.status, 413);
        assert_eq!(post(&gzip.saying("authorization", &format!("Bearer {KEY}-prometheus")), "/api/v2/alerts", bomb()).await.status, 413);
        assert_eq!(post(&gzip, &hook, "{\"title\":\"not gzip\"}").await.refused(400), "broken_body");
        assert_eq!(post(&gzip, &hook, small[..20].to_vec()).await.refused(400), "broken_body");
        for encoding in ["lzma", "deflate", "br", "gzip, gzip"] {
            let unknown = post(&house.nobody().saying("content-encoding", encoding), &hook, "{\"title\":\"x\"}").await;
            assert_eq!((unknown.refused(415).as_str(), unknown.header("accept-encoding")), ("unsupported_encoding", "gzip, zstd, identity"));
        }
        assert_eq!(alerts(&house).await, 2);
        // Several members, one after the other, are one body; half of the second is none.
        let members = [gzip_stored(b"{\"title\": \"in two"), gzip_stored(b" members\"}")].concat();
        post(&gzip.saying("content-encoding", "GZIP"), &hook, members.clone()).await.is(200);
        assert_eq!(house.program(Role::Viewer).await.items("/api/v1/alerts").await[0]["title"], "in two members");
        assert_eq!(post(&gzip, &hook, members[..members.len() - 12].to_vec()).await.refused(400), "broken_body");
        assert_eq!(alerts(&house).await, 3);
    }
}

story! {
    async fn where_secrets_are_set_a_signature_is_required_and_any_of_them_will_do(fresh) {
        let house = House::of(&fresh);
        let secrets = ["first-secret-0123", "second-secret-4567"];
        house.integration(json!({"source": "generic", "name": "signed", "token": KEY, "signing_secrets": secrets})).await;
        house.integration(json!({"source": "alertmanager", "name": "timed", "token": format!("{KEY}-timed"), "signing_secrets": secrets,
                                 "settings": {"header": "X-Sig", "timestamp_header": "X-Sig-Time"}})).await;
        let (nobody, hook, body) = (house.nobody(), format!("/hooks/generic/{KEY}"), "{\"title\": \"signed\"}");
        for secret in secrets {
            post(&nobody.saying("x-tocsin-signature", &signature(secret, body.as_bytes())), &hook, body).await.is(200);
            post(&nobody.saying("x-tocsin-signature", &format!("sha256={}", signature(secret, body.as_bytes()))), &hook, body).await.is(200);
        }
        let good = signature(secrets[0], body.as_bytes());
        for bad in [None, Some(String::new()), Some("sha256=".to_owned()), Some(good[..63].to_owned()), Some(format!("{good}00")), Some(signature("", body.as_bytes())), Some(signature("third-secret-8901", body.as_bytes()))] {
            let caller = bad.as_ref().map_or_else(|| nobody.clone(), |bad| nobody.saying("x-tocsin-signature", bad));
            assert_eq!(post(&caller, &hook, body).await.refused(401), "bad_signature", "{bad:?}");
        }
        // Not a byte may differ, and without the key the signature is worth nothing.
        assert_eq!(post(&nobody.saying("x-tocsin-signature", &good), &hook, "{\"title\":  \"signed\"}").await.refused(401), "bad_signature");
        assert_eq!(post(&nobody.saying("x-tocsin-signature", &good), "/hooks/generic/wrong-key-0123456789", body).await.refused(401), "unknown_key");
        // With a signed time it holds for five minutes, both ways.
        let (hook, now) = (format!("/hooks/alertmanager/{KEY}-timed"), 1_786_449_600_i64);
        let body = alertmanager(&[labelled("f", "s", "critical", "2026-08-11T12:00:00Z", None)]).to_string();
        let at = |time: i64| {
            let signed = [time.to_string().as_bytes(), b":", body.as_bytes()].concat();
            nobody.saying("x-sig", &signature(secrets[1], &signed)).saying("x-sig-time", &time.to_string())
        };
        for (time, status) in [(now, 200), (now - 300, 200), (now + 300, 200), (now - 301, 401), (now + 301, 401)] {
            assert_eq!(post(&at(time), &hook, body.clone()).await.status, status, "{time}");
        }
        assert_eq!(post(&at(now).saying("x-sig-time", &(now + 1).to_string()), &hook, body.clone()).await.refused(401), "bad_signature");
        assert_eq!(post(&nobody.saying("x-sig", &signature(secrets[1], body.as_bytes())), &hook, body.clone()).await.refused(401), "bad_signature");
    }
}

story! {
    /// With Grafana's own header, without anything to set; two secrets while one takes over from the other.
    async fn grafana_signs_what_it_sends(fresh) {
        let house = House::of(&fresh);
        let secrets = ["test-only-grafana-1", "test-only-grafana-2"];
        let (_, plain) = house.integration(json!({"source": "grafana", "name": "plain"})).await;
        let (_, signed) = house.integration(json!({"source": "grafana", "name": "signed", "signing_secrets": secrets})).await;
        let (_, timed) = house.integration(json!({"source": "grafana", "name": "timed", "signing_secrets": secrets, "settings": {"timestamp_header": "X-Grafana-Alerting-Timestamp"}})).await;
        let (nobody, body, header) = (house.nobody(), grafana_alert().to_string(), "x-grafana-alerting-signature");
        for method in [Method::POST, Method::PUT] {
            nobody.send(method, &format!("/hooks/grafana/{plain}"), body.clone()).await.is(200);
        }
        for secret in secrets {
            let caller = nobody.saying(header, &signature(secret, body.as_bytes()));
            post(&caller, &format!("/hooks/grafana/{signed}"), body.clone()).await.is(200);
            assert_eq!(post(&caller, &format!("/hooks/grafana/{timed}"), body.clone()).await.refused(401), "bad_signature");
            let at = |time: i64| {
                let signed = [time.to_string().as_bytes(), b":", body.as_bytes()].concat();
                nobody.saying(header, &signature(secret, &signed)).saying("x-grafana-alerting-timestamp", &time.to_string())
            };
            post(&at(1_786_449_600), &format!("/hooks/grafana/{timed}"), body.clone()).await.is(200);
            assert_eq!(post(&at(1_786_449_299), &format!("/hooks/grafana/{timed}"), body.clone()).await.refused(401), "bad_signature");
        }
        assert_eq!(post(&nobody, &format!("/hooks/grafana/{signed}"), body.clone()).await.refused(401), "bad_signature");
        let alerts = house.program(Role::Viewer).await.items("/api/v1/alerts").await;
        assert_eq!(alerts.len(), 3, "one of each integration");
        assert_eq!((&alerts[0]["dedupe_key"], &alerts[0]["severity"], &alerts[0]["source"]), (&json!("bb3bf80693d533ff"), &json!("critical"), &json!("grafana")));
    }
}

story! {
    async fn over_its_limit_a_sender_waits_and_others_do_not(fresh) {
        let house = House::of(&fresh);
        for (source, status) in [("generic", 429), ("pagerduty_events", 429), ("alertmanager", 503), ("prometheus", 503)] {
            let (_, token) = house.integration(json!({"source": source, "name": source, "settings": {"rate_limit": 1}})).await;
            let body = match source {
                "generic" => json!({"title": "x"}),
                "pagerduty_events" => json!({"routing_key": token, "event_action": "resolve", "dedup_key": "k"}),
                "prometheus" => json!([]),
                _ => alertmanager(&[]),
            };
            let path = format!("/hooks/{source}/{token}");
            let first = house.nobody().post(&path, &body).await;
            assert!(first.status < 300, "{source}: {}", first.text());
            let over = house.nobody().post(&path, &body).await;
            assert_eq!(over.status, status, "{source}");
            assert!(over.header("retry-after").parse::<u32>().is_ok_and(|secs| (1..=2).contains(&secs)), "{source}");
        }
        let (_, free) = house.integration(json!({"source": "generic", "name": "free", "settings": {"rate_limit": 0}})).await;
        for n in 0..50 {
            house.nobody().post(&format!("/hooks/generic/{free}"), &json!({"title": format!("{n}")})).await.is(200);
        }
    }
}

story! {
    /// Trouble of our own asks to come back, and never sounds like the sender's fault.
    async fn without_a_database_every_door_says_503_and_when_to_come_back(fresh) {
        let house = House::of(&fresh);
        with_senders(&house).await;
        let program = house.program(Role::Admin).await;
        let nobody = house.nobody();
        nobody.post(&format!("/hooks/generic/{KEY}-generic"), &json!({"title": "x"})).await.is(200);
        house.app.store.close().await;
        for (path, body) in [
            (format!("/hooks/generic/{KEY}-generic"), json!({"title": "y"})),
            (format!("/hooks/alertmanager/{KEY}-alertmanager"), alertmanager(&[labelled("f", "s", "critical", "2026-08-11T12:00:00Z", None)])),
            (format!("/hooks/prometheus/{KEY}-prometheus"), prometheus_alert()),
            ("/v2/enqueue".to_owned(), trigger("k")),
            ("/v2/change/enqueue".to_owned(), json!({"routing_key": format!("{KEY}-pagerduty_events"), "payload": {"summary": "x"}})),
            ("/hooks/generic/an-unknown-key-0123".to_owned(), json!({"title": "y"})),
        ] {
            let answer = nobody.post(&path, &body).await;
            assert_eq!(answer.status, 503, "{path}: {}", answer.text());
            assert!(!answer.header("retry-after").is_empty(), "{path}");
        }
        let answer = program.get("/api/v1/incidents").await;
        assert_eq!(answer.refused(503), "store_unavailable");
        assert!(!answer.header("retry-after").is_empty());
        assert_eq!(nobody.get("/readyz").await.status, 503);
        assert_eq!(nobody.get("/healthz").await.status, 200, "the process lives all the same");
    }
}
