//! The rules of one incident, one sentence each.

use super::*;
use crate::domain::{
    alert::Labels,
    grouping::Why,
    people::{Actor, ActorKind, ActorRef, Role},
    slo::severity::Suggestion,
    timeline::{Event, Head},
};
use uuid::Uuid;

pub(super) const NOON: Timestamp = Timestamp::from_micros(1_786_449_600_000_000);

pub(super) fn actor(name: &str, role: Role) -> Actor {
    Actor { who: ActorRef { kind: ActorKind::Person, id: name.to_owned(), name: name.to_owned() }, role }
}

/// An incident with its log, and the way to change it.
pub(super) struct Told {
    pub incident: Incident,
    pub events: Vec<Event>,
    head: Head,
}

impl Told {
    pub fn begin(changes: Vec<Change>, by: &Actor) -> Self {
        let id = IncidentId(Uuid::from_u128(1));
        let mut head = Head::genesis();
        let events = head.append(id, changes, &by.who, None, NOON);
        let incident = Incident::fold(id, IncidentRef(1), &events).expect("it begins with a declaration");
        Self { incident, events, head }
    }

    pub fn declared(severity: Option<Severity>) -> Self {
        let draft = Declare { title: "Card payments fail".into(), severity, ..Declare::default() };
        let mara = actor("Mara", Role::Commander);
        Self::begin(declare(&draft, &mara, NOON).expect("the draft is complete"), &mara)
    }

    /// An incident that an alert opened and nobody has touched.
    pub fn alerted() -> Self {
        Self::begin(open_by_alert(&an_alert(1, "checkout"), None, NOON), &integration())
    }

    pub fn tell(&mut self, command: Command, by: &Actor, at: Timestamp) -> Result<(), Refusal> {
        self.tell_of(another(), command, by, at)
    }

    /// The same, where the other incident is this one.
    pub fn tell_of(&mut self, target: MergeTarget, command: Command, by: &Actor, at: Timestamp) -> Result<(), Refusal> {
        let context = Context { target: Some(target), alert: None };
        let changes = decide(&self.incident, &command, &context, by, at)?;
        self.record(changes, by, at);
        Ok(())
    }

    pub fn see(&mut self, observation: Observation, at: Timestamp) {
        let changes = observe(&self.incident, observation, at);
        self.record(changes, &integration(), at);
    }

    pub fn record(&mut self, changes: Vec<Change>, by: &Actor, at: Timestamp) {
        for event in self.head.append(self.incident.id, changes, &by.who, None, at) {
            self.incident.apply(&event);
            self.events.push(event);
        }
    }
}

/// An incident that others can be merged into.
pub(super) fn another() -> MergeTarget {
    MergeTarget { id: IncidentId(Uuid::from_u128(2)), reference: IncidentRef(2), state: State::Active, private: false }
}

pub(super) fn integration() -> Actor {
    Actor { who: ActorRef { kind: ActorKind::Integration, id: "am".into(), name: "Alertmanager".into() }, role: Role::Viewer }
}

pub(super) fn an_alert(n: u128, service: &str) -> AlertRef {
    AlertRef {
        id: AlertId(Uuid::from_u128(n)),
        title: format!("{service} is down"),
        service: Some(service.to_owned()),
        severity: Some(AlertSeverity::Critical),
        started_at: NOON,
        resolved_at: None,
        about_monitoring: false,
    }
}

pub(super) fn resolution(n: u128, service: &str, at: Timestamp) -> AlertResolution {
    AlertResolution {
        id: AlertId(Uuid::from_u128(n)),
        service: Some(service.to_owned()),
        severity: Some(AlertSeverity::Critical),
        at,
        expired: false,
        about_monitoring: false,
    }
}

fn mara() -> Actor {
    actor("Mara", Role::Commander)
}

fn jonas() -> Actor {
    actor("Jonas", Role::Responder)
}

fn resolve(reason: Option<&str>) -> Command {
    Command::Resolve { reason: reason.map(str::to_owned), happened_at: None }
}

#[test]
fn declared_with_a_severity_it_is_active_without_one_it_is_in_triage() {
    assert_eq!(Told::declared(Some(Severity::Sev2)).incident.state, State::Active);
    assert_eq!(Told::declared(None).incident.state, State::Triage);
}

