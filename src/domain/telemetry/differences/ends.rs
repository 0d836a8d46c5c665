//! Edges between services, and which of its two ends an edge's trouble is put to.

use super::Pair;
use crate::domain::telemetry::{
    facts::{CallFacts, CallKey, Clustered, Facts, Name, Names, OperationKey},
    sketch::Sketch,
};
use std::collections::{BTreeMap, BTreeSet};

/// What went from one service to another in one range.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    /// Calls that reached the other side.
    pub calls: u64,
    /// Calls with no span on the other side, though such calls have one as a rule.
    pub unseen: u64,
    pub own_errors: Clustered,
    pub gap: Sketch,
    pub gap_ln: Clustered,
    /// Of calls without a span of the caller's: the free time on either side of the other's.
    pub around: Sketch,
    pub around_ln: Clustered,
    /// How long the caller waited in calls that the other side does not show, in microseconds, by the
    /// operation of its spans that waited.
    pub waited_micros: BTreeMap<Name, f64>,
}

/// What a caller's spans stand around.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    OneCall,
    /// Several calls, all of the same service.
    OneService,
    Services,
}

impl Calls {
    /// Of a span around several calls nothing is known of how long the one took; nor, if they are of
    /// several services, of whose call it is that failed: one that gives up after the first of them
    /// looks as if that had failed.
    fn add(&mut self, key: &CallKey, facts: &CallFacts, around: Around) {
        if key.callee.is_some() {
            self.calls += facts.calls;
        } else {
            self.unseen += facts.calls;
            let waited = facts.waited.mean_micros().unwrap_or_default() * facts.waited.n() as f64;
            *self.waited_micros.entry(key.operation).or_default() += waited;
        }
        if around != Around::Services {
            self.own_errors.merge(&facts.own_errors);
        }
        if around == Around::OneCall {
            self.gap.merge(&facts.gap);
            self.gap_ln.merge(&facts.gap_ln);
        }
        self.around.merge(&facts.around);
        self.around_ln.merge(&facts.around_ln);
    }
}

/// One edge in both ranges.
#[derive(Clone, Debug, Default)]
pub(super) struct Edge {
    pub now: Calls,
    pub before: Calls,
}

/// The edges by caller and callee. Calls without a span on the other side count to the edge that
/// calls of the same name take; those that never have one are not here.
pub(super) fn edges(pair: Pair<'_>) -> BTreeMap<(Name, Name), Edge> {
    let (known, around_several) = (Known::of(pair), around_several(pair));
    let mut edges = BTreeMap::<(Name, Name), Edge>::new();
    let mut add = |facts: &Facts, of: fn(&mut Edge) -> &mut Calls| {
        for (key, calls) in &facts.calls {
            let callee = key.callee.or_else(|| known.callee(pair, key.caller, key.operation, key.peer));
            if let Some(callee) = callee {
                let operation = OperationKey { service: key.caller, operation: key.operation };
                let around = around_several.get(&operation).copied().unwrap_or(Around::OneCall);
                of(edges.entry((key.caller, callee)).or_default()).add(key, calls, around);
            }
        }
    };
    add(pair.now, |edge| &mut edge.now);
    add(pair.before, |edge| &mut edge.before);
    for (key, callee) in calls_without_a_kind(pair) {
        let edge = edges.entry((key.service, callee)).or_default();
        edge.now.unseen += unseen(pair.now, key);
        edge.before.unseen += unseen(pair.before, key);
    }
    edges
}

/// Operations whose spans stand around several calls. The baseline says so where it tells enough: there
/// may be one call left now, and a call that is tried again is one still.
fn around_several(pair: Pair<'_>) -> BTreeMap<OperationKey, Around> {
    let is_known = |key: &OperationKey| pair.before.operations.get(key).is_some_and(|facts| facts.crossing >= FEWEST_WAITS);
    let mut several = several_in(pair.before);
    several.extend(several_in(pair.now).into_iter().filter(|(key, _)| !is_known(key)));
    several
}

fn several_in(facts: &Facts) -> BTreeMap<OperationKey, Around> {
    let mut calls = BTreeMap::<OperationKey, (u64, BTreeSet<Name>)>::new();
    for (key, call) in facts.calls.iter().filter(|(key, _)| key.peer.is_none()) {
        let Some(callee) = key.callee else { continue };
        let all = calls.entry(OperationKey { service: key.caller, operation: key.operation }).or_default();
        all.0 += call.calls;
        all.1.insert(callee);
    }
    let is_around = |key: &OperationKey, calls: u64| facts.operations.get(key).is_some_and(|facts| calls * 20 > facts.crossing * 21);
    let several = calls.into_iter().filter(|(key, (calls, _))| is_around(key, *calls));
    several.map(|(key, (_, callees))| (key, if callees.len() == 1 { Around::OneService } else { Around::Services })).collect()
}

