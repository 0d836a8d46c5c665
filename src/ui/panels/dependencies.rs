//! Who calls whom, as a picture that does not move while it is refreshed, and as a table that says
//! the same. On a narrow page the table stands alone.

use crate::{
    api,
    charts::{
        graph::{self, Drawing, Frozen, Graph, fits},
        table::Column,
    },
    domain::{
        telemetry::panels::{self, Question},
        time::Timestamp,
    },
    ui::{
        browser,
        chart::{
            graph::{legend, paint},
            measured::follow_width,
        },
        components::loaded::{Failed, Load, Loading},
        drawing::view,
        session::session,
        times::Zone,
    },
};
use leptos::{html, leptos_dom::helpers::window_event_listener, prelude::*, task::spawn_local};
use std::sync::Arc;

/// Below this width of the page no picture is drawn.
const PICTURE_FROM: f64 = 720.0;
/// A service that was last seen so long before the end of the range has no data since then.
const SILENT_SECS: i64 = 120;

/// The dependencies of a range. `question` says the range and which service is looked at; whenever
/// it or `again` changes they are asked for anew. `press` is told the service that was pressed.
#[component]
pub fn Dependencies(#[prop(into)] question: Signal<Question>, #[prop(into)] again: Signal<u32>, #[prop(into)] press: Callback<String>) -> impl IntoView {
    let session = session();
    let load = RwSignal::new(Load::<Arc<Graph>>::Loading);
    let as_table = RwSignal::new(false);
    let fetch = move || {
        let asked = question.get_untracked();
        spawn_local(async move {
            // The picture is of all services: the one that is looked at is only sure to be in it.
            let answer = api::traces::graph(Question { service: None, operation: None, ..asked.clone() }).await;
            if question.try_get_untracked().as_ref() == Some(&asked) {
                let made = answer.map(|graph| Arc::new(drawn_from(&graph, &asked, session.zone.get_untracked())));
                // What is there stays while asking again fails.
                if made.is_ok() || !matches!(load.get_untracked(), Load::Ready(_)) {
                    load.set(Load::from_answer(made));
                }
            }
        });
    };
    Effect::new(move |_| {
        question.track();
        again.track();
        fetch();
    });
    let wide = RwSignal::new(true);
    let measure = move || wide.set(browser::viewport().0 >= PICTURE_FROM);
    if browser::is_here() {
        measure();
        let listener = window_event_listener(leptos::ev::resize, move |_| measure());
        on_cleanup(move || listener.remove());
    }
    // A refresh changes what is drawn inside, and does not put a new picture in place of the old one.
    let shown = Memo::new(move |_| {
        load.with(|load| match load {
            Load::Loading => Load::Loading,
            Load::Failed(failure) => Load::Failed(failure.clone()),
            Load::Ready(graph) if graph.edges.is_empty() && graph.nodes.is_empty() => Load::Ready(Shown::Nothing),
            Load::Ready(_) if as_table.get() || !wide.get() => Load::Ready(Shown::Table),
            Load::Ready(_) => Load::Ready(Shown::Picture),
        })
    });
    let body = move || match shown.get() {
        Load::Loading => view! { <Loading what="the dependencies" /> },
        Load::Failed(failure) => view! { <Failed failure again=move |()| fetch() /> },
        Load::Ready(Shown::Nothing) => {
            view! { <p class="panel__empty">"No calls between services were seen in this time, and none are declared. Spans sent to /v1/traces draw this picture."</p> }
        }
        Load::Ready(Shown::Table) => (move || if let Load::Ready(graph) = load.get() { table(&graph) } else { ().into_any() }).into_any(),
        Load::Ready(Shown::Picture) => view! { <Picture load question press /> },
    };
    let switch = move || {
        wide.get().then(|| {
            let words = move || if as_table.get() { "as a picture" } else { "as a table" };
            view! {
                <button type="button" class="link-button dependencies__as" on:click=move |_| as_table.update(|on| *on = !*on)>
                    {words}
                </button>
            }
        })
    };
    view! {
        <section class="panel dependencies" aria-labelledby="dependencies-title">
            <div class="panel__head">
                <h2 id="dependencies-title">"Dependencies"</h2>
                <span class="panel__note">{move || if wide.get() && !as_table.get() { "width: calls per second" } else { "failing first" }}</span>
                {switch}
            </div>
            {body}
        </section>
    }
}

