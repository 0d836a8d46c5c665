//! What a delivery would become if it arrived now: the answer of the tester, which stores nothing.

use super::{
    alert::{Ignored, Labels, Link, SignalAction},
    change::ChangeStatus,
    ids::{AlertId, IncidentId, IncidentRef, IntegrationId},
    severity::{AlertSeverity, Severity},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A delivery that is tried out; the body of `POST /api/v1/integrations/test`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// Slug of the source that would send it.
    pub source: String,
    /// What would be sent, byte by byte.
    pub body: String,
    /// The headers it would come with; a signature is checked if it is among them.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Whose settings and alerts count; absent: the source's only integration, else those of a new one.
    #[serde(default)]
    pub integration_id: Option<IntegrationId>,
}

/// What would become of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Whose settings and alerts counted; `None`: those of a new integration.
    pub integration: Option<TriedWith>,
    /// Why the door would not take it now. What it would become is told all the same.
    pub refused: Option<TrialRefusal>,
    pub signature: SignatureCheck,
    /// In the order of the body.
    pub signals: Vec<PredictedSignal>,
    pub changes: Vec<PredictedChange>,
    /// What would be accepted but is not whole.
    pub warnings: Vec<String>,
    /// Alerts of a list that could not be understood.
    pub rejected: Vec<RejectedSignal>,
    /// How many incidents would be opened.
    pub incidents_opened: u32,
}

/// The integration that was tried with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TriedWith {
    pub id: IntegrationId,
    pub name: String,
}

/// The answer of a door that takes nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialRefusal {
    /// As the door itself would say it: `not_json`, `no_title`, `bad_signature`, `integration_disabled`, …
    pub code: String,
    pub words: String,
    /// Every fault by itself.
    pub errors: Vec<String>,
}

/// Whether the signature holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SignatureCheck {
    /// Whether the integration asks for one.
    pub required: bool,
    /// The header in which it stands.
    pub header: String,
    /// Whether it was given.
    pub given: bool,
    /// Whether it holds; `None` without a secret or without a signature.
    pub holds: Option<bool>,
    /// Why it does not.
    pub words: Option<String>,
}

/// One alert as it was read, and what it would do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PredictedSignal {
    pub action: SignalAction,
    pub dedupe_key: String,
    pub severity: Option<AlertSeverity>,
    pub title: String,
    pub service: Option<String>,
    pub labels: Labels,
    pub annotations: Labels,
    pub links: Vec<Link>,
    /// By which it is put together with others.
    pub group_key: String,
    /// When it began, as it would be recorded.
    pub started_at: Option<Timestamp>,
    /// Resolves by itself then, unless it is sent again.
    pub expires_at: Option<Timestamp>,
    /// A watchdog: its presence is the message.
    pub heartbeat: bool,
    pub verdict: TrialVerdict,
    /// The alert that is known by its key.
    pub alert_id: Option<AlertId>,
    /// The incident it would be in; `None`: in none.
    pub incident: Option<PredictedIncident>,
    /// One sentence.
    pub why: String,
}

/// What one alert would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrialVerdict {
    /// A new alert.
    Open,
    /// Counted once more.
    Repeat,
    Acknowledge,
    Resolve,
    /// It is older than what is known.
    IgnoreLate,
    /// Nothing of this key is open.
    IgnoreUnknown,
}

impl TrialVerdict {
    pub const ALL: [TrialVerdict; 6] =
        [TrialVerdict::Open, TrialVerdict::Repeat, TrialVerdict::Acknowledge, TrialVerdict::Resolve, TrialVerdict::IgnoreLate, TrialVerdict::IgnoreUnknown];

    pub fn slug(self) -> &'static str {
        match self {
            TrialVerdict::Open => "open",
            TrialVerdict::Repeat => "repeat",
            TrialVerdict::Acknowledge => "acknowledge",
            TrialVerdict::Resolve => "resolve",
            TrialVerdict::IgnoreLate => "ignore_late",
            TrialVerdict::IgnoreUnknown => "ignore_unknown",
        }
    }
}

impl From<Ignored> for TrialVerdict {
    fn from(ignored: Ignored) -> Self {
        match ignored {
            // Both are older than what is known; the words beside it say which.
            Ignored::Late | Ignored::Overtaken => TrialVerdict::IgnoreLate,
            Ignored::Unknown => TrialVerdict::IgnoreUnknown,
        }
    }
}

/// An incident that an alert would be in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PredictedIncident {
    /// `None`: it would be opened by this delivery.
    pub id: Option<IncidentId>,
    #[serde(rename = "ref")]
    pub reference: Option<IncidentRef>,
    /// Tells those apart that this delivery would open: from 1.
    pub new: Option<u32>,
    pub title: String,
    pub proposed_severity: Option<Severity>,
}

/// One change as it was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PredictedChange {
    pub key: String,
    pub service: Option<String>,
    pub title: String,
    pub status: Option<ChangeStatus>,
    pub happened_at: Timestamp,
}

/// One alert of a list that could not be understood.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RejectedSignal {
    /// Its place in the list, from 0.
    pub index: u32,
    pub words: String,
}
