//! Intake: what deliveries do to alerts, and what alerts do to incidents.

use super::{
    Store, StoreError,
    batch::{Batch, NewAlert},
    query, rows,
    writer::{Answer, Work},
};
use crate::{
    domain::{
        alert::{AlertState, Episode, Ignored, Signal, Verdict, is_about_monitoring, judge, judge_after, told_end},
        grouping::{self, Group, Placement, Why},
        ids::{AlertId, IncidentId, IntegrationId},
        incident::{AlertRef, AlertResolution, Observation, open_by_alert},
        integration::Grouping,
        people::{Actor, ActorKind, ActorRef, Right},
        slo::{raising::SOURCE, severity::Suggestion},
        time::Timestamp,
    },
    server::clock::Clock,
};
use std::collections::BTreeMap;

/// One accepted delivery of an integration.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub integration_id: IntegrationId,
    pub integration_name: String,
    pub source: String,
    pub grouping: Grouping,
    pub received_at: Timestamp,
    pub signals: Vec<Signal>,
}

/// How many alerts run out in one transaction at most, so that deliveries do not wait long behind them.
const EXPIRE_AT_ONCE: i64 = 1_000;

/// What has run out after `$1` and by `$2`, or may have: an alert's own row says the earliest.
macro_rules! due {
    () => {
        "a.resolved_at IS NULL AND a.expires_at IS NOT NULL AND a.expires_at <= $2 AND (r.alert_id IS NULL OR r.expires_at IS NULL OR r.expires_at > $1) \
         AND (r.alert_id IS NOT NULL OR a.expires_at > $1)"
    };
}

/// What ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Expired {
    pub alerts: u64,
    /// Nothing more has run out.
    pub all: bool,
}

/// What a delivery did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Receipt {
    pub opened: u32,
    pub repeated: u32,
    pub acknowledged: u32,
    pub resolved: u32,
    pub ignored: u32,
    /// Why, each with how many of them.
    pub ignored_because: BTreeMap<Ignored, u32>,
    pub incidents_opened: u32,
    pub incidents_resolved: u32,
    /// The alerts that were touched, in the order of the signals.
    pub alerts: Vec<AlertId>,
    /// Of a replay: the places of the deliveries of which something was left out, because it would
    /// have touched an incident that is hidden from the importer.
    pub hidden: Vec<usize>,
}

impl Receipt {
    /// What several deliveries did together.
    pub fn add(&mut self, other: Receipt) {
        self.opened += other.opened;
        self.repeated += other.repeated;
        self.acknowledged += other.acknowledged;
        self.resolved += other.resolved;
        self.ignored += other.ignored;
        for (why, count) in other.ignored_because {
            *self.ignored_because.entry(why).or_default() += count;
        }
        self.incidents_opened += other.incidents_opened;
        self.incidents_resolved += other.incidents_resolved;
        self.alerts.extend(other.alerts);
        self.hidden.extend(other.hidden);
    }
}

impl Delivery {
    fn actor(&self) -> ActorRef {
        ActorRef { kind: ActorKind::Integration, id: self.integration_id.to_string(), name: self.integration_name.clone() }
    }
}

impl Store {
    /// Applies one delivery; answers after the commit that covers it.
    pub async fn intake(&self, delivery: Delivery) -> Result<Receipt, StoreError> {
        match self.writer.send(Work::Intake(delivery)).await? {
            Answer::Intake(receipt) => Ok(receipt),
            Answer::Outcome(_) | Answer::Imported(_) | Answer::Expired(_) => Err(StoreError::WriterStopped),
        }
    }

    /// Resolves the alerts that were not refreshed in time, and answers how many there were.
    pub async fn expire_alerts(&self) -> Result<u64, StoreError> {
        let after = self.replays.floor();
        let mut expired = 0;
        loop {
            let due = sqlx::query(concat!("SELECT 1 FROM ", rows::alert_tables!(), " WHERE ", due!(), " LIMIT 1"))
                .bind(after.micros())
                .bind(self.clock.now().micros())
                .fetch_optional(&self.readers)
                .await
                .map_err(query("look for alerts that ran out"))?;
            if due.is_none() {
                return Ok(expired);
            }
            match self.writer.send(Work::Expire { after }).await? {
                Answer::Expired(Expired { alerts, all: true }) => return Ok(expired + alerts),
                Answer::Expired(Expired { alerts, all: false }) => expired += alerts,
                Answer::Outcome(_) | Answer::Imported(_) | Answer::Intake(_) => return Err(StoreError::WriterStopped),
            }
        }
    }

