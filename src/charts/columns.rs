//! Incidents by step, stacked by severity: the worst at the bottom, where columns can be compared.

use super::{ABOVE, AXIS_ROOM, Anchor, Bands, HEIGHT, Label, Mark, Point, Role, Scene, Shape, Tone, axis_labels, table::Table};
use crate::domain::{
    metrics::{Bucket, Step, words},
    severity::Severity,
    wording,
};

/// Left of the plot stand the figures of the y axis, right of it the names of the severities.
const LEFT: f64 = 30.0;
const RIGHT: f64 = 92.0;
/// Between two parts of a column.
const GAP: f64 = 1.0;
/// How far the names at the right stand apart at least.
const NAME_HEIGHT: f64 = 17.0;

/// `None` in a list of severities: not set.
fn severities() -> impl Iterator<Item = Option<Severity>> {
    Severity::ALL.into_iter().map(Some).chain([None])
}

pub fn scene(buckets: &[Bucket], step: Step, width: f64) -> Scene {
    let mut scene = Scene { width, height: HEIGHT, title: title(buckets, step), desc: desc(buckets, step), ..Scene::default() };
    let bands = Bands { left: LEFT, width: (width - LEFT - RIGHT).max(1.0), n: buckets.len() };
    let base = HEIGHT - AXIS_ROOM;
    let most = buckets.iter().map(Bucket::incidents).max().unwrap_or(0);
    let (tick, top) = ticks(most);
    #[allow(clippy::cast_precision_loss)] // counts of incidents
    let y = |n: u64| base - (base - ABOVE) * n as f64 / top as f64;
    for n in (0..=top).step_by(usize::try_from(tick).unwrap_or(1)) {
        let role = if n == 0 { Role::Base } else { Role::Grid };
        scene.marks.push(Mark { shape: Shape::Line { from: (LEFT, y(n)), to: (LEFT + bands.width, y(n)) }, role });
        scene.labels.push(Label { x: LEFT - 8.0, y: y(n) + 4.0, anchor: Anchor::End, words: n.to_string(), tone: Tone::Axis });
    }
    for (at, bucket) in buckets.iter().enumerate() {
        column(&mut scene, bucket, bands, at, &y);
        let words = format!(
            "{}: {}{}",
            words::step_name(step, bucket),
            wording::count(usize::try_from(bucket.incidents()).unwrap_or(usize::MAX), "incident", "incidents"),
            if bucket.incidents() == 0 { String::new() } else { format!(", {}", words::by_severity(&bucket.by_severity)) },
        );
        scene.points.push(Point { left: bands.start(at), width: bands.band(), words: words.into(), ..Point::default() });
    }
    scene.labels.extend(axis_labels(buckets, step, bands, HEIGHT - 5.0));
    names(&mut scene, buckets, bands, &y);
    scene
}

/// A row for each step.
pub fn table(buckets: &[Bucket], step: Step) -> Table {
    let columns = [("Began", false), ("All", true)].into_iter().chain(severities().map(|severity| (severity.map_or("Unset", Severity::label), true))).collect();
    let row = |bucket: &Bucket| {
        let counts = std::iter::once(bucket.incidents()).chain(bucket.by_severity.iter().copied()).map(|n| n.to_string());
        std::iter::once(words::step_name(step, bucket)).chain(counts).collect()
    };
    Table { caption: format!("Incidents by {}", step.slug()), columns, rows: buckets.iter().map(row).collect() }
}

/// The distance of the lines behind the columns, and how many incidents the highest stands for.
pub fn ticks(most: u64) -> (u64, u64) {
    let tick = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000].into_iter().find(|tick| most <= tick * 4).unwrap_or(most.div_ceil(4));
    (tick, most.div_ceil(tick).max(1) * tick)
}

fn column(scene: &mut Scene, bucket: &Bucket, bands: Bands, at: usize, y: &impl Fn(u64) -> f64) {
    let wide = (bands.band() * 0.72).clamp(1.0, 44.0);
    let x = bands.middle(at) - wide / 2.0;
    let mut below = 0;
    for (severity, n) in severities().zip(&bucket.by_severity).filter(|(_, n)| **n > 0) {
        let (from, to) = (y(below), y(below + n));
        let height = (from - to - GAP).max(1.0);
        scene.marks.push(Mark { shape: Shape::Bar { x, y: to, width: wide, height }, role: Role::Severity(severity) });
        if severity == Some(Severity::Sev1) && height >= 14.0 && wide >= 14.0 {
            let y = to + height / 2.0 + 4.0;
            scene.labels.push(Label { x: bands.middle(at), y, anchor: Anchor::Middle, words: n.to_string(), tone: Tone::Inside });
        }
        below += n;
    }
    if below > 0 && bands.band() >= 17.0 {
        let (x, y) = (bands.middle(at), y(below) - 5.0);
        scene.labels.push(Label { x, y, anchor: Anchor::Middle, words: below.to_string(), tone: Tone::Figure });
    }
}

/// Beside the last column stands what its parts are, with their counts.
fn names(scene: &mut Scene, buckets: &[Bucket], bands: Bands, y: &impl Fn(u64) -> f64) {
    let Some(last) = buckets.last() else { return };
    let seen = |at: usize| buckets.iter().any(|bucket| bucket.by_severity.get(at).is_some_and(|n| *n > 0));
    let (mut below, mut lowest) = (0, HEIGHT - AXIS_ROOM);
    let edge = bands.middle(buckets.len() - 1) + (bands.band() * 0.72).clamp(1.0, 44.0) / 2.0 + 2.0;
    for (at, severity) in severities().enumerate().filter(|(at, _)| seen(*at)) {
        let n = last.by_severity.get(at).copied().unwrap_or(0);
        let middle = f64::midpoint(y(below), y(below + n));
        let place = middle.min(lowest);
        let x = LEFT + bands.width + 12.0;
        if n > 0 {
            scene.marks.push(Mark { shape: Shape::Line { from: (edge, middle), to: (x, place) }, role: Role::Leader });
        }
        scene.marks.push(Mark { shape: Shape::Sign { x: x + 8.0, y: place }, role: Role::Severity(severity) });
        let words = format!("{} {n}", severity.map_or("unset", Severity::label));
        scene.labels.push(Label { x: x + 18.0, y: place + 4.0, anchor: Anchor::Start, words, tone: Tone::Figure });
        lowest = place - NAME_HEIGHT;
        below += n;
    }
}

fn title(buckets: &[Bucket], step: Step) -> String {
    let Some((last, before)) = buckets.split_last() else { return "No incidents.".to_owned() };
    let now = format!("{}: {}", words::step_name(step, last), wording::count(usize::try_from(last.incidents()).unwrap_or(usize::MAX), "incident", "incidents"));
    // A part of a step would look like a good one.
    let whole = || before.iter().filter(|bucket| !bucket.partial).map(Bucket::incidents);
    match (whole().min(), whole().max()) {
        (Some(least), Some(most)) if least == most => format!("{now}; {least} in each {} before.", step.slug()),
        (Some(least), Some(most)) => format!("{now}; {least} to {most} in each {} before.", step.slug()),
        _ => format!("{now}."),
    }
}

fn desc(buckets: &[Bucket], step: Step) -> String {
    let mut sums = vec![0; Severity::ALL.len() + 1];
    for bucket in buckets {
        for (sum, n) in sums.iter_mut().zip(&bucket.by_severity) {
            *sum += n;
        }
    }
    format!("Incidents by {} of the start of their impact, in UTC, stacked by severity. Together: {}.", step.slug(), words::by_severity(&sums))
}
