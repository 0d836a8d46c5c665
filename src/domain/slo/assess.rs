//! From readings to what is said of an objective: one window's report, its burn alerts, its row.
//!
//! Nothing here decides what is done about it, and nothing is invented: where too little was
//! measured the report says so, alerts keep the level they had, and no figure is shown as met.

use super::{
    burn::{self, Pair, burn_rate, is_above},
    forecast,
    frame::{self, Frame, at},
    line,
    objective::{Alerted, COVERAGE_FLOOR, Objective, Urgency},
    raising::Burns,
    report::{Brief, BudgetReport, Burn, BurnAlert, Flag, ObjectiveRow, Shorter, Standing, Tally, WindowAt},
    series::{Series, Sum},
    severity::{self, Suggestion},
    words,
    zone::Zone,
};
use crate::domain::time::Timestamp;

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
/// The spans over which burning is told.
const BURN_SPANS: [i64; 7] = [300, 1_800, HOUR, 2 * HOUR, 6 * HOUR, DAY, 3 * DAY];
/// Under this a budget is low.
pub const LOW: f64 = 0.2;
/// Fewer bad events than this say nothing to a ticket either.
const MIN_BAD_TICKET: f64 = 1.0;
/// How many points a row's line has.
const SPARK_POINTS: usize = 60;
/// A service that was never up for this long is more likely a query that finds the wrong series.
const CONSTANT_FOR_S: i64 = DAY;

/// What is said of one window of an objective. `previous` tells which of its pairs fired before,
/// in the order of [`pairs`]; `zone` has the rules of the window's zone, and days are named by it.
pub fn report(objective: &Objective, series: &Series, window_index: usize, now: Timestamp, zone: &dyn Zone, previous: &[bool]) -> BudgetReport {
    let window = objective.draft.windows.get(window_index).unwrap_or_else(|| objective.window());
    let frame = Frame::of(objective, series, window, now, zone);
    let budget = objective.draft.target.budget();
    let sum = series.sum(frame.from_s, frame.until_s);
    let tally = frame::tally(sum.bad, sum.total, budget, frame.reference);
    let coverage = series.coverage(frame.from_s, frame.until_s);
    let (worst_remaining_ratio, best_remaining_ratio) = frame::bounds(objective, series, &frame, &sum, budget);
    let budget_minutes = frame::budget_minutes(objective, &frame, budget, tally.allowed_bad);
    // Minutes of the whole window are left of its whole, not of the part that was measured.
    let is_part = frame::is_part(&frame, coverage) && !objective.draft.method.counts_time();
    let left_in_time = if is_part { best_remaining_ratio } else { tally.remaining_ratio };
    let flags = flags(objective, series, &frame, &sum, coverage);
    let said = Said { frame: &frame, tally: &tally, coverage, flags: &flags, best: best_remaining_ratio };
    let exhaustion = if said.is_measured() { forecast::exhaustion(series, &frame, budget, now) } else { Default::default() };
    let state = said.standing(exhaustion.forecast_at.is_some() || exhaustion.projected_end_ratio.is_some_and(|end| end < 0.0));
    let mut report = BudgetReport {
        objective: brief(objective),
        at: now,
        watermark: frame.watermark_s.map(at),
        window: WindowAt {
            name: window.to_string(),
            kind: if frame.rolling { frame::ROLLING } else { frame::CALENDAR }.to_owned(),
            from: at(frame.from_s),
            to: at(frame.to_s),
            length_s: frame.length_s(),
        },
        state,
        words: String::new(),
        tally,
        raw: frame::tally(sum.bad_raw, sum.total_raw, budget, frame.reference),
        unit: if objective.draft.method.counts_time() { "slices" } else { "events" }.to_owned(),
        remaining_minutes: left_in_time.map(|left| left * budget_minutes),
        budget_minutes,
        coverage,
        best_remaining_ratio,
        worst_remaining_ratio,
        burn: burn_rates(objective, series, &frame),
        alerts: pairs(objective, series, &frame, previous),
        exhaustion,
        flags,
    };
    report.words = sentence(&report, now, zone);
    report
}

/// Which objective, in short.
pub fn brief(objective: &Objective) -> Brief {
    Brief {
        id: objective.id,
        name: objective.draft.name.clone(),
        title: objective.title().to_owned(),
        service: objective.draft.service.clone(),
        target: objective.draft.target.ratio(),
        method: objective.draft.method.slug().to_owned(),
        generation: objective.generation,
        revision: objective.revision,
    }
}