#[test]
fn an_alert_that_knows_more_than_how_urgent_it_is_proposes_by_that() {
    let suggestion = Suggestion { severity: Severity::Sev2, because: "few are affected".into() };
    let told = Told::begin(open_by_alert(&an_alert(1, "checkout"), Some(suggestion), NOON), &integration());
    let reason = told.incident.severity_reason.as_deref();
    assert_eq!((told.incident.severity, told.incident.proposed_severity, reason), (None, Some(Severity::Sev2), Some("few are affected")));
    assert_eq!(Told::alerted().incident.severity_reason.as_deref(), Some("its first alert is critical"));
}

#[test]
fn confirming_a_severity_ends_triage() {
    let mut told = Told::alerted();
    assert_eq!(told.incident.proposed_severity, Some(Severity::Sev1));
    told.tell(Command::SetSeverity { severity: Some(Severity::Sev1), reason: None, answers: None }, &jonas(), NOON).expect("a confirmation needs no reason");
    assert_eq!((told.incident.state, told.incident.severity), (State::Active, Some(Severity::Sev1)));
}

#[test]
fn an_override_keeps_both_values_and_needs_a_reason() {
    let mut told = Told::alerted();
    let lower = |reason: Option<&str>| Command::SetSeverity { severity: Some(Severity::Sev3), reason: reason.map(str::to_owned), answers: None };
    assert_eq!(told.tell(lower(None), &jonas(), NOON).expect_err("no reason").code(), "reason_needed");
    told.tell(lower(Some("one customer only")), &jonas(), NOON).expect("with a reason");
    assert_eq!((told.incident.severity, told.incident.proposed_severity), (Some(Severity::Sev3), Some(Severity::Sev1)));
    assert_eq!(told.incident.severity_reason.as_deref(), Some("one customer only"));
}

#[test]
fn resolving_against_a_firing_signal_needs_a_reason() {
    let mut told = Told::alerted();
    assert_eq!(told.tell(resolve(None), &jonas(), NOON).expect_err("it still fires").code(), "reason_needed");
    told.tell(resolve(Some("the alert is broken")), &jonas(), NOON).expect("with a reason");
    assert_eq!(told.incident.resolved_by, Some(ResolvedBy::Person));
    assert_eq!(told.incident.impact[0].to, Some(NOON));
}

#[test]
fn mitigating_what_is_resolved_is_refused() {
    let mut told = Told::declared(Some(Severity::Sev2));
    told.tell(resolve(None), &mara(), NOON).expect("nothing fires");
    let refusal = told.tell(Command::Mitigate { reason: None, happened_at: None }, &mara(), NOON).expect_err("it is over");
    assert_eq!(refusal, Refusal::AlreadyResolved { at: Some(NOON) });
}

#[test]
fn an_acknowledgement_runs_out_and_anybody_may_take_over_then() {
    let mut told = Told::declared(Some(Severity::Sev2));
    let ack = Command::Acknowledge { for_s: Some(600), happened_at: None };
    told.tell(ack.clone(), &jonas(), NOON).expect("nobody has it");
    assert_eq!(told.tell(ack.clone(), &mara(), NOON.plus_secs(599)).expect_err("Jonas has it").code(), "already_acknowledged");
    told.tell(ack.clone(), &jonas(), NOON.plus_secs(30)).expect("one may extend one's own");
    assert!(!told.incident.is_acknowledged(NOON.plus_secs(630)));
    told.tell(ack, &mara(), NOON.plus_secs(630)).expect("it ran out");
    assert_eq!(told.incident.acknowledged_at, Some(NOON), "the first one counts for the time to acknowledge");
}

