//! How what is kept gets into memory: blocks of before the start, and those of other servers.

use super::{Observed, Snapshot, block, lock, read};
use crate::{domain::time::Timestamp, server::store::StoreError};
use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

/// How many blocks are read at once when they are read anew.
const BLOCKS_AT_ONCE: i64 = 8;
/// Questions wait this long for what was kept and is not in memory yet.
const PATIENCE: Duration = Duration::from_secs(8);

/// Which blocks are in memory.
#[derive(Default)]
pub struct Applied {
    /// All up to this one.
    through: i64,
    /// Beyond that.
    beyond: BTreeSet<i64>,
}

impl Applied {
    /// Whether the block is still to be put in; if so, it counts as put in from now on.
    pub fn begin(&mut self, number: i64) -> bool {
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

/// How far memory is behind what is kept.
#[derive(Default)]
pub struct Behind {
    /// Since when blocks are being read.
    since: Option<Instant>,
    /// Of what came before this, blocks were let go before this server read them.
    whole_since: Option<Timestamp>,
}

impl Observed {
    /// Reads what was kept before this server started, then says so.
    pub async fn load(self: &Arc<Self>) -> Result<(), StoreError> {
        let done = self.catch_up().await;
        lock(&self.behind).since = None;
        done?;
        self.loaded.store(true, Ordering::Release);
        Ok(())
    }

    /// Puts in what other servers kept since. Cheap when there is nothing.
    async fn catch_up(self: &Arc<Self>) -> Result<(), StoreError> {
        if self.store.last_telemetry().await? <= self.through() {
            return Ok(());
        }
        lock(&self.behind).since.get_or_insert_with(Instant::now);
        let _one_at_a_time = self.reading.lock().await;
        let last = self.store.last_telemetry().await?;
        let mut after = self.through();
        while after < last {
            let blocks = self.store.telemetry_after(after, BLOCKS_AT_ONCE).await?;
            let (Some(first), Some(end)) = (blocks.first(), blocks.last().map(|block| block.number)) else { break };
            if first.number > after + 1 {
                lock(&self.behind).whole_since = Some(first.received_at);
            }
            let this = self.clone();
            let put = tokio::task::spawn_blocking(move || {
                for block in blocks {
                    if block.number <= this.through() {
                        continue;
                    }
                    match block::requests(&block.body) {
                        Ok(sents) => this.put_once(block.number, block.received_at, &sents),
                        Err(error) => tracing::error!(block = block.number, error = &error as &dyn std::error::Error, "a block of telemetry cannot be read"),
                    }
                }
                this.thin_if_needed();
            });
            if put.await.is_err() {
                tracing::error!(after, "blocks of telemetry could not be put into memory");
            }
            lock(&self.applied).pass(end);
            after = end;
        }
        lock(&self.applied).pass(after.max(last));
        Ok(())
    }

    /// What can be asked about this range now. While what was kept before is still being read,
    /// this waits a little for it.
    pub async fn snapshot(self: &Arc<Self>, from: Timestamp, to: Timestamp) -> Result<Snapshot, StoreError> {
        // Whoever waited long enough sees what is there, and is told that it is not all.
        self.wait().await?;
        Ok(Snapshot::of(&read(&self.memory), self.words.clone(), from, to))
    }

    /// The same for whom a part is worth nothing; `None`: not all is read yet.
    pub async fn whole_snapshot(self: &Arc<Self>, from: Timestamp, to: Timestamp) -> Result<Option<Snapshot>, StoreError> {
        let is_whole = self.wait().await?;
        Ok(is_whole.then(|| Snapshot::of(&read(&self.memory), self.words.clone(), from, to)))
    }

    /// Since when nothing is missing of what was kept; `None`: from the beginning.
    pub fn whole_since(&self) -> Option<Timestamp> {
        lock(&self.behind).whole_since
    }

    /// Waits for what is being read, all questions until the same moment: a page asks several, one
    /// after the other, and has an answer to give in time. Answers whether all was read.
    async fn wait(self: &Arc<Self>) -> Result<bool, StoreError> {
        if self.loaded.load(Ordering::Acquire) && self.store.last_telemetry().await? <= self.through() {
            return Ok(true);
        }
        let left = PATIENCE.saturating_sub(lock(&self.behind).since.get_or_insert_with(Instant::now).elapsed());
        if left.is_zero() {
            return Ok(false);
        }
        let this = self.clone();
        // It goes on when whoever asked has gone.
        let loading = tokio::spawn(async move { this.load().await });
        match tokio::time::timeout(left, loading).await {
            Ok(Ok(loaded)) => loaded.map(|()| true),
            Ok(Err(_)) | Err(_) => Ok(false),
        }
    }

    fn through(&self) -> i64 {
        lock(&self.applied).through
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::{
        observed::Keep,
        otlp::{Encoding, Sent, Signal},
        store::testing::{NOON, empty_store},
    };

    #[tokio::test]
    async fn all_questions_wait_until_the_same_moment_and_whoever_needs_all_goes_without() {
        let (store, _folder) = empty_store().await;
        store.clock().set(NOON.plus_secs(60));
        let span =
            serde_json::json!({"traceId": format!("{:032x}", 1), "spanId": format!("{:016x}", 1), "startTimeUnixNano": (NOON.micros() * 1_000).to_string()});
        let export = serde_json::json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).to_string();
        let before = Observed::new(store.clone(), Keep::default());
        before.take(Sent::read(Signal::Traces, Encoding::Json, export.as_bytes()).expect("it is one"), None).await.expect("it is kept");
        let observed = Observed::new(store, Keep::default());
        // Blocks are being read, and have been for longer than anybody waits.
        let reading = observed.reading.lock().await;
        lock(&observed.behind).since = Instant::now().checked_sub(PATIENCE);
        let (from, to) = (NOON, NOON.plus_secs(60));
        assert!(observed.whole_snapshot(from, to).await.expect("the store answers").is_none());
        assert_eq!(observed.snapshot(from, to).await.expect("the store answers").all().count(), 0);
        drop(reading);
        observed.load().await.expect("it loads");
        assert_eq!(observed.whole_snapshot(from, to).await.expect("the store answers").map(|snapshot| snapshot.all().count()), Some(1));
    }

    #[test]
    fn blocks_are_put_in_once_whatever_their_order() {
        let mut applied = Applied::default();
        assert!(applied.begin(1) && applied.begin(3) && !applied.begin(1) && !applied.begin(3));
        assert_eq!(applied.through, 1);
        assert!(applied.begin(2));
        assert_eq!((applied.through, applied.beyond.len()), (3, 0));
        applied.pass(7);
        assert!(!applied.begin(6) && applied.begin(8));
        assert_eq!(applied.through, 8);
    }
}
