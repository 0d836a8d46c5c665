//! Alerts whose sender has gone: marked, announced, and unmarked when it is back. Few at a time in
//! one transaction, so that deliveries of others do not wait long.

use super::{Store, StoreError, query, rows, rows::ManyRows};
use crate::domain::{alert::Alert, boards::Happening, ids::IntegrationId};

/// Most alerts in one transaction.
const BATCH: i64 = 200;

const MARK: ManyRows = ManyRows { head: "UPDATE alerts SET stale = v.column2 FROM (VALUES", tail: ") AS v WHERE alerts.id = v.column1", width: 2 };

const ANNOUNCE: ManyRows = ManyRows { head: "INSERT INTO changes (seq, recorded_at, topic, incident_id, payload) VALUES", tail: "", width: 5 };

impl Store {
    /// Marks every open alert of an integration as stale, but for the one with the key `except`;
    /// or takes the mark away from all. Answers how many changed.
    pub async fn set_stale(&self, integration: IntegrationId, except: &str, stale: bool) -> Result<u64, StoreError> {
        let mut changed = 0;
        loop {
            let batch = self.set_some_stale(integration, except, stale).await?;
            changed += batch;
            if batch < BATCH as u64 {
                break;
            }
        }
        if changed > 0 {
            // They were not written by the writer, so they are handed out like another process' changes.
            self.poll_foreign_changes().await?;
        }
        Ok(changed)
    }

    async fn set_some_stale(&self, integration: IntegrationId, except: &str, stale: bool) -> Result<u64, StoreError> {
        const FRESH: &str = concat!(
            "SELECT ",
            rows::alert_columns!(),
            " FROM ",
            rows::alert_tables!(),
            " WHERE a.integration_id = $1 AND a.resolved_at IS NULL AND a.stale = 0 AND a.dedupe_key <> $2 ORDER BY a.id LIMIT $3"
        );
        const STALE: &str = concat!(
            "SELECT ",
            rows::alert_columns!(),
            " FROM ",
            rows::alert_tables!(),
            " WHERE a.integration_id = $1 AND a.stale = 1 AND a.dedupe_key <> $2 ORDER BY a.id LIMIT $3"
        );
        let what = "mark stale alerts";
        // Almost always there are none, and then nobody waits for the writer's turn.
        let sql = if stale { FRESH } else { STALE };
        let bound = || sqlx::query(sql).bind(integration.to_string()).bind(except.to_owned()).bind(BATCH);
        if bound().fetch_optional(&self.readers).await.map_err(query(what))?.is_none() {
            return Ok(0);
        }
        let mut write = self.begin().await?;
        // Counted as a write, so that no writer goes on with what it remembers; it is also the lock between servers.
        sqlx::query("UPDATE counters SET value = value + 1 WHERE name = 'write'").execute(&mut *write).await.map_err(query("count a write"))?;
        let found = bound().fetch_all(&mut *write).await.map_err(query(what))?;
        let mut alerts: Vec<Alert> = found.iter().map(rows::alert).collect::<Result<_, _>>()?;
        for alert in &mut alerts {
            alert.stale = stale && alert.resolved_at.is_none();
        }
        MARK.execute(&mut write, &alerts, what, |statement, alert| statement.bind(alert.id.to_string()).bind(i64::from(stale))).await?;
        let count = alerts.len() as u64;
        let row = sqlx::query("UPDATE counters SET value = value + $1 WHERE name = 'change' RETURNING value")
            .bind(i64::try_from(count).unwrap_or(0))
            .fetch_one(&mut *write)
            .await
            .map_err(query("number changes"))?;
        let first = rows::get::<i64>(&row, 0)? - i64::try_from(count).unwrap_or(0) + 1;
        let recorded_at = self.clock.now().micros();
        let numbered: Vec<(i64, Alert)> = (first..).zip(alerts).collect();
        ANNOUNCE
            .execute(&mut write, &numbered, "record changes for the stream", |statement, (seq, alert)| {
                let happening = Happening::Alert { alert: alert.clone() };
                statement.bind(*seq).bind(recorded_at).bind(happening.topic()).bind(alert.incident_id.map(|id| id.to_string())).bind(rows::to_json(&happening))
            })
            .await?;
        write.commit().await.map_err(query(what))?;
        Ok(count)
    }
}
