//! The one-time key that makes the first admin: its hash and when it ends. It works once, and
//! never while somebody can manage people.

use super::{Store, StoreError, audit, people, query, sessions, sessions::NewSession};
use crate::domain::{
    accounts::Person,
    audit::{Action, By},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use sqlx::Row;

pub(super) const NAME: &str = "first_admin_key";

#[derive(Serialize, Deserialize)]
struct Key {
    hash: String,
    expires_at: Timestamp,
}

/// What became of the link to the first admin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstAdmin {
    Made,
    /// The key is wrong, used or too old, or there is an admin.
    Refused,
    LoginTaken,
}

impl Store {
    /// Replaces the key; links made before are worth nothing from now on.
    pub async fn set_first_admin_key(&self, hash: &str, expires_at: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        let unwritable = |source| StoreError::Unreadable { what: "the first admin's key", source };
        let value = serde_json::to_string(&Key { hash: hash.to_owned(), expires_at }).map_err(unwritable)?;
        let mut write = self.begin().await?;
        sqlx::query(SQL).bind(NAME).bind(value).execute(&mut *write).await.map_err(query("keep the first admin's key"))?;
        write.commit().await.map_err(query("keep the first admin's key"))
    }

    /// Makes the first admin and their session, and uses the key up.
    pub async fn create_first_admin(
        &self,
        key_hash: &str,
        person: &Person,
        password_hash: &str,
        session: &NewSession,
        by: &By,
    ) -> Result<FirstAdmin, StoreError> {
        const TAKE: &str = "DELETE FROM meta WHERE name = $1 RETURNING value";
        let mut write = self.begin().await?;
        let taken = sqlx::query(TAKE).bind(NAME).fetch_optional(&mut *write).await.map_err(query("use the first admin's key"))?;
        let Some(row) = taken else { return Ok(FirstAdmin::Refused) };
        let value: String = row.try_get(0).map_err(query("use the first admin's key"))?;
        let key: Key = serde_json::from_str(&value).map_err(|source| StoreError::Unreadable { what: "the first admin's key", source })?;
        // Leaving before the commit rolls back, so neither a wrong guess nor a taken login uses the key up.
        if key.hash != key_hash || key.expires_at <= session.created_at || people::count_admins(&mut write, false).await? > 0 {
            return Ok(FirstAdmin::Refused);
        }
        if !people::insert(&mut write, person, Some(password_hash)).await? {
            return Ok(FirstAdmin::LoginTaken);
        }
        sessions::insert(&mut write, session, Some(password_hash)).await?;
        audit::append(&mut write, session.created_at, &by.did(Action::FirstAdminMade, people::subject(person))).await?;
        write.commit().await.map_err(query("make the first admin"))?;
        Ok(FirstAdmin::Made)
    }
}
