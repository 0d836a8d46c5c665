//! The board's list: which incidents, in which order, and the sums above them.

use super::clocks;
use crate::domain::{
    ids::IncidentId,
    incident::{Incident, IncidentRole, SignalState, State},
    people::Actor,
    severity::Severity,
    sorting,
    time::Timestamp,
};
use std::sync::Arc;

/// One of the three counts above the list; each is a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heap {
    /// Open, not mitigated, and nobody has it.
    Nobody,
    Worked,
    Mitigated,
}

impl Heap {
    pub const ALL: [Heap; 3] = [Heap::Nobody, Heap::Worked, Heap::Mitigated];

    pub fn slug(self) -> &'static str {
        match self {
            Heap::Nobody => "nobody",
            Heap::Worked => "worked",
            Heap::Mitigated => "mitigated",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Heap::Nobody => "nobody has it",
            Heap::Worked => "being worked",
            Heap::Mitigated => "mitigated",
        }
    }

    pub fn from_slug(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|heap| heap.slug() == text)
    }

    /// Where an open incident is counted; each in exactly one.
    pub fn of(incident: &Incident, now: Timestamp) -> Self {
        if incident.state == State::Mitigated {
            Heap::Mitigated
        } else if incident.who_has_it(now).is_none() {
            Heap::Nobody
        } else {
            Heap::Worked
        }
    }
}

/// What is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub heap: Option<Heap>,
    pub mine: bool,
}

/// One count, with the one fact beneath it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub n: usize,
    /// Since when the oldest of them lasts.
    pub oldest: Option<Timestamp>,
    /// How many of them have alerts that still fire.
    pub firing: usize,
    /// Of how many an update is late, and since when the first of them.
    pub late: usize,
    pub late_since: Option<Timestamp>,
}

/// The board, ready to be drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// By [`Heap::ALL`].
    pub counts: [Count; 3],
    /// What waits for me: incidents nobody has, worst first, then roles I was asked to take.
    pub waiting: Vec<IncidentId>,
    /// The filtered list, in order.
    pub rows: Vec<IncidentId>,
    pub all: usize,
    pub mine: usize,
    /// Resolved within the last day, the newest first.
    pub resolved: Vec<IncidentId>,
}

/// "Not sure yet" stands where its triggers stand: behind SEV3.
fn urgency(severity: Option<Severity>) -> u8 {
    severity.map_or(7, |severity| severity.level() * 2)
}

/// Whether `actor` has something to do with it: a role, a question about one, or the acknowledgement.
pub fn is_mine(incident: &Incident, actor: &Actor, now: Timestamp) -> bool {
    let acknowledged = incident.acknowledged.as_ref().is_some_and(|ack| ack.by_id == actor.who.id && incident.is_acknowledged(now));
    let seated = incident.roles.values().any(|seat| [&seat.holder, &seat.asked].into_iter().flatten().any(|held| actor.is(&held.person)));
    acknowledged || seated
}

/// The role that `actor` was asked to take and has not answered.
pub fn asked_of(incident: &Incident, actor: &Actor) -> Option<IncidentRole> {
    let asked = incident.roles.iter().find(|(_, seat)| seat.asked.as_ref().is_some_and(|asked| actor.is(&asked.person)));
    asked.map(|(role, _)| *role).filter(|_| incident.state.is_open())
}

