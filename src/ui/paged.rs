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

    /// Takes what came: instead of what is there, or behind it where it `goes_on`.
    pub fn take(self, goes_on: bool, answer: Result<(Vec<T>, Option<String>), Failure>) {
        match answer {
            Ok((more, next)) => {
                self.items.update(|items| {
                    if !goes_on {
                        items.clear();
                    }
                    items.extend(more);
                });
                self.next.set(next);
                self.load.set(Load::Ready(()));
            }
            Err(failure) => self.load.set(Load::Failed(failure)),
        }
    }

    /// The button that asks for what comes behind a cursor; nothing at the end.
    pub fn more(self, fetch: Callback<Option<String>>) -> Option<AnyView> {
        let cursor = self.next.get()?;
        Some(view! { <button type="button" class="button" on:click=move |_| fetch.run(Some(cursor.clone()))>"Show earlier ones"</button> })
    }
}
