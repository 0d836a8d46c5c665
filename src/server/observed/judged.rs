//! Calls that are good and all of them, for objectives: counted one by one.

use super::AROUND;
use super::snapshot::{Snapshot, nanos};
use crate::domain::telemetry::{gather::enters, panels::Range};

impl Snapshot {
    /// Good calls of a service, or of one operation of it, and all: those without an error, or with
    /// a threshold those that took at most so long. `None`: nothing at all was sent to us of this
    /// time, so nothing is known of it.
    ///
    /// Minutes of which spans were let go have their counts; how many of them took how long is
    /// then known as closely as the sketch knows it.
    pub fn good(&self, range: Range, service: &str, operation: Option<&str>, threshold_s: Option<f64>) -> Option<(f64, f64)> {
        let words = self.words();
        let (service, operation) = (words.known(service), operation.map(|operation| words.known(operation)));
        drop(words);
        let (from, to) = (nanos(range.from), nanos(range.to));
        let limit_ns = threshold_s.map(|seconds| (seconds * 1e9).round() as u64);
        let (mut good, mut total, mut is_known) = (0.0, 0.0, false);
        for (at, minute) in self.within(range) {
            is_known |= minute.frozen.is_some() || !minute.spans.is_empty();
            let frozen = minute.frozen.as_ref().filter(|_| (from..to).contains(&super::start_of(at)));
            for (key, calls) in frozen.iter().flat_map(|frozen| &frozen.figures.entries) {
                if Some(key.service) == service && operation.is_none_or(|operation| operation == Some(key.operation)) {
                    total += calls.requests as f64;
                    let bad = threshold_s.map_or(calls.errors as f64, |seconds| calls.duration.above(seconds * 1e6));
                    good += calls.requests as f64 - bad;
                }
            }
            for span in minute.spans.iter().filter(|span| !span.counted && (from..to).contains(&span.start_ns)) {
                let fits = Some(span.service) == service && operation.is_none_or(|operation| operation == Some(span.operation));
                let parent = || AROUND.iter().find_map(|near| self.minute(at + near)?.find(span.trace, span.parent));
                if fits && enters(span.side(), span.above(if span.parent == 0 { None } else { parent() }, true)) {
                    total += 1.0;
                    good += f64::from(u8::from(limit_ns.map_or(!span.error, |limit| span.duration_ns <= limit)));
                }
            }
        }
        is_known.then_some((good, total))
    }
}
