//! Incidents for programs: read them, declare them, command them.

use super::{
    List,
    problem::Problem,
    query::Asked,
    schema,
    sent::{Named, Sent, idempotency_key, if_match},
};
use crate::{
    domain::{
        failure::FailureKind,
        ids::IncidentRef,
        incident::{Command, Declare, Incident, Kind, State},
        severity::Severity,
        timeline::Entry,
    },
    server::{
        auth::Principal,
        state::App,
        store::{IncidentFilter, Unwanted},
        usecases::incidents,
    },
};
use axum::{
    Json,
    extract::State as Shared,
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use std::sync::Arc;

/// A page of incidents of every state and kind, the newest reference first.
#[utoipa::path(get, path = "/api/v1/incidents", tag = "incidents", operation_id = "listIncidents",
    params(
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<i64>, Query, description = "1 to 500, default 100"),
        ("state" = Option<String>, Query, description = "States, separated by commas; `open` is triage,active,mitigated. `!closed,merged`: none of these"),
        ("severity" = Option<String>, Query, description = "Severities, separated by commas: SEV1,SEV2. `!SEV5`: none of these"),
        ("service" = Option<String>, Query, description = "A service's name; `!NAME`: not of this service"),
        ("kind" = Option<String>, Query, description = "incident, maintenance or drill; `!drill`: not this"),
        ("label.NAME" = Option<String>, Query, description = "Only incidents with this value of the label NAME, `!value`: without it; may be given for several labels"),
        ("origin" = Option<String>, Query, description = "Where it was imported from"),
        ("updated_since" = Option<String>, Query, description = "RFC 3339"),
        ("resolved_since" = Option<String>, Query, description = "RFC 3339"),
    ),
    responses((status = 200, description = "A page of incidents", body = schema::Incidents), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn list(Shared(app): Shared<Arc<App>>, principal: Principal, asked: Asked) -> Result<Json<List<Incident>>, Problem> {
    let (asked, not) = asked.split();
    let labels = |asked: &Asked| asked.under("label.").map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let severity = |asked: &Asked| asked.many("severity", "SEV1 to SEV5, separated by commas", Severity::from_slug);
    let filter = IncidentFilter {
        states: states(&asked)?,
        severity: severity(&asked)?,
        service: asked.text("service").map(str::to_owned),
        kind: asked.one("kind", "incident, maintenance or drill", kind)?,
        labels: labels(&asked),
        not: Unwanted {
            states: states(&not)?,
            severity: severity(&not)?,
            services: not.text("service").map(str::to_owned).into_iter().collect(),
            kinds: not.one("kind", "incident, maintenance or drill", kind)?.into_iter().collect(),
            labels: labels(&not),
        },
        origin: asked.text("origin").map(str::to_owned),
        updated_since: asked.time("updated_since")?,
        resolved_since: asked.time("resolved_since")?,
        ..IncidentFilter::for_actor(principal.actor)
    };
    let page = incidents::list(&app, &filter, asked.cursor(|cursor| cursor.parse::<i64>().is_ok_and(|reference| reference > 0))?, asked.limit()?).await?;
    Ok(Json(page.into()))
}

fn states(asked: &Asked) -> Result<Vec<State>, Problem> {
    let expected = "open, or states separated by commas: triage, active, mitigated, resolved, closed, cancelled, merged";
    let read = |text: &str| match text {
        "open" => Some(State::ALL.into_iter().filter(|state| state.is_open()).collect()),
        one => State::from_slug(one).map(|state| vec![state]),
    };
    Ok(asked.many("state", expected, read)?.concat())
}

fn kind(text: &str) -> Option<Kind> {
    serde_json::from_value(Value::from(text)).ok()
}

/// Declares an incident: with a severity it is active, without one in triage.
#[utoipa::path(post, path = "/api/v1/incidents", tag = "incidents", operation_id = "declareIncident",
    params(("Idempotency-Key" = Option<String>, Header, description = "Sending the same key again answers the same incident")),
    request_body = schema::Declare,
    responses((status = 201, description = "The incident", body = schema::Incident), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn declare(Shared(app): Shared<Arc<App>>, principal: Principal, headers: HeaderMap, Sent(draft): Sent<Declare>) -> Result<Response, Problem> {
    let incident = incidents::declare(&app, &principal.actor, &idempotency_key(&headers)?, draft).await?;
    let location = format!("/api/v1/incidents/{}", incident.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location), etag(&incident)], Json(incident)).into_response())
}

