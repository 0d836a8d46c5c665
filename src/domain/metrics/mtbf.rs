//! Time between failures.

use super::{Better, Metric, Of, Unit, availability::impact_micros};

pub const METRIC: Metric = Metric {
    id: "mtbf",
    title: "Time between failures",
    question: "How long does it run well between two incidents?",
    definition: "the time without impact, divided by the number of incidents that began in it; overlapping impact counts once",
    formula: "(range − time with impact) ÷ incidents",
    unit: Unit::Duration,
    better: Better::Higher,
    of: Of::Whole(|population| {
        let well = population.range.micros() - impact_micros(&population.known, &population.range, population.service, population.now);
        let failures = population.members.len();
        #[allow(clippy::cast_precision_loss)] // microseconds of centuries fit
        (failures > 0).then(|| well as f64 / 1e6 / failures as f64)
    }),
};
