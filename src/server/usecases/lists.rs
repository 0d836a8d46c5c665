//! The list of all incidents, and the views of it that somebody keeps.

use super::people::needs;
use crate::{
    domain::{
        failure::{Failure, FailureKind},
        ids::IncidentId,
        incident::Incident,
        lists::RowPage,
        people::{Actor, Right},
        views::SavedView,
    },
    server::{error::ServerError, state::App},
};

/// How many rows one page holds: few enough to show within a moment, many enough that ten
/// thousand take five of them.
const ROWS: i64 = 2_000;
/// How many incidents are read at once at most.
pub const MOST_AT_ONCE: usize = 200;
/// How many views one person keeps at most.
const MOST_VIEWS: i64 = 50;

/// A page of rows, the newest reference first, those before `before`.
pub async fn rows(app: &App, actor: &Actor, before: Option<i64>) -> Result<RowPage, ServerError> {
    needs(actor, Right::Read)?;
    // Read first: what commits in between arrives on the stream again.
    let seq = app.store.latest_seq().await?;
    let (rows, next) = app.store.incident_rows(actor, before, ROWS).await?;
    Ok(RowPage::of(seq, &rows, next))
}

/// Several incidents; those that the actor may not see, or that never were, are left out.
pub async fn several(app: &App, actor: &Actor, ids: &[IncidentId]) -> Result<Vec<Incident>, ServerError> {
    needs(actor, Right::Read)?;
    if ids.len() > MOST_AT_ONCE {
        let words = format!("at most {MOST_AT_ONCE} incidents are read at once");
        return Err(Failure::new(FailureKind::Malformed, "too_many", words).into());
    }
    let now = app.clock().now();
    Ok(app.store.several_incidents(actor, ids).await?.into_iter().map(|incident| incident.as_of(now)).collect())
}

pub async fn views(app: &App, actor: &Actor) -> Result<Vec<SavedView>, ServerError> {
    needs(actor, Right::Read)?;
    Ok(app.store.saved_views(&actor.who.id).await?)
}

/// Keeps a view under its name; answers all that are kept.
pub async fn save_view(app: &App, actor: &Actor, name: &str, query: &str) -> Result<Vec<SavedView>, ServerError> {
    needs(actor, Right::Read)?;
    let invalid = |words: &str| Failure::new(FailureKind::Invalid, "invalid_view", words);
    let view = SavedView::parse(name, query).map_err(invalid)?;
    if !app.store.save_view(&actor.who.id, &view, MOST_VIEWS).await? {
        return Err(invalid("no more than 50 views are kept").with_next("Forget one that is no longer needed.").into());
    }
    views(app, actor).await
}

/// Forgets a view; answers all that are kept.
pub async fn forget_view(app: &App, actor: &Actor, name: &str) -> Result<Vec<SavedView>, ServerError> {
    needs(actor, Right::Read)?;
    app.store.forget_view(&actor.who.id, name).await?;
    views(app, actor).await
}
