//! One incident: how bad, since when, who, what fires, what can be done, and the record beside it.

use crate::{
    domain::{
        ids::{IncidentId, IncidentRef},
        incident::Incident,
    },
    ui::{
        browser,
        components::loaded::{Failed, Loading},
        drawing::view,
        panels::{
            acknowledge::{DEFAULT_SECS, acknowledge},
            alerts::Alerts,
            changes::ChangedBefore,
            costs::Costs,
            facts::{Facts, Impact},
            incident_head::IncidentHead,
            roles::Roles,
            timeline::Timeline,
            verbs::Verbs,
        },
        routes::Route,
        session::session,
    },
};
use leptos::prelude::*;
use std::sync::Arc;

#[component]
pub fn IncidentPage(incident: String) -> impl IntoView {
    let session = session();
    let asked = StoredValue::new(incident);
    session.open(asked.get_value());
    on_cleanup(move || session.close());
    let found = Memo::new(move |_| {
        session.replica.track();
        let by_reference = |text: &String| text.parse::<IncidentRef>().ok().and_then(|reference| session.replica.id_of(reference));
        let id = asked.with_value(|text| by_reference(text).or_else(|| text.parse().ok()))?;
        session.replica.confirmed(id).map(|incident| incident.id)
    });
    let again = Callback::new(move |()| session.ask_for(asked.get_value()));
    move || match (found.get(), session.page_failure.get()) {
        (Some(id), _) => untrack(|| session.incident(id)).map(|first| view! { <IncidentOf id first /> }).into_any(),
        (None, Some(failure)) => {
            browser::set_title("Not found · Tocsin");
            view! {
                <div class="page">
                    <h1 class="page__title">{asked.get_value()}</h1>
                    <Failed failure again />
                    <p><a href=Route::Board.path()>"To the on-call board"</a></p>
                </div>
            }
        }
        (None, None) => view! { <div class="page"><Loading what=asked.get_value() /></div> },
    }
}

#[component]
fn IncidentOf(id: IncidentId, first: Arc<Incident>) -> impl IntoView {
    let session = session();
    // A private incident may vanish while it is looked at; then its page is closed by `found`.
    let incident = Memo::new(move |last: Option<&Arc<Incident>>| session.incident(id).or_else(|| last.cloned()).unwrap_or_else(|| first.clone()));
    Effect::new(move |_| {
        incident.with(|incident| browser::set_title(&title(incident)));
    });
    keys(id);
    // The browser's own way to it moves the focus; the app's way to a link only scrolls.
    let past_the_timeline = |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        browser::show("incident-rest");
    };
    // What is read and tabbed to comes in the order that is seen on a phone: what happens comes
    // first. A desk puts the record beside the rest.
    view! {
        <div class="incident">
            <div class="incident__top">
                <IncidentHead incident />
                <Facts incident />
            </div>
            <a class="skip" href="#incident-rest" on:click=past_the_timeline>
                "Past the timeline"
            </a>
            <Timeline incident />
            <div class="incident__rest" id="incident-rest" tabindex="-1">
                <Impact incident />
                <Roles incident />
                <Alerts incident />
                <ChangedBefore incident />
                <Costs incident />
            </div>
            <Verbs incident />
        </div>
    }
}

pub fn title(incident: &Incident) -> String {
    format!("{} {} · Tocsin", incident.reference, incident.title)
}

/// `a` takes it, `n` goes to the composer.
fn keys(id: IncidentId) {
    let session = session();
    browser::on_key(move |event| {
        let Some(key) = browser::plain_key(&event) else { return };
        match key.as_str() {
            "a" => session.act(id, acknowledge(Some(DEFAULT_SECS))),
            "n" => browser::show("composer-text"),
            _ => return,
        }
        event.prevent_default();
    });
}
