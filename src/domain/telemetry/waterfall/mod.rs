//! The shape of one trace: a row for every span beneath its parent, what the end waited for, what
//! is folded, and the same in words.
//!
//! It never corrects what was received: orphans hang under a row that says so, a circle is cut and
//! named, a clock that is off is said and not moved, and a span without a time has no bar.

mod links;
mod path;
mod span;
mod walk;
mod words;

#[cfg(test)]
mod tests;

pub use span::{SpanKind, TraceSpan, WholeTrace};
pub use walk::Opened;
pub use words::{Fact, took, took_beside};

use super::retries::{self, Attempt, Ending};
use links::Links;
use std::collections::BTreeMap;

/// So many siblings of one service and one name become one row.
const FOLD_FROM: usize = 5;

/// What the end waited for shorter than this part of the whole is on nobody's way.
const WORTH_A_STOP: i64 = 100;

/// A trace as rows. Each row stands behind its parent and before its parent's next child, so that
/// all beneath a row are the rows up to its `end`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Waterfall {
    pub items: Vec<Item>,
    /// The earliest start and the latest end of any span.
    pub from_ns: i64,
    pub until_ns: i64,
    /// The row that the trace is about: the longest of its roots.
    pub main: Option<usize>,
    pub oddities: Oddities,
    pub ending: Ending,
    /// So many spans are in it.
    pub spans: usize,
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub what: What,
    pub parent: Option<usize>,
    /// 0 for a root.
    pub depth: usize,
    /// The place behind the last row beneath it.
    pub end: usize,
    /// Spans beneath it, and itself where it is one.
    pub spans: usize,
    /// Of these, how many failed.
    pub errors: usize,
    /// Of a group: from the first start to the last end.
    pub start_ns: Option<i64>,
    pub duration_ns: Option<i64>,
    /// What it did itself, without those beneath it; of a group, all of them together.
    pub self_ns: i64,
    /// From when until when the end of the trace waited for it.
    pub critical: Option<(i64, i64)>,
    /// How much of that was its own.
    pub critical_self_ns: i64,
    /// By how much its clock and its caller's differ at least.
    pub skew_ns: Option<i64>,
    /// Its parent lies beneath it: this is where a circle was cut.
    pub is_cut: bool,
}

/// What a row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The span of this number.
    Span(usize),
    /// The far end of a call, known from the words of the caller alone: the span of this number.
    Peer(usize),
    /// Siblings of one service and name, of which the longest is the span of this number.
    Group(usize),
    /// What stands where the parent of those beneath should be.
    Missing,
}

/// What is strange about a trace, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Oddities {
    pub roots: usize,
    pub orphans: usize,
    pub circles: usize,
    /// Came twice, word for word, and are shown once.
    pub repeats: usize,
    pub shared_ids: usize,
    /// Without a start or an end.
    pub untimed: usize,
    pub skewed: usize,
}

/// Rows that are still to be written down, the next one last.
enum Todo {
    Span { at: usize, depth: usize, parent: Option<usize> },
    Peer { of: usize, depth: usize, parent: Option<usize> },
    Group { members: Vec<usize>, depth: usize, parent: Option<usize> },
}

impl Item {
    fn new(what: What, depth: usize, parent: Option<usize>) -> Self {
        Self {
            what,
            parent,
            depth,
            end: 0,
            spans: 0,
            errors: 0,
            start_ns: None,
            duration_ns: None,
            self_ns: 0,
            critical: None,
            critical_self_ns: 0,
            skew_ns: None,
            is_cut: false,
        }
    }

    pub fn end_ns(&self) -> Option<i64> {
        Some(self.start_ns?.saturating_add(self.duration_ns?))
    }

    /// The span that it shows, or that it speaks for.
    pub fn span(&self) -> Option<usize> {
        match self.what {
            What::Span(at) | What::Peer(at) | What::Group(at) => Some(at),
            What::Missing => None,
        }
    }
}

