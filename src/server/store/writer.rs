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
    query,
    repeats::Repeats,
};
use crate::domain::{
    ids::IncidentId,
    import::Draft,
    incident::{Command, Declare},
    people::Actor,
    time::Timestamp,
};
use sqlx::{Any, Connection, pool::PoolConnection};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::timeout,
};

/// How many jobs may wait; beyond that callers are told to come back.
const QUEUE: usize = 4_096;
/// How many jobs, and how many signals in them, share one commit at most.
const BATCH_JOBS: usize = 512;
const BATCH_SIGNALS: usize = 1_024;
/// How long the writer's turn at the database may take before callers are told to come back.
const PATIENCE: Duration = Duration::from_millis(1_800);

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
        importer: Actor,
    },
    /// Past deliveries, in order.
    Replay {
        deliveries: Vec<Delivery>,
        importer: Actor,
    },
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
    turn: Turn,
    reply: oneshot::Sender<Result<Answer, StoreError>>,
}

/// Whether a job is still wanted. Either the writer takes it, and then it is answered by what
/// became of it, or whoever asked gives up, and then it is never done.
#[derive(Clone, Default)]
struct Turn(Arc<AtomicU8>);

impl Turn {
    const TAKEN: u8 = 1;
    const GIVEN_UP: u8 = 2;

    fn take(&self) -> bool {
        let before = self.0.compare_exchange(0, Self::TAKEN, Ordering::AcqRel, Ordering::Acquire);
        matches!(before, Ok(_) | Err(Self::TAKEN))
    }

    fn give_up(&self) -> bool {
        self.0.compare_exchange(0, Self::GIVEN_UP, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

pub(super) struct Jobs {
    receiver: mpsc::Receiver<Job>,
    blocked: Blocked,
}

/// Since when the writer waits for its turn at the database, if it does.
#[derive(Clone, Default)]
struct Blocked(Arc<Mutex<Option<Instant>>>);

impl Blocked {
    /// The wait begins, unless it has begun before.
    fn begin(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(Instant::now);
    }

    fn is_past_patience(&self) -> bool {
        self.patience_left() == Some(Duration::ZERO)
    }

    fn set(&self, since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    /// How much longer the writer may wait before nobody should wait for it; `None`: it works.
    fn patience_left(&self) -> Option<Duration> {
        let since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        since.map(|since| PATIENCE.saturating_sub(since.elapsed()))
    }
}

/// The way to the writer.
pub(super) struct Writer {
    sender: Option<mpsc::Sender<Job>>,
    blocked: Blocked,
}

impl Writer {
    pub fn new() -> (Self, Jobs) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let blocked = Blocked::default();
        (Self { sender: Some(sender), blocked: blocked.clone() }, Jobs { receiver, blocked })
    }

    /// A way to nowhere.
    pub fn none() -> Self {
        Self { sender: None, blocked: Blocked::default() }
    }

    /// Sends work and waits for the commit that covers it. While another process keeps the
    /// database to itself, everybody who waits is told so after [`PATIENCE`], not one after another.
    pub async fn send(&self, work: Work) -> Result<Answer, StoreError> {
        let (job, mut answer) = job(work);
        let turn = job.turn.clone();
        let sender = self.sender.as_ref().ok_or(StoreError::WriterStopped)?;
        sender.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => StoreError::WriterStopped,
        })?;
        let mut wait = PATIENCE;
        loop {
            match timeout(wait, &mut answer).await {
                Ok(answer) => return answer.map_err(|_| StoreError::WriterStopped)?,
                Err(_) => match self.blocked.patience_left() {
                    Some(Duration::ZERO) if turn.give_up() => return Err(StoreError::Busy),
                    Some(left) => wait = left.max(PATIENCE / 8),
                    None => wait = PATIENCE / 8,
                },
            }
        }
    }

    /// The same for work that can wait: while too much is queued or the database is kept by
    /// another process, it waits its turn.
    pub async fn send_when_free(&self, work: Work) -> Result<Answer, StoreError> {
        let (job, answer) = job(work);
        let sender = self.sender.as_ref().ok_or(StoreError::WriterStopped)?;
        sender.send(job).await.map_err(|_| StoreError::WriterStopped)?;
        answer.await.map_err(|_| StoreError::WriterStopped)?
    }
}

fn job(work: Work) -> (Job, oneshot::Receiver<Result<Answer, StoreError>>) {
    let (reply, answer) = oneshot::channel();
    (Job { work, turn: Turn::default(), reply }, answer)
}

/// Starts the writer; it ends when nobody can send to it any more. It is a task and not a thread:
/// on a busy machine every thread between a request and its answer waits for its turn.
pub(super) fn run(store: Store, jobs: Jobs) {
    tokio::spawn(write(store, jobs));
}

async fn write(store: Store, Jobs { mut receiver, blocked }: Jobs) {
    let mut hand = Hand { store, blocked, memory: Memory::default(), connection: None };
    loop {
        let first = tokio::select! {
            biased;
            () = hand.store.wanted.asked.notified(), if hand.connection.is_some() => {
                hand.connection = None;
                continue;
            }
            first = receiver.recv() => first,
        };
        let Some(first) = first else { return };
        let mut signals = size(&first.work);
        let mut waiting = vec![first];
        let mut gathered = 0;
        // Whoever is about to send gets there first: a commit costs more than waiting for them.
        while gathered < waiting.len() {
            gathered = waiting.len();
            tokio::task::yield_now().await;
            while waiting.len() < BATCH_JOBS
                && signals < BATCH_SIGNALS
                && let Ok(next) = receiver.try_recv()
            {
                signals += size(&next.work);
                waiting.push(next);
            }
        }
        hand.commit_and_answer(waiting).await;
    }
}

/// Who else wants the connection that the writer keeps.
#[derive(Default)]
pub(super) struct Wanted {
    askers: AtomicUsize,
    asked: Notify,
}

/// Somebody wants it until this is dropped.
pub(super) struct Asker<'a>(&'a Wanted);

