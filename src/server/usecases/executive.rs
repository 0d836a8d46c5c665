//! The executive board, gathered: objectives, gates, figures against their targets, and what spent
//! the budget; as far as whoever asks may see the incidents behind it.

use super::{budgets, people::needs, targets};
use crate::{
    domain::{
        briefing,
        executive::{
            Executive, GateRow, Question, Spent, UpdateDue,
            lines::{Asked as Table, Sort, lines},
            weeks,
        },
        incident::Incident,
        metrics::{Facts, Filter, LOOK_BACK_SECS, Range, Step, series},
        people::{Actor, Right},
        slo::{
            cost::Span,
            gate::{self, Asked},
            headline,
            objective::Indicator,
            release::GateOverride,
            report::{ObjectiveRow, Spender, Standing},
            words,
            zone::Utc,
        },
        time::Timestamp,
        updates,
    },
    server::{error::ServerError, levels::One, state::App, store::Described},
};
use std::{collections::BTreeSet, sync::Arc};

/// One objective with its row.
struct Told {
    one: Arc<One>,
    row: ObjectiveRow,
}

/// The whole board.
pub async fn board(app: &App, actor: &Actor, question: &Question) -> Result<Executive, ServerError> {
    needs(actor, Right::Read)?;
    let now = app.clock().now();
    let described = app.store.described_services(Some(actor)).await?;
    let wanted = Wanted::of(question, &described);
    let told = objectives(app, &wanted, now).await?;
    let rows: Vec<ObjectiveRow> = told.iter().map(|told| told.row.clone()).collect();
    let ones: Vec<Arc<One>> = told.iter().map(|told| told.one.clone()).collect();
    let incidents = budgets::incidents_of(app, actor, &ones, now).await?;

    let range = question.span.range(now);
    let facts = facts(app, actor, &range, now).await?;
    let sorted: Vec<(ObjectiveRow, Sort)> = told.iter().map(|told| (told.row.clone(), sort(&told.one))).collect();
    let targets = targets::all(app).await?;
    let filter = Filter { services: wanted.narrowed_to(), ..Filter::default() };
    let table = Table { facts: &facts, range: &range, filter: &filter, objectives: &sorted, services: &wanted.names, targets: &targets, now };
    let (lines, n, without_a_time) = lines(&table);
    let owners: BTreeSet<&String> = described.iter().filter_map(|service| service.draft.owner.as_ref()).collect();
    Ok(Executive {
        at: now,
        from: range.from,
        to: range.to,
        headline: headline::headline(&rows, now, &Utc),
        gates: gates(app, &told, &incidents, now).await?,
        updates: updates(app, actor, now).await?,
        weeks: series(&facts, &weeks::range(now), &filter, Step::Week),
        lines,
        incidents: n,
        without_a_time,
        spent: spent(&told, &incidents, now),
        services: described.iter().map(|service| service.name.clone()).collect(),
        owners: owners.into_iter().cloned().collect(),
        of: wanted.narrowed_to(),
        rows,
    })
}

/// The objectives of one service as the board shows them, the worst first.
pub(super) async fn rows_of(app: &App, service: &str) -> Result<Vec<ObjectiveRow>, ServerError> {
    let wanted = Wanted { names: vec![service.to_owned()], narrowed: true };
    Ok(objectives(app, &wanted, app.clock().now()).await?.into_iter().map(|told| told.row).collect())
}

/// Whose objectives and incidents count.
struct Wanted {
    names: Vec<String>,
    narrowed: bool,
}

impl Wanted {
    fn of(question: &Question, described: &[Described]) -> Self {
        let fits = |service: &&Described| {
            let owner = service.draft.owner.as_ref();
            question.service.as_ref().is_none_or(|name| *name == service.name) && question.owner.as_ref().is_none_or(|wanted| Some(wanted) == owner)
        };
        Self { names: described.iter().filter(fits).map(|service| service.name.clone()).collect(), narrowed: question.is_narrowed() }
    }

    /// The services that count; none where all do. A service that nobody knows has no incidents.
    fn narrowed_to(&self) -> Vec<String> {
        match (self.narrowed, self.names.is_empty()) {
            (false, _) => vec![],
            (true, true) => vec![String::new()],
            (true, false) => self.names.clone(),
        }
    }

    fn holds(&self, service: Option<&String>) -> bool {
        !self.narrowed || service.is_some_and(|service| self.names.contains(service))
    }
}

