//! When people want to hear the next word of an incident: the clock for those inside, and the one
//! for the public. Severity sets the pace; the clock runs from what somebody said last.

use super::{
    incident::{EventKind, Incident},
    people::ActorKind,
    severity::Severity,
    time::Timestamp,
    timeline::Event,
};

/// When an update is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub at: Timestamp,
    pub every_secs: i64,
}

/// The clock for people inside; `None` where the severity asks for none, or it is over.
pub fn inside(incident: &Incident, events: &[Event]) -> Option<Due> {
    due(incident, events, Severity::inside_update_every_secs)
}

/// The clock for the public.
pub fn public(incident: &Incident, events: &[Event]) -> Option<Due> {
    due(incident, events, Severity::public_update_every_secs)
}

fn due(incident: &Incident, events: &[Event], every: fn(Severity) -> Option<i64>) -> Option<Due> {
    let every_secs = incident.shown_severity().and_then(every).filter(|_| incident.state.is_open())?;
    let said_at = events.iter().rev().find(|event| is_update(event)).map_or(incident.detected_at.unwrap_or(incident.started_at), |event| event.recorded_at);
    Some(Due { at: said_at.plus_secs(every_secs), every_secs })
}

/// Whether somebody said with it how things stand: words, decisions, and changes of state.
fn is_update(event: &Event) -> bool {
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
        incident::{Change, Declare, declare},
        people::{Actor, ActorRef, Role},
        timeline::Head,
    };
    use uuid::Uuid;

    const NOON: Timestamp = Timestamp::from_micros(1_786_450_000_000_000);

    fn a_log(severity: Severity) -> (Incident, Vec<Event>) {
        let who = ActorRef { kind: ActorKind::Person, id: "mara".to_owned(), name: "Mara".to_owned() };
        let actor = Actor { who: who.clone(), role: Role::Responder };
        let draft = Declare { title: "t".to_owned(), severity: Some(severity), ..Declare::default() };
        let id = IncidentId(Uuid::from_u128(1));
        let mut head = Head::genesis();
        let mut events = head.append(id, declare(&draft, &actor, NOON).expect("a responder may declare"), &who, None, NOON);
        let note = Change { happened_at: NOON.plus_secs(60), kind: EventKind::Note { text: "n".to_owned(), status: None } };
        events.extend(head.append(id, vec![note], &who, None, NOON.plus_secs(60)));
        let ack = Change { happened_at: NOON.plus_secs(90), kind: EventKind::Acknowledged { until: None, by_program: false } };
        events.extend(head.append(id, vec![ack], &who, None, NOON.plus_secs(90)));
        (Incident::fold(id, IncidentRef(1), &events).expect("it begins with a declaration"), events)
    }

    #[test]
    fn the_clock_runs_from_what_somebody_said_last() {
        let (incident, events) = a_log(Severity::Sev1);
        assert_eq!(inside(&incident, &events), Some(Due { at: NOON.plus_secs(60 + 15 * 60), every_secs: 15 * 60 }));
        assert_eq!(public(&incident, &events).map(|due| due.at), Some(NOON.plus_secs(60 + 20 * 60)));
    }

    #[test]
    fn a_severity_without_cadence_has_no_clock() {
        let (incident, events) = a_log(Severity::Sev3);
        assert!(inside(&incident, &events).is_some());
        assert_eq!(public(&incident, &events), None);
    }
}
