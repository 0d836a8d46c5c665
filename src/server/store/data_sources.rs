//! Systems that are asked for readings. How they know us is kept as it is, because it has to be
//! sent to them, and leaves this file only inside [`KeptSource`].

use super::{Store, StoreError, audit, objectives::mark_changed, query, rows, rows::to_json};
use crate::{
    domain::{
        audit::{Action, By, Note, Subject},
        ids::DataSourceId,
        time::Timestamp,
    },
    server::prometheus::Endpoint,
};
use sqlx::{Any, AnyConnection, Transaction, any::AnyRow};

/// A data source with how it is reached.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptSource {
    pub id: DataSourceId,
    pub name: String,
    pub kind: String,
    pub endpoint: Endpoint,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What became of a change.
#[derive(Debug)]
pub enum SourceKept {
    Done,
    NameTaken,
    Unknown,
    /// Objectives ask it: these.
    InUse(Vec<String>),
}

const COLUMNS: &str = "SELECT id, name, kind, endpoint, created_at, updated_at FROM data_sources ORDER BY name";

impl Store {
    /// Every data source, by name.
    pub async fn data_sources(&self) -> Result<Vec<KeptSource>, StoreError> {
        let found = sqlx::query(COLUMNS).fetch_all(&self.readers).await.map_err(query("list data sources"))?;
        found.iter().map(source).collect()
    }

    pub async fn create_data_source(&self, made: &KeptSource, by: &By) -> Result<SourceKept, StoreError> {
        let mut write = self.begin().await?;
        let kept = create(&mut write, made, by).await?;
        if let SourceKept::Done = kept {
            write.commit().await.map_err(query("make a data source"))?;
        }
        Ok(kept)
    }

    /// Writes a data source down anew. While objectives ask it, it keeps its name.
    pub async fn change_data_source(&self, changed: &KeptSource, by: &By) -> Result<SourceKept, StoreError> {
        let mut write = self.begin().await?;
        let kept = change(&mut write, changed, by).await?;
        if let SourceKept::Done = kept {
            write.commit().await.map_err(query("change a data source"))?;
        }
        Ok(kept)
    }

    /// Removes a data source that no objective asks.
    pub async fn remove_data_source(&self, id: DataSourceId, by: &By) -> Result<SourceKept, StoreError> {
        const WHAT: &str = "remove a data source";
        let mut write = self.begin().await?;
        mark_changed(&mut write).await?;
        let row = sqlx::query("DELETE FROM data_sources WHERE id = $1 RETURNING id, name, kind, endpoint, created_at, updated_at")
            .bind(id.to_string())
            .fetch_optional(&mut *write)
            .await
            .map_err(query(WHAT))?;
        let Some(removed) = row.as_ref().map(source).transpose()? else { return Ok(SourceKept::Unknown) };
        let users = users_of(&mut write, &removed.name).await?;
        if !users.is_empty() {
            return Ok(SourceKept::InUse(users));
        }
        audit::append(&mut write, self.clock.now(), &by.did(Action::DataSourceRemoved, subject(&removed))).await?;
        write.commit().await.map_err(query(WHAT))?;
        Ok(SourceKept::Done)
    }
}

/// Makes a data source within a transaction.
pub(super) async fn create(write: &mut Transaction<'static, Any>, made: &KeptSource, by: &By) -> Result<SourceKept, StoreError> {
    const WHAT: &str = "make a data source";
    mark_changed(write).await?;
    if is_taken(write, made).await? {
        return Ok(SourceKept::NameTaken);
    }
    sqlx::query("INSERT INTO data_sources (id, name, kind, endpoint, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(made.id.to_string())
        .bind(&made.name)
        .bind(&made.kind)
        .bind(to_json(&made.endpoint))
        .bind(made.created_at.micros())
        .bind(made.updated_at.micros())
        .execute(&mut **write)
        .await
        .map_err(query(WHAT))?;
    audit::append(write, made.created_at, &said(by.did(Action::DataSourceCreated, subject(made)), made)).await?;
    Ok(SourceKept::Done)
}

/// Writes a data source down anew within a transaction.
pub(super) async fn change(write: &mut Transaction<'static, Any>, changed: &KeptSource, by: &By) -> Result<SourceKept, StoreError> {
    const WHAT: &str = "change a data source";
    mark_changed(write).await?;
    let row = sqlx::query("SELECT name FROM data_sources WHERE id = $1").bind(changed.id.to_string());
    let Some(row) = row.fetch_optional(&mut **write).await.map_err(query(WHAT))? else { return Ok(SourceKept::Unknown) };
    let before: String = rows::get(&row, 0)?;
    if is_taken(write, changed).await? {
        return Ok(SourceKept::NameTaken);
    }
    if before != changed.name {
        let users = users_of(write, &before).await?;
        if !users.is_empty() {
            return Ok(SourceKept::InUse(users));
        }
    }
    sqlx::query("UPDATE data_sources SET name = $2, endpoint = $3, updated_at = $4 WHERE id = $1")
        .bind(changed.id.to_string())
        .bind(&changed.name)
        .bind(to_json(&changed.endpoint))
        .bind(changed.updated_at.micros())
        .execute(&mut **write)
        .await
        .map_err(query(WHAT))?;
    audit::append(write, changed.updated_at, &said(by.did(Action::DataSourceChanged, subject(changed)), changed)).await?;
    Ok(SourceKept::Done)
}

async fn is_taken(write: &mut AnyConnection, wanted: &KeptSource) -> Result<bool, StoreError> {
    let found = sqlx::query("SELECT 1 FROM data_sources WHERE name = $1 AND id <> $2").bind(&wanted.name).bind(wanted.id.to_string());
    Ok(found.fetch_optional(write).await.map_err(query("look for a data source's name"))?.is_some())
}

/// The names of the objectives that ask the source of this name.
async fn users_of(write: &mut AnyConnection, name: &str) -> Result<Vec<String>, StoreError> {
    #[derive(serde::Deserialize)]
    struct Asks {
        source: Option<String>,
    }
    let found = sqlx::query("SELECT name, doc FROM objectives ORDER BY name").fetch_all(write).await.map_err(query("look for who asks a data source"))?;
    let mut users = vec![];
    for row in &found {
        let asks: Asks = rows::json_column(row, 1)?;
        if asks.source.as_deref() == Some(name) {
            users.push(rows::get(row, 0)?);
        }
    }
    Ok(users)
}

fn subject(source: &KeptSource) -> Subject {
    Subject::new("data_source", source.id, &source.name)
}

/// What may be said of it: where it is, and never how it knows us.
fn said(note: Note, source: &KeptSource) -> Note {
    note.with("kind", &source.kind).with("address", source.endpoint.shown_url())
}

fn source(row: &AnyRow) -> Result<KeptSource, StoreError> {
    Ok(KeptSource {
        id: DataSourceId(rows::parsed(row, 0)?),
        name: rows::get(row, 1)?,
        kind: rows::get(row, 2)?,
        endpoint: rows::json_column(row, 3)?,
        created_at: rows::time(row, 4)?,
        updated_at: rows::time(row, 5)?,
    })
}
