//! Traces found by what is known of them in memory, as cards of a list.

use super::{
    minute::{Minute, Span},
    snapshot::{Snapshot, instant, just_after, nanos},
    words::Pair,
};
use crate::{
    domain::telemetry::{
        facts::Name,
        gather::SpanKind,
        panels::{Attribute, Range, TraceCard, TraceOrder, TracePage, TraceQuestion, TraceRoot},
        retries::{self, Attempt, Ending},
    },
    server::otlp::ids,
};
use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

/// Where a page of traces begins: behind the trace with these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    errs: bool,
    duration_ns: u64,
    start_ns: u64,
    trace: u128,
}

impl Place {
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let errs = parts.next()? == "e";
        let (duration_ns, start_ns) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let trace = ids::parse_trace(parts.next()?)?;
        parts.next().is_none().then_some(Self { errs, duration_ns, start_ns, trace })
    }

    fn text(self) -> String {
        format!("{}.{}.{}.{}", if self.errs { "e" } else { "o" }, self.duration_ns, self.start_ns, ids::trace_text(self.trace))
    }

    /// What a list in this order is sorted by.
    fn key(self, order: TraceOrder) -> impl Ord {
        let (errs, duration, start) = (Reverse(self.errs), Reverse(self.duration_ns), Reverse(self.start_ns));
        match order {
            TraceOrder::Recent => ((Reverse(false), Reverse(0)), start, self.trace),
            TraceOrder::Slowest => ((Reverse(false), duration), start, self.trace),
            TraceOrder::Errors => ((errs, duration), start, self.trace),
        }
    }
}

/// A trace that was found.
struct Found {
    place: Place,
    root: Span,
    spans: u64,
    errors: u64,
    retried: bool,
    services: BTreeSet<Name>,
}

/// What spans are asked for, in names.
struct Wanted {
    service: Option<Name>,
    operation: Option<Name>,
    /// Each with the resources that have it.
    attributes: Vec<(Pair, HashSet<u32>)>,
}

impl Wanted {
    /// `None`: something is asked for that nothing has.
    fn of(snapshot: &Snapshot, question: &TraceQuestion) -> Option<Self> {
        let words = snapshot.words();
        let name = |text: &Option<String>| text.as_deref().map(|text| words.known(text).ok_or(())).transpose().ok();
        let pair = |wanted: &Attribute| words.wanted(&wanted.name, &wanted.value).map(|pair| (pair, words.resources_with(&pair)));
        let attributes = question.attributes.iter().map(pair).collect::<Option<_>>()?;
        Some(Self { service: name(&question.service)?, operation: name(&question.operation)?, attributes })
    }

    fn is_any(&self) -> bool {
        self.service.is_none() && self.operation.is_none() && self.attributes.is_empty()
    }

    fn fits(&self, minute: &Minute, span: &Span) -> bool {
        let has = |(wanted, resources): &(Pair, HashSet<u32>)| minute.attributes_of(span).contains(wanted) || resources.contains(&span.resource);
        self.service.is_none_or(|name| name == span.service) && self.operation.is_none_or(|name| name == span.operation) && self.attributes.iter().all(has)
    }
}

impl Snapshot {
    /// A page of the traces whose root begins in the range.
    pub fn traces(&self, question: &TraceQuestion, after: Option<Place>, limit: usize) -> TracePage {
        let Some(wanted) = Wanted::of(self, question) else { return TracePage::default() };
        // What a page before had begins later: pages of the latest need not look there again.
        let ends = after.filter(|_| question.order == TraceOrder::Recent).map_or(question.range.to, |after| just_after(after.start_ns));
        let question = &TraceQuestion { range: Range { to: question.range.to.min(ends), ..question.range }, ..question.clone() };
        let mut found: Vec<Found> = vec![];
        let is_after = |place: &Place| after.is_none_or(|after| place.key(question.order) > after.key(question.order));
        for (at, minute) in self.within(question.range).rev() {
            let mut here: Vec<Found> =
                self.rooted(at, minute).filter_map(|trace| self.judge(&trace, question, &wanted)).filter(|found| is_after(&found.place)).collect();
            found.append(&mut here);
            // What began before this minute comes after all of these.
            if question.order == TraceOrder::Recent && found.len() > limit {
                break;
            }
        }
        found.sort_by_key(|found| found.place.key(question.order));
        let has_more = found.len() > limit;
        found.truncate(limit);
        let next_cursor = found.last().filter(|_| has_more).map(|last| last.place.text());
        let words = self.words();
        let card = |found: Found| {
            let mut services: Vec<String> = found.services.iter().map(|name| words.text(*name).to_owned()).collect();
            services.sort_unstable();
            TraceCard {
                trace_id: ids::trace_text(found.root.trace),
                root: TraceRoot { service: words.text(found.root.service).to_owned(), operation: words.text(found.root.operation).to_owned() },
                started_at: instant(found.root.start_ns),
                duration_s: found.root.duration_ns as f64 / 1e9,
                spans: found.spans,
                errors: found.errors,
                retried: found.retried,
                services,
            }
        };
        TracePage { items: found.into_iter().map(card).collect(), next_cursor, read_from: None }
    }

