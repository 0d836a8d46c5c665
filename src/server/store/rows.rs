//! How rows are written in batches and read back.

use super::{StoreError, query};
use crate::domain::{
    alert::{Alert, AlertState, Episode, Labels, is_about_monitoring},
    ids::{AlertId, IncidentId, IntegrationId},
    incident::Incident,
    severity::AlertSeverity,
    time::Timestamp,
    timeline::Event,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sqlx::{Any, Row, any::AnyRow, query::Query};
use std::{
    collections::HashMap,
    fmt::Write,
    str::FromStr,
    sync::{LazyLock, Mutex},
};

/// How the driver calls PostgreSQL.
pub(super) const POSTGRES: &str = "PostgreSQL";

/// How many rows one statement carries. Few sizes, so that each database prepares each text once.
const SIZES: [usize; 4] = [64, 16, 4, 1];

/// A statement that carries many rows: `head`, then `($1, $2 …), (…)`, then `tail`. Neither `head`
/// nor `tail` has placeholders of its own.
pub(super) struct ManyRows {
    pub head: &'static str,
    pub tail: &'static str,
    /// Columns per row.
    pub width: usize,
}

/// What tells one text from another: what stands around its rows, how many there are, and whether they are numbered.
type Form = (&'static str, &'static str, usize, bool);

impl ManyRows {
    /// The text for `rows` rows. Texts are made once and kept for ever: there are few.
    ///
    /// SQLite gets `?` instead of `$1`: a numbered placeholder is a name there, and the driver asks
    /// for the name of every placeholder, which SQLite looks up one after the other.
    fn sql(&self, rows: usize, numbered: bool) -> &'static str {
        static TEXTS: LazyLock<Mutex<HashMap<Form, &'static str>>> = LazyLock::new(Mutex::default);
        let mut texts = TEXTS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        texts.entry((self.head, self.tail, rows, numbered)).or_insert_with(|| {
            let mut text = self.head.to_owned();
            for row in 0..rows {
                text.push_str(if row == 0 { " (" } else { ", (" });
                for column in 1..=self.width {
                    text.push_str(if column == 1 { "" } else { ", " });
                    if numbered {
                        // Writing into a String cannot fail.
                        let _ = write!(text, "${}", row * self.width + column);
                    } else {
                        text.push('?');
                    }
                }
                text.push(')');
            }
            text.push(' ');
            text.push_str(self.tail);
            text.leak()
        })
    }

    /// Runs the statement over `items`, as many rows at a time as fit; `bind` adds one row's columns.
    pub async fn execute<'q, T>(
        &self,
        connection: &mut sqlx::AnyConnection,
        items: &[T],
        what: &'static str,
        bind: impl Fn(Query<'q, Any, sqlx::any::AnyArguments>, &T) -> Query<'q, Any, sqlx::any::AnyArguments>,
    ) -> Result<(), StoreError> {
        let numbered = numbers_placeholders(connection);
        for chunk in chunks(items) {
            let statement = chunk.iter().fold(sqlx::query(self.sql(chunk.len(), numbered)), &bind);
            statement.execute(&mut *connection).await.map_err(query(what))?;
        }
        Ok(())
    }

    /// The same for statements that answer rows.
    pub async fn fetch<'q, T>(
        &self,
        connection: &mut sqlx::AnyConnection,
        items: &[T],
        what: &'static str,
        bind: impl Fn(Query<'q, Any, sqlx::any::AnyArguments>, &T) -> Query<'q, Any, sqlx::any::AnyArguments>,
    ) -> Result<Vec<AnyRow>, StoreError> {
        let mut rows = Vec::new();
        let numbered = numbers_placeholders(connection);
        for chunk in chunks(items) {
            let statement = chunk.iter().fold(sqlx::query(self.sql(chunk.len(), numbered)), &bind);
            rows.extend(statement.fetch_all(&mut *connection).await.map_err(query(what))?);
        }
        Ok(rows)
    }
}

fn numbers_placeholders(connection: &sqlx::AnyConnection) -> bool {
    connection.backend_name() == POSTGRES
}

/// Cuts `items` into pieces of the known sizes.
fn chunks<T>(mut items: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = SIZES.into_iter().find(|size| *size <= items.len())?;
        let (chunk, rest) = items.split_at(size);
        items = rest;
        Some(chunk)
    })
}

/// The columns of a whole alert, in the order that [`alert`] reads them, out of [`alert_tables`].
macro_rules! alert_columns {
    () => {
        "a.id, a.integration_id, a.source, a.dedupe_key, a.state, a.severity, a.title, a.labels, a.annotations, a.links, a.started_at, \
         a.resolved_at, a.deliveries + COALESCE(r.deliveries, 0), a.incident_id, a.stale, \
         CASE WHEN r.last_event_at > a.last_event_at THEN r.last_event_at ELSE a.last_event_at END, \
         CASE WHEN r.alert_id IS NULL THEN a.expires_at ELSE r.expires_at END, a.service, a.group_key"
    };
}
pub(super) use alert_columns;

/// The tables that an alert is put together from: its row, and what repeats of it changed since.
macro_rules! alert_tables {
    () => {
        "alerts a LEFT JOIN alert_refreshes r ON r.alert_id = a.id"
    };
}
pub(super) use alert_tables;

