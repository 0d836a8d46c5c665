//! Triage: plain answers about the impact in, a proposed severity out, with its reason in words.
//!
//! The rubric (MISSION.md, "Severities"): data lost or a security breach is SEV1 whoever is hurt;
//! nobody hurt yet is SEV5; only staff hurt is never worse than SEV3; else how many are hurt and
//! whether they can help themselves decide. An unanswered question counts as its worst plausible
//! answer, but never by itself makes a severity: without who and how many, it stays "not sure yet".

use super::severity::Severity;
use serde::{Deserialize, Serialize};

/// The answers so far. `None` is "not sure", which is an answer of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Answers {
    pub broken: Option<Broken>,
    pub who: Option<Who>,
    pub how_many: Option<HowMany>,
    pub workaround: Option<Workaround>,
    pub data: Option<Risk>,
    pub security: Option<Risk>,
}

macro_rules! answer {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $label:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The words on the answer's button.
            pub fn label(self) -> &'static str {
                match self { $($name::$variant => $label),+ }
            }
        }
    };
}

answer! {
    /// What still works for those who are hurt.
    Broken {
        /// The whole product or a main part of it does not work.
        Down = "Does not work",
        /// It works, but slowly or with errors.
        Degraded = "Works badly",
    }
}
answer! {
    /// Who is hurt.
    Who { Customers = "Customers", Partners = "Partners", Staff = "Staff", Nobody = "Nobody" }
}
answer! {
    /// How many of them.
    HowMany { All = "All", Many = "Many", Some = "Some", Few = "Few" }
}
answer! {
    /// Something they can do now, without us.
    Workaround { None = "None", Clumsy = "Clumsy", Good = "Good" }
}
answer! {
    /// Whether data is lost, wrong or seen by the wrong person; whether somebody broke in.
    Risk { Yes = "Yes", Perhaps = "Perhaps", No = "No" }
}

/// What the answers come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// `None` is "not sure yet".
    pub severity: Option<Severity>,
    /// The answers in one sentence, after "because".
    pub because: String,
    /// What an open question could still change: the answer in words, and the severity it would give.
    pub alternatives: Vec<Alternative>,
}

/// An answer to an open question that would lower the severity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternative {
    /// "with a good workaround"
    pub with: &'static str,
    pub severity: Severity,
}

/// What a severity triggers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Triggers {
    pub respond_within_secs: i64,
    pub inside_update_every_secs: Option<i64>,
    pub public_update_every_secs: Option<i64>,
    /// Whether somebody is woken for it.
    pub pages: bool,
}

/// What a severity triggers; "not sure yet" is treated as SEV3 until somebody decides.
pub fn triggers(severity: Option<Severity>) -> Triggers {
    let severity = severity.unwrap_or(Severity::Sev3);
    Triggers {
        respond_within_secs: severity.respond_within_secs(),
        inside_update_every_secs: severity.inside_update_every_secs(),
        public_update_every_secs: severity.public_update_every_secs(),
        pages: severity <= Severity::Sev3,
    }
}

/// Proposes a severity from the answers.
pub fn propose(answers: &Answers) -> Proposal {
    let severity = rate(answers);
    Proposal { severity, because: because(answers, severity), alternatives: alternatives(answers, severity) }
}

/// The rubric itself.
fn rate(answers: &Answers) -> Option<Severity> {
    if answers.data == Some(Risk::Yes) || answers.security == Some(Risk::Yes) {
        return Some(Severity::Sev1);
    }
    let at_risk = answers.data == Some(Risk::Perhaps) || answers.security == Some(Risk::Perhaps);
    let by_people = match (answers.who?, answers.how_many) {
        (Who::Nobody, _) => Some(Severity::Sev5),
        (_, None) => None,
        (Who::Staff, Some(how_many)) => Some(match (how_many, answers.workaround) {
            (HowMany::All | HowMany::Many, None | Some(Workaround::None)) => Severity::Sev3,
            _ => Severity::Sev4,
        }),
        (Who::Customers | Who::Partners, Some(how_many)) => Some(rate_customers(how_many, answers.workaround, answers.broken)),
    };
    // Data or safety perhaps at risk is at least SEV2 until that is known.
    if at_risk { Some(by_people.map_or(Severity::Sev2, |severity| severity.min(Severity::Sev2))) } else { by_people }
}

