//! Objectives that are made from others: their slices are reckoned from those of their parts.
//!
//! Time is cut into cells that every part fills whole; a cell that one of them did not measure is
//! a gap, unless another one decides it by being down. A part in which nothing happened did not fail.
//! Old cells are wider than young ones, but for those in which something that is left out of the
//! whole begins or ends.

use super::One;
use crate::domain::slo::{
    burn::is_above,
    composite,
    objective::{COARSE_S, FINE_FOR_S, ObjectiveDraft, Together},
    series::{Slice, Sum, to_slice},
    target::Target,
};
use std::sync::Arc;

/// From here on slices are as wide as an hour.
const HOURLY_FROM_S: i64 = 90 * 86_400;
const HOUR_S: i64 = 3_600;

/// The slices from `from_s` up to what all parts have measured; where one that is down decides for
/// all, up to what the last of them has, because one that lags must not hide another's outage.
/// `left_out` is what is left out of the whole.
pub fn slices(draft: &ObjectiveDraft, how: Together, parts: &[(f64, Arc<One>)], left_out: &[(i64, i64)], from_s: i64, now_s: i64) -> Vec<Slice> {
    let watermarks = parts.iter().map(|(_, part)| part.series().watermark(now_s));
    let until = if how == Together::AnyDown { watermarks.max() } else { watermarks.min() };
    let Some(until_s) = until.flatten() else { return vec![] };
    let fine = parts.iter().map(|(_, part)| part.series().slice_s()).fold(draft.slice_s, least_common);
    let widths = Widths::of(fine, left_out);
    let mut slices = Vec::new();
    let mut start_s = from_s.div_euclid(widths.hourly_s) * widths.hourly_s;
    while start_s < until_s {
        let width_s = widths.at(start_s, now_s);
        if start_s + width_s <= until_s {
            slices.extend(cell(draft, how, parts, start_s, width_s));
        }
        start_s += width_s;
    }
    slices
}

/// How wide cells are; each width is so many of the one before.
struct Widths {
    fine_s: i64,
    coarse_s: i64,
    hourly_s: i64,
    /// Where something that is left out begins or ends, in order.
    edges: Vec<i64>,
}

impl Widths {
    fn of(fine_s: i64, left_out: &[(i64, i64)]) -> Self {
        let mut edges: Vec<i64> = left_out.iter().flat_map(|(from_s, to_s)| [*from_s, *to_s]).collect();
        edges.sort_unstable();
        let coarse_s = least_common(fine_s, COARSE_S);
        Self { fine_s, coarse_s, hourly_s: least_common(coarse_s, HOUR_S), edges }
    }

    /// That of the cell that begins here. A wide one begins only where its width does, so that none
    /// overlaps those before.
    fn at(&self, start_s: i64, now_s: i64) -> i64 {
        let fits = |width_s: i64| start_s.rem_euclid(width_s) == 0 && !self.is_cut(start_s, start_s + width_s);
        match now_s - start_s {
            age if age > HOURLY_FROM_S && fits(self.hourly_s) => self.hourly_s,
            age if age > FINE_FOR_S && fits(self.coarse_s) => self.coarse_s,
            _ => self.fine_s,
        }
    }

    fn is_cut(&self, from_s: i64, to_s: i64) -> bool {
        let next = self.edges.partition_point(|edge| *edge <= from_s);
        self.edges.get(next).is_some_and(|edge| *edge < to_s)
    }
}

fn cell(draft: &ObjectiveDraft, how: Together, parts: &[(f64, Arc<One>)], start_s: i64, width_s: i64) -> Option<Slice> {
    let sums: Vec<Sum> = parts.iter().map(|(_, part)| part.series().sum(start_s, start_s + width_s)).collect();
    if how != Together::AnyDown && sums.iter().any(|sum| sum.measured_s < width_s) {
        return None;
    }
    let errors = |sum: &Sum| sum.error_ratio().unwrap_or(0.0);
    let good = match how {
        Together::Series => composite::series(sums.iter().map(|sum| Some(1.0 - errors(sum))))?,
        Together::Weighted => {
            let weights: f64 = parts.iter().map(|(weight, _)| weight).sum();
            1.0 - parts.iter().zip(&sums).map(|((weight, _), sum)| weight * errors(sum)).sum::<f64>() / weights
        }
        Together::AnyDown => {
            let is_good = |(part, sum): (&Arc<One>, &Sum)| {
                // Where slices are counted, one that is bad is down; where events are, one that
                // fails more than it may.
                let target = &part.objective().draft;
                let allowed = if target.method.counts_time() { 0.0 } else { target.target.budget() };
                (sum.measured_s >= width_s).then(|| !is_above(errors(sum), allowed))
            };
            f64::from(u8::from(composite::any_down(parts.iter().map(|(_, part)| part).zip(&sums).map(is_good))?))
        }
    };
    let target = draft.slice_target.map(Target::ratio);
    let one = to_slice(draft.method, target, Slice { start_s, width_s, good, total: 1.0 })?;
    #[allow(clippy::cast_precision_loss)] // some slices
    let units = width_s as f64 / draft.slice_s as f64;
    Some(Slice { good: one.good * units, total: one.total * units, ..one })
}

fn least_common(a: i64, b: i64) -> i64 {
    let (mut x, mut y) = (a.max(1), b.max(1));
    while y != 0 {
        (x, y) = (y, x % y);
    }
    a / x * b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_hold_whole_slices_of_every_part() {
        assert_eq!((least_common(60, 300), least_common(120, 300), least_common(300, 300)), (300, 600, 300));
    }

    #[test]
    fn old_cells_are_wide_but_for_what_is_left_out() {
        let old_s = 100 * 86_400;
        // From eight past one to the end of the hour.
        let widths = Widths::of(120, &[(HOUR_S + 480, 2 * HOUR_S)]);
        let laid = |now_s: i64| {
            let (mut start_s, mut cells) = (0, Vec::new());
            while start_s < 3 * HOUR_S {
                cells.push((start_s, widths.at(start_s, now_s)));
                start_s += widths.at(start_s, now_s);
            }
            cells
        };
        let coarse = |from_s: i64, to_s: i64| (from_s / 600..to_s / 600).map(|n| (n * 600, 600));
        let fine = (0..5).map(|n| (HOUR_S + n * 120, 120));
        let of_an_hour: Vec<(i64, i64)> =
            [(0, HOUR_S)].into_iter().chain(fine.clone()).chain(coarse(HOUR_S + 600, 2 * HOUR_S)).chain([(2 * HOUR_S, HOUR_S)]).collect();
        assert_eq!(laid(old_s), of_an_hour);
        let of_minutes: Vec<(i64, i64)> = coarse(0, HOUR_S).chain(fine).chain(coarse(HOUR_S + 600, 3 * HOUR_S)).collect();
        assert_eq!(laid(10 * 86_400), of_minutes);
        assert_eq!(widths.at(0, 3_600), 120);
    }
}
