//! Durations in little room: an exponential histogram with a known relative error.
//!
//! Buckets are those of OpenTelemetry's exponential histogram at scale 5: their upper bounds are
//! powers of 2^(1/32), so the middle of a bucket is within 1.1 % of everything in it. Only
//! buckets that hold something take room (eight bytes), which a minute of one operation needs
//! far more than a dense row. The libraries for this keep their buckets to themselves and so
//! can neither count above a threshold nor fill a heatmap's rows.

use serde::{Deserialize, Serialize};

/// Buckets for each doubling.
const PER_DOUBLING: f64 = 32.0;

/// What [`Sketch::quantile`] is off by at most, as a share of the exact value.
pub const RELATIVE_ERROR: f64 = 0.011;

/// Durations in microseconds. Those under one microsecond count as zero.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sketch {
    /// How many were under a microsecond.
    zeros: u64,
    sum_micros: u64,
    max_micros: u64,
    /// Bucket `i` holds from 2^(i/32) to less than 2^((i+1)/32) microseconds; in order, none empty.
    buckets: Vec<(u16, u32)>,
}

/// So many times fewer buckets are added one by one, without writing all of them anew.
const FEW_AMONG: usize = 8;

impl Sketch {
    pub fn add(&mut self, micros: i64) {
        self.add_times(micros, 1);
    }

    /// As if it had been added so many times.
    pub fn add_times(&mut self, micros: i64, times: u32) {
        if times == 0 {
            return;
        }
        let micros = micros.max(0).unsigned_abs();
        self.sum_micros = self.sum_micros.saturating_add(micros.saturating_mul(times.into()));
        self.max_micros = self.max_micros.max(micros);
        if micros == 0 {
            self.zeros += u64::from(times);
            return;
        }
        self.add_to(((micros as f64).log2() * PER_DOUBLING) as u16, times);
    }

    fn add_to(&mut self, index: u16, times: u32) {
        match self.buckets.binary_search_by_key(&index, |bucket| bucket.0) {
            Ok(at) => self.buckets[at].1 = self.buckets[at].1.saturating_add(times),
            Err(at) => self.buckets.insert(at, (index, times)),
        }
    }

    /// As if everything of the other had been added here.
    pub fn merge(&mut self, other: &Self) {
        self.zeros += other.zeros;
        self.sum_micros = self.sum_micros.saturating_add(other.sum_micros);
        self.max_micros = self.max_micros.max(other.max_micros);
        if self.buckets.is_empty() {
            self.buckets.clone_from(&other.buckets);
            return;
        }
        // A minute of little traffic into a day: few go to where there are many already.
        if other.buckets.len() * FEW_AMONG <= self.buckets.len() {
            other.buckets.iter().for_each(|&(index, times)| self.add_to(index, times));
            return;
        }
        let mut merged = Vec::with_capacity(self.buckets.len().max(other.buckets.len()));
        let (mut mine, mut theirs) = (self.buckets.iter().copied().peekable(), other.buckets.iter().copied().peekable());
        loop {
            merged.push(match (mine.peek(), theirs.peek()) {
                (Some(a), Some(b)) if a.0 == b.0 => (a.0, mine.next().map_or(0, |a| a.1).saturating_add(theirs.next().map_or(0, |b| b.1))),
                (Some(a), Some(b)) if a.0 > b.0 => theirs.next().unwrap_or_default(),
                (Some(_), _) => mine.next().unwrap_or_default(),
                (None, Some(_)) => theirs.next().unwrap_or_default(),
                (None, None) => break,
            });
        }
        self.buckets = merged;
    }

    /// How many were added.
    pub fn n(&self) -> u64 {
        self.zeros + self.buckets.iter().map(|bucket| u64::from(bucket.1)).sum::<u64>()
    }

    /// Exact; `None` of nothing.
    pub fn mean_micros(&self) -> Option<f64> {
        let n = self.n();
        (n > 0).then(|| self.sum_micros as f64 / n as f64)
    }

