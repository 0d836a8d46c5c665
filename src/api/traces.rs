//! One trace.

use super::wire::{AppClient, Wire};
use crate::domain::{failure::Failure, telemetry::waterfall::WholeTrace};
use leptos::prelude::*;

/// Everything that is kept of a trace, with its log lines.
#[server(name = WholeCall, prefix = "/api/fn", endpoint = "traces/whole", protocol = Wire, client = AppClient)]
pub async fn whole(trace_id: String) -> Result<WholeTrace, Failure> {
    use crate::server::{auth, state, usecases::traces};
    let (app, me) = (state::app()?, auth::me().await?);
    traces::whole(&app, &me.actor(), &trace_id).await.map_err(|error| error.into_failure())
}
