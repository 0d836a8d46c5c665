//! What people and programs ask of telemetry. Whoever may read incidents may read it.

use super::{data_sources, people::needs, plain::plain_text};
use crate::{
    domain::{
        data_source::SourceKind,
        failure::{Failure, FailureKind},
        people::{Actor, Right},
        telemetry::{
            differences::{Comparison, Difference},
            origin::{PanelSource, ReadFrom},
            panels::{
                ErrorMap, GaugeMap, Graph, Holdings, Latency, LogPage, LogQuestion, Question, Range, TraceOrder, TracePage, TraceQuestion, TraceView, Traffic,
            },
            suspects::Suspect,
        },
    },
    server::{
        error::ServerError,
        observed::{
            Snapshot,
            details::{self, LogPlace},
            panels::By,
            traces::Place,
        },
        otlp::{ids, json},
        reading::{Ask, Narrow, Read, Traced, Whole},
        state::App,
        store::KeptSource,
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
        app.store.described_services(Some(actor)).await?.into_iter().map(|known| (known.name, known.draft.depends_on)).collect();
    graph.declare(&declared, service.as_deref(), compared);
    Ok(graph)
}

/// What a range is compared with: without a baseline, the time of the same length just before it.
pub fn baseline_of(question: &Question) -> Range {
    let Range { from, to } = question.range;
    question.baseline.unwrap_or_else(|| Range { from: from.plus_secs(-to.secs_since(from).max(60)), to: from })
}

/// What sets a range apart from its baseline, most telling first.
pub async fn differences(app: &App, actor: &Actor, question: Question) -> Result<Comparison, ServerError> {
    let baseline = baseline_of(&question);
    let question = Question { baseline: Some(baseline), ..question };
    asked(app, actor, question, move |question, now, before| {
        let mut found = now.compare(question.range, before.as_ref().unwrap_or(&now), baseline);
        if question.source.is_some() {
            // How many traces a sample has, and which log lines are not in it, says nothing.
            let is_of_traces = |item: &Difference| !matches!(item.measure.as_str(), "traffic" | "missing" | "log");
            found.items.retain(is_of_traces);
            found.nearest = found.nearest.filter(is_of_traces);
        }
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
    // Sources of traces and counts have none; they are what was sent here.
    asked(app, actor, Question { source: None, ..question }, |question, now, _| now.gauges(&question)).await
}

/// What is not to be believed of what was sent in a range.
pub async fn suspects(app: &App, actor: &Actor, question: Question) -> Result<Vec<Suspect>, ServerError> {
    needs(actor, Right::Read)?;
    // Of a sample of another's traces nothing can be missed.
    if question.source.is_some() {
        return Ok(vec![]);
    }
    // What has not been yet is not missed.
    let to = question.range.to.min(app.clock().now()).max(question.range.from.plus_secs(1));
    let question = Question { range: Range { to, ..question.range }, baseline: None, ..question };
    asked(app, actor, question, |question, now, _| now.suspects(question.range, question.service.as_deref())).await
}

/// A page of traces. A cursor is what a page before answered.
pub async fn traces(app: &App, actor: &Actor, question: TraceQuestion, cursor: Option<&str>, limit: usize) -> Result<TracePage, ServerError> {
    needs(actor, Right::Read)?;
    checked(question.range)?;
    let after = cursor.map(|cursor| Place::parse(cursor).ok_or_else(bad_cursor)).transpose()?;
    let narrow = Narrow {
        attributes: question.attributes.clone(),
        min_s: question.min_s,
        // Where errors come first, they are looked for.
        errors: question.errors || question.order == TraceOrder::Errors,
    };
    let ask = Ask {
        range: question.range,
        service: question.service.clone(),
        operation: question.operation.clone(),
        step_s: 0,
        narrow: (narrow != Narrow::default()).then_some(narrow),
    };
    let read = read(app, actor, question.source.as_deref(), ask, None).await?;
    let page = apart(move || read.now.traces(&question, after, limit)).await?;
    Ok(TracePage { read_from: read.from, ..page })
}

/// A trace with whoever has it: the source that is named; else this server, else the first of the
/// sources that knows it.
pub async fn traced(app: &App, actor: &Actor, id: &str, source: Option<&str>) -> Result<Traced, ServerError> {
    needs(actor, Right::Read)?;
    let id = ids::parse_trace(id).ok_or_else(unknown_trace)?;
    let who = actor.who.id.as_str();
    let found = match source {
        Some(name) => app.reading.trace(&data_sources::kept(app, name).await?, app.clock(), who, id).await?,
        None => match app.observed.trace(id).await? {
            Some(groups) => Some(Traced { whole: Whole { groups, gap: None }, source: None }),
            None => app.reading.trace_of_any(&app.store.data_sources().await?, app.clock(), who, id).await?,
        },
    };
    Ok(found.ok_or_else(unknown_trace)?)
}

/// A trace as it was sent, as OTLP's JSON.
pub async fn trace(app: &App, actor: &Actor, id: &str, source: Option<&str>) -> Result<Value, ServerError> {
    let groups = traced(app, actor, id, source).await?.whole.groups;
    apart(move || json::write_traces(&groups)).await
}

/// A trace as rows of a waterfall, with what is to be said of whoever has it.
pub async fn trace_view(app: &App, actor: &Actor, id: &str, source: Option<&str>) -> Result<(TraceView, Option<String>), ServerError> {
    let Traced { whole, source } = traced(app, actor, id, source).await?;
    let trace = ids::parse_trace(id).ok_or_else(unknown_trace)?;
    let said = source.map(|source| {
        let gap = whole.gap.as_ref().map(|words| format!("; {words}")).unwrap_or_default();
        format!("It was read from {}{gap}. Log lines are those that were sent here.", source.name)
    });
    Ok((apart(move || details::view(trace, &whole.groups)).await?, said))
}

/// The sources that panels can be read from, by name. Whoever may read may know them.
pub async fn sources(app: &App, actor: &Actor) -> Result<Vec<PanelSource>, ServerError> {
    needs(actor, Right::Read)?;
    let shown = |kept: KeptSource| {
        let kind = SourceKind::from_slug(&kept.kind)?;
        Some(PanelSource { name: kept.name, kind: kept.kind, has_traces: kind.has_traces() })
    };
    Ok(app.store.data_sources().await?.into_iter().filter_map(shown).collect())
}

/// The services of a range, by name; of all times where a source cannot tell.
pub async fn services(app: &App, actor: &Actor, range: Range, source: Option<&str>) -> Result<Vec<String>, ServerError> {
    needs(actor, Right::Read)?;
    checked(range)?;
    match source {
        Some(name) => app.reading.services(&data_sources::kept(app, name).await?, app.clock(), range).await,
        None => app.reading.held_services(&app.observed, range).await,
    }
}

/// What the answers to a question are made from; `None`: what was sent to this server.
pub async fn origin(app: &App, actor: &Actor, question: &Question) -> Result<Option<ReadFrom>, ServerError> {
    needs(actor, Right::Read)?;
    let Some(name) = &question.source else { return Ok(None) };
    let source = data_sources::kept(app, name).await?;
    Ok(Some(app.reading.origin(&source, app.clock(), &actor.who.id, ask_of(question), question.baseline).await?))
}

/// A page of log records, the last first.
pub async fn logs(app: &App, actor: &Actor, question: LogQuestion, cursor: Option<&str>, limit: usize) -> Result<LogPage, ServerError> {
    needs(actor, Right::Read)?;
    checked(question.range)?;
    let after = cursor.map(|cursor| LogPlace::parse(cursor).ok_or_else(bad_cursor)).transpose()?;
    let snapshot = app.observed.snapshot(question.range.from, question.range.to).await?;
    let found = apart(move || snapshot.logs(&question, after, limit)).await?;
    Ok(app.observed.log_page(found).await?)
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
        ..question
    };
    let Read { now, before, .. } = read(app, actor, question.source.as_deref(), ask_of(&question), question.baseline).await?;
    apart(move || answer(question, now, before)).await
}

async fn read(app: &App, actor: &Actor, source: Option<&str>, ask: Ask, baseline: Option<Range>) -> Result<Read, ServerError> {
    match source {
        Some(name) => app.reading.read(&data_sources::kept(app, name).await?, app.clock(), &actor.who.id, ask, baseline).await,
        None => app.reading.held(&app.observed, &ask, baseline).await,
    }
}

fn ask_of(question: &Question) -> Ask {
    let step_s = question.step_s.map_or(0, i64::from);
    Ask { range: question.range, service: question.service.clone(), operation: question.operation.clone(), step_s, narrow: None }
}

/// Runs what takes a while where nobody else has to wait for it.
pub(super) async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ServerError> {
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
