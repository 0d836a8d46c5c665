//! What is said of a definition, with the place it is about: faults, for which nothing is written,
//! and remarks on what could not be taken over.

use super::yaml::Document;
use serde::Serialize;
use std::{cell::RefCell, fmt};

/// Where something stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    pub file: String,
    pub document: usize,
    pub line: usize,
    /// As the file calls it: `SLO`, `Objective`.
    pub kind: Option<String>,
    pub name: Option<String>,
}

/// One thing that is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    #[serde(flatten)]
    pub place: Place,
    /// The path of the field; empty where the whole document is meant.
    pub field: String,
    pub words: String,
}

/// What is said while one document is read.
pub struct Notes<'a> {
    document: &'a Document<'a>,
    place: RefCell<Place>,
    said: RefCell<Said>,
}

#[derive(Default)]
pub struct Said {
    pub faults: Vec<Note>,
    pub remarks: Vec<Note>,
}

impl<'a> Notes<'a> {
    pub fn on(file: &str, document: &'a Document<'a>) -> Self {
        let place = Place { file: file.to_owned(), document: document.number, line: document.line, kind: None, name: None };
        Self { document, place: RefCell::new(place), said: RefCell::default() }
    }

    /// From here on the document goes by this name.
    pub fn is_named(&self, kind: Option<String>, name: Option<String>) {
        let mut place = self.place.borrow_mut();
        (place.kind, place.name) = (kind.as_deref().map(inert), name.as_deref().map(inert));
    }

    pub fn place(&self) -> Place {
        self.place.borrow().clone()
    }

    /// Something is wrong, and nothing will be written.
    pub fn fault(&self, field: &str, words: impl AsRef<str>) {
        let note = self.note(field, words.as_ref());
        push(&mut self.said.borrow_mut().faults, note);
    }

    /// Something was not taken over as it stands there.
    pub fn remark(&self, field: &str, words: impl AsRef<str>) {
        let note = self.note(field, words.as_ref());
        push(&mut self.said.borrow_mut().remarks, note);
    }

    pub fn has_faults(&self) -> bool {
        !self.said.borrow().faults.is_empty()
    }

    pub fn into_said(self) -> Said {
        self.said.into_inner()
    }

    fn note(&self, field: &str, words: &str) -> Note {
        let place = Place { line: self.document.line_of(field), ..self.place() };
        Note { place, field: inert(field), words: inert(words) }
    }
}

/// What is read for several definitions is said once.
fn push(notes: &mut Vec<Note>, note: Note) {
    if !notes.contains(&note) {
        notes.push(note);
    }
}

/// Foreign text that may stand on a terminal.
pub fn inert(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(500).collect()
}

/// `slos.yaml:12, SLO “search”`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", inert(&self.file), self.line)?;
        if self.document > 1 {
            write!(f, ", document {}", self.document)?;
        }
        match (&self.kind, &self.name) {
            (Some(kind), Some(name)) => write!(f, ", {kind} “{name}”"),
            (Some(kind), None) => write!(f, ", {kind}"),
            (None, _) => Ok(()),
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => write!(f, "{}: {}", self.place, self.words),
            field => write!(f, "{}, {field}: {}", self.place, self.words),
        }
    }
}
