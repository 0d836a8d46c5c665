//! The doors for senders. Each keeps the same order: size, key, signature, rate, reading, and only
//! after the commit a 2xx. Trouble of our own is always 503, because a 4xx loses the alert with
//! most senders.

mod door;
mod keys;
mod masked;
pub mod notes;
mod otlp;
mod pagerduty;
pub mod prometheus;
pub mod senders;

use super::{otlp::Signal, rest::problem, state::App};
use axum::{
    Router,
    routing::{MethodFilter, any, get, on, post},
};
pub use door::webhook;
use std::sync::Arc;

/// Whether requests to this address are judged, unpacked and timed by their own door.
pub fn is_telemetry(path: &str) -> bool {
    Signal::ALL.iter().any(|signal| signal.path() == path)
}

/// Every address that senders know.
pub fn routes() -> Router<Arc<App>> {
    let sending = MethodFilter::POST.or(MethodFilter::PUT);
    Router::new()
        // Which methods are taken there is each source's question.
        .route("/hooks/{source}", any(door::without_token))
        .route("/hooks/{source}/{token}", any(door::with_token))
        // What Prometheus puts behind its path prefix.
        .route("/hooks/{source}/{token}/api/v2/alerts", on(sending, door::with_token))
        .route("/api/v2/alerts", post(prometheus::alerts))
        .route("/api/v2/status", get(prometheus::status))
        .route("/-/healthy", get(prometheus::healthy))
        .route("/-/ready", get(super::telemetry::readyz))
        .route("/v2/enqueue", post(pagerduty::enqueue))
        .route("/v2/change/enqueue", post(pagerduty::enqueue_change))
        .route(Signal::Traces.path(), post(otlp::traces))
        .route(Signal::Metrics.path(), post(otlp::metrics))
        .route(Signal::Logs.path(), post(otlp::logs))
        .method_not_allowed_fallback(problem::no_such_method)
}
