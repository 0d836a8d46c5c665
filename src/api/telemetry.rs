//! Telemetry as the debug board shows it: what it draws in one answer, what sets it apart in
//! another, and who called in a selection.

use super::wire::{AppClient, Wire};
use crate::domain::{
    failure::Failure,
    telemetry::{
        board::{BoardPage, BoardQuestion, Told},
        panels::{Question, Traffic},
        suspects::Suspect,
    },
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

/// Who called in a selection, against the baseline.
#[server(name = CallersCall, prefix = "/api/fn", endpoint = "telemetry/callers", protocol = Wire, client = AppClient)]
pub async fn callers(question: Question) -> Result<Vec<Traffic>, Failure> {
    use crate::server::{auth, observed::panels::By, state, usecases::telemetry};
    let (app, me) = (state::app()?, auth::me().await?);
    telemetry::traffic(&app, &me.actor(), question, By::Caller).await.map_err(|error| error.into_failure())
}

/// What is not to be believed of what was sent in a range.
#[server(name = SuspectsCall, prefix = "/api/fn", endpoint = "telemetry/suspects", protocol = Wire, client = AppClient)]
pub async fn suspects(question: Question) -> Result<Vec<Suspect>, Failure> {
    use crate::server::{auth, state, usecases::telemetry};
    let (app, me) = (state::app()?, auth::me().await?);
    telemetry::suspects(&app, &me.actor(), question).await.map_err(|error| error.into_failure())
}
