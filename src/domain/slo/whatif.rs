//! “What if”: the same window with another target, fewer or shorter incidents, time left out, or
//! an outage that goes on.
//!
//! It is the function of the server and of the page, which asks it anew while somebody drags. What
//! is made once, [`Sums`], holds what every question needs; a question then only walks over the
//! slices that it changes. Nothing is kept of an answer.

use super::{
    assess,
    calendar::Window,
    cost::{Charges, Span},
    forecast::{self, Ahead},
    frame::{self, Frame, at},
    objective::Objective,
    report::{BudgetReport, Gap, Standing},
    series::{Series, Sum},
    target::Target,
    words,
    zone::Zone,
};
use crate::domain::{
    ids::IncidentRef,
    reading::{Readable, Reader},
    time::Timestamp,
    wording,
};
use serde::{Deserialize, Serialize};

/// An outage that goes on does so at the pace of the last minutes.
const PACE_S: i64 = 300;

/// What is changed. What is absent, empty or zero stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WhatIf {
    pub target: Option<Target>,
    pub window: Option<Window>,
    /// Every incident is noticed by so much earlier, and all that follows with it. Never before
    /// its impact begins.
    pub detected_earlier_s: i64,
    /// From when it is noticed, every incident is over by so much earlier.
    pub mitigated_earlier_s: i64,
    /// These had not happened.
    pub without: Vec<IncidentRef>,
    /// This time is left out.
    pub exclusion: Option<Gap>,
    /// It goes on like in the last minutes for so long.
    pub lasts_longer_s: i64,
}

/// What would be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// What is changed: `Detected 5 min earlier`.
    pub what: String,
    pub remaining_ratio: Option<f64>,
    pub minutes: Option<f64>,
    /// `3.1 min over`.
    pub left: String,
    /// When it runs out; if nothing is left, when it is above zero again.
    pub at: Option<Timestamp>,
}

/// One window as it is, with what every question needs.
struct Scene {
    frame: Frame,
    sum: Sum,
    charges: Charges,
    /// Absent where nothing can be forecast.
    ahead: Option<Ahead>,
}

/// What every question about a report's window needs.
pub struct Sums {
    incidents: Vec<Span>,
    now: Timestamp,
    scene: Scene,
}

impl Sums {
    /// `incidents` are all that lie in the window.
    pub fn of(objective: &Objective, series: &Series, report: &BudgetReport, incidents: &[Span]) -> Self {
        let service = objective.draft.service.as_deref();
        let incidents: Vec<Span> = incidents.iter().filter(|span| span.concerns(service)).cloned().collect();
        let frame = Frame::of_report(report, objective.draft.target.budget());
        let scene = Scene::of(series, frame, report.state, &incidents);
        Self { incidents, now: report.at, scene }
    }
}

/// What questions are asked of: the sums, and what they were made of. `zone` names days, and has
/// the rules of another window that is asked for.
pub struct Ground<'a> {
    pub objective: &'a Objective,
    pub series: &'a Series,
    pub zone: &'a dyn Zone,
    pub sums: &'a Sums,
}

impl Ground<'_> {
    /// How it is, each change alone, and all of them together where there are several.
    pub fn answer(&self, asked: &WhatIf) -> Vec<Outcome> {
        let single = asked.single(self);
        let mut outcomes = vec![self.outcome("As it is".to_owned(), &WhatIf::default())];
        outcomes.extend(single.iter().map(|(what, change)| self.outcome(what.clone(), change)));
        if single.len() > 1 {
            let all = if single.len() == 2 { "Both, as set" } else { "All together" };
            outcomes.push(self.outcome(all.to_owned(), asked));
        }
        outcomes
    }

    fn outcome(&self, what: String, asked: &WhatIf) -> Outcome {
        let other = asked.window.as_ref().map(|window| {
            let frame = Frame::of(self.objective, self.series, window, self.sums.now, self.zone);
            Scene::of(self.series, frame, assess::standing(self.objective, self.series, &frame), &self.sums.incidents)
        });
        let scene = other.as_ref().unwrap_or(&self.sums.scene);
        let budget = asked.target.unwrap_or(self.objective.draft.target).budget();
        let changes = scene.changes(self, asked);
        let mut sum = scene.sum;
        for change in changes.iter().filter(|change| change.start_s >= scene.frame.from_s && change.start_s < scene.frame.until_s) {
            sum.bad += change.bad;
            sum.total += change.total;
        }
        sum.bad = sum.bad.max(0.0);
        let longer = scene.longer(self.series, asked.lasts_longer_s);
        let then = frame::tally(sum.bad + longer.bad, sum.total + longer.total, budget, scene.frame.reference);
        let left_in_time = then.remaining_ratio.map(|left| {
            // As in the report: minutes of the whole window are left of its whole.
            let coverage = self.series.coverage(scene.frame.from_s, scene.frame.until_s);
            let is_part = frame::is_part(&scene.frame, coverage) && !self.objective.draft.method.counts_time();
            if is_part { 1.0 - then.bad / frame::allowed_in_all(self.objective, self.series, &scene.frame, budget) } else { left }
        });
        let minutes = left_in_time.map(|left| left * frame::budget_minutes(self.objective, &scene.frame, budget, then.allowed_bad));
        let left = match (minutes, then.remaining_ratio) {
            (Some(minutes), _) => words::minutes_left(minutes),
            (None, Some(ratio)) => words::percent(ratio),
            (None, None) => "nothing known".to_owned(),
        };
        sum.bad += longer.came_bad;
        let at = scene.crosses(self.series, &sum, budget, &changes).map(|secs| at(secs).max(self.sums.now));
        Outcome { what, remaining_ratio: then.remaining_ratio, minutes, left, at }
    }
}

