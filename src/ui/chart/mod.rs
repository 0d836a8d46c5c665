//! Charts on a page: [`paint`] turns what `charts` laid out into elements, [`Chart`] lets people
//! move along it, [`panel`] puts a head and a table around it, [`rows`] are those of the size of a word,
//! [`heat`] those with more cells than elements can carry.
//!
//! A chart is one stop for the keyboard. Arrows move along its points, with Shift by day, Home and
//! End to its edges, 1 to 9 to an incident's flag; Enter pins, Esc leaves. What stands there is said
//! in words in a strip above the plot, where no finger covers it, and to those who listen. Along an
//! axis of time one can come closer: [`zoom`].

pub mod graph;
mod heard;
pub mod heat;
pub mod measured;
pub mod paint;
pub mod panel;
pub mod rows;
pub mod zoom;

use crate::{
    charts::{Point, Scene},
    ui::drawing::view,
};
use heard::Heard;
use leptos::{html, prelude::*};
use zoom::{Step, Zoom};

/// How wide a chart is until its place has been measured.
const UNMEASURED: f64 = 328.0;
/// Narrower than this nothing is drawn: it is cut off.
const NARROWEST: f64 = 200.0;

#[component]
pub fn Chart(
    /// Unique on the page.
    #[prop(into)]
    id: String,
    /// The picture for a width in pixels.
    #[prop(into)]
    draw: Callback<f64, Scene>,
    /// Where one can come closer along the axis of time.
    #[prop(optional)]
    zoom: Option<Zoom>,
) -> impl IntoView {
    let place = NodeRef::<html::Div>::new();
    let width = RwSignal::new(UNMEASURED);
    measured::follow_width(place, width, |wide| wide.max(NARROWEST));

    let scene = Memo::new(move |_| draw.run(width.get()));
    let steps = Steps::new(scene);
    let point_at = move |x: i32| {
        let left = place.get_untracked().map_or(0.0, |place| place.get_bounding_client_rect().left());
        scene.with_untracked(|scene| scene.nearest(f64::from(x) - left))
    };
    let press = move |event: leptos::ev::PointerEvent| {
        let to = point_at(event.client_x());
        // A second press on what is pinned lets go of it; a finger always holds what it pointed at.
        let again = steps.pinned.get_untracked() && to == steps.at.get_untracked();
        steps.go(to);
        steps.pinned.set(!again);
    };
    let cursor = move || {
        let point = scene.with(|scene| steps.at.get().and_then(|at| scene.points.get(at)).map(|point| (point.left, point.width)));
        let pinned = steps.pinned.get().then_some("true");
        point.map(|(left, width)| {
            view! { <span class="chart__here" data-pinned=pinned style:left=format!("{left:.1}px") style:width=format!("{width:.1}px")></span> }
        })
    };
    // What is marked stays marked where it is, also when it is looked at more closely.
    let go = Callback::new(move |step: Step| {
        let Some(zoom) = zoom else { return };
        let here = steps.here();
        zoom.go(step, here.as_ref().and_then(|point| point.at));
        steps.stay(here);
        steps.heard.now(zoom.words().map_or_else(|| "All of it".to_owned(), |words| format!("From {words}")));
    });
    let pressed = move |key: &str, shift: bool| {
        // A key that does nothing here is the page's: it scrolls.
        let step = Step::of_key(key).filter(|step| zoom.is_some_and(|zoom| untrack(|| zoom.is_of_use(*step))));
        step.inspect(|step| go.run(*step)).is_some() || steps.key(key, shift)
    };
    let has_time = Memo::new(move |_| zoom.is_some_and(Zoom::is_there));
    let closer = move || zoom.filter(|_| has_time.get()).map(|zoom| zoom::buttons(zoom, go));
    let strip = move || steps.words().unwrap_or_else(|| scene.with(|scene| scene.title.clone()));
    view! {
        <div class="chart">
            <div class="chart__strip">
                <p class="chart__said">{move || strip()}</p>
                {move || steps.at.get().is_some().then(|| buttons(steps))}
                {closer}
            </div>
            <p class="visually-hidden" aria-live="polite">
                {move || steps.heard.get()}
            </p>
            <div
                class="chart__place"
                node_ref=place
                tabindex="0"
                role="group"
                aria-label=if zoom.is_some() { "Chart; the arrow keys move along it, plus and minus come closer and go away" } else { "Chart; the arrow keys move along it" }
                on:keydown=move |event| {
                    let modified = event.ctrl_key() || event.meta_key() || event.alt_key();
                    if !modified && pressed(&event.key(), event.shift_key()) {
                        event.prevent_default();
                        event.stop_propagation();
                    }
                }
                on:pointerdown=press
                on:pointermove=move |event| {
                    if !steps.pinned.get_untracked() || event.buttons() > 0 {
                        steps.go(point_at(event.client_x()));
                    }
                }
                on:pointerleave=move |event| {
                    if event.pointer_type() == "mouse" {
                        steps.leave();
                    }
                }
                on:blur=move |_| steps.leave()
            >
                {move || cursor()}
                {move || scene.with(|scene| paint::picture(&id, scene))}
            </div>
        </div>
    }
}

