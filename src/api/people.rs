//! People with accounts; for admins.

use super::wire::{AppClient, Wire};
use crate::domain::{
    accounts::{Person, ShownOnce},
    failure::Failure,
    ids::PersonId,
    people::Role,
};
use leptos::prelude::*;

#[server(name = ListCall, prefix = "/api/fn", endpoint = "people/list", protocol = Wire, client = AppClient)]
pub async fn list() -> Result<Vec<Person>, Failure> {
    use crate::server::{auth, state, usecases::people};
    let (app, me) = (state::app()?, auth::me().await?);
    people::list(&app, &me.actor()).await.map_err(|error| error.into_failure())
}

/// Makes an account with a password that is shown this once.
#[server(name = CreateCall, prefix = "/api/fn", endpoint = "people/create", protocol = Wire, client = AppClient)]
pub async fn create(name: String, login: String, role: Role) -> Result<ShownOnce<Person>, Failure> {
    use crate::server::{auth, state, usecases::people};
    let (app, me) = (state::app()?, auth::me().await?);
    people::create(&app, &me.actor(), &name, &login, role).await.map_err(|error| error.into_failure())
}

/// Gives somebody a new password, shown this once; their sessions end.
#[server(name = ResetPasswordCall, prefix = "/api/fn", endpoint = "people/reset-password", protocol = Wire, client = AppClient)]
pub async fn reset_password(person: PersonId) -> Result<ShownOnce<Person>, Failure> {
    use crate::server::{auth, state, usecases::people};
    let (app, me) = (state::app()?, auth::me().await?);
    people::reset_password(&app, &me.actor(), person).await.map_err(|error| error.into_failure())
}

/// Changes somebody's role.
#[server(name = SetRoleCall, prefix = "/api/fn", endpoint = "people/set-role", protocol = Wire, client = AppClient)]
pub async fn set_role(person: PersonId, role: Role) -> Result<Person, Failure> {
    use crate::server::{auth, state, usecases::people};
    let (app, me) = (state::app()?, auth::me().await?);
    people::set_role(&app, &me.actor(), person, role).await.map_err(|error| error.into_failure())
}

/// Disables or enables an account; disabling ends its sessions at once.
#[server(name = SetDisabledCall, prefix = "/api/fn", endpoint = "people/set-disabled", protocol = Wire, client = AppClient)]
pub async fn set_disabled(person: PersonId, disabled: bool) -> Result<Person, Failure> {
    use crate::server::{auth, state, usecases::people};
    let (app, me) = (state::app()?, auth::me().await?);
    people::set_disabled(&app, &me.actor(), person, disabled).await.map_err(|error| error.into_failure())
}
