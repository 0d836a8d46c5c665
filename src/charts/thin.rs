//! Long series, made short enough to draw: of each column of pixels the lowest and the highest
//! value, and nothing in between. The extremes of ever longer stretches are kept beside the values,
//! so that any part of a million is found in the time of a few hundred.

use crate::domain::time::Timestamp;
use std::sync::Arc;

/// How many of the shorter stretches make one of the next longer.
const FAN: usize = 16;
/// No value in a stretch.
const NONE: u32 = u32::MAX;

/// Values at instants, in their order. `None` is "not measured from here on", never zero: it parts
/// the line and counts for no extreme. A copy shares what it was made from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    at: Arc<[Timestamp]>,
    values: Arc<[Option<f64>]>,
    /// Where the lowest and the highest lie, in stretches of 16, of 256, ….
    levels: Arc<[Vec<(u32, u32)>]>,
}

/// A part of a line without a gap.
pub type Run = Vec<(Timestamp, f64)>;

impl Series {
    /// Values that are not finite count as not measured; later readings of one instant win.
    pub fn new(mut readings: Vec<(Timestamp, Option<f64>)>) -> Self {
        if !readings.is_sorted_by_key(|(at, _)| *at) {
            readings.sort_by_key(|(at, _)| *at);
        }
        // Positions are kept in 32 bits; four thousand million readings are not drawn.
        readings.truncate(NONE as usize);
        let (at, values): (Vec<_>, Vec<_>) = readings.into_iter().map(|(at, value)| (at, value.filter(|value| value.is_finite()))).unzip();
        let mut series = Self { at: at.into(), values: values.into(), levels: Arc::default() };
        let count = series.values.len();
        let alone = |at: usize| series.extremes_at(0, at);
        let first = (0..count).step_by(FAN).map(|from| series.joined((from..(from + FAN).min(count)).map(alone)));
        let mut levels: Vec<Vec<(u32, u32)>> = vec![];
        let mut next: Vec<(u32, u32)> = first.collect();
        while next.len() > 1 {
            let longer = next.chunks(FAN).map(|part| series.joined(part.iter().copied())).collect();
            levels.push(std::mem::replace(&mut next, longer));
        }
        series.levels = levels.into();
        series
    }

