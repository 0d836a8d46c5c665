//! The same in words: the description, what is said at each point, and the rows of the table.

use super::{BurnDown, Forecast, Span};
use crate::{
    charts::{Point, Words, table::Table, time_axis::TimeAxis},
    domain::{metrics::words::two_digits, time::Timestamp, wording},
};
use std::sync::Arc;

/// `75`, `−25`: whole percents with a real minus, as on the axis.
pub fn percent(share: f64) -> String {
    let whole = (share * 100.0).round();
    if whole < 0.0 { format!("−{}", -whole) } else { format!("{}", whole.abs()) }
}

/// `21 percent left`, `7 percent over budget`: for those who listen.
pub fn said(share: f64) -> String {
    let number = two_digits((share * 100.0).abs());
    if share < 0.0 { format!("{number} percent over budget") } else { format!("{number} percent left") }
}

/// The share in a cell.
fn cell(share: f64) -> String {
    let number = two_digits((share * 100.0).abs());
    if share < 0.0 && number != "0" { format!("−{number} %") } else { format!("{number} %") }
}

fn not_measured(gap: Span) -> String {
    format!("not measured for {}", wording::span(gap.to.secs_since(gap.from)))
}

/// With the window it is about.
fn named(what: &str, data: &BurnDown) -> String {
    if data.window.is_empty() { what.to_owned() } else { format!("{what}, {}", data.window) }
}

/// The window, the lowest, the highest and the last value, gaps and what the forecast rests on.
pub fn desc(data: &BurnDown) -> String {
    let wall = &data.wall;
    let ended = data.now.min(data.until);
    let mut text = named("Budget left", data);
    text += &format!(", from {} to {} {}. ", wall.spoken(data.from), wall.spoken(ended), wall.zone);
    match (data.left.extremes(data.from, ended), data.left.last_at(ended)) {
        (Some((low, high)), Some((at, last))) => text += &format!("Highest {}, lowest {}, last {} at {}. ", said(high), said(low), said(last), wall.spoken(at)),
        _ => text += "Nothing was measured. ",
    }
    let gaps: Vec<&Span> = data.gaps.iter().filter(|gap| gap.to > data.from && gap.from < ended).collect();
    let secs: i64 = gaps.iter().map(|gap| gap.to.min(ended).secs_since(gap.from.max(data.from))).sum();
    if secs > 0 {
        text += &format!("Not measured: {} in {}. ", wording::span(secs), wording::count(gaps.len(), "gap", "gaps"));
    }
    match &data.forecast {
        Forecast::Expected { assumption, turns, .. } => {
            let turns: Vec<String> = turns.iter().map(|turn| turn.lines.join(" ")).collect();
            if !turns.is_empty() {
                text += &format!("Forecast {assumption}: {}.", turns.join("; "));
            }
        }
        Forecast::Unknown { why } if !why.is_empty() => text += &format!("No forecast: {why}."),
        Forecast::Unknown { .. } => {}
    }
    text.trim_end().to_owned()
}

/// What is said about an instant besides the value.
fn events(data: &BurnDown, from: Timestamp, to: Timestamp) -> Vec<String> {
    let seen = |at: Timestamp| from <= at && at < to;
    let flags = data.flags.iter().filter(|flag| seen(flag.at)).map(|flag| format!("incident {}, {}", flag.number, flag.words));
    let returns = data.returns.iter().filter(|back| seen(back.at)).map(|back| format!("{}, {}", back.points, back.why));
    let deploys = data.deploys.iter().filter(|deploy| seen(deploy.at)).count();
    let deploys = (deploys > 0).then(|| wording::count(deploys, "deploy", "deploys"));
    let anew = data.anew.iter().filter(|at| seen(**at)).map(|_| "measured anew: the objective was changed".to_owned());
    flags.chain(returns).chain(anew).chain(deploys).collect()
}

/// What stands at a stop.
#[derive(Clone, Copy)]
enum Stands {
    Left(f64),
    Gap(Span),
    /// What is expected, and the date of the forecast that it is.
    Ahead(f64, Option<usize>),
}

