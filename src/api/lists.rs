//! The list of all incidents, and the views of it that somebody keeps.

use super::wire::{AppClient, Wire};
use crate::domain::{
    failure::Failure,
    ids::IncidentId,
    incident::Incident,
    lists::RowPage,
    slo::report::IncidentCosts,
    storms::{AlertsPage, AlertsSummary},
    views::SavedView,
};
use leptos::prelude::*;

/// A page of rows, the newest reference first.
#[server(name = RowsCall, prefix = "/api/fn", endpoint = "incidents/list", protocol = Wire, client = AppClient)]
pub async fn rows(before: Option<i64>) -> Result<RowPage, Failure> {
    use crate::server::{auth, state, usecases::lists};
    let (app, me) = (state::app()?, auth::me().await?);
    lists::rows(&app, &me.actor(), before).await.map_err(|error| error.into_failure())
}

/// Several whole incidents, to command them.
#[server(name = SeveralCall, prefix = "/api/fn", endpoint = "incidents/several", protocol = Wire, client = AppClient)]
pub async fn several(ids: Vec<IncidentId>) -> Result<Vec<Incident>, Failure> {
    use crate::server::{auth, state, usecases::lists};
    let (app, me) = (state::app()?, auth::me().await?);
    lists::several(&app, &me.actor(), &ids).await.map_err(|error| error.into_failure())
}

/// What several incidents cost of the error budgets.
#[server(name = SeveralCostsCall, prefix = "/api/fn", endpoint = "incidents/costs", protocol = Wire, client = AppClient)]
pub async fn costs(ids: Vec<IncidentId>) -> Result<Vec<IncidentCosts>, Failure> {
    use crate::server::{auth, state, usecases::budgets};
    let (app, me) = (state::app()?, auth::me().await?);
    budgets::several_costs(&app, &me.actor(), &ids).await.map_err(|error| error.into_failure())
}

#[server(name = ViewsCall, prefix = "/api/fn", endpoint = "views/list", protocol = Wire, client = AppClient)]
pub async fn views() -> Result<Vec<SavedView>, Failure> {
    use crate::server::{auth, state, usecases::lists};
    let (app, me) = (state::app()?, auth::me().await?);
    lists::views(&app, &me.actor()).await.map_err(|error| error.into_failure())
}

/// Keeps a view under its name; answers all that are kept.
#[server(name = SaveViewCall, prefix = "/api/fn", endpoint = "views/save", protocol = Wire, client = AppClient)]
pub async fn save_view(name: String, query: String) -> Result<Vec<SavedView>, Failure> {
    use crate::server::{auth, state, usecases::lists};
    let (app, me) = (state::app()?, auth::me().await?);
    lists::save_view(&app, &me.actor(), &name, &query).await.map_err(|error| error.into_failure())
}

#[server(name = ForgetViewCall, prefix = "/api/fn", endpoint = "views/forget", protocol = Wire, client = AppClient)]
pub async fn forget_view(name: String) -> Result<Vec<SavedView>, Failure> {
    use crate::server::{auth, state, usecases::lists};
    let (app, me) = (state::app()?, auth::me().await?);
    lists::forget_view(&app, &me.actor(), &name).await.map_err(|error| error.into_failure())
}

/// The alerts of an incident, added up by service.
#[server(name = StormCall, prefix = "/api/fn", endpoint = "incidents/storm", protocol = Wire, client = AppClient)]
pub async fn storm(incident: IncidentId) -> Result<AlertsSummary, Failure> {
    use crate::server::{auth, state, usecases::storms};
    let (app, me) = (state::app()?, auth::me().await?);
    storms::summary(&app, &me.actor(), &incident.to_string()).await.map_err(|error| error.into_failure())
}

/// A page of an incident's alerts of one service, each with why it stands there.
#[server(name = AlertsCall, prefix = "/api/fn", endpoint = "incidents/alerts", protocol = Wire, client = AppClient)]
pub async fn alerts(incident: IncidentId, service: Option<String>, cursor: Option<String>) -> Result<AlertsPage, Failure> {
    use crate::server::{auth, state, usecases::storms};
    let (app, me) = (state::app()?, auth::me().await?);
    storms::alerts(&app, &me.actor(), &incident.to_string(), service.as_deref(), cursor.as_deref(), storms::ON_SCREEN)
        .await
        .map_err(|error| error.into_failure())
}
