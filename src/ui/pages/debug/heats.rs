//! The two pictures over time with the histogram beside the first: they share columns, marks and
//! the selection.

use super::{question::Question, state::Board};
use crate::{
    charts::{
        heat::{
            CALLS, FAILING, Ramp,
            brush::Brush,
            errors::{self, ErrorHeat},
            histogram, latency, percent,
        },
        place::Rect,
        table::Table,
    },
    domain::wording::grouped,
    ui::{
        browser,
        chart::{
            heat::{Chosen, Corner, Heat, HeatMap},
            measured::follow_width,
            paint,
            panel::rows,
        },
        drawing::view,
    },
};
use leptos::{html, prelude::*};

/// The swatches of a ramp with both ends written.
fn legend(ramp: Ramp, from: String, to: String) -> AnyView {
    let swatch =
        |step: usize| view! { <span class="heat__swatch" data-step=format!("{}-{step}", if ramp == Ramp::Calls { "calls" } else { "failing" })></span> };
    let label = format!("Colours from {from} to {to}");
    view! {
        <span class="heat__legend" role="img" aria-label=label>
            <span>{from}</span>
            <span class="heat__swatches">{(1..=ramp.steps()).map(swatch).collect_view()}</span>
            <span>{to}</span>
        </span>
    }
}

/// Chart or table, and the same as CSV.
fn tools(as_table: RwSignal<bool>, title: &'static str, file: &'static str, table: impl Fn() -> Option<Table> + Copy + Send + Sync + 'static) -> AnyView {
    let words = move || if as_table.get() { "as a chart" } else { "as a table" };
    let save = move |_| {
        if let Some(table) = untrack(table) {
            browser::save(file, &table.csv());
        }
    };
    view! {
        <span class="debug__tools">
            <button type="button" class="link-button" aria-label=move || format!("{title} {}", words()) on:click=move |_| as_table.update(|on| *on = !*on)>
                {words}
            </button>
            <button type="button" class="link-button" aria-label=format!("Save {title} as CSV") on:click=save>
                "CSV"
            </button>
        </span>
    }
}

fn as_rows(label: &'static str, table: Option<Table>) -> AnyView {
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label=format!("{label}, table")>
            {table.map(rows)}
        </div>
    }
}

/// `12,000` of the ramp's last step.
fn limit(value: f64) -> String {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a positive limit
    if value >= 1.0 { grouped(value.round() as usize) } else { format!("{value}") }
}

/// What Esc and Enter do, the same on both pictures.
fn clear(board: Board) -> Callback<()> {
    Callback::new(move |()| {
        if board.question.with_untracked(|question| question.brush.is_some()) {
            board.change(|question| question.brush = None);
        }
    })
}

