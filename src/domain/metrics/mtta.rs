//! Time to acknowledge.

use super::{Better, Metric, Of, Unit, span};

pub const METRIC: Metric = Metric {
    id: "mtta",
    title: "Time to acknowledge",
    question: "How long does an incident wait for a human?",
    definition: "from detection to the first acknowledgement by a person; what only a program acknowledged, and what nobody did, is left out and counted",
    formula: "first acknowledged − detected",
    unit: Unit::Duration,
    better: Better::Lower,
    of: Of::Each(|facts| {
        let acknowledged_at = facts.acknowledged_at.ok_or("not acknowledged")?;
        if facts.acknowledged_by_program {
            return Err("acknowledged by a program");
        }
        span(facts.detected_at.ok_or("not detected")?, acknowledged_at, "acknowledged before detection")
    }),
};
