//! Budgets in words: two significant digits, the sign as a word, and days as people name them.
//!
//! Every screen, the printed page and the command line take their words from here, so that a bar,
//! its number and the sentence above it agree to the digit.

use super::{
    frame::ROLLING,
    report::{BudgetReport, Flag, Standing, WindowAt},
    zone::Zone,
};
use crate::domain::metrics::words as figures;
use crate::domain::time::Timestamp;
use chrono::{Datelike, NaiveDate};

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/// A share of the budget: `31 %`, `−7 %`, `0.4 %`, `107 %`.
pub fn percent(ratio: f64) -> String {
    format!("{} %", points(ratio))
}

/// The number of [`percent`] alone.
fn points(ratio: f64) -> String {
    let percent = ratio * 100.0;
    let sign = if percent < 0.0 { "−" } else { "" };
    match percent.abs() {
        size if size < 0.05 => "0".to_owned(),
        size if size < 0.95 => format!("{sign}{size:.1}"),
        size => format!("{sign}{size:.0}"),
    }
}

/// What is left, in time: `39 min left`, `3.1 min over`.
pub fn minutes_left(minutes: f64) -> String {
    let word = if minutes < 0.0 { "over" } else { "left" };
    format!("{} {word}", figures::duration(minutes.abs() * 60.0))
}

/// What is left of the budget, as a row shows it: `39 min left`, `3.1 min over`, `31 % left`,
/// `46 to 52 %` where too little was measured, `nothing known`.
pub fn left(report: &BudgetReport) -> String {
    match (report.tally.remaining_ratio, report.remaining_minutes) {
        (None, _) => zero_tolerance(report),
        (Some(ratio), _) if report.state == Standing::NotMeasured => range(report).unwrap_or_else(|| percent(ratio)),
        (Some(_), Some(minutes)) => minutes_left(minutes),
        (Some(ratio), None) if ratio < 0.0 => format!("{} over", percent(-ratio)),
        (Some(ratio), None) => format!("{} left", percent(ratio)),
    }
}

/// Without a budget there is only the question whether anything was bad.
fn zero_tolerance(report: &BudgetReport) -> String {
    match report.tally.sli {
        Some(_) if report.tally.bad > 0.0 => format!("{} bad, none allowed", figures::two_digits(report.tally.bad)),
        Some(_) => "none bad".to_owned(),
        None => "nothing known".to_owned(),
    }
}

/// `46 to 52 %`, where what was not measured matters; `None` where it does not. Where the whole
/// budget and more may be gone in what was not measured, how much more tells nobody anything:
/// `44 % at best`.
pub fn range(report: &BudgetReport) -> Option<String> {
    let (worst, best) = (report.worst_remaining_ratio?, report.best_remaining_ratio?);
    match (points(worst), points(best)) {
        (low, high) if low == high => None,
        (_, high) if worst < -1.0 => Some(format!("{high} % at best")),
        (low, high) => Some(format!("{low} to {high} %")),
    }
}

/// `Thursday`.
pub fn weekday(day: NaiveDate) -> &'static str {
    WEEKDAYS[day.weekday().num_days_from_monday() as usize]
}

/// `2 December`.
pub fn date(day: NaiveDate) -> String {
    format!("{} {}", day.day(), MONTHS[day.month0() as usize])
}

/// `Thu 26 Nov`.
pub fn short_day(at: Timestamp, zone: &dyn Zone) -> String {
    let day = zone.local(at).day();
    format!("{} {} {}", &weekday(day)[..3], day.day(), &MONTHS[day.month0() as usize][..3])
}

/// When something will be, in a sentence: `within the hour`, `today`, `tomorrow`, `on Thursday`,
/// `on 2 December`, `on 2 December 2027`.
pub fn when(at: Timestamp, now: Timestamp, zone: &dyn Zone) -> String {
    let (then, today) = (zone.local(at).day(), zone.local(now).day());
    let days = (then - today).num_days();
    match days {
        _ if at.secs_since(now) < 3_600 => "within the hour".to_owned(),
        ..=0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        2..=6 => format!("on {}", weekday(then)),
        _ if then.year() == today.year() => format!("on {}", date(then)),
        _ => format!("on {} {}", date(then), then.year()),
    }
}

