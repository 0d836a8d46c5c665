//! Signing in and out: the rules of sessions and their cookie. The rows are `store`'s business.
//!
//! Every sign-in makes a new secret and ends the session that the browser came with, so a cookie
//! planted beforehand is worth nothing. A session ends after the configured time without use, and
//! after [`LIVES_FOR_SECS`] in any case.

use super::{ClientAddress, Principal, Via, by_person, passwords, secrets};
use crate::{
    domain::{
        accounts::{Me, Person},
        audit::By,
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
        usecases::{
            people::{demo_is_on, new_person},
            plain::plain_text,
        },
    },
};
use axum::http::HeaderMap;
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};

/// However much it is used, a session ends after 90 days.
pub(super) const LIVES_FOR_SECS: i64 = 90 * 24 * 3600;

/// Somebody who just signed in, and the secret for their cookie.
#[derive(Clone, PartialEq)]
pub struct SignedIn {
    pub me: Me,
    pub secret: String,
}

/// Signs in with a password. A wrong password, an unknown login, a disabled account and an account
/// without a password sound and take the same.
pub async fn sign_in(app: &App, login: &str, password: &str, address: ClientAddress, current: Option<&Principal>) -> Result<SignedIn, ServerError> {
    // Not even asked for with U+0000 in it: PostgreSQL would take that for trouble of its own.
    let login = plain_text(login.trim()).to_lowercase();
    if let Err(wait_secs) = app.sign_in_limits.try_account(&login, address) {
        failed(app, None, address).await;
        return Err(too_many_tries(wait_secs).into());
    }
    let known = app.store.account(&login).await?;
    let account = known.as_ref().filter(|account| !account.person.disabled);
    let proved = account.and_then(|account| account.password_hash.as_deref());
    let (true, Some(Account { person, password_hash })) = (passwords::verify(password, proved).await?, account) else {
        tracing::warn!(address = %address.0, "a sign-in was refused");
        failed(app, known.as_ref().map(|account| &account.person), address).await;
        return Err(wrong_sign_in().into());
    };
    app.sign_in_limits.succeeded(&login, address);
    let signed_in = begin(app, person, password_hash.as_deref(), current, address).await?;
    tracing::info!(person = %person.id, address = %address.0, "signed in");
    Ok(signed_in)
}

