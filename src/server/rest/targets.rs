//! What the executive's figures are to be, for programs.

use super::{
    List,
    problem::Problem,
    query::{Asked, bad},
    schema,
    sent::Sent,
};
use crate::{
    domain::executive::{Measure, Target, TargetDraft},
    server::{auth::Principal, state::App, usecases::targets},
};
use axum::{Json, extract::State};
use serde::Deserialize;
use std::sync::Arc;

/// Every target there ever was, by metric, severity and day; of each the last one holds. Those
/// that came with the product have no day.
#[utoipa::path(get, path = "/api/v1/targets", tag = "figures", operation_id = "listTargets",
    params(
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<i64>, Query, description = "1 to 500, default 100"),
        ("metric" = Option<String>, Query, description = "Only those of this metric: M1 to M12, M2p95"),
    ),
    responses((status = 200, description = "A page of targets", body = schema::Targets), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn list(State(app): State<Arc<App>>, principal: Principal, asked: Asked) -> Result<Json<List<Target>>, Problem> {
    let limit = usize::try_from(asked.limit()?).unwrap_or(usize::MAX);
    let metric = asked.one("metric", "M1 to M12, or M2p95", Measure::from_slug)?;
    let after = asked.one("cursor", "the next_cursor of the page before", |text| text.strip_prefix("after:")?.parse::<usize>().ok())?.unwrap_or(0);
    let all = targets::list(&app, &principal.actor).await?.into_iter().filter(|target| metric.is_none_or(|metric| target.metric == metric));
    let mut items: Vec<Target> = all.skip(after).collect();
    if after > 0 && items.is_empty() {
        return Err(bad("cursor", "the next_cursor of the page before"));
    }
    let more = items.len() > limit;
    items.truncate(limit);
    Ok(Json(List { next_cursor: more.then(|| format!("after:{}", after + limit)), items }))
}

/// Targets that are set together.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drafts {
    items: Vec<TargetDraft>,
}

/// Sets targets from a day on, all or none. Those that are not named stay, and so does what held
/// before. Answers all of them.
#[utoipa::path(put, path = "/api/v1/targets", tag = "figures", operation_id = "setTargets",
    request_body = schema::TargetDrafts,
    responses((status = 200, description = "All targets", body = schema::Targets), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn put(State(app): State<Arc<App>>, principal: Principal, Sent(Drafts { items }): Sent<Drafts>) -> Result<Json<List<Target>>, Problem> {
    Ok(Json(List { items: targets::set(&app, &principal.actor, items).await?, next_cursor: None }))
}
