//! The window over which an objective is kept: the last so many days, or a page of the calendar.
//!
//! Bounds are half-open: an event at the end belongs to the next window. Calendar windows are
//! reckoned on the clocks of their zone and always from the anchor, never from the last boundary,
//! so that one that begins on the 31st comes back to the 31st after a short month. A day with a
//! change of clocks has 23 or 25 hours, and so many minutes of budget.

use super::zone::{LocalTime, Zone, is_zone_name};
// By its whole path: `metrics` is also the name of a crate, which the domain may not use.
use crate::domain::metrics::Range;
use crate::domain::{
    reading::{Readable, Reader},
    time::Timestamp,
};
use chrono::{Datelike, Months};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// A rolling window below an hour would be spent by one scrape.
const SHORTEST_S: i64 = HOUR;
/// Above a year there is nothing to compare it with.
const LONGEST_S: i64 = 366 * DAY;
/// So many units make one calendar window at most.
const MOST_UNITS: u32 = 366;

/// The window of an objective. On the wire `{"type": "rolling", "seconds": 2592000}` or
/// `{"type": "calendar", "unit": "month", "count": 1, "anchor_local": …, "zone": …}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Window {
    /// The last `seconds` up to now.
    Rolling { seconds: i64 },
    /// `count` units that begin where the anchor does, and the next ones behind them.
    Calendar {
        unit: Unit,
        count: u32,
        /// Any beginning of such a window, past or future.
        anchor_local: LocalTime,
        /// Name of the zone in the IANA database.
        zone: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// How a unit advances.
enum Step {
    Days(i64),
    Months(i64),
}

impl Unit {
    pub const ALL: [Unit; 5] = [Unit::Day, Unit::Week, Unit::Month, Unit::Quarter, Unit::Year];

    pub fn slug(self) -> &'static str {
        match self {
            Unit::Day => "day",
            Unit::Week => "week",
            Unit::Month => "month",
            Unit::Quarter => "quarter",
            Unit::Year => "year",
        }
    }

    fn step(self) -> Step {
        match self {
            Unit::Day => Step::Days(1),
            Unit::Week => Step::Days(7),
            Unit::Month => Step::Months(1),
            Unit::Quarter => Step::Months(3),
            Unit::Year => Step::Months(12),
        }
    }

    /// Reads `month`, `months`, `Month` and `monthly`.
    fn parse(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        Self::ALL.into_iter().find(|unit| {
            let slug = unit.slug();
            word == slug || word.strip_prefix(slug).is_some_and(|rest| rest == "s" || rest == "ly") || (*unit == Unit::Day && word == "daily")
        })
    }
}

/// Why something is no window.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WindowRefusal {
    #[error("a window is missing; write it like 28d or calendar month")]
    Empty,
    #[error("“{0}” is not a window; write it like 28d, 4w, calendar month or calendar quarter in Europe/Berlin")]
    Unknown(String),
    #[error("“{0}” may mean the last {0} or a {0} of the calendar; write 7d or calendar {0}")]
    Ambiguous(&'static str),
    #[error("a window of nothing holds nothing")]
    Nothing,
    #[error("a rolling window has at least an hour: one scrape would spend the budget of a shorter one")]
    TooShort,
    #[error("a window has at most 366 days")]
    TooLong,
    #[error("“{0}” is not the name of a time zone; write it like Europe/Berlin or UTC")]
    NoZone(String),
    #[error("“{0}” is not a date; write it like 2026-01-01 or 2026-01-01T09:00:00")]
    NoAnchor(String),
}

impl Window {
    pub fn rolling_days(days: u16) -> Self {
        Window::Rolling { seconds: i64::from(days) * DAY }
    }

    /// A page of the calendar as it hangs on the wall: weeks begin on Monday, months on the first.
    pub fn calendar(unit: Unit, count: u32, zone: &str) -> Self {
        Window::Calendar { unit, count, anchor_local: usual_anchor(), zone: zone.to_owned() }
    }

