//! One trace: where its time went in a sentence, its facts, and every span as a row beneath its
//! parent. Which span is looked at stands in the address.

mod attributes;
mod head;
pub mod list;
mod naming;
mod row;
mod span;
mod spans;
mod walk;

use crate::{
    api,
    domain::{
        failure::FailureKind,
        telemetry::waterfall::{TraceSpan, Waterfall, What, WholeTrace},
        time::Timestamp,
    },
    ui::{
        address::{Query, address_of},
        browser,
        components::{
            empty::EmptyState,
            loaded::{Failed, Load, Loading},
        },
        drawing::view,
        routes::{Route, Tab},
        session::session,
    },
};
use leptos::{prelude::*, task::spawn_local};
use std::sync::Arc;
use walk::Walk;

/// From here on the panel of a span stands beside the rows; below it is a page of its own.
const WIDE: f64 = 720.0;

/// A trace, and what is reckoned from it once.
struct Shape {
    trace: WholeTrace,
    spans: Vec<TraceSpan>,
    /// When each of them began, by its own clock.
    began: Vec<Option<Timestamp>>,
    waterfall: Waterfall,
}

impl Shape {
    fn new(mut trace: WholeTrace) -> Self {
        let rows = std::mem::take(&mut trace.view.spans);
        let began = rows.iter().map(|row| Some(row.started_at).filter(|at| at.micros() > 0)).collect();
        let spans: Vec<TraceSpan> = rows.into_iter().map(TraceSpan::from).collect();
        let waterfall = Waterfall::new(&spans);
        Self { trace, spans, began, waterfall }
    }

    /// What stands in the address for a row; groups and what is missing have no panel.
    fn key(&self, at: usize) -> Option<String> {
        match self.waterfall.items.get(at)?.what {
            What::Span(span) => Some(self.spans[span].id.clone()),
            What::Peer(span) => Some(format!("{}.peer", self.spans[span].id)),
            What::Group(_) | What::Missing => None,
        }
    }

    fn find(&self, key: &str) -> Option<usize> {
        let (id, peer) = key.strip_suffix(".peer").map_or((key, false), |id| (id, true));
        let is_wanted = |what: What| match what {
            What::Span(span) => !peer && self.spans[span].id == id,
            What::Peer(span) => peer && self.spans[span].id == id,
            What::Group(_) | What::Missing => false,
        };
        self.waterfall.items.iter().position(|item| is_wanted(item.what))
    }
}

#[component]
pub fn TracePage(id: String) -> impl IntoView {
    browser::set_title(&format!("Trace {} · Tocsin", short(&id)));
    let load = RwSignal::new(Load::<Arc<Shape>>::Loading);
    let id = StoredValue::new(id);
    let source = StoredValue::new(session().address.query.with_untracked(source_of));
    let fetch = move || {
        load.set(Load::Loading);
        let (id, source) = (id.get_value(), source.get_value());
        spawn_local(async move {
            let answer = api::traces::whole(id, source).await;
            let _ = load.try_set(Load::from_answer(answer.map(|trace| Arc::new(Shape::new(trace)))));
        });
    };
    Effect::new(move |_| fetch());
    let body = move || match load.get() {
        Load::Loading => view! {
            {head::crumbs(&id.get_value())}
            <h1 class="page__title mono">{id.get_value()}</h1>
            <Loading what="the trace" />
        },
        Load::Failed(failure) if failure.kind == FailureKind::NotFound => view! {
            {head::crumbs(&id.get_value())}
            <h1 class="page__title">"This trace is not here"</h1>
            {not_here(fetch)}
        },
        Load::Failed(failure) => view! {
            {head::crumbs(&id.get_value())}
            <h1 class="page__title mono">{id.get_value()}</h1>
            <Failed failure again=move |()| fetch() />
        },
        Load::Ready(shape) => view! { <Drawn shape again=Callback::new(move |()| fetch()) /> },
    };
    view! { <div class="page trace">{body}</div> }
}

fn not_here(again: impl Fn() + Copy + Send + Sync + 'static) -> AnyView {
    view! {
        <EmptyState
            title="No span with this trace id is kept."
            words="It may not have arrived yet, it may be older than what is kept, or there was no room for it among those without errors. What is sent to /v1/traces with an integration's token stands here within a second."
        >
            <button type="button" class="button" on:click=move |_| again()>
                "Look again"
            </button>
            <a class="button" href=Route::Settings(Tab::Integrations).path()>
                "To the integrations"
            </a>
        </EmptyState>
    }
}

/// A trace that is there.
#[component]
fn Drawn(shape: Arc<Shape>, again: Callback<()>) -> impl IntoView {
    let session = session();
    let walk = Walk::new(shape.clone());
    let path = Route::Trace(shape.trace.view.trace_id.clone()).path();
    // Back and forward, and a link to a span.
    let (asked, found) = (session.address.query, shape.clone());
    Effect::new(move |_| {
        let wanted = asked.with(|query| query.get("span").and_then(|key| found.find(key)));
        match wanted {
            Some(at) if !walk.panel.get_untracked() || walk.at.get_untracked() != Some(at) => walk.open(at),
            Some(_) => {}
            None => walk.panel.set(false),
        }
    });
    // What is looked at is written into the address once the keys rest.
    let shown = shape.clone();
    let moves = StoredValue::new(0_u32);
    Effect::new(move |_| {
        let key = walk.at.get().filter(|_| walk.panel.get()).and_then(|at| shown.key(at));
        let path = path.clone();
        moves.update_value(|moves| *moves = moves.wrapping_add(1));
        let mine = moves.get_value();
        spawn_local(async move {
            browser::sleep(RESTS_MILLIS).await;
            let Some(key) = key.filter(|_| moves.try_get_value() == Some(mine)) else { return };
            if asked.with_untracked(|query| query.get("span") != Some(&key)) && walk.panel.try_get_untracked() == Some(true) {
                let source = asked.with_untracked(source_of).unwrap_or_default();
                let to = address_of(&path, &[("source", &source), ("span", &key)]);
                // Where the panel is a page of its own, going back leads to the rows.
                let is_page = browser::viewport().0 < WIDE && asked.with_untracked(|query| query.get("span").is_none());
                if is_page { session.address.go(&to) } else { session.address.amend(&to) }
            }
        });
    });
    // A folded group and what is missing have nothing of their own to say beside the rows.
    let of = shape.clone();
    let beside = Memo::new(move |_| walk.at.get().filter(|at| walk.panel.get() && of.key(*at).is_some()));
    let panel = {
        let shape = shape.clone();
        move || beside.get().map(|at| span::panel(&shape, at, walk))
    };
    view! {
        {head::head(&shape, again)}
        <div class="trace__body" data-panel=move || beside.get().map(|_| "")>
            <spans::Spans shape walk />
            {panel}
        </div>
    }
}

const RESTS_MILLIS: i32 = 250;

/// The data source that has it, where the address names one.
fn source_of(query: &Query) -> Option<String> {
    query.get("source").filter(|source| !source.is_empty()).map(str::to_owned)
}

/// As much of an id as people compare.
fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}