impl Waterfall {
    pub fn new(spans: &[TraceSpan]) -> Self {
        let links = Links::new(spans);
        let main = main_root(spans, &links);
        let path = main.map_or_else(Vec::new, |root| path::critical(spans, &links, root));
        let own = path::self_times(spans, &links);
        let mut made = Waterfall { spans: links.order.len(), oddities: Oddities::of(spans, &links), ending: ending(spans, &links), ..Waterfall::default() };
        made.write(spans, &links);

        for item in &mut made.items {
            let Some(at) = item.span().filter(|_| !matches!(item.what, What::Group(_))) else { continue };
            let span = &spans[at];
            (item.start_ns, item.duration_ns) = (span.start_ns, span.duration_ns);
            let on_path = path.get(at).copied().unwrap_or_default();
            item.critical = on_path.visit;
            (item.self_ns, item.critical_self_ns) = (own[at], on_path.own_ns);
            if let What::Span(_) = item.what {
                item.spans = 1;
                item.errors = usize::from(span.error);
                item.is_cut = links.cut.contains(&at);
                item.skew_ns = links.parent[at].and_then(|caller| links::skew_ns(&spans[caller], span));
            }
        }
        made.sum_up();
        made.oddities.skewed = made.items.iter().filter(|item| item.skew_ns.is_some()).count();
        made.main = main.and_then(|root| made.items.iter().position(|item| item.what == What::Span(root)));
        let timed = |item: &&Item| item.start_ns.is_some();
        made.from_ns = made.items.iter().filter_map(|item| item.start_ns).min().unwrap_or(0);
        made.until_ns = made.items.iter().filter(timed).filter_map(|item| item.end_ns().or(item.start_ns)).max().unwrap_or(made.from_ns);
        made
    }

    /// Writes the rows down, each behind its parent.
    fn write(&mut self, spans: &[TraceSpan], links: &Links) {
        let loud = loud(spans, links);
        let mut waiting = vec![];
        let tops: Vec<usize> = links.roots.iter().chain(&links.cut).copied().collect();
        let mut tops = siblings(spans, &loud, &tops, 0, None);
        tops.reverse();
        waiting.append(&mut tops);
        self.write_down(&mut waiting, spans, links, &loud);
        if !links.orphans.is_empty() {
            let missing = self.items.len();
            self.items.push(Item::new(What::Missing, 0, None));
            let mut beneath = siblings(spans, &loud, &links.orphans, 1, Some(missing));
            beneath.reverse();
            self.write_down(&mut beneath, spans, links, &loud);
        }
    }

    fn write_down(&mut self, waiting: &mut Vec<Todo>, spans: &[TraceSpan], links: &Links, loud: &[bool]) {
        while let Some(todo) = waiting.pop() {
            let here = self.items.len();
            match todo {
                Todo::Span { at, depth, parent } => {
                    self.items.push(Item::new(What::Span(at), depth, parent));
                    waiting.extend(siblings(spans, loud, &links.children[at], depth + 1, Some(here)).into_iter().rev());
                    let is_answered = links.children[at].iter().any(|child| spans[*child].kind.is_receiving());
                    if !is_answered && spans[at].peer().is_some() {
                        waiting.push(Todo::Peer { of: at, depth: depth + 1, parent: Some(here) });
                    }
                }
                Todo::Peer { of, depth, parent } => self.items.push(Item::new(What::Peer(of), depth, parent)),
                Todo::Group { members, depth, parent } => {
                    let longest = members.iter().copied().max_by_key(|at| spans[*at].duration_ns).unwrap_or(0);
                    self.items.push(Item::new(What::Group(longest), depth, parent));
                    waiting.extend(members.into_iter().rev().map(|at| Todo::Span { at, depth: depth + 1, parent: Some(here) }));
                }
            }
        }
    }

    /// Adds up what lies beneath each row, from the last to the first.
    fn sum_up(&mut self) {
        for at in (0..self.items.len()).rev() {
            let item = &mut self.items[at];
            item.end = item.end.max(at + 1);
            let (end, n, errors, parent) = (item.end, item.spans, item.errors, item.parent);
            // The far end of a call did what its caller waited for.
            let (own, critical_own) = (item.self_ns, item.critical_self_ns);
            let (start, until, critical) = (item.start_ns, item.end_ns().or(item.start_ns), item.critical);
            let is_peer = matches!(item.what, What::Peer(_));
            let Some(above) = parent.and_then(|parent| self.items.get_mut(parent)) else { continue };
            above.end = above.end.max(end);
            above.spans += n;
            above.errors += errors;
            if is_peer {
                (above.self_ns, above.critical_self_ns) = (0, 0);
            }
            if !matches!(above.what, What::Group(_) | What::Missing) {
                continue;
            }
            if let (Some(start), Some(until)) = (start, until) {
                let from = above.start_ns.map_or(start, |from| from.min(start));
                let to = above.end_ns().map_or(until, |to| to.max(until));
                (above.start_ns, above.duration_ns) = (Some(from), Some(to - from));
            }
            if let What::Group(_) = above.what {
                above.self_ns = above.self_ns.saturating_add(own);
                above.critical_self_ns = above.critical_self_ns.saturating_add(critical_own);
                above.critical = match (above.critical, critical) {
                    (Some((a, b)), Some((from, to))) => Some((a.min(from), b.max(to))),
                    (known, other) => known.or(other),
                };
            }
        }
    }

