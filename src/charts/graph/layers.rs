//! In which layer each service stands, and how high: by the longest way from the entry, in the order
//! that crosses least, near what it talks to.

use super::{Edge, Frozen, Graph};
use std::collections::{BTreeMap, BTreeSet};

/// From the middle of one service to the middle of the next in its layer.
pub(super) const PITCH: f64 = 60.0;
/// Sweeps over the layers, after which nothing changes any more in practice.
const SWEEPS: usize = 8;

/// The services of a picture with the edges between them, as numbers.
struct Wired {
    edges: Vec<(usize, usize, f64)>,
    n: usize,
}

/// Where the chosen services stand: those that stood somewhere stay there.
pub(super) fn places(graph: &Graph, chosen: &BTreeSet<&str>, before: &Frozen) -> Frozen {
    let names: Vec<&str> = chosen.iter().copied().collect();
    let number: BTreeMap<&str, usize> = names.iter().enumerate().map(|(at, name)| (*name, at)).collect();
    let wire = |edge: &Edge| Some((*number.get(edge.from.as_str())?, *number.get(edge.to.as_str())?, edge.rate));
    let wired = Wired { edges: graph.drawn_edges().filter_map(wire).collect(), n: names.len() };
    if before.is_empty() || !names.iter().any(|name| before.places.contains_key(*name)) {
        return fresh(&names, &wired);
    }
    let mut placed = before.clone();
    placed.places.retain(|name, _| chosen.contains(name.as_str()));
    // Those that talk to somebody who has a place come first; each new one is a neighbour for the next.
    let mut waiting: Vec<usize> = (0..names.len()).filter(|at| !placed.places.contains_key(names[*at])).collect();
    while !waiting.is_empty() {
        let known = |at: usize| placed.places.get(names[at]).copied();
        let next =
            waiting.iter().position(|at| wired.edges.iter().any(|(from, to, _)| (from == at && known(*to).is_some()) || (to == at && known(*from).is_some())));
        let at = waiting.remove(next.unwrap_or(0));
        let callers: Vec<(usize, f64)> = wired.edges.iter().filter(|(_, to, _)| *to == at).filter_map(|(from, ..)| known(*from)).collect();
        let called: Vec<(usize, f64)> = wired.edges.iter().filter(|(from, ..)| *from == at).filter_map(|(_, to, _)| known(*to)).collect();
        let last = placed.layers.saturating_sub(1);
        let behind = callers.iter().map(|(layer, _)| layer + 1).max();
        let layer = behind.or_else(|| called.iter().map(|(layer, _)| layer.saturating_sub(1)).min()).unwrap_or(0).min(last);
        let around: Vec<f64> = callers.iter().chain(&called).map(|(_, y)| *y).collect();
        let wanted = mean(&around).unwrap_or(PITCH / 2.0);
        let y = free(&placed, layer, wanted);
        placed.places.insert(names[at].to_owned(), (layer, y));
    }
    placed
}

/// The free place of a layer that lies nearest to `wanted`.
fn free(placed: &Frozen, layer: usize, wanted: f64) -> f64 {
    let taken: Vec<f64> = placed.places.values().filter(|(of, _)| *of == layer).map(|(_, y)| *y).collect();
    let is_free = |y: &f64| *y >= PITCH / 2.0 && taken.iter().all(|other| (other - y).abs() >= PITCH - 0.5);
    let beside = taken.iter().flat_map(|y| [y - PITCH, y + PITCH]).chain([wanted.max(PITCH / 2.0)]);
    let lowest = taken.iter().copied().fold(0.0, f64::max) + PITCH;
    beside.filter(is_free).min_by(|a, b| (a - wanted).abs().total_cmp(&(b - wanted).abs())).unwrap_or(lowest)
}

