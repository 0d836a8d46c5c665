//! What only the blocks know: spans with their events and typed attributes, and the texts of logs.

use super::{
    Observed, block,
    minute::{Log, NONE},
    snapshot::{Snapshot, instant, just_after, nanos},
    taking, whose,
};
use crate::{
    domain::{
        telemetry::{
            facts::Name,
            panels::{Attribute, LogPage, LogQuestion, LogRow, Range, ResourceRow, SpanEvent, SpanRow, TraceView},
        },
        time::Timestamp,
    },
    server::{
        otlp::{Sent, Signal, ids, values},
        store::StoreError,
    },
};
use opentelemetry_proto::tonic::{
    common::v1::KeyValue,
    logs::v1::LogRecord,
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span, span::SpanKind},
};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

/// Most spans of one trace that are shown.
const MOST_SPANS: usize = 50_000;

/// Where a page of logs begins: behind the record with these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogPlace {
    at_ns: u64,
    block: u32,
    ordinal: u32,
}

impl LogPlace {
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let place = Self { at_ns: parts.next()?.parse().ok()?, block: parts.next()?.parse().ok()?, ordinal: parts.next()?.parse().ok()? };
        parts.next().is_none().then_some(place)
    }

    fn of(log: &Log) -> Self {
        Self { at_ns: log.at_ns, block: log.block, ordinal: log.ordinal }
    }

    fn text(self) -> String {
        format!("{}.{}.{}", self.at_ns, self.block, self.ordinal)
    }
}

/// Names of severities by their tens of four, for records that only have the number.
const SEVERITIES: [&str; 6] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];

/// Records of logs that were found, in the order in which they are shown.
pub struct FoundLogs {
    logs: Vec<Log>,
    has_more: bool,
}

impl Observed {
    /// Picks from the requests of one signal that a block holds. Nothing, where the block is gone.
    async fn pick_from_block<T: Send + 'static>(
        &self,
        number: u32,
        signal: Signal,
        pick: impl FnOnce(Timestamp, Vec<Sent>) -> T + Send + 'static,
    ) -> Result<Option<T>, StoreError> {
        let Some(kept) = self.store.telemetry_block(i64::from(number)).await? else { return Ok(None) };
        let picked = tokio::task::spawn_blocking(move || match block::unpack(&kept.body, Some(signal)) {
            Ok(sents) => Some(pick(kept.received_at, sents)),
            Err(error) => {
                tracing::error!(block = number, error = &error as &dyn std::error::Error, "a block of telemetry cannot be read");
                None
            }
        });
        Ok(picked.await.unwrap_or_default())
    }

    /// A trace as it was sent, each span once; `None`: none of its spans is kept.
    pub async fn trace(self: &Arc<Self>, trace: u128) -> Result<Option<Vec<ResourceSpans>>, StoreError> {
        let snapshot = self.snapshot(Timestamp::from_micros(0), Timestamp::MAX).await?;
        let blocks = tokio::task::spawn_blocking(move || snapshot.blocks_of(trace)).await.unwrap_or_default();
        let (mut groups, mut seen) = (vec![], HashSet::new());
        for number in blocks {
            let pick = move |_, sents: Vec<Sent>| {
                let mut here = HashSet::new();
                let sent = sents.into_iter().flat_map(|sent| if let Sent::Traces(groups) = sent { groups } else { vec![] });
                sent.filter_map(|group| only(group, trace, &mut here)).collect::<Vec<_>>()
            };
            let found = self.pick_from_block(number, Signal::Traces, pick).await?.unwrap_or_default();
            groups.extend(found.into_iter().filter_map(|group| only(group, trace, &mut seen)));
            if seen.len() >= MOST_SPANS {
                break;
            }
        }
        Ok((!groups.is_empty()).then_some(groups))
    }

    /// A page of the records that were found, with their texts.
    pub async fn log_page(&self, found: FoundLogs) -> Result<LogPage, StoreError> {
        let FoundLogs { logs, has_more } = found;
        let mut rows = BTreeMap::new();
        let blocks: BTreeSet<u32> = logs.iter().map(|log| log.block).collect();
        for number in blocks {
            let wanted: HashSet<u32> = logs.iter().filter(|log| log.block == number).map(|log| log.ordinal).collect();
            let pick = move |received_at, sents: Vec<Sent>| {
                let groups = || sents.iter().filter_map(|sent| if let Sent::Logs(groups) = sent { Some(groups) } else { None }).flatten();
                let records = groups().flat_map(|group| group.scope_logs.iter().flat_map(|scope| &scope.log_records).map(move |record| (group, record)));
                let here = (0..).zip(records).filter(|(ordinal, _)| wanted.contains(ordinal));
                here.map(|(ordinal, (group, record))| ((number, ordinal), row(group.resource.as_ref(), record, nanos(received_at)))).collect::<Vec<_>>()
            };
            rows.extend(self.pick_from_block(number, Signal::Logs, pick).await?.into_iter().flatten());
        }
        let next_cursor = logs.last().filter(|_| has_more).map(|log| LogPlace::of(log).text());
        let items = logs.iter().filter_map(|log| rows.remove(&(log.block, log.ordinal))).collect();
        Ok(LogPage { items, next_cursor })
    }
}

