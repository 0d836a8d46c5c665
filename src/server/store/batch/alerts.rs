//! The alerts of a batch: which episodes are known, what changed on them, and how that is written.
//!
//! Almost everything that arrives repeats what is open already. A repeat touches only the alert's
//! narrow row in `alert_refreshes`, and none of the rows and indexes by which alerts are found.

use super::{
    super::{
        StoreError, query,
        rows::{self, ManyRows, to_json},
        writer::Work,
    },
    Batch,
    memory::kept_since,
};
use crate::domain::{
    alert::{Alert, Episode, Labels, Link},
    boards::Happening,
    ids::{AlertId, IntegrationId},
    severity::AlertSeverity,
    time::Timestamp,
};
use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    fmt::Write,
};

/// An alert that is not in the database yet.
pub(in crate::server::store) struct NewAlert {
    pub integration: IntegrationId,
    pub source: String,
    pub key: String,
    pub title: String,
    pub labels: Labels,
    pub annotations: Labels,
    pub links: Vec<Link>,
    pub received_at: Timestamp,
    pub deliveries: i64,
    pub episode: Episode,
}

/// What changed on an alert that is in the database.
pub(super) struct Update {
    deliveries: i64,
    episode: Episode,
    /// Listeners hear of it; a mere repeat is only counted.
    announced: bool,
}

/// What repeats change on alerts that are in the database.
#[derive(Default)]
pub(in crate::server::store) struct Refreshes(HashMap<AlertId, Refresh>);

struct Refresh {
    deliveries: i64,
    last_event_at: Timestamp,
    expires_at: Option<Timestamp>,
}

impl Refreshes {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Notes that an episode was delivered once more. Answers whether it now runs out sooner than
    /// was known.
    pub fn add(&mut self, episode: &Episode, event_at: Timestamp, expires_at: Option<Timestamp>) -> bool {
        let known = self.0.entry(episode.id).or_insert(Refresh { deliveries: 0, last_event_at: episode.last_event_at, expires_at: episode.expires_at });
        let sooner = expires_at.is_some_and(|at| known.expires_at.is_none_or(|known| at < known));
        *known = Refresh { deliveries: known.deliveries + 1, last_event_at: known.last_event_at.max(event_at), expires_at };
        sooner
    }

    pub fn apply(&self, episode: &mut Episode) {
        if let Some(refresh) = self.0.get(&episode.id) {
            (episode.last_event_at, episode.expires_at) = (refresh.last_event_at, refresh.expires_at);
        }
    }

    /// `{"alert's id": [deliveries, last_event_at, expires_at], …}`. Ids and numbers need no escaping.
    pub fn to_json(&self) -> String {
        let mut json = String::with_capacity(2 + 96 * self.0.len());
        for (id, Refresh { deliveries, last_event_at, expires_at }) in &self.0 {
            let separator = if json.is_empty() { '{' } else { ',' };
            // Writing into a String cannot fail.
            let _ = write!(json, "{separator}\"{id}\":[{deliveries},{},", last_event_at.micros());
            let _ = match expires_at {
                Some(at) => write!(json, "{}]", at.micros()),
                None => write!(json, "null]"),
            };
        }
        json.push('}');
        json
    }
}

const EPISODES: ManyRows = ManyRows {
    head: "WITH wanted AS (SELECT column1 AS integration_id, column2 AS dedupe_key FROM (VALUES",
    tail: concat!(
        ") AS v) SELECT ",
        rows::alert_columns!(),
        " FROM wanted w JOIN alerts a ON a.integration_id = w.integration_id AND a.dedupe_key = w.dedupe_key \
         LEFT JOIN alert_refreshes r ON r.alert_id = a.id WHERE a.id = (SELECT b.id FROM alerts b WHERE b.integration_id = w.integration_id AND b.dedupe_key = w.dedupe_key ORDER BY b.id DESC LIMIT 1)"
    ),
    width: 2,
};

