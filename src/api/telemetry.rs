//! Telemetry as the debug board shows it: everything that is drawn in one answer, what sets it
//! apart in another, and what lies in a selection.

use super::wire::{AppClient, Wire};
use crate::domain::{
    failure::Failure,
    telemetry::board::{BoardPage, BoardQuestion, Selected, SelectionQuestion, Told},
};
use leptos::prelude::*;

/// Everything the board draws for a range.
#[server(name = BoardCall, prefix = "/api/fn", endpoint = "telemetry/board", protocol = Wire, client = AppClient)]
pub async fn board(question: BoardQuestion) -> Result<BoardPage, Failure> {
    use crate::server::{auth, state, usecases::debug_board};
    let (app, me) = (state::app()?, auth::me().await?);
    debug_board::board(&app, &me.actor(), question).await.map_err(|error| error.into_failure())
}

/// What sets the compared part of a range apart from its baseline.
#[server(name = DifferencesCall, prefix = "/api/fn", endpoint = "telemetry/differences", protocol = Wire, client = AppClient)]
pub async fn differences(question: BoardQuestion) -> Result<Told, Failure> {
    use crate::server::{auth, state, usecases::debug_board};
    let (app, me) = (state::app()?, auth::me().await?);
    debug_board::told(&app, &me.actor(), question).await.map_err(|error| error.into_failure())
}

/// Callers and traces of a selection.
#[server(name = SelectionCall, prefix = "/api/fn", endpoint = "telemetry/selection", protocol = Wire, client = AppClient)]
pub async fn selection(question: SelectionQuestion) -> Result<Selected, Failure> {
    use crate::server::{auth, state, usecases::debug_board};
    let (app, me) = (state::app()?, auth::me().await?);
    debug_board::selected(&app, &me.actor(), question).await.map_err(|error| error.into_failure())
}
