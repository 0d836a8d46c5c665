//! Which incidents are counted, and how they are put into groups.

use super::{ALL, Facts, Population, Range, Summary, repeats::Over};
use crate::domain::{
    alert::{ABOUT_MONITORING, Labels},
    incident::Kind,
    severity::Severity,
    time::Timestamp,
};
use chrono::{Datelike, Months};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

/// Which incidents are counted. Empty and `None` leave nobody out, except for `kinds`: without
/// any only incidents count, not maintenance, drills, or that our own eyes failed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filter {
    pub severity: Vec<Severity>,
    pub service: Option<String>,
    /// One of these, beside `service`.
    pub services: Vec<String>,
    /// All of these, with these values.
    pub labels: Labels,
    pub origin: Option<String>,
    pub kinds: Vec<Kind>,
}

impl Filter {
    pub fn matches(&self, facts: &Facts) -> bool {
        self.counts_kind(facts)
            && (self.severity.is_empty() || facts.severity.is_some_and(|severity| self.severity.contains(&severity)))
            && self.service.as_ref().is_none_or(|service| facts.services.contains(service))
            && (self.services.is_empty() || self.services.iter().any(|service| facts.services.contains(service)))
            && self.origin.as_ref().is_none_or(|origin| facts.origin.as_ref() == Some(origin))
            && self.labels.iter().all(|(name, value)| facts.labels.get(name) == Some(value))
    }

    /// Whether it is of a kind that is counted. That our own eyes failed is nobody's downtime: such
    /// incidents count where somebody asks for them by the label that says so.
    pub(super) fn counts_kind(&self, facts: &Facts) -> bool {
        match facts.kind {
            Kind::Incident if facts.is_about_monitoring() && !self.labels.contains_key(ABOUT_MONITORING.0) => false,
            Kind::Incident if self.kinds.is_empty() => true,
            kind => self.kinds.contains(&kind),
        }
    }
}

/// By what incidents are put into groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupBy {
    /// One group of all.
    #[default]
    None,
    Severity,
    /// An incident with several services counts once in each.
    Service,
    /// The month of its impact's start, in UTC.
    Month,
}

impl GroupBy {
    pub const ALL: [GroupBy; 4] = [GroupBy::None, GroupBy::Severity, GroupBy::Service, GroupBy::Month];

    pub fn slug(self) -> &'static str {
        match self {
            GroupBy::None => "none",
            GroupBy::Severity => "severity",
            GroupBy::Service => "service",
            GroupBy::Month => "month",
        }
    }

    pub fn from_slug(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.slug() == text)
    }
}

/// One group with all its metrics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// `SEV1`, a service's name, `2026-02`; `None` for the one group of all, and for incidents
    /// without a severity or service.
    pub key: Option<String>,
    pub incidents: u64,
    /// By the metric's id.
    pub metrics: BTreeMap<String, Summary>,
}

/// Every metric over `facts`, in groups by their keys. `facts` are those that touch the range or
/// the [thirty days](super::LOOK_BACK_SECS) before it; more do no harm. Groups without an incident
/// are left out, except for the one group of all.
pub fn figures(facts: &[Facts], range: &Range, filter: &Filter, by: GroupBy, now: Timestamp) -> Vec<Group> {
    populations(facts, range, filter, by, now).into_iter().map(|(key, population)| Group::of(key, &population)).collect()
}

/// The groups before anything is counted, each with its key in words.
pub(super) fn populations<'a>(facts: &'a [Facts], range: &Range, filter: &'a Filter, by: GroupBy, now: Timestamp) -> Vec<(Option<String>, Population<'a>)> {
    let known: Vec<&Facts> = facts.iter().filter(|facts| filter.matches(facts)).collect();
    let service = filter.service.as_deref();
    let over = Rc::new(Over::new(facts, filter));
    if by == GroupBy::Month {
        return by_month(&known, range, service, &over, now);
    }
    let mut groups: BTreeMap<Key, Population> = BTreeMap::new();
    if by == GroupBy::None {
        groups.insert(Key::All, Population { range: *range, members: vec![], known: vec![], service, over: over.clone(), now });
    }
    for facts in known {
        for key in Key::all_of(facts, by) {
            let own_service = if let Key::Service(name) = key { Some(name) } else { service };
            let empty = || Population { range: *range, members: vec![], known: vec![], service: own_service, over: over.clone(), now };
            let group = groups.entry(key).or_insert_with(empty);
            group.known.push(facts);
            if range.contains(facts.started_at) {
                group.members.push(facts);
            }
        }
    }
    let told = groups.into_iter().filter(|(key, group)| *key == Key::All || !group.members.is_empty());
    told.map(|(key, group)| (key.words(), group)).collect()
}

