//! Errors over time, a row for each service or operation, the one that failed most often on top.

use super::{
    Cell, FAILING, Frame, Happened, happened_lines,
    latency::{amount, runs},
    percent, step,
};
use crate::{
    charts::{
        Anchor, Role, Scene, Tone,
        place::{self, Rect},
        table::Table,
        wall::Wall,
    },
    domain::{
        telemetry::panels::{ErrorCell, ErrorMap, ErrorRow},
        time::Timestamp,
    },
};

/// More rows than this become a line of words.
pub const MOST_ROWS: usize = 8;
/// Fewer calls in a cell say little: it is hatched.
pub const FEW_CALLS: u64 = 20;
const ROW: f64 = 19.0;
const APART: f64 = 2.0;
/// Above the rows there is room for the triangles of deploys.
const ABOVE: f64 = 10.0;
/// A row that has been silent for so many columns up to the end says since when.
const SILENT_COLUMNS: usize = 3;

/// What is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorHeat {
    pub map: ErrorMap,
    pub title: String,
    pub happened: Vec<Happened>,
    /// When this was asked for: what is later cannot be missing.
    pub asked_at: Timestamp,
    pub wall: Wall,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    pub scene: Scene,
    pub frame: Frame,
    /// The upper and the lower edge of each row.
    pub rows: Vec<(f64, f64)>,
    pub cells: Vec<Cell>,
    /// `12 more, all under 0.5 %`.
    pub more: Option<String>,
}

/// What stands in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    NoData,
    Few,
    Enough,
}

impl Standing {
    pub fn of(cell: ErrorCell) -> Self {
        match cell.requests {
            0 => Standing::NoData,
            n if n < FEW_CALLS => Standing::Few,
            _ => Standing::Enough,
        }
    }
}

pub fn draw(heat: &ErrorHeat, frame: Frame, width: f64) -> Drawn {
    let shown = shown(heat);
    let bottom = ABOVE + (ROW + APART) * shown.len() as f64 - if shown.is_empty() { 0.0 } else { APART };
    let mut scene = Scene { width, height: bottom + super::AXIS_ROOM, title: heat.title.clone(), desc: desc(heat), ..Scene::default() };
    let (mut cells, mut rows) = (vec![], vec![]);
    for (place, row) in shown.iter().enumerate() {
        let top = ABOVE + (ROW + APART) * place as f64;
        rows.push((top, top + ROW));
        let known = in_frame(&heat.map, row, &frame);
        for (at, cell) in known.iter().enumerate() {
            if Standing::of(*cell) != Standing::NoData {
                let rect = Rect { left: frame.edge(at), right: frame.edge(at + 1), top, bottom: top + ROW };
                cells.push(Cell { column: at, row: place, rect, step: step(&FAILING, cell.errors as f64 / cell.requests as f64) });
            }
        }
        let over = (0..frame.columns).take_while(|column| frame.start(column + 1) <= heat.asked_at).count();
        let mut standing: Vec<Standing> = known.iter().map(|cell| Standing::of(*cell)).collect();
        // What is not over yet and holds nothing is left open.
        while standing.len() > over && standing.last() == Some(&Standing::NoData) {
            standing.pop();
        }
        for (role, wanted) in [(Role::Few, Standing::Few), (Role::Gap, Standing::NoData)] {
            for (from, to) in runs(&standing, wanted) {
                scene.bar(role, Rect { left: frame.edge(from), right: frame.edge(to), top, bottom: top + ROW });
            }
        }
        scene.words(frame.left - 8.0, top + ROW / 2.0 + 4.0, Anchor::End, shortened(name(row), frame.left - 10.0), Tone::Axis);
        silence(&mut scene, heat, row, &standing, &frame, top);
    }
    happened_lines(&mut scene, &frame, &heat.happened, ABOVE, bottom);
    scene.labels.extend(frame.labels(&heat.wall, &heat.happened, bottom + 15.0));
    Drawn { scene, frame, rows, cells, more: more(heat) }
}

/// The rows that are drawn.
pub fn shown(heat: &ErrorHeat) -> &[ErrorRow] {
    heat.map.rows.get(..MOST_ROWS.min(heat.map.rows.len())).unwrap_or_default()
}

/// Of a service, or of one of its operations.
pub fn name(row: &ErrorRow) -> &str {
    row.operation.as_deref().unwrap_or(&row.service)
}

/// The cells of a row in the columns of a frame.
pub fn in_frame(map: &ErrorMap, row: &ErrorRow, frame: &Frame) -> Vec<ErrorCell> {
    let mut cells = vec![ErrorCell::default(); frame.columns];
    for (at, cell) in map.columns.iter().zip(&row.cells) {
        if let Some(known) = frame.column_of(*at).and_then(|at| cells.get_mut(at)) {
            known.requests += cell.requests;
            known.errors += cell.errors;
        }
    }
    cells
}

