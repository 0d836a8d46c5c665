//! `apply`, and `export` without an incident: definitions as code.

use super::{Done, Everywhere, must_exist, open, operator, output::Output, told};
use crate::server::{
    definitions::{File, yaml::MAX_BYTES},
    state::App,
    usecases::definitions::{self, Became, Form, Report, Secrets, Unapplied},
};
use serde_json::json;
use std::{
    error::Error,
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// What counts as a file of definitions in a folder.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];
/// A folder deeper than this is one that leads back into itself.
const DEEPEST: usize = 32;
const MOST_FILES: usize = 10_000;

/// Writes what the files define, or says what is wrong with them.
pub async fn apply(everywhere: &Everywhere, paths: &[PathBuf], is_dry: bool) -> Done {
    let files = read_all(paths)?;
    let (store, config) = open(everywhere).await?;
    let app = App::new(store, config);
    let variable = |name: &str| std::env::var(name).ok();
    let applied = definitions::apply(&app, &operator(), &files, is_dry, &Secrets::Of(&variable)).await;
    app.store.close().await;
    match applied {
        Ok(report) => {
            tell(&report);
            if everywhere.json {
                println!("{}", serde_json::to_string(&report)?);
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(Unapplied::Failed(error)) => Err(told(error)),
        Err(Unapplied::Faults(faults)) => {
            for fault in &faults {
                eprintln!("error: {fault}");
            }
            eprintln!("Nothing was written: correct {} and apply the files again.", if faults.len() == 1 { "this" } else { "these" });
            if everywhere.json {
                println!("{}", json!({ "dry_run": is_dry, "errors": faults }));
            }
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Everything that is defined, as files that can be applied again.
pub async fn export(everywhere: &Everywhere, form: Form, file: &Path) -> Done {
    must_exist(everywhere)?;
    let (store, config) = open(everywhere).await?;
    let app = App::new(store, config);
    let text = definitions::export(&app, &operator(), form).await.map_err(told)?;
    app.store.close().await;
    let documents = text.lines().filter(|line| line.starts_with("apiVersion:")).count();
    if file == Path::new("-") {
        std::io::stdout().write_all(text.as_bytes())?;
        eprintln!("Exported {documents} definitions.");
        return Ok(ExitCode::SUCCESS);
    }
    let mut output = Output::create(file, 0o600)?;
    output.write_all(text.as_bytes())?;
    output.finish()?;
    eprintln!("Exported {documents} definitions to {}.", file.display());
    if everywhere.json {
        println!("{}", json!({ "definitions": documents, "file": file, "bytes": text.len() }));
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(report: &Report) {
    for warning in &report.warnings {
        eprintln!("warning: {warning}");
    }
    for object in report.objects.iter().filter(|object| object.outcome != Became::Unchanged) {
        let name = object.name.as_ref().map_or_else(String::new, |name| format!(" “{name}”"));
        let fields = if object.fields.is_empty() { String::new() } else { format!(": {}", object.fields.join(", ")) };
        let (done, planned) = if object.outcome == Became::Created { ("created", "to create") } else { ("changed", "to change") };
        eprintln!("{} {}{name}{fields}", if report.dry_run { planned } else { done }, object.kind);
    }
    let Report { created, changed, unchanged, .. } = report;
    match report.dry_run {
        true => eprintln!("Nothing was written: {created} to create, {changed} to change, {unchanged} unchanged."),
        false => eprintln!("Applied: {created} created, {changed} changed, {unchanged} unchanged."),
    }
}

/// The files, those of folders in the order of their names, and standard input as it is given.
fn read_all(paths: &[PathBuf]) -> Result<Vec<File>, Box<dyn Error>> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = found.len();
            walk(path, 0, &mut found)?;
            if found.len() == before {
                return Err(format!("the folder {} holds no file that ends in .yaml, .yml or .json", path.display()).into());
            }
        } else {
            found.push(path.clone());
        }
    }
    found.iter().map(|path| read_one(path)).collect()
}

fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    let unreadable = |error| format!("could not read the folder {}: {error}", folder.display());
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect()).map_err(unreadable)?;
    entries.sort();
    for path in entries {
        let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if is_hidden {
            continue;
        }
        if path.is_dir() {
            if depth == DEEPEST {
                return Err(format!("the folder {} lies too deep", path.display()).into());
            }
            walk(&path, depth + 1, found)?;
        } else if path.extension().and_then(|ending| ending.to_str()).is_some_and(|ending| ENDINGS.contains(&ending)) {
            if found.len() == MOST_FILES {
                return Err(format!("there are more than {MOST_FILES} files").into());
            }
            found.push(path);
        }
    }
    Ok(())
}

fn read_one(path: &Path) -> Result<File, Box<dyn Error>> {
    let is_input = path == Path::new("-");
    let name = if is_input { "standard input".to_owned() } else { path.display().to_string() };
    let limit = MAX_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    let read = if is_input {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    read.map_err(|error| format!("could not read {name}: {error}"))?;
    if bytes.len() > MAX_BYTES {
        return Err(format!("{name} is larger than {MAX_BYTES} bytes; split it").into());
    }
    Ok(File { name, bytes })
}
