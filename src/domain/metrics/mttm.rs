//! Time to mitigate.

use super::{Better, Metric, Of, Unit, span};

pub const METRIC: Metric = Metric {
    id: "mttm",
    title: "Time to mitigate",
    question: "How long until users are safe again?",
    definition: "from the start of impact to its mitigation (no more severe impact on users)",
    formula: "mitigated − start of impact",
    unit: Unit::Duration,
    better: Better::Lower,
    of: Of::Each(|facts| {
        let missing = if facts.open { "still open" } else { "not mitigated" };
        span(facts.started_at, facts.mitigated_at.ok_or(missing)?, "mitigated before start")
    }),
};
