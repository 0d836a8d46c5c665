//! Integrations: who sends alerts here, and with which key.

use super::wire::{AppClient, Wire};
use crate::domain::{
    accounts::{ShownOnce, SourceCard},
    failure::Failure,
    ids::IntegrationId,
    integration::{Grouping, Integration, NewToken, Settings},
    reading::{Readable, Reader},
    trial::{Prediction, Trial},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// What a new integration is made from; also the body of `POST /api/v1/integrations`.
pub use crate::domain::integration::NewIntegration;

/// The integrations and what others can be made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IntegrationsPage {
    pub integrations: Vec<Integration>,
    pub sources: Vec<SourceCard>,
    /// The address senders use for this server.
    pub public_url: String,
}

impl Readable for IntegrationsPage {
    fn read(from: Reader<'_>) -> Self {
        Self { integrations: from.get("integrations"), sources: from.get("sources"), public_url: from.get("public_url") }
    }
}

#[server(name = PageCall, prefix = "/api/fn", endpoint = "integrations/page", protocol = Wire, client = AppClient)]
pub async fn page() -> Result<IntegrationsPage, Failure> {
    use crate::server::{auth, state, usecases::integrations};
    let (app, me) = (state::app()?, auth::me().await?);
    let integrations = integrations::list(&app, &me.actor()).await.map_err(|error| error.into_failure())?;
    Ok(IntegrationsPage { integrations, sources: integrations::sources(), public_url: app.config.public_url() })
}

#[server(name = CreateCall, prefix = "/api/fn", endpoint = "integrations/create", protocol = Wire, client = AppClient)]
pub async fn create(draft: NewIntegration) -> Result<ShownOnce<Integration>, Failure> {
    use crate::server::{auth, state, usecases::integrations};
    let (app, me) = (state::app()?, auth::me().await?);
    integrations::create(&app, &me.actor(), draft).await.map_err(|error| error.into_failure())
}

/// Changes name, settings and grouping.
#[server(name = ChangeCall, prefix = "/api/fn", endpoint = "integrations/change", protocol = Wire, client = AppClient)]
pub async fn change(id: IntegrationId, name: String, settings: Settings, grouping: Grouping) -> Result<Integration, Failure> {
    use crate::{
        domain::integration::IntegrationChanges,
        server::{auth, state, usecases::integrations},
    };
    let (app, me) = (state::app()?, auth::me().await?);
    let changes = IntegrationChanges { name: Some(name), settings: Some(settings), grouping: Some(grouping), ..IntegrationChanges::default() };
    integrations::change(&app, &me.actor(), id, changes).await.map_err(|error| error.into_failure())
}

/// Adds signing secrets that the sender has already, and removes others by their fingerprints.
#[server(name = ChangeSecretsCall, prefix = "/api/fn", endpoint = "integrations/change-secrets", protocol = Wire, client = AppClient)]
pub async fn change_secrets(id: IntegrationId, add: Vec<String>, remove: Vec<String>) -> Result<Integration, Failure> {
    use crate::{
        domain::integration::IntegrationChanges,
        server::{auth, state, usecases::integrations},
    };
    let (app, me) = (state::app()?, auth::me().await?);
    let changes = IntegrationChanges { add_signing_secrets: add, remove_signing_secrets: remove, ..IntegrationChanges::default() };
    integrations::change(&app, &me.actor(), id, changes).await.map_err(|error| error.into_failure())
}

/// Makes a signing secret that is valid beside the others; it is shown this once.
#[server(name = MakeSecretCall, prefix = "/api/fn", endpoint = "integrations/make-secret", protocol = Wire, client = AppClient)]
pub async fn make_secret(id: IntegrationId) -> Result<ShownOnce<Integration>, Failure> {
    use crate::server::{auth, state, usecases::integrations};
    let (app, me) = (state::app()?, auth::me().await?);
    integrations::make_secret(&app, &me.actor(), id).await.map_err(|error| error.into_failure())
}

/// What a delivery would become if it arrived now. Nothing is stored.
#[server(name = TestCall, prefix = "/api/fn", endpoint = "integrations/test", protocol = Wire, client = AppClient)]
pub async fn test(trial: Trial) -> Result<Prediction, Failure> {
    use crate::server::{auth, state, usecases};
    let (app, me) = (state::app()?, auth::me().await?);
    usecases::trial::predict(&app, &me.actor(), trial).await.map_err(|error| error.into_failure())
}

/// Replaces the token; the one before opens beside it until it is removed, or until the chosen instant.
#[server(name = ReplaceTokenCall, prefix = "/api/fn", endpoint = "integrations/replace-token", protocol = Wire, client = AppClient)]
pub async fn replace_token(id: IntegrationId, draft: NewToken) -> Result<ShownOnce<Integration>, Failure> {
    use crate::server::{auth, state, usecases::integrations};
    let (app, me) = (state::app()?, auth::me().await?);
    integrations::replace_token(&app, &me.actor(), id, draft).await.map_err(|error| error.into_failure())
}

/// Shuts out whoever still uses the token before the present one.
#[server(name = RemovePreviousTokenCall, prefix = "/api/fn", endpoint = "integrations/remove-previous-token", protocol = Wire, client = AppClient)]
pub async fn remove_previous_token(id: IntegrationId) -> Result<Integration, Failure> {
    use crate::server::{auth, state, usecases::integrations};
    let (app, me) = (state::app()?, auth::me().await?);
    integrations::remove_previous_token(&app, &me.actor(), id).await.map_err(|error| error.into_failure())
}

/// Switches an integration off or on; while off, its key opens nothing.
#[server(name = SetDisabledCall, prefix = "/api/fn", endpoint = "integrations/set-disabled", protocol = Wire, client = AppClient)]
pub async fn set_disabled(id: IntegrationId, disabled: bool) -> Result<Integration, Failure> {
    use crate::server::{auth, state, usecases::integrations};
    let (app, me) = (state::app()?, auth::me().await?);
    integrations::set_disabled(&app, &me.actor(), id, disabled).await.map_err(|error| error.into_failure())
}
