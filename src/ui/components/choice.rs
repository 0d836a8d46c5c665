//! One answer out of a few, as chips: radio buttons to the keyboard and the screen reader.

use super::icon::{Glyph, Icon};
use crate::ui::drawing::view;
use leptos::prelude::*;

/// A question with its answers. The last answer may be an honest "not sure", drawn dashed.
/// Nothing is chosen until somebody chooses.
#[component]
pub fn Choice(
    /// Unique on the page; groups the radio buttons.
    name: &'static str,
    #[prop(into)] legend: String,
    #[prop(into, optional)] hint: String,
    answers: Vec<String>,
    /// The last answer is "not sure".
    #[prop(optional)]
    unsure: bool,
    chosen: RwSignal<Option<usize>>,
) -> impl IntoView {
    let last = answers.len().saturating_sub(1);
    let chip = move |(at, answer): (usize, String)| {
        let dashed = (unsure && at == last).then_some("true");
        view! {
            <label class="chip" data-unsure=dashed>
                <input
                    type="radio"
                    class="chip__input"
                    name=name
                    prop:checked=move || chosen.get() == Some(at)
                    on:change=move |_| chosen.set(Some(at))
                />
                <Icon glyph=Glyph::Check />
                <span>{answer}</span>
            </label>
        }
    };
    view! {
        <fieldset class="choice">
            <legend class="choice__legend">
                {legend} {(!hint.is_empty()).then(|| view! { <span class="choice__hint">{hint}</span> })}
            </legend>
            <div class="choice__chips">{answers.into_iter().enumerate().map(chip).collect_view()}</div>
        </fieldset>
    }
}

/// Two or three ways to look at the same thing, of which one is on.
#[component]
pub fn Lens(
    #[prop(into)] label: String,
    /// Each with its words, which may change while it is on screen.
    options: Vec<Signal<String>>,
    #[prop(into)] chosen: Signal<usize>,
    #[prop(into)] choose: Callback<usize>,
) -> impl IntoView {
    let button = move |(at, words): (usize, Signal<String>)| {
        view! {
            <button type="button" class="lens__option" aria-pressed=move || (chosen.get() == at).to_string() on:click=move |_| choose.run(at)>
                {words}
            </button>
        }
    };
    view! {
        <div class="lens" role="group" aria-label=label>
            {options.into_iter().enumerate().map(button).collect_view()}
        </div>
    }
}
