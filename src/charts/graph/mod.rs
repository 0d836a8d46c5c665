//! Who calls whom, in layers from the entry to what is called last. A refresh may add a service and
//! never moves one: whoever draws keeps what [`Frozen`] says and hands it in again.
//!
//! At most a dozen services are drawn, what fails and what stands around it first; the rest is
//! counted. The table says all of them.

mod layers;
mod picture;

#[cfg(test)]
mod tests;

pub use picture::{Box, Curve, Drawing, EdgeLook, Line, NodeLook, fits};

use super::table::Table;
use crate::domain::{sorting, wording};
use std::collections::{BTreeMap, BTreeSet};

/// Services that are drawn at most.
pub const MOST_NODES: usize = 12;
/// So many edges of the service that is looked at are drawn before what fails elsewhere.
const AROUND_FOCUS: usize = 6;

/// From this share of failing calls on an edge fails, if there were enough calls to say so.
const FAILING_RATIO: f64 = 0.05;
const ENOUGH_CALLS: u64 = 20;
/// So many edges are named where calls and declarations disagree; the table says all.
const NAMED_EDGES: usize = 4;

/// What is known of the calls between services in a range.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
}

/// A service, or something outside that is only called.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    pub name: String,
    /// Why nothing is known of it, with since when: `no data since 01:38`.
    pub silent: Option<String>,
}

/// Calls of one service to another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Edge {
    pub from: String,
    pub to: String,
    pub requests: u64,
    pub errors: u64,
    /// Requests per second over the range.
    pub rate: f64,
    pub p95_s: Option<f64>,
    /// Whether calls were seen at all.
    pub seen: bool,
    /// Whether somebody wrote down that it is there.
    pub declared: bool,
    /// How they fail, in a word: `fail`, `time out`.
    pub fails: String,
}

impl Edge {
    pub fn is_failing(&self) -> bool {
        self.requests >= ENOUGH_CALLS && self.ratio() >= FAILING_RATIO
    }

    #[allow(clippy::cast_precision_loss)] // counts of calls
    pub fn ratio(&self) -> f64 {
        if self.requests == 0 { 0.0 } else { self.errors as f64 / self.requests as f64 }
    }

    /// `38 % time out`, of those that fail.
    pub fn said(&self) -> String {
        let how = if self.fails.is_empty() { "fail" } else { &self.fails };
        format!("{} {how}", percent(self.ratio()))
    }
}

/// Where services stand, so that they stay there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frozen {
    /// Layer and the middle's height in pixels.
    places: BTreeMap<String, (usize, f64)>,
    layers: usize,
}

impl Frozen {
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }
}

/// `38 %`, `0.4 %`, `under 0.1 %`.
pub fn percent(ratio: f64) -> String {
    match ratio * 100.0 {
        share if share <= 0.0 => "0 %".to_owned(),
        share if share < 0.1 => "under 0.1 %".to_owned(),
        share if share < 9.95 => format!("{share:.1} %"),
        share => format!("{share:.0} %"),
    }
}

/// `14/s`, `0.4/s`, `3/min`, `2/h`.
pub fn rate(per_second: f64) -> String {
    match per_second {
        rate if rate <= 0.0 => "none".to_owned(),
        rate if rate >= 9.95 => format!("{rate:.0}/s"),
        rate if rate >= 0.1 => format!("{rate:.1}/s"),
        rate if rate * 60.0 >= 0.95 => format!("{:.0}/min", rate * 60.0),
        rate => format!("{:.0}/h", (rate * 3600.0).max(1.0)),
    }
}

impl Graph {
    /// Whether calls show an edge that nobody declared, of a service that somebody did declare
    /// something of: elsewhere it says nothing.
    fn is_undeclared(&self, edge: &Edge) -> bool {
        edge.seen && !edge.declared && self.edges.iter().any(|other| other.from == edge.from && other.declared)
    }

    /// Where calls and what was declared disagree, in sentences; `None` where they do not.
    pub fn disagreements(&self) -> Option<String> {
        let list = |words: &str, wanted: &dyn Fn(&Edge) -> bool| {
            let edges: Vec<String> = self.drawn_edges().filter(|edge| wanted(edge)).map(|edge| format!("{} to {}", edge.from, edge.to)).collect();
            let more = edges.len().saturating_sub(NAMED_EDGES);
            let named = edges.iter().take(NAMED_EDGES).cloned().collect::<Vec<_>>().join(", ");
            (!edges.is_empty()).then(|| if more == 0 { format!("{words}: {named}.") } else { format!("{words}: {named} and {more} more.") })
        };
        let said: Vec<String> =
            [list("Declared, no calls seen", &|edge| !edge.seen), list("Calls show it, nobody declared it", &|edge| self.is_undeclared(edge))]
                .into_iter()
                .flatten()
                .collect();
        (!said.is_empty()).then(|| said.join(" "))
    }

    /// Edges to itself say nothing about who depends on whom; they stay in the table.
    fn drawn_edges(&self) -> impl Iterator<Item = &Edge> {
        self.edges.iter().filter(|edge| edge.from != edge.to)
    }

