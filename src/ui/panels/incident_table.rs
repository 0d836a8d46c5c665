//! Incidents as rows: a table on a desk, two lines each on a phone. Only one window of the list
//! is in the page, however long the list is.

use crate::{
    domain::{
        ids::IncidentId,
        incident::{Incident, State},
        time::Timestamp,
        wording,
    },
    ui::{
        clocks::{self, Due},
        components::{
            icon::{Glyph, Icon},
            relative_time::{RelativeTime, exact},
            rows::rows,
            severity::{SeverityBadge, severity_label, severity_slug},
            state::StateBadge,
        },
        drawing::view,
        listing::{Heap, is_mine},
        panels::service_link::service_links,
        routes::Route,
        session::session,
    },
};
use leptos::prelude::*;
use std::sync::Arc;

/// How many rows are in the page at once.
const WINDOW: usize = 50;

#[component]
pub fn IncidentTable(#[prop(into)] caption: String, ids: Memo<Vec<IncidentId>>) -> impl IntoView {
    let from = RwSignal::new(0_usize);
    let total = Memo::new(move |_| ids.with(Vec::len));
    // When the list shrinks or is filtered, the window moves back into it.
    let start = Memo::new(move |_| from.get().min(total.get().saturating_sub(1) / WINDOW * WINDOW));
    let built = session().built;
    let shown = move || ids.with(|ids| ids.iter().skip(start.get()).take(WINDOW.min(built.get().rows())).copied().collect::<Vec<_>>());
    let pager = move || {
        (total.get() > WINDOW).then(|| {
            let end = move || (start.get() + WINDOW).min(total.get());
            view! {
                <div class="pager">
                    <button type="button" class="button" data-size="small" disabled=move || start.get() == 0 on:click=move |_| from.set(start.get().saturating_sub(WINDOW))>
                        "Previous"
                    </button>
                    <span class="pager__words" role="status">{move || format!("{}–{} of {}", start.get() + 1, end(), total.get())}</span>
                    <button type="button" class="button" data-size="small" disabled=move || end() == total.get() on:click=move |_| from.set(start.get() + WINDOW)>
                        "Next"
                    </button>
                </div>
            }
        })
    };
    let is_long = Memo::new(move |_| total.get() > WINDOW);
    view! {
        <table class="incidents" role="table">
            <caption class="visually-hidden">{caption}</caption>
            <thead role="rowgroup">
                <tr role="row">
                    <th scope="col" role="columnheader">"Severity"</th>
                    <th scope="col" role="columnheader">"Id"</th>
                    <th scope="col" role="columnheader">"What is happening"</th>
                    <th scope="col" role="columnheader">"Services"</th>
                    <th scope="col" role="columnheader" class="number">"Firing"</th>
                    <th scope="col" role="columnheader" class="number">"Age"</th>
                    <th scope="col" role="columnheader">"Who has it"</th>
                    <th scope="col" role="columnheader">"State"</th>
                    <th scope="col" role="columnheader" class="number">"Last update"</th>
                    <th scope="col" role="columnheader" class="number">"Next due"</th>
                    <th scope="col" role="columnheader" class="phone">"In short"</th>
                </tr>
            </thead>
            <tbody role="rowgroup">
                {rows(shown, |id| *id, move |id| view! { <Row id /> })}
            </tbody>
        </table>
        {move || is_long.get().then(pager)}
    }
}

#[component]
fn Row(id: IncidentId) -> impl IntoView {
    let session = session();
    let incident = Memo::new(move |_| session.incident(id));
    // Most changes are an entry more: they move the last update, and the row stays.
    let drawn = Memo::new_with_compare(move |_| incident.get(), |before, after| before.zip(after).is_none_or(|(before, after)| looks_different(before, after)));
    move || drawn.get().map(|drawn| view! { <RowOf drawn incident /> })
}

/// Whether a row has to be drawn anew. What follows by itself is not looked at: who has it, and when
/// it was updated.
fn looks_different(before: &Option<Arc<Incident>>, after: &Option<Arc<Incident>>) -> bool {
    let (Some(a), Some(b)) = (before, after) else { return before.is_some() != after.is_some() };
    (a.state, a.severity, a.proposed_severity, a.started_at, a.resolved_at, a.firing_alerts(), a.total_alerts())
        != (b.state, b.severity, b.proposed_severity, b.started_at, b.resolved_at, b.firing_alerts(), b.total_alerts())
        || a.title != b.title
        || a.services != b.services
}

