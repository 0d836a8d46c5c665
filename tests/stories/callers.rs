//! The whole server in this process, and those who call it: programs with a token, browsers with
//! a session, senders with a key. Nothing is listened on; every request goes through the router.

use crate::databases::Fresh;
use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header},
};
use futures::StreamExt;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tocsin::{
    domain::people::Role,
    render,
    server::{
        auth::{ClientAddress, sessions},
        config::Config,
        pages::Pages,
        router,
        state::App,
        store::Store,
        usecases::{people, tokens},
    },
};
use tower::ServiceExt;

/// A server over a fresh store.
#[derive(Clone)]
pub struct House {
    pub app: Arc<App>,
    router: Router,
}

impl House {
    pub fn of(fresh: &Fresh) -> Self {
        Self::over(fresh.store.clone(), Config::default())
    }

    pub fn over(store: Store, config: Config) -> Self {
        let app = App::with_pages(store, config, Pages { needs: render::needs, page: render::page, brief: render::brief });
        Self { router: router::build(app.clone()), app }
    }

    /// Somebody without a token or session.
    pub fn nobody(&self) -> Caller {
        Caller { house: self.clone(), headers: HeaderMap::new() }
    }

    /// A program with an API token of this role; the token's name is the role's.
    pub async fn program(&self, role: Role) -> Caller {
        self.program_called(role.slug(), role).await
    }

    pub async fn program_called(&self, name: &str, role: Role) -> Caller {
        let token = tokens::create_from_cli(&self.app.store, name, role).await.expect("the store works");
        self.nobody().saying("authorization", &format!("Bearer {token}"))
    }

    /// Somebody who signed in with a browser: the cookie alone, as it would come from any page.
    pub async fn browser(&self, name: &str, role: Role) -> Caller {
        let password = people::create_from_cli(&self.app.store, name, name, role).await.expect("the store works");
        let signed_in = sessions::sign_in(&self.app, name, &password, ClientAddress::UNKNOWN, None).await.expect("the password is right");
        let cookie = sessions::cookie(&self.app.config, &signed_in.secret);
        self.nobody().saying("cookie", cookie.split(';').next().unwrap_or_default())
    }

    /// An integration made by REST; answers its id and token.
    pub async fn integration(&self, draft: Value) -> (String, String) {
        let made = self.program(Role::Admin).await.post("/api/v1/integrations", &draft).await.is(201);
        (text(&made["id"]), text(&made["token"]))
    }

    pub async fn answer(&self, request: Request<Body>) -> Answer {
        let answer = self.router.clone().oneshot(request).await.expect("the router always answers");
        let (parts, body) = answer.into_parts();
        let bytes = axum::body::to_bytes(body, 64 * 1024 * 1024).await.expect("the answer can be read");
        Answer { status: parts.status.as_u16(), headers: parts.headers, bytes }
    }
}

/// Somebody who calls, with what they always say about themselves.
#[derive(Clone)]
pub struct Caller {
    pub house: House,
    headers: HeaderMap,
}

impl Caller {
    /// The same caller with one more header.
    pub fn saying(&self, name: &str, value: &str) -> Self {
        let mut caller = self.clone();
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("it can stand in a header");
        caller.headers.insert(name.parse::<HeaderName>().expect("it is the name of a header"), value);
        caller
    }

    /// The same caller at another house.
    pub fn at(&self, house: &House) -> Self {
        Self { house: house.clone(), headers: self.headers.clone() }
    }

    /// What it says with every request to be known again.
    pub fn cookie(&self) -> String {
        self.headers.get("cookie").and_then(|cookie| cookie.to_str().ok()).unwrap_or_default().to_owned()
    }

