//! The service level that was reached, and what it leaves of the error budget.
//!
//! With a target `T`, the budget is `b = 1 − T` of everything counted. The indicator (SLI) is
//! good ÷ total, always a ratio of sums: a mean of ratios equals it only under constant traffic.
//! Spent is `C = (1 − SLI) ÷ b`, left is `R = 1 − C`, signed and never clamped: its range is
//! (−∞, 1], and −0.4 means that the budget was overspent by 40 %. (Beyer and others, The Site
//! Reliability Workbook, chapters 2 and 5.)
//!
//! Nothing here decides which slices belong to a window or were excluded from it.

use super::{frame, target::Target};
use crate::domain::reading::{Readable, Reader};
use serde::{Deserialize, Serialize};
use std::{
    iter::Sum,
    ops::{Add, Sub},
};

/// Two figures closer than this share of themselves are the same: targets have nine decimals.
pub const SAME: f64 = 1e-9;
/// A slice that costs more of the budget than this is worth a warning: two or three of them spend
/// it, whatever happened inside them.
pub const DEAR_SLICE: f64 = 0.1;
/// Fewer allowed failures than this in a window are too few to steer by.
pub const FEWEST_ALLOWED: f64 = 10.0;

/// What was counted: events, or seconds, or slices. Fractions occur, because counters are
/// extrapolated to the edges of a span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    pub good: f64,
    pub total: f64,
}

/// What is odd about a reading, and was put right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Oddity {
    /// More good than all, or fewer than none: the two queries do not count the same thing.
    #[serde(rename = "GOOD_OVER_TOTAL")]
    GoodOverTotal,
}

impl Oddity {
    /// Its name on the wire.
    pub fn slug(self) -> &'static str {
        match self {
            Oddity::GoodOverTotal => "GOOD_OVER_TOTAL",
        }
    }
}

impl Counts {
    /// Good ones among all. Good is brought into `[0, total]`, and that is told; `None` for what
    /// is no count (not finite, or a negative total).
    pub fn of_good(good: f64, total: f64) -> Option<(Self, Option<Oddity>)> {
        if !good.is_finite() || !total.is_finite() || total < 0.0 {
            return None;
        }
        let within = good.clamp(0.0, total);
        // Two estimates of one number differ in their last digits; that is not odd.
        let odd = (good - within).abs() > SAME * total.max(1.0);
        Some((Self { good: within, total }, odd.then_some(Oddity::GoodOverTotal)))
    }

    /// Bad ones among all, under the same rules.
    pub fn of_bad(bad: f64, total: f64) -> Option<(Self, Option<Oddity>)> {
        Self::of_good(total - bad, total)
    }

    pub fn bad(self) -> f64 {
        self.total - self.good
    }

    /// Good ÷ total; `None` when nothing was counted.
    pub fn sli(self) -> Option<f64> {
        (self.total > 0.0).then(|| self.good / self.total)
    }

    /// Bad ÷ total; `None` when nothing was counted.
    pub fn error_ratio(self) -> Option<f64> {
        (self.total > 0.0).then(|| self.bad() / self.total)
    }
}

impl Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { good: self.good + other.good, total: self.total + other.total }
    }
}

/// For cumulative sums: what was counted between two of them.
impl Sub for Counts {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self { good: self.good - earlier.good, total: self.total - earlier.total }
    }
}

impl Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

/// Whether a target was kept over a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// Nothing was counted, which is neither good nor bad.
    NoData,
    Met,
    Violated,
}

impl Verdict {
    /// Its name on the wire.
    pub fn slug(self) -> &'static str {
        match self {
            Verdict::NoData => "NO_DATA",
            Verdict::Met => "MET",
            Verdict::Violated => "VIOLATED",
        }
    }
}

/// How the budget stands after a window.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// Between 0 and 1; `None` when nothing was counted.
    pub sli: Option<f64>,
    /// How many might have been bad: `b × total`, in the unit of the counts.
    pub allowed_bad: f64,
    pub bad: f64,
    /// The share of the budget that was spent; `None` without data or with zero tolerance.
    pub consumed: Option<f64>,
    /// The share that is left, negative when overspent. `None` as for `consumed`.
    pub remaining: Option<f64>,
    pub verdict: Verdict,
}