#[test]
fn a_programs_acknowledgement_gives_way_to_the_first_persons() {
    let mut told = Told::alerted();
    let seen = Observation::AcknowledgedAtSource { id: AlertId(Uuid::from_u128(1)), title: "checkout is down".to_owned() };
    told.see(seen, NOON.plus_secs(5));
    assert_eq!((told.incident.acknowledged_at, told.incident.is_acknowledged_by_program_only()), (Some(NOON.plus_secs(5)), true));
    let ack = Command::Acknowledge { for_s: Some(600), happened_at: None };
    let bot = Actor { who: ActorRef { kind: ActorKind::Token, id: "bot".into(), name: "bot".into() }, role: Role::Responder };
    assert_eq!(told.tell(ack.clone(), &bot, NOON.plus_secs(10)).expect_err("another program has it").code(), "already_acknowledged");
    told.tell(ack.clone(), &jonas(), NOON.plus_secs(60)).expect("no person has it");
    assert_eq!((told.incident.acknowledged_at, told.incident.is_acknowledged_by_program_only()), (Some(NOON.plus_secs(60)), false));
    assert_eq!(told.tell(ack, &mara(), NOON.plus_secs(70)).expect_err("Jonas has it").code(), "already_acknowledged");
    // Whose time it is, a correction finds.
    let seq = told.events.last().expect("it was recorded").seq;
    told.tell(Command::CorrectTime { seq, happened_at: NOON.plus_secs(50), reason: None }, &jonas(), NOON.plus_secs(80)).expect("it is his");
    assert_eq!(told.incident.acknowledged_at, Some(NOON.plus_secs(50)));
    assert_eq!(Incident::fold(told.incident.id, IncidentRef(1), &told.events), Some(told.incident));
}

#[test]
fn a_program_that_acknowledges_after_a_person_keeps_no_person_out() {
    let mut told = Told::alerted();
    let ack = Command::Acknowledge { for_s: Some(60), happened_at: None };
    told.tell(ack.clone(), &jonas(), NOON).expect("nobody has it");
    let seen = Observation::AcknowledgedAtSource { id: AlertId(Uuid::from_u128(1)), title: "checkout is down".to_owned() };
    told.see(seen, NOON.plus_secs(120));
    assert!(told.incident.is_held_by_program() && !told.incident.is_acknowledged_by_program_only());
    told.tell(ack.clone(), &mara(), NOON.plus_secs(130)).expect("no person has it any more");
    assert_eq!((told.incident.acknowledged_at, told.incident.is_held_by_program()), (Some(NOON), false));
    assert_eq!(told.tell(ack, &jonas(), NOON.plus_secs(140)).expect_err("Mara has it").code(), "already_acknowledged");
}

#[test]
fn a_merge_takes_a_persons_acknowledgement_before_a_programs() {
    let absorbed = |told: &mut Told, secs: i64, by_program: bool| {
        let mut other = Told::declared(Some(Severity::Sev2)).incident;
        let kind = EventKind::Acknowledged { until: None, by_program };
        let mut head = Head { seq: 1, hash: String::new() };
        let change = Change { happened_at: NOON.plus_secs(secs), kind };
        head.append(other.id, vec![change], &integration().who, None, NOON).iter().for_each(|event| other.apply(event));
        let changes = absorb(&other, &told.incident, NOON.plus_secs(300));
        told.record(changes, &mara(), NOON.plus_secs(300));
        (told.incident.acknowledged_at, told.incident.is_acknowledged_by_program_only())
    };
    let mut told = Told::declared(Some(Severity::Sev2));
    assert_eq!(absorbed(&mut told, 20, true), (Some(NOON.plus_secs(20)), true));
    assert_eq!(absorbed(&mut told, 10, true), (Some(NOON.plus_secs(10)), true));
    assert_eq!(absorbed(&mut told, 200, false), (Some(NOON.plus_secs(200)), false));
    assert_eq!(absorbed(&mut told, 5, true), (Some(NOON.plus_secs(200)), false));
    assert_eq!(absorbed(&mut told, 100, false), (Some(NOON.plus_secs(100)), false));
}

/// Records of before say nothing of programs, and fold to what they folded to.
#[test]
fn an_older_acknowledgement_by_an_integration_folds_and_hashes_as_before() {
    let text = r#"{"kind":"acknowledged","data":{"until":null}}"#;
    let kind: EventKind = serde_json::from_str(text).expect("it is read");
    assert_eq!(serde_json::to_string(&kind).ok().as_deref(), Some(text), "its hash stays");
    let mut told = Told::alerted();
    told.record(vec![Change { happened_at: NOON.plus_secs(5), kind }], &integration(), NOON.plus_secs(5));
    assert_eq!(told.incident.marks.keys().map(String::as_str).collect::<Vec<_>>(), ["acknowledged", "detected"]);
}

#[test]
fn a_viewer_is_refused_everything_and_told_why() {
    let told = Told::declared(None);
    for verb in Verb::all() {
        assert_eq!(allowed(&told.incident, verb, &actor("Noor", Role::Viewer)), Err(Refusal::NeedsResponder), "{verb:?}");
    }
}

