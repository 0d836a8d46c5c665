//! What people see of the intake: rotation of keys and secrets, the last deliveries, limits,
//! changes, and alerts whose sender has gone.

use crate::{
    callers::{Caller, House, alertmanager, labelled, text},
    databases::Fresh,
    story,
};
use axum::http::Method;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use tocsin::{
    domain::people::Role,
    server::{config::Config, store::Store},
};

fn signature(secret: &str, signed: &str) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(signed.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A server in another process: the same database, and nothing else in common.
async fn another_server(fresh: &Fresh) -> House {
    House::over(Store::open(&fresh.url, fresh.clock.clone()).await.expect("it opens twice"), Config::default())
}

async fn alert(caller: &Caller, token: &str) -> u16 {
    caller.post(&format!("/hooks/generic/{token}"), &json!({"title": "x", "dedup_key": "x"})).await.status
}

story! {
    /// Two tokens at once, until the old one is removed or its time is over; here and at another server.
    async fn a_token_is_replaced_without_a_gap(fresh) {
        let (house, other) = (House::of(&fresh), another_server(&fresh).await);
        let admin = house.program(Role::Admin).await;
        let (id, first) = house.integration(json!({"source": "generic", "name": "x"})).await;
        let (path, both) = (format!("/api/v1/integrations/{id}"), [house.nobody(), other.nobody()]);
        for nobody in &both {
            assert_eq!(alert(nobody, &first).await, 200);
        }
        let replaced = admin.send(Method::POST, &format!("{path}/token"), "").await.is(200);
        let second = text(&replaced["token"]);
        assert_ne!(first, second);
        assert_eq!(replaced["previous_token"], json!({"valid_until": null}));
        for nobody in &both {
            assert_eq!((alert(nobody, &first).await, alert(nobody, &second).await), (200, 200));
        }
        // While two are valid there is no third, and nobody else can have either of them.
        assert_eq!(admin.send(Method::POST, &format!("{path}/token"), "{}").await.refused(409), "previous_token_valid");
        for token in [&first, &second] {
            assert_eq!(admin.post("/api/v1/integrations", &json!({"source": "generic", "name": "y", "token": token})).await.refused(409), "token_in_use");
        }
        let removed = admin.send(Method::DELETE, &format!("{path}/token/previous"), "").await.is(200);
        assert_eq!(removed["previous_token"], Value::Null);
        assert_eq!(admin.send(Method::DELETE, &format!("{path}/token/previous"), "").await.refused(404), "no_previous_token");
        other.app.senders.refresh(&other.app.store).await.expect("the store answers");
        for nobody in &both {
            assert_eq!((alert(nobody, &first).await, alert(nobody, &second).await), (401, 200));
        }
        // With an end: of one's own choice, and in the future.
        let draft = |until: &str, token: &str| json!({"token": token, "previous_valid_until": until});
        assert_eq!(admin.post(&format!("{path}/token"), &draft("2026-08-11T12:00:00Z", "my-own-token-012345")).await.refused(422), "bad_time");
        assert_eq!(admin.post(&format!("{path}/token"), &draft("2026-08-11T12:10:00Z", "short")).await.refused(422), "bad_token");
        assert_eq!(admin.post(&format!("{path}/token"), &draft("2026-08-11T12:10:00Z", &second)).await.refused(409), "token_in_use");
        assert_eq!(admin.post(&format!("{path}/token"), &json!({"unknown": 1})).await.refused(422), "invalid_body");
        let replaced = admin.post(&format!("{path}/token"), &draft("2026-08-11T12:10:00Z", "my-own-token-012345")).await.is(200);
        assert_eq!((&replaced["token"], &replaced["previous_token"]["valid_until"]), (&json!("my-own-token-012345"), &json!("2026-08-11T12:10:00Z")));
        fresh.at(599);
        for nobody in &both {
            assert_eq!((alert(nobody, &second).await, alert(nobody, "my-own-token-012345").await), (200, 200));
        }
        fresh.at(600);
        for nobody in &both {
            assert_eq!((alert(nobody, &second).await, alert(nobody, "my-own-token-012345").await), (401, 200));
        }
        assert_eq!(admin.get(&path).await.is(200)["previous_token"], Value::Null);
        admin.send(Method::POST, &format!("{path}/token"), "").await.is(200);
        let everything = admin.get("/api/v1/integrations").await.text();
        assert!(![first.as_str(), second.as_str(), "my-own-token-012345"].iter().any(|token| everything.contains(token)), "{everything}");
        assert_eq!(admin.send(Method::POST, "/api/v1/integrations/0198e000-0000-7000-8000-000000000000/token", "").await.refused(404), "unknown_integration");
    }
}

story! {
    /// Secrets are added and removed while deliveries signed with either go on.
    async fn signing_secrets_take_over_from_each_other(fresh) {
        let (house, other) = (House::of(&fresh), another_server(&fresh).await);
        let admin = house.program(Role::Admin).await;
        let (id, token) = house.integration(json!({"source": "grafana", "name": "x", "signing_secrets": ["the-old-secret-0123"]})).await;
        let (path, hook, body) = (format!("/api/v1/integrations/{id}"), format!("/hooks/grafana/{token}"), "{\"title\": \"x\"}");
        let signed = async |house: &House, secret: &str| {
            let caller = house.nobody().saying("x-grafana-alerting-signature", &signature(secret, body));
            caller.send(Method::POST, &hook, body).await.status
        };
        fresh.at(60);
        let changed = admin.patch(&path, &json!({"add_signing_secrets": ["the-new-secret-4567"]})).await;
        assert!(!changed.text().contains("the-new-secret") && !changed.text().contains("the-old-secret"));
        let changed = changed.is(200);
        assert_eq!((&changed["signing_secrets"], changed["secrets"].as_array().map(Vec::len)), (&json!(2), Some(2)));
        assert_eq!((&changed["secrets"][0]["added_at"], &changed["secrets"][1]["added_at"]), (&json!("2026-08-11T12:00:00Z"), &json!("2026-08-11T12:01:00Z")));
        for house in [&house, &other] {
            assert_eq!((signed(house, "the-old-secret-0123").await, signed(house, "the-new-secret-4567").await), (200, 200));
        }
        let old = text(&changed["secrets"][0]["fingerprint"]);
        assert_eq!(old.len(), 8);
        // All of a change or nothing of it.
        let half = json!({"name": "y", "add_signing_secrets": ["a-third-secret-8901"], "remove_signing_secrets": ["ffffffff"]});
        assert_eq!(admin.patch(&path, &half).await.refused(422), "unknown_secret");
        assert_eq!(admin.patch(&path, &json!({"add_signing_secrets": ["short"]})).await.refused(422), "bad_secret");
        let many: Vec<String> = (0..9).map(|n| format!("yet-another-secret-{n}")).collect();
        assert_eq!(admin.patch(&path, &json!({"add_signing_secrets": many})).await.refused(422), "bad_secret");
        let unchanged = admin.get(&path).await.is(200);
        assert_eq!((&unchanged["name"], &unchanged["signing_secrets"]), (&json!("x"), &json!(2)));
        let one = admin.patch(&path, &json!({"remove_signing_secrets": [old]})).await.is(200);
        assert_eq!(one["signing_secrets"], 1);
        other.app.senders.refresh(&other.app.store).await.expect("the store answers");
        for house in [&house, &other] {
            assert_eq!((signed(house, "the-old-secret-0123").await, signed(house, "the-new-secret-4567").await), (401, 200));
        }
        // Two admins at once: neither undoes what the other did.
        let (a, b) = (json!({"name": "renamed"}), json!({"add_signing_secrets": ["a-third-secret-8901"]}));
        let (a, b) = tokio::join!(admin.patch(&path, &a), admin.patch(&path, &b));
        a.is(200);
        b.is(200);
        let both = admin.get(&path).await.is(200);
        assert_eq!((&both["name"], &both["signing_secrets"]), (&json!("renamed"), &json!(2)));
    }
}

async fn deliveries(caller: &Caller, id: &str, query: &str) -> Vec<Value> {
    caller.items(&format!("/api/v1/integrations/{id}/deliveries{query}")).await
}

story! {
    async fn the_last_deliveries_say_what_became_of_them(fresh) {
        let house = House::of(&fresh);
        let (admin, responder, nobody) = (house.program(Role::Admin).await, house.program(Role::Responder).await, house.nobody());
        let secret = "a-signing-secret-0123";
        let (id, token) = house.integration(json!({"source": "generic", "name": "x", "signing_secrets": [secret], "settings": {"rate_limit": 4}})).await;
        let hook = format!("/hooks/generic/{token}");
        let signed = async |body: &str| nobody.saying("x-tocsin-signature", &signature(secret, body)).send(Method::POST, &hook, body.to_owned()).await;
        let body = json!({"title": "Disk full", "severity": "critical", "password": "hunter2-hunter2", "seen": token}).to_string();
        signed(&body).await.is(200);
        fresh.at(1);
        signed("[{\"title\": \"a\", \"status\": \"purple\"}, {\"no\": \"title\"}]").await.is(200);
        assert_eq!(signed("{").await.refused(400), "not_json");
        nobody.send(Method::POST, &hook, "{}").await.refused(401);
        nobody.send(Method::POST, &hook, vec![b' '; 1024 * 1024 + 1]).await.refused(413);
        signed("{\"title\": \"\\u0000 late\"}").await.is(200);
        assert_eq!(signed("{\"title\": \"over\"}").await.refused(429), "rate_limited");
        let all = deliveries(&admin, &id, "").await;
        let verdicts: Vec<String> = all.iter().map(|note| text(&note["verdict"])).collect();
        assert_eq!(verdicts, ["rate_limited", "accepted", "too_large", "bad_signature", "not_json", "partly_accepted", "accepted"]);
        let statuses: Vec<i64> = all.iter().filter_map(|note| note["status"].as_i64()).collect();
        assert_eq!(statuses, [429, 200, 413, 401, 400, 200, 200]);
        let first = &all[6];
        assert_eq!((&first["counts"]["opened"], &first["counts"]["incidents_opened"], &first["times"]), (&json!(1), &json!(1), &json!(1)));
        assert_eq!((&first["integration_id"], &first["source"], &first["received_at"]), (&json!(id), &json!("generic"), &json!("2026-08-11T12:00:00Z")));
        assert_eq!((first["size_bytes"].as_u64(), &first["body_is_cut"]), (Some(body.len() as u64), &json!(false)));
        let kept = text(&first["body"]);
        assert!(kept.contains("Disk full") && !kept.contains(&token) && !kept.contains("hunter2"), "{kept}");
        assert!(first["duration_us"].as_i64().is_some_and(|took| took >= 0));
        assert_eq!((&all[5]["counts"]["rejected"], &all[5]["counts"]["opened"]), (&json!(1), &json!(1)));
        let words = text(&all[5]["words"]);
        assert!(words.contains("purple") && words.contains("alert 1"), "{words}");
        // Whoever does not manage integrations sees the verdicts, and not what was sent.
        let seen = deliveries(&responder, &id, "").await;
        assert_eq!(seen.len(), 7);
        assert!(seen.iter().all(|note| note["body"].is_null() && note["verdict"].is_string()));
        // By verdict, and page by page.
        assert_eq!(deliveries(&admin, &id, "?verdict=accepted").await.len(), 2);
        assert_eq!(deliveries(&admin, &id, "?verdict=refused").await.len(), 4);
        let page = admin.get(&format!("/api/v1/integrations/{id}/deliveries?limit=5")).await.is(200);
        let rest = deliveries(&admin, &id, &format!("?limit=5&cursor={}", text(&page["next_cursor"]))).await;
        assert_eq!(rest, all[5..]);
        for bad in ["cursor=x", "limit=0", "verdict=No%20Code"] {
            assert_eq!(admin.get(&format!("/api/v1/integrations/{id}/deliveries?{bad}")).await.refused(400), "bad_parameter", "{bad}");
        }
        assert_eq!(admin.get("/api/v1/integrations/x/deliveries").await.refused(404), "unknown_integration");
        // The limit shows, with how often it was reached.
        let rate = admin.get(&format!("/api/v1/integrations/{id}")).await.is(200)["rate"].clone();
        assert_eq!(rate, json!({"limit": 4, "burst": 4, "last_minute": 5, "limited": 1, "limited_at": "2026-08-11T12:00:01Z"}));
    }
}

story! {
    async fn a_hundred_are_kept_of_each_and_fifty_of_strangers(fresh) {
        let house = House::of(&fresh);
        let (admin, nobody) = (house.program(Role::Admin).await, house.nobody());
        let (id, token) = house.integration(json!({"source": "pagerduty_events", "name": "x"})).await;
        let event = |key: &str, n: usize| json!({"routing_key": key, "event_action": if n.is_multiple_of(2) { "resolve" } else { "purple" }, "dedup_key": "k"});
        for n in 0..130 {
            nobody.post("/v2/enqueue", &event(&token, n)).await;
            if n % 30 == 29 {
                deliveries(&admin, &id, "").await;
            }
        }
        let kept = deliveries(&admin, &id, "?limit=500").await;
        assert_eq!(kept.len(), 100);
        assert_eq!((&kept[0]["verdict"], &kept[1]["verdict"], &kept[1]["status"]), (&json!("invalid_event"), &json!("accepted"), &json!(202)));
        assert!(kept.iter().all(|note| !note.to_string().contains(&token)), "a routing key is a key");
        for n in 0..70 {
            let stranger = format!("an-unknown-key-{n:04}");
            nobody.post(&format!("/hooks/generic/{stranger}"), &json!({"title": stranger, "n": n})).await.refused(401);
            if n % 30 == 29 {
                admin.items("/api/v1/deliveries").await;
            }
        }
        nobody.post("/hooks/nagios/some-key", &json!({})).await.refused(404);
        nobody.post("/v2/enqueue", &event("an-unknown-routing-key", 0)).await.is(400);
        let strangers = admin.items("/api/v1/deliveries?integration=none&limit=500").await;
        assert_eq!(strangers.len(), 50);
        assert_eq!((&strangers[0]["verdict"], &strangers[1]["verdict"], &strangers[2]["verdict"]), (&json!("unknown_key"), &json!("unknown_source"), &json!("unknown_key")));
        assert!(strangers.iter().all(|note| note["integration_id"].is_null() && !note.to_string().contains("an-unknown-")), "{strangers:?}");
        assert_eq!(admin.items("/api/v1/deliveries?limit=500").await.len(), 150);
        assert_eq!(admin.items(&format!("/api/v1/deliveries?integration={id}&limit=500")).await.len(), 100);
        let page = admin.post("/api/fn/deliveries/list", &json!({"integration": null, "unrecognised": true, "verdict": "unknown_source", "limit": 5})).await.is(200);
        assert_eq!((page["items"].as_array().map(Vec::len), &page["unrecognised"]), (Some(1), &json!(72)));
    }
}

story! {
    async fn changes_are_listed_by_time_and_service(fresh) {
        let house = House::of(&fresh);
        let (viewer, nobody) = (house.program(Role::Viewer).await, house.nobody());
        let (id, token) = house.integration(json!({"source": "pagerduty_events", "name": "x"})).await;
        for (minute, service) in [(1, "checkout"), (2, "search"), (3, "checkout"), (3, "checkout")] {
            let change = json!({"routing_key": token, "payload": {"summary": format!("Build {minute} of {service}"), "timestamp": format!("2026-08-11T11:0{minute}:00Z"), "custom_details": {"service": service}},
                                "links": [{"href": "https://ci.example/1", "text": "Build"}]});
            nobody.post("/v2/change/enqueue", &change).await.is(202);
        }
        let titles = async |query: &str| viewer.items(&format!("/api/v1/changes{query}")).await.iter().map(|change| text(&change["title"])).collect::<Vec<_>>();
        let (one, two, three) = ("Build 1 of checkout", "Build 2 of search", "Build 3 of checkout");
        assert_eq!(titles("").await, [three, two, one]);
        assert_eq!(titles("?service=checkout").await, [three, one]);
        assert_eq!(titles("?from=2026-08-11T11:02:00Z").await, [three, two]);
        assert_eq!(titles("?to=2026-08-11T11:03:00Z").await, [two, one]);
        assert_eq!(titles("?from=2026-08-11T11:02:00Z&to=2026-08-11T11:02:00Z").await, Vec::<String>::new());
        let page = viewer.get("/api/v1/changes?limit=2").await.is(200);
        assert_eq!(titles(&format!("?limit=2&cursor={}", text(&page["next_cursor"]))).await, [one]);
        let change = &page["items"][0];
        assert_eq!((&change["service"], &change["integration_id"], &change["source"], &change["status"]), (&json!("checkout"), &json!(id), &json!("pagerduty_events"), &Value::Null));
        assert_eq!((&change["happened_at"], &change["links"]), (&json!("2026-08-11T11:03:00Z"), &json!([{"href": "https://ci.example/1", "text": "Build"}])));
        assert!(!page.to_string().contains(&token));
        for bad in ["from=yesterday", "to=x", "cursor=x", "cursor=1.x", "limit=0"] {
            assert_eq!(viewer.get(&format!("/api/v1/changes?{bad}")).await.refused(400), "bad_parameter", "{bad}");
        }
        let call = viewer.post("/api/fn/changes/list", &json!({"service": "search"})).await.is(200);
        assert_eq!(call["items"].as_array().map(Vec::len), Some(1));
    }
}

story! {
    /// One token that asks too much waits; another does not, and neither do people.
    async fn a_token_has_a_limit_of_its_own(fresh) {
        let house = House::over(fresh.store.clone(), Config { token_rate_limit: 5, ..Config::default() });
        let (busy, calm) = (house.program_called("busy", Role::Viewer).await, house.program_called("calm", Role::Admin).await);
        let mut limited = 0;
        for _ in 0..30 {
            let answer = busy.get("/api/v1/me").await;
            if answer.status != 200 {
                assert_eq!(answer.refused(429), "rate_limited");
                assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|secs| secs >= 1));
                limited += 1;
            }
        }
        assert!((15..=20).contains(&limited), "{limited}");
        let tokens = calm.post("/api/fn/tokens/list", &json!({})).await.is(200);
        let busy_one = tokens.as_array().and_then(|tokens| tokens.iter().find(|token| token["name"] == "busy")).expect("it is listed");
        assert_eq!((&busy_one["rate"]["limit"], &busy_one["rate"]["burst"], &busy_one["rate"]["last_minute"], &busy_one["rate"]["limited"]), (&json!(5), &json!(10), &json!(30), &json!(limited)));
        let call = busy.post("/api/fn/board/snapshot", &json!({})).await;
        assert!(call.status == 200 || call.is(429)["code"] == "rate_limited");
    }
}

