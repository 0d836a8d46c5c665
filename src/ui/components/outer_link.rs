//! A link that came from outside.

use crate::{domain::alert::Link, ui::drawing::view};
use leptos::prelude::*;

/// Only plain schemes become links; anything else stays text.
#[component]
pub fn OuterLink(link: Link) -> impl IntoView {
    let text = if link.text.is_empty() { link.href.clone() } else { link.text };
    if Link::is_safe(&link.href) {
        view! { <a href=link.href target="_blank" rel="noopener noreferrer">{text}</a> }
    } else {
        view! { <span>{text} " (" {link.href} ")"</span> }
    }
}
