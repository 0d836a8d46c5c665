//! How long calls took in all, now against the baseline: bars on their side in the rows of the
//! picture beside it, shares of all calls instead of counts.

use super::{latency::amount, percent, rows::Rows, seconds};
use crate::{
    charts::{Anchor, Mark, Role, Scene, Shape, Tone, place::Rect, table::Table},
    domain::telemetry::panels::Latency,
};

const LEFT: f64 = 1.0;
/// Room at the right for the share of the longest bar.
const ROOM: f64 = 96.0;
/// How high a line of words is.
const LINE: f64 = 16.0;
/// Distances between the lines, in percent.
const STEPS: [f64; 9] = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0];

/// How much took longer than the objective allows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Above {
    pub now: f64,
    pub before: Option<f64>,
}

/// The share above a threshold, the bucket it cuts counted by its part above. `None` without calls.
pub fn above(bounds_s: &[f64], counts: &[u64], threshold_s: f64) -> Option<f64> {
    let total: u64 = counts.iter().sum();
    if total == 0 {
        return None;
    }
    let mut sum = 0.0;
    for (at, count) in counts.iter().enumerate() {
        let from = at.checked_sub(1).and_then(|at| bounds_s.get(at)).copied();
        let part = match (from, bounds_s.get(at).copied()) {
            (Some(from), Some(to)) if to > from => ((to / threshold_s).ln() / (to / from).ln()).clamp(0.0, 1.0),
            (Some(from), _) => f64::from(u8::from(from >= threshold_s)),
            (None, Some(to)) => f64::from(u8::from(to > threshold_s && threshold_s <= 0.0)),
            (None, None) => 0.0,
        };
        sum += part * *count as f64;
    }
    Some(sum / total as f64)
}

/// The number above the histogram.
pub fn above_of(latency: &Latency, threshold_s: f64) -> Option<Above> {
    let now = above(&latency.bounds_s, &latency.counts, threshold_s)?;
    let before = latency.before.as_ref().and_then(|before| above(&latency.bounds_s, &before.counts, threshold_s));
    Some(Above { now, before })
}

pub fn scene(latency: &Latency, rows: &Rows, threshold_s: Option<f64>, width: f64) -> Scene {
    let n: u64 = latency.counts.iter().sum();
    let n_before = latency.before.as_ref().map(|before| before.counts.iter().sum::<u64>()).filter(|n| *n > 0);
    let share = |count: u64, n: u64| if n == 0 { 0.0 } else { count as f64 / n as f64 };
    let now: Vec<f64> = rows.rows.iter().map(|row| share(rows.count(row, &latency.counts), n)).collect();
    let before: Option<Vec<f64>> =
        latency.before.as_ref().zip(n_before).map(|(before, n)| rows.rows.iter().map(|row| share(rows.count(row, &before.counts), n)).collect());
    let most = now.iter().chain(before.iter().flatten()).copied().fold(0.0, f64::max).max(0.001);
    let right = (width - ROOM).max(LEFT + 60.0);
    let fit = ((right - LEFT) / 56.0).clamp(2.0, 5.0);
    let every = STEPS.into_iter().find(|every| most * 100.0 / every <= fit).unwrap_or(50.0);
    let end = (most * 100.0 / every).ceil() * every;
    let x = |share: f64| LEFT + (right - LEFT) * (share * 100.0 / end).clamp(0.0, 1.0);
    let mut scene = Scene { width, height: rows.bottom + super::AXIS_ROOM, title: title(latency, threshold_s), desc: desc(latency), ..Scene::default() };
    let mut at = 0.0;
    while at <= end + 1e-9 {
        let (left, words) = (x(at / 100.0), if every < 1.0 { format!("{at:.1}") } else { format!("{at:.0}") });
        scene.line(Role::Grid, (left, rows.top), (left, rows.bottom));
        let (anchor, words) = match at {
            at if at <= 0.0 => (Anchor::Start, "0 %".to_owned()),
            at if at + every > end + 1e-9 => (Anchor::Middle, format!("{words} % of calls")),
            _ => (Anchor::Middle, words),
        };
        scene.words(left, rows.bottom + 15.0, anchor, words, Tone::Axis);
        at += every;
    }
    for (row, share) in rows.rows.iter().zip(&now).filter(|(_, share)| **share > 0.0) {
        let right = x(*share).max(LEFT + 1.0);
        scene.bar(Role::Share, Rect { left: LEFT, top: row.top + 0.5, right, bottom: row.bottom - 0.5 });
    }
    if let Some(before) = &before {
        outline(&mut scene, rows, before, &x);
    }
    if let Some(threshold) = threshold_s.filter(|threshold| rows.shows(*threshold)) {
        let y = rows.y(threshold).round() + 0.5;
        scene.line(Role::Threshold, (LEFT, y), (width - 1.0, y));
    }
    labels(&mut scene, latency, rows, &now, before.as_deref(), &x);
    scene
}

/// The baseline as steps around what it held; rows of the ends stand by themselves.
fn outline(scene: &mut Scene, rows: &Rows, shares: &[f64], x: &impl Fn(f64) -> f64) {
    let mut line: Vec<(f64, f64)> = vec![];
    let mut flush = |line: &mut Vec<(f64, f64)>| {
        if line.len() > 1 {
            let (first, last) = (line[0].1, line[line.len() - 1].1);
            line.insert(0, (LEFT, first));
            line.push((LEFT, last));
            scene.marks.push(Mark { shape: Shape::Path(std::mem::take(line)), role: Role::ShareBefore });
        }
        line.clear();
    };
    let mut last: Option<f64> = None;
    for (row, share) in rows.rows.iter().zip(shares) {
        if *share <= 0.0 || last.is_some_and(|last| (last - row.bottom).abs() > 0.5) {
            flush(&mut line);
        }
        if *share > 0.0 {
            line.extend([(x(*share), row.bottom), (x(*share), row.top)]);
        }
        last = Some(row.top);
    }
    flush(&mut line);
}

