//! An indicator tried before it is saved: what it finds, what it would have measured within the
//! last hour, and what is doubtful about it. Nothing is kept.

use super::{
    Client, PromError,
    answer::Labels,
    asking::{Ask, AskError, Meaning, Plan, recorded_window_secs},
    promql::{self, Counter, Instant, Selector},
    readings::{self, Measured},
};
use crate::domain::time::Timestamp;
use std::collections::BTreeMap;

/// How many series are shown.
const MOST_SHOWN: usize = 20;
const HOUR_SECS: i64 = 3_600;
const SLICE_SECS: i64 = 300;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tried {
    pub sides: Vec<Side>,
    /// What the last hour's slices hold; `None` where it could not be asked.
    pub last_hour: Option<Measured>,
    /// The edges of a classic histogram, as numbers.
    pub edges: Vec<f64>,
    /// What is asked for one slice, for those who want to see it.
    pub queries: Vec<String>,
    pub doubts: Vec<Doubt>,
}

/// The series behind one field.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    pub field: &'static str,
    pub selector: String,
    pub count: usize,
    /// At most twenty of them, those with the largest values first.
    pub series: Vec<Found>,
}

/// One series and its last value within the hour; of a native histogram how much it counted then.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub labels: Labels,
    pub value: f64,
}

