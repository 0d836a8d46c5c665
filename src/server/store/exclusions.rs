//! Time that is left out of objectives.

use super::{Store, StoreError, audit, objectives::mark_changed, query, rows, rows::to_json};
use crate::domain::{
    audit::{Action, By, Note, Subject},
    ids::ExclusionId,
    slo::exclusion::{EndRefusal, Exclusion, ExclusionDraft},
    time::Timestamp,
};
use sqlx::{Any, AnyConnection, Transaction, any::AnyRow};

impl Store {
    /// All of it, the newest first.
    pub async fn exclusions(&self) -> Result<Vec<Exclusion>, StoreError> {
        let found = sqlx::query("SELECT id, doc, author, created_at FROM exclusions ORDER BY created_at DESC, id DESC")
            .fetch_all(&self.readers)
            .await
            .map_err(query("list exclusions"))?;
        found.iter().map(exclusion).collect()
    }

    pub async fn create_exclusion(&self, draft: &ExclusionDraft, by: &By) -> Result<Exclusion, StoreError> {
        let mut write = self.begin().await?;
        let made = create(&mut write, draft, by, self.clock.now()).await?;
        write.commit().await.map_err(query("make an exclusion"))?;
        Ok(made)
    }

    /// Ends what is left out at an instant; `None`: there is no such one.
    pub async fn end_exclusion(&self, id: ExclusionId, ends_at: Timestamp, by: &By) -> Result<Option<Result<Exclusion, EndRefusal>>, StoreError> {
        const WHAT: &str = "end an exclusion";
        let now = self.clock.now();
        let mut write = self.begin().await?;
        mark_changed(&mut write).await?;
        let row = sqlx::query("SELECT id, doc, author, created_at FROM exclusions WHERE id = $1")
            .bind(id.to_string())
            .fetch_optional(&mut *write)
            .await
            .map_err(query(WHAT))?;
        let Some(known) = row.as_ref().map(exclusion).transpose()? else { return Ok(None) };
        let draft = match known.draft.ended(ends_at, now) {
            Ok(draft) => draft,
            Err(refusal) => return Ok(Some(Err(refusal))),
        };
        sqlx::query("UPDATE exclusions SET doc = $2 WHERE id = $1")
            .bind(id.to_string())
            .bind(to_json(&draft))
            .execute(&mut *write)
            .await
            .map_err(query(WHAT))?;
        let ended = Exclusion { draft, ..known };
        let note = told(by.did(Action::ExclusionEnded, subject(&ended)), &ended.draft).with("ends_at", ends_at);
        audit::append(&mut write, now, &note).await?;
        write.commit().await.map_err(query(WHAT))?;
        Ok(Some(Ok(ended)))
    }

    /// Takes an exclusion away; `None`: there is no such one.
    pub async fn remove_exclusion(&self, id: ExclusionId, by: &By) -> Result<Option<Exclusion>, StoreError> {
        let mut write = self.begin().await?;
        let removed = remove(&mut write, id, by, self.clock.now()).await?;
        if removed.is_some() {
            write.commit().await.map_err(query("remove an exclusion"))?;
        }
        Ok(removed)
    }
}

/// Leaves time out within a transaction.
pub(super) async fn create(write: &mut Transaction<'static, Any>, draft: &ExclusionDraft, by: &By, now: Timestamp) -> Result<Exclusion, StoreError> {
    const WHAT: &str = "make an exclusion";
    let made = Exclusion { id: ExclusionId(crate::server::clock::Clock::new_id()), draft: draft.clone(), author: by.who.name.clone(), created_at: now };
    mark_changed(write).await?;
    sqlx::query("INSERT INTO exclusions (id, doc, author, created_at) VALUES ($1, $2, $3, $4)")
        .bind(made.id.to_string())
        .bind(to_json(draft))
        .bind(&made.author)
        .bind(now.micros())
        .execute(&mut **write)
        .await
        .map_err(query(WHAT))?;
    let note = told(by.did(Action::ExclusionCreated, subject(&made)), draft);
    audit::append(write, now, &note).await?;
    Ok(made)
}

/// Takes an exclusion away within a transaction.
pub(super) async fn remove(write: &mut Transaction<'static, Any>, id: ExclusionId, by: &By, now: Timestamp) -> Result<Option<Exclusion>, StoreError> {
    const WHAT: &str = "remove an exclusion";
    mark_changed(write).await?;
    let row = sqlx::query("DELETE FROM exclusions WHERE id = $1 RETURNING id, doc, author, created_at")
        .bind(id.to_string())
        .fetch_optional(&mut **write)
        .await
        .map_err(query(WHAT))?;
    let Some(removed) = row.as_ref().map(exclusion).transpose()? else { return Ok(None) };
    let note = told(by.did(Action::ExclusionRemoved, subject(&removed)), &removed.draft);
    audit::append(write, now, &note).await?;
    Ok(Some(removed))
}

/// Exclusions name their objective, so they follow it to its new name; without one they go with it.
pub(super) async fn follow(write: &mut AnyConnection, before: &str, after: Option<&str>) -> Result<(), StoreError> {
    const WHAT: &str = "keep exclusions with their objective";
    let found = sqlx::query("SELECT id, doc, author, created_at FROM exclusions").fetch_all(&mut *write).await.map_err(query(WHAT))?;
    for row in &found {
        let mut known = exclusion(row)?;
        if known.draft.objective.as_deref() != Some(before) {
            continue;
        }
        let statement = match after {
            Some(name) => {
                known.draft.objective = Some(name.to_owned());
                sqlx::query("UPDATE exclusions SET doc = $2 WHERE id = $1").bind(known.id.to_string()).bind(to_json(&known.draft))
            }
            None => sqlx::query("DELETE FROM exclusions WHERE id = $1").bind(known.id.to_string()),
        };
        statement.execute(&mut *write).await.map_err(query(WHAT))?;
    }
    Ok(())
}

/// As the audit log names it: by what it is for.
fn subject(exclusion: &Exclusion) -> Subject {
    let draft = &exclusion.draft;
    let of = draft.objective.as_deref().or(draft.service.as_deref()).unwrap_or("all objectives");
    Subject::new("exclusion", exclusion.id, of)
}

/// With everything that says which time is left out of what, and why: it is all that is left of an
/// exclusion that was removed.
fn told(note: Note, draft: &ExclusionDraft) -> Note {
    let mut note = note.with("from", draft.from).with("to", draft.to).with("reason", &draft.reason);
    let said = [("objective", draft.objective.as_ref()), ("service", draft.service.as_ref()), ("category", Some(&draft.category))];
    for (name, value) in said {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            note = note.with(name, value);
        }
    }
    if let Some(recurrence) = &draft.recurrence {
        note = note.with("rule", &recurrence.rule).with("start", recurrence.start).with("zone", &recurrence.zone).with("duration_s", recurrence.duration_s);
    }
    match draft.ends_at {
        Some(ends_at) => note.with("ends_at", ends_at),
        None => note,
    }
}

fn exclusion(row: &AnyRow) -> Result<Exclusion, StoreError> {
    Ok(Exclusion { id: ExclusionId(rows::parsed(row, 0)?), draft: rows::json_column(row, 1)?, author: rows::get(row, 2)?, created_at: rows::time(row, 3)? })
}
