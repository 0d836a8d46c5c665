//! Paints a [`Scene`]: the one place that turns marks and roles into elements. Colours are the
//! style sheet's. A chart is one stop for the keyboard; arrows move along its points, and what
//! stands there is said in words, on screen and to those who listen.

use crate::{
    charts::{Label, Mark, Role, Scene, Shape},
    ui::{components::severity, drawing::view},
};
use leptos::{html, leptos_dom::helpers::window_event_listener, prelude::*};

/// How wide a chart is until its place has been measured.
const UNMEASURED: f64 = 328.0;

#[component]
pub fn Chart(
    /// Unique on the page.
    id: &'static str,
    /// The picture for a width in pixels.
    draw: Callback<f64, Scene>,
) -> impl IntoView {
    let place = NodeRef::<html::Div>::new();
    let width = RwSignal::new(UNMEASURED);
    let measure = move || {
        if let Some(place) = place.get() {
            width.set(f64::from(place.client_width()).max(200.0));
        }
    };
    Effect::new(move |_| measure());
    let listener = window_event_listener(leptos::ev::resize, move |_| measure());
    on_cleanup(move || listener.remove());

    let scene = Memo::new(move |_| draw.run(width.get()));
    let at = RwSignal::new(None::<usize>);
    let said = move || scene.with(|scene| at.get().and_then(|at| scene.points.get(at)).map(|point| point.words.clone()));
    let go = move |to: Option<usize>| at.set(to);
    let key = move |event: leptos::ev::KeyboardEvent| {
        let last = scene.with_untracked(|scene| scene.points.len().checked_sub(1));
        let Some(last) = last else { return };
        let here = at.get_untracked();
        let to = match event.key().as_str() {
            "ArrowRight" => Some(here.map_or(0, |here| (here + 1).min(last))),
            "ArrowLeft" => Some(here.map_or(last, |here| here.saturating_sub(1))),
            "Home" => Some(0),
            "End" => Some(last),
            "Escape" if here.is_some() => None,
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        go(to);
    };
    let point_at = move |x: i32| {
        let left = place.get_untracked().map_or(0.0, |place| place.get_bounding_client_rect().left());
        go(scene.with_untracked(|scene| scene.nearest(f64::from(x) - left)));
    };
    let drawn = move || {
        let (title_id, desc_id) = (format!("{id}-title"), format!("{id}-desc"));
        let (titled, described) = (title_id.clone(), desc_id.clone());
        scene.with(|scene| {
            view! {
                <svg
                    class="chart__picture"
                    role="img"
                    aria-labelledby=titled
                    aria-describedby=described
                    width=scene.width.to_string()
                    height=scene.height.to_string()
                    viewBox=format!("0 0 {} {}", scene.width, scene.height)
                >
                    <title id=title_id>{scene.title.clone()}</title>
                    <desc id=desc_id>{scene.desc.clone()}</desc>
                    <g>{scene.marks.iter().map(mark).collect_view()}</g>
                    <g>{scene.labels.iter().map(label).collect_view()}</g>
                </svg>
            }
        })
    };
    let cursor = move || {
        let band = scene.with(|scene| at.get().and_then(|at| scene.points.get(at)).map(|point| (point.left, point.width)));
        band.map(|(left, width)| view! { <span class="chart__here" style:left=format!("{left:.1}px") style:width=format!("{width:.1}px")></span> })
    };
    view! {
        <div class="chart">
            <p class="chart__said">
                <span aria-live="polite">{move || said()}</span>
                {move || at.get().is_none().then(|| scene.with(|scene| scene.title.clone()))}
            </p>
            <div
                class="chart__place"
                node_ref=place
                tabindex="0"
                role="group"
                aria-label="Chart; the arrow keys move along it"
                on:keydown=key
                on:pointerdown=move |event| point_at(event.client_x())
                on:pointermove=move |event| point_at(event.client_x())
                on:pointerleave=move |event| {
                    if event.pointer_type() == "mouse" {
                        go(None);
                    }
                }
                on:blur=move |_| go(None)
            >
                {move || cursor()}
                {move || drawn()}
            </div>
        </div>
    }
}

fn number(value: f64) -> String {
    format!("{value:.1}")
}

fn mark(mark: &Mark) -> AnyView {
    let role = mark.role.slug();
    let severity = match mark.role {
        Role::Severity(severity) => Some(severity::severity_slug(severity)),
        Role::Grid | Role::Base | Role::Leader | Role::Median | Role::Interval | Role::Single => None,
    };
    match mark.shape {
        Shape::Bar { x, y, width, height } => {
            view! { <rect data-role=role data-severity=severity x=number(x) y=number(y) width=number(width) height=number(height)></rect> }
        }
        Shape::Line { from, to } => {
            view! { <line data-role=role x1=number(from.0) y1=number(from.1) x2=number(to.0) y2=number(to.1)></line> }
        }
        Shape::Dot { x, y } => view! { <circle data-role=role cx=number(x) cy=number(y) r="4.5"></circle> },
        Shape::Sign { x, y } => {
            let of = if let Role::Severity(severity) = mark.role { severity } else { None };
            let moved = format!("translate({:.1} {:.1}) scale(0.55) translate(-10 -10)", x, y);
            view! { <path data-role="sign" data-severity=severity d=severity::shape(of) transform=moved></path> }
        }
    }
}

fn label(label: &Label) -> AnyView {
    view! {
        <text data-tone=label.tone.slug() x=number(label.x) y=number(label.y) text-anchor=label.anchor.slug()>
            {label.words.clone()}
        </text>
    }
}
