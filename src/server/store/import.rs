//! Imports: what other tools recorded, brought into the record in batches.

use super::{
    Store, StoreError,
    batch::Batch,
    intake::{Delivery, Receipt},
    query, rows,
    rows::ManyRows,
    writer::{Answer, Work},
};
use crate::domain::{
    ids::{IncidentId, IntegrationId},
    import::{self, Draft},
    people::{Actor, ActorRef},
    time::Timestamp,
    timeline::Event,
};
use sqlx::AnyConnection;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// What became of a batch of imported incidents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
    /// The places in the batch of those that are known here and hidden from the importer. Nothing
    /// of them was compared or written.
    pub hidden: Vec<usize>,
}

/// What was said of the incidents of a file so far, by their origins, while it is only tried.
#[derive(Default)]
pub struct Tried(HashMap<(String, String), String>);

/// An incident that is known under an origin, and the digest of what was imported last.
struct Known {
    id: IncidentId,
    digest: Option<String>,
    private: bool,
}

const BY_ORIGIN: ManyRows = ManyRows {
    head: "WITH wanted AS (SELECT column1 AS origin, column2 AS origin_id FROM (VALUES",
    tail: ") AS v) SELECT i.id, i.origin, i.origin_id, m.digest, i.private FROM wanted w \
           JOIN incidents i ON i.origin = w.origin AND i.origin_id = w.origin_id LEFT JOIN imports m ON m.incident_id = i.id",
    width: 2,
};

const SAVE_DIGESTS: ManyRows =
    ManyRows { head: "INSERT INTO imports (incident_id, digest) VALUES", tail: "ON CONFLICT (incident_id) DO UPDATE SET digest = excluded.digest", width: 2 };

/// When the replays began that go on now.
#[derive(Clone, Default)]
pub(super) struct Replays(Arc<Mutex<BTreeMap<u64, Timestamp>>>);

/// A replay goes on until this is dropped.
pub struct Replay {
    importer: Actor,
    replays: Replays,
    number: u64,
}

impl Replays {
    /// While the past is replayed, alerts that ran out before this are its business: they may
    /// still be refreshed by a line to come.
    pub fn floor(&self) -> Timestamp {
        let began = self.known().values().min().copied();
        began.map_or(Timestamp::MIN, |began| began.plus_secs(-60))
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<u64, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        self.replays.known().remove(&self.number);
    }
}

impl Store {
    /// Begins a replay of past deliveries. They touch no incident that is hidden from `importer`.
    pub fn begin_replay(&self, importer: &Actor) -> Replay {
        let mut known = self.replays.known();
        let number = known.keys().next_back().map_or(0, |last| last + 1);
        known.insert(number, self.clock.now());
        Replay { importer: importer.clone(), replays: self.replays.clone(), number }
    }

    /// Brings incidents up to what their origins say, in one transaction.
    pub async fn import_incidents(&self, drafts: Vec<Draft>, importer: &Actor) -> Result<Imported, StoreError> {
        match self.writer.send_when_free(Work::ImportIncidents { drafts, importer: importer.clone() }).await? {
            Answer::Imported(imported) => Ok(imported),
            Answer::Outcome(_) | Answer::Intake(_) | Answer::Expired(_) => Err(StoreError::WriterStopped),
        }
    }

    /// What [`import_incidents`](Self::import_incidents) would do now. Of an incident that stands in
    /// a file twice it is only known that it is said otherwise.
    pub async fn would_import(&self, drafts: &[Draft], importer: &Actor, tried: &mut Tried) -> Result<Imported, StoreError> {
        let mut connection = self.readers.acquire().await.map_err(query("find imported incidents"))?;
        let known = known_by_origin(&mut connection, drafts).await?;
        drop(connection);
        let now = self.clock.now();
        let mut imported = Imported::default();
        for (place, draft) in drafts.iter().enumerate() {
            let (origin, digest) = ((draft.origin.name.clone(), draft.origin.id.clone()), draft.digest());
            let known = known.get(&origin);
            if let Some(known) = known.filter(|known| known.private)
                && self.incident(known.id).await?.is_some_and(|incident| !incident.is_visible_to(importer))
            {
                imported.hidden.push(place);
                continue;
            }
            let count = match tried.0.get(&origin).or(known.and_then(|known| known.digest.as_ref())) {
                Some(before) if *before == digest => &mut imported.unchanged,
                _ => match known {
                    None if tried.0.contains_key(&origin) => &mut imported.updated,
                    None => &mut imported.created,
                    Some(known) if self.would_bring_up(known.id, draft, now).await? => &mut imported.updated,
                    Some(_) => &mut imported.unchanged,
                },
            };
            *count += 1;
            tried.0.insert(origin, digest);
        }
        Ok(imported)
    }

    async fn would_bring_up(&self, id: IncidentId, draft: &Draft, now: Timestamp) -> Result<bool, StoreError> {
        let Some(incident) = self.incident(id).await? else { return Ok(false) };
        Ok(!import::update(&incident, &self.events(id).await?, draft, now).is_empty())
    }

    /// Applies past deliveries in order, in one transaction. Between them, alerts of their
    /// integrations that nobody refreshed in time run out, as they did then.
    pub async fn replay(&self, replay: &Replay, deliveries: Vec<Delivery>) -> Result<Receipt, StoreError> {
        match self.writer.send_when_free(Work::Replay { deliveries, importer: replay.importer.clone() }).await? {
            Answer::Intake(receipt) => Ok(receipt),
            Answer::Outcome(_) | Answer::Imported(_) | Answer::Expired(_) => Err(StoreError::WriterStopped),
        }
    }
}

