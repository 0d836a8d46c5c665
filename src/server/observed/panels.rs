//! Panels that are made from figures: services, operations, callers, latency, errors, the graph.

use super::{
    figures::{Calls, MinuteFigures},
    snapshot::Snapshot,
    words::Words,
};
use crate::domain::{
    telemetry::{
        facts::{CallerKey, Name},
        panels::{Edge, ErrorCell, ErrorMap, ErrorRow, Figures, Graph, Latency, LatencyBefore, LatencyColumn, Node, Question, Range, Traffic},
        sketch,
    },
    time::Timestamp,
};
use std::collections::{BTreeMap, BTreeSet};

/// Most columns of a picture over time.
pub const MOST_COLUMNS: i64 = 240;
/// The latency picture's rows where nothing is outside: 10 ms to 10 s.
const DECADES: (i32, i32) = (-2, 1);
/// Where pieces of a range may be as long as they come.
const ANY_LENGTH: i64 = 86_400;
/// How wide columns can be, in seconds.
const STEPS: [i64; 12] = [60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400];

/// One list of figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Service,
    Operation,
    Caller,
}

/// What rows are told apart by.
type RowKey = (Name, Option<Name>, Option<Name>);

impl Snapshot {
    /// Services, operations or callers; those with the most calls first.
    pub fn traffic(&self, question: &Question, before: Option<&Snapshot>, by: By) -> Vec<Traffic> {
        let wanted = Wanted::of(&self.words(), question);
        let now = self.rows(question.range, &wanted, by);
        let earlier = question.baseline.map(|baseline| before.unwrap_or(self).rows(baseline, &wanted, by));
        let words = self.words();
        let text = |name: Name| words.text(name).to_owned();
        let keys: BTreeSet<RowKey> = now.keys().chain(earlier.iter().flat_map(BTreeMap::keys)).copied().collect();
        let mut rows: Vec<Traffic> = keys
            .into_iter()
            .map(|key| {
                let calls = now.get(&key);
                Traffic {
                    service: text(key.0),
                    operation: key.1.map(text),
                    caller: key.2.map(text),
                    now: calls.map(Calls::shown).unwrap_or_default(),
                    last_seen: calls.and_then(Calls::last_seen),
                    before: earlier.as_ref().map(|earlier| earlier.get(&key).map(Calls::shown).unwrap_or_default()),
                }
            })
            .collect();
        rows.sort_by(|a, b| {
            b.now.requests.cmp(&a.now.requests).then_with(|| (&a.service, &a.operation, &a.caller).cmp(&(&b.service, &b.operation, &b.caller)))
        });
        rows
    }

    /// The services that sent anything in a range, by name.
    pub fn services(&self, range: Range) -> Vec<String> {
        let mut names = BTreeSet::new();
        for (_, figures) in self.pieces(range, ANY_LENGTH) {
            names.extend(figures.spans.keys().map(|(service, _)| *service));
        }
        let words = self.words();
        let mut names: Vec<String> = names.into_iter().map(|name| words.text(name).to_owned()).collect();
        names.sort_unstable();
        names
    }

    fn rows(&self, range: Range, wanted: &Wanted, by: By) -> BTreeMap<RowKey, Calls> {
        let mut rows = BTreeMap::<RowKey, Calls>::new();
        for (_, figures) in self.pieces(range, ANY_LENGTH) {
            let mut add = |key: RowKey, calls: &Calls| rows.entry(key).or_default().merge(calls);
            match by {
                By::Service => {
                    figures.entries.iter().filter(|(key, _)| wanted.entry(key)).for_each(|(key, calls)| add((key.service, None, None), calls));
                    // One that nobody was seen to call is there all the same.
                    figures.spans.iter().filter(|(key, _)| wanted.span(key)).for_each(|(key, calls)| {
                        add((key.0, None, None), &Calls { last_ns: calls.last_ns, ..Calls::default() });
                    });
                }
                By::Operation => figures.spans.iter().filter(|(key, _)| wanted.span(key)).for_each(|(key, calls)| add((key.0, Some(key.1), None), calls)),
                By::Caller => figures.entries.iter().filter(|(key, _)| wanted.entry(key)).for_each(|(key, calls)| {
                    let operation = wanted.operation.flatten();
                    add((key.service, operation, key.caller), calls);
                }),
            }
        }
        rows
    }

