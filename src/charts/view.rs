//! Which part of a time is looked at: closer, further away, earlier, later, and all of it again.

use crate::domain::time::Timestamp;

/// Closer than this nobody looks: readings cover minutes.
const CLOSEST_US: i64 = 3_600 * 1_000_000;

/// From one instant up to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    pub from: Timestamp,
    pub until: Timestamp,
}

impl View {
    fn micros(self) -> i64 {
        self.until.micros_since(self.from).max(0)
    }

    fn long(from: i64, micros: i64) -> Self {
        Self { from: Timestamp::from_micros(from), until: Timestamp::from_micros(from + micros) }
    }

    /// The same length, moved to where there is something; all of `whole` where it is longer.
    pub fn inside(self, whole: View) -> Self {
        let micros = self.micros().min(whole.micros());
        Self::long(self.from.micros().clamp(whole.from.micros(), whole.until.micros() - micros), micros)
    }

    fn middle(self) -> i64 {
        self.from.micros() + self.micros() / 2
    }

    /// Half of it; what is at `around` stays in its place.
    pub fn closer(self, whole: View, around: Option<Timestamp>) -> Self {
        self.scaled(whole, (self.micros() / 2).max(CLOSEST_US), around)
    }

    /// Twice as much of it.
    pub fn further(self, whole: View, around: Option<Timestamp>) -> Self {
        self.scaled(whole, self.micros().saturating_mul(2), around)
    }

    fn scaled(self, whole: View, micros: i64, around: Option<Timestamp>) -> Self {
        let fixed = around.map_or(self.middle(), |at| at.micros().clamp(self.from.micros(), self.until.micros()));
        let before = i128::from(fixed - self.from.micros()) * i128::from(micros) / i128::from(self.micros().max(1));
        // Within `micros`, which is an i64.
        Self::long(fixed.saturating_sub(i64::try_from(before).unwrap_or(0)), micros).inside(whole)
    }

    /// By half of what is seen, so that the other half is still known.
    pub fn moved(self, whole: View, forward: bool) -> Self {
        let by = if forward { self.micros() / 2 } else { -(self.micros() / 2) };
        Self::long(self.from.micros().saturating_add(by), self.micros()).inside(whole)
    }

    pub fn is_closest(self) -> bool {
        self.micros() <= CLOSEST_US
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400 * 1_000_000;

    fn view(from: i64, until: i64) -> View {
        View { from: Timestamp::from_micros(from), until: Timestamp::from_micros(until) }
    }

    #[test]
    fn closer_keeps_its_middle_or_what_is_marked_in_place() {
        let whole = view(0, 40 * DAY);
        assert_eq!(whole.closer(whole, None), view(10 * DAY, 30 * DAY));
        let marked = Some(Timestamp::from_micros(4 * DAY));
        assert_eq!(whole.closer(whole, marked), view(2 * DAY, 22 * DAY));
        assert_eq!(whole.closer(whole, marked).further(whole, marked), whole);
        assert_eq!(view(10 * DAY, 20 * DAY).closer(whole, Some(Timestamp::from_micros(30 * DAY))), view(15 * DAY, 20 * DAY), "what is not seen is an edge");
    }

    #[test]
    fn nothing_leads_outside_or_closer_than_an_hour() {
        let whole = view(0, 40 * DAY);
        let mut closest = whole;
        for _ in 0..40 {
            closest = closest.closer(whole, None);
        }
        assert!(closest.is_closest() && closest.micros() == CLOSEST_US && !whole.is_closest());
        assert_eq!(view(30 * DAY, 40 * DAY).moved(whole, true), view(30 * DAY, 40 * DAY));
        assert_eq!(view(30 * DAY, 40 * DAY).moved(whole, false), view(25 * DAY, 35 * DAY));
        assert_eq!(view(0, 10 * DAY).further(whole, None), view(0, 20 * DAY));
        assert_eq!(view(30 * DAY, 40 * DAY).further(whole, None).further(whole, None), whole);
        // The window has moved on beneath somebody who looks at its beginning.
        assert_eq!(view(0, 10 * DAY).inside(view(5 * DAY, 45 * DAY)), view(5 * DAY, 15 * DAY));
        let short = view(0, CLOSEST_US / 2);
        assert_eq!((short.closer(short, None), view(7, 7).inside(whole)), (short, view(7, 7)));
    }
}