/// What may be wrong though the query is fine.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Doubt {
    #[error("{field}: no series within the last hour")]
    NoSeries { field: &'static str },
    #[error("bad: no series within the last hour; counted as 0 errors")]
    ErrorsAbsent,
    #[error("{field}: no value has changed within the last hour")]
    NeverChanged { field: &'static str },
    #[error("{field}: `{metric}` does not end in _total, _count, _sum or _bucket, so it may be no counter")]
    NoCounterName { field: &'static str, metric: String },
    #[error("{threshold} is no edge of a bucket; there are {}", .edges.join(", "))]
    NoEdge { threshold: f64, edges: Vec<String> },
    #[error("only {with_edge} of {all} series have this edge: the others' requests would all count as slow")]
    EdgeOfSome { with_edge: usize, all: usize },
    #[error("{measured} of {expected} slices of the last hour have a reading; the source must give at least two values per slice")]
    Gaps { measured: usize, expected: usize },
    #[error("at times there is more good than there is at all: do both sides count the same events?")]
    GoodOverTotal,
    #[error("it has been zero for a day: the source may never have counted anything")]
    SuspectZero,
    #[error("the rule `{metric}` already records increases over {}; it may be cheaper to use it", promql::duration(*.window_secs))]
    RecordedToo { metric: String, window_secs: i64 },
}

/// Tries `ask`. What is wrong with the text itself is an error; what is wrong with the data is told
/// in the answer.
pub async fn try_ask(client: &Client, ask: &Ask, only: &BTreeMap<String, String>, now: Timestamp) -> Result<Tried, AskError> {
    try_from(client, ask, only, now, None).await
}

/// The same, of which slices without a sample are bad from then on ([`Plan::absent_from_s`]).
pub async fn try_from(client: &Client, ask: &Ask, only: &BTreeMap<String, String>, now: Timestamp, absent_from_s: Option<i64>) -> Result<Tried, AskError> {
    ask.check()?;
    let at_s = now.epoch_secs();
    let mut tried = Tried::default();
    for looked in looks(ask, only)? {
        tried.look(client, looked, at_s).await?;
    }
    let width_secs = ask.plan(only, SLICE_SECS, &["1".to_owned()]).map_or(HOUR_SECS, |plan| plan.width_secs);
    match tried.prepare(client, ask, only, width_secs, at_s).await {
        Ok(plan) => tried.measure(client, &Plan { absent_from_s, ..plan }, at_s).await?,
        Err(AskError::NoEdge { threshold, edges }) => tried.doubts.push(Doubt::NoEdge { threshold, edges }),
        // Told above, per field.
        Err(AskError::NoSeries(_)) => {}
        Err(error) => return Err(error),
    }
    tried.find_recorded(client, ask, at_s).await?;
    Ok(tried)
}

/// A field whose series are looked at.
struct Look {
    field: &'static str,
    selector: String,
    is_counter: bool,
    /// Native histograms have no one value; their count stands for it.
    is_histogram: bool,
}

/// What there is to look at, narrowed like the queries.
fn looks(ask: &Ask, only: &BTreeMap<String, String>) -> Result<Vec<Look>, AskError> {
    let mut looks = Vec::new();
    let mut add = |field: &'static str, selectors: Vec<String>, is_counter, is_histogram| -> Result<(), AskError> {
        for selector in selectors {
            let selector = promql::inject(&selector, only).map_err(|unfit| AskError::Unfit { field, unfit })?;
            looks.push(Look { field, selector, is_counter, is_histogram });
        }
        Ok(())
    };
    let counted = |field, text: &str| Counter::parse(text).map(|counter| counter.selectors()).map_err(|unfit| AskError::Unfit { field, unfit });
    match ask {
        Ask::Ratio { numerator, total } => {
            add(numerator.field(), counted(numerator.field(), numerator.text())?, true, false)?;
            add("total", counted("total", total)?, true, false)?;
        }
        Ask::Recorded { numerator, total, .. } => {
            add(numerator.field(), counted(numerator.field(), numerator.text())?, false, false)?;
            add("total", counted("total", total)?, false, false)?;
        }
        // Narrowed below, like the others.
        Ask::Latency { .. } => add("histogram", vec![ask.histogram(&BTreeMap::new())?[0].text()], true, false)?,
        Ask::NativeLatency { histogram, .. } => add("histogram", vec![histogram.clone()], true, true)?,
        Ask::Boolean { selector } => add("selector", vec![selector.clone()], false, false)?,
        Ask::Value { expr, .. } => {
            let selectors = Instant::parse(expr).map_err(|unfit| AskError::Unfit { field: "expr", unfit })?.selectors();
            add("expr", selectors, false, false)?;
        }
    }
    Ok(looks)
}

impl Tried {
    async fn look(&mut self, client: &Client, look: Look, at_s: i64) -> Result<(), PromError> {
        let Look { field, selector, is_counter, is_histogram } = look;
        let recent = format!("last_over_time({selector}[1h])");
        // Not every version looks back at a native histogram as one; what it counted all of them say.
        let values = if is_histogram { format!("histogram_count(increase({selector}[1h]))") } else { recent.clone() };
        let (counted, top) = (format!("count({recent})"), format!("topk({MOST_SHOWN}, {values})"));
        let (counted, top) = tokio::try_join!(client.query(&counted, at_s), client.query(&top, at_s))?;
        let count = counted.first().and_then(|sample| sample.point).map_or(0, |point| point.value as usize);
        let series = top.into_iter().filter_map(|sample| sample.point.map(|point| Found { labels: sample.labels, value: point.value })).collect();
        if count == 0 {
            self.doubts.push(if field == "bad" { Doubt::ErrorsAbsent } else { Doubt::NoSeries { field } });
        } else if is_counter && !is_histogram {
            let changes = client.query(&format!("sum(changes({selector}[1h]))"), at_s).await?;
            if changes.first().and_then(|sample| sample.point).is_some_and(|point| point.value == 0.0) {
                self.doubts.push(Doubt::NeverChanged { field });
            }
        }
        if is_counter
            && !is_histogram
            && let Some(metric) = Selector::parse(&selector).ok().and_then(|selector| selector.metric().map(str::to_owned))
            && !["_total", "_count", "_sum", "_bucket"].iter().any(|end| metric.ends_with(end))
        {
            self.doubts.push(Doubt::NoCounterName { field, metric });
        }
        self.sides.push(Side { field, selector, count, series });
        Ok(())
    }

    async fn prepare(&mut self, client: &Client, ask: &Ask, only: &BTreeMap<String, String>, width_secs: i64, at_s: i64) -> Result<Plan, AskError> {
        if let Ask::Latency { threshold, .. } = ask {
            let edges = ask.edges(client, only, at_s).await?;
            self.edges = edges.iter().map(|edge| edge.value).collect();
            self.edges.dedup();
            let spelled = super::asking::spellings(*threshold, &edges)?;
            let with_edge = edges.iter().filter(|edge| spelled.contains(&edge.spelling)).map(|edge| edge.series).sum::<f64>() as usize;
            let all = edges.iter().filter(|edge| edge.value == f64::INFINITY).map(|edge| edge.series).sum::<f64>() as usize;
            if with_edge < all {
                self.doubts.push(Doubt::EdgeOfSome { with_edge, all });
            }
            return ask.plan(only, width_secs, &spelled);
        }
        ask.prepare(client, only, width_secs, at_s).await
    }

    async fn measure(&mut self, client: &Client, plan: &Plan, at_s: i64) -> Result<(), AskError> {
        self.queries.push(plan.numerator.clone());
        match &plan.meaning {
            Meaning::Good { total } | Meaning::Bad { total } => self.queries.push(total.clone()),
            Meaning::Compared { .. } => {}
        }
        let measured = readings::read(client, plan, at_s - HOUR_SECS, at_s).await?;
        let has_series = self.sides.iter().any(|side| side.count > 0);
        if has_series && measured.readings.len() < measured.expected {
            self.doubts.push(Doubt::Gaps { measured: measured.readings.len(), expected: measured.expected });
        }
        if measured.is_good_over_total() {
            self.doubts.push(Doubt::GoodOverTotal);
        }
        if measured.is_suspect_zero {
            self.doubts.push(Doubt::SuspectZero);
        }
        self.last_hour = Some(measured);
        Ok(())
    }

    /// Rules of the usual names that record the same counter.
    async fn find_recorded(&mut self, client: &Client, ask: &Ask, at_s: i64) -> Result<(), PromError> {
        let (Ask::Ratio { total, .. } | Ask::Latency { histogram: total, .. }) = ask else { return Ok(()) };
        let Some(metric) = Selector::parse(total).ok().and_then(|selector| selector.metric().map(str::to_owned)) else { return Ok(()) };
        let base = ["_total", "_count", "_bucket"].iter().find_map(|end| metric.strip_suffix(end)).unwrap_or(&metric);
        // The name of a metric has no letter that means something in a pattern, and none in a text.
        if !base.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':')) {
            return Ok(());
        }
        let found = client.query(&format!("count by (__name__) ({{__name__=~\"{base}(_count|_total)?:increase[0-9]+[smh]\"}})"), at_s).await?;
        for metric in found.iter().filter_map(|sample| sample.labels.get("__name__")) {
            if let Some(window_secs) = recorded_window_secs(metric) {
                self.doubts.push(Doubt::RecordedToo { metric: super::line::inert(metric), window_secs });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::prometheus::{
        asking::Counted,
        testing::{Asked, Fake, NOON, field, vector},
    };

    fn errors() -> Ask {
        Ask::Ratio { numerator: Counted::Bad(r#"shop_requests{code="500"}"#.to_owned()), total: "shop_requests".to_owned() }
    }

    #[tokio::test]
    async fn what_is_not_there_is_told_and_no_error() {
        let empty = r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#;
        let fake = Fake::start(move |asked: Asked| async move { if asked.uri.ends_with("_range") { empty.to_owned() } else { vector("") } }).await;
        let tried = try_ask(&fake.client(), &errors(), &BTreeMap::new(), NOON).await.unwrap_or_else(|error| panic!("{error}"));
        let no_name = |field| Doubt::NoCounterName { field, metric: "shop_requests".to_owned() };
        assert_eq!(tried.doubts, [Doubt::ErrorsAbsent, no_name("bad"), Doubt::NoSeries { field: "total" }, no_name("total")]);
        assert_eq!(tried.last_hour.map(|measured| (measured.expected, measured.readings.len())), Some((12, 0)));
        assert!(tried.sides.iter().all(|side| side.count == 0 && side.series.is_empty()));

        let latency = Ask::Latency { histogram: "d".to_owned(), threshold: 0.5 };
        let tried = try_ask(&fake.client(), &latency, &BTreeMap::new(), NOON).await.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((tried.doubts, tried.last_hour), (vec![Doubt::NoSeries { field: "histogram" }], None));
    }

    #[tokio::test]
    async fn edges_that_only_some_have_and_rules_that_record_the_same_are_told() {
        let fake = Fake::start(|asked: Asked| async move {
            let query = field(&asked.form, "query").unwrap();
            let matrix =
                |value| format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{}},"values":[[1786446300,"{value}"]]}}]}}}}"#);
            match query.as_str() {
                query if query.starts_with("count by (le)") => vector(r#"{"metric":{"le":"0.5"},"value":[1,"2"]},{"metric":{"le":"+Inf"},"value":[1,"3"]}"#),
                query if query.starts_with("count by (__name__)") => vector(r#"{"metric":{"__name__":"d:increase5m"},"value":[1,"1"]}"#),
                query if asked.uri.ends_with("_range") => matrix(if query.contains("d_bucket") { 12 } else { 10 }),
                query if query.starts_with("count(") => vector(r#"{"metric":{},"value":[1,"6"]}"#),
                query if query.starts_with("topk(20, ") => vector(r#"{"metric":{"__name__":"d_bucket","le":"+Inf"},"value":[1,"99"]}"#),
                _ => vector(r#"{"metric":{},"value":[1,"0"]}"#),
            }
        })
        .await;
        let latency = |threshold| Ask::Latency { histogram: "d".to_owned(), threshold };
        let tried = try_ask(&fake.client(), &latency(0.5), &BTreeMap::new(), NOON).await.unwrap_or_else(|error| panic!("{error}"));
        let wanted = [
            Doubt::NeverChanged { field: "histogram" },
            Doubt::EdgeOfSome { with_edge: 2, all: 3 },
            Doubt::Gaps { measured: 1, expected: 12 },
            Doubt::GoodOverTotal,
            Doubt::RecordedToo { metric: "d:increase5m".to_owned(), window_secs: 300 },
        ];
        assert_eq!(tried.doubts, wanted);
        assert_eq!((tried.edges.len(), tried.sides[0].count, tried.sides[0].series[0].value), (2, 6, 99.0));

        let tried = try_ask(&fake.client(), &latency(0.4), &BTreeMap::new(), NOON).await.unwrap_or_else(|error| panic!("{error}"));
        assert!(tried.doubts.contains(&Doubt::NoEdge { threshold: 0.4, edges: vec!["0.5".to_owned(), "+Inf".to_owned()] }), "{:?}", tried.doubts);
    }

    #[tokio::test]
    async fn a_text_that_cannot_be_used_asks_nobody() {
        let fake = Fake::start(|_| async { vector("") }).await;
        let ask = Ask::Boolean { selector: "rate(up[5m])".to_owned() };
        assert!(matches!(try_ask(&fake.client(), &ask, &BTreeMap::new(), NOON).await, Err(AskError::Unfit { field: "selector", .. })));
        assert!(fake.asked().is_empty());
    }
}
