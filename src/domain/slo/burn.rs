//! Burn rates: how fast a budget is being spent, when that should wake somebody, and when it
//! stops.
//!
//! The burn rate over a span is its error ratio in budgets, `E ÷ b`: at 1 the budget lasts exactly
//! one window, at 14.4 it lasts 50 hours of 30 days. Alerts compare a long and a short span with
//! one factor: the long one says that it matters, the short one that it is still going on. The
//! pairs, factors and times are those of The Site Reliability Workbook, chapter 5 (tables 5-6 and
//! 5-8). Other tools' ways are in [`super::elsewhere`].

use super::{
    budget::{Counts, SAME},
    target::Target,
};
use crate::domain::reading::{Readable, Reader};
use serde::{Deserialize, Serialize};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Whether `value` is above `limit` by more than the last digits of binary fractions: 14.4 times
/// 0.001 is not exactly 0.0144.
pub fn is_above(value: f64, limit: f64) -> bool {
    value > limit + limit.abs() * SAME
}

/// The error ratio in budgets. `None` with zero tolerance, which has no burn rate.
pub fn burn_rate(target: Target, error_ratio: f64) -> Option<f64> {
    (!target.is_zero_tolerance()).then(|| error_ratio / target.budget())
}

/// The burn rate of a total outage, `1 ÷ b`: no burn rate is ever above it.
pub fn max_burn_rate(target: Target) -> Option<f64> {
    burn_rate(target, 1.0)
}

/// The factor at which a span of `long_s` spends `share` of a window's budget: `p × |W| ÷ L`.
pub fn factor_of_share(share: f64, window_s: f64, long_s: f64) -> f64 {
    share * window_s / long_s
}

/// The share of a window's budget that burning at `factor` for `long_s` spends: `f × L ÷ |W|`.
pub fn share_of_factor(factor: f64, long_s: f64, window_s: f64) -> f64 {
    factor * long_s / window_s
}

/// The error ratio at which a factor is reached: `f × b`.
pub fn threshold(target: Target, factor: f64) -> f64 {
    factor * target.budget()
}

/// Seconds until a full budget is spent at this pace: `|W| ÷ burn` (Datadog, Pyrra). It ignores
/// what is already spent. `None` when nothing is being spent.
pub fn full_budget_lasts_s(window_s: f64, burn: f64) -> Option<f64> {
    (burn > 0.0).then(|| window_s / burn)
}

/// Seconds until what is left is spent at this pace: `R × |W| ÷ burn` (Honeycomb, Nobl9), which is
/// right only for a fixed period. 0 when nothing is left, `None` when nothing is being spent.
pub fn remaining_lasts_s(window_s: f64, burn: f64, remaining: f64) -> Option<f64> {
    if remaining <= 0.0 { Some(0.0) } else { full_budget_lasts_s(window_s, burn).map(|full| full * remaining) }
}

// ---------------------------------------------------------------- pairs

/// What an alert asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// Look at it in working hours.
    Ticket,
    /// Wake somebody.
    Page,
}

impl Urgency {
    pub fn slug(self) -> &'static str {
        match self {
            Urgency::Ticket => "ticket",
            Urgency::Page => "page",
        }
    }

    /// Fewer bad events than this in the long span never alert: a single failure of ten requests
    /// an hour is a burn rate of 100.
    pub fn fewest_bad(self) -> f64 {
        match self {
            Urgency::Ticket => 1.0,
            Urgency::Page => 2.0,
        }
    }
}

/// Two spans and the burn rate that both must exceed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    pub long_s: i64,
    pub short_s: i64,
    pub factor: f64,
    pub urgency: Urgency,
}

/// The Workbook's pairs and the share of a 30-day budget that each spends before it fires. The
/// third is in the chapter's rules though not in its table 5-8.
const WORKBOOK: [(i64, f64, Urgency); 4] =
    [(HOUR, 0.02, Urgency::Page), (6 * HOUR, 0.05, Urgency::Page), (DAY, 0.1, Urgency::Ticket), (3 * DAY, 0.1, Urgency::Ticket)];
