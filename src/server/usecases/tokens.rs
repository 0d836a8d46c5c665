//! API tokens: programs and wall screens that act without a person.

use super::people::{a_name, needs};
use crate::{
    domain::{
        accounts::{ShownOnce, Token},
        audit::By,
        failure::{Failure, FailureKind},
        ids::TokenId,
        integration::Rate,
        people::{Actor, Right, Role},
    },
    server::{
        auth::{self, secrets},
        error::ServerError,
        state::App,
        store::Store,
    },
};
use uuid::Uuid;

/// Those that work, the newest first.
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<Token>, ServerError> {
    needs(actor, Right::ManageTokens)?;
    let now = app.clock().now();
    let tokens = app.store.tokens().await?;
    Ok(tokens.into_iter().map(|token| Token { rate: app.token_limits.read(token.id, now), ..token }).collect())
}

/// Makes a token; its secret is shown this once.
pub async fn create(app: &App, actor: &Actor, name: &str, role: Role) -> Result<ShownOnce<Token>, ServerError> {
    needs(actor, Right::ManageTokens)?;
    let mut created = create_token(&app.store, name, role, &auth::by(&actor.who)).await?;
    created.item.rate = app.token_limits.read(created.item.id, app.clock().now());
    tracing::info!(token = %created.item.id, role = role.slug(), by = actor.who.id, "made a token");
    Ok(created)
}

/// Revokes a token: its next request is refused, its streams end.
pub async fn revoke(app: &App, actor: &Actor, token: TokenId) -> Result<(), ServerError> {
    needs(actor, Right::ManageTokens)?;
    if !app.store.revoke_token(token, app.clock().now(), &auth::by(&actor.who)).await? {
        return Err(Failure::new(FailureKind::NotFound, "unknown_token", "there is no such token").into());
    }
    app.token_limits.forget(token);
    tracing::info!(%token, by = actor.who.id, "revoked a token");
    Ok(())
}

/// Makes a token for whoever has the command line; answers its secret.
pub async fn create_from_cli(store: &Store, name: &str, role: Role) -> Result<String, ServerError> {
    create_token(store, name, role, &By::console()).await.map(|created| created.token)
}

async fn create_token(store: &Store, name: &str, role: Role, by: &By) -> Result<ShownOnce<Token>, ServerError> {
    let secret = secrets::new_secret(secrets::API_TOKEN);
    let item = Token { id: TokenId(Uuid::now_v7()), name: a_name(name)?, role, created_at: store.clock().now(), last_used_at: None, rate: Rate::default() };
    store.create_token(&item, &secrets::hash(&secret), by).await?;
    Ok(ShownOnce { item, token: secret })
}
