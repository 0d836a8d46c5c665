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
pub mod failures;
pub mod guard;
pub mod headers;
pub mod kept;
pub mod limits;
pub mod passwords;
pub mod principal;
pub mod refused;
pub mod secrets;
pub mod sessions;
#[cfg(test)]
pub(in crate::server) mod testing;
pub mod token_limits;

pub use address::ClientAddress;
pub use principal::{Principal, Via, identify, still_valid};

use super::{
    error::ServerError,
    state::{self, App},
};
use crate::domain::{
    accounts::{Me, Person},
    audit::By,
    failure::{Failure, FailureKind},
    ids::PersonId,
    people::{ActorKind, ActorRef},
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
    if let Some(Principal { via: Via::Session { token_hash }, actor, .. }) = present() {
        app.store.end_session(&token_hash, &by(&actor.who)).await.map_err(|error| ServerError::from(error).into_failure())?;
    }
    change_session(&app, &sessions::cleared_cookie(&app.config));
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

/// Whoever acts, as the audit log names them.
pub fn by(who: &ActorRef) -> By {
    // What the command line does comes from nowhere.
    By { who: who.clone(), address: ClientAddress::of_request().noted() }
}

/// A person about themselves, from where they ask.
pub fn by_person(person: &Person, address: ClientAddress) -> By {
    By { who: ActorRef { kind: ActorKind::Person, id: person.id.to_string(), name: person.name.clone() }, address: address.noted() }
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
    change_session(app, &sessions::cookie(&app.config, &signed_in.secret));
    Ok(signed_in.me)
}

/// The session's new cookie; what the browser keeps of an earlier one is shown no more.
fn change_session(app: &App, cookie: &str) {
    set_cookie(cookie);
    set_cookie(&kept::cleared_cookie(&app.config));
}

fn set_cookie(cookie: &str) {
    if let (Some(options), Ok(value)) = (use_context::<ResponseOptions>(), HeaderValue::from_str(cookie)) {
        options.append_header(SET_COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::{testing::an_app, *};
    use crate::{
        domain::people::Role,
        server::{
            config::Config,
            store::testing::NOON,
            usecases::{people, tokens},
        },
    };
    use axum::{
        Router,
        body::{Body, to_bytes},
        extract::{ConnectInfo, Request},
        http::{HeaderMap, header::RETRY_AFTER},
        middleware::from_fn_with_state,
        routing::post,
    };
    use serde_json::{Value, json};
    use std::{net::SocketAddr, sync::Arc};
    use tower::ServiceExt;

    /// The server functions behind the layers, in the order that the module's doc says.
    fn door(app: &Arc<App>) -> Router {
        let parts = app.clone();
        let functions = move |principal: Option<Principal>, address: ClientAddress, request: Request| {
            let app = parts.clone();
            let context = move || {
                provide_context(app.clone());
                server_fn_context(principal.clone(), address);
            };
            leptos_axum::handle_server_fns_with_context(context, request)
        };
        Router::new()
            .route("/api/fn/{*function}", post(functions))
            .layer(from_fn_with_state(app.clone(), guard::same_origin))
            .layer(from_fn_with_state(app.clone(), identify))
            .layer(from_fn_with_state(app.clone(), guard::allow_host))
    }

    /// Calls a server function as the app in a browser does, with `extra` headers.
    async fn call(app: &Arc<App>, function: &str, arguments: Value, extra: &[(&'static str, &str)]) -> (u16, HeaderMap, Value) {
        const APP: [(&str, &str); 4] =
            [("host", "127.0.0.1:3000"), ("content-type", "application/json"), ("x-tocsin", "1"), ("origin", "http://127.0.0.1:3000")];
        let mut request = Request::post(format!("/api/fn/{function}")).body(Body::from(arguments.to_string())).expect("a request");
        for (name, value) in APP.iter().chain(extra) {
            request.headers_mut().insert(*name, value.parse().expect("a header"));
        }
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([203, 0, 113, 9], 4711))));
        let response = door(app).oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 100_000).await.expect("a body");
        (parts.status.as_u16(), parts.headers, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    /// The cookie that an answer sets, as a browser sends it back.
    fn cookie_of(headers: &HeaderMap) -> String {
        let cookie = headers[SET_COOKIE].to_str().expect("cookies are plain text");
        cookie.split(';').next().expect("a cookie has a value").to_owned()
    }

    #[tokio::test]
    async fn a_session_lives_from_the_sign_in_to_the_sign_out() {
        let (app, _folder) = an_app(Config::default()).await;
        let password = people::create_from_cli(&app.store, "Mara", "mara", Role::Commander).await.expect("the store works");
        let (status, _, failure) = call(&app, "board/snapshot", json!({}), &[]).await;
        assert_eq!((status, &failure["code"]), (401, &json!("signed_out")));

        let (status, headers, me) = call(&app, "session/sign-in", json!({"login": "mara", "password": password}), &[]).await;
        assert_eq!((status, &me["name"]), (200, &json!("Mara")));
        let cookie = cookie_of(&headers);
        let (status, _, snapshot) = call(&app, "board/snapshot", json!({}), &[("cookie", &cookie)]).await;
        assert_eq!((status, &snapshot["me"]["login"], &snapshot["now"]), (200, &json!("mara"), &json!(NOON.to_string())), "{snapshot}");
        assert_eq!(snapshot["people"][0]["name"], "Mara");
        let (_, _, doorstep) = call(&app, "session/doorstep", json!({}), &[("cookie", &cookie)]).await;
        assert_eq!(doorstep["me"]["login"], "mara");

        let (status, headers, _) = call(&app, "session/sign-out", json!({}), &[("cookie", &cookie)]).await;
        assert_eq!((status, cookie_of(&headers).as_str()), (200, "tocsin="));
        assert_eq!(call(&app, "board/snapshot", json!({}), &[("cookie", &cookie)]).await.0, 401, "the cookie is dead, wherever it was copied to");
        assert_eq!(call(&app, "session/sign-out", json!({}), &[]).await.0, 200, "nobody can sign out");
    }

    #[tokio::test]
    async fn a_foreign_page_cannot_act_for_whoever_is_signed_in() {
        let (app, _folder) = an_app(Config::default()).await;
        let password = people::create_from_cli(&app.store, "Mara", "mara", Role::Admin).await.expect("the store works");
        let (_, headers, _) = call(&app, "session/sign-in", json!({"login": "mara", "password": password}), &[]).await;
        let cookie = cookie_of(&headers);
        let create = json!({"name": "Eve", "login": "eve", "role": "admin"});
        for foreign in [("origin", "https://evil.example"), ("x-tocsin", ""), ("sec-fetch-site", "cross-site"), ("host", "evil.example")] {
            let (status, headers, failure) = call(&app, "people/create", create.clone(), &[("cookie", &cookie), foreign]).await;
            let code = if foreign.0 == "host" { "unknown_host" } else { "cross_site" };
            assert_eq!((status, &failure["code"], headers.get(SET_COOKIE)), (403, &json!(code), None), "{foreign:?}");
        }
        let (status, ..) = call(&app, "session/sign-in", json!({"login": "mara", "password": password}), &[("origin", "https://evil.example")]).await;
        assert_eq!(status, 403, "nor sign anybody in");
        assert_eq!(app.store.people().await.expect("the store works").len(), 1);
        assert_eq!(call(&app, "people/create", create, &[("cookie", &cookie)]).await.0, 200);
    }

    #[tokio::test]
    async fn a_token_opens_the_board_without_cookie_origin_or_header() {
        let (app, _folder) = an_app(Config::default()).await;
        let secret = tokens::create_from_cli(&app.store, "wall screen", Role::Viewer).await.expect("the store works");
        let bearer = format!("Bearer {secret}");
        let headers = [("authorization", bearer.as_str()), ("x-tocsin", ""), ("origin", "https://elsewhere.example")];
        let (status, _, snapshot) = call(&app, "board/snapshot", json!({}), &headers).await;
        assert_eq!((status, &snapshot["me"]["name"], &snapshot["me"]["role"]), (200, &json!("wall screen"), &json!("viewer")));
        let (status, _, failure) = call(&app, "people/list", json!({}), &headers).await;
        assert_eq!((status, &failure["code"]), (403, &json!("forbidden")));
        let (status, _, failure) = call(&app, "session/change-password", json!({"old": "x", "new": "y"}), &headers).await;
        assert_eq!((status, &failure["code"]), (403, &json!("not_a_person")));
    }

    #[tokio::test]
    async fn guesses_behind_invented_addresses_are_limited_and_say_when_to_come_back() {
        let (app, _folder) = an_app(Config::default()).await;
        let mut answers = vec![];
        for n in 0..11 {
            let invented = format!("198.51.100.{n}");
            let guess = json!({"login": "mara", "password": "a wrong guess"});
            answers.push(call(&app, "session/sign-in", guess, &[("x-forwarded-for", &invented)]).await);
        }
        assert!(answers[..10].iter().all(|(status, _, failure)| *status == 401 && failure["code"] == "wrong_sign_in"));
        let (status, headers, failure) = &answers[10];
        assert_eq!((*status, &failure["code"], headers[RETRY_AFTER].to_str().ok()), (429, &json!("too_many_tries"), Some("6")));
    }
}
