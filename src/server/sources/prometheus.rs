//! Alertmanager's API v2 as Prometheus itself uses it: `POST /api/v2/alerts` with a list.
//!
//! Traps: there is no state, an alert fires while its `endsAt` lies in the **future** and has to
//! be sent again before that; Prometheus sends every batch once and never again, so the valid
//! alerts of a batch are stored even where another one is not valid.

use super::{
    Parsed, Rejected, Request, Source, json, labelled,
    raw_alert::RawAlert,
    text,
    times::{self, Reading},
};
use crate::domain::{alert::Labels, time::Timestamp};
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;

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
    read_plainly(request).map_or_else(|| read_leniently(request), Ok)
}

/// One alert exactly as Prometheus writes it. Whatever has another shape is read leniently.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Plain<'a> {
    labels: Labels,
    #[serde(default)]
    annotations: Labels,
    #[serde(borrow, default)]
    starts_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    ends_at: Option<Cow<'a, str>>,
    #[serde(rename = "generatorURL", default)]
    generator_url: Option<String>,
}

/// The short way of almost every delivery: straight into the alerts, without JSON in between.
fn read_plainly(request: &Request) -> Option<Parsed> {
    let alerts: Vec<Plain> = serde_json::from_slice(request.body).ok()?;
    let mut parsed = Parsed::default();
    for (index, alert) in alerts.into_iter().enumerate() {
        let Plain { labels, annotations, starts_at, ends_at, generator_url } = alert;
        let mut raw = labelled::put_together(labels, annotations, generator_url);
        let sent = |text: &Option<Cow<str>>| text.as_deref().map(str::to_owned);
        raw.started_at = times::believe(times::read_text(starts_at.as_deref()), "startsAt", || sent(&starts_at), request.received_at, &mut raw.annotations);
        raw.event_at = raw.started_at;
        add(&mut parsed, index, raw, times::read_text(ends_at.as_deref()), || sent(&ends_at), request.received_at);
    }
    Some(parsed)
}

fn read_leniently(request: &Request) -> Result<Parsed, Rejected> {
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
        let (raw, ends_at) = (labelled::read(alert, request.received_at), alert.get("endsAt"));
        add(&mut parsed, index, raw, times::read(ends_at), || ends_at.and_then(text::of_value), request.received_at);
    }
    Ok(parsed)
}

fn add(parsed: &mut Parsed, index: usize, mut raw: RawAlert, ends_at: Reading, sent: impl FnOnce() -> Option<String>, received_at: Timestamp) {
    if raw.labels.is_empty() {
        parsed.reject(index, "at least one label with a value is required");
        return;
    }
    judge_end(&mut raw, ends_at, sent, received_at);
    raw.add_to(parsed);
}

/// Whether it fires or is over, by our clock. A resolve from a clock that runs ahead reads as
/// firing for as long as that clock is ahead, and then expires by itself.
fn judge_end(raw: &mut RawAlert, ends_at: Reading, sent: impl FnOnce() -> Option<String>, received_at: Timestamp) {
    match ends_at {
        Reading::At(at) if at > received_at => raw.expires_at = Some(at),
        Reading::At(_) => {
            let ended_at = times::believe(ends_at, "endsAt", sent, received_at, &mut raw.annotations);
            raw.resolved(ended_at, received_at);
        }
        Reading::Absent => raw.expires_at = Some(received_at.plus_secs(RESOLVE_TIMEOUT_SECS)),
        Reading::Unreadable => {
            raw.expires_at = Some(received_at.plus_secs(RESOLVE_TIMEOUT_SECS));
            raw.annotations.extend(sent().map(|sent| ("endsAt_as_sent".to_owned(), sent)));
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
    fn the_short_way_reads_what_the_lenient_one_reads() {
        let times = ["2025-03-14T10:00:00Z", "2099-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "soon", " ", "1741946578"];
        let labels = [json!({"alertname": "Watchdog"}), json!({"a": "b\u{0}", "severity": "P1", "é": " x "}), json!({"a": ""}), json!({})];
        let annotations = [json!({"summary": "S\n\"quoted\"", "runbook_url": "https://r"}), json!({}), json!({"title": " \u{0}"})];
        let ends = |starts_at: &Value| times.iter().map(|at| json!(at)).chain([json!(null)]).map(|at| (starts_at.clone(), at)).collect::<Vec<_>>();
        let mut alerts = vec![];
        for (starts_at, ends_at) in times.iter().map(|at| json!(at)).chain([json!(null)]).flat_map(|at| ends(&at)) {
            for (labels, annotations) in labels.iter().flat_map(|labels| annotations.iter().map(move |annotations| (labels, annotations))) {
                alerts.push(json!({"labels": labels, "annotations": annotations, "startsAt": starts_at, "endsAt": ends_at, "generatorURL": "http://p"}));
                alerts.push(json!({"labels": labels, "startsAt": starts_at}));
            }
        }
        let body = json!(alerts).to_string();
        let request = super::super::testing::request(body.as_bytes());
        let plainly = read_plainly(&request).expect("it is as Prometheus writes it");
        assert_eq!(Ok(plainly), read_leniently(&request));
    }

    #[test]
    fn what_prometheus_does_not_write_takes_the_lenient_way() {
        for alert in [json!({"labels": {"a": 1}}), json!({"labels": {"a": "b"}, "startsAt": 7}), json!({"labels": {"a": "b"}, "more": 1}), json!({}), json!(1)]
        {
            assert!(read_plainly(&super::super::testing::request(json!([alert]).to_string().as_bytes())).is_none(), "{alert}");
        }
    }

    #[test]
    fn nothing_but_a_list_is_read() {
        assert_eq!(read("[]"), Parsed::default());
        for body in ["{}", "null", "\"x\""] {
            assert_eq!(deliver(&SOURCE, body).expect_err("it is rejected").code, "no_list", "{body}");
        }
    }
}
