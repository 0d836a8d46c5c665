//! The release gate, for pipelines.

use super::{
    List,
    problem::Problem,
    query::Asked,
    schema,
    sent::{Named, Sent},
};
use crate::{
    domain::{
        failure::FailureKind,
        slo::{
            gate::{Gate, OverrideDraft},
            release::GateOverride,
        },
        time::Timestamp,
    },
    server::{auth::Principal, state::App, usecases::release_gate},
};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use std::sync::Arc;

/// Who overrides the gate of which service.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SentOverride {
    service: String,
    reason: String,
    until: Timestamp,
}

/// Whether a service may release, and why. The status is 200 whatever the answer is; with
/// `fail=true` it is 409 when the answer is no, so that `curl --fail` ends a pipeline.
#[utoipa::path(get, path = "/api/v1/release-gate", tag = "objectives", operation_id = "readReleaseGate",
    params(
        ("service" = Option<String>, Query, description = "The service; absent: everything"),
        ("fail" = Option<bool>, Query, description = "true: answer 409 when it may not release"),
    ),
    responses((status = 200, description = "The answer", body = schema::Gate), (status = 409, description = "With `fail=true`: it may not release", body = schema::Gate), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn read(State(app): State<Arc<App>>, principal: Principal, asked: Asked) -> Result<Response, Problem> {
    let fails = asked.one("fail", "true or false", |text| match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    })?;
    let gate: Gate = release_gate::read(&app, &principal.actor, asked.text("service")).await?;
    let status = if fails == Some(true) && !gate.may_release { StatusCode::CONFLICT } else { StatusCode::OK };
    Ok((status, [(header::CACHE_CONTROL, "no-store")], Json(gate)).into_response())
}

/// The overrides that count now.
#[utoipa::path(get, path = "/api/v1/release-gate/overrides", tag = "objectives", operation_id = "listGateOverrides",
    params(
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<i64>, Query, description = "1 to 500, default 100"),
        ("service" = Option<String>, Query, description = "Only those of this service"),
    ),
    responses((status = 200, description = "A page of overrides", body = schema::GateOverrides), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn overrides(State(app): State<Arc<App>>, principal: Principal, asked: Asked) -> Result<Json<List<GateOverride>>, Problem> {
    let items = release_gate::overrides(&app, &principal.actor, asked.text("service")).await?;
    Ok(Json(asked.cut(items, |made| (-made.until.micros(), made.id.to_string()))?))
}

/// Lets a service release although the gate says no, for at most seven days. It is audited.
#[utoipa::path(post, path = "/api/v1/release-gate/overrides", tag = "objectives", operation_id = "overrideGate",
    request_body = schema::SentOverride,
    responses((status = 201, description = "The override", body = schema::GateOverride), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn create(State(app): State<Arc<App>>, principal: Principal, Sent(sent): Sent<SentOverride>) -> Result<Response, Problem> {
    let SentOverride { service, reason, until } = sent;
    let made = release_gate::override_gate(&app, &principal.actor, &service, OverrideDraft { reason, until }).await?;
    let location = format!("/api/v1/release-gate/overrides/{}", made.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(made)).into_response())
}

/// Takes an override back.
#[utoipa::path(delete, path = "/api/v1/release-gate/overrides/{id}", tag = "objectives", operation_id = "endGateOverride",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "The override as it was", body = schema::GateOverride), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn end(State(app): State<Arc<App>>, principal: Principal, Named(id): Named) -> Result<Json<GateOverride>, Problem> {
    let id = id.parse().map_err(|_| Problem::new(FailureKind::NotFound, "unknown_override", "there is no such override that still counts"))?;
    Ok(Json(release_gate::end_override(&app, &principal.actor, id).await?))
}