/// An objective as a row, by its first window.
pub fn row(objective: &Objective, series: &Series, now: Timestamp, zone: &dyn Zone, previous: &[bool]) -> ObjectiveRow {
    let report = report(objective, series, 0, now, zone, previous);
    let frame = Frame::of_report(&report, objective.draft.target.budget());
    ObjectiveRow { report, spark: line::spark(objective, series, &frame, SPARK_POINTS) }
}

// ---------------------------------------------------------------- how it stands

/// How a window stands, without the report around it.
pub fn standing(objective: &Objective, series: &Series, frame: &Frame) -> Standing {
    let budget = objective.draft.target.budget();
    let sum = series.sum(frame.from_s, frame.until_s);
    let coverage = series.coverage(frame.from_s, frame.until_s);
    let tally = frame::tally(sum.bad, sum.total, budget, frame.reference);
    let flags = flags(objective, series, frame, &sum, coverage);
    let (_, best) = frame::bounds(objective, series, frame, &sum, budget);
    Said { frame, tally: &tally, coverage, flags: &flags, best }.standing(false)
}

struct Said<'a> {
    frame: &'a Frame,
    tally: &'a Tally,
    coverage: f64,
    flags: &'a [Flag],
    best: Option<f64>,
}

impl Said<'_> {
    fn is_measured(&self) -> bool {
        self.coverage >= COVERAGE_FLOOR && self.tally.sli.is_some() && !self.flags.contains(&Flag::ConstantZero)
    }

    fn standing(&self, runs_out: bool) -> Standing {
        if !self.is_measured() {
            return Standing::NotMeasured;
        }
        let Some(left) = self.tally.remaining_ratio else {
            // Zero tolerance: a single bad one breaks it.
            return match (self.tally.bad > 0.0, self.frame.stale) {
                (true, _) => Standing::Overspent,
                (false, true) => Standing::NotMeasured,
                (false, false) => Standing::Within,
            };
        };
        if self.frame.stale {
            // Silence cannot give back what is spent.
            return if self.best.is_some_and(|best| best <= 0.0) { Standing::Overspent } else { Standing::NotMeasured };
        }
        match left {
            left if left <= 0.0 => Standing::Overspent,
            left if left < LOW || runs_out => Standing::Low,
            _ => Standing::Within,
        }
    }
}

fn flags(objective: &Objective, series: &Series, frame: &Frame, sum: &Sum, coverage: f64) -> Vec<Flag> {
    let budget = objective.draft.target.budget();
    let counts_time = objective.draft.method.counts_time();
    let allowed = budget * frame.reference.unwrap_or(sum.total);
    #[allow(clippy::cast_precision_loss)] // seconds
    let slice_costs = objective.draft.slice_s as f64 / (budget * frame.length_s() as f64);
    let raised = [
        (Flag::GoodOverTotal, sum.odd > 0),
        (Flag::ConstantZero, was_never_good(series, frame.until_s)),
        (Flag::Stale, frame.stale && frame.watermark_s.is_some()),
        (Flag::PartialWindow, series.first_s().is_some_and(|first| first >= frame.from_s + objective.draft.slice_s)),
        (Flag::LittleTraffic, !counts_time && budget > 0.0 && coverage >= COVERAGE_FLOOR && frame.rolling && is_above(10.0, allowed)),
        (Flag::Drift, series.drifts),
        (Flag::CoarseSlices, counts_time && budget > 0.0 && is_above(slice_costs, 0.1)),
        (Flag::NeverCounted, series.never_counted && frame.watermark_s.is_some()),
    ];
    raised.into_iter().filter(|(_, is)| *is).map(|(flag, _)| flag).collect()
}

/// Whether nothing was ever good, for a day at least: more likely the wrong series than an outage.
fn was_never_good(series: &Series, until_s: i64) -> bool {
    let ever = series.until(until_s);
    ever.measured_s >= CONSTANT_FOR_S && ever.good_raw() <= 0.0
}

/// Why it stands so.
fn sentence(report: &BudgetReport, now: Timestamp, zone: &dyn Zone) -> String {
    let left = words::left(report);
    let ahead = &report.exhaustion;
    match report.state {
        Standing::NotMeasured => unmeasured(report, now, zone),
        Standing::Overspent => match ahead.recovers_at {
            Some(at) => format!("{left}; back above zero {} if no more errors came.", words::when(at, now, zone)),
            None => format!("{left}."),
        },
        Standing::Low | Standing::Within => match (ahead.forecast_at, ahead.projected_end_ratio) {
            (Some(at), _) => format!("{left}; runs out {} at this pace.", words::when(at, now, zone)),
            (None, Some(end)) if end < 0.0 => format!("{left}; {} over at the end of the period at the pace so far.", words::percent(-end)),
            (None, _) if report.state == Standing::Within && report.tally.remaining_ratio.is_some() => format!("{left}; lasts at this pace."),
            (None, _) => format!("{left}."),
        },
    }
}

