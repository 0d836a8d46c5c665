//! What takes longer: the time that services take themselves, and the time on the way between two.
//!
//! An entry is judged by its time without the calls it waits for, so that a caller is not blamed
//! for whom it calls. What a call takes beyond the other side's time is the edge's, and is put to
//! the end of which the larger share of edges is slow.

use super::{
    Difference, DifferenceKind, Evidence, Figure, Finding, Pair, chance,
    ends::{self, Verdict},
    pooled,
    waited::{self, Way},
    words::{micros, percent},
};
use crate::domain::{
    telemetry::{
        facts::{Clustered, Facts, Name, OperationFacts, OperationKey},
        sketch::Sketch,
    },
    wording::grouped,
};
use std::collections::{BTreeMap, BTreeSet};

/// Fewer readings on either side say nothing.
const FEWEST: u64 = 8;
/// An edge seldom taken still tells which end is slow.
const FEWEST_OF_EDGE: u64 = 4;
/// Typical times grow by this, or …
const FLOOR: f64 = 1.5;
/// … of the slow ones there are so many times more, and this share of all at least.
const FLOOR_OF_TAIL: [(f64, f64, f64); 2] = [(0.9, 3.0, 0.15), (0.98, 4.0, 0.04)];
/// What never took so many times as long as the longest before, of this share, is new whatever else is.
const FLOOR_OF_UNHEARD: (f64, f64) = (3.0, 0.04);
const FEWEST_UNHEARD: f64 = 3.0;
/// What nobody would notice.
const FLOOR_MICROS: f64 = 300.0;
/// The free time around a call is the way's only if it is so many times as long, and longer by this.
const FLOOR_AROUND: f64 = 3.0;
const FLOOR_AROUND_MICROS: f64 = 2_000.0;
/// At least this part of what calls take longer is found in the time of the spans that they lie in.
const HELD: f64 = 0.4;
/// And they account for this part of it: beside a long way to one, what lies around others moves a little.
const BESIDE: f64 = 0.05;
/// A service whose share of all added time is under this merely shivers along.
const FLOOR_OF_SHARE: f64 = 0.04;
/// What differs widely from call to call (some wait for a limit, some do not) drifts between
/// stretches of time by this part of how far calls lie apart.
const DRIFT: f64 = 0.2;
/// What is left of a time that is waiting for others.
const WAITING: f64 = 0.35;
/// With at least so many services it can be told what all of them have in common.
const FEWEST_FOR_COMMON: usize = 6;

