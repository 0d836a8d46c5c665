//! Alertmanager's webhook, version 4: one group of alerts per delivery.
//!
//! Traps: the state of the group is not that of its alerts; `endsAt` is the year 1 while an alert
//! fires; `truncatedAlerts` counts alerts that were left out, which says nothing about them;
//! Alertmanager drops what is answered with a 4xx.

use super::{Parsed, Rejected, Request, Source, json, labelled, raw_alert::RawAlert, text, times};
use serde_json::{Map, Value};

pub const SOURCE: Source = Source {
    setup: "# alertmanager.yml\nroute:\n  receiver: tocsin\nreceivers:\n  - name: tocsin\n    webhook_configs:\n      - url: '{url}/hooks/alertmanager/{token}'\n        send_resolved: true\n",
    docs: "https://prometheus.io/docs/alerting/latest/configuration/#webhook_config",
    example: include_str!("../../../tests/fixtures/alertmanager/firing_single.json"),
    a_4xx_is_final: true,
    ..Source::new("alertmanager", "Prometheus Alertmanager", parse)
};

fn parse(request: &Request) -> Result<Parsed, Rejected> {
    let body = json::read(request.body)?;
    let Some(alerts) = alerts_of(&body) else {
        return Err(Rejected::new("no_alerts", "the body has no list `alerts`, so it is not a webhook of Alertmanager"));
    };
    Ok(read_group(&body, alerts, request, |_, _| {}))
}

/// The alerts of one group; `None` where the body is no such frame.
pub(super) fn alerts_of(body: &Value) -> Option<&[Value]> {
    match body.get("alerts") {
        Some(Value::Array(alerts)) => Some(alerts.as_slice()),
        Some(Value::Null) => Some(&[]),
        Some(_) | None => None,
    }
}

/// Group labels stand in every alert of a delivery. Real ones are a part of each alert's labels;
/// invented ones must not grow a body of 1 MiB to gigabytes.
const MAX_GROUP_LABEL_BYTES: usize = 4 * 1024 * 1024;

/// Reads the frame that Alertmanager and those that speak like it send. `more` adds to each alert
/// what only its own sender says.
pub(super) fn read_group(body: &Value, alerts: &[Value], request: &Request, more: impl Fn(&Map<String, Value>, &mut RawAlert)) -> Parsed {
    let mut parsed = Parsed::default();
    if let Some(truncated) = body.get("truncatedAlerts").and_then(Value::as_u64).filter(|count| *count > 0) {
        parsed.warn(format!("the sender left {truncated} alerts of this group out (truncatedAlerts)"));
    }
    let mut group_labels = text::of_fields(body.get("groupLabels"));
    if group_labels.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() * alerts.len() > MAX_GROUP_LABEL_BYTES {
        parsed.warn("the group labels are too large for so many alerts, and were left out");
        group_labels.clear();
    }
    let group_status = body.get("status").and_then(is_resolved);
    for (index, alert) in alerts.iter().enumerate() {
        let Some(alert) = alert.as_object() else {
            parsed.reject(index, "it is not an object");
            continue;
        };
        let mut raw = labelled::read(alert, request.received_at);
        if let Some(fingerprint) = alert.get("fingerprint").and_then(text::of_value).filter(|fingerprint| !fingerprint.is_empty()) {
            raw.key = fingerprint;
        }
        if raw.key.is_empty() && raw.title.is_empty() {
            parsed.reject(index, "it has no labels, no annotations and no fingerprint");
            continue;
        }
        // Only an alert that says nothing about itself is what its group is.
        if alert.get("status").and_then(is_resolved).or(group_status).unwrap_or(false) {
            let ended_at = times::believed(alert, "endsAt", request.received_at, &mut raw.annotations);
            raw.resolved(ended_at, request.received_at);
        }
        raw.group_labels = group_labels.clone();
        more(alert, &mut raw);
        raw.add_to(&mut parsed);
    }
    parsed
}