    pub async fn send(&self, method: Method, path: &str, body: impl Into<Body>) -> Answer {
        let mut request = Request::new(body.into());
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().expect("it is an address");
        request.headers_mut().extend(self.headers.clone());
        self.house.answer(request).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, Body::empty()).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.saying("content-type", "application/json").send(Method::POST, path, body.to_string()).await
    }

    /// Sends a plain form.
    pub async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let encode = |text: &str| {
            text.bytes().map(|byte| if byte.is_ascii_alphanumeric() { (byte as char).to_string() } else { format!("%{byte:02X}") }).collect::<String>()
        };
        let body: Vec<String> = fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        self.saying("content-type", "application/x-www-form-urlencoded").send(Method::POST, path, body.join("&")).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PATCH, path, body.to_string()).await
    }

    /// Commands an incident, by id or reference.
    pub async fn command(&self, incident: &str, command: Value) -> Answer {
        self.post(&format!("/api/v1/incidents/{incident}/commands"), &command).await
    }

    /// Declares an incident and answers it.
    pub async fn declared(&self, draft: Value) -> Value {
        self.post("/api/v1/incidents", &draft).await.is(201)
    }

    /// What a list holds on its first page.
    pub async fn items(&self, path: &str) -> Vec<Value> {
        self.get(path).await.is(200)["items"].as_array().expect("a list has items").clone()
    }

    /// Opens the live stream.
    pub async fn stream(&self, path: &str) -> Frames {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = path.parse().expect("it is an address");
        request.headers_mut().extend(self.headers.clone());
        let answer = self.house.router.clone().oneshot(request).await.expect("the router always answers");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
        let stream = answer.into_body().into_data_stream().map(|chunk| chunk.unwrap_or_default()).boxed();
        Frames { stream, unread: String::new() }
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The JSON of an answer that has to have this status.
    #[track_caller]
    pub fn is(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    /// The code of a problem that has to have this status, and the shape of a problem.
    #[track_caller]
    pub fn refused(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        let problem: Value = serde_json::from_slice(&self.bytes).expect("a problem is JSON");
        assert_eq!(problem["status"], status, "{problem}");
        assert!(["type", "title", "detail", "code"].iter().all(|field| problem[field].as_str().is_some_and(|text| !text.is_empty())), "{problem}");
        text(&problem["code"])
    }
}

/// One frame of the live stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    pub id: i64,
    pub event: String,
    pub data: Value,
}

/// An open live stream.
pub struct Frames {
    stream: futures::stream::BoxStream<'static, Bytes>,
    unread: String,
}

impl Frames {
    /// The next frame that is no comment.
    pub async fn next(&mut self) -> Frame {
        tokio::time::timeout(Duration::from_secs(20), self.read()).await.expect("a frame comes")
    }

    /// Whether nothing comes for a moment.
    pub async fn is_quiet(&mut self) -> bool {
        tokio::time::timeout(Duration::from_millis(300), self.read()).await.is_err()
    }

    /// Whether the server ended it, after at most this long.
    pub async fn ends_within(mut self, within: Duration) -> bool {
        tokio::time::timeout(within, async { while self.stream.next().await.is_some() {} }).await.is_ok()
    }

    async fn read(&mut self) -> Frame {
        loop {
            while let Some((whole, rest)) = self.unread.split_once("\n\n").map(|(whole, rest)| (whole.to_owned(), rest.to_owned())) {
                self.unread = rest;
                let field = |name: &str| whole.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned());
                if let Some(event) = field("event:") {
                    let id = field("id:").and_then(|id| id.parse().ok()).expect("every frame has its number");
                    let data = field("data:").and_then(|data| serde_json::from_str(&data).ok()).unwrap_or_default();
                    return Frame { id, event, data };
                }
            }
            let chunk = self.stream.next().await.expect("the stream goes on");
            self.unread.push_str(&String::from_utf8_lossy(&chunk));
        }
    }
}

/// A text out of JSON.
#[track_caller]
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// A delivery of Alertmanager: every alert by (service, severity, fingerprint, start, end).
pub fn alertmanager(alerts: &[Value]) -> Value {
    json!({ "version": "4", "status": "firing", "receiver": "tocsin", "groupKey": "{}", "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {},
            "externalURL": "http://alertmanager.example", "truncatedAlerts": 0, "alerts": alerts })
}

/// One alert of such a delivery; without an end it fires.
pub fn labelled(fingerprint: &str, service: &str, severity: &str, started_at: &str, ended_at: Option<&str>) -> Value {
    json!({ "status": if ended_at.is_some() { "resolved" } else { "firing" },
            "labels": { "alertname": "Down", "service": service, "severity": severity }, "annotations": { "summary": format!("{service} is down") },
            "startsAt": started_at, "endsAt": ended_at.unwrap_or("0001-01-01T00:00:00Z"), "generatorURL": "http://prometheus.example/graph", "fingerprint": fingerprint })
}
