//! A trace as its page shows it: the spans, the log lines that name it, what its root usually
//! takes, what is not there, which incidents name it, and what calls like one of its have in common.

use super::{people::needs, telemetry};
use crate::{
    domain::{
        people::{Actor, Right},
        telemetry::{
            alike::{Alike, AlikeQuestion},
            evidence::Naming,
            panels::{LogQuestion, Question, Range, SpanRow, TraceView},
            waterfall::WholeTrace,
        },
        time::Timestamp,
    },
    server::{error::ServerError, observed::panels::By, otlp::ids, state::App},
};

/// Log lines that come with a trace; the rest can be asked for over REST.
const LOG_LINES: usize = 500;
/// Lines are looked for so long before the first span and after the last.
const AROUND_SECS: i64 = 600;
/// What is usual is taken from so long before the trace.
const USUAL_SECS: i64 = 3_600;
/// Beyond this many letters, attributes and events of spans without an error stay behind.
const MOST_LETTERS: usize = 6_000_000;
/// Calls like one are looked for so long before it and after it.
const ALIKE_SECS: i64 = 1_800;
/// Attributes of one span and of its process that are counted.
const MOST_ATTRIBUTES: usize = 200;
/// Incidents that are said to name a trace.
const MOST_INCIDENTS: usize = 5;

/// The trace of a data source; without one, wherever it is.
pub async fn whole(app: &App, actor: &Actor, id: &str, source: Option<&str>) -> Result<WholeTrace, ServerError> {
    let (mut view, read_from) = telemetry::trace_view(app, actor, id, source).await?;
    let left_out = slim(&mut view);
    let around = around(&view);
    let question = LogQuestion { range: around, service: None, trace_id: Some(view.trace_id.clone()), span_id: None, min_severity: None };
    let page = telemetry::logs(app, actor, question, None, LOG_LINES).await?;
    let (mut logs, more_logs) = (page.items, page.next_cursor.is_some());
    // Pages begin with the last; a trace is read from its start.
    logs.reverse();
    // What is usual is told from all calls, and not from a sample of another's.
    let usual_s = if read_from.is_none() { usual(app, actor, &view).await? } else { None };
    let mut gaps: Vec<String> = read_from.into_iter().collect();
    if telemetry::holdings(app, actor).await?.loading {
        gaps.push("What was kept before this server started is still being read; spans may be missing until it is.".to_owned());
    }
    if left_out > 0 {
        gaps.push(format!("It is very large: attributes and events of {left_out} spans without an error are not shown; REST has them."));
    }
    Ok(WholeTrace { view, logs, more_logs, usual_s, gaps })
}

/// How often calls like one that is looked at carry its attributes.
pub async fn alike(app: &App, actor: &Actor, mut question: AlikeQuestion) -> Result<Alike, ServerError> {
    needs(actor, Right::Read)?;
    question.attributes.truncate(MOST_ATTRIBUTES);
    let range = Range { from: question.at.plus_secs(-ALIKE_SECS), to: question.at.plus_secs(ALIKE_SECS) };
    let snapshot = app.observed.snapshot(range.from, range.to).await?;
    telemetry::apart(move || snapshot.alike(&question, range).judged()).await
}

/// The incidents that name a trace, each once: an entry of a timeline goes before an alert.
pub async fn naming(app: &App, actor: &Actor, id: &str) -> Result<Vec<Naming>, ServerError> {
    needs(actor, Right::Read)?;
    let Some(trace) = ids::parse_trace(id).map(ids::trace_text) else { return Ok(vec![]) };
    let mut naming: Vec<Naming> = vec![];
    for (incident, seq) in app.store.naming_trace(actor, &trace, 20).await? {
        if naming.iter().all(|known| known.reference != incident.reference) {
            naming.push(Naming { reference: incident.reference, title: incident.title.clone(), severity: incident.shown_severity(), seq });
        }
    }
    naming.truncate(MOST_INCIDENTS);
    Ok(naming)
}