fn unmeasured(report: &BudgetReport, now: Timestamp, zone: &dyn Zone) -> String {
    let Some(watermark) = report.watermark else { return "Nothing was measured yet.".to_owned() };
    if report.flags.contains(&Flag::NeverCounted) {
        return "Nothing was counted since it was made: there was no traffic yet, or the query finds the wrong series.".to_owned();
    }
    if report.flags.contains(&Flag::ConstantZero) {
        return if report.tally.total > 0.0 {
            "Every reading says that nothing was good: perhaps the query finds the wrong series.".to_owned()
        } else {
            "Every reading is zero: there was no traffic, or the query finds the wrong series.".to_owned()
        };
    }
    if report.flags.contains(&Flag::Stale) {
        return format!("No reading since {}.", words::clock(watermark, now, zone));
    }
    if report.coverage < COVERAGE_FLOOR && report.flags.contains(&Flag::PartialWindow) {
        return format!("Too young: {} of the window was measured so far; {} are needed.", words::percent(report.coverage), words::percent(COVERAGE_FLOOR));
    }
    if report.coverage < COVERAGE_FLOOR {
        return format!("{} of the window was measured; {} are needed.", words::percent(report.coverage), words::percent(COVERAGE_FLOOR));
    }
    "Nothing happened that could be counted.".to_owned()
}

// ---------------------------------------------------------------- burning

fn burn_rates(objective: &Objective, series: &Series, frame: &Frame) -> Vec<Burn> {
    let Some(watermark) = frame.watermark_s else { return vec![] };
    let spans = BURN_SPANS.into_iter().filter(|span| *span >= objective.draft.slice_s);
    spans.map(|window_s| burn_over(objective, series, watermark, window_s)).collect()
}

fn burn_over(objective: &Objective, series: &Series, watermark_s: i64, window_s: i64) -> Burn {
    let from_s = watermark_s - window_s;
    let error_ratio = series.sum(from_s, watermark_s).error_ratio();
    Burn {
        window_s,
        error_ratio,
        burn_rate: error_ratio.and_then(|errors| burn_rate(objective.draft.target, errors)),
        coverage: series.coverage(from_s, watermark_s),
    }
}

/// The pairs of windows by which an objective alerts: its own, or those that suit its first window,
/// as long as its slices need them to be.
pub fn pairs_of(objective: &Objective) -> Vec<Pair> {
    objective.draft.alerted().into_iter().map(|alerted| alerted.pair).collect()
}

/// The burn alerts and how they stand. `previous` tells which fired before: one that is frozen, by
/// too little measured in either of its own spans or by late readings, keeps its level. So does
/// every one of an objective of which nothing is measured yet, because it was described anew.
pub fn pairs(objective: &Objective, series: &Series, frame: &Frame, previous: &[bool]) -> Vec<BurnAlert> {
    if frame.watermark_s.is_none() && !previous.contains(&true) {
        return vec![];
    }
    let alert = |(place, Alerted { pair, shorter }): (usize, Alerted)| {
        let looked = frame.watermark_s.map(|watermark| Looked::at(objective, series, &pair, watermark));
        let frozen = frame.stale || looked.as_ref().is_none_or(|looked| looked.blind);
        let before = previous.get(place).copied().unwrap_or(false);
        let (long_burn, short_burn) = looked.as_ref().map_or((None, None), |looked| (looked.long.burn_rate, looked.short.burn_rate));
        BurnAlert {
            severity: pair.urgency,
            factor: pair.factor,
            long_s: pair.long_s,
            short_s: pair.short_s,
            lengthened_from: shorter.map(|Pair { factor, long_s, short_s, .. }| Shorter { factor, long_s, short_s }),
            long_burn,
            short_burn,
            governing_burn: long_burn.zip(short_burn).map(|(long, short)| long.min(short)),
            state: looked.as_ref().map_or(burn::BurnState::Acceptable, |looked| looked.state),
            firing: objective.draft.alerting.enabled && if frozen { before } else { looked.is_some_and(|looked| looked.fires) },
            frozen,
            held_back: false,
            spent_at_firing: pair.share(objective.window().usual_secs()),
        }
    };
    let mut alerts: Vec<BurnAlert> = objective.draft.alerted().into_iter().enumerate().map(alert).collect();
    let burns = Burns::of(alerts.iter().filter(|alert| alert.firing).map(|alert| alert.severity));
    for alert in alerts.iter_mut().filter(|alert| alert.firing) {
        alert.held_back = burns.holds_back(alert.severity);
    }
    alerts
}

