//! What was made and is shown this once: a key, a token, a password.

use super::copy_box::CopyBox;
use crate::ui::drawing::view;
use leptos::prelude::*;

/// The secret with its words, until somebody says that they have it. What uses it stands beneath.
#[component]
pub fn Once(
    #[prop(into)] title: String,
    /// What it is for, and that it cannot be shown again.
    #[prop(into)]
    words: String,
    /// What the secret is called.
    #[prop(into)]
    label: String,
    #[prop(into)] secret: String,
    #[prop(into)] copy: Callback<String>,
    #[prop(into)] done: Callback<()>,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="panel once" role="status">
            <h3>{title}</h3>
            <p>{words}</p>
            <CopyBox label text=secret copy />
            {children.map(|children| children())}
            <button type="button" class="button" on:click=move |_| done.run(())>"I have it"</button>
        </div>
    }
}
