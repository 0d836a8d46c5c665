//! Numbers in, a picture out: a [`Scene`] of marks with positions and roles, labels that are
//! placed, and sentences that say the same in words. Nothing here knows a colour or a screen.
//!
//! Coordinates are pixels from the upper left corner, x to the right and y downwards. Whoever
//! draws asks again when the width changes; nothing is ever scaled, so that letters keep their size.

//!
//! Incidents by ISO week, stacked by severity, are [`columns`] with the step of a week.

pub mod bar;
pub mod burn;
pub mod burn_down;
pub mod columns;
pub mod daily;
pub mod days;
pub mod graph;
pub mod heat;
pub mod medians;
pub mod moments;
pub mod place;
pub mod spark;
pub mod spread;
pub mod table;
pub mod thin;
pub mod time_axis;
pub mod view;
pub mod wall;
pub mod waterfall;

use crate::domain::{
    metrics::{Bucket, Step, words},
    severity::Severity,
};
use std::{fmt, sync::Arc};

/// A picture, ready to be painted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    pub width: f64,
    pub height: f64,
    /// What is to be seen in it, in a sentence.
    pub title: String,
    /// What it is made from, and how it is to be read.
    pub desc: String,
    pub marks: Vec<Mark>,
    pub labels: Vec<Label>,
    /// What the reader moves along, from left to right.
    pub points: Vec<Point>,
}

/// Something that is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    pub shape: Shape,
    pub role: Role,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    Bar {
        x: f64,
        y: f64,
        width: f64,
        height: f64,
    },
    Line {
        from: (f64, f64),
        to: (f64, f64),
    },
    /// A line through all these points.
    Path(Vec<(f64, f64)>),
    /// What these points enclose.
    Area(Vec<(f64, f64)>),
    Dot {
        x: f64,
        y: f64,
    },
    /// The sign of a severity, around this point.
    Sign {
        x: f64,
        y: f64,
    },
}

/// What a mark stands for; the painter knows how it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Grid,
    /// The line that zero is on.
    Base,
    Severity(Option<Severity>),
    /// From a label to what it names.
    Leader,
    Median,
    /// Where the median may lie as well.
    Interval,
    /// One value of a step that has too few for a median.
    Single,
    /// The line of the budget that is left, and its end.
    Budget(Standing),
    /// What lies between that line and zero.
    Fill(Standing),
    /// Zero, heavy: where the budget is spent.
    Zero,
    /// Spending at an even pace.
    Even,
    Forecast,
    /// How far the forecast may be off.
    Bound,
    /// The instant the picture was made for.
    Now,
    /// What was not measured.
    Gap,
    /// From here on something else was measured.
    Anew,
    /// The box that carries an incident's number, and the line it stands on.
    Flag,
    Stem,
    /// A deploy; `before_incident` when an incident began soon after.
    Deploy {
        before_incident: bool,
    },
    /// What a day spent.
    Spent,
    /// The even pace of a day, or the value at which an alert fires.
    Threshold,
    /// Over the short and over the long window of an alert.
    Short,
    Long,
    /// The room a bar may fill.
    Track,
    /// The end of a bar that goes on.
    Notch,
    /// How much a day spent, from 0 (nothing) to 4.
    Heat(u8),
    /// How many values lie in a step.
    Count,
    /// Nine of ten values are below it.
    Ninth,
    /// So few calls that their share says little.
    Few,
    /// Where it began to hurt.
    Impact,
    /// Something was deployed: a dashed line and its triangle.
    Shipped,
    /// The share of calls in a row, and the same in the baseline.
    Share,
    ShareBefore,
    /// So many of a hundred values are below it.
    Percentile(u8),
}

