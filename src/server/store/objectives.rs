//! Objectives as people describe them, and how they were described before.

use super::{Store, StoreError, audit, query, rows, rows::to_json};
use crate::domain::{
    audit::{Action, By, Note, Subject},
    ids::ObjectiveId,
    slo::objective::{Indicator, Objective, ObjectiveDraft},
    time::Timestamp,
};
use serde::Serialize;
use sqlx::{Any, AnyConnection, Transaction, any::AnyRow};

/// An objective with the key under which its slices and readings are kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    pub number: i64,
    pub objective: Objective,
}

/// One version of an objective.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Revision {
    pub revision: i64,
    pub generation: i64,
    pub at: Timestamp,
    pub author: String,
    #[serde(flatten)]
    pub draft: ObjectiveDraft,
}

/// What became of a change.
#[derive(Debug)]
pub enum Described {
    Done(Box<Kept>),
    NameTaken,
    Unknown,
    /// It was changed since; this is its revision now.
    Stale(i64),
}

macro_rules! columns {
    () => {
        "number, id, doc, generation, generation_at, revision, created_at, updated_at, updated_by"
    };
}

impl Store {
    /// Every objective, by name.
    pub async fn objectives(&self) -> Result<Vec<Kept>, StoreError> {
        let found =
            sqlx::query(concat!("SELECT ", columns!(), " FROM objectives ORDER BY name")).fetch_all(&self.readers).await.map_err(query("list objectives"))?;
        found.iter().map(kept).collect()
    }

    /// A number that is another one after every change of objectives, exclusions, overrides and
    /// data sources, by whichever process.
    pub async fn objectives_version(&self) -> Result<i64, StoreError> {
        let row = sqlx::query("SELECT value FROM counters WHERE name = 'objectives'")
            .fetch_one(&self.readers)
            .await
            .map_err(query("read the version of the objectives"))?;
        rows::get(&row, 0)
    }

    pub async fn create_objective(&self, draft: &ObjectiveDraft, by: &By) -> Result<Described, StoreError> {
        let mut write = self.begin().await?;
        let made = create(&mut write, draft, by, self.clock.now()).await?;
        if let Described::Done(_) = made {
            write.commit().await.map_err(query("make an objective"))?;
        }
        Ok(made)
    }

    /// Describes an objective anew. Where readings made for it before say nothing any more, a new
    /// generation begins; readings that were sent to us are cut into its slices again.
    pub async fn change_objective(&self, id: ObjectiveId, draft: &ObjectiveDraft, if_match: Option<i64>, by: &By) -> Result<Described, StoreError> {
        let mut write = self.begin().await?;
        let changed = change(&mut write, id, draft, if_match, by, self.clock.now()).await?;
        if let Described::Done(_) = changed {
            write.commit().await.map_err(query("change an objective"))?;
        }
        Ok(changed)
    }

    /// Removes an objective with everything that was measured for it.
    pub async fn remove_objective(&self, id: ObjectiveId, if_match: Option<i64>, by: &By) -> Result<Described, StoreError> {
        const WHAT: &str = "remove an objective";
        const BY_NUMBER: [&str; 8] = [
            "DELETE FROM objective_revisions WHERE objective = $1",
            "DELETE FROM objective_pulse WHERE objective = $1",
            "DELETE FROM slices WHERE objective = $1",
            "DELETE FROM slice_changes WHERE objective = $1",
            "DELETE FROM slice_packs WHERE objective = $1",
            "DELETE FROM readings WHERE objective = $1",
            "DELETE FROM burn_levels WHERE objective = $1",
            "DELETE FROM objectives WHERE number = $1",
        ];
        let mut write = self.begin().await?;
        mark_changed(&mut write).await?;
        let Some(kept) = one(&mut write, id).await? else { return Ok(Described::Unknown) };
        if if_match.is_some_and(|seen| seen != kept.objective.revision) {
            return Ok(Described::Stale(kept.objective.revision));
        }
        for sql in BY_NUMBER {
            sqlx::query(sql).bind(kept.number).execute(&mut *write).await.map_err(query(WHAT))?;
        }
        super::exclusions::follow(&mut write, &kept.objective.draft.name, None).await?;
        audit::append(&mut write, self.clock.now(), &by.did(Action::ObjectiveRemoved, subject(&kept.objective))).await?;
        write.commit().await.map_err(query(WHAT))?;
        Ok(Described::Done(Box::new(kept)))
    }

    /// How an objective was described, the newest first.
    pub async fn revisions(&self, number: i64) -> Result<Vec<Revision>, StoreError> {
        let found = sqlx::query("SELECT revision, generation, at, author, doc FROM objective_revisions WHERE objective = $1 ORDER BY revision DESC")
            .bind(number)
            .fetch_all(&self.readers)
            .await
            .map_err(query("read how an objective was described"))?;
        let revision = |row: &AnyRow| {
            Ok(Revision {
                revision: rows::get(row, 0)?,
                generation: rows::get(row, 1)?,
                at: rows::time(row, 2)?,
                author: rows::get(row, 3)?,
                draft: rows::json_column(row, 4)?,
            })
        };
        found.iter().map(revision).collect()
    }

