//! A picture of many cells: the cells on a canvas, axes, hatches and marks as elements above it,
//! then the selection and where somebody stands.
//!
//! It is one stop for the keyboard. Arrows walk along the cells, Home and End to the edges, with
//! Shift they select; Enter goes into what is selected, Esc lets go of it. A mouse drags from corner
//! to corner; a finger taps one corner and then the other, and moves the edges by their handles.

use super::{heard::Heard, measured::follow_width, paint};
use crate::{
    charts::{
        Scene,
        heat::{Cell, Frame, Ramp, path},
        place::{self, Rect},
    },
    ui::{browser, drawing::view},
};
use leptos::{html, prelude::*};

/// How wide a picture is until its place has been measured.
const UNMEASURED: f64 = 328.0;

/// A cell by its column and its row.
pub type Corner = (usize, usize);

/// What is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Heat {
    pub scene: Scene,
    pub frame: Frame,
    pub cells: Vec<Cell>,
    pub ramp: Ramp,
    /// The upper and the lower edge of each row.
    pub rows: Vec<(f64, f64)>,
    /// The first row is the lowest.
    pub upward: bool,
}

impl Heat {
    fn rect(&self, a: Corner, b: Corner) -> Option<Rect> {
        let (one, other) = (self.rows.get(a.1)?, self.rows.get(b.1)?);
        let (left, right) = (self.frame.edge(a.0.min(b.0)), self.frame.edge(a.0.max(b.0) + 1));
        Some(Rect { left, right, top: one.0.min(other.0), bottom: one.1.max(other.1) })
    }

    fn at(&self, x: f64, y: f64) -> Option<Corner> {
        let away = |row: &(f64, f64)| if y < row.0 { row.0 - y } else { (y - row.1).max(0.0) };
        let row = self.rows.iter().enumerate().min_by(|a, b| away(a.1).total_cmp(&away(b.1)))?.0;
        Some((self.frame.column_at(x), row))
    }

    /// Where the keyboard begins: the darkest of the last cells.
    fn first(&self) -> Option<Corner> {
        let last = self.cells.iter().max_by_key(|cell| (cell.column, cell.step));
        last.map(|cell| (cell.column, cell.row)).or_else(|| (!self.rows.is_empty()).then_some((self.frame.columns.saturating_sub(1), 0)))
    }

    /// Where a key leads from a cell.
    fn moved(&self, here: Option<Corner>, key: &str) -> Option<Corner> {
        let (last, top) = (self.frame.columns.checked_sub(1)?, self.rows.len().checked_sub(1)?);
        let known = matches!(key, "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown" | "Home" | "End");
        let Some((column, row)) = here else { return known.then(|| self.first()).flatten() };
        let (next, before) = ((row + 1).min(top), row.saturating_sub(1));
        Some(match key {
            "ArrowLeft" => (column.saturating_sub(1), row),
            "ArrowRight" => ((column + 1).min(last), row),
            "ArrowUp" => (column, if self.upward { next } else { before }),
            "ArrowDown" => (column, if self.upward { before } else { next }),
            "Home" => (0, row),
            "End" => (last, row),
            _ => return None,
        })
    }
}

/// What a selection looks like: where it lies, and what its label says.
pub type Chosen = (Rect, String);

