//! Figures as people read them: two significant digits, always with n, and never better or worse
//! without the interval that says so.

use super::{About, Better, Bucket, Change, Excluded, Figure, Metric, Of, Range, Step, Trends, Unit};
use crate::domain::{severity::Severity, time::Timestamp, wording};

const DAY_SECS: f64 = 86_400.0;

/// Two significant digits in the unit that suits: `58 s`, `2.4 min`, `34 min`, `2.6 h`, `3.1 d`.
pub fn duration(secs: f64) -> String {
    let (number, unit) = in_unit(secs, unit_of(secs));
    format!("{number} {unit}")
}

/// `8 to 71 s`, `40 s to 12 min`.
fn between(low: f64, high: f64) -> String {
    let (low_unit, high_unit) = (unit_of(low), unit_of(high));
    if low_unit == high_unit {
        let ((low, _), (high, unit)) = (in_unit(low, low_unit), in_unit(high, high_unit));
        format!("{low} to {high} {unit}")
    } else {
        format!("{} to {}", duration(low), duration(high))
    }
}

const UNITS: [(f64, &str); 4] = [(1.0, "s"), (60.0, "min"), (3600.0, "h"), (DAY_SECS, "d")];

fn unit_of(secs: f64) -> usize {
    match secs.abs() {
        secs if secs < 99.5 => 0,
        secs if secs < 99.5 * 60.0 => 1,
        secs if secs < 47.5 * 3600.0 => 2,
        _ => 3,
    }
}

fn in_unit(secs: f64, unit: usize) -> (String, &'static str) {
    let (length, name) = UNITS[unit];
    (two_digits(secs / length), name)
}

