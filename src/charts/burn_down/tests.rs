//! The odd pictures: nothing, one reading, all gap, far over, forty incidents, days that are not
//! 24 hours long, and all of them on the narrowest phone.

use super::*;
use crate::charts::{
    Label,
    tests::whole,
    wall::tests::{at, berlin},
};

const DAY: i64 = 86_400;
const WIDTHS: [f64; 5] = [300.0, 360.0, 520.0, 760.0, 1400.0];

/// 2026-10-21T02:31:00Z.
pub const START: Timestamp = Timestamp::from_micros(1_792_549_860_000_000);

/// Five-minute readings over thirty days that begin at `first` and step down at each incident.
fn a_month(first: f64, steps: &[(i64, f64)]) -> Series {
    let share = |n: i64| first - steps.iter().filter(|(hour, _)| n >= hour * 12).map(|(_, cost)| cost).sum::<f64>();
    Series::new((0..=8640).map(|n| (START.plus_secs(n * 300), Some(share(n)))).collect())
}

fn flags(hours: &[i64]) -> Vec<Flag> {
    let flag = |(n, hour): (usize, &i64)| Flag { number: n as u32 + 1, at: START.plus_secs(hour * 3600 - 300), words: "payments".to_owned() };
    hours.iter().enumerate().map(flag).collect()
}

/// The picture of the design: overspent, with everything in it.
pub fn the_whole_story() -> BurnDown {
    let now = START.plus_secs(30 * DAY);
    let steps = [(180, 0.25), (300, -0.02), (393, 0.31), (513, -0.12), (558, 0.15), (719, 0.25)];
    let gap = Span { from: START.plus_secs(235 * 3600), to: START.plus_secs(261 * 3600) };
    let seen = |at: Timestamp, share: Option<f64>| (at, share.filter(|_| !(gap.from..gap.to).contains(&at)));
    let left = Series::new(a_month(0.77, &steps).iter().map(|(at, share)| seen(at, share)).collect());
    let (_, last) = left.last_at(now).expect("it was measured");
    let back = now.plus_secs(7 * DAY);
    let forecast = Forecast::Expected {
        assumption: "if INC-418 ended now".to_owned(),
        line: vec![(back, last), (back, 0.18), (now.plus_secs(10 * DAY), 0.18)],
        bounds: vec![],
        turns: vec![Turn { at: back, lines: ["above zero again", "Fri 27 Nov", "when 1 leaves"].map(str::to_owned).to_vec() }],
    };
    let day = |n: i64| {
        let spent = match n {
            7 => Some(11.0),
            8 | 9 => None,
            16 => Some(13.0),
            23 => Some(6.5),
            29 => Some(11.0),
            n => Some(0.1 + (n % 3) as f64 / 10.0),
        };
        daily::Day { from: START.plus_secs(n * DAY), to: START.plus_secs((n + 1) * DAY), spent }
    };
    let daily = Daily {
        heading: "Spent each day, minutes".to_owned(),
        column: "Spent, minutes",
        days: (0..30).map(day).collect(),
        pace: 1.4,
        pace_words: "even: 1.4 a day".to_owned(),
    };
    let deploy = |(n, hour): (usize, &i64)| Deploy { at: START.plus_secs(hour * 3600), before_incident: n % 4 == 3 };
    BurnDown {
        title: "Checkout is 3.1 min over budget, back above zero on Fri 27 Nov.".to_owned(),
        window: "rolling 30 days".to_owned(),
        until: now.plus_secs(10 * DAY),
        left,
        gaps: vec![gap],
        even: vec![(START, 0.77), (START.plus_secs(513 * 3600), 0.15), (START.plus_secs(513 * 3600), 0.27), (now, 0.0)],
        forecast,
        last: Some(Last { share: "−5 %".to_owned(), amount: "3.1 min over".to_owned() }),
        flags: flags(&[180, 393, 558, 719]),
        returns: vec![Return { at: START.plus_secs(513 * 3600), points: "+12 points".to_owned(), why: "INC-318 of 12 Oct left".to_owned() }],
        deploys: [30, 70, 110, 179, 200, 300, 340, 392].iter().enumerate().map(deploy).collect(),
        daily: Some(daily),
        ..BurnDown::new(START, now, Wall::utc())
    }
}

