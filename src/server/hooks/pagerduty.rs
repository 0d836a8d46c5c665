//! PagerDuty's Events API v2: the routing key in the body says which integration it is, and
//! answers have PagerDuty's shapes, because its client libraries read them.

use super::{door, notes::Visit};
use crate::server::{
    body,
    rest::problem::Problem,
    sources::{Source, pagerduty_events},
    state::App,
    usecases::intake::{self, Accepted, Parse, Turned},
};
use axum::{
    Json,
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;
use std::sync::Arc;

pub const SOURCE: &Source = &pagerduty_events::SOURCE;

/// The verdict on an event that PagerDuty's own API would not take either.
const INVALID: &str = "invalid_event";

/// Why an event is not taken: a list of faults in PagerDuty's words, or anything else.
enum Refused {
    Invalid(Vec<String>),
    Other(Problem),
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Refused::Other(problem)
    }
}

/// `POST /v2/enqueue`
pub async fn enqueue(State(app): State<Arc<App>>, request: Request) -> Response {
    deliver(&app, None, request).await
}

/// `POST /v2/change/enqueue`
pub async fn enqueue_change(State(app): State<Arc<App>>, request: Request) -> Response {
    match accept(&app, None, pagerduty_events::parse_change, request).await {
        Ok(_) => (StatusCode::ACCEPTED, Json(json!({ "status": "success", "message": "Change event processed" }))).into_response(),
        Err(refused) => answer(refused),
    }
}

pub async fn deliver(app: &App, token: Option<&str>, request: Request) -> Response {
    match accept(app, token, SOURCE.parse, request).await {
        Ok(accepted) => {
            let body = json!({ "status": "success", "message": "Event processed", "dedup_key": accepted.dedup_key });
            (StatusCode::ACCEPTED, Json(body)).into_response()
        }
        Err(refused) => answer(refused),
    }
}

async fn accept(app: &App, token: Option<&str>, parse: Parse, request: Request) -> Result<Accepted, Refused> {
    let mut visit = Visit::begin(app, Some(SOURCE), &request);
    let result = judge_and_store(app, token, parse, request, &mut visit).await;
    match &result {
        Ok(accepted) => {
            door::count(SOURCE, "accepted");
            visit.accepted(app, StatusCode::ACCEPTED, accepted);
        }
        Err(Refused::Invalid(errors)) => {
            door::count(SOURCE, INVALID);
            let verdict = if visit.integration.is_some() { INVALID } else { "unknown_key" };
            visit.refused(app, verdict, StatusCode::BAD_REQUEST, &errors.join("; "));
        }
        Err(Refused::Other(problem)) => {
            door::count(SOURCE, problem.code());
            visit.refused(app, problem.code(), problem.status(), problem.words());
        }
    }
    result
}

async fn judge_and_store(app: &App, token: Option<&str>, parse: Parse, request: Request, visit: &mut Visit) -> Result<Accepted, Refused> {
    let (parts, sent) = request.into_parts();
    let bytes = body::read(&parts.headers, sent, SOURCE.max_body).await?;
    visit.body = Some(bytes.clone());
    let key = match token {
        Some(token) => token.to_owned(),
        None => pagerduty_events::routing_key(&bytes).map_err(|rejected| Refused::Invalid(rejected.errors))?,
    };
    visit.keys = vec![key];
    let entrant = match door::admit(app, SOURCE, visit).await {
        // PagerDuty knows no 401 here: an unknown key is an invalid event, which its libraries do not send again.
        Err(problem) if problem.code() == "unknown_key" => return Err(Refused::Invalid(vec!["'routing_key' is invalid".to_owned()])),
        admitted => admitted?,
    };
    door::check(app, SOURCE, &entrant, &parts.headers, &bytes)?;
    intake::deliver(app, &entrant, SOURCE, parse, &parts.headers, &bytes).await.map_err(|turned| match turned {
        Turned::Rejected(rejected) => Refused::Invalid(rejected.errors),
        Turned::Store(_) => Refused::Other(door::turned(turned)),
    })
}

fn answer(refused: Refused) -> Response {
    let (status, errors, retry_after_secs) = match refused {
        Refused::Invalid(errors) => (StatusCode::BAD_REQUEST, errors, None),
        Refused::Other(problem) => (problem.status(), vec![problem.words().to_owned()], problem.retry_after_secs()),
    };
    let body = json!({ "status": "invalid event", "message": "Event object is invalid", "errors": errors });
    let mut answer = (status, Json(body)).into_response();
    if let Some(secs) = retry_after_secs {
        answer.headers_mut().insert(header::RETRY_AFTER, secs.into());
    }
    answer
}
