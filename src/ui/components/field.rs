//! A field with its label, its hint and its error, bound together for screen readers.

use crate::ui::drawing::view;
use leptos::prelude::*;

/// A one-line text field.
#[component]
pub fn TextField(
    /// Unique on the page.
    id: &'static str,
    #[prop(into)] label: String,
    #[prop(into, optional)] hint: String,
    value: RwSignal<String>,
    #[prop(default = "text")] kind: &'static str,
    #[prop(optional)] autocomplete: &'static str,
    #[prop(optional)] list: &'static str,
    #[prop(optional)] placeholder: &'static str,
    #[prop(optional)] required: bool,
    #[prop(optional)] autofocus: bool,
    /// Why it cannot be taken as it is.
    #[prop(into, optional)]
    error: Signal<Option<String>>,
) -> impl IntoView {
    let (hint_id, error_id) = (format!("{id}-hint"), format!("{id}-error"));
    let described = format!("{hint_id} {error_id}");
    view! {
        <div class="field">
            <label class="field__label" for=id>{label}</label>
            <input
                class="input"
                id=id
                name=id
                type=kind
                autocomplete=if autocomplete.is_empty() { "off" } else { autocomplete }
                list=(!list.is_empty()).then_some(list)
                placeholder=(!placeholder.is_empty()).then_some(placeholder)
                required=required
                autofocus=autofocus
                aria-describedby=described
                aria-invalid=move || error.with(Option::is_some).then_some("true")
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
            />
            <p class="field__hint" id=hint_id>{hint}</p>
            <p class="field__error" id=error_id aria-live="polite">{move || error.get()}</p>
        </div>
    }
}

/// A small field with its label, to stand in a row of choices: a date, as a rule.
#[component]
pub fn Pick(#[prop(into)] label: String, kind: &'static str, value: RwSignal<String>) -> impl IntoView {
    view! {
        <label class="pick">
            <span class="pick__label">{label}</span>
            <input
                class="input"
                data-size="small"
                type=kind
                required
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
            />
        </label>
    }
}

/// A field of several lines.
#[component]
pub fn TextArea(
    id: &'static str,
    #[prop(into)] label: String,
    #[prop(into, optional)] hint: String,
    value: RwSignal<String>,
    #[prop(default = 3)] rows: u8,
) -> impl IntoView {
    view! {
        <div class="field">
            <label class="field__label" for=id>{label}</label>
            <textarea
                class="input"
                id=id
                rows=rows
                aria-describedby=format!("{id}-hint")
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
            ></textarea>
            <p class="field__hint" id=format!("{id}-hint")>{hint}</p>
        </div>
    }
}

/// One of a list of words. `options` are value and label.
#[component]
pub fn SelectField(id: &'static str, #[prop(into)] label: String, options: Vec<(String, String)>, value: RwSignal<String>) -> impl IntoView {
    let option = move |(slug, words): (String, String)| {
        let is_chosen = slug.clone();
        view! { <option value=slug selected=move || value.with(|value| *value == is_chosen)>{words}</option> }
    };
    view! {
        <div class="field">
            <label class="field__label" for=id>{label}</label>
            <select class="input" id=id on:change=move |event| value.set(event_target_value(&event))>
                {options.into_iter().map(option).collect_view()}
            </select>
        </div>
    }
}

/// Why a form was not taken: words, and what to do.
#[component]
pub fn FormError(#[prop(into)] words: Signal<Option<String>>) -> impl IntoView {
    view! { <p class="form-error" role="alert">{move || words.get()}</p> }
}
