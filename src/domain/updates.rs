//! When people want to hear the next word of an incident: the clock for those inside, and the one
//! for the public. Severity sets the pace; the clock runs from what somebody said last.

use super::{
    incident::{EventKind, Incident},
    people::ActorKind,
    severity::Severity,
    time::Timestamp,
    timeline::Event,
    wording,
};

/// When an update is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub at: Timestamp,
    pub every_secs: i64,
    /// It would have been due before.
    pub postponed: bool,
}

/// How many times as long as people wait at a severity an update may be put off by.
const MOST_PACES: i64 = 4;

impl Due {
    /// By how much it may be postponed at once.
    pub fn most_postponed_secs(&self) -> i64 {
        MOST_PACES * self.every_secs
    }

    /// The usual spans by which it can be postponed at `now`, in seconds.
    pub fn postponements(&self, now: Timestamp) -> Vec<i64> {
        let can = |secs: &i64| *secs <= self.most_postponed_secs() && now.plus_secs(*secs) > self.at;
        [15 * 60, 30 * 60, 3_600, 2 * 3_600, 4 * 3_600, 8 * 3_600].into_iter().filter(can).collect()
    }

    pub fn is_late(&self, now: Timestamp) -> bool {
        self.at < now
    }
}

/// “next update in 12 min”, “update 4 min late”, and whether it is late.
pub fn words(due_at: Timestamp, now: Timestamp) -> (String, bool) {
    let secs = due_at.secs_since(now);
    if secs < 0 { (format!("update {} late", wording::span(-secs)), true) } else { (format!("next update in {}", wording::span(secs)), false) }
}

/// The clock for people inside; `None` where the severity asks for none, or it is over.
pub fn inside(incident: &Incident) -> Option<Due> {
    due(incident, Severity::inside_update_every_secs)
}

/// The clock for the public.
pub fn public(incident: &Incident) -> Option<Due> {
    due(incident, Severity::public_update_every_secs)
}

fn due(incident: &Incident, every: fn(Severity) -> Option<i64>) -> Option<Due> {
    let every_secs = incident.shown_severity().and_then(every).filter(|_| incident.state.is_open())?;
    let said_at = incident.told_at.or(incident.detected_at).unwrap_or(incident.started_at);
    let by_pace = said_at.plus_secs(every_secs);
    let postponed_to = incident.update_postponed_to.filter(|at| *at > by_pace);
    Some(Due { at: postponed_to.unwrap_or(by_pace), every_secs, postponed: postponed_to.is_some() })
}

