//! The embedded store of telemetry: traces, logs and gauges as they were sent, for days and not
//! for ever. The database keeps them as blocks; what is asked for is kept in memory, in little
//! room, and made anew from the blocks when the server starts.
//!
//! What is answered with 200 is committed and can be asked for at once. Memory and table are
//! bounded by age and by size; what was let go is counted.

mod alike;
mod block;
pub mod details;
mod facts;
pub mod figures;
pub mod gauges;
mod judged;
mod minute;
pub mod panels;
mod snapshot;
mod suspects;
mod taking;
mod thin;
pub mod traces;
mod words;
mod writer;

pub use snapshot::Snapshot;
pub use taking::Screened;
pub use writer::{Refused, Taken};

use super::{
    otlp::Sent,
    store::{Store, StoreError},
};
use crate::domain::{telemetry::panels::Holdings, time::Timestamp};
use minute::{MINUTE_NS, Minute, minute_of};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::{
        Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use taking::{Shelf, Window};
use words::Words;

/// How far ahead of this server's clock an instant may lie.
const AHEAD_S: i64 = 86_400;
/// Minutes around one in which a span's parent is looked for, the nearest first.
pub(super) const AROUND: [i64; 7] = [0, -1, 1, -2, -3, -4, -5];
/// How many blocks are read at once when they are read anew.
const BLOCKS_AT_ONCE: i64 = 8;
/// A question waits this long for what was kept before the server started.
const PATIENCE: Duration = Duration::from_secs(8);

/// How long, and how much of it, telemetry is kept.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keep {
    /// Older spans, logs and readings are not taken, and leave.
    pub retention_hours: u32,
    /// What may be kept in memory; above it traces leave by their value.
    pub memory_mb: u32,
    /// What the blocks may take in the database; above it the oldest leave.
    pub table_mb: u32,
}

impl Default for Keep {
    fn default() -> Self {
        Self { retention_hours: 48, memory_mb: 768, table_mb: 4_096 }
    }
}

impl Keep {
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self { retention_hours: 0, .. } => Err("retention_hours: at least 1".to_owned()),
            Self { retention_hours, .. } if *retention_hours > 24 * 31 => Err("retention_hours: at most a month (744)".to_owned()),
            Self { memory_mb, table_mb, .. } if *memory_mb == 0 || *table_mb == 0 => Err("memory_mb and table_mb: at least 1".to_owned()),
            _ => Ok(()),
        }
    }

    pub fn retention_s(&self) -> i64 {
        i64::from(self.retention_hours) * 3_600
    }

    fn memory_bytes(&self) -> usize {
        self.memory_mb as usize * 1_048_576
    }

    fn table_bytes(&self) -> i64 {
        i64::from(self.table_mb) * 1_048_576
    }
}

/// What is in memory.
#[derive(Default)]
struct Memory {
    minutes: BTreeMap<i64, Arc<Minute>>,
    counts: Counts,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    duplicates: u64,
    skewed: u64,
    rejected: u64,
    spans_let_go: u64,
    logs_let_go: u64,
    table_bytes: i64,
}

/// Which blocks are in memory.
#[derive(Default)]
struct Applied {
    /// All up to this one.
    through: i64,
    /// Beyond that.
    beyond: BTreeSet<i64>,
}

impl Applied {
    /// Whether the block is still to be put in; if so, it counts as put in from now on.
    fn begin(&mut self, number: i64) -> bool {
        let is_new = number > self.through && self.beyond.insert(number);
        while self.beyond.remove(&(self.through + 1)) {
            self.through += 1;
        }
        is_new
    }

    /// Blocks up to this one are in memory or gone.
    fn pass(&mut self, number: i64) {
        self.through = self.through.max(number);
        self.beyond.retain(|beyond| *beyond > number);
        while self.beyond.remove(&(self.through + 1)) {
            self.through += 1;
        }
    }
}

