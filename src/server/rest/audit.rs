//! The audit log for programs and auditors.

use super::{List, problem::Problem, query::Asked, schema};
use crate::{
    domain::audit::{Action, AuditEntry},
    server::{
        auth::Principal,
        state::App,
        store::AuditFilter,
        usecases::audit::{self, Form},
    },
};
use axum::{
    Json,
    body::Body,
    extract::State,
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
    response::{IntoResponse, Response},
};
use std::sync::Arc;

/// Everything that was done here and is no event of an incident, the newest first; for admins.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", operation_id = "listAudit",
    params(
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<i64>, Query, description = "1 to 500, default 100"),
        ("from" = Option<String>, Query, description = "RFC 3339"),
        ("to" = Option<String>, Query, description = "RFC 3339, exclusive"),
        ("actor" = Option<String>, Query, description = "Who did it, by id or by name"),
        ("action" = Option<String>, Query, description = "What was done: `token.created`, or all of a kind: `token`"),
    ),
    responses((status = 200, description = "A page of the log", body = schema::AuditEntries), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn list(State(app): State<Arc<App>>, principal: Principal, asked: Asked) -> Result<Json<List<AuditEntry>>, Problem> {
    let cursor = asked.cursor(|cursor| cursor.parse::<i64>().is_ok_and(|seq| seq > 0))?;
    Ok(Json(audit::list(&app, &principal.actor, filter(&asked)?, cursor, asked.limit()?).await?.into()))
}

/// The log as a file, the newest first: a table that is safe in a spreadsheet, or JSON that also says whether the whole log holds.
#[utoipa::path(get, path = "/api/v1/audit/export", tag = "audit", operation_id = "exportAudit",
    params(
        ("format" = Option<String>, Query, description = "csv (default) or json"),
        ("from" = Option<String>, Query, description = "RFC 3339"),
        ("to" = Option<String>, Query, description = "RFC 3339, exclusive"),
        ("actor" = Option<String>, Query, description = "Who did it, by id or by name"),
        ("action" = Option<String>, Query, description = "What was done: `token.created`, or all of a kind: `token`"),
    ),
    responses(
        (status = 200, description = "The file", content((String = "text/csv"), (schema::AuditExport = "application/json"))),
        (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn export(State(app): State<Arc<App>>, principal: Principal, asked: Asked) -> Result<Response, Problem> {
    let form = asked.one("format", "csv or json", Form::from_slug)?.unwrap_or_default();
    let file = audit::export(&app, &principal.actor, filter(&asked)?, form).await?;
    let headers = [
        (CONTENT_TYPE, form.content_type().to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", form.file_name())),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, Body::from_stream(file)).into_response())
}

fn filter(asked: &Asked) -> Result<AuditFilter, Problem> {
    let action = asked.one("action", "an action as token.created, or a kind of them as token", |text| Action::is_filter(text).then(|| text.to_owned()))?;
    Ok(AuditFilter { from: asked.time("from")?, to: asked.time("to")?, actor: asked.text("actor").map(str::to_owned), action })
}
