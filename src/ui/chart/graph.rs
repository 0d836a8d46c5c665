//! Paints the graph of who calls whom. Services can be pressed; what the picture says its table
//! says too, and on a narrow page the table stands alone.

use crate::{
    charts::{
        Label,
        graph::{Box, Drawing, EdgeLook, Line, NodeLook},
    },
    ui::drawing::view,
};
use leptos::prelude::*;

/// A word of more letters than this finds no room in a narrow box at the usual size.
const LONG: usize = 11;

/// The picture, for whoever sees it. `press` is told the service that was pressed.
pub fn paint(id: &str, drawing: &Drawing, press: Callback<String>) -> AnyView {
    let (titled, described) = (format!("{id}-title"), format!("{id}-desc"));
    let (by_title, by_desc) = (titled.clone(), described.clone());
    let silent = format!("{id}-silent");
    let hatched = silent.clone();
    let boxes = drawing.boxes.iter().map(|each| node(each, &silent, press)).collect_view();
    view! {
        <svg
            class="graph"
            role="group"
            aria-labelledby=by_title
            aria-describedby=by_desc
            width=number(drawing.width)
            height=number(drawing.height)
            viewBox=format!("0 0 {} {}", number(drawing.width), number(drawing.height))
        >
            <title id=titled>{drawing.title.clone()}</title>
            <desc id=described>{drawing.desc.clone()}</desc>
            <defs>
                <pattern id=hatched width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">
                    <line class="graph__hatch" x1="1" y1="0" x2="1" y2="6"></line>
                </pattern>
            </defs>
            <g>{drawing.lines.iter().map(edge).collect_view()}</g>
            <g>{boxes}</g>
            <g aria-hidden="true">{drawing.labels.iter().map(label).collect_view()}</g>
        </svg>
    }
}

fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

fn edge(line: &Line) -> AnyView {
    let (x, y) = line.curve.start;
    let pieces: String = line
        .curve
        .pieces
        .iter()
        .map(|[a, b, end]| format!("C{} {} {} {} {} {}", number(a.0), number(a.1), number(b.0), number(b.1), number(end.0), number(end.1)))
        .collect();
    let [a, b, c] = line.head;
    let head = format!("M{} {}L{} {}L{} {}Z", number(a.0), number(a.1), number(b.0), number(b.1), number(c.0), number(c.1));
    view! {
        <g class="graph__edge" data-look=line.look.slug() data-back=line.back.then_some("")>
            <title>{line.words.clone()}</title>
            <path class="graph__line" fill="none" stroke-width=number(line.stroke) d=format!("M{} {}{pieces}", number(x), number(y))></path>
            <path class="graph__head" d=head></path>
        </g>
    }
}

fn node(each: &Box, silent: &str, press: Callback<String>) -> AnyView {
    let rect = each.rect;
    let (width, height) = (number(rect.width()), number(rect.bottom - rect.top));
    let hatch = (each.look == NodeLook::Silent).then(|| format!("url(#{silent})"));
    let said = match each.look {
        NodeLook::Healthy => each.name.clone(),
        NodeLook::Failing => format!("{}, fails", each.name),
        NodeLook::Silent => format!("{}, no data", each.name),
    };
    let (pressed, keyed) = (each.name.clone(), each.name.clone());
    let (inner_width, inner_height) = (width.clone(), height.clone());
    // One long word is written smaller before it is cut: a name is never broken inside of a word.
    let is_long = each.name.split(['-', ' ', '.', '/', ':']).any(|word| word.chars().count() > LONG).then_some("");
    view! {
        <g
            class="graph__node"
            data-look=each.look.slug()
            role="button"
            tabindex="0"
            on:click=move |_| press.run(pressed.clone())
            on:keydown=move |event| {
                if matches!(event.key().as_str(), "Enter" | " ") {
                    event.prevent_default();
                    press.run(keyed.clone());
                }
            }
        >
            <title>{said}</title>
            <rect class="graph__box" x=number(rect.left) y=number(rect.top) width=width.clone() height=height.clone() rx="6"></rect>
            {hatch.map(|fill| view! { <rect fill=fill x=number(rect.left) y=number(rect.top) width=width height=height rx="6"></rect> })}
            // All of the name, for whoever listens or searches; what finds no room is cut by its style.
            <foreignObject x=number(rect.left) y=number(rect.top) width=inner_width height=inner_height>
                <div class="graph__name" data-long=is_long>
                    <span>{each.name.clone()}</span>
                </div>
            </foreignObject>
        </g>
    }
}

fn label(label: &Label) -> AnyView {
    view! {
        <text class="graph__label" data-tone=label.tone.slug() x=number(label.x) y=number(label.y) text-anchor=label.anchor.slug()>
            {label.words.clone()}
        </text>
    }
}

/// What the lines mean, as far as the picture has them.
pub fn legend(drawing: &Drawing) -> AnyView {
    let has = |look: EdgeLook| drawing.lines.iter().any(|line| line.look == look);
    let items = [
        (has(EdgeLook::Failing), "failing", "fails, from 5 % and 20 calls"),
        (has(EdgeLook::Unseen), "unseen", "declared, no calls seen"),
        (drawing.boxes.iter().any(|each| each.look == NodeLook::Silent), "silent", "no data"),
    ];
    let item = |(_, look, words): (bool, &'static str, &'static str)| view! { <li data-look=look>{words}</li> };
    view! { <ul class="graph__legend">{items.into_iter().filter(|(is_there, ..)| *is_there).map(item).collect_view()}</ul> }
}
