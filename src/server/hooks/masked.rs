//! Bodies as they may be looked at later: inert text, without the keys that open doors.

use crate::server::auth::secrets;

/// What stands in the place of a secret.
const MASK: &str = "•••";

/// Fields whose values are secrets, whoever sends them; compared without `_`, `-` and case.
const SECRET_FIELDS: [&str; 14] = [
    "routingkey",
    "servicekey",
    "integrationkey",
    "apikey",
    "token",
    "accesstoken",
    "refreshtoken",
    "authtoken",
    "secret",
    "clientsecret",
    "password",
    "passwd",
    "authorization",
    "privatekey",
];

/// Whoever begins a word like this names one of our own keys.
const OUR_KEYS: [&str; 3] = [secrets::API_TOKEN, secrets::INTEGRATION_TOKEN, secrets::SIGNING_SECRET];

/// The text of `bytes`, without control characters, without `keys`, and without the values of
/// fields that hold secrets. A secret that is cut off at the end goes too.
pub fn text(bytes: &[u8], keys: &[String]) -> String {
    let text: String = String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    let text = without_secret_fields(&text);
    let text = keys.iter().filter(|key| key.len() >= 4).fold(text, |text, key| without_key(text, key));
    without_our_keys(&text)
}

fn without_key(text: String, key: &str) -> String {
    let mut text = if text.contains(key) { text.replace(key, MASK) } else { text };
    // The last of it may be the first half of the key.
    let cut = key.char_indices().map(|(at, _)| &key[..at]).rfind(|half| half.len() >= 4 && text.ends_with(half)).map(str::len);
    if let Some(cut) = cut {
        text.truncate(text.len() - cut);
        text.push_str(MASK);
    }
    text
}

fn without_our_keys(text: &str) -> String {
    let Some(at) = OUR_KEYS.iter().filter_map(|prefix| text.find(prefix)).min() else { return text.to_owned() };
    let (before, rest) = text.split_at(at);
    let word = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    format!("{before}{MASK}{}", without_our_keys(&rest[word..]))
}

/// Goes from one quoted text to the next, so that half a document is read like a whole one.
fn without_secret_fields(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    let mut is_secret = false;
    while let Some(quote) = rest.find('"') {
        let (between, quoted) = rest.split_at(quote + 1);
        masked.push_str(between);
        let end = end_of_quoted(quoted);
        let content = &quoted[..end];
        masked.push_str(if is_secret { MASK } else { content });
        let after = &quoted[end..];
        let is_name = after.strip_prefix('"').is_some_and(|after| after.trim_start().starts_with(':'));
        // A value that is no text of its own, a list or an object, is gone through as usual.
        is_secret = is_name && is_secret_field(content) && after[1..].trim_start().strip_prefix(':').is_some_and(|value| value.trim_start().starts_with('"'));
        masked.push_str(after.get(..1).unwrap_or_default());
        rest = after.get(1..).unwrap_or_default();
    }
    masked.push_str(rest);
    masked
}

/// Where the quoted text ends: at its quote, or with everything.
fn end_of_quoted(quoted: &str) -> usize {
    let mut escaped = false;
    let end = quoted.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.unwrap_or(quoted.len())
}

fn is_secret_field(name: &str) -> bool {
    let plain: String = name.chars().filter(|c| !matches!(c, '_' | '-')).map(|c| c.to_ascii_lowercase()).collect();
    SECRET_FIELDS.contains(&plain.as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    fn masked(text: &str, keys: &[&str]) -> String {
        super::text(text.as_bytes(), &keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn fields_that_hold_secrets_are_masked_wherever_they_stand() {
        assert_eq!(masked(r#"{"routing_key": "abc", "a": "b"}"#, &[]), r#"{"routing_key": "•••", "a": "b"}"#);
        assert_eq!(masked(r#"{"a":{"Client-Secret":"x\"y","n":1}}"#, &[]), r#"{"a":{"Client-Secret":"•••","n":1}}"#);
        assert_eq!(masked(r#"{"token": ["a"], "password": null, "b": "token"}"#, &[]), r#"{"token": ["a"], "password": null, "b": "token"}"#);
        assert_eq!(masked(r#"{"password" : "cut off in the mid"#, &[]), r#"{"password" : "•••"#);
    }

    #[test]
    fn the_key_that_was_shown_is_masked_also_where_it_is_cut() {
        assert_eq!(masked("key=0123456789abcdef&x", &["0123456789abcdef"]), "key=•••&x");
        assert_eq!(masked("key=01234567", &["0123456789abcdef"]), "key=•••");
        assert_eq!(masked("key=012", &["0123456789abcdef"]), "key=012");
        assert_eq!(masked("see toi_0aZ9, toc_1!", &[]), "see •••, •••!");
    }

    #[test]
    fn control_characters_are_no_part_of_a_text() {
        assert_eq!(super::text(b"a\0b\x1b[31m\n\xff", &[]), "ab[31m\n\u{fffd}");
    }

    proptest! {
        #[test]
        fn no_text_breaks_it_and_no_key_stays(text in "[a-z\"\\\\:{}ü_•]{0,60}", key in "[a-z]{8}", at in 0_usize..20) {
            let at = text.char_indices().map(|(at, _)| at).nth(at).unwrap_or(text.len());
            let whole = format!("{}{key}{}", &text[..at], &text[at..]);
            prop_assert!(!masked(&whole, &[&key]).contains(&key));
        }
    }
}
