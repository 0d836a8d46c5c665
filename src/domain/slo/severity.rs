//! What severity burning proposes: how fast it goes, and how much of the traffic is affected. It is
//! a proposal: people decide.

use super::{
    burn::{is_above, max_burn_rate},
    target::Target,
    words,
};
use crate::domain::metrics::words::two_digits;
use crate::domain::{alert::Labels, severity::Severity, wording};

/// Over so long it is looked at, or over one slice where slices are longer.
pub const OVER_S: i64 = 300;

/// What each severity burns at least; or, where the budget is so large that nothing burns as fast,
/// which error ratio is enough for it.
const SEV1: (f64, f64) = (14.4, 0.5);
const SEV2: (f64, f64) = (6.0, 0.2);
const SEV3: f64 = 1.0;
/// SEV1 hurts more than this share of the traffic.
const MOST_OF_IT: f64 = 0.5;

/// Under these names an alert of ours says what it proposes, among its annotations.
const SEVERITY: &str = "proposed_severity";
const BECAUSE: &str = "proposed_because";

/// A severity with the reason why, which follows the word "because".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    pub severity: Severity,
    pub because: String,
}

/// What burning at this rate over the last `over_s` proposes, while `affected` of the traffic is
/// bad. `None` with zero tolerance, which has no burn rate.
pub fn suggest(target: Target, burn: f64, affected: f64, over_s: i64) -> Option<Suggestion> {
    let max = max_burn_rate(target)?;
    let burns = |(rate, share): (f64, f64)| !is_above(rate.min(share * max), burn);
    let is_fastest = burns(SEV1);
    let severity = if is_fastest && is_above(affected, MOST_OF_IT) {
        Severity::Sev1
    } else if burns(SEV2) {
        Severity::Sev2
    } else if !is_above(SEV3, burn) {
        Severity::Sev3
    } else {
        Severity::Sev4
    };
    let pace = format!("it burns its budget {} times as fast as it may over the last {}", two_digits(burn), wording::span(over_s));
    let half = if is_fastest && severity == Severity::Sev2 { format!(", and {} is for more than half", Severity::Sev1.label()) } else { String::new() };
    Some(Suggestion { severity, because: format!("{pace}, with {} of what was counted affected{half}", words::percent(affected)) })
}

impl Suggestion {
    /// As an alert carries it.
    pub fn annotations(&self) -> [(String, String); 2] {
        [(SEVERITY.to_owned(), self.severity.slug().to_owned()), (BECAUSE.to_owned(), self.because.clone())]
    }

    /// What an alert carries, if it does.
    pub fn of(annotations: &Labels) -> Option<Self> {
        let severity = Severity::from_slug(annotations.get(SEVERITY)?)?;
        Some(Self { severity, because: annotations.get(BECAUSE)?.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn severity(target: &str, affected: f64) -> Severity {
        let target = Target::parse(target).expect("it is a target");
        suggest(target, affected / target.budget(), affected, OVER_S).expect("there is a budget").severity
    }

    #[test]
    fn it_is_as_bad_as_it_burns_and_as_many_are_affected() {
        use Severity::{Sev1, Sev2, Sev3, Sev4};
        for (target, affected, wanted) in [
            // 99.9 %: 14.4 is 1.44 %, 6 is 0.6 %, 1 is 0.1 %.
            ("99.9 %", 0.51, Sev1),
            ("99.9 %", 0.5, Sev2),
            ("99.9 %", 0.3, Sev2),
            ("99.9 %", 0.006, Sev2),
            ("99.9 %", 0.0059, Sev3),
            ("99.9 %", 0.001, Sev3),
            ("99.9 %", 0.0009, Sev4),
            ("99.9 %", 0.0, Sev4),
            // 90 % never burns at 14.4: what fails is looked at.
            ("90 %", 0.6, Sev1),
            ("90 %", 0.2, Sev2),
            ("90 %", 0.19, Sev3),
        ] {
            assert_eq!(severity(target, affected), wanted, "{target} {affected}");
        }
        assert_eq!(suggest(Target::parse("99.9 %").expect("it is a target"), 300.0, 0.6, OVER_S).map(|it| it.severity), Some(Sev1));
        assert_eq!(suggest(Target::parse("99.9 %").expect("it is a target"), 5.0, 0.6, OVER_S).map(|it| it.severity), Some(Sev3));
    }

    #[test]
    fn it_says_why_and_an_alert_carries_it() {
        let suggestion = suggest(Target::parse("99.9 %").expect("it is a target"), 300.0, 0.3, OVER_S).expect("there is a budget");
        let because =
            "it burns its budget 300 times as fast as it may over the last 5 min, with 30 % of what was counted affected, and SEV1 is for more than half";
        assert_eq!((suggestion.severity, suggestion.because.as_str()), (Severity::Sev2, because));
        assert_eq!(Suggestion::of(&suggestion.annotations().into()), Some(suggestion));
        assert_eq!(Suggestion::of(&[("proposed_severity".to_owned(), "sev9".to_owned())].into()), None);
        assert_eq!(Suggestion::of(&Labels::new()), None);
    }
}
