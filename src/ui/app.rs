//! Where the app begins: the session, the address, and which page stands there.

use super::{
    browser,
    components::toast_list::ToastList,
    live::Connection,
    pages::{self, later},
    panels::{shell::Shell, unsent::UnsentBar},
    routes::Route,
    session::{Built, Gate, Session, session},
};
use crate::{
    domain::{reading, screens::FirstScreen},
    ui::drawing::view,
};
use leptos::{prelude::*, task::spawn_local};
use std::{cell::Cell, iter, rc::Rc, time::Duration};

/// Where the choice of theme is kept: `light`, `dark`, or nothing for the system's.
pub const THEME_KEY: &str = "tocsin.theme";

/// Nothing competes with what the first screen itself still asks for.
const AFTER_THE_FIRST_SCREEN: Duration = Duration::from_secs(1);

/// How many rows of a table are put together without a break: on a slow phone one takes 5 ms.
const ROWS_AT_ONCE: usize = 10;
/// How many rows are put together in steps; more follow in one.
const FIRST_ROWS: usize = 50;

/// Puts the app into the page, in place of what the server has drawn there. That stays until
/// everything is there that draws the same, and for good where it cannot be fetched.
pub fn mount() {
    browser::spawn(async {
        // Whoever typed or scrolled while the app was made ready is not kept waiting until it is drawn.
        browser::breathe().await;
        let came: Option<FirstScreen> = browser::first_screen().and_then(|text| reading::read(text.as_bytes()));
        let route = Route::parse(&browser::address().0);
        if let Some(came) = &came
            && later::fetch_for(route.as_ref(), came.snapshot.is_some()).await.is_err()
        {
            return browser::stay_still();
        }
        browser::breathe().await;
        let place = browser::new_place();
        // What other pages draw is measured as soon as it stands, so there it has to stand in the page.
        let in_steps = route == Some(Route::Board) && came.as_ref().is_some_and(|came| came.snapshot.is_some());
        let built = RwSignal::new(if in_steps { Built::Nothing } else { Built::Whole });
        let begun = Rc::new(Cell::new(None));
        let begins = begun.clone();
        leptos::mount::mount_to(place.clone(), move || view! { <App came built begins /> }).forget();
        let mut rows = (ROWS_AT_ONCE..FIRST_ROWS).step_by(ROWS_AT_ONCE).map(Built::Rows).chain([Built::Whole]).peekable();
        if in_steps {
            let seen = browser::rows_in_sight();
            let in_sight = iter::from_fn(|| rows.next_if(|_| built.get_untracked().rows() < seen));
            for step in [Built::Frame, Built::Page].into_iter().chain(in_sight) {
                browser::breathe().await;
                built.set(step);
            }
            browser::breathe().await;
        }
        browser::take_place(&place);
        browser::mark("interactive");
        if let Some(session) = begun.get() {
            session.live.go_on(session);
        }
        // The rows below what is in sight.
        for step in rows.filter(|_| in_steps) {
            browser::breathe().await;
            built.set(step);
        }
    });
}

#[component]
fn App(came: Option<FirstScreen>, built: RwSignal<Built>, begins: Rc<Cell<Option<Session>>>) -> impl IntoView {
    browser::set_theme(browser::load(THEME_KEY).as_deref());
    begins.set(Some(Session::begin(came, built)));
    view! { <Screens /> }
}

/// Whatever is on screen, in the session that was begun.
#[component]
pub fn Screens() -> impl IntoView {
    let session = session();
    let route = Memo::new(move |_| session.address.path.with(|path| Route::parse(path)));
    let toasts = session.toasts;
    let asked = Memo::new(move |_| session.sheet.with(Option::is_some));
    let has_begun = Memo::new(move |_| session.built.get() >= Built::Frame);
    let page = move || match session.gate.get() {
        _ if !has_begun.get() => ().into_any(),
        Gate::Starting => pages::starting().into_any(),
        Gate::Unreachable(failure) => pages::unreachable(&failure).into_any(),
        Gate::SignedOut => match route.get() {
            Some(Route::Setup) => later::setup(),
            _ => later::sign_in(),
        },
        Gate::In => view! { <Inside route /> },
    };
    view! {
        {move || page()}
        {move || asked.get().then(later::sheets)}
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
    // Once the screen is current, what else may be needed without a network is fetched.
    Effect::new(move |fetched: Option<bool>| {
        let fetch = !fetched.unwrap_or(false) && session.live.connection.get() == Connection::Live;
        if fetch {
            set_timeout(|| spawn_local(later::fetch_all()), AFTER_THE_FIRST_SCREEN);
        }
        fetched.unwrap_or(false) || fetch
    });
    let warning = Memo::new(move |_| session.replica.warning());
    let has_frame = Memo::new(move |_| session.built.get() >= Built::Page);
    let page = move || match route.get() {
        _ if !has_frame.get() => ().into_any(),
        Some(
            Route::Declare
            | Route::Objectives
            | Route::Objective(_)
            | Route::NewObjective
            | Route::EditObjective(_)
            | Route::Settings(_)
            | Route::Incidents
            | Route::Alerts
            | Route::Services
            | Route::Service(_)
            | Route::Trends
            | Route::Integration(_)
            | Route::Changes
            | Route::Debug
            | Route::Traces
            | Route::Trace(_),
        ) if session.is_still() => pages::frame(),
        Some(Route::Board) => view! { <pages::board::Board /> },
        Some(Route::Executive) => later::executive(),
        Some(Route::Objectives) => later::objectives(),
        Some(Route::Objective(name)) => later::objective(name),
        Some(Route::NewObjective) => later::objective_form(None),
        Some(Route::EditObjective(name)) => later::objective_form(Some(name)),
        Some(Route::Incidents) => later::incidents(),
        Some(Route::Incident(incident)) => later::incident(incident),
        Some(Route::Declare) => later::declare(),
        Some(Route::Alerts) => later::alerts(),
        Some(Route::Services) => later::services(),
        Some(Route::Service(name)) => later::service(name),
        Some(Route::Settings(tab)) => later::settings(tab),
        Some(Route::Trends) => later::trends(),
        Some(Route::Integration(id)) => later::integration(id),
        Some(Route::Changes) => later::changes(),
        Some(Route::Debug) => later::debug(),
        Some(Route::Traces) => later::traces(),
        Some(Route::Trace(id)) => later::trace(id),
        Some(Route::SignIn) if session.live.connection.get() != Connection::SignedOut => later::go_on(),
        Some(Route::SignIn) => later::sign_in(),
        Some(Route::Setup) | None => pages::not_found().into_any(),
    };
    view! {
        <Shell route>
            {session.is_still().then(|| pages::notice())} <UnsentBar />
            {move || warning.get().map(|words| view! { <p class="warning-bar" role="alert">{words}</p> })}
            {move || page()}
        </Shell>
    }
}
