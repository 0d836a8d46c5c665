//! Folding: how an incident follows from its events. Total: an event that makes no sense any
//! more (a newer version wrote it) changes only the version.

use super::{
    Acknowledged, AlertRef, AlertResolution, BY_PROGRAM, EventKind, HELD_BY_PROGRAM, Held, ImpactWindow, Incident, ResolvedBy, ServiceSignals, State,
    decide::is_work,
};
use crate::domain::{
    ids::{IncidentId, IncidentRef},
    people::PersonRef,
    time::Timestamp,
    timeline::Event,
    updates,
};
use std::collections::BTreeMap;

impl Incident {
    /// The incident after its first event; `None` when that is no declaration.
    pub fn begin(id: IncidentId, reference: IncidentRef, event: &Event) -> Option<Self> {
        let EventKind::Declared {
            title,
            severity,
            proposed_severity,
            reason,
            answers,
            services,
            impact,
            labels,
            incident_kind,
            private,
            started_at,
            detected_at,
            origin,
        } = &event.kind
        else {
            return None;
        };
        Some(Incident {
            id,
            reference,
            origin: origin.clone(),
            title: title.clone(),
            kind: *incident_kind,
            state: if severity.is_some() { State::Active } else { State::Triage },
            severity: *severity,
            proposed_severity: *proposed_severity,
            severity_reason: reason.clone(),
            answers: answers.clone(),
            acknowledged: None,
            services: services.clone(),
            roles: BTreeMap::new(),
            labels: labels.clone(),
            impact: impact.clone(),
            signals: BTreeMap::new(),
            impact_by_person: !impact.is_empty(),
            touched: is_work(&event.actor, &event.kind),
            private: *private,
            started_at: *started_at,
            detected_at: *detected_at,
            acknowledged_at: None,
            mitigated_at: None,
            resolved_at: None,
            resolved_by: None,
            closed_at: None,
            merged_into: None,
            declared_by: event.actor.clone(),
            pinned: vec![],
            told_at: updates::is_update(event).then_some(event.recorded_at),
            update_postponed_to: None,
            updated_at: event.recorded_at,
            marks: BTreeMap::from([("detected".to_owned(), event.seq)]),
            version: event.seq,
        })
    }

