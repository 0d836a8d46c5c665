//! Where figures stand once they are made: those of each minute, and the sums of ten minutes at a
//! time, so that a day is added up from a tenth of the parts.

use super::{AROUND, figures::MinuteFigures};
use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

/// So many minutes have a sum of their own.
pub const TEN: i64 = 10;

/// The place of the figures of a minute, or of ten, shared by all who read them as they stand.
/// Where something changes there or around it, it gets a new place: whoever reads it as it was goes
/// on with the old one and leaves nothing of what it reckons to those who come later.
pub type Place = Arc<OnceLock<Arc<MinuteFigures>>>;

/// The places of a range, or of all that is in memory.
#[derive(Clone, Default)]
pub struct Places {
    minutes: BTreeMap<i64, Place>,
    /// By the first minute of the ten, divided by ten.
    tens: BTreeMap<i64, Place>,
}

impl Places {
    /// The figures of a minute are to be made anew.
    pub fn renew(&mut self, minute: i64) {
        self.minutes.insert(minute, Place::default());
        self.tens.insert(minute.div_euclid(TEN), Place::default());
    }

    /// A minute got something: its figures, and those of minutes that look for parents in it, are
    /// to be made anew.
    pub fn soil(&mut self, minute: i64, is_there: impl Fn(i64) -> bool) {
        for near in AROUND {
            // What looks for parents in this minute looks back from where it is.
            let near = minute - near;
            if is_there(near) {
                self.renew(near);
            }
        }
    }

    pub fn forget_before(&mut self, oldest: i64) {
        self.minutes = self.minutes.split_off(&oldest);
        let ten = oldest.div_euclid(TEN);
        self.tens = self.tens.split_off(&ten);
        // A part of these is gone.
        self.tens.insert(ten, Place::default());
    }

    pub fn within(&self, first: i64, last: i64) -> Self {
        let part = |places: &BTreeMap<i64, Place>, first, last| places.range(first..=last).map(|(at, place)| (*at, place.clone())).collect();
        Self { minutes: part(&self.minutes, first, last), tens: part(&self.tens, first.div_euclid(TEN), last.div_euclid(TEN)) }
    }

    pub fn minute(&self, at: i64) -> Option<&Place> {
        self.minutes.get(&at)
    }

    pub fn ten(&self, ten: i64) -> Option<&Place> {
        self.tens.get(&ten)
    }
}