impl Role {
    pub fn slug(self) -> &'static str {
        match self {
            Role::Grid => "grid",
            Role::Base => "base",
            Role::Severity(_) => "severity",
            Role::Leader => "leader",
            Role::Median => "median",
            Role::Interval => "interval",
            Role::Single => "single",
            Role::Budget(_) => "budget",
            Role::Fill(_) => "fill",
            Role::Zero => "zero",
            Role::Even => "even",
            Role::Forecast => "forecast",
            Role::Bound => "bound",
            Role::Now => "now",
            Role::Gap => "gap",
            Role::Anew => "anew",
            Role::Flag => "flag",
            Role::Stem => "stem",
            Role::Deploy { before_incident: false } => "deploy",
            Role::Deploy { before_incident: true } => "deploy-before",
            Role::Spent => "spent",
            Role::Threshold => "threshold",
            Role::Short => "short",
            Role::Long => "long",
            Role::Track => "track",
            Role::Notch => "notch",
            Role::Heat(0) => "heat-0",
            Role::Heat(1) => "heat-1",
            Role::Heat(2) => "heat-2",
            Role::Heat(3) => "heat-3",
            Role::Heat(_) => "heat-4",
            Role::Count => "count",
            Role::Ninth => "ninth",
            Role::Few => "few",
            Role::Impact => "impact",
            Role::Shipped => "shipped",
            Role::Share => "share",
            Role::ShareBefore => "share-before",
            Role::Percentile(50) => "p50",
            Role::Percentile(95) => "p95",
            Role::Percentile(_) => "p99",
        }
    }

    /// What a mark about a budget says about it.
    pub fn standing(self) -> Option<Standing> {
        if let Role::Budget(standing) | Role::Fill(standing) = self { Some(standing) } else { None }
    }
}

/// How an objective stands. A word and a sign always say the same as the colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    #[default]
    Within,
    /// Little is left, or it runs out within the window at this pace.
    Low,
    Overspent,
}

impl Standing {
    /// What is not measured is drawn like what is within, with its gaps.
    pub fn of(standing: crate::domain::slo::report::Standing) -> Self {
        use crate::domain::slo::report::Standing as Said;
        match standing {
            Said::Overspent => Standing::Overspent,
            Said::Low => Standing::Low,
            Said::Within | Said::NotMeasured => Standing::Within,
        }
    }

    pub fn slug(self) -> &'static str {
        match self {
            Standing::Within => "within",
            Standing::Low => "low",
            Standing::Overspent => "overspent",
        }
    }
}

/// Words at a place; `y` is their base line.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    pub x: f64,
    pub y: f64,
    pub anchor: Anchor,
    pub words: String,
    pub tone: Tone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    pub fn slug(self) -> &'static str {
        match self {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// On an axis.
    Axis,
    /// A figure.
    Figure,
    /// A figure on a filled mark.
    Inside,
    /// Words that are read before the others.
    Strong,
    /// Words beside a mark, read last.
    Note,
    /// The last value.
    Last,
    /// The last value, below zero.
    LastOver,
    /// What the last value is in its own unit, below zero.
    Over,
    /// The number in a flag.
    Flag,
}

impl Tone {
    pub fn slug(self) -> &'static str {
        match self {
            Tone::Axis => "axis",
            Tone::Figure => "figure",
            Tone::Inside => "inside",
            Tone::Strong => "strong",
            Tone::Note => "note",
            Tone::Last => "last",
            Tone::LastOver => "last-over",
            Tone::Over => "over",
            Tone::Flag => "flag",
        }
    }

    /// In pixels; the style sheet draws letters of this size.
    pub fn size(self) -> f64 {
        if matches!(self, Tone::Last | Tone::LastOver) { 20.0 } else { 12.0 }
    }

    pub fn is_bold(self) -> bool {
        match self {
            Tone::Axis | Tone::Figure | Tone::Note => false,
            Tone::Inside | Tone::Strong | Tone::Last | Tone::LastOver | Tone::Over | Tone::Flag => true,
        }
    }
}

/// A stop on the way through a picture: the band it covers, and what is said there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Point {
    pub left: f64,
    pub width: f64,
    pub words: Words,
    /// The instant it stands for, along an axis of time that can be looked at more closely.
    pub at: Option<crate::domain::time::Timestamp>,
    /// The number of its day; 0 throughout where points are whole days or longer.
    pub day: i64,
    /// The numbers of the flags that stand here.
    pub flags: Vec<u32>,
}

/// What is said at a stop. A picture has a thousand stops and people come to a few of them: words
/// that take time to make are made when they are asked for.
#[derive(Clone)]
pub enum Words {
    Said(String),
    Asked(Arc<dyn Fn() -> String + Send + Sync>),
}

impl Words {
    pub fn say(&self) -> String {
        match self {
            Words::Said(words) => words.clone(),
            Words::Asked(make) => make(),
        }
    }
}

impl From<String> for Words {
    fn from(words: String) -> Self {
        Words::Said(words)
    }
}

