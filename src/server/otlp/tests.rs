use super::*;
use opentelemetry_proto::tonic::{
    common::v1::any_value::Value,
    metrics::v1::{metric::Data, number_data_point},
};
use proptest::prelude::*;

const TRACE: &[u8] = include_bytes!("../../../tests/fixtures/otlp/trace.json");
const LOGS: &[u8] = include_bytes!("../../../tests/fixtures/otlp/logs.json");
const METRICS: &[u8] = include_bytes!("../../../tests/fixtures/otlp/metrics.json");
const PROTOBUF: &str = include_str!("../../../tests/fixtures/otlp/traces.pb.json");

fn traces(json: &str) -> Vec<ResourceSpans> {
    match Sent::read(Signal::Traces, Encoding::Json, json.as_bytes()) {
        Ok(Sent::Traces(groups)) => groups,
        other => panic!("{json}: {other:?}"),
    }
}

fn one_span(fields: &str) -> opentelemetry_proto::tonic::trace::v1::Span {
    let groups = traces(&format!("{{\"resourceSpans\": [{{\"scopeSpans\": [{{\"spans\": [{{{fields}}}]}}]}}]}}"));
    groups[0].scope_spans[0].spans[0].clone()
}

#[test]
fn the_examples_of_the_protocol_are_read() {
    let Ok(Sent::Traces(groups)) = Sent::read(Signal::Traces, Encoding::Json, TRACE) else { panic!("it is one") };
    let span = &groups[0].scope_spans[0].spans[0];
    assert_eq!(
        (ids::trace_text(ids::trace(&span.trace_id)), span.kind, span.name.as_str()),
        ("5b8efff798038103d269b633813fc60c".to_owned(), 2, "I'm a server span")
    );
    assert_eq!((span.start_time_unix_nano, span.end_time_unix_nano), (1_544_712_660_000_000_000, 1_544_712_661_000_000_000));
    let Ok(Sent::Logs(groups)) = Sent::read(Signal::Logs, Encoding::Json, LOGS) else { panic!("it is one") };
    let record = &groups[0].scope_logs[0].log_records[0];
    assert_eq!((record.severity_number, values::text(record.body.as_ref()).as_ref()), (10, "Example log record"));
    assert_eq!(values::find(&record.attributes, "map.attribute").as_deref(), Some("{\"some.map.key\": \"some value\"}"));
    let Ok(Sent::Metrics(groups)) = Sent::read(Signal::Metrics, Encoding::Json, METRICS) else { panic!("it is one") };
    let metrics = &groups[0].scope_metrics[0].metrics;
    assert!(matches!(&metrics[0].data, Some(Data::Sum(sum)) if sum.aggregation_temporality == 1 && sum.is_monotonic), "{:?}", metrics[0]);
    let Some(Data::Gauge(gauge)) = &metrics[1].data else { panic!("it is a gauge") };
    assert_eq!(gauge.data_points[0].value, Some(number_data_point::Value::AsDouble(10.0)));
    let Some(Data::Histogram(histogram)) = &metrics[2].data else { panic!("it is a histogram") };
    assert_eq!((histogram.data_points[0].count, histogram.data_points[0].sum, histogram.aggregation_temporality), (2, Some(2.0), 1));
    assert!(matches!(&metrics[3].data, Some(Data::ExponentialHistogram(histogram)) if histogram.data_points[0].count > 0));
    assert_eq!(metrics.len(), 4);
}

#[test]
fn protobuf_and_json_say_the_same() {
    use base64::Engine;
    let fixture: serde_json::Value = serde_json::from_str(PROTOBUF).expect("it is JSON");
    let bytes = base64::prelude::BASE64_STANDARD.decode(fixture["base64"].as_str().expect("it is text")).expect("it is base64");
    let Ok(Sent::Traces(groups)) = Sent::read(Signal::Traces, Encoding::Protobuf, &bytes) else { panic!("it is one") };
    let spans = &groups[0].scope_spans[0].spans;
    assert_eq!(
        (spans[0].name.as_str(), ids::span_text(ids::span(&spans[0].span_id)), spans[0].status.as_ref().map(|status| status.code)),
        ("POST /pay", "eee19b7ec3c1b173".to_owned(), Some(2))
    );
    let written = json::write_traces(&groups).to_string();
    let mut again = traces(&written);
    // A scope is told with its attributes, also where there are none.
    assert_eq!(Sent::Traces(std::mem::take(&mut again)).encoded().1, bytes);
}

