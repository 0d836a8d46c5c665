//! The clocks: when people inside and outside want to hear more, and how long customers are hurt.

use crate::{
    domain::{
        incident::{Command, Incident},
        time::Timestamp,
        wording,
    },
    ui::{
        clocks::{self, Due, Hurt},
        drawing::view,
        session::{Session, Sheet, session},
    },
};
use leptos::prelude::*;
use std::sync::Arc;

/// One fact: what, the figure with its unit, and a line beneath.
struct Fact {
    label: &'static str,
    figure: String,
    unit: String,
    line: String,
    late: bool,
}

#[component]
pub fn Facts(incident: Memo<Arc<Incident>>) -> impl IntoView {
    let session = session();
    let now = session.live.ticking();
    let dues = Memo::new(move |_| {
        let incident = incident.get();
        (clocks::inside(&incident), clocks::public(&incident))
    });
    let hurt = move || {
        let incident = incident.get();
        hurt_fact(&incident, now.get(), |at| session.zone.get().clock(at, now.get()))
    };
    let has_clock = Memo::new(move |_| dues.get().0.is_some());
    let postpone = move || {
        has_clock.get().then(|| {
            view! {
                " "
                <span class="fact__more">
                    <button type="button" class="link-button" on:click=move |_| incident.with_untracked(|incident| postpone(session, incident))>
                        "Postpone"
                    </button>
                </span>
            }
        })
    };
    view! {
        <dl class="facts">
            {fact(move || due_fact("Inside update due", dues.get().0, now.get()), Some(postpone))}
            {fact(move || due_fact("Public update due", dues.get().1, now.get()), None::<AnyView>)} {fact(hurt, None::<AnyView>)}
        </dl>
    }
}

/// Asks why, and for how long; or says why the next update of `incident` cannot be postponed.
pub fn postpone(session: Session, incident: &Incident) {
    let for_s = clocks::inside(incident).map_or(60, |due| due.most_postponed_secs());
    session.act(incident.id, Command::PostponeUpdate { for_s, reason: None });
}

/// The label stays; figure and line follow the time.
fn fact(of: impl Fn() -> Fact + Copy + Send + Sync + 'static, more: Option<impl IntoView + 'static>) -> impl IntoView {
    view! {
        <div class="fact" data-late=move || of().late.then_some("true")>
            <dt class="fact__label">{move || of().label}</dt>
            <dd class="fact__figure">
                <span class="fact__number">{move || of().figure}</span>
                " "
                <span class="fact__unit">{move || of().unit}</span>
            </dd>
            <dd class="fact__line">{move || of().line} {more}</dd>
        </div>
    }
}

fn due_fact(label: &'static str, due: Option<Due>, now: Timestamp) -> Fact {
    let Some(due) = due else {
        return Fact { label, figure: "–".to_owned(), unit: String::new(), line: "no clock at this severity or state".to_owned(), late: false };
    };
    let left = due.at.secs_since(now);
    let every = format!("every {}{}", wording::span(due.every_secs), if due.postponed { ", postponed" } else { "" });
    if left >= 0 {
        let unit = if left < 3600 { "min" } else { "h" };
        Fact { label, figure: wording::countdown(left), unit: unit.to_owned(), line: every, late: false }
    } else {
        Fact { label, figure: wording::span(-left), unit: "late".to_owned(), line: every, late: true }
    }
}

fn hurt_fact(incident: &Incident, now: Timestamp, clock: impl Fn(Timestamp) -> String) -> Fact {
    let label = "Customers hurt for";
    let detected = incident.detected_at.map(|at| at.secs_since(incident.impact_started_at())).filter(|secs| *secs > 0);
    let detected = detected.map(|secs| format!(" · detected after {}", wording::span(secs))).unwrap_or_default();
    match Hurt::of(&incident.impact) {
        Some(hurt) => {
            let line = match hurt.until {
                None => format!("since {}{detected}", clock(hurt.since)),
                Some(until) => format!("{} to {}{detected}", clock(hurt.since), clock(until)),
            };
            let unit = if hurt.until.is_none() { "so far" } else { "in all" };
            Fact { label, figure: wording::span(hurt.secs(now)), unit: unit.to_owned(), line, late: false }
        }
        None => Fact { label, figure: "–".to_owned(), unit: String::new(), line: "no impact recorded".to_owned(), late: false },
    }
}

/// Who is hurt, in one sentence.
#[component]
pub fn Impact(incident: Memo<Arc<Incident>>) -> impl IntoView {
    let session = session();
    let now = session.live.ticking();
    let sentence = move || {
        let incident = incident.get();
        let open: Vec<&str> =
            incident.impact.iter().filter(|window| window.to.is_none()).map(|window| window.service.as_deref().unwrap_or("Everybody")).collect();
        match (Hurt::of(&incident.impact), open.as_slice()) {
            (None, _) if incident.impact_by_person => "Nobody was hurt.".to_owned(),
            (None, _) => "Not known yet whether anybody is hurt.".to_owned(),
            (Some(hurt), []) => format!("It hurt customers for {}; now it does not.", wording::span(hurt.secs(now.get()))),
            (Some(hurt), open) => format!("Customers of {} are hurt since {}.", wording::list(open), session.zone.get().clock(hurt.since, now.get())),
        }
    };
    let by = move || incident.with(|incident| if incident.impact_by_person { "set by people" } else { "from critical and error alerts" });
    view! {
        <section class="panel impact" aria-label="Impact">
            <p class="impact__sentence">{move || sentence()}</p>
            <p class="impact__by">
                {move || by()} " · "
                <button type="button" class="link-button" on:click=move |_| session.sheet.set(Some(Sheet::Impact(incident.with_untracked(|incident| incident.id))))>
                    "Set impact"
                </button>
            </p>
        </section>
    }
}
