//! Alertmanager's webhook, version 4: one group of alerts per delivery.
//!
//! Traps: the state of the group is not that of its alerts; `endsAt` is the year 1 while an alert
//! fires; `truncatedAlerts` counts alerts that were left out, which says nothing about them;
//! Alertmanager drops what is answered with a 4xx.

use super::{Parsed, Rejected, Request, Source, json, labelled, text, times};
use serde_json::Value;

pub const SOURCE: Source = Source {
    setup: "# alertmanager.yml\nroute:\n  receiver: tocsin\nreceivers:\n  - name: tocsin\n    webhook_configs:\n      - url: '{url}/hooks/alertmanager/{token}'\n        send_resolved: true\n",
    docs: "https://prometheus.io/docs/alerting/latest/configuration/#webhook_config",
    example: include_str!("../../../tests/fixtures/alertmanager/firing_single.json"),
    a_4xx_is_final: true,
    ..Source::new("alertmanager", "Prometheus Alertmanager", parse)
};

/// Group labels stand in every alert of a delivery. Real ones are a part of each alert's labels;
/// invented ones must not grow a body of 1 MiB to gigabytes.
const MAX_GROUP_LABEL_BYTES: usize = 4 * 1024 * 1024;

fn parse(request: &Request) -> Result<Parsed, Rejected> {
    let body = json::read(request.body)?;
    let alerts = match body.get("alerts") {
        Some(Value::Array(alerts)) => alerts.as_slice(),
        Some(Value::Null) => &[],
        Some(_) | None => return Err(Rejected::new("no_alerts", "the body has no list `alerts`, so it is not a webhook of Alertmanager")),
    };
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
        raw.add_to(&mut parsed);
    }
    Ok(parsed)
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
