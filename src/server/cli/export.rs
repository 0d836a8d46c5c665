//! `export`: the record of one incident as a file, or everything that is defined.

use super::{Done, Everywhere, definitions, must_exist, open, operator, output::Output, told};
use crate::{
    domain::export::Format,
    server::{
        state::App,
        usecases::{definitions::Form, export},
    },
};
use clap::ValueEnum;
use serde_json::json;
use std::{io::Write, path::Path, process::ExitCode};

/// The forms of an export, as the command line names them: four of an incident, two of definitions.
#[derive(Clone, Copy, ValueEnum)]
pub enum ExportFormat {
    Markdown,
    Csv,
    Json,
    Bundle,
    Tocsin,
    #[value(name = "openslo")]
    OpenSlo,
}

impl ExportFormat {
    fn of_incident(self) -> Option<Format> {
        match self {
            ExportFormat::Markdown => Some(Format::Markdown),
            ExportFormat::Csv => Some(Format::Csv),
            ExportFormat::Json => Some(Format::Json),
            ExportFormat::Bundle => Some(Format::Bundle),
            ExportFormat::Tocsin | ExportFormat::OpenSlo => None,
        }
    }

    fn of_definitions(self) -> Option<Form> {
        match self {
            ExportFormat::Tocsin => Some(Form::Tocsin),
            ExportFormat::OpenSlo => Some(Form::OpenSlo),
            ExportFormat::Markdown | ExportFormat::Csv | ExportFormat::Json | ExportFormat::Bundle => None,
        }
    }
}

/// One incident where it is named, else everything that is defined.
pub async fn export(everywhere: &Everywhere, incident: Option<&str>, format: Option<ExportFormat>, file: &Path) -> Done {
    match incident {
        Some(incident) => {
            let format = format.map_or(Some(Format::Markdown), ExportFormat::of_incident);
            let format = format.ok_or("an incident is exported as markdown, csv, json or bundle; tocsin and openslo are forms of definitions")?;
            export_incident(everywhere, incident, format, file).await
        }
        None => {
            let form = format.map_or(Some(Form::Tocsin), ExportFormat::of_definitions);
            let form = form.ok_or("definitions are exported as tocsin or openslo; name an incident with --incident for the other forms")?;
            definitions::export(everywhere, form, file).await
        }
    }
}

async fn export_incident(everywhere: &Everywhere, incident: &str, format: Format, file: &Path) -> Done {
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