    /// Reads `30d`, `4w`, `1h`, `30 days`, `rolling 28d`, `1M`, `1Q`, `1Y`, `month`,
    /// `calendar week`, `3 calendar months in Europe/Berlin`, and behind any calendar window
    /// `from 2026-01-31`. Everything that [`fmt::Display`] writes is read back.
    pub fn parse(text: &str) -> Result<Self, WindowRefusal> {
        let mut words: Vec<&str> = text.split_whitespace().collect();
        if words.is_empty() {
            return Err(WindowRefusal::Empty);
        }
        let unknown = || WindowRefusal::Unknown(text.trim().chars().take(60).collect());
        let mut take = |name: &str| {
            let at = words.iter().position(|word| word.eq_ignore_ascii_case(name))?;
            words.remove(at);
            Some((at < words.len()).then(|| words.remove(at)))
        };
        let anchor = take("from");
        let zone = take("in");
        let anchor = match anchor {
            None => None,
            Some(word) => Some(word.and_then(LocalTime::parse).ok_or_else(|| WindowRefusal::NoAnchor(word.unwrap_or_default().chars().take(60).collect()))?),
        };
        let zone = match zone {
            None => None,
            Some(word) => {
                Some(word.filter(|name| is_zone_name(name)).ok_or_else(|| WindowRefusal::NoZone(word.unwrap_or_default().chars().take(60).collect()))?)
            }
        };
        let mut flag = |name: &str| words.iter().position(|word| word.eq_ignore_ascii_case(name)).map(|at| words.remove(at)).is_some();
        let (is_calendar, is_rolling) = (flag("calendar"), flag("rolling"));
        let rest = words.concat();
        let (number, unit) = number_and_unit(&rest).ok_or_else(unknown)?;
        let rolling = rolling_unit_secs(unit);
        let calendar = Unit::parse(unit).or(match unit {
            "d" => Some(Unit::Day),
            "w" => Some(Unit::Week),
            "M" => Some(Unit::Month),
            "Q" => Some(Unit::Quarter),
            "Y" | "y" => Some(Unit::Year),
            _ => None,
        });
        let wants_calendar = is_calendar || anchor.is_some() || zone.is_some();
        let made = match (rolling, calendar) {
            (_, Some(unit)) if wants_calendar && !is_rolling => {
                let count = u32::try_from(number.unwrap_or(1)).unwrap_or(u32::MAX);
                Window::Calendar { unit, count, anchor_local: anchor.unwrap_or_else(usual_anchor), zone: zone.unwrap_or("UTC").to_owned() }
            }
            (Some(_), _) if number.is_none() && !is_rolling => return Err(calendar.map_or_else(unknown, |unit| WindowRefusal::Ambiguous(unit.slug()))),
            (Some(secs), _) if !wants_calendar => Window::Rolling { seconds: number.unwrap_or(1).saturating_mul(secs) },
            // There is no rolling month: it would not know how long it is.
            (None, Some(unit)) if !is_rolling => Window::calendar(unit, u32::try_from(number.unwrap_or(1)).unwrap_or(u32::MAX), "UTC"),
            _ => return Err(unknown()),
        };
        made.check()
    }

    /// The window itself, or why it cannot be one. For windows that came another way than by
    /// [`Window::parse`].
    pub fn check(self) -> Result<Self, WindowRefusal> {
        match &self {
            Window::Rolling { seconds: ..=0 } | Window::Calendar { count: 0, .. } => Err(WindowRefusal::Nothing),
            Window::Rolling { seconds: ..SHORTEST_S } => Err(WindowRefusal::TooShort),
            Window::Rolling { seconds } if *seconds > LONGEST_S => Err(WindowRefusal::TooLong),
            Window::Calendar { unit, count, .. } if *count > MOST_UNITS || usual_secs(*unit).saturating_mul(i64::from(*count)) > LONGEST_S => {
                Err(WindowRefusal::TooLong)
            }
            Window::Calendar { zone, .. } if !is_zone_name(zone) => Err(WindowRefusal::NoZone(zone.chars().take(60).collect())),
            _ => Ok(self),
        }
    }

    /// The name of the zone whose rules it needs.
    pub fn zone_name(&self) -> &str {
        match self {
            Window::Rolling { .. } => "UTC",
            Window::Calendar { zone, .. } => zone,
        }
    }

