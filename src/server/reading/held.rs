//! The embedded store as a reader: it holds every call, and is never asked over a network.

use super::{Ask, Calls, ReadError, TraceReader, Whole};
use crate::{
    domain::telemetry::panels::Range,
    server::{observed::Observed, prometheus::backoff::Backoff},
};
use futures::future::BoxFuture;
use std::sync::Arc;

impl TraceReader for Arc<Observed> {
    fn services(&self, range: Range) -> BoxFuture<'_, Result<Vec<String>, ReadError>> {
        Box::pin(async move {
            let snapshot = self.snapshot(range.from, range.to).await?;
            Ok(tokio::task::spawn_blocking(move || snapshot.services(range)).await.unwrap_or_default())
        })
    }

    fn calls<'a>(&'a self, ask: &'a Ask) -> BoxFuture<'a, Result<Calls, ReadError>> {
        Box::pin(async move { Ok(Calls::Held(self.snapshot(ask.range.from, ask.range.to).await?)) })
    }

    fn trace(&self, id: u128) -> BoxFuture<'_, Result<Option<Whole>, ReadError>> {
        Box::pin(async move { Ok(Observed::trace(self, id).await?.map(|groups| Whole { groups, gap: None })) })
    }

    fn standing(&self) -> Backoff {
        Backoff::default()
    }
}
