//! How a layer tells a request that it goes no further.

use crate::domain::failure::{Failure, FailureKind};
use axum::{
    Json,
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use serde_json::json;

/// Where the app's own calls live; their answers are read as [`Failure`].
pub const SERVER_FNS: &str = "/api/fn/";

/// The refusal in the shape that whoever asks for `path` reads: the app a [`Failure`], programs
/// `application/problem+json`.
pub fn response(path: &str, failure: &Failure) -> Response {
    let status = StatusCode::from_u16(failure.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = if path.starts_with(SERVER_FNS) { (status, Json(failure)).into_response() } else { problem(status, failure) };
    let headers = response.headers_mut();
    if failure.kind == FailureKind::Unauthenticated {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if failure.kind == FailureKind::Unavailable {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

/// The refusal of whoever asks too often, with the seconds to wait.
pub fn limited(path: &str, failure: &Failure, retry_after_secs: u64) -> Response {
    let mut response = response(path, failure);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after_secs));
    response
}

fn problem(status: StatusCode, failure: &Failure) -> Response {
    let mut problem = json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or("Error"),
        "status": status.as_u16(),
        "detail": failure.words,
        "code": failure.code,
    });
    for (name, value) in [("next", &failure.next), ("reference", &failure.reference)] {
        if let Some(value) = value {
            problem[name] = value.as_str().into();
        }
    }
    (status, [(CONTENT_TYPE, "application/problem+json")], problem.to_string()).into_response()
}
