//! What the browser's replica starts from, and what keeps it current.

use super::{
    accounts::{Me, Person},
    alert::Alert,
    ids::{IncidentId, IncidentRef},
    incident::Incident,
    time::Timestamp,
    timeline::Event,
};
use serde::{Deserialize, Serialize};

/// Everything a board needs at once, as of change number `seq`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The number of the last change this snapshot holds; the stream goes on after it.
    pub seq: i64,
    /// The server's clock, for judging the browser's.
    pub now: Timestamp,
    pub me: Me,
    /// Open incidents, and those resolved in the last 24 hours; the newest change first.
    pub incidents: Vec<Incident>,
    /// Those who can be given roles.
    pub people: Vec<Person>,
    /// Names of the services known so far.
    pub services: Vec<String>,
    /// The server holds demo data.
    pub demo: bool,
    /// What everybody has to know of the server's data, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// One incident with everything its page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IncidentPage {
    pub seq: i64,
    pub incident: Incident,
    /// The whole log, by sequence.
    pub events: Vec<Event>,
    /// Its alerts, the newest first, at most 200; `incident.signals` counts them all.
    pub alerts: Vec<Alert>,
}

/// One change on the stream. `id:` of the SSE frame is its number, `event:` its topic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "topic", rename_all = "snake_case")]
pub enum Happening {
    /// An event was appended to an incident.
    Incident {
        id: IncidentId,
        #[serde(rename = "ref")]
        reference: IncidentRef,
        event: Event,
    },
    /// An alert opened, was acknowledged, resolved, or moved to another incident.
    Alert { alert: Alert },
}

impl Happening {
    /// The `event:` of its frame.
    pub fn topic(&self) -> &'static str {
        match self {
            Happening::Incident { .. } => "incident",
            Happening::Alert { .. } => "alert",
        }
    }
}
