//! The one decision function: what a command does to an incident, or why it is refused.
//!
//! Decides and changes nothing: the caller records the changes as events, then folds them.

use super::{
    Acknowledged, AlertRef, AlertResolution, Change, Command, Declare, EventKind, ImpactWindow, Incident, IncidentRole, Kind, Refusal, ResolvedBy, SignalState,
    State, allowed, late,
};
use crate::domain::{
    alert::{ABOUT_MONITORING, Labels, Link},
    grouping::Why,
    ids::{AlertId, IncidentId, IncidentRef},
    people::{Actor, ActorKind, ActorRef, Role},
    severity::Severity,
    slo::severity::Suggestion,
    time::Timestamp,
    triage, updates,
};

/// Longest title, in characters.
const MAX_TITLE: usize = 300;
/// Longest text of a note, decision or reason, in characters.
const MAX_TEXT: usize = 20_000;
/// Most services, labels or impact windows in one command.
const MAX_ITEMS: usize = 1_000;
/// How far ahead of our clock a time given by a person may be.
const SKEW_SECS: i64 = 120;

/// What a command refers to outside its incident; the caller looks it up.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The incident to merge into.
    pub target: Option<MergeTarget>,
    /// The alert to attach or detach, and the incident it is in.
    pub alert: Option<(AlertRef, Option<IncidentId>)>,
}

/// What a merge has to know of the incident that it goes into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MergeTarget {
    pub id: IncidentId,
    pub reference: IncidentRef,
    pub state: State,
    pub private: bool,
}

impl MergeTarget {
    pub fn of(incident: &Incident) -> Self {
        Self { id: incident.id, reference: incident.reference, state: incident.state, private: incident.private }
    }
}

/// Decides a declaration.
pub fn declare(draft: &Declare, actor: &Actor, now: Timestamp) -> Result<Vec<Change>, Refusal> {
    if actor.role < Role::Responder {
        return Err(Refusal::NeedsResponder);
    }
    let title = title(&draft.title)?;
    at_most(draft.services.len(), "services")?;
    at_most(draft.labels.len(), "labels")?;
    check_impact(&draft.impact, now)?;
    let reason = text(draft.reason.as_deref(), "reason")?;
    let proposal = draft.answers.as_ref().map(triage::propose);
    let proposed_severity = proposal.as_ref().and_then(|proposal| proposal.severity);
    if let (Some(chosen), Some(proposed)) = (draft.severity, proposed_severity)
        && chosen != proposed
        && reason.is_none()
    {
        return Err(Refusal::ReasonNeeded { what: "another severity than the answers give" });
    }
    let started_at = draft.started_at.or_else(|| draft.impact.iter().map(|window| window.from).min()).unwrap_or(now);
    draft.started_at.map_or(Ok(()), |at| believed(at, now))?;
    let mut services = tidy(&draft.services);
    for service in draft.impact.iter().filter_map(|window| window.service.as_ref()) {
        if !services.contains(service) {
            services.push(service.clone());
        }
    }
    let kind = EventKind::Declared {
        title,
        severity: draft.severity,
        proposed_severity: proposed_severity.or(draft.severity),
        reason: reason.or_else(|| proposal.map(|proposal| proposal.because)),
        answers: draft.answers.clone(),
        services,
        impact: draft.impact.clone(),
        labels: draft.labels.clone(),
        incident_kind: draft.kind,
        private: draft.private,
        started_at,
        detected_at: Some(now.max(started_at)),
        origin: draft.origin.clone(),
    };
    Ok(vec![Change { happened_at: now, kind }])
}

