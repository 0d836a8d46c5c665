//! Which span hangs under which, whatever was received: no parent that is not there, no circle, no
//! span twice. Everything runs in loops, because a trace may be as deep as its sender likes.

use super::span::{SpanKind, TraceSpan};

/// The spans of a trace as trees, by their places in the list that came.
pub(super) struct Links {
    pub(super) parent: Vec<Option<usize>>,
    /// In the order in which they began; those without a time last.
    pub(super) children: Vec<Vec<usize>>,
    /// Every span that is kept, each after its parent.
    pub(super) order: Vec<usize>,
    pub(super) roots: Vec<usize>,
    /// Those whose parent was named and did not come.
    pub(super) orphans: Vec<usize>,
    /// Those that were taken out of a circle: their parent lies beneath them.
    pub(super) cut: Vec<usize>,
    /// So many came again, word for word, and are left out.
    pub(super) repeats: usize,
    /// So many carry an id that another span carries too.
    pub(super) shared_ids: usize,
}

/// Who carries an id: the one that calls, and the one that is called, where both sides carry it.
struct Carriers<'a> {
    /// By id, each with the place of the span that children hang under.
    by_id: Vec<(&'a str, usize)>,
}

impl Carriers<'_> {
    fn find(&self, id: &str) -> Option<usize> {
        let at = self.by_id.binary_search_by(|(known, _)| (*known).cmp(id)).ok()?;
        self.by_id.get(at).map(|(_, span)| *span)
    }
}

const UNSEEN: u8 = 0;
const KEPT: u8 = 1;
const LEFT_OUT: u8 = 2;

impl Links {
    pub(super) fn new(spans: &[TraceSpan]) -> Self {
        let n = spans.len();
        let mut links = Links {
            parent: vec![None; n],
            children: vec![vec![]; n],
            order: Vec::with_capacity(n),
            roots: vec![],
            orphans: vec![],
            cut: vec![],
            repeats: 0,
            shared_ids: 0,
        };
        let mut state = vec![UNSEEN; n];
        let carriers = links.sides(spans, &mut state);
        let mut orphan = vec![false; n];
        for (at, span) in spans.iter().enumerate() {
            // The called side of a shared id hangs under the calling side already.
            if state[at] == LEFT_OUT || links.parent[at].is_some() {
                continue;
            }
            let Some(named) = span.parent.as_deref().filter(|parent| !parent.is_empty()) else { continue };
            links.parent[at] = carriers.find(named);
            orphan[at] = links.parent[at].is_none();
        }
        let mut by_start: Vec<usize> = (0..n).filter(|at| state[*at] != LEFT_OUT).collect();
        by_start.sort_by_key(|at| (spans[*at].start_ns.unwrap_or(i64::MAX), spans[*at].end_ns().unwrap_or(i64::MAX), *at));
        for at in &by_start {
            match links.parent[*at] {
                Some(parent) => links.children[parent].push(*at),
                None if orphan[*at] => links.orphans.push(*at),
                None => links.roots.push(*at),
            }
        }
        for first in links.roots.clone().into_iter().chain(links.orphans.clone()) {
            links.walk(first, &mut state);
        }
        links.cut_circles(&by_start, &mut state);
        links
    }

    /// Leaves out what came twice, and joins the two sides of a call that share one id.
    fn sides<'a>(&mut self, spans: &'a [TraceSpan], state: &mut [u8]) -> Carriers<'a> {
        let mut sorted: Vec<usize> = (0..spans.len()).collect();
        let order = |span: &TraceSpan| (span.kind, span.start_ns, span.duration_ns);
        sorted.sort_by(|a, b| spans[*a].id.cmp(&spans[*b].id).then_with(|| order(&spans[*a]).cmp(&order(&spans[*b]))).then(a.cmp(b)));
        let mut by_id: Vec<(&str, usize)> = vec![];
        let mut calling = None;
        let mut before: Option<usize> = None;
        for at in sorted {
            let span = &spans[at];
            let same = before.filter(|before| spans[*before].id == span.id);
            if same.is_some_and(|before| spans[before] == *span) {
                state[at] = LEFT_OUT;
                self.repeats += 1;
                continue;
            }
            before = Some(at);
            if same.is_none() {
                calling = span.kind.is_sending().then_some(at);
                by_id.push((&span.id, at));
                continue;
            }
            self.shared_ids += 1;
            if let Some(calling) = calling.filter(|_| span.kind.is_receiving()) {
                self.parent[at] = Some(calling);
                if let Some(last) = by_id.last_mut() {
                    last.1 = at;
                }
            }
        }
        Carriers { by_id }
    }

    /// Takes everything beneath `first` into the order.
    fn walk(&mut self, first: usize, state: &mut [u8]) {
        let mut waiting = vec![first];
        while let Some(at) = waiting.pop() {
            if state[at] != UNSEEN {
                continue;
            }
            state[at] = KEPT;
            self.order.push(at);
            waiting.extend(self.children[at].iter().rev());
        }
    }

    /// What no root leads to hangs under a circle: each is cut above the span that began first.
    fn cut_circles(&mut self, by_start: &[usize], state: &mut [u8]) {
        let mut rank = vec![0; state.len()];
        for (place, at) in by_start.iter().enumerate() {
            rank[*at] = place;
        }
        let mut seen_by = vec![usize::MAX; state.len()];
        for start in by_start {
            if state[*start] != UNSEEN {
                continue;
            }
            let mut at = *start;
            while seen_by[at] != *start {
                seen_by[at] = *start;
                let Some(parent) = self.parent[at] else { break };
                at = parent;
            }
            // `at` is on the circle now; once round it finds the first.
            let (mut first, mut next) = (at, self.parent[at]);
            while let Some(on) = next.filter(|on| *on != at) {
                if rank[on] < rank[first] {
                    first = on;
                }
                next = self.parent[on];
            }
            if let Some(parent) = self.parent[first].take() {
                self.children[parent].retain(|child| *child != first);
            }
            self.cut.push(first);
            self.walk(first, state);
        }
    }
}

/// How far the clock of the called side must be off, at least; `None` where both may be right.
pub(super) fn skew_ns(caller: &TraceSpan, called: &TraceSpan) -> Option<i64> {
    /// Nearer than that, clocks of two machines agree well.
    const AGREE_NS: i64 = 1_000_000;
    let elsewhere = (&caller.service, &caller.instance) != (&called.service, &called.instance);
    if !called.kind.is_receiving() || !elsewhere {
        return None;
    }
    let early = caller.start_ns?.saturating_sub(called.start_ns?);
    // Whoever waited for an answer cannot have had it before it was given, unless it gave up.
    let waited = called.kind == SpanKind::Server && caller.kind == SpanKind::Client && !caller.error && called.duration_ns <= caller.duration_ns;
    let late = caller.end_ns().zip(called.end_ns()).filter(|_| waited).map_or(0, |(caller, called)| called.saturating_sub(caller));
    Some(early.max(late)).filter(|off| *off >= AGREE_NS)
}
