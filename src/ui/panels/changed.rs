//! What changed, on the time axis: deploys, objectives, alerts, maintenance and definitions, and where
//! incidents began; beneath it each change, those of a service with how it did before and after.

mod strip;

use crate::{
    api,
    charts::graph::percent,
    domain::{
        change::ChangeCard,
        incident::Kind,
        severity::Severity,
        telemetry::{
            changed::{Changed as Change, ChangedKind, ChangedPage, LeadsTo, LeadsToPage},
            panels::{Figures, Question, Range, Traffic},
            waterfall::took,
        },
        time::Timestamp,
        wording,
    },
    ui::{
        browser,
        components::{
            icon::{Glyph, Icon},
            loaded::{Failed, Load, Loading},
            relative_time::exact,
        },
        drawing::view,
        panels::{changes::ChangeRow, service_link::service_link},
        routes::Route,
        session::session,
    },
};
use leptos::{prelude::*, task::spawn_local};
use std::sync::Arc;
use strip::Strip;

/// How long before and after a change its service is looked at.
const BESIDE_SECS: i64 = 600;
/// So many of the last deploys say how their service did.
const COMPARED: usize = 6;

/// An incident that began in the range.
#[derive(Clone, PartialEq)]
struct Began {
    at: Timestamp,
    reference: String,
    title: String,
    severity: Option<Severity>,
    is_maintenance: bool,
}

/// The changes of a range, of one service or of all. Whenever the range, the service or `again`
/// changes they are asked for anew. `insets` is how far the time axis begins and ends within the
/// panel, so that it lies beneath the charts above it.
#[component]
pub fn Changed(
    #[prop(into)] range: Signal<Range>,
    #[prop(into)] service: Signal<Option<String>>,
    #[prop(into)] again: Signal<u32>,
    #[prop(optional)] insets: (f64, f64),
) -> impl IntoView {
    let session = session();
    let load = RwSignal::new(Load::<Arc<ChangedPage>>::Loading);
    let fetch = move || {
        let (asked, of) = (range.get_untracked(), service.get_untracked());
        spawn_local(async move {
            let answer = api::changes::between(asked, of.clone()).await;
            if range.try_get_untracked() == Some(asked) && service.try_get_untracked() == Some(of) {
                let load_now = Load::from_answer(answer.map(Arc::new));
                // What is there stays while asking again fails, and is not drawn anew where nothing changed.
                let stays = load.with_untracked(|load| matches!((load, &load_now), (Load::Ready(_), Load::Failed(_))) || *load == load_now);
                if !stays {
                    load.set(load_now);
                }
            }
        });
    };
    Effect::new(move |_| {
        range.track();
        service.track();
        again.track();
        fetch();
    });
    let incidents = Memo::new(move |_| {
        let range = range.get();
        let of = service.get();
        let mut began: Vec<Began> = session
            .replica
            .all()
            .into_iter()
            .filter(|incident| (range.from..range.to).contains(&incident.started_at))
            .filter(|incident| of.as_ref().is_none_or(|of| incident.services.is_empty() || incident.services.contains(of)))
            .map(|incident| Began {
                at: incident.started_at,
                reference: incident.reference.to_string(),
                title: incident.title.clone(),
                severity: incident.severity.or(incident.proposed_severity),
                is_maintenance: incident.kind == Kind::Maintenance,
            })
            .collect();
        began.sort_by_key(|began| began.at);
        began
    });
    let count = move || match load.get() {
        Load::Ready(page) => counted(&page),
        Load::Loading => String::new(),
        Load::Failed(_) => "could not be read".to_owned(),
    };
    let body = move || match load.get() {
        Load::Loading => view! { <Loading what="the changes" /> },
        Load::Failed(failure) => view! { <Failed failure again=move |()| fetch() /> },
        Load::Ready(page) => {
            let mut deploys = 0;
            let listed = page.items.iter().cloned().map(|item| match item.change {
                Some(change) => {
                    deploys += 1;
                    deploy(change, deploys <= COMPARED, range.get_untracked())
                }
                None => row(item),
            });
            let listed = listed.collect_view();
            let no_deploy = !page.items.iter().any(|item| item.kind == ChangedKind::Deploy);
            let nothing = no_deploy.then(
                || view! { <p class="panel__empty">"No deploy was reported. What nobody reports is not known here: GitHub, GitLab and Argo CD report deploys by an integration, anything else to /v2/change/enqueue."</p> },
            );
            view! {
                <Strip range page=page.clone() incidents insets />
                {nothing}
                <ul class="changes changed__list">{listed}</ul>
            }
        }
    };
    view! {
        <section class="panel changed" aria-labelledby="changed-title">
            <div class="panel__head">
                <h2 id="changed-title">"What changed"</h2>
                <span class="panel__note">{count}</span>
            </div>
            {body}
        </section>
    }
}

/// How much there is, and of which kinds there is more.
fn counted(page: &ChangedPage) -> String {
    if page.items.is_empty() {
        return "no change known".to_owned();
    }
    let count = wording::count(page.items.len(), "change", "changes");
    if page.cut.is_empty() {
        return count;
    }
    let kinds: Vec<String> = page.cut.iter().map(|kind| kind.label().to_lowercase()).collect();
    format!("{count}; of {} only the last", wording::list(&kinds))
}

