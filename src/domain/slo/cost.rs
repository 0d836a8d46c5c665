//! What an incident costs: the errors of its time beyond those that are usual at that hour of the
//! week, as a share of the budget.
//!
//! Slices in which several incidents were open are split evenly among them and marked, so the
//! costs of all incidents add up to what their time spent, and never to more.

use super::{
    assess,
    frame::{self, Frame, at},
    objective::Objective,
    report::{BudgetReport, Cost, Spender},
    series::{Piece, Series},
};
use crate::domain::{
    ids::IncidentRef,
    reading::{Readable, Reader},
    severity::Severity,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

const HOUR: i64 = 3_600;
/// The hours of a week.
const HOURS: usize = 168;
/// From fewer slices of one hour of the week nobody can tell what is usual then.
const ENOUGH: usize = 12;
/// Incidents below this share of the budget are not listed one by one.
pub const LISTED: f64 = 0.01;
/// The pace of an open incident is that of so many seconds.
const PACE_S: i64 = 300;

/// An incident as far as its cost is concerned: when it hurt, and whom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Span {
    #[serde(rename = "ref")]
    pub reference: IncidentRef,
    pub title: String,
    pub severity: Option<Severity>,
    /// When its impact began.
    pub from: Timestamp,
    /// When somebody or something noticed.
    pub detected_at: Option<Timestamp>,
    /// Absent while it goes on.
    pub to: Option<Timestamp>,
    pub services: Vec<String>,
}

impl Span {
    /// Whether it counts for an objective of this service: one without a service is hurt by all.
    pub fn concerns(&self, service: Option<&str>) -> bool {
        service.is_none_or(|service| self.services.iter().any(|hurt| hurt == service))
    }

    /// Whether any of its time lies between two instants, in seconds since 1970.
    pub fn touches(&self, from_s: i64, until_s: i64) -> bool {
        self.began_s() < until_s && self.ended_s(i64::MAX) > from_s
    }

    fn began_s(&self) -> i64 {
        self.from.epoch_secs()
    }

    /// One that goes on is charged up to what is measured.
    fn ended_s(&self, until_s: i64) -> i64 {
        self.to.map_or(until_s, |to| to.micros().div_euclid(1_000_000) + i64::from(to.micros().rem_euclid(1_000_000) > 0)).min(until_s)
    }
}

/// A slice in the time of at least one incident.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Charged {
    pub piece: Piece,
    /// Bad beyond what is usual, never below zero.
    pub excess: f64,
    /// How many incidents share it.
    pub sharers: u32,
}

/// What the incidents of a window spent, slice by slice. Made once; every question is a sum.
pub struct Charges {
    /// When each incident is charged, in the order they were given; empty spans are not charged.
    pub spans: Vec<(i64, i64)>,
    /// Ascending.
    pub slices: Vec<Charged>,
}

impl Charges {
    /// Of all incidents that concern the objective, which is the caller's to see to.
    pub fn of(series: &Series, frame: &Frame, incidents: &[Span]) -> Self {
        let until_s = frame.watermark_s.map_or(frame.from_s, |watermark| watermark.min(frame.until_s));
        let spans: Vec<(i64, i64)> = incidents.iter().map(|span| (span.began_s().max(frame.from_s), span.ended_s(until_s))).collect();
        let merged = merged(&spans);
        let usual = Usual::of(series, frame.from_s, until_s, &merged);
        let mut slices: Vec<Charged> = Vec::new();
        for (from_s, to_s) in &merged {
            for piece in series.touching(*from_s, *to_s).filter(|piece| piece.start_s >= frame.from_s && piece.start_s < until_s) {
                if slices.last().is_none_or(|last| last.piece.start_s < piece.start_s) {
                    let sharers = spans.iter().filter(|(from, to)| from < to && piece.start_s < *to && piece.end_s() > *from).count();
                    let excess = (piece.bad - usual.ratio(piece.start_s) * piece.total).max(0.0);
                    slices.push(Charged { piece, excess, sharers: u32::try_from(sharers).unwrap_or(u32::MAX).max(1) });
                }
            }
        }
        Self { spans, slices }
    }