/// Since when nothing came, where nothing came up to the end of what is over.
fn silence(scene: &mut Scene, heat: &ErrorHeat, row: &ErrorRow, standing: &[Standing], frame: &Frame, top: f64) {
    let Some((from, to)) = runs(standing, Standing::NoData).last().copied().filter(|(from, to)| *to == standing.len() && to - from >= SILENT_COLUMNS) else {
        return;
    };
    let words = silent_words(heat, row, frame.start(from), from == 0);
    let wide = place::width(&words, Tone::Note) + 8.0;
    let (left, right) = (frame.edge(from), frame.edge(to));
    let x = if right - left >= wide { left + 6.0 } else { (right - wide).max(frame.left + 2.0) };
    scene.words(x, top + ROW / 2.0 + 4.0, Anchor::Start, words, Tone::Note);
}

fn silent_words(heat: &ErrorHeat, row: &ErrorRow, from: Timestamp, always: bool) -> String {
    match row.last_seen {
        Some(at) if always => format!("no data since {}", heat.wall.short(at)),
        None if always => "no data in this time".to_owned(),
        Some(at) if at.secs_since(from) < 60 => format!("no data since {}", heat.wall.hour_minute(at)),
        _ => format!("no data since {}", heat.wall.hour_minute(from)),
    }
}

/// Names that do not fit keep both ends: those of one team often begin alike.
fn shortened(name: &str, room: f64) -> String {
    if place::width(name, Tone::Axis) <= room {
        return name.to_owned();
    }
    let letters: Vec<char> = name.chars().collect();
    for kept in (2..letters.len()).rev() {
        let (front, back) = (kept.div_ceil(2), kept / 2);
        let short: String = letters[..front].iter().chain(['…'].iter()).chain(&letters[letters.len() - back..]).collect();
        if place::width(&short, Tone::Axis) <= room {
            return short;
        }
    }
    letters.into_iter().take(1).collect()
}

fn more(heat: &ErrorHeat) -> Option<String> {
    let rest = heat.map.rows.get(MOST_ROWS..).filter(|rest| !rest.is_empty())?;
    let fine = rest.iter().all(|row| row.requests > 0 && (row.errors as f64) < FAILING[0] * row.requests as f64);
    Some(if fine { format!("{} more, all under {}", rest.len(), percent(FAILING[0])) } else { format!("{} more with fewer failed calls", rest.len()) })
}

/// What a cell says when somebody stands on it: `02:14 · 18 % of 1,460 calls fail`.
pub fn words(heat: &ErrorHeat, frame: &Frame, column: usize, row: usize) -> String {
    let from = frame.start(column);
    let clock = heat.wall.hour_minute(from);
    let time = if frame.step_s > 60 { format!("{clock}–{}", heat.wall.hour_minute(frame.start(column + 1))) } else { clock };
    let Some(row) = shown(heat).get(row) else { return time };
    let cell = in_frame(&heat.map, row, frame).get(column).copied().unwrap_or_default();
    let said = match Standing::of(cell) {
        Standing::NoData => "no data".to_owned(),
        Standing::Few => format!("{} of {} calls fail, few calls", amount(cell.errors), amount(cell.requests)),
        Standing::Enough => format!("{} of {} calls fail", percent(cell.errors as f64 / cell.requests as f64), amount(cell.requests)),
    };
    format!("{} · {time} · {said}", name(row))
}

fn desc(heat: &ErrorHeat) -> String {
    let rows: Vec<String> = shown(heat)
        .iter()
        .map(|row| match row.requests {
            0 => format!("{}: no data", name(row)),
            n => format!("{}: {} of {} calls fail", name(row), percent(row.errors as f64 / n as f64), amount(n)),
        })
        .collect();
    format!("Rows by failed calls, columns of {} min. {}.", heat.map.step_s / 60, rows.join("; "))
}

/// Every row with its figures and its worst column.
pub fn table(heat: &ErrorHeat, frame: &Frame) -> Table {
    let row = |row: &ErrorRow| {
        let cells = in_frame(&heat.map, row, frame);
        let worst = cells.iter().enumerate().filter(|(_, cell)| Standing::of(**cell) == Standing::Enough && cell.errors > 0);
        let worst = worst.max_by(|a, b| (a.1.errors * b.1.requests).cmp(&(b.1.errors * a.1.requests)));
        let worst = worst.map_or_else(String::new, |(at, cell)| {
            format!("{} at {}", percent(cell.errors as f64 / cell.requests as f64), heat.wall.hour_minute(frame.start(at)))
        });
        let share = if row.requests == 0 { "no data".to_owned() } else { percent(row.errors as f64 / row.requests as f64) };
        let seen = row.last_seen.map_or_else(|| "not in this time".to_owned(), |at| heat.wall.short(at));
        vec![name(row).to_owned(), amount(row.requests), amount(row.errors), share, worst, seen]
    };
    let of = if heat.map.rows.iter().any(|row| row.operation.is_some()) { "Operation" } else { "Service" };
    Table {
        caption: heat.title.clone(),
        columns: vec![(of, false), ("Calls", true), ("Failed", true), ("Share", true), ("Worst", true), ("Last seen", true)],
        rows: heat.map.rows.iter().map(row).collect(),
    }
}
