//! What sets one range apart from another, most telling first.
//!
//! Every measure lives in its own file and hands over findings: what differs, how unlikely that is
//! by chance, and how large it is. A finding stands only if it passes both a test that allows for
//! how many comparisons there were ([`chance`]) and a floor of size. What a finding is worth, which
//! findings merely follow from others, and their order is decided here. Causes are never named.

mod appearing;
mod attributes;
pub(super) mod chance;
mod ends;
mod errors;
mod gauges;
mod latency;
mod missing;
mod pooled;
mod rank;
mod sampled;
mod traffic;
mod waited;
mod words;

use super::{
    facts::{Facts, Name, Names},
    panels::Range,
};
use serde::{Deserialize, Serialize};

/// What a difference is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    Service,
    Operation,
    Edge,
    Attribute,
    Resource,
}

/// A value and how many readings it rests on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    pub n: u64,
    /// `None` where there was nothing to measure.
    pub value: Option<f64>,
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    pub kind: DifferenceKind,
    /// Whom it is about; of an edge, the end that stands out.
    pub service: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The other end of an edge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// `errors`, `latency`, `traffic`, `missing`, `log`, or a metric's name.
    pub measure: String,
    pub now: Figure,
    pub before: Figure,
    /// The same in a sentence.
    pub text: String,
}

impl Difference {
    fn new(kind: DifferenceKind, service: &str, measure: &str, now: Figure, before: Figure) -> Self {
        Self {
            kind,
            service: service.to_owned(),
            operation: None,
            peer: None,
            attribute: None,
            value: None,
            instance: None,
            measure: measure.to_owned(),
            now,
            before,
            text: String::new(),
        }
    }
}

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// What stands out, most telling first.
    pub items: Vec<Difference>,
    /// Where nothing does: what came nearest.
    pub nearest: Option<Difference>,
}

/// At most so many items are handed out: the rest would be told by the first.
pub const MOST_ITEMS: usize = 30;

/// The kinds of evidence, by how they count towards a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Evidence {
    Errors,
    Missing,
    Latency,
    Gauge,
    Appearing,
    Attribute,
    Traffic,
}

/// Something that differs, before it is known whether it stands.
#[derive(Clone, Debug)]
struct Finding {
    evidence: Evidence,
    service: Name,
    /// The chance of it where nothing differs.
    p: f64,
    /// Passes the floor of size.
    large: bool,
    /// How large, from 0 to 1.
    effect: f64,
    item: Difference,
}

/// What a measure looks at.
#[derive(Clone, Copy)]
struct Pair<'a> {
    now: &'a Facts,
    before: &'a Facts,
    names: &'a Names,
}

impl<'a> Pair<'a> {
    fn text(&self, name: Name) -> &'a str {
        self.names.text(name)
    }
}

/// The parts of a baseline that lie before and after the range: what is in both tells nothing.
pub fn outside(baseline: Range, range: Range) -> Vec<Range> {
    let parts = [Range { to: baseline.to.min(range.from), ..baseline }, Range { from: baseline.from.max(range.to), ..baseline }];
    parts.into_iter().filter(|part| part.from < part.to).collect()
}

/// What sets `now` apart from `before`, most telling first; nothing where either holds nothing.
/// The two must share their names.
pub fn differences(now: &Facts, before: &Facts, names: &Names) -> Vec<Difference> {
    compare(now, before, names).items
}

/// As [`differences`], and what came nearest where nothing stands out.
pub fn compare(now: &Facts, before: &Facts, names: &Names) -> Comparison {
    let pair = Pair { now, before, names };
    let (used, other) = gauges::findings(pair);
    // Beside each family the share of ranges without any difference in which it may name one.
    let families = [
        (errors::findings(pair), 0.003),
        (missing::gone(pair), 0.003),
        (missing::findings(pair), 0.003),
        (latency::findings(pair), 0.008),
        (used, 0.01),
        (other, 0.003),
        (appearing::findings(pair), 0.003),
        (traffic::findings(pair), 0.003),
    ];
    let mut standing = Vec::new();
    let mut nearest: Option<Finding> = None;
    for (family, false_alarms) in families {
        let limit = chance::passing(family.iter().map(|finding| finding.p).collect(), false_alarms);
        for finding in family {
            if finding.large && finding.p <= limit {
                standing.push(finding);
            } else if finding.p < 0.05 && nearest.as_ref().is_none_or(|nearest| finding.effect > nearest.effect) {
                nearest = Some(finding);
            }
        }
    }
    if standing.is_empty() {
        return Comparison { items: Vec::new(), nearest: nearest.map(|finding| finding.item) };
    }
    let over_represented = attributes::findings(pair, &standing);
    standing.extend(over_represented);
    let mut items = rank::ranked(pair, standing);
    items.truncate(MOST_ITEMS);
    Comparison { items, nearest: None }
}

#[cfg(test)]
mod tests;
