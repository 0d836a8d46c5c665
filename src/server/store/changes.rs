//! Deploys and other changes, as their senders report them.

use super::{Store, StoreError, query};
use crate::domain::{change::ChangeRecord, ids::IntegrationId, time::Timestamp};

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
}
