//! A storm, unfolded: one line for each service in the order it spread, all on one time axis, and
//! behind each line its alerts, page by page, with the reason why each stands here.

use crate::{
    api,
    domain::{
        failure::Failure,
        grouping::Why,
        ids::IncidentId,
        severity::AlertSeverity,
        storms::{AlertsSummary, PlacedAlert, ServiceAlerts},
        wording,
    },
    ui::{
        browser,
        components::{
            icon::{Glyph, Icon},
            loaded::{Failed, Load, Loading},
            severity::SeverityMark,
        },
        drawing::view,
        panels::alerts::AlertRow,
        routes::Route,
        session::{Session, session},
    },
};
use leptos::{prelude::*, task::spawn_local};
use std::fmt::Write as _;

/// Services that stand there before "more".
const SHOWN: usize = 12;
/// A storm is added up again at most this often.
const PAUSE_MILLIS: i32 = 3_000;
/// The bars are drawn in a box of this size.
const BOX: (usize, usize) = (240, 20);

#[derive(Clone, Copy)]
struct Storm {
    session: Session,
    incident: IncidentId,
    load: RwSignal<Load<AlertsSummary>>,
    /// Whose alerts are listed.
    open: RwSignal<Option<String>>,
    all: RwSignal<bool>,
    /// Called when the panel may have become higher.
    moved: Callback<()>,
}

/// The alerts of an incident. `moved` is told whenever the height may have changed.
pub fn storm(incident: IncidentId, moved: Callback<()>) -> AnyView {
    let session = session();
    let storm = Storm { session, incident, load: RwSignal::new(Load::Loading), open: RwSignal::new(None), all: RwSignal::new(false), moved };
    storm.follow();
    let drawn = move || {
        moved.run(());
        match storm.load.get() {
            Load::Loading => view! { <Loading what="the alerts" /> },
            Load::Failed(failure) => view! { <Failed failure again=move |()| storm.read() /> },
            Load::Ready(summary) if summary.services.is_empty() => view! { <p class="storm__empty">"It has no alerts; it was declared by hand."</p> },
            Load::Ready(summary) => storm.draw(&summary),
        }
    };
    view! { <div class="storm">{move || drawn()}</div> }
}

impl Storm {
    /// Adds up again when alerts come or go, with pauses.
    fn follow(self) {
        let counts = Memo::new(move |_| self.session.incident(self.incident).map(|incident| (incident.total_alerts(), incident.firing_alerts())));
        let waiting = StoredValue::new(false);
        Effect::new(move |again: Option<()>| {
            counts.track();
            if again.is_none() {
                self.read();
            } else if !waiting.get_value() {
                waiting.set_value(true);
                spawn_local(async move {
                    browser::sleep(PAUSE_MILLIS).await;
                    if waiting.try_set_value(false).is_none() {
                        self.read();
                    }
                });
            }
        });
    }

    fn read(self) {
        spawn_local(async move {
            let answer = api::lists::storm(self.incident).await;
            let _ = self.load.try_set(Load::from_answer(answer));
        });
    }

    fn draw(self, summary: &AlertsSummary) -> AnyView {
        let zone = self.session.zone.get();
        let middle = summary.from.plus_secs(summary.to.secs_since(summary.from) / 2);
        let clock = |at| exact_clock(zone.hour_minute(at), at);
        let tallest = summary.services.iter().flat_map(|line| &line.bars).copied().max().unwrap_or(1).max(1);
        let cut = if self.all.get() { summary.services.len() } else { SHOWN };
        let left_out = summary.services.len().saturating_sub(cut);
        let lines = summary.services.iter().take(cut).enumerate().map(|(at, line)| self.line(summary, line, at == 0, tallest)).collect_view();
        let repeats: i64 = summary.services.iter().map(|line| line.repeats).sum();
        let repeated = (repeats > 0).then(|| format!(" {repeats} repeats were taken as such."));
        view! {
            <ul class="storm__lines" aria-label="Alerts by service, those that began first at the top">
                <li class="storm__row" aria-hidden="true">
                    <div class="storm__line storm__axis">
                        <span>"Service"</span>
                        <span class="storm__first">"First alert"</span>
                        <span class="number">"Alerts"</span>
                        <span class="storm__scale">
                            <span>{clock(summary.from)}</span>
                            <span>{clock(middle)}</span>
                            <span>{clock(summary.to)}</span>
                        </span>
                        <span class="storm__held">"Held back"</span>
                    </div>
                </li>
                {lines}
            </ul>
            <p class="storm__foot">
                <Icon glyph=Glyph::Shield />
                <span>
                    {counted(summary.alerts)} ", " {summary.firing} " firing: " {summary.why.words()} "."
                    {repeated}
                </span>
                {(left_out > 0)
                    .then(|| {
                        view! {
                            <button type="button" class="link-button" on:click=move |_| self.all.set(true)>
                                {wording::count(left_out, "more service", "more services")}
                            </button>
                        }
                    })}
                <button type="button" class="link-button storm__all" on:click=move |_| self.toggle(ALL)>
                    "All alerts"
                </button>
            </p>
            {move || (self.open.get().as_deref() == Some(ALL)).then(|| self.alerts(None))}
        }
    }

    fn toggle(self, name: &str) {
        let open = self.open.with_untracked(|open| open.as_deref() == Some(name));
        self.open.set((!open).then(|| name.to_owned()));
        self.moved.run(());
    }

