//! The figures of a minute: calls by service, operation and caller, with errors and durations.
//! They add up, so that those of a range are the sum of its minutes.

use super::{
    minute::{Frozen, Minute, NONE, Span, minute_of},
    snapshot::nanos,
    words::Words,
};
use crate::domain::{
    telemetry::{
        facts::{CallerKey, Name},
        gather, panels,
        sketch::Sketch,
    },
    time::Timestamp,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Calls that are counted together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calls {
    pub requests: u64,
    pub errors: u64,
    pub duration: Sketch,
    pub last_ns: u64,
}

impl Calls {
    fn add(&mut self, span: &Span) {
        self.requests += 1;
        self.errors += u64::from(span.error);
        self.duration.add(span.duration_micros());
        self.last_ns = self.last_ns.max(span.end_ns());
    }

    pub fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.errors += other.errors;
        self.duration.merge(&other.duration);
        self.last_ns = self.last_ns.max(other.last_ns);
    }

    pub fn last_seen(&self) -> Option<Timestamp> {
        (self.last_ns > 0).then(|| Timestamp::from_micros(i64::try_from(self.last_ns / 1_000).unwrap_or(i64::MAX)))
    }

    /// As panels show it.
    pub fn shown(&self) -> panels::Figures {
        let quantile = |q| self.duration.quantile(q).map(|micros| micros / 1e6);
        panels::Figures {
            requests: self.requests,
            errors: self.errors,
            error_ratio: (self.requests > 0).then(|| self.errors as f64 / self.requests as f64),
            p50_s: quantile(0.5),
            p95_s: quantile(0.95),
            p99_s: quantile(0.99),
        }
    }
}

/// Calls that somebody else counted: those with which an operation was entered from an instant on.
#[derive(Clone, Debug, PartialEq)]
pub struct Counted {
    pub at: Timestamp,
    pub service: String,
    pub operation: String,
    pub requests: u64,
    pub errors: u64,
    /// About how long they took, in microseconds, and how many of them.
    pub took: Vec<(i64, u32)>,
}

impl Counted {
    /// Puts them where the minute of their instant keeps what its spans do not tell.
    pub(super) fn put(&self, words: &mut Words, minutes: &mut BTreeMap<i64, Arc<Minute>>) {
        let service = words.service(&self.service);
        let operation = words.operation(service, &self.operation);
        let mut calls = Calls { requests: self.requests, errors: self.errors, ..Calls::default() };
        self.took.iter().for_each(|(micros, n)| calls.duration.add_times(*micros, *n));
        if self.requests > 0 {
            calls.last_ns = nanos(self.at);
        }
        let minute = Arc::make_mut(minutes.entry(minute_of(nanos(self.at))).or_default());
        let frozen: &mut Frozen = Arc::make_mut(minute.frozen.get_or_insert_default());
        frozen.figures.entries.entry(CallerKey { service, operation, caller: None }).or_default().merge(&calls);
        frozen.figures.spans.entry((service, operation)).or_default().merge(&calls);
    }
}

/// The figures of a minute, or of several.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MinuteFigures {
    /// The spans with which a service was entered.
    pub entries: BTreeMap<CallerKey, Calls>,
    /// All spans, by what they do.
    pub spans: BTreeMap<(Name, Name), Calls>,
    /// Calls to what sends no spans itself: by caller and the name that its client gives.
    pub unseen: BTreeMap<(Name, Name), Calls>,
    /// Callers, and names that their clients give to what did send spans.
    pub answered: BTreeSet<(Name, Name)>,
}

impl MinuteFigures {
    /// Counts the spans that are not counted yet and fit `wanted`. `around` are the minutes in
    /// which their parents may be, this one first.
    pub fn count(&mut self, minute: &Minute, around: &[&Minute], wanted: impl Fn(&Span) -> bool) {
        for span in minute.spans.iter().filter(|span| !span.counted && wanted(span)) {
            self.spans.entry((span.service, span.operation)).or_default().add(span);
            let parent = match span.parent {
                0 => None,
                id => around.iter().find_map(|minute| minute.find(span.trace, id)),
            };
            if gather::enters(span.side(), span.above(parent, true)) {
                let caller = parent.map(|parent| parent.service);
                self.entries.entry(CallerKey { service: span.service, operation: span.operation, caller }).or_default().add(span);
            }
            if let Some(parent) = parent.filter(|parent| parent.peer != NONE && parent.kind.calls() && parent.service != span.service) {
                self.answered.insert((parent.service, Name(parent.peer)));
            }
            // Whether the other side sends spans is only known from all of them.
            if span.peer != NONE && span.kind.calls() {
                self.unseen.entry((span.service, Name(span.peer))).or_default().add(span);
            }
        }
    }

    pub fn merge(&mut self, other: &Self) {
        merge(&mut self.entries, &other.entries);
        merge(&mut self.spans, &other.spans);
        merge(&mut self.unseen, &other.unseen);
        self.answered.extend(&other.answered);
    }

    /// How much room it takes, about.
    pub fn bytes(&self) -> usize {
        (self.entries.len() + self.spans.len() + self.unseen.len()) * 250 + self.answered.len() * 16
    }
}

fn merge<K: Ord + Copy>(to: &mut BTreeMap<K, Calls>, from: &BTreeMap<K, Calls>) {
    for (key, calls) in from {
        to.entry(*key).and_modify(|known| known.merge(calls)).or_insert_with(|| calls.clone());
    }
}
