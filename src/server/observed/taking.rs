//! What was sent, on its way into memory: first screened, which is what the sender is told of,
//! then, once it is committed, put into its minutes.

use super::{
    distributions,
    minute::{Log, Minute, NONE, Span, minute_of},
    whose::{instance_of, instance_of_point, service_of},
    words::{Counting, Pair, Series, Words},
};
use crate::{
    domain::telemetry::{
        evidence::{span_in, trace_in},
        facts::Name,
        gather::SpanKind,
        statements::{Record, Statement},
    },
    server::otlp::{
        Received, Sent, ids,
        spans::{RawSpans, Seen, Told},
        values,
    },
};
use opentelemetry_proto::tonic::{
    common::v1::KeyValue,
    logs::v1::{LogRecord, ResourceLogs},
    metrics::v1::{Metric, NumberDataPoint, ResourceMetrics, metric::Data, number_data_point::Value},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, Span as SentSpan, span::SpanKind as SentKind},
};
use prost::Message;
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

/// Readings that are there, but not as a number.
const NO_RECORDED_VALUE: u32 = 1;
/// Where a client says whom it calls, the best first.
const PEERS: [&str; 6] = ["peer.service", "server.address", "net.peer.name", "db.system.name", "db.system", "messaging.system"];
/// Where a record says by whom and on which line it was written: newer and older conventions.
const LOGGERS: [&str; 3] = ["logger.name", "log.logger", "code.namespace"];
const FILES: [&str; 3] = ["code.file.path", "code.filepath", "log.file.name"];
const LINES: [&str; 2] = ["code.line.number", "code.lineno"];
/// Codes of gRPC by which a service says that it failed: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED,
/// INTERNAL, UNAVAILABLE, DATA_LOSS.
const GRPC_FAILURES: [u32; 6] = [2, 4, 12, 13, 14, 15];
/// OpenTelemetry's first number of severity ERROR.
const ERROR: u8 = 17;
/// Most attributes of one span that are searched and compared.
const MOST_ATTRIBUTES: usize = 64;

/// The times that are taken, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub from_ns: u64,
    pub to_ns: u64,
}

impl Window {
    fn holds(self, ns: u64) -> bool {
        (self.from_ns..self.to_ns).contains(&ns)
    }
}

/// What was not taken, and the times of what was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Screened {
    pub too_old: u64,
    pub too_new: u64,
    /// Spans without an id.
    pub nameless: u64,
    /// Metrics without points of a kind that is known. They are accepted and not kept.
    pub unread: u64,
    /// Metrics that are kept as others.
    pub remade: u64,
    pub taken: u64,
    pub first_ns: u64,
    pub last_ns: u64,
}

impl Screened {
    pub fn rejected(&self) -> u64 {
        self.too_old + self.too_new + self.nameless
    }

    /// Why, for the sender.
    pub fn words(&self, retention_s: u64) -> String {
        let said = [
            (self.too_old, format!("older than the {} hours that are kept", retention_s / 3_600)),
            (self.too_new, "more than a day ahead of this server's clock".to_owned()),
            (self.nameless, "without a trace or span id".to_owned()),
        ];
        said.iter().filter(|(n, _)| *n > 0).map(|(n, why)| format!("{n} {why}")).collect::<Vec<_>>().join(", ")
    }

    /// Whether what is kept is not what was sent.
    pub fn is_less(&self) -> bool {
        self.rejected() + self.unread + self.remade > 0
    }

    pub(super) fn judge(&mut self, at_ns: u64, window: Window, is_named: bool) -> bool {
        if !is_named {
            self.nameless += 1;
        } else if at_ns < window.from_ns {
            self.too_old += 1;
        } else if !window.holds(at_ns) {
            self.too_new += 1;
        } else {
            (self.first_ns, self.last_ns) = if self.taken == 0 { (at_ns, at_ns) } else { (self.first_ns.min(at_ns), self.last_ns.max(at_ns)) };
            self.taken += 1;
            return true;
        }
        false
    }
}

