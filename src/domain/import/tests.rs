//! What imports promise: the same again changes nothing, more adds what is new.

use super::*;
use crate::domain::{
    ids::{IncidentId, IncidentRef},
    incident::{Change, Command, Context, EventKind, Incident, Kind, State, decide},
    people::{Actor, ActorKind, ActorRef, Role},
    severity::Severity,
    time::Timestamp,
    timeline::{self, Event, Head},
};
use proptest::prelude::*;
use serde_json::{Value, json};

const NOON: Timestamp = Timestamp::from_micros(1_786_449_600_000_000);

fn importer() -> ActorRef {
    ActorRef { kind: ActorKind::Person, id: "elif".into(), name: "Elif".into() }
}

/// An incident with its log.
struct Record {
    incident: Incident,
    events: Vec<Event>,
    head: Head,
}

impl Record {
    fn open(draft: &Draft) -> Self {
        let id = IncidentId(uuid::Uuid::from_u128(1));
        let mut head = Head::genesis();
        let events = head.append(id, open(draft), &actor(draft, &importer()), None, NOON);
        Self { incident: Incident::fold(id, IncidentRef(1), &events).expect("it begins with a declaration"), events, head }
    }

    fn import(&mut self, draft: &Draft) -> Vec<Change> {
        let changes = update(&self.incident, &self.events, draft, NOON);
        self.record(changes.clone(), &actor(draft, &importer()));
        changes
    }

    fn record(&mut self, changes: Vec<Change>, by: &ActorRef) {
        for event in self.head.append(self.incident.id, changes, by, None, NOON) {
            self.incident.apply(&event);
            self.events.push(event);
        }
    }

    fn tell(&mut self, command: &Command) {
        let jonas = Actor { who: ActorRef { kind: ActorKind::Person, id: "jonas".into(), name: "Jonas".into() }, role: Role::Commander };
        let changes = decide(&self.incident, command, &Context::default(), &jonas, NOON).expect("it is allowed");
        self.record(changes, &jonas.who);
    }

    /// The notes as people read them.
    fn notes(&self) -> Vec<String> {
        let entries = timeline::of(&self.incident, &self.events);
        entries.into_iter().filter(|entry| entry.kind == "note").map(|entry| entry.text).collect()
    }
}

fn a_line() -> Value {
    json!({
        "origin": "statusfeed", "id": "42", "title": "Card payments fail", "severity": "SEV2",
        "started_at": "2026-02-03T10:00:00Z", "detected_at": "2026-02-03T10:04:00Z", "resolved_at": "2026-02-03T12:00:00+01:00",
        "services": ["checkout", "gateway"], "labels": {"team": "payments"},
        "timeline": [
            {"at": "2026-02-03T10:30:00Z", "status": "monitoring", "text": "b"},
            {"at": "2026-02-03T10:10:00Z", "status": "investigating", "text": "a"},
            {"at": "2026-02-03T10:30:00Z", "text": "c"},
        ]
    })
}

fn with(change: impl FnOnce(&mut Value)) -> Draft {
    let mut line = a_line();
    change(&mut line);
    parse(&line, NOON).expect("the line is whole")
}

#[test]
fn a_whole_line_becomes_a_resolved_incident_with_its_story_in_order() {
    let record = Record::open(&with(|_| {}));
    let incident = &record.incident;
    let at = |text: &str| Timestamp::parse(text);
    assert_eq!((incident.state, incident.severity), (State::Resolved, Some(Severity::Sev2)));
    assert_eq!((incident.detected_at, incident.resolved_at), (at("2026-02-03T10:04:00Z"), at("2026-02-03T11:00:00Z")));
    assert_eq!(
        incident.impact.iter().map(|window| (window.service.as_deref(), window.to)).collect::<Vec<_>>(),
        [(Some("checkout"), at("2026-02-03T11:00:00Z")), (Some("gateway"), at("2026-02-03T11:00:00Z"))]
    );
    assert_eq!(record.notes(), ["a", "b", "c"]);
    assert_eq!(incident.declared_by.name, "statusfeed");
}

#[test]
fn without_an_end_it_is_active_or_in_triage_and_unknown_times_stay_unknown() {
    let without = |fields: &[&str]| {
        with(|line| {
            for field in fields {
                line[*field] = Value::Null;
            }
        })
    };
    assert_eq!(Record::open(&without(&["resolved_at"])).incident.state, State::Active);
    let record = Record::open(&without(&["resolved_at", "severity", "detected_at"]));
    assert_eq!((record.incident.state, record.incident.detected_at), (State::Triage, None));
    assert_eq!(record.incident.impact[0].to, None);
}