#[component]
pub fn LatencyPanel(board: Board, #[prop(into)] beside: Signal<bool>) -> impl IntoView {
    let as_table = RwSignal::new(false);
    let made = Memo::new(move |_| board.drawn().map(|answer| board.latency(&answer)));
    let heat = Memo::new(move |_| {
        made.with(|made| {
            let drawn = made.as_ref().map(|(_, drawn)| drawn.clone());
            drawn.map(|drawn| Heat {
                rows: drawn.rows.rows.iter().map(|row| (row.top, row.bottom)).collect(),
                scene: drawn.scene,
                frame: drawn.frame,
                cells: drawn.cells,
                ramp: Ramp::Calls,
                upward: true,
            })
        })
    });
    let words = Callback::new(move |(column, row): Corner| {
        made.with(|made| made.as_ref().map(|(heat, drawn)| latency::words(heat, drawn, column, row)).unwrap_or_default())
    });
    let selection = Signal::derive(move || {
        let brush = board.question.with(|question| question.brush)?;
        made.with(|made| {
            let (heat, drawn) = made.as_ref()?;
            let rect = brush.rect(&drawn.frame, &drawn.rows)?;
            let n = brush.count(&heat.latency, &drawn.frame, &drawn.rows);
            Some((rect, format!("selected: {} calls{}", grouped(usize::try_from(n).unwrap_or(usize::MAX)), at_words(&brush))))
        })
    });
    let select = Callback::new(move |(a, b): (Corner, Corner)| {
        let brush = made.with_untracked(|made| made.as_ref().and_then(|(_, drawn)| Brush::between(&drawn.frame, &drawn.rows, a, b)));
        board.change(|question| question.brush = brush);
    });
    let enter = Callback::new(move |at: Corner| {
        if board.question.with_untracked(|question| question.brush.is_some()) {
            board.zoom();
        } else {
            select.run((at, at));
        }
    });
    let scale = move || made.with(|made| made.as_ref().map_or(1.0, |(_, drawn)| drawn.scale));
    let ends = move || legend(Ramp::Calls, limit(CALLS[0] * scale()), format!("{}+", limit(CALLS[5] * scale())));
    let table = move || made.with(|made| made.as_ref().map(|(heat, drawn)| latency::table(heat, &drawn.frame)));
    let lines = move || board.question.with(|question| question.lines);
    let picture = move || {
        if as_table.get() {
            return as_rows("Latency", table());
        }
        match filled(heat) {
            Some(heat) => {
                view! { <HeatMap id="latency" label="Latency over time" heat width=board.width measures=true words selection select clear=clear(board) enter /> }
            }
            None => ().into_any(),
        }
    };
    let zoom = move || {
        let brush = board.question.with(|question| question.brush)?;
        let words = brush.words(&board.session.zone.get().wall());
        Some(view! {
            <p class="debug__selection">
                <BrushChip board words />
                <button type="button" class="link-button" on:click=move |_| board.zoom()>
                    "Zoom in"
                </button>
            </p>
        })
    };
    view! {
        <section class="panel debug__latency" aria-labelledby="latency-head" data-beside=move || beside.get().to_string()>
            <div class="debug__half">
                <div class="panel__head">
                    <h2 id="latency-head">"Latency"</h2>
                    <span class="panel__note">"calls per minute"</span>
                    <button
                        type="button"
                        class="link-button"
                        aria-pressed=move || lines().to_string()
                        on:click=move |_| board.change(|question| question.lines = !question.lines)
                    >
                        "p50 p95 p99"
                    </button>
                    {tools(as_table, "Latency", "latency.csv", table)}
                    {ends}
                </div>
                <div class="debug__plot">{picture}</div>
                {zoom}
            </div>
            {move || beside.get().then(|| view! { <Histogram board made /> })}
        </section>
    }
}

type Made = Memo<Option<(latency::LatencyHeat, latency::Drawn)>>;

/// A picture that is there, and then stays the same one.
fn filled(heat: Memo<Option<Heat>>) -> Option<Memo<Heat>> {
    let there = Memo::new(move |_| heat.with(Option::is_some));
    let first = there.get().then(|| heat.get_untracked()).flatten()?;
    Some(Memo::new(move |last: Option<&Heat>| heat.get().or_else(|| last.cloned()).unwrap_or_else(|| first.clone())))
}

/// ` at 1.3–3.2 s`.
fn at_words(brush: &Brush) -> String {
    if brush.min_s.is_none() && brush.max_s.is_none() { String::new() } else { format!(" at {}", latency::band_words(brush.min_s, brush.max_s)) }
}

/// Repeats the selection where it filters, to be taken off.
#[component]
pub fn BrushChip(board: Board, words: String) -> impl IntoView {
    let label = format!("Without the selection {words}");
    view! {
        <span class="debug__chip" data-brush="true">
            {words}
            <button type="button" class="debug__off" aria-label=label on:click=move |_| board.change(|question| question.brush = None)>
                <crate::ui::components::icon::Icon glyph=crate::ui::components::icon::Glyph::Cross />
            </button>
        </span>
    }
}

