//! What would be, as rows: words, a bar against zero, what is left and a date.

use crate::{
    domain::slo::{whatif::Outcome, words},
    ui::{drawing::view, times::Zone},
};
use leptos::prelude::*;

/// Where zero lies on a bar that all rows share, and where each begins and ends, in hundredths.
fn scale(outcomes: &[Outcome]) -> (f64, Vec<(f64, f64)>) {
    let ratios = || outcomes.iter().map(|outcome| outcome.remaining_ratio.unwrap_or(0.0));
    let low = ratios().fold(0.0, f64::min);
    let high = ratios().fold(0.0, f64::max);
    let span = (high - low).max(0.01);
    let place = |ratio: f64| (ratio - low) / span * 100.0;
    (place(0.0), ratios().map(|ratio| (place(ratio.min(0.0)), place(ratio.max(0.0)))).collect())
}

pub fn rows(outcomes: &[Outcome], zone: Zone) -> AnyView {
    let (zero, bars) = scale(outcomes);
    let last = outcomes.len().saturating_sub(1);
    let row = |(place, (outcome, (from, to))): (usize, (&Outcome, (f64, f64)))| {
        let over = outcome.remaining_ratio.is_some_and(|ratio| ratio < 0.0);
        let date = outcome.at.map(|at| format!(" · {} {}", if over { "back" } else { "out" }, words::short_day(at, &zone)));
        let over = over.then_some("true");
        let all = (place == last && last > 1).then_some("true");
        view! {
            <li class="outcome" data-all=all>
                <span class="outcome__what">{outcome.what.clone()}</span>
                <span class="outcome__bar" aria-hidden="true">
                    <span class="outcome__fill" data-over=over style:left=format!("{from:.1}%") style:width=format!("{:.1}%", to - from)></span>
                    <span class="outcome__zero" style:left=format!("{zero:.1}%")></span>
                </span>
                <span class="outcome__left"><b data-over=over>{outcome.left.clone()}</b> <span class="muted">{date}</span></span>
            </li>
        }
    };
    view! { <ul class="outcomes">{outcomes.iter().zip(bars).enumerate().map(row).collect_view()}</ul> }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(ratio: Option<f64>) -> Outcome {
        Outcome { what: "As it is".to_owned(), remaining_ratio: ratio, minutes: None, left: String::new(), at: None }
    }

    #[test]
    fn bars_stand_on_one_scale_against_zero() {
        let (zero, bars) = scale(&[outcome(Some(-0.25)), outcome(Some(0.75)), outcome(None)]);
        assert_eq!((zero, bars), (25.0, vec![(0.0, 25.0), (25.0, 100.0), (25.0, 25.0)]));
        let (zero, bars) = scale(&[outcome(None)]);
        assert_eq!((zero, bars), (0.0, vec![(0.0, 0.0)]));
    }
}
