//! What an indicator asks, and the queries that answer it slice by slice.
//!
//! A value at the instant `t` stands for the slice that ends there: `(t - width, t]`. `increase`
//! and its kind are applied before anything is added up, so that restarts of a process are seen.

use super::{
    Client, PromError,
    promql::{self, Counter, Instant, Selector, Unfit},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What an indicator counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// Good or bad events of all events. A side is a selector of a counter, or a whole expression
    /// with its window left open (`[$window]`).
    Ratio { numerator: Counted, total: String },
    /// Requests not slower than `threshold`, an edge of a classic histogram: `x{…}` or `x_bucket{…}`.
    Latency { histogram: String, threshold: f64 },
    /// Requests not slower than `threshold` of a native histogram: `x{…}`.
    NativeLatency { histogram: String, threshold: f64 },
    /// A gauge of 1 and 0, such as `up`: samples that are 1 of all samples.
    Boolean { selector: String },
    /// One value per slice that is compared: a slice is good or it is not.
    Value { expr: String, op: Comparison, threshold: f64 },
    /// As `Ratio`, from rules that already record the increase over `window_secs`; a name such as
    /// `http_requests:increase5m` says so itself.
    Recorded { numerator: Counted, total: String, window_secs: Option<i64> },
}

/// Which events the first side of a ratio counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    Good(String),
    Bad(String),
}

/// When a value is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    #[serde(rename = "lt")]
    Less,
    #[serde(rename = "lte")]
    AtMost,
    #[serde(rename = "gt")]
    More,
    #[serde(rename = "gte")]
    AtLeast,
}

/// Why an indicator cannot be read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AskError {
    #[error("{field}: {unfit}")]
    Unfit { field: &'static str, unfit: Unfit },
    #[error("name the histogram itself, once and without _count or _sum: http_request_duration_seconds{{job=\"shop\"}}")]
    NoHistogram,
    #[error("leave the label `le` away: it is set from the threshold")]
    HasEdge,
    #[error("a threshold is a number above 0")]
    BadThreshold,
    #[error("{threshold} is no edge of a bucket; there are {}", .edges.join(", "))]
    NoEdge { threshold: f64, edges: Vec<String> },
    #[error("no series within the last hour: {0}")]
    NoSeries(String),
    #[error("a slice is at least a second long")]
    BadWidth,
    #[error("the name does not say which window the rule records; give it")]
    UnknownWindow,
    #[error("the rule records {}, which does not fit into slices of {}", promql::duration(*.window_secs), promql::duration(*.width_secs))]
    WindowDoesNotFit { window_secs: i64, width_secs: i64 },
    #[error("the query yields {0} series; one value per slice is needed")]
    ManySeries(usize),
    #[error(transparent)]
    Prom(#[from] PromError),
}

/// The queries of one indicator, ready to be asked for any range of slices.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub width_secs: i64,
    /// How far the asked instants are apart: a slice, or the window of a recording rule.
    pub step_secs: i64,
    pub numerator: String,
    pub meaning: Meaning,
    /// Asked once where nothing good was seen: a yield of 0 says that the source never counted.
    pub ever: String,
    /// From then on a slice without a sample is bad, where the source has samples of what it scrapes.
    /// What was before is a gap as ever: nobody knows whether there should have been one.
    pub absent_from_s: Option<i64>,
}

/// How the numerator is understood.
#[derive(Clone, Debug, PartialEq)]
pub enum Meaning {
    Good { total: String },
    Bad { total: String },
    Compared { op: Comparison, threshold: f64 },
}

/// One edge of a classic histogram: as the label spells it, as a number, and how many series have it.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    pub spelling: String,
    pub value: f64,
    pub series: f64,
}

impl Ask {
    /// Everything that can be said without asking anybody.
    pub fn check(&self) -> Result<(), AskError> {
        // The spelling of the edge and the width do not decide whether it reads well.
        self.plan(&BTreeMap::new(), self.recorded_window().unwrap_or(300), &["1".to_owned()]).map(|_| ())
    }

