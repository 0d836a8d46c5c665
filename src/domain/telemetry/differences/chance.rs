//! How likely a difference is by chance alone: the tests, and what many of them at once cost.

use std::f64::consts::PI;

/// Where so few came that they would be no sign whichever of the two they had come in. It is no
/// comparison, and makes others no stricter (Tarone).
pub const UNTOLD: f64 = f64::INFINITY;
/// Nothing passes that is more likely than this.
const LIKELIEST: f64 = 0.01;

/// Two counts over two exposures: the chance of a rate at least this much higher in `now` than in
/// `before`, given their sum (the exact conditional test of two Poisson rates). Counts that come in
/// bundles are divided by their design effect first.
pub fn higher_rate(now: f64, now_exposure: f64, before: f64, before_exposure: f64, design_effect: f64) -> f64 {
    if now_exposure <= 0.0 || before_exposure <= 0.0 {
        return 1.0;
    }
    let (now, before) = (now / design_effect, before / design_effect);
    let (all, share) = (now.floor() + before.round(), now_exposure / (now_exposure + before_exposure));
    if share.powf(all) > LIKELIEST { UNTOLD } else { at_least(now.floor(), all, share) }
}

/// As [`higher_rate`] where the exposures themselves are only estimates, so far off as a logarithm:
/// averaged over what their ratio may have been.
pub fn higher_rate_about(now: f64, now_exposure: f64, before: f64, before_exposure: f64, design_effect: f64, spread: f64) -> f64 {
    let exactly = higher_rate(now, now_exposure, before, before_exposure, design_effect);
    if spread <= 0.0 || exactly >= UNTOLD {
        return exactly;
    }
    let (mut sum, mut weights) = (0.0, 0.0);
    for step in -8_i32..=8 {
        let z = f64::from(step) / 2.0;
        let weight = (-z * z / 2.0).exp();
        sum += weight * higher_rate(now, now_exposure * (spread * z).exp(), before, before_exposure, design_effect).min(1.0);
        weights += weight;
    }
    sum / weights
}

/// So many of `of_now` and so many of `of_before`: the chance of a share at least this much higher
/// in `now`, given how many there are altogether (Fisher's exact test). For what cannot exceed what
/// it is of: near all of few this tells far more than [`higher_rate`] does.
///
/// What comes in bundles has all four counts divided by the design effect; the terms of the
/// hypergeometric tail are then those of the gamma function, which lie between the exact ones of the
/// whole numbers on either side.
pub fn higher_share(now: f64, of_now: f64, before: f64, of_before: f64, design_effect: f64) -> f64 {
    if of_now <= 0.0 || of_before <= 0.0 {
        return 1.0;
    }
    let design = design_effect.max(1.0);
    let (n, m) = (of_now / design, of_before / design);
    let (a, b) = (now.clamp(0.0, of_now) / design, before.clamp(0.0, of_before) / design);
    let all = ln_choose(n + m, a + b);
    let most = (a + b).min(n);
    if (ln_choose(n, most) + ln_choose(m, a + b - most) - all).exp() > LIKELIEST {
        return UNTOLD;
    }
    if a * m <= b * n {
        return 1.0;
    }
    // Beyond what is expected each next term is smaller by a known factor.
    let mut term = (ln_choose(n, a) + ln_choose(m, b) - all).exp();
    let (mut sum, mut i) = (term, 0.0);
    while n - a - i > 0.0 && b - i > 0.0 && term > sum * 1e-12 {
        term *= (n - a - i) * (b - i) / ((a + i + 1.0) * (m - b + i + 1.0));
        sum += term;
        i += 1.0;
    }
    sum.min(1.0)
}

/// How many ways there are to take `k` of `n`, as a logarithm.
fn ln_choose(n: f64, k: f64) -> f64 {
    ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma((n - k).max(0.0) + 1.0)
}

/// The chance of at least `k` of `n`, each with the same chance.
fn at_least(k: f64, n: f64, chance: f64) -> f64 {
    if k <= 0.0 || n <= 0.0 {
        return 1.0;
    }
    let k = k.min(n);
    let (mean, deviation) = (n * chance, (n * chance * (1.0 - chance)).sqrt());
    if k < mean || n > 5_000.0 {
        return normal_tail((k - 0.5 - mean) / deviation.max(f64::MIN_POSITIVE));
    }
    // Beyond the mean each next term is smaller by a known factor.
    let mut term = (ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0) + k * chance.ln() + (n - k) * (1.0 - chance).ln()).exp();
    let (mut sum, mut i) = (term, k);
    while i < n && term > sum * 1e-12 {
        term *= (n - i) / (i + 1.0) * chance / (1.0 - chance);
        sum += term;
        i += 1.0;
    }
    sum.min(1.0)
}

/// The chance that a standard normal reading is at least so high.
pub fn normal_tail(z: f64) -> f64 {
    // Chebyshev fit of the complementary error function, relative error under 1.2e-7.
    let x = z.abs() / 2.0_f64.sqrt();
    let t = 1.0 / (1.0 + 0.5 * x);
    let series = [0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368, -1.26551223];
    let fit = series.iter().fold(0.0, |sum, term| sum * t + term);
    let tail = 0.5 * t * (fit - x * x).exp();
    if z >= 0.0 { tail } else { 1.0 - tail }
}

/// A t-distributed reading as the normal one that is as unlikely (Wallace's approximation).
pub fn from_t(t: f64, degrees: f64) -> f64 {
    if degrees <= 0.0 {
        return 0.0;
    }
    t.signum() * (degrees * (t * t / degrees).ln_1p()).sqrt() * (8.0 * degrees + 1.0) / (8.0 * degrees + 3.0)
}

