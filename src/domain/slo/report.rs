//! What is said of an objective: the answer of `GET /api/v1/slos/{id}/budget`, the rows of the
//! boards, and what its page is drawn from. Shapes only; [`super::assess`] fills them.

use super::{
    burn::BurnState,
    exclusion::Exclusion,
    frame::ROLLING,
    gate::Gate,
    objective::{COVERAGE_FLOOR, Objective, Urgency},
};
use crate::domain::{
    ids::{IncidentId, IncidentRef, ObjectiveId},
    reading::{Readable, Reader},
    severity::Severity,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// How an objective stands, the worst first. A word and a sign always say the same as the colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Nothing of the budget is left.
    Overspent,
    /// Under a fifth is left, or it runs out within the window at this pace.
    Low,
    #[default]
    Within,
    /// Too little was measured to say.
    NotMeasured,
}

impl Standing {
    pub fn slug(self) -> &'static str {
        match self {
            Standing::Overspent => "overspent",
            Standing::Low => "low",
            Standing::Within => "within",
            Standing::NotMeasured => "not_measured",
        }
    }

    /// As screens say it.
    pub fn words(self) -> &'static str {
        match self {
            Standing::Overspent => "Overspent",
            Standing::Low => "Low",
            Standing::Within => "Within",
            Standing::NotMeasured => "Not measured",
        }
    }
}

/// What was counted in a span of time, and the budget that this leaves. Ratios 0–1, signed
/// where they can be below zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    pub good: f64,
    pub bad: f64,
    pub total: f64,
    /// Good of total; absent where nothing was counted.
    pub sli: Option<f64>,
    /// How many may be bad.
    pub allowed_bad: f64,
    /// Spent share of the budget, above 1 when overspent; absent without a budget or a count.
    pub consumed_ratio: Option<f64>,
    /// 1 − consumed, never clamped.
    pub remaining_ratio: Option<f64>,
}

/// Burning over one span that ends at the watermark.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Burn {
    pub window_s: i64,
    /// Bad of total; absent where nothing was counted.
    pub error_ratio: Option<f64>,
    /// Error ratio over budget; 1 spends it exactly within the window.
    pub burn_rate: Option<f64>,
    pub coverage: f64,
}

/// A burn alert and how it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BurnAlert {
    pub severity: Urgency,
    /// The burn rate that both windows have to exceed.
    pub factor: f64,
    pub long_s: i64,
    pub short_s: i64,
    /// The pair as it was given, where slices are too long for it and it was lengthened.
    #[serde(default)]
    pub lengthened_from: Option<Shorter>,
    pub long_burn: Option<f64>,
    pub short_burn: Option<f64>,
    /// The smaller of the two: what decides.
    pub governing_burn: Option<f64>,
    pub state: BurnState,
    pub firing: bool,
    /// Too little was measured: the alert keeps its level until more is.
    pub frozen: bool,
    /// It fires, but nothing is raised for it while the objective's alert that pages fires.
    pub held_back: bool,
    /// Share of the budget that is spent when it fires.
    pub spent_at_firing: f64,
}

/// A pair of windows before it was lengthened.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shorter {
    pub factor: f64,
    pub long_s: i64,
    pub short_s: i64,
}

impl BurnAlert {
    /// Whether an alert is open for it.
    pub fn is_raised(&self) -> bool {
        self.firing && !self.held_back
    }
}

/// When the budget runs out, by three methods, each named: they answer different questions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Exhaustion {
    /// A full budget at this pace: |W| / burn, in seconds.
    pub full_budget_s: Option<f64>,
    /// What is left at this pace: R · |W| / burn, in seconds; right for fixed periods.
    pub remaining_budget_s: Option<f64>,
    /// The forecast: traffic as last week, errors as in the last six hours, old errors leaving.
    pub forecast_at: Option<Timestamp>,
    /// The same with the errors of the last hour and of the last three days.
    pub earliest_at: Option<Timestamp>,
    pub latest_at: Option<Timestamp>,
    /// When it is above zero again if no more errors came.
    pub recovers_at: Option<Timestamp>,
    /// With a calendar window: what would be left at its end at this pace.
    pub projected_end_ratio: Option<f64>,
}

/// What is odd about the readings, in words a machine can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// More good than all: counted as all.
    GoodOverTotal,
    /// Always zero: perhaps the wrong series.
    ConstantZero,
    /// No reading came for some time.
    Stale,
    /// Younger than its window.
    PartialWindow,
    /// Fewer than ten bad events are allowed in the window.
    LittleTraffic,
    /// A sum over days differs from the source's own by more than a hundredth.
    Drift,
    /// One bad slice spends more than a tenth.
    CoarseSlices,
    /// Since it was made nothing was ever counted: its silence is no alarm.
    NeverCounted,
}

