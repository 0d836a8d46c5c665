//! The live stream's numbers.
use super::{Store, StoreError};
use crate::domain::ids::IncidentId;
use std::sync::Arc;
use tokio::sync::broadcast;

/// One change with its number.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbered {
    pub seq: i64,
    pub incident_id: Option<IncidentId>,
    pub topic: String,
    /// JSON of [`Happening`](crate::domain::boards::Happening), serialised once for all listeners.
    pub payload: Arc<str>,
}

/// What a listener that was away gets.
#[derive(Clone, Debug, PartialEq)]
pub enum CatchUp {
    Changes(Vec<Numbered>),
    /// What it missed is no longer kept: take a snapshot.
    Reset { latest: i64 },
}

#[derive(Clone)]
pub(super) struct Live {
    pub sender: broadcast::Sender<Arc<[Numbered]>>,
}

impl Store {
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<[Numbered]>> { self.live.sender.subscribe() }
    pub async fn latest_seq(&self) -> Result<i64, StoreError> { todo!() }
    pub async fn changes_after(&self, seq: i64, limit: i64) -> Result<CatchUp, StoreError> { let _ = (seq, limit); todo!() }
    pub async fn poll_foreign_changes(&self) -> Result<(), StoreError> { todo!() }
}
