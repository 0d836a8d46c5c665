//! How objectives stand: budgets, boards, pages, and what incidents cost. Whoever asks sees the
//! incidents that they may see, and nothing of the others: what those spent counts among the rest.

use super::{
    incidents, lists,
    objectives::{one, unknown},
    people::needs,
    release_gate,
};
use crate::{
    domain::{
        failure::{Failure, FailureKind},
        ids::{IncidentId, IncidentRef},
        incident::{Incident, Kind},
        metrics::{Facts, Range},
        people::{Actor, Right},
        slo::{
            board::Ground,
            calendar::Window,
            cost::{self, Span},
            exclusion::Exclusion,
            explain::{self, Derivation},
            frame::Frame,
            line,
            page::{self, Around},
            report::{BudgetReport, Cost, Deploy, IncidentCosts, ObjectivePage, Spender},
        },
        time::Timestamp,
    },
    server::{
        error::ServerError,
        levels::{Board, Held, One, reports},
        state::App,
        store::{BurnLevel, ChangeFilter},
    },
};
use serde::Serialize;
use std::sync::Arc;

/// Most deploys on an objective's page.
const MOST_DEPLOYS: i64 = 200;
/// Most steps of one answer.
const MOST_STEPS: i64 = 11_000;
/// How many steps there are unless something else is asked for.
const USUAL_STEPS: i64 = 360;
/// Most incidents whose costs are reckoned for one question: as many as a screen shows.
const MOST_COSTS: usize = 60;

/// All objectives as rows. What nobody changed since it was asked for last is not reckoned again.
pub async fn board(app: &App, actor: &Actor) -> Result<Arc<Board>, ServerError> {
    needs(actor, Right::Read)?;
    let held = app.levels.current(app).await?;
    let levels = app.store.burn_levels().await?;
    Ok(reports::board(&held, app.clock().now(), &levels))
}

/// One window of an objective at an instant: as it is known now, also of the past.
pub async fn budget(app: &App, actor: &Actor, objective: &str, window: Option<&str>, at: Option<Timestamp>) -> Result<BudgetReport, ServerError> {
    let asked = Asked::of(app, actor, objective, window, at).await?;
    let readings = asked.one.readings_at(&app.store, &asked.held, asked.at).await?;
    Ok(asked.one.report(readings.series(), asked.window, asked.at, asked.levels.as_deref()))
}

/// How a report's figures come about, step by step.
pub async fn derivation(app: &App, actor: &Actor, objective: &str, window: Option<&str>, at: Option<Timestamp>) -> Result<Derivation, ServerError> {
    let asked = Asked::of(app, actor, objective, window, at).await?;
    let readings = asked.one.readings_at(&app.store, &asked.held, asked.at).await?;
    let (described, series) = (asked.one.objective(), readings.series());
    let report = asked.one.report(series, asked.window, asked.at, asked.levels.as_deref());
    let frame = asked.one.frame(series, asked.window, asked.at);
    let incidents = incidents_between(app, actor, report.window.from, asked.at).await?;
    let (spenders, else_ratio) = cost::spenders(described, series, &frame, &report, &incidents);
    let gaps = line::gaps(series, &frame);
    let (of, range) = (asked.held.exclusions_of(&asked.one), Range { from: report.window.from, to: report.window.to });
    let exclusions: Vec<(&Exclusion, Vec<(i64, i64)>)> = of.iter().map(|exclusion| (exclusion, reports::times_of(exclusion, &range))).collect();
    let zone = reports::zone_of(&described.draft.windows[asked.window]);
    Ok(explain::explain(described, &report, &gaps, &exclusions, (&spenders, else_ratio), &*zone))
}

/// A question about one window of an objective.
struct Asked {
    held: Arc<Held>,
    one: Arc<One>,
    /// Those that are remembered, which are the present ones.
    levels: Option<Vec<BurnLevel>>,
    window: usize,
    at: Timestamp,
}

impl Asked {
    async fn of(app: &App, actor: &Actor, objective: &str, window: Option<&str>, at: Option<Timestamp>) -> Result<Self, ServerError> {
        needs(actor, Right::Read)?;
        let held = app.levels.current(app).await?;
        let one = held.find(objective).ok_or_else(unknown)?.clone();
        let now = app.clock().now();
        if at.is_some_and(|at| at > now) {
            return Err(Failure::new(FailureKind::Invalid, "in_the_future", "at: nobody knows yet how it will stand").into());
        }
        let levels = if at.is_some() { None } else { Some(app.store.burn_levels().await?.remove(&one.number()).unwrap_or_default()) };
        let window = window.map_or(Ok(0), |window| window_of(&one, window))?;
        Ok(Self { held, one, levels, window, at: at.unwrap_or(now) })
    }
}

