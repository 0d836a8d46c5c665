//! A query as text, before it is parsed: what of it is code, where its windows stand, and strings
//! in the form that the parser reads right.

use promql_parser::util::escape_string;

/// The parser takes escapes in raw strings (`` `a\.b` ``) for its own; quoted ones say the same.
pub fn without_raw_strings(text: &str) -> String {
    let ticks: Vec<usize> = quotes(text).filter(|(_, c)| *c == '`').map(|(at, _)| at).collect();
    let mut quoted = String::with_capacity(text.len());
    let mut done = 0;
    for pair in ticks.chunks_exact(2) {
        let [open, close] = [pair[0], pair[1]];
        quoted.push_str(&text[done..open]);
        quoted.push_str(&format!("\"{}\"", escape_string(&text[open + 1..close])));
        done = close + 1;
    }
    quoted.push_str(&text[done..]);
    quoted
}

/// The text with its windows filled in, and how many there were. A window is written `[$window]`
/// or, as Sloth does, `[{{.window}}]`; a subquery's step may follow.
pub fn with_window(text: &str, secs: i64) -> (String, usize) {
    let mut filled = String::with_capacity(text.len());
    let (mut done, mut count) = (0, 0);
    for (at, _) in code(text).filter(|(_, c)| *c == '[') {
        let inside = &text[at + 1..];
        let Some(rest) = after_placeholder(inside) else { continue };
        filled.push_str(&text[done..=at]);
        filled.push_str(&format!("{secs}s"));
        done = text.len() - rest.len();
        count += 1;
    }
    filled.push_str(&text[done..]);
    (filled, count)
}

fn after_placeholder(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let rest = match text.strip_prefix("{{") {
        Some(inside) => inside.trim_start().strip_prefix(".window")?.trim_start().strip_prefix("}}")?,
        None => text.strip_prefix("$window")?,
    };
    rest.trim_start().starts_with([']', ':']).then_some(rest)
}

/// The characters that are neither in a string nor in a comment.
pub fn code(text: &str) -> impl Iterator<Item = (usize, char)> {
    scan(text).filter(|(.., place)| *place == Place::Code).map(|(at, c, _)| (at, c))
}

/// The quotes that open and close the strings.
fn quotes(text: &str) -> impl Iterator<Item = (usize, char)> {
    scan(text).filter(|(.., place)| *place == Place::Quote).map(|(at, c, _)| (at, c))
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Code,
    Quote,
    String,
    Comment,
}

/// Every character with where it stands.
fn scan(text: &str) -> impl Iterator<Item = (usize, char, Place)> {
    let mut quote = None;
    let mut is_escaped = false;
    let mut is_comment = false;
    text.char_indices().map(move |(at, c)| {
        if is_comment {
            is_comment = c != '\n';
            return (at, c, Place::Comment);
        }
        if let Some(open) = quote {
            let closes = c == open && !is_escaped;
            is_escaped = c == '\\' && !is_escaped && open != '`';
            if closes {
                quote = None;
            }
            return (at, c, if closes { Place::Quote } else { Place::String });
        }
        match c {
            '"' | '\'' | '`' => {
                quote = Some(c);
                (at, c, Place::Quote)
            }
            '#' => {
                is_comment = true;
                (at, c, Place::Comment)
            }
            _ => (at, c, Place::Code),
        }
    })
}
