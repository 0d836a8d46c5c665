//! How server functions travel: as JSON, with the header that no cross-site form can set.

use crate::domain::{
    failure::{Failure, FailureKind},
    reading::{self, Readable},
};
use serde::{Serialize, de::DeserializeOwned};
use server_fn::{
    Bytes, ContentType, Decodes, Encodes, Format, FormatType,
    client::{Client, browser::BrowserClient},
    codec::Post,
    error::{FromServerFnError, ServerFnErrorErr},
    request::browser::BrowserRequest,
    response::browser::BrowserResponse,
};
use std::future::Future;

/// The header that marks a request as made by the app's own script.
pub const APP_HEADER: &str = "x-tocsin";

/// The browser's fetch with [`APP_HEADER`] set: a foreign page cannot send it without asking
/// the server first, and the server answers no such question.
pub struct AppClient;

impl<E: FromServerFnError, I: FromServerFnError, O: FromServerFnError> Client<E, I, O> for AppClient {
    type Request = BrowserRequest;
    type Response = BrowserResponse;

    fn send(request: Self::Request) -> impl Future<Output = Result<Self::Response, E>> + Send {
        request.headers().set(APP_HEADER, "1");
        <BrowserClient as Client<E, I, O>>::send(request)
    }

    #[allow(clippy::type_complexity)]
    fn open_websocket(
        path: &str,
    ) -> impl Future<
        Output = Result<(impl futures_core::Stream<Item = Result<Bytes, Bytes>> + Send + 'static, impl futures_sink::Sink<Bytes> + Send + 'static), E>,
    > + Send {
        <BrowserClient as Client<E, I, O>>::open_websocket(path)
    }

    fn spawn(future: impl Future<Output = ()> + Send + 'static) {
        <BrowserClient as Client<E, I, O>>::spawn(future);
    }
}

/// What the browser asks, as the body of a `POST`.
pub type Asked = Post<AskedJson>;

/// What the server answers.
pub type Answered = Post<AnsweredJson>;

/// JSON that the browser writes and the server reads. The browser writes it by way of a value,
/// as it writes everything, so that there is one writer in what a phone fetches.
pub struct AskedJson;

/// JSON that the server writes and the browser reads, with its own [`reading`].
pub struct AnsweredJson;

impl ContentType for AskedJson {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl ContentType for AnsweredJson {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for AskedJson {
    const FORMAT_TYPE: Format = Format::Text;
}

impl FormatType for AnsweredJson {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for AskedJson {
    type Error = serde_json::Error;

    fn encode(asked: &T) -> Result<Bytes, Self::Error> {
        serde_json::to_value(asked).map(|value| Bytes::from(value.to_string()))
    }
}

impl<T: DeserializeOwned> Decodes<T> for AskedJson {
    type Error = serde_json::Error;

    fn decode(bytes: Bytes) -> Result<T, Self::Error> {
        serde_json::from_slice(&bytes)
    }
}

impl<T: Serialize> Encodes<T> for AnsweredJson {
    type Error = serde_json::Error;

    fn encode(answer: &T) -> Result<Bytes, Self::Error> {
        serde_json::to_vec(answer).map(Bytes::from)
    }
}

impl<T: Readable> Decodes<T> for AnsweredJson {
    type Error = &'static str;

    fn decode(bytes: Bytes) -> Result<T, Self::Error> {
        reading::read(&bytes).ok_or(NO_ANSWER)
    }
}

/// What is said of an answer that is not the server's.
const NO_ANSWER: &str = "the answer is not what it should be";

impl FromServerFnError for Failure {
    type Encoder = AnsweredJson;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => {
                Failure::new(FailureKind::Unreachable, "unreachable", "the server cannot be reached").with_next("It is tried again by itself.")
            }
            // A proxy's own page in place of an answer refuses nothing: what was queued stays queued.
            ServerFnErrorErr::Deserialization(words) if words == NO_ANSWER => {
                Failure::new(FailureKind::Unavailable, "unreadable_answer", "the answer could not be read")
                    .with_next("It is tried again. If it stays, reload the page: it may be older than the server.")
            }
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) | ServerFnErrorErr::Deserialization(_) => {
                Failure::new(FailureKind::Malformed, "malformed", "the request or its answer could not be read")
                    .with_next("Reload the page: it may be older than the server.")
            }
            _ => Failure::new(FailureKind::Unavailable, "unavailable", "something went wrong on the server")
                .with_next("Try again; if it stays, tell whoever runs Tocsin."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxys_page_is_no_refusal() {
        let failure = Failure::de(Bytes::from_static(b"<html>502 Bad Gateway</html>"));
        assert_eq!((failure.code.as_str(), failure.is_worth_retrying()), ("unreadable_answer", true));
        let refused = Failure::new(FailureKind::Refused, "still_open", "it is still open");
        assert_eq!(Failure::de(refused.ser()), refused);
    }
}
