//! One objective made of several.
//!
//! Percentages of services with different traffic are never averaged: each way here says what it
//! assumes. Where a member without data could change the answer there is none, because silence of
//! one part says nothing of the rest.

use super::budget::Counts;

/// Members in series, every request passing all of them: the product of their SLIs, which takes
/// their failures to be independent. `None` without members or when one has no data.
pub fn series(members: impl IntoIterator<Item = Option<f64>>) -> Option<f64> {
    let mut product = None;
    for sli in members {
        product = Some(product.unwrap_or(1.0) * sli?);
    }
    product
}

/// One slice of a whole that is down when any member is. A bad member decides even if another one
/// was not measured; otherwise a missing one leaves the slice unmeasured, as does having none.
pub fn any_down(members: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    let (mut some, mut missing) = (false, false);
    for good in members {
        match good {
            Some(false) => return Some(false),
            Some(true) => some = true,
            None => missing = true,
        }
    }
    (some && !missing).then_some(true)
}

/// The error ratio of the whole when its members weigh differently: `Σ wᵢ eᵢ ÷ Σ wᵢ`, `eᵢ` being
/// the error ratio of one member (OpenSLO's and Nobl9's weighted composite). Weights are positive;
/// a member of weight 0 does not count, not even by missing. `None` when a member that counts has
/// no data, when none counts, or when a weight is no such number.
pub fn weighted(members: impl IntoIterator<Item = (f64, Counts)>) -> Option<f64> {
    let (mut bad, mut weights) = (0.0, 0.0);
    for (weight, counts) in members {
        if !weight.is_finite() || weight < 0.0 {
            return None;
        }
        if weight > 0.0 {
            bad += weight * counts.error_ratio()?;
            weights += weight;
        }
    }
    (weights > 0.0).then(|| bad / weights)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counts(good: f64, total: f64) -> Counts {
        Counts { good, total }
    }

    #[test]
    fn parts_in_series_multiply() {
        assert_eq!(series([Some(0.9), Some(0.5)]), Some(0.45));
        assert_eq!(series([Some(0.9), None]), None);
        assert_eq!(series([]), None);
    }

    #[test]
    fn one_part_down_is_the_whole_down() {
        assert_eq!(any_down([Some(true), Some(true)]), Some(true));
        assert_eq!(any_down([Some(true), None, Some(false)]), Some(false));
        assert_eq!(any_down([Some(true), None]), None);
        assert_eq!(any_down([]), None);
    }

    #[test]
    fn weights_count_shares_and_not_traffic() {
        let members = [(3.0, counts(90.0, 100.0)), (1.0, counts(500_000.0, 1_000_000.0))];
        assert_eq!(weighted(members), Some(0.2));
        assert_eq!(weighted([(1.0, counts(1.0, 1.0)), (1.0, Counts::default())]), None);
        assert_eq!(weighted([(1.0, counts(1.0, 2.0)), (0.0, Counts::default())]), Some(0.5));
        for odd in [-1.0, f64::NAN, f64::INFINITY, 0.0] {
            assert_eq!(weighted([(odd, counts(1.0, 2.0))]), None, "{odd}");
        }
    }

    proptest! {
        #[test]
        fn the_whole_is_no_better_than_its_worst_part_in_series(slis in prop::collection::vec(0.0..=1.0_f64, 1..8)) {
            let whole = series(slis.iter().copied().map(Some)).expect("all have data");
            prop_assert!(slis.iter().all(|sli| whole <= *sli + 1e-12));
        }

        #[test]
        fn a_weighted_whole_lies_between_its_parts(members in prop::collection::vec((0.1..9.0_f64, 0_u32..100, 1_u32..100), 1..8)) {
            let members: Vec<_> = members.into_iter().map(|(weight, good, bad)| (weight, counts(f64::from(good), f64::from(good + bad)))).collect();
            let whole = weighted(members.iter().copied()).expect("all have data");
            let each: Vec<f64> = members.iter().filter_map(|(_, counts)| counts.error_ratio()).collect();
            prop_assert!(whole >= each.iter().copied().fold(f64::INFINITY, f64::min) - 1e-12);
            prop_assert!(whole <= each.iter().copied().fold(0.0, f64::max) + 1e-12);
        }
    }
}
