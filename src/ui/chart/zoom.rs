//! Coming closer to a chart along its time: with buttons for fingers, with plus, minus, zero and
//! Page Up and Down on the chart itself. No pinch and no wheel: those belong to the page.

use crate::{
    charts::view::View,
    domain::time::Timestamp,
    ui::{drawing::view, session::session, times::Zone},
};
use leptos::prelude::*;

/// What of a chart is seen, and all that there is to see.
#[derive(Clone, Copy)]
pub struct Zoom {
    whole: Signal<Option<View>>,
    /// Absent: all of it, which moves along with time; what somebody looks at closely stays.
    near: RwSignal<Option<View>>,
    zone: RwSignal<Zone>,
}

/// One step of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Closer,
    Further,
    Earlier,
    Later,
    Whole,
}

impl Step {
    pub fn of_key(key: &str) -> Option<Self> {
        match key {
            "+" | "=" => Some(Step::Closer),
            "-" => Some(Step::Further),
            "PageUp" => Some(Step::Earlier),
            "PageDown" => Some(Step::Later),
            "0" => Some(Step::Whole),
            _ => None,
        }
    }

    /// What stands on its button, and what it is called.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Step::Closer => ("+", "Closer"),
            Step::Further => ("−", "Further away"),
            Step::Earlier => ("‹", "The time before"),
            Step::Later => ("›", "The time after"),
            Step::Whole => ("All", "All of it"),
        }
    }
}

impl Zoom {
    pub fn new(whole: Signal<Option<View>>) -> Self {
        Self { whole, near: RwSignal::new(None), zone: session().zone }
    }

    /// The part that is looked at; absent: all of it.
    pub fn near(self) -> Option<View> {
        let whole = self.whole.get()?;
        self.near.get().map(|near| near.inside(whole)).filter(|near| *near != whole)
    }

    /// Whether there is anything to come closer to.
    pub fn is_there(self) -> bool {
        self.whole.get().is_some_and(|whole| whole.from < whole.until)
    }

    /// `around` is what stays in its place: what is marked on the chart.
    pub fn go(self, step: Step, around: Option<Timestamp>) {
        let Some(whole) = self.whole.get_untracked() else { return };
        let here = self.near.get_untracked().map_or(whole, |near| near.inside(whole));
        let to = match step {
            Step::Closer => here.closer(whole, around),
            Step::Further => here.further(whole, around),
            Step::Earlier => here.moved(whole, false),
            Step::Later => here.moved(whole, true),
            Step::Whole => whole,
        };
        self.near.set(Some(to).filter(|to| *to != whole));
    }

    /// `6 November 12:10 to 8 November 12:10`; nothing where all of it is seen.
    pub fn words(self) -> Option<String> {
        let (near, wall) = (self.near()?, self.zone.get().wall());
        Some(format!("{} to {}", wall.spoken(near.from), wall.spoken(near.until)))
    }

    /// Whether a step would change anything.
    pub fn is_of_use(self, step: Step) -> bool {
        let (whole, near) = (self.whole.get(), self.near());
        match step {
            Step::Closer => near.or(whole).is_some_and(|seen| !seen.is_closest()),
            Step::Further | Step::Whole => near.is_some(),
            // Halves are not exact: less than a second is no way to go.
            Step::Earlier => near.zip(whole).is_some_and(|(near, whole)| near.from.secs_since(whole.from) > 0),
            Step::Later => near.zip(whole).is_some_and(|(near, whole)| whole.until.secs_since(near.until) > 0),
        }
    }
}

/// The buttons. They are no stops for the keyboard: the chart is, and has keys for them.
pub fn buttons(zoom: Zoom, go: Callback<Step>) -> AnyView {
    let button = move |step: Step| {
        let (sign, words) = step.words();
        view! {
            <button
                type="button"
                class="button"
                tabindex="-1"
                aria-label=words
                title=words
                disabled=move || !zoom.is_of_use(step)
                // The focus stays on the chart: what is marked there would go, and the buttons with it.
                on:mousedown=move |event| event.prevent_default()
                on:click=move |_| go.run(step)
            >
                {sign}
            </button>
        }
    };
    view! {
        <div class="chart__zoom" role="group" aria-label="How close">
            {[Step::Further, Step::Closer, Step::Earlier, Step::Later, Step::Whole].map(button).collect_view()}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_a_key_that_no_flag_has() {
        let keys = ["+", "-", "PageUp", "PageDown", "0"];
        assert_eq!(keys.map(|key| Step::of_key(key).is_some()), [true; 5]);
        assert!(('1'..='9').all(|key| Step::of_key(&key.to_string()).is_none()) && Step::of_key("ArrowLeft").is_none());
    }
}
