//! A strip of days, each as dark and as full as what it spent. Fill and darkness say the same, so
//! that neither colour nor shade is needed alone.

use super::{
    Anchor, Point, Role, Scene, Tone,
    place::{self, Rect},
    table::Table,
    time_axis::TimeAxis,
    wall::Wall,
};
use crate::domain::{metrics::words::two_digits, time::Timestamp};

#[derive(Clone, Debug, PartialEq)]
pub struct Days {
    /// The conclusion, in a sentence.
    pub title: String,
    /// In order of time.
    pub days: Vec<Spent>,
    pub wall: Wall,
}

/// What a day spent of the whole budget of the window; nothing where it was not measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Spent {
    pub from: Timestamp,
    pub to: Timestamp,
    pub share: Option<f64>,
    /// What is said besides: `2 incidents`.
    pub note: String,
}

const HIGH: f64 = 28.0;
const TOP: f64 = 4.0;
const AXIS_ROOM: f64 = 20.0;
/// The share of the budget from which a day belongs to each step; less than the first is step 0.
const STEPS: [f64; 4] = [0.000_1, 0.02, 0.10, 0.25];

/// 0 for a day that spent nothing, 4 for one that spent a quarter of the budget or more.
pub fn step(share: f64) -> u8 {
    #[allow(clippy::cast_possible_truncation)] // at most four
    let step = STEPS.iter().filter(|least| share >= **least).count() as u8;
    step
}

pub fn scene(days: &Days, width: f64) -> Scene {
    let mut scene = Scene { width, height: TOP + HIGH + AXIS_ROOM, title: days.title.clone(), desc: desc(days), ..Scene::default() };
    let Some((from, until)) = days.days.first().zip(days.days.last()).map(|(first, last)| (first.from, last.to)) else { return scene };
    let axis = TimeAxis { from, until, left: 1.0, right: (width - 1.0).max(2.0) };
    for day in &days.days {
        let (left, right) = (axis.x(day.from), axis.x(day.to));
        let between = if right - left > 5.0 { 1.0 } else { 0.0 };
        let (left, right) = (left + between, (right - between).max(left + 0.5));
        let cell = Rect { left, top: TOP, right, bottom: TOP + HIGH };
        match day.share {
            None => scene.bar(Role::Gap, cell),
            Some(share) => {
                let step = step(share);
                scene.bar(Role::Track, cell);
                if step > 0 {
                    scene.bar(Role::Heat(step), Rect { top: TOP + HIGH * (1.0 - f64::from(step) / 4.0), ..cell });
                }
                let words = share_words(share);
                if step == 4 && place::width(&words, Tone::Inside) + 4.0 <= cell.width() {
                    scene.words(f64::midpoint(left, right), TOP + HIGH / 2.0 + 4.0, Anchor::Middle, words, Tone::Inside);
                }
            }
        }
        scene.points.push(Point { left: axis.x(day.from), width: axis.x(day.to) - axis.x(day.from), words: said(day, &days.wall).into(), ..Point::default() });
    }
    scene.labels.extend(axis.labels(&days.wall, None, scene.height - 5.0));
    scene
}

fn share_words(share: f64) -> String {
    format!("{} %", two_digits(share * 100.0))
}

fn spent(share: Option<f64>) -> String {
    share.map_or_else(|| "not measured".to_owned(), |share| format!("{} percent of the budget spent", two_digits(share * 100.0)))
}

fn said(day: &Spent, wall: &Wall) -> String {
    let note = if day.note.is_empty() { String::new() } else { format!(", {}", day.note) };
    format!("{}, {}{note}", wall.spoken_day(day.from), spent(day.share))
}

fn desc(days: &Days) -> String {
    let Some((first, last)) = days.days.first().zip(days.days.last()) else { return "No day is shown.".to_owned() };
    let worst = days.days.iter().filter(|day| day.share.is_some()).max_by(|a, b| a.share.unwrap_or(0.0).total_cmp(&b.share.unwrap_or(0.0)));
    let least = days.days.iter().filter_map(|day| day.share).reduce(f64::min);
    let worst = worst.map(|day| format!(" Most on {}.", said(day, &days.wall))).unwrap_or_default();
    let least = least.map(|least| format!(" Least: {}.", spent(Some(least)))).unwrap_or_default();
    let unknown = days.days.iter().filter(|day| day.share.is_none()).count();
    let unknown = if unknown > 0 { format!(" Not measured: {}.", crate::domain::wording::count(unknown, "day", "days")) } else { String::new() };
    format!(
        "Budget spent each day, {} to {} {}; last: {}.{worst}{least}{unknown}",
        days.wall.spoken_day(first.from),
        days.wall.spoken_day(last.from),
        days.wall.zone,
        spent(last.share)
    )
}

pub fn table(days: &Days) -> Table {
    let cell = |share: Option<f64>| share.map_or_else(|| "not measured".to_owned(), share_words);
    let rows = days.days.iter().map(|day| vec![days.wall.weekday(day.from), cell(day.share), day.note.clone()]).collect();
    Table { caption: "Budget spent each day".to_owned(), columns: vec![("Day", false), ("Spent", true), ("What happened", false)], rows }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            Shape,
            tests::whole,
            wall::tests::{at, berlin},
        },
        *,
    };

    fn strip(shares: &[Option<f64>]) -> Days {
        let wall = berlin();
        let first = at("2026-10-22T22:00:00Z");
        let day = |(n, share): (usize, &Option<f64>)| {
            let from = wall.day_after(first, n as i64);
            Spent { from, to: wall.next_day(from), share: *share, note: String::new() }
        };
        Days { title: "One day spent most.".to_owned(), days: shares.iter().enumerate().map(day).collect(), wall }
    }

    #[test]
    fn fill_says_what_shade_says() {
        assert_eq!([0.0, 0.01, 0.05, 0.1, 0.25, 9.0].map(step), [0, 1, 2, 3, 4, 4]);
        let scene = scene(&strip(&[Some(0.0), Some(0.01), None, Some(0.3)]), 400.0);
        whole(&scene);
        let heights =
            |role| scene.marks.iter().filter(move |mark| mark.role == role).map(|mark| if let Shape::Bar { height, .. } = mark.shape { height } else { 0.0 });
        assert_eq!((heights(Role::Heat(1)).sum::<f64>(), heights(Role::Heat(4)).sum::<f64>(), heights(Role::Gap).count()), (7.0, 28.0, 1));
        assert_eq!(scene.points[2].words.say(), "25 October, not measured");
        assert!(scene.points[2].width > scene.points[1].width, "the day of 25 hours is wider");
        assert_eq!(table(&strip(&[None])).rows, [["Fri 23 Oct", "not measured", ""]]);
    }

    #[test]
    fn any_number_of_days_fits() {
        for n in [0, 1, 30, 90, 400] {
            for width in [300.0, 700.0] {
                whole(&scene(&strip(&vec![Some(0.3); n]), width));
            }
        }
    }
}
