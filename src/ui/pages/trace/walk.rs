//! Where somebody is in a trace: the row that has the keys, what is open, and whether its panel is.

use super::Shape;
use crate::domain::telemetry::waterfall::{Opened, What};
use leptos::prelude::*;
use std::sync::Arc;

#[derive(Clone, Copy)]
pub struct Walk {
    shape: StoredValue<Arc<Shape>>,
    pub opened: RwSignal<Opened>,
    /// The row that the keys stand on.
    pub at: RwSignal<Option<usize>>,
    pub panel: RwSignal<bool>,
    pub errors_only: RwSignal<bool>,
    /// The rows that are seen, from top to bottom.
    pub rows: Memo<Arc<Vec<usize>>>,
    /// Raised whenever a row is to be scrolled to.
    pub wanted: RwSignal<u32>,
}

impl Walk {
    pub fn new(shape: Arc<Shape>) -> Self {
        let opened = RwSignal::new(shape.waterfall.opened_at_first());
        let errors_only = RwSignal::new(false);
        let of = shape.clone();
        let rows = Memo::new(move |_| {
            let waterfall = &of.waterfall;
            let rows = if errors_only.get() {
                (0..waterfall.items.len()).filter(|at| waterfall.items[*at].errors > 0).collect()
            } else {
                opened.with(|opened| waterfall.rows(opened))
            };
            Arc::new(rows)
        });
        Self { shape: StoredValue::new(shape), opened, at: RwSignal::new(None), panel: RwSignal::new(false), errors_only, rows, wanted: RwSignal::new(0) }
    }

    fn shape(self) -> Arc<Shape> {
        self.shape.get_value()
    }

    /// Puts the keys on a row, and opens whatever it lies in.
    pub fn go(self, at: usize) {
        let shape = self.shape();
        let seen = self.rows.with_untracked(|rows| rows.binary_search(&at).is_ok());
        if !seen {
            self.errors_only.set(false);
            self.opened.update(|opened| shape.waterfall.reveal(at, opened));
        }
        self.at.set(Some(at));
        self.wanted.update(|wanted| *wanted = wanted.wrapping_add(1));
    }

    /// Goes to a row and opens its panel; a row without one folds or unfolds.
    pub fn open(self, at: usize) {
        let shape = self.shape();
        match shape.waterfall.items.get(at).map(|item| item.what) {
            Some(What::Span(_) | What::Peer(_)) => {
                self.go(at);
                self.panel.set(true);
            }
            Some(What::Group(_) | What::Missing) => {
                self.go(at);
                self.toggle(at);
            }
            None => {}
        }
    }

    pub fn toggle(self, at: usize) {
        if self.shape().waterfall.has_beneath(at) && !self.errors_only.get_untracked() {
            self.opened.update(|opened| opened.set(at, !opened.is_open(at)));
        }
    }

    /// Moves over the rows that are seen.
    pub fn step(self, by: isize) {
        let next = self.rows.with_untracked(|rows| {
            let here = self.at.get_untracked().map(|at| rows.binary_search(&at).unwrap_or_else(|place| place.saturating_sub(1)));
            let last = rows.len().checked_sub(1)?;
            let next = here.map_or(0, |here| here.saturating_add_signed(by).min(last));
            rows.get(next).copied()
        });
        if let Some(next) = next {
            self.go(next);
        }
    }

    /// → opens a row, then goes to the first beneath it; ← folds it, then goes to what it lies in.
    pub fn side(self, right: bool) {
        let Some(at) = self.at.get_untracked() else { return self.step(1) };
        let shape = self.shape();
        // What folds nothing away is walked through: what is drawn beneath a row is next to it.
        let open =
            if self.errors_only.get_untracked() { right } else { self.opened.with_untracked(|opened| opened.is_open(at)) && shape.waterfall.has_beneath(at) };
        match (right, open) {
            (true, false) | (false, true) => self.toggle(at),
            (true, true) => self.step(1),
            (false, false) => {
                if let Some(parent) = shape.waterfall.items.get(at).and_then(|item| item.parent) {
                    self.go(parent);
                }
            }
        }
    }

    pub fn next_error(self) {
        let shape = self.shape();
        if let Some(next) = shape.waterfall.next_error(self.at.get_untracked(), |span| shape.spans[span].error) {
            self.go(next);
        }
    }

    pub fn next_critical(self) {
        if let Some(next) = self.shape().waterfall.next_critical(self.at.get_untracked()) {
            self.go(next);
        }
    }

    /// What a key does; `None` leaves it to the browser.
    pub fn key(self, key: &str, page: isize) -> Option<()> {
        match key {
            "ArrowDown" => self.step(1),
            "ArrowUp" => self.step(-1),
            "ArrowRight" => self.side(true),
            "ArrowLeft" => self.side(false),
            "PageDown" => self.step(page),
            "PageUp" => self.step(-page),
            "Home" => self.go(self.rows.with_untracked(|rows| rows.first().copied())?),
            "End" => self.go(self.rows.with_untracked(|rows| rows.last().copied())?),
            "Enter" | " " => self.open(self.at.get_untracked()?),
            _ => return None,
        }
        Some(())
    }
}
