//! What the executive's figures are to be: read by everybody, set by commanders, never forgotten.

use super::people::needs;
use crate::{
    domain::{
        executive::{Target, TargetDraft, Targets},
        failure::{Failure, FailureKind},
        people::{Actor, Right},
    },
    server::{auth, error::ServerError, state::App},
};

/// Most targets that are set at once.
const MOST: usize = 100;

/// All there ever were, those that came with the product among them, by figure and severity.
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<Target>, ServerError> {
    needs(actor, Right::Read)?;
    Ok(all(app).await?.all().to_vec())
}

/// Sets some of them, all or none; the others stay as they are.
pub async fn set(app: &App, actor: &Actor, drafts: Vec<TargetDraft>) -> Result<Vec<Target>, ServerError> {
    needs(actor, Right::SetTargets)?;
    let invalid = |words: String| Failure::new(FailureKind::Invalid, "invalid_target", words);
    if drafts.is_empty() || drafts.len() > MOST {
        return Err(invalid(format!("1 to {MOST} targets are set at once")).into());
    }
    let mut parsed = Vec::with_capacity(drafts.len());
    let mut faults = Vec::new();
    for draft in drafts {
        match draft.parse() {
            Ok(draft) => parsed.push(draft),
            Err(fault) => faults.push(fault),
        }
    }
    if !faults.is_empty() {
        return Err(invalid(faults.join("; ")).into());
    }
    app.store.set_targets(&parsed, &auth::by(&actor.who)).await?;
    tracing::info!(targets = parsed.len(), by = actor.who.id, "set targets");
    list(app, actor).await
}

pub(super) async fn all(app: &App) -> Result<Targets, ServerError> {
    Ok(Targets::new(app.store.targets().await?))
}
