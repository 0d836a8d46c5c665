//! What has to be written so that what is kept says what the files say.

use super::{Became, Outcome, Secrets};
use crate::{
    domain::{
        ids::DataSourceId,
        people::Actor,
        services::ServiceDraft,
        slo::{
            exclusion::{Exclusion, ExclusionDraft},
            objective::ObjectiveDraft,
        },
        time::Timestamp,
    },
    server::{
        clock::Clock,
        definitions::{
            DataSourceSpec, Definition, Definitions, What, fill,
            note::{Note, Place},
        },
        prometheus::Endpoint,
        state::App,
        store::{Change, Described, Kept as KeptObjective, KeptSource, StoreError},
        usecases::{data_sources, objectives, trying},
        zones,
    },
};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Everything that is defined already, by name.
pub struct Kept {
    pub services: Vec<Described>,
    pub sources: Vec<KeptSource>,
    pub objectives: Vec<KeptObjective>,
    pub exclusions: Vec<Exclusion>,
}

pub struct Plan {
    pub changes: Vec<Change>,
    pub objects: Vec<Outcome>,
    pub warnings: Vec<Note>,
}

impl Kept {
    /// Everything, or with an actor what it may know of.
    pub async fn read(app: &App, actor: Option<&Actor>) -> Result<Self, super::ServerError> {
        let read = async || -> Result<Self, StoreError> {
            Ok(Self {
                services: app.store.described_services(actor).await?,
                sources: app.store.data_sources().await?,
                objectives: app.store.objectives().await?,
                exclusions: app.store.exclusions().await?,
            })
        };
        Ok(read().await?)
    }
}

/// What has to be written, or everything that speaks against it.
pub fn of(files: Definitions, kept: &Kept, secrets: &Secrets<'_>, now: Timestamp) -> Result<Plan, Vec<Note>> {
    let mut planner = Planner {
        kept,
        secrets,
        now,
        changes: Vec::new(),
        objects: Vec::new(),
        warnings: files.remarks,
        faults: Vec::new(),
        exclusions: kept.exclusions.iter().collect(),
    };
    let Sorted { services, sources, mut objectives, exclusions } = sorted(files.items);
    planner.settle_sources(&mut objectives, &sources);
    planner.check_composites(&objectives);
    for (place, name, draft, is_whole) in &services {
        planner.service(place, name, draft, *is_whole);
    }
    planner.unknown_dependencies(&services);
    for (place, name, spec) in &sources {
        planner.source(place, name, spec);
    }
    planner.unknown_services(&objectives, &services);
    let mut names: HashSet<&str> = kept.objectives.iter().map(|kept| kept.objective.draft.name.as_str()).collect();
    names.extend(objectives.iter().map(|(_, draft, _)| draft.name.as_str()));
    for (place, draft, _) in &objectives {
        planner.objective(place, draft);
    }
    for (place, draft) in &exclusions {
        planner.exclusion(place, draft, &names);
    }
    let Planner { changes, objects, warnings, faults, .. } = planner;
    if faults.is_empty() { Ok(Plan { changes, objects, warnings }) } else { Err(faults) }
}

/// Definitions by kind, in the order in which they are written.
#[derive(Default)]
struct Sorted {
    services: Vec<(Place, String, ServiceDraft, bool)>,
    sources: Vec<(Place, String, Box<DataSourceSpec>)>,
    /// With whether the data source is left open.
    objectives: Vec<(Place, ObjectiveDraft, bool)>,
    exclusions: Vec<(Place, Box<ExclusionDraft>)>,
}

fn sorted(items: Vec<Definition>) -> Sorted {
    let mut sorted = Sorted::default();
    for Definition { place, what } in items {
        match what {
            What::Service { name, draft, is_whole } => sorted.services.push((place, name, draft, is_whole)),
            What::DataSource { name, draft } => sorted.sources.push((place, name, draft)),
            What::Objective { draft, is_source_open } => sorted.objectives.push((place, objectives::counting_time(*draft), is_source_open)),
            What::Exclusion(draft) => sorted.exclusions.push((place, draft)),
        }
    }
    sorted
}

