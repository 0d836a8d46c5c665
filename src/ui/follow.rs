//! Asking again for what the server computes: after something has changed, and every minute while
//! somebody looks, because figures move with time alone, too.

use crate::ui::{browser, session::session};
use leptos::{prelude::*, task::spawn_local};

const AGAIN_EVERY_SECS: i64 = 60;
/// After something has changed, whatever else changes with it comes along.
const PAUSE_MILLIS: i32 = 2_000;

/// Calls `fetch` for as long as the view stands; the first time is the caller's own.
pub fn follow(fetch: impl Fn() + Copy + Send + 'static) {
    let session = session();
    let now = session.live.ticking();
    let minute = Memo::new(move |_| now.get().epoch_secs() / AGAIN_EVERY_SECS);
    let waiting = StoredValue::new(false);
    Effect::new(move |before: Option<()>| {
        session.replica.track();
        minute.track();
        if before.is_some() && browser::is_visible() && !waiting.get_value() {
            waiting.set_value(true);
            spawn_local(async move {
                browser::sleep(PAUSE_MILLIS).await;
                if waiting.try_set_value(false).is_none() {
                    fetch();
                }
            });
        }
    });
}
