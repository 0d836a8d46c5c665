//! The embedded store of telemetry: traces, logs and gauges as they were sent, for days and not
//! for ever. The database keeps them as blocks; what is asked for is kept in memory, in little
//! room, and made anew from the blocks when the server starts.
//!
//! What is answered with 200 is committed and can be asked for at once. Memory and table are
//! bounded by age and by size; what was let go is counted.

mod alike;
mod block;
pub mod details;
mod distributions;
mod facts;
pub mod figures;
pub mod gauges;
mod judged;
mod loading;
mod minute;
pub mod panels;
mod places;
mod snapshot;
mod suspects;
mod taking;
mod thin;
pub mod traces;
mod whose;
mod words;
mod writer;

pub use snapshot::Snapshot;
pub use taking::Screened;
pub use writer::{Refused, Taken};

use super::{
    otlp::{Received, Sent},
    store::{Store, StoreError},
};
use crate::domain::{
    telemetry::{facts::Name, panels::Holdings},
    time::Timestamp,
};
use loading::{Applied, Behind};
use minute::{MINUTE_NS, Minute, minute_of};
use places::Places;
use serde::Deserialize;
use std::{
    collections::{BTreeMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
};
use taking::{Shelf, Window};
use words::{Used, Words};

/// How far ahead of this server's clock an instant may lie.
const AHEAD_S: i64 = 86_400;
/// Names that are almost all in use are looked through again after so long.
const KEEP_AGAIN_S: i64 = 600;
/// Minutes around one in which a span's parent is looked for, the nearest first.
pub(super) const AROUND: [i64; 7] = [0, -1, 1, -2, -3, -4, -5];

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
    /// The figures of each minute, made when they are first asked for.
    figures: Places,
    counts: Counts,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    duplicates: u64,
    skewed: u64,
    spans_let_go: u64,
    logs_let_go: u64,
    points_let_go: u64,
    table_bytes: i64,
}

