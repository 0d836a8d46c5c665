//! Alertmanager's API v2 as Prometheus itself uses it: `POST /api/v2/alerts` with a list.
//!
//! Traps: there is no state, an alert fires while its `endsAt` lies in the **future** and has to
//! be sent again before that; Prometheus sends every batch once and never again, so the valid
//! alerts of a batch are stored even where another one is not valid.

use super::{Parsed, Rejected, Request, Source, json, labelled, raw_alert::RawAlert, text, times};
use crate::domain::time::Timestamp;
use serde_json::{Map, Value};

pub const SOURCE: Source = Source {
    setup: "# prometheus.yml; the target is host and port of {url}\nalerting:\n  alertmanagers:\n    - scheme: https\n      static_configs:\n        - targets: ['tocsin.example.com:443']\n      authorization:\n        credentials: '{token}'\n",
    docs: "https://prometheus.io/docs/alerting/latest/alerts_api/",
    example: include_str!("../../../tests/fixtures/prometheus/alerts_firing.json"),
    a_4xx_is_final: true,
    default_heartbeat_s: Some(300),
    ..Source::new("prometheus", "Prometheus (without Alertmanager)", parse)
};

/// An alert that does not say until when it holds, holds for this long (Alertmanager's
/// `resolve_timeout`).
const RESOLVE_TIMEOUT_SECS: i64 = 300;

fn parse(request: &Request) -> Result<Parsed, Rejected> {
    let body = json::read(request.body)?;
    let Value::Array(alerts) = body else {
        return Err(Rejected::new("no_list", "the body is not a list of alerts"));
    };
    let mut parsed = Parsed::default();
    for (index, alert) in alerts.iter().enumerate() {
        let Some(alert) = alert.as_object() else {
            parsed.reject(index, "it is not an object");
            continue;
        };
        let mut raw = labelled::read(alert, request.received_at);
        if raw.labels.is_empty() {
            parsed.reject(index, "at least one label with a value is required");
            continue;
        }
        judge_end(&mut raw, alert, request.received_at);
        raw.add_to(&mut parsed);
    }
    Ok(parsed)
}