    /// How long it is, or usually is: a month has 30 days here, a quarter 91 and a year 365. For
    /// choosing alerts; the real length is that of [`Window::bounds`].
    pub fn usual_secs(&self) -> i64 {
        match self {
            Window::Rolling { seconds } => *seconds,
            Window::Calendar { unit, count, .. } => usual_secs(*unit).saturating_mul(i64::from(*count)),
        }
    }

    /// The window that holds an instant: for a rolling one, that which ends there (and so holds
    /// what was just before it). `zone` has the rules of [`Window::zone_name`].
    pub fn bounds(&self, at: Timestamp, zone: &dyn Zone) -> Range {
        match self {
            Window::Rolling { seconds } => Range { from: at.plus_secs(seconds.saturating_neg()), to: at },
            Window::Calendar { unit, count, anchor_local, .. } => {
                let boundaries = Boundaries { unit: *unit, count: (*count).max(1), anchor: *anchor_local, zone };
                boundaries.around(at)
            }
        }
    }

    /// The calendar window before the one that holds `at`, or the equally long span before a
    /// rolling one. `None` at the beginning of time.
    pub fn before(&self, at: Timestamp, zone: &dyn Zone) -> Option<Range> {
        let now = self.bounds(at, zone);
        match self {
            Window::Rolling { .. } => now.before(),
            Window::Calendar { .. } => (now.from > Timestamp::MIN).then(|| self.bounds(Timestamp::from_micros(now.from.micros() - 1), zone)),
        }
    }
}

/// A Monday that is the first of a month, a quarter and a year.
fn usual_anchor() -> LocalTime {
    LocalTime::new(chrono::NaiveDate::from_ymd_opt(2024, 1, 1).expect("a day of the calendar"), chrono::NaiveTime::MIN)
}

fn usual_secs(unit: Unit) -> i64 {
    match unit {
        Unit::Day => DAY,
        Unit::Week => 7 * DAY,
        Unit::Month => 30 * DAY,
        Unit::Quarter => 91 * DAY,
        Unit::Year => 365 * DAY,
    }
}

/// `30d` → 30 and `d`; `month` → none and `month`.
fn number_and_unit(text: &str) -> Option<(Option<i64>, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    if unit.is_empty() {
        return None;
    }
    if number.is_empty() { Some((None, unit)) } else { Some((Some(number.parse().unwrap_or(i64::MAX)), unit)) }
}

/// `m` is a minute; a month is written `M`.
fn rolling_unit_secs(unit: &str) -> Option<i64> {
    match unit {
        "s" | "second" | "seconds" => Some(1),
        "m" | "min" | "minute" | "minutes" => Some(60),
        "h" | "hour" | "hours" => Some(HOUR),
        "d" | "day" | "days" => Some(DAY),
        "w" | "week" | "weeks" => Some(7 * DAY),
        _ => None,
    }
}

/// The instants at which one calendar window ends and the next begins, by number; 0 is the anchor.
struct Boundaries<'a> {
    unit: Unit,
    count: u32,
    anchor: LocalTime,
    zone: &'a dyn Zone,
}

impl Boundaries<'_> {
    /// `None` beyond the calendar.
    fn at(&self, number: i64) -> Option<Timestamp> {
        let units = number.checked_mul(i64::from(self.count))?;
        let local = match self.unit.step() {
            Step::Days(days) => self.anchor.plus_days(units.checked_mul(days)?)?,
            Step::Months(months) => {
                let months = units.checked_mul(months)?;
                let by = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
                let day = self.anchor.day();
                let day = if months < 0 { day.checked_sub_months(by) } else { day.checked_add_months(by) }?;
                LocalTime::new(day, self.anchor.time())
            }
        };
        // What lies beyond RFC 3339 has no instant of its own.
        Some(self.zone.utc(local)).filter(|at| *at > Timestamp::MIN && *at < Timestamp::MAX)
    }

    fn around(&self, at: Timestamp) -> Range {
        let mut number = self.guess(at);
        while self.at(number).is_some_and(|begin| begin > at) {
            number -= 1;
        }
        // Where a whole day was skipped two boundaries are one, and the window between them is
        // empty: it holds nothing, so it is passed over.
        while self.at(number + 1).is_some_and(|end| end <= at) {
            number += 1;
        }
        Range { from: self.at(number).unwrap_or(Timestamp::MIN), to: self.at(number + 1).unwrap_or(Timestamp::MAX) }
    }

    /// The number of the window, give or take one.
    fn guess(&self, at: Timestamp) -> i64 {
        let (now, anchor) = (self.zone.local(at).day(), self.anchor.day());
        let units = match self.unit.step() {
            Step::Days(days) => now.signed_duration_since(anchor).num_days().div_euclid(days),
            Step::Months(months) => {
                let month = |day: chrono::NaiveDate| i64::from(day.year()) * 12 + i64::from(day.month0());
                (month(now) - month(anchor)).div_euclid(months)
            }
        };
        units.div_euclid(i64::from(self.count))
    }
}

