//! An incident: `fold(events)`. Every change is an event that [`decide`](decide()) or
//! [`observe`](observe()) allowed; folding the same events gives the same incident anywhere.

mod command;
mod decide;
mod event;
mod fold;
mod late;
mod refusal;
mod rules;

pub use command::{Command, Declare};
pub use decide::{Context, MergeTarget, Observation, absorb, decide, declare, observe, open_by_alert};
pub use event::{AlertResolution, Change, EventKind, ResolvedBy};
pub use refusal::Refusal;
pub use rules::{Verb, allowed};

use super::{
    alert::Labels,
    ids::{AlertId, IncidentId, IncidentRef},
    people::{ActorRef, PersonRef},
    severity::{AlertSeverity, Severity},
    time::Timestamp,
    triage::Answers,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// May be nothing: nobody has said yet how bad it is.
    Triage,
    Active,
    /// Customers are safe again; the cause is not yet gone.
    Mitigated,
    /// The service level is back.
    Resolved,
    /// Nothing is left to do.
    Closed,
    /// A false alarm.
    Cancelled,
    /// Goes on in another incident.
    Merged,
}

impl State {
    pub const ALL: [State; 7] = [State::Triage, State::Active, State::Mitigated, State::Resolved, State::Closed, State::Cancelled, State::Merged];

    pub fn slug(self) -> &'static str {
        match self {
            State::Triage => "triage",
            State::Active => "active",
            State::Mitigated => "mitigated",
            State::Resolved => "resolved",
            State::Closed => "closed",
            State::Cancelled => "cancelled",
            State::Merged => "merged",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            State::Triage => "Triage",
            State::Active => "Being worked",
            State::Mitigated => "Mitigated",
            State::Resolved => "Resolved",
            State::Closed => "Closed",
            State::Cancelled => "False alarm",
            State::Merged => "Merged",
        }
    }

    pub fn from_slug(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.slug() == text)
    }

    /// Somebody still has to do something.
    pub fn is_open(self) -> bool {
        matches!(self, State::Triage | State::Active | State::Mitigated)
    }

    /// Over for good as far as alerts are concerned: no alert joins it any more.
    pub fn is_over(self) -> bool {
        matches!(self, State::Closed | State::Cancelled | State::Merged)
    }
}

/// What kind of happening it is; only `incident` counts in the metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    #[default]
    Incident,
    Maintenance,
    Drill,
}

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::Incident, Kind::Maintenance, Kind::Drill];

    pub fn slug(self) -> &'static str {
        match self {
            Kind::Incident => "incident",
            Kind::Maintenance => "maintenance",
            Kind::Drill => "drill",
        }
    }

    pub fn from_slug(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.slug() == text)
    }
}

/// The parts people play in one incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IncidentRole {
    Commander,
    Deputy,
    Operations,
    #[serde(alias = "comms")]
    Communications,
    Scribe,
    Expert,
}

impl IncidentRole {
    pub const ALL: [IncidentRole; 6] =
        [IncidentRole::Commander, IncidentRole::Deputy, IncidentRole::Operations, IncidentRole::Communications, IncidentRole::Scribe, IncidentRole::Expert];

    pub fn slug(self) -> &'static str {
        match self {
            IncidentRole::Commander => "commander",
            IncidentRole::Deputy => "deputy",
            IncidentRole::Operations => "operations",
            IncidentRole::Communications => "communications",
            IncidentRole::Scribe => "scribe",
            IncidentRole::Expert => "expert",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            IncidentRole::Commander => "Commander",
            IncidentRole::Deputy => "Deputy",
            IncidentRole::Operations => "Operations",
            IncidentRole::Communications => "Communications",
            IncidentRole::Scribe => "Scribe",
            IncidentRole::Expert => "Expert",
        }
    }

    pub fn from_slug(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.slug() == text)
    }
}

/// One role's seat: who holds it, and who was asked to take it and has not accepted yet. Both are
/// shown until then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    pub holder: Option<Held>,
    pub asked: Option<Held>,
}

/// Somebody in a seat, and since when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    pub person: PersonRef,
    pub since: Timestamp,
}

