//! What an objective is: whose, of what, how good, over which window, and how it is measured.

mod indicator;
mod lengthened;

pub use super::burn::Urgency;
pub use indicator::{ABSENT_IS_BAD, Indicator, Op, Part, Together};
pub use lengthened::Alerted;

use super::{calendar::Window, target::Target};
use crate::domain::{
    ids::ObjectiveId,
    reading::{Readable, Reader},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// The shortest slice, and how fine readings are kept for [`FINE_FOR_S`].
pub const FINE_S: i64 = 60;
/// What fine slices are merged to when they are older.
pub const COARSE_S: i64 = 300;
/// How long fine slices are kept: longer than the longest window of a burn alert.
pub const FINE_FOR_S: i64 = 4 * 86_400;
/// Below this share of measured time a window says "not measured", and alerts freeze.
pub const COVERAGE_FLOOR: f64 = 0.9;

const MAX_NAME: usize = 100;
const MAX_TITLE: usize = 200;
const MAX_DESCRIPTION: usize = 2_000;
const MAX_QUERY: usize = 8_000;
const MAX_WINDOWS: usize = 5;
const MAX_PARTS: usize = 50;

/// One objective as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Objective {
    pub id: ObjectiveId,
    #[serde(flatten)]
    pub draft: ObjectiveDraft,
    /// Goes up when the query, the slice, the method or the threshold changes: readings of one
    /// generation are never added to those of another.
    pub generation: i64,
    /// When this generation began.
    pub generation_at: Timestamp,
    /// Goes up with every change.
    pub revision: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Who changed it last, by name.
    pub updated_by: String,
}

/// What people and files say of an objective.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObjectiveDraft {
    /// Its name in files, in `POST /api/v1/sli` and on the command line; unique.
    pub name: String,
    /// As screens call it; absent: the name.
    #[serde(default)]
    pub title: Option<String>,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub service: Option<String>,
    /// The share that has to be good.
    pub target: Target,
    /// At least one; the first is the one that lists and boards show.
    pub windows: Vec<Window>,
    #[serde(default)]
    pub method: Method,
    /// With time slices of a ratio: the share of a slice that has to be good for the slice to be.
    #[serde(default)]
    pub slice_target: Option<Target>,
    pub indicator: Indicator,
    /// The name of the data source that is asked; absent where readings are sent to us.
    #[serde(default)]
    pub source: Option<String>,
    /// How long one reading covers: a multiple of a minute that divides a day, at most an hour.
    #[serde(default = "fine")]
    pub slice_s: i64,
    #[serde(default)]
    pub alerting: Alerting,
    /// Whether the release gate says no while the coverage is too low to know.
    #[serde(default)]
    pub gate_fails_closed: bool,
    /// What a calendar window's burn-down takes for the whole period's events.
    #[serde(default)]
    pub basis: Basis,
}

fn fine() -> i64 {
    FINE_S
}

/// How good and bad are added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Good events of all events.
    #[default]
    Occurrences,
    /// Good slices of measured slices.
    Timeslices,
    /// The mean of every slice's ratio.
    RatioTimeslices,
}

impl Method {
    pub const ALL: [Method; 3] = [Method::Occurrences, Method::Timeslices, Method::RatioTimeslices];

    pub fn slug(self) -> &'static str {
        match self {
            Method::Occurrences => "occurrences",
            Method::Timeslices => "timeslices",
            Method::RatioTimeslices => "ratio_timeslices",
        }
    }

    /// Whether budgets are counted in slices of time, not in events.
    pub fn counts_time(self) -> bool {
        self != Method::Occurrences
    }
}

/// What a calendar window's burn-down divides by while the period is not over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// As many events as in the period before: the line then only falls.
    #[default]
    LastPeriod,
    /// What was observed so far.
    Observed,
}

/// When burning opens an alert. Absent pairs are the Workbook's, scaled to the window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alerting {
    #[serde(default = "yes")]
    pub enabled: bool,
    #[serde(default)]
    pub pairs: Option<Vec<PairDraft>>,
    /// At least this many bad events before a page, against a single failure at night.
    #[serde(default = "two")]
    pub min_bad: f64,
}

fn yes() -> bool {
    true
}

fn two() -> f64 {
    2.0
}

impl Default for Alerting {
    fn default() -> Self {
        Self { enabled: true, pairs: None, min_bad: two() }
    }
}

/// One pair of windows with its burn rate, as a person gave it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairDraft {
    pub severity: Urgency,
    pub factor: f64,
    pub long_s: i64,
    pub short_s: i64,
}