#[test]
fn every_flaw_of_a_line_is_named_at_once() {
    let flaws = parse(&json!({"id": "", "severity": "SEV9", "kind": "party", "started_at": "yesterday", "services": "checkout", "timeline": [{"text": "x"}, {"at": "2026-02-03T10:00:00Z"}]}), NOON)
        .expect_err("it is full of flaws");
    let codes: Vec<&str> = flaws.iter().map(|flaw| flaw.code).collect();
    assert_eq!(codes, ["no_origin", "no_id", "no_title", "bad_severity", "bad_kind", "bad_time", "bad_services", "bad_time", "bad_timeline"]);
    assert_eq!(parse(&json!([1]), NOON).expect_err("a list is no incident")[0].code, "not_an_object");
}

#[test]
fn go_s_zero_time_says_nothing_and_other_times_that_cannot_be_are_rejected() {
    let zero = json!("0001-01-01T00:00:00Z");
    let draft = with(|line| {
        for field in ["detected_at", "acknowledged_at", "mitigated_at", "resolved_at"] {
            line[field] = zero.clone();
        }
    });
    assert_eq!((draft.detected_at, draft.acknowledged_at, draft.mitigated_at, draft.resolved_at), (None, None, None, None));
    assert_eq!(Record::open(&draft).incident.state, State::Active, "nobody said that it is over");
    let refused = |field: &str, at: &str| {
        let mut line = a_line();
        line[field] = json!(at);
        let flaws = parse(&line, NOON).expect_err("such a time is not believed");
        assert!(flaws.len() == 1 && flaws[0].detail.starts_with(field), "{flaws:?}");
        flaws[0].code
    };
    assert_eq!(refused("started_at", "0001-01-01T00:00:00Z"), "no_started_at");
    for field in ["started_at", "detected_at", "acknowledged_at", "mitigated_at", "resolved_at"] {
        assert_eq!(refused(field, "1970-01-01T00:00:00Z"), "bad_time");
        assert_eq!(refused(field, "9999-12-31T23:59:59Z"), "in_the_future");
        assert_eq!(refused(field, &NOON.plus_secs(86_401).to_string()), "in_the_future");
    }
    with(|line| line["resolved_at"] = json!(NOON.plus_secs(86_400).to_string()));
    // Maintenance is planned.
    with(|line| (line["kind"], line["started_at"]) = (json!("maintenance"), json!(NOON.plus_secs(30 * 86_400).to_string())));
    let entries = json!([{"at": zero, "text": "a"}, {"at": "1969-12-31T23:00:00Z", "text": "b"}, {"at": "9999-12-31T23:59:59Z", "text": "c"}]);
    let mut line = a_line();
    line["timeline"] = entries;
    let codes: Vec<_> = parse(&line, NOON).expect_err("no entry has a time").into_iter().map(|flaw| flaw.code).collect();
    assert_eq!(codes, ["bad_time", "bad_time", "in_the_future"]);
}

#[test]
fn control_characters_do_not_pass_and_long_texts_are_cut() {
    let draft = with(|line| {
        line["title"] = json!(format!("a\u{0}\n{}", "x".repeat(400)));
        line["timeline"] = json!([{"at": "2026-02-03T10:00:00Z", "text": "one\u{0}\r\ntwo"}]);
    });
    assert!(draft.title.starts_with("a x") && draft.title.ends_with('…') && draft.title.chars().count() == 300);
    assert_eq!(draft.timeline[0].text, "one\ntwo");
}

#[test]
fn the_same_again_changes_nothing() {
    let draft = with(|_| {});
    let mut record = Record::open(&draft);
    assert_eq!(record.import(&draft), []);
}

