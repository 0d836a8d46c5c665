//! Whether the entries that are seen are all there were. Where a sampler keeps one trace in ten and
//! every log record comes, records are held against a tenth of the entries they follow from, and how
//! large that tenth is, is an estimate: as uncertain as the few entries are few.

use super::Pair;
use crate::domain::telemetry::facts::{Facts, Name, StatementKey};
use std::collections::{BTreeMap, BTreeSet};

/// Fewer sampled entries do not tell that there is less of something.
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

    /// Whether some traces of a service are known not to be here.
    pub fn is_sampled(&self, service: Name) -> bool {
        self.services.contains(&service)
    }

    /// How far the ratio of so many entries may be off as one of the requests behind a statement's
    /// records, as a logarithm; zero where the entries may well be all there were.
    pub fn spread(&self, key: &StatementKey, (now, before): (f64, f64)) -> f64 {
        let rate = |facts: &Facts, entries: f64| facts.statements.get(key).map_or(0.0, |facts| facts.n as f64) / entries.max(1.0);
        let are_several = || rate(self.pair.now, now).max(rate(self.pair.before, before)) >= TIMES;
        let may_be_few = self.is_sampled(key.service) || !self.placing.contains(&key.service) && are_several();
        if may_be_few { (1.0 / now.max(1.0) + 1.0 / before.max(1.0)).sqrt() } else { 0.0 }
    }
}
