//! Releases that somebody allows although the gate says no.

use super::{Store, StoreError, audit, query, rows};
use crate::domain::{
    audit::{Action, By, Subject},
    ids::OverrideId,
    slo::release::GateOverride,
    time::Timestamp,
};
use sqlx::any::AnyRow;

impl Store {
    /// Those that count at `now`, the one that lasts longest first.
    pub async fn gate_overrides(&self, now: Timestamp) -> Result<Vec<GateOverride>, StoreError> {
        let found = sqlx::query(
            "SELECT id, service, reason, author, created_at, until_at FROM gate_overrides WHERE until_at > $1 AND ended_at IS NULL ORDER BY until_at DESC, id",
        )
        .bind(now.micros())
        .fetch_all(&self.readers)
        .await
        .map_err(query("list overrides of the release gate"))?;
        found.iter().map(gate_override).collect()
    }

    pub async fn create_gate_override(&self, made: &GateOverride, by: &By) -> Result<(), StoreError> {
        const WHAT: &str = "override the release gate";
        let mut write = self.begin().await?;
        sqlx::query("INSERT INTO gate_overrides (id, service, reason, author, created_at, until_at) VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(made.id.to_string())
            .bind(&made.service)
            .bind(&made.reason)
            .bind(&made.by)
            .bind(made.at.micros())
            .bind(made.until.micros())
            .execute(&mut *write)
            .await
            .map_err(query(WHAT))?;
        let note = by.did(Action::GateOverridden, subject(made)).with("reason", &made.reason).with("until", made.until);
        audit::append(&mut write, self.clock.now(), &note).await?;
        write.commit().await.map_err(query(WHAT))
    }

    /// Takes an override back; `None`: there is none that still counts.
    pub async fn end_gate_override(&self, id: OverrideId, by: &By) -> Result<Option<GateOverride>, StoreError> {
        const WHAT: &str = "take an override of the release gate back";
        let now = self.clock.now();
        let mut write = self.begin().await?;
        let row = sqlx::query(
            "UPDATE gate_overrides SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL AND until_at > $2 \
             RETURNING id, service, reason, author, created_at, until_at",
        )
        .bind(id.to_string())
        .bind(now.micros())
        .fetch_optional(&mut *write)
        .await
        .map_err(query(WHAT))?;
        let Some(ended) = row.as_ref().map(gate_override).transpose()? else { return Ok(None) };
        audit::append(&mut write, now, &by.did(Action::GateOverrideEnded, subject(&ended)).with("reason", &ended.reason)).await?;
        write.commit().await.map_err(query(WHAT))?;
        Ok(Some(ended))
    }
}

fn subject(made: &GateOverride) -> Subject {
    Subject::new("release_gate", made.id, &made.service)
}

fn gate_override(row: &AnyRow) -> Result<GateOverride, StoreError> {
    Ok(GateOverride {
        id: OverrideId(rows::parsed(row, 0)?),
        service: rows::get(row, 1)?,
        reason: rows::get(row, 2)?,
        by: rows::get(row, 3)?,
        at: rows::time(row, 4)?,
        until: rows::time(row, 5)?,
    })
}
