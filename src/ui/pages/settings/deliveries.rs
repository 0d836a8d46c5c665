//! What senders sent last, the newest first, and what became of it. Filters stand in the address.

use super::delivery::Delivery;
use crate::{
    api::{deliveries, integrations},
    domain::{delivery::DeliveryNote, ids::IntegrationId, integration::Integration, wording},
    ui::{
        address::address_of,
        components::{
            choice::Lens,
            empty::EmptyState,
            loaded::{Failed, Load, Loading},
            rows::rows,
        },
        drawing::view,
        paged::Paged,
        routes::{Route, Tab},
        session::session,
    },
};
use leptos::{prelude::*, task::spawn_local};

const AT_ONCE: u32 = 50;

/// Stands in the address in place of an integration: whoever showed no key that is known.
const UNKNOWN: &str = "unknown";

/// The verdicts that can be looked at alone, each with its word in the address.
const VERDICTS: [(&str, &str); 4] = [("", "All"), ("refused", "Refused"), ("partly_accepted", "Partly"), ("accepted", "Accepted")];

/// What is looked at, as it stands in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Filter {
    integration: String,
    verdict: String,
}

impl Filter {
    fn address(&self) -> String {
        address_of(&Route::Settings(Tab::Deliveries).path(), &[("integration", &self.integration), ("verdict", &self.verdict)])
    }
}

/// What was fetched so far.
#[derive(Clone, Copy)]
struct List {
    filter: Memo<Filter>,
    notes: Paged<DeliveryNote>,
    unrecognised: RwSignal<i64>,
}

impl List {
    /// Fetches on from `cursor`, or from the newest.
    fn fetch(self, cursor: Option<String>) {
        let filter = self.filter.get_untracked();
        let unknown = filter.integration == UNKNOWN;
        let integration = filter.integration.parse::<IntegrationId>().ok();
        let verdict = Some(filter.verdict.clone()).filter(|verdict| !verdict.is_empty());
        spawn_local(async move {
            let answer = deliveries::list(integration, unknown, verdict, cursor.clone(), Some(AT_ONCE)).await;
            // Somebody may have chosen otherwise, or left, in the meantime.
            if self.filter.try_get_untracked() != Some(filter) {
                return;
            }
            if let Ok(page) = &answer {
                self.unrecognised.set(page.unrecognised);
            }
            self.notes.take(cursor.as_deref(), answer.map(|page| (page.items, page.next_cursor)));
        });
    }
}

#[component]
pub fn Deliveries() -> impl IntoView {
    let session = session();
    let query = session.address.query;
    let filter = Memo::new(move |_| {
        query.with(|query| Filter {
            integration: query.get("integration").unwrap_or_default().to_owned(),
            verdict: query.get("verdict").unwrap_or_default().to_owned(),
        })
    });
    let list = List { filter, notes: Paged::new(), unrecognised: RwSignal::new(0) };
    Effect::new(move |_| {
        filter.track();
        list.notes.load.set(Load::Loading);
        list.fetch(None);
    });
    let known = RwSignal::new(Vec::<Integration>::new());
    spawn_local(async move {
        // Without their names, deliveries show the source alone.
        if let Ok(page) = integrations::page().await {
            known.try_set(page.integrations);
        }
    });
    let choose = Callback::new(move |filter: Filter| session.address.amend(&filter.address()));
    view! {
        <section aria-labelledby="deliveries-title">
            <div class="settings__head">
                <h2 id="deliveries-title">"Deliveries"</h2>
                <button type="button" class="button" data-size="small" on:click=move |_| list.fetch(None)>"Look again"</button>
            </div>
            <p class="muted">
                "The last requests of every sender and what became of them. They are notes, kept for some days; the record is elsewhere. Deploys stand under "
                <a href=Route::Changes.path()>"Changes"</a> "."
            </p>
            <Filters filter known choose />
            {move || unrecognised(list.unrecognised.get(), &filter.get())}
            {move || body(list, known)}
        </section>
    }
}

#[component]
fn Filters(filter: Memo<Filter>, known: RwSignal<Vec<Integration>>, choose: Callback<Filter>) -> impl IntoView {
    let options = VERDICTS.map(|(_, words)| Signal::derive(move || words.to_owned())).to_vec();
    let chosen = Signal::derive(move || filter.with(|filter| VERDICTS.iter().position(|(slug, _)| *slug == filter.verdict)).unwrap_or(usize::MAX));
    let verdict = Callback::new(move |at: usize| {
        let verdict = VERDICTS.get(at).map_or("", |(slug, _)| *slug).to_owned();
        choose.run(Filter { verdict, ..filter.get_untracked() });
    });
    let option = move |slug: String, words: String| {
        let value = slug.clone();
        view! { <option value=value prop:selected=move || filter.with(|filter| filter.integration == slug)>{words}</option> }
    };
    let senders = move || known.get().into_iter().map(|integration| option(integration.id.to_string(), integration.name)).collect_view();
    view! {
        <div class="filters">
            <label class="filters__field">
                <span>"Sender"</span>
                <select class="input" on:change=move |event| choose.run(Filter { integration: event_target_value(&event), ..filter.get_untracked() })>
                    {option(String::new(), "All senders".to_owned())} {senders} {option(UNKNOWN.to_owned(), "Unknown keys".to_owned())}
                </select>
            </label>
            <Lens label="Verdict" options chosen choose=verdict />
        </div>
    }
}

/// How many came with a key that nobody knows: a sender that was set up wrongly, or somebody who tries keys.
fn unrecognised(count: i64, filter: &Filter) -> Option<AnyView> {
    let count = usize::try_from(count).ok().filter(|count| *count > 0 && filter.integration.is_empty())?;
    let words = format!("{} with a key that nobody knows, since the server started. ", wording::count(count, "request came", "requests came"));
    let address = Filter { integration: UNKNOWN.to_owned(), verdict: String::new() }.address();
    Some(view! { <p>{words} <a href=address>"Show those that were noted"</a></p> })
}

fn body(list: List, known: RwSignal<Vec<Integration>>) -> AnyView {
    match list.notes.load.get() {
        Load::Loading => view! { <Loading what="the deliveries" /> },
        Load::Failed(failure) => view! { <Failed failure again=move |()| list.fetch(None) /> },
        Load::Ready(()) if list.notes.items.with(Vec::is_empty) => nothing(&list.filter.get_untracked()),
        Load::Ready(()) => {
            let name = move |id: Option<IntegrationId>| {
                known.with(|known| known.iter().find(|integration| Some(integration.id) == id).map(|integration| integration.name.clone()))
            };
            let name = Callback::new(name);
            let fetch = Callback::new(move |cursor| list.fetch(cursor));
            let more = move || list.notes.more("Show earlier ones", fetch);
            view! {
                <ul class="panel deliveries" aria-label="Deliveries, the newest first">
                    // A flood is noted as one line that goes on counting.
                    {rows(move || list.notes.items.get(), |note| (note.id.clone(), note.times), move |note| view! { <Delivery note name /> })}
                </ul>
                {more}
            }
        }
    }
}

fn nothing(filter: &Filter) -> AnyView {
    if *filter == Filter::default() {
        return view! {
            <EmptyState title="Nothing was delivered yet" words="Every request of a sender is noted here, with what became of it: also those that were refused.">
                <a class="button" href=Route::Settings(Tab::Integrations).path()>"To the integrations"</a>
            </EmptyState>
        };
    }
    view! {
        <EmptyState title="No delivery is like that" words="None of those that are still noted.">
            <a class="button" href=Filter::default().address()>"Show all"</a>
        </EmptyState>
    }
}
