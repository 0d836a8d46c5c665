//! Every kind of chart, drawn natively. `TOCSIN_GALLERY=folder` keeps the page, to be looked at:
//!
//! ```sh
//! TOCSIN_GALLERY=folder cargo test --lib chart::gallery
//! chromium --headless --screenshot=charts.png --window-size=1000,3200 folder/charts-light-1000.html
//! ```

use super::{
    paint::picture,
    panel::{ChartPanel, rows},
    rows::*,
};
use crate::{
    charts::{
        Scene, Standing,
        bar::Bar,
        burn::{self, Burn},
        burn_down::{
            self, BurnDown, Forecast, Last, Span,
            tests::{START, the_whole_story},
        },
        columns,
        days::{self, Days, Spent},
        spark::{self, Spark},
        spread::{self, Spread},
        tests::some,
        thin::Series,
        wall::Wall,
    },
    domain::{metrics::Step, time::Timestamp},
    ui::drawing::view,
};
use leptos::prelude::*;

const DAY: i64 = 86_400;

/// A calendar month in its middle, with two dates because the interval is wide.
fn a_calendar_month() -> BurnDown {
    let from = Timestamp::parse("2026-11-01T00:00:00Z").expect("it is RFC 3339");
    let now = from.plus_secs(14 * DAY);
    let left =
        Series::new((0..=14 * 24).map(|hour| (from.plus_secs(hour * 3600), Some(1.0 - hour as f64 / 800.0 - if hour > 150 { 0.28 } else { 0.0 }))).collect());
    let (_, last) = left.last_at(now).expect("it was measured");
    let turn = |days: i64, words: &str| burn_down::Turn { at: now.plus_secs(days * DAY), lines: vec!["runs out".to_owned(), words.to_owned()] };
    BurnDown {
        title: "31 % of search's budget is left. It runs out between 20 and 27 November.".to_owned(),
        window: "November 2026".to_owned(),
        until: from.plus_secs(30 * DAY),
        even: vec![(from, 1.0), (from.plus_secs(30 * DAY), 0.0)],
        forecast: Forecast::Expected {
            assumption: "at the pace of the last 6 h".to_owned(),
            line: vec![(now.plus_secs(9 * DAY), 0.0), (from.plus_secs(30 * DAY), -0.25)],
            bounds: vec![vec![(now.plus_secs(6 * DAY), 0.0)], vec![(now.plus_secs(12 * DAY), 0.0)]],
            turns: vec![turn(6, "Fri 20 Nov"), turn(12, "Thu 26 Nov")],
        },
        last: Some(Last { share: "28 to 31 %".to_owned(), amount: "12 min left".to_owned() }),
        range: Some((last - 0.05, last + 0.05)),
        left,
        ..BurnDown::new(from, now, Wall::utc())
    }
}

fn far_over() -> BurnDown {
    let left = Series::new((0..=720).map(|hour| (START.plus_secs(hour * 3600), Some(if hour < 200 { 1.0 } else { -1.6 - hour as f64 / 520.0 }))).collect());
    let last = Last { share: "−300 %".to_owned(), amount: "130 min over".to_owned() };
    BurnDown { title: "Far over.".to_owned(), left, last: Some(last), ..BurnDown::new(START, START.plus_secs(30 * DAY), Wall::utc()) }
}

fn forty() -> BurnDown {
    let left = Series::new((0..=720).map(|hour| (START.plus_secs(hour * 3600), Some(1.0 - (hour / 18) as f64 * 0.02))).collect());
    let flags =
        (0..40).map(|n| burn_down::Flag { number: n as u32 + 1, at: START.plus_secs((n + 1) * 18 * 3600 - 60), words: "payments".to_owned() }).collect();
    let last = Last { share: "20 %".to_owned(), amount: "8.6 min left".to_owned() };
    BurnDown { title: "Forty incidents.".to_owned(), left, flags, last: Some(last), ..BurnDown::new(START, START.plus_secs(30 * DAY), Wall::utc()) }
}

fn unmeasured() -> BurnDown {
    let now = START.plus_secs(2 * DAY);
    BurnDown {
        title: "Nothing was measured.".to_owned(),
        until: now.plus_secs(DAY),
        gaps: vec![Span { from: START, to: now }],
        forecast: Forecast::Unknown { why: "measured for less than 3 days".to_owned() },
        ..BurnDown::new(START, now, Wall::utc())
    }
}

fn a_burn() -> Burn {
    let rate = |n: i64, sharp: f64| Some(0.6 + if (300..330).contains(&n) { 180.0 / sharp } else { ((n as f64) / 9.0).sin().abs() * 0.8 });
    let series = |sharp: f64| Series::new((0..432).map(|n| (START.plus_secs(n * 300), rate(n, sharp))).collect());
    let gaps = vec![Span { from: START.plus_secs(10 * 3600), to: START.plus_secs(12 * 3600) }];
    let (long, short) = (("1 h".to_owned(), series(6.0)), ("5 min".to_owned(), series(1.0)));
    Burn {
        title: "It fired once.".to_owned(),
        from: START,
        until: START.plus_secs(36 * 3600),
        long,
        short,
        threshold: 14.4,
        gaps,
        anew: vec![START.plus_secs(20 * 3600)],
        wall: Wall::utc(),
    }
}

