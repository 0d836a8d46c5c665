//! Integrations: who sends here. Tokens are kept as hashes; signing secrets as they are, because
//! a signature can only be checked with the secret itself, and they leave this file only inside
//! [`Sender`].

use super::{Store, StoreError, audit, query};
use crate::{
    domain::{
        audit::{Action, By, Note, Subject},
        failure::Failure,
        ids::IntegrationId,
        integration::{Integration, PreviousToken, SecretMark},
        time::Timestamp,
    },
    server::auth::secrets,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sqlx::{Any, Row, Transaction, any::AnyRow};

/// An integration with what judging its deliveries needs.
#[derive(Clone)]
pub struct Sender {
    pub integration: Integration,
    pub token_hash: String,
    /// The oldest first.
    pub signing_secrets: Vec<SigningSecret>,
    /// The token before the present one.
    pub previous: Option<Previous>,
}

/// One secret with which a sender may sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredSecret")]
pub struct SigningSecret {
    pub secret: String,
    pub added_at: Option<Timestamp>,
}

/// A secret as it may stand in the database: the first version kept the text alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredSecret {
    Text(String),
    Dated { secret: String, added_at: Option<Timestamp> },
}

impl From<StoredSecret> for SigningSecret {
    fn from(stored: StoredSecret) -> Self {
        match stored {
            StoredSecret::Text(secret) => Self { secret, added_at: None },
            StoredSecret::Dated { secret, added_at } => Self { secret, added_at },
        }
    }
}

/// A token that was replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Previous {
    pub token_hash: String,
    /// `None`: until it is removed.
    pub valid_until: Option<Timestamp>,
}

impl Sender {
    /// Whether the token with this hash is one that opens it at `now`.
    pub fn is_opened_by(&self, token_hash: &str, now: Timestamp) -> bool {
        self.token_hash == token_hash || self.previous_at(now).is_some_and(|previous| previous.token_hash == token_hash)
    }

    /// The token before, while it still opens.
    pub fn previous_at(&self, now: Timestamp) -> Option<&Previous> {
        self.previous.as_ref().filter(|previous| previous.valid_until.is_none_or(|until| now < until))
    }

    /// The integration with what may be shown of its secrets and tokens at `now`.
    pub fn shown(&self, now: Timestamp) -> Integration {
        let owner = self.integration.id.to_string();
        let mark = |known: &SigningSecret| SecretMark { fingerprint: secrets::fingerprint(&owner, &known.secret), added_at: known.added_at };
        Integration {
            signing_secrets: u32::try_from(self.signing_secrets.len()).unwrap_or(u32::MAX),
            secrets: self.signing_secrets.iter().map(mark).collect(),
            previous_token: self.previous_at(now).map(|previous| PreviousToken { valid_until: previous.valid_until }),
            ..self.integration.clone()
        }
    }
}

/// What became of a change of an integration.
pub enum Edited {
    Done(Box<Sender>),
    /// Whoever changes it refused it in words; nothing was written.
    Refused(Failure),
    Unknown,
    /// Another integration has that token.
    TokenInUse,
}

/// When an integration was last heard, on its way into the database.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heard {
    pub id: IntegrationId,
    pub received_at: Timestamp,
    pub heartbeat_at: Option<Timestamp>,
}

const ALL: &str = "SELECT id, source, name, token_hash, signing_secrets, settings, grouping, created_at, last_received_at, heartbeat_at, disabled, \
                   previous_token_hash, previous_token_until FROM integrations ORDER BY created_at, id";
