//! What a range of telemetry held, in numbers that add up: the facts of two minutes merged are the
//! facts of both. Names are kept once, in [`Names`]; facts that are compared or merged must share
//! them. Nothing here judges.

use super::sketch::Sketch;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// A text by its number in [`Names`]: a service, an operation, a statement, a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(pub u32);

/// Texts, each kept once.
#[derive(Clone, Debug, Default)]
pub struct Names {
    texts: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, Name>,
}

impl Names {
    /// The number of a text, new or known.
    pub fn of(&mut self, text: &str) -> Name {
        if let Some(name) = self.numbers.get(text) {
            return *name;
        }
        let (name, text) = (Name(u32::try_from(self.texts.len()).unwrap_or(u32::MAX)), Arc::<str>::from(text));
        self.texts.push(text.clone());
        self.numbers.insert(text, name);
        name
    }

    /// The number of a text, if it was seen.
    pub fn known(&self, text: &str) -> Option<Name> {
        self.numbers.get(text).copied()
    }

    pub fn text(&self, name: Name) -> &str {
        self.texts.get(name.0 as usize).map_or("", |text| text)
    }

    /// Lets a text go, and answers how many bytes it had. Its number is not given again.
    pub fn forget(&mut self, name: Name) -> usize {
        let Some(text) = self.texts.get_mut(name.0 as usize) else { return 0 };
        let text = std::mem::replace(text, Arc::from(""));
        self.numbers.remove(&text);
        text.len()
    }
}

/// What one range held.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// How long it lasted. Facts of a minute carry sixty; merging adds.
    pub secs: f64,
    /// Traces of which anything was seen.
    pub traces: u64,
    /// Every span by service and operation.
    pub operations: BTreeMap<OperationKey, OperationFacts>,
    /// Entries (the spans with which a service was entered) by who called.
    pub callers: BTreeMap<CallerKey, CallerFacts>,
    /// Calls from one service to another, by the span that waited for them.
    pub calls: BTreeMap<CallKey, CallFacts>,
    /// What was done in handling an entry: inner spans, calls, log statements.
    pub steps: BTreeMap<StepKey, Clustered>,
    /// Log statements, whether or not they belong to a trace.
    pub statements: BTreeMap<StatementKey, StatementFacts>,
    /// Entries by the values of their attributes.
    pub attributes: BTreeMap<AttributeKey, ShareFacts>,
    /// Entries by the instance that handled them.
    pub instances: BTreeMap<InstanceKey, ShareFacts>,
    /// What instances measure of themselves.
    pub gauges: BTreeMap<GaugeKey, GaugeFacts>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationKey {
    pub service: Name,
    pub operation: Name,
}

/// The spans of one operation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OperationFacts {
    /// All spans.
    pub spans: u64,
    /// Spans whose status is an error.
    pub errors: u64,
    /// Spans with which the service was entered: the parent is in another service, or there is none.
    pub entries: u64,
    /// Over entries, by trace: how many had an error in this service with nothing below it in
    /// error. A log record of severity ERROR or above is an error of the span that it names. A
    /// call that fails is the call's ([`CallFacts::own_errors`]).
    pub own_errors: Clustered,
    pub duration: Sketch,
    /// Of an entry: its time with no call to another service under way. Of other spans: with no
    /// child under way; those that only wait for one call are left out.
    pub self_time: Sketch,
    /// The natural logarithm of the same self times in microseconds (at least 300), by trace.
    pub self_ln: Clustered,
    /// How many spans had a child in another service.
    pub crossing: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallerKey {
    pub service: Name,
    pub operation: Name,
    /// `None`: nobody that was seen.
    pub caller: Option<Name>,
}

/// The entries that one caller made into one operation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallerFacts {
    pub requests: u64,
    pub errors: u64,
    pub duration: Sketch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallKey {
    pub caller: Name,
    /// The name of the caller's span.
    pub operation: Name,
    /// Whom the caller's span says it calls (`server.address`, `peer.service`, …).
    pub peer: Option<Name>,
    /// The service of the child; `None` where a client's span has no span on the other side.
    pub callee: Option<Name>,
}

/// Calls from one service to another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallFacts {
    pub calls: u64,
    /// Calls whose span on either side is in error.
    pub errors: u64,
    /// By trace: calls whose caller's span is in error with nothing below it in error.
    pub own_errors: Clustered,
    /// Calls whose gap could be measured: the caller's span does nothing but wait for the one child.
    pub gap: Sketch,
    /// The natural logarithm of the same gaps in microseconds (at least 300), by trace.
    pub gap_ln: Clustered,
    /// Of calls without a span of their caller's: the time on either side of the child in which the
    /// caller did nothing that shows. The way is in it, and some of the caller's own work.
    pub around: Sketch,
    pub around_ln: Clustered,
    /// Of calls without a span on the other side: how long the caller waited.
    pub waited: Sketch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepKey {
    pub service: Name,
    /// The operation with which the service was entered.
    pub entry: Name,
    pub step: Step,
}

