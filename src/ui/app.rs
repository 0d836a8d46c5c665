//! Where the app begins: the session, the address, and which page stands there.

use super::{
    browser,
    components::toast_list::ToastList,
    forms::SheetHost,
    live::Connection,
    pages,
    panels::{shell::Shell, unsent::UnsentBar},
    routes::Route,
    session::{Gate, Session, session},
};
use crate::ui::drawing::view;
use leptos::prelude::*;

/// Where the choice of theme is kept: `light`, `dark`, or nothing for the system's.
pub const THEME_KEY: &str = "tocsin.theme";

#[component]
pub fn App() -> impl IntoView {
    browser::set_theme(browser::load(THEME_KEY).as_deref());
    Session::begin();
    let session = session();
    let route = Memo::new(move |_| session.address.path.with(|path| Route::parse(path)));
    let toasts = session.toasts;
    let page = move || match session.gate.get() {
        Gate::Starting => pages::starting().into_any(),
        Gate::Unreachable(failure) => pages::unreachable(&failure).into_any(),
        Gate::SignedOut => match route.get() {
            Some(Route::Setup) => view! { <pages::setup::Setup /> },
            _ => view! { <pages::sign_in::SignIn /> },
        },
        Gate::In => view! { <Inside route /> },
    };
    view! {
        {move || page()}
        <SheetHost />
        <ToastList shown=toasts.shown dismiss=move |number| toasts.dismiss(number) />
    }
}

/// The app of somebody who is signed in.
#[component]
fn Inside(route: Memo<Option<Route>>) -> impl IntoView {
    let session = session();
    // After the first page, moving on puts the focus where the new page begins.
    Effect::new(move |visited: Option<()>| {
        route.track();
        if visited.is_some() {
            browser::focus("main");
        }
    });
    let page = move || match route.get() {
        Some(Route::Board) => view! { <pages::board::Board /> },
        Some(Route::Incident(incident)) => view! { <pages::incident::IncidentPage incident /> },
        Some(Route::Declare) => view! { <pages::declare::Declare /> },
        Some(Route::Settings(tab)) => view! { <pages::settings::Settings tab /> },
        Some(Route::SignIn) if session.live.connection.get() != Connection::SignedOut => view! { <pages::sign_in::GoOn /> },
        Some(Route::SignIn) => view! { <pages::sign_in::SignIn /> },
        Some(Route::Setup) | None => pages::not_found().into_any(),
    };
    view! {
        <Shell route>
            <UnsentBar />
            {move || page()}
        </Shell>
    }
}
