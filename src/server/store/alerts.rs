//! Reading alerts.
use super::{Page, Store, StoreError};
use crate::domain::{alert::{Alert, AlertState}, ids::{AlertId, IncidentId, IntegrationId}, people::Actor, severity::AlertSeverity};

/// Which alerts a list holds.
#[derive(Clone, Debug)]
pub struct AlertFilter {
    pub state: Option<AlertState>,
    /// `Some(true)`: only what is not resolved.
    pub open: Option<bool>,
    pub severity: Option<AlertSeverity>,
    pub integration: Option<IntegrationId>,
    pub incident: Option<IncidentId>,
    pub service: Option<String>,
    pub dedupe_key: Option<String>,
    pub actor: Actor,
}

impl AlertFilter {
    /// Everything `actor` may see.
    pub fn for_actor(actor: Actor) -> Self {
        Self { state: None, open: None, severity: None, integration: None, incident: None, service: None, dedupe_key: None, actor }
    }
}

impl Store {
    pub async fn alerts(&self, filter: &AlertFilter, cursor: Option<&str>, limit: i64) -> Result<Page<Alert>, StoreError> { let _ = (filter, cursor, limit); todo!() }
    pub async fn alert(&self, id: AlertId) -> Result<Option<Alert>, StoreError> { let _ = id; todo!() }
}
