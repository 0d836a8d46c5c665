//! The server and the command line. Every subcommand says on standard error what it did; standard
//! output carries only what a script wants to read.

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde_json::{Value, json};
use std::{
    error::Error,
    io::IsTerminal,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};
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
        usecases::{
            import::{self, AlertReport, IncidentReport},
            integrations, people, tokens,
        },
    },
};
use tokio_util::io::ReaderStream;

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
    /// Bring the past over from other tools; importing the same again changes nothing
    Import {
        /// What the file holds: incidents (JSON array or JSON lines), recorded alerts (JSON lines), or a Statuspage's incidents.json
        #[arg(long, value_enum, default_value_t = Format::Tocsin)]
        format: Format,
        /// alerts: the integration whose settings apply, by its id
        #[arg(long, value_name = "ID")]
        integration: Option<String>,
        /// The file, or - for standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Check that every incident's record is whole and unchanged
    Verify {
        /// Also recompute what is derived from the record, and compare it
        #[arg(long)]
        rebuild: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Tocsin,
    Alerts,
    Statuspage,
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
        Command::Import { format, integration, file } => import_file(&everywhere, format, integration.as_deref(), &file).await,
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

async fn import_file(everywhere: &Everywhere, format: Format, integration: Option<&str>, file: &Path) -> Done {
    let shown = if file == Path::new("-") { "standard input".to_owned() } else { file.display().to_string() };
    let path = if file == Path::new("-") { Path::new("/dev/stdin") } else { file };
    let opened = tokio::fs::File::open(path).await.map_err(|error| format!("could not read {shown}: {error}"))?;
    let (store, _) = open(everywhere).await?;
    // Whoever can open the database may do everything with it.
    let operator = Actor { who: ActorRef::system(), role: Role::Admin };
    let mut progress = Progress::default();
    let (report, rejected, words) = match format {
        Format::Tocsin => {
            let bytes = ReaderStream::with_capacity(opened, READ_AT_ONCE);
            let report = import::incidents(&store, &operator, bytes, |report| progress.show(&incidents_words(report))).await.map_err(told)?;
            (serde_json::to_value(&report)?, report.rejected.clone(), incidents_words(&report))
        }
        Format::Statuspage => {
            let mut bytes = vec![];
            tokio::io::AsyncReadExt::read_to_end(&mut tokio::io::AsyncReadExt::take(opened, MAX_STATUSPAGE), &mut bytes).await?;
            let report = import::statuspage(&store, &operator, &bytes, |report| progress.show(&incidents_words(report))).await.map_err(told)?;
            (serde_json::to_value(&report)?, report.rejected.clone(), incidents_words(&report))
        }
        Format::Alerts => {
            let bytes = ReaderStream::with_capacity(opened, READ_AT_ONCE);
            let report = import::alerts(&store, &operator, integration, bytes, |report| progress.show(&alerts_words(report))).await.map_err(told)?;
            (serde_json::to_value(&report)?, report.rejected.clone(), alerts_words(&report))
        }
    };
    store.close().await;
    progress.end();
    eprintln!("Imported {shown}: {words}.");
    for line in rejected.rejected.iter().take(REJECTED_SHOWN) {
        eprintln!("  not imported, line {}: {} ({})", line.line, line.detail, line.code);
    }
    if rejected.count() > REJECTED_SHOWN as u64 {
        eprintln!("  and {} more", rejected.count() - REJECTED_SHOWN as u64);
    }
    if everywhere.json {
        println!("{report}");
    }
    Ok(if rejected.count() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How much of a file is read at once.
const READ_AT_ONCE: usize = 64 * 1024;
/// A Statuspage's file is read whole; it holds at most fifty incidents.
const MAX_STATUSPAGE: u64 = 64 * 1024 * 1024;
/// How many rejected lines are named on the terminal; `--json` names them all.
const REJECTED_SHOWN: usize = 20;

fn incidents_words(report: &IncidentReport) -> String {
    let IncidentReport { created, updated, unchanged, rejected } = report;
    format!("{created} new, {updated} brought up to date, {unchanged} unchanged, {} rejected", rejected.count())
}

fn alerts_words(report: &AlertReport) -> String {
    format!(
        "{} lines, {} alerts opened, {} repeated, {} resolved, {} incidents opened, {} resolved, {} rejected",
        report.lines,
        report.alerts_opened,
        report.alerts_repeated,
        report.alerts_resolved,
        report.incidents_opened,
        report.incidents_resolved,
        report.rejected.count()
    )
}

/// One line of a terminal that is written over and over.
#[derive(Default)]
struct Progress(bool);

impl Progress {
    fn show(&mut self, words: &str) {
        if std::io::stderr().is_terminal() {
            eprint!("\r\u{1b}[K{words}");
            self.0 = true;
        }
    }

    fn end(&self) {
        if self.0 {
            eprint!("\r\u{1b}[K");
        }
    }
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
