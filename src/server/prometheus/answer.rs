//! What the API answers, as types. Numbers come as text there, because JSON has no `NaN` and no
//! infinity; here they are floats again, and nothing is left out.

use super::PromError;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The labels of one series.
pub type Labels = BTreeMap<String, String>;

/// One series over a range, in order of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub labels: Labels,
    pub points: Vec<Point>,
}

/// One value at one instant; it may be `NaN` or infinite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub at_ms: i64,
    pub value: f64,
}

/// One series at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    pub labels: Labels,
    /// `None` where the value is a native histogram.
    pub point: Option<Point>,
}

/// What answers there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct BuildInfo {
    #[serde(default)]
    pub version: String,
    /// Mimir gives its name; others do not.
    #[serde(default)]
    pub application: Option<String>,
}

/// Every answer of the API, good or bad.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Envelope<T> {
    pub status: Status,
    #[serde(default = "none")]
    pub data: Option<T>,
    #[serde(default)]
    pub error_type: Option<String>,
    #[serde(default)]
    pub error: Option<String>,
    #[serde(default)]
    warnings: Option<Vec<String>>,
    /// What VictoriaMetrics says instead of a warning.
    #[serde(default)]
    is_partial: Option<bool>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Success,
    Error,
}

/// What a query yields.
#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
pub(super) enum Yield {
    Matrix(Vec<RawSeries>),
    Vector(Vec<RawSample>),
    Scalar(RawPoint),
    String(serde::de::IgnoredAny),
}

type RawPoint = (f64, String);

#[derive(Deserialize)]
pub(super) struct RawSeries {
    #[serde(default)]
    metric: Labels,
    #[serde(default)]
    values: Vec<RawPoint>,
}

#[derive(Deserialize)]
pub(super) struct RawSample {
    #[serde(default)]
    metric: Labels,
    #[serde(default)]
    value: Option<RawPoint>,
}

impl<T> Envelope<T> {
    /// The data, unless something says that a part of it is missing.
    pub fn into_whole(self) -> Result<T, PromError> {
        // Some versions put remarks on the query here; their data is whole.
        let missing: Vec<String> = self
            .warnings
            .unwrap_or_default()
            .iter()
            .filter(|warning| !warning.starts_with("PromQL info:"))
            .map(|warning| super::line::inert(warning))
            .collect();
        if !missing.is_empty() {
            return Err(PromError::Partial(missing));
        }
        if self.is_partial == Some(true) {
            return Err(PromError::Partial(vec!["some of its storage did not answer".to_owned()]));
        }
        self.data.ok_or_else(|| PromError::NotPrometheus("the answer has no data".to_owned()))
    }
}

impl Yield {
    pub fn into_matrix(self) -> Result<Vec<Series>, PromError> {
        match self {
            Yield::Matrix(series) => series.into_iter().map(RawSeries::read).collect(),
            Yield::Vector(_) | Yield::Scalar(_) | Yield::String(_) => Err(PromError::NotPrometheus("a range was asked, something else came".to_owned())),
        }
    }

    pub fn into_vector(self) -> Result<Vec<Sample>, PromError> {
        match self {
            Yield::Vector(samples) => samples.into_iter().map(RawSample::read).collect(),
            Yield::Scalar(point) => Ok(vec![Sample { labels: Labels::new(), point: Some(read_point(&point)?) }]),
            Yield::Matrix(_) | Yield::String(_) => Err(PromError::BadQuery("the query yields no values at one instant".to_owned())),
        }
    }
}

impl RawSeries {
    fn read(self) -> Result<Series, PromError> {
        let points = self.values.iter().map(read_point).collect::<Result<_, _>>()?;
        Ok(Series { labels: self.metric, points })
    }
}

impl RawSample {
    fn read(self) -> Result<Sample, PromError> {
        Ok(Sample { labels: self.metric, point: self.value.as_ref().map(read_point).transpose()? })
    }
}

fn read_point((at, value): &RawPoint) -> Result<Point, PromError> {
    let value = value.parse().map_err(|_| PromError::NotPrometheus("a value is no number".to_owned()))?;
    Ok(Point { at_ms: (at * 1_000.0).round() as i64, value })
}

fn none<T>() -> Option<T> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Yield, PromError> {
        serde_json::from_str::<Envelope<Yield>>(json).unwrap().into_whole()
    }

    #[test]
    fn values_that_json_cannot_write_are_read() {
        let samples = read(include_str!("../../../tests/fixtures/prometheus_query/vector.json")).and_then(Yield::into_vector).unwrap();
        let values: Vec<f64> = samples.iter().filter_map(|sample| sample.point).map(|point| point.value).collect();
        assert!(values[0] == 0.0 && values[1].is_nan(), "{values:?}");
        assert_eq!(samples[0].point.map(|point| point.at_ms), Some(1_741_946_400_781));
        assert_eq!(samples[0].labels["__name__"], "up");
    }

    #[test]
    fn a_warning_makes_it_no_answer() {
        let text = include_str!("../../../tests/fixtures/prometheus_query/matrix_with_warnings.json");
        assert_eq!(read(text).err(), Some(PromError::Partial(vec!["No StoreAPIs matched for this query".to_owned()])));
        let whole = text.replace("\"No StoreAPIs matched for this query\"", "");
        let series = read(&whole).and_then(Yield::into_matrix).unwrap();
        assert_eq!(series[0].points[1], Point { at_ms: 1_741_946_415_000, value: f64::INFINITY });
    }

    #[test]
    fn a_remark_on_the_query_takes_nothing_away() {
        let remarked =
            |warning: &str| read(&format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[]}},"warnings":["{warning}"]}}"#)).is_ok();
        assert!(remarked("PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \\\"x\\\""));
        assert!(!remarked("PromQL warning: encountered a mix of histograms and floats"));
    }

    #[test]
    fn other_stores_say_partial_in_their_own_way() {
        let json = |partial| format!(r#"{{"status":"success","isPartial":{partial},"data":{{"resultType":"vector","result":[]}},"warnings":null}}"#);
        assert!(matches!(read(&json(true)).err(), Some(PromError::Partial(_))));
        assert!(read(&json(false)).is_ok());
    }

    #[test]
    fn a_native_histogram_is_no_number_and_no_failure() {
        let json = r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"b"},"histogram":[1741946400.781,{"count":"3"}]}]}}"#;
        assert_eq!(read(json).and_then(Yield::into_vector).unwrap()[0].point, None);
        let scalar = r#"{"status":"success","data":{"resultType":"scalar","result":[1741946400.781,"2"]}}"#;
        assert_eq!(read(scalar).and_then(Yield::into_vector).unwrap()[0].point.unwrap().value, 2.0);
    }
}