fn rate_customers(how_many: HowMany, workaround: Option<Workaround>, broken: Option<Broken>) -> Severity {
    let level = match (how_many, workaround.unwrap_or(Workaround::None)) {
        (HowMany::All, Workaround::None | Workaround::Clumsy) | (HowMany::Many, Workaround::None) => 1,
        (HowMany::All, Workaround::Good) | (HowMany::Many, Workaround::Clumsy) | (HowMany::Some, Workaround::None) => 2,
        (HowMany::Many, Workaround::Good) | (HowMany::Some, Workaround::Clumsy) | (HowMany::Few, Workaround::None) => 3,
        (HowMany::Some, Workaround::Good) | (HowMany::Few, Workaround::Clumsy | Workaround::Good) => 4,
    };
    let eased = if broken == Some(Broken::Degraded) { level + 1 } else { level };
    Severity::ALL[usize::min(eased, 4) - 1]
}

fn because(answers: &Answers, severity: Option<Severity>) -> String {
    if answers.security == Some(Risk::Yes) {
        return "somebody may have got in who must not".to_owned();
    }
    if answers.data == Some(Risk::Yes) {
        return "data is lost, wrong or seen by the wrong person".to_owned();
    }
    let mut parts: Vec<String> = Vec::new();
    match (answers.who, answers.how_many) {
        (Some(Who::Nobody), _) => parts.push("nobody is hurt yet".to_owned()),
        (Some(who), Some(how_many)) => parts.push(format!("{} {} are hurt", many_words(how_many), who_words(who))),
        (Some(who), None) => parts.push(format!("{} are hurt, not known how many", who_words(who))),
        (None, _) => parts.push("it is not known who is hurt".to_owned()),
    }
    if answers.broken == Some(Broken::Degraded) && answers.who != Some(Who::Nobody) {
        parts.push("it still works, badly".to_owned());
    }
    if severity != Some(Severity::Sev5) {
        match answers.workaround {
            Some(Workaround::None) => parts.push("there is no workaround".to_owned()),
            Some(Workaround::Clumsy) => parts.push("the workaround is clumsy".to_owned()),
            Some(Workaround::Good) => parts.push("there is a good workaround".to_owned()),
            None => parts.push("a workaround is not known".to_owned()),
        }
    }
    if answers.data == Some(Risk::Perhaps) {
        parts.push("data may be at risk".to_owned());
    }
    if answers.security == Some(Risk::Perhaps) {
        parts.push("it may be a breach".to_owned());
    }
    match parts.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

fn many_words(how_many: HowMany) -> &'static str {
    match how_many {
        HowMany::All => "all",
        HowMany::Many => "many",
        HowMany::Some => "some",
        HowMany::Few => "a few",
    }
}

fn who_words(who: Who) -> &'static str {
    match who {
        Who::Customers => "customers",
        Who::Partners => "partners",
        Who::Staff => "of our own staff",
        Who::Nobody => "people",
    }
}

