//! Definitions as code, for programs: files in, files out.

use super::{problem::Problem, query::Asked, schema, sent::SentText};
use crate::server::{
    auth::Principal,
    definitions::File,
    error::ServerError,
    state::App,
    usecases::definitions::{self, Form, Report, Secrets},
};
use axum::{
    Json,
    extract::State,
    http::header::{CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
    response::{IntoResponse, Response},
};
use std::sync::Arc;

/// Everything that is defined, in a stable order; applied again it changes nothing. Secrets are not in it.
#[utoipa::path(get, path = "/api/v1/definitions", tag = "definitions", operation_id = "exportDefinitions",
    params(("format" = Option<String>, Query, description = "tocsin (default), or openslo for the objectives that fit")),
    responses((status = 200, description = "The definitions", content((String = "application/yaml"))), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn export(State(app): State<Arc<App>>, principal: Principal, asked: Asked) -> Result<Response, Problem> {
    let form = asked.one("format", "tocsin or openslo", Form::from_slug)?.unwrap_or_default();
    let text = definitions::export(&app, &principal.actor, form).await?;
    Ok(([(CONTENT_TYPE, "application/yaml; charset=utf-8"), (X_CONTENT_TYPE_OPTIONS, "nosniff")], text).into_response())
}

/// Writes what a file defines: services, objectives, data sources, exclusions, also from files of
/// OpenSLO, Sloth and Pyrra. All of it or nothing; applying the same again changes nothing.
#[utoipa::path(post, path = "/api/v1/definitions", tag = "definitions", operation_id = "applyDefinitions",
    params(("dry_run" = Option<bool>, Query, description = "Only say what would be written")),
    request_body(content((String = "application/yaml"), (schema::Definition = "application/json"))),
    responses((status = 200, description = "What became of each definition", body = schema::DefinitionsReport), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn apply(State(app): State<Arc<App>>, principal: Principal, asked: Asked, SentText(bytes): SentText) -> Result<Json<Report>, Problem> {
    let is_dry = asked.one("dry_run", "true or false", |text| text.parse().ok())?.unwrap_or(false);
    let file = File { name: "body".to_owned(), bytes };
    let applied = definitions::apply(&app, &principal.actor, &[file], is_dry, &Secrets::Nobodys).await;
    Ok(Json(applied.map_err(ServerError::from)?))
}
