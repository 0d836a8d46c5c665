//! What a sender sent and what became of it, as people look it up when an alert did not arrive.
//!
//! These are notes beside the record, not part of it: few are kept of each integration, and what
//! is in them is text from outside and nothing else.

use super::{ids::IntegrationId, time::Timestamp};
use serde::{Deserialize, Serialize};

/// One request at the doors for senders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeliveryNote {
    /// Sorts by when it was noted; the cursor of the list.
    pub id: String,
    /// `None` where no integration was recognised by its key.
    pub integration_id: Option<IntegrationId>,
    /// Slug of the source whose door it was; empty where there is no such source.
    pub source: String,
    pub received_at: Timestamp,
    /// In a flood, requests with the same verdict are noted as one: how many they were.
    pub times: u32,
    /// When the last of them came.
    pub last_received_at: Timestamp,
    /// `accepted`, `partly_accepted`, or the code with which it was refused.
    pub verdict: String,
    /// The HTTP status it was answered with.
    pub status: u32,
    /// What all of them together did.
    pub counts: Counts,
    /// Why it was refused, or what was remarked; empty when there is nothing to say.
    pub words: String,
    /// Of the first one, after decompression.
    pub size_bytes: i64,
    /// The address it came from, where that is known.
    pub sender: Option<String>,
    /// The beginning of what the first one sent, without keys and secrets. `None` where it was not
    /// read or not kept, and for those who may not see it.
    pub body: Option<String>,
    /// Whether the body went on.
    pub body_is_cut: bool,
    /// How long the first one took, from the first byte to the answer, in microseconds.
    pub duration_us: i64,
}

/// What requests did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    pub opened: u32,
    pub repeated: u32,
    pub acknowledged: u32,
    pub resolved: u32,
    pub ignored: u32,
    /// Alerts of a list that could not be understood.
    pub rejected: u32,
    /// Change records.
    pub changes: u32,
    pub incidents_opened: u32,
    pub incidents_resolved: u32,
}

impl Counts {
    pub fn add(&mut self, other: Counts) {
        for (sum, more) in [
            (&mut self.opened, other.opened),
            (&mut self.repeated, other.repeated),
            (&mut self.acknowledged, other.acknowledged),
            (&mut self.resolved, other.resolved),
            (&mut self.ignored, other.ignored),
            (&mut self.rejected, other.rejected),
            (&mut self.changes, other.changes),
            (&mut self.incidents_opened, other.incidents_opened),
            (&mut self.incidents_resolved, other.incidents_resolved),
        ] {
            *sum = sum.saturating_add(more);
        }
    }
}

/// A page of notes, the newest first, as the screen gets it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeliveriesPage {
    pub items: Vec<DeliveryNote>,
    pub next_cursor: Option<String>,
    /// How many requests showed no key that is known, since the server started.
    pub unrecognised: i64,
}
