//! Latency over time: how many calls took how long in each column.

use super::{CALLS, Cell, Frame, Happened, happened_lines, happened_words, rows::Rows, scale, seconds, step};
use crate::{
    charts::{Anchor, Mark, Role, Scene, Shape, Tone, table::Table, wall::Wall},
    domain::{telemetry::panels::Latency, time::Timestamp, wording::grouped},
};

/// What is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct LatencyHeat {
    pub latency: Latency,
    /// The conclusion, in a sentence.
    pub title: String,
    pub threshold_s: Option<f64>,
    pub happened: Vec<Happened>,
    /// Lines of the median, the 95th and the 99th percentile.
    pub lines: bool,
    /// When this was asked for: what is later cannot be missing.
    pub asked_at: Timestamp,
    pub wall: Wall,
}

/// The picture with what it is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    pub scene: Scene,
    pub frame: Frame,
    pub rows: Rows,
    pub cells: Vec<Cell>,
    /// What the limits of the ramp are multiplied with.
    pub scale: f64,
}

/// Above the plot stand the words of what happened.
pub const ABOVE: f64 = 20.0;
const BELOW: f64 = super::AXIS_ROOM;

pub fn draw(heat: &LatencyHeat, frame: Frame, width: f64) -> Drawn {
    let latency = &heat.latency;
    let rows = Rows::of(latency, ABOVE);
    let minutes = frame.step_s as f64 / 60.0;
    let scale = scale(latency.now.requests as f64 / (minutes * frame.columns.max(1) as f64));
    let limits = CALLS.map(|limit| limit * scale);
    let mut cells = vec![];
    for column in &latency.columns {
        let Some(at) = frame.column_of(column.at) else { continue };
        let (left, right) = (frame.edge(at), frame.edge(at + 1));
        for (place, row) in rows.rows.iter().enumerate() {
            let count = rows.count(row, &column.counts);
            if count > 0 {
                // A single call is never nothing, however wide its column is.
                let step = step(&limits, count as f64 / minutes).max(1);
                cells.push(Cell { column: at, row: place, rect: crate::charts::place::Rect { left, right, top: row.top, bottom: row.bottom }, step });
            }
        }
    }
    let mut scene = Scene { width, height: rows.bottom + BELOW, title: heat.title.clone(), desc: desc(heat), ..Scene::default() };
    scene.line(Role::Grid, (frame.left, rows.top), (frame.right, rows.top));
    scene.line(Role::Grid, (frame.left, rows.bottom), (frame.right, rows.bottom));
    // Where nothing was measured at all is not the same as where nobody called slowly.
    for (from, to) in gaps(latency, &frame, heat.asked_at) {
        scene.bar(Role::Gap, crate::charts::place::Rect { left: frame.edge(from), top: rows.top, right: frame.edge(to), bottom: rows.bottom });
    }
    axis(&mut scene, &rows, frame.left);
    if heat.lines {
        lines(&mut scene, heat, &frame, &rows);
    }
    if let Some(threshold) = heat.threshold_s.filter(|threshold| rows.shows(*threshold)) {
        let y = rows.y(threshold).round() + 0.5;
        scene.line(Role::Threshold, (frame.left, y), (frame.right, y));
        scene.words(frame.left + 4.0, y - 5.0, Anchor::Start, format!("objective {}", seconds(threshold)), Tone::Note);
    }
    happened_lines(&mut scene, &frame, &heat.happened, rows.top, rows.bottom);
    happened_words(&mut scene, &frame, &heat.happened, rows.top, ABOVE);
    scene.labels.extend(frame.labels(&heat.wall, &heat.happened, rows.bottom + 15.0));
    Drawn { scene, frame, rows, cells, scale }
}

/// The names of the decades, and of the rows at the ends.
fn axis(scene: &mut Scene, rows: &Rows, left: f64) {
    let x = left - 8.0;
    let mut last = f64::INFINITY;
    for (secs, y) in &rows.decades {
        // A decade that would lie upon the one below it stays without its name.
        if last - y < 14.0 {
            continue;
        }
        last = *y;
        scene.words(x, (y + 4.0).clamp(rows.top + 9.0, rows.bottom + 1.0), Anchor::End, seconds(*secs), Tone::Axis);
    }
    for row in &rows.rows {
        let words = match (row.from_s, row.to_s) {
            (None, Some(to)) => format!("under {}", seconds(to)),
            (Some(from), None) => format!("over {}", seconds(from)),
            _ => continue,
        };
        // The name of the row takes the place of the decade it ends at.
        let edge = row.from_s.or(row.to_s).map(seconds);
        scene.labels.retain(|label| Some(&label.words) != edge.as_ref());
        scene.words(x, row.bottom, Anchor::End, words, Tone::Axis);
    }
}

/// Runs of columns that are over and in which nothing was measured, as (first, one after the last).
pub fn gaps(latency: &Latency, frame: &Frame, asked_at: Timestamp) -> Vec<(usize, usize)> {
    let mut measured: Vec<bool> = (0..frame.columns).map(|column| frame.start(column + 1) > asked_at).collect();
    for column in latency.columns.iter().filter(|column| column.requests > 0) {
        if let Some(known) = frame.column_of(column.at).and_then(|at| measured.get_mut(at)) {
            *known = true;
        }
    }
    runs(&measured, false)
}

