//! Everything the Trends screen shows of one range: the figures of each group beside those of the
//! range before, how the incidents are spread over it, and what each service lost.

use super::{
    ALL, Bucket, Change, Facts, Filter, GroupBy, Of, Population, Range, Step,
    availability::Availability,
    change::{FEWEST, difference_of_medians},
    frequency,
    group::{narrowed, populations},
    series::series,
    summary::{Excluded, Summary, median, nearest_rank, secs, values},
};
use crate::domain::{severity::Severity, sorting, time::Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How far ahead of ours the clock of whoever asks up to now may be.
const CLOCK_SKEW_SECS: i64 = 60;

/// The screen, ready to be put into words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trends {
    pub from: Timestamp,
    pub to: Timestamp,
    /// All incidents of the range as one group.
    pub all: TrendGroup,
    /// The groups that were asked for; empty when none were.
    pub groups: Vec<TrendGroup>,
    /// SEV1 to SEV5, then those without a severity.
    pub by_severity: Vec<u64>,
    /// How many of them are still open.
    pub open: u64,
    pub step: Step,
    pub series: Vec<Bucket>,
    /// Services that were hurt within the range, the worst first.
    pub services: Vec<ServiceAvailability>,
}

/// One group with its figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrendGroup {
    /// As in [`Group`](super::Group).
    pub key: Option<String>,
    pub incidents: u64,
    /// In the order of [`ALL`].
    pub figures: Vec<Figure>,
    /// `None` for incidents without a severity or service, which no impact can be told apart for.
    pub availability: Option<Availability>,
}

/// One metric of one group as people are shown it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// The metric's id.
    pub metric: String,
    pub n: u64,
    pub excluded: Vec<Excluded>,
    /// The median where each incident has a value of its own, else the figure itself. `None`
    /// when there is nothing, or too little, to make it from.
    pub value: Option<f64>,
    pub p90: Option<f64>,
    /// The values themselves where they are too few for a median.
    pub values: Vec<f64>,
    /// The 95 % interval of a rate.
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// Against the range of equal length before; `None` where either is too small.
    pub change: Option<Change>,
}

/// What one service's users went through.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceAvailability {
    pub service: String,
    pub availability: Availability,
}

/// Counts everything. `facts` are those that touch the range, the one before it, or the thirty
/// days before that; more do no harm.
pub fn trends(facts: &[Facts], range: &Range, filter: &Filter, by: GroupBy, now: Timestamp) -> Trends {
    let earlier = |by| range.before().map(|before| populations(facts, &before, filter, by, now)).unwrap_or_default();
    let groups = |by: GroupBy| -> Vec<TrendGroup> {
        // A month has no other month of equal length before it to be compared with.
        let has_one = by != GroupBy::Month && range.before().is_some();
        let before = if has_one { earlier(by) } else { vec![] };
        let compared = has_one && is_counted_as_long(facts, range, now);
        let group = |(key, population): (Option<String>, Population)| {
            let before = before.iter().find(|(known, _)| *known == key).map(|(_, population)| population);
            let availability = narrowed(range, filter, by, key.as_deref()).map(|(range, filter)| availability(facts, &range, &filter, now));
            TrendGroup { key, incidents: population.members.len() as u64, figures: figures(&population, before, compared), availability }
        };
        populations(facts, range, filter, by, now).into_iter().map(group).collect()
    };
    let all = groups(GroupBy::None).into_iter().next().unwrap_or(TrendGroup { key: None, incidents: 0, figures: vec![], availability: None });
    let step = Step::for_range(range);
    let members: Vec<&Facts> = facts.iter().filter(|facts| range.contains(facts.started_at) && filter.matches(facts)).collect();
    let count = |severity: Option<Severity>| members.iter().filter(|facts| facts.severity == severity).count() as u64;
    Trends {
        from: range.from,
        to: range.to,
        all,
        groups: if by == GroupBy::None { vec![] } else { groups(by) },
        by_severity: Severity::ALL.into_iter().map(Some).chain([None]).map(count).collect(),
        open: members.iter().filter(|facts| facts.open).count() as u64,
        step,
        series: series(facts, range, filter, step),
        services: services(facts, range, filter, now),
    }
}

/// Whether the range and the one before it were counted for equally long, so that how often may be
/// compared: the one has ended, and before the other began the record had. An incident of whatever
/// kind says so; before the first one nobody knows whether anybody was counting.
fn is_counted_as_long(facts: &[Facts], range: &Range, now: Timestamp) -> bool {
    let has_ended = range.to <= now.plus_secs(CLOCK_SKEW_SECS);
    has_ended && range.before().is_some_and(|before| facts.iter().any(|facts| facts.started_at <= before.from))
}

/// `compared`: there is a range before that was counted for as long; a group that is not in it had
/// no incident.
fn figures(population: &Population, before: Option<&Population>, compared: bool) -> Vec<Figure> {
    let figure = |metric: &super::Metric| {
        let Of::Each(each) = metric.of else {
            let Summary { n, mean: value, low, high, .. } = Summary::of(metric, population);
            let earlier = before.map_or(0, |before| before.members.len() as u64);
            let change = (compared && matches!(metric.of, Of::Rate)).then(|| frequency::change(n, earlier, &population.range));
            return Figure { metric: metric.id.to_owned(), n, excluded: vec![], value, p90: None, values: vec![], low, high, change };
        };
        let (sorted, excluded) = values(&population.members, each);
        let enough = sorted.len() >= FEWEST;
        let earlier = before.map(|before| values(&before.members, each).0).unwrap_or_default();
        Figure {
            metric: metric.id.to_owned(),
            n: sorted.len() as u64,
            excluded,
            value: if enough { median(&sorted) } else { None },
            p90: if enough { nearest_rank(&sorted, 90).map(secs) } else { None },
            values: if enough { vec![] } else { sorted.iter().copied().map(secs).collect() },
            low: None,
            high: None,
            change: difference_of_medians(&sorted, &earlier),
        }
    };
    ALL.iter().map(figure).collect()
}

/// Whether a service was hurt is what its windows say, whatever services an incident names now.
pub fn availability(facts: &[Facts], range: &Range, filter: &Filter, now: Timestamp) -> Availability {
    let of_any_service = Filter { service: None, ..filter.clone() };
    let counted: Vec<&Facts> = facts.iter().filter(|facts| of_any_service.matches(facts)).collect();
    Availability::of(&counted, range, filter.service.as_deref(), now)
}

fn services(facts: &[Facts], range: &Range, filter: &Filter, now: Timestamp) -> Vec<ServiceAvailability> {
    let of_any_service = Filter { service: None, ..filter.clone() };
    let counted: Vec<&Facts> = facts.iter().filter(|facts| of_any_service.matches(facts)).collect();
    let named = counted.iter().flat_map(|facts| &facts.impact).filter_map(|window| window.service.as_deref());
    let wanted: BTreeSet<&str> = named.filter(|name| filter.service.as_deref().is_none_or(|service| service == *name)).collect();
    let of = |name: &str| {
        let own: Vec<&Facts> = counted.iter().copied().filter(|facts| facts.impact.iter().any(|window| window.service.as_deref() == Some(name))).collect();
        ServiceAvailability { service: name.to_owned(), availability: Availability::of(&own, range, Some(name), now) }
    };
    let mut services: Vec<ServiceAvailability> = wanted.into_iter().map(of).filter(|service| service.availability.incidents > 0).collect();
    #[allow(clippy::cast_possible_truncation)] // seconds of a range
    sorting::sort_by_key(&mut services, |service| std::cmp::Reverse((service.availability.downtime_s * 1e6) as i64));
    services
}
