//! What the operator sees of this server: log lines and metrics. Neither ever carries a secret:
//! requests are named by the route that matched, never by their path or query, because keys
//! travel in paths under `/hooks`.

use super::{auth::secrets, rest::problem, state::App};
use axum::{
    body::{Body, Bytes},
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use metrics::{Counter, Histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::{
    io::IsTerminal,
    sync::{Arc, OnceLock, PoisonError, RwLock},
    time::{Duration, Instant},
};
use subtle::ConstantTimeEq;
use tracing_subscriber::EnvFilter;

/// How often `/readyz` may wait for the database before it says no.
const READY_WITHIN: Duration = Duration::from_secs(2);

/// The header by which a request is found in the log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Starts writing log lines to standard error. `RUST_LOG` chooses how much, else `default`.
/// Called once, at the start.
pub fn init_logs(json: bool, default: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second call (a test that starts two servers) keeps the first subscriber.
    let _ = if json { lines.json().try_init() } else { lines.with_ansi(std::io::stderr().is_terminal()).try_init() };
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let words = panic.payload_as_str().unwrap_or("without words");
        tracing::error!(place, "a task panicked: {words}");
    }));
}

/// The recorder of this process's metrics; installed the first time it is asked for.
pub fn metrics() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
        let builder = PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &seconds);
        let recorder = builder.unwrap_or_else(|_| PrometheusBuilder::new()).build_recorder();
        let handle = recorder.handle();
        // It fails only when something else installed a recorder first; then ours stays empty.
        let _ = metrics::set_global_recorder(recorder);
        describe();
        handle
    })
}

fn describe() {
    metrics::describe_counter!("tocsin_http_requests_total", "Requests answered, by route, method and status.");
    metrics::describe_histogram!("tocsin_http_request_duration_seconds", "Time to answer, by route.");
    metrics::describe_counter!("tocsin_intake_deliveries_total", "Deliveries of senders, by source and what became of them.");
    metrics::describe_counter!("tocsin_intake_signals_total", "Signals of accepted deliveries, by source and what they did.");
    metrics::describe_histogram!("tocsin_store_duration_seconds", "Time until a write was committed, by kind.");
    metrics::describe_gauge!("tocsin_stream_listeners", "Open live streams.");
    metrics::describe_counter!("tocsin_job_failures_total", "Background jobs that failed and go on, by job.");
    metrics::describe_counter!("tocsin_csp_reports_total", "Breaches of the content security policy that browsers reported.");
    metrics::counter!("tocsin_csp_reports_total").increment(0);
    metrics::describe_gauge!("tocsin_build_info", "1, with the version as a label.");
    metrics::gauge!("tocsin_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

/// Measures how long a write takes.
pub async fn timed<T>(kind: &'static str, write: impl Future<Output = T>) -> T {
    static TOOK: Kept<Histogram> = Kept::new(|kind, _| metrics::histogram!("tocsin_store_duration_seconds", "kind" => kind));
    let began = Instant::now();
    let answer = write.await;
    TOOK.with(kind, "", |took| took.record(began.elapsed()));
    answer
}

/// Counts a delivery that was taken.
pub fn count_delivery(source: &'static str) {
    static TAKEN: Kept<Counter> = Kept::new(|source, verdict| metrics::counter!("tocsin_intake_deliveries_total", "source" => source, "verdict" => verdict));
    TAKEN.with(source, "accepted", |count| count.increment(1));
}

/// Counts what the signals of a delivery did.
pub fn count_signals(source: &'static str, verdict: &'static str, count: u32) {
    static DONE: Kept<Counter> = Kept::new(|source, verdict| metrics::counter!("tocsin_intake_signals_total", "source" => source, "verdict" => verdict));
    DONE.with(source, verdict, |counted| counted.increment(u64::from(count)));
}

/// Metrics of one name whose labels are two words of this program. Each is looked up once: that
/// costs more than counting, and every delivery counts several times.
struct Kept<M> {
    make: fn(&'static str, &'static str) -> M,
    known: RwLock<Vec<(&'static str, &'static str, M)>>,
}

impl<M> Kept<M> {
    const fn new(make: fn(&'static str, &'static str) -> M) -> Self {
        Self { make, known: RwLock::new(Vec::new()) }
    }

    fn with(&self, first: &'static str, second: &'static str, count: impl Fn(&M)) {
        let is_it = |(a, b, _): &&(&'static str, &'static str, M)| (*a, *b) == (first, second);
        if let Some((_, _, known)) = self.known.read().unwrap_or_else(PoisonError::into_inner).iter().find(is_it) {
            return count(known);
        }
        // What is made before there is a recorder counts nothing, for ever.
        metrics();
        let made = (self.make)(first, second);
        count(&made);
        self.known.write().unwrap_or_else(PoisonError::into_inner).push((first, second, made));
    }
}

/// An address of senders, as it is counted and logged.
pub struct Door {
    pub route: &'static str,
    taken: OnceLock<Counter>,
    took: OnceLock<Histogram>,
}

impl Door {
    pub const fn new(route: &'static str) -> Self {
        Self { route, taken: OnceLock::new(), took: OnceLock::new() }
    }

    /// Counts an answer to a `POST`.
    fn count(&self, status: StatusCode, took: Duration) {
        let route = self.route;
        let counter =
            |status: StatusCode| metrics::counter!("tocsin_http_requests_total", "route" => route, "method" => "POST", "status" => status.as_str().to_owned());
        if self.took.get().is_none() {
            // What is made before there is a recorder counts nothing, for ever.
            metrics();
        }
        if status == StatusCode::OK {
            self.taken.get_or_init(|| counter(status)).increment(1);
        } else {
            counter(status).increment(1);
        }
        self.took.get_or_init(|| metrics::histogram!("tocsin_http_request_duration_seconds", "route" => route)).record(took);
    }
}

/// What [`observe`] does, for a `POST` to a door of senders: there every microsecond counts. No span
/// is opened unless somebody wants to see everything; what fails says its own reference.
pub async fn observe_door<F: Future<Output = Response>>(door: &'static Door, request: Request, answer: impl FnOnce(Request) -> F) -> Response {
    use tracing::Instrument;
    let began = Instant::now();
    let id = request_id(request.headers());
    let mut answer = answer(request).instrument(tracing::debug_span!("request", id)).await;
    let (status, took) = (answer.status(), began.elapsed());
    door.count(status, took);
    log(&id, "POST", door.route, status, took);
    if let Ok(value) = HeaderValue::from_maybe_shared(Bytes::from(id)) {
        answer.headers_mut().insert(REQUEST_ID, value);
    }
    answer
}

/// Gives every request an id, counts it, and writes one line about it.
pub async fn observe<F: Future<Output = Response>>(matched: Option<MatchedPath>, mut request: Request, next: impl FnOnce(Request) -> F) -> Response {
    let began = Instant::now();
    let id = request_id(request.headers());
    if let Ok(value) = HeaderValue::from_str(&id) {
        request.headers_mut().insert(REQUEST_ID, value);
    }
    let method = method_label(request.method());
    let route = matched.as_ref().map_or("file", MatchedPath::as_str).to_owned();
    let mut answer = {
        use tracing::Instrument;
        next(request).instrument(tracing::info_span!("request", id)).await
    };
    let (status, took) = (answer.status(), began.elapsed());
    metrics::counter!("tocsin_http_requests_total", "route" => route.clone(), "method" => method, "status" => status.as_str().to_owned()).increment(1);
    metrics::histogram!("tocsin_http_request_duration_seconds", "route" => route.clone()).record(took);
    log(&id, method, &route, status, took);
    if let Ok(value) = HeaderValue::from_str(&id) {
        answer.headers_mut().insert(REQUEST_ID, value);
    }
    answer
}

fn log(id: &str, method: &str, route: &str, status: StatusCode, took: Duration) {
    let millis = took.as_micros() as f64 / 1000.0;
    if status.is_server_error() {
        tracing::warn!(id, method, route, status = status.as_u16(), millis, "answered");
    } else if is_quiet(route) {
        tracing::debug!(id, method, route, status = status.as_u16(), millis, "answered");
    } else {
        tracing::info!(id, method, route, status = status.as_u16(), millis, "answered");
    }
}

/// What is asked all the time is logged only when somebody wants to see everything.
fn is_quiet(route: &str) -> bool {
    route == "file" || ["/hooks", "/healthz", "/readyz", "/metrics", "/-/", "/api/v2", "/v2"].iter().any(|start| route.starts_with(start))
}

/// Method names are an open set chosen by the sender; labels are not.
fn method_label(method: &axum::http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// The caller's own id where it is short and plain, else a new one.
fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let plain = |id: &&str| (1..=100).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    // Not a secret, so it need not come from the system, which a call for every request would cost.
    let new = || uuid::Builder::from_random_bytes(rand::random()).into_uuid().simple().to_string();
    given.filter(plain).map_or_else(new, str::to_owned)
}

/// The process lives.
pub async fn healthz() -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], "ok\n")
}

