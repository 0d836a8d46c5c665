//! Deploys and other changes, the last first. Range and service stand in the address.

use crate::{
    api::changes,
    domain::{change::ChangeCard, time::Timestamp},
    ui::{
        address::address_of,
        browser,
        components::{
            choice::Lens,
            empty::EmptyState,
            loaded::{Failed, Load, Loading},
            rows::rows,
        },
        drawing::view,
        paged::Paged,
        panels::changes::ChangeRow,
        routes::{Route, Tab},
        session::session,
    },
};
use leptos::{prelude::*, task::spawn_local};

const AT_ONCE: u32 = 100;

/// Ranges up to now: their word in the address, on the screen, and their seconds; 0 is everything.
const RANGES: [(&str, &str, i64); 4] = [("24h", "24 hours", 86_400), ("7d", "7 days", 7 * 86_400), ("30d", "30 days", 30 * 86_400), ("all", "All", 0)];

/// The range without a word in the address.
const USUAL: usize = 1;

/// What is looked at, as it stands in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Filter {
    /// By [`RANGES`]; without effect where an instant is given.
    range: usize,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    service: String,
}

impl Filter {
    fn address(&self) -> String {
        let range = RANGES.get(self.range).filter(|_| self.range != USUAL).map_or("", |(slug, ..)| slug);
        address_of(&Route::Changes.path(), &[("range", range), ("service", &self.service)])
    }

    fn is_between(&self) -> bool {
        self.from.is_some() || self.to.is_some()
    }
}

#[derive(Clone, Copy)]
struct List {
    filter: Memo<Filter>,
    changes: Paged<ChangeCard>,
}

impl List {
    /// Fetches on from `cursor`, or from the newest.
    fn fetch(self, cursor: Option<String>, now: Timestamp) {
        let filter = self.filter.get_untracked();
        let secs = RANGES.get(filter.range).map_or(0, |(.., secs)| *secs);
        let from = if filter.is_between() { filter.from } else { Some(now.plus_secs(-secs)).filter(|_| secs > 0) };
        let service = Some(filter.service.clone()).filter(|service| !service.is_empty());
        spawn_local(async move {
            let answer = changes::list(from, filter.to, service, cursor.clone(), Some(AT_ONCE)).await;
            // Somebody may have chosen otherwise, or left, in the meantime.
            if self.filter.try_get_untracked() != Some(filter) {
                return;
            }
            self.changes.take(cursor.as_deref(), answer.map(|page| (page.items, page.next_cursor)));
        });
    }
}

#[component]
pub fn Changes() -> impl IntoView {
    let session = session();
    browser::set_title("Changes · Tocsin");
    let query = session.address.query;
    let filter = Memo::new(move |_| {
        query.with(|query| Filter {
            range: query.get("range").and_then(|slug| RANGES.iter().position(|(known, ..)| *known == slug)).unwrap_or(USUAL),
            from: query.get("from").and_then(Timestamp::parse),
            to: query.get("to").and_then(Timestamp::parse),
            service: query.get("service").unwrap_or_default().to_owned(),
        })
    });
    let list = List { filter, changes: Paged::new() };
    let fetch = Callback::new(move |cursor| list.fetch(cursor, session.live.now()));
    Effect::new(move |_| {
        filter.track();
        list.changes.load.set(Load::Loading);
        fetch.run(None);
    });
    let choose = Callback::new(move |filter: Filter| session.address.amend(&filter.address()));
    let more = move || list.changes.more("Show earlier ones", fetch);
    let body = move || match list.changes.load.get() {
        Load::Loading => view! { <Loading what="the changes" /> },
        Load::Failed(failure) => view! { <Failed failure again=move |()| fetch.run(None) /> },
        Load::Ready(()) if list.changes.items.with(Vec::is_empty) => nothing(&filter.get_untracked()),
        Load::Ready(()) => view! {
            <ul class="panel changes" aria-label="Changes, the last first">
                {rows(move || list.changes.items.get(), |change| (change.id.clone(), change.received_at), |change| view! { <ChangeRow change /> })}
            </ul>
            {more}
        },
    };
    view! {
        <div class="page settings">
            <h1 class="page__title">"Changes"</h1>
            <p class="page__lead">"Deploys and whatever else senders report as a change. A change pages nobody; it stands here so that you see what was done before something broke."</p>
            <Filters filter choose />
            {body}
        </div>
    }
}

#[component]
fn Filters(filter: Memo<Filter>, choose: Callback<Filter>) -> impl IntoView {
    let session = session();
    let options = RANGES.map(|(_, words, _)| Signal::derive(move || words.to_owned())).to_vec();
    let chosen = Signal::derive(move || filter.with(|filter| if filter.is_between() { usize::MAX } else { filter.range }));
    let range = Callback::new(move |range| choose.run(Filter { range, ..filter.get_untracked() }));
    let service = move |event| choose.run(Filter { service: event_target_value(&event).trim().to_owned(), ..filter.get_untracked() });
    let between = move || {
        let filter = filter.get();
        filter.is_between().then(|| {
            let clock = |at: Timestamp| session.zone.get().clock(at, session.live.now());
            let words = match (filter.from, filter.to) {
                (Some(from), Some(to)) => format!("From {} to {}.", clock(from), clock(to)),
                (Some(from), None) => format!("From {} on.", clock(from)),
                (None, Some(to)) => format!("Before {}.", clock(to)),
                (None, None) => String::new(),
            };
            view! {
                <p>
                    {words} " "
                    <button type="button" class="link-button" on:click=move |_| choose.run(Filter { from: None, to: None, range: USUAL, service: String::new() })>
                        "Show the last week instead"
                    </button>
                </p>
            }
        })
    };
    let known = move || session.replica.services().iter().map(|name| view! { <option value=name.clone()></option> }).collect_view();
    view! {
        <div class="filters">
            <label class="filters__field">
                <span>"Service"</span>
                <input
                    class="input"
                    type="search"
                    list="services-known"
                    placeholder="all services"
                    autocomplete="off"
                    prop:value=move || filter.with(|filter| filter.service.clone())
                    on:change=service
                />
            </label>
            <datalist id="services-known">{known}</datalist>
            <Lens label="Range" options chosen choose=range />
        </div>
        {between}
    }
}

fn nothing(filter: &Filter) -> AnyView {
    let words = "What is sent to /v2/change/enqueue with an integration's key stands here: a deploy, a flag, a migration.";
    let title = match (filter.service.is_empty(), filter.is_between()) {
        (true, false) => "No change was reported in this time".to_owned(),
        (true, true) => "No change was reported between these times".to_owned(),
        (false, _) => format!("No change of {} was reported in this time", filter.service),
    };
    view! {
        <EmptyState title words>
            <a class="button" href=Route::Settings(Tab::Integrations).path()>"To the integrations"</a>
        </EmptyState>
    }
}
