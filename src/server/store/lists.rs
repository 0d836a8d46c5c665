//! Long lists: all incidents in large pages, several by their ids, and the views people keep.

use super::{Store, StoreError, query, rows};
use crate::domain::{ids::IncidentId, incident::Incident, lists::IncidentRow, people::Actor, views::SavedView};
use futures::TryStreamExt;

impl Store {
    /// Up to `limit` rows of incidents that `actor` may see, the newest reference first, those
    /// before `before`; and where the next page begins. One whole incident is held at a time.
    pub async fn incident_rows(&self, actor: &Actor, before: Option<i64>, limit: i64) -> Result<(Vec<IncidentRow>, Option<i64>), StoreError> {
        let visible = self.private_incidents_of(actor).await?;
        let mut found = sqlx::query(
            "SELECT i.doc FROM incidents i WHERE ($1 = 0 OR i.ref < $1) AND (i.private = 0 OR $2 = '*' OR $2 LIKE '%,' || i.id || ',%') \
             ORDER BY i.ref DESC LIMIT $3",
        )
        .bind(before.unwrap_or(0))
        .bind(visible)
        .bind(limit)
        .fetch(&self.readers);
        let mut listed = Vec::new();
        while let Some(row) = found.try_next().await.map_err(query("list all incidents"))? {
            listed.push(IncidentRow::of(&rows::incident(&row, 0)?));
        }
        let is_full = i64::try_from(listed.len()).unwrap_or(i64::MAX) >= limit;
        let next = listed.last().filter(|_| is_full).map(|row| row.reference.0);
        Ok((listed, next))
    }

    /// Those of these incidents that `actor` may see, in no order.
    pub async fn several_incidents(&self, actor: &Actor, ids: &[IncidentId]) -> Result<Vec<Incident>, StoreError> {
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            found.extend(self.incident(*id).await?.filter(|incident| incident.is_visible_to(actor)));
        }
        Ok(found)
    }

    /// The views that somebody keeps, by name.
    pub async fn saved_views(&self, owner: &str) -> Result<Vec<SavedView>, StoreError> {
        let found = sqlx::query("SELECT name, query FROM saved_views WHERE owner = $1 ORDER BY name")
            .bind(owner)
            .fetch_all(&self.readers)
            .await
            .map_err(query("list the views somebody keeps"))?;
        found.iter().map(|row| Ok(SavedView { name: rows::get(row, 0)?, query: rows::get(row, 1)? })).collect()
    }

    /// Keeps a view; one of the same name is replaced. `false`: there are `most` already.
    pub async fn save_view(&self, owner: &str, view: &SavedView, most: i64) -> Result<bool, StoreError> {
        const SQL: &str = "INSERT INTO saved_views (owner, name, query, saved_at) SELECT $1, $2, $3, $4 \
                           WHERE (SELECT COUNT(*) FROM saved_views WHERE owner = $1 AND name <> $2) < $5 \
                           ON CONFLICT (owner, name) DO UPDATE SET query = excluded.query, saved_at = excluded.saved_at";
        let mut write = self.begin().await?;
        let saved = sqlx::query(SQL)
            .bind(owner)
            .bind(&view.name)
            .bind(&view.query)
            .bind(self.clock.now().micros())
            .bind(most)
            .execute(&mut *write)
            .await
            .map_err(query("keep a view"))?;
        write.commit().await.map_err(query("keep a view"))?;
        Ok(saved.rows_affected() == 1)
    }

    pub async fn forget_view(&self, owner: &str, name: &str) -> Result<(), StoreError> {
        let mut write = self.begin().await?;
        sqlx::query("DELETE FROM saved_views WHERE owner = $1 AND name = $2")
            .bind(owner)
            .bind(name)
            .execute(&mut *write)
            .await
            .map_err(query("forget a view"))?;
        write.commit().await.map_err(query("forget a view"))
    }
}
