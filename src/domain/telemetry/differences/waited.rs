//! What of a service's own time is waiting for somebody else: for a side that shows nothing of the
//! call, or on a way on which no span of the caller's waits.
//!
//! An entry's own time is all that no call covers. Where calls have no span of their caller's, the
//! way to the other side and back lies in it, and so does the whole call where the other side's span
//! is missing. Both belong to the edge.

use super::{
    Pair,
    ends::{Blame, Calls, Edge},
    latency::Slow,
};
use crate::domain::telemetry::facts::{Clustered, Facts, Name, OperationKey, Step, StepKey};
use std::collections::BTreeMap;

/// From this share of an added time on it is not the service's own.
const MOST: f64 = 0.5;

/// What calls spend between two services, beyond the time of the other side.
pub(super) struct Way {
    pub slow: Slow,
    /// Measured by the free time around the other side's span.
    pub is_around: bool,
}

/// By how much services wait longer than before.
pub(super) struct Waits {
    /// What one call of an edge adds that is put to the other end, in microseconds.
    by_edge: BTreeMap<(Name, Name), f64>,
    /// What calls that nobody shows add for every entry of an operation of the service, in microseconds.
    unseen: BTreeMap<(Name, Name), f64>,
}

/// Entries fewer than that do not tell how often they lead to a call.
const FEWEST: f64 = 5.0;
/// Calls are made as before if for every entry they are as many but for this share.
const STEADY: f64 = 0.25;
/// So many standard deviations are chance.
const CHANCE: f64 = 3.0;

/// Whether a service's entries lead to other calls or inner steps than before: then what lies between
/// them is longer or shorter for that reason. Of inner steps there are many, and some are more or
/// fewer by chance.
pub(super) fn works_differently(pair: Pair<'_>, service: Name) -> bool {
    let over = |facts: &Facts, key: &StepKey| {
        let entries = facts.operations.get(&OperationKey { service, operation: key.entry }).map(|facts| facts.own_errors)?;
        (entries.n >= FEWEST).then(|| facts.steps.get(key).copied().unwrap_or_default().over(&entries))
    };
    let keys =
        |facts: &Facts| -> Vec<StepKey> { steps_of(facts, service).map(|(key, _)| *key).filter(|key| !matches!(key.step, Step::Statement(_))).collect() };
    keys(pair.before).into_iter().chain(keys(pair.now)).any(|key| match (over(pair.now, &key), over(pair.before, &key)) {
        (Some(now), Some(before)) => {
            let (of_now, of_before) = (now.sum / now.n, before.sum / before.n);
            let apart = (of_now - of_before).abs();
            let by_chance = CHANCE * (now.variance_of_mean() + before.variance_of_mean()).sqrt();
            apart > STEADY * of_before.max(of_now).max(0.4) && (matches!(key.step, Step::Call(_)) || apart > by_chance)
        }
        _ => false,
    })
}

fn steps_of(facts: &Facts, service: Name) -> impl Iterator<Item = (&StepKey, &Clustered)> {
    let first = StepKey { service, entry: Name(0), step: Step::Operation(Name(0)) };
    facts.steps.range(first..).take_while(move |(key, _)| key.service == service)
}

fn entered(facts: &Facts, service: Name, operation: Name) -> f64 {
    facts.operations.get(&OperationKey { service, operation }).map_or(0.0, |facts| facts.own_errors.n)
}

/// How often an entry of each operation leads to a call of this service by a span of this name, where
/// it does. A name may stand for calls of many: those that reached tell them apart, if any did.
fn leads_to(pair: Pair<'_>, (caller, callee): (Name, Name), by: Name) -> BTreeMap<Name, f64> {
    let rates = |step: Step| {
        let mut sums = BTreeMap::<Name, f64>::new();
        for facts in [pair.now, pair.before] {
            for (key, steps) in steps_of(facts, caller).filter(|(key, _)| key.step == step) {
                *sums.entry(key.entry).or_default() += steps.sum;
            }
        }
        let rate = |entry: Name, sum: f64| sum / (entered(pair.now, caller, entry) + entered(pair.before, caller, entry)).max(1.0);
        sums.into_iter().map(|(entry, sum)| (entry, rate(entry, sum))).collect::<BTreeMap<Name, f64>>()
    };
    let spans = rates(Step::Operation(by));
    let mut calls = rates(Step::Call(callee));
    calls.retain(|entry, _| spans.contains_key(entry));
    if calls.is_empty() { spans } else { calls }
}

