//! The alerts of an incident: few are counted by service and listed, the firing ones first; many
//! are shown as the storm they are.

use crate::{
    domain::{
        alert::{Alert, AlertState, Link},
        incident::{Command, Incident, State},
        sorting, wording,
    },
    ui::{
        browser,
        components::{
            icon::Glyph,
            loaded::Loading,
            menu::{Item, Menu},
        },
        drawing::view,
        panels::{service_link::service_link, storm::storm},
        routes::Route,
        session::session,
    },
};
use leptos::prelude::*;
use std::sync::Arc;

/// More than these are shown as a storm.
const SHOWN: usize = 8;
/// So many alerts a page holds at most.
const ON_PAGE: usize = 200;

#[component]
pub fn Alerts(incident: Memo<Arc<Incident>>) -> impl IntoView {
    let session = session();
    let id = incident.with_untracked(|incident| incident.id);
    let signals = Memo::new(move |_| incident.with(|incident| incident.signals.clone()));
    let alerts = Memo::new(move |_| {
        let page = session.replica.page.get().filter(|page| page.incident.id == id)?;
        let mut alerts = page.alerts.clone();
        // Within each half the newest stays first.
        sorting::sort_by_key(&mut alerts, |alert| alert.state == AlertState::Resolved);
        Some(alerts)
    });
    let total = move || incident.with(|incident| incident.total_alerts()) as usize;
    let head = move || {
        let services = signals.with(std::collections::BTreeMap::len);
        match (total(), incident.with(|incident| incident.firing_alerts())) {
            (0, _) => "none; it was declared by hand".to_owned(),
            (_, 0) => format!("{} · none fires any more", wording::count(services, "service", "services")),
            (_, firing) => format!("{} · {firing} firing", wording::count(services, "service", "services")),
        }
    };
    let by_service = move || {
        let mut services: Vec<_> = signals.get().into_iter().collect();
        sorting::sort_by_key(&mut services, |(_, signals)| std::cmp::Reverse((signals.firing, signals.total)));
        let row = |(service, signals): (String, crate::domain::incident::ServiceSignals)| {
            let name = if service.is_empty() { "no service named".into_any() } else { service_link(&service, true) };
            view! {
                <li class="service-signals">
                    <b class="service-signals__name">{name}</b>
                    <span class="number">{format!("{} firing", signals.firing)}</span>
                    <span class="number muted">{format!("of {}", signals.total)}</span>
                </li>
            }
        };
        services.into_iter().map(row).collect_view()
    };
    let list = move || match alerts.get() {
        None if total() > 0 => view! { <Loading what="the alerts" /> },
        None => ().into_any(),
        Some(alerts) => alerts.into_iter().map(|alert| view! { <AlertRow incident=id alert /> }).collect_view().into_any(),
    };
    // A page that is only written down holds the newest ones; those of a merged one went along.
    let left_out = move || {
        let shown = alerts.with(|alerts| alerts.as_ref().map(Vec::len))?;
        let (state, into) = incident.with(|incident| (incident.state, incident.merged_into));
        let into = into.and_then(|into| session.replica.confirmed(into)).map(|into| into.reference.to_string());
        let words = words_left_out(state, into.as_deref(), shown, total())?;
        Some(view! { <p class="panel__empty">{words}</p> })
    };
    // Many are added up by service, in the order they spread; few are listed at once. The sums are
    // asked for, so a page that is only written down lists what it has.
    let many = Memo::new(move |_| total() > SHOWN && browser::is_here());
    let few = move || {
        view! {
            <ul class="services-signals">{move || by_service()}</ul>
            <ul class="alerts">{move || list()}</ul>
            {move || left_out()}
        }
    };
    view! {
        <section class="panel" aria-labelledby="alerts-title">
            <div class="panel__head">
                <h2 id="alerts-title">{move || wording::count(total(), "alert", "alerts")}</h2>
                <span class="panel__note">{move || head()}</span>
            </div>
            {move || if many.get() { storm(id, Callback::new(|()| {})) } else { few() }}
        </section>
    }
}

