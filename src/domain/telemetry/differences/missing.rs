//! What no longer happens: services that are gone, calls and inner steps that entries of the same operation always led to,
//! log statements that fall silent, and calls that the other side never shows.
//!
//! Everything is counted against the entries it follows from, so that fewer requests, or fewer of
//! one kind, silence nothing.

use super::{
    Difference, DifferenceKind, Evidence, Figure, Finding, Pair, chance,
    ends::{self, Verdict},
    sampled::{self, Sampled},
    words::of_calls,
};
use crate::domain::{
    telemetry::facts::{Clustered, Facts, Name, OperationKey, StatementFacts, StatementKey, Step, StepKey},
    wording::{count, grouped},
};
use std::collections::{BTreeMap, BTreeSet};

/// Fewer would not be missed.
const FEWEST_EXPECTED: f64 = 5.0;
const FEWEST_ENTRIES: f64 = 5.0;
/// What is left of it at most; of what followed always; and where it is not known which kind of entry it follows from.
const MOST_LEFT: f64 = 0.67;
const MOST_LEFT_OF_ALWAYS: f64 = 0.93;
/// … of what followed always, and of some more than once …
const MOST_LEFT_OF_OFTEN: f64 = 0.8;
const ALWAYS: f64 = 0.95;
/// Records of one each may stand a little beside their entries.
const AT_MOST_ONCE: f64 = 1.03;
/// Entries without something come in bundles themselves.
const BUNDLE_OF_ENTRIES: f64 = 1.2;
const MOST_LEFT_LOOSE: f64 = 0.6;
/// Records that name no span come in bundles that cannot be seen …
const BUNDLE: f64 = 2.0;
/// … unless there is one for every entry.
const BUNDLE_OF_ONE_EACH: f64 = 0.5;

pub(super) fn findings(pair: Pair<'_>) -> Vec<Finding> {
    let edges = ends::edges(pair);
    let mut findings = unseen(pair, &edges);
    findings.extend(steps(pair, &edges));
    findings.extend(statements(pair));
    findings
}

/// Services of which nothing is heard any more: no span, no record, no reading. Those that are
/// merely not called have their readings still, so that only one that had readings, or records of
/// its own accord, can be gone.
pub(super) fn gone(pair: Pair<'_>) -> Vec<Finding> {
    let (now, before) = (Heard::of(pair.now), Heard::of(pair.before));
    // Services that call themselves by their pod are others after a rollout, and are not gone.
    let new = now.entries.keys().chain(&now.alive).filter(|service| !before.entries.contains_key(*service) && !before.alive.contains(*service));
    let new: BTreeSet<&str> = new.filter_map(|service| without_pod(pair.text(*service))).collect();
    let renamed = |service: &str| without_pod(service).is_some_and(|name| new.contains(name));
    before
        .entries
        .iter()
        .filter(|(service, _)| before.alive.contains(*service) && !now.alive.contains(*service) && !now.entries.contains_key(*service))
        .filter(|(service, _)| !renamed(pair.text(**service)))
        .filter(|(_, entries)| **entries / pair.before.secs.max(1.0) * pair.now.secs >= FEWEST_EXPECTED)
        .map(|(service, entries)| {
            let text = pair.text(*service);
            let figure = |n: f64, secs: f64| Figure { n: n as u64, value: (secs > 0.0).then(|| n / secs) };
            let mut item = Difference::new(DifferenceKind::Service, text, "missing", figure(0.0, pair.now.secs), figure(*entries, pair.before.secs));
            item.text = format!("Nothing is heard of {text}: no call, no record, no reading; {} before.", count(*entries as usize, "call", "calls"));
            let p = chance::higher_rate(*entries, pair.before.secs, 0.0, pair.now.secs, 2.0 * BUNDLE);
            Finding { evidence: Evidence::Missing, service: *service, p, large: true, effect: 1.0, item }
        })
        .collect()
}

/// What a pod is of: its name without what Kubernetes puts behind it (`-x7k2p`, `-6d9c5b7f84-x7k2p`),
/// if there is any of that.
fn without_pod(service: &str) -> Option<&str> {
    // Kubernetes draws no vowels, and none of the figures that look like letters; older hashes are of hexadecimals.
    let is_drawn = |c: char| "bcdfghjklmnpqrstvwxz2456789".contains(c);
    let (name, pod) = service.rsplit_once('-').filter(|(_, pod)| pod.len() == 5 && pod.chars().all(is_drawn))?;
    let is_hash = |hash: &str| (8..=10).contains(&hash.len()) && hash.chars().all(|c| is_drawn(c) || matches!(c, '0'..='9' | 'a'..='f'));
    let (name, _) = name.rsplit_once('-').filter(|(_, hash)| is_hash(hash)).unwrap_or((name, pod));
    (!name.is_empty()).then_some(name)
}