    /// Folds one more event in.
    pub fn apply(&mut self, event: &Event) {
        self.version = event.seq;
        self.updated_at = event.recorded_at;
        self.touched |= is_work(&event.actor, &event.kind);
        let at = event.happened_at;
        match &event.kind {
            EventKind::Declared { .. } => {}
            EventKind::AlertsAttached { alerts, .. } => self.attach(alerts),
            EventKind::AlertsResolved { alerts } => alerts.iter().for_each(|alert| self.quiet(alert)),
            EventKind::AlertAcknowledged { .. } => {}
            EventKind::AlertDetached { alert, .. } => self.detach(alert, at),
            EventKind::Acknowledged { until, by_program } => {
                self.acknowledged = Some(Acknowledged { by: event.actor.name.clone(), by_id: event.actor.id.clone(), at, until: *until });
                self.mark_program(HELD_BY_PROGRAM, *by_program, event.seq);
                if self.acknowledged_at.is_none() || (!by_program && self.is_acknowledged_by_program_only()) {
                    self.acknowledged_at = Some(at);
                    self.mark("acknowledged", event.seq);
                    self.mark_program(BY_PROGRAM, *by_program, event.seq);
                }
            }
            EventKind::Unacknowledged { .. } => self.acknowledged = None,
            EventKind::SeveritySet { severity, proposed_severity, reason, answers } => {
                self.severity = *severity;
                self.proposed_severity = *proposed_severity;
                if reason.is_some() {
                    self.severity_reason.clone_from(reason);
                }
                if answers.is_some() {
                    self.answers.clone_from(answers);
                }
            }
            EventKind::Activated { .. } => {
                self.state = State::Active;
                self.mitigated_at = None;
            }
            EventKind::Mitigated { .. } => {
                // An importer may learn of it after the incident was resolved.
                if self.state.is_open() {
                    self.state = State::Mitigated;
                }
                self.mitigated_at = Some(at);
                self.mark("mitigated", event.seq);
            }
            EventKind::Resolved { by, .. } => {
                self.state = State::Resolved;
                self.resolved_at = Some(at);
                self.resolved_by = Some(*by);
                self.mark("resolved", event.seq);
                self.close_impact(at);
            }
            EventKind::Closed { .. } => {
                self.state = State::Closed;
                self.closed_at = Some(at);
            }
            EventKind::Reopened { recovered, .. } => {
                if let Some(recovered) = recovered.filter(|_| self.resolved_at.is_some()) {
                    self.mark("reopened", event.seq);
                    self.hurt_again(recovered, at);
                }
                self.state = if self.severity.is_some() { State::Active } else { State::Triage };
                self.resolved_at = None;
                self.resolved_by = None;
                self.mitigated_at = None;
                self.closed_at = None;
            }
            EventKind::Cancelled { .. } => self.state = State::Cancelled,
            EventKind::MergedInto { into, .. } => {
                self.state = State::Merged;
                self.merged_into = Some(*into);
            }
            EventKind::Absorbed { services, signals, impact, started_at, detected_at, acknowledged_at, acknowledged_by_program, resolved_at, .. } => {
                services.iter().for_each(|service| self.name_service(service));
                self.absorb(signals, impact, *started_at);
                self.absorb_times(*detected_at, *resolved_at);
                self.absorb_acknowledgement(*acknowledged_at, *acknowledged_by_program, event.seq);
            }
            EventKind::RoleAssigned { role, person, accepted, .. } => {
                let seat = self.roles.entry(*role).or_default();
                let held = Some(Held { person: person.clone(), since: at });
                if *accepted {
                    seat.holder = held;
                    seat.asked = None;
                } else {
                    seat.asked = held;
                }
            }
            EventKind::RoleAccepted { role, person } => {
                let seat = self.roles.entry(*role).or_default();
                seat.holder = Some(Held { person: person.clone(), since: at });
                seat.asked = None;
            }
            EventKind::RoleReleased { role, person, .. } => self.release(*role, person),
            EventKind::Note { .. } | EventKind::Decision { .. } | EventKind::Linked { .. } => {}
            EventKind::Pinned { seq } => self.pinned.push(*seq),
            EventKind::Unpinned { seq } => self.pinned.retain(|pinned| pinned != seq),
            EventKind::TimeCorrected { seq, happened_at, .. } => self.correct(*seq, *happened_at),
            EventKind::TitleSet { title } => self.title.clone_from(title),
            EventKind::ServicesSet { services } => self.services.clone_from(services),
            EventKind::ImpactSet { impact, .. } => {
                self.impact.clone_from(impact);
                self.impact_by_person = true;
                if let Some(first) = impact.iter().map(|window| window.from).min() {
                    self.started_at = first;
                }
                for service in impact.iter().filter_map(|window| window.service.as_ref()) {
                    self.name_service(service);
                }
            }
            EventKind::Tagged { labels } => {
                for (name, value) in labels {
                    if value.is_empty() {
                        self.labels.remove(name);
                    } else {
                        self.labels.insert(name.clone(), value.clone());
                    }
                }
            }
            EventKind::PrivacySet { private } => self.private = *private,
            EventKind::UpdatePostponed { until, .. } => self.update_postponed_to = Some(*until),
        }
        self.run_update_clock(event);
    }

    /// The clock of updates runs while it is open, from what somebody said last. Reopened, it begins anew.
    fn run_update_clock(&mut self, event: &Event) {
        let begins = updates::is_update(event) || matches!(event.kind, EventKind::Reopened { .. });
        if !self.state.is_open() {
            (self.told_at, self.update_postponed_to) = (None, None);
        } else if begins {
            (self.told_at, self.update_postponed_to) = (Some(event.recorded_at), None);
        }
    }

    fn mark(&mut self, what: &str, seq: i64) {
        self.marks.insert(what.to_owned(), seq);
    }

    fn correct(&mut self, seq: i64, at: Timestamp) {
        let marked = |what: &str| self.marks.get(what) == Some(&seq);
        let (detected, acknowledged, mitigated, resolved) = (marked("detected"), marked("acknowledged"), marked("mitigated"), marked("resolved"));
        if detected {
            self.detected_at = Some(at);
        }
        if acknowledged && self.acknowledged_at.is_some() {
            self.acknowledged_at = Some(at);
        }
        if mitigated && self.mitigated_at.is_some() {
            self.mitigated_at = Some(at);
        }
        if resolved && let Some(said) = self.resolved_at {
            self.resolved_at = Some(at);
            // Impact that this resolve ended, it ends at its corrected time; what an alert ended has the alert's.
            let by_person = self.resolved_by == Some(ResolvedBy::Person);
            for window in self.impact.iter_mut().filter(|window| by_person && window.to == Some(said.max(window.from))) {
                window.to = Some(at.max(window.from));
            }
        }
    }

