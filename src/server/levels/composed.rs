//! Objectives that are made from others: their slices are reckoned from those of their parts.
//!
//! Time is cut into cells that every part fills whole; a cell that one of them did not measure is
//! a gap, unless another one decides it by being down. A part in which nothing happened did not fail.

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
pub fn slices(draft: &ObjectiveDraft, how: Together, parts: &[(f64, Arc<One>)], from_s: i64, now_s: i64) -> Vec<Slice> {
    let watermarks = parts.iter().map(|(_, part)| part.series().watermark(now_s));
    let until = if how == Together::AnyDown { watermarks.max() } else { watermarks.min() };
    let Some(until_s) = until.flatten() else { return vec![] };
    let fine = parts.iter().map(|(_, part)| part.series().slice_s()).fold(draft.slice_s, least_common);
    let mut slices = Vec::new();
    let mut start_s = from_s.div_euclid(HOUR_S) * HOUR_S;
    while start_s < until_s {
        let width_s = match now_s - start_s {
            age if age > HOURLY_FROM_S => least_common(fine, HOUR_S),
            age if age > FINE_FOR_S => least_common(fine, COARSE_S),
            _ => fine,
        };
        // Cells of another width begin where both widths do.
        let start = start_s.div_euclid(width_s) * width_s;
        if start + width_s <= until_s {
            slices.extend(cell(draft, how, parts, start, width_s));
        }
        start_s = start + width_s;
    }
    slices
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
}
