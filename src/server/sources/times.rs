//! The many ways in which senders write an instant, read into UTC.
//!
//! An instant that cannot be read or cannot be true is no reason to refuse an alert: it counts as
//! not given, so that the receive time is used, and what was sent is kept as an annotation.

use crate::domain::{alert::Labels, time::Timestamp};
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde_json::Value;

/// How far ahead of ours a sender's clock may be.
pub const SKEW_SECS: i64 = 60;

/// Instants before 2000 are not believed: they are some language's zero, or seconds that were
/// taken for milliseconds. People and imports, who write dates, may go back to
/// [`Timestamp::FIRST_BELIEVED`].
const EARLIEST: Timestamp = Timestamp::from_micros(946_684_800_000_000);

/// What a field says about time.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// Nothing: missing, null, empty, or Go's zero time `0001-01-01T00:00:00Z`.
    Absent,
    At(Timestamp),
    /// Something that no known spelling fits.
    Unreadable,
}

/// Reads a field that should hold an instant, as text or as a number.
pub fn read(value: Option<&Value>) -> Reading {
    let at = match value {
        None | Some(Value::Null) => return Reading::Absent,
        Some(Value::String(text)) => return read_text(Some(text)),
        Some(Value::Number(number)) => match number.as_i64() {
            Some(whole) => from_epoch(i128::from(whole)),
            None => number.as_f64().and_then(from_epoch_float),
        },
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => None,
    };
    reading(at)
}

/// The same for what is text, if it is there at all.
pub fn read_text(text: Option<&str>) -> Reading {
    match text {
        None => Reading::Absent,
        Some(text) if text.trim().is_empty() => Reading::Absent,
        Some(text) => reading(parse(text)),
    }
}

fn reading(at: Option<Timestamp>) -> Reading {
    match at {
        Some(at) if at.is_unset() => Reading::Absent,
        Some(at) => Reading::At(at),
        None => Reading::Unreadable,
    }
}

/// The instant in field `name` of `fields`, if it is given and can be true at `received_at`.
/// Otherwise what was sent is kept in `annotations` as `<name>_as_sent`.
pub fn believed(fields: &serde_json::Map<String, Value>, name: &str, received_at: Timestamp, annotations: &mut Labels) -> Option<Timestamp> {
    let value = fields.get(name);
    believe(read(value), name, || value.and_then(super::text::of_value), received_at, annotations)
}

/// The instant that was read from `name`, if it can be true at `received_at`. Otherwise what was
/// `sent` is kept in `annotations` as `<name>_as_sent`.
pub fn believe(reading: Reading, name: &str, sent: impl FnOnce() -> Option<String>, received_at: Timestamp, annotations: &mut Labels) -> Option<Timestamp> {
    match reading {
        Reading::Absent => None,
        Reading::At(at) if at >= EARLIEST && at <= received_at.plus_secs(SKEW_SECS) => Some(at),
        Reading::At(_) | Reading::Unreadable => {
            annotations.extend(sent().map(|sent| (format!("{name}_as_sent"), sent)));
            None
        }
    }
}

/// Reads text in any spelling that senders are known to use. Without a zone it is taken as UTC.
pub fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() > 64 {
        return None;
    }
    if text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+')) && !text.get(1..)?.contains(['-', '+']) {
        return match text.parse::<i128>() {
            Ok(whole) => from_epoch(whole),
            Err(_) => text.parse().ok().and_then(from_epoch_float),
        };
    }
    Timestamp::parse(text).or_else(|| with_zone(text)).or_else(|| without_zone(text))
}

fn with_zone(text: &str) -> Option<Timestamp> {
    // Go prints `2025-03-14 10:34:49 +0000 UTC`: the offset says it, the name only repeats it.
    let text = text.strip_suffix(" UTC").filter(|rest| rest.rsplit(' ').next().is_some_and(|last| last.starts_with(['+', '-']))).unwrap_or(text);
    const SPELLINGS: [&str; 4] = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f %#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%d/%b/%Y:%H:%M:%S %z"];
    DateTime::parse_from_rfc2822(text)
        .ok()
        .or_else(|| SPELLINGS.iter().find_map(|spelling| DateTime::parse_from_str(text, spelling).ok()))
        .map(|at| Timestamp::from_micros(at.timestamp_micros()))
}

