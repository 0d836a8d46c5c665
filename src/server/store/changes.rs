//! Deploys and other changes, as their senders report them.

use super::{Page, Store, StoreError, query, rows};
use crate::domain::{
    alert::Link,
    change::{ChangeCard, ChangeRecord, ChangeStatus},
    ids::IntegrationId,
    time::Timestamp,
};
use serde_json::Value;

/// Which changes a list holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChangeFilter {
    /// Those that happened then or later.
    pub from: Option<Timestamp>,
    /// Those that happened before.
    pub to: Option<Timestamp>,
    pub service: Option<String>,
}

/// Most links of one change.
const MAX_LINKS: usize = 10;

/// What one delivery tells of changes.
#[derive(Clone, Copy, Debug)]
pub struct ToldChanges<'a> {
    pub integration: IntegrationId,
    pub source: &'a str,
    pub received_at: Timestamp,
    /// What the sender calls the delivery, where it gives it a name.
    pub delivery_id: Option<&'a str>,
    pub changes: &'a [ChangeRecord],
}

impl Store {
    /// Records what a delivery tells of changes, in one transaction. A change that is known already
    /// is told anew, unless what is known was told later, or as late and further on; what a newer
    /// change superseded stays where it happened. `false`: this delivery was recorded before, and
    /// nothing is changed.
    pub async fn record_changes(&self, told: ToldChanges<'_>) -> Result<bool, StoreError> {
        const SEEN: &str =
            "INSERT INTO change_deliveries (integration_id, delivery_id, seen_at) VALUES ($1, $2, $3) ON CONFLICT (integration_id, delivery_id) DO NOTHING";
        const SQL: &str = "INSERT INTO change_records (id, integration_id, source, change_key, service, title, status, happened_at, received_at, doc, told_at, told_rank) \
                           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
                           ON CONFLICT (integration_id, change_key) DO UPDATE SET service = excluded.service, title = excluded.title, \
                           status = excluded.status, received_at = excluded.received_at, doc = excluded.doc, told_at = excluded.told_at, told_rank = excluded.told_rank, \
                           happened_at = CASE WHEN excluded.status = 'superseded' THEN change_records.happened_at ELSE excluded.happened_at END \
                           WHERE excluded.told_at > change_records.told_at OR (excluded.told_at = change_records.told_at AND excluded.told_rank > change_records.told_rank)";
        let mut write = self.begin().await?;
        if let Some(id) = told.delivery_id {
            let seen = sqlx::query(SEEN)
                .bind(told.integration.to_string())
                .bind(id)
                .bind(told.received_at.micros())
                .execute(&mut *write)
                .await
                .map_err(query("note a delivery of changes"))?;
            if seen.rows_affected() == 0 {
                return Ok(false);
            }
        }
        for change in told.changes {
            sqlx::query(SQL)
                .bind(uuid::Uuid::now_v7().to_string())
                .bind(told.integration.to_string())
                .bind(told.source)
                .bind(&change.key)
                .bind(change.service.as_deref())
                .bind(&change.title)
                .bind(change.status.map(|status| status.slug()))
                .bind(change.happened_at.micros())
                .bind(told.received_at.micros())
                .bind(change.doc.to_string())
                .bind(change.told_at.micros())
                .bind(change.status.map_or(0, ChangeStatus::progress))
                .execute(&mut *write)
                .await
                .map_err(query("record a change"))?;
        }
        write.commit().await.map_err(query("record a change"))?;
        Ok(true)
    }

    /// A page of changes, the last that happened first. A cursor is what a page before answered.
    pub async fn changes(&self, filter: &ChangeFilter, cursor: Option<&str>, limit: i64) -> Result<Page<ChangeCard>, StoreError> {
        const SQL: &str = "SELECT id, integration_id, source, change_key, service, title, status, happened_at, received_at, doc FROM change_records \
                           WHERE happened_at >= $1 AND happened_at < $2 AND ($3 = '' OR service = $3) \
                           AND (happened_at < $4 OR (happened_at = $4 AND id < $5)) ORDER BY happened_at DESC, id DESC LIMIT $6";
        let (before_at, before_id) = cursor.and_then(change_cursor).unwrap_or((i64::MAX, ""));
        let found = sqlx::query(SQL)
            .bind(filter.from.map_or(i64::MIN, Timestamp::micros))
            .bind(filter.to.map_or(i64::MAX, Timestamp::micros))
            .bind(filter.service.clone().unwrap_or_default())
            .bind(before_at)
            .bind(before_id.to_owned())
            .bind(limit + 1)
            .fetch_all(&self.readers)
            .await
            .map_err(query("list changes"))?;
        super::page(&found, limit, card, |row| Ok(format!("{}.{}", rows::get::<i64>(row, 7)?, rows::get::<&str>(row, 0)?)))
    }
}

/// Where a page begins: before this instant, and in it before this id.
pub fn change_cursor(text: &str) -> Option<(i64, &str)> {
    let (at, id) = text.split_once('.')?;
    id.parse::<uuid::Uuid>().ok()?;
    Some((at.parse().ok()?, id))
}

fn card(row: &sqlx::any::AnyRow) -> Result<ChangeCard, StoreError> {
    let doc: Value = rows::json_column(row, 9)?;
    Ok(ChangeCard {
        id: rows::get(row, 0)?,
        integration_id: IntegrationId(rows::parsed(row, 1)?),
        source: rows::get(row, 2)?,
        key: rows::get(row, 3)?,
        service: rows::get(row, 4)?,
        title: rows::get(row, 5)?,
        status: rows::get::<Option<String>>(row, 6)?.as_deref().and_then(ChangeStatus::from_slug),
        happened_at: rows::time(row, 7)?,
        received_at: rows::time(row, 8)?,
        links: links(&doc),
    })
}

/// The links that came with a change.
fn links(doc: &Value) -> Vec<Link> {
    let Some(sent) = doc.get("links").and_then(Value::as_array) else { return vec![] };
    let link = |link: &Value| {
        let href = link.get("href")?.as_str().filter(|href| !href.is_empty())?.to_owned();
        let text = link.get("text").and_then(Value::as_str).filter(|text| !text.trim().is_empty()).map_or_else(|| href.clone(), str::to_owned);
        Some(Link { href, text })
    };
    sent.iter().filter_map(link).take(MAX_LINKS).collect()
}