/// How long calls took in all: bars in the rows of the picture beside it.
#[component]
fn Histogram(board: Board, made: Made) -> impl IntoView {
    let as_table = RwSignal::new(false);
    let place = NodeRef::<html::Div>::new();
    let width = RwSignal::new(0.0_f64);
    follow_width(place, width, |wide| wide.max(160.0));
    let compared = Memo::new(move |_| board.drawn().map(|answer| answer.compared()));
    let scene = Memo::new(move |_| {
        let (latency, width) = (compared.get()?, width.get());
        made.with(|made| made.as_ref().filter(|_| width > 0.0).map(|(heat, drawn)| histogram::scene(&latency, &drawn.rows, heat.threshold_s, width)))
    });
    let table = move || compared.get().and_then(|latency| made.with(|made| made.as_ref().map(|(_, drawn)| histogram::table(&latency, &drawn.rows))));
    let n = |n: u64| grouped(usize::try_from(n).unwrap_or(usize::MAX));
    let now = move || {
        let requests = compared.with(|latency| latency.as_ref().map_or(0, |latency| latency.now.requests));
        let since = board.answer.with(|answer| answer.as_ref().and_then(|answer| answer.spans.impact));
        let name = since.map_or_else(|| "now".to_owned(), |at| format!("since {}", board.session.zone.get().hour_minute(at)));
        format!("{name}, n = {}", n(requests))
    };
    let before = move || {
        let figures = compared.with(|latency| latency.as_ref().and_then(|latency| latency.before.as_ref().map(|before| before.figures.requests)));
        let baseline = board.answer.with(|answer| answer.as_ref().map(|answer| answer.question.baseline)).unwrap_or_default();
        match figures {
            Some(requests) if requests > 0 => Some(format!("{}, n = {}", baseline.short(), n(requests))),
            _ => None,
        }
    };
    let key = move || match before() {
        Some(before) => view! { <span class="debug__key" data-kind="before">{before}</span> },
        None => view! { <span class="debug__key">"no baseline"</span> },
    };
    let above = move || {
        let threshold = made.with(|made| made.as_ref().and_then(|(heat, _)| heat.threshold_s))?;
        let above = compared.with(|latency| latency.as_ref().and_then(|latency| histogram::above_of(latency, threshold)))?;
        let before = above.before.map_or_else(String::new, |before| format!(", baseline {}", percent(before)));
        Some(view! { <p class="debug__above"><b>{percent(above.now)}</b> {format!(" take longer than the objective{before}")}</p> })
    };
    let picture = move || {
        if as_table.get() {
            return as_rows("Now against baseline", table());
        }
        view! { <div class="debug__histogram" node_ref=place>{move || scene.with(|scene| scene.as_ref().map(|scene| paint::picture("histogram", scene)))}</div> }
    };
    view! {
        <div class="debug__half">
            <div class="panel__head">
                <h2>"Now against baseline"</h2>
                {tools(as_table, "Now against baseline", "latency-shares.csv", table)}
                <span class="debug__keys">
                    <span class="debug__key" data-kind="now">{now}</span>
                    {key}
                </span>
            </div>
            {above}
            {picture}
        </div>
    }
}

/// The same with its own reckoning of the picture that it belongs to, where that stands elsewhere.
#[component]
pub fn Alone(board: Board) -> impl IntoView {
    let made = Memo::new(move |_| board.drawn().map(|answer| board.latency(&answer)));
    view! { <Histogram board made /> }
}

