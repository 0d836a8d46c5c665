//! Definitions as files: services, objectives, data sources and exclusions, in our own YAML and in
//! that of other tools.
//!
//! | file | holds |
//! |---|---|
//! | [`yaml`] | the text of a file as trees, with its limits |
//! | [`fields`] | one mapping, read field by field; what nobody asked for is remarked upon |
//! | [`note`] | faults and remarks with their places |
//! | [`tocsin`] | `apiVersion: tocsin/v1` |
//! | [`data_source`] | a data source, whose secrets stand in environment variables |
//! | [`openslo`] | `apiVersion: openslo/v1` |
//! | [`sloth`] | `version: prometheus/v1` and `apiVersion: sloth.slok.dev/v1` |
//! | [`pyrra`] | `apiVersion: pyrra.dev/v1alpha1` |
//! | [`writing`] | definitions as our YAML |
//! | [`writing_openslo`] | objectives as OpenSLO |
//!
//! Bytes in, drafts out: nothing here knows what the store holds, and nothing is dropped in
//! silence. What a file says that cannot be kept is a remark, what is wrong with it a fault, and
//! with one fault nothing of all files is meant to be written.

mod data_source;
mod fields;
mod indicator;
pub mod note;
mod openslo;
mod pyrra;
mod sloth;
mod spans;
mod tocsin;
pub mod writing;
pub mod writing_openslo;
pub mod yaml;

pub use data_source::{AuthSpec, DataSourceSpec};

use crate::domain::{
    services::ServiceDraft,
    slo::{exclusion::ExclusionDraft, objective::ObjectiveDraft},
};
use fields::Fields;
use note::{Note, Notes, Place};
use serde_json::Value;
use std::collections::HashMap;
use yaml::Document;

/// A file as it was handed in.
pub struct File {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// What files hold.
#[derive(Debug, Default)]
pub struct Definitions {
    pub items: Vec<Definition>,
    pub remarks: Vec<Note>,
    /// With one of these nothing is written.
    pub faults: Vec<Note>,
}

/// One thing that a file defines.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    pub place: Place,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Service {
        name: String,
        draft: ServiceDraft,
        /// Whether the file says everything that is known of it; otherwise what it is silent about
        /// stays as it is.
        is_whole: bool,
    },
    Objective {
        draft: Box<ObjectiveDraft>,
        /// Whether the file leaves open which data source is asked: the only one there is, if there
        /// is only one.
        is_source_open: bool,
    },
    DataSource {
        name: String,
        draft: Box<DataSourceSpec>,
    },
    Exclusion(Box<ExclusionDraft>),
}

impl What {
    pub fn kind(&self) -> &'static str {
        match self {
            What::Service { .. } => "Service",
            What::Objective { .. } => "Objective",
            What::DataSource { .. } => "DataSource",
            What::Exclusion(_) => "Exclusion",
        }
    }

    /// By what it is told apart from others of its kind; an exclusion has no name.
    pub fn name(&self) -> Option<&str> {
        match self {
            What::Service { name, .. } | What::DataSource { name, .. } => Some(name),
            What::Objective { draft, .. } => Some(&draft.name),
            What::Exclusion(_) => None,
        }
    }
}

/// In whose words a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Tocsin,
    OpenSlo,
    Sloth,
    SlothKubernetes,
    Pyrra,
}

const FORMATS: [(Format, &str, &str); 5] = [
    (Format::Tocsin, "apiVersion", "tocsin/v1"),
    (Format::OpenSlo, "apiVersion", "openslo/v1"),
    (Format::Sloth, "version", "prometheus/v1"),
    (Format::SlothKubernetes, "apiVersion", "sloth.slok.dev/v1"),
    (Format::Pyrra, "apiVersion", "pyrra.dev/v1alpha1"),
];

/// Everything that the files define. References are looked up in all of them.
pub fn read(files: &[File]) -> Definitions {
    let mut all = Definitions::default();
    let mut documents = Vec::new();
    for file in files {
        match documents_of(file) {
            Ok(found) => documents.push((file, found)),
            Err(fault) => all.faults.push(*fault),
        }
    }
    let mut readings = Vec::new();
    for (file, documents) in &documents {
        let mut known = 0;
        for document in documents {
            let notes = Notes::on(&file.name, document);
            let format = format_of(&document.tree, &notes);
            known += usize::from(format.is_some() || notes.has_faults());
            readings.push((format, document, notes));
        }
        if known == 0 {
            let place = Place { file: file.name.clone(), document: 1, line: 1, ..Place::default() };
            let words =
                format!("the file holds no definition; each begins with one of {}", FORMATS.map(|(_, field, value)| format!("“{field}: {value}”")).join(", "));
            all.faults.push(Note { place, field: String::new(), words });
        }
    }
    let library =
        openslo::Library::of(readings.iter().filter(|(format, ..)| *format == Some(Format::OpenSlo)).map(|(_, document, notes)| (&document.tree, notes)));
    for (format, document, notes) in &readings {
        let Some(format) = format else { continue };
        let Some(root) = Fields::of(&document.tree, "", notes) else { continue };
        let found = match format {
            Format::Tocsin => tocsin::read(&root),
            Format::OpenSlo => openslo::read(&root, &library),
            Format::Sloth => sloth::read(&root),
            Format::SlothKubernetes => sloth::read_kubernetes(&root),
            Format::Pyrra => pyrra::read(&root),
        };
        let found = found.into_iter().filter_map(|what| Some(Definition { place: notes.place(), what: checked(what, notes)? }));
        all.items.extend(found.collect::<Vec<_>>());
    }
    library.remark_on_unused();
    drop(library);
    for (_, _, notes) in readings {
        let said = notes.into_said();
        all.faults.extend(said.faults);
        all.remarks.extend(said.remarks);
    }
    all.join_services();
    all.refuse_twins();
    all
}