async fn objectives(app: &App, wanted: &Wanted, now: Timestamp) -> Result<Vec<Told>, ServerError> {
    let held = app.levels.current(app).await?;
    let levels = app.store.burn_levels().await?;
    let ones: Vec<&Arc<One>> = held.all().filter(|one| wanted.holds(one.objective().draft.service.as_ref())).collect();
    let row = |one: &&Arc<One>| ObjectiveRow::clone(&one.row(now, levels.get(&one.number()).map(Vec::as_slice).unwrap_or_default()));
    let mut rows: Vec<ObjectiveRow> = ones.iter().map(row).collect();
    headline::order(&mut rows);
    let find = |row: ObjectiveRow| Some(Told { one: held.by_id(row.report.objective.id)?.clone(), row });
    Ok(rows.into_iter().filter_map(find).collect())
}

fn sort(one: &One) -> Sort {
    let draft = &one.objective().draft;
    match &draft.indicator {
        Indicator::Composite { .. } => Sort::Composite,
        _ if draft.method.counts_time() => Sort::Time,
        Indicator::Latency { threshold_s, .. } | Indicator::Telemetry { threshold_s: Some(threshold_s), .. } => Sort::Latency { within_s: *threshold_s },
        Indicator::Telemetry { threshold_s: None, .. }
        | Indicator::Ratio { .. }
        | Indicator::Probe { .. }
        | Indicator::Threshold { .. }
        | Indicator::Pushed => Sort::Events,
    }
}

/// Incidents that touch the range, the one before it, the thirty days before that, or the weeks.
async fn facts(app: &App, actor: &Actor, range: &Range, now: Timestamp) -> Result<Vec<Facts>, ServerError> {
    let from = range.before().map_or(range.from, |before| before.from).plus_secs(-LOOK_BACK_SECS).min(weeks::range(now).from);
    Ok(app.store.facts(&Range { from, to: range.to }, actor).await?)
}

/// May each service that has objectives release? The most careful answer first.
async fn gates(app: &App, told: &[Told], incidents: &[Span], now: Timestamp) -> Result<Vec<GateRow>, ServerError> {
    let overrides = app.store.gate_overrides(now).await?;
    let spenders: Vec<Vec<Spender>> = told.iter().map(|told| budgets::spenders(&told.one, &told.row.report, incidents, now).0).collect();
    let services: BTreeSet<&String> = told.iter().filter_map(|told| told.one.objective().draft.service.as_ref()).collect();
    let gate = |service: &String| {
        let own = told.iter().zip(&spenders).filter(|(told, _)| told.one.objective().draft.service.as_ref() == Some(service));
        let asked: Vec<Asked<'_>> =
            own.map(|(told, spenders)| Asked { report: &told.row.report, fails_closed: told.one.objective().draft.gate_fails_closed, spenders }).collect();
        let decision = overrides.iter().find(|made| made.service == *service).map(GateOverride::decision);
        let gate = gate::gate(Some(service), &asked, decision, now);
        let reason = gate.reasons.first().map(|reason| reason.words.split(';').next().unwrap_or_default().trim_end_matches('.').to_owned());
        GateRow { service: service.clone(), level: gate.level, may_release: gate.may_release, overridden: gate.overridden.is_some(), reason, words: gate.words }
    };
    let mut gates: Vec<GateRow> = services.into_iter().map(gate).collect();
    gates.sort_by(|a, b| (a.may_release, b.level, &a.service).cmp(&(b.may_release, a.level, &b.service)));
    Ok(gates)
}

/// When something is next to be said of each open major.
pub(super) async fn updates(app: &App, actor: &Actor, now: Timestamp) -> Result<Vec<UpdateDue>, ServerError> {
    let (_, board) = app.store.board(actor).await?;
    let majors = briefing::majors(&board, now);
    let of = |reference| board.iter().find(|incident| incident.reference == reference);
    let due = |incident: &Incident| updates::inside(incident).map(|due| UpdateDue { reference: incident.reference, at: due.at });
    Ok(majors.iter().filter_map(|major| of(major.reference)).filter_map(due).collect())
}

/// What spent the budget of the objective that stands worst.
fn spent(told: &[Told], incidents: &[Span], now: Timestamp) -> Option<Spent> {
    let worst = told.iter().find(|told| told.row.report.state != Standing::NotMeasured && told.row.report.tally.consumed_ratio.is_some())?;
    let report = &worst.row.report;
    let (spenders, else_ratio) = budgets::spenders(&worst.one, report, incidents, now);
    Some(Spent {
        objective: report.objective.clone(),
        window: words::within(&report.window),
        spenders,
        else_ratio,
        consumed_ratio: report.tally.consumed_ratio,
        budget_minutes: report.budget_minutes,
    })
}
