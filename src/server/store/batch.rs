//! One transaction of the writer: what it remembers, what it has changed, and how that is written.

use super::{
    StoreError, figures, query,
    rows::{self, ManyRows, to_json},
    stream::Numbered,
    writer::Work,
};
use crate::{
    domain::{
        alert::{Alert, Episode, Labels, Link},
        boards::Happening,
        canonical,
        grouping::Group,
        ids::{AlertId, CommandId, IncidentId, IncidentRef, IntegrationId},
        incident::{Change, EventKind, Incident, Observation, observe},
        metrics::Facts,
        people::ActorRef,
        severity::AlertSeverity,
        time::Timestamp,
        timeline::{Event, Head},
    },
    server::clock::Clock,
};
use serde_json::Value;
use sqlx::AnyConnection;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What the writer remembers between transactions. It is forgotten when a transaction fails or
/// another process has written.
#[derive(Default)]
pub(super) struct Memory {
    /// The counters as this writer left them.
    write: i64,
    change: i64,
    /// The newest episode of each identity that was asked for; `None` is known to be absent.
    episodes: HashMap<IntegrationId, HashMap<Box<str>, Option<Episode>>>,
    episode_count: usize,
    incidents: HashMap<IncidentId, Loaded>,
    groups: HashMap<(IntegrationId, Option<AlertSeverity>), Groups>,
}

/// Beyond these the writer forgets and reads again.
const MAX_EPISODES: usize = 400_000;
const MAX_INCIDENTS: usize = 512;
const MAX_GROUPS: usize = 50_000;

/// The groups of one integration and severity that were active at `floor` or later.
struct Groups {
    floor: Timestamp,
    by_key: HashMap<String, Group>,
}

#[derive(Clone)]
struct Loaded {
    incident: Incident,
    head: Head,
}

/// An alert that is not in the database yet.
pub(super) struct NewAlert {
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
struct Update {
    deliveries: i64,
    episode: Episode,
    /// Listeners hear of it; a mere repeat is only counted.
    announced: bool,
}

/// Something alerts did to an incident, not yet decided.
struct Pending {
    observation: Observation,
    actor: ActorRef,
    received_at: Timestamp,
    job: usize,
}

pub(super) struct Batch<'t> {
    pub connection: &'t mut AnyConnection,
    memory: &'t mut Memory,
    pub clock: &'t Clock,
    new_alerts: Vec<NewAlert>,
    new_alert_at: HashMap<AlertId, usize>,
    updates: HashMap<AlertId, Update>,
    pending: HashMap<IncidentId, Vec<Pending>>,
    pending_order: Vec<IncidentId>,
    new_events: Vec<(IncidentId, Event)>,
    dirty: HashSet<IncidentId>,
    dirty_groups: HashMap<(IntegrationId, Option<AlertSeverity>, String), Group>,
    changes: Vec<Numbered>,
    change_at_begin: i64,
    /// The jobs whose delivery resolved an incident.
    resolved_by: Vec<usize>,
}

