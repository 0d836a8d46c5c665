//! The one writer.
use super::{Store, StoreError};
use crate::domain::{ids::IncidentId, incident::{Command, Declare, Incident, Refusal}, people::Actor};

/// What became of a command.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant)]
pub enum Outcome {
    Done(Incident),
    Refused(Refusal),
    NotFound,
    /// The incident is at another version than the caller said.
    Stale { version: i64 },
    /// The key was used before, with another body.
    KeyReused,
}

pub(super) struct Writer {}

impl Store {
    pub async fn declare(&self, draft: Declare, actor: &Actor, key: &str) -> Result<Outcome, StoreError> { let _ = (draft, actor, key); todo!() }
    pub async fn command(&self, id: IncidentId, command: Command, actor: &Actor, key: &str, if_match: Option<i64>) -> Result<Outcome, StoreError> { let _ = (id, command, actor, key, if_match); todo!() }
}
