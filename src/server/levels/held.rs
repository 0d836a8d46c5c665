//! A state of all objectives, which never changes: whoever took one reads on in peace.

use super::Stamp;
use crate::{
    domain::{
        ids::ObjectiveId,
        slo::{
            board::ObjectivesBoard,
            exclusion::Exclusion,
            objective::{Indicator, Objective},
            report::ObjectiveRow,
            series::Series,
        },
        time::Timestamp,
    },
    server::store::{BurnLevel, Kept},
};
use axum::body::Bytes;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

/// Recurring exclusions are laid out this far ahead, and anew before they end.
pub(super) const LAID_OUT_FOR_S: i64 = 400 * 86_400;
const LAID_OUT_AGAIN_S: i64 = 30 * 86_400;

/// All objectives with their slices.
#[derive(Default)]
pub struct Held {
    pub(super) stamp: Stamp,
    /// By name.
    pub(super) all: Vec<Arc<One>>,
    pub(super) by_id: HashMap<ObjectiveId, usize>,
    pub(super) by_name: HashMap<String, usize>,
    pub(super) exclusions: Arc<Vec<Exclusion>>,
    /// When recurring exclusions were laid out.
    pub(super) laid_out_at: Option<Timestamp>,
    /// The board that was made last.
    pub(super) board: Mutex<Option<Arc<Board>>>,
}

/// The board of all objectives, which stands for as long as each of its rows does.
pub struct Board {
    rows: Vec<Arc<ObjectiveRow>>,
    told: ObjectivesBoard,
    json: OnceLock<Bytes>,
}

impl Board {
    pub fn told(&self) -> &ObjectivesBoard {
        &self.told
    }

    /// As programs get it.
    pub fn json(&self) -> Bytes {
        self.json.get_or_init(|| serde_json::to_vec(&self.told).expect("its keys are words, so it can be written").into()).clone()
    }
}

/// One objective with its slices.
pub struct One {
    pub(super) kept: Kept,
    pub(super) rev: i64,
    pub(super) backfilled: Option<f64>,
    pub(super) series: Series,
    /// Slices that begin before were not read: no window reaches there.
    pub(super) from_s: i64,
    /// What it is made from, if it is made from others.
    pub(super) parts: Vec<Arc<One>>,
    pub(super) row: Mutex<Option<MadeRow>>,
}

/// A row, and what it was made for.
pub(super) struct MadeRow {
    at: Timestamp,
    levels: Vec<BurnLevel>,
    row: Arc<ObjectiveRow>,
}

impl Held {
    /// Whether it is still all there is to know.
    pub(super) fn is_as(&self, stamp: &Stamp, now: Timestamp) -> bool {
        self.laid_out_at.is_some_and(|at| (0..LAID_OUT_AGAIN_S).contains(&now.secs_since(at))) && self.stamp == *stamp
    }

    /// Every objective, by name.
    pub fn all(&self) -> impl Iterator<Item = &Arc<One>> {
        self.all.iter()
    }

    pub fn by_id(&self, id: ObjectiveId) -> Option<&Arc<One>> {
        self.by_id.get(&id).and_then(|place| self.all.get(*place))
    }

    /// By its name, or by its id.
    pub fn find(&self, name_or_id: &str) -> Option<&Arc<One>> {
        let place = self.by_name.get(name_or_id).or_else(|| self.by_id.get(&name_or_id.parse().ok()?));
        place.and_then(|place| self.all.get(*place))
    }

    /// The objectives of a service, by name.
    pub fn of_service<'a>(&'a self, service: &'a str) -> impl Iterator<Item = &'a Arc<One>> {
        self.all.iter().filter(move |one| one.objective().draft.service.as_deref() == Some(service))
    }

    pub fn exclusions(&self) -> &[Exclusion] {
        &self.exclusions
    }

    /// What is left out of an objective, or of one that is made from it, in all the time of which
    /// slices are kept, as seconds since 1970: where slices of it must not be merged.
    pub fn left_out_of(&self, one: &One, now: Timestamp) -> Vec<(i64, i64)> {
        let id = one.objective().id;
        let wholes = self.all.iter().filter(|whole| whole.is_made_of(id)).map(|whole| whole.objective());
        let spans = wholes.chain([one.objective()]).flat_map(|objective| super::load::spans_kept(&self.exclusions, objective, now));
        let mut spans: Vec<(i64, i64)> = spans.collect();
        // What is left out of a service is left out of both.
        spans.sort_unstable();
        spans.dedup();
        spans
    }

    /// The board of these rows, by name: the one that was made last, or where a row is another one
    /// by now the one that is made now.
    pub(super) fn board_of(&self, rows: Vec<Arc<ObjectiveRow>>, make: impl FnOnce(&[Arc<ObjectiveRow>]) -> ObjectivesBoard) -> Arc<Board> {
        let known = || self.board.lock().unwrap_or_else(PoisonError::into_inner);
        let are_same = |board: &&Arc<Board>| board.rows.len() == rows.len() && board.rows.iter().zip(&rows).all(|(a, b)| Arc::ptr_eq(a, b));
        if let Some(board) = known().as_ref().filter(are_same) {
            return board.clone();
        }
        let board = Arc::new(Board { told: make(&rows), rows, json: OnceLock::new() });
        *known() = Some(board.clone());
        board
    }

    /// Those that are for one objective.
    pub fn exclusions_of(&self, one: &One) -> Vec<Exclusion> {
        let draft = &one.objective().draft;
        super::exclusions_of(&self.exclusions, &draft.name, draft.service.as_deref()).cloned().collect()
    }
}

impl One {
    pub fn objective(&self) -> &Objective {
        &self.kept.objective
    }

    pub fn kept(&self) -> &Kept {
        &self.kept
    }

    pub fn number(&self) -> i64 {
        self.kept.number
    }

    pub fn series(&self) -> &Series {
        &self.series
    }

    /// How far filling in the past has come; `None`: it is done.
    pub fn backfilled(&self) -> Option<f64> {
        self.backfilled
    }

    /// Whether it is made from others.
    pub fn is_composed(&self) -> bool {
        matches!(self.kept.objective.draft.indicator, Indicator::Composite { .. })
    }

    /// Whether this objective is among what it is made from, however far down.
    fn is_made_of(&self, id: ObjectiveId) -> bool {
        self.parts.iter().any(|part| part.objective().id == id || part.is_made_of(id))
    }

    /// The row that was made lately, or the one that is made now. A new one is made whenever
    /// anything of it was measured or changed; what is the same is looked at anew every now and
    /// then, because time passes.
    pub(super) fn row_at(&self, now: Timestamp, levels: &[BurnLevel], for_s: i64, make: impl FnOnce() -> ObjectiveRow) -> Arc<ObjectiveRow> {
        let known = || self.row.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = known().as_ref().filter(|made| made.levels == levels && (0..for_s).contains(&now.secs_since(made.at))) {
            return made.row.clone();
        }
        let row = Arc::new(make());
        *known() = Some(MadeRow { at: now, levels: levels.to_vec(), row: row.clone() });
        row
    }
}