#[test]
fn a_longer_version_adds_what_is_new_and_an_older_one_nothing() {
    let short = with(|line| {
        for field in ["resolved_at", "severity", "detected_at"] {
            line[field] = Value::Null;
        }
        line["services"] = json!(["checkout"]);
        line["timeline"].as_array_mut().expect("a list").truncate(2);
    });
    let whole = with(|line| {
        line["mitigated_at"] = json!("2026-02-03T10:40:00Z");
        line["acknowledged_at"] = json!("2026-02-03T10:05:00Z");
    });
    let mut record = Record::open(&short);
    assert!(!record.import(&whole).is_empty());
    let fresh = Record::open(&whole);
    let seen = |record: &Record| {
        let incident = record.incident.clone();
        (
            incident.state,
            incident.severity,
            incident.detected_at,
            incident.acknowledged_at,
            incident.mitigated_at,
            incident.resolved_at,
            incident.services,
            incident.impact,
        )
    };
    assert_eq!(seen(&record), seen(&fresh));
    assert_eq!(record.notes(), fresh.notes());
    assert_eq!(record.import(&whole), []);
    assert_eq!(record.import(&short), []);
}

#[test]
fn a_late_mitigation_does_not_reopen_what_is_resolved() {
    let mut record = Record::open(&with(|_| {}));
    record.import(&with(|line| line["mitigated_at"] = json!("2026-02-03T10:40:00Z")));
    assert_eq!((record.incident.state, record.incident.mitigated_at), (State::Resolved, Timestamp::parse("2026-02-03T10:40:00Z")));
}

#[test]
fn a_time_that_its_origin_corrects_is_corrected_and_so_is_the_impact() {
    let mut record = Record::open(&with(|_| {}));
    let later = with(|line| {
        line["resolved_at"] = json!("2026-02-03T11:30:00Z");
        line["detected_at"] = json!("2026-02-03T10:01:00Z");
    });
    record.import(&later);
    let at = |text: &str| Timestamp::parse(text);
    assert_eq!((record.incident.resolved_at, record.incident.detected_at), (at("2026-02-03T11:30:00Z"), at("2026-02-03T10:01:00Z")));
    assert!(record.incident.impact.iter().all(|window| window.to == at("2026-02-03T11:30:00Z")));
    assert_eq!(record.import(&later), []);
}

#[test]
fn what_people_did_here_is_not_overruled() {
    let open = with(|line| line["resolved_at"] = Value::Null);
    let mut record = Record::open(&open);
    record.tell(&Command::SetTitle { title: "Our own words".into() });
    record.tell(&Command::Resolve { reason: None, happened_at: None });
    record.tell(&Command::SetServices { services: vec!["search".into()] });
    assert_eq!(record.import(&open), []);
    record.import(&with(|_| {}));
    let incident = &record.incident;
    assert_eq!((incident.title.as_str(), incident.resolved_at, incident.services.as_slice()), ("Our own words", Some(NOON), ["search".to_owned()].as_slice()));
    record.tell(&Command::Reopen { reason: Some("it is back".into()), recovered: None });
    record.import(&with(|_| {}));
    assert_eq!(record.incident.state, State::Active);
}

#[test]
fn an_end_before_the_start_leaves_no_impact_and_stays_visible() {
    let record = Record::open(&with(|line| line["resolved_at"] = json!("2026-02-03T09:00:00Z")));
    assert!(record.incident.impact.is_empty());
    let facts = crate::domain::metrics::Facts::of(&record.incident).expect("it counts");
    assert!(facts.restored_at < Some(facts.started_at));
}

#[test]
fn a_statuspage_is_read() {
    let file: Value = serde_json::from_str(include_str!("../../../tests/fixtures/statuspage/incidents_resolved.json")).expect("the fixture is JSON");
    let drafts = statuspage::read(&file, NOON).expect("it is a Statuspage");
    let draft = drafts[0].as_ref().expect("its incident is whole");
    assert_eq!((draft.origin.name.as_str(), draft.origin.id.as_str()), ("statuspage", "kctbh9vrtdwd|q0qy1fzk7s1k"));
    assert_eq!((draft.severity, draft.kind), (Some(Severity::Sev5), Kind::Incident));
    assert_eq!(draft.mitigated_at, Timestamp::parse("2025-03-14T11:00:00Z"));
    assert_eq!(Record::open(draft).incident.state, State::Resolved);
    let file: Value = serde_json::from_str(include_str!("../../../tests/fixtures/statuspage/summary_degraded.json")).expect("the fixture is JSON");
    let drafts = statuspage::read(&file, NOON).expect("it is a Statuspage");
    let draft = drafts[0].as_ref().expect("its incident is whole");
    assert_eq!((draft.services.as_slice(), draft.severity), (["API".to_owned()].as_slice(), Some(Severity::Sev2)));
    assert_eq!((draft.timeline[0].status.as_deref(), draft.timeline[0].text.as_str()), (Some("identified"), "Root cause identified."));
    assert!(statuspage::read(&json!([]), NOON).is_err());
}

