//! What the alerts of Prometheus' family have in common, whether Alertmanager passes them on or
//! Prometheus sends them itself: labels, annotations, times, and a fingerprint over the labels.

use super::{raw_alert::RawAlert, text, times};
use crate::domain::{
    alert::{Labels, SignalAction},
    severity::AlertSeverity,
    time::Timestamp,
};
use serde_json::{Map, Value};

/// Reads one alert as firing, known by the fingerprint of its labels; whoever calls says more.
pub fn read(alert: &Map<String, Value>, received_at: Timestamp) -> RawAlert {
    let generator_url = alert.get("generatorURL").and_then(text::of_value);
    let mut raw = put_together(text::of_fields(alert.get("labels")), text::of_fields(alert.get("annotations")), generator_url);
    raw.started_at = times::believed(alert, "startsAt", received_at, &mut raw.annotations);
    raw.event_at = raw.started_at;
    raw
}

/// An alert with these labels and annotations, firing; it says nothing of times yet.
pub fn put_together(mut labels: Labels, annotations: Labels, generator_url: Option<String>) -> RawAlert {
    // A label with an empty value is the same as no label.
    labels.retain(|_, value| !value.is_empty());
    let mut raw = RawAlert::new(SignalAction::Fire, if labels.is_empty() { String::new() } else { fingerprint(&labels) }, title(&labels, &annotations));
    let severity_word = labels.get("severity").or_else(|| labels.get("priority")).map(String::as_str);
    raw.severity = severity_word.and_then(AlertSeverity::from_word);
    if labels.get("alertname").is_some_and(|name| is_watchdog(name, severity_word)) {
        raw.severity = Some(AlertSeverity::Info);
        raw.heartbeat = true;
    }
    raw.link(generator_url, "Source");
    raw.link(annotations.get("runbook_url").cloned(), "Runbook");
    raw.labels = labels;
    raw.annotations = annotations;
    raw
}

impl RawAlert {
    /// Says that it was resolved at `ended_at`, else when it was received.
    pub fn resolved(&mut self, ended_at: Option<Timestamp>, received_at: Timestamp) {
        self.action = SignalAction::Resolve;
        // An end before its own start would be taken for older than the firing it ends.
        self.event_at = Some(ended_at.unwrap_or(received_at).max(self.started_at.unwrap_or(Timestamp::MIN)));
        // Only the presence of a watchdog is a sign of life.
        self.heartbeat = false;
    }
}

/// Whether it is the alert that always fires, so that its absence tells of trouble. A "Watchdog"
/// with a severity that pages is an alert like any other.
pub fn is_watchdog(name: &str, severity_word: Option<&str>) -> bool {
    name == "Watchdog" && severity_word.is_none_or(|word| AlertSeverity::from_word(word) == Some(AlertSeverity::Info))
}

fn title(labels: &Labels, annotations: &Labels) -> String {
    let candidates =
        [annotations.get("summary"), annotations.get("title"), labels.get("alertname"), annotations.get("description"), annotations.get("message")];
    let named = candidates.into_iter().flatten().find(|candidate| text::says_something(candidate));
    named.cloned().unwrap_or_else(|| labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", "))
}

/// Alertmanager's own fingerprint: FNV-1a with 64 bits over `name 0xff value 0xff` of every label,
/// sorted by name, as 16 hex digits. Labels with empty values must be dropped before.
fn fingerprint(labels: &Labels) -> String {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let bytes = labels.iter().flat_map(|(name, value)| name.bytes().chain([0xff]).chain(value.bytes()).chain([0xff]));
    format!("{:016x}", bytes.fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOON: Timestamp = Timestamp::from_micros(1_741_953_600_000_000);

    fn read(alert: Value) -> RawAlert {
        super::read(alert.as_object().expect("it is an object"), NOON)
    }

    #[test]
    fn fingerprints_equal_alertmanagers_own() {
        let vectors: Value = serde_json::from_str(include_str!("../../../tests/fixtures/signatures/vectors.json")).expect("the vectors are JSON");
        let vectors = vectors["alertmanager_fingerprint"].as_array().expect("there is a list of them");
        assert_eq!(vectors.len(), 4);
        for vector in vectors {
            assert_eq!(Some(read(json!({"labels": vector["labels"]})).key.as_str()), vector["fingerprint"].as_str(), "{vector}");
        }
    }

    #[test]
    fn the_title_is_the_first_that_says_something() {
        let title = |annotations: Value, labels: Value| read(json!({"annotations": annotations, "labels": labels})).title;
        let name = || json!({"alertname": "Down", "a": "b"});
        assert_eq!(title(json!({"summary": "S", "title": "T"}), name()), "S");
        assert_eq!(title(json!({"summary": " \u{0}", "title": "T"}), name()), "T");
        assert_eq!(title(json!({"message": "M"}), name()), "Down");
        assert_eq!(title(json!({"message": "M"}), json!({"a": "b"})), "M");
        assert_eq!(title(json!(null), json!({"a": "b", "c": 1})), "a=b, c=1");
    }

    #[test]
    fn a_severity_that_is_not_known_stays_unset() {
        let severity = |labels: Value| read(json!({"labels": labels})).severity;
        assert_eq!(severity(json!({"severity": "Page"})), Some(AlertSeverity::Critical));
        assert_eq!(severity(json!({"severity": "purple", "priority": "P1"})), None);
        assert_eq!(severity(json!({"priority": "P2"})), Some(AlertSeverity::Error));
        assert_eq!(severity(json!({"alertname": "Down"})), None);
    }

    #[test]
    fn a_watchdog_is_a_heartbeat_unless_it_pages() {
        let read = |severity: Value| read(json!({"labels": {"alertname": "Watchdog", "severity": severity}}));
        for quiet in [json!("none"), json!(""), json!(null), json!("info")] {
            let raw = read(quiet);
            assert_eq!((raw.heartbeat, raw.severity), (true, Some(AlertSeverity::Info)));
        }
        let paging = read(json!("critical"));
        assert_eq!((paging.heartbeat, paging.severity), (false, Some(AlertSeverity::Critical)));
    }

    #[test]
    fn a_resolved_watchdog_is_no_sign_of_life() {
        let mut raw = read(json!({"labels": {"alertname": "Watchdog"}}));
        raw.resolved(None, NOON);
        assert_eq!((raw.heartbeat, raw.event_at), (false, Some(NOON)));
    }

    #[test]
    fn an_end_before_its_start_still_ends_it() {
        let mut raw = read(json!({"labels": {"a": "b"}, "startsAt": "2025-03-14T11:00:00Z"}));
        raw.resolved(Some(NOON.plus_secs(-7200)), NOON);
        assert_eq!(raw.event_at, Some(NOON.plus_secs(-3600)));
    }
}
