//! A list whose rows stay for as long as their keys do. One kind of list for everything that is
//! listed: Leptos' own is compiled anew for every kind of row.

use crate::ui::drawing::view;
use leptos::prelude::*;
use std::{
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash},
    sync::Arc,
};

/// What is to be drawn if it is not on screen yet.
struct Row {
    key: u64,
    draw: Box<dyn FnOnce() -> AnyView + Send>,
}

/// Draws the items of `each`; one whose `key` was there before is left as it is.
pub fn rows<T, K, V>(
    each: impl Fn() -> Vec<T> + Send + Sync + 'static,
    key: impl Fn(&T) -> K + Send + Sync + 'static,
    draw: impl Fn(T) -> V + Send + Sync + 'static,
) -> AnyView
where
    T: Send + 'static,
    K: Hash,
    V: IntoView + 'static,
{
    let draw = Arc::new(draw);
    let row = move |item: T| {
        let (key, draw) = (BuildHasherDefault::<DefaultHasher>::default().hash_one(key(&item)), draw.clone());
        Row { key, draw: Box::new(move || draw(item).into_any()) }
    };
    list(Box::new(move || each().into_iter().map(&row).collect()))
}

fn list(rows: Box<dyn Fn() -> Vec<Row> + Send + Sync>) -> AnyView {
    view! { <For each=move || rows() key=|row| row.key children=|row| (row.draw)() /> }
}
