//! `verify`: whether the record is whole and unchanged, in the database or in a bundle.

use super::{Done, Everywhere, must_exist, open};
use crate::{domain::export, server::mark::Mark};
use serde_json::{Value, json};
use std::{io::Read, path::Path, process::ExitCode};

pub async fn verify(everywhere: &Everywhere, rebuild: bool) -> Done {
    must_exist(everywhere)?;
    let (store, _) = open(everywhere).await?;
    let verified = store.verify(rebuild).await?;
    let mark = Mark::of(&store);
    mark.look(&store).await?;
    store.close().await;
    let faults: Vec<Value> = verified.faults.iter().map(|fault| json!({ "incident": fault.incident, "seq": fault.seq, "what": fault.what })).collect();
    if everywhere.json {
        println!(
            "{}",
            json!({ "incidents": verified.incidents, "events": verified.events, "purged": verified.purged, "rebuilt": rebuild, "faults": faults, "audit": verified.audit, "behind": mark.behind() })
        );
    }
    if let Some(advice) = mark.advice() {
        eprintln!("{advice}.");
    }
    match verified.broken() {
        None => {
            let also = if rebuild { ", and what is derived from them agrees" } else { "" };
            eprintln!("Every chain holds: {} incidents with {} events{also}.", verified.incidents, verified.events);
            if verified.purged > 0 {
                eprintln!("{} more were removed by retention; the audit log says which.", verified.purged);
            }
            eprintln!("{}", verified.audit.words);
            Ok(if mark.behind().is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Some((first, others)) => {
            eprintln!("The record is broken. First: {first}.");
            if others > 0 {
                eprintln!("{others} more places are broken.");
            }
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Checks a bundle without any database.
pub fn verify_file(everywhere: &Everywhere, file: &Path) -> Done {
    let shown = if file == Path::new("-") { "standard input".to_owned() } else { file.display().to_string() };
    let mut bytes = vec![];
    let read = if file == Path::new("-") { std::io::stdin().lock().read_to_end(&mut bytes).map(drop) } else { std::fs::read(file).map(|read| bytes = read) };
    read.map_err(|error| format!("could not read {shown}: {error}"))?;
    let verification = export::verify(&bytes).map_err(|error| format!("could not verify {shown}: {error}"))?;
    if everywhere.json {
        println!("{}", serde_json::to_value(&verification)?);
    }
    match &verification.fault {
        None => {
            eprintln!("The record of {} holds: {} entries, the last one {}.", verification.reference, verification.events, verification.head_hash);
            Ok(ExitCode::SUCCESS)
        }
        Some(fault) => {
            let place = if fault.seq > 0 { format!("entry {}: ", fault.seq) } else { String::new() };
            eprintln!("The record of {} is broken. First: {place}{}.", verification.reference, fault.what);
            Ok(ExitCode::FAILURE)
        }
    }
}
