//! A list that comes page by page, the newest first: what came so far, and whether there is more.
//! Which question it answers is its screen's to know.

use crate::{
    domain::failure::Failure,
    ui::{components::loaded::Load, drawing::view},
};
use leptos::prelude::*;

pub struct Paged<T: Send + Sync + 'static> {
    pub load: RwSignal<Load<()>>,
    pub items: RwSignal<Vec<T>>,
    next: RwSignal<Option<String>>,
}

impl<T: Send + Sync + 'static> Clone for Paged<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Paged<T> {}

impl<T: Send + Sync + 'static> Paged<T> {
    /// Nothing came yet.
    pub fn new() -> Self {
        Self { load: RwSignal::new(Load::Loading), items: RwSignal::new(vec![]), next: RwSignal::new(None) }
    }

    /// Takes what came: behind what is there where it was asked for with a cursor, else instead of it.
    /// What stands behind something else than is there now, or is there already, is let go.
    pub fn take(self, behind: Option<&str>, answer: Result<(Vec<T>, Option<String>), Failure>) {
        if behind.is_some() && self.next.with_untracked(|next| next.as_deref() != behind) {
            return;
        }
        let goes_on = behind.is_some();
        match answer {
            Ok((more, next)) => {
                self.items.update(|items| {
                    if !goes_on {
                        items.clear();
                    }
                    items.extend(more);
                });
                self.next.set(next);
                // Who follows this draws the whole list anew.
                if self.load.with_untracked(|load| *load != Load::Ready(())) {
                    self.load.set(Load::Ready(()));
                }
            }
            Err(failure) => self.load.set(Load::Failed(failure)),
        }
    }

    /// The button that asks for what comes behind a cursor; nothing at the end.
    pub fn more(self, words: &'static str, fetch: Callback<Option<String>>) -> Option<AnyView> {
        let cursor = self.next.get()?;
        Some(view! { <button type="button" class="button" on:click=move |_| fetch.run(Some(cursor.clone()))>{words}</button> })
    }
}
