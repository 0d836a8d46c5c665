//! Readings that programs send: streamed in, kept by their exact instant.

use super::{import::Streamed, problem, problem::Problem, schema};
use crate::{
    domain::people::{Actor, ActorKind, ActorRef, Role},
    server::{
        auth::Principal,
        state::App,
        usecases::sli::{self, SliReport},
    },
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
};
use std::sync::Arc;

/// Where readings are sent; it may take as long as it takes.
pub const PATH: &str = "/api/v1/sli";

/// Takes readings in: a JSON array, one a line, or a single object. A reading is known by its
/// objective and its exact instant: sending it again changes nothing. Where nobody chose how long a
/// slice is, the first readings say it by how far apart they are. The key of an integration is
/// enough.
#[utoipa::path(post, path = "/api/v1/sli", tag = "objectives", operation_id = "pushReadings",
    request_body(content = schema::SentReading, content_type = "application/json", description = "One reading, a list of them, or one on each line"),
    responses((status = 200, description = "What became of them; what was read is committed", body = schema::SliReport), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn push(State(app): State<Arc<App>>, principal: Option<Principal>, headers: HeaderMap, Streamed(body): Streamed) -> Result<Json<SliReport>, Problem> {
    let actor = match principal {
        Some(principal) => principal.actor,
        None => sender(&app, &headers).await?,
    };
    Ok(Json(sli::push(&app, &actor, body.into_data_stream()).await?))
}

/// Whoever shows the key of an integration that is switched on.
async fn sender(app: &App, headers: &HeaderMap) -> Result<Actor, Problem> {
    let key = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.split_once(' '));
    let key = key.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, key)| key.trim());
    let refused = || problem::unauthenticated("an API token or the key of an integration is needed");
    let entrant = app.senders.opened_by(&app.store, key.ok_or_else(refused)?).await?.ok_or_else(refused)?;
    let integration = entrant.integration();
    if let Some(wait) = entrant.has_to_wait(app.clock().now()) {
        let limited = Problem::new(crate::domain::failure::FailureKind::Limited, "rate_limited", "this integration sends more than its limit allows");
        return Err(limited.retry_after(wait.as_secs() + 1));
    }
    let who = ActorRef { kind: ActorKind::Integration, id: integration.id.to_string(), name: integration.name.clone() };
    Ok(Actor { who, role: Role::Responder })
}
