//! Time that is left out of objectives, for programs.

use super::{
    List, by_hand,
    problem::Problem,
    query::Asked,
    schema,
    sent::{Named, Sent, fit},
};
use crate::{
    domain::{
        failure::FailureKind,
        slo::exclusion::{Exclusion, ExclusionDraft},
        time::Timestamp,
    },
    server::{auth::Principal, state::App, usecases::exclusions},
};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// All exclusions, the newest first.
#[utoipa::path(get, path = "/api/v1/exclusions", tag = "objectives", operation_id = "listExclusions",
    params(
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<i64>, Query, description = "1 to 500, default 100"),
        ("objective" = Option<String>, Query, description = "Only what this objective leaves out: its id or name"),
    ),
    responses((status = 200, description = "A page of exclusions", body = schema::Exclusions), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn list(State(app): State<Arc<App>>, principal: Principal, asked: Asked) -> Result<Json<List<Exclusion>>, Problem> {
    let items = exclusions::list(&app, &principal.actor, asked.text("objective")).await?;
    Ok(Json(asked.cut(items, |exclusion| (-exclusion.created_at.micros(), exclusion.id.to_string()))?))
}

/// Leaves time out of one objective, of those of a service, or of all. It may lie in the past; the
/// figures without it stay visible. A rule that says neither when it begins nor how long a time lasts
/// takes both from `from` and `to`.
#[utoipa::path(post, path = "/api/v1/exclusions", tag = "objectives", operation_id = "createExclusion",
    request_body = schema::ExclusionDraft,
    responses((status = 201, description = "The exclusion", body = schema::Exclusion), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn create(State(app): State<Arc<App>>, principal: Principal, Sent(sent): Sent<Value>) -> Result<Response, Problem> {
    let draft: ExclusionDraft = fit(by_hand::exclusion(sent))?;
    let made = exclusions::create(&app, &principal.actor, draft).await?;
    let location = format!("/api/v1/exclusions/{}", made.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(made)).into_response())
}

/// What can be said of time that is left out already.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndedExclusion {
    ends_at: Timestamp,
}

/// Ends time that is left out, now or later: it is only made shorter, and only while it runs or is
/// yet to come. Of one that comes again, nothing is left out from then on.
#[utoipa::path(patch, path = "/api/v1/exclusions/{id}", tag = "objectives", operation_id = "endExclusion",
    params(("id" = String, Path, description = "Its id")),
    request_body = schema::EndedExclusion,
    responses((status = 200, description = "The exclusion as it is now", body = schema::Exclusion), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn end(State(app): State<Arc<App>>, principal: Principal, Named(id): Named, Sent(ended): Sent<EndedExclusion>) -> Result<Json<Exclusion>, Problem> {
    let id = id.parse().map_err(|_| unknown())?;
    Ok(Json(exclusions::end(&app, &principal.actor, id, ended.ends_at).await?))
}

/// Counts time again that was left out.
#[utoipa::path(delete, path = "/api/v1/exclusions/{id}", tag = "objectives", operation_id = "removeExclusion",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "The exclusion as it was", body = schema::Exclusion), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn remove(State(app): State<Arc<App>>, principal: Principal, Named(id): Named) -> Result<Json<Exclusion>, Problem> {
    let id = id.parse().map_err(|_| unknown())?;
    Ok(Json(exclusions::remove(&app, &principal.actor, id).await?))
}

fn unknown() -> Problem {
    Problem::new(FailureKind::NotFound, "unknown_exclusion", "there is no such exclusion")
}
