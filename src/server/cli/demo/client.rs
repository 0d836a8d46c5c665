//! A plain HTTP client for one server: a connection for every request, JSON both ways. It speaks
//! no TLS, because a demo runs beside its server.

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, HeaderValue, Method, Request, Uri, header},
};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::time::Duration;
use tokio::{net::TcpStream, time::timeout};

/// How long a connection may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long an answer may take; a large import is sent in parts that take seconds.
const ANSWER_WITHIN: Duration = Duration::from_secs(120);
/// The longest answer that is read.
const MAX_ANSWER: usize = 64 * 1024 * 1024;

/// Why a request has no good answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("{0}")]
    BadAddress(String),
    /// Worth trying again: it is down, starting, or has too much to do.
    #[error("{0}")]
    Unreachable(String),
    /// The server answered, and not with a 2xx.
    #[error("{method} {path} was answered with {status}: {words}")]
    Refused { method: Method, path: String, status: u16, words: String },
    #[error("{method} {path} was answered with something that cannot be read")]
    Unreadable {
        method: Method,
        path: String,
        #[source]
        source: serde_json::Error,
    },
}

/// What came back, with a 2xx.
pub struct Answer {
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

/// One server.
#[derive(Clone)]
pub struct Client {
    /// `http://127.0.0.1:3000`
    pub address: String,
    authority: HeaderValue,
    target: (String, u16),
}

impl Client {
    pub fn to(server: &str) -> Result<Self, CallError> {
        let bad = |words: &str| CallError::BadAddress(format!("--server {server}: {words}"));
        let uri: Uri = server.parse().map_err(|_| bad("not an address; it reads http://127.0.0.1:3000"))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(bad("the demo speaks no TLS; give it the address behind the proxy, http://…")),
            _ => return Err(bad("an address begins with http://")),
        }
        let authority = uri.authority().ok_or_else(|| bad("no host in it"))?;
        let target = (authority.host().trim_matches(['[', ']']).to_owned(), authority.port_u16().unwrap_or(80));
        let authority = HeaderValue::from_str(authority.as_str()).map_err(|_| bad("not an address"))?;
        Ok(Self { address: server.trim_end_matches('/').to_owned(), authority, target })
    }

    pub async fn call(&self, method: Method, path: &str, headers: &HeaderMap, body: Bytes) -> Result<Answer, CallError> {
        let unreachable = |words: String| CallError::Unreachable(words);
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = method.clone();
        *request.uri_mut() = path.parse().map_err(|_| CallError::BadAddress(format!("{path} is no path")))?;
        request.headers_mut().extend(headers.clone());
        request.headers_mut().insert(header::HOST, self.authority.clone());
        request.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));

        let (host, port) = &self.target;
        let stream = timeout(CONNECT_WITHIN, TcpStream::connect((host.as_str(), *port))).await;
        let stream = stream.map_err(|_| unreachable("it does not take the connection".to_owned()))?.map_err(|error| unreachable(error.to_string()))?;
        let exchange = async {
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
            // It ends with its one answer.
            tokio::spawn(async move { drop(connection.await) });
            let (parts, body) = sender.send_request(request).await?.into_parts();
            Ok::<_, hyper::Error>((parts, to_bytes(Body::new(body), MAX_ANSWER).await))
        };
        let (parts, bytes) = timeout(ANSWER_WITHIN, exchange)
            .await
            .map_err(|_| unreachable("it does not answer".to_owned()))?
            .map_err(|error| unreachable(error.to_string()))?;
        let bytes = bytes.map_err(|error| unreachable(error.to_string()))?;
        match parts.status.as_u16() {
            200..=299 => Ok(Answer { headers: parts.headers, bytes }),
            status @ (429 | 502 | 503 | 504) => Err(unreachable(format!("it answers {status}: {}", words(&bytes)))),
            status => Err(CallError::Refused { method, path: path.to_owned(), status, words: words(&bytes) }),
        }
    }
}

/// What a failure says, in whichever of the server's shapes it came.
fn words(bytes: &[u8]) -> String {
    let body: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let said = ["detail", "words", "message"].iter().find_map(|field| body.get(field)?.as_str().map(str::to_owned));
    let list = body.get("errors").and_then(Value::as_array).map(|errors| errors.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "));
    said.into_iter().chain(list).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_cannot_be_called_is_refused_in_words() {
        let refusal = |server| Client::to(server).map(|client| client.target).map_err(|error| error.to_string());
        assert_eq!(refusal("http://127.0.0.1:3000"), Ok(("127.0.0.1".to_owned(), 3000)));
        assert_eq!(refusal("http://[::1]:3000/"), Ok(("::1".to_owned(), 3000)));
        assert_eq!(refusal("http://localhost"), Ok(("localhost".to_owned(), 80)));
        assert!(refusal("https://tocsin.example").is_err_and(|words| words.contains("no TLS")));
        assert!(refusal("127.0.0.1:3000").is_err());
    }

    #[test]
    fn failures_are_told_in_their_own_words() {
        assert_eq!(words(br#"{"code": "x", "detail": "it is over"}"#), "it is over");
        assert_eq!(words(br#"{"message": "Event object is invalid", "errors": ["'a' is missing", "b"]}"#), "Event object is invalid: 'a' is missing; b");
        assert_eq!(words(b"<html>"), "");
    }
}
