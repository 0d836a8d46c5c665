//! From a request to whoever is behind it.

use super::{ClientAddress, address, refused, secrets, sessions, signed_out, token_limits};
use crate::{
    domain::{
        accounts::{Me, Person, Token},
        ids::{PersonId, TokenId},
        people::Actor,
        time::Timestamp,
    },
    server::{error::ServerError, state::App, store::StoreError},
};
use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts, Request, State},
    http::{HeaderMap, header::AUTHORIZATION, request::Parts},
    middleware::Next,
    response::Response,
};
use std::{convert::Infallible, future::Future, sync::Arc};

/// The use of a session or token is noted at most this often, not once per request.
const NOTED_EVERY_SECS: i64 = 60;

/// Whoever is behind a request, proved.
#[derive(Clone, Debug, PartialEq)]
pub struct Principal {
    /// As the record names them, with what they may do.
    pub actor: Actor,
    /// As the screens show them; an API token shows its name.
    pub me: Me,
    pub via: Via,
}

/// How it was proved.
#[derive(Clone, Debug, PartialEq)]
pub enum Via {
    /// By the cookie of the session with this hash: a browser sends it by itself, so what changes
    /// something must also come from our own pages.
    Session { token_hash: String },
    /// By a bearer token, which nothing sends by itself.
    Token { id: TokenId },
}

impl Principal {
    pub fn of_session(person: &Person, token_hash: String) -> Self {
        let me = sessions::me_of(person);
        Self { actor: me.actor(), me, via: Via::Session { token_hash } }
    }

    pub fn of_token(token: &Token) -> Self {
        let me = Me { id: PersonId(token.id.0), login: String::new(), name: token.name.clone(), role: token.role, demo: false };
        Self { actor: me.actor(), me, via: Via::Token { id: token.id } }
    }
}

/// Middleware: finds out who is asking and from where, and puts both into the request's extensions.
/// It refuses nobody but a token over its limit; else only trouble of the store stops a request here.
pub async fn identify(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let address = ClientAddress::of(address::peer(request.extensions()), request.headers(), &app.config.trusted_proxies);
    match of_headers(&app, request.headers()).await {
        Ok(principal) => {
            request.extensions_mut().insert(address);
            if let Some(Principal { via: Via::Token { id }, .. }) = &principal
                && let Err(wait) = app.token_limits.pass(*id, app.clock().now())
            {
                let (failure, secs) = token_limits::refusal(wait);
                return refused::limited(request.uri().path(), &failure, secs);
            }
            if let Some(principal) = principal {
                request.extensions_mut().insert(principal);
            }
            address.answering(next.run(request)).await
        }
        Err(error) => refused::response(request.uri().path(), &ServerError::from(error).into_failure()),
    }
}

/// Whether whoever was let in may still be here, in the same role. Long-lived streams ask every few
/// seconds. Trouble of the store says nothing about anybody: they stay, and the next question decides.
pub async fn still_valid(app: &App, principal: &Principal) -> bool {
    let now_role = match &principal.via {
        Via::Session { token_hash } => sessions::find(app, token_hash).await.map(|open| open.map(|open| open.person.role)),
        Via::Token { id } => app.store.token(*id).await.map(|token| token.map(|token| token.role)),
    };
    now_role.map_or(true, |role| role == Some(principal.actor.role))
}

/// A bearer header decides alone: whoever sends a wrong one is nobody, whatever cookie came along.
/// Bearer tokens of other kinds (an integration's) are other doors' business.
async fn of_headers(app: &App, headers: &HeaderMap) -> Result<Option<Principal>, StoreError> {
    match bearer(headers) {
        Some(secret) if secret.starts_with(secrets::API_TOKEN) => of_token(app, secret).await,
        Some(_) => Ok(None),
        None => of_cookie(app, headers).await,
    }
}

/// The token of `Authorization: Bearer …`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

async fn of_token(app: &App, secret: &str) -> Result<Option<Principal>, StoreError> {
    let Some(token) = app.store.token_by_hash(&secrets::hash(secret)).await? else { return Ok(None) };
    let now = app.clock().now();
    if is_worth_noting(token.last_used_at, now) {
        let (store, id) = (app.store.clone(), token.id);
        note(async move { store.touch_token(id, now).await });
    }
    Ok(Some(Principal::of_token(&token)))
}

async fn of_cookie(app: &App, headers: &HeaderMap) -> Result<Option<Principal>, StoreError> {
    let Some(secret) = sessions::secret_of(&app.config, headers) else { return Ok(None) };
    let token_hash = secrets::hash(&secret);
    let Some(open) = sessions::find(app, &token_hash).await? else { return Ok(None) };
    let now = app.clock().now();
    if is_worth_noting(Some(open.seen_at), now) {
        let (store, hash, person) = (app.store.clone(), token_hash.clone(), open.person.id);
        note(async move { store.touch_session(&hash, person, now).await });
    }
    Ok(Some(Principal::of_session(&open.person, token_hash)))
}