    /// How long the trace took: its main row.
    pub fn duration_ns(&self) -> i64 {
        self.main.and_then(|main| self.items.get(main)?.duration_ns).unwrap_or(self.until_ns - self.from_ns)
    }

    /// Whether the end of the trace waited for this row long enough to say so.
    pub fn is_critical(&self, at: usize) -> bool {
        let visit = self.items.get(at).and_then(|item| item.critical);
        visit.is_some_and(|(from, to)| (to - from).saturating_mul(WORTH_A_STOP) >= self.duration_ns())
    }

    /// What a group holds: how many, all their times together, and the longest.
    pub fn group(&self, at: usize) -> (usize, i64, i64) {
        let Some(item) = self.items.get(at) else { return (0, 0, 0) };
        let (mut n, mut sum, mut most, mut next) = (0, 0_i64, 0, at + 1);
        while next < item.end {
            let member = &self.items[next];
            let took = member.duration_ns.unwrap_or(0);
            (n, sum, most) = (n + 1, took.saturating_add(sum), most.max(took));
            next = member.end;
        }
        (n, sum, most)
    }
}

impl Oddities {
    fn of(spans: &[TraceSpan], links: &Links) -> Self {
        let untimed = links.order.iter().filter(|at| spans[**at].end_ns().is_none()).count();
        Self {
            roots: links.roots.len(),
            orphans: links.orphans.len(),
            circles: links.cut.len(),
            repeats: links.repeats,
            shared_ids: links.shared_ids,
            untimed,
            skewed: 0,
        }
    }
}

/// What the trace is about: the longest root; where no root came, the longest of what else stands on top.
fn main_root(spans: &[TraceSpan], links: &Links) -> Option<usize> {
    let longest = |of: &[usize]| of.iter().copied().max_by_key(|at| (spans[*at].duration_ns, std::cmp::Reverse((spans[*at].start_ns, *at))));
    longest(&links.roots).or_else(|| longest(&links.orphans)).or_else(|| longest(&links.cut))
}

/// How the trace ended; what came twice is looked at once.
fn ending(spans: &[TraceSpan], links: &Links) -> Ending {
    let mut place = vec![None; spans.len()];
    links.order.iter().enumerate().for_each(|(new, at)| place[*at] = Some(new));
    let attempt = |at: &usize| {
        let span = &spans[*at];
        let (began, ended) = (span.start_ns.unwrap_or(0), span.end_ns().unwrap_or(i64::MAX));
        let calls = (span.kind == SpanKind::Client).then(|| (span.service.as_str(), span.operation.as_str(), span.addressee()));
        Attempt { parent: links.parent[*at].and_then(|parent| place[parent]), calls, error: span.error, began: began / 1_000, ended: ended / 1_000 }
    };
    retries::ending(&links.order.iter().map(attempt).collect::<Vec<_>>())
}

/// Which spans failed, or have one beneath them that did.
fn loud(spans: &[TraceSpan], links: &Links) -> Vec<bool> {
    let mut loud: Vec<bool> = spans.iter().map(|span| span.error).collect();
    for at in links.order.iter().rev() {
        if let Some(parent) = links.parent[*at].filter(|_| loud[*at]) {
            loud[parent] = true;
        }
    }
    loud
}

/// Rows for siblings: those that are quiet and alike become one, where the first of them stands.
fn siblings(spans: &[TraceSpan], loud: &[bool], of: &[usize], depth: usize, parent: Option<usize>) -> Vec<Todo> {
    let alone = |at: usize| Todo::Span { at, depth, parent };
    if of.len() < FOLD_FROM {
        return of.iter().map(|at| alone(*at)).collect();
    }
    let name = |at: usize| (spans[at].service.as_str(), spans[at].operation.as_str());
    let mut alike: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for at in of.iter().filter(|at| !loud[**at]) {
        alike.entry(name(*at)).or_default().push(*at);
    }
    alike.retain(|_, members| members.len() >= FOLD_FROM);
    let mut rows = vec![];
    for at in of {
        match alike.get_mut(&name(*at)).filter(|_| !loud[*at]) {
            None => rows.push(alone(*at)),
            Some(members) if members.first() == Some(at) => rows.push(Todo::Group { members: std::mem::take(members), depth, parent }),
            Some(_) => {}
        }
    }
    rows
}
