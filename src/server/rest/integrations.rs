//! Integrations for programs: make them, change them, switch them off.

use super::{
    List,
    problem::Problem,
    query::Asked,
    schema,
    sent::{Named, Sent, SentOrNothing},
};
use crate::{
    domain::{
        accounts::ShownOnce,
        failure::FailureKind,
        ids::IntegrationId,
        integration::{Integration, IntegrationChanges, NewIntegration, NewToken},
        trial::{Prediction, Trial},
    },
    server::{
        auth::Principal,
        state::App,
        usecases::{integrations, trial},
    },
};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use std::sync::Arc;

/// Every integration, without keys and secrets.
#[utoipa::path(get, path = "/api/v1/integrations", tag = "integrations", operation_id = "listIntegrations",
    params(
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<i64>, Query, description = "1 to 500, default 100"),
    ),
    responses((status = 200, description = "A page of integrations", body = schema::Integrations), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn list(State(app): State<Arc<App>>, principal: Principal, asked: Asked) -> Result<Json<List<Integration>>, Problem> {
    let items = integrations::list(&app, &principal.actor).await?;
    Ok(Json(asked.cut(items, |integration| (integration.created_at.micros(), integration.id.to_string()))?))
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

/// Changes an integration, all that is named or nothing. `settings` and `grouping` are replaced
/// whole where they are given. Signing secrets are valid side by side until they are removed.
#[utoipa::path(patch, path = "/api/v1/integrations/{id}", tag = "integrations", operation_id = "changeIntegration",
    params(("id" = String, Path, description = "Its id")),
    request_body = schema::IntegrationChanges,
    responses((status = 200, description = "The integration as it is now", body = schema::Integration), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn change(
    State(app): State<Arc<App>>,
    principal: Principal,
    Named(id): Named,
    Sent(changes): Sent<IntegrationChanges>,
) -> Result<Json<Integration>, Problem> {
    Ok(Json(integrations::change(&app, &principal.actor, id_of(&id)?, changes).await?))
}

/// Replaces the token. The new one is in the answer this once; the one before opens beside it
/// until it is removed, or until `previous_valid_until`.
#[utoipa::path(post, path = "/api/v1/integrations/{id}/token", tag = "integrations", operation_id = "replaceIntegrationToken",
    params(("id" = String, Path, description = "Its id")),
    request_body = schema::NewToken,
    responses((status = 200, description = "The integration and its new token", body = schema::CreatedIntegration), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn replace_token(
    State(app): State<Arc<App>>,
    principal: Principal,
    Named(id): Named,
    SentOrNothing(draft): SentOrNothing<NewToken>,
) -> Result<Json<ShownOnce<Integration>>, Problem> {
    Ok(Json(integrations::replace_token(&app, &principal.actor, id_of(&id)?, draft).await?))
}

/// Shuts out whoever still uses the token before the present one.
#[utoipa::path(delete, path = "/api/v1/integrations/{id}/token/previous", tag = "integrations", operation_id = "removePreviousIntegrationToken",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "The integration", body = schema::Integration), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn remove_previous_token(State(app): State<Arc<App>>, principal: Principal, Named(id): Named) -> Result<Json<Integration>, Problem> {
    Ok(Json(integrations::remove_previous_token(&app, &principal.actor, id_of(&id)?).await?))
}

/// Switches an integration off: its key opens nothing any more. What it sent stays in the record,
/// so the integration itself stays too and can be switched on again.
#[utoipa::path(delete, path = "/api/v1/integrations/{id}", tag = "integrations", operation_id = "disableIntegration",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "The integration, switched off", body = schema::Integration), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn disable(State(app): State<Arc<App>>, principal: Principal, Named(id): Named) -> Result<Json<Integration>, Problem> {
    Ok(Json(integrations::set_disabled(&app, &principal.actor, id_of(&id)?, true).await?))
}

/// What a delivery would become if it arrived now. Nothing is stored.
#[utoipa::path(post, path = "/api/v1/integrations/test", tag = "integrations", operation_id = "testDelivery",
    request_body = schema::Trial,
    responses((status = 200, description = "What it would become", body = schema::Prediction), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn test(State(app): State<Arc<App>>, principal: Principal, Sent(trial): Sent<Trial>) -> Result<Json<Prediction>, Problem> {
    Ok(Json(trial::predict(&app, &principal.actor, trial).await?))
}

pub fn id_of(text: &str) -> Result<IntegrationId, Problem> {
    text.parse().map_err(|_| Problem::new(FailureKind::NotFound, "unknown_integration", "there is no such integration"))
}
