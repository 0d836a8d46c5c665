//! What goes on between this page and the server once the first screen stands: the stream,
//! commands on their way, another snapshot. The first screen can be read, and moved on from,
//! without it, so it stands in a part of its own, which is fetched while that screen is put
//! together; pages in other parts bring it along.

use super::{browser, panels::unsent, session::Session};
use crate::domain::{
    ids::IncidentId,
    incident::{Command, Incident},
};
use leptos::{
    prelude::AnyView,
    task::spawn_local,
    wasm_split::{SplitLoaderError, wasm_split},
};
use std::{cell::Cell, sync::Arc};

/// How long it waits before it is asked for again by somebody who needs it.
const AGAIN_AFTER_MILLIS: i32 = 2_000;

/// What the first screen calls of it.
#[derive(Clone, Copy)]
pub struct Exchange {
    /// Takes up what an earlier page left unsent, and listens to the stream.
    pub listen: fn(Session),
    /// Starts over from a snapshot.
    pub resync: fn(Session),
    /// A button's command.
    pub act: fn(Session, IncidentId, Command),
    /// An incident as it will be when everything queued for it has arrived.
    pub predicted: fn(Session, IncidentId) -> Option<Arc<Incident>>,
    /// What is unsent, drawn.
    pub unsent: fn(Session) -> AnyView,
    /// Ends the session.
    pub leave: fn(Session),
}

thread_local! {
    static HERE: Cell<Option<Exchange>> = const { Cell::new(None) };
}

/// The exchange, if it has been fetched.
pub fn here() -> Option<Exchange> {
    HERE.get()
}

/// Called by every part that works with it: from then on it is there.
pub fn install() {
    HERE.set(Some(Exchange {
        listen: |session| session.live.listen(session),
        resync: |session| session.live.ask(session),
        act: |session, id, command| session.decide_and_send(id, command),
        predicted: |session, id| session.predicted(id).map(|predicted| Arc::new(predicted.incident)),
        unsent: unsent::waiting,
        leave: |session| session.end(),
    }));
}

#[wasm_split(exchange, wasm_split_path = leptos::wasm_split, fallible)]
fn bring() -> Result<(), SplitLoaderError> {
    install();
    Ok(())
}

/// Fetches it, unless it is there; `None` where it cannot be had now.
pub async fn fetch() -> Option<Exchange> {
    if here().is_none() {
        let _ = bring().await;
    }
    here()
}

/// Does something with it: at once where it is there, otherwise as soon as it has come. What
/// somebody asked for is not dropped because a file could not be fetched.
pub fn soon(session: Session, call: impl FnOnce(Exchange) + 'static) {
    match here() {
        Some(exchange) => call(exchange),
        None => wait(session, Box::new(call)),
    }
}

fn wait(session: Session, call: Box<dyn FnOnce(Exchange)>) {
    spawn_local(async move {
        let mut has_said = false;
        loop {
            if let Some(exchange) = fetch().await {
                return call(exchange);
            }
            if !has_said {
                has_said = true;
                session.toasts.say("This waits on this page: the rest of the app could not be fetched. It is tried again by itself.");
            }
            browser::sleep(AGAIN_AFTER_MILLIS).await;
        }
    });
}
