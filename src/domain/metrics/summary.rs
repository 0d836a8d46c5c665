//! One metric over one group: how many, who was left out, and the figures.

use super::{Facts, Metric, Of, Population, frequency};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A metric of a group, in the shape that `GET /api/v1/metrics/incidents` answers. `n` and the
/// excluded ones together are all incidents of the group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How many incidents the figures are made from.
    pub n: u64,
    pub excluded: Vec<Excluded>,
    /// `None` when there is nothing to make it from.
    pub mean: Option<f64>,
    /// The 95 % interval of a rate: between which ones chance makes this out of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// Only where each incident has a value of its own.
    #[serde(flatten)]
    pub spread: Option<Spread>,
    pub unit: String,
    pub definition: String,
}

/// Incidents that were left out for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excluded {
    /// In words: "not acknowledged".
    pub reason: String,
    pub n: u64,
}

/// How the values lie. The median of an even number is the mean of the two in the middle; the
/// percentiles are by nearest rank, so they are values that occurred.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    pub median: Option<f64>,
    pub p90: Option<f64>,
    pub p95: Option<f64>,
    pub min: Option<f64>,
    pub max: Option<f64>,
}

impl Summary {
    pub fn of(metric: &Metric, population: &Population) -> Self {
        let (unit, definition) = (metric.unit.slug().to_owned(), metric.definition.to_owned());
        let n = population.members.len() as u64;
        let whole = |mean| Self { n, excluded: vec![], mean, low: None, high: None, spread: None, unit: unit.clone(), definition: definition.clone() };
        let each = match metric.of {
            Of::Whole(of) => return whole(of(population)),
            Of::Share(of) => return whole(share(&of(population))),
            Of::Rate => {
                #[allow(clippy::cast_precision_loss)] // a count
                let rate = frequency::rate(n as f64, &population.range);
                let (low, high) = frequency::interval(n, &population.range);
                return Self { low: Some(low), high: Some(high), ..whole(Some(rate)) };
            }
            Of::Each(each) => each,
        };
        let (values, excluded) = values(&population.members, each);
        Self { n: values.len() as u64, excluded, spread: Some(spread(&values)), ..whole(mean(&values)) }
    }
}

/// The values of one metric in order, and who has none.
pub(super) fn values(members: &[&Facts], each: fn(&Facts) -> Result<i64, &'static str>) -> (Vec<i64>, Vec<Excluded>) {
    let mut values = Vec::with_capacity(members.len());
    let mut excluded: BTreeMap<&str, u64> = BTreeMap::new();
    for facts in members {
        match each(facts) {
            Ok(micros) => values.push(micros),
            Err(reason) => *excluded.entry(reason).or_default() += 1,
        }
    }
    values.sort_unstable();
    (values, excluded.into_iter().map(|(reason, n)| Excluded { reason: reason.to_owned(), n }).collect())
}

#[allow(clippy::cast_precision_loss)] // counts
fn share(which: &[bool]) -> Option<f64> {
    (!which.is_empty()).then(|| which.iter().filter(|is_one| **is_one).count() as f64 / which.len() as f64)
}

/// Microseconds as seconds, the unit on the wire.
#[allow(clippy::cast_precision_loss)] // below 2^53 microseconds (285 years) it is exact
pub(super) fn secs(micros: i64) -> f64 {
    micros as f64 / 1e6
}

#[allow(clippy::cast_precision_loss)] // as in `secs`
fn mean(values: &[i64]) -> Option<f64> {
    let sum: i128 = values.iter().map(|value| i128::from(*value)).sum();
    (!values.is_empty()).then(|| sum as f64 / values.len() as f64 / 1e6)
}

fn spread(sorted: &[i64]) -> Spread {
    Spread {
        median: median(sorted),
        p90: nearest_rank(sorted, 90).map(secs),
        p95: nearest_rank(sorted, 95).map(secs),
        min: sorted.first().copied().map(secs),
        max: sorted.last().copied().map(secs),
    }
}

pub(super) fn median(sorted: &[i64]) -> Option<f64> {
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(secs(upper));
    }
    let lower = *sorted.get(sorted.len() / 2 - 1)?;
    Some((secs(lower) + secs(upper)) / 2.0)
}

/// The smallest value that at least `percent` of all values do not exceed.
pub(super) fn nearest_rank(sorted: &[i64], percent: usize) -> Option<i64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}
