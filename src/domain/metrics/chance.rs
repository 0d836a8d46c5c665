//! What chance does to counts: exact 95 % intervals.

/// In each tail.
const TAIL: f64 = 0.025;
/// The two-sided 95 % point of the normal distribution.
const Z: f64 = 1.959_963_985;
/// Above so many the sums are long and the normal distribution is as good as they are.
const MANY: u64 = 5_000;

/// The expectations that would give this count by chance (Garwood, "Fiducial limits for the
/// Poisson distribution", Biometrika 28, 1936).
#[allow(clippy::cast_precision_loss)] // a count
pub fn of_a_count(n: u64) -> (f64, f64) {
    let count = n as f64;
    if n > MANY {
        // Wilson and Hilferty's roots of the chi-squared points.
        let point = |n: f64, z: f64| n * (1.0 - 1.0 / (9.0 * n) + z / (3.0 * n.sqrt())).powi(3);
        return (point(count, -Z), point(count + 1.0, Z));
    }
    let widest = count + 10.0 * (count + 1.0).sqrt() + 10.0;
    let ways = Ways::of(n);
    let low = n.checked_sub(1).map_or(0.0, |less| root(0.0, widest, |mean| 1.0 - poisson(&ways, less, mean) >= TAIL));
    (low, root(0.0, widest, |mean| poisson(&ways, n, mean) <= TAIL))
}

/// The shares that would give `k` of `n` by chance (Clopper and Pearson, 1934). Nothing of nothing
/// may be any share.
#[allow(clippy::cast_precision_loss)] // counts
pub fn of_a_share(k: u64, n: u64) -> (f64, f64) {
    if n > MANY {
        // Wilson's interval.
        let (n, share) = (n as f64, k as f64 / n as f64);
        let (middle, width) = ((share + Z * Z / (2.0 * n)), Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt());
        return ((middle - width) / (1.0 + Z * Z / n), (middle + width) / (1.0 + Z * Z / n));
    }
    let ways = Ways::of(n);
    let low = k.checked_sub(1).map_or(0.0, |less| root(0.0, 1.0, |share| 1.0 - binomial(&ways, less, n, share) >= TAIL));
    let high = if k >= n { 1.0 } else { root(0.0, 1.0, |share| binomial(&ways, k, n, share) <= TAIL) };
    (low, high)
}

/// Where `is_beyond`, which is false up to some point and true from there on, changes.
fn root(low: f64, high: f64, is_beyond: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (low, high);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if is_beyond(middle) { high = middle } else { low = middle }
    }
    f64::midpoint(low, high)
}

/// The logarithms of the factorials up to some number: single chances of large counts are very small.
struct Ways(Vec<f64>);

impl Ways {
    #[allow(clippy::cast_precision_loss)] // counts
    fn of(most: u64) -> Self {
        let mut sum = 0.0;
        let of_each = (1..=most).map(|i| {
            sum += (i as f64).ln();
            sum
        });
        Self(std::iter::once(0.0).chain(of_each).collect())
    }

    fn ln(&self, n: u64) -> f64 {
        usize::try_from(n).ok().and_then(|n| self.0.get(n)).copied().unwrap_or(f64::INFINITY)
    }
}

/// The chance of at most `k` where `mean` are expected.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)] // counts
fn poisson(ways: &Ways, k: u64, mean: f64) -> f64 {
    let likeliest = k.min(mean as u64);
    let chance = (likeliest as f64 * mean.ln() - mean - ways.ln(likeliest)).exp();
    up_to(k, likeliest, chance, |i| mean / i as f64)
}

/// The chance of at most `k` of `n`, each with the same chance.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)] // counts
fn binomial(ways: &Ways, k: u64, n: u64, share: f64) -> f64 {
    let likeliest = k.min((n as f64 * share) as u64);
    let others = n - likeliest;
    let of_those = likeliest as f64 * share.ln() + others as f64 * (1.0 - share).ln();
    let chance = (ways.ln(n) - ways.ln(likeliest) - ways.ln(others) + of_those).exp();
    up_to(k, likeliest, chance, |i| (n - i + 1) as f64 / i as f64 * share / (1.0 - share))
}

