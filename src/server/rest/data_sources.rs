//! Data sources for programs. Secrets go in and never come out.

use super::{
    List,
    problem::Problem,
    query::Asked,
    schema,
    sent::{Named, Sent},
};
use crate::{
    domain::data_source::{DataSource, DataSourceDraft, SourceTried},
    server::{auth::Principal, state::App, usecases::data_sources},
};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use std::sync::Arc;

/// Every data source, by name.
#[utoipa::path(get, path = "/api/v1/data-sources", tag = "objectives", operation_id = "listDataSources",
    params(
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<i64>, Query, description = "1 to 500, default 100"),
    ),
    responses((status = 200, description = "A page of data sources", body = schema::DataSources), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn list(State(app): State<Arc<App>>, principal: Principal, asked: Asked) -> Result<Json<List<DataSource>>, Problem> {
    let items = data_sources::list(&app, &principal.actor).await?;
    Ok(Json(asked.cut(items, |source| (0, source.name.clone()))?))
}

/// Makes a data source.
#[utoipa::path(post, path = "/api/v1/data-sources", tag = "objectives", operation_id = "createDataSource",
    request_body = schema::DataSourceDraft,
    responses((status = 201, description = "The data source", body = schema::DataSource), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn create(State(app): State<Arc<App>>, principal: Principal, Sent(draft): Sent<DataSourceDraft>) -> Result<Response, Problem> {
    let made = data_sources::create(&app, &principal.actor, draft).await?;
    let location = format!("/api/v1/data-sources/{}", made.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(made)).into_response())
}

/// One data source.
#[utoipa::path(get, path = "/api/v1/data-sources/{id}", tag = "objectives", operation_id = "readDataSource",
    params(("id" = String, Path, description = "Its id or name")),
    responses((status = 200, description = "The data source", body = schema::DataSource), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn read(State(app): State<Arc<App>>, principal: Principal, Named(id): Named) -> Result<Json<DataSource>, Problem> {
    Ok(Json(data_sources::read(&app, &principal.actor, &id).await?))
}

/// Changes a data source: what is absent stays, secrets too. At another address they have to be
/// given again.
#[utoipa::path(patch, path = "/api/v1/data-sources/{id}", tag = "objectives", operation_id = "changeDataSource",
    params(("id" = String, Path, description = "Its id or name")),
    request_body = schema::DataSourceDraft,
    responses((status = 200, description = "The data source", body = schema::DataSource), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn change(
    State(app): State<Arc<App>>,
    principal: Principal,
    Named(id): Named,
    Sent(draft): Sent<DataSourceDraft>,
) -> Result<Json<DataSource>, Problem> {
    Ok(Json(data_sources::change(&app, &principal.actor, &id, draft).await?))
}

/// Removes a data source that no objective asks.
#[utoipa::path(delete, path = "/api/v1/data-sources/{id}", tag = "objectives", operation_id = "removeDataSource",
    params(("id" = String, Path, description = "Its id or name")),
    responses((status = 204, description = "It is gone"), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn remove(State(app): State<Arc<App>>, principal: Principal, Named(id): Named) -> Result<StatusCode, Problem> {
    data_sources::remove(&app, &principal.actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks a data source for a sign of life. That it does not answer is an answer.
#[utoipa::path(post, path = "/api/v1/data-sources/{id}/test", tag = "objectives", operation_id = "testDataSource",
    params(("id" = String, Path, description = "Its id or name")),
    responses((status = 200, description = "What answered, or why nothing did", body = schema::SourceTried), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn test(State(app): State<Arc<App>>, principal: Principal, Named(id): Named) -> Result<Json<SourceTried>, Problem> {
    Ok(Json(data_sources::test(&app, &principal.actor, &id).await?))
}
