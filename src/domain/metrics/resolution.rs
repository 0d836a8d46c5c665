//! Time to resolve.

use super::{Better, Metric, Of, Unit, span};

pub const METRIC: Metric = Metric {
    id: "resolution",
    title: "Time to resolve",
    question: "How long is an incident worked on?",
    definition: "from its detection (the first alert or report) to when it was resolved, after a reopening to the last time; it may last longer than \
                 the impact. Open incidents are left out and counted",
    formula: "resolved − detected",
    unit: Unit::Duration,
    better: Better::Lower,
    of: Of::Each(|facts| {
        let missing = if facts.open { "still open" } else { "not resolved" };
        let resolved_at = facts.resolved_at.ok_or(missing)?;
        span(facts.detected_at.ok_or("not detected")?, resolved_at, "resolved before detection")
    }),
};