/// Decides `command` on `incident` for `actor` at `now`.
pub fn decide(incident: &Incident, command: &Command, context: &Context, actor: &Actor, now: Timestamp) -> Result<Vec<Change>, Refusal> {
    if let Some(note) = late::acknowledgement(incident, command, actor, now) {
        believed(note.happened_at, now)?;
        return Ok(vec![note]);
    }
    allowed(incident, command.verb(), actor)?;
    let one = |kind| Ok(vec![Change { happened_at: now, kind }]);
    let at = |happened_at: &Option<Timestamp>, kind| {
        happened_at.map_or(Ok(()), |at| believed(at, now))?;
        Ok(vec![Change { happened_at: happened_at.unwrap_or(now), kind }])
    };
    match command {
        Command::Acknowledge { for_s, happened_at } => {
            if for_s.is_some_and(|secs| !(1..=7 * 86_400).contains(&secs)) {
                return Err(Refusal::BadPeriod);
            }
            let until = for_s.map(|secs| now.plus_secs(secs));
            let by_program = is_program(actor.who.kind);
            // That a program acknowledged it keeps no person from saying that they have it.
            let is_free = !by_program && incident.is_held_by_program();
            let others = |ack: &&Acknowledged| !is_free && incident.is_acknowledged(now) && ack.by_id != actor.who.id;
            if let Some(ack) = incident.acknowledged.as_ref().filter(others) {
                return Err(Refusal::AlreadyAcknowledged { by: ack.by.clone(), until: ack.until });
            }
            at(happened_at, EventKind::Acknowledged { until, by_program })
        }
        Command::Unacknowledge { reason } => {
            if !incident.is_acknowledged(now) {
                return Err(Refusal::NotAcknowledged);
            }
            one(EventKind::Unacknowledged { reason: text(reason.as_deref(), "reason")? })
        }
        Command::SetSeverity { severity, reason, answers } => set_severity(incident, *severity, reason.as_deref(), answers.as_ref(), now),
        Command::Activate { reason } => {
            let reason = text(reason.as_deref(), "reason")?;
            if incident.state == State::Mitigated && reason.is_none() {
                return Err(Refusal::ReasonNeeded { what: "going back to active" });
            }
            one(EventKind::Activated { reason })
        }
        Command::Mitigate { reason, happened_at } => at(happened_at, EventKind::Mitigated { reason: text(reason.as_deref(), "reason")? }),
        Command::Resolve { reason, happened_at } => {
            let reason = text(reason.as_deref(), "reason")?;
            if reason.is_none() && incident.signal_state() == SignalState::Firing {
                return Err(Refusal::ReasonNeeded { what: "resolving while its alerts still fire" });
            }
            at(happened_at, EventKind::Resolved { by: ResolvedBy::Person, reason })
        }
        Command::Close { reason } => one(EventKind::Closed { reason: text(reason.as_deref(), "reason")? }),
        Command::Reopen { reason, recovered } => {
            let reason = Some(needed(reason.as_deref(), "reopening")?);
            // A false alarm was never resolved: no impact of it ended.
            one(EventKind::Reopened { reason, recovered: incident.resolved_at.map(|_| recovered.unwrap_or(true)) })
        }
        Command::Cancel { reason } => one(EventKind::Cancelled { reason: Some(needed(reason.as_deref(), "calling it a false alarm")?) }),
        Command::Merge { into, reason } => {
            if *into == incident.id {
                return Err(Refusal::MergeIntoItself);
            }
            let Some(target) = context.target else { return Err(Refusal::MergeIntoOver { state: State::Merged }) };
            if target.state.is_over() {
                return Err(Refusal::MergeIntoOver { state: target.state });
            }
            // The other's record would tell what it holds to everybody, and no record is taken back.
            if incident.private && !target.private {
                return Err(Refusal::PrivateIntoPublic { into: target.reference });
            }
            one(EventKind::MergedInto { into: target.id, into_ref: target.reference, reason: text(reason.as_deref(), "reason")? })
        }
        Command::AssignRole { role, person, reason } => {
            if person.name.trim().is_empty() {
                return Err(Refusal::Empty { field: "person" });
            }
            if let Some(held) = incident.holder(*role).filter(|held| held.person == *person) {
                return Err(Refusal::AlreadyHeld { person: held.person.name.clone() });
            }
            // Oneself needs no asking; somebody without an account cannot answer.
            let accepted = actor.is(person) || person.id.is_none();
            one(EventKind::RoleAssigned { role: *role, person: person.clone(), accepted, reason: text(reason.as_deref(), "reason")? })
        }
        Command::AcceptRole { role } => match incident.roles.get(role).and_then(|seat| seat.asked.as_ref()) {
            Some(asked) if actor.is(&asked.person) => one(EventKind::RoleAccepted { role: *role, person: asked.person.clone() }),
            _ => Err(Refusal::NotAsked),
        },
        Command::ReleaseRole { role, reason } => {
            let seat = incident.roles.get(role);
            let Some(held) = seat.and_then(|seat| seat.asked.as_ref().or(seat.holder.as_ref())) else { return Err(Refusal::NotHeld) };
            one(EventKind::RoleReleased { role: *role, person: held.person.clone(), reason: text(reason.as_deref(), "reason")? })
        }
        Command::Note { text: words, happened_at } => at(happened_at, EventKind::Note { text: filled(words, "text")?, status: None }),
        Command::Decision { text: words, happened_at } => at(happened_at, EventKind::Decision { text: filled(words, "text")? }),
        Command::Link { url, text: words } => {
            if !Link::is_safe(url) {
                return Err(Refusal::UnsafeLink);
            }
            one(EventKind::Linked { url: filled(url, "url")?, text: text(words.as_deref(), "text")? })
        }
        Command::Pin { seq } => {
            known_entry(incident, *seq)?;
            if incident.pinned.contains(seq) { Err(Refusal::AlreadyPinned { seq: *seq }) } else { one(EventKind::Pinned { seq: *seq }) }
        }
        Command::Unpin { seq } => {
            if incident.pinned.contains(seq) {
                one(EventKind::Unpinned { seq: *seq })
            } else {
                Err(Refusal::NotPinned { seq: *seq })
            }
        }
        Command::CorrectTime { seq, happened_at, reason } => {
            known_entry(incident, *seq)?;
            believed(*happened_at, now)?;
            one(EventKind::TimeCorrected { seq: *seq, happened_at: *happened_at, reason: text(reason.as_deref(), "reason")? })
        }
        Command::SetTitle { title: words } => one(EventKind::TitleSet { title: title(words)? }),
        Command::SetServices { services } => {
            at_most(services.len(), "services")?;
            one(EventKind::ServicesSet { services: tidy(services) })
        }
        Command::SetImpact { impact, reason } => {
            check_impact(impact, now)?;
            one(EventKind::ImpactSet { impact: over_by_the_resolve(incident, impact)?, reason: text(reason.as_deref(), "reason")? })
        }
        Command::Tag { labels } => {
            if labels.is_empty() || labels.keys().any(|name| name.trim().is_empty()) {
                return Err(Refusal::Empty { field: "labels" });
            }
            at_most(labels.len() + incident.labels.len(), "labels")?;
            one(EventKind::Tagged { labels: tidy_labels(labels) })
        }
        Command::SetPrivate { private } => one(EventKind::PrivacySet { private: *private }),
        Command::PostponeUpdate { for_s, reason } => {
            let due = updates::inside(incident).ok_or(Refusal::NoUpdateDue)?;
            let max_s = due.most_postponed_secs();
            if !(60..=max_s).contains(for_s) {
                return Err(Refusal::BadPostponement { max_s });
            }
            let until = now.plus_secs(*for_s);
            if until <= due.at {
                return Err(Refusal::NotPostponed { due_at: due.at });
            }
            one(EventKind::UpdatePostponed { until, reason: Some(needed(reason.as_deref(), "postponing an update")?) })
        }
        Command::AttachAlert { alert: id } => match &context.alert {
            Some((alert, home)) if alert.id == *id => {
                if *home == Some(incident.id) {
                    return Err(Refusal::AlreadyAttached);
                }
                let mut changes = vec![Change { happened_at: now, kind: EventKind::AlertsAttached { alerts: vec![alert.clone()], why: Why::Attached } }];
                // Nothing fires in what is over.
                if incident.state == State::Resolved && alert.resolved_at.is_none() {
                    changes.push(brought_back(incident, std::slice::from_ref(alert), "an alert that fires was attached", now));
                }
                Ok(changes)
            }
            _ => Err(Refusal::NotAttached),
        },
        Command::DetachAlert { alert: id, reason } => match &context.alert {
            Some((alert, Some(home))) if alert.id == *id && *home == incident.id => {
                one(EventKind::AlertDetached { alert: alert.clone(), reason: text(reason.as_deref(), "reason")? })
            }
            _ => Err(Refusal::NotAttached),
        },
    }
}