impl Default for Words {
    fn default() -> Self {
        Words::Said(String::new())
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Words").field(&self.say()).finish()
    }
}

/// Words that are yet to be made are the same where they are made by the same.
impl PartialEq for Words {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Words::Said(a), Words::Said(b)) => a == b,
            (Words::Asked(a), Words::Asked(b)) => Arc::ptr_eq(a, b),
            (Words::Said(_), Words::Asked(_)) | (Words::Asked(_), Words::Said(_)) => false,
        }
    }
}

impl Scene {
    fn line(&mut self, role: Role, from: (f64, f64), to: (f64, f64)) {
        self.marks.push(Mark { shape: Shape::Line { from, to }, role });
    }

    fn bar(&mut self, role: Role, rect: place::Rect) {
        let (width, height) = (rect.width(), rect.bottom - rect.top);
        self.marks.push(Mark { shape: Shape::Bar { x: rect.left, y: rect.top, width, height }, role });
    }

    fn words(&mut self, x: f64, y: f64, anchor: Anchor, words: impl Into<String>, tone: Tone) {
        self.labels.push(Label { x, y, anchor, words: words.into(), tone });
    }

    /// Where a step by a whole day leads from a point: to the first point of the next day, or of
    /// this one and then of the day before.
    pub fn by_day(&self, from: usize, forward: bool) -> usize {
        let Some(here) = self.points.get(from) else { return 0 };
        let first_of = |day: i64| self.points.iter().position(|point| point.day == day);
        if forward {
            return self.points.iter().position(|point| point.day > here.day).unwrap_or(self.points.len() - 1);
        }
        match first_of(here.day) {
            Some(first) if first < from => first,
            _ => self.points[..from].last().and_then(|before| first_of(before.day)).unwrap_or(0),
        }
    }

    /// The point at which a flag stands.
    pub fn flagged(&self, number: u32) -> Option<usize> {
        self.points.iter().position(|point| point.flags.contains(&number))
    }

    /// The point that `x` lies nearest to.
    pub fn nearest(&self, x: f64) -> Option<usize> {
        let distance = |point: &Point| (point.left + point.width / 2.0 - x).abs();
        (0..self.points.len()).min_by(|a, b| distance(&self.points[*a]).total_cmp(&distance(&self.points[*b])))
    }
}

const HEIGHT: f64 = 232.0;
/// Room above the highest mark for its figure.
const ABOVE: f64 = 20.0;
/// Below it stand the labels of the x axis.
const AXIS_ROOM: f64 = 22.0;
/// How wide a label of the x axis is at most, with its distance to the next.
const LABEL_WIDTH: f64 = 66.0;
const MOST_LABELS: usize = 6;

/// Where columns stand: equal bands from the left edge of the plot to its right edge.
#[derive(Clone, Copy)]
struct Bands {
    left: f64,
    width: f64,
    n: usize,
}

impl Bands {
    #[allow(clippy::cast_precision_loss)] // a handful of columns
    fn band(&self) -> f64 {
        self.width / self.n.max(1) as f64
    }

    #[allow(clippy::cast_precision_loss)] // as above
    fn start(&self, at: usize) -> f64 {
        self.left + self.band() * at as f64
    }

    fn middle(&self, at: usize) -> f64 {
        self.start(at) + self.band() / 2.0
    }
}

/// The names of some steps beneath the plot, the last one always among them: at most six.
fn axis_labels(buckets: &[Bucket], step: Step, bands: Bands, y: f64) -> Vec<Label> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a small positive number
    let fit = ((bands.width / LABEL_WIDTH) as usize).clamp(1, MOST_LABELS);
    let every = buckets.len().div_ceil(fit).max(1);
    let last = buckets.len().saturating_sub(1);
    let label = |(at, bucket): (usize, &Bucket)| {
        // Words in the middle of the outermost columns would stick out of the plot.
        let (x, anchor) = match at {
            0 if bands.band() < LABEL_WIDTH => (bands.left, Anchor::Start),
            _ if at == last && bands.band() < LABEL_WIDTH => (bands.left + bands.width, Anchor::End),
            _ => (bands.middle(at), Anchor::Middle),
        };
        Label { x, y, anchor, words: words::step_label(step, bucket.from), tone: Tone::Axis }
    };
    buckets.iter().enumerate().filter(|(at, _)| (last - at).is_multiple_of(every)).map(label).collect()
}

#[cfg(test)]
pub mod tests;
