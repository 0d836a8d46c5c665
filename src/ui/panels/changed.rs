//! What changed, on the time axis: deploys and other changes, and where incidents began; beneath
//! it each change with how its service did before and after.

use crate::{
    api,
    charts::{
        graph::percent,
        moments::{HEIGHT, Moments, moments},
        time_axis::TimeAxis,
    },
    domain::{
        change::ChangeCard,
        incident::Kind,
        severity::Severity,
        telemetry::{
            panels::{Figures, Question, Range, Traffic},
            waterfall::took,
        },
        time::Timestamp,
        wording,
    },
    ui::{
        browser,
        components::{
            loaded::{Failed, Load, Loading},
            severity,
        },
        drawing::view,
        panels::changes::ChangeRow,
        session::session,
    },
};
use leptos::{html, leptos_dom::helpers::window_event_listener, prelude::*, task::spawn_local};

/// So many changes are asked for.
const MOST: u32 = 100;
/// How long before and after a change its service is looked at.
const BESIDE_SECS: i64 = 600;
/// So many of the last changes say how their service did.
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
    let load = RwSignal::new(Load::<Vec<ChangeCard>>::Loading);
    let fetch = move || {
        let (asked, of) = (range.get_untracked(), service.get_untracked());
        spawn_local(async move {
            let answer = api::changes::list(Some(asked.from), Some(asked.to), of.clone(), None, Some(MOST)).await;
            if range.try_get_untracked() == Some(asked) && service.try_get_untracked() == Some(of) {
                load.set(Load::from_answer(answer.map(|page| page.items)));
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
        Load::Ready(changes) if changes.is_empty() => "no change reported".to_owned(),
        Load::Ready(changes) => wording::count(changes.len(), "change", "changes"),
        Load::Loading => String::new(),
        Load::Failed(_) => "could not be read".to_owned(),
    };
    let body = move || match load.get() {
        Load::Loading => view! { <Loading what="the changes" /> },
        Load::Failed(failure) => view! { <Failed failure again=move |()| fetch() /> },
        Load::Ready(changes) => {
            let listed = changes.iter().cloned().enumerate().map(|(at, change)| row(change, at < COMPARED, range.get_untracked())).collect_view();
            let nothing = changes.is_empty().then(
                || view! { <p class="panel__empty">"What nobody reports is not known here: deploys are sent to /v2/change/enqueue or by a webhook."</p> },
            );
            let ats: Vec<Timestamp> = changes.iter().map(|change| change.happened_at).collect();
            view! {
                <Strip range ats incidents insets />
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

#[component]
fn Strip(range: Signal<Range>, ats: Vec<Timestamp>, incidents: Memo<Vec<Began>>, insets: (f64, f64)) -> impl IntoView {
    let session = session();
    let place = NodeRef::<html::Div>::new();
    let width = RwSignal::new(0.0_f64);
    let measure = move || {
        if let Some(place) = place.get_untracked() {
            width.set(f64::from(place.client_width()));
        }
    };
    Effect::new(move |_| {
        place.track();
        measure();
    });
    if browser::is_here() {
        let listener = window_event_listener(leptos::ev::resize, move |_| measure());
        on_cleanup(move || listener.remove());
    }
    let drawn = move || {
        let (width, range) = (width.get(), range.get());
        let (left, right) = insets;
        let axis = TimeAxis { from: range.from, until: range.to, left, right: (width - right).max(left + 1.0) };
        let began = incidents.get();
        let starts: Vec<Timestamp> = began.iter().map(|began| began.at).collect();
        (width > 0.0).then(|| picture(&moments(axis, &ats, &starts, &session.zone.get().wall()), &began, axis, width))
    };
    view! { <div class="changed__place" node_ref=place>{drawn}</div> }
}

fn picture(made: &Moments, began: &[Began], axis: TimeAxis, width: f64) -> AnyView {
    let said = format!(
        "{} and {} on the time axis",
        wording::count(made.marks.iter().map(|mark| mark.members.len()).sum(), "change", "changes"),
        wording::count(made.lines.iter().map(|line| line.members.len()).sum(), "incident", "incidents"),
    );
    let mark = |moment: &crate::charts::moments::Moment| {
        let (x, n) = (moment.x, moment.members.len());
        let several = (n > 1).then(|| view! { <text class="changed__several" x=format!("{:.1}", x + 8.0) y="16">{n.to_string()}</text> });
        view! {
            <path class="changed__deploy" d=format!("M{:.1} 6h12l-6 9z", x - 6.0)></path>
            {several}
        }
    };
    let line = |moment: &crate::charts::moments::Moment| {
        let first = moment.members.first().and_then(|at| began.get(*at));
        let words: Vec<String> = moment.members.iter().filter_map(|at| began.get(*at)).map(|began| format!("{}: {}", began.reference, began.title)).collect();
        let of = first.and_then(|first| first.severity);
        let moved = format!("translate({:.1} 11) scale(0.6) translate(-10 -10)", moment.x);
        view! {
            <g class="changed__incident" data-maintenance=first.is_some_and(|first| first.is_maintenance).then_some("")>
                <title>{words.join("; ")}</title>
                <line x1=format!("{:.1}", moment.x) y1="18" x2=format!("{:.1}", moment.x) y2="30"></line>
                <path data-severity=severity::severity_slug(of) d=severity::shape(of) transform=moved></path>
            </g>
        }
    };
    let label = |label: &crate::charts::Label| {
        view! {
            <text class="changed__axis" x=format!("{:.1}", label.x) y=format!("{:.1}", label.y) text-anchor=label.anchor.slug()>
                {label.words.clone()}
            </text>
        }
    };
    view! {
        <svg class="changed__strip" role="img" aria-label=said width=format!("{width:.0}") height=format!("{HEIGHT:.0}")>
            <line class="changed__base" x1=format!("{:.1}", axis.left) y1="30" x2=format!("{:.1}", axis.right) y2="30"></line>
            {made.marks.iter().map(mark).collect_view()}
            {made.lines.iter().map(line).collect_view()}
            {made.labels.iter().map(label).collect_view()}
        </svg>
    }
}

/// A change, and how its service did before and after, where that is asked for.
fn row(change: ChangeCard, is_compared: bool, range: Range) -> AnyView {
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
}
