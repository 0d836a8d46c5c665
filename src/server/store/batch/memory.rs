//! What the writer remembers between transactions. What it read and wrote never decides anything,
//! and is forgotten when a transaction fails or another process has written. Ends that were told of
//! unknown alerts stay, and those that the database has are read in addition then.

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
use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

/// Beyond these the writer forgets and reads again.
const MAX_EPISODES: usize = 400_000;
const MAX_INCIDENTS: usize = 512;
const MAX_GROUPS: usize = 50_000;
/// How many ends of alerts that nobody knows are remembered, and for how long. Whoever sends
/// again what a resolve overtook does so within minutes.
const MAX_ENDS: usize = 4_096;
const ENDS_KEPT_SECS: i64 = 3_600;

/// What was told before is of no use any more.
pub(in crate::server::store) fn kept_since(now: Timestamp) -> Timestamp {
    now.plus_secs(-ENDS_KEPT_SECS)
}

/// What arrives together may be written in another order than it arrived.
const REORDERED_SECS: i64 = 60;

/// What was read and written so far, as it stands in the database.
#[derive(Default)]
pub(in crate::server::store) struct Memory {
    /// The counters as this writer left them.
    write: i64,
    pub(super) change: i64,
    /// The newest episode of each identity that was asked for; `None` is known to be absent.
    episodes: HashMap<IntegrationId, HashMap<Box<str>, Option<Episode>>>,
    episode_count: usize,
    /// The services and groups of the episodes, each kept once: many alerts share few of them.
    words: HashSet<Arc<str>>,
    pub(super) incidents: HashMap<IncidentId, Loaded>,
    pub(super) groups: HashMap<(IntegrationId, Option<AlertSeverity>), Groups>,
    pub(super) ends: Ends,
}

/// The ends that resolves told of alerts that are not open here: a firing that began before its
/// end was overtaken on its way.
#[derive(Default)]
pub(super) struct Ends {
    by_key: HashMap<IntegrationId, HashMap<Box<str>, End>>,
    /// Whose end was told first.
    order: VecDeque<(IntegrationId, Box<str>)>,
}

#[derive(Clone, Copy)]
struct End {
    at: Timestamp,
    received_at: Timestamp,
}

impl End {
    /// Whether it was told in the hour before `received_at`.
    fn holds(self, received_at: Timestamp) -> bool {
        (-REORDERED_SECS..=ENDS_KEPT_SECS).contains(&received_at.secs_since(self.received_at))
    }
}

/// What was told in the hour before `$1`, as much as is remembered, the last first.
const READ_ENDS: &str = "SELECT integration_id, dedupe_key, ended_at, received_at FROM told_ends WHERE received_at >= $1 ORDER BY received_at DESC LIMIT 4096";

impl Ends {
    /// Reads what other processes, and this one before it was restarted, were told.
    async fn read(&mut self, connection: &mut AnyConnection, now: Timestamp) -> Result<(), StoreError> {
        let found = sqlx::query(READ_ENDS).bind(kept_since(now).micros()).fetch_all(connection).await.map_err(query("read the ends that were told"))?;
        for row in found.iter().rev() {
            let (integration, key): (IntegrationId, String) = (IntegrationId(rows::parsed(row, 0)?), rows::get(row, 1)?);
            let (at, received_at) = (rows::time(row, 2)?, rows::time(row, 3)?);
            let known = self.by_key.get(&integration).and_then(|of| of.get(key.as_str()));
            if known.is_none_or(|known| known.received_at < received_at) {
                self.remember(integration, &key, at, received_at);
            }
        }
        Ok(())
    }

    /// The end that was told of this identity in the hour before `received_at`.
    pub fn of(&self, integration: IntegrationId, key: &str, received_at: Timestamp) -> Option<Timestamp> {
        let end = self.by_key.get(&integration)?.get(key)?;
        end.holds(received_at).then_some(end.at)
    }

