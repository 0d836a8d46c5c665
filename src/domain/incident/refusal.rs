//! Why a command is refused, in words and as a code.

use super::State;
use crate::domain::{ids::IncidentRef, time::Timestamp, wording};

/// Why a command is refused. `code` is stable; the words are for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("a responder role is needed to work on incidents")]
    NeedsResponder,
    #[error("{commander} leads this incident: only the commander, the deputy or somebody with the commander role may do this")]
    NeedsLead { commander: String },
    #[error("this incident was merged into another and goes on there")]
    Merged,
    #[error("it was mitigated already{}", at_words(*.at))]
    AlreadyMitigated { at: Option<Timestamp> },
    #[error("it was resolved already{}", at_words(*.at))]
    AlreadyResolved { at: Option<Timestamp> },
    #[error("it is closed already")]
    AlreadyClosed,
    #[error("it is being worked already")]
    AlreadyActive,
    #[error("only a resolved incident can be closed")]
    NotResolvedYet,
    #[error("it is still open")]
    StillOpen,
    #[error("it is closed; reopen it first")]
    Closed,
    #[error("it was cancelled as a false alarm; reopen it first")]
    Cancelled,
    #[error("this is not possible while the incident is {}", .state.slug())]
    NotNow { state: State },
    #[error("{by} has it already{}", until_words(*.until))]
    AlreadyAcknowledged { by: String, until: Option<Timestamp> },
    #[error("nobody has acknowledged it")]
    NotAcknowledged,
    #[error("say why: {what} needs a reason")]
    ReasonNeeded { what: &'static str },
    #[error("the severity is that already")]
    SameSeverity,
    #[error("{field} must not be empty")]
    Empty { field: &'static str },
    #[error("{field} is too long: {max} at most")]
    TooLong { field: &'static str, max: usize },
    #[error("an incident cannot be merged into itself")]
    MergeIntoItself,
    #[error("an incident that is {} cannot take in another", .state.slug())]
    MergeIntoOver { state: State },
    #[error("it is private, and {into} is not: make it visible first, or merge {into} into it")]
    PrivateIntoPublic { into: IncidentRef },
    #[error("{person} has this role already")]
    AlreadyHeld { person: String },
    #[error("nobody has this role, and nobody was asked")]
    NotHeld,
    #[error("you were not asked to take this role")]
    NotAsked,
    #[error("there is no entry {seq} in this timeline")]
    UnknownEntry { seq: i64 },
    #[error("entry {seq} is pinned already")]
    AlreadyPinned { seq: i64 },
    #[error("entry {seq} is not pinned")]
    NotPinned { seq: i64 },
    #[error("that time lies in the future")]
    InTheFuture,
    #[error("that time lies before 2 January 1970: no incident does, but a clock that was not set")]
    BeforeClocks,
    #[error("an impact window ends before it begins")]
    WindowBackwards,
    #[error("it was resolved{}: say when impact ended that began later", at_words(Some(*.at)))]
    ImpactAfterResolve { at: Timestamp },
    #[error("only links to http, https and mailto are kept")]
    UnsafeLink,
    #[error("acknowledge for at least a second and at most seven days")]
    BadPeriod,
    #[error("no update is due at this severity, so none can be postponed")]
    NoUpdateDue,
    #[error("postpone by at least a minute and at most {}, four times as long as people wait at this severity", wording::span(*.max_s))]
    BadPostponement { max_s: i64 },
    #[error("the next update is not due before {} UTC as it is", .due_at.hour_minute())]
    NotPostponed { due_at: Timestamp },
    #[error("the alert belongs to this incident already")]
    AlreadyAttached,
    #[error("the alert does not belong to this incident")]
    NotAttached,
}

fn at_words(at: Option<Timestamp>) -> String {
    at.map(|at| format!(" at {} UTC", at.hour_minute())).unwrap_or_default()
}

fn until_words(until: Option<Timestamp>) -> String {
    until.map(|until| format!(", until {} UTC", until.hour_minute())).unwrap_or_default()
}

impl Refusal {
    /// Stable and machine-readable.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::NeedsResponder => "needs_responder",
            Refusal::NeedsLead { .. } => "needs_lead",
            Refusal::Merged => "merged",
            Refusal::AlreadyMitigated { .. } => "already_mitigated",
            Refusal::AlreadyResolved { .. } => "already_resolved",
            Refusal::AlreadyClosed => "already_closed",
            Refusal::AlreadyActive => "already_active",
            Refusal::NotResolvedYet => "not_resolved_yet",
            Refusal::StillOpen => "still_open",
            Refusal::Closed => "closed",
            Refusal::Cancelled => "cancelled",
            Refusal::NotNow { .. } => "not_now",
            Refusal::AlreadyAcknowledged { .. } => "already_acknowledged",
            Refusal::NotAcknowledged => "not_acknowledged",
            Refusal::ReasonNeeded { .. } => "reason_needed",
            Refusal::SameSeverity => "same_severity",
            Refusal::Empty { .. } => "empty",
            Refusal::TooLong { .. } => "too_long",
            Refusal::MergeIntoItself => "merge_into_itself",
            Refusal::MergeIntoOver { .. } => "merge_into_over",
            Refusal::PrivateIntoPublic { .. } => "private_into_public",
            Refusal::AlreadyHeld { .. } => "already_held",
            Refusal::NotHeld => "not_held",
            Refusal::NotAsked => "not_asked",
            Refusal::UnknownEntry { .. } => "unknown_entry",
            Refusal::AlreadyPinned { .. } => "already_pinned",
            Refusal::NotPinned { .. } => "not_pinned",
            Refusal::InTheFuture => "in_the_future",
            Refusal::BeforeClocks => "before_clocks",
            Refusal::WindowBackwards => "window_backwards",
            Refusal::ImpactAfterResolve { .. } => "impact_after_resolve",
            Refusal::UnsafeLink => "unsafe_link",
            Refusal::BadPeriod => "bad_period",
            Refusal::NoUpdateDue => "no_update_due",
            Refusal::BadPostponement { .. } => "bad_postponement",
            Refusal::NotPostponed { .. } => "not_postponed",
            Refusal::AlreadyAttached => "already_attached",
            Refusal::NotAttached => "not_attached",
        }
    }

    /// Whether the refusal is about rights, not about the incident.
    pub fn is_forbidden(&self) -> bool {
        matches!(self, Refusal::NeedsResponder | Refusal::NeedsLead { .. })
    }
}
