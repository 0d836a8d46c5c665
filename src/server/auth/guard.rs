//! Where a request may come from: our own pages, by our own name.
//!
//! A browser sends the session's cookie with every request, whoever made it. So what changes
//! something by session must show that one of our pages made it, twice: by what the browser says
//! about its origin, and by a header that no foreign page can set. Requests with a bearer token
//! need neither, because nothing sends that by itself.

use super::{Principal, Via, refused};
use crate::{
    domain::failure::{Failure, FailureKind},
    server::{config::Config, state::App},
};
use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, Method, Uri,
        header::{HOST, ORIGIN},
    },
    middleware::Next,
    response::Response,
};
use std::{net::IpAddr, sync::Arc};

/// The header that only the app's own script sends; its value is `1`.
const APP_HEADER: HeaderName = HeaderName::from_static("x-tocsin");
pub const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Middleware: refuses what changes something by session and does not come from our own pages.
/// It stands inside [`identify`](super::identify).
pub async fn same_origin(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let via = request.extensions().get::<Principal>().map(|principal| &principal.via);
    match judge(&app.config, request.method(), request.uri(), request.headers(), via) {
        Ok(()) => next.run(request).await,
        Err(failure) => refused::response(request.uri().path(), &failure),
    }
}

/// Middleware: while we listen on loopback, answers only to loopback's names and the public one.
/// Otherwise a foreign name that an attacker points at this machine would make their page ours.
pub async fn allow_host(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if is_allowed_host(&app.config, authority(request.uri(), request.headers())) {
        return next.run(request).await;
    }
    let failure = Failure::new(FailureKind::Forbidden, "unknown_host", "this server is not known by that name")
        .with_next("Use http://localhost, or start the server with the public address that people use.");
    refused::response(request.uri().path(), &failure)
}

fn judge(config: &Config, method: &Method, uri: &Uri, headers: &HeaderMap, via: Option<&Via>) -> Result<(), Failure> {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    // Signing in has no session yet and is guarded all the same: nobody may be signed in as somebody else unknowingly.
    let is_guarded = match via {
        Some(Via::Token { .. }) => false,
        Some(Via::Session { .. }) => true,
        None => uri.path().starts_with(refused::SERVER_FNS),
    };
    if !is_guarded || (is_from_here(config, uri, headers) && headers.get(APP_HEADER).is_some_and(|value| value == "1")) {
        return Ok(());
    }
    Err(Failure::new(FailureKind::Forbidden, "cross_site", "this request did not come from Tocsin's own pages")
        .with_next("Open Tocsin itself and do it there. Programs use an API token."))
}

/// Every browser says where a changing request comes from, in at least one of the two headers; a
/// program that sends neither is no browser and carries nobody's cookie unknowingly.
pub(in crate::server) fn is_from_here(config: &Config, uri: &Uri, headers: &HeaderMap) -> bool {
    let site_is_ours = headers.get(SEC_FETCH_SITE).is_none_or(|site| site == "same-origin" || site == "none");
    let origin_is_ours = headers.get(ORIGIN).is_none_or(|origin| {
        let origin = origin.to_str().unwrap_or_default();
        let host = authority(uri, headers);
        is_same_origin(origin, &config.public_url())
            || host.is_some_and(|host| ["http", "https"].iter().any(|scheme| is_same_origin(origin, &format!("{scheme}://{host}"))))
    });
    site_is_ours && origin_is_ours
}

fn is_same_origin(a: &str, b: &str) -> bool {
    let (Some(a), Some(b)) = (origin_of(a), origin_of(b)) else { return false };
    a == b
}

/// Scheme, host and port of an address; `null` and what cannot be read have none.
fn origin_of(address: &str) -> Option<(String, String, u16)> {
    let uri: Uri = address.parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?.to_lowercase(), uri.authority()?);
    let port = authority.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
    Some((scheme, authority.host().to_lowercase(), port))
}

/// The name we were called by: HTTP/1 says it in `Host`, HTTP/2 in the address.
fn authority<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    uri.authority().map(|authority| authority.as_str()).or_else(|| headers.get(HOST)?.to_str().ok())
}

