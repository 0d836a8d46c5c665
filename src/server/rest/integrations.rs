//! Integrations for programs: make them, change them, switch them off.

use super::{
    List,
    problem::Problem,
    schema,
    sent::{Named, Sent},
};
use crate::{
    domain::{
        accounts::ShownOnce,
        failure::FailureKind,
        ids::IntegrationId,
        integration::{Grouping, Integration, NewIntegration, Settings},
    },
    server::{auth::Principal, state::App, usecases::integrations},
};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use std::sync::Arc;

/// Every integration, without keys and secrets.
#[utoipa::path(get, path = "/api/v1/integrations", tag = "integrations", operation_id = "listIntegrations",
    responses((status = 200, description = "The integrations, on one page", body = schema::Integrations), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn list(State(app): State<Arc<App>>, principal: Principal) -> Result<Json<List<Integration>>, Problem> {
    let items = integrations::list(&app, &principal.actor).await?;
    Ok(Json(List { items, next_cursor: None }))
}

/// Makes an integration. The token is in the answer this once, and never again.
#[utoipa::path(post, path = "/api/v1/integrations", tag = "integrations", operation_id = "createIntegration",
    request_body = schema::NewIntegration,
    responses((status = 201, description = "The integration and its token", body = schema::CreatedIntegration), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn create(State(app): State<Arc<App>>, principal: Principal, Sent(draft): Sent<NewIntegration>) -> Result<Response, Problem> {
    let created: ShownOnce<Integration> = integrations::create(&app, &principal.actor, draft).await?;
    let location = format!("/api/v1/integrations/{}", created.item.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(created)).into_response())
}

/// One integration.
#[utoipa::path(get, path = "/api/v1/integrations/{id}", tag = "integrations", operation_id = "readIntegration",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "The integration", body = schema::Integration), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn read(State(app): State<Arc<App>>, principal: Principal, Named(id): Named) -> Result<Json<Integration>, Problem> {
    Ok(Json(integrations::read(&app, &principal.actor, id_of(&id)?).await?))
}

/// What can be changed; what is absent stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Changes {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    settings: Option<Settings>,
    #[serde(default)]
    grouping: Option<Grouping>,
    #[serde(default)]
    disabled: Option<bool>,
}

/// Changes an integration. `settings` and `grouping` are replaced whole where they are given.
#[utoipa::path(patch, path = "/api/v1/integrations/{id}", tag = "integrations", operation_id = "changeIntegration",
    params(("id" = String, Path, description = "Its id")),
    request_body = schema::IntegrationChanges,
    responses((status = 200, description = "The integration as it is now", body = schema::Integration), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn change(State(app): State<Arc<App>>, principal: Principal, Named(id): Named, Sent(changes): Sent<Changes>) -> Result<Json<Integration>, Problem> {
    let (id, actor) = (id_of(&id)?, &principal.actor);
    let now = integrations::read(&app, actor, id).await?;
    let Changes { name, settings, grouping, disabled } = changes;
    let name = name.unwrap_or_else(|| now.name.clone());
    let mut changed = integrations::change(&app, actor, id, &name, settings.unwrap_or(now.settings), grouping.unwrap_or(now.grouping)).await?;
    if let Some(disabled) = disabled.filter(|disabled| *disabled != changed.disabled) {
        changed = integrations::set_disabled(&app, actor, id, disabled).await?;
    }
    Ok(Json(changed))
}

/// Switches an integration off: its key opens nothing any more. What it sent stays in the record,
/// so the integration itself stays too and can be switched on again.
#[utoipa::path(delete, path = "/api/v1/integrations/{id}", tag = "integrations", operation_id = "disableIntegration",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "The integration, switched off", body = schema::Integration), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn disable(State(app): State<Arc<App>>, principal: Principal, Named(id): Named) -> Result<Json<Integration>, Problem> {
    Ok(Json(integrations::set_disabled(&app, &principal.actor, id_of(&id)?, true).await?))
}

fn id_of(text: &str) -> Result<IntegrationId, Problem> {
    text.parse().map_err(|_| Problem::new(FailureKind::NotFound, "unknown_integration", "there is no such integration"))
}
