//! What a program sent: its JSON body and the headers that go with it.

use super::problem::Problem;
use crate::{domain::failure::FailureKind, server::body};
use axum::{
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{HeaderMap, HeaderName, header, request::Parts},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The largest body of a REST call.
pub const MAX_BODY: usize = 1024 * 1024;

/// The body as a JSON object of a known shape, whatever its content type says.
pub struct Sent<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, sent) = request.into_parts();
        let bytes = body::read(&parts.headers, sent, MAX_BODY).await?;
        fitting(&bytes).map(Self)
    }
}

/// The same, where nothing at all stands for the defaults.
pub struct SentOrNothing<T>(pub T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for SentOrNothing<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, sent) = request.into_parts();
        let bytes = body::read(&parts.headers, sent, MAX_BODY).await?;
        if bytes.trim_ascii().is_empty() { Ok(Self(T::default())) } else { fitting(&bytes).map(Self) }
    }
}

/// The body as it is, whatever its content type says.
pub struct SentText(pub Vec<u8>);

impl<S: Send + Sync> FromRequest<S> for SentText {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, sent) = request.into_parts();
        Ok(Self(body::read(&parts.headers, sent, MAX_BODY).await?.to_vec()))
    }
}

fn fitting<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    fit(json(bytes)?)
}

/// JSON as what it is meant to be. What is sent goes by its names: a list would be read as their
/// values in the order in which they happen to be declared.
pub fn fit<T: DeserializeOwned>(sent: Value) -> Result<T, Problem> {
    let invalid = |words: &dyn std::fmt::Display| Problem::new(FailureKind::Invalid, "invalid_body", format!("the body does not fit: {words}"));
    match sent {
        Value::Object(_) => T::deserialize(sent).map_err(|error| invalid(&error)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Err(invalid(&"an object was expected")),
    }
}

/// The last part of an address that names something. What cannot even be read names nothing.
pub struct Named(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let name = Path::<String>::from_request_parts(parts, state).await;
        name.map(|Path(name)| Self(name)).map_err(|_| Problem::new(FailureKind::NotFound, "unknown", "there is nothing of that name"))
    }
}

/// JSON, or where it stops being it.
pub fn json(bytes: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        let words = format!("the body is not JSON: {error}");
        Problem::new(FailureKind::Malformed, "malformed_json", words)
    })
}

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The caller's key for this command; without one, a new one, so that nothing is repeated by it.
pub fn idempotency_key(headers: &HeaderMap) -> Result<String, Problem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(uuid::Uuid::new_v4().to_string()) };
    let key = std::str::from_utf8(value.as_bytes()).map(str::trim).unwrap_or_default();
    if key.is_empty() {
        return Err(Problem::new(FailureKind::Malformed, "bad_idempotency_key", "Idempotency-Key is empty or not UTF-8"));
    }
    Ok(key.to_owned())
}

/// The version the caller last saw: `If-Match: "7"`, also without quotes; `*` is any.
pub fn if_match(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let number = text.trim_start_matches("W/").trim_matches('"').parse::<i64>();
    number.map(Some).map_err(|_| Problem::new(FailureKind::Malformed, "bad_if_match", "If-Match names a version: \"7\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn with(name: HeaderName, value: &'static [u8]) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_bytes(value).expect("a header's value"))])
    }

    #[test]
    fn a_version_is_read_with_and_without_quotes() {
        for (text, version) in [(&b"\"7\""[..], Some(7)), (b"7", Some(7)), (b"W/\"7\"", Some(7)), (b"*", None)] {
            assert_eq!(if_match(&with(header::IF_MATCH, text)).expect("it is a version"), version);
        }
        assert_eq!(if_match(&HeaderMap::new()).expect("none is fine"), None);
        assert!(if_match(&with(header::IF_MATCH, b"seven")).is_err());
    }

    #[test]
    fn a_key_is_any_text_and_a_missing_one_is_made() {
        assert_eq!(idempotency_key(&with(IDEMPOTENCY_KEY, b" deploy 12 ")).expect("any text"), "deploy 12");
        assert_eq!(idempotency_key(&with(IDEMPOTENCY_KEY, "schlüssel".as_bytes())).expect("UTF-8 is fine"), "schlüssel");
        assert!(idempotency_key(&with(IDEMPOTENCY_KEY, b"\xff")).is_err());
        assert_ne!(idempotency_key(&HeaderMap::new()).expect("made"), idempotency_key(&HeaderMap::new()).expect("made"));
    }

    #[test]
    fn a_list_is_no_record() {
        #[derive(Debug, serde::Deserialize)]
        struct Titled {
            title: String,
        }
        assert_eq!(fitting::<Titled>(br#"{"title": "t"}"#).expect("it fits").title, "t");
        for sent in ["[\"t\"]", "[]", "null", "7", "\"t\""] {
            assert_eq!(fitting::<Titled>(sent.as_bytes()).expect_err("it is no object").code(), "invalid_body", "{sent}");
        }
    }

    #[test]
    fn bad_json_is_told_with_its_place() {
        let problem = json(b"{\n  \"a\": x\n}").expect_err("it is not JSON");
        assert!(problem.words().contains("line 2"), "{}", problem.words());
        let deep = format!("{}{}", "[".repeat(129), "]".repeat(129));
        assert_eq!(json(deep.as_bytes()).expect_err("it is too deep").status(), axum::http::StatusCode::BAD_REQUEST);
    }
}
