//! Intake: what deliveries do to alerts and incidents.
use super::{Store, StoreError};
use crate::domain::{alert::Signal, ids::{AlertId, IntegrationId}, integration::Grouping, time::Timestamp};

/// One accepted delivery of an integration.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub integration_id: IntegrationId,
    pub integration_name: String,
    pub source: String,
    pub grouping: Grouping,
    pub received_at: Timestamp,
    pub signals: Vec<Signal>,
}

/// What a delivery did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Receipt {
    pub opened: u32,
    pub repeated: u32,
    pub acknowledged: u32,
    pub resolved: u32,
    pub ignored: u32,
    pub incidents_opened: u32,
    pub incidents_resolved: u32,
    /// The alerts that were touched, in the order of the signals.
    pub alerts: Vec<AlertId>,
}

impl Store {
    pub async fn intake(&self, delivery: Delivery) -> Result<Receipt, StoreError> { let _ = delivery; todo!() }
    pub async fn expire_alerts(&self) -> Result<u64, StoreError> { todo!() }
    pub async fn extend_expiries(&self, by_secs: i64) -> Result<(), StoreError> { let _ = by_secs; todo!() }
}
