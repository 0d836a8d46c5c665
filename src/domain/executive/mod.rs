//! What the executive board is drawn from: are we within our objectives, may we release, how often
//! do things break, how well are they handled, and what spent the budget.
//!
//! Open major incidents are not in it: the browser's own copy of them is live.

pub mod bounds;
pub mod lines;
pub mod measure;
pub mod question;
pub mod targets;
#[cfg(test)]
mod tests;
pub mod weeks;
pub mod words;

pub use bounds::Bound;
pub use lines::{Line, Member};
pub use measure::{Counts, Measure};
pub use question::{Question, Span};
pub use targets::{Target, TargetDraft, Targets};

use super::metrics::{Bucket, Range};
use super::{
    ids::IncidentRef,
    reading::{Readable, Reader},
    slo::{
        gate::Level,
        report::{Brief, Headline, ObjectiveRow, Spender},
    },
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// The board as it stands at an instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Executive {
    pub at: Timestamp,
    /// The range of the incidents' figures; objectives have windows of their own.
    pub from: Timestamp,
    pub to: Timestamp,
    pub headline: Headline,
    /// The worst first.
    pub rows: Vec<ObjectiveRow>,
    /// By how careful to be, then by name.
    pub gates: Vec<GateRow>,
    /// When something is next to be said of the open majors.
    pub updates: Vec<UpdateDue>,
    pub weeks: Vec<Bucket>,
    pub lines: Vec<Line>,
    pub incidents: u64,
    pub without_a_time: u64,
    /// Of the objective that stands worst.
    pub spent: Option<Spent>,
    /// What the board can be narrowed to.
    pub services: Vec<String>,
    pub owners: Vec<String>,
    /// The services whose incidents count; none: all of them.
    pub of: Vec<String>,
}

/// Whether one service may release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateRow {
    pub service: String,
    pub level: Level,
    pub may_release: bool,
    /// By a person's decision.
    pub overridden: bool,
    /// What the gravest objective says, in short.
    pub reason: Option<String>,
    /// The whole answer in a sentence.
    pub words: String,
}

/// When the next update of an incident is due.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpdateDue {
    #[serde(rename = "ref")]
    pub reference: IncidentRef,
    pub at: Timestamp,
}

/// What spent the budget of one objective.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    pub objective: Brief,
    /// Its window as a sentence names it: `in the last 30 days`, `this month (UTC)`.
    pub window: String,
    /// By when they began, as they are numbered on the objective's page.
    pub spenders: Vec<Spender>,
    /// Spent outside every incident that is named, as a share of the budget.
    pub else_ratio: f64,
    pub consumed_ratio: Option<f64>,
    pub budget_minutes: f64,
}

impl Executive {
    pub fn range(&self) -> Range {
        Range { from: self.from, to: self.to }
    }
}

impl Readable for Executive {
    fn read(from: Reader<'_>) -> Self {
        Self {
            at: from.get("at"),
            from: from.get("from"),
            to: from.get("to"),
            headline: from.get("headline"),
            rows: from.get("rows"),
            gates: from.get("gates"),
            updates: from.get("updates"),
            weeks: from.get("weeks"),
            lines: from.get("lines"),
            incidents: from.get("incidents"),
            without_a_time: from.get("without_a_time"),
            spent: from.get("spent"),
            services: from.get("services"),
            owners: from.get("owners"),
            of: from.get("of"),
        }
    }
}

impl Readable for GateRow {
    fn read(from: Reader<'_>) -> Self {
        Self {
            service: from.get("service"),
            level: from.get("level"),
            may_release: from.get("may_release"),
            overridden: from.get("overridden"),
            reason: from.get("reason"),
            words: from.get("words"),
        }
    }
}

impl Readable for UpdateDue {
    fn read(from: Reader<'_>) -> Self {
        Self { reference: from.get("ref"), at: from.get("at") }
    }
}

impl Readable for Spent {
    fn read(from: Reader<'_>) -> Self {
        Self {
            objective: from.get("objective"),
            window: from.get("window"),
            spenders: from.get("spenders"),
            else_ratio: from.get("else_ratio"),
            consumed_ratio: from.get("consumed_ratio"),
            budget_minutes: from.get("budget_minutes"),
        }
    }
}