/// For fingers: to the point before and the point after, and away. They are no stops for the keyboard.
fn buttons(steps: Steps) -> AnyView {
    view! {
        <div class="chart__steps">
            <button type="button" class="button" tabindex="-1" on:click=move |_| steps.by(false)>
                "Earlier"
            </button>
            <button type="button" class="button" tabindex="-1" on:click=move |_| steps.by(true)>
                "Later"
            </button>
            <button type="button" class="button" tabindex="-1" on:click=move |_| steps.close()>
                "Done"
            </button>
        </div>
    }
}

/// Where somebody is on a chart.
#[derive(Clone, Copy)]
struct Steps {
    scene: Memo<Scene>,
    at: RwSignal<Option<usize>>,
    /// Stays where it is when the pointer or the focus leaves.
    pinned: RwSignal<bool>,
    heard: Heard,
}

impl Steps {
    fn new(scene: Memo<Scene>) -> Self {
        Self { scene, at: RwSignal::new(None), pinned: RwSignal::new(false), heard: Heard::new() }
    }

    fn words(self) -> Option<String> {
        let at = self.at.get()?;
        self.scene.with(|scene| scene.points.get(at).map(|point| point.words.say()))
    }

    fn go(self, to: Option<usize>) {
        if self.at.get_untracked() == to {
            return;
        }
        self.at.set(to);
        self.heard.soon(move || {
            let at = self.at.try_get_untracked().flatten()?;
            self.scene.with_untracked(|scene| scene.points.get(at).map(|point| point.words.say()))
        });
    }

    /// To the point before or after.
    fn by(self, forward: bool) {
        let to = self.scene.with_untracked(|scene| next(scene, self.at.get_untracked(), forward));
        self.go(to);
    }

    /// The point that is marked.
    fn here(self) -> Option<Point> {
        let at = self.at.get_untracked()?;
        self.scene.with_untracked(|scene| scene.points.get(at).cloned())
    }

    /// Marks again what was marked before the picture changed: its incident, else the nearest instant.
    fn stay(self, before: Option<Point>) {
        if let Some(before) = before {
            self.at.set(self.scene.with_untracked(|scene| again(scene, &before)));
        }
    }

    fn leave(self) {
        if !self.pinned.get_untracked() {
            self.go(None);
        }
    }

    fn close(self) {
        self.pinned.set(false);
        self.go(None);
    }

    /// Whether the key was one of the chart's.
    fn key(self, key: &str, shift: bool) -> bool {
        let here = self.at.get_untracked();
        let moved = self.scene.with_untracked(|scene| moved(scene, here, key, shift));
        match (moved, key) {
            (Some(to), _) => self.go(Some(to)),
            (None, "Enter") if here.is_some() => self.pinned.update(|pinned| *pinned = !*pinned),
            (None, "Escape") if here.is_some() => self.close(),
            _ => return false,
        }
        true
    }
}

