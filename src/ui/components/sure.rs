//! A button for what cannot be taken back: it says what would happen and asks before it does it.

use crate::ui::drawing::view;
use leptos::{html, prelude::*};

#[component]
pub fn Sure(
    /// What the button says.
    #[prop(into)]
    words: String,
    /// What would happen, as a sentence.
    #[prop(into)]
    asks: String,
    /// What the button says that does it.
    #[prop(into)]
    yes: String,
    #[prop(into, optional)] disabled: Signal<bool>,
    #[prop(into)] act: Callback<()>,
) -> impl IntoView {
    let asking = RwSignal::new(false);
    let button = NodeRef::<html::Button>::new();
    let close = move || {
        asking.set(false);
        if let Some(button) = button.get_untracked() {
            let _ = button.focus();
        }
    };
    let question = move || {
        asking.get().then(|| {
            let confirm = move |_| {
                close();
                act.run(());
            };
            view! {
                <div class="sure__question">
                    <p role="status">{asks.clone()}</p>
                    <button type="button" class="button" data-size="small" data-tone="accent" on:click=confirm>{yes.clone()}</button>
                    <button type="button" class="button" data-size="small" on:click=move |_| close()>"No, leave it"</button>
                </div>
            }
        })
    };
    view! {
        <div class="sure">
            <button
                type="button"
                class="button"
                data-size="small"
                node_ref=button
                disabled=move || disabled.get()
                aria-expanded=move || asking.get().to_string()
                on:click=move |_| asking.update(|asking| *asking = !*asking)
            >
                {words}
            </button>
            {question}
        </div>
    }
}
