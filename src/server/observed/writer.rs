//! The way of a request into the store: those that wait share one block and one commit, and each
//! is answered after it.

use super::{Observed, block, taking};
use crate::server::{
    otlp::{Received, Sent, Signal},
    store::{NewBlock, StoreError},
};
use axum::body::Bytes;
use std::sync::{
    Arc, Weak,
    atomic::{AtomicUsize, Ordering},
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

/// How many requests may wait, and how many bytes of them.
const QUEUE: usize = 1_024;
const QUEUE_BYTES: usize = 192 * 1024 * 1024;
/// A block takes no more requests once it holds so many bytes.
const BLOCK_BYTES: usize = 8 * 1024 * 1024;

/// Requests larger than this, and those that are written anew, are screened where nobody else waits.
const LARGE: usize = 128 * 1024;

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    pub screened: taking::Screened,
}

/// Why a request was not kept; it may be sent again.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("too much telemetry is waiting")]
    Overloaded,
    #[error("the telemetry could not be kept")]
    Store(#[from] StoreError),
    #[error("the writer of telemetry has stopped")]
    Stopped,
}

struct Job {
    received: Received,
    payload: Bytes,
    screened: taking::Screened,
    reply: oneshot::Sender<Result<(), Refused>>,
}

/// The way to the writer.
pub struct Writer {
    sender: mpsc::Sender<Job>,
    /// Bytes that wait.
    waiting: Arc<AtomicUsize>,
    observed: Weak<Observed>,
}

/// Bytes count as waiting until this is dropped.
struct Waiting(Arc<AtomicUsize>, usize);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::AcqRel);
    }
}

impl Writer {
    /// Starts the writer; it ends when the store of telemetry is gone.
    pub fn start(observed: &Arc<Observed>) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        tokio::spawn(run(Arc::downgrade(observed), receiver));
        Self { sender, waiting: Arc::default(), observed: Arc::downgrade(observed) }
    }

    pub async fn send(&self, received: Received) -> Result<Taken, Refused> {
        let observed = self.observed.upgrade().ok_or(Refused::Stopped)?;
        // Nobody takes the trouble with what could not wait anyway.
        if self.waiting.load(Ordering::Acquire) > QUEUE_BYTES {
            return Err(Refused::Overloaded);
        }
        let now = observed.store.clock().now();
        let received_ns = super::snapshot::nanos(now);
        let window = observed.window(now);
        let is_quick = match &received {
            Received::Raw(raw) => taking::screen_raw(raw, window).is_some() || raw.body().len() < LARGE,
            Received::Read(_, payload) => payload.as_ref().is_some_and(|payload| payload.len() < LARGE),
        };
        let (received, payload, screened) = if is_quick {
            prepare(received, window, received_ns)?
        } else {
            tokio::task::spawn_blocking(move || prepare(received, window, received_ns)).await.map_err(|_| Refused::Stopped)??
        };
        if screened.rejected() > 0 {
            observed.rejected.fetch_add(screened.rejected(), Ordering::Relaxed);
            metrics::counter!("tocsin_telemetry_items_total", "signal" => received.signal().slug(), "verdict" => "rejected").increment(screened.rejected());
        }
        if screened.taken == 0 {
            return Ok(Taken { screened });
        }
        let size = payload.len();
        self.waiting.fetch_add(size, Ordering::AcqRel);
        let waiting = Waiting(self.waiting.clone(), size);
        // One that is alone is always taken, however large it is.
        if self.waiting.load(Ordering::Acquire) > QUEUE_BYTES.max(size) {
            return Err(Refused::Overloaded);
        }
        let (reply, answer) = oneshot::channel();
        let job = Job { received, payload, screened, reply };
        self.sender.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Refused::Overloaded,
            mpsc::error::TrySendError::Closed(_) => Refused::Stopped,
        })?;
        let answered = answer.await.map_err(|_| Refused::Stopped)?;
        drop(waiting);
        answered.map(|()| Taken { screened })
    }
}