pub(super) fn findings(pair: Pair<'_>) -> Vec<Finding> {
    let usual = Usual::of(judgeable(pair).filter(|(_, now, _)| now.entries > 0).map(|(key, now, before)| (key.service, &now.self_ln, &before.self_ln)));
    let own = own(pair, usual);
    let rare = pooled::latency(pair, usual, |service| own.iter().any(|(key, is_entry, slow)| key.0 == service && *is_entry && slow.stands()));
    let edges = ends::edges(pair);
    let ways = ways(pair, &edges, &own);
    let blamed = ends::blamed(pair.names, &ways.iter().map(|(key, way)| (key.0, key.1, Verdict::of(way.slow.looks_slow(), way.slow.n))).collect::<Vec<_>>());
    // What a service waits for is not its own time, though it may look like it.
    let waits = waited::Waits::of(pair, &edges, &ways, &blamed);
    let own: Vec<_> = own.into_iter().map(|(key, is_entry, slow)| (key, is_entry, waits.explain(pair, key, &slow), slow)).collect();
    // An entry's time holds that of its inner spans.
    let added = |slow: &Slow| if slow.stands() { slow.added_micros * slow.n as f64 } else { 0.0 };
    let is_own = |is_entry: &bool, waits: &bool| *is_entry && !waits;
    let total: f64 = own.iter().filter(|(_, is_entry, waits, _)| is_own(is_entry, waits)).map(|(_, _, _, slow)| added(slow)).sum::<f64>()
        + ways.iter().map(|(_, way)| added(&way.slow)).sum::<f64>()
        + rare.iter().map(|(_, slow)| added(slow)).sum::<f64>();
    let share = |of: f64| if total > 0.0 { (of / total).min(1.0) } else { 0.0 };
    // Times as long is one thing, and how long another.
    let most = own.iter().map(|(_, _, _, slow)| slow).chain(ways.iter().map(|(_, way)| &way.slow)).filter(|slow| slow.stands());
    let most = most.map(|slow| slow.added_micros).fold(1.0, f64::max);
    let size = |slow: &Slow| 0.6 + 0.4 * (slow.added_micros / most).clamp(0.0, 1.0).sqrt();

    let mut by_service = BTreeMap::<Name, f64>::new();
    for (key, _, _, slow) in own.iter().filter(|(_, is_entry, waits, _)| is_own(is_entry, waits)) {
        *by_service.entry(key.0).or_default() += added(slow);
    }
    for (key, way) in &ways {
        if let Some(blame) = blamed.get(key) {
            *by_service.entry(blame.service).or_default() += added(&way.slow);
        }
    }
    let share_of = |service: Name, slow: &Slow| share(by_service.get(&service).copied().unwrap_or_default().max(added(slow)));

    // The edges of one end speak together: what is slow on each of them need not show on one alone.
    let together = |service: Name| {
        let p: Vec<f64> = ways.iter().filter(|(key, _)| key.0 == service || key.1 == service).map(|(_, way)| way.slow.p).collect();
        2.0 * chance::together(&p)
    };
    let of_ends: BTreeMap<Name, f64> = blamed.values().map(|blame| (blame.service, together(blame.service))).collect();

    let mut findings = Vec::new();
    for ((service, operation), is_entry, waits, slow) in own {
        let share = share_of(service, &slow);
        let (service_text, operation) = (pair.text(service), pair.text(operation));
        let mut item = Difference::new(DifferenceKind::Operation, service_text, "latency", slow.figure(), slow.figure_before());
        item.operation = Some(operation.to_owned());
        item.text = if waits {
            format!("{service_text} waits {} in {operation}, mostly for what it calls: {}.", micros(slow.typical), slow.words())
        } else {
            format!("{service_text} itself takes {} in {operation}: {}.", micros(slow.typical), slow.words())
        };
        let weight = if is_entry { 1.0 } else { 0.8 } * if waits { WAITING } else { 1.0 };
        findings.push(slow.finding(service, share, weight * size(&slow), item));
    }
    for (service, slow) in rare {
        let service_text = pair.text(service);
        let mut item = Difference::new(DifferenceKind::Service, service_text, "latency", slow.figure(), slow.figure_before());
        item.text = format!(
            "{service_text} itself takes {} (geometric mean of {} calls of rare operations); {} (of {}) before.",
            micros(slow.typical),
            grouped(slow.n as usize),
            micros(slow.typical_before),
            grouped(slow.n_before as usize),
        );
        findings.push(slow.finding(service, share(added(&slow)), size(&slow), item));
    }
    for (key, mut way) in ways {
        let blame = blamed.get(&key);
        way.slow.p = blame.and_then(|blame| of_ends.get(&blame.service)).map_or(way.slow.p, |of_end| way.slow.p.min(*of_end));
        let (slow, is_around) = (way.slow, way.is_around);
        let service = blame.map_or(key.1, |blame| blame.service);
        let share = share_of(service, &slow);
        let mut item = Difference::new(DifferenceKind::Edge, pair.text(service), "latency", slow.figure(), slow.figure_before());
        item.peer = Some(pair.text(if service == key.0 { key.1 } else { key.0 }).to_owned());
        item.text = format!(
            "Calls from {} to {} spend {} {}: {}{}.",
            pair.text(key.0),
            pair.text(key.1),
            micros(slow.typical),
            if is_around { "before and behind it" } else { "on the way" },
            slow.words(),
            blame.map_or(String::new(), |blame| format!(". {} is slow on {}", pair.text(blame.service), blame.words())),
        );
        findings.push(slow.finding(service, share, size(&slow), item));
    }
    findings
}

/// One set of durations against another.
pub(super) struct Slow {
    pub n: u64,
    pub n_before: u64,
    /// The medians, in microseconds.
    pub typical: f64,
    pub typical_before: f64,
    /// By how much typical times grew, as a logarithm, without what all services share.
    pub growth: f64,
    pub tail: Tail,
    /// What a call takes longer, heavy tails aside.
    pub added_micros: f64,
    pub p: f64,
}