    /// When each generation of an objective began, the first one first.
    pub async fn generations(&self, number: i64) -> Result<Vec<Timestamp>, StoreError> {
        let found = sqlx::query("SELECT MIN(at) FROM objective_revisions WHERE objective = $1 GROUP BY generation ORDER BY generation")
            .bind(number)
            .fetch_all(&self.readers)
            .await
            .map_err(query("read the generations of an objective"))?;
        found.iter().map(|row| rows::time(row, 0)).collect()
    }
}

/// Makes an objective within a transaction.
pub(super) async fn create(write: &mut Transaction<'static, Any>, draft: &ObjectiveDraft, by: &By, now: Timestamp) -> Result<Described, StoreError> {
    const WHAT: &str = "make an objective";
    const SQL: &str = "INSERT INTO objectives (id, number, name, service, generation, generation_at, revision, doc, created_at, updated_at, updated_by) \
                       VALUES ($1, $2, $3, $4, 1, $5, 1, $6, $5, $5, $7)";
    let objective = Objective {
        id: ObjectiveId(crate::server::clock::Clock::new_id()),
        draft: draft.clone(),
        generation: 1,
        generation_at: now,
        revision: 1,
        created_at: now,
        updated_at: now,
        updated_by: by.who.name.clone(),
    };
    // First, so that two that are made at the same time come one after the other.
    let number = mark_changed(&mut *write).await?;
    if is_taken(&mut *write, &draft.name, None).await? {
        return Ok(Described::NameTaken);
    }
    sqlx::query(SQL)
        .bind(objective.id.to_string())
        .bind(number)
        .bind(&draft.name)
        .bind(draft.service.as_deref())
        .bind(now.micros())
        .bind(to_json(draft))
        .bind(&objective.updated_by)
        .execute(&mut **write)
        .await
        .map_err(query(WHAT))?;
    know_service(&mut *write, draft, now).await?;
    let pulse = "INSERT INTO objective_pulse (objective, rev, coarse_s, hourly_s, sealed_s, drifts) VALUES ($1, 0, 0, 0, 0, 0)";
    sqlx::query(pulse).bind(number).execute(&mut **write).await.map_err(query(WHAT))?;
    let kept = Kept { number, objective };
    remember(&mut *write, &kept).await?;
    audit::append(&mut *write, now, &said(by.did(Action::ObjectiveCreated, subject(&kept.objective)), draft)).await?;
    Ok(Described::Done(Box::new(kept)))
}

/// Describes an objective anew within a transaction.
pub(super) async fn change(
    write: &mut Transaction<'static, Any>,
    id: ObjectiveId,
    draft: &ObjectiveDraft,
    if_match: Option<i64>,
    by: &By,
    now: Timestamp,
) -> Result<Described, StoreError> {
    const WHAT: &str = "change an objective";
    const SQL: &str = "UPDATE objectives SET name = $2, service = $3, generation = $4, generation_at = $5, revision = $6, doc = $7, updated_at = $8, updated_by = $9 \
                       WHERE id = $1";
    mark_changed(&mut *write).await?;
    let Some(before) = one(&mut *write, id).await? else { return Ok(Described::Unknown) };
    let was = &before.objective;
    if if_match.is_some_and(|seen| seen != was.revision) {
        return Ok(Described::Stale(was.revision));
    }
    if was.draft == *draft {
        return Ok(Described::Done(Box::new(before)));
    }
    if is_taken(&mut *write, &draft.name, Some(id)).await? {
        return Ok(Described::NameTaken);
    }
    let anew = was.draft.begins_anew_as(draft);
    let objective = Objective {
        draft: draft.clone(),
        generation: was.generation + i64::from(anew),
        generation_at: if anew { now } else { was.generation_at },
        revision: was.revision + 1,
        updated_at: now,
        updated_by: by.who.name.clone(),
        ..was.clone()
    };
    sqlx::query(SQL)
        .bind(id.to_string())
        .bind(&draft.name)
        .bind(draft.service.as_deref())
        .bind(objective.generation)
        .bind(objective.generation_at.micros())
        .bind(objective.revision)
        .bind(to_json(draft))
        .bind(now.micros())
        .bind(&objective.updated_by)
        .execute(&mut **write)
        .await
        .map_err(query(WHAT))?;
    know_service(&mut *write, draft, now).await?;
    let kept = Kept { number: before.number, objective };
    remember(&mut *write, &kept).await?;
    if draft.name != was.draft.name {
        super::exclusions::follow(&mut *write, &was.draft.name, Some(&draft.name)).await?;
    }
    if anew {
        match (&was.draft.indicator, &draft.indicator) {
            (Indicator::Pushed, Indicator::Pushed) => super::readings::cut_anew(&mut *write, &kept).await?,
            (Indicator::Pushed, _) => super::readings::forget(&mut *write, kept.number).await?,
            _ => {}
        }
    }
    if !anew && draft.indicator.is_asked() && draft.reaches_back_s() > was.draft.reaches_back_s() {
        // Whoever measures it goes on into the past from where it stopped.
        let sql = "UPDATE objective_pulse SET backfilled = 0 WHERE objective = $1";
        sqlx::query(sql).bind(kept.number).execute(&mut **write).await.map_err(query(WHAT))?;
    }
    let changed = changed_fields(&was.draft, draft).join(", ");
    let note = by.did(Action::ObjectiveChanged, subject(&kept.objective)).with("changed", changed).with("revision", kept.objective.revision);
    audit::append(&mut *write, now, &if anew { note.with("generation", kept.objective.generation) } else { note }).await?;
    Ok(Described::Done(Box::new(kept)))
}

