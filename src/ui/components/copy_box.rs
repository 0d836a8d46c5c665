//! Something to copy: a key, a password, a configuration.

use super::icon::{Glyph, Icon};
use crate::ui::drawing::view;
use leptos::prelude::*;

/// Shows `text` as it is, with a button that copies it. `copy` does the copying.
#[component]
pub fn CopyBox(#[prop(into)] label: String, #[prop(into)] text: String, #[prop(into)] copy: Callback<String>) -> impl IntoView {
    let copied = text.clone();
    view! {
        <div class="copy-box">
            <div class="copy-box__head">
                <span>{label.clone()}</span>
                <button type="button" class="button" data-size="small" aria-label=format!("Copy: {label}") on:click=move |_| copy.run(copied.clone())>
                    <Icon glyph=Glyph::Copy />
                    "Copy"
                </button>
            </div>
            <pre class="copy-box__text" tabindex="0" aria-label=label><code>{text}</code></pre>
        </div>
    }
}
