//! The same trouble again.

use super::{Better, Facts, LOOK_BACK_SECS, Metric, Of, Unit};
use std::collections::HashMap;

pub const METRIC: Metric = Metric {
    id: "repeats",
    title: "Repeats within 30 days",
    question: "How often does the same trouble come back?",
    definition: "the share of incidents whose impact began within thirty days after an earlier one with the same label `cause` was restored; \
                 without that label, with the same title and services",
    formula: "incidents that came again ÷ incidents",
    unit: Unit::Ratio,
    better: Better::Lower,
    of: Of::Share(|population| {
        let mut restored: HashMap<&str, Vec<_>> = HashMap::new();
        for facts in &population.known {
            if let Some(at) = facts.restored_at {
                restored.entry(&facts.cause).or_default().push((at, facts.reference));
            }
        }
        let came_again = |facts: &&Facts| {
            let earliest = facts.started_at.plus_secs(-LOOK_BACK_SECS);
            restored
                .get(facts.cause.as_str())
                .is_some_and(|earlier| earlier.iter().any(|(at, reference)| *reference != facts.reference && *at <= facts.started_at && *at >= earliest))
        };
        population.members.iter().map(came_again).collect()
    }),
};
