//! The audit log: appended in the transaction of what it tells of, read newest first.

use super::{Page, Store, StoreError, query, rows};
use crate::domain::{
    audit::{Action, AuditEntry, AuditState, Chain, Note, Subject},
    ids::IncidentRef,
    people::{ActorKind, ActorRef},
    time::Timestamp,
    timeline::{GENESIS, Head},
};
use sqlx::{AnyConnection, any::AnyRow};
use std::collections::BTreeSet;

/// Which entries a list holds. `None` filters nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuditFilter {
    pub from: Option<Timestamp>,
    /// Exclusive.
    pub to: Option<Timestamp>,
    /// An id or a name.
    pub actor: Option<String>,
    /// A slug, or what those of a kind begin with.
    pub action: Option<String>,
}

/// How many entries one read of the store brings.
const PAGE: i64 = 500;
/// Most names that a filter offers.
const MOST_ACTORS: i64 = 500;

macro_rules! entry_columns {
    () => {
        "seq, at, actor_kind, actor_id, actor_name, action, subject, address, data, prev_hash, hash"
    };
}

/// Appends an entry to the log, as the last thing of a transaction: until it ends, whoever else
/// has something to note waits for the counter's row, in this process or another.
pub(super) async fn append(write: &mut AnyConnection, at: Timestamp, note: &Note) -> Result<(), StoreError> {
    const COUNT: &str = "UPDATE counters SET value = value + 1 WHERE name = 'audit' RETURNING value";
    const LAST: &str = "SELECT hash FROM audit ORDER BY seq DESC LIMIT 1";
    const INSERT: &str = concat!("INSERT INTO audit (", entry_columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)");
    let noting = "note something in the audit log";
    let count = sqlx::query(COUNT).fetch_one(&mut *write).await.map_err(query(noting))?;
    let last = sqlx::query(LAST).fetch_optional(&mut *write).await.map_err(query(noting))?;
    let hash = last.map_or_else(|| Ok(GENESIS.to_owned()), |row| rows::get(&row, 0))?;
    // The number comes from the counter and not from the last row: where that one was removed by
    // hand, the hole stays.
    let entry = AuditEntry::after(&Head { seq: rows::get::<i64>(&count, 0)? - 1, hash }, at, note);
    sqlx::query(INSERT)
        .bind(entry.seq)
        .bind(entry.at.micros())
        .bind(entry.actor.kind.slug())
        .bind(entry.actor.id)
        .bind(entry.actor.name)
        .bind(entry.action)
        .bind(entry.subject.as_ref().map(rows::to_json))
        .bind(entry.address)
        .bind(rows::to_json(&entry.data))
        .bind(entry.prev_hash)
        .bind(entry.hash)
        .execute(write)
        .await
        .map(drop)
        .map_err(query(noting))
}

impl Store {
    /// Notes something that is no change of the database by itself.
    pub async fn note(&self, note: &Note) -> Result<(), StoreError> {
        let mut write = self.begin().await?;
        append(&mut write, self.clock.now(), note).await?;
        write.commit().await.map_err(query("note something in the audit log"))
    }

    /// A page of the log, the newest first.
    pub async fn audit(&self, filter: &AuditFilter, cursor: Option<&str>, limit: i64) -> Result<Page<AuditEntry>, StoreError> {
        const SQL: &str = concat!(
            "SELECT ",
            entry_columns!(),
            " FROM audit WHERE ($1 = 0 OR seq < $1) AND ($2 = 0 OR at >= $2) AND ($3 = 0 OR at < $3) \
             AND ($4 = '' OR actor_id = $4 OR actor_name = $4) AND ($5 = '' OR action = $5 OR action LIKE $5 || '.%') ORDER BY seq DESC LIMIT $6"
        );
        let found = sqlx::query(SQL)
            .bind(cursor.and_then(|cursor| cursor.parse::<i64>().ok()).unwrap_or(0))
            .bind(filter.from.map_or(0, Timestamp::micros))
            .bind(filter.to.map_or(0, Timestamp::micros))
            .bind(filter.actor.clone().unwrap_or_default())
            .bind(filter.action.clone().unwrap_or_default())
            .bind(limit + 1)
            .fetch_all(&self.readers)
            .await
            .map_err(query("list the audit log"))?;
        super::page(&found, limit, entry, |row| Ok(rows::get::<i64>(row, 0)?.to_string()))
    }

    /// Everybody whom the log names, by name; whoever was renamed stands there as they were called last.
    pub async fn audit_actors(&self) -> Result<Vec<ActorRef>, StoreError> {
        const SQL: &str = "SELECT actor_kind, actor_id, actor_name FROM audit WHERE seq IN (SELECT MAX(seq) FROM audit GROUP BY actor_id) \
                           ORDER BY actor_name, actor_id LIMIT $1";
        let found = sqlx::query(SQL).bind(MOST_ACTORS).fetch_all(&self.readers).await.map_err(query("list whom the audit log names"))?;
        found.iter().map(|row| actor(row, 0)).collect()
    }