fn set_severity(
    incident: &Incident,
    severity: Option<Severity>,
    reason: Option<&str>,
    answers: Option<&triage::Answers>,
    now: Timestamp,
) -> Result<Vec<Change>, Refusal> {
    let proposal = answers.map(triage::propose);
    let reason = text(reason, "reason")?;
    let proposed_severity = proposal.as_ref().map_or(incident.proposed_severity, |proposal| proposal.severity);
    // A confirmation of what is proposed explains itself; everything else is explained by a person.
    if reason.is_none() && (incident.severity.is_some() || proposed_severity != severity) {
        return Err(Refusal::ReasonNeeded { what: "another severity" });
    }
    if incident.severity == severity && severity.is_some() && answers.is_none() {
        return Err(Refusal::SameSeverity);
    }
    let reason = reason.or_else(|| proposal.map(|proposal| proposal.because));
    let kind = EventKind::SeveritySet { severity, proposed_severity, reason, answers: answers.cloned() };
    let mut changes = vec![Change { happened_at: now, kind }];
    // Triage means that nobody has said how bad it is; now somebody has.
    if severity.is_some() && incident.state == State::Triage {
        changes.push(Change { happened_at: now, kind: EventKind::Activated { reason: None } });
    }
    Ok(changes)
}

/// What alerts do to an incident. Nobody is asked, so nothing is refused.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// New alerts belong to it.
    Fired { alerts: Vec<AlertRef>, why: Why },
    /// Some of its alerts ended.
    Quieted { alerts: Vec<AlertResolution> },
    /// One of its alerts was acknowledged where it came from.
    AcknowledgedAtSource { id: AlertId, title: String },
}