    /// Gives every alert that can run out this much longer: nobody could refresh it while we were down.
    pub async fn extend_expiries(&self, by_secs: i64) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        // Counted as a write, so that no writer goes on with what it remembers.
        sqlx::query("UPDATE counters SET value = value + 1 WHERE name = 'write'").execute(&mut *transaction).await.map_err(query("count a write"))?;
        sqlx::query("UPDATE alerts SET expires_at = expires_at + $1 WHERE resolved_at IS NULL AND expires_at IS NOT NULL")
            .bind(by_secs.max(0).saturating_mul(1_000_000))
            .execute(&mut *transaction)
            .await
            .map_err(query("extend the time of alerts"))?;
        sqlx::query("UPDATE alert_refreshes SET expires_at = expires_at + $1 WHERE expires_at IS NOT NULL AND alert_id IN (SELECT id FROM alerts WHERE resolved_at IS NULL)")
            .bind(by_secs.max(0).saturating_mul(1_000_000))
            .execute(&mut *transaction)
            .await
            .map_err(query("extend the time of refreshed alerts"))?;
        transaction.commit().await.map_err(query("commit"))
    }
}

/// How an alert ended.
struct End {
    at: Timestamp,
    /// By its sender's clock, or by the time that it gave itself.
    is_dated: bool,
    /// It ran out.
    expired: bool,
}

