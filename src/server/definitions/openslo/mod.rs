//! OpenSLO v1: `apiVersion: openslo/v1`.
//!
//! An SLO may hold its indicator, alert policies and conditions, or name documents that do, in any
//! of the files. A data source that it names may be one of them or one that Tocsin has already.

mod alerts;
mod indicator;
mod slo;

use super::{DataSourceSpec, What, fields::Fields, note::Notes};
use crate::domain::services::ServiceDraft;
use serde_json::Value;
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

/// Kinds that are looked up by name.
const REFERRED: [&str; 4] = ["SLI", "AlertPolicy", "AlertCondition", "DataSource"];
/// What speaks the HTTP API of Prometheus.
const ASKED: [&str; 6] = ["prometheus", "thanos", "mimir", "cortex", "victoriametrics", "amazonprometheus"];

/// The documents that others name.
pub struct Library<'a> {
    documents: BTreeMap<(&'static str, &'a str), (&'a Value, &'a Notes<'a>)>,
    used: RefCell<BTreeSet<(&'static str, &'a str)>>,
}

impl<'a> Library<'a> {
    pub fn of(all: impl Iterator<Item = (&'a Value, &'a Notes<'a>)>) -> Self {
        let mut documents = BTreeMap::new();
        for (tree, notes) in all {
            let kind = REFERRED.into_iter().find(|kind| tree.get("kind").and_then(Value::as_str) == Some(kind));
            let name = tree.pointer("/metadata/name").and_then(Value::as_str);
            if let (Some(kind), Some(name)) = (kind, name)
                && documents.insert((kind, name), (tree, notes)).is_some()
            {
                notes.fault("metadata.name", format!("another {kind} has the name “{name}” already; keep one of them"));
            }
        }
        Self { documents, used: RefCell::default() }
    }

    fn find(&self, kind: &'static str, name: &str) -> Option<Fields<'a>> {
        let ((kind, name), (tree, notes)) = self.documents.iter().find(|((of, called), _)| *of == kind && *called == name)?;
        self.used.borrow_mut().insert((*kind, *name));
        Fields::of(tree, "", notes)
    }

    /// The type of a data source that is defined in the files.
    fn source_type(&self, name: &str) -> Option<&'a str> {
        let (_, (tree, _)) = self.documents.iter().find(|((kind, called), _)| *kind == "DataSource" && *called == name)?;
        tree.pointer("/spec/type").and_then(Value::as_str)
    }

    /// What nobody names is not kept anywhere.
    pub fn remark_on_unused(&self) {
        let used = self.used.borrow();
        for ((kind, name), (_, notes)) in &self.documents {
            if *kind != "DataSource" && !used.contains(&(*kind, *name)) {
                notes.remark("", "no objective in these files uses it; it was left out");
            }
        }
    }
}

pub fn read<'a>(root: &Fields<'a>, library: &Library<'a>) -> Vec<What> {
    root.may_have(&["apiVersion"]);
    match root.needed_text("kind").as_deref() {
        Some("SLO") => slo::read(root, library),
        Some("Service") => service(root).into_iter().collect(),
        Some("DataSource") => data_source(root).into_iter().collect(),
        // They are read with the objectives that name them.
        Some("SLI" | "AlertPolicy" | "AlertCondition") => {
            root.all();
            vec![]
        }
        Some("AlertNotificationTarget") => {
            root.all();
            root.remark("", "who is told of an alert is set in Tocsin itself; it was left out");
            vec![]
        }
        other => {
            root.all();
            if let Some(other) = other {
                root.fault("kind", format!("“{other}” is no kind of openslo/v1"));
            }
            vec![]
        }
    }
}

/// What the metadata of a document says: its name, and as which it is shown.
struct Metadata {
    name: String,
    title: Option<String>,
    owner: Option<String>,
}

/// Reads the metadata; of the labels only who owns it has a place here.
fn metadata(root: &Fields) -> Option<Metadata> {
    let Some(metadata) = root.fields("metadata") else {
        if !root.has("metadata") {
            root.fault("metadata", "it is missing; metadata.name says what the definition is called");
        }
        return None;
    };
    let (name, title) = (metadata.needed_text("name"), metadata.text("displayName"));
    let mut owner = None;
    if let Some(labels) = metadata.fields("labels") {
        let found = ["owner", "team"].into_iter().find(|name| labels.value(name).is_some_and(Value::is_string));
        owner = found.and_then(|name| labels.text(name));
        let rest: Vec<&str> = labels.all().keys().map(String::as_str).filter(|name| Some(*name) != found).collect();
        if !rest.is_empty() {
            labels.remark("", format!("labels have no place here; these were left out: {}", rest.join(", ")));
        }
    }
    metadata.is_left_out("annotations", "annotations have no place here; they were left out");
    Some(Metadata { name: name?, title, owner })
}

fn service(root: &Fields) -> Option<What> {
    let metadata = metadata(root);
    let description = root.fields("spec").and_then(|spec| spec.text("description"));
    let Metadata { name, title, owner } = metadata?;
    if let Some(title) = title.filter(|title| *title != name) {
        root.remark("metadata.displayName", format!("a service is shown by its name; “{}” was left out", super::note::inert(&title)));
    }
    Some(What::Service { name, draft: ServiceDraft { owner, description: description.unwrap_or_default(), ..ServiceDraft::default() }, is_whole: false })
}

fn data_source(root: &Fields) -> Option<What> {
    let metadata = metadata(root);
    let spec = root.fields("spec");
    let Some(spec) = spec else {
        root.fault("spec", "it is missing");
        return None;
    };
    spec.is_left_out("description", "a data source has no description here; it was left out");
    let kind = spec.needed_text("type")?;
    let details = spec.fields("connectionDetails");
    let Metadata { name, .. } = metadata?;
    if !is_asked(&kind) {
        details.iter().for_each(|details| _ = details.all());
        spec.remark(
            "type",
            format!("Tocsin asks what speaks the HTTP API of Prometheus, which “{}” does not; the data source was left out", super::note::inert(&kind)),
        );
        return None;
    }
    let url = details
        .as_ref()
        .and_then(|details| ["url", "baseUrl", "address", "endpoint"].into_iter().find(|field| details.has(field)).and_then(|field| details.text(field)));
    let rest: Vec<&str> = details
        .iter()
        .flat_map(|details| details.all().keys())
        .map(String::as_str)
        .filter(|field| !["url", "baseUrl", "address", "endpoint"].contains(field))
        .collect();
    if !rest.is_empty() {
        spec.remark("connectionDetails", format!("these were left out, and secrets do not belong into files: {}", rest.join(", ")));
    }
    let Some(url) = url else {
        spec.remark("connectionDetails", "it names no url, so the data source was left out; make one of this name in Tocsin");
        return None;
    };
    Some(What::DataSource { name, draft: Box::new(DataSourceSpec::at(url)) })
}

fn is_asked(kind: &str) -> bool {
    let plain: String = kind.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    ASKED.contains(&plain.as_str())
}