/// Decides what alerts change. `now` is when they were received.
pub fn observe(incident: &Incident, observation: Observation, now: Timestamp) -> Vec<Change> {
    match observation {
        Observation::Fired { alerts, why } => {
            let Some(first) = alerts.iter().map(|alert| alert.started_at).min() else { return vec![] };
            let again = (incident.state == State::Resolved).then(|| brought_back(incident, &alerts, "an alert of the group fires again", now));
            let attached = Change { happened_at: first.min(now), kind: EventKind::AlertsAttached { alerts, why } };
            [attached].into_iter().chain(again).collect()
        }
        Observation::Quieted { alerts } => {
            let Some(last) = alerts.iter().map(|alert| alert.at).max() else { return vec![] };
            let over = u32::try_from(alerts.len()).unwrap_or(u32::MAX) >= incident.firing_alerts();
            let mut changes = vec![Change { happened_at: last.min(now), kind: EventKind::AlertsResolved { alerts } }];
            if over && !incident.touched && incident.state.is_open() {
                // Told in another order than they ended, the last one told is not the last that ended.
                let last = incident.signals.values().filter_map(|signals| signals.ended_at).fold(last, Timestamp::max);
                changes.push(Change { happened_at: last, kind: EventKind::Resolved { by: ResolvedBy::Signal, reason: None } });
            }
            changes
        }
        Observation::AcknowledgedAtSource { id, title } => {
            let mut changes = vec![Change { happened_at: now, kind: EventKind::AlertAcknowledged { id, title } }];
            if incident.state.is_open() && !incident.is_acknowledged(now) {
                // Its sender's program says it; who acknowledged it there, if anybody, it does not say.
                changes.push(Change { happened_at: now, kind: EventKind::Acknowledged { until: None, by_program: true } });
            }
            changes
        }
    }
}

