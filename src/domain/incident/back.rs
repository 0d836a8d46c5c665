//! What comes back: reopening, merging into what is over, and impact told afterwards.

use super::{
    tests::{NOON, Told, actor, an_alert, integration, resolution},
    *,
};
use crate::domain::metrics::{Facts, Range, availability::Availability};
use crate::domain::{grouping::Why, ids::IncidentRef, people::Role};
use uuid::Uuid;

fn mara() -> crate::domain::people::Actor {
    actor("Mara", Role::Commander)
}

fn window(service: &str, from: i64, to: Option<i64>) -> ImpactWindow {
    ImpactWindow { service: Some(service.into()), from: NOON.plus_secs(from), to: to.map(|secs| NOON.plus_secs(secs)) }
}

fn resolve(told: &mut Told, secs: i64) {
    let command = Command::Resolve { reason: Some("it looks well".into()), happened_at: None };
    told.tell(command, &mara(), NOON.plus_secs(secs)).expect("it is open");
}

fn reopen(told: &mut Told, recovered: Option<bool>, secs: i64) {
    let command = Command::Reopen { reason: Some("customers still call".into()), recovered };
    told.tell(command, &mara(), NOON.plus_secs(secs)).expect("it is resolved");
}

fn set_impact(told: &mut Told, impact: Vec<ImpactWindow>, secs: i64) -> Result<(), Refusal> {
    told.tell(Command::SetImpact { impact, reason: None }, &mara(), NOON.plus_secs(secs))
}

/// Seconds in which it hurt, and seconds to restore.
fn figures(told: &Told) -> (f64, i64) {
    let facts = Facts::of(&told.incident).expect("it counts");
    let range = Range { from: NOON.plus_secs(-3600), to: NOON.plus_secs(36_000) };
    let downtime = Availability::of(&[&facts], &range, None, range.to).downtime_s;
    (downtime, facts.restored().expect("it is over").secs_since(facts.started_at))
}

#[test]
fn reopened_after_a_recovery_its_impact_begins_anew() {
    for recovered in [None, Some(true)] {
        let mut told = Told::declared(Some(Severity::Sev2));
        set_impact(&mut told, vec![window("checkout", 0, None), window("search", 0, Some(60))], 0).expect("a person may");
        resolve(&mut told, 600);
        reopen(&mut told, recovered, 1200);
        // What had ended by itself before is not there again.
        assert_eq!(told.incident.impact, [window("checkout", 0, Some(600)), window("search", 0, Some(60)), window("checkout", 1200, None)]);
        resolve(&mut told, 1500);
        assert_eq!(figures(&told), (900.0, 1500));
    }
}

#[test]
fn reopened_because_it_never_recovered_its_impact_goes_on() {
    let mut told = Told::declared(Some(Severity::Sev2));
    set_impact(&mut told, vec![window("checkout", 0, None)], 0).expect("a person may");
    resolve(&mut told, 600);
    reopen(&mut told, Some(false), 1200);
    assert_eq!(told.incident.impact, [window("checkout", 0, None)]);
    resolve(&mut told, 1500);
    assert_eq!(figures(&told), (1500.0, 1500));
    let words = told.events.iter().map(|event| crate::domain::wording::event(&event.kind)).find(|words| words.starts_with("Reopened"));
    assert_eq!(words.as_deref(), Some("Reopened, it had not recovered: customers still call"));
}

#[test]
fn reopened_everything_hurts_again_that_ended_with_the_resolve_or_after_it() {
    for (recovered, after) in [
        (Some(false), vec![window("checkout", 0, None), window("search", 60, None), window("cart", 0, Some(60))]),
        (
            Some(true),
            vec![
                window("checkout", 0, Some(600)),
                window("search", 60, Some(700)),
                window("cart", 0, Some(60)),
                window("checkout", 1500, None),
                window("search", 1500, None),
            ],
        ),
    ] {
        let mut told = Told::declared(Some(Severity::Sev2));
        resolve(&mut told, 600);
        set_impact(&mut told, vec![window("checkout", 0, None), window("search", 60, Some(700)), window("cart", 0, Some(60))], 1200).expect("a person may");
        reopen(&mut told, recovered, 1500);
        assert_eq!(told.incident.impact, after);
    }
}

