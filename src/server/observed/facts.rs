//! The facts of a range, which differences are told from: whole traces by their root's instant,
//! loose log records and gauges by their own.

use super::{
    details::instance_name,
    gauges,
    minute::{Log, MINUTE_NS, Minute, NONE, Span, minute_of},
    snapshot::{Snapshot, nanos},
    traces::Gathered,
    words::Words,
};
use crate::domain::telemetry::{
    differences::{self, Comparison},
    facts::{Facts, GaugeKey, Name},
    gather::{Gathering, LogView, SpanView, enters},
    panels::Range,
};
use std::{collections::HashMap, sync::Arc};

/// Attributes of a resource that name what is told apart otherwise.
const NAMED_OTHERWISE: [&str; 5] = ["service.name", "k8s.pod.name", "service.instance.id", "telemetry.sdk.name", "telemetry.sdk.language"];

/// Log records by the trace that they name.
type LogsOf<'a> = HashMap<u128, Vec<&'a Log>>;

impl Snapshot {
    /// What sets a range apart from its baseline, as far as that lies outside of it.
    pub fn compare(&self, range: Range, before: &Snapshot, baseline: Range) -> Comparison {
        let now = self.facts(range);
        let earlier = differences::outside(baseline, range).into_iter().fold(Facts::default(), |mut all, part| {
            all.merge(&before.facts(part));
            all
        });
        differences::compare(&now, &earlier, self.words().names())
    }

    /// What this range held.
    pub fn facts(&self, range: Range) -> Facts {
        let logs = self.logs_by_trace();
        let minutes: Vec<(i64, &Arc<Minute>)> = self.within(range).collect();
        let share = minutes.len().div_ceil(std::thread::available_parallelism().map_or(1, usize::from)).max(1);
        // Minutes stand alone, so every processor takes some.
        let mut facts = std::thread::scope(|scope| {
            let workers: Vec<_> = minutes.chunks(share).map(|minutes| scope.spawn(|| self.facts_of(minutes, &logs, range))).collect();
            workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect::<Vec<Facts>>()
        });
        facts.push(self.readings_at_the_end(range));
        facts.iter().fold(Facts::default(), |mut all, facts| {
            all.merge(facts);
            all
        })
    }

    /// A reading is over what came before it: one of the instant in which a range ends is the
    /// range's, though it stands in the minute that begins there.
    fn readings_at_the_end(&self, range: Range) -> Facts {
        let (to, mut gathering) = (nanos(range.to), Gathering::default());
        let at = minute_of(to);
        if super::start_of(at) == to
            && let Some(minute) = self.minute(at)
        {
            self.gauges_into(at, minute, range, &mut gathering);
        }
        gathering.finish(0.0)
    }

    fn facts_of(&self, minutes: &[(i64, &Arc<Minute>)], logs: &LogsOf<'_>, range: Range) -> Facts {
        let (from, to) = (nanos(range.from), nanos(range.to));
        let mut facts = Facts::default();
        for &(at, minute) in minutes {
            let seconds = (to.min(super::start_of(at + 1)).saturating_sub(from.max(super::start_of(at)))) as f64 / 1e9;
            let mut gathering = Gathering::default();
            self.gather(at, minute, logs, &mut gathering, |ns| (from..to).contains(&ns));
            self.gauges_into(at, minute, range, &mut gathering);
            facts.merge(&gathering.finish(seconds));
            if let Some(frozen) = minute.frozen.as_ref().filter(|_| (from..to).contains(&super::start_of(at))) {
                facts.merge(&frozen.facts);
            }
        }
        facts
    }