/// Operations that are calls though their senders say no kinds: in one of the ranges nearly all of
/// their spans did nothing but wait for the same service.
fn calls_without_a_kind(pair: Pair<'_>) -> BTreeMap<OperationKey, Name> {
    let mut calls = BTreeMap::new();
    for facts in [pair.now, pair.before] {
        for (key, call) in facts.calls.iter().filter(|(key, _)| key.peer.is_none()) {
            let (operation, Some(callee)) = (OperationKey { service: key.caller, operation: key.operation }, key.callee) else { continue };
            let spans = facts.operations.get(&operation).map_or(0, |facts| facts.spans);
            if call.gap.n() >= FEWEST_WAITS && call.gap.n() * 10 >= spans * 9 {
                calls.insert(operation, callee);
            }
        }
    }
    calls
}

/// Under so many that only wait it is not known that an operation is a call, nor under so many that
/// call what its spans stand around.
const FEWEST_WAITS: u64 = 5;

/// Spans of such an operation that reached nobody, those aside that are counted already because
/// they do say that they call.
fn unseen(facts: &Facts, key: OperationKey) -> u64 {
    let Some(operation) = facts.operations.get(&key) else { return 0 };
    let said = facts.calls.iter().filter(|(call, _)| call.caller == key.service && call.operation == key.operation && call.callee.is_none());
    operation.spans.saturating_sub(operation.crossing).saturating_sub(said.map(|(_, call)| call.calls).sum())
}

/// Whom a caller's span reaches when it reaches anybody.
pub(super) struct Known {
    callees: BTreeMap<(Name, Name, Option<Name>), BTreeMap<Name, u64>>,
    services: BTreeSet<Name>,
}

impl Known {
    pub fn of(pair: Pair<'_>) -> Self {
        let mut callees = BTreeMap::<_, BTreeMap<Name, u64>>::new();
        let mut services = BTreeSet::new();
        for facts in [pair.now, pair.before] {
            services.extend(facts.operations.keys().map(|key| key.service));
            for (key, calls) in &facts.calls {
                if let Some(callee) = key.callee {
                    *callees.entry((key.caller, key.operation, key.peer)).or_default().entry(callee).or_default() += calls.calls;
                }
            }
        }
        Self { callees, services }
    }

    pub fn callee(&self, pair: Pair<'_>, caller: Name, operation: Name, peer: Option<Name>) -> Option<Name> {
        if let Some(callees) = self.callees.get(&(caller, operation, peer)) {
            let all: u64 = callees.values().sum();
            return callees.iter().find(|(_, calls)| **calls * 5 >= all * 4).map(|(callee, _)| *callee);
        }
        // `cart:7070`, `cart.shop.svc.cluster.local`
        let host = pair.text(peer?).split([':', '.', '/']).next()?;
        pair.names.known(host).filter(|service| self.services.contains(service) && *service != caller)
    }
}

/// How sure it is that an edge is troubled, or that it is not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Verdict {
    Troubled,
    /// With so many readings.
    Fine(u64),
}

impl Verdict {
    pub fn of(troubled: bool, readings: u64) -> Self {
        if troubled { Self::Troubled } else { Self::Fine(readings) }
    }

    /// What the edge says for an end being the one. One that is fine speaks against it, but less:
    /// a trouble may not show on every edge, least of all on one seldom taken.
    fn weight(self) -> f64 {
        match self {
            Self::Troubled => 1.0,
            Self::Fine(readings) => -0.5 * (readings as f64 / 30.0).min(1.0),
        }
    }
}

/// To which end each troubled edge is put, and of how many edges of that end how many are troubled.
/// The end whose edges are troubled most, all of them considered, goes first and takes its edges
/// with it: a slow service among quick ones is found from either side, and a leaf with one edge is
/// not preferred to the hub all of whose edges are slow. A plain share would do as well where all
/// of an end's trouble is seen; of a trouble seen on seven edges in ten, with one in twenty troubled
/// by chance, this rule put 96 % (a shop) and 91 % (a ticket office) to the right end, a share 92 % and 87 %.
pub(super) fn blamed(names: &Names, edges: &[(Name, Name, Verdict)]) -> BTreeMap<(Name, Name), Blame> {
    let mut of = BTreeMap::<Name, u32>::new();
    let mut blamed = BTreeMap::new();
    let mut left: Vec<&(Name, Name, Verdict)> = edges.iter().collect();
    for (caller, callee, _) in edges {
        *of.entry(*caller).or_default() += 1;
        *of.entry(*callee).or_default() += 1;
    }
    while left.iter().any(|edge| edge.2 == Verdict::Troubled) {
        // The weight, how many are troubled, and in how many of those it is the one that is called.
        let mut ends = BTreeMap::<Name, (f64, u32, u32)>::new();
        for (caller, callee, verdict) in &left {
            let troubled = u32::from(*verdict == Verdict::Troubled);
            for (end, called) in [(caller, 0), (callee, troubled)] {
                let sums = ends.entry(*end).or_default();
                *sums = (sums.0 + verdict.weight(), sums.1 + troubled, sums.2 + called);
            }
        }
        // Numbers of names are as it happened: only texts are the same everywhere.
        let Some((service, (_, troubled, _))) = ends
            .into_iter()
            .filter(|(_, sums)| sums.1 > 0)
            .max_by(|(one, a), (other, b)| a.0.total_cmp(&b.0).then(a.2.cmp(&b.2)).then_with(|| names.text(*other).cmp(names.text(*one))))
        else {
            break;
        };
        left.retain(|edge| {
            let taken = edge.2 == Verdict::Troubled && (edge.0 == service || edge.1 == service);
            if taken {
                blamed.insert((edge.0, edge.1), Blame { service, troubled, of: of.get(&service).copied().unwrap_or(troubled) });
            }
            !taken
        });
    }
    blamed
}

