//! Pages: each loads what it needs and composes panels and forms.

pub mod alerts;
pub mod board;
pub mod changes;
pub mod debug;
pub mod declare;
pub mod executive;
pub mod incident;
pub mod incidents;
pub mod later;
pub mod objectives;
pub mod services;
pub mod settings;
pub mod setup;
pub mod sign_in;
pub mod trace;
pub mod trends;

use super::{
    browser,
    components::{empty::EmptyState, toast_list::sentence},
    routes::Route,
    session::session,
};
use crate::domain::{failure::Failure, wording};
use crate::ui::drawing::view;
use leptos::prelude::*;

/// Before the first answer of the server.
pub fn starting() -> impl IntoView {
    view! {
        <main class="doorstep">
            <p class="loading" role="status">"Tocsin is loading what is open…"</p>
        </main>
    }
}

/// A page that only the app can draw, until it does.
pub fn frame() -> AnyView {
    view! {
        <div class="page">
            <p class="loading" role="status">"Tocsin is loading…"</p>
            <noscript>
                <p>"This page works with JavaScript and WebAssembly alone. The board, the incidents and what is done about them work without."</p>
            </noscript>
        </div>
    }
}

/// Above a page that was drawn natively: what it can do where the app does not run.
pub fn notice() -> AnyView {
    view! {
        <noscript>
            <p class="still-notice">
                "Without JavaScript this page shows how things stood when it was loaded; reload it for news. Incidents can be read, acknowledged, mitigated, resolved and noted on."
            </p>
        </noscript>
        <p class="still-notice still-failed" role="status">
            "The app could not start in this browser. This page shows how things stood when it was loaded; reload it for news. Incidents can be read, acknowledged, mitigated, resolved and noted on."
        </p>
    }
}

/// The server has not answered once.
pub fn unreachable(failure: &Failure) -> impl IntoView {
    browser::set_title("Not reachable · Tocsin");
    let session = session();
    let now = session.live.now();
    let reached = browser::reached_at()
        .map(|at| format!("It was last reached at {} ({} ago).", session.zone.get_untracked().clock(at, now), wording::span(now.secs_since(at))));
    view! {
        <main class="doorstep">
            <h1>"Tocsin cannot be reached"</h1>
            <p>{sentence(&failure.words)}</p>
            {reached.map(|words| view! { <p>{words}</p> })}
            <p class="muted" role="status">{failure.next.clone().unwrap_or_else(|| "It is tried again by itself.".to_owned())}</p>
            <button type="button" class="button" on:click=move |_| session.live.again(session)>"Try again now"</button>
        </main>
    }
}

/// A page that does not exist.
pub fn not_found() -> impl IntoView {
    browser::set_title("Not found · Tocsin");
    view! {
        <div class="page">
            <h1 class="page__title">"There is no such page"</h1>
            <EmptyState title="The address may be mistyped, or from another version." words="Everything that is open stands on the board.">
                <a class="button" data-tone="accent" href=Route::Board.path()>"To the on-call board"</a>
            </EmptyState>
        </div>
    }
}
