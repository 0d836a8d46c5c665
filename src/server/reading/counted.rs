//! Prometheus as a source of panels, where a collector or Tempo counts calls into it: the metrics
//! that OpenTelemetry's span-metrics connector and Tempo's generator write. Every call is counted
//! there; there are no traces, and nobody knows who called.

use super::{Ask, Calls, ReadError, TraceReader, Whole};
use crate::{
    domain::{data_source::SourceKind, telemetry::panels::Range, time::Timestamp},
    server::{
        clock::Clock,
        observed::figures::Counted,
        prometheus::{Client, Endpoint, PromError, answer::Series, backoff::Backoff, endpoint::Fault},
    },
};
use futures::future::{BoxFuture, join};
use std::{collections::BTreeMap, time::Duration};

const API: &str = SourceKind::Prometheus.label();
/// No step is shorter: panels have whole minutes.
const SHORTEST_STEP_S: i64 = 60;
/// More steps of one range are not asked for.
const MOST_STEPS: i64 = 240;
/// Stands for all operations where nobody chose a service.
const ALL: &str = "(all)";
/// Calls by which a service is entered.
const ENTERS: &str = r#"span_kind=~"SPAN_KIND_(SERVER|CONSUMER)""#;

pub struct Counter {
    client: Client,
}

/// What one writer of these metrics calls them.
#[derive(Clone, Debug, PartialEq)]
struct Named {
    calls: String,
    /// With the unit of its bounds, in seconds.
    durations: Option<(String, f64)>,
    /// The label of the service.
    service: &'static str,
}

impl Counter {
    pub fn new(endpoint: &Endpoint, longest: Option<Duration>, clock: Clock) -> Result<Self, Vec<Fault>> {
        Ok(Self { client: Client::within(endpoint, longest, clock)? })
    }

    /// What is counted there; `None`: no calls.
    async fn named(&self, at: Timestamp) -> Result<Option<Named>, PromError> {
        const QUERY: &str = r#"group by (__name__) ({__name__=~"traces_span_?metrics_(calls(_total)?|(duration|latency)(_milliseconds|_seconds)?_bucket)"})"#;
        let found = self.client.query(QUERY, at.epoch_secs()).await?;
        let names: Vec<&str> = found.iter().filter_map(|sample| sample.labels.get("__name__")).map(String::as_str).collect();
        Ok(Named::of(&names))
    }

    async fn count(&self, ask: &Ask) -> Result<Calls, PromError> {
        let Some(named) = self.named(ask.range.to).await? else {
            return Ok(Calls::Counted(vec![], vec!["It has no traces_span_metrics_calls_total: no collector counts calls into it.".to_owned()]));
        };
        let steps = Steps::of(ask);
        let query = named.calls_query(ask, steps.step_s);
        let calls = self.client.query_range(&query, steps.first_s, steps.last_s, steps.step_s);
        let took = async {
            match named.durations_query(ask, steps.step_s) {
                Some(query) => self.client.query_range(&query, steps.first_s, steps.last_s, steps.step_s).await.map(Some),
                None => Ok(None),
            }
        };
        let (calls, took) = join(calls, took).await;
        let mut rows = Rows { step_s: steps.step_s, rows: BTreeMap::new() };
        rows.calls(&named, &calls?);
        let gap = match took {
            Ok(Some(took)) => {
                rows.durations(&named, &took);
                None
            }
            Ok(None) => Some("It counts no durations.".to_owned()),
            Err(error) => Some(format!("Durations had no answer: {}.", ReadError::Asked { api: API, error })),
        };
        Ok(Calls::Counted(rows.rows.into_values().collect(), gap.into_iter().collect()))
    }

    async fn all_services(&self, range: Range) -> Result<Vec<String>, PromError> {
        let Some(named) = self.named(range.to).await? else { return Ok(vec![]) };
        let query = format!("group by ({}) ({{__name__=\"{}\"}})", named.service, named.calls);
        let found = self.client.query(&query, range.to.epoch_secs()).await?;
        let mut names: Vec<String> = found.into_iter().filter_map(|mut sample| sample.labels.remove(named.service)).collect();
        names.sort_unstable();
        Ok(names)
    }
}

