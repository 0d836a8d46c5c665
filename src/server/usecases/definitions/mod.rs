//! Definitions as code: what files hold is compared with what is kept, and all of it is written,
//! or nothing.

mod plan;

use super::{people::needs, trying};
use crate::{
    domain::{
        data_source::SourceKind,
        failure::{Failure, FailureKind},
        people::{Actor, Right},
        slo::objective::ObjectiveDraft,
    },
    server::{
        auth,
        definitions::{
            self, Definition, File, What, fill,
            note::{Note, Place},
            writing, writing_openslo,
        },
        error::ServerError,
        state::App,
        store::Change,
    },
};
use futures::StreamExt;
use plan::{Kept, Plan};
use serde::Serialize;
use std::time::{Duration, Instant};

/// How many faults are told in one sentence to whoever cannot take a list.
const FAULTS_SHOWN: usize = 20;
/// After so long no further source is asked what it says of what is applied, and so many at once.
const ASKED_FOR: Duration = Duration::from_secs(5);
const ASKED_AT_ONCE: usize = 4;

/// Whose environment variables hold the secrets of data sources.
pub enum Secrets<'a> {
    /// Those of whoever runs the command.
    Of(&'a (dyn Fn(&str) -> Option<String> + Sync)),
    /// Nobody's: a caller from afar would read the server's own.
    Nobodys,
}

/// What became of files.
#[derive(Debug, Serialize)]
pub struct Report {
    pub dry_run: bool,
    pub created: usize,
    pub changed: usize,
    pub unchanged: usize,
    pub objects: Vec<Outcome>,
    /// What was not taken over as it stands in the files, and what is missing beside them.
    pub warnings: Vec<Note>,
}

/// What became of one definition.
#[derive(Debug, Serialize)]
pub struct Outcome {
    pub kind: &'static str,
    pub name: Option<String>,
    pub outcome: Became,
    /// The fields that differ.
    pub fields: Vec<String>,
    pub file: String,
    pub document: usize,
    pub line: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Became {
    Created,
    Changed,
    Unchanged,
}

/// Why files were not applied.
pub enum Unapplied {
    /// Something is wrong with them; nothing was written.
    Faults(Vec<Note>),
    Failed(ServerError),
}

/// The forms in which definitions are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    #[default]
    Tocsin,
    OpenSlo,
}

impl Form {
    pub fn from_slug(slug: &str) -> Option<Self> {
        match slug {
            "tocsin" => Some(Form::Tocsin),
            "openslo" => Some(Form::OpenSlo),
            _ => None,
        }
    }
}

/// Writes what the files define; with `is_dry` it only says what would become of it. Applying the
/// same again changes nothing.
pub async fn apply(app: &App, actor: &Actor, files: &[File], is_dry: bool, secrets: &Secrets<'_>) -> Result<Report, Unapplied> {
    needs(actor, Right::ManageObjectives).map_err(ServerError::from)?;
    let mut read = definitions::read(files);
    if !read.faults.is_empty() {
        return Err(Unapplied::Faults(read.faults));
    }
    // What becomes of a service tells nobody of private incidents that name it.
    let mut kept = Kept::read(app, Some(actor)).await?;
    take_as_new(&mut read.items, &mut kept);
    let Plan { changes, objects, mut warnings } = plan::of(read, &kept, secrets, app.clock().now()).map_err(Unapplied::Faults)?;
    if changes.iter().any(|change| matches!(change, Change::DataSource { .. })) {
        needs(actor, Right::ManageDataSources).map_err(ServerError::from)?;
    }
    warnings.extend(without_edge(app, &kept, &changes, &objects).await);
    if !is_dry && !app.store.apply(&changes, &auth::by(&actor.who)).await.map_err(ServerError::from)? {
        let words = "somebody changed one of the definitions meanwhile";
        return Err(
            ServerError::from(Failure::new(FailureKind::Stale, "stale_definitions", words).with_next("Nothing was written. Apply the files again.")).into()
        );
    }
    let count = |became: Became| objects.iter().filter(|object| object.outcome == became).count();
    let report =
        Report { dry_run: is_dry, created: count(Became::Created), changed: count(Became::Changed), unchanged: count(Became::Unchanged), objects, warnings };
    if !is_dry {
        tracing::info!(created = report.created, changed = report.changed, by = actor.who.id, "applied definitions");
    }
    Ok(report)
}

