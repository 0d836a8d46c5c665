//! What figures are made from: narrow rows, found by time whatever else the history holds.

use super::{
    Store, StoreError, query, rows,
    rows::{ManyRows, to_json},
};
use crate::domain::{
    ids::{IncidentId, IncidentRef},
    incident::Incident,
    metrics::{Facts, Range},
    people::Actor,
    time::Timestamp,
};
use futures::TryStreamExt;
use sqlx::AnyConnection;
use std::collections::{HashMap, HashSet};

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

/// The widths of the classes of length, in microseconds, each four times the one before. The last
/// holds what is longer or still goes on; it is read from the beginning of time, and is small.
const WIDTHS: [i64; 10] = [HOUR, 4 * HOUR, 16 * HOUR, 64 * HOUR, 256 * HOUR, 1_024 * HOUR, 4_096 * HOUR, 16_384 * HOUR, 65_536 * HOUR, i64::MAX / 4];

/// The class of an incident from `from` to `to`.
fn span_class(from: Timestamp, to: Option<Timestamp>) -> i64 {
    let last = WIDTHS.len() - 1;
    let class = to.and_then(|to| WIDTHS.iter().position(|width| to.micros_since(from) < *width)).unwrap_or(last);
    i64::try_from(class).unwrap_or(i64::MAX)
}

const SAVE: ManyRows = ManyRows {
    head: "INSERT INTO incident_facts (incident_id, span, day, private, facts) VALUES",
    tail: "ON CONFLICT (incident_id) DO UPDATE SET span = excluded.span, day = excluded.day, private = excluded.private, facts = excluded.facts",
    width: 5,
};

/// Writes down what is known of these incidents; those that count nowhere are taken away.
pub(super) async fn save(connection: &mut AnyConnection, incidents: &[(&Incident, Option<Facts>)]) -> Result<(), StoreError> {
    let counted: Vec<(&Incident, &Facts)> = incidents.iter().filter_map(|(incident, facts)| Some((*incident, facts.as_ref()?))).collect();
    SAVE.execute(connection, &counted, "record what figures are made from", |statement, (incident, facts)| {
        statement
            .bind(incident.id.to_string())
            .bind(span_class(facts.started_at, facts.ended_at()))
            .bind(facts.started_at.micros().div_euclid(DAY))
            .bind(i64::from(incident.private))
            .bind(to_json(facts))
    })
    .await?;
    for (incident, _) in incidents.iter().filter(|(_, facts)| facts.is_none()) {
        sqlx::query("DELETE FROM incident_facts WHERE incident_id = $1")
            .bind(incident.id.to_string())
            .execute(&mut *connection)
            .await
            .map_err(query("take an incident out of the figures"))?;
    }
    Ok(())
}

/// What an incident is called, by its reference.
const NAMES: ManyRows =
    ManyRows { head: "WITH wanted (ref) AS (VALUES", tail: ") SELECT i.ref, i.id, i.title FROM wanted JOIN incidents i ON i.ref = wanted.ref", width: 1 };

/// Incidents all of whose alerts tell that a data source went silent (`levels/silence`).
const SILENCES: ManyRows = ManyRows {
    head: "WITH wanted (ref) AS (VALUES",
    tail: ") SELECT i.ref FROM wanted JOIN incidents i ON i.ref = wanted.ref JOIN alerts a ON a.incident_id = i.id GROUP BY i.ref \
           HAVING SUM(CASE WHEN a.source = 'slo' AND a.dedupe_key LIKE 'slo/source/%' THEN 0 ELSE 1 END) = 0",
    width: 1,
};

impl Store {
    /// Those of these incidents that are nothing but the silence of a data source.
    pub async fn silences(&self, references: &[IncidentRef]) -> Result<HashSet<IncidentRef>, StoreError> {
        let what = "read which incidents are the silence of a source";
        let mut connection = self.readers.acquire().await.map_err(query(what))?;
        let found = SILENCES.fetch(&mut connection, references, what, |statement, reference| statement.bind(reference.0)).await?;
        found.iter().map(|row| Ok(IncidentRef(rows::get(row, 0)?))).collect()
    }

    /// The ids and titles of incidents. Whether somebody may see them is decided before: these
    /// are the names of facts that [`Store::facts`] handed out.
    pub async fn names_of(&self, references: &[IncidentRef]) -> Result<HashMap<IncidentRef, (IncidentId, String)>, StoreError> {
        let what = "read what incidents are called";
        let mut connection = self.readers.acquire().await.map_err(query(what))?;
        let found = NAMES.fetch(&mut connection, references, what, |statement, reference| statement.bind(reference.0)).await?;
        found.iter().map(|row| Ok((IncidentRef(rows::get(row, 0)?), (rows::parsed(row, 1)?, rows::get(row, 2)?)))).collect()
    }

    /// The facts of every incident that `actor` may see and that touches `range`; some others are
    /// among them. What lies outside the range costs nothing.
    pub async fn facts(&self, range: &Range, actor: &Actor) -> Result<Vec<Facts>, StoreError> {
        let visible = self.private_incidents_of(actor).await?;
        let mut facts = Vec::new();
        for (class, width) in WIDTHS.iter().enumerate() {
            let mut days = sqlx::query(
                "SELECT string_agg(facts, ',') FROM incident_facts WHERE span = $1 AND day >= $2 AND day <= $3 \
                 AND (private = 0 OR $4 = '*' OR $4 LIKE '%,' || incident_id || ',%') GROUP BY day",
            )
            .bind(i64::try_from(class).unwrap_or(i64::MAX))
            .bind((range.from.micros() - width).div_euclid(DAY))
            .bind(range.to.micros().div_euclid(DAY))
            .bind(visible.clone())
            .fetch(&self.readers);
            while let Some(day) = days.try_next().await.map_err(query("read what figures are made from"))? {
                let of_day: Vec<Facts> = serde_json::from_str(&format!("[{}]", rows::get::<&str>(&day, 0)?)).map_err(unreadable)?;
                facts.extend(of_day);
            }
        }
        Ok(facts)
    }
}

fn unreadable(source: serde_json::Error) -> StoreError {
    StoreError::Unreadable { what: "what figures are made from", source }
}
