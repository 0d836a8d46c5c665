//! Grafana's alerting webhook: Alertmanager's frame in version 1, with links to Grafana and the
//! measured values.
//!
//! Traps: a rule without data or that cannot be evaluated fires as `DatasourceNoData` or
//! `DatasourceError` with a fingerprint of its own and the rule's name in `rulename`; links that
//! Grafana does not know are empty texts; `values` is null once an alert is resolved; people may
//! replace the whole body by a template of theirs, which is then read as generic JSON.

use super::{Parsed, Rejected, Request, Source, alertmanager, generic, json, raw_alert::RawAlert, signature::Scheme, text};
use serde_json::{Map, Value};

pub const SOURCE: Source = Source {
    setup: "# Alerting → Contact points → Add contact point\nName:        Tocsin\nIntegration: Webhook\nURL:         {url}/hooks/grafana/{token}\nHTTP method: POST\n# With a signing secret here: Optional settings → HMAC signature, the same secret there.\n# A timestamp header there goes into the settings here, under the same name.\n",
    docs: "https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/",
    example: include_str!("../../../tests/fixtures/grafana/firing.json"),
    signature: Scheme::Hmac { header: "x-grafana-alerting-signature" },
    ..Source::new("grafana", "Grafana Alerting", parse)
};

/// Where an alert points to, besides its rule.
const LINKS: [(&str, &str); 4] = [("dashboardURL", "Dashboard"), ("panelURL", "Panel"), ("silenceURL", "Silence"), ("imageURL", "Image")];
/// What was measured.
const VALUES: [&str; 2] = ["values", "valueString"];

fn parse(request: &Request) -> Result<Parsed, Rejected> {
    let body = json::read(request.body)?;
    match alertmanager::alerts_of(&body) {
        Some(alerts) => Ok(alertmanager::read_group(&body, alerts, request, read_more)),
        None => generic::read_any(&body, request),
    }
}

/// What only Grafana says about an alert.
fn read_more(alert: &Map<String, Value>, raw: &mut RawAlert) {
    let said = |name: &str| alert.get(name).and_then(text::of_value).filter(|text| !text.is_empty());
    for (name, words) in LINKS {
        raw.link(said(name), words);
    }
    for name in VALUES {
        raw.annotations.extend(said(name).map(|value| (name.to_owned(), value)));
    }
    // The name of such an alert says what happened, but not to which rule.
    let happened = match raw.labels.get("alertname").map(String::as_str) {
        Some("DatasourceNoData") => "No data",
        Some("DatasourceError") => "Rule cannot be evaluated",
        _ => return,
    };
    if let Some(rule) = raw.labels.get("rulename").filter(|rule| !text::line(rule, 1).is_empty()) {
        raw.title = format!("{happened}: {rule}");
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{at, deliver, labels, link},
        *,
    };
    use crate::domain::{
        alert::{Signal, SignalAction},
        severity::AlertSeverity,
    };
    use serde_json::json;

    fn read(body: &str) -> Parsed {
        deliver(&SOURCE, body).expect("it is read")
    }

    /// The alert of the fixtures while it fires.
    fn high_memory() -> Signal {
        Signal {
            action: SignalAction::Fire,
            dedupe_key: "bb3bf80693d533ff".to_owned(),
            severity: Some(AlertSeverity::Critical),
            title: "Memory above 90%".to_owned(),
            labels: labels(&[("alertname", "HighMemory"), ("grafana_folder", "Platform"), ("host", "web-01"), ("severity", "critical")]),
            annotations: labels(&[("summary", "Memory above 90%"), ("valueString", "[ var='A' labels={} value=93.1 ]"), ("values", r#"{"A":93.1,"C":1}"#)]),
            links: vec![
                link("https://grafana.example.com/alerting/grafana/abcd1234/view?orgId=1", "Source"),
                link("https://grafana.example.com/alerting/silence/new?alertmanager=grafana&matcher=alertname%3DHighMemory", "Silence"),
                link("https://grafana.example.com/public/img/attachments/x.png", "Image"),
            ],
            group_labels: labels(&[("alertname", "HighMemory"), ("grafana_folder", "Platform")]),
            started_at: Some(at("2025-03-14T10:00:00Z")),
            event_at: Some(at("2025-03-14T10:00:00Z")),
            expires_at: None,
            heartbeat: false,
        }
    }

    #[test]
    fn a_firing_alert_is_read_with_its_links_and_values() {
        let parsed = read(include_str!("../../../tests/fixtures/grafana/firing.json"));
        assert_eq!(parsed, Parsed { signals: vec![high_memory()], ..Parsed::default() });
    }

    #[test]
    fn a_resolved_alert_ends_when_it_says_and_has_no_values() {
        let mut expected = high_memory();
        expected.action = SignalAction::Resolve;
        expected.annotations = labels(&[("summary", "Memory above 90%")]);
        let parsed = read(include_str!("../../../tests/fixtures/grafana/resolved.json"));
        expected.event_at = parsed.signals[0].event_at;
        assert_eq!(parsed, Parsed { signals: vec![expected], ..Parsed::default() });
        assert!(parsed.signals[0].event_at > Some(at("2025-03-14T10:00:00Z")));
    }

    #[test]
    fn a_rule_without_data_is_named() {
        let title = |labels: Value| read(&json!({"version": "1", "alerts": [{"labels": labels}]}).to_string()).signals[0].title.clone();
        assert_eq!(title(json!({"alertname": "DatasourceNoData", "rulename": "High memory"})), "No data: High memory");
        assert_eq!(title(json!({"alertname": "DatasourceError", "rulename": "High memory"})), "Rule cannot be evaluated: High memory");
        assert_eq!(title(json!({"alertname": "DatasourceError"})), "DatasourceError");
        assert_eq!(title(json!({"alertname": "DatasourceError", "rulename": "\u{0}"})), "DatasourceError");
    }

    #[test]
    fn a_body_from_a_template_is_read_as_generic_json() {
        let parsed = read(r#"{"title": "Memory above 90%", "status": "resolved", "dedup_key": "memory"}"#);
        assert_eq!((parsed.signals[0].action, parsed.signals[0].dedupe_key.as_str()), (SignalAction::Resolve, "memory"));
        assert_eq!(deliver(&SOURCE, "{}").expect_err("it says nothing").code, "no_title");
        assert_eq!(read(r#"{"alerts": []}"#), Parsed::default());
    }
}
