//! What the executive's figures are to be. Rows are added and never changed.

use super::{Store, StoreError, audit, query, rows};
use crate::{
    domain::{
        audit::{Action, By, Subject},
        executive::{Measure, Target, TargetDraft},
        severity::Severity,
    },
    server::clock::Clock,
};
use sqlx::any::AnyRow;

impl Store {
    /// Everything that was ever set, in no order.
    pub async fn targets(&self) -> Result<Vec<Target>, StoreError> {
        let found = sqlx::query("SELECT metric, severity, value, valid_from, author, set_at FROM targets")
            .fetch_all(&self.readers)
            .await
            .map_err(query("list targets"))?;
        // A figure that this version does not know is left alone.
        found.iter().filter_map(|row| target(row).transpose()).collect()
    }

    /// Sets targets, all or none.
    pub async fn set_targets(&self, drafts: &[TargetDraft], by: &By) -> Result<(), StoreError> {
        const WHAT: &str = "set targets";
        const SQL: &str = "INSERT INTO targets (id, metric, severity, value, valid_from, author, set_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let now = self.clock.now();
        let mut write = self.begin().await?;
        for draft in drafts {
            let from = draft.valid_from.unwrap_or(now);
            sqlx::query(SQL)
                .bind(Clock::new_id().to_string())
                .bind(draft.metric.slug())
                .bind(draft.severity.map(Severity::label))
                .bind(draft.value)
                .bind(from.micros())
                .bind(&by.who.name)
                .bind(now.micros())
                .execute(&mut *write)
                .await
                .map_err(query(WHAT))?;
            let name = draft.severity.map_or_else(|| draft.metric.title().to_owned(), |severity| format!("{}, {}", draft.metric.title(), severity.label()));
            let note = by.did(Action::TargetSet, Subject::new("target", draft.metric.slug(), name));
            let value = draft.value.map_or_else(|| "none".to_owned(), |value| value.to_string());
            audit::append(&mut write, now, &note.with("value", value).with("valid_from", from)).await?;
        }
        write.commit().await.map_err(query(WHAT))
    }
}

fn target(row: &AnyRow) -> Result<Option<Target>, StoreError> {
    let (metric, severity): (&str, Option<&str>) = (rows::get(row, 0)?, rows::get(row, 1)?);
    let Some(metric) = Measure::from_slug(metric) else { return Ok(None) };
    Ok(Some(Target {
        metric,
        severity: severity.and_then(Severity::from_slug),
        value: rows::get(row, 2)?,
        valid_from: Some(rows::time(row, 3)?),
        set_by: Some(rows::get(row, 4)?),
        set_at: Some(rows::time(row, 5)?),
    }))
}