    pub(super) fn logs_by_trace(&self) -> LogsOf<'_> {
        let mut logs = LogsOf::new();
        for log in self.all().flat_map(|(_, minute)| &minute.logs).filter(|log| log.trace != 0 && !log.gathered) {
            logs.entry(log.trace).or_default().push(log);
        }
        logs
    }

    /// Traces and log records of one minute that are not in its frozen facts.
    pub(super) fn gather(&self, at: i64, minute: &Arc<Minute>, logs: &LogsOf<'_>, gathering: &mut Gathering, wanted: impl Fn(u64) -> bool) {
        let words = self.words();
        let mut scratch = Scratch::default();
        for trace in self.rooted(at, minute) {
            let is_new = trace.root().is_some_and(|root| wanted(root.start_ns)) && trace.spans.iter().all(|(_, span)| !span.gathered);
            if is_new {
                let logs = logs.get(&trace.trace).map_or(&[][..], Vec::as_slice);
                scratch.gather(&words, &trace, logs, gathering);
            }
        }
        for log in minute.logs.iter().filter(|log| !log.gathered && wanted(log.at_ns)) {
            if log.trace == 0 || !self.has(at, log.trace) {
                gathering.log(&log_view(log));
            }
        }
    }

    /// Whether spans of a trace are kept around a minute.
    pub(super) fn has(&self, at: i64, trace: u128) -> bool {
        super::AROUND.iter().any(|near| self.minute(at + near).is_some_and(|minute| minute.of_trace(trace).next().is_some()))
    }

    /// Readings of a minute are kept together: of one that the range cuts they count where most of
    /// the minute lies in it. One alone counts behind the beginning of the range up to its end.
    fn gauges_into(&self, at: i64, minute: &Arc<Minute>, range: Range, gathering: &mut Gathering) {
        let words = self.words();
        let (from, to, begins) = (nanos(range.from), nanos(range.to), super::start_of(at));
        let most_of_it = to.min(begins.saturating_add(MINUTE_NS)).saturating_sub(from.max(begins)) * 2 >= MINUTE_NS;
        let mut sums: HashMap<GaugeKey, (u64, f64, u64)> = HashMap::new();
        for (number, readings) in &minute.readings {
            let Some(series) = words.series_of(*number) else { continue };
            // What distributions count follows from requests, which traces tell of.
            if series.of_distribution || gauges::is_of_rest(&words, series) {
                continue;
            }
            let is_within = if readings.n == 1 { from < readings.last_ns && readings.last_ns <= to } else { most_of_it };
            if !is_within {
                continue;
            }
            let before = || (1..=5).find_map(|back| self.minute(at - back).and_then(|minute| minute.readings.get(number)));
            let Some(value) = gauges::value(series.counting, readings, before) else { continue };
            let (n, sum, count) = sums.entry(GaugeKey { service: series.service, instance: series.instance, metric: series.metric }).or_default();
            *n += u64::from(readings.n);
            *sum += value;
            *count += 1;
        }
        for (key, (n, sum, count)) in sums {
            gathering.gauge(key, n, sum / count as f64);
        }
    }
}

/// Room that is used again for every trace.
#[derive(Default)]
struct Scratch {
    attributes: Vec<(Name, Name)>,
    ranges: Vec<(usize, usize)>,
    /// Attributes of resources that are compared, by the resource's number.
    resources: HashMap<u32, Vec<(Name, Name)>>,
}

impl Scratch {
    fn gather(&mut self, words: &Words, trace: &Gathered<'_>, logs: &[&Log], gathering: &mut Gathering) {
        self.attributes.clear();
        self.ranges.clear();
        let by_id: HashMap<u64, &Span> = trace.spans.iter().map(|(_, span)| (span.id, *span)).collect();
        let rooted = trace.spans.iter().any(|(_, span)| span.parent == 0);
        for (minute, span) in &trace.spans {
            let from = self.attributes.len();
            let parent = by_id.get(&span.parent).copied().filter(|parent| parent.id != span.id);
            if enters(span.side(), span.above(parent, rooted)) {
                self.attributes.extend(minute.attributes_of(span).iter().filter_map(|pair| Some((pair.key, pair.value.name()?))));
                let of_resource = self.resources.entry(span.resource).or_insert_with(|| compared(words, span.resource));
                self.attributes.extend_from_slice(of_resource);
            }
            self.ranges.push((from, self.attributes.len()));
        }
        let view = |(span, (from, to)): (&Span, &(usize, usize))| SpanView {
            id: span.id,
            parent: (span.parent != 0).then_some(span.parent),
            service: span.service,
            operation: span.operation,
            instance: instance_name(span.instance),
            kind: span.kind,
            error: span.error,
            start_micros: i64::try_from(span.start_ns / 1_000).unwrap_or(i64::MAX),
            duration_micros: span.duration_micros(),
            peer: (span.peer != NONE).then_some(Name(span.peer)),
            attributes: self.attributes.get(*from..*to).unwrap_or(&[]),
        };
        let spans: Vec<SpanView<'_>> = trace.spans.iter().map(|(_, span)| *span).zip(&self.ranges).map(view).collect();
        let logs: Vec<LogView> = logs.iter().map(|log| log_view(log)).collect();
        gathering.trace(&spans, &logs);
    }
}

fn compared(words: &Words, resource: u32) -> Vec<(Name, Name)> {
    let pairs = words.resource_pairs(resource).iter();
    pairs.filter(|pair| !NAMED_OTHERWISE.contains(&words.text(pair.key))).filter_map(|pair| Some((pair.key, pair.value.name()?))).collect()
}

fn log_view(log: &Log) -> LogView {
    LogView { span: (log.span != 0).then_some(log.span), service: log.service, statement: log.statement, error: log.error }
}