fn bare(left: Series) -> BurnDown {
    let now = START.plus_secs(30 * DAY);
    BurnDown { left, ..BurnDown::new(START, now, Wall::utc()) }
}

fn roles(scene: &Scene, role: Role) -> usize {
    scene.marks.iter().filter(|mark| mark.role == role).count()
}

fn label<'a>(scene: &'a Scene, words: &str) -> Option<&'a Label> {
    scene.labels.iter().find(|label| label.words == words)
}

fn has_zero(scene: &Scene) {
    assert_eq!(roles(scene, Role::Zero), 1, "the heavy line is always there");
    assert!(label(scene, "0").is_some(), "and has its figure");
}

#[test]
fn the_whole_story_fits_at_every_width() {
    for width in WIDTHS {
        let scene = scene(&the_whole_story(), width);
        whole(&scene);
        has_zero(&scene);
        for words in ["−5 %", "3.1 min over", "budget spent", "Fri 27 Nov", "1", "2", "3", "4"] {
            assert!(label(&scene, words).is_some(), "{words} is missing at {width}");
        }
        assert!(label(&scene, "not measured 1 d 2 h").is_some() || width < 400.0);
        assert!((roles(&scene, Role::Gap), roles(&scene, Role::Flag)) == (3, 4), "a band, and two days without bars");
        assert!(roles(&scene, Role::Fill(Standing::Overspent)) > 0 && roles(&scene, Role::Budget(Standing::Overspent)) > 0);
    }
    assert!(label(&scene(&the_whole_story(), 1000.0), "+12 points").is_some());
    assert!(label(&scene(&the_whole_story(), 1000.0), "even spending").is_some());
}

#[test]
fn nothing_measured_is_said_and_drawn() {
    let all = Span { from: START, to: START.plus_secs(30 * DAY) };
    for width in WIDTHS {
        for data in [bare(Series::default()), BurnDown { gaps: vec![all], ..bare(Series::default()) }, BurnDown { gaps: vec![all], ..bare(a_month(0.9, &[])) }]
        {
            let scene = scene(&data, width);
            whole(&scene);
            has_zero(&scene);
            let words = label(&scene, "not measured 30 d").is_some();
            assert_eq!(words, !data.gaps.is_empty(), "at {width}");
        }
    }
    assert!(scene(&bare(Series::default()), 700.0).desc.ends_with("Nothing was measured."));
}

#[test]
fn one_reading_is_a_dot() {
    for width in WIDTHS {
        let data = BurnDown { last: Some(Last { share: "40 %".to_owned(), amount: "17 min left".to_owned() }), ..bare(Series::new(vec![(START, Some(0.4))])) };
        let scene = scene(&data, width);
        whole(&scene);
        has_zero(&scene);
        assert_eq!((roles(&scene, Role::Budget(Standing::Within)), scene.points.len()), (1, 1));
        assert!(label(&scene, "40 %").is_some());
    }
}

#[test]
fn far_below_zero_is_never_cut() {
    for width in WIDTHS {
        let data =
            BurnDown { last: Some(Last { share: "−300 %".to_owned(), amount: "130 min over".to_owned() }), ..bare(a_month(1.0, &[(200, 1.5), (400, 2.49)])) };
        let scene = scene(&data, width);
        whole(&scene);
        has_zero(&scene);
        let lowest = scene.marks.iter().filter(|mark| mark.role == Role::Budget(Standing::Overspent)).filter_map(|mark| match &mark.shape {
            Shape::Path(line) => line.iter().map(|(_, y)| *y).reduce(f64::max),
            Shape::Bar { .. } | Shape::Line { .. } | Shape::Area(_) | Shape::Dot { .. } | Shape::Sign { .. } => None,
        });
        let floor = if width < NARROW { 200.0 } else { 264.0 };
        let lowest = lowest.fold(0.0, f64::max);
        assert!(lowest <= floor && floor - lowest < 3.0, "−299 % of −300 %: {lowest} of {floor}");
        assert!(label(&scene, "−300 %").is_some());
        assert!(scene.desc.contains("lowest 300 percent over budget"));
    }
}