const BY_ID: &str = "SELECT id, source, name, token_hash, signing_secrets, settings, grouping, created_at, last_received_at, heartbeat_at, disabled, \
                     previous_token_hash, previous_token_until FROM integrations WHERE id = $1";

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
    pub async fn create_integration(&self, sender: &Sender, by: &By) -> Result<bool, StoreError> {
        const SQL: &str = "INSERT INTO integrations (id, source, name, token_hash, signing_secrets, settings, grouping, created_at, disabled) \
                           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
        let Sender { integration, token_hash, signing_secrets, .. } = sender;
        let mut write = self.begin().await?;
        if is_token_of_another(&mut write, integration.id, token_hash).await? {
            return Ok(false);
        }
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
        if inserted.rows_affected() == 0 {
            return Ok(false);
        }
        mark_changed(&mut write).await?;
        let note = by.did(Action::IntegrationCreated, subject(integration)).with("source", &integration.source);
        audit::append(&mut write, integration.created_at, &note.with("signing_secrets", signing_secrets.len())).await?;
        write.commit().await.map_err(query("make an integration"))?;
        Ok(true)
    }

    /// Changes an integration as `edit` says, in one transaction: what others change at the same
    /// time is seen by `edit` or comes after it.
    pub async fn edit_integration(&self, id: IntegrationId, by: &By, edit: impl FnOnce(&mut Sender) -> Result<(), Failure>) -> Result<Edited, StoreError> {
        const LOCK: &str = "UPDATE integrations SET disabled = disabled WHERE id = $1";
        const WRITE: &str = "UPDATE integrations SET name = $2, token_hash = $3, signing_secrets = $4, settings = $5, grouping = $6, disabled = $7, \
                             previous_token_hash = $8, previous_token_until = $9 WHERE id = $1";
        let changing = "change an integration";
        let mut write = self.begin().await?;
        sqlx::query(LOCK).bind(id.to_string()).execute(&mut *write).await.map_err(query(changing))?;
        let row = sqlx::query(BY_ID).bind(id.to_string()).fetch_optional(&mut *write).await.map_err(query(changing))?;
        let Some(mut edited) = row.as_ref().map(sender).transpose()? else { return Ok(Edited::Unknown) };
        let before = edited.clone();
        if let Err(failure) = edit(&mut edited) {
            return Ok(Edited::Refused(failure));
        }
        if edited.token_hash != before.token_hash && is_token_of_another(&mut write, id, &edited.token_hash).await? {
            return Ok(Edited::TokenInUse);
        }
        let Sender { integration, token_hash, signing_secrets, previous } = &edited;
        sqlx::query(WRITE)
            .bind(id.to_string())
            .bind(&integration.name)
            .bind(token_hash)
            .bind(json(signing_secrets))
            .bind(json(&integration.settings))
            .bind(json(&integration.grouping))
            .bind(i64::from(integration.disabled))
            .bind(previous.as_ref().map(|previous| previous.token_hash.clone()))
            .bind(previous.as_ref().and_then(|previous| previous.valid_until).map(Timestamp::micros))
            .execute(&mut *write)
            .await
            .map_err(query(changing))?;
        mark_changed(&mut write).await?;
        for note in notes(by, &before, &edited) {
            audit::append(&mut write, self.clock.now(), &note).await?;
        }
        write.commit().await.map_err(query(changing))?;
        Ok(Edited::Done(Box::new(edited)))
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

/// An integration as the audit log names it.
fn subject(integration: &Integration) -> Subject {
    Subject::new("integration", integration.id, &integration.name)
}

/// What the audit log says about a change: which things changed, and never what a key or secret is.
fn notes(by: &By, before: &Sender, after: &Sender) -> Vec<Note> {
    let did = |action| by.did(action, subject(&after.integration));
    let (was, is) = (&before.integration, &after.integration);
    let mut notes = vec![];
    let changed = [("name", was.name != is.name), ("settings", was.settings != is.settings), ("grouping", was.grouping != is.grouping)];
    let changed: Vec<&str> = changed.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name).collect();
    if !changed.is_empty() {
        notes.push(did(Action::IntegrationChanged).with("changed", changed.join(", ")));
    }
    if was.disabled != is.disabled {
        notes.push(did(if is.disabled { Action::IntegrationDisabled } else { Action::IntegrationEnabled }));
    }
    if before.token_hash != after.token_hash {
        notes.push(did(Action::IntegrationTokenRotated));
    } else if before.previous.is_some() && after.previous.is_none() {
        notes.push(did(Action::IntegrationTokenRemoved));
    }
    let owner = is.id.to_string();
    let missing = |from: &Sender, secret: &SigningSecret| !from.signing_secrets.iter().any(|known| known.secret == secret.secret);
    let marked = |action, secret: &SigningSecret| did(action).with("fingerprint", secrets::fingerprint(&owner, &secret.secret));
    notes.extend(after.signing_secrets.iter().filter(|secret| missing(before, secret)).map(|secret| marked(Action::IntegrationSecretAdded, secret)));
    notes.extend(before.signing_secrets.iter().filter(|secret| missing(after, secret)).map(|secret| marked(Action::IntegrationSecretRemoved, secret)));
    notes
}

