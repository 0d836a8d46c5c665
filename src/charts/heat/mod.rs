//! Time across, something down, how much as colour: the frame that several such pictures share so
//! that one vertical reads through all of them, their fixed ramps, what happened at an instant, and
//! the selection. Latency, its histogram and errors by service each have a file.
//!
//! Cells are said as steps of a ramp, never as colours, and are many: whoever draws puts them on a
//! canvas, and the [`Scene`](super::Scene) with axes, hatches and marks above it.

pub mod brush;
pub mod errors;
pub mod histogram;
pub mod latency;
pub mod rows;

use super::{
    Anchor, Label, Mark, Role, Scene, Shape, Tone,
    place::{self, Places, Rect},
    wall::Wall,
};
use crate::domain::{telemetry::panels::Range, time::Timestamp};

/// Room for the names of rows, the same in every picture that stands above another.
pub const GUTTER: f64 = 82.0;
/// A column is at least this wide, on a desk and under a thumb.
pub const NARROWEST: f64 = 4.0;
pub const NARROWEST_ON_PHONE: f64 = 5.0;
const MOST_COLUMNS: i64 = 240;
/// Whole minutes that a column may last.
const WIDTHS_MIN: [i64; 12] = [1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 720, 1440];
/// Beneath the plot stand the labels of time.
const AXIS_ROOM: f64 = 22.0;
/// How far two of them stand apart.
const BETWEEN: f64 = 12.0;

/// How long a column lasts so that all fit: the shortest whole minutes that leave each wide enough.
pub fn step_secs(range: Range, width: f64, narrowest: f64) -> i64 {
    let secs = range.to.secs_since(range.from).max(60);
    #[allow(clippy::cast_possible_truncation)] // pixels of a screen
    let fit = (((width - GUTTER) / narrowest) as i64).clamp(1, MOST_COLUMNS);
    let fits = |minutes: &i64| (secs + minutes * 60 - 1) / (minutes * 60) <= fit;
    WIDTHS_MIN.into_iter().find(fits).unwrap_or_else(|| (secs + fit * 86_400 - 1) / (fit * 86_400) * 1440) * 60
}

/// Where columns stand. Edges are whole pixels, so that cells leave no seams.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    pub from: Timestamp,
    pub step_s: i64,
    pub columns: usize,
    pub left: f64,
    pub right: f64,
}

impl Frame {
    /// The frame of a range that is drawn this wide, gutter included. Columns begin at whole steps,
    /// so the first may begin before the range does.
    pub fn new(range: Range, step_s: i64, width: f64) -> Self {
        let step_s = step_s.max(1);
        let first = range.from.epoch_secs().div_euclid(step_s) * step_s;
        let secs = (range.to.epoch_secs() - first).max(1);
        let columns = usize::try_from((secs + step_s - 1) / step_s).unwrap_or(1);
        let from = Timestamp::from_micros(first * 1_000_000);
        Self { from, step_s, columns, left: GUTTER, right: (width - 1.0).floor().max(GUTTER + 1.0) }
    }

    pub fn until(&self) -> Timestamp {
        self.start(self.columns)
    }

    /// Where a column's left edge lies; that of the first one that is no more is the right edge.
    pub fn edge(&self, column: usize) -> f64 {
        (self.left + (self.right - self.left) * column.min(self.columns) as f64 / self.columns.max(1) as f64).round()
    }

    /// When a column begins.
    pub fn start(&self, column: usize) -> Timestamp {
        self.from.plus_secs(self.step_s * i64::try_from(column).unwrap_or(0))
    }

    /// The column an instant lies in.
    pub fn column_of(&self, at: Timestamp) -> Option<usize> {
        let micros = at.micros_since(self.from);
        usize::try_from(micros.div_euclid(self.step_s * 1_000_000)).ok().filter(|column| *column < self.columns)
    }

    /// The column beneath a pixel; outside it is the nearest.
    pub fn column_at(&self, x: f64) -> usize {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a share of a handful of columns, cut at zero
        let near = ((x - self.left) / (self.right - self.left) * self.columns as f64).max(0.0) as usize;
        // Edges are rounded, so the neighbour may be the one.
        let near = near.min(self.columns.saturating_sub(1));
        if x < self.edge(near) {
            near.saturating_sub(1)
        } else if x >= self.edge(near + 1) {
            (near + 1).min(self.columns.saturating_sub(1))
        } else {
            near
        }
    }

