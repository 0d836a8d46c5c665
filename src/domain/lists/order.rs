//! In which order rows stand. Keys are numbers that are made once for each row, so that ten
//! thousand are in order within a few milliseconds, also in a browser.

use super::{
    row::IncidentRow,
    view::{Column, Sort, View},
};
use crate::domain::{incident::State, people::Actor, severity::Severity, time::Timestamp};
use std::{cmp::Ordering, sync::Arc};

/// The places of the rows that a view holds, in its order.
pub fn arrange(rows: &[Arc<IncidentRow>], view: &View, me: Option<&Actor>, now: Timestamp) -> Vec<u32> {
    let places = view.filter.select(rows, me, now);
    let Sort { by, reverse } = view.sort;
    let row = |place: u32| rows.get(place as usize);
    let mut keyed: Vec<(u64, u64, u32)> = places.into_iter().filter_map(|place| row(place).map(|row| (key(row, by, now), newest(row), place))).collect();
    keyed.sort_unstable();
    if let Some(text) = by.and_then(text_of) {
        refine(&mut keyed, 1, &|place| row(place).map_or("", |row| text(row, now)));
    }
    if reverse {
        keyed.reverse();
    }
    keyed.into_iter().map(|(.., place)| place).collect()
}

/// Which of two rows stands first; the same order as [`arrange`] gives.
pub fn compare((a, row_a): (u32, &IncidentRow), (b, row_b): (u32, &IncidentRow), Sort { by, reverse }: Sort, now: Timestamp) -> Ordering {
    let rest = || {
        by.and_then(text_of).map_or(Ordering::Equal, |text| {
            let letters = |row| text(row, now).bytes().map(|byte| byte.to_ascii_lowercase());
            letters(row_a).cmp(letters(row_b))
        })
    };
    let order = key(row_a, by, now).cmp(&key(row_b, by, now)).then_with(rest).then_with(|| (newest(row_a), a).cmp(&(newest(row_b), b)));
    if reverse { order.reverse() } else { order }
}

/// The newest reference first where nothing else decides.
fn newest(row: &IncidentRow) -> u64 {
    !row.reference.0.unsigned_abs()
}

type Text = fn(&IncidentRow, Timestamp) -> &str;

/// The columns that are texts.
fn text_of(column: Column) -> Option<Text> {
    match column {
        Column::Title => Some(|row, _| &row.title),
        Column::Services => Some(|row, _| row.services.first().map_or("", |service| service)),
        Column::Lead => Some(|row, now| row.who_has_it(now).map_or("", |who| who)),
        Column::Labels => Some(|row, _| row.labels.first().map_or("", |(_, value)| value)),
        Column::Severity | Column::Id | Column::Alerts | Column::Age | Column::State | Column::Updated | Column::Started | Column::Kind | Column::Cost => None,
    }
}

/// Equal keys are equal pieces of texts: where they go on, the next pieces decide, and so on.
/// Numbers are compared all the way, which is several times quicker than texts.
fn refine<'a>(keyed: &mut [(u64, u64, u32)], piece: usize, text: &dyn Fn(u32) -> &'a str) {
    for run in keyed.chunk_by_mut(|a, b| a.0 == b.0) {
        let goes_on = run.first().is_some_and(|(key, ..)| key & 0xff != 0 && *key != u64::MAX);
        if run.len() > 1 && goes_on {
            run.iter_mut().for_each(|entry| entry.0 = piece_of(text(entry.2), piece));
            run.sort_unstable();
            refine(run, piece + 1, text);
        }
    }
}

/// What a row is sorted by: smaller stands first.
fn key(row: &IncidentRow, by: Option<Column>, now: Timestamp) -> u64 {
    let secs = |at: Timestamp| u64::try_from(at.epoch_secs() - Timestamp::MIN.epoch_secs()).unwrap_or(0);
    let severity = |severity: Option<Severity>| severity.map_or(7, |severity| u64::from(severity.level()) * 2);
    let Some(column) = by else {
        return u64::from(!row.state.is_open()) << 60
            | if row.state.is_open() { severity(row.shown_severity()) << 50 } else { 0 }
            | (!secs(row.started_at) & ((1 << 50) - 1));
    };
    match column {
        Column::Severity => severity(row.shown_severity()),
        Column::Id => row.reference.0.unsigned_abs(),
        Column::Alerts => !u64::from(row.alerts),
        Column::Age => u64::try_from(row.resolved_at.unwrap_or(now).secs_since(row.started_at)).unwrap_or(0),
        Column::State => State::ALL.iter().position(|state| *state == row.state).unwrap_or(0) as u64,
        Column::Updated => !secs(row.updated_at),
        Column::Started => !secs(row.started_at),
        Column::Kind => row.kind as u64,
        Column::Cost => 0,
        Column::Title | Column::Services | Column::Lead | Column::Labels => text_of(column).map_or(0, |text| beginning(text(row, now))),
    }
}

