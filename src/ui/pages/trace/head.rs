//! What stands above the rows of a trace: where it lies, where its time went, and its facts.

use super::{Shape, naming::NamedBy, short};
use crate::{
    domain::{
        ids::IncidentId,
        incident::{Command, Incident},
        telemetry::waterfall::Fact,
    },
    ui::{
        browser,
        components::icon::{Glyph, Icon},
        drawing::view,
        routes::Route,
        session::session,
    },
};
use leptos::{prelude::*, task::spawn_local};
use std::{collections::BTreeSet, sync::Arc};

/// So many incidents are offered.
const PINS: usize = 2;

pub fn crumbs(id: &str) -> AnyView {
    view! {
        <nav class="trace__crumbs" aria-label="Where this is">
            <a href="/debug">"Debug"</a>
            " / "
            <a href=Route::Traces.path()>"Traces"</a>
            " / "
            <span class="mono" aria-current="page">
                {short(id).to_owned()}
            </span>
        </nav>
    }
}

pub fn head(shape: &Shape, again: Callback<()>) -> AnyView {
    let session = session();
    let id = shape.trace.view.trace_id.clone();
    let said = shape.waterfall.sentence(&shape.spans);
    #[allow(clippy::cast_possible_truncation)] // nanoseconds of a call
    let usual = shape.trace.usual_s.map(|secs| (secs * 1e9) as i64);
    let facts = shape.waterfall.facts(&shape.spans, usual);
    let began = shape.waterfall.main.and_then(|main| shape.waterfall.items.get(main)?.span()).and_then(|at| shape.began.get(at).copied()).flatten();
    let clock = began.map(|at| {
        let words = move || {
            let zone = session.zone.get();
            let text = at.to_string();
            // Seconds and milliseconds are the same in every zone.
            let fine = text.get(16..23).map_or_else(String::new, |fine| fine.trim_end_matches('Z').to_owned());
            format!("{}{fine} {}", zone.clock(at, session.live.now()), zone.name())
        };
        view! { <time class="number trace__when" datetime=at.to_string()>{words}</time> }
    });
    let notes: Vec<String> = shape.trace.gaps.iter().cloned().chain(shape.waterfall.oddities.words()).collect();
    let partly = !shape.trace.gaps.is_empty();
    let pinned = RwSignal::new(None);
    view! {
        {crumbs(&id)}
        <h1 class="page__title">{said.clone()}</h1>
        <div class="trace__id">
            <span class="muted">"trace"</span>
            <span class="mono">{id.clone()}</span>
            {copy("trace id", id.clone())}
            {clock}
            <span class="trace__pins">
                <NamedBy id=id.clone() pinned /> {pins(shape, id, said, pinned)}
            </span>
        </div>
        <ul class="panel trace__facts" aria-label="Facts">
            {facts.into_iter().map(fact).collect_view()}
        </ul>
        {(!notes.is_empty())
            .then(|| {
                view! {
                    <div class="trace__notes" role="note">
                        <Icon glyph=Glyph::Late />
                        <ul>{notes.into_iter().map(|note| view! { <li>{note}</li> }).collect_view()}</ul>
                        {partly
                            .then(|| {
                                view! {
                                    <button type="button" class="button" data-size="small" on:click=move |_| again.run(())>
                                        "Look again"
                                    </button>
                                }
                            })}
                    </div>
                }
            })}
    }
}

/// For the open incidents that this trace may be evidence for: those of a service in it, or the one
/// that the address names.
fn pins(shape: &Shape, id: String, said: String, pinned: RwSignal<Option<IncidentId>>) -> impl Fn() -> AnyView + use<> {
    let session = session();
    let services: BTreeSet<String> =
        shape.spans.iter().map(|span| span.service.clone()).chain(shape.spans.iter().filter_map(|span| span.peer().map(str::to_owned))).collect();
    move || {
        let named = session.address.query.with(|query| query.get("incident").map(str::to_owned));
        let fits = |incident: &Incident| match &named {
            Some(named) => incident.reference.to_string() == *named,
            None => incident.services.iter().any(|service| services.contains(service)),
        };
        let button = |incident: Arc<Incident>| {
            let (incident_id, reference) = (incident.id, incident.reference);
            let command = Command::Link {
                url: format!("{}{}", session.origin.get_value(), Route::Trace(id.clone()).path()),
                text: Some(format!("Trace {}: {said}", short(&id))),
            };
            let refused = session.would(&incident, &command).err().map(|refusal| refusal.to_string());
            let pin = move |_| match untrack(|| session.send(incident_id, command.clone())) {
                Ok(()) => {
                    pinned.set(Some(incident_id));
                    session.toasts.say(format!("Pinned to the timeline of {reference}."));
                }
                Err(refusal) => session.toasts.say_refused(&refusal),
            };
            view! {
                <button type="button" class="button" disabled=refused.is_some() title=refused on:click=pin>
                    <Icon glyph=Glyph::Pin />
                    {format!("Pin to {reference}")}
                </button>
            }
        };
        let open = session.replica.on_board(session.live.now());
        open.into_iter().filter(|incident| fits(incident)).take(PINS).map(button).collect_view().into_any()
    }
}

fn fact(fact: Fact) -> AnyView {
    view! {
        <li class="trace__fact" data-failed=fact.failed.then_some("")>
            <b>
                {fact.failed.then(|| view! { <Icon glyph=Glyph::Failed /> })} {fact.figure}
            </b>
            <span>{fact.words}</span>
        </li>
    }
}

/// A button that copies, and says so.
pub fn copy(what: &'static str, text: String) -> AnyView {
    let session = session();
    let copied = move |_| {
        let text = text.clone();
        spawn_local(async move {
            let words = if browser::copy(text).await { format!("Copied the {what}.") } else { "The browser does not allow copying here.".to_owned() };
            session.toasts.say(words);
        });
    };
    view! {
        <button type="button" class="icon-button" aria-label=format!("Copy the {what}") on:click=copied>
            <Icon glyph=Glyph::Copy />
        </button>
    }
}