impl Named {
    /// The first that counts calls, with its own durations. Names may stand without their units.
    fn of(names: &[&str]) -> Option<Self> {
        let known = |name: &String| names.contains(&name.as_str());
        for (prefix, service) in [("traces_span_metrics_", "service_name"), ("traces_spanmetrics_", "service")] {
            let Some(calls) = ["calls_total", "calls"].map(|name| format!("{prefix}{name}")).into_iter().find(known) else { continue };
            // Without a unit: the connector writes milliseconds, Tempo seconds.
            let bare = if service == "service" { 1.0 } else { 0.001 };
            let units = [("_milliseconds", 0.001), ("_seconds", 1.0), ("", bare)];
            let all = ["duration", "latency"].into_iter().flat_map(|name| units.map(|(unit, secs)| (format!("{prefix}{name}{unit}_bucket"), secs)));
            let durations = all.into_iter().find(|(name, _)| known(name));
            return Some(Self { calls, durations, service });
        }
        None
    }

    fn selector(&self, name: &str, ask: &Ask) -> String {
        let mut labels = vec![ENTERS.to_owned()];
        labels.extend(ask.service.as_deref().map(|service| format!("{}={}", self.service, quoted(service))));
        labels.extend(ask.operation.as_deref().map(|operation| format!("span_name={}", quoted(operation))));
        format!("{name}{{{}}}", labels.join(","))
    }

    fn by(&self, ask: &Ask) -> String {
        if ask.service.is_some() { format!("{}, span_name", self.service) } else { self.service.to_owned() }
    }

    fn calls_query(&self, ask: &Ask, step_s: i64) -> String {
        format!("sum by ({}, status_code) (increase({}[{step_s}s]))", self.by(ask), self.selector(&self.calls, ask))
    }

    fn durations_query(&self, ask: &Ask, step_s: i64) -> Option<String> {
        let (name, _) = self.durations.as_ref()?;
        Some(format!("sum by ({}, le) (increase({}[{step_s}s]))", self.by(ask), self.selector(name, ask)))
    }
}

/// When is asked: a value at an instant tells of the step before it.
#[derive(Debug, PartialEq)]
struct Steps {
    first_s: i64,
    last_s: i64,
    step_s: i64,
}

impl Steps {
    fn of(ask: &Ask) -> Self {
        let (from_s, to_s) = (ask.range.from.epoch_secs(), ask.range.to.epoch_secs());
        let fitting = (to_s - from_s) / MOST_STEPS + 1;
        let step_s = ask.step_s.max(fitting).max(SHORTEST_STEP_S);
        let step_s = (step_s + SHORTEST_STEP_S - 1) / SHORTEST_STEP_S * SHORTEST_STEP_S;
        let first_s = from_s.div_euclid(step_s) * step_s + step_s;
        Self { first_s, last_s: ((to_s - 1).div_euclid(step_s) * step_s + step_s).max(first_s), step_s }
    }
}

/// What was counted, by its instant, service and operation.
struct Rows {
    step_s: i64,
    rows: BTreeMap<(i64, String, String), Counted>,
}

impl Rows {
    fn row(&mut self, at_ms: i64, service: &str, operation: &str) -> &mut Counted {
        let at_s = at_ms.div_euclid(1_000) - self.step_s;
        self.rows.entry((at_s, service.to_owned(), operation.to_owned())).or_insert_with(|| Counted {
            at: Timestamp::from_micros(at_s.saturating_mul(1_000_000)),
            service: service.to_owned(),
            operation: operation.to_owned(),
            requests: 0,
            errors: 0,
            took: vec![],
        })
    }

    fn names<'a>(named: &Named, series: &'a Series) -> Option<(&'a str, &'a str)> {
        let service = series.labels.get(named.service)?;
        Some((service, series.labels.get("span_name").map_or(ALL, String::as_str)))
    }

    fn calls(&mut self, named: &Named, found: &[Series]) {
        for series in found {
            let Some((service, operation)) = Self::names(named, series) else { continue };
            let is_error = series.labels.get("status_code").is_some_and(|code| code == "STATUS_CODE_ERROR" || code == "Error");
            for point in series.points.iter().filter(|point| point.value.is_finite()) {
                let n = point.value.round().max(0.0) as u64;
                let row = self.row(point.at_ms, service, operation);
                row.requests += n;
                row.errors += if is_error { n } else { 0 };
            }
        }
    }

    /// Buckets count everything up to their bound; between two bounds lies the middle by ratio.
    fn durations(&mut self, named: &Named, found: &[Series]) {
        let unit_s = named.durations.as_ref().map_or(1.0, |(_, unit_s)| *unit_s);
        let mut cumulative = BTreeMap::<(&str, &str, i64), Vec<(f64, f64)>>::new();
        for series in found {
            let Some((service, operation)) = Self::names(named, series) else { continue };
            let Some(bound) = series.labels.get("le").and_then(|le| le.parse::<f64>().ok()) else { continue };
            for point in series.points.iter().filter(|point| point.value.is_finite()) {
                cumulative.entry((service, operation, point.at_ms)).or_default().push((bound * unit_s * 1e6, point.value));
            }
        }
        for ((service, operation, at_ms), mut buckets) in cumulative {
            buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
            let row = self.row(at_ms, service, operation);
            let (mut below, mut counted) = (0.0_f64, 0.0_f64);
            for (bound, up_to) in buckets {
                let n = (up_to - counted).round().clamp(0.0, f64::from(u32::MAX));
                let middle = match (below > 0.0, bound.is_finite()) {
                    (true, true) => (below * bound).sqrt(),
                    (false, true) => bound / 2.0,
                    // Over the last bound nobody knows how far.
                    (_, false) => below,
                };
                if n > 0.0 {
                    row.took.push((middle.round() as i64, n as u32));
                }
                (below, counted) = (if bound.is_finite() { bound } else { below }, counted.max(up_to));
            }
        }
    }
}

