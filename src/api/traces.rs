//! Traces, and who calls whom.

use super::wire::{AppClient, Wire};
use crate::domain::{
    failure::Failure,
    telemetry::{
        alike::{Alike, AlikeQuestion},
        evidence::Naming,
        panels::{Graph, Question, TracePage, TraceQuestion, Traffic},
        waterfall::WholeTrace,
    },
};
use leptos::prelude::*;

/// Everything that is kept of a trace, with its log lines: at the data source that is named,
/// without one wherever it is.
#[server(name = WholeCall, prefix = "/api/fn", endpoint = "traces/whole", protocol = Wire, client = AppClient)]
pub async fn whole(trace_id: String, source: Option<String>) -> Result<WholeTrace, Failure> {
    use crate::server::{auth, state, usecases::traces};
    let (app, me) = (state::app()?, auth::me().await?);
    traces::whole(&app, &me.actor(), &trace_id, source.as_deref()).await.map_err(|error| error.into_failure())
}

/// A page of traces, in the order that is asked for.
#[server(name = TracesCall, prefix = "/api/fn", endpoint = "traces/list", protocol = Wire, client = AppClient)]
pub async fn list(question: TraceQuestion, cursor: Option<String>, limit: Option<u32>) -> Result<TracePage, Failure> {
    use crate::server::{auth, state, usecases::telemetry};
    let (app, me) = (state::app()?, auth::me().await?);
    let limit = limit.unwrap_or(50).clamp(1, 500) as usize;
    telemetry::traces(&app, &me.actor(), question, cursor.as_deref(), limit).await.map_err(|error| error.into_failure())
}

/// Who calls whom in a range.
#[server(name = GraphCall, prefix = "/api/fn", endpoint = "traces/graph", protocol = Wire, client = AppClient)]
pub async fn graph(question: Question) -> Result<Graph, Failure> {
    use crate::server::{auth, state, usecases::telemetry};
    let (app, me) = (state::app()?, auth::me().await?);
    telemetry::graph(&app, &me.actor(), question).await.map_err(|error| error.into_failure())
}

/// How the service that is asked about did in a range, and in its baseline; `None`: it was not seen.
#[server(name = AroundCall, prefix = "/api/fn", endpoint = "traces/around", protocol = Wire, client = AppClient)]
pub async fn around(question: Question) -> Result<Option<Traffic>, Failure> {
    use crate::server::{auth, observed::panels::By, state, usecases::telemetry};
    let (app, me) = (state::app()?, auth::me().await?);
    let wanted = question.service.clone();
    let rows = telemetry::traffic(&app, &me.actor(), question, By::Service).await.map_err(|error| error.into_failure())?;
    Ok(rows.into_iter().find(|row| Some(&row.service) == wanted.as_ref()))
}

/// How often calls like one that is looked at carry its attributes.
#[server(name = AlikeCall, prefix = "/api/fn", endpoint = "traces/alike", protocol = Wire, client = AppClient)]
pub async fn alike(question: AlikeQuestion) -> Result<Alike, Failure> {
    use crate::server::{auth, state, usecases::traces};
    let (app, me) = (state::app()?, auth::me().await?);
    traces::alike(&app, &me.actor(), question).await.map_err(|error| error.into_failure())
}

/// The incidents that name a trace.
#[server(name = NamingCall, prefix = "/api/fn", endpoint = "traces/naming", protocol = Wire, client = AppClient)]
pub async fn naming(trace_id: String) -> Result<Vec<Naming>, Failure> {
    use crate::server::{auth, state, usecases::traces};
    let (app, me) = (state::app()?, auth::me().await?);
    traces::naming(&app, &me.actor(), &trace_id).await.map_err(|error| error.into_failure())
}