/// Opens an incident for the first alert of a group. It waits in triage: an alert proposes a
/// severity, people decide it; one that knows more than how urgent it is says so with its
/// `suggestion`. One about our own eyes is labelled so, and people may take that away.
pub fn open_by_alert(alert: &AlertRef, suggestion: Option<Suggestion>, now: Timestamp) -> Vec<Change> {
    let urgent = || match alert.severity {
        Some(severity) => (Some(severity.proposes()), format!("its first alert is {}", severity.slug())),
        None => (None, "its first alert does not say how bad it is".to_owned()),
    };
    let (proposed_severity, reason) = suggestion.map_or_else(urgent, |Suggestion { severity, because }| (Some(severity), because));
    let declared = EventKind::Declared {
        title: alert.title.clone(),
        severity: None,
        proposed_severity,
        reason: Some(reason),
        answers: None,
        services: alert.service.iter().cloned().collect(),
        impact: vec![],
        labels: alert.about_monitoring.then(|| (ABOUT_MONITORING.0.to_owned(), ABOUT_MONITORING.1.to_owned())).into_iter().collect(),
        incident_kind: Kind::Incident,
        private: false,
        started_at: alert.started_at,
        detected_at: Some(now.max(alert.started_at)),
        origin: None,
    };
    let attached = EventKind::AlertsAttached { alerts: vec![alert.clone()], why: Why::First };
    vec![Change { happened_at: now, kind: declared }, Change { happened_at: alert.started_at.min(now), kind: attached }]
}

/// Alerts reopen a resolved incident. Whom they hurt they say themselves, except where a person
/// said it and alerts no longer do: there it hurts again as it did.
fn brought_back(incident: &Incident, alerts: &[AlertRef], reason: &str, now: Timestamp) -> Change {
    let hurts = alerts.iter().any(AlertRef::hurts);
    let recovered = (incident.impact_by_person && hurts).then_some(true);
    Change { happened_at: now, kind: EventKind::Reopened { reason: Some(reason.to_owned()), recovered } }
}

/// What an incident that `source` was merged into records of it: `target` as it stands. Where the
/// one is not over, the other is not either.
pub fn absorb(source: &Incident, target: &Incident, now: Timestamp) -> Vec<Change> {
    let kind = EventKind::Absorbed {
        from: source.id,
        from_ref: source.reference,
        title: source.title.clone(),
        services: source.services.clone(),
        signals: source.signals.clone(),
        impact: source.impact.clone(),
        started_at: source.started_at,
        detected_at: source.detected_at,
        acknowledged_at: source.acknowledged_at,
        acknowledged_by_program: source.is_acknowledged_by_program_only(),
        resolved_at: source.resolved_at,
    };
    let mut changes = vec![Change { happened_at: now, kind }];
    if source.state.is_open() && target.state == State::Resolved {
        let reason = format!("{} was merged into it and is not over", source.reference);
        changes.push(Change { happened_at: now, kind: EventKind::Reopened { reason: Some(reason), recovered: None } });
    }
    changes
}

/// Whether what acts is no person: nobody has seen the incident because a program acknowledged it.
fn is_program(kind: ActorKind) -> bool {
    match kind {
        ActorKind::Token | ActorKind::Integration | ActorKind::System => true,
        ActorKind::Person | ActorKind::Import => false,
    }
}

/// Whether a person's event counts as working on the incident.
pub(super) fn is_work(actor: &ActorRef, kind: &EventKind) -> bool {
    let by_somebody = matches!(actor.kind, ActorKind::Person | ActorKind::Token);
    let bookkeeping = matches!(kind, EventKind::Tagged { .. } | EventKind::Pinned { .. } | EventKind::Unpinned { .. } | EventKind::TimeCorrected { .. });
    // An acknowledgement in the sender's own tool is somebody at work, too.
    (by_somebody && !bookkeeping) || matches!(kind, EventKind::Acknowledged { .. })
}