impl Snapshot {
    /// The records that are asked for, the last first, and whether there are more.
    pub fn logs(&self, question: &LogQuestion, after: Option<LogPlace>, limit: usize) -> FoundLogs {
        let words = self.words();
        let service: Option<Option<Name>> = question.service.as_deref().map(|service| words.known(service));
        drop(words);
        let trace = question.trace_id.as_deref().map(|id| ids::parse_trace(id).unwrap_or(0));
        let span = question.span_id.as_deref().map(|id| ids::parse_span(id).unwrap_or(0));
        // What a page before had was written later: there is no need to look there again.
        let range = Range { to: question.range.to.min(after.map_or(Timestamp::MAX, |after| just_after(after.at_ns))), ..question.range };
        let (from, to) = (nanos(range.from), nanos(range.to));
        let wanted = |log: &&Log| {
            (from..to).contains(&log.at_ns)
                && service.is_none_or(|service| service == Some(log.service))
                && trace.is_none_or(|trace| trace == log.trace)
                && span.is_none_or(|span| span == log.span)
                && question.min_severity.is_none_or(|least| u32::from(log.severity) >= least)
                && after.is_none_or(|after| LogPlace::of(log) < after)
        };
        let mut logs: Vec<Log> = vec![];
        for (_, minute) in self.within(range).rev() {
            let mut here: Vec<Log> = minute.logs.iter().filter(wanted).copied().collect();
            here.sort_unstable_by_key(|log| Reverse(LogPlace::of(log)));
            logs.append(&mut here);
            if logs.len() > limit {
                break;
            }
        }
        let has_more = logs.len() > limit;
        logs.truncate(limit);
        FoundLogs { logs, has_more }
    }
}

/// The part of a group that belongs to one trace, each span the first time it is seen.
fn only(group: ResourceSpans, trace: u128, seen: &mut HashSet<u64>) -> Option<ResourceSpans> {
    let mut keep = |scope: ScopeSpans| {
        let spans: Vec<Span> = scope.spans.into_iter().filter(|span| ids::trace(&span.trace_id) == trace && seen.insert(ids::span(&span.span_id))).collect();
        (!spans.is_empty()).then_some(ScopeSpans { spans, ..scope })
    };
    let scope_spans: Vec<ScopeSpans> = group.scope_spans.into_iter().filter_map(&mut keep).collect();
    (!scope_spans.is_empty()).then_some(ResourceSpans { scope_spans, ..group })
}

fn pairs(attributes: &[KeyValue]) -> Vec<Attribute> {
    attributes.iter().map(|one| Attribute { name: values::plain(&one.key).into_owned(), value: values::text(one.value.as_ref()).into_owned() }).collect()
}

