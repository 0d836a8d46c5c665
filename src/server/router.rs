//! Every address this server answers, and what stands in front of each.

use super::{
    auth::{self, ClientAddress, Principal, guard, headers::SecurityHeaders},
    body, embed, encoding, hooks, lingering, pages, reports,
    rest::{self, problem, problem::Problem},
    state::App,
    telemetry,
};
use crate::domain::failure::{Failure, FailureKind};
use axum::{
    Json, Router,
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
pub use front::Front;
use leptos::prelude::provide_context;
use std::{sync::Arc, time::Duration};
use tower_http::{CompressionLevel, catch_panic::CatchPanicLayer, compression::CompressionLayer};

/// An answer that takes longer is given up. Streams have answered long before.
const WITHIN: Duration = Duration::from_secs(30);
/// The largest call of the app itself.
const MAX_CALL: usize = 1024 * 1024;

/// Calls that somebody makes who is not signed in yet.
const OPEN_TO_ALL: &str = "/api/fn/session/";

/// How hard an answer is packed, of 11. The usual 4 packs the board's page worse than gzip does; this
/// one takes 1.7 of 15.5 kB off it (8 ms of a slow phone's network) for a millisecond of the server's.
const PAGE_EFFORT: i32 = 6;

/// The whole server as one service.
pub fn build(app: Arc<App>) -> Router {
    Router::new().fallback_service(Front::new(app))
}

/// Everything but the short way of deliveries, which knows these addresses, too.
fn routes(app: Arc<App>, security: SecurityHeaders) -> Router {
    // For people and their programs: whoever asks is found out, and pages of other sites are kept out.
    let inside = Router::new()
        .merge(rest::routes())
        .route("/api/fn/{*path}", any(server_function))
        .route("/brief", get(pages::brief))
        .fallback(everything_else)
        .layer(from_fn_with_state(app.clone(), guard::same_origin))
        // Plain forms cannot send the app's header; they have a guard of their own.
        .merge(pages::routes(&app))
        .layer(from_fn_with_state(app.clone(), auth::identify))
        .layer(from_fn_with_state(app.clone(), guard::allow_host))
        // What this server only unpacks it must not promise to pack: browsers that name zstd, too,
        // would otherwise be answered without any compression.
        .layer(CompressionLayer::new().quality(CompressionLevel::Precise(PAGE_EFFORT)).no_zstd());
    let operations = Router::new()
        .route("/healthz", get(telemetry::healthz))
        .route("/readyz", get(telemetry::readyz))
        .route("/metrics", get(telemetry::scrape))
        .route("/shell", get(embed::empty_shell))
        .route(reports::PATH, post(reports::take))
        .method_not_allowed_fallback(problem::no_such_method);
    Router::new()
        .merge(inside)
        .merge(hooks::routes())
        .merge(operations)
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(from_fn_with_state(security, in_front))
        .with_state(app)
}

/// What stands in front of everything: counted and named, sent with our headers, given up in time,
/// unpacked.
/// One layer and not three, because each copies what is behind it for every request.
async fn in_front(State(security): State<SecurityHeaders>, matched: Option<MatchedPath>, request: Request, next: Next) -> Response {
    telemetry::observe(matched, request, |request| auth::headers::add(security, request, |request| in_time(request, next))).await
}

/// Gives up on what takes too long, which is trouble of our own: bodies have their own limit. An
/// import takes as long as its file.
async fn in_time(request: Request, next: Next) -> Response {
    let request = lingering::linger(request);
    let path = request.uri().path();
    if hooks::is_telemetry(path) {
        return next.run(request).await;
    }
    if path.starts_with(rest::import::PREFIX) || path == rest::sli::PATH {
        return encoding::unpack(request, next).await;
    }
    within(encoding::unpack(request, next)).await
}

async fn within(answer: impl Future<Output = Response>) -> Response {
    tokio::time::timeout(WITHIN, answer)
        .await
        .unwrap_or_else(|_| Problem::new(FailureKind::Unavailable, "timeout", "this took too long").with_next("Try again.").into_response())
}

/// The app's own calls.
async fn server_function(State(app): State<Arc<App>>, principal: Option<Principal>, address: ClientAddress, request: Request) -> Response {
    if server_fn::axum::get_server_fn_service(request.uri().path(), request.method().clone()).is_none() {
        let unknown = Failure::new(FailureKind::NotFound, "unknown_route", "the server does not know this call")
            .with_next("Reload the page: it may be older than the server.");
        return told(&unknown);
    }
    // Before anything is read: what is wrong with a call is nobody's business who may not make it.
    if principal.is_none() && !request.uri().path().starts_with(OPEN_TO_ALL) {
        let mut answer = told(&auth::signed_out());
        if let Some(Ok(cookie)) = auth::kept::outlived(&app.config, request.headers()).map(|cookie| HeaderValue::from_str(&cookie)) {
            answer.headers_mut().append(header::SET_COOKIE, cookie);
        }
        return answer;
    }
    let (parts, sent) = request.into_parts();
    let bytes = match body::read(&parts.headers, sent, MAX_CALL).await {
        Ok(bytes) => bytes,
        Err(problem) => return (problem.status(), Json(problem.failure())).into_response(),
    };
    let context = move || {
        provide_context(app.clone());
        auth::server_fn_context(principal.clone(), address);
    };
    let answer = leptos_axum::handle_server_fns_with_context(context, Request::from_parts(parts, Body::from(bytes))).await.into_response();
    with_its_own_status(answer).await
}

/// Server functions answer every failure with 500; each kind has a status of its own.
async fn with_its_own_status(answer: Response) -> Response {
    if answer.status() != StatusCode::INTERNAL_SERVER_ERROR {
        return answer;
    }
    let (mut parts, body) = answer.into_parts();
    let bytes = axum::body::to_bytes(body, MAX_CALL).await.unwrap_or_default();
    let kind = serde_json::from_slice::<Failure>(&bytes).map_or(FailureKind::Unavailable, |failure| failure.kind);
    parts.status = StatusCode::from_u16(kind.status()).unwrap_or(parts.status);
    Response::from_parts(parts, Body::from(bytes))
}

fn told(failure: &Failure) -> Response {
    let status = StatusCode::from_u16(failure.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(failure)).into_response()
}

/// Addresses for programs that do not exist are told as problems; the rest are files and the app's routes.
pub(in crate::server) async fn everything_else(
    State(app): State<Arc<App>>,
    principal: Option<Principal>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if uri.path().starts_with("/api/") {
        return problem::no_such_route().await.into_response();
    }
    match embed::file(&method, &uri, &headers) {
        Some(answer) => answer,
        None => pages::answer(&app, principal.as_ref(), &uri, &headers).await,
    }
}

mod front;
#[cfg(test)]
mod tests;