/// That somebody has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    pub by: String,
    /// Who, for comparing with oneself.
    pub by_id: String,
    pub at: Timestamp,
    /// After this it no longer holds; `None` is until further notice.
    pub until: Option<Timestamp>,
}

/// A time in which users of a service were hurt. Half-open: `from` included, `to` not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImpactWindow {
    pub service: Option<String>,
    pub from: Timestamp,
    #[serde(default)]
    pub to: Option<Timestamp>,
}

/// The alerts of one service in an incident, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceSignals {
    pub total: u32,
    pub firing: u32,
    /// How many of the firing ones hurt users: critical ones and errors that are not about our own eyes.
    pub hurting: u32,
    /// The latest end of those that are over. Ends are told in another order than they happen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// The latest end of those that are over and hurt users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hurt_until: Option<Timestamp>,
}

/// One alert as an incident's record names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertRef {
    pub id: AlertId,
    pub title: String,
    pub service: Option<String>,
    pub severity: Option<AlertSeverity>,
    pub started_at: Timestamp,
    /// `Some` when it was over already when it was attached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<Timestamp>,
    /// It is about our own eyes; see [`ABOUT_MONITORING`](super::alert::ABOUT_MONITORING).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub about_monitoring: bool,
}

impl AlertRef {
    /// Whether users are hurt while it fires, as far as an alert can say.
    pub fn hurts(&self) -> bool {
        self.severity.is_some_and(AlertSeverity::hurts) && !self.about_monitoring
    }
}

/// Whether the alerts of an incident still fire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignalState {
    /// It has no alerts.
    None,
    Firing,
    /// It had alerts, and none fires any more.
    Quiet,
}

/// The mark of an incident that only programs have acknowledged.
const BY_PROGRAM: &str = "acknowledged_by_program";
/// The mark of an incident whose acknowledgement, as it stands, is a program's.
const HELD_BY_PROGRAM: &str = "held_by_program";

/// Where an imported incident came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    pub name: String,
    pub id: String,
}

/// An incident as its events tell it, in the shape that `GET /api/v1/incidents/{id}` answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    pub id: IncidentId,
    #[serde(rename = "ref")]
    pub reference: IncidentRef,
    pub origin: Option<Origin>,
    pub title: String,
    pub kind: Kind,
    pub state: State,
    /// What people decided. `None` is "not sure yet".
    pub severity: Option<Severity>,
    /// What the alert or the triage answers propose.
    pub proposed_severity: Option<Severity>,
    /// Why the severity is what it is, in words.
    pub severity_reason: Option<String>,
    /// The triage answers given last.
    pub answers: Option<Answers>,
    pub acknowledged: Option<Acknowledged>,
    pub services: Vec<String>,
    pub roles: BTreeMap<IncidentRole, Seat>,
    pub labels: Labels,
    pub impact: Vec<ImpactWindow>,
    /// Alerts per service; the key "" holds those without a service.
    pub signals: BTreeMap<String, ServiceSignals>,
    /// A person set the impact, so alerts no longer change it.
    pub impact_by_person: bool,
    /// A person works or has worked on it, so it does not resolve by signal alone.
    pub touched: bool,
    pub private: bool,
    pub started_at: Timestamp,
    /// When anybody first knew. `None` only for imported incidents whose origin does not say.
    pub detected_at: Option<Timestamp>,
    /// When a person acknowledged it first; while only programs did, when the first of them did.
    pub acknowledged_at: Option<Timestamp>,
    pub mitigated_at: Option<Timestamp>,
    pub resolved_at: Option<Timestamp>,
    pub resolved_by: Option<ResolvedBy>,
    pub closed_at: Option<Timestamp>,
    pub merged_into: Option<IncidentId>,
    /// Who declared it.
    pub declared_by: ActorRef,
    /// Sequence numbers of pinned entries.
    pub pinned: Vec<i64>,
    /// While it is open: when somebody last said how things stand, or it was reopened. The clocks
    /// of updates run from here; `None`: nobody has said anything yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_at: Option<Timestamp>,
    /// The next update was put off: none is due before then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_postponed_to: Option<Timestamp>,
    /// When something was last recorded.
    pub updated_at: Timestamp,
    /// Sequence numbers of the entries that set `detected_at`, `acknowledged_at`, `mitigated_at`
    /// and `resolved_at`, so that correcting an entry's time corrects them; `reopened`: since when
    /// impact begins anew; `acknowledged_by_program`: only programs have acknowledged it so far;
    /// `held_by_program`: a program was the last to.
    pub marks: BTreeMap<String, i64>,
    /// The sequence number of its last event.
    pub version: i64,
}

