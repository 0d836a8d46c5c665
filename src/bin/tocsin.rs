//! The server and the command line. Every subcommand says on standard error what it did; standard
//! output carries only what a script wants to read.

use clap::{Args, Parser, Subcommand};
use std::{error::Error, net::SocketAddr, path::PathBuf, process::ExitCode};
use tocsin::{
    domain::people::Role,
    render,
    server::{
        self,
        cli::{
            self, Everywhere,
            backup::backup,
            brief::{Brief, brief},
            definitions::apply,
            demo::{Demo, run_demo},
            export::{ExportFormat, export},
            import::{Format, import_file},
            keys::{create_integration, create_token, create_user},
            purge::{OldEnough, purge},
            restore::restore,
            slo::{Explain, explain},
            verify::{verify, verify_file},
        },
        config::{Config, Overrides},
        pages::Pages,
        telemetry,
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
    /// Write what files define: services, objectives, data sources, exclusions; also files of OpenSLO, Sloth and Pyrra
    Apply {
        /// Files, folders of them, or - for standard input
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        /// Only say what would be written
        #[arg(long)]
        dry_run: bool,
    },
    /// Write everything that is defined as files for `apply`; with --incident the record of an incident
    Export {
        /// Which one, by its reference or id
        #[arg(long, value_name = "INC-12")]
        incident: Option<String>,
        /// Of definitions: our own (tocsin), or objectives as OpenSLO. Of an incident: a report (markdown), the timeline as a table (csv), the REST shapes (json), or a bundle that `verify` checks offline
        #[arg(long, value_enum)]
        format: Option<ExportFormat>,
        /// The file, or - for standard output
        #[arg(short, long, value_name = "FILE", default_value = "-")]
        output: PathBuf,
    },
    /// Write everything to one file, also while a server runs
    Backup {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Fill an empty database from a backup, of whichever database it was made
    Restore {
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Replace everything that the database holds
        #[arg(long)]
        replace: bool,
    },
    /// Remove incidents that were over long ago, for good; the audit log keeps which
    Purge {
        #[command(flatten)]
        old_enough: OldEnough,
        /// Only say what would be removed
        #[arg(long)]
        dry_run: bool,
    },
    /// Check that every incident's record is whole and unchanged; with FILE that of a bundle, offline
    Verify {
        /// A bundle that `export --format bundle` wrote, or - for standard input
        #[arg(value_name = "FILE", conflicts_with = "rebuild")]
        file: Option<PathBuf>,
        /// Also recompute what is derived from the record, and compare it
        #[arg(long)]
        rebuild: bool,
    },
    /// Say in a few lines whether the objectives hold, what is broken, and who has it; or send that by mail
    Brief(Brief),
    /// Service levels
    Slo {
        #[command(subcommand)]
        command: SloCommand,
    },
    /// Fill a running `serve --demo` with a company at work, and go on until Ctrl-C
    Demo(Demo),
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
enum SloCommand {
    /// Say where a figure comes from, computed anew from what is kept
    Explain(Explain),
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
        Command::Apply { files, dry_run } => apply(&everywhere, &files, dry_run).await,
        Command::Export { incident, format, output } => export(&everywhere, incident.as_deref(), format, &output).await,
        Command::Backup { file } => backup(&everywhere, &file).await,
        Command::Restore { file, replace } => restore(&everywhere, &file, replace).await,
        Command::Purge { old_enough, dry_run } => purge(&everywhere, &old_enough, dry_run).await,
        Command::Verify { file: Some(file), .. } => verify_file(&everywhere, &file),
        Command::Verify { file: None, rebuild } => verify(&everywhere, rebuild).await,
        Command::Brief(wanted) => brief(&everywhere, pages(), wanted).await,
        Command::Slo { command: SloCommand::Explain(asked) } => explain(&everywhere, asked).await,
        Command::Demo(demo) => run_demo(&everywhere, demo).await,
    };
    done.unwrap_or_else(|error| {
        eprintln!("tocsin: {}", cli::chain(error.as_ref()));
        ExitCode::FAILURE
    })
}

/// How pages are drawn.
fn pages() -> Pages {
    Pages { needs: render::needs, page: render::page, brief: render::brief }
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
    Ok(server::run(config, pages(), ready).await?)
}
