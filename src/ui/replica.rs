//! The browser's copy of what is open: a snapshot, kept current by folding the stream's events
//! with the domain's own fold. It holds only what the server confirmed; what is still unsent is
//! the outbox's, laid over it by [`Session`](super::session::Session).
//!
//! Incidents are plain values in a map; one revision signal tells the lists that something moved,
//! and each row on screen compares for itself. What only a snapshot brings has a signal of its own.

use crate::domain::{
    accounts::{Me, Person},
    alert::Alert,
    boards::{Happening, IncidentPage, Snapshot},
    ids::{IncidentId, IncidentRef},
    incident::Incident,
    people::Actor,
    time::Timestamp,
    timeline::Event,
};
use leptos::prelude::*;
use std::{collections::HashMap, sync::Arc};

/// How long a resolved incident stays on the board.
const STAYS_FOR_SECS: i64 = 24 * 3600;

/// The confirmed state of everything on the board.
#[derive(Clone, Copy)]
pub struct Replica {
    data: StoredValue<Data>,
    revision: RwSignal<u64>,
    /// Who looks, who else there is, and which services: they do not change with an incident.
    surroundings: Trigger,
    /// The incident whose page is open, with its whole log.
    pub page: RwSignal<Option<Arc<IncidentPage>>>,
    /// Events of commands that the server confirmed and that the stream has not brought yet, so
    /// that nothing blinks in between.
    pub echo: RwSignal<Vec<(IncidentId, Event)>>,
}

#[derive(Default)]
struct Data {
    seq: i64,
    /// How many snapshots there were.
    generation: u32,
    me: Option<Me>,
    incidents: HashMap<IncidentId, Arc<Incident>>,
    by_reference: HashMap<IncidentRef, IncidentId>,
    people: Arc<[Person]>,
    services: Arc<[String]>,
    demo: bool,
    warning: Option<String>,
}

/// What a happening did to the replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    Done,
    /// Its incident is not known, or events of it are missing: it must be fetched.
    Missing(IncidentId),
}

impl Default for Replica {
    fn default() -> Self {
        Self {
            data: StoredValue::new(Data::default()),
            revision: RwSignal::new(0),
            surroundings: Trigger::new(),
            page: RwSignal::new(None),
            echo: RwSignal::new(vec![]),
        }
    }
}

impl Replica {
    /// Starts over from a snapshot.
    pub fn adopt(self, snapshot: Snapshot) {
        self.data.update_value(|data| {
            data.seq = snapshot.seq;
            data.generation += 1;
            data.me = Some(snapshot.me);
            data.by_reference = snapshot.incidents.iter().map(|incident| (incident.reference, incident.id)).collect();
            data.incidents = snapshot.incidents.into_iter().map(|incident| (incident.id, Arc::new(incident))).collect();
            data.people = snapshot.people.into();
            data.services = snapshot.services.into();
            data.demo = snapshot.demo;
            data.warning = snapshot.warning;
        });
        self.surroundings.notify();
        self.touch();
    }

    /// One frame of the stream.
    pub fn apply(self, seq: i64, happening: Happening) -> Applied {
        self.data.update_value(|data| data.seq = data.seq.max(seq));
        match happening {
            Happening::Incident { id, reference, event } => self.fold(id, reference, &event),
            Happening::Alert { alert } => {
                self.place_alert(alert);
                Applied::Done
            }
        }
    }

    fn fold(self, id: IncidentId, reference: IncidentRef, event: &Event) -> Applied {
        let mut applied = Applied::Done;
        self.data.update_value(|data| match data.incidents.get_mut(&id) {
            Some(known) if event.seq == known.version + 1 => {
                let incident = Arc::make_mut(known);
                incident.apply(event);
                let hidden = data.me.as_ref().is_some_and(|me| !incident.is_visible_to(&me.actor()));
                if hidden {
                    data.incidents.remove(&id);
                }
            }
            Some(known) if event.seq <= known.version => {}
            Some(_) => applied = Applied::Missing(id),
            None => match Incident::begin(id, reference, event) {
                Some(incident) => data.take(incident),
                None => applied = Applied::Missing(id),
            },
        });
        let page = self.page.get_untracked().filter(|page| page.incident.id == id);
        if let Some(page) = page {
            let last = page.events.last().map_or(0, |event| event.seq);
            if event.seq == last + 1 {
                self.page.update(|page| {
                    if let Some(page) = page {
                        let page = Arc::make_mut(page);
                        page.incident.apply(event);
                        page.events.push(event.clone());
                    }
                });
            } else if event.seq > last {
                applied = Applied::Missing(id);
            }
        }
        self.echo.update(|echo| echo.retain(|(incident, echoed)| *incident != id || echoed.seq > event.seq));
        self.touch();
        applied
    }

