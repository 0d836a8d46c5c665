//! Who is asking, and may they ask from there.
//!
//! The doors stack these layers, the outermost first:
//!
//! 1. [`headers::add`]: what browsers are told about every answer;
//! 2. [`guard::allow_host`]: on loopback, only loopback's names (DNS rebinding);
//! 3. [`principal::identify`]: bearer token or session cookie → [`Principal`], and the
//!    [`ClientAddress`], both in the request's extensions;
//! 4. [`guard::same_origin`]: what changes something by session comes from our own pages.
//!
//! REST handlers take a [`Principal`] (or `Option<Principal>`) as an extractor. Server functions
//! read their leptos context, which their door fills: `Arc<App>`, and through
//! [`server_fn_context`] an `Option<Principal>` and a [`ClientAddress`]. `leptos_axum` itself
//! provides the `ResponseOptions` through which cookies and status codes leave.
//!
//! A bearer token opens server functions and pages too, so that a wall screen needs no person.

pub mod address;
pub mod guard;
pub mod headers;
pub mod limits;
pub mod passwords;
pub mod principal;
pub mod refused;
pub mod secrets;
pub mod sessions;
#[cfg(test)]
pub(in crate::server) mod testing;

pub use address::ClientAddress;
pub use principal::{Principal, Via, identify, still_valid};

use super::{
    error::ServerError,
    state::{self, App},
};
use crate::domain::{
    accounts::Me,
    failure::{Failure, FailureKind},
    ids::PersonId,
};
use axum::http::{HeaderValue, header::SET_COOKIE};
use leptos::prelude::{provide_context, use_context};
use leptos_axum::ResponseOptions;

/// Tells a server function who is asking and from where.
pub fn server_fn_context(principal: Option<Principal>, address: ClientAddress) {
    provide_context(principal);
    provide_context(address);
}

/// Who is asking, inside a server function.
pub async fn me() -> Result<Me, Failure> {
    principal_within().map(|principal| principal.me)
}

/// Who is asking, if anybody, inside a server function.
pub async fn me_if_any() -> Result<Option<Me>, Failure> {
    Ok(present().map(|principal| principal.me))
}

/// Signs in with a password; the answer carries the session's cookie.
pub async fn sign_in(login: &str, password: &str) -> Result<Me, Failure> {
    let app = state::app()?;
    let signed_in = sessions::sign_in(&app, login, password, address_within(), present().as_ref()).await;
    answer_with_cookie(&app, signed_in)
}

/// Signs in as a ready-made person of the demo.
pub async fn demo_sign_in(person: PersonId) -> Result<Me, Failure> {
    let app = state::app()?;
    let signed_in = sessions::demo_sign_in(&app, person, present().as_ref()).await;
    answer_with_cookie(&app, signed_in)
}

/// Ends the session; nobody signed in is no failure.
pub async fn sign_out() -> Result<(), Failure> {
    let app = state::app()?;
    if let Some(Principal { via: Via::Session { token_hash }, .. }) = present() {
        app.store.end_session(&token_hash).await.map_err(|error| ServerError::from(error).into_failure())?;
    }
    set_cookie(&sessions::cleared_cookie(&app.config));
    Ok(())
}

/// Makes the first admin and signs them in.
pub async fn first_admin(key: &str, name: &str, login: &str, password: &str) -> Result<Me, Failure> {
    let app = state::app()?;
    let signed_in = sessions::first_admin(&app, key, name, login, password, address_within()).await;
    answer_with_cookie(&app, signed_in)
}

/// Changes one's own password; every other session ends and this one gets a new id.
pub async fn change_password(old: &str, new: &str) -> Result<(), Failure> {
    let app = state::app()?;
    let principal = principal_within()?;
    let changed = sessions::change_password(&app, &principal, old, new, address_within()).await;
    answer_with_cookie(&app, changed).map(|_| ())
}

fn present() -> Option<Principal> {
    use_context::<Option<Principal>>().flatten()
}

fn principal_within() -> Result<Principal, Failure> {
    present().ok_or_else(|| ServerError::from(signed_out()).into_failure())
}

fn address_within() -> ClientAddress {
    use_context().unwrap_or(ClientAddress::UNKNOWN)
}

/// What somebody hears whom nobody knows.
pub fn signed_out() -> Failure {
    Failure::new(FailureKind::Unauthenticated, "signed_out", "nobody is signed in").with_next("Sign in and try again.")
}

fn answer_with_cookie(app: &App, signed_in: Result<sessions::SignedIn, ServerError>) -> Result<Me, Failure> {
    let signed_in = signed_in.map_err(ServerError::into_failure)?;
    set_cookie(&sessions::cookie(&app.config, &signed_in.secret));
    Ok(signed_in.me)
}

fn set_cookie(cookie: &str) {
    if let (Some(options), Ok(value)) = (use_context::<ResponseOptions>(), HeaderValue::from_str(cookie)) {
        options.append_header(SET_COOKIE, value);
    }
}