#[test]
fn forty_incidents_share_boxes_and_keep_their_numbers() {
    let hours: Vec<i64> = (0..40).map(|n| 20 + n * 17).collect();
    let steps: Vec<(i64, f64)> = hours.iter().map(|hour| (*hour, 0.02)).collect();
    let data = BurnDown { flags: flags(&hours), ..bare(a_month(1.0, &steps)) };
    for width in WIDTHS {
        let scene = scene(&data, width);
        whole(&scene);
        let boxes: Vec<&str> = scene.labels.iter().filter(|label| label.tone == Tone::Flag).map(|label| label.words.as_str()).collect();
        assert!(boxes.first().is_some_and(|first| first.starts_with('1')) && boxes.last().is_some_and(|last| last.ends_with("40")), "{boxes:?}");
        let reached: Vec<usize> = (1..=40).filter_map(|number| scene.flagged(number)).collect();
        assert_eq!(reached.len(), 40, "each is reached by its number");
        assert!(reached.is_sorted());
    }
    assert!(roles(&scene(&data, 1400.0), Role::Flag) > roles(&scene(&data, 300.0), Role::Flag));
}

#[test]
fn flags_nearer_than_22_pixels_share_a_box() {
    let boxes = |hours: &[i64]| {
        let scene = scene(&BurnDown { flags: flags(hours), ..bare(a_month(1.0, &[])) }, 788.0);
        scene.labels.into_iter().filter(|label| label.tone == Tone::Flag).map(|label| label.words).collect::<Vec<_>>()
    };
    // An hour is one pixel.
    assert_eq!(boxes(&[100, 130, 400]), ["1", "2", "3"]);
    assert_eq!(boxes(&[100, 300, 315, 330, 500]), ["1", "2–4", "5"]);
}

#[test]
fn days_of_23_and_25_hours_are_as_long_as_they_were() {
    for (from, hours) in [("2026-03-28T23:00:00Z", 23), ("2026-10-24T22:00:00Z", 25)] {
        let (from, now) = (at(from), at(from).plus_secs(hours * 3600));
        let left = Series::new((0..=hours * 12).map(|n| (from.plus_secs(n * 300), Some(1.0 - n as f64 / 400.0))).collect());
        let data = BurnDown { left, ..BurnDown::new(from, now, berlin()) };
        for width in WIDTHS {
            whole(&scene(&data, width));
        }
        let days: Vec<i64> = scene(&data, 700.0).points.iter().map(|point| point.day).collect();
        assert!(days[..days.len() - 1].windows(2).all(|pair| pair[0] == pair[1]), "all of it is one day");
        assert_eq!(table(&data).rows.len(), 2, "the day and the instant after it");
    }
}

#[test]
fn gaps_close_together_are_one_band_and_short_ones_are_seen() {
    let gap = |hour: i64, secs: i64| Span { from: START.plus_secs(hour * 3600), to: START.plus_secs(hour * 3600 + secs) };
    let data = BurnDown { gaps: vec![gap(100, 300), gap(104, 300), gap(400, 60)], ..bare(a_month(1.0, &[])) };
    let bands: Vec<f64> = scene(&data, 788.0)
        .marks
        .iter()
        .filter_map(|mark| if let (Role::Gap, Shape::Bar { width, .. }) = (mark.role, &mark.shape) { Some(*width) } else { None })
        .collect();
    assert_eq!(bands.len(), 2);
    assert!((bands[0] - 7.0).abs() < 0.5 && (bands[1] - 3.0).abs() < 0.01, "{bands:?}");
    let line = scene(&data, 788.0).marks.iter().filter(|mark| mark.role == Role::Budget(Standing::Within) && matches!(mark.shape, Shape::Path(_))).count();
    assert!(line >= 3, "the line stops where nothing was measured");
}

