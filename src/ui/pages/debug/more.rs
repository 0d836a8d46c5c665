//! The panels that a phone keeps closed: one button under the thumb counts them, and each opens over
//! the whole width. Beside it stands what is done with all of them.

use super::{changed, compare::ComparePanel, dependencies, head::PinButton, heats, state::Board, traces};
use crate::ui::{
    browser,
    components::icon::{Glyph, Icon},
    drawing::view,
};
use leptos::prelude::*;

/// A panel that waits to be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closed {
    Histogram,
    Errors,
    Dependencies,
    Traces,
    Changed,
    Compare,
}

impl Closed {
    const ALL: [Closed; 6] = [Closed::Histogram, Closed::Errors, Closed::Dependencies, Closed::Traces, Closed::Changed, Closed::Compare];

    fn title(self, of_one_service: bool) -> &'static str {
        match self {
            Closed::Histogram => "Now against baseline",
            Closed::Errors if of_one_service => "Errors by operation",
            Closed::Errors => "Errors by service",
            Closed::Dependencies => "Dependencies",
            Closed::Traces => "Traces",
            Closed::Changed => "What changed",
            Closed::Compare => "Over-represented",
        }
    }

    fn draw(self, board: Board) -> AnyView {
        match self {
            Closed::Histogram => view! { <section class="panel" aria-label="Now against baseline"><heats::Alone board /></section> },
            Closed::Errors => view! { <heats::ErrorsPanel board /> },
            Closed::Dependencies => dependencies(board),
            Closed::Traces => traces(board),
            Closed::Changed => changed(board),
            Closed::Compare => view! { <ComparePanel board /> },
        }
    }
}

/// Where the closed panels begin.
const PLACE: &str = "more-panels";

#[component]
pub fn More(board: Board) -> impl IntoView {
    let listed = RwSignal::new(false);
    let of_one_service = move || board.question.with(|question| question.service.is_some());
    let row = move |closed: Closed| {
        let open = RwSignal::new(false);
        view! {
            <li>
                <button type="button" class="debug__open" aria-expanded=move || open.get().to_string() on:click=move |_| open.update(|open| *open = !*open)>
                    <span>{move || closed.title(of_one_service())}</span>
                    <Icon glyph=Glyph::ChevronDown />
                </button>
                {move || open.get().then(|| untrack(|| closed.draw(board)))}
            </li>
        }
    };
    let press = move |_| {
        listed.update(|listed| *listed = !*listed);
        if listed.get_untracked() {
            browser::after_paint(|| browser::focus(PLACE));
        }
    };
    let words = move || match (listed.get(), Closed::ALL.len()) {
        (true, _) => "Fewer panels".to_owned(),
        (false, n) => format!("{n} more panels"),
    };
    view! {
        <div class="debug__more-panels" id=PLACE tabindex="-1" role="group" aria-label="More panels">
            {move || listed.get().then(|| view! { <ul>{Closed::ALL.into_iter().map(row).collect_view()}</ul> })}
        </div>
        <div class="debug__actions">
            <PinButton board />
            <button type="button" class="button" aria-expanded=move || listed.get().to_string() aria-controls=PLACE on:click=press>
                {words}
            </button>
        </div>
    }
}
