//! What spent the budget of the objective that stands worst, the dearest first.

use crate::{
    domain::{
        executive::{Executive, Spent},
        metrics::words::duration,
        slo::{report::Spender, words},
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

/// How many are told here; the objective's page has all of them.
const MOST: usize = 6;

#[component]
pub fn WhatSpent(board: RwSignal<Option<Executive>>) -> impl IntoView {
    let spent = Memo::new(move |_| board.with(|board| board.as_ref().and_then(|board| board.spent.clone())));
    move || spent.get().map(draw)
}

fn draw(spent: Spent) -> AnyView {
    let Spent { objective, window, spenders, else_ratio, consumed_ratio, budget_minutes } = spent;
    let note = format!("{}, {} {window}", objective.title, duration(budget_minutes * 60.0));
    let none = spenders.is_empty();
    // Numbered as the flags on the objective's page are.
    let mut numbered: Vec<(usize, Spender)> = spenders.into_iter().enumerate().map(|(place, spender)| (place + 1, spender)).collect();
    numbered.sort_by(|(_, a), (_, b)| b.ratio.total_cmp(&a.ratio));
    let rest = numbered.get(MOST..).unwrap_or_default();
    let more = (!rest.is_empty()).then(|| {
        let words = wording::count(rest.len(), "more incident", "more incidents");
        let share = words::percent(rest.iter().map(|(_, spender)| spender.ratio).sum());
        view! { <p class="spender spender--else"><a href=Route::objective_path(&objective.name)>{words}</a> <span class="number">{share}</span></p> }
    });
    let over = consumed_ratio.is_some_and(|consumed| consumed > 1.0).then_some("true");
    let all = consumed_ratio
        .map(|consumed| format!("{} · {} of {}", words::percent(consumed), duration(consumed * budget_minutes * 60.0), duration(budget_minutes * 60.0)));
    view! {
        <section class="panel executive__spent" aria-labelledby="spent-title">
            <div class="panel__head">
                <h2 id="spent-title">"What spent it"</h2>
                <span class="panel__note"><a href=Route::objective_path(&objective.name)>{note}</a></span>
            </div>
            <ol class="spenders">{numbered.into_iter().take(MOST).map(row).collect_view()}</ol>
            {more}
            {none.then(|| view! { <p class="panel__empty">"No incident spent a hundredth of it or more."</p> })}
            <p class="spender spender--else"><span>"All else, each under 1 %"</span> <span class="number">{words::percent(else_ratio)}</span></p>
            <p class="spender spender--all"><b>"Spent"</b> <b class="number" data-over=over>{all}</b></p>
        </section>
    }
}

fn row((number, spender): (usize, Spender)) -> AnyView {
    let session = session();
    let (zone, now) = (session.zone.get(), session.live.now());
    let severity = spender.severity;
    let when = if spender.to.is_some() { words::clock(spender.from, now, &zone) } else { "open".to_owned() };
    let shared = spender.shared.then_some("shared");
    view! {
        <li class="spender">
            <b class="spender__number">{number.to_string()}</b>
            <span class="spender__severity" data-severity=severity_slug(severity)><SeverityMark severity /> " " {severity_label(severity)}</span>
            <a class="spender__what" href=Route::incident(spender.reference).path()>{spender.title}</a>
            <span class="spender__when muted">{when}</span>
            <span class="number muted">{duration(spender.minutes * 60.0)}</span>
            <b class="number">{words::percent(spender.ratio)} " " <small>{shared}</small></b>
        </li>
    }
}
