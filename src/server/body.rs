//! Reading what was sent: raw bytes first, never more than allowed, never longer than a sender
//! may take. The content type is not asked, because senders name wrong ones.

use super::rest::problem::Problem;
use crate::domain::failure::FailureKind;
use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, StatusCode, header},
};
use futures::StreamExt;
use std::{error::Error, time::Duration};

/// A sender has this long for its whole body.
const WITHIN: Duration = Duration::from_secs(15);

/// The whole body, at most `limit` bytes of it. The limit counts what comes out of the
/// decompression in front of this, so that a small file that unpacks into a large one is refused
/// as soon as it has grown too far.
pub async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Problem> {
    if announced(headers).is_some_and(|announced| announced > limit) {
        return Err(too_large(limit));
    }
    tokio::time::timeout(WITHIN, collect(body, limit)).await.unwrap_or_else(|_| Err(too_slow()))
}

/// The same, but once the body has grown over `free` it needs a permit; `Ok(None)`: there is none.
/// Whoever keeps the permit keeps its place.
pub async fn read_growing<P>(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    free: usize,
    permit: impl Fn() -> Option<P>,
) -> Result<Option<(Bytes, Option<P>)>, Problem> {
    let announced = announced(headers);
    if announced.is_some_and(|announced| announced > limit) {
        return Err(too_large(limit));
    }
    let mut held = None;
    let mut stands = |size: usize| size <= free || held.is_some() || permit().map(|permit| held = Some(permit)).is_some();
    let read = tokio::time::timeout(WITHIN, collect_while(body, limit, &mut stands)).await.unwrap_or_else(|_| Err(too_slow()))?;
    Ok(read.map(|bytes| (bytes, held)))
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|value| value.parse().ok())
}

async fn collect(body: Body, limit: usize) -> Result<Bytes, Problem> {
    Ok(collect_while(body, limit, &mut |_| true).await?.unwrap_or_default())
}

/// `None`: `stands` did not want it to grow to this size.
async fn collect_while(body: Body, limit: usize, stands: &mut impl FnMut(usize) -> bool) -> Result<Option<Bytes>, Problem> {
    let mut stream = body.into_data_stream();
    let mut first = Bytes::new();
    let mut rest: Vec<u8> = vec![];
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(broken)?;
        let size = first.len().max(rest.len()) + chunk.len();
        if size > limit {
            return Err(too_large(limit));
        }
        if !stands(size) {
            return Ok(None);
        }
        // Almost every body is one chunk, which is then not copied.
        if rest.is_empty() && first.is_empty() {
            first = chunk;
        } else {
            if rest.is_empty() {
                rest.extend_from_slice(&first);
            }
            rest.extend_from_slice(&chunk);
        }
    }
    Ok(Some(if rest.is_empty() { first } else { rest.into() }))
}

fn too_large(limit: usize) -> Problem {
    Problem::new(FailureKind::Malformed, "too_large", format!("the body is larger than {limit} bytes")).with_status(StatusCode::PAYLOAD_TOO_LARGE)
}

fn too_slow() -> Problem {
    let words = format!("the body took longer than {} seconds to arrive", WITHIN.as_secs());
    Problem::new(FailureKind::Malformed, "too_slow", words).with_status(StatusCode::REQUEST_TIMEOUT)
}

fn broken(error: axum::Error) -> Problem {
    tracing::debug!(error = &error as &dyn Error, "a body could not be read");
    Problem::new(FailureKind::Malformed, "broken_body", "the body broke off, or is not in the encoding it names")
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::stream;

    fn chunks(parts: &[&'static [u8]]) -> Body {
        let parts: Vec<Result<Bytes, std::io::Error>> = parts.iter().map(|part| Ok(Bytes::from_static(part))).collect();
        Body::from_stream(stream::iter(parts))
    }

    #[tokio::test]
    async fn chunks_are_put_together_up_to_the_limit() {
        let none = HeaderMap::new();
        assert_eq!(read(&none, chunks(&[b"ab", b"", b"cd", b"e"]), 5).await.expect("it fits"), "abcde");
        assert_eq!(read(&none, Body::empty(), 5).await.expect("it fits"), "");
        let status = read(&none, chunks(&[b"ab", b"cd", b"ef"]), 5).await.expect_err("it does not fit").status();
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[tokio::test]
    async fn what_is_announced_too_large_is_not_read() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_LENGTH, 6.into());
        let never = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        assert_eq!(read(&headers, never, 5).await.expect_err("it is announced").status(), StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_sender_that_never_ends_is_told_so() {
        let never = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        assert_eq!(read(&HeaderMap::new(), never, 5).await.expect_err("it never ends").status(), StatusCode::REQUEST_TIMEOUT);
    }
}
