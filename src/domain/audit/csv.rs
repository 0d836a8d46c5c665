//! The audit log as a table: RFC 4180, one entry a row, times in UTC, cells harmless in a
//! spreadsheet.

use super::AuditEntry;
use crate::domain::csv;

pub const HEADER: &str = "seq,at,actor,actor_kind,actor_id,action,subject,subject_kind,subject_id,address,details,hash,prev_hash\r\n";

/// One entry, with the end of its line.
pub fn row(entry: &AuditEntry) -> String {
    let subject = |part: fn(&super::Subject) -> &str| entry.subject.as_ref().map(part).unwrap_or_default().to_owned();
    let details = entry.data.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
    let cells = [
        entry.seq.to_string(),
        entry.at.to_string(),
        entry.actor.name.clone(),
        entry.actor.kind.slug().to_owned(),
        entry.actor.id.clone(),
        entry.action.clone(),
        subject(|subject| &subject.name),
        subject(|subject| &subject.kind),
        subject(|subject| &subject.id),
        entry.address.clone().unwrap_or_default(),
        details,
        entry.hash.clone(),
        entry.prev_hash.clone(),
    ];
    csv::row(&cells)
}
