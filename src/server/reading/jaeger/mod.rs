//! Jaeger, by the API of its own pages. It finds traces of one service at a time, says what went
//! wrong inside an answer as well as by its status, and counts time in microseconds.

mod spans;

use super::{
    Ask, Calls, LONGEST, Narrow, ReadError, Sample, TraceReader, Whole,
    sampling::{Collected, Plan, gather},
};
use crate::{
    domain::{data_source::SourceKind, telemetry::panels::Range, wording},
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
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use std::collections::BTreeMap;
use tokio::time::Instant;

const API: &str = SourceKind::Jaeger.label();
/// Most services that are asked one by one where nobody chose one.
const MOST_SERVICES: usize = 20;
/// What Jaeger calls itself; nobody looks for it among their services.
const ITSELF: [&str; 3] = ["jaeger", "jaeger-query", "jaeger-all-in-one"];

pub struct Jaeger {
    line: Line,
}

/// Every answer, good or bad.
#[derive(Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
struct Envelope<T> {
    /// Absent only where it is no answer of this API; `null` where it has nothing.
    #[serde(default = "absent", deserialize_with = "present")]
    data: Option<Option<T>>,
    #[serde(default)]
    errors: Option<Vec<Said>>,
}

fn absent<T>() -> Option<T> {
    None
}

fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    code: Option<i64>,
    #[serde(default)]
    msg: Option<String>,
}

/// What an answer holds, and what it says is missing.
struct Answer<T> {
    data: T,
    gap: Option<String>,
}

impl Jaeger {
    pub fn new(endpoint: &Endpoint, clock: Clock) -> Result<Self, Vec<Fault>> {
        Ok(Self { line: Line::new(endpoint, Some(LONGEST), clock)? })
    }

    /// `None`: it does not know what was asked for.
    async fn ask<T: DeserializeOwned + Default>(&self, segments: &[&str], query: &[(&str, String)]) -> Result<Option<Answer<T>>, PromError> {
        let result = self.ask_unseen(segments, query).await;
        self.line.note(&result);
        result
    }

    async fn ask_unseen<T: DeserializeOwned + Default>(&self, segments: &[&str], query: &[(&str, String)]) -> Result<Option<Answer<T>>, PromError> {
        let _turn = self.line.turn().await?;
        let mut url = self.line.address(segments)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let answered = self.line.send(self.line.request(Method::GET, url).header(ACCEPT, "application/json")).await?;
        self.read(&answered)
    }

    fn read<T: DeserializeOwned + Default>(&self, answered: &Answered) -> Result<Option<Answer<T>>, PromError> {
        let Answered { status, media, retry_after_secs, body } = answered;
        let envelope = serde_json::from_slice::<Envelope<T>>(body).ok();
        let said = envelope.as_ref().and_then(|envelope| self.said(envelope.errors.as_deref()));
        let unknown = |said: &Option<(Option<i64>, String)>| said.as_ref().is_some_and(|(code, _)| *code == Some(404));
        match (status.as_u16(), envelope.and_then(|envelope| envelope.data)) {
            (200..=299, Some(Some(data))) => Ok(Some(Answer { data, gap: said.map(|(_, words)| words) })),
            // The status of older ones is 200 whatever they say inside.
            (200..=299 | 404, Some(None)) if unknown(&said) => Ok(None),
            (404, Some(_)) => Ok(None),
            (200..=299, Some(None)) => match said {
                Some((_, words)) => Err(PromError::BadQuery(words)),
                None => Ok(Some(Answer { data: T::default(), gap: None })),
            },
            (200..=299, None) => Err(PromError::NotPrometheus(format!("it sends {media} that cannot be read"))),
            (status @ (429 | 503), _) => Err(PromError::TooBusy { status, retry_after_secs: *retry_after_secs }),
            (404, None) => Err(PromError::NotPrometheus(format!("the path is unknown there (status 404, {media})"))),
            (400 | 422, _) => Err(PromError::BadQuery(said.map_or_else(|| "no reason given".to_owned(), |(_, words)| words))),
            (status, _) => Err(PromError::Refused { status }),
        }
    }

    fn said(&self, errors: Option<&[Said]>) -> Option<(Option<i64>, String)> {
        let first = errors?.first()?;
        Some((first.code, self.line.inert(first.msg.as_deref().unwrap_or("no reason given"))))
    }

