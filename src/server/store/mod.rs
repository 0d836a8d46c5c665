//! The store: one SQL text for SQLite and PostgreSQL. All SQL of the project stands in this room.

mod alerts;
mod audit;
pub mod backup;
mod batch;
mod burn_levels;
mod changes;
mod commands;
mod data_sources;
mod definitions;
mod deliveries;
mod exclusions;
mod figures;
mod gate_overrides;
mod import;
mod incidents;
mod intake;
mod integrations;
mod lease;
mod lists;
mod objectives;
mod people;
mod preview;
mod purge;
mod readings;
mod refold;
mod repeats;
mod rows;
mod search;
mod services;
mod sessions;
mod setup;
mod slice_packs;
mod slices;
mod source_standings;
mod stale;
mod storms;
mod stream;
mod targets;
mod telemetry;
#[cfg(test)]
pub(in crate::server) mod testing;
mod tokens;
mod upkeep;
mod verify;
mod writer;

pub use alerts::{AlertFilter, Sources, Turned};
pub use audit::AuditFilter;
pub use burn_levels::BurnLevel;
pub use changes::{ChangeFilter, ToldChanges, change_cursor};
pub use commands::Outcome;
pub use data_sources::{KeptSource, SourceKept};
pub use definitions::Change;
pub use deliveries::DeliveryFilter;
pub use import::{Imported, Replay, Tried};
pub use incidents::{IncidentFilter, Unwanted};
pub use intake::{Delivery, Receipt};
pub use integrations::{Edited, Heard, Previous, Sender, SigningSecret};
pub use lease::Lease;
pub use objectives::{Described as ObjectiveDescribed, Kept, Revision};
pub use people::{Account, Changed};
pub use purge::Purged;
pub use readings::{Pushed, Reading, Sent};
pub use services::Described;
pub use sessions::{NewSession, OpenSession};
pub use setup::FirstAdmin;
pub use slice_packs::PackHead;
pub use slices::{KEPT_FOR_S, Pulse, Since};
pub use source_standings::SourceStanding;
pub use stream::{CatchUp, Numbered};
pub use telemetry::{Block, BlocksHeld, NewBlock};
pub use verify::{Fault, Verified};

use super::clock::Clock;
use sqlx::{
    AnyConnection, AnyPool, Connection, Executor,
    any::{AnyConnectOptions, AnyPoolOptions},
    error::DatabaseError,
    migrate::{MigrateError, Migrator},
    sqlite::{SqliteConnectOptions, SqliteError},
};
use std::{path::PathBuf, str::FromStr, sync::Arc, time::Duration};

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
    /// What a reader can do about it is said here, wherever it ends up: in a log or on a terminal.
    #[error(
        "could not {what}, for the database file is damaged or no database: move it away together with its -wal and -shm, \
         then bring the last backup back with `tocsin restore --replace FILE`"
    )]
    Damaged { what: String, source: sqlx::Error },
    #[error("{what} in the database cannot be read")]
    Unreadable { what: &'static str, source: serde_json::Error },
    #[error("the writer has stopped")]
    WriterStopped,
    #[error("too many writes are waiting")]
    Overloaded,
    #[error("another process keeps the database to itself")]
    Busy,
    #[error("the database {shown} does not answer within {} seconds", ANSWER_WITHIN.as_secs())]
    NoAnswer { shown: String },
}

/// How long a database may take to answer when it is opened.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// How much of the file a connection of SQLite keeps in memory, in KiB. The writer remembers what it
/// decides by and comes back to few pages; queries walk through many.
const READERS_CACHE: &str = "PRAGMA cache_size = -16000";
const WRITER_CACHE: &str = "PRAGMA cache_size = -6000";

/// How often the steps to this version's shape are looked at before what failed is told.
const LOOKS: u32 = 20;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// Which database is underneath; almost nothing needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

impl Backend {
    /// Sets a fresh connection up.
    async fn prepare(self, connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
        match self {
            Backend::Sqlite => {
                // The log of what was written grows to 32 MB before it is folded into the file: by the
                // usual 4 MB the writer would do that many times a second under a storm.
                const PRAGMAS: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                                       PRAGMA wal_autocheckpoint = 8000; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY";
                connection.execute(PRAGMAS).await.map(drop)
            }
            Backend::Postgres => Ok(()),
        }
    }
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
    /// What it was opened with, for connections beside the pools.
    url: Arc<str>,
    writer: Arc<writer::Writer>,
    /// Tells the writer that somebody else wants the connection that it keeps.
    wanted: Arc<writer::Wanted>,
    live: stream::Live,
    replays: import::Replays,
}

