//! Alert sources: bytes in, alerts out.
//!
//! One file per sender, with its `SOURCE`; the table [`ALL`] is what routes, settings screens and
//! tests walk. Nothing here knows of HTTP servers, the store, the network or a clock: what a
//! source needs is in its [`Request`], and the same request always reads the same.
//!
//! What every source keeps to, whoever sends:
//!
//! - it never panics, and refuses ([`Rejected`]) only what cannot be understood at all, because
//!   most senders never send again what was refused;
//! - unknown fields and unknown words are passed over; what was passed over and matters is told
//!   in [`Parsed::warnings`];
//! - every text it hands out is bounded and free of control characters (`text.rs`), every signal
//!   has a title and a key (`raw_alert.rs`), and so has every change (`raw_change.rs`), and no
//!   instant is taken on trust (`times.rs`).

pub mod alertmanager;
pub mod argocd;
mod fields;
pub mod generic;
pub mod github;
pub mod gitlab;
pub mod grafana;
mod json;
mod labelled;
pub mod otlp;
pub mod pagerduty_events;
pub mod prometheus;
mod raw_alert;
mod raw_change;
pub mod signature;
mod text;
pub mod times;

use crate::domain::{accounts::SourceCard, alert::Signal, change::ChangeRecord, time::Timestamp};

/// One kind of sender.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// Its name in addresses and in the API.
    pub slug: &'static str,
    /// Its name on the screen.
    pub title: &'static str,
    /// How to point the sender here; `{url}` and `{token}` stand for this server and the key.
    pub setup: &'static str,
    /// What the sender's makers say about what it sends.
    pub docs: &'static str,
    /// A delivery that `parse` reads.
    pub example: &'static str,
    pub parse: fn(&Request) -> Result<Parsed, Rejected>,
    /// The sender drops what is answered with any 4xx, so its rate limit is told as 503.
    pub a_4xx_is_final: bool,
    /// After this many seconds without its watchdog a dead-man alert opens, unless set otherwise.
    pub default_heartbeat_s: Option<u32>,
    /// The longest body, in bytes and after decompression.
    pub max_body: usize,
    /// How it proves that a delivery is its own, where its integration asks for that.
    pub signature: signature::Scheme,
    /// It sends by whatever method it was set to, and not only by POST and PUT.
    pub any_method: bool,
}

impl Source {
    /// What most senders have in common; each names the rest.
    const fn new(slug: &'static str, title: &'static str, parse: fn(&Request) -> Result<Parsed, Rejected>) -> Self {
        Self {
            slug,
            title,
            setup: "",
            docs: "",
            example: "",
            parse,
            a_4xx_is_final: false,
            default_heartbeat_s: None,
            max_body: 1024 * 1024,
            signature: signature::Scheme::OURS,
            any_method: false,
        }
    }

    /// What the settings screen shows of it.
    pub fn card(&self) -> SourceCard {
        SourceCard { slug: self.slug.to_owned(), title: self.title.to_owned(), setup: self.setup.to_owned(), example: self.example.to_owned() }
    }
}

/// Every source, in the order in which people are offered them.
pub const ALL: &[Source] = &[
    alertmanager::SOURCE,
    prometheus::SOURCE,
    grafana::SOURCE,
    pagerduty_events::SOURCE,
    github::SOURCE,
    gitlab::SOURCE,
    argocd::SOURCE,
    generic::SOURCE,
];

pub fn find(slug: &str) -> Option<&'static Source> {
    ALL.iter().find(|source| source.slug == slug)
}

/// What integrations can be made for: whoever sends alerts or changes, and whoever sends telemetry.
pub fn offered() -> impl Iterator<Item = &'static Source> {
    ALL.iter().chain([&otlp::SOURCE])
}

/// One delivery, authenticated already.
pub struct Request<'a> {
    pub body: &'a [u8],
    /// Looks a header up by its name, in any case.
    pub header: &'a dyn Fn(&str) -> Option<&'a str>,
    pub received_at: Timestamp,
    /// Makes a key that was never used before, for senders that leave it to the receiver.
    pub new_key: &'a dyn Fn() -> String,
}

