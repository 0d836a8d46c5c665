//! How times are spread: how many incidents took how long, on a logarithmic scale, because some
//! take minutes and some take days. The median and the value that nine of ten stay below are named;
//! under five values each is a dot, and no median is claimed.

use super::{
    Anchor, Mark, Point, Role, Scene, Shape, Tone,
    place::{Block, Places, Rect},
    table::Table,
};
use crate::domain::{metrics::words::duration, wording};

#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// The conclusion, in a sentence.
    pub title: String,
    /// What the times are: `Time to restore`.
    pub of: String,
    /// In seconds, in any order.
    pub values_s: Vec<f64>,
    /// As they stand elsewhere on the page; they are not worked out twice.
    pub median_s: Option<f64>,
    pub p90_s: Option<f64>,
    /// How many have no value, and are not in the picture.
    pub without: usize,
}

const LEFT: f64 = 34.0;
const RIGHT: f64 = 14.0;
/// Two rows of names stand above the columns.
const TOP: f64 = 36.0;
const HEIGHT: f64 = 130.0;
/// Single values need less.
const FEW_HEIGHT: f64 = 56.0;
const AXIS_ROOM: f64 = 22.0;
/// Below this many values no median is drawn.
const FEW: usize = 5;

/// The edges of the steps, in seconds: lengths that clocks have, each about twice the one before.
const EDGES: [f64; 23] = [
    1.0,
    2.0,
    4.0,
    8.0,
    15.0,
    30.0,
    60.0,
    120.0,
    240.0,
    480.0,
    900.0,
    1800.0,
    3600.0,
    7200.0,
    14_400.0,
    28_800.0,
    57_600.0,
    86_400.0,
    172_800.0,
    345_600.0,
    691_200.0,
    1_382_400.0,
    2_764_800.0,
];

/// From, to, and how many lie between; the first step holds all that is shorter, the last all that is longer.
fn steps(values: &[f64]) -> Vec<(f64, f64, usize)> {
    let at = |secs: f64| EDGES.partition_point(|edge| *edge <= secs).saturating_sub(1).min(EDGES.len() - 2);
    let (Some(first), Some(last)) = (values.iter().copied().map(at).min(), values.iter().copied().map(at).max()) else { return vec![] };
    let step = |n: usize| (EDGES[n], EDGES[n + 1], values.iter().filter(|secs| at(**secs) == n).count());
    (first..=last).map(step).collect()
}

fn measured(spread: &Spread) -> Vec<f64> {
    spread.values_s.iter().copied().filter(|secs| secs.is_finite() && *secs >= 0.0).collect()
}

pub fn scene(spread: &Spread, width: f64) -> Scene {
    let values = measured(spread);
    let few = values.len() < FEW;
    let tall_px = if few { FEW_HEIGHT } else { HEIGHT };
    let mut scene = Scene { width, height: TOP + tall_px + AXIS_ROOM, title: spread.title.clone(), desc: desc(spread, &values), ..Scene::default() };
    let (base, right) = (TOP + tall_px, (width - RIGHT).max(LEFT + 1.0));
    let steps = steps(&values);
    let most = steps.iter().map(|(.., n)| *n).max().unwrap_or(0);
    let (low, high) = steps.first().zip(steps.last()).map_or((60.0, 3600.0), |(first, last)| (first.0, last.1));
    let x = |secs: f64| LEFT + (right - LEFT) * ((secs.clamp(low, high) / low).ln() / (high / low).ln());
    let (tick, top) = super::columns::ticks(most as u64);
    #[allow(clippy::cast_precision_loss)] // counts of incidents
    let y = |n: u64| base - (tall_px - 16.0) * n as f64 / top as f64;
    for n in (0..=top).step_by(usize::try_from(tick).unwrap_or(1)) {
        if n > 0 && few {
            break;
        }
        scene.line(if n == 0 { Role::Base } else { Role::Grid }, (LEFT, y(n)), (right, y(n)));
        if !few {
            scene.words(LEFT - 6.0, y(n) + 4.0, Anchor::End, n.to_string(), Tone::Axis);
        }
    }
    for (from, to, n) in &steps {
        let (left, end) = (x(*from), x(*to));
        if *n > 0 && !few {
            scene.bar(Role::Count, Rect { left: left + 1.0, top: y(*n as u64), right: (end - 1.0).max(left + 1.5), bottom: base });
        }
        let words = format!("{} to {}: {}", duration(*from), duration(*to), wording::count(*n, "incident", "incidents"));
        scene.points.push(Point { left, width: end - left, words: words.into(), ..Point::default() });
    }
    let mut places = Places::new(Rect { left: LEFT, top: 0.0, right: width, bottom: base });
    if few {
        for secs in &values {
            scene.marks.push(Mark { shape: Shape::Dot { x: x(*secs), y: base - 14.0 }, role: Role::Single });
        }
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        for secs in sorted {
            let block = Block::new(duration(secs), Tone::Figure);
            let (wide, tall) = (block.width(), block.height());
            let tops = (0..6).map(|row| base - 22.0 - tall - f64::from(row) * 18.0);
            let wanted = tops.map(|top| (Rect::new(x(secs) - wide / 2.0, top, wide, tall).between(LEFT, right), ())).collect::<Vec<_>>();
            if let Some((rect, ())) = places.put(wanted) {
                scene.labels.extend(block.labels(rect, Anchor::Start));
            }
        }
    }
    let named = [(spread.median_s, Role::Median, "median"), (spread.p90_s, Role::Ninth, "p90")];
    for (value, role, name) in named.into_iter().filter(|_| !few) {
        let Some(secs) = value.filter(|secs| secs.is_finite()) else { continue };
        let block = Block::new(format!("{name} {}", duration(secs)), Tone::Strong);
        let (wide, tall) = (block.width(), block.height());
        let tops = [0.0, 17.0];
        let lefts = [x(secs) - wide / 2.0, x(secs) + 4.0, x(secs) - wide - 4.0].map(|left| Rect::new(left, 0.0, wide, tall).between(LEFT, width).left);
        let wanted: Vec<_> = tops.into_iter().flat_map(|top| lefts.map(|left| (Rect::new(left, top, wide, tall), ()))).collect();
        if let Some((rect, ())) = places.put(wanted) {
            scene.line(role, (x(secs), rect.bottom + 1.0), (x(secs), base));
            scene.labels.extend(block.labels(rect, Anchor::Start));
        }
    }
    edges(&mut scene, &steps, &x, right);
    scene
}

