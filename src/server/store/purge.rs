//! Retention: whole incidents that are over leave, with everything that tells of them. What stays
//! is a tombstone in the audit log, written in the same transaction, so that a hole that
//! retention made can be told from one that somebody made.

use super::{Store, StoreError, audit, query, rows, rows::ManyRows};
use crate::domain::{
    audit::{Action, By, Subject},
    ids::IncidentRef,
    time::Timestamp,
};
use serde::Serialize;
use std::time::Duration;

/// How many incidents leave in one transaction: few, so that nobody waits long behind a purge.
const INCIDENTS_AT_ONCE: i64 = 16;
const ROWS_AT_ONCE: i64 = 1_000;
/// Between two transactions others have the writer to themselves.
const PAUSE: Duration = Duration::from_millis(5);

/// What left, or would leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Purged {
    pub incidents: u64,
    pub events: u64,
    /// Of these incidents, and those that never belonged to one.
    pub alerts: u64,
    pub changes: u64,
    /// As old, and still here: resolved and not closed, or with an alert that still fires.
    pub kept: u64,
}

/// An incident is over when it is closed, was a false alarm, or goes on in another one. One whose
/// alert still fires is not: its alert would begin anew.
macro_rules! is_over {
    () => {
        "state IN ('closed', 'cancelled', 'merged') AND updated_at < $1 \
         AND NOT EXISTS (SELECT 1 FROM alerts a WHERE a.incident_id = incidents.id AND a.resolved_at IS NULL)"
    };
}

/// Everything that belongs to an incident, by its id; the incident itself comes last.
const PARTS: [ManyRows; 9] = [
    // What everybody could see named these services, so they stay known.
    ManyRows {
        head: "UPDATE services SET described = 1 WHERE name IN (SELECT n.service FROM incident_services n JOIN incidents i ON i.id = n.incident_id \
               WHERE i.private = 0 AND i.id IN (SELECT column1 FROM (VALUES",
        tail: ") AS v))",
        width: 1,
    },
    ManyRows {
        head: "DELETE FROM alert_refreshes WHERE alert_id IN (SELECT a.id FROM alerts a WHERE a.incident_id IN (SELECT column1 FROM (VALUES",
        tail: ") AS v))",
        width: 1,
    },
    of_incidents("DELETE FROM incident_services WHERE incident_id IN (SELECT column1 FROM (VALUES"),
    of_incidents("DELETE FROM incident_facts WHERE incident_id IN (SELECT column1 FROM (VALUES"),
    of_incidents("DELETE FROM imports WHERE incident_id IN (SELECT column1 FROM (VALUES"),
    of_incidents("DELETE FROM alert_groups WHERE incident_id IN (SELECT column1 FROM (VALUES"),
    of_incidents("DELETE FROM alerts WHERE incident_id IN (SELECT column1 FROM (VALUES"),
    of_incidents("DELETE FROM events WHERE incident_id IN (SELECT column1 FROM (VALUES"),
    of_incidents("DELETE FROM incidents WHERE id IN (SELECT column1 FROM (VALUES"),
];

const fn of_incidents(head: &'static str) -> ManyRows {
    ManyRows { head, tail: ") AS v)", width: 1 }
}

impl Store {
    /// What a purge would remove.
    pub async fn would_purge(&self, before: Timestamp) -> Result<Purged, StoreError> {
        const INCIDENTS: &str = concat!("SELECT COUNT(*), CAST(COALESCE(SUM(version), 0) AS BIGINT) FROM incidents WHERE ", is_over!());
        const ALERTS: &str = concat!("SELECT COUNT(*) FROM alerts b WHERE b.incident_id IN (SELECT id FROM incidents WHERE ", is_over!(), ")");
        const LONE: &str = "SELECT COUNT(*) FROM alerts WHERE incident_id IS NULL AND resolved_at IS NOT NULL AND resolved_at < $1 AND received_at < $1";
        const CHANGES: &str = "SELECT COUNT(*) FROM change_records WHERE happened_at < $1 AND received_at < $1";
        let one =
            async |sql: &'static str| sqlx::query(sql).bind(before.micros()).fetch_one(&self.readers).await.map_err(query("look for what retention removes"));
        let count = |row: &sqlx::any::AnyRow, column| rows::get::<i64>(row, column).map(i64::unsigned_abs);
        let incidents = one(INCIDENTS).await?;
        Ok(Purged {
            incidents: count(&incidents, 0)?,
            events: count(&incidents, 1)?,
            alerts: count(&one(ALERTS).await?, 0)? + count(&one(LONE).await?, 0)?,
            changes: count(&one(CHANGES).await?, 0)?,
            kept: self.kept(before).await?,
        })
    }

