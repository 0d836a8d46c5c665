//! Pairs of windows by which an objective alerts, as long as its slices need them to be.
//!
//! A short window of less than two slices would let a single one decide. Such a pair is not given
//! up, because with it the fastest alert would be lost: it is lengthened until its short window
//! holds two slices. The long window grows with it, so that a twelfth stays a twelfth, and the
//! factor falls as much: it fires when the same share of the budget is spent.

use super::{ObjectiveDraft, PairDraft};
use crate::domain::slo::burn::{self, Pair, PairRefusal};

/// So many slices a short window holds at least.
const FEWEST_SLICES: i64 = 2;

/// A pair that an objective alerts by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alerted {
    pub pair: Pair,
    /// What it was before it was lengthened; absent where it is as it was given.
    pub shorter: Option<Pair>,
}

impl Alerted {
    pub fn of(pair: Pair, slice_s: i64) -> Self {
        let fitting = lengthened(&pair, slice_s);
        Self { pair: fitting, shorter: (fitting != pair).then_some(pair) }
    }

    /// Everything that keeps it from working; what was given is in the words where it was lengthened.
    fn refusals(&self, draft: &ObjectiveDraft, window_s: i64) -> Vec<String> {
        let refusals = self.pair.refusals(draft.target, window_s, draft.slice_s);
        let words = refusals.iter().map(PairRefusal::to_string);
        match self.shorter {
            Some(shorter) if !refusals.is_empty() => {
                let short = PairRefusal::ShortBelowTwoSlices { short_s: shorter.short_s, slice_s: draft.slice_s };
                let Pair { long_s, short_s, factor, .. } = self.pair;
                words.map(|words| format!("{short}; lengthened to {long_s} s and {short_s} s with a factor of {factor}: {words}")).collect()
            }
            _ => words.collect(),
        }
    }

    /// Whether both are one to whoever is alerted: the same windows, and as urgent.
    fn is_twin_of(&self, other: &Self) -> bool {
        let key = |pair: &Pair| (pair.urgency, pair.long_s, pair.short_s);
        key(&self.pair) == key(&other.pair)
    }
}

/// The pair with a short window of at least two slices, firing at the same share of the budget.
#[allow(clippy::cast_precision_loss)] // spans
fn lengthened(pair: &Pair, slice_s: i64) -> Pair {
    let fewest_s = slice_s.saturating_mul(FEWEST_SLICES);
    if pair.short_s <= 0 || pair.short_s >= fewest_s || slice_s <= 0 {
        return *pair;
    }
    // Whole slices, so that a window is as long as it says.
    let slices = i128::from(pair.long_s) * i128::from(fewest_s);
    let slices = slices.div_euclid(i128::from(pair.short_s) * i128::from(slice_s));
    let long_s = i64::try_from(slices).unwrap_or(i64::MAX).saturating_mul(slice_s).max(pair.long_s);
    Pair { long_s, short_s: fewest_s, factor: pair.factor * (pair.long_s as f64 / long_s as f64), ..*pair }
}

impl From<&PairDraft> for Pair {
    fn from(draft: &PairDraft) -> Self {
        Self { long_s: draft.long_s, short_s: draft.short_s, factor: draft.factor, urgency: draft.severity }
    }
}

impl ObjectiveDraft {
    /// The pairs it alerts by: its own, or the Workbook's as far as they can work here. Of those
    /// that lengthening made twins the one that fires first stays.
    pub fn alerted(&self) -> Vec<Alerted> {
        let Some(window_s) = self.windows.first().map(|window| window.usual_secs()) else { return Vec::new() };
        let fitting = |pair: Pair| Alerted::of(pair, self.slice_s);
        let all: Vec<Alerted> = match &self.alerting.pairs {
            Some(own) => own.iter().map(Pair::from).map(fitting).collect(),
            None => burn::pairs_for(window_s).into_iter().map(fitting).filter(|one| one.refusals(self, window_s).is_empty()).collect(),
        };
        let mut alerted: Vec<Alerted> = Vec::with_capacity(all.len());
        for one in all {
            match alerted.iter_mut().find(|known| known.is_twin_of(&one)) {
                Some(known) if one.pair.factor < known.pair.factor => *known = one,
                Some(_) => {}
                None => alerted.push(one),
            }
        }
        alerted
    }

    /// What is wrong with pairs that a person gave; [`burn`] says why.
    pub(super) fn pair_faults(&self) -> Vec<String> {
        let (Some(pairs), Some(window)) = (&self.alerting.pairs, self.windows.first()) else { return Vec::new() };
        let all: Vec<Alerted> = pairs.iter().map(|pair| Alerted::of(pair.into(), self.slice_s)).collect();
        let mut faults: Vec<String> = all.iter().flat_map(|one| one.refusals(self, window.usual_secs())).collect();
        for (place, one) in all.iter().enumerate() {
            if let Some(twin) = all[..place].iter().find(|other| other.is_twin_of(one)) {
                faults.push(self.twins(one, twin));
            }
        }
        faults
    }

