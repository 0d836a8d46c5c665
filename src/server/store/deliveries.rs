//! Notes on what senders sent: the last ones of each integration, and no more.

use super::{Page, Store, StoreError, query, rows, rows::ManyRows};
use crate::domain::{delivery::DeliveryNote, ids::IntegrationId, time::Timestamp};
use std::collections::HashSet;

/// How many are kept of each integration, and of those that no integration was recognised in.
const KEPT: i64 = 100;
const KEPT_UNRECOGNISED: i64 = 50;

/// Which notes a list holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeliveryFilter {
    /// Of one integration, `Some(None)`: of none.
    pub integration: Option<Option<IntegrationId>>,
    /// A verdict's code; `refused` is everything that was answered with 400 or more.
    pub verdict: Option<String>,
}

const INSERT: ManyRows = ManyRows {
    head: "INSERT INTO deliveries (id, integration_id, source, received_at, times, last_received_at, verdict, status, counts, words, size_bytes, sender, \
           body, body_is_cut, duration_us) VALUES",
    tail: "",
    width: 15,
};

impl Store {
    /// Writes notes down and forgets what they push out, in one transaction.
    pub async fn record_deliveries(&self, notes: &[DeliveryNote]) -> Result<(), StoreError> {
        const PRUNE: &str = "DELETE FROM deliveries WHERE integration_id = $1 AND id <= \
                             (SELECT id FROM deliveries WHERE integration_id = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)";
        let mut write = self.begin().await?;
        INSERT
            .execute(&mut write, notes, "note deliveries", |statement, note| {
                statement
                    .bind(note.id.clone())
                    .bind(name(note.integration_id))
                    .bind(note.source.clone())
                    .bind(note.received_at.micros())
                    .bind(i64::from(note.times))
                    .bind(note.last_received_at.micros())
                    .bind(note.verdict.clone())
                    .bind(i64::from(note.status))
                    .bind(rows::to_json(&note.counts))
                    .bind(note.words.clone())
                    .bind(note.size_bytes)
                    .bind(note.sender.clone())
                    .bind(note.body.clone())
                    .bind(i64::from(note.body_is_cut))
                    .bind(note.duration_us)
            })
            .await?;
        let touched: HashSet<Option<IntegrationId>> = notes.iter().map(|note| note.integration_id).collect();
        for integration in touched {
            let kept = if integration.is_some() { KEPT } else { KEPT_UNRECOGNISED };
            sqlx::query(PRUNE).bind(name(integration)).bind(kept).execute(&mut *write).await.map_err(query("forget deliveries"))?;
        }
        write.commit().await.map_err(query("note deliveries"))
    }

    /// A page of notes, the newest first.
    pub async fn deliveries(&self, filter: &DeliveryFilter, cursor: Option<&str>, limit: i64) -> Result<Page<DeliveryNote>, StoreError> {
        const SQL: &str = "SELECT id, integration_id, source, received_at, times, last_received_at, verdict, status, counts, words, size_bytes, sender, body, \
                           body_is_cut, duration_us FROM deliveries WHERE ($1 = '*' OR integration_id = $1) \
                           AND ($2 = '' OR verdict = $2 OR ($2 = 'refused' AND status >= 400)) AND ($3 = '' OR id < $3) ORDER BY id DESC LIMIT $4";
        let found = sqlx::query(SQL)
            .bind(filter.integration.map_or_else(|| "*".to_owned(), name))
            .bind(filter.verdict.clone().unwrap_or_default())
            .bind(cursor.unwrap_or_default().to_owned())
            .bind(limit + 1)
            .fetch_all(&self.readers)
            .await
            .map_err(query("list deliveries"))?;
        super::page(&found, limit, note, |row| rows::get(row, 0))
    }
}

/// The integration in a key: none is the empty text.
fn name(integration: Option<IntegrationId>) -> String {
    integration.map(|id| id.to_string()).unwrap_or_default()
}

fn note(row: &sqlx::any::AnyRow) -> Result<DeliveryNote, StoreError> {
    let number = |column| rows::get::<i64>(row, column).map(|number| u32::try_from(number).unwrap_or(u32::MAX));
    Ok(DeliveryNote {
        id: rows::get(row, 0)?,
        integration_id: rows::get::<&str>(row, 1)?.parse().ok(),
        source: rows::get(row, 2)?,
        received_at: Timestamp::from_micros(rows::get(row, 3)?),
        times: number(4)?,
        last_received_at: Timestamp::from_micros(rows::get(row, 5)?),
        verdict: rows::get(row, 6)?,
        status: number(7)?,
        counts: rows::json_column(row, 8)?,
        words: rows::get(row, 9)?,
        size_bytes: rows::get(row, 10)?,
        sender: rows::get(row, 11)?,
        body: rows::get(row, 12)?,
        body_is_cut: rows::get::<i64>(row, 13)? != 0,
        duration_us: rows::get(row, 14)?,
    })
}
