//! PagerDuty's Events API v2, so that whatever pages through it can page here: alerts at
//! `/v2/enqueue`, changes at `/v2/change/enqueue`.
//!
//! Traps: the order is that of arrival, and a trigger after a resolve is a **new** alert, whatever
//! time it carries; acknowledge and resolve of unknown keys are accepted; lengths are counted in
//! characters; `payload` may be missing or null except on a trigger.

use super::{
    Parsed, Rejected, Request, Source,
    fields::Fields,
    json,
    raw_alert::{MAX_TITLE, RawAlert, sha256_hex},
    text, times,
};
use crate::domain::{
    alert::{Labels, SignalAction},
    canonical,
    change::ChangeRecord,
    severity::AlertSeverity,
};
use serde_json::Value;

pub const SOURCE: Source = Source {
    setup: "# Wherever PagerDuty's address can be set, for instance in alertmanager.yml:\nreceivers:\n  - name: tocsin\n    pagerduty_configs:\n      - url: '{url}/v2/enqueue'\n        routing_key: '{token}'\n# Changes go to {url}/v2/change/enqueue with the same routing key.\n",
    docs: "https://developer.pagerduty.com/docs/events-api-v2-overview",
    example: include_str!("../../../tests/fixtures/pagerduty_events/trigger.json"),
    max_body: 512 * 1024,
    ..Source::new("pagerduty_events", "PagerDuty Events API v2", parse)
};

const MAX_SUMMARY: usize = 1_024;
const MAX_DEDUP_KEY: usize = 255;

/// Details that say where an alert belongs; they become labels, by which alerts are grouped.
const LABEL_DETAILS: [&str; 5] = ["service", "environment", "team", "cluster", "namespace"];

/// The key of a body, by which the integration is found. Nothing else of it is judged.
pub fn routing_key(body: &[u8]) -> Result<String, Rejected> {
    match json::read(body)?.get("routing_key") {
        Some(Value::String(key)) if !key.trim().is_empty() => Ok(key.clone()),
        _ => Err(Rejected::with_all(INVALID, vec![missing("routing_key")])),
    }
}

const INVALID: &str = "invalid_event";

fn missing(field: &str) -> String {
    format!("'{field}' is missing or blank")
}

/// A field that must say something.
fn required(event: &Fields, name: &str, errors: &mut Vec<String>) -> Option<String> {
    let text = event.text(name);
    if text.is_none() {
        errors.push(missing(name));
    }
    text
}

fn too_long(field: &str, max: usize) -> String {
    format!("Length of '{field}' is incorrect (should be at most {max} characters)")
}

fn parse(request: &Request) -> Result<Parsed, Rejected> {
    let body = json::read(request.body)?;
    let event = Fields::of(&body).ok_or_else(|| Rejected::new(INVALID, "the event is not an object"))?;
    let payload = event.fields("payload");
    let mut errors = vec![];
    required(&event, "routing_key", &mut errors);
    let action = match required(&event, "event_action", &mut errors).as_deref() {
        Some("trigger") => Some(SignalAction::Fire),
        Some("acknowledge") => Some(SignalAction::Acknowledge),
        Some("resolve") => Some(SignalAction::Resolve),
        Some(_) => {
            errors.push("'event_action' is invalid (must be one of trigger, acknowledge or resolve)".to_owned());
            None
        }
        None => None,
    };
    let dedup_key = match action {
        Some(SignalAction::Acknowledge | SignalAction::Resolve) => required(&event, "dedup_key", &mut errors),
        Some(SignalAction::Fire) | None => event.text("dedup_key"),
    };
    if dedup_key.as_ref().is_some_and(|key| key.chars().nth(MAX_DEDUP_KEY).is_some()) {
        errors.push(too_long("dedup_key", MAX_DEDUP_KEY));
    }
    let summary = if action == Some(SignalAction::Fire) { check_payload(&payload, &mut errors) } else { payload.text("summary") };
    let Some(action) = action.filter(|_| errors.is_empty()) else {
        return Err(Rejected::with_all(INVALID, errors));
    };

    let key = dedup_key.unwrap_or_else(|| (request.new_key)());
    let mut raw = RawAlert::new(action, key.clone(), summary.unwrap_or_else(|| key.clone()));
    raw.severity = payload.text("severity").as_deref().and_then(AlertSeverity::from_word);
    read_details(&mut raw, &payload);
    read_links(&mut raw, &event);
    raw.started_at = times::believed(payload.0, "timestamp", request.received_at, &mut raw.annotations);
    // By arrival, see above: a trigger with an old time still is news.
    raw.event_at = Some(request.received_at);

    let mut parsed = Parsed { dedup_key: Some(key), ..Parsed::default() };
    raw.add_to(&mut parsed);
    Ok(parsed)
}

