//! What senders sent last and what became of it.

use super::wire::{AppClient, Wire};
use crate::domain::{delivery::DeliveriesPage, failure::Failure, ids::IntegrationId};
use leptos::prelude::*;

/// A page of deliveries, the newest first: of one integration, with `unrecognised` of those that
/// showed no key that is known, else of all. `verdict` is a code, or `refused` for all of these.
#[server(name = ListCall, prefix = "/api/fn", endpoint = "deliveries/list", protocol = Wire, client = AppClient)]
pub async fn list(
    integration: Option<IntegrationId>,
    unrecognised: bool,
    verdict: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
) -> Result<DeliveriesPage, Failure> {
    use crate::server::{auth, state, store::DeliveryFilter, usecases::deliveries};
    let (app, me) = (state::app()?, auth::me().await?);
    let filter = DeliveryFilter { integration: if unrecognised { Some(None) } else { integration.map(Some) }, verdict };
    let page = deliveries::list(&app, &me.actor(), &filter, cursor.as_deref(), i64::from(limit.unwrap_or(100).clamp(1, 500))).await;
    let page = page.map_err(|error| error.into_failure())?;
    Ok(DeliveriesPage { items: page.items, next_cursor: page.next_cursor, unrecognised: app.notes.unrecognised() })
}