/// An instant that is stopped at.
#[derive(Clone, Copy)]
struct Stop {
    at: Timestamp,
    stands: Stands,
}

impl Stop {
    fn is_measured(&self) -> bool {
        matches!(self.stands, Stands::Left(_))
    }

    fn words(&self, data: &BurnDown) -> String {
        match self.stands {
            Stands::Left(share) => said(share),
            Stands::Gap(gap) => not_measured(gap),
            Stands::Ahead(share, turn) => {
                let turns = if let Forecast::Expected { turns, .. } = &data.forecast { turns.as_slice() } else { &[] };
                let named = turn.and_then(|turn| turns.get(turn)).map(|turn| format!(", {}", turn.lines.join(" "))).unwrap_or_default();
                format!("forecast, {}{named}", said(share))
            }
        }
    }
}

/// A stop for each column of pixels that was measured, one for each gap, and those of the forecast.
pub fn points(data: &BurnDown, axis: &TimeAxis) -> Vec<Point> {
    let ended = data.now.min(data.until);
    let mut stops: Vec<Stop> = vec![];
    // The last value of each column is where the line goes on.
    let mut column = f64::NEG_INFINITY;
    for run in data.left.thinned(data.from, ended, axis.columns()) {
        for (at, share) in run.into_iter().filter(|(at, _)| !data.gaps.iter().any(|gap| gap.from < *at && *at < gap.to)) {
            let here = axis.x(at).floor();
            let stop = Stop { at, stands: Stands::Left(share) };
            match stops.last_mut() {
                Some(last) if here <= column => *last = stop,
                _ => stops.push(stop),
            }
            column = here;
        }
    }
    let gaps = data.gaps.iter().filter(|gap| gap.to > data.from && gap.from < ended);
    stops.extend(gaps.map(|gap| Stop { at: gap.from.max(data.from), stands: Stands::Gap(*gap) }));
    if let Forecast::Expected { line, turns, .. } = &data.forecast {
        let mut last = data.now;
        // One stop a day is enough for what is only expected; dates it names are always among them.
        for (at, share) in line.iter().filter(|(at, _)| *at > data.now && axis.holds(*at)) {
            let turn = turns.iter().position(|turn| turn.at == *at);
            if turn.is_some() || at.secs_since(last) >= 86_400 {
                stops.push(Stop { at: *at, stands: Stands::Ahead(*share, turn) });
                last = *at;
            }
        }
    }
    stops.sort_by_key(|stop| stop.at);
    let flags = flags_at(data, axis, &stops);
    let last = stops.iter().rposition(Stop::is_measured);
    let whole = Arc::new(data.clone());
    let mut since = data.from;
    let mut point = |at: usize, stop: Stop, flags: Vec<u32>| {
        // What happened up to this stop is said at it; what came after the last reading, there.
        let until = if Some(at) == last { stop.at.max(ended) } else { stop.at }.plus_secs(1);
        let happened = stop.is_measured().then_some((since, until));
        since = if stop.is_measured() { until } else { since };
        let told = Arc::clone(&whole);
        let words = Words::Asked(Arc::new(move || told_at(&told, &stop, happened)));
        Point { left: axis.x(stop.at) - 1.0, width: 2.0, words, at: Some(stop.at), day: data.wall.day_number(stop.at), flags }
    };
    stops.into_iter().zip(flags).enumerate().map(|(at, (stop, flags))| point(at, stop, flags)).collect()
}

/// What is said at a stop, with what happened since the one before.
fn told_at(data: &BurnDown, stop: &Stop, happened: Option<(Timestamp, Timestamp)>) -> String {
    let happened = happened.map(|(since, until)| events(data, since, until)).unwrap_or_default();
    [data.wall.spoken(stop.at), stop.words(data)].into_iter().chain(happened).collect::<Vec<_>>().join(", ")
}

