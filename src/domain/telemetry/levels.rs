//! Whether a level says that something failed: by its word, by its number in one of the scales that
//! loggers use, or where only the text of a record carries it.

use serde_json::Value;

/// Where a level would stand, if it stands in the text.
const HEAD_WORDS: usize = 16;

/// Fields in which loggers write a level, and how their numbers are to be read.
const FIELDS: [(&str, Scale); 12] = [
    ("severity", Scale::Named),
    ("level", Scale::Named),
    ("lvl", Scale::Named),
    ("log.level", Scale::Named),
    ("levelname", Scale::Named),
    ("loglevel", Scale::Named),
    ("@l", Scale::Named),
    ("severity_text", Scale::Named),
    ("severity_number", Scale::OpenTelemetry),
    ("severityNumber", Scale::OpenTelemetry),
    ("levelno", Scale::Python),
    ("PRIORITY", Scale::Syslog),
];

/// What a level's number counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scale {
    /// A word as a rule; as a number that of pino and bunyan: tens from 10 (trace) to 60 (fatal).
    Named,
    /// 1 to 24, ERROR from 17 on.
    OpenTelemetry,
    /// Tens up to 50, ERROR from 40 on.
    Python,
    /// 0 (emergency) to 7 (debug), error from 3 downwards.
    Syslog,
}

impl Scale {
    fn is_error(self, number: i64) -> Option<bool> {
        match (self, number) {
            (Self::Named, 10..=60) if number % 10 == 0 => Some(number >= 50),
            (Self::OpenTelemetry, 1..=24) => Some(number >= 17),
            (Self::Python, 1..=60) => Some(number >= 40),
            (Self::Syslog, 0..=7) => Some(number <= 3),
            _ => None,
        }
    }

    fn of_text(self, text: &str) -> Option<bool> {
        of_word(text).or_else(|| text.trim().parse().ok().and_then(|number| self.is_error(number)))
    }
}

/// Whether a level's name is an error's; `None` for what is no level.
pub fn of_word(name: &str) -> Option<bool> {
    match name.trim().trim_end_matches(|letter: char| letter.is_ascii_digit()).to_ascii_lowercase().as_str() {
        "error" | "err" | "fatal" | "critical" | "crit" | "panic" | "emergency" | "emerg" | "alert" | "severe" => Some(true),
        "warn" | "warning" | "notice" | "info" | "information" | "informational" | "debug" | "trace" | "verbose" | "fine" => Some(false),
        _ => None,
    }
}

/// A level as a sender writes it into a field of its own: a word, or a number as text.
pub fn of_field(text: &str) -> Option<bool> {
    Scale::Named.of_text(text)
}

/// The level among the fields of a record in JSON.
pub fn among(fields: &Value) -> Option<bool> {
    let said = FIELDS.iter().find_map(|(name, scale)| match fields.get(name)? {
        Value::String(text) => scale.of_text(text),
        Value::Number(number) => number.as_i64().and_then(|number| scale.is_error(number)),
        _ => None,
    });
    // Graylog's format has syslog's numbers; Elastic's nests its fields.
    let of_graylog = || fields.get("short_message").and(fields.get("level")).and_then(Value::as_i64).and_then(|number| Scale::Syslog.is_error(number));
    said.or_else(of_graylog).or_else(|| fields.get("log")?.get("level")?.as_str().and_then(of_word))
}

/// Whether a text is a line in logfmt (`time=… level=info msg="it began" id=7`).
pub fn is_logfmt(text: &str) -> bool {
    ["time=", "ts=", "level=", "lvl=", "severity="].iter().any(|name| text.starts_with(name))
}

/// The level that a text carries: `level=error`, `severity: error`, klog's `E0129`, a word in brackets
/// or in capitals near its start, or `error:` as its first word. Numbers count in logfmt and in the
/// head of JSON that is cut off only: prose has levels of its own (`nesting level: 20`).
pub fn within(text: &str) -> Option<bool> {
    let lower = text.to_ascii_lowercase();
    let (is_logfmt, is_cut_off) = (is_logfmt(text), text.trim_start().starts_with('{'));
    for name in ["severity", "level", "lvl"] {
        let said = lower.match_indices(name).find_map(|(at, _)| {
            let is_whole = !lower[..at].ends_with(|letter: char| letter.is_ascii_alphanumeric());
            let rest = lower[at + name.len()..].trim_start_matches(['"', '\'', ' ']);
            let is_field = is_logfmt && rest.starts_with('=') || is_cut_off && lower[..at].trim_end().ends_with(['"', '\'', '{', ',']);
            let rest = rest.strip_prefix(['=', ':']).filter(|_| is_whole)?.trim_start_matches(['"', '\'', ' ']);
            let value = rest.split(|letter: char| !letter.is_ascii_alphanumeric()).next()?;
            if is_field { of_field(value) } else { of_word(value) }
        });
        if said.is_some() {
            return said;
        }
    }
    of_klog(text).or_else(|| of_head(text))
}

