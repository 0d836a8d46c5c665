//! Plays a delivery through: the same decisions as the store's intake (`judge`, `grouping`), over
//! what is recorded, and over what the signals before did on this stage only.

use crate::{
    domain::{
        alert::{AlertState, Episode, Signal, Verdict, is_about_monitoring, judge_after, told_end},
        grouping::{self, Group, Placement},
        ids::{AlertId, IncidentId, IncidentRef, IntegrationId},
        integration::Grouping,
        severity::{AlertSeverity, Severity},
        time::Timestamp,
        trial::{PredictedIncident, PredictedSignal, TrialVerdict},
    },
    server::{
        clock::Clock,
        store::{Store, StoreError},
    },
};
use std::collections::{HashMap, HashSet};

/// What is recorded, with what the delivery did to it so far.
pub(super) struct Stage<'s> {
    store: &'s Store,
    /// `None`: a new integration, of which nothing is recorded.
    integration: Option<IntegrationId>,
    grouping: Grouping,
    received_at: Timestamp,
    episodes: HashMap<String, Option<Episode>>,
    groups: HashMap<(Option<AlertSeverity>, String), Group>,
    /// The ends that were told of keys of which nothing is open, by this delivery and before.
    ends: HashMap<String, Option<Timestamp>>,
    /// The alerts that it would open; nobody knows their ids.
    made: HashSet<AlertId>,
    /// The incidents that it would open.
    opened: HashMap<IncidentId, Opened>,
}

struct Opened {
    number: u32,
    title: String,
    proposed_severity: Option<Severity>,
}

/// Where a new alert goes, and why.
struct Placed {
    incident: Option<IncidentId>,
    why: String,
}

impl<'s> Stage<'s> {
    pub fn new(store: &'s Store, integration: Option<IntegrationId>, grouping: Grouping, received_at: Timestamp) -> Self {
        Self {
            store,
            integration,
            grouping,
            received_at,
            episodes: HashMap::new(),
            groups: HashMap::new(),
            ends: HashMap::new(),
            made: HashSet::new(),
            opened: HashMap::new(),
        }
    }

    pub fn incidents_opened(&self) -> u32 {
        u32::try_from(self.opened.len()).unwrap_or(u32::MAX)
    }

    /// What one signal would do, after those before it.
    pub async fn play(&mut self, signal: Signal) -> Result<PredictedSignal, StoreError> {
        let newest = self.episode(&signal.dedupe_key).await?;
        let known = newest.as_ref().map(|episode| episode.id).filter(|id| !self.made.contains(id));
        let group_key = grouping::key(&self.grouping, &signal.labels, &signal.group_labels, &signal.title);
        let ended_at = self.ended_at(&signal.dedupe_key).await?;
        let verdict = judge_after(newest.as_ref(), ended_at, &signal, self.received_at);
        if let Some(at) = told_end(newest.as_ref(), &signal, self.received_at) {
            self.ends.insert(signal.dedupe_key.clone(), ended_at.max(Some(at)));
        }
        let mut started_at = newest.as_ref().map(|episode| episode.started_at);
        let incident_of = |newest: Option<&Episode>| newest.and_then(|episode| episode.incident_id);
        let (verdict, placed) = match verdict {
            Verdict::Open { started_at: at, event_at } => {
                started_at = Some(at);
                (TrialVerdict::Open, self.open(&signal, &group_key, at, event_at).await?)
            }
            Verdict::Repeat { event_at } => {
                let why = "the alert with this key is open: it is counted once more".to_owned();
                let placed = Placed { incident: incident_of(newest.as_ref()), why };
                self.keep(&signal, newest.map(|episode| Episode { last_event_at: event_at, expires_at: signal.expires_at, ..episode }));
                (TrialVerdict::Repeat, placed)
            }
            Verdict::Acknowledge { event_at } => {
                let why = "the alert with this key is open: it is shown as acknowledged at its sender".to_owned();
                let placed = Placed { incident: incident_of(newest.as_ref()), why };
                self.keep(&signal, newest.map(|episode| Episode { last_event_at: event_at, state: AlertState::Acknowledged, ..episode }));
                (TrialVerdict::Acknowledge, placed)
            }
            Verdict::Resolve { at, is_dated } => {
                let why = "the alert with this key is over; an incident that nobody works on is over with its last alert".to_owned();
                let placed = Placed { incident: incident_of(newest.as_ref()), why };
                if let Some(episode) = newest {
                    self.touch_group(&episode, at).await?;
                    let last_event_at = if is_dated { episode.last_event_at.max(at) } else { episode.last_event_at };
                    self.keep(&signal, Some(Episode { state: AlertState::Resolved, resolved_at: Some(at), last_event_at, ..episode }));
                }
                (TrialVerdict::Resolve, placed)
            }
            Verdict::Ignore(ignored) => (ignored.into(), Placed { incident: incident_of(newest.as_ref()), why: ignored.words().to_owned() }),
        };
        let incident = match placed.incident {
            Some(id) => self.incident(id).await?,
            None => None,
        };
        Ok(PredictedSignal {
            action: signal.action,
            dedupe_key: signal.dedupe_key,
            severity: signal.severity,
            title: signal.title,
            service: signal.labels.get("service").filter(|service| !service.is_empty()).cloned(),
            labels: signal.labels,
            annotations: signal.annotations,
            links: signal.links,
            group_key,
            started_at,
            expires_at: signal.expires_at,
            heartbeat: signal.heartbeat,
            verdict,
            alert_id: known.filter(|_| verdict != TrialVerdict::Open),
            incident,
            why: placed.why,
        })
    }

