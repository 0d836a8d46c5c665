//! One incident's record for those who may read it: exported in a form, or verified where it lies.

use super::incidents::{read, unknown};
use crate::{
    domain::{
        export::{Format, Record},
        incident::Incident,
        people::Actor,
        verification::Verification,
    },
    server::{error::ServerError, state::App},
};

/// The record of one incident, by its id or reference.
pub async fn record(app: &App, actor: &Actor, incident: &str) -> Result<Record, ServerError> {
    let projection = read(app, actor, incident).await?;
    let (events, alerts) = app.store.events_and_alerts(projection.id).await?;
    // What stands in the export is what its events say, whatever was recorded meanwhile.
    let incident = Incident::fold(projection.id, projection.reference, &events).unwrap_or(projection);
    Ok(Record { incident, events, alerts, exported_at: app.clock().now() })
}

/// The same as a text and what a file with it is called.
pub async fn export(app: &App, actor: &Actor, incident: &str, format: Format) -> Result<(String, String), ServerError> {
    let record = record(app, actor, incident).await?;
    Ok((record.to_text(format), record.file_name(format)))
}

/// Whether the record of one incident holds.
pub async fn verification(app: &App, actor: &Actor, incident: &str) -> Result<Verification, ServerError> {
    let id = read(app, actor, incident).await?.id;
    Ok(app.store.verification(id).await?.ok_or_else(unknown)?)
}
