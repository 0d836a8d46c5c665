//! Integrations: making them, changing them, and what they can be made for.

use super::{people::needs, plain::plain_text};
use crate::{
    domain::{
        accounts::{ShownOnce, SourceCard},
        failure::{Failure, FailureKind},
        ids::IntegrationId,
        integration::{Grouping, Integration, MIN_SECRET_CHARS, NewIntegration, Settings},
        people::{Actor, Right},
    },
    server::{auth::secrets, error::ServerError, sources, state::App, store::Sender},
};
use axum::http::HeaderName;

/// Longest name, token or secret, in characters.
const MAX_TEXT: usize = 200;
/// Most secrets that are valid at once.
const MAX_SECRETS: usize = 10;
/// Most labels to group by.
const MAX_BY: usize = 20;
/// Longest time without a watchdog that can be set: a week.
const MAX_HEARTBEAT_S: u32 = 7 * 86_400;
/// Longest quiet time of a group: a day.
const MAX_QUIET_S: u32 = 86_400;

/// What integrations can be made for.
pub fn sources() -> Vec<SourceCard> {
    sources::ALL.iter().map(sources::Source::card).collect()
}

pub async fn list(app: &App, actor: &Actor) -> Result<Vec<Integration>, ServerError> {
    needs(actor, Right::ReadIntegrations)?;
    let senders = app.store.senders().await?;
    Ok(senders.into_iter().map(|sender| app.senders.as_heard(sender.integration)).collect())
}

pub async fn read(app: &App, actor: &Actor, id: IntegrationId) -> Result<Integration, ServerError> {
    needs(actor, Right::ReadIntegrations)?;
    let sender = app.store.sender(id).await?.ok_or_else(unknown)?;
    Ok(app.senders.as_heard(sender.integration))
}

/// Makes an integration. Its token is in the answer this once; a token that the caller brought too.
pub async fn create(app: &App, actor: &Actor, draft: NewIntegration) -> Result<ShownOnce<Integration>, ServerError> {
    needs(actor, Right::ManageIntegrations)?;
    let NewIntegration { source, name, token, signing_secrets, settings, grouping } = draft;
    let Some(source) = sources::find(source.trim()) else {
        let known: Vec<&str> = sources::ALL.iter().map(|source| source.slug).collect();
        return Err(invalid("unknown_source", format!("there is no source of that name; there are {}", known.join(", "))).into());
    };
    let name = checked_name(&name)?;
    let signing_secrets = signing_secrets.into_iter().map(|secret| checked_secret(secret, "signing_secrets")).collect::<Result<Vec<_>, _>>()?;
    if signing_secrets.len() > MAX_SECRETS {
        return Err(invalid("bad_secret", format!("at most {MAX_SECRETS} signing secrets can be valid at once")).into());
    }
    let settings = checked_settings(settings)?;
    let grouping = checked_grouping(grouping)?;
    let token = token.map_or_else(|| Ok(secrets::new_secret(secrets::INTEGRATION_TOKEN)), |token| checked_secret(token, "token"))?;
    let integration = Integration {
        id: IntegrationId(uuid::Uuid::now_v7()),
        source: source.slug.to_owned(),
        name,
        settings,
        grouping,
        signing_secrets: u32::try_from(signing_secrets.len()).unwrap_or(u32::MAX),
        created_at: app.clock().now(),
        last_received_at: None,
        heartbeat_at: None,
        disabled: false,
    };
    let sender = Sender { integration, token_hash: secrets::hash(&token), signing_secrets };
    if !app.store.create_integration(&sender).await? {
        let words = "another integration has this token already";
        return Err(Failure::new(FailureKind::Refused, "token_in_use", words).with_next("Use another token, or leave it out to get a new one.").into());
    }
    app.senders.forget();
    Ok(ShownOnce { item: sender.integration, token })
}

/// Changes name, settings and grouping.
pub async fn change(app: &App, actor: &Actor, id: IntegrationId, name: &str, settings: Settings, grouping: Grouping) -> Result<Integration, ServerError> {
    needs(actor, Right::ManageIntegrations)?;
    let mut integration = app.store.sender(id).await?.ok_or_else(unknown)?.integration;
    integration.name = checked_name(name)?;
    integration.settings = checked_settings(settings)?;
    integration.grouping = checked_grouping(grouping)?;
    write(app, integration).await
}

/// Switches an integration off or on; while off, its key opens nothing.
pub async fn set_disabled(app: &App, actor: &Actor, id: IntegrationId, disabled: bool) -> Result<Integration, ServerError> {
    needs(actor, Right::ManageIntegrations)?;
    let mut integration = app.store.sender(id).await?.ok_or_else(unknown)?.integration;
    integration.disabled = disabled;
    write(app, integration).await
}

