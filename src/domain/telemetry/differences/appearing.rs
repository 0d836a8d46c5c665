//! What happens now and did not before: inner steps and log statements that entries lead to. An
//! error's handler, a retry, a fallback show themselves like this where nothing says that it failed.
//! Calls that become more are traffic's, records of severity ERROR are errors'.

use super::{Difference, DifferenceKind, Evidence, Figure, Finding, Pair, chance, sampled::Sampled};
use crate::domain::{
    telemetry::facts::{Facts, Name, OperationFacts, OperationKey, StatementFacts, StatementKey, Step, StepKey},
    wording::{count, grouped},
};

use std::collections::BTreeMap;

/// Fewer may be anything.
const FEWEST: f64 = 10.0;
const FEWEST_ENTRIES: f64 = 10.0;
/// It follows from this share of entries at least, and so many times as often as before.
const FLOOR: f64 = 0.05;
const TIMES: f64 = 5.0;
/// Of all entries of a service, where it is not known which it follows from.
const FLOOR_OF_ALL: f64 = 0.02;
const FEWEST_RECORDS: u64 = 8;
/// What is new comes in bundles that nothing before could show.
const BUNDLE: f64 = 1.5;
/// An operation that accounts for a statement became so many times as large a part of all entries …
const TIMES_OF_ENTRIES: f64 = 2.5;
/// … and the statement follows from it no more than so many times as often as before.
const AS_OFTEN: f64 = 1.5;

pub(super) fn findings(pair: Pair<'_>) -> Vec<Finding> {
    let mut findings = steps(pair);
    let told = |key: &StatementKey| findings.iter().any(|finding| finding.large && finding.p < 0.01 && finding.of(pair, key));
    let statements = statements(pair, told);
    findings.extend(statements);
    findings
}

/// Statements over all entries of their service: those whose records name no span, and those of
/// which each of many operations writes a few.
fn statements(pair: Pair<'_>, is_told: impl Fn(&StatementKey) -> bool) -> Vec<Finding> {
    let (entries, entries_before) = (entries(pair.now), entries(pair.before));
    let mix = Mix { pair, now: &entries, before: &entries_before };
    let sampled = Sampled::of(pair);
    let mut findings = Vec::new();
    for (key, now) in pair.now.statements.iter().filter(|(key, facts)| facts.errors * 2 <= facts.n && facts.n >= FEWEST_RECORDS && !is_told(key)) {
        let of = |entries: &BTreeMap<Name, u64>| entries.get(&key.service).copied().unwrap_or_default() as f64;
        let (of_now, of_before) = (of(&entries), of(&entries_before));
        let before = pair.before.statements.get(key).map_or(0.0, |facts| facts.n as f64);
        if of_now < FEWEST_ENTRIES || of_before < FEWEST_ENTRIES || mix.explains(key, now, before) {
            continue;
        }
        let now = now.n as f64;
        let (rate, rate_before) = (now / of_now, before / of_before);
        let (service, statement) = (pair.text(key.service), pair.text(key.statement));
        let figure = |n: f64, rate| Figure { n: n as u64, value: Some(rate) };
        let new = if before == 0.0 { "now" } else { "more often" };
        let item = Difference {
            attribute: Some("log.statement".to_owned()),
            value: Some(statement.to_owned()),
            text: format!(
                "{service} {new} logs “{statement}”: {} in {}; {} in {} before.",
                grouped(now as usize),
                count(of_now as usize, "call", "calls"),
                grouped(before as usize),
                grouped(of_before as usize)
            ),
            ..Difference::new(DifferenceKind::Service, service, "log", figure(of_now, rate), figure(of_before, rate_before))
        };
        findings.push(Finding {
            evidence: Evidence::Appearing,
            service: key.service,
            p: chance::higher_rate_about(now, of_now, before, of_before, BUNDLE, sampled.spread(key, (of_now, of_before))),
            large: rate - rate_before >= FLOOR_OF_ALL && rate >= TIMES * rate_before,
            effect: (0.3 + 0.7 * (rate - rate_before)).clamp(0.0, 1.0),
            item,
        });
    }
    findings
}

fn entries(facts: &Facts) -> BTreeMap<Name, u64> {
    let mut entries = BTreeMap::<Name, u64>::new();
    for (key, operation) in &facts.operations {
        *entries.entry(key.service).or_default() += operation.entries;
    }
    entries
}

/// Which operations a service's entries are of.
struct Mix<'a> {
    pair: Pair<'a>,
    /// Entries of each service.
    now: &'a BTreeMap<Name, u64>,
    before: &'a BTreeMap<Name, u64>,
}

