//! What every request needs.

use super::{
    auth::{failures::Failures, limits::SignInLimits, token_limits::TokenLimits},
    clock::Clock,
    config::Config,
    hooks::{notes::Notes, senders::Senders},
    levels::{Levels, burning::Burning},
    mark::Mark,
    measure::Measure,
    observed::Observed,
    pages::Pages,
    reading::Sources,
    store::Store,
};
use crate::domain::failure::{Failure, FailureKind};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The running server's parts.
pub struct App {
    pub store: Store,
    /// How far it was written, and whether it was found to be behind.
    pub mark: Mark,
    pub config: Config,
    /// How pages are drawn.
    pub pages: Pages,
    pub sign_in_limits: SignInLimits,
    /// Sign-ins that failed since it was last written down.
    pub failures: Failures,
    pub token_limits: TokenLimits,
    /// The integrations whose keys were seen, with their rate limits.
    pub senders: Senders,
    /// What senders sent since it was last written down.
    pub notes: Notes,
    /// Objectives with what was measured for them.
    pub levels: Levels,
    /// Who asks data sources for readings.
    pub measure: Measure,
    /// Who decides whether burn alerts fire.
    pub burning: Burning,
    /// Traces, logs and gauges.
    pub observed: Arc<Observed>,
    /// What panels read from the systems beside this one.
    pub reading: Sources,
    /// Cancelled when the server stops: streams end, jobs end.
    pub closing: CancellationToken,
}

impl App {
    /// A server that draws no pages: the app comes and asks for its data.
    pub fn new(store: Store, config: Config) -> Arc<Self> {
        Self::with_pages(store, config, Pages::default())
    }

    pub fn with_pages(store: Store, config: Config, pages: Pages) -> Arc<Self> {
        let token_limits = TokenLimits::new(config.token_rate_limit);
        let observed = Observed::new(store.clone(), config.telemetry);
        Arc::new(Self {
            mark: Mark::of(&store),
            store,
            config,
            pages,
            sign_in_limits: SignInLimits::default(),
            failures: Failures::default(),
            token_limits,
            senders: Senders::default(),
            notes: Notes::default(),
            levels: Levels::default(),
            measure: Measure::default(),
            burning: Burning::default(),
            observed,
            reading: Sources::default(),
            closing: CancellationToken::new(),
        })
    }

    pub fn clock(&self) -> &Clock {
        self.store.clock()
    }
}

/// The running server, inside a server function.
pub fn app() -> Result<Arc<App>, Failure> {
    leptos::prelude::use_context::<Arc<App>>().ok_or_else(|| Failure::new(FailureKind::Unavailable, "no_server", "the server is not ready"))
}