    /// The charged slices of which any part lies in a span.
    pub fn within(&self, (from_s, to_s): (i64, i64)) -> &[Charged] {
        if to_s <= from_s {
            return &[];
        }
        let first = self.slices.partition_point(|slice| slice.piece.end_s() <= from_s);
        let end = self.slices.partition_point(|slice| slice.piece.start_s < to_s);
        &self.slices[first..end.max(first)]
    }

    /// What one incident spent, and whether it shared any of it.
    pub fn share(&self, incident: usize) -> (f64, bool) {
        let slices = self.spans.get(incident).map_or(&[][..], |span| self.within(*span));
        let bad = slices.iter().map(|slice| slice.excess / f64::from(slice.sharers)).sum();
        (bad, slices.iter().any(|slice| slice.sharers > 1))
    }

    /// What all incidents spent together.
    pub fn all(&self) -> f64 {
        self.slices.iter().map(|slice| slice.excess).sum()
    }
}

/// Spans as few as possible, ascending.
fn merged(spans: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let mut sorted: Vec<(i64, i64)> = spans.iter().copied().filter(|(from, to)| from < to).collect();
    sorted.sort_unstable();
    let mut merged: Vec<(i64, i64)> = Vec::new();
    for (from, to) in sorted {
        match merged.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}

/// The usual share of bad ones at each hour of the week, outside every incident.
struct Usual {
    hours: Vec<Option<f64>>,
    any: f64,
}

impl Usual {
    fn of(series: &Series, from_s: i64, until_s: i64, incidents: &[(i64, i64)]) -> Self {
        let mut wanted = [false; HOURS];
        for (from, to) in incidents {
            (from.div_euclid(HOUR)..=to.div_euclid(HOUR)).take(HOURS).for_each(|hour| wanted[hour_of_week(hour * HOUR)] = true);
        }
        let mut hours: Vec<Vec<f64>> = vec![vec![]; HOURS];
        let mut all = Vec::new();
        if !incidents.is_empty() {
            let mut ahead = incidents.iter().peekable();
            for piece in series.pieces(from_s, until_s) {
                while ahead.next_if(|(_, to)| *to <= piece.start_s).is_some() {}
                let is_outside = ahead.peek().is_none_or(|(from, _)| piece.end_s() <= *from);
                if is_outside && piece.total > 0.0 {
                    let ratio = piece.bad / piece.total;
                    all.push(ratio);
                    let hour = hour_of_week(piece.start_s);
                    if wanted[hour] {
                        hours[hour].push(ratio);
                    }
                }
            }
        }
        let hours = hours.iter_mut().map(|hour| if hour.len() < ENOUGH { None } else { median(hour) }).collect();
        Self { hours, any: median(&mut all).unwrap_or(0.0) }
    }

    fn ratio(&self, at_s: i64) -> f64 {
        self.hours[hour_of_week(at_s)].unwrap_or(self.any)
    }
}

fn hour_of_week(at_s: i64) -> usize {
    usize::try_from(at_s.div_euclid(HOUR).rem_euclid(168)).unwrap_or(0)
}

/// Of an even number of values the mean of the two in the middle.
fn median(values: &mut [f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let is_even = values.len().is_multiple_of(2);
    let (below, upper, _) = values.select_nth_unstable_by(values.len() / 2, f64::total_cmp);
    let lower = below.iter().copied().max_by(f64::total_cmp).filter(|_| is_even);
    Some(lower.map_or(*upper, |lower| f64::midpoint(lower, *upper)))
}

/// What a window's budget is in all, which incidents are held against.
struct Whole {
    /// How many may be bad.
    allowed: f64,
    minutes: f64,
}

impl Whole {
    fn of(objective: &Objective, series: &Series, frame: &Frame) -> Self {
        let budget = objective.draft.target.budget();
        let allowed = frame::allowed_in_all(objective, series, frame, budget);
        Self { allowed, minutes: frame::budget_minutes(objective, frame, budget, allowed) }
    }
}

/// The incidents that spent at least a hundredth of a window's budget, by when they began, and
/// what was spent outside of them, both as shares of the whole window's budget
/// ([`frame::allowed_in_all`]).
pub fn spenders(objective: &Objective, series: &Series, frame: &Frame, report: &BudgetReport, incidents: &[Span]) -> (Vec<Spender>, f64) {
    let Whole { allowed, minutes } = Whole::of(objective, series, frame);
    if allowed <= 0.0 {
        return (vec![], 0.0);
    }
    let spent = if report.tally.total > 0.0 { report.tally.bad / allowed } else { 0.0 };
    let incidents: Vec<Span> = incidents.iter().filter(|span| span.concerns(objective.draft.service.as_deref())).cloned().collect();
    let charges = Charges::of(series, frame, &incidents);
    let spender = |(place, span): (usize, &Span)| {
        let (bad, shared) = charges.share(place);
        let ratio = bad / allowed;
        let until = span.to.unwrap_or_else(|| at(span.ended_s(frame.until_s)));
        (ratio >= LISTED).then(|| Spender {
            reference: span.reference,
            title: span.title.clone(),
            severity: span.severity,
            from: span.from,
            to: span.to,
            duration_s: until.secs_since(span.from).max(0),
            bad,
            ratio,
            minutes: ratio * minutes,
            shared,
        })
    };
    let mut listed: Vec<Spender> = incidents.iter().enumerate().filter_map(spender).collect();
    listed.sort_by_key(|spender| (spender.from, spender.reference));
    let named: f64 = listed.iter().map(|spender| spender.ratio).sum();
    (listed, (spent - named).max(0.0))
}

/// What one incident costs an objective, as the incident shows it; `None` where it does not
/// concern it, has no budget, or cost nothing. `incidents` are all of the window, itself among
/// them.
pub fn cost(objective: &Objective, series: &Series, frame: &Frame, report: &BudgetReport, incidents: &[Span], of: IncidentRef) -> Option<Cost> {
    let service = objective.draft.service.as_deref();
    let incidents: Vec<Span> = incidents.iter().filter(|span| span.concerns(service)).cloned().collect();
    let place = incidents.iter().position(|span| span.reference == of)?;
    let (bad, shared) = Charges::of(series, frame, &incidents).share(place);
    let Whole { allowed, minutes } = Whole::of(objective, series, frame);
    if allowed <= 0.0 || bad <= 0.0 {
        return None;
    }
    let ratio = bad / allowed;
    let is_open = incidents[place].to.is_none() && !frame.stale;
    #[allow(clippy::cast_precision_loss)] // seconds
    let pace = |watermark: i64| {
        let errors = series.sum(watermark - PACE_S.max(series.slice_s()), watermark).error_ratio()?;
        Some(100.0 * errors / objective.draft.target.budget() * HOUR as f64 / frame.length_s() as f64)
    };
    Some(Cost {
        objective: assess::brief(objective),
        window: report.window.name.clone(),
        bad,
        ratio,
        minutes: ratio * minutes,
        shared,
        points_per_hour: frame.watermark_s.filter(|_| is_open).and_then(pace),
    })
}

impl Readable for Span {
    fn read(from: Reader<'_>) -> Self {
        Self {
            reference: from.get("ref"),
            title: from.get("title"),
            severity: from.get("severity"),
            from: from.get("from"),
            detected_at: from.get("detected_at"),
            to: from.get("to"),
            services: from.get("services"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::*,
        super::tests::{DAY, HOUR},
        super::{objective::Method, series::Slice},
        *,
    };

    #[test]
    fn incidents_are_charged_with_what_is_unusual() {
        // Always one bad in a slice; during the incident 201, for an hour: 12 × 200 beyond usual.
        let (from, to) = (NOW_S - 5 * DAY, NOW_S - 5 * DAY + HOUR);
        let series = a_series(&an_objective(), &slices(NOW_S - 30 * DAY, NOW_S, |start| if (from..to).contains(&start) { 201.0 } else { 1.0 }));
        let objective = an_objective();
        let (report, frame) = (report_of(&objective, &series), frame_of(&objective, &series));
        let elsewhere = Span { services: vec!["mail".into()], ..an_incident(3, from, Some(to)) };
        let small = an_incident(4, NOW_S - 9 * DAY, Some(NOW_S - 9 * DAY + 600));
        let (listed, beside) = spenders(&objective, &series, &frame, &report, &[an_incident(1, from, Some(to)), elsewhere.clone(), small]);
        let [one] = listed.as_slice() else { panic!("{listed:?}") };
        near(one.bad, 2_400.0);
        near(one.ratio, 2_400.0 / 17_280.0);
        near(one.minutes, 6.0);
        assert_eq!((one.reference, one.shared, one.duration_s), (IncidentRef(1), false, HOUR));
        // What is beside: 8,640 of the usual.
        near(beside, 8_640.0 / 17_280.0);
        // Two that overlap in the second half hour.
        let two = [an_incident(1, from, Some(to)), an_incident(2, from + 1_800, Some(to))];
        let (listed, _) = spenders(&objective, &series, &frame, &report, &two);
        assert_eq!(
            listed.iter().map(|spender| (spender.reference.0, spender.bad.round(), spender.shared)).collect::<Vec<_>>(),
            [(1, 1_800.0, true), (2, 600.0, true)]
        );
        // For an objective without a service every incident counts.
        let all = with(|draft| draft.service = None);
        assert_eq!(spenders(&all, &series, &frame, &report, &[elsewhere]).0.len(), 1);
        let cost = super::cost(&objective, &series, &frame, &report, &two, IncidentRef(2)).expect("it cost something");
        assert_eq!((cost.bad.round(), cost.shared, cost.points_per_hour), (600.0, true, None));
    }

    #[test]
    fn a_part_of_a_window_makes_no_incident_dearer() {
        // 15 minutes of 30 % are 1,800 bad ones; 30 days allow 17,280, and 4.5 min of them are 43.2.
        let (from, to) = (NOW_S - DAY, NOW_S - DAY + 900);
        let incidents = [an_incident(127, from, Some(to))];
        let bad = |start: i64| if (from..to).contains(&start) { 600.0 } else { 0.0 };
        for days in [30, 5, 2] {
            let series = a_series(&an_objective(), &slices(NOW_S - days * DAY, NOW_S, bad));
            let objective = an_objective();
            let (report, frame) = (report_of(&objective, &series), frame_of(&objective, &series));
            let cost = super::cost(&objective, &series, &frame, &report, &incidents, IncidentRef(127)).expect("it cost something");
            near(cost.ratio, 1_800.0 / 17_280.0);
            near(cost.minutes, 4.5);
            let (listed, beside) = spenders(&objective, &series, &frame, &report, &incidents);
            near(listed[0].ratio, cost.ratio);
            near(beside, 0.0);
            // What is left in time is of the same whole; its share is of what was measured.
            near(report.remaining_minutes.expect("there is a budget"), 43.2 - 4.5);
            near(report.tally.consumed_ratio.expect("there is a budget"), 1_800.0 / (576_000.0 * days as f64 * 0.001));
        }
        // Slices of time: three of them are a quarter of an hour, however many there are.
        let timed = with(|draft| draft.method = Method::Timeslices);
        let slice = |start_s: i64| Slice { start_s, width_s: 300, good: f64::from(u8::from(bad(start_s) == 0.0)), total: 1.0 };
        for days in [30, 5] {
            let readings: Vec<Slice> = (0..days * 288).map(|n| slice(NOW_S - days * DAY + n * 300)).collect();
            let series = a_series(&timed, &readings);
            let (report, frame) = (report_of(&timed, &series), frame_of(&timed, &series));
            let cost = super::cost(&timed, &series, &frame, &report, &incidents, IncidentRef(127)).expect("it cost something");
            near(cost.ratio, 3.0 / 8.64);
            near(cost.minutes, 15.0);
        }
    }

    #[test]
    fn an_open_incident_is_charged_up_to_the_last_reading() {
        let from = NOW_S - 1_800;
        let series = with_outage(from, NOW_S, 200.0);
        let (objective, incident) = (an_objective(), an_incident(1, from, None));
        let (report, frame) = (report_of(&objective, &series), frame_of(&objective, &series));
        let cost = super::cost(&objective, &series, &frame, &report, &[incident], IncidentRef(1)).expect("it costs something");
        near(cost.bad, 1_200.0);
        // 10 % bad is a burn of 100; an hour of it is a 720th of the window: 13.9 points.
        near(cost.points_per_hour.expect("it is open"), 100.0 * 100.0 / 720.0);
    }
}
