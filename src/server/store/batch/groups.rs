//! The groups in which alerts of one integration and severity come together.

use super::{
    super::{
        StoreError, query,
        rows::{self, ManyRows},
    },
    Batch,
    memory::Groups,
};
use crate::domain::{grouping::Group, ids::IntegrationId, severity::AlertSeverity, time::Timestamp};
use std::collections::HashMap;

const SAVE_GROUPS: ManyRows = ManyRows {
    head: "INSERT INTO alert_groups (integration_id, severity, group_key, incident_id, opened_at, active_at) VALUES",
    tail: "ON CONFLICT (integration_id, severity, group_key) DO UPDATE SET \
           incident_id = excluded.incident_id, opened_at = excluded.opened_at, active_at = excluded.active_at",
    width: 6,
};

impl Batch<'_> {
    /// The groups of one integration and severity that were active at `floor` or later; more may be among them.
    pub async fn groups(
        &mut self,
        integration: IntegrationId,
        severity: Option<AlertSeverity>,
        floor: Timestamp,
    ) -> Result<&HashMap<String, Group>, StoreError> {
        let of = (integration, severity);
        if self.memory.groups.get(&of).is_none_or(|known| known.floor > floor) {
            let found = sqlx::query(
                "SELECT group_key, incident_id, opened_at, active_at FROM alert_groups WHERE integration_id = $1 AND severity = $2 AND active_at >= $3",
            )
            .bind(integration.to_string())
            .bind(severity_slug(severity))
            .bind(floor.micros())
            .fetch_all(&mut *self.connection)
            .await
            .map_err(query("read alert groups"))?;
            let known = self.memory.groups.entry(of).or_insert_with(|| Groups { floor, by_key: HashMap::new() });
            known.floor = floor;
            for row in &found {
                let group = group(row)?;
                // What is in memory may be newer than what is in the database.
                known.by_key.entry(group.key.clone()).or_insert(group);
            }
        }
        Ok(&self.memory.groups.entry(of).or_insert_with(|| Groups { floor, by_key: HashMap::new() }).by_key)
    }

    /// One group, however long ago it was active.
    pub async fn group(&mut self, integration: IntegrationId, severity: Option<AlertSeverity>, key: &str) -> Result<Option<Group>, StoreError> {
        if let Some(known) = self.memory.groups.get(&(integration, severity)).and_then(|groups| groups.by_key.get(key)) {
            return Ok(Some(known.clone()));
        }
        let row =
            sqlx::query("SELECT group_key, incident_id, opened_at, active_at FROM alert_groups WHERE integration_id = $1 AND severity = $2 AND group_key = $3")
                .bind(integration.to_string())
                .bind(severity_slug(severity))
                .bind(key.to_owned())
                .fetch_optional(&mut *self.connection)
                .await
                .map_err(query("read an alert group"))?;
        row.as_ref().map(group).transpose()
    }

    pub fn save_group(&mut self, integration: IntegrationId, severity: Option<AlertSeverity>, group: Group) {
        if let Some(known) = self.memory.groups.get_mut(&(integration, severity)) {
            known.by_key.insert(group.key.clone(), group.clone());
        }
        self.dirty_groups.insert((integration, severity, group.key.clone()), group);
    }

    pub(super) async fn flush_groups(&mut self) -> Result<(), StoreError> {
        let groups: Vec<_> = std::mem::take(&mut self.dirty_groups).into_iter().collect();
        SAVE_GROUPS
            .execute(self.connection, &groups, "record alert groups", |statement, ((integration, severity, key), group)| {
                statement
                    .bind(integration.to_string())
                    .bind(severity_slug(*severity))
                    .bind(key.clone())
                    .bind(group.incident_id.to_string())
                    .bind(group.opened_at.micros())
                    .bind(group.active_at.micros())
            })
            .await
    }
}

fn group(row: &sqlx::any::AnyRow) -> Result<Group, StoreError> {
    Ok(Group { key: rows::get(row, 0)?, incident_id: rows::parsed(row, 1)?, opened_at: rows::time(row, 2)?, active_at: rows::time(row, 3)? })
}

/// The severity in a key: unset is the empty text.
fn severity_slug(severity: Option<AlertSeverity>) -> &'static str {
    severity.map_or("", AlertSeverity::slug)
}
