//! Lines in the plot: steps kept, cut where they cross zero or leave the picture, and never drawn
//! through what was not measured.

use super::{BurnDown, Frame, between_gaps};
use crate::{
    charts::{Mark, Role, Scene, Shape, Standing},
    domain::time::Timestamp,
};

/// The measured line in pixels, in as many parts as gaps make of it, its steps kept.
pub fn measured(data: &BurnDown, frame: &Frame) -> Vec<Vec<(f64, f64)>> {
    let parts = between_gaps(&data.gaps, data.from, data.now.min(data.until)).into_iter();
    let runs = parts.flat_map(|part| {
        let mut runs = data.left.thinned(part.from, part.to, frame.axis.columns_of(part.from, part.to));
        // A value holds until the next reading: a closer look may begin or end between two.
        if let Some(held) = held_at(data, part.from).filter(|_| part.from == data.from) {
            match runs.first_mut() {
                Some(run) => run.insert(0, (part.from, held)),
                None => runs.push(vec![(part.from, held)]),
            }
        }
        if let Some(held) = held_at(data, part.to).filter(|_| part.to == data.until) {
            match runs.last_mut() {
                Some(run) => run.push((part.to, held)),
                None => runs.push(vec![(part.to, held)]),
            }
        }
        runs
    });
    runs.map(|run| stepped(run.into_iter().map(|reading| frame.at(reading)))).collect()
}

/// The value that holds at an edge of the picture, where there are readings on both sides of it.
fn held_at(data: &BurnDown, edge: Timestamp) -> Option<f64> {
    let (at, share) = data.left.last_at(edge)?;
    let goes_on = at < edge && edge < data.now && data.left.iter().next_back().is_some_and(|(last, _)| last > edge);
    (goes_on && !data.gaps.iter().any(|gap| gap.from < edge && gap.to > at)).then_some(share)
}

/// A value holds until the next reading: no slope is drawn where there was a step.
fn stepped(points: impl Iterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    let mut line: Vec<(f64, f64)> = vec![];
    for (x, y) in points {
        if let Some((before, level)) = line.last().copied()
            && x - before > 1.0
            && (level - y).abs() > 0.05
        {
            push(&mut line, (x, level));
        }
        push(&mut line, (x, y));
    }
    line
}

/// Adds a point; one in the middle of a level stretch is left out.
fn push(line: &mut Vec<(f64, f64)>, point: (f64, f64)) {
    if let [.., a, b] = line.as_slice()
        && (a.1 - b.1).abs() < 0.01
        && (b.1 - point.1).abs() < 0.01
    {
        line.pop();
    }
    line.push(point);
}

/// A line, cut where it crosses zero; each part with what it says about the budget.
pub fn parts(line: &[(f64, f64)], zero: f64) -> Vec<(Standing, Vec<(f64, f64)>)> {
    let side = |y: f64| if y > zero + 0.05 { Standing::Overspent } else { Standing::Within };
    let mut parts: Vec<(Standing, Vec<(f64, f64)>)> = vec![];
    let mut before: Option<(f64, f64)> = None;
    for point in line.iter().copied() {
        match (parts.last_mut(), before) {
            (Some((standing, part)), Some(_)) if *standing == side(point.1) => part.push(point),
            (Some((_, part)), Some(before)) => {
                let share = (zero - before.1) / (point.1 - before.1);
                let crossing = (before.0 + (point.0 - before.0) * share.clamp(0.0, 1.0), zero);
                part.push(crossing);
                parts.push((side(point.1), vec![crossing, point]));
            }
            _ => parts.push((side(point.1), vec![point])),
        }
        before = Some(point);
    }
    parts
}

pub fn areas(scene: &mut Scene, line: &[(f64, f64)], frame: &Frame) {
    let zero = frame.y(0.0);
    for (standing, part) in parts(line, zero) {
        let Some((first, last)) = part.first().copied().zip(part.last().copied()).filter(|(first, last)| last.0 > first.0) else { continue };
        let around = std::iter::once((first.0, zero)).chain(part).chain([(last.0, zero)]).collect();
        scene.marks.push(Mark { shape: Shape::Area(around), role: Role::Fill(standing) });
    }
}

pub fn strokes(scene: &mut Scene, line: &[(f64, f64)], frame: &Frame) {
    let drawn = parts(line, frame.y(0.0)).into_iter().filter(|(_, part)| part.len() > 1);
    scene.marks.extend(drawn.map(|(standing, part)| Mark { shape: Shape::Path(part), role: Role::Budget(standing) }));
}

/// The part of a line that the picture shows, in pixels.
pub fn within(line: &[(Timestamp, f64)], frame: &Frame) -> Vec<(f64, f64)> {
    cut(line, frame).into_iter().map(|point| frame.at(point)).collect()
}

/// A line, cut where it leaves the picture.
pub fn cut(line: &[(Timestamp, f64)], frame: &Frame) -> Vec<(Timestamp, f64)> {
    let finite: Vec<(Timestamp, f64)> = line.iter().copied().filter(|(_, share)| share.is_finite()).collect();
    let mut shown: Vec<(Timestamp, f64)> = vec![];
    for pair in finite.windows(2) {
        let [a, b] = pair else { continue };
        if b.0 < frame.axis.from || a.0 > frame.axis.until {
            continue;
        }
        #[allow(clippy::cast_precision_loss)] // an f64 tells microseconds of centuries apart
        let between = |at: Timestamp| {
            let part = at.micros_since(a.0) as f64 / b.0.micros_since(a.0).max(1) as f64;
            (at, a.1 + (b.1 - a.1) * part)
        };
        let start = if a.0 < frame.axis.from { between(frame.axis.from) } else { *a };
        let end = if b.0 > frame.axis.until { between(frame.axis.until) } else { *b };
        if shown.last() != Some(&start) {
            shown.push(start);
        }
        shown.push(end);
    }
    shown
}

/// A forecast may slope; two points at one instant make a step. Dashes need points apart, not dense ones.
pub fn stepped_forecast(points: impl Iterator<Item = (Timestamp, f64)>, frame: &Frame) -> Vec<(f64, f64)> {
    let mut line: Vec<(f64, f64)> = vec![];
    for point in points.map(|point| frame.at(point)) {
        let is_dense = line.last().is_some_and(|(x, y)| point.0 - x < 2.0 && (point.1 - y).abs() < 1.0);
        if !is_dense {
            push(&mut line, point);
        }
    }
    line
}
