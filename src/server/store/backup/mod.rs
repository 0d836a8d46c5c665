//! The whole house in one file, the same for SQLite and PostgreSQL, so that one can be restored
//! into the other.
//!
//! What leaves is every row of the tables below as one moment saw them. Sessions and one-time
//! links stay: whoever finds a backup must not be signed in by it. Hashes of passwords and keys
//! and the secrets of signatures are in it, so it is to be kept like the database itself.

mod columns;
mod dump;
mod file;
mod restore;

pub use file::{Header, check};

use super::StoreError;
use crate::domain::time::Timestamp;
use serde::Serialize;
use std::{collections::BTreeMap, path::PathBuf};

/// The tables of a backup, in the order in which they are written.
pub(super) const TABLES: [&str; 29] = [
    "meta",
    "counters",
    "people",
    "tokens",
    "integrations",
    "services",
    "incidents",
    "incident_services",
    "incident_facts",
    "imports",
    "events",
    "alerts",
    "alert_refreshes",
    "alert_groups",
    "change_records",
    "commands",
    "saved_views",
    "data_sources",
    "source_standings",
    "objectives",
    "objective_revisions",
    "objective_pulse",
    "slices",
    "readings",
    "burn_levels",
    "exclusions",
    "gate_overrides",
    "targets",
    "audit",
];

/// The tables that stay, and what that means after a restore.
pub(super) const LEFT_OUT: [(&str, &str); 9] = [
    ("sessions", "everybody signs in again"),
    ("changes", "open browsers take a new snapshot"),
    ("leases", "they belong to servers that run"),
    ("deliveries", "the notes on what was sent lately begin anew"),
    ("change_deliveries", "what senders of changes sent lately is not known when it comes again; its times are"),
    ("told_ends", "which alerts ended in the last hour before they were told of is not known"),
    ("slice_changes", "servers read what was measured anew"),
    ("slice_packs", "they are made anew of what was measured"),
    ("telemetry_blocks", "traces, logs and gauges are kept for days, not for ever, and begin anew"),
];

/// Why there is no backup, or why it was not restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("could not read the backup {file}")]
    Read { file: PathBuf, source: std::io::Error },
    #[error("could not write the backup")]
    Write(#[source] std::io::Error),
    #[error("{file} is no backup of Tocsin: {why}")]
    NotABackup { file: PathBuf, why: String },
    #[error("the backup {file} is damaged: {why}; nothing was restored")]
    Damaged { file: PathBuf, why: String },
    #[error("the backup was made by a newer version (schema {found}, this one knows {known}); restore it with that version")]
    Newer { found: i64, known: i64 },
    #[error("the database is not empty ({table} holds {rows}); with --replace everything in it is replaced")]
    NotEmpty { table: &'static str, rows: i64 },
    #[error("a server runs on this database (at {address}); stop it first. If it was killed, its lease ends in {ends_in_secs} s")]
    Served { address: String, ends_in_secs: i64 },
    #[error("the tables of this version are not the ones in the backup: {0}")]
    OtherShape(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What went into a backup, or came out of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Counted {
    pub made_at: Timestamp,
    /// The newest migration of the database it was made from.
    pub schema: i64,
    /// Rows by table.
    pub tables: BTreeMap<String, u64>,
    pub rows: u64,
    /// Of the lines of the backup, in hex.
    pub sha256: String,
}

/// The newest migration that this version knows.
fn newest_schema() -> i64 {
    super::MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default()
}

#[cfg(test)]
mod tests;
