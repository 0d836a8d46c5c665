//! The chain of the audit log, entry by entry.

use super::*;
use crate::domain::{people::ActorRef, verification::Fault};

const NOON: Timestamp = Timestamp::from_micros(1_786_449_600_000_000);

fn mara() -> By {
    By { who: ActorRef { kind: ActorKind::Person, id: "1".to_owned(), name: "Mara".to_owned() }, address: Some("203.0.113.7".to_owned()) }
}

fn three() -> Vec<AuditEntry> {
    let token = || Subject::new("token", "t", "ci");
    let notes =
        [mara().did(Action::SignedIn, None), mara().did(Action::TokenCreated, token()).with("role", "viewer"), mara().did(Action::TokenRevoked, token())];
    let mut head = Head::genesis();
    let entry = |note: &Note| {
        let entry = AuditEntry::after(&head, NOON, note);
        head = Head { seq: entry.seq, hash: entry.hash.clone() };
        entry
    };
    notes.iter().map(entry).collect()
}

fn walked(entries: &[AuditEntry], written: i64) -> AuditState {
    let mut chain = Chain::default();
    entries.iter().for_each(|entry| chain.follow(entry));
    chain.end(written)
}

#[test]
fn what_was_written_holds_and_says_so() {
    let entries = three();
    let state = walked(&entries, 3);
    assert_eq!((state.holds, state.fault, state.words.as_str()), (true, None, "The audit log holds: 3 entries, unbroken."));
    assert_eq!(state.head_hash, entries[2].hash);
    assert_eq!(walked(&[], 0).words, "The audit log is empty.");
}

#[test]
fn every_field_of_an_entry_is_covered_by_its_hash() {
    type Change = fn(&mut AuditEntry);
    let changes: [Change; 7] = [
        |entry| entry.at = entry.at.plus_secs(1),
        |entry| entry.actor.name = "Somebody else".to_owned(),
        |entry| entry.action = Action::TokenRevoked.slug().to_owned(),
        |entry| entry.subject = None,
        |entry| entry.address = None,
        |entry| drop(entry.data.insert("role".to_owned(), "admin".to_owned())),
        |entry| entry.hash = "0".repeat(64),
    ];
    for change in changes {
        let mut entries = three();
        change(&mut entries[1]);
        assert_eq!(walked(&entries, 3).fault.map(|fault| fault.seq), Some(2));
    }
    // Whoever also computes the hash anew breaks the link to the next one.
    let mut entries = three();
    entries[1].data.clear();
    entries[1].hash = entries[1].expected_hash();
    assert_eq!(walked(&entries, 3).fault.map(|fault| fault.seq), Some(3));
}

#[test]
fn what_is_missing_moved_or_cut_off_is_named() {
    let seq_of = |entries: &[AuditEntry]| walked(entries, 3).fault.map(|Fault { seq, .. }| seq);
    let [first, second, third] = three().try_into().expect("there are three");
    assert_eq!(seq_of(&[second.clone(), third.clone()]), Some(1));
    assert_eq!(seq_of(&[first.clone(), third.clone()]), Some(2));
    assert_eq!(seq_of(&[first.clone(), third.clone(), second.clone()]), Some(2));
    assert_eq!(seq_of(&[first.clone(), second.clone()]), Some(3), "the last one is gone");
    assert_eq!(seq_of(&[]), Some(1));
    let state = walked(&[first, third], 3);
    assert!(state.words.starts_with("The audit log does not hold from entry 2 on"), "{}", state.words);
}

#[test]
fn slugs_are_unique_and_read_back() {
    for action in Action::ALL {
        assert_eq!(Action::from_slug(action.slug()), Some(action));
        let kind = action.slug().split('.').next().unwrap_or_default();
        assert!(Action::KINDS.iter().any(|(known, _)| *known == kind), "{kind}");
        assert!(Action::is_filter(action.slug()) && Action::is_filter(kind));
    }
    assert!(!Action::is_filter("session.") && !Action::is_filter("%"));
}

#[test]
fn a_row_of_the_table_is_harmless_in_a_spreadsheet() {
    let note = mara().did(Action::TokenCreated, Subject::new("token", "t", "=cmd()|x, \"y\"")).with("role", "viewer");
    let row = csv::row(&AuditEntry::after(&Head::genesis(), NOON, &note));
    assert!(row.starts_with("1,2026-08-11T12:00:00Z,Mara,person,1,token.created,\"'=cmd()|x, \"\"y\"\"\",token,t,203.0.113.7,role=viewer,"), "{row}");
    assert!(row.ends_with("\r\n"));
    assert_eq!(csv::HEADER.split(',').count(), 13);
}

#[test]
fn details_leave_hashes_to_machines() {
    let note = By::system().did(Action::IncidentPurged, Subject::new("incident", "i", "INC-1")).with("last_entry", 7).with("head_hash", "abc");
    assert_eq!(AuditEntry::after(&Head::genesis(), NOON, &note).details(), "last entry: 7");
}
