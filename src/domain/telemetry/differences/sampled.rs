//! Whether the entries that are seen are all there were. Where a sampler keeps one trace in ten and
//! every log record comes, records are held against a tenth of the entries they follow from, and how
//! large that tenth is, is an estimate: as uncertain as the few entries are few.

use super::Pair;
use crate::domain::telemetry::facts::{Name, StatementKey};
use std::collections::{BTreeMap, BTreeSet};

/// Fewer sampled entries stand for nothing.
pub(super) const FEWEST_ENTRIES: f64 = 20.0;
/// So many times as many records as belong to a span that was seen, or, where none does, as there are entries.
const TIMES: f64 = 1.5;

pub(super) struct Sampled<'a> {
    pair: Pair<'a>,
    /// Services of which some traces are not here.
    services: BTreeSet<Name>,
    /// Services of which any record belongs to a span that was seen.
    placing: BTreeSet<Name>,
}

impl<'a> Sampled<'a> {
    pub fn of(pair: Pair<'a>) -> Self {
        let mut records = BTreeMap::<Name, (u64, u64)>::new();
        for facts in [pair.now, pair.before] {
            for (key, facts) in facts.statements.iter().filter(|(_, facts)| facts.placed > 0) {
                let all = records.entry(key.service).or_default();
                *all = (all.0 + facts.n, all.1 + facts.placed);
            }
        }
        let services = records.iter().filter(|(_, (n, placed))| *n as f64 >= TIMES * *placed as f64).map(|(service, _)| *service).collect();
        Self { pair, services, placing: records.into_keys().collect() }
    }

    /// How far the ratio of so many entries may be off as one of the requests behind a statement's
    /// records, as a logarithm; `None` where the entries are known to be all.
    pub fn spread(&self, key: &StatementKey, entries: (f64, f64)) -> Option<f64> {
        let rate = |facts: &super::Facts, entries: f64| facts.statements.get(key).map_or(0.0, |facts| facts.n as f64) / entries.max(1.0);
        let is_several = || rate(self.pair.now, entries.0).max(rate(self.pair.before, entries.1)) >= TIMES;
        let is_sampled = self.services.contains(&key.service) || !self.placing.contains(&key.service) && is_several();
        is_sampled.then(|| (1.0 / entries.0.max(1.0) + 1.0 / entries.1.max(1.0)).sqrt())
    }
}
