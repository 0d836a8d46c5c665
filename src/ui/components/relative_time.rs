//! A time as people say it, with the exact one on demand.

use crate::domain::{time::Timestamp, wording};
use crate::ui::drawing::view;
use leptos::prelude::*;

/// `8 min ago`; the exact time is its title, and its machine-readable value.
#[component]
pub fn RelativeTime(at: Timestamp, #[prop(into)] now: Signal<Timestamp>) -> impl IntoView {
    view! {
        <time class="relative-time" datetime=at.to_string() title=exact(at)>
            {move || ago(at, now.get())}
        </time>
    }
}

/// `just now`, `8 min ago`.
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let secs = now.secs_since(at);
    if secs < 10 { "just now".to_owned() } else { format!("{} ago", wording::span(secs)) }
}

/// The exact time, for titles: `2026-11-20 02:04:11 UTC`.
pub fn exact(at: Timestamp) -> String {
    let text = at.to_string();
    format!("{} {} UTC", text.get(..10).unwrap_or_default(), text.get(11..19).unwrap_or_default())
}
