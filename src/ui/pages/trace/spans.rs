//! The rows of a trace under a small map of all of them. Only what is seen is drawn: as many rows
//! as the box shows, and ten on either side of them.

use super::{Shape, WIDE, row, walk::Walk};
use crate::{
    charts::waterfall::{Stroke, map, ticks, window},
    domain::{telemetry::waterfall::took, wording},
    ui::{browser, components::rows::rows, drawing::view, session::session},
};
use leptos::{html, leptos_dom::helpers::window_event_listener, prelude::*};
use std::sync::Arc;

const LANES: usize = 18;
const LANE_HEIGHT: usize = 2;
const MAP_WIDTH: usize = 700;

/// What is measured of the place the rows are in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Of the whole box, in pixels.
    pub width: f64,
    height: f64,
    /// Two lines stand in a row of a narrow page.
    pub is_narrow: bool,
}

impl Frame {
    const UNMEASURED: Frame = Frame { width: 900.0, height: 640.0, is_narrow: false };

    pub fn row_height(self) -> f64 {
        if self.is_narrow { 52.0 } else { 32.0 }
    }

    /// How wide the names are; on a narrow page they have a line of their own.
    pub fn names(self) -> f64 {
        if self.is_narrow { 0.0 } else { (self.width * 0.42).clamp(220.0, 420.0) }
    }

    pub fn track(self) -> f64 {
        (self.width - self.names() - EDGE).max(120.0)
    }
}

/// Right of the track stays a little room.
const EDGE: f64 = 28.0;

#[component]
pub fn Spans(shape: Arc<Shape>, walk: Walk) -> impl IntoView {
    let place = NodeRef::<html::Div>::new();
    let frame = RwSignal::new(Frame::UNMEASURED);
    let top = RwSignal::new(0.0_f64);
    let measure = move || {
        // The page may have been left within the frame that this waited for.
        if let Some(place) = place.try_get_untracked().flatten() {
            let (width, height) = (f64::from(place.client_width()), f64::from(place.client_height()));
            let measured = Frame { width, height: height.max(320.0), is_narrow: browser::viewport().0 < WIDE };
            if frame.try_get_untracked().is_some_and(|known| known != measured) {
                frame.set(measured);
            }
        }
    };
    Effect::new(move |_| {
        place.track();
        // The panel beside takes some of the width.
        walk.panel.track();
        browser::after_paint(measure);
    });
    if browser::is_here() {
        let listener = window_event_listener(leptos::ev::resize, move |_| measure());
        on_cleanup(move || listener.remove());
    }

    // Whatever is gone to is scrolled to.
    Effect::new(move |_| {
        walk.wanted.track();
        let Some((at, place)) = walk.at.get_untracked().zip(place.get_untracked()) else { return };
        let Some(position) = walk.rows.with_untracked(|rows| rows.binary_search(&at).ok()) else { return };
        let frame = frame.get_untracked();
        #[allow(clippy::cast_precision_loss)] // rows of a page
        let (from, height) = (position as f64 * frame.row_height(), frame.row_height());
        let (seen, room) = (f64::from(place.scroll_top()), f64::from(place.client_height()));
        #[allow(clippy::cast_possible_truncation)] // pixels of a page
        if from < seen {
            place.set_scroll_top(from as i32);
        } else if from + height > seen + room {
            place.set_scroll_top((from + height - room).ceil() as i32);
        }
    });

    // The keys that work wherever the focus is.
    let session = session();
    browser::on_key(move |event| match browser::plain_key(&event).as_deref() {
        Some("e") => walk.next_error(),
        Some("c") => walk.next_critical(),
        Some("Escape") if walk.panel.get_untracked() => super::span::close(session, walk),
        _ => {}
    });

    let seen = Memo::new(move |_| {
        let frame = frame.get();
        window(top.get(), frame.height, frame.row_height())
    });
    let drawn = {
        let shape = shape.clone();
        let each = move || {
            let (from, to) = seen.get();
            let errors_only = walk.errors_only.get();
            walk.rows.with(|rows| {
                let to = to.min(rows.len());
                let drawn = rows.get(from.min(to)..to).unwrap_or_default().iter().enumerate();
                walk.opened.with(|opened| {
                    drawn
                        .map(|(place, at)| row::Place { at: *at, position: from + place, open: errors_only || opened.is_open(*at), frame: frame.get() })
                        .collect()
                })
            })
        };
        rows(each, row::Place::key, move |place| row::draw(&shape, place, walk))
    };
    #[allow(clippy::cast_precision_loss)] // rows of a page
    let height = move || format!("{}px", walk.rows.with(|rows| rows.len()) as f64 * frame.get().row_height());
    let of = shape.clone();
    let counted = move || walk.rows.with(|rows| counted(&of, rows, walk));
    let (of, lined) = (shape.clone(), shape.clone());
    let axis = move || axis(&of, frame.get());
    let lines = move || lines(&lined, frame.get());
    let errors = shape.waterfall.items.iter().any(|item| item.errors > 0);
    let only = move || {
        errors.then(|| {
            view! {
                <button type="button" class="link-button" aria-pressed=move || walk.errors_only.get().to_string() on:click=move |_| walk.errors_only.update(|only| *only = !*only)>
                    "Errors only"
                </button>
            }
        })
    };
    let is_peered = shape.waterfall.items.iter().any(|item| matches!(item.what, crate::domain::telemetry::waterfall::What::Peer(_)));
    view! {
        <section class="panel trace__spans" aria-labelledby="spans-title">
            <div class="panel__head">
                <h2 id="spans-title">"Spans"</h2>
                <ul class="trace__legend">
                    <li data-look="critical">"critical path"</li>
                    {errors.then(|| view! { <li data-look="error">"error"</li> })}
                    {is_peered.then(|| view! { <li data-look="peer">"seen from our side only"</li> })}
                </ul>
                <span class="trace__only">{only}</span>
            </div>
            {minimap(&shape)}
            <div class="trace__axis" aria-hidden="true">
                <span class="trace__count">{counted}</span>
                {axis}
            </div>
            <div
                class="trace__rows"
                node_ref=place
                role="tree"
                tabindex="0"
                aria-label="Spans; arrows walk and fold, e goes to the next error, c along the critical path"
                aria-activedescendant=move || walk.at.get().map(row::id)
                on:scroll=move |_| {
                    if let Some(place) = place.get_untracked() {
                        top.set(f64::from(place.scroll_top()));
                    }
                }
                on:keydown=move |event| {
                    #[allow(clippy::cast_possible_truncation)]
                    let page = (frame.get_untracked().height / frame.get_untracked().row_height()) as isize;
                    if !event.ctrl_key() && !event.meta_key() && !event.alt_key() && walk.key(&event.key(), page - 1).is_some() {
                        event.prevent_default();
                        event.stop_propagation();
                    }
                }
            >
                <div class="trace__sheet" role="presentation" style:height=height>
                    {lines}
                    {drawn}
                </div>
            </div>
        </section>
    }
}

