//! One record in every form.

use super::*;
use crate::domain::{
    alert::{AlertState, Labels},
    grouping::Why,
    ids::{AlertId, IncidentId, IncidentRef, IntegrationId},
    incident::{AlertRef, AlertResolution, Change, Command, Context, Declare, EventKind, decide, declare},
    people::{Actor, ActorKind, ActorRef, Role},
    severity::{AlertSeverity, Severity},
    timeline::Head,
    verification::Fault,
};
use serde_json::Value;
use uuid::Uuid;

const NOON: Timestamp = Timestamp::from_micros(1_786_449_600_000_000);

fn mara() -> Actor {
    Actor { who: ActorRef { kind: ActorKind::Person, id: "mara".into(), name: "Mara".into() }, role: Role::Commander }
}

fn an_alert() -> Alert {
    Alert {
        id: AlertId(Uuid::from_u128(9)),
        source: "generic".into(),
        integration_id: IntegrationId(Uuid::from_u128(8)),
        dedupe_key: "k".into(),
        state: AlertState::Triggered,
        severity: Some(AlertSeverity::Critical),
        title: "<b>p99</b> | high".into(),
        labels: Labels::new(),
        annotations: Labels::new(),
        started_at: NOON,
        resolved_at: None,
        deliveries: 2,
        incident_id: Some(IncidentId(Uuid::from_u128(1))),
        stale: false,
        links: vec![],
    }
}

/// The same as an entry names it.
fn its_name() -> AlertRef {
    let Alert { id, title, severity, started_at, resolved_at, .. } = an_alert();
    AlertRef { id, title, service: None, severity, started_at, resolved_at, about_monitoring: false }
}

/// An incident that was told so much, one command a minute, and then got an alert.
fn told(commands: Vec<Command>) -> Record {
    let (id, mara) = (IncidentId(Uuid::from_u128(1)), mara());
    let draft = Declare { title: "=1+1 <script>".into(), severity: Some(Severity::Sev2), services: vec!["checkout".into()], ..Declare::default() };
    let mut head = Head::genesis();
    let mut events = head.append(id, declare(&draft, &mara, NOON).expect("the draft is complete"), &mara.who, None, NOON);
    let mut incident = Incident::fold(id, IncidentRef(12), &events).expect("it begins with a declaration");
    for (command, minute) in commands.into_iter().zip(1..) {
        let now = NOON.plus_secs(60 * minute);
        let changes = decide(&incident, &command, &Context::default(), &mara, now).expect("it is allowed");
        for event in head.append(id, changes, &mara.who, None, now) {
            incident.apply(&event);
            events.push(event);
        }
    }
    let record = Record { incident, events, alerts: vec![an_alert()], exported_at: NOON.plus_secs(7200) };
    and(record, EventKind::AlertsAttached { alerts: vec![its_name()], why: Why::Attached })
}

/// The record with one more entry.
fn and(mut record: Record, kind: EventKind) -> Record {
    let (now, mut head) = (NOON.plus_secs(1800), Head { seq: record.incident.version, hash: record.head_hash().to_owned() });
    for event in head.append(record.incident.id, vec![Change { happened_at: now, kind }], &mara().who, None, now) {
        record.incident.apply(&event);
        record.events.push(event);
    }
    record
}

fn note(text: &str, happened_at: Option<Timestamp>) -> Command {
    Command::Note { text: text.into(), happened_at }
}

fn a_record() -> Record {
    told(vec![
        note("first\n# second, \"quoted\"", None),
        note("remembered later", Some(NOON.plus_secs(-3600))),
        Command::Pin { seq: 2 },
        Command::Mitigate { reason: Some("rolled back".into()), happened_at: None },
        Command::CorrectTime { seq: 5, happened_at: NOON.plus_secs(90), reason: None },
    ])
}

fn found(text: &str) -> Option<Fault> {
    let verification = verify(text.as_bytes()).expect("it is a bundle");
    assert_eq!(verification.holds, verification.fault.is_none());
    verification.fault
}

fn changed(change: impl Fn(&mut Value)) -> Option<Fault> {
    let mut bundle: Value = serde_json::from_str(&a_record().to_text(Format::Bundle)).expect("it is JSON");
    change(&mut bundle);
    found(&bundle.to_string())
}