    fn name_service(&mut self, service: &str) {
        if !service.is_empty() && !self.services.iter().any(|known| known == service) {
            self.services.push(service.to_owned());
        }
    }

    fn attach(&mut self, alerts: &[AlertRef]) {
        for alert in alerts {
            let service = alert.service.clone().unwrap_or_default();
            self.name_service(&service);
            let signals = self.signals.entry(service).or_default();
            signals.total += 1;
            if alert.resolved_at.is_none() {
                signals.firing += 1;
                signals.hurting += u32::from(alert.hurts());
            }
            if alert.hurts() && alert.service.is_some() && !self.impact_by_person {
                self.open_impact(alert.service.clone(), alert.started_at, alert.resolved_at);
            }
            if !self.impact_by_person && alert.started_at < self.started_at {
                self.started_at = alert.started_at;
            }
        }
        // An alert may have begun before the impact that began anew. Records of what was never
        // reopened so are folded as they were when they were written.
        if self.marks.contains_key("reopened") {
            self.join_touching();
        }
    }

    fn absorb(&mut self, signals: &BTreeMap<String, ServiceSignals>, impact: &[ImpactWindow], started_at: Timestamp) {
        for (service, other) in signals {
            let own = self.signals.entry(service.clone()).or_default();
            own.total += other.total;
            own.firing += other.firing;
            own.hurting += other.hurting;
            own.ended_at = own.ended_at.max(other.ended_at);
            own.hurt_until = own.hurt_until.max(other.hurt_until);
        }
        for window in impact {
            self.open_impact(window.service.clone(), window.from, window.to);
        }
        self.started_at = self.started_at.min(started_at);
    }

    /// The whole was detected when the first of both was, and resolved when the last was. What the
    /// other one said is corrected there, not by an entry of this one.
    fn absorb_times(&mut self, detected_at: Option<Timestamp>, resolved_at: Option<Timestamp>) {
        if let Some(at) = detected_at {
            self.join_touching();
            if self.detected_at.is_none_or(|own| at < own) {
                self.detected_at = Some(at);
                self.marks.remove("detected");
            }
        }
        if let Some(at) = resolved_at.filter(|at| self.resolved_at.is_some_and(|own| *at > own)) {
            self.resolved_at = Some(at);
            self.marks.remove("resolved");
        }
    }

    /// The whole was acknowledged when the first of both was; a person's word counts before a program's.
    fn absorb_acknowledgement(&mut self, at: Option<Timestamp>, by_program: bool, seq: i64) {
        let Some(at) = at else { return };
        let is_first = match (self.acknowledged_at, self.is_acknowledged_by_program_only()) {
            (None, _) => true,
            (Some(own), own_by_program) if own_by_program == by_program => at < own,
            (Some(_), own_by_program) => own_by_program,
        };
        if is_first {
            self.acknowledged_at = Some(at);
            self.marks.remove("acknowledged");
            self.mark_program(BY_PROGRAM, by_program, seq);
        }
    }

    /// Sets a mark that says that a program did it, or takes it away.
    fn mark_program(&mut self, what: &str, by_program: bool, seq: i64) {
        if by_program {
            self.mark(what, seq);
        } else {
            self.marks.remove(what);
        }
    }

    /// Reopened at `at`: the impact that ended with the resolve or after it is there again, or
    /// where none did, what ended last. Where the service had recovered it begins anew, else it
    /// never ended. What had ended before stays so, also where alerts said it and then resolved the
    /// incident: nobody says that they were wrong about that service, too.
    fn hurt_again(&mut self, recovered: bool, at: Timestamp) {
        // In older records impact may have no end: it ended with the resolve, or the time since
        // then would count as well.
        if let Some(resolved_at) = self.resolved_at {
            self.close_impact(resolved_at);
        }
        let Some(last) = self.impact.iter().filter_map(|window| window.to).max() else { return };
        let last = self.resolved_at.map_or(last, |resolved_at| last.min(resolved_at));
        let until = |window: &ImpactWindow| window.to.filter(|to| *to >= last);
        let ended: Vec<_> = self.impact.iter().filter_map(|window| Some((window.service.clone(), window.from, until(window)?))).collect();
        for (service, from, to) in ended {
            self.open_impact(service, if recovered { at.max(to) } else { from }, None);
        }
        self.join_touching();
    }