fn without_zone(text: &str) -> Option<Timestamp> {
    let text = ["UTC", "GMT", "Z"].iter().find_map(|zone| text.strip_suffix(zone)).unwrap_or(text).trim_end();
    // A weekday says nothing that the date does not, and senders get it wrong.
    let text = match text.split_once(", ") {
        Some((weekday, rest)) if weekday.len() <= 9 && weekday.bytes().all(|byte| byte.is_ascii_alphabetic()) => rest,
        _ => text,
    };
    const SPELLINGS: [&str; 6] =
        ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%d %b %Y %H:%M:%S", "%b %d, %Y %I:%M:%S %p", "%b %d, %Y %H:%M:%S", "%a %b %e %H:%M:%S %Y"];
    SPELLINGS
        .iter()
        .find_map(|spelling| NaiveDateTime::parse_from_str(text, spelling).ok())
        .or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))
        .map(|at| Timestamp::from_micros(at.and_utc().timestamp_micros()))
}

/// Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by magnitude: each
/// unit covers the years up to 5138 of the one before it.
fn from_epoch(number: i128) -> Option<Timestamp> {
    let micros = match number.unsigned_abs() {
        0 => return Some(Timestamp::MIN),
        1..100_000_000_000 => number.checked_mul(1_000_000)?,
        100_000_000_000..100_000_000_000_000 => number * 1_000,
        100_000_000_000_000..100_000_000_000_000_000 => number,
        _ => number / 1_000,
    };
    i64::try_from(micros).ok().map(Timestamp::from_micros)
}

