//! What is not on the first screen: each stands in a part of its own, which the browser fetches
//! when it is first asked for, or once the first screen stands and nothing else is to do.

use crate::ui::{
    browser,
    components::{empty::EmptyState, loaded::Loading},
    drawing::view,
    exchange, forms, pages,
    routes::{Route, Tab},
};
use leptos::{
    prelude::*,
    task::spawn_local,
    wasm_split::{SplitLoaderError, wasm_split},
};
use std::{
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

type Drawn = Result<AnyView, SplitLoaderError>;
type Fetching = Pin<Box<dyn Future<Output = Result<(), SplitLoaderError>>>>;

/// What stands in the same part is fetched together, with the stylesheet of all but the door
/// (`style/later`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Before somebody is signed in.
    Door,
    /// An incident is opened, declared, or asked something about.
    Triage,
    /// Incidents, alerts or services are listed.
    Lists,
    /// Service levels: the executive board and objectives.
    Levels,
    /// What telemetry shows: the debug board and traces.
    Debug,
    /// Everything else.
    Office,
}

impl Part {
    /// What draws the screen at an address, if it is not on the board.
    pub fn of(route: Option<&Route>, signed_in: bool) -> Option<Self> {
        match route {
            _ if !signed_in => Some(Part::Door),
            Some(Route::Incident(_) | Route::Declare) => Some(Part::Triage),
            Some(Route::Incidents | Route::Alerts | Route::Services | Route::Service(_)) => Some(Part::Lists),
            Some(Route::Executive | Route::Objectives | Route::Objective(_) | Route::NewObjective | Route::EditObjective(_)) => Some(Part::Levels),
            Some(Route::Debug | Route::Traces | Route::Trace(_)) => Some(Part::Debug),
            Some(Route::Settings(_) | Route::Integration(_) | Route::Changes | Route::Trends) => Some(Part::Office),
            Some(Route::Board | Route::SignIn | Route::Setup) | None => None,
        }
    }

    /// As the built page calls it: the name that it is split off by.
    pub fn slug(self) -> &'static str {
        match self {
            Part::Door => "door",
            Part::Triage => "triage",
            Part::Lists => "lists",
            Part::Levels => "levels",
            Part::Debug => "debug",
            Part::Office => "office",
        }
    }

    /// Whether the server draws its screens whole, so that its style has to be there before the app is.
    pub fn is_drawn_by_server(self) -> bool {
        matches!(self, Part::Levels)
    }

    fn fetch(self) -> Fetching {
        match self {
            Part::Door => Box::pin(fetch_door()),
            Part::Triage => Box::pin(fetch_triage()),
            Part::Lists => Box::pin(fetch_lists()),
            Part::Levels => Box::pin(fetch_levels()),
            Part::Debug => Box::pin(fetch_debug()),
            Part::Office => Box::pin(fetch_office()),
        }
    }
}

enum Triage {
    Incident(String),
    Declare,
    Sheets,
}

enum Lists {
    Incidents,
    Alerts,
    Services,
    Service(String),
}

enum Levels {
    Executive,
    Objectives,
    Objective(String),
    /// The one of this name, or a new one.
    Form(Option<String>),
}

enum Debug {
    Board,
    Traces,
    Trace(String),
}

enum Office {
    Settings(Tab),
    Trends,
    Integration(String),
    Changes,
}

enum Door {
    SignIn,
    /// Signed in already.
    GoOn,
    Setup,
}

#[wasm_split(triage, wasm_split_path = leptos::wasm_split, fallible, preload(fetch_triage))]
fn draw_triage(what: Triage) -> Drawn {
    exchange::install();
    Ok(match what {
        Triage::Incident(incident) => view! { <pages::incident::IncidentPage incident /> },
        Triage::Declare => view! { <pages::declare::Declare /> },
        Triage::Sheets => view! { <forms::SheetHost /> },
    })
}

#[wasm_split(lists, wasm_split_path = leptos::wasm_split, fallible, preload(fetch_lists))]
fn draw_lists(what: Lists) -> Drawn {
    exchange::install();
    Ok(match what {
        Lists::Incidents => view! { <pages::incidents::Incidents /> },
        Lists::Alerts => view! { <pages::alerts::Alerts /> },
        Lists::Services => view! { <pages::services::Services /> },
        Lists::Service(name) => view! { <pages::services::ServicePage name /> },
    })
}

#[wasm_split(levels, wasm_split_path = leptos::wasm_split, fallible, preload(fetch_levels))]
fn draw_levels(what: Levels) -> Drawn {
    exchange::install();
    Ok(match what {
        Levels::Executive => view! { <pages::executive::ExecutivePage /> },
        Levels::Objectives => view! { <pages::objectives::Objectives /> },
        Levels::Objective(name) => view! { <pages::objectives::ObjectivePage name /> },
        Levels::Form(name) => view! { <pages::objectives::ObjectiveForm name /> },
    })
}

#[wasm_split(debug, wasm_split_path = leptos::wasm_split, fallible, preload(fetch_debug))]
fn draw_debug(what: Debug) -> Drawn {
    exchange::install();
    Ok(match what {
        Debug::Board => view! { <pages::debug::DebugBoard /> },
        Debug::Traces => view! { <pages::trace::list::TracesPage /> },
        Debug::Trace(id) => view! { <pages::trace::TracePage id /> },
    })
}

#[wasm_split(office, wasm_split_path = leptos::wasm_split, fallible, preload(fetch_office))]
fn draw_office(what: Office) -> Drawn {
    exchange::install();
    Ok(match what {
        Office::Settings(tab) => view! { <pages::settings::Settings tab /> },
        Office::Trends => view! { <pages::trends::Trends /> },
        Office::Integration(id) => view! { <pages::settings::Settings tab=Tab::Integrations integration=id /> },
        Office::Changes => view! { <pages::changes::Changes /> },
    })
}

