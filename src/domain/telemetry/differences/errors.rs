//! Errors of a service's own: entries with something in error and nothing below it in error, calls
//! that fail though the other side answered or was never reached, and log records of severity
//! ERROR or above.

use super::{
    Difference, DifferenceKind, Evidence, Figure, Finding, Pair, chance,
    ends::{self, Known, Verdict},
    pooled,
    sampled::Sampled,
    words::{of_calls, percent},
};
use crate::domain::{
    telemetry::facts::{Clustered, Facts, Name},
    wording::grouped,
};
use std::collections::{BTreeMap, BTreeSet};

/// Under so many calls in either range there is no ratio to speak of.
const FEWEST_CALLS: f64 = 5.0;
/// Fewer errors than that are not worth a line.
const FEWEST_ERRORS: f64 = 3.0;
/// Records of one event come in bundles (a stack trace, a retry); where no trace says how large.
const BUNDLE: f64 = 1.5;

pub(super) fn findings(pair: Pair<'_>) -> Vec<Finding> {
    let mut findings = entries(pair);
    let of_rare = of_rare(pair, &findings);
    findings.extend(of_rare);
    findings.extend(calls(pair));
    findings.extend(records(pair));
    findings
}

/// Errors over so many, in both ranges.
#[derive(Clone, Copy)]
struct Ratios {
    now: Figure,
    before: Figure,
    p: f64,
    large: bool,
    effect: f64,
}

/// How much a ratio that grew by so much counts: by its points, not by how many times it is what it was.
fn size(points: f64) -> f64 {
    0.35 + 0.65 * points.clamp(0.0, 1.0).sqrt()
}

fn ratios(now: &Clustered, before: &Clustered) -> Option<Ratios> {
    if now.n < FEWEST_CALLS || before.n < FEWEST_CALLS {
        return None;
    }
    let (now_ratio, before_ratio) = (now.sum / now.n, before.sum / before.n);
    let bundle = now.design_effect().max(before.design_effect());
    Some(Ratios {
        now: Figure { n: now.n as u64, value: Some(now_ratio) },
        before: Figure { n: before.n as u64, value: Some(before_ratio) },
        p: chance::higher_share(now.sum, now.n, before.sum, before.n, bundle),
        large: now.sum >= FEWEST_ERRORS && (now_ratio >= 2.0 * before_ratio && now_ratio - before_ratio >= 0.01 || now_ratio - before_ratio >= 0.1),
        effect: size(now_ratio - before_ratio),
    })
}

fn entries(pair: Pair<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (key, now) in pair.now.operations.iter().filter(|(_, facts)| facts.entries > 0) {
        let Some(before) = pair.before.operations.get(key) else { continue };
        let Some(ratios) = ratios(&now.own_errors, &before.own_errors) else { continue };
        let (service, operation) = (pair.text(key.service), pair.text(key.operation));
        let mut item = Difference::new(DifferenceKind::Operation, service, "errors", ratios.now, ratios.before);
        item.operation = Some(operation.to_owned());
        item.text = format!(
            "{service} fails in {} of {operation}; {} before. Nothing that it calls failed there.",
            of_calls(now.own_errors.sum, now.own_errors.n),
            of_calls(before.own_errors.sum, before.own_errors.n),
        );
        findings.push(Finding { evidence: Evidence::Errors, service: key.service, p: ratios.p, large: ratios.large, effect: ratios.effect, item });
    }
    findings
}

/// Those of operations that are seldom entered, together, where none of them is named alone.
fn of_rare(pair: Pair<'_>, known: &[Finding]) -> Vec<Finding> {
    let is_known = |service: Name| known.iter().any(|finding| finding.service == service && finding.large && finding.p < 0.001);
    let mut findings = Vec::new();
    for (service, operations, now, before) in pooled::errors(pair).filter(|(service, ..)| !is_known(*service)) {
        let Some(ratios) = ratios(&now, &before) else { continue };
        let text = pair.text(service);
        let mut item = Difference::new(DifferenceKind::Service, text, "errors", ratios.now, ratios.before);
        item.text = format!(
            "{text} fails in {} of {operations} rare operations; {} before. Nothing that it calls failed there.",
            of_calls(now.sum, now.n),
            of_calls(before.sum, before.n)
        );
        findings.push(Finding { evidence: Evidence::Errors, service, p: ratios.p, large: ratios.large, effect: ratios.effect, item });
    }
    findings
}

fn calls(pair: Pair<'_>) -> Vec<Finding> {
    let edges = ends::edges(pair);
    let judged: Vec<((Name, Name), Ratios)> =
        edges.iter().filter_map(|(key, edge)| Some((*key, ratios(&edge.now.own_errors, &edge.before.own_errors)?))).collect();
    let blamed = ends::blamed(
        pair.names,
        &judged.iter().map(|((caller, callee), ratios)| (*caller, *callee, Verdict::of(ratios.large && ratios.p < 0.01, ratios.now.n))).collect::<Vec<_>>(),
    );
    let mut findings = Vec::new();
    for (key, ratios) in judged {
        let blame = blamed.get(&key);
        let service = blame.map_or(key.1, |blame| blame.service);
        let peer = if service == key.0 { key.1 } else { key.0 };
        let mut item = Difference::new(DifferenceKind::Edge, pair.text(service), "errors", ratios.now, ratios.before);
        item.peer = Some(pair.text(peer).to_owned());
        let counts = |figure: Figure| of_calls(figure.value.unwrap_or_default() * figure.n as f64, figure.n as f64);
        item.text = format!(
            "Calls from {} to {} fail on the way in {}; {} before{}.",
            pair.text(key.0),
            pair.text(key.1),
            counts(ratios.now),
            counts(ratios.before),
            blame.map_or(String::new(), |blame| format!(". {} has this on {}", pair.text(blame.service), blame.words())),
        );
        findings.push(Finding { evidence: Evidence::Errors, service, p: ratios.p, large: ratios.large, effect: ratios.effect, item });
    }
    findings.extend(lone_calls(pair));
    findings
}