fn a_strip() -> Days {
    let share = |n: i64| match n {
        7 => Some(0.25),
        9 => None,
        16 => Some(0.31),
        23 => Some(0.15),
        n if n % 5 == 0 => Some(0.0),
        n => Some(0.005 * (n % 8) as f64),
    };
    let day = |n: i64| Spent { from: START.plus_secs(n * DAY), to: START.plus_secs((n + 1) * DAY), share: share(n), note: String::new() };
    Days { title: "Two days spent a quarter each.".to_owned(), days: (0..30).map(day).collect(), wall: Wall::utc() }
}

fn a_spread(n: i32) -> Spread {
    let values_s = (0..n).map(|n| 240.0 * 1.14_f64.powi(n % 38)).collect();
    Spread {
        title: "Half are restored within 34 min.".to_owned(),
        of: "Time to restore".to_owned(),
        values_s,
        median_s: Some(2040.0),
        p90_s: Some(18_000.0),
        without: 3,
    }
}

fn scenes(width: f64) -> Vec<(&'static str, Scene)> {
    vec![
        ("story", burn_down::scene(&the_whole_story(), width)),
        ("calendar", burn_down::scene(&a_calendar_month(), width)),
        ("over", burn_down::scene(&far_over(), width)),
        ("forty", burn_down::scene(&forty(), width)),
        ("unmeasured", burn_down::scene(&unmeasured(), width)),
        ("burn", burn::scene(&a_burn(), width)),
        ("weeks", columns::scene(&some(12), Step::Week, width)),
        ("days", days::scene(&a_strip(), width)),
        ("spread", spread::scene(&a_spread(70), width)),
        ("few", spread::scene(&a_spread(3), width)),
    ]
}

/// What is left, how far that may be off, and what it is called.
type Known = (Option<f64>, Option<(f64, f64)>, Standing);

/// Bars and lines in rows, with each standing.
fn in_rows() -> AnyView {
    let row = |(n, (left, range, standing)): (usize, Known)| {
        let bar = Bar { title: "Checkout availability".to_owned(), left, range, standing };
        let end = left.unwrap_or(0.5);
        let series = Series::new(
            (0..30).map(|day| (START.plus_secs(day * DAY), (range.is_none() || day < 27).then_some(1.0 - (1.0 - end) * (day / 7) as f64 / 4.0))).collect(),
        );
        let until = START.plus_secs(29 * DAY);
        view! {
            <p style="display:flex;gap:16px">
                <BudgetBar id=format!("bar-{n}") bar />
                <Sparkline id=format!("spark-{n}") spark=Spark { left: series.clone(), standing } from=START until />
                <Sparkline id=format!("phone-{n}") spark=Spark { left: series, standing } from=START until size=spark::PHONE />
            </p>
        }
    };
    let all = [
        (Some(-0.07), None, Standing::Overspent),
        (Some(-3.0), None, Standing::Overspent),
        (Some(0.15), None, Standing::Low),
        (None, Some((0.46, 0.56)), Standing::Within),
        (Some(0.8), None, Standing::Within),
    ];
    view! { <div style="padding:16px">{all.into_iter().enumerate().map(row).collect_view()}</div> }
}

fn page(width: f64) -> String {
    let charts = scenes(width).into_iter().map(|(id, scene)| {
        view! {
            <div class="chart" style="padding:8px">
                <p class="chart__said">{scene.title.clone()}</p>
                {picture(id, &scene)}
            </div>
        }
    });
    let panel = || {
        view! {
            <ChartPanel
                id="budget"
                title="Budget left"
                note="last 30 days, 10 ahead if INC-418 ended now · 96 % measured"
                draw=|width| burn_down::scene(&the_whole_story(), width)
                table=|()| burn_down::table(&the_whole_story())
                readings=|()| burn_down::readings(&the_whole_story())
            >
                <p class="panel__empty">"Four incidents spent 90 % of it."</p>
            </ChartPanel>
        }
    };
    Owner::new().with(|| view! { <div>{panel()} {in_rows()} {charts.collect_view()} {rows(burn_down::table(&the_whole_story()))}</div> }.to_html())
}

#[test]
fn every_chart_is_drawn_without_a_browser() {
    for width in [344.0, 984.0] {
        let html = page(width);
        assert!(!html.contains("NaN") && !html.contains("inf"), "a place is no number");
        assert_eq!(html.matches("role=\"img\"").count(), scenes(width).len() + 1 + 15);
        assert!(html.contains("<pattern id=\"story-hatch-over\"") && html.contains("url(#story-hatch-over)"));
        for (_, scene) in scenes(width) {
            assert!(!scene.title.is_empty() && !scene.desc.is_empty());
        }
        let Ok(folder) = std::env::var("TOCSIN_GALLERY") else { continue };
        let style: String =
            ["layers.css", "tokens.css", "base.css", "layout.css", "later/chart.css", "components/lens.css", "components/panel.css", "later/trends.css"]
                .map(|file| std::fs::read_to_string(format!("{}/style/{file}", env!("CARGO_MANIFEST_DIR"))).expect("the style sheet is there"))
                .concat();
        let head = format!("<!doctype html><html data-theme=\"THEME\"><meta charset=utf-8><style>{style} body{{background:var(--surface)}}</style>");
        for theme in ["light", "dark"] {
            let file = format!("{folder}/charts-{theme}-{}.html", width + 16.0);
            std::fs::write(file, head.replace("THEME", theme) + &html).expect("the folder can be written to");
        }
    }
}