impl Flag {
    pub const ALL: [(&'static str, Flag); 8] = [
        ("good_over_total", Flag::GoodOverTotal),
        ("constant_zero", Flag::ConstantZero),
        ("stale", Flag::Stale),
        ("partial_window", Flag::PartialWindow),
        ("little_traffic", Flag::LittleTraffic),
        ("drift", Flag::Drift),
        ("coarse_slices", Flag::CoarseSlices),
        ("never_counted", Flag::NeverCounted),
    ];
}

/// One window of one objective at an instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BudgetReport {
    pub objective: Brief,
    /// As known at.
    pub at: Timestamp,
    /// The end of the last measured slice; absent before the first.
    pub watermark: Option<Timestamp>,
    pub window: WindowAt,
    pub state: Standing,
    /// Why it stands so, in a sentence.
    pub words: String,
    /// With exclusions applied: what counts.
    #[serde(flatten)]
    pub tally: Tally,
    /// Without exclusions.
    pub raw: Tally,
    /// `events`, or `slices` where time is counted.
    pub unit: String,
    /// What is left in minutes; with events only an analogy: minutes of full outage at the mean rate.
    pub remaining_minutes: Option<f64>,
    pub budget_minutes: f64,
    /// Measured share of the window's time, without what is excluded.
    pub coverage: f64,
    /// What would be left if everything unmeasured had been good, and if it had been bad.
    pub best_remaining_ratio: Option<f64>,
    pub worst_remaining_ratio: Option<f64>,
    pub burn: Vec<Burn>,
    pub alerts: Vec<BurnAlert>,
    pub exhaustion: Exhaustion,
    pub flags: Vec<Flag>,
}

/// Which objective, in short.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Brief {
    pub id: ObjectiveId,
    pub name: String,
    pub title: String,
    pub service: Option<String>,
    /// The share that has to be good.
    pub target: f64,
    pub method: String,
    pub generation: i64,
    pub revision: i64,
}

/// A window as it lies at an instant: `[from, to)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WindowAt {
    /// `30d`, or `1 Month` from its anchor.
    pub name: String,
    pub kind: String,
    pub from: Timestamp,
    pub to: Timestamp,
    pub length_s: i64,
}

/// An objective as a row of a board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObjectiveRow {
    #[serde(flatten)]
    pub report: BudgetReport,
    /// What was left at even steps over the window, the oldest first; gaps are absent values.
    pub spark: Vec<Option<f64>>,
}

/// What an incident spent of an objective's budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spender {
    #[serde(rename = "ref")]
    pub reference: IncidentRef,
    pub title: String,
    pub severity: Option<Severity>,
    pub from: Timestamp,
    /// Absent while it goes on.
    pub to: Option<Timestamp>,
    pub duration_s: i64,
    /// Bad beyond what is usual at that time of the week.
    pub bad: f64,
    /// Share of the budget.
    pub ratio: f64,
    pub minutes: f64,
    /// Another incident was open at the same time: the slices were split.
    pub shared: bool,
}

/// What an incident costs an objective, as the incident shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    pub objective: Brief,
    pub window: String,
    pub bad: f64,
    pub ratio: f64,
    pub minutes: f64,
    pub shared: bool,
    /// Points of budget per hour at the pace of the last five minutes, while it is open.
    pub points_per_hour: Option<f64>,
}

/// What one incident of several costs, the dearest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IncidentCosts {
    pub id: IncidentId,
    pub costs: Vec<Cost>,
}

/// What an objective's page is drawn from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObjectivePage {
    pub objective: Objective,
    pub report: BudgetReport,
    /// The other windows of the same objective.
    pub others: Vec<BudgetReport>,
    /// What was left, over the window: every step keeps its edge.
    pub left: Vec<Left>,
    /// Where nothing was measured.
    pub gaps: Vec<Gap>,
    /// Spent per day of the window, as shares of the budget; absent where nothing was measured.
    pub days: Vec<Day>,
    /// What will be left if nothing changes, from the watermark on.
    pub forecast: Vec<Left>,
    pub spenders: Vec<Spender>,
    /// Spent outside every named incident, as a share of the budget.
    pub else_ratio: f64,
    /// Incidents from before a rolling window: what they spent came back when it left them behind.
    pub departed: Vec<Departed>,
    pub deploys: Vec<Deploy>,
    pub exclusions: Vec<Exclusion>,
    pub gate: Option<Gate>,
    /// When queries, slices or windows changed.
    pub generations: Vec<Timestamp>,
    /// How far filling in the past has come, 0–1; absent once done.
    pub backfilled: Option<f64>,
    /// What keeps it from being measured now.
    pub trouble: Option<Trouble>,
}