/// One incident by its id or its reference (`INC-12`).
#[utoipa::path(get, path = "/api/v1/incidents/{id}", tag = "incidents", operation_id = "readIncident",
    params(("id" = String, Path, description = "Its id, or its reference: INC-12")),
    responses((status = 200, description = "The incident; `ETag` is its version", body = schema::Incident), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn read(Shared(app): Shared<Arc<App>>, principal: Principal, Named(id): Named) -> Result<Response, Problem> {
    let incident = incidents::read(&app, &principal.actor, &id).await?;
    Ok(([etag(&incident)], Json(incident)).into_response())
}

/// The entries of an incident's record, by when they happened, oldest first.
#[utoipa::path(get, path = "/api/v1/incidents/{id}/timeline", tag = "incidents", operation_id = "readTimeline",
    params(
        ("id" = String, Path, description = "Its id, or its reference: INC-12"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("limit" = Option<i64>, Query, description = "1 to 500, default 100"),
    ),
    responses((status = 200, description = "A page of entries", body = schema::Entries), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn timeline(Shared(app): Shared<Arc<App>>, principal: Principal, Named(id): Named, asked: Asked) -> Result<Json<List<Entry>>, Problem> {
    let after = asked.one("cursor", "the next_cursor of the page before", position)?;
    let limit = usize::try_from(asked.limit()?).unwrap_or(usize::MAX);
    let entries = incidents::timeline(&app, &principal.actor, &id).await?;
    Ok(Json(cut(entries, after, limit)))
}

/// Where an entry stands: by its time in microseconds, then its sequence number.
fn position(cursor: &str) -> Option<(i64, i64)> {
    let (at, seq) = cursor.split_once('.')?;
    Some((at.parse().ok()?, seq.parse().ok()?))
}

fn cut(entries: Vec<Entry>, after: Option<(i64, i64)>, limit: usize) -> List<Entry> {
    let place = |entry: &Entry| (entry.happened_at.micros(), entry.seq);
    let mut items: Vec<Entry> = entries.into_iter().filter(|entry| after.is_none_or(|after| place(entry) > after)).take(limit + 1).collect();
    let more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = items.last().filter(|_| more).map(|last| format!("{}.{}", last.happened_at.micros(), last.seq));
    List { items, next_cursor }
}

/// Commands an incident: `{"command": "note", "text": "…"}`.
#[utoipa::path(post, path = "/api/v1/incidents/{id}/commands", tag = "incidents", operation_id = "commandIncident",
    params(
        ("id" = String, Path, description = "Its id, or its reference: INC-12"),
        ("Idempotency-Key" = Option<String>, Header, description = "Sending the same key again answers what it answered first"),
        ("If-Match" = Option<String>, Header, description = "The version this command was decided on; answers 412 when there is a newer one"),
    ),
    request_body = schema::Command,
    responses((status = 200, description = "The incident as it is now", body = schema::Incident), (status = 409, description = "The rules refuse it now", body = schema::Problem, content_type = "application/problem+json"), (status = "default", description = "What went wrong", body = schema::Problem, content_type = "application/problem+json")))]
pub async fn command(
    Shared(app): Shared<Arc<App>>,
    principal: Principal,
    Named(id): Named,
    headers: HeaderMap,
    Sent(mut sent): Sent<Value>,
) -> Result<Response, Problem> {
    if let Some(into) = sent.get_mut("into") {
        *into = by_id(&app, into.take()).await?;
    }
    let command = parse_command(sent)?;
    let incident = incidents::command(&app, &principal.actor, &idempotency_key(&headers)?, &id, command, if_match(&headers)?).await?;
    Ok(([etag(&incident)], Json(incident)).into_response())
}

/// The incident to merge into may be named as people do, `INC-12`; commands know it by its id.
async fn by_id(app: &App, named: Value) -> Result<Value, Problem> {
    let Some(reference) = named.as_str().and_then(|text| text.parse::<IncidentRef>().ok()) else { return Ok(named) };
    Ok(incidents::id_of(app, &reference.to_string()).await?.to_string().into())
}

fn parse_command(sent: Value) -> Result<Command, Problem> {
    let invalid = |code: &str, words: String| Problem::new(FailureKind::Invalid, code, words);
    let Some(name) = sent.get("command").and_then(Value::as_str).map(str::to_owned) else {
        return Err(invalid("invalid_body", "a command names itself: {\"command\": \"note\", \"text\": \"…\"}".to_owned()));
    };
    // The name alone fails as an unknown variant, with the list of those that exist.
    if let Err(error) = serde_json::from_value::<Command>(json!({ "command": name })) {
        let words = error.to_string();
        if words.starts_with("unknown variant") {
            return Err(invalid("unknown_command", format!("there is no such command: {words}")));
        }
    }
    serde_json::from_value(sent).map_err(|error| invalid("invalid_body", format!("{name}: {error}")))
}

fn etag(incident: &Incident) -> (HeaderName, String) {
    (header::ETAG, format!("\"{}\"", incident.version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_command_is_answered_with_the_known_ones() {
        let problem = parse_command(json!({"command": "explode"})).expect_err("there is no such command");
        assert_eq!(problem.code(), "unknown_command");
        assert!(problem.words().contains("`acknowledge`"), "{}", problem.words());
    }

    #[test]
    fn a_known_command_with_a_wrong_field_names_both() {
        let problem = parse_command(json!({"command": "set_severity", "severity": "SEV9"})).expect_err("there is no SEV9");
        assert_eq!(problem.code(), "invalid_body");
        assert!(problem.words().starts_with("set_severity:"), "{}", problem.words());
        assert!(parse_command(json!({"command": "note", "text": "x"})).is_ok());
        assert_eq!(parse_command(json!([1])).expect_err("an array is no command").code(), "invalid_body");
    }
}
