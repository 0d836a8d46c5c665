//! An incident's record in forms that leave the house: a report to read, a table, its REST shapes,
//! and a bundle that proves itself. Pure: texts come out, nothing is written anywhere.

mod bundle;
pub mod csv;
mod markdown;
#[cfg(test)]
mod tests;

pub use bundle::{FORMAT as BUNDLE_FORMAT, NotABundle, verify};

use super::{
    alert::Alert,
    incident::Incident,
    time::Timestamp,
    timeline::{self, Entry, Event},
};
use serde_json::json;

/// Everything that is exported of one incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// What its events say, with nothing left out because it has run out since.
    pub incident: Incident,
    /// The whole log, by sequence.
    pub events: Vec<Event>,
    /// Its alerts, the oldest first.
    pub alerts: Vec<Alert>,
    pub exported_at: Timestamp,
}

/// The forms a record is exported in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    #[default]
    Markdown,
    Csv,
    Json,
    Bundle,
}

impl Format {
    pub const ALL: [Format; 4] = [Format::Markdown, Format::Csv, Format::Json, Format::Bundle];

    pub fn slug(self) -> &'static str {
        match self {
            Format::Markdown => "markdown",
            Format::Csv => "csv",
            Format::Json => "json",
            Format::Bundle => "bundle",
        }
    }

    pub fn from_slug(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.slug() == text)
    }

    /// What a file of this form is called behind the incident's reference.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Markdown => "md",
            Format::Csv => "csv",
            Format::Json => "json",
            Format::Bundle => "bundle.json",
        }
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Format::Markdown => "text/markdown; charset=utf-8",
            Format::Csv => "text/csv; charset=utf-8; header=present",
            Format::Json | Format::Bundle => "application/json",
        }
    }
}

impl Record {
    /// The record in this form.
    pub fn to_text(&self, format: Format) -> String {
        match format {
            Format::Markdown => markdown::report(self),
            Format::Csv => csv::timeline(self),
            Format::Json => self.json(),
            Format::Bundle => bundle::of(self),
        }
    }

    /// `INC-12.md`
    pub fn file_name(&self, format: Format) -> String {
        format!("{}.{}", self.incident.reference, format.extension())
    }

    /// The hash of the last event.
    pub fn head_hash(&self) -> &str {
        self.events.last().map_or(timeline::GENESIS, |event| event.hash.as_str())
    }

    /// The timeline as people read it, oldest first.
    fn entries(&self) -> Vec<Entry> {
        timeline::of(&self.incident, &self.events)
    }

    /// The shapes that the REST door answers, side by side.
    fn json(&self) -> String {
        let whole = json!({
            "exported_at": self.exported_at,
            "incident": self.incident.clone().as_of(self.exported_at),
            "timeline": self.entries(),
            "alerts": self.alerts,
        });
        format!("{whole:#}\n")
    }
}
