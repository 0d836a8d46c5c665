//! Time that is left out of an objective, with the reason: planned maintenance, somebody else's
//! outage. It may be written down afterwards, and the figures without it stay visible.

use super::{recurrence::Recurrence, zone::Zone};
use crate::domain::metrics::Range;
use crate::domain::{
    ids::ExclusionId,
    reading::{Readable, Reader},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

const MAX_REASON: usize = 500;
const MAX_CATEGORY: usize = 60;
const MAX_LENGTH_S: i64 = 92 * 86_400;
/// An hourly maintenance of a quarter comes so often.
const MOST_TIMES: usize = 3_000;

/// What people say of time to leave out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExclusionDraft {
    /// The name of the one objective it is for; absent: all of `service`, or all there are.
    #[serde(default)]
    pub objective: Option<String>,
    #[serde(default)]
    pub service: Option<String>,
    pub from: Timestamp,
    pub to: Timestamp,
    /// When it comes again: its rule says when and how long, and `from` and `to` are its first time.
    #[serde(default)]
    pub recurrence: Option<Recurrence>,
    pub reason: String,
    /// `maintenance`, `outside cause`, `out of scope`, …
    #[serde(default)]
    pub category: String,
}

/// Time that is left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exclusion {
    pub id: ExclusionId,
    #[serde(flatten)]
    pub draft: ExclusionDraft,
    pub author: String,
    pub created_at: Timestamp,
}

impl ExclusionDraft {
    /// What may be kept, or everything that is wrong with it.
    pub fn parse(mut self) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        self.reason = self.reason.trim().to_owned();
        self.category = self.category.trim().to_owned();
        if self.to <= self.from {
            faults.push("it ends after it begins".to_owned());
        } else if self.to.secs_since(self.from) > MAX_LENGTH_S {
            faults.push("it lasts at most 92 days".to_owned());
        }
        if self.reason.is_empty() || self.reason.chars().count() > MAX_REASON {
            faults.push(format!("the reason has 1 to {MAX_REASON} characters"));
        }
        if self.category.chars().count() > MAX_CATEGORY {
            faults.push(format!("the category has at most {MAX_CATEGORY} characters"));
        }
        if self.objective.is_some() && self.service.is_some() {
            faults.push("name an objective or a service, not both".to_owned());
        }
        if let Some(recurrence) = &self.recurrence
            && let Err(refusal) = recurrence.clone().check()
        {
            faults.push(refusal.to_string());
        }
        if faults.is_empty() { Ok(self) } else { Err(faults) }
    }

    /// When it is, as far as it touches a range: seconds since 1970, ascending. `zone` has the
    /// rules of its recurrence's zone.
    pub fn times(&self, range: &Range, zone: &dyn Zone) -> Vec<(i64, i64)> {
        let secs = |from: Timestamp, to: Timestamp| (from.epoch_secs(), to.epoch_secs());
        match &self.recurrence {
            None => Some(secs(self.from, self.to)).into_iter().filter(|(from, to)| *to > range.from.epoch_secs() && *from < range.to.epoch_secs()).collect(),
            Some(recurrence) => recurrence.within(range, zone, MOST_TIMES).occurrences.iter().map(|once| secs(once.from, once.to)).collect(),
        }
    }

    /// Whether it is for this objective.
    pub fn covers(&self, objective: &str, service: Option<&str>) -> bool {
        match (&self.objective, &self.service) {
            (Some(name), _) => name == objective,
            (None, Some(of)) => service == Some(of.as_str()),
            (None, None) => true,
        }
    }
}

impl Readable for ExclusionDraft {
    fn read(from: Reader<'_>) -> Self {
        Self {
            objective: from.get("objective"),
            service: from.get("service"),
            from: from.get("from"),
            to: from.get("to"),
            recurrence: from.get("recurrence"),
            reason: from.get("reason"),
            category: from.get("category"),
        }
    }
}

impl Readable for Exclusion {
    fn read(from: Reader<'_>) -> Self {
        Self { id: from.get("id"), draft: ExclusionDraft::read(from), author: from.get("author"), created_at: from.get("created_at") }
    }
}