#[test]
fn steps_are_kept_upright_and_sparse_readings_do_not_slope() {
    let left = Series::new(vec![(START, Some(1.0)), (START.plus_secs(15 * DAY), Some(0.5)), (START.plus_secs(30 * DAY), Some(0.5))]);
    let scene = scene(&bare(left), 788.0);
    let line = scene.marks.iter().find_map(|mark| if let (Role::Budget(_), Shape::Path(line)) = (mark.role, &mark.shape) { Some(line.clone()) } else { None });
    let line = line.expect("there is a line");
    assert!(line.windows(2).all(|pair| pair[0].0 == pair[1].0 || pair[0].1 == pair[1].1), "{line:?}");
    assert_eq!(line.len(), 4);
}

#[test]
fn the_keyboard_hears_the_day_the_value_and_the_incident() {
    let scene = scene(&the_whole_story(), 788.0);
    let words = |at: Option<usize>| at.and_then(|at| scene.points.get(at)).map(|point| point.words.say()).unwrap_or_default();
    assert_eq!(words(scene.flagged(2)), "6 November 11:31, 23 percent left, incident 2, payments, 1 deploy");
    assert!(scene.points.iter().any(|point| point.words.say() == "30 October 21:31, not measured for 1 d 2 h"));
    assert!(scene.points.last().is_some_and(|point| point.words.say().contains("forecast, 18 percent left")));
    assert!(scene.points.is_sorted_by(|a, b| a.left <= b.left));
    let second = scene.by_day(0, true);
    assert_eq!((scene.points[second].day, scene.by_day(second, false)), (scene.points[0].day + 1, 0));
}

#[test]
fn the_description_says_window_extremes_last_value_and_gaps() {
    let desc = scene(&the_whole_story(), 700.0).desc;
    for part in
        ["rolling 30 days", "from 21 October 02:31 to 20 November 02:31 UTC", "Highest 77 percent left", "lowest 5 percent over budget", "last 5 percent over"]
    {
        assert!(desc.contains(part), "{part}: {desc}");
    }
    assert!(
        desc.contains("Not measured: 1 d 2 h in 1 gap.") && desc.ends_with("Forecast if INC-418 ended now: above zero again Fri 27 Nov when 1 leaves."),
        "{desc}"
    );
}

#[test]
fn without_a_forecast_the_reason_stands_in_its_place() {
    let now = START.plus_secs(2 * DAY);
    let why = "measured for less than 3 days".to_owned();
    let data = BurnDown { until: now.plus_secs(DAY), forecast: Forecast::Unknown { why }, ..BurnDown::new(START, now, Wall::utc()) };
    for width in WIDTHS {
        whole(&scene(&data, width));
    }
    assert!(label(&scene(&data, 1000.0), "no forecast").is_some());
    assert!(scene(&data, 300.0).desc.ends_with("No forecast: measured for less than 3 days."));
}

#[test]
fn table_and_readings_hold_what_the_line_does() {
    let data = the_whole_story();
    let table = table(&data);
    assert_eq!(table.rows.len(), 32, "31 days that are touched, and the forecast");
    assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
    assert_eq!(table.rows[9], ["Fri 30 Oct", "52 %", "52 %", "not measured", "not measured for 2 h 29 min"]);
    let every = readings(&data);
    assert_eq!(every.rows.len(), 8641 + 1 + 4 + 1 + 3);
    assert!(every.csv().starts_with("at,kind,left_ratio,note\r\n2026-10-21T02:31:00Z,measured,0.77,\r\n"));
}

#[test]
fn what_came_after_the_last_reading_is_said_at_it() {
    let now = START.plus_secs(30 * DAY);
    let data = BurnDown { flags: flags(&[700]), ..bare(Series::new(vec![(START, Some(1.0)), (START.plus_secs(20 * DAY), Some(0.9))])) };
    let scene = scene(&data, 700.0);
    assert_eq!((data.now, scene.flagged(1)), (now, Some(1)));
    assert_eq!(scene.points[1].words.say(), "10 November 02:31, 90 percent left, incident 1, payments");
}

