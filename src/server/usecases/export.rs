//! One incident's record for those who may read it: exported in a form, or verified where it lies.

use super::incidents::{read, unknown};
use crate::{
    domain::{
        alert::Alert,
        export::{Format, Record},
        ids::IncidentId,
        incident::Incident,
        people::Actor,
        verification::Verification,
    },
    server::{
        error::ServerError,
        state::App,
        store::{AlertFilter, StoreError},
    },
};

/// How many alerts are read at once.
const ALERTS_AT_ONCE: i64 = 500;

/// The record of one incident, by its id or reference.
pub async fn record(app: &App, actor: &Actor, incident: &str) -> Result<Record, ServerError> {
    let projection = read(app, actor, incident).await?;
    let events = app.store.events(projection.id).await?;
    // What stands in the export is what its events say, whatever was recorded meanwhile.
    let incident = Incident::fold(projection.id, projection.reference, &events).unwrap_or(projection);
    let alerts = alerts_of(app, actor, incident.id).await?;
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

/// Every alert of an incident, the oldest first.
async fn alerts_of(app: &App, actor: &Actor, incident: IncidentId) -> Result<Vec<Alert>, StoreError> {
    let filter = AlertFilter { incident: Some(incident), ..AlertFilter::for_actor(actor.clone()) };
    let (mut alerts, mut cursor) = (vec![], None);
    loop {
        let page = app.store.alerts(&filter, cursor.as_deref(), ALERTS_AT_ONCE).await?;
        alerts.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    alerts.sort_by_key(|alert| (alert.started_at, alert.id));
    Ok(alerts)
}