/// Where a point of another look at the same data stands in this one.
fn again(scene: &Scene, before: &Point) -> Option<usize> {
    let flagged = before.flags.first().and_then(|number| scene.flagged(*number));
    let distance = |place: &usize| match (scene.points.get(*place).and_then(|point| point.at), before.at) {
        (Some(here), Some(at)) => here.micros_since(at).abs(),
        _ => i64::MAX,
    };
    flagged.or_else(|| (0..scene.points.len()).min_by_key(distance))
}

/// The first step stands at the edge that the key points away from.
fn next(scene: &Scene, here: Option<usize>, forward: bool) -> Option<usize> {
    let last = scene.points.len().checked_sub(1)?;
    Some(match (here, forward) {
        (None, true) => 0,
        (None, false) => last,
        (Some(here), true) => (here + 1).min(last),
        (Some(here), false) => here.saturating_sub(1),
    })
}

/// Where a key leads; nothing for a key that leads nowhere.
fn moved(scene: &Scene, here: Option<usize>, key: &str, shift: bool) -> Option<usize> {
    let last = scene.points.len().checked_sub(1)?;
    match (key, here) {
        ("ArrowRight" | "ArrowLeft", Some(here)) if shift => Some(scene.by_day(here, key == "ArrowRight")),
        ("ArrowRight", _) => next(scene, here, true),
        ("ArrowLeft", _) => next(scene, here, false),
        ("Home", _) => Some(0),
        ("End", _) => Some(last),
        (digit, _) => scene.flagged(digit.parse().ok().filter(|number| (1..=9).contains(number))?),
    }
}

#[cfg(test)]
mod gallery;

#[cfg(test)]
mod tests {
    use super::*;

    fn a_scene(days: &[i64]) -> Scene {
        let point = |(at, day): (usize, &i64)| Point {
            left: at as f64,
            width: 1.0,
            words: at.to_string().into(),
            at: None,
            day: *day,
            flags: if at == 3 { vec![2] } else { vec![] },
        };
        Scene { points: days.iter().enumerate().map(point).collect(), ..Scene::default() }
    }

    #[test]
    fn what_was_marked_is_found_again_from_closer_by() {
        let at = |secs: i64| Some(crate::domain::time::Timestamp::from_micros(secs * 1_000_000));
        let point = |secs: i64, flags: Vec<u32>| Point { at: at(secs), flags, ..Point::default() };
        let near = Scene { points: vec![point(100, vec![]), point(130, vec![2]), point(150, vec![]), point(180, vec![])], ..Scene::default() };
        assert_eq!(again(&near, &point(152, vec![])), Some(2));
        assert_eq!(again(&near, &point(180, vec![2])), Some(1), "an incident, and not the instant at which it was said");
        assert_eq!(again(&Scene::default(), &point(180, vec![2])), None);
    }

    #[test]
    fn keys_lead_where_they_say() {
        let scene = a_scene(&[1, 1, 2, 2, 2, 4]);
        let to = |here, key, shift| moved(&scene, here, key, shift);
        assert_eq!((to(None, "ArrowRight", false), to(None, "ArrowLeft", false), to(Some(5), "ArrowRight", false)), (Some(0), Some(5), Some(5)));
        assert_eq!((to(Some(3), "Home", false), to(Some(3), "End", false)), (Some(0), Some(5)));
        assert_eq!((to(Some(0), "ArrowRight", true), to(Some(4), "ArrowRight", true), to(Some(5), "ArrowRight", true)), (Some(2), Some(5), Some(5)));
        assert_eq!((to(Some(4), "ArrowLeft", true), to(Some(2), "ArrowLeft", true), to(Some(0), "ArrowLeft", true)), (Some(2), Some(0), Some(0)));
        assert_eq!((to(None, "2", false), to(None, "1", false), to(None, "0", false), to(None, "x", false)), (Some(3), None, None, None));
        assert_eq!(moved(&Scene::default(), None, "End", false), None);
    }
}