#[test]
fn what_json_may_write_in_several_ways_is_read_in_all_of_them() {
    let span = one_span(
        "\"traceId\": \"5B8efff798038103d269b633813fc60c\", \"parentSpanId\": null, \"kind\": \"SPAN_KIND_SERVER\", \"startTimeUnixNano\": 5, \"endTimeUnixNano\": \"18446744073709551615\", \"unknown\": [{}], \"status\": {\"code\": \"STATUS_CODE_ERROR\"}",
    );
    assert_eq!((span.kind, span.start_time_unix_nano, span.end_time_unix_nano), (2, 5, u64::MAX));
    assert_eq!((span.parent_span_id.len(), span.status.map(|status| status.code)), (0, Some(2)));
    let span = one_span("\"startTimeUnixNano\": 1.7953136108133911e18, \"endTimeUnixNano\": \"1.5e3\"");
    assert_eq!((span.start_time_unix_nano, span.end_time_unix_nano), (1_795_313_610_813_391_104, 1_500));
    for (json, expected) in [
        ("{\"intValue\": \"-9223372036854775808\"}", Some(Value::IntValue(i64::MIN))),
        ("{\"intValue\": 9007199254740993}", Some(Value::IntValue(9_007_199_254_740_993))),
        ("{\"doubleValue\": \"-Infinity\"}", Some(Value::DoubleValue(f64::NEG_INFINITY))),
        ("{\"doubleValue\": 3}", Some(Value::DoubleValue(3.0))),
        ("{\"bytesValue\": \"AQI=\"}", Some(Value::BytesValue(vec![1, 2]))),
        ("{\"newerValue\": {\"a\": [1]}, \"stringValue\": \"x\"}", Some(Value::StringValue("x".to_owned()))),
        ("{}", None),
        ("null", None),
    ] {
        let span = one_span(&format!("\"attributes\": [{{\"key\": \"k\", \"value\": {json}}}]"));
        assert_eq!(span.attributes[0].value.clone().unwrap_or_default().value, expected, "{json}");
    }
    let span = one_span("\"attributes\": [{\"key\": \"k\", \"value\": {\"doubleValue\": \"NaN\"}}]");
    assert_eq!(values::text(span.attributes[0].value.as_ref()), "NaN");
}

#[test]
fn a_root_may_say_in_words_that_it_has_no_parent() {
    for none in ["root", "Root", "none", "0", "-1", "", "0000000000000000"] {
        let span = one_span(&format!("\"parentSpanId\": \"{none}\""));
        assert_eq!(super::ids::span(&span.parent_span_id), 0, "{none}");
    }
    assert_eq!(super::ids::span(&one_span("\"parentSpanId\": \"00f067aa0ba902b7\"").parent_span_id), 0x00f0_67aa_0ba9_02b7);
    assert!(super::json::traces(b"{\"resourceSpans\": [{\"scopeSpans\": [{\"spans\": [{\"parentSpanId\": \"seven\"}]}]}]}").is_err());
}

#[test]
fn requests_without_anything_in_them_are_requests() {
    for signal in Signal::ALL {
        for (encoding, body) in [(Encoding::Json, "{}"), (Encoding::Json, "{\"resourceSpans\": null, \"x\": 1}"), (Encoding::Protobuf, "")] {
            assert!(Sent::read(signal, encoding, body.as_bytes()).is_ok(), "{signal:?} {body}");
        }
    }
}

#[test]
fn what_is_no_request_is_refused() {
    for body in ["", "[", " []", "null x", "{\"resourceSpans\": 3}", "{\"resourceSpans\": [{\"scopeSpans\": [{\"spans\": [{\"traceId\": \"xyz\"}]}]}]}"] {
        assert!(Sent::read(Signal::Traces, Encoding::Json, body.as_bytes()).is_err(), "{body}");
    }
    assert!(Sent::read(Signal::Traces, Encoding::Protobuf, b"\x0a\xff").is_err());
    let deep = format!(
        "{{\"resourceSpans\": [{{\"resource\": {{\"attributes\": [{{\"key\": \"k\", \"value\": {}1{}}}]}}}}]}}",
        "{\"arrayValue\": {\"values\": [".repeat(500),
        "]}}".repeat(500)
    );
    assert!(Sent::read(Signal::Traces, Encoding::Json, deep.as_bytes()).is_err());
}

#[test]
fn content_types_are_told_apart_without_their_parameters() {
    assert_eq!(Encoding::of("application/json; charset=utf-8"), Some(Encoding::Json));
    assert_eq!(Encoding::of("Application/X-Protobuf"), Some(Encoding::Protobuf));
    for other in ["", "text/plain", "application/grpc", "application/jsonl"] {
        assert_eq!(Encoding::of(other), None, "{other}");
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), cut in any::<prop::sample::Index>()) {
        for signal in Signal::ALL {
            for encoding in [Encoding::Json, Encoding::Protobuf] {
                let _ = Sent::read(signal, encoding, &bytes);
            }
            // What begins well and ends badly gets further than noise.
            for whole in [TRACE, LOGS, METRICS] {
                let mut broken = whole.to_vec();
                let at = cut.index(broken.len());
                broken.splice(at.., bytes.iter().copied());
                let _ = Sent::read(signal, Encoding::Json, &broken);
                if let Ok(sent) = Sent::read(signal, Encoding::Json, whole) {
                    let mut broken = sent.encoded().1;
                    let at = cut.index(broken.len() + 1);
                    broken.splice(at.., bytes.iter().copied());
                    let _ = Sent::read(signal, Encoding::Protobuf, &broken);
                }
            }
        }
    }
}