#[test]
fn a_scale_that_has_grown_stays_so() {
    let data = BurnDown { floor: -0.5, ..bare(a_month(1.0, &[])) };
    assert!((floor(&data) + 0.5).abs() < 1e-9 && (floor(&bare(a_month(1.0, &[]))) - 0.0).abs() < 1e-9);
    assert!((floor(&bare(a_month(1.0, &[(100, 1.072)]))) + 0.1).abs() < 1e-9, "rounded down to 5 %");
}

#[test]
fn a_closer_look_is_drawn_like_the_whole() {
    let data = the_whole_story();
    for (from, days) in [(0, 1), (9, 3), (25, 10), (33, 5)] {
        let (from, until) = (START.plus_secs(from * DAY), START.plus_secs((from + days) * DAY));
        for width in WIDTHS {
            let scene = scene(&data.clone().between(from, until), width);
            whole(&scene);
            has_zero(&scene);
        }
    }
}

/// What is drawn of a role, as its points.
fn drawn(scene: &Scene, role: Role) -> Vec<(f64, f64)> {
    let of = |mark: &Mark| match &mark.shape {
        Shape::Path(points) if mark.role == role => points.clone(),
        _ => vec![],
    };
    scene.marks.iter().flat_map(of).collect()
}

#[test]
fn a_closer_look_cuts_lines_at_its_edges_and_says_nothing_of_now() {
    let part = the_whole_story().between(START.plus_secs(13 * DAY + 600), START.plus_secs(15 * DAY + 1_000));
    let scene = scene(&part, 760.0);
    whole(&scene);
    has_zero(&scene);
    assert_eq!((roles(&scene, Role::Now), label(&scene, "−5 %"), roles(&scene, Role::Forecast)), (0, None, 0));
    for role in [Role::Even, Role::Budget(Standing::Within)] {
        let line = drawn(&scene, role);
        let (first, last) = (line.first().expect("it is drawn"), line.last().expect("it is drawn"));
        assert!((first.0 - 60.0).abs() < 0.2 && (last.0 - 752.0).abs() < 0.2, "{role:?} goes from edge to edge: {first:?} {last:?}");
    }
    let ahead = the_whole_story().between(START.plus_secs(32 * DAY), START.plus_secs(40 * DAY));
    let ahead = super::scene(&ahead, 760.0);
    whole(&ahead);
    assert!(roles(&ahead, Role::Forecast) == 1 && roles(&ahead, Role::Budget(Standing::Within)) == 0 && label(&ahead, "Fri 27 Nov").is_some());
}

#[test]
fn between_two_readings_the_value_holds() {
    let left = Series::new(vec![(START, Some(0.9)), (START.plus_secs(10 * DAY), Some(0.6)), (START.plus_secs(29 * DAY), Some(0.5))]);
    let part = bare(left).between(START.plus_secs(11 * DAY), START.plus_secs(12 * DAY));
    let line = drawn(&scene(&part, 760.0), Role::Budget(Standing::Within));
    assert_eq!(line.iter().map(|(x, _)| x.round()).collect::<Vec<_>>(), [60.0, 752.0], "{line:?}");
    let gap = Span { from: START.plus_secs(10 * DAY + 60), to: START.plus_secs(10 * DAY + 7_200) };
    let broken = BurnDown { gaps: vec![gap], ..part };
    assert!(drawn(&scene(&broken, 760.0), Role::Budget(Standing::Within)).is_empty(), "what held before a gap says nothing after it");
}

#[test]
fn where_it_is_measured_anew_a_line_says_so() {
    for width in WIDTHS {
        let data = BurnDown { anew: vec![START.plus_secs(20 * DAY), START.plus_secs(-DAY)], ..the_whole_story() };
        let scene = scene(&data, width);
        whole(&scene);
        assert_eq!(roles(&scene, Role::Anew), 1);
        assert!(label(&scene, "measured anew").is_some() || width < 520.0);
        assert!(scene.points.iter().any(|point| point.words.say().contains("measured anew: the objective was changed")));
        assert!(readings(&data).rows.iter().any(|row| row[1] == "measured anew"));
    }
}