    pub fn x(&self, at: Timestamp) -> f64 {
        let secs = at.micros_since(self.from) as f64 / 1e6;
        let long = self.step_s as f64 * self.columns as f64;
        self.left + (self.right - self.left) * (secs / long).clamp(0.0, 1.0)
    }

    pub fn holds(&self, at: Timestamp) -> bool {
        (self.from..=self.until()).contains(&at)
    }

    /// At most six labels of time: both ends, what happened, and round steps where there is room.
    /// The zone stands on the last.
    fn labels(&self, wall: &Wall, happened: &[Happened], y: f64) -> Vec<Label> {
        let long = self.until().secs_since(self.from) > 86_400;
        let name = |at: Timestamp| if long { wall.short(at) } else { wall.hour_minute(at) };
        let label = |x: f64, anchor, words: String| Label { x, y, anchor, words, tone: Tone::Axis };
        let mut kept = vec![label(self.right, Anchor::End, format!("{} {}", name(self.until()), wall.zone))];
        let put = |kept: &mut Vec<Label>, label: Label| {
            let rect = label.rect();
            let wide = Rect { left: rect.left - BETWEEN, right: rect.right + BETWEEN, ..rect };
            let inside = rect.left >= self.left - 0.5 && rect.right <= self.right + 0.5;
            let free = inside && kept.len() < super::MOST_LABELS && !kept.iter().any(|other| other.rect().touches(&wide));
            if free {
                kept.push(label);
            }
            free
        };
        put(&mut kept, label(self.left, Anchor::Start, name(self.from)));
        for at in happened.iter().filter(|it| it.what == What::Impact).map(|it| it.at) {
            put(&mut kept, label(self.x(at), Anchor::Middle, name(at)));
        }
        let secs = self.until().secs_since(self.from);
        let strides = [300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800];
        let fit = ((self.right - self.left) / 90.0).clamp(1.0, 5.0);
        if let Some(stride) = strides.into_iter().find(|stride| secs as f64 / *stride as f64 <= fit) {
            let midnight = wall.day_start(self.from);
            let first = self.from.secs_since(midnight) / stride + 1;
            for at in (first..first + 8).map(|n| midnight.plus_secs(n * stride)).take_while(|at| *at < self.until()) {
                put(&mut kept, label(self.x(at), Anchor::Middle, name(at)));
            }
        }
        kept.sort_by(|a, b| a.x.total_cmp(&b.x));
        kept
    }
}

/// Something at an instant that every picture over time shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Happened {
    pub at: Timestamp,
    pub what: What,
    /// `payments v2.41.0`, `impact starts`.
    pub words: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Deploy,
    Impact,
}

/// Lines of what happened from `top` to `bottom`, deploys with their triangle upon `top`.
fn happened_lines(scene: &mut Scene, frame: &Frame, happened: &[Happened], top: f64, bottom: f64) {
    for it in happened.iter().filter(|it| frame.holds(it.at)) {
        let x = frame.x(it.at).round() + 0.5;
        match it.what {
            What::Impact => scene.line(Role::Impact, (x, top), (x, bottom)),
            What::Deploy => {
                scene.line(Role::Shipped, (x, top), (x, bottom));
                let sign = vec![(x - 5.0, top - 7.0), (x + 5.0, top - 7.0), (x, top)];
                scene.marks.push(Mark { shape: Shape::Area(sign), role: Role::Shipped });
            }
        }
    }
}