/// Takes what cannot be kept out of a request.
pub fn screen(sent: &mut Sent, window: Window, received_ns: u64) -> Screened {
    let mut screened = Screened::default();
    match sent {
        Sent::Traces(groups) => {
            for scope in groups.iter_mut().flat_map(|group| &mut group.scope_spans) {
                scope.spans.retain(|span| screened.judge(span.start_time_unix_nano, window, ids::trace(&span.trace_id) != 0 && ids::span(&span.span_id) != 0));
            }
        }
        Sent::Logs(groups) => {
            for scope in groups.iter_mut().flat_map(|group| &mut group.scope_logs) {
                scope.log_records.retain(|record| screened.judge(at_of(record, received_ns), window, true));
            }
        }
        Sent::Metrics(groups) => {
            for scope in groups.iter_mut().flat_map(|group| &mut group.scope_metrics) {
                let sent = std::mem::take(&mut scope.metrics);
                scope.metrics = sent.into_iter().flat_map(|metric| distributions::kept(metric, &mut screened, window)).collect();
            }
        }
    }
    screened
}

/// The same of spans that are read where they lie; `None`: not all of them can be kept.
pub fn screen_raw(raw: &RawSpans, window: Window) -> Option<Screened> {
    let are_all_taken = raw.nameless == 0 && window.holds(raw.first_ns) && window.holds(raw.last_ns);
    (raw.spans == 0 || are_all_taken).then(|| match raw.spans {
        0 => Screened::default(),
        taken => Screened { taken, first_ns: raw.first_ns, last_ns: raw.last_ns, ..Screened::default() },
    })
}

/// When a record was written: what its writer says, else when it was seen, else when it came.
pub fn at_of(record: &LogRecord, received_ns: u64) -> u64 {
    [record.time_unix_nano, record.observed_time_unix_nano].into_iter().find(|ns| *ns > 0).unwrap_or(received_ns)
}

/// How many of what was put in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Put {
    pub spans: u64,
    pub logs: u64,
    pub points: u64,
    pub duplicates: u64,
    /// Spans that end before they begin.
    pub skewed: u64,
    /// Readings of series beyond those that are told apart.
    pub points_over: u64,
}

/// Whose spans are put in, with room for the attributes of one.
struct Whose {
    service: Name,
    instance: u32,
    resource: u32,
    attributes: Vec<Pair>,
}

/// Where things are put.
pub struct Shelf<'a> {
    pub words: &'a mut Words,
    pub minutes: &'a mut BTreeMap<i64, Arc<Minute>>,
    /// The block of what is put in.
    pub block: u32,
    /// How many log records of the block were seen.
    pub ordinal: u32,
    pub received_ns: u64,
    pub window: Window,
    pub put: Put,
    /// The minute that is worked at, taken out of the others: what follows each other is of the
    /// same minute as a rule.
    pub open: Option<(i64, Arc<Minute>)>,
    /// Minutes that got something.
    pub touched: HashSet<i64>,
}

