//! Chance that repeats: the same seed always throws the same, whatever the machine and whichever
//! version of any crate.

/// A throw after another. The numbers are SplitMix64's, which need no warming up.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// `purpose` keeps series of one seed apart, so that one may grow without changing another.
    pub fn new(seed: u64, purpose: &str) -> Self {
        let mixed = purpose.bytes().fold(seed, |mixed, byte| Dice(mixed ^ u64::from(byte)).next());
        Self(mixed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Sixty-four of them, for names that nothing else has.
    pub fn bits(&mut self) -> u64 {
        self.next()
    }

    /// From 0 up to, but not including, 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// From `low` up to and including `high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.unit() * (high - low + 1) as f64) as i64
    }

    /// One of them; the lists of the demo are never empty.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.index(from.len())]
    }

    /// A place in a list of this length.
    pub fn index(&mut self, length: usize) -> usize {
        ((self.unit() * length as f64) as usize).min(length.saturating_sub(1))
    }

    /// One of them, each as often as its weight says.
    pub fn weighted<'a, T>(&mut self, from: &'a [T], weight: impl Fn(&T) -> f64) -> &'a T {
        let whole: f64 = from.iter().map(&weight).sum();
        let mut left = self.unit() * whole;
        for one in from {
            left -= weight(one);
            if left < 0.0 {
                return one;
            }
        }
        self.pick(from)
    }

    /// Seconds around `median`, as people and machines take them: mostly near it, now and then
    /// several times as long.
    pub fn about(&mut self, median_secs: f64) -> i64 {
        let normal = (-2.0 * (1.0 - self.unit()).ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos();
        (median_secs * (0.6 * normal).exp()).round().max(1.0) as i64
    }

    /// Without repeats, in their own order; at most as many as there are.
    pub fn some<'a, T>(&mut self, from: &'a [T], count: usize) -> Vec<&'a T> {
        let mut left = count.min(from.len());
        let mut chosen = Vec::with_capacity(left);
        for (index, one) in from.iter().enumerate() {
            if self.unit() * ((from.len() - index) as f64) < left as f64 {
                chosen.push(one);
                left -= 1;
            }
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_throws_the_same_and_another_purpose_does_not() {
        let throws = |seed, purpose: &str| {
            let mut dice = Dice::new(seed, purpose);
            (0..5).map(|_| dice.between(0, 1_000_000)).collect::<Vec<_>>()
        };
        assert_eq!(throws(7, "history"), throws(7, "history"));
        assert_ne!(throws(7, "history"), throws(7, "life"));
        assert_ne!(throws(7, "history"), throws(8, "history"));
    }

    #[test]
    fn throws_stay_within_their_bounds_and_reach_them() {
        let mut dice = Dice::new(1, "");
        let thrown: Vec<i64> = (0..1_000).map(|_| dice.between(-1, 1)).collect();
        assert!([-1, 0, 1].iter().all(|side| thrown.contains(side)) && thrown.iter().all(|side| (-1..=1).contains(side)));
        assert_eq!(dice.some(&[1, 2, 3], 5), [&1, &2, &3]);
        assert_eq!(dice.some(&[1, 2, 3], 2).len(), 2);
        assert!((0..100).all(|_| *dice.weighted(&[0, 1], |side| f64::from(*side)) == 1));
    }

    #[test]
    fn spans_lie_around_their_median() {
        let mut dice = Dice::new(1, "");
        let mut spans: Vec<i64> = (0..2_001).map(|_| dice.about(300.0)).collect();
        spans.sort_unstable();
        assert!((270..330).contains(&spans[1_000]), "{}", spans[1_000]);
        assert!(spans[0] >= 1 && spans[2_000] > 900);
    }
}
