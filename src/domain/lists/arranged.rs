//! Rows in their order, kept: when a few of ten thousand change, only these are looked at again.

use super::{
    order::{arrange, compare},
    row::IncidentRow,
    view::View,
};
use crate::domain::{people::Actor, time::Timestamp};
use std::{collections::BTreeSet, sync::Arc};

/// From so many changed rows on, putting all in order is as quick as putting each in its place.
const MANY: usize = 200;

/// Where nothing stands.
const NOWHERE: u32 = u32::MAX;

/// The places of the rows that a view holds, in its order, and where each of them stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arranged {
    order: Vec<u32>,
    /// By places.
    positions: Vec<u32>,
}

/// What has changed since rows were put in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct News {
    pub more: usize,
    pub fewer: usize,
    pub moved: bool,
}

impl Arranged {
    pub fn new(order: Vec<u32>) -> Self {
        let mut positions = vec![NOWHERE; order.iter().max().map_or(0, |most| *most as usize + 1)];
        for (position, place) in (0_u32..).zip(&order) {
            positions[*place as usize] = position;
        }
        Self { order, positions }
    }

    /// In their order.
    pub fn places(&self) -> &[u32] {
        &self.order
    }

    pub fn len(&self) -> usize {
        self.order.len()
    }

    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    pub fn position(&self, place: u32) -> Option<usize> {
        self.positions.get(place as usize).filter(|position| **position != NOWHERE).map(|position| *position as usize)
    }

    /// The order as it is after the rows at some places have changed or have come; it was made for
    /// the same view.
    pub fn amended(&self, rows: &[Arc<IncidentRow>], changed: &BTreeSet<u32>, view: &View, me: Option<&Actor>, now: Timestamp) -> Vec<u32> {
        if changed.len() > MANY || view.depends_on_time() {
            return arrange(rows, view, me, now);
        }
        let mut order = self.without(changed);
        let holds = view.filter.holds(me, now);
        for place in changed {
            let Some(row) = rows.get(*place as usize).filter(|row| holds(row)) else { continue };
            let stands_before = |other: &u32| rows.get(*other as usize).is_some_and(|known| compare((*other, known), (*place, row), view.sort, now).is_lt());
            order.insert(order.partition_point(stands_before), *place);
        }
        order
    }

    fn without(&self, changed: &BTreeSet<u32>) -> Vec<u32> {
        let mut gone: Vec<usize> = changed.iter().filter_map(|place| self.position(*place)).collect();
        gone.sort_unstable();
        let mut order = Vec::with_capacity(self.order.len() + changed.len());
        let mut from = 0;
        for position in gone {
            order.extend_from_slice(&self.order[from..position]);
            from = position + 1;
        }
        order.extend_from_slice(&self.order[from..]);
        order
    }

    /// How another order differs from this one.
    pub fn news(&self, fresh: &[u32]) -> News {
        if fresh == self.order {
            return News::default();
        }
        let more = fresh.iter().filter(|place| self.position(**place).is_none()).count();
        News { more, fewer: (self.order.len() + more).saturating_sub(fresh.len()), moved: true }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        row::tests::{NOON, an_incident},
        view::Column,
    };
    use super::*;
    use crate::domain::{ids::IncidentRef, severity::Severity};
    use proptest::prelude::*;

    const TITLES: [&str; 6] = ["the same beginning b", "The same beginning a", "the same", "", "the same beginning a and more", "other"];

    fn a_row(number: i64, (severity, title, age, alerts): (usize, usize, i64, u32)) -> Arc<IncidentRow> {
        let known = IncidentRow::of(&an_incident(1, Some(Severity::ALL[severity]), &["checkout"]));
        let row = IncidentRow { reference: IncidentRef(number), title: TITLES[title].to_owned(), started_at: NOON.plus_secs(-age), alerts, ..known };
        Arc::new(row)
    }

    fn facts() -> impl Strategy<Value = (usize, usize, i64, u32)> {
        (0..5_usize, 0..TITLES.len(), 0..4_i64, 0..3_u32)
    }

    proptest! {
        #[test]
        fn what_changed_is_put_where_the_whole_order_has_it(
            before in prop::collection::vec(facts(), 0..40),
            after in prop::collection::vec((0..50_usize, facts()), 0..12),
            by in 0..=Column::ALL.len(),
            reverse: bool,
            alerts in prop::option::of(0..3_u32),
        ) {
            let mut pairs = vec![];
            pairs.extend(Column::ALL.get(by).map(|column| ("sort".to_owned(), format!("{}{}", if reverse { "-" } else { "" }, column.slug()))));
            pairs.extend(alerts.map(|alerts| ("alerts".to_owned(), alerts.to_string())));
            let view = View::read(&pairs);
            let mut rows: Vec<_> = (0_i64..).zip(before).map(|(number, facts)| a_row(number, facts)).collect();
            let shown = Arranged::new(arrange(&rows, &view, None, NOON));
            let mut changed = BTreeSet::new();
            for (at, facts) in after {
                // One of those there are, or one more.
                let at = at.min(rows.len());
                let row = a_row(i64::try_from(at).expect("it is small"), facts);
                if at < rows.len() { rows[at] = row } else { rows.push(row) }
                changed.insert(u32::try_from(at).expect("it is small"));
            }
            let whole = arrange(&rows, &view, None, NOON);
            let amended = shown.amended(&rows, &changed, &view, None, NOON);
            prop_assert_eq!(&amended, &whole);
            let (more, fewer) = (whole.iter().filter(|place| !shown.places().contains(place)).count(), shown.places().iter().filter(|place| !whole.contains(place)).count());
            prop_assert_eq!(shown.news(&amended), News { more, fewer, moved: whole != shown.places() });
            prop_assert!((0..).zip(shown.places()).all(|(position, place)| shown.position(*place) == Some(position)));
        }
    }

    #[test]
    fn what_depends_on_time_is_looked_at_whole() {
        let view = |pairs: &[(&str, &str)]| View::read(&pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect::<Vec<_>>());
        for pairs in [[("lead", "@nobody")], [("lead", "!Mara")], [("started", "7d")], [("sort", "age")], [("sort", "-lead")]] {
            assert!(view(&pairs).depends_on_time(), "{pairs:?}");
        }
        for pairs in [[("lead", "@me")], [("state", "open")], [("started", "2026-01-01..")], [("sort", "updated")], [("q", "lead")]] {
            assert!(!view(&pairs).depends_on_time(), "{pairs:?}");
        }
    }
}
