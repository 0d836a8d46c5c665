//! What a board starts from.

use super::wire::{AppClient, Wire};
use crate::domain::{boards::Snapshot, failure::Failure};
use leptos::prelude::*;

/// Everything the replica needs, as of one change number.
#[server(name = SnapshotCall, prefix = "/api/fn", endpoint = "board/snapshot", protocol = Wire, client = AppClient)]
pub async fn snapshot() -> Result<Snapshot, Failure> {
    use crate::server::{auth, state, usecases::boards};
    let (app, me) = (state::app()?, auth::me().await?);
    boards::snapshot(&app, &me).await.map_err(|error| error.into_failure())
}
