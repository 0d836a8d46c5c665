//! What stands behind a number: what it means, the incidents it is made from, those that were
//! left out and why, and the same as a table.

use super::{
    cards::{Told, change_words, nameless},
    question::{Question, Shown},
};
use crate::{
    api::figures,
    domain::{
        metrics::{About, BehindItem, BehindPage, GroupBy, Range, Which, words},
        severity::Severity,
    },
    ui::{
        components::{
            loaded::{Failed, Load, Loading},
            severity::SeverityBadge,
            toast_list::sentence,
        },
        drawing::view,
        routes::Route,
    },
};
use leptos::{prelude::*, task::spawn_local};

#[component]
pub fn Behind(question: Question, shown: Shown, range: Range, told: Option<Told>) -> impl IntoView {
    let Some(about) = About::from_id(&shown.metric) else {
        return view! { <p>"There is no such figure in this version."</p> };
    };
    let key = shown.key.clone();
    let mut more = vec![("metric", about.id()), ("group_by", shown.by.slug())];
    more.extend(key.iter().map(|key| ("key", key.as_str())));
    // A table of several services together cannot be asked for.
    let has_table = question.filter.services.is_empty();
    let table = question.table("/api/v1/metrics/incidents/behind", &range, &more);
    let value = told.as_ref().map(|told| (told.value.clone(), told.beneath.clone()));
    let change = told.as_ref().and_then(|told| told.change.as_ref()).map(|change| sentence(&change_words(change).1));
    let left_out = told.as_ref().and_then(|told| told.left_out.clone());
    let has_left_out = left_out.is_some();
    let list = move |which| {
        let (question, shown) = (question.clone(), shown.clone());
        view! { <List question shown range which /> }
    };
    let compared = change.map(|change| {
        view! {
            <h3>"Against the range before"</h3>
            <p>{change}</p>
            <p class="muted">
                "Better or worse is said only where the 95 % interval of the difference of the two medians leaves out zero (Price and Bonett, 2002)."
            </p>
        }
    });
    let excluded = has_left_out.then(|| {
        view! {
            <section aria-labelledby="behind-excluded">
                <h3 id="behind-excluded">"Left out"</h3>
                <p class="muted">{left_out.map(|words| sentence(&words))} " Missing times are never guessed; what is still open is at least as long as shown."</p>
                {list(Which::Excluded)}
            </section>
        }
    });
    view! {
        <div class="behind">
            {value
                .map(|(value, beneath)| {
                    view! {
                        <p class="behind__value">
                            <b>{value}</b>
                            <span class="muted">{beneath}</span>
                        </p>
                    }
                })}
            <h3>{about.question()}</h3>
            <p>{sentence(about.definition())}</p>
            <p class="behind__formula">
                <code>{about.formula()}</code>
            </p>
            {compared}
            <section aria-labelledby="behind-counted">
                <div class="behind__head">
                    <h3 id="behind-counted">"Incidents behind it"</h3>
                    {has_table.then(|| view! { <a href=table download="">"CSV"</a> })}
                </div>
                {list(Which::Counted)}
            </section>
            {excluded}
        </div>
    }
}

/// The title of the sheet.
pub fn title(shown: &Shown) -> String {
    let Some(about) = About::from_id(&shown.metric) else { return "Unknown figure".to_owned() };
    let group = (shown.by != GroupBy::None).then(|| shown.key.clone().unwrap_or_else(|| nameless(shown.by).to_owned()));
    words::behind(about, group.as_deref())
}

#[component]
fn List(question: Question, shown: Shown, range: Range, which: Which) -> impl IntoView {
    let load = RwSignal::new(Load::<BehindPage>::Loading);
    let fetching = RwSignal::new(false);
    let fetch = StoredValue::new(move |cursor: Option<String>| {
        let (shown, filter) = (shown.clone(), question.filter.clone());
        fetching.set(true);
        spawn_local(async move {
            let answer = figures::behind(shown.metric, shown.key, which, range.from, range.to, filter, shown.by, cursor.clone()).await;
            // The sheet may have been closed in between.
            let known = load.try_update(|load| match (std::mem::take(load), answer) {
                (Load::Ready(mut known), Ok(next)) if cursor.is_some() => {
                    known.items.extend(next.items);
                    known.next_cursor = next.next_cursor;
                    *load = Load::Ready(known);
                }
                (_, answer) => *load = Load::from_answer(answer),
            });
            if known.is_some() {
                fetching.set(false);
            }
        });
    });
    fetch.with_value(|fetch| fetch(None));
    let again = Callback::new(move |()| {
        load.set(Load::Loading);
        fetch.with_value(|fetch| fetch(None));
    });
    let list = move || match load.get() {
        Load::Loading => view! { <Loading what="the incidents" /> },
        Load::Failed(failure) => view! { <Failed failure again /> },
        Load::Ready(page) if page.items.is_empty() => view! { <p class="muted">"None."</p> },
        Load::Ready(BehindPage { items, next_cursor }) => {
            let more = next_cursor.map(|cursor| {
                view! {
                    <button
                        type="button"
                        class="button"
                        disabled=move || fetching.get()
                        on:click=move |_| fetch.with_value(|fetch| fetch(Some(cursor.clone())))
                    >
                        "Show more"
                    </button>
                }
            });
            view! {
                <ul class="behind__list">{items.into_iter().map(row).collect_view()}</ul>
                {more}
            }
        }
    };
    view! { <div>{move || list()}</div> }
}

fn row(item: BehindItem) -> AnyView {
    let value = match (item.value_s, item.at_least_s, item.counts) {
        (Some(secs), ..) => words::duration(secs),
        (None, Some(secs), _) => words::at_least(secs),
        (None, None, Some(true)) => "came again".to_owned(),
        (None, None, Some(false)) => "first time".to_owned(),
        (None, None, None) => String::new(),
    };
    let href = Route::incident(item.reference).path();
    let severity: Option<Severity> = item.severity;
    view! {
        <li class="behind__row">
            <SeverityBadge severity />
            <a href=href>{item.title}</a>
            <span class="number">{value}</span>
            <span class="muted behind__when">
                {format!("{} · {} UTC", item.reference, words::moment(item.started_at))} {item.excluded.map(|reason| format!(" · {reason}"))}
            </span>
        </li>
    }
}
