//! How server functions travel: as JSON, with the header that no cross-site form can set.

use crate::domain::{
    failure::{Failure, FailureKind},
    reading::{self, Readable},
};
use http::Method;
use serde::{Serialize, de::DeserializeOwned};
use server_fn::{
    Bytes, ContentType, Decodes, Encodes, Format, FormatType, Http, Protocol,
    client::{Client, browser::BrowserClient},
    codec::Post,
    error::{FromServerFnError, ServerFnErrorErr},
    request::{ClientReq, browser::BrowserRequest},
    response::{ClientRes, browser::BrowserResponse},
};
use std::{future::Future, pin::Pin};

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

/// The protocol of every server function: a `POST` with JSON in and out. On the server it is
/// `server_fn`'s own; in the browser the part that depends on no type is compiled once.
pub struct Wire;

type Typed = Http<Post<AskedJson>, Post<AnsweredJson>>;

impl<Input, Output, Server> Protocol<Input, Output, AppClient, Server, Failure> for Wire
where
    Input: Serialize + DeserializeOwned + Send,
    Output: Serialize + Readable + Send,
    Server: server_fn::server::Server<Failure>,
{
    const METHOD: Method = Method::POST;

    fn run_server<F, Fut>(request: Server::Request, server_fn: F) -> impl Future<Output = Result<Server::Response, Failure>> + Send
    where
        F: Fn(Input) -> Fut + Send,
        Fut: Future<Output = Result<Output, Failure>> + Send,
    {
        <Typed as Protocol<Input, Output, AppClient, Server, Failure>>::run_server(request, server_fn)
    }

    fn run_client(path: &str, input: Input) -> impl Future<Output = Result<Output, Failure>> + Send {
        let answer = post(path, AskedJson::encode(&input).map_err(|_| unreadable()));
        async move { reading::read(&answer.await?).ok_or_else(no_answer) }
    }
}

type Answered<T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send>>;

/// Sends a question and waits for its answer.
fn post(path: &str, question: Result<Bytes, Failure>) -> Answered<Bytes> {
    let answer = question.map(|question| send(path, question));
    Box::pin(async move {
        let (status, answer) = answer?.await?;
        if status >= 400 { Err(Failure::de(answer)) } else { Ok(answer) }
    })
}

/// Sends bytes, and answers the status and what came with it, whatever it is.
pub fn send(path: &str, bytes: Bytes) -> Answered<(u16, Bytes)> {
    let json = AskedJson::CONTENT_TYPE;
    let request = <BrowserRequest as ClientReq<Failure>>::try_new_post_bytes(path, json, json, bytes);
    Box::pin(async move {
        let response = <AppClient as Client<Failure>>::send(request?).await?;
        let status = <BrowserResponse as ClientRes<Failure>>::status(&response);
        Ok((status, <BrowserResponse as ClientRes<Failure>>::try_into_bytes(response).await?))
    })
}

/// What came in place of an answer, perhaps a proxy's own page, says nothing of what was asked.
fn no_answer() -> Failure {
    Failure::new(FailureKind::Unavailable, "unreadable_answer", "the answer could not be read")
        .with_next("It is tried again. If it stays, reload the page: it may be older than the server.")
}

fn unreadable() -> Failure {
    Failure::new(FailureKind::Malformed, "malformed", "the request or its answer could not be read")
        .with_next("Reload the page: it may be older than the server.")
}

/// JSON as the browser writes all of it: by way of a value, so that there is one writer in what a
/// phone fetches.
pub fn written(asked: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_value(asked).and_then(|value| serde_json::to_vec(&value))
}

/// JSON that the browser writes and the server reads.
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
        written(asked).map(Bytes::from)
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
            ServerFnErrorErr::Deserialization(words) if words == NO_ANSWER => no_answer(),
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) | ServerFnErrorErr::Deserialization(_) => unreadable(),
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