/// For windows below two weeks, where 2 % of the budget is little more than noise: the shares that
/// Datadog recommends for a week.
const SHORT_WINDOWS: [(i64, f64, Urgency); 3] = [(HOUR, 0.1, Urgency::Page), (6 * HOUR, 0.2, Urgency::Page), (DAY, 0.4, Urgency::Ticket)];
const SHORT_WINDOW_BELOW: i64 = 14 * DAY;
/// The short span is this part of the long one.
const SHORT_PART: i64 = 12;

/// The pairs for a window of this length: people, shifts and pagers do not scale with it, so the
/// spans stay and the factor changes (30 days: 14.4, 6, 3 and 1; 28: 13.44, 5.6, 2.8 and 0.93;
/// 7: 16.8, 5.6 and 2.8). Some may not suit a target; [`Pair::refusals`] says which.
pub fn pairs_for(window_s: i64) -> Vec<Pair> {
    let policy = if window_s < SHORT_WINDOW_BELOW { &SHORT_WINDOWS[..] } else { &WORKBOOK[..] };
    policy.iter().map(|(long_s, share, urgency)| Pair::for_share(*long_s, *share, *urgency, window_s)).collect()
}

/// Those of [`pairs_for`] that can work for this target and slice, and those that cannot, with
/// every reason.
pub fn suited_pairs(target: Target, window_s: i64, slice_s: i64) -> (Vec<Pair>, Vec<(Pair, Vec<PairRefusal>)>) {
    let (mut suited, mut refused) = (vec![], vec![]);
    for pair in pairs_for(window_s) {
        let refusals = pair.refusals(target, window_s, slice_s);
        if refusals.is_empty() { suited.push(pair) } else { refused.push((pair, refusals)) }
    }
    (suited, refused)
}

/// Why a pair cannot do its work.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PairRefusal {
    #[error("with a target of 100 % there is no budget and no burn rate")]
    NoBudget,
    #[error("the factor has to be a number above 0")]
    NoFactor,
    #[error("a factor of {factor} can never be exceeded: with a target of {target}, a total outage burns at {max:.1}")]
    NeverReached { factor: f64, target: Target, max: f64 },
    #[error("a factor of {factor} is below 1: nobody is woken for a pace at which the budget lasts")]
    PagesBelowOne { factor: f64 },
    #[error("the short span of {short_s} s is less than two slices of {slice_s} s, so one slice would decide alone")]
    ShortBelowTwoSlices { short_s: i64, slice_s: i64 },
    #[error("the long span of {long_s} s is longer than the window of {window_s} s")]
    LongOverWindow { long_s: i64, window_s: i64 },
    #[error("the short span of {short_s} s has to be above 0 and shorter than the long one of {long_s} s")]
    ShortNotShorter { short_s: i64, long_s: i64 },
}

impl Pair {
    /// The pair that fires after `share` of the window's budget; its short span is a twelfth.
    #[allow(clippy::cast_precision_loss)] // spans
    pub fn for_share(long_s: i64, share: f64, urgency: Urgency, window_s: i64) -> Self {
        Self { long_s, short_s: long_s / SHORT_PART, factor: factor_of_share(share, window_s as f64, long_s as f64), urgency }
    }

    /// The share of the window's budget that is spent when it fires.
    #[allow(clippy::cast_precision_loss)] // spans
    pub fn share(&self, window_s: i64) -> f64 {
        share_of_factor(self.factor, self.long_s as f64, window_s as f64)
    }