/// What a slice counts more than it did.
struct Change {
    start_s: i64,
    bad: f64,
    total: f64,
}

/// What an outage that goes on adds to a window that moves on with it.
#[derive(Default)]
struct Longer {
    bad: f64,
    total: f64,
    /// Without what left the window meanwhile.
    came_bad: f64,
}

impl Scene {
    fn of(series: &Series, frame: Frame, state: Standing, incidents: &[Span]) -> Self {
        let ahead = if state == Standing::NotMeasured { None } else { Ahead::of(series, &frame) };
        Self { sum: series.sum(frame.from_s, frame.until_s), charges: Charges::of(series, &frame, incidents), ahead, frame }
    }

    /// The slices that a question changes, ascending.
    fn changes(&self, ground: &Ground<'_>, asked: &WhatIf) -> Vec<Change> {
        let mut changes: Vec<Change> = Vec::new();
        if asked.detected_earlier_s > 0 || asked.mitigated_earlier_s > 0 || !asked.without.is_empty() {
            let slices = &self.charges.slices;
            let mut saved = vec![0.0; slices.len()];
            for (incident, span) in ground.sums.incidents.iter().zip(&self.charges.spans) {
                let over_s = asked.over_s(incident, *span);
                let first = slices.partition_point(|slice| slice.piece.end_s() <= over_s);
                for (slice, saved) in slices[first..].iter().zip(&mut saved[first..]).take_while(|(slice, _)| slice.piece.start_s < span.1) {
                    let inside = overlap((slice.piece.start_s, slice.piece.end_s()), *span);
                    if inside > 0 {
                        let gone = overlap((slice.piece.start_s, slice.piece.end_s()), (over_s, span.1));
                        #[allow(clippy::cast_precision_loss)] // at most an hour
                        let part = gone as f64 / inside as f64;
                        *saved += part * slice.excess / f64::from(slice.sharers);
                    }
                }
            }
            let saved = slices.iter().zip(saved).filter(|(_, saved)| *saved > 0.0);
            changes.extend(saved.map(|(slice, saved)| Change { start_s: slice.piece.start_s, bad: -saved, total: 0.0 }));
        }
        if let Some(out) = asked.exclusion {
            self.leave_out(ground, (out.from.epoch_secs(), out.to.epoch_secs()), &mut changes);
        }
        changes
    }

    /// Leaves a span out, on top of what is changed already.
    fn leave_out(&self, ground: &Ground<'_>, span: (i64, i64), changes: &mut Vec<Change>) {
        let counts_time = ground.series.method().counts_time();
        for piece in ground.series.touching(span.0, span.1) {
            #[allow(clippy::cast_precision_loss)] // at most an hour
            let part = overlap((piece.start_s, piece.end_s()), span) as f64 / piece.width_s as f64;
            let total = if counts_time { 0.0 } else { -part * piece.total };
            match changes.binary_search_by_key(&piece.start_s, |change| change.start_s) {
                Ok(known) => {
                    let change = &mut changes[known];
                    change.bad -= part * (piece.bad + change.bad);
                    change.total += total;
                }
                Err(place) => changes.insert(place, Change { start_s: piece.start_s, bad: -part * piece.bad, total }),
            }
        }
    }

    fn longer(&self, series: &Series, for_s: i64) -> Longer {
        let Some(until) = self.frame.watermark_s.filter(|_| for_s > 0) else { return Longer::default() };
        let Some(errors) = series.sum(until - PACE_S.max(series.slice_s()), until).error_ratio() else { return Longer::default() };
        let came = forecast::expected(series, &self.frame, for_s);
        let gone = if self.frame.rolling { series.sum(self.frame.from_s, self.frame.from_s + for_s) } else { Sum::default() };
        Longer { bad: errors * came - gone.bad, total: came - gone.total, came_bad: errors * came }
    }