    /// The queries, narrowed to `only`. Asks for the edges of a classic histogram, and for nothing
    /// else.
    pub async fn prepare(&self, client: &Client, only: &BTreeMap<String, String>, width_secs: i64, at_s: i64) -> Result<Plan, AskError> {
        let spellings = match self {
            Ask::Latency { threshold, .. } => {
                self.check()?;
                spellings(*threshold, &self.edges(client, only, at_s).await?)?
            }
            _ => Vec::new(),
        };
        self.plan(only, width_secs, &spellings)
    }

    /// The queries; `edge` is how the labels of a classic histogram spell the threshold.
    pub fn plan(&self, only: &BTreeMap<String, String>, width_secs: i64, edge: &[String]) -> Result<Plan, AskError> {
        if width_secs < 1 {
            return Err(AskError::BadWidth);
        }
        let plan = |numerator, meaning, ever| Plan { width_secs, step_secs: width_secs, numerator, meaning, ever, absent_from_s: None };
        Ok(match self {
            Ask::Ratio { numerator, total } => {
                let all = counter("total", total)?;
                let part = counter(numerator.field(), numerator.text())?;
                let fit = |unfit| AskError::Unfit { field: "total", unfit };
                let total = all.increase(width_secs, only).map_err(fit)?;
                let events = part.increase(width_secs, only).map_err(|unfit| AskError::Unfit { field: numerator.field(), unfit })?;
                // Where the bad are counted and all were bad, the total is what may never have counted.
                let witness = if numerator.is_good() { &part } else { &all };
                let ever = match witness {
                    Counter::Selector(selector) => ever_of(&selector.with_all(only).map_err(fit)?),
                    Counter::Windowed(_) => witness.increase(DAY_SECS, only).map_err(fit)?,
                };
                plan(numerator.query(events), numerator.meaning(total), ever)
            }
            Ask::Latency { threshold, .. } => {
                positive(*threshold)?;
                let [bucket, count] = self.histogram(only)?;
                let good = bucket.with_any("le", edge).map_err(|unfit| AskError::Unfit { field: "histogram", unfit })?;
                let sum = |selector: &Selector| format!("sum(increase({}))", selector.over(width_secs));
                plan(sum(&good), Meaning::Good { total: sum(&count) }, ever_of(&count))
            }
            Ask::NativeLatency { histogram, threshold } => {
                positive(*threshold)?;
                let selector = narrowed("histogram", histogram, only)?;
                let all = |secs| format!("sum(increase({}))", selector.over(secs));
                let total = format!("histogram_count({})", all(width_secs));
                let good = format!("histogram_fraction(0, {threshold}, {}) * {total}", all(width_secs));
                plan(good, Meaning::Good { total }, format!("histogram_count({})", all(DAY_SECS)))
            }
            Ask::Boolean { selector } => {
                let selector = narrowed("selector", selector, only)?;
                let over = selector.after_begin(width_secs);
                let total = format!("sum(count_over_time({over}))");
                plan(format!("sum(sum_over_time({over}))"), Meaning::Good { total }, ever_of(&selector))
            }
            Ask::Value { expr, op, threshold } => {
                if !threshold.is_finite() {
                    return Err(AskError::BadThreshold);
                }
                let unfit = |unfit| AskError::Unfit { field: "expr", unfit };
                let value = Instant::parse(expr).map_err(unfit)?.at_end_of(width_secs, only).map_err(unfit)?;
                let ever = format!("max_over_time(({value}\n)[1d:5m])");
                plan(value, Meaning::Compared { op: *op, threshold: *threshold }, ever)
            }
            Ask::Recorded { numerator, total, .. } => {
                let window_secs = self.recorded_window().ok_or(AskError::UnknownWindow)?;
                if window_secs < 1 || width_secs % window_secs != 0 {
                    return Err(AskError::WindowDoesNotFit { window_secs, width_secs });
                }
                let all = narrowed("total", total, only)?;
                let part = narrowed(numerator.field(), numerator.text(), only)?;
                // Without a range, the last value would go on for five minutes after the rule stopped;
                // with a closed one, the value of one window would stand for the next.
                let sum = |selector: &Selector| format!("sum(last_over_time({}))", selector.after_begin(window_secs));
                let witness = ever_of(if numerator.is_good() { &part } else { &all });
                Plan { step_secs: window_secs, ..plan(numerator.query(sum(&part)), numerator.meaning(sum(&all)), witness) }
            }
        })
    }

