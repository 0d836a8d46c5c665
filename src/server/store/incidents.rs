//! Reading incidents and their logs.

use super::{Page, Store, StoreError, query, rows};
use crate::domain::{
    alert::Alert,
    ids::{IncidentId, IncidentRef},
    incident::{Incident, Kind, State},
    people::{Actor, Right},
    severity::Severity,
    time::Timestamp,
    timeline::Event,
};
use sqlx::any::AnyRow;

/// Which incidents a list holds. Empty lists and `None` filter nothing.
#[derive(Clone, Debug)]
pub struct IncidentFilter {
    pub states: Vec<State>,
    pub severity: Vec<Severity>,
    pub service: Option<String>,
    pub kind: Option<Kind>,
    pub origin: Option<String>,
    pub updated_since: Option<Timestamp>,
    pub resolved_since: Option<Timestamp>,
    /// Labels with exactly these values, all of them.
    pub labels: Vec<(String, String)>,
    pub not: Unwanted,
    pub actor: Actor,
}

/// What incidents of a list are not.
#[derive(Clone, Debug, Default)]
pub struct Unwanted {
    pub states: Vec<State>,
    pub severity: Vec<Severity>,
    pub services: Vec<String>,
    pub kinds: Vec<Kind>,
    pub labels: Vec<(String, String)>,
}

impl IncidentFilter {
    /// Everything `actor` may see.
    pub fn for_actor(actor: Actor) -> Self {
        Self {
            states: vec![],
            severity: vec![],
            service: None,
            kind: None,
            origin: None,
            updated_since: None,
            resolved_since: None,
            labels: vec![],
            not: Unwanted::default(),
            actor,
        }
    }

    /// What the database cannot tell: labels stand inside the whole incident.
    fn admits(&self, incident: &Incident) -> bool {
        let has = |(name, value): &(String, String)| incident.labels.get(name) == Some(value);
        self.labels.iter().all(has) && !self.not.labels.iter().any(has) && !self.not.services.iter().any(|service| incident.services.contains(service))
    }
}

/// How long a resolved incident stays on the board.
const BOARD_KEEPS_SECS: i64 = 24 * 3600;

impl Store {
    pub async fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StoreError> {
        let row = sqlx::query("SELECT doc FROM incidents WHERE id = $1")
            .bind(id.to_string())
            .fetch_optional(&self.readers)
            .await
            .map_err(query("read an incident"))?;
        row.map(|row| rows::incident(&row, 0)).transpose()
    }

    pub async fn incident_id_of(&self, reference: IncidentRef) -> Result<Option<IncidentId>, StoreError> {
        let row = sqlx::query("SELECT id FROM incidents WHERE ref = $1")
            .bind(reference.0)
            .fetch_optional(&self.readers)
            .await
            .map_err(query("find an incident by its reference"))?;
        row.map(|row| rows::parsed(&row, 0)).transpose()
    }

    /// The whole log of an incident, by sequence.
    pub async fn events(&self, id: IncidentId) -> Result<Vec<Event>, StoreError> {
        let found = sqlx::query(rows::EVENTS_OF_INCIDENT).bind(id.to_string()).fetch_all(&self.readers).await.map_err(query("read an incident's events"))?;
        found.iter().map(rows::event).collect()
    }

    /// The whole log of an incident and its alerts, the oldest first, as both stood at one moment.
    pub async fn events_and_alerts(&self, id: IncidentId) -> Result<(Vec<Event>, Vec<Alert>), StoreError> {
        const ALERTS: &str = concat!("SELECT ", rows::alert_columns!(), " FROM ", rows::alert_tables!(), " WHERE a.incident_id = $1");
        let (events, mut alerts) = self.events_and(id, ALERTS, rows::alert).await?;
        alerts.sort_by_key(|alert| (alert.started_at, alert.id));
        Ok((events, alerts))
    }

    /// The whole log of an incident and what `sql` finds of it, `$1`, as both stood at one moment.
    pub(super) async fn events_and<T>(
        &self,
        id: IncidentId,
        sql: &'static str,
        item: impl Fn(&AnyRow) -> Result<T, StoreError>,
    ) -> Result<(Vec<Event>, Vec<T>), StoreError> {
        const WHAT: &str = "read an incident's events and alerts";
        let mut read = self.readers.begin_with(self.backend.begin_reading()).await.map_err(query(WHAT))?;
        let events = sqlx::query(rows::EVENTS_OF_INCIDENT).bind(id.to_string()).fetch_all(&mut *read).await.map_err(query(WHAT))?;
        let items = sqlx::query(sql).bind(id.to_string()).fetch_all(&mut *read).await.map_err(query(WHAT))?;
        read.rollback().await.map_err(query(WHAT))?;
        Ok((events.iter().map(rows::event).collect::<Result<_, _>>()?, items.iter().map(item).collect::<Result<_, _>>()?))
    }

    /// A page of incidents, the newest reference first.
    pub async fn incidents(&self, filter: &IncidentFilter, cursor: Option<&str>, limit: i64) -> Result<Page<Incident>, StoreError> {
        let wanted = usize::try_from(limit).unwrap_or(0);
        let mut items = Vec::new();
        let mut cursor = cursor.map(str::to_owned);
        loop {
            let page = self.incidents_before_labels(filter, cursor.as_deref(), limit).await?;
            cursor = page.next_cursor;
            items.extend(page.items.into_iter().filter(|incident| filter.admits(incident)));
            if items.len() > wanted {
                items.truncate(wanted);
                cursor = items.last().map(|last| last.reference.0.to_string());
            }
            if items.len() >= wanted || cursor.is_none() {
                return Ok(Page { items, next_cursor: cursor });
            }
        }
    }