    fn crosses(&self, series: &Series, sum: &Sum, budget: f64, changes: &[Change]) -> Option<i64> {
        let ahead = self.ahead.as_ref()?;
        let (since, mut pace) = forecast::steady(series, &self.frame);
        for change in changes.iter().filter(|change| change.start_s >= since) {
            pace.bad += change.bad;
            pace.total += change.total;
        }
        let leaving: Vec<(i64, f64, f64)> =
            changes.iter().filter(|change| change.start_s >= self.frame.from_s).map(|change| (change.start_s, change.bad, change.total)).collect();
        let is_left = sum.bad < budget * self.frame.reference.unwrap_or(sum.total);
        let errors = if is_left { pace.error_ratio()?.max(0.0) } else { 0.0 };
        ahead.crosses(sum, budget, errors, &leaving, &self.frame)
    }
}

fn overlap(a: (i64, i64), b: (i64, i64)) -> i64 {
    (a.1.min(b.1) - a.0.max(b.0)).max(0)
}

impl WhatIf {
    /// When an incident would have been over. One that goes on was mitigated by nobody yet, so
    /// nothing of it moves; one of which nobody knows when it was noticed was noticed at once.
    fn over_s(&self, incident: &Span, (from_s, to_s): (i64, i64)) -> i64 {
        if self.without.contains(&incident.reference) {
            return from_s;
        }
        let Some(ended) = incident.to else { return to_s };
        let began = incident.from;
        let detected = incident.detected_at.unwrap_or(began).max(began).min(ended);
        let earlier = self.detected_earlier_s.clamp(0, detected.secs_since(began)) + self.mitigated_earlier_s.clamp(0, ended.secs_since(detected));
        (to_s - earlier).max(from_s)
    }

    /// Every change alone, with its name.
    fn single(&self, ground: &Ground<'_>) -> Vec<(String, WhatIf)> {
        let none = WhatIf::default;
        let mut single = Vec::new();
        if self.detected_earlier_s > 0 {
            let what = format!("Detected {} earlier", wording::span(self.detected_earlier_s));
            single.push((what, WhatIf { detected_earlier_s: self.detected_earlier_s, ..none() }));
        }
        if self.mitigated_earlier_s > 0 {
            let what = format!("Mitigated {} earlier", wording::span(self.mitigated_earlier_s));
            single.push((what, WhatIf { mitigated_earlier_s: self.mitigated_earlier_s, ..none() }));
        }
        if !self.without.is_empty() {
            let names: Vec<String> = self.without.iter().map(ToString::to_string).collect();
            single.push((format!("Without {}", wording::list(&names)), WhatIf { without: self.without.clone(), ..none() }));
        }
        if let Some(out) = self.exclusion {
            let clock = |at| words::clock(at, ground.sums.now, ground.zone);
            single.push((format!("{} to {} left out", clock(out.from), clock(out.to)), WhatIf { exclusion: Some(out), ..none() }));
        }
        if self.lasts_longer_s > 0 {
            single.push((format!("{} more of this", wording::span(self.lasts_longer_s)), WhatIf { lasts_longer_s: self.lasts_longer_s, ..none() }));
        }
        if let Some(target) = self.target.filter(|target| *target != ground.objective.draft.target) {
            single.push((target.percent_text(), WhatIf { target: Some(target), ..none() }));
        }
        if let Some(window) = &self.window {
            single.push((format!("Over {window}"), WhatIf { window: Some(window.clone()), ..none() }));
        }
        single
    }
}

impl Readable for WhatIf {
    fn read(from: Reader<'_>) -> Self {
        Self {
            target: from.get("target"),
            window: from.get("window"),
            detected_earlier_s: from.get("detected_earlier_s"),
            mitigated_earlier_s: from.get("mitigated_earlier_s"),
            without: from.get("without"),
            exclusion: from.get("exclusion"),
            lasts_longer_s: from.get("lasts_longer_s"),
        }
    }
}

impl Readable for Outcome {
    fn read(from: Reader<'_>) -> Self {
        Self { what: from.get("what"), remaining_ratio: from.get("remaining_ratio"), minutes: from.get("minutes"), left: from.get("left"), at: from.get("at") }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{tests::*, zone::Utc},
        *,
    };

