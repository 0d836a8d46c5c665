//! Services, and finding things by words.

use super::wire::{AppClient, Wire};
use crate::domain::{
    failure::Failure,
    search::Found,
    services::{Service, ServiceDraft, ServicePage},
};
use leptos::prelude::*;

#[server(name = ServicesCall, prefix = "/api/fn", endpoint = "services/list", protocol = Wire, client = AppClient)]
pub async fn list() -> Result<Vec<Service>, Failure> {
    use crate::server::{auth, state, usecases::services};
    let (app, me) = (state::app()?, auth::me().await?);
    services::list(&app, &me.actor()).await.map_err(|error| error.into_failure())
}

#[server(name = ServicePageCall, prefix = "/api/fn", endpoint = "services/page", protocol = Wire, client = AppClient)]
pub async fn page(name: String) -> Result<ServicePage, Failure> {
    use crate::server::{auth, state, usecases::services};
    let (app, me) = (state::app()?, auth::me().await?);
    services::page(&app, &me.actor(), &name).await.map_err(|error| error.into_failure())
}

/// Writes down what people say of a service.
#[server(name = DescribeCall, prefix = "/api/fn", endpoint = "services/describe", protocol = Wire, client = AppClient)]
pub async fn describe(name: String, draft: ServiceDraft) -> Result<Service, Failure> {
    use crate::server::{auth, state, usecases::services};
    let (app, me) = (state::app()?, auth::me().await?);
    services::describe(&app, &me.actor(), &name, draft).await.map_err(|error| error.into_failure())
}

#[server(name = SearchCall, prefix = "/api/fn", endpoint = "search/find", protocol = Wire, client = AppClient)]
pub async fn search(text: String) -> Result<Found, Failure> {
    use crate::server::{auth, state, usecases::search};
    let (app, me) = (state::app()?, auth::me().await?);
    search::find(&app, &me.actor(), &text, search::ON_SCREEN).await.map_err(|error| error.into_failure())
}
