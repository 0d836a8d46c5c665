//! Integrations: making them, changing them, and what they can be made for.

use super::{people::needs, plain::plain_text};
use crate::{
    domain::{
        accounts::{ShownOnce, SourceCard},
        failure::{Failure, FailureKind},
        ids::IntegrationId,
        integration::{Grouping, Integration, IntegrationChanges, MIN_SECRET_CHARS, NewIntegration, NewToken, Settings},
        people::{Actor, Right},
        time::Timestamp,
    },
    server::{
        auth::{self, secrets},
        error::ServerError,
        levels::burning,
        sources,
        state::App,
        store::{Edited, Previous, Sender, SigningSecret},
    },
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
    sources::offered().map(sources::Source::card).collect()
}

pub async fn list(app: &App, actor: &Actor) -> Result<Vec<Integration>, ServerError> {
    needs(actor, Right::ReadIntegrations)?;
    Ok(app.store.senders().await?.iter().map(|sender| shown(app, sender)).collect())
}

pub async fn read(app: &App, actor: &Actor, id: IntegrationId) -> Result<Integration, ServerError> {
    needs(actor, Right::ReadIntegrations)?;
    let sender = app.store.sender(id).await?.ok_or_else(unknown)?;
    Ok(shown(app, &sender))
}

/// As people see it: with its fingerprints, counts and silence, without its keys.
fn shown(app: &App, sender: &Sender) -> Integration {
    let default = sources::find(&sender.integration.source).and_then(|source| source.default_heartbeat_s);
    app.senders.as_shown(sender, sender.integration.settings.heartbeat_s.or(default), app.clock().now())
}

