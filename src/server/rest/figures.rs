//! Figures for programs: incident metrics and availability over any range.

use super::{
    problem::Problem,
    query::{Asked, bad},
    schema,
};
use crate::{
    domain::{
        incident::Kind,
        metrics::{Filter, GroupBy, Range, availability::Availability},
        severity::Severity,
        time::Timestamp,
    },
    server::{
        auth::Principal,
        state::App,
        usecases::figures::{self, Figures},
    },
};
use axum::{Json, extract::State};
use std::sync::Arc;

/// The range when nobody says one: the last thirty days.
const DEFAULT_RANGE_SECS: i64 = 30 * 86_400;

/// Incident metrics of a range, which an incident belongs to by the start of its impact. Every
/// figure comes with its n, its definition, and who was left out and why.
#[utoipa::path(get, path = "/api/v1/metrics/incidents", tag = "figures", operation_id = "incidentMetrics",
    params(
        ("from" = Option<String>, Query, description = "Start of the range; absent: thirty days before its end"),
        ("to" = Option<String>, Query, description = "End of the range, not part of it; absent: now"),
        ("severity" = Option<String>, Query, description = "SEV1,SEV2,…"),
        ("service" = Option<String>, Query),
        ("origin" = Option<String>, Query, description = "Where they were imported from"),
        ("kind" = Option<String>, Query, description = "incident (default), maintenance, drill"),
        ("group_by" = Option<String>, Query, description = "severity, service, month or none (default)"),
        ("label.NAME" = Option<String>, Query, description = "Only incidents with this value of the label NAME; may be given for several labels"),
    ),
    responses((status = 200, description = "The figures", body = schema::Figures), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn incidents(State(app): State<Arc<App>>, principal: Principal, asked: Asked) -> Result<Json<Figures>, Problem> {
    let range = range(&asked, app.clock().now())?;
    let by = asked.one("group_by", "severity, service, month or none", GroupBy::from_slug)?.unwrap_or_default();
    Ok(Json(figures::incidents(&app.store, &principal.actor, range, filter(&asked)?, by).await?))
}

/// The share of a range in which nobody was hurt: the union of all impact, clipped to the range.
#[utoipa::path(get, path = "/api/v1/availability", tag = "figures", operation_id = "availability",
    params(
        ("from" = Option<String>, Query, description = "Start of the range; absent: thirty days before its end"),
        ("to" = Option<String>, Query, description = "End of the range, not part of it; absent: now"),
        ("service" = Option<String>, Query, description = "Only what hurt this service"),
        ("severity" = Option<String>, Query, description = "SEV1,SEV2,…"),
        ("origin" = Option<String>, Query, description = "Where they were imported from"),
        ("kind" = Option<String>, Query, description = "incident (default), maintenance, drill"),
        ("label.NAME" = Option<String>, Query, description = "Only incidents with this value of the label NAME; may be given for several labels"),
    ),
    responses((status = 200, description = "The figures", body = schema::Availability), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn availability(State(app): State<Arc<App>>, principal: Principal, asked: Asked) -> Result<Json<Availability>, Problem> {
    let range = range(&asked, app.clock().now())?;
    Ok(Json(figures::availability(&app.store, &principal.actor, range, filter(&asked)?).await?))
}

fn range(asked: &Asked, now: Timestamp) -> Result<Range, Problem> {
    let to = asked.time("to")?.unwrap_or(now);
    let from = asked.time("from")?.unwrap_or(to.plus_secs(-DEFAULT_RANGE_SECS));
    Range::new(from, to).ok_or_else(|| bad("to", "a time after `from`"))
}

fn filter(asked: &Asked) -> Result<Filter, Problem> {
    Ok(Filter {
        severity: asked.many("severity", "SEV1 to SEV5, separated by commas", Severity::from_slug)?,
        service: asked.text("service").map(str::to_owned),
        labels: asked.under("label.").map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        origin: asked.text("origin").map(str::to_owned),
        kinds: asked.many("kind", "incident, maintenance or drill", Kind::from_slug)?,
    })
}
