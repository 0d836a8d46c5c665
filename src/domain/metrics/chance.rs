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
    let low = n.checked_sub(1).map_or(0.0, |less| root(0.0, widest, |mean| 1.0 - poisson(less, mean) >= TAIL));
    (low, root(0.0, widest, |mean| poisson(n, mean) <= TAIL))
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
    let low = k.checked_sub(1).map_or(0.0, |less| root(0.0, 1.0, |share| 1.0 - binomial(less, n, share) >= TAIL));
    let high = if k >= n { 1.0 } else { root(0.0, 1.0, |share| binomial(k, n, share) <= TAIL) };
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

/// The chance of at most `k` where `mean` are expected. In logarithms, because single chances of
/// large counts are very small.
#[allow(clippy::cast_precision_loss)] // counts
fn poisson(k: u64, mean: f64) -> f64 {
    let mut log = -mean;
    let mut sum = log.exp();
    for i in 1..=k {
        log += mean.ln() - (i as f64).ln();
        sum += log.exp();
    }
    sum.min(1.0)
}

/// The chance of at most `k` of `n`, each with the same chance.
#[allow(clippy::cast_precision_loss)] // counts
fn binomial(k: u64, n: u64, chance: f64) -> f64 {
    let mut log = n as f64 * (1.0 - chance).ln();
    let mut sum = log.exp();
    for i in 0..k {
        log += ((n - i) as f64).ln() - ((i + 1) as f64).ln() + chance.ln() - (1.0 - chance).ln();
        sum += log.exp();
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
    fn many_are_told_as_the_sums_would_tell_them() {
        let count = |n: u64| ((of_a_count(n).0 - n as f64) / (n as f64).sqrt(), (of_a_count(n).1 - n as f64) / (n as f64).sqrt());
        assert!(near(count(MANY), count(MANY + 1), 1e-3), "{:?} {:?}", count(MANY), count(MANY + 1));
        assert!(near(of_a_share(2500, MANY), of_a_share(2501, MANY + 2), 5e-4));
        assert!(of_a_count(10_000_000).0 > 9_993_000.0);
    }
}