/// The edges beneath, at most six of them.
fn edges(scene: &mut Scene, steps: &[(f64, f64, usize)], x: &impl Fn(f64) -> f64, right: f64) {
    let mut all: Vec<f64> = steps.iter().map(|(from, ..)| *from).chain(steps.last().map(|(_, to, _)| *to)).collect();
    let every = all.len().div_ceil(super::MOST_LABELS).max(1);
    all = all.into_iter().step_by(every).collect();
    let y = scene.height - 5.0;
    let mut free = f64::NEG_INFINITY;
    for secs in all {
        let label = super::Label { x: x(secs), y, anchor: Anchor::Middle, words: duration(secs), tone: Tone::Axis };
        let rect = label.rect().between(0.0, right + RIGHT);
        if rect.left > free {
            free = rect.right + 8.0;
            scene.labels.push(super::Label { x: rect.left, anchor: Anchor::Start, ..label });
        }
    }
}

fn desc(spread: &Spread, values: &[f64]) -> String {
    let Some((low, high)) = values.iter().copied().reduce(f64::min).zip(values.iter().copied().reduce(f64::max)) else {
        return format!("{}: no incident has a value.", spread.of);
    };
    let named = [("median", spread.median_s), ("nine of ten within", spread.p90_s)].into_iter().filter(|_| values.len() >= FEW);
    let named: String = named.filter_map(|(name, secs)| Some(format!(", {name} {}", duration(secs?)))).collect();
    let without = if spread.without > 0 { format!(" {} without a value.", spread.without) } else { String::new() };
    let n = wording::count(values.len(), "incident", "incidents");
    format!("{} of {n} on a logarithmic scale: shortest {}, longest {}{named}.{without}", spread.of, duration(low), duration(high))
}

pub fn table(spread: &Spread) -> Table {
    let values = measured(spread);
    let mut rows: Vec<Vec<String>> = if values.len() < FEW {
        let mut values = values;
        values.sort_by(f64::total_cmp);
        values.into_iter().map(|secs| vec![duration(secs), "1".to_owned()]).collect()
    } else {
        steps(&values).into_iter().map(|(from, to, n)| vec![format!("{} to {}", duration(from), duration(to)), n.to_string()]).collect()
    };
    if spread.without > 0 {
        rows.push(vec!["without a value".to_owned(), spread.without.to_string()]);
    }
    Table { caption: spread.of.clone(), columns: vec![("Took", false), ("Incidents", true)], rows }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::whole, *};

    fn a_spread(values: Vec<f64>, median_s: f64, p90_s: f64) -> Spread {
        Spread {
            title: "Half take 34 min.".to_owned(),
            of: "Time to restore".to_owned(),
            values_s: values,
            median_s: Some(median_s),
            p90_s: Some(p90_s),
            without: 2,
        }
    }

    #[test]
    fn every_value_is_counted_and_none_leaves_the_picture() {
        for values in [vec![], vec![0.0], vec![1e9], vec![60.0; 40], (0..300).map(|n| 1.06_f64.powi(n)).collect::<Vec<_>>(), vec![f64::NAN, 60.0]] {
            for width in [300.0, 700.0] {
                let spread = a_spread(values.clone(), 2040.0, 9360.0);
                whole(&scene(&spread, width));
            }
            let counted: usize = steps(&measured(&a_spread(values.clone(), 1.0, 1.0))).iter().map(|(.., n)| n).sum();
            assert_eq!(counted, values.iter().filter(|secs| secs.is_finite()).count());
        }
    }

    #[test]
    fn few_values_are_shown_one_by_one_and_have_no_median() {
        let few = scene(&a_spread(vec![60.0, 600.0, 36_000.0], 600.0, 36_000.0), 500.0);
        assert_eq!(few.marks.iter().filter(|mark| mark.role == Role::Single).count(), 3);
        assert!(!few.marks.iter().any(|mark| matches!(mark.role, Role::Median | Role::Ninth | Role::Count)) && !few.desc.contains("median"));
        let many = scene(&a_spread(vec![60.0, 600.0, 700.0, 1200.0, 36_000.0], 700.0, 36_000.0), 500.0);
        assert!(["median 12 min", "p90 10 h"].iter().all(|name| many.labels.iter().any(|label| label.words == *name)), "{:?}", many.labels);
        assert_eq!(
            many.desc,
            "Time to restore of 5 incidents on a logarithmic scale: shortest 60 s, longest 10 h, median 12 min, nine of ten within 10 h. 2 without a value."
        );
        assert_eq!(table(&a_spread(vec![60.0], 1.0, 1.0)).rows, [["60 s", "1"], ["without a value", "2"]]);
    }
}
