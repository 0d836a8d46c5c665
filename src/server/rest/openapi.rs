//! The document that describes the REST door, made from the routes' own descriptions. A committed
//! copy is compared in a test, so that a change of the door is seen by whoever reviews it.

use super::{
    alerts, audit, changes, data_sources, definitions, deliveries, exclusions, export, figures, import, incidents, integrations, me, objectives, release_gate,
    schema, services, sli, targets, telemetry,
};
use crate::server::live;
use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use std::sync::LazyLock;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tocsin",
        description = "Times are RFC 3339 in UTC, durations seconds. Lists answer `{items, next_cursor}`. Failures are `application/problem+json` with a stable `code`."
    ),
    paths(
        incidents::list,
        incidents::declare,
        incidents::read,
        incidents::timeline,
        incidents::command,
        services::storm,
        services::list,
        services::read,
        services::put,
        services::patch,
        services::find,
        export::export,
        export::verification,
        alerts::list,
        alerts::send,
        alerts::read,
        import::incidents,
        import::statuspage,
        import::alerts,
        objectives::list,
        objectives::create,
        objectives::read,
        objectives::put,
        objectives::patch,
        objectives::remove,
        objectives::budget,
        objectives::explain,
        objectives::slices,
        objectives::revisions,
        objectives::attempt,
        objectives::board,
        objectives::cost,
        sli::push,
        telemetry::holdings,
        telemetry::services,
        telemetry::operations,
        telemetry::callers,
        telemetry::latency,
        telemetry::errors,
        telemetry::graph,
        telemetry::differences,
        telemetry::changed,
        telemetry::gauges,
        telemetry::traces,
        telemetry::trace,
        telemetry::sources,
        telemetry::logs,
        definitions::export,
        definitions::apply,
        exclusions::list,
        exclusions::create,
        exclusions::end,
        exclusions::remove,
        data_sources::list,
        data_sources::create,
        data_sources::read,
        data_sources::change,
        data_sources::remove,
        data_sources::test,
        release_gate::read,
        release_gate::overrides,
        release_gate::create,
        release_gate::end,
        figures::incidents,
        figures::behind,
        figures::series,
        figures::availability,
        targets::list,
        targets::put,
        integrations::list,
        integrations::create,
        integrations::read,
        integrations::change,
        integrations::disable,
        integrations::test,
        integrations::replace_token,
        integrations::remove_previous_token,
        changes::list,
        deliveries::list,
        deliveries::of_integration,
        audit::list,
        audit::export,
        live::stream,
        me::read,
    ),
    components(schemas(schema::AuditEntry, schema::Severity, schema::Summary, schema::AlertSeverity, schema::Person, schema::Entry, schema::Alert, schema::Incident, schema::Integration, schema::Service, schema::Settings, schema::Grouping, schema::Rate, schema::Delivery, schema::ChangeRecord, schema::ObjectiveDraft, schema::Objective, schema::BudgetReport, schema::BurnAlert, schema::Trouble, schema::Tally, schema::Brief, schema::ExclusionDraft, schema::Exclusion, schema::DataSource, schema::GateOverride, schema::DefinitionNote, schema::TelemetryFigures, schema::TelemetryReadFrom, schema::TelemetryChangedKind, schema::TelemetryAttribute, schema::TelemetryFigure)),
    security(("token" = [])),
    modifiers(&Bearer)
)]
struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An API token: `tocsin token create`")).build());
        document.components.get_or_insert_default().add_security_scheme("token", scheme);
    }
}

/// The document as it is served and committed.
pub fn text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| Document::openapi().to_pretty_json().map(|text| text + "\n").unwrap_or_default());
    &TEXT
}

/// Public, so that clients can be made before there is a token.
pub async fn document() -> Response {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "public, max-age=60")], text()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `UPDATE_SNAPSHOTS=1 cargo test openapi` writes it anew.
    #[test]
    fn the_committed_document_is_the_one_that_is_served() {
        let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots/openapi.json");
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            std::fs::write(committed, text()).expect("the snapshot can be written");
        }
        let known = std::fs::read_to_string(committed).expect("tests/snapshots/openapi.json is committed");
        assert!(known == text(), "the REST door changed: look at it, then run UPDATE_SNAPSHOTS=1 cargo test openapi");
    }

    /// A shape that its library cannot read would be served as any object.
    #[test]
    fn every_shape_says_something() {
        let document: serde_json::Value = serde_json::from_str(text()).expect("the document is JSON");
        let shapes = document["components"]["schemas"].as_object().expect("there are shapes");
        let silent: Vec<&String> = shapes.iter().filter(|(_, shape)| **shape == serde_json::json!({ "type": "object" })).map(|(name, _)| name).collect();
        assert!(silent.is_empty(), "every property needs a type, a $ref or a oneOf: {silent:?}");
    }
}
