//! How server functions travel: as JSON, with the header that no cross-site form can set.

use crate::domain::failure::{Failure, FailureKind};
use server_fn::{
    Bytes,
    client::{Client, browser::BrowserClient},
    codec::JsonEncoding,
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

impl FromServerFnError for Failure {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => {
                Failure::new(FailureKind::Unreachable, "unreachable", "the server cannot be reached").with_next("It is tried again by itself.")
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