/// Calls to what sends no spans of its own, a database as a rule.
fn lone_calls(pair: Pair<'_>) -> Vec<Finding> {
    let known = Known::of(pair);
    let mut both = BTreeMap::<(Name, Name), (Clustered, Clustered)>::new();
    let mut add = |facts: &Facts, is_now: bool| {
        for (key, calls) in facts.calls.iter().filter(|(key, _)| key.callee.is_none()) {
            if known.callee(pair, key.caller, key.operation, key.peer).is_none() {
                let both = both.entry((key.caller, key.operation)).or_default();
                (if is_now { &mut both.0 } else { &mut both.1 }).merge(&calls.own_errors);
            }
        }
    };
    add(pair.now, true);
    add(pair.before, false);
    let mut findings = Vec::new();
    for ((caller, operation), (now, before)) in &both {
        let Some(ratios) = ratios(now, before) else { continue };
        let (service, operation) = (pair.text(*caller), pair.text(*operation));
        let mut item = Difference::new(DifferenceKind::Operation, service, "errors", ratios.now, ratios.before);
        item.operation = Some(operation.to_owned());
        item.text = format!("{service}'s own calls {operation} fail in {}; {} before.", of_calls(now.sum, now.n), of_calls(before.sum, before.n));
        findings.push(Finding { evidence: Evidence::Errors, service: *caller, p: ratios.p, large: ratios.large, effect: ratios.effect, item });
    }
    findings
}

/// Error records by statement. The rate is by the service's entries, or by time where it has none.
fn records(pair: Pair<'_>) -> Vec<Finding> {
    let entries = |facts: &Facts| {
        let mut entries = BTreeMap::<Name, f64>::new();
        for (key, operation) in &facts.operations {
            *entries.entry(key.service).or_default() += operation.entries as f64;
        }
        entries
    };
    let (entries_now, entries_before) = (entries(pair.now), entries(pair.before));
    let sampled = Sampled::of(pair);
    let keys: BTreeSet<_> = pair.now.statements.iter().filter(|(_, facts)| facts.own_errors > 0).map(|(key, _)| *key).collect();
    let mut findings = Vec::new();
    for key in keys {
        let now = pair.now.statements.get(&key).copied().unwrap_or_default();
        let before = pair.before.statements.get(&key).copied().unwrap_or_default();
        let exposures = (entries_now.get(&key.service).copied().unwrap_or_default(), entries_before.get(&key.service).copied().unwrap_or_default());
        let by_entry = exposures.0 >= FEWEST_CALLS && exposures.1 >= FEWEST_CALLS;
        let spread = if by_entry { sampled.spread(&key, exposures) } else { 0.0 };
        let (exposure_now, exposure_before) = if by_entry { exposures } else { (pair.now.secs, pair.before.secs) };
        let (n, n_before) = (now.own_errors as f64, before.own_errors as f64);
        let (rate, rate_before) = (n / exposure_now.max(1.0), n_before / exposure_before.max(1.0));
        let (service, statement) = (pair.text(key.service), pair.text(key.statement));
        let mut item = Difference::new(
            DifferenceKind::Service,
            service,
            "errors",
            Figure { n: now.own_errors, value: Some(rate) },
            Figure { n: before.own_errors, value: Some(rate_before) },
        );
        item.attribute = Some("log.statement".to_owned());
        item.value = Some(statement.to_owned());
        let per = |n: f64, exposure: f64| {
            if by_entry {
                format!("{} times in {} ({})", grouped(n as usize), of_entries(exposure), percent(n / exposure.max(1.0)))
            } else {
                format!("{} times in {}", grouped(n as usize), crate::domain::wording::span(exposure as i64))
            }
        };
        item.text = format!("{service} logs the error “{statement}” {}; {} before.", per(n, exposure_now), per(n_before, exposure_before));
        let effect = if by_entry { size(rate - rate_before) } else { 0.7 };
        findings.push(Finding {
            evidence: Evidence::Errors,
            service: key.service,
            p: if by_entry && spread == 0.0 && n <= exposure_now && n_before <= exposure_before {
                chance::higher_share(n, exposure_now, n_before, exposure_before, BUNDLE)
            } else {
                chance::higher_rate_about(n, exposure_now, n_before, exposure_before, BUNDLE, spread)
            },
            large: n >= FEWEST_ERRORS && rate >= 2.0 * rate_before && (!by_entry || rate - rate_before >= 0.01),
            effect,
            item,
        });
    }
    findings
}

fn of_entries(n: f64) -> String {
    crate::domain::wording::count(n as usize, "call", "calls")
}
