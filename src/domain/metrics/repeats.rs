//! The same trouble again.

use super::{Better, Facts, Filter, LOOK_BACK_SECS, Metric, Of, Unit};
use crate::domain::{ids::IncidentRef, time::Timestamp};
use std::{cell::OnceCell, collections::HashMap};

pub const METRIC: Metric = Metric {
    id: "repeats",
    title: "Repeats within 30 days",
    question: "How often does the same trouble come back?",
    definition: "the share of incidents whose impact began within thirty days after an earlier one with the same label `cause` was resolved, whatever \
                 its severity; without that label, with the same title and services",
    formula: "incidents that came again ÷ incidents",
    unit: Unit::Ratio,
    better: Better::Lower,
    of: Of::Share(|population| population.members.iter().map(|facts| population.over.came_again(facts)).collect()),
};

/// When what was over was resolved, by its cause: of the kinds that are counted, and nothing else
/// is asked. A drill is no trouble that comes back; a SEV1 that was a SEV3 last week is.
pub struct Over<'a> {
    facts: &'a [Facts],
    filter: &'a Filter,
    /// Made when it is first asked for, once for all groups.
    by_cause: OnceCell<HashMap<&'a str, Vec<(Timestamp, IncidentRef)>>>,
}

impl<'a> Over<'a> {
    pub fn new(facts: &'a [Facts], filter: &'a Filter) -> Self {
        Self { facts, filter, by_cause: OnceCell::new() }
    }

    fn by_cause(&self) -> &HashMap<&'a str, Vec<(Timestamp, IncidentRef)>> {
        self.by_cause.get_or_init(|| {
            let mut over: HashMap<&str, Vec<_>> = HashMap::new();
            for facts in self.facts.iter().filter(|facts| self.filter.counts_kind(facts)) {
                if let Some(at) = facts.resolved_at.or_else(|| facts.restored()) {
                    over.entry(&facts.cause).or_default().push((at, facts.reference));
                }
            }
            over
        })
    }

    fn came_again(&self, facts: &Facts) -> bool {
        let earliest = facts.started_at.plus_secs(-LOOK_BACK_SECS);
        let before = |(at, reference): &(Timestamp, IncidentRef)| *reference != facts.reference && *at <= facts.started_at && *at >= earliest;
        self.by_cause().get(facts.cause.as_str()).is_some_and(|earlier| earlier.iter().any(before))
    }
}
