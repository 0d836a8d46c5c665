//! The budget that is left, over time: what was spent, by which incident, and what may come.
//!
//! Shares are of the whole budget: 1 is all of it, 0 none, and below zero it is overspent. Nothing
//! is ever cut off at zero. What was not measured is a band without a line, not a value.
//!
//! ```
//! use tocsin::{charts::{burn_down::{BurnDown, scene}, thin::Series, wall::Wall}, domain::time::Timestamp};
//!
//! let from = Timestamp::from_micros(1_790_000_000_000_000);
//! let now = from.plus_secs(30 * 86_400);
//! let left = Series::new(vec![(from, Some(1.0)), (from.plus_secs(9 * 86_400), Some(0.4)), (now, Some(0.35))]);
//! let data = BurnDown { title: "35 % of checkout's budget is left.".to_owned(), left, ..BurnDown::new(from, now, Wall::utc()) };
//! assert!(scene(&data, 700.0).desc.contains("lowest 35 percent left"));
//! ```

mod labels;
mod lines;
mod words;

pub use words::{readings, said, table};

use super::{
    Mark, Role, Scene, Shape, Standing, Tone,
    daily::{self, Daily},
    place::{Places, Rect},
    thin::Series,
    time_axis::TimeAxis,
    wall::Wall,
};
use crate::domain::time::Timestamp;

/// Everything the picture is made from. Build it with [`BurnDown::new`] and set what there is.
#[derive(Clone, Debug, PartialEq)]
pub struct BurnDown {
    /// The conclusion, in a sentence.
    pub title: String,
    /// Which window, as the description names it: `rolling 30 days`.
    pub window: String,
    /// Where the picture begins.
    pub from: Timestamp,
    pub now: Timestamp,
    /// Where it ends: as far ahead as the forecast is shown, at least `now`.
    pub until: Timestamp,
    /// What was left after each reading.
    pub left: Series,
    /// What was not measured, in order.
    pub gaps: Vec<Span>,
    /// Spending at an even pace, as a line through these points.
    pub even: Vec<(Timestamp, f64)>,
    pub forecast: Forecast,
    /// The value the line ends with, as it is written everywhere else.
    pub last: Option<Last>,
    /// Least and most that may be left, where a gap could matter.
    pub range: Option<(f64, f64)>,
    /// The share the plot reaches down to at least. Whoever shows live data hands in the last
    /// [`floor`], so that the scale grows at once and shrinks only when the page is loaded again.
    pub floor: f64,
    /// In order of time, numbered by it.
    pub flags: Vec<Flag>,
    pub returns: Vec<Return>,
    pub deploys: Vec<Deploy>,
    /// When something else began to be measured: another query, slice or window.
    pub anew: Vec<Timestamp>,
    /// What each day spent, beneath and over the same time.
    pub daily: Option<Daily>,
    pub wall: Wall,
}

/// From an instant up to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub from: Timestamp,
    pub to: Timestamp,
}

/// What is expected after now.
#[derive(Clone, Debug, PartialEq)]
pub enum Forecast {
    /// None can be made, and why: `measured for less than 3 days`.
    Unknown { why: String },
    Expected {
        /// What it takes for granted: `if INC-418 ended now`.
        assumption: String,
        line: Vec<(Timestamp, f64)>,
        /// The two ends of a wide interval, as lines.
        bounds: Vec<Vec<(Timestamp, f64)>>,
        /// When it runs out or comes back: one date, or two where the interval is wide.
        turns: Vec<Turn>,
    },
}

/// A date the forecast names, in one to three short lines: what, when, and why then.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    pub at: Timestamp,
    pub lines: Vec<String>,
}

/// `−7 %` over `3.1 min over`.
#[derive(Clone, Debug, PartialEq)]
pub struct Last {
    pub share: String,
    pub amount: String,
}

/// An incident that spent a share worth naming.
#[derive(Clone, Debug, PartialEq)]
pub struct Flag {
    pub number: u32,
    /// When it began to spend.
    pub at: Timestamp,
    /// What is said after its number: `payments`.
    pub words: String,
}

