//! What was written on a span and on its process: first what calls that fail or are slow carry more
//! often than the rest, with both shares, then what tells of trouble, then by name.

use super::{RESTS_MILLIS, head::copy};
use crate::{
    api,
    charts::heat::percent,
    domain::{
        telemetry::{
            alike::{Alike, AlikeQuestion, Share},
            panels::Attribute,
            waterfall::took,
        },
        time::Timestamp,
        wording::grouped,
    },
    ui::{browser, drawing::view, session::session, times::Zone},
};
use leptos::{prelude::*, task::spawn_local};
use std::sync::Arc;

/// So many attributes are shown before the rest is asked for.
const SHOWN: usize = 12;

/// Whose attributes they are.
pub struct Carrier {
    /// `None`: the span has no time, and nothing is known of calls around it.
    pub began: Option<Timestamp>,
    pub service: String,
    pub operation: String,
    pub failed: bool,
    pub own: Vec<Attribute>,
    pub of_process: Vec<Attribute>,
}

pub fn attributes(carrier: Carrier) -> AnyView {
    let zone = session().zone.get_untracked();
    let alike = RwSignal::new(None::<Arc<Alike>>);
    let carrier = Arc::new(carrier);
    ask(alike, &carrier);
    let counted = counted(&carrier.own, &carrier.of_process);
    view! {
        <div class="trace__part">
            <h3>"Attributes " <span class="panel__note">{counted}</span></h3>
            {move || listed(&carrier, alike.get().as_deref(), zone)}
        </div>
    }
}

/// Asks how often calls like this one carry the same, once nobody walks on.
fn ask(alike: RwSignal<Option<Arc<Alike>>>, carrier: &Carrier) {
    let attributes: Vec<Attribute> = carrier.own.iter().chain(&carrier.of_process).cloned().collect();
    let Some(at) = carrier.began.filter(|_| !attributes.is_empty()) else { return };
    let question = AlikeQuestion { at, service: carrier.service.clone(), operation: carrier.operation.clone(), failed: carrier.failed, attributes };
    spawn_local(async move {
        browser::sleep(RESTS_MILLIS).await;
        if alike.try_get_untracked().is_none() {
            return;
        }
        // Without an answer the attributes stand as they are.
        if let Ok(answer) = api::traces::alike(question).await {
            let _ = alike.try_set(Some(Arc::new(answer)));
        }
    });
}

fn listed(carrier: &Carrier, alike: Option<&Alike>, zone: Zone) -> AnyView {
    let over: Vec<&Share> = alike.map(|alike| alike.shares.iter().filter(|share| share.over).collect()).unwrap_or_default();
    let is_rest = |attribute: &&Attribute| alike.is_none_or(|alike| alike.over(attribute).is_none());
    let own: Vec<Attribute> = sorted(&carrier.own).iter().filter(is_rest).cloned().collect();
    let of_process: Vec<Attribute> = carrier.of_process.iter().filter(is_rest).cloned().collect();
    let first = (!over.is_empty()).then(|| {
        let one = |share: &&Share| {
            view! {
                <div class="trace__over">
                    <dt>{share.name.clone()}</dt>
                    <dd><b class="mono">{share.value.clone()}</b> " " <span>{shares(share, alike)}</span></dd>
                </div>
            }
        };
        view! { <dl class="trace__pairs">{over.iter().map(one).collect_view()}</dl> }
    });
    view! {
        {alike.and_then(|alike| compared(alike, zone)).map(|words| view! { <p class="muted">{words}</p> })}
        {first}
        {folded(&own, SHOWN)}
        {(!of_process.is_empty())
            .then(|| {
                view! {
                    <details class="fold trace__resource">
                        <summary>{format!("Of its process, {}", of_process.len())}</summary>
                        {pairs(&of_process)}
                    </details>
                }
            })}
    }
}

fn n(n: u64) -> String {
    grouped(usize::try_from(n).unwrap_or(usize::MAX))
}

/// `97 % of 412 that fail, 34 % of 2,310 others`.
fn shares(share: &Share, alike: Option<&Alike>) -> String {
    let Some(alike) = alike else { return String::new() };
    let (marked, rest) = (share.of_marked(alike.marked), share.of_rest(alike.rest));
    format!("{} of {} {}, {} of {} others", percent(marked), n(alike.marked), which(alike), percent(rest), n(alike.rest))
}

