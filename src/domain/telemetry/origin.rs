//! From where panels and traces are read, when it is not from what was sent to this server.

use crate::domain::reading::{Readable, Reader};
use serde::{Deserialize, Serialize};

/// A data source that panels can be read from, as everybody may know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PanelSource {
    /// It is asked for by this.
    pub name: String,
    /// `prometheus`, `jaeger` or `tempo`.
    pub kind: String,
    /// It keeps traces; otherwise it has figures only.
    pub has_traces: bool,
}

/// What an answer was made from, and what is not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadFrom {
    /// The data source's name.
    pub source: String,
    /// How many traces were looked at; absent where the source counts itself.
    pub traces: Option<u64>,
    /// The same as a sentence: `From 200 traces of prod (Jaeger), not all calls.`
    pub words: String,
    /// What the source did not answer, each in a sentence.
    pub gaps: Vec<String>,
}

impl ReadFrom {
    /// All of it in one line.
    pub fn line(&self) -> String {
        std::iter::once(&self.words).chain(&self.gaps).cloned().collect::<Vec<_>>().join(" ")
    }
}

impl Readable for PanelSource {
    fn read(from: Reader<'_>) -> Self {
        Self { name: from.get("name"), kind: from.get("kind"), has_traces: from.get("has_traces") }
    }
}

impl Readable for ReadFrom {
    fn read(from: Reader<'_>) -> Self {
        Self { source: from.get("source"), traces: from.get("traces"), words: from.get("words"), gaps: from.get("gaps") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reading::read;

    #[test]
    fn where_it_was_read_from_reads_back() {
        let source = PanelSource { name: "prod".to_owned(), kind: "jaeger".to_owned(), has_traces: true };
        assert_eq!(read::<PanelSource>(serde_json::to_string(&source).expect("it serialises").as_bytes()), Some(source));
        let from = ReadFrom { source: "prod".to_owned(), traces: Some(7), words: "From 7.".to_owned(), gaps: vec!["Not all.".to_owned()] };
        assert_eq!(from.line(), "From 7. Not all.");
        assert_eq!(read::<ReadFrom>(serde_json::to_string(&from).expect("it serialises").as_bytes()), Some(from));
    }
}
