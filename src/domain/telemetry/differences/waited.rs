//! What of a service's own time is waiting for somebody else: for a side that shows nothing of the
//! call, or on a way on which no span of the caller's waits.
//!
//! An entry's own time is all that no call covers. Where calls have no span of their caller's, the
//! way to the other side and back lies in it, and so does the whole call where the other side's span
//! is missing. Both belong to the edge.

use super::{
    Pair,
    ends::{Blame, Edge},
    latency::Slow,
};
use crate::domain::telemetry::facts::{Facts, Name, OperationKey, Step, StepKey};
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
    /// What calls that nobody shows add for every entry of the service, in microseconds.
    unseen: BTreeMap<Name, f64>,
}

/// Entries fewer than that do not tell how often they lead to a call.
const FEWEST: f64 = 5.0;
/// Calls are made as before if for every entry they are as many but for this share.
const STEADY: f64 = 0.25;

/// Whether a service's entries lead to other calls than before: then what lies between them is
/// longer or shorter for that reason.
pub(super) fn calls_differently(pair: Pair<'_>, service: Name) -> bool {
    let first = StepKey { service, entry: Name(0), step: Step::Operation(Name(0)) };
    let of = |facts: &Facts, key: &StepKey| {
        let entries = facts.operations.get(&OperationKey { service, operation: key.entry }).map_or(0.0, |facts| facts.own_errors.n);
        (entries >= FEWEST).then(|| facts.steps.get(key).map_or(0.0, |steps| steps.sum / entries))
    };
    let calls = |facts: &'_ Facts| -> Vec<StepKey> {
        let steps = facts.steps.range(first..).take_while(|(key, _)| key.service == service);
        steps.map(|(key, _)| *key).filter(|key| matches!(key.step, Step::Call(_))).collect()
    };
    calls(pair.before).into_iter().chain(calls(pair.now)).any(|key| match (of(pair.now, &key), of(pair.before, &key)) {
        (Some(now), Some(before)) => (now - before).abs() > STEADY * before.max(now).max(0.4),
        _ => false,
    })
}

impl Waits {
    pub fn of(pair: Pair<'_>, edges: &BTreeMap<(Name, Name), Edge>, ways: &[((Name, Name), Way)], blamed: &BTreeMap<(Name, Name), Blame>) -> Self {
        let is_of_other = |key: &(Name, Name)| blamed.get(key).is_some_and(|blame| blame.service != key.0);
        let by_edge = ways.iter().filter(|(key, way)| way.is_around && is_of_other(key)).map(|(key, way)| (*key, way.slow.added_micros)).collect();
        let mut unseen = BTreeMap::<Name, f64>::new();
        for ((caller, _), edge) in edges {
            let entries = |facts: &Facts| {
                let first = OperationKey { service: *caller, operation: Name(0) };
                facts.operations.range(first..).take_while(|(key, _)| key.service == *caller).map(|(_, facts)| facts.entries).sum::<u64>().max(1) as f64
            };
            if edge.now.waited_micros > 0.0 {
                *unseen.entry(*caller).or_default() += edge.now.waited_micros / entries(pair.now) - edge.before.waited_micros / entries(pair.before);
            }
        }
        Self { by_edge, unseen }
    }

    /// Whether most of what an operation takes longer is waiting.
    pub fn explain(&self, pair: Pair<'_>, (service, operation): (Name, Name), slow: &Slow) -> bool {
        let calls = |callee: Name| {
            let key = StepKey { service, entry: operation, step: Step::Call(callee) };
            let entries = pair.now.operations.get(&OperationKey { service, operation }).map_or(0.0, |facts| facts.own_errors.n);
            pair.now.steps.get(&key).map_or(0.0, |steps| steps.sum / entries.max(1.0))
        };
        let ways: f64 = self.by_edge.iter().filter(|((caller, _), _)| *caller == service).map(|((_, callee), added)| calls(*callee) * added.max(0.0)).sum();
        let unseen = self.unseen.get(&service).copied().unwrap_or_default().max(0.0);
        slow.added_micros > 0.0 && ways + unseen >= MOST * slow.added_micros
    }
}
