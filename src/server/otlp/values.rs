//! Values of attributes as text: what is compared, searched and shown.

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use std::{borrow::Cow, fmt::Write};

/// Longest text of one value, in bytes; what is longer is cut.
pub const MAX_TEXT: usize = 4 * 1024;
/// How deep lists in lists are told.
const MAX_DEPTH: u8 = 16;

/// A value as text: numbers in their shortest form, lists as JSON. Control characters are left
/// out, because PostgreSQL knows no NUL and screens none of the others; line breaks and tabs stay.
pub fn text(value: Option<&AnyValue>) -> Cow<'_, str> {
    match value.and_then(|value| value.value.as_ref()) {
        None => Cow::Borrowed(""),
        Some(Value::StringValue(text)) => plain(text),
        Some(other) => {
            let mut out = String::new();
            write(&mut out, other, 0);
            Cow::Owned(plain(&out).into_owned())
        }
    }
}

/// A text without control characters, cut to [`MAX_TEXT`].
pub fn plain(text: &str) -> Cow<'_, str> {
    let cut = match text.len() {
        0..=MAX_TEXT => text,
        _ => text.get(..text.floor_char_boundary(MAX_TEXT)).unwrap_or_default(),
    };
    // Nearly all of it is plain ASCII, which is seen many bytes at a time.
    if !cut.bytes().fold(false, |odd, byte| odd | !(b' '..=b'~').contains(&byte)) {
        return Cow::Borrowed(cut);
    }
    let strange = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if cut.contains(strange) { Cow::Owned(cut.replace(strange, "")) } else { Cow::Borrowed(cut) }
}

/// The value of one attribute.
pub fn find<'a>(attributes: &'a [KeyValue], key: &str) -> Option<Cow<'a, str>> {
    attributes.iter().find(|attribute| attribute.key == key).map(|attribute| text(attribute.value.as_ref())).filter(|text| !text.is_empty())
}

fn write(out: &mut String, value: &Value, depth: u8) {
    if depth > MAX_DEPTH || out.len() > MAX_TEXT {
        out.push('…');
        return;
    }
    // Writing into a String cannot fail.
    let _ = match value {
        Value::StringValue(text) if depth == 0 => write!(out, "{text}"),
        Value::StringValue(text) => write!(out, "{}", serde_json::Value::String(text.clone())),
        Value::BoolValue(value) => write!(out, "{value}"),
        Value::IntValue(value) => write!(out, "{value}"),
        Value::DoubleValue(value) => write!(out, "{value}"),
        Value::BytesValue(bytes) => write!(out, "{}", super::ids::to_hex(bytes.get(..64).unwrap_or(bytes))),
        Value::ArrayValue(array) => {
            out.push('[');
            for (index, item) in array.values.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                write_any(out, Some(item), depth + 1);
            }
            write!(out, "]")
        }
        Value::KvlistValue(list) => {
            out.push('{');
            for (index, item) in list.values.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                let _ = write!(out, "{}: ", serde_json::Value::String(item.key.clone()));
                write_any(out, item.value.as_ref(), depth + 1);
            }
            write!(out, "}}")
        }
        // Only profiles speak in references to a table of strings.
        Value::StringValueStrindex(_) => Ok(()),
    };
}

fn write_any(out: &mut String, value: Option<&AnyValue>, depth: u8) {
    match value.and_then(|value| value.value.as_ref()) {
        Some(value) => write(out, value, depth),
        None => out.push_str("null"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::common::v1::ArrayValue;

    fn any(value: Value) -> AnyValue {
        AnyValue { value: Some(value) }
    }

    #[test]
    fn values_read_as_people_write_them() {
        for (value, expected) in [
            (Value::StringValue("a\u{0}b\n".to_owned()), "ab\n"),
            (Value::IntValue(-3), "-3"),
            (Value::DoubleValue(0.5), "0.5"),
            (Value::DoubleValue(f64::NAN), "NaN"),
            (Value::BoolValue(true), "true"),
            (
                Value::ArrayValue(ArrayValue { values: vec![any(Value::StringValue("x".to_owned())), any(Value::IntValue(1)), AnyValue { value: None }] }),
                "[\"x\", 1, null]",
            ),
            (Value::BytesValue(vec![1, 255]), "01ff"),
        ] {
            assert_eq!(text(Some(&any(value))), expected);
        }
        assert_eq!(text(None), "");
        assert_eq!(plain(&"ä".repeat(MAX_TEXT)).len(), MAX_TEXT);
    }

    #[test]
    fn lists_in_lists_end_somewhere() {
        let deep = (0..200).fold(any(Value::IntValue(1)), |inner, _| any(Value::ArrayValue(ArrayValue { values: vec![inner] })));
        assert!(text(Some(&deep)).contains('…'));
    }
}
