//! `demo`: fills a running demo server through its public doors with a company that has a past and
//! works on its incidents, and goes on for as long as it runs. It opens no database.

mod client;
mod company;
mod dice;
mod history;
mod house;
mod levels;
mod live;
mod payloads;
mod plan;
mod present;
mod traffic;
mod troubles;

use super::{Done, Everywhere};
use crate::domain::{incident::Incident, time::Timestamp};
use clap::Args;
use history::Past;
use house::{DemoError, House, Imported, say};
use serde_json::json;
use std::process::ExitCode;
use tokio::time::Instant;

/// How the demo is to be.
#[derive(Args)]
pub struct Demo {
    /// The running server
    #[arg(long, env = "TOCSIN_SERVER", value_name = "http://…", default_value = "http://127.0.0.1:3000")]
    server: String,
    /// How far the past goes back
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(i64).range(1..=3_650))]
    days: i64,
    /// How many incidents the past holds; by default about three a day
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    incidents: Option<u32>,
    /// The same seed makes the same company, the same past and the same keys
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Set the past and the present, then end
    #[arg(long)]
    once: bool,
    /// How many times faster than people things happen, 0.5 to 100
    #[arg(long, default_value_t = 1.0, value_parser = speed)]
    speed: f64,
    /// Also fill a server that is no demo; its record keeps it for ever
    #[arg(long)]
    really: bool,
    /// With --really: an admin's API token, on whose behalf everything is done
    #[arg(long, env = "TOCSIN_TOKEN", hide_env_values = true, requires = "really")]
    token: Option<String>,
}

fn speed(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|speed| (0.5..=100.0).contains(speed)).ok_or_else(|| "a number from 0.5 to 100".to_owned())
}

/// Runs until it is done, or asked to stop.
pub async fn run_demo(everywhere: &Everywhere, demo: Demo) -> Done {
    tokio::select! {
        done = unfold(everywhere, &demo) => done,
        () = crate::server::asked_to_stop() => {
            say("The demo stops; what it made stays.");
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn unfold(everywhere: &Everywhere, demo: &Demo) -> Done {
    let really = demo.really.then(|| demo.token.as_deref().unwrap_or_default());
    let house = House::open(&demo.server, demo.seed, really).await?;
    let incidents = demo.incidents.map_or(demo.days * INCIDENTS_IN_3_DAYS / 3, i64::from);
    let imported = bring_the_past(&house, demo.days, usize::try_from(incidents)?).await?;
    let scenes = present::set(&house).await?;
    let objectives = levels::set(&house).await?;
    traffic::set(&house).await?;
    if everywhere.json && demo.once {
        println!("{}", json!({ "imported": imported, "scenes": scenes, "objectives": objectives, "open": house.open_incidents().await?.len() }));
    }
    say(&format!("There is something to see at {}", house.address()));
    if !demo.once {
        live::live(&house, demo.speed).await?;
    }
    Ok(ExitCode::SUCCESS)
}

const INCIDENTS_IN_3_DAYS: i64 = 8;
/// Most incidents in one request of the import.
const IMPORTED_AT_ONCE: usize = 1_000;

/// Imports the history that is not there yet. What another day or seed brought is left as it is.
async fn bring_the_past(house: &House, days: i64, incidents: usize) -> Result<Imported, DemoError> {
    let mut imported = Imported::default();
    let mut past = Past::before(house.clock.now(), house.seed, days, incidents);
    let newest = house.newest_from(history::ORIGIN).await?;
    let known = newest.as_ref().and_then(|incident| Some((incident, past.of_id(&incident.origin.as_ref()?.id)?)));
    if let Some((_, (_, place))) = known.as_ref().filter(|(_, (_, place))| place + 1 >= incidents) {
        say(&format!("The history is there already ({} incidents); nothing was imported.", place + 1));
        return Ok(imported);
    }
    if let Some((_, (before, _))) = known {
        past = before;
    }
    let export = past.export();
    // A history that was cut short goes on; one that was made differently is not mixed with this.
    let differs = |(incident, (_, place)): &(&Incident, (Past, usize))| {
        let told_at = export.get(*place).and_then(|told| told["started_at"].as_str()).and_then(Timestamp::parse);
        told_at != Some(incident.started_at)
    };
    if newest.is_some() && known.as_ref().is_none_or(differs) {
        say("Another history is there already; nothing was imported.");
        return Ok(imported);
    }
    let began = Instant::now();
    for part in export.chunks(IMPORTED_AT_ONCE) {
        let Imported { created, updated, unchanged } = house.import(part).await?;
        imported = Imported { created: imported.created + created, updated: imported.updated + updated, unchanged: imported.unchanged + unchanged };
        if export.len() > IMPORTED_AT_ONCE {
            say(&format!("  {} of {} incidents", imported.created + imported.updated + imported.unchanged, export.len()));
        }
    }
    let Imported { created, updated, unchanged } = imported;
    let took = began.elapsed().as_secs_f64();
    say(&format!("Imported {days} days of history in {took:.1} s: {created} incidents are new, {updated} changed, {unchanged} were there already."));
    Ok(imported)
}
