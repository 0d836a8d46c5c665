//! The executive board, and what its figures are to be.

use super::wire::{AppClient, Wire};
use crate::domain::{
    executive::{Executive, Question, Target, TargetDraft},
    failure::Failure,
};
use leptos::prelude::*;

/// Everything the board shows.
#[server(name = ExecutiveCall, prefix = "/api/fn", endpoint = "executive/board", protocol = Wire, client = AppClient)]
pub async fn board(question: Question) -> Result<Executive, Failure> {
    use crate::server::{auth, state, usecases::executive};
    let (app, me) = (state::app()?, auth::me().await?);
    executive::board(&app, &me.actor(), &question).await.map_err(|error| error.into_failure())
}

/// All targets there ever were.
#[server(name = TargetsCall, prefix = "/api/fn", endpoint = "executive/targets", protocol = Wire, client = AppClient)]
pub async fn targets() -> Result<Vec<Target>, Failure> {
    use crate::server::{auth, state, usecases::targets};
    let (app, me) = (state::app()?, auth::me().await?);
    targets::list(&app, &me.actor()).await.map_err(|error| error.into_failure())
}

/// Sets targets.
#[server(name = SetTargetsCall, prefix = "/api/fn", endpoint = "executive/set-targets", protocol = Wire, client = AppClient)]
pub async fn set_targets(drafts: Vec<TargetDraft>) -> Result<Vec<Target>, Failure> {
    use crate::server::{auth, state, usecases::targets};
    let (app, me) = (state::app()?, auth::me().await?);
    targets::set(&app, &me.actor(), drafts).await.map_err(|error| error.into_failure())
}
