//! Data sources: systems that are asked for readings. What they know us by goes in and never
//! comes out.

use super::people::needs;
use crate::{
    domain::{
        data_source::{AuthDraft, DataSource, DataSourceDraft, SourceKind, SourceTried},
        failure::{Failure, FailureKind},
        ids::DataSourceId,
        people::{Actor, Right},
    },
    server::{
        auth,
        clock::Clock,
        error::ServerError,
        prometheus::{Auth, Client, Endpoint, Secret},
        state::App,
        store::{KeptSource, SourceKept},
    },
};
use std::collections::BTreeMap;

/// Every data source, by name. Whoever makes objectives has to know them.
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<DataSource>, ServerError> {
    needs(actor, Right::ManageObjectives)?;
    Ok(app.store.data_sources().await?.iter().map(shown).collect())
}

pub async fn read(app: &App, actor: &Actor, id: &str) -> Result<DataSource, ServerError> {
    needs(actor, Right::ManageObjectives)?;
    Ok(shown(&kept(app, id).await?))
}

pub async fn create(app: &App, actor: &Actor, draft: DataSourceDraft) -> Result<DataSource, ServerError> {
    needs(actor, Right::ManageDataSources)?;
    let now = app.clock().now();
    let name = draft.checked_name().ok_or_else(|| invalid("a data source needs a name"))?.map_err(|words| invalid(&words))?;
    let url = draft.url.clone().ok_or_else(|| invalid("a data source needs its url"))?;
    let kind = draft.kind.as_deref().map_or(Some(SourceKind::default()), SourceKind::from_slug);
    let kind = kind.ok_or_else(|| invalid("kind: there are prometheus (for everything that speaks its HTTP API), jaeger and tempo"))?;
    let endpoint = changed(Endpoint::new(url), draft)?;
    let made = KeptSource { id: DataSourceId(Clock::new_id()), name, kind: kind.slug().to_owned(), endpoint, created_at: now, updated_at: now };
    done(app.store.create_data_source(&made, &auth::by(&actor.who)).await?)?;
    tracing::info!(source = made.name, by = actor.who.id, "made a data source");
    Ok(shown(&made))
}

/// Changes what is named; what is absent stays, secrets too.
pub async fn change(app: &App, actor: &Actor, id: &str, draft: DataSourceDraft) -> Result<DataSource, ServerError> {
    needs(actor, Right::ManageDataSources)?;
    let before = kept(app, id).await?;
    if draft.kind.as_ref().is_some_and(|kind| *kind != before.kind) {
        return Err(invalid("the kind of a data source stays").into());
    }
    let name = draft.checked_name().transpose().map_err(|words| invalid(&words))?.unwrap_or_else(|| before.name.clone());
    let endpoint = changed(before.endpoint.clone(), draft)?;
    let after = KeptSource { name, endpoint, updated_at: app.clock().now(), ..before };
    done(app.store.change_data_source(&after, &auth::by(&actor.who)).await?)?;
    tracing::info!(source = after.name, by = actor.who.id, "changed a data source");
    Ok(shown(&after))
}

pub async fn remove(app: &App, actor: &Actor, id: &str) -> Result<(), ServerError> {
    needs(actor, Right::ManageDataSources)?;
    let removed = kept(app, id).await?;
    done(app.store.remove_data_source(removed.id, &auth::by(&actor.who)).await?)?;
    tracing::info!(source = removed.name, by = actor.who.id, "removed a data source");
    Ok(())
}

/// Asks a data source for a sign of life. That it does not answer is an answer.
pub async fn test(app: &App, actor: &Actor, id: &str) -> Result<SourceTried, ServerError> {
    needs(actor, Right::ManageDataSources)?;
    let source = kept(app, id).await?;
    if source.kind != SourceKind::Prometheus.slug() {
        return Ok(app.reading.try_out(&source, app.clock()).await);
    }
    Ok(match Client::new(&source.endpoint, app.clock().clone()) {
        Err(faults) => SourceTried { answers: false, words: words_of(&faults) },
        Ok(client) => match client.buildinfo().await {
            Ok(info) => {
                SourceTried { answers: true, words: format!("{} {}", info.application.as_deref().unwrap_or("Prometheus"), info.version).trim().to_owned() }
            }
            Err(error) => SourceTried { answers: false, words: error.to_string() },
        },
    })
}

/// A data source by its id or name.
pub(super) async fn kept(app: &App, id: &str) -> Result<KeptSource, ServerError> {
    let found = app.store.data_sources().await?.into_iter().find(|source| source.name == id || id.parse() == Ok(source.id));
    found.ok_or_else(|| unknown().into())
}

