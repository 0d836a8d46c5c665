//! What foreign text must look like before it is kept.
//!
//! Control characters never pass: PostgreSQL refuses U+0000, and terminals and logs obey others.
//! In a line every one of them goes (line breaks and tabs become a blank); in a block `\n` and
//! `\t` stay. What is too long is cut and ends in `…`. Nothing here decides what a text means.

use crate::domain::{alert::Labels, canonical};
use serde_json::Value;

/// One line of at most `max` characters, without blanks at its ends. May be empty.
pub fn line(text: &str, max: usize) -> String {
    if line_is_kept(text, max) {
        return text.to_owned();
    }
    cut(one_line(text).collect::<String>().trim(), max).trim_end().to_owned()
}

/// Whether a line of it would not be empty.
pub fn says_something(text: &str) -> bool {
    text.chars().any(|c| !c.is_control() && !c.is_whitespace())
}

/// Text of several lines, of at most `max` characters.
pub fn block(text: &str, max: usize) -> String {
    cut(&text.replace("\r\n", "\n").chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect::<String>(), max)
}

/// Whether [`line`] certainly keeps it as it is.
pub fn line_is_kept(text: &str, max: usize) -> bool {
    is_plain(text, max) && text.trim().len() == text.len()
}

/// Whether there is certainly nothing to take away, so that almost every text is kept as it came.
/// There are never more characters than bytes, and every control character has one of these bytes.
pub fn is_plain(text: &str, max: usize) -> bool {
    text.len() <= max && !text.bytes().any(|byte| byte < b' ' || byte == 0x7f || byte == 0xc2)
}

/// The same for a block.
fn is_plain_block(text: &str, max: usize) -> bool {
    text.len() <= max && !text.bytes().any(|byte| (byte < b' ' && !matches!(byte, b'\n' | b'\t')) || byte == 0x7f || byte == 0xc2)
}

fn one_line(text: &str) -> impl Iterator<Item = char> {
    text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }).filter(|c| !c.is_control())
}

/// At most `max` characters; what was cut ends in `…`, which counts.
fn cut(text: &str, max: usize) -> String {
    if text.chars().nth(max).is_none() {
        return text.to_owned();
    }
    text.chars().take(max.saturating_sub(1)).chain(std::iter::once('…')).collect()
}

/// A JSON value as text: strings as they are, `null` as nothing, lists and objects as JSON.
///
/// Integers from −2⁶³ to 2⁶⁴−1 keep every digit. Beyond that, and with a fraction, a number is
/// read as a 64-bit float, so it keeps about 17 digits: `18446744073709551616` becomes
/// `1.8446744073709552e+19`. Senders that need more send a string.
pub fn of_value(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Array(_) | Value::Object(_) => Some(canonical::to_string(value)),
    }
}

/// The fields of an object as text; anything but an object has none.
pub fn of_fields(value: Option<&Value>) -> Labels {
    let Some(Value::Object(fields)) = value else { return Labels::new() };
    fields.iter().filter_map(|(name, value)| Some((name.clone(), of_value(value)?))).collect()
}

