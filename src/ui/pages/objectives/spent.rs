//! What spent the budget: the incidents, numbered as the flags above them are.

use crate::{
    domain::{
        metrics::words::duration,
        slo::{
            report::{ObjectivePage, Spender},
            words,
        },
        wording,
    },
    ui::{
        components::severity::{SeverityMark, severity_label, severity_slug},
        drawing::view,
        routes::Route,
        session::session,
    },
};
use leptos::prelude::*;

pub fn panel(page: Memo<Option<ObjectivePage>>) -> AnyView {
    let spent = Memo::new(move |_| {
        page.with(|page| {
            page.as_ref().map(|page| {
                let report = &page.report;
                let is_part = report.is_part();
                // Shares are then of the whole window, of which only a part was counted.
                let named: f64 = page.spenders.iter().map(|spender| spender.ratio).sum();
                let consumed = if is_part { named + page.else_ratio } else { report.tally.consumed_ratio.unwrap_or(0.0) };
                // A budget of slices is told in the time that was measured.
                let minutes = if is_part && report.unit == "slices" { 0.0 } else { report.budget_minutes };
                (page.spenders.clone(), page.else_ratio, consumed, minutes)
            })
        })
    });
    (move || spent.get().map(|(spenders, rest, consumed, minutes)| draw(spenders, rest, consumed, minutes))).into_any()
}

fn draw(spenders: Vec<Spender>, rest: f64, consumed: f64, minutes: f64) -> AnyView {
    let time = |ratio: f64| duration(ratio * minutes * 60.0);
    let note = if minutes > 0.0 { format!("{} of {}", time(consumed), duration(minutes * 60.0)) } else { words::percent(consumed) };
    let none = spenders.is_empty();
    let rest_time = (minutes > 0.0).then(|| time(rest));
    view! {
        <section class="panel" aria-labelledby="spent-title">
            <div class="panel__head">
                <h2 id="spent-title">"What spent it"</h2>
                <span class="panel__note">{note}</span>
            </div>
            <ol class="spenders">{spenders.into_iter().enumerate().map(row).collect_view()}</ol>
            {none.then(|| view! { <p class="panel__empty">"No incident spent a hundredth of it or more."</p> })}
            <p class="spender spender--else">
                <span>"All else, each under 1 %"</span>
                <span class="number">{rest_time} " " <b>{words::percent(rest)}</b></span>
            </p>
        </section>
    }
}

fn row((place, spender): (usize, Spender)) -> AnyView {
    let session = session();
    let (zone, now) = (session.zone.get(), session.live.now());
    let severity = spender.severity;
    let lasted = wording::span(spender.duration_s);
    let when = if spender.to.is_some() { format!("{} · {lasted}", words::clock(spender.from, now, &zone)) } else { format!("open · {lasted} so far") };
    let shared = spender.shared.then_some("shared");
    view! {
        <li class="spender">
            <b class="spender__number">{(place + 1).to_string()}</b>
            <span class="spender__severity" data-severity=severity_slug(severity)><SeverityMark severity /> " " {severity_label(severity)}</span>
            <span class="spender__what"><a href=Route::incident(spender.reference).path()>{spender.title}</a> " " <span class="muted">{when}</span></span>
            <span class="number muted">{duration(spender.minutes * 60.0)}</span>
            <b class="number">{words::percent(spender.ratio)} " " <small>{shared}</small></b>
        </li>
    }
}
