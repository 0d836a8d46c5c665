//! `export`: the record of one incident as a file.

use super::{Done, Everywhere, must_exist, open, operator, output::Output, told};
use crate::{
    domain::export::Format,
    server::{state::App, usecases::export},
};
use clap::ValueEnum;
use serde_json::json;
use std::{io::Write, path::Path, process::ExitCode};

/// The forms of an export, as the command line names them.
#[derive(Clone, Copy, ValueEnum)]
pub enum ExportFormat {
    Markdown,
    Csv,
    Json,
    Bundle,
}

impl From<ExportFormat> for Format {
    fn from(format: ExportFormat) -> Self {
        match format {
            ExportFormat::Markdown => Format::Markdown,
            ExportFormat::Csv => Format::Csv,
            ExportFormat::Json => Format::Json,
            ExportFormat::Bundle => Format::Bundle,
        }
    }
}

pub async fn export_incident(everywhere: &Everywhere, incident: &str, format: ExportFormat, file: &Path) -> Done {
    let format = Format::from(format);
    must_exist(everywhere)?;
    let (store, config) = open(everywhere).await?;
    let app = App::new(store, config);
    let record = export::record(&app, &operator(), incident).await.map_err(told)?;
    app.store.close().await;
    let text = record.to_text(format);
    let (reference, events) = (record.incident.reference, record.events.len());
    if file == Path::new("-") {
        std::io::stdout().write_all(text.as_bytes())?;
        eprintln!("Exported {reference} with {events} entries as {}.", format.slug());
        return Ok(ExitCode::SUCCESS);
    }
    let mut output = Output::create(file, 0o600)?;
    output.write_all(text.as_bytes())?;
    output.finish()?;
    eprintln!("Exported {reference} with {events} entries as {} to {}.", format.slug(), file.display());
    if everywhere.json {
        let head = record.head_hash();
        println!("{}", json!({ "incident": reference, "format": format.slug(), "events": events, "head_hash": head, "file": file, "bytes": text.len() }));
    }
    Ok(ExitCode::SUCCESS)
}
