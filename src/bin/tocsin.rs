//! The server and the command line. Every subcommand says on standard error what it did; standard
//! output carries only what a script wants to read.

use clap::{Args, Parser, Subcommand};
use serde_json::{Value, json};
use std::{error::Error, net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc};
use tocsin::{
    domain::{
        integration::{Grouping, NewIntegration, Settings},
        people::{Actor, ActorRef, Role},
    },
    server::{
        self,
        clock::Clock,
        config::{Config, Overrides},
        error::ServerError,
        state::App,
        store::Store,
        telemetry,
        usecases::{integrations, people, tokens},
    },
};

/// Alerts in, one verifiable incident record, a screen for everybody who works on it.
#[derive(Parser)]
#[command(name = "tocsin", version)]
struct Cli {
    #[command(flatten)]
    everywhere: Everywhere,
    #[command(subcommand)]
    command: Command,
}

/// What every subcommand understands, wherever it stands on the line.
#[derive(Args)]
struct Everywhere {
    /// sqlite://path (made if missing) or postgres://user:password@host/name
    #[arg(long, global = true, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<String>,
    /// A configuration file (TOML)
    #[arg(long, global = true, env = "TOCSIN_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print results for machines on standard output
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server
    Serve(Serve),
    /// API tokens
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// People with accounts
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Senders of alerts
    Integration {
        #[command(subcommand)]
        command: IntegrationCommand,
    },
    /// Check that every incident's record is whole and unchanged
    Verify {
        /// Also recompute what is derived from the record, and compare it
        #[arg(long)]
        rebuild: bool,
    },
}

#[derive(Args)]
struct Serve {
    /// Where to listen, by default 127.0.0.1:3000; beyond loopback it needs --public-url
    #[arg(long, env = "TOCSIN_LISTEN", value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// The address people use; TLS ends at a proxy in front
    #[arg(long, env = "TOCSIN_PUBLIC_URL", value_name = "https://…")]
    public_url: Option<String>,
    /// With it, /metrics asks for this bearer token
    #[arg(long, env = "TOCSIN_METRICS_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    metrics_token: Option<String>,
    /// Ready-made people who sign in with one click; on loopback only
    #[arg(long)]
    demo: bool,
    /// Write log lines as JSON
    #[arg(long)]
    log_json: bool,
}

#[derive(Subcommand)]
enum TokenCommand {
    /// Make an API token; it is printed this once
    Create {
        #[arg(long)]
        name: String,
        #[arg(long, value_parser = role, help = "viewer, responder, commander or admin")]
        role: Role,
    },
}

#[derive(Subcommand)]
enum UserCommand {
    /// Make an account; its password is printed this once
    Create {
        #[arg(long)]
        name: String,
        #[arg(long)]
        login: String,
        #[arg(long, value_parser = role, help = "viewer, responder, commander or admin")]
        role: Role,
    },
}

#[derive(Subcommand)]
enum IntegrationCommand {
    /// Make an integration; its token is printed this once
    Create {
        /// alertmanager, prometheus, pagerduty_events, generic
        #[arg(long)]
        source: String,
        #[arg(long)]
        name: String,
        /// The key its sender uses already; without it a new one is made
        #[arg(long, hide_env_values = true)]
        token: Option<String>,
    },
}

fn role(text: &str) -> Result<Role, String> {
    Role::from_slug(text).ok_or_else(|| "roles are viewer, responder, commander and admin".to_owned())
}

#[tokio::main]
async fn main() -> ExitCode {
    let Cli { everywhere, command } = Cli::parse();
    let done = match command {
        Command::Serve(serve) => run_server(everywhere, serve).await.map(|()| ExitCode::SUCCESS),
        Command::Token { command: TokenCommand::Create { name, role } } => create_token(&everywhere, &name, role).await,
        Command::User { command: UserCommand::Create { name, login, role } } => create_user(&everywhere, &name, &login, role).await,
        Command::Integration { command: IntegrationCommand::Create { source, name, token } } => create_integration(&everywhere, source, name, token).await,
        Command::Verify { rebuild } => verify(&everywhere, rebuild).await,
    };
    done.unwrap_or_else(|error| {
        eprintln!("tocsin: {}", chain(error.as_ref()));
        ExitCode::FAILURE
    })
}

type Done = Result<ExitCode, Box<dyn Error>>;

/// An error with what caused it, each once.
fn chain(error: &dyn Error) -> String {
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

async fn run_server(everywhere: Everywhere, serve: Serve) -> Result<(), Box<dyn Error>> {
    let Serve { listen, public_url, metrics_token, demo, log_json } = serve;
    let overrides = Overrides { listen, database_url: everywhere.database_url, public_url, demo, metrics_token, log_json };
    let config = Config::load(everywhere.config.as_deref(), overrides)?;
    telemetry::init_logs(config.log_json, "info,sqlx=warn");
    let is_demo = config.demo;
    let public = config.public_url.is_some().then(|| config.public_url());
    let ready = move |address: SocketAddr| {
        let url = public.unwrap_or_else(|| format!("http://{address}"));
        eprintln!("Tocsin is ready at {url}");
        if is_demo {
            eprintln!("It holds demo people who sign in with one click.");
        }
    };
    Ok(server::run(config, ready).await?)
}

/// The database as flags, environment and file say, for a command beside the server.
async fn open(everywhere: &Everywhere) -> Result<(Store, Config), Box<dyn Error>> {
    let overrides = Overrides { database_url: everywhere.database_url.clone(), ..Overrides::default() };
    let config = Config::load(everywhere.config.as_deref(), overrides)?;
    telemetry::init_logs(false, "warn");
    Ok((Store::open(&config.database_url, Clock::system()).await?, config))
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

async fn create_token(everywhere: &Everywhere, name: &str, role: Role) -> Done {
    let (store, _) = open(everywhere).await?;
    let token = tokens::create_from_cli(&store, name, role).await.map_err(told)?;
    store.close().await;
    eprintln!("Made the API token “{name}” with the role {}. It is shown this once:", role.slug());
    print_secret(everywhere, &token, json!({ "name": name, "role": role, "token": token }));
    Ok(ExitCode::SUCCESS)
}

async fn create_user(everywhere: &Everywhere, name: &str, login: &str, role: Role) -> Done {
    let (store, _) = open(everywhere).await?;
    let password = people::create_from_cli(&store, name, login, role).await.map_err(told)?;
    store.close().await;
    eprintln!("Made the account {login} for {name} with the role {}. Its password is shown this once:", role.slug());
    print_secret(everywhere, &password, json!({ "name": name, "login": login, "role": role, "password": password }));
    Ok(ExitCode::SUCCESS)
}

async fn create_integration(everywhere: &Everywhere, source: String, name: String, token: Option<String>) -> Done {
    let (store, config) = open(everywhere).await?;
    let app: Arc<App> = App::new(store, config);
    let draft = NewIntegration { source, name, token, signing_secrets: vec![], settings: Settings::default(), grouping: Grouping::default() };
    // Whoever can open the database may do everything with it.
    let operator = Actor { who: ActorRef::system(), role: Role::Admin };
    let created = integrations::create(&app, &operator, draft).await.map_err(told)?;
    app.store.close().await;
    eprintln!("Made the integration “{}” for {}. Its token is shown this once:", created.item.name, created.item.source);
    print_secret(everywhere, &created.token, serde_json::to_value(&created)?);
    Ok(ExitCode::SUCCESS)
}

async fn verify(everywhere: &Everywhere, rebuild: bool) -> Done {
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
