//! Signing in and out, the first admin, one's own profile.

use super::wire::{AppClient, Wire};
use crate::domain::{
    accounts::{Doorstep, Me},
    failure::Failure,
    ids::PersonId,
};
use leptos::prelude::*;

#[server(name = DoorstepCall, prefix = "/api/fn", endpoint = "session/doorstep", protocol = Wire, client = AppClient)]
pub async fn doorstep() -> Result<Doorstep, Failure> {
    use crate::server::{auth, state, usecases::people};
    let app = state::app()?;
    let me = auth::me_if_any().await?;
    let (demo_people, needs_first_admin) = people::doorstep(&app).await.map_err(|error| error.into_failure())?;
    Ok(Doorstep { me, demo_people, needs_first_admin })
}

/// Signs in with a password; on success the answer carries the session's cookie.
#[server(name = SignInCall, prefix = "/api/fn", endpoint = "session/sign-in", protocol = Wire, client = AppClient)]
pub async fn sign_in(login: String, password: String) -> Result<Me, Failure> {
    crate::server::auth::sign_in(&login, &password).await
}

/// Signs in as a ready-made person of the demo; refused everywhere else.
#[server(name = DemoSignInCall, prefix = "/api/fn", endpoint = "session/demo-sign-in", protocol = Wire, client = AppClient)]
pub async fn demo_sign_in(person: PersonId) -> Result<Me, Failure> {
    crate::server::auth::demo_sign_in(person).await
}

#[server(name = SignOutCall, prefix = "/api/fn", endpoint = "session/sign-out", protocol = Wire, client = AppClient)]
pub async fn sign_out() -> Result<(), Failure> {
    crate::server::auth::sign_out().await
}

/// Makes the first admin with the one-time key from the server's start, and signs them in.
#[server(name = FirstAdminCall, prefix = "/api/fn", endpoint = "session/first-admin", protocol = Wire, client = AppClient)]
pub async fn first_admin(key: String, name: String, login: String, password: String) -> Result<Me, Failure> {
    crate::server::auth::first_admin(&key, &name, &login, &password).await
}

/// Changes one's own name.
#[server(name = RenameCall, prefix = "/api/fn", endpoint = "session/rename", protocol = Wire, client = AppClient)]
pub async fn rename(name: String) -> Result<Me, Failure> {
    use crate::server::{auth, state, usecases::people};
    let (app, me) = (state::app()?, auth::me().await?);
    people::rename(&app, &me, &name).await.map_err(|error| error.into_failure())
}

/// Changes one's own password; every other session of the same person ends.
#[server(name = ChangePasswordCall, prefix = "/api/fn", endpoint = "session/change-password", protocol = Wire, client = AppClient)]
pub async fn change_password(old: String, new: String) -> Result<(), Failure> {
    crate::server::auth::change_password(&old, &new).await
}
