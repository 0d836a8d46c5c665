//! An indicator tried on its source before it is saved. Nothing is kept.

use super::{data_sources, people::needs};
use crate::{
    domain::{
        data_source::SourceKind,
        failure::{Failure, FailureKind},
        people::{Actor, Right},
        slo::{
            objective::{Indicator, ObjectiveDraft, Op},
            tried::{TriedHour, TriedIndicator, TriedSeries, TriedSide, TryDraft},
        },
    },
    server::{
        error::ServerError,
        prometheus::{
            Client, Endpoint,
            asking::{Ask, AskError, Comparison, Counted, spellings},
            trying::{Tried, try_from},
        },
        state::App,
    },
};
use std::{collections::BTreeMap, time::Duration};

/// So long somebody who keeps an objective waits for the edges of its histogram.
const EDGES_WITHIN: Duration = Duration::from_secs(3);

/// Asks the source what this indicator finds there.
pub async fn attempt(app: &App, actor: &Actor, draft: TryDraft) -> Result<TriedIndicator, ServerError> {
    needs(actor, Right::ManageObjectives)?;
    let invalid = |words: String| Failure::new(FailureKind::Invalid, "invalid_indicator", words);
    let Some(ask) = ask_of(&draft.indicator) else {
        return Err(invalid("only an indicator that asks a data source can be tried".to_owned()).into());
    };
    let source = data_sources::kept(app, &draft.source).await?;
    if source.kind != SourceKind::Prometheus.slug() {
        return Err(invalid(format!("the data source “{}” keeps traces and gives no readings", source.name)).into());
    }
    let client = Client::new(&source.endpoint, app.clock().clone()).map_err(|faults| invalid(data_sources::words_of(&faults)))?;
    let absent_from_s = draft.indicator.absent_is_bad().then_some(0);
    match try_from(&client, &ask, &BTreeMap::new(), app.clock().now(), absent_from_s).await {
        Ok(tried) => Ok(shown(tried)),
        Err(AskError::Prom(error)) => {
            let words = format!("{} did not answer: {error}", source.name);
            Err(Failure::new(FailureKind::Refused, "source_failed", words).with_next("Test the data source, then try again.").into())
        }
        Err(error) => Err(invalid(error.to_string()).into()),
    }
}

/// What an indicator asks a source; `None` for one that asks nobody.
pub(in crate::server) fn ask_of(indicator: &Indicator) -> Option<Ask> {
    Some(match indicator {
        Indicator::Ratio { good, bad, total } => {
            let numerator = match (good, bad) {
                (Some(good), _) => Counted::Good(good.clone()),
                (None, Some(bad)) => Counted::Bad(bad.clone()),
                (None, None) => return None,
            };
            let is_recorded = |text: &str| text.split('{').next().is_some_and(|name| name.contains(":increase"));
            match is_recorded(total) {
                true => Ask::Recorded { numerator, total: total.clone(), window_secs: None },
                false => Ask::Ratio { numerator, total: total.clone() },
            }
        }
        Indicator::Latency { histogram, threshold_s, native: true } => Ask::NativeLatency { histogram: histogram.clone(), threshold: *threshold_s },
        Indicator::Latency { histogram, threshold_s, native: false } => Ask::Latency { histogram: histogram.clone(), threshold: *threshold_s },
        Indicator::Probe { query, .. } => Ask::Boolean { selector: query.clone() },
        Indicator::Threshold { query, op, value, .. } => Ask::Value { expr: query.clone(), op: comparison(*op), threshold: *value },
        Indicator::Telemetry { .. } | Indicator::Pushed | Indicator::Composite { .. } => return None,
    })
}

/// Why no bucket ends at the threshold of a latency; `None` where one does, and where the source does
/// not say so in time: it may be down, or have no such series yet.
pub(super) async fn no_edge(app: &App, draft: &ObjectiveDraft, endpoint: &Endpoint) -> Option<String> {
    let ask = ask_of(&draft.indicator)?;
    let Ask::Latency { threshold, .. } = &ask else { return None };
    let client = Client::within(endpoint, Some(EDGES_WITHIN), app.clock().clone()).ok()?;
    let (only, at_s) = (BTreeMap::new(), app.clock().now().epoch_secs());
    let edges = tokio::time::timeout(EDGES_WITHIN, ask.edges(&client, &only, at_s)).await.ok()?.ok()?;
    spellings(*threshold, &edges).err().map(|unfit| unfit.to_string())
}

fn comparison(op: Op) -> Comparison {
    match op {
        Op::Lt => Comparison::Less,
        Op::Lte => Comparison::AtMost,
        Op::Gt => Comparison::More,
        Op::Gte => Comparison::AtLeast,
    }
}

fn shown(tried: Tried) -> TriedIndicator {
    let labels = |labels: &BTreeMap<String, String>| {
        let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        format!("{{{}}}", pairs.join(", "))
    };
    let side = |side: crate::server::prometheus::trying::Side| TriedSide {
        field: side.field.to_owned(),
        selector: side.selector,
        count: side.count as u64,
        series: side.series.iter().map(|found| TriedSeries { labels: labels(&found.labels), value: found.value }).collect(),
    };
    TriedIndicator {
        sides: tried.sides.into_iter().map(side).collect(),
        last_hour: tried.last_hour.map(|hour| TriedHour {
            good: hour.good(),
            total: hour.total(),
            measured: hour.readings.len() as u64,
            expected: hour.expected as u64,
        }),
        edges: tried.edges,
        queries: tried.queries,
        doubts: tried.doubts.iter().map(ToString::to_string).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recording_rules_are_asked_as_what_they_are() {
        assert_eq!(ask_of(&Indicator::Pushed), None);
        let recorded = Indicator::Ratio { good: None, bad: Some("e:increase5m".into()), total: "t:increase5m{a=\"b\"}".into() };
        assert!(matches!(ask_of(&recorded), Some(Ask::Recorded { .. })));
    }
}