/// `30 spans, 14 folded`.
fn counted(shape: &Shape, rows: &[usize], walk: Walk) -> String {
    let hidden: usize = walk.opened.with(|opened| rows.iter().filter(|at| !opened.is_open(**at)).map(|at| shape.waterfall.hides(*at)).sum());
    let spans = wording::grouped(shape.waterfall.spans);
    match (walk.errors_only.get(), hidden) {
        (true, _) => format!("{} of {spans} spans", rows.len()),
        (false, 0) => format!("{spans} spans"),
        (false, hidden) => format!("{spans} spans, {} folded", wording::grouped(hidden)),
    }
}

fn axis(shape: &Shape, frame: Frame) -> AnyView {
    let tick = |(part, words): (f64, String)| view! { <span class="trace__tick" style:left=left(part, frame)>{words}</span> };
    ticks(&shape.waterfall, frame.track()).into_iter().map(tick).collect_view().into_any()
}

fn lines(shape: &Shape, frame: Frame) -> AnyView {
    let line = |(part, _): (f64, String)| view! { <span class="trace__line" aria-hidden="true" style:left=left(part, frame)></span> };
    ticks(&shape.waterfall, frame.track()).into_iter().map(line).collect_view().into_any()
}

fn left(part: f64, frame: Frame) -> String {
    format!("{:.1}px", frame.names() + part * frame.track())
}

/// All spans at once, in a drawing that is made once.
fn minimap(shape: &Shape) -> AnyView {
    let strokes = map(&shape.waterfall, |span| shape.spans[span].error, LANES, MAP_WIDTH);
    let through = |failed: bool| -> String {
        let rect =
            |stroke: &Stroke| format!("M{} {}h{}v{LANE_HEIGHT}h-{}z", stroke.from, stroke.lane * LANE_HEIGHT, stroke.to - stroke.from, stroke.to - stroke.from);
        strokes.iter().filter(|stroke| stroke.failed == failed).map(rect).collect()
    };
    let said = format!("All {} spans over {}", shape.waterfall.spans, took(shape.waterfall.until_ns.saturating_sub(shape.waterfall.from_ns)));
    view! {
        <svg
            class="trace__map"
            role="img"
            aria-label=said
            focusable="false"
            viewBox=format!("0 0 {MAP_WIDTH} {}", LANES * LANE_HEIGHT)
            preserveAspectRatio="none"
        >
            <path data-look="span" d=through(false)></path>
            <path data-look="error" d=through(true)></path>
        </svg>
    }
}
