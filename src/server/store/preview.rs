//! What the tester reads: the same rows that decide what a delivery does, without a write.

use super::{Store, StoreError, batch::kept_since, query, rows};
use crate::domain::{alert::Episode, grouping::Group, ids::IntegrationId, severity::AlertSeverity, time::Timestamp};

const GROUPS: &str = "SELECT group_key, incident_id, opened_at, active_at FROM alert_groups \
                      WHERE integration_id = $1 AND severity = $2 AND active_at >= $3 AND ($4 = '' OR group_key = $4)";

impl Store {
    /// The newest episode of an identity.
    pub async fn newest_episode(&self, integration: IntegrationId, key: &str) -> Result<Option<Episode>, StoreError> {
        const SQL: &str = concat!(
            "SELECT ",
            rows::alert_columns!(),
            " FROM ",
            rows::alert_tables!(),
            " WHERE a.integration_id = $1 AND a.dedupe_key = $2 ORDER BY a.id DESC LIMIT 1"
        );
        let row = sqlx::query(SQL)
            .bind(integration.to_string())
            .bind(key.to_owned())
            .fetch_optional(&self.readers)
            .await
            .map_err(query("read the newest alert of a key"))?;
        row.as_ref().map(rows::episode).transpose()
    }

    /// When a resolve said in the hour before `now` that this identity was over, though nothing of it was open.
    pub async fn told_end(&self, integration: IntegrationId, key: &str, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        const SQL: &str = "SELECT ended_at FROM told_ends WHERE integration_id = $1 AND dedupe_key = $2 AND received_at >= $3";
        let row = sqlx::query(SQL)
            .bind(integration.to_string())
            .bind(key.to_owned())
            .bind(kept_since(now).micros())
            .fetch_optional(&self.readers)
            .await
            .map_err(query("read the end that was told of a key"))?;
        row.map(|row| rows::time(&row, 0)).transpose()
    }

    /// The groups of an integration and severity that were active at `floor` or later.
    pub async fn active_groups(&self, integration: IntegrationId, severity: Option<AlertSeverity>, floor: Timestamp) -> Result<Vec<Group>, StoreError> {
        self.read_groups(integration, severity, floor, "").await
    }

    /// One group, however long ago it was active.
    pub async fn alert_group(&self, integration: IntegrationId, severity: Option<AlertSeverity>, key: &str) -> Result<Option<Group>, StoreError> {
        Ok(self.read_groups(integration, severity, Timestamp::MIN, key).await?.pop())
    }

    async fn read_groups(&self, integration: IntegrationId, severity: Option<AlertSeverity>, floor: Timestamp, key: &str) -> Result<Vec<Group>, StoreError> {
        let found = sqlx::query(GROUPS)
            .bind(integration.to_string())
            .bind(severity.map_or("", AlertSeverity::slug))
            .bind(floor.micros())
            .bind(key.to_owned())
            .fetch_all(&self.readers)
            .await
            .map_err(query("read alert groups"))?;
        let group = |row: &sqlx::any::AnyRow| {
            let (opened_at, active_at) = (rows::time(row, 2)?, rows::time(row, 3)?);
            Ok(Group { key: rows::get(row, 0)?, incident_id: rows::parsed(row, 1)?, opened_at, active_at })
        };
        found.iter().map(group).collect()
    }
}
