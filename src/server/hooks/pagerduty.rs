//! PagerDuty's Events API v2: the routing key in the body says which integration it is, and
//! answers have PagerDuty's shapes, because its client libraries read them.

use super::door;
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
    let result = judge_and_store(app, token, parse, request).await;
    let verdict = match &result {
        Ok(_) => "accepted",
        Err(Refused::Invalid(_)) => "invalid_event",
        Err(Refused::Other(problem)) => problem.code(),
    };
    door::count(SOURCE, verdict);
    result
}

async fn judge_and_store(app: &App, token: Option<&str>, parse: Parse, request: Request) -> Result<Accepted, Refused> {
    let (parts, sent) = request.into_parts();
    let bytes = body::read(&parts.headers, sent, SOURCE.max_body).await?;
    let key = match token {
        Some(token) => token.to_owned(),
        None => pagerduty_events::routing_key(&bytes).map_err(|rejected| Refused::Invalid(rejected.errors))?,
    };
    let entrant = match door::admit(app, SOURCE, &[key]).await {
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