    fn line(self, summary: &AlertsSummary, line: &ServiceAlerts, first: bool, tallest: i64) -> AnyView {
        let zone = self.session.zone.get();
        let key = line.service.clone().unwrap_or_default();
        let name = line.service.clone().unwrap_or_else(|| "no service named".to_owned());
        let begun = exact_clock(zone.hour_minute(line.first_at), line.first_at);
        let span = summary.to.micros_since(summary.from).max(1);
        #[allow(clippy::cast_precision_loss)] // a place in pixels
        let start = line.first_at.micros_since(summary.from) as f64 / span as f64 * BOX.0 as f64;
        let held = line.alerts - line.opened;
        let words = match (first, held) {
            (true, _) => "started here".to_owned(),
            (false, 0) => "none".to_owned(),
            (false, held) => format!("{held} grouped"),
        };
        let spread = format!("{} alerts from {begun}, {} still fire", line.alerts, line.firing);
        let severity = line.severity.map(AlertSeverity::proposes);
        let (opened, listed) = (key.clone(), line.service.clone());
        let is_open = Memo::new(move |_| self.open.with(|open| open.as_deref() == Some(opened.as_str())));
        view! {
            <li>
                <div class="storm__row">
                    <div class="storm__line" data-first=first.then_some("true")>
                        <button type="button" class="storm__service" aria-expanded=move || is_open.get().to_string() on:click=move |_| self.toggle(&key)>
                            <SeverityMark severity />
                            <b>{name}</b>
                        </button>
                        <span class="storm__first number">{begun}</span>
                        <span class="number">{wording::grouped(usize::try_from(line.alerts).unwrap_or(0))}</span>
                        <svg class="storm__bars" viewBox=format!("0 0 {} {}", BOX.0, BOX.1) preserveAspectRatio="none" role="img" aria-label=spread>
                            <path class="storm__ground" d=format!("M0 {0}H{1}", BOX.1, BOX.0) />
                            <path d=bars(&line.bars, tallest) />
                            <path class="storm__start" d=format!("M{start:.1} 0V{}", BOX.1) />
                        </svg>
                        <span class="storm__held">{words}</span>
                    </div>
                </div>
                {move || is_open.get().then(|| self.alerts(Some(listed.clone().unwrap_or_default())))}
            </li>
        }
    }

    /// The alerts themselves; a page more whenever somebody asks.
    fn alerts(self, service: Option<String>) -> AnyView {
        let (items, next) = (RwSignal::new(Vec::<PlacedAlert>::new()), RwSignal::new(None::<String>));
        let failure = RwSignal::new(None::<Failure>);
        let link = service.clone().filter(|service| !service.is_empty());
        let read = Callback::new(move |cursor: Option<String>| {
            let service = service.clone();
            spawn_local(async move {
                match api::lists::alerts(self.incident, service, cursor).await {
                    Ok(page) => {
                        let _ = items.try_update(|items| items.extend(page.items));
                        let _ = next.try_set(page.next_cursor);
                        let _ = failure.try_set(None);
                    }
                    Err(error) => drop(failure.try_set(Some(error))),
                }
                let _ = self.moved.try_run(());
            });
        });
        read.run(None);
        let row = move |placed: PlacedAlert| view! { <AlertRow incident={self.incident} alert={placed.alert} why={why_words(placed.why)} /> };
        let to_service = link.map(|service| {
            view! { <p class="storm__link"><a href=Route::Service(service.clone()).path()>{format!("Everything about {service}")}</a></p> }
        });
        view! {
            <div class="storm__alerts">
                {to_service}
                <ul class="alerts">{move || items.get().into_iter().map(row).collect_view()}</ul>
                {move || failure.get().map(|failure| view! { <Failed failure again=move |()| read.run(next.get_untracked()) /> })}
                {move || {
                    next.get()
                        .map(|cursor| {
                            view! {
                                <button type="button" class="link-button" on:click=move |_| read.run(Some(cursor.clone()))>
                                    "More alerts"
                                </button>
                            }
                        })
                }}
            </div>
        }
    }
}

/// Stands for the alerts of all services; no service is called so.
const ALL: &str = "\u{0}";

/// `1,248 alerts`.
fn counted(alerts: i64) -> String {
    let n = usize::try_from(alerts).unwrap_or(0);
    if n == 1 { "1 alert".to_owned() } else { format!("{} alerts", wording::grouped(n)) }
}

/// Why an alert stands in its incident.
fn why_words(why: Why) -> &'static str {
    match why {
        Why::First => "It opened the incident",
        Why::SameGroup => "Grouped: the same group, within its quiet time",
        Why::Storm => "Grouped: one of many groups at once, a storm",
        Why::Attached => "Attached by hand",
        Why::Merged => "Came with a merged incident",
    }
}

/// `02:33:04`: in a storm seconds matter.
fn exact_clock(hour_minute: String, at: crate::domain::time::Timestamp) -> String {
    format!("{hour_minute}:{:02}", at.epoch_secs().rem_euclid(60))
}

/// The bars as one path. One alert is still seen beside a thousand.
fn bars(counts: &[i64], tallest: i64) -> String {
    let mut path = String::new();
    let width = BOX.0 / counts.len().max(1);
    for (at, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        #[allow(clippy::cast_precision_loss)] // a height in pixels
        let height = (*count as f64 / tallest as f64 * BOX.1 as f64).max(2.0);
        // Writing into a String cannot fail.
        let _ = write!(path, "M{} {}v-{height:.1}h{}v{height:.1}z", at * width, BOX.1, width.saturating_sub(1).max(1));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_share_one_scale_and_nothing_is_no_bar() {
        assert_eq!(bars(&[0, 4, 1], 4), "M80 20v-20.0h79v20.0zM160 20v-5.0h79v5.0z");
        assert_eq!(bars(&[1], 10_000), "M0 20v-2.0h239v2.0z");
        assert_eq!(bars(&[], 1), "");
    }
}