/// Runs of a value, as (first, one after the last).
pub(super) fn runs<T: PartialEq + Copy>(values: &[T], wanted: T) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = vec![];
    for at in values.iter().enumerate().filter(|(_, value)| **value == wanted).map(|(at, _)| at) {
        match runs.last_mut() {
            Some((_, end)) if *end == at => *end = at + 1,
            _ => runs.push((at, at + 1)),
        }
    }
    runs
}

/// The percentiles of each column, broken where nothing was measured.
fn lines(scene: &mut Scene, heat: &LatencyHeat, frame: &Frame, rows: &Rows) {
    type Of = fn(&crate::domain::telemetry::panels::LatencyColumn) -> Option<f64>;
    let of: [(&str, Role, Of); 3] = [
        ("p50", Role::Percentile(50), |column| column.p50_s),
        ("p95", Role::Percentile(95), |column| column.p95_s),
        ("p99", Role::Percentile(99), |column| column.p99_s),
    ];
    for (name, role, value) in of {
        let mut points: Vec<Option<(f64, f64)>> = vec![None; frame.columns];
        for column in &heat.latency.columns {
            if let (Some(at), Some(secs)) = (frame.column_of(column.at), value(column)) {
                points[at] = Some((f64::midpoint(frame.edge(at), frame.edge(at + 1)), rows.y(secs)));
            }
        }
        for run in points.split(Option::is_none).filter(|run| !run.is_empty()) {
            let run: Vec<(f64, f64)> = run.iter().flatten().copied().collect();
            let shape = if let [(x, y)] = run.as_slice() { Shape::Dot { x: *x, y: *y } } else { Shape::Path(run) };
            scene.marks.push(Mark { shape, role });
        }
        if let Some((x, y)) = points.iter().flatten().next() {
            scene.words(x + 2.0, y - 3.0, Anchor::Start, name, Tone::Strong);
        }
    }
}

/// What a cell says when somebody stands on it.
pub fn words(heat: &LatencyHeat, drawn: &Drawn, column: usize, row: usize) -> String {
    let from = drawn.frame.start(column);
    let time = span(heat, drawn.frame.step_s, from);
    let Some(known) = heat.latency.columns.iter().find(|known| drawn.frame.column_of(known.at) == Some(column)).filter(|known| known.requests > 0) else {
        return format!("{time} · nothing was measured");
    };
    let Some(band) = drawn.rows.rows.get(row) else { return time };
    let count = drawn.rows.count(band, &known.counts);
    format!("{time} · {} · {} of {} calls", band_words(band.from_s, band.to_s), amount(count), amount(known.requests))
}

fn span(heat: &LatencyHeat, step_s: i64, from: Timestamp) -> String {
    let clock = heat.wall.hour_minute(from);
    if step_s > 60 { format!("{clock}–{}", heat.wall.hour_minute(from.plus_secs(step_s))) } else { clock }
}

/// `1.3–3.2 s`, `240–320 ms`, `over 10 s`.
pub fn band_words(from_s: Option<f64>, to_s: Option<f64>) -> String {
    match (from_s, to_s) {
        (None, None) => "any duration".to_owned(),
        (None, Some(to)) => format!("under {}", seconds(to)),
        (Some(from), None) => format!("over {}", seconds(from)),
        (Some(from), Some(to)) => {
            let (from, to) = (seconds(from), seconds(to));
            match (from.split_once(' '), to.split_once(' ')) {
                (Some((number, unit)), Some((_, other))) if unit == other => format!("{number}–{to}"),
                _ => format!("{from}–{to}"),
            }
        }
    }
}

pub(super) fn amount(n: u64) -> String {
    grouped(usize::try_from(n).unwrap_or(usize::MAX))
}

fn desc(heat: &LatencyHeat) -> String {
    let latency = &heat.latency;
    let of = |value: Option<f64>| value.map_or_else(|| "not measured".to_owned(), seconds);
    format!(
        "Columns of {} min from left to right, durations from below; the darker a cell, the more calls. {} calls in all; median {}, 95th percentile {}, 99th {}.",
        latency.step_s / 60,
        amount(latency.now.requests),
        of(latency.now.p50_s),
        of(latency.now.p95_s),
        of(latency.now.p99_s)
    )
}

/// Each column in a row: calls, errors, percentiles, and how much was slower than the objective.
pub fn table(heat: &LatencyHeat, frame: &Frame) -> Table {
    let of = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), seconds);
    let row = |at: usize| {
        let from = frame.start(at);
        let time = span(heat, frame.step_s, from);
        match heat.latency.columns.iter().find(|column| frame.column_of(column.at) == Some(at)).filter(|column| column.requests > 0) {
            Some(column) => vec![time, amount(column.requests), amount(column.errors), of(column.p50_s), of(column.p95_s), of(column.p99_s)],
            None => vec![time, "nothing was measured".to_owned(), String::new(), String::new(), String::new(), String::new()],
        }
    };
    Table {
        caption: heat.title.clone(),
        columns: vec![("Time", false), ("Calls", true), ("Failed", true), ("p50", true), ("p95", true), ("p99", true)],
        rows: (0..frame.columns).map(row).collect(),
    }
}