/// The largest bar away from the baseline says its share, the baseline its median.
fn labels(scene: &mut Scene, latency: &Latency, rows: &Rows, now: &[f64], before: Option<&[f64]>, x: &impl Fn(f64) -> f64) {
    let mut taken: Vec<Rect> = vec![];
    // How far anything reaches at the height of a line of words.
    let reach = |y: f64| {
        let near = |row: &super::rows::Row| row.top < y + LINE / 2.0 && row.bottom > y - LINE / 2.0;
        let shares = rows.rows.iter().enumerate().filter(|(_, row)| near(row)).map(|(at, _)| at);
        shares.map(|at| now[at].max(before.and_then(|before| before.get(at)).copied().unwrap_or(0.0))).fold(0.0, f64::max)
    };
    let rise = |at: usize| now[at] - before.and_then(|before| before.get(at)).copied().unwrap_or(0.0);
    if let Some((at, row)) = rows.rows.iter().enumerate().max_by(|a, b| rise(a.0).total_cmp(&rise(b.0))).filter(|(at, _)| rise(*at) > 0.005) {
        let middle = match (row.from_s, row.to_s) {
            (Some(from), Some(to)) => format!(" at {}", seconds((from * to).sqrt())),
            (from, to) => format!(" {}", super::latency::band_words(from, to)),
        };
        let words = format!("{}{middle}", percent(now[at]));
        let y = f64::midpoint(row.top, row.bottom);
        // Clear of the baseline's steps, too; where there is no room for that, over them with its halo.
        let beyond = [reach(y), now[at]].map(|share| {
            let words = words.clone();
            crate::charts::Label { x: x(share) + 8.0, y: y + 4.0, anchor: Anchor::Start, words, tone: Tone::Strong }
        });
        if let Some(label) = beyond.into_iter().find(|label| label.rect().right <= scene.width) {
            taken.push(label.rect());
            scene.labels.push(label);
        }
    }
    let median = latency.before.as_ref().and_then(|before| before.figures.p50_s);
    if let (Some(_), Some(median)) = (before, median) {
        let words = format!("baseline, p50 {}", seconds(median));
        // At its own height, else a line beneath or above, beside what stands there already.
        let at = [0.0, LINE, -LINE].map(|by| rows.y(median) + by);
        let label = |y: f64| crate::charts::Label { x: x(reach(y)) + 8.0, y: y + 4.0, anchor: Anchor::Start, words: words.clone(), tone: Tone::Note };
        let is_free = |rect: &Rect| !taken.iter().any(|other| other.grown(2.0).touches(rect));
        let fits = |rect: Rect| rect.top >= rows.top && rect.bottom <= rows.bottom && rect.right <= scene.width && is_free(&rect);
        if let Some(label) = at.into_iter().map(label).find(|label| fits(label.rect())) {
            scene.labels.push(label);
        }
    }
}

fn title(latency: &Latency, threshold_s: Option<f64>) -> String {
    let words = threshold_s.and_then(|threshold| above_of(latency, threshold).map(|above| (threshold, above)));
    match words {
        Some((threshold, Above { now, before })) => {
            let before = before.map_or_else(String::new, |before| format!(", baseline {}", percent(before)));
            format!("{} take longer than {}{before}", percent(now), seconds(threshold))
        }
        None => match (latency.now.p50_s, latency.before.as_ref().and_then(|before| before.figures.p50_s)) {
            (Some(now), Some(before)) => format!("Half the calls take {} or less, in the baseline {}", seconds(now), seconds(before)),
            (Some(now), None) => format!("Half the calls take {} or less", seconds(now)),
            _ if latency.now.requests > 0 => format!("{} calls by duration", amount(latency.now.requests)),
            _ => "No call was measured".to_owned(),
        },
    }
}

fn desc(latency: &Latency) -> String {
    let before = match &latency.before {
        Some(before) if before.figures.requests > 0 => format!("dashed: the baseline, n = {}", amount(before.figures.requests)),
        _ => "there is no baseline".to_owned(),
    };
    format!("Shares of calls by duration. Filled: now, n = {}; {before}.", amount(latency.now.requests))
}

/// Each row with both shares and both counts, the slowest first.
pub fn table(latency: &Latency, rows: &Rows) -> Table {
    let (n, n_before) = (latency.counts.iter().sum::<u64>(), latency.before.as_ref().map(|before| before.counts.iter().sum::<u64>()));
    let share = |count: u64, n: u64| if n == 0 { "–".to_owned() } else { percent(count as f64 / n as f64) };
    let row = |row: &super::rows::Row| {
        let (count, before) = (rows.count(row, &latency.counts), latency.before.as_ref().map(|before| rows.count(row, &before.counts)));
        let (before, part) = match before.zip(n_before) {
            Some((before, n)) => (amount(before), share(before, n)),
            None => ("none".to_owned(), "none".to_owned()),
        };
        vec![super::latency::band_words(row.from_s, row.to_s), amount(count), share(count, n), before, part]
    };
    Table {
        caption: "How long calls took, now and in the baseline".to_owned(),
        columns: vec![("Duration", false), ("Calls now", true), ("Share now", true), ("Calls before", true), ("Share before", true)],
        rows: rows.rows.iter().rev().map(row).collect(),
    }
}
