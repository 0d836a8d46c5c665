//! API tokens; for admins.

use super::wire::{AppClient, Wire};
use crate::domain::{
    accounts::{ShownOnce, Token},
    failure::Failure,
    ids::TokenId,
    people::Role,
};
use leptos::prelude::*;

#[server(name = ListCall, prefix = "/api/fn", endpoint = "tokens/list", protocol = Wire, client = AppClient)]
pub async fn list() -> Result<Vec<Token>, Failure> {
    use crate::server::{auth, state, usecases::tokens};
    let (app, me) = (state::app()?, auth::me().await?);
    tokens::list(&app, &me.actor()).await.map_err(|error| error.into_failure())
}

#[server(name = CreateCall, prefix = "/api/fn", endpoint = "tokens/create", protocol = Wire, client = AppClient)]
pub async fn create(name: String, role: Role) -> Result<ShownOnce<Token>, Failure> {
    use crate::server::{auth, state, usecases::tokens};
    let (app, me) = (state::app()?, auth::me().await?);
    tokens::create(&app, &me.actor(), &name, role).await.map_err(|error| error.into_failure())
}

#[server(name = RevokeCall, prefix = "/api/fn", endpoint = "tokens/revoke", protocol = Wire, client = AppClient)]
pub async fn revoke(token: TokenId) -> Result<(), Failure> {
    use crate::server::{auth, state, usecases::tokens};
    let (app, me) = (state::app()?, auth::me().await?);
    tokens::revoke(&app, &me.actor(), token).await.map_err(|error| error.into_failure())
}
