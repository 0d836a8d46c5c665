//! Deploys and other changes, as people look them up beside alerts.

use super::{people::needs, plain::plain_text};
use crate::{
    domain::{
        change::ChangeCard,
        people::{Actor, Right},
    },
    server::{
        error::ServerError,
        store::{ChangeFilter, Page, Store},
    },
};

/// A page of changes, the last that happened first.
pub async fn list(store: &Store, actor: &Actor, filter: &ChangeFilter, cursor: Option<&str>, limit: i64) -> Result<Page<ChangeCard>, ServerError> {
    needs(actor, Right::Read)?;
    // PostgreSQL refuses to be asked for what no text that is kept holds.
    let filter = ChangeFilter { service: filter.service.as_deref().map(plain_text), ..filter.clone() };
    Ok(store.changes(&filter, cursor, limit).await?)
}