    /// Answers the end that counts from now on: what was told first may be the later one.
    pub fn remember(&mut self, integration: IntegrationId, key: &str, at: Timestamp, received_at: Timestamp) -> Timestamp {
        let of = self.by_key.entry(integration).or_default();
        if let Some(known) = of.get_mut(key) {
            // What was told long before, or later where the past is imported, is no end of this time.
            let at = if known.holds(received_at) { at.max(known.at) } else { at };
            *known = End { at, received_at };
            return at;
        }
        of.insert(key.into(), End { at, received_at });
        self.order.push_back((integration, key.into()));
        while self.order.len() > MAX_ENDS {
            self.forget_first();
        }
        at
    }

    fn forget_first(&mut self) {
        let Some((integration, key)) = self.order.pop_front() else { return };
        if let Some(of) = self.by_key.get_mut(&integration) {
            of.remove(&key);
            if of.is_empty() {
                self.by_key.remove(&integration);
            }
        }
    }
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
    pub(super) async fn begin(&mut self, connection: &mut AnyConnection, now: Timestamp) -> Result<(), StoreError> {
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
            let change = rows::get(&row, 0)?;
            self.forget();
            self.ends.read(connection, now).await?;
            self.change = change;
        }
        self.write = write;
        if self.episode_count > MAX_EPISODES {
            self.forget_episodes();
        }
        if self.words.len() > MAX_EPISODES {
            self.words.clear();
        }
        if self.incidents.len() > MAX_INCIDENTS {
            self.incidents.clear();
        }
        self.groups.retain(|_, groups| groups.by_key.len() <= MAX_GROUPS);
        Ok(())
    }

    /// Forgets what was read and written; it may not stand in the database. What senders told stays told.
    pub fn forget(&mut self) {
        *self = Self { ends: std::mem::take(&mut self.ends), ..Self::default() };
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

    pub(super) fn remember(&mut self, integration: IntegrationId, key: &str, mut episode: Option<Episode>) {
        if let Some(episode) = &mut episode {
            share(&mut self.words, &mut episode.group_key);
            if let Some(service) = &mut episode.service {
                share(&mut self.words, service);
            }
        }
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
        self.words.clear();
        self.episode_count = 0;
    }
}

/// Puts the one that is kept in the place of an equal word.
fn share(words: &mut HashSet<Arc<str>>, word: &mut Arc<str>) {
    match words.get(word) {
        Some(kept) => *word = kept.clone(),
        None => {
            words.insert(word.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::store::testing::NOON;
    use uuid::Uuid;

    #[test]
    fn an_end_is_remembered_for_an_hour_and_no_more_than_so_many() {
        let (mut memory, id) = (Memory::default(), IntegrationId(Uuid::from_u128(1)));
        memory.ends.remember(id, "k", NOON.plus_secs(-10), NOON);
        memory.ends.remember(id, "k", NOON.plus_secs(-20), NOON.plus_secs(5));
        memory.forget();
        let told = |memory: &Memory, secs: i64| memory.ends.of(id, "k", NOON.plus_secs(secs));
        assert_eq!((told(&memory, 5), told(&memory, 3_605)), (Some(NOON.plus_secs(-10)), Some(NOON.plus_secs(-10))));
        assert_eq!((told(&memory, -56), told(&memory, 3_606)), (None, None), "it was told later, or long ago");
        assert_eq!(told(&memory, 4), Some(NOON.plus_secs(-10)), "the firing arrived just before its end, and was written after it");
        // An import says what was a day ago: the end that was told since is none of that day.
        memory.ends.remember(id, "k", NOON.plus_secs(-86_410), NOON.plus_secs(-86_400));
        assert_eq!(told(&memory, -86_400), Some(NOON.plus_secs(-86_410)));
        memory.ends.remember(id, "k", NOON.plus_secs(-10), NOON.plus_secs(5));
        assert_eq!(told(&memory, 5), Some(NOON.plus_secs(-10)));
        assert_eq!(memory.ends.of(IntegrationId(Uuid::from_u128(2)), "k", NOON.plus_secs(5)), None);
        for n in 0..MAX_ENDS {
            memory.ends.remember(id, &n.to_string(), NOON, NOON.plus_secs(6));
        }
        assert_eq!((told(&memory, 6), memory.ends.of(id, "0", NOON.plus_secs(6))), (None, Some(NOON)), "the oldest left");
        assert_eq!(memory.ends.order.len(), MAX_ENDS);
    }
}
