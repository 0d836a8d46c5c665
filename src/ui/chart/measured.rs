//! How wide a picture may be.

use crate::ui::browser;
use leptos::{html, prelude::*};

/// Keeps `width` at what `fit` makes of the inner width of a box, in pixels, for as long as the view
/// stands. A box changes without its window: its style comes, a sheet opens beside it.
pub fn follow_width(place: NodeRef<html::Div>, width: RwSignal<f64>, fit: impl Fn(f64) -> f64 + Copy + 'static) {
    Effect::new(move |_| {
        let Some(place) = place.get() else { return };
        let measured = move |wide: f64| {
            let wide = fit(wide);
            // It may be gone before the last word of its box arrives.
            if width.try_get_untracked().is_some_and(|known| (known - wide).abs() >= 1.0) {
                width.set(wide);
            }
        };
        // At once where it stands already, so that nothing is drawn or asked for twice.
        if place.client_width() > 0 {
            measured(f64::from(place.client_width()));
        }
        browser::on_width(&place, measured);
    });
}
