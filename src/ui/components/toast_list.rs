//! The messages on screen, spoken as they come.

use super::{
    icon::{Glyph, Icon},
    rows::rows,
};
use crate::ui::drawing::view;
use leptos::prelude::*;

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct Toast {
    pub number: u32,
    pub words: String,
    /// What the reader can do.
    pub next: Option<String>,
    /// Something was refused; it stays until it is dismissed.
    pub refused: bool,
}

#[component]
pub fn ToastList(#[prop(into)] shown: Signal<Vec<Toast>>, #[prop(into)] dismiss: Callback<u32>) -> impl IntoView {
    let card = move |toast: Toast| {
        view! {
            <div class="toast" data-refused=toast.refused.then_some("true")>
                <div>
                    <p class="toast__words">{toast.words}</p>
                    {toast.next.map(|next| view! { <p class="toast__next">{next}</p> })}
                </div>
                <button type="button" class="icon-button" aria-label="Dismiss" on:click=move |_| dismiss.run(toast.number)>
                    <Icon glyph=Glyph::Cross />
                </button>
            </div>
        }
    };
    view! {
        <div class="toasts" role="status" aria-live="polite">
            {rows(move || shown.get(), |toast| toast.number, card)}
        </div>
    }
}

/// A refusal's words as a sentence. They are ours, so ASCII's letters are enough; those of all the
/// world are tables that a phone would have to fetch.
pub fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase().to_string()).unwrap_or_default();
    let stop = if words.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}