#[test]
fn while_somebody_leads_only_those_who_lead_may_close_cancel_and_merge() {
    let mut told = Told::declared(Some(Severity::Sev2));
    assert_eq!(allowed(&told.incident, Verb::Cancel, &jonas()), Ok(()), "nobody leads");
    let tomas = actor("Tomas", Role::Responder);
    told.tell(Command::AssignRole { role: IncidentRole::Commander, person: tomas.as_person(), reason: None }, &tomas, NOON).expect("one may take command");
    assert_eq!(allowed(&told.incident, Verb::Cancel, &jonas()), Err(Refusal::NeedsLead { commander: "Tomas".into() }));
    assert_eq!(allowed(&told.incident, Verb::Cancel, &tomas), Ok(()));
    assert_eq!(allowed(&told.incident, Verb::Cancel, &mara()), Ok(()));
}

#[test]
fn a_role_needs_its_acceptance_and_both_are_shown_until_then() {
    let mut told = Told::declared(Some(Severity::Sev2));
    let role = IncidentRole::Commander;
    told.tell(Command::AssignRole { role, person: mara().as_person(), reason: None }, &mara(), NOON).expect("taking it oneself");
    told.tell(Command::AssignRole { role, person: jonas().as_person(), reason: None }, &mara(), NOON).expect("handing over");
    let seat = &told.incident.roles[&role];
    assert_eq!(seat.holder.as_ref().map(|held| held.person.name.as_str()), Some("Mara"));
    assert_eq!(seat.asked.as_ref().map(|held| held.person.name.as_str()), Some("Jonas"));
    assert_eq!(told.tell(Command::AcceptRole { role }, &mara(), NOON).expect_err("she was not asked"), Refusal::NotAsked);
    told.tell(Command::AcceptRole { role }, &jonas(), NOON).expect("he was");
    assert_eq!(told.incident.holder(role).map(|held| held.person.name.as_str()), Some("Jonas"));
    told.tell(Command::ReleaseRole { role, reason: None }, &jonas(), NOON).expect("he may give it back");
    assert!(told.incident.roles.is_empty());
}

#[test]
fn untouched_it_resolves_when_its_last_alert_does() {
    let mut told = Told::alerted();
    told.see(Observation::Fired { alerts: vec![an_alert(2, "gateway")], why: Why::Storm }, NOON.plus_secs(10));
    told.see(Observation::Quieted { alerts: vec![resolution(1, "checkout", NOON.plus_secs(60))] }, NOON.plus_secs(61));
    assert_eq!(told.incident.state, State::Triage);
    told.see(Observation::Quieted { alerts: vec![resolution(2, "gateway", NOON.plus_secs(90))] }, NOON.plus_secs(91));
    assert_eq!((told.incident.state, told.incident.resolved_at), (State::Resolved, Some(NOON.plus_secs(90))));
    let windows: Vec<_> = told.incident.impact.iter().map(|window| (window.service.as_deref(), window.to)).collect();
    assert_eq!(windows, [(Some("checkout"), Some(NOON.plus_secs(60))), (Some("gateway"), Some(NOON.plus_secs(90)))]);
}

#[test]
fn tagging_is_no_work_and_commenting_is() {
    for (command, state) in [
        (Command::Tag { labels: Labels::from([("team".into(), "a".into())]) }, State::Resolved),
        (Command::Note { text: "looking".into(), happened_at: None }, State::Triage),
    ] {
        let mut told = Told::alerted();
        told.tell(command, &jonas(), NOON).expect("responders may");
        told.see(Observation::Quieted { alerts: vec![resolution(1, "checkout", NOON)] }, NOON);
        assert_eq!(told.incident.state, state);
    }
}

#[test]
fn a_warning_opens_no_impact_until_a_person_says_so() {
    let warning = AlertRef { severity: Some(AlertSeverity::Warning), ..an_alert(1, "checkout") };
    let mut told = Told::begin(open_by_alert(&warning, None, NOON), &integration());
    assert!(told.incident.impact.is_empty());
    let impact = vec![ImpactWindow { service: Some("checkout".into()), from: NOON.plus_secs(-600), to: None }];
    told.tell(Command::SetImpact { impact, reason: None }, &jonas(), NOON).expect("a person may");
    assert_eq!(told.incident.started_at, NOON.plus_secs(-600));
    told.see(Observation::Fired { alerts: vec![an_alert(2, "gateway")], why: Why::SameGroup }, NOON);
    assert_eq!(told.incident.impact.len(), 1, "what a person set, alerts leave alone");
}

