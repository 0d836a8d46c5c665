//! The words in the plot, in the order in which they take their places: the last value, zero,
//! flags, the forecast's date, gaps, returns, where it is measured anew, even spending. What finds no place is in the table.

use super::{BurnDown, Forecast, Frame};
use crate::{
    charts::{
        Anchor, Role, Scene, Tone,
        place::{APART, Block, Distance, FURTHER, Places, Rect, around},
    },
    domain::{time::Timestamp, wording},
};

/// What the words stand beside.
pub struct Drawn<'a> {
    pub end: Option<(Timestamp, f64)>,
    /// Bands of what was not measured, with their seconds.
    pub bands: &'a [(Rect, i64)],
    pub ahead: &'a [Vec<(f64, f64)>],
    pub even: &'a [(f64, f64)],
}

const FLAG: (f64, f64) = (18.0, 16.0);
/// Flags that begin nearer than this share a box.
const FLAGS_APART: f64 = 22.0;

pub fn place(scene: &mut Scene, places: &mut Places, data: &BurnDown, frame: &Frame, drawn: &Drawn) {
    last(scene, places, data, frame, drawn);
    zero(scene, places, frame);
    flags(scene, places, data, frame);
    turns(scene, places, data, frame, drawn);
    gaps(scene, places, frame, drawn);
    returns(scene, places, data, frame);
    anew(scene, places, data, frame);
    even(scene, places, drawn);
}

fn last(scene: &mut Scene, places: &mut Places, data: &BurnDown, frame: &Frame, drawn: &Drawn) {
    let Some((end, last)) = drawn.end.zip(data.last.as_ref()) else { return };
    let (share, amount) = if end.1 < 0.0 { (Tone::LastOver, Tone::Over) } else { (Tone::Last, Tone::Strong) };
    let both = Block::new(last.share.clone(), share).and(last.amount.clone(), amount);
    let point = frame.at(end);
    // What the words are about keeps its dot free.
    places.take(Rect::new(point.0 - 5.0, point.1 - 5.0, 10.0, 10.0));
    let (width, height) = (both.width(), both.height());
    // The number is never dropped: where there is no room beside its dot it moves up or down, into the plot.
    let lefts = [point.0 + 6.0, point.0 - 6.0 - width].map(|left| Rect::new(left, 0.0, width, height).between(frame.axis.left, scene.width).left);
    let moved = (1..16).flat_map(|step| [-1.0, 1.0].map(|way| point.1 + way * (f64::from(step) * 8.0 + height / 2.0) - height / 2.0));
    let moved = moved.flat_map(|top| lefts.map(|left| (Rect::new(left, top, width, height), Distance::Far)));
    let wanted: Vec<_> = around(point, width, height).into_iter().chain(moved).collect();
    let Some((rect, distance)) = places.put(wanted) else { return };
    if distance == Distance::Far {
        let foot = if rect.bottom < point.1 { rect.bottom } else { rect.top };
        scene.line(Role::Leader, point, (point.0.clamp(rect.left + 4.0, rect.right - 4.0), foot));
    }
    let anchor = if rect.left >= point.0 - 1.0 { Anchor::Start } else { Anchor::End };
    scene.labels.extend(both.labels(rect, anchor));
}

fn zero(scene: &mut Scene, places: &mut Places, frame: &Frame) {
    let block = Block::new("budget spent", Tone::Strong);
    let (y, width, height) = (frame.y(0.0), block.width(), block.height());
    let (start, end) = (frame.axis.left + 6.0, frame.axis.right - width - 2.0);
    let tops = [y - height - 3.0, y + 3.0];
    let middle = f64::midpoint(start, end);
    let wanted = [start, end, middle].into_iter().flat_map(|left| tops.map(|top| (Rect::new(left, top, width, height), ())));
    if let Some((rect, ())) = places.put(wanted) {
        scene.labels.extend(block.labels(rect, Anchor::Start));
    }
}

/// Flags that share a box.
struct Group {
    x: f64,
    first: u32,
    last: u32,
    at: Timestamp,
}

impl Group {
    fn words(&self) -> String {
        if self.first == self.last { self.first.to_string() } else { format!("{}–{}", self.first, self.last) }
    }

    fn width(&self) -> f64 {
        (crate::charts::place::width(&self.words(), Tone::Flag) + 8.0).max(FLAG.0)
    }
}

/// The boxes, none of which reaches the next one's stem.
fn groups(data: &BurnDown, frame: &Frame) -> Vec<Group> {
    let mut groups: Vec<Group> = vec![];
    for flag in data.flags.iter().filter(|flag| frame.axis.holds(flag.at)) {
        let x = frame.axis.x(flag.at);
        match groups.last_mut() {
            Some(group) if x - group.x < FLAGS_APART.max(group.width() + APART + 1.0) => group.last = flag.number,
            _ => groups.push(Group { x, first: flag.number, last: flag.number, at: flag.at }),
        }
    }
    groups
}

