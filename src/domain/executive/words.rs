//! The board in words: cells of the table, the line beneath the sentence, and what stands still.

use super::{
    Executive, GateRow,
    bounds::{Bound, Verdict},
    lines::{FEWEST, Line, Member},
    measure::{Counts, From, Measure},
};
use crate::domain::metrics::{
    Metric, Range,
    words::{self, Direction},
};
use crate::domain::{
    slo::{
        report::{Flag, ObjectiveRow, Standing},
        words as levels,
        zone::Zone,
    },
    time::Timestamp,
    wording,
};

/// A value of a figure: `99.89 %`, `0.07 %`, `2.4 min`, `3`, `0.6×`.
pub fn value(measure: Measure, value: f64) -> String {
    match measure.counts() {
        Counts::Good => words::availability(value),
        Counts::Bad => words::share(value),
        Counts::Time => words::duration(value),
        Counts::Wait => wait(value),
        Counts::Often => words::two_digits(value),
        Counts::Pace => format!("{}×", words::two_digits(value)),
    }
}

/// `> 99.9 %`, `< 5 min`.
pub fn target(measure: Measure, target: f64) -> String {
    let sign = if measure.counts() == Counts::Good { '>' } else { '<' };
    let words = match measure.counts() {
        // As it was set, and not to two digits.
        Counts::Good | Counts::Bad => format!("{} %", plain(target * 100.0)),
        Counts::Time => whole_time(target),
        Counts::Wait => wait(target),
        Counts::Often => plain(target),
        Counts::Pace => format!("{}×", plain(target)),
    };
    format!("{sign} {words}")
}

/// A number in as few digits as say it.
pub fn plain(number: f64) -> String {
    let text = format!("{number:.7}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn whole_time(secs: f64) -> String {
    let (length, unit) = match secs {
        secs if secs < 60.0 => (1.0, "s"),
        secs if secs < 3_600.0 => (60.0, "min"),
        secs if secs < 86_400.0 => (3_600.0, "h"),
        _ => (86_400.0, "d"),
    };
    format!("{} {unit}", plain((secs / length * 100.0).round() / 100.0))
}

/// How long a program takes: `300 ms`, `1.5 s`.
fn wait(secs: f64) -> String {
    let millis = (secs * 1e6).round() / 1e3;
    if millis < 1e3 { format!("{} ms", plain(millis)) } else { format!("{} s", plain(millis / 1e3)) }
}

/// Why there is no figure and never was: `no data: …`.
pub fn lacking(measure: Measure) -> Option<&'static str> {
    if let From::Nothing(why) = measure.from() { Some(why) } else { None }
}

/// A value of one service or objective: `99.89 %`, `≤ 300 ms`, `> 1 s`.
pub fn of_member(measure: Measure, member: &Member) -> String {
    match (measure, Bound::of(member)) {
        (Measure::Slowest, Some(Bound::AtMost(secs))) => format!("≤ {}", wait(secs)),
        (Measure::Slowest, Some(Bound::Above(secs))) => format!("> {}", wait(secs)),
        (Measure::Slowest, None) => "not known".to_owned(),
        _ => value(measure, member.value),
    }
}

/// What it is made from: `1.2 M in its window`, `98.7 % of 17 k within 300 ms`.
pub fn beneath_member(measure: Measure, member: &Member) -> String {
    let n = many(member.n);
    match (measure.from(), member.within_s) {
        (From::Services, _) => wording::count(usize::try_from(member.n).unwrap_or(usize::MAX), "incident", "incidents"),
        (_, Some(secs)) if measure == Measure::Slowest => format!("{} of {n} within {}", words::availability(member.value), wait(secs)),
        (_, Some(secs)) => format!("within {}, {n} in its window", wait(secs)),
        _ => format!("{n} in its window"),
    }
}

/// How many: `31`, `1,244`, `17 k`, `17 M`.
pub fn many(n: u64) -> String {
    #[allow(clippy::cast_precision_loss)] // two digits of it
    let of = |size: f64, unit: &str| format!("{} {unit}", words::two_digits(n as f64 / size));
    match n {
        0..10_000 => wording::grouped(usize::try_from(n).unwrap_or(usize::MAX)),
        10_000..1_000_000 => of(1e3, "k"),
        1_000_000..1_000_000_000 => of(1e6, "M"),
        _ => of(1e9, "bn"),
    }
}

/// What stands in the column of medians: one number, or the values themselves, each with whether
/// it misses the target.
pub fn middle(line: &Line) -> Vec<(String, bool)> {
    if line.measure == Measure::Slowest {
        return bounds(line);
    }
    let misses = |number: f64| line.target.is_some_and(|target| line.measure.misses(number, target));
    match line.value {
        Some(number) => vec![(value(line.measure, number), misses(number))],
        None => line.values.iter().map(|number| (value(line.measure, *number), misses(*number))).collect(),
    }
}

