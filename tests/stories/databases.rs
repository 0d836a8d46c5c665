//! Fresh databases for a story: one of each kind.

use sqlx::{Connection, Executor};
use std::sync::atomic::{AtomicU32, Ordering};
use tocsin::{
    domain::time::Timestamp,
    server::{
        clock::Clock,
        store::{Backend, Store},
    },
};

/// Where every story's clock stands at first: 2026-08-11T12:00:00Z.
pub const NOON: Timestamp = Timestamp::from_micros(1_786_449_600_000_000);

/// An open store that nobody else uses, and the clock it goes by.
pub struct Fresh {
    pub store: Store,
    pub clock: Clock,
    pub url: String,
    /// Removes the SQLite file at the end.
    _folder: tempfile::TempDir,
}

impl Fresh {
    pub fn at(&self, secs: i64) {
        self.clock.set(NOON.plus_secs(secs));
    }
}

/// A fresh store of `backend`. A missing PostgreSQL is a failure, not a skipped test.
pub async fn fresh(backend: Backend) -> Fresh {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let url = match backend {
        Backend::Sqlite => format!("sqlite://{}", folder.path().join("tocsin.sqlite").display()),
        Backend::Postgres => new_postgres_database().await,
    };
    let clock = Clock::fixed(NOON);
    let store = Store::open(&url, clock.clone()).await.expect("a fresh database opens");
    Fresh { store, clock, url, _folder: folder }
}

async fn new_postgres_database() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let server = std::env::var("TOCSIN_TEST_POSTGRES_URL").expect("TOCSIN_TEST_POSTGRES_URL names the server to test on; `./dev test` starts one and sets it");
    let (server, query) = server.split_once('?').map_or((server.as_str(), String::new()), |(server, query)| (server, format!("?{query}")));
    let name = format!("story_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let mut connection = sqlx::PgConnection::connect(&format!("{server}{query}")).await.expect("the test server answers");
    connection.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.expect("a database can be made");
    let base = server.rsplit_once('/').filter(|(base, _)| base.contains("//") && !base.ends_with('/')).map_or(server, |(base, _)| base);
    format!("{base}/{name}{query}")
}

/// Tells one story on each database, as two tests.
#[macro_export]
macro_rules! story {
    ($(#[$doc:meta])* async fn $name:ident($fresh:ident) $body:block) => {
        $(#[$doc])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn tell($fresh: $crate::databases::Fresh) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                tell($crate::databases::fresh(tocsin::server::store::Backend::Sqlite).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                tell($crate::databases::fresh(tocsin::server::store::Backend::Postgres).await).await;
            }
        }
    };
}
