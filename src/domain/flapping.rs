//! An alert that fires and resolves again and again fills the timeline of its incident: its
//! entries are found here, so that they can be read as one line. The record keeps each of them.

use super::{
    ids::AlertId,
    incident::{EventKind, ResolvedBy},
    people::ActorKind,
    time::Timestamp,
    timeline::{Entry, Event},
};
use std::{collections::HashMap, ops::Range};

/// How often it fires before it is called flapping. Fewer are read faster one by one.
const LEAST: usize = 4;

/// Entries in a row that say nothing but that one alert fired and resolved in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub title: String,
    /// How often it fired.
    pub times: usize,
    /// The places of its entries in the timeline.
    pub places: Range<usize>,
    pub from: Timestamp,
    pub to: Timestamp,
}

impl Run {
    /// What happened, without the times: whoever shows it knows in which zone.
    pub fn words(&self) -> String {
        format!("“{}” flapped {} times", self.title, self.times)
    }
}

/// What one entry says of a flapping alert.
enum Part<'e> {
    Fired(&'e str),
    Over(&'e str),
    /// What the incident did because of it.
    Follows,
}

/// A run that may go on.
struct Growing<'e> {
    title: &'e str,
    times: usize,
    fires: bool,
    places: Range<usize>,
    from: Timestamp,
    to: Timestamp,
}

impl<'e> Growing<'e> {
    fn begin(title: &'e str, place: usize, at: Timestamp) -> Self {
        Self { title, times: 1, fires: true, places: place..place + 1, from: at, to: at }
    }

    /// Whether the next entry belongs to it: it fires and is over in turn.
    fn take(&mut self, part: &Part<'_>, entry: &Entry) -> bool {
        match part {
            Part::Follows => {}
            Part::Over(title) if self.fires && *title == self.title => self.fires = false,
            Part::Fired(title) if !self.fires && *title == self.title => {
                self.fires = true;
                self.times += 1;
            }
            Part::Over(_) | Part::Fired(_) => return false,
        }
        self.places.end += 1;
        self.to = entry.happened_at;
        true
    }

    fn ended(self) -> Option<Run> {
        let Self { title, times, places, from, to, .. } = self;
        (times >= LEAST).then(|| Run { title: title.to_owned(), times, places, from, to })
    }
}

