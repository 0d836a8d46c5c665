//! The only place that asks what time it is.

use crate::domain::time::Timestamp;
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// A source of `now`: the machine's clock, or one that a test sets.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock that stands at `at` until it is set.
    pub fn fixed(at: Timestamp) -> Self {
        Self(Some(Arc::new(AtomicI64::new(at.micros()))))
    }

    /// Sets a fixed clock; the machine's clock cannot be set.
    pub fn set(&self, at: Timestamp) {
        if let Some(fixed) = &self.0 {
            fixed.store(at.micros(), Ordering::SeqCst);
        }
    }

    /// A new id that sorts by when it was made.
    pub fn new_id() -> uuid::Uuid {
        uuid::Uuid::now_v7()
    }

    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Some(fixed) => Timestamp::from_micros(fixed.load(Ordering::SeqCst)),
            None => Timestamp::from_micros(chrono::Utc::now().timestamp_micros()),
        }
    }
}
