//! Which time and whose services are looked at. Every choice is written into the address. On a
//! phone the choices stay folded behind a line that says what was chosen.

use crate::{
    domain::executive::{Executive, Question, Span, words as said},
    ui::{components::choice::Lens, drawing::view},
};
use leptos::prelude::*;

#[component]
pub fn Filters(question: Memo<Question>, board: RwSignal<Option<Executive>>, #[prop(into)] ask: Callback<Question>) -> impl IntoView {
    let change = move |change: &dyn Fn(&mut Question)| {
        let mut question = question.get_untracked();
        change(&mut question);
        ask.run(question);
    };
    let chosen = Signal::derive(move || Span::ALL.iter().position(|span| *span == question.get().span).unwrap_or(0));
    let spans = Span::ALL.map(|span| Signal::stored(span.label().to_owned())).to_vec();
    let choose = move |at: usize| change(&|question| question.span = Span::ALL.get(at).copied().unwrap_or_default());
    let services = Memo::new(move |_| names(board, |board| &board.services, question.get().service));
    let owners = Memo::new(move |_| names(board, |board| &board.owners, question.get().owner));
    let service = pick("Service", "All services", services, move || question.get().service, move |name| change(&|question| question.service.clone_from(&name)));
    let owner = move || {
        (owners.with(Vec::len) > 0)
            .then(|| pick("Owner", "All owners", owners, move || question.get().owner, move |name| change(&|question| question.owner.clone_from(&name))))
    };
    // A phone has one line for what was chosen and how much of it is known; unfolded, the dates come back.
    let measured = move || board.with(|board| board.as_ref().and_then(|board| said::coverage(&board.rows)));
    view! {
        <div class="executive__filters" role="search" aria-label="Which time, and whose services">
            <label class="executive__fold">
                <input type="checkbox" class="levels__all" />
                <span><span class="visually-hidden">"Which time, and whose services: "</span> {move || question.get().words()} {move || measured().map(|words| format!(" · {words}"))}</span>
                <span class="levels__show" aria-hidden="true"></span>
            </label>
            <Lens label="Range of the incidents" options=spans chosen choose /> {service} {move || owner()}
        </div>
    }
}

/// What there is to choose from; what the address names stays in it.
fn names(board: RwSignal<Option<Executive>>, of: fn(&Executive) -> &Vec<String>, chosen: Option<String>) -> Vec<String> {
    let mut names = board.with(|board| board.as_ref().map(|board| of(board).clone()).unwrap_or_default());
    names.extend(chosen.filter(|chosen| !names.contains(chosen)));
    names
}

/// A choice out of a list, small enough to stand in a row.
fn pick(
    label: &'static str,
    all: &'static str,
    names: Memo<Vec<String>>,
    chosen: impl Fn() -> Option<String> + Copy + Send + Sync + 'static,
    choose: impl Fn(Option<String>) + 'static,
) -> AnyView {
    let option = move |name: Option<String>| {
        let (value, words) = (name.clone().unwrap_or_default(), name.clone().unwrap_or_else(|| all.to_owned()));
        view! { <option value=value prop:selected=move || chosen() == name>{words}</option> }
    };
    let options = move || [None].into_iter().chain(names.get().into_iter().map(Some)).map(option).collect_view();
    view! {
        <label class="pick">
            <span class="visually-hidden">{label}</span>
            <select class="input" data-size="small" on:change=move |event| choose(Some(event_target_value(&event)).filter(|name| !name.is_empty()))>
                {move || options()}
            </select>
        </label>
    }
}
