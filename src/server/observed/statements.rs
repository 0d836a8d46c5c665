//! Which statement of a program wrote a log record: its logger and line where it says them, else
//! its text with everything masked that changes from one time to the next.

use crate::server::otlp::values;
use opentelemetry_proto::tonic::logs::v1::LogRecord;

/// Names of the attributes that say where a record was written: older and newer conventions.
const FILES: [&str; 3] = ["code.file.path", "code.filepath", "log.file.name"];
const LINES: [&str; 2] = ["code.line.number", "code.lineno"];
const LOGGERS: [&str; 3] = ["logger.name", "log.logger", "code.namespace"];
/// Longest statement, in characters.
const LONGEST: usize = 200;

/// The statement of a record whose scope has this name.
pub fn of(record: &LogRecord, scope: &str) -> String {
    let first = |names: &[&str]| names.iter().find_map(|name| values::find(&record.attributes, name));
    let logger = first(&LOGGERS).map_or_else(|| scope.to_owned(), |logger| logger.into_owned());
    if let Some(line) = first(&LINES) {
        let place = if logger.is_empty() { first(&FILES).map_or_else(String::new, |file| file.into_owned()) } else { logger };
        if !place.is_empty() {
            return format!("{place}:{line}");
        }
    }
    // Many write the template itself down.
    if let Some(template) = values::find(&record.attributes, "message.template").or_else(|| values::find(&record.attributes, "log.template")) {
        return template.into_owned();
    }
    masked(&values::text(record.body.as_ref()))
}

/// A text with its values masked: what has digits in it, what is quoted, what stands in brackets
/// of a value. Words stay.
pub fn masked(text: &str) -> String {
    let mut out = String::new();
    let mut quote = None;
    let mut word = String::new();
    let mut length = 0;
    for c in text.chars().take(4 * LONGEST) {
        if length >= LONGEST {
            break;
        }
        if let Some(open) = quote {
            if c == open {
                quote = None;
            }
            continue;
        }
        if c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '@' | '+') {
            word.push(c);
            continue;
        }
        length += flush(&mut out, &mut word);
        match c {
            '"' | '`' => {
                quote = Some(c);
                out.push('*');
            }
            c if c.is_whitespace() => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c => out.push(c),
        }
        length += 1;
    }
    flush(&mut out, &mut word);
    out.trim().to_owned()
}

/// Writes a word, or `*` for what is no word.
fn flush(out: &mut String, word: &mut String) -> usize {
    if word.is_empty() {
        return 0;
    }
    let is_value = word.contains(|c: char| c.is_ascii_digit()) || word.contains('@') || word.len() > 40;
    if !is_value {
        out.push_str(word);
    } else if !out.ends_with('*') {
        out.push('*');
    }
    let length = word.chars().count();
    word.clear();
    length
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};

    #[test]
    fn values_are_masked_and_words_stay() {
        for (text, expected) in [
            ("charged 12.50 EUR for order 7f3a-99 (user 12)", "charged * EUR for order * (user *)"),
            ("cannot reach \"payment service\" at 10.0.0.1:8080", "cannot reach * at *:*"),
            ("started", "started"),
            ("  a\n b ", "a b"),
            ("", ""),
        ] {
            assert_eq!(masked(text), expected);
        }
        assert!(masked(&"wort ".repeat(1_000)).chars().count() <= LONGEST + 5);
    }

    #[test]
    fn logger_and_line_say_more_than_the_text() {
        let text = |text: &str| Some(AnyValue { value: Some(Value::StringValue(text.to_owned())) });
        let attribute = |key: &str, value: Option<AnyValue>| KeyValue { key: key.to_owned(), value, ..KeyValue::default() };
        let mut record = LogRecord { body: text("took 12 ms"), ..LogRecord::default() };
        assert_eq!(of(&record, "shop.cart"), "took * ms");
        record.attributes.push(attribute("code.lineno", Some(AnyValue { value: Some(Value::IntValue(42)) })));
        assert_eq!(of(&record, "shop.cart"), "shop.cart:42");
        record.attributes.push(attribute("code.filepath", text("cart.py")));
        assert_eq!(of(&record, ""), "cart.py:42");
    }
}
