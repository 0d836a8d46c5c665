//! Time to detect.

use super::{Better, Metric, Of, Unit, span};

pub const METRIC: Metric = Metric {
    id: "mttd",
    title: "Time to detect",
    question: "How long are users hurt before anybody knows?",
    definition: "from the start of impact to its detection (the first alert or report)",
    formula: "detected − start of impact",
    unit: Unit::Duration,
    better: Better::Lower,
    of: Of::Each(|facts| span(facts.started_at, facts.detected_at.ok_or("not detected")?, "detected before start")),
};