impl Wanted {
    pub fn ask(&self) -> Asker<'_> {
        self.askers.fetch_add(1, Ordering::AcqRel);
        self.asked.notify_one();
        Asker(self)
    }

    fn by_nobody(&self) -> bool {
        self.askers.load(Ordering::Acquire) == 0
    }
}

impl Drop for Asker<'_> {
    fn drop(&mut self) {
        self.0.askers.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What the writer works with.
struct Hand {
    store: Store,
    blocked: Blocked,
    memory: Memory,
    /// Kept from one transaction to the next until somebody else wants to write: fetching and
    /// returning it costs as much as the transaction itself.
    connection: Option<PoolConnection<Any>>,
}

fn size(work: &Work) -> usize {
    match work {
        Work::Intake(delivery) => delivery.signals.len(),
        Work::Replay { deliveries, .. } => deliveries.iter().map(|delivery| delivery.signals.len()).sum(),
        Work::ImportIncidents { drafts, .. } => drafts.iter().map(|draft| 1 + draft.timeline.len()).sum(),
        Work::Declare { .. } | Work::Command { .. } | Work::Expire { .. } => 1,
    }
}

/// Why nothing was written.
enum Failed {
    /// The writer's turn did not come.
    Turn(StoreError),
    Work(StoreError),
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Failed::Work(error)
    }
}

