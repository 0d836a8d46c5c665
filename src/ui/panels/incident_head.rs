//! Severity and title, where it stands, and why it is as bad as it is said to be.

use crate::{
    domain::incident::{Incident, State},
    ui::{
        address::address_of,
        components::{
            severity::{SeverityMark, severity_label, severity_slug},
            state::StateBadge,
        },
        drawing::view,
        panels::service_link::service_links,
        routes::Route,
        session::session,
    },
};
use leptos::prelude::*;
use std::sync::Arc;

#[component]
pub fn IncidentHead(incident: Memo<Arc<Incident>>) -> impl IntoView {
    move || head(&incident.get()).into_any()
}

fn head(incident: &Incident) -> impl IntoView + use<> {
    let session = session();
    let now = session.live.ticking();
    let severity = incident.shown_severity();
    let since = match incident.state {
        State::Mitigated => incident.mitigated_at,
        State::Resolved => incident.resolved_at,
        State::Closed => incident.closed_at,
        State::Triage | State::Active | State::Cancelled | State::Merged => None,
    };
    let since = move || since.map(|since| format!("since {}", session.zone.get().clock(since, now.get())));
    let merged = incident.merged_into.and_then(|into| session.replica.confirmed(into)).map(|into| {
        view! { <p class="incident-head__because">"It goes on in " <a href=Route::incident(into.reference).path()>{into.reference.to_string()} " " {into.title.clone()}</a></p> }
    });
    let because = incident.severity_reason.clone().map(|reason| {
        let lead = match incident.severity {
            Some(severity) => format!("{} because ", severity.label()),
            None => format!("{} proposed because ", severity_label(severity)),
        };
        view! { <p class="incident-head__because"><b>{lead}</b> {reason}</p> }
    });
    let undecided = (incident.severity.is_none() && incident.state.is_open()).then(|| {
        let words = match incident.proposed_severity {
            Some(proposed) => format!("Nobody has confirmed the severity yet; {} is proposed.", proposed.label()),
            None => "Nobody has said yet how bad it is.".to_owned(),
        };
        view! { <p class="incident-head__because muted">{words}</p> }
    });
    let labels = (!incident.labels.is_empty()).then(|| {
        let label = |(name, value): (&String, &String)| view! { <li class="tag">{name.clone()} "=" {value.clone()}</li> };
        view! { <ul class="tags" aria-label="Labels">{incident.labels.iter().map(label).collect_view()}</ul> }
    });
    let services = match incident.services.as_slice() {
        [] => None,
        [_] => Some("Service: "),
        _ => Some("Services: "),
    };
    let services = services.map(|words| view! { <span class="muted">{words} {service_links(&incident.services)}</span> });
    let debug = address_of(&Route::Debug.path(), &[("incident", &incident.reference.to_string())]);
    view! {
        <header class="incident-head" data-severity=severity_slug(severity)>
            <p class="incident-head__trail">
                <a href=Route::Board.path()>"On-call"</a>
                <span aria-hidden="true">"/"</span>
                <span class="mono">{incident.reference.to_string()}</span>
                <StateBadge state=incident.state />
                <span class="muted">{move || since()}</span>
                <a href=debug title="What broke, in the time of this incident">"Debug"</a>
                {incident.private.then(|| view! { <span class="tag">"Private"</span> })}
                {incident.origin.as_ref().map(|origin| view! { <span class="tag">"From " {origin.name.clone()}</span> })}
            </p>
            <h1 class="incident-head__title">
                <span class="incident-head__severity">
                    <SeverityMark severity digit=true />
                    {severity_label(severity)}
                </span>
                " "
                <span>{incident.title.clone()}</span>
            </h1>
            {because}
            {undecided}
            {merged}
            <div class="incident-head__names">
                {services}
                {labels}
            </div>
        </header>
    }
}
