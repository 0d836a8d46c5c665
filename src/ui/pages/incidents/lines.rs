//! The rows that stand in the page, written by hand: each is a copy of one that was drawn, and is
//! written again when another incident comes to stand there. What a row says is said here; when,
//! by [`follow`].

use super::{List, cells, row_id};
use crate::{
    domain::{
        ids::IncidentId,
        lists::{Column, IncidentRow},
        time::Timestamp,
    },
    ui::{
        browser::{self, Piece, Words},
        drawing::view,
    },
};
use leptos::{html, prelude::*};
use std::{any::Any, sync::Arc};

/// A cell as it is to be: how it is drawn, and what is written in it.
pub struct Cell {
    pub shape: cells::Shape,
    pub words: Vec<Words>,
}

/// One row and where it stands.
#[derive(Clone)]
pub struct Item {
    pub position: usize,
    pub row: Arc<IncidentRow>,
    pub desk: bool,
}

/// A row in the page.
struct Line {
    item: Item,
    root: Piece,
    cells: Vec<(cells::Shape, Piece)>,
    /// Until when it reads like this, unless something happens.
    until: Timestamp,
}

/// What a row unfolds to.
struct Unfolded {
    id: IncidentId,
    element: browser::Element,
    _drawn: Box<dyn Any>,
}

/// All that stands in the page, in its order.
#[derive(Default)]
struct Lines {
    lines: Vec<Line>,
    columns: Vec<Column>,
    unfolded: Option<Unfolded>,
    /// What was drawn once of each kind.
    shapes: Vec<(cells::Shape, Piece)>,
    blank: Option<(bool, Piece)>,
}

/// Keeps the rows in `place` as `each` has them.
pub fn follow(list: List, place: NodeRef<html::Div>, each: impl Fn() -> Vec<Item> + Copy + Send + Sync + 'static, columns: Memo<Vec<Column>>) {
    let lines = StoredValue::new_local(Lines::default());
    // What is unfolded lives as long as the page, and not until the next change.
    let Some(page) = Owner::current() else { return };
    let unfold = move |id| page.with(|| browser::drawn(Box::new(move || super::table::unfold(list, id))));
    let arrange = move |items: Vec<Item>| {
        let Some(place) = place.get_untracked() else { return };
        let unfolded = list.unfolded.get_untracked().filter(|id| items.iter().any(|item| item.row.id == *id));
        lines.update_value(|lines| {
            let same = columns.with_untracked(|columns| *columns == lines.columns);
            if !same {
                lines.columns = columns.get_untracked();
            }
            let is_moved = lines.show(list, &place, items, !same);
            let is_folded = lines.unfolded.as_ref().map(|unfolded| unfolded.id) != unfolded;
            if is_folded {
                let drawn = unfolded.and_then(|id| Some((id, unfold(id)?)));
                lines.unfolded = drawn.map(|(id, (element, drawn))| Unfolded { id, element, _drawn: drawn });
            }
            if is_moved || is_folded {
                lines.put_in_order(&place);
            }
        });
    };
    Effect::new(move |_| {
        place.track();
        list.roll.revision.track();
        list.unfolded.track();
        columns.track();
        let items = each();
        untrack(|| arrange(items));
    });
    // What the same rows say by now: all of them, or those whose times read otherwise.
    let now = list.session.live.ticking();
    Effect::new(move |before: Option<()>| {
        list.selection.track();
        list.focus.track();
        list.unfolded.track();
        list.picking.track();
        list.costs.track();
        list.session.zone.track();
        if before.is_some() {
            untrack(|| lines.update_value(|lines| lines.write_again(list, Timestamp::MAX)));
        }
    });
    Effect::new(move |_| {
        let now = now.get();
        untrack(|| lines.update_value(|lines| lines.write_again(list, now)));
    });
}

