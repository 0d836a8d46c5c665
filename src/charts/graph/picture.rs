//! The graph as boxes, curves and words at their places.

use super::{
    super::{
        Anchor, Label, Tone,
        place::{self, Places, Rect},
    },
    ENOUGH_CALLS, Edge, Frozen, Graph, layers, rate,
};
use crate::domain::wording;

const BOX_HEIGHT: f64 = 34.0;
const NARROWEST: f64 = 72.0;
const WIDEST: f64 = 124.0;
/// Between two layers, so that what fails can say so there; where it is narrow, at least.
/// Each with how wide the boxes have to be beside it.
const GAPS: [(f64, f64); 3] = [(76.0, 104.0), (52.0, 92.0), (34.0, NARROWEST)];
const MARGIN: f64 = 4.0;
/// How far what leads back runs beneath everything.
const BENEATH: f64 = 26.0;
const HEAD: f64 = 7.0;
const LABEL_HEIGHT: f64 = 14.0;
/// Where along a line its words may stand, the best place first.
const ALONG: [f64; 6] = [0.5, 0.4, 0.6, 0.3, 0.7, 0.85];
/// So many straight pieces stand for a curve where words keep off it.
const PIECES: u8 = 24;

/// A graph, ready to be painted. Pixels from the upper left corner.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawing {
    pub width: f64,
    pub height: f64,
    pub title: String,
    pub desc: String,
    pub boxes: Vec<Box>,
    pub lines: Vec<Line>,
    pub labels: Vec<Label>,
    /// What is not drawn: `+ 9 healthy`.
    pub folded: Option<String>,
    /// Where calls and what was declared disagree, in words.
    pub disagreements: Option<String>,
    /// To be handed in again, so that nothing moves.
    pub frozen: Frozen,
}

/// A service.
#[derive(Clone, Debug, PartialEq)]
pub struct Box {
    /// All of it; whoever paints cuts what finds no room.
    pub name: String,
    pub rect: Rect,
    pub look: NodeLook,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeLook {
    Healthy,
    /// The calls to it fail, and none that it makes.
    Failing,
    /// Nothing is known of it.
    Silent,
}

impl NodeLook {
    pub fn slug(self) -> &'static str {
        match self {
            NodeLook::Healthy => "healthy",
            NodeLook::Failing => "failing",
            NodeLook::Silent => "silent",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub from: String,
    pub to: String,
    pub curve: Curve,
    /// The arrow's head.
    pub head: [(f64, f64); 3],
    /// In pixels, by the logarithm of the rate.
    pub stroke: f64,
    pub look: EdgeLook,
    /// Drawn beneath everything: it leads back.
    pub back: bool,
    /// What is said where it is pointed at.
    pub words: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EdgeLook {
    Healthy,
    Failing,
    /// Written down by somebody, and never seen.
    Unseen,
}

impl EdgeLook {
    pub fn slug(self) -> &'static str {
        match self {
            EdgeLook::Healthy => "healthy",
            EdgeLook::Failing => "failing",
            EdgeLook::Unseen => "unseen",
        }
    }
}

/// A start, and cubic pieces: two handles and an end each.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    pub start: (f64, f64),
    pub pieces: Vec<[(f64, f64); 3]>,
}

impl Curve {
    /// Level where it starts, where it ends, and at every point between.
    fn through(points: &[(f64, f64)]) -> Self {
        let piece = |pair: &[(f64, f64)]| {
            let (from, to) = (pair[0], pair[1]);
            let middle = f64::midpoint(from.0, to.0);
            [(middle, from.1), (middle, to.1), to]
        };
        Self { start: points.first().copied().unwrap_or_default(), pieces: points.windows(2).map(piece).collect() }
    }

    /// The curve as short straight pieces.
    pub(super) fn points(&self) -> Vec<(f64, f64)> {
        (0..=PIECES).map(|n| self.at(f64::from(n) / f64::from(PIECES))).collect()
    }

