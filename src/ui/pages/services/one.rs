//! One service: who owns it, where to look, what is open, what it needs and what needs it, and what
//! was changed last.

use super::{edit, follow, neighbours, open_words, percent};
use crate::{
    api,
    domain::{
        alert::{Alert, Link},
        lists::{alerts::AlertQuery, encode},
        people::Right,
        services::{self, Service, ServiceChange},
    },
    ui::{
        browser,
        components::{
            icon::{Glyph, Icon},
            loaded::{Failed, Load, Loading},
            relative_time::RelativeTime,
            severity::SeverityBadge,
        },
        drawing::view,
        panels::level_rows::LevelRows,
        routes::Route,
        session::session,
    },
};
use leptos::{prelude::*, task::spawn_local};

#[component]
pub fn ServicePage(name: String) -> impl IntoView {
    browser::set_title(&format!("{name} · Tocsin"));
    let load = RwSignal::new(Load::<services::ServicePage>::Loading);
    let editing = RwSignal::new(false);
    let name = StoredValue::new(name);
    let fetch = move || {
        spawn_local(async move {
            let answer = api::services::page(name.get_value()).await;
            let _ = load.try_set(Load::from_answer(answer));
        });
    };
    Effect::new(move |_| fetch());
    follow(fetch);
    let body = move || match load.get() {
        Load::Loading => view! { <Loading what="the service" /> },
        Load::Failed(failure) => view! {
            <Failed failure again=move |()| fetch() />
            <p><a class="button" href=Route::Services.path()>"To all services"</a></p>
        },
        Load::Ready(page) => draw(page, editing),
    };
    let form = move || {
        let Load::Ready(page) = load.get_untracked() else { return ().into_any() };
        edit::form(page.service, move |saved| {
            if let Some(saved) = saved {
                load.update(|load| {
                    if let Load::Ready(page) = load {
                        page.service = saved;
                    }
                });
                // What it needs is shown beside what calls show.
                fetch();
            }
            editing.set(false);
        })
    };
    view! {
        <div class="page service">
            <p><a href=Route::Services.path()>"Services"</a></p>
            <h1 class="page__title">{name.get_value()}</h1>
            {move || body()}
        </div>
        {move || editing.get().then(form)}
    }
}

