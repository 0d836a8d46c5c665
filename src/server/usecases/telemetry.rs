//! What people and programs ask of telemetry. Whoever may read incidents may read it.

use super::{people::needs, plain::plain_text};
use crate::{
    domain::{
        failure::{Failure, FailureKind},
        people::{Actor, Right},
        telemetry::{
            differences::{Comparison, Difference},
            panels::{ErrorMap, GaugeMap, Graph, Holdings, Latency, LogPage, LogQuestion, Question, Range, TracePage, TraceQuestion, TraceView, Traffic},
        },
    },
    server::{
        error::ServerError,
        observed::{Snapshot, details::LogPlace, panels::By, traces::Place},
        otlp::{ids, json},
        state::App,
    },
};
use serde_json::Value;
use std::collections::BTreeMap;

/// Services, operations or callers with their figures, those with the most calls first.
pub async fn traffic(app: &App, actor: &Actor, question: Question, by: By) -> Result<Vec<Traffic>, ServerError> {
    asked(app, actor, question, move |question, now, before| now.traffic(&question, before.as_ref(), by)).await
}

/// How long calls took, over time and in all.
pub async fn latency(app: &App, actor: &Actor, question: Question) -> Result<Latency, ServerError> {
    asked(app, actor, question, |question, now, before| now.latency(&question, before.as_ref())).await
}

/// Errors over time, by service or by the operations of one.
pub async fn errors(app: &App, actor: &Actor, question: Question) -> Result<ErrorMap, ServerError> {
    asked(app, actor, question, |question, now, _| now.errors(&question)).await
}

/// Who calls whom, and who is said to need whom.
pub async fn graph(app: &App, actor: &Actor, question: Question) -> Result<Graph, ServerError> {
    let (service, compared) = (question.service.clone(), question.baseline.is_some());
    let mut graph = asked(app, actor, question, |question, now, before| now.graph(&question, before.as_ref())).await?;
    let declared: BTreeMap<String, Vec<String>> =
        app.store.described_services().await?.into_iter().map(|known| (known.name, known.draft.depends_on)).collect();
    graph.declare(&declared, service.as_deref(), compared);
    Ok(graph)
}

/// What sets a range apart from its baseline, most telling first. Without a baseline it is
/// compared with the time of the same length just before it.
pub async fn differences(app: &App, actor: &Actor, question: Question) -> Result<Comparison, ServerError> {
    let range = checked(question.range)?;
    let length_s = range.to.secs_since(range.from).max(60);
    let baseline = question.baseline.unwrap_or(Range { from: range.from.plus_secs(-length_s), to: range.from });
    let question = Question { baseline: Some(baseline), ..question };
    asked(app, actor, question, move |question, now, before| {
        let mut found = now.compare(question.range, before.as_ref().unwrap_or(&now), baseline);
        let fits = |item: &Difference| {
            let service = question.service.as_ref().is_none_or(|wanted| *wanted == item.service || item.peer.as_ref() == Some(wanted));
            service && question.operation.as_ref().is_none_or(|wanted| item.operation.as_ref() == Some(wanted))
        };
        found.items.retain(fits);
        found
    })
    .await
}

/// What instances measure of themselves.
pub async fn gauges(app: &App, actor: &Actor, question: Question) -> Result<GaugeMap, ServerError> {
    asked(app, actor, question, |question, now, _| now.gauges(&question)).await
}

/// A page of traces. A cursor is what a page before answered.
pub async fn traces(app: &App, actor: &Actor, question: TraceQuestion, cursor: Option<&str>, limit: usize) -> Result<TracePage, ServerError> {
    needs(actor, Right::Read)?;
    checked(question.range)?;
    let after = cursor.map(|cursor| Place::parse(cursor).ok_or_else(bad_cursor)).transpose()?;
    let snapshot = app.observed.snapshot(question.range.from, question.range.to).await?;
    apart(move || snapshot.traces(&question, after, limit)).await
}

/// A trace as it was sent, as OTLP's JSON.
pub async fn trace(app: &App, actor: &Actor, id: &str) -> Result<Value, ServerError> {
    needs(actor, Right::Read)?;
    let groups = app.observed.trace(ids::parse_trace(id).ok_or_else(unknown_trace)?).await?.ok_or_else(unknown_trace)?;
    Ok(json::write_traces(&groups))
}

/// A trace as rows of a waterfall.
pub async fn trace_view(app: &App, actor: &Actor, id: &str) -> Result<TraceView, ServerError> {
    needs(actor, Right::Read)?;
    Ok(app.observed.trace_view(ids::parse_trace(id).ok_or_else(unknown_trace)?).await?.ok_or_else(unknown_trace)?)
}

/// A page of log records, the last first.
pub async fn logs(app: &App, actor: &Actor, question: LogQuestion, cursor: Option<&str>, limit: usize) -> Result<LogPage, ServerError> {
    needs(actor, Right::Read)?;
    checked(question.range)?;
    let after = cursor.map(|cursor| LogPlace::parse(cursor).ok_or_else(bad_cursor)).transpose()?;
    Ok(app.observed.logs(&question, after, limit).await?)
}

/// What is kept, and what is not any more.
pub async fn holdings(app: &App, actor: &Actor) -> Result<Holdings, ServerError> {
    needs(actor, Right::Read)?;
    Ok(app.observed.holdings())
}

/// Answers a question about a range, and perhaps about its baseline, apart from what others wait for.
async fn asked<T: Send + 'static>(
    app: &App,
    actor: &Actor,
    question: Question,
    answer: impl FnOnce(Question, Snapshot, Option<Snapshot>) -> T + Send + 'static,
) -> Result<T, ServerError> {
    needs(actor, Right::Read)?;
    let question = Question {
        service: question.service.as_deref().map(plain_text),
        operation: question.operation.as_deref().map(plain_text),
        range: checked(question.range)?,
        baseline: question.baseline.map(checked).transpose()?,
        step_s: question.step_s,
    };
    let now = app.observed.snapshot(question.range.from, question.range.to).await?;
    let before = match question.baseline {
        Some(baseline) => Some(app.observed.snapshot(baseline.from, baseline.to).await?),
        None => None,
    };
    apart(move || answer(question, now, before)).await
}

/// Runs what takes a while where nobody else has to wait for it.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ServerError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Failure::new(FailureKind::Unavailable, "broke_off", "the answer could not be reckoned").into())
}

pub(super) fn checked(range: Range) -> Result<Range, ServerError> {
    if range.from < range.to { Ok(range) } else { Err(Failure::new(FailureKind::Malformed, "bad_parameter", "a range begins before it ends").into()) }
}

fn bad_cursor() -> Failure {
    Failure::new(FailureKind::Malformed, "bad_parameter", "cursor: the next_cursor of the page before")
}

fn unknown_trace() -> Failure {
    Failure::new(FailureKind::NotFound, "unknown_trace", "there is no such trace")
        .with_next("It may be older than what is kept, or may have been let go for its size.")
}