/// `28d`, `1h`; `calendar month in UTC`, `3 calendar months in Europe/Berlin from 2026-01-31T00:00:00`.
impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Window::Rolling { seconds } => {
                let (secs, unit) = [(DAY, "d"), (HOUR, "h"), (60, "m")].into_iter().find(|(secs, _)| seconds % secs == 0).unwrap_or((1, "s"));
                write!(f, "{}{unit}", seconds / secs)
            }
            Window::Calendar { unit, count, anchor_local, zone } => {
                match count {
                    1 => write!(f, "calendar {}", unit.slug())?,
                    _ => write!(f, "{count} calendar {}s", unit.slug())?,
                }
                write!(f, " in {zone}")?;
                if *anchor_local == usual_anchor() { Ok(()) } else { write!(f, " from {anchor_local}") }
            }
        }
    }
}

impl FromStr for Window {
    type Err = WindowRefusal;

    fn from_str(text: &str) -> Result<Self, WindowRefusal> {
        Self::parse(text)
    }
}

impl Readable for Unit {
    fn read(from: Reader<'_>) -> Self {
        let word = from.text();
        Unit::ALL.into_iter().find(|unit| unit.slug() == word).unwrap_or_else(|| from.fault(Unit::Day))
    }
}

impl Readable for Window {
    fn read(from: Reader<'_>) -> Self {
        match from.get::<String>("type").as_str() {
            "rolling" => Window::Rolling { seconds: from.get("seconds") },
            "calendar" => Window::Calendar { unit: from.get("unit"), count: from.get("count"), anchor_local: from.get("anchor_local"), zone: from.get("zone") },
            _ => from.fault(Window::Rolling { seconds: 0 }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::zone::Utc, *};
    use crate::domain::reading::read;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("it is a time")
    }

    fn window(text: &str) -> Window {
        Window::parse(text).unwrap_or_else(|refusal| panic!("{text}: {refusal}"))
    }

    fn bounds(text: &str, when: &str) -> (String, String) {
        let Range { from, to } = window(text).bounds(at(when), &Utc);
        (from.to_string(), to.to_string())
    }

    #[test]
    fn rolling_windows_are_read_in_every_unit() {
        for (text, seconds) in [
            ("30d", 2_592_000),
            ("4w", 2_419_200),
            ("2w", 1_209_600),
            ("1h", 3600),
            ("30 days", 2_592_000),
            ("rolling 28d", 2_419_200),
            ("28d rolling", 2_419_200),
            ("90m", 5400),
            ("rolling week", 604_800),
        ] {
            assert_eq!(window(text), Window::Rolling { seconds }, "{text}");
        }
    }

    #[test]
    fn calendar_windows_are_read_in_words_and_in_letters() {
        for (text, unit, count, zone) in [
            ("month", Unit::Month, 1, "UTC"),
            ("monthly", Unit::Month, 1, "UTC"),
            ("1M", Unit::Month, 1, "UTC"),
            ("1Q", Unit::Quarter, 1, "UTC"),
            ("quarterly", Unit::Quarter, 1, "UTC"),
            ("1Y", Unit::Year, 1, "UTC"),
            ("3 months", Unit::Month, 3, "UTC"),
            ("calendar week", Unit::Week, 1, "UTC"),
            ("Calendar daily", Unit::Day, 1, "UTC"),
            ("2 calendar weeks in Europe/Berlin", Unit::Week, 2, "Europe/Berlin"),
            ("week in America/New_York", Unit::Week, 1, "America/New_York"),
            ("1w in UTC", Unit::Week, 1, "UTC"),
        ] {
            assert_eq!(window(text), Window::calendar(unit, count, zone), "{text}");
        }
        let Window::Calendar { anchor_local, .. } = window("month from 2026-01-31") else { panic!("it is of the calendar") };
        assert_eq!(anchor_local.to_string(), "2026-01-31T00:00:00");
    }

    #[test]
    fn nonsense_is_refused_with_words() {
        use WindowRefusal::*;
        for (text, refusal) in [
            ("", Empty),
            ("30", Unknown("30".into())),
            ("d", Ambiguous("day")),
            ("week", Ambiguous("week")),
            ("5 bananas", Unknown("5 bananas".into())),
            ("-1d", Unknown("-1d".into())),
            ("1.5d", Unknown("1.5d".into())),
            ("rolling month", Unknown("rolling month".into())),
            ("calendar 5h", Unknown("calendar 5h".into())),
            ("0d", Nothing),
            ("0 months", Nothing),
            ("59m", TooShort),
            ("367d", TooLong),
            ("99999999999999999999d", TooLong),
            ("2Y", TooLong),
            ("99999999999 months", TooLong),
            ("month in", NoZone(String::new())),
            ("month in Mitte!", NoZone("Mitte!".into())),
            ("month from soon", NoAnchor("soon".into())),
        ] {
            assert_eq!(Window::parse(text), Err(refusal), "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for text in ["28d", "1h", "90m", "calendar month in UTC", "3 calendar months in Europe/Berlin from 2026-01-31T00:00:00", "calendar quarter in UTC"] {
            assert_eq!(window(text).to_string(), text);
            let json = serde_json::to_vec(&window(text)).expect("it has a form");
            assert_eq!(read::<Window>(&json), Some(window(text)));
            assert_eq!(serde_json::from_slice::<Window>(&json).expect("it is a window"), window(text));
        }
        assert_eq!(read::<Window>(b"{\"type\":\"sliding\"}"), None);
    }

    #[test]
    fn months_are_reckoned_from_the_anchor_and_clamped() {
        let of = |when| bounds("month from 2026-01-31", when);
        assert_eq!(of("2026-02-10T00:00:00Z"), ("2026-01-31T00:00:00Z".into(), "2026-02-28T00:00:00Z".into()));
        assert_eq!(of("2026-03-10T00:00:00Z"), ("2026-02-28T00:00:00Z".into(), "2026-03-31T00:00:00Z".into()));
        assert_eq!(of("2026-03-31T00:00:00Z"), ("2026-03-31T00:00:00Z".into(), "2026-04-30T00:00:00Z".into()));
        assert_eq!(bounds("year from 2024-02-29", "2027-06-01T00:00:00Z"), ("2027-02-28T00:00:00Z".into(), "2028-02-29T00:00:00Z".into()));
    }

    #[test]
    fn pages_of_the_calendar_begin_where_people_expect() {
        let when = "2026-11-18T15:00:00Z";
        assert_eq!(bounds("calendar day", when).0, "2026-11-18T00:00:00Z");
        assert_eq!(bounds("calendar week", when).0, "2026-11-16T00:00:00Z");
        assert_eq!(bounds("month", when), ("2026-11-01T00:00:00Z".into(), "2026-12-01T00:00:00Z".into()));
        assert_eq!(bounds("quarter", when).0, "2026-10-01T00:00:00Z");
        assert_eq!(bounds("year", when).0, "2026-01-01T00:00:00Z");
        assert_eq!(bounds("28d", when), ("2026-10-21T15:00:00Z".into(), when.into()));
        let before = window("month").before(at(when), &Utc).expect("there is one");
        assert_eq!((before.from.to_string(), before.to.to_string()), ("2026-10-01T00:00:00Z".into(), "2026-11-01T00:00:00Z".into()));
    }

    #[test]
    fn the_ends_of_time_have_windows_too() {
        for text in ["calendar day", "month", "year", "28d", "12 months from 2200-12-31"] {
            for when in [Timestamp::MIN, Timestamp::MAX] {
                let Range { from, to } = window(text).bounds(when, &Utc);
                assert!(from <= when && when <= to, "{text} at {when}: {from} to {to}");
            }
        }
    }
}