const EPISODES: ManyRows = ManyRows {
    head: "WITH wanted AS (SELECT column1 AS integration_id, column2 AS dedupe_key FROM (VALUES",
    tail: concat!(
        ") AS v) SELECT ",
        rows::alert_columns!(),
        " FROM wanted w JOIN alerts a ON a.integration_id = w.integration_id AND a.dedupe_key = w.dedupe_key \
         WHERE a.id = (SELECT b.id FROM alerts b WHERE b.integration_id = w.integration_id AND b.dedupe_key = w.dedupe_key ORDER BY b.id DESC LIMIT 1)"
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

const READ_ALERTS: ManyRows =
    ManyRows { head: concat!("SELECT ", rows::alert_columns!(), " FROM alerts a JOIN (VALUES"), tail: ") AS v ON a.id = v.column1", width: 1 };

const SAVE_GROUPS: ManyRows = ManyRows {
    head: "INSERT INTO alert_groups (integration_id, severity, group_key, incident_id, opened_at, active_at) VALUES",
    tail: "ON CONFLICT (integration_id, severity, group_key) DO UPDATE SET \
           incident_id = excluded.incident_id, opened_at = excluded.opened_at, active_at = excluded.active_at",
    width: 6,
};

const INSERT_EVENTS: ManyRows = ManyRows {
    head: "INSERT INTO events (incident_id, seq, happened_at, recorded_at, actor, command, kind, data, prev_hash, hash) VALUES",
    tail: "",
    width: 10,
};

const SAVE_INCIDENTS: ManyRows = ManyRows {
    head: "INSERT INTO incidents (id, ref, state, kind, severity, private, origin, origin_id, title, started_at, impact_started_at, resolved_at, \
           updated_at, version, head_hash, doc) VALUES",
    tail: "ON CONFLICT (id) DO UPDATE SET state = excluded.state, severity = excluded.severity, private = excluded.private, title = excluded.title, \
           started_at = excluded.started_at, impact_started_at = excluded.impact_started_at, resolved_at = excluded.resolved_at, \
           updated_at = excluded.updated_at, version = excluded.version, head_hash = excluded.head_hash, doc = excluded.doc",
    width: 16,
};

const INSERT_CHANGES: ManyRows = ManyRows { head: "INSERT INTO changes (seq, recorded_at, topic, incident_id, payload) VALUES", tail: "", width: 5 };

const INSERT_SERVICES: ManyRows = ManyRows { head: "INSERT INTO services (name, created_at) VALUES", tail: "ON CONFLICT (name) DO NOTHING", width: 2 };

const INSERT_INCIDENT_SERVICES: ManyRows =
    ManyRows { head: "INSERT INTO incident_services (incident_id, service) VALUES", tail: "ON CONFLICT (incident_id, service) DO NOTHING", width: 2 };

impl<'t> Batch<'t> {
    /// Takes the writer's turn: on PostgreSQL the counter's row is the lock between servers.
    pub async fn begin(connection: &'t mut AnyConnection, memory: &'t mut Memory, clock: &'t Clock) -> Result<Self, StoreError> {
        let row = sqlx::query("UPDATE counters SET value = value + 1 WHERE name = 'write' RETURNING value")
            .fetch_one(&mut *connection)
            .await
            .map_err(query("take the writer's turn"))?;
        let write: i64 = rows::get(&row, 0)?;
        if write != memory.write + 1 {
            let row = sqlx::query("SELECT value FROM counters WHERE name = 'change'")
                .fetch_one(&mut *connection)
                .await
                .map_err(query("read the last change's number"))?;
            *memory = Memory { change: rows::get(&row, 0)?, ..Memory::default() };
        }
        memory.write = write;
        if memory.episode_count > MAX_EPISODES {
            memory.episodes.clear();
            memory.episode_count = 0;
        }
        if memory.incidents.len() > MAX_INCIDENTS {
            memory.incidents.clear();
        }
        memory.groups.retain(|_, groups| groups.by_key.len() <= MAX_GROUPS);
        let change_at_begin = memory.change;
        Ok(Self {
            connection,
            memory,
            clock,
            new_alerts: vec![],
            new_alert_at: HashMap::new(),
            updates: HashMap::new(),
            pending: HashMap::new(),
            pending_order: vec![],
            new_events: vec![],
            dirty: HashSet::new(),
            dirty_groups: HashMap::new(),
            changes: vec![],
            change_at_begin,
            resolved_by: vec![],
        })
    }

    /// Reads at once the episodes that the work will ask for.
    pub async fn foresee(&mut self, work: &[&Work]) -> Result<(), StoreError> {
        let mut wanted: HashSet<(IntegrationId, &str)> = HashSet::new();
        for work in work {
            let deliveries = match work {
                Work::Intake(delivery) => std::slice::from_ref(delivery),
                Work::Replay(deliveries) => deliveries.as_slice(),
                _ => continue,
            };
            for delivery in deliveries {
                let known = self.memory.episodes.get(&delivery.integration_id);
                let keys = delivery.signals.iter().map(|signal| signal.dedupe_key.as_str());
                wanted.extend(keys.filter(|key| known.is_none_or(|known| !known.contains_key(*key))).map(|key| (delivery.integration_id, key)));
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
    pub async fn episode(&mut self, integration: IntegrationId, key: &str) -> Result<Option<Episode>, StoreError> {
        if let Some(known) = self.memory.episodes.get(&integration).and_then(|of| of.get(key)) {
            return Ok(known.clone());
        }
        self.read_episodes(&[(integration, key)]).await?;
        Ok(self.memory.episodes.get(&integration).and_then(|of| of.get(key)).cloned().flatten())
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
            std::collections::hash_map::Entry::Occupied(mut known) => {
                let known = known.get_mut();
                known.deliveries += deliveries;
                known.episode = episode;
                known.announced |= announced;
            }
            std::collections::hash_map::Entry::Vacant(new) => {
                new.insert(Update { deliveries, episode, announced });
            }
        }
    }

    /// The groups of one integration and severity that were active at `floor` or later; more may be among them.
    pub async fn groups(
        &mut self,
        integration: IntegrationId,
        severity: Option<AlertSeverity>,
        floor: Timestamp,
    ) -> Result<&HashMap<String, Group>, StoreError> {
        let of = (integration, severity);
        if self.memory.groups.get(&of).is_none_or(|known| known.floor > floor) {
            let found = sqlx::query(
                "SELECT group_key, incident_id, opened_at, active_at FROM alert_groups WHERE integration_id = $1 AND severity = $2 AND active_at >= $3",
            )
            .bind(integration.to_string())
            .bind(severity_slug(severity))
            .bind(floor.micros())
            .fetch_all(&mut *self.connection)
            .await
            .map_err(query("read alert groups"))?;
            let known = self.memory.groups.entry(of).or_insert_with(|| Groups { floor, by_key: HashMap::new() });
            known.floor = floor;
            for row in &found {
                let group = group(row)?;
                // What is in memory may be newer than what is in the database.
                known.by_key.entry(group.key.clone()).or_insert(group);
            }
        }
        Ok(&self.memory.groups.entry(of).or_insert_with(|| Groups { floor, by_key: HashMap::new() }).by_key)
    }

    /// One group, however long ago it was active.
    pub async fn group(&mut self, integration: IntegrationId, severity: Option<AlertSeverity>, key: &str) -> Result<Option<Group>, StoreError> {
        if let Some(known) = self.memory.groups.get(&(integration, severity)).and_then(|groups| groups.by_key.get(key)) {
            return Ok(Some(known.clone()));
        }
        let row =
            sqlx::query("SELECT group_key, incident_id, opened_at, active_at FROM alert_groups WHERE integration_id = $1 AND severity = $2 AND group_key = $3")
                .bind(integration.to_string())
                .bind(severity_slug(severity))
                .bind(key.to_owned())
                .fetch_optional(&mut *self.connection)
                .await
                .map_err(query("read an alert group"))?;
        row.as_ref().map(group).transpose()
    }

    pub fn save_group(&mut self, integration: IntegrationId, severity: Option<AlertSeverity>, group: Group) {
        if let Some(known) = self.memory.groups.get_mut(&(integration, severity)) {
            known.by_key.insert(group.key.clone(), group.clone());
        }
        self.dirty_groups.insert((integration, severity, group.key.clone()), group);
    }

    /// The incident that an alert for `id` goes to: where it was merged into; `None` when it is over for good.
    pub async fn living(&mut self, id: IncidentId) -> Result<Option<IncidentId>, StoreError> {
        let mut id = id;
        // Merges cannot form a circle, because what is merged takes in nothing; the bound is for a damaged record.
        for _ in 0..16 {
            let Some(incident) = self.incident(id).await? else { return Ok(None) };
            match incident.merged_into {
                Some(into) => id = into,
                None => return Ok((!incident.state.is_over()).then_some(id)),
            }
        }
        Ok(None)
    }

    /// An incident as this transaction sees it, without what is pending on it.
    pub async fn incident(&mut self, id: IncidentId) -> Result<Option<&Incident>, StoreError> {
        if !self.memory.incidents.contains_key(&id) {
            let row = sqlx::query("SELECT doc, head_hash FROM incidents WHERE id = $1")
                .bind(id.to_string())
                .fetch_optional(&mut *self.connection)
                .await
                .map_err(query("read an incident"))?;
            let Some(row) = row else { return Ok(None) };
            let incident = rows::incident(&row, 0)?;
            let head = Head { seq: incident.version, hash: rows::get(&row, 1)? };
            self.memory.incidents.insert(id, Loaded { incident, head });
        }
        Ok(self.memory.incidents.get(&id).map(|loaded| &loaded.incident))
    }

    /// Records a new incident.
    pub async fn open_incident(
        &mut self,
        changes: Vec<Change>,
        actor: ActorRef,
        command: Option<CommandId>,
        recorded_at: Timestamp,
    ) -> Result<IncidentId, StoreError> {
        let row = sqlx::query("UPDATE counters SET value = value + 1 WHERE name = 'incident' RETURNING value")
            .fetch_one(&mut *self.connection)
            .await
            .map_err(query("take an incident's number"))?;
        let (id, reference) = (IncidentId(Clock::new_id()), IncidentRef(rows::get(&row, 0)?));
        let mut head = Head::genesis();
        let events = head.append(id, changes, &actor, command, recorded_at);
        let incident = Incident::fold(id, reference, &events)
            .ok_or_else(|| StoreError::Unreadable { what: "a declaration", source: <serde_json::Error as serde::de::Error>::custom("it does not declare") })?;
        self.memory.incidents.insert(id, Loaded { incident, head });
        self.new_events.extend(events.into_iter().map(|event| (id, event)));
        self.dirty.insert(id);
        Ok(id)
    }

    /// Appends changes to an incident and folds them in.
    pub async fn append(
        &mut self,
        id: IncidentId,
        changes: Vec<Change>,
        actor: &ActorRef,
        command: Option<CommandId>,
        recorded_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.incident(id).await?;
        let Some(loaded) = self.memory.incidents.get_mut(&id) else { return Ok(()) };
        let events = loaded.head.append(id, changes, actor, command, recorded_at);
        for event in &events {
            loaded.incident.apply(event);
        }
        if !events.is_empty() {
            self.dirty.insert(id);
        }
        self.new_events.extend(events.into_iter().map(|event| (id, event)));
        Ok(())
    }

    /// Notes what alerts do to an incident. Alerts that arrive together become one entry.
    pub fn observe(&mut self, id: IncidentId, observation: Observation, actor: ActorRef, received_at: Timestamp, job: usize) {
        let pending = self.pending.entry(id).or_default();
        if pending.is_empty() {
            self.pending_order.push(id);
        }
        let together = |last: &&mut Pending| last.actor == actor && received_at.micros_since(last.received_at).abs() < 1_000_000;
        if let Some(last) = pending.last_mut().filter(together) {
            match (&mut last.observation, &observation) {
                (Observation::Fired { alerts, why }, Observation::Fired { alerts: more, why: also }) if why == also => {
                    alerts.extend_from_slice(more);
                    last.received_at = last.received_at.max(received_at);
                    return;
                }
                (Observation::Quieted { alerts }, Observation::Quieted { alerts: more }) => {
                    alerts.extend_from_slice(more);
                    last.received_at = last.received_at.max(received_at);
                    last.job = job;
                    return;
                }
                _ => {}
            }
        }
        pending.push(Pending { observation, actor, received_at, job });
    }

    /// Decides what alerts did to one incident.
    pub async fn settle(&mut self, id: IncidentId) -> Result<(), StoreError> {
        let Some(pending) = self.pending.remove(&id) else { return Ok(()) };
        self.pending_order.retain(|other| *other != id);
        for Pending { observation, actor, received_at, job } in pending {
            let Some(incident) = self.incident(id).await? else { continue };
            let changes = observe(incident, observation, received_at);
            if changes.iter().any(|change| matches!(change.kind, EventKind::Resolved { .. })) {
                self.resolved_by.push(job);
            }
            self.append(id, changes, &actor, None, received_at).await?;
        }
        Ok(())
    }

    /// Forgets the alerts of merged or moved incidents; they are read again when they are needed.
    pub fn forget_alerts(&mut self) {
        self.memory.episodes.clear();
        self.memory.episode_count = 0;
        self.memory.groups.clear();
    }

    /// Writes down everything so far. Called at the end, and before statements that need to see it.
    pub async fn flush(&mut self) -> Result<(), StoreError> {
        for id in std::mem::take(&mut self.pending_order) {
            self.settle(id).await?;
        }
        self.flush_alerts().await?;
        self.flush_groups().await?;
        self.flush_incidents().await
    }

    async fn flush_alerts(&mut self) -> Result<(), StoreError> {
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
                    .bind(episode.service.clone())
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
        for alert in new {
            self.announce(alert.episode.incident_id, Happening::Alert { alert: alert.into_alert() });
        }
        let announced: Vec<AlertId> = updates.iter().filter(|update| update.announced).map(|update| update.episode.id).collect();
        self.announce_alerts(&announced).await
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

    fn announce(&mut self, incident_id: Option<IncidentId>, happening: Happening) {
        self.memory.change += 1;
        self.changes.push(Numbered { seq: self.memory.change, incident_id, topic: happening.topic().to_owned(), payload: to_json(&happening).into() });
    }

    async fn flush_groups(&mut self) -> Result<(), StoreError> {
        let groups: Vec<_> = std::mem::take(&mut self.dirty_groups).into_iter().collect();
        SAVE_GROUPS
            .execute(self.connection, &groups, "record alert groups", |statement, ((integration, severity, key), group)| {
                statement
                    .bind(integration.to_string())
                    .bind(severity_slug(*severity))
                    .bind(key.clone())
                    .bind(group.incident_id.to_string())
                    .bind(group.opened_at.micros())
                    .bind(group.active_at.micros())
            })
            .await
    }

    async fn flush_incidents(&mut self) -> Result<(), StoreError> {
        let events = std::mem::take(&mut self.new_events);
        INSERT_EVENTS
            .execute(self.connection, &events, "append events", |statement, (id, event)| {
                statement
                    .bind(id.to_string())
                    .bind(event.seq)
                    .bind(event.happened_at.micros())
                    .bind(event.recorded_at.micros())
                    .bind(to_json(&event.actor))
                    .bind(event.command.map(|command| command.to_string()))
                    .bind(event.kind.slug())
                    .bind(event_data(&event.kind))
                    .bind(event.prev_hash.clone())
                    .bind(event.hash.clone())
            })
            .await?;
        let dirty: Vec<IncidentId> = std::mem::take(&mut self.dirty).into_iter().collect();
        self.save_incidents(&dirty).await?;
        for (id, event) in events {
            let Some(reference) = self.memory.incidents.get(&id).map(|loaded| loaded.incident.reference) else { continue };
            self.announce(Some(id), Happening::Incident { id, reference, event });
        }
        Ok(())
    }

    /// Writes down how incidents stand now: the projection, their services, and what figures need.
    async fn save_incidents(&mut self, ids: &[IncidentId]) -> Result<(), StoreError> {
        let loaded: Vec<&Loaded> = ids.iter().filter_map(|id| self.memory.incidents.get(id)).collect();
        SAVE_INCIDENTS
            .execute(self.connection, &loaded, "record incidents", |statement, Loaded { incident, head }| {
                statement
                    .bind(incident.id.to_string())
                    .bind(incident.reference.0)
                    .bind(incident.state.slug())
                    .bind(incident.kind.slug())
                    .bind(incident.severity.map(|severity| i64::from(severity.level())))
                    .bind(i64::from(incident.private))
                    .bind(incident.origin.as_ref().map(|origin| origin.name.clone()))
                    .bind(incident.origin.as_ref().map(|origin| origin.id.clone()))
                    .bind(incident.title.clone())
                    .bind(incident.started_at.micros())
                    .bind(incident.impact_started_at().micros())
                    .bind(incident.resolved_at.map(Timestamp::micros))
                    .bind(incident.updated_at.micros())
                    .bind(incident.version)
                    .bind(head.hash.clone())
                    .bind(to_json(incident))
            })
            .await?;
        let named: Vec<(IncidentId, &str)> =
            loaded.iter().flat_map(|loaded| loaded.incident.services.iter().map(|service| (loaded.incident.id, service.as_str()))).collect();
        let services: BTreeMap<&str, i64> =
            loaded.iter().flat_map(|loaded| loaded.incident.services.iter().map(|service| (service.as_str(), loaded.incident.updated_at.micros()))).collect();
        let services: Vec<(&str, i64)> = services.into_iter().collect();
        INSERT_SERVICES
            .execute(self.connection, &services, "record services", |statement, (service, now)| statement.bind((*service).to_owned()).bind(*now))
            .await?;
        INSERT_INCIDENT_SERVICES
            .execute(self.connection, &named, "record incidents' services", |statement, (id, service)| {
                statement.bind(id.to_string()).bind((*service).to_owned())
            })
            .await?;
        let facts: Vec<(&Incident, Option<Facts>)> = loaded.iter().map(|loaded| (&loaded.incident, Facts::of(&loaded.incident))).collect();
        figures::save(self.connection, &facts).await
    }

    /// Takes the services away that an incident no longer names, before its new ones are written.
    pub async fn reset_services(&mut self, id: IncidentId) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM incident_services WHERE incident_id = $1")
            .bind(id.to_string())
            .execute(&mut *self.connection)
            .await
            .map(|_| ())
            .map_err(query("forget an incident's services"))
    }

    /// Writes everything down. Answers what listeners are told after the commit, and which jobs
    /// resolved an incident.
    pub async fn finish(mut self) -> Result<(Vec<Numbered>, Vec<usize>), StoreError> {
        self.flush().await?;
        let recorded_at = self.clock.now().micros();
        INSERT_CHANGES
            .execute(self.connection, &self.changes, "record changes for the stream", |statement, change| {
                statement
                    .bind(change.seq)
                    .bind(recorded_at)
                    .bind(change.topic.clone())
                    .bind(change.incident_id.map(|id| id.to_string()))
                    .bind(change.payload.to_string())
            })
            .await?;
        if self.memory.change != self.change_at_begin {
            sqlx::query("UPDATE counters SET value = $1 WHERE name = 'change'")
                .bind(self.memory.change)
                .execute(&mut *self.connection)
                .await
                .map_err(query("count changes"))?;
        }
        Ok((self.changes, self.resolved_by))
    }
}

impl Memory {
    fn remember(&mut self, integration: IntegrationId, key: &str, episode: Option<Episode>) {
        let of = self.episodes.entry(integration).or_default();
        match of.get_mut(key) {
            Some(known) => *known = episode,
            None => {
                of.insert(key.into(), episode);
                self.episode_count += 1;
            }
        }
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

fn group(row: &sqlx::any::AnyRow) -> Result<Group, StoreError> {
    Ok(Group { key: rows::get(row, 0)?, incident_id: rows::parsed(row, 1)?, opened_at: rows::time(row, 2)?, active_at: rows::time(row, 3)? })
}

/// The severity in a key: unset is the empty text.
fn severity_slug(severity: Option<AlertSeverity>) -> &'static str {
    severity.map_or("", AlertSeverity::slug)
}

/// What an event carries, as it is stored.
fn event_data(kind: &EventKind) -> String {
    let data = serde_json::to_value(kind).ok().and_then(|mut kind| kind.get_mut("data").map(Value::take)).unwrap_or_default();
    canonical::to_string(&data)
}