/// Who was heard of, and how.
struct Heard {
    /// How often those that have spans were entered.
    entries: BTreeMap<Name, f64>,
    /// Those with a reading, or a record that belongs to no trace.
    alive: BTreeSet<Name>,
}

impl Heard {
    fn of(facts: &Facts) -> Self {
        let mut entries = BTreeMap::<Name, f64>::new();
        for (key, operation) in &facts.operations {
            *entries.entry(key.service).or_default() += operation.entries as f64;
        }
        let loose = facts.statements.iter().filter(|(_, facts)| facts.n > facts.placed).map(|(key, _)| key.service);
        Self { entries, alive: facts.gauges.keys().map(|key| key.service).chain(loose).collect() }
    }
}

/// How often something followed, and what that says.
struct Fall {
    now: Figure,
    before: Figure,
    p: f64,
    large: bool,
    effect: f64,
}

fn fall(now: f64, now_of: f64, before: f64, before_of: f64, bundle: f64, most_left: f64) -> Option<Fall> {
    let expected = before / before_of * now_of;
    if now_of < FEWEST_ENTRIES || before_of < FEWEST_ENTRIES || expected < FEWEST_EXPECTED {
        return None;
    }
    let (rate, rate_before) = (now / now_of, before / before_of);
    let left = rate / rate_before;
    Some(Fall {
        now: Figure { n: now_of as u64, value: Some(rate) },
        before: Figure { n: before_of as u64, value: Some(rate_before) },
        p: chance::higher_rate(before, before_of, now, now_of, bundle),
        large: left <= most_left,
        effect: (0.4 + 0.6 * (1.0 - left).clamp(0.0, 1.0)) * (0.5 + 0.5 * rate_before.min(1.0)),
    })
}

/// The chance that so many entries lack what each of them led to once before: what fails to come of
/// a few is plainer than that there is a little less of it. `None` of what is not so regular.
fn left_out((now, now_of): (f64, f64), (before, before_of): (f64, f64)) -> Option<f64> {
    let is_regular = before >= ALWAYS * before_of && before <= AT_MOST_ONCE * before_of && now <= AT_MOST_ONCE * now_of;
    is_regular.then(|| chance::higher_share((now_of - now).max(0.0), now_of, (before_of - before).max(0.0), before_of, BUNDLE_OF_ENTRIES))
}

/// The chance that so few entries lead to what none leads to twice, as far as it shows; `None` of
/// what may come several times.
fn fewer(now: &Clustered, before: &Clustered) -> Option<f64> {
    let bundle = |steps: &Clustered| {
        let rate = steps.sum / steps.n;
        let alone = rate * (1.0 - rate) / steps.n;
        if alone > 0.0 { steps.variance_of_mean() / alone } else { 1.0 }
    };
    let at_most_once = now.sum <= now.n && before.sum <= before.n;
    at_most_once.then(|| chance::higher_share(before.sum, before.n, now.sum, now.n, bundle(before).max(bundle(now)).max(1.0)))
}

/// How much less or more certain a count per entry is than one of things that happen alone. What
/// follows always, and once, is more certain.
fn bundle(steps: &Clustered) -> f64 {
    let Some(rate) = steps.mean().filter(|rate| *rate > 0.0) else { return 1.0 };
    (steps.variance_of_mean() * steps.n / rate).max(0.25)
}

