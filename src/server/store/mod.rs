//! The store: one SQL text for SQLite and PostgreSQL. All SQL of the project stands in this room.

mod alerts;
mod incidents;
mod intake;
mod stream;
mod verify;
mod writer;

pub use alerts::AlertFilter;
pub use incidents::IncidentFilter;
pub use intake::{Delivery, Receipt};
pub use stream::{CatchUp, Numbered};
pub use verify::{Fault, Verified};
pub use writer::Outcome;

use super::clock::Clock;
use sqlx::{
    AnyPool, Connection, Executor,
    any::{AnyConnectOptions, AnyPoolOptions},
    migrate::Migrator,
};
use std::{str::FromStr, sync::Arc, time::Duration};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Trouble with the database. Never shown to the outside.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("could not open the database {shown}")]
    Open { shown: String, source: sqlx::Error },
    #[error("could not bring the database to this version's shape")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error("could not {what}")]
    Query { what: &'static str, source: sqlx::Error },
    #[error("{what} in the database cannot be read")]
    Unreadable { what: &'static str, source: serde_json::Error },
    #[error("the writer has stopped")]
    WriterStopped,
    #[error("too many writes are waiting")]
    Overloaded,
}

/// Which database is underneath; almost nothing needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// A page of a list: the items and where the next page begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next_cursor: Option<String>,
}

/// The open database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(super) backend: Backend,
    pub(super) readers: AnyPool,
    /// SQLite has one writer at a time; with one connection nobody waits inside SQLite.
    pub(super) writers: AnyPool,
    pub(super) clock: Clock,
    writer: Arc<writer::Writer>,
    live: stream::Live,
}
