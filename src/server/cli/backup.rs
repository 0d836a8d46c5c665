//! `backup`: the whole house in one file, also while a server works on it.

use super::{Done, Everywhere, must_exist, open, output::Output, progress::Progress};
use crate::domain::audit::{Action, By, Subject};
use serde_json::json;
use std::{path::Path, process::ExitCode};

pub async fn backup(everywhere: &Everywhere, file: &Path) -> Done {
    must_exist(everywhere)?;
    let (store, _) = open(everywhere).await?;
    let output = Output::create(file, ONLY_OURS)?;
    let mut progress = Progress::default();
    let (output, counted) = store.dump(output, |rows| progress.show(&format!("{rows} rows"))).await?;
    output.finish()?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    store.note(&By::console().did(Action::BackupWritten, Subject::new("backup", &counted.sha256, name)).with("rows", counted.rows)).await?;
    store.close().await;
    progress.end();
    eprintln!("Backed up {} rows of {} tables to {}. Sessions and one-time links are not in it.", counted.rows, counted.tables.len(), file.display());
    if everywhere.json {
        let mut said = serde_json::to_value(&counted)?;
        said["file"] = json!(file);
        said["bytes"] = json!(std::fs::metadata(file)?.len());
        println!("{said}");
    }
    Ok(ExitCode::SUCCESS)
}

/// It holds hashes of passwords and the secrets of signatures.
const ONLY_OURS: u32 = 0o600;
