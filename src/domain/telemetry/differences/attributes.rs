//! Which values are over-represented among the entries that fail or are slow: versions, regions,
//! callers, and the one instance of several. Asked only of services that something else already
//! sets apart, or of one instance against its siblings.

use super::{
    Difference, DifferenceKind, Evidence, Figure, Finding, Pair, chance,
    words::{micros, of_calls},
};
use crate::domain::{
    telemetry::facts::{AttributeKey, Clustered, InstanceKey, Name, ShareFacts},
    wording::grouped,
};
use std::collections::{BTreeMap, BTreeSet};

/// The share of suspects without anything over-represented of which something is named all the same.
const FALSE_ALARMS: f64 = 0.01;
const FEWEST_ERRORS: f64 = 5.0;
const FEWEST: f64 = 8.0;
/// The ratio of errors is so many times that of the rest.
const TIMES: f64 = 3.0;
/// And the value holds this share of all errors.
const SHARE: f64 = 0.5;
/// Slow: so many times the typical time of the rest.
const SLOWER: f64 = 2.0;

/// What carries the entries of a share: an attribute's value, or an instance.
#[derive(Clone, Copy)]
enum Carrier {
    Value(Name, Name),
    Instance(Name),
}

pub(super) fn findings(pair: Pair<'_>, standing: &[Finding]) -> Vec<Finding> {
    let suspects: BTreeSet<Name> =
        standing.iter().filter(|finding| matches!(finding.evidence, Evidence::Errors | Evidence::Latency)).map(|finding| finding.service).collect();
    let mut groups = BTreeMap::<(Name, Option<Name>), Vec<(Carrier, &ShareFacts)>>::new();
    for (AttributeKey { service, attribute, value }, facts) in pair.now.attributes.iter().filter(|(key, _)| suspects.contains(&key.service)) {
        groups.entry((*service, Some(*attribute))).or_default().push((Carrier::Value(*attribute, *value), facts));
    }
    for (InstanceKey { service, instance }, facts) in pair.now.instances.iter().filter(|(key, _)| suspects.contains(&key.service)) {
        groups.entry((*service, None)).or_default().push((Carrier::Instance(*instance), facts));
    }
    let found: Vec<Finding> =
        groups.into_iter().filter(|(_, carriers)| carriers.len() > 1).flat_map(|((service, _), carriers)| group(pair, service, &carriers)).collect();
    let limit = chance::passing(found.iter().map(|finding| finding.p).collect(), FALSE_ALARMS);
    found.into_iter().filter(|finding| finding.large && finding.p <= limit).collect()
}

/// The values of one attribute against each other.
fn group(pair: Pair<'_>, service: Name, carriers: &[(Carrier, &ShareFacts)]) -> Vec<Finding> {
    let (mut errors, mut took) = (Clustered::default(), Clustered::default());
    for (_, facts) in carriers {
        errors.merge(&facts.own_errors);
        took.merge(&facts.self_ln);
    }
    let mut findings = Vec::new();
    for (carrier, facts) in carriers {
        findings.extend(failing(pair, service, *carrier, facts, &errors));
        findings.extend(slow(pair, service, *carrier, facts, &took));
    }
    findings
}

fn before<'a>(pair: Pair<'a>, service: Name, carrier: Carrier) -> Option<&'a ShareFacts> {
    match carrier {
        Carrier::Value(attribute, value) => pair.before.attributes.get(&AttributeKey { service, attribute, value }),
        Carrier::Instance(instance) => pair.before.instances.get(&InstanceKey { service, instance }),
    }
}

