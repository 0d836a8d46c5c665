//! Whether a service may release: the error-budget policy as a rule that a pipeline can ask.
//!
//! It says why in words, and it says no without knowing only where the objective asks for that.
//! An override is a person's decision with a reason and an end; the level stays what it is.

use super::report::{BudgetReport, Spender, Standing};
use super::words;
use crate::domain::{
    reading::{Readable, Reader},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// Above this everything is well.
const AMPLE: f64 = 0.5;
/// Under this, and above zero, risky releases need somebody's approval.
const SCARCE: f64 = super::assess::LOW;
/// A burn over the last hour above this is watched, whatever is left.
const WATCHED_BURN: f64 = 2.0;
const WATCHED_S: i64 = 3_600;
/// One incident that spends more than this of a budget is reviewed.
const REVIEWED: f64 = 0.2;
const MAX_REASON: usize = 500;
const MAX_OVERRIDE_S: i64 = 7 * 86_400;

/// How careful to be, the most careful last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    Ok,
    /// Half is spent, or it goes fast.
    Watch,
    /// Too little is measured to say.
    Unknown,
    /// Less than a fifth is left: risky releases need approval.
    Caution,
    /// Nothing is left: only what repairs it.
    Frozen,
}

impl Level {
    pub const ALL: [Level; 5] = [Level::Ok, Level::Watch, Level::Unknown, Level::Caution, Level::Frozen];

    pub fn slug(self) -> &'static str {
        match self {
            Level::Ok => "OK",
            Level::Watch => "WATCH",
            Level::Unknown => "UNKNOWN",
            Level::Caution => "CAUTION",
            Level::Frozen => "FROZEN",
        }
    }

    /// The answer to “may we release?”.
    pub fn answer(self) -> &'static str {
        match self {
            Level::Ok | Level::Watch => "Yes",
            Level::Unknown => "Not known",
            Level::Caution => "With care",
            Level::Frozen => "No",
        }
    }
}

/// The answer for one service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// Absent: for everything.
    pub service: Option<String>,
    pub level: Level,
    pub may_release: bool,
    /// For a pipeline: 0 release, 1 frozen, 2 not known and closed.
    pub exit_code: i64,
    pub words: String,
    /// One for each objective, the gravest first.
    pub reasons: Vec<Reason>,
    /// A person's decision to release nevertheless, while it holds.
    #[serde(rename = "override")]
    pub overridden: Option<Override>,
}

/// What one objective says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// Its name.
    pub objective: String,
    pub level: Level,
    pub words: String,
}

/// Releasing nevertheless: outside cause, traffic that is none of ours, miscounted errors, a fix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Override {
    pub by: String,
    pub reason: String,
    pub until: Timestamp,
    /// When it was decided.
    pub at: Timestamp,
}

/// What somebody who overrides says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OverrideDraft {
    pub reason: String,
    pub until: Timestamp,
}

impl OverrideDraft {
    /// What may be kept, or everything that is wrong with it.
    pub fn parse(self, now: Timestamp) -> Result<Self, Vec<String>> {
        let reason = self.reason.trim().to_owned();
        let mut faults = Vec::new();
        if reason.is_empty() || reason.chars().count() > MAX_REASON {
            faults.push(format!("the reason has 1 to {MAX_REASON} characters"));
        }
        if self.until <= now {
            faults.push("it ends in the future".to_owned());
        } else if self.until.secs_since(now) > MAX_OVERRIDE_S {
            faults.push("it lasts at most seven days".to_owned());
        }
        if faults.is_empty() { Ok(Self { reason, until: self.until }) } else { Err(faults) }
    }
}

/// One objective as the gate looks at it.
pub struct Asked<'a> {
    pub report: &'a BudgetReport,
    pub fails_closed: bool,
    /// Its incidents, for the one that alone spent too much.
    pub spenders: &'a [Spender],
}