    /// Removes what was over before `before` and was not touched since. `progress` hears what
    /// left so far. Breaking off between two transactions leaves everything whole.
    pub async fn purge(&self, before: Timestamp, by: &By, mut progress: impl FnMut(&Purged)) -> Result<Purged, StoreError> {
        // Both statements of a transaction find the same alerts.
        const LONE: [&str; 2] = [
            "DELETE FROM alert_refreshes WHERE alert_id IN (SELECT id FROM alerts WHERE incident_id IS NULL AND resolved_at IS NOT NULL \
             AND resolved_at < $1 AND received_at < $1 ORDER BY id LIMIT $2)",
            "DELETE FROM alerts WHERE id IN (SELECT id FROM alerts WHERE incident_id IS NULL AND resolved_at IS NOT NULL \
             AND resolved_at < $1 AND received_at < $1 ORDER BY id LIMIT $2)",
        ];
        const CHANGES: &str = "DELETE FROM change_records WHERE id IN (SELECT id FROM change_records WHERE happened_at < $1 AND received_at < $1 LIMIT $2)";
        const STREAM: &str = "DELETE FROM changes WHERE seq IN (SELECT seq FROM changes WHERE recorded_at < $1 ORDER BY seq LIMIT $2)";
        let mut purged = Purged::default();
        while self.purge_some(before, by, &mut purged).await? {
            progress(&purged);
            tokio::time::sleep(PAUSE).await;
        }
        purged.alerts += self.purge_rows(&LONE, before).await?;
        purged.changes += self.purge_rows(&[CHANGES], before).await?;
        // What the stream and repeated commands would still tell of them.
        self.purge_rows(&[STREAM], before).await?;
        self.prune_commands(before).await?;
        purged.kept = self.kept(before).await?;
        progress(&purged);
        Ok(purged)
    }

    /// One transaction; `false` when nothing was left to remove.
    async fn purge_some(&self, before: Timestamp, by: &By, purged: &mut Purged) -> Result<bool, StoreError> {
        const FIND: &str = concat!("SELECT id, ref, version, head_hash, state FROM incidents WHERE ", is_over!(), " ORDER BY state, updated_at LIMIT $2");
        let removing = "remove incidents by retention";
        let mut write = self.begin().await?;
        take_turn(&mut write).await?;
        let found = sqlx::query(FIND).bind(before.micros()).bind(INCIDENTS_AT_ONCE).fetch_all(&mut *write).await.map_err(query(removing))?;
        if found.is_empty() {
            return Ok(false);
        }
        let ids = found.iter().map(|row| rows::get::<String>(row, 0)).collect::<Result<Vec<_>, _>>()?;
        let mut alerts = 0;
        for id in &ids {
            let row = sqlx::query("SELECT COUNT(*) FROM alerts WHERE incident_id = $1").bind(id).fetch_one(&mut *write).await.map_err(query(removing))?;
            alerts += rows::get::<i64>(&row, 0)?.unsigned_abs();
        }
        for part in &PARTS {
            part.execute(&mut write, &ids, removing, |statement, id| statement.bind(id.clone())).await?;
        }
        let now = self.clock.now();
        for row in &found {
            let (id, reference, last): (String, i64, i64) = (rows::get(row, 0)?, rows::get(row, 1)?, rows::get(row, 2)?);
            let note = by.did(Action::IncidentPurged, Subject::new("incident", id, IncidentRef(reference).to_string()));
            let note = note.with("last_entry", last).with("head_hash", rows::get::<String>(row, 3)?).with("state", rows::get::<String>(row, 4)?);
            audit::append(&mut write, now, &note).await?;
            purged.events += last.unsigned_abs();
        }
        write.commit().await.map_err(query(removing))?;
        purged.incidents += ids.len() as u64;
        purged.alerts += alerts;
        Ok(true)
    }

    /// Runs the statements in a transaction, again and again while there is something left; the last
    /// one counts.
    async fn purge_rows(&self, statements: &[&'static str], before: Timestamp) -> Result<u64, StoreError> {
        let removing = "remove by retention";
        let mut gone = 0;
        loop {
            let mut write = self.begin().await?;
            take_turn(&mut write).await?;
            let mut done = 0;
            for sql in statements {
                let ran = sqlx::query(*sql).bind(before.micros()).bind(ROWS_AT_ONCE).execute(&mut *write).await;
                done = ran.map_err(query(removing))?.rows_affected();
            }
            write.commit().await.map_err(query(removing))?;
            gone += done;
            if done < ROWS_AT_ONCE.unsigned_abs() {
                return Ok(gone);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn kept(&self, before: Timestamp) -> Result<u64, StoreError> {
        const OLD: &str = "SELECT COUNT(*) FROM incidents WHERE updated_at < $1 AND state NOT IN ('triage', 'active', 'mitigated')";
        const OVER: &str = concat!("SELECT COUNT(*) FROM incidents WHERE ", is_over!());
        let mut counts = [0; 2];
        for (count, sql) in counts.iter_mut().zip([OLD, OVER]) {
            let row = sqlx::query(sql).bind(before.micros()).fetch_one(&self.readers).await.map_err(query("look for what retention keeps"))?;
            *count = rows::get::<i64>(&row, 0)?;
        }
        Ok((counts[0] - counts[1]).unsigned_abs())
    }
}

/// Takes the writer's turn as another process would: every writer forgets what it remembers of
/// incidents and alerts, for some of them are gone.
async fn take_turn(write: &mut sqlx::AnyConnection) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE counters SET value = value + 1 WHERE name = 'write'";
    sqlx::query(SQL).execute(write).await.map(drop).map_err(query("take the writer's turn"))
}