struct Planner<'a> {
    kept: &'a Kept,
    secrets: &'a Secrets<'a>,
    now: Timestamp,
    changes: Vec<Change>,
    objects: Vec<Outcome>,
    warnings: Vec<Note>,
    faults: Vec<Note>,
    /// Those that no definition was found for yet.
    exclusions: Vec<&'a Exclusion>,
}

impl Planner<'_> {
    /// Where files leave open who is asked, it is the only source there is; a source that is
    /// missing is said.
    fn settle_sources(&mut self, objectives: &mut [(Place, ObjectiveDraft, bool)], sources: &[(Place, String, Box<DataSourceSpec>)]) {
        let mut known: BTreeSet<&str> = self.kept.sources.iter().map(|source| source.name.as_str()).collect();
        known.extend(sources.iter().map(|(_, name, _)| name.as_str()));
        let only = known.first().filter(|_| known.len() == 1).map(|name| (*name).to_owned());
        for (place, draft, is_open) in objectives {
            if *is_open && let Some(only) = &only {
                draft.source = Some(only.clone());
            }
            if let Some(source) = draft.source.as_ref().filter(|source| draft.indicator.is_asked() && !known.contains(source.as_str())) {
                let words = format!("there is no data source “{source}” yet, so nothing is measured; make it in Tocsin, or apply a DataSource of this name");
                self.warnings.push(note(place, "source", words));
            }
            // Whether it can be asked is known without asking.
            if let Some(Err(unfit)) = trying::ask_of(&draft.indicator).map(|ask| ask.check()) {
                self.warnings.push(note(place, "indicator", format!("{unfit}; nothing is measured until it is changed")));
            }
        }
    }

    /// Composites name objectives that there are, and never themselves.
    fn check_composites(&mut self, objectives: &[(Place, ObjectiveDraft, bool)]) {
        let mut all: BTreeMap<&str, Vec<String>> =
            self.kept.objectives.iter().map(|kept| (kept.objective.draft.name.as_str(), objectives::parts(&kept.objective.draft))).collect();
        all.extend(objectives.iter().map(|(_, draft, _)| (draft.name.as_str(), objectives::parts(draft))));
        for (place, draft, _) in objectives {
            let (mut seen, mut waiting) = (BTreeSet::new(), objectives::parts(draft));
            while let Some(part) = waiting.pop() {
                if part == draft.name {
                    self.faults.push(note(place, "indicator", "a composite is not made from itself, not by way of others either".to_owned()));
                    break;
                }
                match all.get(part.as_str()) {
                    None => self.faults.push(note(place, "indicator", format!("there is no objective “{part}” to make this one from"))),
                    Some(parts) if seen.insert(part.clone()) => waiting.extend(parts.iter().cloned()),
                    Some(_) => {}
                }
            }
            for window in &draft.windows {
                self.check_zone(place, "windows", window.zone_name());
            }
        }
    }

    fn check_zone(&mut self, place: &Place, field: &str, zone: &str) {
        if zones::find(zone).is_none() {
            self.faults.push(note(place, field, format!("there is no time zone “{zone}”; it reads like Europe/Berlin")));
        }
    }

    fn service(&mut self, place: &Place, name: &str, draft: &ServiceDraft, is_whole: bool) {
        let before = self.kept.services.iter().find(|service| service.name == name).map(|service| &service.draft);
        let mut after = draft.clone();
        if let Some(before) = before.filter(|_| !is_whole) {
            fill(&mut after, before);
        }
        if self.tell(place, "Service", Some(name), before, &after) {
            self.changes.push(Change::Service { name: name.to_owned(), draft: after });
        }
    }

    /// A service may need one that nobody describes, be it a slip or somebody else's: it is said.
    fn unknown_dependencies(&mut self, services: &[(Place, String, ServiceDraft, bool)]) {
        let mut known: BTreeSet<&str> = self.kept.services.iter().map(|service| service.name.as_str()).collect();
        known.extend(services.iter().map(|(_, name, ..)| name.as_str()));
        for (place, _, draft, _) in services {
            for needed in draft.depends_on.iter().filter(|needed| !known.contains(needed.as_str())) {
                self.warnings.push(note(place, "depends_on", format!("there is no service “{needed}” yet; the dependency is kept by its name")));
            }
        }
    }

    /// Services that objectives are of and nobody defines are made, each once.
    fn unknown_services(&mut self, objectives: &[(Place, ObjectiveDraft, bool)], services: &[(Place, String, ServiceDraft, bool)]) {
        let mut known: BTreeSet<String> = self.kept.services.iter().map(|service| service.name.clone()).collect();
        known.extend(services.iter().map(|(_, name, ..)| name.clone()));
        for (place, draft, _) in objectives {
            if let Some(service) = draft.service.as_ref().filter(|service| known.insert((*service).clone())) {
                self.service(place, service, &ServiceDraft::default(), true);
            }
        }
    }

    fn source(&mut self, place: &Place, name: &str, spec: &DataSourceSpec) {
        let before = self.kept.sources.iter().find(|source| source.name == name);
        let variable = |variable: &str| match self.secrets {
            Secrets::Of(variables) => variables(variable),
            Secrets::Nobodys => None,
        };
        if matches!(self.secrets, Secrets::Nobodys) && !spec.variables().is_empty() {
            let words = "the server's own environment is not read for callers; apply the file with the command line, or give the secret with PATCH /api/v1/data-sources";
            self.faults.push(note(place, "", words.to_owned()));
            return;
        }
        let headers: Vec<String> = before.iter().flat_map(|before| before.endpoint.headers.keys().cloned()).collect();
        let draft = match spec.draft(name, &headers, &variable) {
            Ok(draft) => draft,
            Err(faults) => return self.faults.extend(faults.into_iter().map(|fault| note(place, "", fault))),
        };
        if let Some(Err(words)) = draft.checked_name() {
            return self.faults.push(Note { field: "metadata.name".to_owned(), ..note(place, "", words) });
        }
        if let Some(before) = before.filter(|before| spec.kind.is_some_and(|kind| kind.slug() != before.kind)) {
            let words = format!("the kind of a data source stays; it is {}", before.kind);
            return self.faults.push(Note { field: "type".to_owned(), ..note(place, "", words) });
        }
        let endpoint = before.map_or_else(|| Endpoint::new(&spec.url), |before| before.endpoint.clone());
        let endpoint = match data_sources::changed(endpoint, draft) {
            Ok(endpoint) => endpoint,
            Err(failure) => return self.faults.push(note(place, "", failure.words)),
        };
        let old = before.map(|before| &before.endpoint);
        if self.tell(place, "DataSource", Some(name), old, &endpoint) {
            let source = match before {
                Some(before) => KeptSource { endpoint, updated_at: self.now, ..before.clone() },
                None => KeptSource {
                    id: DataSourceId(Clock::new_id()),
                    name: name.to_owned(),
                    kind: spec.kind.unwrap_or_default().slug().to_owned(),
                    endpoint,
                    created_at: self.now,
                    updated_at: self.now,
                },
            };
            self.changes.push(Change::DataSource { source: Box::new(source), is_new: before.is_none() });
        }
    }

    fn objective(&mut self, place: &Place, draft: &ObjectiveDraft) {
        let before = self.kept.objectives.iter().map(|kept| &kept.objective).find(|objective| objective.draft.name == draft.name);
        let draft = match before {
            // It was right in the slices that the file says; in those that stand, its pairs may not work.
            Some(before) => match draft.clone().in_slices_of(&before.draft).parse() {
                Ok(draft) => draft,
                Err(faults) => return self.faults.extend(faults.into_iter().map(|fault| note(place, "", fault))),
            },
            None => draft.clone(),
        };
        if self.tell(place, "Objective", Some(&draft.name), before.map(|before| &before.draft), &draft) {
            let before = before.map(|before| (before.id, before.revision));
            self.changes.push(Change::Objective { before, draft: Box::new(draft) });
        }
    }

    /// An exclusion is known by what it is for and when it begins.
    fn exclusion(&mut self, place: &Place, draft: &ExclusionDraft, objectives: &HashSet<&str>) {
        if let Some(objective) = draft.objective.as_ref().filter(|objective| !objectives.contains(objective.as_str())) {
            return self.faults.push(note(place, "objective", format!("there is no objective “{objective}”")));
        }
        if let Some(recurrence) = &draft.recurrence {
            self.check_zone(place, "recurrence.zone", &recurrence.zone);
        }
        let is_it = |other: &ExclusionDraft| (&other.objective, &other.service, other.from) == (&draft.objective, &draft.service, draft.from);
        let same = self.exclusions.iter().position(|kept| kept.draft == *draft);
        // What is kept with these times from before this was asked stays, also where its end or its reason is another.
        let is_timed_so = |other: &ExclusionDraft| is_it(other) && (other.to, &other.recurrence) == (draft.to, &draft.recurrence);
        if !self.exclusions.iter().any(|kept| is_timed_so(&kept.draft))
            && let Some(zone) = draft.recurrence.as_ref().and_then(|recurrence| zones::find(&recurrence.zone))
            && let Some(words) = draft.contradiction(zone.as_ref())
        {
            return self.faults.push(note(place, "recurrence", words));
        }
        let found = same.or_else(|| self.exclusions.iter().position(|kept| is_it(&kept.draft)));
        let before = found.map(|at| self.exclusions.remove(at));
        if self.tell(place, "Exclusion", None, before.map(|before| &before.draft), draft) {
            self.changes.push(Change::Exclusion { before: before.map(|before| before.id), draft: Box::new(draft.clone()) });
        }
    }

    /// Notes what becomes of a definition, and answers whether anything does.
    fn tell<T: Serialize + PartialEq>(&mut self, place: &Place, kind: &'static str, name: Option<&str>, before: Option<&T>, after: &T) -> bool {
        let (outcome, fields) = match before {
            None => (Became::Created, vec![]),
            Some(before) if before == after => (Became::Unchanged, vec![]),
            Some(before) => (Became::Changed, differing(before, after)),
        };
        let Place { file, document, line, .. } = place.clone();
        self.objects.push(Outcome { kind, name: name.map(str::to_owned), outcome, fields, file, document, line });
        outcome != Became::Unchanged
    }
}