/// Sorts and counts.
pub fn arrange(incidents: &[Arc<Incident>], filter: Filter, actor: Option<&Actor>, now: Timestamp) -> Listing {
    let mut listing = Listing::default();
    let mut open: Vec<(&Arc<Incident>, Heap)> = Vec::new();
    let mut resolved: Vec<&Arc<Incident>> = Vec::new();
    for incident in incidents {
        if incident.state.is_open() {
            open.push((incident, Heap::of(incident, now)));
        } else {
            resolved.push(incident);
        }
    }
    let late_since = |incident: &Incident| clocks::inside(incident).map(|due| due.at).filter(|at| *at < now);
    let needs_you = |incident: &Incident, heap: Heap| match (heap, late_since(incident)) {
        (Heap::Nobody, _) => 0,
        (_, Some(_)) => 1,
        (_, None) => 2,
    };
    sorting::sort_by_key(&mut open, |(incident, heap)| {
        (needs_you(incident, *heap), urgency(incident.shown_severity()), incident.started_at, incident.reference)
    });
    sorting::sort_by_key(&mut resolved, |incident| std::cmp::Reverse((incident.resolved_at, incident.reference)));

    let mine = |incident: &Incident| actor.is_some_and(|actor| is_mine(incident, actor, now));
    let asked = |incident: &Incident| actor.is_some_and(|actor| asked_of(incident, actor).is_some());
    let mut asked_ids = Vec::new();
    for (incident, heap) in &open {
        let count = &mut listing.counts[*heap as usize];
        count.n += 1;
        count.oldest = Some(count.oldest.map_or(incident.started_at, |oldest| oldest.min(incident.started_at)));
        count.firing += usize::from(incident.signal_state() == SignalState::Firing);
        if let Some(since) = late_since(incident) {
            count.late += 1;
            count.late_since = Some(count.late_since.map_or(since, |known| known.min(since)));
        }
        let is_mine = mine(incident);
        listing.all += 1;
        listing.mine += usize::from(is_mine);
        if *heap == Heap::Nobody {
            listing.waiting.push(incident.id);
        } else if asked(incident) {
            asked_ids.push(incident.id);
        }
        if filter.heap.is_none_or(|wanted| wanted == *heap) && (!filter.mine || is_mine) {
            listing.rows.push(incident.id);
        }
    }
    listing.waiting.append(&mut asked_ids);
    listing.resolved = resolved.into_iter().map(|incident| incident.id).collect();
    listing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        ids::IncidentRef,
        incident::{Acknowledged, Declare, declare},
        people::{ActorKind, ActorRef, Role},
        timeline::Head,
    };
    use uuid::Uuid;

    const NOON: Timestamp = Timestamp::from_micros(1_786_450_000_000_000);

    fn mara() -> Actor {
        Actor { who: ActorRef { kind: ActorKind::Person, id: "mara".to_owned(), name: "Mara".to_owned() }, role: Role::Responder }
    }

    fn an_incident(number: i64, severity: Option<Severity>, age_secs: i64) -> Incident {
        let id = IncidentId(Uuid::from_u128(u128::from(number.unsigned_abs())));
        let draft = Declare { title: "t".to_owned(), severity, started_at: Some(NOON.plus_secs(-age_secs)), ..Declare::default() };
        let changes = declare(&draft, &mara(), NOON).expect("a responder may declare");
        let events = Head::genesis().append(id, changes, &mara().who, None, NOON);
        Incident::fold(id, IncidentRef(number), &events).expect("it begins with a declaration")
    }

    fn acknowledged(mut incident: Incident, by_id: &str) -> Incident {
        incident.acknowledged = Some(Acknowledged { by: by_id.to_owned(), by_id: by_id.to_owned(), at: NOON, until: Some(NOON.plus_secs(60)) });
        incident
    }

    fn numbers(ids: &[IncidentId]) -> Vec<u128> {
        ids.iter().map(|id| id.0.as_u128()).collect()
    }

    #[test]
    fn what_nobody_has_comes_first_then_severity_then_age() {
        let board: Vec<_> = [
            acknowledged(an_incident(1, Some(Severity::Sev1), 10), "jonas"),
            an_incident(2, Some(Severity::Sev3), 10),
            an_incident(3, None, 10),
            an_incident(4, Some(Severity::Sev3), 99),
            an_incident(5, Some(Severity::Sev4), 10),
        ]
        .map(Arc::new)
        .to_vec();
        let listing = arrange(&board, Filter::default(), Some(&mara()), NOON);
        assert_eq!(numbers(&listing.rows), [4, 2, 3, 5, 1]);
        assert_eq!(numbers(&listing.waiting), [4, 2, 3, 5]);
        assert_eq!(listing.counts.each_ref().map(|count| count.n), [4, 1, 0]);
        assert_eq!(listing.counts[0].oldest, Some(NOON.plus_secs(-99)));
    }

    #[test]
    fn where_an_update_is_late_it_comes_before_what_is_told_in_time() {
        let board: Vec<_> = [
            acknowledged(an_incident(1, Some(Severity::Sev2), 10), "jonas"),
            acknowledged(an_incident(2, Some(Severity::Sev1), 10), "jonas"),
            acknowledged(an_incident(3, Some(Severity::Sev4), 10), "jonas"),
        ]
        .map(|mut incident| {
            incident.acknowledged.as_mut().expect("it is acknowledged").until = None;
            incident
        })
        .map(Arc::new)
        .to_vec();
        let rows = |secs| numbers(&arrange(&board, Filter::default(), Some(&mara()), NOON.plus_secs(secs)).rows);
        assert_eq!((rows(60), rows(16 * 60)), (vec![2, 1, 3], vec![2, 1, 3]));
        let mut told = (*board[1]).clone();
        told.told_at = Some(NOON.plus_secs(25 * 60));
        let listing = arrange(&[board[0].clone(), Arc::new(told)], Filter::default(), Some(&mara()), NOON.plus_secs(34 * 60));
        assert_eq!(numbers(&listing.rows), [1, 2], "of the first an update is late");
        assert_eq!((listing.counts[1].late, listing.counts[1].late_since), (1, Some(NOON.plus_secs(30 * 60))));
    }

    #[test]
    fn an_expired_acknowledgement_counts_as_nobody() {
        let board = [Arc::new(acknowledged(an_incident(1, Some(Severity::Sev2), 10), "mara"))];
        assert_eq!(arrange(&board, Filter::default(), Some(&mara()), NOON).counts[1].n, 1);
        let later = arrange(&board, Filter::default(), Some(&mara()), NOON.plus_secs(61));
        assert_eq!((later.counts[0].n, later.mine), (1, 0));
    }

    #[test]
    fn filters_show_their_own_rows_and_keep_the_sums() {
        let board = [
            Arc::new(acknowledged(an_incident(1, Some(Severity::Sev2), 10), "mara")),
            Arc::new(acknowledged(an_incident(2, Some(Severity::Sev2), 10), "jonas")),
        ];
        let mine = arrange(&board, Filter { heap: None, mine: true }, Some(&mara()), NOON);
        assert_eq!((numbers(&mine.rows), mine.all, mine.mine), (vec![1], 2, 1));
        let nobody = arrange(&board, Filter { heap: Some(Heap::Nobody), mine: false }, Some(&mara()), NOON);
        assert!(nobody.rows.is_empty());
    }
}
