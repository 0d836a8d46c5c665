//! An empty store for tests: a SQLite file in a folder that goes away with it.

use super::Store;
use crate::{domain::time::Timestamp, server::clock::Clock};
use tempfile::TempDir;

/// When tests begin: 2026-08-11T12:00:00Z.
pub const NOON: Timestamp = Timestamp::from_micros(1_786_449_600_000_000);

/// An open store on a clock that stands still, and its folder.
pub async fn empty_store() -> (Store, TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = format!("sqlite://{}", folder.path().join("tocsin.sqlite").display());
    let store = Store::open(&url, Clock::fixed(NOON)).await.expect("an empty database opens");
    (store, folder)
}

impl Store {
    /// Brings what was written so far from SQLite's log into its file.
    pub async fn checkpoint(&self) {
        let _asker = self.begin_asking();
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.writers).await.expect("nobody reads");
    }
}
