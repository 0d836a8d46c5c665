//! Deploys and other changes.

use super::wire::{AppClient, Wire};
use crate::domain::{
    change::ChangesPage,
    failure::Failure,
    telemetry::{changed::ChangedPage, panels::Range},
    time::Timestamp,
};
use leptos::prelude::*;

/// A page of changes, the last that happened first: those at `from` or later, before `to`.
#[server(name = ListCall, prefix = "/api/fn", endpoint = "changes/list", protocol = Wire, client = AppClient)]
pub async fn list(
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    service: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
) -> Result<ChangesPage, Failure> {
    use crate::server::{
        auth, state,
        store::{ChangeFilter, change_cursor},
        usecases::changes,
    };
    let (app, me) = (state::app()?, auth::me().await?);
    let cursor = cursor.filter(|cursor| change_cursor(cursor).is_some());
    let filter = ChangeFilter { from, to, service };
    let page = changes::list(&app.store, &me.actor(), &filter, cursor.as_deref(), i64::from(limit.unwrap_or(100).clamp(1, 500))).await;
    page.map(|page| ChangesPage { items: page.items, next_cursor: page.next_cursor }).map_err(|error| error.into_failure())
}

/// What changed in a range, of whatever kind: deploys, objectives, alerts, maintenance, definitions.
#[server(name = BetweenCall, prefix = "/api/fn", endpoint = "changes/between", protocol = Wire, client = AppClient)]
pub async fn between(range: Range, service: Option<String>) -> Result<ChangedPage, Failure> {
    use crate::server::{auth, state, usecases::changed};
    let (app, me) = (state::app()?, auth::me().await?);
    changed::between(&app, &me.actor(), range, service.as_deref()).await.map_err(|error| error.into_failure())
}