/// Which pairs fired when measuring had come to `until_s`, in the order of [`pairs_of`], as the
/// slices tell: a pair that was frozen kept the level of the last moment at which it was not.
pub fn fired_at(objective: &Objective, series: &Series, until_s: i64) -> Vec<bool> {
    let ends: Vec<i64> = series.pieces(i64::MIN, until_s).map(|piece| piece.end_s()).collect();
    let fired = |pair: Pair| {
        ends.iter().rev().map(|end_s| Looked::at(objective, series, &pair, *end_s)).find(|looked| !looked.blind).is_some_and(|looked| looked.fires)
    };
    pairs_of(objective).into_iter().map(fired).collect()
}

/// Which pairs fire as far as anybody knows, in the order of [`pairs_of`]: `own` tells which fired
/// when they were last decided, and of the urgencies `left` pairs fired that are gone, because the
/// objective was described anew. Those that took their place inherit that only while none of them
/// can decide: one that can speaks for all, and the others keep what they were.
pub fn inherited(objective: &Objective, series: &Series, own: &[bool], left: &[Urgency]) -> Vec<bool> {
    let pairs = pairs_of(objective);
    let watermark_s = series.watermark(i64::MAX).filter(|_| !left.is_empty());
    let decided = |pair: &Pair| watermark_s.map(|until_s| Looked::at(objective, series, pair, until_s)).filter(|looked| !looked.blind);
    let decided: Vec<Option<bool>> = pairs.iter().map(|pair| decided(pair).map(|looked| looked.fires)).collect();
    let is_decided = |urgency: Urgency| pairs.iter().zip(&decided).any(|(pair, decided)| pair.urgency == urgency && decided.is_some());
    let level = |(place, pair): (usize, &Pair)| {
        let is_own = own.get(place).copied().unwrap_or(false);
        is_own || (left.contains(&pair.urgency) && decided.get(place).copied().flatten().unwrap_or_else(|| !is_decided(pair.urgency)))
    };
    pairs.iter().enumerate().map(level).collect()
}

/// What a pair sees of the slices that ended by an instant.
struct Looked {
    long: Burn,
    short: Burn,
    state: burn::BurnState,
    /// Too little was measured in either of its spans, or it is suspect.
    blind: bool,
    /// What it decides unless it is blind.
    fires: bool,
}

impl Looked {
    fn at(objective: &Objective, series: &Series, pair: &Pair, until_s: i64) -> Self {
        let (long, short) = (burn_over(objective, series, until_s, pair.long_s), burn_over(objective, series, until_s, pair.short_s));
        let state = burn::BurnState::of(long.burn_rate.unwrap_or(0.0), short.burn_rate.unwrap_or(0.0), pair.factor);
        let enough = objective.draft.method.counts_time() || !is_above(min_bad(objective, pair.urgency), series.sum(until_s - pair.long_s, until_s).bad);
        let blind = long.coverage < COVERAGE_FLOOR || short.coverage < COVERAGE_FLOOR || was_never_good(series, until_s);
        Self { long, short, state, blind, fires: state == burn::BurnState::Critical && enough }
    }
}

/// When what burns at `until_s` began: the start of the first slice, without a pause before then,
/// at whose end the span of `short_s` burned faster than it may. From there an incident's cost is
/// counted. Looks back by at most `long_s`.
pub fn burning_since(objective: &Objective, series: &Series, until_s: i64, long_s: i64, short_s: i64) -> Option<i64> {
    let slices: Vec<(i64, i64)> = series.pieces(until_s - long_s, until_s).map(|piece| (piece.start_s, piece.end_s())).collect();
    let burns = |end_s: i64| burn_over(objective, series, end_s, short_s).burn_rate.is_some_and(|rate| is_above(rate, 1.0));
    slices.into_iter().rev().take_while(|(_, end_s)| burns(*end_s)).last().map(|(start_s, _)| start_s)
}

/// How bad it seems by what burned last. `None` where too little of that was measured to say.
pub fn suggestion(objective: &Objective, series: &Series, frame: &Frame) -> Option<Suggestion> {
    let last = burn_over(objective, series, frame.watermark_s?, severity::OVER_S.max(objective.draft.slice_s));
    let is_known = last.coverage >= COVERAGE_FLOOR && !frame.stale;
    severity::suggest(objective.draft.target, last.burn_rate.filter(|_| is_known)?, last.error_ratio?, last.window_s)
}

/// How many bad events there have to be, against a single failure at night.
fn min_bad(objective: &Objective, urgency: Urgency) -> f64 {
    match urgency {
        Urgency::Page => objective.draft.alerting.min_bad,
        Urgency::Ticket => objective.draft.alerting.min_bad.min(MIN_BAD_TICKET),
    }
}