/// A trace as rows of a waterfall.
pub fn view(trace: u128, groups: &[ResourceSpans]) -> TraceView {
    let all = || groups.iter().flat_map(|group| group.scope_spans.iter().flat_map(|scope| &scope.spans).map(move |span| (group.resource.as_ref(), span)));
    let first_ns = all().map(|(_, span)| span.start_time_unix_nano).min().unwrap_or(0);
    let mut spans: Vec<(u64, SpanRow)> = all().map(|(resource, span)| (span.start_time_unix_nano, span_row(resource, span, first_ns))).collect();
    spans.sort_by(|a, b| (a.0, &a.1.span_id).cmp(&(b.0, &b.1.span_id)));
    let mut resources = BTreeMap::new();
    for group in groups {
        let resource = group.resource.as_ref();
        let key = (whose::service_of(resource).into_owned(), whose::instance_of(resource).map(|text| text.into_owned()).unwrap_or_default());
        resources.entry(key).or_insert_with(|| resource.map_or_else(Vec::new, |resource| pairs(&resource.attributes)));
    }
    TraceView {
        trace_id: ids::trace_text(trace),
        spans: spans.into_iter().map(|(_, row)| row).collect(),
        resources: resources.into_iter().map(|((service, instance), attributes)| ResourceRow { service, instance, attributes }).collect(),
    }
}

fn span_row(resource: Option<&Resource>, span: &Span, first_ns: u64) -> SpanRow {
    let parent = ids::span(&span.parent_span_id);
    SpanRow {
        span_id: ids::span_text(ids::span(&span.span_id)),
        parent_id: if parent == 0 { String::new() } else { ids::span_text(parent) },
        service: whose::service_of(resource).into_owned(),
        operation: values::plain(&span.name).into_owned(),
        kind: match SpanKind::try_from(span.kind) {
            Ok(SpanKind::Server) => "server",
            Ok(SpanKind::Client) => "client",
            Ok(SpanKind::Producer) => "producer",
            Ok(SpanKind::Consumer) => "consumer",
            Ok(SpanKind::Internal) => "internal",
            Ok(SpanKind::Unspecified) | Err(_) => "",
        }
        .to_owned(),
        instance: whose::instance_of(resource).map(|text| text.into_owned()).unwrap_or_default(),
        started_at: instant(span.start_time_unix_nano),
        offset_s: span.start_time_unix_nano.saturating_sub(first_ns) as f64 / 1e9,
        duration_s: span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano) as f64 / 1e9,
        error: taking::failed(span),
        status: span.status.as_ref().map(|status| values::plain(&status.message).into_owned()).unwrap_or_default(),
        attributes: pairs(&span.attributes),
        events: span
            .events
            .iter()
            .map(|event| SpanEvent { at: instant(event.time_unix_nano), name: values::plain(&event.name).into_owned(), attributes: pairs(&event.attributes) })
            .collect(),
        links: span.links.iter().map(|link| ids::trace_text(ids::trace(&link.trace_id))).collect(),
    }
}

fn row(resource: Option<&Resource>, record: &LogRecord, received_ns: u64) -> LogRow {
    let number = u32::from(taking::severity_of(record, record.severity_number <= 0 && taking::errs(record)));
    let severity = match record.severity_text.trim() {
        "" => number.checked_sub(1).and_then(|at| SEVERITIES.get(at as usize / 4)).copied().unwrap_or_default().to_owned(),
        text => values::plain(text).into_owned(),
    };
    let (trace, span) = taking::trace_and_span(record);
    LogRow {
        at: instant(taking::at_of(record, received_ns)),
        severity,
        severity_number: number,
        service: whose::service_of(resource).into_owned(),
        instance: whose::instance_of(resource).map(|text| text.into_owned()),
        text: values::text(record.body.as_ref()).into_owned(),
        trace_id: (trace != 0).then(|| ids::trace_text(trace)),
        span_id: (span != 0).then(|| ids::span_text(span)),
        attributes: pairs(&record.attributes),
    }
}

/// The instance's name, where there is one.
pub(super) fn instance_name(instance: u32) -> Option<Name> {
    (instance != NONE).then_some(Name(instance))
}
