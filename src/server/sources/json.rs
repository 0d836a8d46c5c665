//! From raw bytes to JSON, leniently where senders are known to slip, with words where it fails.

use super::Rejected;
use serde_json::Value;

/// Reads a body. The content type is not asked: many senders name a wrong one, or none.
///
/// A byte order mark is skipped, and half of a surrogate pair (`\ud83d` alone, as senders write
/// that cut texts by UTF-16 units) becomes U+FFFD: a page must not be lost to half an emoji.
/// Nesting is limited to 128 levels, by serde_json itself.
pub fn read(body: &[u8]) -> Result<Value, Rejected> {
    let text = std::str::from_utf8(body)
        .map_err(|error| Rejected::new("not_utf8", format!("the body is not UTF-8 text: byte {} is wrong", error.valid_up_to() + 1)))?;
    let text = text.trim_start_matches('\u{feff}');
    if text.trim().is_empty() {
        return Err(Rejected::new("empty_body", "the body is empty; JSON was expected"));
    }
    serde_json::from_str(text).or_else(|error| match whole_surrogates(text) {
        Some(repaired) => serde_json::from_str(&repaired).map_err(rejected),
        None => Err(rejected(error)),
    })
}

fn rejected(error: serde_json::Error) -> Rejected {
    // serde_json has no kind for this one; a test holds its words.
    if error.to_string().starts_with("recursion limit exceeded") {
        return Rejected::new("too_deep", format!("the JSON is nested deeper than 128 levels at line {} column {}", error.line(), error.column()));
    }
    Rejected::new("not_json", format!("the body is not JSON that can be read: {error}"))
}

/// The text with every `\uD800`–`\uDFFF` escape that has no other half replaced; `None` if there
/// is none.
fn whole_surrogates(text: &str) -> Option<String> {
    let mut repaired = String::with_capacity(text.len());
    let mut changed = false;
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        repaired.push_str(before);
        let taken = match (unit(escape), escape.get(6..).and_then(unit)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => escape.get(..12),
            (Some(0xD800..=0xDFFF), _) => {
                changed = true;
                repaired.push_str("\\ufffd");
                rest = escape.get(6..).unwrap_or_default();
                continue;
            }
            (Some(_), _) => escape.get(..6),
            // Any other escape: the backslash and what it stands before, so that `\\ud800` is left alone.
            (None, _) => escape.char_indices().nth(2).map_or(Some(escape), |(end, _)| escape.get(..end)),
        };
        let taken = taken.unwrap_or(escape);
        repaired.push_str(taken);
        rest = escape.get(taken.len()..).unwrap_or_default();
    }
    repaired.push_str(rest);
    changed.then_some(repaired)
}

/// The number of a `\uXXXX` that `text` begins with.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn code(body: &[u8]) -> &'static str {
        read(body).expect_err("it must be rejected").code
    }

    #[test]
    fn nesting_up_to_127_levels_is_read_and_deeper_is_rejected_with_words() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(read(nested(127).as_bytes()).is_ok());
        for levels in [128, 10_000, 500_000] {
            let rejected = read(nested(levels).as_bytes()).expect_err("it is too deep");
            assert_eq!((rejected.code, rejected.words.as_str()), ("too_deep", "the JSON is nested deeper than 128 levels at line 1 column 128"));
        }
        assert_eq!(code(r#"{"a":"#.repeat(10_000).as_bytes()), "too_deep");
    }

    #[test]
    fn what_cannot_be_read_is_told_in_words() {
        assert_eq!(read(b"{\"a\":\"\xff\"}"), Err(Rejected::new("not_utf8", "the body is not UTF-8 text: byte 7 is wrong")));
        assert_eq!(code(b""), "empty_body");
        assert_eq!(code(b" \r\n"), "empty_body");
        assert_eq!(code(b"{"), "not_json");
        assert_eq!(code(b"{} {}"), "not_json");
        assert_eq!(code(b"title=x"), "not_json");
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(read("\u{feff}{}".as_bytes()), Ok(json!({})));
    }

    #[test]
    fn half_an_emoji_does_not_lose_the_alert() {
        assert_eq!(read(br#"{"a":"fire \ud83d","b":"\ud83d\udd25","c":"\\ud83d \n"}"#), Ok(json!({"a": "fire \u{fffd}", "b": "🔥", "c": "\\ud83d \n"})));
        assert_eq!(read(br#"["\udd25\ud83d\ud83d\udd25\u00e9"]"#), Ok(json!(["\u{fffd}\u{fffd}🔥é"])));
        assert_eq!(code(br#"["\ud83d"#), "not_json");
        assert_eq!(code(br#"["\"#), "not_json");
    }
}