const INSERT_ALERTS: ManyRows = ManyRows {
    head: "INSERT INTO alerts (id, integration_id, source, dedupe_key, group_key, state, severity, title, service, labels, annotations, links, \
           started_at, last_event_at, received_at, resolved_at, expires_at, deliveries, incident_id, stale) VALUES",
    tail: "",
    width: 20,
};

const UPDATE_ALERTS: ManyRows = ManyRows {
    head: "UPDATE alerts SET deliveries = deliveries + v.column2, state = v.column3, last_event_at = v.column4, resolved_at = v.column5, \
           expires_at = v.column6, incident_id = v.column7 FROM (VALUES",
    tail: ") AS v WHERE alerts.id = v.column1",
    width: 7,
};

const INSERT_TOLD_ENDS: ManyRows = ManyRows {
    head: "INSERT INTO told_ends (integration_id, dedupe_key, ended_at, received_at) VALUES",
    tail: "ON CONFLICT (integration_id, dedupe_key) DO UPDATE SET ended_at = excluded.ended_at, received_at = excluded.received_at",
    width: 4,
};

const READ_ALERTS: ManyRows = ManyRows {
    head: concat!("SELECT ", rows::alert_columns!(), " FROM ", rows::alert_tables!(), " JOIN (VALUES"),
    tail: ") AS v ON a.id = v.column1",
    width: 1,
};

/// How refreshes are written: one text for both databases, with one value however many rows there
/// are, [`Refreshes::to_json`]. `$json` is that value or its placeholder, `$only` says when.
macro_rules! refresh_alerts {
    ($json:literal, $only:literal) => {
        concat!(
            "INSERT INTO alert_refreshes (alert_id, deliveries, last_event_at, expires_at) \
             SELECT key, CAST(value ->> 0 AS BIGINT), CAST(value ->> 1 AS BIGINT), CAST(value ->> 2 AS BIGINT) FROM json_each(json(",
            $json,
            ")) WHERE ",
            $only,
            " ON CONFLICT (alert_id) DO UPDATE SET deliveries = alert_refreshes.deliveries + excluded.deliveries, \
             last_event_at = excluded.last_event_at, expires_at = excluded.expires_at"
        )
    };
}
pub(in crate::server::store) use refresh_alerts;

const REFRESH_ALERTS: &str = refresh_alerts!("$1", "true");

