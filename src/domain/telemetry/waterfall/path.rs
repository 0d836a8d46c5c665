//! Where the time of a trace went: the critical path through its spans, and what each span did
//! itself, without those beneath it.

use super::{links::Links, span::TraceSpan};

/// What a span has to do with the critical path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct OnPath {
    /// From when until when the root's end waited for it.
    pub(super) visit: Option<(i64, i64)>,
    /// How much of that was its own, and none of its children's.
    pub(super) own_ns: i64,
}

/// From the end of `root` backwards: of the children that had ended by then, the one that ended
/// last is what was waited for. The own times add up to the root's duration.
pub(super) fn critical(spans: &[TraceSpan], links: &Links, root: usize) -> Vec<OnPath> {
    let mut path = vec![OnPath::default(); spans.len()];
    let (Some(start), Some(end)) = (spans[root].start_ns, spans[root].end_ns()) else { return path };
    let mut waiting = vec![(root, start, end)];
    while let Some((at, from, to)) = waiting.pop() {
        let mut cursor = to;
        let mut own = 0;
        let mut by_end: Vec<(i64, i64, usize)> = links.children[at].iter().filter_map(|child| within(spans, at, *child, from, to)).collect();
        by_end.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        for (child_from, child_to, child) in by_end {
            if child_to > cursor || child_from >= child_to {
                continue;
            }
            own += cursor - child_to;
            waiting.push((child, child_from, child_to));
            cursor = child_from;
        }
        path[at] = OnPath { visit: Some((from, to)), own_ns: own + (cursor - from) };
    }
    path
}

/// The part of a child that its parent may have waited for.
fn within(spans: &[TraceSpan], parent: usize, child: usize, from: i64, to: i64) -> Option<(i64, i64, usize)> {
    let (start, end) = (spans[child].start_ns?, spans[child].end_ns()?);
    let parent_end = spans[parent].end_ns()?;
    // What outlives its parent was not waited for, unless the parent gave up on it or clocks differ.
    let outlives = end > parent_end && !spans[child].kind.is_receiving();
    let (start, end) = (start.max(from), end.min(to));
    (!outlives && start < end).then_some((start, end, child))
}

/// What each span did while none of its children ran.
pub(super) fn self_times(spans: &[TraceSpan], links: &Links) -> Vec<i64> {
    let own = |(at, span): (usize, &TraceSpan)| {
        let (Some(start), Some(end)) = (span.start_ns, span.end_ns()) else { return 0 };
        let mut covered = 0;
        let mut until = start;
        // Children stand in the order in which they began.
        for child in &links.children[at] {
            let (Some(from), Some(to)) = (spans[*child].start_ns, spans[*child].end_ns()) else { continue };
            let (from, to) = (from.clamp(until, end), to.clamp(until, end));
            covered += to - from;
            until = until.max(to);
        }
        (end - start) - covered
    };
    spans.iter().enumerate().map(own).collect()
}
