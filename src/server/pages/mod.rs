//! Pages for people: what a screen shows is gathered here and drawn by whoever was handed in, and
//! plain forms do what the app does, for browsers in which it has not loaded yet or cannot run.
//!
//! A page with data is for one person at one moment: no cache of the network keeps it. The board's
//! may be kept by our own service worker, and says so ([`kept`]).

mod brief;
mod forms;
mod said;

pub use brief::{STYLE, brief};
pub use forms::{guard, routes};

use super::{
    auth::{Principal, Via, kept, secrets},
    embed,
    error::ServerError,
    state::App,
    usecases::{boards, executive, incidents, people},
};
use crate::domain::{
    accounts::Doorstep,
    briefing::Briefing,
    executive::{Executive, Question},
    failure::{Failure, FailureKind},
    screens::{Asked, FirstScreen, FormKeys, Needs, Theme},
};
use axum::{
    extract::Query,
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;

/// How pages are drawn; the server itself knows no view.
#[derive(Clone, Copy)]
pub struct Pages {
    /// What has to be gathered for the screen at a path.
    pub needs: fn(&str) -> Needs,
    /// The page that loads the app, with a screen drawn into it.
    pub page: fn(&str, Asked) -> String,
    /// The brief, with its style, and with this address before its links.
    pub brief: fn(&Briefing, &str, &str) -> String,
}

impl Default for Pages {
    /// Draws nothing: the app comes and asks for its data itself.
    fn default() -> Self {
        Self { needs: |_| Needs::Board, page: |shell, _| shell.to_owned(), brief: |briefing, _, origin| briefing.text(origin) }
    }
}

/// The page at one of the app's own addresses.
pub async fn answer(app: &App, principal: Option<&Principal>, uri: &Uri, headers: &HeaderMap) -> Response {
    let here = uri.path_and_query().map_or("/", |here| here.as_str());
    let query = Query::<Vec<(String, String)>>::try_from_uri(uri).map(|Query(query)| query).unwrap_or_default();
    let next = query.iter().find(|(name, _)| name == "next").map(|(_, next)| next.as_str());
    if uri.path() == "/sign-in" && principal.is_some() {
        return Redirect::to(forms::local(next.unwrap_or("/"))).into_response();
    }
    let said = said::read(&app.config, headers);
    let was_said = said.is_some();
    let needs = (app.pages.needs)(uri.path());
    let mut asked = Asked {
        path: uri.path().to_owned(),
        theme: CookieJar::from_headers(headers).get("tocsin-theme").and_then(|theme| Theme::from_slug(theme.value())),
        origin: app.config.public_url(),
        keys: Some(keys(principal, if uri.path() == "/sign-in" { next.unwrap_or("/") } else { here })),
        ..Asked::default()
    };
    asked.query = query;
    asked.executive = executive_board(app, principal, &needs, &asked.query).await;
    let (screen, status) = match gather(app, principal, needs).await {
        Ok(gathered) => gathered,
        Err(error) => {
            // The app says what it is about, and asks again by itself.
            let failure = error.into_failure();
            let status = StatusCode::from_u16(failure.kind.status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            return html(status, embed::shell().into_owned());
        }
    };
    asked.screen = FirstScreen { said, ..screen };
    let mut page = html(status, (app.pages.page)(&embed::shell(), asked));
    if was_said {
        set_cookie(&mut page, &said::forgotten(&app.config));
    }
    match principal {
        None => kept::outlived(&app.config, headers).iter().for_each(|cookie| set_cookie(&mut page, cookie)),
        // What was said is said once.
        Some(principal) if here == "/" && !was_said => may_be_kept(app, principal, headers, &mut page),
        Some(_) => {}
    }
    page
}

/// Marks the board's page as one that the service worker may keep for this session.
fn may_be_kept(app: &App, principal: &Principal, headers: &HeaderMap, page: &mut Response) {
    let (Some(mark), Some(build)) = (kept::mark(principal), embed::build()) else { return };
    if let Ok(value) = HeaderValue::from_str(&format!("{mark} {build}")) {
        page.headers_mut().insert(kept::HEADER, value);
    }
    kept::cookie(&app.config, headers, &mark).iter().for_each(|cookie| set_cookie(page, cookie));
}

fn set_cookie(page: &mut Response, cookie: &str) {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        page.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// The executive board, where that is the screen. Without it the app asks for it by itself.
async fn executive_board(app: &App, principal: Option<&Principal>, needs: &Needs, query: &[(String, String)]) -> Option<Executive> {
    let principal = principal.filter(|_| *needs == Needs::Executive)?;
    let question = Question::read(query.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    match executive::board(app, &principal.actor, &question).await {
        Ok(board) => Some(board),
        Err(error) => {
            // It is logged there; the page says the rest.
            drop(error.into_failure());
            None
        }
    }
}

/// What the screen shows, and whether there is such a screen.
async fn gather(app: &App, principal: Option<&Principal>, needs: Needs) -> Result<(FirstScreen, StatusCode), ServerError> {
    let Some(principal) = principal else {
        let (demo_people, needs_first_admin) = people::doorstep(app).await?;
        let door = Doorstep { me: None, demo_people, needs_first_admin };
        return Ok((FirstScreen { door: Some(door), ..FirstScreen::default() }, StatusCode::OK));
    };
    let snapshot = boards::snapshot(app, &principal.me).await?;
    let mut screen = FirstScreen { snapshot: Some(snapshot), ..FirstScreen::default() };
    let status = match needs {
        Needs::Board | Needs::Executive => StatusCode::OK,
        Needs::Unknown => StatusCode::NOT_FOUND,
        Needs::Incident(incident) => match incidents::page(app, &principal.actor, &incident).await {
            Ok(page) => {
                screen.page = Some(page);
                StatusCode::OK
            }
            Err(ServerError::Failure(failure)) if failure.kind == FailureKind::NotFound => {
                screen.failure = Some(failure);
                StatusCode::NOT_FOUND
            }
            Err(error) => return Err(error),
        },
    };
    Ok((screen, status))
}

fn html(status: StatusCode, page: String) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store, private")];
    (status, headers, page).into_response()
}

/// What the forms of one page carry.
fn keys(principal: Option<&Principal>, back: &str) -> FormKeys {
    let command = uuid::Uuid::new_v4().to_string();
    let token = match principal.map(|principal| &principal.via) {
        Some(Via::Session { token_hash }) => form_token(token_hash, &command),
        // A bearer token is sent by nobody unknowingly, and who is nobody yet has no session.
        Some(Via::Token { .. }) | None => String::new(),
    };
    FormKeys { command, token, back: back.to_owned() }
}

/// Proves that a page of this session was given this id. Another page cannot compute it: only the
/// hash of the session's secret is in it, which never leaves the server.
fn form_token(token_hash: &str, command: &str) -> String {
    secrets::hash(&format!("form {token_hash} {command}"))
}

/// What somebody hears whose form is not from a page of their session.
fn foreign_form() -> Failure {
    Failure::new(FailureKind::Forbidden, "cross_site", "this form is not from a page of this session").with_next("Go back, reload the page, and send it again.")
}