/// Each bound; where they are many, how many of them are within their thresholds.
fn bounds(line: &Line) -> Vec<(String, bool)> {
    let all: Vec<(&Member, Bound)> = line.members.iter().filter_map(|member| Some((member, Bound::of(member)?))).collect();
    if all.len() < FEWEST {
        let misses = |bound: &Bound| line.target.is_some_and(|target| bound.judged(target) == Verdict::Missed);
        return all.iter().map(|(member, bound)| (of_member(line.measure, member), misses(bound))).collect();
    }
    let within = all.iter().filter(|(_, bound)| matches!(bound, Bound::AtMost(_))).count();
    vec![(format!("{within} of {} in time", all.len()), line.missed)]
}

/// What stands in the column of ninths: `74 min`, `share`, or why there is none.
pub fn ninth(line: &Line) -> String {
    match (line.p90, line.value) {
        (Some(p90), _) => value(line.measure, p90),
        (None, Some(_)) if line.measure.is_pooled() => "share".to_owned(),
        (None, _) if line.n == 0 => "no value".to_owned(),
        (None, _) if line.measure == Measure::Slowest => "bound".to_owned(),
        (None, _) => "each".to_owned(),
    }
}

/// How a line is called where it stands alone: `Detect`, `Detect, SEV1`.
pub fn name(line: &Line) -> String {
    match line.severity {
        Some(severity) => format!("{}, {}", line.measure.title(), severity.label()),
        None => line.measure.title().to_owned(),
    }
}

/// Which way a line went, and by how much; nothing where it was not compared.
pub fn change(line: &Line) -> Option<(Direction, String)> {
    let metric: &Metric = match line.measure.from() {
        From::Incidents(metric) => metric,
        From::Services | From::Objectives | From::Nothing(_) => return None,
    };
    line.change.as_ref().map(|change| words::change(metric, change))
}

/// What the table says of the range before: only what an interval without zero says.
pub fn changes(lines: &[Line], range: &Range) -> String {
    let told = |line: &Line| {
        change(line).filter(|(direction, _)| *direction != Direction::Unclear).map(|(_, words)| format!("{} {} is {words}", line.measure.slug(), name(line)))
    };
    let clear: Vec<String> = lines.iter().filter_map(told).collect();
    let compared = lines.iter().filter(|line| line.change.is_some()).count();
    let before = format!("the {} before", words::range_words(range));
    match (clear.len(), compared) {
        (_, 0) => format!("Too few values to compare with {before}."),
        (0, _) => format!("No clear change against {before}."),
        (n, all) if n < all => format!("{}, against {before}. The others: no clear change.", clear.join("; ")),
        _ => format!("{}, against {before}.", clear.join("; ")),
    }
}

/// `30 days · 21 of 52 incidents lack a time`.
pub fn table_note(board: &Executive) -> String {
    let range = words::range_words(&board.range());
    let incidents = wording::count(usize::try_from(board.incidents).unwrap_or(usize::MAX), "incident", "incidents");
    match (board.without_a_time, board.incidents) {
        (_, 0) => format!("{range} · no incident"),
        (0, _) => format!("{range} · {incidents}"),
        (1, _) => format!("{range} · 1 of {incidents} lacks a time"),
        (n, _) => format!("{range} · {n} of {incidents} lack a time"),
    }
}