impl Lines {
    /// Whether rows have to be put in order.
    fn show(&mut self, list: List, place: &browser::Element, items: Vec<Item>, anew: bool) -> bool {
        let kind = items.first().map(|item| item.desk);
        if self.lines.first().map(|line| line.item.desk) != kind {
            self.lines.clear();
        }
        let mut before: Vec<Option<Line>> = std::mem::take(&mut self.lines).into_iter().map(Some).collect();
        let (known, wanted): (Vec<IncidentId>, Vec<IncidentId>) =
            (before.iter().flatten().map(|line| line.item.row.id).collect(), items.iter().map(|item| item.row.id).collect());
        let plan = reuse(&known, &wanted);
        let is_moved = plan.len() != known.len() || plan.iter().enumerate().any(|(at, from)| *from != Some(at));
        let focused = browser::focus_within(place);
        for (item, from) in items.into_iter().zip(plan) {
            let line = from.and_then(|from| before.get_mut(from)?.take()).or_else(|| self.one_more(&item));
            let Some(mut line) = line else { continue };
            // Whoever was at a row's button is not left at another row's.
            if let Some(focused) = focused.as_ref().filter(|focused| line.item.row.id != item.row.id && line.root.element().contains(Some(focused))) {
                let _ = focused.blur();
            }
            let stays = !anew && !line.cells.is_empty() && Arc::ptr_eq(&line.item.row, &item.row) && line.item.position == item.position;
            line.item = item;
            if !stays {
                self.write(list, &mut line);
            }
            self.lines.push(line);
        }
        is_moved
    }

    /// A copy of the row before it, or the first.
    fn one_more(&mut self, item: &Item) -> Option<Line> {
        if let Some(last) = self.lines.last() {
            let root = last.root.copied()?;
            let cells = browser::children(root.element()).into_iter().zip(&last.cells);
            let cells = cells.filter_map(|(element, (shape, piece))| Some((*shape, piece.again(element)?))).collect();
            return Some(Line { item: last.item.clone(), root, cells, until: last.until });
        }
        let class = if item.desk { "list__line list__row" } else { "list__card list__row" };
        if self.blank.as_ref().is_none_or(|(desk, _)| *desk != item.desk) {
            self.blank = Some((item.desk, Piece::draw(move || view! { <div class=class role="row" data-written=""></div> })?));
        }
        let root = self.blank.as_ref()?.1.copied()?;
        Some(Line { item: item.clone(), root, cells: vec![], until: Timestamp::MIN })
    }

    fn write(&mut self, list: List, line: &mut Line) {
        let item = &line.item;
        let now = list.session.live.ticking().get_untracked();
        // The clock does not tick to the microsecond.
        line.until = Timestamp::from_micros(now.micros() + reads_alike_for(&item.row, now) * 1_000_000 - 500_000);
        line.root.write(vec![words_of(list, item)]);
        let cells = cells::of(list, item, &self.columns);
        line.cells.truncate(cells.len());
        for (at, Cell { shape, words }) in cells.into_iter().enumerate() {
            match line.cells.get_mut(at) {
                Some((known, piece)) if *known == shape => piece.write(words),
                other => {
                    let Some(mut piece) = self.piece(shape) else { continue };
                    piece.write(words);
                    match other {
                        Some(other) => {
                            piece.take_place_of(&other.1);
                            *other = (shape, piece);
                        }
                        None => {
                            let _ = line.root.element().append_child(piece.element());
                            line.cells.push((shape, piece));
                        }
                    }
                }
            }
        }
        // What is left over stood in the row before it was another.
        for rest in browser::children(line.root.element()).into_iter().skip(line.cells.len()) {
            rest.remove();
        }
    }

    /// Those that read like this until `now` or earlier.
    fn write_again(&mut self, list: List, now: Timestamp) {
        let mut lines = std::mem::take(&mut self.lines);
        lines.iter_mut().filter(|line| line.until <= now).for_each(|line| self.write(list, line));
        self.lines = lines;
    }

    fn piece(&mut self, shape: cells::Shape) -> Option<Piece> {
        let at = match self.shapes.iter().position(|(known, _)| *known == shape) {
            Some(at) => at,
            None => {
                self.shapes.push((shape, Piece::draw(move || cells::draw(shape))?));
                self.shapes.len() - 1
            }
        };
        self.shapes.get(at)?.1.copied()
    }

