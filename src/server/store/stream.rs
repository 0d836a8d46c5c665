//! The live stream: every change has a number, and whoever was away resumes after any number.

use super::{Backend, Store, StoreError, query, rows};
use crate::domain::ids::IncidentId;
use sqlx::postgres::PgListener;
use std::{sync::Arc, time::Duration};
use tokio::sync::{Mutex, broadcast};

/// One change with its number.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbered {
    pub seq: i64,
    pub incident_id: Option<IncidentId>,
    pub topic: String,
    /// JSON of [`Happening`](crate::domain::boards::Happening), serialised once for all listeners.
    pub payload: Arc<str>,
}

/// What a listener that was away gets.
#[derive(Clone, Debug, PartialEq)]
pub enum CatchUp {
    Changes(Vec<Numbered>),
    /// What it missed is no longer kept: take a snapshot.
    Reset {
        latest: i64,
    },
}

/// Hands committed changes to this process' listeners, in order.
#[derive(Clone)]
pub(super) struct Live {
    sender: broadcast::Sender<Arc<[Numbered]>>,
    /// The number of the last change that was handed out.
    published: Arc<Mutex<i64>>,
}

impl Live {
    /// `backlog` batches are kept for listeners that are slow; a slower one reads the store.
    pub fn new(backlog: usize) -> Self {
        Self { sender: broadcast::channel(backlog).0, published: Arc::new(Mutex::new(0)) }
    }
}

/// The channel on which PostgreSQL carries word of a commit to the other servers.
pub(super) const CHANNEL: &str = "tocsin_changes";
/// After this long without a connection that listens, another one is tried.
const LISTEN_AGAIN: Duration = Duration::from_secs(5);

/// How many changes one read of the store brings.
const PAGE: i64 = 1_000;

impl Store {
    /// Batches of changes as they are committed, in order and without gaps.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<[Numbered]>> {
        self.live.sender.subscribe()
    }

    /// The number of the newest change.
    pub async fn latest_seq(&self) -> Result<i64, StoreError> {
        let row =
            sqlx::query("SELECT value FROM counters WHERE name = 'change'").fetch_one(&self.readers).await.map_err(query("read the newest change's number"))?;
        rows::get(&row, 0)
    }

    /// What came after `seq`, at most `limit` changes.
    pub async fn changes_after(&self, seq: i64, limit: i64) -> Result<CatchUp, StoreError> {
        let latest = self.latest_seq().await?;
        if seq == latest {
            return Ok(CatchUp::Changes(vec![]));
        }
        let oldest = sqlx::query("SELECT MIN(seq) FROM changes").fetch_one(&self.readers).await.map_err(query("read the oldest change's number"))?;
        let oldest: Option<i64> = rows::get(&oldest, 0)?;
        if seq > latest || seq < 0 || oldest.is_none_or(|oldest| seq + 1 < oldest) {
            return Ok(CatchUp::Reset { latest });
        }
        self.read_changes(seq, limit).await.map(CatchUp::Changes)
    }

    async fn read_changes(&self, after: i64, limit: i64) -> Result<Vec<Numbered>, StoreError> {
        let found = sqlx::query("SELECT seq, incident_id, topic, payload FROM changes WHERE seq > $1 ORDER BY seq LIMIT $2")
            .bind(after)
            .bind(limit)
            .fetch_all(&self.readers)
            .await
            .map_err(query("read changes"))?;
        let numbered = |row: &sqlx::any::AnyRow| {
            Ok(Numbered {
                seq: rows::get(row, 0)?,
                incident_id: rows::get::<Option<String>>(row, 1)?.and_then(|id| id.parse().ok()),
                topic: rows::get(row, 2)?,
                payload: rows::get::<&str>(row, 3)?.into(),
            })
        };
        found.iter().map(numbered).collect()
    }

    /// Everything before now is taken as handed out: called once, when the store is opened.
    pub(super) async fn begin_stream(&self) -> Result<(), StoreError> {
        *self.live.published.lock().await = self.latest_seq().await?;
        Ok(())
    }

    /// Hands out what this process has just committed. What another process committed in between
    /// goes first, so that listeners see one order.
    pub(super) async fn publish(&self, changes: Vec<Numbered>) {
        let (Some(first), Some(last)) = (changes.first().map(|change| change.seq), changes.last().map(|change| change.seq)) else { return };
        let mut published = self.live.published.lock().await;
        if first > *published + 1
            && let Err(error) = self.publish_up_to(&mut published, first - 1).await
        {
            // The poll hands out everything from where this stopped.
            tracing::warn!(error = &error as &dyn std::error::Error, "changes of another process are late");
            return;
        }
        if *published < first {
            // Nobody listening is no failure.
            let _ = self.live.sender.send(changes.into());
            *published = last;
        }
    }

    /// Hands out what other processes have committed; called every now and then.
    pub async fn poll_foreign_changes(&self) -> Result<(), StoreError> {
        let latest = self.latest_seq().await?;
        let mut published = self.live.published.lock().await;
        if latest > *published {
            self.publish_up_to(&mut published, latest).await?;
        }
        Ok(())
    }

    /// Hands on what other servers commit as soon as PostgreSQL says so; on SQLite it ends at once. It may miss some:
    /// the guarantee is [`Store::poll_foreign_changes`], called every now and then.
    pub async fn follow_other_servers(&self) {
        if self.backend == Backend::Sqlite {
            return;
        }
        loop {
            if let Err(error) = self.follow_one_connection().await {
                tracing::debug!(error = &error as &dyn std::error::Error, "other servers' changes are looked for every now and then");
            }
            tokio::time::sleep(LISTEN_AGAIN).await;
        }
    }

    async fn follow_one_connection(&self) -> Result<(), StoreError> {
        let mut listener = PgListener::connect(&self.url).await.map_err(query("listen to other servers"))?;
        listener.listen(CHANNEL).await.map_err(query("listen to other servers"))?;
        loop {
            listener.recv().await.map_err(query("listen to other servers"))?;
            self.poll_foreign_changes().await?;
        }
    }

    async fn publish_up_to(&self, published: &mut i64, until: i64) -> Result<(), StoreError> {
        while *published < until {
            let changes = self.read_changes(*published, PAGE.min(until - *published)).await?;
            let Some(last) = changes.last().map(|change| change.seq) else {
                *published = until;
                break;
            };
            let _ = self.live.sender.send(changes.into());
            *published = last;
        }
        Ok(())
    }
}