impl Shelf<'_> {
    /// Puts back what is still in hand.
    pub fn close(&mut self) {
        if let Some((at, minute)) = self.open.take() {
            self.minutes.insert(at, minute);
        }
    }

    pub fn take(&mut self, received: &Received) {
        let sent = match received {
            Received::Raw(raw) => {
                return raw.groups().for_each(|group| self.of_resource(group.resource.as_ref(), |shelf, whose| group.each(|seen| shelf.span(whose, seen))));
            }
            Received::Read(sent, _) => sent,
        };
        match sent {
            Sent::Traces(groups) => groups.iter().for_each(|group| self.spans(group)),
            Sent::Logs(groups) => self.logs(groups),
            Sent::Metrics(groups) => groups.iter().for_each(|group| self.metrics(group)),
        }
    }

    fn minute(&mut self, ns: u64) -> &mut Minute {
        let at = minute_of(ns);
        if self.open.as_ref().is_none_or(|(open, _)| *open != at) {
            self.close();
            self.touched.insert(at);
        }
        let (minutes, open) = (&mut self.minutes, &mut self.open);
        Arc::make_mut(&mut open.get_or_insert_with(|| (at, minutes.remove(&at).unwrap_or_default())).1)
    }

    fn names(&mut self, resource: Option<&Resource>) -> (Name, u32) {
        let service = self.words.service(&service_of(resource));
        let instance = instance_of(resource).map_or(NONE, |text| self.words.name(&text).0);
        (service, instance)
    }

    fn pairs(&mut self, attributes: &[KeyValue], into: &mut Vec<Pair>) {
        into.clear();
        for attribute in attributes.iter().take(MOST_ATTRIBUTES) {
            into.extend(self.words.pair(&values::plain(&attribute.key), &values::text(attribute.value.as_ref())));
        }
    }

    pub fn spans(&mut self, group: &ResourceSpans) {
        self.of_resource(group.resource.as_ref(), |shelf, whose| {
            let mut seen = Seen::default();
            for sent in group.scope_spans.iter().flat_map(|scope| &scope.spans) {
                seen.see(sent);
                shelf.span(whose, &seen);
            }
        });
    }

    /// Puts in what a resource sent.
    fn of_resource(&mut self, resource: Option<&Resource>, put: impl FnOnce(&mut Self, &mut Whose)) {
        let (service, instance) = self.names(resource);
        let mut attributes = vec![];
        let resource = match resource {
            Some(resource) => {
                self.pairs(&resource.attributes, &mut attributes);
                self.words.resource(std::mem::take(&mut attributes))
            }
            None => NONE,
        };
        put(self, &mut Whose { service, instance, resource, attributes });
    }

    fn span(&mut self, whose: &mut Whose, sent: &Seen<'_>) {
        // A block may hold what has become too old since.
        if !self.window.holds(sent.start_ns) {
            return;
        }
        let Whose { service, instance, resource, ref mut attributes } = *whose;
        attributes.clear();
        for (key, told) in sent.attributes.iter().take(MOST_ATTRIBUTES) {
            attributes.extend(self.words.pair(&values::plain(key), &told.text()));
        }
        // Without what no question can have in it.
        let (kind, name) = (kind_of(sent.kind), values::plain(sent.name));
        self.put.skewed += u64::from(sent.end_ns < sent.start_ns);
        let span = Span {
            trace: sent.trace,
            id: sent.id,
            parent: sent.parent,
            start_ns: sent.start_ns,
            duration_ns: sent.end_ns.saturating_sub(sent.start_ns),
            service,
            operation: self.words.operation(service, if name.is_empty() { "unknown" } else { &name }),
            instance,
            peer: if kind.calls() { self.peer(sent) } else { NONE },
            resource,
            attributes: 0,
            attribute_count: 0,
            kind,
            error: has_failed(sent),
            counted: false,
            gathered: false,
            block: self.block,
        };
        if self.minute(span.start_ns).add_span(span, attributes) {
            self.put.spans += 1;
        } else {
            self.put.duplicates += 1;
        }
    }

    fn peer(&mut self, sent: &Seen<'_>) -> u32 {
        for name in PEERS {
            if let Some(text) = sent.find(name) {
                return self.words.pair("peer.service", &text).and_then(|pair| pair.value.name()).map_or(NONE, |name| name.0);
            }
        }
        NONE
    }

    /// The records of one request. One that a request before had is the same record, sent again; two
    /// alike in one request are two, because some clocks only know milliseconds.
    fn logs(&mut self, groups: &[ResourceLogs]) {
        let (mut marks, mut bytes) = (vec![], vec![]);
        for group in groups {
            let (service, instance) = self.names(group.resource.as_ref());
            let of = u64::from(service.0) << 32 | u64::from(instance);
            for scope in &group.scope_logs {
                let logger = scope.scope.as_ref().map_or("", |scope| scope.name.as_str());
                for record in &scope.log_records {
                    let ordinal = self.ordinal;
                    self.ordinal += 1;
                    let at_ns = at_of(record, self.received_ns);
                    if !self.window.holds(at_ns) {
                        continue;
                    }
                    bytes.clear();
                    // Into a vector there is always room.
                    let _ = record.encode(&mut bytes);
                    let mark = self.words.mark(of, &bytes);
                    if self.minute(at_ns).has_seen(mark) {
                        self.put.duplicates += 1;
                        continue;
                    }
                    marks.push((at_ns, mark));
                    self.log(service, record, logger, ordinal);
                }
            }
        }
        marks.sort_unstable();
        marks.into_iter().for_each(|(at_ns, mark)| self.minute(at_ns).note_seen(mark));
    }

    fn log(&mut self, service: Name, record: &LogRecord, logger: &str, ordinal: u32) {
        let at_ns = at_of(record, self.received_ns);
        let statement = statement_of(record, logger);
        let error = statement.error;
        let statement = self.words.statement(service, &statement.text, error);
        let (trace, span) = trace_and_span(record);
        let log = Log { trace, span, at_ns, service, statement, block: self.block, ordinal, severity: severity_of(record, error), error, gathered: false };
        self.minute(at_ns).logs.push(log);
        self.put.logs += 1;
    }

    fn metrics(&mut self, group: &ResourceMetrics) {
        let (service, instance) = self.names(group.resource.as_ref());
        for metric in group.scope_metrics.iter().flat_map(|scope| &scope.metrics) {
            let (points, counting) = match &metric.data {
                Some(Data::Gauge(gauge)) => (&gauge.data_points, Counting::Gauge),
                Some(Data::Sum(sum)) => (&sum.data_points, counting_of(sum.is_monotonic, sum.aggregation_temporality)),
                Some(Data::Histogram(_) | Data::ExponentialHistogram(_) | Data::Summary(_)) | None => continue,
            };
            for point in points {
                self.point(service, instance, metric, counting, point);
            }
        }
    }

    fn point(&mut self, service: Name, instance: u32, metric: &Metric, counting: Counting, point: &NumberDataPoint) {
        let value = match point.value {
            Some(Value::AsDouble(value)) => value,
            Some(Value::AsInt(value)) => value as f64,
            None => return,
        };
        if !value.is_finite() || point.flags & NO_RECORDED_VALUE != 0 || !self.window.holds(point.time_unix_nano) {
            return;
        }
        let mut attributes = vec![];
        self.pairs(&point.attributes, &mut attributes);
        attributes.sort_unstable();
        let said = || instance_of_point(&point.attributes);
        let instance = if instance == NONE { said().map_or(NONE, |text| self.words.name(&text).0) } else { instance };
        let series = Series {
            service,
            instance: (instance != NONE).then_some(Name(instance)),
            metric: self.words.name(&values::plain(&metric.name)),
            unit: self.words.name(&values::plain(&metric.unit)),
            attributes,
            counting,
            of_distribution: distributions::is_made_of_one(metric),
        };
        let Some(number) = self.words.series(series) else {
            self.put.points_over += 1;
            return;
        };
        let is_new = self.minute(point.time_unix_nano).add_reading(number, value, point.time_unix_nano);
        self.put.points += u64::from(is_new);
        self.put.duplicates += u64::from(!is_new);
    }
}