/// The store of telemetry of this server.
pub struct Observed {
    keep: Keep,
    store: Store,
    memory: Arc<RwLock<Memory>>,
    words: Arc<RwLock<Words>>,
    applied: Mutex<Applied>,
    /// One reader of blocks at a time.
    reading: tokio::sync::Mutex<()>,
    loaded: AtomicBool,
    writer: OnceLock<writer::Writer>,
    /// Places for large requests, and for those that are larger than any collector's: few at once,
    /// because each takes many times its size while it is taken apart.
    pub large: tokio::sync::Semaphore,
    pub huge: tokio::sync::Semaphore,
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

impl Observed {
    pub fn new(store: Store, keep: Keep) -> Arc<Self> {
        Arc::new(Self {
            keep,
            store,
            memory: Arc::default(),
            words: Arc::default(),
            applied: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
            loaded: AtomicBool::new(false),
            writer: OnceLock::new(),
            large: tokio::sync::Semaphore::new(24),
            huge: tokio::sync::Semaphore::new(3),
        })
    }

    pub fn keep(&self) -> &Keep {
        &self.keep
    }

    fn window(&self, now: Timestamp) -> Window {
        let ns = |at: Timestamp| u64::try_from(at.micros()).unwrap_or(0).saturating_mul(1_000);
        Window { from_ns: ns(now.plus_secs(-self.keep.retention_s())), to_ns: ns(now.plus_secs(AHEAD_S)) }
    }

    /// Keeps a request: answers once it is committed and can be asked for.
    pub async fn take(self: &Arc<Self>, sent: Sent, payload: Option<axum::body::Bytes>) -> Result<Taken, Refused> {
        self.writer.get_or_init(|| writer::Writer::start(self)).send(sent, payload).await
    }

    /// Puts a committed block into memory. Takes a while: not for a task that others wait for.
    fn put(&self, number: i64, received_at: Timestamp, sents: &[Sent]) {
        if !self.applied.lock().unwrap_or_else(PoisonError::into_inner).begin(number) {
            return;
        }
        let now = self.store.clock().now();
        let mut memory = write(&self.memory);
        let memory = &mut *memory;
        let mut words = write(&self.words);
        let mut shelf = Shelf {
            words: &mut words,
            minutes: &mut memory.minutes,
            block: u32::try_from(number).unwrap_or(u32::MAX),
            ordinal: 0,
            received_ns: u64::try_from(received_at.micros()).unwrap_or(0) * 1_000,
            window: self.window(now),
            put: taking::Put::default(),
            open: None,
            touched: HashSet::new(),
        };
        sents.iter().for_each(|sent| shelf.take(sent));
        shelf.close();
        let (put, touched) = (shelf.put, shelf.touched);
        for minute in touched {
            for near in AROUND {
                // What looks for parents in this minute looks back from where it is.
                if let Some(near) = memory.minutes.get_mut(&(minute - near)).filter(|near| !near.is_soiled()) {
                    Arc::make_mut(near).soil();
                }
            }
        }
        memory.counts.duplicates += put.duplicates;
        memory.counts.skewed += put.skewed;
        for (signal, n) in [("traces", put.spans), ("logs", put.logs), ("metrics", put.points)] {
            metrics::counter!("tocsin_telemetry_items_total", "signal" => signal, "verdict" => "kept").increment(n);
        }
        metrics::counter!("tocsin_telemetry_items_total", "signal" => "all", "verdict" => "duplicate").increment(put.duplicates);
    }

    /// Reads what was kept before this server started, then says so.
    pub async fn load(self: &Arc<Self>) -> Result<(), StoreError> {
        self.catch_up().await?;
        self.loaded.store(true, Ordering::Release);
        Ok(())
    }

    /// Puts in what other servers kept since. Cheap when there is nothing.
    pub async fn catch_up(self: &Arc<Self>) -> Result<(), StoreError> {
        let through = || self.applied.lock().unwrap_or_else(PoisonError::into_inner).through;
        if self.store.last_telemetry().await? <= through() {
            return Ok(());
        }
        let _one_at_a_time = self.reading.lock().await;
        let last = self.store.last_telemetry().await?;
        let mut after = through();
        while after < last {
            let blocks = self.store.telemetry_after(after, BLOCKS_AT_ONCE).await?;
            let Some(end) = blocks.last().map(|block| block.number) else { break };
            let this = self.clone();
            let put = tokio::task::spawn_blocking(move || {
                for block in blocks {
                    let is_new = block.number > this.applied.lock().unwrap_or_else(PoisonError::into_inner).through;
                    match block::unpack(&block.body) {
                        Ok(sents) if is_new => this.put(block.number, block.received_at, &sents),
                        Ok(_) => {}
                        Err(error) => tracing::error!(block = block.number, error = &error as &dyn std::error::Error, "a block of telemetry cannot be read"),
                    }
                }
                this.thin_if_needed();
            });
            if put.await.is_err() {
                tracing::error!(after, "blocks of telemetry could not be put into memory");
            }
            self.applied.lock().unwrap_or_else(PoisonError::into_inner).pass(end);
            after = end;
        }
        self.applied.lock().unwrap_or_else(PoisonError::into_inner).pass(after.max(last));
        Ok(())
    }