#[test]
fn the_report_names_late_entries_corrections_and_pins() {
    let report = a_record().to_text(Format::Markdown);
    for words in [
        "# INC-12: \\=1+1 &lt;script&gt;\n",
        "- **State:** Mitigated\n",
        "| Mitigated | 2026-08-11T12:01:30Z | 1 min |",
        "| Resolved | not recorded |  |",
        "| &lt;b&gt;p99&lt;/b&gt; \\| high | critical |",
        "remembered later (entry 3; happened 2026-08-11T11:00:00Z recorded 2026-08-11T12:02:00Z, late)",
        "first\\\n  \\# second, \"quoted\" (entry 2; pinned)",
        "(entry 5; happened 2026-08-11T12:01:30Z recorded 2026-08-11T12:04:00Z, late; its time was corrected from 2026-08-11T12:04:00Z)",
        "7 entries; its chain of hashes holds.",
    ] {
        assert!(report.contains(words), "{words} is missing in\n{report}");
    }
    assert!(report.find("remembered later").expect("it is there") < report.find("Declared as").expect("it is there"), "by when it happened");
    assert!(!report.contains("<script"));
}

#[test]
fn the_table_has_one_row_per_entry_with_both_times() {
    let table = a_record().to_text(Format::Csv);
    let mut rows = table.split("\r\n");
    assert_eq!(rows.next().map(|header| header.split(',').count()), Some(13));
    assert!(rows.next().is_some_and(|row| row.starts_with("3,note,2026-08-11T11:00:00Z,2026-08-11T12:02:00Z,,true,false,Mara,person,remembered later,,")));
    assert!(table.contains("\"first\n# second, \"\"quoted\"\"\""));
    assert!(table.contains("5,mitigated,2026-08-11T12:01:30Z,2026-08-11T12:04:00Z,2026-08-11T12:04:00Z,true,false"));
    assert!(table.ends_with("\r\n"));
}

#[test]
fn a_bundle_holds_and_says_so() {
    let record = a_record();
    let verification = verify(record.to_text(Format::Bundle).as_bytes()).expect("it is a bundle");
    assert!(verification.holds, "{}", verification.words);
    assert_eq!((verification.events, verification.reference, verification.head_hash.as_str()), (7, IncidentRef(12), record.head_hash()));
    // Also when another program wrote it down anew.
    assert_eq!(changed(|_| {}), None);
}

#[test]
fn what_was_changed_is_named_with_its_entry() {
    let seq = |fault: Option<Fault>| fault.map(|fault| fault.seq);
    for field in ["happened_at", "recorded_at"] {
        let fault = changed(|bundle| bundle["events"][2][field] = "2026-08-11T10:00:00Z".into()).expect("a time was changed");
        assert!(fault.seq == 3 && fault.what.contains("one of its times"), "{fault:?}");
    }
    assert_eq!(seq(changed(|bundle| bundle["events"][1]["data"]["text"] = "nothing".into())), Some(2));
    assert_eq!(seq(changed(|bundle| bundle["events"][1]["actor"]["name"] = "Jonas".into())), Some(2));
    assert_eq!(seq(changed(|bundle| bundle["events"][3]["extra"] = 1.into())), Some(4));
    assert_eq!(seq(changed(|bundle| bundle["events"][4]["kind"] = "unheard_of".into())), Some(5));
    assert_eq!(seq(changed(|bundle| bundle["events"][5]["hash"] = "00".into())), Some(6));
    assert_eq!(seq(changed(|bundle| bundle["events"][3]["prev_hash"] = "00".into())), Some(4));
    let missing = changed(|bundle| drop(bundle["events"].as_array_mut().expect("a list").remove(2))).expect("one is missing");
    assert!(missing.seq == 3 && missing.what.contains("missing"), "{missing:?}");
    let last = changed(|bundle| drop(bundle["events"].as_array_mut().expect("a list").pop())).expect("one is missing");
    assert!(last.seq == 7 && last.what.contains("missing"), "{last:?}");
    let swapped = changed(|bundle| bundle["events"].as_array_mut().expect("a list").swap(2, 3)).expect("two are swapped");
    assert!(swapped.seq == 3 && swapped.what.contains("reordered"), "{swapped:?}");
}