fn which(alike: &Alike) -> &'static str {
    if alike.slow_from_s.is_some() { "slowest" } else { "that fail" }
}

/// What was counted, and what came out of it where nothing stands out; `None` where there was nothing to count.
fn compared(alike: &Alike, zone: Zone) -> Option<String> {
    if alike.marked + alike.rest == 0 {
        return None;
    }
    #[allow(clippy::cast_possible_truncation)] // seconds of a call
    let slow = alike.slow_from_s.map_or_else(String::new, |secs| format!(" from {}", took((secs * 1e9) as i64)));
    let kept = if alike.partial { ", of those that are kept" } else { "" };
    let counts = format!(
        "{} {}{slow} against {} others of this operation, {}–{} {}{kept}",
        n(alike.marked),
        which(alike),
        n(alike.rest),
        zone.hour_minute(alike.range.from),
        zone.hour_minute(alike.range.to),
        zone.name()
    );
    Some(match alike.shares.iter().any(|share| share.over) {
        true => format!("Over-represented first: {counts}."),
        false => format!("None is over-represented: {counts}."),
    })
}

/// What tells of trouble first, then by name.
fn sorted(attributes: &[Attribute]) -> Vec<Attribute> {
    const FIRST: [&str; 6] = ["error", "exception", "status", "deadline", "timeout", "retry"];
    let mut sorted = attributes.to_vec();
    sorted.sort_by_cached_key(|attribute| {
        let place = FIRST.iter().position(|word| attribute.name.contains(word)).unwrap_or(FIRST.len());
        (place, attribute.name.clone())
    });
    sorted
}

fn counted(attributes: &[Attribute], resource: &[Attribute]) -> String {
    match (attributes.len(), resource.len()) {
        (0, 0) => "none".to_owned(),
        (n, 0) => n.to_string(),
        (n, more) => format!("{n}, and {more} of its process"),
    }
}

fn folded(attributes: &[Attribute], most: usize) -> AnyView {
    if attributes.len() <= most + 2 {
        return pairs(attributes);
    }
    let (first, rest) = attributes.split_at(most);
    view! {
        {pairs(first)}
        <details class="fold trace__resource">
            <summary>{format!("{} more", rest.len())}</summary>
            {pairs(rest)}
        </details>
    }
}

fn pairs(attributes: &[Attribute]) -> AnyView {
    let one = |attribute: &Attribute| {
        let is_id = attribute.name.ends_with("correlation.id") || attribute.name.ends_with("correlation_id") || attribute.name.ends_with("request.id");
        view! {
            <div>
                <dt>{attribute.name.clone()}</dt>
                <dd class="mono">{attribute.value.clone()} {is_id.then(|| copy("id", attribute.value.clone()))}</dd>
            </div>
        }
    };
    view! { <dl class="trace__pairs">{attributes.iter().map(one).collect_view()}</dl> }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::telemetry::panels::Range;

    fn alike(slow_from_s: Option<f64>, over: bool) -> Alike {
        let share = Share { name: "card.region".to_owned(), value: "EU".to_owned(), marked: 400, rest: 785, over };
        let range = Range { from: Timestamp::from_micros(1_786_450_000_000_000), to: Timestamp::from_micros(1_786_453_600_000_000) };
        Alike { range, slow_from_s, marked: 412, rest: 2_310, partial: false, shares: vec![share] }
    }

    #[test]
    fn both_shares_stand_with_their_n() {
        let failing = alike(None, true);
        assert_eq!(shares(&failing.shares[0], Some(&failing)), "97 % of 412 that fail, 34 % of 2,310 others");
        let slow = alike(Some(0.75), true);
        assert_eq!(shares(&slow.shares[0], Some(&slow)), "97 % of 412 slowest, 34 % of 2,310 others");
    }

    #[test]
    fn what_was_counted_is_said_also_where_nothing_stands_out() {
        let said = compared(&alike(Some(0.75), false), Zone::Utc).expect("there were calls");
        assert!(said.starts_with("None is over-represented: 412 slowest from 750 ms against 2,310 others of this operation, "), "{said}");
        let said = compared(&Alike { partial: true, ..alike(None, true) }, Zone::Utc).expect("there were calls");
        assert!(said.starts_with("Over-represented first: 412 that fail against ") && said.ends_with("UTC, of those that are kept."), "{said}");
        assert_eq!(compared(&Alike { marked: 0, rest: 0, ..alike(None, false) }, Zone::Utc), None);
    }
}