/// Each month is a range of its own, so that what is counted per time is counted over that month.
fn by_month<'a>(known: &[&'a Facts], range: &Range, service: Option<&'a str>, over: &Rc<Over<'a>>, now: Timestamp) -> Vec<(Option<String>, Population<'a>)> {
    let mut months: BTreeMap<String, Vec<&Facts>> = BTreeMap::new();
    for facts in known.iter().copied().filter(|facts| range.contains(facts.started_at)) {
        months.entry(month_of(facts.started_at)).or_default().push(facts);
    }
    let group = |(key, members): (String, Vec<&'a Facts>)| {
        // A month with a member overlaps the range.
        let range = members.first().and_then(|first| month_around(first.started_at)?.within(range)).unwrap_or(*range);
        let known = known.iter().copied().filter(|facts| facts.reaches(&range)).collect();
        (Some(key), Population { range, members, known, service, over: over.clone(), now })
    };
    months.into_iter().map(group).collect()
}

/// The range and filter that hold just the group `key`, for what belongs to a range by its impact
/// and not by its start. `None` when there can be no such group.
pub(super) fn narrowed(range: &Range, filter: &Filter, by: GroupBy, key: Option<&str>) -> Option<(Range, Filter)> {
    let filter = filter.clone();
    match (by, key) {
        (GroupBy::None, None) => Some((*range, filter)),
        (GroupBy::Severity, Some(key)) => Some((*range, Filter { severity: vec![Severity::from_slug(key)?], ..filter })),
        (GroupBy::Service, Some(key)) => Some((*range, Filter { service: Some(key.to_owned()), ..filter })),
        (GroupBy::Month, Some(key)) => {
            let first = Timestamp::parse(&format!("{key}-01T00:00:00Z"))?;
            Some((month_around(first)?.within(range)?, filter))
        }
        _ => None,
    }
}

fn month_of(at: Timestamp) -> String {
    at.to_utc().format("%Y-%m").to_string()
}

fn month_around(at: Timestamp) -> Option<Range> {
    let first = at.to_utc().date_naive().with_day(1)?;
    let start = |day: chrono::NaiveDate| Timestamp::from_micros(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros());
    Range::new(start(first), start(first.checked_add_months(Months::new(1))?))
}

/// What a group holds; the order is the order of the answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    All,
    Severity(Severity),
    Service(&'a str),
    /// No severity, or no service.
    Without,
}

impl<'a> Key<'a> {
    fn all_of(facts: &'a Facts, by: GroupBy) -> Vec<Self> {
        match by {
            GroupBy::None | GroupBy::Month => vec![Key::All],
            GroupBy::Severity => vec![facts.severity.map_or(Key::Without, Key::Severity)],
            GroupBy::Service if facts.services.is_empty() => vec![Key::Without],
            GroupBy::Service => facts.services.iter().map(|name| Key::Service(name)).collect::<BTreeSet<_>>().into_iter().collect(),
        }
    }

    fn words(self) -> Option<String> {
        match self {
            Key::All | Key::Without => None,
            Key::Severity(severity) => Some(severity.label().to_owned()),
            Key::Service(name) => Some(name.to_owned()),
        }
    }
}

impl Group {
    fn of(key: Option<String>, population: &Population) -> Self {
        let metrics = ALL.iter().map(|metric| (metric.id.to_owned(), Summary::of(metric, population))).collect();
        Self { key, incidents: population.members.len() as u64, metrics }
    }
}