#[test]
fn what_stands_beside_the_chain_is_bound_to_it() {
    for (field, value) in [("title", "Another"), ("mitigated_at", "2026-08-11T12:00:00Z"), ("state", "resolved"), ("unknown", "x")] {
        let fault = changed(|bundle| bundle["incident"][field] = value.into()).expect(field);
        assert!(fault.seq == 7 && fault.what.contains(field), "{fault:?}");
    }
    for change in [("alerts", "/alerts/0/title"), ("reference", "/incident/ref"), ("time", "/exported_at")] {
        let value = match change.0 {
            "reference" => "INC-13",
            _ => "2026-08-11T10:00:00Z",
        };
        let fault = changed(|bundle| *bundle.pointer_mut(change.1).expect("it is there") = value.into()).expect(change.0);
        assert_eq!(fault.seq, 0, "{fault:?}");
    }
    assert!(changed(|bundle| bundle["head_hash"] = "00".into()).is_some());
    assert!(changed(|bundle| bundle["incident"]["version"] = 5.into()).is_some_and(|fault| fault.seq == 6));
    // Another incident's id: no hash was made for it.
    assert!(changed(|bundle| bundle["incident"]["id"] = Uuid::from_u128(2).to_string().into()).is_some_and(|fault| fault.seq == 1));
}

/// Changed before the export: the digest is made of what they were changed to.
#[test]
fn alerts_that_are_not_what_the_entries_say_are_named() {
    let exported = |change: &dyn Fn(&mut Vec<Alert>)| {
        let mut record = a_record();
        change(&mut record.alerts);
        found(&record.to_text(Format::Bundle))
    };
    assert_eq!(exported(&|_| {}), None);
    let named = |change: &dyn Fn(&mut Vec<Alert>), words: &str| {
        let fault = exported(change).expect(words);
        assert!(fault.seq == 0 && fault.what.contains(words), "{fault:?}");
    };
    named(&|alerts| alerts[0].title = "Nothing happened".into(), "its title is “Nothing happened”, and entry 7 says “<b>p99</b> | high”");
    named(&|alerts| alerts[0].severity = Some(AlertSeverity::Info), "its severity is “info”, and entry 7 says “critical”");
    named(&|alerts| alerts[0].started_at = NOON.plus_secs(3600), "its start");
    named(&|alerts| alerts[0].labels = Labels::from([("service".into(), "search".into())]), "its service is “search”, and entry 7 says “none”");
    named(&|alerts| alerts.push(Alert { id: AlertId(Uuid::from_u128(10)), ..an_alert() }), "no entry says that it was attached");
    named(&|alerts| alerts.clear(), "which entry 7 attached, does not stand in it any more");
    // How often it came, and an end that no entry tells, may be anything.
    let other = |alerts: &mut Vec<Alert>| alerts[0] = Alert { deliveries: 9, stale: true, resolved_at: Some(NOON), state: AlertState::Resolved, ..an_alert() };
    assert_eq!(exported(&other), None);
    // An end that an entry tells is compared.
    let AlertRef { id, service, severity, .. } = its_name();
    let over = AlertResolution { id, service, severity, at: NOON.plus_secs(60), expired: false, about_monitoring: false };
    let mut ended = and(a_record(), EventKind::AlertsResolved { alerts: vec![over] });
    assert!(found(&ended.to_text(Format::Bundle)).is_some_and(|fault| fault.what.contains("its end is still to come")));
    ended.alerts[0].resolved_at = Some(NOON.plus_secs(60));
    assert_eq!(found(&ended.to_text(Format::Bundle)), None);
}

#[test]
fn a_file_that_is_no_bundle_is_refused_in_words() {
    for (text, words) in [
        ("", "no bundle"),
        ("not JSON", "no bundle"),
        ("[]", "no bundle"),
        ("{\"format\":\"tocsin/backup/v1\"}", "no bundle"),
        ("{\n\"format\":\"tocsin/bundle/v1\",\n\"incident\":{},\n", "no id"),
    ] {
        let refused = verify(text.as_bytes()).expect_err(text).to_string();
        assert!(refused.contains(words), "{refused}");
    }
    let later = a_record().to_text(Format::Bundle).replace("tocsin/bundle/v1", "tocsin/bundle/v9");
    assert!(verify(later.as_bytes()).expect_err("another format").to_string().contains("tocsin/bundle/v9"));
}

#[test]
fn a_bundle_of_before_need_not_say_when_somebody_last_said_something() {
    let mut record = told(vec![]);
    assert!(record.incident.told_at.take().is_some());
    assert_eq!(found(&record.to_text(Format::Bundle)), None);
    record.incident.told_at = Some(NOON.plus_secs(1));
    assert!(found(&record.to_text(Format::Bundle)).is_some_and(|fault| fault.what.contains("told_at")));
}