/// What an entry leads to inside its own service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// A span of the same service that is not the entry.
    Operation(Name),
    /// A call that reached this service.
    Call(Name),
    /// A log record of this statement.
    Statement(Name),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatementKey {
    pub service: Name,
    /// Logger and line, else the text with its values masked.
    pub statement: Name,
}

/// The records of one log statement.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StatementFacts {
    pub n: u64,
    /// Of severity ERROR or above.
    pub errors: u64,
    /// Of those, the ones below which nothing was in error; all where the record names no trace.
    pub own_errors: u64,
    /// Records that name a span that was seen: those are also in [`Facts::steps`].
    pub placed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributeKey {
    pub service: Name,
    pub attribute: Name,
    pub value: Name,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceKey {
    pub service: Name,
    pub instance: Name,
}

/// The entries that share a value or an instance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareFacts {
    pub requests: u64,
    /// Entries with an error of this service's own.
    pub own_errors: Clustered,
    /// The natural logarithm of the time the service itself took for the entry, in microseconds.
    pub self_ln: Clustered,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GaugeKey {
    pub service: Name,
    /// `None` where a service reports without saying which of its instances it is.
    pub instance: Option<Name>,
    pub metric: Name,
}

/// Readings of one metric by one instance.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GaugeFacts {
    pub readings: u64,
    /// Minutes with a reading.
    pub minutes: u64,
    /// Of the means of those minutes.
    pub sum: f64,
    pub squares: f64,
    pub min: f64,
    pub max: f64,
}

/// A mean over things that come in bundles: spans of one trace are slow or fail together, and
/// minutes differ from each other. What is needed to say how far the mean may be off by that.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Clustered {
    pub n: f64,
    pub sum: f64,
    /// Each thing's value squared.
    squares: f64,
    traces: Bundles,
    blocks: Bundles,
}

/// Sums over bundles of their size, their total, and the products of the two.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Bundles {
    count: f64,
    nn: f64,
    ns: f64,
    ss: f64,
}

impl Facts {
    /// Every name that stands in it, some of them several times.
    pub fn each_name(&self, mut note: impl FnMut(Name)) {
        let mut all = |names: &[Option<Name>]| names.iter().flatten().for_each(|name| note(*name));
        self.operations.keys().for_each(|key| all(&[Some(key.service), Some(key.operation)]));
        self.callers.keys().for_each(|key| all(&[Some(key.service), Some(key.operation), key.caller]));
        self.calls.keys().for_each(|key| all(&[Some(key.caller), Some(key.operation), key.peer, key.callee]));
        for key in self.steps.keys() {
            let (Step::Operation(step) | Step::Call(step) | Step::Statement(step)) = key.step;
            all(&[Some(key.service), Some(key.entry), Some(step)]);
        }
        self.statements.keys().for_each(|key| all(&[Some(key.service), Some(key.statement)]));
        self.attributes.keys().for_each(|key| all(&[Some(key.service), Some(key.attribute), Some(key.value)]));
        self.instances.keys().for_each(|key| all(&[Some(key.service), Some(key.instance)]));
        self.gauges.keys().for_each(|key| all(&[Some(key.service), key.instance, Some(key.metric)]));
    }

    /// As if everything of the other had been gathered here.
    pub fn merge(&mut self, other: &Self) {
        self.secs += other.secs;
        self.traces += other.traces;
        add(&mut self.operations, &other.operations, |to, from| {
            to.spans += from.spans;
            to.errors += from.errors;
            to.entries += from.entries;
            to.crossing += from.crossing;
            to.own_errors.merge(&from.own_errors);
            to.duration.merge(&from.duration);
            to.self_time.merge(&from.self_time);
            to.self_ln.merge(&from.self_ln);
        });
        add(&mut self.callers, &other.callers, |to, from| {
            to.requests += from.requests;
            to.errors += from.errors;
            to.duration.merge(&from.duration);
        });
        add(&mut self.calls, &other.calls, |to, from| {
            to.calls += from.calls;
            to.errors += from.errors;
            to.own_errors.merge(&from.own_errors);
            to.gap.merge(&from.gap);
            to.gap_ln.merge(&from.gap_ln);
            to.around.merge(&from.around);
            to.around_ln.merge(&from.around_ln);
            to.waited.merge(&from.waited);
        });
        add(&mut self.steps, &other.steps, Clustered::merge);
        add(&mut self.statements, &other.statements, |to, from| {
            to.n += from.n;
            to.errors += from.errors;
            to.own_errors += from.own_errors;
            to.placed += from.placed;
        });
        add(&mut self.attributes, &other.attributes, ShareFacts::merge);
        add(&mut self.instances, &other.instances, ShareFacts::merge);
        add(&mut self.gauges, &other.gauges, GaugeFacts::merge);
    }

    /// Says that what is here so far is one stretch of time (a minute, as a rule), so that facts
    /// of several stretches know how much such stretches differ from each other.
    pub fn seal(&mut self) {
        for facts in self.operations.values_mut() {
            facts.own_errors.seal();
            facts.self_ln.seal();
        }
        for facts in self.calls.values_mut() {
            facts.own_errors.seal();
            facts.gap_ln.seal();
            facts.around_ln.seal();
        }
        self.steps.values_mut().for_each(Clustered::seal);
        for facts in self.attributes.values_mut().chain(self.instances.values_mut()) {
            facts.own_errors.seal();
            facts.self_ln.seal();
        }
    }
}

