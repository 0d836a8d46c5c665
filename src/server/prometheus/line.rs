//! One request over the network to an endpoint: bounded in time, size and number. What is asked
//! and what the answer means is the caller's business.
//!
//! Credentials go to the configured host alone: no redirect is followed, and no proxy is taken
//! from the environment, since such an endpoint stands beside us.

use super::{
    PromError,
    backoff::Backoff,
    endpoint::{self, Endpoint, Fault},
};
use crate::server::{clock::Clock, tls};
use reqwest::{
    Method, RequestBuilder, Response, StatusCode, Url,
    header::{CONTENT_TYPE, LOCATION, RETRY_AFTER},
    redirect::Policy,
};
use std::{
    error::Error,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{Semaphore, SemaphorePermit};

/// How many queries one endpoint gets at once.
pub const AT_ONCE: usize = 4;
/// The largest answer, after decompression.
pub const LARGEST_BYTES: usize = 16 * 1024 * 1024;
/// The longest that somebody else's words may be.
const LONGEST_WORDS: usize = 400;
const LONGEST_CONNECT: Duration = Duration::from_secs(10);

/// The way to one endpoint. Shared by everybody who asks it, so that the limits hold for all
/// together.
pub struct Line {
    http: reqwest::Client,
    base: Url,
    timeout: Duration,
    /// Never repeated, even where the endpoint repeats them.
    secrets: Vec<String>,
    turns: Semaphore,
    standing: Mutex<Backoff>,
    clock: Clock,
}

/// What came back, whole.
pub struct Answered {
    pub status: StatusCode,
    /// Its content type, as it says it.
    pub media: String,
    pub retry_after_secs: Option<u64>,
    pub body: Vec<u8>,
}

impl Line {
    /// `longest` is waited for an answer at most, whatever the endpoint's own patience.
    pub fn new(endpoint: &Endpoint, longest: Option<Duration>, clock: Clock) -> Result<Self, Vec<Fault>> {
        let reach = endpoint.reach()?;
        let timeout = longest.map_or(reach.timeout, |longest| longest.min(reach.timeout));
        tls::install_crypto();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("tocsin/", env!("CARGO_PKG_VERSION")))
            .default_headers(reach.headers)
            .redirect(Policy::none())
            .no_proxy()
            .pool_max_idle_per_host(AT_ONCE)
            .connect_timeout(timeout.min(LONGEST_CONNECT))
            .timeout(timeout);
        // Own authorities stand instead of the machine's; plain http needs none, so that it works
        // on machines without any.
        if reach.base.scheme() == "http" || !reach.authorities.is_empty() {
            builder = builder.tls_certs_only(reach.authorities);
        }
        let http = builder.build().map_err(|error| vec![Fault { field: "ca_pem", words: format!("TLS cannot be set up: {}", innermost(&error)) }])?;
        Ok(Self { http, base: reach.base, timeout, secrets: reach.secrets, turns: Semaphore::new(AT_ONCE), standing: Mutex::default(), clock })
    }

    /// How it has been doing. Requests are sent all the same: whoever polls asks
    /// [`Backoff::may_try`] before, and a person who tries something does not wait.
    pub fn standing(&self) -> Backoff {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes down how asking it went.
    pub fn note<T>(&self, result: &Result<T, PromError>) {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Err(error) if error.is_of_endpoint() => standing.failed(error, self.clock.now(), rand::random()),
            _ => standing.answered(self.clock.now()),
        }
    }

    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Waits until it is this request's turn.
    pub async fn turn(&self) -> Result<SemaphorePermit<'_>, PromError> {
        self.turns.acquire().await.map_err(|_| PromError::Unreachable("the server is stopping".to_owned()))
    }

    /// The address of a path beneath the endpoint's. Each segment is escaped as one.
    pub fn address(&self, segments: &[&str]) -> Result<Url, PromError> {
        let mut url = self.base.clone();
        match url.path_segments_mut() {
            Ok(mut path) => _ = path.pop_if_empty().extend(segments),
            Err(()) => return Err(PromError::Unreachable("its address cannot be joined with a path".to_owned())),
        }
        Ok(url)
    }

    pub fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.http.request(method, url)
    }

    /// Sends a request and reads its answer as far as it may be read.
    pub async fn send(&self, request: RequestBuilder) -> Result<Answered, PromError> {
        let mut response = request.send().await.map_err(|error| self.lost(&error))?;
        let status = response.status();
        if status.is_redirection() {
            let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok()).and_then(|to| response.url().join(to).ok());
            return Err(PromError::Redirected { to: to.map_or_else(|| "nowhere".to_owned(), |to| self.inert(&endpoint::shown(&to))) });
        }
        let retry_after_secs = self.retry_after_secs(&response);
        let media = response.headers().get(CONTENT_TYPE).and_then(|media| media.to_str().ok()).map_or_else(|| "no content type".to_owned(), inert);
        let body = self.body(&mut response).await?;
        Ok(Answered { status, media, retry_after_secs, body })
    }

    async fn body(&self, response: &mut Response) -> Result<Vec<u8>, PromError> {
        let too_large = || PromError::TooLarge { limit_bytes: LARGEST_BYTES };
        if response.content_length().is_some_and(|length| length > LARGEST_BYTES as u64) {
            return Err(too_large());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.lost(&error))? {
            if body.len() + chunk.len() > LARGEST_BYTES {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn retry_after_secs(&self, response: &Response) -> Option<u64> {
        let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
        text.parse().ok().or_else(|| {
            let at = chrono::DateTime::parse_from_rfc2822(text).ok()?.timestamp();
            u64::try_from(at - self.clock.now().epoch_secs()).ok()
        })
    }

    fn lost(&self, error: &reqwest::Error) -> PromError {
        if error.is_timeout() {
            return PromError::TimedOut { secs: self.timeout.as_secs() };
        }
        PromError::Unreachable(self.inert(&innermost(error)))
    }

    /// Words of the other side, without our secrets.
    pub fn inert(&self, words: &str) -> String {
        inert(&self.secrets.iter().fold(words.to_owned(), |words, secret| words.replace(secret, "•••")))
    }
}

/// Somebody else's words: one line without control characters, cut where it gets too long.
pub fn inert(words: &str) -> String {
    let line: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_WORDS + 1).collect();
    if line.chars().count() <= LONGEST_WORDS { line } else { line.chars().take(LONGEST_WORDS).chain("…".chars()).collect() }
}

/// The cause at the bottom; those above it only say that a request failed, and where to.
fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