impl Standing {
    pub fn of(target: Target, counts: Counts) -> Self {
        // The boards' own arithmetic, so that what is worked out here holds for them.
        let tally = frame::tally(counts.bad(), counts.total, target.budget(), None);
        let verdict = match counts.error_ratio() {
            None => Verdict::NoData,
            Some(errors) if errors > target.budget() * (1.0 + SAME) => Verdict::Violated,
            Some(_) => Verdict::Met,
        };
        Self { sli: tally.sli, allowed_bad: tally.allowed_bad, bad: tally.bad, consumed: tally.consumed_ratio, remaining: tally.remaining_ratio, verdict }
    }
}

/// The share of the budget that this error ratio spends over a whole window: `e ÷ b`. `None` with
/// zero tolerance, where there is nothing to spend.
pub fn consumed(target: Target, error_ratio: f64) -> Option<f64> {
    (!target.is_zero_tolerance()).then(|| error_ratio / target.budget())
}

/// How many of `total` may be bad: `b × N`, not rounded.
pub fn allowed_bad(target: Target, total: f64) -> f64 {
    target.budget() * total
}

/// The budget as time: minutes of a window in which everything may fail. For an objective that
/// counts events this is an analogy and is called "equivalent full-outage minutes": an outage at
/// night spends less.
pub fn full_outage_minutes(target: Target, window_s: f64) -> f64 {
    target.budget() * window_s / 60.0
}

/// The share of a window's budget that an outage spends: `e × D ÷ (b × |W|)`, for an error ratio
/// and even traffic (Workbook, table 5-3). `None` with zero tolerance or for an empty window.
pub fn consumed_by_outage(target: Target, error_ratio: f64, lasted_s: f64, window_s: f64) -> Option<f64> {
    if window_s <= 0.0 { None } else { consumed(target, error_ratio * lasted_s / window_s) }
}

/// What one bad slice costs: `d ÷ (b × |W|)`. Five minutes are half the budget of 99.9 % over a
/// week; above [`DEAR_SLICE`] a person who chooses them should know.
pub fn slice_cost(target: Target, slice_s: f64, window_s: f64) -> Option<f64> {
    consumed_by_outage(target, 1.0, slice_s, window_s)
}

// ---------------------------------------------------------------- little traffic

/// Whether a window's traffic is too little for the target: `Some` with how many failures it
/// allows when those are fewer than [`FEWEST_ALLOWED`]. With 10 requests an hour and 99.9 %, one
/// failure burns 100 times too fast and spends 14 % of a month.
pub fn too_little_traffic(target: Target, total: f64) -> Option<f64> {
    let allowed = allowed_bad(target, total);
    (allowed < FEWEST_ALLOWED * (1.0 - SAME)).then_some(allowed)
}

/// Whether enough was counted for a figure to be shown at all (slo-generator's
/// `min_valid_events`).
pub fn is_enough(counts: Counts, fewest: f64) -> bool {
    counts.total >= fewest
}

// ---------------------------------------------------------------- time slices

/// Slices of a window, each judged as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slices {
    /// How many the window has.
    pub expected: u64,
    /// How many of them were measured.
    pub measured: u64,
    pub bad: u64,
}

/// What a share of slices is taken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denominator {
    /// All slices of the window, so that silence counts as good (Datadog's and Kibana's rule).
    Expected,
    /// Only what was measured: our own rule, because silence says nothing.
    Measured,
}

impl Slices {
    #[allow(clippy::cast_precision_loss)] // there are fewer slices than 2^53
    pub fn counts(self, of: Denominator) -> Counts {
        let total = match of {
            Denominator::Expected => self.expected,
            Denominator::Measured => self.measured,
        };
        let bad = self.bad.min(total);
        Counts { good: (total - bad) as f64, total: total as f64 }
    }
}

/// Whether a slice is good: its own ratio reaches the slice target. `None` without traffic.
pub fn is_good_slice(slice: Counts, slice_target: f64) -> Option<bool> {
    slice.sli().map(|sli| sli >= slice_target - SAME)
}