fn documents_of(file: &File) -> Result<Vec<Document<'_>>, Box<Note>> {
    let fault = |document: usize, line: usize, words: String| {
        let place = Place { file: file.name.clone(), document, line, ..Place::default() };
        Box::new(Note { place, field: String::new(), words })
    };
    let text = std::str::from_utf8(&file.bytes).map_err(|error| {
        let before = file.bytes.get(..error.valid_up_to()).unwrap_or_default();
        fault(1, 1 + before.iter().filter(|byte| **byte == b'\n').count(), "the file is not text in UTF-8".to_owned())
    })?;
    yaml::documents(text).map_err(|broken| fault(broken.document, broken.line, broken.words))
}

/// In whose words a document is written; what nobody knows is left alone, and a version that is
/// not understood is a fault.
fn format_of(tree: &Value, notes: &Notes) -> Option<Format> {
    let text = |field: &str| tree.get(field).and_then(Value::as_str);
    let name = text("kind").map(str::to_owned);
    notes.is_named(name, tree.pointer("/metadata/name").and_then(fields::plain));
    let found = FORMATS.into_iter().find(|(_, field, value)| text(field) == Some(value));
    if let Some((format, ..)) = found {
        return Some(format);
    }
    let Some((field, said)) = ["apiVersion", "version"].into_iter().find_map(|field| Some((field, text(field)?))) else {
        notes.remark("", "this is no definition that Tocsin knows; it was left out");
        return None;
    };
    let family = said.split('/').next().unwrap_or_default();
    match FORMATS.into_iter().find(|(_, of, value)| *of == field && value.split('/').next() == Some(family)) {
        Some((_, _, value)) => notes.fault(field, format!("“{said}” is not understood; Tocsin reads “{value}”")),
        None => notes.remark("", format!("“{said}” is no definition that Tocsin knows; it was left out")),
    }
    None
}

/// A definition as it may be kept; otherwise its faults are noted.
fn checked(what: What, notes: &Notes) -> Option<What> {
    let noted = |faults: Vec<String>| faults.iter().for_each(|fault| notes.fault("spec", fault));
    match what {
        What::Service { name, draft, is_whole } => {
            if !crate::domain::services::is_name(&name) {
                notes.fault("metadata.name", "a service's name has 1 to 200 characters, none of them a control character");
                return None;
            }
            draft.parse(&name).map_err(noted).ok().map(|draft| What::Service { name, draft, is_whole })
        }
        What::Objective { draft, is_source_open } => draft.parse().map_err(noted).ok().map(|draft| What::Objective { draft: Box::new(draft), is_source_open }),
        What::Exclusion(draft) => draft.parse().map_err(noted).ok().map(|draft| What::Exclusion(Box::new(draft))),
        What::DataSource { name, draft } => {
            let faults = draft.faults();
            if !faults.is_empty() {
                noted(faults);
                return None;
            }
            Some(What::DataSource { name, draft })
        }
    }
}

impl Definitions {
    /// Files that say a part of a service each say it together: the first word stands.
    fn join_services(&mut self) {
        let mut first: HashMap<String, usize> = HashMap::new();
        let mut kept: Vec<Definition> = Vec::new();
        for item in std::mem::take(&mut self.items) {
            if let What::Service { name, draft, is_whole: false } = &item.what {
                if let Some(before) = first.get(name).and_then(|at| kept.get_mut(*at)) {
                    if let What::Service { draft: known, is_whole: false, .. } = &mut before.what {
                        fill(known, draft);
                    }
                    continue;
                }
                first.insert(name.clone(), kept.len());
            }
            kept.push(item);
        }
        // Where a file says everything, what others say beside it adds nothing.
        let whole: Vec<String> =
            kept.iter().filter_map(|item| if let What::Service { name, is_whole: true, .. } = &item.what { Some(name.clone()) } else { None }).collect();
        kept.retain(|item| !matches!(&item.what, What::Service { name, is_whole: false, .. } if whole.contains(name)));
        self.items = kept;
    }

    /// Of two definitions of the same thing nobody knows which is meant.
    fn refuse_twins(&mut self) {
        let mut seen: HashMap<(&str, &str), &Place> = HashMap::new();
        for item in &self.items {
            let Some(name) = item.what.name() else { continue };
            if let Some(first) = seen.insert((item.what.kind(), name), &item.place) {
                let words = format!("{} “{name}” is defined already at {}:{}; keep one of them", item.what.kind(), first.file, first.line);
                self.faults.push(Note { place: item.place.clone(), field: "metadata.name".to_owned(), words });
            }
        }
    }
}

/// What is not known yet is taken from `more`.
pub fn fill(known: &mut ServiceDraft, more: &ServiceDraft) {
    if known.owner.is_none() {
        known.owner.clone_from(&more.owner);
    }
    known.tier = known.tier.or(more.tier);
    if known.description.is_empty() {
        known.description.clone_from(&more.description);
    }
    if known.links.is_empty() {
        known.links.clone_from(&more.links);
    }
    if known.depends_on.is_empty() {
        known.depends_on.clone_from(&more.depends_on);
    }
}

#[cfg(test)]
mod tests;
