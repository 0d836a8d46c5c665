//! A button that opens a short list of actions beneath it.

use super::icon::{Glyph, Icon};
use crate::ui::drawing::view;
use leptos::{html, prelude::*};

/// One action of a menu. One that is not possible stays, with the reason beneath it.
#[derive(Clone)]
pub struct Item {
    pub words: String,
    /// What follows, or why it is not possible.
    pub note: Option<String>,
    pub disabled: bool,
    pub run: Callback<()>,
}

impl Item {
    pub fn new(words: impl Into<String>, run: impl Fn() + Send + Sync + 'static) -> Self {
        Self { words: words.into(), note: None, disabled: false, run: Callback::new(move |()| run()) }
    }

    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// Not possible now, for this reason.
    pub fn unless(mut self, refused: Option<String>) -> Self {
        if refused.is_some() {
            self.disabled = true;
            self.note = refused;
        }
        self
    }
}

/// `label` names the button for screen readers; `words` stand on it. The items are made when it opens.
#[component]
pub fn Menu(
    #[prop(into)] label: String,
    #[prop(into, optional)] words: String,
    #[prop(optional)] glyph: Option<Glyph>,
    #[prop(default = "button")] class: &'static str,
    #[prop(optional)] above: bool,
    #[prop(into)] items: Callback<(), Vec<Item>>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let button = NodeRef::<html::Button>::new();
    let close = move || {
        open.set(false);
        if let Some(button) = button.get_untracked() {
            let _ = button.focus();
        }
    };
    let item = move |item: Item| {
        let run = item.run;
        view! {
            <li role="none">
                <button
                    type="button"
                    role="menuitem"
                    class="menu__item"
                    aria-disabled=item.disabled.then_some("true")
                    on:click=move |_| {
                        if !item.disabled {
                            close();
                            run.run(());
                        }
                    }
                >
                    <span>{item.words}</span>
                    {item.note.map(|note| view! { <span class="menu__note">{note}</span> })}
                </button>
            </li>
        }
    };
    view! {
        <div
            class="menu"
            on:keydown=move |event| {
                if event.key() == "Escape" && open.get_untracked() {
                    event.stop_propagation();
                    close();
                }
            }
        >
            <button
                type="button"
                class=class
                node_ref=button
                aria-label=label.clone()
                aria-haspopup="menu"
                aria-expanded=move || open.get().to_string()
                on:click=move |_| open.update(|open| *open = !*open)
            >
                {words}
                <Icon glyph=glyph.unwrap_or(Glyph::ChevronDown) />
            </button>
            {move || {
                open.get()
                    .then(|| {
                        view! {
                            <div class="menu__behind" aria-hidden="true" on:click=move |_| close()></div>
                            <ul class="menu__list" role="menu" aria-label=label.clone() data-above=above.then_some("true")>
                                {items.run(()).into_iter().map(item).collect_view()}
                            </ul>
                        }
                    })
            }}
        </div>
    }
}
