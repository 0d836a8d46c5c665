//! What instances measure of themselves: processor, memory, whatever they report.
//!
//! Readings are few (one a minute) and move on their own, so a change counts by how far it lies
//! from what the same metric does on all the other instances, and from what it did before on this one.

use super::{Difference, DifferenceKind, Evidence, Figure, Finding, Pair, chance, words::number};
use crate::domain::{
    telemetry::{
        facts::{Facts, GaugeFacts, GaugeKey, Name},
        suspects::{is_never_zero, is_of_memory, is_of_processor},
    },
    wording::count,
};
use std::collections::BTreeMap;

/// Under so many instances of a metric nothing is known of what it does elsewhere.
const FEWEST_PEERS: usize = 4;
/// Readings of one instance are compared alone from so many minutes before.
const FEWEST_MINUTES: u64 = 3;
/// Requests come in bundles of so many.
const BUNDLE: f64 = 2.0;
/// A change is at least so large a share of what instances usually read.
const FLOOR_OF_LEVEL: f64 = 0.1;
/// And of a processor of the most that any of them reads: one that was idle and is a little less so is none.
const FLOOR_OF_MOST: f64 = 0.2;
/// Where it is not known how much there is (one may have eight cores, another one): so many times
/// what services usually read, if they read no more themselves.
const MOST_OF_USUAL: f64 = 3.0;

/// One gauge in both ranges.
struct Reading {
    key: GaugeKey,
    now: GaugeFacts,
    before: GaugeFacts,
    mean: f64,
    mean_before: f64,
    /// The logarithm of how many times it is what it was.
    growth: f64,
    /// The squared error of that, by how its own minutes vary; `None` where too few tell.
    error: Option<f64>,
}

/// Processor and memory first, then everything else: they are asked for, and must not wait for the rest.
pub(super) fn findings(pair: Pair<'_>) -> (Vec<Finding>, Vec<Finding>) {
    let mut by_metric = BTreeMap::<Name, Vec<Reading>>::new();
    let of_service = siblings(pair);
    // What cannot be zero and is all the time is no measurement, on either side.
    let is_suspect = |key: &GaugeKey, facts: &GaugeFacts| facts.max <= 0.0 && is_never_zero(pair.text(key.metric));
    for (key, now) in &pair.now.gauges {
        let before = pair.before.gauges.get(key).or_else(|| of_service.get(&(key.service, key.metric)));
        let before = before.filter(|before| !is_suspect(key, now) && !is_suspect(key, before));
        let sort = Sort::of(pair.text(key.metric));
        // What is left of something falls as its use grows.
        if is_of_rest(pair.text(key.metric)) {
            continue;
        }
        if let Some(reading) = before.and_then(|before| reading(*key, *now, *before, sort)) {
            by_metric.entry(key.metric).or_default().push(reading);
        }
    }
    let traffic = traffic(pair);
    let (mut used, mut other) = (Vec::new(), Vec::new());
    for (metric, readings) in by_metric {
        let sort = Sort::of(pair.text(metric));
        let family = if sort == Sort::Other { &mut other } else { &mut used };
        family.extend(judged(pair, readings, sort, &traffic));
    }
    (used, other)
}

/// What the instances of a service measured before, all of them together: an instance that is new
/// is held against them.
fn siblings(pair: Pair<'_>) -> BTreeMap<(Name, Name), GaugeFacts> {
    let mut siblings = BTreeMap::<(Name, Name), GaugeFacts>::new();
    for (key, facts) in &pair.before.gauges {
        siblings.entry((key.service, key.metric)).or_default().merge(facts);
    }
    siblings
}

/// Whether a metric is what is left, or may be used, of something: `mem_free`, `cpu.idle`,
/// `memory_limit`, `memory.total`. What counts something ends in `total` as well: `cpu_seconds_total`.
fn is_of_rest(metric: &str) -> bool {
    const REST: [&str; 6] = ["idle", "free", "available", "limit", "capacity", "allocatable"];
    // A total of these is all there is.
    const ROOM: [&str; 8] = ["memory", "mem", "ram", "swap", "heap", "disk", "filesystem", "space"];
    let name = metric.to_ascii_lowercase();
    let words: Vec<&str> = name.split(|letter: char| !letter.is_ascii_alphanumeric()).collect();
    let is_room = |word: &str| ROOM.contains(&word);
    let is_all = words.windows(2).any(|two| (two[0] == "total" && is_room(two[1])) || (two[1] == "total" && is_room(two[0])));
    (is_all || words.iter().any(|word| REST.contains(word))) && !name.contains("utilization")
}

