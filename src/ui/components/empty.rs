//! What stands where nothing is yet: what would fill it, and what to do.

use crate::ui::drawing::view;
use leptos::prelude::*;

#[component]
pub fn EmptyState(#[prop(into)] title: String, #[prop(into)] words: String, #[prop(optional)] children: Option<Children>) -> impl IntoView {
    view! {
        <div class="empty">
            <p class="empty__title">{title}</p>
            <p class="empty__words">{words}</p>
            {children.map(|children| children())}
        </div>
    }
}
