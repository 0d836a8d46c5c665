//! Plain forms: what they send is done by the same use cases as everything else, and the answer
//! leads back to the page, which says what became of it.

use super::{foreign_form, form_token, said};
use crate::{
    domain::{
        failure::{Failure, FailureKind},
        ids::PersonId,
        people::Role,
        screens::{PlainFields, PlainVerb, Said},
    },
    server::{
        auth::{self, ClientAddress, Principal, Via, guard as origin, kept, refused, sessions},
        body,
        error::ServerError,
        router,
        state::App,
        usecases::incidents,
    },
};
use axum::{
    Extension, Form, Router,
    body::Body,
    extract::{FromRequest, Path, Request, State},
    http::{
        HeaderValue, Method, StatusCode,
        header::{ORIGIN, SET_COOKIE},
    },
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Redirect, Response},
    routing::{MethodRouter, post},
};
use std::sync::Arc;

/// The largest form: a note.
const MAX_FORM: usize = 64 * 1024;

/// The addresses of the forms, behind their own guard.
pub fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    // Where a form is sent, a page may stand, too.
    let form = |form: MethodRouter<Arc<App>>| form.fallback(router::everything_else);
    Router::new()
        .route("/incidents/{incident}/{verb}", form(post(give)))
        .route("/sign-in", form(post(sign_in)))
        .route("/sign-in/demo", form(post(demo_sign_in)))
        .route("/setup", form(post(first_admin)))
        .route("/sign-out", form(post(sign_out)))
        .layer(from_fn_with_state(app.clone(), guard))
}

/// What a form sent, once it is known to be ours.
#[derive(Clone, Debug, Default)]
pub struct Sent(Vec<(String, String)>);

impl Sent {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).map(str::trim).filter(|text| !text.is_empty())
    }

    /// Where it leads back to.
    fn back(&self) -> &str {
        local(self.get("back").unwrap_or("/"))
    }
}

/// Middleware: a form that changes something by session comes from a page of that session. It
/// must say where it comes from, and carry the token that the page was given. Signing in has no
/// session yet, so there the browser's own word decides, which every browser gives.
pub async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let (mut parts, sent) = request.into_parts();
    let via = parts.extensions.get::<Principal>().map(|principal| principal.via.clone());
    let is_ours = origin::is_from_here(&app.config, &parts.uri, &parts.headers);
    let says_where = parts.headers.contains_key(ORIGIN) || parts.headers.contains_key(origin::SEC_FETCH_SITE);
    let is_program = matches!(via, Some(Via::Token { .. }));
    if !is_program && (!is_ours || !says_where) {
        return refused::response(parts.uri.path(), &foreign_form());
    }
    let bytes = match body::read(&parts.headers, sent, MAX_FORM).await {
        Ok(bytes) => bytes,
        Err(problem) => return problem.into_response(),
    };
    let form = Form::<Vec<(String, String)>>::from_request(Request::from_parts(parts.clone(), Body::from(bytes)), &()).await;
    let form = match form {
        Ok(Form(fields)) => Sent(fields),
        Err(rejection) => return rejection.into_response(),
    };
    if let Some(Via::Session { token_hash }) = &via {
        let expected = form.get("command").map(|command| form_token(token_hash, command));
        if expected.is_none() || expected.as_deref() != form.get("token") {
            return refused::response(parts.uri.path(), &foreign_form());
        }
    }
    parts.extensions.insert(form);
    next.run(Request::from_parts(parts, Body::empty())).await
}

/// A path of our own, else the board: "//elsewhere" would be another server.
pub fn local(back: &str) -> &str {
    let is_local = back.starts_with('/') && !back.starts_with("//") && !back.contains('\\') && back.bytes().all(|byte| byte.is_ascii_graphic());
    if is_local { back } else { "/" }
}

/// One verb for one incident.
async fn give(
    State(app): State<Arc<App>>,
    principal: Option<Principal>,
    Path((incident, verb)): Path<(String, String)>,
    Extension(form): Extension<Sent>,
) -> Response {
    let Some(verb) = PlainVerb::from_slug(&verb) else {
        return (StatusCode::NOT_FOUND, "there is nothing here\n").into_response();
    };
    let given = match principal {
        Some(principal) => perform(&app, &principal, &incident, verb, &form).await,
        None => Err(auth::signed_out().into()),
    };
    let said = match given {
        Ok(words) => Said { words, next: None, refused: false },
        Err(error) => refusal(verb.slug(), error),
    };
    led_back(&app, form.back(), Some(&said), None)
}

