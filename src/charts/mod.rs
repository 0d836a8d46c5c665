//! Numbers in, a picture out: a [`Scene`] of marks with positions and roles, labels that are
//! placed, and sentences that say the same in words. Nothing here knows a colour or a screen.
//!
//! Coordinates are pixels from the upper left corner, x to the right and y downwards. Whoever
//! draws asks again when the width changes; nothing is ever scaled, so that letters keep their size.

pub mod columns;
pub mod medians;

use crate::domain::{
    metrics::{Bucket, Step, words},
    severity::Severity,
};

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

#[derive(Clone, Copy, Debug, PartialEq)]
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
}

impl Tone {
    pub fn slug(self) -> &'static str {
        match self {
            Tone::Axis => "axis",
            Tone::Figure => "figure",
            Tone::Inside => "inside",
        }
    }
}

/// A stop on the way through a picture: the band it covers, and what is said there.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    pub left: f64,
    pub width: f64,
    pub words: String,
}

impl Scene {
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
mod tests;