#[test]
fn an_alert_about_our_own_eyes_hurts_nobody_and_labels_what_it_opens() {
    let blind = AlertRef { about_monitoring: true, ..an_alert(1, "checkout") };
    let mut told = Told::begin(open_by_alert(&blind, None, NOON), &integration());
    assert_eq!((told.incident.impact.len(), told.incident.labels.get("about").map(String::as_str)), (0, Some("monitoring")));
    told.see(Observation::Fired { alerts: vec![an_alert(2, "checkout")], why: Why::Storm }, NOON);
    assert_eq!(told.incident.impact.len(), 1, "another alert may hurt");
    let older = serde_json::to_value(an_alert(1, "checkout")).expect("it serialises");
    assert_eq!(older.get("about_monitoring"), None, "hashes of what was recorded stay");
}

#[test]
fn an_alert_about_our_own_eyes_keeps_no_impact_burning() {
    let blind = AlertRef { about_monitoring: true, severity: Some(AlertSeverity::Error), ..an_alert(2, "checkout") };
    let seeing = |secs| AlertResolution { severity: Some(AlertSeverity::Error), about_monitoring: true, ..resolution(2, "checkout", NOON.plus_secs(secs)) };
    let well = resolution(1, "checkout", NOON.plus_secs(600));
    let watched = || {
        let mut told = Told::alerted();
        told.see(Observation::Fired { alerts: vec![blind.clone()], why: Why::Storm }, NOON.plus_secs(10));
        told
    };
    for ends in [[well.clone(), seeing(18_000)], [seeing(300), well.clone()]] {
        let mut told = watched();
        for alert in ends {
            let at = alert.at;
            told.see(Observation::Quieted { alerts: vec![alert] }, at);
        }
        let windows: Vec<_> = told.incident.impact.iter().map(|window| (window.from, window.to)).collect();
        assert_eq!((windows.as_slice(), told.incident.state), ([(NOON, Some(NOON.plus_secs(600)))].as_slice(), State::Resolved));
    }
    let mut told = watched();
    let detached = EventKind::AlertDetached { alert: blind.clone(), reason: None };
    told.record(vec![Change { happened_at: NOON.plus_secs(60), kind: detached }], &jonas(), NOON.plus_secs(60));
    assert_eq!((told.incident.signals["checkout"].hurting, told.incident.impact[0].to), (1, None), "the other one hurts on");
    let older = serde_json::to_value(&well).expect("it serialises");
    assert_eq!(older.get("about_monitoring"), None, "hashes of what was recorded stay");
}

#[test]
fn correcting_an_entrys_time_corrects_what_it_set() {
    let mut told = Told::declared(Some(Severity::Sev2));
    told.tell(Command::Mitigate { reason: None, happened_at: None }, &mara(), NOON.plus_secs(600)).expect("it is active");
    let seq = told.incident.version;
    told.tell(Command::CorrectTime { seq, happened_at: NOON.plus_secs(300), reason: None }, &mara(), NOON.plus_secs(700)).expect("it is known");
    assert_eq!(told.incident.mitigated_at, Some(NOON.plus_secs(300)));
    let entries = crate::domain::timeline::of(&told.incident, &told.events);
    let entry = entries.iter().find(|entry| entry.seq == seq).expect("it is there");
    assert_eq!((entry.happened_at, entry.corrected_from), (NOON.plus_secs(300), Some(NOON.plus_secs(600))));
    assert!(entry.is_late());
    assert_eq!(told.tell(Command::CorrectTime { seq: 99, happened_at: NOON, reason: None }, &mara(), NOON), Err(Refusal::UnknownEntry { seq: 99 }));
}

