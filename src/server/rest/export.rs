//! The record of one incident as a file, and whether it holds.

use super::{problem::Problem, query::Asked, schema, sent::Named};
use crate::{
    domain::{export::Format, verification::Verification},
    server::{auth::Principal, state::App, usecases::export},
};
use axum::{
    Json,
    extract::State,
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
    response::{IntoResponse, Response},
};
use std::sync::Arc;

/// The record of an incident as a file: a report, a table, its REST shapes, or a bundle that `tocsin verify FILE` checks offline.
#[utoipa::path(get, path = "/api/v1/incidents/{id}/export", tag = "incidents", operation_id = "exportIncident",
    params(
        ("id" = String, Path, description = "Its id, or its reference: INC-12"),
        ("format" = Option<String>, Query, description = "markdown (default), csv, json or bundle"),
    ),
    responses(
        (status = 200, description = "The file", content((String = "text/markdown"), (String = "text/csv"), (schema::Export = "application/json"))),
        (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn export(State(app): State<Arc<App>>, principal: Principal, Named(id): Named, asked: Asked) -> Result<Response, Problem> {
    let format = asked.one("format", "markdown, csv, json or bundle", Format::from_slug)?.unwrap_or_default();
    let (text, name) = export::export(&app, &principal.actor, &id, format).await?;
    let headers = [
        (CONTENT_TYPE, format.content_type().to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, text).into_response())
}

/// Whether an incident's record holds: its chain of hashes is recomputed and the incident is folded anew.
#[utoipa::path(get, path = "/api/v1/incidents/{id}/verification", tag = "incidents", operation_id = "verifyIncident",
    params(("id" = String, Path, description = "Its id, or its reference: INC-12")),
    responses((status = 200, description = "What was found", body = schema::Verification), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn verification(State(app): State<Arc<App>>, principal: Principal, Named(id): Named) -> Result<Json<Verification>, Problem> {
    Ok(Json(export::verification(&app, &principal.actor, &id).await?))
}