impl Store {
    /// The file that would be opened; `None` for PostgreSQL and for a database in memory.
    pub fn file(url: &str) -> Option<PathBuf> {
        let options = SqliteConnectOptions::from_str(url).ok().filter(|_| url.starts_with("sqlite:") && !url.contains(":memory:"))?;
        Some(options.get_filename().to_owned()).filter(|file| !file.as_os_str().is_empty())
    }

    /// The file of this database; `None` for PostgreSQL and in memory.
    pub fn own_file(&self) -> Option<PathBuf> {
        Self::file(&self.url)
    }

    /// Opens the database, creating a missing SQLite file, and brings it to this version's shape.
    pub async fn open(url: &str, clock: Clock) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let shown = shown(url);
        let open = |source| opening(&shown, source);
        let backend = if url.starts_with("sqlite:") { Backend::Sqlite } else { Backend::Postgres };
        let url = match backend {
            Backend::Sqlite if !url.contains("mode=") => format!("{url}{}mode=rwc", if url.contains('?') { '&' } else { '?' }),
            _ => url.to_owned(),
        };
        let options = AnyConnectOptions::from_str(&url).map_err(open)?;
        // A pool tries again for as long as it may; whoever starts a server wants to know at once.
        let first = tokio::time::timeout(ANSWER_WITHIN, AnyConnection::connect_with(&options));
        let mut first = first.await.map_err(|_| StoreError::NoAnswer { shown: shown.clone() })?.map_err(open)?;
        backend.prepare(&mut first).await.map_err(open)?;
        first.close().await.map_err(open)?;
        let (readers, writers) = match backend {
            Backend::Sqlite => (4, 1),
            Backend::Postgres => (8, 4),
        };
        let pool = |connections: u32, cache: &'static str| {
            AnyPoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(Duration::from_secs(10))
                // A file does not hang up.
                .test_before_acquire(backend == Backend::Postgres)
                .after_connect(move |connection, _| {
                    Box::pin(async move {
                        backend.prepare(connection).await?;
                        if backend == Backend::Sqlite { connection.execute(cache).await.map(drop) } else { Ok(()) }
                    })
                })
                .connect_lazy_with(options.clone())
        };
        let (writer, jobs) = writer::Writer::new();
        let store = Self {
            backend,
            readers: pool(readers, READERS_CACHE),
            writers: pool(writers, WRITER_CACHE),
            clock,
            url: url.as_str().into(),
            writer: Arc::new(writer),
            wanted: Arc::default(),
            live: stream::Live::new(1024),
            replays: import::Replays::default(),
        };
        store.migrate().await?;
        store.refold().await?;
        store.begin_stream().await?;
        writer::run(store.clone_for_writer(), jobs);
        Ok(store)
    }

    /// Brings the database to this version's shape, also where others do so at the same moment: a
    /// server that starts and a command beside it. PostgreSQL lets one of them wait for the other; in
    /// SQLite a step that somebody else has taken meanwhile fails as a whole, and is known as taken
    /// when looked at again.
    async fn migrate(&self) -> Result<(), StoreError> {
        let mut looks = 1;
        loop {
            match MIGRATIONS.run(&self.writers).await {
                Err(MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _)) if is_damage(&source) => {
                    return Err(StoreError::Damaged { what: format!("bring the database {} to this version's shape", shown(&self.url)), source });
                }
                Err(MigrateError::Execute(_) | MigrateError::ExecuteMigration(..)) if self.backend == Backend::Sqlite && looks < LOOKS => looks += 1,
                done => return Ok(done?),
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// Whether something can be written: a server that cannot is better not started. `url` is
    /// what it was opened with.
    pub async fn check_writable(&self, url: &str) -> Result<(), StoreError> {
        let open = |source| opening(&shown(url), source);
        let _asker = self.wanted.ask();
        let mut write = self.writers.begin_with(self.backend.begin()).await.map_err(open)?;
        // SQLite says that a file is read-only when it is written, not when the write begins.
        write.execute("UPDATE counters SET value = value WHERE name = 'write'").await.map_err(open)?;
        write.rollback().await.map_err(open)
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    pub fn backend(&self) -> Backend {
        self.backend
    }

    pub(in crate::server) fn readers(&self) -> &AnyPool {
        &self.readers
    }

    /// The same store without a way to send jobs, so that the writer ends when the last user of
    /// the store is gone.
    fn clone_for_writer(&self) -> Self {
        Self { writer: Arc::new(writer::Writer::none()), ..self.clone() }
    }

    /// Asks the database for a sign of life.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.readers).await.map(|_| ()).map_err(query("ask the database for a sign of life"))
    }

    /// Begins a write outside the incidents' record: people, keys, integrations.
    pub(in crate::server) async fn begin(&self) -> Result<sqlx::Transaction<'static, sqlx::Any>, StoreError> {
        let _asker = self.wanted.ask();
        self.writers.begin_with(self.backend.begin()).await.map_err(query("begin a write"))
    }

    /// Somebody wants the writer's connection until this is dropped.
    fn begin_asking(&self) -> writer::Asker<'_> {
        self.wanted.ask()
    }

    /// Ends all connections; what is committed stays.
    pub async fn close(&self) {
        let _asker = self.wanted.ask();
        self.writers.close().await;
        self.readers.close().await;
    }
}