    /// The traces that have a span in a minute, each with all of its spans around and only where
    /// its root is in that minute.
    pub(super) fn rooted<'a>(&'a self, at: i64, minute: &'a Arc<Minute>) -> impl Iterator<Item = Gathered<'a>> {
        let order = minute.by_trace();
        let span = |place: &u32| minute.spans.get(*place as usize);
        let mut from = 0;
        std::iter::from_fn(move || {
            loop {
                let trace = order.get(from).and_then(span)?.trace;
                let length = order.get(from..)?.iter().take_while(|place| span(place).is_some_and(|span| span.trace == trace)).count();
                let here = order.get(from..from + length)?;
                from += length;
                let mut gathered = Gathered { trace, spans: here.iter().filter_map(span).map(|span| (minute.as_ref(), span)).collect() };
                self.extend(&mut gathered, at);
                if gathered.root().is_some_and(|root| root.minute() == at) {
                    return Some(gathered);
                }
            }
        })
    }

    /// Adds the spans of a trace in the minutes around one, as far as they follow each other.
    fn extend<'a>(&'a self, gathered: &mut Gathered<'a>, at: i64) {
        for step in [-1, 1] {
            let mut near = at + step;
            // One empty minute is no end: a trace may wait.
            let mut empty = 0;
            while empty < 2 {
                let Some(minute) = self.minute(near) else { break };
                let before = gathered.spans.len();
                gathered.spans.extend(minute.of_trace(gathered.trace).map(|span| (minute.as_ref(), span)));
                empty = if gathered.spans.len() == before { empty + 1 } else { 0 };
                near += step;
            }
        }
    }

    fn judge(&self, trace: &Gathered<'_>, question: &TraceQuestion, wanted: &Wanted) -> Option<Found> {
        let root = *trace.root()?;
        let (from, to) = (nanos(question.range.from), nanos(question.range.to));
        let seconds = root.duration_ns as f64 / 1e9;
        if !(from..to).contains(&root.start_ns) || question.min_s.is_some_and(|min| seconds < min) || question.max_s.is_some_and(|max| seconds > max) {
            return None;
        }
        let errors = trace.spans.iter().filter(|(_, span)| span.error).count() as u64;
        if question.errors && errors == 0 {
            return None;
        }
        if !wanted.is_any() && !trace.spans.iter().any(|(minute, span)| wanted.fits(minute, span)) {
            return None;
        }
        let retried = errors > 0 && trace.ending().is_retried();
        Some(Found {
            place: Place { errs: errors > 0 && !retried, duration_ns: root.duration_ns, start_ns: root.start_ns, trace: root.trace },
            root,
            spans: trace.spans.len() as u64,
            errors,
            retried,
            services: trace.spans.iter().map(|(_, span)| span.service).collect(),
        })
    }

    /// The blocks that spans of a trace were kept in.
    pub fn blocks_of(&self, trace: u128) -> BTreeSet<u32> {
        self.all().flat_map(|(_, minute)| minute.of_trace(trace)).map(|span| span.block).collect()
    }
}

/// A trace with all of its spans that were found.
pub(super) struct Gathered<'a> {
    pub trace: u128,
    pub spans: Vec<(&'a Minute, &'a Span)>,
}

impl Gathered<'_> {
    /// The first span without a parent; without one, the first whose parent is not there; in a
    /// cycle, the first.
    pub fn root(&self) -> Option<&Span> {
        let first =
            |fits: &dyn Fn(&Span) -> bool| self.spans.iter().map(|(_, span)| *span).filter(|span| fits(span)).min_by_key(|span| (span.start_ns, span.id));
        first(&|span| span.parent == 0).or_else(|| {
            let ids: HashSet<u64> = self.spans.iter().map(|(_, span)| span.id).collect();
            first(&|span| !ids.contains(&span.parent)).or_else(|| first(&|_| true))
        })
    }

    fn ending(&self) -> Ending {
        let places: HashMap<u64, usize> = self.spans.iter().enumerate().map(|(at, (_, span))| (span.id, at)).collect();
        let micros = |ns: u64| i64::try_from(ns / 1_000).unwrap_or(i64::MAX);
        let attempt = |(_, span): &(&Minute, &Span)| Attempt {
            parent: places.get(&span.parent).copied().filter(|_| span.parent != 0),
            calls: (span.kind == SpanKind::Client).then_some((span.service, span.operation, span.peer)),
            error: span.error,
            began: micros(span.start_ns),
            ended: micros(span.end_ns()),
        };
        retries::ending(&self.spans.iter().map(attempt).collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back() {
        let place = Place { errs: true, duration_ns: 5, start_ns: 7, trace: 0xabc };
        assert_eq!(Place::parse(&place.text()), Some(place));
        for bad in ["", "e.1.2", "e.1.2.xyz", "e.1.2.3.4", "e.-1.2.3"] {
            assert_eq!(Place::parse(bad), None, "{bad}");
        }
    }
}
