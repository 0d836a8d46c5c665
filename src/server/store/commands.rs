//! Commands: looked up, decided by the domain, recorded. Replaying one answers what it answered first.

use super::{
    Store, StoreError,
    batch::Batch,
    query, rows,
    writer::{Answer, Work},
};
use crate::domain::{
    alert::is_about_monitoring,
    canonical,
    ids::{AlertId, CommandId, IncidentId},
    incident::{AlertRef, Change, Command, Context, Declare, EventKind, Incident, MergeTarget, Refusal, absorb, decide, declare},
    people::Actor,
    timeline::hex,
};
use sha2::{Digest, Sha256};

/// What became of a command.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant)] // the large one is the usual one
pub enum Outcome {
    Done(Incident),
    Refused(Refusal),
    NotFound,
    /// The incident is at another version than the caller said.
    Stale {
        version: i64,
    },
    /// The key was used before, with another body.
    KeyReused,
    /// Another incident came from there under this id.
    OriginTaken,
}

impl Store {
    /// Declares an incident. `key` is the command's id, unique to whoever acts.
    pub async fn declare(&self, draft: Declare, actor: &Actor, key: &str) -> Result<Outcome, StoreError> {
        self.outcome(Work::Declare { draft: Box::new(draft), actor: actor.clone(), key: key.to_owned() }).await
    }

    /// Commands an incident; with `if_match` only at that version.
    pub async fn command(&self, id: IncidentId, command: Command, actor: &Actor, key: &str, if_match: Option<i64>) -> Result<Outcome, StoreError> {
        self.outcome(Work::Command { id, command: Box::new(command), actor: actor.clone(), key: key.to_owned(), if_match }).await
    }

    async fn outcome(&self, work: Work) -> Result<Outcome, StoreError> {
        match self.writer.send(work).await? {
            Answer::Outcome(outcome) => Ok(*outcome),
            Answer::Intake(_) | Answer::Imported(_) | Answer::Expired(_) => Err(StoreError::WriterStopped),
        }
    }
}