/// The runs among entries that are in the order in which they are read. What people did, pinned
/// or corrected is in none, and ends the one before it.
pub fn runs(entries: &[Entry], events: &[Event]) -> Vec<Run> {
    let by_seq: HashMap<i64, &Event> = events.iter().map(|event| (event.seq, event)).collect();
    let titles = titles(events);
    let (mut runs, mut growing): (Vec<Run>, Option<Growing<'_>>) = (vec![], None);
    for (place, entry) in entries.iter().enumerate() {
        let event = by_seq.get(&entry.seq).filter(|_| !entry.pinned && entry.corrected_from.is_none());
        let part = event.and_then(|event| part(event, &titles));
        if let (Some(growing), Some(part)) = (&mut growing, &part)
            && growing.take(part, entry)
        {
            continue;
        }
        runs.extend(growing.take().and_then(Growing::ended));
        if let Some(Part::Fired(title)) = part {
            growing = Some(Growing::begin(title, place, entry.happened_at));
        }
    }
    runs.extend(growing.and_then(Growing::ended));
    runs
}

/// Which of the entries belong to the story. Of what a flapping alert did to the incident, only
/// the first and the last do.
pub fn story(entries: &[Entry], runs: &[Run]) -> Vec<bool> {
    let mut told: Vec<bool> = entries.iter().map(Entry::is_story).collect();
    for run in runs {
        let mut within: Vec<&mut bool> = told.iter_mut().take(run.places.end).skip(run.places.start).filter(|told| **told).collect();
        let last = within.len().saturating_sub(1);
        within.iter_mut().take(last).skip(1).for_each(|told| **told = false);
    }
    told
}

/// An alert's end names it by its id only.
fn titles(events: &[Event]) -> HashMap<AlertId, &str> {
    let attached = events.iter().filter_map(|event| if let EventKind::AlertsAttached { alerts, .. } = &event.kind { Some(alerts) } else { None });
    attached.flatten().map(|alert| (alert.id, alert.title.as_str())).collect()
}

/// Several alerts in one entry are more than one that flaps.
fn part<'e>(event: &'e Event, titles: &HashMap<AlertId, &'e str>) -> Option<Part<'e>> {
    if !matches!(event.actor.kind, ActorKind::Integration | ActorKind::System) {
        return None;
    }
    match &event.kind {
        EventKind::AlertsAttached { alerts, .. } => match alerts.as_slice() {
            [one] => Some(Part::Fired(&one.title)),
            _ => None,
        },
        EventKind::AlertsResolved { alerts } => match alerts.as_slice() {
            [one] => titles.get(&one.id).copied().map(Part::Over),
            _ => None,
        },
        EventKind::Reopened { .. } | EventKind::Resolved { by: ResolvedBy::Signal, .. } => Some(Part::Follows),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        grouping::Why,
        ids::IncidentId,
        incident::{AlertRef, AlertResolution, Change},
        people::ActorRef,
        timeline::{self, Head},
    };
    use uuid::Uuid;

    const NOON: Timestamp = Timestamp::from_micros(1_786_450_000_000_000);

    fn fired(n: u32, title: &str) -> EventKind {
        let alert = AlertRef {
            id: AlertId(Uuid::from_u128(n.into())),
            title: title.to_owned(),
            service: None,
            severity: None,
            started_at: NOON,
            resolved_at: None,
            about_monitoring: false,
        };
        EventKind::AlertsAttached { alerts: vec![alert], why: Why::SameGroup }
    }

    fn over(n: u32) -> EventKind {
        let alert =
            AlertResolution { id: AlertId(Uuid::from_u128(n.into())), service: None, severity: None, at: NOON, expired: false, about_monitoring: false };
        EventKind::AlertsResolved { alerts: vec![alert] }
    }

    /// Each time it fires, is over, and takes the incident with it.
    fn flaps(from: u32, times: u32, title: &str) -> Vec<EventKind> {
        let one = |n: u32| {
            [fired(n, title), EventKind::Reopened { reason: None, recovered: None }, over(n), EventKind::Resolved { by: ResolvedBy::Signal, reason: None }]
        };
        (from..from + times).flat_map(one).collect()
    }

    /// A second apart, told by an integration; what is a note, by a person.
    fn log(kinds: Vec<EventKind>) -> Vec<Event> {
        let mut head = Head::genesis();
        let tell = |(secs, kind): (i64, EventKind)| {
            let is_note = matches!(kind, EventKind::Note { .. });
            let actor = ActorRef { kind: if is_note { ActorKind::Person } else { ActorKind::Integration }, id: "x".to_owned(), name: "x".to_owned() };
            head.append(IncidentId(Uuid::from_u128(1)), vec![Change { happened_at: NOON.plus_secs(secs), kind }], &actor, None, NOON.plus_secs(secs))
        };
        (0..).zip(kinds).flat_map(tell).collect()
    }

    fn note() -> EventKind {
        EventKind::Note { text: "looking".to_owned(), status: None }
    }

    fn found(events: &[Event], pinned: &[i64]) -> Vec<(String, Range<usize>)> {
        runs(&timeline::entries(events, pinned), events).into_iter().map(|run| (run.words(), run.places)).collect()
    }

    #[test]
    fn an_alert_that_flaps_is_one_run_from_its_first_firing_to_what_followed_its_last_end() {
        let mut kinds = vec![note()];
        kinds.extend(flaps(1, 40, "disk"));
        kinds.push(note());
        let events = log(kinds);
        let entries = timeline::entries(&events, &[]);
        let runs = runs(&entries, &events);
        let expected = Run { title: "disk".to_owned(), times: 40, places: 1..161, from: NOON.plus_secs(1), to: NOON.plus_secs(160) };
        assert_eq!(runs, [expected]);
        assert_eq!(runs[0].words(), "“disk” flapped 40 times");
        let told: Vec<usize> = story(&entries, &runs).iter().enumerate().filter(|(_, told)| **told).map(|(place, _)| place).collect();
        assert_eq!(told, [0, 2, 160, 161], "the first reopening and the last resolve are told");
    }

    #[test]
    fn few_firings_and_several_alerts_are_not_flapping() {
        assert_eq!(found(&log(flaps(1, 3, "disk")), &[]), vec![]);
        let firing_only = (1..10).map(|n| fired(n, "disk")).collect();
        assert_eq!(found(&log(firing_only), &[]), vec![], "each is an alert of its own that still fires");
        let in_turn = (1..10).flat_map(|n| flaps(n, 1, ["disk", "memory"][n as usize % 2])).collect();
        assert_eq!(found(&log(in_turn), &[]), vec![]);
        let (events, entries) = (log(flaps(1, 1, "disk")), timeline::entries(&log(flaps(1, 1, "disk")), &[]));
        assert_eq!(story(&entries, &runs(&entries, &events)), [false, true, false, true], "without a run nothing is left out");
    }

    #[test]
    fn what_people_did_or_pinned_stands_between_two_runs() {
        let mut kinds = flaps(1, 5, "disk");
        kinds.push(note());
        kinds.extend(flaps(6, 6, "disk"));
        let events = log(kinds);
        assert_eq!(found(&events, &[]), [("“disk” flapped 5 times".to_owned(), 0..20), ("“disk” flapped 6 times".to_owned(), 21..45)]);
        // The first entry after the note is pinned: what is over then was not seen to fire.
        assert_eq!(found(&events, &[22]), [("“disk” flapped 5 times".to_owned(), 0..20), ("“disk” flapped 5 times".to_owned(), 25..45)]);
    }
}
