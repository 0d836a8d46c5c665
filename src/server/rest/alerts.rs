//! Alerts for programs: read them, and send them with an API token instead of an integration's key.

use super::{List, problem::Problem, query::Asked, query::bad, schema, sent, sent::Named};
use crate::{
    domain::{
        alert::{Alert, AlertState},
        failure::FailureKind,
        ids::{AlertId, IntegrationId},
        severity::AlertSeverity,
    },
    server::{
        auth::Principal,
        body,
        state::App,
        store::{AlertFilter, Page},
        usecases::{incidents, intake},
    },
};
use axum::{
    Json,
    extract::{Request, State},
};
use serde::Serialize;
use std::sync::Arc;

/// An alert as programs read it.
#[derive(Serialize)]
pub struct Told {
    #[serde(flatten)]
    alert: Alert,
    no_incident_because: Option<&'static str>,
}

impl From<Alert> for Told {
    fn from(alert: Alert) -> Self {
        Self { no_incident_because: alert.no_incident_because(), alert }
    }
}

/// A page of alerts, the newest received first.
#[utoipa::path(get, path = "/api/v1/alerts", tag = "alerts", operation_id = "listAlerts",
    params(
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<i64>, Query, description = "1 to 500, default 100"),
        ("state" = Option<String>, Query, description = "triggered, acknowledged, resolved, or open for the first two"),
        ("severity" = Option<String>, Query, description = "critical, error, warning or info"),
        ("integration" = Option<String>, Query, description = "Id of the integration it came through"),
        ("source" = Option<String>, Query, description = "The source that read it: alertmanager, prometheus, …"),
        ("incident" = Option<String>, Query, description = "Id or reference of the incident it belongs to"),
        ("service" = Option<String>, Query),
        ("dedupe_key" = Option<String>, Query),
        ("has_incident" = Option<bool>, Query, description = "false: only those without an incident"),
        ("label.NAME" = Option<String>, Query, description = "Only alerts with this value of the label NAME, `!value`: without it; may be given for several labels"),
        ("q" = Option<String>, Query, description = "In the title or a label, whatever the case"),
        ("stale" = Option<bool>, Query, description = "true: only open ones whose sender has gone; false: all others"),
    ),
    responses((status = 200, description = "A page of alerts", body = schema::Alerts), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn list(State(app): State<Arc<App>>, principal: Principal, asked: Asked) -> Result<Json<List<Told>>, Problem> {
    let limit = asked.limit()?;
    let state = asked.text("state");
    let only_open = asked.flag("open")?.or(state.filter(|state| *state == "open").map(|_| true));
    let state = match state {
        None | Some("open") => None,
        Some(text) => Some(AlertState::from_slug(text).ok_or_else(|| bad("state", "triggered, acknowledged, resolved or open"))?),
    };
    let integration = match asked.text("integration") {
        Some(_) => asked.one("integration", "an integration's id", |text| text.parse::<IntegrationId>().ok())?,
        None => asked.one("integration_id", "an integration's id", |text| text.parse::<IntegrationId>().ok())?,
    };
    let incident = match asked.text("incident").or(asked.text("incident_id")) {
        Some(text) => Some(incidents::read(&app, &principal.actor, text).await?.id),
        None => None,
    };
    let filter = AlertFilter {
        labels: labels(&asked, false),
        not_labels: labels(&asked, true),
        state,
        open: only_open,
        severity: asked.one("severity", "critical, error, warning or info", |text| AlertSeverity::ALL.into_iter().find(|known| known.slug() == text))?,
        integration,
        source: asked.text("source").map(str::to_owned),
        incident,
        service: asked.text("service").map(str::to_owned),
        dedupe_key: asked.text("dedupe_key").map(str::to_owned),
        stale: asked.flag("stale")?,
        grouped: asked.flag("has_incident")?,
        text: asked.text("q").map(str::to_owned),
        ..AlertFilter::for_actor(principal.actor)
    };
    let Page { items, next_cursor } = app.store.alerts(&filter, asked.cursor(|cursor| cursor.parse::<AlertId>().is_ok())?, limit).await?;
    Ok(Json(Page { items: items.into_iter().map(Told::from).collect(), next_cursor }.into()))
}

/// The labels that are asked for, or those that are not wanted, behind a `!`.
fn labels(asked: &Asked, unwanted: bool) -> Vec<(String, String)> {
    let said = asked.under("label.").map(|(name, value)| match value.strip_prefix('!').filter(|rest| !rest.is_empty()) {
        Some(rest) => (true, name, rest),
        None => (false, name, value),
    });
    said.filter(|(is_not, ..)| *is_not == unwanted).map(|(_, name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// One alert.
#[utoipa::path(get, path = "/api/v1/alerts/{id}", tag = "alerts", operation_id = "readAlert",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "The alert", body = schema::Alert), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn read(State(app): State<Arc<App>>, principal: Principal, Named(id): Named) -> Result<Json<Told>, Problem> {
    let unknown = || Problem::new(FailureKind::NotFound, "unknown_alert", "there is no such alert");
    let id: AlertId = id.parse().map_err(|_| unknown())?;
    let alert = app.store.alert(id).await?.ok_or_else(unknown)?;
    if let Some(incident) = alert.incident_id {
        // An alert of a private incident is as invisible as the incident.
        let incident = app.store.incident(incident).await?;
        if incident.is_some_and(|incident| !incident.is_visible_to(&principal.actor)) {
            return Err(unknown());
        }
    }
    Ok(Json(alert.into()))
}

/// Sends one alert, or a list of them, in the shape of the generic source. Answers what became of
/// them once they are committed.
#[utoipa::path(post, path = "/api/v1/alerts", tag = "alerts", operation_id = "sendAlerts",
    request_body = schema::SentAlert,
    responses((status = 200, description = "What became of them; `alerts` are in the order sent", body = schema::Receipt), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn send(State(app): State<Arc<App>>, principal: Principal, request: Request) -> Result<Json<intake::Accepted>, Problem> {
    let (parts, sent) = request.into_parts();
    let bytes = body::read(&parts.headers, sent, sent::MAX_BODY).await?;
    sent::json(&bytes)?;
    Ok(Json(intake::by_rest(&app, &principal.actor, &bytes).await?))
}