/// Whether a metric is a share of what there is, by its name: `CpuUsageRate(%)`, `cpu.utilization`.
/// A percentage of many cores goes beyond a hundred, and is none.
fn is_share(metric: &str, most: f64) -> bool {
    let name = metric.to_ascii_lowercase();
    most <= 100.0 && ["%", "percent", "pct", "util", "ratio"].iter().any(|word| name.contains(word))
}

fn reading(key: GaugeKey, now: GaugeFacts, before: GaugeFacts, sort: Sort) -> Option<Reading> {
    let (mean, mean_before) = (now.mean()?, before.mean()?);
    // Something that counts downwards or around zero has no ratio.
    if !(mean.is_finite() && mean_before.is_finite()) || now.min < 0.0 || before.min < 0.0 {
        return None;
    }
    // Processor and memory are never nothing; of other metrics a first sign is no growth without end.
    let little = (mean.max(mean_before) * if sort == Sort::Other { 0.1 } else { 1e-3 }).max(1e-12);
    let growth = ((mean + little) / (mean_before + little)).ln();
    let spread = |facts: &GaugeFacts, mean: f64| facts.deviation().map(|deviation| deviation / mean.max(little));
    let error = (before.minutes >= FEWEST_MINUTES).then(|| {
        // The range itself may be what is unusual: what is usual is said by the minutes before.
        let usual = spread(&before, mean_before).unwrap_or_default();
        usual * usual * (1.0 / now.minutes as f64 + 1.0 / before.minutes as f64)
    });
    Some(Reading { key, now, before, mean, mean_before, growth, error })
}

fn judged(pair: Pair<'_>, readings: Vec<Reading>, sort: Sort, traffic: &BTreeMap<Name, f64>) -> Vec<Finding> {
    let (enough, peers) = (readings.len() >= FEWEST_PEERS, readings.len() as f64);
    let middle = if enough { chance::median(readings.iter().map(|reading| reading.growth).collect()).unwrap_or_default() } else { 0.0 };
    // The median distance from the median, as a standard deviation.
    let apart =
        if enough { 1.4826 * chance::median(readings.iter().map(|reading| (reading.growth - middle).abs()).collect()).unwrap_or_default() } else { 0.0 };
    let all_squares: f64 = readings.iter().map(|reading| (reading.growth - middle).powi(2)).sum();
    let level = chance::median(readings.iter().map(|reading| reading.mean_before).collect()).unwrap_or_default();
    // The most that anything of it reads, which is how much there is, as far as is known.
    let most = readings.iter().map(|reading| reading.mean.max(reading.mean_before)).fold(0.0, f64::max);
    let usual_error = chance::median(readings.iter().filter_map(|reading| reading.error).collect());
    let metric = readings.first().map_or("", |reading| pair.text(reading.key.metric));
    // Cores are no share: the most that somebody else reads says nothing of how much there is here.
    let of_all = is_share(metric, most);
    let mut most_of = BTreeMap::<Name, f64>::new();
    for reading in &readings {
        let of_service = most_of.entry(reading.key.service).or_default();
        *of_service = of_service.max(reading.mean.max(reading.mean_before));
    }
    let usual = if enough { MOST_OF_USUAL * chance::median(most_of.values().copied().collect()).unwrap_or_default() } else { 0.0 };
    readings
        .into_iter()
        .filter_map(|reading| {
            // Without peers to learn from, or minutes of its own, there is nothing to hold it against.
            let own = match (reading.error, usual_error) {
                (Some(own), Some(usual)) => own.max(usual / 4.0),
                (Some(own), None) => own,
                (None, _) if enough => 0.0,
                (None, _) => return None,
            };
            let busier = traffic.get(&reading.key.service).copied().unwrap_or_default().max(0.0);
            // If all are busier, so is this one: that is not taken off twice.
            let growth = reading.growth - middle.max(0.0).max(if sort == Sort::Memory { 0.0 } else { busier });
            // Of what is no resource nothing is known but that it moves: what stands still for all
            // and leaps for one, and then for another, has a median distance of nothing; and a few
            // readings do not say that one never leaps.
            let of_others = (all_squares - (reading.growth - middle).powi(2)).max(0.0) / (peers - 1.0).max(1.0);
            let leaps = if sort == Sort::Other { of_others.max(1.0 / reading.before.minutes as f64) } else { 0.0 };
            // What peers lie apart by holds how minutes vary as well; some vary more than others.
            let deviation = (own.max(apart * apart).max(leaps) + sort.drift().powi(2)).sqrt();
            let degrees = reading.before.minutes as f64 + if enough { peers } else { 0.0 };
            // Readings swing less widely upwards than their logarithms would have it, so that many
            // times as much is more unlikely than the logarithm alone says.
            let apart_by = if sort == Sort::Other { growth } else { growth.max(growth.exp_m1() / 1.5) };
            let p = chance::normal_tail(chance::from_t(apart_by / deviation, degrees));
            let of_service = most_of.get(&reading.key.service).copied().unwrap_or(most);
            let most = if of_all { most } else { of_service.max(usual).min(most) };
            let changed = (reading.mean - reading.mean_before).abs();
            let is_busy = sort != Sort::Processor || changed >= FLOOR_OF_MOST * most;
            let large = growth >= sort.floor().ln() && changed >= FLOOR_OF_LEVEL * level && is_busy;
            let service = pair.text(reading.key.service);
            let instance = reading.key.instance.map(|name| pair.text(name));
            let figure = |facts: &GaugeFacts| Figure { n: facts.readings, value: facts.mean() };
            let mut item = Difference::new(DifferenceKind::Resource, service, metric, figure(&reading.now), figure(&reading.before));
            item.instance = instance.map(str::to_owned);
            let whose = instance.map_or_else(|| service.to_owned(), |instance| format!("{instance} ({service})"));
            item.text = format!(
                "{metric} of {whose} is {} (mean of {}); {} (of {}) before.",
                number(reading.mean),
                count(reading.now.readings as usize, "reading", "readings"),
                number(reading.mean_before),
                count(reading.before.readings as usize, "reading", "readings"),
            );
            // From one in a hundred to five is as many times as from fifteen to seventy-five.
            let size = if sort == Sort::Processor { 0.4 + 0.6 * (changed / most.max(1e-12)).clamp(0.0, 1.0).sqrt() } else { 1.0 };
            let effect = sort.weight() * size * (growth / sort.full().ln()).clamp(0.0, 1.0);
            Some(Finding { evidence: Evidence::Gauge, service: reading.key.service, p, large, effect, item })
        })
        .collect()
}