/// The words of what happened, in the row above `top`: where two would lie upon each other the
/// later one stays without, and says itself when asked.
fn happened_words(scene: &mut Scene, frame: &Frame, happened: &[Happened], top: f64, height: f64) {
    let mut places = Places::new(Rect { left: 0.0, top: top - height, right: scene.width, bottom: top });
    let mut ordered: Vec<&Happened> = happened.iter().filter(|it| frame.holds(it.at)).collect();
    // Where it began to hurt is named before any deploy is.
    ordered.sort_by_key(|it| (it.what != What::Impact, it.at));
    for it in &ordered {
        let x = frame.x(it.at);
        if it.what == What::Deploy {
            places.take(Rect::new(x - 3.0, top - 8.0, 6.0, 8.0));
        }
    }
    for it in ordered {
        let (x, wide) = (frame.x(it.at), place::width(&it.words, Tone::Figure));
        let away = if it.what == What::Deploy { 9.0 } else { 4.0 };
        let near = |left: f64| Rect::new(left, top - 16.0, wide, 14.0);
        let wanted = match it.what {
            What::Deploy => [(near(x - away - wide), Anchor::End), (near(x + away), Anchor::Start)],
            What::Impact => [(near(x + away), Anchor::Start), (near(x - away - wide), Anchor::End)],
        };
        if let Some((rect, anchor)) = places.put(wanted) {
            let x = if anchor == Anchor::End { rect.right } else { rect.left };
            scene.words(x, top - 4.0, anchor, it.words.clone(), Tone::Figure);
        }
    }
}

/// Which colours a ramp has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ramp {
    Calls,
    Errors,
}

impl Ramp {
    pub const fn steps(self) -> usize {
        match self {
            Ramp::Calls => 6,
            Ramp::Errors => 5,
        }
    }

    /// The name of a step's colour in the style sheet; step 0 is what was measured and is fine.
    pub fn variable(self, step: usize) -> String {
        match (self, step) {
            (Ramp::Calls, 0) => "--surface".to_owned(),
            (Ramp::Errors, 0) => "--surface-2".to_owned(),
            (Ramp::Calls, step) => format!("--calls-{step}"),
            (Ramp::Errors, step) => format!("--failing-{step}"),
        }
    }
}

/// Calls a minute from which on the steps of the ramp begin, and what they are multiplied with:
/// whole decades by the traffic of the range, so that two people see the same picture.
pub const CALLS: [f64; 6] = [1.0, 3.0, 10.0, 30.0, 100.0, 200.0];
/// Shares from which on the steps of the ramp begin.
pub const FAILING: [f64; 5] = [0.005, 0.01, 0.05, 0.15, 0.30];

/// What the limits of [`CALLS`] are multiplied with at so many calls a minute.
pub fn scale(calls_per_minute: f64) -> f64 {
    if calls_per_minute <= 0.0 {
        return 1.0;
    }
    #[allow(clippy::cast_possible_truncation)] // a handful of decades
    let decades = (calls_per_minute / 1000.0).log10().ceil().clamp(-2.0, 6.0) as i32;
    10_f64.powi(decades)
}

/// The step of a ramp that a value stands on: 0 is below the first limit.
pub fn step(limits: &[f64], value: f64) -> usize {
    limits.iter().take_while(|limit| value >= **limit).count()
}

/// A rectangle of the canvas, in whole pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    pub column: usize,
    pub row: usize,
    pub rect: Rect,
    pub step: usize,
}

/// Outlines of all cells of one step, as one path: what a canvas fills in one go.
pub fn path(cells: &[Cell], step: usize) -> String {
    use std::fmt::Write;
    let mut path = String::new();
    for Cell { rect, .. } in cells.iter().filter(|cell| cell.step == step) {
        let _ = write!(path, "M{} {}h{}v{}h-{}z", rect.left, rect.top, rect.width(), rect.bottom - rect.top, rect.width());
    }
    path
}

/// A number of seconds as it is read: `12 ms`, `1.3 s`, `4 min`.
pub fn seconds(secs: f64) -> String {
    let two = |value: f64| {
        let text = if value < 9.95 { format!("{value:.1}") } else { format!("{value:.0}") };
        text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
    };
    match secs {
        secs if secs < 0.000_999_5 => format!("{} µs", two(secs * 1e6)),
        secs if secs < 0.999_5 => format!("{} ms", two(secs * 1e3)),
        secs if secs < 119.5 => format!("{} s", two(secs)),
        secs => format!("{} min", two(secs / 60.0)),
    }
}

/// A share as it is read: `0.2 %`, `38 %`; never 0 for what is not nothing.
pub fn percent(share: f64) -> String {
    match share * 100.0 {
        p if p <= 0.0 => "0 %".to_owned(),
        p if p < 0.05 => "under 0.1 %".to_owned(),
        p if p < 9.95 => {
            let text = format!("{p:.1}");
            format!("{} %", text.strip_suffix(".0").unwrap_or(&text))
        }
        p => format!("{p:.0} %"),
    }
}

#[cfg(test)]
pub mod tests;
