//! How often.

use super::{Better, Metric, Of, Unit};

const THIRTY_DAYS_SECS: f64 = 30.0 * 86_400.0;

pub const METRIC: Metric = Metric {
    id: "frequency",
    title: "Frequency",
    question: "How many incidents are there in a month?",
    definition: "incidents whose impact began in the range, counted per thirty days",
    formula: "incidents × 30 days ÷ range",
    unit: Unit::PerThirtyDays,
    better: Better::Lower,
    #[allow(clippy::cast_precision_loss)] // counts and microseconds far below 2^53
    of: Of::Whole(|population| Some(population.members.len() as f64 * THIRTY_DAYS_SECS / (population.range.micros() as f64 / 1e6))),
};