fn mean(values: &[f64]) -> Option<f64> {
    #[allow(clippy::cast_precision_loss)] // a handful
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn fresh(names: &[&str], wired: &Wired) -> Frozen {
    let layer = wired.layers();
    let count = layer.iter().max().map_or(0, |last| last + 1);
    let mut rows: Vec<Vec<usize>> = vec![vec![]; count];
    for (at, layer) in layer.iter().enumerate() {
        rows[*layer].push(at);
    }
    let rows = wired.ordered(&layer, rows);
    let y = wired.heights(&rows);
    let places = names.iter().enumerate().map(|(at, name)| ((*name).to_owned(), (layer[at], y[at]))).collect();
    Frozen { places, layers: count }
}

impl Wired {
    /// By the longest way from an entry. An edge that leads back into its own way does not count.
    fn layers(&self) -> Vec<usize> {
        let mut out: Vec<Vec<(usize, f64)>> = vec![vec![]; self.n];
        let mut carries = vec![0.0; self.n];
        let mut called = vec![false; self.n];
        for (from, to, rate) in &self.edges {
            out[*from].push((*to, *rate));
            carries[*from] += rate;
            called[*to] = true;
        }
        for next in &mut out {
            next.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        }
        // Entries first; where all are called, whoever calls most.
        let mut starts: Vec<usize> = (0..self.n).collect();
        starts.sort_by(|a, b| called[*a].cmp(&called[*b]).then(carries[*b].total_cmp(&carries[*a])).then(a.cmp(b)));
        let mut walk = Walk { out: &out, state: vec![State::New; self.n], done: vec![], back: BTreeSet::new() };
        for start in starts {
            walk.from(start);
        }
        let mut layer = vec![0; self.n];
        for at in walk.done.iter().rev() {
            for (to, _) in &out[*at] {
                if !walk.back.contains(&(*at, *to)) {
                    layer[*to] = layer[*to].max(layer[*at] + 1);
                }
            }
        }
        layer
    }

    /// Who stands above whom in each layer, so that few edges cross.
    fn ordered(&self, layer: &[usize], mut rows: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
        let mut best = (self.crossings(layer, &rows), rows.clone());
        for sweep in 0..SWEEPS {
            let forth = sweep % 2 == 0;
            let count = rows.len();
            for step in 0..count {
                let here = if forth { step } else { count - 1 - step };
                let place = places_in(&rows, self.n);
                let beside = |at: usize| {
                    let other = |(from, to, _): &(usize, usize, f64)| match (*from == at, *to == at) {
                        (true, _) if !forth => Some(*to),
                        (_, true) if forth => Some(*from),
                        _ => None,
                    };
                    let near: Vec<f64> = self.edges.iter().filter_map(other).filter(|other| layer[*other] != here).map(|other| place[other]).collect();
                    mean(&near)
                };
                let mut weighed: Vec<(f64, usize)> = rows[here].iter().map(|at| (beside(*at).unwrap_or(place[*at]), *at)).collect();
                weighed.sort_by(|a, b| a.0.total_cmp(&b.0));
                rows[here] = weighed.into_iter().map(|(_, at)| at).collect();
            }
            let crossings = self.crossings(layer, &rows);
            if crossings < best.0 {
                best = (crossings, rows.clone());
            }
        }
        best.1
    }

    fn crossings(&self, layer: &[usize], rows: &[Vec<usize>]) -> usize {
        let place = places_in(rows, self.n);
        #[allow(clippy::cast_precision_loss)] // a handful of layers
        let ends = |(from, to, _): &(usize, usize, f64)| ((layer[*from] as f64, place[*from]), (layer[*to] as f64, place[*to]));
        let lines: Vec<_> = self.edges.iter().map(ends).filter(|(from, to)| from.0 < to.0).collect();
        let at = |line: &((f64, f64), (f64, f64)), x: f64| line.0.1 + (line.1.1 - line.0.1) * (x - line.0.0) / (line.1.0 - line.0.0);
        let crosses = |a: &((f64, f64), (f64, f64)), b: &((f64, f64), (f64, f64))| {
            let (from, to) = (a.0.0.max(b.0.0), a.1.0.min(b.1.0));
            from < to && (at(a, from) - at(b, from)) * (at(a, to) - at(b, to)) < 0.0
        };
        lines.iter().enumerate().map(|(n, a)| lines[n + 1..].iter().filter(|b| crosses(a, b)).count()).sum()
    }

    /// How high each stands: in the order of its layer, drawn towards what it talks to.
    fn heights(&self, rows: &[Vec<usize>]) -> Vec<f64> {
        #[allow(clippy::cast_precision_loss)] // a dozen at most
        let high = |n: usize| n as f64 * PITCH;
        let room = high(rows.iter().map(Vec::len).max().unwrap_or(0));
        let mut y = vec![0.0; self.n];
        for row in rows {
            let top = (room - high(row.len())) / 2.0;
            for (place, at) in row.iter().enumerate() {
                y[*at] = top + high(place) + PITCH / 2.0;
            }
        }
        for sweep in 0..SWEEPS {
            let count = rows.len();
            for step in 0..count {
                let row = &rows[if sweep % 2 == 0 { step } else { count - 1 - step }];
                let near = |at: usize| {
                    self.edges.iter().filter_map(|(from, to, _)| if *from == at { Some(y[*to]) } else { (*to == at).then(|| y[*from]) }).collect::<Vec<f64>>()
                };
                let mut wanted: Vec<f64> = row.iter().map(|at| mean(&near(*at)).unwrap_or(y[*at])).collect();
                let mut least = PITCH / 2.0;
                for place in &mut wanted {
                    *place = place.max(least);
                    least = *place + PITCH;
                }
                let mut most = room - PITCH / 2.0;
                for place in wanted.iter_mut().rev() {
                    *place = place.min(most);
                    most = *place - PITCH;
                }
                for (at, place) in row.iter().zip(wanted) {
                    y[*at] = place;
                }
            }
        }
        y
    }
}

/// The place of each within its layer, from 0 at the top to 1 at the bottom.
fn places_in(rows: &[Vec<usize>], n: usize) -> Vec<f64> {
    let mut place = vec![0.0; n];
    for row in rows {
        for (at, node) in row.iter().enumerate() {
            #[allow(clippy::cast_precision_loss)] // a dozen at most
            let (at, of) = (at as f64, row.len() as f64);
            place[*node] = (at + 0.5) / of;
        }
    }
    place
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    /// On the way that is being walked.
    On,
    Done,
}

struct Walk<'a> {
    out: &'a [Vec<(usize, f64)>],
    state: Vec<State>,
    /// In the order in which they were left.
    done: Vec<usize>,
    /// Edges that lead back into their own way.
    back: BTreeSet<(usize, usize)>,
}

impl Walk<'_> {
    fn from(&mut self, start: usize) {
        if self.state[start] != State::New {
            return;
        }
        self.state[start] = State::On;
        let mut way = vec![(start, 0)];
        while let Some((at, next)) = way.last_mut() {
            let here = *at;
            let Some((to, _)) = self.out[here].get(*next) else {
                self.state[here] = State::Done;
                self.done.push(here);
                way.pop();
                continue;
            };
            *next += 1;
            match self.state[*to] {
                State::New => {
                    self.state[*to] = State::On;
                    way.push((*to, 0));
                }
                State::On => _ = self.back.insert((here, *to)),
                State::Done => {}
            }
        }
    }
}