/// What stands in the panel.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shown {
    Nothing,
    Table,
    Picture,
}

/// Draws for the width there is, and hands in again where everything stood.
#[component]
fn Picture(load: RwSignal<Load<Arc<Graph>>>, question: Signal<Question>, press: Callback<String>) -> impl IntoView {
    let place = NodeRef::<html::Div>::new();
    let width = RwSignal::new(0.0_f64);
    let frozen = StoredValue::new(Frozen::default());
    // Without the padding of both sides.
    follow_width(place, width, |wide| (wide - 32.0).max(0.0));
    let drawn = move || {
        let (Load::Ready(graph), width) = (load.get(), width.get()) else { return ().into_any() };
        if width <= 0.0 {
            return ().into_any();
        }
        let focus = question.with(|question| question.service.clone());
        let drawing: Drawing = graph.draw(width, focus.as_deref(), &frozen.get_value());
        frozen.set_value(drawing.frozen.clone());
        if !fits(&drawing) {
            return table(&graph);
        }
        view! {
            <p class="dependencies__folded">{drawing.title.clone()} {drawing.folded.clone().map(|words| format!(" {words}"))}</p>
            {paint("dependencies", &drawing, press)}
            {legend(&drawing)}
            {drawing.disagreements.clone().map(|words| view! { <p class="dependencies__folded">{words}</p> })}
        }
    };
    view! { <div class="dependencies__place" node_ref=place>{drawn}</div> }
}

fn table(graph: &Graph) -> AnyView {
    let table = graph.table();
    let failing = graph.edges.iter().filter(|edge| edge.is_failing()).count();
    let head = |(title, is_number): &Column| view! { <th scope="col" class=is_number.then_some("number")>{*title}</th> };
    let numbers: Vec<bool> = table.columns.iter().map(|(_, is_number)| *is_number).collect();
    let row = |(at, cells): (usize, &Vec<String>)| {
        let cell = |(at, words): (usize, &String)| view! { <td class=numbers.get(at).copied().unwrap_or(false).then_some("number")>{words.clone()}</td> };
        view! { <tr data-failing=(at < failing).then_some("")>{cells.iter().enumerate().map(cell).collect_view()}</tr> }
    };
    view! {
        <p class="dependencies__folded">{graph.sentence()}</p>
        {graph.disagreements().map(|words| view! { <p class="dependencies__folded">{words}</p> })}
        <div class="dependencies__scroll" tabindex="0" role="region" aria-label="Dependencies, table">
            <table class="dependencies__table">
                <caption class="visually-hidden">{table.caption.clone()}</caption>
                <thead>
                    <tr>{table.columns.iter().map(head).collect_view()}</tr>
                </thead>
                <tbody>{table.rows.iter().enumerate().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
}

/// What the store tells, as the picture needs it.
fn drawn_from(graph: &panels::Graph, asked: &Question, zone: Zone) -> Graph {
    let secs = asked.range.seconds().max(1.0);
    let silent = |last: Option<Timestamp>| match last {
        Some(last) if asked.range.to.secs_since(last) < SILENT_SECS.max((secs / 10.0) as i64) => None,
        Some(last) => Some(format!("no data since {}", zone.hour_minute(last))),
        None => Some("no data".to_owned()),
    };
    let node = |node: &panels::Node| graph::Node {
        name: node.service.clone(),
        // What never sends spans itself is known from its callers, and not silent.
        silent: if node.seen || !is_called(graph, &node.service) { silent(node.last_seen) } else { None },
    };
    #[allow(clippy::cast_precision_loss)] // counts of calls
    let edge = |edge: &panels::Edge| graph::Edge {
        from: edge.from.clone(),
        to: edge.to.clone(),
        requests: edge.now.requests,
        errors: edge.now.errors,
        rate: edge.now.requests as f64 / secs,
        p95_s: edge.now.p95_s,
        seen: edge.seen && edge.now.requests > 0,
        declared: edge.declared,
        fails: "fail".to_owned(),
    };
    Graph { nodes: graph.nodes.iter().map(node).collect(), edges: graph.edges.iter().map(edge).collect() }
}

fn is_called(graph: &panels::Graph, service: &str) -> bool {
    graph.edges.iter().any(|edge| edge.to == service && edge.seen)
}
