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

impl Store {
    /// Records changes of one integration; a change that is known already is told anew. One transaction.
    pub async fn record_changes(&self, integration: IntegrationId, source: &str, received_at: Timestamp, changes: &[ChangeRecord]) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO change_records (id, integration_id, source, change_key, service, title, status, happened_at, received_at, doc) \
                           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
                           ON CONFLICT (integration_id, change_key) DO UPDATE SET service = excluded.service, title = excluded.title, \
                           status = excluded.status, happened_at = excluded.happened_at, received_at = excluded.received_at, doc = excluded.doc";
        let mut write = self.begin().await?;
        for change in changes {
            sqlx::query(SQL)
                .bind(uuid::Uuid::now_v7().to_string())
                .bind(integration.to_string())
                .bind(source)
                .bind(&change.key)
                .bind(change.service.as_deref())
                .bind(&change.title)
                .bind(change.status.map(|status| status.slug()))
                .bind(change.happened_at.micros())
                .bind(received_at.micros())
                .bind(change.doc.to_string())
                .execute(&mut *write)
                .await
                .map_err(query("record a change"))?;
        }
        write.commit().await.map_err(query("record a change"))
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
