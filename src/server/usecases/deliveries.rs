//! What senders sent last and what became of it.

use super::{people::needs, plain::plain_text};
use crate::{
    domain::{
        delivery::DeliveryNote,
        people::{Actor, Right},
    },
    server::{
        error::ServerError,
        state::App,
        store::{DeliveryFilter, Page},
    },
};

/// A page of notes, the newest first, those included that no job has written yet. What was sent
/// itself is for those who manage integrations: it may tell of incidents that are private by now.
pub async fn list(app: &App, actor: &Actor, filter: &DeliveryFilter, cursor: Option<&str>, limit: i64) -> Result<Page<DeliveryNote>, ServerError> {
    needs(actor, Right::ReadIntegrations)?;
    app.notes.write(&app.store).await?;
    // PostgreSQL refuses to be asked for what no text that is kept holds.
    let filter = DeliveryFilter { verdict: filter.verdict.as_deref().map(plain_text), ..filter.clone() };
    let cursor = cursor.filter(|cursor| cursor.parse::<uuid::Uuid>().is_ok());
    let mut page = app.store.deliveries(&filter, cursor, limit).await?;
    if !actor.role.may(Right::ManageIntegrations) {
        for note in &mut page.items {
            note.body = None;
        }
    }
    Ok(page)
}
