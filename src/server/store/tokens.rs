//! API tokens. Only the hash of a token's secret is kept; revoked ones stay as rows, because the
//! record names them.

use super::{Store, StoreError, audit, people::role, query};
use crate::domain::{
    accounts::Token,
    audit::{Action, By, Subject},
    ids::TokenId,
    integration::Rate,
    time::Timestamp,
};
use sqlx::{Row, any::AnyRow};

impl Store {
    pub async fn create_token(&self, token: &Token, token_hash: &str, by: &By) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO tokens (id, name, role, token_hash, created_at) VALUES ($1, $2, $3, $4, $5)";
        let mut write = self.begin().await?;
        sqlx::query(SQL)
            .bind(token.id.to_string())
            .bind(&token.name)
            .bind(token.role.slug())
            .bind(token_hash)
            .bind(token.created_at.micros())
            .execute(&mut *write)
            .await
            .map_err(query("make a token"))?;
        let note = by.did(Action::TokenCreated, Subject::new("token", token.id, &token.name)).with("role", token.role.slug());
        audit::append(&mut write, token.created_at, &note).await?;
        write.commit().await.map_err(query("make a token"))
    }

    /// The token whose secret has this hash, unless it was revoked.
    pub async fn token_by_hash(&self, token_hash: &str) -> Result<Option<Token>, StoreError> {
        const SQL: &str = "SELECT id, name, role, created_at, last_used_at FROM tokens WHERE token_hash = $1 AND revoked_at IS NULL";
        let row = sqlx::query(SQL).bind(token_hash).fetch_optional(self.readers()).await.map_err(query("read a token"))?;
        row.map(|row| token(&row)).transpose().map_err(query("read a token"))
    }

    /// The token with this id, unless it was revoked.
    pub async fn token(&self, id: TokenId) -> Result<Option<Token>, StoreError> {
        const SQL: &str = "SELECT id, name, role, created_at, last_used_at FROM tokens WHERE id = $1 AND revoked_at IS NULL";
        let row = sqlx::query(SQL).bind(id.to_string()).fetch_optional(self.readers()).await.map_err(query("read a token"))?;
        row.map(|row| token(&row)).transpose().map_err(query("read a token"))
    }

    /// Those that were not revoked, the newest first.
    pub async fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        const SQL: &str = "SELECT id, name, role, created_at, last_used_at FROM tokens WHERE revoked_at IS NULL ORDER BY created_at DESC, id DESC";
        let rows = sqlx::query(SQL).fetch_all(self.readers()).await.map_err(query("list tokens"))?;
        rows.iter().map(token).collect::<Result<_, _>>().map_err(query("list tokens"))
    }

    /// Notes that a token is in use.
    pub async fn touch_token(&self, id: TokenId, now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE tokens SET last_used_at = $2 WHERE id = $1";
        let mut write = self.begin().await?;
        sqlx::query(SQL).bind(id.to_string()).bind(now.micros()).execute(&mut *write).await.map_err(query("note a token's use"))?;
        write.commit().await.map_err(query("note a token's use"))
    }

    /// Revokes a token at once; `false` when there is none to revoke.
    pub async fn revoke_token(&self, id: TokenId, now: Timestamp, by: &By) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING name";
        let mut write = self.begin().await?;
        let revoked = sqlx::query(SQL).bind(id.to_string()).bind(now.micros()).fetch_optional(&mut *write).await.map_err(query("revoke a token"))?;
        let Some(row) = revoked else { return Ok(false) };
        let name: String = row.try_get(0).map_err(query("revoke a token"))?;
        audit::append(&mut write, now, &by.did(Action::TokenRevoked, Subject::new("token", id, name))).await?;
        write.commit().await.map_err(query("revoke a token"))?;
        Ok(true)
    }
}

fn token(row: &AnyRow) -> Result<Token, sqlx::Error> {
    Ok(Token {
        id: row.try_get::<String, _>("id")?.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
        name: row.try_get("name")?,
        role: role(row)?,
        created_at: Timestamp::from_micros(row.try_get("created_at")?),
        last_used_at: row.try_get::<Option<i64>, _>("last_used_at")?.map(Timestamp::from_micros),
        // Counted in memory, by whoever lists them.
        rate: Rate::default(),
    })
}