/// It can do its work: the database answers.
pub async fn readyz(State(app): State<Arc<App>>) -> Response {
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    if app.closing.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, no_store, "stopping\n").into_response();
    }
    match tokio::time::timeout(READY_WITHIN, app.store.ping()).await {
        // It works, and whoever looks closer is to see what it works with.
        Ok(Ok(())) => match app.mark.behind() {
            Some(behind) => (no_store, format!("ready\nwarning: {}\n", behind.words())).into_response(),
            None => (no_store, "ready\n").into_response(),
        },
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, no_store, "the database does not answer\n").into_response()
        }
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, no_store, "the database does not answer in time\n").into_response(),
    }
}

/// The metrics, in Prometheus' text format.
pub async fn scrape(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    if let Some(token) = &app.config.metrics_token {
        let given =
            headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        // Hashes have one length, so comparing them tells nothing about the token's.
        if !bool::from(secrets::hash(given.trim()).as_bytes().ct_eq(secrets::hash(token).as_bytes())) {
            return problem::unauthenticated("/metrics asks for its bearer token").into_response();
        }
    }
    let text = metrics().render();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"), (header::CACHE_CONTROL, "no-store")], Body::from(text)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_request_id_is_kept_only_when_it_is_short_and_plain() {
        let with = |id: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_static(id));
            request_id(&headers)
        };
        assert_eq!(with("abc-1"), "abc-1");
        assert_ne!(with("a b"), "a b");
        assert_eq!(request_id(&HeaderMap::new()).len(), 32);
    }

    #[test]
    fn the_metrics_are_in_prometheus_text() {
        metrics();
        metrics::counter!("tocsin_intake_deliveries_total", "source" => "generic", "verdict" => "accepted").increment(1);
        assert!(metrics().render().contains("tocsin_intake_deliveries_total{source=\"generic\""));
    }
}