impl Objective {
    /// As screens call it.
    pub fn title(&self) -> &str {
        self.draft.title()
    }

    pub fn window(&self) -> &Window {
        &self.draft.windows[0]
    }
}

impl ObjectiveDraft {
    pub fn title(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.name)
    }

    /// With the slice that stood `before` where this says the usual one, which means as fine as the
    /// readings allow: saying the same again changes nothing.
    pub fn in_slices_of(mut self, before: &Self) -> Self {
        if self.slice_s == FINE_S {
            self.slice_s = before.slice_s;
        }
        self
    }

    /// What may be kept, or everything that is wrong with it.
    pub fn parse(mut self) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        self.name = self.name.trim().to_owned();
        self.title = self.title.map(|title| title.trim().to_owned()).filter(|title| !title.is_empty());
        self.description = self.description.trim().to_owned();
        self.service = self.service.map(|service| service.trim().to_owned()).filter(|service| !service.is_empty());
        self.source = self.source.map(|source| source.trim().to_owned()).filter(|source| !source.is_empty());
        if !is_name(&self.name) {
            faults.push(format!("the name has 1 to {MAX_NAME} letters, digits, “.”, “_”, “-”, “/” or “:”, and begins with a letter or digit"));
        }
        if self.title.as_deref().is_some_and(|title| title.chars().count() > MAX_TITLE || title.chars().any(char::is_control)) {
            faults.push(format!("the title has at most {MAX_TITLE} characters"));
        }
        if self.description.chars().count() > MAX_DESCRIPTION {
            faults.push(format!("the description has at most {MAX_DESCRIPTION} characters"));
        }
        if self.service.as_deref().is_some_and(|service| !crate::domain::services::is_name(service)) {
            faults.push("the service's name has 1 to 200 characters, none of them a control character".to_owned());
        }
        faults.extend(self.window_faults());
        if !is_slice(self.slice_s) {
            faults.push("a slice is a whole number of minutes that divides a day, at most an hour".to_owned());
        }
        if !(0.0..=1e9).contains(&self.alerting.min_bad) {
            faults.push("the fewest bad events before a page are 0 to 1,000,000,000".to_owned());
        }
        faults.extend(self.indicator_faults());
        faults.extend(self.pair_faults());
        if faults.is_empty() { Ok(self) } else { Err(faults) }
    }

    fn indicator_faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut query = |what: &str, text: &str| {
            if text.trim().is_empty() {
                faults.push(format!("{what} is empty"));
            } else if text.len() > MAX_QUERY {
                faults.push(format!("{what} has at most {MAX_QUERY} bytes"));
            }
        };
        match &self.indicator {
            Indicator::Ratio { good, bad, total } => {
                query("the query of all events", total);
                if let Some(good) = good {
                    query("the query of good events", good);
                }
                if let Some(bad) = bad {
                    query("the query of bad events", bad);
                }
                if good.is_some() == bad.is_some() {
                    faults.push("a ratio has either good or bad events beside all of them".to_owned());
                }
            }
            Indicator::Latency { histogram, threshold_s, .. } => {
                query("the histogram", histogram);
                if !(threshold_s.is_finite() && *threshold_s > 0.0) {
                    faults.push("the threshold is a number of seconds above zero".to_owned());
                }
            }
            Indicator::Probe { query: text, .. } => query("the query", text),
            Indicator::Threshold { query: text, value, .. } => {
                query("the query", text);
                if !value.is_finite() {
                    faults.push("the threshold is a number".to_owned());
                }
                if self.method != Method::Timeslices {
                    faults.push("a value against a threshold is judged by time slices: set the method to timeslices".to_owned());
                }
            }
            Indicator::Telemetry { service, operation, threshold_s } => {
                query("the service whose calls are counted", service);
                if let Some(operation) = operation {
                    query("the operation", operation);
                }
                if threshold_s.is_some_and(|threshold_s| !(threshold_s.is_finite() && threshold_s > 0.0)) {
                    faults.push("the threshold is a number of seconds above zero".to_owned());
                }
            }
            Indicator::Pushed => {}
            Indicator::Composite { of, .. } => {
                if of.is_empty() || of.len() > MAX_PARTS {
                    faults.push(format!("a composite has 1 to {MAX_PARTS} objectives"));
                }
                if of.iter().any(|part| !(part.weight.is_finite() && part.weight > 0.0)) {
                    faults.push("weights are above zero".to_owned());
                }
                if of.iter().any(|part| part.objective == self.name) {
                    faults.push("a composite is not made from itself".to_owned());
                }
            }
        }
        if self.indicator.absent_is_bad() && !self.method.counts_time() {
            faults.push("an absent series is bad where slices are counted: set the method to timeslices".to_owned());
        }
        let is_ratio_sliced =
            self.method == Method::Timeslices && !matches!(self.indicator, Indicator::Threshold { .. } | Indicator::Probe { .. } | Indicator::Composite { .. });
        if is_ratio_sliced && self.slice_target.is_none() {
            faults.push("time slices of a ratio need slice_target: the share of a slice that has to be good".to_owned());
        }
        if self.indicator.is_asked() && self.source.is_none() {
            faults.push("name the data source that is asked, or send readings yourself (kind “pushed”)".to_owned());
        }
        faults
    }

    /// What is wrong with its windows, each of them on its own and beside the others.
    fn window_faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.windows.is_empty() || self.windows.len() > MAX_WINDOWS {
            faults.push(format!("there are 1 to {MAX_WINDOWS} windows"));
        }
        for (place, window) in self.windows.iter().enumerate() {
            if let Err(refusal) = window.clone().check() {
                faults.push(format!("windows: {refusal}"));
            } else if self.windows[..place].contains(window) {
                faults.push(format!("windows: {window} is there twice"));
            }
        }
        faults
    }

    /// How far back its windows reach: the longest one, and of fixed periods the one before it too,
    /// which the burn-down is measured by.
    pub fn reaches_back_s(&self) -> i64 {
        let reach = |window: &Window| window.usual_secs().saturating_mul(if matches!(window, Window::Calendar { .. }) { 2 } else { 1 });
        self.windows.iter().map(reach).max().unwrap_or(0)
    }

    /// Whether readings made for `self` say nothing about `other`.
    pub fn begins_anew_as(&self, other: &Self) -> bool {
        self.indicator != other.indicator
            || self.source != other.source
            || self.slice_s != other.slice_s
            || self.method != other.method
            || self.slice_target != other.slice_target
            || self.windows.first() != other.windows.first()
    }
}

