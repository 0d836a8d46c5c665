//! `verify`: whether the record is whole and unchanged.

use super::{Done, Everywhere, open};
use serde_json::{Value, json};
use std::process::ExitCode;

pub async fn verify(everywhere: &Everywhere, rebuild: bool) -> Done {
    let (store, _) = open(everywhere).await?;
    let verified = store.verify(rebuild).await?;
    store.close().await;
    let faults: Vec<Value> = verified.faults.iter().map(|fault| json!({ "incident": fault.incident, "seq": fault.seq, "what": fault.what })).collect();
    if everywhere.json {
        println!("{}", json!({ "incidents": verified.incidents, "events": verified.events, "rebuilt": rebuild, "faults": faults }));
    }
    match verified.faults.split_first() {
        None => {
            let also = if rebuild { ", and what is derived from them agrees" } else { "" };
            eprintln!("Every chain holds: {} incidents with {} events{also}.", verified.incidents, verified.events);
            Ok(ExitCode::SUCCESS)
        }
        Some((first, others)) => {
            eprintln!("The record is broken. First: {}, entry {}: {}.", first.incident, first.seq, first.what);
            if !others.is_empty() {
                eprintln!("{} more places are broken.", others.len());
            }
            Ok(ExitCode::FAILURE)
        }
    }
}