/// Budget that came back because old spending left the window.
#[derive(Clone, Debug, PartialEq)]
pub struct Return {
    pub at: Timestamp,
    /// `+12 points`.
    pub points: String,
    /// `INC-318 of 12 Oct left`.
    pub why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deploy {
    pub at: Timestamp,
    /// An incident began within half an hour after it.
    pub before_incident: bool,
}

impl BurnDown {
    /// A picture from an instant to now, with nothing in it.
    pub fn new(from: Timestamp, now: Timestamp, wall: Wall) -> Self {
        Self {
            title: String::new(),
            window: String::new(),
            from,
            now,
            until: now,
            left: Series::default(),
            gaps: vec![],
            even: vec![],
            forecast: Forecast::Unknown { why: String::new() },
            last: None,
            range: None,
            floor: 0.0,
            flags: vec![],
            returns: vec![],
            deploys: vec![],
            anew: vec![],
            daily: None,
            wall,
        }
    }

    /// The same, looked at from closer or further away.
    pub fn between(self, from: Timestamp, until: Timestamp) -> Self {
        Self { from, until, ..self }
    }
}

/// Below this width the picture is a phone's.
const NARROW: f64 = 520.0;
/// Above the line of 100 % stands a flag of an incident that spent from all of it.
const TOP: f64 = 36.0;
const AXIS_ROOM: f64 = 20.0;
const DEPLOY_ROOM: f64 = 24.0;

/// Where things stand.
struct Frame {
    axis: TimeAxis,
    top: f64,
    bottom: f64,
    /// The share that the lower edge stands for, zero or below.
    lowest: f64,
    is_narrow: bool,
}

impl Frame {
    fn y(&self, share: f64) -> f64 {
        self.bottom - (self.bottom - self.top) * (share.clamp(self.lowest, 1.0) - self.lowest) / (1.0 - self.lowest)
    }

