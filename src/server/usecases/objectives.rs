//! Objectives: making them, changing them, and how they stand.

use super::{data_sources, people::needs, trying};
use crate::{
    domain::{
        data_source::SourceKind,
        failure::{Failure, FailureKind},
        people::{Actor, Right},
        slo::{
            objective::{Indicator, Method, Objective, ObjectiveDraft},
            target::TargetRefusal,
        },
    },
    server::{
        auth,
        error::ServerError,
        levels::{Held, One},
        state::App,
        store::{Kept, ObjectiveDescribed, Revision},
        zones,
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Every objective, by name.
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<Objective>, ServerError> {
    needs(actor, Right::Read)?;
    Ok(app.levels.current(app).await?.all().map(|one| one.objective().clone()).collect())
}

/// One objective by its id or name.
pub async fn read(app: &App, actor: &Actor, objective: &str) -> Result<Objective, ServerError> {
    Ok(one(app, actor, objective).await?.objective().clone())
}

/// How an objective was described, the newest first.
pub async fn revisions(app: &App, actor: &Actor, objective: &str) -> Result<Vec<Revision>, ServerError> {
    let one = one(app, actor, objective).await?;
    Ok(app.store.revisions(one.number()).await?)
}

pub async fn create(app: &App, actor: &Actor, draft: ObjectiveDraft) -> Result<Objective, ServerError> {
    needs(actor, Right::ManageObjectives)?;
    let draft = checked(app, draft, None).await?;
    let made = app.store.create_objective(&draft, &auth::by(&actor.who)).await?;
    done(made, actor, "made an objective")
}

/// Describes an objective anew, whole. `if_match` is the revision that whoever changes it saw.
pub async fn change(app: &App, actor: &Actor, objective: &str, draft: ObjectiveDraft, if_match: Option<i64>) -> Result<Objective, ServerError> {
    needs(actor, Right::ManageObjectives)?;
    let before = one(app, actor, objective).await?;
    let draft = checked(app, draft, Some(&before.objective().draft)).await?;
    if draft.name != before.objective().draft.name {
        refuse_while_used(&*app.levels.current(app).await?, &before.objective().draft.name, "is renamed")?;
    }
    let changed = app.store.change_objective(before.objective().id, &draft, if_match, &auth::by(&actor.who)).await?;
    done(changed, actor, "changed an objective")
}

/// Removes an objective with everything that was measured for it.
pub async fn remove(app: &App, actor: &Actor, objective: &str, if_match: Option<i64>) -> Result<Objective, ServerError> {
    needs(actor, Right::ManageObjectives)?;
    let before = one(app, actor, objective).await?;
    refuse_while_used(&*app.levels.current(app).await?, &before.objective().draft.name, "is removed")?;
    let levels = app.store.burn_levels().await?.remove(&before.number()).unwrap_or_default();
    let removed = done(app.store.remove_objective(before.objective().id, if_match, &auth::by(&actor.who)).await?, actor, "removed an objective")?;
    app.burning.quieten(app, &before, &levels).await?;
    Ok(removed)
}

/// One objective by its id or name, with its slices.
pub(super) async fn one(app: &App, actor: &Actor, objective: &str) -> Result<Arc<One>, ServerError> {
    needs(actor, Right::Read)?;
    Ok(app.levels.current(app).await?.find(objective).ok_or_else(unknown)?.clone())
}

fn done(described: ObjectiveDescribed, actor: &Actor, what: &'static str) -> Result<Objective, ServerError> {
    match described {
        ObjectiveDescribed::Done(kept) => {
            let Kept { objective, .. } = *kept;
            tracing::info!(objective = objective.draft.name, by = actor.who.id, "{what}");
            Ok(objective)
        }
        ObjectiveDescribed::NameTaken => {
            let refused = Failure::new(FailureKind::Refused, "name_taken", "another objective has this name already");
            Err(refused.with_next("Choose another name, or change the one that is there.").into())
        }
        ObjectiveDescribed::Unknown => Err(unknown().into()),
        ObjectiveDescribed::Stale(revision) => {
            let words = format!("somebody changed the objective meanwhile; it is at revision {revision}");
            Err(Failure::new(FailureKind::Stale, "stale_revision", words).with_next("Read it again, then change it.").into())
        }
    }
}

/// What may be kept: what the objective says itself, and what it says of others.
async fn checked(app: &App, draft: ObjectiveDraft, before: Option<&ObjectiveDraft>) -> Result<ObjectiveDraft, ServerError> {
    let draft = counting_time(draft.parse().map_err(|faults| invalid(faults.join("; ")))?);
    // Other tools' files may bring a target of 100 % along; nobody sets one here.
    if draft.target.is_zero_tolerance() && before.is_none_or(|before| before.target != draft.target) {
        return Err(invalid(TargetRefusal::NoBudget.to_string()).into());
    }
    for window in &draft.windows {
        let name = window.zone_name();
        if zones::find(name).is_none() {
            return Err(invalid(format!("there is no time zone “{name}”; it reads like Europe/Berlin")).into());
        }
    }
    if let Some(unfit) = unfit_to_ask(&draft, before) {
        return Err(invalid(unfit).into());
    }
    if let Some(unfit) = unfit_in_source(app, &draft, before).await {
        return Err(invalid(unfit).into());
    }
    if let Indicator::Composite { of, .. } = &draft.indicator {
        let held = app.levels.current(app).await?;
        for part in of {
            if held.find(&part.objective).is_none() {
                return Err(invalid(format!("there is no objective “{}” to make this one from", part.objective)).into());
            }
        }
        if reaches(&held, &draft, &draft.name) {
            return Err(invalid("a composite is not made from itself, not by way of others either".to_owned()).into());
        }
    }
    Ok(draft)
}

/// Why its source cannot be asked for it, as far as that is known without asking. What came with
/// another tool's file and cannot be asked yet stays until somebody changes just that.
fn unfit_to_ask(draft: &ObjectiveDraft, before: Option<&ObjectiveDraft>) -> Option<String> {
    if before.is_some_and(|before| before.indicator == draft.indicator && before.slice_s == draft.slice_s) {
        return None;
    }
    // How a source spells the edge of a bucket decides nothing here.
    let planned = trying::ask_of(&draft.indicator)?.plan(&BTreeMap::new(), draft.slice_s, &["1".to_owned()]);
    planned.err().map(|unfit| unfit.to_string())
}

/// Why its source would never have a reading for it, where the source says so when it is asked.
async fn unfit_in_source(app: &App, draft: &ObjectiveDraft, before: Option<&ObjectiveDraft>) -> Option<String> {
    let is_as_before = before.is_some_and(|before| before.indicator == draft.indicator && before.source == draft.source);
    if is_as_before || !matches!(draft.indicator, Indicator::Latency { native: false, .. }) {
        return None;
    }
    // A source that is not there yet says nothing against it.
    let source = data_sources::kept(app, draft.source.as_deref()?).await.ok()?;
    if source.kind == SourceKind::Prometheus.slug() { trying::no_edge(app, draft, &source.endpoint).await } else { None }
}

/// What is made from several counts time: their events cannot be added up.
pub(super) fn counting_time(draft: ObjectiveDraft) -> ObjectiveDraft {
    let is_composite = matches!(draft.indicator, Indicator::Composite { .. });
    if is_composite && !draft.method.counts_time() { ObjectiveDraft { method: Method::RatioTimeslices, ..draft } } else { draft }
}

/// Whether a composite is made from `name`, however far down.
fn reaches(held: &Held, draft: &ObjectiveDraft, name: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut waiting = parts(draft);
    while let Some(part) = waiting.pop() {
        if part == name {
            return true;
        }
        if let Some(one) = held.find(&part).filter(|_| seen.insert(part.clone())) {
            waiting.extend(parts(&one.objective().draft));
        }
    }
    false
}

pub(super) fn parts(draft: &ObjectiveDraft) -> Vec<String> {
    match &draft.indicator {
        Indicator::Composite { of, .. } => of.iter().map(|part| part.objective.clone()).collect(),
        _ => vec![],
    }
}

/// Composites name their parts, so a part stays as it is called while they do.
fn refuse_while_used(held: &Held, name: &str, what: &str) -> Result<(), Failure> {
    let users: Vec<&str> =
        held.all().map(|one| &one.objective().draft).filter(|draft| parts(draft).iter().any(|part| part == name)).map(|draft| draft.name.as_str()).collect();
    if users.is_empty() {
        return Ok(());
    }
    let words = format!(
        "{} made from it: change them before it {what}",
        if users.len() == 1 { format!("“{}” is", users[0]) } else { format!("“{}” are", users.join("”, “")) }
    );
    Err(Failure::new(FailureKind::Refused, "in_use", words))
}

fn invalid(words: String) -> Failure {
    Failure::new(FailureKind::Invalid, "invalid_objective", words)
}

pub(super) fn unknown() -> Failure {
    Failure::new(FailureKind::NotFound, "unknown_objective", "there is no such objective")
}