/// The mean of the slices' own ratios (OpenSLO's `RatioTimeslices`): a quiet minute weighs as much
/// as a busy one. Slices without traffic or reading are left out; `None` when all are.
#[allow(clippy::cast_precision_loss)] // slices of one window
pub fn mean_of_slices(slices: impl IntoIterator<Item = Option<Counts>>) -> Option<f64> {
    let (mut sum, mut n) = (0.0, 0_u64);
    for sli in slices.into_iter().flatten().filter_map(Counts::sli) {
        sum += sli;
        n += 1;
    }
    (n > 0).then(|| sum / n as f64)
}

/// How many of `slices` at `bad_sli` exhaust the budget while the others stay at `usual_sli`, each
/// slice weighing the same: `n (u − T) ÷ (u − a)`. `None` when they never do.
pub fn slices_to_exhaust(target: Target, slices: f64, usual_sli: f64, bad_sli: f64) -> Option<f64> {
    (usual_sli > bad_sli).then(|| slices * (usual_sli - target.ratio()).max(0.0) / (usual_sli - bad_sli))
}

/// How many events at `bad_sli`, added to what was counted, exhaust the budget:
/// `n (SLI − T) ÷ (T − a)`, in which the added ones also enlarge the total. `None` when they never
/// do, or when nothing was counted.
pub fn events_to_exhaust(target: Target, usual: Counts, bad_sli: f64) -> Option<f64> {
    let spare = (usual.sli()? - target.ratio()).max(0.0);
    (target.ratio() > bad_sli).then(|| usual.total * spare / (target.ratio() - bad_sli))
}

/// One slot of a burn-down over a calendar window, after it has passed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slot {
    /// What is left of the window's budget at its end. Without a reading nothing is known to be
    /// spent, so it stands where it stood, and `measured` is off: draw a gap.
    pub remaining: f64,
    pub measured: bool,
}

/// What is left after each slot of a window that has `slots` of them, every slot weighing the
/// same: `R = 1 − Σ (1 − SLI) ÷ (b × slots)`. Empty with zero tolerance.
pub fn burn_down(target: Target, slots: u32, sli: impl IntoIterator<Item = Option<f64>>) -> Vec<Slot> {
    let mut remaining = 1.0;
    let after = |sli: Option<f64>| {
        if let Some(spent) = sli.and_then(|sli| consumed(target, 1.0 - sli)) {
            remaining -= spent / f64::from(slots.max(1));
        }
        Slot { remaining, measured: sli.is_some() }
    };
    if target.is_zero_tolerance() { vec![] } else { sli.into_iter().map(after).collect() }
}

/// The share of the budget that even spending leaves: `1 − elapsed ÷ |W|`.
pub fn ideal_remaining(elapsed: f64, window: f64) -> Option<f64> {
    (window > 0.0).then(|| 1.0 - elapsed / window)
}

/// The share of a window that was down, with `removed` seconds taken out of it; counted as good,
/// excluded time stays in and `removed` is 0. Removing makes each minute that is left dearer:
/// 60 of 8,640 minutes are 0.69 %, 60 of 10,080 are 0.60 %. `down` is what was down outside the
/// excluded time. `None` when nothing of the window is left.
pub fn downtime_share(window_s: f64, down_s: f64, removed_s: f64) -> Option<f64> {
    let left = window_s - removed_s;
    (left > 0.0).then(|| down_s / left)
}

// ---------------------------------------------------------------- as slo-generator reports it

/// The minutes that slo-generator prints: distances between ratios, stretched over the window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReportMinutes {
    /// `SLI − T`, in points.
    pub gap: f64,
    pub budget: f64,
    /// `|W| × gap`: not what is left of the budget as events, but as time.
    pub remaining: f64,
    pub bad: f64,
}

impl ReportMinutes {
    pub fn of(target: Target, sli: f64, window_s: f64) -> Self {
        let minutes = window_s / 60.0;
        let gap = sli - target.ratio();
        Self { gap, budget: target.budget() * minutes, remaining: gap * minutes, bad: (1.0 - sli) * minutes }
    }
}

// ---------------------------------------------------------------- for the browser

impl Readable for Counts {
    fn read(from: Reader<'_>) -> Self {
        Self { good: from.get("good"), total: from.get("total") }
    }
}

impl Readable for Verdict {
    fn read(from: Reader<'_>) -> Self {
        let known = [Verdict::NoData, Verdict::Met, Verdict::Violated];
        let word = from.text();
        known.into_iter().find(|verdict| verdict.slug() == word).unwrap_or_else(|| from.fault(Verdict::NoData))
    }
}

