//! How markup is written: Leptos' own `view!`, with a result of one type whatever it draws. Lists,
//! choices and what moves are then compiled once, and not for every kind of element they hold.

macro_rules! view {
    ($($markup:tt)*) => {
        leptos::prelude::IntoAny::into_any(leptos::prelude::view! { $($markup)* }.into_inner())
    };
}

pub(crate) use view;