/// Without a name it is no browser, and rebinding needs one.
fn is_allowed_host(config: &Config, authority: Option<&str>) -> bool {
    let Some(authority) = authority.filter(|_| config.listen.ip().is_loopback()) else { return true };
    let Ok(called) = authority.parse::<axum::http::uri::Authority>() else { return false };
    let host = called.host().trim_end_matches('.').to_lowercase();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = host == "localhost" || host.ends_with(".localhost") || bare.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
    is_loopback || origin_of(&config.public_url()).is_some_and(|(_, public, _)| public == host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::TokenId;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().expect("a header"))).collect()
    }

    fn a_session() -> Via {
        Via::Session { token_hash: "hash".to_owned() }
    }

    /// Whether a POST with these headers passes, by session.
    fn passes(config: &Config, pairs: &[(&'static str, &'static str)]) -> bool {
        judge(config, &Method::POST, &Uri::from_static("/api/fn/people/create"), &headers(pairs), Some(&a_session())).is_ok()
    }

    #[test]
    fn by_session_both_the_origin_and_the_apps_header_are_needed() {
        let config = Config::default();
        const HERE: (&str, &str) = ("host", "127.0.0.1:3000");
        const APP: (&str, &str) = ("x-tocsin", "1");
        assert!(passes(&config, &[HERE, APP, ("origin", "http://127.0.0.1:3000"), ("sec-fetch-site", "same-origin")]));
        assert!(passes(&config, &[HERE, APP, ("origin", "http://127.0.0.1:3000")]));
        assert!(passes(&config, &[HERE, APP, ("sec-fetch-site", "same-origin")]));
        assert!(passes(&config, &[HERE, APP]), "a program without either header is no browser");
        assert!(passes(&config, &[("host", "localhost:3000"), APP, ("origin", "http://localhost:3000")]));

        assert!(!passes(&config, &[HERE, ("origin", "http://127.0.0.1:3000"), ("sec-fetch-site", "same-origin")]), "no header of the app's");
        assert!(!passes(&config, &[HERE, ("x-tocsin", "0"), ("origin", "http://127.0.0.1:3000")]));
        for origin in ["https://evil.example", "http://127.0.0.1:3001", "http://localhost:3000", "null", "", "http://127.0.0.1:3000.evil.example"] {
            assert!(!passes(&config, &[HERE, APP, ("origin", origin)]), "{origin}");
        }
        for site in ["cross-site", "same-site"] {
            assert!(!passes(&config, &[HERE, APP, ("sec-fetch-site", site)]), "{site}");
            assert!(!passes(&config, &[HERE, APP, ("origin", "http://127.0.0.1:3000"), ("sec-fetch-site", site)]), "{site}");
        }
    }

    #[test]
    fn behind_a_proxy_the_public_address_is_ours() {
        let config = Config { public_url: Some("https://Tocsin.example/".to_owned()), ..Config::default() };
        assert!(passes(&config, &[("host", "127.0.0.1:3000"), ("x-tocsin", "1"), ("origin", "https://tocsin.example")]));
        assert!(passes(&config, &[("host", "tocsin.example"), ("x-tocsin", "1"), ("origin", "https://tocsin.example")]));
        assert!(!passes(&config, &[("host", "127.0.0.1:3000"), ("x-tocsin", "1"), ("origin", "https://tocsin.example:8443")]));
        assert!(!passes(&config, &[("host", "127.0.0.1:3000"), ("x-tocsin", "1"), ("origin", "https://evil.example")]));
    }

    #[test]
    fn every_changing_method_by_session_is_guarded_and_signing_in_too() {
        let config = Config::default();
        let bare = headers(&[("host", "127.0.0.1:3000")]);
        let judged = |method: Method, path: &'static str, via: Option<&Via>| judge(&config, &method, &Uri::from_static(path), &bare, via).is_ok();
        let (session, token) = (a_session(), Via::Token { id: TokenId(uuid::Uuid::nil()) });
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            for path in ["/api/fn/session/sign-out", "/api/v1/incidents"] {
                assert!(!judged(method.clone(), path, Some(&session)), "{method} {path} by session");
                assert!(judged(method.clone(), path, Some(&token)), "{method} {path} by token");
            }
            assert!(!judged(method.clone(), "/api/fn/session/sign-in", None), "{method} before a session");
            assert!(judged(method, "/v2/enqueue", None), "a sender's delivery");
        }
        for method in [Method::GET, Method::HEAD] {
            assert!(judged(method, "/api/v1/incidents", Some(&session)));
        }
    }

    #[test]
    fn on_loopback_only_its_own_names_are_answered() {
        let config = Config::default();
        for host in ["localhost:3000", "LOCALHOST", "localhost.:3000", "tocsin.localhost:3000", "127.0.0.1:3000", "127.8.8.8", "[::1]:3000"] {
            assert!(is_allowed_host(&config, Some(host)), "{host}");
        }
        for host in ["evil.example", "evil.example:3000", "127.0.0.1.evil.example", "192.0.2.1:3000", "localhost.evil.example", "0.0.0.0:3000", "", "a b"] {
            assert!(!is_allowed_host(&config, Some(host)), "{host}");
        }
        assert!(is_allowed_host(&config, None));
        let public = Config { public_url: Some("https://tocsin.example".to_owned()), ..Config::default() };
        assert!(is_allowed_host(&public, Some("tocsin.example")) && !is_allowed_host(&public, Some("evil.example")));
        let beyond = Config { listen: ([0, 0, 0, 0], 3000).into(), ..public };
        assert!(is_allowed_host(&beyond, Some("10.1.2.3:3000")), "probes call by address; cookies belong to the public name");
    }
}