    /// Everything that keeps it from working; empty when nothing does.
    pub fn refusals(&self, target: Target, window_s: i64, slice_s: i64) -> Vec<PairRefusal> {
        let Self { long_s, short_s, factor, urgency } = *self;
        let mut refusals = vec![];
        if !factor.is_finite() || factor <= 0.0 {
            refusals.push(PairRefusal::NoFactor);
        } else {
            match max_burn_rate(target) {
                None => refusals.push(PairRefusal::NoBudget),
                // At the maximum itself it cannot fire either, because it has to be exceeded.
                Some(max) if !is_above(max, factor) => refusals.push(PairRefusal::NeverReached { factor, target, max }),
                Some(_) => {}
            }
            if urgency == Urgency::Page && is_above(1.0, factor) {
                refusals.push(PairRefusal::PagesBelowOne { factor });
            }
        }
        if short_s <= 0 || short_s >= long_s {
            refusals.push(PairRefusal::ShortNotShorter { short_s, long_s });
        } else if short_s < slice_s.saturating_mul(2) {
            refusals.push(PairRefusal::ShortBelowTwoSlices { short_s, slice_s });
        }
        if long_s > window_s {
            refusals.push(PairRefusal::LongOverWindow { long_s, window_s });
        }
        refusals
    }

    /// What this pair says of what its two spans counted. `None` when either counted nothing or
    /// there is no burn rate.
    pub fn decide(&self, target: Target, long: Counts, short: Counts) -> Option<Decision> {
        let (long_burn, short_burn) = (burn_rate(target, long.error_ratio()?)?, burn_rate(target, short.error_ratio()?)?);
        let state = BurnState::of(long_burn, short_burn, self.factor);
        let enough = long.bad() >= self.urgency.fewest_bad() * (1.0 - SAME);
        Some(Decision { state, long_burn, short_burn, governing_burn: long_burn.min(short_burn), fires: state == BurnState::Critical && enough })
    }
}

// ---------------------------------------------------------------- decisions

/// Where a pair stands: which of its spans are above the factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BurnState {
    /// Both: it matters and goes on.
    Critical,
    /// Only the long one: it has stopped.
    Recovering,
    /// Only the short one: it has begun.
    Increasing,
    Acceptable,
}

impl BurnState {
    pub fn of(long_burn: f64, short_burn: f64, factor: f64) -> Self {
        match (is_above(long_burn, factor), is_above(short_burn, factor)) {
            (true, true) => BurnState::Critical,
            (true, false) => BurnState::Recovering,
            (false, true) => BurnState::Increasing,
            (false, false) => BurnState::Acceptable,
        }
    }

    /// Its name on the wire.
    pub fn slug(self) -> &'static str {
        match self {
            BurnState::Critical => "CRITICAL",
            BurnState::Recovering => "RECOVERING",
            BurnState::Increasing => "INCREASING",
            BurnState::Acceptable => "ACCEPTABLE",
        }
    }
}

/// What a pair says at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    pub state: BurnState,
    pub long_burn: f64,
    pub short_burn: f64,
    /// The lower of the two: the one that a message names, because it is above the factor exactly
    /// when the pair is critical, so that words never contradict the decision.
    pub governing_burn: f64,
    /// Critical, with enough bad events to mean something.
    pub fires: bool,
}

/// The worst of two thresholds that the governing burn exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Ok,
    Warning,
    Critical,
}

impl Level {
    pub fn of(governing_burn: f64, warning: f64, critical: f64) -> Self {
        if is_above(governing_burn, critical) {
            Level::Critical
        } else if is_above(governing_burn, warning) {
            Level::Warning
        } else {
            Level::Ok
        }
    }

    pub fn slug(self) -> &'static str {
        match self {
            Level::Ok => "ok",
            Level::Warning => "warning",
            Level::Critical => "critical",
        }
    }
}

// ---------------------------------------------------------------- how long it takes

/// What passes between an error and the alert besides the arithmetic, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Delays {
    /// How long the condition has to hold.
    pub for_s: f64,
    pub rule_interval_s: f64,
    pub scrape_interval_s: f64,
    pub ingest_s: f64,
}

impl Delays {
    pub fn total_s(self) -> f64 {
        self.for_s + self.rule_interval_s + self.scrape_interval_s + self.ingest_s
    }
}

/// How long a constant error ratio that starts from nothing takes to lift a span above the factor:
/// `f b ÷ e × L`. `None` when it never does.
pub fn crosses_after_s(target: Target, factor: f64, span_s: f64, error_ratio: f64) -> Option<f64> {
    let limit = threshold(target, factor);
    is_above(error_ratio, limit).then(|| limit / error_ratio * span_s)
}