/// Whether somebody said with it how things stand: words, decisions, and changes of state.
pub(super) fn is_update(event: &Event) -> bool {
    let by_somebody = matches!(event.actor.kind, ActorKind::Person | ActorKind::Token);
    let says_something = matches!(
        event.kind,
        EventKind::Declared { .. }
            | EventKind::Note { .. }
            | EventKind::Decision { .. }
            | EventKind::SeveritySet { .. }
            | EventKind::Activated { .. }
            | EventKind::Mitigated { .. }
            | EventKind::Resolved { .. }
            | EventKind::Reopened { .. }
    );
    by_somebody && says_something
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        ids::{IncidentId, IncidentRef},
        incident::{Change, Command, Context, Declare, Refusal, decide, declare},
        people::{Actor, ActorRef, Role},
        timeline::Head,
    };
    use uuid::Uuid;

    const NOON: Timestamp = Timestamp::from_micros(1_786_450_000_000_000);

    fn mara() -> Actor {
        Actor { who: ActorRef { kind: ActorKind::Person, id: "mara".to_owned(), name: "Mara".to_owned() }, role: Role::Responder }
    }

    fn an_incident(severity: Severity) -> Incident {
        let (actor, who) = (mara(), mara().who);
        let draft = Declare { title: "t".to_owned(), severity: Some(severity), ..Declare::default() };
        let id = IncidentId(Uuid::from_u128(1));
        let mut head = Head::genesis();
        let mut events = head.append(id, declare(&draft, &actor, NOON).expect("a responder may declare"), &who, None, NOON);
        let note = Change { happened_at: NOON.plus_secs(60), kind: EventKind::Note { text: "n".to_owned(), status: None } };
        events.extend(head.append(id, vec![note], &who, None, NOON.plus_secs(60)));
        let ack = Change { happened_at: NOON.plus_secs(90), kind: EventKind::Acknowledged { until: None, by_program: false } };
        events.extend(head.append(id, vec![ack], &who, None, NOON.plus_secs(90)));
        Incident::fold(id, IncidentRef(1), &events).expect("it begins with a declaration")
    }

    #[test]
    fn the_clock_runs_from_what_somebody_said_last() {
        let incident = an_incident(Severity::Sev1);
        assert_eq!(inside(&incident), Some(Due { at: NOON.plus_secs(60 + 15 * 60), every_secs: 15 * 60, postponed: false }));
        assert_eq!(public(&incident).map(|due| due.at), Some(NOON.plus_secs(60 + 20 * 60)));
    }

    #[test]
    fn a_severity_without_cadence_has_no_clock() {
        let incident = an_incident(Severity::Sev3);
        assert!(inside(&incident).is_some());
        assert_eq!(public(&incident), None);
    }

    /// Says `command` and folds what follows in.
    fn tell(incident: &mut Incident, command: Command, secs: i64) -> Result<(), Refusal> {
        let now = NOON.plus_secs(secs);
        let changes = decide(incident, &command, &Context::default(), &mara(), now)?;
        let mut head = Head { seq: incident.version, ..Head::genesis() };
        for event in head.append(incident.id, changes, &mara().who, None, now) {
            incident.apply(&event);
        }
        Ok(())
    }

    #[test]
    fn the_next_update_can_be_postponed_within_bounds_and_with_a_reason_until_somebody_says_something() {
        let mut incident = an_incident(Severity::Sev1);
        let postpone = |for_s, reason: Option<&str>| Command::PostponeUpdate { for_s, reason: reason.map(str::to_owned) };
        let why = Some("the provider answers at one");
        assert_eq!(tell(&mut incident, postpone(1_800, None), 120), Err(Refusal::ReasonNeeded { what: "postponing an update" }));
        for (for_s, refusal) in [
            (59, Refusal::BadPostponement { max_s: 3_600 }),
            (3_601, Refusal::BadPostponement { max_s: 3_600 }),
            (600, Refusal::NotPostponed { due_at: NOON.plus_secs(960) }),
        ] {
            assert_eq!(tell(&mut incident, postpone(for_s, why), 120), Err(refusal));
        }
        tell(&mut incident, postpone(1_800, why), 120).expect("it is within bounds");
        let at = NOON.plus_secs(120 + 1_800);
        let due = inside(&incident).expect("it has a clock");
        assert_eq!(due, Due { at, every_secs: 900, postponed: true });
        assert_eq!((due.postponements(NOON.plus_secs(120)), due.is_late(at)), (vec![3_600], false), "only later ones, and not for ever");
        assert_eq!(public(&incident).map(|due| (due.at, due.postponed)), Some((at, true)));
        assert_eq!(words(at, at.plus_secs(240)), ("update 4 min late".to_owned(), true));
        tell(&mut incident, Command::Note { text: "n".to_owned(), happened_at: None }, 1_000).expect("anybody may");
        assert_eq!(inside(&incident), Some(Due { at: NOON.plus_secs(1_900), every_secs: 900, postponed: false }), "what was said begins the clock anew");
        // What is over has no clock; reopened, it runs from then on.
        tell(&mut incident, Command::Resolve { reason: None, happened_at: None }, 1_100).expect("nothing fires");
        assert_eq!((inside(&incident), incident.told_at), (None, None));
        assert_eq!(tell(&mut incident, postpone(1_800, why), 1_200).map_err(|refusal| refusal.code()), Err("not_now"));
        tell(&mut incident, Command::Reopen { reason: Some("it is back".to_owned()), recovered: None }, 1_300).expect("with a reason");
        assert_eq!(inside(&incident).map(|due| due.at), Some(NOON.plus_secs(1_300 + 900)));
        assert_eq!(tell(&mut an_incident(Severity::Sev4), postpone(600, why), 120), Err(Refusal::NoUpdateDue));
    }
}
