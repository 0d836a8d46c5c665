//! `restore`: a backup into a database, of whichever kind, and a look at whether it holds there.

use super::{Done, Everywhere, open, progress::Progress};
use crate::{
    domain::audit::{Action, By, Subject},
    server::{mark::Mark, store::backup},
};
use serde_json::json;
use std::{path::Path, process::ExitCode};

pub async fn restore(everywhere: &Everywhere, file: &Path, replace: bool) -> Done {
    // Read whole before any database is touched or made.
    let (header, _) = backup::check(file)?;
    let (store, _) = open(everywhere).await?;
    eprintln!("Restoring {}, made at {} by version {}.", file.display(), header.made_at, header.tocsin);
    let mut progress = Progress::default();
    let restored = store.restore(file, replace, |rows| progress.show(&format!("{rows} rows"))).await;
    store.close().await;
    progress.end();
    let counted = restored?;
    // Opened anew: what is prepared on the old connections knows the tables that are gone.
    let (store, _) = open(everywhere).await?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let note = By::console().did(Action::BackupRestored, Subject::new("backup", &counted.sha256, name));
    store.note(&note.with("rows", counted.rows).with("made_at", header.made_at)).await?;
    // What is restored is older than what was there, and is meant to be.
    Mark::of(&store).forget().map_err(|error| format!("could not remove the mark beside the database: {error}"))?;
    let verified = store.verify(true).await?;
    store.close().await;
    let (incidents, events) = (verified.incidents, verified.events);
    eprintln!("Restored {} rows of {} tables: {incidents} incidents with {events} events.", counted.rows, counted.tables.len());
    for (what, then) in &header.left_out {
        eprintln!("  {what} were not in the backup: {then}");
    }
    let broken = verified.broken();
    match &broken {
        None => eprintln!("Every chain holds, and what is derived from them agrees."),
        Some((first, others)) => eprintln!("The restored record is broken, {} places. First: {first}.", others + 1),
    }
    if everywhere.json {
        let mut said = serde_json::to_value(&counted)?;
        said["verified"] = json!({ "incidents": incidents, "events": events, "faults": verified.faults, "audit": verified.audit });
        println!("{said}");
    }
    Ok(if broken.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