    pub fn is_empty(&self) -> bool {
        self.values.iter().all(Option::is_none)
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Timestamp, Option<f64>)> + '_ {
        self.at.iter().copied().zip(self.values.iter().copied())
    }

    /// The last that was measured at or before an instant.
    pub fn last_at(&self, at: Timestamp) -> Option<(Timestamp, f64)> {
        let end = self.at.partition_point(|reading| *reading <= at);
        (0..end).rev().find_map(|index| self.reading(index))
    }

    /// The last that was measured before an instant.
    pub fn last_before(&self, at: Timestamp) -> Option<(Timestamp, f64)> {
        self.last_at(Timestamp::from_micros(at.micros() - 1))
    }

    /// The lowest and the highest from one instant up to and with another.
    pub fn extremes(&self, from: Timestamp, to: Timestamp) -> Option<(f64, f64)> {
        let (low, high) = self.extremes_within(self.first_from(from), self.end_of(to));
        Some((self.reading(low as usize)?.1, self.reading(high as usize)?.1))
    }

    /// The line from one instant up to and with another for `columns` columns of pixels. Extremes
    /// and both sides of every step are kept; what a column hides is a gap within that column.
    pub fn thinned(&self, from: Timestamp, to: Timestamp, columns: usize) -> Vec<Run> {
        let columns = i64::try_from(columns.max(1)).unwrap_or(i64::MAX);
        let long = to.micros_since(from).max(1);
        let mut runs: Vec<Run> = vec![];
        let mut run: Run = vec![];
        let (mut index, end) = (self.first_from(from), self.end_of(to));
        while let Some(at) = self.at.get(index).filter(|_| index < end) {
            let column = (i128::from(at.micros_since(from)) * i128::from(columns) / i128::from(long)) as i64;
            let next = i128::from(column + 1) * i128::from(long) / i128::from(columns);
            #[allow(clippy::cast_possible_truncation)] // within the range of the instants it lies between
            let until = Timestamp::from_micros(from.micros().saturating_add(next as i64));
            let stop = if column + 1 >= columns { end } else { self.first_from_after(index, until).clamp(index + 1, end) };
            if stop - index <= 2 {
                for at in index..stop {
                    match self.reading(at) {
                        Some(reading) => run.push(reading),
                        None => runs.extend(Some(std::mem::take(&mut run)).filter(|run| !run.is_empty())),
                    }
                }
            } else {
                let (low, high) = self.extremes_within(index, stop);
                let (first, second) = (low.min(high), low.max(high));
                run.extend(self.reading(first as usize));
                run.extend(self.reading(second as usize).filter(|_| second != first));
                // What the line ends with is what the number beside it says.
                let last = self.reading(stop - 1).filter(|_| stop == end && second as usize != stop - 1);
                run.extend(last);
                if self.values[stop - 1].is_none() {
                    runs.extend(Some(std::mem::take(&mut run)).filter(|run| !run.is_empty()));
                }
            }
            index = stop;
        }
        runs.extend(Some(run).filter(|run| !run.is_empty()));
        runs
    }

    fn reading(&self, index: usize) -> Option<(Timestamp, f64)> {
        Some((*self.at.get(index)?, (*self.values.get(index)?)?))
    }

    fn first_from(&self, at: Timestamp) -> usize {
        self.at.partition_point(|reading| *reading < at)
    }

    /// The same, from a place that is known to be earlier.
    fn first_from_after(&self, index: usize, at: Timestamp) -> usize {
        // The next column begins near: double the stride until it is passed.
        let mut stride = 4;
        while self.at.get(index + stride).is_some_and(|reading| *reading < at) {
            stride *= 2;
        }
        let rest = &self.at[index..(index + stride + 1).min(self.at.len())];
        index + rest.partition_point(|reading| *reading < at)
    }

    fn end_of(&self, at: Timestamp) -> usize {
        self.at.partition_point(|reading| *reading <= at)
    }

    /// Where the extremes of the stretch `at` of a level lie; level 0 is the values themselves.
    fn extremes_at(&self, level: usize, at: usize) -> (u32, u32) {
        match level.checked_sub(1) {
            None if self.values.get(at).is_some_and(Option::is_some) => u32::try_from(at).map_or((NONE, NONE), |at| (at, at)),
            None => (NONE, NONE),
            Some(level) => self.levels.get(level).and_then(|stretches| stretches.get(at)).copied().unwrap_or((NONE, NONE)),
        }
    }

    fn joined(&self, stretches: impl Iterator<Item = (u32, u32)>) -> (u32, u32) {
        stretches.fold((NONE, NONE), |known, next| self.join(known, next))
    }

    fn join(&self, known: (u32, u32), next: (u32, u32)) -> (u32, u32) {
        let value = |at: u32| self.values.get(at as usize).copied().flatten();
        let pick = |known: u32, next: u32, is_further: fn(f64, f64) -> bool| match (value(known), value(next)) {
            (Some(a), Some(b)) if is_further(b, a) => next,
            (Some(_), _) => known,
            (None, _) => next,
        };
        (pick(known.0, next.0, |new, old| new < old), pick(known.1, next.1, |new, old| new > old))
    }

    /// Where the extremes lie within `from..to`, by the longest stretches that fit.
    fn extremes_within(&self, mut from: usize, to: usize) -> (u32, u32) {
        let mut known = (NONE, NONE);
        while from < to {
            let (mut level, mut long) = (0, 1);
            while level < self.levels.len() && from.is_multiple_of(long * FAN) && from + long * FAN <= to {
                (level, long) = (level + 1, long * FAN);
            }
            known = self.join(known, self.extremes_at(level, from / long));
            from += long;
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FROM: Timestamp = Timestamp::from_micros(1_769_904_000_000_000);

    fn a_series(values: impl IntoIterator<Item = Option<f64>>) -> Series {
        Series::new(values.into_iter().enumerate().map(|(at, value)| (FROM.plus_secs(at as i64), value)).collect())
    }

    #[test]
    fn of_a_million_every_trough_and_peak_is_kept() {
        let peak = |at: i64| match at {
            123_456 => -3.0,
            700_001 => 1.5,
            _ => (at as f64 / 1e5).sin() * 0.5,
        };
        let series = a_series((0..1_000_000).map(|at| Some(peak(at))));
        let runs = series.thinned(FROM, FROM.plus_secs(999_999), 700);
        let [run] = runs.as_slice() else { panic!("there is no gap, {} runs", runs.len()) };
        assert!((1_000..=1_401).contains(&run.len()), "{}", run.len());
        assert!(run.contains(&(FROM.plus_secs(123_456), -3.0)) && run.contains(&(FROM.plus_secs(700_001), 1.5)));
        assert_eq!(run.last().map(|(at, _)| *at), Some(FROM.plus_secs(999_999)), "the line ends where the number does");
        assert!(run.is_sorted_by_key(|(at, _)| *at));
        // A closer look at a part is as true.
        let part = series.thinned(FROM.plus_secs(123_400), FROM.plus_secs(123_500), 700);
        assert_eq!(part.iter().map(Vec::len).sum::<usize>(), 101);
    }

    #[test]
    fn a_gap_parts_the_line_and_is_no_extreme() {
        let series = a_series([Some(0.5), Some(0.4), None, Some(f64::NAN), Some(0.3), None]);
        let runs = series.thinned(FROM, FROM.plus_secs(5), 600);
        assert_eq!(runs.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(series.extremes(FROM, FROM.plus_secs(9)), Some((0.3, 0.5)));
        assert_eq!(series.last_at(FROM.plus_secs(9)), Some((FROM.plus_secs(4), 0.3)));
        assert_eq!(series.last_before(FROM.plus_secs(1)), Some((FROM, 0.5)));
        assert!(Series::default().thinned(FROM, FROM, 0).is_empty() && Series::default().is_empty());
    }

    proptest! {
        #[test]
        fn no_part_of_any_series_loses_its_extremes(
            values in prop::collection::vec(prop::option::weighted(0.9, -3.0..1.0_f64), 0..900),
            from in 0..900_i64,
            long in 0..900_i64,
            columns in 1..80_usize,
        ) {
            let series = a_series(values.clone());
            let (start, end) = (FROM.plus_secs(from), FROM.plus_secs(from + long));
            let seen: Vec<f64> = values.iter().skip(from as usize).take(long as usize + 1).copied().flatten().collect();
            let expected = seen.iter().copied().reduce(f64::min).zip(seen.iter().copied().reduce(f64::max));
            prop_assert_eq!(series.extremes(start, end), expected);
            let drawn: Vec<f64> = series.thinned(start, end, columns).into_iter().flatten().map(|(_, value)| value).collect();
            prop_assert_eq!(drawn.iter().copied().reduce(f64::min).zip(drawn.iter().copied().reduce(f64::max)), expected);
            prop_assert!(drawn.len() <= columns * 2 + 1);
        }
    }
}