/// What keeps an objective from being measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trouble {
    pub since: Timestamp,
    pub words: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Left {
    pub at: Timestamp,
    /// Absent in a gap.
    pub ratio: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    pub from: Timestamp,
    pub to: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Day {
    pub from: Timestamp,
    pub to: Timestamp,
    pub spent_ratio: Option<f64>,
    pub coverage: f64,
}

/// An incident that began before the window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Departed {
    #[serde(rename = "ref")]
    pub reference: IncidentRef,
    pub from: Timestamp,
    pub to: Timestamp,
}

/// A change of the objective's service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deploy {
    pub at: Timestamp,
    pub title: String,
}

/// What the executive board says first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Headline {
    /// “3 of 17 objectives need attention.”
    pub words: String,
    /// “Checkout is over budget.”, where one is.
    pub worst: Option<String>,
    /// “Search runs out on Thursday.”, where one will.
    pub next: Option<String>,
}

macro_rules! readable {
    ($($name:ident { $($field:ident $(= $key:literal)?),+ $(,)? })+) => {$(
        impl Readable for $name {
            fn read(from: Reader<'_>) -> Self {
                Self { $($field: from.get(readable!(@ $field $($key)?))),+ }
            }
        }
    )+};
    (@ $field:ident $key:literal) => { $key };
    (@ $field:ident) => { stringify!($field) };
}

readable! {
    Tally { good, bad, total, sli, allowed_bad, consumed_ratio, remaining_ratio }
    Burn { window_s, error_ratio, burn_rate, coverage }
    BurnAlert { severity, factor, long_s, short_s, lengthened_from, long_burn, short_burn, governing_burn, state, firing, frozen, held_back, spent_at_firing }
    Shorter { factor, long_s, short_s }
    Exhaustion { full_budget_s, remaining_budget_s, forecast_at, earliest_at, latest_at, recovers_at, projected_end_ratio }
    Brief { id, name, title, service, target, method, generation, revision }
    WindowAt { name, kind, from, to, length_s }
    Spender { reference = "ref", title, severity, from, to, duration_s, bad, ratio, minutes, shared }
    IncidentCosts { id, costs }
    Cost { objective, window, bad, ratio, minutes, shared, points_per_hour }
    ObjectivePage { objective, report, others, left, gaps, days, forecast, spenders, else_ratio, departed, deploys, exclusions, gate, generations, backfilled, trouble }
    Departed { reference = "ref", from, to }
    Trouble { since, words }
    Left { at, ratio }
    Gap { from, to }
    Day { from, to, spent_ratio, coverage }
    Deploy { at, title }
    Headline { words, worst, next }
}

impl BudgetReport {
    /// Whether its minutes are those of a window of which only a part was measured.
    pub fn is_part(&self) -> bool {
        self.window.kind == ROLLING && self.coverage < COVERAGE_FLOOR
    }
}

impl Readable for BudgetReport {
    fn read(from: Reader<'_>) -> Self {
        Self {
            objective: from.get("objective"),
            at: from.get("at"),
            watermark: from.get("watermark"),
            window: from.get("window"),
            state: from.get("state"),
            words: from.get("words"),
            tally: Tally::read(from),
            raw: from.get("raw"),
            unit: from.get("unit"),
            remaining_minutes: from.get("remaining_minutes"),
            budget_minutes: from.get("budget_minutes"),
            coverage: from.get("coverage"),
            best_remaining_ratio: from.get("best_remaining_ratio"),
            worst_remaining_ratio: from.get("worst_remaining_ratio"),
            burn: from.get("burn"),
            alerts: from.get("alerts"),
            exhaustion: from.get("exhaustion"),
            flags: from.get("flags"),
        }
    }
}

impl Readable for ObjectiveRow {
    fn read(from: Reader<'_>) -> Self {
        Self { report: BudgetReport::read(from), spark: from.get("spark") }
    }
}

impl Readable for Standing {
    fn read(from: Reader<'_>) -> Self {
        from.word(&[Standing::Overspent, Standing::Low, Standing::Within, Standing::NotMeasured].map(|standing| (standing.slug(), standing)))
    }
}

impl Readable for Flag {
    fn read(from: Reader<'_>) -> Self {
        from.word(&Flag::ALL)
    }
}
