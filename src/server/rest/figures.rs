//! Figures for programs: incident metrics and availability over any range.

use super::{
    problem::Problem,
    query::{Asked, bad},
    schema,
};
use crate::{
    domain::{
        csv,
        incident::Kind,
        metrics::{About, BehindItem, Bucket, Filter, GroupBy, Range, Step, Which, availability::Availability},
        severity::Severity,
        time::Timestamp,
    },
    server::{
        auth::Principal,
        state::App,
        usecases::figures::{self, Figures, Question},
    },
};
use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
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
    Ok(Json(figures::incidents(&app.store, &principal.actor, range, filter(&asked)?, group_by(&asked)?).await?))
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

/// The incidents behind one figure of one group, the newest first: those it is made from with
/// their values, and those that were left out, each with its reason. Together they are all
/// incidents of the group.
#[utoipa::path(get, path = "/api/v1/metrics/incidents/behind", tag = "figures", operation_id = "incidentsBehindMetric",
    params(
        ("metric" = String, Query, description = "mttd, mtta, mttm, mttr, resolution, mtbf, frequency, repeats or availability"),
        ("key" = Option<String>, Query, description = "The group's key as `/api/v1/metrics/incidents` tells it; absent: the group whose key is null"),
        ("which" = Option<String>, Query, description = "counted, excluded or all (default)"),
        ("format" = Option<String>, Query, description = "csv for all of them as a table; json (default) for a page"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<i64>, Query, description = "1 to 500, default 100"),
        ("from" = Option<String>, Query, description = "Start of the range; absent: thirty days before its end"),
        ("to" = Option<String>, Query, description = "End of the range, not part of it; absent: now"),
        ("severity" = Option<String>, Query, description = "SEV1,SEV2,…"),
        ("service" = Option<String>, Query),
        ("origin" = Option<String>, Query, description = "Where they were imported from"),
        ("kind" = Option<String>, Query, description = "incident (default), maintenance, drill"),
        ("group_by" = Option<String>, Query, description = "severity, service, month or none (default)"),
        ("label.NAME" = Option<String>, Query, description = "Only incidents with this value of the label NAME; may be given for several labels"),
    ),
    responses((status = 200, description = "A page of incidents", body = schema::Behind), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn behind(State(app): State<Arc<App>>, principal: Principal, asked: Asked) -> Result<Response, Problem> {
    let metrics = "mttd, mtta, mttm, mttr, resolution, mtbf, frequency, repeats or availability";
    let question = Question {
        about: asked.one("metric", metrics, About::from_id)?.ok_or_else(|| bad("metric", metrics))?,
        range: range(&asked, app.clock().now())?,
        filter: filter(&asked)?,
        by: group_by(&asked)?,
        key: asked.text("key").map(str::to_owned),
        which: asked.one("which", "counted, excluded or all", Which::from_slug)?.unwrap_or_default(),
    };
    let (cursor, limit) = (asked.text("cursor"), usize::try_from(asked.limit()?).ok());
    if !as_table(&asked)? {
        return Ok(Json(figures::behind(&app.store, &principal.actor, &question, cursor, limit).await?).into_response());
    }
    let all = figures::behind(&app.store, &principal.actor, &question, None, None).await?;
    let lines: String = all.items.iter().map(|item| csv::row(&item.cells())).collect();
    Ok(table(question.about.id(), csv::row(&BehindItem::HEADER) + &lines))
}

/// How the incidents of a range are spread over it, by days, weeks, months or years of UTC.
#[utoipa::path(get, path = "/api/v1/metrics/incidents/series", tag = "figures", operation_id = "incidentSeries",
    params(
        ("step" = Option<String>, Query, description = "day, week, month or year; absent: what suits the range"),
        ("format" = Option<String>, Query, description = "csv for a table, json (default)"),
        ("from" = Option<String>, Query, description = "Start of the range; absent: thirty days before its end"),
        ("to" = Option<String>, Query, description = "End of the range, not part of it; absent: now"),
        ("severity" = Option<String>, Query, description = "SEV1,SEV2,…"),
        ("service" = Option<String>, Query),
        ("origin" = Option<String>, Query, description = "Where they were imported from"),
        ("kind" = Option<String>, Query, description = "incident (default), maintenance, drill"),
        ("label.NAME" = Option<String>, Query, description = "Only incidents with this value of the label NAME; may be given for several labels"),
    ),
    responses((status = 200, description = "The steps, the oldest first", body = schema::Series), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn series(State(app): State<Arc<App>>, principal: Principal, asked: Asked) -> Result<Response, Problem> {
    let range = range(&asked, app.clock().now())?;
    let step = asked.one("step", "day, week, month or year", Step::from_slug)?;
    if step.is_some_and(|step| !step.suits(&range)) {
        return Err(bad("step", "one that cuts the range into at most 1000 parts"));
    }
    let series = figures::series(&app.store, &principal.actor, range, filter(&asked)?, step).await?;
    if !as_table(&asked)? {
        return Ok(Json(series).into_response());
    }
    let lines: String = series.items.iter().map(|bucket| csv::row(&bucket.cells())).collect();
    Ok(table("incidents", csv::row(&Bucket::HEADER) + &lines))
}

fn as_table(asked: &Asked) -> Result<bool, Problem> {
    let format = asked.one("format", "json or csv", |text| ["json", "csv"].contains(&text).then(|| text == "csv"))?;
    Ok(format.unwrap_or(false))
}

/// A table as a file of its own.
fn table(name: &str, text: String) -> Response {
    let as_file = format!("attachment; filename=\"{name}.csv\"");
    ([(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, as_file)], text).into_response()
}

fn group_by(asked: &Asked) -> Result<GroupBy, Problem> {
    Ok(asked.one("group_by", "severity, service, month or none", GroupBy::from_slug)?.unwrap_or_default())
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
        services: vec![],
        labels: asked.under("label.").map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        origin: asked.text("origin").map(str::to_owned),
        kinds: asked.many("kind", "incident, maintenance or drill", Kind::from_slug)?,
    })
}