/// What a metric is about, as far as its name tells: what is used up counts for more than what
/// merely follows from requests, and memory moves less than a processor.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Processor,
    Memory,
    Other,
}

impl Sort {
    fn of(metric: &str) -> Self {
        let name = metric.to_ascii_lowercase();
        let any = |words: &[&str]| words.iter().any(|word| name.contains(word));
        // A node's figures are those of everything on it.
        if any(&["node", "host", "system.", "latency", "duration", "request"]) {
            Self::Other
        } else if is_of_processor(&name) {
            Self::Processor
        } else if is_of_memory(&name) {
            Self::Memory
        } else {
            Self::Other
        }
    }

    fn floor(self) -> f64 {
        match self {
            Self::Processor | Self::Other => 1.6,
            Self::Memory => 1.25,
        }
    }

    /// What instances drift apart by at the least, as a logarithm.
    fn drift(self) -> f64 {
        match self {
            Self::Processor | Self::Other => 0.15,
            Self::Memory => 0.06,
        }
    }

    /// From where on a growth counts in full.
    fn full(self) -> f64 {
        match self {
            Self::Processor | Self::Other => 5.0,
            Self::Memory => 2.0,
        }
    }

    fn weight(self) -> f64 {
        match self {
            Self::Processor | Self::Memory => 1.0,
            Self::Other => 0.4,
        }
    }
}

/// By how much the entries of each service became more at least, as a logarithm: what counts of
/// requests swing by anyway is no reason to use more.
fn traffic(pair: Pair<'_>) -> BTreeMap<Name, f64> {
    let entries = |facts: &Facts| {
        let mut entries = BTreeMap::<Name, f64>::new();
        for (key, operation) in &facts.operations {
            *entries.entry(key.service).or_default() += operation.entries as f64;
        }
        entries
    };
    let (secs, secs_before) = (pair.now.secs.max(1.0), pair.before.secs.max(1.0));
    let before = entries(pair.before);
    let both = entries(pair.now).into_iter().filter_map(|(service, now)| Some((service, now, *before.get(&service)?)));
    both.filter(|(_, now, before)| *now > 0.0 && *before > 0.0)
        .map(|(service, now, before)| (service, (now / secs / (before / secs_before)).ln() - (BUNDLE / now + BUNDLE / before).sqrt()))
        .collect()
}
