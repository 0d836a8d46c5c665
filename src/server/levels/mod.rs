//! Service levels as the running server holds them: every objective with its slices in memory, so
//! that any figure is a few searches. The database stays the truth: before anything is answered it
//! is asked whether somebody wrote since, and then only what changed is read.

pub mod burning;
mod composed;
mod held;
mod load;
mod packs;
pub mod reports;
mod silence;

pub use held::{Board, Held, One};

use super::{
    state::App,
    store::{Pulse, Store, StoreError},
};
use crate::domain::{
    ids::ObjectiveId,
    slo::{
        exclusion::Exclusion,
        series::{Slice, to_slice},
        target::Target,
    },
};
use std::sync::{Arc, PoisonError, RwLock};

/// What is held, and who brings it up to date.
#[derive(Default)]
pub struct Levels {
    held: RwLock<Arc<Held>>,
    /// One reads what changed, the others wait for it.
    reading: tokio::sync::Mutex<()>,
}

impl Levels {
    /// Everything as it is now: what was committed before is in it, by whichever process.
    pub async fn current(&self, app: &App) -> Result<Arc<Held>, StoreError> {
        let store = &app.store;
        let held = self.held();
        if held.is_as(&stamp(store).await?, app.clock().now()) {
            return Ok(held);
        }
        let _one_at_a_time = self.reading.lock().await;
        let (held, stamp) = (self.held(), stamp(store).await?);
        let now = app.clock().now();
        if held.is_as(&stamp, now) {
            return Ok(held);
        }
        let fresh = Arc::new(load::refreshed(store, &held, stamp, now).await?);
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = fresh.clone();
        Ok(fresh)
    }

    /// Writes down what a source's readings say of an objective, and answers whether anything
    /// changed. Readings of a generation that is over are left away.
    pub async fn record(&self, app: &App, id: ObjectiveId, generation: i64, readings: &[Slice]) -> Result<bool, StoreError> {
        let held = self.current(app).await?;
        let Some(one) = held.by_id(id).filter(|one| one.objective().generation == generation) else { return Ok(false) };
        let draft = &one.objective().draft;
        let target = draft.slice_target.map(Target::ratio);
        let slices: Vec<Slice> = readings.iter().filter_map(|reading| to_slice(draft.method, target, *reading)).collect();
        app.store.record_slices(one.number(), generation, &slices).await
    }

    /// Packs the series that changed much since they were packed, so that the next start is quick.
    pub async fn pack(&self, app: &App) -> Result<(), StoreError> {
        packs::keep(&app.store, &*self.current(app).await?).await
    }

    fn held(&self) -> Arc<Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What tells one state of the database from another.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Stamp {
    version: i64,
    pulses: Vec<Pulse>,
}

async fn stamp(store: &Store) -> Result<Stamp, StoreError> {
    // In this order: what changes in between is found the next time.
    let version = store.objectives_version().await?;
    Ok(Stamp { version, pulses: store.pulses().await? })
}

/// The exclusions that are for an objective.
fn exclusions_of<'a>(exclusions: &'a [Exclusion], name: &'a str, service: Option<&'a str>) -> impl Iterator<Item = &'a Exclusion> + 'a {
    exclusions.iter().filter(move |exclusion| exclusion.draft.covers(name, service))
}
