//! The audit log; for admins.

use super::wire::{AppClient, Wire};
use crate::domain::{
    audit::{AuditPage, AuditState},
    failure::Failure,
    time::Timestamp,
};
use leptos::prelude::*;

/// A page of the log, the newest first. `actor` is an id or a name, `action` a slug or what those
/// of a kind begin with.
#[server(name = ListCall, prefix = "/api/fn", endpoint = "audit/list", protocol = Wire, client = AppClient)]
pub async fn list(
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    actor: Option<String>,
    action: Option<String>,
    cursor: Option<String>,
) -> Result<AuditPage, Failure> {
    use crate::server::{auth, state, store::AuditFilter, usecases::audit};
    let (app, me) = (state::app()?, auth::me().await?);
    let filter = AuditFilter { from, to, actor, action };
    audit::page(&app, &me.actor(), filter, cursor.as_deref(), 100).await.map_err(|error| error.into_failure())
}

/// Whether the whole log holds.
#[server(name = StateCall, prefix = "/api/fn", endpoint = "audit/state", protocol = Wire, client = AppClient)]
pub async fn state() -> Result<AuditState, Failure> {
    use crate::server::{auth, state, usecases::audit};
    let (app, me) = (state::app()?, auth::me().await?);
    audit::state(&app, &me.actor()).await.map_err(|error| error.into_failure())
}