/// How long after the errors stop a span that was above the factor falls to it again:
/// `S × (1 − f b ÷ e)`, however long it lasted. The Workbook rounds it to `S`. `None` when it
/// never was above.
pub fn clears_after_s(target: Target, factor: f64, span_s: f64, error_ratio: f64) -> Option<f64> {
    crosses_after_s(target, factor, span_s, error_ratio).map(|crossed| span_s - crossed)
}

/// What an outage of one error ratio does to a pair. Seconds, of the outage or after its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timeline {
    /// When each span crosses the factor; `None` when it lasts too short or is too mild.
    pub long_crosses_s: Option<f64>,
    pub short_crosses_s: Option<f64>,
    /// When each clears again, after the end; `None` when it never crossed.
    pub short_clears_after_stop_s: Option<f64>,
    pub long_clears_after_stop_s: Option<f64>,
}

impl Timeline {
    /// `lasted_s` is how long the outage lasts; infinite while it goes on.
    #[allow(clippy::cast_precision_loss)] // spans
    pub fn of(target: Target, pair: &Pair, error_ratio: f64, lasted_s: f64) -> Self {
        let of = |span_s: i64| {
            let crosses = crosses_after_s(target, pair.factor, span_s as f64, error_ratio).filter(|crossed| !is_above(*crossed, lasted_s));
            (crosses, crosses.map(|crossed| span_s as f64 - crossed))
        };
        let ((long_crosses_s, long_clears_after_stop_s), (short_crosses_s, short_clears_after_stop_s)) = (of(pair.long_s), of(pair.short_s));
        Self { long_crosses_s, short_crosses_s, short_clears_after_stop_s, long_clears_after_stop_s }
    }

    /// Whether both were above at once: the short span crosses first and does not clear before
    /// the outage ends, so the long one decides (`e D ≥ f b L`).
    pub fn fires(&self) -> bool {
        self.long_crosses_s.is_some() && self.short_crosses_s.is_some()
    }
}

// ---------------------------------------------------------------- for the browser

impl Readable for Urgency {
    fn read(from: Reader<'_>) -> Self {
        let word = from.text();
        [Urgency::Ticket, Urgency::Page].into_iter().find(|urgency| urgency.slug() == word).unwrap_or_else(|| from.fault(Urgency::Ticket))
    }
}

impl Readable for BurnState {
    fn read(from: Reader<'_>) -> Self {
        let known = [BurnState::Critical, BurnState::Recovering, BurnState::Increasing, BurnState::Acceptable];
        let word = from.text();
        known.into_iter().find(|state| state.slug() == word).unwrap_or_else(|| from.fault(BurnState::Acceptable))
    }
}

impl Readable for Pair {
    fn read(from: Reader<'_>) -> Self {
        Self { long_s: from.get("long_s"), short_s: from.get("short_s"), factor: from.get("factor"), urgency: from.get("urgency") }
    }
}

