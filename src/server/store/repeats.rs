//! The short way of almost every batch: nothing but repeats of alerts that are open and known.
//!
//! They are decided from memory alone and written in one exchange with the database, which does
//! nothing at all if another process has written since the memory was true. Whatever is not so
//! plain goes the long way, through a [`Batch`](super::batch::Batch).

use super::{
    Backend, StoreError,
    batch::{Memory, Refreshes, refresh_alerts},
    intake::{Delivery, Receipt},
    query,
};
use crate::domain::alert::{Verdict, judge};
use sqlx::AnyConnection;

/// What a batch of repeats comes to.
pub(super) struct Repeats<'w> {
    deliveries: Vec<&'w Delivery>,
    refreshes: Refreshes,
    receipts: Vec<Receipt>,
}

impl<'w> Repeats<'w> {
    /// `None`: something among them is more than a repeat, or not known yet.
    pub fn of(memory: &Memory, deliveries: impl Iterator<Item = Option<&'w Delivery>>) -> Option<Self> {
        let mut repeats = Self { deliveries: vec![], refreshes: Refreshes::default(), receipts: vec![] };
        for delivery in deliveries {
            let delivery = delivery?;
            let mut receipt = Receipt { alerts: Vec::with_capacity(delivery.signals.len()), ..Receipt::default() };
            for signal in &delivery.signals {
                let episode = memory.episode(delivery.integration_id, &signal.dedupe_key)?.as_ref()?;
                let Verdict::Repeat { event_at } = judge(Some(episode), signal, delivery.received_at) else { return None };
                if repeats.refreshes.add(episode, event_at, signal.expires_at) {
                    return None;
                }
                receipt.repeated += 1;
                receipt.alerts.push(episode.id);
            }
            repeats.deliveries.push(delivery);
            repeats.receipts.push(receipt);
        }
        Some(repeats).filter(|repeats| !repeats.refreshes.is_empty())
    }

    /// Writes and commits them. `None`: another process has written, and nothing was done.
    pub async fn commit(self, connection: &mut AnyConnection, backend: Backend, memory: &mut Memory) -> Result<Option<Vec<Receipt>>, StoreError> {
        let statement = sqlx::query(text(backend)).bind(memory.last_write()).bind(self.refreshes.to_json());
        let turn = statement.fetch_all(connection).await.map_err(query("refresh alerts"))?;
        if turn.is_empty() {
            return Ok(None);
        }
        memory.count_write();
        for delivery in self.deliveries {
            for signal in &delivery.signals {
                if let Some(episode) = memory.episode_mut(delivery.integration_id, &signal.dedupe_key) {
                    self.refreshes.apply(episode);
                }
            }
        }
        Ok(Some(self.receipts))
    }
}

/// The whole transaction as one constant text, which is prepared once and sent in one exchange:
/// `$1` is the last write that the memory knows of, `$2` what is refreshed. It answers one row, or
/// none where the counter has moved; each database has its own way to do nothing then.
fn text(backend: Backend) -> &'static str {
    macro_rules! turn {
        () => {
            "UPDATE counters SET value = value + 1 WHERE name = 'write' AND value = $1 RETURNING 1"
        };
    }
    match backend {
        Backend::Sqlite => concat!("BEGIN IMMEDIATE; ", turn!(), "; ", refresh_alerts!("$2", "changes() = 1"), "; COMMIT"),
        Backend::Postgres => {
            concat!("WITH turn AS (", turn!(), "), refreshed AS (", refresh_alerts!("$2", "EXISTS (SELECT 1 FROM turn)"), ") SELECT 1 FROM turn")
        }
    }
}
