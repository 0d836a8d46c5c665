//! Figures over incidents: the Trends screen, and what stands behind each of its numbers.

// Each argument is a part of what a figure was asked for, and a server function takes no others.
#![allow(clippy::too_many_arguments)]

use super::wire::{AppClient, Wire};
use crate::domain::{
    failure::Failure,
    metrics::{BehindPage, Filter, GroupBy, Trends, Which},
    time::Timestamp,
};
use leptos::prelude::*;

/// Every figure of a range, by groups, and against the range before.
#[server(name = IncidentsCall, prefix = "/api/fn", endpoint = "figures/incidents", protocol = Wire, client = AppClient)]
pub async fn incidents(from: Timestamp, to: Timestamp, filter: Filter, by: GroupBy) -> Result<Trends, Failure> {
    use crate::server::{auth, state, usecases::figures};
    let (app, me) = (state::app()?, auth::me().await?);
    let range = figures::range(from, to).map_err(|error| error.into_failure())?;
    figures::trends(&app.store, &me.actor(), range, filter, by).await.map_err(|error| error.into_failure())
}

/// A page of the incidents behind the figure `metric` of the group `key`.
#[server(name = BehindCall, prefix = "/api/fn", endpoint = "figures/behind", protocol = Wire, client = AppClient)]
pub async fn behind(
    metric: String,
    key: Option<String>,
    which: Which,
    from: Timestamp,
    to: Timestamp,
    filter: Filter,
    by: GroupBy,
    cursor: Option<String>,
) -> Result<BehindPage, Failure> {
    use crate::server::{auth, state, usecases::figures};
    let (app, me) = (state::app()?, auth::me().await?);
    let question = figures::Question::of(&metric, from, to, filter, by, key, which).map_err(|error| error.into_failure())?;
    figures::behind(&app.store, &me.actor(), &question, cursor.as_deref(), Some(figures::PAGE)).await.map_err(|error| error.into_failure())
}
