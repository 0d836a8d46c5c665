//! Integrations: who sends alerts here, and with which key.

use super::wire::{AppClient, Wire};
use crate::domain::{
    accounts::{ShownOnce, SourceCard},
    failure::Failure,
    ids::IntegrationId,
    integration::{Grouping, Integration, Settings},
    reading::{Readable, Reader},
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
    use crate::server::{auth, state, usecases::integrations};
    let (app, me) = (state::app()?, auth::me().await?);
    integrations::change(&app, &me.actor(), id, &name, settings, grouping).await.map_err(|error| error.into_failure())
}

/// Switches an integration off or on; while off, its key opens nothing.
#[server(name = SetDisabledCall, prefix = "/api/fn", endpoint = "integrations/set-disabled", protocol = Wire, client = AppClient)]
pub async fn set_disabled(id: IntegrationId, disabled: bool) -> Result<Integration, Failure> {
    use crate::server::{auth, state, usecases::integrations};
    let (app, me) = (state::app()?, auth::me().await?);
    integrations::set_disabled(&app, &me.actor(), id, disabled).await.map_err(|error| error.into_failure())
}
