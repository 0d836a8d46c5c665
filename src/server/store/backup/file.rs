//! The format: lines of JSON, compressed with zstd. First what the file is, then each table's name
//! followed by its rows as lists, at the end how many there were and the SHA-256 of every line
//! before. Without that end a file is not whole and is refused.

use super::{BackupError, Counted};
use crate::domain::{time::Timestamp, timeline::hex};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

/// What the file says of itself.
pub const FORMAT: &str = "tocsin/backup/v1";

/// The first line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    pub format: String,
    /// The version of Tocsin that made it.
    pub tocsin: String,
    /// The newest migration of the database it was made from.
    pub schema: i64,
    pub made_at: Timestamp,
    pub tables: Vec<Table>,
    /// What is not in it, and what that means.
    pub left_out: BTreeMap<String, String>,
}

/// One table and the order of its columns in every row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    pub name: String,
    pub columns: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct End {
    tables: BTreeMap<String, u64>,
    sha256: String,
}

/// Every line but the first.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Row(Vec<Value>),
    Table { table: String },
    End { end: End },
}

/// Writes a backup, line by line.
pub struct Writer<W: Write> {
    to: zstd::Encoder<'static, W>,
    digest: Sha256,
    line: Vec<u8>,
    tables: BTreeMap<String, u64>,
    table: String,
    header: Header,
}

/// Between speed and size: the database is read faster than this compresses.
const LEVEL: i32 = 3;

impl<W: Write> Writer<W> {
    pub fn begin(to: W, header: Header) -> io::Result<Self> {
        let mut to = zstd::Encoder::new(to, LEVEL)?;
        to.include_checksum(true)?;
        let mut writer = Self { to, digest: Sha256::new(), line: vec![], tables: BTreeMap::new(), table: String::new(), header: header.clone() };
        writer.write(&header)?;
        Ok(writer)
    }

    /// The rows that follow are of this table.
    pub fn table(&mut self, name: &str) -> io::Result<()> {
        name.clone_into(&mut self.table);
        self.tables.insert(name.to_owned(), 0);
        self.write(&Line::Table { table: name.to_owned() })
    }

    pub fn row(&mut self, cells: Vec<Value>) -> io::Result<()> {
        *self.tables.entry(self.table.clone()).or_default() += 1;
        self.write(&Line::Row(cells))
    }

    /// Ends the file; what it was written to is handed back.
    pub fn end(mut self) -> io::Result<(W, Counted)> {
        let sha256 = hex(&self.digest.clone().finalize());
        let tables = std::mem::take(&mut self.tables);
        self.write(&Line::End { end: End { tables: tables.clone(), sha256: sha256.clone() } })?;
        let counted = counted(&self.header, tables, sha256);
        Ok((self.to.finish()?, counted))
    }

    fn write(&mut self, line: &impl Serialize) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, line)?;
        self.line.push(b'\n');
        self.digest.update(&self.line);
        self.to.write_all(&self.line)
    }
}

fn counted(header: &Header, tables: BTreeMap<String, u64>, sha256: String) -> Counted {
    Counted { made_at: header.made_at, schema: header.schema, rows: tables.values().sum(), tables, sha256 }
}

/// What a reader finds next.
pub enum Next {
    Table(String),
    Row(Vec<Value>),
    /// The file is whole.
    End(Counted),
}

/// Reads a backup, line by line.
pub struct Reader {
    from: BufReader<zstd::Decoder<'static, BufReader<File>>>,
    file: PathBuf,
    digest: Sha256,
    line: Vec<u8>,
    tables: BTreeMap<String, u64>,
    table: String,
    pub header: Header,
}

impl Reader {
    pub fn open(file: &Path) -> Result<Self, BackupError> {
        let unreadable = |source| BackupError::Read { file: file.to_owned(), source };
        let strange = |why: String| BackupError::NotABackup { file: file.to_owned(), why };
        let opened = File::open(file).map_err(unreadable)?;
        let mut from = BufReader::new(zstd::Decoder::new(opened).map_err(unreadable)?);
        let mut line = vec![];
        from.read_until(b'\n', &mut line).map_err(|error| strange(error.to_string()))?;
        let first: Value = serde_json::from_slice(&line).map_err(|_| strange("it does not begin with a line of JSON".to_owned()))?;
        if first.get("format").and_then(Value::as_str) != Some(FORMAT) {
            return Err(strange(format!("it does not say \"format\": \"{FORMAT}\"")));
        }
        let header = Header::deserialize(first).map_err(|error| strange(error.to_string()))?;
        let digest = Sha256::new_with_prefix(&line);
        Ok(Self { from, file: file.to_owned(), digest, line, tables: BTreeMap::new(), table: String::new(), header })
    }

    pub fn next(&mut self) -> Result<Next, BackupError> {
        let before = self.digest.clone();
        match self.read()? {
            Line::Table { table } => {
                self.tables.insert(table.clone(), 0);
                self.table.clone_from(&table);
                Ok(Next::Table(table))
            }
            Line::Row(cells) => {
                let Some(rows) = self.tables.get_mut(&self.table) else { return Err(self.damaged("a row belongs to no table")) };
                *rows += 1;
                Ok(Next::Row(cells))
            }
            Line::End { end } => {
                let sha256 = hex(&before.finalize());
                if end.tables != self.tables {
                    return Err(self.damaged("it does not hold as many rows as it says"));
                }
                if end.sha256 != sha256 {
                    return Err(self.damaged("its lines are not those that its checksum was made from"));
                }
                if self.from.fill_buf().map_or(true, |rest| !rest.is_empty()) {
                    return Err(self.damaged("something follows its end"));
                }
                Ok(Next::End(counted(&self.header, std::mem::take(&mut self.tables), sha256)))
            }
        }
    }

    fn read(&mut self) -> Result<Line, BackupError> {
        self.line.clear();
        if let Err(error) = self.from.read_until(b'\n', &mut self.line) {
            return Err(self.damaged(&error.to_string()));
        }
        if self.line.is_empty() {
            return Err(self.damaged("its end is missing"));
        }
        self.digest.update(&self.line);
        serde_json::from_slice(&self.line).map_err(|error| self.damaged(&format!("a line cannot be read ({error})")))
    }

    pub fn damaged(&self, why: &str) -> BackupError {
        BackupError::Damaged { file: self.file.clone(), why: why.to_owned() }
    }
}

/// Reads a whole backup and restores nothing.
pub fn check(file: &Path) -> Result<(Header, Counted), BackupError> {
    let mut reader = Reader::open(file)?;
    if reader.header.schema > super::newest_schema() {
        return Err(BackupError::Newer { found: reader.header.schema, known: super::newest_schema() });
    }
    loop {
        if let Next::End(counted) = reader.next()? {
            return Ok((reader.header, counted));
        }
    }
}