    fn twins(&self, one: &Alerted, other: &Alerted) -> String {
        let Pair { long_s, short_s, urgency, .. } = one.pair;
        let same = format!("two pairs of windows are both a {} over {long_s} s and {short_s} s", urgency.slug());
        let why = match one.shorter.or(other.shorter) {
            Some(_) => format!(", because slices of {} s lengthen what is shorter", self.slice_s),
            None => String::new(),
        };
        format!("{same}{why}: their alert would be one; leave one of them away")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::slo::{
        burn::Urgency::{self, Page, Ticket},
        calendar::Window,
        objective::Alerting,
        tests::{DAY, HOUR, near, with},
    };

    fn in_slices(slice_s: i64) -> ObjectiveDraft {
        with(|draft| draft.slice_s = slice_s).draft
    }

    fn told(draft: &ObjectiveDraft) -> Vec<(Urgency, i64, i64, f64)> {
        draft.alerted().iter().map(|one| (one.pair.urgency, one.pair.long_s, one.pair.short_s, (one.pair.factor * 1e6).round() / 1e6)).collect()
    }

    #[test]
    fn the_fast_page_is_lengthened_and_not_lost() {
        assert_eq!(
            told(&in_slices(60)),
            [(Page, HOUR, 300, 14.4), (Page, 6 * HOUR, 1_800, 6.0), (Ticket, DAY, 2 * HOUR, 3.0), (Ticket, 3 * DAY, 6 * HOUR, 1.0)]
        );
        assert!(in_slices(60).alerted().iter().all(|one| one.shorter.is_none()));
        let coarse = in_slices(300);
        assert_eq!(told(&coarse)[..2], [(Page, 2 * HOUR, 600, 7.2), (Page, 6 * HOUR, 1_800, 6.0)]);
        let fast = coarse.alerted()[0];
        assert_eq!(fast.shorter.map(|pair| (pair.long_s, pair.short_s)), Some((HOUR, 300)));
        near(fast.pair.share(30 * DAY), 0.02);
    }

    #[test]
    fn hourly_readings_page_within_a_day() {
        // What spends 2 % of the budget would have to page below a burn of one; 5 % does not.
        assert_eq!(told(&in_slices(HOUR)), [(Page, DAY, 2 * HOUR, 1.5), (Ticket, DAY, 2 * HOUR, 3.0), (Ticket, 3 * DAY, 6 * HOUR, 1.0)]);
        let week = with(|draft| (draft.slice_s, draft.windows) = (HOUR, vec![Window::rolling_days(7)])).draft;
        assert_eq!(told(&week), [(Page, DAY, 2 * HOUR, 1.4), (Ticket, DAY, 2 * HOUR, 2.8)]);
    }

    #[test]
    fn what_became_alike_is_one_alert_and_the_earlier_one() {
        // A quarter of an hour: both pages would be six hours and half an hour.
        assert_eq!(told(&in_slices(900))[..2], [(Page, 6 * HOUR, 1_800, 2.4), (Ticket, DAY, 2 * HOUR, 3.0)]);
    }

    #[test]
    fn somebodys_own_pair_is_lengthened_in_its_own_proportions() {
        let own = |slice_s: i64, pairs: &[(Urgency, f64, i64, i64)]| {
            let pairs =
                pairs.iter().map(|(severity, factor, long_s, short_s)| PairDraft { severity: *severity, factor: *factor, long_s: *long_s, short_s: *short_s });
            let alerting = Alerting { pairs: Some(pairs.collect()), ..Alerting::default() };
            with(|draft| (draft.slice_s, draft.alerting) = (slice_s, alerting)).draft
        };
        assert_eq!(told(&own(300, &[(Page, 12.0, HOUR, 400)])), [(Page, 5_400, 600, 8.0)]);
        // What is defined in minutes still works where five were found.
        let minutes = own(60, &[(Page, 14.4, HOUR, 300)]);
        let kept = minutes.clone().in_slices_of(&in_slices(300));
        assert_eq!((told(&kept), kept.parse().is_ok()), (vec![(Page, 2 * HOUR, 600, 7.2)], true));
        let impossible = own(HOUR, &[(Page, 14.4, HOUR, 300)]).parse().expect_err("it would page below one");
        assert!(impossible[0].contains("less than two slices") && impossible[0].contains("is below 1"), "{impossible:?}");
    }

    #[test]
    fn twins_are_refused_in_words() {
        let with_pairs = |slice_s: i64, pairs: &[(Urgency, f64, i64, i64)]| {
            let pairs =
                pairs.iter().map(|(severity, factor, long_s, short_s)| PairDraft { severity: *severity, factor: *factor, long_s: *long_s, short_s: *short_s });
            let alerting = Alerting { pairs: Some(pairs.collect()), ..Alerting::default() };
            with(|draft| (draft.slice_s, draft.alerting) = (slice_s, alerting)).draft.parse()
        };
        let twins = [(Page, 14.4, HOUR, 300), (Page, 10.0, HOUR, 300)];
        let faults = with_pairs(60, &twins).expect_err("they would share one alert");
        assert_eq!(faults, ["two pairs of windows are both a page over 3600 s and 300 s: their alert would be one; leave one of them away"]);
        // As urgent, or as long, is not the same.
        assert!(with_pairs(60, &[(Page, 14.4, HOUR, 300), (Ticket, 10.0, HOUR, 300)]).is_ok());
        assert!(with_pairs(60, &[(Page, 14.4, HOUR, 300), (Page, 14.4, HOUR, 360)]).is_ok());
        let made_alike = [(Page, 14.4, HOUR, 300), (Page, 7.2, 2 * HOUR, 600)];
        assert!(with_pairs(60, &made_alike).is_ok());
        let faults = with_pairs(300, &made_alike).expect_err("slices of five minutes make them one");
        assert!(faults.len() == 1 && faults[0].contains("slices of 300 s lengthen"), "{faults:?}");
    }
}
