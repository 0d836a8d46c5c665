//! Whole series, packed, as they stood at some rev. They only save reading: what they hold is in the
//! slices, too, and whoever takes one asks what changed since.

use super::{Store, StoreError, query, rows};
use std::collections::HashMap;

/// What tells one pack from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackHead {
    pub generation: i64,
    /// Every change of the slices up to this one is in it.
    pub rev: i64,
    /// Slices that begin before are not in it.
    pub from_s: i64,
}

impl Store {
    /// What packs there are, by the objective's number.
    pub async fn slice_packs(&self) -> Result<HashMap<i64, PackHead>, StoreError> {
        let found = sqlx::query("SELECT objective, generation, rev, from_s FROM slice_packs ORDER BY objective")
            .fetch_all(&self.readers)
            .await
            .map_err(query("read which series are packed"))?;
        found
            .iter()
            .map(|row| Ok((rows::get(row, 0)?, PackHead { generation: rows::get(row, 1)?, rev: rows::get(row, 2)?, from_s: rows::get(row, 3)? })))
            .collect()
    }

    /// The body of a pack; `None`: there is another one by now, or none.
    pub async fn slice_pack(&self, number: i64, head: &PackHead) -> Result<Option<String>, StoreError> {
        let row = sqlx::query("SELECT body FROM slice_packs WHERE objective = $1 AND generation = $2 AND rev = $3 AND from_s = $4")
            .bind(number)
            .bind(head.generation)
            .bind(head.rev)
            .bind(head.from_s)
            .fetch_optional(&self.readers)
            .await
            .map_err(query("read a packed series"))?;
        row.map(|row| rows::get(&row, 0)).transpose()
    }

    /// Keeps a pack in the place of the one before. Of an objective that was removed meanwhile there is none.
    pub async fn keep_slice_pack(&self, number: i64, head: &PackHead, body: String) -> Result<(), StoreError> {
        const WHAT: &str = "keep a packed series";
        let mut write = self.begin().await?;
        if !super::slices::lock(&mut write, number).await? {
            return Ok(());
        }
        sqlx::query(
            "INSERT INTO slice_packs (objective, generation, rev, from_s, body) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (objective) DO UPDATE SET generation = excluded.generation, rev = excluded.rev, from_s = excluded.from_s, body = excluded.body",
        )
        .bind(number)
        .bind(head.generation)
        .bind(head.rev)
        .bind(head.from_s)
        .bind(body)
        .execute(&mut *write)
        .await
        .map_err(query(WHAT))?;
        write.commit().await.map_err(query(WHAT))
    }
}