#[test]
fn impact_ends_at_the_corrected_time_of_the_resolve_that_ended_it() {
    let mut told = Told::declared(Some(Severity::Sev2));
    let window =
        |service: &str, to: Option<i64>| ImpactWindow { service: Some(service.into()), from: NOON.plus_secs(-600), to: to.map(|secs| NOON.plus_secs(secs)) };
    let impact = vec![window("checkout", None), window("search", Some(-60))];
    told.tell(Command::SetImpact { impact, reason: None }, &mara(), NOON).expect("a person may");
    told.tell(Command::Resolve { reason: None, happened_at: None }, &mara(), NOON.plus_secs(600)).expect("it is open");
    let seq = told.incident.version;
    told.tell(Command::CorrectTime { seq, happened_at: NOON.plus_secs(300), reason: None }, &mara(), NOON.plus_secs(700)).expect("it is known");
    assert_eq!(told.incident.resolved_at, Some(NOON.plus_secs(300)));
    assert_eq!(told.incident.impact, [window("checkout", Some(300)), window("search", Some(-60))]);
    // Reopened, it has no time of a resolve that could be corrected.
    told.tell(Command::Reopen { reason: Some("it is back".into()), recovered: None }, &mara(), NOON.plus_secs(800)).expect("it is resolved");
    told.tell(Command::CorrectTime { seq, happened_at: NOON.plus_secs(400), reason: None }, &mara(), NOON.plus_secs(900)).expect("it is known");
    assert_eq!(told.incident.resolved_at, None);
}

#[test]
fn an_acknowledgement_that_comes_when_it_is_over_is_a_note() {
    let mut told = Told::declared(Some(Severity::Sev2));
    let meant = Command::Acknowledge { for_s: Some(1800), happened_at: Some(NOON.plus_secs(60)) };
    told.tell(Command::Resolve { reason: None, happened_at: None }, &mara(), NOON.plus_secs(120)).expect("it is open");
    told.tell(meant.clone(), &mara(), NOON.plus_secs(300)).expect("it is kept");
    let last = told.events.last().expect("it was recorded");
    assert!(matches!(&last.kind, EventKind::Note { text, .. } if text.starts_with("Late acknowledgement")), "{:?}", last.kind);
    assert_eq!((last.happened_at, told.incident.state), (NOON.plus_secs(60), State::Resolved));
    assert_eq!((told.incident.acknowledged_at, told.incident.resolved_at), (None, Some(NOON.plus_secs(120))));
    // Without saying when it was meant, it is a command like any other.
    let now = Command::Acknowledge { for_s: None, happened_at: None };
    assert_eq!(told.tell(now, &mara(), NOON.plus_secs(310)), Err(Refusal::NotNow { state: State::Resolved }));
    assert_eq!(told.tell(meant, &actor("Vera", Role::Viewer), NOON.plus_secs(320)), Err(Refusal::NeedsResponder));
}

#[test]
fn times_in_the_future_and_backward_windows_are_refused() {
    let mut told = Told::declared(Some(Severity::Sev2));
    let later = Command::Note { text: "x".into(), happened_at: Some(NOON.plus_secs(3600)) };
    assert_eq!(told.tell(later, &mara(), NOON), Err(Refusal::InTheFuture));
    let impact = vec![ImpactWindow { service: None, from: NOON, to: Some(NOON.plus_secs(-1)) }];
    assert_eq!(told.tell(Command::SetImpact { impact, reason: None }, &mara(), NOON), Err(Refusal::WindowBackwards));
}

#[test]
fn times_before_there_were_clocks_are_refused() {
    let zero = Timestamp::MIN;
    let first = Timestamp::FIRST_BELIEVED;
    let mara = mara();
    for at in [zero, first.plus_secs(-1)] {
        let mut told = Told::declared(Some(Severity::Sev2));
        for command in [
            Command::Acknowledge { for_s: None, happened_at: Some(at) },
            Command::Mitigate { reason: None, happened_at: Some(at) },
            Command::Note { text: "x".into(), happened_at: Some(at) },
            Command::Decision { text: "x".into(), happened_at: Some(at) },
            Command::CorrectTime { seq: 1, happened_at: at, reason: None },
            Command::SetImpact { impact: vec![ImpactWindow { service: None, from: at, to: None }], reason: None },
            Command::Resolve { reason: None, happened_at: Some(at) },
        ] {
            assert_eq!(told.tell(command, &mara, NOON), Err(Refusal::BeforeClocks));
        }
        told.tell(Command::Resolve { reason: None, happened_at: None }, &mara, NOON).expect("it is open");
        let late = Command::Acknowledge { for_s: None, happened_at: Some(at) };
        assert_eq!(told.tell(late, &mara, NOON), Err(Refusal::BeforeClocks));
        let draft = Declare { title: "x".into(), started_at: Some(at), ..Declare::default() };
        assert_eq!(declare(&draft, &mara, NOON), Err(Refusal::BeforeClocks));
        let impact = vec![ImpactWindow { service: None, from: at, to: None }];
        assert_eq!(declare(&Declare { title: "x".into(), impact, ..Declare::default() }, &mara, NOON), Err(Refusal::BeforeClocks));
    }
    let note = Command::Note { text: "x".into(), happened_at: Some(first) };
    Told::declared(None).tell(note, &mara, NOON).expect("a note may be of long ago");
}