/// What will become of it, as a row shows it: `back Fri 27 Nov`, `out Thu 26 Nov`, `lasts`,
/// `gap since 01:38`.
pub fn outlook(report: &BudgetReport, now: Timestamp, zone: &dyn Zone) -> String {
    let day = |at: Timestamp| if at.secs_since(now) < 3_600 { "within the hour".to_owned() } else { short_day(at, zone) };
    match (report.state, &report.exhaustion) {
        (Standing::NotMeasured, _) => match report.watermark {
            Some(at) if report.flags.contains(&Flag::Stale) => format!("gap since {}", clock(at, now, zone)),
            Some(_) => format!("{} measured", percent(report.coverage)),
            None => "no reading yet".to_owned(),
        },
        (Standing::Overspent, ahead) => ahead.recovers_at.map_or_else(|| "not back yet".to_owned(), |at| format!("back {}", day(at))),
        (_, ahead) => ahead.forecast_at.map_or_else(|| "lasts".to_owned(), |at| format!("out {}", day(at))),
    }
}

/// What is odd about the readings, in a sentence.
pub fn flag(flag: Flag, report: &BudgetReport) -> String {
    let tally = &report.tally;
    match flag {
        Flag::GoodOverTotal => {
            "Some readings have more good, or more bad, than all: the two queries do not count the same thing. They count as all good, or as all bad."
                .to_owned()
        }
        Flag::ConstantZero => "Nothing was ever good: perhaps the query finds the wrong series.".to_owned(),
        Flag::Stale => "No reading came for some time: nothing is known of what happens now.".to_owned(),
        Flag::PartialWindow => format!("Younger than its window: {} of it is measured.", percent(report.coverage)),
        Flag::LittleTraffic => {
            let (total, allowed) = (figures::two_digits(tally.total), figures::two_digits(tally.allowed_bad));
            format!("Too little traffic for this target: {total} events allow {allowed} failures.")
        }
        Flag::Drift => "The sum differs from what the source says of whole days by more than 1 %.".to_owned(),
        Flag::NeverCounted => "Nothing was counted since it was made: as long as that is so, its silence opens no alert.".to_owned(),
        Flag::CoarseSlices => "One bad slice spends more than a tenth of the budget: shorter slices tell more.".to_owned(),
    }
}

/// `01:38` of today, else `Thu 19 Nov`.
pub fn clock(at: Timestamp, now: Timestamp, zone: &dyn Zone) -> String {
    let local = zone.local(at);
    if local.day() == zone.local(now).day() { local.time().format("%H:%M").to_string() } else { short_day(at, zone) }
}

/// `last 30 days`, `last 12 h`.
pub fn last(length_s: i64) -> String {
    match length_s {
        86_400 => "last day".to_owned(),
        secs if secs % 86_400 == 0 => format!("last {} days", secs / 86_400),
        secs => format!("last {}", crate::domain::wording::span(secs)),
    }
}

/// A window as people name it: `last 30 days`, `this month (Europe/Berlin)`. One that begins on a day
/// of its own is named as it was set.
pub fn window(window: &WindowAt) -> String {
    if window.kind == ROLLING {
        return last(window.length_s);
    }
    match window.name.strip_prefix("calendar ").and_then(|rest| rest.split_once(" in ")) {
        Some(("day", zone)) if !zone.contains(' ') => format!("today ({zone})"),
        Some((unit, zone)) if !zone.contains(' ') => format!("this {unit} ({zone})"),
        _ => window.name.clone(),
    }
}

/// The same within a sentence: `in the last 30 days`, `this month (Europe/Berlin)`.
pub fn within(at: &WindowAt) -> String {
    let words = window(at);
    if words.starts_with("this ") || words.starts_with("today ") { words } else { format!("in the {words}") }
}