/// A page out of `found`, which was asked for with one row more than `limit`.
fn page<T>(
    found: &[sqlx::any::AnyRow],
    limit: i64,
    item: impl Fn(&sqlx::any::AnyRow) -> Result<T, StoreError>,
    cursor: impl Fn(&sqlx::any::AnyRow) -> Result<String, StoreError>,
) -> Result<Page<T>, StoreError> {
    let limit = usize::try_from(limit).unwrap_or(0);
    let items = found.iter().take(limit).map(item).collect::<Result<_, _>>()?;
    let last = limit.checked_sub(1).and_then(|last| found.get(last));
    let next_cursor = if found.len() > limit { last.map(cursor).transpose()? } else { None };
    Ok(Page { items, next_cursor })
}

/// Names the operation that failed.
pub(super) fn query(what: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |source| if is_damage(&source) { StoreError::Damaged { what: what.to_owned(), source } } else { StoreError::Query { what, source } }
}

/// Says of which database it is that it cannot be opened.
fn opening(shown: &str, source: sqlx::Error) -> StoreError {
    if is_damage(&source) {
        StoreError::Damaged { what: format!("open the database {shown}"), source }
    } else {
        StoreError::Open { shown: shown.to_owned(), source }
    }
}

/// Whether SQLite found its file malformed (11) or no database (26). The low byte of its code is
/// the kind of trouble, whatever else it says.
fn is_damage(error: &sqlx::Error) -> bool {
    let told = error.as_database_error().and_then(|error| error.try_downcast_ref::<SqliteError>()).and_then(DatabaseError::code);
    told.and_then(|code| code.parse::<i32>().ok()).is_some_and(|code| matches!(code & 0xff, 11 | 26))
}

/// The address of a database without its password.
fn shown(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, Store, testing::NOON};
    use std::sync::Arc;
    use tokio::{sync::Barrier, task::JoinSet};

    #[test]
    fn the_file_of_an_address_is_the_one_that_is_opened() {
        let file = |url: &str| Store::file(url).map(|file| file.display().to_string());
        assert_eq!(file("sqlite:///var/lib/tocsin.sqlite").as_deref(), Some("/var/lib/tocsin.sqlite"));
        assert_eq!(file("sqlite://house.sqlite?mode=rw").as_deref(), Some("house.sqlite"));
        assert_eq!(file("sqlite:a%20house.sqlite").as_deref(), Some("a house.sqlite"));
        assert_eq!([file("sqlite::memory:"), file("postgres://u@h/n")], [None, None]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn several_open_a_new_database_at_once() {
        for _ in 0..5 {
            let folder = tempfile::tempdir().expect("a temporary folder can be made");
            let url = format!("sqlite://{}", folder.path().join("new.sqlite").display());
            let (together, mut opening) = (Arc::new(Barrier::new(4)), JoinSet::new());
            for _ in 0..4 {
                let (url, together) = (url.clone(), together.clone());
                opening.spawn(async move {
                    together.wait().await;
                    Store::open(&url, Clock::fixed(NOON)).await.map(drop)
                });
            }
            while let Some(opened) = opening.join_next().await {
                opened.expect("it ends").expect("it opens");
            }
        }
    }
}
