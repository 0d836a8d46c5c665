//! `purge`: whole incidents that were over long ago leave; the audit log says which.

use super::{Done, Everywhere, must_exist, open, progress::Progress};
use crate::{
    domain::{audit::By, time::Timestamp},
    server::{
        retention::{self, YOUNGEST_SECS},
        store::Purged,
    },
};
use clap::Args;
use serde_json::json;
use std::process::ExitCode;

/// What is old enough to leave.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct OldEnough {
    /// What was over before this day (2025-12-31) or instant (RFC 3339) and was not touched since
    #[arg(long, value_name = "DATE", value_parser = date)]
    before: Option<Timestamp>,
    /// The same, counted from now
    #[arg(long, value_name = "DAYS")]
    older_than: Option<u32>,
}

pub async fn purge(everywhere: &Everywhere, old_enough: &OldEnough, dry_run: bool) -> Done {
    must_exist(everywhere)?;
    let (store, _) = open(everywhere).await?;
    let now = store.clock().now();
    let before = old_enough.before.or_else(|| old_enough.older_than.map(|days| retention::days_before(now, days))).unwrap_or(Timestamp::MIN);
    if before > now.plus_secs(-YOUNGEST_SECS) {
        return Err("what was touched in the last two days stays: devices may still repeat what they said about it".into());
    }
    let mut progress = Progress::default();
    let purged = if dry_run {
        store.would_purge(before).await?
    } else {
        store.purge(before, &By::console(), |purged| progress.show(&format!("{} incidents", purged.incidents))).await?
    };
    store.close().await;
    progress.end();
    let Purged { incidents, events, alerts, changes, kept } = purged;
    let done = if dry_run { "Would remove" } else { "Removed" };
    eprintln!("{done} {incidents} incidents with {events} events, {alerts} alerts and {changes} changes from before {before}.");
    if kept > 0 {
        eprintln!("{kept} as old stay: they are resolved and not closed, or an alert of theirs still fires.");
    }
    if everywhere.json {
        let mut said = serde_json::to_value(purged)?;
        said["before"] = json!(before);
        said["dry_run"] = json!(dry_run);
        println!("{said}");
    }
    Ok(ExitCode::SUCCESS)
}

/// A day in UTC, or an instant.
fn date(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text)
        .or_else(|| Timestamp::parse(&format!("{text}T00:00:00Z")))
        .ok_or_else(|| "a date reads 2025-12-31, or 2025-12-31T18:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_utc() {
        assert_eq!(date("2025-12-31"), date("2025-12-31T00:00:00Z"));
        assert!(date("31.12.2025").is_err() && date("").is_err());
    }
}
