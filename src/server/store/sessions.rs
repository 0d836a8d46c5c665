//! Who is signed in.
//!
//! A small table of our own instead of a session library's: ending everything a person has open
//! is one statement inside the transaction that changes the account, and a live stream asks the
//! same table whether it may go on. Only hashes of the cookies' secrets are kept.

use super::{Store, StoreError, audit, people, query};
use crate::domain::{
    accounts::Person,
    audit::{Action, By},
    ids::PersonId,
    time::Timestamp,
};
use sqlx::{Any, Row, Transaction};

/// A session that begins.
#[derive(Clone, Debug, PartialEq)]
pub struct NewSession {
    pub token_hash: String,
    pub person_id: PersonId,
    pub created_at: Timestamp,
    /// It ends then however much it is used.
    pub expires_at: Timestamp,
}

/// A session that is open, and whose it is.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenSession {
    pub person: Person,
    /// When it was last used, to the minute.
    pub seen_at: Timestamp,
}

impl Store {
    /// Begins a session and ends the one it replaces. `proved` is the password's hash that was
    /// verified, `None` for people without a password. `false` when the account was disabled or
    /// its password replaced since then.
    pub async fn open_session(&self, session: &NewSession, proved: Option<&str>, replaces: Option<&str>, by: &By) -> Result<bool, StoreError> {
        let mut write = self.begin().await?;
        if let Some(replaced) = replaces {
            delete(&mut write, replaced).await?;
        }
        let opened = insert(&mut write, session, proved).await?;
        if opened {
            audit::append(&mut write, session.created_at, &by.did(Action::SignedIn, None)).await?;
        }
        write.commit().await.map_err(query("begin a session"))?;
        Ok(opened)
    }

    /// The open session with this hash, unless it is older than it may be at `now` or was last
    /// used before `idle_since`, or its person is disabled.
    pub async fn session(&self, token_hash: &str, now: Timestamp, idle_since: Timestamp) -> Result<Option<OpenSession>, StoreError> {
        const SQL: &str = "SELECT p.id, p.login, p.name, p.role, p.disabled, p.demo, p.created_at, p.seen_at, s.seen_at AS session_seen_at \
                           FROM sessions s JOIN people p ON p.id = s.person_id \
                           WHERE s.token_hash = $1 AND s.expires_at > $2 AND s.seen_at > $3 AND p.disabled = 0";
        let found = sqlx::query(SQL).bind(token_hash).bind(now.micros()).bind(idle_since.micros()).fetch_optional(self.readers()).await;
        let Some(row) = found.map_err(query("read a session"))? else { return Ok(None) };
        let read = || Ok(OpenSession { person: people::person(&row)?, seen_at: Timestamp::from_micros(row.try_get("session_seen_at")?) });
        read().map(Some).map_err(query("read a session"))
    }

    /// Notes that a session is in use.
    pub async fn touch_session(&self, token_hash: &str, person: PersonId, now: Timestamp) -> Result<(), StoreError> {
        const SESSION: &str = "UPDATE sessions SET seen_at = $2 WHERE token_hash = $1 AND seen_at < $2";
        const PERSON: &str = "UPDATE people SET seen_at = $2 WHERE id = $1";
        let mut write = self.begin().await?;
        sqlx::query(SESSION).bind(token_hash).bind(now.micros()).execute(&mut *write).await.map_err(query("note a session's use"))?;
        sqlx::query(PERSON).bind(person.to_string()).bind(now.micros()).execute(&mut *write).await.map_err(query("note a session's use"))?;
        write.commit().await.map_err(query("note a session's use"))
    }

    pub async fn end_session(&self, token_hash: &str, by: &By) -> Result<(), StoreError> {
        let mut write = self.begin().await?;
        if delete(&mut write, token_hash).await? {
            audit::append(&mut write, self.clock.now(), &by.did(Action::SignedOut, None)).await?;
        }
        write.commit().await.map_err(query("end a session"))
    }

    /// Removes what can no longer be used.
    pub async fn delete_expired_sessions(&self, now: Timestamp, idle_since: Timestamp) -> Result<u64, StoreError> {
        const SQL: &str = "DELETE FROM sessions WHERE expires_at <= $1 OR seen_at <= $2";
        let mut write = self.begin().await?;
        let gone = sqlx::query(SQL).bind(now.micros()).bind(idle_since.micros()).execute(&mut *write).await.map_err(query("remove old sessions"))?;
        write.commit().await.map_err(query("remove old sessions"))?;
        Ok(gone.rows_affected())
    }
}

/// The condition on the account stands in the statement itself, so that a password that is
/// replaced, or an account that is disabled, between the proof and this write opens nothing.
pub(super) async fn insert(write: &mut Transaction<'static, Any>, session: &NewSession, proved: Option<&str>) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO sessions (token_hash, person_id, created_at, seen_at, expires_at) \
                       SELECT $1, id, CAST($3 AS BIGINT), CAST($3 AS BIGINT), CAST($4 AS BIGINT) FROM people \
                       WHERE id = $2 AND disabled = 0 AND COALESCE(password_hash, '') = $5";
    let inserted = sqlx::query(SQL)
        .bind(&session.token_hash)
        .bind(session.person_id.to_string())
        .bind(session.created_at.micros())
        .bind(session.expires_at.micros())
        .bind(proved.unwrap_or_default())
        .execute(&mut **write)
        .await
        .map_err(query("begin a session"))?;
    Ok(inserted.rows_affected() == 1)
}

async fn delete(write: &mut Transaction<'static, Any>, token_hash: &str) -> Result<bool, StoreError> {
    const SQL: &str = "DELETE FROM sessions WHERE token_hash = $1";
    let ended = sqlx::query(SQL).bind(token_hash).execute(&mut **write).await.map_err(query("end a session"))?;
    Ok(ended.rows_affected() == 1)
}

/// Ends everything a person has open.
pub(super) async fn delete_of(write: &mut Transaction<'static, Any>, person: PersonId) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM sessions WHERE person_id = $1";
    sqlx::query(SQL).bind(person.to_string()).execute(&mut **write).await.map(|_| ()).map_err(query("end a person's sessions"))
}
