//! The live stream: server-sent events that resume after any change number.
//!
//! A listener subscribes first, then reads from the store what it missed, then follows: nothing
//! is lost in between and nothing comes twice. What it may not see is left out, decided for each
//! change by the incident as it is now.

use super::{
    auth::{self, Principal, guard},
    rest::problem::Problem,
    state::App,
    store::{CatchUp, Numbered, StoreError},
};
use crate::domain::{failure::FailureKind, ids::IncidentId};
use axum::{
    extract::{Query, State},
    http::{HeaderMap, HeaderName, Uri},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use serde_json::json;
use std::{collections::HashSet, convert::Infallible, sync::Arc, time::Duration};
use tokio::sync::{broadcast::error::RecvError, mpsc};
use tokio_stream::wrappers::ReceiverStream;

/// A comment this often keeps proxies and phones from giving the connection up.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a listener waits before it comes back.
const RETRY: Duration = Duration::from_secs(2);
/// How often it is asked whether the listener may still be here.
const STILL_VALID_EVERY: Duration = Duration::from_secs(5);
/// How many changes one read of the store brings.
const PAGE: i64 = 500;
/// How many frames wait for a slow listener before its reading waits too.
const AHEAD: usize = 64;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Every change as it is committed, resumable after any number.
#[utoipa::path(get, path = "/api/v1/stream", tag = "stream", operation_id = "followStream",
    params(
        ("Last-Event-ID" = Option<i64>, Header, description = "The number of the last change that was seen"),
        ("after" = Option<i64>, Query, description = "The same, where no header can be set"),
    ),
    responses(
        (status = 200, content_type = "text/event-stream", body = String,
            description = "Frames `id: number`, `event: incident|alert`, `data: JSON`. Without a number it starts now, with `event: hello` and the current number; \
                           `event: reset` says that what was missed is no longer kept: read everything again"),
        (status = "default", description = "What went wrong", body = super::rest::ProblemSchema, content_type = "application/problem+json"),
    ))]
pub async fn stream(
    State(app): State<Arc<App>>,
    principal: Principal,
    Query(query): Query<Vec<(String, String)>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if !guard::is_from_here(&app.config, &uri, &headers) {
        return Err(Problem::new(FailureKind::Forbidden, "cross_site", "the stream is not for pages of other sites"));
    }
    let resume = resume_point(&headers, &query)?;
    let (frames, reading) = mpsc::channel(AHEAD);
    let listener = Listener { app: app.clone(), principal: principal.clone(), public: HashSet::new(), frames, _counted: Counted::new() };
    // Without changes nothing is sent, so that its going away has to be watched for.
    let gone = listener.frames.clone();
    tokio::spawn(async move {
        tokio::select! {
            ended = listener.follow(resume) => {
                if let Err(Ended::Store(error)) = ended {
                    tracing::warn!(error = &error as &dyn std::error::Error, "a live stream ended; its listener comes back");
                }
            }
            () = gone.closed() => {}
            () = until_invalid(&app, &principal) => {}
            () = app.closing.cancelled() => {}
        }
    });
    let keep_alive = KeepAlive::new().interval(HEARTBEAT).text("still here");
    let mut answer = Sse::new(ReceiverStream::new(reading)).keep_alive(keep_alive).into_response();
    // Proxies that buffer would hold the frames back.
    answer.headers_mut().insert(HeaderName::from_static("x-accel-buffering"), axum::http::HeaderValue::from_static("no"));
    Ok(answer)
}

/// Where a listener goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resume {
    /// It has seen nothing yet.
    Now,
    After(i64),
    /// It says something that is no number of ours: it has to read everything again.
    Lost,
}

/// The header wins, because a browser that reconnects repeats the address it began with.
fn resume_point(headers: &HeaderMap, query: &[(String, String)]) -> Result<Resume, Problem> {
    if let Some(value) = headers.get(LAST_EVENT_ID) {
        let number = value.to_str().ok().and_then(|text| text.trim().parse().ok());
        return Ok(number.map_or(Resume::Lost, Resume::After));
    }
    let Some((_, after)) = query.iter().find(|(name, _)| name == "after") else { return Ok(Resume::Now) };
    let number = after.parse().map_err(|_| Problem::new(FailureKind::Malformed, "bad_parameter", "after: the number of a change"))?;
    Ok(Resume::After(number))
}

async fn until_invalid(app: &App, principal: &Principal) {
    loop {
        tokio::time::sleep(STILL_VALID_EVERY).await;
        if !auth::still_valid(app, principal).await {
            return;
        }
    }
}

/// Why a stream ended by itself.
enum Ended {
    /// Nobody reads it any more.
    Gone,
    Store(StoreError),
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        Ended::Store(error)
    }
}