async fn perform(app: &App, principal: &Principal, incident: &str, verb: PlainVerb, form: &Sent) -> Result<String, ServerError> {
    let for_s = match form.filled("for_s").map(str::parse) {
        None => None,
        Some(Ok(secs)) => Some(secs),
        Some(Err(_)) => return Err(Failure::new(FailureKind::Malformed, "malformed", "the time is not a number of seconds").into()),
    };
    let (reason, text) = (form.filled("reason").map(str::to_owned), form.get("text").unwrap_or_default().to_owned());
    let recovered = form.filled("recovered").map(|recovered| recovered != "no");
    let fields = PlainFields { for_s, reason, recovered, text };
    // The page's one id, once for each thing that can be done from it.
    let command = form.get("command").map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned);
    let key = format!("{command} {} {incident}", verb.slug());
    let incident = incidents::command(app, &principal.actor, &key, incident, verb.command(fields), None).await?;
    Ok(format!("{}: {}.", incident.reference, verb.done()))
}

async fn sign_in(
    State(app): State<Arc<App>>,
    principal: Option<Principal>,
    Extension(address): Extension<ClientAddress>,
    Extension(form): Extension<Sent>,
) -> Response {
    let (login, password) = (form.get("login").unwrap_or_default(), form.get("password").unwrap_or_default());
    let signed_in = sessions::sign_in(&app, login, password, address, principal.as_ref()).await;
    entered(&app, &form, signed_in)
}

async fn demo_sign_in(State(app): State<Arc<App>>, principal: Option<Principal>, Extension(form): Extension<Sent>) -> Response {
    let Some(person) = form.get("person").and_then(|person| person.parse::<PersonId>().ok()) else {
        return led_back(&app, form.back(), None, None);
    };
    let signed_in = sessions::demo_sign_in(&app, person, principal.as_ref()).await;
    entered(&app, &form, signed_in)
}

/// The one-time key of the server's start makes the first admin.
async fn first_admin(State(app): State<Arc<App>>, Extension(address): Extension<ClientAddress>, Extension(form): Extension<Sent>) -> Response {
    let field = |name| form.get(name).unwrap_or_default();
    match sessions::first_admin(&app, field("key"), field("name"), field("login"), field("password"), address).await {
        // The key is spent; it leaves the address, too.
        Ok(signed_in) => led_back(&app, "/", None, Some(&sessions::cookie(&app.config, &signed_in.secret))),
        Err(error) => led_back(&app, form.back(), Some(&refusal("make the account", error)), None),
    }
}

fn entered(app: &App, form: &Sent, signed_in: Result<sessions::SignedIn, ServerError>) -> Response {
    match signed_in {
        Ok(signed_in) => {
            // Whoever works begins with what waits for them, whoever reads with how things stand.
            let first = if signed_in.me.role == Role::Viewer { "/executive" } else { "/" };
            let back = Some(form.back()).filter(|back| *back != "/").unwrap_or(first);
            led_back(app, back, None, Some(&sessions::cookie(&app.config, &signed_in.secret)))
        }
        Err(error) => led_back(app, form.back(), Some(&refusal("sign in", error)), None),
    }
}

async fn sign_out(State(app): State<Arc<App>>, principal: Option<Principal>) -> Response {
    if let Some(Principal { via: Via::Session { token_hash }, actor, .. }) = principal
        && let Err(error) = app.store.end_session(&token_hash, &auth::by(&actor.who)).await
    {
        return led_back(&app, "/", Some(&refusal("sign out", error.into())), None);
    }
    led_back(&app, "/sign-in", None, Some(&sessions::cleared_cookie(&app.config)))
}

fn refusal(what: &str, error: ServerError) -> Said {
    let failure = error.into_failure();
    let mut what = what.to_owned();
    if let Some(first) = what.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    Said { words: format!("{what}: {}", failure.words), next: failure.next, refused: true }
}

/// Back to a page by GET, so that reloading it sends nothing again. `cookie` begins or ends a session;
/// what the browser keeps of an earlier one is shown no more.
fn led_back(app: &App, back: &str, said: Option<&Said>, cookie: Option<&str>) -> Response {
    let mut answer = Redirect::to(back).into_response();
    let said = said.map(|said| said::cookie(&app.config, said));
    let kept = cookie.map(|_| kept::cleared_cookie(&app.config));
    for cookie in said.as_deref().into_iter().chain(cookie).chain(kept.as_deref()) {
        if let Ok(value) = HeaderValue::from_str(cookie) {
            answer.headers_mut().append(SET_COOKIE, value);
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_leads_back_to_our_own_pages_alone() {
        for ours in ["/", "/incidents/INC-1", "/?show=nobody", "/?next=https://a"] {
            assert_eq!(local(ours), ours);
        }
        for elsewhere in ["", "https://evil.example", "//evil.example", "/\\evil.example", "/a\r\nb: c", "incidents", "/ü"] {
            assert_eq!(local(elsewhere), "/", "{elsewhere}");
        }
    }
}
