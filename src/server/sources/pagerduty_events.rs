//! PagerDuty's Events API v2, so that whatever pages through it can page here: alerts at
//! `/v2/enqueue`, changes at `/v2/change/enqueue`.
//!
//! Traps: the order is that of arrival, and a trigger after a resolve is a **new** alert, whatever
//! time it carries; acknowledge and resolve of unknown keys are accepted; lengths are counted in
//! characters; `payload` may be missing or null except on a trigger.

use super::{
    Parsed, Rejected, Request, Source, json,
    raw_alert::{MAX_TITLE, RawAlert, sha256_hex},
    text, times,
};
use crate::domain::{
    alert::{Labels, SignalAction},
    canonical,
    change::ChangeRecord,
    severity::AlertSeverity,
};
use serde_json::{Map, Value};

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

fn too_long(field: &str, max: usize) -> String {
    format!("Length of '{field}' is incorrect (should be at most {max} characters)")
}

fn parse(request: &Request) -> Result<Parsed, Rejected> {
    let body = json::read(request.body)?;
    let event = Fields::of(&body).ok_or_else(|| Rejected::new(INVALID, "the event is not an object"))?;
    let payload = event.fields("payload");
    let mut errors = vec![];
    event.required("routing_key", &mut errors);
    let action = match event.required("event_action", &mut errors).as_deref() {
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
        Some(SignalAction::Acknowledge | SignalAction::Resolve) => event.required("dedup_key", &mut errors),
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
    event.required("routing_key", &mut errors);
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
    let change = ChangeRecord { key, service, title, status: None, happened_at: sent_at.unwrap_or(request.received_at), doc };
    Ok(Parsed { changes: vec![change], ..Parsed::default() })
}

/// An object whose fields are read leniently; anything else reads as one without fields.
struct Fields<'a>(&'a Map<String, Value>);

/// What stands for an object that is missing.
static NO_FIELDS: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);

impl<'a> Fields<'a> {
    fn of(value: &'a Value) -> Option<Self> {
        value.as_object().map(Fields)
    }

    fn fields(&self, name: &str) -> Fields<'a> {
        self.0.get(name).and_then(Fields::of).unwrap_or(Fields(&NO_FIELDS))
    }

    fn list(&self, name: &str) -> impl Iterator<Item = Fields<'a>> {
        self.0.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Fields::of)
    }

    /// A field that holds text or a number, and not only blanks.
    fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            value @ (Value::String(_) | Value::Number(_)) => text::of_value(value).filter(|text| !text.trim().is_empty()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    fn required(&self, name: &str, errors: &mut Vec<String>) -> Option<String> {
        let text = self.text(name);
        if text.is_none() {
            errors.push(missing(name));
        }
        text
    }
}