/// Which of an objective's windows is meant.
fn window_of(one: &One, text: &str) -> Result<usize, Failure> {
    let windows = &one.objective().draft.windows;
    let meant = Window::parse(text).ok();
    windows.iter().position(|window| window.to_string() == text || Some(window) == meant.as_ref()).ok_or_else(|| {
        let there: Vec<String> = windows.iter().map(ToString::to_string).collect();
        Failure::new(FailureKind::Invalid, "unknown_window", format!("window: this objective has {}", there.join(", ")))
    })
}

/// Everything that an objective's page is drawn from.
pub async fn page(app: &App, actor: &Actor, objective: &str, window: Option<&str>) -> Result<ObjectivePage, ServerError> {
    let Asked { held, one, levels, window, at: now } = Asked::of(app, actor, objective, window, None).await?;
    let (described, series) = (one.objective(), one.series());
    let zone = reports::zone_of(&described.draft.windows[window]);
    let frame = one.frame(series, window, now);
    // Whatever came back within a rolling window had been spent in the one before it.
    let before_s = if frame.rolling { frame.from_s - frame.length_s() } else { frame.from_s };
    let incidents = incidents_between(app, actor, Timestamp::from_micros(before_s.saturating_mul(1_000_000)), now).await?;
    let gate = match &described.draft.service {
        Some(service) => Some(release_gate::of(app, actor, &held, Some(service)).await?),
        None => None,
    };
    let around = Around {
        incidents: &incidents,
        deploys: deploys(app, &one, &frame, now).await?,
        exclusions: held.exclusions_of(&one),
        gate,
        generations: app.store.generations(one.number()).await?,
        backfilled: one.backfilled(),
        trouble: app.measure.trouble(described.id),
        previous: &one.fired(levels.as_deref().unwrap_or_default()),
    };
    Ok(page::page(described, series, window, around, now, &*zone))
}

async fn deploys(app: &App, one: &One, frame: &Frame, now: Timestamp) -> Result<Vec<Deploy>, ServerError> {
    let Some(service) = &one.objective().draft.service else { return Ok(vec![]) };
    let from = Timestamp::from_micros(frame.from_s * 1_000_000);
    let filter = ChangeFilter { from: Some(from), to: Some(now), service: Some(service.clone()) };
    let changes = app.store.changes(&filter, None, MOST_DEPLOYS).await?.items;
    let mut deploys: Vec<Deploy> = changes.into_iter().map(|change| Deploy { at: change.happened_at, title: change.title }).collect();
    deploys.reverse();
    Ok(deploys)
}

/// What was counted over a span, in even steps.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Slices {
    pub objective: String,
    pub generation: i64,
    /// `events` or `slices`.
    pub unit: &'static str,
    pub step_s: i64,
    pub items: Vec<Step>,
}

/// One step; what was not measured has no numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    pub from: Timestamp,
    pub to: Timestamp,
    /// With exclusions applied.
    pub good: Option<f64>,
    pub bad: Option<f64>,
    pub total: Option<f64>,
    /// Without.
    pub raw_bad: Option<f64>,
    pub raw_total: Option<f64>,
    /// The measured share of the step.
    pub coverage: f64,
}

