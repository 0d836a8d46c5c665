//! What is asked, as TraceQL. Texts of people go in as quoted texts only.

use super::super::Ask;

/// All queries of a part: traces with a span that fits, and, where errors are looked for, those of
/// them with an error besides.
pub fn queries(ask: &Ask) -> Vec<String> {
    let narrow = ask.narrow.clone().unwrap_or_default();
    let mut fits = vec![];
    fits.extend(ask.service.as_deref().map(|service| format!("resource.service.name = {}", quoted(service))));
    fits.extend(ask.operation.as_deref().map(|operation| format!("name = {}", quoted(operation))));
    fits.extend(narrow.attributes.iter().filter(|wanted| is_plain(&wanted.name)).map(|wanted| attribute(&wanted.name, &wanted.value)));
    let span = format!("{{ {} }}", fits.join(" && "));
    let mut sets = vec![];
    if !fits.is_empty() {
        sets.push(span);
    }
    // The trace lasts at least as long as its root.
    sets.extend(narrow.min_s.map(|secs| format!("{{ traceDuration >= {:.0}us }}", (secs * 1e6).floor())));
    let all = if sets.is_empty() { "{ }".to_owned() } else { sets.join(" && ") };
    let failing = narrow.errors.then(|| if sets.is_empty() { FAILS.to_owned() } else { format!("{all} && {FAILS}") });
    std::iter::once(all).chain(failing).collect()
}

const FAILS: &str = "{ status = error }";

/// Values have types there; what is typed by people has none.
fn attribute(name: &str, value: &str) -> String {
    let is_literal = matches!(value, "true" | "false")
        || value.parse::<f64>().is_ok_and(f64::is_finite) && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-');
    match is_literal {
        true => format!("(.{name} = {} || .{name} = {value})", quoted(value)),
        false => format!(".{name} = {}", quoted(value)),
    }
}

/// Other names cannot be asked for by every server; they are looked for in what comes.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/'))
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            letter if letter.is_control() => {}
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::{
        super::super::{Ask, Narrow},
        *,
    };
    use crate::{
        domain::telemetry::panels::{Attribute, Range},
        server::prometheus::testing::NOON,
    };

    fn asked(service: Option<&str>, narrow: Option<Narrow>) -> Vec<String> {
        let range = Range { from: NOON, to: NOON.plus_secs(60) };
        queries(&Ask { range, service: service.map(str::to_owned), operation: None, step_s: 60, narrow })
    }

    #[test]
    fn what_people_type_stays_a_text() {
        assert_eq!(asked(None, None), ["{ }"]);
        assert_eq!(asked(Some("a\" } || { \\"), None), [r#"{ resource.service.name = "a\" } || { \\" }"#]);
        let wanted = |name: &str, value: &str| Attribute { name: name.to_owned(), value: value.to_owned() };
        let narrow = Narrow { attributes: vec![wanted("http.status_code", "500"), wanted("x = y", "z"), wanted("ok", "nan")], min_s: Some(1.5), errors: true };
        let all = r#"{ (.http.status_code = "500" || .http.status_code = 500) && .ok = "nan" } && { traceDuration >= 1500000us }"#;
        assert_eq!(asked(None, Some(narrow)), [all.to_owned(), format!("{all} && {{ status = error }}")]);
        assert_eq!(asked(None, Some(Narrow { errors: true, ..Narrow::default() })), ["{ }", "{ status = error }"]);
    }
}