/// The slow ones among many.
pub(super) struct Tail {
    /// The share beyond the bound, in microseconds, and how many times the bound those typically take.
    share: f64,
    bound: f64,
    growth: f64,
    p: f64,
    large: bool,
}

impl Default for Tail {
    fn default() -> Self {
        Self { share: 0.0, bound: 0.0, growth: 1.0, p: 1.0, large: false }
    }
}

impl Tail {
    /// What is large tells more than what is not, then what is less likely.
    fn or(self, other: Self) -> Self {
        if (other.large, -other.p) > (self.large, -self.p) { other } else { self }
    }

    /// Those that take far longer than anything did before.
    fn unheard(now: &Sketch, before: &Sketch, bundle: f64) -> Option<Self> {
        let (times, floor) = FLOOR_OF_UNHEARD;
        let (n, n_before) = (now.n() as f64, before.n() as f64);
        let bound = times * before.quantile(1.0)?.max(FLOOR_MICROS);
        let above = now.above(bound);
        let share = above / n;
        if above < FEWEST_UNHEARD || share < floor {
            return None;
        }
        let growth = now.quantile(1.0 - share / 2.0)? / bound;
        Some(Self { share, bound, growth, p: chance::higher_share(above, n, before.above(bound), n_before, bundle), large: true })
    }
}

/// In so many ways a set of durations is looked at: how long they typically are, and beyond three bounds.
const LOOKS: f64 = 4.0;

impl Slow {
    fn of(now: &Sketch, now_ln: &Clustered, before: &Sketch, before_ln: &Clustered, usual: Usual) -> Option<Self> {
        let (n, n_before) = (now.n(), before.n());
        let (typical, typical_before) = (now.quantile(0.5)?, before.quantile(0.5)?);
        let growth = now_ln.mean()? - before_ln.mean()? - usual.common;
        let drift = usual.apart * usual.apart + before_ln.variance() * DRIFT * DRIFT;
        let deviation = (now_ln.variance_of_mean() + before_ln.variance_of_mean() + drift).sqrt();
        let degrees = now_ln.bundles() + before_ln.bundles() - 2.0;
        let typically = chance::normal_tail(chance::from_t(growth / deviation, degrees));
        let bundle = now_ln.design_effect().max(before_ln.design_effect());
        let mut tail = Tail::default();
        for (quantile, times, floor) in FLOOR_OF_TAIL {
            // What services drift by anyway moves the bound.
            let bound = (before.quantile(quantile)? * (usual.common + 2.0 * usual.apart).exp()).max(FLOOR_MICROS);
            let (above, above_before) = (now.above(bound), before.above(bound).max((1.0 - quantile) / 4.0 * n_before as f64));
            let (share, share_before) = (above / n as f64, above_before / n_before as f64);
            let p = chance::higher_share(above, n as f64, above_before, n_before as f64, bundle);
            let growth = now.quantile(1.0 - share / 2.0)? / bound.max(1.0);
            let large = share >= times * share_before && share >= floor && growth >= FLOOR;
            tail = tail.or(Tail { share, bound, growth, p, large });
        }
        tail = tail.or(Tail::unheard(now, before, bundle).unwrap_or_default());
        let steps = [0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95];
        let added = steps.iter().filter_map(|q| Some(now.quantile(*q)? - before.quantile(*q)?)).sum::<f64>() / steps.len() as f64;
        // Few that take very long lie beyond those steps.
        let added = if tail.large { added.max(tail.share * (tail.growth - 1.0) * tail.bound) } else { added };
        let mut slow = Self { n, n_before, typical, typical_before, growth, tail, added_micros: added, p: 1.0 };
        // What is not large is no evidence for what is, unless nothing is.
        let (by_tail, by_growth) = (slow.tail.large || !slow.grew(FLOOR), slow.grew(FLOOR) || !slow.tail.large);
        let p = [(typically, by_growth), (slow.tail.p, by_tail)].into_iter().filter(|(_, counts)| *counts).map(|(p, _)| p).fold(1.0, f64::min);
        slow.p = (LOOKS * p).min(1.0);
        Some(slow)
    }