    /// The edges that the histogram has had within an hour, smallest first.
    pub async fn edges(&self, client: &Client, only: &BTreeMap<String, String>, at_s: i64) -> Result<Vec<Edge>, AskError> {
        let [bucket, _] = self.histogram(only)?;
        let samples = client.query(&format!("count by (le) (last_over_time({}))", bucket.over(3_600)), at_s).await?;
        let mut edges: Vec<Edge> = samples
            .into_iter()
            .filter_map(|mut sample| {
                let spelling = sample.labels.remove("le")?;
                Some(Edge { value: spelling.parse().ok()?, series: sample.point?.value, spelling })
            })
            .collect();
        edges.sort_by(|a, b| a.value.total_cmp(&b.value));
        if edges.is_empty() { Err(AskError::NoSeries(bucket.text())) } else { Ok(edges) }
    }

    /// The series of a classic histogram's buckets, and those of its count.
    pub(super) fn histogram(&self, only: &BTreeMap<String, String>) -> Result<[Selector; 2], AskError> {
        let Ask::Latency { histogram, .. } = self else { return Err(AskError::NoHistogram) };
        let selector = narrowed("histogram", histogram, only)?;
        if selector.has_label("le") {
            return Err(AskError::HasEdge);
        }
        let name = selector.metric().ok_or(AskError::NoHistogram)?;
        let name = name.strip_suffix("_bucket").unwrap_or(name);
        if name.ends_with("_count") || name.ends_with("_sum") {
            return Err(AskError::NoHistogram);
        }
        Ok(["bucket", "count"].map(|part| selector.of_metric(&format!("{name}_{part}"))))
    }

    fn recorded_window(&self) -> Option<i64> {
        let Ask::Recorded { total, window_secs, .. } = self else { return None };
        window_secs.or_else(|| recorded_window_secs(Selector::parse(total).ok()?.metric()?))
    }
}

impl Counted {
    pub fn text(&self) -> &str {
        match self {
            Counted::Good(text) | Counted::Bad(text) => text,
        }
    }

    pub fn is_good(&self) -> bool {
        matches!(self, Counted::Good(_))
    }

    /// What the field is called for whoever filled it in.
    pub fn field(&self) -> &'static str {
        if self.is_good() { "good" } else { "bad" }
    }

    /// A series of errors comes to be with the first error: until then there are none. A series of
    /// good events that is missing says nothing.
    fn query(&self, events: String) -> String {
        if self.is_good() { events } else { format!("({events}) or vector(0)") }
    }

    fn meaning(&self, total: String) -> Meaning {
        if self.is_good() { Meaning::Good { total } } else { Meaning::Bad { total } }
    }
}

impl Comparison {
    pub fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Comparison::Less => value < threshold,
            Comparison::AtMost => value <= threshold,
            Comparison::More => value > threshold,
            Comparison::AtLeast => value >= threshold,
        }
    }
}

const DAY_SECS: i64 = 86_400;

/// How the labels spell `threshold`. Compared as numbers: `2` and `2.0` are one edge, and servers
/// of different versions spell it differently, also within one range.
pub fn spellings(threshold: f64, edges: &[Edge]) -> Result<Vec<String>, AskError> {
    let same = |value: f64| (value - threshold).abs() <= threshold.abs() * 1e-9;
    let mut found: Vec<String> = edges.iter().filter(|edge| same(edge.value)).map(|edge| edge.spelling.clone()).collect();
    if found.is_empty() {
        return Err(AskError::NoEdge { threshold, edges: edges.iter().map(|edge| edge.spelling.clone()).collect() });
    }
    // Both spellings of a whole number, whichever is there now.
    for other in [format!("{threshold}"), format!("{threshold:?}")] {
        if !found.contains(&other) {
            found.push(other);
        }
    }
    Ok(found)
}