/// The first piece of a text; nothing stands last.
fn beginning(text: &str) -> u64 {
    if text.is_empty() { u64::MAX } else { piece_of(text, 0) }
}

/// Eight bytes of a text as a number that sorts like them, whatever their case.
fn piece_of(text: &str, piece: usize) -> u64 {
    let bytes = text.as_bytes().get(piece * 8..).unwrap_or_default();
    (0..8).fold(0, |key, at| key << 8 | u64::from(bytes.get(at).map_or(0, u8::to_ascii_lowercase)))
}

#[cfg(test)]
mod tests {
    use super::super::{
        filter::Filter,
        row::tests::{NOON, an_incident},
    };
    use super::*;

    fn rows() -> Vec<Arc<IncidentRow>> {
        let mut incidents = [
            an_incident(1, Some(Severity::Sev3), &["search"]),
            an_incident(2, Some(Severity::Sev1), &[]),
            an_incident(3, None, &["Checkout"]),
            an_incident(4, Some(Severity::Sev1), &["checkout-eu"]),
            an_incident(5, Some(Severity::Sev5), &["checkout"]),
        ];
        incidents[1].state = State::Resolved;
        incidents[1].resolved_at = Some(NOON.plus_secs(30));
        incidents[3].started_at = NOON.plus_secs(-600);
        incidents.iter().map(|incident| Arc::new(IncidentRow::of(incident))).collect()
    }

    fn order(by: Option<Column>, reverse: bool) -> Vec<i64> {
        let view = View { sort: Sort { by, reverse }, filter: Filter::default(), ..View::default() };
        let rows = rows();
        arrange(&rows, &view, None, NOON.plus_secs(60)).into_iter().map(|place| rows[place as usize].reference.0).collect()
    }

    #[test]
    fn usually_what_is_open_comes_first_then_the_worst_then_the_newest() {
        assert_eq!(order(None, false), [4, 1, 3, 5, 2]);
    }

    #[test]
    fn every_column_has_its_order_and_can_be_turned() {
        assert_eq!(order(Some(Column::Id), false), [1, 2, 3, 4, 5]);
        assert_eq!(order(Some(Column::Id), true), [5, 4, 3, 2, 1]);
        assert_eq!(order(Some(Column::Severity), false), [4, 2, 1, 3, 5]);
        // Equal beginnings are told apart, capitals do not matter, and nothing comes last.
        assert_eq!(order(Some(Column::Services), false), [5, 3, 4, 1, 2]);
        assert_eq!(order(Some(Column::Age), false)[0], 2);
        assert_eq!(order(Some(Column::Started), true)[0], 4);
    }

    #[test]
    fn long_texts_are_in_order_to_their_ends() {
        let titles = ["the same beginning b", "The same beginning a", "the same", "", "the same beginning a and more", "the same beginning"];
        let rows: Vec<_> = titles.iter().map(|title| Arc::new(IncidentRow { title: (*title).to_owned(), ..(*rows()[0]).clone() })).collect();
        let view = View { sort: Sort { by: Some(Column::Title), reverse: false }, ..View::default() };
        assert_eq!(arrange(&rows, &view, None, NOON), [2, 5, 1, 4, 0, 3]);
    }

    #[test]
    fn ten_thousand_rows_stay_ten_thousand() {
        let rows: Vec<_> = (0..10_000).map(|n| Arc::new(IncidentRow { reference: crate::domain::ids::IncidentRef(n), ..(*rows()[0]).clone() })).collect();
        for column in Column::ALL {
            let view = View { sort: Sort { by: Some(column), reverse: false }, ..View::default() };
            let mut places = arrange(&rows, &view, None, NOON);
            places.sort_unstable();
            assert!(places.into_iter().eq(0..10_000), "{column:?}");
        }
    }
}
