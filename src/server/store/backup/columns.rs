//! The columns of a table as the database itself tells them, and one cell on its way between a
//! row and a line of JSON.

use super::super::{Backend, StoreError, query, rows};
use serde_json::Value;
use sqlx::{
    Any, AnyConnection,
    any::{AnyArguments, AnyRow},
    query::Query,
};

/// What a column holds; there is nothing else in this schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Bigint,
    Double,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
}

/// The columns of `table`, in their order. Empty when there is no such table.
pub async fn columns(connection: &mut AnyConnection, backend: Backend, table: &str) -> Result<Vec<Column>, StoreError> {
    let sql = match backend {
        Backend::Sqlite => "SELECT name, type FROM pragma_table_info($1) ORDER BY cid",
        Backend::Postgres => {
            "SELECT CAST(column_name AS TEXT), CAST(data_type AS TEXT) FROM information_schema.columns \
             WHERE table_schema = current_schema() AND CAST(table_name AS TEXT) = $1 ORDER BY ordinal_position"
        }
    };
    // Not kept: a restore makes the tables anew.
    let found = sqlx::query(sql).persistent(false).bind(table.to_owned()).fetch_all(connection).await.map_err(query("read a table's columns"))?;
    found
        .iter()
        .map(|row| {
            let declared = rows::get::<String>(row, 1)?.to_lowercase();
            let kind = match declared.as_str() {
                "bigint" => Kind::Bigint,
                "double precision" => Kind::Double,
                _ => Kind::Text,
            };
            Ok(Column { name: rows::get(row, 0)?, kind })
        })
        .collect()
}

/// The names of columns, as a statement lists them.
pub fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The cell of a row. A double travels as its shortest text, which reads back to the same bits.
pub fn cell(row: &AnyRow, at: usize, kind: Kind) -> Result<Value, StoreError> {
    Ok(match kind {
        Kind::Text => rows::get::<Option<String>>(row, at)?.map_or(Value::Null, Value::from),
        Kind::Bigint => rows::get::<Option<i64>>(row, at)?.map_or(Value::Null, Value::from),
        Kind::Double => rows::get::<Option<f64>>(row, at)?.map_or(Value::Null, |number| Value::from(format!("{number:?}"))),
    })
}

/// Whether a value of a file can stand in a column of this kind.
pub fn fits(value: &Value, kind: Kind) -> bool {
    match (value, kind) {
        (Value::Null, _) | (Value::String(_), Kind::Text) => true,
        (value, Kind::Bigint) => value.is_i64(),
        (Value::String(text), Kind::Double) => text.parse::<f64>().is_ok(),
        (_, Kind::Text | Kind::Double) => false,
    }
}

/// Binds a value that fits.
pub fn bind<'q>(statement: Query<'q, Any, AnyArguments>, value: &Value, kind: Kind) -> Query<'q, Any, AnyArguments> {
    match kind {
        Kind::Text => statement.bind(value.as_str().map(str::to_owned)),
        Kind::Bigint => statement.bind(value.as_i64()),
        Kind::Double => statement.bind(value.as_str().and_then(|text| text.parse::<f64>().ok())),
    }
}