/// Two significant digits; above a hundred the digits behind them are zeros.
pub fn two_digits(number: f64) -> String {
    let size = number.abs();
    let text = if size >= 99.5 {
        let step = 10_f64.powf((size.log10()).floor() - 1.0);
        format!("{:.0}", (number / step).round() * step)
    } else if size >= 9.95 {
        format!("{number:.0}")
    } else if size >= 0.0995 || size == 0.0 {
        format!("{number:.1}")
    } else {
        format!("{number:.2}")
    };
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// A share of all: `14 %`.
pub fn share(ratio: f64) -> String {
    format!("{} %", two_digits(ratio * 100.0))
}

/// `99.87 %`: what is missing to a hundred has two significant digits.
pub fn availability(ratio: f64) -> String {
    let lost = (1.0 - ratio) * 100.0;
    if lost <= 0.0 {
        return "100 %".to_owned();
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a handful of decimals
    let decimals = (1.0 - (lost.log10() + 1e-9).floor()).clamp(0.0, 6.0) as usize;
    format!("{:.decimals$} %", 100.0 - lost)
}

/// A figure in its unit.
pub fn value(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Duration => duration(value),
        Unit::Ratio => share(value),
        Unit::PerThirtyDays => two_digits(value),
    }
}

/// What stands large on a metric's card.
pub fn figure(metric: &Metric, figure: &Figure, range: &Range) -> String {
    match (metric.id, figure.n, figure.value) {
        // Without a failure it ran well for longer than can be said; one makes no distance.
        ("mtbf", 0, _) => format!("over {}", range_words(range)),
        ("mtbf", 1, _) => "one incident".to_owned(),
        (_, _, Some(found)) => value(metric.unit, found),
        (_, 0, None) => "no value".to_owned(),
        (_, _, None) => figure.values.iter().map(|secs| duration(*secs)).collect::<Vec<_>>().join(", "),
    }
}

/// What stands beneath it: what kind of figure it is, and from how many.
pub fn beneath(metric: &Metric, figure: &Figure) -> String {
    match (metric.of, figure.value, figure.p90) {
        (Of::Each(_), Some(_), Some(p90)) => format!("median, n = {} · p90 {}", figure.n, duration(p90)),
        (Of::Each(_), ..) if figure.n == 0 => "n = 0".to_owned(),
        (Of::Each(_), ..) => format!("each value: n = {} is too few for a median", figure.n),
        (Of::Share(_), Some(share), _) => {
            #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a count, by way of its share
            let came_again = (share * figure.n as f64).round() as u64;
            format!("{came_again} of {}", wording::count(count(figure.n), "incident", "incidents"))
        }
        (Of::Rate, ..) => {
            let interval = figure.low.zip(figure.high).map(|(low, high)| format!(", by chance {} to {}", two_digits(low), two_digits(high)));
            format!("in 30 days{} · {}", interval.unwrap_or_default(), wording::count(count(figure.n), "incident", "incidents"))
        }
        (Of::Share(_) | Of::Whole(_), ..) => format!("n = {}", figure.n),
    }
}

fn count(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// `4 without a value: 3 not acknowledged, 1 not detected`; nothing when nobody was left out.
pub fn left_out(excluded: &[Excluded]) -> Option<String> {
    let all: u64 = excluded.iter().map(|excluded| excluded.n).sum();
    let reasons: Vec<String> = excluded.iter().map(|excluded| format!("{} {}", excluded.n, excluded.reason)).collect();
    (all > 0).then(|| format!("{all} left out: {}", reasons.join(", ")))
}

/// Where a figure went, as far as it can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Better,
    Worse,
    /// The interval of the difference holds zero.
    Unclear,
}

/// The change against the range before, in words. Only a clear one says by how much.
pub fn change(metric: &Metric, change: &Change) -> (Direction, String) {
    let before = format!("{} before, n = {}", value(metric.unit, change.median), change.n);
    if !change.is_clear() {
        return (Direction::Unclear, format!("no clear change ({before})"));
    }
    let shorter = change.high < 0.0;
    let (least, most) = if shorter { (-change.high, -change.low) } else { (change.low, change.high) };
    let better = shorter == (metric.better == Better::Lower);
    let direction = if better { Direction::Better } else { Direction::Worse };
    if metric.unit == Unit::PerThirtyDays {
        let word = if shorter { "fewer" } else { "more" };
        return (direction, format!("{} to {} {word} in 30 days ({before})", two_digits(least), two_digits(most)));
    }
    (direction, format!("{} {} ({before})", between(least, most), if shorter { "shorter" } else { "longer" }))
}

/// The length of a range: `90 days`, `36 hours`.
pub fn range_words(range: &Range) -> String {
    let hours = range.micros() / 3_600_000_000;
    match hours {
        0 => "less than an hour".to_owned(),
        1..48 => wording::count(usize::try_from(hours).unwrap_or(0), "hour", "hours"),
        _ => format!("{} days", (hours + 12) / 24),
    }
}

/// The sentence at the top.
pub fn headline(trends: &Trends) -> String {
    let range = Range { from: trends.from, to: trends.to };
    let length = range_words(&range);
    if trends.all.incidents == 0 {
        return format!("No incident in {length}.");
    }
    let mut said = format!("{} in {length}", wording::count(count(trends.all.incidents), "incident", "incidents"));
    let worst = Severity::ALL.into_iter().zip(&trends.by_severity).find(|(_, n)| **n > 0);
    if let Some((severity, n)) = worst {
        said.push_str(&if *n == trends.all.incidents { format!(", {}", all_of(*n, severity)) } else { format!(", {n} {}", severity.label()) });
    }
    if let Some(figure) = trends.all.figures.iter().find(|figure| figure.metric == "mtta") {
        said.push_str(&acknowledged(figure));
    }
    said.push('.');
    said
}

fn all_of(n: u64, severity: Severity) -> String {
    if n == 1 { severity.label().to_owned() } else { format!("all {}", severity.label()) }
}

fn acknowledged(figure: &Figure) -> String {
    let without: u64 = figure.excluded.iter().map(|excluded| excluded.n).sum();
    let without = if without == 0 { String::new() } else { format!(", {without} without a time") };
    match figure.value {
        Some(median) => format!("; half were acknowledged within {} (n = {}{without})", duration(median), figure.n),
        None if figure.n == 0 => "; none has a time of acknowledgement".to_owned(),
        None => format!("; {} acknowledged, too few for a median (n = {}{without})", if figure.n == 1 { "one was" } else { "some were" }, figure.n),
    }
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A day of UTC: `31 Aug`, `31 Aug 2025`.
pub fn day(at: Timestamp, with_year: bool) -> String {
    let text = at.to_string();
    let part = |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse::<usize>().ok()).unwrap_or(0);
    let month = MONTHS.get(part(5, 7).wrapping_sub(1)).unwrap_or(&"?");
    if with_year { format!("{} {month} {}", part(8, 10), part(0, 4)) } else { format!("{} {month}", part(8, 10)) }
}

/// A moment of UTC: `31 Aug 2025 02:31`.
pub fn moment(at: Timestamp) -> String {
    format!("{} {}", day(at, true), at.hour_minute())
}

/// How a step is called beneath a chart.
pub fn step_label(step: Step, at: Timestamp) -> String {
    let full = day(at, true);
    match step {
        Step::Day | Step::Week => day(at, false),
        Step::Month => full.split_once(' ').map_or(full.clone(), |(_, month)| month.to_owned()),
        Step::Year => full.rsplit(' ').next().unwrap_or_default().to_owned(),
    }
}

/// How a step is called where it stands alone: `week of 31 Aug`.
pub fn step_name(step: Step, bucket: &Bucket) -> String {
    let name = match step {
        Step::Week => format!("from {}", day(bucket.from, true)),
        Step::Day => day(bucket.from, true),
        Step::Month | Step::Year => step_label(step, bucket.from),
    };
    if bucket.partial { format!("{name} (part of the {})", step.slug()) } else { name }
}

/// What a step's time to restore is in words, with n.
pub fn restored(bucket: &Bucket) -> String {
    match (bucket.median_s, bucket.n) {
        (Some(median), n) => format!("{} (n = {n})", duration(median)),
        (None, 0) => "no value".to_owned(),
        (None, _) => bucket.values_s.iter().map(|secs| duration(*secs)).collect::<Vec<_>>().join(", "),
    }
}

/// `3 SEV1, 8 SEV3, 1 without severity`.
pub fn by_severity(counts: &[u64]) -> String {
    let names = Severity::ALL.into_iter().map(Severity::label).chain(["without severity"]);
    let parts: Vec<String> = names.zip(counts).filter(|(_, n)| **n > 0).map(|(name, n)| format!("{n} {name}")).collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

/// The title of a list behind a figure.
pub fn behind(about: About, key: Option<&str>) -> String {
    key.map_or(about.title().to_owned(), |key| format!("{} · {key}", about.title()))
}

/// How long an incident has lasted, or lasts at least.
pub fn at_least(secs: f64) -> String {
    format!("≥ {}", duration(secs))
}

#[cfg(test)]
mod tests {
    use super::{super::find, *};

    const FROM: Timestamp = Timestamp::from_micros(1_769_904_000_000_000);

    fn a_figure(metric: &str, n: u64, value: Option<f64>) -> Figure {
        Figure {
            metric: metric.to_owned(),
            n,
            excluded: vec![],
            value,
            p90: value.map(|value| value * 5.0),
            values: vec![],
            low: None,
            high: None,
            change: None,
        }
    }

    #[test]
    fn durations_have_two_significant_digits() {
        let said: Vec<String> =
            [0.0, 0.42, 9.96, 58.4, 99.4, 99.6, 144.0, 2040.0, 5940.0, 9360.0, 108_000.0, 172_800.0, 8_640_000.0, 20_000_000.0].map(duration).to_vec();
        assert_eq!(said, ["0 s", "0.4 s", "10 s", "58 s", "99 s", "1.7 min", "2.4 min", "34 min", "99 min", "2.6 h", "30 h", "2 d", "100 d", "230 d"]);
        assert_eq!((between(8.0, 71.0), between(40.0, 720.0)), ("8 to 71 s".to_owned(), "40 s to 12 min".to_owned()));
    }

    #[test]
    fn availability_shows_what_is_missing() {
        let said: Vec<String> = [1.0, 0.998_74, 0.9, 0.5, 0.0, 0.999_994_83].map(availability).to_vec();
        assert_eq!(said, ["100 %", "99.87 %", "90 %", "50 %", "0 %", "99.99948 %"]);
        assert_eq!((share(0.142_8), share(0.0)), ("14 %".to_owned(), "0 %".to_owned()));
    }

    #[test]
    fn better_and_worse_are_said_only_with_an_interval_without_zero() {
        let mtta = find("mtta").expect("it is a metric");
        let clear = Change { n: 31, median: 97.0, low: -71.0, high: -8.0 };
        assert_eq!(change(mtta, &clear), (Direction::Better, "8 to 71 s shorter (97 s before, n = 31)".to_owned()));
        let worse = Change { low: 8.0, high: 71.0, ..clear.clone() };
        assert_eq!(change(mtta, &worse).0, Direction::Worse);
        let unclear = Change { high: 1.0, ..clear };
        assert_eq!(change(mtta, &unclear), (Direction::Unclear, "no clear change (97 s before, n = 31)".to_owned()));
    }

    #[test]
    fn a_rate_stands_with_what_chance_makes_of_it() {
        let frequency = find("frequency").expect("it is a metric");
        let range = Range { from: FROM, to: FROM.plus_secs(30 * 86_400) };
        let three = Figure { low: Some(0.6187), high: Some(8.767), ..a_figure("frequency", 3, Some(3.0)) };
        assert_eq!(
            (figure(frequency, &three, &range), beneath(frequency, &three)),
            ("3".to_owned(), "in 30 days, by chance 0.6 to 8.8 · 3 incidents".to_owned())
        );
        let fewer = Change { n: 15, median: 15.0, low: -16.0, high: -1.5 };
        assert_eq!(change(frequency, &fewer), (Direction::Better, "1.5 to 16 fewer in 30 days (15 before, n = 15)".to_owned()));
        let unclear = Change { high: 1.5, ..fewer };
        assert_eq!(change(frequency, &unclear), (Direction::Unclear, "no clear change (15 before, n = 15)".to_owned()));
    }

    #[test]
    fn small_numbers_are_listed_and_missing_ones_said() {
        let range = Range { from: FROM, to: FROM.plus_secs(90 * 86_400) };
        let mtta = find("mtta").expect("it is a metric");
        let few = Figure { values: vec![60.0, 144.0], n: 2, ..a_figure("mtta", 2, None) };
        assert_eq!((figure(mtta, &few, &range), beneath(mtta, &few)), ("60 s, 2.4 min".to_owned(), "each value: n = 2 is too few for a median".to_owned()));
        assert_eq!(figure(mtta, &a_figure("mtta", 0, None), &range), "no value");
        let many = a_figure("mtta", 38, Some(240.0));
        assert_eq!((figure(mtta, &many, &range), beneath(mtta, &many)), ("4 min".to_owned(), "median, n = 38 · p90 20 min".to_owned()));
        let mtbf = find("mtbf").expect("it is a metric");
        assert_eq!(figure(mtbf, &a_figure("mtbf", 0, None), &range), "over 90 days");
        assert_eq!(figure(mtbf, &a_figure("mtbf", 1, Some(9.0)), &range), "one incident");
        let excluded = [("not acknowledged", 3), ("not detected", 1)].map(|(reason, n)| Excluded { reason: reason.to_owned(), n });
        assert_eq!(left_out(&excluded).as_deref(), Some("4 left out: 3 not acknowledged, 1 not detected"));
        assert_eq!(left_out(&[]), None);
    }

    #[test]
    fn steps_are_named_by_when_they_begin() {
        assert_eq!([Step::Day, Step::Week, Step::Month, Step::Year].map(|step| step_label(step, FROM)), ["1 Feb", "1 Feb", "Feb 2026", "2026"]);
    }
}
