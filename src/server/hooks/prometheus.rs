//! The part of Alertmanager's API v2 that senders of alerts use, so that a Prometheus can point
//! straight here. It answers in Alertmanager's words: an empty 200, else one JSON text.

use super::door;
use crate::server::{
    rest::problem::Problem,
    sources::{self, Source},
    state::App,
    usecases::intake::Accepted,
};
use axum::{
    Json,
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;
use std::sync::Arc;

pub const SOURCE: &Source = &sources::prometheus::SOURCE;

/// `POST /api/v2/alerts` with the key in `Authorization`.
pub async fn alerts(State(app): State<Arc<App>>, request: Request) -> Response {
    deliver(&app, None, request).await
}

pub async fn deliver(app: &App, token: Option<&str>, request: Request) -> Response {
    match door::accept(app, SOURCE, token, request).await {
        Ok(accepted) => match status_of(SOURCE, &accepted) {
            StatusCode::OK => StatusCode::OK.into_response(),
            status => (status, Json(accepted.rejected_words)).into_response(),
        },
        Err(problem) => refused(&problem),
    }
}

/// A Prometheus hears 400 when one alert of a list cannot be understood. The others are stored
/// already: whoever sent the list does not send it again.
pub fn status_of(source: &Source, accepted: &Accepted) -> StatusCode {
    if source.slug == SOURCE.slug && !accepted.rejected_words.is_empty() { StatusCode::BAD_REQUEST } else { StatusCode::OK }
}

fn refused(problem: &Problem) -> Response {
    let mut answer = (problem.status(), Json(problem.words())).into_response();
    if let Some(secs) = problem.retry_after_secs() {
        answer.headers_mut().insert(header::RETRY_AFTER, secs.into());
    }
    answer
}

/// What senders ask to see whether an Alertmanager is there.
pub async fn status() -> impl IntoResponse {
    Json(json!({
        "cluster": { "status": "disabled", "peers": [] },
        "versionInfo": { "version": env!("CARGO_PKG_VERSION"), "revision": "", "branch": "", "buildUser": "", "buildDate": "", "goVersion": "" },
        "config": { "original": "" },
        "uptime": "1970-01-01T00:00:00Z",
    }))
}

pub async fn healthy() -> &'static str {
    "OK"
}