/// A row, as `drawn`; what follows by itself is of the `incident` as it is.
#[component]
fn RowOf(drawn: Arc<Incident>, incident: Memo<Option<Arc<Incident>>>) -> impl IntoView {
    let session = session();
    let now = session.live.ticking();
    let actor = session.replica.actor();
    let state = drawn.state;
    let who = Memo::new(move |_| incident.with(|incident| incident.as_ref().and_then(|incident| incident.who_has_it(now.get()).map(str::to_owned))));
    let is = move |asked: &dyn Fn(&Incident) -> bool| incident.with(|incident| incident.as_ref().is_some_and(|incident| asked(incident)));
    let waits = Memo::new(move |_| is(&|incident| state.is_open() && Heap::of(incident, now.get()) == Heap::Nobody));
    let mine = Memo::new(move |_| is(&|incident| actor.as_ref().is_some_and(|actor| is_mine(incident, actor, now.get()))));
    let updated_at = Memo::new(move |_| incident.with(|incident| incident.as_ref().map(|incident| incident.updated_at)));
    let due = Memo::new(move |_| incident.with(|incident| incident.as_ref().and_then(|incident| clocks::inside(incident))));
    let late = Memo::new(move |_| due.get().is_some_and(|due| due.is_late(now.get())));
    let incident = drawn;
    let age = {
        let (started_at, resolved_at) = (incident.started_at, incident.resolved_at);
        move || wording::span(resolved_at.unwrap_or_else(|| now.get()).secs_since(started_at))
    };
    let who_words = move || match (who.get(), state) {
        (Some(who), _) => who,
        (None, State::Triage | State::Active | State::Mitigated) => "Nobody".to_owned(),
        (None, _) => "–".to_owned(),
    };
    let (firing, total) = (incident.firing_alerts(), incident.total_alerts());
    let alerts = if total == 0 { "–".to_owned() } else { firing.to_string() };
    let (severity, reference, services) = (incident.shown_severity(), incident.reference.to_string(), wording::list(&incident.services));
    // What a phone's second line has room for: where it is broken while nobody has it, else where it stands.
    let rest = move || if waits.get() && !services.is_empty() { services.clone() } else { state.label().to_ascii_lowercase() };
    view! {
        <tr role="row" class="incident-row" data-severity=severity_slug(severity) data-waits=move || waits.get().then_some("true") data-mine=move || mine.get().then_some("true") data-late=move || late.get().then_some("true")>
            <td role="cell" class="incident-row__severity">
                <SeverityBadge severity proposed={incident.severity.is_none() && incident.proposed_severity.is_some()} />
            </td>
            <td role="cell" class="incident-row__id">{reference.clone()}</td>
            <td role="cell" class="incident-row__title">
                <a href=Route::incident(incident.reference).path() data-row=incident.id.to_string()>{incident.title.clone()}</a>
            </td>
            <td role="cell" class="incident-row__services">{service_links(&incident.services)}</td>
            <td role="cell" class="incident-row__alerts number" title=format!("{firing} of {total} alerts fire")>{alerts}</td>
            <td role="cell" class="incident-row__age number">{age}</td>
            <td role="cell" class="incident-row__who" data-nobody=move || waits.get().then_some("true")>{move || who_words()}</td>
            <td role="cell" class="incident-row__state"><StateBadge state /></td>
            <td role="cell" class="incident-row__updated number">{move || updated_at.get().map(|at| view! { <RelativeTime at now /> })}</td>
            <td role="cell" class="incident-row__due number" title=move || due.get().map(|due| format!("An update is due {}", exact(due.at)))>
                {move || late.get().then(|| view! { <Icon glyph=Glyph::Clock /> " " <span class="visually-hidden">"Update "</span> })}
                {move || due_words(due.get(), now.get())}
            </td>
            <td role="cell" class="incident-row__phone">
                <span class="severity-word">{severity_label(severity)}</span> " · " {reference.clone()} " · "
                {move || if waits.get() { view! { <b>"nobody"</b> } } else { who_words().into_any() }} " · " {rest}
            </td>
        </tr>
    }
}

/// When the next update is due: “in 13 min”, “4 min late”.
fn due_words(due: Option<Due>, now: Timestamp) -> String {
    let Some(due) = due else { return "–".to_owned() };
    let secs = due.at.secs_since(now);
    if secs < 0 { format!("{} late", wording::span(-secs)) } else { format!("in {}", wording::span(secs)) }
}
