//! The on-call board: what needs somebody, what is worked, what was resolved today.

use crate::{
    domain::ids::IncidentId,
    ui::{
        browser,
        components::{choice::Lens, copy_box::CopyBox, empty::EmptyState},
        drawing::view,
        listing::{Filter, Heap, arrange},
        panels::{
            acknowledge::{AcknowledgeButton, DEFAULT_SECS, acknowledge},
            counts::Counts,
            incident_table::IncidentTable,
            strip::Strip,
        },
        routes::{Route, Tab},
        session::session,
    },
};
use leptos::{prelude::*, task::spawn_local};

/// How often the order is looked at again without a change, because acknowledgements run out.
const REORDER_SECS: i64 = 5;

/// One alert to try it with, sent to this server; `KEY` stands for the integration's key.
const FIRST_ALERT: &str = r#"/hooks/generic/KEY \
  -H 'Content-Type: application/json' \
  -d '{"title": "Checkout is slow", "severity": "warning", "dedup_key": "first", "labels": {"service": "checkout"}}'"#;

#[component]
pub fn Board() -> impl IntoView {
    let session = session();
    let query = session.address.query;
    let filter = Memo::new(move |_| query.with(|query| Filter { heap: query.get("show").and_then(Heap::from_slug), mine: query.get("lens") == Some("mine") }));
    let now = session.live.ticking();
    let turn = Memo::new(move |_| now.get().epoch_secs() / REORDER_SECS);
    let listing = Memo::new(move |_| {
        turn.track();
        let now = session.live.now();
        arrange(&session.board(now), filter.get(), session.actor().as_ref(), now)
    });
    let waiting = Memo::new(move |_| listing.with(|listing| listing.waiting.clone()));
    let rows = Memo::new(move |_| listing.with(|listing| listing.rows.clone()));
    let resolved = Memo::new(move |_| listing.with(|listing| listing.resolved.clone()));
    let (all, mine) = (Memo::new(move |_| listing.with(|listing| listing.all)), Memo::new(move |_| listing.with(|listing| listing.mine)));

    Effect::new(move |_| {
        let waiting = waiting.with(Vec::len);
        browser::set_title(&title(waiting));
    });

    let choose = Callback::new(move |filter: Filter| {
        let mut parts = Vec::new();
        parts.extend(filter.heap.map(|heap| format!("show={}", heap.slug())));
        parts.extend(filter.mine.then(|| "lens=mine".to_owned()));
        let address = if parts.is_empty() { Route::Board.path() } else { format!("{}?{}", Route::Board.path(), parts.join("&")) };
        session.address.amend(&address);
    });
    keys(waiting);

    let lens = vec![Signal::derive(move || format!("Mine {}", mine.get())), Signal::derive(move || format!("All {}", all.get()))];
    let nothing_matches =
        move || (rows.with(Vec::is_empty) && all.get() > 0).then(|| view! { <p class="panel__empty">"None of the open incidents is among these."</p> });
    let list = move || {
        if all.get() == 0 {
            view! { <NothingOpen any_resolved=Signal::derive(move || !resolved.with(Vec::is_empty)) /> }
        } else {
            view! {
                <section class="panel" aria-labelledby="active-title">
                    <div class="panel__head">
                        <h2 id="active-title">"Active incidents"</h2>
                        <span class="panel__note">{move || format!("{} · needs you first", rows.with(Vec::len))}</span>
                        <Lens
                            label="Whose incidents"
                            options=lens.clone()
                            chosen=Signal::derive(move || usize::from(!filter.get().mine))
                            choose=move |at| choose.run(Filter { mine: at == 0, ..filter.get_untracked() })
                        />
                    </div>
                    <IncidentTable caption="Open incidents, those that need somebody first" ids=rows />
                    {nothing_matches}
                </section>
            }
        }
    };
    let is_empty = Memo::new(move |_| all.get() == 0);
    view! {
        <div class="page board" data-bar=move || (!waiting.with(Vec::is_empty)).then_some("true")>
            <h1 class="visually-hidden">"On-call"</h1>
            <Strip waiting />
            {move || {
                (!is_empty.get())
                    .then(|| {
                        view! {
                            <Counts
                                listing
                                chosen=Signal::derive(move || filter.get().heap)
                                choose=move |heap| choose.run(Filter { heap, ..filter.get_untracked() })
                            />
                        }
                    })
            }}
            {move || {
                is_empty.track();
                untrack(list.clone())
            }}
            <Resolved resolved />
        </div>
        <PhoneBar waiting />
    }
}