#[test]
fn what_is_private_is_merged_only_into_what_is_private_too() {
    let merge = || Command::Merge { into: another().id, reason: None };
    let mut told = Told::declared(Some(Severity::Sev2));
    told.tell(Command::SetPrivate { private: true }, &mara(), NOON).expect("nobody leads yet");
    let refused = told.tell(merge(), &mara(), NOON);
    assert_eq!(refused, Err(Refusal::PrivateIntoPublic { into: IncidentRef(2) }));
    assert_eq!(refused.expect_err("it is private").to_string(), "it is private, and INC-2 is not: make it visible first, or merge INC-2 into it");
    assert!(!told.incident.state.is_over(), "nothing was recorded");
    told.tell_of(MergeTarget { private: true, ..another() }, merge(), &mara(), NOON).expect("both are private");
    // What is visible may go into what is private, and so may what was made visible.
    Told::declared(None).tell_of(MergeTarget { private: true, ..another() }, merge(), &mara(), NOON).expect("it hides more, not less");
    let mut told = Told::declared(Some(Severity::Sev2));
    told.tell(Command::SetPrivate { private: true }, &mara(), NOON).expect("nobody leads yet");
    told.tell(Command::SetPrivate { private: false }, &mara(), NOON).expect("nobody leads yet");
    told.tell(merge(), &mara(), NOON).expect("it is visible");
}

#[test]
fn blank_and_endless_texts_and_unsafe_links_are_refused() {
    let mut told = Told::declared(Some(Severity::Sev2));
    let note = |text: String| Command::Note { text, happened_at: None };
    assert_eq!(told.tell(note("  ".into()), &mara(), NOON).expect_err("blank").code(), "empty");
    assert_eq!(told.tell(note("x".repeat(20_001)), &mara(), NOON).expect_err("endless").code(), "too_long");
    let link = Command::Link { url: "javascript:alert(1)".into(), text: None };
    assert_eq!(told.tell(link, &mara(), NOON), Err(Refusal::UnsafeLink));
}

#[test]
fn a_private_incident_is_visible_to_its_people_only() {
    let mut told = Told::declared(Some(Severity::Sev2));
    told.tell(Command::SetPrivate { private: true }, &mara(), NOON).expect("nobody leads yet");
    assert!(told.incident.is_visible_to(&mara()), "she declared it");
    assert!(told.incident.is_visible_to(&actor("Elif", Role::Admin)));
    assert!(!told.incident.is_visible_to(&jonas()));
    told.tell(Command::AssignRole { role: IncidentRole::Scribe, person: jonas().as_person(), reason: None }, &mara(), NOON).expect("she may ask him");
    assert!(told.incident.is_visible_to(&jonas()));
}

#[test]
fn a_changed_cut_or_reordered_log_is_noticed() {
    use crate::domain::timeline::{Broken, verify};
    let mut told = Told::declared(Some(Severity::Sev2));
    told.tell(Command::Note { text: "one".into(), happened_at: None }, &mara(), NOON).expect("allowed");
    told.tell(Command::Note { text: "two".into(), happened_at: None }, &mara(), NOON).expect("allowed");
    let id = told.incident.id;
    assert_eq!(verify(id, &told.events).map(|head| head.seq), Ok(3));
    let mut changed = told.events.clone();
    changed[1].kind = EventKind::Note { text: "three".into(), status: None };
    assert_eq!(verify(id, &changed), Err(Broken::Content { seq: 2 }));
    let mut cut = told.events.clone();
    cut.remove(1);
    assert_eq!(verify(id, &cut), Err(Broken::Gap { expected: 2, found: 3 }));
    assert_eq!(verify(IncidentId(Uuid::from_u128(9)), &told.events), Err(Broken::Content { seq: 1 }), "a log belongs to one incident");
}
