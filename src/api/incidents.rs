//! Incidents: read one, declare one, command one.

use super::wire::{AppClient, Wire};
use crate::domain::{
    boards::IncidentPage,
    failure::Failure,
    ids::{CommandId, IncidentId},
    incident::{Command, Declare, Incident},
    verification::Verification,
};
use leptos::prelude::*;

/// One incident by its id or reference (`INC-12`), with its whole log.
#[server(name = PageCall, prefix = "/api/fn", endpoint = "incidents/page", protocol = Wire, client = AppClient)]
pub async fn page(incident: String) -> Result<IncidentPage, Failure> {
    use crate::server::{auth, state, usecases::incidents};
    let (app, me) = (state::app()?, auth::me().await?);
    incidents::page(&app, &me.actor(), &incident).await.map_err(|error| error.into_failure())
}

/// Declares an incident. Sending the same command id again answers the same incident.
#[server(name = DeclareCall, prefix = "/api/fn", endpoint = "incidents/declare", protocol = Wire, client = AppClient)]
pub async fn declare(command: CommandId, draft: Declare) -> Result<Incident, Failure> {
    use crate::server::{auth, state, usecases::incidents};
    let (app, me) = (state::app()?, auth::me().await?);
    incidents::declare(&app, &me.actor(), &command.to_string(), draft).await.map_err(|error| error.into_failure())
}

/// Commands an incident. Sending the same command id again answers what it answered first.
#[server(name = CommandCall, prefix = "/api/fn", endpoint = "incidents/command", protocol = Wire, client = AppClient)]
pub async fn command(command: CommandId, id: IncidentId, what: Command) -> Result<Incident, Failure> {
    use crate::server::{auth, state, usecases::incidents};
    let (app, me) = (state::app()?, auth::me().await?);
    incidents::command(&app, &me.actor(), &command.to_string(), &id.to_string(), what, None).await.map_err(|error| error.into_failure())
}

/// Whether the record of one incident holds, by its id or reference.
#[server(name = VerificationCall, prefix = "/api/fn", endpoint = "incidents/verification", protocol = Wire, client = AppClient)]
pub async fn verification(incident: String) -> Result<Verification, Failure> {
    use crate::server::{auth, state, usecases::export};
    let (app, me) = (state::app()?, auth::me().await?);
    export::verification(&app, &me.actor(), &incident).await.map_err(|error| error.into_failure())
}
