//! A server's parts on an empty store, for tests of who may do what.

use crate::server::{config::Config, state::App, store::testing::empty_store};
use std::sync::Arc;
use tempfile::TempDir;

/// The parts with this configuration, and the folder of their store.
pub async fn an_app(config: Config) -> (Arc<App>, TempDir) {
    let (store, folder) = empty_store().await;
    (App::new(store, config), folder)
}