/// What was counted between two instants; by default over the first window.
pub async fn slices(
    app: &App,
    actor: &Actor,
    objective: &str,
    range: (Option<Timestamp>, Option<Timestamp>),
    step_s: Option<i64>,
) -> Result<Slices, ServerError> {
    let asked = Asked::of(app, actor, objective, None, None).await?;
    let (one, now) = (&asked.one, asked.at);
    let draft = &one.objective().draft;
    let slice_s = draft.slice_s;
    let to_s = range.1.unwrap_or(now).min(now).epoch_secs().div_euclid(slice_s) * slice_s;
    let from_s = range.0.map_or(to_s - one.objective().window().usual_secs(), |from| from.epoch_secs().div_euclid(slice_s) * slice_s);
    let invalid = |words: String| Failure::new(FailureKind::Invalid, "invalid_range", words);
    if from_s >= to_s {
        return Err(invalid("from: it lies before to, and before now".to_owned()).into());
    }
    let usual = ((to_s - from_s) / USUAL_STEPS).div_euclid(slice_s).max(1) * slice_s;
    let step_s = step_s.unwrap_or(usual);
    if step_s < slice_s || step_s % slice_s != 0 || (to_s - from_s) / step_s > MOST_STEPS {
        return Err(invalid(format!("step: a multiple of {slice_s} seconds, and at most {MOST_STEPS} steps")).into());
    }
    let readings = one.readings_at(&app.store, &asked.held, Timestamp::from_micros(from_s * 1_000_000)).await?;
    let series = readings.series();
    let at = |secs: i64| Timestamp::from_micros(secs * 1_000_000);
    let step = |n: i64| {
        let (begin, end) = (from_s + n * step_s, (from_s + (n + 1) * step_s).min(to_s));
        let sum = series.sum(begin, end);
        let counted = |count: f64| (sum.measured_s > 0).then_some(count);
        Step {
            from: at(begin),
            to: at(end),
            good: counted(sum.good()),
            bad: counted(sum.bad),
            total: counted(sum.total),
            raw_bad: counted(sum.bad_raw),
            raw_total: counted(sum.total_raw),
            coverage: series.coverage(begin, end),
        }
    };
    let steps = (to_s - from_s + step_s - 1) / step_s;
    let unit = if draft.method.counts_time() { "slices" } else { "events" };
    Ok(Slices { objective: draft.name.clone(), generation: one.objective().generation, unit, step_s, items: (0..steps).map(step).collect() })
}

/// What the browser computes what-if from: all slices of the longest window and what a forecast
/// looks back on, and the incidents in them.
pub async fn ground(app: &App, actor: &Actor, objective: &str) -> Result<Ground, ServerError> {
    let one = one(app, actor, objective).await?;
    let now = app.clock().now();
    let longest = one.objective().draft.windows.iter().map(Window::usual_secs).max().unwrap_or(0);
    let from = now.plus_secs(-longest - 8 * 86_400);
    let incidents = incidents_between(app, actor, from, now).await?;
    let service = one.objective().draft.service.as_deref();
    let incidents = incidents.into_iter().filter(|span| span.concerns(service)).collect();
    Ok(Ground { slices: one.series().packed(from.epoch_secs(), now.epoch_secs() + 1), incidents })
}

/// What an incident costs each objective that it concerns, the dearest first.
pub async fn costs(app: &App, actor: &Actor, incident: &str) -> Result<Vec<Cost>, ServerError> {
    // Whoever may not see it is told that there is no such incident.
    let incident = incidents::read(app, actor, incident).await?;
    let held = app.levels.current(app).await?;
    let now = app.clock().now();
    let Some(from) = reaches(&held, &incident, now) else { return Ok(vec![]) };
    let spans = incidents_between(app, actor, from, now).await?;
    let found = costs_of(app, &held, std::slice::from_ref(&incident), &spans, now).await?;
    Ok(found.into_iter().flat_map(|found| found.costs).collect())
}

/// The same of several, as far as `actor` may see them; the others are left out. What an incident
/// costs is the same figure as on its own page: what is shared with one that is hidden is never
/// taken from it, or the figure would tell that there is one.
pub async fn several_costs(app: &App, actor: &Actor, ids: &[IncidentId]) -> Result<Vec<IncidentCosts>, ServerError> {
    if ids.len() > MOST_COSTS {
        let words = format!("at most {MOST_COSTS} incidents are reckoned at once");
        return Err(Failure::new(FailureKind::Malformed, "too_many", words).into());
    }
    let incidents = lists::several(app, actor, ids).await?;
    let held = app.levels.current(app).await?;
    let now = app.clock().now();
    // Read once for all of them.
    let spans = match incidents.iter().filter_map(|incident| reaches(&held, incident, now)).min() {
        Some(from) => incidents_between(app, actor, from, now).await?,
        None => vec![],
    };
    costs_of(app, &held, &incidents, &spans, now).await
}

/// Whether an objective is hurt by an incident: one without a service is hurt by all.
fn concerns(incident: &Incident, one: &One) -> bool {
    one.objective().draft.service.as_ref().is_none_or(|service| incident.services.contains(service))
}

/// At which instant it is said what an incident costs: now, or when it was over; later it leaves
/// the window.
fn told_at(incident: &Incident, now: Timestamp) -> Timestamp {
    incident.resolved_at.unwrap_or(now).min(now)
}