fn title(words: &str) -> Result<String, Refusal> {
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.is_empty() {
        return Err(Refusal::Empty { field: "title" });
    }
    if words.chars().count() > MAX_TITLE {
        return Err(Refusal::TooLong { field: "title", max: MAX_TITLE });
    }
    Ok(words)
}

/// An optional text: blank counts as absent.
fn text(words: Option<&str>, field: &'static str) -> Result<Option<String>, Refusal> {
    match words.map(str::trim) {
        None | Some("") => Ok(None),
        Some(words) if words.chars().count() > MAX_TEXT => Err(Refusal::TooLong { field, max: MAX_TEXT }),
        Some(words) => Ok(Some(words.to_owned())),
    }
}

fn filled(words: &str, field: &'static str) -> Result<String, Refusal> {
    text(Some(words), field)?.ok_or(Refusal::Empty { field })
}

fn needed(reason: Option<&str>, what: &'static str) -> Result<String, Refusal> {
    text(reason, "reason")?.ok_or(Refusal::ReasonNeeded { what })
}

fn at_most(count: usize, field: &'static str) -> Result<(), Refusal> {
    if count > MAX_ITEMS { Err(Refusal::TooLong { field, max: MAX_ITEMS }) } else { Ok(()) }
}

/// Whether a time that was given can be true. What a log of before says is folded as it is.
fn believed(at: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    if at < Timestamp::FIRST_BELIEVED {
        return Err(Refusal::BeforeClocks);
    }
    if at > now.plus_secs(SKEW_SECS) { Err(Refusal::InTheFuture) } else { Ok(()) }
}

fn check_impact(impact: &[ImpactWindow], now: Timestamp) -> Result<(), Refusal> {
    at_most(impact.len(), "impact")?;
    for window in impact {
        believed(window.from, now)?;
        if window.to.is_some_and(|to| to < window.from) {
            return Err(Refusal::WindowBackwards);
        }
    }
    Ok(())
}

/// Impact of what is resolved has ended: where nobody says when, it ended with the resolve.
fn over_by_the_resolve(incident: &Incident, impact: &[ImpactWindow]) -> Result<Vec<ImpactWindow>, Refusal> {
    let Some(at) = incident.resolved_at else { return Ok(impact.to_vec()) };
    let ended = |window: &ImpactWindow| match window.to {
        None if window.from > at => Err(Refusal::ImpactAfterResolve { at }),
        to => Ok(ImpactWindow { to: to.or(Some(at)), ..window.clone() }),
    };
    impact.iter().map(ended).collect()
}

fn known_entry(incident: &Incident, seq: i64) -> Result<(), Refusal> {
    if (1..=incident.version).contains(&seq) { Ok(()) } else { Err(Refusal::UnknownEntry { seq }) }
}

/// Trimmed, without blanks and repeats, in the order given.
fn tidy(names: &[String]) -> Vec<String> {
    let mut tidy: Vec<String> = Vec::new();
    for name in names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
        if !tidy.iter().any(|known| known == name) {
            tidy.push(name.to_owned());
        }
    }
    tidy
}

fn tidy_labels(labels: &Labels) -> Labels {
    let mut tidy = Labels::new();
    for (name, value) in labels {
        tidy.insert(name.trim().to_owned(), value.trim().to_owned());
    }
    tidy
}

impl IncidentRole {
    /// The first person to act on an incident that nobody leads is offered command.
    pub fn offered_to(incident: &Incident, actor: &Actor) -> Option<IncidentRole> {
        let led = incident.roles.get(&IncidentRole::Commander).is_some_and(|seat| seat.holder.is_some() || seat.asked.is_some());
        (!led && incident.state.is_open() && actor.role >= Role::Responder).then_some(IncidentRole::Commander)
    }
}