#[test]
fn what_alerts_ended_before_they_resolved_it_is_not_there_again() {
    let mut told = Told::alerted();
    let other = AlertRef { started_at: NOON.plus_secs(10), ..an_alert(2, "payments") };
    told.see(Observation::Fired { alerts: vec![other], why: Why::Storm }, NOON.plus_secs(10));
    for (n, service, secs) in [(1, "checkout", 100), (2, "payments", 160)] {
        told.see(Observation::Quieted { alerts: vec![resolution(n, service, NOON.plus_secs(secs))] }, NOON.plus_secs(secs));
    }
    assert_eq!(told.incident.resolved_at, Some(NOON.plus_secs(160)));
    reopen(&mut told, Some(false), 600);
    assert_eq!(told.incident.impact, [window("checkout", 0, Some(100)), window("payments", 10, None)]);
}

#[test]
fn an_alert_that_reopens_says_itself_whom_it_hurts_and_when_a_person_said_it_it_hurts_as_it_did() {
    let mut told = Told::alerted();
    told.see(Observation::Quieted { alerts: vec![resolution(1, "checkout", NOON.plus_secs(60))] }, NOON.plus_secs(60));
    let again = AlertRef { started_at: NOON.plus_secs(300), ..an_alert(2, "gateway") };
    told.see(Observation::Fired { alerts: vec![again], why: Why::SameGroup }, NOON.plus_secs(300));
    assert_eq!(told.incident.impact, [window("checkout", 0, Some(60)), window("gateway", 300, None)]);

    let mut told = Told::alerted();
    set_impact(&mut told, vec![window("search", 0, None)], 10).expect("a person may");
    resolve(&mut told, 60);
    let again = AlertRef { started_at: NOON.plus_secs(300), ..an_alert(2, "checkout") };
    told.see(Observation::Fired { alerts: vec![again], why: Why::SameGroup }, NOON.plus_secs(310));
    assert_eq!(told.incident.impact, [window("search", 0, Some(60)), window("search", 310, None)]);
}

#[test]
fn an_alert_from_before_joins_the_windows_around_it() {
    let mut told = Told::alerted();
    resolve(&mut told, 600);
    reopen(&mut told, None, 1200);
    let late = AlertRef { started_at: NOON.plus_secs(300), ..an_alert(2, "checkout") };
    told.see(Observation::Fired { alerts: vec![late], why: Why::SameGroup }, NOON.plus_secs(1300));
    assert_eq!(told.incident.impact, [window("checkout", 0, None)]);
}

#[test]
fn a_firing_alert_that_is_attached_to_what_is_resolved_reopens_it() {
    let mut told = Told::declared(Some(Severity::Sev2));
    resolve(&mut told, 600);
    let attach = |told: &mut Told, alert: AlertRef| {
        let command = Command::AttachAlert { alert: alert.id };
        let context = Context { target: None, alert: Some((alert, None)) };
        let changes = decide(&told.incident, &command, &context, &mara(), NOON.plus_secs(700)).expect("it may be attached");
        told.record(changes, &mara(), NOON.plus_secs(700));
    };
    attach(&mut told, AlertRef { resolved_at: Some(NOON.plus_secs(90)), ..an_alert(1, "checkout") });
    assert_eq!(told.incident.state, State::Resolved, "what is over changes nothing");
    attach(&mut told, an_alert(2, "checkout"));
    assert_eq!(told.incident.state, State::Active);
}

#[test]
fn what_burns_and_is_merged_into_what_is_resolved_reopens_it() {
    let mut target = Told::declared(Some(Severity::Sev2));
    let jonas = actor("Jonas", Role::Responder);
    target.tell(Command::Acknowledge { for_s: None, happened_at: None }, &jonas, NOON.plus_secs(90)).expect("nobody has it");
    resolve(&mut target, 600);
    let early = AlertRef { started_at: NOON.plus_secs(-300), ..an_alert(1, "checkout") };
    let mut source = Told::begin(open_by_alert(&early, None, NOON.plus_secs(-240)), &integration());
    source.incident.reference = IncidentRef(7);
    target.record(absorb(&source.incident, &target.incident, NOON.plus_secs(700)), &mara(), NOON.plus_secs(700));
    assert_eq!((target.incident.state, target.incident.firing_alerts()), (State::Active, 1));
    assert_eq!((target.incident.detected_at, target.incident.impact_started_at()), (Some(NOON.plus_secs(-240)), NOON.plus_secs(-300)));
    assert_eq!(target.incident.acknowledged_at, Some(NOON.plus_secs(90)));
    assert_eq!(target.incident.impact, [window("checkout", -300, None)]);
    let last = target.events.last().map(|event| crate::domain::wording::event(&event.kind));
    assert_eq!(last.as_deref(), Some("Reopened: INC-7 was merged into it and is not over"));
    // Correcting the time of its own declaration does not make the whole detected later.
    target.tell(Command::CorrectTime { seq: 1, happened_at: NOON, reason: None }, &mara(), NOON.plus_secs(800)).expect("it is known");
    assert_eq!(target.incident.detected_at, Some(NOON.plus_secs(-240)));
}

