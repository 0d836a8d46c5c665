//! Verifying the record.
use super::{Store, StoreError};
use crate::domain::ids::IncidentRef;

/// One place where the record does not hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    pub incident: IncidentRef,
    pub seq: i64,
    pub what: String,
}

/// What a verification saw.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verified {
    pub incidents: u64,
    pub events: u64,
    pub faults: Vec<Fault>,
}

impl Store {
    pub async fn verify(&self, rebuild: bool) -> Result<Verified, StoreError> { let _ = rebuild; todo!() }
}