fn note(place: &Place, field: &str, words: String) -> Note {
    let field = if field.is_empty() { "spec".to_owned() } else { format!("spec.{field}") };
    Note { place: place.clone(), field, words }
}

/// The names of the fields that differ; never what is in them.
fn differing(before: &impl Serialize, after: &impl Serialize) -> Vec<String> {
    let fields = |value: Value| if let Value::Object(fields) = value { fields } else { serde_json::Map::new() };
    let before = fields(serde_json::to_value(before).unwrap_or_default());
    let after = fields(serde_json::to_value(after).unwrap_or_default());
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    names.into_iter().filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::slo::{
        objective::{Alerting, PairDraft, Urgency},
        tests::{now, with},
    };

    #[test]
    fn pairs_that_cannot_work_in_the_slices_that_stand_are_refused() {
        let pairs = vec![PairDraft { severity: Urgency::Page, factor: 14.4, long_s: 3_600, short_s: 300 }];
        let alerting = Alerting { pairs: Some(pairs), ..Alerting::default() };
        let file = with(|draft| (draft.slice_s, draft.alerting) = (60, alerting)).draft;
        let faults_beside = |slice_s: i64| {
            let what = What::Objective { draft: Box::new(file.clone()), is_source_open: false };
            let files = Definitions { items: vec![Definition { place: Place::default(), what }], ..Definitions::default() };
            let objectives = vec![KeptObjective { number: 1, objective: with(|draft| draft.slice_s = slice_s) }];
            let kept = Kept { services: vec![], sources: vec![], objectives, exclusions: vec![] };
            of(files, &kept, &Secrets::Nobodys, now()).err().unwrap_or_default()
        };
        assert_eq!((faults_beside(60), faults_beside(300)), (vec![], vec![]));
        let faults = faults_beside(3_600);
        assert!(faults.iter().any(|fault| fault.field == "spec" && fault.words.contains("is below 1")), "{faults:?}");
    }
}