    async fn open(&mut self, signal: &Signal, group_key: &str, started_at: Timestamp, event_at: Timestamp) -> Result<Placed, StoreError> {
        let placed = self.place(signal, group_key, started_at).await?;
        let episode = Episode {
            id: AlertId(Clock::new_id()),
            state: AlertState::Triggered,
            started_at,
            last_event_at: event_at,
            resolved_at: None,
            expires_at: signal.expires_at,
            severity: signal.severity,
            incident_id: placed.incident,
            service: signal.labels.get("service").filter(|service| !service.is_empty()).map(|service| service.as_str().into()),
            about_monitoring: is_about_monitoring(&signal.labels),
            group_key: group_key.into(),
        };
        self.made.insert(episode.id);
        self.keep(signal, Some(episode));
        Ok(placed)
    }

    async fn place(&mut self, signal: &Signal, key: &str, started_at: Timestamp) -> Result<Placed, StoreError> {
        let (quiet_s, severity) = (self.grouping.quiet_s, signal.severity);
        self.load_groups(severity, started_at.plus_secs(-i64::from(quiet_s))).await?;
        let groups = self.groups.iter().filter(|((of, _), _)| *of == severity).map(|(_, group)| group);
        let placement = grouping::place(&self.grouping, severity, key, started_at, groups);
        let known = self.groups.get(&(severity, key.to_owned())).cloned();
        let (joined, same_group, why) = match placement {
            Placement::RecordOnly => {
                let why = if signal.heartbeat {
                    "it is a watchdog: it is recorded, and missed when it stays away"
                } else {
                    "information is recorded and opens no incident"
                };
                return Ok(Placed { incident: None, why: why.to_owned() });
            }
            Placement::Open => (None, false, String::new()),
            Placement::Join { incident_id } => {
                let why = format!("an alert with the same group labels was active within {quiet_s} s: it joins that incident");
                (self.living(incident_id).await?, true, why)
            }
            Placement::JoinStorm { incident_id } => {
                let why = format!("{} groups or more opened within {quiet_s} s: it joins them as one storm", self.grouping.storm_at);
                (self.living(incident_id).await?, false, why)
            }
        };
        let joined_same_group = same_group && joined.is_some();
        let (incident_id, why) = match joined {
            Some(id) => (id, why),
            None => {
                let why = match placement {
                    Placement::Open => format!("no alert with the same group labels was active within {quiet_s} s: it opens an incident"),
                    _ => "the incident it would join is over for good: it opens another".to_owned(),
                };
                (self.open_incident(signal), why)
            }
        };
        let (opened_at, active_at) = match known {
            Some(group) if joined_same_group => (group.opened_at.min(started_at), group.active_at.max(started_at)),
            _ => (started_at, started_at),
        };
        self.groups.insert((severity, key.to_owned()), Group { key: key.to_owned(), incident_id, opened_at, active_at });
        Ok(Placed { incident: Some(incident_id), why })
    }

