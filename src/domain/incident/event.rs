//! What can happen to an incident. These are the record: a variant may gain fields with a
//! default, and never loses or renames one (older ones are upcast where they are read).

use super::{AlertRef, ImpactWindow, IncidentRole, Kind, Origin, ServiceSignals};
use crate::domain::{
    alert::Labels,
    grouping::Why,
    ids::{AlertId, IncidentId, IncidentRef},
    people::PersonRef,
    severity::{AlertSeverity, Severity},
    time::Timestamp,
    triage::Answers,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Something that [`decide`](super::decide()) allowed and that is not recorded yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub happened_at: Timestamp,
    pub kind: EventKind,
}

/// Who or what said that it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResolvedBy {
    Person,
    /// Its last alert resolved and nobody had touched it.
    Signal,
}

/// One alert that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertResolution {
    pub id: AlertId,
    pub service: Option<String>,
    pub severity: Option<AlertSeverity>,
    pub at: Timestamp,
    /// Its sender stopped refreshing it, so it ran out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub expired: bool,
    /// As in [`AlertRef`]: it hurt nobody while it fired, so its end ends nothing either.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub about_monitoring: bool,
}

impl AlertResolution {
    /// Whether users were hurt while it fired, as far as an alert can say.
    pub fn hurts(&self) -> bool {
        self.severity.is_some_and(AlertSeverity::hurts) && !self.about_monitoring
    }
}

/// The kinds of events. `kind` and the fields are flattened into the entry on the wire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data", rename_all = "snake_case")]
pub enum EventKind {
    Declared {
        title: String,
        severity: Option<Severity>,
        proposed_severity: Option<Severity>,
        reason: Option<String>,
        answers: Option<Answers>,
        services: Vec<String>,
        impact: Vec<ImpactWindow>,
        labels: Labels,
        incident_kind: Kind,
        private: bool,
        started_at: Timestamp,
        detected_at: Option<Timestamp>,
        origin: Option<Origin>,
    },
    /// Alerts joined the incident, in the order of their delivery.
    AlertsAttached {
        alerts: Vec<AlertRef>,
        why: Why,
    },
    /// Alerts of the incident ended.
    AlertsResolved {
        alerts: Vec<AlertResolution>,
    },
    /// An alert was acknowledged in its sender's tool.
    AlertAcknowledged {
        id: AlertId,
        title: String,
    },
    AlertDetached {
        alert: AlertRef,
        reason: Option<String>,
    },
    Acknowledged {
        until: Option<Timestamp>,
        /// A program did it: an integration or a token, not a person. Older records do not say it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        by_program: bool,
    },
    Unacknowledged {
        reason: Option<String>,
    },
    SeveritySet {
        severity: Option<Severity>,
        proposed_severity: Option<Severity>,
        reason: Option<String>,
        answers: Option<Answers>,
    },
    Activated {
        reason: Option<String>,
    },
    Mitigated {
        reason: Option<String>,
    },
    Resolved {
        by: ResolvedBy,
        reason: Option<String>,
    },
    Closed {
        reason: Option<String>,
    },
    Reopened {
        reason: Option<String>,
        /// Whether the service was well since the resolve: then its impact begins anew here, else
        /// it never ended. `None`: what brought it back says itself whom it hurts (alerts, or an
        /// incident that was merged into this one); so it is in older records, too.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recovered: Option<bool>,
    },
    Cancelled {
        reason: Option<String>,
    },
    MergedInto {
        into: IncidentId,
        into_ref: IncidentRef,
        reason: Option<String>,
    },
    /// Another incident was merged into this one and brought what it knew.
    Absorbed {
        from: IncidentId,
        from_ref: IncidentRef,
        title: String,
        services: Vec<String>,
        /// Its alerts, counted; they now belong to this incident.
        signals: BTreeMap<String, ServiceSignals>,
        impact: Vec<ImpactWindow>,
        started_at: Timestamp,
        /// When it was detected, acknowledged and resolved: the whole was detected when the first
        /// of both was. Older records do not say it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detected_at: Option<Timestamp>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        acknowledged_at: Option<Timestamp>,
        /// That was a program's acknowledgement, and no person's followed.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        acknowledged_by_program: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resolved_at: Option<Timestamp>,
    },
    /// Somebody was asked to take a role, or (with `accepted`) has it at once.
    RoleAssigned {
        role: IncidentRole,
        person: PersonRef,
        accepted: bool,
        reason: Option<String>,
    },
    RoleAccepted {
        role: IncidentRole,
        person: PersonRef,
    },
    RoleReleased {
        role: IncidentRole,
        person: PersonRef,
        reason: Option<String>,
    },
    Note {
        text: String,
        /// What an imported entry said of the incident in its origin's words: "identified", "monitoring", …
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<String>,
    },
    Decision {
        text: String,
    },
    Linked {
        url: String,
        text: Option<String>,
    },
    Pinned {
        seq: i64,
    },
    Unpinned {
        seq: i64,
    },
    TimeCorrected {
        seq: i64,
        happened_at: Timestamp,
        reason: Option<String>,
    },
    TitleSet {
        title: String,
    },
    ServicesSet {
        services: Vec<String>,
    },
    ImpactSet {
        impact: Vec<ImpactWindow>,
        reason: Option<String>,
    },
    Tagged {
        labels: Labels,
    },
    PrivacySet {
        private: bool,
    },
    /// The next update was put off: none is due before then.
    UpdatePostponed {
        until: Timestamp,
        reason: Option<String>,
    },
}

impl EventKind {
    /// The name on the wire.
    pub fn slug(&self) -> &'static str {
        match self {
            EventKind::Declared { .. } => "declared",
            EventKind::AlertsAttached { .. } => "alerts_attached",
            EventKind::AlertsResolved { .. } => "alerts_resolved",
            EventKind::AlertAcknowledged { .. } => "alert_acknowledged",
            EventKind::AlertDetached { .. } => "alert_detached",
            EventKind::Acknowledged { .. } => "acknowledged",
            EventKind::Unacknowledged { .. } => "unacknowledged",
            EventKind::SeveritySet { .. } => "severity_set",
            EventKind::Activated { .. } => "activated",
            EventKind::Mitigated { .. } => "mitigated",
            EventKind::Resolved { .. } => "resolved",
            EventKind::Closed { .. } => "closed",
            EventKind::Reopened { .. } => "reopened",
            EventKind::Cancelled { .. } => "cancelled",
            EventKind::MergedInto { .. } => "merged_into",
            EventKind::Absorbed { .. } => "absorbed",
            EventKind::RoleAssigned { .. } => "role_assigned",
            EventKind::RoleAccepted { .. } => "role_accepted",
            EventKind::RoleReleased { .. } => "role_released",
            EventKind::Note { .. } => "note",
            EventKind::Decision { .. } => "decision",
            EventKind::Linked { .. } => "linked",
            EventKind::Pinned { .. } => "pinned",
            EventKind::Unpinned { .. } => "unpinned",
            EventKind::TimeCorrected { .. } => "time_corrected",
            EventKind::TitleSet { .. } => "title_set",
            EventKind::ServicesSet { .. } => "services_set",
            EventKind::ImpactSet { .. } => "impact_set",
            EventKind::Tagged { .. } => "tagged",
            EventKind::PrivacySet { .. } => "privacy_set",
            EventKind::UpdatePostponed { .. } => "update_postponed",
        }
    }
}
