//! Reading incidents.
use super::{Page, Store, StoreError};
use crate::domain::{ids::{IncidentId, IncidentRef}, incident::{Incident, Kind, State}, people::Actor, severity::Severity, time::Timestamp, timeline::Event};

/// Which incidents a list holds. Empty lists and `None` filter nothing.
#[derive(Clone, Debug)]
pub struct IncidentFilter {
    pub states: Vec<State>,
    pub severity: Vec<Severity>,
    pub service: Option<String>,
    pub kind: Option<Kind>,
    pub origin: Option<String>,
    pub updated_since: Option<Timestamp>,
    pub resolved_since: Option<Timestamp>,
    pub actor: Actor,
}

impl IncidentFilter {
    /// Everything `actor` may see.
    pub fn for_actor(actor: Actor) -> Self {
        Self { states: vec![], severity: vec![], service: None, kind: None, origin: None, updated_since: None, resolved_since: None, actor }
    }
}

impl Store {
    pub async fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StoreError> { let _ = id; todo!() }
    pub async fn incident_id_of(&self, reference: IncidentRef) -> Result<Option<IncidentId>, StoreError> { let _ = reference; todo!() }
    pub async fn events(&self, id: IncidentId) -> Result<Vec<Event>, StoreError> { let _ = id; todo!() }
    pub async fn incidents(&self, filter: &IncidentFilter, cursor: Option<&str>, limit: i64) -> Result<Page<Incident>, StoreError> { let _ = (filter, cursor, limit); todo!() }
    pub async fn board(&self, actor: &Actor) -> Result<(i64, Vec<Incident>), StoreError> { let _ = actor; todo!() }
    pub async fn services(&self) -> Result<Vec<String>, StoreError> { todo!() }
}
