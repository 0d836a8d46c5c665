//! The lines of the table: each figure, for all incidents together and for every severity that has
//! a target of its own. What is too little for a median is listed value by value.

use super::{
    bounds::{Bound, Verdict},
    measure::{From, Measure},
    targets::Targets,
};
use crate::domain::metrics::{Change, Excluded, Facts, Figure, Filter, GroupBy, Of, Range, Trends, trends};
use crate::domain::{
    reading::{Readable, Reader},
    severity::Severity,
    slo::report::{BudgetReport, ObjectiveRow},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// From fewer values nobody makes a median.
pub const FEWEST: usize = 5;
const HOUR_SECS: i64 = 3_600;
const THIRTY_DAYS_SECS: f64 = 30.0 * 86_400.0;

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    pub measure: Measure,
    /// Absent: all of them.
    pub severity: Option<Severity>,
    /// How many values, or how many events where one number stands for all.
    pub n: u64,
    /// The median, or that one number; absent where there is too little.
    pub value: Option<f64>,
    pub p90: Option<f64>,
    /// The values themselves where they are too few for a median, the smallest first.
    pub values: Vec<f64>,
    pub target: Option<f64>,
    /// The value is on the wrong side of the target; of listed values, one is.
    pub missed: bool,
    pub excluded: Vec<Excluded>,
    /// Against the range of equal length before; absent where that cannot be said.
    pub change: Option<Change>,
    /// The services or objectives behind it, the worst first; incidents are asked for one by one.
    pub members: Vec<Member>,
}

/// One service or objective behind a figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// As its address names it.
    pub name: String,
    pub title: String,
    pub value: f64,
    /// How many events or incidents it is made from.
    pub n: u64,
    /// Of an objective about latency: its threshold in seconds.
    pub within_s: Option<f64>,
}

/// What of an objective decides for which figures it counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sort {
    Events,
    /// With its threshold.
    Latency {
        within_s: f64,
    },
    /// Its budget is time: its slices are no requests.
    Time,
    /// Made from others, which count themselves.
    Composite,
}

/// Everything the table is made from.
pub struct Asked<'a> {
    /// Those that touch the range, the one before it, or the thirty days before that.
    pub facts: &'a [Facts],
    pub range: &'a Range,
    pub filter: &'a Filter,
    pub objectives: &'a [(ObjectiveRow, Sort)],
    pub services: &'a [String],
    pub targets: &'a Targets,
    pub now: Timestamp,
}

impl Line {
    /// One without a value.
    fn empty(measure: Measure, severity: Option<Severity>) -> Self {
        Self { measure, severity, n: 0, value: None, p90: None, values: vec![], target: None, missed: false, excluded: vec![], change: None, members: vec![] }
    }
}

/// The table, and how many of its incidents lack at least one of the times.
pub fn lines(asked: &Asked<'_>) -> (Vec<Line>, u64, u64) {
    let trends = trends(asked.facts, asked.range, asked.filter, GroupBy::Severity, asked.now);
    let mut lines = Vec::new();
    for measure in Measure::ALL {
        let target = |severity| asked.targets.at(measure, severity, asked.range.to);
        match measure.from() {
            From::Incidents(metric) => {
                lines.push(of_incidents(measure, None, figure(&trends, None, metric.id), target(None)));
                for severity in Severity::ALL {
                    if let Some(goal) = target(Some(severity)) {
                        lines.push(of_incidents(measure, Some(severity), figure(&trends, Some(severity), metric.id), Some(goal)));
                    }
                }
            }
            From::Services => lines.push(of_members(measure, services(asked), target(None))),
            From::Nothing(_) => lines.push(Line { target: target(None), ..Line::empty(measure, None) }),
            From::Objectives if measure == Measure::Slowest => lines.push(bounded(objectives(measure, asked.objectives), target(None))),
            From::Objectives if measure.is_pooled() => lines.push(pooled(measure, objectives(measure, asked.objectives), target(None))),
            From::Objectives => lines.push(of_members(measure, objectives(measure, asked.objectives), target(None))),
        }
    }
    (lines, trends.all.incidents, without_a_time(asked))
}

fn figure<'a>(trends: &'a Trends, severity: Option<Severity>, metric: &str) -> Option<&'a Figure> {
    let group = match severity {
        None => Some(&trends.all),
        Some(severity) => trends.groups.iter().find(|group| group.key.as_deref() == Some(severity.label())),
    };
    group?.figures.iter().find(|figure| figure.metric == metric)
}

fn of_incidents(measure: Measure, severity: Option<Severity>, figure: Option<&Figure>, target: Option<f64>) -> Line {
    let line = Line { target, ..Line::empty(measure, severity) };
    let Some(figure) = figure else { return line };
    judged(Line {
        n: figure.n,
        value: figure.value,
        p90: figure.p90,
        values: figure.values.clone(),
        excluded: figure.excluded.clone(),
        change: figure.change.clone(),
        ..line
    })
}

