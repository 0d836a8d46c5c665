//! One transaction of the writer: what it has changed so far, and how that is written.

mod alerts;
mod groups;
mod incidents;
mod memory;

pub(super) use alerts::{NewAlert, Refreshes, refresh_alerts};
pub(super) use memory::{Memory, kept_since};

use super::{
    StoreError, query,
    rows::{self, ManyRows, to_json},
    stream::{self, Numbered},
};
use crate::{
    domain::{
        boards::Happening,
        grouping::Group,
        ids::{AlertId, IncidentId, IntegrationId},
        severity::AlertSeverity,
        time::Timestamp,
        timeline::Event,
    },
    server::clock::Clock,
};
use alerts::Update;
use incidents::Pending;
use sqlx::AnyConnection;
use std::collections::{HashMap, HashSet};

pub(super) struct Batch<'t> {
    pub connection: &'t mut AnyConnection,
    memory: &'t mut Memory,
    pub clock: &'t Clock,
    new_alerts: Vec<NewAlert>,
    new_alert_at: HashMap<AlertId, usize>,
    updates: HashMap<AlertId, Update>,
    refreshes: Refreshes,
    /// What resolves told of alerts that are not open: when it was over, and when they said so.
    told_ends: HashMap<(IntegrationId, String), (Timestamp, Timestamp)>,
    pending: HashMap<IncidentId, Vec<Pending>>,
    pending_order: Vec<IncidentId>,
    new_events: Vec<(IncidentId, Event)>,
    dirty: HashSet<IncidentId>,
    dirty_groups: HashMap<(IntegrationId, Option<AlertSeverity>, String), Group>,
    changes: Vec<Numbered>,
    change_at_begin: i64,
    /// The jobs whose delivery resolved an incident.
    resolved_by: Vec<usize>,
}

const INSERT_CHANGES: ManyRows = ManyRows { head: "INSERT INTO changes (seq, recorded_at, topic, incident_id, payload) VALUES", tail: "", width: 5 };

impl<'t> Batch<'t> {
    pub async fn begin(connection: &'t mut AnyConnection, memory: &'t mut Memory, clock: &'t Clock) -> Result<Self, StoreError> {
        memory.begin(connection, clock.now()).await?;
        let change_at_begin = memory.change;
        Ok(Self {
            connection,
            memory,
            clock,
            new_alerts: vec![],
            new_alert_at: HashMap::new(),
            updates: HashMap::new(),
            refreshes: Refreshes::default(),
            told_ends: HashMap::new(),
            pending: HashMap::new(),
            pending_order: vec![],
            new_events: vec![],
            dirty: HashSet::new(),
            dirty_groups: HashMap::new(),
            changes: vec![],
            change_at_begin,
            resolved_by: vec![],
        })
    }

    /// Writes down everything so far. Called at the end, and before statements that need to see it.
    pub async fn flush(&mut self) -> Result<(), StoreError> {
        for id in std::mem::take(&mut self.pending_order) {
            self.settle(id).await?;
        }
        self.flush_alerts().await?;
        self.flush_groups().await?;
        self.flush_incidents().await
    }

    fn announce(&mut self, incident_id: Option<IncidentId>, happening: Happening) {
        self.memory.change += 1;
        self.changes.push(Numbered { seq: self.memory.change, incident_id, topic: happening.topic().to_owned(), payload: to_json(&happening).into() });
    }

    /// Wakes the other servers on this database when this transaction is committed. SQLite knows no
    /// such thing; there they look every now and then.
    async fn tell_other_servers(&mut self) -> Result<(), StoreError> {
        if self.connection.backend_name() != rows::POSTGRES {
            return Ok(());
        }
        sqlx::query("SELECT pg_notify($1, '')").bind(stream::CHANNEL).execute(&mut *self.connection).await.map(drop).map_err(query("tell other servers"))
    }

    /// Writes everything down. Answers what listeners are told after the commit, and which jobs
    /// resolved an incident.
    pub async fn finish(mut self) -> Result<(Vec<Numbered>, Vec<usize>), StoreError> {
        self.flush().await?;
        let recorded_at = self.clock.now().micros();
        INSERT_CHANGES
            .execute(self.connection, &self.changes, "record changes for the stream", |statement, change| {
                statement
                    .bind(change.seq)
                    .bind(recorded_at)
                    .bind(change.topic.clone())
                    .bind(change.incident_id.map(|id| id.to_string()))
                    .bind(change.payload.to_string())
            })
            .await?;
        if self.memory.change != self.change_at_begin {
            sqlx::query("UPDATE counters SET value = $1 WHERE name = 'change'")
                .bind(self.memory.change)
                .execute(&mut *self.connection)
                .await
                .map_err(query("count changes"))?;
            self.tell_other_servers().await?;
        }
        Ok((self.changes, self.resolved_by))
    }
}