/// What a trigger needs; answers its summary.
fn check_payload(payload: &Fields, errors: &mut Vec<String>) -> Option<String> {
    let required = |field: &str, errors: &mut Vec<String>| {
        let text = payload.text(field);
        if text.is_none() {
            errors.push(missing(&format!("payload.{field}")));
        }
        text
    };
    let summary = required("summary", errors);
    if summary.as_ref().is_some_and(|summary| summary.chars().nth(MAX_SUMMARY).is_some()) {
        errors.push(too_long("payload.summary", MAX_SUMMARY));
    }
    required("source", errors);
    if required("severity", errors).is_some_and(|severity| !AlertSeverity::ALL.iter().any(|known| known.slug() == severity)) {
        errors.push("'payload.severity' is invalid (must be one of critical, warning, error or info)".to_owned());
    }
    summary
}

fn read_details(raw: &mut RawAlert, payload: &Fields) {
    for name in ["source", "component", "group", "class"] {
        raw.labels.extend(payload.text(name).map(|value| (name.to_owned(), value)));
    }
    raw.group_labels.extend(payload.text("group").map(|group| ("group".to_owned(), group)));
    match payload.0.get("custom_details") {
        Some(details @ Value::Object(_)) => {
            let (labels, annotations): (Labels, Labels) =
                text::of_fields(Some(details)).into_iter().partition(|(name, _)| LABEL_DETAILS.contains(&name.as_str()));
            raw.labels.extend(labels);
            raw.annotations = annotations;
        }
        Some(other) => raw.annotations.extend(text::of_value(other).map(|details| ("custom_details".to_owned(), details))),
        None => {}
    }
    if raw.title.chars().nth(MAX_TITLE).is_some() {
        raw.annotations.insert("summary".to_owned(), raw.title.clone());
    }
}

fn read_links(raw: &mut RawAlert, event: &Fields) {
    for link in event.list("links") {
        raw.link(link.text("href"), &link.text("text").unwrap_or_default());
    }
    for image in event.list("images") {
        raw.link(image.text("href").or_else(|| image.text("src")), &image.text("alt").unwrap_or_else(|| "Image".to_owned()));
    }
    raw.link(event.text("client_url"), &event.text("client").unwrap_or_default());
}

