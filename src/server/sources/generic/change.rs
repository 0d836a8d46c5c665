//! A change told in anybody's JSON: what a pipeline, a switch of a feature or a script reports that
//! no source of its own is made for. It says itself that it is one, because an alert's words fit a
//! change as well.

use super::{
    super::{Parsed, Request, raw_change::RawChange, text, times},
    DESCRIPTIONS, KEYS, LINKS, STATES, TITLES, first, labels,
};
use crate::domain::{alert::Labels, change::ChangeStatus};
use serde_json::{Map, Value};

/// Where an object says what it is, and by which words it is a change. “Deployment” is none of
/// them: alerts about Kubernetes' objects say so of what they are about.
const KINDS: [&str; 2] = ["kind", "event_type"];
const CHANGES: [&str; 4] = ["change", "deploy", "release", "feature_flag"];
/// Where the version stands that came.
const VERSIONS: [&str; 4] = ["version", "revision", "commit", "sha"];

/// Words for how far a change has come, in lower case.
const WORDS: [(ChangeStatus, &[&str]); 6] = [
    (ChangeStatus::Pending, &["pending", "queued", "created", "waiting"]),
    (ChangeStatus::Running, &["running", "started", "in_progress", "in progress"]),
    (ChangeStatus::Success, &["success", "successful", "succeeded", "completed", "finished", "deployed", "done", "ok"]),
    (ChangeStatus::Failure, &["failure", "failed", "error", "timed_out"]),
    (ChangeStatus::Superseded, &["superseded", "inactive"]),
    (ChangeStatus::Other, &["other", "cancelled", "canceled", "skipped"]),
];

/// Whether an object says that it is a change.
pub fn is_one(fields: &Map<String, Value>) -> bool {
    let says = |kind: &str| CHANGES.iter().any(|change| change.eq_ignore_ascii_case(kind.trim()));
    KINDS.iter().any(|name| first(fields, &[*name]).is_some_and(|(_, kind)| says(&kind)))
}

/// Reads a change, or says in words why it cannot.
pub fn read(fields: &Map<String, Value>, request: &Request, parsed: &mut Parsed) -> Result<(), &'static str> {
    let (titled_by, title) = first(fields, &TITLES).ok_or("a title is required, as `title`, `summary`, `message` or `name`")?;
    let mut as_sent = Labels::new();
    let told = times::believed(fields, "timestamp", request.received_at, &mut as_sent);
    // Without a key it is known by when it happened, so that sending it again makes no second one;
    // without that, too, every one is a change of its own.
    let key = match (first(fields, &KEYS), told) {
        (Some((_, key)), _) => key,
        (None, Some(at)) => format!("{title}@{}", at.micros()),
        (None, None) => (request.new_key)(),
    };
    let mut change = RawChange::new(key, title, told.unwrap_or(request.received_at));
    change.service = labels(fields).remove("service");
    if let Some((_, state)) = first(fields, &STATES) {
        change.status = status_of(&state);
        if change.status.is_none() {
            parsed.warn(format!("the state “{}” is not known of a change", text::line(&state, 60)));
        }
    }
    let described = DESCRIPTIONS.iter().filter(|name| **name != titled_by).find_map(|name| first(fields, &[*name]));
    change.fact("description", described.map(|(_, text)| text));
    change.fact("environment", first(fields, &["environment", "env"]).map(|(_, text)| text));
    change.fact("version", first(fields, &VERSIONS).map(|(_, text)| text));
    for (name, sent) in as_sent {
        change.fact(&name, Some(sent));
    }
    change.link(first(fields, &LINKS).map(|(_, href)| href), "Link");
    change.add_to(parsed);
    Ok(())
}

fn status_of(state: &str) -> Option<ChangeStatus> {
    let state = state.trim();
    WORDS.iter().find(|(_, words)| words.iter().any(|word| word.eq_ignore_ascii_case(state))).map(|(status, _)| *status)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            super::testing::{RECEIVED_AT, at, deliver},
            SOURCE,
        },
        *,
    };
    use serde_json::json;

    const DEPLOY: &str = include_str!("../../../../tests/fixtures/generic/change.json");

    #[test]
    fn a_change_is_read_and_opens_no_alert() {
        let parsed = deliver(&SOURCE, DEPLOY).expect("it is read");
        assert!(parsed.signals.is_empty() && parsed.warnings.is_empty());
        let [change] = parsed.changes.as_slice() else { panic!("it is one") };
        assert_eq!((change.key.as_str(), change.service.as_deref(), change.status), ("ci/checkout/512", Some("checkout"), Some(ChangeStatus::Success)));
        assert_eq!((change.title.as_str(), change.happened_at), ("Deploy checkout 2025.3.14", at("2025-03-14T09:55:00Z")));
        let doc = json!({"environment": "production", "version": "2025.3.14", "links": [{"href": "https://ci.example.com/jobs/512", "text": "Link"}]});
        assert_eq!(change.doc, doc);
    }

    #[test]
    fn either_word_says_that_it_is_a_change() {
        let parsed = deliver(&SOURCE, r#"{"kind": "pipeline", "event_type": "deploy", "title": "Deploy pay 7"}"#).expect("it is read");
        assert_eq!((parsed.changes.len(), parsed.signals.len()), (1, 0));
    }

    #[test]
    fn without_a_key_a_change_is_known_by_its_time_and_without_a_time_it_is_now() {
        let at = "2025-03-14T09:55:00Z";
        let sent = json!([{"kind": "CHANGE", "title": "a", "timestamp": at}, {"kind": "change", "title": "b", "timestamp": at}, {"event_type": "deploy", "title": "a", "status": "purple"}]);
        let parsed = deliver(&SOURCE, &sent.to_string()).expect("it is read");
        let keys: Vec<&str> = parsed.changes.iter().map(|change| change.key.as_str()).collect();
        assert_eq!(keys, ["a@1741946100000000", "b@1741946100000000", "new-key"]);
        assert_eq!((parsed.changes[2].happened_at, parsed.changes[2].status), (RECEIVED_AT, None));
        assert_eq!(parsed.warnings, ["the state “purple” is not known of a change"]);
    }

    #[test]
    fn what_is_of_another_kind_is_an_alert() {
        for kind in [json!("Deployment"), json!("alert"), json!(""), json!(null), json!({"change": 1})] {
            let parsed = deliver(&SOURCE, &json!({"kind": kind, "title": "t"}).to_string()).expect("it is read");
            assert_eq!((parsed.signals.len(), parsed.changes.len()), (1, 0), "{kind}");
        }
    }

    #[test]
    fn words_for_a_status_are_read_in_any_case() {
        for (status, words) in WORDS {
            assert!(words.iter().all(|word| status_of(&word.to_uppercase()) == Some(status)), "{status:?}");
        }
    }
}
