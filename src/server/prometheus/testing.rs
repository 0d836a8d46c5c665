//! A small server that answers as a test wants, on a free port of loopback.

use super::{Client, Endpoint};
use crate::{domain::time::Timestamp, server::clock::Clock};
use axum::{
    Router,
    body::Bytes,
    extract::Request,
    response::{IntoResponse, Response},
};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};
use tokio::{net::TcpListener, task::JoinHandle};

pub const NOON: Timestamp = Timestamp::from_micros(1_786_449_600_000_000);

/// One request as it came: method, path with query, body and headers.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub uri: String,
    pub form: String,
    pub headers: axum::http::HeaderMap,
}

/// Ends with the test.
pub struct Fake {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    under_way: Arc<AtomicUsize>,
    most_at_once: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Fake {
    /// Answers every request with what `answer` makes of it.
    pub async fn start<A, F, R>(answer: A) -> Self
    where
        A: Fn(Asked) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = R> + Send,
        R: IntoResponse,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (under_way, most_at_once) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (log, now, most) = (asked.clone(), under_way.clone(), most_at_once.clone());
        let router = Router::new().fallback(move |request: Request| {
            let (answer, log, now, most) = (answer.clone(), log.clone(), now.clone(), most.clone());
            async move {
                let (parts, body) = request.into_parts();
                let body: Bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
                let asked = Asked {
                    method: parts.method.to_string(),
                    uri: parts.uri.to_string(),
                    form: String::from_utf8_lossy(&body).into_owned(),
                    headers: parts.headers,
                };
                log.lock().unwrap().push(asked.clone());
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                let response: Response = answer(asked).await.into_response();
                now.fetch_sub(1, Ordering::SeqCst);
                response
            }
        });
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, asked, under_way, most_at_once, task }
    }

    pub fn client(&self) -> Client {
        self.client_of(Endpoint { timeout_secs: 5, ..Endpoint::new(&self.url) })
    }

    pub fn client_of(&self, endpoint: Endpoint) -> Client {
        Client::new(&endpoint, Clock::fixed(NOON)).unwrap_or_else(|faults| panic!("{faults:?}"))
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub fn most_at_once(&self) -> usize {
        assert_eq!(self.under_way.load(Ordering::SeqCst), 0);
        self.most_at_once.load(Ordering::SeqCst)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An answer of the API with `samples` as a vector.
pub fn vector(samples: &str) -> String {
    format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{samples}]}}}}"#)
}

/// The value of a field of a form, or of a query.
pub fn field(form: &str, name: &str) -> Option<String> {
    let url = reqwest::Url::parse(&format!("http://x/?{form}")).unwrap();
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