#[cfg(test)]
mod tests {
    use super::{super::frame::at, super::tests::*, super::zone::Utc, *};

    #[test]
    fn shares_have_two_digits_and_a_real_minus() {
        let said = [0.312, -0.072, 1.07, 0.004, 0.0004, 0.0, -0.0004, 0.0095, -12.34, 1.0].map(percent);
        assert_eq!(said, ["31 %", "−7 %", "107 %", "0.4 %", "0 %", "0 %", "0 %", "1 %", "−1234 %", "100 %"]);
        assert_eq!([39.2, -3.12, 0.4, 101.0, -1_500.0].map(minutes_left), ["39 min left", "3.1 min over", "24 s left", "1.7 h left", "25 h over"]);
    }

    #[test]
    fn days_are_named_as_people_name_them() {
        // Now is Friday 20 November 2026, 02:30.
        for (ahead, wanted) in [
            (60, "within the hour"),
            (4 * HOUR, "today"),
            (22 * HOUR, "tomorrow"),
            (6 * DAY, "on Thursday"),
            (7 * DAY, "on 27 November"),
            (60 * DAY, "on 19 January 2027"),
        ] {
            assert_eq!(when(at(NOW_S + ahead), now(), &Utc), wanted);
        }
        assert_eq!(short_day(at(NOW_S + 6 * DAY), &Utc), "Thu 26 Nov");
        assert_eq!((clock(at(NOW_S - 3_120), now(), &Utc), clock(at(NOW_S - DAY), now(), &Utc)), ("01:38".to_owned(), "Thu 19 Nov".to_owned()));
        assert_eq!([30 * DAY, DAY, 12 * HOUR].map(last), ["last 30 days", "last day", "last 12 h"]);
    }

    #[test]
    fn a_row_says_what_is_left_and_what_comes() {
        let mut report = report_of(&an_objective(), &with_outage(NOW_S - 6 * HOUR, NOW_S, 8.0));
        assert_eq!((left(&report).as_str(), outlook(&report, now(), &Utc).as_str()), ("42 min left", "out Fri 27 Nov"));
        report.exhaustion.forecast_at = None;
        assert_eq!(outlook(&report, now(), &Utc), "lasts");
        report.state = Standing::NotMeasured;
        (report.worst_remaining_ratio, report.best_remaining_ratio) = (Some(0.46), Some(0.52));
        assert_eq!(left(&report), "46 to 52 %");
        (report.worst_remaining_ratio, report.best_remaining_ratio) = (Some(-12.9), Some(0.44));
        assert_eq!(left(&report), "44 % at best");
        (report.worst_remaining_ratio, report.best_remaining_ratio) = (Some(-0.9), Some(0.44));
        assert_eq!(left(&report), "−90 to 44 %");
        report.coverage = 0.37;
        assert_eq!(outlook(&report, now(), &Utc), "37 % measured");
        report.state = Standing::Overspent;
        report.exhaustion.recovers_at = Some(at(NOW_S + 7 * DAY));
        assert_eq!(outlook(&report, now(), &Utc), "back Fri 27 Nov");
    }

    #[test]
    fn a_page_of_the_calendar_is_named_as_such() {
        let named = |name: &str, kind: &str| window(&WindowAt { name: name.into(), kind: kind.into(), from: at(0), to: at(DAY), length_s: DAY });
        assert_eq!(named("1d", ROLLING), "last day");
        let calendar = ["calendar month in Europe/Berlin", "calendar day in UTC", "3 calendar months in UTC", "calendar month in UTC from 2026-01-15T00:00:00"];
        let said = calendar.map(|name| named(name, super::super::frame::CALENDAR));
        assert_eq!(said, ["this month (Europe/Berlin)", "today (UTC)", "3 calendar months in UTC", "calendar month in UTC from 2026-01-15T00:00:00"]);
    }
}
