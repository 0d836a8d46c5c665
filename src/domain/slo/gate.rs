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
    let dearest = asked.spenders.iter().filter(|spender| spender.ratio > REVIEWED).max_by(|a, b| a.ratio.total_cmp(&b.ratio));
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
