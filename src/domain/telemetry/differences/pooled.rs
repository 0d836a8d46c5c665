//! Operations that are seldom entered, taken together: a service that does ten things eight times
//! each is called eighty times.
//!
//! Times are compared within each operation, so that more of a slow one is no slower service.

use super::{
    Pair, chance,
    latency::{Slow, Tail, Usual},
};
use crate::domain::telemetry::facts::{Clustered, Name, OperationFacts, OperationKey};
use std::collections::BTreeMap;

/// What is entered so often in both ranges stands for itself.
const OFTEN: f64 = 30.0;
/// One alone has no spread.
const FEWEST_OF_ONE: f64 = 2.0;
const FEWEST: f64 = 12.0;
const FEWEST_OPERATIONS: usize = 2;
/// Entries of one trace and of one moment are slow together.
const BUNDLE: f64 = 1.5;

/// The operations of each service that are rare in either range.
fn rare(pair: Pair<'_>) -> BTreeMap<Name, Vec<(OperationKey, &OperationFacts, &OperationFacts)>> {
    let mut rare = BTreeMap::<Name, Vec<_>>::new();
    for (key, now) in pair.now.operations.iter().filter(|(_, facts)| facts.entries > 0) {
        let Some(before) = pair.before.operations.get(key).filter(|facts| facts.entries > 0) else { continue };
        if (now.entries.min(before.entries) as f64) < OFTEN {
            rare.entry(key.service).or_default().push((*key, now, before));
        }
    }
    rare.retain(|_, operations| operations.len() >= FEWEST_OPERATIONS);
    rare
}

/// The errors of rare operations, in both ranges.
pub(super) fn errors(pair: Pair<'_>) -> impl Iterator<Item = (Name, usize, Clustered, Clustered)> {
    rare(pair).into_iter().map(|(service, operations)| {
        let mut both = (Clustered::default(), Clustered::default());
        for (_, now, before) in &operations {
            both.0.merge(&now.own_errors);
            both.1.merge(&before.own_errors);
        }
        (service, operations.len(), both.0, both.1)
    })
}

/// How much longer services take for their rare operations, those aside that are known to be slow.
pub(super) fn latency(pair: Pair<'_>, usual: Usual, is_known: impl Fn(Name) -> bool) -> Vec<(Name, Slow)> {
    let known = rare(pair).into_iter().filter(|(service, _)| !is_known(*service));
    known.filter_map(|(service, operations)| Some((service, together(&operations, usual)?))).collect()
}

fn together(operations: &[(OperationKey, &OperationFacts, &OperationFacts)], usual: Usual) -> Option<Slow> {
    let mut sums = Sums::default();
    for (_, now, before) in operations {
        let (now, before) = (&now.self_ln, &before.self_ln);
        if now.n >= FEWEST_OF_ONE && before.n >= FEWEST_OF_ONE {
            sums.add(now, before)?;
        }
    }
    if sums.operations < FEWEST_OPERATIONS as f64 || sums.n < FEWEST || sums.n_before < FEWEST {
        return None;
    }
    let growth = sums.growth / sums.weight - usual.common;
    let degrees = sums.n + sums.n_before - 2.0 * sums.operations;
    let variance = sums.squares / degrees.max(1.0);
    let deviation = (BUNDLE * variance * sums.inverse / (sums.weight * sums.weight) + usual.apart * usual.apart).sqrt();
    Some(Slow {
        n: sums.n as u64,
        n_before: sums.n_before as u64,
        typical: (sums.now / sums.weight).exp(),
        typical_before: (sums.before / sums.weight).exp(),
        growth,
        tail: Tail::default(),
        added_micros: (sums.now / sums.weight).exp() - (sums.before / sums.weight).exp(),
        p: chance::normal_tail(chance::from_t(growth / deviation, degrees)),
    })
}

/// Over operations, each by how much it tells.
#[derive(Default)]
struct Sums {
    operations: f64,
    n: f64,
    n_before: f64,
    weight: f64,
    growth: f64,
    now: f64,
    before: f64,
    /// Squared distances from each operation's own mean.
    squares: f64,
    inverse: f64,
}

impl Sums {
    fn add(&mut self, now: &Clustered, before: &Clustered) -> Option<()> {
        let (mean, mean_before) = (now.mean()?, before.mean()?);
        let weight = now.n * before.n / (now.n + before.n);
        self.operations += 1.0;
        self.n += now.n;
        self.n_before += before.n;
        self.weight += weight;
        self.growth += weight * (mean - mean_before);
        self.now += weight * mean;
        self.before += weight * mean_before;
        self.squares += now.variance() * now.n + before.variance() * before.n;
        self.inverse += weight * weight * (1.0 / now.n + 1.0 / before.n);
        Some(())
    }
}
