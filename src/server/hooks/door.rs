//! The order in which every delivery is judged, and the plain webhook door.

use super::{keys, notes::Visit, pagerduty, prometheus, senders::Entrant};
use crate::{
    domain::failure::FailureKind,
    server::{
        body,
        rest::problem::{self, Problem},
        sources::{self, Source},
        state::App,
        telemetry,
        usecases::intake::{self, Accepted, Turned},
    },
};
use axum::{
    Json,
    extract::{Path, Request, State, rejection::PathRejection},
    http::{HeaderMap, Method, StatusCode},
    response::{IntoResponse, Response},
};
use std::sync::Arc;

/// `POST /hooks/{source}` with the key in a header; by any method where the sender knows others.
pub async fn without_token(State(app): State<Arc<App>>, source: Result<Path<String>, PathRejection>, request: Request) -> Response {
    let Ok(Path(source)) = source else { return unknown_source().into_response() };
    webhook(&app, &source, None, request).await
}

/// `POST /hooks/{source}/{token}`
pub async fn with_token(State(app): State<Arc<App>>, names: Result<Path<(String, String)>, PathRejection>, request: Request) -> Response {
    let Ok(Path((source, token))) = names else { return unknown_source().into_response() };
    webhook(&app, &source, Some(&token), request).await
}

/// Also for names that are no text at all.
fn unknown_source() -> Problem {
    let known: Vec<&str> = sources::ALL.iter().map(|source| source.slug).collect();
    let words = format!("there is no source of that name; there are {}", known.join(", "));
    Problem::new(FailureKind::NotFound, "unknown_source", words)
}

/// What is sent to the door of a source, whose key may be in the path.
pub async fn webhook(app: &App, slug: &str, token: Option<&str>, request: Request) -> Response {
    let source = sources::find(slug);
    if !matches!(*request.method(), Method::POST | Method::PUT) && !source.is_some_and(|source| source.any_method) {
        return problem::no_such_method().await.into_response();
    }
    let Some(source) = source else {
        let problem = unknown_source();
        Visit::begin(app, None, &request).refused(app, problem.code(), problem.status(), problem.words());
        return problem.into_response();
    };
    // Senders that only know one kind of answer get it here too.
    if source.slug == prometheus::SOURCE.slug {
        prometheus::deliver(app, token, request).await
    } else if source.slug == pagerduty::SOURCE.slug {
        pagerduty::deliver(app, token, request).await
    } else {
        accept(app, source, token, request).await.map(Json).into_response()
    }
}

/// The whole way of a delivery whose key is in the path or a header.
pub async fn accept(app: &App, source: &Source, token: Option<&str>, request: Request) -> Result<Accepted, Problem> {
    let mut visit = Visit::begin(app, Some(source), &request);
    let result = judge_and_store(app, source, token, request, &mut visit).await;
    count(source, result.as_ref().err().map_or("accepted", Problem::code));
    match &result {
        Ok(accepted) => visit.accepted(app, prometheus::status_of(source, accepted), accepted),
        Err(problem) => visit.refused(app, problem.code(), problem.status(), problem.words()),
    }
    result
}

async fn judge_and_store(app: &App, source: &Source, token: Option<&str>, request: Request, visit: &mut Visit) -> Result<Accepted, Problem> {
    let (parts, sent) = request.into_parts();
    let read = body::read(&parts.headers, sent, source.max_body).await;
    visit.body = read.as_ref().ok().cloned();
    let named = app.senders.named_headers(&app.store, source.slug).await;
    visit.keys = keys::candidates(token, &parts.headers, named.as_deref().unwrap_or_default());
    let bytes = match read {
        Ok(bytes) => bytes,
        Err(problem) => {
            // Nobody is let in by it; it only says whose deliveries these are.
            visit.integration = app.senders.find(&app.store, source.slug, &visit.keys).await.ok().flatten().map(|entrant| entrant.integration().id);
            return Err(problem);
        }
    };
    named?;
    let entrant = admit(app, source, visit).await?;
    check(app, source, &entrant, &parts.headers, &bytes)?;
    intake::deliver(app, &entrant, source, source.parse, &parts.headers, &bytes).await.map_err(turned)
}

/// Finds the integration of one of the keys that were shown.
pub async fn admit(app: &App, source: &Source, visit: &mut Visit) -> Result<Arc<Entrant>, Problem> {
    let refuse = |words: &str| {
        Problem::new(FailureKind::Unauthenticated, "unknown_key", words).with_next("Settings → Integrations shows where to send and with which key.")
    };
    if visit.keys.is_empty() {
        return Err(refuse("a key is needed: in the address, or as Authorization: Bearer …"));
    }
    let entrant = app.senders.find(&app.store, source.slug, &visit.keys).await?.ok_or_else(|| refuse("no integration has this key"))?;
    visit.integration = Some(entrant.integration().id);
    if entrant.integration().disabled {
        return Err(Problem::new(FailureKind::Forbidden, "integration_disabled", "this integration is switched off"));
    }
    Ok(entrant)
}

/// Signature, then rate: whoever has the key but not the secret cannot use up the rate of those who have both.
pub fn check(app: &App, source: &Source, entrant: &Entrant, headers: &HeaderMap, bytes: &[u8]) -> Result<(), Problem> {
    if !entrant.signing_secrets().is_empty() {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let settings = &entrant.integration().settings;
        source
            .signature
            .verify(settings, entrant.signing_secrets(), header, bytes, app.clock().now())
            .map_err(|bad| Problem::new(FailureKind::Unauthenticated, "bad_signature", bad.to_string()))?;
    }
    let Some(wait) = entrant.has_to_wait(app.clock().now()) else { return Ok(()) };
    let limited = Problem::new(FailureKind::Limited, "rate_limited", "this integration sends more than its limit allows").retry_after(wait.as_secs() + 1);
    Err(if source.a_4xx_is_final { limited.with_status(StatusCode::SERVICE_UNAVAILABLE) } else { limited })
}

/// Why a delivery was not taken, for the outside.
pub fn turned(turned: Turned) -> Problem {
    match turned {
        Turned::Rejected(rejected) => Problem::new(FailureKind::Malformed, rejected.code, rejected.words),
        Turned::Store(error) => error.into(),
    }
}

/// Counts what became of a delivery.
pub fn count(source: &Source, verdict: &str) {
    if verdict == "accepted" {
        telemetry::count_delivery(source.slug);
    } else {
        metrics::counter!("tocsin_intake_deliveries_total", "source" => source.slug, "verdict" => verdict.to_owned()).increment(1);
    }
}