    /// What was noted of definitions in `[from, to)`: of services, objectives, what they leave out,
    /// their data sources and targets, and of integrations; the last first.
    pub async fn definition_changes(&self, (from, to): (Timestamp, Timestamp), before: i64, limit: i64) -> Result<Vec<AuditEntry>, StoreError> {
        const SQL: &str = concat!(
            "SELECT ",
            entry_columns!(),
            " FROM audit WHERE action IN ('service.described', 'objective.created', 'objective.changed', 'objective.removed', 'exclusion.created', \
             'exclusion.removed', 'data_source.created', 'data_source.changed', 'data_source.removed', 'target.set', 'integration.created', \
             'integration.changed', 'integration.disabled', 'integration.enabled', 'release_gate.overridden', 'release_gate.override_ended') \
             AND at >= $1 AND at < $2 AND seq < $3 ORDER BY seq DESC LIMIT $4"
        );
        let found = sqlx::query(SQL).bind(from.micros()).bind(to.micros()).bind(before).bind(limit).fetch_all(&self.readers).await;
        found.map_err(query("read what was defined"))?.iter().map(entry).collect()
    }

    /// The references of the incidents that retention removed.
    pub(super) async fn tombstones(&self) -> Result<BTreeSet<i64>, StoreError> {
        const SQL: &str = "SELECT seq, subject FROM audit WHERE action = $1 AND seq > $2 ORDER BY seq LIMIT $3";
        let (mut buried, mut after) = (BTreeSet::new(), 0_i64);
        loop {
            let asked = sqlx::query(SQL).bind(Action::IncidentPurged.slug()).bind(after).bind(PAGE);
            let found = asked.fetch_all(&self.readers).await.map_err(query("read what retention removed"))?;
            for row in &found {
                after = rows::get(row, 0)?;
                // One that cannot be read stands for nothing, and breaks the chain besides.
                let subject: Option<Subject> = rows::get::<Option<&str>>(row, 1)?.and_then(|text| serde_json::from_str(text).ok());
                buried.extend(subject.and_then(|subject| subject.name.parse::<IncidentRef>().ok()).map(|reference| reference.0));
            }
            if found.is_empty() {
                return Ok(buried);
            }
        }
    }

    /// Follows the whole log from its first entry.
    pub async fn audit_state(&self) -> Result<AuditState, StoreError> {
        const WRITTEN: &str = "SELECT value FROM counters WHERE name = 'audit'";
        const SQL: &str = concat!("SELECT ", entry_columns!(), " FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2");
        // Read first: what is noted meanwhile lies beyond it.
        let row = sqlx::query(WRITTEN).fetch_optional(&self.readers).await.map_err(query("count the audit log"))?;
        let written = row.map_or(Ok(0), |row| rows::get::<i64>(&row, 0))?;
        let (mut chain, mut after, mut beyond) = (Chain::default(), i64::MIN, written);
        loop {
            let found = sqlx::query(SQL).bind(after).bind(PAGE).fetch_all(&self.readers).await.map_err(query("read the audit log"))?;
            for row in &found {
                after = rows::get(row, 0)?;
                match entry(row) {
                    Ok(entry) => chain.follow(&entry),
                    // What cannot be read any more was changed; saying which entry is the point here.
                    Err(_) => chain.unreadable(after),
                }
            }
            if found.is_empty() {
                break;
            }
        }
        if after > written {
            let row = sqlx::query(WRITTEN).fetch_optional(&self.readers).await.map_err(query("count the audit log"))?;
            beyond = row.map_or(Ok(0), |row| rows::get::<i64>(&row, 0))?.min(after);
        }
        Ok(chain.end(beyond))
    }
}

pub(super) fn entry(row: &AnyRow) -> Result<AuditEntry, StoreError> {
    let subject: Option<&str> = rows::get(row, 6)?;
    Ok(AuditEntry {
        seq: rows::get(row, 0)?,
        at: rows::time(row, 1)?,
        actor: actor(row, 2)?,
        action: rows::get(row, 5)?,
        subject: subject.map(serde_json::from_str).transpose().map_err(unreadable)?,
        address: rows::get(row, 7)?,
        data: rows::json_column(row, 8)?,
        prev_hash: rows::get(row, 9)?,
        hash: rows::get(row, 10)?,
    })
}

fn actor(row: &AnyRow, first: usize) -> Result<ActorRef, StoreError> {
    let kind: &str = rows::get(row, first)?;
    let kind = ActorKind::from_slug(kind).ok_or_else(|| unreadable(serde::de::Error::custom("there is no such kind of actor")))?;
    Ok(ActorRef { kind, id: rows::get(row, first + 1)?, name: rows::get(row, first + 2)? })
}

fn unreadable(source: serde_json::Error) -> StoreError {
    StoreError::Unreadable { what: "an entry of the audit log", source }
}
