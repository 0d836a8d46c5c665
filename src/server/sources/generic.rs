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
//! | annotations | `annotations` (an object) |
//! | link | `url`, `link`; several: `links`, a list of addresses or of `{href, text}` |
//! | time | `timestamp`; of a beginning also `started_at`, of an end `resolved_at` |
//!
//! An object whose `kind` or `event_type` is `change`, `deploy`, `release` or `feature_flag` is a
//! change instead, and opens nothing.

mod change;

use super::{Parsed, Rejected, Request, Source, json, labelled, raw_alert::RawAlert, text, times};
use crate::domain::{
    alert::{Labels, SignalAction},
    severity::AlertSeverity,
};
use serde_json::{Map, Value};

pub const SOURCE: Source = Source {
    setup: "curl '{url}/hooks/generic/{token}' \\\n  --data '{\"title\": \"Nightly export failed\", \"status\": \"firing\", \"severity\": \"warning\", \"dedup_key\": \"cron/nightly-export\", \"service\": \"export\"}'\n# The same key with \"status\": \"resolved\" resolves it. With \"kind\": \"deploy\" it is a change.\n",
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
const HREFS: [&str; 3] = ["href", "url", "link"];
const LINK_TEXTS: [&str; 3] = ["text", "title", "name"];

/// Words for a state, in lower case.
const WORDS: [(SignalAction, &[&str]); 3] = [
    (SignalAction::Fire, &["firing", "triggered", "trigger", "open", "alarm", "critical", "problem", "down", "error"]),
    (SignalAction::Acknowledge, &["ack", "acknowledge", "acknowledged"]),
    (SignalAction::Resolve, &["ok", "resolve", "resolved", "close", "closed", "recovery", "recovered", "up", "normal"]),
];

fn parse(request: &Request) -> Result<Parsed, Rejected> {
    read_any(&json::read(request.body)?, request)
}

/// Reads JSON that follows nobody's format; also what other senders send whose format people may
/// replace by one of their own.
pub(super) fn read_any(body: &Value, request: &Request) -> Result<Parsed, Rejected> {
    let mut parsed = Parsed::default();
    match body {
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

/// Reads one alert or change, or says in words why it cannot.
fn read(fields: &Map<String, Value>, request: &Request, parsed: &mut Parsed) -> Result<(), &'static str> {
    if change::is_one(fields) {
        return change::read(fields, request, parsed);
    }
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
    raw.annotations = text::of_fields(fields.get("annotations"));
    raw.annotations.extend(described.map(|(_, text)| ("description".to_owned(), text)));
    raw.link(first(fields, &LINKS).map(|(_, href)| href), "Link");
    for link in fields.get("links").and_then(Value::as_array).into_iter().flatten() {
        match link {
            Value::Object(link) => raw.link(first(link, &HREFS).map(|(_, href)| href), &first(link, &LINK_TEXTS).map(|(_, text)| text).unwrap_or_default()),
            Value::String(href) => raw.link(Some(href.clone()), "Link"),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {}
        }
    }

    let mut time = |name| times::believed(fields, name, request.received_at, &mut raw.annotations);
    let at = time("timestamp");
    match raw.action {
        SignalAction::Fire => (raw.started_at, raw.event_at) = (time("started_at").or(at), at),
        SignalAction::Resolve => raw.event_at = at.or(time("resolved_at")),
        SignalAction::Acknowledge => raw.event_at = at,
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

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{at, deliver, labels, link},
        *,
    };
    use crate::domain::alert::Signal;
    use serde_json::json;

    fn read(body: &Value) -> Signal {
        deliver(&SOURCE, &body.to_string()).expect("it is read").signals.remove(0)
    }

    #[test]
    fn a_firing_alert_is_read() {
        let parsed = deliver(&SOURCE, include_str!("../../../tests/fixtures/generic/firing.json")).expect("it is read");
        let expected = Signal {
            action: SignalAction::Fire,
            dedupe_key: "cron/nightly-export".to_owned(),
            severity: Some(AlertSeverity::Warning),
            title: "Nightly export failed".to_owned(),
            labels: labels(&[("source", "cron-01"), ("team", "data")]),
            annotations: labels(&[("description", "exit code 2")]),
            links: vec![link("https://ci.example.com/jobs/1", "Link")],
            group_labels: Labels::new(),
            started_at: None,
            event_at: None,
            expires_at: None,
            heartbeat: false,
        };
        assert_eq!(parsed, Parsed { signals: vec![expected], ..Parsed::default() });
    }

    #[test]
    fn other_names_for_the_same_are_read() {
        let parsed = deliver(&SOURCE, include_str!("../../../tests/fixtures/generic/resolved_aliases.json")).expect("it is read");
        let expected = Signal {
            action: SignalAction::Resolve,
            dedupe_key: "cron/nightly-export".to_owned(),
            severity: None,
            title: "Nightly export failed".to_owned(),
            labels: Labels::new(),
            annotations: Labels::new(),
            links: vec![],
            group_labels: Labels::new(),
            started_at: None,
            event_at: None,
            expires_at: None,
            heartbeat: false,
        };
        assert_eq!(parsed, Parsed { signals: vec![expected], ..Parsed::default() });
    }

    #[test]
    fn every_word_for_a_state_is_known_in_any_case() {
        for (action, words) in WORDS {
            for word in words {
                for name in STATES {
                    let signal = read(&json!({"title": "t", name: word.to_uppercase()}));
                    assert_eq!(signal.action, action, "{name}: {word}");
                }
            }
        }
        assert_eq!(read(&json!({"title": "t"})).action, SignalAction::Fire);
    }

    #[test]
    fn an_unknown_state_fires_and_is_told() {
        let parsed = deliver(&SOURCE, r#"{"title": "t", "status": "pur\u0000ple"}"#).expect("it is read");
        assert_eq!(parsed.signals[0].action, SignalAction::Fire);
        assert_eq!(parsed.warnings, ["the state “purple” is not known and counts as firing"]);
    }

    #[test]
    fn numbers_are_keys_with_every_digit() {
        assert_eq!(read(&json!({"title": "t", "id": 9007199254740993_i64})).dedupe_key, "9007199254740993");
        assert_eq!(read(&json!({"title": "t", "key": "", "dedup_key": null, "alias": 0})).dedupe_key, "0");
    }

    #[test]
    fn without_a_key_the_title_is_one() {
        let keys = ["firing", "ok"].map(|status| read(&json!({"name": "Disk full", "status": status})).dedupe_key);
        assert_eq!(keys[0], keys[1]);
        assert_ne!(keys[0], read(&json!({"name": "Disk empty"})).dedupe_key);
    }

    #[test]
    fn what_is_not_the_title_describes() {
        let signal = read(&json!({"title": "Export failed", "message": "exit code 2\nsee log"}));
        assert_eq!((signal.title.as_str(), signal.annotations), ("Export failed", labels(&[("description", "exit code 2\nsee log")])));
    }

    #[test]
    fn labels_come_from_many_places_and_labels_has_the_last_word() {
        let signal = read(&json!({
            "title": "t", "service": "checkout", "host": "db-1", "source": {"not": "text"},
            "tags": ["env:prod", "team: a", "urgent", 7], "labels": {"env": "test", "n": 1, "none": null}
        }));
        let expected = [("env", "test"), ("host", "db-1"), ("n", "1"), ("service", "checkout"), ("tags", "urgent, 7"), ("team", "a")];
        assert_eq!(signal.labels, labels(&expected));
        assert_eq!(read(&json!({"title": "t", "tags": {"a": "b"}})).labels, labels(&[("a", "b")]));
    }

    #[test]
    fn several_links_are_read_in_the_shape_in_which_alerts_are_answered() {
        let signal =
            read(&json!({"title": "t", "links": [{"href": "https://a", "text": "A"}, "https://b", {"url": "https://c"}, {"text": "nowhere"}, 7, null]}));
        assert_eq!(signal.links, [link("https://a", "A"), link("https://b", "Link"), link("https://c", "https://c")]);
        assert!(read(&json!({"title": "t", "links": "https://a"})).links.is_empty());
    }

    #[test]
    fn severities_go_by_several_names() {
        let severity = |body: Value| read(&body).severity;
        assert_eq!(severity(json!({"title": "t", "priority": "P1"})), Some(AlertSeverity::Critical));
        assert_eq!(severity(json!({"title": "t", "level": "minor"})), Some(AlertSeverity::Warning));
        assert_eq!(severity(json!({"title": "t", "labels": {"severity": "high"}})), Some(AlertSeverity::Error));
        assert_eq!(severity(json!({"title": "t", "severity": "purple", "priority": "P1"})), None);
        assert_eq!(severity(json!({"title": "t"})), None);
    }

    #[test]
    fn a_time_is_start_and_event_and_a_resolve_has_no_start() {
        let firing = read(&json!({"title": "t", "timestamp": 1741946578000_i64}));
        assert_eq!((firing.started_at, firing.event_at), (Some(at("2025-03-14T10:02:58Z")), Some(at("2025-03-14T10:02:58Z"))));
        let resolved = read(&json!({"title": "t", "status": "ok", "timestamp": "Fri, 14 Mar 2025 10:02:58 GMT"}));
        assert_eq!((resolved.started_at, resolved.event_at), (None, Some(at("2025-03-14T10:02:58Z"))));
    }

    #[test]
    fn a_title_is_required() {
        for body in [json!({}), json!({"title": ""}), json!({"title": {"a": 1}, "name": null}), json!({"title": "\u{0} \n "})] {
            assert_eq!(deliver(&SOURCE, &body.to_string()).expect_err("it is rejected").code, "no_title", "{body}");
        }
        assert_eq!(deliver(&SOURCE, "7").expect_err("it is rejected").code, "no_object");
    }

    #[test]
    fn a_list_is_several_alerts() {
        let parsed = deliver(&SOURCE, r#"[{"title": "a"}, {}, 1, {"title": "b"}]"#).expect("it is read");
        assert_eq!(parsed.signals.iter().map(|signal| signal.title.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(parsed.rejected.iter().map(|alert| alert.index).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn a_watchdog_is_a_heartbeat() {
        let signal = read(&json!({"title": "Watchdog", "severity": "none"}));
        assert_eq!((signal.heartbeat, signal.severity), (true, Some(AlertSeverity::Info)));
        assert!(!read(&json!({"title": "Watchdog", "status": "ok"})).heartbeat);
        assert!(!read(&json!({"title": "Watchdog", "severity": "critical"})).heartbeat);
    }
}
