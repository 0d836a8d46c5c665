//! In front of the routes: deliveries of senders go straight to their door.
//!
//! They are almost all that a busy server is asked, and to match, box and unwrap each of them layer by
//! layer costs more than to judge it. Here stands what the layers do, in their order, as plain calls.

use super::{SecurityHeaders, encoding, hooks, lingering, problem, routes, telemetry, within};
use crate::server::{embed, state::App, telemetry::Door};
use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, Method},
    response::Response,
};
use futures::{FutureExt, future::BoxFuture};
use std::{
    convert::Infallible,
    panic::AssertUnwindSafe,
    sync::Arc,
    task::{Context, Poll},
};
use tower::{Service, ServiceExt};

static ALERTS: Door = Door::new("/api/v2/alerts");
static HOOK: Door = Door::new("/hooks/{source}");
static HOOK_WITH_TOKEN: Door = Door::new("/hooks/{source}/{token}");
static HOOK_AS_PREFIX: Door = Door::new("/hooks/{source}/{token}/api/v2/alerts");

/// The whole server, as it is asked.
#[derive(Clone)]
pub struct Front(Arc<Inside>);

struct Inside {
    app: Arc<App>,
    security: SecurityHeaders,
    routes: Router,
}

/// Where a delivery goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way<'p> {
    Alerts,
    Hook { source: &'p str, token: Option<&'p str> },
}

impl Front {
    pub fn new(app: Arc<App>) -> Self {
        let policy = HeaderValue::from_str(&embed::content_security_policy()).unwrap_or_else(|_| HeaderValue::from_static("default-src 'self'"));
        let security = SecurityHeaders::new(policy, app.config.is_secure());
        Self(Arc::new(Inside { routes: routes(app.clone(), security.clone()), app, security }))
    }

    pub async fn answer(&self, request: Request) -> Response {
        let uri = request.uri().clone();
        match way(request.method(), uri.path()) {
            Some((door, way)) => self.deliver(door, way, request).await,
            // In a box, so that a delivery does not carry the place that this would take.
            None => Box::pin(self.0.routes.clone().oneshot(request)).await.unwrap_or_else(|never| match never {}),
        }
    }

    /// Counted and named, with our headers, given up in time, unpacked; and a panic is told as one.
    async fn deliver(&self, door: &'static Door, way: Way<'_>, request: Request) -> Response {
        let Inside { app, security, .. } = &*self.0;
        let answer = |request: Request| async move {
            match (encoding::unpacked(lingering::linger(request)), way) {
                (None, _) => encoding::unsupported(),
                (Some(request), Way::Alerts) => hooks::prometheus::deliver(app, None, request).await,
                (Some(request), Way::Hook { source, token }) => hooks::webhook(app, source, token, request).await,
            }
        };
        let guarded = |request: Request| async move {
            let mut answer = AssertUnwindSafe(within(answer(request))).catch_unwind().await.unwrap_or_else(problem::panicked);
            security.add_to(answer.headers_mut(), way == Way::Alerts);
            answer
        };
        telemetry::observe_door(door, request, guarded).await
    }
}

/// Whether this is a delivery to a door that is known here. Whatever is not plain goes by the routes.
fn way<'p>(method: &Method, path: &'p str) -> Option<(&'static Door, Way<'p>)> {
    if *method != Method::POST || path.contains('%') {
        return None;
    }
    if path == ALERTS.route {
        return Some((&ALERTS, Way::Alerts));
    }
    let (source, rest) = match path.strip_prefix("/hooks/")?.split_once('/') {
        Some((source, rest)) => (source, Some(rest)),
        None => (path.strip_prefix("/hooks/")?, None),
    };
    let (door, token) = match rest.map(|rest| rest.split_once('/')) {
        None => (&HOOK, None),
        Some(None) => (&HOOK_WITH_TOKEN, rest),
        Some(Some((token, "api/v2/alerts"))) => (&HOOK_AS_PREFIX, Some(token)),
        Some(Some(_)) => return None,
    };
    let is_whole = !source.is_empty() && token.is_none_or(|token| !token.is_empty());
    is_whole.then_some((door, Way::Hook { source, token }))
}

impl Service<Request> for Front {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let front = self.clone();
        Box::pin(async move { Ok(front.answer(request).await) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deliveries_are_known_by_their_addresses_and_the_rest_goes_by_the_routes() {
        let known = |path| way(&Method::POST, path).map(|(door, way)| (door.route, way));
        assert_eq!(known("/api/v2/alerts"), Some(("/api/v2/alerts", Way::Alerts)));
        let hook = |token| Way::Hook { source: "generic", token };
        assert_eq!(known("/hooks/generic"), Some(("/hooks/{source}", hook(None))));
        assert_eq!(known("/hooks/generic/k"), Some(("/hooks/{source}/{token}", hook(Some("k")))));
        assert_eq!(known("/hooks/generic/k/api/v2/alerts"), Some(("/hooks/{source}/{token}/api/v2/alerts", hook(Some("k")))));
        for other in [
            "/",
            "/hooks",
            "/hooks/",
            "/hooks//k",
            "/hooks/generic/",
            "/hooks/generic/k/",
            "/hooks/generic/k/x",
            "/hooks/gene%72ic/k",
            "/api/v2/alerts/",
            "/api/v2/status",
        ] {
            assert_eq!(known(other), None, "{other}");
        }
        assert!(way(&Method::PUT, "/hooks/generic/k").is_none());
    }
}
