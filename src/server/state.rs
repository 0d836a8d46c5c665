//! What every request needs.

use super::{auth::limits::SignInLimits, clock::Clock, config::Config, store::Store};
use crate::domain::failure::{Failure, FailureKind};
use std::sync::Arc;

/// The running server's parts.
pub struct App {
    pub store: Store,
    pub config: Config,
    pub sign_in_limits: SignInLimits,
}

impl App {
    pub fn new(store: Store, config: Config) -> Arc<Self> {
        Arc::new(Self { store, config, sign_in_limits: SignInLimits::default() })
    }

    pub fn clock(&self) -> &Clock {
        self.store.clock()
    }
}

/// The running server, inside a server function.
pub fn app() -> Result<Arc<App>, Failure> {
    leptos::prelude::use_context::<Arc<App>>().ok_or_else(|| Failure::new(FailureKind::Unavailable, "no_server", "the server is not ready"))
}
