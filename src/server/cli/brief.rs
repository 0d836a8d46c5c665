//! `tocsin brief`: the executive's answers on standard output, or by mail.

use super::{Done, Everywhere, must_exist, open};
use crate::server::{
    briefs,
    pages::{Pages, STYLE},
    state::App,
    usecases::briefing,
};
use clap::Args;
use std::process::ExitCode;

/// How the brief is wanted.
#[derive(Args)]
pub struct Brief {
    /// Send it by mail, to whom the configuration names or to these
    #[arg(long, value_name = "ADDRESS", num_args = 0..)]
    mail: Option<Vec<String>>,
    /// Print the page instead of text
    #[arg(long, conflicts_with = "mail")]
    html: bool,
}

/// Says how things stand. Private incidents are never in it.
pub async fn brief(everywhere: &Everywhere, pages: Pages, Brief { mail, html }: Brief) -> Done {
    must_exist(everywhere)?;
    let (store, config) = open(everywhere).await?;
    let app = App::with_pages(store, config, pages);
    if let Some(named) = mail {
        let smtp = app.config.smtp.as_ref().ok_or("no mail server is configured: [smtp] with host and from in the configuration file")?;
        let to = if named.is_empty() { app.config.brief.as_ref().map(|brief| brief.to.clone()).unwrap_or_default() } else { named };
        if to.is_empty() {
            return Err("nobody is named: give addresses behind --mail, or [brief] with to in the configuration file".into());
        }
        let n = briefs::send(&app, smtp, &to).await.map_err(|error| error as Box<dyn std::error::Error>)?;
        if everywhere.json {
            println!("{}", serde_json::json!({ "sent": n, "to": to }));
        }
        eprintln!("Sent the brief to {}.", to.join(", "));
        return Ok(ExitCode::SUCCESS);
    }
    let briefing = briefing::gather(&app, &briefs::reader()).await.map_err(|error| error.into_failure().words)?;
    if everywhere.json {
        println!("{}", serde_json::to_string(&briefing)?);
    } else if html {
        print!("{}", (app.pages.brief)(&briefing, STYLE, &app.config.public_url()));
    } else {
        print!("{}", briefing.text(&app.config.public_url()));
    }
    Ok(ExitCode::SUCCESS)
}