    /// The services that are drawn, by name, and how many are not.
    fn chosen(&self, focus: Option<&str>) -> (BTreeSet<&str>, usize) {
        let mut names: BTreeSet<&str> = self.nodes.iter().map(|node| node.name.as_str()).collect();
        names.extend(self.drawn_edges().flat_map(|edge| [edge.from.as_str(), edge.to.as_str()]));
        if names.len() <= MOST_NODES {
            return (names, 0);
        }
        let all = names.len();
        let mut chosen: BTreeSet<&str> = BTreeSet::new();
        let mut take = |name: &'_ str| {
            if let Some(name) = names.get(name).filter(|_| chosen.len() < MOST_NODES) {
                chosen.insert(name);
            }
        };
        let mut busiest: Vec<&Edge> = self.drawn_edges().collect();
        busiest.sort_by(|a, b| b.rate.total_cmp(&a.rate).then_with(|| (&a.from, &a.to).cmp(&(&b.from, &b.to))));
        focus.into_iter().for_each(&mut take);
        let beside = busiest.iter().filter(|edge| focus.is_some_and(|focus| edge.from == focus || edge.to == focus));
        beside.take(AROUND_FOCUS).flat_map(|edge| [&edge.from, &edge.to]).for_each(|name| take(name));
        // What fails, the most errors first; then the ways that lead there; then what stands beside
        // it; then whatever carries most.
        let mut failing: Vec<&Edge> = self.drawn_edges().filter(|edge| edge.is_failing()).collect();
        sorting::sort_by_key(&mut failing, |edge| std::cmp::Reverse(edge.errors));
        let mut sick: Vec<&str> = failing.iter().flat_map(|edge| [edge.to.as_str(), edge.from.as_str()]).chain(focus).collect();
        sick.iter().for_each(|name| take(name));
        let mut on_the_way: BTreeSet<&str> = sick.iter().copied().collect();
        while let Some(name) = sick.pop() {
            for edge in busiest.iter().filter(|edge| edge.to == name) {
                if on_the_way.insert(&edge.from) {
                    take(&edge.from);
                    sick.push(&edge.from);
                }
            }
        }
        for edge in &busiest {
            if on_the_way.contains(edge.from.as_str()) || on_the_way.contains(edge.to.as_str()) {
                take(&edge.from);
                take(&edge.to);
            }
        }
        busiest.iter().flat_map(|edge| [&edge.from, &edge.to]).for_each(|name| take(name));
        self.nodes.iter().for_each(|node| take(&node.name));
        let left = all - chosen.len();
        (chosen, left)
    }

    /// The worst edge beneath which nothing fails.
    fn worst(&self) -> Option<&Edge> {
        let goes_on = |edge: &Edge| self.drawn_edges().any(|next| next.from == edge.to && next.is_failing() && next.to != edge.from);
        let failing: Vec<&Edge> = self.edges.iter().filter(|edge| edge.is_failing()).collect();
        let ends = failing.iter().copied().filter(|edge| !goes_on(edge));
        ends.max_by_key(|edge| edge.errors).or_else(|| failing.iter().copied().max_by_key(|edge| edge.errors))
    }

    /// What is to be seen, in a sentence.
    pub fn sentence(&self) -> String {
        let Some(worst) = self.worst() else {
            return if self.edges.iter().any(|edge| edge.seen) {
                "No service fails in 5 % of the calls of another, or there were too few to say so.".to_owned()
            } else {
                "No calls between services were seen.".to_owned()
            };
        };
        format!(
            "{} of {} calls from {} to {} {}.",
            percent(worst.ratio()),
            wording::grouped(usize::try_from(worst.requests).unwrap_or(usize::MAX)),
            worst.from,
            worst.to,
            if worst.fails.is_empty() { "fail" } else { &worst.fails }
        )
    }

    /// Every edge, those that fail first, then those that carry most.
    pub fn table(&self) -> Table {
        let mut edges: Vec<&Edge> = self.edges.iter().collect();
        edges.sort_by(|a, b| {
            let failing = b.is_failing().cmp(&a.is_failing()).then(if a.is_failing() { b.errors.cmp(&a.errors) } else { std::cmp::Ordering::Equal });
            failing.then(b.rate.total_cmp(&a.rate)).then_with(|| (&a.from, &a.to).cmp(&(&b.from, &b.to)))
        });
        let row = |edge: &Edge| {
            let mut state = match edge.seen {
                _ if edge.is_failing() => edge.said(),
                true if edge.requests < ENOUGH_CALLS => "few calls".to_owned(),
                true => "ok".to_owned(),
                false => "declared, no calls seen".to_owned(),
            };
            if self.is_undeclared(edge) {
                state.push_str(", not declared");
            }
            let seen = |words: String| if edge.seen { words } else { "–".to_owned() };
            vec![
                edge.from.clone(),
                edge.to.clone(),
                state,
                seen(rate(edge.rate)),
                seen(percent(edge.ratio())),
                seen(format!("{} of {}", edge.errors, edge.requests)),
                edge.p95_s.map_or_else(|| "–".to_owned(), seconds),
            ]
        };
        Table {
            caption: "Calls between services, those that fail first".to_owned(),
            columns: vec![("From", false), ("To", false), ("State", false), ("Calls", true), ("Errors", true), ("Failed of all", true), ("p95", true)],
            rows: edges.into_iter().map(row).collect(),
        }
    }
}

#[allow(clippy::cast_possible_truncation)] // seconds of a call
fn seconds(secs: f64) -> String {
    crate::domain::telemetry::waterfall::took((secs * 1e9) as i64)
}
