//! The one writer: everything that changes incidents or alerts passes through here, in order.
//!
//! Group commit: what waits is applied in one transaction, so that many webhooks share one fsync,
//! and each is answered only after the commit that covers it.

use super::{
    Backend, Store, StoreError,
    batch::{Batch, Memory},
    commands::Outcome,
    import::Imported,
    intake::{Delivery, Expired, Receipt},
};
use crate::domain::{
    ids::IncidentId,
    import::Draft,
    incident::{Command, Declare},
    people::{Actor, ActorRef},
    time::Timestamp,
};
use tokio::sync::{mpsc, oneshot};

/// How many jobs may wait; beyond that callers are told to come back.
const QUEUE: usize = 4_096;
/// How many jobs, and how many signals in them, share one commit at most.
const BATCH_JOBS: usize = 512;
const BATCH_SIGNALS: usize = 4_096;

/// Something to write.
pub(super) enum Work {
    Intake(Delivery),
    Declare {
        draft: Box<Declare>,
        actor: Actor,
        key: String,
    },
    Command {
        id: IncidentId,
        command: Box<Command>,
        actor: Actor,
        key: String,
        if_match: Option<i64>,
    },
    ImportIncidents {
        drafts: Vec<Draft>,
        importer: ActorRef,
    },
    /// Past deliveries, in order.
    Replay(Vec<Delivery>),
    /// Resolve what ran out after this and was not refreshed in time.
    Expire {
        after: Timestamp,
    },
}

/// What became of it.
pub(super) enum Answer {
    Intake(Receipt),
    Outcome(Box<Outcome>),
    Imported(Imported),
    Expired(Expired),
}

struct Job {
    work: Work,
    reply: oneshot::Sender<Result<Answer, StoreError>>,
}

pub(super) struct Jobs(mpsc::Receiver<Job>);

/// The way to the writer.
pub(super) struct Writer(Option<mpsc::Sender<Job>>);

impl Writer {
    pub fn new() -> (Self, Jobs) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Self(Some(sender)), Jobs(receiver))
    }

    /// A way to nowhere.
    pub fn none() -> Self {
        Self(None)
    }

    /// Sends work and waits for the commit that covers it.
    pub async fn send(&self, work: Work) -> Result<Answer, StoreError> {
        let (reply, answer) = oneshot::channel();
        let sender = self.0.as_ref().ok_or(StoreError::WriterStopped)?;
        sender.try_send(Job { work, reply }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => StoreError::WriterStopped,
        })?;
        answer.await.map_err(|_| StoreError::WriterStopped)?
    }

    /// The same for work that can wait: while too much is queued, it waits its turn instead of
    /// being turned away.
    pub async fn send_when_free(&self, work: Work) -> Result<Answer, StoreError> {
        let (reply, answer) = oneshot::channel();
        let sender = self.0.as_ref().ok_or(StoreError::WriterStopped)?;
        sender.send(Job { work, reply }).await.map_err(|_| StoreError::WriterStopped)?;
        answer.await.map_err(|_| StoreError::WriterStopped)?
    }
}

/// Starts the writer; it ends when nobody can send to it any more.
pub(super) fn run(store: Store, Jobs(mut jobs): Jobs) {
    tokio::spawn(async move {
        let mut memory = Memory::default();
        while let Some(first) = jobs.recv().await {
            let mut waiting = vec![first];
            let mut signals = size(&waiting[0].work);
            while waiting.len() < BATCH_JOBS
                && signals < BATCH_SIGNALS
                && let Ok(next) = jobs.try_recv()
            {
                signals += size(&next.work);
                waiting.push(next);
            }
            commit_and_answer(&store, &mut memory, waiting).await;
        }
    });
}

fn size(work: &Work) -> usize {
    match work {
        Work::Intake(delivery) => delivery.signals.len(),
        Work::Replay(deliveries) => deliveries.iter().map(|delivery| delivery.signals.len()).sum(),
        Work::ImportIncidents { drafts, .. } => drafts.iter().map(|draft| 1 + draft.timeline.len()).sum(),
        Work::Declare { .. } | Work::Command { .. } | Work::Expire { .. } => 1,
    }
}

/// One transaction for all; when it fails, one for each, so that nobody fails for another's sake.
async fn commit_and_answer(store: &Store, memory: &mut Memory, waiting: Vec<Job>) {
    let work: Vec<&Work> = waiting.iter().map(|job| &job.work).collect();
    match commit(store, memory, &work).await {
        Ok(answers) => {
            for (job, answer) in waiting.into_iter().zip(answers) {
                // Whoever asked may have gone; what was written stays written.
                let _ = job.reply.send(Ok(answer));
            }
        }
        Err(error) if waiting.len() == 1 => {
            let _ = waiting.into_iter().next().map(|job| job.reply.send(Err(error)));
        }
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, jobs = waiting.len(), "a shared write failed; trying one by one");
            for job in waiting {
                let answer = commit(store, memory, &[&job.work]).await.and_then(|answers| answers.into_iter().next().ok_or(StoreError::WriterStopped));
                let _ = job.reply.send(answer);
            }
        }
    }
}

async fn commit(store: &Store, memory: &mut Memory, work: &[&Work]) -> Result<Vec<Answer>, StoreError> {
    let result = try_commit(store, memory, work).await;
    if result.is_err() {
        // What was remembered may hold what was rolled back.
        *memory = Memory::default();
    }
    result
}

async fn try_commit(store: &Store, memory: &mut Memory, work: &[&Work]) -> Result<Vec<Answer>, StoreError> {
    let mut transaction = store.begin().await?;
    let mut batch = Batch::begin(&mut transaction, memory, &store.clock).await?;
    let mut answers = Vec::with_capacity(work.len());
    batch.foresee(work).await?;
    for work in work {
        answers.push(match work {
            Work::Intake(delivery) => Answer::Intake(batch.deliver(delivery, answers.len()).await?),
            Work::Declare { draft, actor, key } => Answer::Outcome(Box::new(batch.declare(draft, actor, key).await?)),
            Work::Command { id, command, actor, key, if_match } => Answer::Outcome(Box::new(batch.command(*id, command, actor, key, *if_match).await?)),
            Work::Expire { after } => Answer::Expired(batch.expire((*after, store.clock.now()), None, answers.len()).await?),
            Work::ImportIncidents { drafts, importer } => Answer::Imported(batch.import(drafts, importer).await?),
            Work::Replay(deliveries) => Answer::Intake(batch.replay(deliveries, answers.len()).await?),
        });
    }
    let (changes, resolved_by) = batch.finish().await?;
    transaction.commit().await.map_err(super::query("commit"))?;
    for index in resolved_by {
        if let Some(Answer::Intake(receipt)) = answers.get_mut(index) {
            receipt.incidents_resolved += 1;
        }
    }
    store.publish(changes).await;
    Ok(answers)
}

impl Backend {
    /// How a write begins: a transaction on SQLite that reads first and writes later would fail at
    /// once when another process writes; this one waits its turn at the start.
    pub(super) fn begin(self) -> &'static str {
        match self {
            Backend::Sqlite => "BEGIN IMMEDIATE",
            Backend::Postgres => "BEGIN",
        }
    }
}
