//! What stands behind a figure: every incident of its group, with its value or the reason why it
//! has none. The figure and this list come from the same functions, so they cannot disagree.

use super::{
    Facts, Filter, GroupBy, Metric, Of, Population, Range,
    availability::{Availability, impact_micros},
    group::populations,
    resolution,
    summary::secs,
};
use crate::domain::{
    ids::{IncidentId, IncidentRef},
    severity::Severity,
    sorting,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// The figure that is looked behind.
#[derive(Clone, Copy)]
pub enum About {
    Metric(&'static Metric),
    /// Its incidents are those that hurt somebody within the range, whenever they began.
    Availability,
}

impl About {
    /// What availability is called where metrics are named.
    pub const AVAILABILITY: &'static str = "availability";

    pub fn from_id(id: &str) -> Option<Self> {
        if id == Self::AVAILABILITY { Some(About::Availability) } else { super::find(id).map(About::Metric) }
    }

    pub fn id(self) -> &'static str {
        match self {
            About::Metric(metric) => metric.id,
            About::Availability => Self::AVAILABILITY,
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            About::Metric(metric) => metric.title,
            About::Availability => Availability::TITLE,
        }
    }

    pub fn question(self) -> &'static str {
        match self {
            About::Metric(metric) => metric.question,
            About::Availability => Availability::QUESTION,
        }
    }

    pub fn definition(self) -> &'static str {
        match self {
            About::Metric(metric) => metric.definition,
            About::Availability => Availability::DEFINITION,
        }
    }

    pub fn formula(self) -> &'static str {
        match self {
            About::Metric(metric) => metric.formula,
            About::Availability => Availability::FORMULA,
        }
    }
}

/// One incident behind a figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Behind<'a> {
    pub facts: &'a Facts,
    /// Its own value in seconds, where the figure is made from such values.
    pub value_s: Option<f64>,
    /// For what has not ended: how many seconds it is at least.
    pub at_least_s: Option<f64>,
    /// For shares: whether it is one of those that are counted.
    pub counts: Option<bool>,
    /// Why it was left out.
    pub excluded: Option<&'static str>,
}

/// One incident behind a figure, as it is told to the outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BehindItem {
    pub incident_id: IncidentId,
    #[serde(rename = "ref")]
    pub reference: IncidentRef,
    pub title: String,
    pub severity: Option<Severity>,
    pub started_at: Timestamp,
    /// As in [`Behind`], like the three that follow.
    pub value_s: Option<f64>,
    pub at_least_s: Option<f64>,
    pub counts: Option<bool>,
    pub excluded: Option<String>,
}

/// A page of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BehindPage {
    pub items: Vec<BehindItem>,
    pub next_cursor: Option<String>,
}

/// Which of the incidents behind a figure are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Which {
    #[default]
    All,
    /// Those that the figure is made from.
    Counted,
    /// Those that were left out.
    Excluded,
}

impl Which {
    pub const ALL: [Which; 3] = [Which::All, Which::Counted, Which::Excluded];

    pub fn slug(self) -> &'static str {
        match self {
            Which::All => "all",
            Which::Counted => "counted",
            Which::Excluded => "excluded",
        }
    }

    pub fn from_slug(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|which| which.slug() == text)
    }

    pub fn holds(self, behind: &Behind) -> bool {
        match self {
            Which::All => true,
            Which::Counted => behind.excluded.is_none(),
            Which::Excluded => behind.excluded.is_some(),
        }
    }
}

impl BehindItem {
    /// The first line of their table.
    pub const HEADER: [&'static str; 9] = ["incident_id", "ref", "title", "severity", "started_at", "value_s", "at_least_s", "counts", "excluded"];

    /// One line of it.
    pub fn cells(&self) -> [String; 9] {
        let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        [
            self.incident_id.to_string(),
            self.reference.to_string(),
            self.title.clone(),
            self.severity.map(Severity::label).unwrap_or_default().to_owned(),
            self.started_at.to_string(),
            number(self.value_s),
            number(self.at_least_s),
            self.counts.map(|counts| counts.to_string()).unwrap_or_default(),
            self.excluded.clone().unwrap_or_default(),
        ]
    }
}

/// The incidents of the group `key`, the newest first. `None` when there is no such group.
pub fn behind<'a>(
    facts: &'a [Facts],
    range: &Range,
    filter: &'a Filter,
    by: GroupBy,
    key: Option<&str>,
    about: About,
    now: Timestamp,
) -> Option<Vec<Behind<'a>>> {
    let mut found = match about {
        About::Metric(metric) => {
            let groups = populations(facts, range, filter, by, now);
            let (_, population) = groups.into_iter().find(|(known, _)| known.as_deref() == key)?;
            of_metric(metric, &population)
        }
        About::Availability => of_availability(facts, range, filter, by, key, now)?,
    };
    sorting::sort_by_key(&mut found, |behind| std::cmp::Reverse((behind.facts.started_at, behind.facts.reference)));
    Some(found)
}

fn of_metric<'a>(metric: &Metric, population: &Population<'a>) -> Vec<Behind<'a>> {
    let plain = |facts: &'a Facts| Behind { facts, value_s: None, at_least_s: None, counts: None, excluded: None };
    let members = population.members.iter().copied();
    match metric.of {
        Of::Whole(_) | Of::Rate => members.map(plain).collect(),
        Of::Share(of) => members.zip(of(population)).map(|(facts, counts)| Behind { counts: Some(counts), ..plain(facts) }).collect(),
        Of::Each(each) => {
            let one = |facts: &'a Facts| match each(facts) {
                Ok(micros) => Behind { value_s: Some(secs(micros)), ..plain(facts) },
                Err(reason) => Behind { excluded: Some(reason), at_least_s: so_far(metric, facts, reason, population.now), ..plain(facts) },
            };
            members.map(one).collect()
        }
    }
}

/// An open incident is not without a time, it only has not ended: its value is at least this.
fn so_far(metric: &Metric, facts: &Facts, reason: &str, now: Timestamp) -> Option<f64> {
    let since = match reason {
        "still open" if metric.id == resolution::METRIC.id => facts.detected_at?,
        "still open" => facts.started_at,
        "not acknowledged" | "acknowledged by a program" if facts.open => facts.detected_at?,
        _ => return None,
    };
    Some(secs(now.micros_since(since))).filter(|least| *least >= 0.0)
}

fn of_availability<'a>(facts: &'a [Facts], range: &Range, filter: &Filter, by: GroupBy, key: Option<&str>, now: Timestamp) -> Option<Vec<Behind<'a>>> {
    let (range, filter) = super::group::narrowed(range, filter, by, key)?;
    let service = filter.service.as_deref();
    let hurt = |facts: &'a Facts| {
        let micros = impact_micros(&[facts], &range, service, now);
        (micros > 0).then(|| Behind { facts, value_s: Some(secs(micros)), at_least_s: None, counts: None, excluded: None })
    };
    let counted = Filter { service: None, ..filter.clone() };
    Some(facts.iter().filter(|facts| counted.matches(facts)).filter_map(hurt).collect())
}