/// Which answers to open questions would lower the severity.
fn alternatives(answers: &Answers, severity: Option<Severity>) -> Vec<Alternative> {
    let Some(severity) = severity else { return vec![] };
    let mut lower: Vec<Alternative> = Vec::new();
    let mut consider = |with, changed: Answers| {
        if let Some(other) = rate(&changed).filter(|other| *other > severity) {
            lower.push(Alternative { with, severity: other });
        }
    };
    if answers.workaround.is_none() {
        consider("with a good workaround", Answers { workaround: Some(Workaround::Good), ..answers.clone() });
        consider("with a clumsy workaround", Answers { workaround: Some(Workaround::Clumsy), ..answers.clone() });
    }
    if answers.broken.is_none() {
        consider("if it still works, badly", Answers { broken: Some(Broken::Degraded), ..answers.clone() });
    }
    if answers.data == Some(Risk::Perhaps) {
        consider("if no data is at risk", Answers { data: Some(Risk::No), ..answers.clone() });
    }
    if answers.security == Some(Risk::Perhaps) {
        consider("if it is no breach", Answers { security: Some(Risk::No), ..answers.clone() });
    }
    lower
}

#[cfg(test)]
mod tests {
    use super::*;

    fn customers(how_many: HowMany, workaround: Option<Workaround>) -> Answers {
        Answers { who: Some(Who::Customers), how_many: Some(how_many), workaround, ..Answers::default() }
    }

    #[test]
    fn many_customers_without_a_known_workaround_are_sev1_and_the_lower_answers_are_named() {
        let proposal = propose(&customers(HowMany::Many, None));
        assert_eq!(proposal.severity, Some(Severity::Sev1));
        assert_eq!(proposal.because, "many customers are hurt and a workaround is not known");
        let lower: Vec<_> = proposal.alternatives.iter().map(|other| (other.with, other.severity)).collect();
        assert_eq!(
            lower,
            [("with a good workaround", Severity::Sev3), ("with a clumsy workaround", Severity::Sev2), ("if it still works, badly", Severity::Sev2)]
        );
    }

    #[test]
    fn not_knowing_anything_is_not_the_worst_severity() {
        assert_eq!(propose(&Answers::default()).severity, None);
        assert_eq!(propose(&Answers { who: Some(Who::Customers), ..Answers::default() }).severity, None);
    }

    #[test]
    fn lost_data_and_a_breach_are_sev1_whoever_is_hurt() {
        let data = Answers { data: Some(Risk::Yes), ..Answers::default() };
        let breach = Answers { who: Some(Who::Nobody), security: Some(Risk::Yes), ..Answers::default() };
        assert_eq!(propose(&data).severity, Some(Severity::Sev1));
        assert_eq!(propose(&breach).severity, Some(Severity::Sev1));
        let perhaps = Answers { who: Some(Who::Nobody), data: Some(Risk::Perhaps), ..Answers::default() };
        assert_eq!(propose(&perhaps).severity, Some(Severity::Sev2));
    }

    #[test]
    fn nobody_hurt_yet_is_sev5_and_staff_never_worse_than_sev3() {
        assert_eq!(propose(&Answers { who: Some(Who::Nobody), ..Answers::default() }).severity, Some(Severity::Sev5));
        for how_many in HowMany::ALL {
            let staff = Answers { who: Some(Who::Staff), how_many: Some(*how_many), ..Answers::default() };
            assert!(propose(&staff).severity >= Some(Severity::Sev3), "{how_many:?}");
        }
    }

    #[test]
    fn a_better_workaround_never_raises_the_severity() {
        for how_many in HowMany::ALL {
            let rated: Vec<_> = Workaround::ALL.iter().map(|w| propose(&customers(*how_many, Some(*w))).severity).collect();
            assert!(rated.windows(2).all(|pair| pair[0] <= pair[1]), "{how_many:?}: {rated:?}");
        }
    }

    #[test]
    fn every_combination_explains_itself() {
        for who in Who::ALL {
            for how_many in HowMany::ALL {
                for workaround in [None, Some(Workaround::None), Some(Workaround::Clumsy), Some(Workaround::Good)] {
                    let answers = Answers { who: Some(*who), how_many: Some(*how_many), workaround, ..Answers::default() };
                    let proposal = propose(&answers);
                    assert!(!proposal.because.is_empty() && proposal.severity.is_some(), "{answers:?}");
                }
            }
        }
    }
}