fn steps(pair: Pair<'_>, edges: &BTreeMap<(Name, Name), ends::Edge>) -> Vec<Finding> {
    let entries =
        |facts: &Facts, key: &StepKey| facts.operations.get(&OperationKey { service: key.service, operation: key.entry }).map(|facts| facts.own_errors);
    let mut findings = Vec::new();
    for (key, before) in &pair.before.steps {
        let (Some(entries_now), Some(entries_before)) = (entries(pair.now, key), entries(pair.before, key)) else { continue };
        let before = before.over(&entries_before);
        let now = pair.now.steps.get(key).copied().unwrap_or_default().over(&entries_now);
        if let Step::Call(callee) = key.step {
            // Calls that are made and not seen on the other side are not missing here.
            let made = edges.get(&(key.service, callee)).is_some_and(|edge| edge.now.unseen as f64 >= 0.5 * (before.sum / before.n * now.n - now.sum));
            if made {
                continue;
            }
        }
        let left_out = left_out((now.sum, now.n), (before.sum, before.n));
        let most_left = match left_out {
            Some(_) => MOST_LEFT_OF_ALWAYS,
            None if before.sum >= ALWAYS * before.n => MOST_LEFT_OF_OFTEN,
            None => MOST_LEFT,
        };
        let Some(mut fall) = fall(now.sum, now.n, before.sum, before.n, bundle(&before).max(bundle(&now).min(1.0)), most_left) else { continue };
        fall.p = left_out.or_else(|| fewer(&now, &before)).unwrap_or(fall.p);
        let (service, entry) = (pair.text(key.service), pair.text(key.entry));
        let counts = format!(
            "{} in {} of {entry}; {} in {} before",
            grouped(now.sum as usize),
            count(now.n as usize, "call", "calls"),
            grouped(before.sum as usize),
            grouped(before.n as usize)
        );
        let less = if now.sum == 0.0 { "no longer" } else { "more seldom" };
        let (kind, measure) = match key.step {
            Step::Call(_) => (DifferenceKind::Edge, "missing"),
            Step::Operation(_) => (DifferenceKind::Operation, "missing"),
            Step::Statement(_) => (DifferenceKind::Service, "log"),
        };
        let mut item = Difference::new(kind, service, measure, fall.now, fall.before);
        match key.step {
            Step::Call(callee) => {
                item.operation = Some(entry.to_owned());
                item.peer = Some(pair.text(callee).to_owned());
                item.text = format!("{service} {less} calls {}: {counts}.", pair.text(callee));
            }
            Step::Operation(operation) => {
                item.operation = Some(pair.text(operation).to_owned());
                item.text = format!("{} of {service} {less} happens: {counts}.", pair.text(operation));
            }
            Step::Statement(statement) => {
                item.operation = Some(entry.to_owned());
                item.attribute = Some("log.statement".to_owned());
                item.value = Some(pair.text(statement).to_owned());
                item.text = format!("{service} {less} logs “{}”: {counts}.", pair.text(statement));
            }
        }
        findings.push(Finding { evidence: Evidence::Missing, service: key.service, p: fall.p, large: fall.large, effect: fall.effect, item });
    }
    findings
}

/// Statements whose records name no span: counted against all entries of the service, else against time.
fn statements(pair: Pair<'_>) -> Vec<Finding> {
    let entries = |facts: &Facts| {
        let mut entries = BTreeMap::<Name, f64>::new();
        for (key, operation) in &facts.operations {
            *entries.entry(key.service).or_default() += operation.entries as f64;
        }
        entries
    };
    let (entries_now, entries_before) = (entries(pair.now), entries(pair.before));
    let mix = Mix { pair, now: &entries_now, before: &entries_before };
    let sampled = Sampled::of(pair);
    let loose = |facts: Option<&StatementFacts>| facts.map_or(0.0, |facts| (facts.n - facts.placed) as f64);
    let mut findings = Vec::new();
    for (key, before) in pair.before.statements.iter().filter(|(_, facts)| facts.n >= 2 * facts.placed) {
        let StatementKey { service, statement } = *key;
        let (now, before) = (loose(pair.now.statements.get(key)), loose(Some(before)));
        let entries = (entries_now.get(&service).copied().unwrap_or_default(), entries_before.get(&service).copied().unwrap_or_default());
        // A service that is not called any more is silent for that reason.
        if entries.1 > 0.0 && entries.0 < FEWEST_ENTRIES {
            continue;
        }
        let by_entry = entries.1 >= FEWEST_ENTRIES;
        if by_entry && mix.explains(service, (now / entries.0, before / entries.1), before) {
            continue;
        }
        let (now_of, before_of) = if by_entry { entries } else { (pair.now.secs, pair.before.secs) };
        let rate_before = before / before_of;
        let spread = if by_entry { sampled.spread(key, entries) } else { 0.0 };
        if by_entry && sampled.is_sampled(service) && entries.0.min(entries.1) < sampled::FEWEST_ENTRIES {
            continue;
        }
        let one_each = by_entry && spread == 0.0 && before >= 10.0 && rate_before.round() >= 1.0 && (rate_before / rate_before.round() - 1.0).abs() < 0.03;
        let (bundle, most_left) = if one_each { (BUNDLE_OF_ONE_EACH, MOST_LEFT) } else { (BUNDLE, MOST_LEFT_LOOSE) };
        let Some(mut fall) = fall(now, now_of, before, before_of, bundle, most_left) else { continue };
        if let Some(p) = left_out((now, now_of), (before, before_of)).filter(|_| one_each) {
            fall.p = p;
        } else if spread > 0.0 {
            fall.p = chance::higher_rate_about(before, before_of, now, now_of, bundle, spread);
        }
        let (service_text, statement) = (pair.text(service), pair.text(statement));
        let mut item = Difference::new(DifferenceKind::Service, service_text, "log", fall.now, fall.before);
        item.attribute = Some("log.statement".to_owned());
        item.value = Some(statement.to_owned());
        let of = |n: f64| if by_entry { count(n as usize, "call", "calls") } else { crate::domain::wording::span(n as i64) };
        let less = if now == 0.0 { "no longer" } else { "more seldom" };
        item.text = format!(
            "{service_text} {less} logs “{statement}”: {} in {}; {} in {} before.",
            grouped(now as usize),
            of(now_of),
            grouped(before as usize),
            of(before_of)
        );
        findings.push(Finding { evidence: Evidence::Missing, service, p: fall.p, large: fall.large, effect: 0.7 * fall.effect, item });
    }
    findings
}

