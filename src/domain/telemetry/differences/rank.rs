//! Which of the findings come first, and which merely follow from others.
//!
//! Evidence adds up by service: one whose processor is busy and whose own time grew stands before
//! one of which only one of the two is known. What is found of a caller counts for less where
//! something it calls shows the same or worse, since trouble travels upwards.

use super::{Difference, Evidence, Finding, Pair};
use crate::domain::telemetry::facts::Name;
use std::collections::{BTreeMap, BTreeSet};

/// What each kind of evidence is worth at its largest.
fn worth(evidence: Evidence) -> f64 {
    match evidence {
        Evidence::Errors => 1.0,
        Evidence::Latency => 0.9,
        Evidence::Missing => 0.8,
        Evidence::Gauge => 0.7,
        Evidence::Appearing => 0.4,
        Evidence::Attribute => 0.3,
        Evidence::Traffic => 0.15,
    }
}

/// What is left of a caller's evidence where what it calls shows the like.
const FOLLOWS: f64 = 0.35;
/// Each further item of one service is that much less telling than the one before.
const FURTHER: f64 = 0.6;
/// Items of one service and one kind of evidence: the rest says the same again.
const OF_ONE_KIND: usize = 3;
/// What is under this share of the first is noise beside it.
const FLOOR: f64 = 0.12;

pub(super) fn ranked(pair: Pair<'_>, mut findings: Vec<Finding>) -> Vec<Difference> {
    findings.sort_by(|a, b| b.effect.total_cmp(&a.effect).then_with(|| a.item.text.cmp(&b.item.text)));
    let mut strongest = BTreeMap::<(Name, Evidence), f64>::new();
    for finding in &findings {
        let strength = strongest.entry((finding.service, finding.evidence)).or_default();
        *strength = strength.max(worth(finding.evidence) * finding.effect);
    }
    let below = below(pair);
    let nobody = BTreeSet::new();
    // What stands for itself adds up; what follows is told once, however often it shows.
    let mut totals = BTreeMap::<Name, (f64, f64)>::new();
    let mut followers = BTreeMap::<(Name, Evidence), f64>::new();
    for ((service, evidence), strength) in &strongest {
        let called = below.get(service).unwrap_or(&nobody);
        let follows = called
            .iter()
            .any(|callee| explains(*evidence).iter().any(|cause| strongest.get(&(*callee, *cause)).is_some_and(|of_callee| *of_callee >= 0.4 * strength)));
        followers.insert((*service, *evidence), if follows { FOLLOWS } else { 1.0 });
        let total = totals.entry(*service).or_default();
        if follows {
            total.1 = total.1.max(strength * FOLLOWS);
        } else {
            total.0 += strength;
        }
    }

    let mut counts = BTreeMap::<(Name, Evidence), usize>::new();
    let mut scored: Vec<(f64, Name, Finding)> = Vec::new();
    for finding in findings {
        let key = (finding.service, finding.evidence);
        let count = counts.entry(key).or_default();
        *count += 1;
        if *count > OF_ONE_KIND {
            continue;
        }
        let own = worth(finding.evidence) * finding.effect * followers.get(&key).copied().unwrap_or(1.0);
        let (alone, following) = totals.get(&finding.service).copied().unwrap_or_default();
        scored.push((0.3 * own + alone + following, finding.service, finding));
    }
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    // Each further item of a service steps back, so that the first ones name different services
    // where several stand out.
    let mut seen = BTreeMap::<Name, i32>::new();
    for (score, service, _) in &mut scored {
        let seen = seen.entry(*service).or_default();
        *score *= FURTHER.powi(*seen);
        *seen += 1;
    }
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let floor = scored.first().map_or(0.0, |first| first.0 * FLOOR);
    scored.into_iter().filter(|scored| scored.0 >= floor).map(|(_, _, finding)| finding.item).collect()
}

/// Which evidence of something called accounts for this evidence of its callers.
fn explains(evidence: Evidence) -> &'static [Evidence] {
    match evidence {
        Evidence::Errors | Evidence::Missing => &[Evidence::Errors, Evidence::Missing, Evidence::Latency],
        // Whoever waits for one that is gone waits in its own time.
        Evidence::Latency => &[Evidence::Errors, Evidence::Missing],
        Evidence::Appearing => &[Evidence::Errors, Evidence::Missing, Evidence::Latency, Evidence::Appearing],
        Evidence::Gauge | Evidence::Attribute => &[],
        Evidence::Traffic => &[Evidence::Errors, Evidence::Missing, Evidence::Latency, Evidence::Gauge],
    }
}

/// Everything each service calls, directly or through others.
fn below(pair: Pair<'_>) -> BTreeMap<Name, BTreeSet<Name>> {
    let mut called = BTreeMap::<Name, BTreeSet<Name>>::new();
    for facts in [pair.now, pair.before] {
        for key in facts.calls.keys() {
            if let Some(callee) = key.callee.filter(|callee| *callee != key.caller) {
                called.entry(key.caller).or_default().insert(callee);
            }
        }
    }
    let mut below = BTreeMap::new();
    for service in called.keys() {
        let mut reached = BTreeSet::new();
        let mut next = vec![*service];
        while let Some(service) = next.pop() {
            for callee in called.get(&service).into_iter().flatten() {
                if reached.insert(*callee) {
                    next.push(*callee);
                }
            }
        }
        reached.remove(service);
        below.insert(*service, reached);
    }
    below
}