    fn quiet(&mut self, alert: &AlertResolution) {
        let Some(signals) = self.signals.get_mut(alert.service.as_deref().unwrap_or_default()) else { return };
        signals.firing = signals.firing.saturating_sub(1);
        signals.ended_at = signals.ended_at.max(Some(alert.at));
        if alert.hurts() {
            signals.hurting = signals.hurting.saturating_sub(1);
            signals.hurt_until = signals.hurt_until.max(Some(alert.at));
            if let Some(until) = signals.hurt_until.filter(|_| signals.hurting == 0 && !self.impact_by_person) {
                self.close_impact_of(alert.service.as_deref(), until);
            }
        }
    }

    fn detach(&mut self, alert: &AlertRef, at: Timestamp) {
        let key = alert.service.clone().unwrap_or_default();
        let Some(signals) = self.signals.get_mut(&key) else { return };
        signals.total = signals.total.saturating_sub(1);
        if alert.resolved_at.is_none() {
            signals.firing = signals.firing.saturating_sub(1);
            if alert.hurts() {
                signals.hurting = signals.hurting.saturating_sub(1);
            }
        }
        let (none_left, none_hurting) = (signals.total == 0, signals.hurting == 0);
        if none_left {
            self.signals.remove(&key);
        }
        if self.impact_by_person || alert.service.is_none() || !alert.hurts() {
            return;
        }
        if none_left {
            // What a wrongly attached alert said about its service is taken back whole.
            self.impact.retain(|window| window.service != alert.service);
        } else if none_hurting {
            self.close_impact_of(alert.service.as_deref(), at);
        }
    }

    /// Windows of one service that touch are one window.
    fn open_impact(&mut self, service: Option<String>, from: Timestamp, to: Option<Timestamp>) {
        let touching =
            |window: &&mut ImpactWindow| window.service == service && window.to.is_none_or(|end| end >= from) && to.is_none_or(|to| to >= window.from);
        match self.impact.iter_mut().find(touching) {
            Some(window) => {
                window.from = window.from.min(from);
                window.to = match (window.to, to) {
                    (Some(end), Some(to)) => Some(end.max(to)),
                    _ => None,
                };
            }
            None => self.impact.push(ImpactWindow { service, from, to }),
        }
    }

    /// Makes one window of those of one service that touch, so that no time stands there twice.
    fn join_touching(&mut self) {
        let mut joined: Vec<ImpactWindow> = Vec::with_capacity(self.impact.len());
        for mut window in std::mem::take(&mut self.impact) {
            let mut place = joined.len();
            while let Some(at) = joined.iter().position(|other| other.service == window.service && touch(other, &window)) {
                let other = joined.remove(at);
                window.from = window.from.min(other.from);
                window.to = window.to.zip(other.to).map(|(one, other)| one.max(other));
                place = at;
            }
            joined.insert(place.min(joined.len()), window);
        }
        self.impact = joined;
    }

    fn close_impact_of(&mut self, service: Option<&str>, at: Timestamp) {
        for window in self.impact.iter_mut().filter(|window| window.to.is_none() && window.service.as_deref() == service) {
            window.to = Some(at.max(window.from));
        }
    }

    fn close_impact(&mut self, at: Timestamp) {
        for window in self.impact.iter_mut().filter(|window| window.to.is_none()) {
            window.to = Some(at.max(window.from));
        }
    }

    fn release(&mut self, role: super::IncidentRole, person: &PersonRef) {
        let Some(seat) = self.roles.get_mut(&role) else { return };
        if seat.asked.as_ref().is_some_and(|asked| asked.person == *person) {
            seat.asked = None;
        } else if seat.holder.as_ref().is_some_and(|held| held.person == *person) {
            seat.holder = None;
        }
        if seat.holder.is_none() && seat.asked.is_none() {
            self.roles.remove(&role);
        }
    }
}

fn touch(one: &ImpactWindow, other: &ImpactWindow) -> bool {
    one.to.is_none_or(|to| to >= other.from) && other.to.is_none_or(|to| to >= one.from)
}
