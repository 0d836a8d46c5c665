//! Which changes bring an incident up to what its origin says.

use super::{Draft, Entry};
use crate::domain::{
    alert::Labels,
    incident::{Change, EventKind, ImpactWindow, Incident, ResolvedBy, State},
    people::{ActorKind, ActorRef},
    severity::Severity,
    time::Timestamp,
    timeline::Event,
};
use std::collections::HashMap;

/// Who the record names for imported entries: the origin, through whoever imported it.
pub fn actor(draft: &Draft, importer: &ActorRef) -> ActorRef {
    ActorRef { kind: ActorKind::Import, id: importer.id.clone(), name: draft.origin.name.clone() }
}

/// The whole record of an incident that is not known yet.
pub fn open(draft: &Draft) -> Vec<Change> {
    let declared = EventKind::Declared {
        title: draft.title.clone(),
        severity: draft.severity,
        proposed_severity: draft.severity,
        reason: None,
        answers: None,
        services: draft.services.clone(),
        impact: impact(draft.started_at, draft.resolved_at, &draft.services),
        labels: draft.labels.clone(),
        incident_kind: draft.kind,
        private: false,
        started_at: draft.started_at,
        detected_at: draft.detected_at,
        origin: Some(draft.origin.clone()),
    };
    // The declaration stands where it was detected, so that correcting the one corrects the other.
    let mut changes = vec![Change { happened_at: draft.detected_at.unwrap_or(draft.started_at), kind: declared }];
    let mut add = |at: Option<Timestamp>, kind| changes.extend(at.map(|happened_at| Change { happened_at, kind }));
    add(draft.acknowledged_at, EventKind::Acknowledged { until: None, by_program: false });
    add(draft.mitigated_at, EventKind::Mitigated { reason: None });
    add(draft.resolved_at, resolved());
    changes.extend(draft.timeline.iter().map(note));
    changes
}

/// What `draft` adds to an incident that is known already, whose log is `events`. Nothing when it
/// says nothing new.
pub fn update(incident: &Incident, events: &[Event], draft: &Draft, now: Timestamp) -> Vec<Change> {
    let said = Said::of(events);
    let mut changes: Vec<Change> = Vec::new();
    let mut add = |happened_at, kind| changes.push(Change { happened_at, kind });

    if !incident.state.is_over() {
        if draft.title != said.title && draft.title != incident.title {
            add(now, EventKind::TitleSet { title: draft.title.clone() });
        }
        if draft.severity.is_some() && draft.severity != said.severity && draft.severity != incident.severity {
            let proposed_severity = incident.proposed_severity.or(draft.severity);
            add(now, EventKind::SeveritySet { severity: draft.severity, proposed_severity, reason: None, answers: None });
            if incident.state == State::Triage {
                add(now, EventKind::Activated { reason: None });
            }
        }
    }
    let not_said: Vec<String> = draft.services.iter().filter(|service| !said.services.contains(service)).cloned().collect();
    let named = with(&incident.services, &not_said);
    if named.len() > incident.services.len() {
        add(now, EventKind::ServicesSet { services: named });
    }
    let new_label = |(name, value): &(&String, &String)| said.labels.get(*name) != Some(*value) && incident.labels.get(*name) != Some(*value);
    let labels: Labels = draft.labels.iter().filter(new_label).map(|(name, value)| (name.clone(), value.clone())).collect();
    if !labels.is_empty() {
        add(now, EventKind::Tagged { labels });
    }

    // Times. What a person has said of them here since is left alone.
    let corrected = |seq, happened_at| EventKind::TimeCorrected { seq, happened_at, reason: Some("as its origin says now".to_owned()) };
    if let Some(at) = draft.detected_at.filter(|at| said.detected_at != Some(*at) && incident.detected_at != Some(*at)) {
        add(now, corrected(said.declared_seq, at));
    }
    match (said.acknowledged, draft.acknowledged_at) {
        (Some((_, known)), Some(at)) if known == at => {}
        (Some((seq, _)), Some(at)) => add(now, corrected(seq, at)),
        (None, Some(at)) if incident.acknowledged_at.is_none() || incident.is_acknowledged_by_program_only() => {
            add(at, EventKind::Acknowledged { until: None, by_program: false });
        }
        _ => {}
    }
    match (said.mitigated, draft.mitigated_at) {
        (Some((_, known)), Some(at)) if known == at => {}
        (Some((seq, _)), Some(at)) => add(now, corrected(seq, at)),
        (None, Some(at)) if incident.mitigated_at.is_none() => add(at, EventKind::Mitigated { reason: None }),
        _ => {}
    }
    let mut closes_at = None;
    match (said.resolved, draft.resolved_at) {
        (Some((_, known)), Some(at)) if known == at => {}
        (None, Some(at)) if incident.state.is_open() && !said.reopened_by_others => {
            closes_at = Some(at);
            add(at, resolved());
        }
        (Some((seq, _)), Some(at)) => add(now, corrected(seq, at)),
        _ => {}
    }

    if !said.impact_by_others {
        let resolved_at = draft.resolved_at.or(said.resolved.map(|(_, at)| at));
        let expected = impact(draft.started_at, resolved_at, &with(&said.hurt, &draft.services));
        if expected != closed(&incident.impact, closes_at) {
            add(now, EventKind::ImpactSet { impact: expected, reason: None });
        }
    }

    let mut known = said.notes;
    for entry in &draft.timeline {
        match known.get_mut(entry) {
            Some(left) if *left > 0 => *left -= 1,
            _ => changes.push(note(entry)),
        }
    }
    changes
}