fn is_worth_noting(noted_at: Option<Timestamp>, now: Timestamp) -> bool {
    noted_at.is_none_or(|noted_at| now.secs_since(noted_at) >= NOTED_EVERY_SECS)
}

/// Beside the request, because a reader must not wait for the writer to say that it was here.
fn note(write: impl Future<Output = Result<(), StoreError>> + Send + 'static) {
    tokio::spawn(async move {
        if let Err(error) = write.await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the use of a session or token was not noted");
        }
    });
}

impl<S: Sync> FromRequestParts<S> for Principal {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        parts.extensions.get().cloned().ok_or_else(|| refused::response(parts.uri.path(), &signed_out()))
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Principal {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get().cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::people::{ActorKind, Role},
        server::{auth::testing::an_app, config::Config, usecases::tokens},
    };
    use axum::{
        Router,
        body::{Body, to_bytes},
        middleware::from_fn_with_state,
        routing::any,
    };
    use tower::ServiceExt;

    /// Status and body of a door that names who came in.
    async fn answered(app: &Arc<App>, headers: &[(&'static str, &str)]) -> (u16, String) {
        let door = any(|principal: Principal| async move { format!("{:?} {}", principal.actor.who.kind, principal.actor.who.name) });
        let router = Router::new().route("/api/v1/me", door).layer(from_fn_with_state(app.clone(), identify));
        let request = headers.iter().fold(axum::http::Request::post("/api/v1/me"), |request, (name, value)| request.header(*name, *value));
        let response = router.oneshot(request.body(Body::empty()).expect("a request")).await.expect("an answer");
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 10_000).await.expect("a body");
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    #[tokio::test]
    async fn a_token_is_shown_once_stored_hashed_and_dead_once_revoked() {
        let (app, _folder) = an_app(Config::default()).await;
        let secret = tokens::create_from_cli(&app.store, "wall screen", Role::Viewer).await.expect("the store works");
        let listed = app.store.tokens().await.expect("the store works");
        assert!(secret.starts_with("toc_") && !format!("{listed:?}").contains(&secret));
        assert_eq!(app.store.token_by_hash(&secret).await.expect("the store works"), None, "the secret itself is not stored");

        let bearer = format!("Bearer {secret}");
        assert_eq!(answered(&app, &[("authorization", &bearer)]).await, (200, "Token wall screen".to_owned()));
        let principal = Principal::of_token(&listed[0]);
        assert_eq!((principal.actor.who.kind, principal.me.is_token()), (ActorKind::Token, true));
        assert!(still_valid(&app, &principal).await);

        app.store.revoke_token(listed[0].id, app.clock().now(), &crate::domain::audit::By::console()).await.expect("the store works");
        assert_eq!(answered(&app, &[("authorization", &bearer)]).await.0, 401);
        assert!(!still_valid(&app, &principal).await);
    }

    #[tokio::test]
    async fn nobody_is_told_so_as_a_problem() {
        let (app, _folder) = an_app(Config::default()).await;
        for headers in [&[][..], &[("authorization", "Bearer toc_wrong")], &[("authorization", "Basic bWFyYTpwdw==")], &[("cookie", "tocsin=planted")]] {
            let (status, body) = answered(&app, headers).await;
            assert!(status == 401 && body.contains(r#""code":"signed_out""#), "{headers:?}: {status} {body}");
        }
    }

    #[tokio::test]
    async fn a_wrong_bearer_is_nobody_whatever_cookie_came_along() {
        let (app, _folder) = an_app(Config { demo: true, ..Config::default() }).await;
        crate::server::usecases::people::ensure_demo_people(&app).await.expect("the store works");
        let mara = app.store.account("mara").await.expect("the store works").expect("she is ready-made").person;
        let signed_in = sessions::demo_sign_in(&app, mara.id, None).await.expect("the demo is on");
        let cookie = format!("other=1; tocsin={}", signed_in.secret);
        assert_eq!(answered(&app, &[("cookie", &cookie)]).await, (200, "Person Mara".to_owned()));
        assert_eq!(answered(&app, &[("cookie", &cookie), ("authorization", "Bearer toc_wrong")]).await.0, 401);
        assert_eq!(answered(&app, &[("cookie", &cookie), ("authorization", "Bearer toi_integration")]).await.0, 401);
    }

    #[test]
    fn use_is_noted_once_a_minute_and_not_with_every_request() {
        let noon = crate::server::store::testing::NOON;
        assert!(is_worth_noting(None, noon));
        assert!(!is_worth_noting(Some(noon), noon.plus_secs(59)));
        assert!(is_worth_noting(Some(noon), noon.plus_secs(60)));
    }
}