/// `E0129 08:50:11.1 …`: a letter for the level, then the month and the day.
fn of_klog(text: &str) -> Option<bool> {
    let (level, date) = text.split_whitespace().next()?.split_at_checked(1)?;
    let is_date = date.len() == 4 && date.bytes().all(|digit| digit.is_ascii_digit());
    match level {
        "E" | "F" if is_date => Some(true),
        "I" | "W" if is_date => Some(false),
        _ => None,
    }
}

fn of_head(text: &str) -> Option<bool> {
    let mut at = 0;
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter_map(|word| {
        let from = at;
        at += word.len() + text[at + word.len()..].chars().next().map_or(0, char::len_utf8);
        (!word.is_empty()).then_some((from, word))
    });
    let mut is_first = true;
    for (from, word) in words.take(HEAD_WORDS) {
        let (before, behind) = (&text[..from], &text[from + word.len()..]);
        let is_shouted = word.bytes().all(|letter| letter.is_ascii_uppercase());
        let is_bracketed = before.ends_with('[') && behind.starts_with(']');
        let is_heading = is_first && before.trim().is_empty() && behind.starts_with(": ") && word.len() > 3;
        if (is_shouted || is_bracketed || is_heading)
            && let Some(level) = of_word(word)
        {
            return Some(level);
        }
        is_first = false;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_read_in_the_scale_of_their_logger() {
        for (fields, error) in [
            (json!({"level": 50, "msg": "no answer"}), Some(true)),
            (json!({"level": 60}), Some(true)),
            (json!({"level": "50"}), Some(true)),
            (json!({"level": 40}), Some(false)),
            (json!({"level": 30}), Some(false)),
            (json!({"levelno": 40}), Some(true)),
            (json!({"severity_number": 17}), Some(true)),
            (json!({"severityNumber": 13}), Some(false)),
            (json!({"PRIORITY": "3"}), Some(true)),
            (json!({"PRIORITY": "6"}), Some(false)),
            (json!({"short_message": "gone", "level": 3}), Some(true)),
            (json!({"level": 3}), None),
            (json!({"level": 7.5}), None),
            (json!({"levelname": "CRITICAL"}), Some(true)),
            (json!({"log": {"level": "error"}}), Some(true)),
            (json!({"log": "level"}), None),
        ] {
            assert_eq!(among(&fields), error, "{fields}");
        }
    }

    #[test]
    fn a_text_carries_its_level_near_its_start() {
        for text in [
            "16:48:42.468 ERROR f.s.FoodServiceImpl#302 request failed",
            "2026/01/02 03:04:05 [error] 12#12: upstream timed out",
            "E0129 08:50:11.1 main.go:88] no such card",
            "Error: connect refused",
            "time=12:00 level=50 msg=gone",
            r#"{"level":50,"msg":"cut off in the mid"#,
            "{ level: 50, pid: 7, msg: 'gone' ",
            "severity: error, no such card",
            "12:00 ERROR tree too deep, nesting level: 20",
            "ERROR no such shelf, level=20",
            "ERROR:root:no such card",
        ] {
            assert_eq!(within(text), Some(true), "{text}");
        }
        for text in ["I0129 08:50:11.1 main.go:88] ERROR budget", "[info] all is well", "12:00 WARN slow", "level=30 msg=\"ERROR\""] {
            assert_eq!(within(text), Some(false), "{text}");
        }
        for text in [
            "an error, perhaps",
            "error rate is low",
            "the waterlevel: error prone",
            "é [",
            "EAGAIN, E12345",
            "",
            "[",
            "battery level: 50 percent",
            "time=12:00 msg=\"battery level: 50 percent\"",
            r#"{"msg":"battery level: 50 perc"#,
        ] {
            assert_eq!(within(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_survived(text in "\\PC{0,80}") {
            let _ = (within(&text), of_field(&text));
        }
    }
}