impl Readable for Decision {
    fn read(from: Reader<'_>) -> Self {
        Self {
            state: from.get("state"),
            long_burn: from.get("long_burn"),
            short_burn: from.get("short_burn"),
            governing_burn: from.get("governing_burn"),
            fires: from.get("fires"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reading::read;
    use proptest::prelude::*;

    const MINUTE: i64 = 60;

    fn target(text: &str) -> Target {
        Target::imported(text).expect("it is a target")
    }

    fn pair(long_s: i64, short_s: i64, factor: f64, urgency: Urgency) -> Pair {
        Pair { long_s, short_s, factor, urgency }
    }

    fn bad(bad: f64, total: f64) -> Counts {
        Counts { good: total - bad, total }
    }

    fn factors(window_s: i64) -> Vec<f64> {
        pairs_for(window_s).iter().map(|pair| (pair.factor * 1e4).round() / 1e4).collect()
    }

    #[test]
    fn the_spans_stay_and_the_factor_follows_the_window() {
        assert_eq!(factors(30 * DAY), [14.4, 6.0, 3.0, 1.0]);
        assert_eq!(factors(28 * DAY), [13.44, 5.6, 2.8, 0.9333]);
        assert_eq!(factors(7 * DAY), [16.8, 5.6, 2.8]);
        let spans: Vec<(i64, i64)> = pairs_for(30 * DAY).iter().map(|pair| (pair.long_s, pair.short_s)).collect();
        assert_eq!(spans, [(HOUR, 5 * MINUTE), (6 * HOUR, 30 * MINUTE), (DAY, 2 * HOUR), (3 * DAY, 6 * HOUR)]);
    }

    #[test]
    fn pairs_that_cannot_work_are_refused_with_the_reason() {
        let nine = target("0.9");
        let page = pair(HOUR, 5 * MINUTE, 14.4, Urgency::Page);
        assert_eq!(page.refusals(target("0.999"), 30 * DAY, 60), []);
        assert!(matches!(page.refusals(nine, 30 * DAY, 60)[..], [PairRefusal::NeverReached { .. }]));
        assert!(page.refusals(nine, 30 * DAY, 60)[0].to_string().contains("burns at 10.0"));
        // Exactly the maximum cannot be exceeded either.
        assert!(matches!(pair(HOUR, 300, 10.0, Urgency::Page).refusals(nine, 30 * DAY, 60)[..], [PairRefusal::NeverReached { .. }]));
        assert_eq!(pair(HOUR, 300, 0.9, Urgency::Page).refusals(nine, 30 * DAY, 60), [PairRefusal::PagesBelowOne { factor: 0.9 }]);
        assert_eq!(pair(HOUR, 300, 0.9, Urgency::Ticket).refusals(nine, 30 * DAY, 60), []);
        assert_eq!(page.refusals(target("0.999"), 30 * DAY, 300), [PairRefusal::ShortBelowTwoSlices { short_s: 300, slice_s: 300 }]);
        assert_eq!(page.refusals(target("0.999"), 1800, 60), [PairRefusal::LongOverWindow { long_s: HOUR, window_s: 1800 }]);
        assert_eq!(pair(HOUR, HOUR, 2.0, Urgency::Page).refusals(nine, 30 * DAY, 60), [PairRefusal::ShortNotShorter { short_s: HOUR, long_s: HOUR }]);
        assert_eq!(page.refusals(target("1"), 30 * DAY, 60), [PairRefusal::NoBudget]);
        assert_eq!(pair(HOUR, 300, f64::NAN, Urgency::Page).refusals(nine, 30 * DAY, 60), [PairRefusal::NoFactor]);
    }

    #[test]
    fn a_loose_target_keeps_the_pairs_that_can_fire() {
        let (suited, refused) = suited_pairs(target("0.9"), 30 * DAY, 60);
        assert_eq!(suited.iter().map(|pair| pair.factor).collect::<Vec<_>>(), [6.0, 3.0, 1.0]);
        assert_eq!(refused.len(), 1);
    }

    #[test]
    fn it_fires_only_above_the_factor_on_both_spans_and_with_enough_failures() {
        let (three_nines, page) = (target("0.999"), pair(HOUR, 5 * MINUTE, 10.0, Urgency::Page));
        let decide = |long, short| page.decide(three_nines, long, short).expect("something was counted");
        // Exactly 10 times the budget is not above it.
        let exact = decide(bad(10.0, 1000.0), bad(10.0, 1000.0));
        assert_eq!((exact.state, exact.fires), (BurnState::Acceptable, false));
        let both = decide(bad(11.0, 1000.0), bad(30.0, 1000.0));
        assert_eq!((both.state, both.fires), (BurnState::Critical, true));
        assert!((both.governing_burn - 11.0).abs() < 1e-9);
        assert_eq!(decide(bad(11.0, 1000.0), bad(0.0, 1000.0)).state, BurnState::Recovering);
        assert_eq!(decide(bad(5.0, 1000.0), bad(30.0, 1000.0)).state, BurnState::Increasing);
        let alone = decide(bad(1.0, 10.0), bad(1.0, 1.0));
        assert_eq!((alone.state, alone.fires), (BurnState::Critical, false));
        assert_eq!(page.decide(three_nines, bad(1.0, 10.0), Counts::default()), None);
        assert_eq!(page.decide(target("1"), bad(1.0, 10.0), bad(1.0, 1.0)), None);
    }

    #[test]
    fn too_short_and_too_mild_outages_do_not_fire() {
        let page = pair(HOUR, 5 * MINUTE, 14.4, Urgency::Page);
        let of = |errors, lasted| Timeline::of(target("0.999"), &page, errors, lasted);
        assert!(of(0.15, 345.6).fires() && !of(0.15, 345.0).fires());
        assert!(!of(0.0144, f64::INFINITY).fires());
        let mild = of(0.15, 30.0);
        assert!(mild.short_crosses_s.is_some() && mild.long_crosses_s.is_none() && mild.long_clears_after_stop_s.is_none());
    }

    #[test]
    fn what_lasts_for_ever_has_no_time() {
        assert_eq!(full_budget_lasts_s(100.0, 0.0), None);
        assert_eq!(remaining_lasts_s(100.0, 2.0, 0.5), Some(25.0));
        assert_eq!(remaining_lasts_s(100.0, 0.0, -0.5), Some(0.0));
    }

    #[test]
    fn the_browser_reads_what_is_written() {
        for pair in pairs_for(30 * DAY) {
            assert_eq!(read(&serde_json::to_vec(&pair).expect("it has a form")), Some(pair));
            let decision = pair.decide(target("0.99"), bad(1.0, 9.0), bad(0.0, 9.0)).expect("something was counted");
            assert_eq!(read(&serde_json::to_vec(&decision).expect("it has a form")), Some(decision));
        }
        for state in [BurnState::Critical, BurnState::Recovering, BurnState::Increasing, BurnState::Acceptable] {
            assert_eq!(read(&serde_json::to_vec(&state).expect("it has a form")), Some(state));
        }
        assert_eq!(read::<Urgency>(b"\"shout\""), None);
    }

    proptest! {
        #[test]
        fn a_factor_and_its_share_are_each_others_way_back(share in 0.001..1.0_f64, window in 1..400_i64, long in 1..100_i64) {
            let (window_s, long_s) = (window * DAY, long * HOUR);
            let made = Pair::for_share(long_s, share, Urgency::Page, window_s);
            prop_assert!((made.share(window_s) - share).abs() < 1e-12);
        }

        /// Simulated second by second: a span holds as many bad seconds as lie in it.
        #[test]
        fn the_times_are_those_of_a_simulation(errors in 0.001..1.0_f64, lasted in 1..4000_i64, factor in 1.0..40.0_f64) {
            let (it, page) = (target("0.999"), pair(HOUR, 5 * MINUTE, factor, Urgency::Page));
            let timeline = Timeline::of(it, &page, errors, lasted as f64);
            for (span, crosses, clears) in [
                (page.long_s, timeline.long_crosses_s, timeline.long_clears_after_stop_s),
                (page.short_s, timeline.short_crosses_s, timeline.short_clears_after_stop_s),
            ] {
                let ratio = |at: i64| errors * (at.min(lasted) - (at - span).clamp(0, lasted)) as f64 / span as f64;
                let above: Vec<i64> = (1..=lasted + span).filter(|at| is_above(ratio(*at), threshold(it, factor))).collect();
                match (above.first(), above.last()) {
                    (Some(first), Some(last)) => {
                        let (crosses, clears) = (crosses.expect("it crossed"), clears.expect("and cleared"));
                        prop_assert!((*first as f64 - crosses) >= -1e-6 && (*first as f64 - crosses) <= 1.0 + 1e-6, "{} {}", first, crosses);
                        prop_assert!(((last - lasted) as f64 - clears).abs() <= 1.0 + 1e-6, "{} {}", last - lasted, clears);
                    }
                    // It may touch the factor in the very last second.
                    _ => prop_assert!(crosses.is_none_or(|crosses| (crosses - lasted as f64).abs() <= 1.0)),
                }
            }
        }
    }
}