/// The line beneath the sentence: over which time, how much of it is measured, and how fresh.
pub fn lead(rows: &[ObjectiveRow], now: Timestamp, zone: &dyn Zone, zone_name: &str) -> Option<String> {
    let first = rows.first()?;
    let window = &first.report.window;
    let same = rows.iter().all(|row| row.report.window.name == window.name);
    let span = if same {
        let moment = |at: Timestamp| {
            let local = zone.local(at);
            format!("{} {}", levels::short_day(at, zone).split_once(' ').map_or("", |(_, day)| day), local.time().format("%H:%M"))
        };
        let last = levels::window(window);
        let mut letters = last.chars();
        let last = letters.next().map(|letter| letter.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default();
        format!("{last}, {} to {} {zone_name}", moment(window.from), moment(window.to))
    } else {
        "Each over its own window".to_owned()
    };
    let coverage = coverage(rows)?;
    let fresh = rows.iter().filter(|row| !row.report.flags.contains(&Flag::Stale)).filter_map(|row| row.report.watermark).min();
    let age = fresh.map(|at| format!(" · readings up to {} ago", wording::span(now.secs_since(at)))).unwrap_or_default();
    Some(format!("{span} · {coverage}{age}"))
}

/// How much of their windows was measured, all of them together: `98.6 % measured`.
pub fn coverage(rows: &[ObjectiveRow]) -> Option<String> {
    #[allow(clippy::cast_precision_loss)] // a handful of objectives
    let mean = rows.iter().map(|row| row.report.coverage).sum::<f64>() / rows.len() as f64;
    (!rows.is_empty()).then(|| format!("{} measured", measured(mean)))
}

/// A coverage that is not all is never rounded to all: `98.6 %`.
pub fn measured(coverage: f64) -> String {
    let percent = coverage.clamp(0.0, 1.0) * 100.0;
    if percent >= 99.95 && coverage < 1.0 { "99.9 %".to_owned() } else { format!("{} %", plain((percent * 10.0).round() / 10.0)) }
}

/// What has stopped sending: named, and since when; the others stand as they are.
pub fn standstill(rows: &[ObjectiveRow], now: Timestamp, zone: &dyn Zone) -> Option<String> {
    let stale: Vec<&ObjectiveRow> = rows.iter().filter(|row| row.report.flags.contains(&Flag::Stale)).collect();
    let since = stale.iter().filter_map(|row| row.report.watermark).min();
    let names: Vec<&str> = stale.iter().map(|row| row.report.objective.title.as_str()).collect();
    if names.is_empty() {
        return None;
    }
    let since = since.map_or_else(|| " at all yet".to_owned(), |at| format!(" since {}", levels::clock(at, now, zone)));
    Some(format!("No readings of {}{since}. The other objectives are current.", wording::list(&names)))
}

/// How many rows stand above the fold: all that somebody has to look at, and some more.
pub fn shown(rows: &[ObjectiveRow], least: usize, beyond: usize) -> usize {
    let needy = rows.iter().filter(|row| matches!(row.report.state, Standing::Overspent | Standing::Low)).count();
    let unmeasured = rows.iter().rposition(|row| row.report.state == Standing::NotMeasured).map_or(0, |at| at + 1);
    let shown = least.max(needy + beyond).max(unmeasured);
    // One line that says "1 more" takes as much room as the row itself.
    if rows.len() <= shown + 1 { rows.len() } else { shown }
}

/// How many stand above the fold where there is little room: as above, and never more than `most`.
pub fn shown_at_most(rows: &[ObjectiveRow], beyond: usize, most: usize) -> usize {
    let shown = shown(rows, 0, beyond).min(most);
    if rows.len() <= shown + 1 { rows.len() } else { shown }
}

/// `9 more within budget, 71 to 96 % left`; where some of them are not, `8 more: 2 low, 6 within`.
pub fn rest(rows: &[ObjectiveRow]) -> String {
    if rows.iter().any(|row| row.report.state != Standing::Within) {
        return more(&rows.iter().map(|row| row.report.state).collect::<Vec<_>>());
    }
    let left: Vec<f64> = rows.iter().filter_map(|row| row.report.tally.remaining_ratio).collect();
    let (low, high) = (left.iter().copied().reduce(f64::min), left.iter().copied().reduce(f64::max));
    let range = low.zip(high).map(|(low, high)| (levels::percent(low), levels::percent(high)));
    let range = range.map(|(low, high)| if low == high { high } else { format!("{} to {high}", low.trim_end_matches(" %")) });
    format!("{} more within budget{}", rows.len(), range.map(|range| format!(", {range} left")).unwrap_or_default())
}

/// How those stand that are not listed: `8 more: 2 low, 6 within`.
pub fn more(states: &[Standing]) -> String {
    let counted = [Standing::Overspent, Standing::Low, Standing::NotMeasured, Standing::Within].map(|standing| {
        let n = states.iter().filter(|state| **state == standing).count();
        (n > 0).then(|| format!("{n} {}", standing.words().to_lowercase()))
    });
    format!("{} more: {}", states.len(), counted.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

/// The answers to “may we release?”, the most careful first.
pub const ANSWERS: [&str; 5] = ["No", "With care", "Not known", "Yes, by decision", "Yes"];

/// The answer for one service: one of [`ANSWERS`].
pub fn answer(gate: &GateRow) -> &'static str {
    match (gate.may_release, gate.level) {
        (false, _) => "No",
        (true, _) if gate.overridden => "Yes, by decision",
        (true, level) => level.answer(),
    }
}

/// Why a line is judged as it is, in a sentence.
pub fn judgement(line: &Line) -> Option<String> {
    let target = self::target(line.measure, line.target?);
    let missed = middle(line).iter().filter(|(_, missed)| *missed).count();
    Some(match (line.value, line.n) {
        (_, 0) => format!("The target is {target}; there is nothing to judge."),
        _ if line.measure == Measure::Slowest => format!("The target is {target}: {}.", judged(line)),
        (Some(_), _) if line.missed => format!("The target is {target}: missed."),
        (Some(_), _) => format!("The target is {target}: met."),
        (None, n) => format!("The target is {target}: {missed} of {n} missed it. Under {FEWEST} values there is no median."),
    })
}

/// `2 meet it, 1 misses it, 1 cannot be told by its threshold`.
fn judged(line: &Line) -> String {
    let bounds: Vec<Bound> = line.members.iter().filter_map(Bound::of).collect();
    let count = |verdict: Verdict| bounds.iter().filter(|bound| line.target.is_some_and(|target| bound.judged(target) == verdict)).count();
    let said = |verdict: Verdict, one: &str, many: &str| match count(verdict) {
        0 => None,
        1 => Some(format!("1 {one}")),
        n => Some(format!("{n} {many}")),
    };
    let parts = [
        said(Verdict::Met, "meets it", "meet it"),
        said(Verdict::Missed, "misses it", "miss it"),
        said(Verdict::Open, "cannot be told by its threshold", "cannot be told by their thresholds"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
