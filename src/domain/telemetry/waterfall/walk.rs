//! Which rows are seen: what stands open at first, what opens to show a row, and where the keys go.

use super::{Waterfall, What};

/// Which rows show what is beneath them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened(Vec<bool>);

impl Opened {
    pub fn is_open(&self, at: usize) -> bool {
        self.0.get(at).copied().unwrap_or(false)
    }

    pub fn set(&mut self, at: usize, open: bool) {
        if let Some(row) = self.0.get_mut(at) {
            *row = open;
        }
    }

    pub fn all(waterfall: &Waterfall) -> Self {
        Self(vec![true; waterfall.items.len()])
    }
}

impl Waterfall {
    /// What stands open at first: whatever leads to an error or lies on the critical path.
    pub fn opened_at_first(&self) -> Opened {
        let mut open = vec![false; self.items.len()];
        for (at, item) in self.items.iter().enumerate() {
            let group = matches!(item.what, What::Group(_));
            let failed = matches!(item.what, What::Span(_)) && item.parent.is_some() && item.errors > 0;
            if let Some(parent) = item.parent.filter(|_| !group && (failed || self.is_critical(at))) {
                open[parent] = true;
            }
        }
        // A row that is open within one that is folded would be there for nobody; groups hold nothing loud.
        for (at, item) in self.items.iter().enumerate() {
            open[at] &= !matches!(item.what, What::Group(_));
        }
        let mut opened = Opened(open);
        for (at, item) in self.items.iter().enumerate() {
            if item.what == What::Missing && (self.main.is_some_and(|main| (at..item.end).contains(&main)) || item.end - at <= super::FOLD_FROM) {
                opened.set(at, true);
            }
        }
        opened
    }

    /// The rows that are seen, from top to bottom.
    pub fn rows(&self, opened: &Opened) -> Vec<usize> {
        let mut rows = vec![];
        let mut at = 0;
        while let Some(item) = self.items.get(at) {
            rows.push(at);
            at = if opened.is_open(at) { at + 1 } else { item.end };
        }
        rows
    }

    /// So many spans a row hides while it is folded.
    pub fn hides(&self, at: usize) -> usize {
        self.items.get(at).map_or(0, |item| match item.what {
            What::Span(_) | What::Group(_) => item.spans.saturating_sub(1),
            What::Peer(_) | What::Missing => item.spans,
        })
    }

    pub fn has_beneath(&self, at: usize) -> bool {
        self.items.get(at).is_some_and(|item| item.end > at + 1)
    }

    /// Opens whatever a row lies in.
    pub fn reveal(&self, at: usize, opened: &mut Opened) {
        let mut above = self.items.get(at).and_then(|item| item.parent);
        while let Some(row) = above {
            opened.set(row, true);
            above = self.items[row].parent;
        }
    }

    /// The next span that failed, behind `at` and then from the top.
    pub fn next_error(&self, at: Option<usize>, failed: impl Fn(usize) -> bool) -> Option<usize> {
        self.next(at, |row| matches!(self.items[row].what, What::Span(span) if failed(span)))
    }

    /// The next span that the end waited for, in the order of the rows.
    pub fn next_critical(&self, at: Option<usize>) -> Option<usize> {
        self.next(at, |row| matches!(self.items[row].what, What::Span(_) | What::Peer(_)) && self.is_critical(row))
    }

    fn next(&self, at: Option<usize>, wanted: impl Fn(usize) -> bool) -> Option<usize> {
        let behind = at.map_or(0, |at| at + 1);
        (behind..self.items.len()).chain(0..behind.min(self.items.len())).find(|row| wanted(*row))
    }

    /// The row that shows a span.
    pub fn row_of(&self, span: usize) -> Option<usize> {
        self.items.iter().position(|item| item.what == What::Span(span))
    }
}
