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
    let undecided = undecided(incident).map(|words| view! { <p class="incident-head__because muted">{words}</p> });
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

/// That nobody has said yet how bad it is; not where "proposed because" stands above it already.
fn undecided(incident: &Incident) -> Option<String> {
    if incident.severity.is_some() || !incident.state.is_open() {
        return None;
    }
    match (incident.proposed_severity, &incident.severity_reason) {
        (Some(_), Some(_)) => None,
        (Some(proposed), None) => Some(format!("Nobody has confirmed the severity yet; {} is proposed.", proposed.label())),
        (None, _) => Some("Nobody has said yet how bad it is.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        ids::{IncidentId, IncidentRef},
        incident::{Declare, declare},
        people::{Actor, ActorKind, ActorRef, Role},
        severity::Severity,
        time::Timestamp,
        timeline::Head,
    };
    use uuid::Uuid;

    #[test]
    fn that_a_severity_is_only_proposed_is_said_once() {
        let (id, noon) = (IncidentId(Uuid::from_u128(1)), Timestamp::from_micros(1_786_450_000_000_000));
        let actor = Actor { who: ActorRef { kind: ActorKind::Person, id: "mara".to_owned(), name: "Mara".to_owned() }, role: Role::Responder };
        let draft = Declare { title: "t".to_owned(), ..Declare::default() };
        let events = Head::genesis().append(id, declare(&draft, &actor, noon).expect("a responder may declare"), &actor.who, None, noon);
        let mut incident = Incident::fold(id, IncidentRef(1), &events).expect("it begins with a declaration");
        incident.severity_reason = None;
        assert_eq!(undecided(&incident).as_deref(), Some("Nobody has said yet how bad it is."));
        incident.proposed_severity = Some(Severity::Sev1);
        assert_eq!(undecided(&incident).as_deref(), Some("Nobody has confirmed the severity yet; SEV1 is proposed."));
        incident.severity_reason = Some("nothing works".to_owned());
        assert_eq!(undecided(&incident), None);
    }
}
