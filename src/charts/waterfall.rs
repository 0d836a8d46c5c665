//! Where the bars of a trace lie, where their words go, the small map of all of them, and the axis.
//! Parts are from 0 at the first start to 1 at the last end.

use super::{
    Tone,
    place::{self, APART},
};
use crate::domain::telemetry::waterfall::{Waterfall, What, took};

/// Drawn narrower, nothing would be seen of a short span.
pub const LEAST_BAR: f64 = 2.0;

/// A bar has to be this wide before its words stand in it, so that they never hide it.
const WIDE_BAR: f64 = 4.0;

/// Rows that are in the page above and below those that are seen, at least.
const BESIDE: usize = 7;
/// The rows in the page move by whole steps, so that most frames of a scroll draw nothing anew.
const STEP: usize = 5;

/// Which rows are in the page, from the first to before the last, where one is scrolled `top`
/// pixels down in a place of this height: those that are seen, and at most twenty more.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // rows of a page
pub fn window(top: f64, height: f64, row: f64) -> (usize, usize) {
    let (first, seen) = ((top.max(0.0) / row) as usize, (height.max(0.0) / row).ceil() as usize + 1);
    let from = first.saturating_sub(BESIDE) / STEP * STEP;
    (from, from + seen + 2 * BESIDE + STEP)
}

/// Where a row's bar lies on a track.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanBar {
    pub left: f64,
    pub width: f64,
    /// Where the end of the trace waited for it.
    pub critical: Option<(f64, f64)>,
    pub side: Side,
}

/// Where a bar's words stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Right,
    Left,
    Inside,
}

impl Side {
    pub fn slug(self) -> &'static str {
        match self {
            Side::Right => "right",
            Side::Left => "left",
            Side::Inside => "inside",
        }
    }
}

/// The bar of a row on a track of so many pixels; `None` where the row has no time.
pub fn bar(waterfall: &Waterfall, at: usize, words: &str, pixels: f64) -> Option<SpanBar> {
    let item = waterfall.items.get(at)?;
    let start = item.start_ns?;
    let part = |ns: i64| part_of(waterfall, ns);
    let (left, right) = (part(start), item.end_ns().map_or(part(start), part));
    let critical = item.critical.filter(|_| waterfall.is_critical(at)).map(|(from, to)| (part(from), part(to) - part(from)));
    let room = place::width(words, Tone::Figure) + 3.0 * APART;
    let side = if (1.0 - right) * pixels >= room {
        Side::Right
    } else if left * pixels >= room {
        Side::Left
    } else if (right - left) * pixels >= room + WIDE_BAR {
        Side::Inside
    } else {
        Side::Left
    };
    Some(SpanBar { left, width: right - left, critical, side })
}

#[allow(clippy::cast_precision_loss)] // parts of a picture
fn part_of(waterfall: &Waterfall, ns: i64) -> f64 {
    let whole = waterfall.until_ns.saturating_sub(waterfall.from_ns).max(1);
    (ns.saturating_sub(waterfall.from_ns) as f64 / whole as f64).clamp(0.0, 1.0)
}

/// A stroke of the small map, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stroke {
    pub lane: usize,
    pub from: usize,
    pub to: usize,
    pub failed: bool,
}

/// All spans on a map of so many lanes and pixels. Neighbours that fall together become one stroke,
/// so that a trace of any size is a few hundred of them; what failed is never hidden.
pub fn map(waterfall: &Waterfall, failed: impl Fn(usize) -> bool, lanes: usize, pixels: usize) -> Vec<Stroke> {
    let mut grid = vec![0_u8; lanes * pixels];
    let n = waterfall.items.len().max(1);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)] // pixels of a small map
    let pixel = |ns: i64| ((part_of(waterfall, ns) * pixels as f64) as usize).min(pixels.saturating_sub(1));
    for (at, item) in waterfall.items.iter().enumerate() {
        let (Some(start), What::Span(span)) = (item.start_ns, item.what) else { continue };
        let lane = if n <= lanes { at } else { at * lanes / n };
        let (from, to) = (pixel(start), pixel(item.end_ns().unwrap_or(start)));
        let mark = if failed(span) { 2 } else { 1 };
        for cell in &mut grid[lane * pixels + from..=lane * pixels + to] {
            *cell = mark.max(*cell);
        }
    }
    let mut strokes: Vec<Stroke> = vec![];
    for (lane, row) in grid.chunks(pixels.max(1)).enumerate() {
        for (at, mark) in row.iter().enumerate().filter(|(_, mark)| **mark > 0) {
            let failed = *mark == 2;
            match strokes.last_mut() {
                Some(last) if last.lane == lane && last.to == at && last.failed == failed => last.to = at + 1,
                _ => strokes.push(Stroke { lane, from: at, to: at + 1, failed }),
            }
        }
    }
    strokes
}