/// Whether it fires or is over, by our clock. A resolve from a clock that runs ahead reads as
/// firing for as long as that clock is ahead, and then expires by itself.
fn judge_end(raw: &mut RawAlert, alert: &Map<String, Value>, received_at: Timestamp) {
    match times::read(alert.get("endsAt")) {
        times::Reading::At(ends_at) if ends_at > received_at => raw.expires_at = Some(ends_at),
        times::Reading::At(_) => {
            let ended_at = times::believed(alert, "endsAt", received_at, &mut raw.annotations);
            raw.resolved(ended_at, received_at);
        }
        times::Reading::Absent => raw.expires_at = Some(received_at.plus_secs(RESOLVE_TIMEOUT_SECS)),
        times::Reading::Unreadable => {
            raw.expires_at = Some(received_at.plus_secs(RESOLVE_TIMEOUT_SECS));
            raw.annotations.extend(alert.get("endsAt").and_then(text::of_value).map(|sent| ("endsAt_as_sent".to_owned(), sent)));
        }
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

    /// One alert with these times.
    fn with_times(starts_at: Value, ends_at: Value) -> Signal {
        read(&json!([{"labels": {"a": "b"}, "startsAt": starts_at, "endsAt": ends_at}]).to_string()).signals.remove(0)
    }

    /// `High5xx` of the fixtures on checkout, firing.
    fn high_5xx() -> Signal {
        Signal {
            action: SignalAction::Fire,
            dedupe_key: "ee93488507582f06".to_owned(),
            severity: Some(AlertSeverity::Critical),
            title: "High 5xx rate on checkout".to_owned(),
            labels: labels(&[("alertname", "High5xx"), ("service", "checkout"), ("severity", "critical")]),
            annotations: labels(&[("summary", "High 5xx rate on checkout")]),
            links: vec![link("http://prometheus.example.com:9090/graph?g0.expr=rate", "Source")],
            group_labels: Labels::new(),
            started_at: Some(at("2025-03-14T10:00:00Z")),
            event_at: Some(at("2025-03-14T10:00:00Z")),
            expires_at: Some(at("2099-01-01T00:00:00Z")),
            heartbeat: false,
        }
    }

    #[test]
    fn an_end_in_the_future_is_firing_until_then() {
        let parsed = read(include_str!("../../../tests/fixtures/prometheus/alerts_firing.json"));
        let second = Signal {
            dedupe_key: "fa2b0c1a21645916".to_owned(),
            severity: Some(AlertSeverity::Warning),
            title: "High5xx".to_owned(),
            labels: labels(&[("alertname", "High5xx"), ("service", "login"), ("severity", "warning")]),
            annotations: Labels::new(),
            links: vec![],
            started_at: Some(at("2025-03-14T10:01:00Z")),
            event_at: Some(at("2025-03-14T10:01:00Z")),
            ..high_5xx()
        };
        assert_eq!(parsed, Parsed { signals: vec![high_5xx(), second], ..Parsed::default() });
    }

    #[test]
    fn an_end_in_the_past_is_resolved_and_none_holds_for_five_minutes() {
        let parsed = read(include_str!("../../../tests/fixtures/prometheus/alerts_resolved.json"));
        let resolved = Signal { action: SignalAction::Resolve, links: vec![], event_at: Some(at("2025-03-14T10:20:00Z")), expires_at: None, ..high_5xx() };
        let no_times = Signal {
            dedupe_key: "c5b18b580b3a630f".to_owned(),
            severity: None,
            title: "NoTimes".to_owned(),
            labels: labels(&[("alertname", "NoTimes")]),
            annotations: Labels::new(),
            links: vec![],
            started_at: None,
            event_at: None,
            expires_at: Some(RECEIVED_AT.plus_secs(300)),
            ..high_5xx()
        };
        assert_eq!(parsed, Parsed { signals: vec![resolved, no_times], ..Parsed::default() });
    }

    #[test]
    fn firing_and_resolved_of_one_alert_share_a_key() {
        let keys = |body: &str| read(body).signals.into_iter().map(|signal| signal.dedupe_key).next();
        let firing = keys(include_str!("../../../tests/fixtures/prometheus/alerts_firing.json"));
        assert_eq!(firing, keys(include_str!("../../../tests/fixtures/prometheus/alerts_resolved.json")));
    }

    #[test]
    fn the_end_is_judged_by_our_clock() {
        let end = |secs: i64| with_times(json!("2025-03-14T10:00:00Z"), json!(RECEIVED_AT.plus_secs(secs).to_string()));
        let (now, soon) = (end(0), end(1));
        assert_eq!((now.action, now.event_at, now.expires_at), (SignalAction::Resolve, Some(RECEIVED_AT), None));
        assert_eq!((soon.action, soon.expires_at), (SignalAction::Fire, Some(RECEIVED_AT.plus_secs(1))));
    }

    #[test]
    fn a_start_up_to_a_minute_ahead_is_believed() {
        let start = |secs: i64| with_times(json!(RECEIVED_AT.plus_secs(secs).to_string()), json!(null)).started_at;
        assert_eq!(start(60), Some(RECEIVED_AT.plus_secs(60)));
        assert_eq!(start(61), None);
    }

    #[test]
    fn the_zero_time_is_no_end() {
        let signal = with_times(json!(null), json!("0001-01-01T00:00:00Z"));
        assert_eq!((signal.action, signal.expires_at), (SignalAction::Fire, Some(RECEIVED_AT.plus_secs(300))));
    }

    #[test]
    fn an_end_that_cannot_be_read_keeps_it_firing() {
        let signal = with_times(json!(null), json!("soon"));
        assert_eq!((signal.action, signal.expires_at), (SignalAction::Fire, Some(RECEIVED_AT.plus_secs(300))));
        assert_eq!(signal.annotations, labels(&[("endsAt_as_sent", "soon")]));
    }

    #[test]
    fn an_end_before_2000_is_resolved_when_received() {
        let signal = with_times(json!(null), json!("1970-01-01T00:00:00Z"));
        assert_eq!((signal.action, signal.event_at), (SignalAction::Resolve, Some(RECEIVED_AT)));
    }

    #[test]
    fn valid_alerts_stay_when_others_are_not() {
        let parsed = read(&json!([{"labels": {}}, {"labels": {"a": ""}}, 7, {"labels": {"a": "b"}}]).to_string());
        assert_eq!(parsed.signals.len(), 1);
        assert_eq!(parsed.rejected.iter().map(|alert| alert.index).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(
            parsed.rejected_words(),
            "alert 0: at least one label with a value is required; alert 1: at least one label with a value is required; alert 2: it is not an object"
        );
    }

    #[test]
    fn nothing_but_a_list_is_read() {
        assert_eq!(read("[]"), Parsed::default());
        for body in ["{}", "null", "\"x\""] {
            assert_eq!(deliver(&SOURCE, body).expect_err("it is rejected").code, "no_list", "{body}");
        }
    }
}
