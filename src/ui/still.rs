//! A screen drawn once, natively: what stands in the page before the app does, and all there is
//! where the app cannot run. The views are those of the app; nothing in them runs.

use super::{
    app::Screens,
    drawing::view,
    listing::{Filter, arrange},
    pages::{self, later::Part},
    routes::Route,
    session::{Gate, Session},
};
use crate::domain::{
    ids::IncidentRef,
    screens::{Asked, Needs},
};
use leptos::prelude::*;

/// A screen that can be written down. It lives as long as the owner it was drawn under.
pub struct Still {
    pub title: String,
    pub view: AnyView,
    /// The part of the app without which it cannot take this screen's place.
    pub part: Option<&'static str>,
    /// Whether the screen itself needs that part's style.
    pub styled: bool,
}

/// What has to be gathered for the screen at a path.
pub fn needs(path: &str) -> Needs {
    match Route::parse(path) {
        Some(Route::Incident(incident)) => Needs::Incident(incident),
        Some(Route::Executive) => Needs::Executive,
        Some(_) => Needs::Board,
        None => Needs::Unknown,
    }
}

/// Draws what is asked for.
pub fn still(mut asked: Asked) -> Still {
    if let Some(board) = asked.executive.take() {
        provide_context(pages::executive::Came(board));
    }
    let session = Session::still(asked);
    let view = view! { <Screens /> };
    let (path, signed_in) = (session.address.path.get_untracked(), session.gate.get_untracked() == Gate::In);
    let part = Part::of(Route::parse(&path).as_ref(), signed_in);
    Still { title: title(session), view, part: part.map(Part::slug), styled: part.is_some_and(Part::is_drawn_by_server) }
}

/// The title that the page itself will set.
fn title(session: Session) -> String {
    let route = session.address.path.with_untracked(|path| Route::parse(path));
    match (session.gate.get_untracked(), route) {
        (Gate::SignedOut, Some(Route::Setup)) => "First admin · Tocsin".to_owned(),
        (Gate::SignedOut, _) => "Sign in · Tocsin".to_owned(),
        (_, Some(Route::Board)) => {
            let now = session.live.now();
            pages::board::title(arrange(&session.board(now), Filter::default(), session.actor().as_ref(), now).waiting.len())
        }
        (_, Some(Route::Incident(incident))) => {
            let by_reference = || incident.parse::<IncidentRef>().ok().and_then(|reference| session.replica.id_of(reference));
            let found = incident.parse().ok().or_else(by_reference).and_then(|id| session.incident(id));
            found.map_or_else(|| "Not found · Tocsin".to_owned(), |incident| pages::incident::title(&incident))
        }
        (_, None) => "Not found · Tocsin".to_owned(),
        (_, Some(Route::Executive)) => pages::executive::title(),
        (_, Some(Route::Incidents)) => "Incidents · Tocsin".to_owned(),
        (_, Some(Route::Alerts)) => "Alerts · Tocsin".to_owned(),
        (_, Some(Route::Services)) => "Services · Tocsin".to_owned(),
        (_, Some(Route::Service(name))) => format!("{name} · Tocsin"),
        (_, Some(Route::Trends)) => "Trends · Tocsin".to_owned(),
        (_, Some(Route::Debug)) => "Debug · Tocsin".to_owned(),
        (_, Some(_)) => "Tocsin".to_owned(),
    }
}