impl Batch<'_> {
    /// Applies one delivery; `job` is its place in the batch. What is imported touches no incident
    /// that is hidden from the `importer`, who sent it in this place among others; what an
    /// integration sends now has none.
    pub async fn deliver(&mut self, delivery: &Delivery, importer: Option<(&Actor, usize)>, job: usize) -> Result<Receipt, StoreError> {
        let mut receipt = Receipt::default();
        let integration = delivery.integration_id;
        // From whom nothing is hidden, nothing is looked for either: a history has many signals.
        let importer = importer.filter(|(importer, _)| !importer.role.may(Right::SeePrivate));
        for signal in &delivery.signals {
            if let Some((importer, place)) = importer
                && self.touches_hidden(delivery, signal, Some(importer)).await?
            {
                receipt.hidden = vec![place];
                continue;
            }
            let key = signal.dedupe_key.as_str();
            let ended_at = self.told_end(integration, key, delivery.received_at);
            let newest = self.episode(integration, key).await?;
            let verdict = judge_after(newest, ended_at, signal, delivery.received_at);
            if !matches!(verdict, Verdict::Open { .. }) {
                receipt.alerts.extend(newest.map(|episode| episode.id));
            }
            match verdict {
                Verdict::Open { started_at, event_at } => {
                    receipt.opened += 1;
                    receipt.alerts.push(self.open_alert(delivery, signal, started_at, event_at, &mut receipt.incidents_opened, job).await?);
                }
                Verdict::Ignore(why) => {
                    receipt.ignored += 1;
                    *receipt.ignored_because.entry(why).or_default() += 1;
                    if let Some(at) = told_end(newest, signal, delivery.received_at) {
                        self.tell_end(integration, key, at, delivery.received_at);
                    }
                }
                Verdict::Repeat { event_at } => {
                    receipt.repeated += 1;
                    self.refresh_episode(integration, key, event_at, signal.expires_at);
                }
                Verdict::Acknowledge { event_at } => {
                    receipt.acknowledged += 1;
                    if let Some(mut episode) = newest.cloned() {
                        episode.last_event_at = event_at;
                        episode.state = AlertState::Acknowledged;
                        if let Some(incident) = episode.incident_id {
                            // An acknowledgement need not repeat what the alert says: its title may be its key.
                            let title = self.title_of(episode.id).await?.unwrap_or_else(|| signal.title.clone());
                            let seen = Observation::AcknowledgedAtSource { id: episode.id, title };
                            self.observe(incident, seen, delivery.actor(), delivery.received_at, job);
                        }
                        self.save_episode(integration, key, episode, 1, true);
                    }
                }
                Verdict::Resolve { at, is_dated } => {
                    receipt.resolved += 1;
                    if let Some(episode) = newest.cloned() {
                        self.touch_group(integration, &episode, at).await?;
                        let end = End { at, is_dated, expired: false };
                        self.end_episode(integration, key, episode, end, delivery.actor(), delivery.received_at, job);
                    }
                }
            }
        }
        Ok(receipt)
    }

    /// Whether a signal would change, or join, an incident that is hidden from `importer`.
    async fn touches_hidden(&mut self, delivery: &Delivery, signal: &Signal, importer: Option<&Actor>) -> Result<bool, StoreError> {
        let newest = self.episode(delivery.integration_id, &signal.dedupe_key).await?;
        let Verdict::Open { started_at, .. } = judge(newest, signal, delivery.received_at) else {
            return match newest.and_then(|episode| episode.incident_id) {
                Some(id) => self.is_hidden(id, importer).await,
                None => Ok(false),
            };
        };
        let since = started_at.plus_secs(-i64::from(delivery.grouping.quiet_s));
        let key = grouping::key(&delivery.grouping, &signal.labels, &signal.group_labels, &signal.title);
        let groups = self.groups(delivery.integration_id, signal.severity, since).await?;
        let joined = match grouping::place(&delivery.grouping, signal.severity, &key, started_at, groups.values()) {
            Placement::RecordOnly => return Ok(false),
            Placement::Open => None,
            Placement::Join { incident_id } | Placement::JoinStorm { incident_id } => Some(incident_id),
        };
        // An incident of its own would take over a group that was active since.
        let taken = groups.get(&key).filter(|group| group.active_at >= since).map(|group| group.incident_id);
        for id in [joined, taken].into_iter().flatten() {
            if let Some(id) = self.living(id).await?
                && self.is_hidden(id, importer).await?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Resolves what ran out after one instant and by another, which is taken as now, of one
    /// integration or of all; `job` is its place in the batch. What looked as if, but was
    /// refreshed meanwhile, is found again when it may run out next.
    pub async fn expire(&mut self, (after, now): (Timestamp, Timestamp), of: Option<IntegrationId>, job: usize) -> Result<Expired, StoreError> {
        // What is still in memory may have been refreshed in this very batch.
        self.flush().await?;
        let found = sqlx::query(concat!(
            "SELECT ",
            rows::alert_columns!(),
            " FROM ",
            rows::alert_tables!(),
            " WHERE ",
            due!(),
            " AND ($3 = '' OR a.integration_id = $3) ORDER BY a.expires_at LIMIT $4"
        ))
        .bind(after.micros())
        .bind(now.micros())
        .bind(of.map(|id| id.to_string()).unwrap_or_default())
        .bind(EXPIRE_AT_ONCE)
        .fetch_all(&mut *self.connection)
        .await
        .map_err(query("read alerts that ran out"))?;
        let mut expired = Expired { alerts: 0, all: (found.len() as i64) < EXPIRE_AT_ONCE };
        for row in &found {
            let (alert, episode) = (rows::alert(row)?, rows::episode(row)?);
            let Some(at) = episode.expires_at.filter(|at| *at <= now) else {
                self.save_episode(alert.integration_id, &alert.dedupe_key, episode, 0, false);
                continue;
            };
            expired.alerts += 1;
            self.touch_group(alert.integration_id, &episode, at).await?;
            let end = End { at, is_dated: true, expired: true };
            self.end_episode(alert.integration_id, &alert.dedupe_key, episode, end, ActorRef::system(), now, job);
        }
        Ok(expired)
    }

    #[allow(clippy::too_many_arguments)] // they are the parts of one fact: whose, which, when, by whom
    fn end_episode(
        &mut self,
        integration: IntegrationId,
        key: &str,
        mut episode: Episode,
        End { at, is_dated, expired }: End,
        actor: ActorRef,
        now: Timestamp,
        job: usize,
    ) {
        episode.state = AlertState::Resolved;
        episode.resolved_at = Some(at);
        if is_dated {
            episode.last_event_at = episode.last_event_at.max(at);
        }
        if let Some(incident) = episode.incident_id {
            let Episode { id, severity, about_monitoring, .. } = episode;
            let over = AlertResolution { id, service: episode.service.as_deref().map(str::to_owned), severity, at, expired, about_monitoring };
            self.observe(incident, Observation::Quieted { alerts: vec![over] }, actor, now, job);
        }
        self.save_episode(integration, key, episode, i64::from(!expired), true);
    }

    async fn open_alert(
        &mut self,
        delivery: &Delivery,
        signal: &Signal,
        started_at: Timestamp,
        event_at: Timestamp,
        incidents_opened: &mut u32,
        job: usize,
    ) -> Result<AlertId, StoreError> {
        let id = AlertId(Clock::new_id());
        let service = signal.labels.get("service").filter(|service| !service.is_empty()).cloned();
        let alert = AlertRef {
            id,
            title: signal.title.clone(),
            service: service.clone(),
            severity: signal.severity,
            started_at,
            resolved_at: None,
            about_monitoring: is_about_monitoring(&signal.labels),
        };
        let key = grouping::key(&delivery.grouping, &signal.labels, &signal.group_labels, &signal.title);
        // Of other senders' annotations nothing is read out: they say how urgent it is.
        let suggestion = (delivery.source == SOURCE).then(|| Suggestion::of(&signal.annotations)).flatten();
        let incident_id = self.place_alert(delivery, &alert, suggestion, &key, incidents_opened, job).await?;
        let episode = Episode {
            id,
            state: AlertState::Triggered,
            started_at,
            last_event_at: event_at,
            resolved_at: None,
            expires_at: signal.expires_at,
            severity: signal.severity,
            incident_id,
            service: service.map(Into::into),
            about_monitoring: alert.about_monitoring,
            group_key: key.as_str().into(),
        };
        self.insert_alert(NewAlert {
            integration: delivery.integration_id,
            source: delivery.source.clone(),
            key: signal.dedupe_key.clone(),
            title: signal.title.clone(),
            labels: signal.labels.clone(),
            annotations: signal.annotations.clone(),
            links: signal.links.clone(),
            received_at: delivery.received_at,
            deliveries: 1,
            episode,
        });
        Ok(id)
    }

    /// Finds or opens the incident of a new alert. `None`: it is recorded without one.
    async fn place_alert(
        &mut self,
        delivery: &Delivery,
        alert: &AlertRef,
        suggestion: Option<Suggestion>,
        key: &str,
        incidents_opened: &mut u32,
        job: usize,
    ) -> Result<Option<IncidentId>, StoreError> {
        let quiet = i64::from(delivery.grouping.quiet_s);
        let groups = self.groups(delivery.integration_id, alert.severity, alert.started_at.plus_secs(-quiet)).await?;
        let placement = grouping::place(&delivery.grouping, alert.severity, key, alert.started_at, groups.values());
        let known = groups.get(key).cloned();
        let joined = match placement {
            Placement::RecordOnly => return Ok(None),
            Placement::Open => None,
            Placement::Join { incident_id } => self.living(incident_id).await?.map(|id| (id, Why::SameGroup)),
            Placement::JoinStorm { incident_id } => self.living(incident_id).await?.map(|id| (id, Why::Storm)),
        };
        let same_group = joined.is_some_and(|(_, why)| why == Why::SameGroup);
        let incident_id = match joined {
            Some((id, why)) => {
                self.observe(id, Observation::Fired { alerts: vec![alert.clone()], why }, delivery.actor(), delivery.received_at, job);
                id
            }
            None => {
                *incidents_opened += 1;
                self.open_incident(open_by_alert(alert, suggestion, delivery.received_at), delivery.actor(), None, delivery.received_at).await?
            }
        };
        let (opened_at, active_at) = match known {
            Some(group) if same_group => (group.opened_at.min(alert.started_at), group.active_at.max(alert.started_at)),
            _ => (alert.started_at, alert.started_at),
        };
        self.save_group(delivery.integration_id, alert.severity, Group { key: key.to_owned(), incident_id, opened_at, active_at });
        Ok(Some(incident_id))
    }

    /// A group is active until its last alert resolves.
    async fn touch_group(&mut self, integration: IntegrationId, episode: &Episode, at: Timestamp) -> Result<(), StoreError> {
        let group = self.group(integration, episode.severity, &episode.group_key).await?;
        if let Some(group) = group.filter(|group| group.active_at < at && Some(group.incident_id) == episode.incident_id) {
            self.save_group(integration, episode.severity, Group { active_at: at, ..group });
        }
        Ok(())
    }
}
