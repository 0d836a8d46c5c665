//! The subcommands beside `serve`: all but `demo` open the database, also while a server runs on it; each
//! says on standard error what it did, and prints on standard output only what a script reads.

pub mod backup;
pub mod brief;
pub mod definitions;
pub mod demo;
pub mod export;
pub mod import;
pub mod keys;
mod output;
mod progress;
pub mod purge;
pub mod restore;
pub mod slo;
pub mod verify;

use super::{
    clock::Clock,
    config::{Config, Overrides},
    error::ServerError,
    store::Store,
    telemetry,
};
use crate::domain::people::{Actor, ActorRef, Role};
use clap::Args;
use serde_json::Value;
use std::{error::Error, path::PathBuf, process::ExitCode};

/// What every subcommand understands, wherever it stands on the line.
#[derive(Args)]
pub struct Everywhere {
    /// sqlite://path (made if missing) or postgres://user:password@host/name
    #[arg(long, global = true, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// A configuration file (TOML)
    #[arg(long, global = true, env = "TOCSIN_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print results for machines on standard output
    #[arg(long, global = true)]
    pub json: bool,
}

/// How a subcommand ended.
pub type Done = Result<ExitCode, Box<dyn Error>>;

/// An error with what caused it, each once.
pub fn chain(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_words = cause.to_string();
        if !words.ends_with(&cause_words) {
            words = format!("{words}: {cause_words}");
        }
        source = cause.source();
    }
    words
}

/// Whoever can open the database may do everything with it.
fn operator() -> Actor {
    Actor { who: ActorRef::console(), role: Role::Admin }
}

/// The database as flags, environment and file say, for a command beside the server.
async fn open(everywhere: &Everywhere) -> Result<(Store, Config), Box<dyn Error>> {
    let overrides = Overrides { database_url: everywhere.database_url.clone(), ..Overrides::default() };
    let config = Config::load(everywhere.config.as_deref(), overrides)?;
    // What the command reads at once may well be slow; that is no news.
    telemetry::init_logs(false, "warn,sqlx=error");
    Ok((Store::open(&config.database_url, Clock::system()).await?, config))
}

/// Refuses a SQLite file that is not there: what only reads would find nothing in a new one.
fn must_exist(everywhere: &Everywhere) -> Result<(), Box<dyn Error>> {
    let overrides = Overrides { database_url: everywhere.database_url.clone(), ..Overrides::default() };
    let url = Config::load(everywhere.config.as_deref(), overrides)?.database_url;
    let Some(file) = Store::file(&url) else { return Ok(()) };
    match std::fs::metadata(&file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(format!("there is no database at {}", file.display()).into()),
        Ok(found) if found.is_file() && found.len() == 0 => Err(format!("there is no database at {}: the file is empty", file.display()).into()),
        _ => Ok(()),
    }
}

/// Prints a secret for a script: alone, or with what it belongs to.
fn print_secret(everywhere: &Everywhere, secret: &str, whole: Value) {
    if everywhere.json { println!("{whole}") } else { println!("{secret}") }
}

/// The words of a failed use case; its chain is in the log.
fn told(error: ServerError) -> Box<dyn Error> {
    let failure = error.into_failure();
    match failure.next {
        Some(next) => format!("{}. {next}", failure.words).into(),
        None => failure.words.into(),
    }
}
