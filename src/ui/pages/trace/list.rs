//! Traces of the last while, who calls whom in it, and what changed. Range and service stand in the address.

use crate::{
    domain::telemetry::panels::{Question, Range, TraceOrder, TraceQuestion},
    ui::{
        address::address_of,
        browser,
        components::choice::Lens,
        drawing::view,
        panels::{changed::Changed, dependencies::Dependencies, traces::Traces},
        routes::Route,
        session::session,
    },
};
use leptos::prelude::*;

/// Ranges up to now: their word in the address, on the screen, and their seconds.
const RANGES: [(&str, &str, i64); 4] = [("15m", "15 min", 900), ("1h", "1 hour", 3_600), ("6h", "6 hours", 6 * 3_600), ("24h", "24 hours", 86_400)];
/// The range without a word in the address.
const USUAL: usize = 1;
const AT_ONCE: u32 = 25;

#[component]
pub fn TracesPage() -> impl IntoView {
    let session = session();
    browser::set_title("Traces · Tocsin");
    let query = session.address.query;
    let chosen =
        Memo::new(move |_| query.with(|query| query.get("range").and_then(|slug| RANGES.iter().position(|(known, ..)| *known == slug)).unwrap_or(USUAL)));
    let service = Memo::new(move |_| query.with(|query| query.get("service").filter(|service| !service.is_empty()).map(str::to_owned)));
    // The range stands still until somebody asks again: what is read does not move.
    let now = RwSignal::new(session.live.now());
    let range = Memo::new(move |_| {
        let to = now.get();
        Range { from: to.plus_secs(-RANGES.get(chosen.get()).map_or(3_600, |(.., secs)| *secs)), to }
    });
    let go = move |range: usize, service: Option<String>| {
        let range = RANGES.get(range).filter(|_| range != USUAL).map_or("", |(slug, ..)| slug);
        session.address.amend(&address_of(&Route::Traces.path(), &[("range", range), ("service", service.as_deref().unwrap_or_default())]));
    };
    let question = Signal::derive(move || Question { range: range.get(), baseline: None, service: service.get(), operation: None, step_s: None, source: None });
    let asked = Signal::derive(move || TraceQuestion {
        range: range.get(),
        service: service.get(),
        operation: None,
        attributes: vec![],
        min_s: None,
        max_s: None,
        errors: false,
        order: TraceOrder::Errors,
        source: None,
    });
    let again = Signal::stored(0_u32);
    let options = RANGES.map(|(_, words, _)| Signal::stored(words.to_owned())).to_vec();
    let chip = move || {
        service.get().map(|name| {
            view! {
                <button type="button" class="tag traces__chip" on:click=move |_| go(chosen.get_untracked(), None)>
                    {name.clone()}
                    " ×"
                    <span class="visually-hidden">"remove the filter"</span>
                </button>
            }
        })
    };
    view! {
        <div class="page traces-page">
            <h1 class="page__title">"Traces"</h1>
            <div class="filters">
                <Lens label="Range" options chosen choose=move |at| go(at, service.get_untracked()) />
                {chip}
                <button type="button" class="button" data-size="small" on:click=move |_| now.set(session.live.now())>
                    "Up to now"
                </button>
            </div>
            <div class="traces-page__panels">
                <Traces asked again at_once=AT_ONCE />
                <Dependencies question again press=move |name: String| go(chosen.get_untracked(), Some(name)) />
                <Changed range service again />
            </div>
        </div>
    }
}
