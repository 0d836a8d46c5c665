//! Integrations: who sends here. Tokens are kept as hashes; signing secrets as they are, because
//! a signature can only be checked with the secret itself, and they leave this file only inside
//! [`Sender`].

use super::{Store, StoreError, query};
use crate::domain::{
    ids::IntegrationId,
    integration::{Grouping, Integration, Settings},
    time::Timestamp,
};
use serde::de::DeserializeOwned;
use sqlx::{Any, Row, Transaction, any::AnyRow};

/// An integration with what judging its deliveries needs.
#[derive(Clone)]
pub struct Sender {
    pub integration: Integration,
    pub token_hash: String,
    pub signing_secrets: Vec<String>,
}

/// When an integration was last heard, on its way into the database.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heard {
    pub id: IntegrationId,
    pub received_at: Timestamp,
    pub heartbeat_at: Option<Timestamp>,
}

const ALL: &str = "SELECT id, source, name, token_hash, signing_secrets, settings, grouping, created_at, last_received_at, heartbeat_at, disabled \
                   FROM integrations ORDER BY created_at, id";
const BY_ID: &str = "SELECT id, source, name, token_hash, signing_secrets, settings, grouping, created_at, last_received_at, heartbeat_at, disabled \
                     FROM integrations WHERE id = $1";

impl Store {
    /// Every integration, the oldest first.
    pub async fn senders(&self) -> Result<Vec<Sender>, StoreError> {
        let rows = sqlx::query(ALL).fetch_all(self.readers()).await.map_err(query("list integrations"))?;
        rows.iter().map(sender).collect()
    }

    pub async fn sender(&self, id: IntegrationId) -> Result<Option<Sender>, StoreError> {
        let row = sqlx::query(BY_ID).bind(id.to_string()).fetch_optional(self.readers()).await.map_err(query("read an integration"))?;
        row.as_ref().map(sender).transpose()
    }

    /// Adds an integration; `false` when its id or its token is there already.
    pub async fn create_integration(&self, sender: &Sender) -> Result<bool, StoreError> {
        const SQL: &str = "INSERT INTO integrations (id, source, name, token_hash, signing_secrets, settings, grouping, created_at, disabled) \
                           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
        let Sender { integration, token_hash, signing_secrets } = sender;
        let mut write = self.begin().await?;
        let inserted = sqlx::query(SQL)
            .bind(integration.id.to_string())
            .bind(&integration.source)
            .bind(&integration.name)
            .bind(token_hash)
            .bind(json(signing_secrets))
            .bind(json(&integration.settings))
            .bind(json(&integration.grouping))
            .bind(integration.created_at.micros())
            .bind(i64::from(integration.disabled))
            .execute(&mut *write)
            .await
            .map_err(query("make an integration"))?;
        mark_changed(&mut write).await?;
        write.commit().await.map_err(query("make an integration"))?;
        Ok(inserted.rows_affected() == 1)
    }

    /// Writes name, settings, grouping and whether it is disabled; `None` when there is no such integration.
    pub async fn change_integration(&self, integration: &Integration) -> Result<Option<Integration>, StoreError> {
        const SQL: &str = "UPDATE integrations SET name = $2, settings = $3, grouping = $4, disabled = $5 WHERE id = $1";
        let mut write = self.begin().await?;
        sqlx::query(SQL)
            .bind(integration.id.to_string())
            .bind(&integration.name)
            .bind(json(&integration.settings))
            .bind(json(&integration.grouping))
            .bind(i64::from(integration.disabled))
            .execute(&mut *write)
            .await
            .map_err(query("change an integration"))?;
        mark_changed(&mut write).await?;
        let row = sqlx::query(BY_ID).bind(integration.id.to_string()).fetch_optional(&mut *write).await.map_err(query("change an integration"))?;
        let changed = row.as_ref().map(sender).transpose()?;
        write.commit().await.map_err(query("change an integration"))?;
        Ok(changed.map(|sender| sender.integration))
    }

    /// Writes when integrations were last heard, all in one transaction. An older time never
    /// replaces a newer one, which another server may have written.
    pub async fn note_heard(&self, heard: &[Heard]) -> Result<(), StoreError> {
        const RECEIVED: &str = "UPDATE integrations SET last_received_at = $2 WHERE id = $1 AND (last_received_at IS NULL OR last_received_at < $2)";
        const HEARTBEAT: &str = "UPDATE integrations SET heartbeat_at = $2 WHERE id = $1 AND (heartbeat_at IS NULL OR heartbeat_at < $2)";
        let mut write = self.begin().await?;
        for Heard { id, received_at, heartbeat_at } in heard {
            let id = id.to_string();
            sqlx::query(RECEIVED).bind(&id).bind(received_at.micros()).execute(&mut *write).await.map_err(query("note a delivery"))?;
            if let Some(at) = heartbeat_at {
                sqlx::query(HEARTBEAT).bind(&id).bind(at.micros()).execute(&mut *write).await.map_err(query("note a heartbeat"))?;
            }
        }
        write.commit().await.map_err(query("note a delivery"))
    }

    /// A text that is another one after every change of an integration, by whichever process.
    pub async fn integrations_version(&self) -> Result<String, StoreError> {
        const SQL: &str = "SELECT value FROM meta WHERE name = 'integrations_version'";
        let row = sqlx::query(SQL).fetch_optional(self.readers()).await.map_err(query("read the version of the integrations"))?;
        row.map_or(Ok(String::new()), |row| row.try_get(0)).map_err(query("read the version of the integrations"))
    }
}

async fn mark_changed(write: &mut Transaction<'static, Any>) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO meta (name, value) VALUES ('integrations_version', $1) ON CONFLICT (name) DO UPDATE SET value = $1";
    let version = uuid::Uuid::now_v7().to_string();
    sqlx::query(SQL).bind(version).execute(&mut **write).await.map_err(query("mark the integrations as changed"))?;
    Ok(())
}

/// Plain data always serialises.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn sender(row: &AnyRow) -> Result<Sender, StoreError> {
    let read = query("read an integration");
    let columns = || -> Result<_, sqlx::Error> {
        let id: String = row.try_get("id")?;
        let integration = Integration {
            id: id.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
            source: row.try_get("source")?,
            name: row.try_get("name")?,
            settings: Settings::default(),
            grouping: Grouping::default(),
            signing_secrets: 0,
            created_at: Timestamp::from_micros(row.try_get("created_at")?),
            last_received_at: row.try_get::<Option<i64>, _>("last_received_at")?.map(Timestamp::from_micros),
            heartbeat_at: row.try_get::<Option<i64>, _>("heartbeat_at")?.map(Timestamp::from_micros),
            disabled: row.try_get::<i64, _>("disabled")? != 0,
        };
        let texts: [String; 4] = [row.try_get("token_hash")?, row.try_get("signing_secrets")?, row.try_get("settings")?, row.try_get("grouping")?];
        Ok((integration, texts))
    };
    let (mut integration, [token_hash, secrets, settings, grouping]) = columns().map_err(read)?;
    let signing_secrets: Vec<String> = parse(&secrets, "an integration's secrets")?;
    integration.settings = parse(&settings, "an integration's settings")?;
    integration.grouping = parse(&grouping, "an integration's grouping")?;
    integration.signing_secrets = u32::try_from(signing_secrets.len()).unwrap_or(u32::MAX);
    Ok(Sender { integration, token_hash, signing_secrets })
}

fn parse<T: DeserializeOwned>(text: &str, what: &'static str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|source| StoreError::Unreadable { what, source })
}
