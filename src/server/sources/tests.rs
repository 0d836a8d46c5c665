//! What holds for every source, whatever it is sent.

use super::{
    testing::{RECEIVED_AT, deliver, request},
    *,
};
use crate::domain::alert::MAX_DEDUPE_KEY;
use proptest::{prelude::*, sample::Index};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Everything that senders are known to send, to be mutated.
const FIXTURES: [&str; 23] = [
    include_str!("../../../tests/fixtures/alertmanager/firing_group_two_one_resolved.json"),
    include_str!("../../../tests/fixtures/alertmanager/firing_single.json"),
    include_str!("../../../tests/fixtures/alertmanager/firing_unicode_minimal.json"),
    include_str!("../../../tests/fixtures/alertmanager/resolved_group.json"),
    include_str!("../../../tests/fixtures/prometheus/alerts_firing.json"),
    include_str!("../../../tests/fixtures/prometheus/alerts_resolved.json"),
    include_str!("../../../tests/fixtures/pagerduty_events/trigger.json"),
    include_str!("../../../tests/fixtures/pagerduty_events/acknowledge.json"),
    include_str!("../../../tests/fixtures/pagerduty_events/resolve.json"),
    include_str!("../../../tests/fixtures/pagerduty_events/change.json"),
    include_str!("../../../tests/fixtures/generic/change.json"),
    include_str!("../../../tests/fixtures/generic/firing.json"),
    include_str!("../../../tests/fixtures/generic/resolved_aliases.json"),
    include_str!("../../../tests/fixtures/grafana/firing.json"),
    include_str!("../../../tests/fixtures/grafana/resolved.json"),
    include_str!("../../../tests/fixtures/github/deployment.json"),
    include_str!("../../../tests/fixtures/github/deployment_status.json"),
    include_str!("../../../tests/fixtures/github/ping.json"),
    include_str!("../../../tests/fixtures/github/workflow_run_completed.json"),
    include_str!("../../../tests/fixtures/gitlab/deployment_success.json"),
    include_str!("../../../tests/fixtures/gitlab/pipeline_success.json"),
    include_str!("../../../tests/fixtures/argocd/health_degraded.json"),
    include_str!("../../../tests/fixtures/argocd/sync_succeeded.json"),
];

#[test]
fn every_source_is_complete_and_found_by_its_slug() {
    let slugs: BTreeSet<&str> = ALL.iter().map(|source| source.slug).collect();
    assert_eq!(slugs.len(), ALL.len(), "slugs are unique");
    for source in ALL {
        assert_eq!(find(source.slug).map(|found| found.title), Some(source.title));
        assert!(source.slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{}", source.slug);
        assert!(source.setup.contains("{url}") && source.setup.contains("{token}"), "{}", source.slug);
        assert!(source.docs.starts_with("https://"), "{}", source.slug);
        assert_eq!(source.card().slug, source.slug);
    }
    assert!(find("unknown").is_none());
}

#[test]
fn every_example_is_read_without_a_remark() {
    for source in ALL {
        let parsed = deliver(source, source.example).expect("its own example is read");
        let says_something = !parsed.signals.is_empty() || !parsed.changes.is_empty();
        assert!(says_something && parsed.warnings.is_empty() && parsed.rejected.is_empty(), "{}", source.slug);
    }
}

#[test]
fn senders_that_drop_what_is_refused_are_told_503() {
    let final_4xx: Vec<&str> = ALL.iter().filter(|source| source.a_4xx_is_final).map(|source| source.slug).collect();
    assert_eq!(final_4xx, ["alertmanager", "prometheus"]);
    let limits: Vec<usize> = ALL.iter().map(|source| source.max_body / 1024).collect();
    assert_eq!(limits, [1024, 1024, 1024, 512, 4096, 4096, 1024, 1024]);
    let heartbeats: Vec<Option<u32>> = ALL.iter().map(|source| source.default_heartbeat_s).collect();
    assert_eq!(heartbeats, [None, Some(300), None, None, None, None, None, None]);
}

#[test]
fn no_source_reads_what_is_no_json_or_nested_too_deep() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for source in ALL {
        for (body, code) in [("", "empty_body"), ("title=x", "not_json"), (deep.as_str(), "too_deep")] {
            let rejected = deliver(source, body).expect_err("it is rejected");
            assert_eq!((rejected.code, rejected.errors.len()), (code, 1), "{}", source.slug);
        }
        assert_eq!((source.parse)(&request(b"{\"title\": \"\xc3\x28\"}")).expect_err("it is rejected").code, "not_utf8");
    }
}

