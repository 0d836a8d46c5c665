//! How many nobody has, how many are worked, how many are mitigated. Each is a filter.

use crate::{
    domain::wording,
    ui::{
        drawing::view,
        listing::{Count, Heap, Listing},
        panels::plain,
        session::session,
    },
};
use leptos::prelude::*;

/// The form that filters where no app runs.
const COUNTS: &str = "plain-counts";

#[component]
pub fn Counts(listing: Memo<Listing>, #[prop(into)] chosen: Signal<Option<Heap>>, #[prop(into)] choose: Callback<Option<Heap>>) -> impl IntoView {
    let session = session();
    let now = session.live.ticking();
    let tile = move |heap: Heap| {
        let count = Memo::new(move |_| listing.with(|listing| listing.counts[heap as usize].clone()));
        let fact = move || fact(heap, &count.get(), now.get());
        let is_late = move || heap != Heap::Nobody && count.with(|count| count.late > 0);
        let is_chosen = move || chosen.get() == Some(heap);
        view! {
            <button
                type="submit"
                class="count"
                name="show"
                form=session.is_still().then_some(COUNTS)
                value=move || if is_chosen() { "" } else { heap.slug() }
                aria-pressed=move || is_chosen().to_string()
                on:click=move |_| choose.run((!is_chosen()).then_some(heap))
            >
                <span class="count__n">{move || count.with(|count| count.n)}</span>
                <span class="count__words">
                    <span class="count__label">{heap.label()}</span>
                    <span class="count__fact" data-late=move || is_late().then_some("true")>{move || fact()}</span>
                </span>
            </button>
        }
    };
    view! {
        <div class="counts" role="group" aria-label="Open incidents by who has them">
            {Heap::ALL.map(tile).collect_view()} {plain::form(COUNTS)}
        </div>
    }
}

/// The one fact that needs attention.
fn fact(heap: Heap, count: &Count, now: crate::domain::time::Timestamp) -> String {
    let Some(oldest) = count.oldest else { return String::new() };
    let lasts = wording::span(now.secs_since(oldest));
    match heap {
        Heap::Nobody => format!("oldest waits {lasts}"),
        Heap::Worked | Heap::Mitigated if count.late > 0 => {
            let late = count.late_since.map(|since| wording::span(now.secs_since(since))).unwrap_or_default();
            if count.late == 1 { format!("1 update {late} late") } else { format!("{} updates up to {late} late", count.late) }
        }
        Heap::Worked => format!("longest {lasts}"),
        Heap::Mitigated if count.firing == 0 => "no alert fires".to_owned(),
        Heap::Mitigated if count.firing == 1 => "1 still fires".to_owned(),
        Heap::Mitigated => format!("{} still fire", count.firing),
    }
}
