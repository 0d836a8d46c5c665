//! Any JSON: for scripts, cron jobs and senders that have no source of their own.
//!
//! One object is one alert; a list holds several. Only a title is required. The same thing may go
//! by several names, and the first that says something counts:
//!
//! | what | names |
//! |---|---|
//! | title | `title`, `summary`, `message`, `name` |
//! | state | `status`, `state`, `event_action` |
//! | severity | `severity`, `priority`, `level`, then the label `severity` |
//! | key | `dedup_key`, `dedupe_key`, `key`, `id`, `alias`, `fingerprint`; without one, the SHA-256 of the title |
//! | description | `description`, `body`, `text`, then `message` and `summary` if they are not the title |
//! | labels | `labels` and `tags` (an object, or a list of `name:value` and plain words), `service`, `source`, `host` |
//! | link | `url`, `link` |
//! | time | `timestamp` |

use super::{Parsed, Rejected, Request, Source, json, labelled, raw_alert::RawAlert, text, times};
use crate::domain::{
    alert::{Labels, SignalAction},
    severity::AlertSeverity,
};
use serde_json::{Map, Value};

pub const SOURCE: Source = Source {
    setup: "curl '{url}/hooks/generic/{token}' \\\n  --data '{\"title\": \"Nightly export failed\", \"status\": \"firing\", \"severity\": \"warning\", \"dedup_key\": \"cron/nightly-export\", \"service\": \"export\"}'\n# The same key with \"status\": \"resolved\" resolves it.\n",
    docs: "https://www.json.org/",
    example: include_str!("../../../tests/fixtures/generic/firing.json"),
    ..Source::new("generic", "Generic JSON", parse)
};

const TITLES: [&str; 4] = ["title", "summary", "message", "name"];
const STATES: [&str; 3] = ["status", "state", "event_action"];
const SEVERITIES: [&str; 3] = ["severity", "priority", "level"];
const KEYS: [&str; 6] = ["dedup_key", "dedupe_key", "key", "id", "alias", "fingerprint"];
const DESCRIPTIONS: [&str; 5] = ["description", "body", "text", "message", "summary"];
const LINKS: [&str; 2] = ["url", "link"];

/// Words for a state, in lower case.
const WORDS: [(SignalAction, &[&str]); 3] = [
    (SignalAction::Fire, &["firing", "triggered", "trigger", "open", "alarm", "critical", "problem", "down", "error"]),
    (SignalAction::Acknowledge, &["ack", "acknowledge", "acknowledged"]),
    (SignalAction::Resolve, &["ok", "resolve", "resolved", "close", "closed", "recovery", "recovered", "up", "normal"]),
];

fn parse(request: &Request) -> Result<Parsed, Rejected> {
    let body = json::read(request.body)?;
    let mut parsed = Parsed::default();
    match &body {
        Value::Object(fields) => read(fields, request, &mut parsed).map_err(|words| Rejected::new("no_title", words))?,
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                if let Err(words) = item.as_object().ok_or("it is not an object").and_then(|fields| read(fields, request, &mut parsed)) {
                    parsed.reject(index, words);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            return Err(Rejected::new("no_object", "the body is neither an object nor a list of objects"));
        }
    }
    Ok(parsed)
}

/// Reads one alert, or says in words why it cannot.
fn read(fields: &Map<String, Value>, request: &Request, parsed: &mut Parsed) -> Result<(), &'static str> {
    let (titled_by, title) = first(fields, &TITLES).ok_or("a title is required, as `title`, `summary`, `message` or `name`")?;
    let mut raw = RawAlert::new(SignalAction::Fire, first(fields, &KEYS).map(|(_, key)| key).unwrap_or_default(), title);
    if let Some((_, state)) = first(fields, &STATES) {
        match action_of(&state) {
            Some(action) => raw.action = action,
            None => parsed.warn(format!("the state “{}” is not known and counts as firing", text::line(&state, 60))),
        }
    }
    raw.labels = labels(fields);
    let severity_word = first(fields, &SEVERITIES).map(|(_, word)| word).or_else(|| raw.labels.get("severity").cloned());
    raw.severity = severity_word.as_deref().and_then(AlertSeverity::from_word);
    let name = raw.labels.get("alertname").unwrap_or(&raw.title);
    if raw.action == SignalAction::Fire && labelled::is_watchdog(name, severity_word.as_deref()) {
        raw.severity = Some(AlertSeverity::Info);
        raw.heartbeat = true;
    }
    let described = DESCRIPTIONS.iter().filter(|name| **name != titled_by).find_map(|name| first(fields, &[*name]));
    raw.annotations.extend(described.map(|(_, text)| ("description".to_owned(), text)));
    raw.link(first(fields, &LINKS).map(|(_, href)| href), "Link");

    let at = times::believed(fields, "timestamp", request.received_at, &mut raw.annotations);
    raw.event_at = at;
    if raw.action == SignalAction::Fire {
        raw.started_at = at;
    }
    raw.add_to(parsed);
    Ok(())
}

fn action_of(state: &str) -> Option<SignalAction> {
    let state = state.trim();
    WORDS.iter().find(|(_, words)| words.iter().any(|word| word.eq_ignore_ascii_case(state))).map(|(action, _)| *action)
}

/// The first of `names` whose field says something, with its name.
fn first<'n>(fields: &Map<String, Value>, names: &[&'n str]) -> Option<(&'n str, String)> {
    names.iter().find_map(|name| match fields.get(*name)? {
        value @ (Value::String(_) | Value::Number(_)) => text::of_value(value).filter(|text| !text::line(text, 1).is_empty()).map(|text| (*name, text)),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    })
}

/// Labels from everything that names one; `labels` itself has the last word.
fn labels(fields: &Map<String, Value>) -> Labels {
    let mut labels: Labels =
        ["service", "source", "host"].iter().filter_map(|name| first(fields, &[*name])).map(|(name, value)| (name.to_owned(), value)).collect();
    match fields.get("tags") {
        Some(Value::Array(tags)) => {
            let tags: Vec<String> = tags.iter().filter_map(text::of_value).collect();
            let (pairs, words): (Vec<_>, Vec<_>) = tags.iter().map(String::as_str).partition(|tag| tag.contains(':'));
            labels.extend(pairs.iter().filter_map(|pair| pair.split_once(':')).map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())));
            labels.insert("tags".to_owned(), words.join(", "));
        }
        tags => labels.extend(text::of_fields(tags)),
    }
    labels.extend(text::of_fields(fields.get("labels")));
    labels
}
