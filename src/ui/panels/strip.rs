//! The one loud thing on the board: the worst incident that nobody has, or a role I was asked to
//! take. Absent when there is none.

use super::acknowledge::AcknowledgeButton;
use crate::{
    domain::{
        ids::IncidentId,
        incident::{Command, Incident, Verb},
        wording,
    },
    ui::{
        components::{
            severity::{SeverityMark, severity_label, severity_slug},
            toast_list::sentence,
        },
        drawing::view,
        listing::{Heap, asked_of},
        routes::Route,
        session::session,
    },
};
use leptos::prelude::*;
use std::sync::Arc;

#[component]
pub fn Strip(
    /// What waits, the most urgent first.
    waiting: Memo<Vec<IncidentId>>,
) -> impl IntoView {
    let session = session();
    let first = Memo::new(move |_| {
        let id = waiting.with(|waiting| waiting.first().copied())?;
        session.incident(id)
    });
    let more = Memo::new(move |_| waiting.with(|waiting| waiting.len().saturating_sub(1)));
    move || first.get().map(|incident| view! { <StripOf incident more /> })
}

#[component]
fn StripOf(incident: Arc<Incident>, more: Memo<usize>) -> impl IntoView {
    let session = session();
    let now = session.live.ticking();
    let (id, severity, started_at) = (incident.id, incident.shown_severity(), incident.started_at);
    let asked = session.replica.actor().and_then(|actor| asked_of(&incident, &actor)).filter(|_| Heap::of(&incident, session.live.now()) != Heap::Nobody);
    let refused = untrack(|| session.may(&incident, Verb::Acknowledge)).err().map(|refusal| sentence(&refusal.to_string()));
    let proposed = incident.severity.is_none() && incident.proposed_severity.is_some();
    let level = format!("{}{}", severity_label(severity), if proposed { " proposed," } else { "" });
    let lead = match asked {
        Some(role) => format!("You were asked to be {}", role.label().to_ascii_lowercase()),
        None => "Nobody has it".to_owned(),
    };
    let facts = move || format!("{level} for {}", wording::span(now.get().secs_since(started_at)));
    let firing = match incident.firing_alerts() {
        0 => "no alert fires any more".to_owned(),
        n => wording::count(n as usize, "alert fires", "alerts fire"),
    };
    let action = match (asked, refused) {
        (Some(role), _) => {
            view! { <button type="button" class="button" on:click=move |_| session.act(id, Command::AcceptRole { role })>"Accept"</button> }
        }
        (None, None) => view! { <AcknowledgeButton id /> },
        (None, Some(reason)) => view! { <p class="strip__refused">{reason}</p> },
    };
    view! {
        <section class="strip" data-severity=severity_slug(severity) aria-label="Needs somebody now">
            <SeverityMark severity digit=true />
            <div class="strip__words">
                <p class="strip__title">
                    <a href=Route::incident(incident.reference).path()>
                        <b>{incident.reference.to_string()} " · " {lead}</b>
                        " "
                        <span>{incident.title.clone()}</span>
                    </a>
                </p>
                <p class="strip__facts">
                    {move || facts()} " · " {firing}
                    {move || {
                        (more.get() > 0)
                            .then(|| view! { " · " <a href=format!("/?show={}", Heap::Nobody.slug())>{move || format!("{} more", more.get())}</a> })
                    }}
                </p>
            </div>
            <div class="strip__actions">{action}</div>
        </section>
    }
}
