//! Metrics of OTLP's JSON into the messages that protobuf gives.

use super::{
    json::all,
    json_any::{Number, Pair, attributes, named, number, or_default},
};
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, Sum, Summary, SummaryDataPoint,
    metric::Data, number_data_point,
};
use serde::{Deserialize, Deserializer};

const TEMPORALITIES: [&str; 3] = ["unspecified", "delta", "cumulative"];

fn temporality<'de, D: Deserializer<'de>>(from: D) -> Result<i32, D::Error> {
    named(from, &TEMPORALITIES)
}

/// A metric. Of histograms and summaries only how many values there were and their sum is read.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub struct MetricWire {
    #[serde(deserialize_with = "or_default")]
    name: String,
    #[serde(deserialize_with = "or_default")]
    description: String,
    #[serde(deserialize_with = "or_default")]
    unit: String,
    gauge: Option<PointsWire>,
    sum: Option<PointsWire>,
    histogram: Option<DistributionsWire>,
    exponential_histogram: Option<DistributionsWire>,
    summary: Option<DistributionsWire>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct DistributionsWire {
    #[serde(deserialize_with = "or_default")]
    data_points: Vec<DistributionWire>,
    #[serde(deserialize_with = "temporality")]
    aggregation_temporality: i32,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct DistributionWire {
    #[serde(deserialize_with = "or_default")]
    attributes: Vec<Pair>,
    #[serde(deserialize_with = "number")]
    start_time_unix_nano: u64,
    #[serde(deserialize_with = "number")]
    time_unix_nano: u64,
    #[serde(deserialize_with = "number")]
    count: u64,
    sum: Option<Number<f64>>,
    #[serde(deserialize_with = "number")]
    flags: u32,
}

/// The three kinds of distributions have these fields in common and no type.
macro_rules! distribution_points {
    ($($point:ident { $sum:ident => $of:expr })+) => {$(
        impl From<DistributionWire> for $point {
            fn from(wire: DistributionWire) -> Self {
                let $sum = wire.sum.map(|number| number.0);
                Self {
                    attributes: attributes(wire.attributes),
                    start_time_unix_nano: wire.start_time_unix_nano,
                    time_unix_nano: wire.time_unix_nano,
                    count: wire.count,
                    sum: $of,
                    flags: wire.flags,
                    ..Self::default()
                }
            }
        }
    )+};
}

distribution_points! {
    HistogramDataPoint { sum => sum }
    ExponentialHistogramDataPoint { sum => sum }
    SummaryDataPoint { sum => sum.unwrap_or_default() }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct PointsWire {
    #[serde(deserialize_with = "or_default")]
    data_points: Vec<PointWire>,
    #[serde(deserialize_with = "temporality")]
    aggregation_temporality: i32,
    #[serde(deserialize_with = "or_default")]
    is_monotonic: bool,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct PointWire {
    #[serde(deserialize_with = "or_default")]
    attributes: Vec<Pair>,
    #[serde(deserialize_with = "number")]
    start_time_unix_nano: u64,
    #[serde(deserialize_with = "number")]
    time_unix_nano: u64,
    as_double: Option<Number<f64>>,
    as_int: Option<Number<i64>>,
    #[serde(deserialize_with = "number")]
    flags: u32,
}

impl From<PointWire> for NumberDataPoint {
    fn from(wire: PointWire) -> Self {
        let double = wire.as_double.map(|number| number_data_point::Value::AsDouble(number.0));
        Self {
            attributes: attributes(wire.attributes),
            start_time_unix_nano: wire.start_time_unix_nano,
            time_unix_nano: wire.time_unix_nano,
            value: double.or(wire.as_int.map(|number| number_data_point::Value::AsInt(number.0))),
            flags: wire.flags,
            ..Self::default()
        }
    }
}

impl From<MetricWire> for Metric {
    fn from(wire: MetricWire) -> Self {
        let gauge = wire.gauge.map(|points| Data::Gauge(Gauge { data_points: all(points.data_points, Into::into) }));
        let sum = wire.sum.map(|points| {
            let (aggregation_temporality, is_monotonic) = (points.aggregation_temporality, points.is_monotonic);
            Data::Sum(Sum { data_points: all(points.data_points, Into::into), aggregation_temporality, is_monotonic })
        });
        let histogram = wire.histogram.map(|points| {
            let aggregation_temporality = points.aggregation_temporality;
            Data::Histogram(Histogram { data_points: all(points.data_points, Into::into), aggregation_temporality })
        });
        let exponential = wire.exponential_histogram.map(|points| {
            let aggregation_temporality = points.aggregation_temporality;
            Data::ExponentialHistogram(ExponentialHistogram { data_points: all(points.data_points, Into::into), aggregation_temporality })
        });
        let summary = wire.summary.map(|points| Data::Summary(Summary { data_points: all(points.data_points, Into::into) }));
        let data = gauge.or(sum).or(histogram).or(exponential).or(summary);
        Self { name: wire.name, description: wire.description, unit: wire.unit, data, ..Self::default() }
    }
}
