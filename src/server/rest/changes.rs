//! Deploys and other changes for programs.

use super::{List, problem::Problem, query::Asked, schema};
use crate::{
    domain::change::ChangeCard,
    server::{
        auth::Principal,
        state::App,
        store::{ChangeFilter, change_cursor},
        usecases::changes,
    },
};
use axum::{Json, extract::State};
use std::sync::Arc;

/// A page of changes, the last that happened first.
#[utoipa::path(get, path = "/api/v1/changes", tag = "changes", operation_id = "listChanges",
    params(
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<i64>, Query, description = "1 to 500, default 100"),
        ("from" = Option<String>, Query, description = "Those that happened then or later"),
        ("to" = Option<String>, Query, description = "Those that happened before"),
        ("service" = Option<String>, Query),
    ),
    responses((status = 200, description = "A page of changes", body = schema::Changes), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn list(State(app): State<Arc<App>>, principal: Principal, asked: Asked) -> Result<Json<List<ChangeCard>>, Problem> {
    let filter = ChangeFilter { from: asked.time("from")?, to: asked.time("to")?, service: asked.text("service").map(str::to_owned) };
    let cursor = asked.cursor(|cursor| change_cursor(cursor).is_some())?;
    Ok(Json(changes::list(&app.store, &principal.actor, &filter, cursor, asked.limit()?).await?.into()))
}
