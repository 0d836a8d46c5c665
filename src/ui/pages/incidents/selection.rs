//! Which rows are chosen: ticks, and ranges from the last tick on.

use crate::domain::ids::IncidentId;

/// Chosen incidents, whatever the list shows meanwhile.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// In their own order, so that asking is quick.
    chosen: Vec<IncidentId>,
    /// Where a range begins: what was ticked last.
    anchor: Option<IncidentId>,
}

impl Selection {
    pub fn has(&self, id: IncidentId) -> bool {
        self.chosen.binary_search(&id).is_ok()
    }

    pub fn all(&self) -> &[IncidentId] {
        &self.chosen
    }

    pub fn toggle(&mut self, id: IncidentId) {
        match self.chosen.binary_search(&id) {
            Ok(at) => drop(self.chosen.remove(at)),
            Err(at) => self.chosen.insert(at, id),
        }
        self.anchor = Some(id);
    }

    /// Ticks everything between the anchor and `to`, both included, in the order of the list.
    pub fn extend(&mut self, list: &[IncidentId], to: IncidentId) {
        let place = |id: IncidentId| list.iter().position(|known| *known == id);
        let anchor = self.anchor.filter(|anchor| place(*anchor).is_some()).unwrap_or(to);
        let (Some(a), Some(b)) = (place(anchor), place(to)) else { return };
        self.add(&list[a.min(b)..=a.max(b)]);
        self.anchor = Some(anchor);
    }

    pub fn add(&mut self, ids: &[IncidentId]) {
        self.chosen.extend_from_slice(ids);
        self.chosen.sort_unstable();
        self.chosen.dedup();
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id(n: u128) -> IncidentId {
        IncidentId(Uuid::from_u128(n))
    }

    fn list() -> Vec<IncidentId> {
        [5, 3, 9, 1, 7].map(id).to_vec()
    }

    fn chosen(selection: &Selection) -> Vec<u128> {
        selection.all().iter().map(|id| id.0.as_u128()).collect()
    }

    #[test]
    fn a_tick_goes_on_and_off() {
        let mut selection = Selection::default();
        selection.toggle(id(3));
        selection.toggle(id(1));
        assert_eq!(chosen(&selection), [1, 3]);
        selection.toggle(id(3));
        assert_eq!((chosen(&selection), selection.has(id(3))), (vec![1], false));
    }

    #[test]
    fn a_range_goes_from_the_last_tick_in_the_order_of_the_list() {
        let mut selection = Selection::default();
        selection.toggle(id(3));
        selection.extend(&list(), id(1));
        assert_eq!(chosen(&selection), [1, 3, 9]);
        // The other way, from the same tick.
        selection.extend(&list(), id(5));
        assert_eq!(chosen(&selection), [1, 3, 5, 9]);
    }

    #[test]
    fn without_a_tick_in_the_list_a_range_is_one_row() {
        let mut selection = Selection::default();
        selection.extend(&list(), id(9));
        assert_eq!(chosen(&selection), [9]);
        selection.clear();
        selection.toggle(id(42));
        selection.extend(&list(), id(7));
        assert_eq!(chosen(&selection), [7, 42]);
    }
}
