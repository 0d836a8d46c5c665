//! Histograms and summaries, as far as they are kept: how many values there were and what they come
//! to, as two counters with the names that Prometheus gives them. Buckets and quantiles are not
//! kept; no panel is drawn from them.

use super::taking::{Screened, Window};
use opentelemetry_proto::tonic::{
    common::v1::KeyValue,
    metrics::v1::{
        AggregationTemporality, ExponentialHistogramDataPoint, HistogramDataPoint, Metric, NumberDataPoint, Sum, SummaryDataPoint, metric::Data,
        number_data_point::Value,
    },
};

/// What a counter that was made of a distribution carries in its metadata, so that it is known again
/// when its block is read.
const MADE_OF: &str = "tocsin.made_of_distribution";

/// One point of a distribution, as far as it is kept.
struct Point {
    attributes: Vec<KeyValue>,
    start_ns: u64,
    at_ns: u64,
    count: u64,
    sum: Option<f64>,
    flags: u32,
}

impl From<HistogramDataPoint> for Point {
    fn from(point: HistogramDataPoint) -> Self {
        let (start_ns, at_ns) = (point.start_time_unix_nano, point.time_unix_nano);
        Self { attributes: point.attributes, start_ns, at_ns, count: point.count, sum: point.sum, flags: point.flags }
    }
}

impl From<ExponentialHistogramDataPoint> for Point {
    fn from(point: ExponentialHistogramDataPoint) -> Self {
        let (start_ns, at_ns) = (point.start_time_unix_nano, point.time_unix_nano);
        Self { attributes: point.attributes, start_ns, at_ns, count: point.count, sum: point.sum, flags: point.flags }
    }
}

impl From<SummaryDataPoint> for Point {
    fn from(point: SummaryDataPoint) -> Self {
        let (start_ns, at_ns) = (point.start_time_unix_nano, point.time_unix_nano);
        Self { attributes: point.attributes, start_ns, at_ns, count: point.count, sum: Some(point.sum), flags: point.flags }
    }
}

/// The metrics that are kept of one that was sent, without the points that are not taken.
pub fn kept(mut metric: Metric, screened: &mut Screened, window: Window) -> Vec<Metric> {
    let (points, temporality) = match metric.data.take() {
        Some(Data::Gauge(mut gauge)) => {
            gauge.data_points.retain(|point| screened.judge(point.time_unix_nano, window, true));
            return vec![Metric { data: Some(Data::Gauge(gauge)), ..metric }];
        }
        Some(Data::Sum(mut sum)) => {
            sum.data_points.retain(|point| screened.judge(point.time_unix_nano, window, true));
            return vec![Metric { data: Some(Data::Sum(sum)), ..metric }];
        }
        Some(Data::Histogram(histogram)) => (histogram.data_points.into_iter().map(Point::from).collect::<Vec<_>>(), histogram.aggregation_temporality),
        Some(Data::ExponentialHistogram(histogram)) => (histogram.data_points.into_iter().map(Point::from).collect(), histogram.aggregation_temporality),
        Some(Data::Summary(summary)) => (summary.data_points.into_iter().map(Point::from).collect(), AggregationTemporality::Cumulative as i32),
        None => {
            screened.unread += 1;
            return vec![];
        }
    };
    screened.remade += 1;
    let points: Vec<Point> = points.into_iter().filter(|point| screened.judge(point.at_ns, window, true)).collect();
    let counts = points.iter().map(|point| counter_point(point, Value::AsInt(i64::try_from(point.count).unwrap_or(i64::MAX)))).collect();
    let sums = points.iter().filter_map(|point| Some(counter_point(point, Value::AsDouble(point.sum?)))).collect();
    let unit = std::mem::take(&mut metric.unit);
    let counter = |ending: &str, unit: String, data_points| Metric {
        name: format!("{}{ending}", metric.name),
        description: metric.description.clone(),
        unit,
        metadata: vec![KeyValue { key: MADE_OF.to_owned(), ..KeyValue::default() }],
        data: Some(Data::Sum(Sum { data_points, aggregation_temporality: temporality, is_monotonic: true })),
    };
    vec![counter("_count", "1".to_owned(), counts), counter("_sum", unit, sums)]
}

fn counter_point(point: &Point, value: Value) -> NumberDataPoint {
    NumberDataPoint {
        attributes: point.attributes.clone(),
        start_time_unix_nano: point.start_ns,
        time_unix_nano: point.at_ns,
        flags: point.flags,
        value: Some(value),
        ..NumberDataPoint::default()
    }
}

/// Whether a metric was made of a distribution. It follows from requests, which traces tell of.
pub fn is_made_of_one(metric: &Metric) -> bool {
    metric.metadata.iter().any(|attribute| attribute.key == MADE_OF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::metrics::v1::{Histogram, Summary};

    const ALWAYS: Window = Window { from_ns: 10, to_ns: u64::MAX };

    fn metric(data: Option<Data>) -> Metric {
        Metric { name: "took".to_owned(), unit: "s".to_owned(), data, ..Metric::default() }
    }

    #[test]
    fn of_a_histogram_the_count_and_the_sum_are_kept_as_counters() {
        let point = |at_ns: u64, sum: Option<f64>| HistogramDataPoint {
            time_unix_nano: at_ns,
            count: 3,
            sum,
            bucket_counts: vec![1, 2],
            ..HistogramDataPoint::default()
        };
        let data = Histogram { data_points: vec![point(5, Some(1.0)), point(20, Some(1.5)), point(30, None)], aggregation_temporality: 1 };
        let mut screened = Screened::default();
        let kept = kept(metric(Some(Data::Histogram(data))), &mut screened, ALWAYS);
        assert_eq!((screened.too_old, screened.taken, screened.is_less()), (1, 2, true));
        let told: Vec<_> = kept
            .iter()
            .map(|metric| match &metric.data {
                Some(Data::Sum(sum)) => {
                    let values: Vec<_> = sum.data_points.iter().map(|point| (point.time_unix_nano, point.value)).collect();
                    (metric.name.as_str(), metric.unit.as_str(), sum.aggregation_temporality, is_made_of_one(metric), values)
                }
                other => panic!("no counter: {other:?}"),
            })
            .collect();
        let counts = vec![(20, Some(Value::AsInt(3))), (30, Some(Value::AsInt(3)))];
        assert_eq!(told, [("took_count", "1", 1, true, counts), ("took_sum", "s", 1, true, vec![(20, Some(Value::AsDouble(1.5)))])]);
    }

    #[test]
    fn a_summary_is_counted_from_its_beginning_and_nothing_is_made_of_nothing() {
        let point = SummaryDataPoint { time_unix_nano: 20, count: 7, sum: 2.0, ..SummaryDataPoint::default() };
        let mut screened = Screened::default();
        let made = kept(metric(Some(Data::Summary(Summary { data_points: vec![point] }))), &mut screened, ALWAYS);
        assert!(made.iter().all(|metric| matches!(&metric.data, Some(Data::Sum(sum)) if sum.is_monotonic && sum.aggregation_temporality == 2)));
        assert_eq!((kept(metric(None), &mut screened, ALWAYS), screened.unread), (vec![], 1));
    }
}
