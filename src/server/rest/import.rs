//! The past for programs: whole files of incidents and alerts, read as they stream in. They are
//! free of the limits on size and time that other bodies have.

use super::{problem::Problem, query::Asked, schema};
use crate::{
    domain::import::IncidentReport,
    server::{
        auth::Principal,
        body,
        state::App,
        usecases::import::{self, AlertReport, Mode},
    },
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

/// The largest Statuspage file; it is read whole, and holds at most fifty incidents.
const MAX_STATUSPAGE: usize = 16 * 1024 * 1024;

fn mode(asked: &Asked) -> Result<Mode, Problem> {
    Ok(if asked.flag("dry_run")? == Some(true) { Mode::Try } else { Mode::Do })
}

/// Imports incidents: a JSON array, or one incident a line. An incident is known by its origin
/// and id: importing it again changes nothing, importing a longer version adds what is new.
#[utoipa::path(post, path = "/api/v1/import/incidents", tag = "import", operation_id = "importIncidents",
    params(("dry_run" = Option<bool>, Query, description = "true: nothing is written, and the answer is what would become of them")),
    request_body = schema::ImportedIncidents,
    responses((status = 200, description = "What became of them; what was read is committed", body = schema::IncidentReport), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn incidents(State(app): State<Arc<App>>, principal: Principal, asked: Asked, Streamed(body): Streamed) -> Result<Json<IncidentReport>, Problem> {
    Ok(Json(import::incidents(&app.store, &principal.actor, mode(&asked)?, body.into_data_stream(), |_| {}).await?))
}

/// Imports the incidents of a Statuspage, as its `incidents.json` tells them.
#[utoipa::path(post, path = "/api/v1/import/statuspage", tag = "import", operation_id = "importStatuspage",
    params(("dry_run" = Option<bool>, Query, description = "true: nothing is written, and the answer is what would become of them")),
    request_body = schema::StatuspageFile,
    responses((status = 200, description = "What became of them", body = schema::IncidentReport), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn statuspage(State(app): State<Arc<App>>, principal: Principal, asked: Asked, request: Request) -> Result<Json<IncidentReport>, Problem> {
    let (parts, sent) = request.into_parts();
    let mode = mode(&asked)?;
    let file = body::read(&parts.headers, sent, MAX_STATUSPAGE).await?;
    Ok(Json(import::statuspage(&app.store, &principal.actor, mode, &file, |_| {}).await?))
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
