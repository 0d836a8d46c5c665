//! Retention: how long what is over stays, where the operator has set an end.

use super::{state::App, store::StoreError};
use crate::domain::{audit::By, time::Timestamp};

/// Nothing that was touched this recently leaves, whatever is set: devices that were without a
/// network may still repeat what they said about it.
pub const YOUNGEST_SECS: i64 = 2 * 86_400;

/// The instant this many days before `now`.
pub fn days_before(now: Timestamp, days: u32) -> Timestamp {
    now.plus_secs(-86_400 * i64::from(days))
}

/// Removes what is older than the configuration keeps; without a word in it nothing ever leaves.
pub async fn purge(app: &App) -> Result<(), StoreError> {
    let Some(days) = app.config.retention_days else { return Ok(()) };
    let before = days_before(app.clock().now(), days);
    let purged = app.store.purge(before, &By::system(), |_| {}).await?;
    if purged.incidents > 0 {
        tracing::info!(incidents = purged.incidents, events = purged.events, alerts = purged.alerts, "removed what retention no longer keeps");
    }
    Ok(())
}