/// Stirling's series, shifted to where it is exact to 1e-9.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 0.0);
    while x < 8.0 {
        shift -= x.ln();
        x += 1.0;
    }
    shift + (x - 0.5) * x.ln() - x + 0.5 * (2.0 * PI).ln() + 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3)) + 1.0 / (1260.0 * x.powi(5))
}

/// Several independent chances as one (Fisher): the chance that they come out so small together.
pub fn together(p: &[f64]) -> f64 {
    let half: f64 = p.iter().map(|p| -p.max(1e-300).ln()).sum();
    let mut term = 1.0;
    let mut sum = 0.0;
    for i in 0..p.len() {
        sum += term;
        term *= half / (i as f64 + 1.0);
    }
    (sum * (-half).exp()).min(1.0)
}

/// The largest p that passes among these (Benjamini and Hochberg): where nothing differs, anything
/// passes in this share of ranges.
pub fn passing(mut p: Vec<f64>, false_alarms: f64) -> f64 {
    p.retain(|p| *p < UNTOLD);
    p.sort_by(f64::total_cmp);
    let m = p.len() as f64;
    p.iter().enumerate().rev().find(|(rank, p)| **p <= false_alarms * (*rank as f64 + 1.0) / m).map_or(0.0, |(_, p)| *p)
}

/// The middle one; `None` of nothing.
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let high = *values.get(values.len() / 2)?;
    let low = *values.get((values.len() - 1) / 2)?;
    Some((low + high) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-6 * b.abs().max(1e-12)
    }

    #[test]
    fn tails_are_those_of_the_tables() {
        assert!(close(normal_tail(1.959963985), 0.025), "{}", normal_tail(1.959963985));
        assert!(close(normal_tail(0.0), 0.5));
        assert!((normal_tail(5.0) / 2.866515719e-7 - 1.0).abs() < 1e-4);
        assert!(close(at_least(8.0, 8.0, 0.5), 1.0 / 256.0));
        // 8 or more of 10 at one half: 56 of 1024.
        assert!(close(at_least(8.0, 10.0, 0.5), 56.0 / 1024.0));
        // t of 2.228 with ten degrees is the two-sided 5 % point.
        assert!((normal_tail(from_t(2.228, 10.0)) - 0.025).abs() < 1e-3);
    }

    #[test]
    fn rates_allow_for_their_exposures_and_their_bundles() {
        assert!(higher_rate(20.0, 100.0, 20.0, 1000.0, 1.0) < 1e-8);
        assert!(higher_rate(20.0, 100.0, 200.0, 1000.0, 1.0) > 0.4);
        assert!(higher_rate(20.0, 100.0, 20.0, 1000.0, 5.0) > 1e-4);
        assert!(close(higher_rate(0.0, 1.0, 20.0, 1.0, 1.0), 1.0));
        assert_eq!(higher_rate(3.0, 1.0, 0.0, 1.0, 1.0), UNTOLD, "one in eight at best");
    }

    #[test]
    fn shares_near_all_of_few_are_told_apart() {
        // All of eleven and none of ten: one way among 352 716.
        assert!(close(higher_share(11.0, 11.0, 0.0, 10.0, 1.0), 1.0 / 352_716.0));
        // Four of five and one of five: 25 + 1 of 252.
        assert!(close(higher_share(4.0, 5.0, 1.0, 5.0, 1.0), 26.0 / 252.0));
        assert!(higher_share(11.0, 11.0, 0.0, 10.0, 1.5) < 5e-4, "bundles leave something");
        let by_bundle = [1.0, 1.2, 1.5, 2.0, 3.0].map(|bundle| higher_share(19.0, 26.0, 0.0, 17.0, bundle));
        assert!(by_bundle.is_sorted() && by_bundle[3] < 0.003, "{by_bundle:?}");
        assert_eq!(higher_share(10.0, 100.0, 10.0, 100.0, 1.0), 1.0);
        assert_eq!(higher_share(2.0, 2.0, 0.0, 2.0, 1.0), UNTOLD, "one in six at best");
        // Of rare things it says the same as two rates do.
        let (share, rate) = (higher_share(20.0, 10_000.0, 20.0, 100_000.0, 1.0), higher_rate(20.0, 10_000.0, 20.0, 100_000.0, 1.0));
        assert!((share / rate).ln().abs() < 0.1, "{share} {rate}");
    }

    #[test]
    fn what_is_counted_against_an_estimate_is_less_certain() {
        let of = |spread: f64| higher_rate_about(438.0, 44.0, 63.0, 10.0, 2.0, spread);
        assert!(of(0.0) < 0.01 && of((1.0_f64 / 44.0 + 1.0 / 10.0).sqrt()) > 0.05, "{} {}", of(0.0), of(0.35));
        // What is gone is gone.
        assert!(higher_rate_about(200.0, 44.0, 0.0, 20.0, 2.0, 0.27) < 1e-6);
    }

    #[test]
    fn what_passes_grows_stricter_with_the_comparisons() {
        assert_eq!(passing(vec![0.001, 0.5], 0.002), 0.001);
        assert_eq!(passing([vec![0.001], vec![0.5; 99]].concat(), 0.002), 0.0);
        assert_eq!(passing([vec![0.001], vec![UNTOLD; 99]].concat(), 0.002), 0.001);
        assert_eq!(passing([vec![0.0001; 10], vec![0.5; 90]].concat(), 0.002), 0.0001);
        // One alone is itself; many that say nothing say nothing.
        assert!(close(together(&[0.03]), 0.03) && together(&[0.5; 8]) > 0.4 && together(&[0.05; 8]) < 1e-4);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![]), None);
    }
}