/// Makes an integration. Its token is in the answer this once; a token that the caller brought too.
pub async fn create(app: &App, actor: &Actor, draft: NewIntegration) -> Result<ShownOnce<Integration>, ServerError> {
    needs(actor, Right::ManageIntegrations)?;
    let NewIntegration { source, name, token, signing_secrets, settings, grouping } = draft;
    let Some(source) = sources::offered().find(|known| known.slug == source.trim()) else {
        let known: Vec<&str> = sources::offered().map(|source| source.slug).collect();
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
    let now = app.clock().now();
    let integration = Integration { settings, grouping, ..Integration::new(IntegrationId(uuid::Uuid::now_v7()), source.slug, name, now) };
    let signing_secrets = signing_secrets.into_iter().map(|secret| SigningSecret { secret, added_at: Some(now) }).collect();
    let sender = Sender { integration, token_hash: secrets::hash(&token), signing_secrets, previous: None };
    if !app.store.create_integration(&sender, &auth::by(&actor.who)).await? {
        return Err(token_in_use().into());
    }
    app.senders.forget();
    tracing::info!(integration = %sender.integration.id, source = source.slug, by = actor.who.id, "made an integration");
    Ok(ShownOnce { item: shown(app, &sender), token })
}

/// Changes what is named, all of it or nothing.
pub async fn change(app: &App, actor: &Actor, id: IntegrationId, changes: IntegrationChanges) -> Result<Integration, ServerError> {
    needs(actor, Right::ManageIntegrations)?;
    if id == burning::INTEGRATION && changes.disabled == Some(true) {
        let refused = Failure::new(FailureKind::Refused, "built_in", "burn alerts come by this integration; it stays switched on");
        return Err(refused.with_next("Switch alerting off in the objectives instead.").into());
    }
    let IntegrationChanges { name, settings, grouping, disabled, add_signing_secrets, remove_signing_secrets } = changes;
    let name = name.map(|name| checked_name(&name)).transpose()?;
    let settings = settings.map(checked_settings).transpose()?;
    let grouping = grouping.map(checked_grouping).transpose()?;
    let added = add_signing_secrets.into_iter().map(|secret| checked_secret(secret, "add_signing_secrets")).collect::<Result<Vec<_>, _>>()?;
    let now = app.clock().now();
    edit(app, actor, id, "changed an integration", move |sender| {
        let integration = &mut sender.integration;
        integration.name = name.unwrap_or_else(|| integration.name.clone());
        integration.settings = settings.unwrap_or_else(|| integration.settings.clone());
        integration.grouping = grouping.unwrap_or_else(|| integration.grouping.clone());
        integration.disabled = disabled.unwrap_or(integration.disabled);
        change_secrets(sender, added, &remove_signing_secrets, now)
    })
    .await
}

fn change_secrets(sender: &mut Sender, added: Vec<String>, removed: &[String], now: Timestamp) -> Result<(), Failure> {
    let owner = sender.integration.id.to_string();
    for fingerprint in removed {
        let before = sender.signing_secrets.len();
        sender.signing_secrets.retain(|known| secrets::fingerprint(&owner, &known.secret) != *fingerprint);
        if sender.signing_secrets.len() == before {
            return Err(invalid("unknown_secret", "remove_signing_secrets: there is no secret with this fingerprint"));
        }
    }
    for secret in added {
        if !sender.signing_secrets.iter().any(|known| known.secret == secret) {
            sender.signing_secrets.push(SigningSecret { secret, added_at: Some(now) });
        }
    }
    if sender.signing_secrets.len() > MAX_SECRETS {
        return Err(invalid("bad_secret", format!("at most {MAX_SECRETS} signing secrets can be valid at once")));
    }
    Ok(())
}

/// Makes a signing secret that is valid beside the others; it is shown this once.
pub async fn make_secret(app: &App, actor: &Actor, id: IntegrationId) -> Result<ShownOnce<Integration>, ServerError> {
    let secret = secrets::new_secret(secrets::SIGNING_SECRET);
    let changes = IntegrationChanges { add_signing_secrets: vec![secret.clone()], ..IntegrationChanges::default() };
    Ok(ShownOnce { item: change(app, actor, id, changes).await?, token: secret })
}

/// Switches an integration off or on; while off, its key opens nothing.
pub async fn set_disabled(app: &App, actor: &Actor, id: IntegrationId, disabled: bool) -> Result<Integration, ServerError> {
    change(app, actor, id, IntegrationChanges { disabled: Some(disabled), ..IntegrationChanges::default() }).await
}

/// Replaces the token; the new one is in the answer this once. The one before opens beside it
/// until it is removed, or until the chosen instant.
pub async fn replace_token(app: &App, actor: &Actor, id: IntegrationId, draft: NewToken) -> Result<ShownOnce<Integration>, ServerError> {
    needs(actor, Right::ManageIntegrations)?;
    let NewToken { token, previous_valid_until } = draft;
    let token = token.map_or_else(|| Ok(secrets::new_secret(secrets::INTEGRATION_TOKEN)), |token| checked_secret(token, "token"))?;
    let now = app.clock().now();
    if previous_valid_until.is_some_and(|until| until <= now) {
        let words = "previous_valid_until: that is over already; without it the token before opens until it is removed";
        return Err(invalid("bad_time", words).into());
    }
    let token_hash = secrets::hash(&token);
    let item = edit(app, actor, id, "replaced an integration's token", move |sender| {
        if sender.previous_at(now).is_some() {
            let refused = Failure::new(FailureKind::Refused, "previous_token_valid", "the token before the present one still opens");
            return Err(refused.with_next("Remove it once no sender uses it any more, then replace the present one."));
        }
        if sender.token_hash == token_hash {
            return Err(token_in_use());
        }
        let token_hash = std::mem::replace(&mut sender.token_hash, token_hash);
        sender.previous = Some(Previous { token_hash, valid_until: previous_valid_until });
        Ok(())
    })
    .await?;
    Ok(ShownOnce { item, token })
}

/// From now on only the present token opens.
pub async fn remove_previous_token(app: &App, actor: &Actor, id: IntegrationId) -> Result<Integration, ServerError> {
    needs(actor, Right::ManageIntegrations)?;
    let now = app.clock().now();
    edit(app, actor, id, "removed an integration's token from before", move |sender| match sender.previous_at(now) {
        Some(_) => {
            sender.previous = None;
            Ok(())
        }
        None => Err(Failure::new(FailureKind::NotFound, "no_previous_token", "no token from before opens any more")),
    })
    .await
}

/// Edits an integration, so that the next delivery is judged by it.
async fn edit(
    app: &App,
    actor: &Actor,
    id: IntegrationId,
    done: &'static str,
    edit: impl FnOnce(&mut Sender) -> Result<(), Failure>,
) -> Result<Integration, ServerError> {
    match app.store.edit_integration(id, &auth::by(&actor.who), edit).await? {
        Edited::Done(sender) => {
            app.senders.forget();
            tracing::info!(integration = %id, by = actor.who.id, "{done}");
            Ok(shown(app, &sender))
        }
        Edited::Refused(failure) => Err(failure.into()),
        Edited::Unknown => Err(unknown().into()),
        Edited::TokenInUse => Err(token_in_use().into()),
    }
}

fn token_in_use() -> Failure {
    Failure::new(FailureKind::Refused, "token_in_use", "another integration has this token already")
        .with_next("Use another token, or leave it out to get a new one.")
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
