//! How fast the budget burns, over the short and the long window of an alert, against the rate at
//! which it fires. The scale is logarithmic: an even pace is 1×, and an outage may burn a thousand
//! times as fast; a linear one would show either the alarm or the pace, never both.

use super::{
    Anchor, Mark, Role, Scene, Shape, Tone,
    burn_down::{Span, between_gaps},
    place::{self, Block, Places, Rect},
    table::Table,
    thin::Series,
    time_axis::TimeAxis,
    wall::Wall,
};
use crate::domain::{metrics::words::two_digits, time::Timestamp, wording};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq)]
pub struct Burn {
    /// The conclusion, in a sentence.
    pub title: String,
    pub from: Timestamp,
    pub until: Timestamp,
    /// The name of each window and its rates: `1 h`, `5 min`.
    pub long: (String, Series),
    pub short: (String, Series),
    /// The rate both have to exceed for the alert to fire.
    pub threshold: f64,
    /// What was not measured.
    pub gaps: Vec<Span>,
    /// When something else began to be measured.
    pub anew: Vec<Timestamp>,
    pub wall: Wall,
}

const TOP: f64 = 18.0;
const HEIGHT: f64 = 170.0;
const AXIS_ROOM: f64 = 22.0;
/// What is slower than this stands on the lowest line: it burns next to nothing.
const SLOWEST: f64 = 0.1;

pub fn scene(burn: &Burn, width: f64) -> Scene {
    let mut scene = Scene { width, height: TOP + HEIGHT + AXIS_ROOM, title: burn.title.clone(), desc: desc(burn), ..Scene::default() };
    let names: Vec<String> = [(&burn.long.0, "long"), (&burn.short.0, "short")].map(|(name, which)| format!("{name}, {which}")).to_vec();
    let room = names.iter().map(|name| place::width(name, Tone::Strong)).fold(0.0, f64::max) + 14.0;
    let left = 58.0;
    let axis = TimeAxis { from: burn.from, until: burn.until, left, right: (width - room).max(left + 1.0) };
    let base = TOP + HEIGHT;
    let lines = [(&burn.long.1, Role::Long), (&burn.short.1, Role::Short)];
    let most = lines.iter().filter_map(|(series, _)| series.extremes(burn.from, burn.until)).map(|(_, high)| high).fold(burn.threshold.max(1.0), f64::max);
    // The next tenfold above the highest.
    let decades = (most * 1.05 / SLOWEST).log10().ceil().clamp(2.0, 9.0);
    let y = |rate: f64| base - HEIGHT * ((rate.max(SLOWEST) / SLOWEST).log10() / decades).clamp(0.0, 1.0);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // at most nine
    for decade in 0..=(decades as usize) {
        let rate = SLOWEST * 10_f64.powi(i32::try_from(decade).unwrap_or(0));
        scene.line(if decade == 0 { Role::Base } else { Role::Grid }, (axis.left, y(rate)), (axis.right, y(rate)));
        let words = if decade == 0 { format!("≤ {}×", two_digits(rate)) } else { format!("{}×", wording::grouped(rate.round() as usize)) };
        scene.words(axis.left - 6.0, y(rate) + 4.0, Anchor::End, words, Tone::Axis);
    }
    for gap in burn.gaps.iter().filter(|gap| gap.to > burn.from && gap.from < burn.until) {
        let (from, to) = (axis.x(gap.from), axis.x(gap.to));
        let wide = (to - from).max(3.0);
        let from = from.min(axis.right - wide);
        scene.bar(Role::Gap, Rect { left: from, top: TOP, right: from + wide, bottom: base });
    }
    let mut places = Places::new(Rect { left: axis.left, top: 0.0, right: width, bottom: base });
    let mut ends = vec![];
    for ((series, role), name) in lines.into_iter().zip(names) {
        let parts = between_gaps(&burn.gaps, burn.from, burn.until).into_iter();
        for run in parts.flat_map(|part| series.thinned(part.from, part.to, axis.columns_of(part.from, part.to))) {
            let line: Vec<(f64, f64)> = run.into_iter().map(|(at, rate)| (axis.x(at), y(rate))).collect();
            places.avoid(&line);
            match line.as_slice() {
                [(x, y)] => scene.marks.push(Mark { shape: Shape::Dot { x: *x, y: *y }, role }),
                _ => scene.marks.push(Mark { shape: Shape::Path(line), role }),
            }
        }
        if let Some((at, rate)) = series.last_at(burn.until) {
            ends.push((axis.x(at), y(rate), name));
        }
    }
    for at in burn.anew.iter().filter(|at| axis.holds(**at)) {
        scene.line(Role::Anew, (axis.x(*at), TOP - 8.0), (axis.x(*at), base));
    }
    scene.line(Role::Threshold, (axis.left, y(burn.threshold)), (axis.right, y(burn.threshold)));
    // Each line is named at its end; a name that finds its place taken moves up or down.
    for (x, level, name) in ends {
        let block = Block::new(name, Tone::Strong);
        let (wide, high) = (block.width(), block.height());
        let tops = (0..10).flat_map(|step| [-1.0, 1.0].map(|way| level - high / 2.0 + way * f64::from(step) * 8.0));
        if let Some((rect, ())) = places.put(tops.map(|top| (Rect::new(axis.right + 8.0, top, wide, high), ())).collect::<Vec<_>>()) {
            if (f64::midpoint(rect.top, rect.bottom) - level).abs() > 8.0 || x < axis.right - 8.0 {
                scene.line(Role::Leader, (x, level), (rect.left - 2.0, f64::midpoint(rect.top, rect.bottom)));
            }
            scene.labels.extend(block.labels(rect, Anchor::Start));
        }
    }
    let block = Block::new(format!("fires above {}×", two_digits(burn.threshold)), Tone::Note);
    let (wide, high) = (block.width(), block.height());
    let lefts = [axis.left + 4.0, axis.right - wide - 4.0, f64::midpoint(axis.left, axis.right) - wide / 2.0];
    let wanted = lefts.into_iter().flat_map(|left| [y(burn.threshold) - high - 2.0, y(burn.threshold) + 2.0].map(|top| (Rect::new(left, top, wide, high), ())));
    if let Some((rect, ())) = places.put(wanted.collect::<Vec<_>>()) {
        scene.labels.extend(block.labels(rect, Anchor::Start));
    }
    scene.labels.extend(axis.labels(&burn.wall, None, scene.height - 5.0));
    scene.points = points(burn, &axis);
    scene
}

