//! Compressed requests: gzip and zstd, unpacked while they arrive. What a body may unpack to is
//! the limit of whoever reads it (`body.rs`), so nothing here is ever whole in memory.

use super::rest::problem::Problem;
use crate::domain::failure::FailureKind;
use async_compression::tokio::bufread::{GzipDecoder, ZstdDecoder};
use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::TryStreamExt;
use tokio::io::AsyncRead;
use tokio_util::io::{ReaderStream, StreamReader};

/// What is said to whoever sends something else.
pub const ACCEPTED: &str = "gzip, zstd, identity";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Identity,
    Gzip,
    Zstd,
}

/// Middleware: hands every request on as it was before it was compressed.
pub async fn unpack(request: Request, next: Next) -> Response {
    match unpacked(request) {
        Some(request) => next.run(request).await,
        None => unsupported(),
    }
}

/// The request as it was before it was compressed; `None`: in an encoding that is not known.
pub fn unpacked(request: Request) -> Option<Request> {
    let encoding = encoding_of(request.headers())?;
    if encoding == Encoding::Identity {
        return Some(request);
    }
    let (mut parts, packed) = request.into_parts();
    parts.headers.remove(header::CONTENT_ENCODING);
    // It is that of the packed body.
    parts.headers.remove(header::CONTENT_LENGTH);
    let packed = StreamReader::new(packed.into_data_stream().map_err(std::io::Error::other));
    let body = match encoding {
        Encoding::Identity => Body::empty(),
        Encoding::Gzip => {
            // Log shippers and `cat a.gz b.gz` write several members one after the other.
            let mut decoder = GzipDecoder::new(packed);
            decoder.multiple_members(true);
            streamed(decoder)
        }
        Encoding::Zstd => {
            let mut decoder = ZstdDecoder::new(packed);
            decoder.multiple_members(true);
            streamed(decoder)
        }
    };
    Some(Request::from_parts(parts, body))
}

fn streamed(decoder: impl AsyncRead + Send + 'static) -> Body {
    Body::from_stream(ReaderStream::with_capacity(decoder, 64 * 1024))
}

/// `None`: not one that can be unpacked.
fn encoding_of(headers: &HeaderMap) -> Option<Encoding> {
    let mut named = headers.get_all(header::CONTENT_ENCODING).iter();
    let Some(first) = named.next() else { return Some(Encoding::Identity) };
    if named.next().is_some() {
        return None;
    }
    match first.to_str().ok()?.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Some(Encoding::Identity),
        "gzip" | "x-gzip" => Some(Encoding::Gzip),
        "zstd" => Some(Encoding::Zstd),
        _ => None,
    }
}

/// What is said to whoever sends in an encoding that is not known.
pub fn unsupported() -> Response {
    let words = format!("a body in this Content-Encoding cannot be read; there are {ACCEPTED}");
    let problem = Problem::new(FailureKind::Malformed, "unsupported_encoding", words).with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let mut answer = problem.into_response();
    answer.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_known_by_their_names_in_any_case() {
        let of = |values: &[&'static str]| {
            let pairs = values.iter().map(|value| (header::CONTENT_ENCODING, HeaderValue::from_static(value)));
            encoding_of(&HeaderMap::from_iter(pairs))
        };
        assert_eq!(of(&[]), Some(Encoding::Identity));
        assert_eq!(of(&["Identity"]), Some(Encoding::Identity));
        assert_eq!((of(&["GZIP"]), of(&["x-gzip"]), of(&["zstd"])), (Some(Encoding::Gzip), Some(Encoding::Gzip), Some(Encoding::Zstd)));
        for unknown in [&["deflate"][..], &["br"], &["gzip, gzip"], &["gzip", "gzip"]] {
            assert_eq!(of(unknown), None, "{unknown:?}");
        }
    }
}