/// The store of telemetry of this server.
pub struct Observed {
    keep: Keep,
    store: Store,
    /// Whoever changes minutes holds this meanwhile, so that what is reckoned from them without
    /// a lock on the memory still holds when it is written back. Locks are taken in the order of
    /// these three, and whoever holds one of the later ones takes none of the earlier: questions
    /// may hold the words for a while, and nobody who waits for them may hold the memory.
    changing: Mutex<()>,
    words: Arc<RwLock<Words>>,
    memory: RwLock<Memory>,
    /// Names that nothing uses are looked for again once what is kept begins at this second.
    keep_again_s: AtomicI64,
    applied: Mutex<Applied>,
    /// One reader of blocks at a time.
    reading: tokio::sync::Mutex<()>,
    behind: Mutex<Behind>,
    loaded: AtomicBool,
    /// Items that were refused, which is known before anything of them gets near the memory.
    rejected: AtomicU64,
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Observed {
    pub fn new(store: Store, keep: Keep) -> Arc<Self> {
        Arc::new(Self {
            keep,
            store,
            changing: Mutex::default(),
            words: Arc::default(),
            memory: RwLock::default(),
            keep_again_s: AtomicI64::new(i64::MIN),
            applied: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
            behind: Mutex::default(),
            loaded: AtomicBool::new(false),
            rejected: AtomicU64::new(0),
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

    /// Keeps a request that was read whole.
    pub async fn take(self: &Arc<Self>, sent: Sent, payload: Option<axum::body::Bytes>) -> Result<Taken, Refused> {
        self.take_received(Received::Read(sent, payload)).await
    }

    /// Keeps a request: answers once it is committed and can be asked for.
    pub async fn take_received(self: &Arc<Self>, received: Received) -> Result<Taken, Refused> {
        self.writer.get_or_init(|| writer::Writer::start(self)).send(received).await
    }

    /// Notes that a block of this server is on its way into memory, so that nobody reads it from the
    /// database meanwhile. Answers whether nobody had read it already.
    fn note_own(&self, number: i64) -> bool {
        lock(&self.applied).begin(number)
    }

    /// Puts a block that was read into memory, unless it is there already.
    fn put_once(&self, number: i64, received_at: Timestamp, sents: &[Received]) {
        let changing = lock(&self.changing);
        if lock(&self.applied).begin(number) {
            self.put(&changing, number, received_at, sents);
        }
    }

    /// Puts a block of this server into memory. Where somebody else read it first, this waits until
    /// it is in.
    fn put_own(&self, number: i64, is_new: bool, received_at: Timestamp, sents: &[Received]) {
        let changing = lock(&self.changing);
        if is_new {
            self.put(&changing, number, received_at, sents);
        }
    }

    /// Puts a committed block into memory. Takes a while: not for a task that others wait for.
    fn put(&self, _changing: &MutexGuard<'_, ()>, number: i64, received_at: Timestamp, sents: &[Received]) {
        let now = self.store.clock().now();
        let mut words = write(&self.words);
        let mut memory = write(&self.memory);
        let memory = &mut *memory;
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
        touched.into_iter().for_each(|minute| memory.figures.soil(minute, |near| memory.minutes.contains_key(&near)));
        memory.counts.duplicates += put.duplicates;
        memory.counts.skewed += put.skewed;
        memory.counts.points_let_go += put.points_over;
        for (signal, n) in [("traces", put.spans), ("logs", put.logs), ("metrics", put.points)] {
            metrics::counter!("tocsin_telemetry_items_total", "signal" => signal, "verdict" => "kept").increment(n);
        }
        metrics::counter!("tocsin_telemetry_items_total", "signal" => "all", "verdict" => "duplicate").increment(put.duplicates);
    }

    /// Forgets what is too old, and the oldest blocks where they take too much room.
    pub async fn forget(self: &Arc<Self>) -> Result<(), StoreError> {
        let before = self.store.clock().now().plus_secs(-self.keep.retention_s());
        let this = self.clone();
        if tokio::task::spawn_blocking(move || this.forget_in_memory(before)).await.is_err() {
            tracing::error!("what is too old could not be forgotten in memory");
        }
        self.store.forget_telemetry_before(before).await?;
        let held = self.store.forget_telemetry_over(self.keep.table_bytes()).await?;
        write(&self.memory).counts.table_bytes = held.bytes;
        Ok(())
    }

    /// Forgets old minutes, and once there are many of them series and resources that no minute has
    /// any more: instances come and go, and those that are gone would keep new ones out.
    fn forget_in_memory(&self, before: Timestamp) {
        let _changing = lock(&self.changing);
        let minutes: Vec<Arc<Minute>> = {
            let mut memory = write(&self.memory);
            let oldest = minute_of(snapshot::nanos(before));
            memory.minutes = memory.minutes.split_off(&oldest);
            memory.figures.forget_before(oldest);
            memory.minutes.values().cloned().collect()
        };
        let since_s = before.epoch_secs();
        if read(&self.words).is_crowded() && since_s >= self.keep_again_s.load(Ordering::Relaxed) {
            let series = minutes.iter().flat_map(|minute| minute.readings.keys().copied()).collect();
            let resources = minutes.iter().flat_map(|minute| &minute.spans).map(|span| span.resource).collect();
            let used = used_in(&minutes);
            let mut words = write(&self.words);
            words.keep_only(&series, &resources);
            words.keep_names(&used);
            // Every span is looked at for that, and what arrives waits meanwhile.
            let again_s = if words.is_crowded() { since_s + KEEP_AGAIN_S } else { i64::MIN };
            self.keep_again_s.store(again_s, Ordering::Relaxed);
        }
    }

    /// What is kept, for people and for `/metrics`.
    pub fn holdings(&self) -> Holdings {
        let of_words = read(&self.words).bytes() as u64;
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
            points: size(|minute| usize::try_from(minute.points).unwrap_or(usize::MAX)),
            oldest: with_spans().next().map(at),
            newest: with_spans().next_back().map(at),
            retention_s: u64::try_from(self.keep.retention_s()).unwrap_or(0),
            memory_bytes: size(Minute::bytes) + of_words,
            memory_limit_bytes: self.keep.memory_bytes() as u64,
            table_bytes: u64::try_from(counts.table_bytes).unwrap_or(0),
            table_limit_bytes: u64::try_from(self.keep.table_bytes()).unwrap_or(0),
            spans_let_go: counts.spans_let_go,
            logs_let_go: counts.logs_let_go,
            points_let_go: counts.points_let_go,
            duplicates: counts.duplicates,
            rejected: self.rejected.load(Ordering::Relaxed),
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

/// The names that minutes use. Values of attributes and names of series are known to the words.
fn used_in(minutes: &[Arc<Minute>]) -> Used {
    let mut used = Used::default();
    for minute in minutes {
        for span in &minute.spans {
            used.note_of_service(span.service, span.operation);
            let said = [span.instance, span.peer].into_iter().filter(|name| *name != minute::NONE).map(Name);
            used.names.extend(said);
        }
        minute.logs.iter().for_each(|log| used.note_of_service(log.service, log.statement));
        let Some(frozen) = &minute.frozen else { continue };
        frozen.facts.each_name(|name| used.note(&[name]));
        let figures = &frozen.figures;
        figures.entries.keys().for_each(|key| used.names.extend([Some(key.service), Some(key.operation), key.caller].into_iter().flatten()));
        let pairs = figures.spans.keys().chain(figures.unseen.keys()).chain(&figures.answered);
        pairs.for_each(|(service, name)| used.note_of_service(*service, *name));
    }
    used
}

/// The first nanosecond of a minute.
fn start_of(minute: i64) -> u64 {
    u64::try_from(minute).unwrap_or(0).saturating_mul(MINUTE_NS)
}

#[cfg(test)]
mod tests;
