//! One query over the network, answered with types. How it travels is [`line`](super::line)'s.

use super::{
    PromError,
    answer::{BuildInfo, Envelope, Labels, Point, Sample, Series, Status, Yield},
    backoff::Backoff,
    endpoint::{Endpoint, Fault},
    line::{Answered, Line},
};
use crate::server::clock::Clock;
use reqwest::{Method, StatusCode, Url};
use serde::de::DeserializeOwned;
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

/// Prometheus refuses ranges of more than 11,000 points.
const MOST_POINTS: i64 = 10_000;

/// Asks one endpoint. Shared by everybody who asks it, so that the limits hold for all together.
pub struct Client {
    line: Line,
    /// It does not take POST; found out once.
    is_get_only: AtomicBool,
}

impl Client {
    pub fn new(endpoint: &Endpoint, clock: Clock) -> Result<Self, Vec<Fault>> {
        Self::within(endpoint, None, clock)
    }

    /// One that waits at most so long, whatever the endpoint's own patience.
    pub fn within(endpoint: &Endpoint, longest: Option<Duration>, clock: Clock) -> Result<Self, Vec<Fault>> {
        Ok(Self { line: Line::new(endpoint, longest, clock)?, is_get_only: AtomicBool::new(false) })
    }

    /// How it has been doing. Queries are sent all the same: whoever polls asks
    /// [`Backoff::may_try`] before, and a person who tries something does not wait.
    pub fn standing(&self) -> Backoff {
        self.line.standing()
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
        let timeout_ms = self.line.timeout().as_millis() * 9 / 10;
        let mut form = vec![("query", expr.to_owned()), ("timeout", format!("{timeout_ms}ms"))];
        form.extend(times);
        form.extend([("dedup", "true"), ("partial_response", "false"), ("deny_partial_response", "1")].map(|(name, value)| (name, value.to_owned())));
        form
    }

    async fn call<T: DeserializeOwned>(&self, path: &str, form: Vec<(&'static str, String)>, by_get: bool) -> Result<T, PromError> {
        let result = self.call_unseen(path, form, by_get).await;
        self.line.note(&result);
        result
    }

    async fn call_unseen<T: DeserializeOwned>(&self, path: &str, form: Vec<(&'static str, String)>, by_get: bool) -> Result<T, PromError> {
        let _turn = self.line.turn().await?;
        let url = self.line.address(&path.split('/').collect::<Vec<_>>())?;
        let mut answered = self.send(&url, &form, by_get || self.is_get_only.load(Ordering::Relaxed)).await?;
        if !by_get && answered.status == StatusCode::METHOD_NOT_ALLOWED {
            self.is_get_only.store(true, Ordering::Relaxed);
            answered = self.send(&url, &form, true).await?;
        }
        self.read(&answered)
    }

    async fn send(&self, url: &Url, form: &[(&'static str, String)], by_get: bool) -> Result<Answered, PromError> {
        let request = if by_get {
            let mut url = url.clone();
            if !form.is_empty() {
                url.query_pairs_mut().extend_pairs(form);
            }
            self.line.request(Method::GET, url)
        } else {
            self.line.request(Method::POST, url.clone()).form(form)
        };
        self.line.send(request).await
    }

    fn read<T: DeserializeOwned>(&self, answered: &Answered) -> Result<T, PromError> {
        let Answered { status, media, retry_after_secs, body } = answered;
        if status.is_success() {
            let envelope: Envelope<T> = serde_json::from_slice(body).map_err(|_| PromError::NotPrometheus(format!("it sends {media} that cannot be read")))?;
            return match envelope.status {
                Status::Success => envelope.into_whole(),
                Status::Error => Err(self.refusal(*status, &envelope, *retry_after_secs)),
            };
        }
        match serde_json::from_slice::<Envelope<serde_json::Value>>(body) {
            Ok(envelope) => Err(self.refusal(*status, &envelope, *retry_after_secs)),
            Err(_) => Err(match status.as_u16() {
                status @ (429 | 503) => PromError::TooBusy { status, retry_after_secs: *retry_after_secs },
                404 => PromError::NotPrometheus(format!("the path is unknown there (status 404, {media})")),
                status => PromError::Refused { status },
            }),
        }
    }

    /// What an error of the API itself means.
    fn refusal<T>(&self, status: StatusCode, envelope: &Envelope<T>, retry_after_secs: Option<u64>) -> PromError {
        let words = self.line.inert(envelope.error.as_deref().unwrap_or("no reason given"));
        match (envelope.error_type.as_deref(), status.as_u16()) {
            (_, 429) => PromError::TooBusy { status: 429, retry_after_secs },
            (Some("timeout"), _) => PromError::TimedOut { secs: self.line.timeout().as_secs() },
            (_, 503) => PromError::TooBusy { status: 503, retry_after_secs },
            (Some("bad_data" | "execution"), _) | (_, 400 | 422) => PromError::BadQuery(words),
            (_, status) => PromError::Refused { status },
        }
    }
}

#[cfg(test)]
mod tests;