/// A record's severity as OpenTelemetry numbers it; ERROR of one that has no number and fails by
/// its word or by its text.
pub fn severity_of(record: &LogRecord, error: bool) -> u8 {
    match u8::try_from(record.severity_number.clamp(0, 24)).unwrap_or(0) {
        0 if error => ERROR,
        number => number,
    }
}

/// Whether a record says that something failed.
pub fn errs(record: &LogRecord) -> bool {
    statement_of(record, "").error
}

/// The trace and the span that a record belongs to, 0 for none: where its sender names them in their
/// place, else where an attribute or the text does, as loggers write them that know no OpenTelemetry.
pub fn trace_and_span(record: &LogRecord) -> (u128, u64) {
    let (trace, span) = (ids::trace(&record.trace_id), ids::span(&record.span_id));
    if trace != 0 {
        return (trace, span);
    }
    let attribute = |name: &str, digits: &[usize]| {
        let is_named = |key: &str| {
            let letters = key.bytes().filter(u8::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase());
            letters.eq(name.bytes())
        };
        let found = record.attributes.iter().find(|attribute| is_named(&attribute.key))?;
        Some(values::text(found.value.as_ref()).into_owned()).filter(|id| digits.contains(&id.len()))
    };
    let text = values::text(record.body.as_ref());
    let trace = attribute("traceid", &[16, 32]).as_deref().or_else(|| trace_in(&text)).and_then(ids::parse_trace);
    let Some(trace) = trace else { return (0, 0) };
    let span_said = || attribute("spanid", &[16]).as_deref().or_else(|| span_in(&text)).and_then(ids::parse_span);
    (trace, if span == 0 { span_said().unwrap_or(0) } else { span })
}