fn failing(pair: Pair<'_>, service: Name, carrier: Carrier, facts: &ShareFacts, all: &Clustered) -> Option<Finding> {
    let (own, rest) = ((facts.own_errors.sum, facts.own_errors.n), (all.sum - facts.own_errors.sum, all.n - facts.own_errors.n));
    if own.0 < FEWEST_ERRORS || own.1 < FEWEST || rest.1 < FEWEST {
        return None;
    }
    let (ratio, ratio_of_rest) = (own.0 / own.1, rest.0 / rest.1);
    let earlier = before(pair, service, carrier).map_or((0.0, 0.0), |facts| (facts.own_errors.sum, facts.own_errors.n));
    let figure = |errors: f64, n: f64| Figure { n: n as u64, value: (n > 0.0).then(|| errors / n) };
    let mut item = shell(pair, service, carrier, "errors", figure(own.0, own.1), figure(earlier.0, earlier.1));
    item.text = format!("{} {} fails in {}; the rest in {}.", pair.text(service), with(pair, carrier), of_calls(own.0, own.1), of_calls(rest.0, rest.1));
    Some(Finding {
        evidence: Evidence::Attribute,
        service,
        p: chance::higher_share(own.0, own.1, rest.0, rest.1, facts.own_errors.design_effect()),
        large: ratio >= TIMES * ratio_of_rest && own.0 >= SHARE * all.sum,
        effect: (ratio - ratio_of_rest).clamp(0.0, 1.0),
        item,
    })
}

fn slow(pair: Pair<'_>, service: Name, carrier: Carrier, facts: &ShareFacts, all: &Clustered) -> Option<Finding> {
    let (own, rest_n) = (&facts.self_ln, all.n - facts.self_ln.n);
    if own.n < FEWEST || rest_n < FEWEST {
        return None;
    }
    let mean = own.mean()?;
    let mean_of_rest = (all.sum - own.sum) / rest_n;
    let earlier = before(pair, service, carrier).map(|facts| facts.self_ln)?;
    let deviation = (own.variance_of_mean() + all.variance() / rest_n).sqrt();
    let degrees = own.bundles() - 1.0;
    let time = |ln: f64| ln.exp();
    let figure = |clustered: &Clustered| Figure { n: clustered.n as u64, value: clustered.mean().map(|ln| time(ln) / 1e6) };
    let mut item = shell(pair, service, carrier, "latency", figure(own), figure(&earlier));
    item.text = format!(
        "{} {} itself takes {} (geometric mean of {}); {} elsewhere (of {}).",
        pair.text(service),
        with(pair, carrier),
        micros(time(mean)),
        grouped(own.n as usize),
        micros(time(mean_of_rest)),
        grouped(rest_n as usize)
    );
    Some(Finding {
        evidence: Evidence::Attribute,
        service,
        p: if deviation > 0.0 { chance::normal_tail(chance::from_t((mean - mean_of_rest) / deviation, degrees)) } else { 1.0 },
        // An operation that always takes longer carries its values along.
        large: mean - mean_of_rest >= SLOWER.ln() && mean - earlier.mean().unwrap_or(mean) >= 1.5_f64.ln(),
        effect: ((mean - mean_of_rest) / 10.0_f64.ln()).clamp(0.0, 1.0),
        item,
    })
}

fn shell(pair: Pair<'_>, service: Name, carrier: Carrier, measure: &str, now: Figure, before: Figure) -> Difference {
    let kind = match carrier {
        Carrier::Value(..) => DifferenceKind::Attribute,
        Carrier::Instance(_) => DifferenceKind::Resource,
    };
    let mut item = Difference::new(kind, pair.text(service), measure, now, before);
    match carrier {
        Carrier::Value(attribute, value) => {
            item.attribute = Some(pair.text(attribute).to_owned());
            item.value = Some(pair.text(value).to_owned());
        }
        Carrier::Instance(instance) => item.instance = Some(pair.text(instance).to_owned()),
    }
    item
}

fn with(pair: Pair<'_>, carrier: Carrier) -> String {
    match carrier {
        Carrier::Value(attribute, value) => format!("with {} = {}", pair.text(attribute), pair.text(value)),
        Carrier::Instance(instance) => format!("on {}", pair.text(instance)),
    }
}