fn of_members(measure: Measure, members: Vec<Member>, target: Option<f64>) -> Line {
    let mut sorted: Vec<f64> = members.iter().map(|member| member.value).collect();
    sorted.sort_by(f64::total_cmp);
    let enough = sorted.len() >= FEWEST;
    judged(Line {
        n: sorted.len() as u64,
        value: enough.then(|| median(&sorted)).flatten(),
        p90: enough.then(|| sorted.get((sorted.len() * 90).div_ceil(100).saturating_sub(1)).copied()).flatten(),
        values: if enough { vec![] } else { sorted },
        target,
        members: worst_first(members, false),
        ..Line::empty(measure, None)
    })
}

/// A percentile of which only the side is known: nothing to put in order, and no median.
fn bounded(members: Vec<Member>, target: Option<f64>) -> Line {
    let missed = |member: &Member| Bound::of(member).zip(target).is_some_and(|(bound, target)| bound.judged(target) == Verdict::Missed);
    Line { n: members.len() as u64, missed: members.iter().any(missed), target, members: worst_first(members, true), ..Line::empty(Measure::Slowest, None) }
}

/// One ratio of sums: never a mean of ratios, which would weigh a quiet service like a busy one.
#[allow(clippy::cast_precision_loss)] // counts of events
fn pooled(measure: Measure, members: Vec<Member>, target: Option<f64>) -> Line {
    let n: u64 = members.iter().map(|member| member.n).sum();
    let good: f64 = members.iter().map(|member| member.value * member.n as f64).sum();
    judged(Line { n, value: (n > 0).then(|| good / n as f64), target, members: worst_first(members, true), ..Line::empty(measure, None) })
}

fn judged(mut line: Line) -> Line {
    let misses = |value: &f64| line.target.is_some_and(|target| line.measure.misses(*value, target));
    line.missed = line.value.iter().chain(&line.values).any(misses);
    line
}

fn worst_first(mut members: Vec<Member>, small: bool) -> Vec<Member> {
    members.sort_by(|a, b| if small { a.value.total_cmp(&b.value) } else { b.value.total_cmp(&a.value) }.then_with(|| a.name.cmp(&b.name)));
    members
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // events, rounded at the edge
fn objectives(measure: Measure, rows: &[(ObjectiveRow, Sort)]) -> Vec<Member> {
    let value = |report: &BudgetReport, sort: Sort| match (measure, sort) {
        (Measure::Availability, Sort::Events) | (Measure::Latency | Measure::Slowest, Sort::Latency { .. }) => report.tally.sli,
        (Measure::Errors, Sort::Events) => report.tally.sli.map(|sli| 1.0 - sli),
        (Measure::Burn, _) => report.burn.iter().find(|burn| burn.window_s == HOUR_SECS).and_then(|burn| burn.burn_rate),
        _ => None,
    };
    let member = |(row, sort): &(ObjectiveRow, Sort)| {
        let brief = &row.report.objective;
        let value = value(&row.report, *sort)?;
        let within_s = if let Sort::Latency { within_s } = sort { Some(*within_s) } else { None };
        Some(Member { name: brief.name.clone(), title: brief.title.clone(), value, n: row.report.tally.total.max(0.0).round() as u64, within_s })
    };
    rows.iter().filter_map(member).collect()
}

#[allow(clippy::cast_precision_loss)] // counts and spans
fn services(asked: &Asked<'_>) -> Vec<Member> {
    let secs = asked.range.micros() as f64 / 1e6;
    let began = |facts: &&Facts| asked.range.contains(facts.started_at) && asked.filter.matches(facts);
    let of = |name: &String| {
        let n = asked.facts.iter().filter(began).filter(|facts| facts.services.contains(name)).count();
        Member { name: name.clone(), title: name.clone(), value: n as f64 * THIRTY_DAYS_SECS / secs, n: n as u64, within_s: None }
    };
    asked.services.iter().map(of).collect()
}

/// How many incidents of the range have at least one of the four times missing.
fn without_a_time(asked: &Asked<'_>) -> u64 {
    let each = Measure::ALL.into_iter().filter_map(|measure| match measure.from() {
        From::Incidents(metric) => {
            if let Of::Each(each) = metric.of {
                Some(each)
            } else {
                None
            }
        }
        From::Services | From::Objectives | From::Nothing(_) => None,
    });
    let each: Vec<_> = each.collect();
    let of_range = asked.facts.iter().filter(|facts| asked.range.contains(facts.started_at) && asked.filter.matches(facts));
    of_range.filter(|facts| each.iter().any(|each| each(facts).is_err())).count() as u64
}

fn median(sorted: &[f64]) -> Option<f64> {
    let (lower, upper) = (sorted.get(sorted.len().checked_sub(1)? / 2)?, sorted.get(sorted.len() / 2)?);
    Some(f64::midpoint(*lower, *upper))
}

impl Readable for Line {
    fn read(from: Reader<'_>) -> Self {
        Self {
            measure: from.get("measure"),
            severity: from.get("severity"),
            n: from.get("n"),
            value: from.get("value"),
            p90: from.get("p90"),
            values: from.get("values"),
            target: from.get("target"),
            missed: from.get("missed"),
            excluded: from.get("excluded"),
            change: from.get("change"),
            members: from.get("members"),
        }
    }
}

impl Readable for Member {
    fn read(from: Reader<'_>) -> Self {
        Self { name: from.get("name"), title: from.get("title"), value: from.get("value"), n: from.get("n"), within_s: from.get("within_s") }
    }
}
