//! What the browser's replica starts from.

use super::people::demo_is_on;
use crate::{
    domain::{accounts::Me, boards::Snapshot, people::Right},
    server::{error::ServerError, mark::Behind, state::App},
};

/// Everything a board needs at once, as far as `me` may see it.
pub async fn snapshot(app: &App, me: &Me) -> Result<Snapshot, ServerError> {
    let demo = demo_is_on(&app.config);
    // The number comes with the incidents; people and services carry none, so they are read after
    // it and are at most newer.
    let actor = me.actor();
    let (seq, incidents) = app.store.board(&actor).await?;
    let mut people = app.store.people().await?;
    people.retain(|person| !person.disabled && person.role.may(Right::Work) && (!person.demo || demo));
    let (services, warning) = (app.store.services(&actor).await?, app.mark.behind().map(Behind::words));
    Ok(Snapshot { seq, now: app.clock().now(), me: me.clone(), incidents, people, services, demo: app.config.demo, warning })
}