#[test]
fn what_is_over_and_is_merged_into_what_is_resolved_leaves_it_so() {
    let mut target = Told::declared(Some(Severity::Sev2));
    set_impact(&mut target, vec![window("checkout", 0, Some(100)), window("checkout", 300, None)], 310).expect("a person may");
    resolve(&mut target, 600);
    let mut source = Told::declared(Some(Severity::Sev2));
    set_impact(&mut source, vec![window("checkout", 50, Some(400))], 410).expect("a person may");
    resolve(&mut source, 900);
    target.record(absorb(&source.incident, &target.incident, NOON.plus_secs(1000)), &mara(), NOON.plus_secs(1000));
    assert_eq!((target.incident.state, target.incident.resolved_at), (State::Resolved, Some(NOON.plus_secs(900))));
    assert_eq!(target.incident.impact, [window("checkout", 0, Some(600))], "no time stands there twice");
}

#[test]
fn impact_told_after_the_resolve_ends_with_it() {
    let mut told = Told::declared(Some(Severity::Sev2));
    resolve(&mut told, 600);
    set_impact(&mut told, vec![window("checkout", 0, None), window("search", 60, Some(700))], 1200).expect("a person may");
    assert_eq!(told.incident.impact, [window("checkout", 0, Some(600)), window("search", 60, Some(700))]);
    let later = set_impact(&mut told, vec![window("checkout", 900, None)], 1300);
    assert_eq!(later, Err(Refusal::ImpactAfterResolve { at: NOON.plus_secs(600) }));
    assert_eq!(later.expect_err("it says no end").to_string(), "it was resolved at 12:10 UTC: say when impact ended that began later");
    told.tell(Command::Close { reason: None }, &mara(), NOON.plus_secs(1400)).expect("it is resolved");
    set_impact(&mut told, vec![window("checkout", 0, None)], 1500).expect("the record stays open");
    assert_eq!(figures(&told), (600.0, 600));
}

/// Before, such windows went on for ever; they are in records that stand.
#[test]
fn impact_without_an_end_in_an_older_record_ended_with_the_resolve() {
    let mut told = Told::declared(Some(Severity::Sev2));
    resolve(&mut told, 600);
    let open = EventKind::ImpactSet { impact: vec![window("checkout", 0, None)], reason: None };
    told.record(vec![Change { happened_at: NOON.plus_secs(700), kind: open }], &mara(), NOON.plus_secs(700));
    assert_eq!(told.incident.impact, [window("checkout", 0, None)], "a record is folded as it was when it was written");
    assert_eq!(figures(&told), (600.0, 600));
    reopen(&mut told, Some(true), 1200);
    assert_eq!(told.incident.impact, [window("checkout", 0, Some(600)), window("checkout", 1200, None)], "the time between does not count");
}

/// What older versions wrote says nothing of recovery, and folds to what it folded to.
#[test]
fn an_older_record_of_reopening_and_merging_folds_as_before() {
    let mut told = Told::declared(Some(Severity::Sev2));
    set_impact(&mut told, vec![window("checkout", 0, None)], 0).expect("a person may");
    resolve(&mut told, 600);
    let events = [
        r#"{"kind":"reopened","data":{"reason":"it is back"}}"#.to_owned(),
        format!(
            r#"{{"kind":"absorbed","data":{{"from":"{}","from_ref":"INC-7","title":"t","services":[],"signals":{{}},"impact":[],"started_at":"2026-08-11T11:00:00Z"}}}}"#,
            Uuid::from_u128(9)
        ),
    ];
    for text in &events {
        let kind: EventKind = serde_json::from_str(text).expect("it is read");
        let again: serde_json::Value = serde_json::to_value(&kind).expect("it serialises");
        assert_eq!(Some(again), serde_json::from_str(text).ok(), "its hash stays");
        told.record(vec![Change { happened_at: NOON.plus_secs(700), kind }], &mara(), NOON.plus_secs(700));
    }
    assert_eq!((told.incident.impact.as_slice(), told.incident.detected_at), ([window("checkout", 0, Some(600))].as_slice(), Some(NOON)));
}
