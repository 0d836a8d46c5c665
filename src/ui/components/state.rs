//! Where an incident stands: a small dial that fills, and the word.

use crate::domain::incident::State;
use crate::ui::drawing::view;
use leptos::prelude::*;

#[component]
pub fn StateBadge(state: State) -> impl IntoView {
    let fill = match state {
        State::Triage | State::Merged => "",
        State::Active => "M8 3.5a4.5 4.5 0 0 1 0 9z",
        State::Mitigated => "M8 3.5a4.5 4.5 0 1 1-4.5 4.5H8z",
        State::Resolved | State::Closed => "M8 3.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9z",
        State::Cancelled => "M4.5 7.3h7v1.4h-7z",
    };
    view! {
        <span class="state-badge" data-state=state.slug()>
            <svg viewBox="0 0 16 16" aria-hidden="true" focusable="false">
                <circle cx="8" cy="8" r="6.2" />
                <path d=fill />
            </svg>
            <span>{state.label()}</span>
        </span>
    }
}
