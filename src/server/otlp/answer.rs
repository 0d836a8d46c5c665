//! What senders are answered, in the encoding of their request.

use super::{Encoding, Signal};
use prost::Message;
use serde_json::json;

/// Numbers of the status codes that are used here, as gRPC knows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    InvalidArgument = 3,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    Unavailable = 14,
    Unauthenticated = 16,
}

/// `google.rpc.Status`, without details.
#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// The part of every answer that says what was not taken; the field numbers are those of all three.
#[derive(Clone, PartialEq, Message)]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    rejected: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

#[derive(Clone, PartialEq, Message)]
struct Answer {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

/// The body of a 200: how many items were not taken, and why.
pub fn taken(signal: Signal, encoding: Encoding, rejected: u64, why: &str) -> Vec<u8> {
    let is_whole = rejected == 0 && why.is_empty();
    match encoding {
        Encoding::Protobuf => {
            let rejected = i64::try_from(rejected).unwrap_or(i64::MAX);
            let partial_success = (!is_whole).then(|| PartialSuccess { rejected, error_message: why.to_owned() });
            Answer { partial_success }.encode_to_vec()
        }
        Encoding::Json if is_whole => b"{}".to_vec(),
        Encoding::Json => {
            let name = match signal {
                Signal::Traces => "rejectedSpans",
                Signal::Metrics => "rejectedDataPoints",
                Signal::Logs => "rejectedLogRecords",
            };
            // 64-bit numbers are strings in protobuf's JSON.
            json!({ "partialSuccess": { name: rejected.to_string(), "errorMessage": why } }).to_string().into_bytes()
        }
    }
}

/// The body of a refusal.
pub fn refused(encoding: Encoding, code: Code, words: &str) -> Vec<u8> {
    match encoding {
        Encoding::Protobuf => Status { code: code as i32, message: words.to_owned() }.encode_to_vec(),
        Encoding::Json => json!({ "code": code as i32, "message": words }).to_string().into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::collector::{logs::v1::ExportLogsServiceResponse, trace::v1::ExportTraceServiceResponse};

    #[test]
    fn a_whole_request_is_answered_with_an_empty_message() {
        assert_eq!(taken(Signal::Traces, Encoding::Protobuf, 0, ""), b"");
        assert_eq!(taken(Signal::Traces, Encoding::Json, 0, ""), b"{}");
    }

    #[test]
    fn what_was_not_taken_is_counted_in_the_senders_own_encoding() {
        let bytes = taken(Signal::Traces, Encoding::Protobuf, 3, "too old");
        let partial = ExportTraceServiceResponse::decode(bytes.as_slice()).expect("it is one").partial_success.expect("it is partial");
        assert_eq!((partial.rejected_spans, partial.error_message.as_str()), (3, "too old"));
        let bytes = taken(Signal::Logs, Encoding::Protobuf, 2, "too old");
        let partial = ExportLogsServiceResponse::decode(bytes.as_slice()).expect("it is one").partial_success.expect("it is partial");
        assert_eq!(partial.rejected_log_records, 2);
        let text = String::from_utf8(taken(Signal::Metrics, Encoding::Json, 3, "too old")).expect("it is text");
        assert_eq!(text, r#"{"partialSuccess":{"errorMessage":"too old","rejectedDataPoints":"3"}}"#);
    }

    #[test]
    fn a_refusal_is_a_status() {
        let bytes = refused(Encoding::Protobuf, Code::Unauthenticated, "no");
        assert_eq!(Status::decode(bytes.as_slice()).expect("it is one"), Status { code: 16, message: "no".to_owned() });
        assert_eq!(refused(Encoding::Json, Code::Unavailable, "later"), br#"{"code":14,"message":"later"}"#);
    }
}