#[component]
pub fn HeatMap(
    /// Unique on the page.
    id: &'static str,
    /// What it is, to those who cannot see it.
    #[prop(into)]
    label: String,
    heat: Memo<Heat>,
    /// How wide the picture is; what stands above each other shares it.
    width: RwSignal<f64>,
    /// Whether this one measures it.
    #[prop(optional)]
    measures: bool,
    /// What a cell says.
    #[prop(into)]
    words: Callback<Corner, String>,
    #[prop(into)] selection: Signal<Option<Chosen>>,
    #[prop(into)] select: Callback<(Corner, Corner)>,
    #[prop(into)] clear: Callback<()>,
    /// Goes into what is selected, or into the cell.
    #[prop(into)]
    enter: Callback<Corner>,
) -> impl IntoView {
    let place = NodeRef::<html::Div>::new();
    let canvas = NodeRef::<html::Canvas>::new();
    if measures {
        follow_width(place, width, |wide| wide.max(200.0));
    }
    let scheme = Trigger::new();
    browser::on_scheme(move || scheme.notify());
    Effect::new(move |_| {
        scheme.track();
        let Some(canvas) = canvas.get() else { return };
        heat.with(|heat| {
            let steps = 0..=heat.ramp.steps();
            let paths: Vec<(String, String)> =
                steps.map(|step| (heat.ramp.variable(step), path(&heat.cells, step))).filter(|(_, path)| !path.is_empty()).collect();
            browser::fill_paths(&canvas, (heat.scene.width, heat.scene.height), &paths);
        });
    });

    let hand = Hand { heat, at: RwSignal::new(None), from: RwSignal::new(None), tapped: RwSignal::new(false), words, heard: Heard::new() };
    let cell_at = move |event: &leptos::ev::PointerEvent| {
        let bounds = place.get_untracked()?.get_bounding_client_rect();
        heat.with_untracked(|heat| heat.at(f64::from(event.client_x()) - bounds.left(), f64::from(event.client_y()) - bounds.top()))
    };
    let down = move |event: leptos::ev::PointerEvent| {
        if event.pointer_type() != "mouse" || event.button() != 0 {
            return;
        }
        let cell = cell_at(&event);
        hand.from.set(cell);
        hand.go(cell);
        if let Some(place) = place.get_untracked() {
            // It fails for a pointer that has left already; then the drag ends there.
            let _ = place.set_pointer_capture(event.pointer_id());
        }
    };
    let moved = move |event: leptos::ev::PointerEvent| {
        if event.pointer_type() == "mouse" {
            hand.go(cell_at(&event));
        }
    };
    let up = move |event: leptos::ev::PointerEvent| {
        let Some(cell) = cell_at(&event) else { return };
        let from = hand.from.get_untracked();
        if event.pointer_type() == "mouse" {
            hand.from.set(None);
            if let Some(from) = from.filter(|from| *from != cell) {
                select.run((from, cell));
            }
            return;
        }
        hand.tapped.set(true);
        hand.go(Some(cell));
        match from {
            Some(from) => {
                hand.from.set(None);
                select.run((from, cell));
            }
            None => hand.from.set(Some(cell)),
        }
    };
    let key = move |event: leptos::ev::KeyboardEvent| {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let (key, here) = (event.key(), hand.at.get_untracked());
        match (heat.with_untracked(|heat| heat.moved(here, &key)), key.as_str(), here) {
            (Some(to), ..) => {
                hand.go(Some(to));
                if event.shift_key() {
                    let from = hand.from.get_untracked().or(here).unwrap_or(to);
                    hand.from.set(Some(from));
                    select.run((from, to));
                } else {
                    hand.from.set(None);
                }
            }
            (None, "Enter", Some(here)) => enter.run(here),
            (None, "Escape", _) if here.is_some() || selection.with_untracked(Option::is_some) => {
                hand.close();
                clear.run(());
            }
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    // Drawn anew only when it moved: a finger may hold one.
    let held = Memo::new(move |_| selection.get().map(|(rect, _)| rect));
    let handles = move || held.get().map(|rect| handles(place, heat, rect, select));
    let bubble = move || hand.at.get().map(|at| heat.with(|heat| bubble(heat, at, &words.run(at))));
    let sheet = move || hand.at.get().filter(|_| hand.tapped.get()).map(|at| sheet(hand, &words.run(at)));
    let preview = move || heat.with(|heat| hand.from.get().zip(hand.at.get()).filter(|(a, b)| a != b).and_then(|(a, b)| heat.rect(a, b)));
    let chosen = move || preview().map(|rect| (rect, String::new())).or_else(|| selection.get());
    view! {
        <div class="heat">
            <p class="visually-hidden" aria-live="polite">
                {move || hand.heard.get()}
            </p>
            <div
                class="heat__place"
                node_ref=place
                tabindex="0"
                role="group"
                aria-label=format!("{label}; the arrow keys walk along the cells, with Shift they select")
                on:keydown=key
                on:pointerdown=down
                on:pointermove=moved
                on:pointerup=up
                on:pointercancel=move |_| hand.from.set(None)
                on:pointerleave=move |event| {
                    if event.pointer_type() == "mouse" && event.buttons() == 0 {
                        hand.close();
                    }
                }
                on:blur=move |_| hand.leave()
            >
                <canvas class="heat__cells" node_ref=canvas aria-hidden="true"></canvas>
                {move || heat.with(|heat| paint::over(id, &heat.scene))}
                {move || chosen().map(|chosen| outlined(&chosen, heat.with(|heat| (heat.scene.width, heat.scene.height))))}
                {bubble}
                {handles}
            </div>
            {sheet}
        </div>
    }
}

/// Where somebody is on the picture.
#[derive(Clone, Copy)]
struct Hand {
    heat: Memo<Heat>,
    at: RwSignal<Option<Corner>>,
    /// The corner from which something is being selected.
    from: RwSignal<Option<Corner>>,
    /// A finger was last here.
    tapped: RwSignal<bool>,
    words: Callback<Corner, String>,
    heard: Heard,
}

impl Hand {
    fn go(self, to: Option<Corner>) {
        if self.at.get_untracked() == to {
            return;
        }
        self.at.set(to);
        self.heard.soon(move || self.at.try_get_untracked().flatten().map(|at| self.words.run(at)));
    }

    fn by(self, key: &str) {
        let to = self.heat.with_untracked(|heat| heat.moved(self.at.get_untracked(), key));
        self.go(to);
    }

    fn close(self) {
        self.from.set(None);
        self.tapped.set(false);
        self.go(None);
    }

    /// The focus went elsewhere; what a finger opened stays until it is closed.
    fn leave(self) {
        if !self.tapped.get_untracked() {
            self.close();
        }
    }
}

/// The frame of a selection, to be seen on every step of the ramp, with its label beside it.
fn outlined((rect, words): &Chosen, (width, height): (f64, f64)) -> AnyView {
    let number = |value: f64| format!("{value:.1}");
    let frame = |class: &'static str| {
        view! {
            <rect
                class=class
                x=number(rect.left + 1.0)
                y=number(rect.top - 1.0)
                width=number((rect.width() - 2.0).max(2.0))
                height=number(rect.bottom - rect.top + 2.0)
            ></rect>
        }
    };
    let label = (!words.is_empty()).then(|| {
        let wide = place::width(words, crate::charts::Tone::Strong);
        let (x, anchor) = if rect.left + 6.0 + wide <= width { (rect.left + 6.0, "start") } else { ((rect.right - 6.0).max(wide), "end") };
        let y = if rect.top > 44.0 { rect.top - 8.0 } else { (rect.bottom + 17.0).min(height - 24.0) };
        view! { <text class="heat__label" x=number(x) y=number(y) text-anchor=anchor>{words.clone()}</text> }
    });
    view! {
        <svg class="heat__over" width=number(width) height=number(height) viewBox=format!("0 0 {width} {height}") aria-hidden="true">
            {frame("heat__halo")} {frame("heat__frame")} {label}
        </svg>
    }
}

/// The cell somebody stands on and what it says, beside it.
fn bubble(heat: &Heat, at: Corner, words: &str) -> Option<AnyView> {
    let rect = heat.rect(at, at)?;
    let at_left = rect.left > heat.scene.width / 2.0;
    let px = |value: f64| format!("{value:.0}px");
    let (left, right) = if at_left { ("auto".to_owned(), px(heat.scene.width - rect.left + 8.0)) } else { (px(rect.right + 8.0), "auto".to_owned()) };
    Some(view! {
        <span
            class="heat__here"
            style:left=px(rect.left)
            style:top=px(rect.top)
            style:width=px(rect.width())
            style:height=px(rect.bottom - rect.top)
        ></span>
        <span class="heat__bubble" aria-hidden="true" style:left=left style:right=right style:top=px((f64::midpoint(rect.top, rect.bottom) - 14.0).max(0.0))>
            {words.to_owned()}
        </span>
    })
}

/// For fingers: the edges of the selection, to be moved.
fn handles(place: NodeRef<html::Div>, heat: Memo<Heat>, rect: Rect, select: Callback<(Corner, Corner)>) -> AnyView {
    let middle = f64::midpoint(rect.top, rect.bottom);
    let handle = move |left: bool| {
        let x = if left { rect.left } else { rect.right };
        let held = RwSignal::new(None::<usize>);
        let corners = move |column: usize| {
            heat.with_untracked(|heat| {
                let (low, high) = (heat.at(rect.left + 1.0, rect.bottom - 1.0)?, heat.at(rect.right - 1.0, rect.top + 1.0)?);
                Some(if left { ((column.min(high.0), low.1), high) } else { (low, (column.max(low.0), high.1)) })
            })
        };
        let column = move |event: &leptos::ev::PointerEvent| {
            let bounds = place.get_untracked()?.get_bounding_client_rect();
            heat.with_untracked(|heat| heat.at(f64::from(event.client_x()) - bounds.left(), middle)).map(|cell| cell.0)
        };
        view! {
            <span
                class="heat__handle"
                style:left=format!("{x:.0}px")
                style:top=format!("{middle:.0}px")
                on:pointerdown=move |event| {
                    event.stop_propagation();
                    held.set(column(&event));
                }
                on:pointermove=move |event| {
                    event.stop_propagation();
                    if held.get_untracked().is_some() {
                        held.set(column(&event));
                    }
                }
                on:pointerup=move |event| {
                    event.stop_propagation();
                    let to = held.get_untracked();
                    held.set(None);
                    if let Some(corners) = to.and_then(corners) {
                        select.run(corners);
                    }
                }
            ></span>
        }
    };
    view! { {handle(true)} {handle(false)} }
}

/// For fingers: what the cell says, and the cells beside it.
fn sheet(hand: Hand, words: &str) -> AnyView {
    let next = move || hand.from.get().is_some().then_some("First corner. Tap the opposite one to select.");
    view! {
        <div class="heat__sheet">
            <p class="heat__said">{words.to_owned()} <span class="muted">{move || next()}</span></p>
            <div class="heat__steps">
                <button type="button" class="button" on:click=move |_| hand.by("ArrowLeft")>
                    "Previous cell"
                </button>
                <button type="button" class="button" on:click=move |_| hand.by("ArrowRight")>
                    "Next cell"
                </button>
                <button type="button" class="button" on:click=move |_| hand.close()>
                    "Done"
                </button>
            </div>
        </div>
    }
}

/// How wide a picture is until it was measured.
pub fn unmeasured() -> RwSignal<f64> {
    RwSignal::new(UNMEASURED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{telemetry::panels::Range, time::Timestamp};

    fn a_heat(upward: bool) -> Heat {
        let from = Timestamp::from_micros(60_000_000);
        let frame = Frame::new(Range { from, to: from.plus_secs(600) }, 60, 300.0);
        let rows = if upward { vec![(40.0, 50.0), (30.0, 40.0), (20.0, 30.0)] } else { vec![(20.0, 30.0), (30.0, 40.0), (40.0, 50.0)] };
        Heat { scene: Scene::default(), frame, cells: vec![], ramp: Ramp::Calls, rows, upward }
    }

    #[test]
    fn keys_walk_along_the_cells_and_up_is_up() {
        for (upward, above) in [(true, 1), (false, 0)] {
            let heat = a_heat(upward);
            let start = if upward { 0 } else { 1 };
            assert_eq!(heat.moved(Some((4, start)), "ArrowUp"), Some((4, above)));
            assert_eq!(heat.moved(Some((9, 1)), "ArrowRight"), Some((9, 1)));
            assert_eq!((heat.moved(Some((4, 1)), "Home"), heat.moved(Some((4, 1)), "End")), (Some((0, 1)), Some((9, 1))));
            assert_eq!((heat.moved(None, "ArrowLeft"), heat.moved(None, "x"), heat.moved(Some((1, 1)), "x")), (Some((9, 0)), None, None));
        }
    }

    #[test]
    fn a_point_lies_in_the_nearest_cell() {
        let heat = a_heat(true);
        assert_eq!((heat.at(0.0, 0.0), heat.at(999.0, 999.0)), (Some((0, 2)), Some((9, 0))));
        let rect = heat.rect((3, 2), (1, 0)).expect("these cells exist");
        assert_eq!((rect.left, rect.right, rect.top, rect.bottom), (heat.frame.edge(1), heat.frame.edge(4), 20.0, 50.0));
    }
}