    /// The point after this part of the pieces, from 0 to 1.
    fn at(&self, part: f64) -> (f64, f64) {
        #[allow(clippy::cast_precision_loss)] // a handful
        let n = self.pieces.len() as f64;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a small positive number
        let which = ((part * n) as usize).min(self.pieces.len().saturating_sub(1));
        let Some([a, b, end]) = self.pieces.get(which) else { return self.start };
        let start = if which == 0 { self.start } else { self.pieces[which - 1][2] };
        #[allow(clippy::cast_precision_loss)] // as above
        let t = part * n - which as f64;
        let mix = |p: f64, q: f64, r: f64, s: f64| (1.0 - t).powi(3) * p + 3.0 * (1.0 - t).powi(2) * t * q + 3.0 * (1.0 - t) * t * t * r + t.powi(3) * s;
        (mix(start.0, a.0, b.0, end.0), mix(start.1, a.1, b.1, end.1))
    }
}

/// How wide a service is drawn when so many layers share a width; `None` where they find no room.
fn box_width(layers: usize, width: f64) -> Option<f64> {
    #[allow(clippy::cast_precision_loss)] // a handful
    let n = layers.max(1) as f64;
    let room = |gap: f64| (width - 2.0 * MARGIN - (n - 1.0) * gap) / n;
    GAPS.iter().find(|(gap, least)| room(*gap) >= *least).map(|(gap, _)| room(*gap).min(WIDEST))
}

/// Whether a graph finds room in a width; where it does not, its table says the same.
pub fn fits(drawing: &Drawing) -> bool {
    !drawing.boxes.is_empty()
}

impl Graph {
    /// The picture for a width. What stood somewhere `before` stands there again. It is without
    /// boxes where the width is too small for its layers.
    pub fn draw(&self, width: f64, focus: Option<&str>, before: &Frozen) -> Drawing {
        let (chosen, left) = self.chosen(focus);
        let frozen = layers::places(self, &chosen, before);
        let n = frozen.places.len();
        let folded = (left > 0).then(|| self.folded_words(&frozen, left));
        let unseen = self.drawn_edges().filter(|edge| !edge.seen).count();
        let undeclared = self.drawn_edges().filter(|edge| self.is_undeclared(edge)).count();
        let mut desc =
            vec![format!("{} and {} between them", wording::count(n, "service", "services"), wording::count(self.drawn_edges().count(), "edge", "edges"))];
        desc.extend((unseen > 0).then(|| format!("{unseen} declared and not seen")));
        desc.extend((undeclared > 0).then(|| format!("{undeclared} seen and not declared")));
        desc.extend(folded.clone());
        let mut drawing =
            Drawing { width, title: self.sentence(), desc: format!("{}.", desc.join(", ")), folded, disagreements: self.disagreements(), ..Drawing::default() };
        if let Some(box_width) = box_width(frozen.layers, width).filter(|_| n > 0) {
            drawing.boxes = self.boxes(&frozen, width, box_width);
            drawing.lines = self.lines(&frozen, &drawing.boxes);
            let beneath = if drawing.lines.iter().any(|line| line.back) { BENEATH } else { 0.0 };
            let lowest = drawing.boxes.iter().map(|each| each.rect.bottom).fold(0.0, f64::max);
            drawing.height = lowest + beneath + (layers::PITCH - BOX_HEIGHT) / 2.0 + 8.0;
            drawing.labels = self.labels(&drawing);
        }
        drawing.frozen = frozen;
        drawing
    }

    fn folded_words(&self, frozen: &Frozen, left: usize) -> String {
        let hidden = |edge: &&Edge| edge.is_failing() && !(frozen.places.contains_key(&edge.from) && frozen.places.contains_key(&edge.to));
        match self.drawn_edges().filter(hidden).count() {
            0 => format!("+ {left} healthy"),
            failing => format!("+ {left} more, {failing} failing between them"),
        }
    }

    fn boxes(&self, frozen: &Frozen, width: f64, box_width: f64) -> Vec<Box> {
        #[allow(clippy::cast_precision_loss)] // a handful
        let step = if frozen.layers > 1 { (width - 2.0 * MARGIN - box_width) / (frozen.layers - 1) as f64 } else { 0.0 };
        let fails = |edge: &&Edge| edge.is_failing();
        let each = |(name, (layer, y)): (&String, &(usize, f64))| {
            let silent = self.nodes.iter().any(|node| node.name == *name && node.silent.is_some());
            let is_called_in_vain = self.drawn_edges().filter(fails).any(|edge| edge.to == *name);
            let calls_in_vain = self.drawn_edges().filter(fails).any(|edge| edge.from == *name);
            let look = match (silent, is_called_in_vain && !calls_in_vain) {
                (true, _) => NodeLook::Silent,
                (_, true) => NodeLook::Failing,
                _ => NodeLook::Healthy,
            };
            #[allow(clippy::cast_precision_loss)] // as above
            let left = MARGIN + step * *layer as f64;
            let rect = Rect::new(left, y - BOX_HEIGHT / 2.0, box_width, BOX_HEIGHT);
            Box { name: name.clone(), rect, look }
        };
        frozen.places.iter().map(each).collect()
    }

