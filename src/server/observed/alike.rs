//! How often the calls of one operation carry some attributes: those that fail or are slow, and the
//! rest. Whole spans are counted; those of minutes that were thinned are not all there any more.

use super::{
    minute::{Minute, Span},
    snapshot::{Snapshot, nanos},
    words::Pair,
};
use crate::domain::telemetry::{
    alike::{Alike, AlikeQuestion, Share, slow_from},
    panels::Range,
};
use std::sync::Arc;

impl Snapshot {
    /// Counts; what it means is judged by whoever asks.
    pub fn alike(&self, question: &AlikeQuestion, range: Range) -> Alike {
        let words = self.words();
        let wanted: Vec<Option<Pair>> = question.attributes.iter().map(|attribute| words.wanted(&attribute.name, &attribute.value)).collect();
        let named = words.known(&question.service).zip(words.known(&question.operation));
        let (from, to) = (nanos(range.from), nanos(range.to));
        let calls: Vec<(&Arc<Minute>, &Span)> = self
            .within(range)
            .flat_map(|(_, minute)| minute.spans.iter().map(move |span| (minute, span)))
            .filter(|(_, span)| Some((span.service, span.operation)) == named && (from..to).contains(&span.start_ns))
            .collect();
        let slow_ns = if question.failed { None } else { slow_from(calls.iter().map(|(_, span)| span.duration_ns).collect()) };
        let is_marked = |span: &Span| slow_ns.map_or(span.error, |slow| span.duration_ns >= slow);
        let mut shares: Vec<Share> = question
            .attributes
            .iter()
            .map(|attribute| Share { name: attribute.name.clone(), value: attribute.value.clone(), marked: 0, rest: 0, over: false })
            .collect();
        let (mut marked, mut rest) = (0, 0);
        for (minute, span) in calls {
            let (own, of_process) = (minute.attributes_of(span), words.resource_pairs(span.resource));
            let marks = is_marked(span);
            *(if marks { &mut marked } else { &mut rest }) += 1;
            for (share, pair) in shares.iter_mut().zip(&wanted) {
                if pair.is_some_and(|pair| own.contains(&pair) || of_process.binary_search(&pair).is_ok()) {
                    *(if marks { &mut share.marked } else { &mut share.rest }) += 1;
                }
            }
        }
        let partial = self.within(range).any(|(_, minute)| minute.frozen.is_some());
        Alike { range, slow_from_s: slow_ns.map(|ns| ns as f64 / 1e9), marked, rest, partial, shares }
    }
}