/// Which statement of a program wrote a record, and whether it says that something failed.
fn statement_of(record: &LogRecord, scope: &str) -> Statement {
    let first = |names: &[&str]| names.iter().find_map(|name| values::find(&record.attributes, name));
    let logger = first(&LOGGERS).or_else(|| (!scope.is_empty()).then_some(scope.into())).or_else(|| first(&FILES));
    let text = values::text(record.body.as_ref());
    Statement::of(&Record {
        severity_number: record.severity_number,
        severity_text: &record.severity_text,
        logger: logger.as_deref(),
        line: first(&LINES).as_deref(),
        text: &text,
    })
}

/// Whether a span failed: as its status says, else, where that says nothing, as the code of its
/// protocol does. What the asker did wrong (HTTP 4xx, gRPC NOT_FOUND) is no failure of a service.
pub fn failed(span: &SentSpan) -> bool {
    has_failed(&Seen::of(span))
}

fn has_failed(span: &Seen<'_>) -> bool {
    match span.status {
        2 => true,
        1 => false,
        _ => span.attributes.iter().any(|(key, told)| {
            let code = || match told {
                Told::Int(code) => u32::try_from(*code).ok(),
                Told::Nothing | Told::Text(_) | Told::Other(_) => told.text().parse::<u32>().ok(),
            };
            match *key {
                "http.response.status_code" | "http.status_code" => code().is_some_and(|code| (500..600).contains(&code)),
                "rpc.grpc.status_code" => code().is_some_and(|code| GRPC_FAILURES.contains(&code)),
                "error" => told.text() == "true",
                "otel.status_code" => told.text() == "ERROR",
                _ => false,
            }
        }),
    }
}

fn kind_of(kind: i32) -> SpanKind {
    match SentKind::try_from(kind) {
        Ok(SentKind::Server) => SpanKind::Server,
        Ok(SentKind::Client) => SpanKind::Client,
        Ok(SentKind::Producer) => SpanKind::Producer,
        Ok(SentKind::Consumer) => SpanKind::Consumer,
        Ok(SentKind::Internal | SentKind::Unspecified) | Err(_) => SpanKind::Internal,
    }
}

