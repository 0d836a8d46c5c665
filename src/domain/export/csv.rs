//! The timeline as a table: RFC 4180, one entry a row, times in UTC.
//!
//! A spreadsheet takes a cell that begins like a formula for one, and what stands in an incident
//! came from strangers: such a cell gets an apostrophe in front.

use super::Record;

const HEADER: &str = "seq,kind,happened_at,recorded_at,corrected_from,late,pinned,actor,actor_kind,text,command,hash,prev_hash\r\n";

/// The entries of the record, oldest first.
pub fn timeline(record: &Record) -> String {
    let mut table = HEADER.to_owned();
    for entry in record.entries() {
        let cells = [
            entry.seq.to_string(),
            entry.kind.clone(),
            entry.happened_at.to_string(),
            entry.recorded_at.to_string(),
            entry.corrected_from.map(|at| at.to_string()).unwrap_or_default(),
            entry.is_late().to_string(),
            entry.pinned.to_string(),
            entry.actor.name.clone(),
            entry.actor.kind.slug().to_owned(),
            entry.text.clone(),
            entry.command.map(|command| command.to_string()).unwrap_or_default(),
            entry.hash.clone(),
            entry.prev_hash.clone(),
        ];
        table.push_str(&cells.map(|text| cell(&text)).join(","));
        table.push_str("\r\n");
    }
    table
}

/// One cell, harmless in a spreadsheet and quoted where it has to be.
pub fn cell(text: &str) -> String {
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
}
