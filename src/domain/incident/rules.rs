//! Which command is allowed when and for whom, and why not: one table, read by the form that
//! disables a button, by the offline queue, and by the server.

use super::{Command, Incident, IncidentRole, Refusal, State};
use crate::domain::people::{Actor, Role};

/// The commands as verbs, without what they carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    Acknowledge,
    Unacknowledge,
    SetSeverity,
    Activate,
    Mitigate,
    Resolve,
    Close,
    Reopen,
    Cancel,
    Merge,
    AssignRole,
    AcceptRole,
    ReleaseRole,
    Note,
    Decision,
    Link,
    Pin,
    Unpin,
    CorrectTime,
    SetTitle,
    SetServices,
    SetImpact,
    Tag,
    SetPrivate,
    PostponeUpdate,
    AttachAlert,
    DetachAlert,
}

/// Who may use a verb, beyond having the role responder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// Every responder.
    Responders,
    /// Whoever leads: the incident's commander or deputy, and the role commander. While nobody
    /// leads, every responder, because at night there may be only one person.
    Leads,
}

use State::{Active, Cancelled, Closed, Mitigated, Resolved, Triage};

const OPEN: &[State] = &[Triage, Active, Mitigated];
const NOT_CLOSED: &[State] = &[Triage, Active, Mitigated, Resolved];
/// The record stays open for words after the incident is over: reviews add to it.
const ALWAYS: &[State] = &State::ALL;

/// The table: verb, the states in which it is allowed, who may use it.
const TABLE: &[(Verb, &[State], Who)] = &[
    (Verb::Acknowledge, OPEN, Who::Responders),
    (Verb::Unacknowledge, OPEN, Who::Responders),
    (Verb::SetSeverity, NOT_CLOSED, Who::Responders),
    (Verb::Activate, &[Triage, Mitigated], Who::Responders),
    (Verb::Mitigate, &[Triage, Active], Who::Responders),
    (Verb::Resolve, OPEN, Who::Responders),
    (Verb::Close, &[Resolved], Who::Leads),
    (Verb::Reopen, &[Resolved, Closed, Cancelled], Who::Responders),
    (Verb::Cancel, OPEN, Who::Leads),
    (Verb::Merge, NOT_CLOSED, Who::Leads),
    (Verb::AssignRole, NOT_CLOSED, Who::Responders),
    (Verb::AcceptRole, NOT_CLOSED, Who::Responders),
    (Verb::ReleaseRole, NOT_CLOSED, Who::Responders),
    (Verb::Note, ALWAYS, Who::Responders),
    (Verb::Decision, ALWAYS, Who::Responders),
    (Verb::Link, ALWAYS, Who::Responders),
    (Verb::Pin, ALWAYS, Who::Responders),
    (Verb::Unpin, ALWAYS, Who::Responders),
    (Verb::CorrectTime, ALWAYS, Who::Responders),
    (Verb::SetTitle, NOT_CLOSED, Who::Responders),
    (Verb::SetServices, NOT_CLOSED, Who::Responders),
    (Verb::SetImpact, ALWAYS, Who::Responders),
    (Verb::Tag, ALWAYS, Who::Responders),
    (Verb::SetPrivate, ALWAYS, Who::Leads),
    (Verb::PostponeUpdate, OPEN, Who::Responders),
    (Verb::AttachAlert, NOT_CLOSED, Who::Responders),
    (Verb::DetachAlert, NOT_CLOSED, Who::Responders),
];

impl Verb {
    /// Every verb, in the order of the table.
    pub fn all() -> impl Iterator<Item = Verb> {
        TABLE.iter().map(|(verb, ..)| *verb)
    }
}

impl Command {
    /// The verb of this command, for the table of rules.
    pub fn verb(&self) -> Verb {
        match self {
            Command::Acknowledge { .. } => Verb::Acknowledge,
            Command::Unacknowledge { .. } => Verb::Unacknowledge,
            Command::SetSeverity { .. } => Verb::SetSeverity,
            Command::Activate { .. } => Verb::Activate,
            Command::Mitigate { .. } => Verb::Mitigate,
            Command::Resolve { .. } => Verb::Resolve,
            Command::Close { .. } => Verb::Close,
            Command::Reopen { .. } => Verb::Reopen,
            Command::Cancel { .. } => Verb::Cancel,
            Command::Merge { .. } => Verb::Merge,
            Command::AssignRole { .. } => Verb::AssignRole,
            Command::AcceptRole { .. } => Verb::AcceptRole,
            Command::ReleaseRole { .. } => Verb::ReleaseRole,
            Command::Note { .. } => Verb::Note,
            Command::Decision { .. } => Verb::Decision,
            Command::Link { .. } => Verb::Link,
            Command::Pin { .. } => Verb::Pin,
            Command::Unpin { .. } => Verb::Unpin,
            Command::CorrectTime { .. } => Verb::CorrectTime,
            Command::SetTitle { .. } => Verb::SetTitle,
            Command::SetServices { .. } => Verb::SetServices,
            Command::SetImpact { .. } => Verb::SetImpact,
            Command::Tag { .. } => Verb::Tag,
            Command::SetPrivate { .. } => Verb::SetPrivate,
            Command::PostponeUpdate { .. } => Verb::PostponeUpdate,
            Command::AttachAlert { .. } => Verb::AttachAlert,
            Command::DetachAlert { .. } => Verb::DetachAlert,
        }
    }
}

/// Whether `actor` may use `verb` on `incident` as it stands, before looking at what the command
/// carries. The answer to "why not" is in the refusal.
pub fn allowed(incident: &Incident, verb: Verb, actor: &Actor) -> Result<(), Refusal> {
    if actor.role < Role::Responder {
        return Err(Refusal::NeedsResponder);
    }
    let (_, states, who) = TABLE.iter().find(|(known, ..)| *known == verb).expect("the table lists every verb; a test walks them");
    if !states.contains(&incident.state) {
        return Err(refused_state(incident, verb));
    }
    match who {
        Who::Responders => Ok(()),
        Who::Leads => leads(incident, actor),
    }
}

fn leads(incident: &Incident, actor: &Actor) -> Result<(), Refusal> {
    let Some(commander) = incident.holder(IncidentRole::Commander) else { return Ok(()) };
    let holds = |role| incident.holder(role).is_some_and(|held| actor.is(&held.person));
    if actor.role >= Role::Commander || holds(IncidentRole::Commander) || holds(IncidentRole::Deputy) {
        Ok(())
    } else {
        Err(Refusal::NeedsLead { commander: commander.person.name.clone() })
    }
}

/// The most helpful reason why the state forbids the verb.
fn refused_state(incident: &Incident, verb: Verb) -> Refusal {
    match (verb, incident.state) {
        (_, State::Merged) => Refusal::Merged,
        (Verb::Mitigate, State::Mitigated) => Refusal::AlreadyMitigated { at: incident.mitigated_at },
        (Verb::Resolve | Verb::Mitigate, State::Resolved) => Refusal::AlreadyResolved { at: incident.resolved_at },
        (Verb::Close, State::Closed) => Refusal::AlreadyClosed,
        (Verb::Close, _) => Refusal::NotResolvedYet,
        (Verb::Activate, State::Active) => Refusal::AlreadyActive,
        (Verb::Reopen, _) => Refusal::StillOpen,
        (_, State::Closed) => Refusal::Closed,
        (_, State::Cancelled) => Refusal::Cancelled,
        (_, state) => Refusal::NotNow { state },
    }
}