    #[test]
    fn what_if_shortens_removes_and_prolongs() {
        // 2,000 bad in each of twelve slices: 24,000 of 17,280.
        let (from, to) = (NOW_S - 5 * DAY, NOW_S - 5 * DAY + HOUR);
        let series = with_outage(from, to, 2_000.0);
        let (objective, report) = (an_objective(), report_of(&an_objective(), &with_outage(from, to, 2_000.0)));
        let incidents = [an_incident(1, from, Some(to))];
        let sums = Sums::of(&objective, &series, &report, &incidents);
        let ground = Ground { objective: &objective, series: &series, zone: &Utc, sums: &sums };
        let ask = |asked: WhatIf| ground.answer(&asked);
        let bad = |outcome: &Outcome| ((1.0 - outcome.remaining_ratio.expect("there is a budget")) * 17_280.0).round();
        // It was noticed after ten minutes, and an hour earlier is not before that.
        for (detected, mitigated, left) in [(300, 0, 22_000.0), (3_600, 0, 20_000.0), (0, 600, 20_000.0), (0, 7_200, 4_000.0), (450, 0, 21_000.0)] {
            let outcomes = ask(WhatIf { detected_earlier_s: detected, mitigated_earlier_s: mitigated, ..WhatIf::default() });
            assert_eq!((outcomes.len(), bad(&outcomes[1])), (2, left), "{detected} {mitigated}");
        }
        let outcomes = ask(WhatIf { detected_earlier_s: 600, mitigated_earlier_s: 3_000, ..WhatIf::default() });
        assert_eq!(
            outcomes.iter().map(|outcome| (outcome.what.as_str(), bad(outcome))).collect::<Vec<_>>(),
            [("As it is", 24_000.0), ("Detected 10 min earlier", 20_000.0), ("Mitigated 50 min earlier", 4_000.0), ("Both, as set", 0.0),]
        );
        let outcomes = ask(WhatIf { without: vec![IncidentRef(1)], ..WhatIf::default() });
        assert_eq!((outcomes[1].what.as_str(), outcomes[1].remaining_ratio, outcomes[1].at), ("Without INC-1", Some(1.0), None));
        // Half the target's budget again: 99.95 % allows 8,640.
        let stricter = Target::parse("99.95 %").expect("it is a target");
        let outcomes = ask(WhatIf { target: Some(stricter), ..WhatIf::default() });
        near(outcomes[1].remaining_ratio.expect("there is a budget"), 1.0 - 24_000.0 / 8_640.0);
        assert_eq!(outcomes[1].left, "38 min over");
        // An hour left out takes its traffic with it.
        let outcomes = ask(WhatIf { exclusion: Some(Gap { from: at(from), to: at(to) }), without: vec![IncidentRef(1)], ..WhatIf::default() });
        assert!(outcomes.iter().skip(1).all(|outcome| outcome.remaining_ratio == Some(1.0)), "{outcomes:?}");
        // The last three days saw nothing of it.
        let outcomes = ask(WhatIf { window: Some(Window::rolling_days(4)), ..WhatIf::default() });
        assert_eq!((outcomes[1].what.as_str(), outcomes[1].remaining_ratio), ("Over 4d", Some(1.0)));
        // All of this at once.
        let all = WhatIf { detected_earlier_s: 60, mitigated_earlier_s: 60, target: Some(stricter), ..WhatIf::default() };
        assert_eq!(ask(all).last().map(|outcome| outcome.what.clone()), Some("All together".to_owned()));
    }

    #[test]
    fn minutes_of_a_part_of_a_window_are_those_of_the_report() {
        let objective = an_objective();
        let series = a_series(&objective, &slices(NOW_S - 5 * DAY, NOW_S, |start| if start >= NOW_S - HOUR { 100.0 } else { 0.0 }));
        let report = report_of(&objective, &series);
        let sums = Sums::of(&objective, &series, &report, &[]);
        let ground = Ground { objective: &objective, series: &series, zone: &Utc, sums: &sums };
        near(ground.answer(&WhatIf::default())[0].minutes.expect("there is a budget"), report.remaining_minutes.expect("there is a budget"));
    }

    #[test]
    fn what_if_it_lasted_longer() {
        let series = with_outage(NOW_S - 300, NOW_S, 2_000.0);
        let (objective, report) = (an_objective(), report_of(&an_objective(), &with_outage(NOW_S - 300, NOW_S, 2_000.0)));
        let sums = Sums::of(&objective, &series, &report, &[]);
        let ground = Ground { objective: &objective, series: &series, zone: &Utc, sums: &sums };
        let outcomes = ground.answer(&WhatIf { lasts_longer_s: 2_400, ..WhatIf::default() });
        // 2,000 so far and eight slices of 2,000 more.
        assert_eq!(outcomes[1].what, "40 min more of this");
        near(outcomes[1].remaining_ratio.expect("there is a budget"), 1.0 - 18_000.0 / 17_280.0);
    }
}
