//! The live stream: every change once and in order, whenever one comes back, and nothing that is
//! not for one's eyes.

use crate::{
    callers::{Caller, House, text},
    story,
};
use axum::http::Method;
use serde_json::json;
use std::time::Duration;
use tocsin::{
    domain::people::Role,
    server::{config::Config, store::Store},
};

/// An incident with so many notes after its declaration.
async fn with_notes(ci: &Caller, notes: usize) -> String {
    let id = text(&ci.declared(json!({"title": "x", "severity": "SEV3"})).await["id"]);
    for n in 0..notes {
        ci.command(&id, json!({"command": "note", "text": format!("{n}")})).await.is(200);
    }
    id
}

story! {
    async fn it_begins_now_and_shows_what_comes(fresh) {
        let ci = House::of(&fresh).program(Role::Responder).await;
        with_notes(&ci, 2).await;
        let mut frames = ci.stream("/api/v1/stream").await;
        let hello = frames.next().await;
        assert_eq!((hello.id, hello.event.as_str(), &hello.data), (3, "hello", &json!({"seq": 3})));
        let id = with_notes(&ci, 0).await;
        let declared = frames.next().await;
        assert_eq!((declared.id, declared.event.as_str()), (4, "incident"));
        assert_eq!((&declared.data["id"], &declared.data["ref"], &declared.data["event"]["kind"], &declared.data["event"]["seq"]), (&json!(id), &json!("INC-2"), &json!("declared"), &json!(1)));
        ci.post("/api/v1/alerts", &json!({"title": "x", "severity": "info"})).await.is(200);
        let alert = frames.next().await;
        assert_eq!((alert.event.as_str(), &alert.data["alert"]["title"]), ("alert", &json!("x")));
        assert!(frames.is_quiet().await);
    }
}

story! {
    async fn one_comes_back_after_any_number_and_misses_nothing(fresh) {
        let ci = House::of(&fresh).program(Role::Responder).await;
        with_notes(&ci, 19).await;
        for after in [0, 7, 19, 20] {
            for mut frames in [ci.saying("last-event-id", &after.to_string()).stream("/api/v1/stream").await, ci.stream(&format!("/api/v1/stream?after={after}")).await] {
                for expected in after + 1..=20 {
                    assert_eq!(frames.next().await.id, expected);
                }
                assert!(frames.is_quiet().await);
            }
        }
        // A number that is not of this record, or none at all: everything is to be read again.
        for lost in ["21", "999999999", "-5", "seven", "99999999999999999999"] {
            let reset = ci.saying("last-event-id", lost).stream("/api/v1/stream").await.next().await;
            assert_eq!((reset.event.as_str(), reset.id, &reset.data), ("reset", 20, &json!({"latest": 20})), "{lost}");
        }
        assert_eq!(ci.get("/api/v1/stream?after=x").await.refused(400), "bad_parameter");
        // The header wins over the address with which the page was opened.
        assert_eq!(ci.saying("last-event-id", "18").stream("/api/v1/stream?after=3").await.next().await.id, 19);
    }
}

story! {
    /// Dropped and resumed while changes pour in, every change arrives once.
    async fn a_connection_that_breaks_all_the_time_loses_nothing(fresh) {
        let ci = House::of(&fresh).program(Role::Responder).await;
        let id = with_notes(&ci, 0).await;
        let writer = tokio::spawn({
            let ci = ci.clone();
            async move {
                for n in 0..150 {
                    ci.command(&id, json!({"command": "note", "text": format!("{n}")})).await.is(200);
                }
            }
        });
        let mut seen = vec![];
        let mut length = 1;
        while seen.last() != Some(&151) {
            let after = seen.last().copied().unwrap_or(0);
            let mut frames = ci.saying("last-event-id", &after.to_string()).stream("/api/v1/stream").await;
            for _ in 0..length {
                seen.push(frames.next().await.id);
                if seen.last() == Some(&151) {
                    break;
                }
            }
            length = length % 7 + 1;
        }
        writer.await.expect("it does not panic");
        assert_eq!(seen, (1..=151).collect::<Vec<_>>());
    }
}

