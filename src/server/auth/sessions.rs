//! Signing in and out: the rules of sessions and their cookie. The rows are `store`'s business.
//!
//! Every sign-in makes a new secret and ends the session that the browser came with, so a cookie
//! planted beforehand is worth nothing. A session ends after the configured time without use, and
//! after [`LIVES_FOR_SECS`] in any case.

use super::{ClientAddress, Principal, Via, passwords, secrets};
use crate::{
    domain::{
        accounts::{Me, Person},
        failure::{Failure, FailureKind},
        ids::PersonId,
        people::Role,
        time::Timestamp,
        wording,
    },
    server::{
        config::Config,
        error::ServerError,
        state::App,
        store::{Account, FirstAdmin, NewSession, OpenSession, StoreError},
        usecases::people::{demo_is_on, new_person},
    },
};
use axum::http::HeaderMap;
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};

/// However much it is used, a session ends after 90 days.
const LIVES_FOR_SECS: i64 = 90 * 24 * 3600;

/// Somebody who just signed in, and the secret for their cookie.
#[derive(Clone, PartialEq)]
pub struct SignedIn {
    pub me: Me,
    pub secret: String,
}

/// Signs in with a password. A wrong password, an unknown login, a disabled account and an account
/// without a password sound and take the same.
pub async fn sign_in(app: &App, login: &str, password: &str, address: ClientAddress, current: Option<&Principal>) -> Result<SignedIn, ServerError> {
    let login = login.trim().to_lowercase();
    app.sign_in_limits.try_account(&login, address).map_err(too_many_tries)?;
    let account = app.store.account(&login).await?.filter(|account| !account.person.disabled);
    let proved = account.as_ref().and_then(|account| account.password_hash.as_deref());
    let (true, Some(Account { person, password_hash })) = (passwords::verify(password, proved).await?, &account) else {
        tracing::warn!(address = %address.0, "a sign-in was refused");
        return Err(wrong_sign_in().into());
    };
    app.sign_in_limits.succeeded(&login, address);
    let signed_in = begin(app, person, password_hash.as_deref(), current).await?;
    tracing::info!(person = %person.id, address = %address.0, "signed in");
    Ok(signed_in)
}

/// Signs in as a ready-made person, where the demo is on.
pub async fn demo_sign_in(app: &App, person: PersonId, current: Option<&Principal>) -> Result<SignedIn, ServerError> {
    if !demo_is_on(&app.config) {
        return Err(Failure::new(FailureKind::Forbidden, "no_demo", "there are no ready-made people here").with_next("Sign in with your own account.").into());
    }
    match app.store.person(person).await? {
        Some(person) if person.demo && !person.disabled => begin(app, &person, None, current).await,
        _ => Err(Failure::new(FailureKind::NotFound, "unknown_person", "there is no such ready-made person").into()),
    }
}

/// Makes the first admin with the one-time key of the server's start, and signs them in.
pub async fn first_admin(app: &App, key: &str, name: &str, login: &str, password: &str, address: ClientAddress) -> Result<SignedIn, ServerError> {
    app.sign_in_limits.try_address(address).map_err(too_many_tries)?;
    let now = app.clock().now();
    let person = new_person(name, login, Role::Admin, now)?;
    passwords::check(password, &person.login, &person.name)?;
    let password_hash = passwords::hash(password).await?;
    let (session, secret) = new_session(person.id, now);
    match app.store.create_first_admin(&secrets::hash(key.trim()), &person, &password_hash, &session).await? {
        FirstAdmin::Made => {
            tracing::info!(person = %person.id, address = %address.0, "the first admin was made");
            Ok(SignedIn { me: me_of(&person), secret })
        }
        FirstAdmin::LoginTaken => Err(crate::server::usecases::people::login_taken().into()),
        FirstAdmin::Refused => Err(Failure::new(FailureKind::Refused, "link_used", "this link was used already, is too old, or was replaced")
            .with_next("Restart the server for a new one, or ask an admin for an account.")
            .into()),
    }
}

