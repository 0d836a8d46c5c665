//! What became of an import: the same words for the command line, programs and the screen.

use super::Flaw;
use crate::domain::reading::{Readable, Reader};
use serde::Serialize;

/// Most rejected lines that are named one by one.
const MAX_REJECTED: usize = 10_000;

/// What a file holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FileKind {
    /// Incidents as this server takes them: a JSON array, or one on each line.
    #[default]
    Incidents,
    /// A Statuspage's `incidents.json`.
    Statuspage,
}

impl FileKind {
    pub const ALL: [FileKind; 2] = [FileKind::Incidents, FileKind::Statuspage];

    pub fn label(self) -> &'static str {
        match self {
            FileKind::Incidents => "JSON or JSON lines",
            FileKind::Statuspage => "Statuspage",
        }
    }

    /// Where it is sent.
    pub fn path(self) -> &'static str {
        match self {
            FileKind::Incidents => "/api/v1/import/incidents",
            FileKind::Statuspage => "/api/v1/import/statuspage",
        }
    }

    /// What a file is by how it begins: a Statuspage's is one object with a page and its incidents.
    pub fn guess(beginning: &[u8]) -> Self {
        let text = String::from_utf8_lossy(beginning);
        let place = |word: &str| text.find(word).unwrap_or(usize::MAX);
        let names = place("\"page\"").min(place("\"incidents\""));
        let is_object = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']).starts_with('{');
        if is_object && names < place("\"origin\"") { FileKind::Statuspage } else { FileKind::Incidents }
    }
}

/// One line that was not imported, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RejectedLine {
    /// From 1; in an array the place in it.
    pub line: u64,
    /// Stable and machine-readable: that of the first flaw.
    pub code: String,
    /// Every flaw in words.
    pub detail: String,
}

/// The lines that were not imported.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RejectedLines {
    pub rejected: Vec<RejectedLine>,
    /// How many more there are than are named.
    #[serde(skip_serializing_if = "is_zero")]
    pub rejected_more: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl RejectedLines {
    pub fn count(&self) -> u64 {
        self.rejected.len() as u64 + self.rejected_more
    }

    pub fn add(&mut self, line: u64, code: &str, detail: impl Into<String>) {
        if self.rejected.len() < MAX_REJECTED {
            self.rejected.push(RejectedLine { line, code: code.to_owned(), detail: detail.into() });
        } else {
            self.rejected_more += 1;
        }
    }

    /// Sorts them by line: what is rejected when a batch is written is known after the lines behind it were read.
    pub fn in_order(&mut self) {
        self.rejected.sort_by_key(|rejected| rejected.line);
    }

    pub fn add_flaws(&mut self, line: u64, flaws: &[Flaw]) {
        let code = flaws.first().map_or("invalid", |flaw| flaw.code);
        self.add(line, code, flaws.iter().map(|flaw| flaw.detail.as_str()).collect::<Vec<_>>().join("; "));
    }
}

/// What became of imported incidents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IncidentReport {
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
    #[serde(flatten)]
    pub rejected: RejectedLines,
}

impl IncidentReport {
    /// Adds what became of the next piece of the same file, before which there are so many lines.
    pub fn append(&mut self, next: Self, lines_before: u64) {
        self.created += next.created;
        self.updated += next.updated;
        self.unchanged += next.unchanged;
        self.rejected.rejected_more += next.rejected.rejected_more;
        for RejectedLine { line, code, detail } in next.rejected.rejected {
            self.rejected.add(line + lines_before, &code, detail);
        }
    }

    /// How many incidents are made or brought up to date.
    pub fn changes(&self) -> u64 {
        self.created + self.updated
    }
}

impl Readable for RejectedLine {
    fn read(from: Reader<'_>) -> Self {
        Self { line: from.get("line"), code: from.get("code"), detail: from.get("detail") }
    }
}

impl Readable for IncidentReport {
    fn read(from: Reader<'_>) -> Self {
        let more: Option<u64> = from.get("rejected_more");
        Self {
            created: from.get("created"),
            updated: from.get("updated"),
            unchanged: from.get("unchanged"),
            rejected: RejectedLines { rejected: from.get("rejected"), rejected_more: more.unwrap_or(0) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reading;

    #[test]
    fn a_file_is_known_by_how_it_begins() {
        assert_eq!(FileKind::guess(b"\xef\xbb\xbf \n{\"page\": {\"id\": \"x\"}, \"incidents\": []}"), FileKind::Statuspage);
        assert_eq!(FileKind::guess(b"{\"incidents\":[{\"id\":1}]}"), FileKind::Statuspage);
        assert_eq!(FileKind::guess(b"[{\"origin\": \"x\"}]"), FileKind::Incidents);
        assert_eq!(FileKind::guess(b"{\"origin\": \"x\", \"title\": \"the \\\"page\\\" is gone\", \"page\": 1}"), FileKind::Incidents);
        assert_eq!(FileKind::guess(b""), FileKind::Incidents);
    }

    #[test]
    fn reports_of_pieces_add_up_with_the_lines_of_the_file() {
        let mut whole = IncidentReport { created: 2, ..IncidentReport::default() };
        let mut next = IncidentReport { created: 1, updated: 3, unchanged: 4, ..IncidentReport::default() };
        next.rejected.add(2, "not_json", "not JSON");
        whole.append(next, 10);
        assert_eq!((whole.created, whole.changes(), whole.rejected.rejected[0].line), (3, 6, 12));
        let json = serde_json::to_string(&whole).expect("it serialises");
        assert_eq!(reading::read(json.as_bytes()), Some(whole));
    }

    #[test]
    fn rejected_lines_stand_in_the_order_of_the_file() {
        let mut lines = RejectedLines::default();
        [3, 1, 2].into_iter().for_each(|line| lines.add(line, "x", "y"));
        lines.in_order();
        assert_eq!(lines.rejected.iter().map(|line| line.line).collect::<Vec<_>>(), [1, 2, 3]);
    }

    #[test]
    fn more_than_can_be_named_are_counted() {
        let mut lines = RejectedLines::default();
        (0..10_005).for_each(|line| lines.add(line, "x", "y"));
        assert_eq!((lines.rejected.len(), lines.rejected_more, lines.count()), (10_000, 5, 10_005));
    }
}
