//! What began in one minute, in little room. A minute that nobody reads is changed in place; one
//! that somebody reads is copied first, so that readers go on in peace.

use super::{figures::MinuteFigures, words::Pair};
use crate::domain::telemetry::{
    facts::{Facts, Name},
    gather::{Above, Side, SpanKind},
};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, OnceLock},
};

pub const MINUTE_NS: u64 = 60_000_000_000;

/// No name.
pub const NONE: u32 = u32::MAX;

/// A span as it is kept; its texts stand in the words, the rest of it in its block.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub trace: u128,
    pub id: u64,
    /// 0: none.
    pub parent: u64,
    pub start_ns: u64,
    pub duration_ns: u64,
    pub service: Name,
    pub operation: Name,
    /// [`NONE`]: not said.
    pub instance: u32,
    /// Whom it says it calls; [`NONE`]: nobody.
    pub peer: u32,
    /// The number of its resource's attributes.
    pub resource: u32,
    /// Where its attributes begin in the minute's.
    pub attributes: u32,
    pub attribute_count: u16,
    pub kind: SpanKind,
    pub error: bool,
    /// Its counts stand in its minute's frozen figures.
    pub counted: bool,
    /// It stands in the frozen facts of the minute of its trace's root.
    pub gathered: bool,
    /// The block that it was kept in.
    pub block: u32,
}

impl Span {
    pub fn end_ns(&self) -> u64 {
        self.start_ns.saturating_add(self.duration_ns)
    }

    pub fn duration_micros(&self) -> i64 {
        i64::try_from(self.duration_ns / 1_000).unwrap_or(i64::MAX)
    }

    pub fn minute(&self) -> i64 {
        minute_of(self.start_ns)
    }

    pub fn side(&self) -> Side {
        Side { service: self.service, kind: self.kind }
    }

    /// What stands above it. Whoever looks at spans one by one does not know whether a trace shows
    /// where it began, and takes it to be `rooted`.
    pub fn above(&self, parent: Option<&Self>, rooted: bool) -> Above {
        match parent {
            _ if self.parent == 0 => Above::Nobody,
            Some(parent) => Above::Span(parent.side()),
            None => Above::Unseen { rooted },
        }
    }
}

/// A log record as it is kept; its text stands in its block.
#[derive(Clone, Copy, Debug)]
pub struct Log {
    pub trace: u128,
    pub span: u64,
    pub at_ns: u64,
    pub service: Name,
    pub statement: Name,
    pub block: u32,
    /// Its place among the records of its block.
    pub ordinal: u32,
    /// As OpenTelemetry numbers them; 0: none.
    pub severity: u8,
    /// It says that something failed, by its severity or where only its text says so.
    pub error: bool,
    /// It stands in the frozen facts of a minute.
    pub gathered: bool,
}

/// The readings of one series within a minute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Readings {
    pub n: u32,
    pub sum: f64,
    pub min: f64,
    pub max: f64,
    pub last: f64,
    pub last_ns: u64,
}

impl Readings {
    pub fn of(value: f64, at_ns: u64) -> Self {
        Self { n: 1, sum: value, min: value, max: value, last: value, last_ns: at_ns }
    }

    /// One more, of another instant.
    fn add(&mut self, value: f64, at_ns: u64) {
        self.n += 1;
        self.sum += value;
        (self.min, self.max) = (self.min.min(value), self.max.max(value));
        if at_ns > self.last_ns {
            (self.last, self.last_ns) = (value, at_ns);
        }
    }

    pub fn mean(&self) -> f64 {
        self.sum / f64::from(self.n.max(1))
    }
}

/// What stands for a minute's spans that are not there any more.
#[derive(Clone, Debug, Default)]
pub struct Frozen {
    pub figures: MinuteFigures,
    pub facts: Facts,
    /// How far it was thinned already.
    pub level: u8,
}

impl Frozen {
    fn bytes(&self) -> usize {
        let facts = &self.facts;
        let by_operation = facts.operations.len() + facts.callers.len() + facts.calls.len();
        let others = facts.steps.len() + facts.attributes.len() + facts.instances.len() + facts.statements.len();
        self.figures.bytes() + by_operation * 600 + others * 200
    }
}

/// One minute.
#[derive(Clone, Debug, Default)]
pub struct Minute {
    pub spans: Vec<Span>,
    pub attributes: Vec<Pair>,
    pub logs: Vec<Log>,
    pub readings: HashMap<u32, Readings>,
    /// How many readings there are of all series.
    pub points: u64,
    pub frozen: Option<Arc<Frozen>>,
    /// Where a span is, by the mix of its trace's id and its own.
    index: HashMap<u64, u32, Mixed>,
    by_trace: OnceLock<Arc<[u32]>>,
    /// Marks of log records, and of readings where a series has several: what comes again is known
    /// by them.
    seen: HashSet<u64, Mixed>,
}