    fn lines(&self, frozen: &Frozen, boxes: &[Box]) -> Vec<Line> {
        let find = |name: &str| boxes.iter().find(|each| each.name == name);
        let lowest = boxes.iter().map(|each| each.rect.bottom).fold(0.0, f64::max);
        let line = |edge: &Edge| {
            let (from, to) = (find(&edge.from)?, find(&edge.to)?);
            let (from_layer, to_layer) = (frozen.places.get(&edge.from)?.0, frozen.places.get(&edge.to)?.0);
            let back = from_layer >= to_layer;
            let (curve, head) = if back { beneath(&from.rect, &to.rect, lowest) } else { across(frozen, boxes, from, to, (from_layer, to_layer)) };
            let look = match (edge.seen, edge.is_failing()) {
                (false, _) => EdgeLook::Unseen,
                (true, true) => EdgeLook::Failing,
                (true, false) => EdgeLook::Healthy,
            };
            let mut words = match look {
                EdgeLook::Unseen => format!("{} to {}: declared, no calls seen", edge.from, edge.to),
                EdgeLook::Failing => format!("{} to {}: {} of {} calls, {}", edge.from, edge.to, edge.said(), edge.requests, rate(edge.rate)),
                EdgeLook::Healthy => format!("{} to {}: ok, {} of {} calls fail, {}", edge.from, edge.to, edge.errors, edge.requests, rate(edge.rate)),
            };
            if self.is_undeclared(edge) {
                words.push_str("; calls show it, nobody declared it");
            }
            let stroke = if edge.seen { (1.5 + (1.0 + edge.rate.max(0.0)).log2() * 0.75).min(6.0) } else { 1.5 };
            Some(Line { from: edge.from.clone(), to: edge.to.clone(), curve, head, stroke, look, back, words })
        };
        // What fails is drawn last, over the others.
        let mut lines: Vec<Line> = self.drawn_edges().filter_map(line).collect();
        lines.sort_by_key(|line| match line.look {
            EdgeLook::Unseen => 0,
            EdgeLook::Healthy => 1,
            EdgeLook::Failing => 2,
        });
        lines
    }