#[test]
fn remarks_on_one_delivery_are_bounded() {
    let parsed = deliver(&prometheus::SOURCE, &json!(vec![0; 1_000]).to_string()).expect("a list is read");
    assert_eq!(parsed.rejected.len(), MAX_REMARKS);
    let odd = json!({"title": "t", "status": "purple"});
    let parsed = deliver(&generic::SOURCE, &json!(vec![odd; 1_000]).to_string()).expect("a list is read");
    assert_eq!((parsed.signals.len(), parsed.warnings.len()), (1_000, MAX_REMARKS));
}

fn is_line(text: &str) -> bool {
    !text.contains(char::is_control)
}

fn is_block(text: &str) -> bool {
    !text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t'))
}

fn is_clean(value: &Value) -> bool {
    match value {
        Value::String(text) => is_block(text),
        Value::Array(items) => items.iter().all(is_clean),
        Value::Object(fields) => fields.iter().all(|(name, value)| is_line(name) && is_clean(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

/// Everything that must hold for whatever any source hands out.
fn holds(parsed: &Parsed) -> Result<(), TestCaseError> {
    for signal in &parsed.signals {
        prop_assert!(!signal.title.trim().is_empty() && is_line(&signal.title) && signal.title.chars().count() <= 300, "{:?}", signal.title);
        prop_assert!(!signal.dedupe_key.is_empty() && is_line(&signal.dedupe_key) && signal.dedupe_key.chars().count() <= MAX_DEDUPE_KEY);
        for labels in [&signal.labels, &signal.group_labels] {
            prop_assert!(labels.len() <= 128 && labels.iter().all(|(name, value)| is_line(name) && is_line(value) && !name.is_empty() && !value.is_empty()));
        }
        prop_assert!(signal.annotations.len() <= 128 && signal.annotations.iter().all(|(name, text)| is_line(name) && is_block(text)));
        prop_assert!(signal.links.iter().all(|link| is_line(&link.href) && is_line(&link.text) && !link.href.is_empty() && !link.text.is_empty()));
        for at in [signal.started_at, signal.event_at].into_iter().flatten() {
            prop_assert!(at <= RECEIVED_AT.plus_secs(60) && at.to_utc().timestamp() > 946_684_799, "{at}");
        }
    }
    for change in &parsed.changes {
        prop_assert!(!change.title.is_empty() && is_line(&change.title) && !change.key.is_empty() && is_line(&change.key) && is_clean(&change.doc));
        prop_assert!(change.key.chars().count() <= MAX_DEDUPE_KEY && change.service.as_deref().is_none_or(|service| is_line(service) && !service.is_empty()));
        for at in [change.happened_at, change.told_at] {
            prop_assert!(at <= RECEIVED_AT.plus_secs(60) && at.to_utc().timestamp() > 946_684_799, "{at}");
        }
        prop_assert!(change.doc.get("routing_key").is_none());
    }
    prop_assert!(parsed.warnings.iter().all(|words| is_line(words)));
    prop_assert!(parsed.delivery_id.as_deref().is_none_or(|id| is_line(id) && !id.is_empty()));
    Ok(())
}

fn every_source_holds(body: &[u8]) -> Result<(), TestCaseError> {
    let parsers = ALL.iter().map(|source| source.parse).chain([pagerduty_events::parse_change as fn(&Request) -> Result<Parsed, Rejected>]);
    for parse in parsers {
        match parse(&request(body)) {
            Ok(parsed) => holds(&parsed)?,
            Err(rejected) => prop_assert!(!rejected.words.is_empty() && !rejected.errors.is_empty()),
        }
    }
    let _ = pagerduty_events::routing_key(body);
    Ok(())
}

/// Names that sources look for, so that arbitrary JSON comes past the first question.
const NAMES: [&str; 57] = [
    "alerts",
    "labels",
    "annotations",
    "alertname",
    "severity",
    "summary",
    "title",
    "message",
    "status",
    "startsAt",
    "endsAt",
    "timestamp",
    "generatorURL",
    "fingerprint",
    "groupLabels",
    "truncatedAlerts",
    "routing_key",
    "event_action",
    "dedup_key",
    "payload",
    "custom_details",
    "links",
    "images",
    "href",
    "runbook_url",
    "tags",
    "url",
    "id",
    "source",
    "client_url",
    "rulename",
    "values",
    "valueString",
    "dashboardURL",
    "silenceURL",
    "orgId",
    "deployment",
    "deployment_status",
    "workflow_run",
    "repository",
    "full_name",
    "state",
    "conclusion",
    "created_at",
    "updated_at",
    "object_kind",
    "object_attributes",
    "project",
    "deployment_id",
    "build_id",
    "builds",
    "app",
    "namespace",
    "health",
    "phase",
    "revision",
    "finished_at",
];
const WORDS: [&str; 20] = [
    "firing",
    "resolved",
    "trigger",
    "acknowledge",
    "critical",
    "none",
    "Watchdog",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "2025-03-14T10:00:00Z",
    "javascript:alert(1)",
    "\u{0}",
    "\u{1b}[2J\n\t\u{85}",
    "",
    "deployment",
    "pipeline",
    "build",
    "Degraded",
    "Failed",
    "inactive",
];

fn json_like() -> impl Strategy<Value = Value> {
    let name = || prop_oneof![4 => proptest::sample::select(&NAMES[..]).prop_map(str::to_owned), 1 => any::<String>()];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        proptest::sample::select(&WORDS[..]).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        (0_usize..3_000).prop_map(|length| Value::from("é\u{0}".repeat(length))),
    ];
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            proptest::collection::vec((name(), inner), 0..8).prop_map(|fields| Value::from(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Every place in a JSON value, the value itself first.
fn places(value: &Value, path: String, found: &mut Vec<String>) {
    found.push(path.clone());
    match value {
        Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| places(item, format!("{path}/{index}"), found)),
        Value::Object(fields) => fields.iter().for_each(|(name, field)| places(field, format!("{path}/{}", name.replace('~', "~0").replace('/', "~1")), found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_break_nothing(body in proptest::collection::vec(any::<u8>(), 0..512)) {
        every_source_holds(&body)?;
    }

    #[test]
    fn arbitrary_json_breaks_nothing(body in json_like()) {
        every_source_holds(body.to_string().as_bytes())?;
    }

    #[test]
    fn a_fixture_with_any_parts_replaced_breaks_nothing(fixture in 0..FIXTURES.len(), parts in proptest::collection::vec((any::<Index>(), json_like()), 1..4)) {
        let mut body: Value = serde_json::from_str(FIXTURES[fixture]).expect("the fixture is JSON");
        for (index, part) in parts {
            let mut found = vec![];
            places(&body, String::new(), &mut found);
            if let Some(place) = body.pointer_mut(&found[index.index(found.len())]) {
                *place = part;
            }
        }
        every_source_holds(body.to_string().as_bytes())?;
    }

    #[test]
    fn a_fixture_with_any_bytes_changed_breaks_nothing(fixture in 0..FIXTURES.len(), changes in proptest::collection::vec((any::<Index>(), any::<u8>()), 1..8)) {
        let mut body = FIXTURES[fixture].as_bytes().to_vec();
        for (index, byte) in changes {
            *index.get_mut(&mut body) = byte;
        }
        every_source_holds(&body)?;
    }

    #[test]
    fn a_fixture_cut_anywhere_breaks_nothing(fixture in 0..FIXTURES.len(), end in any::<Index>()) {
        let body = FIXTURES[fixture].as_bytes();
        every_source_holds(&body[..end.index(body.len())])?;
    }
}

#[test]
fn a_source_is_called_alike_on_every_screen() {
    for source in offered() {
        assert_eq!(crate::domain::integration::source_title(source.slug), source.title);
    }
    assert_eq!(crate::domain::integration::source_title("of another day"), "of another day");
}
