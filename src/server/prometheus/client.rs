//! One query over the network: bounded in time, size and number, answered with types.
//!
//! Credentials go to the configured host alone: no redirect is followed, and no proxy is taken
//! from the environment, since such an endpoint stands beside us.

use super::{
    PromError,
    answer::{BuildInfo, Envelope, Labels, Point, Sample, Series, Status, Yield},
    backoff::Backoff,
    endpoint::{self, Endpoint, Fault},
};
use crate::server::{clock::Clock, tls};
use reqwest::{
    Method, Response, StatusCode, Url,
    header::{CONTENT_TYPE, LOCATION, RETRY_AFTER},
    redirect::Policy,
};
use serde::de::DeserializeOwned;
use std::{
    collections::BTreeMap,
    error::Error,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::Semaphore;

/// How many queries one endpoint gets at once.
const AT_ONCE: usize = 4;
/// Prometheus refuses ranges of more than 11,000 points.
const MOST_POINTS: i64 = 10_000;
/// The largest answer, after decompression.
const LARGEST_BYTES: usize = 16 * 1024 * 1024;
/// The longest that somebody else's words may be.
const LONGEST_WORDS: usize = 400;
const LONGEST_CONNECT: Duration = Duration::from_secs(10);

/// Asks one endpoint. Shared by everybody who asks it, so that the limits hold for all together.
pub struct Client {
    http: reqwest::Client,
    base: Url,
    timeout: Duration,
    /// Never repeated, even where the endpoint repeats them.
    secrets: Vec<String>,
    turns: Semaphore,
    /// It does not take POST; found out once.
    is_get_only: AtomicBool,
    standing: Mutex<Backoff>,
    clock: Clock,
}

impl Client {
    pub fn new(endpoint: &Endpoint, clock: Clock) -> Result<Self, Vec<Fault>> {
        let reach = endpoint.reach()?;
        tls::install_crypto();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("tocsin/", env!("CARGO_PKG_VERSION")))
            .default_headers(reach.headers)
            .redirect(Policy::none())
            .no_proxy()
            .pool_max_idle_per_host(AT_ONCE)
            .connect_timeout(reach.timeout.min(LONGEST_CONNECT))
            .timeout(reach.timeout);
        // Own authorities stand instead of the machine's; plain http needs none, so that it works
        // on machines without any.
        if reach.base.scheme() == "http" || !reach.authorities.is_empty() {
            builder = builder.tls_certs_only(reach.authorities);
        }
        let http = builder.build().map_err(|error| vec![Fault { field: "ca_pem", words: format!("TLS cannot be set up: {}", innermost(&error)) }])?;
        Ok(Self {
            http,
            base: reach.base,
            timeout: reach.timeout,
            secrets: reach.secrets,
            turns: Semaphore::new(AT_ONCE),
            is_get_only: AtomicBool::new(false),
            standing: Mutex::default(),
            clock,
        })
    }

    /// How it has been doing. Queries are sent all the same: whoever polls asks
    /// [`Backoff::may_try`] before, and a person who tries something does not wait.
    pub fn standing(&self) -> Backoff {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What answers there, and whether it is one at all.
    pub async fn buildinfo(&self) -> Result<BuildInfo, PromError> {
        self.call("api/v1/status/buildinfo", Vec::new(), true).await
    }

    /// The values at one instant, in seconds since 1970.
    pub async fn query(&self, expr: &str, at_s: i64) -> Result<Vec<Sample>, PromError> {
        let yielded: Yield = self.call("api/v1/query", self.form(expr, vec![("time", at_s.to_string())]), false).await?;
        yielded.into_vector()
    }

    /// The values from `start_s` to `end_s`, both included, every `step_s` seconds. Ranges of more
    /// points than a server gives at once are asked in parts; all of them or none are answered.
    pub async fn query_range(&self, expr: &str, start_s: i64, end_s: i64, step_s: i64) -> Result<Vec<Series>, PromError> {
        let step_s = step_s.max(1);
        let mut whole: BTreeMap<Labels, Vec<Point>> = BTreeMap::new();
        let mut from_s = start_s;
        while from_s <= end_s {
            let to_s = end_s.min(from_s + (MOST_POINTS - 1) * step_s);
            let range = vec![("start", from_s.to_string()), ("end", to_s.to_string()), ("step", step_s.to_string())];
            let yielded: Yield = self.call("api/v1/query_range", self.form(expr, range), false).await?;
            for series in yielded.into_matrix()? {
                whole.entry(series.labels).or_default().extend(series.points);
            }
            from_s = to_s + step_s;
        }
        Ok(whole.into_iter().map(|(labels, points)| Series { labels, points }).collect())
    }

    /// `dedup` and `partial_response` are Thanos', `deny_partial_response` VictoriaMetrics';
    /// others pass over fields that they do not know.
    fn form(&self, expr: &str, times: Vec<(&'static str, String)>) -> Vec<(&'static str, String)> {
        // A little less than we wait ourselves, so that its own words arrive.
        let timeout_ms = self.timeout.as_millis() * 9 / 10;
        let mut form = vec![("query", expr.to_owned()), ("timeout", format!("{timeout_ms}ms"))];
        form.extend(times);
        form.extend([("dedup", "true"), ("partial_response", "false"), ("deny_partial_response", "1")].map(|(name, value)| (name, value.to_owned())));
        form
    }

    async fn call<T: DeserializeOwned>(&self, path: &str, form: Vec<(&'static str, String)>, by_get: bool) -> Result<T, PromError> {
        let result = self.call_unseen(path, form, by_get).await;
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        match &result {
            Err(error) if error.is_of_endpoint() => standing.failed(error, self.clock.now(), rand::random()),
            _ => standing.answered(self.clock.now()),
        }
        result
    }

    async fn call_unseen<T: DeserializeOwned>(&self, path: &str, form: Vec<(&'static str, String)>, by_get: bool) -> Result<T, PromError> {
        let _turn = self.turns.acquire().await.map_err(|_| PromError::Unreachable("the server is stopping".to_owned()))?;
        let url = self.base.join(path).map_err(|_| PromError::Unreachable("its address cannot be joined with a path".to_owned()))?;
        let mut response = self.send(&url, &form, by_get || self.is_get_only.load(Ordering::Relaxed)).await?;
        if !by_get && response.status() == StatusCode::METHOD_NOT_ALLOWED {
            self.is_get_only.store(true, Ordering::Relaxed);
            response = self.send(&url, &form, true).await?;
        }
        self.read(response).await
    }

    async fn send(&self, url: &Url, form: &[(&'static str, String)], by_get: bool) -> Result<Response, PromError> {
        let request = if by_get {
            let mut url = url.clone();
            if !form.is_empty() {
                url.query_pairs_mut().extend_pairs(form);
            }
            self.http.request(Method::GET, url)
        } else {
            self.http.request(Method::POST, url.clone()).form(form)
        };
        request.send().await.map_err(|error| self.lost(&error))
    }

    async fn read<T: DeserializeOwned>(&self, mut response: Response) -> Result<T, PromError> {
        let status = response.status();
        if status.is_redirection() {
            let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok()).and_then(|to| response.url().join(to).ok());
            return Err(PromError::Redirected { to: to.map_or_else(|| "nowhere".to_owned(), |to| self.inert(&endpoint::shown(&to))) });
        }
        let retry_after_secs = self.retry_after_secs(&response);
        let media = response.headers().get(CONTENT_TYPE).and_then(|media| media.to_str().ok()).map_or_else(|| "no content type".to_owned(), inert);
        let body = self.body(&mut response).await?;
        if status.is_success() {
            let envelope: Envelope<T> = serde_json::from_slice(&body).map_err(|_| PromError::NotPrometheus(format!("it sends {media} that cannot be read")))?;
            return match envelope.status {
                Status::Success => envelope.into_whole(),
                Status::Error => Err(self.refusal(status, &envelope, retry_after_secs)),
            };
        }
        match serde_json::from_slice::<Envelope<serde_json::Value>>(&body) {
            Ok(envelope) => Err(self.refusal(status, &envelope, retry_after_secs)),
            Err(_) => Err(match status.as_u16() {
                status @ (429 | 503) => PromError::TooBusy { status, retry_after_secs },
                404 => PromError::NotPrometheus(format!("the path is unknown there (status 404, {media})")),
                status => PromError::Refused { status },
            }),
        }
    }

    /// What an error of the API itself means.
    fn refusal<T>(&self, status: StatusCode, envelope: &Envelope<T>, retry_after_secs: Option<u64>) -> PromError {
        let words = self.inert(envelope.error.as_deref().unwrap_or("no reason given"));
        match (envelope.error_type.as_deref(), status.as_u16()) {
            (_, 429) => PromError::TooBusy { status: 429, retry_after_secs },
            (Some("timeout"), _) => PromError::TimedOut { secs: self.timeout.as_secs() },
            (_, 503) => PromError::TooBusy { status: 503, retry_after_secs },
            (Some("bad_data" | "execution"), _) | (_, 400 | 422) => PromError::BadQuery(words),
            (_, status) => PromError::Refused { status },
        }
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

    fn inert(&self, words: &str) -> String {
        inert(&self.secrets.iter().fold(words.to_owned(), |words, secret| words.replace(secret, "•••")))
    }
}

/// Somebody else's words: one line without control characters, cut where it gets too long.
pub(super) fn inert(words: &str) -> String {
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

#[cfg(test)]
mod tests;