impl Minute {
    /// Adds a span with its attributes, unless it is there already.
    pub fn add_span(&mut self, mut span: Span, attributes: &[Pair]) -> bool {
        let key = mix(span.trace, span.id);
        let place = u32::try_from(self.spans.len()).unwrap_or(u32::MAX);
        match self.index.entry(key) {
            std::collections::hash_map::Entry::Occupied(_) => return false,
            std::collections::hash_map::Entry::Vacant(entry) => entry.insert(place),
        };
        span.attributes = u32::try_from(self.attributes.len()).unwrap_or(u32::MAX);
        span.attribute_count = u16::try_from(attributes.len()).unwrap_or(u16::MAX);
        self.attributes.extend(attributes.iter().take(usize::from(span.attribute_count)));
        self.spans.push(span);
        self.by_trace.take();
        true
    }

    /// Adds a reading; the same instant of a series again is the same reading.
    pub fn add_reading(&mut self, series: u32, value: f64, at_ns: u64) -> bool {
        let mark = |at_ns| mix(u128::from(series), at_ns);
        match self.readings.get_mut(&series) {
            Some(known) => {
                if known.last_ns == at_ns || self.seen.contains(&mark(at_ns)) {
                    return false;
                }
                // Most series have one reading a minute, which needs no mark.
                self.seen.extend([mark(known.last_ns), mark(at_ns)]);
                known.add(value, at_ns);
            }
            None => {
                self.readings.insert(series, Readings::of(value, at_ns));
            }
        }
        self.points += 1;
        true
    }

    /// Whether a request before had a log record with this mark.
    pub fn has_seen(&self, mark: u64) -> bool {
        self.seen.contains(&mark)
    }

    /// From now on a log record with this mark comes again.
    pub fn note_seen(&mut self, mark: u64) {
        self.seen.insert(mark);
    }

    /// Lets all readings go. Answers how many there were.
    pub fn take_readings(&mut self) -> u64 {
        self.readings = HashMap::new();
        std::mem::take(&mut self.points)
    }

    pub fn find(&self, trace: u128, id: u64) -> Option<&Span> {
        let span = self.spans.get(*self.index.get(&mix(trace, id))? as usize)?;
        (span.trace == trace && span.id == id).then_some(span)
    }

    pub fn attributes_of(&self, span: &Span) -> &[Pair] {
        let from = span.attributes as usize;
        self.attributes.get(from..from + usize::from(span.attribute_count)).unwrap_or(&[])
    }

    /// Places of the spans, those of one trace side by side.
    pub fn by_trace(&self) -> &[u32] {
        self.by_trace.get_or_init(|| {
            let mut places: Vec<u32> = (0..self.index.len() as u32).collect();
            places.sort_unstable_by_key(|place| self.spans.get(*place as usize).map(|span| (span.trace, span.start_ns)));
            places.into()
        })
    }

    /// The spans of one trace, by their start.
    pub fn of_trace(&self, trace: u128) -> impl Iterator<Item = &Span> {
        let order = self.by_trace();
        let at = |place: &u32| self.spans.get(*place as usize);
        let from = order.partition_point(|place| at(place).is_some_and(|span| span.trace < trace));
        order.get(from..).unwrap_or(&[]).iter().filter_map(at).take_while(move |span| span.trace == trace)
    }

    /// Keeps these spans and logs only. Whoever sends again does so soon: what came again is not
    /// known any more from here on.
    pub fn retain(&mut self, keep: impl Fn(&Span) -> bool, keep_log: impl Fn(&Log) -> bool) {
        let before = std::mem::take(self);
        (self.readings, self.points) = (before.readings, before.points);
        self.frozen = before.frozen;
        self.logs = before.logs.into_iter().filter(keep_log).collect();
        for span in before.spans.iter().filter(|span| keep(span)) {
            let from = span.attributes as usize;
            let attributes = before.attributes.get(from..from + usize::from(span.attribute_count)).unwrap_or(&[]);
            self.add_span(*span, attributes);
        }
        self.spans.shrink_to_fit();
        self.attributes.shrink_to_fit();
        self.index.shrink_to_fit();
    }

    /// How much room it takes, about.
    pub fn bytes(&self) -> usize {
        // An entry of the index takes 16 bytes and stands in a table that is half empty at times.
        self.spans.len() * (size_of::<Span>() + 28)
            + self.attributes.len() * size_of::<Pair>()
            + self.logs.len() * size_of::<Log>()
            + self.bytes_of_readings()
            + self.seen.len() * 16
            + self.frozen.as_ref().map_or(0, |frozen| frozen.bytes())
    }

    pub fn bytes_of_readings(&self) -> usize {
        self.readings.len() * (size_of::<Readings>() + 16)
    }
}

pub fn minute_of(ns: u64) -> i64 {
    i64::try_from(ns / MINUTE_NS).unwrap_or(i64::MAX)
}

/// One number for a span. Ids are random as a rule; where they are not, this spreads them.
pub fn mix(trace: u128, id: u64) -> u64 {
    let spread = |x: u64| {
        let x = (x ^ (x >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        x ^ (x >> 29)
    };
    spread(spread(trace as u64) ^ spread((trace >> 64) as u64).rotate_left(17) ^ id.wrapping_mul(0xd6e8_feb8_6659_fd93))
}

/// Takes the number of [`mix`] as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mixed;

impl std::hash::BuildHasher for Mixed {
    type Hasher = AsItIs;
    fn build_hasher(&self) -> AsItIs {
        AsItIs(0)
    }
}

pub struct AsItIs(u64);

impl std::hash::Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }
    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}
