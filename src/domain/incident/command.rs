//! What people and programs ask of an incident, as it comes over the wire:
//! `{"command": "note", "text": "…"}`.

use super::{ImpactWindow, IncidentRole, Kind, Origin};
use crate::domain::{
    absent,
    alert::Labels,
    ids::{AlertId, IncidentId},
    people::PersonRef,
    severity::Severity,
    time::Timestamp,
    triage::Answers,
};
use serde::{Deserialize, Serialize};

/// Opens an incident.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Declare {
    pub title: String,
    #[serde(default)]
    pub severity: Option<Severity>,
    /// Why this severity; asked for where it differs from what the answers propose.
    #[serde(default)]
    pub reason: Option<String>,
    #[serde(default)]
    pub answers: Option<Answers>,
    #[serde(default, deserialize_with = "absent::null")]
    pub services: Vec<String>,
    #[serde(default, deserialize_with = "absent::null")]
    pub impact: Vec<ImpactWindow>,
    #[serde(default, deserialize_with = "absent::null")]
    pub labels: Labels,
    #[serde(default, deserialize_with = "absent::null")]
    pub kind: Kind,
    #[serde(default, deserialize_with = "absent::null")]
    pub private: bool,
    /// When it began, where known. Absent: the earliest impact, else now.
    #[serde(default)]
    pub started_at: Option<Timestamp>,
    #[serde(default)]
    pub origin: Option<Origin>,
}

/// One command. Times that people may give (`happened_at`) are when it happened, not when it was
/// recorded; absent means now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    Acknowledge {
        /// Holds for this many seconds; absent is until further notice.
        #[serde(default)]
        for_s: Option<i64>,
        #[serde(default, alias = "at")]
        happened_at: Option<Timestamp>,
    },
    Unacknowledge {
        #[serde(default)]
        reason: Option<String>,
    },
    SetSeverity {
        /// `None` is "not sure yet", and has to be said: a command that names no severity says nothing.
        #[serde(deserialize_with = "Option::deserialize")]
        severity: Option<Severity>,
        #[serde(default)]
        reason: Option<String>,
        #[serde(default)]
        answers: Option<Answers>,
    },
    /// To "active": from triage, or back from mitigated (then with a reason).
    #[serde(alias = "confirm")]
    Activate {
        #[serde(default)]
        reason: Option<String>,
    },
    Mitigate {
        #[serde(default)]
        reason: Option<String>,
        #[serde(default, alias = "at")]
        happened_at: Option<Timestamp>,
    },
    Resolve {
        #[serde(default)]
        reason: Option<String>,
        #[serde(default, alias = "at")]
        happened_at: Option<Timestamp>,
    },
    Close {
        #[serde(default)]
        reason: Option<String>,
    },
    Reopen {
        #[serde(default)]
        reason: Option<String>,
        /// Whether the service was well between the resolve and now, so that its impact begins
        /// anew; `false`: it never was, and its impact goes on. Absent: it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recovered: Option<bool>,
    },
    /// A false alarm.
    Cancel {
        #[serde(default)]
        reason: Option<String>,
    },
    /// It is the same as another incident and goes on there.
    Merge {
        into: IncidentId,
        #[serde(default)]
        reason: Option<String>,
    },
    AssignRole {
        role: IncidentRole,
        person: PersonRef,
        #[serde(default)]
        reason: Option<String>,
    },
    AcceptRole {
        role: IncidentRole,
    },
    ReleaseRole {
        role: IncidentRole,
        #[serde(default)]
        reason: Option<String>,
    },
    Note {
        text: String,
        #[serde(default, alias = "at")]
        happened_at: Option<Timestamp>,
    },
    Decision {
        text: String,
        #[serde(default, alias = "at")]
        happened_at: Option<Timestamp>,
    },
    Link {
        #[serde(alias = "href")]
        url: String,
        #[serde(default)]
        text: Option<String>,
    },
    Pin {
        seq: i64,
    },
    Unpin {
        seq: i64,
    },
    CorrectTime {
        seq: i64,
        #[serde(alias = "at")]
        happened_at: Timestamp,
        #[serde(default)]
        reason: Option<String>,
    },
    SetTitle {
        title: String,
    },
    SetServices {
        services: Vec<String>,
    },
    SetImpact {
        impact: Vec<ImpactWindow>,
        #[serde(default)]
        reason: Option<String>,
    },
    /// Sets labels; an empty value removes one. Also as a list: `["team:payments", "eu"]`.
    Tag {
        #[serde(alias = "tags", deserialize_with = "labels_or_tags")]
        labels: Labels,
    },
    SetPrivate {
        private: bool,
    },
    /// Nothing new is to be said for a while: the next update is due later.
    PostponeUpdate {
        /// In this many seconds from now.
        for_s: i64,
        #[serde(default)]
        reason: Option<String>,
    },
    AttachAlert {
        #[serde(alias = "alert_id")]
        alert: AlertId,
    },
    DetachAlert {
        #[serde(alias = "alert_id")]
        alert: AlertId,
        #[serde(default)]
        reason: Option<String>,
    },
}

/// Reads labels from an object, or from a list of `name:value` and plain words; a word is a label
/// that is `true`.
fn labels_or_tags<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Labels, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Spelling {
        Labels(Labels),
        Tags(Vec<String>),
    }
    let label = |tag: String| match tag.split_once(':') {
        Some((name, value)) => (name.trim().to_owned(), value.trim().to_owned()),
        None => (tag.trim().to_owned(), "true".to_owned()),
    };
    Ok(match Spelling::deserialize(from)? {
        Spelling::Labels(labels) => labels,
        Spelling::Tags(tags) => tags.into_iter().map(label).collect(),
    })
}
