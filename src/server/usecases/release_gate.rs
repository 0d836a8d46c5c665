//! Whether a service may release, and who decided otherwise.

use super::{budgets, people::needs, services};
use crate::{
    domain::{
        failure::{Failure, FailureKind},
        ids::OverrideId,
        people::{Actor, Right},
        slo::{
            gate::{self, Asked, Gate, OverrideDraft},
            release::GateOverride,
            report::{BudgetReport, Spender},
        },
        time::Timestamp,
    },
    server::{
        auth,
        clock::Clock,
        error::ServerError,
        levels::{Held, One},
        state::App,
    },
};
use std::sync::Arc;

/// The answer for a service, or for everything.
pub async fn read(app: &App, actor: &Actor, service: Option<&str>) -> Result<Gate, ServerError> {
    needs(actor, Right::Read)?;
    if let Some(service) = service
        && app.store.described_service(actor, service).await?.is_none()
    {
        return Err(services::unknown().into());
    }
    let held = app.levels.current(app).await?;
    of(app, actor, &held, service).await
}

/// The same, of what is held already.
pub(super) async fn of(app: &App, actor: &Actor, held: &Held, service: Option<&str>) -> Result<Gate, ServerError> {
    let now = app.clock().now();
    let asked: Vec<Arc<One>> = match service {
        Some(service) => held.of_service(service).cloned().collect(),
        None => held.all().cloned().collect(),
    };
    let levels = app.store.burn_levels().await?;
    let incidents = budgets::incidents_of(app, actor, &asked, now).await?;
    let mut reports: Vec<(BudgetReport, Vec<Spender>, bool)> = vec![];
    for one in &asked {
        let row = one.row(now, levels.get(&one.number()).map(Vec::as_slice).unwrap_or_default());
        let (spenders, _) = budgets::spenders(one, &row.report, &incidents, now);
        reports.push((row.report.clone(), spenders, one.objective().draft.gate_fails_closed));
    }
    let looked: Vec<Asked<'_>> = reports.iter().map(|(report, spenders, fails_closed)| Asked { report, spenders, fails_closed: *fails_closed }).collect();
    let decision = match service {
        Some(service) => overrides_of(app, service, now).await?.first().map(GateOverride::decision),
        None => None,
    };
    Ok(gate::gate(service, &looked, decision, now))
}

/// The overrides that count now, of one service or of all.
pub async fn overrides(app: &App, actor: &Actor, service: Option<&str>) -> Result<Vec<GateOverride>, ServerError> {
    needs(actor, Right::Read)?;
    let now = app.clock().now();
    match service {
        Some(service) => overrides_of(app, service, now).await,
        None => Ok(app.store.gate_overrides(now).await?),
    }
}

/// Lets a service release although the gate says no.
pub async fn override_gate(app: &App, actor: &Actor, service: &str, draft: OverrideDraft) -> Result<GateOverride, ServerError> {
    needs(actor, Right::OverrideGate)?;
    let service = service.trim();
    if app.store.described_service(actor, service).await?.is_none() {
        return Err(services::unknown().into());
    }
    let now = app.clock().now();
    let OverrideDraft { reason, until } = draft.parse(now).map_err(|faults| Failure::new(FailureKind::Invalid, "invalid_override", faults.join("; ")))?;
    let made = GateOverride { id: OverrideId(Clock::new_id()), service: service.to_owned(), by: actor.who.name.clone(), reason, until, at: now };
    app.store.create_gate_override(&made, &auth::by(&actor.who)).await?;
    tracing::info!(service, by = actor.who.id, "overrode the release gate");
    Ok(made)
}

/// Takes an override back.
pub async fn end_override(app: &App, actor: &Actor, id: OverrideId) -> Result<GateOverride, ServerError> {
    needs(actor, Right::OverrideGate)?;
    let ended = app.store.end_gate_override(id, &auth::by(&actor.who)).await?;
    ended.ok_or_else(|| Failure::new(FailureKind::NotFound, "unknown_override", "there is no such override that still counts").into())
}

async fn overrides_of(app: &App, service: &str, now: Timestamp) -> Result<Vec<GateOverride>, ServerError> {
    let mut all = app.store.gate_overrides(now).await?;
    all.retain(|made| made.service == service);
    Ok(all)
}
