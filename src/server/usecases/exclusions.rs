//! Time that is left out of objectives: planned maintenance, somebody else's outage.

use super::{objectives, people::needs, services};
use crate::{
    domain::{
        failure::{Failure, FailureKind},
        ids::ExclusionId,
        people::{Actor, Right},
        slo::exclusion::{Exclusion, ExclusionDraft},
        time::Timestamp,
    },
    server::{auth, error::ServerError, state::App, zones},
};

/// All of it, or what one objective leaves out; the newest first.
pub async fn list(app: &App, actor: &Actor, objective: Option<&str>) -> Result<Vec<Exclusion>, ServerError> {
    needs(actor, Right::Read)?;
    let mut all = app.store.exclusions().await?;
    if let Some(objective) = objective {
        let one = objectives::one(app, actor, objective).await?;
        let draft = &one.objective().draft;
        all.retain(|exclusion| exclusion.draft.covers(&draft.name, draft.service.as_deref()));
    }
    Ok(all)
}

/// Leaves time out. The objective may be named by its id, too; its name is kept.
pub async fn create(app: &App, actor: &Actor, mut draft: ExclusionDraft) -> Result<Exclusion, ServerError> {
    needs(actor, Right::ManageObjectives)?;
    if let Some(objective) = &draft.objective {
        draft.objective = Some(objectives::one(app, actor, objective).await?.objective().draft.name.clone());
    }
    let invalid = |faults: Vec<String>| Failure::new(FailureKind::Invalid, "invalid_exclusion", faults.join("; "));
    let draft = draft.parse().map_err(invalid)?;
    if let Some(service) = &draft.service
        && app.store.described_service(actor, service).await?.is_none()
    {
        return Err(services::unknown().into());
    }
    if let Some(recurrence) = &draft.recurrence {
        // In a zone that nobody knows nothing would ever be left out.
        let Some(zone) = zones::find(&recurrence.zone) else {
            return Err(invalid(vec![format!("there is no time zone “{}”; it reads like Europe/Berlin", recurrence.zone)]).into());
        };
        if let Some(words) = draft.contradiction(zone.as_ref()) {
            return Err(invalid(vec![words]).into());
        }
    }
    let made = app.store.create_exclusion(&draft, &auth::by(&actor.who)).await?;
    tracing::info!(exclusion = %made.id, by = actor.who.id, "left time out of objectives");
    Ok(made)
}

pub async fn remove(app: &App, actor: &Actor, id: ExclusionId) -> Result<Exclusion, ServerError> {
    needs(actor, Right::ManageObjectives)?;
    let removed = app.store.remove_exclusion(id, &auth::by(&actor.who)).await?;
    removed.ok_or_else(|| unknown().into())
}

/// Ends what is left out, now or at an instant to come.
pub async fn end(app: &App, actor: &Actor, id: ExclusionId, ends_at: Timestamp) -> Result<Exclusion, ServerError> {
    needs(actor, Right::ManageObjectives)?;
    let ended = app.store.end_exclusion(id, ends_at, &auth::by(&actor.who)).await?.ok_or_else(unknown)?;
    let ended = ended.map_err(|refusal| Failure::new(FailureKind::Refused, refusal.code(), refusal.to_string()))?;
    tracing::info!(exclusion = %id, by = actor.who.id, "ended time that is left out of objectives");
    Ok(ended)
}

fn unknown() -> Failure {
    Failure::new(FailureKind::NotFound, "unknown_exclusion", "there is no such exclusion")
}