/// How many wait stands in the title, too.
pub fn title(waiting: usize) -> String {
    if waiting == 0 { "On-call · Tocsin".to_owned() } else { format!("({waiting}) On-call · Tocsin") }
}

/// Rows by j and k or the arrows, `a` takes the one in focus, else the most urgent.
fn keys(waiting: Memo<Vec<IncidentId>>) {
    let session = session();
    browser::on_key(move |event| {
        let Some(key) = browser::plain_key(&event) else { return };
        match key.as_str() {
            "j" => browser::step_rows(true),
            "k" => browser::step_rows(false),
            "ArrowDown" if browser::focused_row().is_some() => browser::step_rows(true),
            "ArrowUp" if browser::focused_row().is_some() => browser::step_rows(false),
            "a" => {
                let focused = browser::focused_row().and_then(|row| row.parse().ok());
                if let Some(id) = focused.or_else(|| waiting.with_untracked(|waiting| waiting.first().copied())) {
                    session.act(id, acknowledge(Some(DEFAULT_SECS)));
                }
            }
            _ => return,
        }
        event.prevent_default();
    });
}

/// Under the thumb: taking the most urgent one.
#[component]
fn PhoneBar(waiting: Memo<Vec<IncidentId>>) -> impl IntoView {
    let session = session();
    let first = Memo::new(move |_| {
        let first = session.incident(waiting.with(|waiting| waiting.first().copied())?)?;
        (Heap::of(&first, session.live.now()) == Heap::Nobody).then_some(first)
    });
    let bar = move || {
        first.get().map(|incident| {
            view! {
                <div class="action-bar">
                    <p class="action-bar__words">{incident.reference.to_string()} " · " {incident.title.clone()}</p>
                    <AcknowledgeButton id=incident.id above=true />
                </div>
            }
        })
    };
    view! { <div class="phone-only">{move || bar()}</div> }
}

/// What was resolved within the last day, folded.
#[component]
fn Resolved(resolved: Memo<Vec<IncidentId>>) -> impl IntoView {
    let session = session();
    // What is folded is not put together before somebody looks; without the app nothing could do so
    // later, and somebody may have looked into the page that came.
    let opened = RwSignal::new(session.is_still() || browser::is_unfolded("resolved"));
    let any = Memo::new(move |_| !resolved.with(Vec::is_empty));
    move || {
        any.get().then(|| {
            view! {
                <details class="panel fold" id="resolved" on:toggle=move |_| opened.set(true)>
                    <summary class="panel__head">
                        <h2>"Resolved in the last 24 h"</h2>
                        <span class="panel__note">{move || resolved.with(Vec::len)}</span>
                    </summary>
                    {move || {
                        opened.get().then(|| view! { <IncidentTable caption="Resolved in the last 24 hours, newest first" ids=resolved /> })
                    }}
                </details>
            }
        })
    }
}

/// What would fill the board, and the one command to try.
#[component]
fn NothingOpen(any_resolved: Signal<bool>) -> impl IntoView {
    let session = session();
    let copy = Callback::new(move |text: String| {
        spawn_local(async move {
            let copied = browser::copy(text).await;
            session.toasts.say(if copied { "Copied." } else { "This browser does not allow copying; select the text instead." });
        });
    });
    let command = format!("curl -X POST {}{FIRST_ALERT}", session.origin.get_value());
    view! {
        <section class="panel" aria-label="Active incidents">
            <EmptyState
                title="No open incident"
                words="Alerts open incidents by themselves, and people declare them. Whatever is open stands here, what needs you first."
            >
                {move || {
                    (!any_resolved.get())
                        .then(|| {
                            view! {
                                <p class="empty__words">
                                    "To try it, make an integration of the source “generic” in "
                                    <a href=Route::Settings(Tab::Integrations).path()>"Settings → Integrations"</a> ", put its key for KEY, and send one alert:"
                                </p>
                                <CopyBox label="First alert" text=command.clone() copy />
                            }
                        })
                }}
            </EmptyState>
        </section>
    }
}
