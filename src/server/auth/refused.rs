//! How a layer tells a request that it goes no further.

use crate::domain::failure::Failure;
use axum::{
    Json,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde_json::json;

/// Where the app's own calls live; their answers are read as [`Failure`].
pub const SERVER_FNS: &str = "/api/fn/";

/// The refusal in the shape that whoever asks for `path` reads: the app a [`Failure`], programs
/// `application/problem+json`.
pub fn response(path: &str, failure: &Failure) -> Response {
    let status = StatusCode::from_u16(failure.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if path.starts_with(SERVER_FNS) {
        return (status, Json(failure)).into_response();
    }
    let detail = failure.next.as_ref().map_or_else(|| failure.words.clone(), |next| format!("{}. {next}", failure.words));
    let problem = json!({ "type": "about:blank", "title": failure.words, "status": status.as_u16(), "code": failure.code, "detail": detail });
    (status, [(CONTENT_TYPE, "application/problem+json")], problem.to_string()).into_response()
}