/// Which operations a service's entries are of.
struct Mix<'a> {
    pair: Pair<'a>,
    /// Entries of each service.
    now: &'a BTreeMap<Name, f64>,
    before: &'a BTreeMap<Name, f64>,
}

impl Mix<'_> {
    /// Whether an operation became as rare among the entries as a statement of so many records
    /// did, which may well be its statement: then it is not the statement that fell silent.
    fn explains(&self, service: Name, (rate, rate_before): (f64, f64), records: f64) -> bool {
        let of = |all: &BTreeMap<Name, f64>| all.get(&service).copied().unwrap_or_default().max(1.0);
        let first = OperationKey { service, operation: Name(0) };
        self.pair.before.operations.range(first..).take_while(|(key, _)| key.service == service).any(|(key, before)| {
            let now = self.pair.now.operations.get(key).map_or(0.0, |facts| facts.entries as f64) / of(self.now);
            let share = before.entries as f64 / of(self.before);
            before.entries as f64 >= 0.3 * records && now / share <= rate / rate_before + 0.15
        })
    }
}

/// Calls that the caller made and of which the other side shows nothing.
fn unseen(pair: Pair<'_>, edges: &BTreeMap<(Name, Name), ends::Edge>) -> Vec<Finding> {
    let judged: Vec<_> = edges
        .iter()
        .filter_map(|(key, edge)| {
            let all = |calls: &ends::Calls| (calls.unseen as f64, (calls.calls + calls.unseen) as f64);
            let ((now, now_of), (before, before_of)) = (all(&edge.now), all(&edge.before));
            if now_of < FEWEST_ENTRIES || before_of < FEWEST_ENTRIES {
                return None;
            }
            let (rate, rate_before) = (now / now_of, before / before_of);
            let p = chance::higher_share(now, now_of, before, before_of, 2.0);
            let large = now >= 3.0 && rate >= 2.0 * rate_before && rate - rate_before >= 0.02;
            Some((*key, (now, now_of, rate), (before, before_of, rate_before), p, large))
        })
        .collect();
    let blamed = ends::blamed(
        pair.names,
        &judged.iter().map(|(key, now, _, p, large)| (key.0, key.1, Verdict::of(*large && *p < 0.01, now.1 as u64))).collect::<Vec<_>>(),
    );
    judged
        .into_iter()
        .map(|(key, (now, now_of, rate), (before, before_of, rate_before), p, large)| {
            let service = blamed.get(&key).map_or(key.1, |blame| blame.service);
            let peer = if service == key.0 { key.1 } else { key.0 };
            let figure = |n: f64, value| Figure { n: n as u64, value: Some(value) };
            let mut item = Difference::new(DifferenceKind::Edge, pair.text(service), "missing", figure(now_of, rate), figure(before_of, rate_before));
            item.peer = Some(pair.text(peer).to_owned());
            item.text = format!(
                "{} shows nothing of {} that {} made; of {} before.",
                pair.text(key.1),
                of_calls(now, now_of),
                pair.text(key.0),
                of_calls(before, before_of)
            );
            Finding { evidence: Evidence::Missing, service, p, large, effect: 0.5 + 0.5 * (rate - rate_before).clamp(0.0, 1.0), item }
        })
        .collect()
}