/// What a delivery says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    pub signals: Vec<Signal>,
    pub changes: Vec<ChangeRecord>,
    /// What was accepted but is not whole, in words: truncated groups, unknown states, … The
    /// first [`MAX_REMARKS`] are kept.
    pub warnings: Vec<String>,
    /// Alerts of a list that cannot be understood. The others of the list are to be stored before
    /// the delivery is answered with 400. The first [`MAX_REMARKS`] are kept.
    pub rejected: Vec<RejectedAlert>,
    /// The key to answer the sender with, where it expects one; exactly as it was sent.
    pub dedup_key: Option<String>,
    /// What the sender calls this delivery, the same when it is sent again. Changes of a delivery
    /// that is known already are not recorded again.
    pub delivery_id: Option<String>,
}

/// More remarks than this on one delivery help nobody.
pub const MAX_REMARKS: usize = 50;

impl Parsed {
    fn warn(&mut self, words: impl Into<String>) {
        if self.warnings.len() < MAX_REMARKS {
            self.warnings.push(words.into());
        }
    }

    fn reject(&mut self, index: usize, words: impl Into<String>) {
        if self.rejected.len() < MAX_REMARKS {
            self.rejected.push(RejectedAlert { index, words: words.into() });
        }
    }

    /// All of [`Parsed::rejected`] in one line, for the answer.
    pub fn rejected_words(&self) -> String {
        self.rejected.iter().map(|alert| format!("alert {}: {}", alert.index, alert.words)).collect::<Vec<_>>().join("; ")
    }
}

/// One alert of a list that was not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedAlert {
    /// Its place in the list, from 0.
    pub index: usize,
    pub words: String,
}

/// Why nothing of a delivery could be understood: a 400.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub struct Rejected {
    /// Stable and machine-readable: `not_json`, `too_deep`, `no_title`, …
    pub code: &'static str,
    pub words: String,
    /// Every fault by itself, for senders that expect a list. At least one.
    pub errors: Vec<String>,
}

impl Rejected {
    fn new(code: &'static str, words: impl Into<String>) -> Self {
        let words = words.into();
        Self { code, errors: vec![words.clone()], words }
    }

    fn with_all(code: &'static str, errors: Vec<String>) -> Self {
        Self { code, words: errors.join("; "), errors }
    }
}

/// What the tests of every source deliver with.
#[cfg(test)]
mod testing {
    use super::*;
    use crate::domain::alert::{Labels, Link};

    /// 14 March 2025, 10:30: shortly after the fixtures were sent.
    pub const RECEIVED_AT: Timestamp = Timestamp::from_micros(1_741_948_200_000_000);

    pub fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("it is RFC 3339")
    }

    /// A request without headers, whose new key is `new-key`.
    pub fn request(body: &[u8]) -> Request<'_> {
        Request { body, header: &|_| None, received_at: RECEIVED_AT, new_key: &|| "new-key".to_owned() }
    }

    pub fn deliver(source: &Source, body: &str) -> Result<Parsed, Rejected> {
        (source.parse)(&request(body.as_bytes()))
    }

    pub fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    pub fn link(href: &str, text: &str) -> Link {
        Link { href: href.to_owned(), text: text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        testing::{RECEIVED_AT, deliver, request},
        *,
    };
    use crate::domain::alert::MAX_DEDUPE_KEY;
    use proptest::{prelude::*, sample::Index};
    use serde_json::{Map, Value, json};
    use std::collections::BTreeSet;

    /// Everything that senders are known to send, to be mutated.
    const FIXTURES: [&str; 22] = [
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
                prop_assert!(
                    labels.len() <= 128 && labels.iter().all(|(name, value)| is_line(name) && is_line(value) && !name.is_empty() && !value.is_empty())
                );
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
            Value::Object(fields) => {
                fields.iter().for_each(|(name, field)| places(field, format!("{path}/{}", name.replace('~', "~0").replace('/', "~1")), found))
            }
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
}
