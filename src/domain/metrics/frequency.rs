//! How often.

use super::{Better, Change, Metric, Of, Range, Unit, chance};

const THIRTY_DAYS_SECS: f64 = 30.0 * 86_400.0;

pub const METRIC: Metric = Metric {
    id: "frequency",
    title: "Frequency",
    question: "How many incidents are there in a month?",
    definition: "incidents whose impact began in the range, counted per thirty days; the interval says which rates would give so many by chance \
                 (exact, Poisson, 95 %)",
    formula: "incidents × 30 days ÷ range",
    unit: Unit::PerThirtyDays,
    better: Better::Lower,
    of: Of::Rate,
};

/// So many in `range`, as how many in thirty days.
pub fn rate(n: f64, range: &Range) -> f64 {
    #[allow(clippy::cast_precision_loss)] // microseconds far below 2^53
    let secs = range.micros() as f64 / 1e6;
    n * THIRTY_DAYS_SECS / secs
}

/// The rates that would give so many by chance, with 95 %.
pub fn interval(n: u64, range: &Range) -> (f64, f64) {
    let (low, high) = chance::of_a_count(n);
    (rate(low, range), rate(high, range))
}

/// How the rate differs from the one of a range of equal length before. Of all incidents of both so
/// many fall into the later one as a coin would throw, if nothing changed: the exact test of two
/// Poisson rates, turned into an interval.
#[allow(clippy::cast_precision_loss)] // counts
pub fn change(n: u64, before: u64, range: &Range) -> Change {
    let both = (n + before) as f64;
    let (low, high) = chance::of_a_share(n, n + before);
    let difference = |share: f64| rate(both * (2.0 * share - 1.0), range);
    Change { n: before, median: rate(before as f64, range), low: difference(low), high: difference(high) }
}