/// Whether a slice can be so long.
pub fn is_slice(secs: i64) -> bool {
    (FINE_S..=3_600).contains(&secs) && secs % FINE_S == 0 && 86_400 % secs == 0
}

/// Whether something can be an objective's name.
pub fn is_name(name: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "._-/:".contains(letter);
    name.len() <= MAX_NAME && name.chars().next().is_some_and(|first| first.is_ascii_alphanumeric()) && name.chars().all(fits)
}

impl Readable for Objective {
    fn read(from: Reader<'_>) -> Self {
        Self {
            id: from.get("id"),
            draft: ObjectiveDraft::read(from),
            generation: from.get("generation"),
            generation_at: from.get("generation_at"),
            revision: from.get("revision"),
            created_at: from.get("created_at"),
            updated_at: from.get("updated_at"),
            updated_by: from.get("updated_by"),
        }
    }
}

impl Readable for ObjectiveDraft {
    fn read(from: Reader<'_>) -> Self {
        Self {
            name: from.get("name"),
            title: from.get("title"),
            description: from.get("description"),
            service: from.get("service"),
            target: from.get("target"),
            windows: from.get("windows"),
            method: from.get("method"),
            slice_target: from.get("slice_target"),
            indicator: from.get("indicator"),
            source: from.get("source"),
            slice_s: from.get("slice_s"),
            alerting: from.get("alerting"),
            gate_fails_closed: from.get("gate_fails_closed"),
            basis: from.get("basis"),
        }
    }
}

impl Readable for Method {
    fn read(from: Reader<'_>) -> Self {
        from.word(&Method::ALL.map(|method| (method.slug(), method)))
    }
}

impl Readable for Basis {
    fn read(from: Reader<'_>) -> Self {
        from.word(&[("last_period", Basis::LastPeriod), ("observed", Basis::Observed)])
    }
}

impl Readable for Alerting {
    fn read(from: Reader<'_>) -> Self {
        Self { enabled: from.get("enabled"), pairs: from.get("pairs"), min_bad: from.get("min_bad") }
    }
}

impl Readable for PairDraft {
    fn read(from: Reader<'_>) -> Self {
        Self { severity: from.get("severity"), factor: from.get("factor"), long_s: from.get("long_s"), short_s: from.get("short_s") }
    }
}
