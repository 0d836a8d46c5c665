//! Which servers run on this database, so that nothing is replaced under a running one.
//!
//! Times are the database's own: machines that share a database need not agree on the hour.

use super::{Backend, Store, StoreError, query, rows};
use std::net::SocketAddr;

/// A row that was not renewed for this long belongs to a server that is gone.
const LEASE_SECS: i64 = 30;

/// The row of one running server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    id: String,
    address: String,
}

/// A server that runs now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serving {
    pub address: String,
    /// Seconds after which its row no longer counts, unless it renews it.
    pub ends_in_secs: i64,
}

impl Lease {
    /// A lease for a server that listens there. It counts once it is renewed for the first time.
    pub fn new(address: SocketAddr) -> Self {
        Self { id: uuid::Uuid::new_v4().to_string(), address: address.to_string() }
    }
}

/// The database's clock in microseconds since 1970, inside a statement.
macro_rules! with_clock {
    ($backend:expr, $before:literal, $($after:literal),+) => {
        match $backend {
            Backend::Sqlite => concat!($before, $("CAST(unixepoch('subsec') * 1000000 AS BIGINT)", $after),+),
            Backend::Postgres => concat!($before, $("CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)", $after),+),
        }
    };
}

impl Store {
    /// Says that the server of this lease lives, and forgets those that are gone.
    pub async fn renew_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        let forget = with_clock!(self.backend, "DELETE FROM leases WHERE renewed_at <= ", " - $1");
        let renew = with_clock!(
            self.backend,
            "INSERT INTO leases (id, address, started_at, renewed_at) VALUES ($1, $2, ",
            ", ",
            ") ON CONFLICT (id) DO UPDATE SET renewed_at = excluded.renewed_at"
        );
        let mut write = self.begin().await?;
        sqlx::query(forget).bind(LEASE_SECS * 1_000_000).execute(&mut *write).await.map_err(query("renew the lease"))?;
        sqlx::query(renew).bind(&lease.id).bind(&lease.address).execute(&mut *write).await.map_err(query("renew the lease"))?;
        write.commit().await.map_err(query("renew the lease"))
    }

    /// Whether this server is the first of those that run now: what one of them does for all is its turn.
    pub async fn is_first_lease(&self, lease: &Lease) -> Result<bool, StoreError> {
        let first = with_clock!(self.backend, "SELECT id FROM leases WHERE renewed_at > ", " - $1 ORDER BY started_at, id LIMIT 1");
        let row = sqlx::query(first).bind(LEASE_SECS * 1_000_000).fetch_optional(&self.readers).await.map_err(query("look for the first server"))?;
        row.map_or(Ok(false), |row| Ok(rows::get::<String>(&row, 0)? == lease.id))
    }

    /// Says that the server of this lease has stopped.
    pub async fn drop_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM leases WHERE id = $1";
        let mut write = self.begin().await?;
        sqlx::query(SQL).bind(&lease.id).execute(&mut *write).await.map_err(query("drop the lease"))?;
        write.commit().await.map_err(query("drop the lease"))
    }

    /// A server that runs on this database. No new one can begin before the transaction ends.
    pub(super) async fn serving(&self, write: &mut sqlx::AnyConnection) -> Result<Option<Serving>, StoreError> {
        if self.backend == Backend::Postgres {
            // On SQLite whoever writes is alone already.
            const LOCK: &str = "LOCK TABLE leases IN ACCESS EXCLUSIVE MODE";
            sqlx::query(LOCK).execute(&mut *write).await.map_err(query("look for running servers"))?;
        }
        let newest =
            with_clock!(self.backend, "SELECT address, $1 - (", " - renewed_at) FROM leases WHERE renewed_at > ", " - $1 ORDER BY renewed_at DESC LIMIT 1");
        let row = sqlx::query(newest).bind(LEASE_SECS * 1_000_000).fetch_optional(write).await.map_err(query("look for running servers"))?;
        row.map(|row| Ok(Serving { address: rows::get(&row, 0)?, ends_in_secs: rows::get::<i64>(&row, 1)?.div_euclid(1_000_000) + 1 })).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::store::testing::empty_store;

    async fn serving(store: &Store) -> Option<Serving> {
        let mut write = store.begin().await.expect("the store works");
        store.serving(&mut write).await.expect("the store works")
    }

    #[tokio::test]
    async fn a_lease_counts_until_it_is_dropped_or_runs_out() {
        let (store, _folder) = empty_store().await;
        assert_eq!(serving(&store).await, None);
        let lease = Lease::new(SocketAddr::from(([127, 0, 0, 1], 3000)));
        store.renew_lease(&lease).await.expect("the store works");
        store.renew_lease(&lease).await.expect("the store works");
        let found = serving(&store).await.expect("it runs");
        assert!(found.address == "127.0.0.1:3000" && (29..=31).contains(&found.ends_in_secs), "{found:?}");
        store.drop_lease(&lease).await.expect("the store works");
        assert_eq!(serving(&store).await, None);
        store.renew_lease(&lease).await.expect("the store works");
        let mut write = store.begin().await.expect("the store works");
        sqlx::query("UPDATE leases SET renewed_at = renewed_at - 30000000").execute(&mut *write).await.expect("it can be changed");
        write.commit().await.expect("the store works");
        assert_eq!(serving(&store).await, None, "one that was not renewed does not count");
    }
}