/// The sum of the chances of 0 to `k`, from that of the likeliest on both ways, until one adds
/// nothing any more. `step` says how many times as likely a count is as the one before it.
fn up_to(k: u64, likeliest: u64, chance: f64, step: impl Fn(u64) -> f64) -> f64 {
    let mut sum = chance;
    let mut add = |chance: f64| {
        sum += chance;
        chance > sum * f64::EPSILON / 16.0
    };
    let mut fewer = chance;
    for i in (1..=likeliest).rev() {
        fewer /= step(i);
        if !add(fewer) {
            break;
        }
    }
    let mut more = chance;
    for i in likeliest + 1..=k {
        more *= step(i);
        if !add(more) {
            break;
        }
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near((low, high): (f64, f64), expected: (f64, f64), within: f64) -> bool {
        (low - expected.0).abs() <= within && (high - expected.1).abs() <= within
    }

    #[test]
    fn intervals_of_counts_are_those_of_garwoods_table() {
        for (n, low, high) in [(0, 0.0, 3.689), (1, 0.0253, 5.572), (3, 0.6187, 8.767), (10, 4.795, 18.39), (20, 12.22, 30.89), (100, 81.36, 121.6)] {
            assert!(near(of_a_count(n), (low, high), high * 5e-4), "{n}: {:?}", of_a_count(n));
        }
    }

    #[test]
    fn intervals_of_shares_are_those_of_clopper_and_pearson() {
        for (k, n, low, high) in [(0, 10, 0.0, 0.3085), (10, 10, 0.6915, 1.0), (5, 10, 0.1871, 0.8129), (12, 15, 0.5191, 0.9567)] {
            assert!(near(of_a_share(k, n), (low, high), 5e-4), "{k} of {n}: {:?}", of_a_share(k, n));
        }
        assert_eq!(of_a_share(0, 0), (0.0, 1.0));
    }

    #[test]
    fn chances_are_the_sums_of_single_ones() {
        // Each by its definition, added up from the smallest on.
        let of_count = |i: u64, mean: f64| (1..=i).fold((-mean).exp(), |chance, i| chance * mean / i as f64);
        for (k, mean) in [(0, 0.3), (3, 0.01), (3, 40.0), (40, 3.0), (120, 100.0), (100, 140.0)] {
            let sum: f64 = (0..=k).map(|i| of_count(i, mean)).sum();
            assert!((poisson(&Ways::of(k), k, mean) - sum).abs() < 1e-12 * sum, "{k} where {mean} are expected");
        }
        let of_share =
            |i: u64, n: u64, share: f64| (1..=i).fold((1.0 - share).powi(n as i32), |chance, i| chance * (n - i + 1) as f64 / i as f64 * share / (1.0 - share));
        for (k, n, share) in [(0, 5, 0.2), (5, 5, 0.3), (3, 90, 0.4), (80, 90, 0.4), (40, 90, 0.5)] {
            let sum: f64 = (0..=k).map(|i| of_share(i, n, share)).sum();
            assert!((binomial(&Ways::of(n), k, n, share) - sum).abs() < 1e-11 * sum, "{k} of {n} at {share}");
        }
        assert_eq!(poisson(&Ways::of(1), 1, 5_000.0), 0.0);
    }

    #[test]
    fn many_are_told_as_the_sums_would_tell_them() {
        let count = |n: u64| ((of_a_count(n).0 - n as f64) / (n as f64).sqrt(), (of_a_count(n).1 - n as f64) / (n as f64).sqrt());
        assert!(near(count(MANY), count(MANY + 1), 1e-3), "{:?} {:?}", count(MANY), count(MANY + 1));
        assert!(near(of_a_share(2500, MANY), of_a_share(2501, MANY + 2), 5e-4));
        assert!(of_a_count(10_000_000).0 > 9_993_000.0);
    }
}