struct Listener {
    app: Arc<App>,
    principal: Principal,
    /// Incidents known to be public, so that most changes need no look into the store.
    public: HashSet<IncidentId>,
    frames: mpsc::Sender<Result<Event, Infallible>>,
    _counted: Counted,
}

impl Listener {
    async fn follow(mut self, resume: Resume) -> Result<(), Ended> {
        let mut live = self.app.store.subscribe();
        // The first bytes tell proxies and the browser that it works.
        self.send(Event::default().retry(RETRY).comment("the live stream")).await?;
        let mut seq = match resume {
            Resume::After(seq) => seq,
            Resume::Now => {
                let latest = self.app.store.latest_seq().await?;
                self.send(Event::default().id(latest.to_string()).event("hello").data(json!({ "seq": latest }).to_string())).await?;
                latest
            }
            Resume::Lost => self.reset(self.app.store.latest_seq().await?).await?,
        };
        self.catch_up(&mut seq).await?;
        loop {
            match live.recv().await {
                Ok(changes) => {
                    for change in changes.iter().filter(|change| change.seq > seq).cloned().collect::<Vec<_>>() {
                        if change.seq > seq + 1 {
                            self.catch_up(&mut seq).await?;
                        }
                        if change.seq > seq {
                            self.deliver(&change).await?;
                            seq = change.seq;
                        }
                    }
                }
                Err(RecvError::Lagged(_)) => self.catch_up(&mut seq).await?,
                Err(RecvError::Closed) => return Ok(()),
            }
        }
    }

    /// Reads what came after `seq` from the store.
    async fn catch_up(&mut self, seq: &mut i64) -> Result<(), Ended> {
        loop {
            match self.app.store.changes_after(*seq, PAGE).await? {
                CatchUp::Changes(changes) if changes.is_empty() => return Ok(()),
                CatchUp::Changes(changes) => {
                    for change in changes {
                        self.deliver(&change).await?;
                        *seq = change.seq;
                    }
                }
                CatchUp::Reset { latest } => {
                    *seq = self.reset(latest).await?;
                    return Ok(());
                }
            }
        }
    }

    async fn reset(&self, latest: i64) -> Result<i64, Ended> {
        self.send(Event::default().id(latest.to_string()).event("reset").data(json!({ "latest": latest }).to_string())).await?;
        Ok(latest)
    }

    async fn deliver(&mut self, change: &Numbered) -> Result<(), Ended> {
        if !self.may_see(change).await? {
            return Ok(());
        }
        self.send(Event::default().id(change.seq.to_string()).event(&change.topic).data(&change.payload)).await
    }

    /// Whether this listener may see a change. What is not known to be public is looked up each
    /// time: roles, and with them who may see a private incident, change.
    async fn may_see(&mut self, change: &Numbered) -> Result<bool, StoreError> {
        let Some(id) = change.incident_id else { return Ok(true) };
        if self.public.contains(&id) && !may_change_privacy(change) {
            return Ok(true);
        }
        let Some(incident) = self.app.store.incident(id).await? else { return Ok(false) };
        if incident.private {
            self.public.remove(&id);
        } else {
            self.public.insert(id);
        }
        Ok(incident.is_visible_to(&self.principal.actor))
    }

    async fn send(&self, frame: Event) -> Result<(), Ended> {
        self.frames.send(Ok(frame)).await.map_err(|_| Ended::Gone)
    }
}

/// Rather once too often: a text that only looks like it costs one look into the store.
fn may_change_privacy(change: &Numbered) -> bool {
    change.payload.contains("privacy_set")
}

/// Counts the listeners while it lives.
struct Counted;

impl Counted {
    fn new() -> Self {
        metrics::gauge!("tocsin_stream_listeners").increment(1);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        metrics::gauge!("tocsin_stream_listeners").decrement(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn resumed(header: Option<&'static str>, after: Option<&str>) -> Option<Resume> {
        let headers = header.map(|value| (LAST_EVENT_ID, HeaderValue::from_static(value))).into_iter().collect();
        let query: Vec<(String, String)> = after.map(|after| ("after".to_owned(), after.to_owned())).into_iter().collect();
        resume_point(&headers, &query).ok()
    }

    #[test]
    fn a_reconnecting_browser_goes_on_where_it_was_and_not_where_it_began() {
        assert_eq!(resumed(Some("7"), Some("3")), Some(Resume::After(7)));
        assert_eq!(resumed(None, Some("3")), Some(Resume::After(3)));
        assert_eq!(resumed(None, None), Some(Resume::Now));
        assert_eq!(resumed(Some("seven"), None), Some(Resume::Lost));
        assert_eq!(resumed(None, Some("x")), None);
    }
}
