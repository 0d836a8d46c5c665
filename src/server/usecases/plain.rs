//! Texts from outside, made plain: PostgreSQL refuses U+0000, and no other control character
//! belongs into a record either. Line breaks and tabs stay.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// The same value with control characters taken out of every text in it.
pub fn plain<T: Serialize + DeserializeOwned>(value: T) -> Result<T, serde_json::Error> {
    let mut json = serde_json::to_value(&value)?;
    if strip(&mut json) { serde_json::from_value(json) } else { Ok(value) }
}

/// The same text without control characters.
pub fn plain_text(text: &str) -> String {
    text.chars().filter(|c| belongs(*c)).collect()
}

fn belongs(c: char) -> bool {
    !c.is_control() || c == '\n' || c == '\t'
}

/// Answers whether something was taken out.
fn strip(value: &mut Value) -> bool {
    match value {
        Value::String(text) if !text.chars().all(belongs) => {
            *text = plain_text(text);
            true
        }
        Value::Array(items) => items.iter_mut().fold(false, |any, item| strip(item) | any),
        Value::Object(fields) => {
            let any = fields.values_mut().fold(false, |any, item| strip(item) | any);
            if fields.keys().all(|name| name.chars().all(belongs)) {
                return any;
            }
            *fields = std::mem::take(fields).into_iter().map(|(name, item)| (plain_text(&name), item)).collect();
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::incident::Command;

    #[test]
    fn control_characters_are_taken_out_and_line_breaks_stay() {
        let note = Command::Note { text: "a\u{0}b\nc\u{1b}[31m\td".to_owned(), happened_at: None };
        assert_eq!(plain(note).ok(), Some(Command::Note { text: "ab\nc[31m\td".to_owned(), happened_at: None }));
    }

    #[test]
    fn names_of_labels_are_texts_too() {
        let tag = Command::Tag { labels: [("te\u{0}am".to_owned(), "d\u{7f}b".to_owned())].into() };
        assert_eq!(plain(tag).ok(), Some(Command::Tag { labels: [("team".to_owned(), "db".to_owned())].into() }));
    }
}
