//! May we release? One answer for each service that has objectives, the most careful first.

use crate::{
    domain::{
        executive::{Executive, GateRow, words as said},
        wording,
    },
    ui::{drawing::view, panels::standing, routes::Route},
};
use leptos::prelude::*;

/// How many reasons are told of an answer.
const REASONS: usize = 2;

#[component]
pub fn Gates(board: RwSignal<Option<Executive>>) -> impl IntoView {
    let gates = Memo::new(move |_| board.with(|board| board.as_ref().map(|board| board.gates.clone()).unwrap_or_default()));
    let note = move || gates.with(|gates| (!gates.is_empty()).then(|| wording::count(gates.len(), "service", "services")));
    let groups = move || {
        gates.with(|gates| {
            let of = |answer: &'static str| {
                let group: Vec<&GateRow> = gates.iter().filter(|gate| said::answer(gate) == answer).collect();
                (!group.is_empty()).then(|| draw(answer, &group))
            };
            said::ANSWERS.into_iter().filter_map(of).collect_view()
        })
    };
    let none = move || gates.with(Vec::is_empty).then(|| view! { <p class="panel__empty">"No service has an objective: nothing stands against a release, and nothing is known."</p> });
    view! {
        <section class="panel executive__gates" aria-labelledby="gates-title">
            <div class="panel__head">
                <h2 id="gates-title">"May we release?"</h2>
                <span class="panel__note">{move || note()}</span>
            </div>
            <dl class="gates">{move || groups()}</dl>
            {move || none()}
        </section>
    }
}

fn draw(answer: &'static str, group: &[&GateRow]) -> AnyView {
    let slug = match answer {
        "No" => "overspent",
        "With care" => "low",
        "Not known" => "not_measured",
        _ => "within",
    };
    let last = group.len().saturating_sub(1);
    let services = group.iter().enumerate().map(|(place, gate)| {
        let comma = (place < last).then_some(", ");
        view! { <a href=Route::Service(gate.service.clone()).path() title=gate.words.clone()>{gate.service.clone()}</a> {comma} }
    });
    let reasons: Vec<&String> = if slug == "within" && answer == "Yes" { vec![] } else { group.iter().filter_map(|gate| gate.reason.as_ref()).collect() };
    let more = reasons.len().saturating_sub(REASONS);
    let mut told: Vec<String> = reasons.into_iter().take(REASONS).cloned().collect();
    if more > 0 {
        told.push(format!("{more} more"));
    }
    view! {
        <div class="gate" data-standing=slug>
            <dt class="standing" data-standing=slug>{standing::sign(slug)} <span>{answer}</span></dt>
            <dd>
                <p class="gate__services">{services.collect_view()}</p>
                {(!told.is_empty()).then(|| view! { <p class="gate__why">{told.join("; ")}</p> })}
            </dd>
        </div>
    }
}