/// Which flags each stop carries: the first one measured at or after the incident began, else the last.
fn flags_at(data: &BurnDown, axis: &TimeAxis, stops: &[Stop]) -> Vec<Vec<u32>> {
    let mut flags = vec![vec![]; stops.len()];
    for flag in data.flags.iter().filter(|flag| axis.holds(flag.at)) {
        let after = stops.iter().position(|stop| stop.is_measured() && stop.at >= flag.at);
        let stop = after.or_else(|| stops.iter().rposition(Stop::is_measured));
        if let Some(here) = stop.and_then(|stop| flags.get_mut(stop)) {
            here.push(flag.number);
        }
    }
    flags
}

/// A row a day: what was left at its end, the lowest, and what happened. Gaps and the forecast are
/// said in words.
pub fn table(data: &BurnDown) -> Table {
    let wall = &data.wall;
    let ended = data.now.min(data.until);
    let mut rows = vec![];
    let mut day = wall.day_start(data.from);
    while day <= ended {
        let next = wall.next_day(day);
        let (from, to) = (day.max(data.from), Timestamp::from_micros(next.micros() - 1).min(ended));
        let lowest = data.left.extremes(from, to).map(|(low, _)| low);
        let last = data.left.last_at(to).filter(|(at, _)| *at >= from).map(|(_, share)| share);
        let lost: i64 = data.gaps.iter().map(|gap| gap.to.min(next).min(ended).secs_since(gap.from.max(from)).max(0)).sum();
        let gap = (lost > 0).then(|| format!("not measured for {}", wording::span(lost)));
        let spent = data.daily.as_ref().and_then(|daily| daily.on(from));
        let notes = events(data, from, to.plus_secs(1)).into_iter().chain(gap).collect::<Vec<_>>().join("; ");
        let share = |share: Option<f64>| share.map_or_else(|| "not measured".to_owned(), cell);
        let mut row = vec![wall.weekday(from), share(last), share(lowest)];
        if data.daily.is_some() {
            row.push(spent.map_or_else(|| "not measured".to_owned(), two_digits));
        }
        row.push(notes);
        rows.push(row);
        day = next;
    }
    if let Forecast::Expected { assumption, turns, .. } = &data.forecast {
        for turn in turns {
            let mut row = vec![wall.weekday(turn.at), "forecast".to_owned(), String::new()];
            row.extend(data.daily.is_some().then(String::new));
            row.push(format!("{} ({assumption})", turn.lines.join(" ")));
            rows.push(row);
        }
    }
    let mut columns = vec![("Day", false), ("Left at its end", true), ("Lowest", true)];
    columns.extend(data.daily.as_ref().map(|daily| (daily.column, true)));
    columns.push(("What happened", false));
    Table { caption: named("Budget left by day", data), columns, rows }
}

/// Every reading with the instant in UTC, for the CSV: what the line, the gaps and the forecast are drawn from.
pub fn readings(data: &BurnDown) -> Table {
    let reading = |at: Timestamp, kind: &str, share: Option<f64>, note: String| {
        vec![at.to_string(), kind.to_owned(), share.map(|share| share.to_string()).unwrap_or_default(), note]
    };
    let mut rows: Vec<(Timestamp, Vec<String>)> =
        data.left.iter().map(|(at, share)| (at, reading(at, if share.is_some() { "measured" } else { "not measured" }, share, String::new()))).collect();
    rows.extend(data.gaps.iter().map(|gap| (gap.from, reading(gap.from, "not measured", None, format!("until {}", gap.to)))));
    rows.extend(data.flags.iter().map(|flag| (flag.at, reading(flag.at, "incident", None, format!("{}, {}", flag.number, flag.words)))));
    rows.extend(data.returns.iter().map(|back| (back.at, reading(back.at, "return", None, format!("{}, {}", back.points, back.why)))));
    rows.extend(data.anew.iter().map(|at| (*at, reading(*at, "measured anew", None, String::new()))));
    if let Forecast::Expected { assumption, line, .. } = &data.forecast {
        rows.extend(line.iter().map(|(at, share)| (*at, reading(*at, "forecast", Some(*share), assumption.clone()))));
    }
    rows.sort_by_key(|(at, _)| *at);
    let columns = vec![("at", false), ("kind", false), ("left_ratio", true), ("note", false)];
    Table { caption: named("Budget left", data), columns, rows: rows.into_iter().map(|(_, row)| row).collect() }
}
