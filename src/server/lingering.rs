//! Reading on after a refusal: what is left of a large body is received and thrown away for a
//! while. Closed at once, the connection would be reset under a sender that still writes, and most
//! clients then report a broken pipe instead of the answer that says what was wrong.

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
    http::header,
};
use futures::StreamExt;
use hyper::body::{Frame, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

/// A smaller body is in the buffers of the connection before anybody could be cut off.
const SMALL: u64 = 64 * 1024;
/// This much more is received at most, and for this long.
const AT_MOST: usize = 256 * 1024 * 1024;
const WITHIN: Duration = Duration::from_secs(8);

/// The request, with a body that is received to its end even where nobody reads it so far. Whoever
/// announces that it waits for a word before it sends is answered instead.
pub fn linger(request: Request) -> Request {
    if request.headers().contains_key(header::EXPECT) || request.body().size_hint().upper().is_some_and(|upper| upper <= SMALL) {
        return request;
    }
    request.map(|body| Body::new(Lingering(body)))
}

struct Lingering(Body);

impl HttpBody for Lingering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.0).poll_frame(context));
        if !matches!(frame, Some(Ok(_))) {
            // It came to its end, or broke: nothing is left.
            self.0 = Body::empty();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let left = std::mem::take(&mut self.0);
        if left.is_end_stream() {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { tokio::time::timeout(WITHIN, receive(left)).await });
        }
    }
}

/// Receives what is left, chunk by chunk, and keeps none of it.
async fn receive(left: Body) {
    let mut left = left.into_data_stream();
    let mut received = 0;
    while let Some(Ok(chunk)) = left.next().await {
        received += chunk.len();
        if received > AT_MOST {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::stream;
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    /// A body of a hundred chunks that counts how many were taken.
    fn counted(taken: &Arc<AtomicUsize>) -> Request {
        let taken = taken.clone();
        let chunk = move |_| {
            taken.fetch_add(1, Ordering::Relaxed);
            Ok::<_, std::io::Error>(Bytes::from_static(&[0; 1024]))
        };
        Request::new(Body::from_stream(stream::iter(0..100).map(chunk)))
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_reads_is_received_to_its_end() {
        let taken = Arc::new(AtomicUsize::new(0));
        let mut body = linger(counted(&taken)).into_body().into_data_stream();
        body.next().await.expect("there is a first chunk").expect("it is whole");
        drop(body);
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(taken.load(Ordering::Relaxed), 100);
    }

    #[tokio::test]
    async fn what_is_read_is_read_as_it_was_sent() {
        let taken = Arc::new(AtomicUsize::new(0));
        let bytes = axum::body::to_bytes(linger(counted(&taken)).into_body(), usize::MAX).await.expect("it is whole");
        assert_eq!((bytes.len(), taken.load(Ordering::Relaxed)), (100 * 1024, 100));
    }
}