/// What the calls of an edge that nobody shows add, by the operation of the caller's that they lie in:
/// one that does not lead to them has none of their waiting. A span that waits and is looked at for
/// itself has all of its own.
fn unseen(pair: Pair<'_>, ends: (Name, Name), edge: &Edge) -> Vec<(Name, f64)> {
    let mut unseen = Vec::new();
    for by in edge.now.waited_micros.keys() {
        let waited = |calls: &Calls| calls.waited_micros.get(by).copied().unwrap_or_default();
        let leads = leads_to(pair, ends, *by);
        let of_call = |facts: &Facts, calls: &Calls| {
            let calls_made: f64 = leads.iter().map(|(entry, rate)| rate * entered(facts, ends.0, *entry)).sum();
            if calls_made > 0.0 { waited(calls) / calls_made } else { 0.0 }
        };
        let added = of_call(pair.now, &edge.now) - of_call(pair.before, &edge.before);
        unseen.extend(leads.iter().map(|(entry, rate)| (*entry, rate * added)));
        if !leads.contains_key(by) {
            let key = OperationKey { service: ends.0, operation: *by };
            let spans = |facts: &Facts| facts.operations.get(&key).map_or(0, |facts| facts.self_time.n()).max(1) as f64;
            unseen.push((*by, waited(&edge.now) / spans(pair.now) - waited(&edge.before) / spans(pair.before)));
        }
    }
    unseen
}

impl Waits {
    pub fn of(pair: Pair<'_>, edges: &BTreeMap<(Name, Name), Edge>, ways: &[((Name, Name), Way)], blamed: &BTreeMap<(Name, Name), Blame>) -> Self {
        let is_of_other = |key: &(Name, Name)| blamed.get(key).is_some_and(|blame| blame.service != key.0);
        let by_edge = ways.iter().filter(|(key, way)| way.is_around && is_of_other(key)).map(|(key, way)| (*key, way.slow.added_micros)).collect();
        let mut of_operations = BTreeMap::<(Name, Name), f64>::new();
        for (key, edge) in edges {
            for (operation, added) in unseen(pair, *key, edge) {
                *of_operations.entry((key.0, operation)).or_default() += added;
            }
        }
        Self { by_edge, unseen: of_operations }
    }

    /// Whether most of what an operation takes longer is waiting.
    pub fn explain(&self, pair: Pair<'_>, (service, operation): (Name, Name), slow: &Slow) -> bool {
        let calls = |callee: Name| {
            let key = StepKey { service, entry: operation, step: Step::Call(callee) };
            pair.now.steps.get(&key).map_or(0.0, |steps| steps.sum / entered(pair.now, service, operation).max(1.0))
        };
        let ways: f64 = self.by_edge.iter().filter(|((caller, _), _)| *caller == service).map(|((_, callee), added)| calls(*callee) * added.max(0.0)).sum();
        let unseen = self.unseen.get(&(service, operation)).copied().unwrap_or_default().max(0.0);
        slow.added_micros > 0.0 && ways + unseen >= MOST * slow.added_micros
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::telemetry::{
        differences::{ends, latency::Tail, tests::span},
        facts::Names,
        gather::{Gathering, SpanKind, SpanView},
    };

    #[test]
    fn waiting_excuses_only_what_leads_to_it() {
        let mut names = Names::default();
        let [web, ads, pay, order, list, get] = ["web", "ads", "pay", "/order", "/list", "GET"].map(|text| names.of(text));
        // Both entries call by spans of the same name; every other call of pay is one that pay never shows.
        let system = |hangs: bool| {
            let mut gathering = Gathering::default();
            for nth in 0..60 {
                for (entry, callee) in [(order, pay), (list, ads)] {
                    let lost = hangs && callee == pay && nth % 2 == 0;
                    let took = if lost { 900_000 } else { 4_000 };
                    let of = |id: u64, service, operation, kind: SpanKind, micros| SpanView {
                        kind,
                        peer: (kind == SpanKind::Client).then_some(callee),
                        ..span(id, (id > 1).then(|| id - 1), service, operation, 0, micros)
                    };
                    let mut spans = vec![of(1, web, entry, SpanKind::Server, took + 2_000), of(2, web, get, SpanKind::Client, took)];
                    if !lost {
                        spans.push(of(3, callee, get, SpanKind::Server, took - 600));
                    }
                    gathering.trace(&spans, &[]);
                }
            }
            gathering.finish(60.0)
        };
        let (before, now) = (system(false), system(true));
        let pair = Pair { now: &now, before: &before, names: &names };
        let waits = Waits::of(pair, &ends::edges(pair), &[], &BTreeMap::new());
        let explains = |operation: Name, added_micros: f64| {
            let slow = Slow { n: 60, n_before: 60, typical: 0.0, typical_before: 0.0, growth: 1.0, tail: Tail::default(), added_micros, p: 0.0 };
            waits.explain(pair, (web, operation), &slow)
        };
        // Half of them wait 900 ms.
        assert!(explains(order, 450_000.0) && explains(order, 800_000.0) && !explains(order, 1_000_000.0));
        assert!(!explains(list, 50_000.0));
        assert!(explains(get, 900_000.0));
    }
}