/// `2.4 times`, for those who listen.
fn said(rate: f64) -> String {
    format!("{} times", two_digits(rate))
}

fn at_once(burn: &Burn, at: Timestamp) -> (Option<f64>, Option<f64>) {
    let of = |series: &Series| series.last_at(at).filter(|(read, _)| !burn.gaps.iter().any(|gap| gap.from < at && gap.to > *read)).map(|(_, rate)| rate);
    (of(&burn.long.1), of(&burn.short.1))
}

fn points(burn: &Burn, axis: &TimeAxis) -> Vec<super::Point> {
    let mut at: Vec<Timestamp> = [&burn.long.1, &burn.short.1]
        .into_iter()
        .flat_map(|series| series.thinned(burn.from, burn.until, axis.columns()))
        .flatten()
        .map(|(at, _)| at)
        .collect();
    at.sort_unstable();
    at.dedup_by_key(|at| axis.x(*at).floor().to_bits());
    let whole = Arc::new(burn.clone());
    let point = |at: Timestamp| {
        let told = Arc::clone(&whole);
        let words = super::Words::Asked(Arc::new(move || told_at(&told, at)));
        super::Point { left: axis.x(at) - 1.0, width: 2.0, words, at: Some(at), day: burn.wall.day_number(at), flags: vec![] }
    };
    at.into_iter().map(point).collect()
}

/// What is said of an instant.
fn told_at(burn: &Burn, at: Timestamp) -> String {
    let (long, short) = at_once(burn, at);
    let rate = |rate: Option<f64>, name: &str| rate.map_or_else(|| format!("over {name} not measured"), |rate| format!("over {name} {}", said(rate)));
    let fires = long.zip(short).is_some_and(|(long, short)| long > burn.threshold && short > burn.threshold);
    let verdict = if fires { ", fires" } else { "" };
    format!("{}, {}, {}{verdict}", burn.wall.spoken(at), rate(long, &burn.long.0), rate(short, &burn.short.0))
}

