//! What the background jobs read and write: the sign of life, and what has outlived its use.

use super::{Store, StoreError, batch::kept_since, query, rows};
use crate::domain::time::Timestamp;
use sqlx::Row;
use std::collections::BTreeMap;

/// Most rows deleted in one transaction, so that nobody waits long behind a clean-up.
const BATCH: i64 = 1_000;

impl Store {
    /// When a server last said that it lives; `None` before the first.
    pub async fn alive_at(&self) -> Result<Option<Timestamp>, StoreError> {
        const SQL: &str = "SELECT value FROM meta WHERE name = 'alive_at'";
        let row = sqlx::query(SQL).fetch_optional(self.readers()).await.map_err(query("read the sign of life"))?;
        let text: Option<String> = row.map(|row| row.try_get(0)).transpose().map_err(query("read the sign of life"))?;
        Ok(text.and_then(|text| text.parse().ok()).map(Timestamp::from_micros))
    }

    pub async fn note_alive(&self, at: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO meta (name, value) VALUES ('alive_at', $1) ON CONFLICT (name) DO UPDATE SET value = $1";
        let mut write = self.begin().await?;
        sqlx::query(SQL).bind(at.micros().to_string()).execute(&mut *write).await.map_err(query("note the sign of life"))?;
        write.commit().await.map_err(query("note the sign of life"))
    }

    /// How far the database was written: its counters, which only grow.
    pub async fn counted(&self) -> Result<BTreeMap<String, i64>, StoreError> {
        let found = sqlx::query("SELECT name, value FROM counters").fetch_all(self.readers()).await.map_err(query("read the counters"))?;
        found.iter().map(|row| Ok((rows::get(row, 0)?, rows::get(row, 1)?))).collect()
    }

    /// Notes that the brief of this date is sent; `false` where somebody has noted it already.
    pub async fn note_brief(&self, date: &str) -> Result<bool, StoreError> {
        const SQL: &str = "INSERT INTO meta (name, value) VALUES ('brief_sent', $1) ON CONFLICT (name) DO UPDATE SET value = $1 WHERE meta.value <> $1";
        let mut write = self.begin().await?;
        let noted = sqlx::query(SQL).bind(date).execute(&mut *write).await.map_err(query("note the brief"))?.rows_affected();
        write.commit().await.map_err(query("note the brief"))?;
        Ok(noted > 0)
    }

    /// Forgets changes of the stream beyond the newest `keep`. Answers how many.
    pub async fn prune_changes(&self, keep: i64) -> Result<u64, StoreError> {
        const OLDEST: &str = "SELECT MIN(seq) FROM changes";
        const SQL: &str = "DELETE FROM changes WHERE seq < $1";
        let last = self.latest_seq().await?.saturating_sub(keep);
        let oldest = sqlx::query(OLDEST).fetch_one(self.readers()).await.and_then(|row| row.try_get::<Option<i64>, _>(0));
        let Some(mut from) = oldest.map_err(query("find the oldest change"))? else { return Ok(0) };
        let mut pruned = 0;
        while from <= last {
            from = from.saturating_add(BATCH).min(last + 1);
            pruned += self.delete(SQL, from, "prune the stream").await?;
        }
        Ok(pruned)
    }

    /// Forgets what commands answered before `before`: nobody repeats them any more.
    pub async fn prune_commands(&self, before: Timestamp) -> Result<u64, StoreError> {
        const SQL: &str = "DELETE FROM commands WHERE actor_key IN (SELECT actor_key FROM commands WHERE recorded_at < $1 ORDER BY recorded_at LIMIT 1000)";
        self.delete_in_batches(SQL, before, "prune commands").await
    }

    /// Forgets which deliveries of changes were seen before `before`: nobody sends them again.
    pub async fn prune_change_deliveries(&self, before: Timestamp) -> Result<u64, StoreError> {
        const SQL: &str =
            "DELETE FROM change_deliveries WHERE delivery_id IN (SELECT delivery_id FROM change_deliveries WHERE seen_at < $1 LIMIT 1000) AND seen_at < $1";
        self.delete_in_batches(SQL, before, "prune deliveries of changes").await
    }

    /// Forgets the ends that were told so long ago that nothing they overtook still comes.
    pub async fn prune_told_ends(&self, now: Timestamp) -> Result<u64, StoreError> {
        const SQL: &str = "DELETE FROM told_ends WHERE (integration_id, dedupe_key) IN \
                           (SELECT integration_id, dedupe_key FROM told_ends WHERE received_at < $1 LIMIT 1000)";
        self.delete_in_batches(SQL, kept_since(now), "prune the ends that were told").await
    }

    /// Forgets sessions that are over.
    pub async fn prune_sessions(&self, now: Timestamp) -> Result<u64, StoreError> {
        const SQL: &str = "DELETE FROM sessions WHERE token_hash IN (SELECT token_hash FROM sessions WHERE expires_at < $1 LIMIT 1000)";
        self.delete_in_batches(SQL, now, "prune sessions").await
    }

    async fn delete_in_batches(&self, sql: &'static str, before: Timestamp, what: &'static str) -> Result<u64, StoreError> {
        let mut deleted = 0;
        loop {
            let batch = self.delete(sql, before.micros(), what).await?;
            deleted += batch;
            if batch < BATCH as u64 {
                return Ok(deleted);
            }
        }
    }

    async fn delete(&self, sql: &'static str, bound: i64, what: &'static str) -> Result<u64, StoreError> {
        let mut write = self.begin().await?;
        let done = sqlx::query(sql).bind(bound).execute(&mut *write).await.map_err(query(what))?;
        write.commit().await.map_err(query(what))?;
        Ok(done.rows_affected())
    }
}