    fn at(&self, (at, share): (Timestamp, f64)) -> (f64, f64) {
        (self.axis.x(at), self.y(share))
    }
}

/// The picture at a width in pixels.
pub fn scene(data: &BurnDown, width: f64) -> Scene {
    let is_narrow = width < NARROW;
    let left = if is_narrow { 46.0 } else { 60.0 };
    let axis = TimeAxis { from: data.from, until: data.until, left, right: (width - 8.0).max(left + 1.0) };
    let (height, lowest) = (if is_narrow { 200.0 } else { 264.0 }, floor(data));
    let frame = Frame { axis, top: TOP, bottom: height, lowest, is_narrow };
    let mut scene = Scene { width, title: data.title.clone(), desc: words::desc(data), ..Scene::default() };

    grid(&mut scene, &frame);
    let bands = gap_bands(data, &frame);
    for (rect, _) in &bands {
        scene.bar(Role::Gap, *rect);
    }
    let lines = lines::measured(data, &frame);
    lines.iter().for_each(|line| lines::areas(&mut scene, line, &frame));
    let ahead = forecast(&mut scene, data, &frame);
    let even = lines::within(&data.even, &frame);
    if even.len() > 1 {
        scene.marks.push(Mark { shape: Shape::Path(even.clone()), role: Role::Even });
    }
    scene.line(Role::Zero, (frame.axis.left, frame.y(0.0)), (frame.axis.right, frame.y(0.0)));
    lines.iter().for_each(|line| lines::strokes(&mut scene, line, &frame));
    // Where only the past is looked at, its edge is not how things stand.
    let end = data.left.last_at(data.now).filter(|(at, _)| frame.axis.holds(*at) && data.now <= data.until);
    if let Some((low, high)) = data.range
        && let Some((at, _)) = end
    {
        let x = frame.axis.x(at);
        scene.line(Role::Interval, (x, frame.y(low)), (x, frame.y(high)));
    }
    if let Some(end) = end {
        let (x, y) = frame.at(end);
        scene.marks.push(Mark { shape: Shape::Dot { x, y }, role: Role::Budget(standing(end.1)) });
    }
    if frame.axis.holds(data.now) && data.now < data.until {
        let x = frame.axis.x(data.now);
        scene.line(Role::Now, (x, frame.top - 8.0), (x, frame.bottom));
    }
    for at in data.anew.iter().filter(|at| frame.axis.holds(**at)) {
        scene.line(Role::Anew, (frame.axis.x(*at), frame.top - 8.0), (frame.axis.x(*at), frame.bottom));
    }

    let mut places =
        Places::new(Rect { left: frame.axis.left, top: 0.0, right: width, bottom: frame.bottom + if data.deploys.is_empty() { 0.0 } else { -2.0 } });
    let zero = [(frame.axis.left, frame.y(0.0)), (frame.axis.right, frame.y(0.0))];
    for line in lines.iter().map(Vec::as_slice).chain(ahead.iter().map(Vec::as_slice)).chain([zero.as_slice()]) {
        places.avoid(line);
    }
    labels::place(&mut scene, &mut places, data, &frame, &labels::Drawn { end, bands: &bands, ahead: &ahead, even: &even });

    let mut below = frame.bottom;
    below += deploys(&mut scene, data, &frame, below);
    if let Some(daily) = &data.daily {
        below += daily::beneath(&mut scene, daily, &frame.axis, below);
    }
    scene.labels.extend(frame.axis.labels(&data.wall, Some(data.now), below + AXIS_ROOM - 5.0));
    scene.height = below + AXIS_ROOM;
    scene.points = words::points(data, &frame.axis);
    scene
}

/// The share the plot reaches down to: what was or may be, rounded down to 5 %, and at least zero.
pub fn floor(data: &BurnDown) -> f64 {
    let shown = |at: Timestamp| (data.from..=data.until).contains(&at);
    let measured = data.left.extremes(data.from, data.until).map(|(low, _)| low);
    let expected = match &data.forecast {
        Forecast::Unknown { .. } => vec![],
        Forecast::Expected { line, bounds, .. } => line.iter().chain(bounds.iter().flatten()).filter(|(at, _)| shown(*at)).map(|(_, share)| *share).collect(),
    };
    let all = measured.into_iter().chain(expected).chain(data.range.map(|(low, _)| low)).chain(data.even.iter().map(|(_, share)| *share)).chain([data.floor]);
    let least = all.filter(|share| share.is_finite()).fold(0.0, f64::min);
    -(-least * 20.0 - 1e-9).ceil().max(0.0) / 20.0
}

fn standing(share: f64) -> Standing {
    if share < 0.0 { Standing::Overspent } else { Standing::Within }
}

/// Lines at 0, 25, 50, 75 and 100 %, further apart where less than nothing is left.
fn grid(scene: &mut Scene, frame: &Frame) {
    let room = |step: f64| frame.y(0.0) - frame.y(step);
    let step = [0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 50.0].into_iter().find(|step| room(*step) >= 26.0).unwrap_or(100.0);
    let mut share = (frame.lowest / step).ceil() * step;
    while share <= 1.0 + 1e-9 {
        let y = frame.y(share);
        let is_zero = share.abs() < 1e-9;
        if !is_zero {
            scene.line(Role::Grid, (frame.axis.left, y), (frame.axis.right, y));
        }
        let is_top = share > 1.0 - 1e-9;
        let words = if is_top { "100 %".to_owned() } else { words::percent(share) };
        scene.words(frame.axis.left - 8.0, y + 4.0, super::Anchor::End, words, if is_zero { Tone::Strong } else { Tone::Axis });
        share += step;
    }
    // Where a step is too far for it to be among them, all of the budget is still named.
    if step > 1.0 {
        scene.words(frame.axis.left - 8.0, frame.y(1.0) + 4.0, super::Anchor::End, "100 %", Tone::Axis);
    }
}

/// Bands of what was not measured, with the seconds of each: at least 3 px wide, and one where
/// they would be closer than 6 px.
fn gap_bands(data: &BurnDown, frame: &Frame) -> Vec<(Rect, i64)> {
    let mut bands: Vec<(Rect, i64)> = vec![];
    let now = data.now.min(data.until);
    for gap in data.gaps.iter().filter(|gap| gap.to > data.from && gap.from < now && gap.from < gap.to) {
        let (from, to) = (frame.axis.x(gap.from), frame.axis.x(gap.to.min(now)));
        let wide = (to - from).max(3.0).min(frame.axis.right - frame.axis.left);
        let left = from.min(frame.axis.right - wide);
        let secs = gap.to.secs_since(gap.from);
        match bands.last_mut() {
            Some((band, all)) if left - band.right < 6.0 => {
                band.right = band.right.max(left + wide);
                *all += secs;
            }
            _ => bands.push((Rect { left, top: frame.top, right: left + wide, bottom: frame.bottom }, secs)),
        }
    }
    bands
}

/// What lies between gaps, from one instant up to another.
pub fn between_gaps(gaps: &[Span], from: Timestamp, end: Timestamp) -> Vec<Span> {
    let mut start = from;
    let mut parts = vec![];
    for gap in gaps.iter().filter(|gap| gap.from < end && gap.to > from) {
        if gap.from >= start {
            parts.push(Span { from: start, to: gap.from });
        }
        // A reading at the very end of a gap is the first after it.
        start = start.max(gap.to);
    }
    if start <= end {
        parts.push(Span { from: start, to: end });
    }
    parts
}

/// Draws the forecast; returns its lines.
fn forecast(scene: &mut Scene, data: &BurnDown, frame: &Frame) -> Vec<Vec<(f64, f64)>> {
    let Forecast::Expected { line, bounds, .. } = &data.forecast else { return vec![] };
    // It goes on from where the measured line ends.
    let start = data.left.last_at(data.now);
    let joined = |line: &[(Timestamp, f64)]| {
        let whole: Vec<(Timestamp, f64)> = start.iter().copied().chain(line.iter().copied().filter(|(at, _)| *at >= data.now)).collect();
        lines::stepped_forecast(lines::cut(&whole, frame).into_iter(), frame)
    };
    let middle = joined(line);
    if middle.len() > 1 {
        let (below, zero): (Vec<_>, f64) = (lines::parts(&middle, frame.y(0.0)), frame.y(0.0));
        for (_, part) in below.into_iter().filter(|(standing, _)| *standing == Standing::Overspent) {
            let Some((first, last)) = part.first().copied().zip(part.last().copied()).filter(|(first, last)| last.0 > first.0) else { continue };
            let around = std::iter::once((first.0, zero)).chain(part).chain([(last.0, zero)]).collect();
            scene.marks.push(Mark { shape: Shape::Area(around), role: Role::Fill(Standing::Overspent) });
        }
    }
    let mut drawn = vec![];
    for (role, line) in std::iter::once((Role::Forecast, middle)).chain(bounds.iter().map(|bound| (Role::Bound, joined(bound)))) {
        if line.len() > 1 {
            scene.marks.push(Mark { shape: Shape::Path(line.clone()), role });
            drawn.push(line);
        }
    }
    drawn
}

/// A row of ticks; on a phone a count. Returns how high it is.
fn deploys(scene: &mut Scene, data: &BurnDown, frame: &Frame, top: f64) -> f64 {
    let shown: Vec<&Deploy> = data.deploys.iter().filter(|deploy| frame.axis.holds(deploy.at)).collect();
    if shown.is_empty() {
        return 0.0;
    }
    let risky = shown.iter().filter(|deploy| deploy.before_incident).count();
    if frame.is_narrow {
        let before = if risky > 0 { format!(", {risky} right before an incident") } else { String::new() };
        let words = crate::domain::wording::count(shown.len(), "deploy", "deploys") + &before;
        scene.words(frame.axis.left, top + 17.0, super::Anchor::Start, words, Tone::Note);
        return DEPLOY_ROOM;
    }
    scene.words(frame.axis.left - 8.0, top + 17.0, super::Anchor::End, "deploys", Tone::Axis);
    for deploy in &shown {
        let x = frame.axis.x(deploy.at);
        scene.line(Role::Deploy { before_incident: deploy.before_incident }, (x, top + 8.0), (x, top + 18.0));
    }
    let words = "thick: right before an incident";
    let last = shown.iter().map(|deploy| frame.axis.x(deploy.at)).fold(0.0, f64::max);
    if risky > 0 && last + 8.0 + super::place::width(words, Tone::Note) <= scene.width {
        scene.words(last + 8.0, top + 17.0, super::Anchor::Start, words, Tone::Note);
    }
    DEPLOY_ROOM
}

#[cfg(test)]
pub mod tests;
