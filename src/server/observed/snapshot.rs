//! What a question is answered from: the minutes of a range and those around it, as they stood
//! when it was asked.

use super::{
    AROUND, Memory,
    figures::{Counted, MinuteFigures},
    minute::{Minute, Span, minute_of},
    places::{Place, Places, TEN},
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
/// From so many spans on it is worth to count them in several threads.
const MANY_SPANS: usize = 20_000;

/// The minutes of a range. Cheap to make: minutes are shared.
#[derive(Clone)]
pub struct Snapshot {
    minutes: BTreeMap<i64, Arc<Minute>>,
    figures: Places,
    words: Arc<RwLock<Words>>,
}

impl Snapshot {
    pub(super) fn of(memory: &Memory, words: Arc<RwLock<Words>>, from: Timestamp, to: Timestamp) -> Self {
        let (first, last) = (minute_of(nanos(from)) - AFTER, minute_of(nanos(to)) + AFTER);
        let range = first..=last.max(first);
        let figures = memory.figures.within(*range.start(), *range.end());
        let minutes = memory.minutes.range(range).map(|(at, minute)| (*at, minute.clone())).collect();
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
        let mut figures = Places::default();
        minutes.keys().for_each(|at| figures.renew(*at));
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
        if has_all(range, at, 1) {
            let count = || Arc::new(self.count(at, minute, |_| true));
            return self.figures.minute(at).map_or_else(count, |place| place.get_or_init(count).clone());
        }
        let mut figures = self.count_late(at, minute, |span| (from..to).contains(&span.start_ns));
        if let Some(frozen) = minute.frozen.as_ref().filter(|_| (from..to).contains(&begins)) {
            figures.merge(&frozen.figures);
        }
        Arc::new(figures)
    }

    /// The figures of a range in pieces, each with the minute in which it begins: of minutes, and of
    /// ten at once where the range has them all and a piece may be so long. What was not made yet
    /// is made by all processors.
    pub(super) fn pieces(&self, range: Range, longest_s: i64) -> Vec<(i64, Arc<MinuteFigures>)> {
        let minutes: Vec<(i64, &Arc<Minute>)> = self.within(range).collect();
        let tens: Vec<_> = minutes
            .chunk_by(|a, b| a.0.div_euclid(TEN) == b.0.div_euclid(TEN))
            .map(|minutes| {
                let ten = minutes.first().map_or(0, |(at, _)| at.div_euclid(TEN));
                let is_whole = longest_s % (TEN * 60) == 0 && has_all(range, ten * TEN, TEN);
                (ten, minutes, self.figures.ten(ten).filter(|_| is_whole))
            })
            .collect();
        let is_missing = |place: Option<&Place>| place.is_none_or(|place| place.get().is_none());
        let missing = tens.iter().filter(|(_, _, ten)| is_missing(*ten)).flat_map(|(_, minutes, _)| minutes.iter());
        self.make(missing.copied().filter(|(at, _)| has_all(range, *at, 1) && is_missing(self.figures.minute(*at))).collect(), range);
        let of_minutes = |minutes: &[(i64, &Arc<Minute>)]| minutes.iter().map(|(at, minute)| (*at, self.figures(*at, minute, range))).collect::<Vec<_>>();
        let sum = |minutes: &[(i64, &Arc<Minute>)]| {
            of_minutes(minutes).iter().fold(MinuteFigures::default(), |mut all, (_, figures)| {
                all.merge(figures);
                all
            })
        };
        tens.into_iter()
            .flat_map(|(ten, minutes, place)| match place {
                Some(place) => vec![(ten * TEN, place.get_or_init(|| Arc::new(sum(minutes))).clone())],
                None => of_minutes(minutes),
            })
            .collect()
    }

    /// Makes the figures of these minutes, where it is worth it by all processors at once.
    fn make(&self, minutes: Vec<(i64, &Arc<Minute>)>, range: Range) {
        if minutes.iter().map(|(_, minute)| minute.spans.len()).sum::<usize>() < MANY_SPANS {
            return;
        }
        let share = minutes.len().div_ceil(std::thread::available_parallelism().map_or(1, usize::from)).max(1);
        std::thread::scope(|scope| {
            for minutes in minutes.chunks(share) {
                scope.spawn(|| minutes.iter().for_each(|(at, minute)| drop(self.figures(*at, minute, range))));
            }
        });
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

/// Whether a range has all of so many minutes from this one on.
fn has_all(range: Range, minute: i64, minutes: i64) -> bool {
    nanos(range.from) <= start_of(minute) && start_of(minute + minutes) <= nanos(range.to)
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