fn flags(scene: &mut Scene, places: &mut Places, data: &BurnDown, frame: &Frame) {
    for group in groups(data, frame) {
        // Just before its step the line is where the incident found it.
        let level = data.left.last_before(group.at).or_else(|| data.left.last_at(group.at)).map_or(1.0, |(_, share)| share);
        let (y, wide) = (frame.y(level), group.width());
        let height = |step: i32| y - FURTHER - FLAG.1 - f64::from(step) * (FLAG.1 + APART + 1.0);
        let above = (0..12).map(height).filter(|top| *top >= 0.0);
        let wanted: Vec<_> = above
            .flat_map(|top| [(group.x, top), (group.x - wide, top)])
            .chain([(group.x, y + FURTHER), (group.x - wide, y + FURTHER)])
            .map(|(left, top)| (Rect::new(left, top, wide, FLAG.1), ()))
            .collect();
        let stem = |rect: &Rect| Rect { left: group.x - 0.5, top: rect.bottom.min(y), right: group.x + 0.5, bottom: rect.top.max(y).max(rect.bottom) };
        // A stem runs through no words, as long as there is a place where it does not.
        let (clear, crossed): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|(rect, ())| places.is_clear(&stem(rect)));
        let Some((rect, ())) = places.put(clear).or_else(|| places.put(crossed)) else { continue };
        let end = if rect.bottom < y { rect.bottom } else { rect.top };
        scene.line(Role::Stem, (group.x, y), (group.x, end));
        scene.bar(Role::Flag, rect);
        scene.words(f64::midpoint(rect.left, rect.right), rect.top + 12.4, Anchor::Middle, group.words(), Tone::Flag);
    }
}

fn turns(scene: &mut Scene, places: &mut Places, data: &BurnDown, frame: &Frame, drawn: &Drawn) {
    let turns = match &data.forecast {
        Forecast::Expected { turns, .. } => turns,
        Forecast::Unknown { why } if !why.is_empty() && data.until > data.now => return unknown(scene, places, data, frame, why),
        Forecast::Unknown { .. } => return,
    };
    for turn in turns.iter().filter(|turn| frame.axis.holds(turn.at) && !turn.lines.is_empty()) {
        let x = frame.axis.x(turn.at);
        let line_at = drawn.ahead.iter().flatten().filter(|(at, _)| (at - x).abs() < 1.5).map(|(_, y)| *y).fold(f64::INFINITY, f64::min);
        let foot = if line_at.is_finite() { line_at } else { frame.y(0.0) };
        let all = turn.lines.len();
        let tone = |at: usize| if at == 2 { Tone::Note } else { Tone::Strong };
        let block = |lines: std::ops::Range<usize>| Block {
            lines: turn.lines.iter().enumerate().skip(lines.start).take(lines.len()).map(|(at, words)| (words.clone(), tone(at))).collect(),
        };
        // Where there is little room the reason goes first and then the rest; the date stays longest.
        for block in [block(0..all), block(0..all.min(2)), block(1.min(all - 1)..all.min(2))] {
            let (width, height) = (block.width(), block.height());
            // From the upper edge of the plot down to the line.
            let tops = (0..24).map(|step| 2.0 + f64::from(step) * 8.0).filter(|top| top + height + 2.0 <= foot.max(frame.top + height));
            let lefts = [x - width, x - width / 2.0, x].map(|left| Rect::new(left, 0.0, width, height).between(frame.axis.left + 2.0, frame.axis.right).left);
            let wanted: Vec<_> = tops.flat_map(|top| lefts.map(|left| (Rect::new(left, top, width, height), ()))).collect();
            let Some((rect, ())) = places.put(wanted) else { continue };
            if foot - rect.bottom > 4.0 {
                scene.line(Role::Leader, (x, rect.bottom + 2.0), (x, foot));
            }
            let anchor = if rect.left < x - 1.0 { Anchor::End } else { Anchor::Start };
            scene.labels.extend(block.labels(rect, anchor));
            break;
        }
    }
}

/// Without a forecast its place says why there is none.
fn unknown(scene: &mut Scene, places: &mut Places, data: &BurnDown, frame: &Frame, why: &str) {
    let left = frame.axis.x(data.now) + 8.0;
    for block in [Block::new("no forecast", Tone::Strong).and(why, Tone::Note), Block::new("no forecast", Tone::Strong)] {
        let (width, height) = (block.width(), block.height());
        let wanted = (0..12).map(|step| (Rect::new(left, frame.top + 8.0 + f64::from(step) * 12.0, width, height), ())).collect::<Vec<_>>();
        if let Some((rect, ())) = places.put(wanted) {
            scene.labels.extend(block.labels(rect, Anchor::Start));
            return;
        }
    }
}