async fn mark_changed(write: &mut Transaction<'static, Any>) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO meta (name, value) VALUES ('integrations_version', $1) ON CONFLICT (name) DO UPDATE SET value = $1";
    let version = uuid::Uuid::now_v7().to_string();
    sqlx::query(SQL).bind(version).execute(&mut **write).await.map_err(query("mark the integrations as changed"))?;
    Ok(())
}

/// Whether another integration is, or was until now, opened by this token.
async fn is_token_of_another(write: &mut Transaction<'static, Any>, id: IntegrationId, token_hash: &str) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM integrations WHERE id <> $1 AND (token_hash = $2 OR previous_token_hash = $2)";
    let row = sqlx::query(SQL).bind(id.to_string()).bind(token_hash).fetch_one(&mut **write).await.map_err(query("look for a token"))?;
    row.try_get::<i64, _>(0).map(|count| count > 0).map_err(query("look for a token"))
}

/// Plain data always serialises.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn sender(row: &AnyRow) -> Result<Sender, StoreError> {
    let read = query("read an integration");
    let columns = || -> Result<_, sqlx::Error> {
        let id: String = row.try_get("id")?;
        let id = id.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        let time = |column| row.try_get::<Option<i64>, _>(column).map(|at| at.map(Timestamp::from_micros));
        let (source, name): (String, String) = (row.try_get("source")?, row.try_get("name")?);
        let integration = Integration {
            last_received_at: time("last_received_at")?,
            heartbeat_at: time("heartbeat_at")?,
            disabled: row.try_get::<i64, _>("disabled")? != 0,
            ..Integration::new(id, source, name, Timestamp::from_micros(row.try_get("created_at")?))
        };
        let valid_until = time("previous_token_until")?;
        let previous = row.try_get::<Option<String>, _>("previous_token_hash")?.map(|token_hash| Previous { token_hash, valid_until });
        let texts: [String; 4] = [row.try_get("token_hash")?, row.try_get("signing_secrets")?, row.try_get("settings")?, row.try_get("grouping")?];
        Ok((integration, previous, texts))
    };
    let (mut integration, previous, [token_hash, secrets, settings, grouping]) = columns().map_err(read)?;
    let signing_secrets: Vec<SigningSecret> = parse(&secrets, "an integration's secrets")?;
    integration.settings = parse(&settings, "an integration's settings")?;
    integration.grouping = parse(&grouping, "an integration's grouping")?;
    integration.signing_secrets = u32::try_from(signing_secrets.len()).unwrap_or(u32::MAX);
    Ok(Sender { integration, token_hash, signing_secrets, previous })
}

fn parse<T: DeserializeOwned>(text: &str, what: &'static str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|source| StoreError::Unreadable { what, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_the_first_version_are_read() {
        let noon = crate::server::store::testing::NOON;
        let known: Vec<SigningSecret> = parse(&format!("[\"old\", {{\"secret\": \"new\", \"added_at\": \"{noon}\"}}]"), "secrets").expect("they are read");
        let expected = [("old", None), ("new", Some(noon))].map(|(secret, added_at)| SigningSecret { secret: secret.to_owned(), added_at });
        assert_eq!(known, expected);
        assert_eq!(parse::<Vec<SigningSecret>>(&json(&known), "secrets").expect("they read back"), known);
    }
}
