//! `/brief`: one page without script, for a slow phone, a preview in mail, or a screen on a wall.

use super::html;
use crate::{
    domain::failure::Failure,
    server::{
        auth::Principal,
        state::App,
        usecases::briefing,
    },
};
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use std::sync::Arc;

/// Its whole style; it stands in the page, which is one request.
pub const STYLE: &str = include_str!("../../../style/brief.css");

/// The page for whoever is signed in; others sign in first and come back.
pub async fn brief(State(app): State<Arc<App>>, principal: Option<Principal>) -> Response {
    let Some(principal) = principal else { return Redirect::to("/sign-in?next=/brief").into_response() };
    match briefing::gather(&app, &principal.actor).await {
        Ok(briefing) => html(StatusCode::OK, (app.pages.brief)(&briefing, STYLE, "")),
        Err(error) => failed(&error.into_failure()),
    }
}

/// Words and when to come back, where even the page cannot be made.
fn failed(failure: &Failure) -> Response {
    let status = StatusCode::from_u16(failure.kind.status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let words = format!("The brief cannot be made now: {}.\nTry again in a minute.\n", failure.words);
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::RETRY_AFTER, "60")], words).into_response()
}