    async fn all_services(&self) -> Result<Vec<String>, PromError> {
        let mut names: Vec<String> = self.ask(&["api", "services"], &[]).await?.map(|answer| answer.data).unwrap_or_default();
        if names.iter().any(|name| !ITSELF.contains(&name.as_str())) {
            names.retain(|name| !ITSELF.contains(&name.as_str()));
        }
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    async fn search(
        &self,
        service: &str,
        operation: Option<&str>,
        part: Range,
        limit: usize,
        further: &Further,
    ) -> Result<Answer<Vec<spans::Trace>>, PromError> {
        let mut query = vec![
            ("service", service.to_owned()),
            ("start", part.from.micros().to_string()),
            // Both ends belong to a range there.
            ("end", (part.to.micros() - 1).to_string()),
            ("limit", limit.to_string()),
        ];
        query.extend(operation.map(|operation| ("operation", operation.to_owned())));
        query.extend(further.min_s.map(|secs| ("minDuration", format!("{:.0}us", secs * 1e6))));
        if !further.tags.is_empty() {
            query.push(("tags", serde_json::to_string(&further.tags).unwrap_or_default()));
        }
        Ok(self.ask(&["api", "traces"], &query).await?.unwrap_or(Answer { data: vec![], gap: None }))
    }

    async fn sample(&self, ask: &Ask) -> Result<Sample, ReadError> {
        let until = Instant::now() + LONGEST;
        let (services, unasked) = match &ask.service {
            Some(service) => (vec![service.clone()], 0),
            None => {
                let mut all = self.all_services().await.map_err(told)?;
                let unasked = all.len().saturating_sub(MOST_SERVICES);
                all.truncate(MOST_SERVICES);
                (all, unasked)
            }
        };
        let further = Further::of(ask.narrow.as_ref());
        let plan = Plan::of(ask.range, services.len() * further.len());
        let mut queries = vec![];
        for part in &plan.parts {
            for service in &services {
                queries.extend(further.iter().map(|further| self.search(service, ask.operation.as_deref(), *part, plan.limit, further)));
            }
        }
        let gathered = gather(queries, until).await;
        let mut gaps = gathered.gaps(API)?;
        if unasked > 0 {
            gaps.push(format!("{} were not asked for their traces; choose one.", wording::count(unasked, "further service", "further services")));
        }
        let mut collected = Collected::default();
        for answer in gathered.done {
            gaps.extend(answer.gap.map(|words| format!("It says: {words}.")));
            for trace in answer.data {
                let Some(id) = trace.id().filter(|id| !collected.knows(*id)) else { continue };
                collected.add(id, trace.into_groups());
            }
        }
        gaps.dedup();
        Ok(collected.into_sample(gaps))
    }
}

fn told(error: PromError) -> ReadError {
    ReadError::Asked { api: API, error }
}

/// What one query asks for besides service, operation and time.
#[derive(Clone, Default)]
struct Further {
    tags: BTreeMap<String, String>,
    min_s: Option<f64>,
}

impl Further {
    /// All queries of a part. Jaeger looks at spans of one service only, where a list asks for
    /// errors and durations of whole traces: so these are looked for besides all others.
    fn of(narrow: Option<&Narrow>) -> Vec<Self> {
        let Some(narrow) = narrow else { return vec![Self::default()] };
        let plain = Self { tags: narrow.attributes.iter().map(|wanted| (wanted.name.clone(), wanted.value.clone())).collect(), min_s: None };
        let mut all = vec![plain.clone()];
        if narrow.errors {
            let mut failing = plain.clone();
            failing.tags.insert("error".to_owned(), "true".to_owned());
            all.push(failing);
        }
        all.extend(narrow.min_s.map(|secs| Self { min_s: Some(secs), ..plain }));
        all
    }
}

impl TraceReader for Jaeger {
    fn services(&self, _: Range) -> BoxFuture<'_, Result<Vec<String>, ReadError>> {
        Box::pin(async move { self.all_services().await.map_err(told) })
    }

    fn calls<'a>(&'a self, ask: &'a Ask) -> BoxFuture<'a, Result<Calls, ReadError>> {
        Box::pin(async move { Ok(Calls::Sampled(self.sample(ask).await?)) })
    }

    fn trace(&self, id: u128) -> BoxFuture<'_, Result<Option<Whole>, ReadError>> {
        Box::pin(async move {
            let answer: Option<Answer<Vec<spans::Trace>>> = self.ask(&["api", "traces", &ids::trace_text(id)], &[]).await.map_err(told)?;
            let Some(Answer { data, gap }) = answer else { return Ok(None) };
            let groups: Vec<_> = data.into_iter().filter(|trace| trace.id() == Some(id)).flat_map(spans::Trace::into_groups).collect();
            Ok((!groups.is_empty()).then_some(Whole { groups, gap }))
        })
    }

    fn standing(&self) -> Backoff {
        self.line.standing()
    }
}
