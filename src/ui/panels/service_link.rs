//! The name of a service, as the way to its page.

use crate::ui::{drawing::view, routes::Route, session::session};
use leptos::prelude::*;

/// A service that is named. Where nobody may know of it, its name alone: what only sends
/// information is in no list, and has no page.
pub fn service_link(name: &str, is_known: bool) -> AnyView {
    let name = name.to_owned();
    let known = is_known || untrack(|| session().replica.services().contains(&name));
    if known {
        let path = Route::Service(name.clone()).path();
        view! { <a href=path>{name}</a> }
    } else {
        name.into_any()
    }
}

/// Several, as [`wording::list`](crate::domain::wording::list) says them; each has a page.
pub fn service_links(names: &[String]) -> AnyView {
    const MOST: usize = 4;
    let shown = if names.len() > MOST { MOST - 1 } else { names.len() };
    let rest = names.len() - shown;
    let joint = |at: usize| match at {
        0 => "",
        at if at + 1 == shown && rest == 0 => " and ",
        _ => ", ",
    };
    let link = |(at, name): (usize, &String)| view! { {joint(at)} {service_link(name, true)} };
    let more = (rest > 0).then(|| format!(" and {rest} more"));
    view! { {names.iter().take(shown).enumerate().map(link).collect_view()} {more} }.into_any()
}