/// The window that the name of a recorded increase ends in: 300 of `http_requests:increase5m`.
pub fn recorded_window_secs(metric: &str) -> Option<i64> {
    let (_, window) = metric.rsplit_once("increase")?;
    let letter = window.chars().last()?;
    let unit = match letter {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => DAY_SECS,
        'w' => 7 * DAY_SECS,
        _ => return None,
    };
    let count: i64 = window.strip_suffix(letter)?.parse().ok()?;
    count.checked_mul(unit).filter(|secs| *secs > 0)
}

fn ever_of(selector: &Selector) -> String {
    format!("max(max_over_time({}))", selector.over(DAY_SECS))
}

fn counter(field: &'static str, text: &str) -> Result<Counter, AskError> {
    Counter::parse(text).map_err(|unfit| AskError::Unfit { field, unfit })
}

fn narrowed(field: &'static str, text: &str, only: &BTreeMap<String, String>) -> Result<Selector, AskError> {
    Selector::parse(text).and_then(|selector| selector.with_all(only)).map_err(|unfit| AskError::Unfit { field, unfit })
}

fn positive(threshold: f64) -> Result<(), AskError> {
    if threshold.is_finite() && threshold > 0.0 { Ok(()) } else { Err(AskError::BadThreshold) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan_of(ask: &Ask, only: &[(&str, &str)]) -> Result<Plan, AskError> {
        let only = only.iter().map(|(label, value)| ((*label).to_owned(), (*value).to_owned())).collect();
        ask.plan(&only, 300, &["0.3".to_owned()])
    }

    fn plan(ask: &Ask) -> Plan {
        plan_of(ask, &[]).unwrap_or_else(|error| panic!("{error}"))
    }

    fn ratio(numerator: Counted) -> Ask {
        Ask::Ratio { numerator, total: "x_total".to_owned() }
    }

    #[test]
    fn errors_that_never_happened_are_none_and_good_events_that_are_missing_are_missing() {
        let bad = plan(&ratio(Counted::Bad(r#"x_total{code="500"}"#.to_owned())));
        assert_eq!(bad.numerator, r#"(sum(increase(x_total{code="500"}[300s]))) or vector(0)"#);
        assert_eq!(bad.meaning, Meaning::Bad { total: "sum(increase(x_total[300s]))".to_owned() });
        assert_eq!(bad.ever, "max(max_over_time(x_total[86400s]))");
        let good = plan(&ratio(Counted::Good(r#"x_total{code="200"}"#.to_owned())));
        assert_eq!(good.numerator, r#"sum(increase(x_total{code="200"}[300s]))"#);
        assert_eq!(good.ever, r#"max(max_over_time(x_total{code="200"}[86400s]))"#);
    }

    #[test]
    fn both_sides_are_narrowed() {
        let narrowed = plan_of(&ratio(Counted::Bad("sum(rate(bad[$window]))".to_owned())), &[("zone", "a")]).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(narrowed.numerator, "(sum(sum(rate(bad{zone=\"a\"}[5m]))\n) * 300) or vector(0)");
        assert_eq!(narrowed.meaning, Meaning::Bad { total: r#"sum(increase(x_total{zone="a"}[300s]))"#.to_owned() });
    }

    #[test]
    fn latency_is_counted_from_one_family() {
        let ask = |name: &str| Ask::Latency { histogram: format!("{name}{{job=\"a\"}}"), threshold: 0.3 };
        let latency = plan(&ask("d_seconds"));
        assert_eq!(plan(&ask("d_seconds_bucket")), latency);
        assert_eq!(latency.numerator, r#"sum(increase(d_seconds_bucket{job="a",le="0.3"}[300s]))"#);
        assert_eq!(latency.meaning, Meaning::Good { total: r#"sum(increase(d_seconds_count{job="a"}[300s]))"#.to_owned() });
        let wrong = |histogram: &str, threshold| Ask::Latency { histogram: histogram.to_owned(), threshold }.check();
        assert_eq!(wrong("d_seconds_count", 0.3), Err(AskError::NoHistogram));
        assert_eq!(wrong(r#"{__name__=~"d_.+"}"#, 0.3), Err(AskError::NoHistogram));
        assert_eq!(wrong(r#"d_bucket{le="0.3"}"#, 0.3), Err(AskError::HasEdge));
        assert_eq!(wrong("d_bucket", 0.0), Err(AskError::BadThreshold));
        assert_eq!(wrong("d_bucket", f64::NAN), Err(AskError::BadThreshold));
    }

    #[test]
    fn an_edge_is_a_number_however_it_is_spelled() {
        let edges = ["0.5", "2", "2.0", "1e+06", "+Inf"].map(|spelling| Edge { spelling: spelling.to_owned(), value: spelling.parse().unwrap(), series: 1.0 });
        assert_eq!(spellings(2.0, &edges), Ok(vec!["2".to_owned(), "2.0".to_owned()]));
        assert_eq!(spellings(0.5, &edges), Ok(vec!["0.5".to_owned()]));
        assert_eq!(spellings(1_000_000.0, &edges), Ok(vec!["1e+06".to_owned(), "1000000".to_owned(), "1000000.0".to_owned()]));
        let refused = spellings(0.4, &edges).unwrap_err();
        assert_eq!(refused.to_string(), "0.4 is no edge of a bucket; there are 0.5, 2, 2.0, 1e+06, +Inf");
    }

    #[test]
    fn a_native_histogram_is_its_fraction_of_its_count() {
        let native = plan(&Ask::NativeLatency { histogram: "d_seconds".to_owned(), threshold: 0.3 });
        assert_eq!(native.numerator, "histogram_fraction(0, 0.3, sum(increase(d_seconds[300s]))) * histogram_count(sum(increase(d_seconds[300s])))");
        promql::check(&native.numerator).unwrap();
    }

    #[test]
    fn a_probe_is_counted_by_its_samples() {
        let probe = plan(&Ask::Boolean { selector: "up{job=\"a\"}".to_owned() });
        assert_eq!(probe.numerator, "sum(sum_over_time(up{job=\"a\"}[299999ms]))");
        assert_eq!(probe.meaning, Meaning::Good { total: "sum(count_over_time(up{job=\"a\"}[299999ms]))".to_owned() });
    }

    #[test]
    fn a_recorded_window_fits_into_its_slice() {
        for (name, secs) in [
            ("http_requests:increase5m", Some(300)),
            ("x:increase4w", Some(2_419_200)),
            ("x:increase", None),
            ("x:rate5m", None),
            ("x:increaseäm", None),
            ("x:increase0s", None),
        ] {
            assert_eq!(recorded_window_secs(name), secs, "{name}");
        }
        let recorded = |total: &str, window_secs| Ask::Recorded { numerator: Counted::Bad("bad:increase1m".to_owned()), total: total.to_owned(), window_secs };
        let fits = plan(&recorded("all:increase1m", None));
        assert_eq!((fits.step_secs, fits.numerator.as_str()), (60, "(sum(last_over_time(bad:increase1m[59999ms]))) or vector(0)"));
        assert_eq!(plan_of(&recorded("all", None), &[]), Err(AskError::UnknownWindow));
        let long = plan_of(&recorded("all:increase4w", None), &[]).unwrap_err();
        assert_eq!(long.to_string(), "the rule records 4w, which does not fit into slices of 5m");
    }

    #[test]
    fn faults_name_the_field() {
        let refused = ratio(Counted::Bad("rate(x_total[5m])".to_owned())).check().unwrap_err();
        assert_eq!(refused.to_string(), "bad: `rate` already looks at a time range: give the counter itself, or write its window as [$window]");
    }

    #[test]
    fn every_kind_is_written_and_read_back() {
        let asks = [
            ratio(Counted::Good("a_total".to_owned())),
            Ask::Latency { histogram: "a_bucket".to_owned(), threshold: 0.5 },
            Ask::Value { expr: "a".to_owned(), op: Comparison::AtLeast, threshold: 1.0 },
            Ask::Recorded { numerator: Counted::Bad("a".to_owned()), total: "b".to_owned(), window_secs: Some(60) },
        ];
        for ask in asks {
            let json = serde_json::to_string(&ask).unwrap();
            assert_eq!(serde_json::from_str::<Ask>(&json).unwrap(), ask, "{json}");
        }
        let json = r#"{"kind":"ratio","numerator":{"bad":"x_total{code=\"500\"}"},"total":"x_total"}"#;
        assert!(serde_json::from_str::<Ask>(json).is_ok());
    }
}
