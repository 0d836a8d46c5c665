//! Whole traces, loose records and readings in, [`Facts`] out: the one place that decides what an
//! entry, a call, an own error and a self time are. It keeps nothing but the sums.

use super::facts::{
    AttributeKey, CallKey, CallerKey, Clustered, Facts, GaugeFacts, GaugeKey, InstanceKey, Name, OperationKey, ShareFacts, StatementKey, Step, StepKey,
};
use std::collections::{BTreeMap, HashMap};

/// What a span says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanKind {
    /// Not said, or said to be internal: many senders say nothing else.
    Internal,
    Server,
    Client,
    Producer,
    Consumer,
}

impl SpanKind {
    /// Handles what somebody else asked for.
    pub fn serves(self) -> bool {
        matches!(self, Self::Server | Self::Consumer)
    }

    /// Asks somebody else for something.
    pub fn calls(self) -> bool {
        matches!(self, Self::Client | Self::Producer)
    }
}

/// What of a span decides whether it enters a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Side {
    pub service: Name,
    pub kind: SpanKind,
}

/// What stands above a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Above {
    /// It is a root.
    Nobody,
    /// It names a parent that was not seen; and whether its trace shows where it began.
    Unseen {
        rooted: bool,
    },
    Span(Side),
}

/// Whether a service is entered with this span. An orphan may be anything's inner span, except
/// where it says that it serves, or where whoever called tells nothing at all.
pub fn enters(span: Side, above: Above) -> bool {
    match above {
        Above::Nobody => true,
        Above::Unseen { rooted } => span.kind.serves() || !rooted,
        Above::Span(parent) => parent.service != span.service || span.kind.serves() && parent.kind.calls(),
    }
}

/// A span as far as facts need it.
#[derive(Clone, Copy, Debug)]
pub struct SpanView<'a> {
    /// Unique within its trace.
    pub id: u64,
    /// `None` for a root; one that is not in the trace makes the span an orphan.
    pub parent: Option<u64>,
    pub service: Name,
    pub operation: Name,
    pub instance: Option<Name>,
    pub kind: SpanKind,
    /// The status is an error.
    pub error: bool,
    pub start_micros: i64,
    pub duration_micros: i64,
    /// Whom it says it calls.
    pub peer: Option<Name>,
    pub attributes: &'a [(Name, Name)],
}

impl SpanView<'_> {
    fn side(&self) -> Side {
        Side { service: self.service, kind: self.kind }
    }
}

/// A log record as far as facts need it.
#[derive(Clone, Copy, Debug)]
pub struct LogView {
    /// The span it names.
    pub span: Option<u64>,
    pub service: Name,
    pub statement: Name,
    /// Of severity ERROR or above.
    pub error: bool,
}

/// Facts in the making.
#[derive(Debug, Default)]
pub struct Gathering {
    facts: Facts,
}