/// Counts a change of a definition, and answers the new version. Until the transaction ends,
/// whoever else changes one waits.
pub(super) async fn mark_changed(write: &mut Transaction<'static, Any>) -> Result<i64, StoreError> {
    const SQL: &str = "UPDATE counters SET value = value + 1 WHERE name = 'objectives' RETURNING value";
    let row = sqlx::query(SQL).fetch_one(&mut **write).await.map_err(query("mark the objectives as changed"))?;
    rows::get(&row, 0)
}

async fn one(write: &mut AnyConnection, id: ObjectiveId) -> Result<Option<Kept>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM objectives WHERE id = $1");
    let row = sqlx::query(sql).bind(id.to_string()).fetch_optional(write).await.map_err(query("read an objective"))?;
    row.as_ref().map(kept).transpose()
}

async fn is_taken(write: &mut AnyConnection, name: &str, by_other_than: Option<ObjectiveId>) -> Result<bool, StoreError> {
    let other = by_other_than.map(|id| id.to_string()).unwrap_or_default();
    let sql = "SELECT 1 FROM objectives WHERE name = $1 AND id <> $2";
    let row = sqlx::query(sql).bind(name).bind(other).fetch_optional(write).await.map_err(query("look for an objective's name"))?;
    Ok(row.is_some())
}

/// A service that an objective is of is known to everybody from then on, also when the objective is
/// gone, and when only private incidents named it before.
async fn know_service(write: &mut AnyConnection, draft: &ObjectiveDraft, now: Timestamp) -> Result<(), StoreError> {
    let Some(service) = &draft.service else { return Ok(()) };
    let sql = "INSERT INTO services (name, created_at, described) VALUES ($1, $2, 1) ON CONFLICT (name) DO UPDATE SET described = 1";
    sqlx::query(sql).bind(service).bind(now.micros()).execute(write).await.map(drop).map_err(query("make a service known"))
}

async fn remember(write: &mut AnyConnection, kept: &Kept) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO objective_revisions (objective, revision, generation, at, author, doc) VALUES ($1, $2, $3, $4, $5, $6)";
    let Kept { number, objective } = kept;
    sqlx::query(SQL)
        .bind(*number)
        .bind(objective.revision)
        .bind(objective.generation)
        .bind(objective.updated_at.micros())
        .bind(&objective.updated_by)
        .bind(to_json(&objective.draft))
        .execute(write)
        .await
        .map(drop)
        .map_err(query("remember how an objective was described"))
}

fn subject(objective: &Objective) -> Subject {
    Subject::new("objective", objective.id, &objective.draft.name)
}

fn said(note: Note, draft: &ObjectiveDraft) -> Note {
    let note = note.with("indicator", draft.indicator.slug());
    match &draft.service {
        Some(service) => note.with("service", service),
        None => note,
    }
}

/// The names of the fields that differ.
fn changed_fields(before: &ObjectiveDraft, after: &ObjectiveDraft) -> Vec<String> {
    let object = |draft: &ObjectiveDraft| match serde_json::to_value(draft) {
        Ok(serde_json::Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    let (before, after) = (object(before), object(after));
    after.into_iter().filter(|(name, value)| before.get(name) != Some(value)).map(|(name, _)| name).collect()
}

fn kept(row: &AnyRow) -> Result<Kept, StoreError> {
    let objective = Objective {
        id: ObjectiveId(rows::parsed(row, 1)?),
        draft: rows::json_column(row, 2)?,
        generation: rows::get(row, 3)?,
        generation_at: rows::time(row, 4)?,
        revision: rows::get(row, 5)?,
        created_at: rows::time(row, 6)?,
        updated_at: rows::time(row, 7)?,
        updated_by: rows::get(row, 8)?,
    };
    Ok(Kept { number: rows::get(row, 0)?, objective })
}