impl Mix<'_> {
    /// Whether operations became so much more common among the entries that the statement, of which
    /// there were so many records before, may well have come with them: then it is not the
    /// statement that is new.
    fn explains(&self, key: &StatementKey, now: &StatementFacts, before: f64) -> bool {
        let first = OperationKey { service: key.service, operation: Name(0) };
        let mut operations = self.pair.now.operations.range(first..).take_while(|(operation, _)| operation.service == key.service);
        let records = now.n as f64;
        if 2 * now.placed < now.n {
            return operations.any(|(operation, facts)| facts.entries as f64 >= 0.5 * records && self.brings(operation, facts, records, before));
        }
        // It is known which entries they follow from.
        let brought: f64 = operations
            .filter_map(|(operation, facts)| {
                let step = StepKey { service: key.service, entry: operation.operation, step: Step::Statement(key.statement) };
                let records = self.pair.now.steps.get(&step)?.sum;
                let before = self.pair.before.steps.get(&step).map_or(0.0, |step| step.sum);
                self.brings(operation, facts, records, before).then_some(records)
            })
            .sum();
        brought >= 0.5 * records
    }

    /// Whether an operation is a larger part of the entries than before, and so many records are
    /// no more for each of its entries than they were; one that came once may as well have not.
    fn brings(&self, key: &OperationKey, now: &OperationFacts, records: f64, records_before: f64) -> bool {
        let of = |all: &BTreeMap<Name, u64>| all.get(&key.service).copied().unwrap_or_default().max(1) as f64;
        let (entries, before) = (now.entries as f64, self.pair.before.operations.get(key).map_or(0.0, |facts| facts.entries as f64));
        entries > 0.0
            && entries / of(self.now) >= TIMES_OF_ENTRIES * before / of(self.before)
            && records * before <= AS_OFTEN * (records_before + 1.0) * entries
    }
}

impl Finding {
    /// Whether it is about this statement.
    fn of(&self, pair: Pair<'_>, key: &StatementKey) -> bool {
        self.service == key.service && self.item.attribute.is_some() && self.item.value.as_deref() == Some(pair.text(key.statement))
    }
}

fn steps(pair: Pair<'_>) -> Vec<Finding> {
    pair.now
        .steps
        .iter()
        .filter_map(|(key, now)| {
            let entry = OperationKey { service: key.service, operation: key.entry };
            let (entries, entries_before) = (pair.now.operations.get(&entry)?, pair.before.operations.get(&entry)?);
            let now = now.over(&entries.own_errors);
            let before = pair.before.steps.get(key).copied().unwrap_or_default().over(&entries_before.own_errors);
            if now.sum < FEWEST || now.n < FEWEST_ENTRIES || before.n < FEWEST_ENTRIES {
                return None;
            }
            let (rate, rate_before) = (now.sum / now.n, before.sum / before.n);
            let (service, entry) = (pair.text(key.service), pair.text(key.entry));
            let figure = |n: f64, rate| Figure { n: n as u64, value: Some(rate) };
            let shell = |kind, measure| Difference::new(kind, service, measure, figure(now.n, rate), figure(before.n, rate_before));
            let counts = format!(
                "{} in {} of {entry}; {} in {} before",
                grouped(now.sum as usize),
                count(now.n as usize, "call", "calls"),
                grouped(before.sum as usize),
                grouped(before.n as usize)
            );
            let new = if before.sum == 0.0 { "now" } else { "more often" };
            let item = match key.step {
                Step::Call(_) => return None,
                Step::Operation(operation) => Difference {
                    operation: Some(pair.text(operation).to_owned()),
                    text: format!("{} of {service} {new} happens: {counts}.", pair.text(operation)),
                    ..shell(DifferenceKind::Operation, "traffic")
                },
                Step::Statement(statement) => {
                    let facts = pair.now.statements.get(&StatementKey { service: key.service, statement })?;
                    if facts.errors * 2 > facts.n {
                        return None;
                    }
                    Difference {
                        operation: Some(entry.to_owned()),
                        attribute: Some("log.statement".to_owned()),
                        value: Some(pair.text(statement).to_owned()),
                        text: format!("{service} {new} logs “{}”: {counts}.", pair.text(statement)),
                        ..shell(DifferenceKind::Service, "log")
                    }
                }
            };
            let bundle = (now.variance_of_mean() * now.n / rate).max(BUNDLE);
            Some(Finding {
                evidence: Evidence::Appearing,
                service: key.service,
                p: chance::higher_rate(now.sum, now.n, before.sum, before.n, bundle),
                large: rate - rate_before >= FLOOR && rate >= TIMES * rate_before,
                effect: (0.3 + 0.7 * (rate - rate_before)).clamp(0.0, 1.0),
                item,
            })
        })
        .collect()
}