async fn write(app: &App, integration: Integration) -> Result<Integration, ServerError> {
    let changed = app.store.change_integration(&integration).await?.ok_or_else(unknown)?;
    app.senders.forget();
    Ok(app.senders.as_heard(changed))
}

fn unknown() -> Failure {
    Failure::new(FailureKind::NotFound, "unknown_integration", "there is no such integration")
}

fn invalid(code: &str, words: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Invalid, code, words)
}

fn checked_name(name: &str) -> Result<String, Failure> {
    let name = plain_text(name).trim().to_owned();
    match name.chars().count() {
        0 => Err(invalid("empty_name", "an integration needs a name")),
        1..=MAX_TEXT => Ok(name),
        _ => Err(invalid("name_too_long", format!("a name has at most {MAX_TEXT} characters"))),
    }
}

/// Keys and secrets are compared byte by byte, so nothing is trimmed: what cannot be typed into
/// another tool unchanged is refused instead.
fn checked_secret(secret: String, field: &str) -> Result<String, Failure> {
    let chars = secret.chars().count();
    if !(MIN_SECRET_CHARS..=MAX_TEXT).contains(&chars) {
        let code = if field == "token" { "bad_token" } else { "bad_secret" };
        return Err(invalid(code, format!("{field}: {MIN_SECRET_CHARS} to {MAX_TEXT} characters are needed")));
    }
    if secret.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(invalid("bad_token", format!("{field}: spaces and control characters are not possible")));
    }
    Ok(secret)
}

fn checked_settings(mut settings: Settings) -> Result<Settings, Failure> {
    for (field, name) in [("header", &mut settings.header), ("timestamp_header", &mut settings.timestamp_header)] {
        let given = name.take().map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty());
        if let Some(given) = given {
            HeaderName::from_bytes(given.as_bytes()).map_err(|_| invalid("bad_header", format!("{field}: that is not the name of a header")))?;
            *name = Some(given);
        }
    }
    if settings.heartbeat_s.is_some_and(|secs| secs > MAX_HEARTBEAT_S) {
        return Err(invalid("bad_heartbeat", "heartbeat_s: at most 604800 seconds (a week); 0 switches it off"));
    }
    Ok(settings)
}

fn checked_grouping(mut grouping: Grouping) -> Result<Grouping, Failure> {
    for label in &mut grouping.by {
        *label = plain_text(label).trim().to_owned();
    }
    if grouping.by.iter().any(|label| label.is_empty() || label.chars().count() > MAX_TEXT) || grouping.by.len() > MAX_BY {
        return Err(invalid("bad_grouping", format!("grouping.by: at most {MAX_BY} labels, each with a name")));
    }
    if !(1..=MAX_QUIET_S).contains(&grouping.quiet_s) {
        return Err(invalid("bad_grouping", format!("grouping.quiet_s: 1 to {MAX_QUIET_S} seconds")));
    }
    if grouping.storm_at < 2 {
        return Err(invalid("bad_grouping", "grouping.storm_at: a storm has at least 2 groups"));
    }
    Ok(grouping)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_brought_along_are_long_and_typeable() {
        assert!(checked_secret("0123456789abcdef".into(), "token").is_ok());
        for bad in ["0123456789abcde", "0123456789 abcdef", "0123456789\nabcdef"] {
            assert!(checked_secret(bad.into(), "token").is_err(), "{bad:?}");
        }
    }

    #[test]
    fn header_names_are_kept_in_lower_case_or_refused() {
        let settings = |header: &str| Settings { header: Some(header.to_owned()), ..Settings::default() };
        assert_eq!(checked_settings(settings(" X-Api-Key ")).ok().and_then(|settings| settings.header).as_deref(), Some("x-api-key"));
        assert_eq!(checked_settings(settings("")).ok().and_then(|settings| settings.header), None);
        assert_eq!(checked_settings(settings("x key")).map_err(|failure| failure.code).err().as_deref(), Some("bad_header"));
    }

    #[test]
    fn grouping_keeps_to_its_bounds() {
        let with = |by: &[&str], quiet_s, storm_at| checked_grouping(Grouping { by: by.iter().map(|by| (*by).to_owned()).collect(), quiet_s, storm_at });
        assert!(with(&["service", "team"], 300, 10).is_ok());
        assert!(with(&[], 1, 2).is_ok());
        for (by, quiet_s, storm_at) in [(&[" "][..], 300, 10), (&["a"][..], 0, 10), (&["a"][..], 86_401, 10), (&["a"][..], 300, 1)] {
            assert!(with(by, quiet_s, storm_at).is_err());
        }
    }
}