/// The same JSON without control characters, so that it can be kept and shown as it came.
pub fn clean_value(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(block(text, usize::MAX)),
        Value::Array(items) => Value::Array(items.iter().map(clean_value).collect()),
        Value::Object(fields) => Value::Object(fields.iter().map(|(name, value)| (line(name, usize::MAX), clean_value(value))).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// How many names and values are kept of one alert, and how long they may be.
pub struct Caps {
    count: usize,
    name_chars: usize,
    value_chars: usize,
    several_lines: bool,
}

/// Labels identify and group: short, and on one line.
pub const LABELS: Caps = Caps { count: 128, name_chars: 256, value_chars: 4_096, several_lines: false };
/// Annotations explain: longer, and on several lines.
pub const ANNOTATIONS: Caps = Caps { count: 128, name_chars: 256, value_chars: 16_384, several_lines: true };

/// What grouping, titles and impact windows read; when labels are too many, these stay.
const KEPT_FIRST: [&str; 6] = ["alertname", "service", "severity", "summary", "title", "runbook_url"];

impl Caps {
    /// Keeps `count` pairs, those of [`KEPT_FIRST`] before the others in the order of their
    /// names, and cuts what is too long. Pairs whose name or value is empty then are dropped.
    /// Answers how many did not fit.
    pub fn apply(&self, raw: Labels) -> (Labels, usize) {
        if raw.len() <= self.count && raw.iter().all(|(name, value)| self.is_kept(name, value)) {
            return (raw, 0);
        }
        let mut kept = Labels::new();
        let mut left_out = 0;
        let (first, others): (Vec<_>, Vec<_>) = raw.into_iter().partition(|(name, _)| KEPT_FIRST.contains(&name.as_str()));
        for (name, value) in first.into_iter().chain(others) {
            let name = line(&name, self.name_chars);
            let value = if self.several_lines { block(&value, self.value_chars) } else { cut(&one_line(&value).collect::<String>(), self.value_chars) };
            if name.is_empty() || value.is_empty() {
                continue;
            }
            if kept.len() == self.count {
                left_out += 1;
                continue;
            }
            // Two names that differ in control characters only: the first one stays.
            kept.entry(name).or_insert(value);
        }
        (kept, left_out)
    }

    /// Whether a pair is certainly kept as it is.
    fn is_kept(&self, name: &str, value: &str) -> bool {
        let is_plain_value = if self.several_lines { is_plain_block } else { is_plain };
        !name.is_empty() && !value.is_empty() && is_plain(name, self.name_chars) && name.trim().len() == name.len() && is_plain_value(value, self.value_chars)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_holds_no_control_characters() {
        assert_eq!(line(" disk\u{0}\u{7} full\r\non\tdb\u{85}-1\u{7f} ", 100), "disk full  on db-1");
        assert_eq!(line("\u{0}\n", 100), "");
        assert_eq!(line("  \n  ", 1), "");
        assert!(says_something(" \u{0}x") && !says_something("\u{0}\n") && !says_something("  \n  "));
    }

    #[test]
    fn what_is_plain_is_kept_and_every_control_character_is_not_plain() {
        for code in (0..0x2_0000).filter_map(char::from_u32) {
            let text = format!("a{code}b");
            let cleaned = |several_lines: bool| -> String { text.chars().filter(|c| !c.is_control() || (several_lines && matches!(c, '\n' | '\t'))).collect() };
            assert!(!is_plain(&text, 100) || text == cleaned(false), "{code:?}");
            assert!(!is_plain_block(&text, 100) || text == cleaned(true), "{code:?}");
        }
        assert!(is_plain("disk full on db-ü", 100) && !is_plain("disk", 3) && is_plain_block("a\n\tb", 100) && !is_plain_block("a\r\nb", 100));
    }

    #[test]
    fn a_block_keeps_its_lines() {
        assert_eq!(block("a\r\nb\tc\u{0}\u{1b}[31m\rd", 100), "a\nb\tc[31md");
    }

    #[test]
    fn lengths_are_characters_not_bytes() {
        assert_eq!(line("äöüß", 4), "äöüß");
        assert_eq!(line("äöüßx", 4), "äöü…");
        assert_eq!(block("🔥🔥🔥", 2), "🔥…");
    }

    #[test]
    fn integers_beyond_two_to_the_53_keep_every_digit() {
        let value: Value =
            serde_json::from_str(r#"{"a":9007199254740993,"b":-9223372036854775808,"c":18446744073709551615,"d":0.75,"e":true,"f":null}"#).expect("it is JSON");
        let text = of_fields(Some(&value));
        let expected = [("a", "9007199254740993"), ("b", "-9223372036854775808"), ("c", "18446744073709551615"), ("d", "0.75"), ("e", "true")];
        assert_eq!(text.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_number_too_large_for_64_bits_is_kept_as_a_float() {
        let value: Value = serde_json::from_str("18446744073709551616").expect("it is JSON");
        assert_eq!(of_value(&value).as_deref(), Some("1.8446744073709552e+19"));
    }

    #[test]
    fn too_many_labels_keep_those_that_matter() {
        let mut raw: Labels = (0..200).map(|n| (format!("a{n:03}"), "x".to_owned())).collect();
        raw.insert("severity".to_owned(), "critical".to_owned());
        raw.insert("service".to_owned(), "checkout".to_owned());
        let (kept, left_out) = LABELS.apply(raw);
        assert_eq!((kept.len(), left_out), (128, 74));
        assert_eq!(kept.get("service").map(String::as_str), Some("checkout"));
        assert!(kept.contains_key("a125") && !kept.contains_key("a126"));
    }

    #[test]
    fn what_is_empty_without_its_control_characters_is_no_label() {
        let raw = Labels::from([("a".to_owned(), "\u{0}".to_owned()), ("\u{1}".to_owned(), "x".to_owned()), ("b".to_owned(), "y\u{0}".to_owned())]);
        assert_eq!(LABELS.apply(raw), (Labels::from([("b".to_owned(), "y".to_owned())]), 0));
    }

    #[test]
    fn kept_json_holds_no_control_characters_at_any_depth() {
        let clean = clean_value(&json!({"a\u{0}": ["x\u{0}\ny", {"b\n": 1}]}));
        assert_eq!(clean, json!({"a": ["x\ny", {"b": 1}]}));
    }
}