fn desc(burn: &Burn) -> String {
    let wall = &burn.wall;
    let one = |(name, series): &(String, Series)| match (series.extremes(burn.from, burn.until), series.last_at(burn.until)) {
        (Some((low, high)), Some((_, last))) => format!("Over {name}: lowest {}, highest {}, last {}.", said(low), said(high), said(last)),
        _ => format!("Over {name}: not measured."),
    };
    let lost: i64 = burn.gaps.iter().map(|gap| gap.to.min(burn.until).secs_since(gap.from.max(burn.from)).max(0)).sum();
    let gaps = if lost > 0 { format!(" Not measured: {}.", wording::span(lost)) } else { String::new() };
    format!(
        "Burn rate from {} to {} {}, on a logarithmic scale; 1 is an even pace. {} {} It fires when both are above {}.{gaps}",
        wall.spoken(burn.from),
        wall.spoken(burn.until),
        wall.zone,
        one(&burn.long),
        one(&burn.short),
        said(burn.threshold)
    )
}

/// Every reading with its instant in UTC.
pub fn table(burn: &Burn) -> Table {
    let mut at: Vec<Timestamp> = [&burn.long.1, &burn.short.1].into_iter().flat_map(Series::iter).map(|(at, _)| at).collect();
    at.sort_unstable();
    at.dedup();
    let cell = |rate: Option<f64>| rate.map_or_else(|| "not measured".to_owned(), two_digits);
    let row = |at: Timestamp| {
        let (long, short) = at_once(burn, at);
        vec![burn.wall.short(at), at.to_string(), cell(long), cell(short)]
    };
    let columns = vec![("When", false), ("UTC", false), ("Long window, ×", true), ("Short window, ×", true)];
    let caption = format!("Burn rate over {} (long) and {} (short)", burn.long.0, burn.short.0);
    Table { caption, columns, rows: at.into_iter().map(row).collect() }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{tests::whole, wall::tests::at},
        *,
    };

    fn a_burn(long: &[Option<f64>], short: &[Option<f64>]) -> Burn {
        let from = at("2026-11-06T08:00:00Z");
        let series = |rates: &[Option<f64>]| Series::new(rates.iter().enumerate().map(|(n, rate)| (from.plus_secs(n as i64 * 300), *rate)).collect());
        let (long, short) = (("1 h".to_owned(), series(long)), ("5 min".to_owned(), series(short)));
        Burn {
            title: "It burns.".to_owned(),
            from,
            until: from.plus_secs(6 * 3600),
            long,
            short,
            threshold: 14.4,
            gaps: vec![],
            anew: vec![],
            wall: Wall::utc(),
        }
    }

    #[test]
    fn any_rates_stay_within_the_picture() {
        let rising: Vec<Option<f64>> = (0..72).map(|n| Some(1.15_f64.powi(n) / 5.0)).collect();
        for rates in [&[][..], &[Some(0.0)], &[None, None], &rising, &[Some(1000.0); 72], &[Some(0.5); 72]] {
            for width in [300.0, 360.0, 1000.0] {
                let scene = scene(&a_burn(rates, rates), width);
                whole(&scene);
                assert!(scene.marks.iter().any(|mark| mark.role == Role::Threshold), "what it is measured against is always there");
            }
        }
    }

    #[test]
    fn lines_are_told_apart_by_their_names_and_said_together() {
        let scene = scene(&a_burn(&[Some(2.0), Some(16.0)], &[Some(20.0), Some(30.0)]), 700.0);
        for name in ["1 h, long", "5 min, short", "fires above 14×"] {
            assert!(scene.labels.iter().any(|label| label.words == name), "{name}");
        }
        let said: Vec<String> = scene.points.iter().map(|point| point.words.say()).collect();
        assert_eq!(said, ["6 November 08:00, over 1 h 2 times, over 5 min 20 times", "6 November 08:05, over 1 h 16 times, over 5 min 30 times, fires"]);
        assert_eq!(table(&a_burn(&[Some(2.0)], &[None])).rows, [["6 Nov 08:00", "2026-11-06T08:00:00Z", "2", "not measured"]]);
    }
}