/// What is kept of a request, and its protobuf: what was sent, where nothing was taken out of it.
fn prepare(received: Received, window: taking::Window, received_ns: u64) -> Result<(Received, Bytes, taking::Screened), Refused> {
    let (mut sent, payload) = match received {
        Received::Raw(raw) => match taking::screen_raw(&raw, window) {
            Some(screened) => {
                let payload = raw.body().clone();
                return Ok((Received::Raw(raw), payload, screened));
            }
            // It was looked through, so prost takes it, too.
            None => (Sent::decode(Signal::Traces, raw.body()).map_err(|_| Refused::Stopped)?, Some(raw.body().clone())),
        },
        Received::Read(sent, payload) => (sent, payload),
    };
    let screened = taking::screen(&mut sent, window, received_ns);
    Ok(match payload.filter(|_| !screened.is_less()) {
        Some(payload) => (Received::Read(sent, None), payload, screened),
        None => {
            let (sent, payload) = sent.encoded();
            (Received::Read(sent, None), payload.into(), screened)
        }
    })
}

async fn run(observed: Weak<Observed>, mut receiver: mpsc::Receiver<Job>) {
    // While one block is put into memory, the next is packed and committed.
    let mut putting = None;
    while let Some(first) = receiver.recv().await {
        let mut size = first.payload.len();
        let mut jobs = vec![first];
        // Whoever is about to send gets there first.
        tokio::task::yield_now().await;
        while size < BLOCK_BYTES
            && let Ok(next) = receiver.try_recv()
        {
            size += next.payload.len();
            jobs.push(next);
        }
        let Some(observed) = observed.upgrade() else { return };
        write(observed, jobs, &mut putting).await;
    }
}

async fn write(observed: Arc<Observed>, jobs: Vec<Job>, putting: &mut Option<JoinHandle<()>>) {
    match commit(&observed, &jobs).await {
        Ok((number, received_at)) => {
            let is_new = observed.note_own(number);
            if let Some(before) = putting.take()
                && before.await.is_err()
            {
                tracing::error!(block = number - 1, "a block of telemetry is kept but could not be put into memory");
            }
            *putting = Some(tokio::task::spawn_blocking(move || {
                let (sents, replies): (Vec<Received>, Vec<_>) = jobs.into_iter().map(|job| (job.received, job.reply)).unzip();
                observed.put_own(number, is_new, received_at, &sents);
                observed.thin_if_needed();
                for reply in replies {
                    // Whoever asked may have gone; what was written stays written.
                    let _ = reply.send(Ok(()));
                }
            }));
        }
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, requests = jobs.len(), "telemetry could not be kept");
            for job in jobs {
                let _ = job.reply.send(Err(Refused::Overloaded));
            }
        }
    }
}

async fn commit(observed: &Arc<Observed>, jobs: &[Job]) -> Result<(i64, crate::domain::time::Timestamp), Refused> {
    let payloads: Vec<(Signal, Bytes)> = jobs.iter().map(|job| (job.received.signal(), job.payload.clone())).collect();
    let packed = tokio::task::spawn_blocking(move || block::pack(payloads.iter().map(|(signal, payload)| (*signal, payload.as_ref()))));
    let (body, raw) = packed.await.map_err(|_| Refused::Stopped)?.map_err(|_| Refused::Stopped)?;
    let at = |ns: u64| crate::domain::time::Timestamp::from_micros(i64::try_from(ns / 1_000).unwrap_or(i64::MAX));
    let received_at = observed.store.clock().now();
    let block = NewBlock {
        received_at,
        from_at: jobs.iter().map(|job| at(job.screened.first_ns)).min().unwrap_or(received_at),
        to_at: jobs.iter().map(|job| at(job.screened.last_ns)).max().unwrap_or(received_at),
        raw_bytes: i64::try_from(raw).unwrap_or(i64::MAX),
        body,
    };
    let number = observed.store.append_telemetry(&block).await?;
    Ok((number, received_at))
}