    fn place_alert(self, alert: Alert) {
        self.page.update(|page| {
            let Some(page) = page else { return };
            let here = alert.incident_id == Some(page.incident.id);
            let page = match page.alerts.iter().position(|known| known.id == alert.id) {
                Some(at) => {
                    let page = Arc::make_mut(page);
                    page.alerts.remove(at);
                    page
                }
                None if here => Arc::make_mut(page),
                None => return,
            };
            if here {
                let at = page.alerts.partition_point(|known| known.started_at > alert.started_at);
                page.alerts.insert(at, alert);
            }
        });
    }

    /// A fetched incident, with its log.
    pub fn adopt_page(self, page: IncidentPage) {
        self.adopt_incident(page.incident.clone());
        let is_newer = self.page.with_untracked(|known| {
            known.as_ref().is_none_or(|known| known.incident.id != page.incident.id || known.incident.version <= page.incident.version)
        });
        if is_newer {
            self.echo.update(|echo| echo.retain(|(id, event)| *id != page.incident.id || event.seq > page.incident.version));
            self.page.set(Some(Arc::new(page)));
        }
    }

    /// An incident as the server answered it; older than what is known, it is left alone.
    pub fn adopt_incident(self, incident: Incident) {
        self.data.update_value(|data| {
            if data.incidents.get(&incident.id).is_none_or(|known| known.version <= incident.version) {
                data.take(incident);
            }
        });
        self.touch();
    }

    /// Forgets the open page when nobody looks at it any more.
    pub fn close_page(self) {
        self.page.set(None);
        self.echo.set(vec![]);
    }

    pub fn touch(self) {
        self.revision.update(|revision| *revision += 1);
    }

    /// Subscribes to every change.
    pub fn track(self) {
        self.revision.track();
    }

    /// The number of the last change that is known.
    pub fn seq(self) -> i64 {
        self.data.with_value(|data| data.seq)
    }

    /// Changes with every snapshot: what was not in it may have changed meanwhile.
    pub fn generation(self) -> u32 {
        self.data.with_value(|data| data.generation)
    }

    /// Everything that is held, in no order.
    pub fn all(self) -> Vec<Arc<Incident>> {
        self.data.with_value(|data| data.incidents.values().cloned().collect())
    }

    pub fn confirmed(self, id: IncidentId) -> Option<Arc<Incident>> {
        self.data.with_value(|data| data.incidents.get(&id).cloned())
    }

    pub fn id_of(self, reference: IncidentRef) -> Option<IncidentId> {
        self.data.with_value(|data| data.by_reference.get(&reference).copied())
    }

    /// What belongs on a board at `now`: everything open, and what was resolved in the last day.
    pub fn on_board(self, now: Timestamp) -> Vec<Arc<Incident>> {
        let belongs = |incident: &Arc<Incident>| incident.state.is_open() || incident.resolved_at.is_some_and(|at| now.secs_since(at) < STAYS_FOR_SECS);
        self.data.with_value(|data| data.incidents.values().filter(|incident| belongs(incident)).cloned().collect())
    }

    pub fn me(self) -> Option<Me> {
        self.surroundings.track();
        self.data.with_value(|data| data.me.clone())
    }

    pub fn set_me(self, me: Me) {
        self.data.update_value(|data| data.me = Some(me));
        self.surroundings.notify();
        self.touch();
    }

    /// Who acts here.
    pub fn actor(self) -> Option<Actor> {
        self.data.with_value(|data| data.me.as_ref().map(Me::actor))
    }

    /// Those who can be given roles.
    pub fn people(self) -> Arc<[Person]> {
        self.surroundings.track();
        self.data.with_value(|data| data.people.clone())
    }

    pub fn services(self) -> Arc<[String]> {
        self.surroundings.track();
        self.data.with_value(|data| data.services.clone())
    }

    /// What everybody has to know of the server's data.
    pub fn warning(self) -> Option<String> {
        self.revision.track();
        self.data.with_value(|data| data.warning.clone())
    }

    pub fn is_demo(self) -> bool {
        self.surroundings.track();
        self.data.with_value(|data| data.demo)
    }
}

impl Data {
    fn take(&mut self, incident: Incident) {
        self.by_reference.insert(incident.reference, incident.id);
        self.incidents.insert(incident.id, Arc::new(incident));
    }
}