#[wasm_split(door, wasm_split_path = leptos::wasm_split, fallible, preload(fetch_door))]
fn draw_door(what: Door) -> Drawn {
    Ok(match what {
        Door::SignIn => view! { <pages::sign_in::SignIn /> },
        Door::GoOn => view! { <pages::sign_in::GoOn /> },
        Door::Setup => view! { <pages::setup::Setup /> },
    })
}

pub fn incident(incident: String) -> AnyView {
    later(Part::Triage, move || now(draw_triage(Triage::Incident(incident.clone()))))
}

pub fn declare() -> AnyView {
    later(Part::Triage, || now(draw_triage(Triage::Declare)))
}

pub fn sheets() -> AnyView {
    later(Part::Triage, || now(draw_triage(Triage::Sheets)))
}

/// Lists are asked for by the app itself; what is written into the page only says so.
fn list(draw: impl Fn() -> Lists + Send + 'static) -> AnyView {
    if browser::is_here() {
        later(Part::Lists, move || now(draw_lists(draw())))
    } else {
        view! { <div class="page"><Loading what="the page".to_owned() /></div> }
    }
}

pub fn incidents() -> AnyView {
    list(|| Lists::Incidents)
}

pub fn alerts() -> AnyView {
    list(|| Lists::Alerts)
}

pub fn services() -> AnyView {
    list(|| Lists::Services)
}

pub fn service(name: String) -> AnyView {
    list(move || Lists::Service(name.clone()))
}

pub fn executive() -> AnyView {
    later(Part::Levels, || now(draw_levels(Levels::Executive)))
}

pub fn objectives() -> AnyView {
    later(Part::Levels, || now(draw_levels(Levels::Objectives)))
}

pub fn objective(name: String) -> AnyView {
    later(Part::Levels, move || now(draw_levels(Levels::Objective(name.clone()))))
}

/// For the objective of a name, or for a new one.
pub fn objective_form(name: Option<String>) -> AnyView {
    later(Part::Levels, move || now(draw_levels(Levels::Form(name.clone()))))
}

pub fn debug() -> AnyView {
    later(Part::Debug, || now(draw_debug(Debug::Board)))
}

pub fn traces() -> AnyView {
    later(Part::Debug, || now(draw_debug(Debug::Traces)))
}

pub fn trace(id: String) -> AnyView {
    later(Part::Debug, move || now(draw_debug(Debug::Trace(id.clone()))))
}

pub fn settings(tab: Tab) -> AnyView {
    later(Part::Office, move || now(draw_office(Office::Settings(tab))))
}

pub fn trends() -> AnyView {
    later(Part::Office, || now(draw_office(Office::Trends)))
}

pub fn integration(id: String) -> AnyView {
    later(Part::Office, move || now(draw_office(Office::Integration(id.clone()))))
}

pub fn changes() -> AnyView {
    later(Part::Office, || now(draw_office(Office::Changes)))
}

pub fn sign_in() -> AnyView {
    later(Part::Door, || now(draw_door(Door::SignIn)))
}

pub fn go_on() -> AnyView {
    later(Part::Door, || now(draw_door(Door::GoOn)))
}

pub fn setup() -> AnyView {
    later(Part::Door, || now(draw_door(Door::Setup)))
}

/// Fetches what draws the screen at an address, if it is not on the board.
pub async fn fetch_for(route: Option<&Route>, signed_in: bool) -> Result<(), SplitLoaderError> {
    match Part::of(route, signed_in) {
        Some(part) => part.fetch().await,
        None => Ok(()),
    }
}

/// Fetches everything, in the order in which it is likely to be asked for, so that what has not
/// been visited is there when the network is gone.
pub async fn fetch_all() {
    for part in [Part::Triage, Part::Lists, Part::Debug, Part::Levels, Part::Office] {
        // Without it, its page says so when it is asked for, and tries again.
        let _ = part.fetch().await;
    }
}

fn later(part: Part, draw: impl Fn() -> Option<AnyView> + Send + 'static) -> AnyView {
    drawn_when_there(part, Box::new(draw))
}

/// Draws a part that is there; says that it is being fetched while it is not. Compiled once for
/// all pages.
fn drawn_when_there(part: Part, draw: Box<dyn Fn() -> Option<AnyView> + Send>) -> AnyView {
    let failed = RwSignal::new(false);
    let arrived = Trigger::new();
    let drawn = move || {
        arrived.track();
        if failed.get_untracked() {
            let again = Callback::new(move |()| {
                failed.set(false);
                arrived.notify();
            });
            return Some(missing(again));
        }
        let mut fetching = part.fetch();
        match fetching.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(())) => draw(),
            Poll::Ready(Err(_)) => None,
            Poll::Pending => {
                spawn_local(async move {
                    failed.set(fetching.await.is_err());
                    arrived.notify();
                });
                Some(view! { <div class="page"><Loading what="the page".to_owned() /></div> })
            }
        }
    };
    (move || drawn()).into_any()
}

fn missing(again: Callback<()>) -> AnyView {
    view! {
        <div class="page">
            <EmptyState title="This page could not be fetched." words="The network may be gone, or the server has a newer version. What is on the board stays.">
                <button class="button" type="button" on:click=move |_| again.run(())>"Try again"</button>
            </EmptyState>
        </div>
    }
}

/// What is done without waiting: everything on the server, and in the browser what was fetched.
fn now<T>(future: impl Future<Output = Result<T, SplitLoaderError>>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done.ok(),
        Poll::Pending => None,
    }
}