/// What a status says; `None` for words that are not known.
fn is_resolved(status: &Value) -> Option<bool> {
    let status = status.as_str()?;
    if status.eq_ignore_ascii_case("resolved") {
        Some(true)
    } else if status.eq_ignore_ascii_case("firing") {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{RECEIVED_AT, at, deliver, labels, link},
        *,
    };
    use crate::domain::{
        alert::{Labels, Signal, SignalAction},
        severity::AlertSeverity,
    };
    use serde_json::json;

    fn read(body: &str) -> Parsed {
        deliver(&SOURCE, body).expect("it is read")
    }

    fn read_json(body: Value) -> Parsed {
        read(&body.to_string())
    }

    /// `InstanceDown` of the fixtures, firing on the instance that ends in 7.
    fn instance_down() -> Signal {
        Signal {
            action: SignalAction::Fire,
            dedupe_key: "c6f036bf1ca70794".to_owned(),
            severity: Some(AlertSeverity::Critical),
            title: "Instance 10.0.1.7:9100 down".to_owned(),
            labels: labels(&[("alertname", "InstanceDown"), ("instance", "10.0.1.7:9100"), ("job", "node"), ("severity", "critical"), ("team", "platform")]),
            annotations: labels(&[("summary", "Instance 10.0.1.7:9100 down")]),
            links: vec![link("http://prometheus.example.com:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1", "Source")],
            group_labels: labels(&[("alertname", "InstanceDown")]),
            started_at: Some(at("2025-03-14T10:00:00Z")),
            event_at: Some(at("2025-03-14T10:00:00Z")),
            expires_at: None,
            heartbeat: false,
        }
    }

    #[test]
    fn a_firing_alert_is_read() {
        let parsed = read(include_str!("../../../tests/fixtures/alertmanager/firing_single.json"));
        let mut expected = instance_down();
        expected.annotations.insert("runbook_url".to_owned(), "https://runbooks.example.com/InstanceDown".to_owned());
        expected.links.push(link("https://runbooks.example.com/InstanceDown", "Runbook"));
        assert_eq!(parsed, Parsed { signals: vec![expected], ..Parsed::default() });
    }

    #[test]
    fn each_alert_of_a_firing_group_has_its_own_state() {
        let parsed = read(include_str!("../../../tests/fixtures/alertmanager/firing_group_two_one_resolved.json"));
        let mut resolved = instance_down();
        resolved.action = SignalAction::Resolve;
        resolved.dedupe_key = "87ea06e1cb998503".to_owned();
        resolved.title = "Instance 10.0.1.8:9100 down".to_owned();
        resolved.labels.insert("instance".to_owned(), "10.0.1.8:9100".to_owned());
        resolved.annotations.insert("summary".to_owned(), resolved.title.clone());
        resolved.event_at = Some(at("2025-03-14T10:04:00Z"));
        assert_eq!(parsed, Parsed { signals: vec![instance_down(), resolved], ..Parsed::default() });
    }

    #[test]
    fn a_resolved_group_ends_each_alert_at_its_own_time() {
        let parsed = read(include_str!("../../../tests/fixtures/alertmanager/resolved_group.json"));
        let mut first = instance_down();
        first.action = SignalAction::Resolve;
        first.title = "InstanceDown".to_owned();
        first.annotations = Labels::new();
        first.event_at = Some(at("2025-03-14T10:10:00Z"));
        let mut second = first.clone();
        second.dedupe_key = "87ea06e1cb998503".to_owned();
        second.labels.insert("instance".to_owned(), "10.0.1.8:9100".to_owned());
        second.event_at = Some(at("2025-03-14T10:10:30Z"));
        assert_eq!(parsed, Parsed { signals: vec![first, second], ..Parsed::default() });
    }

    #[test]
    fn unicode_nanoseconds_offsets_and_truncated_groups_are_read() {
        let parsed = read(include_str!("../../../tests/fixtures/alertmanager/firing_unicode_minimal.json"));
        let expected = Signal {
            action: SignalAction::Fire,
            dedupe_key: "04d422fed578325b".to_owned(),
            severity: Some(AlertSeverity::Warning),
            title: "Disque presque plein — 残り 5 % 💾".to_owned(),
            labels: labels(&[("alertname", "DiskWillFill"), ("instance", "db-ü-01"), ("mountpoint", "/données"), ("severity", "warning")]),
            annotations: labels(&[("summary", "Disque presque plein — 残り 5 % 💾")]),
            links: vec![],
            group_labels: labels(&[("alertname", "DiskWillFill")]),
            started_at: Some(at("2025-03-14T09:00:00.123456Z")),
            event_at: Some(at("2025-03-14T09:00:00.123456Z")),
            expires_at: None,
            heartbeat: false,
        };
        let warnings = vec!["the sender left 3 alerts of this group out (truncatedAlerts)".to_owned()];
        assert_eq!(parsed, Parsed { signals: vec![expected], warnings, ..Parsed::default() });
    }

    #[test]
    fn the_same_frame_from_grafana_is_read() {
        let parsed = read(include_str!("../../../tests/fixtures/grafana/firing.json"));
        assert!(!parsed.signals.is_empty() && parsed.rejected.is_empty());
    }

    #[test]
    fn a_missing_fingerprint_is_computed_and_an_odd_one_kept() {
        let alert = |fingerprint: Value| json!({"labels": {"alertname": "NoTimes", "region": ""}, "fingerprint": fingerprint});
        let parsed = read_json(json!({"alerts": [alert(json!(null)), alert(json!("")), alert(json!("x/ü")), alert(json!(9007199254740993_i64))]}));
        let keys: Vec<&str> = parsed.signals.iter().map(|signal| signal.dedupe_key.as_str()).collect();
        assert_eq!(keys, ["c5b18b580b3a630f", "c5b18b580b3a630f", "x/ü", "9007199254740993"]);
        assert_eq!(parsed.signals[0].labels, labels(&[("alertname", "NoTimes")]));
    }

    #[test]
    fn equal_labels_with_two_fingerprints_stay_two_alerts() {
        let alert = |fingerprint| json!({"status": "firing", "labels": {"a": "b"}, "fingerprint": fingerprint});
        let parsed = read_json(json!({"alerts": [alert("one"), alert("two")]}));
        assert_ne!(parsed.signals[0].dedupe_key, parsed.signals[1].dedupe_key);
    }

    #[test]
    fn an_alert_without_a_state_is_what_its_group_is() {
        let states = |group: Value, alert: Value| read_json(json!({"status": group, "alerts": [{"status": alert, "labels": {"a": "b"}}]})).signals[0].action;
        assert_eq!(states(json!("resolved"), json!(null)), SignalAction::Resolve);
        assert_eq!(states(json!("resolved"), json!("firing")), SignalAction::Fire);
        assert_eq!(states(json!("firing"), json!("Resolved")), SignalAction::Resolve);
        assert_eq!(states(json!(null), json!("suppressed")), SignalAction::Fire);
    }

    #[test]
    fn a_resolve_without_an_end_ends_when_it_was_received() {
        for ends_at in [json!(null), json!("0001-01-01T00:00:00Z"), json!("soon"), json!("2099-01-01T00:00:00Z")] {
            let parsed = read_json(json!({"alerts": [{"status": "resolved", "labels": {"a": "b"}, "startsAt": "2025-03-14T10:00:00Z", "endsAt": ends_at}]}));
            assert_eq!(parsed.signals[0].event_at, Some(RECEIVED_AT), "{ends_at}");
        }
    }

    #[test]
    fn a_start_that_cannot_be_is_not_given_and_kept_as_sent() {
        for starts_at in ["2099-01-01T00:00:00Z", "1234-01-01T00:00:00Z", "yesterday"] {
            let parsed = read_json(json!({"alerts": [{"labels": {"a": "b"}, "startsAt": starts_at}]}));
            assert_eq!((parsed.signals[0].started_at, parsed.signals[0].event_at), (None, None));
            assert_eq!(parsed.signals[0].annotations, labels(&[("startsAt_as_sent", starts_at)]));
        }
    }

    #[test]
    fn a_watchdog_is_a_heartbeat() {
        let signal = &read_json(json!({"alerts": [{"status": "firing", "labels": {"alertname": "Watchdog", "severity": "none"}}]})).signals[0];
        assert_eq!((signal.heartbeat, signal.severity), (true, Some(AlertSeverity::Info)));
    }

    #[test]
    fn an_empty_group_is_read_and_another_body_is_not() {
        assert_eq!(read_json(json!({"alerts": []})), Parsed::default());
        assert_eq!(read_json(json!({"alerts": null})), Parsed::default());
        for body in ["{}", "[]", "1", r#"{"alerts": {}}"#] {
            assert_eq!(deliver(&SOURCE, body).expect_err("it is rejected").code, "no_alerts", "{body}");
        }
    }

    #[test]
    fn one_senseless_alert_does_not_lose_the_others() {
        let parsed = read_json(json!({"alerts": ["x", {}, {"labels": {"a": ""}}, {"annotations": {"summary": "S"}}, {"labels": {"a": "b"}}]}));
        let titles: Vec<&str> = parsed.signals.iter().map(|signal| signal.title.as_str()).collect();
        assert_eq!(titles, ["S", "a=b"]);
        assert_eq!(
            parsed.rejected_words(),
            "alert 0: it is not an object; alert 1: it has no labels, no annotations and no fingerprint; alert 2: it has no labels, no annotations and no fingerprint"
        );
    }

    #[test]
    fn large_group_labels_are_not_multiplied() {
        let alerts: Vec<Value> = (0..10_000).map(|n| json!({"labels": {"a": n}})).collect();
        let parsed = read_json(json!({"groupLabels": {"x": "y".repeat(10_000)}, "alerts": alerts}));
        assert!(parsed.signals.iter().all(|signal| signal.group_labels.is_empty()));
        assert_eq!(parsed.warnings.len(), 1);
    }
}