    async fn incidents_before_labels(&self, filter: &IncidentFilter, cursor: Option<&str>, limit: i64) -> Result<Page<Incident>, StoreError> {
        let visible = self.private_incidents_of(&filter.actor).await?;
        let found = sqlx::query(
            "SELECT i.ref, i.doc FROM incidents i WHERE ($1 = 0 OR i.ref < $1) \
             AND ($2 = '' OR $2 LIKE '%,' || i.state || ',%') \
             AND ($3 = '' OR $3 LIKE '%,' || CAST(i.severity AS TEXT) || ',%') \
             AND ($4 = '' OR EXISTS (SELECT 1 FROM incident_services s WHERE s.incident_id = i.id AND s.service = $4)) \
             AND ($5 = '' OR i.kind = $5) AND ($6 = '' OR i.origin = $6) \
             AND ($7 = 0 OR i.updated_at >= $7) AND ($8 = 0 OR i.resolved_at >= $8) \
             AND (i.private = 0 OR $9 = '*' OR $9 LIKE '%,' || i.id || ',%') \
             AND ($10 = '' OR $10 NOT LIKE '%,' || i.state || ',%') AND ($11 = '' OR $11 NOT LIKE '%,' || i.kind || ',%') \
             AND ($12 = '' OR i.severity IS NULL OR $12 NOT LIKE '%,' || CAST(i.severity AS TEXT) || ',%') AND ($13 = '' OR i.doc LIKE $13 ESCAPE '!') \
             ORDER BY i.ref DESC LIMIT $14",
        )
        .bind(cursor.and_then(|cursor| cursor.parse::<i64>().ok()).unwrap_or(0))
        .bind(among(filter.states.iter().map(|state| state.slug().to_owned())))
        .bind(among(filter.severity.iter().map(|severity| severity.level().to_string())))
        .bind(filter.service.clone().unwrap_or_default())
        .bind(filter.kind.map_or("", Kind::slug))
        .bind(filter.origin.clone().unwrap_or_default())
        .bind(filter.updated_since.map_or(0, Timestamp::micros))
        .bind(filter.resolved_since.map_or(0, Timestamp::micros))
        .bind(visible)
        .bind(among(filter.not.states.iter().map(|state| state.slug().to_owned())))
        .bind(among(filter.not.kinds.iter().map(|kind| kind.slug().to_owned())))
        .bind(among(filter.not.severity.iter().map(|severity| severity.level().to_string())))
        .bind(filter.labels.first().map(label_in_doc).unwrap_or_default())
        .bind(limit + 1)
        .fetch_all(&self.readers)
        .await
        .map_err(query("list incidents"))?;
        super::page(&found, limit, |row| rows::incident(row, 1), |row| Ok(rows::get::<i64>(row, 0)?.to_string()))
    }

    /// What the board holds, and the number of the last change it is sure to contain.
    pub async fn board(&self, actor: &Actor) -> Result<(i64, Vec<Incident>), StoreError> {
        // Read first: what commits in between is in both, and folding it again changes nothing.
        let seq = self.latest_seq().await?;
        let found = sqlx::query(
            "SELECT doc FROM incidents WHERE state IN ('triage', 'active', 'mitigated') OR (state = 'resolved' AND resolved_at >= $1) ORDER BY updated_at DESC",
        )
        .bind(self.clock.now().plus_secs(-BOARD_KEEPS_SECS).micros())
        .fetch_all(&self.readers)
        .await
        .map_err(query("read the board"))?;
        let incidents: Vec<Incident> = found.iter().map(|row| rows::incident(row, 0)).collect::<Result<_, _>>()?;
        Ok((seq, incidents.into_iter().filter(|incident| incident.is_visible_to(actor)).collect()))
    }

    /// The private incidents that `actor` may see, as `,id,id,`; `*` for all of them. There are few.
    pub(super) async fn private_incidents_of(&self, actor: &Actor) -> Result<String, StoreError> {
        if actor.role.may(Right::SeePrivate) {
            return Ok("*".to_owned());
        }
        let found = sqlx::query("SELECT doc FROM incidents WHERE private = 1").fetch_all(&self.readers).await.map_err(query("read private incidents"))?;
        let incidents: Vec<Incident> = found.iter().map(|row| rows::incident(row, 0)).collect::<Result<_, _>>()?;
        Ok(among(incidents.iter().filter(|incident| incident.is_visible_to(actor)).map(|incident| incident.id.to_string())))
    }
}

/// For `LIKE … ESCAPE '!'`: the label as it stands inside an incident or an alert. Others may look alike, so
/// whoever asks looks again.
pub(super) fn label_in_doc((name, value): &(String, String)) -> String {
    let pair = format!("{}:{}", rows::to_json(name), rows::to_json(value));
    format!("%{}%", pair.replace('!', "!!").replace('%', "!%").replace('_', "!_"))
}

/// `,a,b,` for `LIKE '%,a,%'`; empty for no values at all.
fn among(values: impl Iterator<Item = String>) -> String {
    let joined = values.collect::<Vec<_>>().join(",");
    if joined.is_empty() { joined } else { format!(",{joined},") }
}
