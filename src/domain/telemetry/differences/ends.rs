//! Edges between services, and which of its two ends an edge's trouble is put to.

use super::Pair;
use crate::domain::telemetry::{
    facts::{CallFacts, Clustered, Facts, Name},
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
}

impl Calls {
    fn add(&mut self, facts: &CallFacts, reached: bool) {
        if reached {
            self.calls += facts.calls;
        } else {
            self.unseen += facts.calls;
        }
        self.own_errors.merge(&facts.own_errors);
        self.gap.merge(&facts.gap);
        self.gap_ln.merge(&facts.gap_ln);
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
    let known = Known::of(pair);
    let mut edges = BTreeMap::<(Name, Name), Edge>::new();
    let mut add = |facts: &Facts, of: fn(&mut Edge) -> &mut Calls| {
        for (key, calls) in &facts.calls {
            let callee = key.callee.or_else(|| known.callee(pair, key.caller, key.operation, key.peer));
            if let Some(callee) = callee {
                of(edges.entry((key.caller, callee)).or_default()).add(calls, key.callee.is_some());
            }
        }
    };
    add(pair.now, |edge| &mut edge.now);
    add(pair.before, |edge| &mut edge.before);
    edges
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

/// To which end each troubled edge is put, and of how many edges of that end how many are troubled:
/// the end of which the larger share is. The end that accounts for most goes first and takes its
/// edges with it, so that one slow service among many quick ones is found from either side.
pub(super) fn blamed(edges: &[(Name, Name, bool)]) -> BTreeMap<(Name, Name), Blame> {
    let mut all = BTreeMap::<Name, u32>::new();
    for (caller, callee, _) in edges {
        *all.entry(*caller).or_default() += 1;
        *all.entry(*callee).or_default() += 1;
    }
    let mut left: Vec<(Name, Name)> = edges.iter().filter(|edge| edge.2).map(|edge| (edge.0, edge.1)).collect();
    let mut blamed = BTreeMap::new();
    while !left.is_empty() {
        let mut troubled = BTreeMap::<Name, (u32, u32)>::new();
        for (caller, callee) in &left {
            troubled.entry(*caller).or_default().0 += 1;
            let callee = troubled.entry(*callee).or_default();
            (callee.0, callee.1) = (callee.0 + 1, callee.1 + 1);
        }
        // One of one says less than seven of seven. Of equals it is the one that is called.
        let weight = |(service, (edges, called)): &(Name, (u32, u32))| {
            let of = all.get(service).copied().unwrap_or(1).max(*edges);
            ((f64::from(*edges) + 0.5) / (f64::from(of) + 1.0), f64::from(*called) / f64::from(*edges))
        };
        let Some((service, (count, _))) = troubled.into_iter().max_by(|a, b| weight(a).partial_cmp(&weight(b)).unwrap_or(std::cmp::Ordering::Equal)) else {
            break;
        };
        let of = all.get(&service).copied().unwrap_or(count);
        left.retain(|edge| {
            let mine = edge.0 == service || edge.1 == service;
            if mine {
                blamed.insert(*edge, Blame { service, troubled: count, of });
            }
            !mine
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

    const SHOP: [(u32, u32); 8] = [(0, 1), (0, 2), (0, 3), (0, 4), (4, 1), (4, 5), (4, 6), (2, 3)];

    fn blame(troubled: &[(u32, u32)]) -> BTreeSet<u32> {
        let edges: Vec<(Name, Name, bool)> = SHOP.iter().map(|edge| (Name(edge.0), Name(edge.1), troubled.contains(edge))).collect();
        blamed(&edges).values().map(|blame| blame.service.0).collect()
    }

    #[test]
    fn an_edge_is_put_to_the_end_with_the_larger_share() {
        assert_eq!(blame(&[(0, 1), (4, 1)]), BTreeSet::from([1]));
        assert_eq!(blame(&[(0, 1), (0, 2), (0, 3), (0, 4)]), BTreeSet::from([0]));
        assert_eq!(blame(&[(4, 5)]), BTreeSet::from([5]));
        assert_eq!(blame(&[(0, 4), (4, 1), (4, 5), (4, 6)]), BTreeSet::from([4]));
        // Two at once.
        assert_eq!(blame(&[(4, 6), (0, 3), (2, 3)]), BTreeSet::from([3, 6]));
        assert_eq!(blame(&[]), BTreeSet::new());
    }
}
