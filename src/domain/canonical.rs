//! One way to write a JSON value, so that its hash means something: object keys sorted by their
//! bytes, no white space, numbers as serde_json prints them.
//!
//! serde_json's own order depends on a feature that any crate of the build may switch on, so it
//! is not relied on here.

use serde_json::Value;
use std::fmt::Write;

/// Writes `value` canonically.
pub fn to_string(value: &Value) -> String {
    let mut text = String::new();
    write_value(&mut text, value);
    text
}

fn write_value(text: &mut String, value: &Value) {
    match value {
        Value::Object(fields) => {
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_unstable_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
            text.push('{');
            for (index, (name, field)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_leaf(text, &Value::String(name.clone()));
                text.push(':');
                write_value(text, field);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_value(text, item);
            }
            text.push(']');
        }
        leaf => write_leaf(text, leaf),
    }
}

fn write_leaf(text: &mut String, leaf: &Value) {
    // Writing into a String cannot fail.
    let _ = write!(text, "{leaf}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_are_sorted_at_every_depth() {
        let value = json!({"b": [{"z": 1, "a": null}], "a": "é\n\"", "B": 1.5});
        assert_eq!(to_string(&value), r#"{"B":1.5,"a":"é\n\"","b":[{"a":null,"z":1}]}"#);
    }
}
