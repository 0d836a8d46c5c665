//! The REST door: what programs read and do, described by `/api/openapi.json`.
//!
//! Every route but the document asks who is calling before it looks at anything else; failures
//! are `application/problem+json`; lists are `{items, next_cursor}`.

mod alerts;
mod audit;
mod by_hand;
mod changes;
mod data_sources;
mod definitions;
mod deliveries;
mod exclusions;
mod export;
mod figures;
pub mod import;
mod incidents;
mod integrations;
mod me;
mod objectives;
pub mod openapi;
pub mod problem;
mod query;
mod release_gate;
mod schema;
mod sent;
mod services;
pub mod sli;
mod strict;
mod targets;
mod telemetry;

pub use schema::Problem as ProblemSchema;

use super::{live, state::App, store::Page};
use axum::{
    Router,
    routing::{delete, get, post},
};
use serde::Serialize;
use std::sync::Arc;

/// A page of a list on the wire.
#[derive(Serialize)]
pub struct List<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
}

impl<T> From<Page<T>> for List<T> {
    fn from(page: Page<T>) -> Self {
        Self { items: page.items, next_cursor: page.next_cursor }
    }
}

/// The routes under `/api/v1` and the document that describes them.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/api/v1/me", get(me::read))
        .route("/api/v1/incidents", get(incidents::list).post(incidents::declare))
        .route("/api/v1/incidents/{id}", get(incidents::read))
        .route("/api/v1/incidents/{id}/timeline", get(incidents::timeline))
        .route("/api/v1/incidents/{id}/commands", post(incidents::command))
        .route("/api/v1/incidents/{id}/export", get(export::export))
        .route("/api/v1/incidents/{id}/verification", get(export::verification))
        .route("/api/v1/incidents/{id}/alerts/summary", get(services::storm))
        .route("/api/v1/services", get(services::list))
        .route("/api/v1/services/{name}", get(services::read).put(services::put).patch(services::patch))
        .route("/api/v1/search", get(services::find))
        .route("/api/v1/alerts", get(alerts::list).post(alerts::send))
        .route("/api/v1/alerts/{id}", get(alerts::read))
        .route("/api/v1/integrations", get(integrations::list).post(integrations::create))
        .route("/api/v1/integrations/{id}", get(integrations::read).patch(integrations::change).delete(integrations::disable))
        .route("/api/v1/integrations/test", post(integrations::test))
        .route("/api/v1/integrations/{id}/token", post(integrations::replace_token))
        .route("/api/v1/integrations/{id}/token/previous", delete(integrations::remove_previous_token))
        .route("/api/v1/integrations/{id}/deliveries", get(deliveries::of_integration))
        .route("/api/v1/changes", get(changes::list))
        .route("/api/v1/deliveries", get(deliveries::list))
        .route("/api/v1/import/incidents", post(import::incidents))
        .route("/api/v1/import/statuspage", post(import::statuspage))
        .route("/api/v1/import/alerts", post(import::alerts))
        .route("/api/v1/incidents/{id}/cost", get(objectives::cost))
        .route("/api/v1/slos", get(objectives::list).post(objectives::create))
        .route("/api/v1/slos/{id}", get(objectives::read).put(objectives::put).patch(objectives::patch).delete(objectives::remove))
        .route("/api/v1/slos/{id}/budget", get(objectives::budget))
        .route("/api/v1/slos/{id}/explain", get(objectives::explain))
        .route("/api/v1/slos/{id}/slices", get(objectives::slices))
        .route("/api/v1/slos/{id}/revisions", get(objectives::revisions))
        .route("/api/v1/slos/try", post(objectives::attempt))
        .route("/api/v1/objectives/board", get(objectives::board))
        .route(sli::PATH, post(sli::push))
        .route("/api/v1/definitions", get(definitions::export).post(definitions::apply))
        .route("/api/v1/exclusions", get(exclusions::list).post(exclusions::create))
        .route("/api/v1/exclusions/{id}", delete(exclusions::remove).patch(exclusions::end))
        .route("/api/v1/data-sources", get(data_sources::list).post(data_sources::create))
        .route("/api/v1/data-sources/{id}", get(data_sources::read).patch(data_sources::change).delete(data_sources::remove))
        .route("/api/v1/data-sources/{id}/test", post(data_sources::test))
        .route("/api/v1/release-gate", get(release_gate::read))
        .route("/api/v1/release-gate/overrides", get(release_gate::overrides).post(release_gate::create))
        .route("/api/v1/release-gate/overrides/{id}", delete(release_gate::end))
        .route("/api/v1/metrics/incidents", get(figures::incidents))
        .route("/api/v1/metrics/incidents/behind", get(figures::behind))
        .route("/api/v1/metrics/incidents/series", get(figures::series))
        .route("/api/v1/availability", get(figures::availability))
        .route("/api/v1/targets", get(targets::list).put(targets::put))
        .route("/api/v1/audit", get(audit::list))
        .route("/api/v1/audit/export", get(audit::export))
        .route("/api/v1/telemetry", get(telemetry::holdings))
        .route("/api/v1/telemetry/services", get(telemetry::services))
        .route("/api/v1/telemetry/operations", get(telemetry::operations))
        .route("/api/v1/telemetry/callers", get(telemetry::callers))
        .route("/api/v1/telemetry/latency", get(telemetry::latency))
        .route("/api/v1/telemetry/errors", get(telemetry::errors))
        .route("/api/v1/telemetry/graph", get(telemetry::graph))
        .route("/api/v1/telemetry/differences", get(telemetry::differences))
        .route("/api/v1/telemetry/changed", get(telemetry::changed))
        .route("/api/v1/telemetry/gauges", get(telemetry::gauges))
        .route("/api/v1/telemetry/traces", get(telemetry::traces))
        .route("/api/v1/telemetry/traces/{id}", get(telemetry::trace))
        .route("/api/v1/telemetry/sources", get(telemetry::sources))
        .route("/api/v1/telemetry/logs", get(telemetry::logs))
        .route("/api/v1/stream", get(live::stream))
        .route("/api/openapi.json", get(openapi::document))
        .method_not_allowed_fallback(problem::no_such_method)
}