story! {
    async fn past_what_is_kept_it_says_reset(fresh) {
        let ci = House::of(&fresh).program(Role::Responder).await;
        with_notes(&ci, 49).await;
        fresh.store.prune_changes(10).await.expect("the store works");
        let reset = ci.stream("/api/v1/stream?after=5").await.next().await;
        assert_eq!((reset.event.as_str(), reset.id), ("reset", 50));
        assert_eq!(ci.stream("/api/v1/stream?after=45").await.next().await.id, 46);
    }
}

story! {
    async fn private_changes_reach_those_who_may_see_them(fresh) {
        let house = House::of(&fresh);
        let (owner, other, admin) = (house.program_called("owner", Role::Responder).await, house.program(Role::Commander).await, house.program(Role::Admin).await);
        let (mut seen_by_owner, mut seen_by_other, mut seen_by_admin) = (owner.stream("/api/v1/stream").await, other.stream("/api/v1/stream").await, admin.stream("/api/v1/stream").await);
        for frames in [&mut seen_by_owner, &mut seen_by_other, &mut seen_by_admin] {
            assert_eq!(frames.next().await.event, "hello");
        }
        let id = text(&owner.declared(json!({"title": "Secret", "private": true})).await["id"]);
        owner.command(&id, json!({"command": "note", "text": "hidden"})).await.is(200);
        owner.declared(json!({"title": "Open"})).await;
        assert_eq!(seen_by_owner.next().await.id, 1);
        assert_eq!(seen_by_admin.next().await.id, 1);
        let first = seen_by_other.next().await;
        assert_eq!((first.id, &first.data["event"]["data"]["title"]), (3, &json!("Open")));
        // Made public, it is there from then on; made private again, it is not.
        owner.command(&id, json!({"command": "set_private", "private": false})).await.is(200);
        assert_eq!(seen_by_other.next().await.id, 4);
        owner.command(&id, json!({"command": "note", "text": "for all"})).await.is(200);
        assert_eq!(seen_by_other.next().await.id, 5);
        owner.command(&id, json!({"command": "set_private", "private": true})).await.is(200);
        owner.command(&id, json!({"command": "note", "text": "hidden again"})).await.is(200);
        assert!(seen_by_other.is_quiet().await);
        // Coming back does not bring it either.
        let mut again = other.stream("/api/v1/stream?after=0").await;
        assert_eq!(again.next().await.id, 3);
        assert!(again.is_quiet().await);
    }
}

story! {
    async fn what_another_process_writes_shows_after_the_next_look(fresh) {
        let house = House::of(&fresh);
        let ci = house.program(Role::Responder).await;
        let mut frames = ci.stream("/api/v1/stream").await;
        frames.next().await;
        let other = House::over(Store::open(&fresh.url, fresh.clock.clone()).await.expect("it opens twice"), Config::default());
        with_notes(&other.program(Role::Responder).await, 1).await;
        fresh.store.poll_foreign_changes().await.expect("the store works");
        assert_eq!((frames.next().await.id, frames.next().await.id), (1, 2));
    }
}

story! {
    async fn it_ends_with_the_token_and_with_its_listener(fresh) {
        let house = House::of(&fresh);
        let admin = house.program(Role::Admin).await;
        let made = admin.post("/api/fn/tokens/create", &json!({"name": "wall", "role": "viewer"})).await.is(200);
        let wall = house.nobody().saying("authorization", &format!("Bearer {}", text(&made["token"])));
        let frames = wall.stream("/api/v1/stream").await;
        admin.post("/api/fn/tokens/revoke", &json!({"token": made["id"]})).await.is(200);
        assert!(frames.ends_within(Duration::from_secs(15)).await);
        assert_eq!(wall.get("/api/v1/stream").await.refused(401), "signed_out");
        // Nobody leaves a listener behind, also while nothing happens.
        let before = std::sync::Arc::strong_count(&house.app);
        for _ in 0..20 {
            drop(admin.stream("/api/v1/stream").await);
            assert_eq!(admin.send(Method::HEAD, "/api/v1/stream", "").await.status, 200);
        }
        let gone = async {
            while std::sync::Arc::strong_count(&house.app) > before {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), gone).await.expect("every listener is gone");
    }
}