/// What does not only grow is a gauge, also where it is called a sum.
fn counting_of(is_monotonic: bool, temporality: i32) -> Counting {
    match (is_monotonic, temporality) {
        (false, 2) => Counting::Gauge,
        (_, 1) => Counting::Delta,
        (true, _) => Counting::Cumulative,
        (false, _) => Counting::Gauge,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::otlp::{Encoding, Signal};
    use opentelemetry_proto::tonic::{
        common::v1::{AnyValue, any_value},
        trace::v1::Status,
    };

    #[test]
    fn a_span_fails_by_its_status_or_else_by_its_protocol() {
        let span = |status: i32, key: &str, value: any_value::Value| SentSpan {
            status: Some(Status { code: status, ..Status::default() }),
            attributes: vec![KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }],
            ..SentSpan::default()
        };
        let number = any_value::Value::IntValue;
        assert!(failed(&span(2, "x", number(1))) && failed(&span(0, "http.response.status_code", number(503))));
        assert!(failed(&span(0, "rpc.grpc.status_code", number(14))) && failed(&span(0, "error", any_value::Value::BoolValue(true))));
        assert!(failed(&span(0, "http.status_code", any_value::Value::StringValue("500".to_owned()))));
        for (status, key, code) in [(1, "http.response.status_code", 503), (0, "http.response.status_code", 404), (0, "rpc.grpc.status_code", 5)] {
            assert!(!failed(&span(status, key, number(code))), "{key} {code}");
        }
        assert!(!failed(&SentSpan::default()));
    }

    #[test]
    fn spans_are_put_in_alike_whichever_way_they_were_read() {
        let fixture = include_bytes!("../../../tests/fixtures/otlp/trace.json");
        let (sent, body) = Sent::read(Signal::Traces, Encoding::Json, fixture).expect("it is one").encoded();
        let put = |received: &Received| {
            let (mut words, mut minutes) = (Words::default(), BTreeMap::new());
            let mut shelf = Shelf {
                words: &mut words,
                minutes: &mut minutes,
                block: 7,
                ordinal: 0,
                received_ns: 1,
                window: Window { from_ns: 1, to_ns: u64::MAX },
                put: Put::default(),
                open: None,
                touched: HashSet::new(),
            };
            shelf.take(received);
            shelf.close();
            let put = shelf.put;
            let told = |minute: &Arc<Minute>| minute.spans.iter().map(|span| format!("{span:?} {:?}", minute.attributes_of(span))).collect::<Vec<_>>();
            (put, minutes.values().map(told).collect::<Vec<_>>())
        };
        let raw = Received::read(Signal::Traces, Encoding::Protobuf, body.into()).expect("it is one");
        assert!(matches!(raw, Received::Raw(_)));
        let (read, as_it_lay) = (put(&Received::Read(sent, None)), put(&raw));
        assert_eq!(read, as_it_lay);
        assert!(read.0.spans > 0);
    }

    #[test]
    fn a_record_belongs_to_the_trace_that_it_names_itself() {
        const TRACE: &str = "7f3a9c1e52d04b8fa61e0c93d7b2f418";
        let words = |text: &str| Some(AnyValue { value: Some(any_value::Value::StringValue(text.to_owned())) });
        let said = |text: &str| LogRecord { body: words(text), ..LogRecord::default() };
        let (trace, span) = (ids::parse_trace(TRACE).expect("it is one"), 0x00f0_67aa_0ba9_02b7);
        assert_eq!(trace_and_span(&said(&format!("INFO t.s.TravelServiceImpl#372 TraceID: {TRACE} SpanID: 00f067aa0ba902b7 asked"))), (trace, span));
        let attribute = |key: &str, value: &str| KeyValue { key: key.to_owned(), value: words(value), ..KeyValue::default() };
        let by_attributes = LogRecord { attributes: vec![attribute("TraceID", TRACE), attribute("span_id", "00f067aa0ba902b7")], ..said("asked") };
        assert_eq!(trace_and_span(&by_attributes), (trace, span));
        // What stands in its own place comes first.
        let placed = LogRecord { trace_id: vec![1; 16], span_id: vec![2; 8], ..said(&format!("trace_id={TRACE}")) };
        assert_eq!(trace_and_span(&placed), (ids::trace(&[1; 16]), ids::span(&[2; 8])));
        assert_eq!(trace_and_span(&said("asked by 7f3a9c1e52d04b8fa61e0c93d7b2f418")), (0, 0));
    }

    #[test]
    fn of_histograms_their_counts_and_sums_are_kept() {
        let fixture = include_bytes!("../../../tests/fixtures/otlp/metrics.json");
        let mut sent = Sent::read(Signal::Metrics, Encoding::Json, fixture).expect("it is one");
        let screened = screen(&mut sent, Window { from_ns: 0, to_ns: u64::MAX }, 1);
        assert_eq!((screened.taken, screened.unread, screened.rejected(), screened.is_less()), (4, 0, 0, true));
        let Sent::Metrics(groups) = sent else { panic!("they are metrics") };
        let names: Vec<&str> = groups[0].scope_metrics[0].metrics.iter().map(|metric| metric.name.as_str()).collect();
        let expected = ["my.counter", "my.gauge", "my.histogram_count", "my.histogram_sum", "my.exponential.histogram_count", "my.exponential.histogram_sum"];
        assert_eq!(names, expected);
    }
}