fn draw(page: services::ServicePage, editing: RwSignal<bool>) -> AnyView {
    let session = session();
    let Service { name, owner, tier, description, links, open, alerts, availability, last_incident_at, .. } = page.service;
    let now = session.live.ticking();
    let may = move || session.actor().is_some_and(|actor| actor.role.may(Right::DescribeServices));
    let list = |extra: &str| format!("{}?{extra}service={}", Route::Incidents.path(), encode(&name));
    let (all, still) = (list(""), list("state=open&"));
    let incident = |open: services::OpenIncident| {
        view! {
            <li class="service__incident">
                <SeverityBadge severity={open.severity} />
                <a href=Route::incident(open.reference).path()><span class="mono">{open.reference.to_string()}</span> " " {open.title}</a>
            </li>
        }
    };
    let alert = |alike: Vec<Alert>| {
        let (many, since) = (alike.len(), alike.iter().map(|alert| alert.started_at).min());
        let alert = alike.into_iter().next()?;
        let since = since.unwrap_or(alert.started_at);
        Some(view! {
            <li class="service__line">
                <b>{alert.title} {(many > 1).then(|| format!(" ×{many}"))}</b>
                <span class="muted">
                    {alert.severity.map_or("severity not said", |severity| severity.slug())} ", since " <RelativeTime at=since now />
                    {alert.stale.then_some(", its sender has gone silent")}
                </span>
                {alert.incident_id.map(|id| view! { <a href=Route::Incident(id.to_string()).path()>"Its incident"</a> })}
            </li>
        })
    };
    let change = |change: ServiceChange| {
        view! {
            <li class="service__line">
                <b>{change.title}</b>
                <span class="muted">{change.status.unwrap_or_else(|| "state not said".to_owned())} ", " <RelativeTime at=change.at now /></span>
            </li>
        }
    };
    let nothing = |words: &'static str| view! { <p class="panel__empty">{words}</p> };
    let objectives = Signal::stored(page.objectives);
    let level = objectives.with_untracked(|rows| !rows.is_empty());
    let (needs, used_by) = (page.needs, page.used_by);
    let n = open.len();
    let (no_alert, no_change) = (page.alerts.is_empty(), page.changes.is_empty());
    let all_alerts = AlertQuery { service: name.clone(), ..AlertQuery::default() }.address(&Route::Alerts.path());
    let debug = format!("{}?service={}", Route::Debug.path(), encode(&name));
    let mut groups = alike(page.alerts, |alert| (alert.title.clone(), alert.severity, alert.incident_id, alert.stale));
    let further: usize = groups.drain(MOST_ALERTS.min(groups.len())..).map(|alike| alike.len()).sum();
    let further = (further > 0).then(|| view! { <p class="service__more"><a href=all_alerts>{format!("{further} more")}</a></p> });
    view! {
        <div class="service__facts">
            <p>
                {match owner {
                    Some(owner) => view! { "Owned by " <b>{owner}</b> },
                    None => view! { <b class="services__unowned">"No owner"</b> },
                }}
                {tier.map(|tier| format!(" · tier {tier}"))}
                " · no customer hurt "
                {percent(availability)}
                " of the last 30 days"
                {last_incident_at.map(|at| view! { " · last incident " <RelativeTime at now /> })}
            </p>
            {(!description.is_empty()).then(|| view! { <p class="service__description">{description}</p> })}
            <ul class="service__links">{links.into_iter().map(link).collect_view()}</ul>
            <a class="service__debug" href=debug>
                <Icon glyph=Glyph::Pulse />
                "Debug"
            </a>
            <button type="button" class="button" disabled=move || !may() title=move || (!may()).then(|| Right::DescribeServices.refusal()) on:click=move |_| editing.set(true)>
                <Icon glyph=Glyph::Pencil />
                "Edit"
            </button>
            {move || (!may()).then(|| view! { <span class="muted">{Right::DescribeServices.refusal()} "."</span> })}
        </div>
        <section class="panel" aria-labelledby="service-objectives">
            <div class="panel__head">
                <h2 id="service-objectives">"Objectives"</h2>
            </div>
            {if level {
                view! { <LevelRows each=objectives caption="Objectives of this service, the worst first" whole=true /> }.into_any()
            } else {
                nothing("None is set for it.")
            }}
        </section>
        <div class="service__columns">
            <section class="panel" aria-labelledby="service-open">
                <div class="panel__head">
                    <h2 id="service-open">{open_words(n)}</h2>
                    <a class="panel__note" href=still>"In the list"</a>
                    <a class="panel__note" href=all>"All its incidents"</a>
                </div>
                <ul>{open.into_iter().map(incident).collect_view()}</ul>
            </section>
            <section class="panel" aria-labelledby="service-alerts">
                <div class="panel__head">
                    <h2 id="service-alerts">"Open alerts"</h2>
                    <span class="panel__note">{alerts}</span>
                </div>
                <ul>{groups.into_iter().filter_map(alert).collect_view()}</ul>
                {further}
                {no_alert.then(|| nothing("None is open."))}
            </section>
            {neighbours::panel("service-needs", "Depends on", needs, "None known: no calls of it were seen, and none is declared.")}
            {neighbours::panel("service-used-by", "Used by", used_by, "None known.")}
            <section class="panel" aria-labelledby="service-changes">
                <div class="panel__head">
                    <h2 id="service-changes">"Last changes"</h2>
                </div>
                <ul>{page.changes.into_iter().map(change).collect_view()}</ul>
                {no_change.then(|| nothing("None is known. Deploys are sent to the change door of an integration."))}
            </section>
        </div>
    }
}

/// How many kinds of alerts a service's page tells; the list of alerts has all.
const MOST_ALERTS: usize = 5;

/// Those of which one line says the same together, in the order in which the first of each stands.
fn alike<T, K: PartialEq>(all: Vec<T>, said: impl Fn(&T) -> K) -> Vec<Vec<T>> {
    let mut groups: Vec<(K, Vec<T>)> = vec![];
    for each in all {
        let key = said(&each);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(each),
            None => groups.push((key, vec![each])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// Only plain schemes become links; anything else stays text.
fn link(link: Link) -> AnyView {
    let text = if link.text.is_empty() { link.href.clone() } else { link.text.clone() };
    if Link::is_safe(&link.href) {
        view! { <li><a href=link.href.clone() target="_blank" rel="noopener noreferrer"><Icon glyph=Glyph::Link /> {text}</a></li> }
    } else {
        view! { <li>{text}</li> }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_of_one_title_stand_together_where_one_line_says_the_same_of_them() {
        let all = vec![("b", 1), ("a", 1), ("b", 1), ("b", 2), ("b", 1)];
        let counted: Vec<((&str, i32), usize)> = alike(all, |alert| *alert).into_iter().map(|group| (group[0], group.len())).collect();
        assert_eq!(counted, [(("b", 1), 3), (("a", 1), 1), (("b", 2), 1)], "another incident has a line of its own");
    }
}
