//! What a service calls and what calls it: as calls show it, and as somebody said. Where the two
//! disagree both stand, with words.

use crate::{
    charts::graph::{percent, rate},
    domain::services::{Calls, Neighbour},
    ui::{
        components::icon::{Glyph, Icon},
        drawing::view,
        routes::Route,
    },
};
use leptos::prelude::*;

/// Calls are those of an hour.
const HOUR_SECS: f64 = 3600.0;
/// From this share of failing calls on, and this many calls, that they fail is said first.
const FAILING_RATIO: f64 = 0.05;
const ENOUGH_CALLS: u64 = 20;

/// One side of a service. `none` is said where neither calls nor people know of any.
pub fn panel(id: &'static str, title: &'static str, neighbours: Vec<Neighbour>, none: &'static str) -> AnyView {
    let (seen, said): (Vec<Neighbour>, Vec<Neighbour>) = neighbours.into_iter().partition(|each| each.calls.is_some());
    let is_empty = seen.is_empty() && said.is_empty();
    let declared = (!said.is_empty()).then(|| {
        view! {
            <h3 class="service__aside">"Declared, no calls seen"</h3>
            <ul>{said.into_iter().map(row).collect_view()}</ul>
        }
    });
    view! {
        <section class="panel" aria-labelledby=id>
            <div class="panel__head">
                <h2 id=id>{title}</h2>
                <span class="panel__note">"what calls show, last hour"</span>
            </div>
            <ul>{seen.into_iter().map(row).collect_view()}</ul>
            {declared}
            {is_empty.then(|| view! { <p class="panel__empty">{none}</p> })}
        </section>
    }
}

fn row(each: Neighbour) -> AnyView {
    let (failing, words) = said(&each);
    let glyph = match (each.calls, failing) {
        (None, _) => Glyph::Unplugged,
        (Some(_), true) => Glyph::Failed,
        (Some(_), false) => Glyph::Check,
    };
    let name = if each.known {
        let path = Route::Service(each.service.clone()).path();
        view! { <a href=path>{each.service}</a> }
    } else {
        view! { <b>{each.service}</b> <span class="muted">"not described here"</span> }
    };
    view! {
        <li class="service__line" data-failing=failing.then_some("")>
            <Icon glyph />
            {name}
            <span class="muted">{words}</span>
        </li>
    }
}

/// Whether its calls fail, and all that is to say of them.
#[allow(clippy::cast_precision_loss)] // counts of calls
fn said(each: &Neighbour) -> (bool, String) {
    let Some(Calls { requests, errors }) = each.calls else { return (false, "declared, no calls seen".to_owned()) };
    let ratio = if requests == 0 { 0.0 } else { errors as f64 / requests as f64 };
    let failing = requests >= ENOUGH_CALLS && ratio >= FAILING_RATIO;
    let calls = match errors {
        0 => rate(requests as f64 / HOUR_SECS),
        _ => format!("{} of {requests} calls fail, {}", percent(ratio), rate(requests as f64 / HOUR_SECS)),
    };
    let disagreement = each.disagreement().map(|words| format!(" · {words}")).unwrap_or_default();
    (failing, format!("{calls}{disagreement}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_what_was_said_of_them_are_said_together() {
        let of = |calls, declared| said(&Neighbour { service: "ledger".to_owned(), calls, declared, declares: true, known: true });
        let calls = |requests, errors| Some(Calls { requests, errors });
        assert_eq!(of(calls(3_600, 0), true), (false, "1.0/s".to_owned()));
        assert_eq!(of(calls(3_600, 1_368), true), (true, "38 % of 3600 calls fail, 1.0/s".to_owned()));
        assert_eq!(of(calls(10, 9), false), (false, "90 % of 10 calls fail, 10/h · calls show it, nobody declared it".to_owned()));
        assert_eq!(of(None, true), (false, "declared, no calls seen".to_owned()));
    }
}
