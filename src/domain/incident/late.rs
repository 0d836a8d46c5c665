//! What was meant while an incident was open and arrives when it is over: kept as a note, never
//! as a change of where the incident stands.

use super::{Change, Command, EventKind, Incident};
use crate::domain::{
    people::{Actor, Role},
    time::Timestamp,
};

/// The note for an acknowledgement that says when it was meant, which only somebody does who
/// could not send it then. One that does not say so is refused like any other command.
pub(super) fn acknowledgement(incident: &Incident, command: &Command, actor: &Actor, now: Timestamp) -> Option<Change> {
    let Command::Acknowledge { happened_at: Some(meant_at), .. } = command else { return None };
    if incident.state.is_open() || actor.role < Role::Responder {
        return None;
    }
    let text = format!("Late acknowledgement: when it arrived, the incident was {} already", incident.state.slug());
    // A clock that is ahead must not put a note behind what comes next.
    Some(Change { happened_at: (*meant_at).min(now), kind: EventKind::Note { text, status: None } })
}