/// From a while before the first span until a while after the last.
fn around(view: &TraceView) -> Range {
    let starts = || view.spans.iter().map(|span| span.started_at).filter(|at| at.micros() > 0);
    #[allow(clippy::cast_possible_truncation)] // whole seconds of a call
    let ends = view.spans.iter().filter(|span| span.started_at.micros() > 0).map(|span| span.started_at.plus_secs(span.duration_s.ceil() as i64));
    let (from, to) = (starts().min().unwrap_or(Timestamp::from_micros(0)), ends.max().unwrap_or(Timestamp::MAX));
    Range { from: from.plus_secs(-AROUND_SECS), to: to.plus_secs(AROUND_SECS) }
}

/// What half of the calls of the root's operation took at most before it.
async fn usual(app: &App, actor: &Actor, view: &TraceView) -> Result<Option<f64>, ServerError> {
    let longest = |a: &&SpanRow, b: &&SpanRow| a.duration_s.total_cmp(&b.duration_s);
    let Some(root) = view.spans.iter().filter(|span| span.parent_id.is_empty() && span.started_at.micros() > 0).max_by(longest) else { return Ok(None) };
    let question = Question {
        range: Range { from: root.started_at.plus_secs(-USUAL_SECS), to: root.started_at },
        baseline: None,
        service: Some(root.service.clone()),
        operation: Some(root.operation.clone()),
        step_s: None,
        source: None,
    };
    let rows = telemetry::traffic(app, actor, question, By::Operation).await?;
    Ok(rows.into_iter().find(|row| row.operation.as_deref() == Some(root.operation.as_str())).and_then(|row| row.now.p50_s))
}

/// Leaves attributes and events behind where a trace is too large to be sent whole; says of how many spans.
fn slim(view: &mut TraceView) -> usize {
    let letters = |span: &SpanRow| {
        let attributes: usize = span.attributes.iter().map(|attribute| attribute.name.len() + attribute.value.len() + 24).sum();
        let events: usize = span
            .events
            .iter()
            .map(|event| 64 + event.attributes.iter().map(|attribute| attribute.name.len() + attribute.value.len() + 24).sum::<usize>())
            .sum();
        attributes + events
    };
    let mut left: usize = MOST_LETTERS.saturating_sub(view.spans.iter().filter(|span| span.error).map(letters).sum());
    let mut left_out = 0;
    for span in view.spans.iter_mut().filter(|span| !span.error) {
        match left.checked_sub(letters(span)) {
            Some(rest) => left = rest,
            None => {
                span.attributes.clear();
                span.events.clear();
                left_out += 1;
            }
        }
    }
    left_out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::telemetry::panels::Attribute;

    fn a_span(error: bool, letters: usize) -> SpanRow {
        SpanRow {
            span_id: "1".to_owned(),
            parent_id: String::new(),
            service: "a".to_owned(),
            operation: "b".to_owned(),
            kind: String::new(),
            instance: String::new(),
            started_at: Timestamp::from_micros(1_786_450_000_000_001),
            offset_s: 0.0,
            duration_s: 1.2,
            error,
            status: String::new(),
            attributes: vec![Attribute { name: "k".to_owned(), value: "v".repeat(letters) }],
            events: vec![],
            links: vec![],
        }
    }

    #[test]
    fn what_failed_keeps_its_attributes_and_a_huge_trace_leaves_others_behind() {
        let view = |spans| TraceView { trace_id: "5b".to_owned(), spans, resources: vec![] };
        let mut small = view(vec![a_span(false, 100), a_span(true, 100)]);
        assert_eq!((slim(&mut small), small.spans[0].attributes.len()), (0, 1));
        let mut large = view(vec![a_span(false, 4_000_000), a_span(false, 10), a_span(true, 3_000_000)]);
        assert_eq!(slim(&mut large), 1);
        assert_eq!(large.spans.iter().map(|span| span.attributes.len()).collect::<Vec<_>>(), [0, 1, 1]);
    }

    #[test]
    fn lines_are_looked_for_around_the_spans_that_have_a_time() {
        let spans = vec![a_span(false, 1), SpanRow { started_at: Timestamp::from_micros(0), ..a_span(false, 1) }];
        let range = around(&TraceView { trace_id: "5b".to_owned(), spans, resources: vec![] });
        assert_eq!(range.to.secs_since(range.from), 2 * AROUND_SECS + 2);
    }
}
