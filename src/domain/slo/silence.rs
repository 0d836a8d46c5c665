//! Whether a data source has gone silent: one thing, however many objectives wait for its readings.
//!
//! It is silent when it does not answer, or when it answers and nobody who asks it learns anything.
//! Where others learn something, an objective that does not is silent on its own.

use super::frame::STALE_S;

/// An objective that asks the source and has had a reading of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Where its last slice ended, in seconds since 1970.
    pub watermark_s: i64,
    /// Its readings are late.
    pub is_stale: bool,
    /// So late that it is told, unless it was told of it alone already.
    pub is_dead: bool,
}

/// What is told of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// It is as it was: nobody is missing it.
    None,
    /// Nothing came of it since this second.
    Begins { last_s: i64 },
    /// It was told, and still holds.
    GoesOn,
    /// Readings come again, or nobody waits for them any more.
    Ends,
}

impl Silence {
    /// `told_s` is where the last slice of all ended when the silence was told, while it is.
    pub fn of(is_down: bool, told_s: Option<i64>, waiting: &[Waiting], now_s: i64) -> Self {
        let last_s = waiting.iter().map(|one| one.watermark_s).max();
        match (told_s, last_s) {
            (None, None) => Silence::None,
            (None, Some(last_s)) => {
                let is_missed = waiting.iter().any(|one| one.is_dead);
                // Not every slice ends at the same second; what is this close went silent together.
                let together = waiting.iter().filter(|one| one.is_stale && last_s - one.watermark_s <= STALE_S).count();
                let is_mute = now_s - last_s > STALE_S && together > 1;
                if is_missed && (is_down || is_mute) { Silence::Begins { last_s } } else { Silence::None }
            }
            (Some(told_s), Some(last_s)) if last_s <= told_s && waiting.iter().any(|one| one.is_stale) => Silence::GoesOn,
            (Some(_), _) => Silence::Ends,
        }
    }

    /// Whether it stands for its objectives: none of them is told of alone.
    pub fn is_told(self) -> bool {
        matches!(self, Silence::Begins { .. } | Silence::GoesOn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_S: i64 = 1_000_000;

    /// Objectives whose last slice ended so many seconds ago.
    fn waiting(ages: &[i64]) -> Vec<Waiting> {
        let one = |age: &i64| Waiting { watermark_s: NOW_S - age, is_stale: *age > STALE_S, is_dead: *age > STALE_S };
        ages.iter().map(one).collect()
    }

    #[test]
    fn a_source_that_does_not_answer_is_told_of_once_its_first_objective_is_missed() {
        assert_eq!(Silence::of(true, None, &waiting(&[300, 300]), NOW_S), Silence::None, "nobody misses it yet");
        assert_eq!(Silence::of(true, None, &waiting(&[601, 300]), NOW_S), Silence::Begins { last_s: NOW_S - 300 });
        assert_eq!(Silence::of(true, None, &waiting(&[601]), NOW_S), Silence::Begins { last_s: NOW_S - 601 });
        assert_eq!(Silence::of(true, None, &[], NOW_S), Silence::None);
    }

    #[test]
    fn one_query_alone_is_not_its_source() {
        assert_eq!(Silence::of(false, None, &waiting(&[700]), NOW_S), Silence::None);
        assert_eq!(Silence::of(false, None, &waiting(&[700, 30, 30]), NOW_S), Silence::None, "others learn something");
        assert_eq!(Silence::of(false, None, &waiting(&[700, 5_000]), NOW_S), Silence::None, "they went silent one after the other");
        assert_eq!(Silence::of(false, None, &waiting(&[700, 720]), NOW_S), Silence::Begins { last_s: NOW_S - 700 }, "it answers, and says nothing to anybody");
    }

    #[test]
    fn it_ends_with_the_first_reading() {
        let told = Some(NOW_S - 700);
        assert_eq!(Silence::of(false, told, &waiting(&[700, 720]), NOW_S), Silence::GoesOn, "it answers again, and nothing came yet");
        assert_eq!(Silence::of(true, told, &waiting(&[700, 720]), NOW_S), Silence::GoesOn);
        assert_eq!(Silence::of(false, told, &waiting(&[700, 60]), NOW_S), Silence::Ends);
        assert_eq!(Silence::of(true, told, &[], NOW_S), Silence::Ends, "nobody asks it any more");
    }
}