impl Batch<'_> {
    pub async fn import(&mut self, drafts: &[Draft], importer: &Actor) -> Result<Imported, StoreError> {
        // What this batch has opened so far must be found.
        self.flush().await?;
        let now = self.clock.now();
        let mut known = known_by_origin(self.connection, drafts).await?;
        let mut imported = Imported::default();
        let mut digests: HashMap<IncidentId, String> = HashMap::new();
        for (place, draft) in drafts.iter().enumerate() {
            let (origin, digest) = ((draft.origin.name.clone(), draft.origin.id.clone()), draft.digest());
            let actor = import::actor(draft, &importer.who);
            let id = match known.get(&origin) {
                Some(known) if known.private && self.is_hidden(known.id, Some(importer)).await? => {
                    imported.hidden.push(place);
                    continue;
                }
                Some(known) if known.digest.as_ref() == Some(&digest) => {
                    imported.unchanged += 1;
                    continue;
                }
                Some(known) => {
                    let id = known.id;
                    if self.bring_up(id, draft, &actor, now).await? {
                        imported.updated += 1;
                    } else {
                        imported.unchanged += 1;
                    }
                    id
                }
                None => {
                    imported.created += 1;
                    self.open_incident(import::open(draft), actor, None, now).await?
                }
            };
            digests.insert(id, digest.clone());
            // Importing makes nothing private, and what was before and is hidden did not come this far.
            known.insert(origin, Known { id, digest: Some(digest), private: false });
        }
        let digests: Vec<_> = digests.into_iter().collect();
        SAVE_DIGESTS
            .execute(self.connection, &digests, "remember what was imported", |statement, (id, digest)| statement.bind(id.to_string()).bind(digest.clone()))
            .await?;
        Ok(imported)
    }

    /// Adds what a draft says and the incident does not; `false` when that is nothing.
    async fn bring_up(&mut self, id: IncidentId, draft: &Draft, actor: &ActorRef, now: Timestamp) -> Result<bool, StoreError> {
        // It may have been changed a line before, in this very batch.
        self.flush().await?;
        let events = self.events(id).await?;
        let Some(incident) = self.incident(id).await? else { return Ok(false) };
        let changes = import::update(incident, &events, draft, now);
        if changes.is_empty() {
            return Ok(false);
        }
        self.append(id, changes, actor, None, now).await?;
        Ok(true)
    }

    async fn events(&mut self, id: IncidentId) -> Result<Vec<Event>, StoreError> {
        let found =
            sqlx::query(rows::EVENTS_OF_INCIDENT).bind(id.to_string()).fetch_all(&mut *self.connection).await.map_err(query("read an incident's events"))?;
        found.iter().map(rows::event).collect()
    }

    /// Whether an incident does not exist for `actor`; nothing is hidden from nobody in particular.
    pub async fn is_hidden(&mut self, id: IncidentId, actor: Option<&Actor>) -> Result<bool, StoreError> {
        let Some(actor) = actor else { return Ok(false) };
        Ok(self.incident(id).await?.is_some_and(|incident| !incident.is_visible_to(actor)))
    }

    /// Applies past deliveries; `job` is their place in the batch.
    pub async fn replay(&mut self, deliveries: &[Delivery], importer: &Actor, job: usize) -> Result<Receipt, StoreError> {
        let mut sum = Receipt::default();
        let mut expiring: HashMap<IntegrationId, Option<Timestamp>> = HashMap::new();
        for (place, delivery) in deliveries.iter().enumerate() {
            let integration = delivery.integration_id;
            // Nothing runs out before its time because a line says that it is later already.
            let at = delivery.received_at.min(self.clock.now());
            let due = match expiring.get(&integration) {
                Some(due) => *due,
                None => self.first_expiry(integration).await?,
            };
            let due = if due.is_some_and(|due| due <= at) {
                loop {
                    let expired = self.expire((Timestamp::MIN, at), Some(integration), job).await?;
                    sum.resolved += u32::try_from(expired.alerts).unwrap_or(u32::MAX);
                    if expired.all {
                        break;
                    }
                }
                self.first_expiry(integration).await?
            } else {
                due
            };
            let next = delivery.signals.iter().filter_map(|signal| signal.expires_at).min();
            expiring.insert(integration, [due, next].into_iter().flatten().min());
            sum.add(self.deliver(delivery, Some((importer, place)), job).await?);
        }
        Ok(sum)
    }

    /// When the next alert of an integration runs out.
    async fn first_expiry(&mut self, integration: IntegrationId) -> Result<Option<Timestamp>, StoreError> {
        self.flush().await?;
        let row = sqlx::query("SELECT MIN(expires_at) FROM alerts WHERE resolved_at IS NULL AND expires_at IS NOT NULL AND integration_id = $1")
            .bind(integration.to_string())
            .fetch_one(&mut *self.connection)
            .await
            .map_err(query("look for the next alert that runs out"))?;
        rows::optional_time(&row, 0)
    }
}

async fn known_by_origin(connection: &mut AnyConnection, drafts: &[Draft]) -> Result<HashMap<(String, String), Known>, StoreError> {
    let found = BY_ORIGIN
        .fetch(connection, drafts, "find imported incidents", |statement, draft| statement.bind(draft.origin.name.clone()).bind(draft.origin.id.clone()))
        .await?;
    let known = |row: &sqlx::any::AnyRow| {
        let known = Known { id: IncidentId(rows::parsed(row, 0)?), digest: rows::get(row, 3)?, private: rows::get::<i64>(row, 4)? != 0 };
        Ok(((rows::get(row, 1)?, rows::get(row, 2)?), known))
    };
    found.iter().map(known).collect()
}
