//! The rows of all incidents in this browser: plain values, fetched page by page and kept current
//! from the replica. One signal says that something moved; the rows on screen look for themselves.

use crate::{
    api,
    domain::{
        failure::Failure,
        ids::IncidentId,
        lists::{Arranged, Filter, IncidentRow, News, Sort, View, arrange},
    },
    ui::session::Session,
};
use leptos::{prelude::*, task::spawn_local};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

/// How far the rows have come.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    Reading,
    Whole,
    Failed(Failure),
}

/// All rows, by handle.
#[derive(Clone, Copy)]
pub struct Roll {
    data: StoredValue<Data>,
    /// Some row has changed, or there are more.
    pub revision: RwSignal<u64>,
    /// Grows when a page has come: nobody has read what it moves yet.
    pub pages: RwSignal<u32>,
    pub progress: RwSignal<Progress>,
}

#[derive(Default)]
struct Data {
    rows: Vec<Arc<IncidentRow>>,
    places: HashMap<IncidentId, u32>,
    /// The snapshot that the rows are as new as.
    generation: u32,
    whole: bool,
    /// What the replica held when it was last looked at, in order of the ids.
    held: Vec<IncidentId>,
    /// Grows with every reading from the start, so that a late page of an earlier one is dropped.
    turn: u32,
    /// How they were put in order last; gone when places change or many rows come.
    arranged: Option<Order>,
    /// The places of the rows that are others since then.
    changed: BTreeSet<u32>,
}

/// An order, and of what.
struct Order {
    filter: Filter,
    sort: Sort,
    arranged: Arc<Arranged>,
}

/// What the page left behind when it was last closed, so that going back shows it at once.
static KEPT: Mutex<Option<Data>> = Mutex::new(None);

impl Roll {
    /// Begins with what is at hand, and reads the rest.
    pub fn begin(session: Session) -> Self {
        let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner).take();
        let is_kept = kept.is_some();
        let roll = Self {
            data: StoredValue::new(kept.unwrap_or_default()),
            revision: RwSignal::new(0),
            pages: RwSignal::new(0),
            progress: RwSignal::new(Progress::Reading),
        };
        if is_kept {
            roll.follow(session);
        }
        Effect::new(move |before: Option<()>| {
            session.replica.track();
            if before.is_some() || !is_kept {
                roll.follow(session);
            }
        });
        on_cleanup(move || {
            let data = roll.data.try_update_value(std::mem::take).filter(|data| data.whole);
            *KEPT.lock().unwrap_or_else(PoisonError::into_inner) = data;
        });
        roll
    }

    /// Whether every row has been read once.
    pub fn is_whole(self) -> bool {
        self.data.with_value(|data| data.whole)
    }

    /// Puts the rows in order. When they were in the same order before, only those are moved that
    /// have changed since.
    pub fn arrange(self, session: Session, view: &View) -> Arc<Arranged> {
        let arranged = self.data.try_update_value(|data| {
            let known = data.order_of(view).map(|order| order.arranged.clone()).filter(|_| data.changed.is_empty() && !view.depends_on_time());
            let arranged = known.unwrap_or_else(|| Arc::new(Arranged::new(data.order(session, view))));
            data.changed.clear();
            data.arranged = Some(Order { filter: view.filter.clone(), sort: view.sort, arranged: arranged.clone() });
            arranged
        });
        arranged.unwrap_or_default()
    }

    /// What an order would be like by now.
    pub fn news(self, session: Session, view: &View, shown: &Arranged) -> News {
        self.data.with_value(|data| shown.news(&data.order(session, view)))
    }

    pub fn place(self, id: IncidentId) -> Option<u32> {
        self.data.with_value(|data| data.places.get(&id).copied())
    }

    pub fn row(self, place: u32) -> Option<Arc<IncidentRow>> {
        self.data.with_value(|data| data.rows.get(place as usize).cloned())
    }

    pub fn find(self, id: IncidentId) -> Option<Arc<IncidentRow>> {
        self.data.with_value(|data| data.rows.get(*data.places.get(&id)? as usize).cloned())
    }

    pub fn len(self) -> usize {
        self.data.with_value(|data| data.rows.len())
    }

    pub fn with<T>(self, read: impl FnOnce(&[Arc<IncidentRow>]) -> T) -> T {
        self.data.with_value(|data| read(&data.rows))
    }

    /// Takes over what the replica knows better; reads everything again after a new snapshot.
    fn follow(self, session: Session) {
        let generation = session.replica.generation();
        let stale = self.data.with_value(|data| data.generation != generation || !data.whole);
        let known = session.replica.all();
        let mut held: Vec<IncidentId> = known.iter().map(|incident| incident.id).collect();
        held.sort_unstable();
        let hidden = self.data.try_update_value(|data| {
            // What goes without a new snapshot has become private.
            let is_held = |id: &IncidentId| held.binary_search(id).is_ok();
            let gone: Vec<IncidentId> = data.held.iter().filter(|id| !is_held(id)).copied().collect();
            data.held = held;
            data.generation == generation && !gone.is_empty() && data.forget(|row| gone.binary_search(&row.id).is_ok())
        });
        if hidden == Some(true) {
            self.pages.update(|pages| *pages += 1);
        }
        let moved = self.data.try_update_value(|data| {
            let mut moved = false;
            for incident in known {
                let Some(incident) = session.overlay(incident) else { continue };
                let same = data.places.get(&incident.id).and_then(|place| data.rows.get(*place as usize)).is_some_and(|row| row.version == incident.version);
                if !same {
                    let place = data.put(IncidentRow::of(&incident));
                    data.changed.insert(place);
                    moved = true;
                }
            }
            moved
        });
        if moved == Some(true) {
            self.revision.update(|revision| *revision += 1);
        }
        if stale && self.data.with_value(|data| data.generation != generation) {
            self.data.update_value(|data| data.generation = generation);
            self.read(session);
        } else if !stale {
            self.progress.set(Progress::Whole);
        }
    }

    /// Reads all pages, one after another. What is shown stays until it is replaced.
    pub fn read(self, session: Session) {
        self.progress.set(Progress::Reading);
        self.data.update_value(|data| data.turn += 1);
        let turn = self.data.with_value(|data| data.turn);
        spawn_local(async move {
            let mut before = None;
            let mut seen = Vec::new();
            loop {
                let answer = api::lists::rows(before).await;
                if self.data.try_with_value(|data| data.turn) != Some(turn) {
                    return;
                }
                match answer {
                    Ok(page) => {
                        before = page.next;
                        let rows = page.rows();
                        seen.extend(rows.iter().map(|row| row.id));
                        self.data.update_value(|data| data.take(rows, session));
                        if before.is_none() {
                            self.data.update_value(|data| data.finish(&mut seen, session));
                            self.progress.set(Progress::Whole);
                        }
                        self.revision.update(|revision| *revision += 1);
                        self.pages.update(|pages| *pages += 1);
                        if before.is_none() {
                            return;
                        }
                    }
                    Err(failure) => return self.progress.set(Progress::Failed(failure)),
                }
            }
        });
    }
}