pub(super) fn alert(row: &AnyRow) -> Result<Alert, StoreError> {
    Ok(Alert {
        id: AlertId(parsed(row, 0)?),
        integration_id: IntegrationId(parsed(row, 1)?),
        source: get(row, 2)?,
        dedupe_key: get(row, 3)?,
        state: AlertState::from_slug(get::<&str>(row, 4)?).unwrap_or(AlertState::Triggered),
        severity: get::<Option<String>>(row, 5)?.and_then(|word| AlertSeverity::from_word(&word)),
        title: get(row, 6)?,
        labels: json_column(row, 7)?,
        annotations: json_column(row, 8)?,
        links: json_column(row, 9)?,
        started_at: time(row, 10)?,
        resolved_at: optional_time(row, 11)?,
        deliveries: get(row, 12)?,
        incident_id: optional_id(row, 13)?.map(IncidentId),
        // What is over needs nobody to refresh it.
        stale: get::<i64>(row, 14)? != 0 && get::<Option<i64>>(row, 11)?.is_none(),
    })
}

/// The same row as the part that decides what the next signal does.
pub(super) fn episode(row: &AnyRow) -> Result<Episode, StoreError> {
    Ok(Episode {
        id: AlertId(parsed(row, 0)?),
        state: AlertState::from_slug(get::<&str>(row, 4)?).unwrap_or(AlertState::Triggered),
        severity: get::<Option<String>>(row, 5)?.and_then(|word| AlertSeverity::from_word(&word)),
        started_at: time(row, 10)?,
        resolved_at: optional_time(row, 11)?,
        incident_id: optional_id(row, 13)?.map(IncidentId),
        last_event_at: time(row, 15)?,
        expires_at: optional_time(row, 16)?,
        service: get::<Option<&str>>(row, 17)?.map(Into::into),
        about_monitoring: is_about_monitoring(&json_column::<Labels>(row, 7)?),
        group_key: get::<&str>(row, 18)?.into(),
    })
}

/// The whole log of the incident `$1`, as [`event`] reads it.
pub(super) const EVENTS_OF_INCIDENT: &str = "SELECT incident_id, seq, happened_at, recorded_at, actor, command, kind, data, prev_hash, hash FROM events \
                                             WHERE incident_id = $1 ORDER BY seq";

/// Reads `incident_id, seq, happened_at, recorded_at, actor, command, kind, data, prev_hash, hash`
/// without the first.
pub(super) fn event(row: &AnyRow) -> Result<Event, StoreError> {
    let data: Value = json_column(row, 7)?;
    let kind = json!({ "kind": get::<&str>(row, 6)?, "data": data });
    Ok(Event {
        seq: get(row, 1)?,
        happened_at: time(row, 2)?,
        recorded_at: time(row, 3)?,
        actor: json_column(row, 4)?,
        command: optional_id(row, 5)?.map(crate::domain::ids::CommandId),
        kind: serde_json::from_value(kind).map_err(|source| StoreError::Unreadable { what: "an event", source })?,
        prev_hash: get(row, 8)?,
        hash: get(row, 9)?,
    })
}

pub(super) fn incident(row: &AnyRow, column: usize) -> Result<Incident, StoreError> {
    json_column(row, column)
}

pub(super) fn get<'r, T>(row: &'r AnyRow, column: usize) -> Result<T, StoreError>
where
    T: sqlx::Decode<'r, Any> + sqlx::Type<Any>,
{
    row.try_get(column).map_err(query("read a column"))
}

pub(super) fn parsed<T: FromStr>(row: &AnyRow, column: usize) -> Result<T, StoreError> {
    let text: &str = get(row, column)?;
    text.parse().map_err(|_| unreadable("an id"))
}

pub(super) fn time(row: &AnyRow, column: usize) -> Result<Timestamp, StoreError> {
    get(row, column).map(Timestamp::from_micros)
}

pub(super) fn optional_time(row: &AnyRow, column: usize) -> Result<Option<Timestamp>, StoreError> {
    Ok(get::<Option<i64>>(row, column)?.map(Timestamp::from_micros))
}

fn optional_id(row: &AnyRow, column: usize) -> Result<Option<uuid::Uuid>, StoreError> {
    get::<Option<String>>(row, column)?.map(|text| text.parse().map_err(|_| unreadable("an id"))).transpose()
}

pub(super) fn json_column<T: DeserializeOwned>(row: &AnyRow, column: usize) -> Result<T, StoreError> {
    serde_json::from_str(get(row, column)?).map_err(|source| StoreError::Unreadable { what: "a JSON column", source })
}

/// JSON of something that is known to serialise: maps with text keys and plain structs.
pub(super) fn to_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("our own types have text keys only, so they serialise")
}

fn unreadable(what: &'static str) -> StoreError {
    StoreError::Unreadable { what, source: <serde_json::Error as serde::de::Error>::custom("it is not in the form that was written") }
}

#[cfg(test)]
mod tests {
    use super::ManyRows;

    #[test]
    fn statements_that_begin_alike_are_not_taken_for_each_other() {
        let ends = |tail| ManyRows { head: "WITH wanted (ref) AS (VALUES", tail, width: 1 }.sql(1, true);
        assert_eq!(ends(") SELECT 1 FROM wanted"), "WITH wanted (ref) AS (VALUES ($1) ) SELECT 1 FROM wanted");
        assert_eq!(ends(") SELECT 2 FROM wanted"), "WITH wanted (ref) AS (VALUES ($1) ) SELECT 2 FROM wanted");
    }
}
