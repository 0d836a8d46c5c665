//! Loading, empty and failed, so that a page writes only the good case.

use crate::domain::failure::Failure;
use crate::ui::drawing::view;
use leptos::prelude::*;

/// Something that was asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Load<T> {
    #[default]
    Loading,
    Ready(T),
    Failed(Failure),
}

impl<T> Load<T> {
    pub fn from_answer(answer: Result<T, Failure>) -> Self {
        match answer {
            Ok(value) => Load::Ready(value),
            Err(failure) => Load::Failed(failure),
        }
    }
}

/// Says what is being loaded.
#[component]
pub fn Loading(#[prop(into)] what: String) -> impl IntoView {
    view! { <p class="loading" role="status">{format!("Loading {what}…")}</p> }
}

/// Says what went wrong, what to do, and offers to try again where that can help.
#[component]
pub fn Failed(failure: Failure, #[prop(into)] again: Callback<()>) -> impl IntoView {
    let reference = failure.reference.clone().map(|reference| format!("Reference {reference}"));
    let retry = failure.is_worth_retrying();
    view! {
        <div class="failed" role="alert">
            <p class="failed__words">{super::toast_list::sentence(&failure.words)}</p>
            <p>{failure.next}</p>
            <p class="muted">{reference}</p>
            {retry.then(|| view! { <button type="button" class="button" on:click=move |_| again.run(())>"Try again"</button> })}
        </div>
    }
}