impl Readable for Oddity {
    fn read(from: Reader<'_>) -> Self {
        if from.text() == Oddity::GoodOverTotal.slug() { Oddity::GoodOverTotal } else { from.fault(Oddity::GoodOverTotal) }
    }
}

impl Readable for Standing {
    fn read(from: Reader<'_>) -> Self {
        Self {
            sli: from.get("sli"),
            allowed_bad: from.get("allowed_bad"),
            bad: from.get("bad"),
            consumed: from.get("consumed"),
            remaining: from.get("remaining"),
            verdict: from.get("verdict"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reading::read;
    use proptest::prelude::*;

    fn target(text: &str) -> Target {
        Target::imported(text).expect("it is a target")
    }

    fn counts(good: f64, total: f64) -> Counts {
        Counts::of_good(good, total).expect("they are counts").0
    }

    #[test]
    fn what_is_left_is_signed_and_never_clamped() {
        let standing = Standing::of(target("0.999"), counts(333.0, 777.0));
        assert!((standing.remaining.expect("there is a budget") + 570.428_571).abs() < 1e-5);
        assert_eq!(standing.verdict, Verdict::Violated);
    }

    #[test]
    fn nothing_counted_is_no_verdict() {
        let standing = Standing::of(target("0.999"), Counts::default());
        assert_eq!((standing.sli, standing.consumed, standing.remaining, standing.verdict), (None, None, None, Verdict::NoData));
    }

    #[test]
    fn exactly_the_budget_spent_is_still_met() {
        let standing = Standing::of(target("0.999"), counts(999.0, 1000.0));
        assert_eq!((standing.remaining, standing.verdict), (Some(0.0), Verdict::Met));
    }

    #[test]
    fn with_zero_tolerance_nothing_is_left_and_one_failure_violates() {
        let kept = Standing::of(target("1"), counts(10.0, 10.0));
        assert_eq!((kept.remaining, kept.verdict), (None, Verdict::Met));
        let broken = Standing::of(target("1"), counts(9.0, 10.0));
        assert_eq!((broken.remaining, broken.consumed, broken.verdict), (None, None, Verdict::Violated));
        assert!(burn_down(target("1"), 30, [Some(1.0)]).is_empty());
    }

    #[test]
    fn odd_readings_are_brought_into_range_and_told() {
        assert_eq!(Counts::of_good(9999.0, 9.0), Some((Counts { good: 9.0, total: 9.0 }, Some(Oddity::GoodOverTotal))));
        assert_eq!(Counts::of_bad(12.0, 9.0), Some((Counts { good: 0.0, total: 9.0 }, Some(Oddity::GoodOverTotal))));
        assert_eq!(Counts::of_good(9.0 + 1e-12, 9.0), Some((Counts { good: 9.0, total: 9.0 }, None)));
        for (good, total) in [(f64::NAN, 1.0), (1.0, f64::NAN), (1.0, f64::INFINITY), (0.0, -1.0)] {
            assert_eq!(Counts::of_good(good, total), None);
        }
    }

    #[test]
    fn a_slice_may_cost_half_a_week() {
        let cost = slice_cost(target("0.999"), 300.0, 604_800.0).expect("there is a budget");
        assert!((cost - 0.496).abs() < 1e-3 && cost > DEAR_SLICE);
    }

    #[test]
    fn little_traffic_says_how_many_failures_it_allows() {
        assert!((too_little_traffic(target("0.999"), 7200.0).expect("it is little") - 7.2).abs() < 1e-9);
        assert_eq!(too_little_traffic(target("0.999"), 10_000.0), None);
    }

    #[test]
    fn a_mean_of_ratios_is_not_the_ratio_of_sums() {
        let slices = [counts(0.0, 1.0), counts(999.0, 999.0)];
        assert_eq!(mean_of_slices(slices.map(Some)), Some(0.5));
        assert_eq!(slices.into_iter().sum::<Counts>().sli(), Some(0.999));
        assert_eq!(mean_of_slices([None, Some(Counts::default())]), None);
    }

    #[test]
    fn a_gap_in_a_burn_down_spends_nothing_and_is_marked() {
        let slots = burn_down(target("0.999"), 10, [Some(0.999), None, Some(0.99)]);
        let left: Vec<f64> = slots.iter().map(|slot| (slot.remaining * 1e6).round() / 1e6).collect();
        assert_eq!(left, [0.9, 0.9, -0.1]);
        assert_eq!(slots.iter().map(|slot| slot.measured).collect::<Vec<_>>(), [true, false, true]);
    }

    #[test]
    fn what_never_exhausts_a_budget_says_so() {
        assert_eq!(slices_to_exhaust(target("0.95"), 100.0, 0.99, 0.99), None);
        assert_eq!(events_to_exhaust(target("0.95"), counts(99.0, 100.0), 0.96), None);
        assert_eq!(events_to_exhaust(target("0.95"), counts(9.0, 10.0), 0.0), Some(0.0));
    }

    #[test]
    fn the_browser_reads_what_is_written() {
        for standing in
            [Standing::of(target("0.999"), counts(5.0, 7.0)), Standing::of(target("0.9"), Counts::default()), Standing::of(target("1"), counts(1.0, 1.0))]
        {
            assert_eq!(read(&serde_json::to_vec(&standing).expect("it has a form")), Some(standing));
        }
        assert_eq!(read::<Oddity>(b"\"GOOD_OVER_TOTAL\""), Some(Oddity::GoodOverTotal));
        assert_eq!(read::<Verdict>(b"\"FINE\""), None);
    }

    fn whole_counts() -> impl Strategy<Value = Counts> {
        (0_u32..1_000_000, 0_u32..1_000_000).prop_map(|(good, bad)| counts(f64::from(good), f64::from(good) + f64::from(bad)))
    }

    fn targets() -> impl Strategy<Value = Target> {
        (1_u32..999_999_999).prop_map(|billionths| Target::parse(&format!("{billionths}e-9")).expect("it is a target"))
    }

    proptest! {
        #[test]
        fn what_is_left_is_the_distance_from_the_target_in_budgets(it in targets(), counted in whole_counts()) {
            let standing = Standing::of(it, counted);
            match (standing.sli, standing.remaining) {
                (None, None) => prop_assert_eq!(standing.verdict, Verdict::NoData),
                (Some(sli), Some(left)) => {
                    let by_distance = (sli - it.ratio()) / it.budget();
                    prop_assert!((left - by_distance).abs() <= 1e-6 * (1.0 / it.budget()).max(1.0));
                    prop_assert!(left <= 1.0);
                    prop_assert_eq!(standing.verdict == Verdict::Violated, left < -SAME * 2.0 || sli < it.ratio() - SAME * it.budget());
                }
                odd => prop_assert!(false, "{:?}", odd),
            }
        }

        #[test]
        fn any_split_of_a_window_adds_up(slices in prop::collection::vec(whole_counts(), 0..40), at in any::<prop::sample::Index>(), it in targets()) {
            let cut = at.index(slices.len() + 1);
            let (before, after) = slices.split_at(cut);
            let whole: Counts = slices.iter().copied().sum();
            let parts = [before, after].map(|part| part.iter().copied().sum::<Counts>());
            prop_assert_eq!(parts[0] + parts[1], whole);
            prop_assert_eq!(whole - parts[0], parts[1]);
            // And the ratio of the whole lies between those of its parts: it is weighed by traffic.
            if let (Some(first), Some(second), Some(all)) = (parts[0].sli(), parts[1].sli(), whole.sli()) {
                prop_assert!(all >= first.min(second) - 1e-12 && all <= first.max(second) + 1e-12);
            }
            let spent = |part: Counts| Standing::of(it, part).bad;
            prop_assert_eq!(spent(parts[0]) + spent(parts[1]), spent(whole));
        }

        #[test]
        fn a_budget_as_minutes_and_as_share_agree(it in targets(), lasted in 0.0..1e6_f64, window in 60.0..1e8_f64) {
            let share = consumed_by_outage(it, 1.0, lasted, window).expect("there is a budget");
            let minutes = full_outage_minutes(it, window);
            prop_assert!((share * minutes - lasted / 60.0).abs() <= 1e-9 * (lasted / 60.0).max(1.0));
        }
    }
}