impl Batch<'_> {
    /// Reads at once the episodes that the work will ask for.
    pub async fn foresee<'w>(&mut self, work: impl Iterator<Item = &'w Work>) -> Result<(), StoreError> {
        let mut wanted: HashSet<(IntegrationId, &str)> = HashSet::new();
        for work in work {
            let deliveries = match work {
                Work::Intake(delivery) => std::slice::from_ref(delivery),
                Work::Replay { deliveries, .. } => deliveries.as_slice(),
                _ => continue,
            };
            for delivery in deliveries {
                let integration = delivery.integration_id;
                let keys = delivery.signals.iter().map(|signal| signal.dedupe_key.as_str());
                wanted.extend(keys.filter(|key| self.memory.episode(integration, key).is_none()).map(|key| (integration, key)));
            }
        }
        let wanted: Vec<_> = wanted.into_iter().collect();
        self.read_episodes(&wanted).await
    }

    async fn read_episodes(&mut self, wanted: &[(IntegrationId, &str)]) -> Result<(), StoreError> {
        let found = EPISODES
            .fetch(self.connection, wanted, "read alerts by their keys", |statement, (integration, key)| {
                statement.bind(integration.to_string()).bind((*key).to_owned())
            })
            .await?;
        for (integration, key) in wanted {
            self.memory.remember(*integration, key, None);
        }
        for row in &found {
            let integration = IntegrationId(rows::parsed(row, 1)?);
            self.memory.remember(integration, rows::get(row, 3)?, Some(rows::episode(row)?));
        }
        Ok(())
    }

    /// The newest episode of an identity.
    pub async fn episode(&mut self, integration: IntegrationId, key: &str) -> Result<Option<&Episode>, StoreError> {
        if self.memory.episode(integration, key).is_none() {
            self.read_episodes(&[(integration, key)]).await?;
        }
        Ok(self.memory.episode(integration, key).and_then(Option::as_ref))
    }

    /// The title of an alert; `None` where there is no such alert.
    pub async fn title_of(&mut self, id: AlertId) -> Result<Option<String>, StoreError> {
        if let Some(new) = self.new_alert_at.get(&id).and_then(|at| self.new_alerts.get(*at)) {
            return Ok(Some(new.title.clone()));
        }
        let row = sqlx::query("SELECT title FROM alerts WHERE id = $1")
            .bind(id.to_string())
            .fetch_optional(&mut *self.connection)
            .await
            .map_err(query("read an alert's title"))?;
        row.map(|row| rows::get(&row, 0)).transpose()
    }

    /// When a resolve that arrived within the hour before `received_at` said that this was over,
    /// though nothing of this identity was open.
    pub fn told_end(&self, integration: IntegrationId, key: &str, received_at: Timestamp) -> Option<Timestamp> {
        self.memory.ends.of(integration, key, received_at)
    }

    /// Notes what a resolve says of an identity of which nothing is open.
    pub fn tell_end(&mut self, integration: IntegrationId, key: &str, at: Timestamp, received_at: Timestamp) {
        let at = self.memory.ends.remember(integration, key, at, received_at);
        // What an import says of the past is of no use after a restart.
        if received_at >= kept_since(self.clock.now()) {
            self.told_ends.insert((integration, key.to_owned()), (at, received_at));
        }
    }

    pub fn insert_alert(&mut self, alert: NewAlert) {
        self.memory.remember(alert.integration, &alert.key, Some(alert.episode.clone()));
        self.new_alert_at.insert(alert.episode.id, self.new_alerts.len());
        self.new_alerts.push(alert);
    }

    /// Writes an episode down that was delivered `deliveries` more times.
    pub fn save_episode(&mut self, integration: IntegrationId, key: &str, episode: Episode, deliveries: i64, announced: bool) {
        self.memory.remember(integration, key, Some(episode.clone()));
        if let Some(new) = self.new_alert_at.get(&episode.id).and_then(|at| self.new_alerts.get_mut(*at)) {
            new.deliveries += deliveries;
            new.episode = episode;
            return;
        }
        match self.updates.entry(episode.id) {
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                known.deliveries += deliveries;
                known.episode = episode;
                known.announced |= announced;
            }
            Entry::Vacant(new) => {
                new.insert(Update { deliveries, episode, announced });
            }
        }
    }

    /// Notes that an open episode was delivered once more.
    pub fn refresh_episode(&mut self, integration: IntegrationId, key: &str, event_at: Timestamp, expires_at: Option<Timestamp>) {
        let Some(episode) = self.memory.episode_mut(integration, key) else { return };
        if let Some(new) = self.new_alert_at.get(&episode.id).and_then(|at| self.new_alerts.get_mut(*at)) {
            new.deliveries += 1;
            (episode.last_event_at, episode.expires_at) = (event_at, expires_at);
            new.episode = episode.clone();
            return;
        }
        let sooner = self.refreshes.add(episode, event_at, expires_at);
        self.refreshes.apply(episode);
        if sooner || self.updates.contains_key(&episode.id) {
            // The alert's own row must never say a later end than this: by it those that ran out are found.
            let episode = episode.clone();
            self.save_episode(integration, key, episode, 0, false);
        }
    }

    /// Forgets the alerts of merged or moved incidents; they are read again when they are needed.
    pub fn forget_alerts(&mut self) {
        self.memory.forget_episodes();
        self.memory.groups.clear();
    }

    pub(super) async fn flush_alerts(&mut self) -> Result<(), StoreError> {
        let new = std::mem::take(&mut self.new_alerts);
        self.new_alert_at.clear();
        INSERT_ALERTS
            .execute(self.connection, &new, "record alerts", |statement, alert| {
                let episode = &alert.episode;
                statement
                    .bind(episode.id.to_string())
                    .bind(alert.integration.to_string())
                    .bind(alert.source.clone())
                    .bind(alert.key.clone())
                    .bind(episode.group_key.to_string())
                    .bind(episode.state.slug())
                    .bind(episode.severity.map(AlertSeverity::slug))
                    .bind(alert.title.clone())
                    .bind(episode.service.as_deref().map(str::to_owned))
                    .bind(to_json(&alert.labels))
                    .bind(to_json(&alert.annotations))
                    .bind(to_json(&alert.links))
                    .bind(episode.started_at.micros())
                    .bind(episode.last_event_at.micros())
                    .bind(alert.received_at.micros())
                    .bind(episode.resolved_at.map(Timestamp::micros))
                    .bind(episode.expires_at.map(Timestamp::micros))
                    .bind(alert.deliveries)
                    .bind(episode.incident_id.map(|id| id.to_string()))
                    .bind(0_i64)
            })
            .await?;
        let updates: Vec<Update> = std::mem::take(&mut self.updates).into_values().collect();
        UPDATE_ALERTS
            .execute(self.connection, &updates, "update alerts", |statement, update| {
                let episode = &update.episode;
                statement
                    .bind(episode.id.to_string())
                    .bind(update.deliveries)
                    .bind(episode.state.slug())
                    .bind(episode.last_event_at.micros())
                    .bind(episode.resolved_at.map(Timestamp::micros))
                    .bind(episode.expires_at.map(Timestamp::micros))
                    .bind(episode.incident_id.map(|id| id.to_string()))
            })
            .await?;
        self.flush_refreshes().await?;
        self.flush_told_ends().await?;
        for alert in new {
            self.announce(alert.episode.incident_id, Happening::Alert { alert: alert.into_alert() });
        }
        let announced: Vec<AlertId> = updates.iter().filter(|update| update.announced).map(|update| update.episode.id).collect();
        self.announce_alerts(&announced).await
    }

    async fn flush_told_ends(&mut self) -> Result<(), StoreError> {
        let told: Vec<_> = self.told_ends.drain().collect();
        INSERT_TOLD_ENDS
            .execute(self.connection, &told, "record the ends that were told", |statement, ((integration, key), (at, received_at))| {
                statement.bind(integration.to_string()).bind(key.clone()).bind(at.micros()).bind(received_at.micros())
            })
            .await
    }

    async fn flush_refreshes(&mut self) -> Result<(), StoreError> {
        if self.refreshes.is_empty() {
            return Ok(());
        }
        let refreshes = std::mem::take(&mut self.refreshes).to_json();
        sqlx::query(REFRESH_ALERTS).bind(refreshes).execute(&mut *self.connection).await.map(|_| ()).map_err(query("refresh alerts"))
    }

    /// Tells listeners how these alerts stand now.
    pub async fn announce_alerts(&mut self, ids: &[AlertId]) -> Result<(), StoreError> {
        let found = READ_ALERTS.fetch(self.connection, ids, "read alerts back", |statement, id| statement.bind(id.to_string())).await?;
        for row in &found {
            let alert = rows::alert(row)?;
            self.announce(alert.incident_id, Happening::Alert { alert });
        }
        Ok(())
    }
}

impl NewAlert {
    fn into_alert(self) -> Alert {
        Alert {
            id: self.episode.id,
            source: self.source,
            integration_id: self.integration,
            dedupe_key: self.key,
            state: self.episode.state,
            severity: self.episode.severity,
            title: self.title,
            labels: self.labels,
            annotations: self.annotations,
            started_at: self.episode.started_at,
            resolved_at: self.episode.resolved_at,
            deliveries: self.deliveries,
            incident_id: self.episode.incident_id,
            stale: false,
            links: self.links,
        }
    }
}
