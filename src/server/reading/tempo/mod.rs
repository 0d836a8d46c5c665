//! Tempo. Its search names traces and holds little of them, so each is asked for by its id; newer
//! servers answer that under another path and say when a trace is not whole.

mod spans;
mod traceql;

use super::{
    Ask, Calls, LONGEST, ReadError, Sample, TraceReader, Whole,
    sampling::{Collected, Plan, gather},
};
use crate::{
    domain::{data_source::SourceKind, telemetry::panels::Range},
    server::{
        clock::Clock,
        otlp::ids,
        prometheus::{
            Endpoint, PromError,
            backoff::Backoff,
            endpoint::Fault,
            line::{Answered, Line},
        },
    },
};
use futures::future::BoxFuture;
use reqwest::{Method, header::ACCEPT};
use serde::{Deserialize, de::DeserializeOwned};
use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering},
};
use tokio::time::Instant;

const API: &str = SourceKind::Tempo.label();

pub struct Tempo {
    line: Line,
    /// It answered under the newer path before, so that what is unknown there is unknown.
    is_newer: AtomicBool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Search {
    traces: Option<Vec<Named>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Named {
    /// Without leading zeros.
    #[serde(rename = "traceID")]
    trace_id: String,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Values {
    tag_values: Option<Vec<Value>>,
}

/// Newer servers say the type of a value beside it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Text(String),
    Typed { value: String },
}

impl Tempo {
    pub fn new(endpoint: &Endpoint, clock: Clock) -> Result<Self, Vec<Fault>> {
        Ok(Self { line: Line::new(endpoint, Some(LONGEST), clock)?, is_newer: AtomicBool::new(false) })
    }

    /// `None`: it does not know what was asked for, or not the path.
    async fn ask(&self, segments: &[&str], query: &[(&str, String)], accept: &'static str) -> Result<Option<Answered>, PromError> {
        let result = self.ask_unseen(segments, query, accept).await;
        self.line.note(&result);
        result
    }

    async fn ask_unseen(&self, segments: &[&str], query: &[(&str, String)], accept: &'static str) -> Result<Option<Answered>, PromError> {
        let _turn = self.line.turn().await?;
        let mut url = self.line.address(segments)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let answered = self.line.send(self.line.request(Method::GET, url).header(ACCEPT, accept)).await?;
        match answered.status.as_u16() {
            200..=299 => Ok(Some(answered)),
            404 => Ok(None),
            // Its own words, as plain text.
            400 | 422 => Err(PromError::BadQuery(self.line.inert(&String::from_utf8_lossy(&answered.body)))),
            status @ (429 | 503) => Err(PromError::TooBusy { status, retry_after_secs: answered.retry_after_secs }),
            status => Err(PromError::Refused { status }),
        }
    }

    async fn ask_json<T: DeserializeOwned>(&self, segments: &[&str], query: &[(&str, String)]) -> Result<Option<T>, PromError> {
        let Some(answered) = self.ask(segments, query, "application/json").await? else { return Ok(None) };
        let read = serde_json::from_slice(&answered.body).map_err(|_| unreadable(&answered));
        if read.is_err() {
            self.line.note(&read);
        }
        read.map(Some)
    }

    async fn all_services(&self, range: Range) -> Result<Vec<String>, PromError> {
        let times = [("start", range.from.epoch_secs().to_string()), ("end", (range.to.epoch_secs() + 1).to_string())];
        let newer: Option<Values> = self.ask_json(&["api", "v2", "search", "tag", "resource.service.name", "values"], &times).await?;
        let found = match newer {
            Some(found) => found,
            None => self.ask_json(&["api", "search", "tag", "service.name", "values"], &times).await?.ok_or_else(no_path)?,
        };
        let names: BTreeSet<String> = found
            .tag_values
            .unwrap_or_default()
            .into_iter()
            .map(|value| match value {
                Value::Text(text) | Value::Typed { value: text } => text,
            })
            .collect();
        Ok(names.into_iter().collect())
    }

    async fn search(&self, traceql: &str, part: Range, limit: usize) -> Result<Vec<u128>, PromError> {
        let (start, end) = (part.from.epoch_secs(), part.to.epoch_secs().max(part.from.epoch_secs() + 1));
        let query = [
            ("q", traceql.to_owned()),
            ("start", start.to_string()),
            ("end", end.to_string()),
            ("limit", limit.to_string()),
            // One span of each is enough to know that it fits.
            ("spss", "1".to_owned()),
        ];
        let found: Search = self.ask_json(&["api", "search"], &query).await?.ok_or_else(no_path)?;
        Ok(found.traces.unwrap_or_default().iter().filter_map(|named| ids::parse_trace(&named.trace_id)).collect())
    }

    async fn whole(&self, id: u128) -> Result<Option<Whole>, PromError> {
        let text = ids::trace_text(id);
        let newer = self.ask(&["api", "v2", "traces", &text], &[], spans::PROTOBUF).await?;
        if newer.is_some() {
            self.is_newer.store(true, Ordering::Relaxed);
        }
        let read = match newer {
            Some(answered) => spans::newer(&answered.media, &answered.body).ok_or_else(|| unreadable(&answered)),
            None if self.is_newer.load(Ordering::Relaxed) => return Ok(None),
            None => {
                let Some(answered) = self.ask(&["api", "traces", &text], &[], spans::PROTOBUF).await? else { return Ok(None) };
                spans::older(&answered.media, &answered.body).ok_or_else(|| unreadable(&answered))
            }
        };
        if read.is_err() {
            self.line.note(&read);
        }
        read.map(|whole| Some(whole).filter(|whole| !whole.groups.is_empty()))
    }

    async fn sample(&self, ask: &Ask) -> Result<Sample, ReadError> {
        let until = Instant::now() + LONGEST;
        let wanted = traceql::queries(ask);
        let plan = Plan::of(ask.range, wanted.len());
        let mut searches = vec![];
        for part in &plan.parts {
            searches.extend(wanted.iter().map(|traceql| self.search(traceql, *part, plan.limit)));
        }
        let searched = gather(searches, until).await;
        let mut gaps = searched.gaps(API)?;
        let found: BTreeSet<u128> = searched.done.into_iter().flatten().collect();
        let asked = found.into_iter().map(|id| async move { Ok((id, self.whole(id).await?)) }).collect();
        let fetched = gather(asked, until).await;
        gaps.extend(fetched.gaps(API)?);
        let (mut collected, mut partial) = (Collected::default(), 0_usize);
        for (id, whole) in fetched.done {
            let Some(Whole { groups, gap }) = whole else { continue };
            partial += usize::from(gap.is_some());
            collected.add(id, groups);
        }
        if partial > 0 {
            gaps.push(format!("It says of {partial} of them that they are not whole."));
        }
        Ok(collected.into_sample(gaps))
    }
}

fn unreadable(answered: &Answered) -> PromError {
    PromError::NotPrometheus(format!("it sends {} that cannot be read", answered.media))
}

fn no_path() -> PromError {
    PromError::NotPrometheus("the path is unknown there (status 404)".to_owned())
}

fn told(error: PromError) -> ReadError {
    ReadError::Asked { api: API, error }
}

impl TraceReader for Tempo {
    fn services(&self, range: Range) -> BoxFuture<'_, Result<Vec<String>, ReadError>> {
        Box::pin(async move { self.all_services(range).await.map_err(told) })
    }

    fn calls<'a>(&'a self, ask: &'a Ask) -> BoxFuture<'a, Result<Calls, ReadError>> {
        Box::pin(async move { Ok(Calls::Sampled(self.sample(ask).await?)) })
    }

    fn trace(&self, id: u128) -> BoxFuture<'_, Result<Option<Whole>, ReadError>> {
        Box::pin(async move { self.whole(id).await.map_err(told) })
    }

    fn standing(&self) -> Backoff {
        self.line.standing()
    }
}