    /// How long calls took.
    pub fn latency(&self, question: &Question, before: Option<&Snapshot>) -> Latency {
        let wanted = Wanted::of(&self.words(), question);
        let columns = Columns::of(question);
        let mut cells: Vec<Calls> = vec![Calls::default(); columns.starts.len()];
        for (at, figures) in self.pieces(question.range, columns.step_s) {
            let Some(cell) = columns.place(at).and_then(|place| cells.get_mut(place)) else { continue };
            wanted.calls(&figures).for_each(|calls| cell.merge(calls));
        }
        let mut all = Calls::default();
        cells.iter().for_each(|cell| all.merge(cell));
        let earlier = question.baseline.map(|baseline| {
            let snapshot = before.unwrap_or(self);
            let mut calls = Calls::default();
            for (_, figures) in snapshot.pieces(baseline, ANY_LENGTH) {
                wanted.calls(&figures).for_each(|more| calls.merge(more));
            }
            calls
        });
        let bounds = bounds(&all);
        let counts = |calls: &Calls| calls.duration.between(&bounds);
        let column = |(at, calls): (&Timestamp, &Calls)| {
            let Figures { requests, errors, p50_s, p95_s, p99_s, .. } = calls.shown();
            LatencyColumn { at: *at, counts: counts(calls), requests, errors, p50_s, p95_s, p99_s }
        };
        Latency {
            columns: columns.starts.iter().zip(&cells).map(column).collect(),
            step_s: u32::try_from(columns.step_s).unwrap_or(u32::MAX),
            counts: counts(&all),
            now: all.shown(),
            before: earlier.map(|calls| LatencyBefore { counts: counts(&calls), figures: calls.shown() }),
            bounds_s: bounds.iter().map(|micros| micros / 1e6).collect(),
        }
    }

    /// Errors over time.
    pub fn errors(&self, question: &Question) -> ErrorMap {
        let wanted = Wanted::of(&self.words(), question);
        let columns = Columns::of(question);
        let by_operation = question.service.is_some();
        let mut rows = BTreeMap::<(Name, Option<Name>), (Vec<ErrorCell>, u64)>::new();
        for (at, figures) in self.pieces(question.range, columns.step_s) {
            let Some(place) = columns.place(at) else { continue };
            for (key, calls) in figures.entries.iter().filter(|(key, _)| wanted.entry(key)) {
                let key = (key.service, by_operation.then_some(key.operation));
                let (cells, last) = rows.entry(key).or_insert_with(|| (vec![ErrorCell::default(); columns.starts.len()], 0));
                *last = (*last).max(calls.last_ns);
                if let Some(cell) = cells.get_mut(place) {
                    cell.requests += calls.requests;
                    cell.errors += calls.errors;
                }
            }
        }
        let words = self.words();
        let mut rows: Vec<ErrorRow> = rows
            .into_iter()
            .map(|((service, operation), (cells, last))| ErrorRow {
                service: words.text(service).to_owned(),
                operation: operation.map(|name| words.text(name).to_owned()),
                requests: cells.iter().map(|cell| cell.requests).sum(),
                errors: cells.iter().map(|cell| cell.errors).sum(),
                cells,
                last_seen: Some(super::snapshot::instant(last)),
            })
            .collect();
        rows.sort_by(|a, b| (b.errors, b.requests).cmp(&(a.errors, a.requests)).then_with(|| (&a.service, &a.operation).cmp(&(&b.service, &b.operation))));
        ErrorMap { step_s: u32::try_from(columns.step_s).unwrap_or(u32::MAX), columns: columns.starts, rows }
    }

    /// Who calls whom. With a service: it, whom it calls and who calls it.
    pub fn graph(&self, question: &Question, before: Option<&Snapshot>) -> Graph {
        let (nodes, edges) = self.graph_of(question.range);
        let earlier = question.baseline.map(|baseline| before.unwrap_or(self).graph_of(baseline).1);
        let words = self.words();
        let only = question.service.as_deref().map(|service| words.known(service));
        let touches = |edge: &(Name, Name)| only.is_none_or(|only| only == Some(edge.0) || only == Some(edge.1));
        let mut graph = Graph::default();
        let mut shown = BTreeSet::new();
        for (key, calls) in edges.iter().filter(|(key, _)| touches(key)) {
            shown.extend([key.0, key.1]);
            graph.edges.push(Edge {
                from: words.text(key.0).to_owned(),
                to: words.text(key.1).to_owned(),
                now: calls.shown(),
                seen: true,
                declared: false,
                before: earlier.as_ref().map(|earlier| earlier.get(key).map(Calls::shown).unwrap_or_default()),
            });
        }
        shown.extend(nodes.keys().filter(|name| only.is_none_or(|only| only == Some(**name))));
        for name in shown {
            let calls = nodes.get(&name);
            graph.nodes.push(Node {
                service: words.text(name).to_owned(),
                now: calls.map(Calls::shown).unwrap_or_default(),
                seen: calls.is_some(),
                declared: false,
                last_seen: calls.and_then(Calls::last_seen),
            });
        }
        graph.nodes.sort_by(|a, b| a.service.cmp(&b.service));
        graph.edges.sort_by(|a, b| (&a.from, &a.to).cmp(&(&b.from, &b.to)));
        graph
    }

