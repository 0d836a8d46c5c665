//! The incidents of a batch: loaded once, decided by the domain, written with their events.

use super::{
    super::{
        StoreError, figures, query,
        rows::{self, ManyRows, to_json},
    },
    Batch,
    memory::Loaded,
};
use crate::{
    domain::{
        boards::Happening,
        canonical,
        ids::{CommandId, IncidentId, IncidentRef},
        incident::{Change, EventKind, Incident, Observation, observe},
        metrics::Facts,
        people::ActorRef,
        services::MAX_TIER,
        time::Timestamp,
        timeline::Head,
    },
    server::clock::Clock,
};
use serde_json::Value;
use std::collections::BTreeMap;

/// Something alerts did to an incident, not yet decided.
pub(super) struct Pending {
    observation: Observation,
    actor: ActorRef,
    received_at: Timestamp,
    job: usize,
}

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

/// Labels that name a service's owner and its tier, the plainest first.
const OWNER_LABELS: &[&str] = &["owner", "team"];
const TIER_LABELS: &[&str] = &["tier", "service_tier"];

/// A service as incidents name it.
struct Named<'a> {
    at: i64,
    owner: Option<&'a str>,
    tier: Option<i64>,
}

/// What people said of a service stays; what nobody has said yet is taken from labels.
const INSERT_SERVICES: ManyRows = ManyRows {
    head: "INSERT INTO services (name, created_at, owner, tier) VALUES",
    tail: "ON CONFLICT (name) DO UPDATE SET owner = COALESCE(services.owner, excluded.owner), tier = COALESCE(services.tier, excluded.tier) \
           WHERE (services.owner IS NULL AND excluded.owner IS NOT NULL) OR (services.tier IS NULL AND excluded.tier IS NOT NULL)",
    width: 4,
};

const INSERT_INCIDENT_SERVICES: ManyRows =
    ManyRows { head: "INSERT INTO incident_services (incident_id, service) VALUES", tail: "ON CONFLICT (incident_id, service) DO NOTHING", width: 2 };

impl Batch<'_> {
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

    pub(super) async fn flush_incidents(&mut self) -> Result<(), StoreError> {
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
        let mut services: BTreeMap<&str, Named<'_>> = BTreeMap::new();
        for incident in loaded.iter().map(|loaded| &loaded.incident) {
            let [owner, tier] = [OWNER_LABELS, TIER_LABELS].map(|names| names.iter().find_map(|name| incident.labels.get(*name)));
            // Whose label it is, is plain only where one service is named.
            // A private incident says nothing of a service that others may know.
            let alone = incident.services.len() == 1 && !incident.private;
            for service in &incident.services {
                let named = services.entry(service).or_insert(Named { at: incident.updated_at.micros(), owner: None, tier: None });
                named.owner = named.owner.or(owner.filter(|owner| alone && !owner.is_empty() && owner.len() <= 100).map(String::as_str));
                named.tier = named.tier.or(tier.filter(|_| alone).and_then(|tier| tier.parse().ok()).filter(|tier| (1..=MAX_TIER).contains(tier)));
            }
        }
        let services: Vec<(&str, Named<'_>)> = services.into_iter().collect();
        INSERT_SERVICES
            .execute(self.connection, &services, "record services", |statement, (service, named)| {
                statement.bind((*service).to_owned()).bind(named.at).bind(named.owner.map(str::to_owned)).bind(named.tier)
            })
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
}

/// What an event carries, as it is stored.
fn event_data(kind: &EventKind) -> String {
    let data = serde_json::to_value(kind).ok().and_then(|mut kind| kind.get_mut("data").map(Value::take)).unwrap_or_default();
    canonical::to_string(&data)
}