/// Round times along the track: where each lies, and its words. Few enough for the width.
pub fn ticks(waterfall: &Waterfall, pixels: f64) -> Vec<(f64, String)> {
    const NARROWEST: f64 = 70.0;
    let whole = waterfall.until_ns.saturating_sub(waterfall.from_ns);
    if whole <= 0 {
        return vec![(0.0, "0".to_owned())];
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a few
    let most = ((pixels / NARROWEST) as i64).clamp(3, 6);
    let steps = (0..19).flat_map(|zeros| [1, 2, 5].map(|first| first * 10_i64.saturating_pow(zeros)));
    let step = steps.into_iter().find(|step| whole / step < most).unwrap_or(whole);
    let words = |ns: i64| if ns == 0 { "0".to_owned() } else { round(ns) };
    (0..=whole / step).map(|n| (part_of(waterfall, waterfall.from_ns + n * step), words(n * step))).collect()
}

/// A round time without zeros behind its point: `1 s`, `500 ms`.
fn round(ns: i64) -> String {
    const SECOND: i64 = 1_000_000_000;
    match ns {
        ns if ns % SECOND == 0 && ns < 100 * SECOND => format!("{} s", ns / SECOND),
        ns if ns % (SECOND / 10) == 0 && ns > SECOND && ns < 10 * SECOND => format!("{}.{} s", ns / SECOND, ns % SECOND / (SECOND / 10)),
        ns => took(ns),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::telemetry::waterfall::{Opened, TraceSpan};

    const MS: i64 = 1_000_000;

    fn of(times: &[(i64, i64)]) -> (Waterfall, Vec<TraceSpan>) {
        let span = |(at, (start, duration)): (usize, &(i64, i64))| TraceSpan {
            id: at.to_string(),
            parent: (at > 0).then(|| "0".to_owned()),
            service: format!("s{at}"),
            start_ns: Some(start * MS),
            duration_ns: Some(duration * MS),
            ..TraceSpan::default()
        };
        let spans: Vec<TraceSpan> = times.iter().enumerate().map(span).collect();
        (Waterfall::new(&spans), spans)
    }

    #[test]
    fn words_stand_behind_a_bar_before_it_or_in_it() {
        let (made, _) = of(&[(0, 1000), (10, 100), (900, 90)]);
        let side = |at| bar(&made, at, "100 ms", 400.0).map(|bar| bar.side);
        assert_eq!([side(0), side(1), side(2)], [Some(Side::Inside), Some(Side::Right), Some(Side::Left)]);
        let first = bar(&made, 1, "", 400.0).expect("it has a time");
        assert!((first.left - 0.01).abs() < 1e-9 && (first.width - 0.1).abs() < 1e-9);
    }

    #[test]
    fn the_axis_has_round_times() {
        let words = |whole: i64, pixels| ticks(&of(&[(0, whole)]).0, pixels).into_iter().map(|(_, words)| words).collect::<Vec<_>>();
        assert_eq!(words(4310, 420.0), ["0", "1 s", "2 s", "3 s", "4 s"]);
        assert_eq!(words(4310, 150.0), ["0", "2 s", "4 s"]);
        assert_eq!(words(13, 420.0), ["0", "5 ms", "10 ms"]);
        assert_eq!(words(0, 420.0), ["0"]);
    }

    #[test]
    fn however_long_a_trace_is_few_rows_are_in_the_page() {
        let times: Vec<(i64, i64)> = std::iter::once((0, 10_000)).chain((0..9_999).map(|n| (n, 400))).collect();
        let (made, _) = of(&times);
        let rows = made.rows(&Opened::all(&made));
        assert!(rows.len() >= 10_000, "{}", rows.len());
        for (height, row) in [(640.0_f64, 32.0_f64), (655.5, 32.0), (320.0, 52.0), (1_400.0, 32.0)] {
            let (visible, whole) = ((height / row).ceil(), rows.len() as f64 * row);
            let mut top = 0.0;
            while top < whole - height {
                let (from, to) = window(top, height, row);
                assert!(from as f64 * row <= top && to as f64 * row >= top + height, "a row that is seen is not there at {top}");
                assert!((to - from) as f64 <= visible + 20.0, "{} rows at {top}", to - from);
                top += 37.0;
            }
        }
        assert_eq!(window(-5.0, 640.0, 32.0).0, 0, "beyond the upper end, as some browsers scroll");
    }

    #[test]
    fn the_map_stays_small_and_shows_what_failed() {
        let times: Vec<(i64, i64)> = std::iter::once((0, 10_000)).chain((0..9_999).map(|n| (n, 400))).collect();
        let (made, _) = of(&times);
        let strokes = map(&made, |span| span == 5_000, 19, 700);
        assert!(strokes.len() < 200, "{}", strokes.len());
        assert_eq!(strokes.iter().filter(|stroke| stroke.failed).count(), 1);
        assert!(strokes.iter().all(|stroke| stroke.lane < 19 && stroke.from < stroke.to && stroke.to <= 700));
    }
}