/// Reads the body of a change event.
pub fn parse_change(request: &Request) -> Result<Parsed, Rejected> {
    let body = json::read(request.body)?;
    let event = Fields::of(&body).ok_or_else(|| Rejected::new(INVALID, "the event is not an object"))?;
    let payload = event.fields("payload");
    let mut errors = vec![];
    required(&event, "routing_key", &mut errors);
    let summary = payload.text("summary");
    match &summary {
        None => errors.push(missing("payload.summary")),
        Some(summary) if summary.chars().nth(MAX_SUMMARY).is_some() => errors.push(too_long("payload.summary", MAX_SUMMARY)),
        Some(_) => {}
    }
    let Some(summary) = summary.filter(|_| errors.is_empty()) else {
        return Err(Rejected::with_all(INVALID, errors));
    };

    let sent_at = times::believed(payload.0, "timestamp", request.received_at, &mut Labels::new());
    // The sender gives no key. With a time of its own a change that is delivered twice is the
    // same change; without one it cannot be told from the next.
    let key = if sent_at.is_some() { sha256_hex(&canonical::to_string(&body)) } else { (request.new_key)() };
    let mut doc = text::clean_value(&body);
    if let Some(fields) = doc.as_object_mut() {
        // It opens the door, so it is not kept.
        fields.retain(|name, _| name != "routing_key");
    }
    let title = Some(text::line(&summary, MAX_TITLE)).filter(|title| !title.is_empty()).unwrap_or_else(|| "Change without a title".to_owned());
    let service = payload.fields("custom_details").text("service").map(|service| text::line(&service, MAX_TITLE)).filter(|service| !service.is_empty());
    let happened_at = sent_at.unwrap_or(request.received_at);
    let change = ChangeRecord { key, service, title, status: None, happened_at, told_at: happened_at, doc };
    Ok(Parsed { changes: vec![change], ..Parsed::default() })
}

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{RECEIVED_AT, at, deliver, labels, link, request},
        *,
    };
    use crate::domain::alert::Signal;
    use serde_json::json;

    const TRIGGER: &str = include_str!("../../../tests/fixtures/pagerduty_events/trigger.json");
    const CHANGE: &str = include_str!("../../../tests/fixtures/pagerduty_events/change.json");

    fn read(body: &str) -> Parsed {
        deliver(&SOURCE, body).expect("it is read")
    }

    /// The trigger of the fixtures, with one field (a JSON pointer) set to something else.
    fn trigger_with(pointer: &str, value: Value) -> String {
        let mut body: Value = serde_json::from_str(TRIGGER).expect("the fixture is JSON");
        *body.pointer_mut(pointer).expect("the fixture has this field") = value;
        body.to_string()
    }

    fn errors(body: &str) -> Vec<String> {
        let rejected = deliver(&SOURCE, body).expect_err("it is rejected");
        assert_eq!(rejected.code, "invalid_event");
        rejected.errors
    }

    #[test]
    fn a_trigger_is_read() {
        let expected = Signal {
            action: SignalAction::Fire,
            dedupe_key: "checkout/db-pool".to_owned(),
            severity: Some(AlertSeverity::Error),
            title: "DB connection pool exhausted on checkout".to_owned(),
            labels: labels(&[("class", "db-pool"), ("component", "postgres"), ("group", "checkout"), ("source", "db-primary.eu-central-1.example.com")]),
            annotations: labels(&[("load avg", "0.75"), ("pool size", "50")]),
            links: vec![
                link("https://runbooks.example.com/db-pool", "Runbook"),
                link("https://grafana.example.com/d/abc", "pool usage"),
                link("https://monitor.example.com", "Example Monitor"),
            ],
            group_labels: labels(&[("group", "checkout")]),
            started_at: Some(at("2025-03-14T10:02:58.315Z")),
            event_at: Some(RECEIVED_AT),
            expires_at: None,
            heartbeat: false,
        };
        assert_eq!(read(TRIGGER), Parsed { signals: vec![expected], dedup_key: Some("checkout/db-pool".to_owned()), ..Parsed::default() });
    }

    #[test]
    fn acknowledge_and_resolve_need_no_payload() {
        let fixtures = [
            (include_str!("../../../tests/fixtures/pagerduty_events/acknowledge.json"), SignalAction::Acknowledge),
            (include_str!("../../../tests/fixtures/pagerduty_events/resolve.json"), SignalAction::Resolve),
        ];
        for (body, action) in fixtures {
            let expected = Signal {
                action,
                dedupe_key: "checkout/db-pool".to_owned(),
                severity: None,
                title: "checkout/db-pool".to_owned(),
                labels: Labels::new(),
                annotations: Labels::new(),
                links: vec![],
                group_labels: Labels::new(),
                started_at: None,
                event_at: Some(RECEIVED_AT),
                expires_at: None,
                heartbeat: false,
            };
            assert_eq!(read(body), Parsed { signals: vec![expected], dedup_key: Some("checkout/db-pool".to_owned()), ..Parsed::default() });
            let mut with_null: Value = serde_json::from_str(body).expect("the fixture is JSON");
            with_null["payload"] = Value::Null;
            assert_eq!(read(&with_null.to_string()).signals[0].action, action);
        }
    }

    #[test]
    fn a_trigger_without_a_key_gets_a_new_one() {
        for blank in [json!(null), json!(""), json!(" ")] {
            let parsed = read(&trigger_with("/dedup_key", blank));
            assert_eq!((parsed.signals[0].dedupe_key.as_str(), parsed.dedup_key.as_deref()), ("new-key", Some("new-key")));
        }
    }

    #[test]
    fn the_answer_names_the_key_as_it_was_sent() {
        let parsed = read(&trigger_with("/dedup_key", json!("a\u{0}b")));
        assert_eq!(parsed.dedup_key.as_deref(), Some("a\u{0}b"));
        assert_eq!(parsed.signals[0].dedupe_key, sha256_hex("a\u{0}b"));
    }

    #[test]
    fn an_unknown_severity_is_refused_in_pagerdutys_words() {
        let expected: Value = serde_json::from_str(include_str!("../../../tests/fixtures/pagerduty_events/response_400.json")).expect("the fixture is JSON");
        for severity in ["purple", "Error", "sev1"] {
            assert_eq!(json!(errors(&trigger_with("/payload/severity", json!(severity)))), expected["errors"]);
        }
    }

    #[test]
    fn every_fault_is_named_at_once() {
        assert_eq!(errors("{}"), ["'routing_key' is missing or blank", "'event_action' is missing or blank"]);
        assert_eq!(
            errors(r#"{"routing_key": "k", "event_action": "trigger", "payload": null}"#),
            ["'payload.summary' is missing or blank", "'payload.source' is missing or blank", "'payload.severity' is missing or blank"]
        );
        assert_eq!(errors(r#"{"routing_key": "k", "event_action": "resolve"}"#), ["'dedup_key' is missing or blank"]);
        assert_eq!(errors(r#"{"routing_key": "k", "event_action": "page"}"#), ["'event_action' is invalid (must be one of trigger, acknowledge or resolve)"]);
        assert_eq!(errors("[]"), ["the event is not an object"]);
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        let summary = "ü".repeat(1_024);
        let signal = &read(&trigger_with("/payload/summary", json!(summary))).signals[0];
        assert_eq!(signal.title.chars().count(), 300);
        assert_eq!(signal.annotations.get("summary"), Some(&summary));
        assert_eq!(
            errors(&trigger_with("/payload/summary", json!("ü".repeat(1_025)))),
            ["Length of 'payload.summary' is incorrect (should be at most 1024 characters)"]
        );
        assert_eq!(read(&trigger_with("/dedup_key", json!("🔥".repeat(255)))).signals[0].dedupe_key, "🔥".repeat(255));
        assert_eq!(errors(&trigger_with("/dedup_key", json!("🔥".repeat(256)))), ["Length of 'dedup_key' is incorrect (should be at most 255 characters)"]);
    }

    #[test]
    fn details_may_be_anything() {
        let details = |details: Value| {
            let signal = read(&trigger_with("/payload/custom_details", details)).signals.remove(0);
            (signal.labels.get("service").cloned(), signal.annotations)
        };
        assert_eq!(details(json!("plain words")), (None, labels(&[("custom_details", "plain words")])));
        assert_eq!(details(json!(null)), (None, Labels::new()));
        let nested = json!({"service": "checkout", "id": 9007199254740993_i64, "list": [1, {"b": 2, "a": null}]});
        assert_eq!(details(nested), (Some("checkout".to_owned()), labels(&[("id", "9007199254740993"), ("list", r#"[1,{"a":null,"b":2}]"#)])));
    }

    #[test]
    fn a_time_that_cannot_be_read_refuses_nothing() {
        let signal = &read(&trigger_with("/payload/timestamp", json!("just now"))).signals[0];
        assert_eq!((signal.started_at, signal.annotations.get("timestamp_as_sent").map(String::as_str)), (None, Some("just now")));
    }

    #[test]
    fn a_change_is_read_and_its_key_is_not_kept() {
        let parsed = parse_change(&request(CHANGE.as_bytes())).expect("it is read");
        let change = &parsed.changes[0];
        assert_eq!(parsed, Parsed { changes: vec![change.clone()], ..Parsed::default() });
        assert_eq!((change.title.as_str(), change.service.as_deref(), change.status), ("Build success: checkout v2025.3.14", None, None));
        assert_eq!(change.happened_at, at("2025-03-14T09:55:00Z"));
        let mut sent: Value = serde_json::from_str(CHANGE).expect("the fixture is JSON");
        sent.as_object_mut().expect("it is an object").remove("routing_key");
        assert_eq!(change.doc, sent);
    }

    #[test]
    fn a_change_delivered_twice_is_one_change() {
        let key = |body: &str| parse_change(&request(body.as_bytes())).expect("it is read").changes.remove(0).key;
        assert_eq!(key(CHANGE), key(&CHANGE.replace("\n  ", "\n")));
        assert_ne!(key(CHANGE), key(&CHANGE.replace("09:55:00", "09:55:01")));
        assert_eq!(key(r#"{"routing_key": "k", "payload": {"summary": "Deploy"}}"#), "new-key");
    }

    #[test]
    fn a_change_needs_a_summary() {
        let errors = |body: &str| parse_change(&request(body.as_bytes())).expect_err("it is rejected").errors;
        assert_eq!(errors("{}"), ["'routing_key' is missing or blank", "'payload.summary' is missing or blank"]);
        let long = json!({"routing_key": "k", "payload": {"summary": "x".repeat(1_025)}}).to_string();
        assert_eq!(errors(&long), ["Length of 'payload.summary' is incorrect (should be at most 1024 characters)"]);
    }

    #[test]
    fn the_routing_key_is_found_before_anything_is_judged() {
        assert_eq!(routing_key(br#"{"routing_key": "abc", "event_action": 1}"#), Ok("abc".to_owned()));
        for body in ["{}", r#"{"routing_key": ""}"#, r#"{"routing_key": 1}"#, "[]"] {
            assert_eq!(routing_key(body.as_bytes()).expect_err("there is none").errors, ["'routing_key' is missing or blank"]);
        }
        assert_eq!(routing_key(b"x").expect_err("it is no JSON").code, "not_json");
    }
}
