//! What a question is answered from: the minutes of a range and those around it, as they stood
//! when it was asked.

use super::{
    AROUND, Figured, Memory,
    figures::{Counted, MinuteFigures},
    minute::{MINUTE_NS, Minute, Span, minute_of},
    start_of,
    taking::{Put, Shelf, Window},
    words::Words,
};
use crate::domain::{telemetry::panels::Range, time::Timestamp};
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, RwLock, RwLockReadGuard},
};

/// Minutes after a range in which spans of its traces may begin.
pub const AFTER: i64 = 5;

/// The minutes of a range. Cheap to make: minutes are shared.
#[derive(Clone)]
pub struct Snapshot {
    minutes: BTreeMap<i64, Arc<Minute>>,
    figures: BTreeMap<i64, Figured>,
    words: Arc<RwLock<Words>>,
}

impl Snapshot {
    pub(super) fn of(memory: &Memory, words: Arc<RwLock<Words>>, from: Timestamp, to: Timestamp) -> Self {
        let (first, last) = (minute_of(nanos(from)) - AFTER, minute_of(nanos(to)) + AFTER);
        let range = first..=last.max(first);
        let minutes = memory.minutes.range(range.clone()).map(|(at, minute)| (*at, minute.clone())).collect();
        let figures = memory.figures.range(range).map(|(at, figures)| (*at, figures.clone())).collect();
        Self { minutes, figures, words }
    }

    /// One that is made of spans that are kept elsewhere, so that the same figures come of them.
    /// So are calls that were counted elsewhere.
    pub fn of_others<'a>(groups: impl Iterator<Item = &'a ResourceSpans>, counted: impl Iterator<Item = &'a Counted>) -> Self {
        let (mut words, mut minutes) = (Words::default(), BTreeMap::new());
        let mut shelf = Shelf {
            words: &mut words,
            minutes: &mut minutes,
            block: 0,
            ordinal: 0,
            received_ns: 0,
            // Without a time it stands in no range.
            window: Window { from_ns: 1, to_ns: u64::MAX },
            put: Put::default(),
            open: None,
            touched: HashSet::new(),
        };
        groups.for_each(|group| shelf.spans(group));
        shelf.close();
        counted.for_each(|counted| counted.put(&mut words, &mut minutes));
        let figures = minutes.keys().map(|at| (*at, Figured::default())).collect();
        Self { minutes, figures, words: Arc::new(RwLock::new(words)) }
    }

    pub(super) fn words(&self) -> RwLockReadGuard<'_, Words> {
        super::read(&self.words)
    }

    pub(super) fn minute(&self, at: i64) -> Option<&Arc<Minute>> {
        self.minutes.get(&at)
    }

    /// The minutes that reach into a range, with their place.
    pub(super) fn within(&self, range: Range) -> impl DoubleEndedIterator<Item = (i64, &Arc<Minute>)> {
        let (first, last) = (minute_of(nanos(range.from)), minute_of(nanos(range.to).saturating_sub(1)));
        self.minutes.range(first..=last.max(first)).map(|(at, minute)| (*at, minute))
    }

    /// All of them.
    pub(super) fn all(&self) -> impl DoubleEndedIterator<Item = (i64, &Arc<Minute>)> {
        self.minutes.iter().map(|(at, minute)| (*at, minute))
    }

    /// The figures of the part of a minute that lies in a range. Those of a minute whose spans are
    /// not all there any more cannot be taken apart: they count where the minute begins.
    pub(super) fn figures(&self, at: i64, minute: &Arc<Minute>, range: Range) -> Arc<MinuteFigures> {
        let (from, to) = (nanos(range.from), nanos(range.to));
        let begins = start_of(at);
        let is_whole = from <= begins && begins.saturating_add(MINUTE_NS) <= to;
        if is_whole {
            let count = || Arc::new(self.count(at, minute, |_| true));
            return self.figures.get(&at).map_or_else(count, |figures| figures.get_or_init(count).clone());
        }
        let mut figures = self.count_late(at, minute, |span| (from..to).contains(&span.start_ns));
        if let Some(frozen) = minute.frozen.as_ref().filter(|_| (from..to).contains(&begins)) {
            figures.merge(&frozen.figures);
        }
        Arc::new(figures)
    }

    fn count(&self, at: i64, minute: &Minute, wanted: impl Fn(&Span) -> bool) -> MinuteFigures {
        let mut figures = self.count_late(at, minute, wanted);
        if let Some(frozen) = &minute.frozen {
            figures.merge(&frozen.figures);
        }
        figures
    }

    /// Those that are not frozen.
    fn count_late(&self, at: i64, minute: &Minute, wanted: impl Fn(&Span) -> bool) -> MinuteFigures {
        let mut around: Vec<&Minute> = vec![minute];
        around.extend(AROUND.iter().skip(1).filter_map(|near| self.minutes.get(&(at + near))).map(Arc::as_ref));
        let mut figures = MinuteFigures::default();
        figures.count(minute, &around, wanted);
        figures
    }
}

/// Nanoseconds since 1970; earlier is 1970.
pub fn nanos(at: Timestamp) -> u64 {
    u64::try_from(at.micros()).unwrap_or(0).saturating_mul(1_000)
}

pub fn instant(ns: u64) -> Timestamp {
    Timestamp::from_micros(i64::try_from(ns / 1_000).unwrap_or(i64::MAX))
}

/// Where a range ends that holds this nanosecond as its last.
pub fn just_after(ns: u64) -> Timestamp {
    Timestamp::from_micros(instant(ns).micros().saturating_add(1))
}