    fn put_in_order(&self, place: &browser::Element) {
        let mut elements = Vec::with_capacity(self.lines.len() + 1);
        for line in &self.lines {
            elements.push(line.root.element());
            elements.extend(self.unfolded.as_ref().filter(|unfolded| unfolded.id == line.item.row.id).map(|unfolded| &unfolded.element));
        }
        browser::put_in_order(place, &elements);
    }
}

fn words_of(list: List, item: &Item) -> Words {
    let id = item.row.id;
    Words::default()
        .with("id", row_id(id))
        .with("aria-rowindex", (item.position + 2).to_string())
        .with("aria-selected", list.selection.with_untracked(|selection| selection.has(id)).to_string())
        .with_flag("data-focus", list.focus.get_untracked() == Some(id))
        .with_flag("data-unfolded", list.unfolded.get_untracked() == Some(id))
}

/// For how many seconds what a row says of times, and who has it, stays the same: it says seconds
/// in the first minute, and minutes later.
fn reads_alike_for(row: &IncidentRow, now: Timestamp) -> i64 {
    let clocks = [Some(row.started_at).filter(|_| row.resolved_at.is_none()), Some(row.updated_at)];
    let next = |since: Timestamp| match now.secs_since(since) {
        secs if secs < 60 => 1,
        secs => 60 - secs % 60,
    };
    let ends = row.acknowledged.as_ref().and_then(|(_, until)| *until).map(|until| until.secs_since(now)).filter(|secs| *secs > 0);
    clocks.into_iter().flatten().map(next).chain(ends).min().unwrap_or(60).max(1)
}

/// Which of the rows that are there shows each of the wanted ones: the same one where it is there,
/// else one that nobody wants any more; none where there are too few.
fn reuse<T: PartialEq>(known: &[T], wanted: &[T]) -> Vec<Option<usize>> {
    let kept: Vec<Option<usize>> = wanted.iter().map(|one| known.iter().position(|other| other == one)).collect();
    let mut free = (0..known.len()).filter(|at| !kept.contains(&Some(*at))).collect::<Vec<_>>().into_iter();
    kept.into_iter().map(|at| at.or_else(|| free.next())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        ids::IncidentRef,
        incident::{Declare, Incident, declare},
        people::{Actor, ActorKind, ActorRef, Role},
        timeline::Head,
    };

    const NOON: Timestamp = Timestamp::from_micros(1_786_450_000_000_000);

    #[test]
    fn a_row_is_written_again_when_its_times_read_otherwise() {
        let mara = Actor { who: ActorRef { kind: ActorKind::Person, id: "mara".to_owned(), name: "Mara".to_owned() }, role: Role::Responder };
        let id = IncidentId(uuid::Uuid::from_u128(1));
        let changes = declare(&Declare { title: "t".to_owned(), ..Declare::default() }, &mara, NOON).expect("a responder may declare");
        let events = Head::genesis().append(id, changes, &mara.who, None, NOON);
        let incident = Incident::fold(id, IncidentRef(1), &events).expect("it begins with a declaration");
        let row = IncidentRow::of(&incident);
        let after = |row: &IncidentRow, secs: i64| reads_alike_for(row, NOON.plus_secs(secs));
        assert_eq!((after(&row, 5), after(&row, 60), after(&row, 119), after(&row, 150)), (1, 60, 1, 30));
        let held = IncidentRow { acknowledged: Some(("Mara".into(), Some(NOON.plus_secs(160)))), ..row.clone() };
        assert_eq!((after(&held, 150), after(&held, 161)), (10, 19));
        let over = IncidentRow { resolved_at: Some(NOON), updated_at: NOON.plus_secs(10), ..row };
        assert_eq!(after(&over, 120), 10, "its age stands still");
    }

    #[test]
    fn a_row_that_stays_keeps_its_place_in_the_page_and_the_others_are_written_again() {
        assert_eq!(reuse(&[1, 2, 3, 4], &[3, 4, 5, 6]), [Some(2), Some(3), Some(0), Some(1)]);
        assert_eq!(reuse(&[1, 2, 3], &[7, 8, 9]), [Some(0), Some(1), Some(2)], "nothing is moved");
        assert_eq!(reuse(&[1, 2], &[2, 1, 3]), [Some(1), Some(0), None]);
        assert!(reuse(&[1, 2, 3], &[]).is_empty());
    }
}
