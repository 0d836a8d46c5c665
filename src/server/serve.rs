//! Running the server: open, listen, answer, and stop without breaking off what is in flight.

use super::{
    clock::Clock,
    config::{Config, ConfigError},
    error::ServerError,
    jobs,
    pages::Pages,
    router::Front,
    state::App,
    store::{Lease, Store, StoreError},
    telemetry,
    usecases::people,
};
use axum::{body::Body, extract::ConnectInfo, http::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};
use tokio::net::{TcpListener, TcpStream};

/// A sender has this long for the head of its request, and a kept connection for its next one.
const HEAD_WITHIN: Duration = Duration::from_secs(30);
/// What is in flight when the server stops has this long.
const DRAIN_WITHIN: Duration = Duration::from_secs(10);
/// After a failed accept (no file descriptors left), so that the loop does not spin.
const AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(200);

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("could not listen on {address}")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("could not prepare the accounts")]
    Accounts(#[source] ServerError),
}

/// Runs until SIGTERM or SIGINT. `ready` hears the address once it is listened on.
pub async fn run(config: Config, pages: Pages, ready: impl FnOnce(SocketAddr)) -> Result<(), ServeError> {
    run_until(config, pages, ready, asked_to_stop()).await
}

/// Runs until `stop` is done.
pub async fn run_until(mut config: Config, pages: Pages, ready: impl FnOnce(SocketAddr), stop: impl Future<Output = ()>) -> Result<(), ServeError> {
    config.check_listening()?;
    telemetry::metrics();
    let store = Store::open(&config.database_url, Clock::system()).await?;
    store.check_writable(&config.database_url).await?;
    let listen = |source| ServeError::Listen { address: config.listen, source };
    let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
    // With port 0 the system chose one, and links need it.
    config.listen = listener.local_addr().map_err(listen)?;
    let address = config.listen;
    let lease = Lease::new(address);
    store.renew_lease(&lease).await?;
    let app = App::with_pages(store, config, pages);
    app.mark.look(&app.store).await?;
    if let Some(advice) = app.mark.advice() {
        tracing::error!("{advice}");
    }
    people::ensure_demo_people(&app).await.map_err(ServeError::Accounts)?;
    let down_secs = jobs::after_downtime(&app).await?;
    let running = jobs::start(&app, down_secs, &lease);
    ready(address);
    if let Some(path) = people::ensure_first_admin_link(&app).await.map_err(ServeError::Accounts)? {
        // Straight to the terminal: a log is kept, and this opens the house.
        eprintln!("Nobody can sign in yet. Make the first admin here, within a day:\n  {}{path}", app.config.public_url());
    }
    answer(&app, listener, stop).await;
    running.wait().await;
    jobs::finish(&app, &lease).await;
    app.store.close().await;
    tracing::info!("stopped");
    Ok(())
}

async fn answer(app: &Arc<App>, listener: TcpListener, stop: impl Future<Output = ()>) {
    let front = Front::new(app.clone());
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer)) => converse(&graceful, front.clone(), stream, peer),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "could not accept a connection");
                tokio::time::sleep(AFTER_FAILED_ACCEPT).await;
            }
        }
    }
    drop(listener);
    tracing::info!("stopping");
    app.closing.cancel();
    if tokio::time::timeout(DRAIN_WITHIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end in time and were broken off");
    }
}

/// One connection with all its requests.
fn converse(graceful: &GracefulShutdown, front: Front, stream: TcpStream, peer: SocketAddr) {
    // Frames of the live stream are small, and are to leave at once.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        let front = front.clone();
        async move {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            Ok::<_, Infallible>(front.answer(request).await)
        }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    let watched = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = watched.await {
            tracing::debug!(error = &error as &dyn std::error::Error, "a connection broke");
        }
    });
}

/// Until SIGTERM or SIGINT.
pub async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupt = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt => {}
            }
        }
        Err(_) => drop(interrupt.await),
    }
}
