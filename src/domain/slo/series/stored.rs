//! A series as it is stored as a whole, so that it need not be put together from its slices again.
//! Unlike what travels to the browser it comes back to the last bit.

use super::{Entry, ODD_BIT, Series};
use crate::domain::slo::objective::Method;

/// What it begins with, so that another form is known from this one.
const FORM: u8 = 1;
/// How many bytes an entry takes: the gap before it, its length, bad and all.
const WIDTH: usize = 4 + 2 + 8 + 8;

impl Series {
    /// Its slices, without what is left out: column by column, which packs well.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 + self.entries.len() * WIDTH);
        bytes.push(FORM);
        let mut end_s = 0;
        for entry in &self.entries {
            let gap_s = u32::try_from(entry.start() - end_s).unwrap_or(0);
            bytes.extend_from_slice(&gap_s.to_le_bytes());
            end_s = entry.end();
        }
        self.entries.iter().for_each(|entry| bytes.extend_from_slice(&entry.width_s.to_le_bytes()));
        self.entries.iter().for_each(|entry| bytes.extend_from_slice(&entry.bad.to_le_bytes()));
        self.entries.iter().for_each(|entry| bytes.extend_from_slice(&entry.total.to_le_bytes()));
        bytes
    }

    /// The series of these bytes, nothing left out of it. `None`: they are of no series.
    pub fn of_bytes(method: Method, slice_s: i64, bytes: &[u8]) -> Option<Self> {
        let (form, bytes) = bytes.split_first()?;
        let n = bytes.len() / WIDTH;
        if *form != FORM || !bytes.len().is_multiple_of(WIDTH) {
            return None;
        }
        let (gaps, bytes) = bytes.split_at_checked(n * 4)?;
        let (widths, bytes) = bytes.split_at_checked(n * 2)?;
        let (bads, totals) = bytes.split_at_checked(n * 8)?;
        let counts = bads.as_chunks().0.iter().zip(totals.as_chunks().0).map(|(bad, total)| (f64::from_le_bytes(*bad), f64::from_le_bytes(*total)));
        let spans = gaps.as_chunks().0.iter().zip(widths.as_chunks().0).map(|(gap, width)| (u32::from_le_bytes(*gap), u16::from_le_bytes(*width)));
        let mut series = Self::new(method, slice_s);
        series.entries.reserve_exact(n);
        let mut end_s = 0_u32;
        for ((gap_s, width_s), (bad, total)) in spans.zip(counts) {
            let start_s = end_s.checked_add(gap_s)?;
            let length_s = width_s & !ODD_BIT;
            // What is bad is a part of all, which no number is that is none.
            if length_s == 0 || !total.is_finite() || !(0.0..=total).contains(&bad) {
                return None;
            }
            end_s = start_s.checked_add(length_s.into())?;
            series.entries.push(Entry { start_s, width_s, excluded_s: 0, bad, total });
        }
        series.mark_from(0);
        Some(series)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Slice, *};
    use proptest::prelude::*;

    fn some_slices() -> impl Strategy<Value = Vec<Slice>> {
        let slice = (0_i64..100_000, 1_i64..4_000, -10.0..2_000.0_f64, 0.0..1_500.0_f64);
        prop::collection::vec(slice.prop_map(|(start_s, width_s, good, total)| Slice { start_s, width_s, good, total }), 0..60)
    }

    proptest! {
        #[test]
        fn a_series_comes_back_to_the_last_bit(slices in some_slices()) {
            let mut series = Series::new(Method::Occurrences, 60);
            series.upsert(&slices);
            // One that never had a slice has no sums either until it gets some.
            series.exclude(&[]);
            let back = Series::of_bytes(Method::Occurrences, 60, &series.to_bytes());
            prop_assert_eq!(back, Some(series));
        }

        #[test]
        fn whatever_bytes_are_given_nothing_breaks(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let all: Vec<u8> = [FORM].into_iter().chain(bytes).collect();
            if let Some(series) = Series::of_bytes(Method::Timeslices, 60, &all) {
                prop_assert_eq!(series.to_bytes(), all);
            }
        }
    }

    #[test]
    fn what_is_cut_off_or_of_another_form_is_no_series() {
        let mut series = Series::new(Method::Occurrences, 60);
        series.upsert(&[Slice { start_s: 600, width_s: 60, good: 11.0, total: 10.0 }]);
        let bytes = series.to_bytes();
        assert_eq!(bytes.len(), 1 + WIDTH);
        assert!(Series::of_bytes(Method::Occurrences, 60, &bytes).is_some_and(|back| back.sum(0, 900).odd == 1));
        assert_eq!(Series::of_bytes(Method::Occurrences, 60, &bytes[..WIDTH]), None);
        assert_eq!(Series::of_bytes(Method::Occurrences, 60, &[&[FORM + 1], &bytes[1..]].concat()), None);
        assert_eq!(Series::of_bytes(Method::Occurrences, 60, &[]), None);
    }
}
