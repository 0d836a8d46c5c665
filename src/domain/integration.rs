//! An integration: one sender of alerts, its settings, and how its alerts are grouped.

use super::{absent, ids::IntegrationId, time::Timestamp};
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
    /// The signing secrets that are valid now, as far as they may be shown, the oldest first.
    #[serde(default)]
    pub secrets: Vec<SecretMark>,
    /// The token before the present one, while it still opens.
    #[serde(default)]
    pub previous_token: Option<PreviousToken>,
    /// Since when nothing was heard of it, once that is too long ago.
    #[serde(default)]
    pub silent_since: Option<Timestamp>,
    /// How much it may send, and how much it sent.
    #[serde(default)]
    pub rate: Rate,
}

/// What sends alerts, changes or telemetry, by its slug and as people call it. The adapters are the server's
/// alone; a test there holds them to this.
const SOURCES: [(&str, &str); 9] = [
    ("alertmanager", "Prometheus Alertmanager"),
    ("prometheus", "Prometheus (without Alertmanager)"),
    ("grafana", "Grafana Alerting"),
    ("pagerduty_events", "PagerDuty Events API v2"),
    ("github", "GitHub"),
    ("gitlab", "GitLab"),
    ("argocd", "Argo CD"),
    ("generic", "Generic JSON"),
    ("otlp", "OpenTelemetry (OTLP)"),
];

/// How people call a source; one of another version of this server is called by its slug.
pub fn source_title(slug: &str) -> &str {
    SOURCES.iter().find(|(known, _)| *known == slug).map_or(slug, |(_, title)| title)
}

/// Tells one signing secret from another without showing it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretMark {
    /// Eight hexadecimal digits of a hash; with them a secret is removed.
    pub fingerprint: String,
    /// `None` for secrets from before this was noted.
    pub added_at: Option<Timestamp>,
}

/// A token that was replaced and still opens, so that a sender can be given the new one in peace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousToken {
    /// `None`: until somebody removes it.
    pub valid_until: Option<Timestamp>,
}

/// A limit in force and how it was used, as the server that answers has counted. Other servers on
/// the same database count for themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// Requests per second; 0 is no limit.
    pub limit: u32,
    /// How many may come at once.
    pub burst: u32,
    /// Requests within the last minute, those that were refused included.
    pub last_minute: u32,
    /// How many were refused because of the limit since the server started.
    pub limited: u32,
    /// When one was refused last.
    pub limited_at: Option<Timestamp>,
}

/// An integration without a watchdog counts as silent after a day: many senders say nothing while
/// nothing is wrong.
const SILENT_AFTER_SECS: i64 = 86_400;

impl Integration {
    /// A new one, with the defaults of its adapter.
    pub fn new(id: IntegrationId, source: impl Into<String>, name: impl Into<String>, created_at: Timestamp) -> Self {
        Self {
            id,
            source: source.into(),
            name: name.into(),
            settings: Settings::default(),
            grouping: Grouping::default(),
            signing_secrets: 0,
            created_at,
            last_received_at: None,
            heartbeat_at: None,
            disabled: false,
            secrets: vec![],
            previous_token: None,
            silent_since: None,
            rate: Rate::default(),
        }
    }

    /// From when its silence is counted: when its watchdog was heard, or where a person set how
    /// long it may be silent and no watchdog ever was, when it sent anything. `None`: it is not
    /// watched, or never was heard.
    pub fn watched_since(&self) -> Option<Timestamp> {
        self.heartbeat_at.or(self.last_received_at.filter(|_| self.settings.heartbeat_s.is_some()))
    }

    /// Since when nothing was heard of it at `now`: where it is watched, of its watchdog or of what
    /// stands for it, which is missed after `heartbeat_s`, else of anything. `None` while that is
    /// not long ago, while it is switched off, and for one that never sent anything.
    pub fn silent_since_at(&self, heartbeat_s: Option<u32>, now: Timestamp) -> Option<Timestamp> {
        let watched = heartbeat_s.filter(|secs| *secs > 0).and_then(|secs| Some((self.watched_since()?, i64::from(secs))));
        let (heard_at, after_secs) = watched.or(self.last_received_at.map(|at| (at, SILENT_AFTER_SECS)))?;
        (!self.disabled && now >= heard_at.plus_secs(after_secs)).then_some(heard_at)
    }
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
    /// After this many seconds without its watchdog, a dead-man alert opens. Where it is set,
    /// anything that was sent counts until a watchdog is heard.
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
    #[serde(default, deserialize_with = "absent::null")]
    pub signing_secrets: Vec<String>,
    #[serde(default, deserialize_with = "absent::null")]
    pub settings: Settings,
    #[serde(default, deserialize_with = "absent::null")]
    pub grouping: Grouping,
}

/// What is to be changed on an integration, all of it or nothing; the body of
/// `PATCH /api/v1/integrations/{id}`. What is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IntegrationChanges {
    pub name: Option<String>,
    pub settings: Option<Settings>,
    pub grouping: Option<Grouping>,
    pub disabled: Option<bool>,
    /// Valid from now on, beside those that are there.
    pub add_signing_secrets: Vec<String>,
    /// Fingerprints of secrets that are valid no more.
    pub remove_signing_secrets: Vec<String>,
}

/// How a token is replaced; the body of `POST /api/v1/integrations/{id}/token`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewToken {
    /// One of the caller's own; absent: a new one is made and shown once.
    pub token: Option<String>,
    /// Until when the old one opens as well; absent: until somebody removes it.
    pub previous_valid_until: Option<Timestamp>,
}

/// Keys and secrets given by the caller have at least this many characters.
pub const MIN_SECRET_CHARS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const NOON: Timestamp = Timestamp::from_micros(1_786_450_000_000_000);

    #[test]
    fn silence_is_told_by_the_watchdog_or_after_a_day() {
        let mut integration = Integration::new(IntegrationId(Uuid::from_u128(1)), "alertmanager", "prod", NOON);
        assert_eq!(integration.silent_since_at(Some(60), NOON.plus_secs(1_000_000)), None, "it never sent anything");
        integration.last_received_at = Some(NOON);
        assert_eq!(integration.silent_since_at(Some(60), NOON.plus_secs(86_399)), None, "it has no watchdog");
        assert_eq!(integration.silent_since_at(None, NOON.plus_secs(86_400)), Some(NOON));
        integration.settings.heartbeat_s = Some(60);
        assert_eq!(integration.silent_since_at(Some(60), NOON.plus_secs(59)), None);
        assert_eq!(integration.silent_since_at(Some(60), NOON.plus_secs(60)), Some(NOON), "a person set it, and it sent something once");
        integration.heartbeat_at = Some(NOON.plus_secs(10));
        assert_eq!(integration.silent_since_at(Some(60), NOON.plus_secs(69)), None);
        assert_eq!(integration.silent_since_at(Some(60), NOON.plus_secs(70)), Some(NOON.plus_secs(10)));
        assert_eq!(integration.silent_since_at(Some(0), NOON.plus_secs(70)), None, "its watchdog is switched off");
        integration.disabled = true;
        assert_eq!(integration.silent_since_at(Some(60), NOON.plus_secs(70)), None);
    }
}