impl Incident {
    /// Folds a whole log. `None` when it does not begin with a declaration.
    pub fn fold<'a>(id: IncidentId, reference: IncidentRef, events: impl IntoIterator<Item = &'a super::timeline::Event>) -> Option<Self> {
        let mut events = events.into_iter();
        let mut incident = Self::begin(id, reference, events.next()?)?;
        for event in events {
            incident.apply(event);
        }
        Some(incident)
    }

    /// Whether somebody has it at `now`: an acknowledgement expires.
    pub fn is_acknowledged(&self, now: Timestamp) -> bool {
        self.acknowledged.as_ref().is_some_and(|ack| ack.until.is_none_or(|until| now < until))
    }

    /// Whether `acknowledged_at` says when a program acknowledged it, because no person ever did.
    /// Records of before do not tell programs from people.
    pub fn is_acknowledged_by_program_only(&self) -> bool {
        self.marks.contains_key(BY_PROGRAM)
    }

    /// Whether its acknowledgement is a program's, whoever had it before.
    pub fn is_held_by_program(&self) -> bool {
        self.acknowledged.is_some() && self.marks.contains_key(HELD_BY_PROGRAM)
    }

    /// The same incident with what has run out by `now` left out, as the doors show it.
    pub fn as_of(mut self, now: Timestamp) -> Self {
        if !self.is_acknowledged(now) {
            self.acknowledged = None;
        }
        self
    }

    pub fn signal_state(&self) -> SignalState {
        if self.signals.values().all(|signals| signals.total == 0) {
            SignalState::None
        } else if self.signals.values().any(|signals| signals.firing > 0) {
            SignalState::Firing
        } else {
            SignalState::Quiet
        }
    }

    /// How many of its alerts fire now.
    pub fn firing_alerts(&self) -> u32 {
        self.signals.values().map(|signals| signals.firing).sum()
    }

    /// How many alerts it holds.
    pub fn total_alerts(&self) -> u32 {
        self.signals.values().map(|signals| signals.total).sum()
    }

    /// The severity to show: the decided one, else the proposed one.
    pub fn shown_severity(&self) -> Option<Severity> {
        self.severity.or(self.proposed_severity)
    }

    pub fn holder(&self, role: IncidentRole) -> Option<&Held> {
        self.roles.get(&role).and_then(|seat| seat.holder.as_ref())
    }

    /// Who has it, by name: the commander, else whoever acknowledged it.
    pub fn who_has_it(&self, now: Timestamp) -> Option<&str> {
        let acknowledged = || self.acknowledged.as_ref().filter(|_| self.is_acknowledged(now)).map(|ack| ack.by.as_str());
        self.holder(IncidentRole::Commander).map(|held| held.person.name.as_str()).or_else(acknowledged)
    }

    /// When users began to be hurt: the earliest impact window, else when it started.
    pub fn impact_started_at(&self) -> Timestamp {
        self.impact.iter().map(|window| window.from).min().unwrap_or(self.started_at)
    }
}

impl Incident {
    /// Whether `actor` may know of it. A private incident is visible to its people and to those
    /// with the right to see every private one; for others it does not exist.
    pub fn is_visible_to(&self, actor: &super::people::Actor) -> bool {
        let seated = |seat: &Seat| [&seat.holder, &seat.asked].into_iter().flatten().any(|held| actor.is(&held.person));
        !self.private
            || actor.role.may(super::people::Right::SeePrivate)
            || actor.who == self.declared_by
            || self.roles.values().any(seated)
            || self.acknowledged.as_ref().is_some_and(|ack| ack.by_id == actor.who.id)
    }
}

#[cfg(test)]
mod back;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