/// The end that an edge's trouble is put to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Blame {
    pub service: Name,
    pub troubled: u32,
    /// Of so many edges of that service.
    pub of: u32,
}

impl Blame {
    /// `2 of its 7 edges`.
    pub fn words(&self) -> String {
        if self.of == 1 { "its only edge".to_owned() } else { format!("{} of its {} edges", self.troubled, self.of) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::telemetry::{
        differences::tests::span,
        gather::{Gathering, SpanKind, SpanView},
    };

    const SHOP: [(u32, u32); 8] = [(0, 1), (0, 2), (0, 3), (0, 4), (4, 1), (4, 5), (4, 6), (2, 3)];

    fn blame(troubled: &[(u32, u32)]) -> BTreeSet<u32> {
        let edges: Vec<_> = SHOP.iter().map(|edge| (Name(edge.0), Name(edge.1), Verdict::of(troubled.contains(edge), 100))).collect();
        blamed(&Names::default(), &edges).values().map(|blame| blame.service.0).collect()
    }

    #[test]
    fn an_edge_is_put_to_the_end_whose_edges_are_troubled() {
        assert_eq!(blame(&[(0, 1), (4, 1)]), BTreeSet::from([1]));
        assert_eq!(blame(&[(0, 1), (0, 2), (0, 3), (0, 4)]), BTreeSet::from([0]));
        assert_eq!(blame(&[(4, 5)]), BTreeSet::from([5]));
        assert_eq!(blame(&[(0, 4), (4, 1), (4, 5), (4, 6)]), BTreeSet::from([4]));
        // Two at once.
        assert_eq!(blame(&[(4, 6), (0, 3), (2, 3)]), BTreeSet::from([3, 6]));
        assert_eq!(blame(&[]), BTreeSet::new());
    }

    /// Sixty entries of web that lead to spans of this kind around calls of these services; every tenth
    /// of those spans fails.
    fn around(names: &mut Names, kind: SpanKind, callees: impl Fn(usize) -> Vec<&'static str>) -> Facts {
        let [web, order, inner, answer] = ["web", "/order", "inner", "answer"].map(|text| names.of(text));
        let of = |id: u64, service, operation, kind, micros| SpanView { kind, ..span(id, (id > 1).then(|| id.min(3) - 1), service, operation, 0, micros) };
        let mut gathering = Gathering::default();
        for nth in 0..60 {
            let mut spans = vec![of(1, web, order, SpanKind::Server, 20_000), of(2, web, inner, kind, 18_000)];
            spans[1].error = nth % 10 == 9;
            for callee in callees(nth) {
                spans.push(of(spans.len() as u64 + 1, names.of(callee), answer, SpanKind::Server, 2_000));
            }
            gathering.trace(&spans, &[]);
        }
        gathering.finish(60.0)
    }

    #[test]
    fn a_call_that_is_tried_again_is_one_still() {
        let mut names = Names::default();
        let before = around(&mut names, SpanKind::Client, |_| vec!["pay"]);
        let now = around(&mut names, SpanKind::Client, |nth| if nth < 10 { vec!["pay", "pay"] } else { vec!["pay"] });
        let (web, pay) = (names.of("web"), names.of("pay"));
        let edges = edges(Pair { now: &now, before: &before, names: &names });
        let edge = edges.get(&(web, pay)).expect("web calls pay");
        assert_eq!((edge.now.gap.n(), edge.before.gap.n()), (50, 60));
        assert_eq!((edge.now.own_errors.n, edge.now.own_errors.sum, edge.before.own_errors.sum), (70.0, 7.0, 6.0));
    }

    #[test]
    fn a_span_around_calls_of_several_says_nothing_of_the_one_that_is_left() {
        let mut names = Names::default();
        let before = around(&mut names, SpanKind::Internal, |_| vec!["pay", "mail"]);
        let now = around(&mut names, SpanKind::Internal, |_| vec!["pay"]);
        let (web, pay) = (names.of("web"), names.of("pay"));
        let edges = edges(Pair { now: &now, before: &before, names: &names });
        let edge = edges.get(&(web, pay)).expect("web calls pay");
        assert_eq!((edge.now.calls, edge.now.gap.n(), edge.now.own_errors.n), (60, 0, 0.0));
    }
}
