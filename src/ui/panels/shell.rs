//! What surrounds every page: the navigation, and the strip that says how current the screen is.

use crate::{
    domain::wording,
    ui::{
        browser,
        components::{
            icon::{Glyph, Icon},
            menu::{Item, Menu},
        },
        drawing::view,
        live::Connection,
        panels::plain,
        routes::{Route, Tab},
        session::{Built, Sheet, session},
        times::Zone,
    },
};
use leptos::prelude::*;

#[component]
pub fn Shell(route: Memo<Option<Route>>, children: Children) -> impl IntoView {
    keys();
    view! {
        <a
            class="skip"
            href="#main"
            on:click=move |event| {
                event.prevent_default();
                browser::focus("main");
            }
        >
            "Skip to the page"
        </a>
        <div class="shell">
            <Rail route />
            <TopBar />
            <main class="shell__page" id="main" tabindex="-1">
                {children()}
            </main>
        </div>
    }
}

/// The keys that work on every page.
fn keys() {
    let session = session();
    browser::on_key(move |event| {
        if browser::is_jump(&event) {
            event.prevent_default();
            return session.sheet.set(Some(Sheet::Palette));
        }
        let Some(key) = browser::plain_key(&event) else { return };
        // Within a trace these two walk it.
        let walks = session.address.path.with_untracked(|path| path.starts_with("/debug/traces/"));
        match key.as_str() {
            "c" | "e" if walks => return,
            "?" => session.sheet.set(Some(Sheet::Keys)),
            "c" => session.address.open(&Route::Declare),
            "b" => session.address.open(&Route::Board),
            "e" => session.address.open(&Route::Executive),
            _ => return,
        }
        event.prevent_default();
    });
}

#[component]
fn Rail(route: Memo<Option<Route>>) -> impl IntoView {
    let session = session();
    let link = move |to: Route, glyph: Glyph, words: &'static str| {
        let here = to.clone();
        let current = move || route.with(|route| route.as_ref().is_some_and(|route| here.is_beside(route))).then_some("page");
        view! {
            <li data-page=words>
                <a class="rail__link" href=to.path() aria-current=move || current()>
                    <Icon glyph />
                    <span class="rail__words">{words}</span>
                </a>
            </li>
        }
    };
    view! {
        <nav class="rail" aria-label="Main">
            <a class="rail__brand" href=Route::Board.path()>
                <Icon glyph=Glyph::Bell />
                <span class="rail__words">"Tocsin"</span>
            </a>
            <ul class="rail__links">
                {link(Route::Executive, Glyph::Trend, "Executive")} {link(Route::Board, Glyph::Bell, "On-call")}
                {link(Route::Debug, Glyph::Pulse, "Debug")} {link(Route::Incidents, Glyph::Alarm, "Incidents")}
                {link(Route::Alerts, Glyph::Signal, "Alerts")} {link(Route::Services, Glyph::Boxes, "Services")} {link(Route::Declare, Glyph::Megaphone, "Declare")}
                {link(Route::Trends, Glyph::Bars, "Trends")}
                {link(Route::Settings(Tab::Integrations), Glyph::Sliders, "Settings")}
                <li>
                    <button type="button" class="rail__button rail__link" on:click=move |_| session.sheet.set(Some(Sheet::Palette))>
                        <Icon glyph=Glyph::Search />
                        <span class="rail__words">"Search"</span>
                    </button>
                </li>
            </ul>
            <button type="button" class="rail__keys" on:click=move |_| session.sheet.set(Some(Sheet::Keys))>
                <kbd>"?"</kbd>
                <span class="rail__words">"all keys"</span>
            </button>
        </nav>
    }
}

#[component]
fn TopBar() -> impl IntoView {
    let session = session();
    let now = session.live.ticking();
    // What the browser calls its zone takes it a while to say, so the first screen does not wait for it.
    let zone = Memo::new(move |_| if session.built.get() == Built::Whole { Zone::Local.name() } else { "UTC".to_owned() });
    let clocks = move || {
        let (now, zone) = (now.get(), zone.get());
        let local = (zone != "UTC").then(|| format!("{} {zone}", Zone::Local.hour_minute(now)));
        (format!("{} UTC", Zone::Utc.hour_minute(now)), local)
    };
    let name = move || session.replica.me().map(|me| me.name).unwrap_or_default();
    let me = move || {
        let name = name();
        let items = Callback::new(move |()| {
            vec![
                Item::new("Debug", move || session.address.open(&Route::Debug)),
                Item::new("Alerts", move || session.address.open(&Route::Alerts)),
                Item::new("Services", move || session.address.open(&Route::Services)),
                Item::new("Trends", move || session.address.open(&Route::Trends)),
                Item::new("Settings", move || session.address.open(&Route::Settings(Tab::Integrations))),
                Item::new("Changes", move || session.address.open(&Route::Changes)),
                Item::new("My profile and theme", move || session.address.open(&Route::Settings(Tab::Profile))),
                Item::new("Sign out", move || session.leave()),
            ]
        });
        view! { <Menu label=format!("{name}: profile, sign out") words=name class="topbar__me" items /> }
    };
    view! {
        <header class="topbar">
            <ConnectionState />
            {move || session.replica.is_demo().then(|| view! { <span class="tag" title="Ready-made people; nothing here is real.">"Demo"</span> })}
            <span class="topbar__clocks" aria-hidden="true">
                <span>{move || clocks().0}</span>
                {move || clocks().1.map(|local| view! { <span class="topbar__local">{local}</span> })}
            </span>
            <a class="button topbar__declare" href=Route::Declare.path()>"Declare"</a>
            {move || me()} {plain::sign_out()}
        </header>
    }
}

/// Live, catching up, offline with what is unsent, or signed out. Spoken when it changes.
#[component]
fn ConnectionState() -> impl IntoView {
    let session = session();
    let (live, now) = (session.live, session.live.ticking());
    let state = live.connection;
    let unsent = move || session.outbox.late_count(now.get());
    let words = move || {
        let unsent = match unsent() {
            0 => String::new(),
            n => format!(", {n} unsent"),
        };
        let state = match state.get() {
            Connection::Still => format!("As of {}", session.zone.get().clock(live.heard_at.get(), now.get())),
            Connection::Live => "Live".to_owned(),
            Connection::CatchingUp => "Catching up".to_owned(),
            Connection::Offline => "Offline".to_owned(),
            Connection::SignedOut => "Signed out".to_owned(),
        };
        format!("{state}{unsent}")
    };
    let heard = move || {
        let at = live.heard_at.get();
        match state.get() {
            Connection::Still => String::new(),
            Connection::Live => format!("{} ago", wording::span(now.get().secs_since(at))),
            Connection::SignedOut | Connection::Offline | Connection::CatchingUp => format!("as of {}", session.zone.get().clock(at, now.get())),
        }
    };
    let slug = move || match state.get() {
        Connection::Still => "still",
        Connection::Live => "live",
        Connection::CatchingUp => "catching-up",
        Connection::Offline => "offline",
        Connection::SignedOut => "signed-out",
    };
    view! {
        <div class="connection" data-state=move || slug() data-unsent=move || (unsent() > 0).then_some("true")>
            <span class="connection__dot" aria-hidden="true"></span>
            <span class="connection__words" role="status" aria-live="polite">{move || words()}</span>
            <span class="connection__heard">{move || heard()}</span>
            {move || {
                (state.get() == Connection::SignedOut)
                    .then(|| view! { <a class="connection__sign-in" href=Route::SignIn.path()>"Sign in to go on"</a> })
            }}
        </div>
    }
}