/// What changed that is no deploy.
fn row(item: Change) -> AnyView {
    let session = session();
    let now = session.live.ticking();
    let (at, until) = (item.at, item.until);
    let clock = move || session.zone.get().clock(at, now.get());
    let ends = until.map(|until| view! { <span class="muted">{move || format!("until {}", session.zone.get().clock(until, now.get()))}</span> });
    let title = match &item.leads_to {
        Some(leads) => view! { <a href=path(leads)>{item.title.clone()}</a> },
        None => item.title.clone().into_any(),
    };
    let service = item.service.as_deref().map(|name| view! { {service_link(name, false)} " · " });
    let glyph = match (item.kind, item.is_worse) {
        (ChangedKind::Objective, true) => Glyph::Falling,
        (ChangedKind::Alert, true) => Glyph::Alarm,
        (ChangedKind::Objective | ChangedKind::Alert, false) => Glyph::Check,
        (ChangedKind::Maintenance | ChangedKind::Exclusion, _) => Glyph::Clock,
        (ChangedKind::Definition | ChangedKind::Deploy, _) => Glyph::Pencil,
    };
    view! {
        <li class="change" data-kind=item.kind.slug() data-status=item.is_worse.then_some("failure")>
            <span class="change__when"><time class="number" datetime=at.to_string() title=exact(at)>{clock}</time> {ends}</span>
            <div class="change__words">
                <p class="change__title">{title}</p>
                <p class="change__facts">{service} {item.kind.label()}</p>
            </div>
            <span class="change__status"><Icon glyph /> {item.words}</span>
        </li>
    }
}

fn path(leads: &LeadsTo) -> String {
    let name = leads.name.clone();
    match leads.page {
        LeadsToPage::Incident => Route::Incident(name).path(),
        LeadsToPage::Objective => Route::Objective(name).path(),
        LeadsToPage::Service => Route::Service(name).path(),
    }
}

/// A deploy, and how its service did before and after, where that is asked for.
fn deploy(change: ChangeCard, is_compared: bool, range: Range) -> AnyView {
    let said = RwSignal::new(None::<String>);
    if let Some(service) = change.service.clone().filter(|_| is_compared && browser::is_here()) {
        let at = change.happened_at;
        let after = range.to.secs_since(at).clamp(0, BESIDE_SECS);
        spawn_local(async move {
            let question = Question {
                range: Range { from: at, to: at.plus_secs(after) },
                baseline: Some(Range { from: at.plus_secs(-after), to: at }),
                service: Some(service),
                operation: None,
                step_s: None,
                source: None,
            };
            if after < 60 {
                let _ = said.try_set(Some("Too recent to compare.".to_owned()));
            } else if let Ok(figures) = api::traces::around(question).await {
                let _ = said.try_set(Some(compared(figures.as_ref(), after)));
            }
        });
    }
    let words = move || said.get().map(|words| view! { <li class="changed__compared">{words}</li> });
    view! {
        <ChangeRow change />
        {words}
    }
}

/// `10 min before: 0.2 % of 1,204 calls fail, p95 210 ms · after: 18 % of 1,180, p95 2.00 s`.
fn compared(figures: Option<&Traffic>, secs: i64) -> String {
    #[allow(clippy::cast_possible_truncation)] // seconds of a call
    let said = |figures: &Figures| {
        let n = wording::grouped(usize::try_from(figures.requests).unwrap_or(usize::MAX));
        let p95 = figures.p95_s.map_or(String::new(), |secs| format!(", p95 {}", took((secs * 1e9) as i64)));
        match figures.error_ratio {
            Some(ratio) => format!("{} of {n} calls fail{p95}", percent(ratio)),
            None => "no calls".to_owned(),
        }
    };
    let none = Figures::default();
    let before = figures.and_then(|figures| figures.before.as_ref()).unwrap_or(&none);
    let now = figures.map_or(&none, |figures| &figures.now);
    if before.requests == 0 && now.requests == 0 {
        return "No calls of this service were seen around it.".to_owned();
    }
    format!("{} before: {} · after: {}", wording::span(secs), said(before), said(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_and_after_are_said_with_their_n() {
        let figures = |requests: u64, errors: u64| Figures {
            requests,
            errors,
            error_ratio: (requests > 0).then(|| errors as f64 / requests as f64),
            p95_s: (requests > 0).then_some(0.21),
            ..Figures::default()
        };
        let traffic =
            Traffic { service: "pay".to_owned(), operation: None, caller: None, now: figures(1180, 212), last_seen: None, before: Some(figures(1204, 2)) };
        assert_eq!(compared(Some(&traffic), 600), "10 min before: 0.2 % of 1,204 calls fail, p95 210 ms · after: 18 % of 1,180 calls fail, p95 210 ms");
        assert_eq!(compared(None, 600), "No calls of this service were seen around it.");
        let stopped = Traffic { now: figures(0, 0), ..traffic };
        assert_eq!(compared(Some(&stopped), 300), "5 min before: 0.2 % of 1,204 calls fail, p95 210 ms · after: no calls");
    }

    #[test]
    fn the_note_says_of_what_there_is_more() {
        assert_eq!(counted(&ChangedPage::default()), "no change known");
        let item = Change {
            at: Timestamp::from_micros(0),
            until: None,
            kind: ChangedKind::Alert,
            title: "t".to_owned(),
            words: String::new(),
            service: None,
            is_worse: true,
            leads_to: None,
            change: None,
        };
        let page = |cut: Vec<ChangedKind>| ChangedPage { items: vec![item.clone(), item.clone()], cut };
        assert_eq!(counted(&page(vec![])), "2 changes");
        assert_eq!(counted(&page(vec![ChangedKind::Alert, ChangedKind::Deploy])), "2 changes; of alerts and deploys only the last");
    }
}