/// `known`, then those of `more` that are not among them.
fn with(known: &[String], more: &[String]) -> Vec<String> {
    known.iter().chain(more.iter().filter(|name| !known.contains(name))).cloned().collect()
}

fn note(entry: &Entry) -> Change {
    Change { happened_at: entry.at, kind: EventKind::Note { text: entry.text.clone(), status: entry.status.clone() } }
}

fn resolved() -> EventKind {
    EventKind::Resolved { by: ResolvedBy::Person, reason: None }
}

/// Impact runs from the start to the end on every service. Where the end lies before the start
/// there is none: the figures then list the incident as unusable.
fn impact(from: Timestamp, to: Option<Timestamp>, services: &[String]) -> Vec<ImpactWindow> {
    if to.is_some_and(|to| to < from) {
        return vec![];
    }
    if services.is_empty() {
        return vec![ImpactWindow { service: None, from, to }];
    }
    services.iter().map(|service| ImpactWindow { service: Some(service.clone()), from, to }).collect()
}

/// What resolving leaves of these windows.
fn closed(impact: &[ImpactWindow], at: Option<Timestamp>) -> Vec<ImpactWindow> {
    let close = |window: &ImpactWindow| ImpactWindow { to: window.to.or(at.map(|at| at.max(window.from))), ..window.clone() };
    impact.iter().map(close).collect()
}

/// What the declaration and all imports have said so far, as against what people did.
struct Said {
    declared_seq: i64,
    title: String,
    severity: Option<Severity>,
    services: Vec<String>,
    /// The services with impact.
    hurt: Vec<String>,
    labels: Labels,
    detected_at: Option<Timestamp>,
    /// The entry that said it, and the time it says now.
    acknowledged: Option<(i64, Timestamp)>,
    mitigated: Option<(i64, Timestamp)>,
    resolved: Option<(i64, Timestamp)>,
    /// Entries, counted: an origin may say the same twice.
    notes: HashMap<Entry, u32>,
    /// Somebody else decides about the impact now.
    impact_by_others: bool,
    /// Somebody found that it is not over.
    reopened_by_others: bool,
}

impl Said {
    fn of(events: &[Event]) -> Self {
        let mut said = Said {
            declared_seq: 1,
            title: String::new(),
            severity: None,
            services: vec![],
            hurt: vec![],
            labels: Labels::new(),
            detected_at: None,
            acknowledged: None,
            mitigated: None,
            resolved: None,
            notes: HashMap::new(),
            impact_by_others: false,
            reopened_by_others: false,
        };
        for event in events {
            if event.actor.kind == ActorKind::Import {
                said.hear(event);
            } else {
                said.hear_others(event);
            }
        }
        said
    }

    fn hear(&mut self, event: &Event) {
        let at = event.happened_at;
        match &event.kind {
            EventKind::Declared { .. } => self.declared(event),
            EventKind::TitleSet { title } => self.title.clone_from(title),
            EventKind::SeveritySet { severity, .. } => self.severity = *severity,
            EventKind::ServicesSet { services } => self.services = with(&self.services, services),
            EventKind::ImpactSet { impact, .. } => self.hurt = with(&self.hurt, &impact.iter().filter_map(|window| window.service.clone()).collect::<Vec<_>>()),
            EventKind::Tagged { labels } => self.labels.extend(labels.clone()),
            EventKind::Acknowledged { .. } => self.acknowledged = Some((event.seq, at)),
            EventKind::Mitigated { .. } => self.mitigated = Some((event.seq, at)),
            EventKind::Resolved { .. } => self.resolved = Some((event.seq, at)),
            EventKind::TimeCorrected { seq, happened_at, .. } => self.corrected(*seq, *happened_at),
            EventKind::Note { text, status } => *self.notes.entry(Entry { at, status: status.clone(), text: text.clone() }).or_default() += 1,
            _ => {}
        }
    }

    fn hear_others(&mut self, event: &Event) {
        match &event.kind {
            // Declared here, under an origin's name: what it says is where the import begins.
            EventKind::Declared { .. } => {
                self.declared(event);
                self.impact_by_others = true;
            }
            EventKind::Reopened { .. } => {
                self.impact_by_others = true;
                self.reopened_by_others = true;
            }
            EventKind::ImpactSet { .. } | EventKind::Resolved { .. } | EventKind::AlertsAttached { .. } | EventKind::Absorbed { .. } => {
                self.impact_by_others = true;
            }
            _ => {}
        }
    }

    fn declared(&mut self, event: &Event) {
        let EventKind::Declared { title, severity, services, labels, detected_at, .. } = &event.kind else { return };
        self.declared_seq = event.seq;
        self.title.clone_from(title);
        self.severity = *severity;
        self.services.clone_from(services);
        self.hurt.clone_from(services);
        self.labels.clone_from(labels);
        self.detected_at = *detected_at;
    }

    fn corrected(&mut self, seq: i64, at: Timestamp) {
        if seq == self.declared_seq {
            self.detected_at = Some(at);
        }
        for known in [&mut self.acknowledged, &mut self.mitigated, &mut self.resolved] {
            if let Some((_, known)) = known.as_mut().filter(|(said_by, _)| *said_by == seq) {
                *known = at;
            }
        }
    }
}