impl Hand {
    /// One transaction for all; when it fails, one for each, so that nobody fails for another's sake.
    async fn commit_and_answer(&mut self, mut waiting: Vec<Job>) {
        match self.commit(&mut waiting).await {
            Ok(answers) => {
                for (job, answer) in waiting.into_iter().zip(answers) {
                    // Whoever asked may have gone; what was written stays written.
                    let _ = job.reply.send(Ok(answer));
                }
            }
            Err(Failed::Turn(error)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, jobs = waiting.len(), "the database could not be written to");
                for job in waiting {
                    let _ = job.reply.send(Err(StoreError::Busy));
                }
            }
            Err(Failed::Work(error)) if waiting.len() == 1 => {
                let _ = waiting.into_iter().next().map(|job| job.reply.send(Err(error)));
            }
            Err(Failed::Work(error)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, jobs = waiting.len(), "a shared write failed; trying one by one");
                for job in waiting {
                    let mut alone = vec![job];
                    let answer = self.commit(&mut alone).await.map_err(|(Failed::Turn(error) | Failed::Work(error))| error);
                    let answer = answer.and_then(|answers| answers.into_iter().next().ok_or(StoreError::WriterStopped));
                    let _ = alone.into_iter().next().map(|job| job.reply.send(answer));
                }
            }
        }
    }

    async fn commit(&mut self, jobs: &mut Vec<Job>) -> Result<Vec<Answer>, Failed> {
        if let Some(answers) = self.commit_repeats(jobs).await {
            return Ok(answers);
        }
        let kept = self.connection.take();
        let was_kept = kept.is_some();
        let mut result = self.try_commit(kept, jobs).await;
        if was_kept && matches!(result, Err(Failed::Turn(StoreError::Query { .. }))) && !self.blocked.is_past_patience() {
            // The database may have been restarted since: only a fresh connection tells.
            result = self.try_commit(None, jobs).await;
        }
        if !matches!(result, Err(Failed::Turn(_))) {
            self.blocked.set(None);
        }
        if result.is_err() {
            // What was remembered may hold what was rolled back.
            self.memory.forget();
        }
        result
    }

    /// The short way, on the connection that is kept. `None`: it has to be the long way, and
    /// nothing was done yet.
    async fn commit_repeats(&mut self, jobs: &[Job]) -> Option<Vec<Answer>> {
        let mut connection = self.connection.take()?;
        let deliveries = jobs.iter().map(|job| if let Work::Intake(delivery) = &job.work { Some(delivery) } else { None });
        let Some(repeats) = Repeats::of(&self.memory, deliveries) else {
            self.connection = Some(connection);
            return None;
        };
        // Who gives up meanwhile may be counted nevertheless: it was delivered once more, and that is all it says.
        self.blocked.begin();
        match repeats.commit(&mut connection, self.store.backend, &mut self.memory).await {
            Ok(receipts) => {
                self.connection = self.store.wanted.by_nobody().then_some(connection);
                let receipts = receipts?;
                self.blocked.set(None);
                Some(receipts.into_iter().map(Answer::Intake).collect())
            }
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "repeats take the long way");
                // Its transaction may still be open.
                drop(connection.detach());
                self.memory.forget();
                None
            }
        }
    }

    async fn try_commit(&mut self, kept: Option<PoolConnection<Any>>, jobs: &mut Vec<Job>) -> Result<Vec<Answer>, Failed> {
        self.blocked.begin();
        let turn = |error| Failed::Turn(query("begin a write")(error));
        let mut connection = match kept {
            Some(connection) => connection,
            None => self.store.writers.acquire().await.map_err(turn)?,
        };
        let mut transaction = connection.begin_with(self.store.backend.begin()).await.map_err(turn)?;
        let mut batch = Batch::begin(&mut transaction, &mut self.memory, &self.store.clock).await.map_err(Failed::Turn)?;
        self.blocked.set(None);
        jobs.retain(|job| job.turn.take());
        let mut answers = Vec::with_capacity(jobs.len());
        batch.foresee(jobs.iter().map(|job| &job.work)).await?;
        for Job { work, .. } in jobs.iter() {
            answers.push(match work {
                Work::Intake(delivery) => Answer::Intake(batch.deliver(delivery, None, answers.len()).await?),
                Work::Declare { draft, actor, key } => Answer::Outcome(Box::new(batch.declare(draft, actor, key).await?)),
                Work::Command { id, command, actor, key, if_match } => Answer::Outcome(Box::new(batch.command(*id, command, actor, key, *if_match).await?)),
                Work::Expire { after } => Answer::Expired(batch.expire((*after, self.store.clock.now()), None, answers.len()).await?),
                Work::ImportIncidents { drafts, importer } => Answer::Imported(batch.import(drafts, importer).await?),
                Work::Replay { deliveries, importer } => Answer::Intake(batch.replay(deliveries, importer, answers.len()).await?),
            });
        }
        let (changes, resolved_by) = batch.finish().await?;
        transaction.commit().await.map_err(query("commit"))?;
        self.connection = self.store.wanted.by_nobody().then_some(connection);
        for index in resolved_by {
            if let Some(Answer::Intake(receipt)) = answers.get_mut(index) {
                receipt.incidents_resolved += 1;
            }
        }
        self.store.publish(changes).await;
        Ok(answers)
    }
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