    /// The nearest-rank quantile, within [`RELATIVE_ERROR`]; `None` of nothing.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let n = self.n();
        if n == 0 {
            return None;
        }
        let rank = ((q.clamp(0.0, 1.0) * n as f64).ceil() as u64).max(1);
        let mut seen = self.zeros;
        if rank <= seen {
            return Some(0.0);
        }
        for &(index, count) in &self.buckets {
            seen += u64::from(count);
            if rank <= seen {
                // The middle by ratio: as far from the lower bound as from the upper one.
                return Some(((f64::from(index) + 0.5) / PER_DOUBLING).exp2().min(self.max_micros as f64));
            }
        }
        Some(self.max_micros as f64)
    }

    /// How many took longer. The bucket that the threshold cuts counts by the share above it.
    pub fn above(&self, micros: f64) -> f64 {
        if micros < 1.0 {
            let all = self.n() as f64;
            return if micros < 0.0 { all } else { all - self.zeros as f64 };
        }
        let cut = micros.log2() * PER_DOUBLING;
        self.buckets.iter().map(|&(index, count)| f64::from(count) * (f64::from(index) + 1.0 - cut).clamp(0.0, 1.0)).sum()
    }

    /// How many fall between each two bounds (in microseconds, ascending): the first number is what
    /// lies below the first bound, the last what lies above the last. They sum to [`Sketch::n`].
    pub fn between(&self, bounds_micros: &[f64]) -> Vec<u64> {
        let n = self.n();
        let mut left = n;
        let mut counts: Vec<u64> = bounds_micros
            .iter()
            .map(|&bound| {
                let above = (self.above(bound).round() as u64).min(left);
                let here = left - above;
                left = above;
                here
            })
            .collect();
        counts.push(left);
        counts
    }
}

/// The bounds of a heatmap's rows: eight to a decade, both ends included, in microseconds.
pub fn rows(from_decade: i32, to_decade: i32) -> Vec<f64> {
    (from_decade * 8..=to_decade * 8).map(|eighth| 10_f64.powf(f64::from(eighth) / 8.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(micros: &[i64]) -> Sketch {
        let mut sketch = Sketch::default();
        micros.iter().for_each(|micros| sketch.add(*micros));
        sketch
    }

    /// From a microsecond to hours, evenly by size.
    fn durations() -> impl Strategy<Value = Vec<i64>> {
        proptest::collection::vec((0.0_f64..34.0).prop_map(|size| size.exp2() as i64), 1..200)
    }

    proptest! {
        #[test]
        fn quantiles_are_within_the_stated_error(mut micros in durations(), q in 0.0_f64..=1.0) {
            let sketch = of(&micros);
            micros.sort_unstable();
            let rank = ((q * micros.len() as f64).ceil() as usize).max(1);
            let exact = micros[rank - 1] as f64;
            let told = sketch.quantile(q).expect("it holds something");
            prop_assert!((told - exact).abs() <= RELATIVE_ERROR * exact, "{told} for {exact}");
        }

        #[test]
        fn merging_is_as_if_all_had_been_added_to_one(a in durations(), b in durations()) {
            let mut merged = of(&a);
            merged.merge(&of(&b));
            prop_assert_eq!(&merged, &of(&[a.clone(), b.clone()].concat()));
            prop_assert_eq!(merged.n(), (a.len() + b.len()) as u64);
            let mean = a.iter().chain(&b).sum::<i64>() as f64 / merged.n() as f64;
            prop_assert!((merged.mean_micros().expect("it holds something") / mean.max(1.0) - 1.0).abs() < 1e-9 || mean == 0.0);
        }

        #[test]
        fn what_is_above_is_right_but_for_the_bucket_that_is_cut(micros in durations(), bound in 0.0_f64..34.0) {
            let bound = bound.exp2();
            let above = of(&micros).above(bound);
            let surely = micros.iter().filter(|micros| **micros as f64 > bound * 1.022).count() as f64;
            let perhaps = micros.iter().filter(|micros| **micros as f64 > bound / 1.022).count() as f64;
            prop_assert!((surely..=perhaps).contains(&above), "{surely} {above} {perhaps}");
        }

        #[test]
        fn rows_hold_everything_once(micros in durations()) {
            let sketch = of(&micros);
            prop_assert_eq!(sketch.between(&rows(4, 7)).iter().sum::<u64>(), sketch.n());
        }
    }

    #[test]
    fn rows_are_eight_to_a_decade() {
        let bounds = rows(4, 7);
        assert_eq!((bounds.len(), bounds[0].round(), bounds[24].round()), (25, 10_000.0, 10_000_000.0));
        // 9 ms lies below the first row, 12 ms in it, 20 s above the last.
        let counts = of(&[9_000, 12_000, 20_000_000]).between(&bounds);
        assert_eq!((counts.len(), counts[0], counts[1], counts[25]), (26, 1, 1, 1));
    }

    #[test]
    fn nothing_has_no_quantile_and_zero_is_a_duration() {
        assert_eq!((Sketch::default().quantile(0.5), Sketch::default().mean_micros()), (None, None));
        let zeros = of(&[0, -5, 0]);
        assert_eq!((zeros.n(), zeros.quantile(0.5), zeros.above(0.0), zeros.above(-1.0)), (3, Some(0.0), 0.0, 3.0));
    }
}
