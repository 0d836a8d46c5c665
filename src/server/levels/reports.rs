//! What is said of objectives, made from what is held. The rules are [`assess`]'s; here it is
//! decided which series, which zone and which earlier levels they are given.

use super::{Board, Held, One, load};
use crate::{
    domain::{
        metrics::Range,
        slo::{
            assess,
            board::ObjectivesBoard,
            calendar::Window,
            exclusion::Exclusion,
            frame::Frame,
            headline,
            objective::Urgency,
            report::{BudgetReport, ObjectiveRow},
            series::Series,
            zone::{Utc, Zone},
        },
        time::Timestamp,
    },
    server::{
        store::{BurnLevel, Store, StoreError},
        zones,
    },
};
use std::{collections::HashMap, sync::Arc};

/// How old a row of a board may be.
const ROW_FOR_S: i64 = 90;

/// A series that is held, or one that was read for a question about the past.
pub enum Readings<'a> {
    Held(&'a Series),
    Past(Box<Series>),
}

impl Readings<'_> {
    pub fn series(&self) -> &Series {
        match self {
            Readings::Held(series) => series,
            Readings::Past(series) => series,
        }
    }
}

impl One {
    /// The slices that a question about `at` needs.
    pub async fn readings_at(&self, store: &Store, held: &Held, at: Timestamp) -> Result<Readings<'_>, StoreError> {
        let now = store.clock().now();
        Ok(match load::in_the_past(store, self, held, at, now).await? {
            Some(past) => Readings::Past(Box::new(past)),
            None => Readings::Held(&self.series),
        })
    }

    /// The report of one window at an instant, as it is known now. `levels` are those that are
    /// remembered; an instant that is past has none, and what fired then is reckoned from the slices.
    pub fn report(&self, series: &Series, window: usize, at: Timestamp, levels: Option<&[BurnLevel]>) -> BudgetReport {
        let objective = self.objective();
        let zone = zone_of(objective.draft.windows.get(window).unwrap_or_else(|| objective.window()));
        let fired = match (levels, series.watermark(at.epoch_secs())) {
            (Some(levels), _) => self.fired(levels),
            (None, Some(until_s)) => assess::fired_at(objective, series, until_s),
            (None, None) => vec![],
        };
        assess::report(objective, series, window, at, &*zone, &fired)
    }

    /// Where a window lies at an instant.
    pub fn frame(&self, series: &Series, window: usize, at: Timestamp) -> Frame {
        let objective = self.objective();
        let window = objective.draft.windows.get(window).unwrap_or_else(|| objective.window());
        Frame::of(objective, series, window, at, &*zone_of(window))
    }

    /// Which of its pairs fired when it was last decided, in the order of [`assess::pairs_of`]. What
    /// fired of pairs that are gone, because the objective was described anew since, those of the
    /// same urgency inherit: until one of them can be decided, its alert stays as it was.
    pub fn fired(&self, levels: &[BurnLevel]) -> Vec<bool> {
        let pairs = assess::pairs_of(self.objective());
        let keys: Vec<String> = pairs.iter().map(super::burning::key_of).collect();
        let firing = || levels.iter().filter(|level| level.firing);
        let own: Vec<bool> = keys.iter().map(|key| firing().any(|level| level.pair == *key)).collect();
        let is_left = |urgency: &Urgency| firing().any(|level| level.pair.starts_with(urgency.slug()) && !keys.contains(&level.pair));
        let left: Vec<Urgency> = super::burning::URGENCIES.into_iter().filter(is_left).collect();
        assess::inherited(self.objective(), &self.series, &own, &left)
    }

    /// The row of a board. It is at most [`ROW_FOR_S`] old.
    pub fn row(&self, now: Timestamp, levels: &[BurnLevel]) -> Arc<ObjectiveRow> {
        self.row_within(ROW_FOR_S, now, levels)
    }

    /// Makes the row before somebody asks for it, unless it is fresh.
    pub fn refresh_row(&self, now: Timestamp, levels: &[BurnLevel]) {
        self.row_within(ROW_FOR_S / 2, now, levels);
    }

    fn row_within(&self, for_s: i64, now: Timestamp, levels: &[BurnLevel]) -> Arc<ObjectiveRow> {
        self.row_at(now, levels, for_s, || {
            let fired = self.fired(levels);
            let zone = zone_of(self.objective().window());
            assess::row(self.objective(), &self.series, now, &*zone, &fired)
        })
    }
}

/// All rows in the order in which they stand, and the sentence above them.
pub fn board(held: &Held, now: Timestamp, levels: &HashMap<i64, Vec<BurnLevel>>) -> Arc<Board> {
    let row = |one: &Arc<One>| one.row(now, levels.get(&one.number()).map(Vec::as_slice).unwrap_or_default());
    held.board_of(held.all().map(row).collect(), |rows| {
        let mut rows: Vec<ObjectiveRow> = rows.iter().map(|row| ObjectiveRow::clone(row)).collect();
        headline::order(&mut rows);
        ObjectivesBoard { headline: headline::headline(&rows, now, &Utc), rows }
    })
}

/// The rules of a window's zone. One that is not known any more is taken as UTC: windows were
/// checked when they were made.
pub fn zone_of(window: &Window) -> Box<dyn Zone + Send + Sync> {
    zones::find(window.zone_name()).unwrap_or_else(|| Box::new(Utc))
}

/// When an exclusion is, as far as it touches a range, in seconds since 1970. In a zone that is not
/// known any more nothing is left out: better to count too much than to hide it.
pub fn times_of(exclusion: &Exclusion, range: &Range) -> Vec<(i64, i64)> {
    match &exclusion.draft.recurrence {
        None => exclusion.draft.times(range, &Utc),
        Some(recurrence) => zones::find(&recurrence.zone).map(|zone| exclusion.draft.times(range, &*zone)).unwrap_or_default(),
    }
}
