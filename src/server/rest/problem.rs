//! Failures as `application/problem+json` (RFC 9457), with a stable `code` and what to do next.

use crate::{
    domain::failure::{Failure, FailureKind},
    server::error::ServerError,
};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

/// How long a caller waits before it tries again, when the trouble is ours.
pub const RETRY_AFTER_SECS: u64 = 5;

/// A failure on its way out of the REST door.
#[derive(Debug)]
pub struct Problem {
    failure: Box<Failure>,
    /// Where it is not the one of the failure's kind.
    status: Option<StatusCode>,
    retry_after_secs: Option<u64>,
}

impl Problem {
    pub fn new(kind: FailureKind, code: &str, words: impl Into<String>) -> Self {
        Failure::new(kind, code, words).into()
    }

    pub fn with_next(mut self, next: impl Into<String>) -> Self {
        self.failure.next = Some(next.into());
        self
    }

    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = Some(status);
        self
    }

    pub fn retry_after(mut self, secs: u64) -> Self {
        self.retry_after_secs = Some(secs);
        self
    }

    pub fn failure(&self) -> &Failure {
        &self.failure
    }

    pub fn words(&self) -> &str {
        &self.failure.words
    }

    pub fn code(&self) -> &str {
        &self.failure.code
    }

    pub fn retry_after_secs(&self) -> Option<u64> {
        self.retry_after_secs
    }

    pub fn status(&self) -> StatusCode {
        self.status.unwrap_or_else(|| StatusCode::from_u16(self.failure.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let retry_after_secs = failure.is_worth_retrying().then_some(RETRY_AFTER_SECS);
        Self { failure: Box::new(failure), status: None, retry_after_secs }
    }
}

impl From<ServerError> for Problem {
    fn from(error: ServerError) -> Self {
        error.into_failure().into()
    }
}

impl From<crate::server::store::StoreError> for Problem {
    fn from(error: crate::server::store::StoreError) -> Self {
        ServerError::from(error).into()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut body = json!({
            "type": "about:blank",
            "title": status.canonical_reason().unwrap_or("Error"),
            "status": status.as_u16(),
            "detail": self.failure.words,
            "code": self.failure.code,
        });
        for (name, value) in [("next", self.failure.next), ("reference", self.failure.reference)] {
            if let Some(value) = value {
                body[name] = value.into();
            }
        }
        let mut answer = (status, body.to_string()).into_response();
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(secs) = self.retry_after_secs {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        answer
    }
}

pub fn unauthenticated(words: &str) -> Problem {
    Problem::new(FailureKind::Unauthenticated, "unauthenticated", words).with_next("Sign in, or send an API token as Authorization: Bearer …")
}

/// Nothing lives at this address.
pub async fn no_such_route() -> Problem {
    Problem::new(FailureKind::NotFound, "unknown_route", "there is nothing at this address").with_next("GET /api/openapi.json lists what there is.")
}

/// The address exists, but not for this method.
pub async fn no_such_method() -> Problem {
    Problem::new(FailureKind::Malformed, "method_not_allowed", "this address does not know that method").with_status(StatusCode::METHOD_NOT_ALLOWED)
}

/// A panic in a handler: told apart from everything else, because it is a mistake in Tocsin.
pub fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    Problem::new(FailureKind::Unavailable, "internal", "something went wrong on the server")
        .with_status(StatusCode::INTERNAL_SERVER_ERROR)
        .with_next("Try again; if it stays, tell whoever runs Tocsin: the server's log names the place.")
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn shown(problem: Problem) -> (StatusCode, HeaderValue, serde_json::Value, Option<HeaderValue>) {
        let answer = problem.into_response();
        let (parts, body) = answer.into_parts();
        let bytes = axum::body::to_bytes(body, 10_000).await.expect("it is short");
        let retry = parts.headers.get(header::RETRY_AFTER).cloned();
        (parts.status, parts.headers[header::CONTENT_TYPE].clone(), serde_json::from_slice(&bytes).expect("it is JSON"), retry)
    }

    #[tokio::test]
    async fn a_failure_keeps_its_code_words_and_next_step() {
        let failure = Failure::new(FailureKind::Refused, "already_resolved", "it was resolved already").with_next("Reopen it first.");
        let (status, content_type, body, retry) = shown(failure.into()).await;
        assert_eq!((status, content_type.to_str().ok()), (StatusCode::CONFLICT, Some("application/problem+json")));
        assert_eq!(
            body,
            json!({"type": "about:blank", "title": "Conflict", "status": 409, "detail": "it was resolved already", "code": "already_resolved", "next": "Reopen it first."})
        );
        assert_eq!(retry, None);
    }

    #[tokio::test]
    async fn trouble_of_our_own_asks_to_come_back() {
        let (status, _, body, retry) = shown(Problem::from(crate::server::store::StoreError::Overloaded)).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(retry.and_then(|value| value.to_str().ok().map(str::to_owned)), Some("5".to_owned()));
        assert!(body["reference"].is_string(), "{body}");
    }
}