/// As [`from_epoch`], for seconds or milliseconds with a fraction.
fn from_epoch_float(number: f64) -> Option<Timestamp> {
    // Casting a float saturates; infinities end as the clamped ends of time, NaN is refused.
    match number.abs() {
        size if !size.is_finite() => None,
        0.0 => Some(Timestamp::MIN),
        size if size < 1e11 => Some(Timestamp::from_micros((number * 1e6).round() as i64)),
        size if size < 1e14 => Some(Timestamp::from_micros((number * 1e3).round() as i64)),
        _ => from_epoch(number as i128),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const NOON: Timestamp = Timestamp::from_micros(1_741_953_600_000_000);

    fn read_as(text: &str) -> String {
        parse(text).map_or("unreadable".to_owned(), |at| at.to_string())
    }

    #[test]
    fn every_known_spelling_is_read() {
        let spellings = [
            ("2025-03-14T10:00:00.000Z", "2025-03-14T10:00:00Z"),
            ("2025-03-14T10:00:00.123456789+01:00", "2025-03-14T09:00:00.123456Z"),
            ("2025-03-14t10:00:00z", "2025-03-14T10:00:00Z"),
            ("2025-03-14T10:02:58.315+0000", "2025-03-14T10:02:58.315Z"),
            ("2025-03-14T10:02:58+05", "2025-03-14T05:02:58Z"),
            ("2025-06-02 12:00:00 +0530", "2025-06-02T06:30:00Z"),
            ("2025-06-02 12:00:00+05:30", "2025-06-02T06:30:00Z"),
            ("2025-06-02 12:00:00.5 -0700", "2025-06-02T19:00:00.500Z"),
            ("2025-03-14 10:34:49 UTC", "2025-03-14T10:34:49Z"),
            ("2025-03-14 10:34:49.123 +0000 UTC", "2025-03-14T10:34:49.123Z"),
            ("Fri, 14 Mar 2025 08:01:10 GMT", "2025-03-14T08:01:10Z"),
            ("Sun, 2 Mar 2025 08:01:10 GMT", "2025-03-02T08:01:10Z"),
            ("Fri, 14 Mar 2025 08:01:10 +0200", "2025-03-14T06:01:10Z"),
            ("Monday, 14 Mar 2025 08:01:10 GMT", "2025-03-14T08:01:10Z"),
            ("Mar 14, 2025 10:43:20 AM", "2025-03-14T10:43:20Z"),
            ("Mar 4, 2025 10:43:20 PM", "2025-03-04T22:43:20Z"),
            ("2025-03-14T10:00:00", "2025-03-14T10:00:00Z"),
            ("2025-03-14 10:00:00", "2025-03-14T10:00:00Z"),
            (" 2025-03-14 ", "2025-03-14T00:00:00Z"),
            ("1741946578", "2025-03-14T10:02:58Z"),
            ("1741946578.315", "2025-03-14T10:02:58.315Z"),
            ("1741946578315", "2025-03-14T10:02:58.315Z"),
            ("1741946578315123", "2025-03-14T10:02:58.315123Z"),
            ("1741946578315123456", "2025-03-14T10:02:58.315123Z"),
        ];
        for (text, at) in spellings {
            assert_eq!(read_as(text), at, "{text}");
        }
    }

    #[test]
    fn numbers_are_read_by_magnitude() {
        for number in [json!(1741946578), json!(1741946578000_i64), json!(1741946578000000_i64), json!(1741946578000000000_i64), json!(1741946578.0)] {
            assert_eq!(read(Some(&number)), Reading::At(Timestamp::from_micros(1_741_946_578_000_000)), "{number}");
        }
    }

    #[test]
    fn what_is_no_time_is_unreadable_and_nothing_is_absent() {
        for text in ["soon", "-", "+", ".", "14/03/2025 10:00", "2025-13-40T00:00:00Z", "2025-03-14T25:00:00Z", "1.2.3", "é", &"9".repeat(80), "NaN"] {
            assert_eq!(read(Some(&json!(text))), Reading::Unreadable, "{text}");
        }
        assert_eq!(read(Some(&json!({"at": 1}))), Reading::Unreadable);
        for nothing in [json!(null), json!(""), json!(" "), json!("0001-01-01T00:00:00Z"), json!("0001-01-01T00:00:00-08:00"), json!(0), json!("0"), json!(0.0)]
        {
            assert_eq!(read(Some(&nothing)), Reading::Absent, "{nothing}");
        }
        assert_eq!(read(None), Reading::Absent);
    }

    #[test]
    fn what_cannot_be_true_counts_as_not_given_and_is_kept_as_sent() {
        let fields = json!({
            "ahead": "2025-03-14T12:01:01Z", "skewed": "2025-03-14T12:01:00Z", "last": "9999-12-31T23:59:59Z",
            "old": "1970-01-01T00:00:00Z", "zero": "0001-01-01T00:00:00Z", "words": "soon", "ns": 99999999999999999999.0
        });
        let fields = fields.as_object().expect("it is an object");
        let mut annotations = Labels::new();
        let mut believed = |name| super::believed(fields, name, NOON, &mut annotations);
        assert_eq!(believed("skewed"), Some(NOON.plus_secs(60)));
        for name in ["ahead", "last", "old", "zero", "words", "ns", "missing"] {
            assert_eq!(believed(name), None, "{name}");
        }
        let kept: Vec<_> = annotations.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            kept,
            [
                "ahead_as_sent=2025-03-14T12:01:01Z",
                "last_as_sent=9999-12-31T23:59:59Z",
                "ns_as_sent=1e+20",
                "old_as_sent=1970-01-01T00:00:00Z",
                "words_as_sent=soon"
            ]
        );
    }

    proptest! {
        #[test]
        fn no_text_and_no_number_breaks_it(text in ".{0,80}", whole: i64, float: f64) {
            let _ = parse(&text);
            let _ = read(Some(&json!(whole)));
            let _ = read(Some(&json!(float)));
            let _ = from_epoch(i128::from(whole) * i128::from(i64::MAX));
        }

        #[test]
        fn whatever_is_written_as_rfc_3339_reads_back(micros in 0_i64..253_402_300_799_999_999) {
            let at = Timestamp::from_micros(micros);
            prop_assert_eq!(parse(&at.to_string()), Some(at));
        }
    }
}
