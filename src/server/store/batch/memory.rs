//! What the writer remembers between transactions. It never decides anything, and it is forgotten
//! when a transaction fails or another process has written.

use crate::{
    domain::{
        alert::Episode,
        grouping::Group,
        ids::{IncidentId, IntegrationId},
        incident::Incident,
        severity::AlertSeverity,
        time::Timestamp,
        timeline::Head,
    },
    server::store::{StoreError, query, rows},
};
use sqlx::AnyConnection;
use std::collections::HashMap;

/// Beyond these the writer forgets and reads again.
const MAX_EPISODES: usize = 400_000;
const MAX_INCIDENTS: usize = 512;
const MAX_GROUPS: usize = 50_000;

/// What was read and written so far, as it stands in the database.
#[derive(Default)]
pub(in crate::server::store) struct Memory {
    /// The counters as this writer left them.
    write: i64,
    pub(super) change: i64,
    /// The newest episode of each identity that was asked for; `None` is known to be absent.
    episodes: HashMap<IntegrationId, HashMap<Box<str>, Option<Episode>>>,
    episode_count: usize,
    pub(super) incidents: HashMap<IncidentId, Loaded>,
    pub(super) groups: HashMap<(IntegrationId, Option<AlertSeverity>), Groups>,
}

/// The groups of one integration and severity that were active at `floor` or later.
pub(super) struct Groups {
    pub floor: Timestamp,
    pub by_key: HashMap<String, Group>,
}

#[derive(Clone)]
pub(super) struct Loaded {
    pub incident: Incident,
    pub head: Head,
}

impl Memory {
    /// Takes the writer's turn: on PostgreSQL the counter's row is the lock between servers. What
    /// is remembered is forgotten if another process has written since, or if it is too much.
    pub(super) async fn begin(&mut self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        let row = sqlx::query("UPDATE counters SET value = value + 1 WHERE name = 'write' RETURNING value")
            .fetch_one(&mut *connection)
            .await
            .map_err(query("take the writer's turn"))?;
        let write: i64 = rows::get(&row, 0)?;
        if write != self.write + 1 {
            let row = sqlx::query("SELECT value FROM counters WHERE name = 'change'")
                .fetch_one(&mut *connection)
                .await
                .map_err(query("read the last change's number"))?;
            *self = Self { change: rows::get(&row, 0)?, ..Self::default() };
        }
        self.write = write;
        if self.episode_count > MAX_EPISODES {
            self.forget_episodes();
        }
        if self.incidents.len() > MAX_INCIDENTS {
            self.incidents.clear();
        }
        self.groups.retain(|_, groups| groups.by_key.len() <= MAX_GROUPS);
        Ok(())
    }

    /// The number of the last write that it knows of.
    pub fn last_write(&self) -> i64 {
        self.write
    }

    /// One more was made, and is remembered.
    pub fn count_write(&mut self) {
        self.write += 1;
    }

    /// The newest episode of an identity; the outer `None`: it was not asked for yet.
    pub fn episode(&self, integration: IntegrationId, key: &str) -> Option<&Option<Episode>> {
        self.episodes.get(&integration)?.get(key)
    }

    pub fn episode_mut(&mut self, integration: IntegrationId, key: &str) -> Option<&mut Episode> {
        self.episodes.get_mut(&integration)?.get_mut(key)?.as_mut()
    }

    pub(super) fn remember(&mut self, integration: IntegrationId, key: &str, episode: Option<Episode>) {
        let of = self.episodes.entry(integration).or_default();
        match of.get_mut(key) {
            Some(known) => *known = episode,
            None => {
                of.insert(key.into(), episode);
                self.episode_count += 1;
            }
        }
    }

    pub(super) fn forget_episodes(&mut self) {
        self.episodes.clear();
        self.episode_count = 0;
    }
}