    /// Typically so many times as long, by the logarithms and by the medians: the one moves where the
    /// shortest merely become longer, the other where the middle lies between two kinds.
    fn grew(&self, times: f64) -> bool {
        self.growth >= times.ln() && self.typical >= times * self.typical_before.max(FLOOR_MICROS / FLOOR)
    }

    fn large(&self) -> bool {
        (self.grew(FLOOR) || self.tail.large) && self.added_micros >= FLOOR_MICROS
    }

    pub fn stands(&self) -> bool {
        self.large() && self.p < 0.01
    }

    /// Good enough to count towards an end's share, if not to be named.
    fn looks_slow(&self) -> bool {
        self.large() && self.p < 0.1
    }

    /// Of a time that holds some of the caller's own work: only what is far longer is the way's.
    fn is_of_a_way(&self) -> bool {
        self.grew(FLOOR_AROUND) && self.added_micros >= FLOOR_AROUND_MICROS || self.tail.large
    }

    fn figure(&self) -> Figure {
        Figure { n: self.n, value: Some(self.typical / 1e6) }
    }

    fn figure_before(&self) -> Figure {
        Figure { n: self.n_before, value: Some(self.typical_before / 1e6) }
    }

    fn words(&self) -> String {
        let tail = if !self.grew(FLOOR) { format!("; {} take longer than {}", percent(self.tail.share), micros(self.tail.bound)) } else { String::new() };
        format!("median of {}, {} of {} before{tail}", grouped(self.n as usize), micros(self.typical_before), grouped(self.n_before as usize))
    }

    fn finding(&self, service: Name, share: f64, weight: f64, item: Difference) -> Finding {
        let growth = (self.growth.max(2.0 * self.tail.share * self.tail.growth.max(1.0).ln()) / 3.0_f64.ln()).clamp(0.0, 1.0);
        Finding {
            evidence: Evidence::Latency,
            service,
            p: self.p,
            large: self.large() && share >= FLOOR_OF_SHARE,
            effect: weight * share.sqrt() * growth,
            item,
        }
    }
}

type Own = ((Name, Name), bool, Slow);

/// Entries, and inner spans that do not merely wait for a call, of which both ranges tell enough.
fn judgeable(pair: Pair<'_>) -> impl Iterator<Item = (OperationKey, &OperationFacts, &OperationFacts)> {
    let both = pair.now.operations.iter().filter_map(move |(key, now)| Some((*key, now, pair.before.operations.get(key)?)));
    both.filter(|(_, now, before)| now.self_time.n() >= FEWEST && before.self_time.n() >= FEWEST)
        .filter(|(_, now, before)| now.entries > 0 || (now.crossing + before.crossing) * 5 <= now.spans + before.spans)
}

fn own(pair: Pair<'_>, usual: Usual) -> Vec<Own> {
    judgeable(pair)
        .filter_map(|(key, now, before)| {
            let slow = Slow::of(&now.self_time, &now.self_ln, &before.self_time, &before.self_ln, usual)?;
            Some(((key.service, key.operation), now.entries > 0, slow))
        })
        .collect()
}

/// Edges share nothing that could be taken off: those of one busy service are most of them. Where no
/// span of the caller's waits for the other side, the free time around it stands for the way, unless
/// the caller does slowly also what it does alone, or does other things than before.
fn ways(pair: Pair<'_>, edges: &BTreeMap<(Name, Name), ends::Edge>, own: &[Own]) -> Vec<((Name, Name), Way)> {
    let slow_alone: BTreeSet<Name> = own.iter().filter(|(_, is_entry, slow)| !is_entry && slow.stands()).map(|((service, _), _, _)| *service).collect();
    edges
        .iter()
        .filter_map(|(key, edge)| {
            let (now, before) = (&edge.now, &edge.before);
            let enough = |now: &Sketch, before: &Sketch| now.n() >= FEWEST_OF_EDGE && before.n() >= FEWEST_OF_EDGE;
            let (slow, is_around) = if enough(&now.gap, &before.gap) {
                (Slow::of(&now.gap, &now.gap_ln, &before.gap, &before.gap_ln, Usual::OF_EDGES)?, false)
            } else if enough(&now.around, &before.around) && !slow_alone.contains(&key.0) {
                let slow = Slow::of(&now.around, &now.around_ln, &before.around, &before.around_ln, Usual::OF_EDGES)?;
                let is_longer = slow.is_of_a_way() && Free::of(pair, *key).holds(&slow) && !waited::works_differently(pair, key.0);
                (if is_longer { slow } else { Slow { p: 1.0, ..slow } }, true)
            } else {
                return None;
            };
            Some((*key, Way { slow, is_around }))
        })
        .collect()
}