/// Latencies whose threshold is no edge of a bucket, as far as their sources say so: they would never
/// have a reading. Only what is kept already is asked, as it is kept.
async fn without_edge(app: &App, kept: &Kept, changes: &[Change], objects: &[Outcome]) -> Vec<Note> {
    let is_changed = |name: &str| changes.iter().any(|change| matches!(change, Change::DataSource { source, .. } if source.name == name));
    let mut asked = vec![];
    for change in changes {
        let Change::Objective { draft, .. } = change else { continue };
        let source = draft.source.as_deref().filter(|name| !is_changed(name)).and_then(|name| kept.sources.iter().find(|source| source.name == name));
        if let Some(source) = source.filter(|source| source.kind == SourceKind::Prometheus.slug()) {
            asked.push((ObjectiveDraft::clone(draft), source.endpoint.clone()));
        }
    }
    let began = Instant::now();
    let answers = futures::stream::iter(asked).map(|(draft, endpoint)| async move {
        let words = if began.elapsed() < ASKED_FOR { trying::no_edge(app, &draft, &endpoint).await } else { None };
        words.map(|words| (draft.name, words))
    });
    let found: Vec<(String, String)> = answers.buffered(ASKED_AT_ONCE).filter_map(std::future::ready).collect().await;
    let note = |(name, words): (String, String)| {
        let object = objects.iter().find(|object| object.kind == "Objective" && object.name.as_deref() == Some(name.as_str()))?;
        let place = Place { file: object.file.clone(), document: object.document, line: object.line, kind: Some("Objective".to_owned()), name: Some(name) };
        Some(Note { place, field: "spec.indicator.threshold_s".to_owned(), words })
    };
    found.into_iter().filter_map(note).collect()
}

/// Services that only incidents named so far are made when a file names them, be it with nothing
/// more than their name. What labels said of them stays where the file does not say everything.
fn take_as_new(items: &mut [Definition], kept: &mut Kept) {
    for item in items {
        let What::Service { name, draft, is_whole } = &mut item.what else { continue };
        let Some(at) = kept.services.iter().position(|known| !known.is_described && known.name == *name) else { continue };
        let known = kept.services.remove(at);
        if !*is_whole {
            fill(draft, &known.draft);
        }
    }
}

/// Everything that is defined, as YAML in a stable order; applied again it changes nothing.
pub async fn export(app: &App, actor: &Actor, form: Form) -> Result<String, ServerError> {
    needs(actor, Right::ManageObjectives)?;
    let kept = Kept::read(app, Some(actor)).await?;
    let drafts: Vec<&ObjectiveDraft> = kept.objectives.iter().map(|kept| &kept.objective.draft).collect();
    if form == Form::OpenSlo {
        return Ok(writing_openslo::file(&drafts));
    }
    let mut documents: Vec<_> =
        kept.services.iter().filter(|service| service.is_described).map(|service| writing::service(&service.name, &service.draft)).collect();
    documents.extend(kept.sources.iter().map(|source| writing::data_source(&source.name, &source.kind, &source.endpoint)));
    documents.extend(drafts.into_iter().map(writing::objective));
    let mut exclusions: Vec<_> = kept.exclusions.iter().collect();
    exclusions.sort_by_key(|exclusion| (exclusion.draft.from, exclusion.draft.objective.clone(), exclusion.draft.service.clone(), exclusion.id));
    documents.extend(exclusions.into_iter().map(|exclusion| writing::exclusion(&exclusion.draft)));
    Ok(writing::file(&documents))
}

impl From<ServerError> for Unapplied {
    fn from(error: ServerError) -> Self {
        Unapplied::Failed(error)
    }
}

/// All in one sentence, for those who cannot take a list.
impl From<Unapplied> for ServerError {
    fn from(unapplied: Unapplied) -> Self {
        match unapplied {
            Unapplied::Failed(error) => error,
            Unapplied::Faults(faults) => {
                let mut words: Vec<String> = faults.iter().take(FAULTS_SHOWN).map(ToString::to_string).collect();
                if faults.len() > FAULTS_SHOWN {
                    words.push(format!("and {} more", faults.len() - FAULTS_SHOWN));
                }
                Failure::new(FailureKind::Invalid, "invalid_definitions", words.join("; "))
                    .with_next("Nothing was written. Correct the files and apply them again.")
                    .into()
            }
        }
    }
}