/// A text within a selector.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars().filter(|letter| !letter.is_control()) {
        if matches!(letter, '"' | '\\') {
            out.push('\\');
        }
        out.push(letter);
    }
    out.push('"');
    out
}

fn told(error: PromError) -> ReadError {
    ReadError::Asked { api: API, error }
}

impl TraceReader for Counter {
    fn services(&self, range: Range) -> BoxFuture<'_, Result<Vec<String>, ReadError>> {
        Box::pin(async move { self.all_services(range).await.map_err(told) })
    }

    fn calls<'a>(&'a self, ask: &'a Ask) -> BoxFuture<'a, Result<Calls, ReadError>> {
        Box::pin(async move { self.count(ask).await.map_err(told) })
    }

    fn trace(&self, _: u128) -> BoxFuture<'_, Result<Option<Whole>, ReadError>> {
        Box::pin(async { Ok(None) })
    }

    fn standing(&self) -> Backoff {
        self.client.standing()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::prometheus::testing::NOON;

    fn ask(secs: i64, step_s: i64) -> Ask {
        Ask { range: Range { from: NOON, to: NOON.plus_secs(secs) }, service: Some("p\"ay".to_owned()), operation: None, step_s, narrow: None }
    }

    #[test]
    fn names_are_known_with_and_without_their_units() {
        let tempo = Named::of(&["traces_spanmetrics_latency_bucket", "traces_spanmetrics_calls_total"]).expect("it counts");
        assert_eq!((tempo.service, tempo.durations), ("service", Some(("traces_spanmetrics_latency_bucket".to_owned(), 1.0))));
        let bare = Named::of(&["traces_span_metrics_calls", "traces_span_metrics_duration_bucket"]).expect("it counts");
        assert_eq!((bare.calls.as_str(), bare.durations), ("traces_span_metrics_calls", Some(("traces_span_metrics_duration_bucket".to_owned(), 0.001))));
        let seconds = Named::of(&["traces_span_metrics_calls_total", "traces_span_metrics_duration_seconds_bucket"]).expect("it counts");
        assert_eq!(seconds.durations.as_ref().map(|(_, unit_s)| *unit_s), Some(1.0));
        assert_eq!(Named::of(&["traces_span_metrics_duration_seconds_bucket", "up"]), None);
        assert_eq!(
            seconds.calls_query(&ask(60, 60), 60),
            r#"sum by (service_name, span_name, status_code) (increase(traces_span_metrics_calls_total{span_kind=~"SPAN_KIND_(SERVER|CONSUMER)",service_name="p\"ay"}[60s]))"#
        );
    }

    #[test]
    fn steps_are_whole_minutes_and_never_too_many() {
        assert_eq!(Steps::of(&ask(3_600, 1)), Steps { first_s: NOON.epoch_secs() + 60, last_s: NOON.epoch_secs() + 3_600, step_s: 60 });
        for (secs, step_s) in [(1, 60), (90, 61), (86_400 * 31, 60), (86_400, 7_200)] {
            let steps = Steps::of(&ask(secs, step_s));
            assert!(steps.step_s % 60 == 0 && steps.step_s >= step_s && (steps.last_s - steps.first_s) / steps.step_s <= MOST_STEPS, "{steps:?}");
            assert!(steps.first_s - steps.step_s <= NOON.epoch_secs() && steps.last_s >= NOON.epoch_secs() + secs, "{steps:?}");
        }
    }
}
