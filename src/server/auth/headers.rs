//! What browsers are told about every answer.

use crate::server::reports::PATH as REPORTS;
use axum::{
    extract::Request,
    http::{
        HeaderMap, HeaderName, HeaderValue,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS},
    },
    response::Response,
};
use std::sync::Arc;

/// The one policy of all pages. The hashes are those of the shell's inline script and style, as
/// base64 of their SHA-256; hashes and not nonces, because the shell is cached.
pub fn content_security_policy(script_hashes: &[String], style_hashes: &[String]) -> String {
    let listed = |hashes: &[String]| hashes.iter().map(|hash| format!(" 'sha256-{hash}'")).collect::<String>();
    format!(
        "default-src 'self'; script-src 'self'{} 'wasm-unsafe-eval'; style-src 'self'{}; img-src 'self' data:; object-src 'none'; base-uri 'none'; \
         worker-src 'self'; frame-ancestors 'none'; form-action 'self'; report-uri {REPORTS}",
        listed(script_hashes),
        listed(style_hashes)
    )
}

/// The headers of [`add`], made once.
#[derive(Clone, Debug)]
pub struct SecurityHeaders(Arc<HeaderMap>);

impl SecurityHeaders {
    /// `secure`: people reach us by https alone, and browsers may remember that.
    pub fn new(policy: HeaderValue, secure: bool) -> Self {
        let mut headers = vec![
            (CONTENT_SECURITY_POLICY, policy),
            (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
            (HeaderName::from_static("permissions-policy"), HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()")),
            (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
            (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        ];
        if secure {
            headers.push((STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000")));
        }
        Self(Arc::new(headers.into_iter().collect()))
    }

    /// Adds them to those of an answer, and keeps answers of `/api/` out of every cache unless they
    /// say otherwise themselves.
    pub fn add_to(&self, headers: &mut HeaderMap, is_api: bool) {
        if headers.is_empty() {
            // One copy of all is cheaper than one after the other.
            headers.clone_from(&self.0);
        } else {
            headers.extend(self.0.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        if is_api {
            headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store, private"));
        }
    }
}

/// Adds the headers to what `next` answers.
pub async fn add<F: Future<Output = Response>>(fixed: SecurityHeaders, request: Request, next: impl FnOnce(Request) -> F) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let mut response = next(request).await;
    fixed.add_to(response.headers_mut(), is_api);
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{
        Router,
        body::Body,
        middleware::{Next, from_fn},
        routing::get,
    };
    use tower::ServiceExt;

    #[test]
    fn the_policy_names_the_hashes_and_nothing_unsafe_but_wasm() {
        assert_eq!(
            content_security_policy(&["AAA=".to_owned(), "BBB=".to_owned()], &["CCC=".to_owned()]),
            "default-src 'self'; script-src 'self' 'sha256-AAA=' 'sha256-BBB=' 'wasm-unsafe-eval'; style-src 'self' 'sha256-CCC='; img-src 'self' data:; \
             object-src 'none'; base-uri 'none'; worker-src 'self'; frame-ancestors 'none'; form-action 'self'; report-uri /csp-report"
        );
        assert!(content_security_policy(&[], &[]).contains("style-src 'self'; "));
    }

    async fn answered(path: &str, secure: bool) -> Response {
        let headers = SecurityHeaders::new(HeaderValue::from_static("default-src 'self'"), secure);
        let cached = get(|| async { ([(CACHE_CONTROL, "max-age=60")], "") });
        let app = Router::new()
            .route("/api/cached", cached)
            .route("/api/x", get(|| async {}))
            .route("/page", get(|| async {}))
            .layer(from_fn(move |request: Request, next: Next| add(headers.clone(), request, |request| next.run(request))));
        let request = Request::get(path).body(Body::empty()).expect("a request");
        app.oneshot(request).await.expect("an answer")
    }

    #[tokio::test]
    async fn every_answer_carries_them_and_api_answers_are_not_cached_by_accident() {
        let page = answered("/page", false).await;
        for name in [CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS, REFERRER_POLICY, X_FRAME_OPTIONS] {
            assert!(page.headers().contains_key(&name), "{name}");
        }
        assert!(!page.headers().contains_key(CACHE_CONTROL) && !page.headers().contains_key(STRICT_TRANSPORT_SECURITY));
        let api = answered("/api/x", true).await;
        assert_eq!(api.headers()[CACHE_CONTROL], "no-store, private");
        assert_eq!(api.headers()[STRICT_TRANSPORT_SECURITY], "max-age=31536000");
        assert_eq!(answered("/api/cached", false).await.headers()[CACHE_CONTROL], "max-age=60");
    }
}