/// The answer for a service from all of its objectives. An override counts while it lasts.
pub fn gate(service: Option<&str>, asked: &[Asked<'_>], overridden: Option<Override>, now: Timestamp) -> Gate {
    let mut reasons: Vec<Reason> = asked.iter().map(reason).collect();
    reasons.sort_by(|a, b| b.level.cmp(&a.level).then_with(|| a.objective.cmp(&b.objective)));
    let closed = asked.iter().any(|asked| asked.fails_closed && level(asked.report) == Level::Unknown);
    let level = reasons.first().map_or(Level::Unknown, |reason| reason.level);
    let overridden = overridden.filter(|decision| decision.until > now);
    let exit_code = match level {
        _ if overridden.is_some() => 0,
        Level::Frozen => 1,
        _ if closed => 2,
        Level::Ok | Level::Watch | Level::Unknown | Level::Caution => 0,
    };
    let words = sentence(&reasons, level, closed, overridden.as_ref());
    Gate { service: service.map(str::to_owned), level, may_release: exit_code == 0, exit_code, words, reasons, overridden }
}

/// What one report says to the gate.
pub fn level(report: &BudgetReport) -> Level {
    let hour = report.burn.iter().find(|burn| burn.window_s == WATCHED_S).and_then(|burn| burn.burn_rate);
    match (report.state, report.tally.remaining_ratio) {
        (Standing::NotMeasured, _) => Level::Unknown,
        (Standing::Overspent, _) => Level::Frozen,
        (_, Some(left)) if left <= 0.0 => Level::Frozen,
        (_, Some(left)) if left < SCARCE => Level::Caution,
        (_, Some(left)) if left <= AMPLE => Level::Watch,
        _ if hour.is_some_and(|burn| burn > WATCHED_BURN) => Level::Watch,
        _ => Level::Ok,
    }
}

fn reason(asked: &Asked<'_>) -> Reason {
    let report = asked.report;
    let level = level(report);
    let title = &report.objective.title;
    let left = words::left(report);
    let said = match level {
        Level::Unknown if asked.fails_closed => format!("{title}: too little is measured, and this objective then stops releases"),
        Level::Unknown => format!("{title}: too little is measured to say"),
        Level::Ok | Level::Watch | Level::Caution | Level::Frozen => format!("{title}: {left}"),
    };
    // Nothing is concluded from a window of which too little is measured.
    let known: &[Spender] = if level == Level::Unknown { &[] } else { asked.spenders };
    let dearest = known.iter().filter(|spender| spender.ratio > REVIEWED).max_by(|a, b| a.ratio.total_cmp(&b.ratio));
    let review = dearest.map(|spender| format!("; {} alone spent {}: a review with an action is due", spender.reference, words::percent(spender.ratio)));
    Reason { objective: report.objective.name.clone(), level, words: format!("{said}{}.", review.unwrap_or_default()) }
}

fn sentence(reasons: &[Reason], level: Level, closed: bool, overridden: Option<&Override>) -> String {
    if let Some(decision) = overridden {
        return format!("Yes, by decision of {} until {}: {}", decision.by, decision.until, decision.reason);
    }
    let Some(first) = reasons.first() else {
        return "Yes, but nothing is known: no objective is set for it.".to_owned();
    };
    let because = &first.words;
    match level {
        Level::Frozen => format!("No: only what repairs it. {because}"),
        _ if closed => {
            let unknown = reasons.iter().find(|reason| reason.level == Level::Unknown).map_or(because, |reason| &reason.words);
            format!("No, because it is not known. {unknown}")
        }
        Level::Caution => format!("With care: risky releases need approval. {because}"),
        Level::Unknown => format!("Yes, but it is not known how things stand. {because}"),
        Level::Watch => format!("Yes, and watch it. {because}"),
        Level::Ok => format!("Yes. {because}"),
    }
}

impl Readable for Level {
    fn read(from: Reader<'_>) -> Self {
        from.word(&Level::ALL.map(|level| (level.slug(), level)))
    }
}

impl Readable for Reason {
    fn read(from: Reader<'_>) -> Self {
        Self { objective: from.get("objective"), level: from.get("level"), words: from.get("words") }
    }
}

impl Readable for Override {
    fn read(from: Reader<'_>) -> Self {
        Self { by: from.get("by"), reason: from.get("reason"), until: from.get("until"), at: from.get("at") }
    }
}

impl Readable for Gate {
    fn read(from: Reader<'_>) -> Self {
        Self {
            service: from.get("service"),
            level: from.get("level"),
            may_release: from.get("may_release"),
            exit_code: from.get("exit_code"),
            words: from.get("words"),
            reasons: from.get("reasons"),
            overridden: from.get("override"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::report::Burn, super::tests::*, *};
    use crate::domain::{ids::IncidentRef, severity::Severity};

    fn stands(state: Standing, left: f64, hour: f64) -> BudgetReport {
        let mut report = report_of(&an_objective(), &with_outage(0, 0, 0.0));
        report.state = state;
        report.tally.remaining_ratio = Some(left);
        report.remaining_minutes = Some(left * report.budget_minutes);
        report.burn = vec![Burn { window_s: WATCHED_S, error_ratio: None, burn_rate: Some(hour), coverage: 1.0 }];
        report
    }

    fn ask(report: &BudgetReport, fails_closed: bool) -> Gate {
        gate(Some("shop"), &[Asked { report, fails_closed, spenders: &[] }], None, now())
    }

    #[test]
    fn the_levels_are_those_of_the_policy() {
        for (state, left, hour, level, may, exit_code) in [
            (Standing::Within, 0.51, 2.0, Level::Ok, true, 0),
            (Standing::Within, 0.51, 2.1, Level::Watch, true, 0),
            (Standing::Within, 0.5, 0.0, Level::Watch, true, 0),
            (Standing::Within, 0.2, 9.0, Level::Watch, true, 0),
            (Standing::Low, 0.199, 0.0, Level::Caution, true, 0),
            // It runs out soon, but two thirds are left: what is left decides.
            (Standing::Low, 0.66, 0.0, Level::Ok, true, 0),
            (Standing::Overspent, 0.0, 0.0, Level::Frozen, false, 1),
            (Standing::Overspent, -3.0, 0.0, Level::Frozen, false, 1),
            (Standing::NotMeasured, 0.9, 0.0, Level::Unknown, true, 0),
        ] {
            let gate = ask(&stands(state, left, hour), false);
            assert_eq!((gate.level, gate.may_release, gate.exit_code), (level, may, exit_code), "{state:?} {left}");
        }
    }

    #[test]
    fn it_fails_closed_only_where_that_is_asked() {
        let (unknown, low) = (stands(Standing::NotMeasured, 0.9, 0.0), stands(Standing::Low, 0.1, 0.0));
        let closed = ask(&unknown, true);
        assert_eq!((closed.may_release, closed.exit_code), (false, 2));
        assert_eq!(closed.words, "No, because it is not known. Checkout: too little is measured, and this objective then stops releases.");
        // Another objective that fails closed has not to be the gravest.
        let asked = [Asked { report: &low, fails_closed: false, spenders: &[] }, Asked { report: &unknown, fails_closed: true, spenders: &[] }];
        let both = gate(None, &asked, None, now());
        assert_eq!((both.level, both.may_release, both.exit_code), (Level::Caution, false, 2));
        assert_eq!(both.reasons.iter().map(|reason| reason.level).collect::<Vec<_>>(), [Level::Caution, Level::Unknown]);
        let none = gate(Some("new"), &[], None, now());
        assert_eq!((none.level, none.may_release, none.words.as_str()), (Level::Unknown, true, "Yes, but nothing is known: no objective is set for it."));
    }

    #[test]
    fn one_dear_incident_asks_for_a_review() {
        let report = stands(Standing::Overspent, -0.07, 0.0);
        let spender = |number: i64, ratio: f64| Spender {
            reference: IncidentRef(number),
            title: "t".into(),
            severity: Some(Severity::Sev1),
            from: now(),
            to: None,
            duration_s: 60,
            bad: 1.0,
            ratio,
            minutes: 1.0,
            shared: false,
        };
        let said = |spenders: &[Spender]| gate(None, &[Asked { report: &report, fails_closed: false, spenders }], None, now()).words;
        assert_eq!(said(&[spender(1, 0.2)]), "No: only what repairs it. Checkout: 3 min over.");
        let review = "No: only what repairs it. Checkout: 3 min over; INC-418 alone spent 31 %: a review with an action is due.";
        assert_eq!(said(&[spender(1, 0.25), spender(418, 0.31)]), review);
        // Of too little nothing is concluded.
        let unknown = stands(Standing::NotMeasured, 0.9, 0.0);
        let words = gate(None, &[Asked { report: &unknown, fails_closed: false, spenders: &[spender(127, 0.63)] }], None, now()).words;
        assert_eq!(words, "Yes, but it is not known how things stand. Checkout: too little is measured to say.");
    }

    #[test]
    fn an_override_opens_it_until_its_end_and_says_whose_it_is() {
        let report = stands(Standing::Overspent, -0.07, 0.0);
        let decision = |until_s: i64| Override { by: "Noor".into(), reason: "the fix".into(), until: super::super::frame::at(until_s), at: now() };
        let asked = || [Asked { report: &report, fails_closed: false, spenders: &[] }];
        let open = gate(None, &asked(), Some(decision(NOW_S + 60)), now());
        assert_eq!((open.level, open.may_release, open.exit_code), (Level::Frozen, true, 0));
        assert_eq!(open.words, "Yes, by decision of Noor until 2026-11-20T02:31:00Z: the fix");
        let over = gate(None, &asked(), Some(decision(NOW_S)), now());
        assert_eq!((over.may_release, over.overridden), (false, None));
        let draft = |reason: &str, until_s: i64| OverrideDraft { reason: reason.into(), until: super::super::frame::at(until_s) }.parse(now());
        assert_eq!(draft(" ", NOW_S).expect_err("it is wrong").len(), 2);
        assert_eq!(draft("x", NOW_S + 8 * DAY).expect_err("it is long").len(), 1);
        assert_eq!(draft(" x ", NOW_S + DAY).expect("it is right").reason, "x");
    }
}
