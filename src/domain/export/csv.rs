//! The timeline as a table, one entry a row, times in UTC.

use super::Record;
use crate::domain::csv;

const HEADER: [&str; 13] =
    ["seq", "kind", "happened_at", "recorded_at", "corrected_from", "late", "pinned", "actor", "actor_kind", "text", "command", "hash", "prev_hash"];

/// The entries of the record, oldest first.
pub fn timeline(record: &Record) -> String {
    let mut table = csv::row(&HEADER);
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
        table.push_str(&csv::row(&cells));
    }
    table
}