/// What is said of alerts that are counted and not listed; `into` is what it was merged into.
fn words_left_out(state: State, into: Option<&str>, shown: usize, total: usize) -> Option<String> {
    let left_out = total.saturating_sub(shown);
    if left_out == 0 {
        return None;
    }
    if state == State::Merged {
        let words = wording::count(left_out, "alert is", "alerts are");
        return Some(format!("{words} in {} now.", into.unwrap_or("the incident that it was merged into")));
    }
    let words = wording::count(left_out, "older alert is not listed here", "older alerts are not listed here");
    (shown >= ON_PAGE).then(|| format!("{words}: this page holds the newest {shown}."))
}

/// One alert with everything that is known of it; `why` says why it stands in its incident.
#[component]
pub fn AlertRow(incident: crate::domain::ids::IncidentId, alert: Alert, #[prop(optional)] why: &'static str) -> impl IntoView {
    let session = session();
    let now = session.live.ticking();
    let (id, started_at, resolved_at) = (alert.id, alert.started_at, alert.resolved_at);
    let times = move || {
        let (zone, now) = (session.zone.get(), now.get());
        match resolved_at {
            Some(resolved_at) => format!("{} to {}", zone.clock(started_at, now), zone.clock(resolved_at, now)),
            None => format!("since {}", zone.clock(started_at, now)),
        }
    };
    let deliveries = (alert.deliveries > 1).then(|| format!(" · delivered {} times, repeats taken as such", alert.deliveries));
    let service = alert.labels.get("service").filter(|name| !name.is_empty()).map(|name| service_link(name, true));
    let severity = alert.severity.map_or("severity not said", |severity| severity.slug());
    let state = alert.state_words();
    let links = alert.links.iter().map(link).collect_view();
    let trace = alert.trace_id().map(|id| view! { <a href=Route::Trace(id.to_owned()).path()>"Trace "{id.get(..8).unwrap_or(id).to_owned()}</a> });
    let described = alert.described().map(str::to_owned);
    let items =
        Callback::new(move |()| vec![Item::new("Detach from this incident", move || session.act(incident, Command::DetachAlert { alert: id, reason: None }))]);
    view! {
        <li class="alert" data-state=alert.state.slug()>
            <div class="alert__words">
                <p class="alert__title">{alert.title.clone()}</p>
                <p class="alert__facts">
                    {service.map(|service| view! { {service} " · " })} {severity} " · " <span class="alert__state">{state}</span> " " {move || times()} {deliveries}
                    {alert.stale.then_some(" · its sender has gone silent")}
                </p>
                {(!why.is_empty()).then(|| view! { <p class="alert__facts">{why}</p> })}
                {described.map(|described| view! { <p class="alert__described">{described}</p> })}
                <p class="alert__links">{links} {trace}</p>
            </div>
            <Menu label=format!("Alert {}", alert.title) class="icon-button" glyph=Glyph::More items />
        </li>
    }
}

/// Only plain schemes become links; anything else stays text.
fn link(link: &Link) -> impl IntoView + use<> {
    let text = if link.text.is_empty() { link.href.clone() } else { link.text.clone() };
    if Link::is_safe(&link.href) {
        view! { <a href=link.href.clone() target="_blank" rel="noopener noreferrer">{text}</a> " " }
    } else {
        view! { <span>{text} " (" {link.href.clone()} ") "</span> }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_listed_says_where_it_is() {
        assert_eq!(words_left_out(State::Active, None, 200, 203).as_deref(), Some("3 older alerts are not listed here: this page holds the newest 200."));
        assert_eq!(words_left_out(State::Active, None, 3, 3), None);
        assert_eq!(words_left_out(State::Active, None, 3, 4), None, "the page is not full: what is missing was not left out for being old");
        assert_eq!(words_left_out(State::Merged, Some("INC-7"), 0, 3).as_deref(), Some("3 alerts are in INC-7 now."));
        assert_eq!(words_left_out(State::Merged, None, 0, 1).as_deref(), Some("1 alert is in the incident that it was merged into now."));
    }
}