/// Signs in as a ready-made person, where the demo is on.
pub async fn demo_sign_in(app: &App, person: PersonId, current: Option<&Principal>) -> Result<SignedIn, ServerError> {
    if !demo_is_on(&app.config) {
        return Err(Failure::new(FailureKind::Forbidden, "no_demo", "there are no ready-made people here").with_next("Sign in with your own account.").into());
    }
    match app.store.person(person).await? {
        Some(person) if person.demo && !person.disabled => begin(app, &person, None, current, ClientAddress::of_request()).await,
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
    match app.store.create_first_admin(&secrets::hash(key.trim()), &person, &password_hash, &session, &by_person(&person, address)).await? {
        FirstAdmin::Made => {
            tracing::info!(person = %person.id, address = %address.0, "the first admin was made");
            Ok(SignedIn { me: me_of(&person), secret })
        }
        FirstAdmin::LoginTaken => Err(crate::server::usecases::people::login_taken().into()),
        FirstAdmin::Refused => {
            failed(app, None, address).await;
            Err(Failure::new(FailureKind::Refused, "link_used", "this link was used already, is too old, or was replaced")
                .with_next("Restart the server for a new one, or ask an admin for an account.")
                .into())
        }
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
    let by = By { who: principal.actor.who.clone(), address: address.noted() };
    let wrong = || Failure::new(FailureKind::Invalid, "wrong_password", "the old password is wrong");
    let (true, Some(proved)) = (passwords::verify(old, proved.as_deref()).await?, proved) else {
        return Err(wrong().into());
    };
    app.sign_in_limits.succeeded(&me.login, address);
    passwords::check(new, &me.login, &me.name)?;
    let new_hash = passwords::hash(new).await?;
    let (session, secret) = new_session(me.id, app.clock().now());
    if !app.store.change_password(&proved, &new_hash, &session, &by).await? {
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

async fn begin(app: &App, person: &Person, proved: Option<&str>, current: Option<&Principal>, address: ClientAddress) -> Result<SignedIn, ServerError> {
    let now = app.clock().now();
    // Few sign in, so this is where the remains of old sessions are swept out.
    app.store.delete_expired_sessions(now, idle_since(&app.config, now)).await?;
    let (session, secret) = new_session(person.id, now);
    let replaces = current.and_then(|principal| match &principal.via {
        Via::Session { token_hash } => Some(token_hash.as_str()),
        Via::Token { .. } => None,
    });
    if !app.store.open_session(&session, proved, replaces, &by_person(person, address)).await? {
        return Err(wrong_sign_in().into());
    }
    Ok(SignedIn { me: me_of(person), secret })
}

/// Notes a sign-in that failed. Trouble of the log changes nothing for whoever asked.
async fn failed(app: &App, person: Option<&Person>, address: ClientAddress) {
    if let Some(note) = app.failures.count(person, address, app.clock().now())
        && let Err(error) = app.store.note(&note).await
    {
        tracing::error!(error = &error as &dyn std::error::Error, "a failed sign-in could not be noted");
    }
}

fn wrong_sign_in() -> Failure {
    Failure::new(FailureKind::Unauthenticated, "wrong_sign_in", "the login or the password is wrong")
        .with_next("Try again, or ask an admin for a new password.")
}

fn too_many_tries(wait_secs: i64) -> Failure {
    Failure::new(FailureKind::Limited, "too_many_tries", "too many tries to sign in").with_next(format!("Try again in {}.", wording::span(wait_secs)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::{
        auth::{limits::LONGEST_WAIT_SECS, still_valid, testing::an_app},
        store::testing::NOON,
        usecases::people,
    };
    use std::{net::Ipv4Addr, sync::Arc};
    use tempfile::TempDir;

    const PASSWORD: &str = "correct horse battery";

    fn from(last: u8) -> ClientAddress {
        ClientAddress(Ipv4Addr::new(203, 0, 113, last).into())
    }

    /// A server with the admin `mara`, made by the link of the first start, and her session.
    async fn with_mara() -> (Arc<App>, TempDir, SignedIn) {
        let (app, folder) = an_app(Config::default()).await;
        let key = first_key(&app).await;
        let mara = first_admin(&app, &key, "Mara", "Mara", PASSWORD, from(1)).await.expect("the link works");
        (app, folder, mara)
    }

    async fn first_key(app: &App) -> String {
        let link = people::ensure_first_admin_link(app).await.expect("the store works").expect("there is no admin");
        link.strip_prefix("/setup?key=").expect("the link leads to the set-up").to_owned()
    }

    async fn principal(app: &App, signed_in: &SignedIn) -> Option<Principal> {
        let hash = secrets::hash(&signed_in.secret);
        find(app, &hash).await.expect("the store works").map(|open| Principal::of_session(&open.person, hash))
    }

    fn code(outcome: Result<SignedIn, ServerError>) -> String {
        outcome.map_or_else(|error| error.into_failure().code, |signed_in| format!("{} is signed in", signed_in.me.login))
    }

    #[tokio::test]
    async fn signing_in_makes_a_new_id_and_ends_the_one_the_browser_came_with() {
        let (app, _folder, first) = with_mara().await;
        let before = principal(&app, &first).await;
        let second = sign_in(&app, " MARA ", PASSWORD, from(1), before.as_ref()).await.expect("the password is right");
        assert_ne!(first.secret, second.secret);
        assert_eq!(principal(&app, &first).await, None, "a planted or old cookie is worth nothing");
        assert_eq!(principal(&app, &second).await.map(|principal| principal.me), Some(second.me));
    }

    #[tokio::test]
    async fn only_the_hash_of_a_sessions_secret_is_stored() {
        let (app, _folder, mara) = with_mara().await;
        assert_eq!(app.store.session(&mara.secret, NOON, Timestamp::MIN).await.expect("the store works"), None);
        assert!(app.store.session(&secrets::hash(&mara.secret), NOON, Timestamp::MIN).await.expect("the store works").is_some());
    }

    #[tokio::test]
    async fn a_wrong_password_sounds_like_an_unknown_login_and_like_a_disabled_account() {
        let (app, _folder, mara) = with_mara().await;
        let made = people::create(&app, &mara.me.actor(), "Jonas", "jonas", Role::Responder).await.expect("an admin may");
        people::set_disabled(&app, &mara.me.actor(), made.item.id, true).await.expect("an admin may");
        let mut answers = vec![];
        for (login, password) in [("mara", "wrong horse battery"), ("nobody", PASSWORD), ("jonas", made.token.as_str()), ("", "")] {
            let refused = sign_in(&app, login, password, from(1), None).await.err().expect("nobody gets in");
            answers.push(refused.into_failure());
        }
        assert_eq!(answers[0].code, "wrong_sign_in");
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    }

    #[tokio::test]
    async fn a_changed_password_ends_every_other_session_and_renews_this_one() {
        let (app, _folder, phone) = with_mara().await;
        let desk = sign_in(&app, "mara", PASSWORD, from(1), None).await.expect("the password is right");
        let at_desk = principal(&app, &desk).await.expect("she is signed in");
        assert_eq!(code(change_password(&app, &at_desk, "not the old one", "a new long password", from(1)).await), "wrong_password");
        assert_eq!(code(change_password(&app, &at_desk, PASSWORD, "short", from(1)).await), "password_too_short");
        assert!(still_valid(&app, &at_desk).await, "a refused change ends nothing");

        let renewed = change_password(&app, &at_desk, PASSWORD, "a new long password", from(1)).await.expect("the old password is right");
        assert_eq!((principal(&app, &phone).await, principal(&app, &desk).await), (None, None));
        assert!(principal(&app, &renewed).await.is_some());
        assert!(!still_valid(&app, &at_desk).await, "streams of the old session end");
        assert_eq!(code(sign_in(&app, "mara", PASSWORD, from(1), None).await), "wrong_sign_in");
        assert_eq!(code(sign_in(&app, "mara", "a new long password", from(1), None).await), "mara is signed in");
    }

    #[tokio::test]
    async fn disabling_and_resetting_end_sessions_and_streams_at_once() {
        let (app, _folder, mara) = with_mara().await;
        let admin = mara.me.actor();
        let made = people::create(&app, &admin, "Jonas", "jonas", Role::Responder).await.expect("an admin may");
        let jonas = sign_in(&app, "jonas", &made.token, from(2), None).await.expect("the made password works");
        let stream = principal(&app, &jonas).await.expect("he is signed in");
        let reset = people::reset_password(&app, &admin, made.item.id).await.expect("an admin may");
        assert!(!still_valid(&app, &stream).await);
        assert_eq!(code(sign_in(&app, "jonas", &made.token, from(2), None).await), "wrong_sign_in");

        let jonas = sign_in(&app, "jonas", &reset.token, from(2), None).await.expect("the new password works");
        let stream = principal(&app, &jonas).await.expect("he is signed in");
        people::set_disabled(&app, &admin, made.item.id, true).await.expect("an admin may");
        assert_eq!(principal(&app, &jonas).await, None);
        people::set_disabled(&app, &admin, made.item.id, false).await.expect("an admin may");
        assert!(!still_valid(&app, &stream).await, "enabling does not bring old sessions back");
        assert_eq!(code(sign_in(&app, "jonas", &reset.token, from(2), None).await), "jonas is signed in");
    }

    #[tokio::test]
    async fn a_stream_of_somebody_whose_role_changed_begins_anew() {
        let (app, _folder, mara) = with_mara().await;
        let made = people::create(&app, &mara.me.actor(), "Jonas", "jonas", Role::Admin).await.expect("an admin may");
        let jonas = sign_in(&app, "jonas", &made.token, from(2), None).await.expect("the made password works");
        let stream = principal(&app, &jonas).await.expect("he is signed in");
        people::set_role(&app, &mara.me.actor(), made.item.id, Role::Viewer).await.expect("an admin may");
        assert!(!still_valid(&app, &stream).await, "it was let in as an admin");
        let now = principal(&app, &jonas).await.expect("he stays signed in");
        assert_eq!(now.actor.role, Role::Viewer);
        assert!(still_valid(&app, &now).await);
    }

    #[tokio::test]
    async fn a_session_ends_without_use_and_after_ninety_days_in_any_case() {
        let (app, _folder, mara) = with_mara().await;
        let (hash, hour) = (secrets::hash(&mara.secret), 3600);
        let idle = hour * i64::from(app.config.session_idle_hours);
        app.clock().set(NOON.plus_secs(idle - 1));
        assert!(principal(&app, &mara).await.is_some());
        app.store.touch_session(&hash, mara.me.id, NOON.plus_secs(idle - 1)).await.expect("the store works");
        app.clock().set(NOON.plus_secs(2 * idle - 2));
        assert!(principal(&app, &mara).await.is_some(), "it was used meanwhile");
        app.clock().set(NOON.plus_secs(2 * idle));
        assert_eq!(principal(&app, &mara).await, None);

        app.store.touch_session(&hash, mara.me.id, NOON.plus_secs(LIVES_FOR_SECS - 1)).await.expect("the store works");
        app.clock().set(NOON.plus_secs(LIVES_FOR_SECS - 1));
        assert!(principal(&app, &mara).await.is_some());
        app.clock().set(NOON.plus_secs(LIVES_FOR_SECS));
        assert_eq!(principal(&app, &mara).await, None);
        let swept = app.store.delete_expired_sessions(app.clock().now(), NOON).await.expect("the store works");
        assert_eq!(swept, 1);
    }

    #[tokio::test]
    async fn guesses_are_limited_where_they_come_from_and_nowhere_else() {
        let (app, _folder, _mara) = with_mara().await;
        let begun = std::time::Instant::now();
        let mut guesses = 0;
        let refused = loop {
            let failure = sign_in(&app, "mara", "a wrong guess", from(66), None).await.err().map(ServerError::into_failure).expect("the guess is wrong");
            if failure.code != "wrong_sign_in" {
                break failure;
            }
            guesses += 1;
        };
        // On a busy machine a guess takes long enough for another to be allowed meanwhile.
        let meanwhile = begun.elapsed().as_secs() / LONGEST_WAIT_SECS.unsigned_abs() + 1;
        assert!((10..=10 + meanwhile).contains(&guesses), "{guesses} guesses were allowed");
        assert_eq!((refused.code.as_str(), refused.kind.status()), ("too_many_tries", 429));
        assert!(refused.next.is_some_and(|next| next.starts_with("Try again in ")));
        assert_eq!(code(sign_in(&app, "mara", PASSWORD, from(1), None).await), "mara is signed in");
    }

    #[tokio::test]
    async fn the_first_admins_link_works_once_and_for_a_day_and_never_beside_an_admin() {
        let (app, _folder) = an_app(Config::default()).await;
        let replaced = first_key(&app).await;
        let key = first_key(&app).await;
        let used = |key: String| {
            let app = app.clone();
            async move { code(first_admin(&app, &key, "Mara", "mara", PASSWORD, from(1)).await) }
        };
        assert_eq!(used(replaced).await, "link_used", "a newer link replaced it");
        assert_eq!(used(String::new()).await, "link_used");
        app.clock().set(NOON.plus_secs(24 * 3600));
        assert_eq!(used(key.clone()).await, "link_used", "it is a day old");
        app.clock().set(NOON.plus_secs(24 * 3600 - 1));
        assert_eq!(used(key.clone()).await, "mara is signed in");
        assert_eq!(used(key).await, "link_used");
        assert_eq!(people::ensure_first_admin_link(&app).await.expect("the store works"), None);
    }

    #[tokio::test]
    async fn a_taken_login_does_not_use_the_first_admins_link_up() {
        let (app, _folder) = an_app(Config::default()).await;
        people::create_from_cli(&app.store, "Ops", "ops", Role::Viewer).await.expect("the store works");
        let key = first_key(&app).await;
        assert_eq!(code(first_admin(&app, &key, "Mara", "OPS", PASSWORD, from(1)).await), "login_taken");
        assert_eq!(code(first_admin(&app, &key, "Mara", "mara", PASSWORD, from(1)).await), "mara is signed in");
    }

    #[tokio::test]
    async fn ready_made_people_sign_in_with_one_click_on_loopback_and_nowhere_else() {
        let (app, _folder) = an_app(Config { demo: true, ..Config::default() }).await;
        people::ensure_demo_people(&app).await.expect("the store works");
        people::ensure_demo_people(&app).await.expect("twice changes nothing");
        let (ready_made, needs_first_admin) = people::doorstep(&app).await.expect("the store works");
        let names: Vec<_> = ready_made.iter().map(|person| (person.name.as_str(), person.role)).collect();
        let expected = [("Elif", Role::Admin), ("Jonas", Role::Responder), ("Mara", Role::Commander), ("Noor", Role::Viewer), ("Tomas", Role::Responder)];
        assert_eq!((names.as_slice(), needs_first_admin), (expected.as_slice(), false));
        let elif = demo_sign_in(&app, ready_made[0].id, None).await.expect("the demo is on");
        let stream = principal(&app, &elif).await.expect("she is signed in");
        assert_eq!(code(sign_in(&app, "elif", "", from(1), None).await), "wrong_sign_in", "they have no password");

        for config in [Config::default(), Config { demo: true, listen: ([0, 0, 0, 0], 3000).into(), ..Config::default() }] {
            let elsewhere = App::new(app.store.clone(), config);
            assert_eq!(code(demo_sign_in(&elsewhere, ready_made[0].id, None).await), "no_demo");
            assert_eq!(principal(&elsewhere, &elif).await, None, "their sessions end with the demo");
            assert!(!still_valid(&elsewhere, &stream).await);
            assert_eq!(people::doorstep(&elsewhere).await.expect("the store works"), (vec![], true), "the demo's admin is none");
        }
    }

    #[test]
    fn the_cookie_is_out_of_reach_for_scripts_and_other_hosts() {
        let secure = Config { public_url: Some("https://tocsin.example".to_owned()), ..Config::default() };
        assert_eq!(cookie(&secure, "s3cret"), "__Host-tocsin=s3cret; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=7776000");
        assert_eq!(cookie(&Config::default(), "s3cret"), "tocsin=s3cret; HttpOnly; SameSite=Lax; Path=/; Max-Age=7776000");
        assert_eq!(cleared_cookie(&Config::default()), "tocsin=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0");
    }
}
