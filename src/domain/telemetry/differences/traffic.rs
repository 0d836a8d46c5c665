//! How often services are asked: from outside, and by each other for every entry.

use super::{Difference, DifferenceKind, Evidence, Figure, Finding, Pair, chance, words::number};
use crate::domain::{
    telemetry::facts::{Facts, Name, OperationKey, Step},
    wording::grouped,
};
use std::collections::BTreeMap;

/// Requests from outside come unevenly: what they swing by anyway, as a logarithm, and how bundled they are.
const SWING: f64 = 0.25;
const BUNDLE: f64 = 4.0;
/// What counts as a change: this many times as many, or one in so many.
const FLOOR: f64 = 2.0;
const FEWEST: f64 = 20.0;

pub(super) fn findings(pair: Pair<'_>) -> Vec<Finding> {
    let mut findings = from_outside(pair);
    findings.extend(per_entry(pair));
    findings
}

fn from_outside(pair: Pair<'_>) -> Vec<Finding> {
    let rates = |facts: &Facts| {
        let mut counts = BTreeMap::<Name, f64>::new();
        for (key, callers) in facts.callers.iter().filter(|(key, _)| key.caller.is_none()) {
            *counts.entry(key.service).or_default() += callers.requests as f64;
        }
        counts
    };
    let (now, before) = (rates(pair.now), rates(pair.before));
    let (secs, secs_before) = (pair.now.secs, pair.before.secs);
    if secs <= 0.0 || secs_before <= 0.0 {
        return Vec::new();
    }
    before
        .iter()
        .filter_map(|(service, n_before)| {
            let n = now.get(service).copied().unwrap_or_default();
            if n.max(n_before / secs_before * secs) < FEWEST || *n_before < FEWEST {
                return None;
            }
            let (rate, rate_before) = (n / secs, n_before / secs_before);
            let times = (n.max(0.5) / secs / rate_before).ln();
            let deviation = (BUNDLE / n.max(0.5) + BUNDLE / n_before + SWING * SWING).sqrt();
            let text = pair.text(*service);
            let figure = |n: f64, rate| Figure { n: n as u64, value: Some(rate) };
            let mut item = Difference::new(DifferenceKind::Service, text, "traffic", figure(n, rate), figure(*n_before, rate_before));
            item.text = format!(
                "{text} is called {} times a second from outside ({} calls); {} ({} calls) before.",
                number(rate),
                grouped(n as usize),
                number(rate_before),
                grouped(*n_before as usize)
            );
            Some(Finding {
                evidence: Evidence::Traffic,
                service: *service,
                p: (2.0 * chance::normal_tail(times.abs() / deviation)).min(1.0),
                large: times.abs() >= FLOOR.ln(),
                effect: (times.abs() / 10.0_f64.ln()).min(1.0),
                item,
            })
        })
        .collect()
}

/// Calls for every entry that became more: retries, loops.
fn per_entry(pair: Pair<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (key, now) in &pair.now.steps {
        let Step::Call(callee) = key.step else { continue };
        let entry = OperationKey { service: key.service, operation: key.entry };
        let (Some(entries), Some(entries_before)) = (pair.now.operations.get(&entry), pair.before.operations.get(&entry)) else { continue };
        let now = now.over(&entries.own_errors);
        let before = pair.before.steps.get(key).copied().unwrap_or_default().over(&entries_before.own_errors);
        if now.n < FEWEST || before.n < FEWEST || now.sum < FEWEST {
            continue;
        }
        let (rate, rate_before) = (now.sum / now.n, before.sum / before.n);
        let bundle = (now.variance_of_mean() * now.n / rate).max(1.0);
        let (caller, callee_text, operation) = (pair.text(key.service), pair.text(callee), pair.text(key.entry));
        let figure = |n: f64, rate| Figure { n: n as u64, value: Some(rate) };
        let mut item = Difference::new(DifferenceKind::Edge, caller, "traffic", figure(now.n, rate), figure(before.n, rate_before));
        item.operation = Some(operation.to_owned());
        item.peer = Some(callee_text.to_owned());
        item.text = format!(
            "{caller} calls {callee_text} {} times for each of {} calls of {operation}; {} times for each of {} before.",
            number(rate),
            grouped(now.n as usize),
            number(rate_before),
            grouped(before.n as usize)
        );
        findings.push(Finding {
            evidence: Evidence::Traffic,
            service: key.service,
            p: chance::higher_rate(now.sum, now.n, before.sum, before.n, bundle),
            large: rate >= FLOOR * rate_before && rate - rate_before >= 0.2,
            effect: ((rate / rate_before.max(0.1)).ln() / 10.0_f64.ln()).clamp(0.0, 1.0),
            item,
        });
    }
    findings
}
