//! The doors for OpenTelemetry: `/v1/traces`, `/v1/metrics`, `/v1/logs`. The key is asked for
//! before anything of a request is read; every answer, a refusal too, is in the encoding of the
//! request. Trouble of our own is 503, because senders take a 500 as final.

use super::{door, keys, notes::Visit, senders::Entrant};
use crate::server::{
    body::{self, Gate},
    encoding,
    observed::Refused as NotKept,
    otlp::{
        Encoding, MAX_BODY, Received, Signal,
        answer::{self, Code},
    },
    rest::problem::{Problem, RETRY_AFTER_SECS},
    sources::{self, Source},
    state::App,
};
use axum::{
    body::Bytes,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use std::{sync::Arc, time::Duration};

const SOURCE: &Source = &sources::otlp::SOURCE;
/// Requests larger than this are taken apart where nobody else waits for them.
const LARGE: usize = 128 * 1024;
/// A collector's batches are smaller.
const HUGE: usize = 8 * 1024 * 1024;
/// From the first byte to the answer.
const WITHIN: Duration = Duration::from_secs(60);

pub async fn traces(State(app): State<Arc<App>>, request: Request) -> Response {
    deliver(&app, Signal::Traces, request).await
}

pub async fn metrics(State(app): State<Arc<App>>, request: Request) -> Response {
    deliver(&app, Signal::Metrics, request).await
}

pub async fn logs(State(app): State<Arc<App>>, request: Request) -> Response {
    deliver(&app, Signal::Logs, request).await
}

/// What is said instead of taking a request.
struct Refused {
    problem: Problem,
    code: Code,
}

impl Refused {
    fn new(status: StatusCode, code: Code, slug: &'static str, words: impl Into<String>) -> Self {
        let problem = Problem::new(crate::domain::failure::FailureKind::Malformed, slug, words).with_status(status);
        Self { problem, code }
    }

    fn later(words: &'static str) -> Self {
        let mut refused = Self::new(StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable, "busy", words);
        refused.problem = refused.problem.retry_after(RETRY_AFTER_SECS);
        refused
    }
}

/// What the other doors say, as this one says it.
impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        let code = match problem.status() {
            StatusCode::UNAUTHORIZED => Code::Unauthenticated,
            StatusCode::FORBIDDEN => Code::PermissionDenied,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::PAYLOAD_TOO_LARGE => Code::ResourceExhausted,
            status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => Code::Unavailable,
            _ => Code::InvalidArgument,
        };
        // A 500 would be final, and so would a 408: what came too slowly may be sent again.
        let is_ours = problem.status().is_server_error() || problem.status() == StatusCode::REQUEST_TIMEOUT;
        let problem = if is_ours { problem.with_status(StatusCode::SERVICE_UNAVAILABLE).retry_after(RETRY_AFTER_SECS) } else { problem };
        Self { problem, code }
    }
}

async fn deliver(app: &App, signal: Signal, request: Request) -> Response {
    let named = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).and_then(Encoding::of);
    let mut visit = Visit::begin(app, Some(SOURCE), &request);
    let taken = tokio::time::timeout(WITHIN, judge_and_keep(app, signal, named, request, &mut visit));
    let result = taken.await.unwrap_or_else(|_| Err(Refused::later("this took too long")));
    // Whose request cannot be told by its type is answered in what people can read.
    let encoding = named.unwrap_or(Encoding::Json);
    match result {
        Ok((rejected, words)) => {
            door::count(SOURCE, if rejected == 0 { "accepted" } else { "partly_accepted" });
            if rejected > 0 {
                visit.body = None;
                visit.refused(app, "partly_accepted", StatusCode::OK, &words);
            }
            respond(StatusCode::OK, encoding, answer::taken(signal, encoding, rejected, &words))
        }
        Err(Refused { problem, code }) => {
            door::count(SOURCE, problem.code());
            visit.refused(app, problem.code(), problem.status(), problem.words());
            let mut response = respond(problem.status(), encoding, answer::refused(encoding, code, problem.words()));
            if let Some(secs) = problem.retry_after_secs() {
                response.headers_mut().insert(header::RETRY_AFTER, secs.into());
            }
            response
        }
    }
}

fn respond(status: StatusCode, encoding: Encoding, body: Vec<u8>) -> Response {
    let mut response = (status, body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(encoding.content_type()));
    response
}

/// Answers how many items were not taken, and why.
async fn judge_and_keep(app: &App, signal: Signal, named: Option<Encoding>, request: Request, visit: &mut Visit) -> Result<(u64, String), Refused> {
    visit.keys = keys::candidates(None, request.headers(), &[]);
    let entrant = door::admit(app, SOURCE, visit).await?;
    door::check(app, SOURCE, &entrant, request.headers(), &[])?;
    let encoding = named.ok_or_else(|| {
        let words = "the Content-Type is neither application/x-protobuf nor application/json";
        Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::InvalidArgument, "unsupported_type", words)
    })?;
    let Some(request) = encoding::unpacked(request) else {
        let words = format!("a body in this Content-Encoding cannot be read; there are {}", encoding::ACCEPTED);
        return Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::InvalidArgument, "unsupported_encoding", words));
    };
    let (parts, sent) = request.into_parts();
    // Few may be large at once, so that what unpacks into much takes no more than so many times that much.
    let gates = [Gate { over: LARGE, places: &app.observed.large }, Gate { over: HUGE, places: &app.observed.huge }];
    let read = body::read_gated(&parts.headers, sent, MAX_BODY, &gates).await?;
    let Some((bytes, _places)) = read else { return Err(Refused::later("too many large requests at once")) };
    keep(app, signal, encoding, &entrant, bytes).await
}

async fn keep(app: &App, signal: Signal, encoding: Encoding, entrant: &Entrant, bytes: Bytes) -> Result<(u64, String), Refused> {
    let decoded = if bytes.len() < LARGE {
        Received::read(signal, encoding, bytes)
    } else {
        let decoding = tokio::task::spawn_blocking(move || Received::read(signal, encoding, bytes));
        decoding.await.map_err(|_| Refused::later("the request could not be taken apart now"))?
    };
    let received = decoded.map_err(|error| Refused::new(StatusCode::BAD_REQUEST, Code::InvalidArgument, "undecodable", error.to_string()))?;
    let taken = app.observed.take_received(received).await.map_err(|error| {
        match error {
            NotKept::Overloaded => {}
            NotKept::Store(_) | NotKept::Stopped => tracing::warn!(error = &error as &dyn std::error::Error, "telemetry was refused"),
        }
        Refused::later("telemetry cannot be kept right now; send it again")
    })?;
    app.senders.note(entrant.integration().id, app.clock().now(), false);
    let retention_s = u64::try_from(app.observed.keep().retention_s()).unwrap_or(0);
    Ok((taken.screened.rejected(), taken.screened.words(retention_s)))
}
