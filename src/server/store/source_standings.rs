//! How the data sources are doing that objectives ask, by name: the server that asks writes it
//! down, every server reads it, and a restart forgets nothing.

use super::{Store, StoreError, query, rows};
use crate::domain::time::Timestamp;
use sqlx::any::AnyRow;
use std::collections::HashMap;

/// One data source; one that is not there was never in trouble.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceStanding {
    /// Since when it has not answered, while it does not.
    pub down_since: Option<Timestamp>,
    /// Since when it has given readings again after that.
    pub up_since: Option<Timestamp>,
    /// What it said, or we about it, while it did not answer.
    pub words: String,
    /// While an alert of its silence is open: where the last slice ended that any objective of it
    /// has, in seconds since 1970.
    pub silent_s: Option<i64>,
}

impl Store {
    /// Every one of which something is known, by the source's name.
    pub async fn source_standings(&self) -> Result<HashMap<String, SourceStanding>, StoreError> {
        let found = sqlx::query("SELECT source, down_since, up_since, words, silent_s FROM source_standings")
            .fetch_all(&self.readers)
            .await
            .map_err(query("read how data sources are doing"))?;
        let standing = |row: &AnyRow| {
            let standing = SourceStanding {
                down_since: rows::optional_time(row, 1)?,
                up_since: rows::optional_time(row, 2)?,
                words: rows::get(row, 3)?,
                silent_s: rows::get(row, 4)?,
            };
            Ok((rows::get(row, 0)?, standing))
        };
        found.iter().map(standing).collect()
    }

    /// Writes down since when a source has not answered, or that it answers again.
    pub async fn note_source(&self, source: &str, down_since: Option<Timestamp>, up_since: Option<Timestamp>, words: &str) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO source_standings (source, down_since, up_since, words) VALUES ($1, $2, $3, $4) \
                           ON CONFLICT (source) DO UPDATE SET down_since = excluded.down_since, up_since = excluded.up_since, words = excluded.words";
        const WHAT: &str = "note how a data source is doing";
        let mut write = self.begin().await?;
        sqlx::query(SQL)
            .bind(source)
            .bind(down_since.map(Timestamp::micros))
            .bind(up_since.map(Timestamp::micros))
            .bind(words)
            .execute(&mut *write)
            .await
            .map_err(query(WHAT))?;
        write.commit().await.map_err(query(WHAT))
    }

    /// Writes down that a source's silence was told, with where the last slice of it ended; or that
    /// it is over, from `now` on.
    pub async fn note_silence(&self, source: &str, silent_s: Option<i64>, now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO source_standings (source, up_since, words, silent_s) VALUES ($1, $2, '', $3) \
                           ON CONFLICT (source) DO UPDATE SET silent_s = excluded.silent_s, \
                           up_since = CASE WHEN excluded.up_since IS NULL THEN source_standings.up_since ELSE excluded.up_since END";
        const WHAT: &str = "note the silence of a data source";
        let mut write = self.begin().await?;
        sqlx::query(SQL).bind(source).bind(Some(now.micros()).filter(|_| silent_s.is_none())).bind(silent_s).execute(&mut *write).await.map_err(query(WHAT))?;
        write.commit().await.map_err(query(WHAT))
    }
}
