//! Whether what failed in a trace was made good: a call that failed, and a later call to the same by
//! the same caller that did not.

use std::{collections::HashMap, hash::Hash};

/// A span, as far as trying again is concerned; `N` is whom it calls and for what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attempt<N> {
    /// The place of its parent.
    pub parent: Option<usize>,
    /// `None`: it calls nobody.
    pub calls: Option<N>,
    pub error: bool,
    /// In microseconds of one clock, for calls of one caller at least.
    pub began: i64,
    pub ended: i64,
}

/// How a trace ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// No span failed.
    #[default]
    Ok,
    /// Every span that failed belongs to one of so many calls that were tried again and then succeeded.
    Retried {
        failed: usize,
    },
    Failed,
}

impl Ending {
    pub fn is_retried(self) -> bool {
        matches!(self, Ending::Retried { .. })
    }
}

/// What is known of a span on the way from it to its root.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Unknown,
    /// On the way that is walked now: whoever comes here again runs in a circle.
    Walked,
    MadeGood,
    Not,
}

/// How the trace with these spans ended. A parent's place that leads nowhere or in a circle makes nothing good.
pub fn ending<N: Eq + Hash>(spans: &[Attempt<N>]) -> Ending {
    if spans.iter().all(|span| !span.error) {
        return Ending::Ok;
    }
    // Of each caller and what it calls: when the last call began that did not fail.
    let mut succeeded: HashMap<(usize, &N), i64> = HashMap::new();
    for span in spans.iter().filter(|span| !span.error) {
        if let (Some(parent), Some(calls)) = (span.parent, &span.calls) {
            let began = succeeded.entry((parent, calls)).or_insert(i64::MIN);
            *began = span.began.max(*began);
        }
    }
    let is_made_good = |span: &Attempt<N>| match (span.parent, &span.calls) {
        (Some(parent), Some(calls)) if span.error => succeeded.get(&(parent, calls)).is_some_and(|began| *began >= span.ended && *began > span.began),
        _ => false,
    };
    let mut ways: Vec<Way> = spans.iter().map(|span| if is_made_good(span) { Way::MadeGood } else { Way::Unknown }).collect();
    let failed = ways.iter().filter(|way| **way == Way::MadeGood).count();
    for at in (0..spans.len()).filter(|at| spans[*at].error) {
        let (mut walked, mut next) = (vec![], Some(at));
        let found = loop {
            let Some(here) = next else { break Way::Not };
            match ways.get(here) {
                Some(Way::Unknown) => ways[here] = Way::Walked,
                Some(Way::MadeGood) => break Way::MadeGood,
                Some(Way::Walked | Way::Not) | None => break Way::Not,
            }
            walked.push(here);
            next = spans[here].parent;
        };
        walked.into_iter().for_each(|here| ways[here] = found);
        if found == Way::Not {
            return Ending::Failed;
        }
    }
    Ending::Retried { failed }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(parent: usize, calls: Option<&'static str>, error: bool, began: i64, ended: i64) -> Attempt<&'static str> {
        Attempt { parent: Some(parent), calls, error, began, ended }
    }

    /// A handler whose first call fails on the far side too.
    fn tried(second: Option<Attempt<&'static str>>) -> Vec<Attempt<&'static str>> {
        let root = Attempt { parent: None, calls: None, error: false, began: 0, ended: 100 };
        let mut spans = vec![root, span(0, Some("POST provider-b"), true, 10, 20), span(1, None, true, 11, 19)];
        spans.extend(second);
        spans
    }

    #[test]
    fn a_call_that_succeeds_when_tried_again_makes_its_failure_good() {
        assert_eq!(ending(&tried(Some(span(0, Some("POST provider-b"), false, 20, 40)))), Ending::Retried { failed: 1 });
        assert_eq!(ending(&tried(None)), Ending::Failed);
        assert_eq!(ending(&tried(None)[..1]), Ending::Ok);
        assert_eq!(ending::<&str>(&[]), Ending::Ok);
    }

    #[test]
    fn only_a_later_call_of_the_same_caller_to_the_same_makes_good() {
        for other in [
            span(0, Some("POST provider-a"), false, 20, 40),
            // Beside it, or before it: nothing was tried again.
            span(0, Some("POST provider-b"), false, 12, 40),
            span(0, Some("POST provider-b"), false, 1, 9),
            span(0, Some("POST provider-b"), true, 20, 40),
            span(2, Some("POST provider-b"), false, 20, 40),
            span(0, None, false, 20, 40),
        ] {
            assert_eq!(ending(&tried(Some(other))), Ending::Failed, "{other:?}");
        }
    }

    #[test]
    fn a_caller_that_fails_all_the_same_has_failed() {
        let mut spans = tried(Some(span(0, Some("POST provider-b"), false, 20, 40)));
        spans[0].error = true;
        assert_eq!(ending(&spans), Ending::Failed);
    }

    #[test]
    fn several_failures_before_the_success_are_all_made_good() {
        let mut spans = tried(Some(span(0, Some("POST provider-b"), true, 20, 30)));
        spans.push(span(0, Some("POST provider-b"), false, 31, 40));
        assert_eq!(ending(&spans), Ending::Retried { failed: 2 });
    }

    #[test]
    fn circles_and_parents_that_are_not_there_make_nothing_good() {
        assert_eq!(ending(&[span(1, None, true, 0, 1), span(0, None, true, 0, 1)]), Ending::Failed);
        assert_eq!(ending(&[span(7, Some("a"), true, 0, 1)]), Ending::Failed);
        assert_eq!(ending(&[span(0, Some("a"), true, 0, 1)]), Ending::Failed);
    }

    #[test]
    fn a_deep_trace_is_walked_once() {
        let deep: Vec<Attempt<&str>> = (0..50_000_usize).map(|n| Attempt { parent: n.checked_sub(1), calls: None, error: true, began: 0, ended: 1 }).collect();
        assert_eq!(ending(&deep), Ending::Failed);
        let mut made_good =
            vec![Attempt { parent: None, calls: None, error: false, began: 0, ended: 9 }, span(0, Some("a"), true, 0, 1), span(0, Some("a"), false, 2, 3)];
        made_good.extend((0..50_000).map(|n| span(if n == 0 { 1 } else { n + 2 }, None, true, 0, 1)));
        assert_eq!(ending(&made_good), Ending::Retried { failed: 1 });
    }
}
