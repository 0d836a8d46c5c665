//! The last deliveries for programs, with their verdicts.

use super::{
    List,
    problem::Problem,
    query::{Asked, bad},
    schema,
    sent::Named,
};
use crate::{
    domain::{delivery::DeliveryNote, ids::IntegrationId},
    server::{
        auth::Principal,
        state::App,
        store::DeliveryFilter,
        usecases::{deliveries, integrations},
    },
};
use axum::{Json, extract::State};
use std::sync::Arc;

/// The last deliveries of all integrations, the newest first. A hundred are kept of each
/// integration, and fifty of those that showed no key that is known. `body` is there for admins.
#[utoipa::path(get, path = "/api/v1/deliveries", tag = "integrations", operation_id = "listDeliveries",
    params(
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<i64>, Query, description = "1 to 500, default 100"),
        ("integration" = Option<String>, Query, description = "Id of an integration, or `none`: those that showed no key that is known"),
        ("verdict" = Option<String>, Query, description = "accepted, partly_accepted, the code of a refusal, or `refused` for all of these"),
    ),
    responses((status = 200, description = "A page of deliveries", body = schema::Deliveries), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn list(State(app): State<Arc<App>>, principal: Principal, asked: Asked) -> Result<Json<List<DeliveryNote>>, Problem> {
    let integration = asked.one("integration", "an integration's id, or none", |text| match text {
        "none" => Some(None),
        id => id.parse::<IntegrationId>().ok().map(Some),
    })?;
    page(&app, &principal, &asked, integration).await
}

/// The last deliveries of one integration, the newest first.
#[utoipa::path(get, path = "/api/v1/integrations/{id}/deliveries", tag = "integrations", operation_id = "listDeliveriesOfIntegration",
    params(
        ("id" = String, Path, description = "Its id"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<i64>, Query, description = "1 to 500, default 100"),
        ("verdict" = Option<String>, Query, description = "accepted, partly_accepted, the code of a refusal, or `refused` for all of these"),
    ),
    responses((status = 200, description = "A page of deliveries", body = schema::Deliveries), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn of_integration(State(app): State<Arc<App>>, principal: Principal, Named(id): Named, asked: Asked) -> Result<Json<List<DeliveryNote>>, Problem> {
    let id = super::integrations::id_of(&id)?;
    integrations::read(&app, &principal.actor, id).await?;
    page(&app, &principal, &asked, Some(Some(id))).await
}

async fn page(app: &App, principal: &Principal, asked: &Asked, integration: Option<Option<IntegrationId>>) -> Result<Json<List<DeliveryNote>>, Problem> {
    let is_code = |text: &str| text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    let verdict = match asked.text("verdict") {
        Some(text) if !is_code(text) => return Err(bad("verdict", "accepted, partly_accepted, refused, or a refusal's code")),
        verdict => verdict.map(str::to_owned),
    };
    let cursor = asked.cursor(|cursor| cursor.parse::<uuid::Uuid>().is_ok())?;
    let filter = DeliveryFilter { integration, verdict };
    Ok(Json(deliveries::list(app, &principal.actor, &filter, cursor, asked.limit()?).await?.into()))
}
