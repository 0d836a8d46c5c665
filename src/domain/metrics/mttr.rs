//! Time to restore.

use super::{Better, Metric, Of, Unit, span};

pub const METRIC: Metric = Metric {
    id: "mttr",
    title: "Time to restore",
    question: "How long until the service is back?",
    definition: "from the start of impact to its end; where no impact is recorded, to when it was resolved. Open incidents are left out and counted",
    formula: "end of impact − start of impact",
    unit: Unit::Duration,
    better: Better::Lower,
    of: Of::Each(|facts| span(facts.started_at, facts.restored().ok_or("still open")?, "restored before start")),
};
