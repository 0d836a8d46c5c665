//! The browser's own dialog: it keeps the focus, and Esc closes it.

use super::icon::{Glyph, Icon};
use crate::ui::drawing::view;
use leptos::{html, prelude::*};

/// A modal dialog, open for as long as it is in the page. `on_close` takes it away.
#[component]
pub fn Dialog(#[prop(into)] title: String, #[prop(into)] on_close: Callback<()>, children: Children) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = dialog.get()
            && !dialog.open()
        {
            // It fails only for what is not in the page, and this is.
            let _ = dialog.show_modal();
        }
    });
    view! {
        <dialog class="dialog" node_ref=dialog aria-labelledby="dialog-title" on:close=move |_| on_close.run(())>
            <div class="dialog__head">
                <h2 id="dialog-title">{title}</h2>
                <button type="button" class="icon-button" aria-label="Close" on:click=move |_| on_close.run(())>
                    <Icon glyph=Glyph::Cross />
                </button>
            </div>
            <div class="dialog__body">{children()}</div>
        </dialog>
    }
}
