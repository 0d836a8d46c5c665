//! What holds for any sequence of commands and alerts.

use super::{
    tests::{NOON, Told, actor, an_alert, another, resolution},
    *,
};
use crate::domain::{
    alert::{Alert, AlertState, Labels},
    boards::Happening,
    export::{self, Format, Record},
    grouping::Why,
    ids::IntegrationId,
    people::{PersonRef, Role},
    reading,
    timeline::{Event, verify},
    triage::{Answers, HowMany, Who},
};
use proptest::prelude::*;

/// Something that can be tried at any time, by one of several people.
#[derive(Clone, Debug)]
enum Step {
    Tell(Box<Command>, usize),
    Fire(u8),
    Quiet(u8),
}

fn people() -> [Actor; 4] {
    [actor("Mara", Role::Commander), actor("Jonas", Role::Responder), actor("Tomas", Role::Responder), actor("Noor", Role::Viewer)]
}

use crate::domain::people::Actor;

fn reason() -> impl Strategy<Value = Option<String>> {
    prop_oneof![Just(None), Just(Some("because".to_owned())), Just(Some(" ".to_owned()))]
}

fn command() -> impl Strategy<Value = Command> {
    let severity = prop_oneof![Just(None), (0..5_usize).prop_map(|at| Some(Severity::ALL[at]))];
    let answers = prop_oneof![Just(None), Just(Some(Answers { who: Some(Who::Customers), how_many: Some(HowMany::Some), ..Answers::default() }))];
    let role = (0..6_usize).prop_map(|at| IncidentRole::ALL[at]);
    let person = (0..4_usize).prop_map(|at| people()[at].as_person());
    let seq = 0..20_i64;
    prop_oneof![
        prop_oneof![Just(None), (0..4000_i64).prop_map(Some)].prop_map(|for_s| Command::Acknowledge { for_s, happened_at: None }),
        reason().prop_map(|reason| Command::Unacknowledge { reason }),
        (severity, reason(), answers).prop_map(|(severity, reason, answers)| Command::SetSeverity { severity, reason, answers }),
        reason().prop_map(|reason| Command::Activate { reason }),
        reason().prop_map(|reason| Command::Mitigate { reason, happened_at: None }),
        (reason(), -100..100_i64).prop_map(|(reason, secs)| Command::Resolve { reason, happened_at: Some(NOON.plus_secs(secs)) }),
        reason().prop_map(|reason| Command::Close { reason }),
        (reason(), prop_oneof![Just(None), any::<bool>().prop_map(Some)]).prop_map(|(reason, recovered)| Command::Reopen { reason, recovered }),
        reason().prop_map(|reason| Command::Cancel { reason }),
        reason().prop_map(|reason| Command::Merge { into: IncidentId(uuid::Uuid::from_u128(2)), reason }),
        (role.clone(), person, reason()).prop_map(|(role, person, reason)| Command::AssignRole { role, person, reason }),
        role.clone().prop_map(|role| Command::AcceptRole { role }),
        role.clone().prop_map(|role| Command::AssignRole { role, person: PersonRef { id: None, name: "A vendor".into() }, reason: None }),
        (role, reason()).prop_map(|(role, reason)| Command::ReleaseRole { role, reason }),
        "\\PC{0,12}".prop_map(|text| Command::Note { text, happened_at: None }),
        "\\PC{0,12}".prop_map(|text| Command::Decision { text, happened_at: None }),
        "(https?|javascript)://\\PC{0,8}".prop_map(|url| Command::Link { url, text: None }),
        seq.clone().prop_map(|seq| Command::Pin { seq }),
        seq.clone().prop_map(|seq| Command::Unpin { seq }),
        (seq, -9000..9000_i64).prop_map(|(seq, secs)| Command::CorrectTime { seq, happened_at: NOON.plus_secs(secs), reason: None }),
        "\\PC{0,12}".prop_map(|title| Command::SetTitle { title }),
        prop::collection::vec("[a-c]{0,2}", 0..4).prop_map(|services| Command::SetServices { services }),
        (-500..500_i64, -500..500_i64).prop_map(|(from, to)| Command::SetImpact {
            impact: vec![ImpactWindow { service: Some("a".into()), from: NOON.plus_secs(from), to: Some(NOON.plus_secs(to)) }],
            reason: None,
        }),
        ("[a-b]{0,1}", "[a-b]{0,1}").prop_map(|(name, value)| Command::Tag { labels: Labels::from([(name, value)]) }),
        any::<bool>().prop_map(|private| Command::SetPrivate { private }),
        (0..4000_i64, reason()).prop_map(|(for_s, reason)| Command::PostponeUpdate { for_s, reason }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (command(), 0..4_usize).prop_map(|(command, by)| Step::Tell(Box::new(command), by)),
        1 => (0..6_u8).prop_map(Step::Fire),
        1 => (0..6_u8).prop_map(Step::Quiet),
    ]
}

const SERVICES: [&str; 3] = ["checkout", "gateway", "search"];

/// Plays the steps, one a second. Answers the incident and how many commands were refused.
fn play(alerted: bool, steps: &[Step]) -> (Told, Vec<Refusal>) {
    let mut told = if alerted { Told::alerted() } else { Told::declared(None) };
    let mut firing: std::collections::BTreeSet<u8> = std::collections::BTreeSet::new();
    let mut refusals = vec![];
    for (step, second) in steps.iter().zip(1..) {
        let now = NOON.plus_secs(second);
        match step {
            Step::Tell(command, by) => refusals.extend(told.tell((**command).clone(), &people()[*by], now).err()),
            Step::Fire(n) if !told.incident.state.is_over() && firing.insert(*n) => {
                told.see(Observation::Fired { alerts: vec![an_alert(u128::from(*n) + 10, SERVICES[usize::from(*n) % 3])], why: Why::SameGroup }, now);
            }
            Step::Quiet(n) if firing.remove(n) => {
                told.see(Observation::Quieted { alerts: vec![resolution(u128::from(*n) + 10, SERVICES[usize::from(*n) % 3], now)] }, now);
            }
            Step::Fire(_) | Step::Quiet(_) => {}
        }
    }
    (told, refusals)
}

/// The alerts as their rows stand after all of it.
fn alerts_of(events: &[Event]) -> Vec<Alert> {
    let mut alerts: Vec<Alert> = vec![];
    for event in events {
        match &event.kind {
            EventKind::AlertsAttached { alerts: attached, .. } => {
                let known: Vec<_> = alerts.iter().map(|alert| alert.id).collect();
                alerts.extend(attached.iter().filter(|alert| !known.contains(&alert.id)).map(row));
            }
            EventKind::AlertsResolved { alerts: resolved } => {
                for alert in &mut alerts {
                    let end = resolved.iter().find(|end| end.id == alert.id).map(|end| end.at);
                    alert.resolved_at = alert.resolved_at.or(end);
                }
            }
            EventKind::MergedInto { .. } => alerts.clear(),
            _ => {}
        }
    }
    alerts
}

fn row(named: &AlertRef) -> Alert {
    Alert {
        id: named.id,
        source: "generic".into(),
        integration_id: IntegrationId(uuid::Uuid::from_u128(8)),
        dedupe_key: named.id.to_string(),
        state: AlertState::Triggered,
        severity: named.severity,
        title: named.title.clone(),
        labels: named.service.iter().map(|service| ("service".to_owned(), service.clone())).collect(),
        annotations: Labels::new(),
        started_at: named.started_at,
        resolved_at: named.resolved_at,
        deliveries: 1,
        incident_id: Some(IncidentId(uuid::Uuid::from_u128(1))),
        stale: false,
        links: vec![],
    }
}

proptest! {
    #[test]
    fn any_sequence_folds_to_the_same_state_in_any_batching(alerted: bool, steps in prop::collection::vec(step(), 0..40), cut in 0..60_usize) {
        let (told, _) = play(alerted, &steps);
        let whole = Incident::fold(told.incident.id, told.incident.reference, &told.events);
        prop_assert_eq!(whole.as_ref(), Some(&told.incident));
        // A replica takes a snapshot somewhere, over the wire, and folds the rest from the stream.
        let cut = 1 + cut % told.events.len();
        let snapshot = Incident::fold(told.incident.id, told.incident.reference, &told.events[..cut]);
        let snapshot = serde_json::to_string(&snapshot).expect("it serialises");
        let mut replica: Incident = reading::read(snapshot.as_bytes()).expect("the browser reads it");
        let by_serde: Option<Incident> = serde_json::from_str(&snapshot).ok();
        prop_assert_eq!(Some(&replica), by_serde.as_ref());
        for event in &told.events[cut..] {
            let happening = Happening::Incident { id: told.incident.id, reference: told.incident.reference, event: event.clone() };
            let frame = serde_json::to_string(&happening).expect("it serialises");
            let Some(Happening::Incident { event, .. }) = reading::read(frame.as_bytes()) else { panic!("it reads back: {frame}") };
            replica.apply(&event);
        }
        prop_assert_eq!(replica, told.incident);
    }

    #[test]
    fn no_sequence_loses_an_event_and_the_chain_holds(alerted: bool, steps in prop::collection::vec(step(), 0..40)) {
        let (told, _) = play(alerted, &steps);
        let wire = serde_json::to_string(&told.events).expect("it serialises");
        let read: Vec<Event> = serde_json::from_str(&wire).expect("it reads back");
        prop_assert_eq!(&read, &told.events);
        let by_the_browser: Option<Vec<Event>> = reading::read(wire.as_bytes());
        prop_assert_eq!(by_the_browser.as_ref(), Some(&told.events));
        let head = verify(told.incident.id, &read).map_err(|broken| TestCaseError::fail(broken.to_string()))?;
        prop_assert_eq!(head.seq, told.incident.version);
        prop_assert_eq!(usize::try_from(head.seq).ok(), Some(told.events.len()));
    }

    /// A bundle of whatever happened, with the alerts that it happened to, proves itself, and a single byte of any event that is another
    /// one is found and named with its entry.
    #[test]
    fn a_changed_byte_of_a_bundle_is_found_in_its_entry(alerted: bool, steps in prop::collection::vec(step(), 0..25), places in prop::collection::vec((any::<usize>(), any::<usize>(), any::<u8>()), 1..20)) {
        let (told, _) = play(alerted, &steps);
        let record = Record { alerts: alerts_of(&told.events), incident: told.incident, events: told.events, exported_at: NOON };
        let bundle = record.to_text(Format::Bundle);
        let whole = export::verify(bundle.as_bytes()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert!(whole.holds, "{}", whole.words);
        let begin = bundle.find("\"events\":[\n").map(|at| at + 11).expect("a bundle lists its events");
        for (event, place, byte) in places {
            let event = event % record.events.len();
            let line = bundle[begin..].lines().nth(event).expect("every event has a line").trim_end_matches(',');
            let at = line.as_ptr() as usize - bundle.as_ptr() as usize + place % line.len();
            let mut changed = bundle.clone().into_bytes();
            changed[at] = byte;
            if changed == bundle.as_bytes() {
                continue;
            }
            let found = export::verify(&changed).map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(found.fault.map(|fault| fault.seq), i64::try_from(event + 1).ok(), "byte {} of {}", place % line.len(), line);
        }
    }

    #[test]
    fn every_refusal_is_explained(alerted: bool, steps in prop::collection::vec(step(), 0..40)) {
        let (_, refusals) = play(alerted, &steps);
        for refusal in refusals {
            prop_assert!(!refusal.code().is_empty() && refusal.to_string().len() > 8, "{refusal:?}");
        }
    }

    #[test]
    fn what_the_form_allows_is_never_refused_for_its_state(alerted: bool, steps in prop::collection::vec(step(), 0..30), next in command(), by in 0..4_usize) {
        let (told, _) = play(alerted, &steps);
        let by = &people()[by];
        let form = allowed(&told.incident, next.verb(), by);
        let context = Context { target: Some(another()), alert: None };
        let decided = decide(&told.incident, &next, &context, by, NOON.plus_secs(100));
        if let Err(refusal) = form {
            prop_assert_eq!(decided, Err(refusal));
        }
    }

    #[test]
    fn what_holds_for_every_incident(alerted: bool, steps in prop::collection::vec(step(), 0..40)) {
        let (told, _) = play(alerted, &steps);
        let incident = &told.incident;
        prop_assert_eq!(incident.state == State::Resolved || incident.state == State::Closed, incident.resolved_at.is_some() && !matches!(incident.state, State::Merged));
        prop_assert!(incident.signals.values().all(|signals| signals.hurting <= signals.firing && signals.firing <= signals.total));
        prop_assert!(incident.impact.iter().all(|window| window.to.is_none_or(|to| to >= window.from)));
        for pair in incident.impact.iter().enumerate().flat_map(|(at, one)| incident.impact[at + 1..].iter().map(move |other| (one, other))) {
            let (one, other) = pair;
            let apart = one.service != other.service || one.to.is_some_and(|to| to < other.from) || other.to.is_some_and(|to| to < one.from);
            prop_assert!(apart, "windows of one service overlap: {:?}", incident.impact);
        }
    }
}