impl Data {
    fn order_of(&self, view: &View) -> Option<&Order> {
        self.arranged.as_ref().filter(|order| order.sort == view.sort && order.filter == view.filter)
    }

    fn order(&self, session: Session, view: &View) -> Vec<u32> {
        let (actor, now) = (session.replica.actor(), session.live.now());
        match self.order_of(view) {
            Some(order) => order.arranged.amended(&self.rows, &self.changed, view, actor.as_ref(), now),
            None => arrange(&self.rows, view, actor.as_ref(), now),
        }
    }

    /// A row that is new or has changed; its place.
    fn put(&mut self, row: IncidentRow) -> u32 {
        match self.places.get(&row.id) {
            Some(place) => {
                self.rows[*place as usize] = Arc::new(row);
                *place
            }
            None => {
                let place = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
                self.places.insert(row.id, place);
                self.rows.push(Arc::new(row));
                place
            }
        }
    }

    /// A page has come. What the replica holds is newer, or about to be.
    fn take(&mut self, rows: Vec<IncidentRow>, session: Session) {
        self.arranged = None;
        self.places.reserve(rows.len());
        for row in rows {
            if !self.places.contains_key(&row.id) || session.replica.confirmed(row.id).is_none() {
                self.put(row);
            }
        }
    }

    /// The last page has come: rows that no page held and that the replica does not know are gone
    /// for whoever looks.
    fn finish(&mut self, seen: &mut [IncidentId], session: Session) {
        self.whole = true;
        seen.sort_unstable();
        self.forget(|row| seen.binary_search(&row.id).is_err() && session.replica.confirmed(row.id).is_none());
    }

    /// Takes rows away; whether there were any. Places change.
    fn forget(&mut self, gone: impl Fn(&IncidentRow) -> bool) -> bool {
        let before = self.rows.len();
        self.rows.retain(|row| !gone(row));
        let any = self.rows.len() < before;
        if any {
            self.arranged = None;
            self.places = (0_u32..).zip(&self.rows).map(|(place, row)| (row.id, place)).collect();
        }
        any
    }
}