impl Gathering {
    /// One trace: all of its spans that are there (each once), and the records that name it.
    pub fn trace(&mut self, spans: &[SpanView<'_>], logs: &[LogView]) {
        let shape = Shape::of(spans, logs);
        let mut sums = TraceSums::default();
        self.facts.traces += 1;
        for (at, span) in spans.iter().enumerate() {
            self.span(&shape, at, span, &mut sums);
            match shape.entry[at] {
                Some(entry) if entry == at => self.entry(&shape, spans, at, &mut sums),
                Some(entry) => sums.step(&spans[entry], Step::Operation(span.operation)),
                None => {}
            }
            self.calls(&shape, spans, at, &mut sums);
        }
        for log in logs {
            let at = log.span.and_then(|id| shape.at.get(&id).copied());
            self.statement(log, at.is_none_or(|at| !shape.errs_below[at]), at.is_some());
            if let Some(entry) = at.and_then(|at| shape.entry[at]) {
                sums.step(&spans[entry], Step::Statement(log.statement));
            }
        }
        sums.settle(&mut self.facts);
    }

    /// A record that names no trace, or one that is not kept.
    pub fn log(&mut self, log: &LogView) {
        self.statement(log, true, false);
    }

    /// The readings of one minute of one metric of one instance.
    pub fn gauge(&mut self, key: GaugeKey, readings: u64, mean: f64) {
        self.facts.gauges.entry(key).or_default().merge(&GaugeFacts::minute(readings, mean));
    }

    /// The facts of one stretch of time that lasted so long.
    pub fn finish(mut self, secs: f64) -> Facts {
        self.facts.secs = secs;
        self.facts.seal();
        self.facts
    }

    fn statement(&mut self, log: &LogView, own: bool, placed: bool) {
        let facts = self.facts.statements.entry(StatementKey { service: log.service, statement: log.statement }).or_default();
        facts.n += 1;
        facts.errors += u64::from(log.error);
        facts.own_errors += u64::from(log.error && own);
        facts.placed += u64::from(placed);
    }

    fn span(&mut self, shape: &Shape, at: usize, span: &SpanView<'_>, sums: &mut TraceSums) {
        let key = OperationKey { service: span.service, operation: span.operation };
        let facts = self.facts.operations.entry(key).or_default();
        facts.spans += 1;
        facts.errors += u64::from(span.error);
        facts.duration.add(span.duration_micros);
        facts.crossing += u64::from(!shape.remote[at].is_empty());
        if shape.gap[at].is_none() {
            facts.self_time.add(shape.self_micros[at]);
            sums.operations.entry(key).or_default().value(ln(shape.self_micros[at]));
        }
    }

    fn entry(&mut self, shape: &Shape, spans: &[SpanView<'_>], at: usize, sums: &mut TraceSums) {
        let span = &spans[at];
        let key = OperationKey { service: span.service, operation: span.operation };
        let failed = f64::from(u8::from(shape.entry_failed[at]));
        self.facts.operations.entry(key).or_default().entries += 1;
        sums.entries.entry(key).or_default().value(failed);
        let caller = self
            .facts
            .callers
            .entry(CallerKey { service: span.service, operation: span.operation, caller: shape.parent[at].map(|parent| spans[parent].service) })
            .or_default();
        caller.requests += 1;
        caller.errors += u64::from(span.error);
        caller.duration.add(span.duration_micros);
        let took = ln(shape.self_micros[at]);
        if let Some(instance) = span.instance {
            sums.instances.entry(InstanceKey { service: span.service, instance }).or_default().add(failed, took);
        }
        for &(attribute, value) in span.attributes {
            sums.attributes.entry(AttributeKey { service: span.service, attribute, value }).or_default().add(failed, took);
        }
    }

    fn calls(&mut self, shape: &Shape, spans: &[SpanView<'_>], at: usize, sums: &mut TraceSums) {
        let span = &spans[at];
        let key = |callee| CallKey { caller: span.service, operation: span.operation, peer: span.peer, callee };
        let failed_here = shape.failed_call[at];
        if shape.remote[at].is_empty() {
            if span.kind.calls() && !shape.has_children[at] {
                let facts = self.facts.calls.entry(key(None)).or_default();
                facts.calls += 1;
                facts.errors += u64::from(span.error);
                facts.waited.add(span.duration_micros);
                sums.call_errors.entry(key(None)).or_default().value(f64::from(u8::from(failed_here)));
            }
            return;
        }
        for &child in &shape.remote[at] {
            let key = key(Some(spans[child].service));
            let facts = self.facts.calls.entry(key).or_default();
            facts.calls += 1;
            facts.errors += u64::from(span.error || spans[child].error);
            sums.call_errors.entry(key).or_default().value(f64::from(u8::from(failed_here)));
            if let Some(gap) = shape.gap[at] {
                facts.gap.add(gap);
                sums.gaps.entry(key).or_default().value(ln(gap));
            } else if let Some(around) = shape.around[child] {
                facts.around.add(around);
                sums.around.entry(key).or_default().value(ln(around));
            }
            if let Some(entry) = shape.entry[at] {
                sums.step(&spans[entry], Step::Call(spans[child].service));
            }
        }
    }
}

/// What is shorter counts as this long: nobody notices, and between nothing and next to nothing there
/// lies no end of doublings.
const LEAST_MICROS: i64 = 300;

fn ln(micros: i64) -> f64 {
    (micros.max(LEAST_MICROS) as f64).ln()
}

/// What one trace adds, before it is known whole: what falls together in a trace must be added
/// together.
#[derive(Default)]
struct TraceSums {
    operations: BTreeMap<OperationKey, Sum>,
    entries: BTreeMap<OperationKey, Sum>,
    call_errors: BTreeMap<CallKey, Sum>,
    gaps: BTreeMap<CallKey, Sum>,
    around: BTreeMap<CallKey, Sum>,
    steps: BTreeMap<StepKey, f64>,
    instances: BTreeMap<InstanceKey, ShareSum>,
    attributes: BTreeMap<AttributeKey, ShareSum>,
}

#[derive(Default)]
struct Sum {
    n: f64,
    sum: f64,
    squares: f64,
}

impl Sum {
    fn value(&mut self, value: f64) {
        self.n += 1.0;
        self.sum += value;
        self.squares += value * value;
    }

    fn into(self, to: &mut Clustered) {
        to.add_trace(self.n, self.sum, self.squares);
    }
}

#[derive(Default)]
struct ShareSum {
    failed: Sum,
    took: Sum,
}

impl ShareSum {
    fn add(&mut self, failed: f64, took: f64) {
        self.failed.value(failed);
        self.took.value(took);
    }

    fn into(self, to: &mut ShareFacts) {
        to.requests += self.failed.n as u64;
        self.failed.into(&mut to.own_errors);
        self.took.into(&mut to.self_ln);
    }
}

impl TraceSums {
    fn step(&mut self, entry: &SpanView<'_>, step: Step) {
        *self.steps.entry(StepKey { service: entry.service, entry: entry.operation, step }).or_default() += 1.0;
    }

    fn settle(self, facts: &mut Facts) {
        for (key, steps) in self.steps {
            let entries = self.entries.get(&OperationKey { service: key.service, operation: key.entry }).map_or(1.0, |entries| entries.n);
            facts.steps.entry(key).or_default().add_trace(entries, steps, steps * steps);
        }
        for (key, sum) in self.operations {
            sum.into(&mut facts.operations.entry(key).or_default().self_ln);
        }
        for (key, sum) in self.entries {
            sum.into(&mut facts.operations.entry(key).or_default().own_errors);
        }
        for (key, sum) in self.call_errors {
            sum.into(&mut facts.calls.entry(key).or_default().own_errors);
        }
        for (key, sum) in self.gaps {
            sum.into(&mut facts.calls.entry(key).or_default().gap_ln);
        }
        for (key, sum) in self.around {
            sum.into(&mut facts.calls.entry(key).or_default().around_ln);
        }
        for (key, sum) in self.instances {
            sum.into(facts.instances.entry(key).or_default());
        }
        for (key, sum) in self.attributes {
            sum.into(facts.attributes.entry(key).or_default());
        }
    }
}

/// How the spans of one trace hang together. Everything is by the span's place in the list.
struct Shape {
    at: HashMap<u64, usize>,
    parent: Vec<Option<usize>>,
    has_children: Vec<bool>,
    /// The span with which the service was entered, the span itself included. `None` within a
    /// cycle, and under a span whose parent was not seen and that is no entry by its kind.
    entry: Vec<Option<usize>>,
    /// Children that are entries of their own.
    remote: Vec<Vec<usize>>,
    /// The status is an error, or a record of severity ERROR names the span, of something below.
    errs_below: Vec<bool>,
    /// In error with nothing below it in error, and it is a call.
    failed_call: Vec<bool>,
    /// Of an entry: it, or an inner span of it that is no call, is in error with nothing below it in error.
    entry_failed: Vec<bool>,
    /// What the caller waited beyond what the other side took: of spans that do nothing but call.
    gap: Vec<Option<i64>>,
    /// Of a span that was called without one of the caller's that only waits: the free time on
    /// either side of it.
    around: Vec<Option<i64>>,
    /// Of an entry: its time without the calls below it. Of others: without their children.
    self_micros: Vec<i64>,
}

impl Shape {
    fn of(spans: &[SpanView<'_>], logs: &[LogView]) -> Self {
        let len = spans.len();
        let mut at = HashMap::with_capacity(len);
        for (place, span) in spans.iter().enumerate() {
            at.entry(span.id).or_insert(place);
        }
        let parent: Vec<Option<usize>> =
            spans.iter().enumerate().map(|(place, span)| span.parent.and_then(|id| at.get(&id).copied()).filter(|parent| *parent != place)).collect();
        let mut children = vec![Vec::new(); len];
        for (place, parent) in parent.iter().enumerate() {
            if let Some(parent) = parent {
                children[*parent].push(place);
            }
        }
        // Parents before children; what no root leads to stands in a cycle and is left out.
        let mut order: Vec<usize> = (0..len).filter(|place| parent[*place].is_none()).collect();
        let mut next = 0;
        while let Some(place) = order.get(next) {
            order.extend(&children[*place]);
            next += 1;
        }

        let mut entry = vec![None; len];
        let mut remote = vec![Vec::new(); len];
        let has_root = spans.iter().any(|span| span.parent.is_none());
        for &place in &order {
            let above = match parent[place] {
                Some(parent) => Above::Span(spans[parent].side()),
                None if spans[place].parent.is_none() => Above::Nobody,
                None => Above::Unseen { rooted: has_root },
            };
            entry[place] = if enters(spans[place].side(), above) { Some(place) } else { parent[place].and_then(|parent| entry[parent]) };
            if let (Some(parent), true) = (parent[place], entry[place] == Some(place)) {
                remote[parent].push(place);
            }
        }

        let mut errs: Vec<bool> = spans.iter().map(|span| span.error).collect();
        for place in logs.iter().filter(|log| log.error).filter_map(|log| at.get(&log.span?)) {
            errs[*place] = true;
        }
        let mut errs_below = vec![false; len];
        for &place in order.iter().rev() {
            if let (Some(parent), true) = (parent[place], errs[place] || errs_below[place]) {
                errs_below[parent] = true;
            }
        }

        // A span around all that an entry does is no call, though calls stand in it.
        let only_waits = |place: usize| matches!((children[place].as_slice(), remote[place].as_slice()), ([_], [_]));
        let calls = |place: usize| {
            let says_so = spans[place].kind.calls() && (children[place].is_empty() || !remote[place].is_empty());
            entry[place] != Some(place) && (says_so || only_waits(place))
        };
        let mut failed_call = vec![false; len];
        let mut entry_failed = vec![false; len];
        for &place in order.iter().filter(|place| errs[**place] && !errs_below[**place]) {
            if calls(place) {
                failed_call[place] = true;
            } else if let Some(entry) = entry[place] {
                entry_failed[entry] = true;
            }
        }

        let gap: Vec<Option<i64>> = (0..len).map(|place| gap(spans, place, &children[place], &remote[place], entry[place])).collect();
        let mut around = vec![None; len];
        for &place in order.iter().filter(|place| !remote[**place].is_empty() && gap[**place].is_none() && !spans[**place].kind.calls()) {
            free_around(spans, place, &children[place], &mut around);
        }
        let mut away = vec![Vec::new(); len];
        for &place in &order {
            let Some(entry) = entry[place] else { continue };
            if gap[place].is_some() {
                away[entry].push(Busy { span: place, interval: interval(&spans[place]), moved: false });
            } else {
                away[entry].extend(remote[place].iter().map(|child| within(spans, *child, place)));
            }
        }
        let self_micros = (0..len)
            .map(|place| {
                let mut busy = if entry[place] == Some(place) {
                    std::mem::take(&mut away[place])
                } else {
                    children[place].iter().map(|child| within(spans, *child, place)).collect()
                };
                left(spans, interval(&spans[place]), &mut busy)
            })
            .collect();

        let has_children = children.iter().map(|children| !children.is_empty()).collect();
        Self { at, parent, has_children, entry, remote, errs_below, failed_call, entry_failed, gap, around, self_micros }
    }
}

/// What a call took beyond the time of the other side. Two durations on two machines: their
/// clocks need not agree. `None` where the span does other things too, or did not wait.
fn gap(spans: &[SpanView<'_>], place: usize, children: &[usize], remote: &[usize], entry: Option<usize>) -> Option<i64> {
    let (span, [child]) = (&spans[place], remote) else { return None };
    let only_calls = span.kind == SpanKind::Client || span.kind == SpanKind::Internal && children.len() == 1 && entry != Some(place);
    let gap = span.duration_micros - spans[*child].duration_micros;
    (only_calls && gap >= 0).then_some(gap)
}

/// For every child of a span the time on either side of it in which none of them is under way. What
/// lies between two of them may be either's, so that twice the lesser side counts; beside an only
/// child there is nobody else. Where a clock is off this is more or less for that reason; to leave those
/// out would keep the slow ones, which fit.
fn free_around(spans: &[SpanView<'_>], place: usize, children: &[usize], around: &mut [Option<i64>]) {
    let mut under_way: Vec<Busy> = children.iter().map(|child| within(spans, *child, place)).collect();
    under_way.sort_unstable_by_key(|busy| (busy.interval, busy.span));
    let (first, last) = interval(&spans[place]);
    let mut until = first;
    for (nth, busy) in under_way.iter().enumerate() {
        let (from, to) = busy.interval;
        let next = under_way.get(nth + 1).map_or(last, |next| next.interval.0);
        let before = (from - until).max(0);
        let after = if to >= until { (next.min(last) - to).max(0) } else { 0 };
        around[busy.span] = Some(if under_way.len() == 1 { before + after } else { 2 * before.min(after) });
        until = until.max(to);
    }
}

fn interval(span: &SpanView<'_>) -> (i64, i64) {
    (span.start_micros, span.start_micros.saturating_add(span.duration_micros.max(0)))
}

/// When something else was under way.
#[derive(Clone, Copy)]
struct Busy {
    span: usize,
    interval: (i64, i64),
    /// By more than clocks that are set agree.
    moved: bool,
}

/// Clocks that are set agree but for this.
const APART_MICROS: i64 = 1_000;

/// A child's interval, moved into its parent's where it would fit but lies outside: clocks of two
/// machines differ.
fn within(spans: &[SpanView<'_>], child: usize, parent: usize) -> Busy {
    let ((from, to), (first, last)) = (interval(&spans[child]), interval(&spans[parent]));
    if to - from > last - first || from >= first && to <= last {
        return Busy { span: child, interval: (from, to), moved: false };
    }
    let shift = if from < first { first - from } else { last - to };
    Busy { span: child, interval: (from + shift, to + shift), moved: shift.abs() > APART_MICROS }
}

/// What is left of an interval without these.
fn left(spans: &[SpanView<'_>], whole: (i64, i64), busy: &mut [Busy]) -> i64 {
    let all = whole.1 - whole.0;
    if busy.iter().any(|busy| busy.moved) {
        let apart = by_clock(spans, busy);
        if apart <= all {
            return all - apart;
        }
    }
    busy.sort_unstable_by_key(|busy| busy.interval);
    all - covered(whole, busy.iter().map(|busy| busy.interval))
}

/// How long all of these took if those of different clocks were under way one after the other: where a
/// clock is off, what it says of others tells nothing, and moving it to fit would make it more or less
/// that they overlap, as far off as it happens to be.
fn by_clock(spans: &[SpanView<'_>], busy: &mut [Busy]) -> i64 {
    let clock = |busy: &Busy| (spans[busy.span].service, spans[busy.span].instance);
    busy.sort_unstable_by_key(|busy| (clock(busy), spans[busy.span].start_micros));
    let of_one = busy.chunk_by(|a, b| clock(a) == clock(b));
    of_one.map(|of_one| covered((i64::MIN, i64::MAX), of_one.iter().map(|busy| interval(&spans[busy.span])))).sum()
}

/// How much of an interval these cover, in the order of their beginnings.
fn covered(whole: (i64, i64), intervals: impl Iterator<Item = (i64, i64)>) -> i64 {
    let mut covered = 0;
    let mut until = whole.0;
    for (from, to) in intervals {
        let (from, to) = (from.max(until), to.min(whole.1));
        if to > from {
            covered += to - from;
            until = to;
        }
    }
    covered
}

#[cfg(test)]
mod tests;