    fn graph_of(&self, range: Range) -> (BTreeMap<Name, Calls>, BTreeMap<(Name, Name), Calls>) {
        let (mut nodes, mut edges) = (BTreeMap::<Name, Calls>::new(), BTreeMap::<(Name, Name), Calls>::new());
        let (mut unseen, mut answered) = (BTreeMap::<(Name, Name), Calls>::new(), BTreeSet::new());
        for (_, figures) in self.pieces(range, ANY_LENGTH) {
            for (key, calls) in &figures.entries {
                nodes.entry(key.service).or_default().merge(calls);
                if let Some(caller) = key.caller.filter(|caller| *caller != key.service) {
                    edges.entry((caller, key.service)).or_default().merge(calls);
                }
            }
            for (service, _) in figures.spans.keys() {
                nodes.entry(*service).or_default();
            }
            for (key, calls) in &figures.unseen {
                unseen.entry(*key).or_default().merge(calls);
            }
            answered.extend(figures.answered.iter().copied());
        }
        // Whoever sends spans is known by them, and not by what its callers call it.
        for (key, calls) in unseen {
            if key.0 != key.1 && !nodes.contains_key(&key.1) && !answered.contains(&key) {
                edges.entry(key).or_default().merge(&calls);
            }
        }
        (nodes, edges)
    }
}

/// Which calls are asked for; a name that is unknown fits none.
struct Wanted {
    service: Option<Option<Name>>,
    operation: Option<Option<Name>>,
}

impl Wanted {
    fn of(words: &Words, question: &Question) -> Self {
        let known = |text: &Option<String>| text.as_deref().map(|text| words.known(text));
        Self { service: known(&question.service), operation: known(&question.operation) }
    }

    fn entry(&self, key: &CallerKey) -> bool {
        self.span(&(key.service, key.operation))
    }

    fn span(&self, key: &(Name, Name)) -> bool {
        self.service.is_none_or(|wanted| wanted == Some(key.0)) && self.operation.is_none_or(|wanted| wanted == Some(key.1))
    }

    /// The calls that a picture of latency is made of: entries, and with an operation all of its
    /// spans, because it may be one that nobody enters by.
    fn calls<'a>(&'a self, figures: &'a MinuteFigures) -> Box<dyn Iterator<Item = &'a Calls> + 'a> {
        if self.operation.is_some() {
            Box::new(figures.spans.iter().filter(|(key, _)| self.span(key)).map(|(_, calls)| calls))
        } else {
            Box::new(figures.entries.iter().filter(|(key, _)| self.entry(key)).map(|(_, calls)| calls))
        }
    }
}

/// Columns of equal width, the first of which may begin before the range.
pub(super) struct Columns {
    pub step_s: i64,
    first_s: i64,
    pub starts: Vec<Timestamp>,
}

impl Columns {
    pub fn of(question: &Question) -> Self {
        let (from_s, to_s) = (question.range.from.epoch_secs(), question.range.to.epoch_secs().max(question.range.from.epoch_secs() + 1));
        let fits = |step: i64| (to_s - from_s) / step < MOST_COLUMNS;
        let asked = question.step_s.map(|step| i64::from(step.clamp(60, 86_400).next_multiple_of(60))).filter(|step| fits(*step));
        // However long the range: whole days, and never more columns than a picture has.
        let in_days = || ((to_s - from_s) / (MOST_COLUMNS * 86_400) + 1) * 86_400;
        let step_s = asked.unwrap_or_else(|| STEPS.into_iter().find(|step| fits(*step)).unwrap_or_else(in_days));
        let first_s = from_s.div_euclid(step_s) * step_s;
        let starts = (0..).map(|n| first_s + n * step_s).take_while(|at| *at < to_s).map(|at| Timestamp::from_micros(at * 1_000_000)).collect();
        Self { step_s, first_s, starts }
    }

    pub fn place(&self, minute: i64) -> Option<usize> {
        usize::try_from((minute * 60 - self.first_s).div_euclid(self.step_s)).ok()
    }
}

/// Bounds between which nearly all of these fit: 10 ms to 10 s, extended by whole decades while
/// less than 99 % lie within.
fn bounds(calls: &Calls) -> Vec<f64> {
    let (mut from, mut to) = DECADES;
    let total = calls.duration.n() as f64;
    let micros = |decade: i32| 10_f64.powi(decade + 6);
    let above = |decade: i32| calls.duration.above(micros(decade));
    while to < 4 && above(to) > 0.005 * total {
        to += 1;
    }
    while from > -6 && total - above(from) > 0.005 * total {
        from -= 1;
    }
    sketch::rows(from + 6, to + 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_range_has_more_columns_than_a_picture() {
        let noon = Timestamp::from_micros(1_786_449_600_000_000);
        for (from, to, step_s) in [
            (noon, noon.plus_secs(1), None),
            (noon, noon.plus_secs(14_400), None),
            (noon, noon.plus_secs(14_401), Some(1)),
            (noon, noon.plus_secs(400 * 86_400), Some(60)),
            (Timestamp::MIN, Timestamp::MAX, None),
            (Timestamp::MIN, Timestamp::MAX, Some(60)),
        ] {
            let columns = Columns::of(&Question { range: Range { from, to }, baseline: None, service: None, operation: None, step_s, source: None });
            assert!((1..=MOST_COLUMNS as usize + 1).contains(&columns.starts.len()), "{from} {to}: {}", columns.starts.len());
        }
    }
}
