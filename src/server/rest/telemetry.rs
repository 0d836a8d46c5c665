//! Telemetry for programs: the same figures as the debug board.

mod params;

use super::{
    List,
    problem::Problem,
    query::{Asked, bad},
    schema,
};
use crate::{
    domain::{
        failure::FailureKind,
        telemetry::{
            changed::ChangedPage,
            differences::Difference,
            origin::{PanelSource, ReadFrom},
            panels::{
                Attribute, ErrorMap, GaugeMap, Graph, Holdings, Latency, LogPage, LogQuestion, Question, Range, TraceOrder, TracePage, TraceQuestion, Traffic,
            },
        },
        time::Timestamp,
    },
    server::{
        auth::Principal,
        observed::{details::LogPlace, panels::By, traces::Place},
        otlp::ids,
        state::App,
        usecases::{changed, telemetry},
    },
};
use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
};
use params::{Baseline, Of, Paged, Ranged, Sourced, Stepped};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

/// The range when nobody says one: the last hour.
const DEFAULT_RANGE_S: i64 = 3_600;
/// Names of attributes stand behind this.
const ATTRIBUTE: &str = "attribute.";

fn range(asked: &Asked, now: Timestamp) -> Result<Range, Problem> {
    let to = asked.time("to")?.unwrap_or(now);
    let from = asked.time("from")?.unwrap_or_else(|| to.plus_secs(-DEFAULT_RANGE_S));
    checked(Range { from, to })
}

fn checked(range: Range) -> Result<Range, Problem> {
    if range.from < range.to { Ok(range) } else { Err(bad("from", "an instant before the end of its range")) }
}

fn text(asked: &Asked, name: &str) -> Option<String> {
    asked.text(name).map(str::to_owned)
}

fn question(asked: &Asked, now: Timestamp) -> Result<Question, Problem> {
    let baseline = match (asked.time("baseline_from")?, asked.time("baseline_to")?) {
        (Some(from), Some(to)) => Some(checked(Range { from, to })?),
        (None, None) => None,
        _ => return Err(bad("baseline_from", "it comes together with baseline_to")),
    };
    let step_s = asked.one("step_s", "seconds, 1 to 86400", |text| text.parse::<u32>().ok().filter(|step| (1..=86_400).contains(step)))?;
    Ok(Question {
        range: range(asked, now)?,
        baseline,
        service: text(asked, "service"),
        operation: text(asked, "operation"),
        step_s,
        source: text(asked, "source"),
    })
}

/// An answer, and what it was made from where that is a data source.
#[derive(Serialize)]
pub struct Told<T> {
    #[serde(flatten)]
    answer: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_from: Option<ReadFrom>,
}

impl<T> Told<T> {
    fn new(answer: T, read_from: Option<ReadFrom>) -> Json<Self> {
        Json(Self { answer, read_from })
    }
}

async fn traffic(app: &App, principal: &Principal, asked: &Asked, by: By) -> Result<Json<Told<List<Traffic>>>, Problem> {
    let question = question(asked, app.clock().now())?;
    let read_from = telemetry::origin(app, &principal.actor, &question).await?;
    let items = telemetry::traffic(app, &principal.actor, question, by).await?;
    Ok(Told::new(List { items, next_cursor: None }, read_from))
}

