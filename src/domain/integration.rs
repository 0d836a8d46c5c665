//! An integration: one sender of alerts, its settings, and how its alerts are grouped.

use super::{ids::IntegrationId, time::Timestamp};
use serde::{Deserialize, Serialize};

/// One sender as people see it. Its token and secrets are kept as hashes or sealed by the store
/// and are not part of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Integration {
    pub id: IntegrationId,
    /// Slug of the adapter: `alertmanager`, `prometheus`, `pagerduty_events`, `generic`, …
    pub source: String,
    pub name: String,
    pub settings: Settings,
    pub grouping: Grouping,
    /// How many signing secrets are valid now; with at least one, a signature is required.
    pub signing_secrets: u32,
    pub created_at: Timestamp,
    /// When it last sent something that was accepted.
    pub last_received_at: Option<Timestamp>,
    /// When its watchdog was last heard; `None` until the first time.
    pub heartbeat_at: Option<Timestamp>,
    pub disabled: bool,
}

/// What can be set on an integration. Absent means the adapter's default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Requests per second, with a burst of the same; 0 switches the limit off. Default 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<u32>,
    /// Name of the header that carries the signature or key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// Name of the header that carries the signed time in Unix seconds; then `<ts>:<body>` is what
    /// was signed, within 300 s of now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp_header: Option<String>,
    /// After this many seconds without its watchdog, a dead-man alert opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat_s: Option<u32>,
}

impl Settings {
    pub const DEFAULT_RATE_LIMIT: u32 = 1_000;

    pub fn rate_limit(&self) -> u32 {
        self.rate_limit.unwrap_or(Self::DEFAULT_RATE_LIMIT)
    }
}

/// How alerts of one integration and one severity are put together into incidents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grouping {
    /// Labels whose equal values make one group.
    pub by: Vec<String>,
    /// Alerts join a group while they start within this many seconds of its last activity.
    pub quiet_s: u32,
    /// From this many groups within the quiet time on, further ones join the first as one storm.
    pub storm_at: u32,
}

impl Default for Grouping {
    fn default() -> Self {
        Self { by: vec!["service".to_owned()], quiet_s: 300, storm_at: 10 }
    }
}

/// What a new integration is made from; the body of `POST /api/v1/integrations`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewIntegration {
    /// Slug of the adapter.
    pub source: String,
    pub name: String,
    /// The key its sender uses already; absent: a new one is made and shown once.
    #[serde(default)]
    pub token: Option<String>,
    #[serde(default)]
    pub signing_secrets: Vec<String>,
    #[serde(default)]
    pub settings: Settings,
    #[serde(default)]
    pub grouping: Grouping,
}

/// Keys and secrets given by the caller have at least this many characters.
pub const MIN_SECRET_CHARS: usize = 16;