#[component]
pub fn ErrorsPanel(board: Board) -> impl IntoView {
    let as_table = RwSignal::new(false);
    let of_operations = move || board.answer.with(|answer| answer.as_ref().is_some_and(|answer| answer.question.service.is_some()));
    let made = Memo::new(move |_| {
        let answer = board.drawn()?;
        let map = answer.page.errors.clone();
        let failed: u64 = map.rows.iter().map(|row| row.errors).sum();
        let title = match map.rows.first().filter(|_| failed > 0) {
            Some(first) => format!("Most failed calls: {}, {} of {failed}", errors::name(first), first.errors),
            None => "No call failed".to_owned(),
        };
        let heat = ErrorHeat { map, title, happened: board.happened(&answer), asked_at: answer.page.asked_at, wall: board.session.zone.get().wall() };
        let (frame, width) = (board.frame(&answer), board.width.get());
        let drawn = errors::draw(&heat, frame, width);
        Some((heat, drawn))
    });
    let heat = Memo::new(move |_| {
        made.with(|made| {
            let drawn = made.as_ref().map(|(_, drawn)| drawn.clone());
            drawn.map(|drawn| Heat { rows: drawn.rows, scene: drawn.scene, frame: drawn.frame, cells: drawn.cells, ramp: Ramp::Errors, upward: false })
        })
    });
    let words = Callback::new(move |(column, row): Corner| {
        made.with(|made| made.as_ref().map(|(heat, drawn)| errors::words(heat, &drawn.frame, column, row)).unwrap_or_default())
    });
    let selection = Signal::derive(move || -> Option<Chosen> {
        let brush = board.question.with(|question| question.brush)?;
        made.with(|made| {
            let (_, drawn) = made.as_ref()?;
            let (from, to) = brush.columns(&drawn.frame)?;
            let (top, bottom) = (drawn.rows.first()?.0, drawn.rows.last()?.1);
            Some((Rect { left: drawn.frame.edge(from), right: drawn.frame.edge(to), top, bottom }, String::new()))
        })
    });
    let select = Callback::new(move |(a, b): (Corner, Corner)| {
        let frame = made.with_untracked(|made| made.as_ref().map(|(_, drawn)| drawn.frame));
        if let Some(frame) = frame {
            board.change(|question| question.brush = Some(Brush::of_columns(&frame, a.0, b.0)));
        }
    });
    let enter = Callback::new(move |(_, row): Corner| {
        if board.question.with_untracked(|question| question.brush.is_some()) {
            return board.zoom();
        }
        let named = made
            .with_untracked(|made| made.as_ref().and_then(|(heat, _)| errors::shown(heat).get(row).map(|row| (row.service.clone(), row.operation.clone()))));
        if let Some((service, operation)) = named {
            look_at(board, service, operation);
        }
    });
    let table = move || made.with(|made| made.as_ref().map(|(heat, drawn)| errors::table(heat, &drawn.frame)));
    let more = move || made.with(|made| made.as_ref().and_then(|(_, drawn)| drawn.more.clone())).map(|words| view! { <p class="debug__more">{words}</p> });
    let nothing = move || {
        let empty = made.with(|made| made.as_ref().is_some_and(|(heat, _)| heat.map.rows.is_empty())) && board.answer.with(Option::is_some);
        empty.then(|| view! { <p class="panel__empty">"No calls were measured in this time."</p> })
    };
    let picture = move || {
        if as_table.get() {
            return as_rows("Errors", table());
        }
        match filled(heat) {
            Some(heat) => view! { <HeatMap id="errors" label="Errors over time" heat width=board.width words selection select clear=clear(board) enter /> },
            None => ().into_any(),
        }
    };
    view! {
        <section class="panel debug__errors" aria-labelledby="errors-head">
            <div class="panel__head">
                <h2 id="errors-head">{move || if of_operations() { "Errors by operation" } else { "Errors by service" }}</h2>
                <span class="panel__note">"worst first"</span>
                {tools(as_table, "Errors", "errors.csv", table)}
                <span class="heat__few" role="img" aria-label="Hatched: fewer than 20 calls">"few calls"</span>
                {legend(Ramp::Errors, percent(FAILING[0]), format!("{}+", percent(FAILING[4])))}
            </div>
            <div class="debug__plot">{picture}</div>
            {nothing}
            {more}
        </section>
    }
}

/// Only calls of this service, perhaps of one of its operations.
pub fn look_at(board: Board, service: String, operation: Option<String>) {
    board.change(|question: &mut Question| {
        question.service = Some(service);
        question.operation = operation;
    });
}