fn gaps(scene: &mut Scene, places: &mut Places, frame: &Frame, drawn: &Drawn) {
    let mut bands = drawn.bands.to_vec();
    // The longest is named first, should there be room for few.
    bands.sort_by_key(|(_, secs)| std::cmp::Reverse(*secs));
    for (band, secs) in bands {
        let block = Block::new(format!("not measured {}", wording::span(secs)), Tone::Note);
        let (width, height) = (block.width(), block.height());
        let tops: Vec<f64> = [8.0, 24.0, 40.0, 56.0].map(|down| frame.top + down).into_iter().chain([frame.y(0.0) - 3.0 * height]).collect();
        let lefts = [band.right + 6.0, band.left - 6.0 - width];
        let beside = lefts.into_iter().flat_map(|left| tops.iter().map(move |top| (Rect::new(left, *top, width, height), ())));
        // Where all of it is a gap, the words stand on the hatch.
        let inside = (band.width() > width + 16.0).then(|| (Rect::new(band.left + 8.0, frame.top + 8.0, width, height), ()));
        if let Some((rect, ())) = places.put(beside.chain(inside).collect::<Vec<_>>()) {
            scene.labels.extend(block.labels(rect, Anchor::Start));
        }
    }
}

fn returns(scene: &mut Scene, places: &mut Places, data: &BurnDown, frame: &Frame) {
    for back in data.returns.iter().filter(|back| frame.axis.holds(back.at) && back.at <= data.now) {
        let Some((_, share)) = data.left.last_at(back.at) else { continue };
        let (x, y) = frame.at((back.at, share));
        let block = Block::new(back.points.clone(), Tone::Strong).and(back.why.clone(), Tone::Note);
        let (width, height) = (block.width(), block.height());
        let tops = (0..10).map(|step| y - FURTHER - height - f64::from(step) * 12.0).filter(|top| *top >= 0.0);
        let lefts = [x - 3.0, x - width / 2.0, x - width + 3.0].map(|left| Rect::new(left, 0.0, width, height).between(frame.axis.left, frame.axis.right).left);
        let wanted: Vec<_> = tops.flat_map(|top| lefts.map(|left| (Rect::new(left, top, width, height), ()))).collect();
        let Some((rect, ())) = places.put(wanted) else { continue };
        scene.line(Role::Leader, (x, rect.bottom + 1.0), (x, y));
        scene.labels.extend(block.labels(rect, Anchor::Start));
    }
}

/// Beside its line, from the upper edge of the plot downwards.
fn anew(scene: &mut Scene, places: &mut Places, data: &BurnDown, frame: &Frame) {
    for at in data.anew.iter().filter(|at| frame.axis.holds(**at)) {
        let (block, x) = (Block::new("measured anew", Tone::Note), frame.axis.x(*at));
        let (width, height) = (block.width(), block.height());
        let tops = (0..12).map(|step| frame.top - 8.0 + f64::from(step) * 12.0);
        let beside = tops.flat_map(|top| [x + 4.0, x - 4.0 - width].map(|left| (Rect::new(left, top, width, height), ())));
        if let Some((rect, ())) = places.put(beside.collect::<Vec<_>>()) {
            scene.labels.extend(block.labels(rect, Anchor::Start));
        }
    }
}

fn even(scene: &mut Scene, places: &mut Places, drawn: &Drawn) {
    let block = Block::new("even spending", Tone::Note);
    let (width, height) = (block.width(), block.height());
    let Some((first, last)) = drawn.even.first().zip(drawn.even.last()) else { return };
    let along = |share: f64| {
        let x = first.0 + (last.0 - first.0) * share;
        let pair = drawn.even.windows(2).find(|pair| (pair[0].0..=pair[1].0).contains(&x))?;
        let part = if pair[1].0 > pair[0].0 { (x - pair[0].0) / (pair[1].0 - pair[0].0) } else { 0.0 };
        Some((x, pair[0].1 + (pair[1].1 - pair[0].1) * part))
    };
    places.avoid(drawn.even);
    let points: Vec<_> = [0.1, 0.2, 0.3, 0.45, 0.6, 0.75].into_iter().filter_map(along).collect();
    // Below and to the left of a falling line, else above and to the right of it.
    let wanted = points.into_iter().flat_map(|(x, y)| [(x - width - 4.0, y + 2.0), (x - width / 2.0, y + 12.0), (x + 6.0, y - height - 2.0)]);
    let wanted: Vec<_> = wanted.map(|(left, top)| (Rect::new(left, top, width, height), ())).collect();
    if let Some((rect, ())) = places.put(wanted) {
        scene.labels.extend(block.labels(rect, Anchor::Start));
    }
}
