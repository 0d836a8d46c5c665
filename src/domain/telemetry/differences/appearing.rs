//! What happens now and did not before: inner steps and log statements that entries lead to. An
//! error's handler, a retry, a fallback show themselves like this where nothing says that it failed.
//! Calls that become more are traffic's, records of severity ERROR are errors'.

use super::{Difference, DifferenceKind, Evidence, Figure, Finding, Pair, chance};
use crate::domain::{
    telemetry::facts::{OperationKey, StatementKey, Step},
    wording::{count, grouped},
};

/// Fewer may be anything.
const FEWEST: f64 = 10.0;
const FEWEST_ENTRIES: f64 = 10.0;
/// It follows from this share of entries at least, and so many times as often as before.
const FLOOR: f64 = 0.05;
const TIMES: f64 = 5.0;
/// What is new comes in bundles that nothing before could show.
const BUNDLE: f64 = 2.0;

pub(super) fn findings(pair: Pair<'_>) -> Vec<Finding> {
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
