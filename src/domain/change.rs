//! Deploys and other changes, as their senders report them.
//!
//! A change pages nobody and has no lifecycle here; it stands beside alerts so that people can
//! see what was done shortly before something broke.

use super::{alert::Link, ids::IntegrationId, time::Timestamp};
use serde::{Deserialize, Serialize};

/// One change as one delivery tells it. A later delivery with the same key tells it anew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeRecord {
    /// Tells the changes of one integration apart: the sender's own key, or one made for it.
    pub key: String,
    /// The service that was changed, where the sender names one.
    pub service: Option<String>,
    pub title: String,
    /// How far it has come; `None` where the sender does not say.
    pub status: Option<ChangeStatus>,
    /// By the sender's clock; without one, when it was received. What a newer change superseded
    /// stays where it happened.
    pub happened_at: Timestamp,
    /// When the sender said so, by its clock: what it says of a change is ordered by it, so that
    /// what arrives late undoes nothing.
    pub told_at: Timestamp,
    /// What the sender sent, or what of it is worth keeping; without its key and without control
    /// characters.
    pub doc: serde_json::Value,
}

/// One change as it is listed, with where it came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeCard {
    pub id: String,
    pub integration_id: IntegrationId,
    /// Slug of the source.
    pub source: String,
    pub key: String,
    pub service: Option<String>,
    pub title: String,
    pub status: Option<ChangeStatus>,
    pub happened_at: Timestamp,
    pub received_at: Timestamp,
    pub links: Vec<Link>,
}

/// A page of changes, the last that happened first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChangesPage {
    pub items: Vec<ChangeCard>,
    pub next_cursor: Option<String>,
}

/// How far a change has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeStatus {
    Pending,
    Running,
    Success,
    Failure,
    /// A newer change took its place.
    Superseded,
    /// It ended in a way that is neither success nor failure: cancelled, skipped, …
    Other,
}

impl ChangeStatus {
    pub const ALL: [ChangeStatus; 6] =
        [ChangeStatus::Pending, ChangeStatus::Running, ChangeStatus::Success, ChangeStatus::Failure, ChangeStatus::Superseded, ChangeStatus::Other];

    pub fn slug(self) -> &'static str {
        match self {
            ChangeStatus::Pending => "pending",
            ChangeStatus::Running => "running",
            ChangeStatus::Success => "success",
            ChangeStatus::Failure => "failure",
            ChangeStatus::Superseded => "superseded",
            ChangeStatus::Other => "other",
        }
    }

    /// What is further on counts where two are told for the same instant; senders know only seconds.
    pub fn progress(self) -> i64 {
        match self {
            ChangeStatus::Pending => 1,
            ChangeStatus::Running => 2,
            ChangeStatus::Success | ChangeStatus::Failure | ChangeStatus::Other => 3,
            ChangeStatus::Superseded => 4,
        }
    }

    pub fn from_slug(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.slug() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_reads_back_as_it_is_written() {
        for status in ChangeStatus::ALL {
            assert_eq!(ChangeStatus::from_slug(status.slug()), Some(status));
            assert_eq!(serde_json::to_value(status).ok(), Some(serde_json::Value::from(status.slug())));
        }
    }
}