/// How far back the windows of what it concerns reach.
fn reaches(held: &Held, incident: &Incident, now: Timestamp) -> Option<Timestamp> {
    held.all().filter(|one| concerns(incident, one)).map(|one| window_from(one, told_at(incident, now))).min()
}

/// What each of these incidents costs the objectives that it concerns, the dearest first. `spans`
/// are at least those that [`reaches`] asks for.
async fn costs_of(app: &App, held: &Held, incidents: &[Incident], spans: &[Span], now: Timestamp) -> Result<Vec<IncidentCosts>, ServerError> {
    let mut found: Vec<IncidentCosts> = incidents.iter().map(|incident| IncidentCosts { id: incident.id, costs: vec![] }).collect();
    for one in held.all() {
        // The past of an objective is read once, as far back as the oldest of them asks for.
        let told = incidents.iter().filter(|incident| concerns(incident, one)).map(|incident| told_at(incident, now));
        let Some(earliest) = told.min() else { continue };
        let readings = one.readings_at(&app.store, held, earliest).await?;
        let series = readings.series();
        for (incident, found) in incidents.iter().zip(&mut found).filter(|(incident, _)| concerns(incident, one)) {
            let at = told_at(incident, now);
            // Which of its alerts fired is nothing that it costs.
            let report = one.report(series, 0, at, Some(&[]));
            let frame = one.frame(series, 0, at);
            let within: Vec<Span> = spans.iter().filter(|span| span.touches(frame.from_s, frame.until_s)).cloned().collect();
            found.costs.extend(cost::cost(one.objective(), series, &frame, &report, &within, incident.reference));
        }
    }
    for found in &mut found {
        found.costs.sort_by(|a, b| b.ratio.total_cmp(&a.ratio).then_with(|| a.objective.name.cmp(&b.objective.name)));
    }
    Ok(found)
}

/// The incidents that the first windows of these objectives reach to.
pub(super) async fn incidents_of(app: &App, actor: &Actor, of: &[Arc<One>], now: Timestamp) -> Result<Vec<Span>, ServerError> {
    match of.iter().map(|one| window_from(one, now)).min() {
        Some(from) => incidents_between(app, actor, from, now).await,
        None => Ok(vec![]),
    }
}

/// What the incidents of an objective's first window spent, and what was spent outside of them.
pub(super) fn spenders(one: &One, report: &BudgetReport, incidents: &[Span], now: Timestamp) -> (Vec<Spender>, f64) {
    cost::spenders(one.objective(), one.series(), &one.frame(one.series(), 0, now), report, incidents)
}

fn window_from(one: &One, at: Timestamp) -> Timestamp {
    Timestamp::from_micros(one.frame(one.series(), 0, at).from_s.saturating_mul(1_000_000))
}

/// The incidents that hurt within a span, as far as `actor` may see them.
async fn incidents_between(app: &App, actor: &Actor, from: Timestamp, to: Timestamp) -> Result<Vec<Span>, ServerError> {
    let Some(range) = Range::new(from, to) else { return Ok(vec![]) };
    let mut facts = app.store.facts(&range, actor).await?;
    facts.retain(|facts| facts.kind == Kind::Incident && facts.started_at < to && hurt_until(facts).is_none_or(|end| end > from));
    // That a source went silent hurts nobody, not even an objective that is hurt by all.
    let unlikely: Vec<IncidentRef> = facts.iter().filter(|facts| facts.services.is_empty() && facts.impact.is_empty()).map(|facts| facts.reference).collect();
    let silences = app.store.silences(&unlikely).await?;
    facts.retain(|facts| !silences.contains(&facts.reference));
    let references: Vec<IncidentRef> = facts.iter().map(|facts| facts.reference).collect();
    let mut names = app.store.names_of(&references).await?;
    let span = |facts: Facts| {
        Some(Span {
            title: names.remove(&facts.reference)?.1,
            reference: facts.reference,
            severity: facts.severity,
            from: facts.started_at,
            detected_at: facts.detected_at,
            to: hurt_until(&facts),
            services: facts.services,
        })
    };
    Ok(facts.into_iter().filter_map(span).collect())
}

/// When it no longer hurt: all its impact is over, or it is. `None` while it goes on.
fn hurt_until(facts: &Facts) -> Option<Timestamp> {
    let ends: Option<Vec<Timestamp>> = facts.impact.iter().map(|window| window.to).collect();
    ends.and_then(|ends| ends.into_iter().max()).or(facts.restored())
}
