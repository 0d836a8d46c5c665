//! The past for programs: whole files of incidents and alerts, read as they stream in. They are
//! free of the limits on size and time that other bodies have.

use super::{problem::Problem, query::Asked, schema};
use crate::server::{
    auth::Principal,
    state::App,
    usecases::import::{self, AlertReport, IncidentReport},
};
use axum::{
    Json,
    body::Body,
    extract::{FromRequest, Request, State},
};
use std::{convert::Infallible, sync::Arc};

/// Everything under this may take as long as it takes.
pub const PREFIX: &str = "/api/v1/import/";

/// A body that is read while it arrives.
pub struct Streamed(pub Body);

impl<S: Send + Sync> FromRequest<S> for Streamed {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Infallible> {
        Ok(Self(request.into_body()))
    }
}

/// Imports incidents: a JSON array, or one incident a line. An incident is known by its origin
/// and id: importing it again changes nothing, importing a longer version adds what is new.
#[utoipa::path(post, path = "/api/v1/import/incidents", tag = "import", operation_id = "importIncidents",
    request_body = schema::ImportedIncidents,
    responses((status = 200, description = "What became of them; what was read is committed", body = schema::IncidentReport), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn incidents(State(app): State<Arc<App>>, principal: Principal, Streamed(body): Streamed) -> Result<Json<IncidentReport>, Problem> {
    Ok(Json(import::incidents(&app.store, &principal.actor, body.into_data_stream(), |_| {}).await?))
}

/// Imports alerts, one delivery a line, as if each was received at its `received_at`. Nothing is
/// sent out.
#[utoipa::path(post, path = "/api/v1/import/alerts", tag = "import", operation_id = "importAlerts",
    params(("integration" = Option<String>, Query, description = "Id of the integration whose settings apply; absent: the source's only one, else the defaults")),
    request_body(content = schema::ImportedAlert, content_type = "application/x-ndjson"),
    responses((status = 200, description = "What became of them; what was read is committed", body = schema::AlertReport), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn alerts(State(app): State<Arc<App>>, principal: Principal, asked: Asked, Streamed(body): Streamed) -> Result<Json<AlertReport>, Problem> {
    Ok(Json(import::alerts(&app.store, &principal.actor, asked.text("integration"), body.into_data_stream(), |_| {}).await?))
}