fn time(secs: i64) -> Value {
    json!(NOON.plus_secs(secs).to_string())
}

fn some_line() -> impl Strategy<Value = Value> {
    let maybe = || prop_oneof![Just(Value::Null), (-500..500_i64).prop_map(time)];
    let severity = prop_oneof![Just(Value::Null), Just(json!("SEV1")), Just(json!("SEV4"))];
    let entry = ((-50..50_i64).prop_map(time), "[a-c]{1,2}", prop::option::of("[x-z]"))
        .prop_map(|(at, text, status)| json!({"at": at, "text": text, "status": status}));
    let words = ("[a-c]{1,3}", severity, prop::collection::vec("[a-d]", 0..4), prop::collection::vec(entry, 0..6));
    (words, (-500..500_i64).prop_map(time), maybe(), maybe(), maybe(), maybe()).prop_map(
        |((title, severity, services, timeline), started, detected, acknowledged, mitigated, resolved)| {
            json!({
                "origin": "o", "id": 1, "title": title, "severity": severity, "services": services, "timeline": timeline, "started_at": started,
                "detected_at": detected, "acknowledged_at": acknowledged, "mitigated_at": mitigated, "resolved_at": resolved,
            })
        },
    )
}

proptest! {
    /// Whatever an origin said before and says now, in any order.
    #[test]
    fn after_any_history_the_same_again_changes_nothing(lines in prop::collection::vec(some_line(), 1..5)) {
        let drafts: Vec<Draft> = lines.iter().map(|line| parse(line, NOON).expect("the line is whole")).collect();
        let mut record = Record::open(&drafts[0]);
        for draft in &drafts {
            record.import(draft);
            prop_assert_eq!(record.import(draft), [], "{:?}", draft);
            // Everything it says is in the record.
            let noted = |event: &&Event| matches!(&event.kind, EventKind::Note { .. });
            prop_assert!(record.events.iter().filter(noted).count() >= draft.timeline.len());
            if draft.resolved_at.is_some() {
                prop_assert_eq!(record.incident.resolved_at, draft.resolved_at);
            }
            prop_assert!(draft.severity.is_none() || record.incident.severity == draft.severity);
            prop_assert_eq!(&record.incident.title, &draft.title);
        }
        prop_assert!(timeline::verify(record.incident.id, &record.events).is_ok());
    }

    /// A version that only adds ends where a fresh import of it would.
    #[test]
    fn growing_ends_where_a_fresh_import_would(whole in some_line(), keep in 0..6_usize, hidden in prop::collection::vec(0..4_usize, 0..4)) {
        let mut short = whole.clone();
        for field in hidden {
            short[["detected_at", "acknowledged_at", "mitigated_at", "resolved_at"][field]] = Value::Null;
        }
        let whole = parse(&whole, NOON).expect("the line is whole");
        short["timeline"] = json!(whole.timeline.iter().take(keep).collect::<Vec<_>>());
        let mut record = Record::open(&parse(&short, NOON).expect("the line is whole"));
        record.import(&whole);
        let fresh = Record::open(&whole);
        let seen = |incident: &Incident| (incident.state, incident.detected_at, incident.acknowledged_at, incident.mitigated_at, incident.resolved_at, incident.impact.clone(), incident.started_at);
        prop_assert_eq!(seen(&record.incident), seen(&fresh.incident));
        prop_assert_eq!(record.notes(), fresh.notes());
    }

    #[test]
    fn any_json_is_read_or_refused_with_a_reason(text in "\\PC{0,40}", field in 0..14_usize) {
        let mut line = a_line();
        let fields = ["origin", "id", "title", "severity", "kind", "started_at", "detected_at", "acknowledged_at", "mitigated_at", "resolved_at", "services", "labels", "timeline", "x"];
        for value in [json!(text.clone()), json!(7), json!([text.clone()]), json!({"at": text.clone()}), json!([{"at": text}]), json!(true)] {
            line[fields[field]] = value;
            if let Err(flaws) = parse(&line, NOON) {
                prop_assert!(!flaws.is_empty());
            }
        }
    }
}
