//! Restoring a backup: one transaction that makes the tables anew as they were in its version,
//! fills them, and brings them to this version's shape. Before it commits, nothing has happened.

use super::{
    super::{Store, lease::Serving, query, refold::refold, rows},
    BackupError, Counted, LEFT_OUT, TABLES,
    columns::{Column, bind, columns, fits, names},
    dump::migrations,
    file::{Next, Reader, Table},
};
use serde_json::Value;
use sqlx::{AnyConnection, AssertSqlSafe};
use std::path::Path;

/// How many rows one statement carries, and how large their texts are together at most.
const ROWS_AT_ONCE: usize = 64;
const BYTES_AT_ONCE: usize = 1024 * 1024;
/// How many rows pass between two words of progress.
const TOLD_EVERY: u64 = 5_000;

/// How far the counters of the stream and of writes jump. Whoever followed the house before the
/// restore may be ahead of the backup, and must not take its new numbers for ones it has seen.
const JUMP: i64 = 1_000_000_000;

impl Store {
    /// Fills this database from a backup. A database that holds anything is refused unless
    /// `replace`; one that a server runs on is refused in any case.
    pub async fn restore(&self, file: &Path, replace: bool, mut progress: impl FnMut(u64)) -> Result<Counted, BackupError> {
        let mut reader = Reader::open(file)?;
        let schema = reader.header.schema;
        if schema > super::newest_schema() {
            return Err(BackupError::Newer { found: schema, known: super::newest_schema() });
        }
        let mut write = self.begin().await?;
        if let Some(Serving { address, ends_in_secs }) = self.serving(&mut write).await? {
            return Err(BackupError::Served { address, ends_in_secs });
        }
        if !replace {
            is_empty(&mut write).await?;
        }
        for table in TABLES.into_iter().chain(LEFT_OUT.map(|(table, _)| table)) {
            run(&mut write, format!("DROP TABLE IF EXISTS {table}"), "make room for a backup").await?;
        }
        for sql in migrations(schema, false) {
            sqlx::raw_sql(sql).execute(&mut *write).await.map_err(query("make the tables of a backup"))?;
        }
        let tables = self.tables_of(&mut write, &reader.header.tables).await?;
        for (table, _) in &tables {
            // A migration may have put something there already.
            run(&mut write, format!("DELETE FROM {table}"), "make the tables of a backup").await?;
        }
        let counted = fill(&mut write, &mut reader, &tables, &mut progress).await?;
        for sql in migrations(schema, true) {
            sqlx::raw_sql(sql).execute(&mut *write).await.map_err(query("bring a backup to this version's shape"))?;
        }
        refold(&mut write).await?;
        const LEAP: &str = "UPDATE counters SET value = value + $1 WHERE name IN ('change', 'write')";
        sqlx::query(LEAP).persistent(false).bind(JUMP).execute(&mut *write).await.map_err(query("end a restore"))?;
        write.commit().await.map_err(query("commit a restore"))?;
        Ok(counted)
    }

    /// The tables of the file with their columns in the file's order, when they are exactly those
    /// of its version.
    async fn tables_of(&self, write: &mut AnyConnection, listed: &[Table]) -> Result<Vec<(&'static str, Vec<Column>)>, BackupError> {
        let other = |words: String| Err(BackupError::OtherShape(words));
        let mut tables = vec![];
        for name in TABLES {
            let real = columns(write, self.backend, name).await?;
            let Some(table) = listed.iter().find(|table| table.name == name) else {
                if real.is_empty() {
                    continue;
                }
                return other(format!("{name} is missing"));
            };
            let in_order: Option<Vec<Column>> = table.columns.iter().map(|column| real.iter().find(|known| known.name == *column).cloned()).collect();
            match in_order {
                Some(columns) if columns.len() == real.len() => tables.push((name, columns)),
                _ => return other(format!("{name} has other columns")),
            }
        }
        match listed.iter().find(|table| !TABLES.contains(&table.name.as_str())) {
            Some(table) => other(format!("there is no table {}", table.name)),
            None => Ok(tables),
        }
    }
}

/// Everything out of the file into its tables.
async fn fill(
    write: &mut AnyConnection,
    reader: &mut Reader,
    tables: &[(&'static str, Vec<Column>)],
    progress: &mut impl FnMut(u64),
) -> Result<Counted, BackupError> {
    let mut current: Option<&(&'static str, Vec<Column>)> = None;
    let (mut waiting, mut bytes, mut rows) = (vec![], 0, 0_u64);
    loop {
        match reader.next()? {
            Next::Table(name) => {
                insert(write, current, &mut waiting).await?;
                current = tables.iter().find(|(known, _)| *known == name);
                if current.is_none() {
                    return Err(reader.damaged("it holds a table that it does not list"));
                }
            }
            Next::Row(cells) => {
                let fit =
                    current.is_some_and(|(_, columns)| columns.len() == cells.len() && cells.iter().zip(columns).all(|(cell, column)| fits(cell, column.kind)));
                if !fit {
                    return Err(reader.damaged("a row does not fit its table"));
                }
                bytes += cells.iter().filter_map(Value::as_str).map(str::len).sum::<usize>();
                waiting.push(cells);
                if waiting.len() == ROWS_AT_ONCE || bytes > BYTES_AT_ONCE {
                    insert(write, current, &mut waiting).await?;
                    bytes = 0;
                }
                rows += 1;
                if rows.is_multiple_of(TOLD_EVERY) {
                    progress(rows);
                }
            }
            Next::End(counted) => {
                insert(write, current, &mut waiting).await?;
                return Ok(counted);
            }
        }
    }
}

async fn insert(write: &mut AnyConnection, table: Option<&(&'static str, Vec<Column>)>, waiting: &mut Vec<Vec<Value>>) -> Result<(), BackupError> {
    let Some((table, columns)) = table.filter(|_| !waiting.is_empty()) else { return Ok(()) };
    let width = columns.len();
    let row = |row: usize| format!("({})", (1..=width).map(|column| format!("${}", row * width + column)).collect::<Vec<_>>().join(", "));
    let values = (0..waiting.len()).map(row).collect::<Vec<_>>().join(", ");
    let sql = format!("INSERT INTO {table} ({}) VALUES {values}", names(columns));
    let mut statement = sqlx::query(AssertSqlSafe(sql)).persistent(waiting.len() == ROWS_AT_ONCE);
    for cells in waiting.iter() {
        for (cell, column) in cells.iter().zip(columns) {
            statement = bind(statement, cell, column.kind);
        }
    }
    statement.execute(write).await.map_err(query("restore rows"))?;
    waiting.clear();
    Ok(())
}

/// Nothing that people or senders made. What a new database holds from the beginning does not count.
async fn is_empty(write: &mut AnyConnection) -> Result<(), BackupError> {
    for table in TABLES.into_iter().filter(|table| !["meta", "counters"].contains(table)) {
        let found = sqlx::query(AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}")))
            .persistent(false)
            .fetch_one(&mut *write)
            .await
            .map_err(query("look whether the database is empty"))?;
        let rows: i64 = rows::get(&found, 0)?;
        if rows > 0 {
            return Err(BackupError::NotEmpty { table, rows });
        }
    }
    Ok(())
}

async fn run(write: &mut AnyConnection, sql: String, what: &'static str) -> Result<(), BackupError> {
    sqlx::query(AssertSqlSafe(sql)).persistent(false).execute(write).await.map_err(query(what))?;
    Ok(())
}
