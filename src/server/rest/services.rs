//! Services for programs: how they fare, and what people say of them; and finding things by words.

use super::{
    List,
    problem::Problem,
    query::{Asked, bad},
    schema,
    sent::{Named, Sent},
};
use crate::{
    domain::{
        failure::FailureKind,
        search::Found,
        services::{Service, ServiceDraft},
        storms::AlertsSummary,
    },
    server::{
        auth::Principal,
        state::App,
        usecases::{search, services, storms},
    },
};
use axum::{Json, extract::State};
use serde_json::Value;
use std::sync::Arc;

/// Services with how they fare, those with open incidents first.
#[utoipa::path(get, path = "/api/v1/services", tag = "services", operation_id = "listServices",
    params(
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<i64>, Query, description = "1 to 500, default 100"),
        ("owner" = Option<String>, Query, description = "Only those of this owner"),
        ("tier" = Option<i64>, Query, description = "Only those of this tier, 1 to 5"),
    ),
    responses((status = 200, description = "A page of services", body = schema::Services), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn list(State(app): State<Arc<App>>, principal: Principal, asked: Asked) -> Result<Json<List<Service>>, Problem> {
    let limit = usize::try_from(asked.limit()?).unwrap_or(usize::MAX);
    let after = asked.one("cursor", "the next_cursor of the page before", |text| text.strip_prefix("after:").map(str::to_owned))?;
    let (owner, tier) = (asked.text("owner"), asked.one("tier", "a number from 1 to 5", |text| text.parse::<i64>().ok())?);
    let mut items = services::list(&app, &principal.actor).await?;
    items.retain(|service| owner.is_none_or(|owner| service.owner.as_deref() == Some(owner)) && tier.is_none_or(|tier| service.tier == Some(tier)));
    if let Some(after) = after {
        let at = items.iter().position(|service| service.name == after).ok_or_else(|| bad("cursor", "the next_cursor of the page before"))?;
        items.drain(..=at);
    }
    let more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = items.last().filter(|_| more).map(|last| format!("after:{}", last.name));
    Ok(Json(List { items, next_cursor }))
}

/// One service by its name.
#[utoipa::path(get, path = "/api/v1/services/{name}", tag = "services", operation_id = "readService",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 200, description = "The service", body = schema::Service), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn read(State(app): State<Arc<App>>, principal: Principal, Named(name): Named) -> Result<Json<Service>, Problem> {
    Ok(Json(services::read(&app, &principal.actor, &name).await?))
}

/// Says what a service is: owner, tier, description and links, whole. One that is not known is made.
#[utoipa::path(put, path = "/api/v1/services/{name}", tag = "services", operation_id = "describeService",
    params(("name" = String, Path, description = "Its name")),
    request_body = schema::ServiceDraft,
    responses((status = 200, description = "The service", body = schema::Service), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn put(State(app): State<Arc<App>>, principal: Principal, Named(name): Named, Sent(draft): Sent<ServiceDraft>) -> Result<Json<Service>, Problem> {
    Ok(Json(services::describe(&app, &principal.actor, &name, draft).await?))
}

/// Changes what is said of a service: fields that are absent stay.
#[utoipa::path(patch, path = "/api/v1/services/{name}", tag = "services", operation_id = "changeService",
    params(("name" = String, Path, description = "Its name")),
    request_body = schema::ServiceDraft,
    responses((status = 200, description = "The service", body = schema::Service), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn patch(State(app): State<Arc<App>>, principal: Principal, Named(name): Named, Sent(sent): Sent<Value>) -> Result<Json<Service>, Problem> {
    let invalid = |words: String| Problem::new(FailureKind::Invalid, "invalid_body", format!("the body does not fit: {words}"));
    let Value::Object(sent) = sent else { return Err(invalid("it is an object of the fields to change".to_owned())) };
    let before = services::draft(&app, &principal.actor, &name).await?;
    let mut whole = serde_json::to_value(before).map_err(|error| invalid(error.to_string()))?;
    if let Some(fields) = whole.as_object_mut() {
        fields.extend(sent);
    }
    let draft = serde_json::from_value(whole).map_err(|error| invalid(error.to_string()))?;
    Ok(Json(services::describe(&app, &principal.actor, &name, draft).await?))
}

/// Finds incidents, services and alerts by words, or an incident by its number.
#[utoipa::path(get, path = "/api/v1/search", tag = "search", operation_id = "search",
    params(
        ("q" = Option<String>, Query, description = "Words, INC-12 or 12"),
        ("limit" = Option<i64>, Query, description = "How many of each kind: 1 to 500, default 100"),
    ),
    responses((status = 200, description = "What was found", body = schema::Found), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn find(State(app): State<Arc<App>>, principal: Principal, asked: Asked) -> Result<Json<Found>, Problem> {
    Ok(Json(search::find(&app, &principal.actor, asked.text("q").unwrap_or_default(), asked.limit()?).await?))
}

/// The alerts of an incident, added up by service, those first that began first.
#[utoipa::path(get, path = "/api/v1/incidents/{id}/alerts/summary", tag = "incidents", operation_id = "summariseAlerts",
    params(("id" = String, Path, description = "Its id, or its reference: INC-12")),
    responses((status = 200, description = "The alerts by service", body = schema::AlertsSummary), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn storm(State(app): State<Arc<App>>, principal: Principal, Named(id): Named) -> Result<Json<AlertsSummary>, Problem> {
    Ok(Json(storms::summary(&app, &principal.actor, &id).await?))
}
