//! What the metrics need to know of one incident, and nothing else.

use super::{LOOK_BACK_SECS, Range};
use crate::domain::{
    alert::{Labels, is_about_monitoring},
    ids::IncidentRef,
    incident::{Incident, Kind, State},
    severity::Severity,
    time::Timestamp,
    timeline::hex,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// One incident, narrowed to what is measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    pub reference: IncidentRef,
    pub severity: Option<Severity>,
    pub kind: Kind,
    /// Somebody still has to do something.
    pub open: bool,
    /// Where it was imported from.
    pub origin: Option<String>,
    pub services: Vec<String>,
    pub labels: Labels,
    /// When its impact began; it belongs to a range by this.
    pub started_at: Timestamp,
    pub detected_at: Option<Timestamp>,
    pub acknowledged_at: Option<Timestamp>,
    /// Only programs acknowledged it, so `acknowledged_at` says when no human did.
    pub acknowledged_by_program: bool,
    pub mitigated_at: Option<Timestamp>,
    /// When its impact ended; where no impact is known, when it was resolved. `None` while it is
    /// open or its impact goes on.
    pub restored_at: Option<Timestamp>,
    /// When it was resolved, the last time. `None` while it is open.
    pub resolved_at: Option<Timestamp>,
    pub impact: Vec<Window>,
    /// Equal for incidents that are the same trouble again.
    pub cause: String,
}

/// A time in which users of a service were hurt. Half-open; without an end it goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    pub service: Option<String>,
    pub from: Timestamp,
    pub to: Option<Timestamp>,
}

impl Facts {
    /// `None` for what counts nowhere: false alarms, and what goes on in another incident.
    pub fn of(incident: &Incident) -> Option<Self> {
        if matches!(incident.state, State::Cancelled | State::Merged) {
            return None;
        }
        let open = incident.state.is_open();
        let impact: Vec<Window> = incident.impact.iter().map(|window| Window { service: window.service.clone(), from: window.from, to: window.to }).collect();
        let impact_ended_at = if impact.iter().all(|window| window.to.is_some()) { impact.iter().filter_map(|window| window.to).max() } else { None };
        let restored_at = if open {
            None
        } else if impact.is_empty() {
            incident.resolved_at
        } else {
            impact_ended_at
        };
        Some(Self {
            reference: incident.reference,
            severity: incident.severity,
            kind: incident.kind,
            open,
            origin: incident.origin.as_ref().map(|origin| origin.name.clone()),
            services: incident.services.clone(),
            labels: incident.labels.clone(),
            started_at: incident.impact_started_at(),
            detected_at: incident.detected_at,
            acknowledged_at: incident.acknowledged_at,
            acknowledged_by_program: incident.is_acknowledged_by_program_only(),
            mitigated_at: incident.mitigated_at,
            restored_at,
            resolved_at: incident.resolved_at,
            impact,
            cause: cause(incident),
        })
    }

    /// Whether it is about our own eyes and hurt nobody.
    pub fn is_about_monitoring(&self) -> bool {
        self.impact.is_empty() && is_about_monitoring(&self.labels)
    }

    /// When the service was back. Impact of what is resolved is over: where an older record says
    /// no end of it, it ended with the resolve.
    pub fn restored(&self) -> Option<Timestamp> {
        let ended = || {
            let resolved_at = self.resolved_at.filter(|_| !self.open)?;
            Some(self.impact.iter().map(|window| window.end_by(resolved_at)).fold(resolved_at, Timestamp::max))
        };
        self.restored_at.or_else(ended)
    }

    /// Until when one of its windows hurts, as known at `now`.
    pub fn end_of(&self, window: &Window, now: Timestamp) -> Timestamp {
        window.end_by(self.resolved_at.filter(|_| !self.open).unwrap_or(now))
    }

    /// The last instant at which it can matter to a range; `None` while it goes on.
    pub fn ended_at(&self) -> Option<Timestamp> {
        if self.open || self.restored().is_none() {
            return None;
        }
        let windows = self.impact.iter().filter_map(|window| window.to);
        Some(windows.chain(self.restored()).chain(self.resolved_at).fold(self.started_at, Timestamp::max))
    }

    /// Whether it touches `range` or the thirty days before it.
    pub fn reaches(&self, range: &Range) -> bool {
        self.started_at < range.to && self.ended_at().is_none_or(|end| end >= range.from.plus_secs(-LOOK_BACK_SECS))
    }
}

impl Window {
    /// Its end; where none is known, `at`, but never before it begins.
    fn end_by(&self, at: Timestamp) -> Timestamp {
        self.to.unwrap_or(at.max(self.from))
    }
}

/// What makes two incidents the same trouble: the label `cause` where people set it, else the
/// same title on the same services. Kept short; only equality matters.
fn cause(incident: &Incident) -> String {
    let mut services: Vec<&str> = incident.services.iter().map(String::as_str).collect();
    services.sort_unstable();
    let key = match incident.labels.get("cause") {
        Some(cause) => format!("cause\0{cause}"),
        None => format!("title\0{}\0{}", incident.title, services.join("\0")),
    };
    hex(&Sha256::digest(key)[..8])
}

/// Facts as the store keeps them: a JSON array in the order of the fields, because many thousands
/// are read for one figure.
#[derive(Serialize, Deserialize)]
struct Packed(
    i64,
    Option<u8>,
    Kind,
    bool,
    Option<String>,
    Vec<String>,
    Labels,
    i64,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Vec<(Option<String>, i64, Option<i64>)>,
    String,
    // Later than the others: migration 0015 wrote it into the rows that stood.
    #[serde(default)] Option<i64>,
    // Later still: rows that stood say nothing of programs, like the records that they stand for.
    #[serde(default)] bool,
);

impl Serialize for Facts {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Packed(
            self.reference.0,
            self.severity.map(Severity::level),
            self.kind,
            self.open,
            self.origin.clone(),
            self.services.clone(),
            self.labels.clone(),
            self.started_at.micros(),
            self.detected_at.map(Timestamp::micros),
            self.acknowledged_at.map(Timestamp::micros),
            self.mitigated_at.map(Timestamp::micros),
            self.restored_at.map(Timestamp::micros),
            self.impact.iter().map(|window| (window.service.clone(), window.from.micros(), window.to.map(Timestamp::micros))).collect(),
            self.cause.clone(),
            self.resolved_at.map(Timestamp::micros),
            self.acknowledged_by_program,
        )
        .serialize(to)
    }
}

impl<'de> Deserialize<'de> for Facts {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let packed = Packed::deserialize(from)?;
        let at = |micros: Option<i64>| micros.map(Timestamp::from_micros);
        let window = |(service, from, to): (_, i64, _)| Window { service, from: Timestamp::from_micros(from), to: at(to) };
        Ok(Self {
            reference: IncidentRef(packed.0),
            severity: packed.1.and_then(|level| Severity::ALL.into_iter().find(|severity| severity.level() == level)),
            kind: packed.2,
            open: packed.3,
            origin: packed.4,
            services: packed.5,
            labels: packed.6,
            started_at: Timestamp::from_micros(packed.7),
            detected_at: at(packed.8),
            acknowledged_at: at(packed.9),
            acknowledged_by_program: packed.15,
            mitigated_at: at(packed.10),
            restored_at: at(packed.11),
            resolved_at: at(packed.14),
            impact: packed.12.into_iter().map(window).collect(),
            cause: packed.13,
        })
    }
}