    fn open_incident(&mut self, signal: &Signal) -> IncidentId {
        // Ids grow with time, and the oldest of several incidents is the one that a storm joins.
        let id = IncidentId(Clock::new_id());
        let number = self.incidents_opened() + 1;
        self.opened.insert(id, Opened { number, title: signal.title.clone(), proposed_severity: signal.severity.map(AlertSeverity::proposes) });
        id
    }

    /// A group is active until its last alert resolves.
    async fn touch_group(&mut self, episode: &Episode, at: Timestamp) -> Result<(), StoreError> {
        let of = (episode.severity, episode.group_key.to_string());
        if let (None, Some(integration)) = (self.groups.get(&of), self.integration)
            && let Some(group) = self.store.alert_group(integration, episode.severity, &episode.group_key).await?
        {
            self.groups.insert(of.clone(), group);
        }
        if let Some(group) = self.groups.get_mut(&of).filter(|group| group.active_at < at && Some(group.incident_id) == episode.incident_id) {
            group.active_at = at;
        }
        Ok(())
    }

    async fn episode(&mut self, key: &str) -> Result<Option<Episode>, StoreError> {
        if let Some(known) = self.episodes.get(key) {
            return Ok(known.clone());
        }
        let Some(integration) = self.integration else { return Ok(None) };
        self.store.newest_episode(integration, key).await
    }

    async fn ended_at(&mut self, key: &str) -> Result<Option<Timestamp>, StoreError> {
        if let Some(known) = self.ends.get(key) {
            return Ok(*known);
        }
        let Some(integration) = self.integration else { return Ok(None) };
        self.store.told_end(integration, key, self.received_at).await
    }

    fn keep(&mut self, signal: &Signal, episode: Option<Episode>) {
        self.episodes.insert(signal.dedupe_key.clone(), episode);
    }

    async fn load_groups(&mut self, severity: Option<AlertSeverity>, floor: Timestamp) -> Result<(), StoreError> {
        let Some(integration) = self.integration else { return Ok(()) };
        for group in self.store.active_groups(integration, severity, floor).await? {
            // What the signals before did is newer than what is recorded.
            self.groups.entry((severity, group.key.clone())).or_insert(group);
        }
        Ok(())
    }

    /// The incident that an alert for `id` goes to: where it was merged into; `None` when it is over for good.
    async fn living(&self, id: IncidentId) -> Result<Option<IncidentId>, StoreError> {
        let mut id = id;
        // As often as the store itself follows.
        for _ in 0..16 {
            if self.opened.contains_key(&id) {
                return Ok(Some(id));
            }
            let Some(incident) = self.store.incident(id).await? else { return Ok(None) };
            match incident.merged_into {
                Some(into) => id = into,
                None => return Ok((!incident.state.is_over()).then_some(id)),
            }
        }
        Ok(None)
    }

    async fn incident(&self, id: IncidentId) -> Result<Option<PredictedIncident>, StoreError> {
        if let Some(Opened { number, title, proposed_severity }) = self.opened.get(&id) {
            let (title, proposed_severity) = (title.clone(), *proposed_severity);
            return Ok(Some(PredictedIncident { id: None, reference: None, new: Some(*number), title, proposed_severity }));
        }
        let known = self.store.incident(id).await?;
        Ok(known.map(|incident| {
            let reference: Option<IncidentRef> = Some(incident.reference);
            PredictedIncident { id: Some(id), reference, new: None, title: incident.title, proposed_severity: incident.proposed_severity }
        }))
    }
}
