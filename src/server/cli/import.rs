//! `import`: the past of other tools, with progress on a terminal.

use super::{Done, Everywhere, open, operator, progress::Progress, told};
use crate::{
    domain::import::IncidentReport,
    server::usecases::import::{self, AlertReport, Mode},
};
use clap::ValueEnum;
use std::{path::Path, process::ExitCode};
use tokio_util::io::ReaderStream;

/// What a file holds.
#[derive(Clone, Copy, ValueEnum)]
pub enum Format {
    Tocsin,
    Alerts,
    Statuspage,
}

pub async fn import_file(everywhere: &Everywhere, format: Format, integration: Option<&str>, file: &Path) -> Done {
    let shown = if file == Path::new("-") { "standard input".to_owned() } else { file.display().to_string() };
    let path = if file == Path::new("-") { Path::new("/dev/stdin") } else { file };
    let opened = tokio::fs::File::open(path).await.map_err(|error| format!("could not read {shown}: {error}"))?;
    let (store, _) = open(everywhere).await?;
    let operator = operator();
    let mut progress = Progress::default();
    let (report, rejected, words) = match format {
        Format::Tocsin => {
            let bytes = ReaderStream::with_capacity(opened, READ_AT_ONCE);
            let report = import::incidents(&store, &operator, Mode::Do, bytes, |report| progress.show(&incidents_words(report))).await.map_err(told)?;
            (serde_json::to_value(&report)?, report.rejected.clone(), incidents_words(&report))
        }
        Format::Statuspage => {
            let mut bytes = vec![];
            tokio::io::AsyncReadExt::read_to_end(&mut tokio::io::AsyncReadExt::take(opened, MAX_STATUSPAGE), &mut bytes).await?;
            let report = import::statuspage(&store, &operator, Mode::Do, &bytes, |report| progress.show(&incidents_words(report))).await.map_err(told)?;
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
