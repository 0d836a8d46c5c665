//! A limit and how it was used, in words.

use crate::{
    domain::{integration::Rate, time::Timestamp, wording},
    ui::{components::relative_time::RelativeTime, drawing::view},
};
use leptos::prelude::*;

/// The limit in force, and the last minute.
pub fn words(rate: &Rate) -> String {
    let last_minute = wording::count(rate.last_minute as usize, "request", "requests");
    match (rate.limit, rate.burst) {
        (0, _) => format!("No limit · {last_minute} in the last minute"),
        (limit, burst) if burst > limit => format!("At most {limit} requests per second, {burst} at once · {last_minute} in the last minute"),
        (limit, _) => format!("At most {limit} requests per second · {last_minute} in the last minute"),
    }
}

/// How many were refused because of it; nothing where none was.
pub fn limited(rate: &Rate, now: Signal<Timestamp>) -> Option<AnyView> {
    let at = rate.limited_at.filter(|_| rate.limited > 0)?;
    Some(view! { " · " <b>{format!("{} refused by the limit", rate.limited)}</b> ", the last " <RelativeTime at now /> })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_told_with_its_use() {
        let rate = Rate { limit: 100, burst: 200, last_minute: 1, ..Rate::default() };
        assert_eq!(words(&rate), "At most 100 requests per second, 200 at once · 1 request in the last minute");
        assert_eq!(words(&Rate { burst: 100, ..rate }), "At most 100 requests per second · 1 request in the last minute");
        assert_eq!(words(&Rate { limit: 0, last_minute: 3, ..rate }), "No limit · 3 requests in the last minute");
    }
}