    /// What fails says so beside its line, what is silent beneath its box, what is called last how
    /// often, and, where there is room left, what was only declared that no calls were seen.
    fn labels(&self, drawing: &Drawing) -> Vec<Label> {
        let mut places = Places::new(Rect::new(0.0, 0.0, drawing.width, drawing.height));
        drawing.boxes.iter().for_each(|each| places.take(each.rect));
        for line in &drawing.lines {
            for side in [-line.stroke / 2.0, line.stroke / 2.0] {
                let edge: Vec<(f64, f64)> = line.curve.points().into_iter().map(|(x, y)| (x, y + side)).collect();
                places.avoid(&edge);
            }
        }
        let mut labels = vec![];
        // Beneath the box, or above it where a line runs beneath.
        let near = |each: &Box, words: String, tone: Tone, places: &mut Places| {
            let wide = place::width(&words, tone);
            let middle = f64::midpoint(each.rect.left, each.rect.right);
            let at = |top: f64| (Rect::new(middle - wide / 2.0, top, wide, LABEL_HEIGHT).between(0.0, drawing.width), ());
            let (beneath, above) = (each.rect.bottom + place::APART + 0.5, each.rect.top - place::APART - 0.5 - LABEL_HEIGHT);
            places.put([at(beneath), at(above)]).map(|(rect, ())| Label { x: rect.left, y: rect.bottom - 3.0, anchor: Anchor::Start, words, tone })
        };
        for each in &drawing.boxes {
            let silent = self.nodes.iter().find(|node| node.name == each.name).and_then(|node| node.silent.clone());
            labels.extend(silent.and_then(|words| near(each, words, Tone::Note, &mut places)));
        }
        let along = |line: &Line, words: String, tone: Tone, places: &mut Places| {
            let wide = place::width(&words, if tone == Tone::Strong { Tone::Over } else { tone });
            // Right beside the line; where others stand or run too near, as close to it as there is room.
            let steps = (0..=12).map(|step: u8| line.stroke / 2.0 + 4.0 + 4.0 * f64::from(step));
            let beside = steps.flat_map(|away| {
                let over = ALONG.into_iter().flat_map(move |part| {
                    let (x, y) = line.curve.at(part);
                    [y + away, y - away - LABEL_HEIGHT].map(|top| (Rect::new(x - wide / 2.0, top, wide, LABEL_HEIGHT).between(0.0, drawing.width), ()))
                });
                // Where a line rises steeply between two boxes there is room to its sides alone.
                let aside = ALONG.into_iter().flat_map(move |part| {
                    let (x, y) = line.curve.at(part);
                    [x - away - wide, x + away].map(|left| (Rect::new(left, y - LABEL_HEIGHT / 2.0, wide, LABEL_HEIGHT), ()))
                });
                over.chain(aside)
            });
            // Rather upon its own line than upon that of others: words have a halo, and stand where they belong.
            let is_others = |rect: &Rect| {
                let mut others = drawing.lines.iter().filter(|other| (&other.from, &other.to) != (&line.from, &line.to));
                others.any(|other| other.curve.points().windows(2).any(|pair| rect.is_crossed(&(pair[0], pair[1]))))
            };
            let upon = ALONG.into_iter().map(|part| {
                let (x, y) = line.curve.at(part);
                (Rect::new(x - wide / 2.0, y - LABEL_HEIGHT / 2.0, wide, LABEL_HEIGHT).between(0.0, drawing.width), ())
            });
            // What the line's dots say already gives way to other lines.
            let placed = if line.look == EdgeLook::Unseen {
                places.put_beside(beside)
            } else {
                places.put_beside(beside.clone()).or_else(|| places.put(upon.filter(|(rect, ())| !is_others(rect)))).or_else(|| places.put(beside))
            };
            placed.map(|(rect, ())| Label { x: rect.left, y: rect.bottom - 3.0, anchor: Anchor::Start, words, tone })
        };
        for line in drawing.lines.iter().filter(|line| line.look == EdgeLook::Failing) {
            let Some(edge) = self.edges.iter().find(|edge| edge.from == line.from && edge.to == line.to) else { continue };
            labels.extend(along(line, edge.said(), Tone::Strong, &mut places));
        }
        for each in &drawing.boxes {
            let goes_on = self.drawn_edges().any(|edge| edge.from == each.name && edge.seen);
            let calls = || self.drawn_edges().filter(|edge| edge.to == each.name);
            let (n, total): (u64, f64) = (calls().map(|edge| edge.requests).sum(), calls().map(|edge| edge.rate).sum());
            if each.look == NodeLook::Healthy && !goes_on && n > 0 {
                // Nobody is called well by a handful of calls.
                let words = match (n, calls().map(|edge| edge.errors).sum::<u64>()) {
                    (n, _) if n < ENOUGH_CALLS => wording::count(usize::try_from(n).unwrap_or(usize::MAX), "call", "calls"),
                    (_, 0) => format!("ok · {}", rate(total)),
                    (_, _) => rate(total),
                };
                labels.extend(near(each, words, Tone::Note, &mut places));
            }
        }
        for line in drawing.lines.iter().filter(|line| line.look == EdgeLook::Unseen) {
            labels.extend(along(line, "no calls seen".to_owned(), Tone::Note, &mut places));
        }
        labels
    }
}

/// From the right side of one box to the left side of another, between the boxes of what lies between.
fn across(frozen: &Frozen, boxes: &[Box], from: &Box, to: &Box, (first, last): (usize, usize)) -> (Curve, [(f64, f64); 3]) {
    let start = (from.rect.right, f64::midpoint(from.rect.top, from.rect.bottom));
    let end = (to.rect.left - HEAD, f64::midpoint(to.rect.top, to.rect.bottom));
    let mut points = vec![start];
    for layer in first + 1..last {
        let here: Vec<&Box> = boxes.iter().filter(|each| frozen.places.get(&each.name).is_some_and(|(of, _)| *of == layer)).collect();
        let Some(column) = here.first() else { continue };
        let part = (column.rect.left - start.0) / (end.0 - start.0);
        let wanted = start.1 + (end.1 - start.1) * part;
        let clear = |y: &f64| *y > 6.0 && here.iter().all(|each| *y < each.rect.top - 6.0 || *y > each.rect.bottom + 6.0);
        let beside = here.iter().flat_map(|each| [each.rect.top - 10.0, each.rect.bottom + 10.0]).chain([wanted]);
        let y = beside.filter(clear).min_by(|a, b| (a - wanted).abs().total_cmp(&(b - wanted).abs())).unwrap_or(wanted);
        points.extend([(column.rect.left, y), (column.rect.right, y)]);
    }
    points.push(end);
    let head = [(end.0, end.1 - HEAD * 0.7), (end.0 + HEAD, end.1), (end.0, end.1 + HEAD * 0.7)];
    (Curve::through(&points), head)
}

/// From below one box to below another, beneath everything.
fn beneath(from: &Rect, to: &Rect, lowest: f64) -> (Curve, [(f64, f64); 3]) {
    let middle = |rect: &Rect| f64::midpoint(rect.left, rect.right);
    let (start, end) = ((middle(from) - 8.0, from.bottom), (middle(to) + 8.0, to.bottom + HEAD));
    let low = lowest + BENEATH;
    let head = [(end.0 - HEAD * 0.7, end.1), (end.0, end.1 - HEAD), (end.0 + HEAD * 0.7, end.1)];
    (Curve { start, pieces: vec![[(start.0, low), (end.0, low), end]] }, head)
}
