//! Tables for spreadsheets: RFC 4180, one row a line.
//!
//! A spreadsheet takes a cell that begins like a formula for one, and what stands in an incident
//! came from strangers: such a cell gets an apostrophe in front.

/// One line of a table.
pub fn row<T: AsRef<str>>(cells: &[T]) -> String {
    let mut line = cells.iter().map(|text| cell(text.as_ref())).collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

/// One cell, harmless in a spreadsheet and quoted where it has to be.
fn cell(text: &str) -> String {
    // The wide forms are taken for the narrow ones by spreadsheets of East Asian languages.
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
    let safe = if is_formula { format!("'{text}") } else { text.to_owned() };
    if safe.contains([',', '"', '\r', '\n']) { format!("\"{}\"", safe.replace('"', "\"\"")) } else { safe }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_like_a_formula_is_text() {
        for (text, expected) in [
            ("=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\""),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("\rx", "\"'\rx\""),
            ("＝1", "'＝1"),
            ("a=b", "a=b"),
            ("a,b", "\"a,b\""),
            ("one\ntwo", "\"one\ntwo\""),
            ("", ""),
        ] {
            assert_eq!(cell(text), expected);
        }
    }

    #[test]
    fn a_row_ends_its_line() {
        assert_eq!(row(&["a", "", "b,c"]), "a,,\"b,c\"\r\n");
    }
}
