//! One row of a trace: whose span it is, how long it took and where that lay.

use super::{Shape, spans::Frame, walk::Walk};
use crate::{
    charts::waterfall::bar,
    domain::telemetry::waterfall::{Item, What, took},
    ui::{
        components::icon::{Glyph, Icon},
        drawing::view,
    },
};
use leptos::prelude::*;

/// Deeper rows are not moved further to the right, but say how deep they are.
const DEEPEST_INDENT: usize = 8;
const INDENT: usize = 14;
const INDENT_NARROW: usize = 10;
/// What does less than this part itself only waits.
const WAITS_PART: i64 = 10;

/// A row that is drawn.
#[derive(Clone, Copy)]
pub struct Place {
    pub at: usize,
    /// From the top of all rows that are seen.
    pub position: usize,
    pub open: bool,
    pub frame: Frame,
}

impl Place {
    /// Whatever changes it, apart from what it follows by itself.
    pub fn key(&self) -> (usize, usize, bool, u64, bool) {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // pixels
        (self.at, self.position, self.open, self.frame.width as u64, self.frame.is_narrow)
    }
}

/// How a row is found by whoever reads the screen.
pub fn id(at: usize) -> String {
    format!("span-{at}")
}

pub fn draw(shape: &Shape, place: Place, walk: Walk) -> AnyView {
    let Place { at, position, open, frame } = place;
    let waterfall = &shape.waterfall;
    let Some(item) = waterfall.items.get(at) else { return ().into_any() };
    let failed = item.span().is_some_and(|span| shape.spans[span].error) && !matches!(item.what, What::Group(_));
    let words = said(shape, at, item);
    let lies = bar(waterfall, at, &words, frame.track());
    let is_open = waterfall.has_beneath(at).then(|| open.to_string());
    let indent = item.depth.min(DEEPEST_INDENT) * if frame.is_narrow { INDENT_NARROW } else { INDENT };
    let look = look(shape, at, item, failed, open);
    #[allow(clippy::cast_precision_loss)] // rows of a page
    let top = format!("{}px", position as f64 * frame.row_height());
    let percent = |part: f64| format!("{:.3}%", part * 100.0);
    let track = match lies {
        None => view! { <span class="trace__words" data-side="right" style:left="0%">{words.clone()}</span> },
        Some(lies) => {
            let critical = lies.critical.map(|(from, wide)| view! { <span class="trace__critical" style:left=percent(from) style:width=percent(wide)></span> });
            let words_at = match lies.side.slug() {
                "left" => lies.left,
                "inside" => lies.left,
                _ => lies.left + lies.width,
            };
            view! {
                <span class="trace__bar" data-look=look style:left=percent(lies.left) style:width=percent(lies.width)></span>
                {critical}
                <span class="trace__words" data-side=lies.side.slug() data-failed=failed.then_some("") style:left=percent(words_at)>
                    {words.clone()}
                </span>
            }
        }
    };
    let names = frame.names();
    let track_style = if frame.is_narrow { String::new() } else { format!("{names:.0}px") };
    view! {
        <div
            id=id(at)
            class="trace__row"
            role="treeitem"
            attr:aria-level=(item.depth + 1).to_string()
            aria-expanded=is_open
            aria-selected=move || (walk.at.get() == Some(at)).to_string()
            data-at=move || (walk.at.get() == Some(at)).then_some("")
            data-failed=failed.then_some("")
            style:top=top
            style:height=format!("{}px", frame.row_height())
            on:click=move |_| walk.open(at)
        >
            <span class="trace__name" style:padding-left=format!("{}px", indent + 8) style:width=if frame.is_narrow { "100%".to_owned() } else { track_style.clone() }>
                {fold(shape, at, open, walk)} {name(shape, item)} {chip(shape, at, item, open)}
            </span>
            <span class="trace__track" style:left=track_style style:width=format!("{:.0}px", frame.track())>
                {track}
            </span>
        </div>
    }
}

/// The sign that folds; the row itself opens what is known of the span.
fn fold(shape: &Shape, at: usize, open: bool, walk: Walk) -> AnyView {
    if !shape.waterfall.has_beneath(at) {
        return view! { <span class="trace__fold"></span> };
    }
    let toggle = move |event: leptos::ev::MouseEvent| {
        event.stop_propagation();
        walk.go(at);
        walk.toggle(at);
    };
    view! {
        <span class="trace__fold" data-open=open.then_some("") on:click=toggle>
            <Icon glyph=Glyph::ChevronDown />
        </span>
    }
}

fn name(shape: &Shape, item: &Item) -> AnyView {
    match item.what {
        What::Missing => view! { <i class="trace__missing">"parent missing"</i> },
        What::Peer(span) => {
            let peer = shape.spans[span].peer().unwrap_or_default().to_owned();
            view! { <b>{peer}</b> " " <span>{shape.spans[span].operation.clone()}</span> }
        }
        What::Span(span) | What::Group(span) => {
            let span = &shape.spans[span];
            view! { <b>{span.service.clone()}</b> " " <span>{span.operation.clone()}</span> }
        }
    }
}

/// What a folded row hides, how deep it lies, and where a circle was cut.
fn chip(shape: &Shape, at: usize, item: &Item, open: bool) -> AnyView {
    let hidden = shape.waterfall.hides(at);
    let folded = (!open && hidden > 0).then(|| {
        let title = if hidden == 1 { "1 span is folded here".to_owned() } else { format!("{hidden} spans are folded here") };
        view! { <span class="tag" title=title>{format!("+{hidden}")}</span> }
    });
    let group = (open && matches!(item.what, What::Group(_))).then(|| view! { <span class="tag">{format!("{} alike", item.spans)}</span> });
    let deep = (item.depth > DEEPEST_INDENT).then(|| view! { <span class="tag" title="How deep it lies">{format!("depth {}", item.depth + 1)}</span> });
    let cut = item.is_cut.then(|| view! { <span class="tag" title="Its parent lies beneath it: the circle was cut here">"circle cut"</span> });
    view! { {folded} {group} {deep} {cut} }
}

/// The words at the bar.
fn said(shape: &Shape, at: usize, item: &Item) -> String {
    let took_words = match (item.what, item.duration_ns) {
        (What::Missing, _) => format!("{} without their parent", if item.spans == 1 { "1 span".to_owned() } else { format!("{} spans", item.spans) }),
        (What::Group(_), _) => {
            let (n, sum, most) = shape.waterfall.group(at);
            format!("{n} calls, {} in all, longest {}", took(sum), took(most))
        }
        (_, None) => "no end".to_owned(),
        (_, Some(_)) if item.start_ns.is_none() => "no start".to_owned(),
        (_, Some(ns)) => took(ns),
    };
    item.skew_ns.map_or(took_words.clone(), |off| format!("{took_words} · clock {} off", took(off)))
}

fn look(shape: &Shape, at: usize, item: &Item, failed: bool, open: bool) -> &'static str {
    // A call whose far end is known from its own words alone is all there is of it.
    let calls_out = shape.waterfall.items.get(at + 1).is_some_and(|next| matches!(next.what, What::Peer(_)) && next.parent == Some(at));
    let waits = !calls_out && item.duration_ns.is_some_and(|whole| item.self_ns.saturating_mul(WAITS_PART) < whole);
    match (item.what, failed) {
        (What::Peer(_), true) => "peer-error",
        (What::Peer(_), false) => "peer",
        (What::Group(_) | What::Missing, _) => "group",
        (What::Span(_), true) if waits && open => "error-waits",
        (What::Span(_), true) => "error",
        (What::Span(_), false) if waits => "waits",
        (What::Span(_), false) => "span",
    }
}