/// Changes one's own password. All sessions of the person end; the answer begins a new one.
pub async fn change_password(app: &App, principal: &Principal, old: &str, new: &str, address: ClientAddress) -> Result<SignedIn, ServerError> {
    let Via::Session { .. } = principal.via else {
        return Err(Failure::new(FailureKind::Forbidden, "not_a_person", "an API token has no password").into());
    };
    let me = &principal.me;
    app.sign_in_limits.try_account(&me.login, address).map_err(too_many_tries)?;
    let account = app.store.account(&me.login).await?;
    let proved = account.and_then(|account| account.password_hash);
    let wrong = || Failure::new(FailureKind::Invalid, "wrong_password", "the old password is wrong");
    let (true, Some(proved)) = (passwords::verify(old, proved.as_deref()).await?, proved) else {
        return Err(wrong().into());
    };
    app.sign_in_limits.succeeded(&me.login, address);
    passwords::check(new, &me.login, &me.name)?;
    let new_hash = passwords::hash(new).await?;
    let (session, secret) = new_session(me.id, app.clock().now());
    if !app.store.change_password(&proved, &new_hash, &session).await? {
        return Err(wrong().into());
    }
    tracing::info!(person = %me.id, "changed their password");
    Ok(SignedIn { me: me.clone(), secret })
}

/// The open session with this hash. Ready-made people have none where the demo is off.
pub async fn find(app: &App, token_hash: &str) -> Result<Option<OpenSession>, StoreError> {
    let now = app.clock().now();
    let open = app.store.session(token_hash, now, idle_since(&app.config, now)).await?;
    Ok(open.filter(|open| !open.person.demo || demo_is_on(&app.config)))
}

/// The session's secret that came with a request.
pub fn secret_of(config: &Config, headers: &HeaderMap) -> Option<String> {
    CookieJar::from_headers(headers).get(cookie_name(config)).map(|cookie| cookie.value().to_owned())
}

/// The `Set-Cookie` that begins a session.
pub fn cookie(config: &Config, secret: &str) -> String {
    format!("{}; Max-Age={LIVES_FOR_SECS}", bare_cookie(config, secret))
}

/// The `Set-Cookie` that takes the session's secret away.
pub fn cleared_cookie(config: &Config) -> String {
    format!("{}; Max-Age=0", bare_cookie(config, ""))
}

/// A person as themselves.
pub fn me_of(person: &Person) -> Me {
    Me { id: person.id, login: person.login.clone(), name: person.name.clone(), role: person.role, demo: person.demo }
}

/// Browsers accept a `__Host-` cookie only with `Secure`, which plain http on loopback cannot have.
fn cookie_name(config: &Config) -> &'static str {
    if config.is_secure() { "__Host-tocsin" } else { "tocsin" }
}

fn bare_cookie(config: &Config, secret: &str) -> String {
    let cookie = Cookie::build((cookie_name(config), secret)).path("/").http_only(true).same_site(SameSite::Lax).secure(config.is_secure());
    cookie.build().to_string()
}

fn idle_since(config: &Config, now: Timestamp) -> Timestamp {
    now.plus_secs(-3600 * i64::from(config.session_idle_hours))
}

fn new_session(person_id: PersonId, now: Timestamp) -> (NewSession, String) {
    let secret = secrets::new_secret("");
    (NewSession { token_hash: secrets::hash(&secret), person_id, created_at: now, expires_at: now.plus_secs(LIVES_FOR_SECS) }, secret)
}

async fn begin(app: &App, person: &Person, proved: Option<&str>, current: Option<&Principal>) -> Result<SignedIn, ServerError> {
    let now = app.clock().now();
    // Few sign in, so this is where the remains of old sessions are swept out.
    app.store.delete_expired_sessions(now, idle_since(&app.config, now)).await?;
    let (session, secret) = new_session(person.id, now);
    let replaces = current.and_then(|principal| match &principal.via {
        Via::Session { token_hash } => Some(token_hash.as_str()),
        Via::Token { .. } => None,
    });
    if !app.store.open_session(&session, proved, replaces).await? {
        return Err(wrong_sign_in().into());
    }
    Ok(SignedIn { me: me_of(person), secret })
}

fn wrong_sign_in() -> Failure {
    Failure::new(FailureKind::Unauthenticated, "wrong_sign_in", "the login or the password is wrong")
        .with_next("Try again, or ask an admin for a new password.")
}

fn too_many_tries(wait_secs: i64) -> Failure {
    Failure::new(FailureKind::Limited, "too_many_tries", "too many tries to sign in").with_next(format!("Try again in {}.", wording::span(wait_secs)))
}
