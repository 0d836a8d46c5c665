//! Everything that an objective's page is drawn from, put together from what was read.

use super::{
    assess,
    cost::{self, Span},
    exclusion::Exclusion,
    forecast,
    frame::Frame,
    gate::Gate,
    line,
    objective::Objective,
    report::{Departed, Deploy, ObjectivePage, Trouble},
    series::Series,
    zone::Zone,
};
use crate::domain::time::Timestamp;

/// More points than a wide screen has columns help nobody.
const LINE_POINTS: usize = 1_600;
const FORECAST_POINTS: usize = 240;

/// What the page shows beside the readings.
pub struct Around<'a> {
    /// All incidents of the window, and of one as long before it where it is a rolling one; those
    /// of other services are passed over.
    pub incidents: &'a [Span],
    pub deploys: Vec<Deploy>,
    /// Those that are for the objective.
    pub exclusions: Vec<Exclusion>,
    pub gate: Option<Gate>,
    pub generations: Vec<Timestamp>,
    pub backfilled: Option<f64>,
    pub trouble: Option<Trouble>,
    /// Which pairs fired before.
    pub previous: &'a [bool],
}

/// A third of a window that moves along, and a fixed period to its end.
fn ahead_s(frame: &Frame) -> i64 {
    if frame.rolling { frame.length_s() / 3 } else { frame.to_s - frame.until_s }
}

/// The page of an objective by one of its windows.
pub fn page(objective: &Objective, series: &Series, window_index: usize, around: Around<'_>, now: Timestamp, zone: &dyn Zone) -> ObjectivePage {
    let report = assess::report(objective, series, window_index, now, zone, around.previous);
    let budget = objective.draft.target.budget();
    let frame = Frame::of_report(&report, budget);
    let (within, before): (Vec<Span>, Vec<Span>) = around.incidents.iter().cloned().partition(|span| span.to.is_none_or(|to| to.epoch_secs() >= frame.from_s));
    let (spenders, else_ratio) = cost::spenders(objective, series, &frame, &report, &within);
    // One that reaches into the window has left it in part.
    let old = before.iter().chain(&within).filter(|span| span.from.epoch_secs() < frame.from_s && span.concerns(objective.draft.service.as_deref()));
    let departed = old.map(|span| Departed { reference: span.reference, from: span.from, to: span.to.unwrap_or(now) }).collect();
    let others = (0..objective.draft.windows.len()).filter(|other| *other != window_index);
    ObjectivePage {
        objective: objective.clone(),
        others: others.map(|other| assess::report(objective, series, other, now, zone, around.previous)).collect(),
        left: line::left_line(objective, series, &frame, LINE_POINTS),
        gaps: line::gaps(series, &frame),
        days: line::days(objective, series, &frame, zone),
        forecast: forecast::line(&report, series, &frame, budget, ahead_s(&frame), FORECAST_POINTS),
        spenders,
        else_ratio,
        departed,
        deploys: around.deploys,
        exclusions: around.exclusions,
        gate: around.gate,
        generations: around.generations,
        backfilled: around.backfilled,
        trouble: around.trouble,
        report,
    }
}