impl Batch<'_> {
    pub async fn declare(&mut self, draft: &Declare, actor: &Actor, key: &str) -> Result<Outcome, StoreError> {
        let replay = Replay::of(actor, key, &("declare", draft));
        if let Some(outcome) = self.replayed(&replay).await? {
            return Ok(outcome);
        }
        let now = self.clock.now();
        let changes = match declare(draft, actor, now) {
            Ok(changes) => changes,
            Err(refusal) => return Ok(Outcome::Refused(refusal)),
        };
        if let Some(origin) = &draft.origin {
            let taken = sqlx::query("SELECT 1 FROM incidents WHERE origin = $1 AND origin_id = $2")
                .bind(origin.name.clone())
                .bind(origin.id.clone())
                .fetch_optional(&mut *self.connection)
                .await
                .map_err(query("look for an incident of the same origin"))?;
            if taken.is_some() {
                return Ok(Outcome::OriginTaken);
            }
        }
        let id = self.open_incident(changes, actor.who.clone(), Some(replay.command), now).await?;
        self.done(id, &replay).await
    }

    pub async fn command(&mut self, id: IncidentId, command: &Command, actor: &Actor, key: &str, if_match: Option<i64>) -> Result<Outcome, StoreError> {
        let replay = Replay::of(actor, key, &(id, command));
        if let Some(outcome) = self.replayed(&replay).await? {
            return Ok(outcome);
        }
        // What alerts of the same batch did comes first: the decision sees it.
        self.settle(id).await?;
        let now = self.clock.now();
        let Some(incident) = self.incident(id).await?.cloned().filter(|incident| incident.is_visible_to(actor)) else { return Ok(Outcome::NotFound) };
        if if_match.is_some_and(|version| version != incident.version) {
            return Ok(Outcome::Stale { version: incident.version });
        }
        let context = match command {
            Command::Merge { into, .. } => {
                self.settle(*into).await?;
                let target = self.incident(*into).await?.filter(|target| target.is_visible_to(actor));
                let Some(target) = target else { return Ok(Outcome::NotFound) };
                Context { target: Some(MergeTarget::of(target)), alert: None }
            }
            Command::AttachAlert { alert } | Command::DetachAlert { alert, .. } => Context { target: None, alert: self.alert_ref(*alert).await? },
            _ => Context::default(),
        };
        let changes = match decide(&incident, command, &context, actor, now) {
            Ok(changes) => changes,
            Err(refusal) => return Ok(Outcome::Refused(refusal)),
        };
        self.append(id, changes, &actor.who, Some(replay.command), now).await?;
        match command {
            Command::Merge { into, .. } => self.move_alerts(&incident, *into, actor, &replay).await?,
            Command::AttachAlert { alert } => self.move_alert(*alert, Some(id), context.alert, actor, &replay).await?,
            Command::DetachAlert { alert, .. } => self.move_alert(*alert, None, None, actor, &replay).await?,
            Command::SetServices { .. } => self.reset_services(id).await?,
            _ => {}
        }
        self.done(id, &replay).await
    }

    /// What this command answered the first time, if it was recorded before.
    async fn replayed(&mut self, replay: &Replay) -> Result<Option<Outcome>, StoreError> {
        let row = sqlx::query("SELECT body_hash, answer FROM commands WHERE actor_key = $1")
            .bind(replay.actor_key.clone())
            .fetch_optional(&mut *self.connection)
            .await
            .map_err(query("look a command up"))?;
        let Some(row) = row else { return Ok(None) };
        if rows::get::<&str>(&row, 0)? != replay.body_hash {
            return Ok(Some(Outcome::KeyReused));
        }
        rows::incident(&row, 1).map(|incident| Some(Outcome::Done(incident)))
    }

    async fn done(&mut self, id: IncidentId, replay: &Replay) -> Result<Outcome, StoreError> {
        let Some(incident) = self.incident(id).await?.cloned() else { return Ok(Outcome::NotFound) };
        sqlx::query("INSERT INTO commands (actor_key, body_hash, incident_id, answer, recorded_at) VALUES ($1, $2, $3, $4, $5)")
            .bind(replay.actor_key.clone())
            .bind(replay.body_hash.clone())
            .bind(id.to_string())
            .bind(rows::to_json(&incident))
            .bind(incident.updated_at.micros())
            .execute(&mut *self.connection)
            .await
            .map_err(query("record a command's answer"))?;
        Ok(Outcome::Done(incident))
    }

    async fn alert_ref(&mut self, id: AlertId) -> Result<Option<(AlertRef, Option<IncidentId>)>, StoreError> {
        self.flush().await?;
        let row = sqlx::query(concat!("SELECT ", rows::alert_columns!(), " FROM ", rows::alert_tables!(), " WHERE a.id = $1"))
            .bind(id.to_string())
            .fetch_optional(&mut *self.connection)
            .await
            .map_err(query("read an alert"))?;
        let Some(row) = row else { return Ok(None) };
        let episode = rows::episode(&row)?;
        let alert = rows::alert(&row)?;
        let alert = AlertRef {
            id,
            about_monitoring: is_about_monitoring(&alert.labels),
            title: alert.title,
            service: episode.service.as_deref().map(str::to_owned),
            severity: episode.severity,
            started_at: episode.started_at,
            resolved_at: episode.resolved_at,
        };
        Ok(Some((alert, episode.incident_id)))
    }

    /// An incident that was merged gives everything it holds to the other one.
    async fn move_alerts(&mut self, source: &Incident, into: IncidentId, actor: &Actor, replay: &Replay) -> Result<(), StoreError> {
        let now = self.clock.now();
        let Some(target) = self.incident(into).await? else { return Ok(()) };
        let changes = absorb(source, target, now);
        self.append(into, changes, &actor.who, Some(replay.command), now).await?;
        self.flush().await?;
        for statement in ["UPDATE alerts SET incident_id = $1 WHERE incident_id = $2", "UPDATE alert_groups SET incident_id = $1 WHERE incident_id = $2"] {
            sqlx::query(statement)
                .bind(into.to_string())
                .bind(source.id.to_string())
                .execute(&mut *self.connection)
                .await
                .map_err(query("move alerts to another incident"))?;
        }
        self.forget_alerts();
        Ok(())
    }

    /// Moves one alert; where it came from says so in its own record.
    async fn move_alert(
        &mut self,
        id: AlertId,
        to: Option<IncidentId>,
        from: Option<(AlertRef, Option<IncidentId>)>,
        actor: &Actor,
        replay: &Replay,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        if let Some((alert, Some(home))) = from {
            let kind = EventKind::AlertDetached { alert, reason: Some("attached to another incident".to_owned()) };
            self.append(home, vec![Change { happened_at: now, kind }], &actor.who, Some(replay.command), now).await?;
        }
        sqlx::query("UPDATE alerts SET incident_id = $1 WHERE id = $2")
            .bind(to.map(|id| id.to_string()))
            .bind(id.to_string())
            .execute(&mut *self.connection)
            .await
            .map_err(query("move an alert"))?;
        self.forget_alerts();
        self.announce_alerts(&[id]).await
    }
}

/// How a command is recognised when it comes again.
struct Replay {
    actor_key: String,
    body_hash: String,
    command: CommandId,
}

impl Replay {
    fn of(actor: &Actor, key: &str, body: &impl serde::Serialize) -> Self {
        let actor_key = format!("{}:{key}", actor.who.id);
        // A key that is a UUID is the command's id; any other text gives one that is always the same.
        let command = key.parse().unwrap_or_else(|_| {
            let digest = Sha256::digest(&actor_key);
            let mut bytes = [0_u8; 16];
            bytes.copy_from_slice(&digest[..16]);
            uuid::Builder::from_custom_bytes(bytes).into_uuid()
        });
        let body = serde_json::to_value(body).unwrap_or_default();
        Self { actor_key, body_hash: hex(&Sha256::digest(canonical::to_string(&body))), command: CommandId(command) }
    }
}
