//! All alerts, page by page.

use super::wire::{AppClient, Wire};
use crate::domain::{
    failure::Failure,
    lists::alerts::{AlertQuery, ListedPage},
};
use leptos::prelude::*;

/// A page of alerts, the last received first.
#[server(name = AllAlertsCall, prefix = "/api/fn", endpoint = "alerts/list", protocol = Wire, client = AppClient)]
pub async fn list(query: AlertQuery, cursor: Option<String>) -> Result<ListedPage, Failure> {
    use crate::server::{auth, state, usecases::alerts};
    let (app, me) = (state::app()?, auth::me().await?);
    alerts::list(&app, &me.actor(), &query, cursor.as_deref()).await.map_err(|error| error.into_failure())
}