    /// What can be asked about this range now. While what was kept before is still being read,
    /// this waits a little for it.
    pub async fn snapshot(self: &Arc<Self>, from: Timestamp, to: Timestamp) -> Result<Snapshot, StoreError> {
        // Whoever waited long enough sees what is there, and is told that it is not all.
        if let Ok(loaded) = tokio::time::timeout(PATIENCE, self.load()).await {
            loaded?;
        }
        let memory = read(&self.memory);
        Ok(Snapshot::of(&memory.minutes, self.words.clone(), from, to))
    }

    /// Forgets what is too old, and the oldest blocks where they take too much room.
    pub async fn forget(self: &Arc<Self>) -> Result<(), StoreError> {
        let before = self.store.clock().now().plus_secs(-self.keep.retention_s());
        {
            let oldest = minute_of(u64::try_from(before.micros()).unwrap_or(0).saturating_mul(1_000));
            let mut memory = write(&self.memory);
            memory.minutes = memory.minutes.split_off(&oldest);
        }
        self.store.forget_telemetry_before(before).await?;
        let held = self.store.forget_telemetry_over(self.keep.table_bytes()).await?;
        write(&self.memory).counts.table_bytes = held.bytes;
        Ok(())
    }

    /// What is kept, for people and for `/metrics`.
    pub fn holdings(&self) -> Holdings {
        let memory = read(&self.memory);
        let at = |minute: i64| Timestamp::from_micros(minute.saturating_mul(60_000_000));
        let size = |of: fn(&Minute) -> usize| memory.minutes.values().map(|minute| of(minute) as u64).sum::<u64>();
        let with_spans = || memory.minutes.iter().filter(|(_, minute)| !minute.spans.is_empty()).map(|(at, _)| *at);
        let counts = memory.counts;
        Holdings {
            empty: memory.minutes.is_empty(),
            loading: !self.loaded.load(Ordering::Acquire),
            spans: size(|minute| minute.spans.len()),
            logs: size(|minute| minute.logs.len()),
            points: size(|minute| minute.readings.values().map(|readings| readings.n as usize).sum()),
            oldest: with_spans().next().map(at),
            newest: with_spans().next_back().map(at),
            retention_s: u64::try_from(self.keep.retention_s()).unwrap_or(0),
            memory_bytes: size(Minute::bytes) + read(&self.words).bytes() as u64,
            memory_limit_bytes: self.keep.memory_bytes() as u64,
            table_bytes: u64::try_from(counts.table_bytes).unwrap_or(0),
            table_limit_bytes: u64::try_from(self.keep.table_bytes()).unwrap_or(0),
            spans_let_go: counts.spans_let_go,
            logs_let_go: counts.logs_let_go,
            duplicates: counts.duplicates,
            rejected: counts.rejected,
        }
    }

    /// Writes the gauges of `/metrics`.
    pub fn gauge(&self) {
        let held = self.holdings();
        metrics::gauge!("tocsin_telemetry_spans").set(held.spans as f64);
        metrics::gauge!("tocsin_telemetry_memory_bytes").set(held.memory_bytes as f64);
        metrics::gauge!("tocsin_telemetry_table_bytes").set(held.table_bytes as f64);
        metrics::gauge!("tocsin_telemetry_spans_let_go").set(held.spans_let_go as f64);
    }
}

/// The first nanosecond of a minute.
fn start_of(minute: i64) -> u64 {
    u64::try_from(minute).unwrap_or(0).saturating_mul(MINUTE_NS)
}

#[cfg(test)]
mod tests;
