//! The time to restore by step: a dot for each median with the interval it may lie in, and single
//! values where they are too few for one. No line joins them: between two steps nothing is known.

use super::{ABOVE, AXIS_ROOM, Anchor, Bands, HEIGHT, Label, Mark, Point, Role, Scene, Shape, Tone, axis_labels, table::Table};
use crate::domain::{
    metrics::{Bucket, Step, words},
    wording,
};

const LEFT: f64 = 52.0;
const RIGHT: f64 = 12.0;
/// The row of n beneath the plot.
const N_ROOM: f64 = 18.0;

pub fn scene(buckets: &[Bucket], step: Step, width: f64) -> Scene {
    let mut scene = Scene { width, height: HEIGHT, title: title(buckets, step), desc: desc(step), ..Scene::default() };
    let bands = Bands { left: LEFT, width: (width - LEFT - RIGHT).max(1.0), n: buckets.len() };
    let base = HEIGHT - AXIS_ROOM - N_ROOM;
    // Intervals of few values reach very far; what leaves the plot is said in words.
    let shown = buckets.iter().flat_map(|bucket| bucket.median_s.iter().chain(&bucket.values_s)).copied();
    let (tick, top) = ticks(shown.fold(0.0, f64::max));
    let y = |secs: f64| base - (base - ABOVE) * (secs / top).min(1.0);
    let mut at_secs = 0.0;
    while at_secs <= top + tick / 2.0 {
        let role = if at_secs == 0.0 { Role::Base } else { Role::Grid };
        scene.marks.push(Mark { shape: Shape::Line { from: (LEFT, y(at_secs)), to: (LEFT + bands.width, y(at_secs)) }, role });
        #[allow(clippy::cast_possible_truncation)] // ticks are whole seconds
        let words = if at_secs == 0.0 { "0".to_owned() } else { wording::span(at_secs as i64) };
        scene.labels.push(Label { x: LEFT - 8.0, y: y(at_secs) + 4.0, anchor: Anchor::End, words, tone: Tone::Axis });
        at_secs += tick;
    }
    for (at, bucket) in buckets.iter().enumerate() {
        let x = bands.middle(at);
        if let Some((low, high)) = bucket.low_s.zip(bucket.high_s) {
            scene.marks.push(Mark { shape: Shape::Line { from: (x, y(low)), to: (x, y(high)) }, role: Role::Interval });
        }
        scene.marks.extend(bucket.values_s.iter().map(|secs| Mark { shape: Shape::Dot { x, y: y(*secs) }, role: Role::Single }));
        scene.marks.extend(bucket.median_s.iter().map(|secs| Mark { shape: Shape::Dot { x, y: y(*secs) }, role: Role::Median }));
        if bands.band() >= 20.0 {
            scene.labels.push(Label { x, y: base + 15.0, anchor: Anchor::Middle, words: bucket.n.to_string(), tone: Tone::Axis });
        }
        scene.points.push(Point { left: bands.start(at), width: bands.band(), words: spoken(bucket, step).into(), ..Point::default() });
    }
    if bands.band() >= 20.0 {
        scene.labels.push(Label { x: LEFT - 8.0, y: base + 15.0, anchor: Anchor::End, words: "n".to_owned(), tone: Tone::Axis });
    }
    scene.labels.extend(axis_labels(buckets, step, bands, HEIGHT - 5.0));
    scene
}

/// A row for each step.
pub fn table(buckets: &[Bucket], step: Step) -> Table {
    let row = |bucket: &Bucket| {
        let interval = bucket.low_s.zip(bucket.high_s).map(|(low, high)| format!("{} to {}", words::duration(low), words::duration(high)));
        vec![
            words::step_name(step, bucket),
            words::restored(bucket),
            interval.unwrap_or_else(|| "too few values".to_owned()),
            words::left_out(&bucket.excluded).unwrap_or_else(|| "nobody".to_owned()),
        ]
    };
    let columns = vec![("Began", false), ("Median, or each value", false), ("95 % interval", false), ("Left out", false)];
    Table { caption: format!("Time to restore by {}", step.slug()), columns, rows: buckets.iter().map(row).collect() }
}

fn spoken(bucket: &Bucket, step: Step) -> String {
    let interval = bucket.low_s.zip(bucket.high_s).map(|(low, high)| format!(", with 95 % between {} and {}", words::duration(low), words::duration(high)));
    let left_out = words::left_out(&bucket.excluded).map(|words| format!("; {words}")).unwrap_or_default();
    format!("{}: {}{}{left_out}", words::step_name(step, bucket), words::restored(bucket), interval.unwrap_or_default())
}

/// The distance of the lines and the value of the highest, in steps that clocks have.
fn ticks(most: f64) -> (f64, f64) {
    const STEPS: [f64; 19] =
        [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 10_800.0, 21_600.0, 43_200.0, 86_400.0, 172_800.0];
    let tick = STEPS.into_iter().find(|step| most <= step * 4.0).unwrap_or_else(|| (most / 4.0 / 86_400.0).ceil() * 86_400.0);
    (tick, (most / tick).ceil().max(1.0) * tick)
}

fn title(buckets: &[Bucket], step: Step) -> String {
    let medians: Vec<f64> = buckets.iter().filter_map(|bucket| bucket.median_s).collect();
    let few = buckets.len() - medians.len();
    let without = if few == 0 { String::new() } else { format!(" {few} of {} have fewer than five values.", buckets.len()) };
    match (medians.iter().copied().reduce(f64::min), medians.iter().copied().reduce(f64::max)) {
        (Some(least), Some(most)) if medians.len() > 1 => {
            format!("The median of a {} lies between {} and {}.{without}", step.slug(), words::duration(least), words::duration(most))
        }
        (Some(only), _) => format!("One {} has a median, {}.{without}", step.slug(), words::duration(only)),
        _ => format!("No {} has the five values that a median takes.", step.slug()),
    }
}

fn desc(step: Step) -> String {
    format!(
        "Median time to restore by {} of the start of impact, in UTC. Thin lines are the 95 % interval of the median, hollow dots single values where there are fewer than five.",
        step.slug()
    )
}