/// The endpoint with what the draft names, if it can be called.
pub(super) fn changed(mut endpoint: Endpoint, draft: DataSourceDraft) -> Result<Endpoint, Failure> {
    let DataSourceDraft { name: _, kind: _, url, auth, tenant, headers, ca_pem, timeout_s } = draft;
    let filled = |text: String| Some(text).filter(|text| !text.trim().is_empty());
    if let Some(url) = url {
        // A secret belongs to the address it was given for: it is never sent to another.
        let is_elsewhere = Endpoint::new(&url).shown_url() != endpoint.shown_url();
        endpoint.base_url = url.trim().to_owned();
        let leans_on_old =
            matches!(auth, None | Some(AuthDraft::Bearer { token: None } | AuthDraft::Basic { password: None, .. })) && endpoint.auth != Auth::None;
        let keeps_headers = headers.as_ref().map_or(!endpoint.headers.is_empty(), |headers| headers.values().any(Option::is_none));
        if is_elsewhere && (leans_on_old || keeps_headers) {
            return Err(invalid("at another address the secrets have to be given again").with_next("Send auth and headers together with the new url."));
        }
    }
    if let Some(draft) = auth {
        endpoint.auth = match (draft, endpoint.auth) {
            (AuthDraft::None, _) => Auth::None,
            (AuthDraft::Bearer { token: Some(token) }, _) => Auth::Bearer { token: Secret::new(token) },
            (AuthDraft::Bearer { token: None }, before @ Auth::Bearer { .. }) => before,
            (AuthDraft::Basic { user, password: Some(password) }, _) => Auth::Basic { user, password: Secret::new(password) },
            (AuthDraft::Basic { user, password: None }, Auth::Basic { password, .. }) => Auth::Basic { user, password },
            (AuthDraft::Bearer { token: None }, _) => return Err(invalid("auth: the token is missing")),
            (AuthDraft::Basic { password: None, .. }, _) => return Err(invalid("auth: the password is missing")),
        };
    }
    if let Some(given) = headers {
        let mut before = std::mem::take(&mut endpoint.headers);
        let mut after = BTreeMap::new();
        for (name, value) in given {
            let value = match value {
                Some(value) => Secret::new(value),
                None => before.remove(&name).ok_or_else(|| invalid(&format!("headers: “{name}” has no value yet")))?,
            };
            after.insert(name, value);
        }
        endpoint.headers = after;
    }
    endpoint.tenant = tenant.map_or(endpoint.tenant, filled);
    endpoint.ca_pem = ca_pem.map_or(endpoint.ca_pem, filled);
    endpoint.timeout_secs = timeout_s.unwrap_or(endpoint.timeout_secs);
    let faults = endpoint.faults();
    if faults.is_empty() { Ok(endpoint) } else { Err(invalid(&words_of(&faults))) }
}

pub(in crate::server) fn words_of(faults: &[crate::server::prometheus::endpoint::Fault]) -> String {
    faults.iter().map(|fault| format!("{}: {}", if fault.field == "base_url" { "url" } else { fault.field }, fault.words)).collect::<Vec<_>>().join("; ")
}

/// As people may see it.
fn shown(source: &KeptSource) -> DataSource {
    let KeptSource { id, name, kind, endpoint, created_at, updated_at } = source;
    let (auth, user) = match &endpoint.auth {
        Auth::None => ("none", None),
        Auth::Bearer { .. } => ("bearer", None),
        Auth::Basic { user, .. } => ("basic", Some(user.clone())),
    };
    DataSource {
        id: *id,
        name: name.clone(),
        kind: kind.clone(),
        url: endpoint.shown_url(),
        auth: auth.to_owned(),
        user,
        tenant: endpoint.tenant.clone(),
        headers: endpoint.headers.keys().cloned().collect(),
        has_ca: endpoint.ca_pem.is_some(),
        timeout_s: endpoint.timeout_secs,
        created_at: *created_at,
        updated_at: *updated_at,
    }
}

fn done(kept: SourceKept) -> Result<(), Failure> {
    match kept {
        SourceKept::Done => Ok(()),
        SourceKept::NameTaken => Err(Failure::new(FailureKind::Refused, "name_taken", "another data source has this name already")),
        SourceKept::Unknown => Err(unknown()),
        SourceKept::InUse(objectives) => {
            let words = format!("objectives ask it: {}", objectives.join(", "));
            Err(Failure::new(FailureKind::Refused, "in_use", words).with_next("Let them ask another data source first."))
        }
    }
}

fn invalid(words: &str) -> Failure {
    Failure::new(FailureKind::Invalid, "invalid_data_source", words)
}

fn unknown() -> Failure {
    Failure::new(FailureKind::NotFound, "unknown_data_source", "there is no such data source")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(json: &str) -> DataSourceDraft {
        serde_json::from_str(json).expect("it is a draft")
    }

    #[test]
    fn secrets_stay_until_they_are_replaced() {
        let made = changed(Endpoint::new("https://m.example.com"), draft(r#"{"auth": {"kind": "bearer", "token": "abc"}, "headers": {"x-key": "k"}}"#))
            .expect("it fits");
        let after = changed(made.clone(), draft(r#"{"auth": {"kind": "bearer"}, "headers": {"x-key": null}, "timeout_s": 5}"#)).expect("it fits");
        assert_eq!((&after.auth, &after.headers, after.timeout_secs), (&made.auth, &made.headers, 5));
        let open = changed(after, draft(r#"{"auth": {"kind": "none"}, "headers": {}}"#)).expect("it fits");
        assert_eq!((open.auth, open.headers.len()), (Auth::None, 0));
    }

    #[test]
    fn a_secret_is_not_sent_to_another_address() {
        let made = changed(Endpoint::new("https://m.example.com"), draft(r#"{"auth": {"kind": "bearer", "token": "abc"}}"#)).expect("it fits");
        assert!(changed(made.clone(), draft(r#"{"url": "https://evil.example.com"}"#)).is_err());
        assert!(changed(made.clone(), draft(r#"{"url": "https://evil.example.com", "auth": {"kind": "bearer"}}"#)).is_err());
        assert!(changed(made.clone(), draft(r#"{"url": "https://m2.example.com", "auth": {"kind": "bearer", "token": "new"}}"#)).is_ok());
        assert!(changed(made, draft(r#"{"url": "https://m.example.com/"}"#)).is_ok());
    }
}
