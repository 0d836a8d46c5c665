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
