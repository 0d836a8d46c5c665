//! Writing a backup: every table, read in one transaction that sees one moment, row by row.

use super::{
    super::{Backend, MIGRATIONS, Store, query},
    BackupError, Counted, LEFT_OUT, TABLES,
    columns::{Column, cell, columns, names},
    file::{FORMAT, Header, Table, Writer},
};
use futures::TryStreamExt;
use sqlx::{AnyConnection, AssertSqlSafe};
use std::io::Write;

/// How many rows pass between two words of progress.
const TOLD_EVERY: u64 = 5_000;

impl Store {
    /// Writes everything to `to`, also while others write. `progress` hears how many rows so far.
    pub async fn dump<W: Write>(&self, to: W, progress: impl FnMut(u64)) -> Result<(W, Counted), BackupError> {
        let mut read = self.readers().begin_with(self.backend.begin_reading()).await.map_err(query("begin a backup"))?;
        let made = self.dump_over(&mut read, to, super::newest_schema(), progress).await?;
        read.rollback().await.map_err(query("end a backup"))?;
        Ok(made)
    }

    /// The same over an open transaction on a database with the migrations up to `schema`.
    pub(super) async fn dump_over<W: Write>(
        &self,
        read: &mut AnyConnection,
        to: W,
        schema: i64,
        mut progress: impl FnMut(u64),
    ) -> Result<(W, Counted), BackupError> {
        let mut tables: Vec<(&str, Vec<Column>)> = vec![];
        for name in TABLES {
            let columns = columns(read, self.backend, name).await?;
            // A table of a later migration is not there yet.
            if !columns.is_empty() {
                tables.push((name, columns));
            }
        }
        let listed =
            |(name, columns): &(&str, Vec<Column>)| Table { name: (*name).to_owned(), columns: columns.iter().map(|column| column.name.clone()).collect() };
        let header = Header {
            format: FORMAT.to_owned(),
            tocsin: env!("CARGO_PKG_VERSION").to_owned(),
            schema,
            made_at: self.clock().now(),
            tables: tables.iter().map(listed).collect(),
            left_out: LEFT_OUT.map(|(name, why)| (name.to_owned(), why.to_owned())).into(),
        };
        let mut writer = Writer::begin(to, header).map_err(BackupError::Write)?;
        let mut rows = 0_u64;
        for (name, columns) in &tables {
            writer.table(name).map_err(BackupError::Write)?;
            let mut found = sqlx::query(AssertSqlSafe(select(name, columns))).persistent(false).fetch(&mut *read);
            while let Some(row) = found.try_next().await.map_err(query("read a table for a backup"))? {
                let cells = columns.iter().enumerate().map(|(at, column)| cell(&row, at, column.kind)).collect::<Result<_, _>>()?;
                writer.row(cells).map_err(BackupError::Write)?;
                rows += 1;
                if rows.is_multiple_of(TOLD_EVERY) {
                    progress(rows);
                }
            }
        }
        writer.end().map_err(BackupError::Write)
    }
}

/// All rows that leave. The names are our own and the database's.
fn select(table: &str, columns: &[Column]) -> String {
    let names = names(columns);
    match table {
        // A link that makes an admin opens the house.
        "meta" => format!("SELECT {names} FROM meta WHERE name <> '{}'", super::super::setup::NAME),
        _ => format!("SELECT {names} FROM {table}"),
    }
}

impl Backend {
    /// How reading begins that sees one moment throughout.
    pub(in crate::server::store) fn begin_reading(self) -> &'static str {
        match self {
            Backend::Sqlite => "BEGIN",
            Backend::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        }
    }
}

/// The migrations up to `schema`, or those after it, as texts.
pub(super) fn migrations(schema: i64, after: bool) -> impl Iterator<Item = sqlx::SqlStr> {
    MIGRATIONS.iter().filter(move |migration| (migration.version > schema) == after).map(|migration| migration.sql.clone())
}