/// Adds one map to another, key by key.
fn add<K: Ord + Copy, V: Clone>(to: &mut BTreeMap<K, V>, from: &BTreeMap<K, V>, merge: impl Fn(&mut V, &V)) {
    for (key, facts) in from {
        to.entry(*key).and_modify(|known| merge(known, facts)).or_insert_with(|| facts.clone());
    }
}

impl ShareFacts {
    fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.own_errors.merge(&other.own_errors);
        self.self_ln.merge(&other.self_ln);
    }
}

impl GaugeFacts {
    /// The readings of one minute.
    pub fn minute(readings: u64, mean: f64) -> Self {
        Self { readings, minutes: 1, sum: mean, squares: mean * mean, min: mean, max: mean }
    }

    pub fn merge(&mut self, other: &Self) {
        if other.minutes == 0 {
            return;
        }
        (self.min, self.max) = if self.minutes == 0 { (other.min, other.max) } else { (self.min.min(other.min), self.max.max(other.max)) };
        self.readings += other.readings;
        self.minutes += other.minutes;
        self.sum += other.sum;
        self.squares += other.squares;
    }

    /// Of the minutes' means; `None` without a reading.
    pub fn mean(&self) -> Option<f64> {
        (self.minutes > 0).then(|| self.sum / self.minutes as f64)
    }

    /// How far minutes lie from their mean; `None` under two minutes.
    pub fn deviation(&self) -> Option<f64> {
        let (minutes, mean) = (self.minutes as f64, self.mean()?);
        (self.minutes > 1).then(|| ((self.squares - minutes * mean * mean).max(0.0) / (minutes - 1.0)).sqrt())
    }
}

impl Clustered {
    /// What one trace adds: so many things, the sum of their values, the sum of their squares.
    pub fn add_trace(&mut self, n: f64, sum: f64, squares: f64) {
        self.n += n;
        self.sum += sum;
        self.squares += squares;
        self.traces.add(n, sum);
    }

    pub fn merge(&mut self, other: &Self) {
        self.n += other.n;
        self.sum += other.sum;
        self.squares += other.squares;
        self.traces.merge(&other.traces);
        self.blocks.merge(&other.blocks);
    }

    fn seal(&mut self) {
        self.blocks = Bundles::default();
        self.blocks.add(self.n, self.sum);
    }

    /// `None` of nothing.
    pub fn mean(&self) -> Option<f64> {
        (self.n > 0.0).then(|| self.sum / self.n)
    }

    /// Traces that added anything.
    pub fn bundles(&self) -> f64 {
        self.traces.count
    }

    /// How far single things lie from the mean, squared.
    pub fn variance(&self) -> f64 {
        self.mean().map_or(0.0, |mean| (self.squares / self.n - mean * mean).max(0.0))
    }

    /// The variance of the mean, bundles considered: the larger of what traces and what stretches
    /// of time say. Fewer than [`FEWEST_BLOCKS`] stretches say nothing.
    pub fn variance_of_mean(&self) -> f64 {
        let Some(mean) = self.mean() else { return 0.0 };
        let of = |bundles: &Bundles| bundles.scatter(mean) / (self.n * self.n);
        if self.blocks.count >= FEWEST_BLOCKS { of(&self.traces).max(of(&self.blocks)) } else { of(&self.traces) }
    }

    /// By how much the mean is less certain than if every thing stood alone; at least one.
    pub fn design_effect(&self) -> f64 {
        let alone = self.variance() / self.n;
        if alone > 0.0 { (self.variance_of_mean() / alone).max(1.0) } else { 1.0 }
    }

    /// The same values over all entries: those of a step are noted only where it was taken.
    pub fn over(&self, entries: &Self) -> Self {
        Self {
            n: entries.n,
            traces: Bundles { count: entries.traces.count, nn: entries.traces.nn, ..self.traces },
            blocks: Bundles { count: entries.blocks.count, nn: entries.blocks.nn, ..self.blocks },
            ..*self
        }
    }
}

/// Under this, stretches of time are too few to tell how much they differ.
const FEWEST_BLOCKS: f64 = 5.0;

impl Bundles {
    fn add(&mut self, n: f64, sum: f64) {
        self.count += 1.0;
        self.nn += n * n;
        self.ns += n * sum;
        self.ss += sum * sum;
    }

    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.nn += other.nn;
        self.ns += other.ns;
        self.ss += other.ss;
    }

    /// The squared distances of the bundles' totals from what their sizes let expect.
    fn scatter(&self, mean: f64) -> f64 {
        if self.count < 2.0 {
            return 0.0;
        }
        (self.ss - 2.0 * mean * self.ns + mean * mean * self.nn).max(0.0) * self.count / (self.count - 1.0)
    }
}
