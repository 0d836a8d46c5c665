//! Where the 95th percentile lies when only the share within a threshold is kept: at most there, or
//! above. It is never said more exactly than that.

use super::lines::Member;

/// The share that has to be within the threshold.
const SHARE: f64 = 0.95;

/// On which side of its threshold a percentile lies, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    AtMost(f64),
    Above(f64),
}

/// What a bound says about a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Met,
    Missed,
    /// The threshold lies on the other side of the target: it may be met or missed.
    Open,
}

impl Bound {
    /// `None` for what is not about latency.
    pub fn of(member: &Member) -> Option<Self> {
        let within_s = member.within_s?;
        // A share is made from sums: what is 95 % but for the last bit is 95 %.
        Some(if member.value >= SHARE - 1e-9 { Bound::AtMost(within_s) } else { Bound::Above(within_s) })
    }

    pub fn judged(self, target_s: f64) -> Verdict {
        match self {
            Bound::AtMost(secs) if secs <= target_s + 1e-9 => Verdict::Met,
            Bound::Above(secs) if secs >= target_s - 1e-9 => Verdict::Missed,
            Bound::AtMost(_) | Bound::Above(_) => Verdict::Open,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_lies_on_the_side_that_the_share_says() {
        let member = |value, within_s| Member { name: String::new(), title: String::new(), value, n: 1_000, within_s };
        assert_eq!(Bound::of(&member(0.95, Some(0.3))), Some(Bound::AtMost(0.3)));
        assert_eq!(Bound::of(&member(0.949, Some(0.3))), Some(Bound::Above(0.3)));
        assert_eq!(Bound::of(&member(0.99, None)), None);
    }

    #[test]
    fn what_the_threshold_cannot_tell_stays_open() {
        assert_eq!(
            [Bound::AtMost(0.3), Bound::AtMost(0.5), Bound::Above(0.2), Bound::Above(0.3)].map(|bound| bound.judged(0.3)),
            [Verdict::Met, Verdict::Open, Verdict::Open, Verdict::Missed]
        );
    }
}