/// Services by their calls: requests are the spans with which a service was entered.
#[utoipa::path(get, path = "/api/v1/telemetry/services", tag = "telemetry", operation_id = "telemetryServices",
    params(Ranged, Baseline, Of, Sourced),
    responses((status = 200, description = "All of them, those with the most requests first", body = schema::TelemetryTraffic), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn services(State(app): State<Arc<App>>, principal: Principal, asked: Asked) -> Result<Json<Told<List<Traffic>>>, Problem> {
    traffic(&app, &principal, &asked, By::Service).await
}

/// Operations by how often they ran: all spans, by service and name.
#[utoipa::path(get, path = "/api/v1/telemetry/operations", tag = "telemetry", operation_id = "telemetryOperations",
    params(Ranged, Baseline, Of, Sourced),
    responses((status = 200, description = "All of them, those with the most requests first", body = schema::TelemetryTraffic), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn operations(State(app): State<Arc<App>>, principal: Principal, asked: Asked) -> Result<Json<Told<List<Traffic>>>, Problem> {
    traffic(&app, &principal, &asked, By::Operation).await
}

/// Who calls a service, or one operation of it. Calls without a caller came from outside, or from
/// what sends no spans.
#[utoipa::path(get, path = "/api/v1/telemetry/callers", tag = "telemetry", operation_id = "telemetryCallers",
    params(Ranged, Baseline, Of, Sourced),
    responses((status = 200, description = "All of them, those with the most requests first", body = schema::TelemetryTraffic), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn callers(State(app): State<Arc<App>>, principal: Principal, asked: Asked) -> Result<Json<Told<List<Traffic>>>, Problem> {
    traffic(&app, &principal, &asked, By::Caller).await
}

/// How long calls took, over time and in all.
#[utoipa::path(get, path = "/api/v1/telemetry/latency", tag = "telemetry", operation_id = "telemetryLatency",
    params(Ranged, Baseline, Of, Stepped, Sourced),
    responses((status = 200, description = "The picture", body = schema::TelemetryLatency), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn latency(State(app): State<Arc<App>>, principal: Principal, asked: Asked) -> Result<Json<Told<Latency>>, Problem> {
    let question = question(&asked, app.clock().now())?;
    let read_from = telemetry::origin(&app, &principal.actor, &question).await?;
    Ok(Told::new(telemetry::latency(&app, &principal.actor, question).await?, read_from))
}

/// Errors over time, by service or by the operations of one.
#[utoipa::path(get, path = "/api/v1/telemetry/errors", tag = "telemetry", operation_id = "telemetryErrors",
    params(
        Ranged,
        ("service" = Option<String>, Query, description = "With it, the rows are its operations"),
        Stepped,
        Sourced,
    ),
    responses((status = 200, description = "The picture", body = schema::TelemetryErrors), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn errors(State(app): State<Arc<App>>, principal: Principal, asked: Asked) -> Result<Json<Told<ErrorMap>>, Problem> {
    let question = question(&asked, app.clock().now())?;
    let read_from = telemetry::origin(&app, &principal.actor, &question).await?;
    Ok(Told::new(telemetry::errors(&app, &principal.actor, question).await?, read_from))
}

/// Who calls whom.
#[utoipa::path(get, path = "/api/v1/telemetry/graph", tag = "telemetry", operation_id = "telemetryGraph",
    params(
        Ranged,
        Baseline,
        ("service" = Option<String>, Query, description = "Only it, whom it calls and who calls it"),
        Sourced,
    ),
    responses((status = 200, description = "The graph", body = schema::TelemetryGraph), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn graph(State(app): State<Arc<App>>, principal: Principal, asked: Asked) -> Result<Json<Told<Graph>>, Problem> {
    let question = question(&asked, app.clock().now())?;
    let read_from = telemetry::origin(&app, &principal.actor, &question).await?;
    Ok(Told::new(telemetry::graph(&app, &principal.actor, question).await?, read_from))
}

/// What sets a range apart from its baseline, most telling first. Only what passes its test and
/// its floor of size is told: an empty list means that nothing stands out.
#[utoipa::path(get, path = "/api/v1/telemetry/differences", tag = "telemetry", operation_id = "telemetryDifferences",
    params(
        Ranged,
        ("baseline_from" = Option<String>, Query, description = "Start of what it is compared with, before the range or after it; absent: the same length just before"),
        ("baseline_to" = Option<String>, Query, description = "End of what it is compared with"),
        ("service" = Option<String>, Query, description = "Only what is about it"),
        ("operation" = Option<String>, Query),
        Sourced,
    ),
    responses((status = 200, description = "What differs", body = schema::TelemetryDifferences), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn differences(State(app): State<Arc<App>>, principal: Principal, asked: Asked) -> Result<Json<Told<List<Difference>>>, Problem> {
    let question = question(&asked, app.clock().now())?;
    let question = Question { baseline: Some(telemetry::baseline_of(&question)), ..question };
    let read_from = telemetry::origin(&app, &principal.actor, &question).await?;
    let found = telemetry::differences(&app, &principal.actor, question).await?;
    Ok(Told::new(List { items: found.items, next_cursor: None }, read_from))
}

/// All that changed in a range. It is one page: `cut` names the kinds of which there was more.
#[derive(Serialize)]
pub struct ChangedList {
    #[serde(flatten)]
    page: ChangedPage,
    next_cursor: Option<String>,
}

/// What changed in a range, of whatever kind, the last first: deploys, how objectives stand, alerts,
/// maintenance, time that objectives leave out, and definitions. Of each kind the last hundred.
#[utoipa::path(get, path = "/api/v1/telemetry/changed", tag = "telemetry", operation_id = "telemetryChanged",
    params(Ranged, ("service" = Option<String>, Query, description = "Only what is of it, or of no service in particular")),
    responses((status = 200, description = "All of it, on one page", body = schema::TelemetryChanged), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn changed(State(app): State<Arc<App>>, principal: Principal, asked: Asked) -> Result<Json<ChangedList>, Problem> {
    let page = changed::between(&app, &principal.actor, range(&asked, app.clock().now())?, asked.text("service")).await?;
    Ok(Json(ChangedList { page, next_cursor: None }))
}

/// What instances measure of themselves, over time. Counters are told by their growth per second.
#[utoipa::path(get, path = "/api/v1/telemetry/gauges", tag = "telemetry", operation_id = "telemetryGauges",
    params(
        Ranged,
        ("service" = Option<String>, Query),
        Stepped,
    ),
    responses((status = 200, description = "At most 500 series", body = schema::TelemetryGauges), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn gauges(State(app): State<Arc<App>>, principal: Principal, asked: Asked) -> Result<Json<GaugeMap>, Problem> {
    Ok(Json(telemetry::gauges(&app, &principal.actor, question(&asked, app.clock().now())?).await?))
}

/// Traces whose root begins in the range. One span has to fit service, operation and attributes.
#[utoipa::path(get, path = "/api/v1/telemetry/traces", tag = "telemetry", operation_id = "telemetryTraces",
    params(
        Paged,
        Ranged,
        Of,
        ("min_s" = Option<f64>, Query, description = "The root takes at least so many seconds"),
        ("max_s" = Option<f64>, Query, description = "The root takes at most so many seconds"),
        ("errors" = Option<bool>, Query, description = "true: only those with a span in error"),
        ("order" = Option<String>, Query, description = "recent (default), slowest or errors"),
        Sourced,
        ("attribute.NAME" = Option<String>, Query, description = "A span or its resource has this value of the attribute NAME; may be given for several"),
    ),
    responses((status = 200, description = "A page of traces", body = schema::TelemetryTraces), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn traces(State(app): State<Arc<App>>, principal: Principal, asked: Asked) -> Result<Json<TracePage>, Problem> {
    let seconds = |text: &str| text.parse::<f64>().ok().filter(|seconds| seconds.is_finite() && *seconds >= 0.0);
    let question = TraceQuestion {
        range: range(&asked, app.clock().now())?,
        service: text(&asked, "service"),
        operation: text(&asked, "operation"),
        attributes: asked.under(ATTRIBUTE).map(|(name, value)| Attribute { name: name.to_owned(), value: value.to_owned() }).collect(),
        min_s: asked.one("min_s", "seconds, 0 or more", seconds)?,
        max_s: asked.one("max_s", "seconds, 0 or more", seconds)?,
        errors: asked.flag("errors")?.unwrap_or(false),
        order: asked.one("order", "recent, slowest or errors", TraceOrder::from_slug)?.unwrap_or_default(),
        source: text(&asked, "source"),
    };
    let cursor = asked.cursor(|cursor| Place::parse(cursor).is_some())?;
    let limit = usize::try_from(asked.limit()?).unwrap_or(1);
    Ok(Json(telemetry::traces(&app, &principal.actor, question, cursor, limit).await?))
}

/// A trace as it was sent, each span once, as OTLP's JSON. One that was not sent here is asked of
/// the data sources that keep traces.
#[utoipa::path(get, path = "/api/v1/telemetry/traces/{id}", tag = "telemetry", operation_id = "telemetryTrace",
    params(
        ("id" = String, Path, description = "32 hexadecimal digits"),
        ("source" = Option<String>, Query, description = "The name or id of the data source that alone is asked"),
    ),
    responses((status = 200, description = "The trace", body = schema::TelemetryTrace), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn trace(State(app): State<Arc<App>>, principal: Principal, id: Result<Path<String>, PathRejection>, asked: Asked) -> Result<Json<Value>, Problem> {
    let Path(id) = id.map_err(|_| Problem::new(FailureKind::NotFound, "unknown_trace", "there is no such trace"))?;
    Ok(Json(telemetry::trace(&app, &principal.actor, &id, asked.text("source")).await?))
}

/// The data sources that panels and traces can be read from, by name.
#[utoipa::path(get, path = "/api/v1/telemetry/sources", tag = "telemetry", operation_id = "telemetrySources",
    responses((status = 200, description = "All of them, on one page", body = schema::TelemetrySources), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn sources(State(app): State<Arc<App>>, principal: Principal) -> Result<Json<List<PanelSource>>, Problem> {
    Ok(Json(List { items: telemetry::sources(&app, &principal.actor).await?, next_cursor: None }))
}

/// Log records, the last first. Of a trace: without a range, all that are kept.
#[utoipa::path(get, path = "/api/v1/telemetry/logs", tag = "telemetry", operation_id = "telemetryLogs",
    params(
        Paged,
        ("from" = Option<String>, Query, description = "Start of the range; absent: an hour before its end, or all of a trace"),
        ("to" = Option<String>, Query, description = "End of the range, not part of it; absent: now"),
        ("trace_id" = Option<String>, Query),
        ("span_id" = Option<String>, Query),
        ("service" = Option<String>, Query),
        ("min_severity" = Option<i64>, Query, description = "1 to 24, as OpenTelemetry numbers severities; 17 is ERROR"),
    ),
    responses((status = 200, description = "A page of log records", body = schema::TelemetryLogs), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn logs(State(app): State<Arc<App>>, principal: Principal, asked: Asked) -> Result<Json<LogPage>, Problem> {
    let trace_id = asked.one("trace_id", "32 hexadecimal digits", |text| ids::parse_trace(text).map(ids::trace_text))?;
    let span_id = asked.one("span_id", "16 hexadecimal digits", |text| ids::parse_span(text).map(ids::span_text))?;
    let is_whole = trace_id.is_some() && asked.time("from")?.is_none() && asked.time("to")?.is_none();
    let range = if is_whole { Range { from: Timestamp::from_micros(0), to: Timestamp::MAX } } else { range(&asked, app.clock().now())? };
    let min_severity = asked.one("min_severity", "1 to 24", |text| text.parse::<u32>().ok().filter(|least| (1..=24).contains(least)))?;
    let question = LogQuestion { range, service: text(&asked, "service"), trace_id, span_id, min_severity };
    let cursor = asked.cursor(|cursor| LogPlace::parse(cursor).is_some())?;
    let limit = usize::try_from(asked.limit()?).unwrap_or(1);
    Ok(Json(telemetry::logs(&app, &principal.actor, question, cursor, limit).await?))
}

/// What is kept, how far back, and what was let go.
#[utoipa::path(get, path = "/api/v1/telemetry", tag = "telemetry", operation_id = "telemetryHoldings",
    responses((status = 200, description = "What is kept", body = schema::TelemetryHoldings), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn holdings(State(app): State<Arc<App>>, principal: Principal) -> Result<Json<Holdings>, Problem> {
    Ok(Json(telemetry::holdings(&app, &principal.actor).await?))
}