/// All the free time of the spans that lead to the calls of an edge. It is the same whatever the clocks
/// say: a witness for what is said to have grown around one of the calls.
struct Free {
    now: (Sketch, Clustered),
    before: (Sketch, Clustered),
}

impl Free {
    fn of(pair: Pair<'_>, (caller, callee): (Name, Name)) -> Self {
        let of_edge = |facts: &Facts| facts.calls.keys().filter(|key| key.caller == caller && key.callee == Some(callee)).map(|key| key.operation).collect();
        let mut operations: BTreeSet<Name> = of_edge(pair.now);
        operations.append(&mut of_edge(pair.before));
        let all = |facts: &Facts| {
            let mut all = (Sketch::default(), Clustered::default());
            for facts in operations.iter().filter_map(|operation| facts.operations.get(&OperationKey { service: caller, operation: *operation })) {
                all.0.merge(&facts.self_time);
                all.1.merge(&facts.self_ln);
            }
            all
        };
        Self { now: all(pair.now), before: all(pair.before) }
    }

    /// Whether what a way takes longer is in the caller's time as well.
    fn holds(&self, way: &Slow) -> bool {
        let all = Slow::of(&self.now.0, &self.now.1, &self.before.0, &self.before.1, Usual::OF_EDGES);
        all.filter(Slow::large).is_some_and(|all| {
            let (of_spans, of_calls) = (all.added_micros * all.n as f64, way.added_micros * way.n as f64);
            of_spans >= HELD * of_calls && of_calls >= BESIDE * of_spans
        })
    }
}

/// What times do anyway between two ranges, as logarithms.
#[derive(Clone, Copy)]
pub(super) struct Usual {
    /// By how much all grew.
    pub common: f64,
    /// How far services lie apart from that, as a standard deviation.
    pub apart: f64,
}

impl Usual {
    const OF_EDGES: Usual = Usual { common: 0.0, apart: 0.2 };

    /// Of the own times of services. Where there are few, nothing is common; and if everything
    /// became quicker, nobody is slow for keeping its pace.
    fn of<'a>(pairs: impl Iterator<Item = (Name, &'a Clustered, &'a Clustered)>) -> Self {
        let mut by_service = BTreeMap::<Name, Vec<f64>>::new();
        for (service, now, before) in pairs {
            if let (Some(now), Some(before)) = (now.mean(), before.mean()) {
                by_service.entry(service).or_default().push(now - before);
            }
        }
        let middles: Vec<f64> = by_service.into_values().filter_map(chance::median).collect();
        let few = middles.len() < FEWEST_FOR_COMMON;
        let common = if few { 0.0 } else { chance::median(middles.clone()).unwrap_or_default() };
        let distances = middles.iter().map(|middle| (middle - common).abs()).collect();
        let apart = if few { 0.0 } else { 1.4826 * chance::median(distances).unwrap_or_default() };
        Self { common: common.max(0.0), apart: apart.clamp(0.12, 0.4) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[i64]) -> (Sketch, Clustered) {
        let (mut sketch, mut ln) = (Sketch::default(), Clustered::default());
        for micros in values {
            sketch.add(*micros);
            let value = (*micros as f64).ln();
            ln.add_trace(1.0, value, value * value);
        }
        (sketch, ln)
    }

    fn slow(now: &[i64], before: &[i64]) -> Slow {
        let (now, before) = (of(now), of(before));
        Slow::of(&now.0, &now.1, &before.0, &before.1, Usual::OF_EDGES).expect("there is something to compare")
    }

    #[test]
    fn that_the_quickest_are_quick_no_longer_is_no_growth() {
        let quick_and_slow = [[400; 40].as_slice(), &[9_000; 60]].concat();
        let lacking_the_quick = slow(&[9_500; 100], &quick_and_slow);
        assert!(lacking_the_quick.growth >= FLOOR.ln() && !lacking_the_quick.large());
        assert!(slow(&[19_500; 100], &quick_and_slow).stands());
    }
}