story! {
    /// Alerts of a sender that has gone are marked, stay open, and are told on the stream; and back.
    async fn alerts_of_a_sender_that_has_gone_are_stale_until_it_is_back(fresh) {
        let house = House::of(&fresh);
        let viewer = house.program(Role::Viewer).await;
        let (id, token) = house.integration(json!({"source": "alertmanager", "name": "prod"})).await;
        let (_, other) = house.integration(json!({"source": "alertmanager", "name": "other"})).await;
        let at = "2026-08-11T12:00:00Z";
        let alerts: Vec<Value> = (0..450).map(|n| labelled(&format!("f{n}"), "checkout", "critical", at, None)).collect();
        house.nobody().post(&format!("/hooks/alertmanager/{token}"), &alertmanager(&alerts)).await.is(200);
        house.nobody().post(&format!("/hooks/alertmanager/{other}"), &alertmanager(&alerts[..1])).await.is(200);
        let stale = async |query: &str| viewer.items(&format!("/api/v1/alerts?limit=500{query}")).await.len();
        assert_eq!((stale("&stale=true").await, stale("&stale=false").await), (0, 451));
        let mut stream = viewer.stream("/api/v1/stream").await;
        assert_eq!(stream.next().await.event, "hello");
        let integration = id.parse().expect("it is an id");
        assert_eq!(fresh.store.set_stale(integration, "f0", true).await.expect("the store answers"), 449);
        assert_eq!(fresh.store.set_stale(integration, "f0", true).await.expect("the store answers"), 0, "marking twice changes nothing");
        for _ in 0..449 {
            let frame = stream.next().await;
            assert_eq!((frame.event.as_str(), &frame.data["alert"]["stale"]), ("alert", &json!(true)));
        }
        assert_eq!((stale("&stale=true").await, stale("&stale=true&state=open").await, stale("&stale=false").await), (449, 449, 2));
        // What its sender resolves all the same is over, and not stale; what it repeats is counted.
        house.nobody().post(&format!("/hooks/alertmanager/{token}"), &alertmanager(&[labelled("f1", "checkout", "critical", at, Some(at)), alerts[2].clone()])).await.is(200);
        assert_eq!(stale("&stale=true").await, 448);
        let over = viewer.items("/api/v1/alerts?dedupe_key=f1&state=resolved").await;
        assert_eq!((over.len(), &over[0]["stale"]), (1, &json!(false)));
        assert_eq!(fresh.store.set_stale(integration, "f0", false).await.expect("the store answers"), 449);
        assert_eq!((stale("&stale=true").await, stale("&state=open").await), (0, 450));
        assert_eq!(viewer.get("/api/v1/alerts?stale=perhaps").await.refused(400), "bad_parameter");
        assert!(fresh.store.verify(true).await.expect("the store works").faults.is_empty());
    }
}

story! {
    async fn an_integration_that_says_nothing_for_a_day_shows_since_when(fresh) {
        let house = House::of(&fresh);
        let reader = house.program(Role::Responder).await;
        let (id, token) = house.integration(json!({"source": "alertmanager", "name": "prod"})).await;
        let silent = async || reader.get(&format!("/api/v1/integrations/{id}")).await.is(200)["silent_since"].clone();
        assert_eq!(silent().await, Value::Null);
        house.nobody().post(&format!("/hooks/alertmanager/{token}"), &alertmanager(&[])).await.is(200);
        fresh.at(86_399);
        assert_eq!(silent().await, Value::Null);
        fresh.at(86_400);
        assert_eq!(silent().await, "2026-08-11T12:00:00Z");
        house.nobody().post(&format!("/hooks/alertmanager/{token}"), &alertmanager(&[])).await.is(200);
        assert_eq!(silent().await, Value::Null);
    }
}
