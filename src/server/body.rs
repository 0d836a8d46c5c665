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
use tokio::sync::{Semaphore, SemaphorePermit};

/// A sender has this long for its whole body.
const WITHIN: Duration = Duration::from_secs(15);
/// A body waits this long for a place at a gate.
const GATE_WITHIN: Duration = Duration::from_secs(10);

/// The whole body, at most `limit` bytes of it. The limit counts what comes out of the
/// decompression in front of this, so that a small file that unpacks into a large one is refused
/// as soon as it has grown too far.
pub async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Problem> {
    if announced(headers).is_some_and(|announced| announced > limit) {
        return Err(too_large(limit));
    }
    tokio::time::timeout(WITHIN, collect(body, limit)).await.unwrap_or_else(|_| Err(too_slow()))
}

/// Who may have a body larger than `over` bytes: few at once.
pub struct Gate<'a> {
    pub over: usize,
    pub places: &'a Semaphore,
}

/// The same, but a body that grows past a gate waits for a place there, and is not read meanwhile.
/// `Ok(None)`: none became free in time. Whoever keeps the permits keeps the places.
pub async fn read_gated<'a>(headers: &HeaderMap, body: Body, limit: usize, gates: &[Gate<'a>]) -> Result<Option<(Bytes, Vec<SemaphorePermit<'a>>)>, Problem> {
    if announced(headers).is_some_and(|announced| announced > limit) {
        return Err(too_large(limit));
    }
    let mut held = vec![];
    let within = WITHIN + GATE_WITHIN * u32::try_from(gates.len()).unwrap_or(1);
    let read = tokio::time::timeout(within, collect_gated(body, limit, gates, &mut held)).await.unwrap_or_else(|_| Err(too_slow()))?;
    Ok(read.map(|bytes| (bytes, held)))
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|value| value.parse().ok())
}

async fn collect(body: Body, limit: usize) -> Result<Bytes, Problem> {
    Ok(collect_gated(body, limit, &[], &mut vec![]).await?.unwrap_or_default())
}

/// `None`: at a gate no place became free.
async fn collect_gated<'a>(body: Body, limit: usize, gates: &[Gate<'a>], held: &mut Vec<SemaphorePermit<'a>>) -> Result<Option<Bytes>, Problem> {
    let mut stream = body.into_data_stream();
    let mut first = Bytes::new();
    let mut rest: Vec<u8> = vec![];
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(broken)?;
        let size = first.len().max(rest.len()) + chunk.len();
        if size > limit {
            return Err(too_large(limit));
        }
        while let Some(gate) = gates.get(held.len()).filter(|gate| size > gate.over) {
            match tokio::time::timeout(GATE_WITHIN, gate.places.acquire()).await {
                Ok(Ok(place)) => held.push(place),
                Ok(Err(_)) | Err(_) => return Ok(None),
            }
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
    async fn large_bodies_wait_for_a_place_and_small_ones_do_not() {
        let (places, none) = (Semaphore::new(1), HeaderMap::new());
        let gates = || [Gate { over: 3, places: &places }];
        let (bytes, held) = read_gated(&none, chunks(&[b"ab", b"cd"]), 9, &gates()).await.expect("it fits").expect("there is a place");
        assert_eq!((bytes.as_ref(), held.len()), (b"abcd".as_slice(), 1));
        assert!(read_gated(&none, chunks(&[b"abcd"]), 9, &gates()).await.expect("it fits").is_none(), "the place is taken");
        assert!(read_gated(&none, chunks(&[b"abc"]), 9, &gates()).await.expect("it fits").is_some());
        drop(held);
        assert!(read_gated(&none, chunks(&[b"abcd"]), 9, &gates()).await.expect("it fits").is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_sender_that_never_ends_is_told_so() {
        let never = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        assert_eq!(read(&HeaderMap::new(), never, 5).await.expect_err("it never ends").status(), StatusCode::REQUEST_TIMEOUT);
    }
}
